/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system call filter: run by hand over numbers and arguments, then by the kernel. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/vhost.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static struct child child;

static void setup(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(filter_build(&child.filter, &err), err);
}

static void teardown(void)
{
	filter_done(&child.filter);
	ck_assert_ptr_null(child.filter.v);
}

static uint32_t answer(long nr, unsigned int arg, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64 };

	data.args[arg] = value;
	return filter_run(&child.filter, &data);
}

/* By number where the C library's headers may be too old for the name. */
static const int refused[] = {
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	428 /* open_tree */,
	429 /* move_mount */,
	430 /* fsopen */,
	431 /* fsconfig */,
	432 /* fsmount */,
	433 /* fspick */,
	442 /* mount_setattr */,
	457 /* statmount */,
	458 /* listmount */,
	467 /* open_tree_attr */,
	SYS_setns,
	SYS_unshare,
	SYS_connect,
	SYS_bind,
	SYS_socket,
	SYS_socketpair,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_migrate_pages,
	SYS_move_pages,
	440 /* process_madvise */,
	448 /* process_mrelease */,
	SYS_kcmp,
	438 /* pidfd_getfd */,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_fanotify_init,
	SYS_fanotify_mark,
	SYS_lookup_dcookie,
	SYS_personality,
	SYS_modify_ldt,
	SYS_uselib,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_kexec_file_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_quotactl,
	443 /* quotactl_fd */,
	SYS_syslog,
	SYS_vhangup,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_adjtimex,
	SYS_clock_adjtime,
	SYS_iopl,
	SYS_ioperm,
};

static const int unknown[] = { 435 /* clone3 */, 425, 426, 427 /* io_uring_* */ };

static uint32_t expected(int nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i] == nr)
			return REFUSE;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (unknown[i] == nr)
			return UNKNOWN;
	return ALLOW;
}

/* With arguments of zero: a socket of no family, no flags, no command. */
START_TEST(test_each_call)
{
	for (int nr = -1; nr <= LAST_CALL; nr++)
		ck_assert_msg(answer(nr, 0, 0) == expected(nr), "call %d: 0x%x", nr,
			      answer(nr, 0, 0));
}
END_TEST

START_TEST(test_x32_is_killed)
{
	for (int nr = 0; nr <= LAST_CALL; nr++)
		ck_assert_uint_eq(answer(nr | X32_BIT, 0, 0), KILL);
	ck_assert_uint_eq(answer(-2, 0, 0), KILL);
}
END_TEST

START_TEST(test_other_architectures_are_killed)
{
	static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0,
					   AUDIT_ARCH_X86_64 & ~__AUDIT_ARCH_64BIT };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		for (int nr = 0; nr <= LAST_CALL; nr++) {
			struct seccomp_data data = { .nr = nr, .arch = others[i] };

			ck_assert_uint_eq(filter_run(&child.filter, &data), KILL);
		}
	}
}
END_TEST

/* What the kernel does not look at, and a filter must not be misled by. */
static const uint64_t high[] = { 0, 1ULL << 32, 1ULL << 63, 0xffffffffULL << 32 };

static const unsigned int refused_ioctls[] = {
	TUNSETIFF,	TUNSETPERSIST,	  TUNSETOWNER,	  TUNSETGROUP,	   TUNSETLINK,
	TUNSETIFINDEX,	TUNSETDEBUG,	  TUNSETTXFILTER, TUNATTACHFILTER, TUNDETACHFILTER,
	TUNSETCARRIER,	TUNSETFILTEREBPF, TUNGETDEVNETNS, SIOCGIFINDEX,	   SIOCSIFHWADDR,
	SIOCGIFHWADDR,	SIOCSIFFLAGS,	  SIOCSIFNAME,	  SIOCSIFADDR,	   SIOCSIFMTU,
	SIOCETHTOOL,	SIOCBRADDBR,	  SIOCBRADDIF,	  SIOCADDRT,	   0x894c /* SIOCGSKNS */,
	SIOCDEVPRIVATE, SIOCPROTOPRIVATE, 0x8900,	  0x89ff,	   TIOCSTI,
	TIOCLINUX,	TIOCSETD,
};

