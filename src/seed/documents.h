/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What seed_build() puts together. */
#ifndef SEED_DOCUMENTS_H
#define SEED_DOCUMENTS_H

#include "seed/seed.h"

/* Append the document to ret, which is half written after a failure. */
int user_data_build(const struct seed_spec *spec, struct buf *ret, struct error *err);
int network_config_build(const struct seed_spec *spec, struct buf *ret, struct error *err);

#endif
