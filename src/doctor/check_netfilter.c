/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * br_netfilter hands the frames of bridges to the host's IP firewall. With a FORWARD policy of
 * drop, as Docker sets it, guests are silently cut off. The module may come late: whatever loads
 * it (Docker, Kubernetes, a rule with -m physdev) brings its defaults with it, which are "on".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "host_files.h"
#include "net/netfilter.h"
#include "network.h"
#include "probe.h"

#define SYSCTL_FOLDER "/proc/sys/net/bridge"

enum { CALL_IP, CALL_IP6, CALL_ARP, CALLS };

static const char *const calls[CALLS] = { "iptables", "ip6tables", "arptables" };

/* Whether FORWARD drops, by what is called; and for bridges without any call. */
struct firewall {
	struct netfilter_chain *chains;
	size_t n_chains;
	enum xtables_policy legacy[2]; /* IPv4, IPv6 */
	struct error error;
	bool drops[CALLS];
};

static void read_legacy(struct firewall *firewall)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (!xtables_forward_policy(families[i], &firewall->legacy[i], &firewall->error))
			firewall->drops[i] |= firewall->legacy[i] == XTABLES_DROP;
}

/* Where nf_tables is a module that is not loaded, it has no chain, and asking would load it. */
static void read_chains(struct firewall *firewall)
{
	if (probe_module("nf_tables") != MODULE_PRESENT ||
	    netfilter_forward_drops(&firewall->chains, &firewall->n_chains, &firewall->error))
		return;
	for (size_t i = 0; i < firewall->n_chains; i++) {
		enum netfilter_family family = firewall->chains[i].family;

		firewall->drops[CALL_IP] |= family == NETFILTER_IPV4 || family == NETFILTER_INET;
		firewall->drops[CALL_IP6] |= family == NETFILTER_IPV6 || family == NETFILTER_INET;
		firewall->drops[CALL_ARP] |= family == NETFILTER_ARP;
	}
}

static void firewall_read(struct firewall *ret)
{
	*ret = (struct firewall){ .n_chains = 0 };
	read_chains(ret);
	read_legacy(ret);
}

static void firewall_done(struct firewall *firewall)
{
	free(firewall->chains);
}

static bool global_call(int call)
{
	AUTO_FREE char *path = xasprintf(SYSCTL_FOLDER "/bridge-nf-call-%s", calls[call]);

	return probe_number(path, 0) != 0;
}

static bool call_of(const struct lan *lan, int call)
{
	const struct bridge_settings *settings = &lan->settings;
	const enum port_state states[CALLS] = { settings->nf_call_iptables,
						settings->nf_call_ip6tables,
						settings->nf_call_arptables };

	return !lan->error.kind && states[call] == PORT_ON;
}

static bool any_call(const struct network *network, int call)
{
	if (access(SYSCTL_FOLDER "/bridge-nf-call-iptables", F_OK) < 0)
		return false;
	for (size_t i = 0; i < network->n_lans; i++)
		if (call_of(&network->lans[i], call))
			return true;
	return global_call(call);
}

/* One finding for a sysctl or a bridge's own setting that is on. */
static void call_is_on(struct check *check, const struct firewall *firewall, const char *object,
		       int call)
{
	if (firewall->drops[call])
		check_fail(check, object,
			   "frames of guests go through the host's %s, whose FORWARD drops them",
			   calls[call]);
	else
		check_warn(check, object,
			   "frames of guests go through the host's %s: a rule there, or Docker's "
			   "policy, cuts them off",
			   calls[call]);
}

static void check_call(struct check *check, const struct firewall *firewall, int call)
{
	AUTO_FREE char *object = xasprintf("bridge-nf-call-%s", calls[call]);
	AUTO_FREE char *sysctl = xasprintf("net.bridge.%s", object);
	const struct network *network = network_get(check);

	if (global_call(call)) {
		call_is_on(check, firewall, object, call);
		check_fix_sysctl(check, sysctl, "0");
	} else {
		check_pass(check, object, "is off");
	}
	for (size_t i = 0; i < network->n_lans; i++) {
		const char *name = network->lans[i].name;

		if (!call_of(&network->lans[i], call))
			continue;
		call_is_on(check, firewall, name, call);
		check_fix(check, "ip link set dev %s type bridge nf_call_%s 0", name, calls[call]);
	}
}

/* What is known to load the module sooner or later, where it is installed. */
static const char *who_loads_it(void)
{
	static const char *const programs[] = { "/usr/bin/dockerd", "/usr/sbin/dockerd",
						"/usr/bin/kubelet", "/usr/local/bin/k3s",
						"/usr/bin/crio" };

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!access(programs[i], F_OK))
			return file_base_name(programs[i]);
	return NULL;
}

