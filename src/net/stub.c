/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others implement: weak, and gone with this file. */
#include <errno.h>

#include "net/tap.h"

#pragma weak tap_repair

int tap_repair(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
	       bool check_only, enum tap_repair *ret, struct buf *ret_changes, struct error *err)
{
	(void)sock;
	(void)bridge;
	(void)check_only;
	(void)ret;
	(void)ret_changes;
	return error_set(err, ERROR_FAILED, ENOSYS, "repair tap '%s': not yet", spec->name);
}
