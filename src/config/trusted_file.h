/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration that decides what is run and fetched: who may have written it. */
#ifndef CONFIG_TRUSTED_FILE_H
#define CONFIG_TRUSTED_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Read name below dir_fd (AT_FDCWD: a path), at most max bytes; path is for messages. Links are
 * followed, and what they lead to must be a regular file of root or owner that no other may write,
 * else ERROR_PERMISSION. TRUSTED_FILE_ABSENT (positive): there is none.
 */
enum { TRUSTED_FILE_ABSENT = 1 };
int trusted_file_read(int dir_fd, const char *name, const char *path, size_t max, uid_t owner,
		      struct buf *ret, struct error *err);

#endif
