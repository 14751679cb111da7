/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every step of tap_open() refused in turn. The linker's --wrap puts the functions below between
 * the code and the C library; what they change goes to the real kernel, whose answers are real but
 * for the errno where one is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

/* The messages of tap_open() with guard, as they are sent. */
enum { ATTACH, LOCK, ENTRY, QDISC, READ_BACK, UP, MESSAGES };

enum { UNKNOWN_TYPE = 0x3ff0 }; /* of a message or an attribute; no kernel knows it */

static struct fault {
	int open_code; /* open(2) of a device node fails with this; 0: it does not */
	int tun_code; /* so does TUNSETIFF */
	int index_code; /* SIOCGIFINDEX */
	int send; /* 1: the first sendmsg(2) fails, 2: the second */
	int receive; /* so recvmsg(2) */
	int code; /* with this errno */
	bool truncate; /* or is cut short */

	int refuse; /* the kernel does not know this message ... */
	int answer; /* ... and says so with this errno (0: its own) */
	int refusals; /* that many times */

	int mask; /* in this message ... */
	unsigned short mask_type; /* ... this attribute is none (also inside IFLA_PROTINFO) */
	bool mask_reply; /* nor in what the kernel tells of the port */
	bool up; /* ATTACH sets the tap up as well */
} fault;

static int sends, receives, messages;
static unsigned int refused_seq;

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *header, int flags);

static int with_errno(int code)
{
	errno = code;
	return -1;
}

