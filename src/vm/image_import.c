/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of the user's becomes a base image. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/unpack.h"
#include "store/images.h"
#include "vm/image.h"
#include "check_image.h"
#include "image_put.h"
#include "image_writer.h"

struct import {
	const struct vm_host *host;
	const char *path, *name;
	const struct vm_import_options *options; /* NULL: none */
	uint64_t total; /* bytes of the image, as far as that can be told */
	const char *wanted_text; /* digest of the file as it is given; NULL: any */
	struct digest wanted;
	struct image_draft draft;
	struct digest digest; /* of the draft */
};

static bool is_input(const struct import *import)
{
	return strcmp(import->path, "-") == 0;
}

/* A pipe is for "-": the one who opens it by its name waits until somebody writes to it. */
static int check_kind(const struct import *import, mode_t mode, struct error *err)
{
	if (S_ISDIR(mode))
		return error_set(err, ERROR_USAGE, EISDIR, "'%s' is a folder", import->path);
	if (is_input(import) || S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	error_set(err, ERROR_USAGE, EINVAL, "'%s' is no regular file", import->path);
	return error_hint(err, "mnmivm-se image import - %s <'%s'", import->name, import->path);
}

static int open_source(const struct import *import, int *ret_fd, struct error *err)
{
	const char *path = import->path;
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	if (is_input(import))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		error_errno(err, errno, "open '%s'", path);
		return err->code == ENOENT ? error_kind(err, ERROR_NOT_FOUND) : -err->code;
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", path);
	r = check_kind(import, st.st_mode, err);
	if (r)
		return r;
	if (is_input(import) && isatty(fd))
		vm_note(import->host, "%s: reading standard input", import->name);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int check_digest(const struct import *import, const struct digest *found, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	if (!import->wanted_text || digest_is(found, &import->wanted))
		return 0;
	digest_format(found, text);
	return error_set(err, ERROR_VERIFY, EBADMSG, "'%s' has another digest: %s", import->path,
			 text);
}

static enum digest_algorithm algorithm(const struct import *import)
{
	return import->wanted_text ? import->wanted.algorithm : DIGEST_SHA256;
}

static void tell(void *arg, uint64_t done)
{
	const struct import *import = arg;

	if (import->options && import->options->progress)
		import->options->progress(import->options->arg, done, import->total);
}

static int copy(struct import *import, int fd, struct error *err)
{
	const struct image_watch watch = { tell, import };
	const struct host_config *config = &import->host->config;
	int r = image_copy(import->host, fd, import->draft.fd, config->image_bytes_max,
			   import->path, algorithm(import), &watch, &import->digest, err);

	return r ? r : check_digest(import, &import->digest, err);
}

static int unpack_from(struct import *import, int fd, struct error *err)
{
	const struct image_watch watch = { tell, import };

	import->total = 0;
	return image_unpack(import->host, fd, import->draft.fd, import->path, DIGEST_SHA256, &watch,
			    &import->digest, err);
}

/*
 * The draft holds the packed file, which nobody but us can write: it is unpacked into another one.
 */
static int unpack_draft(struct import *import, struct error *err)
{
	const struct store *store = &import->host->store;
	AUTO_CLOSE int fd = file_openat(store->images_fd, import->draft.file, O_RDONLY, 0);
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "open the copy of '%s'", import->path);
	images_abort(store, &import->draft);
	r = images_begin(store, import->name, &import->draft, err);
	return r ? r : unpack_from(import, fd, err);
}

/* Of standard input what is before its offset was somebody else's. 0: not known. */
static uint64_t bytes_to_come(int fd, const struct stat *st)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);

	return S_ISREG(st->st_mode) && offset >= 0 && offset < st->st_size
		       ? (uint64_t)(st->st_size - offset)
		       : 0;
}

/*
 * Standard input is read once, from where it is, whatever it is and however it was opened; and a
 * file that has a digest to be held to may be another one by the time that it is read again: of
 * both a copy is made, and that is looked at.
 */
static int fill(struct import *import, int fd, struct error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", import->path);
	if (S_ISREG(st.st_mode) && !is_input(import) && !import->wanted_text && unpack_wants(fd))
		return unpack_from(import, fd, err);
	import->total = bytes_to_come(fd, &st);
	r = copy(import, fd, err);
	return !r && unpack_wants(import->draft.fd) ? unpack_draft(import, err) : r;
}

/*
 * Its header says what the file is called, and no digest that it came whole. The helper opens it by
 * its mode, which is that of an image from now on.
 */
static int check_tables(struct import *import, const struct image_info *info, struct error *err)
{
	const struct vm_host *host = import->host;
	AUTO_CLOSE int fd = file_openat(host->store.images_fd, import->draft.file, O_RDONLY, 0);
	struct error why = ERROR_INIT;
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "open the copy of '%s'", import->path);
	if (fchmod(fd, 0444) < 0)
		return error_errno(err, errno, "set the mode of the copy of '%s'", import->path);
	r = check_image(&host->config, fd, image_disk_format(info), import->path, &why);
	if (r == CHECK_LEAKS)
		vm_note(host, "%s: '%s' has clusters that nothing uses", import->name,
			import->path);
	if (r >= 0)
		return 0;
	if (why.kind != ERROR_HOST && why.kind != ERROR_PERMISSION) {
		*err = why;
		return r;
	}
	vm_note(host, "%s: its header is good, its tables are not checked: %s", import->name,
		why.message);
	return 0;
}

static int commit(struct import *import, const struct image_info *info, struct error *err)
{
	AUTO(image_config_done) struct image_config config;
	char text[DIGEST_TEXT_MAX];

	digest_format(&import->digest, text);
	image_config_init(&config);
	image_config_stamp(import->host, &config, text);
	if (import->wanted_text) {
		digest_format(&import->wanted, text);
		config.source_digest = xstrdup(text);
	}
	if (import->options)
		guest_traits_copy(&config.guest, &import->options->guest);
	return images_commit(&import->host->store, &import->draft, image_disk_format(info), &config,
			     err);
}

/* The copy may take its time: what cannot be recorded at its end is refused before it. */
static int check_options(struct import *import, struct error *err)
{
	AUTO(image_config_done) struct image_config config;
	AUTO_BUF text = BUF_INIT;
	int r = 0;

	image_config_init(&config);
	if (import->wanted_text)
		r = digest_parse("digest", import->wanted_text, &import->wanted, err);
	if (!r && import->options) {
		guest_traits_copy(&config.guest, &import->options->guest);
		r = image_config_format(&config, &text, err);
	}
	return r;
}

int vm_image_import(const struct vm_host *host, const char *path, const char *name,
		    const struct vm_import_options *options, struct error *err)
{
	struct import import = {
		.host = host,
		.path = path,
		.name = name,
		.options = options,
		.wanted_text = options ? options->digest : NULL,
		.draft = IMAGE_DRAFT_INIT,
	};
	AUTO_CLOSE int fd = -1;
	struct image_info info;
	int r = check_options(&import, err);

	if (!r)
		r = open_source(&import, &fd, err);
	if (!r)
		r = images_begin(&host->store, name, &import.draft, err);
	if (!r)
		r = fill(&import, fd, err);
	if (!r)
		r = image_look(import.draft.fd, path, path, &info, err);
	if (!r)
		r = check_tables(&import, &info, err);
	if (r) {
		images_abort(&host->store, &import.draft);
		return r;
	}
	return commit(&import, &info, err);
}
