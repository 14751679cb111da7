/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/mnmivm-se/mnmivm-se.conf: the host's defaults. */
#include "config/host_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/layer.h"
#include "config/vm_config.h"
#include "host_file.h"
#include "keys.h"
#include "paths.h"
#include "trusted_file.h"

enum { FILE_BYTES_MAX = 64 << 10 };

#define FIELD(name) .offset = offsetof(struct host_config, name)

static const struct config_key keys[] = {
	{ "bridge", FIELD(bridge), &value_string, .check = check_bridge },
	{ "bridges", FIELD(bridges), &value_list, .check = check_bridge },
	{ "lan_cidr", FIELD(lan_cidr), &value_prefix, .optional = true },
	{ "lan_gw", FIELD(lan_gw), &value_address, .optional = true },
	{ "lan_dns", FIELD(lan_dns), &value_list, .check = check_address },
	{ "search", FIELD(search), &value_list, .check = check_domain },
	{ "disk_size", FIELD(disk_bytes), &value_size, .min = VM_DISK_BYTES_MIN,
	  .max = VM_DISK_BYTES_MAX },
	{ "memory", FIELD(memory_mib), &value_memory, .min = VM_MEMORY_MIB_MIN,
	  .max = VM_MEMORY_MIB_MAX },
	{ "cpus", FIELD(cpus), &value_number, .min = 1, .max = VM_CPUS_MAX },
	{ "accel", FIELD(accel), &value_choice, .choices = accel_words },
	{ "machine", FIELD(machine), &value_choice, .choices = machine_words },
	{ "vnc", FIELD(vnc), &value_string, .check = check_vnc },
	{ "guard", FIELD(guard), &value_choice, .choices = guard_words },
	{ "user_guard", FIELD(user_guard), &value_choice, .choices = guard_words },
	{ "user_vlans", FIELD(user_vlans), &value_list, .max = VM_TRUNK_MAX, .check = check_vlans },
	{ "vhost", FIELD(vhost), &value_choice, .choices = tristate_words },
	{ "queues", FIELD(queues), &value_queues, .max = VM_QUEUES_MAX },
	{ "stop_timeout", FIELD(stop_timeout_s), &value_number, .min = 1,
	  .max = VM_STOP_TIMEOUT_MAX },
	{ "uid_base", FIELD(uid_base), &value_number, .max = UINT32_MAX },
	{ "uid_count", FIELD(uid_count), &value_number, .min = 2, .max = UINT32_MAX },
	{ "state_dir", FIELD(state_dir), &value_string, .check = check_path },
	{ "run_dir", FIELD(run_dir), &value_string, .check = check_path },
	{ "image_dir", FIELD(image_dir), &value_string, .optional = true, .check = check_path },
	{ "qemu", FIELD(qemu), &value_string, .check = check_path },
	{ "qemu_img", FIELD(qemu_img), &value_string, .check = check_path },
	{ "ssh_keygen", FIELD(ssh_keygen), &value_string, .check = check_path },
	{ "gpgv", FIELD(gpgv), &value_string, .check = check_path },
	{ "allow_missing", FIELD(allow_missing), &value_list, .max = LAYERS, .check = check_layer },
	{ "expose", FIELD(expose), &value_list, .max = HOST_EXPOSE_MAX, .check = check_expose },
	{ "cgroup", FIELD(cgroup), &value_string, .check = check_cgroup_folder },
	{ "uefi_code", FIELD(uefi_code), &value_string, .optional = true, .check = check_path },
	{ "uefi_vars", FIELD(uefi_vars), &value_string, .optional = true, .check = check_path },
	{ "timezone", FIELD(timezone), &value_string, .optional = true, .check = check_timezone },
	{ "catalogue", FIELD(catalogue), &value_list, .max = HOST_CATALOGUE_MAX,
	  .check = check_path },
	{ "ca_file", FIELD(ca_file), &value_string, .optional = true, .check = check_path },
	{ "proxy", FIELD(proxy), &value_string, .optional = true, .check = check_proxy },
	{ "stall_timeout", FIELD(stall_timeout_s), &value_number, .min = 1, .max = 3600 },
	{ "pull_tries", FIELD(pull_tries), &value_number, .min = 1, .max = 100 },
	{ "image_max", FIELD(image_bytes_max), &value_size, .min = VM_DISK_BYTES_MIN,
	  .max = VM_DISK_BYTES_MAX },
	{ .word = NULL },
};
_Static_assert(ARRAY_SIZE(keys) <= CONFIG_KEYS_MAX + 1, "CONFIG_KEYS_MAX");

