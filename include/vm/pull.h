/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a name of the catalogue to a verified base image. */
#ifndef VM_PULL_H
#define VM_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"
#include "config/catalogue.h"
#include "vm/host.h"

enum vm_pull_phase { PULL_DIGEST, PULL_WAIT, PULL_RESUME, PULL_DOWNLOAD, PULL_UNPACK, PULL_CHECK };

struct vm_pull_progress {
	const char *name; /* of the entry */
	enum vm_pull_phase phase;
	uint64_t done, total; /* bytes; total 0: not known */
	uint64_t resumed; /* of done, what was there before */
};

struct vm_pull_options {
	/* Called now and then, about every 100 ms, and at the end of each phase; NULL: silent. */
	void (*progress)(void *arg, const struct vm_pull_progress *progress);
	void *arg;
	/*
	 * For several pulls, false before the first: set by one that could reach nobody until it
	 * gave up, and then the next ones wait for nobody either. NULL: each pull is on its own.
	 */
	bool *offline;
};

struct vm_pulled {
	char name[NAME_MAX_LEN + 1]; /* of the image */
	bool fresh; /* false: it was there already */
	uint64_t received; /* bytes over the network, of the image alone */
	uint64_t file_bytes;
};

/*
 * Fetch the entry's digest, and the image unless one of that digest is here: downloaded or resumed,
 * hashed as it comes, held to the digest, and only then unpacked, looked at (qcow2 or raw, no
 * backing file) and put in place. TLS and unpacking happen in confined workers. A failure leaves
 * every image as it was; what came of a download stays to be resumed, unless it is wrong, filled
 * the disk or could not be written to it: a server that merely tells of more than there is room for
 * is passed over, and what came before stays.
 *
 * ERROR_VERIFY: digest, signature, certificate, header; ERROR_TIMEOUT: the servers were too slow;
 * ERROR_FAILED: not to be had. Errors of several mirrors name the last and how many were tried.
 */
int vm_pull(const struct vm_host *host, const struct catalogue_entry *entry,
	    const struct vm_pull_options *options, struct vm_pulled *ret, struct error *err);

/*
 * What `--os word` means: an image of that name; else the newest image of the catalogue's entry
 * with that name or alias; else a pull of it, if pull is not NULL. Where the catalogue cannot be
 * read, the newest image that was pulled by that name is taken, and it is noted. *ret_name is the
 * image's, the caller's to free. ERROR_NOT_FOUND with the nearest name, or with the pull that
 * helps.
 */
int vm_image_resolve(const struct vm_host *host, const char *word,
		     const struct vm_pull_options *pull, char **ret_name, struct error *err);

#endif
