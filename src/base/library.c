/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries that are loaded where they are used. */
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* meson.build holds the headers to this ABI. */
const struct library library_libarchive = {
	.soname = "libarchive.so.13",
	.title = "libarchive",
	.packages = "libarchive13 (Alpine: libarchive)",
};

static int refuse(const struct library *library, struct error *err)
{
	const char *reason = dlerror();

	error_set(err, ERROR_HOST, ELIBACC, "load %s: %s", library->title,
		  reason ? reason : "a function is missing");
	return error_hint(err, "install %s", library->packages);
}

int library_load(const struct library *library, const char *const *names, void *functions,
		 struct error *err)
{
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	AUTO_FREE void **found = NULL;
	size_t n = 0;

	if (!handle)
		return refuse(library, err);
	while (names[n])
		n++;
	found = xcalloc(n ? n : 1, sizeof(*found));
	for (size_t i = 0; i < n; i++) {
		found[i] = dlsym(handle, names[i]);
		if (!found[i])
			return refuse(library, err);
	}
	/* dlsym(3): POSIX has pointers to functions and objects of one size, and ISO C no cast */
	memcpy(functions, found, n * sizeof(*found));
	return 0;
}
