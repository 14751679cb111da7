/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is an image still what it was when it came? */
#include <errno.h>

#include "base/alloc.h"
#include "fetch/digest.h"
#include "store/images.h"
#include "vm/image.h"
#include "check_image.h"
#include "image_put.h"

struct verify {
	const char *name;
	int fd;
	struct image_info info;
	struct digest wanted;
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/* It may grow as fast as it is read: what is longer than it was has another digest. */
static int count_hashed(void *arg, uint64_t done, struct error *err)
{
	const struct verify *verify = arg;

	if (done > verify->info.file_size)
		return error_set(err, ERROR_VERIFY, EFBIG, "image '%s' grows as it is read",
				 verify->name);
	if (verify->progress)
		verify->progress(verify->arg, done, verify->info.file_size);
	return 0;
}

static int check_digest(struct verify *verify, struct error *err)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	char found[DIGEST_SHORT_MAX], wanted[DIGEST_SHORT_MAX];
	struct digest digest;
	int r = digest_stream_new(verify->wanted.algorithm, &stream, err);

	if (!r)
		r = digest_stream_file(stream, verify->fd, verify->name, count_hashed, verify, err);
	if (r)
		return r;
	digest_stream_finish(stream, &digest);
	if (digest_is(&digest, &verify->wanted))
		return 0;
	digest_short(&digest, found);
	digest_short(&verify->wanted, wanted);
	return error_set(err, ERROR_VERIFY, EBADMSG,
			 "image '%s' was changed: its %s digest begins with %s, not with %s",
			 verify->name, digest_words[digest.algorithm], found, wanted);
}

/* The header again before all else: it costs nothing, and tells what a digest cannot. */
static int open_image(const struct vm_host *host, struct verify *verify, struct error *err)
{
	AUTO_FREE char *path = NULL;
	enum disk_format format;
	int r = images_open(&host->store, verify->name, &verify->fd, &format, &path, err);

	if (!r)
		r = image_inspect(verify->fd, verify->name, IMAGE_BASE, format == DISK_RAW,
				  &verify->info, err);
	return r;
}

/* Returns whether one is recorded, or -errno. */
static int recorded_digest(const struct vm_host *host, struct verify *verify, struct error *err)
{
	AUTO(image_config_done) struct image_config config = { .os = NULL };
	int r = images_config(&host->store, verify->name, &config, err);

	if (r || !config.digest)
		return r;
	r = digest_parse("digest", config.digest, &verify->wanted, err);
	return r ? error_prefix(err, "image '%s'", verify->name) : 1;
}

/* After the digest: what reads the tables finds what it found when the image came. */
static int check_tables(const struct vm_host *host, const struct verify *verify, struct error *err)
{
	enum disk_format format = verify->info.format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
	int r = check_image(&host->config, verify->fd, format, verify->name, err);

	if (r != CHECK_LEAKS)
		return r;
	vm_note(host, "%s: its file is larger than it need be, with clusters that nothing uses",
		verify->name);
	return 0;
}

int vm_image_verify(const struct vm_host *host, const char *name,
		    void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
		    bool *ret_digest, struct error *err)
{
	struct verify verify = { .name = name, .fd = -1, .progress = progress, .arg = arg };
	int recorded = 0;
	int r = open_image(host, &verify, err);

	if (!r)
		r = recorded = recorded_digest(host, &verify, err);
	if (r > 0)
		r = check_digest(&verify, err);
	if (!r)
		r = check_tables(host, &verify, err);
	fd_close(&verify.fd);
	if (!r)
		*ret_digest = recorded > 0;
	return r;
}
