/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that several commands read the same way. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli.h"
#include "vm/wait.h"

/* --timeout in seconds, or fallback. */
int option_timeout(const struct cli_args *args, unsigned int fallback, unsigned int *ret,
		   struct error *err);

/* --wait[=ip|ssh|cloud-init]; ssh when nothing is said. *ret_wanted false without the option. */
int option_wait(const struct cli_args *args, bool *ret_wanted, enum vm_wait_for *ret,
		struct error *err);

enum { WAIT_TIMEOUT_S = 300 };

/* The lines of a dry run: as they are, or as a JSON array of strings. */
void print_plan(const struct cli *cli, const char *text);

/* Print on standard error unless -q. */
void say(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
