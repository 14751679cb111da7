/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In QEMU's place: takes QEMU's arguments and descriptors, and speaks its machine protocol wrongly.
 * How is the VM's name: KIND, or then-KIND to be honest until the guest runs.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 4096, DEPTH = 100000 };

static const char greeting[] = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, "
			       "\"major\": 7}, \"package\": \"\"}, \"capabilities\": []}}\r\n";
static const char *run_state = "prelaunch";

/* A peer that has gone ends what is said to it, not us. */
static bool say_bytes(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return say_bytes(fd, text, strlen(text));
}

static void __attribute__((noreturn)) sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* The next command; the id is its last number. False at the end. */
static bool hear(int fd, char line[LINE_MAX_LEN], long *ret_id)
{
	size_t len = 0;
	const char *id;

	while (len < LINE_MAX_LEN - 1 && recv(fd, line + len, 1, 0) == 1) {
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	id = strstr(line, "\"id\":");
	*ret_id = id ? strtol(id + strlen("\"id\":"), NULL, 10) : 0;
	return len > 0;
}

static bool reply(int fd, const char *line, long id)
{
	char text[256];

	if (strstr(line, "\"query-status\""))
		snprintf(text, sizeof(text), "{\"return\": {\"status\": \"%s\"}, \"id\": %ld}\r\n",
			 run_state, id);
	else
		snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %ld}\r\n", id);
	if (strstr(line, "\"cont\""))
		run_state = "running";
	return say(fd, text);
}

static void speak_honestly(int fd)
{
	char line[LINE_MAX_LEN];
	long id;

	if (!say(fd, greeting))
		return;
	while (hear(fd, line, &id))
		if (!reply(fd, line, id))
			return;
}

/* Greet, agree on capabilities, then answer everything with this; %ld is the id. */
static void answer(int fd, const char *wrong, long id_offset)
{
	char line[LINE_MAX_LEN], text[LINE_MAX_LEN];
	long id;

	if (!say(fd, greeting) || !hear(fd, line, &id) || !reply(fd, line, id))
		return;
	while (hear(fd, line, &id)) {
		const char *at = strstr(wrong, "%ld");

		if (at)
			snprintf(text, sizeof(text), "%.*s%ld%s\r\n", (int)(at - wrong), wrong,
				 id + id_offset, at + 3);
		else
			snprintf(text, sizeof(text), "%s\r\n", wrong);
		if (!say(fd, text))
			return;
	}
}

static void repeat(int fd, const char *text)
{
	while (say(fd, text))
		;
}

static void drip(int fd, const char *text)
{
	const struct timespec a_while = { .tv_nsec = 300000000 };

	for (; *text && say_bytes(fd, text, 1); text++)
		nanosleep(&a_while, NULL);
	sleep_for_ever();
}

