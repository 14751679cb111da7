/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a tap is: nobody but its maker gets a queue of it by its name. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/privilege.h"
#include "fault.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

enum { USER = 4711, STRANGER = 4712 };

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec;
static struct tap tap;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec = (struct tap_spec){ .vm = "web1", .name = "mvm-web1", .guard = TAP_GUARD_MAC };
	spec.guest_mac = netns_mac("52:54:00:12:34:56");
	tap = (struct tap)TAP_INIT;
}

static void teardown(void)
{
	tap_close(&tap);
	netlink_close(&sock);
	netns_leave();
}

static int open_node(void)
{
	return open("/dev/net/tun", O_RDWR | O_CLOEXEC);
}

/* As tap_open() attaches a further queue. Returns 0 or errno. */
static int join(int fd)
{
	struct ifreq request = { .ifr_flags = 0 };
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

	if (spec.queues > 1)
		flags |= IFF_MULTI_QUEUE;
	request.ifr_flags = (short)flags;
	memcpy(request.ifr_name, spec.name, strlen(spec.name));
	return ioctl(fd, TUNSETIFF, &request) < 0 ? errno : 0;
}

static void become(unsigned int id)
{
	if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		_exit(100);
}

/* What run() says in a process of its own, which leaves nothing behind. */
static int in_child(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The node is open to all on most hosts, though not on each that runs this. */
static int join_as_stranger(void)
{
	int fd = open_node();

	become(STRANGER);
	return join(fd);
}

static int join_as_root(void)
{
	return join(open_node());
}

static const unsigned int queue_counts[] = { 1, 2, TAP_QUEUES_MAX };

START_TEST(a_stranger_gets_no_queue)
{
	struct error err = ERROR_INIT;
	json_t *link;

	spec.queues = queue_counts[_i];
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	ck_assert_uint_eq(tap.n_fds, spec.queues);
	ck_assert_int_eq(in_child(join_as_stranger), EPERM);

	/* which is for want of a privilege, and of nothing else */
	ck_assert_int_eq(in_child(join_as_root), spec.queues > 1 ? 0 : EBUSY);
	link = netns_link("mvm-web1");
	ck_assert_str_eq(netns_str(link, "linkinfo.info_data.user"), "root");
	json_decref(link);
}
END_TEST

/* /dev/net/tun as udev has it, for this process alone. */
static bool open_node_to_all(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755") == 0 &&
	       mknod("/dev/net/tun", S_IFCHR, makedev(10, 200)) == 0 &&
	       chmod("/dev/net/tun", 0666) == 0;
}

/* With the capabilities of the program, which are not in effect when it is done. */
static int open_as_user(void)
{
	struct error err = ERROR_INIT;

	if (!open_node_to_all() || prctl(PR_SET_KEEPCAPS, 1) < 0)
		return 101;
	become(USER);
	if (privilege_begin(&err) < 0 || tap_open(sock, &bridge, &spec, &tap, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 102;
	}
	if (tap.n_fds != spec.queues)
		return 103;
	return join(open_node());
}

START_TEST(a_user_gets_all_queues_and_no_more)
{
	spec.queues = queue_counts[_i];
	ck_assert_int_eq(in_child(open_as_user), EPERM);
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

static int intruder = -1;

static void slip_in(void)
{
	intruder = open_node();
	ck_assert_int_eq(join(intruder), 0);
}

static void slip_in_and_leave_it_persistent(void)
{
	slip_in();
	ck_assert_int_eq(ioctl(intruder, TUNSETPERSIST, 1), 0);
	fd_close(&intruder);
}

static void slip_in_and_detach(void)
{
	struct ifreq request = { .ifr_flags = IFF_DETACH_QUEUE };

	slip_in();
	ck_assert_int_eq(ioctl(intruder, TUNSETQUEUE, &request), 0);
}

static void (*const intrusions[])(void) = { slip_in, slip_in_and_leave_it_persistent,
					    slip_in_and_detach };

START_TEST(who_was_quicker_is_seen)
{
	struct error err = ERROR_INIT;
	int r;

	spec.queues = 2;
	fault_set((struct fault){ .before_owner = intrusions[_i] });
	r = tap_open(sock, &bridge, &spec, &tap, &err);
	fault_clear();
	suite_assert_error(r, err, EBUSY, ERROR_CONFLICT);
	ck_assert_str_eq(err.message, "verify tap 'mvm-web1': somebody else joined it");
	ck_assert_uint_eq(tap.n_fds, 0);

	/* the tap is theirs, and what the hint says rids of it */
	netns_run("ip link del 'mvm-web1'");
	fd_close(&intruder);
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-owner");
	TCase *c = tcase_create("owner");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_stranger_gets_no_queue, 0, ARRAY_SIZE(queue_counts));
	tcase_add_loop_test(c, a_user_gets_all_queues_and_no_more, 0, ARRAY_SIZE(queue_counts));
	tcase_add_loop_test(c, who_was_quicker_is_seen, 0, ARRAY_SIZE(intrusions));
	suite_add_tcase(s, c);
	return suite_run(s);
}
