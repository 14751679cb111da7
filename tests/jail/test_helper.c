/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers that run to their end: what they find, what is kept of their words, what is left. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "base/watch.h"
#include "fixture.h"
#include "jail/helper.h"

/* RLIMIT_NPROC counts what other tests run with a uid, too. */
enum { HELPER_UID = JAIL_UID + 10 };

int __real_launch_start(const struct launch_plan *given, struct launch *ret, struct error *error);
int __wrap_launch_start(const struct launch_plan *given, struct launch *ret, struct error *error);

static struct launch_plan seen;
static char seen_environment[256];

int __wrap_launch_start(const struct launch_plan *given, struct launch *ret, struct error *error)
{
	seen = *given;
	snprintf(seen_environment, sizeof(seen_environment), "%s %s %s", given->environment->v[0],
		 given->environment->v[1], given->environment->v[2] ? "more" : "end");
	return __real_launch_start(given, ret, error);
}

static struct strv argv;
static struct buf output;
static struct helper helper;

static void setup(void)
{
	helper = (struct helper){ .argv = &argv, .uid = HELPER_UID, .output = &output };
}

static void teardown(void)
{
	strv_done(&argv);
	buf_done(&output);
}

static int run_sh(const char *script)
{
	/* by its own name: a link to it may be outside of the helper's root */
	AUTO_FREE char *shell = realpath("/bin/sh", NULL);

	strv_clear(&argv);
	strv_push(&argv, shell);
	strv_push(&argv, "-c");
	strv_push(&argv, script);
	return helper_run(&helper, &err);
}

static void check_output(const char *script, const char *expected)
{
	suite_assert_ok(run_sh(script), err);
	ck_assert_str_eq(buf_str(&output), expected);
}

static void check_failure(const char *script, int code, enum error_kind kind, const char *words)
{
	suite_assert_error(run_sh(script), err, code, kind);
	ck_assert_msg(strstr(err.message, words), "'%s' is not in '%s'", words, err.message);
}

/* It says something and then hangs: it gets more time until a busy machine lets it say so. */
static void run_out_of_time(const char *script)
{
	AUTO_FREE char *words = NULL;
	int ms = 125;

	do {
		int64_t before = clock_ms();

		helper.timeout_ms = ms *= 2;
		suite_assert_error(run_sh(script), err, ETIMEDOUT, ERROR_TIMEOUT);
		ck_assert_int_ge(clock_ms() - before, ms);
	} while (output.len == 0);
	words = xasprintf("no end after %d ms", ms);
	ck_assert_msg(strstr(err.message, words), "'%s' is not in '%s'", words, err.message);
}

/* How many processes have this word among their arguments? */
static unsigned int processes_with(const char *word)
{
	AUTO_FREE char *line = xasprintf("grep -lzxF -e %s /proc/[0-9]*/cmdline 2>/dev/null", word);
	FILE *found = popen(line, "r");
	unsigned int n = 0;
	char path[64];

	ck_assert_ptr_nonnull(found);
	while (fgets(path, sizeof(path), found))
		n++;
	pclose(found);
	return n;
}

/* The disk's owner is the helper's user, as the caller of a helper arranges it. */
static int expose(const char *name, const char *target, bool writable)
{
	int fd = open_in_folder(name, O_RDWR | O_TRUNC);

	ck_assert_int_eq(fchown(fd, HELPER_UID, HELPER_UID), 0);
	helper.files[helper.n_files++] =
		(struct launch_file){ .source = fd, .target = target, .writable = writable };
	return fd;
}

/* --- what is asked of the launcher --- */

START_TEST(every_layer_but_the_cgroup_is_asked_for)
{
	helper.may_miss = LAYER_BIT(LAYER_LANDLOCK);
	check_output("echo hello", "hello\n");
	ck_assert_uint_eq(seen.layers, LAYERS_ALL & ~LAYER_BIT(LAYER_CGROUP));
	ck_assert_uint_eq(seen.may_miss, LAYER_BIT(LAYER_LANDLOCK));
	ck_assert_int_eq(seen.mode, LAUNCH_AS_ROOT);
	ck_assert_uint_eq(seen.uid, HELPER_UID);
	ck_assert_uint_eq(seen.gid, HELPER_UID);
	ck_assert_uint_eq(seen.n_fds, 0);
	ck_assert(!seen.kvm);
	ck_assert(seen.ends_with_us);
	ck_assert_int_eq(seen.timeout_ms, 60 * 1000);
	ck_assert_int_eq(seen.cgroup_fd, -1);
	ck_assert_str_eq(seen_environment, "PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C end");
}
END_TEST

