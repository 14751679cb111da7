/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed and tar-wrapped images (libarchive): the body of a confined worker. */
#include "fetch/unpack.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
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
enum { READ_CHUNK = 1 << 16, ENTRIES_MAX = 1024, OVERHEAD_MAX = 1 << 24 };

static struct unpack_library lib; /* filled by unpack_prepare() */

struct unpacking {
	struct archive *archive;
	const char *name;
	int from, out;
	char *chunk;
	uint64_t read; /* bytes of from */
	int read_error; /* errno of the last read; 0: none */
	uint64_t max, done; /* bytes of out */
	uint64_t skipped; /* bytes of entries that are not the image: at most max, too */
	bool endless; /* more was unpacked than all of these */
};

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

	return library_load(&library_libarchive, names, &lib, err);
}

static int refuse(const struct unpacking *u, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct unpacking *u, struct error *err, const char *fmt, ...)
{
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return error_set(err, ERROR_VERIFY, EBADMSG, "unpack '%s': %s", u->name, why);
}

static int refuse_size(const struct unpacking *u, struct error *err)
{
	char max[SIZE_TEXT_MAX];

	size_format(u->max, max);
	return refuse(u, err, "it holds more than %s", max);
}

/*
 * What libarchive says, which may have words of the archive in it. Without a format it has not seen
 * a single byte, or else that would be raw, and says no more than that it knows none.
 */
static int refuse_archive(const struct unpacking *u, struct error *err)
{
	const char *text = lib.archive_error_string(u->archive);

	if (u->endless)
		return refuse_size(u, err);
	if (u->read_error)
		return error_errno(err, u->read_error, "read '%s'", u->name);
	if (lib.archive_errno(u->archive) == ENOMEM)
		return refuse(u, err, "it takes more memory than there may be for it");
	if (!lib.archive_format(u->archive))
		return refuse(u, err,
			      "it is empty, broken at its beginning, or takes more memory "
			      "than there may be for it");
	return refuse(u, err, "it is cut off or broken%s%s", text ? ": " : "", text ? text : "");
}

/*
 * What is skipped costs as much time as what is not. An entry's own word is not enough: a sparse
 * one is longer than it says, and behind the last one there may be zeros without end.
 */
static bool is_endless(const struct unpacking *u)
{
	la_int64_t unpacked = lib.archive_filter_bytes(u->archive, 0);

	return unpacked > 0 && (uint64_t)unpacked / 2 > u->max + OVERHEAD_MAX / 2;
}

static la_ssize_t read_chunk(struct archive *archive, void *arg, const void **ret)
{
	struct unpacking *u = arg;
	ssize_t len;

	(void)archive;
	u->endless = is_endless(u);
	if (u->endless)
		return -1;
	do
		len = pread(u->from, u->chunk, READ_CHUNK, (off_t)u->read);
	while (len < 0 && errno == EINTR);
	u->read_error = len < 0 ? errno : 0;
	if (len > 0)
		u->read += (uint64_t)len;
	*ret = u->chunk;
	return len;
}

/* raw is for what is compressed, and nothing else: any file is that. */
static int open_archive(struct unpacking *u, const struct packing *packing, struct error *err)
{
	bool filtered = packing->filter != ARCHIVE_FILTER_NONE;

	/* without its library libarchive offers a program in its place, and warns */
	if (filtered && lib.archive_read_append_filter(u->archive, packing->filter) != ARCHIVE_OK)
		return error_set(err, ERROR_HOST, EOPNOTSUPP,
				 "unpack '%s': this libarchive was built without that compression",
				 u->name);
	if ((filtered && lib.archive_read_support_format_raw(u->archive) != ARCHIVE_OK) ||
	    lib.archive_read_support_format_tar(u->archive) != ARCHIVE_OK ||
	    /* to the end of the file, so that every checksum is seen */
	    lib.archive_read_set_options(u->archive, "tar:read_concatenated_archives") !=
		    ARCHIVE_OK ||
	    lib.archive_read_open(u->archive, u, NULL, read_chunk, NULL) != ARCHIVE_OK)
		return refuse_archive(u, err);
	return 0;
}

static int put(struct unpacking *u, const void *data, size_t len, struct error *err)
{
	int r;

	if (len > u->max - u->done)
		return refuse_size(u, err);
	r = fd_write_all(u->out, data, len);
	if (r)
		return error_errno(err, -r, "write what is in '%s'", u->name);
	u->done += len;
	return 0;
}

/* A hole is written out: the other end of a pipe knows of none. */
static int put_zeros_to(struct unpacking *u, int64_t offset, struct error *err)
{
	static const char zeros[1 << 16];

	if (offset < 0 || (uint64_t)offset < u->done)
		return refuse(u, err, "its pieces are out of order");
	if ((uint64_t)offset > u->max)
		return refuse_size(u, err);
	while (u->done < (uint64_t)offset) {
		uint64_t rest = (uint64_t)offset - u->done;
		int r = put(u, zeros, rest < sizeof(zeros) ? (size_t)rest : sizeof(zeros), err);

		if (r)
			return r;
	}
	return 0;
}

