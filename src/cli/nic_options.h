/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NICs of create: --ip, --bridge and so on for the first, --nic for one with all of it. */
#ifndef CLI_NIC_OPTIONS_H
#define CLI_NIC_OPTIONS_H

#include "vm/create.h"
#include "cli.h"

/* Rows of create's table of options. */
#define NIC_OPTIONS                                                                                \
	{ .name = "ip",                                                                            \
	  .value = "ADDR[/N]|dhcp|none",                                                           \
	  .repeated = true,                                                                        \
	  .help = "address on the LAN (dhcp); again: a further one" },                             \
		{ .name = "gateway",                                                               \
		  .value = "ADDR|none",                                                            \
		  .repeated = true,                                                                \
		  .help = "default route (the host's)" },                                          \
		{ .name = "dns", .value = "ADDR,...|none", .help = "name servers (the host's)" },  \
		{ .name = "search", .value = "DOMAIN,...", .help = "DNS search list" },            \
		{ .name = "mac",                                                                   \
		  .value = "MAC",                                                                  \
		  .help = "the guest's MAC (random, 52:54:00:...)" },                              \
		{ .name = "bridge", .value = "BRIDGE", .help = "bridge of the LAN (br0)" },        \
		{ .name = "vlan",                                                                  \
		  .value = "N",                                                                    \
		  .help = "VLAN of its untagged frames (the bridge's)" },                          \
		{ .name = "trunk", .value = "N,N-M,...", .help = "VLANs that it may tag" },        \
		{ .name = "mtu", .value = "N", .help = "the guest's MTU (the bridge's)" },         \
		{ .name = "guard", .value = "mac|ip|off", .help = "what it may not forge (mac)" }, \
		{ .name = "isolated", .help = "keep it from other isolated VMs" },                 \
		{ .name = "rate",                                                                  \
		  .value = "MBIT[/MBIT]",                                                          \
		  .help = "limit to / from the guest (none)" },                                    \
		{ .name = "queues", .value = "auto|N", .help = "queues of the NIC (auto)" },       \
		{ .name = "vhost",                                                                 \
		  .value = "auto|on|off",                                                          \
		  .help = "in-kernel virtio-net (auto)" },                                         \
	{                                                                                          \
		.name = "nic", .value = "KEY=VALUE,...", .repeated = true,                         \
		.help = "one more NIC, with the options above as keys"                             \
	}

/* Set the request's NICs. The host's defaults are in its config already. ERROR_USAGE. */
int nic_options_read(const struct cli_args *args, struct vm_create_request *request,
		     struct error *err);

#endif
