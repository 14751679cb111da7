/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a new VM, and what they will be in words. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/launch.h"
#include "create_steps.h"
#include "disks.h"
#include "image_users.h"
#include "make_disk.h"
#include "seed_files.h"
#include "uefi.h"

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

int create_build(struct create *create, struct error *err)
{
	const struct host_config *config = &create->host->config;
	int r = image_users_tell(create->host, create->name, create->vm->image.path, err);

	if (!r)
		r = dir_remove_tree(create->host->store.tmp_fd, create->name, err);
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

static void describe_pull(const struct catalogue_entry *entry, struct buf *out)
{
	AUTO_FREE char *url = catalogue_url(entry, 0, entry->file);

	buf_printf(out, "pull %s from %s\n", entry->name, url);
}

void create_describe(const struct create *create, struct buf *out)
{
	const struct host_config *config = &create->host->config;
	const struct vm_config *vm = create->vm;
	char size[SIZE_TEXT_MAX];

	if (create->wanted)
		describe_pull(create->wanted, out);
	size_format(create->disk_bytes, size);
	buf_printf(out, "make %s/vms/%s/\n", config->state_dir, create->name);
	if (create->wanted)
		buf_printf(out, "run %s create: %s, %s over what was pulled\n", config->qemu_img,
			   SYSTEM_DISK, size);
	else
		buf_printf(out, "run %s create: %s, %s over '%s' (%s)\n", config->qemu_img,
			   SYSTEM_DISK, size, vm->image.path, disk_format_words[vm->image.format]);
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
