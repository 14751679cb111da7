/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorts a command line by a table of options. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/near.h"
#include "cli.h"

enum { NOT_FOUND = -1 };

static int find_long(const struct cli_option *options, const char *name, size_t len)
{
	for (int i = 0; options[i].name; i++)
		if (!strncmp(options[i].name, name, len) && !options[i].name[len])
			return i;
	return NOT_FOUND;
}

static int find_letter(const struct cli_option *options, char letter)
{
	for (int i = 0; options[i].name; i++)
		if (options[i].letter == letter)
			return i;
	return NOT_FOUND;
}

static int store_value(const struct cli_option *option, struct strv *values, const char *value,
		       struct error *err)
{
	if (values->n && !option->repeated && option->value)
		return error_set(err, ERROR_USAGE, EINVAL, "option '--%s' is given twice",
				 option->name);
	strv_push(values, value);
	return 0;
}

struct parser {
	const struct cli_option *options;
	int argc;
	char *const *argv;
	int at;
	struct cli_args *args;
};

static int take_value(struct parser *parser, int index, const char *attached, struct error *err)
{
	const struct cli_option *option = &parser->options[index];
	const char *value = attached ? attached : "";

	if (!option->value && attached)
		return error_set(err, ERROR_USAGE, EINVAL, "option '--%s' takes no value",
				 option->name);
	if (option->value && !option->value_optional && !attached) {
		if (parser->at >= parser->argc)
			return error_set(err, ERROR_USAGE, EINVAL, "option '--%s' needs a value",
					 option->name);
		value = parser->argv[parser->at++];
	}
	return store_value(option, &parser->args->values[index], value, err);
}

/* name is the head of an argument, up to len. */
static int refuse_long(const struct cli_option *options, const char *name, size_t len,
		       struct error *err)
{
	AUTO_FREE char *word = xstrndup(name, len);
	const char *best = NULL;
	size_t best_far = NEAR_FAR;

	for (; options->name; options++)
		near_consider(options->name, word, &best, &best_far);
	error_set(err, ERROR_USAGE, EINVAL, "unknown option '--%s'", word);
	return best ? error_hint(err, "did you mean '--%s'?", best) : -err->code;
}

static int take_long(struct parser *parser, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	int index = find_long(parser->options, text, len);

	if (index == NOT_FOUND)
		return refuse_long(parser->options, text, len, err);
	return take_value(parser, index, equals ? equals + 1 : NULL, err);
}

/* Several flags may share one dash; an option with a value ends the row. */
static int take_letters(struct parser *parser, const char *text, struct error *err)
{
	for (; *text; text++) {
		int index = find_letter(parser->options, *text);
		bool has_rest;
		int r;

		if (index == NOT_FOUND)
			return error_set(err, ERROR_USAGE, EINVAL, "unknown option '-%c'", *text);
		has_rest = parser->options[index].value && text[1];
		r = take_value(parser, index, has_rest ? text + 1 : NULL, err);
		if (r || has_rest)
			return r;
	}
	return 0;
}

int cli_parse(const struct cli_option *options, int argc, char *const *argv, bool until_word,
	      struct cli_args *ret, int *ret_used, struct error *err)
{
	struct cli_args args = { .options = options };
	struct parser parser = { options, argc, argv, 0, &args };
	bool words_only = false;
	int r = 0;

	while (!r && parser.at < argc) {
		const char *text = argv[parser.at];
		bool is_option = !words_only && text[0] == '-' && text[1];

		if (!is_option && until_word)
			break;
		parser.at++;
		if (!is_option)
			strv_push(&args.words, text);
		else if (!strcmp(text, "--"))
			words_only = true;
		else if (text[1] == '-')
			r = take_long(&parser, text + 2, err);
		else
			r = take_letters(&parser, text + 1, err);
	}
	if (r) {
		cli_args_done(&args);
		return r;
	}
	if (ret_used)
		*ret_used = parser.at;
	*ret = args;
	return 0;
}

void cli_args_done(struct cli_args *args)
{
	for (int i = 0; i < CLI_OPTIONS_MAX; i++)
		strv_done(&args->values[i]);
	strv_done(&args->words);
}

const struct strv *cli_values(const struct cli_args *args, const char *name)
{
	static const struct strv none = STRV_INIT;
	int index = args->options ? find_long(args->options, name, strlen(name)) : NOT_FOUND;

	return index == NOT_FOUND ? &none : &args->values[index];
}

const char *cli_value(const struct cli_args *args, const char *name)
{
	const struct strv *values = cli_values(args, name);

	return values->n ? values->v[values->n - 1] : NULL;
}

bool cli_flag(const struct cli_args *args, const char *name)
{
	return cli_values(args, name)->n > 0;
}