START_TEST(its_exit_status_is_told_beside_the_error)
{
	int status = 7;

	helper.exit_status = &status;
	check_failure("exit 3", EIO, ERROR_FAILED, "exit status 3");
	ck_assert_int_eq(status, 3);
	check_output("true", "");
	ck_assert_int_eq(status, 0);
	run_out_of_time("echo begun; sleep 1000");
	ck_assert_int_eq(status, -1);
	status = 7;
	strv_clear(&argv);
	ck_assert_int_lt(helper_run(&helper, &err), 0);
	ck_assert_int_eq(status, -1);
}
END_TEST

START_TEST(limits_are_there_unless_others_are_asked_for)
{
	check_output("true", "");
	ck_assert_uint_eq(seen.limits.file_size, HELPER_FILE_SIZE);
	ck_assert_uint_eq(seen.limits.address_space, HELPER_ADDRESS_SPACE);
	ck_assert_uint_eq(seen.limits.cpu_s, HELPER_CPU_S);
	ck_assert_uint_eq(seen.limits.processes, HELPER_PROCESSES);
	helper.limits = (struct launch_limits){ 1, HELPER_ADDRESS_SPACE - 1, 3, 32 };
	check_output("true", "");
	ck_assert_int_eq(memcmp(&seen.limits, &helper.limits, sizeof(seen.limits)), 0);
}
END_TEST

/* What is for a host without a root changes nothing on one that has it. */
START_TEST(its_files_are_shown_where_there_is_a_root)
{
	AUTO_CLOSE int fd = expose("disk", "/work/disk", true);
	AUTO_STRV rootless = STRV_INIT;

	strv_push(&rootless, "/never/run");
	helper.rootless_argv = &rootless;
	ck_assert_int_ge(fd, 0);
	check_output("test -e /work/disk && echo shown; (: <&3) 2>/dev/null || echo no more",
		     "shown\nno more\n");
	helper.may_miss = LAYER_BIT(LAYER_ROOT);
	check_output("test -e /work/disk && echo shown", "shown\n");
	ck_assert_uint_eq(seen.n_fds, 1);
	ck_assert_int_eq(seen.fds[0].target, HELPER_FILE_FD);
}
END_TEST

/* --- its words and its end --- */

START_TEST(both_streams_are_kept_and_replaced)
{
	buf_puts(&output, "older");
	check_output("echo out; echo err >&2; cat", "out\nerr\n");
	ck_assert_int_lt(run_sh("echo why; exit 3"), 0);
	ck_assert_str_eq(buf_str(&output), "why\n");
}
END_TEST

START_TEST(failure_is_told_in_its_last_line)
{
	check_failure("echo first; echo 'the reason' >&2; exit 3", EIO, ERROR_FAILED,
		      "exit status 3: the reason");
	helper.output = NULL;
	check_failure("echo first; echo 'the reason' >&2; exit 3", EIO, ERROR_FAILED,
		      "exit status 3: the reason");
	check_failure("exit 1", EIO, ERROR_FAILED, "exit status 1");
	suite_assert_ok(run_sh("echo unheard"), err);
}
END_TEST

START_TEST(output_has_a_bound)
{
	check_failure("while :; do echo 0123456789012345678901234567890123456789; done", EFBIG,
		      ERROR_FAILED, "output larger than 1048576 bytes");
	ck_assert_uint_le(output.len, WATCH_OUTPUT_MAX);
}
END_TEST

/* As the first process of its namespace it takes all others with it (pid_namespaces(7)). */
START_TEST(a_hang_is_killed_with_all_it_started)
{
	AUTO_FREE char *word = xasprintf("1000.%d", getpid());
	AUTO_FREE char *script = xasprintf("sleep %s & echo begun; sleep %s", word, word);

	run_out_of_time(script);
	ck_assert_str_eq(buf_str(&output), "begun\n");
	/* grep itself may be seen with it */
	ck_assert_uint_le(processes_with(word), 1);
}
END_TEST

/* To us comes what the caller leaves behind. */
START_TEST(a_killed_caller_takes_it_along)
{
	AUTO_CLOSE int fd = expose("begun", "/work/begun", true);
	struct stat st = { .st_size = 0 };
	pid_t pid;
	int status;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run_sh("echo >/work/begun; exec sleep 1000") != 0);
	while (st.st_size == 0 && usleep(1000) == 0)
		ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_gt(waitpid(-1, &status, 0), 0);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%x", status);
}
END_TEST

START_TEST(processor_time_has_a_bound)
{
	helper.limits.cpu_s = 1;
	check_failure("while :; do :; done", EIO, ERROR_FAILED, "killed by signal");
}
END_TEST

