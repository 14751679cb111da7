/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libarchive, loaded where a seed is written or read. */
#include "libarchive.h"

#include "base/library.h"

/* The ABI that the headers of 3.0 and later are of. */
_Static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another soname");

int libarchive_load(struct libarchive *ret, struct error *err)
{
#define LIBARCHIVE_NAME(name) #name,
	static const char *const names[] = { LIBARCHIVE_FUNCTIONS(LIBARCHIVE_NAME) NULL };
#undef LIBARCHIVE_NAME
	static const struct library library = {
		.soname = "libarchive.so.13",
		.title = "libarchive",
		.packages = "libarchive13 (Alpine: libarchive)",
		.names = names,
	};

	return library_load(&library, ret, err);
}
