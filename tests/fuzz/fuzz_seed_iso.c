/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seed image, any bytes. */
#include "fuzz.h"
#include "seed/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seed_documents documents = { 0 };
	struct error err = ERROR_INIT;
	int r = seed_read_iso(data, size, &documents, &err);

	FUZZ_ASSERT(r == 0 || err.kind == ERROR_VERIFY);
	FUZZ_ASSERT(r == 0 || !documents.user_data.data);
	FUZZ_ASSERT(documents.user_data.len <= SEED_DOCUMENT_MAX);
	FUZZ_ASSERT(documents.meta_data.len <= SEED_DOCUMENT_MAX);
	FUZZ_ASSERT(documents.network_config.len <= SEED_DOCUMENT_MAX);
	seed_documents_done(&documents);
	return 0;
}
