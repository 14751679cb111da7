/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: all settings of a VM. */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/status.h"
#include "commands.h"
#include "info_json.h"
#include "json.h"
#include "output.h"

static void print_list(const char *label, const struct strv *list)
{
	AUTO_FREE char *text = strv_join(list, ", ");

	if (list->n)
		printf("%-14s %s\n", label, output_clean(text));
}

static void print_text(const char *label, const char *text)
{
	if (text && *text)
		printf("%-14s %s\n", label, output_clean(text));
}

static void show_machine(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	char text[SIZE_TEXT_MAX], used[SIZE_TEXT_MAX];

	print_text("os:", vm->os);
	print_text("image:", vm->image.path);
	printf("%-14s %s, %s\n", "machine:", machine_words[vm->machine], accel_words[vm->accel]);
	printf("%-14s %s\n", "firmware:", firmware_words[vm->firmware]);
	print_text("cpu:", vm->cpu_model);
	printf("%-14s %u\n", "cpus:", vm->cpus);
	size_format(vm->memory_mib << 20, text);
	printf("%-14s %s\n", "memory:", text);
	if (vm->hugepages != HUGEPAGES_OFF)
		printf("%-14s of %s\n", "huge pages:", hugepages_words[vm->hugepages]);
	size_format(info->disk_bytes, text);
	size_format(info->disk_used_bytes, used);
	printf("%-14s %s, %s used\n", "disk:", text, used);
	for (unsigned int i = 0; i < vm->n_disks; i++)
		print_text("extra disk:", vm->disks[i].file);
	print_text("kernel:", vm->kernel);
	print_text("initrd:", vm->initrd);
	print_text("append:", vm->append);
}

static void print_number(const char *label, unsigned int number, const char *unit)
{
	if (number)
		printf("%-14s %u%s\n", label, number, unit);
}

static void show_share(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	char text[SIZE_TEXT_MAX];

	print_text("cpu pin:", vm->cpu_pin);
	if (vm->nice)
		printf("%-14s %d\n", "nice:", vm->nice);
	size_format(info->memory_max_bytes, text);
	print_text("memory max:", info->memory_max_bytes == UINT64_MAX ? "off" : text);
	print_number("cpu max:", vm->limits.cpu_max_percent, " %");
	print_number("cpu weight:", vm->limits.cpu_weight, "");
	print_number("pids max:", info->pids_max, "");
	print_number("io weight:", vm->limits.io_weight, "");
	print_text("io max:", vm->limits.io_max);
	print_list("allow missing:", &vm->allow_missing);
}

static void show_lan(const struct vm_nic *nic)
{
	char text[IP_TEXT_MAX];

	vm_nic_format_ip(nic, text);
	print_text("ip:", text);
	print_list("more ip:", &nic->more_ip);
	if (nic->gateway.family) {
		ip_format(&nic->gateway, text);
		print_text("gateway:", text);
	}
	if (nic->gateway6.family) {
		ip_format(&nic->gateway6, text);
		print_text("gateway6:", text);
	}
	print_list("dns:", &nic->dns);
	print_list("search:", &nic->search);
}

static void show_port(const struct vm_nic *nic)
{
	const struct nic_rate *rate = &nic->rate;

	if (nic->vlan)
		printf("%-14s %u\n", "vlan:", nic->vlan);
	print_list("trunk:", &nic->trunk);
	if (nic->mtu)
		printf("%-14s %u\n", "mtu:", nic->mtu);
	print_text("guard:", guard_words[nic->guard]);
	if (nic->isolated)
		print_text("isolated:", "yes");
	if (rate->to_guest_mbit)
		printf("%-14s %u Mbit/s\n", "rate to guest:", rate->to_guest_mbit);
	if (rate->from_guest_mbit)
		printf("%-14s %u Mbit/s\n", "rate from it:", rate->from_guest_mbit);
	if (nic->queues)
		printf("%-14s %u\n", "queues:", nic->queues);
	print_text("vhost:", tristate_words[nic->vhost]);
}

