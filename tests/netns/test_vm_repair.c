/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a repair asks of net/ and of QEMU, and for whom; both are played here. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "net/tap.h"
#include "netns.h"
#include "qmp/qmp.h"
#include "store/vm_dir.h"
#include "suite.h"
#include "vm/net.h"
#include "vm/start.h"
#include "vm_lab.h"

int __wrap_tap_repair(struct nl_sock *sock, const struct bridge *bridge,
		      const struct tap_spec *spec, bool check_only, enum tap_repair *ret,
		      struct buf *ret_changes, struct error *err);
int __wrap_qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret,
		       struct error *err);
int __wrap_qmp_announce(struct qmp *qmp, struct error *err);

static struct buf asked; /* "mvm-web1 on br0; announce; " */
static const char *repaired; /* taps that lack something */
static const char *refused; /* taps that cannot be repaired */
static enum error_kind refused_kind;
static bool no_monitor;
static bool locked; /* the VM's lock is held while it is worked on */

int __wrap_tap_repair(struct nl_sock *sock, const struct bridge *bridge,
		      const struct tap_spec *spec, bool check_only, enum tap_repair *ret,
		      struct buf *ret_changes, struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct error ignored = ERROR_INIT;

	ck_assert_ptr_nonnull(sock);
	suite_assert_ok(vm_dir_open(&lab.store, spec->vm, &dir, &ignored), ignored);
	locked = vm_dir_is_locked(&dir);
	buf_printf(&asked, "%s on %s%s; ", spec->name, bridge->name, check_only ? ", look" : "");
	if (strstr(refused, spec->name))
		return error_set(err, refused_kind, ENODEV, "repair tap '%s': refused", spec->name);
	*ret = strstr(repaired, spec->name) ? TAP_REPAIRED : TAP_REPAIR_INTACT;
	if (*ret == TAP_REPAIRED)
		buf_printf(ret_changes, "change %s\n", spec->name);
	return 0;
}

int __wrap_qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret,
		       struct error *err)
{
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_str_eq(name, "qmp.sock");
	ck_assert_int_gt(timeout_ms, 0);
	if (no_monitor)
		return error_set(err, ERROR_FAILED, ECONNREFUSED, "nobody there");
	*ret = NULL; /* which qmp_close() takes */
	return 0;
}

int __wrap_qmp_announce(struct qmp *qmp, struct error *err)
{
	(void)err;
	ck_assert_ptr_null(qmp);
	buf_puts(&asked, "announce; ");
	return 0;
}

static void setup(void)
{
	vm_lab_setup();
	vm_lab_make("web1", 0x11, "");
	vm_lab_make("two", 0x12,
		    "[nic.0]\nguard = off\n[nic.1]\nmac = 52:54:00:00:00:99\nbridge = br1\n");
	netns_run("ip link add br1 type bridge");
	strv_push(&lab.config.bridges, "br0");
	strv_push(&lab.config.bridges, "br1");
	repaired = "";
	refused = "";
	refused_kind = ERROR_CONFLICT;
	no_monitor = false;
	locked = false;
}

static void teardown(void)
{
	buf_done(&asked);
	vm_lab_teardown();
}

/* What vm_net_repair() returns; what it asked for and what it says has changed is checked. */
static int repair(const char *name, bool check_only, const char *expected, const char *changes,
		  struct error *err)
{
	AUTO_BUF found = BUF_INIT;
	int r;

	buf_clear(&asked);
	*err = (struct error)ERROR_INIT;
	r = vm_net_repair(&lab, name, check_only, &found, err);
	ck_assert_str_eq(buf_str(&asked), expected);
	ck_assert_str_eq(buf_str(&found), changes);
	return r;
}

START_TEST(what_is_right_is_left_alone)
{
	struct error err;

	vm_lab_run("web1");
	ck_assert_int_eq(repair("web1", false, "mvm-web1 on br0; ", "", &err), VM_ALREADY);
	ck_assert(locked);
	ck_assert_str_eq(lab_notes, "");
}
END_TEST

START_TEST(a_repaired_guest_is_announced)
{
	struct error err;

	vm_lab_run("web1");
	repaired = "mvm-web1";
	ck_assert_int_eq(repair("web1", false, "mvm-web1 on br0; announce; ",
				"tap 'mvm-web1': change mvm-web1\n", &err),
			 0);
}
END_TEST

START_TEST(a_look_takes_no_lock_and_announces_nothing)
{
	struct error err;

	vm_lab_run("web1");
	repaired = "mvm-web1";
	ck_assert_int_eq(repair("web1", true, "mvm-web1 on br0, look; ",
				"tap 'mvm-web1': change mvm-web1\n", &err),
			 0);
	ck_assert(!locked);
	repaired = "";
	ck_assert_int_eq(repair("web1", true, "mvm-web1 on br0, look; ", "", &err), VM_ALREADY);
}
END_TEST

START_TEST(every_NIC_is_looked_at)
{
	struct error err;

	vm_lab_run("two");
	repaired = "mvm1-two";
	ck_assert_int_eq(repair("two", false, "mvm-two on br0; mvm1-two on br1; announce; ",
				"tap 'mvm1-two': change mvm1-two\n", &err),
			 0);
}
END_TEST

