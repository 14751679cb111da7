/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line's own frame: commands, their options, and what they share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "vm/host.h"

enum { CLI_OPTIONS_MAX = 64 };

struct cli_option {
	const char *name; /* without "--"; NULL ends a table */
	char letter; /* '\0': none */
	const char *value; /* what the value is called in help; NULL: a flag */
	bool value_optional; /* only as --name=VALUE */
	bool repeated;
	const char *help;
};

/* What the user typed, sorted. */
struct cli_args {
	const struct cli_option *options;
	struct strv values[CLI_OPTIONS_MAX]; /* by index in options; a flag's value is "" */
	struct strv words; /* the rest, in order */
};

struct cli {
	struct vm_host host;
	bool quiet;
	bool verbose;
	bool json;
	bool tty; /* standard error is a terminal */
	const char *config_path; /* for messages: the file that the caller may change */
	char *own_config; /* a user's own file; NULL: root's, or --config */
	/* of a command that may lack its host: what could not be read, and why */
	struct error config_error, store_error;
};

struct command {
	const char *name; /* of a verb: its command's, a blank and its own word */
	const char *alias; /* of a verb: of its own word; NULL: none */
	const char *words; /* what follows the name, for help: "NAME..." */
	size_t min_words, max_words; /* (size_t)-1: any number */
	bool writes; /* opens the store for writing */
	bool writes_images; /* opens the images for writing, the rest of the store for reading */
	bool no_host; /* needs neither configuration nor store */
	bool may_lack_host; /* wants them, and runs without what cannot be read */
	int host_error_code; /* when those cannot be read; 0: by the kind of the error */
	const char *summary;
	const struct cli_option *options; /* NULL: none */
	int (*run)(struct cli *cli, const struct cli_args *args, struct error *err);
	void (*more_help)(void); /* behind the options; NULL: nothing */
	/* The first word names one of these, and all else is its own; verbs.h. NULL: none. */
	const struct command *const *verbs;
};

extern const struct command *const cli_commands[]; /* NULL-terminated */
extern const struct cli_option cli_global_options[];

const struct command *cli_find_command(const char *name);

/* Value of an option, NULL when it was not given; the last one when it was repeated. */
const char *cli_value(const struct cli_args *args, const char *name);
const struct strv *cli_values(const struct cli_args *args, const char *name);
bool cli_flag(const struct cli_args *args, const char *name);

/*
 * Sort argv (without the program's name) into args. Options and words come in any order; "--"
 * ends the options. ERROR_USAGE names what is wrong, its hint the option that is near. until_word
 * stops before the first word: *ret_used says how far it got.
 */
int cli_parse(const struct cli_option *options, int argc, char *const *argv, bool until_word,
	      struct cli_args *ret, int *ret_used, struct error *err);
void cli_args_done(struct cli_args *args);

/* Behind a hint that is there: the help of that command; "": that of all. Returns -err->code. */
int cli_hint_help(const char *command, struct error *err);

/* "mnmivm-se: command: message" and the hint, on standard error. */
void cli_print_error(const char *command, const struct error *err);

#endif
