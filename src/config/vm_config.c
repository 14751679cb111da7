/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one VM is: defaults, release, and the reader of vm.conf. */
#include "config/vm_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "vm_keys.h"

#define FIELD(name) .offset = offsetof(struct vm_config, name)

static const struct config_key keys[] = {
	{ "user", FIELD(user), &value_string, .optional = true, .check = check_user },
	{ "memory", FIELD(memory_mib), &value_memory, .min = VM_MEMORY_MIB_MIN,
	  .max = VM_MEMORY_MIB_MAX },
	{ "cpus", FIELD(cpus), &value_number, .min = 1, .max = VM_CPUS_MAX },
	{ "accel", FIELD(accel), &value_choice, .choices = accel_words },
	{ "cpu", FIELD(cpu_model), &value_string, .optional = true, .check = check_cpu_model },
	{ "machine", FIELD(machine), &value_choice, .choices = machine_words },
	{ "kernel", FIELD(kernel), &value_string, .optional = true, .check = check_path },
	{ "initrd", FIELD(initrd), &value_string, .optional = true, .check = check_path },
	{ "append", FIELD(append), &value_append, .optional = true, .check = check_append },
	{ "vnc", FIELD(vnc), &value_string, .check = check_vnc },
	{ "uid", FIELD(uid), &value_uid, .optional = true, .min = 1, .max = UINT32_MAX },
	{ "instance_id", FIELD(instance_id), &value_string, .optional = true,
	  .check = check_token },
	{ "ready_nonce", FIELD(ready_nonce), &value_string, .optional = true,
	  .check = check_token },
	{ "stop_timeout", FIELD(stop_timeout_s), &value_number, .optional = true, .min = 1,
	  .max = VM_STOP_TIMEOUT_MAX },

	{ "image.path", FIELD(image.path), &value_string, .optional = true, .check = check_path },
	{ "image.format", FIELD(image.format), &value_choice, .choices = disk_format_words },
	{ "image.size", FIELD(image.size), &value_number64, .optional = true, .min = 1,
	  .max = UINT64_MAX },
	{ "image.mtime", FIELD(image.mtime_ns), &value_time, .optional = true },

	{ "nic.bridge", FIELD(nics[0].bridge), &value_string, .optional = true,
	  .check = check_bridge },
	{ "nic.gateway", FIELD(nics[0].gateway), &value_address },
	{ "nic.dns", FIELD(nics[0].dns), &value_list, .check = check_address },
	{ "nic.search", FIELD(nics[0].search), &value_list, .check = check_domain },
	{ "nic.mtu", FIELD(nics[0].mtu), &value_number, .optional = true, .min = VM_MTU_MIN,
	  .max = VM_MTU_MAX },
	{ "nic.guard", FIELD(nics[0].guard), &value_choice, .choices = guard_words },
	{ "nic.vhost", FIELD(nics[0].vhost), &value_choice, .choices = tristate_words },

	{ "disk.file", FIELD(disks[0].file), &value_string, .check = check_disk_file },
	{ "disk.format", FIELD(disks[0].format), &value_choice, .choices = disk_format_words },
	{ .word = NULL },
};
_Static_assert(ARRAY_SIZE(keys) <= CONFIG_KEYS_MAX + 1, "CONFIG_KEYS_MAX");

static const struct config_section sections[] = {
	{ .name = "" },
	{ .name = "image" },
	{ "nic", VM_NICS_MAX, sizeof(struct vm_nic), offsetof(struct vm_config, n_nics) },
	{ "disk", VM_DISKS_MAX, sizeof(struct vm_disk), offsetof(struct vm_config, n_disks) },
	{ .name = NULL },
};

const struct config_schema vm_schema = { sections, keys };

const char *const *vm_config_keys(void)
{
	static const char *words[CONFIG_KEYS_MAX + 1];

	return config_words(keys, words);
}

static void init_nic(struct vm_nic *nic, const struct host_config *host)
{
	*nic = (struct vm_nic){
		.ip_mode = IP_DHCP,
		.gateway = host->lan_gw,
		.guard = host->guard,
		.vhost = host->vhost,
	};
	strv_copy(&nic->dns, &host->lan_dns);
	strv_copy(&nic->search, &host->search);
}

void vm_config_init(struct vm_config *config, const struct host_config *host)
{
	*config = (struct vm_config){
		.memory_mib = host->memory_mib,
		.cpus = host->cpus,
		.accel = host->accel,
		.machine = host->machine,
		.vnc = xstrdup(host->vnc),
		.n_nics = 1,
	};
	init_nic(&config->nics[0], host);
}

void vm_config_done(struct vm_config *config)
{
	free(config->user);
	free(config->cpu_model);
	free(config->kernel);
	free(config->initrd);
	free(config->append);
	free(config->vnc);
	free(config->instance_id);
	free(config->ready_nonce);
	free(config->image.path);
	for (size_t i = 0; i < VM_NICS_MAX; i++) {
		free(config->nics[i].bridge);
		strv_done(&config->nics[i].dns);
		strv_done(&config->nics[i].search);
	}
	for (size_t i = 0; i < VM_DISKS_MAX; i++)
		free(config->disks[i].file);
	free(config->os);
	*config = (struct vm_config){ 0 };
}

static int check_disk(const struct vm_config *config, unsigned int index, struct error *err)
{
	const char *file = config->disks[index].file;

	if (!file)
		return error_set(err, ERROR_USAGE, EINVAL, "section [disk.%u] lacks its 'file'",
				 index);
	for (unsigned int i = 0; i < index; i++) {
		if (strcmp(config->disks[i].file, file) == 0)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "file '%s' is both disk.%u and disk.%u", file, i, index);
	}
	return 0;
}

int vm_config_check(const struct vm_config *config, struct error *err)
{
	int r = 0;

	if (config->n_nics < 1 || config->n_nics > VM_NICS_MAX || config->n_disks > VM_DISKS_MAX)
		return error_set(err, ERROR_USAGE, EINVAL, "a VM has 1 NIC and up to %d disks",
				 VM_DISKS_MAX);
	if (!config->kernel && (config->initrd || config->append))
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' is of no use without 'kernel'",
				 config->initrd ? "initrd" : "append");
	for (unsigned int i = 0; r == 0 && i < config->n_disks; i++)
		r = check_disk(config, i, err);
	return r;
}

enum vm_screen vm_config_screen(const struct vm_config *config)
{
	if (config->machine == MACHINE_MICROVM || !strcmp(config->vnc, "off"))
		return SCREEN_NONE;
	return !strcmp(config->vnc, "unix") ? SCREEN_UNIX : SCREEN_TCP;
}

int vm_config_parse(struct vm_config *config, const char *origin, const char *text, size_t len,
		    struct error *err)
{
	int r = config_read(&vm_schema, origin, text, len, config, err);

	if (r < 0)
		return r;
	r = vm_config_check(config, err);
	return r < 0 ? error_prefix(err, "%s", origin) : 0;
}

int vm_config_set(struct vm_config *config, const char *word, const char *value, struct error *err)
{
	return config_set(&vm_schema, word, value, config, err);
}
