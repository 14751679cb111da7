/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may sign the certificate of a server. */
#ifndef VM_CA_H
#define VM_CA_H

#include "base/buf.h"
#include "base/error.h"

enum { CA_BYTES_MAX = 4 << 20 };

/*
 * Read file (ca_file of the configuration), or where it is NULL the bundle of the distribution,
 * which replaces what ret holds. ERROR_HOST with a hint: there is none, or it has no certificate in
 * it.
 */
int ca_read(const char *file, struct buf *ret, struct error *err);

#endif
