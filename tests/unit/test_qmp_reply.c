/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP commands and the peers that answer them rightly, wrongly, or not at all. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "qmp_peer.h"
#include "suite.h"

static void answer_text(int fd)
{
	peer_greet(fd);
	peer_hear(fd, "{\"execute\":\"x\",\"id\":2}");
	peer_say_raw(fd, peer_text.data, peer_text.len);
	peer_hang();
}

static const struct peer_text wrong_replies[] = {
	PEER_TEXT("{\"return\": {}}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 1}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 3}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": \"2\"}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 2.0}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": null}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": true}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": [2]}\n"),
	PEER_TEXT("{\"return\": {}, \"ID\": 2}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 4294967298}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 1, \"id\": 2}\n"),
	PEER_TEXT("{\"id\": 2}\n"),
	PEER_TEXT("{}\n"),
	PEER_TEXT("[]\n"),
	PEER_TEXT("{\"event\": 1, \"id\": 3}\n"),
	PEER_TEXT("{\"event\": {}}\n"),
	PEER_TEXT("{\"error\": {\"class\": \"a\", \"desc\": \"b\"}}\n"),
	PEER_TEXT("{\"error\": {\"class\": \"a\"}, \"id\": 2}\n"),
	PEER_TEXT("{\"error\": {\"desc\": \"a\"}, \"id\": 2}\n"),
	PEER_TEXT("{\"error\": {\"class\": 1, \"desc\": 2}, \"id\": 2}\n"),
	PEER_TEXT("{\"error\": {}, \"id\": 2}\n"),
	PEER_TEXT("{\"error\": null, \"id\": 2}\n"),
	PEER_TEXT("{\"error\": \"no\", \"id\": 2}\n"),
	PEER_TEXT("{\"error\": {\"class\": \"a\", \"desc\": \"b\"}, \"return\": 1, \"id\": 2}\n"),
	PEER_TEXT("{\"QMP\": {}}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 2\n}\n"),
	PEER_TEXT("\0\n"),
};

START_TEST(test_wrong_reply)
{
	peer_text = wrong_replies[_i];
	qmp_test_attach(answer_text);
	qmp_test_execute_fails(EPROTO);
	qmp_test_assert_ended();
}
END_TEST

static void answer_early(int fd)
{
	peer_say(fd, QMP_GREETING "{\"return\": {}, \"id\": 1}\n{\"return\": {}, \"id\": 1}\n");
	peer_hear_any(fd);
	peer_hear_any(fd);
	peer_hang();
}

START_TEST(test_reply_before_request)
{
	qmp_test_attach(answer_early);
	qmp_test_execute_fails(EPROTO);
}
END_TEST

static void answer_bytewise(int fd)
{
	static const char reply[] = "{\"event\": \"STOP\"}\r\n{\"return\": [7], \"id\": 2}\r\n";

	peer_greet(fd);
	peer_hear_any(fd);
	for (size_t i = 0; i < sizeof(reply) - 1; i++) {
		peer_say_raw(fd, reply + i, 1);
		usleep(100);
	}
}

START_TEST(test_reply_bytewise)
{
	json_t *result = NULL;

	qmp_test_attach(answer_bytewise);
	suite_assert_ok(qmp_execute(qmp, "x", NULL, &result, &err), err);
	ck_assert_int_eq(json_integer_value(json_array_get(result, 0)), 7);
	ck_assert_int_eq((int)result->refcount, 1);
	json_decref(result);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", 0, &err), 0);
	peer_join();
}
END_TEST

static void answer_at_once(int fd)
{
	peer_greet(fd);
	peer_hear(fd, "{\"execute\":\"x\",\"id\":2,\"arguments\":{\"a\":\"b\\nc\"}}");
	peer_say(fd, "{\"event\": \"A\"}\n{\"return\": 1, \"id\": 2}\n{\"event\": \"B\"}\n{\"eve");
	peer_hear(fd, "{\"execute\":\"y\",\"id\":3}");
	peer_say(fd, "nt\": \"C\"}\n{\"return\": 2, \"id\": 3}\n");
}

START_TEST(test_lines_not_at_reads)
{
	json_t *arguments = json_pack("{s:s}", "a", "b\nc");

	qmp_test_attach(answer_at_once);
	suite_assert_ok(qmp_execute(qmp, "x", arguments, NULL, &err), err);
	ck_assert_int_eq((int)arguments->refcount, 1);
	json_decref(arguments);
	suite_assert_ok(qmp_execute(qmp, "y", NULL, NULL, &err), err);
	ck_assert_int_eq(qmp_wait_event(qmp, "C", 0, &err), 0);
	ck_assert_int_eq(qmp_wait_event(qmp, "A", 0, &err), 0);
	ck_assert_int_eq(qmp_wait_event(qmp, "B", 0, &err), 0);
	peer_join();
}
END_TEST

