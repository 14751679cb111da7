/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-cloud and seed: what the guest is told. */
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "vm/update.h"
#include "commands.h"
#include "options.h"

static int run_update(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const struct vm_update_request request = {
		.pubkey_path = cli_value(args, "pubkey-path"),
		.ips = cli_values(args, "ip"),
		.gateway = cli_value(args, "gateway"),
		.dns = cli_value(args, "dns"),
		.user_data_path = cli_value(args, "user-data"),
		.network_config_path = cli_value(args, "network-config"),
	};
	const char *name = args->words.v[0];
	const char *note = "";
	int r = vm_update(&cli->host, name, &request, &note, err);

	if (!r)
		say(cli, "%s: seed rewritten; %s", name, note);
	return r;
}

static const struct cli_option update_options[] = {
	{ .name = "pubkey-path",
	  .value = "FILE",
	  .help = "public ssh key that may log in; - is stdin" },
	{ .name = "ip",
	  .value = "ADDR[/N]|dhcp|none",
	  .repeated = true,
	  .help = "new address of the first NIC" },
	{ .name = "gateway", .value = "ADDR|none", .help = "new default route" },
	{ .name = "dns", .value = "ADDR,...|none", .help = "new name servers" },
	{ .name = "user-data", .value = "FILE", .help = "new user-data; '' takes it away" },
	{ .name = "network-config", .value = "FILE", .help = "likewise" },
	{ .name = NULL },
};

const struct command command_update_cloud = {
	.name = "update-cloud",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.writes = true,
	.summary = "change key, address or user-data; a new address takes one reboot",
	.options = update_options,
	.run = run_update,
};

static int run_seed(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *which = args->words.n > 1 ? args->words.v[1] : NULL;
	AUTO_BUF text = BUF_INIT;
	int r = vm_seed_show(&cli->host, args->words.v[0], which, &text, err);

	if (!r)
		fwrite(buf_str(&text), 1, text.len, stdout);
	return r;
}

const struct command command_seed = {
	.name = "seed",
	.words = "NAME [user-data|meta-data|network-config]",
	.min_words = 1,
	.max_words = 2,
	.summary = "print what cloud-init is given",
	.run = run_seed,
};
