/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one VM is: defaults, release, and the reader of vm.conf. */
#include "config/vm_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/layer.h"
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
	{ "protect", FIELD(protect), &value_bool },
	{ "firmware", FIELD(firmware), &value_choice, .choices = firmware_words },
	{ "hugepages", FIELD(hugepages), &value_choice, .choices = hugepages_words },
	{ "cpu_pin", FIELD(cpu_pin), &value_string, .optional = true, .check = check_cpu_list },
	{ "nice", FIELD(nice), &value_nice, .optional = true },
	{ "memory_max", FIELD(limits), &value_memory_max, .optional = true },
	{ "cpu_max", FIELD(limits.cpu_max_percent), &value_number, .optional = true, .min = 1,
	  .max = (uint64_t)VM_CPUS_MAX * 100 },
	{ "cpu_weight", FIELD(limits.cpu_weight), &value_number, .optional = true, .min = 1,
	  .max = 10000 },
	{ "pids_max", FIELD(limits.pids_max), &value_number, .optional = true, .min = 16,
	  .max = 4194304 },
	{ "io_weight", FIELD(limits.io_weight), &value_number, .optional = true, .min = 1,
	  .max = 10000 },
	{ "io_max", FIELD(limits.io_max), &value_string, .optional = true, .check = check_io_max },
	{ "allow_missing", FIELD(allow_missing), &value_list, .max = LAYERS, .check = check_layer },
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
	{ "image.profile", FIELD(image.profile), &value_choice, .choices = guest_profile_words },
	{ "image.user", FIELD(image.user), &value_string, .optional = true, .check = check_user },
	{ "image.cpu_level", FIELD(image.cpu_level), &value_number, .optional = true, .min = 1,
	  .max = 4 },

	{ "nic.bridge", FIELD(nics[0].bridge), &value_string, .optional = true,
	  .check = check_bridge },
	{ "nic.mac", FIELD(nics[0].mac), &value_mac, .optional = true, .first = 1 },
	{ "nic.ip", FIELD(nics[0]), &value_nic_ip, .first = 1 },
	{ "nic.more_ip", FIELD(nics[0].more_ip), &value_long_list, .max = VM_ADDRESSES_MAX - 1,
	  .check = check_prefix },
	{ "nic.gateway", FIELD(nics[0].gateway), &value_address, .family = AF_INET },
	{ "nic.gateway6", FIELD(nics[0].gateway6), &value_address, .family = AF_INET6 },
	{ "nic.dns", FIELD(nics[0].dns), &value_long_list, .check = check_address },
	{ "nic.search", FIELD(nics[0].search), &value_long_list, .check = check_domain },
	{ "nic.mtu", FIELD(nics[0].mtu), &value_number, .optional = true, .min = VM_MTU_MIN,
	  .max = VM_MTU_MAX },
	{ "nic.guard", FIELD(nics[0].guard), &value_choice, .choices = guard_words },
	{ "nic.vhost", FIELD(nics[0].vhost), &value_choice, .choices = tristate_words },
	{ "nic.queues", FIELD(nics[0].queues), &value_queues, .max = VM_QUEUES_MAX },
	{ "nic.vlan", FIELD(nics[0].vlan), &value_number, .optional = true, .min = 1,
	  .max = VM_VLAN_MAX },
	{ "nic.trunk", FIELD(nics[0].trunk), &value_long_list, .max = VM_TRUNK_MAX,
	  .check = check_vlans },
	{ "nic.isolated", FIELD(nics[0].isolated), &value_bool },
	{ "nic.rate", FIELD(nics[0].rate), &value_rate, .optional = true },

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
		.guard = host->guard,
		.vhost = host->vhost,
		.queues = host->queues,
	};
}

/* The host's gateway and name servers are those of its own LAN. */
static void init_first_nic(struct vm_nic *nic, const struct host_config *host)
{
	if (host->lan_gw.family == AF_INET6)
		nic->gateway6 = host->lan_gw;
	else
		nic->gateway = host->lan_gw;
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
	for (unsigned int i = 0; i < VM_NICS_MAX; i++)
		init_nic(&config->nics[i], host);
	init_first_nic(&config->nics[0], host);
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
	free(config->image.user);
	free(config->cpu_pin);
	free(config->limits.io_max);
	strv_done(&config->allow_missing);
	for (size_t i = 0; i < VM_NICS_MAX; i++) {
		free(config->nics[i].bridge);
		strv_done(&config->nics[i].dns);
		strv_done(&config->nics[i].search);
		strv_done(&config->nics[i].more_ip);
		strv_done(&config->nics[i].trunk);
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

static int check_mac_once(const struct vm_config *config, unsigned int index, struct error *err)
{
	const struct mac *mac = &config->nics[index].mac;
	char text[MAC_TEXT_MAX];

	if (!mac_is_set(mac))
		return 0;
	for (unsigned int i = 0; i < index; i++) {
		if (!mac_equal(mac, &config->nics[i].mac))
			continue;
		mac_format(mac, text);
		return error_set(err, ERROR_USAGE, EINVAL, "MAC address %s is that of nic.%u, too",
				 text, i);
	}
	return 0;
}

/* A link-local address is one of its link's alone (RFC 4007, 6). */
static int check_addresses_once(const struct vm_config *config, unsigned int index,
				struct error *err)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(&config->nics[index], addresses);
	char text[IP_TEXT_MAX];

	for (unsigned int i = 0; i < index; i++) {
		for (unsigned int j = 0; j < n; j++) {
			if (!ip_is_unicast(&addresses[j].addr) ||
			    !vm_nic_has_address(&config->nics[i], &addresses[j].addr))
				continue;
			ip_format(&addresses[j].addr, text);
			return error_set(err, ERROR_USAGE, EINVAL,
					 "address %s is that of nic.%u, too", text, i);
		}
	}
	return 0;
}

static int check_nic(const struct vm_config *config, unsigned int index, struct error *err)
{
	int r = vm_nic_check_lists(&config->nics[index], err);

	if (r == 0)
		r = check_mac_once(config, index, err);
	if (r == 0)
		r = check_addresses_once(config, index, err);
	return r < 0 ? error_prefix(err, "nic.%u", index) : 0;
}

int vm_config_check(const struct vm_config *config, struct error *err)
{
	int r = 0;

	if (config->n_nics < 1 || config->n_nics > VM_NICS_MAX || config->n_disks > VM_DISKS_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "a VM has 1 to %d NICs and up to %d further disks", VM_NICS_MAX,
				 VM_DISKS_MAX);
	if (!config->kernel && (config->initrd || config->append)) {
		error_set(err, ERROR_USAGE, EINVAL, "'%s' is of no use without 'kernel'",
			  config->initrd ? "initrd" : "append");
		return error_hint(err, "unset with it what goes with a kernel:%s%s",
				  config->initrd ? " initrd=" : "",
				  config->append ? " append=" : "");
	}
	for (unsigned int i = 0; r == 0 && i < config->n_disks; i++)
		r = check_disk(config, i, err);
	for (unsigned int i = 0; r == 0 && i < config->n_nics; i++)
		r = check_nic(config, i, err);
	return r;
}

const char *vm_config_login(const struct vm_config *config)
{
	return config->user ? config->user : config->image.user;
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
