/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcrypto, loaded where something is hashed. */
#ifndef FETCH_LIBCRYPTO_H
#define FETCH_LIBCRYPTO_H

#include <openssl/evp.h>

#include "base/library.h"

/* base/library.h says why, and what the list is for. */
#define LIBCRYPTO_FUNCTIONS(X)                                                                     \
	X(EVP_DigestFinal_ex)                                                                      \
	X(EVP_DigestInit_ex)                                                                       \
	X(EVP_DigestUpdate)                                                                        \
	X(EVP_MD_CTX_copy_ex)                                                                      \
	X(EVP_MD_CTX_free)                                                                         \
	X(EVP_MD_CTX_new)                                                                          \
	X(EVP_sha256)                                                                              \
	X(EVP_sha512)

struct libcrypto {
	LIBCRYPTO_FUNCTIONS(LIBRARY_MEMBER)
};

/* Stays loaded. ERROR_HOST when it is not there. */
int libcrypto_load(struct libcrypto *ret, struct error *err);

#endif
