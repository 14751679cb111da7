/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client's way to a connection, with peers that greet, lie, or do neither. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "qmp_peer.h"
#include "suite.h"

START_TEST(test_greeting)
{
	qmp_test_attach(peer_greet);
	peer_join();
}
END_TEST

static void hang(int fd)
{
	(void)fd;
	peer_hang();
}

START_TEST(test_greeting_never)
{
	qmp_test_attach_fails(hang, SHORT_MS, ETIMEDOUT);
	ck_assert_int_eq(err.kind, ERROR_TIMEOUT);
}
END_TEST

START_TEST(test_no_time_at_all)
{
	qmp_test_attach_fails(peer_greet, _i ? -1 : 0, ETIMEDOUT);
}
END_TEST

/* A timeout for each read() would wait for ever here. */
static void drip(int fd)
{
	for (;;) {
		peer_say(fd, " ");
		usleep(10000);
	}
}

START_TEST(test_greeting_drips)
{
	qmp_test_attach_fails(drip, SHORT_MS, ETIMEDOUT);
}
END_TEST

static void greet_only(int fd)
{
	peer_say(fd, QMP_GREETING);
	peer_hang();
}

START_TEST(test_capabilities_never)
{
	qmp_test_attach_fails(greet_only, SHORT_MS, ETIMEDOUT);
}
END_TEST

static void leave(int fd)
{
	(void)fd;
}

START_TEST(test_greeting_end)
{
	qmp_test_attach_fails(leave, LONG_MS, ECONNRESET);
}
END_TEST

static const struct peer_text rubbish[] = {
	PEER_TEXT("hello\n"),
	PEER_TEXT("\n"),
	PEER_TEXT("\r\n"),
	PEER_TEXT("{\n"),
	PEER_TEXT("}\n"),
	PEER_TEXT("[]\n"),
	PEER_TEXT("42\n"),
	PEER_TEXT("null\n"),
	PEER_TEXT("\"QMP\"\n"),
	PEER_TEXT("{}\n"),
	PEER_TEXT("{\"QMP\": 1}\n"),
	PEER_TEXT("{\"QMP\": null}\n"),
	PEER_TEXT("{\"QMP\": [{}]}\n"),
	PEER_TEXT("{\"qmp\": {}}\n"),
	PEER_TEXT("{\"QMP\": {}, \"QMP\": {}}\n"),
	PEER_TEXT("{\"QMP\": {}} x\n"),
	PEER_TEXT("{\"QMP\": {}} {\"QMP\": {}}\n"),
	PEER_TEXT("{\"QMP\": {}},\n"),
	PEER_TEXT("{\"QMP\": {}}\0\n"),
	PEER_TEXT("\0{\"QMP\": {}}\n"),
	PEER_TEXT("{\"QMP\": {\"a\": \"\\u0000\"}}\n"),
	PEER_TEXT("{\"QMP\": {\"\\u0000\": 1}}\n"),
	PEER_TEXT("{\"QMP\": {\"a\": \"\xff\xfe\"}}\n"),
	PEER_TEXT("{\"QMP\": {\"a\": \"\xc0\xaf\"}}\n"),
	PEER_TEXT("{\"QMP\": {\"a\": 1e999}}\n"),
	PEER_TEXT("{\"QMP\": {\"a\": 99999999999999999999}}\n"),
	PEER_TEXT("{'QMP': {}}\n"),
	PEER_TEXT("\xef\xbb\xbf{\"QMP\": {}}\n"),
	PEER_TEXT("{\"return\": {}, \"id\": 1}\n"),
	PEER_TEXT("{\"event\": \"STOP\"}\n"),
	PEER_TEXT("RFB 003.008\n"),
	PEER_TEXT("HTTP/1.1 200 OK\r\n\r\n"),
};

START_TEST(test_greeting_rubbish)
{
	peer_text = rubbish[_i];
	qmp_test_attach_fails(peer_says_text, LONG_MS, EPROTO);
}
END_TEST

/* In blocks: byte by byte a busy machine needs longer than the client waits. */
static void say_times(int fd, char c, size_t times)
{
	char block[4096];

	memset(block, c, sizeof(block));
	while (times > 0) {
		size_t len = times < sizeof(block) ? times : sizeof(block);

		peer_say_raw(fd, block, len);
		times -= len;
	}
}

static void nest(int fd)
{
	peer_say(fd, "{\"QMP\": {\"a\": ");
	say_times(fd, '[', 100000);
	peer_say(fd, "\n");
	peer_hang();
}

START_TEST(test_greeting_nested)
{
	qmp_test_attach_fails(nest, LONG_MS, EPROTO);
}
END_TEST

static void endless_line(int fd)
{
	for (;;)
		peer_say(fd, "{\"QMP\": {}, ");
}

START_TEST(test_greeting_endless)
{
	qmp_test_attach_fails(endless_line, LONG_MS, EMSGSIZE);
}
END_TEST

/* A greeting of peer_text.len bytes and a newline, then as usual. */
static void greet_at_length(int fd)
{
	static const char greeting[] = "{\"QMP\": {}}";

	peer_say(fd, greeting);
	say_times(fd, ' ', peer_text.len - strlen(greeting));
	peer_say(fd, "\n");
	peer_hear_any(fd);
	peer_say(fd, "{\"return\": {}, \"id\": 1}\n");
}

START_TEST(test_longest_line)
{
	peer_text.len = QMP_LINE_MAX;
	qmp_test_attach(greet_at_length);
}
END_TEST

START_TEST(test_line_too_long)
{
	peer_text.len = QMP_LINE_MAX + 1;
	qmp_test_attach_fails(greet_at_length, LONG_MS, EMSGSIZE);
}
END_TEST

static void refuse_capabilities(int fd)
{
	peer_say(fd, QMP_GREETING);
	peer_hear_any(fd);
	peer_say(fd,
		 "{\"id\": 1, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n");
	peer_hang();
}

START_TEST(test_capabilities_refused)
{
	qmp_test_attach_fails(refuse_capabilities, LONG_MS, EREMOTEIO);
}
END_TEST

START_TEST(test_attach_no_descriptor)
{
	ck_assert_int_eq(qmp_attach(-1, LONG_MS, &qmp, &err), -EBADF);
	ck_assert_ptr_null(qmp);
}
END_TEST

START_TEST(test_close_of_nothing)
{
	qmp_close(NULL);
	qmp_closep(&qmp);
}
END_TEST

static TCase *case_greeting(void)
{
	TCase *tcase = qmp_case("greeting");

	tcase_add_test(tcase, test_greeting);
	tcase_add_test(tcase, test_greeting_never);
	tcase_add_loop_test(tcase, test_no_time_at_all, 0, 2);
	tcase_add_test(tcase, test_greeting_drips);
	tcase_add_test(tcase, test_capabilities_never);
	tcase_add_test(tcase, test_greeting_end);
	tcase_add_loop_test(tcase, test_greeting_rubbish, 0, ARRAY_SIZE(rubbish));
	tcase_add_test(tcase, test_greeting_nested);
	tcase_add_test(tcase, test_greeting_endless);
	tcase_add_test(tcase, test_longest_line);
	tcase_add_test(tcase, test_line_too_long);
	tcase_add_test(tcase, test_capabilities_refused);
	tcase_add_test(tcase, test_attach_no_descriptor);
	tcase_add_test(tcase, test_close_of_nothing);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("qmp greeting");

	suite_add_tcase(suite, case_greeting());
	return suite_run(suite);
}
