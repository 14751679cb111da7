/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a taken-over QEMU may try: denied with all layers, and by which of them. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "attack_host.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "fixture.h"

/*
 * Each line says which layers deny an attack, each of them alone. Where there is none, it is the
 * uid without capabilities or no_new_privs, which have no switch; that these attacks are attacks
 * is shown by root, who gets through with all of them.
 */
enum {
	ROOT = LAYER_BIT(LAYER_ROOT),
	PID = LAYER_BIT(LAYER_PID),
	NET = LAYER_BIT(LAYER_NET),
	IPC = LAYER_BIT(LAYER_IPC),
	UTS = LAYER_BIT(LAYER_UTS),
	CGROUP_NS = LAYER_BIT(LAYER_CGROUP_NS),
	KEYRING = LAYER_BIT(LAYER_KEYRING),
	LANDLOCK = LAYER_BIT(LAYER_LANDLOCK),
	SECCOMP = LAYER_BIT(LAYER_SECCOMP),
	CGROUP = LAYER_BIT(LAYER_CGROUP),
	IDENTITY = 0,

	/* Those that deny something alone. What keyring and cgroup-ns deny, others do, too. */
	SINGLE = ROOT | PID | NET | IPC | UTS | LANDLOCK | SECCOMP,
};

static const struct line {
	const char *name;
	unsigned int denied_by;
	int abi; /* of Landlock, from which on it is among these */
	bool (*lacking)(void); /* whether this kernel has nothing to attack there */
} lines[] = {
	{ "netlink", NET | SECCOMP, 0, NULL },
	{ "vsock", SECCOMP, 0, lacks_vsock },
	{ "inet", SECCOMP, 0, NULL },
	{ "raw", IDENTITY, 0, NULL },
	{ "packet", IDENTITY, 0, NULL },
	{ "tcp", NET | SECCOMP | LANDLOCK, 4, NULL },
	{ "udp", NET | SECCOMP, 0, NULL },
	{ "abstract_connect", NET | SECCOMP | LANDLOCK, 6, NULL },
	{ "abstract_send", NET | SECCOMP | LANDLOCK, 6, NULL },
	{ "abstract_guess", NET | SECCOMP, 0, NULL },
	{ "path_connect", ROOT | SECCOMP, 0, NULL },
	{ "path_send", ROOT | SECCOMP, 0, NULL },
	{ "path_send_raw", ROOT | SECCOMP, 0, NULL },
	{ "path_send_high", ROOT | SECCOMP, 0, NULL },
	{ "path_send_pair", ROOT | SECCOMP, 0, NULL },
	{ "listener_bind", SECCOMP | LANDLOCK, 4, NULL },
	{ "listener_connect", SECCOMP | LANDLOCK, 4, NULL },
	{ "listener_fast_open", SECCOMP, 0, NULL }, /* see is_settled() */
	{ "link_guess", NET, 0, NULL },
	{ "link_index", NET | SECCOMP, 0, NULL },
	{ "link_index_high", NET | SECCOMP, 0, NULL },
	{ "tap_persist", SECCOMP, 0, NULL },
	{ "tap_persist_high", SECCOMP, 0, NULL },
	{ "tap_owner", SECCOMP, 0, NULL },
	{ "tap_group", SECCOMP, 0, NULL },
	{ "tap_link", SECCOMP, 0, NULL },
	{ "tap_address", SECCOMP, 0, NULL },
	{ "tap_tx_filter", SECCOMP, 0, NULL },
	{ "tap_filter", SECCOMP, 0, NULL },
	{ "tap_unfilter", SECCOMP, 0, NULL },
	{ "tap_ebpf", SECCOMP, 0, NULL },
	{ "tap_carrier", SECCOMP, 0, NULL },
	{ "tap_debug", SECCOMP, 0, NULL },
	{ "tap_namespace", IDENTITY, 0, NULL },

	{ "read", ROOT | LANDLOCK, 1, NULL },
	{ "list", LANDLOCK, 1, NULL },
	{ "find", ROOT, 0, NULL },
	{ "create", ROOT | LANDLOCK, 1, NULL },
	{ "create_shown", ROOT | LANDLOCK, 1, NULL },
	{ "fifo", ROOT | LANDLOCK, 1, NULL },
	{ "device", IDENTITY, 0, NULL },
	{ "tun", ROOT | LANDLOCK, 1, lacks_open_tun },
	{ "proc", ROOT | LANDLOCK, 1, NULL },
	{ "proc_cgroup", ROOT | LANDLOCK | CGROUP_NS, 1, lacks_cgroup },
	{ "execute", ROOT | LANDLOCK, 1, NULL },
	{ "suid", IDENTITY, 0, NULL },
	{ "root_secret", IDENTITY, 0, NULL },
	{ "group_secret", IDENTITY, 0, NULL },
	{ "mount", IDENTITY, 0, NULL },
	{ "mount_in_user", SECCOMP | LANDLOCK, 1, NULL },
	{ "open_tree", SECCOMP, 0, NULL },
	{ "fsopen", IDENTITY, 0, NULL },
	{ "chroot", IDENTITY, 0, NULL },
	{ "handle", SECCOMP, 0, NULL },
	{ "open_handle", IDENTITY, 0, NULL },
	{ "fanotify", SECCOMP, 0, lacks_fanotify },

	{ "user_clone", SECCOMP, 0, NULL },
	{ "user_clone3", SECCOMP, 0, NULL },
	{ "user_unshare", SECCOMP, 0, NULL },
	{ "key", KEYRING | SECCOMP, 0, NULL },
	{ "user_keyring", SECCOMP, 0, NULL },
	{ "uring", SECCOMP, 0, lacks_uring },
	{ "bpf", SECCOMP, 0, NULL },
	{ "perf", SECCOMP, 0, NULL },
	{ "personality", SECCOMP, 0, NULL },
	{ "32_bit", SECCOMP, 0, lacks_32_bit },
	{ "signal", PID | LANDLOCK, 6, NULL },
	{ "signal_root", IDENTITY, 0, NULL },
	{ "trace", PID | SECCOMP | LANDLOCK, 1, NULL },
	{ "memory", PID | SECCOMP | LANDLOCK, 1, NULL },
	{ "take_fd", PID | SECCOMP | LANDLOCK, 1, NULL },
	{ "compare", PID | SECCOMP | LANDLOCK, 1, NULL },
	{ "slow_down", PID, 0, NULL },
	{ "shm", IPC, 0, NULL },
	{ "host_name", UTS, 0, NULL },
	{ "rename_host", IDENTITY, 0, NULL },
	{ "multiply", CGROUP, 0, lacks_pids_max },
	{ "type", SECCOMP, 0, lacks_typing },
	{ "setuid", IDENTITY, 0, NULL },
	{ "setgroups", IDENTITY, 0, NULL },
	{ "capability", IDENTITY, 0, NULL },
};

