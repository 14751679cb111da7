/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_dir/NAME.conf: where an image is from, and what is in it. */
#include "config/image_config.h"

#include <stdlib.h>

#include "config/vm_config.h"
#include "keys.h"

#define FIELD(name) .offset = offsetof(struct image_config, name)

static const struct config_key keys[] = {
	{ "os", FIELD(os), &value_string, .optional = true, .check = check_image_name },
	{ "url", FIELD(url), &value_string, .optional = true, .check = check_url },
	{ "source_digest", FIELD(source_digest), &value_string, .optional = true,
	  .check = check_digest },
	{ "signature", FIELD(signature), &value_string, .optional = true, .check = check_path },
	{ "digest", FIELD(digest), &value_string, .optional = true, .check = check_digest },
	{ "added", FIELD(added_ns), &value_time, .optional = true },
	{ "user", FIELD(guest.user), &value_string, .optional = true, .check = check_user },
	{ "profile", FIELD(guest.profile), &value_choice, .choices = guest_profile_words },
	{ "firmware", FIELD(guest.firmware), &value_choice, .choices = firmware_words },
	{ "min_disk", FIELD(guest.min_disk_bytes), &value_size, .optional = true,
	  .min = VM_DISK_BYTES_MIN, .max = VM_DISK_BYTES_MAX },
	{ "cpu_level", FIELD(guest.cpu_level), &value_number, .min = 1,
	  .max = GUEST_CPU_LEVEL_MAX },
	{ .word = NULL },
};

static const struct config_section sections[] = { { .name = "" }, { .name = NULL } };
static const struct config_schema schema = { sections, keys };

const char *const *image_config_keys(void)
{
	static const char *words[CONFIG_KEYS_MAX + 1];

	return config_words(keys, words);
}

void image_config_init(struct image_config *config)
{
	*config = (struct image_config){ .os = NULL };
	guest_traits_init(&config->guest);
}

void image_config_done(struct image_config *config)
{
	free(config->os);
	free(config->url);
	free(config->source_digest);
	free(config->signature);
	free(config->digest);
	guest_traits_done(&config->guest);
	*config = (struct image_config){ .os = NULL };
}

int image_config_parse(struct image_config *config, const char *origin, const char *text,
		       size_t len, struct error *err)
{
	return config_read(&schema, origin, text, len, config, err);
}

int image_config_format(const struct image_config *config, struct buf *ret, struct error *err)
{
	AUTO(image_config_done) struct image_config scratch = { .os = NULL };
	int r = config_write(&schema, config, &scratch, ret, err);

	return r < 0 ? error_prefix(err, "write the .conf of an image") : 0;
}
