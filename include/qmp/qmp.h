/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's machine protocol: a client that trusts nothing it is told. */
#ifndef QMP_QMP_H
#define QMP_QMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct qmp;
struct json_t;

enum {
	QMP_LINE_MAX = 256 * 1024, /* one message; a longer one ends the connection */
	QMP_TIMEOUT_MS = 5000,
};

/*
 * Connect to the unix socket `name` in the folder dir_fd (through /proc/self/fd, so that no
 * path is too long for sun_path), read the greeting and send qmp_capabilities. All within
 * timeout_ms. A peer that sends rubbish, too much, nothing or an end is an error (-EPROTO,
 * -EMSGSIZE, -ETIMEDOUT, -ECONNRESET), -ECONNREFUSED when nobody listens, -ENOENT without a
 * socket. Release with qmp_close(), which takes NULL.
 */
int qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret, struct error *err);

/* The same over a connected stream socket, whose ownership passes to the client even on failure. */
int qmp_attach(int fd, int timeout_ms, struct qmp **ret, struct error *err);
void qmp_close(struct qmp *qmp);
void qmp_closep(struct qmp **qmp);

/*
 * Execute command with arguments (an object, borrowed; NULL for none) and wait for the reply of
 * this very id; the names of the events that come meanwhile are kept (the last 32) for
 * qmp_wait_event(). ret may be NULL; else the `return` value, a new reference. QEMU's own error
 * becomes err with its class and sanitised description (-EREMOTEIO). Any other failure, a
 * timeout too, ends the connection: what comes later could not be told apart. Further calls
 * are -ENOTCONN then.
 */
int qmp_execute(struct qmp *qmp, const char *command, struct json_t *arguments, struct json_t **ret,
		struct error *err);

/* The same with one descriptor passed along by SCM_RIGHTS; fd stays the caller's. */
int qmp_execute_fd(struct qmp *qmp, const char *command, struct json_t *arguments, int fd,
		   struct error *err);

/* For qmp_execute(): the timeout of each further command, from its sending to its reply. */
void qmp_set_timeout(struct qmp *qmp, int timeout_ms);

/* QEMU's RunState, as far as we tell them apart. */
enum qmp_status {
	QMP_STATUS_RUNNING,
	QMP_STATUS_PRELAUNCH, /* -S, never continued */
	QMP_STATUS_PAUSED, /* by a command */
	QMP_STATUS_SHUTDOWN,
	QMP_STATUS_SUSPENDED, /* S3 */
	QMP_STATUS_ERROR, /* internal-error, io-error, guest-panicked, watchdog */
	QMP_STATUS_OTHER,
};
int qmp_query_status(struct qmp *qmp, enum qmp_status *ret, struct error *err);
const char *qmp_status_word(enum qmp_status status);

int qmp_continue(struct qmp *qmp, struct error *err); /* "cont" */
int qmp_powerdown(struct qmp *qmp, struct error *err); /* "system_powerdown": ACPI button */

/*
 * "announce-self" (QEMU 4.0), with QEMU's own defaults: for each NIC five RARP requests from the
 * guest's MAC within two seconds, and a word to a virtio driver that knows how to announce itself
 * (VIRTIO_NET_F_GUEST_ANNOUNCE), so that switches and neighbours learn where the guest is now.
 */
int qmp_announce(struct qmp *qmp, struct error *err);

/* "quit". QEMU that goes without an answer has done what it was told: 0. */
int qmp_quit(struct qmp *qmp, struct error *err);

/*
 * Make QEMU's VNC server (started with `-vnc none`) listen on a socket of ours, bound and
 * listening: getfd, then display-update (QEMU >= 7.1). fd stays the caller's.
 */
int qmp_vnc_listen(struct qmp *qmp, int fd, struct error *err);

/*
 * Wait for an event by name, which is forgotten then; others are kept. QMP_EVENT_NONE (positive)
 * when timeout_ms passes without it: the connection stays.
 */
enum { QMP_EVENT_NONE = 1 };
int qmp_wait_event(struct qmp *qmp, const char *event, int timeout_ms, struct error *err);

#endif