static bool lacking[ARRAY_SIZE(lines)];
static long landlock_abi;

static void find_what_is_lacking(void)
{
	landlock_abi = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		lacking[i] = lines[i].lacking && lines[i].lacking();
		if (lacking[i])
			suite_kernel_lacks(lines[i].name, "what is attacked there");
	}
}

static void plan_attack(const char *mode)
{
	strv_push(&plan_argv, mode);
	strv_push(&plan_argv, host.folder.path);
	strv_push(&plan_argv, jail_folder);
	strv_pushf(&plan_argv, "%d", (int)host.prey);
	strv_push(&plan_argv, host.prey_address);
	strv_pushf(&plan_argv, "%d", (int)getpid());
	strv_pushf(&plan_argv, "%d", host.key);
	plan_pass(host.tap, ATTACK_TAP);
	plan_pass(host.terminal, ATTACK_TERMINAL);
	plan_pass(host.listener, ATTACK_LISTENER);
	plan_pass(host.listener_too, ATTACK_LISTENER_TOO);
}

static bool is_denied(const struct line *line, unsigned int layers)
{
	unsigned int by = line->denied_by;

	if (line->abi > landlock_abi)
		by &= ~(unsigned int)LANDLOCK;
	return line->denied_by == IDENTITY || (layers & by);
}