static int open_node(const char *path, int flags, int mode)
{
	if (fault.open_code && strncmp(path, "/dev/", 5) == 0)
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
		messages = 0; /* of a new tap */
	if (fault.tun_code && number == TUNSETIFF)
		return with_errno(fault.tun_code);
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

static void change_message(struct nlmsghdr *message)
{
	struct ifinfomsg *link = NLMSG_DATA(message);
	int number = messages++;

	if (fault.refusals && number == fault.refuse) {
		fault.refusals--;
		refused_seq = message->nlmsg_seq;
		message->nlmsg_type = UNKNOWN_TYPE;
	}
	if (fault.mask_type && number == fault.mask)
		mask_request(message, fault.mask_type);
	if (fault.up && number == ATTACH)
		link->ifi_flags = link->ifi_change = IFF_UP;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags)
{
	if (++sends == fault.send)
		return with_errno(fault.code);
	for (size_t i = 0; i < (size_t)header->msg_iovlen; i++)
		change_message(header->msg_iov[i].iov_base);
	return __real_sendmsg(fd, header, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	struct nlmsghdr *message;
	ssize_t n;

	if (++receives == fault.receive && !fault.truncate)
		return with_errno(fault.code);
	n = __real_recvmsg(fd, header, flags);
	if (n < 0)
		return n;
	message = header->msg_iov[0].iov_base;
	if (receives == fault.receive)
		header->msg_flags |= MSG_TRUNC;
	if (fault.answer && message->nlmsg_type == NLMSG_ERROR && message->nlmsg_seq == refused_seq)
		((struct nlmsgerr *)NLMSG_DATA(message))->error = -fault.answer;
	if (fault.mask_reply && message->nlmsg_type == RTM_NEWLINK)
		mask_reply(message, fault.mask_type);
	return n;
}

static const char guest[] = "52:54:00:12:34:56";

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec = (struct tap_spec){ .vm = "web1", .name = "mvm-web1", .guard = true };
	spec.guest_mac = netns_mac(guest);
}

static void teardown(void)
{
	netlink_close(&sock);
	netns_leave();
}

static int open_with(struct fault with, struct tap *ret, struct error *err)
{
	int r;

	sends = receives = messages = 0;
	fault = with;
	r = tap_open(sock, &bridge, &spec, ret, err);
	fault = (struct fault){ 0 };
	return r;
}

static void check_works(void)
{
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	json_t *link;

	suite_assert_ok(open_with((struct fault){ 0 }, &tap, &err), err);
	link = netns_link("mvm-web1");
	ck_assert_ptr_nonnull(link);
	json_decref(link);
	tap_close(&tap);
}

/* The fault makes tap_open() fail, nothing is left of it, and the same socket works after it. */
static struct error check_fails(struct fault with)
{
	struct error err = ERROR_INIT;
	char *before = netns_snapshot();
	int fds = suite_count_fds();
	struct tap untouched, tap;
	int r;

	memset(&untouched, 0x5a, sizeof(untouched));
	tap = untouched;
	r = open_with(with, &tap, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(r, -err.code);
	ck_assert_int_ne(err.kind, ERROR_NONE);
	ck_assert_mem_eq(&tap, &untouched, sizeof(tap));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
	check_works();
	return err;
}

static void check_words(const struct error *err, enum error_kind kind, const char *words)
{
	ck_assert_msg(err->kind == kind, "kind %d: %s", err->kind, err->message);
	ck_assert_msg(strstr(err->message, words) != NULL, "%s", err->message);
}

static const char *const step_words[] = {
	[ATTACH] = "attach tap 'mvm-web1' to bridge 'br0'",
	[LOCK] = "lock the port of tap 'mvm-web1'",
	[ENTRY] = "enter MAC 52:54:00:12:34:56",
	[QDISC] = "set qdisc 'noqueue'",
	[READ_BACK] = "read tap 'mvm-web1' back",
	[UP] = "set tap 'mvm-web1' up",
};

START_TEST(message_refused)
{
	static const int codes[] = { 0, EPERM, EINVAL, EBUSY, ENODEV, ENOMEM };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct fault with = { .refuse = _i, .refusals = 1, .answer = codes[i] };
		struct error err = check_fails(with);

		check_words(&err, codes[i] == EPERM ? ERROR_PERMISSION : ERROR_FAILED,
			    step_words[_i]);
		ck_assert_int_eq(err.code, codes[i] ? codes[i] : EOPNOTSUPP);
		ck_assert_ptr_nonnull(strstr(err.message, strerror(err.code)));
	}
}
END_TEST

START_TEST(known_refusals_are_worded)
{
	struct fault full = { .refuse = ATTACH, .refusals = 1, .answer = EXFULL };
	struct fault taken = { .refuse = ENTRY, .refusals = 1, .answer = EEXIST };
	struct error err;

	err = check_fails(full);
	check_words(&err, ERROR_HOST, "bridge 'br0' is full (1023 ports)");
	err = check_fails(taken);
	check_words(&err, ERROR_CONFLICT, "MAC 52:54:00:12:34:56 is in use by another port");
	ck_assert_str_ne(err.hint, "");
}
END_TEST

START_TEST(refusal_without_guard)
{
	spec.guard = false;
	for (int refuse = 0; refuse < 4; refuse++) {
		struct fault with = { .refuse = refuse, .refusals = 1 };
		struct error err = check_fails(with);

		check_words(&err, ERROR_FAILED, "tap 'mvm-web1'");
	}
}
END_TEST

START_TEST(kernel_without_ipv6)
{
	struct fault with = { .refuse = ATTACH, .refusals = 1, .answer = EAFNOSUPPORT };
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	int fds = suite_count_fds();
	json_t *link;

	suite_assert_ok(open_with(with, &tap, &err), err);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	link = netns_link("mvm-web1");
	ck_assert_str_eq(netns_str(link, "master"), "br0");
	ck_assert_int_eq(netns_int(link, "linkinfo.info_slave_data.locked"), 1);
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(second_refusal_of_ipv6_is_final)
{
	struct fault with = { .refuse = ATTACH, .refusals = 2, .answer = EAFNOSUPPORT };
	struct error err = check_fails(with);

	check_words(&err, ERROR_FAILED, step_words[ATTACH]);
	ck_assert_int_eq(err.code, EAFNOSUPPORT);
}
END_TEST

START_TEST(kernel_without_locked_ports)
{
	struct fault with = {
		.mask = LOCK,
		.mask_type = IFLA_BRPORT_LOCKED,
		.mask_reply = true,
	};
	struct error err = check_fails(with);
	struct tap tap = TAP_INIT;

	check_words(&err, ERROR_HOST, "Linux 5.18");
	ck_assert_int_eq(err.code, EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.hint, "guard=off"));

	/* which helps */
	spec.guard = false;
	suite_assert_ok(open_with((struct fault){ .mask_type = IFLA_BRPORT_LOCKED,
						  .mask_reply = true,
						  .mask = -1 },
				  &tap, &err),
			err);
	tap_close(&tap);
}
END_TEST

/* What the kernel, or somebody else, did not set as asked. */
static const struct {
	struct fault with;
	const char *words;
} lies[] = {
	{ { .mask = ATTACH, .mask_type = IFLA_MTU }, "MTU" },
	{ { .mask = ATTACH, .mask_type = IFLA_ADDRESS }, "MAC" },
	{ { .up = true }, "up already" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_LOCKED }, "lock" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_LEARNING }, "learning" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_UNICAST_FLOOD }, "flooding" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_GUARD }, "BPDUs" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_PROTECT }, "BPDUs" },
};

