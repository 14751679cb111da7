/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confinement of processes that have a part of it each, as it is told of a VM. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/record.h"
#include "vm/confinement.h"
#include "store_lab.h"

static struct vm_host host;
static struct vm_dir dir;
static struct vm_info info;
static struct vm_confinement got;
static pid_t child;

static void setup(void)
{
	lab_setup();
	lab_make_vm("web1");
	dir = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
	info = (struct vm_info){ .name = "web1" };
	got = (struct vm_confinement){ .cgroup = NULL };
	child = -1;
}

static void end_child(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = -1;
}

static void teardown(void)
{
	end_child();
	vm_confinement_done(&got);
	vm_dir_done(&dir);
	lab_teardown();
}

/* It holds nothing of the test's but what prepare() opens; the folders are for that alone. */
static noreturn void child_run(int ready_fd, bool (*prepare)(void))
{
	const int folders[] = { dir.fd, dir.run_fd, lab_dir.fd };
	char ready;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 0; fd < 256; fd++)
		if (fd != ready_fd && fd != folders[0] && fd != folders[1] && fd != folders[2])
			close(fd);
	ready = !prepare || prepare();
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		close(folders[i]);
	if (write(ready_fd, &ready, 1) == 1)
		pause();
	_exit(1);
}

/* A process in new namespaces that has done that; it is the VM's from now on. */
static void run(unsigned long namespaces, bool (*prepare)(void))
{
	int pipe_fds[2];
	char ready = 0;

	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	child = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	ck_assert_int_ge(child, 0);
	if (!child)
		child_run(pipe_fds[1], prepare);
	close(pipe_fds[1]);
	ck_assert_int_eq(read(pipe_fds[0], &ready, 1), 1);
	close(pipe_fds[0]);
	ck_assert_msg(ready, "the process could not be prepared");
	suite_assert_ok(process_identify(child, &info.process, &lab_err), lab_err);
}

static void look(void)
{
	vm_confinement_done(&got);
	vm_confinement_get(&host, &info, &got);
}

static bool found(const char *finding)
{
	for (size_t i = 0; i < got.findings.n; i++)
		if (strstr(got.findings.v[i], finding))
			return true;
	return false;
}

static void assert_layers(unsigned int on, unsigned int missing)
{
	for (unsigned int i = 0; i < LAYERS; i++) {
		enum vm_layer_state state = on & LAYER_BIT(i)	     ? VM_LAYER_ON
					    : missing & LAYER_BIT(i) ? VM_LAYER_MISSING
								     : VM_LAYER_UNKNOWN;

		ck_assert_msg(got.layers[i].state == state, "%s is %s", layer_words[i],
			      vm_layer_state_words[got.layers[i].state]);
	}
}

#define TOLD (LAYER_BIT(LAYER_KEYRING) | LAYER_BIT(LAYER_LANDLOCK))
#define NAMESPACES                                                                                 \
	(LAYER_BIT(LAYER_PID) | LAYER_BIT(LAYER_NET) | LAYER_BIT(LAYER_IPC) |                      \
	 LAYER_BIT(LAYER_UTS) | LAYER_BIT(LAYER_CGROUP_NS))

static void assert_unknown(void)
{
	assert_layers(0, 0);
	ck_assert_int_eq(got.uid, -1);
	ck_assert_int_eq(got.no_new_privs, -1);
	ck_assert(!got.has_capabilities && !got.has_descriptors && !got.has_priority);
	ck_assert_uint_eq(got.findings.n, 0);
}

START_TEST(test_unconfined)
{
	run(0, NULL);
	look();
	assert_layers(0, LAYERS_ALL & ~TOLD);
	ck_assert_int_eq(got.uid, geteuid());
	ck_assert_int_eq(found("runs as root"), geteuid() == 0);
	ck_assert(found("lacks a root of its own"));
	ck_assert(found("lacks a system call filter"));
	ck_assert(found("may gain privileges"));
	ck_assert(!found("Landlock"));
}
END_TEST

START_TEST(test_no_process)
{
	look();
	assert_unknown();
	run(0, NULL);
	info.process.start_ticks++;
	look();
	assert_unknown();
	end_child();
	info.process.start_ticks--;
	look();
	assert_unknown();
	snprintf(info.name, sizeof(info.name), "nobody");
	look();
	assert_unknown();
}
END_TEST

START_TEST(test_recorded)
{
	suite_assert_ok(record_missing_write(&dir, LAYER_BIT(LAYER_LANDLOCK), &lab_err), lab_err);
	run(0, NULL);
	look();
	assert_layers(LAYER_BIT(LAYER_KEYRING), LAYERS_ALL & ~LAYER_BIT(LAYER_KEYRING));
	ck_assert(got.layers[LAYER_LANDLOCK].allowed && got.layers[LAYER_LANDLOCK].as_launched);
	ck_assert(!got.layers[LAYER_ROOT].allowed);
	ck_assert(!found("Landlock"));
}
END_TEST