/* Landlock has let MSG_FASTOPEN pass where it denies connect(2); one day it will not. */
static bool is_settled(const struct line *line, unsigned int layers)
{
	return strcmp(line->name, "listener_fast_open") || !(layers & LANDLOCK) || layers & SECCOMP;
}

static void assert_lines(unsigned int layers, bool as_root)
{
	AUTO_BUF wrong = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		bool denied = !as_root && is_denied(&lines[i], layers);
		const char *value = report_value(lines[i].name);

		ck_assert_msg(*value, "'%s' was not tried", lines[i].name);
		if (!lacking[i] && is_settled(&lines[i], layers) &&
		    denied == !strcmp(value, "done"))
			buf_printf(&wrong, "\n  %s: %s", lines[i].name, value);
	}
	ck_assert(report_line("end"));
	if (wrong.len) {
		buf_printf(&wrong, "\n  with the layers: ");
		layers_format(layers, &wrong);
	}
	ck_assert_msg(!wrong.len, "%s", buf_str(&wrong));
}

static bool anything_done(void)
{
	bool done = false;

	for (size_t i = 0; i < ARRAY_SIZE(lines) && !done; i++)
		done = !lacking[i] && !strcmp(report_value(lines[i].name), "done");
	return done;
}

static void attack_with(unsigned int layers)
{
	plan_attack("attack");
	plan.layers = layers;
	plan.cgroup_fd = layers & CGROUP ? host.limited_fd : host.cgroup_fd;
	launch_plan_run();
	ck_assert_uint_eq(launch.missing, 0);
	report_read_all();
	ck_assert_int_eq(launch_wait(), 0);
	assert_lines(layers, false);
}

START_TEST(test_all_layers)
{
	attack_with(LAYERS_ALL);
}
END_TEST

START_TEST(test_no_layer)
{
	attack_with(0);
}
END_TEST

START_TEST(test_all_but_one)
{
	unsigned int layer = LAYER_BIT(_i);

	attack_with(LAYERS_ALL & ~layer);
	ck_assert_int_eq(anything_done(), layer & SINGLE || (layer == CGROUP && host.has_pids_max));
}
END_TEST

START_TEST(test_one_alone)
{
	attack_with(LAYER_BIT(_i));
}
END_TEST

/* Mounts and names are for its own namespaces. */
static void root_attacks(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
		_exit(1);
	for (size_t i = 0; i < plan.n_fds; i++)
		if (dup2(plan.fds[i].source, 100 + plan.fds[i].target) < 0)
			_exit(1);
	for (size_t i = 0; i < plan.n_fds; i++)
		if (dup2(100 + plan.fds[i].target, plan.fds[i].target) < 0)
			_exit(1);
	execv(plan.program, plan_argv.v);
	_exit(1);
}

START_TEST(test_root_gets_through)
{
	int status, go[2];
	char word;
	pid_t pid;

	plan_attack("attack");
	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &word, 1) == 1)
			root_attacks();
		_exit(1);
	}
	ck_assert_int_gt(pid, 0);
	host_join_cgroup(pid);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	report_read_all();
	report_release();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	assert_lines(0, true);
	close(go[0]);
	close(go[1]);
}
END_TEST

