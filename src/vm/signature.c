/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP signatures of digest files, checked by a confined gpgv. */
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/strv.h"
#include "config/vm_config.h"
#include "jail/helper.h"
#include "program.h"
#include "signature_status.h"

/*
 * gpgv sees copies of three files and nothing else of the host. It holds every key of the keyring
 * good, expired and revoked ones too, and exits with 0 for them (2.2); with 2 where one of several
 * keys is not in the keyring. So it is its status lines that decide. What it says for people
 * goes to /dev/null: standard output is for the status of a first run, and of a second for the
 * signed text, which could have lines like them.
 */

enum { KEYRING_MAX = 4 << 20, MESSAGE_MAX = 2 << 20, FILE_COUNT = 3, DESKS_MAX = 64 };

/* By their order in struct helper, as the program finds them; /proc/self/fd without a root. */
static const char *const targets[FILE_COUNT] = { "/work/keyring", "/work/text", "/work/signature" };
static const char *const targets_rootless[FILE_COUNT] = { "/proc/self/fd/3", "/proc/self/fd/4",
							  "/proc/self/fd/5" };
_Static_assert(HELPER_FILE_FD == 3, "the names of descriptors");

/*
 * The helper mounts its files, so they need a name: in a folder whose lock a kill lets go of, and
 * which the next check then takes over. There are several of them, so that nobody waits for one who
 * is stopped.
 */
struct desk {
	int run_fd;
	char name[sizeof(".signature-99")];
	int dir_fd; /* locked */
	int fds[FILE_COUNT];
	size_t n;
};

#define DESK_INIT                                                                                  \
	{                                                                                          \
		.run_fd = -1, .dir_fd = -1, .fds = { -1, -1, -1 }                                  \
	}

static int refuse(const struct signature_check *check, struct error *err, const char *why,
		  const char *key)
{
	return error_set(err, ERROR_VERIFY, EBADMSG, "check the signature of '%s': %s%s",
			 check->origin, why, key);
}

static int read_keyring(const char *path, struct buf *ret, struct error *err)
{
	static const char armour[] = "-----BEGIN";
	int r = file_read_path(path, KEYRING_MAX, ret, err);

	if (r == -ENOENT)
		return SIGNATURE_NO_KEYRING;
	if (r)
		return error_kind(err, ERROR_HOST);
	if (strncmp(buf_str(ret), armour, strlen(armour)) != 0)
		return 0;
	error_set(err, ERROR_HOST, EINVAL,
		  "read keyring '%s': it is armoured, which gpgv reads not", path);
	return error_hint(err, "gpg --dearmor <%s >%s.gpg, and name that", path, path);
}

/* Another check has it, or had it when we looked and has removed it since. */
enum { DESK_TAKEN = 1 };

static int desk_take(struct desk *desk, unsigned int number, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct error why = ERROR_INIT;
	int r;

	snprintf(desk->name, sizeof(desk->name), ".signature-%u", number % 100);
	r = dir_make(desk->run_fd, desk->name, 0700, &fd, &why);
	if (r == -ENOENT)
		return DESK_TAKEN;
	if (r) {
		*err = why;
		return r;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? DESK_TAKEN
					    : error_errno(err, errno, "lock '%s'", desk->name);
	if (!file_has_name(fd, desk->run_fd, desk->name))
		return DESK_TAKEN;
	desk->dir_fd = fd_steal(&fd);
	return 0;
}

static int desk_open(const struct vm_host *host, struct desk *desk, struct error *err)
{
	for (unsigned int i = 0; i < DESKS_MAX; i++) {
		int r = desk_take(desk, i, err);

		if (r != DESK_TAKEN)
			return r;
	}
	error_set(err, ERROR_BUSY, EBUSY, "check a signature: %d others are at it, or were stopped",
		  DESKS_MAX);
	return error_hint(err, "find them with: fuser -v %s/.signature-*", host->config.run_dir);
}

static int desk_put(struct desk *desk, const char *name, const struct buf *content,
		    struct error *err)
{
	int fd, r = file_write_volatile(desk->dir_fd, name, buf_str(content), content->len, 0444,
					err);

	if (r)
		return r;
	fd = file_openat(desk->dir_fd, name, O_RDONLY, 0);
	if (fd < 0)
		return error_errno(err, -fd, "open '%s'", name);
	desk->fds[desk->n++] = fd;
	return 0;
}

static void desk_done(struct desk *desk)
{
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < FILE_COUNT; i++)
		fd_close(&desk->fds[i]);
	if (desk->dir_fd >= 0)
		dir_remove_tree(desk->run_fd, desk->name, &ignored);
	fd_close(&desk->dir_fd);
	fd_close(&desk->run_fd);
}

static const char *const print_status[] = { "--status-fd", "1" };
static const char *const print_text[] = { "--output", "-" };

