/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.conf, any bytes; what is accepted is written, read again and written again. */
#include <string.h>

#include "config/vm_config.h"
#include "fuzz.h"

static void check_round_trip(const struct host_config *host, const struct vm_config *config)
{
	struct vm_config back;
	struct error err = ERROR_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;

	vm_config_init(&back, host);
	/* parts of `append` that were joined may make a line too long, and nothing else fails */
	if (vm_config_format(config, &first, &err) < 0) {
		FUZZ_ASSERT(config->append && strstr(err.message, "'append'"));
	} else {
		FUZZ_ASSERT(vm_config_parse(&back, "f", buf_str(&first), first.len, &err) == 0);
		FUZZ_ASSERT(vm_config_format(&back, &second, &err) == 0);
		FUZZ_ASSERT(strcmp(buf_str(&first), buf_str(&second)) == 0);
	}
	buf_done(&first);
	buf_done(&second);
	vm_config_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_config host;
	struct vm_config config;
	struct error err = ERROR_INIT;
	int r;

	host_config_init(&host);
	vm_config_init(&config, &host);
	r = vm_config_parse(&config, "f", (const char *)data, size, &err);
	if (r < 0) {
		FUZZ_ASSERT(r == -err.code && err.kind == ERROR_USAGE);
		FUZZ_ASSERT(strncmp(err.message, "f:", 2) == 0);
	} else {
		check_round_trip(&host, &config);
	}
	vm_config_done(&config);
	host_config_done(&host);
	return 0;
}
