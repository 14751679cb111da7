/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel made to refuse. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/guard.h"
#include "suite.h"

enum { UNKNOWN_TYPE = 0x3ff0 }; /* of a message or an attribute; no kernel knows it */

struct fault fault;
int fault_sends, fault_receives, fault_messages, fault_changes;
uint32_t fault_program;

static int opens, queues;
static unsigned int refused_seq;

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *header, int flags);
int __wrap_guard_load(const struct tap_spec *asked, int *ret_fd, struct error *err);
int __real_guard_load(const struct tap_spec *asked, int *ret_fd, struct error *err);

void fault_set(struct fault with)
{
	fault_sends = fault_receives = fault_messages = fault_changes = opens = queues = 0;
	fault = with;
}

void fault_clear(void)
{
	fault = (struct fault){ 0 };
}

static int with_errno(int code)
{
	errno = code;
	return -1;
}

static int open_node(const char *path, int flags, int mode)
{
	if (fault.open_code && strncmp(path, "/dev/", 5) == 0 && opens++ >= fault.queue)
		return with_errno(fault.open_code);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static int open_mode(int flags, va_list args)
{
	return flags & O_CREAT ? va_arg(args, int) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = open_mode(flags, args);
	va_end(args);
	return open_node(path, flags, mode);
}

/* what open() becomes under _FILE_OFFSET_BITS=64 */
int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = open_mode(flags, args);
	va_end(args);
	return open_node(path, flags, mode);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	unsigned int number = (unsigned int)request;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (number == TUNSETIFF)
		fault_messages = 0; /* of a new tap */
	if (fault.tun_code && number == TUNSETIFF && queues++ >= fault.queue)
		return with_errno(fault.tun_code);
	if (fault.before_owner && number == TUNSETOWNER)
		fault.before_owner();
	if (fault.owner_code && number == TUNSETOWNER)
		return with_errno(fault.owner_code);
	if (fault.index_code && number == SIOCGIFINDEX)
		return with_errno(fault.index_code);
	return (int)syscall(SYS_ioctl, fd, number, arg);
}

static struct rtattr *find_attribute(void *first, int size, unsigned short type)
{
	for (struct rtattr *attr = first; RTA_OK(attr, size); attr = RTA_NEXT(attr, size)) {
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return attr;
	}
	return NULL;
}

static struct rtattr *find_nested(struct rtattr *nest, unsigned short type)
{
	return nest ? find_attribute(RTA_DATA(nest), (int)RTA_PAYLOAD(nest), type) : NULL;
}

static struct rtattr *find_in_message(struct nlmsghdr *message, unsigned short type)
{
	return find_attribute(IFLA_RTA(NLMSG_DATA(message)), (int)IFLA_PAYLOAD(message), type);
}

static void mask(struct rtattr *attr)
{
	if (attr)
		attr->rta_type = UNKNOWN_TYPE;
}

static void mask_request(struct nlmsghdr *message, unsigned short type)
{
	struct rtattr *port = find_in_message(message, IFLA_PROTINFO);

	mask(port ? find_nested(port, type) : find_in_message(message, type));
}

static void mask_reply(struct nlmsghdr *message, unsigned short type)
{
	struct rtattr *info = find_in_message(message, IFLA_LINKINFO);

	mask(find_nested(find_nested(info, IFLA_INFO_SLAVE_DATA), type));
}

static void set_master(struct rtattr *attr)
{
	if (attr)
		memcpy(RTA_DATA(attr), &fault.master, sizeof(fault.master));
}

static void change_message(struct nlmsghdr *message)
{
	struct ifinfomsg *link = NLMSG_DATA(message);
	int number = fault_messages++;

	/* RTM_NEW..., RTM_DEL..., RTM_GET... and RTM_SET... of a thing follow each other */
	fault_changes += (message->nlmsg_type - RTM_BASE) % 4 != RTM_GETLINK - RTM_BASE;

	if (fault.refusals && number == fault.refuse) {
		fault.refusals--;
		refused_seq = message->nlmsg_seq;
		message->nlmsg_type = UNKNOWN_TYPE;
	}
	if (fault.mask_type && number == fault.mask)
		mask_request(message, fault.mask_type);
	if (fault.master && number == 0)
		set_master(find_in_message(message, IFLA_MASTER));
	if (fault.up && number == 0)
		link->ifi_flags = link->ifi_change = IFF_UP;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags)
{
	if (++fault_sends == fault.send)
		return with_errno(fault.code);
	for (size_t i = 0; i < (size_t)header->msg_iovlen; i++)
		change_message(header->msg_iov[i].iov_base);
	return __real_sendmsg(fd, header, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	struct nlmsghdr *message;
	ssize_t n;

	if (++fault_receives == fault.receive && !fault.truncate)
		return with_errno(fault.code);
	n = __real_recvmsg(fd, header, flags);
	if (n < 0)
		return n;
	message = header->msg_iov[0].iov_base;
	if (fault_receives == fault.receive)
		header->msg_flags |= MSG_TRUNC;
	if (fault.answer && message->nlmsg_type == NLMSG_ERROR && message->nlmsg_seq == refused_seq)
		((struct nlmsgerr *)NLMSG_DATA(message))->error = -fault.answer;
	if (fault.mask_reply && message->nlmsg_type == RTM_NEWLINK)
		mask_reply(message, fault.mask_type);
	return n;
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	ck_assert_int_eq(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info.id;
}

int __wrap_guard_load(const struct tap_spec *asked, int *ret_fd, struct error *err)
{
	int r;

	if (fault.guard)
		return error_errno(err, ENOSYS, "load the guard");
	r = __real_guard_load(asked, ret_fd, err);
	if (r == 0)
		fault_program = program_id(*ret_fd);
	return r;
}

/* A filter gives its program back when all processors have left it. */
void fault_wait_program_gone(void)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_id = fault_program;
	while (fault_program) {
		fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
		if (fd < 0)
			break;
		close(fd);
		usleep(10000);
	}
	ck_assert(!fault_program || errno == ENOENT);
	fault_program = 0;
}
