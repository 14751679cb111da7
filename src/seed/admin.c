/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admin's own user-data and network-config: what they are, and whether they can work. */
#include "admin.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "yaml_look.h"

/* cloud-init's handlers/__init__.py, INCLUSION_TYPES_MAP (22.4 to 26.2); longer prefixes first. */
static const struct admin_format formats[] = {
	{ "#cloud-config-archive", "text/cloud-config-archive" },
	{ "#cloud-config-jsonp", "text/cloud-config-jsonp" },
	{ "#cloud-config", "text/cloud-config" },
	{ "#cloud-boothook", "text/cloud-boothook" },
	{ "#part-handler", "text/part-handler" },
	{ "#include-once", "text/x-include-once-url" },
	{ "#include", "text/x-include-url" },
	{ "#!", "text/x-shellscript" },
	{ "## template: jinja", "text/jinja2" },
	{ "Content-Type:", NULL },
	{ "MIME-Version:", NULL },
};

/* Does the text begin with this prefix as a word of its own? */
static bool has_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncasecmp(text, prefix, len))
		return false;
	if (!isalnum((unsigned char)prefix[len - 1]))
		return true;
	return !text[len] || isspace((unsigned char)text[len]);
}

static const struct admin_format *format_find(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (has_prefix(text, formats[i].prefix))
			return &formats[i];
	}
	return NULL;
}

static int check_cloud_config(const char *text, struct error *err)
{
	struct yaml_look users = { .key = "users" };
	int r = yaml_look("user-data", text, &users, 1, err);

	if (r < 0)
		return r;
	if (users.kind == YAML_ABSENT || users.kind == YAML_LIST)
		return 0;
	error_set(err, ERROR_USAGE, EINVAL, "merge user-data: 'users' is no list");
	return error_hint(err, "write one \"- name: NAME\" a user below \"users:\"");
}

int admin_check_user_data(const char *text, const struct admin_format **ret, struct error *err)
{
	const struct admin_format *format = format_find(text);

	if (!format) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "use user-data: its first line names no cloud-init format");
		return error_hint(err, "begin with #cloud-config, #!/bin/sh, #include, "
				       "## template: jinja or the headers of a MIME message");
	}
	if (format->content_type && !strcmp(format->content_type, "text/cloud-config")) {
		int r = check_cloud_config(text, err);

		if (r < 0)
			return r;
	}
	*ret = format;
	return 0;
}

/* A quoted "2" is a string to cloud-init, and no version. */
static bool is_version(const struct yaml_look *look)
{
	return look->kind == YAML_PLAIN && (!strcmp(look->text, "1") || !strcmp(look->text, "2"));
}

int admin_check_network_config(const char *text, struct error *err)
{
	struct yaml_look looks[] = {
		{ .key = "network" },
		{ .key = "version" },
		{ .outer = "network", .key = "version" },
	};
	int r = yaml_look("network-config", text, looks, ARRAY_SIZE(looks), err);

	if (r < 0)
		return r;
	if (is_version(&looks[looks[0].kind == YAML_ABSENT ? 1 : 2]))
		return 0;
	error_set(err, ERROR_USAGE, EINVAL, "use network-config: no 'version: 1' or 'version: 2'");
	return error_hint(err, "put \"version: 2\" in front of \"ethernets:\"");
}
