/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admin's own user-data and network-config: what they are, and whether they can work. */
#ifndef SEED_ADMIN_H
#define SEED_ADMIN_H

#include "base/error.h"

/* A format of user-data, told by how its first line begins, letter case aside. */
struct admin_format {
	const char *prefix;
	const char *content_type; /* NULL: a MIME message, which has headers of its own */
};

/*
 * Find the format of user-data (a literal); ERROR_USAGE with the formats in the hint. Plain
 * #cloud-config must be a YAML mapping whose `users` is a list, for it is merged with ours.
 */
int admin_check_user_data(const char *text, const struct admin_format **ret, struct error *err);

/* A YAML mapping with `version: 1` or `version: 2`, at its top or below `network`. */
int admin_check_network_config(const char *text, struct error *err);

#endif
