/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to a command, and from its result to an exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/near.h"
#include "base/privilege.h"
#include "base/user_folders.h"
#include "cli/main.h"
#include "cli.h"
#include "commands.h"
#include "environment.h"
#include "verbs.h"

/* -v and -q are understood before and after the command, as users of systemctl and ip expect. */
const struct cli_option cli_global_options[] = {
	{ .name = "config", .value = "FILE", .help = "read FILE, not " HOST_CONFIG_PATH },
	{ .name = "state-dir", .value = "DIR", .help = "keep VMs in DIR" },
	{ .name = "format", .value = "table|json", .help = "form of the output" },
	{ .name = "quiet", .letter = 'q', .help = "names or nothing on output, no progress" },
	{ .name = "verbose", .letter = 'v', .help = "say more" },
	{ .name = "help", .letter = 'h', .help = "show help" },
	{ .name = "version", .letter = 'V', .help = "show the version" },
	{ .name = NULL },
};

const struct command *cli_find_command(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, name) ||
		    (cli_commands[i]->alias && !strcmp(cli_commands[i]->alias, name)))
			return cli_commands[i];
	return NULL;
}

void cli_print_error(const char *command, const struct error *err)
{
	char text[sizeof(err->message)];

	error_sanitise(text, sizeof(text), err->message);
	fprintf(stderr, "mnmivm-se: %s%s%s\n", command ? command : "", command ? ": " : "", text);
	if (!err->hint[0])
		return;
	error_sanitise(text, sizeof(text), err->hint);
	fprintf(stderr, "hint: %s\n", text);
}

int cli_hint_help(const char *command, struct error *err)
{
	AUTO_FREE char *first = xstrdup(err->hint);

	return error_hint(err, "%s%smnmivm-se help%s%s", first, *first ? " See: " : "",
			  *command ? " " : "", command);
}

static int refuse_command(const char *word, struct error *err)
{
	const char *best = NULL;
	size_t best_far = NEAR_FAR;

	for (size_t i = 0; cli_commands[i]; i++)
		near_consider(cli_commands[i]->name, word, &best, &best_far);
	error_set(err, ERROR_USAGE, EINVAL, "unknown command '%s'", word);
	if (best)
		error_hint(err, "did you mean '%s'?", best);
	return cli_hint_help("", err);
}

static void print_note(void *context, const char *text)
{
	char clean[1024];

	(void)context;
	error_sanitise(clean, sizeof(clean), text);
	fprintf(stderr, "%s\n", clean);
}

/* Verbs may share options: the first one's stands for all. */
static size_t add_options(const struct cli_option *options, struct cli_option *joined, size_t n)
{
	for (; options && options->name && n < CLI_OPTIONS_MAX - 1; options++) {
		size_t i = 0;

		while (i < n && strcmp(joined[i].name, options->name) != 0)
			i++;
		if (i == n)
			joined[n++] = *options;
	}
	return n;
}

/* One table of the command's options and its verbs', with the global ones behind them. */
static void join_options(const struct command *command, struct cli_option joined[CLI_OPTIONS_MAX])
{
	size_t n;

	memset(joined, 0, sizeof(*joined) * CLI_OPTIONS_MAX);
	n = add_options(command->options, joined, 0);
	for (size_t i = 0; command->verbs && command->verbs[i]; i++)
		n = add_options(command->verbs[i]->options, joined, n);
	add_options(cli_global_options, joined, n);
}

