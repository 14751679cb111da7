/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a VM. Everything is built in state_dir/tmp/NAME under the VM's lock and moved to
 * vms/NAME by one rename, so a VM is there whole or not at all; what a kill leaves is swept up
 * by the next command that writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/launch.h"
#include "net/netlink.h"
#include "store/claim.h"
#include "store/images.h"
#include "vm/create.h"
#include "disks.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "make_disk.h"
#include "random_id.h"
#include "seed_files.h"
#include "uefi.h"
#include "user_file.h"
#include "vm_claims.h"

enum { MIB = 1 << 20 };

/* What has been found out before anything is written. */
struct create {
	const struct vm_host *host;
	const char *name;
	struct vm_create_request *request;
	struct vm_config *vm; /* the request's */
	struct vm_dir dir;
	struct image_info image;
	uint64_t disk_bytes;
	char *pubkey;
	struct buf user_data;
	struct buf network_config;
	int tmp_fd; /* tmp/NAME */
	int image_fd; /* keeps the image from being removed meanwhile */
};

static void create_done(struct create *create)
{
	vm_dir_done(&create->dir);
	free(create->pubkey);
	buf_done(&create->user_data);
	buf_done(&create->network_config);
	fd_close(&create->tmp_fd);
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

static int find_image(struct create *create, struct error *err)
{
	const struct vm_create_request *request = create->request;
	AUTO_CLOSE int fd = -1;
	enum disk_format format = DISK_QCOW2;
	AUTO_FREE char *path = NULL;
	int r;

	if (request->os) {
		r = images_open(&create->host->store, request->os, &fd, &format, &path, err);
		if (r)
			return r;
		fd_close(&fd);
	} else {
		path = realpath(request->image_file, NULL);
		if (!path) {
			error_errno(err, errno, "open image '%s'", request->image_file);
			return err->code == ENOENT ? error_kind(err, ERROR_NOT_FOUND) : -err->code;
		}
	}
	r = disks_open_base(path, format == DISK_RAW, &fd, &create->image, err);
	if (r)
		return r;
	r = images_hold(fd, path, false, err);
	if (r)
		return r;
	create->image_fd = fd_steal(&fd);
	create->vm->image.path = ptr_steal(&path);
	create->vm->image.format = create->image.format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
	create->vm->image.size = create->image.file_size;
	create->vm->image.mtime_ns = create->image.mtime_ns;
	return 0;
}

static int choose_disk_size(struct create *create, struct error *err)
{
	uint64_t wanted = create->request->disk_bytes;
	char minimum[SIZE_TEXT_MAX], asked[SIZE_TEXT_MAX];

	if (!wanted) {
		wanted = create->host->config.disk_bytes;
		if (wanted < create->image.virtual_size)
			wanted = create->image.virtual_size;
	}
	if (wanted < create->image.virtual_size) {
		size_format(create->image.virtual_size, minimum);
		size_format(wanted, asked);
		error_set(err, ERROR_USAGE, EINVAL, "a disk of %s is smaller than its image (%s)",
			  asked, minimum);
		return error_hint(err, "give --disk %" PRIu64 "M or more",
				  (create->image.virtual_size + MIB - 1) / MIB);
	}
	create->disk_bytes = wanted;
	return 0;
}

static int read_documents(struct create *create, struct error *err)
{
	const struct vm_create_request *request = create->request;
	int r = seed_files_read_pubkey(request->pubkey_path, &create->pubkey, err);

	if (!r && request->user_data_path)
		r = user_file_read(request->user_data_path, SEED_USER_DATA_MAX, &create->user_data,
				   err);
	if (!r && request->network_config_path)
		r = user_file_read(request->network_config_path, SEED_USER_DATA_MAX,
				   &create->network_config, err);
	if (!r)
		r = seed_files_check(create->name, create->vm->user, create->pubkey,
				     &create->user_data, &create->network_config, err);
	return r;
}

static int complete_network(struct create *create, struct error *err)
{
	AUTO(netlink_close) struct nl_sock *sock = NULL;
	int r = netlink_open(&sock, err);

	for (unsigned int i = 0; i < create->vm->n_nics && !r; i++)
		r = lan_apply(create->host, sock, &create->request->nics[i], &create->vm->nics[i],
			      err);
	return r;
}

/* The writer of vm.conf refuses what its reader would not read back. */
static int check_settings(struct create *create, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r;

	r = vm_config_check_machine(create->vm, err);
	if (!r)
		r = limits_check(create->vm, err);
	return r ? r : vm_config_format(create->vm, &text, err);
}

static int check_flash(struct create *create, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (create->vm->firmware != FIRMWARE_UEFI)
		return 0;
	return uefi_open_code(&create->host->config, &fd, err);
}

/* All that can be wrong with what was asked for, before the first write. */
static int create_check(struct create *create, struct error *err)
{
	int r = check_settings(create, err);

	if (!r)
		r = find_image(create, err);
	if (!r)
		r = choose_disk_size(create, err);
	if (!r)
		r = complete_network(create, err);
	if (!r)
		r = check_flash(create, err);
	/* with the addresses, which may be those of two NICs */
	return r ? r : check_settings(create, err);
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

static int write_texts(struct create *create, struct error *err)
{
	AUTO_FREE char *pubkey = xasprintf("%s\n", create->pubkey);
	int r = file_write_volatile(create->tmp_fd, "pubkey.pub", pubkey, strlen(pubkey), 0600,
				    err);

	if (!r && create->user_data.len)
		r = file_write_volatile(create->tmp_fd, "user-data", create->user_data.data,
					create->user_data.len, 0600, err);
	if (!r && create->network_config.len)
		r = file_write_volatile(create->tmp_fd, "network-config",
					create->network_config.data, create->network_config.len,
					0600, err);
	return r;
}

static int make_disks(struct create *create, struct error *err)
{
	const struct host_config *config = &create->host->config;
	struct vm_config *vm = create->vm;
	struct overlay_spec spec = {
		.size = create->disk_bytes,
		.backing = vm->image.path,
		.backing_format = create->image.format,
	};
	int r = make_disk(config, vm, create->tmp_fd, SYSTEM_DISK, &spec, err);

	for (unsigned int i = 0; i < vm->n_disks && !r; i++) {
		spec = (struct overlay_spec){ .size = create->request->extra_disks[i] };
		r = make_disk(config, vm, create->tmp_fd, vm->disks[i].file, &spec, err);
	}
	return r;
}

static int make_flash(struct create *create, struct error *err)
{
	if (create->vm->firmware != FIRMWARE_UEFI)
		return 0;
	return uefi_make_vars(&create->host->config, create->tmp_fd, false, err);
}

static int create_build(struct create *create, struct error *err)
{
	const struct host_config *config = &create->host->config;
	int r = dir_remove_tree(create->host->store.tmp_fd, create->name, err);

	if (!r)
		r = dir_make(create->host->store.tmp_fd, create->name, 0700, &create->tmp_fd, err);
	if (!r)
		r = write_texts(create, err);
	if (!r)
		r = seed_files_make_host_key(create->tmp_fd, create->name, config, err);
	if (!r)
		r = seed_files_write(create->tmp_fd, create->name, create->vm, config, false, err);
	if (!r)
		r = make_disks(create, err);
	if (!r)
		r = make_flash(create, err);
	if (!r)
		r = vm_dir_save(create->tmp_fd, create->vm, false, err);
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

static int create_locked(struct create *create, struct error *err)
{
	int r;

	if (create->dir.fd >= 0) {
		error_set(err, ERROR_CONFLICT, EEXIST, "vm '%s' exists", create->name);
		return error_hint(err, "mnmivm-se show %s", create->name);
	}
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
	};
	xreplace(&request->config.os, request->os ? request->os : request->image_file);
}

int vm_create(const struct vm_host *host, const char *name, struct vm_create_request *request,
	      struct error *err)
{
	AUTO(create_done) struct create create;
	int r;

	create_init(&create, host, name, request);
	/* before the lock: standard input may take its time */
	r = read_documents(&create, err);
	if (r)
		return r;
	r = vm_dir_lock(&host->store, name, "create", &create.dir, err);
	if (!r)
		r = create_locked(&create, err);
	return r;
}

static void describe_nic(const struct vm_nic *nic, struct buf *out)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);
	char text[IP_TEXT_MAX];

	for (unsigned int i = 0; i < n; i++) {
		ip_format(&addresses[i].addr, text);
		buf_printf(out, "claim address %s\n", text);
	}
	buf_puts(out, "claim a MAC\n");
}

