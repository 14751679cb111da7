/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of vm.conf, and what differs between two of them. */
#include "config/vm_config.h"

#include <string.h>

#include "base/alloc.h"
#include "vm_keys.h"

int vm_config_format(const struct vm_config *config, struct buf *ret, struct error *err)
{
	AUTO(vm_config_done) struct vm_config scratch = { 0 };
	int r = vm_config_check(config, err);

	if (r == 0)
		r = config_write(&vm_schema, config, &scratch, ret, err);
	return r < 0 ? error_prefix(err, "write vm.conf") : 0;
}

static bool same_value(const struct config_key *key, size_t offset, const struct vm_config *a,
		       const struct vm_config *b)
{
	AUTO_BUF left = BUF_INIT;
	AUTO_BUF right = BUF_INIT;

	key->type->format(key, (const char *)a + offset, &left);
	key->type->format(key, (const char *)b + offset, &right);
	return strcmp(buf_str(&left), buf_str(&right)) == 0;
}

static bool matters_to_qemu(const struct config_key *key)
{
	return strcmp(key->word, "protect") != 0 && strcmp(key->word, "stop_timeout") != 0;
}

static void diff_section(const struct config_section *section, unsigned int instance,
			 const struct vm_config *a, const struct vm_config *b, struct strv *ret)
{
	char heading[CONFIG_SECTION_TEXT_MAX];

	config_section_text(section, instance, heading);
	for (const struct config_key *key = vm_schema.keys; key->word; key++) {
		if (config_key_in(key, section) && matters_to_qemu(key) &&
		    !same_value(key, config_offset(key, section, instance), a, b))
			strv_pushf(ret, "%s%s%s", heading, *heading ? "." : "",
				   config_key_name(key));
	}
}

void vm_config_diff(const struct vm_config *a, const struct vm_config *b, struct strv *ret)
{
	const struct config_section *section = vm_schema.sections;

	for (; section->name; section++) {
		unsigned int n_a = config_instances(section, a), n_b = config_instances(section, b);

		for (unsigned int i = 0; i < n_a || i < n_b; i++) {
			if (i < n_a && i < n_b)
				diff_section(section, i, a, b, ret);
			else
				strv_pushf(ret, "%s.%u", section->name, i);
		}
	}
}
