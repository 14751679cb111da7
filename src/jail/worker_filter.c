/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of workers: what is refused with network, what is allowed without. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "filter.h"

/* Those that the headers of libseccomp 2.5.4 lack, the same on all architectures. */
enum {
	NR_FCHMODAT2 = 452,
	NR_SETXATTRAT = 463,
	NR_REMOVEXATTRAT = 466,
	NR_FILE_SETATTR = 469,
};

/*
 * What resolves and speaks TLS loads modules of the C library by the host's configuration: too
 * much for a list of what is allowed. So it is refused what those above refuse to QEMU, and
 * everything that changes a file or reaches another process, which as user are all the caller's.
 */
static const int refused[] = {
	/* files: no name made, changed or taken away, on a kernel without Landlock, too */
	SCMP_SYS(creat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rmdir),
	SCMP_SYS(truncate),
	SCMP_SYS(truncate64),
	SCMP_SYS(ftruncate),
	SCMP_SYS(ftruncate64),
	SCMP_SYS(fallocate),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	NR_FCHMODAT2,
	SCMP_SYS(chown),
	SCMP_SYS(chown32),
	SCMP_SYS(fchown),
	SCMP_SYS(fchown32),
	SCMP_SYS(lchown),
	SCMP_SYS(lchown32),
	SCMP_SYS(fchownat),
	SCMP_SYS(utime),
	SCMP_SYS(utimes),
	SCMP_SYS(futimesat),
	SCMP_SYS(utimensat),
	SCMP_SYS(utimensat_time64),
	SCMP_SYS(setxattr),
	SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(removexattr),
	SCMP_SYS(lremovexattr),
	SCMP_SYS(fremovexattr),
	NR_SETXATTRAT,
	NR_REMOVEXATTRAT,
	NR_FILE_SETATTR,
	SCMP_SYS(flock),
	SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret),
	SCMP_SYS(io_setup),
	SCMP_SYS(io_submit),
	SCMP_SYS(inotify_init),
	SCMP_SYS(inotify_init1),

	/* other processes; more of its own */
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(setpriority),
	SCMP_SYS(ioprio_set),
	SCMP_SYS(sched_setparam),
	SCMP_SYS(sched_setscheduler),
	SCMP_SYS(sched_setattr),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(mbind),
	SCMP_SYS(set_mempolicy),
	SCMP_SYS(shmget),
	SCMP_SYS(shmat),
	SCMP_SYS(shmctl),
	SCMP_SYS(semget),
	SCMP_SYS(semctl),
	SCMP_SYS(semop),
	SCMP_SYS(semtimedop),
	SCMP_SYS(msgget),
	SCMP_SYS(msgctl),
	SCMP_SYS(msgsnd),
	SCMP_SYS(msgrcv),
	SCMP_SYS(mq_open),
	SCMP_SYS(mq_unlink),

	/* a server; bind(2) stays, as musl's resolver binds what it asks by */
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),

	/* a lever against the kernel's memory, and QEMU's alone to have */
	SCMP_SYS(userfaultfd),
};

/* No library tries whether it may. */
static const int deadly[] = { SCMP_SYS(execve), SCMP_SYS(execveat) };

/* Its flags lie in memory; callers fall back on openat(2). */
static const int unknown[] = { SCMP_SYS(openat2) };

/*
 * What decompressing takes: its pipe and its file, memory that is never executed, locks, the
 * clock. The C library asks for the rest as it starts threads, sorts (sysinfo) or aborts.
 */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sysinfo),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

enum { LOW_32 = 0xffffffff };

static int add_all(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = calls[i] < 0 ? 0 : seccomp_rule_add(ctx, action, calls[i], 0);
	return r;
}

static int refuse_flags(scmp_filter_ctx ctx, int call, unsigned int argument,
			const unsigned int *flags, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && call >= 0; i++)
		r = filter_refuse_if(ctx, call,
				     SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	return r;
}

/* O_TMPFILE has one of the first two with it, and O_TRUNC does nothing without them but to fail. */
static int add_opens(scmp_filter_ctx ctx)
{
	static const unsigned int writing[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };
	int r = refuse_flags(ctx, SCMP_SYS(open), 1, writing, ARRAY_SIZE(writing));

	return r ? r : refuse_flags(ctx, SCMP_SYS(openat), 2, writing, ARRAY_SIZE(writing));
}

/* Code comes from files, as modules of the C library do, and stays what it was. */
static int add_code(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp anonymous[] = {
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS),
	};
	const struct scmp_arg_cmp executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap),
				       ARRAY_SIZE(anonymous), anonymous);

	if (r == 0)
		r = filter_refuse_if(ctx, SCMP_SYS(mprotect), executable);
	return r ? r : filter_refuse_if(ctx, SCMP_SYS(pkey_mprotect), executable);
}

