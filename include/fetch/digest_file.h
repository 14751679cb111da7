/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files in which distributions publish digests. Hostile text; the fuzz entry. */
#ifndef FETCH_DIGEST_FILE_H
#define FETCH_DIGEST_FILE_H

#include <stddef.h>

#include "config/types.h"
#include "fetch/digest.h"

enum { DIGEST_FILE_MAX = 1 << 20 };

/*
 * The digest of the file called name (no folders; in the text folders in front of it are looked
 * past). Lines of other shapes (comments, OpenPGP armour) and of weaker algorithms are skipped. Of
 * several algorithms the strongest counts. ERROR_VERIFY: no line names it, two of them disagree,
 * or a line that names it is broken; the text may be of another style, which then is said.
 * DIGEST_STYLE_BARE: the text is one hash, whatever blanks around, and perhaps a name behind it,
 * which then must be ours; with DIGEST_STYLE_LONE it may be another one. origin names the text in
 * messages.
 */
int digest_file_find(const char *origin, const char *text, size_t len, enum digest_style style,
		     const char *name, struct digest *ret, struct error *err);

#endif