/* What was launched counts, and not what may be missing by now. */
START_TEST(test_allowed)
{
	strv_push(&host.config.allow_missing, "root");
	run(0, NULL);
	look();
	ck_assert(got.layers[LAYER_ROOT].allowed);
	ck_assert(!got.layers[LAYER_PID].allowed);
	ck_assert(!found("lacks a root of its own"));
	suite_assert_ok(record_missing_write(&dir, 0, &lab_err), lab_err);
	look();
	ck_assert(!got.layers[LAYER_ROOT].allowed);
	ck_assert(found("lacks a root of its own"));
	strv_done(&host.config.allow_missing);
}
END_TEST

START_TEST(test_unreadable_record)
{
	suite_put(dir.run_fd, "missing", "everything\n");
	run(0, NULL);
	look();
	assert_layers(0, LAYERS_ALL & ~TOLD);
}
END_TEST

START_TEST(test_no_cgroup)
{
	run(0, NULL);
	look();
	ck_assert(got.cgroup_unasked && got.cgroup_note);
	xreplace(&host.config.cgroup, "off");
	look();
	ck_assert(got.cgroup_unasked);
	ck_assert_str_eq(got.cgroup_note, "cgroups are switched off in the configuration");
	xreplace(&host.config.cgroup, "/nothing");
	look();
	ck_assert(!got.cgroup_unasked);
	ck_assert_ptr_nonnull(strstr(got.cgroup_note, "open cgroup '/nothing'"));
	xreplace(&host.config.cgroup, "auto");
	lab_config.cgroup = host.config.cgroup;
}
END_TEST

/* Somebody has moved it: that is nothing that was allowed. */
START_TEST(test_another_cgroup)
{
	suite_assert_ok(record_cgroup_write(&dir, "/sys/fs/cgroup/nothing/web1", 0, &lab_err),
			lab_err);
	suite_assert_ok(record_missing_write(&dir, 0, &lab_err), lab_err);
	run(0, NULL);
	look();
	if (!got.cgroup)
		return; /* no cgroup v2 at all */
	ck_assert(!got.cgroup_unasked && !got.layers[LAYER_CGROUP].allowed);
	ck_assert_ptr_nonnull(strstr(got.cgroup_note, ", not in /sys/fs/cgroup/nothing/web1"));
	ck_assert(!strncmp(got.cgroup_note, "it is in /", strlen("it is in /")));
}
END_TEST

static bool make_root(const char *options, unsigned long flags)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/tmp", "tmpfs", 0, options) < 0 || mkdir("/tmp/dir", 0700) < 0 ||
	    chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0)
		return false;
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | flags, NULL) == 0;
}

static bool root_read_only(void)
{
	return make_root("size=64k", MS_RDONLY);
}

static bool root_writable(void)
{
	return make_root("size=64k", 0);
}

/* As a user who may make them in a namespace of his own. */
static unsigned long with_user(unsigned long flags)
{
	return geteuid() ? flags | CLONE_NEWUSER : flags;
}

static const unsigned long all_namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
					    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

START_TEST(test_own_namespaces)
{
	run(with_user(all_namespaces), root_read_only);
	look();
	assert_layers(NAMESPACES | LAYER_BIT(LAYER_ROOT),
		      LAYER_BIT(LAYER_SECCOMP) | LAYER_BIT(LAYER_CGROUP));
	ck_assert_int_eq(got.inner_pid, 1);
	ck_assert_int_eq(got.mounts, 1);
	ck_assert(!found("may write to"));
}
END_TEST

START_TEST(test_root_is_writable)
{
	run(with_user(CLONE_NEWNS), root_writable);
	look();
	ck_assert_int_eq(got.layers[LAYER_ROOT].state, VM_LAYER_ON);
	ck_assert(found("may write to what is mounted at '/'"));
}
END_TEST

/* A namespace of its own with all that the host has is no root of its own. */
START_TEST(test_mount_namespace_alone)
{
	run(with_user(CLONE_NEWNS), NULL);
	look();
	ck_assert_int_eq(got.layers[LAYER_ROOT].state, VM_LAYER_MISSING);
}
END_TEST

static const struct {
	unsigned long flag;
	enum layer layer;
} namespaces[] = {
	{ CLONE_NEWPID, LAYER_PID },	      { CLONE_NEWNET, LAYER_NET },
	{ CLONE_NEWIPC, LAYER_IPC },	      { CLONE_NEWUTS, LAYER_UTS },
	{ CLONE_NEWCGROUP, LAYER_CGROUP_NS },
};

START_TEST(test_one_namespace)
{
	run(with_user(namespaces[_i].flag), NULL);
	look();
	assert_layers(LAYER_BIT(namespaces[_i].layer),
		      LAYERS_ALL & ~TOLD & ~LAYER_BIT(namespaces[_i].layer));
}
END_TEST

