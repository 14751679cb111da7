/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command on several VMs. */
#ifndef CLI_EACH_H
#define CLI_EACH_H

#include "cli.h"

/* 0, a positive exit code, or -errno with err. */
typedef int each_function(struct cli *cli, const char *name, const struct cli_args *args,
			  struct error *err);

/*
 * Call function for every word, or for every VM with --all, each in a process of its own, at
 * most `parallel` at a time (1: in turn, in this process). Each prints its own error; returns
 * the first exit code that is not 0, in the order of names.
 */
int each_vm(struct cli *cli, const char *command, const struct cli_args *args,
	    unsigned int parallel, each_function *function, struct error *err);

/* The same for these VMs, whatever the words are. */
int each_of(struct cli *cli, const char *command, const struct cli_args *args,
	    const struct strv *names, unsigned int parallel, each_function *function,
	    struct error *err);

#endif
