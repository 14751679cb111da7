/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks by a confined qemu-img: what there is after it, after a failure, and after a kill. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fixture.h"
#include "../../src/vm/make_disk.h"

#define QEMU_IMG "/usr/bin/qemu-img"

/* RLIMIT_NPROC counts what other tests run with a uid, too. */
enum { GIB = 1 << 30, DISK_UID = JAIL_UID + 11 };

static struct suite_tmpdir dir;
static struct host_config host;
static struct vm_config vm;
static const struct overlay_spec over = { GIB, "/b", IMAGE_QCOW2 };

static void setup(void)
{
	suite_tmpdir_make(&dir);
	host_config_init(&host);
	vm_config_init(&vm, &host);
	vm.uid = DISK_UID;
}

static void teardown(void)
{
	vm_config_done(&vm);
	host_config_done(&host);
	suite_tmpdir_remove(&dir);
}

static int make(const char *name, const struct overlay_spec *spec)
{
	return make_disk(&host, &vm, dir.fd, name, spec, &err);
}

/* A script in qemu-img's place, in a folder that the jail has at its place. */
static void fake(const char *script)
{
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n%s\n", script);
	AUTO_FREE char *path = xasprintf("%s/qemu-img", jail_folder);
	int fd = open_in_folder("qemu-img", O_WRONLY | O_TRUNC);

	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	ck_assert_int_eq(close(fd), 0);
	xreplace(&host.qemu_img, path);
	strv_clear(&host.expose);
	strv_push(&host.expose, jail_folder);
}

static bool info_says(const char *name, const char *expected)
{
	AUTO_FREE char *line = xasprintf(
		"cd '%s' && " QEMU_IMG " info --output=json -f qcow2 './%s' 2>&1", dir.path, name);
	FILE *output = popen(line, "r");
	char text[8192] = "";

	ck_assert_ptr_nonnull(output);
	text[fread(text, 1, sizeof(text) - 1, output)] = '\0';
	pclose(output);
	return strstr(text, expected);
}

static void nothing_left(const char *name)
{
	ck_assert_int_eq(faccessat(dir.fd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!suite_has_children());
}

START_TEST(a_disk_is_ours_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		umask(masks[i]);
		suite_assert_ok(make("disk.qcow2", &over), err);
		ck_assert_int_eq(fstatat(dir.fd, "disk.qcow2", &st, AT_SYMLINK_NOFOLLOW), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
		ck_assert_uint_eq(st.st_uid, 0);
		ck_assert_uint_eq(st.st_gid, 0);
		ck_assert_uint_eq(st.st_nlink, 1);
		ck_assert(info_says("disk.qcow2", "\"virtual-size\": 1073741824,"));
		ck_assert(info_says("disk.qcow2", "\"backing-filename\": \"/b\""));
		ck_assert_int_eq(unlinkat(dir.fd, "disk.qcow2", 0), 0);
	}
}
END_TEST

START_TEST(empty_and_largest_disks)
{
	const struct overlay_spec smallest = { .size = 512 }, largest = { .size = IMAGE_BYTES_MAX };

	suite_assert_ok(make("small", &smallest), err);
	ck_assert(info_says("small", "\"virtual-size\": 512,"));
	suite_assert_ok(make("large", &largest), err);
	ck_assert(info_says("large", "\"virtual-size\": 8796093022208,"));
}
END_TEST

/* Its name here is no word of qemu-img's arguments. */
START_TEST(names_that_look_like_something_else)
{
	static const char *const names[] = { "-o", "--help", "nbd:x", "json:{}", "a,b", "a b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		suite_assert_ok(make(names[i], &over), err);
		ck_assert(info_says(names[i], "\"virtual-size\": 1073741824,"));
	}
}
END_TEST

START_TEST(what_exists_is_kept)
{
	AUTO_FREE char *content = NULL;

	suite_put(dir.fd, "x", "precious");
	suite_assert_error(make("x", &over), err, EEXIST, ERROR_CONFLICT);
	content = suite_get(dir.fd, "x");
	ck_assert_str_eq(content, "precious");
	ck_assert_int_eq(symlinkat("target", dir.fd, "link"), 0);
	suite_assert_error(make("link", &over), err, EEXIST, ERROR_CONFLICT);
	ck_assert_int_eq(faccessat(dir.fd, "target", F_OK, 0), -1);
}
END_TEST

START_TEST(what_no_disk_can_be_is_refused_first)
{
	const struct overlay_spec odd = { .size = 513 }, json = { GIB, "json:{}", IMAGE_RAW };
	static const char *const names[] = { "../x", "/tmp/x", "none/x", "." };

	xreplace(&host.qemu_img, "/never/run");
	suite_assert_error(make("x", &odd), err, EINVAL, ERROR_USAGE);
	suite_assert_error(make("x", &json), err, EINVAL, ERROR_USAGE);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_int_lt(make(names[i], &over), 0);
	nothing_left("x");
}
END_TEST

START_TEST(no_qemu_img)
{
	xreplace(&host.qemu_img, "/nonexistent/qemu-img");
	suite_assert_error(make("x", &over), err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "'qemu_img' in " HOST_CONFIG_PATH));
	nothing_left("x");
	xreplace(&host.qemu_img, "/etc/passwd");
	suite_assert_error(make("x", &over), err, EACCES, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "'qemu_img' in "));
	nothing_left("x");
}
END_TEST

