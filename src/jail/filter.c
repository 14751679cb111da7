/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system call filter under QEMU's own: what no program of ours ever needs. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "filter.h"

/*
 * A list of what is refused: QEMU's devices and libraries use too much, and another set with each
 * release, for a list of what is allowed. What is refused is an error and not a death, since
 * libraries probe; another architecture's calls, and x32's, which no list here speaks of, kill.
 *
 * Calls without conditions on arguments are answered from the kernel's bitmap (Linux 5.11) when
 * they are allowed, which leaves the filter to run for clone, ioctl and those of sockets.
 */

/* Those that the headers of libseccomp 2.5.4 lack, the same on all architectures. */
enum {
	NR_STATMOUNT = 457,
	NR_LISTMOUNT = 458,
	NR_OPEN_TREE_ATTR = 467,
};

static const int refused[] = {
	/* another view of files: mounts, roots, and handles that pass by both */
	SCMP_SYS(mount),
	SCMP_SYS(umount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr),
	NR_STATMOUNT,
	NR_LISTMOUNT,
	NR_OPEN_TREE_ATTR,
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(fanotify_mark),
	SCMP_SYS(lookup_dcookie),

	/* another namespace; in a user namespace of its own it would be root of much kernel code */
	SCMP_SYS(setns),
	SCMP_SYS(unshare),

	/* another process */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(process_mrelease),
	SCMP_SYS(migrate_pages),
	SCMP_SYS(move_pages),
	SCMP_SYS(kcmp),
	SCMP_SYS(pidfd_getfd),

	/* keys: of the session, of the user, and root's by possession */
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),

	/* large interfaces that have been the way into kernels, and that QEMU does without */
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(personality),
	SCMP_SYS(modify_ldt),
	SCMP_SYS(uselib),

	/* the machine as a whole; capabilities guard these, too */
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(quotactl_fd),
	SCMP_SYS(syslog),
	SCMP_SYS(vhangup),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday),
	SCMP_SYS(stime),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
};

/*
 * A way out through a socket that it was given: all are connected or bound already, and
 * a listener of the host's network (the screen's) can be shut down and be a client there.
 */
static const int refused_programs[] = {
	SCMP_SYS(connect),
	SCMP_SYS(bind),
};

/*
 * As on a kernel without them, so that callers fall back. The flags of clone3(2) lie in memory,
 * where a filter cannot look. io_uring does its work unseen by any filter.
 */
static const int unknown[] = {
	SCMP_SYS(clone3),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
};

/* CLONE_NEWTIME is not for clone(2): its bit is one of the exit signal's there. */
static const unsigned int new_namespaces[] = {
	CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
	CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP,
};

/*
 * An ioctl's command is refused where it equals value under mask. The kernel takes the low 32 bits
 * of the argument and ignores the others, so that these must not be looked at.
 *
 * Of a tap QEMU needs header size, offloads, queues and buffer. It also sets a steering program
 * of -1 at each reset of the guest's network card; any other would need bpf(2).
 */
static const struct {
	unsigned int value, mask;
} refused_ioctls[] = {
	/* network devices, by any socket or tap: SIOCSIFHWADDR, SIOCBRADDIF, SIOCGSKNS ... */
	{ 0x8900, 0xffffff00 },

	/* the tap: outlive the VM, change hands, be another device, drop what it should see */
	{ TUNSETIFF, UINT32_MAX },
	{ TUNSETPERSIST, UINT32_MAX },
	{ TUNSETOWNER, UINT32_MAX },
	{ TUNSETGROUP, UINT32_MAX },
	{ TUNSETLINK, UINT32_MAX },
	{ TUNSETIFINDEX, UINT32_MAX },
	{ TUNSETDEBUG, UINT32_MAX },
	{ TUNSETTXFILTER, UINT32_MAX },
	{ TUNATTACHFILTER, UINT32_MAX },
	{ TUNDETACHFILTER, UINT32_MAX },
	{ TUNSETFILTEREBPF, UINT32_MAX },
	{ TUNSETCARRIER, UINT32_MAX },
	{ TUNGETDEVNETNS, UINT32_MAX },

	/* a terminal that it may have been started from: type, paste, other line disciplines */
	{ TIOCSTI, UINT32_MAX },
	{ TIOCLINUX, UINT32_MAX },
	{ TIOCSETD, UINT32_MAX },
};

int filter_refuse(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int r = 0;

	/* Negative is libseccomp's number for what this architecture never had. */
	for (size_t i = 0; r == 0 && i < n; i++)
		r = calls[i] < 0 ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return r;
}

