/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root and the namespaces of a launched program, as /proc shows them to others. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fixture.h"

static struct stat seen_stat(const char *path)
{
	char outside[PATH_MAX];
	struct stat st;

	snprintf(outside, sizeof(outside), "/proc/%d/root%s", (int)launch.id.pid, path);
	ck_assert_msg(lstat(outside, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

/* The n-th mount's place, and its options of mount and file system. */
static bool seen_mount(int n, char place[256], char options[256], char type[64])
{
	const char *line = report_nth("mount", n);

	if (!line)
		return false;
	ck_assert_int_eq(sscanf(line, "%*d %*d %*s %*s %255s %255s - %63s", place, options, type),
			 3);
	return true;
}

/* What every root has, if the host has it, and with which options. */
static const struct {
	const char *place, *options;
} golden[] = {
	{ "/", "ro,nosuid,nodev,noexec" },
	{ "/usr", "ro,nosuid,nodev" },
	{ "/bin", "ro,nosuid,nodev" },
	{ "/sbin", "ro,nosuid,nodev" },
	{ "/lib", "ro,nosuid,nodev" },
	{ "/lib32", "ro,nosuid,nodev" },
	{ "/lib64", "ro,nosuid,nodev" },
	{ "/libx32", "ro,nosuid,nodev" },
	{ "/etc/alternatives", "ro,nosuid,nodev" },
	{ "/etc/ld.so.cache", "ro,nosuid,nodev,noexec" },
	{ "/etc/ld-musl-x86_64.path", "ro,nosuid,nodev,noexec" },
	{ "/etc/ld-musl-aarch64.path", "ro,nosuid,nodev,noexec" },
	{ "/dev/null", "rw,nosuid,noexec" },
};

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static bool is_golden(const char *place, const char *options)
{
	if (!strcmp(place, jail_folder))
		return !strncmp(options, "ro,nosuid,nodev", 15);
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++)
		if (!strcmp(place, golden[i].place))
			return !strncmp(options, golden[i].options, strlen(golden[i].options));
	/* a mount of the host's below its /usr */
	return is_below(place, "/usr") && !strncmp(options, "ro,nosuid,nodev", 15);
}

START_TEST(test_mounts)
{
	char place[256], options[256], type[64];
	int n = 0, usr = 0, null = 0;

	launch_report();
	for (; seen_mount(n, place, options, type); n++) {
		ck_assert_msg(is_golden(place, options), "%s %s", place, options);
		ck_assert_int_eq(!strcmp(type, "tmpfs") && n == 0, n == 0);
		usr += !strcmp(place, "/usr");
		null += !strcmp(place, "/dev/null");
	}
	ck_assert_int_eq(usr, 1);
	ck_assert_int_eq(null, 1);
}
END_TEST

/* Without Landlock, which would deny most of it before the root has a say. */
static void look(void)
{
	plan.layers &= ~LAYER_BIT(LAYER_LANDLOCK);
	launch_plan_run();
	report_read_all();
}

/* What is in it, of folders that are its own and not the host's. */
START_TEST(test_names)
{
	static const char *const top[] = { "usr", "dev",   "etc",   "bin",   "sbin",
					   "lib", "lib32", "lib64", "libx32" };
	char first[128];
	int n = 0;

	snprintf(first, sizeof(first), "/ %.*s", (int)strcspn(jail_folder + 1, "/"),
		 jail_folder + 1);
	strv_push(&plan_argv, "look");
	strv_push(&plan_argv, "/");
	strv_push(&plan_argv, "/dev");
	look();
	ck_assert(report_line("list /dev null"));
	for (const char *line; (line = report_nth("list", n)); n++) {
		size_t len = strcspn(line, "\n");
		bool known = !strncmp(line, "/dev null", len) || !strncmp(line, first, len);

		for (size_t i = 0; i < ARRAY_SIZE(top); i++)
			known |= len == 2 + strlen(top[i]) && !strncmp(line + 2, top[i], len - 2);
		ck_assert_msg(known, "%.*s", (int)len, line);
	}
	ck_assert_int_ge(n, 5);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

START_TEST(test_owners_and_modes)
{
	static const char *const folders[] = { "/", "/usr", "/dev", "/etc" };
	struct stat st;

	launch_report_and_hold();
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		st = seen_stat(folders[i]);
		ck_assert_msg((st.st_mode & 07777) == 0755, "%s: %o", folders[i], st.st_mode);
		ck_assert_uint_eq(st.st_uid, 0);
	}
	st = seen_stat("/dev/null");
	ck_assert_int_eq(st.st_mode, S_IFCHR | 0666);
	ck_assert_uint_eq(st.st_rdev, makedev(1, 3));
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

/* Whether there is KVM or not: the node is only made. */
START_TEST(test_kvm)
{
	char place[256], options[256], type[64];
	struct stat st;

	plan.kvm = true;
	launch_report_and_hold();
	st = seen_stat("/dev/kvm");
	ck_assert_int_eq(st.st_mode, S_IFCHR | 0600);
	ck_assert_uint_eq(st.st_uid, JAIL_UID);
	ck_assert_uint_eq(st.st_gid, JAIL_GID);
	ck_assert_uint_eq(st.st_rdev, makedev(10, 232));
	ck_assert(seen_mount(0, place, options, type));
	ck_assert_msg(!strncmp(options, "ro,nosuid,noexec", 16), "%s", options);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

static int made(const char *name, mode_t mode, uid_t uid)
{
	int fd = open_in_folder(name, O_RDWR | O_TRUNC);

	ck_assert_int_eq(write(fd, "old", 3), 3);
	ck_assert_int_eq(fchown(fd, uid, uid), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	return fd;
}

static void show(int source, const char *target, bool writable)
{
	plan.files[plan.n_files++] = (struct launch_file){ source, target, writable };
	strv_push(&plan_argv, target);
}

static void assert_saw(const char *what, const char *path, const char *value)
{
	char key[128];

	snprintf(key, sizeof(key), "%s %s", what, path);
	ck_assert_msg(!strcmp(report_value(key), value), "%s: '%s', not '%s'", key,
		      report_value(key), value);
}

/* The mode is asked before the mount. */
static void assert_cannot_write(const char *path)
{
	char key[128];

	snprintf(key, sizeof(key), "write %s", path);
	if (strcmp(report_value(key), strerror(EROFS)))
		assert_saw("write", path, strerror(EACCES));
}

/* Root's alone, everybody's to read, and one of the program's own uid. */
static const struct {
	mode_t mode;
	uid_t owner;
	bool writable;
} kinds[] = {
	{ 0600, 0, false }, { 0644, 0, false }, { 0600, JAIL_UID, false }, { 0600, 12345, false },
	{ 0600, 0, true },  { 0644, 0, true },	{ 0600, JAIL_UID, true },  { 0666, 12345, true },
};

START_TEST(test_file)
{
	int fd = made("file", kinds[_i].mode, kinds[_i].owner);
	bool writable = kinds[_i].writable;
	char content[8] = "";
	struct stat st;

	strv_push(&plan_argv, "look");
	show(fd, "/boot/deep/kernel", writable);
	look();
	assert_saw("read", "/boot/deep/kernel", "old");
	if (writable)
		assert_saw("write", "/boot/deep/kernel", "done");
	else
		assert_cannot_write("/boot/deep/kernel");
	assert_saw("exec", "/boot/deep/kernel", strerror(EACCES));
	ck_assert_int_eq(launch_wait(), 0);
	ck_assert_int_eq(pread(fd, content, 3, 0), 3);
	ck_assert_str_eq(content, writable ? "new" : "old");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_uid, kinds[_i].owner);
	ck_assert_int_eq(st.st_mode & 07777, kinds[_i].mode);
	close(fd);
}
END_TEST

/* Eight of them, the last a folder by a descriptor that opens nothing; Landlock lets them be. */
START_TEST(test_many_files)
{
	static const char *const targets[] = { "/boot/a", "/boot/b", "/boot/c/d", "/boot/c/e",
					       "/f",	  "/etc/g",  "/run/h" };
	int fds[LAUNCH_FILES_MAX];

	strv_push(&plan_argv, "look");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		fds[i] = made("shown", 0600, 0);
		show(fds[i], targets[i], false);
	}
	fds[7] = open(jail_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	show(fds[7], "/srv/folder", false);
	launch_plan_run();
	report_read_all();
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		assert_saw("read", targets[i], "old");
	ck_assert(report_line("list /srv/folder probe"));
	ck_assert_int_eq(launch_wait(), 0);
	for (size_t i = 0; i < LAUNCH_FILES_MAX; i++)
		close(fds[i]);
}
END_TEST

/* On the descriptors where the child puts its own. */
START_TEST(test_file_on_stdio)
{
	int fd = made("file", 0600, 0), keep = dup(_i);

	ck_assert_int_eq(dup2(fd, _i), _i);
	strv_push(&plan_argv, "look");
	show(_i, "/boot/kernel", false);
	look();
	assert_saw("read", "/boot/kernel", "old");
	ck_assert_int_eq(report_count("fd"), 4);
	ck_assert_int_eq(launch_wait(), 0);
	dup2(keep, _i);
	close(keep);
	close(fd);
}
END_TEST

/* A device among the files is none there. */
START_TEST(test_file_is_device)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	strv_push(&plan_argv, "look");
	show(fd, "/boot/zero", false);
	look();
	assert_saw("read", "/boot/zero", strerror(EACCES));
	ck_assert_int_eq(launch_wait(), 0);
	close(fd);
}
END_TEST

/* What is exposed is there, with what is mounted below it; read-only, and no way out of it. */
START_TEST(test_folders)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/opt", jail_folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	strv_push(&plan_folders, path);
	strv_push(&plan_folders, "/usr/share");
	strv_push(&plan_folders, "/etc");
	strv_push(&plan_argv, "look");
	strv_push(&plan_argv, jail_folder);
	strv_push(&plan_argv, "/etc");
	strv_push(&plan_argv, "/etc/hostname");
	look();
	snprintf(path, sizeof(path), "list %s opt", jail_folder);
	ck_assert(report_line(path));
	ck_assert(report_line("list /etc passwd"));
	assert_cannot_write("/etc/hostname");
	ck_assert_int_eq(launch_wait(), 0);
	snprintf(path, sizeof(path), "%s/opt", jail_folder);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

/* Layer, its file in /proc/PID/ns. */
static const struct {
	enum layer layer;
	const char *name;
} spaces[] = {
	{ LAYER_ROOT, "mnt" }, { LAYER_PID, "pid" }, { LAYER_NET, "net" },
	{ LAYER_IPC, "ipc" },  { LAYER_UTS, "uts" }, { LAYER_CGROUP_NS, "cgroup" },
};

static void read_space(const char *process, const char *name, char ret[64])
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, name);
	len = readlink(path, ret, 63);
	ck_assert_int_gt(len, 0);
	ret[len] = '\0';
}

static bool shares(size_t i)
{
	char pid[16], ours[64], its[64];

	snprintf(pid, sizeof(pid), "%d", (int)launch.id.pid);
	read_space("self", spaces[i].name, ours);
	read_space(pid, spaces[i].name, its);
	return !strcmp(ours, its);
}

/* Without one of them, and without all of them, the others are as they should. */
START_TEST(test_namespaces)
{
	unsigned int without = _i < (int)ARRAY_SIZE(spaces)    ? LAYER_BIT(spaces[_i].layer)
			       : _i == (int)ARRAY_SIZE(spaces) ? LAYERS_ALL
							       : 0;

	plan.layers &= ~without;
	launch_report_and_hold();
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		ck_assert_msg(shares(i) == !!(without & LAYER_BIT(spaces[i].layer)), "%s",
			      spaces[i].name);
	ck_assert_int_eq(!strcmp(report_value("pid"), "1"), !(without & LAYER_BIT(LAYER_PID)));
	ck_assert_uint_eq(launch.missing, 0);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

START_TEST(test_names_of_host)
{
	struct utsname before, after;

	host_rename();
	ck_assert_int_eq(uname(&before), 0);
	if (_i)
		plan.layers &= ~LAYER_BIT(LAYER_UTS);
	launch_report();
	ck_assert_str_eq(report_value("names"), _i ? "host domain" : "vm (none)");
	ck_assert_int_eq(uname(&after), 0);
	ck_assert_mem_eq(&before, &after, sizeof(before));
}
END_TEST

/* The filter would keep the program from asking. */
START_TEST(test_keyring)
{
	char ours[32];

	ck_assert_int_ge(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "test", 0, 0, 0), 0);
	snprintf(ours, sizeof(ours), "%ld",
		 syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0));
	plan.layers &= ~LAYER_BIT(LAYER_SECCOMP);
	if (_i)
		plan.layers &= ~LAYER_BIT(LAYER_KEYRING);
	launch_report();
	ck_assert_int_gt(atol(report_value("keyring")), 0);
	ck_assert_int_eq(!strcmp(report_value("keyring"), ours), _i);
}
END_TEST