static const struct config_section sections[] = { { .name = "" }, { .name = NULL } };
static const struct config_schema schema = { sections, keys };

const char *const *host_config_keys(void)
{
	static const char *words[CONFIG_KEYS_MAX + 1];

	return config_words(keys, words);
}

/*
 * The uids lie above systemd's and above those that SSSD maps a Windows domain to
 * (200000-2000200000), and below 2^31.
 */
void host_config_init(struct host_config *config)
{
	*config = (struct host_config){
		.path = xstrdup(HOST_CONFIG_PATH),
		.bridge = xstrdup("br0"),
		.disk_bytes = UINT64_C(12) << 30,
		.memory_mib = 1024,
		.cpus = 1,
		.accel = ACCEL_KVM,
		.machine = MACHINE_Q35,
		.vnc = xstrdup("unix"),
		.guard = GUARD_MAC,
		.user_guard = GUARD_MAC,
		.vhost = TRISTATE_AUTO,
		.stop_timeout_s = 90,
		.uid_base = 2100000000,
		.uid_count = 100000,
		.state_dir = xstrdup("/var/lib/microvm"),
		.run_dir = xstrdup("/run/mnmivm-se"),
		.cgroup = xstrdup("auto"),
		.qemu = xstrdup("/usr/bin/qemu-system-x86_64"),
		.qemu_img = xstrdup("/usr/bin/qemu-img"),
		.ssh_keygen = xstrdup("/usr/bin/ssh-keygen"),
		.gpgv = xstrdup("/usr/bin/gpgv"),
		.stall_timeout_s = 30,
		.pull_tries = 6,
		.image_bytes_max = UINT64_C(64) << 30,
	};
	strv_push(&config->catalogue, MNMIVM_CATALOGUE_DIR);
	strv_push(&config->catalogue, HOST_CATALOGUE_DIR);
}

void host_config_done(struct host_config *config)
{
	free(config->path);
	free(config->bridge);
	strv_done(&config->bridges);
	strv_done(&config->lan_dns);
	strv_done(&config->search);
	strv_done(&config->user_vlans);
	free(config->vnc);
	free(config->state_dir);
	free(config->run_dir);
	free(config->image_dir);
	free(config->shared_image_dir);
	free(config->qemu);
	free(config->qemu_img);
	free(config->ssh_keygen);
	free(config->gpgv);
	strv_done(&config->allow_missing);
	strv_done(&config->expose);
	free(config->cgroup);
	free(config->uefi_code);
	free(config->uefi_vars);
	free(config->timezone);
	strv_done(&config->catalogue);
	free(config->user_catalogue);
	free(config->ca_file);
	free(config->proxy);
	*config = (struct host_config){ 0 };
}

uid_t host_config_vm_uids(const struct host_config *config)
{
	return config->uid_count - 1;
}

uid_t host_config_worker_uid(const struct host_config *config)
{
	return config->uid_base + host_config_vm_uids(config);
}

int host_config_parse(struct host_config *config, const char *origin, const char *text, size_t len,
		      struct error *err)
{
	int r = config_read(&schema, origin, text, len, config, err);

	if (r < 0)
		return r;
	/* the two keys stand on two lines, so the message can name neither */
	r = check_uids("uid_base and uid_count", config->uid_base, config->uid_count, err);
	return r < 0 ? error_prefix(err, "%s", origin) : 0;
}

int host_file_load(struct host_config *config, const char *path, bool required, uid_t owner,
		   struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = trusted_file_read(AT_FDCWD, path, path, FILE_BYTES_MAX, owner, &text, err);

	xreplace(&config->path, path);
	if (r == TRUSTED_FILE_ABSENT)
		return required ? error_errno(err, ENOENT, "open '%s'", path) : 0;
	return r < 0 ? r : host_config_parse(config, path, buf_str(&text), text.len, err);
}

int host_config_load(struct host_config *config, const char *path, bool required, struct error *err)
{
	return host_file_load(config, path, required, geteuid(), err);
}

bool host_config_allows_bridge(const struct host_config *config, const char *bridge)
{
	if (!config->bridges.n)
		return strcmp(bridge, config->bridge) == 0;
	return strv_has(&config->bridges, bridge);
}
