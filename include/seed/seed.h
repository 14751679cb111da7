/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cloud-init's NoCloud seed: three documents and the ISO that carries them. */
#ifndef SEED_SEED_H
#define SEED_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

/* One interface of the guest, in text as the documents need it. All borrowed. */
struct seed_nic {
	const char *mac; /* lower case */
	const struct strv *addresses; /* "192.168.1.5/24", "2001:db8::5/64"; NULL: none */
	bool dhcp; /* an IPv4 lease, also beside addresses; else without addresses: up, no more */
	bool dhcp_routes; /* false: the lease's default route is another interface's to have */
	const char *gateway, *gateway6; /* NULL: no default route of that family from us */
	const struct strv *dns; /* addresses */
	const struct strv *search;
	unsigned int mtu; /* 0: left alone */
};

/* What reads the seed, where that makes a difference. */
enum seed_profile {
	SEED_PROFILE_DEFAULT, /* cloud-init with any renderer but eni */
	SEED_PROFILE_ALPINE, /* name servers by resolv_conf: eni writes version 2 wrongly */
	SEED_PROFILE_NUAGEINIT, /* FreeBSD: gateway4, and a user without nuageinit's own password */
};

/* All borrowed for the call; NULL where not wanted. */
struct seed_spec {
	const char *hostname;
	const char *instance_id;
	const char *user; /* the default user's new name; NULL: the image's own */
	const struct strv *ssh_keys; /* authorised public keys, one line each; at least one */
	const char *host_key_private; /* OpenSSH PEM, the whole file */
	const char *host_key_public; /* one line */
	const char *timezone;
	const char *ready_nonce; /* final_message is "mnmivm-se: ready <nonce>" */
	const char *user_data; /* the admin's own, appended as a further MIME part */
	const char *network_config; /* the admin's own, in place of ours */
	const struct seed_nic *nics;
	unsigned int n_nics;
	enum seed_profile profile;
};

#define SEED_READY_PREFIX "mnmivm-se: ready "

/* Starts out zeroed; a function that fills it releases what it held. */
struct seed_documents {
	struct buf user_data;
	struct buf meta_data;
	struct buf network_config;
};

void seed_documents_done(struct seed_documents *documents);

/*
 * Build the documents: network-config of version 2 that every renderer understands (what they do
 * not is told in network_config.c), host key pinned, no password anywhere, and `updates` so that a
 * new address needs one reboot. Every text is a quoted YAML string.
 *
 * An admin's user_data makes user-data a MIME message of three parts, which cloud-init merges in
 * this order: what must stand (hostname, user, keys, host key, updates, final_message), theirs,
 * and our defaults (users, ssh_pwauth, timezone, growpart, package_upgrade, ...). The latter two
 * carry `Merge-Type: list(append)+dict(no_replace,recurse_list)+str()`: the first to set a value
 * wins, and lists are appended. A merge_how of their own, and the parts inside a MIME message, a
 * #cloud-config-archive or an #include, replace what they set, as they would alone. The way in
 * stays even then: the keys are in meta-data as well, and the default user comes last.
 *
 * ERROR_USAGE for a user_data whose first line is no cloud-init format (#cloud-config, #!,
 * #include, MIME, jinja, ...) or whose #cloud-config is no YAML mapping or has `users` that is no
 * list; for a network_config without `version` 1 or 2, at its top or below `network`; for a user
 * that useradd(8) would not take, or root; for user_data with nuageinit, to which a message of
 * parts is no user-data at all; for text that is not UTF-8 or has control characters;
 * for a document above SEED_DOCUMENT_MAX.
 */
#define SEED_DOCUMENT_MAX ((size_t)4 << 20)
int seed_build(const struct seed_spec *spec, struct seed_documents *ret, struct error *err);

/*
 * The ISO 9660 image (volume id "cidata", Joliet and Rock Ridge), padded with zeros to a multiple
 * of SEED_ALIGN bytes so that it can be replaced in place under a running guest. Equal documents
 * give equal bytes with one version of libarchive. An empty network_config is left out.
 *
 * libarchive keeps the content in an unlinked file of $TMPDIR or /tmp meanwhile.
 */
#define SEED_ALIGN ((size_t)1 << 20)
int seed_iso(const struct seed_documents *documents, struct buf *ret, struct error *err);

enum { SEED_HEAD = 64 << 10 };

/*
 * Did seed_iso() write this image, of these documents? Told from a note in it: what became of the
 * rest since is not looked at, and the first SEED_HEAD bytes of it are enough. An image of the Go
 * edition has no note.
 */
bool seed_iso_is(const void *iso, size_t len, const struct seed_documents *documents);

/*
 * Read the documents back out of an ISO that seed_iso() or the Go edition wrote. The image is
 * hostile: regular files of these names at its root, once each and at most SEED_DOCUMENT_MAX
 * bytes, else ERROR_VERIFY; other entries are skipped. network_config is empty where there is
 * none, the other two must be there.
 */
int seed_read_iso(const void *iso, size_t len, struct seed_documents *ret, struct error *err);

/*
 * Check one line of a public key file: type, base64 body whose inner type agrees and that ends
 * where it should, optional comment. Types: ssh-ed25519, ssh-rsa (>= 2048 bits),
 * ecdsa-sha2-nistp256/384/521, sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com. No
 * options in front. ERROR_USAGE, without printing the key; a private key, several keys, an empty
 * file, and a line break inside are named as such.
 *
 * text is the whole file, blanks and line ends around the line are taken off; *ret_key is the
 * line without newline, with one blank between its fields; the caller frees it.
 */
int seed_check_pubkey(const char *origin, const char *text, size_t len, char **ret_key,
		      struct error *err);

#endif
