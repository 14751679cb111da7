/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as JSON, the same in list and show. */
#ifndef CLI_INFO_JSON_H
#define CLI_INFO_JSON_H

#include "vm/status.h"

struct json_t;

/* The keys of `list`: sizes in bytes, times in seconds. A new reference. */
struct json_t *info_json(const struct vm_info *info);

#endif
