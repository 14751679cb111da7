/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of an image: what qemu-img is asked for, and what its answer means. */
#ifndef IMAGE_CHECK_H
#define IMAGE_CHECK_H

#include "base/error.h"
#include "base/strv.h"

/* Append the words that check the qcow2 file at path, which is absolute, and change nothing. */
void check_argv(const char *qemu_img, const char *path, struct strv *ret);

/*
 * What it exits with (qemu-img(1), "check"). Clusters that nothing uses are a waste of room and no
 * fault: positive CHECK_LEAKS. All else but 0 is ERROR_VERIFY.
 */
enum { CHECK_LEAKS = 1 };
int check_word(int exit_status, const char *name, struct error *err);

#endif
