/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the settings of a machine say only together. */
#include <errno.h>
#include <inttypes.h>

#include "config/vm_config.h"

static int check_microvm(const struct vm_config *config, struct error *err)
{
	if (!config->kernel) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "machine microvm has no firmware that boots a disk: it needs a kernel");
		return error_hint(err, "give it a kernel and an initrd, or take machine q35");
	}
	if (config->firmware == FIRMWARE_UEFI) {
		error_set(err, ERROR_USAGE, EINVAL, "machine microvm has no flash for UEFI");
		return error_hint(err, "take machine q35, or firmware bios");
	}
	return 0;
}

static int check_hugepages(const struct vm_config *config, struct error *err)
{
	uint64_t mib = hugepages_bytes(config->hugepages) >> 20;
	uint64_t rest = config->memory_mib % mib;

	if (!rest)
		return 0;
	error_set(err, ERROR_USAGE, EINVAL,
		  "a memory of %" PRIu64 "M is no whole number of pages "
		  "of %s",
		  config->memory_mib, hugepages_words[config->hugepages]);
	return error_hint(err, "memory of %" PRIu64 "M", config->memory_mib - rest + mib);
}

int vm_config_check_machine(const struct vm_config *config, struct error *err)
{
	int r = config->machine == MACHINE_MICROVM ? check_microvm(config, err) : 0;

	if (r == 0 && config->hugepages != HUGEPAGES_OFF)
		r = check_hugepages(config, err);
	return r;
}
