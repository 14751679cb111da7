/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of values in both configuration files: each reads and writes one sort of field. */
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/mac.h"
#include "base/parse.h"
#include "base/strv.h"
#include "keys.h"

#define MIB ((uint64_t)1 << 20)

/* Each further part is added to a copy of all before it: no end would be quadratic. */
enum { LIST_MAX = 256 };

static int parse_number64(const struct config_key *key, const char *text, void *field,
			  struct error *err)
{
	return parse_u64(config_key_name(key), text, key->min, key->max, field, err);
}

static void format_number64(const struct config_key *key, const void *field, struct buf *ret)
{
	const uint64_t *value = field;

	if (*value || !key->optional)
		buf_printf(ret, "%" PRIu64, *value);
}

static void clear_number64(void *field)
{
	*(uint64_t *)field = 0;
}

static int parse_number(const struct config_key *key, const char *text, void *field,
			struct error *err)
{
	uint64_t value;
	int r = parse_number64(key, text, &value, err);

	if (r < 0)
		return r;
	*(unsigned int *)field = (unsigned int)value;
	return 0;
}

static void format_number(const struct config_key *key, const void *field, struct buf *ret)
{
	uint64_t value = *(const unsigned int *)field;

	format_number64(key, &value, ret);
}

static void clear_number(void *field)
{
	*(unsigned int *)field = 0;
}

static int parse_time(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	bool before = text[0] == '-'; /* 1970 */
	uint64_t max = (uint64_t)INT64_MAX + before, value;
	int r = parse_u64(config_key_name(key), text + before, 0, max, &value, err);

	if (r < 0)
		return r;
	*(int64_t *)field = (int64_t)(before ? 0 - value : value);
	return 0;
}

static void format_time(const struct config_key *key, const void *field, struct buf *ret)
{
	const int64_t *value = field;

	if (*value || !key->optional)
		buf_printf(ret, "%" PRId64, *value);
}

static void clear_time(void *field)
{
	*(int64_t *)field = 0;
}

static int parse_bytes(const struct config_key *key, const char *text, void *field,
		       struct error *err)
{
	uint64_t value;
	int r = parse_size(config_key_name(key), text, 1, key->min, key->max, &value, err);

	if (r < 0)
		return r;
	if (value % 512)
		return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': not a multiple of 512",
				 config_key_name(key), text);
	*(uint64_t *)field = value;
	return 0;
}

static int parse_memory(const struct config_key *key, const char *text, void *field,
			struct error *err)
{
	uint64_t value;
	int r = parse_size(config_key_name(key), text, MIB, key->min * MIB, key->max * MIB, &value,
			   err);

	if (r < 0)
		return r;
	if (value % MIB)
		return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': not a multiple of 1M",
				 config_key_name(key), text);
	*(uint64_t *)field = value / MIB;
	return 0;
}

static void format_memory(const struct config_key *key, const void *field, struct buf *ret)
{
	(void)key;
	buf_printf(ret, "%" PRIu64 "M", *(const uint64_t *)field);
}

/* An enum without negative enumerators is an unsigned int to gcc and clang. */
static int parse_word(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	int value;
	int r = parse_choice(config_key_name(key), text, key->choices, &value, err);

	if (r < 0)
		return r;
	*(unsigned int *)field = (unsigned int)value;
	return 0;
}

static void format_word(const struct config_key *key, const void *field, struct buf *ret)
{
	unsigned int value = *(const unsigned int *)field;

	for (unsigned int i = 0; key->choices[i]; i++) {
		if (i == value)
			buf_puts(ret, key->choices[i]);
	}
}

static int parse_string(const struct config_key *key, const char *text, void *field,
			struct error *err)
{
	int r = key->check(config_key_name(key), text, err);

	if (r < 0)
		return r;
	xreplace(field, text);
	return 0;
}

static void format_string(const struct config_key *key, const void *field, struct buf *ret)
{
	const char *const *value = field;

	(void)key;
	if (*value)
		buf_puts(ret, *value);
}

static void clear_string(void *field)
{
	xreplace(field, NULL);
}

static int add_string(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	AUTO_FREE char *joined = xasprintf("%s %s", *(char **)field, text);

	return parse_string(key, joined, field, err);
}

static int parse_list(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	size_t max = key->max ? key->max : LIST_MAX;
	AUTO_STRV list = STRV_INIT;
	int r;

	strv_split(&list, text, ',');
	if (list.n > max)
		return error_set(err, ERROR_USAGE, EINVAL, "parse %s: more than %zu elements",
				 config_key_name(key), max);
	for (size_t i = 0; i < list.n; i++) {
		r = key->check(config_key_name(key), list.v[i], err);
		if (r < 0)
			return r;
	}
	strv_copy(field, &list);
	return 0;
}

static void format_list(const struct config_key *key, const void *field, struct buf *ret)
{
	AUTO_FREE char *text = strv_join(field, ", ");

	(void)key;
	buf_puts(ret, text);
}

