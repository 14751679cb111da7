/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup v2 of its own for each VM: found, made, emptied, removed. */
#include "jail/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "cgroup_dir.h"

/*
 * Theory of operation. A cgroup has one manager. systemd's documentation ("Control Group APIs and
 * Delegation") wants others to stay in a subtree that was delegated to them, so such a one is taken
 * first. A command that root types has none, and its VM is to outlive the session that it was typed
 * in: for these there is a folder at the top, as LXC has, and Docker where it does not ask systemd.
 * systemd does not look into folders that are no units of its own. The one thing shared with
 * it is the top's subtree_control: there we only ever add, and the kernel refuses to take away from
 * above what is in use below.
 */

enum { ATTEMPTS = 100, KILL_ROUNDS = 100, OWN_MAX = 64 * 1024 };

struct place {
	char *parent; /* where the leaf is to be */
	bool make_parent; /* that is ours at the top, and may not be there yet */
	bool inside; /* the caller itself lives in parent */
};

static void place_done(struct place *place)
{
	free(place->parent);
}

/* The line "0::PATH" of /proc/self/cgroup; NULL where it cannot be told, or is out of our sight. */
static char *own_path(const char *top)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	const char *line;

	if (file_read_path("/proc/self/cgroup", OWN_MAX, &text, &ignored))
		return NULL;
	line = buf_str(&text);
	while (strncmp(line, "0::/", 4) != 0) {
		line = strchr(line, '\n');
		if (!line++)
			return NULL;
	}
	line += strlen("0::/");
	if (!strncmp(line, "..", 2) || *line == '\n')
		return NULL;
	return xasprintf("%s/%.*s", top, (int)strcspn(line, "\n"), line);
}

/*
 * systemd sets both to "1"; only those with CAP_SYS_ADMIN see the second (xattr(7)). The first is
 * there for the owner of the folder to set: it is taken at its word where that is the caller. So
 * root in the session of a user, as after sudo(8), does not put a VM below a folder of the user's.
 */
static bool is_delegated(const char *path)
{
	static const char *const names[] = { "user.delegate", "trusted.delegate" };
	AUTO_CLOSE int fd = cgroup_dir_open(path);
	struct stat st;
	char value;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid())
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (fgetxattr(fd, names[i], &value, 1) == 1 && value == '1')
			return true;
	}
	return false;
}

static bool find_delegated(const char *top, struct place *ret)
{
	AUTO_FREE char *own = own_path(top);

	if (!own)
		return false;
	ret->inside = is_delegated(own);
	if (!ret->inside) {
		*strrchr(own, '/') = '\0';
		if (!is_delegated(own))
			return false;
	}
	ret->parent = ptr_steal(&own);
	return true;
}

static int find_auto(struct place *ret, struct error *err)
{
	const char *top = cgroup_top();

	if (!top) {
		error_set(err, ERROR_HOST, ENOENT, "no cgroup v2 is mounted at /sys/fs/cgroup");
		return CGROUP_NONE;
	}
	if (find_delegated(top, ret))
		return 0;
	if (geteuid() != 0) {
		error_set(err, ERROR_PERMISSION, EPERM, "no cgroup was delegated to user id %u",
			  geteuid());
		error_hint(err, "systemd-run --user --scope -p Delegate=yes mnmivm-se ...");
		return CGROUP_NONE;
	}
	ret->parent = xasprintf("%s/%s", top, CGROUP_OURS);
	ret->make_parent = true;
	return 0;
}

/* A name that is no VM's could be a path, or one of the kernel's files. */
static int find_place(const char *where, const char *name, struct place *ret, struct error *err)
{
	int fd, r = parse_vm_name(name, err);

	if (r)
		return r;
	if (!strcmp(where, "off")) {
		error_set(err, ERROR_HOST, ENOTSUP,
			  "cgroups are switched off in the configuration");
		return CGROUP_NONE;
	}
	if (!strcmp(where, "auto"))
		return find_auto(ret, err);
	fd = cgroup_dir_open(where);
	if (fd < 0) {
		error_set(err, ERROR_HOST, -fd, "open cgroup '%s': %s", where,
			  fd == -EINVAL ? "not a folder of cgroup v2" : strerror(-fd));
		return CGROUP_NONE;
	}
	fd_close(&fd);
	ret->parent = xstrdup(where);
	return 0;
}

