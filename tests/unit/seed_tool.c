/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seed_tool DIR KEY=VALUE... - write the seed of a specification into DIR, for tests that look at
 * it with other tools. `nic=MAC` begins an interface, which address, dhcp (all, or no-routes),
 * gateway, gateway6, dns, search and mtu then describe. A seed that is refused is exit code 2 and a
 * message.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "seed/seed.h"

enum { NICS_MAX = 8 };

struct tool {
	struct seed_spec spec;
	struct seed_nic nics[NICS_MAX];
	struct strv keys, addresses[NICS_MAX], dns[NICS_MAX], search[NICS_MAX];
};

static bool set_profile(struct seed_spec *spec, const char *value)
{
	if (strcmp(value, "alpine") == 0)
		spec->profile = SEED_PROFILE_ALPINE;
	else if (strcmp(value, "nuageinit") == 0)
		spec->profile = SEED_PROFILE_NUAGEINIT;
	return spec->profile != SEED_PROFILE_DEFAULT;
}

static bool set_text(struct seed_spec *spec, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char **field;
	} fields[] = {
		{ "hostname", &spec->hostname },
		{ "instance_id", &spec->instance_id },
		{ "user", &spec->user },
		{ "host_key_private", &spec->host_key_private },
		{ "host_key_public", &spec->host_key_public },
		{ "timezone", &spec->timezone },
		{ "nonce", &spec->ready_nonce },
		{ "user_data", &spec->user_data },
		{ "network_config", &spec->network_config },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(key, fields[i].key) == 0) {
			*fields[i].field = value;
			return true;
		}
	}
	return false;
}

static void set_dhcp(struct seed_nic *nic, const char *value)
{
	nic->dhcp = true;
	nic->dhcp_routes = strcmp(value, "no-routes") != 0;
}

static bool set_nic(struct tool *tool, const char *key, const char *value)
{
	unsigned int i = tool->spec.n_nics - 1;

	if (strcmp(key, "nic") == 0) {
		if (++i == NICS_MAX)
			return false;
		tool->spec.n_nics++;
		tool->nics[i] = (struct seed_nic){ .mac = value,
						   .addresses = &tool->addresses[i],
						   .dns = &tool->dns[i],
						   .search = &tool->search[i] };
		return true;
	}
	if (!tool->spec.n_nics)
		return false;
	if (strcmp(key, "address") == 0)
		strv_push(&tool->addresses[i], value);
	else if (strcmp(key, "dhcp") == 0)
		set_dhcp(&tool->nics[i], value);
	else if (strcmp(key, "gateway") == 0)
		tool->nics[i].gateway = value;
	else if (strcmp(key, "gateway6") == 0)
		tool->nics[i].gateway6 = value;
	else if (strcmp(key, "dns") == 0)
		strv_push(&tool->dns[i], value);
	else if (strcmp(key, "search") == 0)
		strv_push(&tool->search[i], value);
	else if (strcmp(key, "mtu") == 0)
		tool->nics[i].mtu = (unsigned int)strtoul(value, NULL, 10);
	else
		return false;
	return true;
}

static bool set(struct tool *tool, char *argument)
{
	char *value = strchr(argument, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(argument, "key") == 0) {
		strv_push(&tool->keys, value);
		return true;
	}
	if (strcmp(argument, "profile") == 0)
		return set_profile(&tool->spec, value);
	return set_text(&tool->spec, argument, value) || set_nic(tool, argument, value);
}

static int write_seed(const char *path, const struct seed_documents *documents, struct error *err)
{
	AUTO_BUF iso = BUF_INIT;
	const struct {
		const char *name;
		const struct buf *content;
	} files[] = {
		{ "user-data", &documents->user_data },
		{ "meta-data", &documents->meta_data },
		{ "network-config", &documents->network_config },
		{ "seed.iso", &iso },
	};
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return error_errno(err, errno, "open '%s'", path);
	r = seed_iso(documents, &iso, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = file_write_volatile(dir, files[i].name, files[i].content->data,
					files[i].content->len, 0600, err);
	return r;
}

int main(int argc, char **argv)
{
	struct tool tool = { .keys = STRV_INIT };
	struct seed_documents documents = { 0 };
	struct error err = ERROR_INIT;
	int r;

	tool.spec.ssh_keys = &tool.keys;
	tool.spec.nics = tool.nics;
	for (int i = 2; i < argc; i++) {
		if (!set(&tool, argv[i])) {
			fprintf(stderr, "seed_tool: bad argument '%s'\n", argv[i]);
			return EXIT_FAILURE;
		}
	}
	r = argc > 1 ? seed_build(&tool.spec, &documents, &err) : -EINVAL;
	if (r == 0)
		r = write_seed(argv[1], &documents, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.message);
	seed_documents_done(&documents);
	strv_done(&tool.keys);
	for (size_t i = 0; i < NICS_MAX; i++) {
		strv_done(&tool.addresses[i]);
		strv_done(&tool.dns[i]);
		strv_done(&tool.search[i]);
	}
	return r < 0 ? (int)err.kind : EXIT_SUCCESS;
}