/* Threads, which resolve, but no processes; its own limits, but nobody's else. */
static int add_processes(scmp_filter_ctx ctx)
{
	static const unsigned int options[] = {
		PR_SET_PDEATHSIG, PR_SET_DUMPABLE,	  PR_SET_PTRACER,
		PR_SET_MM,	  PR_SET_CHILD_SUBREAPER,
	};
	int r = filter_refuse_if(ctx, SCMP_SYS(clone),
				 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(options); i++)
		r = filter_refuse_if(ctx, SCMP_SYS(prctl),
				     SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32, options[i]));
	return r ? r : filter_refuse_if(ctx, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0, 0));
}

/*
 * No signal of its choice for a process of its choice as a descriptor becomes ready, which is
 * kill(2) by another name: F_SETOWN(2const). The same by ioctl is refused with all of sockets'
 * own. QEMU, which has kill(2) anyway, is held by its pid namespace and its uid.
 */
static int add_signals(scmp_filter_ctx ctx)
{
	static const int calls[] = { SCMP_SYS(fcntl), SCMP_SYS(fcntl64) };
	static const unsigned int commands[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(calls) * ARRAY_SIZE(commands); i++) {
		int call = calls[i / ARRAY_SIZE(commands)];
		unsigned int command = commands[i % ARRAY_SIZE(commands)];

		if (call >= 0)
			r = filter_refuse_if(ctx, call,
					     SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32, command));
	}
	return r;
}

/*
 * AF_INET and AF_INET6, and AF_NETLINK's first protocol, by which getaddrinfo(3) learns what
 * addresses there are. No AF_UNIX: a user's D-Bus, agents and VMs listen there, and resolvers
 * that are asked so (nscd, systemd-resolved) are asked by DNS instead. The kernel takes an int,
 * so that what lies above it must be refused with the rest.
 */
static int add_families(scmp_filter_ctx ctx)
{
	int r = 0;

	for (unsigned int family = 0; r == 0 && family <= AF_NETLINK; family++) {
		if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
			r = filter_refuse_if(ctx, SCMP_SYS(socket),
					     SCMP_A0(SCMP_CMP_EQ, family, 0));
	}
	return r ? r : filter_refuse_if(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
}

/* The protocols above UDP are large, and Landlock's rules know TCP alone. */
static int add_protocols(scmp_filter_ctx ctx)
{
	static const struct {
		unsigned int family, protocol;
	} highest[] = { { AF_INET, IPPROTO_UDP }, { AF_INET6, IPPROTO_UDP }, { AF_NETLINK, 0 } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(highest); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, highest[i].family, 0),
				     SCMP_A2(SCMP_CMP_GT, highest[i].protocol, 0));
	return r;
}

static int fill_network(scmp_filter_ctx ctx)
{
	int r = filter_refuse_common(ctx);

	if (r == 0)
		r = filter_refuse(ctx, refused, ARRAY_SIZE(refused));
	if (r == 0)
		r = add_all(ctx, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_SIZE(deadly));
	if (r == 0)
		r = add_all(ctx, SCMP_ACT_ERRNO(ENOSYS), unknown, ARRAY_SIZE(unknown));
	if (r == 0)
		r = add_opens(ctx);
	if (r == 0)
		r = add_code(ctx);
	if (r == 0)
		r = add_processes(ctx);
	if (r == 0)
		r = add_signals(ctx);
	if (r == 0)
		r = add_families(ctx);
	if (r == 0)
		r = add_protocols(ctx);
	/* libcurl wakes itself by a pair of streams */
	return r ? r : filter_refuse_addresses(ctx, SCMP_SYS(socketpair));
}

/* Private, so that nothing is written to a file by it. */
static int allow_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, data);

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, data,
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_PRIVATE));
	return r;
}

/* fstat(3) of some C libraries; of a file that it has no descriptor of it tells size and times. */
static int allow_look(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				 SCMP_A3(SCMP_CMP_MASKED_EQ, LOW_32, AT_EMPTY_PATH));

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32, F_GETFL));
	return r;
}

static int fill_alone(scmp_filter_ctx ctx)
{
	int r = add_all(ctx, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed));

	if (r == 0)
		r = add_all(ctx, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_SIZE(deadly));
	if (r == 0)
		r = allow_memory(ctx);
	return r ? r : allow_look(ctx);
}

int filter_build_worker(bool network, struct filter *ret, struct error *err)
{
	return network ? filter_make(SCMP_ACT_ALLOW, fill_network, ret, err)
		       : filter_make(SCMP_ACT_ERRNO(EPERM), fill_alone, ret, err);
}
