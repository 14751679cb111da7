/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help and version, made from the table of commands. */
#include <errno.h>
#include <stdio.h>

#include "commands.h"
#include "verbs.h"
#include "version.h"

enum { NAME_WIDTH = 14, OPTION_WIDTH = 34 };

static void print_option(FILE *out, const struct cli_option *option)
{
	char text[64];
	int len = 0;

	if (option->letter)
		len = snprintf(text, sizeof(text), "-%c, ", option->letter);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "--%s", option->name);
	if (option->value)
		snprintf(text + len, sizeof(text) - (size_t)len,
			 option->value_optional ? "[=%s]" : " %s", option->value);
	fprintf(out, "  %-*s %s\n", OPTION_WIDTH, text, option->help);
}

/* "pull NAME..." */
static void print_verb(const struct command *verb)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", verb_word(verb), *verb->words ? " " : "",
		 verb->words);
	printf("  %-*s %s\n", OPTION_WIDTH, text, verb->summary);
}

static int help_verbs(const struct command *command)
{
	printf("usage: mnmivm-se %s VERB ...\n\n%s\n\nverbs:\n", command->name, command->summary);
	for (size_t i = 0; command->verbs[i]; i++)
		print_verb(command->verbs[i]);
	printf("\nMore of one verb: mnmivm-se help %s VERB\n", command->name);
	return 0;
}

int help_command(const struct command *command)
{
	if (command->verbs)
		return help_verbs(command);
	printf("usage: mnmivm-se %s%s%s%s\n\n%s\n", command->name, *command->words ? " " : "",
	       command->words, command->options ? " [OPTION]..." : "", command->summary);
	if (command->alias)
		printf("Also called: %s\n", command->alias);
	if (command->options)
		printf("\noptions:\n");
	for (size_t i = 0; command->options && command->options[i].name; i++)
		print_option(stdout, &command->options[i]);
	if (command->more_help)
		command->more_help();
	printf("\nThe manual has the rest: man mnmivm-se\n");
	return 0;
}

int help_overview(bool as_error)
{
	FILE *out = as_error ? stderr : stdout;

	fprintf(out, "usage: mnmivm-se [OPTION]... COMMAND ...\n\ncommands:\n");
	for (size_t i = 0; cli_commands[i]; i++)
		fprintf(out, "  %-*s %s\n", NAME_WIDTH, cli_commands[i]->name,
			cli_commands[i]->summary);
	fprintf(out, "\noptions:\n");
	for (size_t i = 0; cli_global_options[i].name; i++)
		print_option(out, &cli_global_options[i]);
	fprintf(out, "\nMore of one command: mnmivm-se help COMMAND\n");
	return as_error ? (int)ERROR_USAGE : 0;
}

static int run_help(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const struct strv *words = &args->words;
	const struct command *command = words->n ? cli_find_command(words->v[0]) : NULL;

	(void)cli;
	if (!words->n)
		return help_overview(false);
	if (command && words->n > 1)
		command = verb_find(command, words->v[1]);
	if (command)
		return help_command(command);
	error_set(err, ERROR_USAGE, EINVAL, "unknown command '%s%s%s'", words->v[0],
		  words->n > 1 ? " " : "", words->n > 1 ? words->v[1] : "");
	command = cli_find_command(words->v[0]);
	return cli_hint_help(command ? command->name : "", err);
}

const struct command command_help = {
	.name = "help",
	.words = "[COMMAND [VERB]]",
	.max_words = 2,
	.no_host = true,
	.summary = "show the commands, or the options of one",
	.run = run_help,
};

int version_print(const struct cli *cli)
{
	if (cli->json)
		printf("{\"name\": \"mnmivm-se\", \"version\": \"%s\"}\n", MNMIVM_VERSION);
	else
		printf("mnmivm-se %s\n", MNMIVM_VERSION);
	return 0;
}

static int run_version(struct cli *cli, const struct cli_args *args, struct error *err)
{
	(void)args;
	(void)err;
	return version_print(cli);
}

const struct command command_version = {
	.name = "version",
	.words = "",
	.no_host = true,
	.summary = "show the version",
	.run = run_version,
};
