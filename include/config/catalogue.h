/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue of images: the files of images.d. Data, never code. Pure but for catalogue_load().
 */
#ifndef CONFIG_CATALOGUE_H
#define CONFIG_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "config/guest.h"
#include "config/host_config.h"

enum {
	CATALOGUE_ENTRIES_MAX = 1024,
	CATALOGUE_MIRRORS_MAX = 16,
	CATALOGUE_ALIASES_MAX = 16,
	CATALOGUE_NAME_MAX = 40, /* room for "-20261123-0123456789ab" in NAME_MAX_LEN */
	CATALOGUE_KEYRING_MAX = 180, /* likewise */
	CATALOGUE_URL_MAX = 180, /* mirror and file: room for a line of an image's .conf */
};

/* A section [NAME]. Strings are owned; NULL where unset and not required. */
struct catalogue_entry {
	char *name; /* "debian-13": parse_image_name(), at most CATALOGUE_NAME_MAX bytes */
	struct strv aliases; /* "debian", "trixie" */
	char *title; /* "Debian 13 (trixie)" */
	struct strv mirrors; /* URLs that end in '/', in the order to try; at least one */
	char *file; /* path below a mirror; its last part is the image's file name */
	char *digest_file; /* path below a mirror, or a URL; or */
	char *digest; /* "sha512:HEX", for an image that never changes */
	enum digest_style digest_style;
	char *signature; /* of digest_file: a path below a mirror, a URL, "inline"; NULL: none */
	char *keyring; /* absolute path, for gpgv(1) */
	char *keyring_package; /* who brings it, for hints */
	bool signature_required; /* else a keyring that is not there is noted, no more */
	char *arch; /* "x86_64" unless said; another one is known, listed, and refused */
	struct guest_traits guest;
	char *origin; /* "file:line" of the heading, for messages */
	unsigned int folder; /* that it was read from: counts from 1 */
};

struct catalogue {
	struct catalogue_entry **v; /* sorted by name */
	size_t n;
	char *folder; /* of the file read last */
	unsigned int folders;
};

#define CATALOGUE_INIT                                                                             \
	{                                                                                          \
		.v = NULL                                                                          \
	}

void catalogue_done(struct catalogue *catalogue);

/*
 * Read one file over what is there: a section that exists already is replaced whole if it is of an
 * earlier folder, and an error within one. The folder is that of origin, a path. All of
 * ini_read()'s strictness; unknown keys, plain http:// for a digest file or its signature, signed
 * or not, "..", and missing `mirrors`, `file` and digest are ERROR_USAGE with "origin:line: ".
 * After a failure the catalogue is as it was. The fuzz entry.
 */
int catalogue_parse(struct catalogue *catalogue, const char *origin, const char *text, size_t len,
		    struct error *err);

/*
 * What only the whole tells: an alias is no name of an entry, and no other's alias (ERROR_USAGE).
 * But an entry of a later folder takes its name and its aliases from the aliases of earlier ones.
 */
int catalogue_check_aliases(struct catalogue *catalogue, struct error *err);

/*
 * Read every .conf file of every folder of host->catalogue, sorted by name within a folder. A
 * folder that is not there is fine where it is one of the defaults, and ERROR_USAGE where the
 * configuration alone names it. A file or folder that others than root and the caller own or may
 * write is ERROR_PERMISSION. *catalogue is replaced, or untouched on failure. It costs a read of
 * each file: for commands that need it. The hint of an error is the command that opens the file,
 * where there is no better one.
 */
int catalogue_load(struct catalogue *catalogue, const struct host_config *host, struct error *err);

/* By name, then by alias. NULL: none. */
const struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *word);

/* The name or alias nearest to word, for a hint; NULL: none is near. */
const char *catalogue_near(const struct catalogue *catalogue, const char *word);

/* mirror + path, or path itself where that is a URL; the caller frees it. */
char *catalogue_url(const struct catalogue_entry *entry, size_t mirror, const char *path);

/* ERROR_VERIFY, worded for people: the image is for another kind of machine. */
int catalogue_check_arch(const struct catalogue_entry *entry, struct error *err);

/* All keys of an entry and NULL. */
const char *const *catalogue_keys(void);

#endif
