/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is recorded beside an image, and which image is the newest of its kind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "images_files.h"

enum { CONFIG_SIZE_MAX = 64 * 1024 };

/* path is for messages: it may be the only thing that is wrong with an image. */
static int read_config(int dir_fd, const char *file, const char *path, struct image_config *config,
		       struct error *err)
{
	struct error why = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	int r = file_read(dir_fd, file, CONFIG_SIZE_MAX, &text, &why);

	if (r == -ENOENT)
		return 0;
	if (r) {
		*err = why;
		return r;
	}
	r = image_config_parse(config, path, buf_str(&text), text.len, err);
	return r ? error_hint(err, "${EDITOR:-vi} '%s'", path) : 0;
}

int images_config(const struct store *store, const char *name, struct image_config *ret,
		  struct error *err)
{
	bool own = image_exists(store->images_fd, name);
	int dir_fd = own ? store->images_fd : store->shared_images_fd;
	AUTO_FREE char *dir = own ? image_folder(store) : NULL;
	AUTO_FREE char *file = image_config_file(name);
	AUTO_FREE char *path = xasprintf("%s/%s", own ? dir : store->config->shared_image_dir,
					 file);
	struct image_config config;
	int r = 0;

	image_config_init(&config);
	if (dir_fd >= 0)
		r = read_config(dir_fd, file, path, &config, err);
	if (r) {
		image_config_done(&config);
		return error_prefix(err, "image '%s'", name);
	}
	*ret = config;
	return 0;
}

bool image_config_is_written(const struct store *store, const char *file)
{
	struct error ignored = ERROR_INIT;
	struct image_config config;
	bool is;

	image_config_init(&config);
	is = !read_config(store->images_fd, file, file, &config, &ignored) && config.digest &&
	     config.added_ns;
	image_config_done(&config);
	return is;
}

static bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* An image whose .conf cannot be read was pulled by nobody: a pull of another day makes another. */
static bool is_candidate(const struct store *store, const char *name, const char *os,
			 const char *source_digest, int64_t *ret_added_ns)
{
	struct error ignored = ERROR_INIT;
	struct image_config config = { .os = NULL };
	bool is;

	if (images_config(store, name, &config, &ignored))
		return false;
	is = same(config.os, os) && (!source_digest || same(config.source_digest, source_digest));
	*ret_added_ns = config.added_ns;
	image_config_done(&config);
	return is;
}

int images_newest(const struct store *store, const char *os, const char *source_digest,
		  char **ret_name, struct error *err)
{
	AUTO_FREE char *prefix = xasprintf("%s-", os);
	AUTO_STRV names = STRV_INIT;
	const char *newest = NULL;
	int64_t newest_ns = 0;
	int r = images_list(store, &names, err);

	if (r)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		int64_t added_ns;

		if (strncmp(names.v[i], prefix, strlen(prefix)) != 0 ||
		    !is_candidate(store, names.v[i], os, source_digest, &added_ns))
			continue;
		if (!newest || added_ns >= newest_ns) {
			newest = names.v[i];
			newest_ns = added_ns;
		}
	}
	if (!newest)
		return IMAGES_NONE;
	*ret_name = xstrdup(newest);
	return 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_unrecorded(const struct store *store, const char *name, const char *os)
{
	struct error ignored = ERROR_INIT;
	struct image_config config = { .os = NULL };
	bool is;

	if (!images_is_own(store, name))
		return false;
	if (images_config(store, name, &config, &ignored))
		return true;
	is = !same(config.os, os) || !config.source_digest;
	image_config_done(&config);
	return is;
}

int images_unrecorded(const struct store *store, const char *os, const char *digest_short,
		      char **ret_name, struct error *err)
{
	AUTO_FREE char *prefix = xasprintf("%s-", os), *end = xasprintf("-%s", digest_short);
	AUTO_STRV names = STRV_INIT;
	const size_t day = strlen("20261123");
	int r = images_list(store, &names, err);

	if (r)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];

		if (strlen(name) != strlen(prefix) + day + strlen(end) ||
		    strncmp(name, prefix, strlen(prefix)) != 0 || !ends_in(name, end) ||
		    !is_unrecorded(store, name, os))
			continue;
		*ret_name = xstrdup(name);
		return 0;
	}
	return IMAGES_NONE;
}
