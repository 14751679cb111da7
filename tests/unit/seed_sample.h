/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A specification of a seed to begin with, and a look at the documents that come of it. */
#ifndef TESTS_SEED_SAMPLE_H
#define TESTS_SEED_SAMPLE_H

#include "seed/seed.h"
#include "suite.h"

/* A specification with everything it points to. */
struct sample {
	struct seed_spec spec;
	struct seed_nic nics[8];
	struct strv keys, addresses, dns, search;
	struct seed_documents documents;
};

/* A VM "web1" with a NIC of static addresses, a key, and all else but a user. */
void sample_make(struct sample *sample);
void sample_done(struct sample *sample);

/* Its documents. */
void build(struct sample *sample);

void assert_has(const struct buf *document, const char *words);
void assert_lacks(const struct buf *document, const char *words);

/* Refused with these words, and what documents held before is still there. EINVAL, or another. */
void assert_refused(struct sample *sample, const char *words);
void assert_refused_with(struct sample *sample, int code, const char *words);

#endif
