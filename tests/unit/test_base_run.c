/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helper programs: what they inherit, what is kept of their words, and that none is left. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/run.h"
#include "suite.h"

enum { OUTPUT_MAX = 1024 * 1024 };

static struct suite_tmpdir tmp;
static int fds_before;

static void setup(void)
{
	suite_tmpdir_make(&tmp);
	fds_before = suite_count_fds();
}

static void teardown(void)
{
	ck_assert_int_eq(suite_count_fds(), fds_before);
	ck_assert(!suite_has_children());
	suite_tmpdir_remove(&tmp);
}

static int run_sh(const char *script, struct run_options options, struct error *err)
{
	AUTO_STRV argv = STRV_INIT;

	strv_push(&argv, "/bin/sh");
	strv_push(&argv, "-c");
	strv_push(&argv, script);
	return run_program(&argv, &options, err);
}

/* The script succeeds and prints exactly that. */
static void check_output(const char *script, const char *expected)
{
	struct error err = ERROR_INIT;
	AUTO_BUF output = BUF_INIT;

	suite_assert_ok(
		run_sh(script, (struct run_options){ .dir_fd = -1, .output = &output }, &err), err);
	ck_assert_str_eq(buf_str(&output), expected);
}

static void check_failure(const char *script, int code, const char *message)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;

	suite_assert_error(run_sh(script, options, &err), err, code, ERROR_FAILED);
	ck_assert_str_eq(err.message, message);
}

static void check_refused(const char *program, int code, enum error_kind kind)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;
	AUTO_STRV argv = STRV_INIT;

	strv_push(&argv, program);
	suite_assert_error(run_program(&argv, &options, &err), err, code, kind);
	ck_assert_ptr_nonnull(strstr(err.message, program));
}

/* --- what it inherits --- */

START_TEST(arguments_go_through_no_shell)
{
	struct run_options options = { .dir_fd = -1 };
	AUTO_BUF output = BUF_INIT;
	struct error err = ERROR_INIT;
	AUTO_STRV argv = STRV_INIT;

	options.output = &output;
	strv_push(&argv, "/usr/bin/printf");
	strv_push(&argv, "[%s]");
	strv_push(&argv, "$HOME `id` 'x' *");
	strv_push(&argv, "");
	suite_assert_ok(run_program(&argv, &options, &err), err);
	ck_assert_str_eq(buf_str(&output), "[$HOME `id` 'x' *][]");
}
END_TEST

START_TEST(environment_is_two_variables)
{
	ck_assert_int_eq(setenv("LD_PRELOAD_OF_MINE", "x", 1), 0);
	check_output("tr '\\0' '\\n' </proc/$$/environ",
		     "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\n");
}
END_TEST

START_TEST(standard_input_is_empty)
{
	AUTO_CLOSE int before = fcntl(0, F_DUPFD_CLOEXEC, 3);
	AUTO_CLOSE int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(dup2(file, 0), 0);
	check_output("read -r x && echo got || echo end; readlink /proc/$$/fd/0",
		     "end\n/dev/null\n");
	ck_assert_int_eq(dup2(before, 0), 0);
}
END_TEST

START_TEST(standard_input_is_as_given_and_stays_open)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;

	options.input = "one\ntwo\n";
	suite_assert_ok(run_sh("read a; read b; echo $b $a", options, &err), err);
	ck_assert_str_eq(buf_str(&output), "two one\n");

	/* a third line never comes, and neither does an end */
	options.timeout_ms = 300;
	suite_assert_error(run_sh("read a; read b; read c", options, &err), err, ETIMEDOUT,
			   ERROR_TIMEOUT);
}
END_TEST

