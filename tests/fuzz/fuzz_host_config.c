/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mnmivm-se.conf, any bytes. */
#include <string.h>

#include "config/host_config.h"
#include "fuzz.h"

static void check_refusal(int r, const struct error *err)
{
	FUZZ_ASSERT(r == -err->code);
	FUZZ_ASSERT(err->kind == ERROR_USAGE);
	FUZZ_ASSERT(strncmp(err->message, "f:", 2) == 0);
}

/* What the rest of the program takes for granted. */
static void check_config(const struct host_config *config)
{
	FUZZ_ASSERT(config->bridge && *config->bridge && !strchr(config->bridge, '/'));
	FUZZ_ASSERT(config->cpus && config->memory_mib && config->stop_timeout_s);
	FUZZ_ASSERT(config->disk_bytes % 512 == 0);
	FUZZ_ASSERT(config->uid_base >= 1000 && config->uid_count >= 2);
	FUZZ_ASSERT(config->uid_base + config->uid_count > config->uid_base);
	FUZZ_ASSERT(config->state_dir[0] == '/' && !strstr(config->state_dir, "/../"));
	FUZZ_ASSERT(config->qemu[0] == '/' && config->qemu_img[0] == '/');
	for (size_t i = 0; i < config->bridges.n; i++)
		FUZZ_ASSERT(host_config_allows_bridge(config, config->bridges.v[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_config config;
	struct error err = ERROR_INIT;
	int r;

	host_config_init(&config);
	r = host_config_parse(&config, "f", (const char *)data, size, &err);
	if (r < 0)
		check_refusal(r, &err);
	else
		check_config(&config);
	host_config_done(&config);
	return 0;
}
