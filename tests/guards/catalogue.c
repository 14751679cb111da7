/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the entries of the files of a catalogue, for test_images: a key and its value a line. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "config/catalogue.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static void give_up(const struct error *err)
{
	fprintf(stderr, "%s\n", err->message);
	exit(EXIT_FAILURE);
}

static void print_text(const char *key, const char *value)
{
	if (value)
		printf("%s=%s\n", key, value);
}

static void print_list(const char *key, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		print_text(key, list->v[i]);
}

static void print_urls(const char *key, const struct catalogue_entry *entry, const char *path)
{
	for (size_t i = 0; path && i < entry->mirrors.n; i++) {
		AUTO_FREE char *url = catalogue_url(entry, i, path);

		print_text(key, url);
	}
}

static void print_entry(const struct catalogue_entry *entry)
{
	print_text("name", entry->name);
	print_list("alias", &entry->aliases);
	print_text("title", entry->title);
	print_urls("url", entry, entry->file);
	print_urls("digest_url", entry, entry->digest_file);
	print_text("digest_style", digest_style_words[entry->digest_style]);
	print_text("signature", entry->signature);
	print_text("keyring_package", entry->keyring_package);
	print_text("arch", entry->arch);
	print_text("user", entry->guest.user);
	print_text("profile", guest_profile_words[entry->guest.profile]);
	print_text("firmware", firmware_words[entry->guest.firmware]);
	printf("cpu_level=%u\n", entry->guest.cpu_level);
}

/* Not by catalogue_load(), which goes by the owner of a file: a checkout may be anybody's. */
int main(int argc, char **argv)
{
	struct catalogue catalogue = CATALOGUE_INIT;
	struct error err = ERROR_INIT;

	for (int i = 1; i < argc; i++) {
		AUTO_BUF text = BUF_INIT;

		if (file_read_path(argv[i], FILE_BYTES_MAX, &text, &err) < 0 ||
		    catalogue_parse(&catalogue, argv[i], buf_str(&text), text.len, &err) < 0)
			give_up(&err);
	}
	if (catalogue_check_aliases(&catalogue, &err) < 0)
		give_up(&err);
	for (size_t i = 0; i < catalogue.n; i++)
		print_entry(catalogue.v[i]);
	catalogue_done(&catalogue);
	return 0;
}