START_TEST(standard_input_has_a_bound)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;
	char text[RUN_INPUT_MAX + 2];

	memset(text, 'x', sizeof(text));
	text[RUN_INPUT_MAX - 1] = '\n';
	text[RUN_INPUT_MAX] = '\0';
	options.input = text;
	suite_assert_ok(run_sh("read a", options, &err), err);
	text[RUN_INPUT_MAX] = 'x';
	text[RUN_INPUT_MAX + 1] = '\0';
	suite_assert_error(run_sh("read a", options, &err), err, E2BIG, ERROR_FAILED);
}
END_TEST

START_TEST(folder_is_root_or_as_asked)
{
	struct run_options options = { .dir_fd = tmp.fd };
	AUTO_BUF output = BUF_INIT;
	struct error err = ERROR_INIT;

	check_output("readlink /proc/$$/cwd", "/\n");
	options.output = &output;
	suite_put(tmp.fd, "here", "yes");
	suite_assert_ok(run_sh("cat here", options, &err), err);
	ck_assert_str_eq(buf_str(&output), "yes");
}
END_TEST

/* Opened without O_CLOEXEC, as a careless library would. */
START_TEST(descriptors_stay_here)
{
	int fds[3] = { open("/etc/passwd", O_RDONLY), dup(tmp.fd), fcntl(tmp.fd, F_DUPFD, 200) };

	/* 3 is the folder that ls has open itself */
	check_output("exec ls /proc/self/fd", "0\n1\n2\n3\n");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}
END_TEST

static void on_signal(int signal_number)
{
	(void)signal_number;
}

/* Our mask and dispositions must be back afterwards, and the program must see none of them. */
START_TEST(signals_start_afresh)
{
	sigset_t blocked, after;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, on_signal);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGRTMIN);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	check_output("exec sed -n '/^Sig[BI]/s/.*\\t//p' /proc/self/status",
		     "0000000000000000\n0000000000000000\n");
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGTERM) && sigismember(&after, SIGRTMIN));
	ck_assert(!sigismember(&after, SIGINT));
	ck_assert(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
	ck_assert(signal(SIGHUP, SIG_DFL) == SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}
END_TEST

/* In a process of its own, which has no descriptor 0, 1 or 2: the pipes get these numbers. */
/* Does nothing where we hold no capabilities. */
static void raise_ambient(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	if (!(data[0].permitted & (1U << capability)))
		return;
	data[0].inheritable |= 1U << capability;
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
	ck_assert_int_eq(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), 0);
}

START_TEST(privileges_stay_here)
{
	raise_ambient(CAP_NET_ADMIN);
	check_output("sed -nE '/^(CapAmb|NoNewPrivs):/p' /proc/self/status",
		     "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}
END_TEST

START_TEST(a_profile_of_its_own_is_all_it_may_gain)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output, .own_profile = true };
	struct error err = ERROR_INIT;

	raise_ambient(CAP_NET_ADMIN);
	suite_assert_ok(
		run_sh("sed -nE '/^(CapAmb|NoNewPrivs):/p' /proc/self/status", options, &err), err);
	ck_assert_str_eq(buf_str(&output), "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\n");
}
END_TEST

START_TEST(its_files_are_nobody_elses)
{
	umask(0);
	check_output("umask", "0077\n");
}
END_TEST

START_TEST(no_core_file_whatever_the_limit)
{
	static const struct rlimit limits[] = { { RLIM_INFINITY, RLIM_INFINITY }, { 0, 5 } };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (setrlimit(RLIMIT_CORE, &limits[i]) < 0)
			continue;
		check_output("grep -Eo 'core file size +[0-9]+ +[0-9]+' /proc/self/limits | "
			     "tr -s ' '",
			     "core file size 1 1\n");
	}
}
END_TEST

