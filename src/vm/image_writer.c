/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image on its way into a draft: bounded, hashed, and its zeros left out. */
#include "image_writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "fetch/unpack.h"
#include "jail/worker.h"

enum { CHUNK = 1 << 20, BLOCK = 64 << 10 };
enum { CPU_S = 60 * 60, SILENCE_MS = 10 * 60 * 1000 };

struct writer {
	const struct vm_host *host;
	const struct worker_process *process; /* whose output it is; NULL: a file of the user's */
	int from;
	int fd;
	uint64_t pos, max;
	const char *name;
	struct digest_stream *stream;
	const struct image_watch *watch;
};

/* A user may take his time at the other end of a pipe, which may be one that does not wait. */
static void wait_for_user(int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };

	poll(&input, 1, -1);
}

/* A worker has no reason to take its time. */
static ssize_t read_some(const struct writer *writer, char *chunk, size_t len)
{
	for (;;) {
		int r = writer->process ? worker_wait(writer->process, SILENCE_MS, NULL, NULL) : 0;
		ssize_t n;

		if (r)
			return r;
		n = read(writer->from, chunk, len);
		if (n >= 0)
			return n;
		if (errno == EAGAIN && !writer->process)
			wait_for_user(writer->from);
		else if (errno != EINTR)
			return -errno;
	}
}

/* Until there is a whole chunk, so that blocks of it are blocks of the file. */
static ssize_t read_chunk(const struct writer *writer, char *chunk)
{
	size_t len = 0;

	while (len < CHUNK) {
		ssize_t n = read_some(writer, chunk + len, CHUNK - len);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool is_zero(const char *block)
{
	return !block[0] && memcmp(block, block + 1, BLOCK - 1) == 0;
}

int image_write_at(int fd, const void *data, size_t len, uint64_t pos)
{
	const char *next = data;

	while (len) {
		ssize_t n = pwrite(fd, next, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		next += n;
		pos += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Runs of blocks that hold something; the others become holes. */
static int write_sparse(struct writer *writer, const char *chunk, size_t len)
{
	size_t from = 0;

	for (size_t at = 0; at < len; at += BLOCK) {
		bool whole = len - at >= BLOCK;
		int r;

		if (!whole || !is_zero(chunk + at))
			continue;
		r = image_write_at(writer->fd, chunk + from, at - from, writer->pos + from);
		if (r)
			return r;
		from = at + BLOCK;
	}
	return image_write_at(writer->fd, chunk + from, len - from, writer->pos + from);
}

int image_write_failed(const struct vm_host *host, int code, const char *name, struct error *err)
{
	const struct host_config *config = &host->config;
	const char *below = config->image_dir ? "" : "/images";

	error_errno(err, code, "write image '%s' to '%s%s'", name,
		    config->image_dir ? config->image_dir : config->state_dir, below);
	if (code != ENOSPC && code != EDQUOT)
		return -err->code;
	return error_hint(err, "make room, perhaps with: mnmivm-se image prune");
}

static int put(struct writer *writer, const char *chunk, size_t len, struct error *err)
{
	char most[SIZE_TEXT_MAX];
	int r;

	if (len > writer->max - writer->pos) {
		size_format(writer->max, most);
		error_set(err, ERROR_VERIFY, EFBIG, "'%s' is larger than %s", writer->name, most);
		return error_hint(err, "'image_max' in %s says how large an image may be",
				  writer->host->config.path);
	}
	digest_stream_add(writer->stream, chunk, len);
	r = write_sparse(writer, chunk, len);
	if (r)
		return image_write_failed(writer->host, -r, writer->name, err);
	writer->pos += len;
	if (writer->watch && writer->watch->progress)
		writer->watch->progress(writer->watch->arg, writer->pos);
	return 0;
}

static int word_read(const struct writer *writer, int code, struct error *err)
{
	if (code != ETIMEDOUT || !writer->process)
		return error_errno(err, code, "read '%s'", writer->name);
	return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "unpack '%s': nothing comes any more",
			 writer->name);
}

static int copy(struct writer *writer, struct error *err)
{
	AUTO_FREE char *chunk = xmalloc(CHUNK);
	ssize_t len;

	while ((len = read_chunk(writer, chunk)) > 0) {
		int r = put(writer, chunk, (size_t)len, err);

		if (r)
			return r;
	}
	if (len < 0)
		return word_read(writer, (int)-len, err);
	/* a hole at the end is of the file as well */
	if (ftruncate(writer->fd, (off_t)writer->pos) < 0)
		return image_write_failed(writer->host, errno, writer->name, err);
	return 0;
}

static int copy_hashed(struct writer *writer, enum digest_algorithm algorithm, struct digest *ret,
		       struct error *err)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	int r = digest_stream_new(algorithm, &stream, err);

	if (r)
		return r;
	writer->stream = stream;
	r = copy(writer, err);
	if (!r)
		digest_stream_finish(stream, ret);
	return r;
}

int image_copy(const struct vm_host *host, int from, int fd, uint64_t max, const char *name,
	       enum digest_algorithm algorithm, const struct image_watch *watch, struct digest *ret,
	       struct error *err)
{
	struct writer writer = {
		.host = host,
		.from = from,
		.fd = fd,
		.max = max,
		.name = name,
		.watch = watch,
	};

	return copy_hashed(&writer, algorithm, ret, err);
}

unsigned int image_cpu_s(uint64_t bytes)
{
	return CPU_S + (unsigned int)(bytes >> 20);
}

struct unpacking {
	int from;
	uint64_t max;
	const char *name;
};

static int work(void *arg, void *shared, int output_fd, struct error *err)
{
	const struct unpacking *unpacking = arg;

	(void)shared;
	return unpack(unpacking->from, output_fd, unpacking->max, unpacking->name, err);
}

int image_unpack(const struct vm_host *host, int from, int fd, const char *name,
		 enum digest_algorithm algorithm, const struct image_watch *watch,
		 struct digest *ret, struct error *err)
{
	AUTO(worker_done) struct worker_process process = WORKER_INIT;
	struct unpacking unpacking = { from, host->config.image_bytes_max, name };
	const struct worker worker = {
		.name = "unpack",
		.uid = host_config_worker_uid(&host->config),
		.fds = &from,
		.n_fds = 1,
		.cpu_s = image_cpu_s(unpacking.max),
		.work = work,
		.arg = &unpacking,
	};
	struct writer writer = {
		.host = host,
		.process = &process,
		.fd = fd,
		.max = unpacking.max,
		.name = name,
		.watch = watch,
	};
	struct digest digest = { .algorithm = algorithm };
	int r = unpack_prepare(err);

	if (!r)
		r = worker_start(&worker, &process, err);
	writer.from = process.output_fd;
	if (!r)
		r = copy_hashed(&writer, algorithm, &digest, err);
	if (!r)
		r = worker_end(&process, err);
	if (!r)
		*ret = digest;
	return r;
}
