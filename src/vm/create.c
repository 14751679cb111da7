/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a VM. Everything is built in state_dir/tmp/NAME under the VM's lock and moved to
 * vms/NAME by one rename, so a VM is there whole or not at all; what a kill leaves is swept up
 * by the next command that writes. An image that is not here is pulled before that, without
 * the lock, and after all checks that need no image: they are made again under it. Those before
 * are made in a process of their own, as user-data has passwords in it, and what downloads begins
 * with a copy of our memory (jail/worker.h).
 */
#include "vm/create.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/launch.h"
#include "store/claim.h"
#include "apart.h"
#include "create_steps.h"
#include "limits.h"
#include "live.h"
#include "random_id.h"
#include "seed_files.h"
#include "user_file.h"
#include "vm_claims.h"

static void create_done(struct create *create)
{
	vm_dir_done(&create->dir);
	catalogue_done(&create->catalogue);
	free(create->pubkey);
	buf_done(&create->user_data);
	buf_done(&create->network_config);
	fd_close(&create->tmp_fd);
	fd_close(&create->hold_fd);
	fd_close(&create->image_fd);
}

void vm_create_request_done(struct vm_create_request *request)
{
	if (request->config_ready)
		vm_config_done(&request->config);
	request->config_ready = false;
	for (unsigned int i = 0; i < VM_NICS_MAX; i++)
		vm_nic_request_done(&request->nics[i]);
}

static int read_documents(struct create *create, struct error *err)
{
	const struct vm_create_request *request = create->request;
	int r = 0;

	if (request->user_data_path)
		r = user_file_read(request->user_data_path, SEED_USER_DATA_MAX, &create->user_data,
				   err);
	if (!r && request->network_config_path)
		r = user_file_read(request->network_config_path, SEED_USER_DATA_MAX,
				   &create->network_config, err);
	if (!r)
		r = seed_files_check(create->name, create->vm, create->pubkey, &create->user_data,
				     &create->network_config, err);
	return r;
}

static int claim_numbers(struct create *create, struct error *err)
{
	const struct host_config *config = &create->host->config;
	bool has_uid = launch_mode() == LAUNCH_AS_ROOT;
	uint64_t uid = 0, port;
	int r = 0;

	if (has_uid)
		r = claim_take_number(&create->host->store, "uid", config->uid_base,
				      host_config_vm_uids(config), create->name, &uid, err);
	if (!r)
		r = claim_take_number(&create->host->store, "vnc-port", VNC_PORT_BASE,
				      VNC_PORT_COUNT, create->name, &port, err);
	if (r)
		return r;
	create->vm->uid = (uid_t)uid;
	create->vm->vnc_port = (unsigned int)port;
	return 0;
}

static int create_claim(struct create *create, struct error *err)
{
	int r = vm_claims_assign_macs(&create->host->store, create->name, create->vm, err);

	if (!r)
		r = vm_claims_take_nics(&create->host->store, create->name, create->vm, err);
	if (!r)
		r = claim_numbers(create, err);
	if (!r)
		r = random_id("iid-", &create->vm->instance_id, err);
	if (!r)
		r = random_id("", &create->vm->ready_nonce, err);
	return r;
}

/* The files were written without fsync each; now all of them at once, then the rename. */
static int create_commit(struct create *create, struct error *err)
{
	const struct store *store = &create->host->store;
	struct error ignored = ERROR_INIT;
	int r = dir_sync_files(create->tmp_fd, err);

	if (r)
		return r;
	if (fsync(store->claims_fd) < 0)
		return error_errno(err, errno, "write the claims of vm '%s' to disk", create->name);
	r = file_rename_new(store->tmp_fd, create->name, store->vms_fd, create->name);
	if (!r && fsync(store->vms_fd) < 0) {
		r = -errno;
		dir_remove_tree(store->vms_fd, create->name, &ignored);
	}
	return r ? error_errno(err, -r, "put the folder of vm '%s' in its place", create->name) : 0;
}

static void create_undo(struct create *create)
{
	struct error ignored = ERROR_INIT;

	dir_remove_tree(create->host->store.tmp_fd, create->name, &ignored);
	vm_claims_drop(&create->host->store, create->name, create->vm);
}