START_TEST(test_reply_never)
{
	qmp_test_attach(peer_answers_never);
	qmp_set_timeout(qmp, SHORT_MS);
	qmp_test_execute_fails(ETIMEDOUT);
	ck_assert_int_eq(err.kind, ERROR_TIMEOUT);
	qmp_test_assert_ended();
}
END_TEST

static void flood(int fd)
{
	peer_greet(fd);
	for (;;)
		peer_say(fd, "{\"event\": \"RTC_CHANGE\", \"data\": {\"offset\": 1}}\r\n");
}

START_TEST(test_flood_of_events)
{
	qmp_test_attach(flood);
	qmp_set_timeout(qmp, SHORT_MS);
	qmp_test_execute_fails(ETIMEDOUT);
}
END_TEST

static void count_events(int fd)
{
	char line[64];

	peer_greet(fd);
	peer_hear_any(fd);
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "{\"event\": \"E%d\"}\n", i);
		peer_say(fd, line);
	}
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
	peer_hang();
}

START_TEST(test_last_events_are_kept)
{
	qmp_test_attach(count_events);
	suite_assert_ok(qmp_execute(qmp, "x", NULL, NULL, &err), err);
	ck_assert_int_eq(qmp_wait_event(qmp, "E4967", 0, &err), QMP_EVENT_NONE);
	ck_assert_int_eq(qmp_wait_event(qmp, "E4968", 0, &err), 0);
	ck_assert_int_eq(qmp_wait_event(qmp, "E4968", 0, &err), QMP_EVENT_NONE);
	ck_assert_int_eq(qmp_wait_event(qmp, "E4999", 0, &err), 0);
	for (int i = 4969; i < 4999; i++) {
		char name[16];

		snprintf(name, sizeof(name), "E%d", i);
		ck_assert_int_eq(qmp_wait_event(qmp, name, 0, &err), 0);
	}
}
END_TEST

static void hostile_error(int fd)
{
	peer_greet(fd);
	peer_hear_any(fd);
	peer_say(fd, "{\"id\": 2, \"error\": {\"class\": \"Gene\\u0007ric\", \"desc\": "
		     "\"no \\u001b[2J\\r\\nmore\\u009b1m\"}}\n");
	peer_hear(fd, "{\"execute\":\"y\",\"id\":3}");
	peer_say(fd, "{\"return\": {}, \"id\": 3}\n");
}

START_TEST(test_error_is_sanitised)
{
	qmp_test_attach(hostile_error);
	qmp_test_execute_fails(EREMOTEIO);
	for (const char *c = err.message; *c; c++)
		ck_assert_msg((unsigned char)*c >= ' ' && *c != '\x7f', "%s", err.message);
	ck_assert_ptr_null(strstr(err.message, "\xc2\x9b"));
	ck_assert_ptr_nonnull(strstr(err.message, "no ?[2J??more"));
	suite_assert_ok(qmp_execute(qmp, "y", NULL, NULL, &err), err);
	peer_join();
}
END_TEST