int cgroup_place(const char *where, const char *name, char **ret_path, struct error *err)
{
	AUTO(place_done) struct place place = { .parent = NULL };
	int r = find_place(where, name, &place, err);

	if (!r)
		*ret_path = xasprintf("%s/%s", place.parent, name);
	return r;
}

/* Whatever the umask: who may look at cgroups may look at these. */
static int make_folder(int parent_fd, const char *name)
{
	if (mkdirat(parent_fd, name, 0755) < 0 || fchmodat(parent_fd, name, 0755, 0) < 0)
		return -errno;
	return 0;
}

/* The folder above ours. Only what it has on can be switched on in ours. */
static int open_above(const char *parent, unsigned int need, struct controllers *controllers)
{
	AUTO_FREE char *top = xstrndup(parent, strlen(parent) - strlen("/" CGROUP_OURS));
	int fd = cgroup_dir_open(top);

	if (fd >= 0)
		cgroup_enable(fd, need, controllers);
	return fd;
}

static int open_ours(const char *parent, unsigned int need, struct controllers *controllers)
{
	AUTO_CLOSE int top_fd = open_above(parent, need, controllers);
	int r = top_fd < 0 ? top_fd : make_folder(top_fd, CGROUP_OURS);

	if (r < 0 && r != -EEXIST)
		return r;
	return file_openat(top_fd, CGROUP_OURS, O_RDONLY | O_DIRECTORY, 0);
}