START_TEST(memory_has_a_bound)
{
	helper.limits.address_space = 64 << 20;
	check_output("ulimit -v", "65536\n");
}
END_TEST

START_TEST(what_cannot_be_run_is_refused)
{
	strv_push(&argv, "/no/such/program");
	suite_assert_error(helper_run(&helper, &err), err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message, "/no/such/program"));
	strv_clear(&argv);
	suite_assert_error(helper_run(&helper, &err), err, EINVAL, ERROR_FAILED);
	strv_push(&argv, "sh");
	suite_assert_error(helper_run(&helper, &err), err, EINVAL, ERROR_FAILED);
	helper.uid = 0;
	suite_assert_error(run_sh("true"), err, EINVAL, ERROR_FAILED);
}
END_TEST

/* --- its files --- */

START_TEST(its_own_file_can_be_written)
{
	AUTO_CLOSE int fd = expose("disk", "/work/disk", true);
	char content[16] = "";

	check_output("echo new >/work/disk && cat /work/disk", "new\n");
	ck_assert_int_eq(pread(fd, content, sizeof(content), 0), 4);
	ck_assert_str_eq(content, "new\n");
}
END_TEST

START_TEST(a_file_to_read_is_not_written)
{
	AUTO_CLOSE int fd = expose("image", "/work/image", false);
	struct stat st;

	ck_assert_int_eq(pwrite(fd, "data\n", 5, 0), 5);
	check_output("cat /work/image", "data\n");
	check_failure("exec 2>&1; : >/work/image", EIO, ERROR_FAILED, "/work/image");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 5);
}
END_TEST

START_TEST(nothing_else_of_the_host_is_there)
{
	AUTO_CLOSE int fd = expose("disk", "/work/disk", true);
	AUTO_FREE char *script = NULL;

	ck_assert_int_ge(fd, 0);
	script = xasprintf(
		"for i in /etc/passwd /etc/shadow /proc/1 /sys/kernel /root /home /var /run %s; "
		"do test ! -e $i || echo $i; done; echo end",
		jail_folder);

	check_output(script, "end\n");
}
END_TEST

START_TEST(nothing_else_can_be_written)
{
	AUTO_CLOSE int fd = expose("disk", "/work/disk", true);

	ck_assert_int_ge(fd, 0);
	check_output("for i in / /work /usr /usr/lib /dev /tmp; do "
		     "(: >$i/x) 2>/dev/null && echo $i; done; "
		     "rm -f /work/disk 2>/dev/null; test -e /work/disk && echo there",
		     "there\n");
}
END_TEST

START_TEST(its_file_has_a_bound)
{
	AUTO_CLOSE int fd = expose("disk", "/work/disk", true);
	struct stat st;

	helper.limits.file_size = 1 << 20;
	check_failure("exec 2>&1; dd if=/usr/bin/env of=/work/disk bs=1M seek=1 count=1", EIO,
		      ERROR_FAILED, "exit status");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_le(st.st_size, 1 << 20);
}
END_TEST

static TCase *helper_case(const char *name)
{
	TCase *tcase = jail_case(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

static TCase *run_case(void)
{
	TCase *tcase = helper_case("run");

	tcase_add_test(tcase, every_layer_but_the_cgroup_is_asked_for);
	tcase_add_test(tcase, its_exit_status_is_told_beside_the_error);
	tcase_add_test(tcase, limits_are_there_unless_others_are_asked_for);
	tcase_add_test(tcase, both_streams_are_kept_and_replaced);
	tcase_add_test(tcase, failure_is_told_in_its_last_line);
	tcase_add_test(tcase, output_has_a_bound);
	tcase_add_test(tcase, a_hang_is_killed_with_all_it_started);
	tcase_add_test(tcase, a_killed_caller_takes_it_along);
	tcase_add_test(tcase, processor_time_has_a_bound);
	tcase_add_test(tcase, memory_has_a_bound);
	tcase_add_test(tcase, what_cannot_be_run_is_refused);
	return tcase;
}

static TCase *files_case(void)
{
	TCase *tcase = helper_case("files");

	tcase_add_test(tcase, its_files_are_shown_where_there_is_a_root);
	tcase_add_test(tcase, its_own_file_can_be_written);
	tcase_add_test(tcase, a_file_to_read_is_not_written);
	tcase_add_test(tcase, nothing_else_of_the_host_is_there);
	tcase_add_test(tcase, nothing_else_can_be_written);
	tcase_add_test(tcase, its_file_has_a_bound);
	return tcase;
}

int main(int argc, char **words)
{
	Suite *suite = suite_create("jail/helper");

	(void)argc;
	suite_add_tcase(suite, run_case());
	suite_add_tcase(suite, files_case());
	return jail_main(suite, words);
}
