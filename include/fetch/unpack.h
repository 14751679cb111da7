/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed and tar-wrapped images (libarchive): the body of a confined worker. */
#ifndef FETCH_UNPACK_H
#define FETCH_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Does the file begin as xz, gzip, zstd, bzip2 or tar do? By its magic numbers alone. */
bool unpack_wants(int fd);

/* Load libarchive, for a worker that cannot. ERROR_HOST. */
int unpack_prepare(struct error *err);

/*
 * Write to out what from holds, read from its offset 0: of a tar archive the one regular file, or the
 * one whose name ends in .qcow2, .img or .raw; several of them, or none, are ERROR_VERIFY. More than
 * max bytes are ERROR_VERIFY as well. name is for messages.
 */
int unpack(int from, int out, uint64_t max, const char *name, struct error *err);

#endif
