/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a bridge's port that make the guard and the isolation. */
#ifndef NET_TAP_SETTING_H
#define NET_TAP_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "link.h"
#include "net/tap.h"

struct tap_setting {
	const char *name; /* "lock" */
	int attribute; /* IFLA_BRPORT_... */
	size_t field; /* of struct link_info: an enum port_state */
};
extern const struct tap_setting tap_settings[];
extern const size_t n_tap_settings;

/* What tap_open() sets it to. */
bool tap_setting_value(const struct tap_setting *setting, const struct tap_spec *spec);

enum port_state tap_setting_state(const struct tap_setting *setting, const struct link_info *link);

/*
 * Is it as asked? A setting that the kernel does not know is, where what is asked for is what
 * such a kernel does anyway.
 */
bool tap_setting_is_right(const struct tap_setting *setting, const struct tap_spec *spec,
			  const struct link_info *link);

#endif
