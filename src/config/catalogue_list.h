/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue's entries by name, for those who put some in. */
#ifndef CONFIG_CATALOGUE_LIST_H
#define CONFIG_CATALOGUE_LIST_H

#include "config/catalogue.h"

struct catalogue_entry *catalogue_entry_new(const char *name, char *origin); /* takes origin */
void catalogue_entry_free(struct catalogue_entry *entry);

/* Where the entry of that name is, or belongs; true: it is there. */
bool catalogue_place(const struct catalogue *catalogue, const char *name, size_t *ret);

/* Takes the entry; one of its name is replaced. */
void catalogue_put(struct catalogue *catalogue, struct catalogue_entry *entry);

#endif
