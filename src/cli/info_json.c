/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as JSON, the same in list and show. */
#include <jansson.h>

#include "info_json.h"
#include "json.h"

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
	object_set_text(object, "mac", mac);
	object_set_text(object, "bridge", info->bridges[i]);
	object_set_text(object, "tap", info->taps[i]);
	json_object_set_new(object, "dhcp", json_boolean(nic->ip_mode == IP_DHCP));
	json_object_set_new(object, "addresses", addresses_json(nic));
	json_object_set_new(object, "vlan", nic->vlan ? json_integer(nic->vlan) : json_null());
	object_set_list(object, "trunk", &nic->trunk);
	object_set_text(object, "guard", guard_words[nic->guard]);
	json_object_set_new(object, "isolated", json_boolean(nic->isolated));
	object_set_number(object, "rate_to_guest_mbit", nic->rate.to_guest_mbit);
	object_set_number(object, "rate_from_guest_mbit", nic->rate.from_guest_mbit);
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
	object_set_text(object, "ip", known_ip ? ip : NULL);
	json_object_set_new(object, "prefix_length",
			    known_ip ? json_integer(nic->address.length) : json_null());
	object_set_text(object, "mac", known ? mac : NULL);
	object_set_text(object, "bridge", info->bridges[0]);
	object_set_text(object, "tap", info->taps[0]);
	for (unsigned int i = 0; known && i < info->config.n_nics; i++)
		json_array_append_new(nics, nic_json(info, i));
	json_object_set_new(object, "nics", nics);
}

json_t *info_json(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	json_t *object = json_object();

	object_set_text(object, "name", info->name);
	object_set_text(object, "state", vm_state_word(info->state));
	json_object_set_new(object, "pid",
			    info->process.pid ? json_integer(info->process.pid) : json_null());
	set_network(object, info);
	object_set_number(object, "vcpus", vm->cpus);
	object_set_number(object, "memory_bytes", vm->memory_mib << 20);
	object_set_number(object, "disk_bytes", info->disk_bytes);
	object_set_number(object, "disk_used_bytes", info->disk_used_bytes);
	object_set_text(object, "os", vm->os);
	json_object_set_new(object, "uptime_s",
			    info->process.pid ? json_integer((json_int_t)info->usage.uptime_s)
					      : json_null());
	json_object_set_new(object, "vnc_port",
			    vm->vnc_port ? json_integer(vm->vnc_port) : json_null());
	object_set_list(object, "pending", &info->pending);
	if (info->ended[0])
		object_set_text(object, "ended", info->ended);
	if (info->problem[0])
		object_set_text(object, "problem", info->problem);
	return object;
}
