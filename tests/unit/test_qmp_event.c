/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP events, those that come, those that do not, and floods of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "qmp_peer.h"
#include "suite.h"

static void flood_empty(int fd)
{
	peer_greet(fd);
	for (;;)
		peer_say(fd, "{\"event\": \"\"}\n{\"event\": \"\"}\n{\"event\": \"\"}\n");
}

START_TEST(test_flood_while_waiting)
{
	qmp_test_attach(flood_empty);
	ck_assert_int_eq(qmp_wait_event(qmp, "SHUTDOWN", SHORT_MS, &err), QMP_EVENT_NONE);
	ck_assert_int_eq(err.kind, ERROR_NONE);
}
END_TEST

START_TEST(test_event_does_not_come)
{
	qmp_test_attach(peer_answers_never);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", SHORT_MS, &err), QMP_EVENT_NONE);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", 0, &err), QMP_EVENT_NONE);
	ck_assert_int_eq(err.kind, ERROR_NONE);
}
END_TEST

static void event_in_parts(int fd)
{
	peer_greet(fd);
	peer_say(fd, "{\"event\": \"SHUT");
	peer_hear_any(fd);
	peer_say(fd, "DOWN\"}\n{\"return\": {}, \"id\": 2}\n");
}

/* A wait that is over loses no byte of the line it was in. */
START_TEST(test_event_after_timeout)
{
	qmp_test_attach(event_in_parts);
	ck_assert_int_eq(qmp_wait_event(qmp, "SHUTDOWN", SHORT_MS, &err), QMP_EVENT_NONE);
	suite_assert_ok(qmp_execute(qmp, "x", NULL, NULL, &err), err);
	ck_assert_int_eq(qmp_wait_event(qmp, "SHUTDOWN", 0, &err), 0);
}
END_TEST

static void say_after_greeting(int fd)
{
	peer_greet(fd);
	peer_say(fd, peer_text.data);
}

START_TEST(test_event_comes)
{
	peer_text.data = "{\"event\": \"STOP\"}\n{\"event\": \"SHUTDOWN\", \"data\": {}}\n";
	qmp_test_attach(say_after_greeting);
	ck_assert_int_eq(qmp_wait_event(qmp, "SHUTDOWN", LONG_MS, &err), 0);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", 0, &err), 0);
}
END_TEST

/* More of them than events are kept, and each longer than all of those together. */
static void say_long_names(int fd)
{
	char line[5000];

	snprintf(line, sizeof(line), "{\"event\": \"%04000d\"}\n", 0);
	peer_greet(fd);
	for (int i = 0; i < 40; i++)
		peer_say(fd, line);
	peer_say(fd, "{\"event\": \"STOP\"}\n");
}

START_TEST(test_event_name_too_long)
{
	qmp_test_attach(say_long_names);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", LONG_MS, &err), 0);
}
END_TEST

START_TEST(test_reply_instead_of_event)
{
	peer_text.data = "{\"return\": {}, \"id\": 2}\n";
	qmp_test_attach(say_after_greeting);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", LONG_MS, &err), -EPROTO);
	qmp_test_assert_ended();
}
END_TEST

START_TEST(test_end_instead_of_event)
{
	qmp_test_attach(peer_greet);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", LONG_MS, &err), -ECONNRESET);
	ck_assert_ptr_nonnull(strstr(err.message, "wait for 'STOP'"));
}
END_TEST

static TCase *case_events(void)
{
	TCase *tcase = qmp_case("events");

	tcase_add_test(tcase, test_event_does_not_come);
	tcase_add_test(tcase, test_event_after_timeout);
	tcase_add_test(tcase, test_event_comes);
	tcase_add_test(tcase, test_event_name_too_long);
	tcase_add_test(tcase, test_flood_while_waiting);
	tcase_add_test(tcase, test_reply_instead_of_event);
	tcase_add_test(tcase, test_end_instead_of_event);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("qmp events");

	suite_add_tcase(suite, case_events());
	return suite_run(suite);
}
