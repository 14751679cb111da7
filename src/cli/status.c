/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status and show: one VM. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/status.h"
#include "commands.h"
#include "confinement_view.h"
#include "info_json.h"
#include "json.h"
#include "net_view.h"
#include "output.h"

/* LSB init script codes; never "stopped" (3) when we cannot tell. */
enum { LSB_RUNNING = 0, LSB_DEAD = 1, LSB_STOPPED = 3, LSB_UNKNOWN = 4 };

static int lsb_code(const struct vm_info *info)
{
	switch (info->state) {
	case VM_STATE_STOPPED:
		return LSB_STOPPED;
	case VM_STATE_DEAD:
		return LSB_DEAD;
	case VM_STATE_DAMAGED:
		return info->process.pid ? LSB_RUNNING : LSB_UNKNOWN;
	default:
		return LSB_RUNNING;
	}
}

static const char *status_word(const struct vm_info *info)
{
	return info->state == VM_STATE_DEAD ? "dead" : vm_state_word(info->state);
}

/* The reasons that there were, with their numbers. */
static void print_drops(const struct vm_net_port *port)
{
	const char *before = ", dropped ";

	if (!vm_drops_total(&port->drops)) {
		printf(", nothing dropped");
		return;
	}
	for (unsigned int i = 0; i < GUARD_DROPS; i++) {
		if (!port->drops.dropped[i])
			continue;
		printf("%s%s %" PRIu64, before, vm_drop_text((enum guard_drop)i),
		       port->drops.dropped[i]);
		before = ", ";
	}
}

static void print_traffic(const struct vm_net_port *port)
{
	char rx[SIZE_TEXT_MAX], tx[SIZE_TEXT_MAX];

	size_format(port->port.rx_bytes, rx);
	size_format(port->port.tx_bytes, tx);
	printf("traffic:      %s from the guest, %s to it\n", rx, tx);
	printf("guard:        %s", net_guard_word(port));
	if (port->has_drops)
		print_drops(port);
	printf("\n");
}

static void print_tap(const struct vm_net_port *port)
{
	char problem[512], hint[256];

	printf("tap:          %s, %s", port->port.name, net_port_state(port));
	if (port->master[0])
		printf(" on bridge '%s'", output_clean(port->master));
	printf("\n");
	if (port->place != VM_TAP_MISSING)
		print_traffic(port);
	if (vm_net_port_problem(port, problem, sizeof(problem), hint, sizeof(hint)))
		printf("problem:      %s; see: %s\n", output_clean(problem), hint);
}

static void print_taps(const struct vm_info *info, const struct vm_details *details)
{
	if (info->taps[0][0] && !details->taps)
		printf("tap:          %s, unknown\n", info->taps[0]);
	for (size_t i = 0; details->taps && i < details->n_taps; i++)
		print_tap(&details->taps[i]);
}

static void print_details(const struct cli *cli, const struct vm_info *info)
{
	AUTO(vm_details_done) struct vm_details details = { .taps = NULL };
	AUTO(vm_confinement_done) struct vm_confinement confinement = { .cgroup = NULL };
	char text[SIZE_TEXT_MAX];

	if (info->problem[0])
		printf("problem:      %s\n", output_clean(info->problem));
	if (info->ended[0])
		printf("ended:        %s\n", info->ended);
	if (info->state == VM_STATE_DEAD)
		printf("note:         QEMU is gone; mnmivm-se stop %s clears what it left\n",
		       info->name);
	if (vm_config_login(&info->config))
		printf("user:         %s\n", vm_config_login(&info->config));
	if (!info->process.pid)
		return;
	vm_confinement_get(&cli->host, info, &confinement);
	vm_details_get(&cli->host, info, &details);
	size_format(info->usage.rss_bytes, text);
	printf("process:      pid %d, up %" PRIu64 " s, %s resident\n", info->process.pid,
	       info->usage.uptime_s, text);
	printf("QEMU says:    %s\n",
	       details.qmp_status[0] ? output_clean(details.qmp_status) : "nothing (monitor busy)");
	confinement_print(&confinement);
	print_taps(info, &details);
}

/* The first four were members of their own before there was an object for them all. */
static void set_confinement(const struct cli *cli, const struct vm_info *info, json_t *object)
{
	AUTO(vm_confinement_done) struct vm_confinement confinement = { .cgroup = NULL };
	char text[CAPABILITIES_TEXT_MAX];

	vm_confinement_get(&cli->host, info, &confinement);
	capabilities_format(&confinement, text);
	json_object_set_new(object, "uid", json_integer(confinement.uid));
	json_object_set_new(object, "capabilities", json_string(text));
	json_object_set_new(object, "no_new_privs", json_boolean(confinement.no_new_privs == 1));
	json_object_set_new(object, "seccomp", json_integer(confinement.seccomp));
	json_object_set_new(object, "confinement", confinement_json(&confinement));
}

static json_t *details_json(const struct cli *cli, const struct vm_info *info)
{
	AUTO(vm_details_done) struct vm_details details = { .taps = NULL };
	json_t *object = info_json(info);
	const char *user = vm_config_login(&info->config);
	json_t *taps;

	json_object_set_new(object, "user", user ? json_string(user) : json_null());
	if (!info->process.pid)
		return object;
	set_confinement(cli, info, object); /* first: asking the monitor is a descriptor more */
	vm_details_get(&cli->host, info, &details);
	json_object_set_new(object, "qmp_status", json_string(details.qmp_status));
	json_object_set_new(object, "tap_exists", json_boolean(details.tap_exists == 1));
	taps = json_array();
	for (size_t i = 0; i < details.n_taps; i++)
		json_array_append_new(taps, net_port_json(&details.taps[i]));
	json_object_set_new(object, "taps", taps);
	return object;
}

/*
 * "No such VM" is 4 here and not 3: to an init system 3 would mean that all is well and it is
 * stopped.
 */
static int run_status(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(vm_info_done) struct vm_info info = { .state = VM_STATE_STOPPED };
	int r = vm_info_get(&cli->host, args->words.v[0], &info, err);

	if (r) {
		cli_print_error("status", err);
		return err->kind == ERROR_USAGE ? (int)ERROR_USAGE : LSB_UNKNOWN;
	}
	if (cli->json) {
		output_json(details_json(cli, &info));
	} else if (!cli->quiet) {
		printf("%s\n", status_word(&info));
		if (cli->verbose)
			print_details(cli, &info);
	}
	return lsb_code(&info);
}

const struct command command_status = {
	.name = "status",
	.host_error_code = LSB_UNKNOWN,
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "one word, and the exit codes of LSB; -v for more",
	.run = run_status,
};

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
	print_text("state:", status_word(info));
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
