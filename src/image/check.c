/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of an image: what qemu-img is asked for, and what its answer means. */
#include "image/check.h"

#include <errno.h>

/*
 * The format is told and never probed. -U: a VM may have the image open, and nobody writes to it.
 */
void check_argv(const char *qemu_img, const char *path, struct strv *ret)
{
	strv_push(ret, qemu_img);
	strv_split(ret, "check -q -U -f qcow2", ' ');
	strv_push(ret, path);
}

int check_word(int exit_status, const char *name, struct error *err)
{
	enum { CONSISTENT = 0, CORRUPT = 2, LEAKS = 3 };

	switch (exit_status) {
	case CONSISTENT:
		return 0;
	case LEAKS:
		return CHECK_LEAKS;
	case CORRUPT:
		return error_set(err, ERROR_VERIFY, EBADMSG,
				 "check image '%s': its tables contradict each other", name);
	default:
		return error_set(
			err, ERROR_VERIFY, EBADMSG,
			"check image '%s': qemu-img cannot read its tables (exit status %d)", name,
			exit_status);
	}
}
