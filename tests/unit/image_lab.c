/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images of a test, written and committed or left. */
#include "image_lab.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

struct image_draft draft;

int begin(const char *name)
{
	draft = (struct image_draft){ .fd = -1 };
	return images_begin(&lab_store, name, &draft, &lab_err);
}

void write_draft(const char *content)
{
	ck_assert_int_eq(write(draft.fd, content, strlen(content)), (ssize_t)strlen(content));
}

void make_image(const char *name, const char *content)
{
	suite_assert_ok(begin(name), lab_err);
	write_draft(content);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_QCOW2, NULL, &lab_err), lab_err);
}

void assert_content(const char *file, const char *expected)
{
	AUTO_FREE char *content = suite_get(lab_store.images_fd, file);

	ck_assert_str_eq(content, expected);
}

bool write_half(const char *name)
{
	return begin(name) == 0 && write(draft.fd, "a long half of an image", 23) == 23;
}
