/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A way to the serial console. */
#include <errno.h>

#include "vm/console.h"
#include "live.h"
#include "sockets.h"

int vm_console_open(const struct vm_host *host, const char *name, int *ret_fd, struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct live live;
	int r = vm_dir_open(&host->store, name, &dir, err);

	if (!r)
		r = live_get(host, &dir, &live, err);
	if (r)
		return r;
	if (!live_is_alive(&live) || live.foreign) {
		error_set(err, ERROR_BUSY, ESRCH, "vm '%s' is not running", name);
		return error_hint(err, "mnmivm-se start %s", name);
	}
	return socket_connect_unix(&dir, CONSOLE_SOCKET, ret_fd, err);
}