START_TEST(read_back_tells)
{
	struct error err;

	netns_run("ip link set lan0 mtu 9000");
	netns_run("ip link set br0 mtu 9000");
	bridge.mtu = 9000;
	err = check_fails(lies[_i].with);
	check_words(&err, ERROR_HOST, "verify tap 'mvm-web1'");
	ck_assert_msg(strstr(err.message, lies[_i].words) != NULL, "%s", err.message);
}
END_TEST

START_TEST(read_back_tells_the_bridge)
{
	struct error err;

	spec.guard = false; /* else the port's own messages are refused */
	err = check_fails((struct fault){ .mask = ATTACH, .mask_type = IFLA_MASTER });
	check_words(&err, ERROR_HOST, "did not set its bridge");
}
END_TEST

START_TEST(no_tun_device)
{
	static const struct {
		int code;
		enum error_kind kind;
		const char *hint;
	} cases[] = {
		{ ENOENT, ERROR_HOST, "modprobe tun" },
		{ ENODEV, ERROR_HOST, "modprobe tun" },
		{ ENXIO, ERROR_HOST, "modprobe tun" },
		{ EACCES, ERROR_PERMISSION, "run as root" },
		{ EPERM, ERROR_PERMISSION, "container" },
		{ EMFILE, ERROR_FAILED, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = check_fails((struct fault){ .open_code = cases[i].code });

		check_words(&err, cases[i].kind, "open '/dev/net/tun'");
		ck_assert_int_eq(err.code, cases[i].code);
		ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "%s", err.hint);
	}
}
END_TEST

