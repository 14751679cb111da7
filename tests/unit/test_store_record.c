/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a running VM: read back exactly or not at all; and VMs that others started. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/record.h"
#include "store_lab.h"

static struct vm_dir dir;

static const struct record some = {
	.process = { .pid = 4242,
		     .start_ticks = 123456789,
		     .boot_id = "0a1b2c3d-0000-4000-8000-0123456789ab" },
	.phase = PHASE_RUNNING,
};
static const char some_text[] = "pid 4242\nstart 123456789\n"
				"boot 0a1b2c3d-0000-4000-8000-0123456789ab\nphase running\n";

static void setup(void)
{
	lab_setup();
	lab_make_vm("web1");
	dir = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
}

static void teardown(void)
{
	vm_dir_done(&dir);
	lab_teardown();
}

static void assert_unreadable(void)
{
	struct record record, untouched;

	memset(&record, 0x5a, sizeof(record));
	memcpy(&untouched, &record, sizeof(record));
	suite_assert_error(record_read(&dir, &record, &lab_err), lab_err, EINVAL, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'web1'"));
	ck_assert_mem_eq(&record, &untouched, sizeof(record));
}

static void put_bytes(const char *name, const void *data, size_t len)
{
	int fd = openat(dir.run_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

START_TEST(test_torn)
{
	for (size_t len = 0; len < sizeof(some_text) - 1; len++) {
		put_bytes("process", some_text, len);
		assert_unreadable();
	}
}
END_TEST

START_TEST(test_hostile)
{
#define BOOT "boot 0a1b2c3d-0000-4000-8000-0123456789ab\n"
	static const char *const texts[] = {
		"pid 0\nstart 1\n" BOOT "phase running\n",
		"pid 1\nstart 1\n" BOOT "phase running\n",
		"pid -1\nstart 1\n" BOOT "phase running\n",
		"pid -4242\nstart 1\n" BOOT "phase running\n",
		"pid 4294967298\nstart 1\n" BOOT "phase running\n",
		"pid 99999999999999999999999\nstart 1\n" BOOT "phase running\n",
		"pid 04242\nstart 1\n" BOOT "phase running\n",
		"pid +4242\nstart 1\n" BOOT "phase running\n",
		"pid 0x10\nstart 1\n" BOOT "phase running\n",
		"pid 4242\nstart -1\n" BOOT "phase running\n",
		"pid 4242\nstart 99999999999999999999999\n" BOOT "phase running\n",
		"pid 4242 start 1 boot x phase running\n",
		"pid 4242\r\nstart 1\r\n" BOOT "phase running\r\n",
		"\npid 4242\nstart 1\n" BOOT "phase running\n",
		"pid 4242\nstart 1\nboot \nphase running\n",
		"pid 4242\nstart 1\nboot 0a1b2c3d-0000-4000-8000-0123456789abc\nphase running\n",
		"pid 4242\nstart 1\n" BOOT "phase flying\n",
		"pid 4242\nstart 1\n" BOOT "phase runningrunningrunning\n",
		"pid 4242\nstart 1\n" BOOT "phase running\nphase paused\n",
		"pid 4242\nstart 1\n" BOOT "phase running\n\n",
		"pid 4242\nstart 1\n" BOOT "phase running",
		"start 1\npid 4242\n" BOOT "phase running\n",
		"pid %n%n%n%s\nstart 1\n" BOOT "phase running\n",
		"\x1b[2J",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put_bytes("process", texts[i], strlen(texts[i]));
		assert_unreadable();
	}
}
END_TEST

START_TEST(test_bytes_behind_the_text)
{
	char text[sizeof(some_text) + 8] = { 0 };

	memcpy(text, some_text, sizeof(some_text));
	put_bytes("process", text, sizeof(some_text)); /* with its NUL */
	assert_unreadable();
	put_bytes("process", text, sizeof(text));
	assert_unreadable();
}
END_TEST

START_TEST(test_too_long)
{
	char text[4096];
	struct record record;

	memset(text, ' ', sizeof(text));
	memcpy(text, some_text, sizeof(some_text) - 1);
	put_bytes("process", text, sizeof(text));
	ck_assert_int_eq(record_read(&dir, &record, &lab_err), -EFBIG);
}
END_TEST

START_TEST(test_other_file_types)
{
	struct record record;

	suite_put(lab_dir.fd, "theirs", some_text);
	ck_assert_int_eq(symlinkat("../../theirs", dir.run_fd, "process"), 0);
	ck_assert_int_lt(record_read(&dir, &record, &lab_err), 0);
	ck_assert_int_eq(unlinkat(dir.run_fd, "process", 0), 0);
	ck_assert_int_eq(mkfifoat(dir.run_fd, "process", 0600), 0);
	ck_assert_int_lt(record_read(&dir, &record, &lab_err), 0);
	ck_assert_int_eq(unlinkat(dir.run_fd, "process", 0), 0);
	ck_assert_int_eq(mkdirat(dir.run_fd, "process", 0700), 0);
	ck_assert_int_lt(record_read(&dir, &record, &lab_err), 0);
	ck_assert_int_eq(unlinkat(dir.run_fd, "process", AT_REMOVEDIR), 0);
	ck_assert_int_eq(linkat(lab_dir.fd, "theirs", dir.run_fd, "process", 0), 0);
	ck_assert_int_lt(record_read(&dir, &record, &lab_err), 0);
}
END_TEST

START_TEST(test_none)
{
	struct vm_dir nowhere = VM_DIR_INIT;
	struct record record;

	ck_assert_int_eq(record_read(&dir, &record, &lab_err), RECORD_NONE);
	ck_assert_int_eq(record_read(&nowhere, &record, &lab_err), RECORD_NONE);
	ck_assert_int_eq(lab_err.kind, ERROR_NONE);
	ck_assert(!record_has_leftovers(&dir));
	ck_assert(!record_has_leftovers(&nowhere));
	record_clear(&nowhere);
}
END_TEST

START_TEST(test_written)
{
	suite_assert_ok(record_write(&dir, &some, &lab_err), lab_err);
	AUTO_FREE char *text = suite_get(dir.run_fd, "process");
	AUTO_FREE char *pid = suite_get(dir.fd, "vm.pid");
	ck_assert_str_eq(text, some_text);
	ck_assert_str_eq(pid, "4242\n");
}
END_TEST

/* A new phase is no reason to write the disk; a pid file that is another's or gone is. */
START_TEST(test_pid_file_is_kept)
{
	static const char *const others[] = { "4241\n", "4242", "4242\n1\n", "" };
	struct stat before, after;

	suite_assert_ok(record_write(&dir, &some, &lab_err), lab_err);
	ck_assert_int_eq(fstatat(dir.fd, "vm.pid", &before, 0), 0);
	suite_assert_ok(record_phase(&dir, &some.process, PHASE_STOPPING, &lab_err), lab_err);
	ck_assert_int_eq(fstatat(dir.fd, "vm.pid", &after, 0), 0);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	for (size_t i = 0; i <= ARRAY_SIZE(others); i++) {
		AUTO_FREE char *pid = NULL;

		ck_assert_int_eq(unlinkat(dir.fd, "vm.pid", 0), 0);
		if (i < ARRAY_SIZE(others))
			suite_put(dir.fd, "vm.pid", others[i]);
		suite_assert_ok(record_write(&dir, &some, &lab_err), lab_err);
		pid = suite_get(dir.fd, "vm.pid");
		ck_assert_str_eq(pid, "4242\n");
	}
}
END_TEST

START_TEST(test_all_phases)
{
	struct record record = some, got;

	record.process.pid = 2;
	record.process.start_ticks = UINT64_MAX;
	record.phase = (enum phase)_i;
	suite_assert_ok(record_write(&dir, &record, &lab_err), lab_err);
	suite_assert_ok(record_read(&dir, &got, &lab_err), lab_err);
	ck_assert_int_eq(got.process.pid, 2);
	ck_assert_uint_eq(got.process.start_ticks, UINT64_MAX);
	ck_assert_str_eq(got.process.boot_id, some.process.boot_id);
	ck_assert_int_eq(got.phase, _i);
}
END_TEST

START_TEST(test_missing_layers)
{
	unsigned int mask = 0x5a5a;

	ck_assert_int_eq(record_missing_read(&dir, &mask, &lab_err), RECORD_NONE);
	ck_assert_uint_eq(mask, 0x5a5a);
	suite_assert_ok(record_missing_write(&dir, 0, &lab_err), lab_err);
	suite_assert_ok(record_missing_read(&dir, &mask, &lab_err), lab_err);
	ck_assert_uint_eq(mask, 0);
	suite_assert_ok(record_missing_write(&dir, LAYERS_ALL, &lab_err), lab_err);
	suite_assert_ok(record_missing_read(&dir, &mask, &lab_err), lab_err);
	ck_assert_uint_eq(mask, LAYERS_ALL);
	mask = LAYER_BIT(LAYER_LANDLOCK) | LAYER_BIT(LAYER_CGROUP);
	suite_assert_ok(record_missing_write(&dir, mask, &lab_err), lab_err);
	AUTO_FREE char *text = suite_get(dir.run_fd, "missing");
	ck_assert_str_eq(text, "landlock\ncgroup\n");
}
END_TEST

START_TEST(test_missing_is_hostile)
{
	static const char *const texts[] = {
		"uid\n", "landlock,cgroup\n", "landlock \n", "LANDLOCK\n", "%s\n", "\x1b[2J\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unsigned int mask = 0x5a5a;

		put_bytes("missing", texts[i], strlen(texts[i]));
		suite_assert_error(record_missing_read(&dir, &mask, &lab_err), lab_err, EINVAL,
				   ERROR_FAILED);
		ck_assert_ptr_nonnull(strstr(lab_err.message, "'web1'"));
		ck_assert_uint_eq(mask, 0x5a5a);
	}
	put_bytes("missing", "landlock\n", sizeof("landlock\n")); /* with its NUL */
	ck_assert_int_eq(record_missing_read(&dir, &(unsigned int){ 0 }, &lab_err), -EINVAL);
}
END_TEST

START_TEST(test_cgroup)
{
	static const uint64_t inodes[] = { 0, 1, 4711, UINT64_MAX };
	uint64_t inode;

	for (size_t i = 0; i < ARRAY_SIZE(inodes); i++) {
		AUTO_FREE char *path = NULL;

		ck_assert_int_eq(record_cgroup_read(&dir, &path, &inode, &lab_err), RECORD_NONE);
		suite_assert_ok(record_cgroup_write(&dir, "/a b/web1", inodes[i], &lab_err),
				lab_err);
		suite_assert_ok(record_cgroup_read(&dir, &path, &inode, &lab_err), lab_err);
		ck_assert_str_eq(path, "/a b/web1");
		ck_assert_uint_eq(inode, inodes[i]);
		record_cgroup_drop(&dir);
		ck_assert(!lab_exists(dir.run_fd, "cgroup"));
	}
}
END_TEST

START_TEST(test_cgroup_is_hostile)
{
	static const char *const texts[] = { "",
					     "\n",
					     "/a",
					     "mnmivm-se/web1\n",
					     "/a\n/b\n",
					     "../a\n",
					     "/a\ninode 0\n",
					     "/a\ninode 07\n",
					     "/a\ninode -1\n",
					     "/a\ninode 7",
					     "/a\n\ninode 7\n",
					     "/a\ninode 7\ninode 8\n",
					     "/a\ninode 18446744073709551616\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t inode = 5;
		char *path = NULL;

		put_bytes("cgroup", texts[i], strlen(texts[i]));
		suite_assert_error(record_cgroup_read(&dir, &path, &inode, &lab_err), lab_err,
				   EINVAL, ERROR_FAILED);
		ck_assert_ptr_null(path);
		ck_assert_uint_eq(inode, 5);
	}
}
END_TEST

/* The sockets and the record go; the lock and the logs stay. */
START_TEST(test_clear)
{
	static const char *const gone[] = {
		"process",	"qmp.sock",	 "console.sock", "vnc.sock", "seed.iso",
		".tmp-process", ".tmp-seed.iso", "vm.mac",	 "vm.ip",    "vm.conf",
		"os.name",	"vnc.port",	 ".tmp-vm.conf", "missing",
	};
	static const char *const kept[] = { "lock", "log", "log.1", "console.log", "other" };

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		suite_put(dir.run_fd, gone[i], "x");
		ck_assert(record_has_leftovers(&dir));
		record_clear(&dir);
		ck_assert(!lab_exists(dir.run_fd, gone[i]));
		ck_assert(!record_has_leftovers(&dir));
	}
	suite_put(dir.run_fd, "cgroup", "x");
	ck_assert(record_has_leftovers(&dir));
	record_clear(&dir);
	ck_assert(record_has_leftovers(&dir));
	record_cgroup_drop(&dir);
	ck_assert(!record_has_leftovers(&dir));
	suite_put(dir.fd, "vm.pid", "1\n");
	ck_assert(record_has_leftovers(&dir));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		suite_put(dir.run_fd, kept[i], "x");
	suite_put(dir.fd, "disk.qcow2", "x");
	record_clear(&dir);
	ck_assert(!record_has_leftovers(&dir));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		ck_assert(lab_exists(dir.run_fd, kept[i]));
	ck_assert(lab_exists(dir.fd, "disk.qcow2"));
}
END_TEST

/* A process with a command line like QEMU's, which waits for the end of its input. */
struct foreign {
	pid_t pid;
	int input;
};

static void foreign_start(struct foreign *foreign, uid_t uid, const char *a, const char *b)
{
	int fds[2], output[2];
	char word;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
	foreign->pid = fork();
	ck_assert_int_ge(foreign->pid, 0);
	if (foreign->pid == 0) {
		if (uid && (setgid(uid) < 0 || setuid(uid) < 0))
			_exit(126);
		dup2(fds[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", "echo; read x", "qemu-system-x86_64", "-machine",
		      "q35", a, b, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	close(output[1]);
	foreign->input = fds[1];
	ck_assert_int_eq(read(output[0], &word, 1), 1); /* it has been executed */
	close(output[0]);
	AUTO_FREE char *pid = xasprintf("%d\n", foreign->pid);
	suite_put(dir.fd, "vm.pid", pid);
}

static void foreign_end(struct foreign *foreign)
{
	close(foreign->input);
	ck_assert_int_eq(waitpid(foreign->pid, NULL, 0), foreign->pid);
}

static int find(struct process_id *ret)
{
	return record_find_foreign(&lab_store, &dir, ret);
}

START_TEST(test_foreign_by_name)
{
	struct process_id id = { 0 };
	struct foreign foreign;

	foreign_start(&foreign, 0, "-name", "web1");
	ck_assert_int_eq(find(&id), 0);
	ck_assert_int_eq(id.pid, foreign.pid);
	ck_assert_int_eq(process_check(&id), PROCESS_ALIVE);
	foreign_end(&foreign);
	ck_assert_int_eq(find(&id), RECORD_NONE);
}
END_TEST

START_TEST(test_foreign_by_disk)
{
	AUTO_FREE char *drive = xasprintf("file=%s/vms/web1/disk.qcow2,if=virtio",
					  lab_config.state_dir);
	struct process_id id = { 0 };
	struct foreign foreign;

	foreign_start(&foreign, 0, "-drive", drive);
	ck_assert_int_eq(find(&id), 0);
	ck_assert_int_eq(id.pid, foreign.pid);
	foreign_end(&foreign);
}
END_TEST

START_TEST(test_foreign_of_another_vm)
{
	AUTO_FREE char *other_disk = xasprintf("%s/vms/web10/disk.qcow2", lab_config.state_dir);
	const char *const arguments[][2] = {
		{ "-name", "web10" },	  { "-name", "web" },  { "-name", "xweb1" },
		{ "name", "web1" },	  { "web1", "-name" }, { "-name=web1", "" },
		{ "-drive", other_disk },
	};

	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		struct process_id id = { .pid = 77 };
		struct foreign foreign;

		foreign_start(&foreign, 0, arguments[i][0], arguments[i][1]);
		ck_assert_int_eq(find(&id), RECORD_NONE);
		ck_assert_int_eq(id.pid, 77);
		foreign_end(&foreign);
	}
}
END_TEST

/* Else anybody could keep a VM from starting, or have his own process killed by root. */
START_TEST(test_foreign_of_another_user)
{
	struct process_id id = { 0 };
	struct foreign foreign;

	if (geteuid() != 0 && suite_leave_out("foreign_of_another_user", "needs root"))
		return;
	foreign_start(&foreign, 12345, "-name", "web1");
	ck_assert_int_eq(find(&id), RECORD_NONE);
	foreign_end(&foreign);
	foreign_start(&foreign, lab_config.uid_base + 7, "-name", "web1");
	ck_assert_int_eq(find(&id), 0);
	foreign_end(&foreign);
	foreign_start(&foreign, lab_config.uid_base + lab_config.uid_count, "-name", "web1");
	ck_assert_int_eq(find(&id), RECORD_NONE);
	foreign_end(&foreign);
}
END_TEST

START_TEST(test_foreign_zombie)
{
	struct process_id id = { 0 };
	struct foreign foreign;
	siginfo_t info;

	foreign_start(&foreign, 0, "-name", "web1");
	ck_assert_int_eq(kill(foreign.pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)foreign.pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(find(&id), RECORD_NONE);
	foreign_end(&foreign);
}
END_TEST

START_TEST(test_foreign_pid_file)
{
	static const char *const texts[] = {
		"",
		"\n",
		"0\n",
		"1\n",
		"-1\n",
		"+2\n",
		" 2\n",
		"x\n",
		"4242 4243\n",
		"2147483648\n",
		"99999999999999999999\n",
		"2\n3\n",
		"../../etc/passwd\n",
		"self\n",
	};
	struct process_id id = { .pid = 77 };

	ck_assert_int_eq(find(&id), RECORD_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		suite_put(dir.fd, "vm.pid", texts[i]);
		ck_assert_int_eq(find(&id), RECORD_NONE);
	}
	ck_assert_int_eq(unlinkat(dir.fd, "vm.pid", 0), 0);
	ck_assert_int_eq(mkfifoat(dir.fd, "vm.pid", 0600), 0);
	ck_assert_int_eq(find(&id), RECORD_NONE);
	ck_assert_int_eq(id.pid, 77);
}
END_TEST

static TCase *record_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

int main(void)
{
	Suite *s = suite_create("store_record");
	TCase *tcase = record_case("record");

	tcase_add_test(tcase, test_torn);
	tcase_add_test(tcase, test_hostile);
	tcase_add_test(tcase, test_bytes_behind_the_text);
	tcase_add_test(tcase, test_too_long);
	tcase_add_test(tcase, test_other_file_types);
	tcase_add_test(tcase, test_none);
	tcase_add_test(tcase, test_written);
	tcase_add_test(tcase, test_pid_file_is_kept);
	tcase_add_loop_test(tcase, test_all_phases, PHASE_STARTING, PHASE_STOPPING + 1);
	tcase_add_test(tcase, test_missing_layers);
	tcase_add_test(tcase, test_missing_is_hostile);
	tcase_add_test(tcase, test_cgroup);
	tcase_add_test(tcase, test_cgroup_is_hostile);
	tcase_add_test(tcase, test_clear);
	suite_add_tcase(s, tcase);
	tcase = record_case("foreign");
	tcase_add_test(tcase, test_foreign_by_name);
	tcase_add_test(tcase, test_foreign_by_disk);
	tcase_add_test(tcase, test_foreign_of_another_vm);
	tcase_add_test(tcase, test_foreign_of_another_user);
	tcase_add_test(tcase, test_foreign_zombie);
	tcase_add_test(tcase, test_foreign_pid_file);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
