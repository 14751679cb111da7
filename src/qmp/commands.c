/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that we know by name. */
#include "qmp/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/alloc.h"

/* The name under which QEMU keeps a descriptor until it is used. */
#define VNC_FD_NAME "vnc"

/* QEMU's RunState (qapi/run-state.json); what is not here is QMP_STATUS_OTHER. */
static const struct {
	const char *name;
	enum qmp_status status;
} run_states[] = {
	{ "running", QMP_STATUS_RUNNING },     { "prelaunch", QMP_STATUS_PRELAUNCH },
	{ "paused", QMP_STATUS_PAUSED },       { "shutdown", QMP_STATUS_SHUTDOWN },
	{ "suspended", QMP_STATUS_SUSPENDED }, { "internal-error", QMP_STATUS_ERROR },
	{ "io-error", QMP_STATUS_ERROR },      { "guest-panicked", QMP_STATUS_ERROR },
	{ "watchdog", QMP_STATUS_ERROR },
};

static const char *const status_words[] = {
	[QMP_STATUS_RUNNING] = "running",     [QMP_STATUS_PRELAUNCH] = "prelaunch",
	[QMP_STATUS_PAUSED] = "paused",	      [QMP_STATUS_SHUTDOWN] = "shutdown",
	[QMP_STATUS_SUSPENDED] = "suspended", [QMP_STATUS_ERROR] = "error",
	[QMP_STATUS_OTHER] = "other",
};

const char *qmp_status_word(enum qmp_status status)
{
	return (unsigned int)status < ARRAY_SIZE(status_words) ? status_words[status] : "other";
}

static enum qmp_status status_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_states); i++)
		if (!strcmp(run_states[i].name, name))
			return run_states[i].status;
	return QMP_STATUS_OTHER;
}

int qmp_query_status(struct qmp *qmp, enum qmp_status *ret, struct error *err)
{
	json_t *reply;
	const char *name;
	int r = qmp_execute(qmp, "query-status", NULL, &reply, err);

	if (r < 0)
		return r;
	name = json_string_value(json_object_get(reply, "status"));
	if (name)
		*ret = status_of(name);
	else
		r = error_set(err, ERROR_FAILED, EPROTO,
			      "execute 'query-status': a reply without a status");
	json_decref(reply);
	return r;
}

int qmp_continue(struct qmp *qmp, struct error *err)
{
	return qmp_execute(qmp, "cont", NULL, NULL, err);
}

int qmp_powerdown(struct qmp *qmp, struct error *err)
{
	return qmp_execute(qmp, "system_powerdown", NULL, NULL, err);
}

/* All four are wanted by QEMU; milliseconds. These are its AnnounceParameters after a migration. */
int qmp_announce(struct qmp *qmp, struct error *err)
{
	json_t *arguments = json_pack("{s:i, s:i, s:i, s:i}", "initial", 50, "max", 550, "rounds",
				      5, "step", 100);
	int r = qmp_execute(qmp, "announce-self", arguments, NULL, err);

	json_decref(arguments);
	return r;
}

int qmp_quit(struct qmp *qmp, struct error *err)
{
	struct error why = ERROR_INIT;
	int r = qmp_execute(qmp, "quit", NULL, NULL, &why);

	if (r == -ECONNRESET)
		return 0;
	if (r < 0)
		*err = why;
	return r;
}

static int give_fd(struct qmp *qmp, int fd, struct error *err)
{
	json_t *arguments = json_pack("{s:s}", "fdname", VNC_FD_NAME);
	int r = qmp_execute_fd(qmp, "getfd", arguments, fd, err);

	json_decref(arguments);
	return r;
}

int qmp_vnc_listen(struct qmp *qmp, int fd, struct error *err)
{
	struct error ignored = ERROR_INIT;
	json_t *arguments;
	int r = give_fd(qmp, fd, err);

	if (r < 0)
		return r;
	arguments = json_pack("{s:s, s:[{s:s, s:s}]}", "type", "vnc", "addresses", "type", "fd",
			      "str", VNC_FD_NAME);
	r = qmp_execute(qmp, "display-update", arguments, NULL, err);
	json_decref(arguments);
	/* A refused listener must not stay open in QEMU until it is asked again. */
	if (r == -EREMOTEIO) {
		arguments = json_pack("{s:s}", "fdname", VNC_FD_NAME);
		(void)qmp_execute(qmp, "closefd", arguments, NULL, &ignored);
		json_decref(arguments);
	}
	return r;
}
