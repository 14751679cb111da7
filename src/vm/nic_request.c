/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of a NIC, key by key, on the command lines of create and set. */
#include "vm/nic_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct nic_change {
	struct vm_nic *nic;
	struct vm_nic_request *request;
	const char *value;
	bool fresh;
};

void vm_nic_request_done(struct vm_nic_request *request)
{
	strv_done(&request->ips);
	*request = (struct vm_nic_request){ 0 };
}

static int set_ip(const struct nic_change *change, struct error *err)
{
	(void)err; /* what the words say is known once the LAN is */
	if (change->fresh)
		strv_clear(&change->request->ips);
	strv_push(&change->request->ips, change->value);
	return 0;
}

static int set_mac(const struct nic_change *change, struct error *err)
{
	return mac_parse(change->value, &change->nic->mac, err);
}

static int set_gateway(const struct nic_change *change, struct error *err)
{
	change->request->gateway = true;
	return vm_nic_set_gateway(change->nic, "gateway", change->value, err);
}

static int set_dns(const struct nic_change *change, struct error *err)
{
	AUTO_STRV before = STRV_INIT;
	int r;

	change->request->dns = true;
	if (!change->fresh)
		strv_copy(&before, &change->nic->dns);
	r = vm_nic_set_dns(change->nic, "dns", change->value, err);
	for (size_t i = 0; i < change->nic->dns.n; i++)
		strv_push(&before, change->nic->dns.v[i]);
	if (!r)
		strv_copy(&change->nic->dns, &before);
	return r;
}

static const struct {
	const char *key;
	int (*set)(const struct nic_change *change, struct error *err);
} own_keys[] = {
	{ "ip", set_ip },
	{ "mac", set_mac },
	{ "gateway", set_gateway },
	{ "dns", set_dns },
};

/* A list that comes again is appended to: vm_config_set() would replace it. */
static int set_key(struct vm_config *config, unsigned int i, const char *key,
		   const struct nic_change *change, struct error *err)
{
	const struct strv *list = !strcmp(key, "search")  ? &change->nic->search
				  : !strcmp(key, "trunk") ? &change->nic->trunk
							  : NULL;
	AUTO_FREE char *word = xasprintf("nic.%u.%s", i, key);
	AUTO_FREE char *before = NULL, *joined = NULL;

	if (!list || change->fresh)
		return vm_config_set(config, word, change->value, err);
	before = strv_join(list, ",");
	joined = xasprintf("%s,%s", before, change->value);
	return vm_config_set(config, word, joined, err);
}

int vm_nic_request_set(struct vm_config *config, struct vm_nic_request requests[VM_NICS_MAX],
		       unsigned int i, const char *key, const char *value, bool fresh,
		       struct error *err)
{
	struct nic_change change = { .value = value, .fresh = fresh };

	if (i >= VM_NICS_MAX)
		return error_set(err, ERROR_USAGE, E2BIG, "a VM has at most %d NICs", VM_NICS_MAX);
	if (i > config->n_nics)
		return error_set(err, ERROR_USAGE, EINVAL, "nic.%u is to come before nic.%u",
				 config->n_nics, i);
	if (i == config->n_nics)
		config->n_nics++;
	change.nic = &config->nics[i];
	change.request = &requests[i];
	change.request->checked = true;
	for (size_t k = 0; k < ARRAY_SIZE(own_keys); k++) {
		if (!strcmp(key, own_keys[k].key))
			return own_keys[k].set(&change, err);
	}
	return set_key(config, i, key, &change, err);
}
