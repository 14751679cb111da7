/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of workers, run by hand over all numbers and over the arguments that count. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "filter_run.h"
#include "suite.h"

enum { X32_BIT = 0x40000000, LAST_CALL = 700 };
enum {
	ALLOW = SECCOMP_RET_ALLOW,
	REFUSE = SECCOMP_RET_ERRNO | EPERM,
	UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS,
};
#define KILL SECCOMP_RET_KILL_PROCESS

static struct filter alone, network;

/* What the kernel does not look at, and a filter must not be misled by. */
static const uint64_t high[] = { 0, 1ULL << 32, 1ULL << 63, 0xffffffffULL << 32 };

static void setup(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(filter_build_worker(false, &alone, &err), err);
	suite_assert_ok(filter_build_worker(true, &network, &err), err);
}

static void teardown(void)
{
	filter_done(&alone);
	filter_done(&network);
}

static uint32_t ask(const struct filter *filter, long nr, const uint64_t args[4])
{
	struct seccomp_data data = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64 };

	for (size_t i = 0; i < 4; i++)
		data.args[i] = args[i];
	return filter_run(filter, &data);
}

/* Arguments of zero; by number where the C library's headers may be too old for the name. */
static const int allowed[] = {
	SYS_read,	    SYS_readv,	      SYS_pread64,     SYS_write,
	SYS_writev,	    SYS_lseek,	      SYS_close,       SYS_fstat,
	SYS_poll,	    SYS_ppoll,	      SYS_munmap,      SYS_mremap,
	SYS_madvise,	    SYS_brk,	      SYS_futex,       SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_clock_gettime,  SYS_gettimeofday, SYS_time,	       SYS_getrandom,
	SYS_getpid,	    SYS_gettid,	      SYS_sched_yield, SYS_sysinfo,
	SYS_exit,	    SYS_exit_group,   SYS_mprotect,
};

static uint32_t expected_alone(int nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (allowed[i] == nr)
			return ALLOW;
	return nr == SYS_execve || nr == SYS_execveat ? KILL : REFUSE;
}

START_TEST(test_each_call_alone)
{
	static const uint64_t zero[4];

	for (int nr = -1; nr <= LAST_CALL; nr++)
		ck_assert_msg(ask(&alone, nr, zero) == expected_alone(nr), "call %d: 0x%x", nr,
			      ask(&alone, nr, zero));
}
END_TEST

START_TEST(test_memory_alone)
{
	static const struct {
		uint64_t protection, flags;
		uint32_t answer;
	} rows[] = {
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ALLOW },
		{ PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ALLOW },
		{ PROT_READ, MAP_PRIVATE, ALLOW },
		{ PROT_READ | PROT_EXEC, MAP_PRIVATE, REFUSE },
		{ PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, REFUSE },
		{ PROT_READ, MAP_SHARED, REFUSE },
		{ PROT_READ, 3 /* MAP_SHARED_VALIDATE */, REFUSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
			uint64_t args[4] = { 0, 0, high[h] | rows[i].protection,
					     high[h] | rows[i].flags };

			ck_assert_msg(ask(&alone, SYS_mmap, args) == rows[i].answer, "row %zu", i);
		}
}
END_TEST

/* Refused to QEMU, too, or to all workers; and what changes files. */
static const int refused[] = {
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_setns,
	SYS_unshare,
	SYS_ptrace,
	SYS_keyctl,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_init_module,
	SYS_reboot,
	SYS_creat,
	SYS_mkdir,
	SYS_mkdirat,
	SYS_mknod,
	SYS_mknodat,
	SYS_link,
	SYS_linkat,
	SYS_symlink,
	SYS_symlinkat,
	SYS_rename,
	SYS_renameat,
	SYS_renameat2,
	SYS_unlink,
	SYS_unlinkat,
	SYS_rmdir,
	SYS_truncate,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_chmod,
	SYS_fchmod,
	SYS_fchmodat,
	452 /* fchmodat2 */,
	SYS_chown,
	SYS_fchown,
	SYS_lchown,
	SYS_fchownat,
	SYS_utime,
	SYS_utimes,
	SYS_futimesat,
	SYS_utimensat,
	SYS_setxattr,
	SYS_lsetxattr,
	SYS_fsetxattr,
	SYS_removexattr,
	SYS_lremovexattr,
	SYS_fremovexattr,
	463 /* setxattrat */,
	466 /* removexattrat */,
	469 /* file_setattr */,
	SYS_flock,
	SYS_memfd_create,
	447 /* memfd_secret */,
	SYS_inotify_init,
	SYS_inotify_init1,
	SYS_fork,
	SYS_vfork,
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	434 /* pidfd_open */,
	424 /* pidfd_send_signal */,
	SYS_setpriority,
	SYS_ioprio_set,
	SYS_sched_setparam,
	SYS_sched_setscheduler,
	SYS_sched_setattr,
	SYS_sched_setaffinity,
	SYS_mbind,
	SYS_set_mempolicy,
	SYS_shmget,
	SYS_shmat,
	SYS_shmctl,
	SYS_semget,
	SYS_semctl,
	SYS_semop,
	SYS_semtimedop,
	SYS_msgget,
	SYS_msgsnd,
	SYS_msgrcv,
	SYS_msgctl,
	SYS_mq_open,
	SYS_mq_unlink,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_userfaultfd,
	SYS_socket,
	SYS_socketpair,
	SYS_clone,
	SYS_io_setup,
	SYS_io_submit,
};

