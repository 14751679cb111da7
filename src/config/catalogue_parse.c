/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of one file of the catalogue: each section is an entry, read by a table of keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "catalogue_list.h"
#include "config/vm_config.h"
#include "ini_reader.h"
#include "keys.h"

#define FIELD(name) .offset = offsetof(struct catalogue_entry, name)

static const struct config_key keys[] = {
	{ "aliases", FIELD(aliases), &value_list, .max = CATALOGUE_ALIASES_MAX,
	  .check = check_image_name },
	{ "title", FIELD(title), &value_string, .check = check_title },
	{ "mirrors", FIELD(mirrors), &value_long_list, .max = CATALOGUE_MIRRORS_MAX,
	  .check = check_mirror },
	{ "file", FIELD(file), &value_string, .check = check_below },
	{ "digest_file", FIELD(digest_file), &value_string, .check = check_source },
	{ "digest", FIELD(digest), &value_string, .check = check_digest },
	{ "digest_style", FIELD(digest_style), &value_choice, .choices = digest_style_words },
	{ "signature", FIELD(signature), &value_string, .check = check_signature },
	{ "keyring", FIELD(keyring), &value_string, .check = check_path },
	{ "keyring_package", FIELD(keyring_package), &value_string, .check = check_package },
	{ "signature_required", FIELD(signature_required), &value_bool },
	{ "arch", FIELD(arch), &value_string, .check = check_arch },
	{ "user", FIELD(guest.user), &value_string, .check = check_user },
	{ "profile", FIELD(guest.profile), &value_choice, .choices = guest_profile_words },
	{ "firmware", FIELD(guest.firmware), &value_choice, .choices = firmware_words },
	{ "min_disk", FIELD(guest.min_disk_bytes), &value_size, .min = VM_DISK_BYTES_MIN,
	  .max = VM_DISK_BYTES_MAX },
	{ "cpu_level", FIELD(guest.cpu_level), &value_number, .min = 1,
	  .max = GUEST_CPU_LEVEL_MAX },
	{ .word = NULL },
};

static const struct config_section sections[] = { { .name = "" }, { .name = NULL } };
static const struct config_schema schema = { sections, keys };

const char *const *catalogue_keys(void)
{
	static const char *words[CONFIG_KEYS_MAX + 1];

	return config_words(keys, words);
}

/* One file on its way into the catalogue. */
struct parser {
	const char *origin;
	struct catalogue draft;
	struct config_reader
		reader; /* of the entry whose heading was read last; none: config NULL */
};

static int read_heading(void *user, const char *section, unsigned int line, struct error *err)
{
	struct parser *parser = user;
	struct catalogue_entry *entry;
	size_t at;
	int r = check_image_name("section", section, err);

	if (r < 0)
		return r;
	if (catalogue_place(&parser->draft, section, &at))
		return error_set(err, ERROR_USAGE, EINVAL, "section [%s] is given twice", section);
	if (parser->draft.n == CATALOGUE_ENTRIES_MAX)
		return error_set(err, ERROR_USAGE, EINVAL, "more than %d sections",
				 CATALOGUE_ENTRIES_MAX);
	entry = catalogue_entry_new(section, xasprintf("%s:%u", parser->origin, line));
	catalogue_put(&parser->draft, entry);
	parser->reader = (struct config_reader){ .schema = &schema,
						 .config = entry,
						 .section = schema.sections };
	return 0;
}

static int read_key(void *user, const char *section, const char *name, const char *value,
		    struct error *err)
{
	struct parser *parser = user;

	if (!parser->reader.config)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "key '%s' stands before the first section", name);
	return config_read_key(&parser->reader, section, name, value, err);
}

static int lacks(const char *key, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "lacks its '%s'", key);
}

static int useless(const char *key, const char *without, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "'%s' is of no use without '%s'", key, without);
}

static int check_complete(const struct catalogue_entry *entry, struct error *err)
{
	if (!entry->mirrors.n)
		return lacks("mirrors", err);
	if (!entry->file)
		return lacks("file", err);
	if (!entry->digest && !entry->digest_file)
		return lacks("digest_file", err);
	if (entry->digest && entry->digest_file)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "has both 'digest' and 'digest_file', which may disagree");
	return 0;
}

static int check_signed(const struct catalogue_entry *entry, struct error *err)
{
	if (entry->signature && !entry->digest_file)
		return useless("signature", "digest_file", err);
	if (entry->signature && !entry->keyring)
		return useless("signature", "keyring", err);
	if (entry->keyring && !entry->signature)
		return useless("keyring", "signature", err);
	if (entry->keyring_package && !entry->keyring)
		return useless("keyring_package", "keyring", err);
	if (entry->signature_required && !entry->signature)
		return useless("signature_required", "signature", err);
	if (entry->keyring && strlen(entry->keyring) > CATALOGUE_KEYRING_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "keyring '%s' is longer than %d characters", entry->keyring,
				 CATALOGUE_KEYRING_MAX);
	return 0;
}

