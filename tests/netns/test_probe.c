/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes of servers that answer, hang, or talk nonsense. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/probe.h"
#include "netns.h"
#include "suite.h"

/* No test may take as long as LONG_MS. */
enum { SHORT_MS = 200, LONG_MS = 3600 * 1000 };

static pid_t server = -1;

static void stop_server(void)
{
	if (server < 0)
		return;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = -1;
}

static void setup(void)
{
	netns_enter();
	netns_make_lan();
	netns_run("ip addr add 10.0.0.1/24 dev br0");
}

static void teardown(void)
{
	stop_server();
	netns_leave();
}

static int listen_on(int family)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(22) };
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(22) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	r = family == AF_INET6 ? bind(fd, (struct sockaddr *)&any6, sizeof(any6))
			       : bind(fd, (struct sockaddr *)&any, sizeof(any));
	ck_assert_msg(r == 0, "bind: %s", strerror(errno));
	ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

/* Answer every connection with talk(); a child of its own, gone with the test. */
static void start_server(int family, void (*talk)(int fd, const char *text), const char *text)
{
	pid_t parent = getpid();
	int listener;

	stop_server();
	listener = listen_on(family);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server > 0) {
		close(listener);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	while (getppid() == parent) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		talk(fd, text);
		close(fd);
	}
	_exit(0);
}

static void put(int fd, const char *text, size_t len)
{
	(void)!send(fd, text, len, MSG_NOSIGNAL);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void wait_for_end(int fd)
{
	char c;

	while (recv(fd, &c, 1, 0) > 0)
		;
}

static void say_and_wait(int fd, const char *text)
{
	put(fd, text, strlen(text));
	wait_for_end(fd);
}

static void say_and_close(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

static void say_and_reset(int fd, const char *text)
{
	struct linger now = { .l_onoff = 1 };

	put(fd, text, strlen(text));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void say_byte_by_byte(int fd, const char *text)
{
	const int now = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now));
	for (; *text; text++) {
		put(fd, text, 1);
		pause_ms(2);
	}
	wait_for_end(fd);
}

static void say_forever(int fd, const char *text)
{
	while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
		;
}

static void say_forever_slowly(int fd, const char *text)
{
	while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
		pause_ms(400);
}

/* Say the banner only to a client that says nothing itself. */
static void say_to_the_silent(int fd, const char *text)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (poll(&poll_fd, 1, 300) == 0)
		say_and_wait(fd, text);
}

static enum probe_result probe(const char *text, int timeout_ms)
{
	struct error err = ERROR_INIT;
	int fds = suite_count_fds();
	enum probe_result result;
	struct ip_addr addr;

	suite_assert_ok(ip_parse("address", text, &addr, &err), err);
	result = probe_ssh(&addr, timeout_ms);
	ck_assert_int_eq(suite_count_fds(), fds);
	return result;
}

/* Where the kernel is busy, a handshake takes longer: it gets more time until there is one. */
static enum probe_result probe_present(const char *text)
{
	enum probe_result result;
	int ms = SHORT_MS;

	while ((result = probe(text, ms)) == PROBE_SILENT)
		ms *= 2;
	return result;
}

START_TEST(nobody_there)
{
	/* on the LAN but silent, without a route, no unicast address */
	static const char *const addresses[] = { "10.0.0.77", "192.0.2.1",   "10.0.0.255",
						 "224.0.0.1", "2001:db8::1", "fe80::1" };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		ck_assert_msg(probe(addresses[i], SHORT_MS) == PROBE_SILENT, "%s", addresses[i]);
}
END_TEST

START_TEST(packets_that_vanish)
{
	netns_run("ip route add blackhole 198.51.100.0/24");
	netns_run("ip route add unreachable 203.0.113.0/24");
	ck_assert_int_eq(probe("198.51.100.1", SHORT_MS), PROBE_SILENT);
	ck_assert_int_eq(probe("203.0.113.1", SHORT_MS), PROBE_SILENT);

	/* a station that answers ARP and nothing else */
	netns_run("ip neigh add 10.0.0.78 lladdr 02:00:00:00:00:78 dev br0");
	ck_assert_int_eq(probe("10.0.0.78", SHORT_MS), PROBE_SILENT);
}
END_TEST

START_TEST(no_address_at_all)
{
	const struct ip_addr none = { .family = AF_UNSPEC }, odd = { .family = AF_PACKET };
	int fds = suite_count_fds();

	ck_assert_int_eq(probe_ssh(&none, LONG_MS), PROBE_SILENT);
	ck_assert_int_eq(probe_ssh(&odd, LONG_MS), PROBE_SILENT);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(refused)
{
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_ANSWERS);
	ck_assert_int_eq(probe("127.0.0.1", LONG_MS), PROBE_ANSWERS);
	netns_sysctl("ipv6/conf/lo/disable_ipv6", "0");
	ck_assert_int_eq(probe("::1", LONG_MS), PROBE_ANSWERS);
}
END_TEST

