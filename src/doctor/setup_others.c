/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netplan(5), nmcli(1) and systemd.network(5). */
#include <string.h>

#include "base/alloc.h"
#include "setup.h"

static void write_netplan_list(struct buf *out, const char *indent, const char *key,
			       const struct strv *a, const struct strv *b)
{
	const struct strv *const lists[] = { a, b };

	if (!a->n && (!b || !b->n))
		return;
	buf_printf(out, "%s%s:\n", indent, key);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; lists[i] && j < lists[i]->n; j++)
			buf_printf(out, "%s- \"%s\"\n", indent, lists[i]->v[j]);
}

static void write_netplan_route(struct buf *out, const char *to, const char *via)
{
	buf_printf(out, "      - to: \"%s\"\n", to);
	if (*via)
		buf_printf(out, "        via: \"%s\"\n", via);
	else
		buf_puts(out, "        scope: link\n");
}

static void write_netplan_routes(const struct setup *setup, struct buf *out)
{
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX];

	if (!*setup->gateway4 && !*setup->gateway6 && !setup->routes.n)
		return;
	buf_puts(out, "      routes:\n");
	/* "default" is not known to netplan before 0.103 */
	if (*setup->gateway4)
		write_netplan_route(out, "0.0.0.0/0", setup->gateway4);
	if (*setup->gateway6)
		write_netplan_route(out, "::/0", setup->gateway6);
	for (size_t i = 0; i < setup->routes.n; i++) {
		setup_split_route(setup->routes.v[i], to, via);
		write_netplan_route(out, to, via);
	}
}

void setup_write_netplan(const struct setup *setup, struct buf *out)
{
	const char *name = setup->link.name;

	buf_printf(out,
		   "# For /etc/netplan/90-mnmivm-se.yaml; take the addresses, routes and name\n"
		   "# servers of %s out of the other files there, which are added up. Then: "
		   "netplan try\n"
		   "network:\n  version: 2\n  ethernets:\n    %s:\n",
		   name, name);
	buf_puts(out, "      dhcp4: false\n      dhcp6: false\n      accept-ra: false\n");
	if (setup->link.mtu != SETUP_MTU_DEFAULT)
		buf_printf(out, "      mtu: %u\n", setup->link.mtu);
	buf_printf(out, "  bridges:\n    %s:\n      interfaces: [%s]\n", setup->bridge, name);
	buf_printf(out, "      macaddress: \"%s\"\n", setup->mac);
	buf_puts(out, "      parameters:\n        stp: false\n        forward-delay: 0\n");
	if (setup->link.mtu != SETUP_MTU_DEFAULT)
		buf_printf(out, "      mtu: %u\n", setup->link.mtu);
	buf_printf(out, "      dhcp4: %s\n", setup->dhcp4 ? "true" : "false");
	if (setup->auto6)
		buf_puts(out, "      accept-ra: true\n");
	write_netplan_list(out, "      ", "addresses", &setup->addresses4, &setup->addresses6);
	write_netplan_routes(setup, out);
	if (!setup->dns.n && !setup->search.n)
		return;
	buf_puts(out, "      nameservers:\n");
	write_netplan_list(out, "        ", "addresses", &setup->dns, NULL);
	write_netplan_list(out, "        ", "search", &setup->search, NULL);
}

/* Those of one family; NetworkManager has an option for each. */
static void write_nm_words(struct buf *out, const char *option, const struct strv *list, bool is6)
{
	AUTO_STRV some = STRV_INIT;
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < list->n; i++)
		if (!!strchr(list->v[i], ':') == is6)
			strv_push(&some, list->v[i]);
	text = strv_join(&some, ",");
	if (some.n)
		buf_printf(out, " \\\n    %s '%s'", option, text);
}

static void write_nm_routes(struct buf *out, const struct setup *setup, bool is6)
{
	AUTO_STRV routes = STRV_INIT;
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX];

	for (size_t i = 0; i < setup->routes.n; i++) {
		setup_split_route(setup->routes.v[i], to, via);
		strv_pushf(&routes, "%s%s%s", to, *via ? " " : "", via);
	}
	write_nm_words(out, is6 ? "ipv6.routes" : "ipv4.routes", &routes, is6);
}

static void write_nm_family(const struct setup *setup, bool is6, struct buf *out)
{
	const struct strv *addresses = is6 ? &setup->addresses6 : &setup->addresses4;
	bool is_auto = is6 ? setup->auto6 : setup->dhcp4;
	const char *gateway = is6 ? setup->gateway6 : setup->gateway4;
	const char *family = is6 ? "ipv6" : "ipv4";
	AUTO_FREE char *option = xasprintf("%s.addresses", family);

	buf_printf(out, " \\\n    %s.method %s", family,
		   is_auto	  ? "auto"
		   : addresses->n ? "manual"
				  : "disabled");
	write_nm_words(out, option, addresses, is6);
	if (*gateway)
		buf_printf(out, " \\\n    %s.gateway %s", family, gateway);
	write_nm_routes(out, setup, is6);
	if (addresses->n && !is_auto)
		write_nm_words(out, is6 ? "ipv6.dns" : "ipv4.dns", &setup->dns, is6);
}

