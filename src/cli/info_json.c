/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as JSON, the same in list and show. */
#include <jansson.h>
#include <string.h>

#include "info_json.h"

/* json_string() gives NULL for what is no UTF-8, which json_object_set_new() would refuse. */
static void set_text(json_t *object, const char *key, const char *value)
{
	json_t *text = value && *value ? json_string(value) : NULL;

	json_object_set_new(object, key, text ? text : json_null());
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_network(json_t *object, const struct vm_info *info)
{
	const struct vm_nic *nic = &info->config.nics[0];
	bool known = info->state != VM_STATE_DAMAGED;
	bool known_ip;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

	ip_format(&nic->address.addr, ip);
	mac_format(&nic->mac, mac);
	known_ip = known && nic->ip_mode == IP_STATIC;
	set_text(object, "ip", known_ip ? ip : NULL);
	json_object_set_new(object, "prefix_length",
			    known_ip ? json_integer(nic->address.length) : json_null());
	set_text(object, "mac", known ? mac : NULL);
	set_text(object, "bridge", info->bridge);
	set_text(object, "tap", info->tap);
}

json_t *info_json(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	json_t *object = json_object();

	set_text(object, "name", info->name);
	set_text(object, "state", vm_state_word(info->state));
	json_object_set_new(object, "pid",
			    info->process.pid ? json_integer(info->process.pid) : json_null());
	set_network(object, info);
	set_number(object, "vcpus", vm->cpus);
	set_number(object, "memory_bytes", vm->memory_mib << 20);
	set_number(object, "disk_bytes", info->disk_bytes);
	set_number(object, "disk_used_bytes", info->disk_used_bytes);
	set_text(object, "os", vm->os);
	json_object_set_new(object, "uptime_s",
			    info->process.pid ? json_integer((json_int_t)info->usage.uptime_s)
					      : json_null());
	json_object_set_new(object, "vnc_port",
			    vm->vnc_port ? json_integer(vm->vnc_port) : json_null());
	json_object_set_new(object, "pending", json_array());
	if (info->problem[0])
		set_text(object, "problem", info->problem);
	return object;
}
