/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to a monitor: greeting, commands with their replies, events. */
#include "qmp/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/process.h"
#include "channel.h"

enum {
	EVENTS_MAX = 32,
	EVENT_NAME_MAX = 64,
	REMOTE_TEXT_MAX = 300,
};

struct qmp {
	struct channel channel;
	int timeout_ms;
	json_int_t last_id;
	size_t n_events; /* oldest first */
	char events[EVENTS_MAX][EVENT_NAME_MAX];
};

static void json_release(json_t **json)
{
	json_decref(*json);
}

#define AUTO_JSON AUTO(json_release) json_t

static int protocol_error(struct error *err, const char *what)
{
	return error_set(err, ERROR_FAILED, EPROTO, "read from the monitor: %s", what);
}

/* The next message, an object. jansson refuses NUL bytes, bad UTF-8 and over 2048 levels. */
static int read_message(struct qmp *qmp, int64_t deadline_ms, json_t **ret, struct error *err)
{
	const char *line;
	size_t len;
	json_error_t why;
	json_t *message;
	int r = channel_read_line(&qmp->channel, QMP_LINE_MAX, deadline_ms, &line, &len, err);

	if (r < 0)
		return r;
	message = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(message)) {
		json_decref(message);
		return protocol_error(err, "not a JSON object");
	}
	*ret = message;
	return 0;
}

/* A name that is too long for one of QEMU's is nothing that anyone waits for. */
static void keep_event(struct qmp *qmp, const char *name)
{
	size_t size = strlen(name) + 1;

	if (size > EVENT_NAME_MAX)
		return;
	if (qmp->n_events == EVENTS_MAX)
		memmove(qmp->events[0], qmp->events[1], sizeof(qmp->events[0]) * --qmp->n_events);
	memcpy(qmp->events[qmp->n_events++], name, size);
}

/* 1: it was an event and is kept. */
static int sort_out_event(struct qmp *qmp, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "event"));

	if (!name)
		return 0;
	keep_event(qmp, name);
	return 1;
}

static int remote_error(const json_t *error, const char *command, struct error *err)
{
	const char *class = json_string_value(json_object_get(error, "class"));
	const char *desc = json_string_value(json_object_get(error, "desc"));
	char clean_class[EVENT_NAME_MAX], clean_desc[REMOTE_TEXT_MAX];

	if (!class || !desc)
		return protocol_error(err, "an error without class and description");
	error_sanitise(clean_class, sizeof(clean_class), class);
	error_sanitise(clean_desc, sizeof(clean_desc), desc);
	return error_set(err, ERROR_FAILED, EREMOTEIO, "execute '%s': %s (%s)", command, clean_desc,
			 clean_class);
}

static int take_reply(const struct qmp *qmp, const json_t *message, const char *command,
		      json_t **ret, struct error *err)
{
	const json_t *id = json_object_get(message, "id");
	const json_t *error = json_object_get(message, "error");
	json_t *value = json_object_get(message, "return");

	/* no integer counts as 0, and ids begin with 1 */
	if (json_integer_value(id) != qmp->last_id)
		return protocol_error(err, "a reply to no command of ours");
	if (!error == !value)
		return protocol_error(err, "a reply that is neither success nor error");
	if (error)
		return remote_error(error, command, err);
	if (ret)
		*ret = json_incref(value);
	return 0;
}

static int await_reply(struct qmp *qmp, const char *command, int64_t deadline_ms, json_t **ret,
		       struct error *err)
{
	for (;;) {
		AUTO_JSON *message = NULL;
		int r = read_message(qmp, deadline_ms, &message, err);

		if (r < 0)
			return r;
		if (!sort_out_event(qmp, message))
			return take_reply(qmp, message, command, ret, err);
	}
}

static int send_command(struct qmp *qmp, const char *command, json_t *arguments, int fd,
			int64_t deadline_ms, struct error *err)
{
	AUTO_JSON *request = json_pack("{s:s, s:I, s:O*}", "execute", command, "id", ++qmp->last_id,
				       "arguments", arguments);
	AUTO_FREE char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	AUTO_BUF line = BUF_INIT;

	if (!text)
		return error_set(err, ERROR_FAILED, EINVAL, "write '%s' as JSON", command);
	buf_puts(&line, text);
	buf_puts(&line, "\n");
	return channel_send(&qmp->channel, line.data, line.len, fd, deadline_ms, err);
}

static int exchange(struct qmp *qmp, const char *command, json_t *arguments, int fd,
		    int64_t deadline_ms, json_t **ret, struct error *err)
{
	int r;

	if (qmp->channel.fd < 0)
		return error_set(err, ERROR_FAILED, ENOTCONN,
				 "execute '%s': the connection to the monitor has ended", command);
	r = send_command(qmp, command, arguments, fd, deadline_ms, err);
	if (r == 0)
		r = await_reply(qmp, command, deadline_ms, ret, err);
	if (r < 0 && r != -EREMOTEIO) {
		channel_done(&qmp->channel);
		error_prefix(err, "execute '%s'", command);
	}
	return r;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret,
		struct error *err)
{
	return exchange(qmp, command, arguments, -1, clock_ms() + qmp->timeout_ms, ret, err);
}

