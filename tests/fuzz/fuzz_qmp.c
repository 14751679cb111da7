/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a QMP peer sends, as a whole and then the end: greeting, replies, events. */
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "fuzz.h"
#include "qmp/qmp.h"

enum { INPUT_MAX = 64 * 1024, TIMEOUT_MS = 1000 };

/* An odd first byte lets the input begin after the handshake, which is hard to guess. */
static const char handshake[] = "{\"QMP\": {}}\r\n{\"return\": {}, \"id\": 1}\r\n";

/* A failure is worded, and no byte of the peer's reaches a terminal as it came. */
static int check(int r, struct error *err)
{
	if (r < 0) {
		FUZZ_ASSERT(r == -err->code && err->kind != ERROR_NONE && err->message[0]);
		for (const char *c = err->message; *c; c++)
			FUZZ_ASSERT((unsigned char)*c >= ' ' && *c != '\x7f');
	}
	*err = (struct error)ERROR_INIT;
	return r;
}

static void use(struct qmp *qmp)
{
	struct error err = ERROR_INIT;
	enum qmp_status status;
	json_t *result = NULL;

	if (check(qmp_query_status(qmp, &status, &err), &err) == 0)
		FUZZ_ASSERT(status <= QMP_STATUS_OTHER);
	(void)check(qmp_wait_event(qmp, "SHUTDOWN", TIMEOUT_MS, &err), &err);
	if (check(qmp_execute(qmp, "x", NULL, &result, &err), &err) == 0)
		json_decref(result);
	(void)check(qmp_quit(qmp, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .kind = ERROR_NONE };
	struct qmp *qmp = NULL;
	int pair[2];

	if (!size || size > INPUT_MAX ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	if (data[0] & 1)
		(void)send(pair[1], handshake, strlen(handshake), MSG_NOSIGNAL);
	(void)send(pair[1], data + 1, size - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(pair[1], SHUT_WR);
	if (check(qmp_attach(pair[0], TIMEOUT_MS, &qmp, &err), &err) == 0)
		use(qmp);
	qmp_close(qmp);
	close(pair[1]);
	return 0;
}
