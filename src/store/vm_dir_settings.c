/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's settings, from the files of its folder and into them: all or none. */
#include "store/vm_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

enum { VM_CONF_MAX = 64 * 1024 };

/*
 * Settings are several files, which have to change together: new ones are put into a folder, and
 * count from when that is called "change". Whoever finds it there, because somebody was killed
 * before all had been moved to their places, reads what is left in it first.
 */
#define CHANGE "change"
#define CHANGE_NEW "change.tmp"

const char *const vm_dir_settings[] = { "vm.mac", "vm.ip", "os.name", "vnc.port", "vm.conf", NULL };

static int read_value(int dir_fd, const char *name, char **ret, struct error *err)
{
	AUTO_FREE char *changed = xasprintf(CHANGE "/%s", name);
	int r = file_read_line(dir_fd, changed, ret, err);

	return r == FILE_ABSENT ? file_read_line(dir_fd, name, ret, err) : r;
}

static int read_conf(int dir_fd, struct buf *ret, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (!file_read(dir_fd, CHANGE "/vm.conf", VM_CONF_MAX, ret, &ignored))
		return 0;
	return file_read(dir_fd, "vm.conf", VM_CONF_MAX, ret, err);
}

static int load_conf(const struct vm_dir *dir, struct vm_config *config, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	AUTO_FREE char *origin = xasprintf("%s/vm.conf", dir->name);
	struct error local = ERROR_INIT;
	int r = read_conf(dir->fd, &text, &local);

	if (r == -ENOENT)
		return 0;
	if (r) {
		*err = local;
		return r;
	}
	return vm_config_parse(config, origin, text.data ? text.data : "", text.len, err);
}

static int load_mac(const struct vm_dir *dir, struct vm_config *config, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = read_value(dir->fd, "vm.mac", &text, err);

	if (r == FILE_ABSENT)
		return error_set(err, ERROR_FAILED, ENOENT, "vm.mac is missing");
	if (r)
		return r;
	r = mac_parse(text, &config->nics[0].mac, err);
	return r ? error_prefix(err, "vm.mac") : 0;
}

static int load_ip(const struct vm_dir *dir, const struct ip_prefix *fallback,
		   struct vm_config *config, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = read_value(dir->fd, "vm.ip", &text, err);

	if (r)
		return r == FILE_ABSENT ? 0 : r;
	r = vm_nic_set_ip(&config->nics[0], text, fallback, err);
	return r ? error_prefix(err, "vm.ip") : 0;
}

/* vm.conf has those of further NICs. */
static int check_macs(const struct vm_config *config, struct error *err)
{
	for (unsigned int i = 1; i < config->n_nics; i++) {
		if (!mac_is_set(&config->nics[i].mac))
			return error_set(err, ERROR_USAGE, EINVAL,
					 "vm.conf: section [nic.%u] lacks its 'mac'", i);
	}
	return 0;
}

static int load_os(const struct vm_dir *dir, struct vm_config *config, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = read_value(dir->fd, "os.name", &text, err);

	if (r)
		return r == FILE_ABSENT ? 0 : r;
	xreplace(&config->os, text);
	return 0;
}

static int load_vnc_port(const struct vm_dir *dir, struct vm_config *config, struct error *err)
{
	AUTO_FREE char *text = NULL;
	uint64_t port;
	int r = read_value(dir->fd, "vnc.port", &text, err);

	if (r)
		return r == FILE_ABSENT ? 0 : r;
	r = parse_u64("vnc.port", text, 1, 65535, &port, err);
	if (!r)
		config->vnc_port = (unsigned int)port;
	return r;
}

int vm_dir_load(const struct vm_dir *dir, const struct host_config *host,
		const struct ip_prefix *fallback, struct vm_config *ret, struct error *err)
{
	struct vm_config config;
	int r;

	vm_config_init(&config, host);
	/* vm.conf after MAC and address of the first NIC: its reader finds what is given twice */
	r = load_mac(dir, &config, err);
	if (!r)
		r = load_ip(dir, fallback, &config, err);
	if (!r)
		r = load_conf(dir, &config, err);
	if (!r)
		r = check_macs(&config, err);
	if (!r)
		r = load_os(dir, &config, err);
	if (!r)
		r = load_vnc_port(dir, &config, err);
	if (r) {
		vm_config_done(&config);
		/* a bad value in a file is no misuse of the command line */
		if (err->kind == ERROR_USAGE)
			error_kind(err, ERROR_FAILED);
		return error_prefix(err, "vm '%s' is damaged", dir->name);
	}
	*ret = config;
	return 0;
}

