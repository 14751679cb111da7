/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gzip file as a stream of what is in it. */
#include "gzip.h"

#include <string.h>

#include "base/library.h"

enum { GZIP_WINDOW = 15 + 16, MAGIC = 0x1f }; /* inflateInit2() in zlib.h: gzip, and nothing else */

#define ZLIB_FUNCTIONS(X)                                                                          \
	X(inflate)                                                                                 \
	X(inflateEnd)                                                                              \
	X(inflateInit2_)                                                                           \
	X(inflateReset)

static struct {
	ZLIB_FUNCTIONS(LIBRARY_MEMBER)
} lib; /* filled by gzip_prepare() */

int gzip_prepare(struct error *err)
{
	static const char *const names[] = { ZLIB_FUNCTIONS(LIBRARY_NAME) NULL };
	static const struct library library = {
		.soname = "libz.so.1",
		.title = "zlib",
		.packages = "zlib1g (Alpine: zlib)",
	};

	return library_load(&library, names, &lib, err);
}

bool gzip_open(struct gzip *gzip)
{
	memset(&gzip->stream, 0, sizeof(gzip->stream));
	gzip->consumed = 0;
	gzip->broken = NULL;
	gzip->between = true;
	gzip->open = lib.inflateInit2_(&gzip->stream, GZIP_WINDOW, ZLIB_VERSION,
				       (int)sizeof(gzip->stream)) == Z_OK;
	return gzip->open;
}

void gzip_close(struct gzip *gzip)
{
	if (gzip->open)
		lib.inflateEnd(&gzip->stream);
	gzip->open = false;
}

/* Returns what there is: bytes, 0 at the end of the file, or -1. */
static ssize_t fill(struct gzip *gzip)
{
	const char *data;
	ssize_t len;

	if (gzip->stream.avail_in)
		return gzip->stream.avail_in;
	len = gzip->fill(gzip->arg, &data);
	if (len > 0) {
		gzip->stream.next_in = (const Bytef *)data;
		gzip->stream.avail_in = (uInt)len;
	}
	return len;
}

static ssize_t fail(struct gzip *gzip, const char *why)
{
	gzip->broken = why;
	return -1;
}

/* One step. Z_STREAM_END has seen the checksum and the length behind a member. */
static int unpack(struct gzip *gzip)
{
	uInt before = gzip->stream.avail_in;
	int code = lib.inflate(&gzip->stream, Z_NO_FLUSH);

	gzip->consumed += before - gzip->stream.avail_in;
	gzip->between = code == Z_STREAM_END;
	if (gzip->between)
		code = lib.inflateReset(&gzip->stream);
	return code;
}

ssize_t gzip_read(struct gzip *gzip, char *out, size_t size)
{
	gzip->stream.next_out = (Bytef *)out;
	gzip->stream.avail_out = (uInt)size;
	while (gzip->stream.avail_out == size) {
		ssize_t len = fill(gzip);
		int code;

		if (len < 0)
			return len;
		if (gzip->between && (!len || *gzip->stream.next_in != MAGIC))
			return 0;
		if (!len)
			return fail(gzip, "it ends early");
		code = unpack(gzip);
		if (code == Z_MEM_ERROR)
			return fail(gzip, "no memory");
		if (code != Z_OK)
			return fail(gzip, gzip->stream.msg ? gzip->stream.msg : "no gzip");
	}
	return (ssize_t)(size - gzip->stream.avail_out);
}
