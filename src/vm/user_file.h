/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the user names: by their path, or as a credential of the service that runs us. */
#ifndef VM_USER_FILE_H
#define VM_USER_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Read all of a regular file, at most max bytes, else -EFBIG. "credential:NAME" is the file NAME
 * of $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=), where no symbolic link is
 * followed; without that variable ERROR_USAGE. NAME is letters, digits, '.', '_' and '-'. A file
 * that has such a name itself is "./credential:NAME".
 */
int user_file_read(const char *path, size_t max, struct buf *ret, struct error *err);

#endif