START_TEST(works_without_standard_descriptors)
{
	struct error err = ERROR_INIT;
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		bool good;

		close(0);
		close(1);
		close(2);
		good = run_sh("cat; echo out; echo err >&2; exit 3", options, &err) == -EIO;
		good = good && strcmp(err.message, "run '/bin/sh': exit status 3: err") == 0;
		good = good && strcmp(buf_str(&output), "out\n") == 0;
		_exit(good ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* --- what is kept of it --- */

START_TEST(output_is_replaced_or_dropped)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;
	AUTO_BUF output = BUF_INIT;

	buf_puts(&output, "old");
	suite_assert_ok(run_sh("echo gone", options, &err), err);
	ck_assert_str_eq(buf_str(&output), "old");
	options.output = &output;
	suite_assert_ok(run_sh("printf 'a\\0b'", options, &err), err);
	ck_assert_uint_eq(output.len, 3);
	ck_assert_mem_eq(output.data, "a\0b", 4);
	suite_assert_ok(run_sh("true", options, &err), err);
	ck_assert_str_eq(buf_str(&output), "");
}
END_TEST

START_TEST(output_of_a_failure_is_kept)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;

	suite_assert_error(run_sh("echo '{}'; exit 3", options, &err), err, EIO, ERROR_FAILED);
	ck_assert_str_eq(buf_str(&output), "{}\n");
}
END_TEST

START_TEST(output_has_a_bound)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;

	suite_assert_ok(run_sh("head -c 1048576 /dev/zero", options, &err), err);
	ck_assert_uint_eq(output.len, OUTPUT_MAX);
	suite_assert_error(run_sh("head -c 1048577 /dev/zero", options, &err), err, EFBIG,
			   ERROR_FAILED);
	suite_assert_error(run_sh("exec cat /dev/zero", options, &err), err, EFBIG, ERROR_FAILED);
	ck_assert_uint_le(output.len, OUTPUT_MAX);
}
END_TEST

START_TEST(failure_is_told_in_its_own_words)
{
	check_failure("exit 1", EIO, "run '/bin/sh': exit status 1");
	check_failure("echo why >&2; exit 2", EIO, "run '/bin/sh': exit status 2: why");
	check_failure("printf 'usage\\nno newline' >&2; exit 3", EIO,
		      "run '/bin/sh': exit status 3: no newline");
	check_failure("printf 'why\\n\\n \\r\\n' >&2; exit 4", EIO,
		      "run '/bin/sh': exit status 4: why");
	check_failure("printf '\\n\\n' >&2; exit 5", EIO, "run '/bin/sh': exit status 5");
	check_failure("echo on stdout; exit 255", EIO, "run '/bin/sh': exit status 255");
	check_failure("echo oh >&2; kill -9 $$", EIO, "run '/bin/sh': killed by signal 9: oh");
}
END_TEST

START_TEST(warnings_are_no_failure)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;

	suite_assert_ok(run_sh("echo warning >&2", options, &err), err);
	ck_assert_str_eq(err.message, "");
}
END_TEST

START_TEST(of_much_the_end_is_kept)
{
	check_failure(
		"head -c 1000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo last words >&2; "
		"exit 1",
		EIO, "run '/bin/sh': exit status 1: last words");
	/* read in more than one piece, most likely */
	check_failure("exec >&2; seq 10000; for i in 1 2 3 4 5 6 7 8; do printf \"piece$i \"; "
		      "sleep 0.02; done; exit 1",
		      EIO,
		      "run '/bin/sh': exit status 1: "
		      "piece1 piece2 piece3 piece4 piece5 piece6 piece7 piece8");
	check_failure("seq 100000 >&2; exit 1", EIO, "run '/bin/sh': exit status 1: 100000");
}
END_TEST

START_TEST(a_line_without_end_is_cut)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;

	suite_assert_error(
		run_sh("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", options, &err), err,
		EIO, ERROR_FAILED);
	ck_assert_uint_eq(strlen(err.message), strlen("run '/bin/sh': exit status 1: ") + 512);
}
END_TEST

