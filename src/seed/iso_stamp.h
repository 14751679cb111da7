/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One fixed time for an ISO 9660 image, and a note of what is in it. */
#ifndef SEED_ISO_STAMP_H
#define SEED_ISO_STAMP_H

#include <stdbool.h>
#include <stddef.h>

enum { ISO_NOTE_MAX = 2047 };

/*
 * Replace every time in an image that libarchive wrote by 1980-01-01 00:00 UTC, so that equal files
 * give equal images: its writer takes the volume's time from the clock, files' in the host's time
 * zone, and both cannot be set (3.8). Only the root directory is walked. The note, at most
 * ISO_NOTE_MAX bytes, takes the place of libarchive's own. False when the image is not of the known
 * layout.
 */
bool iso_stamp(unsigned char *image, size_t len, const char *note);

/* Is this, all of it, the note of the image? Any bytes may be asked about. */
bool iso_has_note(const unsigned char *image, size_t len, const char *note);

#endif
