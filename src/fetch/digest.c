/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message digests as text. */
#include "fetch/digest.h"

#include <stddef.h>

const char *const digest_words[] = { "sha256", "sha512", NULL };

size_t digest_size(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_SHA256 ? 32 : 64;
}