START_TEST(both_streams_at_once)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;

	suite_assert_error(run_sh("for i in 1 2 3 4; do head -c 200000 /dev/zero; "
				  "head -c 200000 /dev/zero >&2; done; echo end >&2; exit 9",
				  options, &err),
			   err, EIO, ERROR_FAILED);
	ck_assert_uint_eq(output.len, 800000);
}
END_TEST

/* --- how it ends --- */

START_TEST(a_hang_is_killed)
{
	struct run_options options = { .dir_fd = -1, .timeout_ms = 100 };
	struct error err = ERROR_INIT;

	suite_assert_error(run_sh("exec sleep 1000", options, &err), err, ETIMEDOUT, ERROR_TIMEOUT);
	ck_assert_str_eq(err.message, "run '/bin/sh': no end after 100 ms");
	suite_assert_error(run_sh("exec >&- 2>&-; exec sleep 1000", options, &err), err, ETIMEDOUT,
			   ERROR_TIMEOUT);
	suite_assert_error(run_sh("trap '' TERM INT HUP; while :; do :; done", options, &err), err,
			   ETIMEDOUT, ERROR_TIMEOUT);
	suite_assert_error(run_sh("exec cat /dev/zero >&2", options, &err), err, ETIMEDOUT,
			   ERROR_TIMEOUT);
}
END_TEST

/* It holds the pipes open, but it is not what was asked to be run. */
START_TEST(a_process_left_behind_is_not_waited_for)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;
	long pid;

	suite_assert_ok(run_sh("sleep 1000 & echo $!", options, &err), err);
	pid = strtol(buf_str(&output), NULL, 10);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0);
}
END_TEST

START_TEST(signals_of_ours_do_not_disturb)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval often = { .it_interval.tv_usec = 500, .it_value.tv_usec = 500 };
	struct itimerval never = { .it_value.tv_usec = 0 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	check_output("sleep 0.2; echo done", "done\n");
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
}
END_TEST

START_TEST(what_cannot_be_run_is_refused)
{
	AUTO_FREE char *text = xasprintf("%s/text", tmp.path);
	AUTO_FREE char *garbage = xasprintf("%s/garbage", tmp.path);
	AUTO_FREE char *script = xasprintf("%s/script", tmp.path);
	AUTO_FREE char *loop = xasprintf("%s/loop", tmp.path);

	suite_put(tmp.fd, "text", "x");
	suite_put(tmp.fd, "garbage", "x");
	suite_put(tmp.fd, "script", "#!/no/such/interpreter\n");
	ck_assert_int_eq(fchmodat(tmp.fd, "garbage", 0755, 0), 0);
	ck_assert_int_eq(fchmodat(tmp.fd, "script", 0755, 0), 0);
	ck_assert_int_eq(symlinkat("loop", tmp.fd, "loop"), 0);
	check_refused("/no/such/program", ENOENT, ERROR_HOST);
	check_refused(script, ENOENT, ERROR_HOST);
	check_refused(text, EACCES, ERROR_PERMISSION);
	check_refused(tmp.path, EACCES, ERROR_PERMISSION);
	check_refused(garbage, ENOEXEC, ERROR_FAILED);
	check_refused(loop, ELOOP, ERROR_FAILED);
	check_refused("/etc/passwd/x", ENOTDIR, ERROR_FAILED);
	check_refused("sh", EINVAL, ERROR_FAILED);
	check_refused("./sh", EINVAL, ERROR_FAILED);
	check_refused("", EINVAL, ERROR_FAILED);
}
END_TEST

START_TEST(nothing_to_run_is_refused)
{
	struct run_options options = { .dir_fd = -1 };
	struct error err = ERROR_INIT;
	struct strv none = STRV_INIT;

	suite_assert_error(run_program(&none, &options, &err), err, EINVAL, ERROR_FAILED);
}
END_TEST

