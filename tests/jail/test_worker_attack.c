/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker cannot do, and which of its layers holds it: each is taken away in turn. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/jail/child.h"
#include "base/alloc.h"
#include "worker_fixture.h"

/* Layers that are taken away, by calls that do nothing. */
enum { FILTER = 1, LANDLOCK = 2, COMBINATIONS = 4 };
static unsigned int layers;

int __real_filter_install(struct child *child);
int __wrap_filter_install(struct child *child);
int __real_landlock_confine_worker(struct child *child, bool network);
int __wrap_landlock_confine_worker(struct child *child, bool network);

int __wrap_filter_install(struct child *child)
{
	return layers & FILTER ? __real_filter_install(child) : 0;
}

int __wrap_landlock_confine_worker(struct child *child, bool network)
{
	return layers & LANDLOCK ? __real_landlock_confine_worker(child, network) : 0;
}

/*
 * OTHER: ids, capabilities, limits and namespaces hold it without the two. A bit below each of
 * these is for one kind of worker: what is set for both is held in both.
 */
enum held {
	OTHER = 4,
	PERHAPS = 8, /* the kernel may refuse it by itself, or not know it */
	LANDLOCK_3 = 16, /* of Landlock since that version */
	LANDLOCK_4 = 32,
	LANDLOCK_6 = 64,
};

static long landlock_abi;
static struct suite_tmpdir folder;
static pid_t victim; /* of the worker's uid */
static int listener, unix_listener;
static struct sockaddr_in listener_address;
static struct sockaddr_un abstract_address;

static const char *in_folder(const char *name)
{
	static char paths[2][256];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder.path, name);
	return path;
}

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int try_read(void)
{
	return result(open(in_folder("file"), O_RDONLY | O_CLOEXEC));
}

