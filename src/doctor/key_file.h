/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of NetworkManager and systemd: [section] and key=value. */
#ifndef DOCTOR_KEY_FILE_H
#define DOCTOR_KEY_FILE_H

#include <stdbool.h>

/*
 * Call each() for every key of the file, with blanks trimmed; false where it cannot be read. ';'
 * separates values in these files and they have long lines, so inih does not read them.
 */
bool key_file_each(const char *path,
		   void (*each)(void *arg, const char *section, const char *key, const char *value),
		   void *arg);

#endif
