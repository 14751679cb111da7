/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the user names: by their path, or as a credential of the service that runs us. */
#include "user_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

#define PREFIX "credential:"

static int check_name(const char *name, struct error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t length = strspn(name, letters);

	if (length && !name[length] && length <= NAME_MAX && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0)
		return 0;
	error_set(err, ERROR_USAGE, EINVAL, "read '" PREFIX "%s': not the name of a credential",
		  name);
	return error_hint(err,
			  "letters, digits, '.', '_' and '-' make one; a file is ./" PREFIX "...");
}

/*
 * A program that was given file capabilities does not take its caller's word for where secrets
 * lie: secure_getenv(3). As a service with AmbientCapabilities= it may: execve(2) gains nothing.
 */
static int open_folder(const char *name, int *ret_fd, struct error *err)
{
	const char *path = secure_getenv("CREDENTIALS_DIRECTORY");
	int fd;

	if (!path || path[0] != '/') {
		error_set(err, ERROR_USAGE, ENOENT,
			  "read '" PREFIX "%s': no credentials were passed on to this command",
			  name);
		return error_hint(err,
				  "in the service: LoadCredential=%s:FILE; by hand: give the "
				  "file itself",
				  name);
	}
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open '%s' of CREDENTIALS_DIRECTORY", path);
	*ret_fd = fd;
	return 0;
}

static int read_credential(const char *name, size_t max, struct buf *ret, struct error *err)
{
	AUTO_CLOSE int folder = -1;
	int r = check_name(name, err);

	if (!r)
		r = open_folder(name, &folder, err);
	if (r)
		return r;
	r = file_read(folder, name, max, ret, err);
	if (r == -ENOENT) {
		error_kind(err, ERROR_USAGE);
		error_hint(err, "in the service: LoadCredential=%s:FILE", name);
	}
	return r ? error_prefix(err, "read '" PREFIX "%s'", name) : 0;
}

int user_file_read(const char *path, size_t max, struct buf *ret, struct error *err)
{
	size_t length = strlen(PREFIX);

	if (strncmp(path, PREFIX, length) == 0)
		return read_credential(path + length, max, ret, err);
	return file_read_path(path, max, ret, err);
}
