/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images as JSON: those that are here and those that can be pulled, with the same members. */
#include <jansson.h>

#include "base/alloc.h"
#include "image.h"
#include "json.h"

/* What is not known is null. */
static void set_size(json_t *object, const char *key, uint64_t bytes)
{
	json_object_set_new(object, key, bytes ? json_integer((json_int_t)bytes) : json_null());
}

static void set_guest(json_t *object, const struct guest_traits *guest)
{
	object_set_text(object, "user", guest->user);
	object_set_text(object, "profile", guest_profile_words[guest->profile]);
	object_set_text(object, "firmware", firmware_words[guest->firmware]);
	set_size(object, "min_disk_bytes", guest->min_disk_bytes);
	object_set_number(object, "cpu_level", guest->cpu_level);
}

/* The entry whose name or alias --os does not reach, as an image has it. */
static void set_hides(json_t *object, const char *name, const struct catalogue *catalogue)
{
	const struct catalogue_entry *entry = catalogue_find(catalogue, name);

	object_set_text(object, "hides", entry ? entry->name : NULL);
}

static void set_entry(json_t *object, const struct catalogue_entry *entry)
{
	static const struct strv none = STRV_INIT;

	object_set_list(object, "aliases", entry ? &entry->aliases : &none);
	object_set_text(object, "title", entry ? entry->title : NULL);
	object_set_text(object, "arch", entry ? entry->arch : NULL);
}

static void set_file(json_t *object, const struct vm_image_info *info)
{
	object_set_text(object, "format", disk_format_words[info->format]);
	json_object_set_new(object, "path", json_string(info->path ? info->path : ""));
	object_set_number(object, "virtual_bytes", info->virtual_bytes);
	object_set_number(object, "file_bytes", info->file_bytes);
	json_object_set_new(object, "added",
			    info->config.added_ns > 0
				    ? json_integer(info->config.added_ns / 1000000000)
				    : json_null());
}

/* Of an image that is not here. */
static void set_no_file(json_t *object)
{
	static const char *const keys[] = { "format",	  "path",  "virtual_bytes",
					    "file_bytes", "added", "digest" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_set_new(object, keys[i], json_null());
}

json_t *image_local_json(const struct vm_image_info *info, const struct catalogue *catalogue)
{
	const struct image_config *config = &info->config;
	json_t *object = json_object();

	object_set_text(object, "name", info->name);
	object_set_text(object, "state", "local");
	set_file(object, info);
	object_set_text(object, "os", config->os);
	set_entry(object, config->os ? catalogue_find(catalogue, config->os) : NULL);
	set_guest(object, &config->guest);
	object_set_text(object, "digest", config->digest);
	object_set_text(object, "source_digest", config->source_digest);
	object_set_text(object, "signature", config->signature);
	object_set_text(object, "url", config->url);
	set_hides(object, info->name, catalogue);
	if (info->problem[0])
		object_set_text(object, "problem", info->problem);
	return object;
}

json_t *image_available_json(const struct catalogue_entry *entry)
{
	AUTO_FREE char *url = catalogue_url(entry, 0, entry->file);
	json_t *object = json_object();

	object_set_text(object, "name", entry->name);
	object_set_text(object, "state", "available");
	set_no_file(object);
	object_set_text(object, "os", entry->name);
	set_entry(object, entry);
	set_guest(object, &entry->guest);
	object_set_text(object, "source_digest", entry->digest);
	object_set_text(object, "signature", NULL);
	object_set_text(object, "url", url);
	object_set_text(object, "hides", NULL);
	return object;
}