static int put_entry(struct unpacking *u, struct archive_entry *entry, struct error *err)
{
	const void *data;
	la_int64_t offset = 0;
	size_t len;
	int status, r = 0;

	while ((status = lib.archive_read_data_block(u->archive, &data, &len, &offset)) ==
	       ARCHIVE_OK) {
		r = put_zeros_to(u, offset, err);
		if (r == 0 && len)
			r = put(u, data, len, err);
		if (r)
			return r;
	}
	if (status != ARCHIVE_EOF)
		return refuse_archive(u, err);
	/* the hole at the end of a sparse file, whose length is all that is told of it */
	if (lib.archive_entry_size_is_set(entry))
		r = put_zeros_to(u, lib.archive_entry_size(entry), err);
	return r;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

enum entry_kind { ENTRY_OTHER, ENTRY_FILE, ENTRY_IMAGE };

/*
 * What is no archive is one entry to libarchive, a file without a name of its own. A hard link is a
 * file to it where it has content.
 */
static enum entry_kind entry_kind(const struct unpacking *u, struct archive_entry *entry)
{
	const char *path = lib.archive_entry_pathname(entry);

	if (lib.archive_format(u->archive) == ARCHIVE_FORMAT_RAW)
		return ENTRY_IMAGE;
	if (lib.archive_entry_filetype(entry) != S_IFREG)
		return ENTRY_OTHER;
	if (path && (ends_in(path, ".qcow2") || ends_in(path, ".img") || ends_in(path, ".raw")))
		return ENTRY_IMAGE;
	return ENTRY_FILE;
}

static int next_entry(struct unpacking *u, struct archive_entry **ret, struct error *err)
{
	int status = lib.archive_read_next_header(u->archive, ret);

	/* a warning is about names and attributes, which nobody wants */
	if (status == ARCHIVE_EOF)
		*ret = NULL;
	else if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		return refuse_archive(u, err);
	return 0;
}

/* libarchive unpacks it in one go as it looks for the next header. */
static int skip_entry(struct unpacking *u, struct archive_entry *entry, struct error *err)
{
	int64_t size = lib.archive_entry_size(entry);

	if (size < 0 || (uint64_t)size > u->max - u->skipped)
		return refuse_size(u, err);
	u->skipped += (uint64_t)size;
	return 0;
}

struct counts {
	unsigned int files, images;
};

/* Write the entries of that kind or better; two of them are one too many. */
static int put_entries(struct unpacking *u, enum entry_kind least, struct counts *ret,
		       struct error *err)
{
	struct archive_entry *entry;

	for (unsigned int n = 0;; n++) {
		enum entry_kind kind;
		int r = next_entry(u, &entry, err);

		if (r || !entry)
			return r;
		if (n == ENTRIES_MAX)
			return refuse(u, err, "it has more than %d entries", ENTRIES_MAX);
		kind = entry_kind(u, entry);
		ret->files += kind >= ENTRY_FILE;
		ret->images += kind == ENTRY_IMAGE;
		if (kind >= least && (least == ENTRY_IMAGE ? ret->images : ret->files) > 1)
			return refuse(u, err, "it has more than one image in it");
		r = kind < least ? skip_entry(u, entry, err) : put_entry(u, entry, err);
		if (r)
			return r;
	}
}

/* gzip and bzip2 end where no further stream begins, whatever is there instead. */
static int check_end(const struct unpacking *u, struct error *err)
{
	struct stat st;

	if (fstat(u->from, &st) < 0)
		return error_errno(err, errno, "stat '%s'", u->name);
	if (lib.archive_filter_bytes(u->archive, -1) != st.st_size)
		return refuse(u, err, "it goes on behind its end");
	return 0;
}

static void archive_done(struct unpacking *u)
{
	if (u->archive)
		lib.archive_read_free(u->archive);
	u->archive = NULL;
}

static int run(struct unpacking *u, const struct packing *packing, enum entry_kind least,
	       struct counts *ret, struct error *err)
{
	int r;

	u->read = u->skipped = 0;
	u->archive = lib.archive_read_new();
	if (!u->archive)
		return error_set(err, ERROR_FAILED, ENOMEM, "unpack '%s': no memory", u->name);
	r = open_archive(u, packing, err);
	if (r == 0)
		r = put_entries(u, least, ret, err);
	if (r == 0)
		r = check_end(u, err);
	archive_done(u);
	return r;
}

int unpack(int from, int out, uint64_t max, const char *name, struct error *err)
{
	AUTO_FREE char *chunk = xmalloc(READ_CHUNK);
	struct unpacking u = { .name = name, .from = from, .out = out, .chunk = chunk, .max = max };
	const struct packing *packing = find_packing(from);
	struct counts counts = { 0 };
	int r;

	if (!packing)
		return refuse(&u, err, "it is neither compressed nor a tar archive");
	r = run(&u, packing, ENTRY_IMAGE, &counts, err);
	if (r || counts.images)
		return r;
	if (!counts.files)
		return refuse(&u, err, "there is no file in it");
	if (counts.files > 1)
		return refuse(&u, err, "none of its %u files is called .qcow2, .img or .raw",
			      counts.files);
	/* a single file, whose name said nothing: known only now */
	return run(&u, packing, ENTRY_FILE, &(struct counts){ 0 }, err);
}
