/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images by name: image_dir/NAME.qcow2 or NAME.raw, read-only, and NAME.conf beside it. */
#ifndef STORE_IMAGES_H
#define STORE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "config/image_config.h"
#include "config/types.h"
#include "store/store.h"

/*
 * A pulled image is called ENTRY-YYYYMMDD-DIGEST12: by what it is, the day (UTC) and the digest of
 * the file as published. It never changes; the next pull makes another one.
 *
 * Others than root have images of their own, and may read root's; of two of one name theirs counts.
 * Only their own are made and removed (ERROR_PERMISSION).
 */

/* Open image `name`. ERROR_NOT_FOUND with a hint. *ret_path is absolute and the caller's. */
int images_open(const struct store *store, const char *name, int *ret_fd,
		enum disk_format *ret_format, char **ret_path, struct error *err);

/*
 * The .conf of the image that images_open() finds; none is one of defaults. Errors name it by its
 * path, and hint at who is to correct it. ret is initialised by it, to be
 * released after success.
 */
int images_config(const struct store *store, const char *name, struct image_config *ret,
		  struct error *err);

/* Is it in the caller's own folder, where it can be removed? */
bool images_is_own(const struct store *store, const char *name);

/* All names, sorted. */
int images_list(const struct store *store, struct strv *ret, struct error *err);

/*
 * The newest image that was pulled by catalogue entry os (by added_ns, then by name), or with a
 * source digest ("sha512:HEX", NULL: any) that one. Positive IMAGES_NONE: there is none. Reads the
 * .conf files of names that begin with "os-" only.
 */
enum { IMAGES_NONE = 1 };
int images_newest(const struct store *store, const char *os, const char *source_digest,
		  char **ret_name, struct error *err);

/*
 * An image of the caller's own whose name is that of one which os was pulled as, with the digest
 * whose short form (fetch/digest.h) that is, on whatever day, and whose .conf is missing, damaged
 * or of something else. Positive IMAGES_NONE: there is none.
 */
int images_unrecorded(const struct store *store, const char *os, const char *digest_short,
		      char **ret_name, struct error *err);

/*
 * Write the .conf of an image that is there, over what is in its place. The caller holds the image
 * (images_hold()) and the part of its digest: nobody else writes it meanwhile.
 */
int images_record(const struct store *store, const char *name, const struct image_config *config,
		  struct error *err);

/*
 * A new image under a name of its own, ".tmp-NAME": write to fd, then images_commit() syncs it and
 * gives it its name, read-only; or images_abort() removes it. One that a kill left behind is taken
 * over by the next draft of that name. It is locked by image_dir/.lock, see images_hold(): who can
 * read it keeps nobody from it. ERROR_CONFLICT: the image exists; ERROR_BUSY: somebody else is
 * writing it now; ERROR_USAGE: no name for an image, and none may end in ".conf".
 */
struct image_draft {
	char name[NAME_MAX_LEN + 1];
	int fd;
	int lock_fd; /* has .tmp-NAME, and so the name, locked */
	int part_lock_fd; /* has an adopted part locked, or -1; .tmp-NAME is empty then */
	char *file; /* where its bytes are */
};

#define IMAGE_DRAFT_INIT                                                                           \
	{                                                                                          \
		.fd = -1, .lock_fd = -1, .part_lock_fd = -1                                        \
	}

int images_begin(const struct store *store, const char *name, struct image_draft *ret,
		 struct error *err);

/* config, where it is not NULL, is in place before the image is: there is none without its own. */
int images_commit(const struct store *store, struct image_draft *draft, enum disk_format format,
		  const struct image_config *config, struct error *err);
void images_abort(const struct store *store, struct image_draft *draft);

/*
 * A download, ".part-DIGEST" by the digest that it must have in the end: whoever wants that file
 * goes on with it, whatever mirror the next byte comes from. While somebody else has it we wait,
 * however long, and tick (NULL: none) is called about every 200 ms with the bytes that are there.
 * What was waited for may have become an image meanwhile: look for that first. ERROR_USAGE: no
 * digest.
 */
struct image_part {
	char *file;
	int fd; /* O_RDWR */
	int lock_fd;
	uint64_t size; /* bytes of it that an earlier try left */
};

#define IMAGE_PART_INIT                                                                            \
	{                                                                                          \
		.fd = -1, .lock_fd = -1                                                            \
	}

int images_part_open(const struct store *store, const char *digest,
		     void (*tick)(void *arg, uint64_t bytes), void *arg, struct image_part *ret,
		     struct error *err);
void images_part_close(struct image_part *part); /* it stays, to be resumed */
void images_part_remove(const struct store *store, struct image_part *part); /* and closes */

/*
 * A verified part becomes a draft: no byte is copied. It keeps its own name and lock until it has
 * the image's: who waits for it finds the image afterwards. images_abort(), and an images_commit()
 * that does not succeed, leave it a part, unless the disk did not take its bytes: then it is gone,
 * for nobody could tell any more which of them are good. On failure part is as it was. Errors as
 * those of images_begin().
 */
int images_part_adopt(const struct store *store, struct image_part *part, const char *name,
		      struct image_draft *ret, struct error *err);

/*
 * Hold an image that fd has open until *ret_fd is closed (before fd is): shared by those who make a
 * VM from it, exclusive by who removes it, who does not wait with _NOW. ERROR_BUSY when it is held
 * the other way for more than about two seconds, ERROR_NOT_FOUND when it has been removed. name is
 * for messages.
 *
 * Root, and others who make VMs of root's images, lock a byte of the image itself: others' locks
 * can be no more than shared ones, so who holds an image for nothing keeps root from removing it,
 * and nobody from anything else. A user's own are held by image_dir/.lock (0600, made when it is
 * first wanted): others cannot keep him from removing one. Shared where nothing can be locked (a
 * folder of others, a file system without locks): *ret_fd is -1, and nothing is held.
 */
enum images_hold { IMAGES_SHARED, IMAGES_EXCLUSIVE, IMAGES_EXCLUSIVE_NOW };
int images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		int *ret_fd, struct error *err);

/*
 * And its .conf. ERROR_NOT_FOUND when there is none. Whether a VM uses it is the caller's to know,
 * and he holds it.
 */
int images_remove(const struct store *store, const char *name, struct error *err);

/*
 * Remove (or with dry only count) drafts and parts that nobody holds, and .conf files without their
 * image. The folder may have other files in it: of these are only the caller's own regular files
 * with one link that have exactly the names that we give, and a .conf that has the digest and the
 * day of an image.
 * *ret_bytes is what they take on disk. What cannot be removed is left, and not counted.
 */
int images_sweep(const struct store *store, bool dry, unsigned int *ret_n, uint64_t *ret_bytes,
		 struct error *err);

/* The same, and each file that goes is told, with its bytes on disk. */
int images_sweep_each(const struct store *store, bool dry,
		      void (*each)(void *arg, const char *file, uint64_t bytes), void *arg,
		      unsigned int *ret_n, uint64_t *ret_bytes, struct error *err);

#endif