void setup_write_nm(const struct setup *setup, struct buf *out)
{
	const char *name = setup->link.name;
	AUTO_FREE char *search = strv_join(&setup->search, ",");

	buf_printf(
		out,
		"# From the console, not over %s: it goes down. Its own connection is to be\n"
		"# switched off: nmcli -g GENERAL.CONNECTION device show %s tells its NAME, then\n"
		"# nmcli connection modify NAME connection.autoconnect no\n",
		name, name);
	buf_printf(out, "nmcli connection add type bridge con-name %s ifname %s", setup->bridge,
		   setup->bridge);
	buf_printf(out, " \\\n    bridge.stp no bridge.mac-address %s", setup->mac);
	if (setup->link.mtu != SETUP_MTU_DEFAULT)
		buf_printf(out, " \\\n    802-3-ethernet.mtu %u", setup->link.mtu);
	write_nm_family(setup, false, out);
	write_nm_family(setup, true, out);
	if (setup->search.n && setup->addresses4.n)
		buf_printf(out, " \\\n    ipv4.dns-search '%s'", search);
	buf_printf(out, "\nnmcli connection add type ethernet con-name %s-%s ifname %s master %s",
		   setup->bridge, name, name, setup->bridge);
	if (setup->link.mtu != SETUP_MTU_DEFAULT)
		buf_printf(out, " \\\n    802-3-ethernet.mtu %u", setup->link.mtu);
	buf_printf(out, "\nnmcli connection up %s-%s\n", setup->bridge, name);
}

static void write_networkd_list(struct buf *out, const char *key, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_printf(out, "%s=%s\n", key, list->v[i]);
}

static void write_networkd_bridge(const struct setup *setup, struct buf *out)
{
	static const char *const dhcp[] = { "no", "yes" };
	AUTO_FREE char *domains = strv_join(&setup->search, " ");
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX];

	buf_printf(out, "\n# /etc/systemd/network/10-%s.network\n[Match]\nName=%s\n\n",
		   setup->bridge, setup->bridge);
	buf_printf(out, "[Network]\nDHCP=%s\nIPv6AcceptRA=%s\n", setup->dhcp4 ? "ipv4" : "no",
		   dhcp[setup->auto6]);
	write_networkd_list(out, "Address", &setup->addresses4);
	write_networkd_list(out, "Address", &setup->addresses6);
	if (*setup->gateway4)
		buf_printf(out, "Gateway=%s\n", setup->gateway4);
	if (*setup->gateway6)
		buf_printf(out, "Gateway=%s\n", setup->gateway6);
	write_networkd_list(out, "DNS", &setup->dns);
	if (setup->search.n)
		buf_printf(out, "Domains=%s\n", domains);
	for (size_t i = 0; i < setup->routes.n; i++) {
		setup_split_route(setup->routes.v[i], to, via);
		buf_printf(out, "\n[Route]\nDestination=%s\n", to);
		if (*via)
			buf_printf(out, "Gateway=%s\n", via);
		else
			buf_puts(out, "Scope=link\n");
	}
}

void setup_write_networkd(const struct setup *setup, struct buf *out)
{
	AUTO_FREE char *mtu = xasprintf("MTUBytes=%u\n", setup->link.mtu);
	bool has_mtu = setup->link.mtu != SETUP_MTU_DEFAULT;

	buf_printf(out,
		   "# Three files, in place of what names %s in /etc/systemd/network.\n"
		   "# Then: networkctl reload\n\n",
		   setup->link.name);
	buf_printf(out, "# /etc/systemd/network/10-%s.netdev\n[NetDev]\nName=%s\nKind=bridge\n",
		   setup->bridge, setup->bridge);
	buf_printf(out, "MACAddress=%s\n%s\n[Bridge]\nSTP=no\nForwardDelaySec=0\n", setup->mac,
		   has_mtu ? mtu : "");
	write_networkd_bridge(setup, out);
	buf_printf(out, "\n# /etc/systemd/network/10-%s.network\n[Match]\nName=%s\n",
		   setup->link.name, setup->link.name);
	if (has_mtu)
		buf_printf(out, "\n[Link]\n%s", mtu);
	buf_printf(out, "\n[Network]\nBridge=%s\n", setup->bridge);
}
