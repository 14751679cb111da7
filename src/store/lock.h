/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command lock, for the files of this layer. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Lock run_dir/NAME/lock for a command, waiting about two seconds. -ESTALE, without words, when
 * the file or its folder was removed meanwhile: open the folder again and repeat.
 */
int lock_take(int run_fd, const char *name, const char *command, int *ret_fd, struct error *err);

bool lock_is_held(int run_fd);

#endif
