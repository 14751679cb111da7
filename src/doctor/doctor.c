/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of checks, and the walk over it. */
#include "doctor/doctor.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "check.h"
#include "network.h"

/* Rows of one group stand together. Each makes a finding, where there is what it looks at. */
static const struct check_row {
	const char *id, *group;
	void (*run)(struct check *check); /* once, or */
	void (*run_lan)(struct check *check, const struct lan *lan); /* for every bridge */
} rows[] = {
	{ "config", "setup", .run = check_config },
	{ "privilege", "setup", .run = check_privilege },
	{ "kernel", "kernel", .run = check_kernel },
	{ "kvm", "kernel", .run = check_kvm },
	{ "kvm-nested", "kernel", .run = check_kvm_nested },
	{ "tun", "kernel", .run = check_tun },
	{ "vhost", "kernel", .run = check_vhost },
	{ "layers", "confinement", .run = check_layers },
	{ "landlock", "confinement", .run = check_landlock },
	{ "cgroup", "confinement", .run = check_cgroup },
	{ "user-namespaces", "confinement", .run = check_user_namespaces },
	{ "hardening", "confinement", .run = check_hardening },
	{ "qemu", "programs", .run = check_qemu },
	{ "programs", "programs", .run = check_programs },
	{ "disk-space", "storage", .run = check_disk_space },
	{ "images", "storage", .run = check_images },
	{ "pull", "storage", .run = check_pull },
	{ "vms", "storage", .run = check_vms },
	{ "orphans", "storage", .run = check_orphans },
	{ "bridge", "network", .run = check_bridge_exists },
	{ "bridge-up", "network", .run_lan = check_bridge_up },
	{ "bridge-carrier", "network", .run_lan = check_bridge_carrier },
	{ "bridge-address", "network", .run_lan = check_bridge_address },
	{ "bridge-mac", "network", .run_lan = check_bridge_mac },
	{ "default-route", "network", .run_lan = check_default_route },
	{ "uplink", "network", .run_lan = check_uplink },
	{ "uplink-address", "network", .run_lan = check_uplink_address },
	{ "wifi", "network", .run_lan = check_wifi },
	{ "stp", "network", .run_lan = check_stp },
	{ "vlan-filtering", "network", .run_lan = check_vlan_filtering },
	{ "multicast", "network", .run_lan = check_multicast },
	{ "mtu", "network", .run_lan = check_mtu },
	{ "port-lock", "network", .run_lan = check_port_lock },
	{ "duplicate-mac", "network", .run = check_duplicate_mac },
	{ "taps", "network", .run = check_taps },
	{ "br-netfilter", "firewall", .run = check_br_netfilter },
	{ "forward-policy", "firewall", .run = check_forward_policy },
	{ "networkmanager", "managers", .run = check_networkmanager },
	{ "networkd", "managers", .run = check_networkd },
};

const char *const *doctor_checks(void)
{
	static const char *ids[ARRAY_SIZE(rows) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ids[i] = rows[i].id;
	return ids;
}

static bool is_wanted(const struct strv *checks, const char *id)
{
	return !checks->n || strv_has(checks, id);
}

static int check_ids(const struct strv *checks, struct error *err)
{
	const struct strv known = { .v = (char **)(uintptr_t)doctor_checks(),
				    .n = ARRAY_SIZE(rows) };

	for (size_t i = 0; i < checks->n; i++) {
		const struct strv one = { .v = &checks->v[i], .n = 1 };
		bool found = false;

		for (size_t j = 0; j < known.n; j++)
			found |= is_wanted(&one, known.v[j]);
		if (!found) {
			AUTO_FREE char *ids = strv_join(&known, " ");

			error_set(err, ERROR_USAGE, EINVAL, "unknown check '%s'", checks->v[i]);
			return error_hint(err, "the checks are: %s", ids);
		}
	}
	return 0;
}

static void run_for_lans(struct check *check, const struct check_row *row)
{
	const struct network *network = network_get(check);

	for (size_t i = 0; i < network->n_lans; i++)
		if (!network->lans[i].error.kind)
			row->run_lan(check, &network->lans[i]);
}

int doctor_run(const struct doctor_host *host, const struct strv *checks, struct doctor_report *ret,
	       struct error *err)
{
	struct doctor_report report = { .n = 0 };
	struct check check = {
		.host = host,
		.config = &host->vm->config,
		.report = &report,
	};
	int r = check_ids(checks, err);

	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!is_wanted(checks, rows[i].id))
			continue;
		check.id = rows[i].id;
		check.group = rows[i].group;
		if (rows[i].run)
			rows[i].run(&check);
		else
			run_for_lans(&check, &rows[i]);
	}
	network_free(check.network);
	*ret = report;
	return 0;
}
