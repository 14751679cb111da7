/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a launch plan sound? Looked at in the parent, where there are words for it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "child.h"

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

bool plan_is_system(const char *path)
{
	static const char *const folders[] = { "/usr",	 "/bin",   "/sbin",  "/lib",
					       "/lib32", "/lib64", "/libx32" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (is_below(path, folders[i]))
			return true;
	return false;
}

/* Absolute, not "/" itself, every component a name: nothing leads up again. */
static bool is_plain(const char *path)
{
	if (!path || path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	while (*path) {
		size_t len = strcspn(++path, "/");

		if (!len || len > NAME_MAX || !strncmp(path, ".", len) || !strncmp(path, "..", len))
			return false;
		path += len;
	}
	return true;
}

static int check_open(int fd, const char *what, struct error *err)
{
	if (fcntl(fd, F_GETFD) < 0)
		return error_errno(err, errno, "pass %s %d on", what, fd);
	return 0;
}

static int check_fds(const struct launch_plan *plan, struct error *err)
{
	if (plan->n_fds > LAUNCH_FDS_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "pass %zu descriptors on: at most %d",
				 plan->n_fds, LAUNCH_FDS_MAX);
	for (size_t i = 0; i < plan->n_fds; i++) {
		int target = plan->fds[i].target;
		int r = check_open(plan->fds[i].source, "descriptor", err);

		if (r < 0)
			return r;
		if (target < 3)
			return error_set(err, ERROR_FAILED, EINVAL,
					 "pass a descriptor on as %d: 0 to 2 are taken", target);
		for (size_t j = 0; j < i; j++)
			if (plan->fds[j].target == target)
				return error_set(err, ERROR_FAILED, EINVAL,
						 "pass two descriptors on as %d", target);
	}
	return check_open(plan->log_fd, "log descriptor", err);
}

static int check_file(const struct launch_file *file, struct error *err)
{
	const char *target = file->target;

	if (!is_plain(target) || plan_is_system(target) || is_below(target, "/dev"))
		return error_set(err, ERROR_FAILED, EINVAL, "show a file as '%s': not a place",
				 target ? target : "");
	return check_open(file->source, "file", err);
}

/* Without a root of its own there is no place to show them at. */
static int check_files(const struct launch_plan *plan, struct error *err)
{
	int r = 0;

	if (plan->n_files > LAUNCH_FILES_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "show %zu files: at most %d",
				 plan->n_files, LAUNCH_FILES_MAX);
	if (plan->n_files && !(plan->layers & LAYER_BIT(LAYER_ROOT)))
		return error_set(err, ERROR_FAILED, EINVAL, "show files: without %s",
				 layer_text(LAYER_ROOT));
	for (size_t i = 0; i < plan->n_files && !r; i++) {
		r = check_file(&plan->files[i], err);
		for (size_t j = 0; j < i && !r; j++)
			if (!strcmp(plan->files[i].target, plan->files[j].target))
				r = error_set(err, ERROR_FAILED, EINVAL, "show two files as '%s'",
					      plan->files[i].target);
	}
	return r;
}

static int check_folder(const char *path, struct error *err)
{
	struct stat st;

	if (!is_plain(path))
		return error_set(err, ERROR_FAILED, EINVAL,
				 "expose '%s': not the plain path of a folder", path);
	if (stat(path, &st) < 0)
		error_errno(err, errno, "expose '%s'", path);
	else if (!S_ISDIR(st.st_mode))
		error_errno(err, ENOTDIR, "expose '%s'", path);
	else
		return 0;
	(void)error_kind(err, ERROR_HOST);
	return error_hint(err, "take it out of 'expose' in the host's configuration");
}

int launch_check_folders(const struct strv *folders, struct error *err)
{
	int r = 0;

	if (folders && folders->n > LAUNCH_FOLDERS_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "expose %zu folders: at most %d",
				 folders->n, LAUNCH_FOLDERS_MAX);
	for (size_t i = 0; folders && i < folders->n && !r; i++)
		r = check_folder(folders->v[i], err);
	return r;
}

static bool is_shown(const char *path, const struct strv *folders)
{
	for (size_t i = 0; folders && i < folders->n; i++)
		if (is_below(path, folders->v[i]))
			return true;
	return plan_is_system(path);
}

/* A program that is not there is for exec to say; so is what it is linked with. */
int launch_check_program(const char *program, const struct strv *folders, struct error *err)
{
	AUTO_FREE char *real = realpath(program, NULL);
	const char *hidden = is_shown(program, folders) ? real : program;
	const char *slash;

	if (!real || (hidden == real && is_shown(real, folders)))
		return 0;
	error_set(err, ERROR_HOST, ENOENT, "execute '%s': '%s' is not in the root it would have",
		  program, hidden);
	slash = strrchr(hidden, '/');
	if (slash == hidden)
		return error_hint(err, "move it below /usr/local");
	return error_hint(err, "expose = %.*s in the host's configuration shows it there",
			  (int)(slash - hidden), hidden);
}

/* An id of -1 would mean "leave as it is" to setresuid(2). */
static int check_identity(const struct launch_plan *plan, struct error *err)
{
	if (plan->mode == LAUNCH_AS_USER) {
		if (geteuid() != 0)
			return 0;
		return error_set(err, ERROR_FAILED, EINVAL, "execute '%s' as root", plan->program);
	}
	if (plan->uid != 0 && plan->gid != 0 && plan->uid != (uid_t)-1 && plan->gid != (gid_t)-1)
		return 0;
	return error_set(err, ERROR_FAILED, EINVAL,
			 "execute '%s' as user %lld, group %lld: not an id of its own",
			 plan->program, (long long)(int32_t)plan->uid,
			 (long long)(int32_t)plan->gid);
}

bool plan_needs_root(const struct launch_plan *plan)
{
	return plan->n_files && !plan->rootless_argv;
}

int plan_check(const struct launch_plan *plan, struct error *err)
{
	int r;

	if (!plan->program || plan->program[0] != '/')
		return error_set(err, ERROR_FAILED, EINVAL, "execute '%s': not an absolute path",
				 plan->program ? plan->program : "");
	if (!plan->argv || !plan->argv->n || !plan->environment ||
	    (plan->rootless_argv && !plan->rootless_argv->n))
		return error_set(err, ERROR_FAILED, EINVAL, "execute '%s': no arguments",
				 plan->program);
	r = check_identity(plan, err);
	if (!r)
		r = check_fds(plan, err);
	if (!r)
		r = check_files(plan, err);
	if (!r)
		r = launch_check_folders(plan->folders, err);
	if (!r && plan->layers & LAYER_BIT(LAYER_ROOT))
		r = launch_check_program(plan->program, plan->folders, err);
	return r;
}
