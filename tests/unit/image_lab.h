/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images of a test, written and committed or left. */
#ifndef TESTS_IMAGE_LAB_H
#define TESTS_IMAGE_LAB_H

#include "store/images.h"
#include "store_lab.h"

/* The image that was begun last, and what is written to it. */
extern struct image_draft draft;
int begin(const char *name);
void write_draft(const char *content);

/* A qcow2 image by that name, without a .conf. */
void make_image(const char *name, const char *content);

/* Begun, and not ended. For lab_child_start(). */
bool write_half(const char *name);

/* Of a file in the folder of images. */
void assert_content(const char *file, const char *expected);

#endif
