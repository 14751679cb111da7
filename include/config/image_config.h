/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_dir/NAME.conf: where an image is from, and what is in it. Pure. */
#ifndef CONFIG_IMAGE_CONFIG_H
#define CONFIG_IMAGE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/guest.h"

/* Strings are owned; NULL where unset. An image without the file (of an older release) has none. */
struct image_config {
	char *os; /* catalogue entry that it was pulled by; NULL: imported */
	char *url; /* as it was asked for, without redirects */
	char *source_digest; /* "sha512:HEX" of the file as published */
	char *signature; /* keyring that has the key of who signed that; NULL: nobody was asked */
	char *digest; /* of the image as it is stored: what `image verify` holds it to */
	int64_t added_ns; /* since 1970; of the pull or import */
	struct guest_traits guest;
};

void image_config_init(struct image_config *config);
void image_config_done(struct image_config *config);

/* As the reader and writer of vm.conf (config/vm_config.h). The former is a fuzz entry. */
int image_config_parse(struct image_config *config, const char *origin, const char *text,
		       size_t len, struct error *err);
int image_config_format(const struct image_config *config, struct buf *ret, struct error *err);

/* All keys of the file and NULL. */
const char *const *image_config_keys(void);

#endif
