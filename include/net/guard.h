/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard's filter: a BPF program on the ingress of a tap, which sees every frame that the guest
 * sends before the bridge does, and passes what is the guest's own. No clang, no libbpf.
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/tap.h"

/*
 * Why a frame is dropped; the index into the counters. The checks are made in this order, each
 * alone: no frame is passed before all that apply to it have been made (CVE-2025-52889,
 * CVE-2025-52890).
 *
 * TAP_GUARD_MAC stops the first three. TAP_GUARD_IP stops all of them; it passes only ARP, RARP,
 * IPv4 and IPv6, and of those:
 *
 * ARP: Ethernet and IPv4, sender MAC the guest's, sender IP one of the guest's, or 0.0.0.0 in a
 * probe for one of them (RFC 5227). RARP: requests, as QEMU announces a guest with.
 *
 * IPv4: source one of the guest's; or 0.0.0.0 for a DHCP client (UDP 68 to 67, to
 * 255.255.255.255) and for IGMP reports. Nothing to the port of a DHCP client. Fragments by
 * their source, but none that could hide a UDP header (RFC 1858).
 *
 * IPv6: source one of the guest's, its link-local address (EUI-64 of its MAC, RFC 4291), or ::
 * for duplicate address detection of the guest's own, router solicitations and MLD reports.
 * Neighbour advertisements for the guest's own targets only; link-layer addresses in them and in
 * solicitations the guest's MAC; none of these in fragments (RFC 6980). No router
 * advertisements, no redirects, nothing to the port of a DHCP client, behind any chain of
 * extension headers: one longer than the program follows (6), or a first fragment without the
 * upper header (RFC 7112), is dropped.
 *
 * No frame that has the host write a checksum (virtio-net's checksum offload) over anything of
 * this, once it is checked: GUARD_DROP_MALFORMED; before Linux 6.12 for TAP_GUARD_MAC, too.
 */
enum guard_drop {
	GUARD_DROP_MAC, /* source MAC */
	GUARD_DROP_TAG, /* 802.1Q or 802.1ad; not for a trunk's 802.1Q */
	GUARD_DROP_CONTROL, /* STP, LACP, pause, LLDP; GVRP, MVRP; Cisco's CDP, VTP, PVST+ */
	GUARD_DROP_PROTOCOL, /* none of ARP, RARP, IPv4 and IPv6 */
	GUARD_DROP_ARP,
	GUARD_DROP_IPV4, /* source */
	GUARD_DROP_IPV6, /* source */
	GUARD_DROP_ND, /* target or link-layer address of a neighbour message, redirect */
	GUARD_DROP_RA, /* router advertisement */
	GUARD_DROP_DHCP, /* server reply, v4 and v6, whatever port it comes from */
	GUARD_DROP_MALFORMED, /* truncated, or headers hidden or to be written over */
	GUARD_DROPS,
};

/* "source MAC", ... for people; "mac", "tag", ... for JSON */
const char *guard_drop_text(enum guard_drop drop);
const char *guard_drop_word(enum guard_drop drop);

struct guard_counters {
	uint64_t dropped[GUARD_DROPS];
};

/*
 * Load the program for a NIC, with a map of counters of its own, which lives as long as the
 * program. *ret_fd is O_CLOEXEC, the caller's; a cls_bpf filter (direct action) that is made
 * with it keeps the program. Returns TC_ACT_UNSPEC for a frame that passes, so that a further
 * filter of a lower priority (a policer) sees it, and TC_ACT_SHOT else. Needs CAP_BPF and
 * CAP_NET_ADMIN (Linux 5.8). ERROR_HOST: no BPF in this kernel. The verifier's last words are
 * part of the error.
 */
int guard_load(const struct tap_spec *spec, int *ret_fd, struct error *err);

/*
 * The counters of the program with that id (TCA_BPF_ID of the filter); needs CAP_SYS_ADMIN.
 * -ENOENT: no such program, or none of ours (by its name "mnmivm_guard" and map size).
 */
int guard_read_counters(uint32_t program_id, struct guard_counters *ret, struct error *err);

#endif