static int apply_globals(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *format = cli_value(args, "format");
	bool json = format && !strcmp(format, "json");

	if (format && !json && strcmp(format, "table") != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse '--format' '%s': must be one of table, json", format);
	cli->json |= json;
	cli->quiet |= cli_flag(args, "quiet");
	cli->verbose |= cli_flag(args, "verbose");
	cli->host.note = cli->quiet ? NULL : print_note;
	return 0;
}

static int set_state_dir(struct host_config *host, const char *dir, struct error *err)
{
	AUTO_FREE char *path = realpath(dir, NULL);

	if (!path && dir[0] != '/')
		return error_set(err, ERROR_USAGE, ENOENT,
				 "open '--state-dir' '%s': neither a folder nor an absolute path",
				 dir);
	xreplace(&host->state_dir, path ? path : dir);
	return 0;
}

/* Root's file alone, or one instead of it, is root's; another user has one of his own besides. */
static int load_settings(struct cli *cli, const char *config, struct error *err)
{
	AUTO(user_folders_done) struct user_folders folders = { .run = NULL };
	struct host_config *host = &cli->host.config;

	cli->config_path = config ? config : HOST_CONFIG_PATH;
	if (geteuid() == 0)
		return host_config_load(host, cli->config_path, config != NULL, err);
	user_folders_find(&folders);
	if (!config && folders.config) {
		cli->own_config = xasprintf("%s/mnmivm-se.conf", folders.config);
		cli->config_path = cli->own_config;
	}
	return host_config_load_user(
		host, HOST_CONFIG_PATH, config ? config : cli->own_config, config != NULL,
		&(struct host_folders){ folders.state, folders.run, folders.config }, err);
}

static int open_host(struct cli *cli, const struct command *command, bool dry_run,
		     const char *config, const char *state_dir, struct error *err)
{
	int r = load_settings(cli, config, err);

	if (!r && state_dir)
		r = set_state_dir(&cli->host.config, state_dir, err);
	if (r)
		return r;
	if (command->writes_images && !dry_run)
		return vm_host_open_images(&cli->host, err);
	return vm_host_open(&cli->host, command->writes && !dry_run, err);
}

/* Settings that cannot be read are the defaults, and a store that cannot be opened is empty. */
static int open_lacking_host(struct cli *cli, const char *config, const char *state_dir,
			     struct error *err)
{
	struct host_config *host = &cli->host.config;

	if (load_settings(cli, config, &cli->config_error)) {
		host_config_done(host);
		host_config_init(host);
		host->restricted = geteuid() != 0;
	}
	if (state_dir && set_state_dir(host, state_dir, err))
		return -err->code;
	vm_host_open(&cli->host, false, &cli->store_error);
	return 0;
}

/* Is it one of "2M|1G"? */
static bool is_among(const char *word, const char *words)
{
	AUTO_STRV list = STRV_INIT;

	strv_split(&list, words, '|');
	return strv_has(&list, word);
}

/* "--hugepages 2M", where the value must be attached */
static int refuse_word(const char *word, const struct cli_args *args, struct error *err)
{
	const struct cli_option *option = args->options;

	error_set(err, ERROR_USAGE, EINVAL, "unexpected argument '%s'", word);
	for (; option->name; option++) {
		if (option->value_optional && cli_flag(args, option->name) &&
		    is_among(word, option->value))
			return error_hint(err, "--%s=%s", option->name, word);
	}
	return -err->code;
}

static int check_words(const struct command *command, const struct cli_args *args,
		       struct error *err)
{
	if (args->words.n < command->min_words) {
		error_set(err, ERROR_USAGE, EINVAL, "missing argument");
		return error_hint(err, "mnmivm-se %s %s", command->name, command->words);
	}
	if (args->words.n > command->max_words)
		return refuse_word(args->words.v[command->max_words], args, err);
	return 0;
}

static const char *either(const char *a, const char *b)
{
	return a ? a : b;
}

static int run_words(struct cli *cli, const struct command *command, const struct cli_args *args,
		     const struct cli_args *globals, struct error *err)
{
	const char *config = either(cli_value(args, "config"), cli_value(globals, "config"));
	const char *state_dir = either(cli_value(args, "state-dir"),
				       cli_value(globals, "state-dir"));
	int r = check_words(command, args, err);

	if (!r && command->may_lack_host)
		r = open_lacking_host(cli, config, state_dir, err);
	else if (!r && !command->no_host)
		r = open_host(cli, command, cli_flag(args, "dry-run"), config, state_dir, err);
	if (r < 0 && command->host_error_code && err->kind != ERROR_USAGE) {
		cli_print_error(command->name, err);
		return command->host_error_code;
	}
	return r ? r : command->run(cli, args, err);
}

/* Whose options are wrong: the verb's, where one is named. */
static const struct command *addressed(const struct command *command, int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		const struct command *verb = verb_find(command, argv[i]);

		if (verb)
			return verb;
	}
	return command;
}

/* *command becomes the verb that the words name. */
static int run_command(struct cli *cli, const struct command **command, int argc, char *const *argv,
		       const struct cli_args *globals, struct error *err)
{
	struct cli_option options[CLI_OPTIONS_MAX];
	AUTO(cli_args_done) struct cli_args args = { 0 };
	int r;

	join_options(*command, options);
	r = cli_parse(options, argc, argv, false, &args, NULL, err);
	if (r)
		return cli_hint_help(addressed(*command, argc, argv)->name, err);
	if ((*command)->verbs && (args.words.n || !cli_flag(&args, "help")))
		r = verb_take(*command, &args, command, err);
	if (r)
		return r;
	if (cli_flag(&args, "help"))
		return help_command(*command);
	r = apply_globals(cli, &args, err);
	return r ? r : run_words(cli, *command, &args, globals, err);
}

/* Output that did not arrive (a full disk behind it) is a failure too. */
static int flush_output(int r, struct error *err)
{
	if (r || (!fflush(stdout) && !ferror(stdout)))
		return r;
	return error_errno(err, errno ? errno : EIO, "write to standard output");
}

static int exit_code(int r, const char *command, const struct error *err)
{
	if (r >= 0)
		return r;
	if (err->kind == ERROR_NONE)
		return EXIT_FAILURE;
	cli_print_error(command, err);
	return (int)err->kind;
}

static int dispatch(struct cli *cli, int argc, char *const *argv)
{
	AUTO(cli_args_done) struct cli_args globals = { 0 };
	const struct command *command;
	struct error err = ERROR_INIT;
	int used;
	int r = cli_parse(cli_global_options, argc, argv, true, &globals, &used, &err);

	if (!r)
		r = apply_globals(cli, &globals, &err);
	if (r)
		return exit_code(r, NULL, &err);
	if (cli_flag(&globals, "version"))
		return version_print(cli);
	if (used == argc || cli_flag(&globals, "help"))
		return help_overview(used == argc && !cli_flag(&globals, "help"));
	command = cli_find_command(argv[used]);
	if (!command)
		return exit_code(refuse_command(argv[used], &err), NULL, &err);
	r = run_command(cli, &command, argc - used - 1, argv + used + 1, &globals, &err);
	return exit_code(flush_output(r, &err), command->name, &err);
}

int cli_main(int argc, char *const *argv)
{
	struct cli cli = { .host = VM_HOST_INIT };
	struct error err = ERROR_INIT;
	int code;

	environment_secure();
	cli.tty = isatty(STDERR_FILENO);
	host_config_init(&cli.host.config);
	if (privilege_begin(&err))
		code = exit_code(-err.code, NULL, &err);
	else
		/* execve(2) takes an empty argv before Linux 5.18 */
		code = argc > 0 ? dispatch(&cli, argc - 1, argv + 1) : dispatch(&cli, 0, argv);
	free(cli.own_config);
	vm_host_done(&cli.host);
	return code;
}
