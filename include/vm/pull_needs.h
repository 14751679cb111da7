/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pull wants of this host, before any network. */
#ifndef VM_PULL_NEEDS_H
#define VM_PULL_NEEDS_H

#include "vm/host.h"

enum vm_pull_need {
	VM_PULL_LIBCURL,
	VM_PULL_LIBCRYPTO,
	VM_PULL_LIBARCHIVE, /* for images that are compressed */
	VM_PULL_CERTIFICATES, /* of those who may sign a server's */
};
enum { VM_PULL_NEEDS = VM_PULL_CERTIFICATES + 1 };
extern const char *const vm_pull_need_words[]; /* "libcurl", "libcrypto", ...; NULL-terminated */

/* ERROR_HOST with a hint: it is not there. A library stays loaded. */
int vm_pull_need_check(const struct vm_host *host, enum vm_pull_need need, struct error *err);

#endif
