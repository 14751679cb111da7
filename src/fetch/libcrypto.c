/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcrypto, loaded where something is hashed. */
#include "libcrypto.h"

/* The ABI of a soname is that of a major version, since 3.0 (OpenSSL's policies, "Versioning"). */
_Static_assert(OPENSSL_VERSION_MAJOR == 3, "another soname");

int libcrypto_load(struct libcrypto *ret, struct error *err)
{
	static const char *const names[] = { LIBCRYPTO_FUNCTIONS(LIBRARY_NAME) NULL };
	static const struct library library = {
		.soname = "libcrypto.so.3",
		.title = "libcrypto",
		.packages = "libssl3 (Alpine: libcrypto3)",
	};

	return library_load(&library, names, ret, err);
}
