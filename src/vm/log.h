/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log files that a guest cannot fill the host with. */
#ifndef VM_LOG_H
#define VM_LOG_H

#include <stdint.h>

#include "store/vm_dir.h"
#include "vm/console.h"

/*
 * RLIMIT_FSIZE bounds the offset of a write, not the size of a file (getrlimit(2)). So every
 * log begins as a hole that ends LOG_BYTES below LOG_FILE_SIZE_MAX, QEMU runs with that limit
 * and SIGXFSZ ignored, and what would go beyond is refused with EFBIG, which QEMU's log writer
 * drops. Disk images, at most 8 TiB, stay far below it; ext4 takes 16 TiB, tmpfs more.
 */
#define LOG_FILE_SIZE_MAX ((uint64_t)12 << 40)
#define LOG_BYTES ((uint64_t)1 << 20)
#define LOG_OFFSET (LOG_FILE_SIZE_MAX - LOG_BYTES)

/* A new log, O_WRONLY|O_APPEND, 0600; the last run's is kept as "NAME.1". */
int log_create(const struct vm_dir *dir, enum vm_log which, int *ret_fd, struct error *err);

/*
 * The last line of QEMU's own log that says something; *ret is the caller's, NULL when there is
 * none.
 */
void log_last_line(const struct vm_dir *dir, char **ret);

/* Does the console log of this run have this text? */
bool log_console_has(const struct vm_dir *dir, const char *text);

#endif