static void push_words(struct strv *argv, const char *gpgv, const char *const print[2],
		       const char *const *files, bool detached)
{
	const char *const words[] = {
		gpgv,	  "--homedir",	"/nonexistent", "--weak-digest",
		"SHA1",	  "--log-file", "/dev/null",	print[0],
		print[1], "--keyring",	files[0],	detached ? files[2] : NULL,
		files[1]
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i])
			strv_push(argv, words[i]);
}

static int run_gpgv(const struct vm_host *host, const struct desk *desk, const char *const print[2],
		    struct buf *ret, int *ret_exit_status, struct error *err)
{
	const bool detached = desk->n == FILE_COUNT;
	const struct vm_config none = { .uid = 0 };
	AUTO_STRV argv = STRV_INIT;
	AUTO_STRV rootless_argv = STRV_INIT;
	struct helper helper = {
		.argv = &argv,
		.rootless_argv = &rootless_argv,
		.uid = host_config_worker_uid(&host->config),
		.n_files = desk->n,
		.folders = &host->config.expose,
		.limits = { .file_size = 1 },
		.may_miss = vm_config_allowed_missing(&none, &host->config),
		.exit_status = ret_exit_status,
		.output = ret,
	};

	for (size_t i = 0; i < desk->n; i++)
		helper.files[i] = (struct launch_file){ .source = desk->fds[i],
							.target = targets[i] };
	push_words(&argv, host->config.gpgv, print, targets, detached);
	push_words(&rootless_argv, host->config.gpgv, print, targets_rootless, detached);
	return helper_run(&helper, err);
}

static int hint_keyring(const struct signature_check *check, struct error *err)
{
	if (!check->package)
		return -err->code;
	return error_hint(err, "apt-get update && apt-get install %s, for newer keys in %s",
			  check->package, check->keyring);
}

static int judge(const struct signature_check *check, const struct signature_status *status,
		 struct error *err)
{
	unsigned int others = status->unknown + status->expired + status->revoked +
			      status->unchecked;

	if (status->bad)
		return refuse(check, err, "it is bad, by key ", status->key);
	if (status->good && (check->signature || !others))
		return 0;
	if (!others)
		return refuse(check, err, "there is none", "");
	if (status->unchecked)
		return refuse(check, err, "it is too weak or of an unknown kind, by key ",
			      status->key);
	if (status->revoked)
		refuse(check, err, "its key is revoked: ", status->key);
	else if (status->expired)
		refuse(check, err, "it or its key has expired: ", status->key);
	else
		refuse(check, err, "the keyring does not have its key ", status->key);
	return hint_keyring(check, err);
}

static int verify(const struct vm_host *host, const struct signature_check *check,
		  const struct desk *desk, struct error *err)
{
	struct signature_status status;
	AUTO_BUF output = BUF_INIT;
	int exit_status = -1, r;

	r = run_gpgv(host, desk, print_status, &output, &exit_status, err);
	signature_status_read(buf_str(&output), &status);
	if (r && (exit_status < 0 || !status.any)) {
		if (exit_status > 0)
			error_kind(err, ERROR_VERIFY);
		return error_prefix(err, "check the signature of '%s'", check->origin);
	}
	r = judge(check, &status, err);
	if (r || exit_status == 0 || (check->signature && status.unknown))
		return r;
	return refuse(check, err, "it is of no single text", "");
}

static int check_on(const struct vm_host *host, const struct signature_check *check,
		    const struct buf *keyring, struct desk *desk, struct buf *ret,
		    struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = store_make_run(&host->store, &desk->run_fd, err);

	if (r == 0)
		r = desk_open(host, desk, err);
	if (r == 0)
		r = desk_put(desk, "keyring", keyring, err);
	if (r == 0)
		r = desk_put(desk, "text", check->text, err);
	if (r == 0 && check->signature)
		r = desk_put(desk, "signature", check->signature, err);
	if (r == 0)
		r = verify(host, check, desk, err);
	if (r)
		return r;
	if (check->signature)
		buf_add(&text, buf_str(check->text), check->text->len);
	else if (run_gpgv(host, desk, print_text, &text, NULL, err))
		return error_prefix(err, "read the signed part of '%s'", check->origin);
	buf_done(ret);
	*ret = text;
	text = (struct buf)BUF_INIT;
	return 0;
}

int signature_check(const struct vm_host *host, const struct signature_check *check,
		    struct buf *ret, struct error *err)
{
	struct desk desk = DESK_INIT;
	AUTO_BUF keyring = BUF_INIT;
	int r;

	if (check->text->len > MESSAGE_MAX ||
	    (check->signature && check->signature->len > MESSAGE_MAX))
		return refuse(check, err, "it or the file is larger than 2 MiB", "");
	r = read_keyring(check->keyring, &keyring, err);
	if (r)
		return r;
	r = program_find_gpgv(&host->config, err);
	if (r == 0)
		r = check_on(host, check, &keyring, &desk, ret, err);
	desk_done(&desk);
	return r;
}