/* Out of the way: cgroup-v2.rst, "No Internal Process Constraint". */
static int step_aside(int parent_fd)
{
	AUTO_CLOSE int fd = -1;
	int r = make_folder(parent_fd, CGROUP_SELF);

	if (r < 0 && r != -EEXIST)
		return r;
	fd = file_openat(parent_fd, CGROUP_SELF, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? fd : cgroup_put(fd, "cgroup.procs", "0");
}

static int open_parent(const struct place *place, unsigned int need,
		       struct controllers *controllers)
{
	AUTO_CLOSE int fd = place->make_parent ? open_ours(place->parent, need, controllers)
					       : cgroup_dir_open(place->parent);
	int r = 0;

	if (fd >= 0 && place->inside)
		r = step_aside(fd);
	if (fd < 0 || r < 0)
		return fd < 0 ? fd : r;
	cgroup_enable(fd, need, controllers);
	return fd_steal(&fd);
}

/* A leaf that nothing lives in goes: its limits are of another run. */
static int remove_empty(int parent_fd, const char *name)
{
	AUTO_CLOSE int fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	if (!cgroup_wait_empty(fd))
		return -EBUSY;
	return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int make_leaf(int parent_fd, const char *name)
{
	int r = make_folder(parent_fd, name);

	if (r == -EEXIST) {
		r = remove_empty(parent_fd, name);
		if (!r)
			r = make_folder(parent_fd, name);
	}
	return r;
}

static int make_in_place(const struct place *place, const char *name, unsigned int need,
			 struct controllers *controllers, int *ret_fd)
{
	int r = -ENOENT;

	/* the last VM that ends takes our folder with it: then once more */
	for (int i = 0; i < ATTEMPTS && r == -ENOENT; i++) {
		AUTO_CLOSE int parent_fd = open_parent(place, need, controllers);

		r = parent_fd < 0 ? parent_fd : make_leaf(parent_fd, name);
		if (r < 0)
			continue;
		r = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	}
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

static int word_make(const char *path, int code, struct error *err)
{
	if (code != EBUSY) {
		error_errno(err, code, "make cgroup '%s'", path);
		return CGROUP_NONE;
	}
	return cgroup_word_busy(path, err);
}

int cgroup_make(const char *where, const char *name, const struct cgroup_limits *limits,
		int *ret_fd, char **ret_path, struct error *err)
{
	AUTO(place_done) struct place place = { .parent = NULL };
	struct controllers controllers = { .why = { 0 } };
	AUTO_FREE char *path = NULL;
	int fd, r = find_place(where, name, &place, err);

	if (r)
		return r;
	path = xasprintf("%s/%s", place.parent, name);
	r = make_in_place(&place, name, cgroup_limits_need(limits), &controllers, &fd);
	if (r < 0)
		return word_make(path, -r, err);
	r = cgroup_limits_write(fd, path, limits, &controllers, err);
	*ret_fd = fd;
	*ret_path = ptr_steal(&path);
	return r;
}

static void enable_all(const char *path, int parent_fd, unsigned int need,
		       struct controllers *controllers)
{
	AUTO_FREE char *parent = cgroup_parent(path);
	int above = cgroup_is_ours(parent) ? open_above(parent, need, controllers) : -1;

	fd_close(&above);
	cgroup_enable(parent_fd, need, controllers);
}

int cgroup_apply(const char *path, const struct cgroup_limits *limits, struct error *err)
{
	struct controllers controllers = { .why = { 0 } };
	AUTO_CLOSE int parent_fd = -1;
	AUTO_CLOSE int fd = -1;
	const char *name;
	int r = cgroup_parent_open(path, &parent_fd, &name, err);

	if (r)
		return r;
	enable_all(path, parent_fd, cgroup_limits_need(limits), &controllers);
	fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return error_errno(err, -fd, "open cgroup '%s'", path);
	return cgroup_limits_write(fd, path, limits, &controllers, err);
}

/* Each process once a round, those that were forked meanwhile in the next one. */
static int kill_one_by_one(int fd, struct error *err)
{
	for (int i = 0; i < KILL_ROUNDS && cgroup_is_populated(fd); i++) {
		AUTO_BUF text = BUF_INIT;
		AUTO_STRV pids = STRV_INIT;
		int r = cgroup_get(fd, "cgroup.procs", &text, err);

		if (r)
			return r;
		strv_split(&pids, buf_str(&text), '\n');
		for (size_t j = 0; j < pids.n; j++) {
			pid_t pid = (pid_t)atoi(pids.v[j]);

			if (pid > 1)
				(void)kill(pid, SIGKILL);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000L }, NULL);
	}
	return 0;
}

int cgroup_kill(const char *path, struct error *err)
{
	AUTO_CLOSE int parent_fd = -1;
	AUTO_CLOSE int fd = -1;
	const char *name;
	int r = cgroup_parent_open(path, &parent_fd, &name, err);

	if (r)
		return r;
	fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	r = fd < 0 ? fd : cgroup_put(fd, "cgroup.kill", "1");
	if (r == -ENOENT && fd >= 0)
		return kill_one_by_one(fd, err);
	return r ? error_errno(err, -r, "kill all in cgroup '%s'", path) : 0;
}

static void remove_ours(const char *path)
{
	AUTO_FREE char *parent = cgroup_parent(path);

	/* EBUSY: other VMs are there */
	if (cgroup_is_ours(parent))
		(void)rmdir(parent);
}

int cgroup_remove(const char *path, struct error *err)
{
	struct error local = ERROR_INIT;
	AUTO_CLOSE int parent_fd = -1;
	const char *name;
	int r = cgroup_parent_open(path, &parent_fd, &name, &local);

	if (r == -ENOENT)
		return 0;
	if (r) {
		*err = local;
		return r;
	}
	r = remove_empty(parent_fd, name);
	if (r && r != -ENOENT && r != -EBUSY)
		return error_errno(err, -r, "remove cgroup '%s'", path);
	if (r == -EBUSY) {
		error_set(err, ERROR_BUSY, EBUSY, "remove cgroup '%s': processes live in it", path);
		return error_hint(err, "cat %s/cgroup.procs", path);
	}
	remove_ours(path);
	return 0;
}
