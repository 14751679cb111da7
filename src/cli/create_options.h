/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of create, and the request that they make. */
#ifndef CLI_CREATE_OPTIONS_H
#define CLI_CREATE_OPTIONS_H

#include "vm/create.h"
#include "cli.h"

extern const struct cli_option create_options[];

/*
 * Set what the options say of the VM, over the host's defaults; its texts stay those of args. The
 * caller sets `pull`, and calls vm_create_request_done() on failure, too. ERROR_USAGE.
 */
int create_options_read(const struct cli *cli, const struct cli_args *args,
			struct vm_create_request *request, struct error *err);

#endif
