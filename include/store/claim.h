/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has which address, MAC, uid and port: found without reading every VM. */
#ifndef STORE_CLAIM_H
#define STORE_CLAIM_H

#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

/*
 * A claim is a symbolic link claims/KIND-VALUE whose text is the VM's name: made in one system
 * call, exclusive by nature, never half written. It counts while that VM exists and its vm.ip,
 * vm.mac or vnc.port says the same, or while somebody who holds that VM's lock is making or
 * changing it; any other is stale and may be taken over. So no kill leaves a value blocked, and
 * create stays as fast with a thousand VMs as with one.
 */

/* Take KIND-VALUE for name; having it already is fine. ERROR_CONFLICT names the VM that has it. */
int claim_take(const struct store *store, const char *kind, const char *value, const char *name,
	       struct error *err);

/* Could name take it? Changes nothing; for a dry run. ERROR_CONFLICT as above. */
int claim_check(const struct store *store, const char *kind, const char *value, const char *name,
		struct error *err);

/*
 * Take a free number of [base, base + count) for name, starting at a place that depends on the
 * name. The values in use by living VMs are stepped over. ERROR_CONFLICT when all are.
 */
int claim_take_number(const struct store *store, const char *kind, uint64_t base, uint64_t count,
		      const char *name, uint64_t *ret, struct error *err);

/* Give it back if name has it. Never fails: a claim left behind is stale. */
void claim_drop(const struct store *store, const char *kind, const char *value, const char *name);

#endif
