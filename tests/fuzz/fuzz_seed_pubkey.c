/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A public key file, any bytes. */
#include <string.h>

#include "fuzz.h"
#include "seed/seed.h"

/* One line that is accepted again as it is. */
static void check_key(const char *key)
{
	struct error err = ERROR_INIT;
	char *again = NULL;

	FUZZ_ASSERT(!strpbrk(key, "\r\n"));
	FUZZ_ASSERT(seed_check_pubkey("f", key, strlen(key), &again, &err) == 0);
	FUZZ_ASSERT(strcmp(key, again) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	char *key = NULL;
	int r = seed_check_pubkey("f", (const char *)data, size, &key, &err);

	FUZZ_ASSERT((r == 0) == (key != NULL));
	if (r < 0)
		FUZZ_ASSERT(err.kind == ERROR_USAGE && !strstr(err.message, "AAAA"));
	else
		check_key(key);
	free(key);
	return 0;
}
