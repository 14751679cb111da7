/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Name servers of the host, as far as a guest can reach them. */
#ifndef VM_RESOLV_H
#define VM_RESOLV_H

#include "base/strv.h"

/*
 * Append the `nameserver` lines of a resolv.conf(5) text until ret has three, each once, without
 * loopback and link-local addresses.
 */
void resolv_parse(const char *text, struct strv *ret);

/* /etc/resolv.conf, or systemd-resolved's own list when that has none but its stub. */
void resolv_read(struct strv *ret);

#endif
