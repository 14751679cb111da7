/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message digests as text. */
#include "fetch/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const digest_words[] = { "sha256", "sha512", NULL };

size_t digest_size(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_SHA256 ? 32 : 64;
}

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)((found - digits) % 16) : -1;
}

bool digest_from_hex(const char *hex, size_t len, struct digest *ret)
{
	struct digest digest = { .algorithm = DIGEST_SHA256 };

	if (len == 2 * digest_size(DIGEST_SHA512))
		digest.algorithm = DIGEST_SHA512;
	else if (len != 2 * digest_size(DIGEST_SHA256))
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = nibble(hex[i]);

		if (value < 0)
			return false;
		digest.bytes[i / 2] = (uint8_t)(digest.bytes[i / 2] << 4 | value);
	}
	*ret = digest;
	return true;
}

/* The name of an algorithm that collisions are known of, by its word or its length; NULL: none. */
static const char *weak_name(const char *text)
{
	size_t len = strlen(text);

	if (strncmp(text, "md5:", 4) == 0 || len == 32)
		return "MD5";
	if (strncmp(text, "sha1:", 5) == 0 || len == 40)
		return "SHA-1";
	return NULL;
}

int digest_parse(const char *what, const char *text, struct digest *ret, struct error *err)
{
	const char *colon = strchr(text, ':'), *hex = colon ? colon + 1 : text;
	const char *weak = weak_name(text);
	struct digest digest;

	if (weak)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': %s is too weak, sha256 or sha512 is needed",
				 what, text, weak);
	if (digest_from_hex(hex, strlen(hex), &digest)) {
		const char *word = digest_words[digest.algorithm];

		if (!colon || ((size_t)(colon - text) == strlen(word) &&
			       strncmp(text, word, strlen(word)) == 0)) {
			*ret = digest;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, EINVAL,
			 "parse %s '%.80s': not of the form sha256:HEX or sha512:HEX, with 64 or "
			 "128 digits",
			 what, text);
}

static void format_hex(const struct digest *digest, size_t bytes, char *out)
{
	for (size_t i = 0; i < bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", digest->bytes[i]);
}

void digest_format(const struct digest *digest, char out[DIGEST_TEXT_MAX])
{
	int prefix = snprintf(out, DIGEST_TEXT_MAX, "%s:", digest_words[digest->algorithm]);

	format_hex(digest, digest_size(digest->algorithm), out + prefix);
}

void digest_short(const struct digest *digest, char out[DIGEST_SHORT_MAX])
{
	format_hex(digest, (DIGEST_SHORT_MAX - 1) / 2, out);
}

bool digest_is(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm &&
	       memcmp(a->bytes, b->bytes, digest_size(a->algorithm)) == 0;
}