static int put_value(int dir_fd, const char *name, const char *value, struct error *err)
{
	AUTO_FREE char *line = xasprintf("%s\n", value);

	return file_write_volatile(dir_fd, name, line, strlen(line), 0600, err);
}

static int put_settings(int dir_fd, const struct vm_config *config, const struct buf *text,
			struct error *err)
{
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], port[16];
	int r;

	vm_nic_format_ip(&config->nics[0], ip);
	mac_format(&config->nics[0].mac, mac);
	snprintf(port, sizeof(port), "%u", config->vnc_port);
	r = put_value(dir_fd, "vm.mac", mac, err);
	if (!r)
		r = put_value(dir_fd, "vm.ip", ip, err);
	if (!r && config->os)
		r = put_value(dir_fd, "os.name", config->os, err);
	if (!r && config->vnc_port)
		r = put_value(dir_fd, "vnc.port", port, err);
	if (!r)
		r = file_write_volatile(dir_fd, "vm.conf", buf_str(text), text->len, 0600, err);
	return r;
}

/* Move what is in "change" to its place; also what another was killed over. */
static int finish_change(int dir_fd, struct error *err)
{
	for (size_t i = 0; vm_dir_settings[i]; i++) {
		AUTO_FREE char *changed = xasprintf(CHANGE "/%s", vm_dir_settings[i]);

		if (renameat(dir_fd, changed, dir_fd, vm_dir_settings[i]) < 0 && errno != ENOENT)
			return error_errno(err, errno, "replace '%s'", vm_dir_settings[i]);
	}
	if (unlinkat(dir_fd, CHANGE, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(err, errno, "remove the folder '" CHANGE "'");
	return fsync(dir_fd) < 0 ? error_errno(err, errno, "write a VM's folder to disk") : 0;
}

static int change_settings(int dir_fd, const struct vm_config *config, const struct buf *text,
			   struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = finish_change(dir_fd, err);

	if (!r)
		r = dir_remove_tree(dir_fd, CHANGE_NEW, err);
	if (!r)
		r = dir_make(dir_fd, CHANGE_NEW, 0700, &fd, err);
	if (!r)
		r = put_settings(fd, config, text, err);
	if (!r)
		r = dir_sync_files(fd, err);
	if (!r && renameat(dir_fd, CHANGE_NEW, dir_fd, CHANGE) < 0)
		r = error_errno(err, errno, "put the new settings in their place");
	if (r) {
		dir_remove_tree(dir_fd, CHANGE_NEW, &(struct error)ERROR_INIT);
		return r;
	}
	if (fsync(dir_fd) < 0)
		return error_errno(err, errno, "write a VM's folder to disk");
	return finish_change(dir_fd, err);
}

int vm_dir_save(int dir_fd, const struct vm_config *config, bool durable, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = check_macs(config, err);

	if (!r)
		r = vm_config_format(config, &text, err);
	if (r)
		return r;
	return durable ? change_settings(dir_fd, config, &text, err)
		       : put_settings(dir_fd, config, &text, err);
}

int vm_dir_save_run(const struct vm_dir *dir, const struct vm_config *config, struct error *err)
{
	return vm_dir_save(dir->run_fd, config, false, err);
}

int vm_dir_load_run(const struct vm_dir *dir, const struct host_config *host, struct vm_config *ret,
		    struct error *err)
{
	struct vm_dir run = { .fd = dir->run_fd, .run_fd = -1, .lock_fd = -1 };

	memcpy(run.name, dir->name, sizeof(run.name));
	/* the first file to be written, the one that every VM has */
	if (run.fd < 0 || faccessat(run.fd, "vm.mac", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return VM_DIR_NO_RUN;
	return vm_dir_load(&run, host, NULL, ret, err);
}
