/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's #cloud-config, and how an admin's own user-data joins it. */
#include "documents.h"

#include <errno.h>
#include <string.h>

#include "admin.h"
#include "base/alloc.h"
#include "mime.h"
#include "yaml.h"

#define HEADER "#cloud-config\n"
#define TYPE "text/cloud-config"

/*
 * For theirs and for our defaults; see seed.h. cloud-init has no merge type that replaces values
 * and appends lists, so what must stand goes first and what may be overridden last.
 */
#define MERGE_TYPE "list(append)+dict(no_replace,recurse_list)+str()"

/* nuageinit gives the user that it makes by itself a password; this one has none. */
static void put_nuageinit_user(struct yaml_put *put, const struct seed_spec *spec)
{
	yaml_put_key(put, "users");
	yaml_put_list(put);
	yaml_put_map(put);
	yaml_put_key_text(put, "name", spec->user ? spec->user : "freebsd");
	yaml_put_key_text(put, "groups", "wheel");
	yaml_put_key_text(put, "shell", "/bin/sh");
	yaml_put_key_word(put, "lock_passwd", "true");
	yaml_put_key_list(put, "ssh_authorized_keys", spec->ssh_keys);
	yaml_put_map_end(put);
	yaml_put_list_end(put);
}

/* A mapping below `user` renames the default user, who keeps the image's groups, sudo and shell. */
static void put_login(struct yaml_put *put, const struct seed_spec *spec)
{
	if (spec->profile == SEED_PROFILE_NUAGEINIT) {
		put_nuageinit_user(put, spec);
		return;
	}
	if (spec->user) {
		yaml_put_key(put, "user");
		yaml_put_map(put);
		yaml_put_key_text(put, "name", spec->user);
		yaml_put_key_word(put, "lock_passwd", "true");
		yaml_put_map_end(put);
	}
	yaml_put_key_list(put, "ssh_authorized_keys", spec->ssh_keys);
}

/* Last of all, so that the default user is there whatever users of theirs came before. */
static void put_default_user(struct yaml_put *put, const struct seed_spec *spec)
{
	if (spec->user || spec->profile == SEED_PROFILE_NUAGEINIT)
		return;
	yaml_put_key(put, "users");
	yaml_put_list(put);
	yaml_put_text(put, "default");
	yaml_put_list_end(put);
}

/* With ssh_keys cloud-init generates none; without, one of the kind that we would pin. */
static void put_host_key(struct yaml_put *put, const struct seed_spec *spec)
{
	yaml_put_key_word(put, "ssh_deletekeys", "true");
	if (spec->host_key_private) {
		yaml_put_key(put, "ssh_keys");
		yaml_put_map(put);
		yaml_put_key_lines(put, "ed25519_private", spec->host_key_private);
		yaml_put_key_text(put, "ed25519_public", spec->host_key_public);
		yaml_put_map_end(put);
		return;
	}
	yaml_put_key(put, "ssh_genkeytypes");
	yaml_put_list(put);
	yaml_put_text(put, "ed25519");
	yaml_put_list_end(put);
}

/* Read the network anew at each boot, not only with a new instance-id. */
static void put_updates(struct yaml_put *put)
{
	yaml_put_key(put, "updates");
	yaml_put_map(put);
	yaml_put_key(put, "network");
	yaml_put_map(put);
	yaml_put_key(put, "when");
	yaml_put_list(put);
	yaml_put_text(put, "boot");
	yaml_put_list_end(put);
	yaml_put_map_end(put);
	yaml_put_map_end(put);
}

static void put_firm(struct yaml_put *put, const struct seed_spec *spec)
{
	yaml_put_key_text(put, "hostname", spec->hostname);
	put_login(put, spec);
	put_host_key(put, spec);
	put_updates(put);
	if (spec->ready_nonce) {
		AUTO_FREE char *ready = xasprintf("%s%s", SEED_READY_PREFIX, spec->ready_nonce);

		yaml_put_key_text(put, "final_message", ready);
	}
}