/* Of KVM, vhost, taps, files and sockets; and neighbours of those above. */
static const unsigned int allowed_ioctls[] = {
	0,
	KVM_RUN,
	KVM_CREATE_VM,
	KVM_CREATE_VCPU,
	KVM_SET_USER_MEMORY_REGION,
	KVM_IOEVENTFD,
	KVM_IRQFD,
	VHOST_SET_OWNER,
	VHOST_SET_MEM_TABLE,
	VHOST_NET_SET_BACKEND,
	TUNGETIFF,
	TUNGETFEATURES,
	TUNSETOFFLOAD,
	TUNSETSNDBUF,
	TUNGETVNETHDRSZ,
	TUNSETVNETHDRSZ,
	TUNSETQUEUE,
	TUNSETVNETLE,
	TUNSETVNETBE,
	TUNSETSTEERINGEBPF,
	FIONREAD,
	FIONBIO,
	TCGETS,
	TIOCGWINSZ,
	0x88ff,
	0x8a00,
	TIOCSTI + 1,
	UINT32_MAX,
};

START_TEST(test_ioctls)
{
	for (size_t h = 0; h < ARRAY_SIZE(high); h++) {
		for (size_t i = 0; i < ARRAY_SIZE(refused_ioctls); i++)
			ck_assert_msg(answer(SYS_ioctl, 1, high[h] | refused_ioctls[i]) == REFUSE,
				      "0x%x", refused_ioctls[i]);
		for (size_t i = 0; i < ARRAY_SIZE(allowed_ioctls); i++)
			ck_assert_msg(answer(SYS_ioctl, 1, high[h] | allowed_ioctls[i]) == ALLOW,
				      "0x%x", allowed_ioctls[i]);
	}
}
END_TEST

START_TEST(test_sockets)
{
	static const int calls[] = { SYS_socket, SYS_socketpair };

	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		ck_assert_uint_eq(answer(calls[c], 0, AF_UNIX), ALLOW);
		ck_assert_uint_eq(answer(calls[c], 0, UINT64_MAX), REFUSE);
		for (unsigned int family = 0; family < 64; family++)
			for (size_t h = 0; h < ARRAY_SIZE(high); h++)
				if (family != AF_UNIX)
					ck_assert_uint_eq(answer(calls[c], 0, high[h] | family),
							  REFUSE);
	}
}
END_TEST

START_TEST(test_clone)
{
	static const uint64_t fork_flags = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
			      vfork_flags = CLONE_VM | CLONE_VFORK | SIGCHLD,
			      thread_flags = 0x3d0f00; /* of pthread_create(3), musl's, too */
	static const uint64_t namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
					   CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
					   CLONE_NEWCGROUP;

	ck_assert_uint_eq(answer(SYS_clone, 0, fork_flags), ALLOW);
	ck_assert_uint_eq(answer(SYS_clone, 0, vfork_flags), ALLOW);
	ck_assert_uint_eq(answer(SYS_clone, 0, thread_flags), ALLOW);
	for (int bit = 0; bit < 64; bit++) {
		uint64_t flag = 1ULL << bit;
		uint32_t action = flag & namespaces ? REFUSE : ALLOW;

		ck_assert_uint_eq(answer(SYS_clone, 0, flag), action);
		ck_assert_uint_eq(answer(SYS_clone, 0, flag | fork_flags), action);
		ck_assert_uint_eq(answer(SYS_clone, 0, flag | thread_flags), action);
		ck_assert_uint_eq(answer(SYS_clone, 0, flag | high[3]), action);
	}
	ck_assert_uint_eq(answer(SYS_clone, 0, UINT64_MAX), REFUSE);
}
END_TEST

START_TEST(test_fast_open)
{
	static const struct {
		int call;
		unsigned int flags; /* the number of that argument */
	} sends[] = { { SYS_sendto, 3 }, { SYS_sendmsg, 2 }, { SYS_sendmmsg, 3 } };

	for (size_t i = 0; i < ARRAY_SIZE(sends); i++) {
		for (unsigned int arg = 0; arg < 6; arg++)
			for (size_t h = 0; h < ARRAY_SIZE(high); h++)
				ck_assert_uint_eq(answer(sends[i].call, arg,
							 high[h] | MSG_FASTOPEN | MSG_NOSIGNAL),
						  arg == sends[i].flags ? REFUSE : ALLOW);
		ck_assert_uint_eq(
			answer(sends[i].call, sends[i].flags, (unsigned int)~MSG_FASTOPEN), ALLOW);
	}
}
END_TEST