static bool with_folder(void)
{
	return open("/", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool with_device(void)
{
	return open("/dev/zero", O_RDONLY) >= 0;
}

static bool with_null(void)
{
	return open("/dev/null", O_RDWR) >= 0;
}

static bool with_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool with_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool with_unix(void)
{
	int pair[2];

	return !socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static bool with_file(void)
{
	return openat(lab_dir.fd, "strange", O_RDWR | O_CREAT, 0600) >= 0;
}

static bool with_file_to_read(void)
{
	return open("/proc/version", O_RDONLY) >= 0;
}

static bool with_own_file(void)
{
	return openat(dir.fd, "disk", O_RDWR | O_CREAT, 0600) >= 0 &&
	       openat(dir.run_fd, "log", O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool with_memory(void)
{
	return syscall(SYS_memfd_create, "guest", 0U) >= 0;
}

static bool with_core(void)
{
	const struct rlimit limit = { .rlim_cur = 2, .rlim_max = 2 };

	return !setrlimit(RLIMIT_CORE, &limit);
}

static const struct {
	bool (*prepare)(void);
	const char *finding;
	bool found;
} holdings[] = {
	{ with_folder, "holds the folder '/'", true },
	{ with_device, "holds the device '/dev/zero'", true },
	{ with_null, "holds", false },
	{ with_tcp, "has a socket of protocol TCP", true },
	{ with_netlink, "has a socket of protocol NETLINK", true },
	{ with_unix, "has a socket", false },
	{ with_file, "/strange'", true },
	{ with_file_to_read, "may write '", false },
	{ with_own_file, "may write '", false },
	{ with_memory, "may write '", false },
	{ with_core, "core file", true },
};

START_TEST(test_holdings)
{
	run(0, holdings[_i].prepare);
	look();
	ck_assert_int_eq(found(holdings[_i].finding), holdings[_i].found);
}
END_TEST

START_TEST(test_descriptors_are_counted)
{
	run(0, with_unix);
	look();
	ck_assert(got.has_descriptors);
	ck_assert_uint_eq(got.descriptors.sockets, 2);
	ck_assert_uint_eq(got.descriptors.pipes, 1);
	ck_assert_uint_eq(got.descriptors.files + got.descriptors.other, 0);
}
END_TEST

static bool with_priority(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	return fd >= 0 && write(fd, "77", 2) == 2 && !close(fd) && nice(3) >= 0;
}

START_TEST(test_priority)
{
	int before = nice(0);

	run(0, with_priority);
	look();
	ck_assert(got.has_priority);
	ck_assert_int_eq(got.nice, before + 3);
	ck_assert_int_eq(got.oom_score_adj, 77);
	ck_assert_str_ne(got.cpus, "");
}
END_TEST

/* The name has what the fields after it could be taken for. */
static bool with_name(void)
{
	return !prctl(PR_SET_NAME, "a) R 1 1\nUid:\t5") && nice(5) >= 0;
}

START_TEST(test_name_is_hostile)
{
	int before = nice(0);

	run(0, with_name);
	look();
	ck_assert_int_eq(got.uid, geteuid());
	ck_assert_int_eq(got.nice, before + 5);
}
END_TEST

static TCase *confinement_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

/* What takes namespaces is left out where they cannot be made. */
static void add_namespaces(Suite *suite)
{
	TCase *tcase = confinement_case("namespaces");
	pid_t pid = (pid_t)syscall(SYS_clone, with_user(all_namespaces) | SIGCHLD, NULL, NULL, NULL,
				   NULL);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else if (suite_leave_out("namespaces", "they cannot be made here"))
		return;
	tcase_add_test(tcase, test_own_namespaces);
	tcase_add_test(tcase, test_root_is_writable);
	tcase_add_test(tcase, test_mount_namespace_alone);
	tcase_add_loop_test(tcase, test_one_namespace, 0, (int)ARRAY_SIZE(namespaces));
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("confinement");
	TCase *tcase = confinement_case("processes");

	tcase_add_test(tcase, test_unconfined);
	tcase_add_test(tcase, test_no_process);
	tcase_add_test(tcase, test_recorded);
	tcase_add_test(tcase, test_no_cgroup);
	tcase_add_test(tcase, test_another_cgroup);
	tcase_add_test(tcase, test_allowed);
	tcase_add_test(tcase, test_unreadable_record);
	tcase_add_loop_test(tcase, test_holdings, 0, (int)ARRAY_SIZE(holdings));
	tcase_add_test(tcase, test_descriptors_are_counted);
	tcase_add_test(tcase, test_priority);
	tcase_add_test(tcase, test_name_is_hostile);
	suite_add_tcase(suite, tcase);
	add_namespaces(suite);
	return suite_run(suite);
}