static void put_growpart(struct yaml_put *put)
{
	yaml_put_key(put, "growpart");
	yaml_put_map(put);
	yaml_put_key_text(put, "mode", "auto");
	yaml_put_map_end(put);
	yaml_put_key_word(put, "resize_rootfs", "true");
}

static void push_new(struct strv *list, const struct strv *more)
{
	for (size_t i = 0; more && i < more->n; i++) {
		bool known = false;

		for (size_t j = 0; j < list->n && !known; j++)
			known = !strcmp(list->v[j], more->v[i]);
		if (!known)
			strv_push(list, more->v[i]);
	}
}

/* Name servers for Alpine, those of all interfaces, once: musl asks the first three. */
static void put_resolv_conf(struct yaml_put *put, const struct seed_spec *spec)
{
	AUTO_STRV dns = STRV_INIT;
	AUTO_STRV search = STRV_INIT;

	for (unsigned int i = 0; i < spec->n_nics; i++) {
		push_new(&dns, spec->nics[i].dns);
		push_new(&search, spec->nics[i].search);
	}
	if (!dns.n)
		return;
	yaml_put_key_word(put, "manage_resolv_conf", "true");
	yaml_put_key(put, "resolv_conf");
	yaml_put_map(put);
	yaml_put_key_list(put, "nameservers", &dns);
	if (search.n)
		yaml_put_key_list(put, "searchdomains", &search);
	yaml_put_map_end(put);
}

/* `localhost` gives the hostname an address, which sudo asks for, and spares the guest's file. */
static void put_defaults(struct yaml_put *put, const struct seed_spec *spec)
{
	put_default_user(put, spec);
	yaml_put_key_text(put, "manage_etc_hosts", "localhost");
	yaml_put_key_word(put, "ssh_pwauth", "false");
	yaml_put_key_word(put, "disable_root", "true");
	if (spec->timezone)
		yaml_put_key_text(put, "timezone", spec->timezone);
	put_growpart(put);
	yaml_put_key_word(put, "package_update", "false");
	yaml_put_key_word(put, "package_upgrade", "false");
	if (spec->profile == SEED_PROFILE_ALPINE)
		put_resolv_conf(put, spec);
}

enum { FIRM = 1, DEFAULTS = 2 };

static int cloud_config_build(const struct seed_spec *spec, unsigned int which, struct buf *ret,
			      struct error *err)
{
	struct yaml_put put;

	buf_puts(ret, HEADER);
	yaml_put_init(&put, ret);
	yaml_put_map(&put);
	if (which & FIRM)
		put_firm(&put, spec);
	if (which & DEFAULTS)
		put_defaults(&put, spec);
	yaml_put_map_end(&put);
	return yaml_put_finish(&put, err);
}

int user_data_build(const struct seed_spec *spec, struct buf *ret, struct error *err)
{
	AUTO_BUF firm = BUF_INIT;
	AUTO_BUF defaults = BUF_INIT;
	const struct admin_format *format;
	int r;

	if (!spec->user_data)
		return cloud_config_build(spec, FIRM | DEFAULTS, ret, err);
	if (spec->profile == SEED_PROFILE_NUAGEINIT)
		return error_set(
			err, ERROR_USAGE, EINVAL,
			"user-data of one's own cannot join ours: FreeBSD's nuageinit reads "
			"one document alone");
	r = admin_check_user_data(spec->user_data, &format, err);
	if (r == 0)
		r = cloud_config_build(spec, FIRM, &firm, err);
	if (r == 0)
		r = cloud_config_build(spec, DEFAULTS, &defaults, err);
	if (r < 0)
		return r;
	mime_build(
		(const struct mime_part[]){
			{ TYPE, NULL, buf_str(&firm) },
			{ format->content_type, MERGE_TYPE, spec->user_data },
			{ TYPE, MERGE_TYPE, buf_str(&defaults) },
		},
		3, ret);
	return 0;
}
