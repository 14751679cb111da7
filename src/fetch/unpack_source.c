/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libarchive reads: a packed file, by the one filter that it begins with, under bounds. */
#include "unpack_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "fetch/unpack.h"
#include "libarchive.h"

/*
 * libarchive is told which filter there is, by the magic number, and looks for no other: left to
 * itself it unpacks 25 layers, each of them a thousand times as large as the one around it. A
 * second layer is what the image is then, and no disk.
 */
static const struct packing {
	unsigned int offset;
	const char *magic;
	size_t length;
	int filter;
} packings[] = {
	{ 0, "\3757zXZ", 6, ARCHIVE_FILTER_XZ },
	{ 0, "\x1f\x8b", 2, ARCHIVE_FILTER_GZIP },
	{ 0, "\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD },
	{ 0, "BZh", 3, ARCHIVE_FILTER_BZIP2 },
	{ 257, "ustar", 5, ARCHIVE_FILTER_NONE },
};

/* A chunk of zstd can unpack to 32768 times its size, and only between two are bytes counted. */
enum { READ_CHUNK = 1 << 16, OVERHEAD_MAX = 1 << 24 };

static struct unpack_library lib; /* filled by unpack_prepare() */

static const struct packing *find_packing(int fd)
{
	char head[512];
	ssize_t len = pread(fd, head, sizeof(head), 0);

	for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
		const struct packing *packing = &packings[i];

		if (len >= (ssize_t)(packing->offset + packing->length) &&
		    memcmp(head + packing->offset, packing->magic, packing->length) == 0)
			return packing;
	}
	return NULL;
}

bool unpack_wants(int fd)
{
	return find_packing(fd) != NULL;
}

int unpack_prepare(struct error *err)
{
	static const char *const names[] = { UNPACK_FUNCTIONS(LIBRARY_NAME) NULL };

	int r = gzip_prepare(err);

	return r ? r : library_load(&library_libarchive, names, &lib, err);
}

int unpack_refuse(const struct unpack_source *source, struct error *err, const char *fmt, ...)
{
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return error_set(err, ERROR_VERIFY, EBADMSG, "unpack '%s': %s", source->name, why);
}

int unpack_refuse_size(const struct unpack_source *source, struct error *err)
{
	char max[SIZE_TEXT_MAX];

	size_format(source->max, max);
	return unpack_refuse(source, err, "it holds more than %s", max);
}

/*
 * What libarchive says, which may have words of the archive in it. Without a format it has not seen
 * a single byte, or else that would be raw, and says no more than that it knows none.
 */
static int refuse_archive(const struct unpack_source *source, struct error *err)
{
	const char *text = lib.archive_error_string(source->archive);

	if (source->endless)
		return unpack_refuse_size(source, err);
	if (source->read_error)
		return error_errno(err, source->read_error, "read '%s'", source->name);
	if (source->gzip.broken)
		return unpack_refuse(source, err, "it is cut off or broken: %s",
				     source->gzip.broken);
	if (lib.archive_errno(source->archive) == ENOMEM)
		return unpack_refuse(source, err, "it takes more memory than there may be for it");
	if (!lib.archive_format(source->archive))
		return unpack_refuse(source, err,
				     "it is empty, broken at its beginning, or takes more memory "
				     "than there may be for it");
	return unpack_refuse(source, err, "it is cut off or broken%s%s", text ? ": " : "",
			     text ? text : "");
}

/*
 * What is skipped costs as much time as what is not. An entry's own word is not enough: a sparse
 * one is longer than it says, and behind the last one there may be zeros without end.
 */
static bool is_endless(const struct unpack_source *source)
{
	la_int64_t unpacked = lib.archive_filter_bytes(source->archive, 0);

	return unpacked > 0 && (uint64_t)unpacked / 2 > source->max + OVERHEAD_MAX / 2;
}

static ssize_t read_file(void *arg, const char **ret)
{
	struct unpack_source *source = arg;
	ssize_t len;

	do
		len = pread(source->fd, source->chunk, READ_CHUNK, (off_t)source->read);
	while (len < 0 && errno == EINTR);
	source->read_error = len < 0 ? errno : 0;
	if (len > 0)
		source->read += (uint64_t)len;
	*ret = source->chunk;
	return len;
}

static la_ssize_t read_chunk(struct archive *archive, void *arg, const void **ret)
{
	struct unpack_source *source = arg;
	const char *chunk;
	ssize_t len;

	(void)archive;
	source->endless = is_endless(source);
	if (source->endless)
		return -1;
	if (source->gzip.open) {
		*ret = source->plain;
		return gzip_read(&source->gzip, source->plain, READ_CHUNK);
	}
	len = read_file(source, &chunk);
	*ret = chunk;
	return len;
}

