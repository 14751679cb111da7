/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message digests of what streams by (libcrypto). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fetch/digest.h"
#include "libcrypto.h"

enum { READ_CHUNK = 1 << 18 };

struct digest_stream {
	struct libcrypto crypto;
	EVP_MD_CTX *context;
	enum digest_algorithm algorithm;
	bool broken;
};

static bool start(struct digest_stream *stream)
{
	const struct libcrypto *crypto = &stream->crypto;
	const EVP_MD *kind = stream->algorithm == DIGEST_SHA256 ? crypto->EVP_sha256()
								: crypto->EVP_sha512();

	stream->context = crypto->EVP_MD_CTX_new();
	return stream->context && crypto->EVP_DigestInit_ex(stream->context, kind, NULL) == 1;
}

int digest_stream_new(enum digest_algorithm algorithm, struct digest_stream **ret,
		      struct error *err)
{
	struct libcrypto crypto;
	struct digest_stream *stream;
	int r = libcrypto_load(&crypto, err);

	if (r)
		return r;
	stream = xcalloc(1, sizeof(*stream));
	stream->crypto = crypto;
	stream->algorithm = algorithm;
	/* a host's openssl.cnf may leave it without a provider of digests */
	if (!start(stream)) {
		digest_stream_free(stream);
		return error_set(err, ERROR_HOST, EOPNOTSUPP,
				 "start a %s digest: libcrypto has none", digest_words[algorithm]);
	}
	*ret = stream;
	return 0;
}

void digest_stream_add(struct digest_stream *stream, const void *data, size_t len)
{
	if (len && stream->crypto.EVP_DigestUpdate(stream->context, data, len) != 1)
		stream->broken = true;
}

void digest_stream_peek(struct digest_stream *stream, struct digest *ret)
{
	struct digest_stream copy = *stream;

	copy.context = stream->crypto.EVP_MD_CTX_new();
	if (!copy.context || stream->crypto.EVP_MD_CTX_copy_ex(copy.context, stream->context) != 1)
		*ret = (struct digest){ .algorithm = stream->algorithm };
	else
		digest_stream_finish(&copy, ret);
	stream->crypto.EVP_MD_CTX_free(copy.context);
}

void digest_stream_finish(struct digest_stream *stream, struct digest *ret)
{
	struct digest digest = { .algorithm = stream->algorithm };

	if (stream->crypto.EVP_DigestFinal_ex(stream->context, digest.bytes, NULL) != 1 ||
	    stream->broken)
		digest = (struct digest){ .algorithm = stream->algorithm };
	*ret = digest;
}

void digest_stream_free(struct digest_stream *stream)
{
	if (!stream)
		return;
	stream->crypto.EVP_MD_CTX_free(stream->context);
	free(stream);
}

void digest_stream_done(struct digest_stream **stream)
{
	digest_stream_free(*stream);
	*stream = NULL;
}

int digest_stream_file(struct digest_stream *stream, int fd, const char *what,
		       int (*tick)(void *arg, uint64_t done, struct error *err), void *arg,
		       struct error *err)
{
	AUTO_FREE char *chunk = xmalloc(READ_CHUNK);
	uint64_t done = 0;
	ssize_t len;
	int r = 0;

	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (!r && (len = pread(fd, chunk, READ_CHUNK, (off_t)done)) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_errno(err, errno, "read '%s'", what);
		digest_stream_add(stream, chunk, (size_t)len);
		done += (uint64_t)len;
		if (tick)
			r = tick(arg, done, err);
	}
	return r;
}
