/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM may use of the host, and which layers of confinement it may go without. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/layer.h"
#include "base/parse.h"
#include "config/vm_config.h"
#include "keys.h"

enum { IO_OPERATIONS_MAX = 1000000000 };
#define MIB ((uint64_t)1 << 20)
#define IO_BYTES_MAX ((uint64_t)1 << 50)

static int parse_nice(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	const char *what = config_key_name(key);
	bool negative = text[0] == '-';
	struct error ignored = ERROR_INIT;
	uint64_t value;

	/* its words would be of the digits alone, and of half the range */
	if (parse_u64(what, text + negative, 0, negative ? -VM_NICE_MIN : VM_NICE_MAX, &value,
		      &ignored) < 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': must be a number from %d to %d", what, text,
				 VM_NICE_MIN, VM_NICE_MAX);
	*(int *)field = negative ? -(int)value : (int)value;
	return 0;
}

static void format_nice(const struct config_key *key, const void *field, struct buf *ret)
{
	int value = *(const int *)field;

	(void)key;
	if (value)
		buf_printf(ret, "%d", value);
}

static void clear_nice(void *field)
{
	*(int *)field = 0;
}

static int parse_memory_max(const struct config_key *key, const char *text, void *field,
			    struct error *err)
{
	const char *what = config_key_name(key);
	struct vm_limits *limits = field;
	uint64_t bytes = 0;
	bool off = strcmp(text, "off") == 0;
	int r = 0;

	if (!off && strcmp(text, "auto") != 0)
		r = parse_size(what, text, MIB, VM_MEMORY_MIB_MIN * MIB, VM_MEMORY_MIB_MAX * MIB,
			       &bytes, err);
	if (r == 0 && bytes % MIB)
		r = error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': not a multiple of 1M", what,
			      text);
	if (r < 0)
		return error_hint(err, "a size such as %s=2G, or %s=auto, or %s=off", what, what,
				  what);
	limits->memory_max_mib = bytes / MIB;
	limits->memory_unlimited = off;
	return 0;
}

static void format_memory_max(const struct config_key *key, const void *field, struct buf *ret)
{
	const struct vm_limits *limits = field;

	(void)key;
	if (limits->memory_unlimited)
		buf_puts(ret, "off");
	else if (limits->memory_max_mib)
		buf_printf(ret, "%" PRIu64 "M", limits->memory_max_mib);
	else
		buf_puts(ret, "auto");
}

static void clear_memory_max(void *field)
{
	struct vm_limits *limits = field;

	limits->memory_max_mib = 0;
	limits->memory_unlimited = false;
}

const struct value_type value_nice = { parse_nice, format_nice, clear_nice, NULL };
const struct value_type value_memory_max = { parse_memory_max, format_memory_max, clear_memory_max,
					     NULL };

static int parse_range(const char *what, const char *text, struct cpu_range *ret, struct error *err)
{
	const char *dash = strchr(text, '-');
	AUTO_FREE char *first = xstrndup(text, dash ? (size_t)(dash - text) : strlen(text));
	uint64_t from, to;
	int r = parse_u64(what, first, 0, VM_CPU_PIN_MAX, &from, err);

	if (r < 0)
		return r;
	to = from;
	if (dash)
		r = parse_u64(what, dash + 1, 0, VM_CPU_PIN_MAX, &to, err);
	if (r == 0 && to < from)
		r = error_set(err, ERROR_USAGE, EINVAL,
			      "parse %s '%s': a range ends before it begins", what, text);
	if (r == 0)
		*ret = (struct cpu_range){ (unsigned int)from, (unsigned int)to };
	return r;
}

int cpu_list_parse(const char *what, const char *text, struct cpu_range ret[VM_CPU_RANGES_MAX],
		   unsigned int *ret_n, struct error *err)
{
	struct cpu_range ranges[VM_CPU_RANGES_MAX];
	AUTO_STRV words = STRV_INIT;

	strv_split(&words, text, ',');
	if (!words.n || words.n > VM_CPU_RANGES_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': not a list of CPUs such as 2-5,8", what, text);
	for (size_t i = 0; i < words.n; i++) {
		int r = parse_range(what, words.v[i], &ranges[i], err);

		if (r < 0)
			return r;
	}
	memcpy(ret, ranges, words.n * sizeof(*ranges));
	*ret_n = (unsigned int)words.n;
	return 0;
}

int check_cpu_list(const char *what, const char *text, struct error *err)
{
	struct cpu_range ranges[VM_CPU_RANGES_MAX];
	unsigned int n;

	return cpu_list_parse(what, text, ranges, &n, err);
}

static int parse_io_word(const char *what, char *word, struct io_max *io, struct error *err)
{
	const struct {
		const char *name;
		uint64_t *rate;
		uint64_t max;
	} keys[] = {
		{ "rbps", &io->rbps, IO_BYTES_MAX },
		{ "wbps", &io->wbps, IO_BYTES_MAX },
		{ "riops", &io->riops, IO_OPERATIONS_MAX },
		{ "wiops", &io->wiops, IO_OPERATIONS_MAX },
	};
	char *value = strchr(word, '=');
	AUTO_FREE char *named = NULL;

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < ARRAY_SIZE(keys); i++) {
		if (strcmp(word, keys[i].name) != 0)
			continue;
		if (*keys[i].rate)
			return error_set(err, ERROR_USAGE, EINVAL, "parse %s: '%s' is given twice",
					 what, word);
		named = xasprintf("%s %s", what, word);
		return parse_size(named, value, 1, 1, keys[i].max, keys[i].rate, err);
	}
	return error_set(err, ERROR_USAGE, EINVAL,
			 "parse %s '%.40s': not one of rbps=, wbps=, riops=, wiops=", what, word);
}

int io_max_parse(const char *what, const char *text, struct io_max *ret, struct error *err)
{
	struct io_max io = { 0 };
	AUTO_STRV words = STRV_INIT;
	int r = 0;

	strv_split(&words, text, ' ');
	if (!words.n)
		return error_set(err, ERROR_USAGE, EINVAL, "parse %s: must not be empty", what);
	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = parse_io_word(what, words.v[i], &io, err);
	if (r < 0)
		return strchr(text, ',') ? error_hint(err, "blanks stand between the rates: "
							   "'rbps=10M wbps=10M'")
					 : r;
	*ret = io;
	return 0;
}

int check_io_max(const char *what, const char *text, struct error *err)
{
	struct io_max io;

	return io_max_parse(what, text, &io, err);
}

int check_layer(const char *what, const char *text, struct error *err)
{
	int layer;

	return parse_choice(what, text, layer_words, &layer, err);
}

int check_cgroup_folder(const char *what, const char *text, struct error *err)
{
	if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0)
		return 0;
	return check_path(what, text, err);
}

static unsigned int layers_of(const struct strv *words)
{
	struct error ignored = ERROR_INIT;
	unsigned int mask = 0;
	int layer;

	for (size_t i = 0; i < words->n; i++) {
		if (parse_choice("", words->v[i], layer_words, &layer, &ignored) == 0)
			mask |= LAYER_BIT(layer);
	}
	return mask;
}

unsigned int vm_config_allowed_missing(const struct vm_config *config,
				       const struct host_config *host)
{
	return layers_of(&config->allow_missing) | layers_of(&host->allow_missing);
}
