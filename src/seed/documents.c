/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three documents of the seed as one. */
#include "documents.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "yaml.h"

void seed_documents_done(struct seed_documents *documents)
{
	if (!documents)
		return;
	buf_done(&documents->user_data);
	buf_done(&documents->meta_data);
	buf_done(&documents->network_config);
}

/* useradd(8)'s own rule, so that nothing is taken for an option of it in the guest. */
static int check_user(const char *user, struct error *err)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t len = strlen(user);

	if (!strcmp(user, "root")) {
		error_set(err, ERROR_USAGE, EINVAL, "use user 'root': logging in as it is off");
		return error_hint(err, "log in as the default user and call sudo");
	}
	if (len < 1 || len > 32 || !strchr(first, user[0]) || strspn(user, others) != len)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "use user '%s': not 1 to 32 of a-z, 0-9, '_' and '-', the first "
				 "of them a letter or '_'",
				 user);
	return 0;
}

/* cloud-init replaces $names in its final message. */
static int check_nonce(const char *nonce, struct error *err)
{
	size_t len = strlen(nonce);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)nonce[i]) && nonce[i] != '-')
			len = 0;
	}
	if (!len)
		return error_set(err, ERROR_USAGE, EINVAL, "use nonce '%s': not letters and digits",
				 nonce);
	return 0;
}

static int check_spec(const struct seed_spec *spec, struct error *err)
{
	int r = 0;

	if (!spec->hostname || !spec->instance_id)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "build seed: no hostname or no instance-id");
	if (!spec->ssh_keys || !spec->ssh_keys->n)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "build seed: no public key, so nobody could log in");
	if (!spec->host_key_private != !spec->host_key_public)
		return error_set(err, ERROR_USAGE, EINVAL, "build seed: half of a host key");
	if (spec->user)
		r = check_user(spec->user, err);
	if (r == 0 && spec->ready_nonce)
		r = check_nonce(spec->ready_nonce, err);
	return r;
}

/*
 * The keys are here as well as in user-data: cloud-init adds these whatever an admin's user-data
 * has made of the list over there.
 */
static int meta_data_build(const struct seed_spec *spec, struct buf *ret, struct error *err)
{
	struct yaml_put put;

	yaml_put_init(&put, ret);
	yaml_put_map(&put);
	yaml_put_key_text(&put, "instance-id", spec->instance_id);
	yaml_put_key_text(&put, "local-hostname", spec->hostname);
	yaml_put_key_list(&put, "public-keys", spec->ssh_keys);
	yaml_put_map_end(&put);
	return yaml_put_finish(&put, err);
}

static int check_size(const char *name, const struct buf *document, struct error *err)
{
	if (document->len <= SEED_DOCUMENT_MAX)
		return 0;
	return error_set(err, ERROR_USAGE, EFBIG, "build seed: %s is larger than 4 MiB", name);
}

static int build_all(const struct seed_spec *spec, struct seed_documents *ret, struct error *err)
{
	int r = check_spec(spec, err);

	if (r == 0)
		r = user_data_build(spec, &ret->user_data, err);
	if (r == 0)
		r = meta_data_build(spec, &ret->meta_data, err);
	if (r == 0)
		r = network_config_build(spec, &ret->network_config, err);
	if (r == 0)
		r = check_size("user-data", &ret->user_data, err);
	if (r == 0)
		r = check_size("network-config", &ret->network_config, err);
	return r;
}

int seed_build(const struct seed_spec *spec, struct seed_documents *ret, struct error *err)
{
	struct seed_documents documents = { 0 };
	int r = build_all(spec, &documents, err);

	if (r < 0) {
		seed_documents_done(&documents);
		return r;
	}
	seed_documents_done(ret);
	*ret = documents;
	return 0;
}