static const struct {
	const char *name;
	bool works;
} uses[] = {
	{ "use_null", true },
	{ "use_libraries", true },
	{ "use_program", true },
	{ "use_given_to_read", true },
	{ "use_given_to_write", true },
	{ "use_given_folder", true },
	{ "use_threads", true },
	{ "use_memory_file", true },
	{ "use_page_faults", true },
	{ "use_sockets", true },
	{ "use_listener", true },
	{ "use_tap", true },
	{ "write_given_to_read", false },
	{ "execute_given", false },
	{ "pipe_in_given", false },
	{ "link_in_given", false },
};

static void give(const char *name, const char *target, bool writable)
{
	int fd = openat(host.folder.fd, name, O_PATH | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	plan.files[plan.n_files++] = (struct launch_file){ fd, target, writable };
}

/* Without /dev/kvm, and with it. */
START_TEST(test_what_is_needed_works)
{
	bool kvm = _i && access("/dev/kvm", F_OK) == 0;

	suite_put(host.folder.fd, "write", "");
	ck_assert_int_eq(fchmodat(host.folder.fd, "write", 0666, 0), 0);
	give("program", ATTACK_GIVEN "/read", false);
	give("write", ATTACK_GIVEN "/write", true);
	give("open", ATTACK_GIVEN "/folder", true);
	plan_attack("use");
	plan.kvm = kvm;
	launch_plan_run();
	report_read_all();
	ck_assert_int_eq(launch_wait(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		ck_assert_msg(!strcmp(report_value(uses[i].name), "done") == uses[i].works,
			      "%s: '%s'", uses[i].name, report_value(uses[i].name));
	ck_assert_int_eq(!strcmp(report_value("use_kvm"), "done"), kvm);
	for (size_t i = 0; i < plan.n_files; i++)
		close(plan.files[i].source);
}
END_TEST

static const struct {
	enum layer layer;
	const char *name;
} spaces[] = {
	{ LAYER_ROOT, "mnt" }, { LAYER_PID, "pid" }, { LAYER_NET, "net" },
	{ LAYER_IPC, "ipc" },  { LAYER_UTS, "uts" }, { LAYER_CGROUP_NS, "cgroup" },
};

static ino_t space_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_ino;
}

/* With all layers, and with all but the i-th. */
START_TEST(test_namespaces_from_outside)
{
	unsigned int layers = LAYERS_ALL;

	if (_i < (int)ARRAY_SIZE(spaces))
		layers &= ~LAYER_BIT(spaces[_i].layer);
	plan.layers = layers;
	launch_plan_run();
	report_read_all();
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		ck_assert_msg((space_of(launch.id.pid, spaces[i].name) ==
			       space_of(getpid(), spaces[i].name)) ==
				      !(layers & LAYER_BIT(spaces[i].layer)),
			      "%s", spaces[i].name);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

static TCase *case_attack(void)
{
	TCase *tcase = tcase_create("attack");

	tcase_add_unchecked_fixture(tcase, host_folder_make, jail_folder_remove);
	tcase_add_checked_fixture(tcase, host_make, host_end);
	tcase_add_test(tcase, test_root_gets_through);
	tcase_add_test(tcase, test_all_layers);
	tcase_add_test(tcase, test_no_layer);
	tcase_add_loop_test(tcase, test_all_but_one, 0, LAYERS);
	tcase_add_loop_test(tcase, test_one_alone, 0, LAYERS);
	tcase_add_loop_test(tcase, test_what_is_needed_works, 0, 2);
	tcase_add_loop_test(tcase, test_namespaces_from_outside, 0, ARRAY_SIZE(spaces) + 1);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("attack");
	char *self = xstrdup(argv[0]), program[PATH_MAX];
	int r;

	(void)argc;
	suite_add_tcase(suite, case_attack());
	snprintf(program, sizeof(program), "%s/attack", dirname(self));
	setenv("MNMIVM_PROBE", program, 0);
	free(self);
	if (geteuid() == 0) {
		host_cgroups_make();
		find_what_is_lacking();
	}
	r = jail_main(suite, argv);
	host_cgroups_remove();
	return r;
}
