/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process at the other end of a monitor connection that follows a script. */
#ifndef TESTS_QMP_PEER_H
#define TESTS_QMP_PEER_H

#include <stddef.h>

#include "base/error.h"
#include "qmp/qmp.h"
#include "suite.h"

#define QMP_GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"

/* Fork it; our end of the connection is returned and the caller's. One at a time. */
int peer_start(void (*script)(int fd));

/* Kill it if need be, and reap it. */
void peer_stop(void);

/* Wait for its own end; the script returned 0 faults. */
void peer_join(void);

/* For scripts; a fault ends the process with a status that peer_join() does not like. */
void peer_say(int fd, const char *text);
void peer_say_raw(int fd, const void *data, size_t len);
void peer_hear(int fd, const char *expected); /* one line of at most 4095 bytes, without its end */
void peer_hear_any(int fd);
void peer_greet(int fd); /* greeting, and an answer to qmp_capabilities */
_Noreturn void peer_hang(void); /* for ever */
_Noreturn void peer_fault(void);

/* Scripts: greet and answer nothing; say peer_text and hang. */
void peer_answers_never(int fd);
void peer_says_text(int fd);

/* What a row of a table of texts says; it may hold NUL bytes. */
struct peer_text {
	const char *data;
	size_t len;
};
extern struct peer_text peer_text;
#define PEER_TEXT(literal)                                                                         \
	{                                                                                          \
		.data = (literal), .len = sizeof(literal) - 1                                      \
	}

enum {
	LONG_MS = 30000, /* for what is expected to come */
	SHORT_MS = 150, /* for what is expected not to */
};

/* A case whose tests begin without a connection and must leave neither process nor descriptor. */
TCase *qmp_case(const char *name);

/* For those tests: the connection to a script, and how it fails. Outputs must stay untouched. */
extern struct qmp *qmp;
extern struct error err;
void qmp_test_attach(void (*script)(int fd));
void qmp_test_attach_fails(void (*script)(int fd), int timeout_ms, int code);
void qmp_test_execute_fails(int code); /* command "x" */
void qmp_test_assert_ended(void);

#endif
