/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed and tar-wrapped images (libarchive, zlib): the body of a confined worker. */
#ifndef FETCH_UNPACK_H
#define FETCH_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Does the file begin as xz, gzip, zstd, bzip2 or tar do? By its magic numbers alone. */
bool unpack_wants(int fd);

/* Load libarchive and zlib, for a worker that cannot. ERROR_HOST. */
int unpack_prepare(struct error *err);

/*
 * Write to out what from, a regular file, holds, read from its offset 0; unpack_prepare() was
 * called. Of a tar archive that is the one file whose name ends in .qcow2, .img or .raw, or else
 * the only file. Several of them, or none, more than max bytes, as much in what is not the
 * image, what is cut off or broken (each format's own checksums are looked at), what goes on behind
 * its end and what takes more memory than RLIMIT_AS are ERROR_VERIFY. Holes are written out as
 * zeros. One layer is unpacked: of an .xz.xz the content is an .xz. name is for messages.
 */
int unpack(int from, int out, uint64_t max, const char *name, struct error *err);

#endif