static void describe(const struct create *create, struct buf *out)
{
	const struct host_config *config = &create->host->config;
	const struct vm_config *vm = create->vm;
	char size[SIZE_TEXT_MAX];

	size_format(create->disk_bytes, size);
	buf_printf(out, "make %s/vms/%s/\n", config->state_dir, create->name);
	buf_printf(out, "run %s create: %s, %s over '%s' (%s)\n", config->qemu_img, SYSTEM_DISK,
		   size, vm->image.path, disk_format_words[vm->image.format]);
	for (unsigned int i = 0; i < vm->n_disks; i++)
		buf_printf(out, "run %s create: %s\n", config->qemu_img, vm->disks[i].file);
	buf_printf(out, "run %s: ssh_host_ed25519_key\n", config->ssh_keygen);
	buf_printf(out, "write pubkey.pub seed.iso os.name vm.ip vm.mac vnc.port vm.conf%s\n",
		   vm->firmware == FIRMWARE_UEFI ? " " UEFI_VARS_FILE : "");
	for (unsigned int i = 0; i < vm->n_nics; i++)
		describe_nic(&vm->nics[i], out);
	buf_printf(out, "claim a %sVNC port\n",
		   launch_mode() == LAUNCH_AS_ROOT ? "uid and a " : "");
}

int vm_create_describe(const struct vm_host *host, const char *name,
		       struct vm_create_request *request, struct buf *out, struct error *err)
{
	AUTO(create_done) struct create create;
	AUTO_VM_DIR existing = VM_DIR_INIT;
	int r = parse_vm_name(name, err);

	create_init(&create, host, name, request);
	if (r)
		return r;
	if (!vm_dir_open(&host->store, name, &existing, err))
		return error_set(err, ERROR_CONFLICT, EEXIST, "vm '%s' exists", name);
	r = read_documents(&create, err);
	if (!r)
		r = create_check(&create, err);
	if (!r)
		r = vm_claims_check_nics(&host->store, name, create.vm, err);
	if (!r)
		describe(&create, out);
	return r;
}