START_TEST(test_refused_with_network)
{
	static const uint64_t zero[4];

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ck_assert_msg(ask(&network, refused[i], zero) == REFUSE, "call %d: 0x%x",
			      refused[i], ask(&network, refused[i], zero));
	ck_assert_uint_eq(ask(&network, SYS_execve, zero), KILL);
	ck_assert_uint_eq(ask(&network, SYS_execveat, zero), KILL);
	ck_assert_uint_eq(ask(&network, 437 /* openat2 */, zero), UNKNOWN);
	ck_assert_uint_eq(ask(&network, 435 /* clone3 */, zero), UNKNOWN);
	ck_assert_uint_eq(ask(&network, 425 /* io_uring_setup */, zero), UNKNOWN);
}
END_TEST

/* Of resolving, TLS and transfers; with arguments of zero. */
static const int needed[] = {
	SYS_read,	 SYS_write,
	SYS_close,	 SYS_poll,
	SYS_openat,	 SYS_open,
	SYS_fstat,	 SYS_newfstatat,
	SYS_mmap,	 SYS_mprotect,
	SYS_munmap,	 SYS_brk,
	SYS_futex,	 SYS_connect,
	SYS_bind,	 SYS_sendto,
	SYS_recvfrom,	 SYS_sendmsg,
	SYS_recvmsg,	 SYS_sendmmsg,
	SYS_getsockname, SYS_getpeername,
	SYS_getsockopt,	 SYS_setsockopt,
	SYS_fcntl,	 SYS_ioctl,
	SYS_getrandom,	 SYS_clock_gettime,
	SYS_exit_group,	 SYS_prlimit64,
	SYS_pipe2,	 SYS_eventfd2,
	SYS_epoll_wait,	 SYS_set_robust_list,
};

START_TEST(test_allowed_with_network)
{
	static const uint64_t zero[4];

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		ck_assert_msg(ask(&network, needed[i], zero) == ALLOW, "call %d", needed[i]);
}
END_TEST

START_TEST(test_opens)
{
	static const struct {
		uint64_t flags;
		uint32_t answer;
	} rows[] = {
		{ O_RDONLY | O_CLOEXEC, ALLOW },
		{ O_RDONLY | O_DIRECTORY | O_NONBLOCK, ALLOW },
		{ O_PATH, ALLOW },
		{ O_WRONLY, REFUSE },
		{ O_RDWR | O_CLOEXEC, REFUSE },
		{ 3, REFUSE },
		{ O_CREAT, REFUSE },
		{ O_TRUNC, REFUSE },
		{ O_TMPFILE | O_RDWR, REFUSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
			uint64_t flags = high[h] | rows[i].flags;

			ck_assert_uint_eq(ask(&network, SYS_openat, (uint64_t[4]){ 0, 0, flags }),
					  rows[i].answer);
			ck_assert_uint_eq(ask(&network, SYS_open, (uint64_t[4]){ 0, flags }),
					  rows[i].answer);
		}
}
END_TEST

static uint32_t expected_socket(uint64_t family, uint64_t protocol)
{
	if (family == AF_INET || family == AF_INET6)
		return protocol <= IPPROTO_UDP ? ALLOW : REFUSE;
	return family == AF_NETLINK && protocol == 0 ? ALLOW : REFUSE;
}

START_TEST(test_sockets)
{
	for (uint64_t family = 0; family < 64; family++)
		for (uint64_t protocol = 0; protocol < 300; protocol++)
			ck_assert_msg(ask(&network, SYS_socket,
					  (uint64_t[4]){ family, SOCK_STREAM, protocol }) ==
					      expected_socket(family, protocol),
				      "family %d protocol %d", (int)family, (int)protocol);
	for (size_t h = 1; h < ARRAY_SIZE(high); h++) {
		uint64_t family = high[h] | AF_INET, protocol = high[h] | 262;

		ck_assert_uint_eq(ask(&network, SYS_socket, (uint64_t[4]){ family }), REFUSE);
		ck_assert_uint_eq(ask(&network, SYS_socket, (uint64_t[4]){ AF_INET, 1, protocol }),
				  REFUSE);
	}
	ck_assert_uint_eq(ask(&network, SYS_socketpair, (uint64_t[4]){ AF_UNIX, SOCK_STREAM }),
			  ALLOW);
	ck_assert_uint_eq(ask(&network, SYS_socketpair, (uint64_t[4]){ AF_UNIX, SOCK_DGRAM }),
			  REFUSE);
}
END_TEST

START_TEST(test_threads_and_no_processes)
{
	static const uint64_t thread = 0x3d0f00; /* of pthread_create(3), musl's, too */

	for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
		uint64_t processes[] = { SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD,
					 thread & ~(uint64_t)CLONE_THREAD };

		ck_assert_uint_eq(ask(&network, SYS_clone, (uint64_t[4]){ high[h] | thread }),
				  ALLOW);
		for (size_t i = 0; i < ARRAY_SIZE(processes); i++)
			ck_assert_uint_eq(
				ask(&network, SYS_clone, (uint64_t[4]){ high[h] | processes[i] }),
				REFUSE);
		ck_assert_uint_eq(
			ask(&network, SYS_clone, (uint64_t[4]){ high[h] | thread | CLONE_NEWUSER }),
			REFUSE);
	}
}
END_TEST