int filter_refuse_if(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp condition)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), call, 1, &condition);
}

static int add_unknown(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(unknown); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), unknown[i], 0);
	return r;
}

static int add_namespaces(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(new_namespaces); i++)
		r = filter_refuse_if(
			ctx, SCMP_SYS(clone),
			SCMP_A0(SCMP_CMP_MASKED_EQ, new_namespaces[i], new_namespaces[i]));
	return r;
}

/*
 * Netlink, packets and vsock, which knows no namespaces, need a socket of their own family. A
 * datagram carries its address past connect(2), from one of a pair, too; SOCK_RAW, which is the
 * same to unix(7), differs from SOCK_DGRAM in the lowest bit alone. The other bits are flags.
 */
int filter_refuse_addresses(scmp_filter_ctx ctx, int call)
{
	int r = filter_refuse_if(ctx, call, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));

	if (r == 0)
		r = filter_refuse_if(ctx, call, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xe, SOCK_DGRAM));
	return r;
}

/* MSG_FASTOPEN is connect(2) by another name. */
static int add_sockets(scmp_filter_ctx ctx)
{
	int r = filter_refuse_addresses(ctx, SCMP_SYS(socket));

	if (r == 0)
		r = filter_refuse_addresses(ctx, SCMP_SYS(socketpair));
	if (r == 0)
		r = filter_refuse_if(ctx, SCMP_SYS(sendto),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN));
	if (r == 0)
		r = filter_refuse_if(ctx, SCMP_SYS(sendmsg),
				     SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN));
	if (r == 0)
		r = filter_refuse_if(ctx, SCMP_SYS(sendmmsg),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN));
	return r;
}

static int add_ioctls(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(refused_ioctls); i++)
		r = filter_refuse_if(ctx, SCMP_SYS(ioctl),
				     SCMP_A1(SCMP_CMP_MASKED_EQ, refused_ioctls[i].mask,
					     refused_ioctls[i].value));
	return r;
}

int filter_refuse_common(scmp_filter_ctx ctx)
{
	int r = filter_refuse(ctx, refused, ARRAY_SIZE(refused));

	if (r == 0)
		r = add_unknown(ctx);
	if (r == 0)
		r = add_namespaces(ctx);
	return r ? r : add_ioctls(ctx);
}

static int fill_program(scmp_filter_ctx ctx)
{
	int r = filter_refuse_common(ctx);

	if (r == 0)
		r = filter_refuse(ctx, refused_programs, ARRAY_SIZE(refused_programs));
	return r ? r : add_sockets(ctx);
}

/* Through a file of memory, as seccomp_export_bpf_mem(3) came with libseccomp 2.6 only. */
static int filter_export(scmp_filter_ctx ctx, struct filter *ret)
{
	AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	AUTO_FREE struct sock_filter *v = NULL;
	off_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	if (size == 0 || size % (off_t)sizeof(*v) || size / (off_t)sizeof(*v) > BPF_MAXINSNS)
		return -E2BIG;
	v = xmalloc((size_t)size);
	if (pread(fd, v, (size_t)size, 0) != size)
		return -EIO;
	ret->v = ptr_steal(&v);
	ret->n = (unsigned short)((size_t)size / sizeof(*v));
	return 0;
}

/* A binary tree over the numbers, where a list would be walked to its end for each call. */
static int set_attributes(scmp_filter_ctx ctx)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	return r ? r : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

int filter_make(uint32_t action, int (*fill)(scmp_filter_ctx ctx), struct filter *ret,
		struct error *err)
{
	scmp_filter_ctx ctx = seccomp_init(action);
	int r;

	if (!ctx)
		return error_set(err, ERROR_FAILED, ENOMEM, "build the system call filter");
	r = set_attributes(ctx);
	if (r == 0)
		r = fill(ctx);
	if (r == 0)
		r = filter_export(ctx, ret);
	seccomp_release(ctx);
	return r < 0 ? error_errno(err, -r, "build the system call filter") : 0;
}

int filter_build(struct filter *ret, struct error *err)
{
	return filter_make(SCMP_ACT_ALLOW, fill_program, ret, err);
}

void filter_done(struct filter *filter)
{
	free(filter->v);
	*filter = (struct filter){ .v = NULL };
}

int filter_install(struct child *child)
{
	const struct sock_fprog program = { .len = child->filter.n, .filter = child->filter.v };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
