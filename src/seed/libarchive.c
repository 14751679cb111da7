/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libarchive, loaded where a seed is written or read and not at each start of the program. */
#include "libarchive.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The ABI that the headers of 3.0 and later are of (libarchive.so.13). */
#define SONAME "libarchive.so.13"
_Static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another soname");

/* dlsym(3): ISO C has no cast from an object's pointer to a function's. */
static bool find(void *handle, const char *name, void *ret)
{
	void *symbol = dlsym(handle, name);

	memcpy(ret, &symbol, sizeof(symbol));
	return symbol;
}

int libarchive_load(struct libarchive *ret, struct error *err)
{
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	struct libarchive found;
	bool all = handle;

#define LIBARCHIVE_FIND(name) all = all && find(handle, #name, &found.name);
	LIBARCHIVE_FUNCTIONS(LIBARCHIVE_FIND)
#undef LIBARCHIVE_FIND
	if (!all) {
		const char *reason = dlerror();

		error_set(err, ERROR_HOST, ELIBACC, "load libarchive: %s",
			  reason ? reason : "a function is missing");
		return error_hint(err, "apt-get install libarchive13 (Alpine: apk add libarchive)");
	}
	*ret = found;
	return 0;
}