START_TEST(one_NIC_does_not_keep_the_next_from_it)
{
	struct error err;

	vm_lab_run("two");
	refused = "mvm-two";
	repaired = "mvm1-two";
	ck_assert_int_lt(repair("two", false, "mvm-two on br0; mvm1-two on br1; announce; ",
				"tap 'mvm1-two': change mvm1-two\n", &err),
			 0);
	ck_assert_int_eq(err.kind, ERROR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.message, "'mvm-two'"));

	refused = "mvm-two mvm1-two";
	ck_assert_int_lt(repair("two", false, "mvm-two on br0; mvm1-two on br1; ", "", &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "'mvm-two'"));
	ck_assert_ptr_nonnull(strstr(lab_notes, "'mvm1-two'"));
}
END_TEST

/* "Not found" is the VM to the user, so a tap that is not there has to be something else. */
START_TEST(a_tap_that_was_removed_needs_a_restart)
{
	struct error err;

	vm_lab_run("web1");
	refused = "mvm-web1";
	refused_kind = ERROR_NOT_FOUND;
	ck_assert_int_lt(repair("web1", false, "mvm-web1 on br0; ", "", &err), 0);
	ck_assert_int_eq(err.kind, ERROR_FAILED);
	ck_assert_str_eq(err.hint, "mnmivm-se restart web1");
}
END_TEST

START_TEST(a_monitor_that_is_busy_is_no_failure)
{
	struct error err;

	vm_lab_run("web1");
	repaired = "mvm-web1";
	no_monitor = true;
	ck_assert_int_eq(repair("web1", false, "mvm-web1 on br0; ",
				"tap 'mvm-web1': change mvm-web1\n", &err),
			 0);
	ck_assert_ptr_nonnull(strstr(lab_notes, "web1: the guest is not announced"));
	ck_assert_ptr_nonnull(strstr(lab_notes, "nobody there"));
}
END_TEST

START_TEST(a_bridge_that_is_down_is_noted)
{
	struct error err;

	vm_lab_run("web1");
	netns_run("ip link set br0 down");
	ck_assert_int_eq(repair("web1", false, "mvm-web1 on br0; ", "", &err), VM_ALREADY);
	ck_assert_ptr_nonnull(strstr(lab_notes, "ip link set br0 up"));
}
END_TEST

START_TEST(no_bridge_no_repair)
{
	struct error err;

	vm_lab_run("two");
	netns_run("ip link del br0");
	repaired = "mvm1-two";
	ck_assert_int_lt(repair("two", false, "mvm1-two on br1; announce; ",
				"tap 'mvm1-two': change mvm1-two\n", &err),
			 0);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	strv_clear(&lab.config.bridges);
	strv_push(&lab.config.bridges, "br0");
	ck_assert_int_lt(repair("two", false, "", "", &err), 0);
	ck_assert_ptr_nonnull(strstr(lab_notes, "bridge 'br1' is not allowed"));
}
END_TEST

START_TEST(what_does_not_run_is_refused)
{
	struct error err;

	suite_assert_error(repair("web1", false, "", "", &err), err, ESRCH, ERROR_BUSY);
	ck_assert_str_eq(err.hint, "mnmivm-se start web1");
	suite_assert_error(repair("web1", true, "", "", &err), err, ESRCH, ERROR_BUSY);
	ck_assert_int_lt(repair("nobody", false, "", "", &err), 0);
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert_int_lt(repair("../web1", false, "", "", &err), 0);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	vm_lab_run("web1");
	vm_lab_end("web1");
	suite_assert_error(repair("web1", false, "", "", &err), err, ESRCH, ERROR_BUSY);
}
END_TEST

START_TEST(settings_that_cannot_be_are_refused)
{
	struct error err;

	vm_lab_make("ghost", 0x13, "[nic.0]\nguard = ip\n");
	vm_lab_run("ghost");
	ck_assert_int_lt(repair("ghost", false, "", "", &err), 0);
	vm_lab_make("broken", 0x14, "nonsense = 1\n");
	vm_lab_run("broken");
	ck_assert_int_lt(repair("broken", false, "", "", &err), 0);
	ck_assert_int_eq(err.kind, ERROR_FAILED);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("vm/repair");
	TCase *c = tcase_create("repair");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_is_right_is_left_alone);
	tcase_add_test(c, a_repaired_guest_is_announced);
	tcase_add_test(c, a_look_takes_no_lock_and_announces_nothing);
	tcase_add_test(c, every_NIC_is_looked_at);
	tcase_add_test(c, one_NIC_does_not_keep_the_next_from_it);
	tcase_add_test(c, a_tap_that_was_removed_needs_a_restart);
	tcase_add_test(c, a_monitor_that_is_busy_is_no_failure);
	tcase_add_test(c, a_bridge_that_is_down_is_noted);
	tcase_add_test(c, no_bridge_no_repair);
	tcase_add_test(c, what_does_not_run_is_refused);
	tcase_add_test(c, settings_that_cannot_be_are_refused);
	suite_add_tcase(s, c);
	return suite_run(s);
}