static int try_list(void)
{
	return result(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int try_secret(void)
{
	return result(open(in_folder("secret"), O_RDONLY | O_CLOEXEC));
}

static int try_etc(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_environment(void)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/environ", (int)victim);

	return result(open(path, O_RDONLY | O_CLOEXEC));
}

static int try_open_to_write(void)
{
	return result(open(in_folder("file"), O_WRONLY | O_CLOEXEC));
}

static int try_write(void)
{
	int fd = open(in_folder("file"), O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : result(write(fd, "x", 1));
}

static int try_create(void)
{
	return result(open(in_folder("new"), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_tmpfile(void)
{
	return result(open(folder.path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
}

static int try_openat2(void)
{
	const uint64_t how[3] = { O_WRONLY };

	return result(syscall(SYS_openat2, AT_FDCWD, in_folder("file"), how, sizeof(how)));
}

static int try_truncate(void)
{
	return result(truncate(in_folder("file"), 0));
}

static int try_touch(void)
{
	return result(utimensat(AT_FDCWD, in_folder("file"), NULL, 0));
}

static int try_mkdir(void)
{
	return result(mkdirat(AT_FDCWD, in_folder("new-folder"), 0700));
}

static int try_unlink(void)
{
	return result(unlinkat(AT_FDCWD, in_folder("victim"), 0));
}

static int try_rename(void)
{
	return result(renameat(AT_FDCWD, in_folder("old"), AT_FDCWD, in_folder("older")));
}

static int try_symlink(void)
{
	return result(symlinkat("x", AT_FDCWD, in_folder("new-link")));
}

static int try_fifo(void)
{
	return result(mknodat(AT_FDCWD, in_folder("new-fifo"), S_IFIFO | 0600, 0));
}

static int try_memfd(void)
{
	return result(syscall(SYS_memfd_create, "x", 0));
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : result(waitpid(pid, NULL, 0));
}

static int try_ptrace(void)
{
	return result(ptrace(PTRACE_SEIZE, victim, NULL, NULL));
}

static int try_ptrace_parent(void)
{
	return result(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static int try_read_memory(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &layers, 1 };

	return result(process_vm_readv(victim, &here, 1, &there, 1, 0));
}

static int try_signal(void)
{
	return result(kill(victim, 0));
}

/* As a descriptor becomes ready; whom that may be is asked only then, by Landlock, too. */
static int try_own(void)
{
	return result(fcntl(STDIN_FILENO, F_SETOWN, victim));
}

static int try_own_more(void)
{
	const struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = victim };

	return result(fcntl(STDIN_FILENO, F_SETOWN_EX, &owner));
}

static int try_choose_signal(void)
{
	return result(fcntl(STDIN_FILENO, F_SETSIG, SIGKILL));
}

static int try_own_socket(void)
{
	int pair[2], pid = victim;

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0
		       ? errno
		       : result(ioctl(pair[0], FIOSETOWN, &pid));
}

static int try_signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int try_limit_other(void)
{
	const uint64_t none[2] = { 0, 1 };

	return result(syscall(SYS_prlimit64, victim, 0 /* RLIMIT_CPU */, none, NULL));
}

static int try_schedule_other(void)
{
	return result(setpriority(PRIO_PROCESS, (id_t)victim, 19));
}

static int try_outlive(void)
{
	return result(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int try_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int try_raise_limit(void)
{
	const uint64_t more[2] = { 4096, 4096 };

	return result(syscall(SYS_prlimit64, 0, 1 /* RLIMIT_FSIZE */, more, NULL));
}

static int try_setuid(void)
{
	return result(syscall(SYS_setuid, 0));
}

static int try_user_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int try_chroot(void)
{
	return result(chroot("/"));
}

static int map_anonymous(int protection, int flags)
{
	void *v = mmap(NULL, 4096, protection, flags | MAP_ANONYMOUS, -1, 0);

	return v == MAP_FAILED ? errno : 0;
}

static int try_map_code(void)
{
	return map_anonymous(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
}

static int try_protect_code(void)
{
	void *v = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return v == MAP_FAILED ? 0 : result(mprotect(v, 4096, PROT_READ | PROT_EXEC));
}

static int try_map_shared(void)
{
	return map_anonymous(PROT_READ | PROT_WRITE, MAP_SHARED);
}

static int try_shm(void)
{
	return result(shmget(IPC_PRIVATE, 4096, 0600));
}

static int try_io_uring(void)
{
	char params[120] = { 0 };

	return result(syscall(425, 1, params));
}

static int try_bpf(void)
{
	char attr[128] = { 0 };

	attr[0] = 2; /* an array of 1 */
	attr[4] = attr[8] = attr[12] = 4;
	return result(syscall(SYS_bpf, 0 /* BPF_MAP_CREATE */, attr, sizeof(attr)));
}

static int try_userfaultfd(void)
{
	return result(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}

static int try_keyring(void)
{
	return result(syscall(SYS_keyctl, 0 /* get its id */, -4 /* the user's */, 1));
}

static int try_inotify(void)
{
	return result(syscall(SYS_inotify_init1, 0));
}

static int open_socket(int family, int type, int protocol)
{
	return result(socket(family, type, protocol));
}

static int try_packet(void)
{
	return open_socket(AF_PACKET, SOCK_RAW, 0);
}

static int try_vsock(void)
{
	return open_socket(40 /* AF_VSOCK */, SOCK_STREAM, 0);
}

static int try_alg(void)
{
	return open_socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0);
}

static int try_generic_netlink(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, 16 /* NETLINK_GENERIC */);
}

static int try_route(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, 0);
}

static int try_mptcp(void)
{
	return open_socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
}

static int try_unix(void)
{
	return open_socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_unix_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? errno
		      : result(connect(fd, (const struct sockaddr *)&abstract_address,
				       sizeof(sa_family_t) + 9));
}

static int try_unix_datagrams(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int try_unix_streams(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int try_bind(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? errno : result(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static int try_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? errno : result(listen(fd, 1));
}

static int try_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? errno
		      : result(connect(fd, (const struct sockaddr *)&listener_address,
				       sizeof(listener_address)));
}

/* By kind of worker: without network, with it. */
static const struct
try {
	const char *name;
	int (*function)(void);
	unsigned int held[2];
}
tries[] = {
	{ "read a file", try_read, { FILTER | LANDLOCK, LANDLOCK } },
	{ "list a folder", try_list, { FILTER | LANDLOCK, LANDLOCK } },
	{ "read a secret", try_secret, { OTHER, OTHER } },
	{ "read /etc", try_etc, { FILTER | LANDLOCK, 0 } },
	{ "read another's environment", try_environment, { FILTER | LANDLOCK, LANDLOCK } },
	{ "open a file to write", try_open_to_write, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "write a file", try_write, { OTHER, OTHER } },
	{ "create a file", try_create, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "create a file without a name", try_tmpfile, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "open by openat2", try_openat2, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "truncate", try_truncate, { FILTER | LANDLOCK_3, FILTER | LANDLOCK_3 } },
	{ "touch", try_touch, { FILTER, FILTER } },
	{ "make a folder", try_mkdir, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "remove a file", try_unlink, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "rename a file", try_rename, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "make a link", try_symlink, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "make a FIFO", try_fifo, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "make a file of memory", try_memfd, { FILTER, FILTER } },
	{ "fork", try_fork, { OTHER, FILTER } },
	{ "trace another", try_ptrace, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "trace the caller", try_ptrace_parent, { OTHER, OTHER } },
	{ "read another's memory", try_read_memory, { FILTER | LANDLOCK, FILTER | LANDLOCK } },
	{ "signal another", try_signal, { FILTER | LANDLOCK_6, FILTER | LANDLOCK_6 } },
	{ "name whom to signal", try_own, { FILTER, FILTER } },
	{ "name whom to signal, and how", try_own_more, { FILTER, FILTER } },
	{ "choose a signal", try_choose_signal, { FILTER, FILTER } },
	{ "name whom a socket signals", try_own_socket, { FILTER, FILTER } },
	{ "signal the caller", try_signal_parent, { OTHER, OTHER } },
	{ "limit another", try_limit_other, { FILTER, FILTER } },
	{ "slow another", try_schedule_other, { FILTER, FILTER } },
	{ "outlive the caller", try_outlive, { FILTER, FILTER } },
	{ "be dumpable", try_dumpable, { FILTER, FILTER } },
	{ "raise a limit", try_raise_limit, { OTHER, OTHER } },
	{ "be root", try_setuid, { OTHER, OTHER } },
	{ "change root", try_chroot, { OTHER, OTHER } },
	{ "map code", try_map_code, { FILTER, FILTER } },
	{ "make data code", try_protect_code, { FILTER, FILTER } },
	{ "share memory", try_map_shared, { FILTER, 0 } },
	{ "share memory by System V", try_shm, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "io_uring", try_io_uring, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "bpf", try_bpf, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "userfaultfd", try_userfaultfd, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "a keyring", try_keyring, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "inotify", try_inotify, { FILTER, FILTER } },
	{ "packets", try_packet, { OTHER, OTHER } },
	{ "vsock", try_vsock, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "AF_ALG", try_alg, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "generic netlink", try_generic_netlink, { FILTER, FILTER } },
	{ "routes", try_route, { FILTER, 0 } },
	{ "MPTCP", try_mptcp, { FILTER | PERHAPS, FILTER | PERHAPS } },
	{ "a socket of AF_UNIX", try_unix, { FILTER, FILTER } },
	{ "connect to AF_UNIX", try_unix_connect, { OTHER, FILTER | LANDLOCK_6 } },
	{ "datagrams of AF_UNIX", try_unix_datagrams, { FILTER, FILTER } },
	{ "a pair of streams", try_unix_streams, { FILTER, 0 } },
	{ "bind", try_bind, { FILTER | LANDLOCK_4, LANDLOCK_4 } },
	{ "listen", try_listen, { FILTER, FILTER } },
	{ "connect", try_connect, { OTHER, 0 } },
	/* the last, as it has capabilities there */
	{ "have a user namespace", try_user_namespace, { FILTER | PERHAPS, FILTER | PERHAPS } },
};

_Static_assert(sizeof(int) * ARRAY_SIZE(tries) <= WORKER_SHARED, "results fit");

static int try_all(void *arg, void *shared, int output_fd, struct error *error)
{
	int *results = shared;

	(void)arg;
	(void)output_fd;
	(void)error;
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		results[i] = tries[i].function();
	return 0;
}

static void put(const char *name, mode_t mode)
{
	int fd = openat(folder.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void folder_make(void)
{
	suite_tmpdir_make(&folder);
	ck_assert_int_eq(fchmod(folder.fd, 0777), 0);
	ck_assert_int_eq(fchmodat(folder.fd, "..", 0711, 0), 0);
	put("file", 0666);
	put("secret", 0600);
	put("victim", 0666);
	put("old", 0666);
}

static void victim_start(void)
{
	victim = fork();
	if (victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (syscall(SYS_setresgid, WORKER_UID, WORKER_UID, WORKER_UID) < 0 ||
		    syscall(SYS_setgroups, 0, NULL) < 0 ||
		    syscall(SYS_setresuid, WORKER_UID, WORKER_UID, WORKER_UID) < 0 ||
		    prctl(PR_SET_DUMPABLE, 1) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			_exit(1);
		kill(getpid(), SIGSTOP);
		for (;;)
			pause();
	}
	ck_assert_int_eq(waitpid(victim, NULL, WUNTRACED), victim);
	ck_assert_int_eq(kill(victim, SIGCONT), 0);
}

static void victim_end(void)
{
	ck_assert_int_eq(kill(victim, SIGKILL), 0);
	ck_assert_int_eq(waitpid(victim, NULL, 0), victim);
}

/* In a network namespace of the test's own. */
static void network_make(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t len = sizeof(listener_address);

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	listener_address.sin_family = AF_INET;
	listener_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(ioctl(listener, SIOCSIFFLAGS, &up), 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&listener_address, len), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&listener_address, &len), 0);
	abstract_address.sun_family = AF_UNIX;
	memcpy(abstract_address.sun_path, "\0listener", 9);
	unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
		bind(unix_listener, (struct sockaddr *)&abstract_address, sizeof(sa_family_t) + 9),
		0);
	ck_assert_int_eq(listen(unix_listener, 8), 0);
}

/* What stands between it and success with those layers, PERHAPS aside. */
static bool is_held(unsigned int held)
{
	static const struct {
		unsigned int bit;
		long abi;
	} versions[] = { { LANDLOCK, 1 }, { LANDLOCK_3, 3 }, { LANDLOCK_4, 4 }, { LANDLOCK_6, 6 } };

	if (held & OTHER || held & layers & FILTER)
		return true;
	for (size_t i = 0; layers & LANDLOCK && i < ARRAY_SIZE(versions); i++)
		if (held & versions[i].bit && landlock_abi >= versions[i].abi)
			return true;
	return false;
}

static void assert_results(const int *results, bool network)
{
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		unsigned int held = tries[i].held[network];

		if (is_held(held))
			ck_assert_msg(results[i], "%s: done", tries[i].name);
		else if (!(held & PERHAPS))
			ck_assert_msg(!results[i], "%s: %s", tries[i].name, strerror(results[i]));
	}
}

/* Index: the layers that are there, and above them the kind. */
START_TEST(test_tries)
{
	landlock_abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	layers = (unsigned int)_i % COMBINATIONS;
	worker.network = _i / COMBINATIONS;
	network_make();
	folder_make();
	victim_start();
	worker_run(try_all);
	suite_assert_ok(worker_finish(), err);
	victim_end();
	assert_results(worker_process.shared, worker.network);
	suite_tmpdir_remove(&folder);
	close(listener);
	close(unix_listener);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attacks by workers");
	TCase *tcase = worker_case("worker_attack");

	tcase_add_loop_test(tcase, test_tries, 0, 2 * COMBINATIONS);
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