/* path: as of digest_file */
static bool is_plain(const struct catalogue_entry *entry, const char *path)
{
	bool plain = false;

	if (!path || strcmp(path, "inline") == 0)
		return false;
	for (size_t i = 0; i < entry->mirrors.n; i++) {
		AUTO_FREE char *url = catalogue_url(entry, i, path);

		plain |= strncmp(url, "http://", strlen("http://")) == 0;
	}
	return plain;
}

/*
 * Who can change the image on its way must not be able to change its digest as well. A signature
 * does not help: last year's is as good as today's, and of an image that has last year's holes.
 */
static int check_plain(const struct catalogue_entry *entry, struct error *err)
{
	const char *key = "digest";

	if (!is_plain(entry, entry->digest_file)) {
		key = "signature";
		if (!is_plain(entry, entry->signature))
			return 0;
	}
	error_set(err, ERROR_USAGE, EINVAL,
		  "the %s would come by http://, where anybody may change it on its way", key);
	return error_hint(err, "mirrors may be http:// where digest_file and signature are URLs "
			       "with https://, or digest is given");
}

static int check_length(const struct catalogue_entry *entry, const char *path, struct error *err)
{
	for (size_t i = 0; path && i < entry->mirrors.n; i++) {
		AUTO_FREE char *url = catalogue_url(entry, i, path);

		if (strlen(url) > CATALOGUE_URL_MAX)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "URL '%s' is longer than %d characters", url,
					 CATALOGUE_URL_MAX);
	}
	return 0;
}

static int check_entry(const struct catalogue_entry *entry, struct error *err)
{
	int r = check_complete(entry, err);

	if (r == 0)
		r = check_signed(entry, err);
	if (r == 0)
		r = check_plain(entry, err);
	if (r == 0)
		r = check_length(entry, entry->file, err);
	if (r == 0)
		r = check_length(entry, entry->digest_file, err);
	if (r == 0)
		r = check_length(entry, entry->signature, err);
	return r < 0 ? error_prefix(err, "%s: section [%s]", entry->origin, entry->name) : 0;
}

/* Of one entry against what earlier files brought. */
static int check_place(const struct catalogue *catalogue, const struct catalogue_entry *entry,
		       size_t *room, struct error *err)
{
	size_t at;

	if (catalogue_place(catalogue, entry->name, &at)) {
		if (catalogue->v[at]->folder < catalogue->folders)
			return 0;
		return error_set(err, ERROR_USAGE, EINVAL, "%s: section [%s] is at %s already",
				 entry->origin, entry->name, catalogue->v[at]->origin);
	}
	if (!*room)
		return error_set(err, ERROR_USAGE, EINVAL, "%s: section [%s]: more than %d images",
				 entry->origin, entry->name, CATALOGUE_ENTRIES_MAX);
	--*room;
	return 0;
}

static int check_draft(const struct catalogue *catalogue, const struct catalogue *draft,
		       struct error *err)
{
	size_t room = CATALOGUE_ENTRIES_MAX - catalogue->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < draft->n; i++) {
		r = check_entry(draft->v[i], err);
		if (r == 0)
			r = check_place(catalogue, draft->v[i], &room, err);
	}
	return r;
}

static void count_folder(struct catalogue *catalogue, const char *origin)
{
	const char *slash = strrchr(origin, '/');
	char *folder = xstrndup(origin, slash ? (size_t)(slash - origin) : 0);

	if (!catalogue->folder || strcmp(catalogue->folder, folder) != 0)
		catalogue->folders++;
	free(catalogue->folder);
	catalogue->folder = folder;
}

static void take_draft(struct catalogue *catalogue, struct catalogue *draft)
{
	for (size_t i = 0; i < draft->n; i++) {
		draft->v[i]->folder = catalogue->folders;
		catalogue_put(catalogue, draft->v[i]);
	}
	draft->n = 0;
}

static void parser_done(struct parser *parser)
{
	catalogue_done(&parser->draft);
}

int catalogue_parse(struct catalogue *catalogue, const char *origin, const char *text, size_t len,
		    struct error *err)
{
	static const struct ini_events events = { read_heading, read_key };
	AUTO(parser_done) struct parser parser = { .origin = origin };
	int r = ini_read(origin, text, len, &events, &parser, err);

	if (r < 0)
		return r;
	count_folder(catalogue, origin);
	r = check_draft(catalogue, &parser.draft, err);
	if (r == 0)
		take_draft(catalogue, &parser.draft);
	return r;
}