/* Loaded at boot, before sysctls are set: see "net.bridge" in the examples of sysctl.d(5). */
static void fix_late_loading(struct check *check)
{
	AUTO_BUF fix = BUF_INIT;

	buf_puts(&fix, "modprobe br_netfilter && sysctl -w");
	check_keep(check,
		   "'br_netfilter' in %s, and in %s 'net.bridge.bridge-nf-call-iptables = 0', "
		   "likewise ip6tables and arptables",
		   host_modules_file(), HOST_SYSCTL_FILE);
	check_change(check, DOCTOR_MODULE, "br_netfilter", NULL);
	for (int call = 0; call < CALLS; call++) {
		AUTO_FREE char *name = xasprintf("net.bridge.bridge-nf-call-%s", calls[call]);

		buf_printf(&fix, " %s=0", name);
		check_change(check, DOCTOR_SYSCTL, name, "0");
	}
	check_fix(check, "%s", buf_str(&fix));
}

static void not_loaded(struct check *check)
{
	const char *who = who_loads_it();

	if (probe_module("br_netfilter") == MODULE_ABSENT) {
		check_pass(check, "br_netfilter", "this kernel has no such module");
	} else if (!who) {
		check_pass(check, "br_netfilter", "is not loaded: no firewall sees guests' frames");
	} else {
		check_warn(
			check, "br_netfilter",
			"is not loaded now, but %s will load it, switched on: guests are cut off "
			"from then on",
			who);
		fix_late_loading(check);
	}
}

void check_br_netfilter(struct check *check)
{
	struct firewall firewall;

	if (access(SYSCTL_FOLDER "/bridge-nf-call-iptables", F_OK) < 0) {
		not_loaded(check);
		return;
	}
	firewall_read(&firewall);
	for (int call = 0; call < CALLS; call++)
		check_call(check, &firewall, call);
	firewall_done(&firewall);
}

/* affected: the calls that bring a bridge's frames to the chain; called: those that are on. */
static void policy_drops(struct check *check, const char *object, const bool affected[CALLS],
			 const bool called[CALLS])
{
	AUTO_BUF fix = BUF_INIT;

	for (int call = 0; call < CALLS; call++)
		if (affected[call] && called[call])
			buf_printf(&fix, " net.bridge.bridge-nf-call-%s=0", calls[call]);
	if (!fix.len) {
		check_pass(check, object,
			   "drops what no rule lets pass, but no frame of a bridge goes there");
		return;
	}
	check_fail(check, object, "drops what no rule lets pass, frames of guests too");
	check_fix(check, "sysctl -w%s", buf_str(&fix));
}

static void check_chain(struct check *check, const struct netfilter_chain *chain,
			const bool called[CALLS])
{
	static const bool affected[][CALLS] = {
		[NETFILTER_IPV4] = { [CALL_IP] = true },
		[NETFILTER_IPV6] = { [CALL_IP6] = true },
		[NETFILTER_INET] = { [CALL_IP] = true, [CALL_IP6] = true },
		[NETFILTER_ARP] = { [CALL_ARP] = true },
	};
	AUTO_FREE char *object = xasprintf("%s %s %s", netfilter_family_word(chain->family),
					   chain->table, chain->chain);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *command = NULL;

	if (chain->family != NETFILTER_BRIDGE) {
		policy_drops(check, object, affected[chain->family], called);
		return;
	}
	text = xasprintf("chain %s { policy accept; }", object);
	command = check_quoted(text);
	check_fail(check, object, "drops what no rule lets pass, frames of guests too");
	check_fix(check, "nft %s", command);
}

void check_forward_policy(struct check *check)
{
	static const char *const legacy[] = { "iptables-legacy FORWARD",
					      "ip6tables-legacy FORWARD" };
	static const bool affected[][CALLS] = { { [CALL_IP] = true }, { [CALL_IP6] = true } };
	const struct network *network = network_get(check);
	size_t before = check->report->n;
	struct firewall firewall;
	bool called[CALLS];

	for (int call = 0; call < CALLS; call++)
		called[call] = any_call(network, call);
	firewall_read(&firewall);
	if (firewall.error.kind)
		check_error(check, "FORWARD", &firewall.error);
	for (size_t i = 0; i < firewall.n_chains; i++)
		check_chain(check, &firewall.chains[i], called);
	for (size_t i = 0; i < ARRAY_SIZE(legacy); i++)
		if (firewall.legacy[i] == XTABLES_DROP)
			policy_drops(check, legacy[i], affected[i], called);
	if (check->report->n == before)
		check_pass(check, "FORWARD", "no policy drops");
	firewall_done(&firewall);
}