START_TEST(banner)
{
	static const char *const banners[] = {
		"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
		"SSH-1.99-x\n",
		"Welcome.\r\nAll is recorded.\r\nSSH-2.0-dropbear\r\n",
		"\nSSH-2.0-x\r\n",
		"SSH-",
	};

	for (size_t i = 0; i < ARRAY_SIZE(banners); i++) {
		start_server(AF_INET, say_and_wait, banners[i]);
		ck_assert_msg(probe("10.0.0.1", LONG_MS) == PROBE_SSH, "%s", banners[i]);
		start_server(AF_INET, say_byte_by_byte, banners[i]);
		ck_assert_msg(probe("10.0.0.1", LONG_MS) == PROBE_SSH, "pieces of %s", banners[i]);
		start_server(AF_INET, say_and_close, banners[i]);
		ck_assert_msg(probe("10.0.0.1", LONG_MS) == PROBE_SSH, "closed %s", banners[i]);
	}
}
END_TEST

START_TEST(banner_over_ipv6)
{
	netns_sysctl("ipv6/conf/lo/disable_ipv6", "0");
	start_server(AF_INET6, say_and_wait, "SSH-2.0-x\r\n");
	ck_assert_int_eq(probe("::1", LONG_MS), PROBE_SSH);
}
END_TEST

START_TEST(nothing_is_sent)
{
	start_server(AF_INET, say_to_the_silent, "SSH-2.0-x\r\n");
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_SSH);
}
END_TEST

static const char *const garbage[] = {
	"",
	"S",
	"SSH",
	"SSH2.0",
	"ssh-2.0-x\r\n",
	" SSH-2.0-x\r\n",
	"xSSH-2.0-x\r\n",
	"\rSSH-2.0-x\r\n",
	"SSSH-2.0-x\r\n",
	"HTTP/1.1 400 Bad Request\r\n\r\n",
	"\x16\x03\x01\x02",
	"\x1b]0;SSH-\a\x1b[31mSSH-\n\xff\xfe\xfd",
};

START_TEST(garbage_that_ends)
{
	start_server(AF_INET, say_and_close, garbage[_i]);
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_ANSWERS);
	start_server(AF_INET, say_and_reset, garbage[_i]);
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_ANSWERS);
}
END_TEST

START_TEST(garbage_and_then_nothing)
{
	start_server(AF_INET, say_and_wait, garbage[_i]);
	ck_assert_int_eq(probe_present("10.0.0.1"), PROBE_ANSWERS);
}
END_TEST

START_TEST(banner_too_late)
{
	char text[300];

	/* the mark's last byte is number 255, or one too far */
	for (size_t at = 251; at <= 252; at++) {
		memset(text, 'x', sizeof(text));
		text[at - 1] = '\n';
		memcpy(text + at, "SSH-2.0-x\r\n", sizeof("SSH-2.0-x\r\n"));
		start_server(AF_INET, say_byte_by_byte, text);
		ck_assert_int_eq(probe("10.0.0.1", LONG_MS), at == 251 ? PROBE_SSH : PROBE_ANSWERS);
	}
}
END_TEST

/* The test's own timeout is the judge: both would go on for ever. */
START_TEST(endless)
{
	start_server(AF_INET, say_forever, "SSHSSHSSHSSHSSHSSHSSH");
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_ANSWERS);
	start_server(AF_INET, say_forever, "\n");
	ck_assert_int_eq(probe("10.0.0.1", LONG_MS), PROBE_ANSWERS);
	start_server(AF_INET, say_forever_slowly, "S");
	ck_assert_int_eq(probe_present("10.0.0.1"), PROBE_ANSWERS);
}
END_TEST

START_TEST(no_time_at_all)
{
	ck_assert_int_eq(probe("10.0.0.77", 0), PROBE_SILENT);
	ck_assert_int_eq(probe("10.0.0.77", -1), PROBE_SILENT);
	start_server(AF_INET, say_and_wait, "");
	/* it may be there already; what counts is that both return */
	ck_assert_int_ne(probe("10.0.0.1", 0), PROBE_SSH);
	ck_assert_int_ne(probe("10.0.0.1", -5), PROBE_SSH);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/probe");
	TCase *c = tcase_create("probe");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, nobody_there);
	tcase_add_test(c, packets_that_vanish);
	tcase_add_test(c, no_address_at_all);
	tcase_add_test(c, refused);
	tcase_add_test(c, banner);
	tcase_add_test(c, banner_over_ipv6);
	tcase_add_test(c, nothing_is_sent);
	tcase_add_loop_test(c, garbage_that_ends, 0, ARRAY_SIZE(garbage));
	tcase_add_loop_test(c, garbage_and_then_nothing, 0, ARRAY_SIZE(garbage));
	tcase_add_test(c, banner_too_late);
	tcase_add_test(c, endless);
	tcase_add_test(c, no_time_at_all);
	suite_add_tcase(s, c);
	return suite_run(s);
}
