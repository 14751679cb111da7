/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libarchive, loaded where a seed is written or read and not at each start of the program. */
#ifndef SEED_LIBARCHIVE_H
#define SEED_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "base/library.h"

/* base/library.h says why, and what the list is for. */
#define LIBARCHIVE_FUNCTIONS(X)                                                                    \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_free)                                                                      \
	X(archive_entry_hardlink)                                                                  \
	X(archive_entry_new)                                                                       \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_set_mode)                                                                  \
	X(archive_entry_set_pathname)                                                              \
	X(archive_entry_set_size)                                                                  \
	X(archive_error_string)                                                                    \
	X(archive_read_data)                                                                       \
	X(archive_read_free)                                                                       \
	X(archive_read_new)                                                                        \
	X(archive_read_next_header)                                                                \
	X(archive_read_open_memory)                                                                \
	X(archive_read_support_format_iso9660)                                                     \
	X(archive_write_close)                                                                     \
	X(archive_write_data)                                                                      \
	X(archive_write_free)                                                                      \
	X(archive_write_header)                                                                    \
	X(archive_write_new)                                                                       \
	X(archive_write_open)                                                                      \
	X(archive_write_set_format_iso9660)                                                        \
	X(archive_write_set_options)

struct libarchive {
	LIBARCHIVE_FUNCTIONS(LIBRARY_MEMBER)
};

#endif