START_TEST(test_its_own_process_only)
{
	static const unsigned int options[] = { PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_MM,
						PR_SET_PTRACER, PR_SET_CHILD_SUBREAPER };

	for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			ck_assert_uint_eq(
				ask(&network, SYS_prctl, (uint64_t[4]){ high[h] | options[i] }),
				REFUSE);
		ck_assert_uint_eq(ask(&network, SYS_prctl, (uint64_t[4]){ high[h] | PR_SET_NAME }),
				  ALLOW);
		ck_assert_uint_eq(ask(&network, SYS_prlimit64, (uint64_t[4]){ high[h] | 1 }),
				  REFUSE);
	}
}
END_TEST

/* No signal to others as a descriptor becomes ready, but what transfers take of fcntl(2). */
START_TEST(test_no_signals_by_descriptors)
{
	static const unsigned int owners[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };
	static const unsigned int others[] = { F_GETFL, F_SETFL,  F_GETFD,  F_SETFD,
					       F_DUPFD, F_GETOWN, F_GETSIG, F_DUPFD_CLOEXEC };
	static const unsigned int ioctls[] = { FIOSETOWN, SIOCSPGRP };

	for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
		for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
			ck_assert_uint_eq(
				ask(&network, SYS_fcntl, (uint64_t[4]){ 3, high[h] | owners[i] }),
				REFUSE);
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			ck_assert_uint_eq(
				ask(&network, SYS_fcntl, (uint64_t[4]){ 3, high[h] | others[i] }),
				ALLOW);
		for (size_t i = 0; i < ARRAY_SIZE(ioctls); i++)
			ck_assert_uint_eq(
				ask(&network, SYS_ioctl, (uint64_t[4]){ 3, high[h] | ioctls[i] }),
				REFUSE);
	}
}
END_TEST

START_TEST(test_other_architectures_are_killed)
{
	static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0 };
	const struct filter *filter = _i ? &network : &alone;
	static const uint64_t zero[4];

	for (int nr = 0; nr <= LAST_CALL; nr++) {
		ck_assert_uint_eq(ask(filter, nr | X32_BIT, zero), KILL);
		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			struct seccomp_data data = { .nr = nr, .arch = others[i] };

			ck_assert_uint_eq(filter_run(filter, &data), KILL);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jail/worker_filter");
	TCase *tcase = tcase_create("program");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_each_call_alone);
	tcase_add_test(tcase, test_memory_alone);
	tcase_add_test(tcase, test_refused_with_network);
	tcase_add_test(tcase, test_allowed_with_network);
	tcase_add_test(tcase, test_opens);
	tcase_add_test(tcase, test_sockets);
	tcase_add_test(tcase, test_threads_and_no_processes);
	tcase_add_test(tcase, test_its_own_process_only);
	tcase_add_test(tcase, test_no_signals_by_descriptors);
	tcase_add_loop_test(tcase, test_other_architectures_are_killed, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
