/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bridge in the place of an uplink: what of it moves, and what cannot be a port. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/file.h"
#include "doctor/doctor.h"
#include "host_files.h"
#include "net/netlink.h"
#include "network.h"
#include "setup.h"
#include "vm/resolv.h"

enum { CONFIG_FILE_MAX = 1 << 20 };

static void setup_done(struct setup *setup)
{
	struct strv *const lists[] = { &setup->addresses4, &setup->addresses6, &setup->routes,
				       &setup->dns, &setup->search };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_done(lists[i]);
}

/* The kernel takes almost any byte in a link's name; files and shells do not. */
static bool is_plain(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *name && *name != '-' && name[strspn(name, plain)] == '\0';
}

static int check_link(const struct link *link, const char *bridge, struct error *err)
{
	if (!is_plain(link->name) || !is_plain(bridge))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "link '%s' or bridge '%s' has a name that files cannot hold",
				 link->name, bridge);
	if (!strcmp(link->name, bridge))
		return error_set(err, ERROR_USAGE, EINVAL, "link '%s' is the bridge itself",
				 link->name);
	if (link->master) {
		error_set(err, ERROR_USAGE, EBUSY, "link '%s' is a port already", link->name);
		return error_hint(err, "ip link show %s", link->name);
	}
	if (!link->ethernet)
		return error_set(err, ERROR_USAGE, ENOTSUP, "link '%s' is no Ethernet", link->name);
	if (!strcmp(link->kind, "bridge") || !strcmp(link->kind, "tun"))
		return error_set(err, ERROR_USAGE, ENOTSUP, "link '%s' is a %s: it leads to no LAN",
				 link->name, strcmp(link->kind, "tun") != 0 ? link->kind : "tap");
	if (network_is_wifi(link->name, link->ifindex))
		return error_set(err, ERROR_USAGE, ENOTSUP,
				 "link '%s' is Wi-Fi, whose access point takes no guest's frames",
				 link->name);
	return 0;
}

static bool is_dhcp_line(char *line, const char *link)
{
	static const char blanks[] = " \t\r";
	const char *const wanted[] = { "iface", link, "inet", "dhcp" };
	char *rest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const char *word = strtok_r(i ? NULL : line, blanks, &rest);

		if (!word || strcmp(word, wanted[i]) != 0)
			return false;
	}
	return true;
}

/* Not every client says how long its address lives: busybox' udhcpc leaves a permanent one. */
static bool interfaces_say_dhcp(const char *link)
{
	static const char *const folders[] = { "/etc/network/interfaces.d" };
	AUTO_STRV files = STRV_INIT;

	host_list_files(folders, 1, "", &files);
	strv_push(&files, "/etc/network/interfaces");
	for (size_t i = 0; i < files.n; i++) {
		struct error ignored = ERROR_INIT;
		AUTO_BUF text = BUF_INIT;
		char *line, *rest = NULL;

		if (file_read_path(files.v[i], CONFIG_FILE_MAX, &text, &ignored) || !text.data)
			continue;
		for (line = strtok_r(text.data, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			if (is_dhcp_line(line, link))
				return true;
	}
	return false;
}

static void take_addresses(struct setup *setup)
{
	setup->dhcp4 = interfaces_say_dhcp(setup->link.name);
	for (size_t i = 0; i < setup->link.n_addresses; i++) {
		const struct link_address *address = &setup->link.addresses[i];
		bool is4 = address->prefix.addr.family == AF_INET;
		char text[IP_TEXT_MAX];

		ip_prefix_format(&address->prefix, text);
		if (address->dynamic)
			*(is4 ? &setup->dhcp4 : &setup->auto6) = true;
		else
			strv_push(is4 ? &setup->addresses4 : &setup->addresses6, text);
	}
	/* the one that udhcpc left */
	if (setup->dhcp4 && interfaces_say_dhcp(setup->link.name))
		strv_clear(&setup->addresses4);
}

static void take_routes(struct setup *setup)
{
	for (size_t i = 0; i < setup->link.n_routes; i++) {
		const struct link_route *route = &setup->link.routes[i];
		bool is4 = route->to.addr.family == AF_INET;
		char *gateway = is4 ? setup->gateway4 : setup->gateway6;
		char to[IP_TEXT_MAX], via[IP_TEXT_MAX] = "";

		if (route->dynamic || (is4 ? setup->dhcp4 : setup->auto6))
			continue;
		if (route->gateway.family != AF_UNSPEC)
			ip_format(&route->gateway, via);
		ip_prefix_format(&route->to, to);
		if (route->to.length || !*via)
			strv_pushf(&setup->routes, "%s%s%s", to, *via ? " via " : "", via);
		else if (!*gateway)
			memcpy(gateway, via, IP_TEXT_MAX);
	}
}

void setup_split_route(const char *route, char ret_to[IP_TEXT_MAX], char ret_via[IP_TEXT_MAX])
{
	size_t len = strcspn(route, " ");

	snprintf(ret_to, IP_TEXT_MAX, "%.*s", (int)len, route);
	snprintf(ret_via, IP_TEXT_MAX, "%s", route[len] ? route + len + strlen(" via ") : "");
}

/* The last `search` of resolv.conf(5), as far as it is made of names. */
static void read_search(struct strv *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	char *line, *rest = NULL;

	if (file_read_path("/etc/resolv.conf", CONFIG_FILE_MAX, &text, &ignored) || !text.data)
		return;
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *more = NULL;
		char *word = strtok_r(line, " \t\r", &more);

		if (!word || strcmp(word, "search") != 0)
			continue;
		strv_clear(ret);
		while ((word = strtok_r(NULL, " \t\r", &more)))
			if (is_plain(word))
				strv_push(ret, word);
	}
}

/* All of these formats have the same comments. */
static void write_dynamic(const struct setup *setup, struct buf *out)
{
	const char *name = setup->link.name;

	if (setup->dhcp4)
		buf_printf(out,
			   "# %s has its IPv4 address by DHCP: %s asks for it with the same MAC.\n",
			   name, setup->bridge);
	if (setup->auto6)
		buf_printf(out, "# %s has an IPv6 address of the router's prefix: so will %s.\n",
			   name, setup->bridge);
}

static void (*const writers[])(const struct setup *setup, struct buf *out) = {
	[DOCTOR_NETWORK_DEBIAN] = setup_write_debian,
	[DOCTOR_NETWORK_ALPINE] = setup_write_alpine,
	[DOCTOR_NETWORK_NETPLAN] = setup_write_netplan,
	[DOCTOR_NETWORK_NM] = setup_write_nm,
	[DOCTOR_NETWORK_NETWORKD] = setup_write_networkd,
};

int doctor_bridge_setup(const struct vm_host *host, const char *uplink, enum doctor_network network,
			struct buf *out, struct error *err)
{
	AUTO(setup_done) struct setup setup = { .bridge = host->config.bridge };
	AUTO_NETLINK *sock = NULL;
	int r = netlink_open(&sock, err);

	if (!r)
		r = link_read(sock, uplink, &setup.link, err);
	if (!r)
		r = check_link(&setup.link, setup.bridge, err);
	if (r)
		return r;
	mac_format(&setup.link.mac, setup.mac);
	take_addresses(&setup);
	take_routes(&setup);
	if (!setup.dhcp4) {
		resolv_read(&setup.dns);
		read_search(&setup.search);
	}
	write_dynamic(&setup, out);
	writers[network](&setup, out);
	return 0;
}