static int add_list(const struct config_key *key, const char *text, void *field, struct error *err)
{
	AUTO_FREE char *before = strv_join(field, ",");
	AUTO_FREE char *joined = xasprintf("%s,%s", before, text);

	return parse_list(key, joined, field, err);
}

static int parse_onoff(const struct config_key *key, const char *text, void *field,
		       struct error *err)
{
	return parse_bool(config_key_name(key), text, field, err);
}

static void format_onoff(const struct config_key *key, const void *field, struct buf *ret)
{
	(void)key;
	buf_puts(ret, *(const bool *)field ? "on" : "off");
}

static int parse_mac(const struct config_key *key, const char *text, void *field, struct error *err)
{
	(void)key;
	return mac_parse(text, field, err);
}

static void format_mac(const struct config_key *key, const void *field, struct buf *ret)
{
	char text[MAC_TEXT_MAX];

	(void)key;
	if (!mac_is_set(field))
		return;
	mac_format(field, text);
	buf_puts(ret, text);
}

static void clear_mac(void *field)
{
	*(struct mac *)field = (struct mac){ 0 };
}

static int parse_queues(const struct config_key *key, const char *text, void *field,
			struct error *err)
{
	uint64_t value = 0;
	int r = strcmp(text, "auto") == 0
			? 0
			: parse_u64(config_key_name(key), text, 1, key->max, &value, err);

	if (r == 0)
		*(unsigned int *)field = (unsigned int)value;
	return r;
}

static void format_queues(const struct config_key *key, const void *field, struct buf *ret)
{
	unsigned int value = *(const unsigned int *)field;

	(void)key;
	if (value)
		buf_printf(ret, "%u", value);
	else
		buf_puts(ret, "auto");
}

static int parse_uid(const struct config_key *key, const char *text, void *field, struct error *err)
{
	uid_t uid;
	int r = parse_number(key, text, &uid, err);

	if (r == 0)
		r = check_uids(config_key_name(key), uid, 1, err);
	if (r < 0)
		return r;
	*(uid_t *)field = uid;
	return 0;
}

static int parse_address(const struct config_key *key, const char *text, void *field,
			 struct error *err)
{
	struct ip_addr addr;
	int r;

	if (!key->optional && strcmp(text, "none") == 0) {
		*(struct ip_addr *)field = (struct ip_addr){ .family = AF_UNSPEC };
		return 0;
	}
	r = check_address(config_key_name(key), text, err);
	if (r < 0)
		return r;
	r = ip_parse(config_key_name(key), text, &addr, err);
	if (r == 0 && key->family && addr.family != key->family)
		r = error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': not an %s address",
			      config_key_name(key), text, key->family == AF_INET ? "IPv4" : "IPv6");
	if (r == 0)
		*(struct ip_addr *)field = addr;
	return r;
}

static void format_address(const struct config_key *key, const void *field, struct buf *ret)
{
	char text[IP_TEXT_MAX];

	(void)key;
	ip_format(field, text);
	buf_puts(ret, ((const struct ip_addr *)field)->family == AF_UNSPEC ? "none" : text);
}

static int parse_prefix(const struct config_key *key, const char *text, void *field,
			struct error *err)
{
	const char *what = config_key_name(key);
	struct ip_prefix prefix;
	int r = ip_prefix_parse(what, text, &prefix, err);

	if (r < 0)
		return r;
	if (prefix.length == IP_LENGTH_NONE || !prefix.length)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%s': not a network such as 192.168.1.0/24", what, text);
	*(struct ip_prefix *)field = prefix;
	return 0;
}

static void format_prefix(const struct config_key *key, const void *field, struct buf *ret)
{
	char text[IP_TEXT_MAX];

	(void)key;
	ip_prefix_format(field, text);
	buf_puts(ret, text);
}

const struct value_type value_number = { parse_number, format_number, clear_number, NULL };
const struct value_type value_number64 = { parse_number64, format_number64, clear_number64, NULL };
const struct value_type value_time = { parse_time, format_time, clear_time, NULL };
const struct value_type value_size = { parse_bytes, format_number64, NULL, NULL };
const struct value_type value_memory = { parse_memory, format_memory, NULL, NULL };
const struct value_type value_choice = { parse_word, format_word, NULL, NULL };
const struct value_type value_string = { parse_string, format_string, clear_string, NULL };
const struct value_type value_append = { parse_string, format_string, clear_string, add_string };
const struct value_type value_list = { parse_list, format_list, NULL, NULL };
const struct value_type value_long_list = { parse_list, format_list, NULL, add_list };
const struct value_type value_bool = { parse_onoff, format_onoff, NULL, NULL };
const struct value_type value_mac = { parse_mac, format_mac, clear_mac, NULL };
const struct value_type value_queues = { parse_queues, format_queues, NULL, NULL };
const struct value_type value_uid = { parse_uid, format_number, clear_number, NULL };
const struct value_type value_address = { parse_address, format_address, NULL, NULL };
const struct value_type value_prefix = { parse_prefix, format_prefix, NULL, NULL };