/* gzip is ours to unpack: libarchive's filter takes any checksum. */
static int open_gzip(struct unpack_source *source, struct error *err)
{
	source->plain = xmalloc(READ_CHUNK);
	source->gzip = (struct gzip){ .fill = read_file, .arg = source };
	if (gzip_open(&source->gzip))
		return 0;
	return error_set(err, ERROR_FAILED, ENOMEM, "unpack '%s': no memory", source->name);
}

static int append_filter(struct unpack_source *source, int filter, struct error *err)
{
	if (filter == ARCHIVE_FILTER_GZIP)
		return open_gzip(source, err);
	/* without its library libarchive offers a program in its place, and warns */
	if (filter == ARCHIVE_FILTER_NONE ||
	    lib.archive_read_append_filter(source->archive, filter) == ARCHIVE_OK)
		return 0;
	return error_set(err, ERROR_HOST, EOPNOTSUPP,
			 "unpack '%s': this libarchive was built without that compression",
			 source->name);
}

/* raw is for what is compressed, and nothing else: any file is that. */
static int set_up(struct unpack_source *source, const struct packing *packing, struct error *err)
{
	struct archive *archive = source->archive;
	bool filtered = packing->filter != ARCHIVE_FILTER_NONE;
	int r = append_filter(source, packing->filter, err);

	if (r)
		return r;
	if ((filtered && lib.archive_read_support_format_raw(archive) != ARCHIVE_OK) ||
	    lib.archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    /* to the end of the file, so that every checksum is seen */
	    lib.archive_read_set_options(archive, "tar:read_concatenated_archives") != ARCHIVE_OK ||
	    lib.archive_read_open(archive, source, NULL, read_chunk, NULL) != ARCHIVE_OK)
		return refuse_archive(source, err);
	return 0;
}

int unpack_source_open(struct unpack_source *source, struct error *err)
{
	const struct packing *packing = find_packing(source->fd);
	int r;

	if (!packing)
		return unpack_refuse(source, err, "it is neither compressed nor a tar archive");
	source->archive = lib.archive_read_new();
	if (!source->archive)
		return error_set(err, ERROR_FAILED, ENOMEM, "unpack '%s': no memory", source->name);
	source->chunk = xmalloc(READ_CHUNK);
	source->read = 0;
	r = set_up(source, packing, err);
	if (r)
		unpack_source_done(source);
	return r;
}

void unpack_source_done(struct unpack_source *source)
{
	if (source->archive)
		lib.archive_read_free(source->archive);
	source->archive = NULL;
	gzip_close(&source->gzip);
	free(source->chunk);
	free(source->plain);
	source->chunk = source->plain = NULL;
}

int unpack_source_next(struct unpack_source *source, struct unpack_entry *ret, struct error *err)
{
	struct archive_entry *entry;
	int status = lib.archive_read_next_header(source->archive, &entry);

	if (status == ARCHIVE_EOF)
		return 0;
	/* a warning is about names and attributes, which nobody wants */
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		return refuse_archive(source, err);
	*ret = (struct unpack_entry){
		.path = lib.archive_entry_pathname(entry),
		.is_whole = lib.archive_format(source->archive) == ARCHIVE_FORMAT_RAW,
		.is_file = lib.archive_entry_filetype(entry) == S_IFREG,
		.has_size = lib.archive_entry_size_is_set(entry),
		.size = lib.archive_entry_size(entry),
	};
	return 1;
}

int unpack_source_piece(struct unpack_source *source, struct unpack_piece *ret, struct error *err)
{
	la_int64_t offset = 0;
	int status = lib.archive_read_data_block(source->archive, &ret->data, &ret->len, &offset);

	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK)
		return refuse_archive(source, err);
	ret->offset = offset;
	return 1;
}

/* gzip and bzip2 end where no further stream begins, whatever is there instead. */
int unpack_source_end(const struct unpack_source *source, struct error *err)
{
	int64_t unpacked = source->gzip.open ? (int64_t)source->gzip.consumed
					     : lib.archive_filter_bytes(source->archive, -1);
	struct stat st;

	if (fstat(source->fd, &st) < 0)
		return error_errno(err, errno, "stat '%s'", source->name);
	if (unpacked != st.st_size)
		return unpack_refuse(source, err, "it goes on behind its end");
	return 0;
}
