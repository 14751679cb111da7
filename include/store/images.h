/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images by name: image_dir/NAME.qcow2 or NAME.raw, read-only. */
#ifndef STORE_IMAGES_H
#define STORE_IMAGES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "config/types.h"
#include "store/store.h"

/*
 * Others than root have images of their own, and may read root's; of two of one name theirs counts.
 * Only their own are made and removed (ERROR_PERMISSION).
 */

/* Open image `name`. ERROR_NOT_FOUND with a hint. *ret_path is absolute and the caller's. */
int images_open(const struct store *store, const char *name, int *ret_fd,
		enum disk_format *ret_format, char **ret_path, struct error *err);

/* All names, sorted. */
int images_list(const struct store *store, struct strv *ret, struct error *err);

/*
 * A new image under a name of its own, ".tmp-NAME": write to fd, then images_commit() syncs it and
 * gives it its name, read-only; or images_abort() removes it. One that a kill left behind is taken
 * over by the next draft of that name. ERROR_CONFLICT: the image exists; ERROR_BUSY: somebody
 * else is writing it now.
 */
struct image_draft {
	char name[NAME_MAX_LEN + 1];
	int fd;
};
int images_begin(const struct store *store, const char *name, struct image_draft *ret,
		 struct error *err);
int images_commit(const struct store *store, struct image_draft *draft, enum disk_format format,
		  struct error *err);
void images_abort(const struct store *store, struct image_draft *draft);

/*
 * Hold an open image by flock(2) for as long as fd is open: shared by those who make a VM from
 * it, exclusive by who removes it. ERROR_BUSY when it is held the other way, ERROR_NOT_FOUND
 * when it has been removed. name is for the message.
 */
int images_hold(int fd, const char *name, bool exclusive, struct error *err);

/* ERROR_NOT_FOUND when there is none. Whether a VM uses it is the caller's to know. */
int images_remove(const struct store *store, const char *name, struct error *err);

#endif
