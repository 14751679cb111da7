/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The .conf of an image, any bytes; what is accepted is written, and read back the same. */
#include <string.h>

#include "config/image_config.h"
#include "fuzz.h"

static void check_round_trip(const struct image_config *config)
{
	struct image_config back;
	struct error err = ERROR_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;

	image_config_init(&back);
	FUZZ_ASSERT(image_config_format(config, &first, &err) == 0);
	FUZZ_ASSERT(image_config_parse(&back, "f", buf_str(&first), first.len, &err) == 0);
	FUZZ_ASSERT(image_config_format(&back, &second, &err) == 0);
	FUZZ_ASSERT(strcmp(buf_str(&first), buf_str(&second)) == 0);
	buf_done(&first);
	buf_done(&second);
	image_config_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_config config;
	struct error err = ERROR_INIT;
	int r;

	image_config_init(&config);
	r = image_config_parse(&config, "f", (const char *)data, size, &err);
	if (r < 0) {
		FUZZ_ASSERT(r == -err.code && err.kind == ERROR_USAGE);
		FUZZ_ASSERT(strncmp(err.message, "f:", 2) == 0);
	} else {
		check_round_trip(&config);
	}
	image_config_done(&config);
	return 0;
}