START_TEST(a_folder_that_is_none_is_refused)
{
	AUTO_CLOSE int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct run_options options = { .dir_fd = file };
	struct error err = ERROR_INIT;

	suite_assert_error(run_sh("true", options, &err), err, ENOTDIR, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run '/bin/sh': enter its folder: Not a directory");
	options.dir_fd = 100000;
	suite_assert_error(run_sh("true", options, &err), err, EBADF, ERROR_FAILED);
}
END_TEST

/* Each descriptor that run_program() asks for is the one too many once. */
START_TEST(without_descriptors_nothing_is_left)
{
	AUTO_BUF output = BUF_INIT;
	struct run_options options = { .dir_fd = -1, .output = &output };
	struct error err = ERROR_INIT;
	struct rlimit before, limit;
	int used = fcntl(tmp.fd, F_DUPFD_CLOEXEC, 0);
	int spare = 0, r;

	/* the first free number: a limit of that leaves none to be had */
	close(used);
	getrlimit(RLIMIT_NOFILE, &before);
	do {
		limit = before;
		limit.rlim_cur = (rlim_t)(used + spare++);
		setrlimit(RLIMIT_NOFILE, &limit);
		r = run_sh("true", options, &err);
		setrlimit(RLIMIT_NOFILE, &before);
		ck_assert(!suite_has_children());
		ck_assert_int_eq(suite_count_fds(), fds_before);
		ck_assert(r == 0 || r == -EMFILE);
	} while (r < 0 && spare < 64);
	ck_assert_int_eq(r, 0);
	ck_assert_int_gt(spare, 7);
}
END_TEST

static TCase *inherit_case(void)
{
	TCase *tc = tcase_create("inherit");

	tcase_add_test(tc, arguments_go_through_no_shell);
	tcase_add_test(tc, environment_is_two_variables);
	tcase_add_test(tc, standard_input_is_empty);
	tcase_add_test(tc, standard_input_is_as_given_and_stays_open);
	tcase_add_test(tc, standard_input_has_a_bound);
	tcase_add_test(tc, folder_is_root_or_as_asked);
	tcase_add_test(tc, descriptors_stay_here);
	tcase_add_test(tc, signals_start_afresh);
	tcase_add_test(tc, privileges_stay_here);
	tcase_add_test(tc, a_profile_of_its_own_is_all_it_may_gain);
	tcase_add_test(tc, no_core_file_whatever_the_limit);
	tcase_add_test(tc, its_files_are_nobody_elses);
	tcase_add_test(tc, works_without_standard_descriptors);
	return tc;
}

static TCase *keep_case(void)
{
	TCase *tc = tcase_create("keep");

	tcase_add_test(tc, output_is_replaced_or_dropped);
	tcase_add_test(tc, output_of_a_failure_is_kept);
	tcase_add_test(tc, output_has_a_bound);
	tcase_add_test(tc, failure_is_told_in_its_own_words);
	tcase_add_test(tc, warnings_are_no_failure);
	tcase_add_test(tc, of_much_the_end_is_kept);
	tcase_add_test(tc, a_line_without_end_is_cut);
	tcase_add_test(tc, both_streams_at_once);
	return tc;
}

static TCase *end_case(void)
{
	TCase *tc = tcase_create("end");

	tcase_add_test(tc, a_hang_is_killed);
	tcase_add_test(tc, a_process_left_behind_is_not_waited_for);
	tcase_add_test(tc, signals_of_ours_do_not_disturb);
	tcase_add_test(tc, what_cannot_be_run_is_refused);
	tcase_add_test(tc, nothing_to_run_is_refused);
	tcase_add_test(tc, a_folder_that_is_none_is_refused);
	tcase_add_test(tc, without_descriptors_nothing_is_left);
	return tc;
}

int main(void)
{
	TCase *cases[] = { inherit_case(), keep_case(), end_case() };
	Suite *s = suite_create("base/run");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tcase_add_checked_fixture(cases[i], setup, teardown);
		suite_add_tcase(s, cases[i]);
	}
	return suite_run(s);
}
