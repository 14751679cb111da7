/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers that nothing else has. */
#ifndef VM_RANDOM_ID_H
#define VM_RANDOM_ID_H

#include "base/error.h"

/* Replace *ret (freed) by prefix and 16 random hexadecimal digits. */
int random_id(const char *prefix, char **ret, struct error *err);

#endif
