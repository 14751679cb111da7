/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unpacking needs of libarchive, loaded where something is unpacked. */
#ifndef FETCH_LIBARCHIVE_H
#define FETCH_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "base/library.h"

/* base/library.h says why, and what the list is for. */
#define UNPACK_FUNCTIONS(X)                                                                        \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_size)                                                                      \
	X(archive_entry_size_is_set)                                                               \
	X(archive_errno)                                                                           \
	X(archive_error_string)                                                                    \
	X(archive_filter_bytes)                                                                    \
	X(archive_format)                                                                          \
	X(archive_read_append_filter)                                                              \
	X(archive_read_data_block)                                                                 \
	X(archive_read_free)                                                                       \
	X(archive_read_new)                                                                        \
	X(archive_read_next_header)                                                                \
	X(archive_read_open)                                                                       \
	X(archive_read_set_options)                                                                \
	X(archive_read_support_format_raw)                                                         \
	X(archive_read_support_format_tar)

struct unpack_library {
	UNPACK_FUNCTIONS(LIBRARY_MEMBER)
};

#endif
