/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs of other state directories on our images. Whose those are has put a link to his where all
 * can (store/tenants.h), and so chooses what we look at: FIFOs, file systems that never answer,
 * files without end. A child with his rights looks, and has a few seconds. Whatever goes wrong
 * there makes a directory one that cannot be looked at, which keeps images and does nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/quote.h"
#include "jail/visit.h"
#include "store/tenants.h"
#include "image_users.h"

enum {
	VISIT_MS = 5 * 1000,
	VISITS_MS = 15 * 1000, /* all of them */
	VISIT_VMS_MAX = 4096,
	VISIT_OUTPUT_MAX = 4 << 20,
	NOBODY = 65534,
};

/*
 * What a visitor says of a VM; path_len bytes follow, none of a VM that cannot be read. A folder
 * whose name is none that a VM can have goes without it: it may be long, and is not for a terminal.
 */
struct word {
	uint64_t dev, ino;
	uint32_t path_len;
	char vm[NAME_MAX_LEN + 1];
};

struct visit_plan {
	const struct vm_host *host;
	const char *state_dir;
};

static void put_word(const struct image_user *user, struct buf *out)
{
	struct word word = { .path_len = user->path ? (uint32_t)strlen(user->path) : 0 };
	struct error ignored = ERROR_INIT;
	struct stat st;

	if (!parse_vm_name(user->vm, &ignored))
		memcpy(word.vm, user->vm, strlen(user->vm));
	if (user->path && stat(user->path, &st) == 0) {
		word.dev = st.st_dev;
		word.ino = st.st_ino;
	}
	buf_add(out, &word, sizeof(word));
	buf_add(out, user->path, word.path_len);
}

/* In the child. A folder of VMs is made with the state directory: without one it is not mounted. */
static int look(void *arg, int output_fd)
{
	const struct visit_plan *plan = arg;
	AUTO_FREE char *vms = xasprintf("%s/vms", plan->state_dir);
	AUTO_IMAGE_USERS users = IMAGE_USERS_INIT;
	AUTO_FREE char *state_dir = xstrdup(plan->state_dir);
	struct vm_host there = *plan->host;
	struct error err = ERROR_INIT;
	AUTO_BUF out = BUF_INIT;
	int r;

	there.config.state_dir = state_dir;
	there.store = (struct store)STORE_INIT;
	there.store.config = &there.config;
	there.note = NULL;
	there.store.vms_fd = open(vms, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (there.store.vms_fd < 0)
		return -errno;
	r = image_users_read_store(&there, VISIT_VMS_MAX, &users, &err);
	for (size_t i = 0; i < users.n && !r; i++)
		put_word(&users.v[i], &out);
	return r ? r : fd_write_all(output_fd, out.data, out.len);
}

/* Whose VM it is: of another user, or in another directory of the same one. */
static char *label(const struct tenant *tenant, const char *owner, const char *vm)
{
	if (tenant->uid == geteuid())
		return xasprintf("%s below '%s'", vm, tenant->state_dir);
	return xasprintf("%s/%s", owner, vm);
}

/* What came is the user's word, as if he had made it up. Returns the bytes that were read, or 0. */
static size_t take_word(const char *data, size_t len, const struct tenant *tenant,
			const char *owner, struct image_users *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *vm = NULL;
	struct image_user *user;
	struct word word;

	if (len < sizeof(word))
		return 0;
	memcpy(&word, data, sizeof(word));
	if (word.path_len > PATH_MAX || word.path_len > len - sizeof(word) ||
	    word.vm[NAME_MAX_LEN] || (word.vm[0] && parse_vm_name(word.vm, &ignored)))
		return 0;
	path = word.path_len ? xstrndup(data + sizeof(word), word.path_len) : NULL;
	vm = label(tenant, owner, word.vm[0] ? word.vm : "?");
	user = image_users_add(ret, vm, path);
	user->other = true;
	user->dev = word.dev;
	user->ino = word.ino;
	return sizeof(word) + word.path_len;
}

static bool take_words(const struct buf *output, const struct tenant *tenant, const char *owner,
		       struct image_users *ret)
{
	size_t at = 0, n = 1;

	while (at < output->len && n) {
		n = take_word(output->data + at, output->len - at, tenant, owner, ret);
		at += n;
	}
	return n > 0;
}

/* A user who is known no more has no group but nobody's, and his number for a name. */
static gid_t find_owner(const struct tenant *tenant, char **ret_name)
{
	const struct passwd *entry = getpwuid(tenant->uid);

	*ret_name = entry ? xstrdup(entry->pw_name) : xasprintf("%u", tenant->uid);
	return entry ? entry->pw_gid : NOBODY;
}

static int visit_one(const struct vm_host *host, const struct tenant *tenant, int64_t end_ms,
		     struct image_users *ret, struct error *err)
{
	struct visit_plan plan = { .host = host, .state_dir = tenant->state_dir };
	AUTO_BUF quoted = BUF_INIT;
	AUTO_BUF output = BUF_INIT;
	AUTO_FREE char *owner = NULL;
	AUTO_FREE char *name = NULL;
	int64_t deadline_ms = clock_ms() + VISIT_MS;
	gid_t gid = find_owner(tenant, &owner);
	int r;

	quote_word(&quoted, tenant->state_dir);
	name = xasprintf("look at state directory %.200s of %s", buf_str(&quoted), owner);
	if (tenant->strange)
		return error_set(err, ERROR_FAILED, EPERM, "%s: its link is of another uid, %u",
				 name, tenant->uid);
	r = visit_run(&(struct visit){ .name = name,
				       .uid = tenant->uid,
				       .gid = tenant->uid == geteuid() ? getegid() : gid,
				       .deadline_ms = deadline_ms < end_ms ? deadline_ms : end_ms,
				       .output_max = VISIT_OUTPUT_MAX,
				       .work = look,
				       .arg = &plan },
		      &output, err);
	if (!r && !take_words(&output, tenant, owner, ret))
		r = error_errno(err, EPROTO, "%s", name);
	return r;
}

int image_users_read_others(const struct vm_host *host, struct image_users *ret, struct error *err)
{
	AUTO(tenants_done) struct tenants tenants = { .v = NULL };
	AUTO_FREE char *folder = tenants_path(&host->store);
	int64_t end_ms = clock_ms() + VISITS_MS;
	int r = tenants_list(&host->store, &tenants, err);

	for (size_t i = 0; i < tenants.n && !r; i++) {
		const struct tenant *tenant = &tenants.v[i];
		struct error why = ERROR_INIT;

		if (!visit_one(host, tenant, end_ms, ret, &why))
			continue;
		strv_push(&ret->unseen, why.message);
		strv_pushf(&ret->links, "%s/%s", folder, tenant->link);
	}
	if (!r && tenants.more) {
		strv_pushf(&ret->unseen,
			   "look at the state directories of others: there are too many");
		strv_pushf(&ret->links, "%s/*", folder);
	}
	return r;
}
