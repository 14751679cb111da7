/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of several verbs. */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/near.h"

const char *verb_word(const struct command *verb)
{
	return strchr(verb->name, ' ') + 1;
}

const struct command *verb_find(const struct command *command, const char *word)
{
	for (size_t i = 0; command->verbs && command->verbs[i]; i++) {
		const struct command *verb = command->verbs[i];

		if (!strcmp(verb_word(verb), word) || (verb->alias && !strcmp(verb->alias, word)))
			return verb;
	}
	return NULL;
}

static bool has_option(const struct cli_option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return true;
	return false;
}

static int hint_near(const struct command *command, const char *word, struct error *err)
{
	const char *best = NULL;
	size_t best_far = NEAR_FAR;

	for (size_t i = 0; command->verbs[i]; i++)
		near_consider(verb_word(command->verbs[i]), word, &best, &best_far);
	return best ? error_hint(err, "did you mean '%s'?", best) : -err->code;
}

static int refuse_word(const struct command *command, const char *word, struct error *err)
{
	AUTO_BUF words = BUF_INIT;

	for (size_t i = 0; command->verbs[i]; i++)
		buf_printf(&words, "%s%s", i ? ", " : "", verb_word(command->verbs[i]));
	if (word)
		error_set(err, ERROR_USAGE, EINVAL, "%s '%s': must be one of %s", command->name,
			  word, buf_str(&words));
	else
		error_set(err, ERROR_USAGE, EINVAL, "missing verb: give one of %s",
			  buf_str(&words));
	if (word)
		hint_near(command, word, err);
	return cli_hint_help(command->name, err);
}

static int refuse_option(const struct command *command, const struct command *verb,
			 const char *option, struct error *err)
{
	AUTO_BUF owners = BUF_INIT;

	for (size_t i = 0; command->verbs[i]; i++) {
		const struct command *owner = command->verbs[i];

		if (has_option(owner->options, option))
			buf_printf(&owners, "%s'%s'", owners.len ? " and " : "", owner->name);
	}
	error_set(err, ERROR_USAGE, EINVAL, "--%s goes with %s", option, buf_str(&owners));
	return error_hint(err, "mnmivm-se help %s", verb->name);
}

static int check_options(const struct command *command, const struct command *verb,
			 const struct cli_args *args, struct error *err)
{
	for (size_t i = 0; args->options[i].name; i++) {
		const char *name = args->options[i].name;

		if (args->values[i].n && !has_option(verb->options, name) &&
		    !has_option(cli_global_options, name))
			return refuse_option(command, verb, name, err);
	}
	return 0;
}

static void drop_first(struct strv *words)
{
	struct strv rest = STRV_INIT;

	for (size_t i = 1; i < words->n; i++)
		strv_push(&rest, words->v[i]);
	strv_done(words);
	*words = rest;
}

int verb_take(const struct command *command, struct cli_args *args, const struct command **ret,
	      struct error *err)
{
	const char *word = args->words.n ? args->words.v[0] : NULL;
	const struct command *verb = word ? verb_find(command, word) : NULL;
	int r = verb ? check_options(command, verb, args, err) : refuse_word(command, word, err);

	if (r)
		return r;
	drop_first(&args->words);
	*ret = verb;
	return 0;
}
