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

static json_t *list_json(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static json_t *addresses_json(const struct vm_nic *nic)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);
	json_t *array = json_array();

	for (unsigned int i = 0; i < n; i++) {
		char text[IP_TEXT_MAX];

		ip_prefix_format(&addresses[i], text);
		json_array_append_new(array, json_string(text));
	}
	return array;
}

static json_t *nic_json(const struct vm_info *info, unsigned int i)
{
	const struct vm_nic *nic = &info->config.nics[i];
	json_t *object = json_object();
	char mac[MAC_TEXT_MAX];

	mac_format(&nic->mac, mac);
	set_text(object, "mac", mac);
	set_text(object, "bridge", info->bridges[i]);
	set_text(object, "tap", info->taps[i]);
	json_object_set_new(object, "dhcp", json_boolean(nic->ip_mode == IP_DHCP));
	json_object_set_new(object, "addresses", addresses_json(nic));
	json_object_set_new(object, "vlan", nic->vlan ? json_integer(nic->vlan) : json_null());
	json_object_set_new(object, "trunk", list_json(&nic->trunk));
	set_text(object, "guard", guard_words[nic->guard]);
	json_object_set_new(object, "isolated", json_boolean(nic->isolated));
	set_number(object, "rate_to_guest_mbit", nic->rate.to_guest_mbit);
	set_number(object, "rate_from_guest_mbit", nic->rate.from_guest_mbit);
	return object;
}

/* The first NIC's own members are what most scripts want; nics has them all. */
static void set_network(json_t *object, const struct vm_info *info)
{
	const struct vm_nic *nic = &info->config.nics[0];
	bool known = info->state != VM_STATE_DAMAGED;
	json_t *nics = json_array();
	bool known_ip;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

	ip_format(&nic->address.addr, ip);
	mac_format(&nic->mac, mac);
	known_ip = known && nic->ip_mode == IP_STATIC;
	set_text(object, "ip", known_ip ? ip : NULL);
	json_object_set_new(object, "prefix_length",
			    known_ip ? json_integer(nic->address.length) : json_null());
	set_text(object, "mac", known ? mac : NULL);
	set_text(object, "bridge", info->bridges[0]);
	set_text(object, "tap", info->taps[0]);
	for (unsigned int i = 0; known && i < info->config.n_nics; i++)
		json_array_append_new(nics, nic_json(info, i));
	json_object_set_new(object, "nics", nics);
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
	json_object_set_new(object, "pending", list_json(&info->pending));
	if (info->ended[0])
		set_text(object, "ended", info->ended);
	if (info->problem[0])
		set_text(object, "problem", info->problem);
	return object;
}