START_TEST(tap_not_created)
{
	static const struct {
		int code;
		enum error_kind kind;
		const char *words;
	} cases[] = {
		{ EPERM, ERROR_PERMISSION, "create tap 'mvm-web1': needs CAP_NET_ADMIN" },
		{ EBUSY, ERROR_CONFLICT, "tap 'mvm-web1' exists" },
		{ EINVAL, ERROR_FAILED, "create tap 'mvm-web1': Invalid argument" },
		{ ENOMEM, ERROR_FAILED, "create tap 'mvm-web1'" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err = check_fails((struct fault){ .tun_code = cases[i].code });
		check_words(&err, cases[i].kind, cases[i].words);
	}
	err = check_fails((struct fault){ .index_code = ENODEV });
	check_words(&err, ERROR_FAILED, "find the index of tap 'mvm-web1'");
}
END_TEST

START_TEST(netlink_fails)
{
	for (int n = 1; n <= 2; n++) {
		const char *words = step_words[n == 1 ? ATTACH : UP];
		struct error err = check_fails((struct fault){ .send = n, .code = ENOBUFS });

		check_words(&err, ERROR_FAILED, words);
		words = step_words[n == 1 ? READ_BACK : UP];
		err = check_fails((struct fault){ .receive = n, .code = ENOBUFS });
		check_words(&err, ERROR_FAILED, words);
		err = check_fails((struct fault){ .receive = n, .code = EAGAIN });
		check_words(&err, ERROR_TIMEOUT, words);
		err = check_fails((struct fault){ .receive = n, .truncate = true });
		check_words(&err, ERROR_FAILED, words);
	}
}
END_TEST

/* The answer to a request that was given up is still in the socket. */
START_TEST(late_answer_is_no_answer_to_another_request)
{
	struct error err = ERROR_INIT;
	struct bridge_lan lan;
	struct tap tap;

	netns_run("ip addr add 10.0.0.1/24 dev br0");
	for (int n = 1; n <= 2; n++) {
		struct fault with = { .receive = n, .code = ENOBUFS };

		ck_assert_int_lt(open_with(with, &tap, &err), 0);
		suite_assert_ok(bridge_get_lan(sock, &bridge, &lan, &err), err);
		ck_assert_uint_eq(lan.prefix.length, 24);
		ck_assert_int_lt(open_with(with, &tap, &err), 0);
		suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
		ck_assert_str_eq(bridge.name, "br0");
	}
}
END_TEST

START_TEST(interrupted_by_a_signal)
{
	for (int n = 1; n <= 2; n++) {
		struct error err = ERROR_INIT;
		struct tap tap = TAP_INIT;

		suite_assert_ok(
			open_with((struct fault){ .receive = n, .code = EINTR }, &tap, &err), err);
		tap_close(&tap);
	}
}
END_TEST

/* A tap takes one sendmsg(2) and one recvmsg(2) for its batch and for setting it up. */
START_TEST(two_round_trips)
{
	check_works();
	ck_assert_int_eq(sends, 2);
	ck_assert_int_eq(receives, 2);
	ck_assert_int_eq(messages, MESSAGES);
}
END_TEST

START_TEST(no_vhost)
{
	static const int absent[] = { ENOENT, ENODEV, ENXIO, EACCES, EPERM };
	static const int broken[] = { EMFILE, ENOMEM, EIO };
	struct error err;
	int fd = -2;

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		err = (struct error)ERROR_INIT;
		fault.open_code = absent[i];
		ck_assert_int_eq(tap_open_vhost(&fd, &err), TAP_NO_VHOST);
		ck_assert_ptr_nonnull(strstr(err.message, "'/dev/vhost-net'"));
		ck_assert_ptr_nonnull(strstr(err.message, strerror(absent[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		fault.open_code = broken[i];
		suite_assert_error(tap_open_vhost(&fd, &err), err, broken[i], ERROR_FAILED);
	}
	fault.open_code = 0;
	ck_assert_int_eq(fd, -2);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-fault");
	TCase *c = tcase_create("fault");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, message_refused, 0, MESSAGES);
	tcase_add_test(c, known_refusals_are_worded);
	tcase_add_test(c, refusal_without_guard);
	tcase_add_test(c, kernel_without_ipv6);
	tcase_add_test(c, second_refusal_of_ipv6_is_final);
	tcase_add_test(c, kernel_without_locked_ports);
	tcase_add_loop_test(c, read_back_tells, 0, ARRAY_SIZE(lies));
	tcase_add_test(c, read_back_tells_the_bridge);
	tcase_add_test(c, no_tun_device);
	tcase_add_test(c, tap_not_created);
	tcase_add_test(c, netlink_fails);
	tcase_add_test(c, late_answer_is_no_answer_to_another_request);
	tcase_add_test(c, interrupted_by_a_signal);
	tcase_add_test(c, two_round_trips);
	tcase_add_test(c, no_vhost);
	suite_add_tcase(s, c);
	return suite_run(s);
}
