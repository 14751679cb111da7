/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An admin's own user-data, network-config, and a text of ours, any bytes. */
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "seed/seed.h"

static void build(const struct seed_spec *spec)
{
	struct seed_documents documents = { 0 };
	struct error err = ERROR_INIT;
	int r = seed_build(spec, &documents, &err);

	FUZZ_ASSERT(r == 0 || err.kind == ERROR_USAGE);
	FUZZ_ASSERT((r == 0) == (documents.user_data.len && documents.meta_data.len));
	if (r == 0 && spec->user_data)
		FUZZ_ASSERT(strncmp(documents.user_data.data, "Content-Type: multipart/mixed",
				    29) == 0);
	seed_documents_done(&documents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRV keys = STRV_INIT;
	struct seed_spec spec = { .hostname = "h", .instance_id = "i", .ssh_keys = &keys };

	strv_push(&keys, "ssh-ed25519 AAAA");
	spec.user_data = text;
	build(&spec);
	spec.user_data = NULL;
	spec.network_config = text;
	build(&spec);
	spec.network_config = NULL;
	spec.user = text;
	build(&spec);
	spec.user = NULL;
	spec.hostname = text;
	spec.host_key_private = text;
	spec.host_key_public = text;
	build(&spec);
	return 0;
}