START_TEST(qemu_img_fails)
{
	fake("echo 'qemu-img: no room' >&2; exit 1");
	suite_assert_error(make("x", &over), err, EIO, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, "exit status 1: qemu-img: no room"));
	nothing_left("x");
}
END_TEST

/* It says that all went well; what it made is as hostile as any image. */
START_TEST(qemu_img_lies)
{
	static const char *const scripts[] = {
		"true",
		"echo QFI >/work/disk.qcow2",
		QEMU_IMG " create -q -f qcow2 /work/disk.qcow2 2G",
		QEMU_IMG " create -q -f qcow2 -u -b /c -F qcow2 /work/disk.qcow2 1G",
		QEMU_IMG " create -q -f qcow2 -u -b /b -F qcow2 /work/disk.qcow2 1G; "
			 "chmod 666 /work/disk.qcow2",
		QEMU_IMG " create -q -f qcow2 -u -b /b -F qcow2 /work/disk.qcow2 1G; "
			 "chmod 4755 /work/disk.qcow2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		fake(scripts[i]);
		suite_assert_error(make("x", &over), err, EINVAL, ERROR_VERIFY);
		nothing_left("x");
	}
}
END_TEST

/* 16 MiB hold the tables of any disk. */
START_TEST(a_full_host_is_beyond_its_reach)
{
	fake("exec 2>&1; dd if=/usr/lib/os-release of=/work/disk.qcow2 bs=1M seek=16");
	ck_assert_int_lt(make("x", &over), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "exit status"));
	nothing_left("x");
}
END_TEST

START_TEST(it_finds_no_other_file_of_the_vm)
{
	AUTO_FREE char *script = NULL;

	suite_put(dir.fd, "vm.conf", "secret");
	script = xasprintf(
		"for i in %s %s/vm.conf /work/../vm.conf /etc/passwd /proc/1 "
		"/root; do test ! -e $i || echo $i; done; test -e /work/disk.qcow2 && exit 7",
		dir.path, dir.path);
	fake(script);
	suite_assert_error(make("x", &over), err, EIO, ERROR_FAILED);
	ck_assert_msg(strstr(err.message, "exit status 7") && !strstr(err.message, "7:"), "%s",
		      err.message);
}
END_TEST

static bool has_user_namespaces(void)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(setresuid(DISK_UID, DISK_UID, DISK_UID) || unshare(CLONE_NEWUSER));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

/* Without privileges: qemu-img has the caller's uid, and all else that it has as root's. */
START_TEST(a_user_makes_disks_too)
{
	AUTO_FREE char *path = xasprintf("%s/users", jail_folder);
	struct stat st;
	int fd, status;
	pid_t pid;

	if (!has_user_namespaces()) {
		suite_kernel_lacks("a_user_makes_disks_too", "user namespaces for users");
		return;
	}
	fake("test -e /work/disk.qcow2 && exit 7");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chown(path, DISK_UID, DISK_UID), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgroups(0, NULL) || setresgid(DISK_UID, DISK_UID, DISK_UID) ||
		    setresuid(DISK_UID, DISK_UID, DISK_UID))
			_exit(2);
		status = make_disk(&host, &vm, fd, "none", &over, &err) != -EIO;
		xreplace(&host.qemu_img, QEMU_IMG);
		if (make_disk(&host, &vm, fd, "disk", &over, &err))
			fprintf(stderr, "# %s\n", err.message);
		_exit(status || faccessat(fd, "disk", F_OK, 0));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fstatat(fd, "disk", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_uid, DISK_UID);
	ck_assert_int_eq(faccessat(fd, "none", F_OK, 0), -1);
	close(fd);
}
END_TEST