static void long_error(int fd)
{
	peer_greet(fd);
	peer_hear_any(fd);
	peer_say(fd, "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"");
	for (int i = 0; i < 100000; i++)
		peer_say(fd, "%s");
	peer_say(fd, "\"}}\n");
	peer_hang();
}

START_TEST(test_error_is_cut)
{
	qmp_test_attach(long_error);
	qmp_test_execute_fails(EREMOTEIO);
	ck_assert_ptr_nonnull(strstr(err.message, "%s%s%s"));
	ck_assert_ptr_nonnull(strstr(err.message, "(GenericError)"));
}
END_TEST

static void end_in_line(int fd)
{
	peer_greet(fd);
	peer_hear_any(fd);
	peer_say(fd, "{\"return\": {}, \"id\": 2}");
}

START_TEST(test_end_in_line)
{
	qmp_test_attach(end_in_line);
	qmp_test_execute_fails(ECONNRESET);
	qmp_test_assert_ended();
}
END_TEST

START_TEST(test_end_before_request)
{
	qmp_test_attach(peer_greet);
	peer_join();
	/* SIGPIPE has its default disposition here: it would end this process. */
	qmp_test_execute_fails(ECONNRESET);
}
END_TEST

enum { BIG = 4 << 20 };

static void read_big(int fd)
{
	char part[1000];
	size_t total = 0;
	ssize_t n = 0;

	peer_greet(fd);
	do {
		total += (size_t)n;
		n = recv(fd, part, sizeof(part), 0);
	} while (n > 0 && part[n - 1] != '\n');
	total += (size_t)n;
	if (total != BIG + strlen("{\"execute\":\"x\",\"id\":2,\"arguments\":{\"a\":\"\"}}\n"))
		peer_fault();
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
}

static json_t *big_arguments(void)
{
	AUTO_FREE char *big = xmalloc(BIG + 1);

	memset(big, 'a', BIG);
	big[BIG] = '\0';
	return json_pack("{s:s}", "a", big);
}

START_TEST(test_request_in_parts)
{
	json_t *arguments = big_arguments();

	qmp_test_attach(read_big);
	suite_assert_ok(qmp_execute(qmp, "x", arguments, NULL, &err), err);
	json_decref(arguments);
	peer_join();
}
END_TEST

START_TEST(test_request_not_read)
{
	json_t *arguments = big_arguments();

	qmp_test_attach(peer_answers_never);
	qmp_set_timeout(qmp, SHORT_MS);
	ck_assert_int_eq(qmp_execute(qmp, "x", arguments, NULL, &err), -ETIMEDOUT);
	json_decref(arguments);
	qmp_test_assert_ended();
}
END_TEST

/* The descriptor that came with this read, or -1. */
static ssize_t recv_fd(int fd, char *data, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *rights;
	ssize_t n = recvmsg(fd, &message, 0);

	*ret_fd = -1;
	rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (rights && rights->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(rights), sizeof(*ret_fd));
	return n;
}

/* The request may come in parts, but the descriptor with the first of them alone. */
static void take_fd(int fd)
{
	char data[65536];
	int taken, more;
	ssize_t n = recv_fd(fd, data, 1, &taken);

	if (n != 1 || data[0] != '{' || taken < 0)
		peer_fault();
	while (n > 0 && data[n - 1] != '\n') {
		n = recv_fd(fd, data, sizeof(data), &more);
		if (more >= 0)
			peer_fault();
	}
	if (write(taken, "arrived", 7) != 7)
		peer_fault();
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
}

static void greet_and_take_fd(int fd)
{
	peer_greet(fd);
	take_fd(fd);
}

START_TEST(test_descriptor_arrives)
{
	json_t *arguments = _i ? big_arguments() : NULL;
	int fds[2];
	char got[8] = "";

	ck_assert_int_eq(pipe(fds), 0);
	qmp_test_attach(greet_and_take_fd);
	suite_assert_ok(qmp_execute_fd(qmp, "x", arguments, fds[1], &err), err);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(read(fds[0], got, 7), 7);
	ck_assert_str_eq(got, "arrived");
	close(fds[0]);
	json_decref(arguments);
	peer_join();
}
END_TEST

START_TEST(test_descriptor_not_open)
{
	qmp_test_attach(peer_answers_never);
	ck_assert_int_eq(qmp_execute_fd(qmp, "x", NULL, 9999, &err), -EBADF);
}
END_TEST

static TCase *case_replies(void)
{
	TCase *tcase = qmp_case("replies");

	tcase_add_loop_test(tcase, test_wrong_reply, 0, ARRAY_SIZE(wrong_replies));
	tcase_add_test(tcase, test_reply_before_request);
	tcase_add_test(tcase, test_reply_bytewise);
	tcase_add_test(tcase, test_lines_not_at_reads);
	tcase_add_test(tcase, test_reply_never);
	tcase_add_test(tcase, test_flood_of_events);
	tcase_add_test(tcase, test_last_events_are_kept);
	tcase_add_test(tcase, test_error_is_sanitised);
	tcase_add_test(tcase, test_error_is_cut);
	tcase_add_test(tcase, test_end_in_line);
	tcase_add_test(tcase, test_end_before_request);
	return tcase;
}

static TCase *case_requests(void)
{
	TCase *tcase = qmp_case("requests");

	tcase_add_test(tcase, test_request_in_parts);
	tcase_add_test(tcase, test_request_not_read);
	tcase_add_loop_test(tcase, test_descriptor_arrives, 0, 2);
	tcase_add_test(tcase, test_descriptor_not_open);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("qmp replies");

	suite_add_tcase(suite, case_replies());
	suite_add_tcase(suite, case_requests());
	return suite_run(suite);
}
