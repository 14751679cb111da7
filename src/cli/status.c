/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: is a VM running, and how is it. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/status.h"
#include "commands.h"
#include "confinement_view.h"
#include "info_json.h"
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
		printf("%s\n", vm_status_word(info.state));
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
