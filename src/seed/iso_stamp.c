/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One fixed time for an ISO 9660 image, and a note of what is in it. */
#include "iso_stamp.h"

#include <string.h>

/* ECMA-119 with its byte positions counted from 0. */
enum {
	SECTOR = 2048,
	FIRST_DESCRIPTOR = 16,
	DESCRIPTORS_MAX = 8,
	TYPE_PRIMARY = 1,
	TYPE_SUPPLEMENTARY = 2, /* Joliet */
	TYPE_TERMINATOR = 255,
	VOLUME_ROOT = 156, /* the root's directory record */
	VOLUME_CREATED = 813,
	VOLUME_MODIFIED = 830,
	VOLUME_EFFECTIVE = 864,
	RECORD_EXTENT = 2, /* little-endian half of both */
	RECORD_SIZE = 10,
	RECORD_TIME = 18,
	RECORD_NAME_LENGTH = 32,
	RECORD_NAME = 33,
	LONG_TIME = 17,
	SHORT_TIME = 7,
	RRIP_HEADER = 4,
};

static const char long_time[LONG_TIME] = "1980010100000000"; /* and an offset of 0 from UTC */
static const unsigned char short_time[SHORT_TIME] = { 80, 1, 1, 0, 0, 0, 0 };

static size_t le32(const unsigned char *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

/* Stamp the TF entry (RRIP 4.1.6, short form) among a record's system use fields. */
static void stamp_rock_ridge(unsigned char *p, const unsigned char *end)
{
	while (end - p >= RRIP_HEADER && p[2] >= RRIP_HEADER && p[2] <= end - p) {
		unsigned char *time = p + RRIP_HEADER + 1;

		if (!memcmp(p, "TF", 2)) {
			for (; p + p[2] - time >= SHORT_TIME; time += SHORT_TIME)
				memcpy(time, short_time, SHORT_TIME);
		}
		p += p[2];
	}
}

static bool stamp_record(unsigned char *record, size_t size)
{
	size_t system_use;

	if (size <= RECORD_NAME)
		return false;
	system_use = RECORD_NAME + (record[RECORD_NAME_LENGTH] | 1u);
	if (system_use > size)
		return false;
	memcpy(record + RECORD_TIME, short_time, SHORT_TIME);
	stamp_rock_ridge(record + system_use, record + size);
	return true;
}

/* No record crosses a sector; a size of 0 says that the rest of it is empty. */
static bool stamp_directory(unsigned char *image, size_t len, const unsigned char *root)
{
	size_t at = le32(root + RECORD_EXTENT) * SECTOR;
	size_t end = at + le32(root + RECORD_SIZE);

	if (end > len)
		return false;
	while (at < end) {
		size_t size = image[at];

		if (!size) {
			at += SECTOR - at % SECTOR;
			continue;
		}
		if (size > end - at || !stamp_record(image + at, size))
			return false;
		at += size;
	}
	return true;
}

static bool stamp_volume(unsigned char *image, size_t len, unsigned char *descriptor)
{
	unsigned char *root = descriptor + VOLUME_ROOT;

	memcpy(descriptor + VOLUME_CREATED, long_time, LONG_TIME);
	memcpy(descriptor + VOLUME_MODIFIED, long_time, LONG_TIME);
	memcpy(descriptor + VOLUME_EFFECTIVE, long_time, LONG_TIME);
	memcpy(root + RECORD_TIME, short_time, SHORT_TIME);
	return stamp_directory(image, len, root);
}

/*
 * The sector behind the descriptors, where libarchive notes its time and options; nobody reads it.
 */
static size_t find_note(const unsigned char *image, size_t len)
{
	for (size_t i = FIRST_DESCRIPTOR; i < FIRST_DESCRIPTOR + DESCRIPTORS_MAX; i++) {
		const unsigned char *descriptor = image + i * SECTOR;

		if (len < (i + 2) * SECTOR || memcmp(descriptor + 1, "CD001", 5))
			return 0;
		if (descriptor[0] == TYPE_TERMINATOR)
			return (i + 1) * SECTOR;
	}
	return 0;
}

bool iso_stamp(unsigned char *image, size_t len, const char *note)
{
	size_t note_at = find_note(image, len);

	if (!note_at || strlen(note) > ISO_NOTE_MAX)
		return false;
	for (size_t at = (size_t)FIRST_DESCRIPTOR * SECTOR; at + SECTOR < note_at; at += SECTOR) {
		unsigned char *descriptor = image + at;

		if ((descriptor[0] == TYPE_PRIMARY || descriptor[0] == TYPE_SUPPLEMENTARY) &&
		    !stamp_volume(image, len, descriptor))
			return false;
	}
	memset(image + note_at, 0, SECTOR);
	memcpy(image + note_at, note, strlen(note) + 1);
	return true;
}

bool iso_has_note(const unsigned char *image, size_t len, const char *note)
{
	size_t at = find_note(image, len), size = strlen(note) + 1;

	return at && size <= SECTOR && !memcmp(image + at, note, size);
}
