/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stanzas of interfaces(5): Debian's ifupdown, and Alpine's ifupdown-ng. */
#include "setup.h"

static void write_list(struct buf *out, const char *option, const struct strv *list)
{
	AUTO_FREE char *text = strv_join(list, " ");

	if (list->n)
		buf_printf(out, "\t%s %s\n", option, text);
}

static void write_mtu(const struct setup *setup, struct buf *out)
{
	if (setup->link.mtu != SETUP_MTU_DEFAULT)
		buf_printf(out, "\tmtu %u\n", setup->link.mtu);
}

/* ifupdown has one address a stanza; the others are added by hand. */
static void write_more(struct buf *out, const struct setup *setup, const struct strv *addresses,
		       size_t first)
{
	for (size_t i = first; i < addresses->n; i++)
		buf_printf(out, "\tup ip address add %s dev %s\n", addresses->v[i], setup->bridge);
}

static void write_routes(const struct setup *setup, struct buf *out)
{
	for (size_t i = 0; i < setup->routes.n; i++)
		buf_printf(out, "\tup ip route add %s dev %s\n", setup->routes.v[i], setup->bridge);
}

static void write_debian4(const struct setup *setup, struct buf *out)
{
	const struct strv *addresses = &setup->addresses4;
	const char *method = setup->dhcp4 ? "dhcp" : addresses->n ? "static" : "manual";

	buf_printf(out, "auto %s\niface %s inet %s\n", setup->bridge, setup->bridge, method);
	buf_printf(out, "\tbridge_ports %s\n\tbridge_hw %s\n", setup->link.name, setup->mac);
	buf_puts(out, "\tbridge_stp off\n\tbridge_fd 0\n\tbridge_maxwait 0\n");
	write_mtu(setup, out);
	if (!setup->dhcp4 && addresses->n)
		buf_printf(out, "\taddress %s\n", addresses->v[0]);
	if (*setup->gateway4)
		buf_printf(out, "\tgateway %s\n", setup->gateway4);
	write_list(out, "dns-nameservers", &setup->dns);
	write_list(out, "dns-search", &setup->search);
	write_more(out, setup, addresses, setup->dhcp4 ? 0 : 1);
	write_routes(setup, out);
}

static void write_debian6(const struct setup *setup, struct buf *out)
{
	const struct strv *addresses = &setup->addresses6;

	if (!setup->auto6 && !addresses->n)
		return;
	buf_printf(out, "\niface %s inet6 %s\n", setup->bridge, setup->auto6 ? "auto" : "static");
	if (!setup->auto6)
		buf_printf(out, "\taddress %s\n", addresses->v[0]);
	if (*setup->gateway6)
		buf_printf(out, "\tgateway %s\n", setup->gateway6);
	write_more(out, setup, addresses, setup->auto6 ? 0 : 1);
}

void setup_write_debian(const struct setup *setup, struct buf *out)
{
	buf_printf(out,
		   "# For /etc/network/interfaces, in place of what it says of %s.\n"
		   "# Takes the package bridge-utils; then: ifdown %s && ifup %s\n",
		   setup->link.name, setup->link.name, setup->bridge);
	if (setup->dns.n)
		buf_puts(out, "# The dns lines take resolvconf; else see /etc/resolv.conf.\n");
	buf_printf(out, "iface %s inet manual\n\n", setup->link.name);
	write_debian4(setup, out);
	write_debian6(setup, out);
}

/* ifupdown-ng takes both families and several addresses in one stanza. */
void setup_write_alpine(const struct setup *setup, struct buf *out)
{
	buf_printf(out,
		   "# For /etc/network/interfaces, in place of what it says of %s.\n"
		   "# Takes the package bridge; then: ifdown %s && ifup %s\n",
		   setup->link.name, setup->link.name, setup->bridge);
	if (setup->dns.n)
		buf_puts(out, "# Name servers stay in /etc/resolv.conf.\n");
	buf_printf(out, "iface %s inet manual\n", setup->link.name);
	write_mtu(setup, out);
	buf_printf(out, "\nauto %s\niface %s%s\n", setup->bridge, setup->bridge,
		   setup->dhcp4 ? " inet dhcp" : "");
	buf_printf(out, "\tbridge-ports %s\n\tbridge-stp off\n\tbridge-fd 0\n", setup->link.name);
	write_mtu(setup, out);
	if (setup->auto6)
		buf_puts(out, "\tuse ipv6-ra\n");
	for (size_t i = 0; i < setup->addresses4.n; i++)
		buf_printf(out, "\taddress %s\n", setup->addresses4.v[i]);
	for (size_t i = 0; i < setup->addresses6.n; i++)
		buf_printf(out, "\taddress %s\n", setup->addresses6.v[i]);
	if (*setup->gateway4)
		buf_printf(out, "\tgateway %s\n", setup->gateway4);
	if (*setup->gateway6)
		buf_printf(out, "\tgateway %s\n", setup->gateway6);
	/* its bridge-hw changes the ports, not the bridge */
	buf_printf(out, "\tpost-up ip link set dev %s address %s\n", setup->bridge, setup->mac);
	write_routes(setup, out);
}