int qmp_execute_fd(struct qmp *qmp, const char *command, json_t *arguments, int fd,
		   struct error *err)
{
	return exchange(qmp, command, arguments, fd, clock_ms() + qmp->timeout_ms, NULL, err);
}

void qmp_set_timeout(struct qmp *qmp, int timeout_ms)
{
	qmp->timeout_ms = timeout_ms;
}

/* Forget the oldest event of that name; false when there is none. */
static bool take_event(struct qmp *qmp, const char *name)
{
	for (size_t i = 0; i < qmp->n_events; i++) {
		if (strcmp(qmp->events[i], name) != 0)
			continue;
		qmp->n_events--;
		memmove(qmp->events[i], qmp->events[i + 1],
			sizeof(qmp->events[0]) * (qmp->n_events - i));
		return true;
	}
	return false;
}

static int read_event(struct qmp *qmp, int64_t deadline_ms, struct error *err)
{
	AUTO_JSON *message = NULL;
	int r = read_message(qmp, deadline_ms, &message, err);

	if (r < 0)
		return r;
	return sort_out_event(qmp, message) ? 0 : protocol_error(err, "a reply to no command");
}

int qmp_wait_event(struct qmp *qmp, const char *event, int timeout_ms, struct error *err)
{
	int64_t deadline_ms = clock_ms() + timeout_ms;
	struct error why = ERROR_INIT;
	int r = 0;

	while (!take_event(qmp, event)) {
		if (qmp->channel.fd < 0)
			return error_set(err, ERROR_FAILED, ENOTCONN,
					 "wait for '%s': the connection to the monitor has ended",
					 event);
		r = read_event(qmp, deadline_ms, &why);
		if (r == -ETIMEDOUT)
			return QMP_EVENT_NONE;
		if (r < 0) {
			channel_done(&qmp->channel);
			*err = why;
			return error_prefix(err, "wait for '%s'", event);
		}
	}
	return 0;
}

/* Nothing but the greeting may come first (QEMU's docs/interop/qmp-spec, "Server Greeting"). */
static int read_greeting(struct qmp *qmp, int64_t deadline_ms, struct error *err)
{
	AUTO_JSON *message = NULL;
	int r = read_message(qmp, deadline_ms, &message, err);

	if (r == 0 && !json_is_object(json_object_get(message, "QMP")))
		r = protocol_error(err, "no greeting");
	return r < 0 ? error_prefix(err, "connect to the monitor") : 0;
}

static int attach(int fd, int timeout_ms, int64_t deadline_ms, struct qmp **ret, struct error *err)
{
	AUTO(qmp_closep) struct qmp *qmp = xcalloc(1, sizeof(*qmp));
	int r;

	qmp->channel = (struct channel)CHANNEL_INIT;
	qmp->timeout_ms = timeout_ms;
	r = channel_open(&qmp->channel, fd, err);
	if (r == 0)
		r = read_greeting(qmp, deadline_ms, err);
	if (r == 0)
		r = exchange(qmp, "qmp_capabilities", NULL, -1, deadline_ms, NULL, err);
	if (r < 0)
		return r;
	*ret = ptr_steal(&qmp);
	return 0;
}

int qmp_attach(int fd, int timeout_ms, struct qmp **ret, struct error *err)
{
	return attach(fd, timeout_ms, clock_ms() + timeout_ms, ret, err);
}

/*
 * A connect(2) to a unix socket whose backlog is full waits, and SO_SNDTIMEO bounds that
 * (socket(7)); the result is EAGAIN then. A limit of 0 would be none.
 */
static int connect_within(int fd, const struct sockaddr_un *addr, int timeout_ms)
{
	const struct timeval limit = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000L,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

static int connect_error(struct error *err, int code, const char *name)
{
	if (code == ETIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, code,
				 "connect to the monitor '%s': nobody accepts in time", name);
	return error_errno(err, code, "connect to the monitor '%s'", name);
}

int qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret, struct error *err)
{
	int64_t deadline_ms = clock_ms() + timeout_ms;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = -1;
	int r = snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);

	if (r < 0 || (size_t)r >= sizeof(addr.sun_path))
		return connect_error(err, ENAMETOOLONG, name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return connect_error(err, errno, name);
	r = connect_within(fd, &addr, timeout_ms > 0 ? timeout_ms : 1);
	if (r < 0)
		return connect_error(err, -r, name);
	return attach(fd_steal(&fd), timeout_ms, deadline_ms, ret, err);
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	channel_done(&qmp->channel);
	free(qmp);
}

void qmp_closep(struct qmp **qmp)
{
	qmp_close(*qmp);
}
