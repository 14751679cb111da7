/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for each test of files, and a look at what is in it. */
#ifndef TESTS_FILE_LAB_H
#define TESTS_FILE_LAB_H

#include <stdbool.h>

#include "suite.h"

/* Around each test of the case. After it no descriptor may be left. The umask is 022. */
extern struct suite_tmpdir tmp;
void file_lab_around(TCase *tcase);

/* Of a file in it, and that there is none. */
void check_content(const char *name, const char *expected);
void check_absent(const char *name);

/* Whether a test may have a mount namespace. */
bool can_mount(void);

#endif