/* A folder that was removed by hand may have left its QEMU behind, alive. */
static int check_no_ghost(const struct create *create, struct error *err)
{
	struct record record;
	int r = live_check_unrecorded(create->host, &create->dir, err);

	if (!r || record_read(&create->dir, &record, &(struct error)ERROR_INIT) ||
	    process_check(&record.process) != PROCESS_ALIVE)
		return r;
	error_set(err, ERROR_BUSY, EBUSY,
		  "a QEMU of an earlier vm '%s' is alive (pid %d), its folder is gone",
		  create->name, record.process.pid);
	return error_hint(err, "end it with: kill %d", record.process.pid);
}

static int refuse_existing(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, EEXIST, "vm '%s' exists", name);
	return error_hint(err, "mnmivm-se show %s", name);
}

static int create_locked(struct create *create, struct error *err)
{
	int r;

	if (create->dir.fd >= 0)
		return refuse_existing(create->name, err);
	r = check_no_ghost(create, err);
	if (r)
		return r;
	r = create_check(create, err);
	if (!r) {
		r = create_claim(create, err);
		if (!r)
			r = create_build(create, err);
		if (!r)
			r = create_commit(create, err);
		if (r)
			create_undo(create);
	}
	if (r && limits_clear(create->host, &create->dir))
		vm_dir_remove_run(&create->host->store, &create->dir);
	return r;
}

static void create_init(struct create *create, const struct vm_host *host, const char *name,
			struct vm_create_request *request)
{
	*create = (struct create){
		.host = host,
		.name = name,
		.request = request,
		.vm = &request->config,
		.dir = VM_DIR_INIT,
		.tmp_fd = -1,
		.image_fd = -1,
		.hold_fd = -1,
	};
	xreplace(&request->config.os, request->os ? request->os : request->image_file);
}

/* Without the lock: what is free by now may be taken when the lock is ours. */
static int check_unlocked(struct create *create, struct error *err)
{
	const struct store *store = &create->host->store;
	AUTO_VM_DIR existing = VM_DIR_INIT;
	int r = parse_vm_name(create->name, err);

	if (r)
		return r;
	if (!vm_dir_open(store, create->name, &existing, &(struct error)ERROR_INIT))
		return refuse_existing(create->name, err);
	r = create_check(create, err);
	return r ? r : vm_claims_check_nics(store, create->name, create->vm, err);
}

/* In a process of its own. What there is to note is noted when the VM is made. */
static int check_ahead(void *arg, struct error *err)
{
	struct create *create = arg;
	const struct vm_host *host = create->host;
	struct vm_host quiet = *host;
	int r;

	quiet.note = NULL;
	create->host = &quiet;
	r = read_documents(create, err);
	if (!r)
		r = check_unlocked(create, err);
	create->host = host;
	return r;
}

/* Standard input can be read once, and may take its time: a public key, before all else. */
static int find_image(struct create *create, struct error *err)
{
	int r = seed_files_read_pubkey(create->request->pubkey_path, &create->pubkey, err);

	return r ? r : create_find_image(create, err);
}

int vm_create(const struct vm_host *host, const char *name, struct vm_create_request *request,
	      struct error *err)
{
	AUTO(create_done) struct create create;
	int r;

	create_init(&create, host, name, request);
	r = find_image(&create, err);
	if (!r && create.wanted) {
		r = run_apart(check_ahead, &create, err);
		if (!r)
			r = create_pull(&create, err);
	}
	if (!r)
		r = read_documents(&create, err);
	if (!r)
		r = vm_dir_lock(&host->store, name, "create", &create.dir, err);
	return r ? r : create_locked(&create, err);
}

int vm_create_describe(const struct vm_host *host, const char *name,
		       struct vm_create_request *request, struct buf *out, struct error *err)
{
	AUTO(create_done) struct create create;
	int r;

	create_init(&create, host, name, request);
	create.dry = true;
	r = find_image(&create, err);
	if (!r)
		r = read_documents(&create, err);
	if (!r)
		r = check_unlocked(&create, err);
	if (!r)
		create_describe(&create, out);
	return r;
}
