/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option parser: what it refuses, and how it sorts the rest. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "../../src/cli/cli.h"
#include "../../src/cli/verbs.h"
#include "suite.h"

static const struct cli_option options[] = {
	{ .name = "flag", .letter = 'f', .help = "" },
	{ .name = "other", .letter = 'o', .help = "" },
	{ .name = "value", .letter = 'v', .value = "V", .help = "" },
	{ .name = "long-value", .value = "V", .help = "" },
	{ .name = "maybe", .value = "V", .value_optional = true, .help = "" },
	{ .name = "list", .letter = 'l', .value = "V", .repeated = true, .help = "" },
	{ .name = NULL },
};

static struct cli_args args;
static struct error err;
static int used;

enum { WORDS_MAX = 16 };

/* text with its words between blanks; "_" is an empty one. */
static int parse(const char *text, bool until_word)
{
	static char copy[256];
	char *argv[WORDS_MAX + 1] = { NULL };
	char *save = NULL;
	int argc = 0;

	err = (struct error)ERROR_INIT;
	ck_assert_uint_lt(strlen(text), sizeof(copy));
	strcpy(copy, text);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		ck_assert_int_lt(argc, WORDS_MAX);
		argv[argc++] = strcmp(word, "_") == 0 ? word + 1 : word;
	}
	return cli_parse(options, argc, argv, until_word, &args, &used, &err);
}

START_TEST(test_refused)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "--unknown", "unknown option '--unknown'" },
		{ "--unknown=x", "unknown option '--unknown'" },
		{ "--=x", "unknown option '--'" },
		{ "---", "unknown option '---'" },
		{ "---flag", "unknown option '---flag'" },
		{ "--fla",
		  "unknown option '--fla'" }, /* no abbreviations: they break with the next one */
		{ "--flagg", "unknown option '--flagg'" },
		{ "--FLAG", "unknown option '--FLAG'" },
		{ "--long", "unknown option '--long'" },
		{ "-x", "unknown option '-x'" },
		{ "-fx", "unknown option '-x'" },
		{ "-f-", "unknown option '--'" },
		{ "--flag=x", "option '--flag' takes no value" },
		{ "--flag=", "option '--flag' takes no value" },
		{ "-f=x", "unknown option '-='" },
		{ "--value", "option '--value' needs a value" },
		{ "a --value", "option '--value' needs a value" },
		{ "-v", "option '--value' needs a value" },
		{ "-fv", "option '--value' needs a value" },
		{ "--value a --value b", "option '--value' is given twice" },
		{ "--value a -v b", "option '--value' is given twice" },
		{ "-va -va", "option '--value' is given twice" },
		{ "--value= --value=", "option '--value' is given twice" },
		{ "--maybe --maybe", "option '--maybe' is given twice" },
		{ "--list", "option '--list' needs a value" },
		{ "a b --flag --nope c", "unknown option '--nope'" },
		{ "--%s%n", "unknown option '--%s%n'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cli_args untouched;

		memset(&args, 0x5a, sizeof(args));
		memcpy(&untouched, &args, sizeof(args));
		suite_assert_error(parse(cases[i].line, false), err, EINVAL, ERROR_USAGE);
		ck_assert_str_eq(err.message, cases[i].text);
		ck_assert_mem_eq(&args, &untouched, sizeof(args));
	}
}
END_TEST

START_TEST(test_nearest_option)
{
	static const struct {
		const char *line, *hint;
	} cases[] = {
		{ "--flagg", "did you mean '--flag'?" },
		{ "--vlaue=x", "did you mean '--value'?" },
		{ "--longvalue", "did you mean '--long-value'?" },
		{ "--f", "" },
		{ "--unknown", "" },
		{ "--", "" },
		{ "--=x", "" },
		{ "--flag=x", "" },
		{ "-x", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!parse(cases[i].line, false))
			cli_args_done(&args);
		ck_assert_str_eq(err.hint, cases[i].hint);
	}
}
END_TEST

static void assert_words(const char *expected)
{
	AUTO_FREE char *text = strv_join(&args.words, " ");

	ck_assert_str_eq(text, expected);
}

static void assert_value(const char *name, const char *expected)
{
	const char *value = cli_value(&args, name);

	if (!expected)
		ck_assert_ptr_null(value);
	else
		ck_assert_str_eq(value, expected);
	ck_assert_int_eq(cli_flag(&args, name), expected != NULL);
}

