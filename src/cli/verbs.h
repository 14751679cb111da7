/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of several verbs: "image pull" and "image list" are each a command of its own. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli.h"

/* The word that is typed: "pull". */
const char *verb_word(const struct command *verb);

/* By its word or its alias. NULL: there is none. */
const struct command *verb_find(const struct command *command, const char *word);

/*
 * The verb that the first word names, which is taken out of args. ERROR_USAGE: there is no such
 * verb, or an option goes with another one.
 */
int verb_take(const struct command *command, struct cli_args *args, const struct command **ret,
	      struct error *err);

#endif