/* A host whose mounts are shared, as systemd's are: nothing may spread. */
START_TEST(test_shared_mounts)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_SHARED, NULL), 0);
	mounts_note();
	launch_report();
}
END_TEST

static TCase *case_root(void)
{
	TCase *tcase = jail_case("root");

	tcase_add_test(tcase, test_mounts);
	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_owners_and_modes);
	tcase_add_test(tcase, test_kvm);
	tcase_add_loop_test(tcase, test_file, 0, ARRAY_SIZE(kinds));
	tcase_add_test(tcase, test_many_files);
	tcase_add_loop_test(tcase, test_file_on_stdio, 0, 3);
	tcase_add_test(tcase, test_file_is_device);
	tcase_add_test(tcase, test_folders);
	tcase_add_test(tcase, test_shared_mounts);
	return tcase;
}

static TCase *case_namespaces(void)
{
	TCase *tcase = jail_case("namespaces");

	tcase_add_loop_test(tcase, test_namespaces, 0, ARRAY_SIZE(spaces) + 2);
	tcase_add_loop_test(tcase, test_names_of_host, 0, 2);
	tcase_add_loop_test(tcase, test_keyring, 0, 2);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("root and namespaces");

	(void)argc;
	suite_add_tcase(suite, case_root());
	suite_add_tcase(suite, case_namespaces());
	return jail_main(suite, argv);
}
