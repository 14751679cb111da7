/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that several commands read the same way. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/strv.h"
#include "options.h"
#include "output.h"

enum { TIMEOUT_MAX_S = 7 * 24 * 3600 };

int option_timeout(const struct cli_args *args, unsigned int fallback, unsigned int *ret,
		   struct error *err)
{
	const char *text = cli_value(args, "timeout");
	uint64_t value = fallback;
	int r = text ? parse_u64("'--timeout'", text, 0, TIMEOUT_MAX_S, &value, err) : 0;

	if (!r)
		*ret = (unsigned int)value;
	return r;
}

int option_wait(const struct cli_args *args, bool *ret_wanted, enum vm_wait_for *ret,
		struct error *err)
{
	static const char *const words[] = { "ip", "ssh", "cloud-init", NULL };
	const char *text = cli_value(args, "wait");
	int index = VM_WAIT_SSH;
	int r = text && *text ? parse_choice("'--wait'", text, words, &index, err) : 0;

	if (r)
		return r;
	*ret_wanted = text != NULL;
	*ret = (enum vm_wait_for)index;
	return 0;
}

void print_plan(const struct cli *cli, const char *text)
{
	json_t *array;
	AUTO_STRV lines = STRV_INIT;

	if (!cli->json) {
		fputs(text, stdout);
		return;
	}
	strv_split(&lines, text, '\n');
	array = json_array();
	for (size_t i = 0; i < lines.n; i++)
		json_array_append_new(array, json_string(lines.v[i]));
	output_json(array);
}

void say(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	if (cli->quiet)
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}