static void show_network(const struct vm_info *info)
{
	for (unsigned int i = 0; i < info->config.n_nics; i++) {
		const struct vm_nic *nic = &info->config.nics[i];
		char mac[MAC_TEXT_MAX];

		if (info->config.n_nics > 1)
			printf("[nic.%u]\n", i);
		mac_format(&nic->mac, mac);
		print_text("mac:", mac);
		print_text("bridge:", info->bridges[i]);
		print_text("tap:", info->taps[i]);
		show_lan(nic);
		show_port(nic);
	}
}

static void show_text(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;

	print_text("name:", info->name);
	print_text("state:", vm_status_word(info->state));
	print_text("problem:", info->problem);
	print_list("pending:", &info->pending);
	if (info->process.pid)
		printf("%-14s %d\n", "pid:", info->process.pid);
	show_machine(info);
	show_share(info);
	if (vm->protect)
		print_text("protect:", "on");
	print_text("user:", vm_config_login(vm));
	print_text("vnc:", vm->vnc);
	if (vm->vnc_port)
		printf("%-14s %u\n", "vnc port:", vm->vnc_port);
	if (vm->uid)
		printf("%-14s %u\n", "uid:", vm->uid);
	print_text("instance id:", vm->instance_id);
	if (info->state != VM_STATE_DAMAGED)
		show_network(info);
}

/* What is left out has the kernel's default. */
static void set_positive(json_t *object, const char *key, unsigned int number)
{
	json_object_set_new(object, key, number ? json_integer(number) : json_null());
}

static void set_share(json_t *object, const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	const struct vm_limits *limits = &vm->limits;

	object_set_text(object, "cpu_pin", vm->cpu_pin);
	json_object_set_new(object, "nice", json_integer(vm->nice));
	json_object_set_new(object, "memory_max_bytes",
			    info->memory_max_bytes == UINT64_MAX
				    ? json_null()
				    : json_integer((json_int_t)info->memory_max_bytes));
	set_positive(object, "cpu_max_percent", limits->cpu_max_percent);
	set_positive(object, "cpu_weight", limits->cpu_weight);
	set_positive(object, "pids_max", info->pids_max);
	set_positive(object, "io_weight", limits->io_weight);
	object_set_text(object, "io_max", limits->io_max);
	object_set_list(object, "allow_missing", &vm->allow_missing);
}

static json_t *show_json(const struct vm_info *info)
{
	const struct vm_config *vm = &info->config;
	const struct vm_nic *nic = &vm->nics[0];
	json_t *object = info_json(info);
	char gateway[IP_TEXT_MAX] = "";

	if (nic->gateway.family)
		ip_format(&nic->gateway, gateway);
	object_set_text(object, "gateway", *gateway ? gateway : NULL);
	object_set_list(object, "dns", &nic->dns);
	object_set_list(object, "search", &nic->search);
	object_set_text(object, "guard", guard_words[nic->guard]);
	object_set_text(object, "vhost", tristate_words[nic->vhost]);
	json_object_set_new(object, "mtu", json_integer(nic->mtu));
	json_object_set_new(object, "protect", json_boolean(vm->protect));
	object_set_text(object, "machine", machine_words[vm->machine]);
	object_set_text(object, "accel", accel_words[vm->accel]);
	object_set_text(object, "firmware", firmware_words[vm->firmware]);
	object_set_text(object, "hugepages", hugepages_words[vm->hugepages]);
	object_set_text(object, "cpu", vm->cpu_model);
	object_set_text(object, "image", vm->image.path);
	object_set_text(object, "kernel", vm->kernel);
	object_set_text(object, "initrd", vm->initrd);
	object_set_text(object, "append", vm->append);
	object_set_text(object, "user", vm_config_login(vm));
	object_set_text(object, "vnc", vm->vnc);
	json_object_set_new(object, "uid", json_integer(vm->uid));
	object_set_text(object, "instance_id", vm->instance_id);
	set_share(object, info);
	return object;
}

static int run_show(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(vm_info_done) struct vm_info info = { .state = VM_STATE_STOPPED };
	int r = vm_info_get(&cli->host, args->words.v[0], &info, err);

	if (r)
		return r;
	if (cli->json)
		output_json(show_json(&info));
	else
		show_text(&info);
	return 0;
}

const struct command command_show = {
	.name = "show",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "all settings of a VM",
	.run = run_show,
};