/* A process in a chroot may not make user namespaces (user_namespaces(7)). */
static int become_user_in_chroot(void)
{
	AUTO_FREE char *path = xasprintf("%s/chroot", dir.path); /* below nothing exposed */

	if (mkdir(path, 0755) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/", path, NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(path) < 0)
		return -1;
	return setgroups(0, NULL) || setresgid(DISK_UID, DISK_UID, DISK_UID) ||
			       setresuid(DISK_UID, DISK_UID, DISK_UID)
		       ? -1
		       : 0;
}

/* As in a container that has root's other capabilities. */
static int lose_administration(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	return (int)syscall(SYS_capset, &header, data);
}

/* Landlock still keeps every other file from it. */
static int make_without_namespaces(int fd, const char *hint)
{
	int r = make_disk(&host, &vm, fd, "refused", &over, &err);

	if (r == 0 || err.kind != ERROR_HOST || !strstr(err.hint, hint))
		return fprintf(stderr, "# %s: %s\n", err.message, err.hint);
	strv_split(&vm.allow_missing, "root pid net ipc uts cgroup-ns", ' ');
	if (make_disk(&host, &vm, fd, "disk", &over, &err))
		return fprintf(stderr, "# %s\n", err.message);
	return 0;
}

/* Where that is allowed there are disks on a host that gives no root, and none where it is not. */
START_TEST(a_host_without_namespaces_has_disks_too)
{
	AUTO_FREE char *path = xasprintf("%s/rootless", jail_folder);
	uid_t owner = _i ? 0 : DISK_UID;
	struct stat st;
	int fd, status;
	pid_t pid;

	fake("(: </etc/passwd) 2>/dev/null && exit 7\n"
	     "exec " QEMU_IMG " \"$@\"");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chown(path, owner, owner), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit((_i ? lose_administration() : become_user_in_chroot()) ||
		      make_without_namespaces(fd, _i ? "allow_missing = root, pid"
						     : "allow_missing: root, pid"));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fstatat(fd, "disk", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_uid, owner);
	ck_assert_int_eq(faccessat(fd, "refused", F_OK, 0), -1);
	ck_assert_int_eq(unlinkat(fd, "disk", 0), 0);
	ck_assert_int_eq(rmdir(path), 0);
	close(fd);
}
END_TEST

/* As init does for those that we leave: each ends by itself. */
static void reap_all(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, 0);
	while (pid > 0 || errno == EINTR);
	ck_assert_int_eq(errno, ECHILD);
}

static off_t size_of(const char *name)
{
	struct stat st = { .st_size = 0 };

	(void)fstatat(dir.fd, name, &st, AT_SYMLINK_NOFOLLOW);
	return st.st_size;
}

/* What is left then is a file that the next create sweeps away, and no process. */
START_TEST(killed_while_qemu_img_runs)
{
	pid_t pid;

	/* its words reach nobody then, which ends it */
	fake("echo >/work/disk.qcow2; while echo; do sleep 0.01; done");
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)make("x", &over);
		_exit(0);
	}
	while (size_of("x") == 0)
		usleep(1000);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	reap_all();
	suite_assert_ok(dir_remove_tree(dir.fd, "x", &err), err);
	nothing_left("x");
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("jail/make_disk");
	TCase *tcase = jail_case("make_disk");

	(void)argc;
	if (access(QEMU_IMG, X_OK) < 0)
		return suite_skip("no " QEMU_IMG);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_disk_is_ours_whatever_the_umask);
	tcase_add_test(tcase, empty_and_largest_disks);
	tcase_add_test(tcase, names_that_look_like_something_else);
	tcase_add_test(tcase, what_exists_is_kept);
	tcase_add_test(tcase, what_no_disk_can_be_is_refused_first);
	tcase_add_test(tcase, no_qemu_img);
	tcase_add_test(tcase, qemu_img_fails);
	tcase_add_test(tcase, qemu_img_lies);
	tcase_add_test(tcase, a_full_host_is_beyond_its_reach);
	tcase_add_test(tcase, it_finds_no_other_file_of_the_vm);
	tcase_add_test(tcase, a_user_makes_disks_too);
	tcase_add_loop_test(tcase, a_host_without_namespaces_has_disks_too, 0, 2);
	tcase_add_test(tcase, killed_while_qemu_img_runs);
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
