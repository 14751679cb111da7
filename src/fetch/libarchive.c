/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unpacking needs of libarchive, loaded where something is unpacked. */
#include "libarchive.h"

#include "base/library.h"

/* The ABI that the headers of 3.0 and later are of. */
_Static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another soname");

int unpack_library_load(struct unpack_library *ret, struct error *err)
{
#define UNPACK_NAME(name) #name,
	static const char *const names[] = { UNPACK_FUNCTIONS(UNPACK_NAME) NULL };
#undef UNPACK_NAME
	static const struct library library = {
		.soname = "libarchive.so.13",
		.title = "libarchive",
		.packages = "libarchive13 (Alpine: libarchive)",
		.names = names,
	};

	return library_load(&library, ret, err);
}