/* Runs it in a process with the filter; its exit status, or minus its signal. */
static int confined(int (*function)(void), bool filtered)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    (filtered && filter_install(&child) < 0))
			_exit(99);
		_exit(function());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 98;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int do_keyctl(void)
{
	return error_of(syscall(SYS_keyctl, 0, -1 /* KEY_SPEC_THREAD_KEYRING */, 0));
}

static int do_inet(void)
{
	return error_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int do_ioctl(void)
{
	return error_of(syscall(SYS_ioctl, -1, TIOCSTI | 1ULL << 40, "x"));
}

static int do_namespace(void)
{
	return error_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0));
}

static int do_clone3(void)
{
	return error_of(syscall(435, NULL, 0)); /* EINVAL of itself */
}

static int do_x32(void)
{
	return error_of(syscall(SYS_getpid | X32_BIT));
}

/* Where the filter did not kill, a kernel without 32-bit programs would with SIGSEGV. */
static int do_int80(void)
{
#ifdef __x86_64__
	long result = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return result > 0 ? 0 : (int)-result;
#endif
	return 0;
}

static void *write_back(void *arg)
{
	*(int *)arg = 0;
	return NULL;
}

/* Threads, which glibc makes with clone3(2) if it can, processes, and a pair of sockets. */
static int do_ordinary(void)
{
	int failed = 1, status = 1, pair[2];
	pthread_t thread;
	pid_t pid;

	if (pthread_create(&thread, NULL, write_back, &failed) || pthread_join(thread, NULL))
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || send(pair[0], "x", 1, 0) != 1)
		return 3;
	return failed || status;
}

START_TEST(test_kernel_obeys)
{
	ck_assert_int_eq(confined(do_keyctl, true), EPERM);
	ck_assert_int_eq(confined(do_inet, false), 0);
	ck_assert_int_eq(confined(do_inet, true), EPERM);
	ck_assert_int_eq(confined(do_ioctl, false), EBADF);
	ck_assert_int_eq(confined(do_ioctl, true), EPERM);
	ck_assert_int_eq(confined(do_namespace, true), EPERM);
	ck_assert_int_eq(confined(do_clone3, false), EINVAL);
	ck_assert_int_eq(confined(do_clone3, true), ENOSYS);
	ck_assert_int_eq(confined(do_x32, true), -SIGSYS);
	ck_assert_int_eq(confined(do_ordinary, true), 0);
}
END_TEST

START_TEST(test_32_bit_calls_are_killed)
{
	ck_assert_int_eq(confined(do_int80, false), 0);
	ck_assert_int_eq(confined(do_int80, true), -SIGSYS);
}
END_TEST

/* QEMU puts a filter of its own over it. */
static int do_another(void)
{
	return error_of(filter_install(&child)) ? 1 : do_ordinary();
}

START_TEST(test_filters_stack)
{
	ck_assert_int_eq(confined(do_another, true), 0);
}
END_TEST

static TCase *case_of(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

int main(void)
{
	Suite *s = suite_create("jail/filter");
	TCase *program = case_of("program"), *kernel = case_of("kernel");

	tcase_add_test(program, test_each_call);
	tcase_add_test(program, test_x32_is_killed);
	tcase_add_test(program, test_other_architectures_are_killed);
	tcase_add_test(program, test_ioctls);
	tcase_add_test(program, test_sockets);
	tcase_add_test(program, test_clone);
	tcase_add_test(program, test_fast_open);
	tcase_add_test(kernel, test_kernel_obeys);
	tcase_add_test(kernel, test_filters_stack);
	if (confined(do_int80, false) == 0)
		tcase_add_test(kernel, test_32_bit_calls_are_killed);
	else
		suite_kernel_lacks("test_32_bit_calls_are_killed", "32-bit programs");
	suite_add_tcase(s, program);
	suite_add_tcase(s, kernel);
	return suite_run(s);
}
