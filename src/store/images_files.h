/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of files in the folder of images, for the files of this layer. */
#ifndef STORE_IMAGES_FILES_H
#define STORE_IMAGES_FILES_H

#include <stdbool.h>

#include "store/images.h"

#define IMAGE_DRAFT_PREFIX ".tmp-"
#define IMAGE_PART_PREFIX ".part-"
#define IMAGE_CONFIG_SUFFIX ".conf"
#define IMAGE_LOCK_FILE ".lock"
#define IMAGE_USERS_DIR ".users"

/* All of these are the caller's to free. */
char *image_folder(const struct store *store); /* the caller's own, as a path */
char *image_file(const char *name, enum disk_format format); /* NAME.qcow2, NAME.raw */
char *image_config_file(const char *name); /* NAME.conf */
char *image_draft_file(const char *name); /* .tmp-NAME */

/* text without suffix, or NULL where it does not end in it or nothing is before it. */
char *image_strip(const char *text, const char *suffix);

/* ERROR_NOT_FOUND, with a hint. */
int image_absent(const char *name, struct error *err);

/* Is an image of that name in the folder? */
bool image_exists(int dir_fd, const char *name);

/*
 * Lock a draft or part that fd has open until *ret_lock_fd is closed (before fd is), by a byte of
 * .lock, without waiting. Returns 0 or -errno: -EWOULDBLOCK where somebody has it, -ESTALE where
 * who had it has renamed or removed it between our open and our lock.
 */
int image_lock_file(const struct store *store, const char *file, int fd, int *ret_lock_fd);

/*
 * Open a file of the folder for reading and writing, made where it is not there, and lock it.
 * Returns as image_lock_file() does.
 */
int image_open_locked(const struct store *store, const char *file, int *ret_fd, int *ret_lock_fd);

/* Is it a NAME.conf as a pull or an import writes it, with digest and day? */
bool image_config_is_written(const struct store *store, const char *file);

/* Remove NAME.conf of an image that is not there. Whoever is writing one of that name keeps his. */
void image_config_drop(const struct store *store, const char *name);

/* Make .users where it is missing. Where it cannot be made others say that they cannot be seen. */
void tenants_make(int images_fd, bool for_all);

#endif
