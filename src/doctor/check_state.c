/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What killed commands and dead QEMUs have left behind. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "check.h"
#include "store/record.h"
#include "store/vm_dir.h"

/* A name that anybody may have given: as a shell reads it back. */
static void fix_remove(struct check *check, const char *command, const char *folder,
		       const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_FREE char *word = check_quoted(path);

	check_fix(check, "%s %s", command, word);
}

static bool is_vm_name(const char *name)
{
	struct error ignored = ERROR_INIT;

	return !parse_vm_name(name, &ignored);
}

static bool vm_exists(struct check *check, const char *name)
{
	int vms_fd = check->host->vm->store.vms_fd;

	return vms_fd >= 0 && !faccessat(vms_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* The run folder alone, as a VM that may have no other. */
static void open_run(struct check *check, const char *name, struct vm_dir *ret)
{
	*ret = (struct vm_dir)VM_DIR_INIT;
	memcpy(ret->name, name, strlen(name) + 1);
	ret->run_fd = file_openat(check->host->vm->store.run_fd, name, O_RDONLY | O_DIRECTORY, 0);
}

static void lost_process(struct check *check, const struct vm_dir *dir)
{
	struct error ignored = ERROR_INIT;
	struct record record;

	check_fail(check, dir->name, "its QEMU runs, but its folder is gone");
	if (!record_read(dir, &record, &ignored) && process_check(&record.process) == PROCESS_ALIVE)
		check_fix(check, "kill %d", record.process.pid);
}

static void check_run_folder(const char *name, void *arg)
{
	struct check *check = arg;
	AUTO_VM_DIR dir = VM_DIR_INIT;

	if (!is_vm_name(name) || vm_exists(check, name))
		return;
	open_run(check, name, &dir);
	if (dir.run_fd < 0 || vm_dir_is_locked(&dir)) /* it is being made or removed */
		return;
	if (vm_dir_running_lock_held(&dir)) {
		lost_process(check, &dir);
		return;
	}
	check_warn(check, name, "its run folder is left of a VM that is no more");
	fix_remove(check, "rm -r", check->config->run_dir, name);
}

static void check_unfinished(const char *name, void *arg)
{
	struct check *check = arg;
	AUTO_FREE char *path = xasprintf("tmp/%s", name);
	AUTO_VM_DIR dir = VM_DIR_INIT;

	if (is_vm_name(name))
		open_run(check, name, &dir);
	if (vm_dir_is_locked(&dir))
		return;
	check_warn(check, name, "a create or delete was killed half way, and its files use space");
	fix_remove(check, "rm -r", check->config->state_dir, path);
}

static void check_claim(const char *claim, void *arg)
{
	struct check *check = arg;
	const struct store *store = &check->host->vm->store;
	AUTO_FREE char *path = xasprintf("claims/%s", claim);
	AUTO_VM_DIR dir = VM_DIR_INIT;
	char owner[NAME_MAX_LEN + 2];
	ssize_t len = readlinkat(store->claims_fd, claim, owner, sizeof(owner) - 1);

	if (len < 0)
		return;
	owner[len] = '\0';
	if (is_vm_name(owner)) {
		if (vm_exists(check, owner))
			return;
		open_run(check, owner, &dir);
		if (vm_dir_is_locked(&dir))
			return;
	}
	check_warn(check, claim, "is claimed by VM '%s', which is no more", owner);
	fix_remove(check, "rm", check->config->state_dir, path);
}

void check_orphans(struct check *check)
{
	const struct store *store = &check->host->vm->store;
	size_t before = check->report->n;

	if (check->host->store_error->kind) {
		check_warn(check, "state", "not looked at: %s", check->host->store_error->message);
		return;
	}
	dir_for_each(store->run_fd, check_run_folder, check);
	dir_for_each(store->tmp_fd, check_unfinished, check);
	dir_for_each(store->claims_fd, check_claim, check);
	if (check->report->n == before)
		check_pass(check, "state", "nothing is left behind");
}
