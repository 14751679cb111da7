/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NICs of create: --ip, --bridge and so on for the first, --nic for one with all of it. */
#include "nic_options.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* Options that are keys of a NIC, too. */
static const struct {
	const char *word;
	bool list; /* grows when it is given again */
	bool unset; /* by an empty value, which set takes: create has nothing to unset */
} keys[] = {
	{ "bridge", false, true },  { "ip", true, false },	  { "mac", false, false },
	{ "gateway", true, false }, { "dns", true, false },	  { "search", true, false },
	{ "vlan", false, true },    { "trunk", true, false },	  { "mtu", false, true },
	{ "guard", false, false },  { "isolated", false, false }, { "rate", false, true },
	{ "queues", false, false }, { "vhost", false, false },
};

static int check_value(size_t k, const char *value, struct error *err)
{
	if (*value || !keys[k].unset)
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL, "parse %s '': nothing is there", keys[k].word);
}

static int find_key(const char *text, size_t len)
{
	for (int i = 0; i < (int)ARRAY_SIZE(keys); i++) {
		if (strlen(keys[i].word) == len && !strncmp(keys[i].word, text, len))
			return i;
	}
	return -1;
}

static int unknown_key(const char *part, struct error *err)
{
	AUTO_BUF known = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		buf_printf(&known, "%s%s", i ? ", " : "", keys[i].word);
	error_set(err, ERROR_USAGE, EINVAL, "unknown key '%.*s'", (int)strcspn(part, "="), part);
	return error_hint(err, "the keys are %s; each value of a list has its key",
			  buf_str(&known));
}

/* The options that stand alone are those of the first NIC. Returns whether there was one. */
static int read_first(const struct cli_args *args, struct vm_create_request *request, bool *ret_any,
		      struct error *err)
{
	bool any = false;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		const char *word = keys[k].word;
		const struct strv *values = cli_values(args, word);

		for (size_t i = 0; i < values->n; i++) {
			/* a flag's value is empty */
			bool flag = !strcmp(word, "isolated");
			const char *value = flag ? "on" : values->v[i];
			int r = check_value(k, value, err);

			if (!r)
				r = vm_nic_request_set(&request->config, request->nics, 0, word,
						       value, i == 0, err);

			any = true;
			if (r)
				return error_prefix(err, "'--%s'", word);
		}
	}
	*ret_any = any;
	return 0;
}

/* "ip=ADDR", or "isolated" alone. seen has a bit for each key that this NIC has had. */
static int read_part(struct vm_create_request *request, unsigned int i, const char *part,
		     unsigned int *seen, struct error *err)
{
	const char *equals = strchr(part, '=');
	int k = find_key(part, equals ? (size_t)(equals - part) : strlen(part));
	const char *word, *value = equals ? equals + 1 : "on";
	bool fresh;

	if (k < 0)
		return unknown_key(part, err);
	word = keys[k].word;
	fresh = !(*seen & 1U << k);
	*seen |= 1U << k;
	if (!equals && strcmp(word, "isolated") != 0)
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' needs a value", part);
	if (!fresh && !keys[k].list)
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' is given twice", word);
	if (check_value((size_t)k, value, err))
		return -err->code;
	return vm_nic_request_set(&request->config, request->nics, i, word, value, fresh, err);
}

static int read_nic(struct vm_create_request *request, unsigned int i, const char *text,
		    struct error *err)
{
	AUTO_STRV parts = STRV_INIT;
	unsigned int seen = 0;
	int r = 0;

	strv_split(&parts, text, ',');
	if (!parts.n)
		r = error_set(err, ERROR_USAGE, EINVAL, "nothing is said, not even 'ip=dhcp'");
	for (size_t p = 0; p < parts.n && !r; p++)
		r = read_part(request, i, parts.v[p], &seen, err);
	return r ? error_prefix(err, "'--nic' '%s'", text) : 0;
}

int nic_options_read(const struct cli_args *args, struct vm_create_request *request,
		     struct error *err)
{
	const struct strv *nics = cli_values(args, "nic");
	bool any = false;
	int r = read_first(args, request, &any, err);

	for (size_t i = 0; i < nics->n && !r; i++)
		r = read_nic(request, (unsigned int)i + any, nics->v[i], err);
	return r;
}
