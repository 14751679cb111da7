/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: what ails this host, and what helps. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "doctor/doctor.h"
#include "commands.h"
#include "json.h"
#include "options.h"
#include "output.h"

static struct doctor_host host_of(const struct cli *cli)
{
	return (struct doctor_host){
		.vm = &cli->host,
		.config_error = &cli->config_error,
		.store_error = &cli->store_error,
		.config_path = cli->config_path,
	};
}

static bool is_shown(const struct cli *cli, const struct doctor_finding *finding)
{
	return !cli->quiet || finding->level != DOCTOR_PASS;
}

static void print_json(const struct cli *cli, const struct doctor_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *finding = &report->v[i];
		json_t *object;

		if (!is_shown(cli, finding))
			continue;
		object = json_object();
		object_set_text(object, "id", finding->id);
		object_set_text(object, "group", finding->group);
		object_set_text(object, "object", finding->object);
		object_set_text(object, "level", doctor_level_words[finding->level]);
		object_set_text(object, "text", finding->text);
		object_set_text(object, "fix", finding->fix);
		object_set_text(object, "keep", finding->keep);
		object_set_bool(object, "fixable", finding->n_changes > 0);
		json_array_append_new(array, object);
	}
	output_json(array);
}

/* As NO_COLOR (no-color.org) and terminals without colour ask for. */
static bool has_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

static void print_finding(const struct doctor_finding *finding, bool colour)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };

	printf("%s%s%s %s %s: %s\n", colour ? colours[finding->level] : "",
	       doctor_level_words[finding->level], colour ? "\033[0m" : "", finding->id,
	       finding->object, finding->text);
	if (finding->fix)
		printf("     fix: %s\n", finding->fix);
	if (finding->keep)
		printf("     keep: %s\n", finding->keep);
}

static void print_table(const struct cli *cli, const struct doctor_report *report)
{
	bool colour = has_colour();
	const char *group = NULL;

	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *finding = &report->v[i];

		if (!is_shown(cli, finding))
			continue;
		if (!cli->quiet && group != finding->group)
			printf("%s%s:\n", group ? "\n" : "", finding->group);
		group = finding->group;
		print_finding(finding, colour);
	}
}

static size_t count(const struct doctor_report *report, enum doctor_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->v[i].level == level;
	return n;
}

static int print_report(struct cli *cli, const struct doctor_report *report)
{
	size_t failed = count(report, DOCTOR_FAIL);

	if (cli->json)
		print_json(cli, report);
	else
		print_table(cli, report);
	say(cli, "%zu passed, %zu warnings, %zu failed", count(report, DOCTOR_PASS),
	    count(report, DOCTOR_WARN), failed);
	return failed ? (int)ERROR_HOST : 0;
}

/* 1: yes, 0: no. */
static int ask(const struct cli_args *args, const struct doctor_finding *finding, struct error *err)
{
	AUTO_BUF changes = BUF_INIT;
	char answer[16] = "";

	doctor_describe_changes(finding, &changes);
	fprintf(stderr, "%s %s: %s\n%s", finding->id, finding->object, finding->text,
		buf_str(&changes));
	if (cli_flag(args, "yes"))
		return 1;
	if (!isatty(STDIN_FILENO)) {
		error_set(err, ERROR_USAGE, EINVAL, "changing the host takes a confirmation");
		return error_hint(err, "mnmivm-se doctor --fix --yes");
	}
	fputs("Change that? [y/N] ", stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* What is left to do without a question is told by the report that follows. */
static int fix(struct cli *cli, const struct cli_args *args, const struct doctor_report *report,
	       struct error *err)
{
	size_t fixable = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *finding = &report->v[i];
		int r = 0;

		if (finding->level == DOCTOR_PASS || !finding->n_changes)
			continue;
		fixable++;
		r = ask(args, finding, err);
		if (r > 0)
			r = doctor_apply(finding, err);
		if (r < 0)
			return r;
	}
	if (!fixable)
		say(cli, "nothing here is for doctor to change");
	return 0;
}

static int diagnose(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(doctor_report_done) struct doctor_report report = { .n = 0 };
	struct doctor_host host = host_of(cli);
	int r = doctor_run(&host, &args->words, &report, err);

	if (!r && cli_flag(args, "fix")) {
		r = fix(cli, args, &report, err);
		doctor_report_done(&report);
		if (!r)
			r = doctor_run(&host, &args->words, &report, err);
	}
	return r ? r : print_report(cli, &report);
}

static int print_setup(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *uplink = cli_value(args, "bridge-setup");
	const char *word = cli_value(args, "for");
	int network = (int)doctor_network_of(uplink);
	AUTO_BUF text = BUF_INIT;
	int r = 0;

	/* the bridge's name is in there */
	if (cli->config_error.kind) {
		*err = cli->config_error;
		return -err->code;
	}
	if (word)
		r = parse_choice("'--for'", word, doctor_network_words, &network, err);
	if (!r)
		r = doctor_bridge_setup(&cli->host, uplink, (enum doctor_network)network, &text,
					err);
	if (!r)
		fputs(buf_str(&text), stdout);
	return r;
}

static int conflicting(const char *a, const char *b, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "%s goes with %s only", a, b);
}

static int run_doctor(struct cli *cli, const struct cli_args *args, struct error *err)
{
	bool setup = cli_value(args, "bridge-setup") != NULL;

	if (cli_value(args, "for") && !setup)
		return conflicting("--for", "--bridge-setup", err);
	if (cli_flag(args, "yes") && !cli_flag(args, "fix"))
		return conflicting("--yes", "--fix", err);
	if (setup && (cli_flag(args, "fix") || args->words.n))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--bridge-setup goes with neither --fix nor a check");
	return setup ? print_setup(cli, args, err) : diagnose(cli, args, err);
}

static const struct cli_option doctor_options[] = {
	{ .name = "fix", .help = "change what is safe to, after asking" },
	{ .name = "yes", .letter = 'y', .help = "do not ask" },
	{ .name = "bridge-setup",
	  .value = "LINK",
	  .help = "print network files with LINK on the bridge" },
	{ .name = "for",
	  .value = "debian|alpine|netplan|nm|networkd",
	  .help = "in the words of that" },
	{ .name = NULL },
};

const struct command command_doctor = {
	.name = "doctor",
	.words = "[CHECK]...",
	.max_words = (size_t)-1,
	.may_lack_host = true,
	.summary = "is this host fit for VMs, and what helps where it is not",
	.options = doctor_options,
	.run = run_doctor,
};