static void nest(int fd, const char *begin, const char *end)
{
	for (int i = 0; i < DEPTH; i++)
		say(fd, begin);
	for (int i = 0; i < DEPTH; i++)
		say(fd, end);
	say(fd, "\r\n");
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define EVENT(name) "{\"event\": \"" name "\", \"timestamp\": {\"seconds\": 1}}\r\n"

static const struct kind {
	const char *name;
	enum { SAY, REPEAT, DRIP, NEST, ANSWER, SILENT, GREET, END, ABORT, HONEST } how;
	const char *text;
	long id_offset;
} kinds[] = {
	{ "honest", HONEST, NULL, 0 },
	{ "exits", END, NULL, 0 },
	{ "aborts", ABORT, NULL, 0 },
	{ "closes", SAY, "", 0 },
	{ "greets-and-closes", SAY, greeting, 0 },
	{ "huge-line", REPEAT, X64 X64 X64 X64, 0 },
	{ "huge-string", REPEAT, "{\"QMP\": \"" X64, 0 },
	{ "newlines", REPEAT, "\n\n\n\n\r\n", 0 },
	{ "objects", REPEAT, "{}\n", 0 },
	{ "no-json", SAY, "}{\r\n", 0 },
	{ "no-object", SAY, "[1, 2]\r\n", 0 },
	{ "no-utf8", SAY, "{\"QMP\": \"\xff\xfe\xc0\x80\"}\r\n", 0 },
	{ "twice", SAY, "{\"QMP\": {}, \"QMP\": {}}\r\n", 0 },
	{ "no-greeting", SAY, "{\"return\": {}, \"id\": 1}\r\n", 0 },
	{ "nests-arrays", NEST, "[", 0 },
	{ "nests-objects", NEST, "{\"a\":", 0 },
	{ "other-id", ANSWER, "{\"return\": {}, \"id\": %ld}", 1 },
	{ "earlier-id", ANSWER, "{\"return\": {}, \"id\": %ld}", -1 },
	{ "no-id", ANSWER, "{\"return\": {}}", 0 },
	{ "text-id", ANSWER, "{\"return\": {}, \"id\": \"%ld\"}", 0 },
	{ "real-id", ANSWER, "{\"return\": {}, \"id\": %ld.0}", 0 },
	{ "huge-id", ANSWER, "{\"return\": {}, \"id\": 18446744073709551618}", 0 },
	{ "both", ANSWER, "{\"return\": {}, \"error\": {}, \"id\": %ld}", 0 },
	{ "neither", ANSWER, "{\"id\": %ld}", 0 },
	{ "no-status", ANSWER, "{\"return\": {}, \"id\": %ld}", 0 },
	{ "status-5", ANSWER, "{\"return\": {\"status\": 5}, \"id\": %ld}", 0 },
	{ "no-return-object", ANSWER, "{\"return\": [[]], \"id\": %ld}", 0 },
	{ "bare-error", ANSWER, "{\"error\": {}, \"id\": %ld}", 0 },
	{ "odd-error", ANSWER,
	  "{\"error\": {\"class\": \"\\u001b[2J\", \"desc\": "
	  "\"a\\nhint: rm -r /\\u0007\\u009b31m%s%n\"}, \"id\": %ld}",
	  0 },
	{ "silent", SILENT, NULL, 0 },
	{ "greets-only", GREET, NULL, 0 },
	{ "drips", DRIP, greeting, 0 },
	{ "floods", REPEAT, EVENT("RESUME"), 0 },
	{ "floods-long", REPEAT, EVENT(X64 X64 X64 X64 X64), 0 },
};

static const struct kind *find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	fprintf(stderr, "no kind '%s'\n", name);
	exit(1);
}

static void behave(int fd, const struct kind *kind)
{
	switch (kind->how) {
	case SAY:
		say(fd, kind->text);
		break;
	case REPEAT:
		/* events come after a greeting */
		if (strncmp(kind->text, "{\"event\"", 8) == 0)
			say(fd, greeting);
		repeat(fd, kind->text);
		break;
	case DRIP:
		drip(fd, kind->text);
		break;
	case NEST:
		nest(fd, kind->text, kind->text[0] == '[' ? "]" : "}");
		break;
	case ANSWER:
		answer(fd, kind->text, kind->id_offset);
		break;
	case GREET:
		say(fd, greeting);
		sleep_for_ever();
	case HONEST:
		speak_honestly(fd);
		break;
	default:
		sleep_for_ever();
	}
}

static int listener(char **argv)
{
	static const char before[] = "socket,id=qmp,fd=";

	for (; *argv; argv++)
		if (strncmp(*argv, before, strlen(before)) == 0)
			return atoi(*argv + strlen(before));
	fprintf(stderr, "no socket for the monitor\n");
	exit(1);
}

/* Each in a process of its own, which sees the guest run once the first has ended. */
int main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[2] : "";
	bool honest = strncmp(name, "then-", 5) == 0;
	const struct kind *kind = find(honest ? name + 5 : name);
	int fd = listener(argv);

	if (kind->how == END)
		return 0;
	if (kind->how == ABORT)
		abort();
	if (honest) {
		int first = accept(fd, NULL, NULL);

		speak_honestly(first);
		close(first);
	}
	for (;;) {
		int next = accept(fd, NULL, NULL);

		if (next < 0)
			return 1;
		signal(SIGCHLD, SIG_IGN);
		if (fork() == 0) {
			behave(next, kind);
			_exit(0);
		}
		close(next);
	}
}
