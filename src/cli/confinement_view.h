/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's confinement, for people and for programs. */
#ifndef CLI_CONFINEMENT_VIEW_H
#define CLI_CONFINEMENT_VIEW_H

#include "vm/confinement.h"

struct json_t;

/* Lines of status --verbose. */
void confinement_print(const struct vm_confinement *confinement);

/* The object of status --format json; a new reference. */
struct json_t *confinement_json(const struct vm_confinement *confinement);

/* "none", "unknown", or the five sets in hexadecimal. */
enum { CAPABILITIES_TEXT_MAX = 96 };
void capabilities_format(const struct vm_confinement *confinement, char out[CAPABILITIES_TEXT_MAX]);

#endif