START_TEST(test_accepted)
{
	static const struct {
		const char *line, *flag, *value, *maybe, *words;
	} cases[] = {
		{ "", NULL, NULL, NULL, "" },
		{ "a b c", NULL, NULL, NULL, "a b c" },
		{ "-", NULL, NULL, NULL, "-" },
		{ "--", NULL, NULL, NULL, "" },
		{ "-- --flag -v --", NULL, NULL, NULL, "--flag -v --" },
		{ "--flag", "", NULL, NULL, "" },
		{ "-f", "", NULL, NULL, "" },
		{ "-ff --flag", "", NULL, NULL, "" },
		{ "-fo a", "", NULL, NULL, "a" },
		{ "a --flag b", "", NULL, NULL, "a b" },
		{ "--value x", NULL, "x", NULL, "" },
		{ "--value=x", NULL, "x", NULL, "" },
		{ "--value=", NULL, "", NULL, "" },
		{ "--value _", NULL, "", NULL, "" },
		{ "--value=a=b", NULL, "a=b", NULL, "" },
		{ "--value --flag", NULL, "--flag", NULL, "" },
		{ "--value -- a", NULL, "--", NULL, "a" },
		{ "--value - a", NULL, "-", NULL, "a" },
		{ "-vx", NULL, "x", NULL, "" },
		{ "-v x", NULL, "x", NULL, "" },
		{ "-v=x", NULL, "=x", NULL, "" },
		{ "-fvx", "", "x", NULL, "" },
		{ "-vf", NULL, "f", NULL, "" },
		{ "--maybe", NULL, NULL, "", "" },
		{ "--maybe x", NULL, NULL, "", "x" },
		{ "--maybe=x y", NULL, NULL, "x", "y" },
		{ "a -- b --value", NULL, NULL, NULL, "a b --value" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		suite_assert_ok(parse(cases[i].line, false), err);
		assert_value("flag", cases[i].flag);
		assert_value("value", cases[i].value);
		assert_value("maybe", cases[i].maybe);
		assert_words(cases[i].words);
		cli_args_done(&args);
	}
}
END_TEST

START_TEST(test_repeated)
{
	suite_assert_ok(parse("--list a -lb --list=c -flag", false), err);
	AUTO_FREE char *list = strv_join(cli_values(&args, "list"), " ");
	ck_assert_str_eq(list, "a b c ag");
	ck_assert_str_eq(cli_value(&args, "list"), "ag");
	cli_args_done(&args);
}
END_TEST

/* The frame's options end where the command begins. */
START_TEST(test_until_word)
{
	static const struct {
		const char *line;
		int used;
	} cases[] = {
		{ "", 0 },
		{ "start", 0 },
		{ "start --flag", 0 },
		{ "--flag start --unknown", 1 },
		{ "--value x start", 2 },
		{ "--value start", 2 },
		{ "-f -- start", 2 },
		{ "-- --flag", 1 },
		{ "- --flag", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		used = -1;
		suite_assert_ok(parse(cases[i].line, true), err);
		ck_assert_msg(used == cases[i].used, "'%s': %d", cases[i].line, used);
		assert_words("");
		cli_args_done(&args);
	}
	suite_assert_error(parse("--unknown start", true), err, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(test_unknown_names)
{
	struct cli_args nothing = { .options = NULL };

	suite_assert_ok(parse("--flag", false), err);
	ck_assert_ptr_null(cli_value(&args, "nope"));
	ck_assert_ptr_null(cli_value(&args, "fla"));
	ck_assert_ptr_null(cli_value(&args, ""));
	ck_assert(!cli_flag(&args, "flag "));
	cli_args_done(&args);
	ck_assert_ptr_null(cli_value(&nothing, "flag"));
	ck_assert_uint_eq(cli_values(&nothing, "flag")->n, 0);
	cli_args_done(&nothing);
}
END_TEST

/* The real tables */

static size_t count(const struct cli_option *table)
{
	size_t n = 0;

	while (table && table[n].name)
		n++;
	return n;
}

static void assert_distinct(const struct command *command, const struct cli_option *a,
			    const struct cli_option *b)
{
	ck_assert_msg(strcmp(a->name, b->name) != 0, "%s: two of --%s", command->name, a->name);
	ck_assert_msg(!a->letter || a->letter != b->letter, "%s: two of -%c", command->name,
		      a->letter);
}

static void assert_command(const struct command *command)
{
	size_t n_global = count(cli_global_options);
	size_t n = count(command->options);

	ck_assert(command->name && command->words && command->summary && command->run);
	ck_assert_uint_le(command->min_words, command->max_words);
	/* with the end of the table */
	ck_assert_uint_lt(n + n_global, CLI_OPTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *option = &command->options[i];

		ck_assert(option->help && !strchr(option->name, '='));
		ck_assert(option->value || !option->repeated);
		for (size_t j = i + 1; j < n; j++)
			assert_distinct(command, option, &command->options[j]);
		for (size_t j = 0; j < n_global; j++)
			assert_distinct(command, option, &cli_global_options[j]);
	}
}

/* "image list": the words and options of a command with verbs are theirs. */
static void assert_verbs(const struct command *command)
{
	size_t len = strlen(command->name);

	ck_assert(command->summary && !command->run && !command->options && command->verbs[0]);
	for (size_t v = 0; command->verbs[v]; v++) {
		const struct command *verb = command->verbs[v];

		ck_assert(strncmp(verb->name, command->name, len) == 0 && verb->name[len] == ' ');
		assert_command(verb);
		ck_assert_ptr_eq(verb_find(command, verb_word(verb)), verb);
		if (verb->alias)
			ck_assert_ptr_eq(verb_find(command, verb->alias), verb);
		for (size_t other = 0; other < v; other++)
			ck_assert_str_ne(verb->name, command->verbs[other]->name);
	}
}

START_TEST(test_tables)
{
	for (size_t c = 0; cli_commands[c]; c++) {
		const struct command *command = cli_commands[c];

		if (command->verbs)
			assert_verbs(command);
		else
			assert_command(command);
		ck_assert_ptr_eq(cli_find_command(command->name), command);
		if (command->alias)
			ck_assert_ptr_eq(cli_find_command(command->alias), command);
	}
}
END_TEST

START_TEST(test_no_command)
{
	static const char *const names[] = { "",      " ",  "star",   "start ",
					     "START", "-h", "list\n", "../ls" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_ptr_null(cli_find_command(names[i]));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_args");
	TCase *tcase = tcase_create("parser");

	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_nearest_option);
	tcase_add_test(tcase, test_accepted);
	tcase_add_test(tcase, test_repeated);
	tcase_add_test(tcase, test_until_word);
	tcase_add_test(tcase, test_unknown_names);
	suite_add_tcase(s, tcase);
	tcase = tcase_create("tables");
	tcase_add_test(tcase, test_tables);
	tcase_add_test(tcase, test_no_command);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
