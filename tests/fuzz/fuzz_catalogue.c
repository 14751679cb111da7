/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the catalogue, any bytes: read over another one, and what is taken is fit to be
 * fetched.
 */
#include <string.h>

#include "config/catalogue.h"
#include "fuzz.h"

static const char shipped[] = "[debian-13]\n"
			      "aliases = debian, trixie\n"
			      "mirrors = https://example.org/\n"
			      "file = x.qcow2\n"
			      "digest_file = SUMS\n";

static void check_refusal(int r, const struct error *err)
{
	FUZZ_ASSERT(r == -err->code && err->kind == ERROR_USAGE);
	FUZZ_ASSERT(strncmp(err->message, "f/", 2) == 0);
}

static void check_url(const char *url)
{
	size_t host = strncmp(url, "https://", 8) == 0 ? 8 : 7;

	FUZZ_ASSERT(host == 8 || strncmp(url, "http://", 7) == 0);
	FUZZ_ASSERT(strlen(url) <= CATALOGUE_URL_MAX);
	FUZZ_ASSERT(!strpbrk(url, " \t@?#%\\$`'\""));
	FUZZ_ASSERT(url[host] != '/' && !strstr(url + host, "//") && !strstr(url, "/../"));
	FUZZ_ASSERT(strcmp(url + strlen(url) - 3, "/..") != 0);
}

static void check_urls(const struct catalogue_entry *entry, const char *path, bool plain)
{
	for (size_t i = 0; path && i < entry->mirrors.n; i++) {
		char *url = catalogue_url(entry, i, path);

		check_url(url);
		FUZZ_ASSERT(plain || strncmp(url, "https://", 8) == 0);
		free(url);
	}
}

static void check_entry(const struct catalogue *catalogue, const struct catalogue_entry *entry)
{
	FUZZ_ASSERT(entry->mirrors.n && entry->mirrors.n <= CATALOGUE_MIRRORS_MAX && entry->file);
	FUZZ_ASSERT(!entry->digest != !entry->digest_file);
	FUZZ_ASSERT(!entry->signature || (entry->keyring && entry->keyring[0] == '/'));
	FUZZ_ASSERT(strlen(entry->name) <= CATALOGUE_NAME_MAX && !strchr(entry->name, '/'));
	check_urls(entry, entry->file, true);
	check_urls(entry, entry->digest_file, false);
	if (entry->signature && strcmp(entry->signature, "inline") != 0)
		check_urls(entry, entry->signature, false);
	FUZZ_ASSERT(catalogue_find(catalogue, entry->name) == entry);
	for (size_t i = 0; i < entry->aliases.n; i++)
		FUZZ_ASSERT(catalogue_find(catalogue, entry->aliases.v[i]) == entry);
}

static void check_catalogue(struct catalogue *catalogue)
{
	struct error err = ERROR_INIT;
	int r = catalogue_check_aliases(catalogue, &err);

	if (r < 0) {
		check_refusal(r, &err);
		return;
	}
	for (size_t i = 0; i < catalogue->n; i++) {
		FUZZ_ASSERT(!i || strcmp(catalogue->v[i - 1]->name, catalogue->v[i]->name) < 0);
		check_entry(catalogue, catalogue->v[i]);
	}
	catalogue_near(catalogue, "debian");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalogue catalogue = CATALOGUE_INIT;
	struct error err = ERROR_INIT;
	int r = catalogue_parse(&catalogue, "e/f", shipped, sizeof(shipped) - 1, &err);

	FUZZ_ASSERT(r == 0);
	r = catalogue_parse(&catalogue, "f/f", (const char *)data, size, &err);
	if (r < 0) {
		check_refusal(r, &err);
		FUZZ_ASSERT(catalogue.n == 1);
	} else {
		check_catalogue(&catalogue);
	}
	catalogue_done(&catalogue);
	return 0;
}
