/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A digest file of any bytes, in each style. */
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "fetch/digest_file.h"
#include "fuzz.h"

#define NAME "image.qcow2"

/* Nothing is made up: the digits stand in the text as they came out. */
static bool is_in_text(const struct digest *digest, const char *text, size_t size)
{
	size_t digits = 2 * digest_size(digest->algorithm);
	char formatted[DIGEST_TEXT_MAX];
	const char *hex;

	digest_format(digest, formatted);
	hex = strchr(formatted, ':') + 1;
	for (size_t i = 0; size >= digits && i <= size - digits; i++)
		if (strncasecmp(text + i, hex, digits) == 0)
			return strlen(hex) == digits;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xmemdup(data, size);

	for (int style = 0; digest_style_words[style]; style++) {
		struct digest digest = { .bytes = { 0x5a } }, untouched = digest;
		struct error err = ERROR_INIT;
		int r = digest_file_find("f", text, size, (enum digest_style)style, NAME, &digest,
					 &err);

		if (r == 0) {
			FUZZ_ASSERT(is_in_text(&digest, text, size));
		} else {
			FUZZ_ASSERT(r == -err.code && err.kind == ERROR_VERIFY);
			FUZZ_ASSERT(memcmp(&digest, &untouched, sizeof(digest)) == 0);
		}
	}
	return 0;
}
