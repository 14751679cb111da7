/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of one VM taken together. */
#include <stdio.h>

#include "store/claim.h"
#include "vm_claims.h"

static void drop_number(const struct store *store, const char *kind, unsigned int value,
			const char *name)
{
	char text[24];

	if (!value)
		return;
	snprintf(text, sizeof(text), "%u", value);
	claim_drop(store, kind, text, name);
}

void vm_claims_drop(const struct store *store, const char *name, const struct vm_config *vm)
{
	drop_number(store, "uid", vm->uid, name);
	drop_number(store, "vnc-port", vm->vnc_port, name);
	for (unsigned int i = 0; i < vm->n_nics; i++) {
		char text[IP_TEXT_MAX];

		mac_format(&vm->nics[i].mac, text);
		claim_drop(store, "mac", text, name);
		if (vm->nics[i].ip_mode != IP_STATIC)
			continue;
		ip_format(&vm->nics[i].address.addr, text);
		claim_drop(store, "address", text, name);
	}
}
