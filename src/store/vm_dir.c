/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, locks, loads and saves one VM's folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/vm_dir.h"
#include "lock.h"

enum { VM_CONF_MAX = 64 * 1024, LOCK_TRIES = 100 };

/* A folder that is not there leaves *ret_fd alone. */
static int open_folder(int parent_fd, const char *name, int *ret_fd, struct error *err)
{
	int fd;

	if (parent_fd < 0)
		return 0;
	fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd == -ELOOP || fd == -ENOTDIR)
		return error_set(err, ERROR_FAILED, -fd, "vm '%s' is not a folder of its own",
				 name);
	if (fd < 0)
		return error_errno(err, -fd, "open the folder of vm '%s'", name);
	*ret_fd = fd;
	return 0;
}

static int open_checked(const struct store *store, struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *path = store_vm_path(store, dir->name);
	int r = open_folder(store->vms_fd, dir->name, &dir->fd, err);

	if (r || dir->fd < 0)
		return r;
	return dir_check_owner(dir->fd, path, err);
}

static int not_found(const char *name, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, ENOENT, "no vm '%s'", name);
	return error_hint(err, "mnmivm-se list shows the ones there are");
}

/*
 * Two state directories may share one run_dir by mistake (--state-dir with the default run_dir),
 * and a VM of one name may be in both. The first that locks run_dir/NAME signs it with its own
 * vms/ folder; to the other it is somebody else's.
 */
static int run_folder_owner(const struct store *store, const struct vm_dir *dir, char **ret_theirs,
			    struct error *err)
{
	AUTO_FREE char *ours = NULL;
	AUTO_FREE char *text = NULL;
	struct stat st;
	bool same_path;
	int r;

	*ret_theirs = NULL;
	if (dir->run_fd < 0)
		return 0;
	if (fstat(store->vms_fd, &st) < 0)
		return error_errno(err, errno, "look at the folder of VMs");
	ours = xasprintf("%ju:%ju %s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
			 store->config->state_dir);
	r = file_read_line(dir->run_fd, "state-dir", &text, err);
	if (r == FILE_ABSENT && dir->lock_fd >= 0) {
		AUTO_FREE char *line = xasprintf("%s\n", ours);

		return file_write_volatile(dir->run_fd, "state-dir", line, strlen(line), 0600, err);
	}
	if (r)
		return r < 0 ? r : 0;
	/* a remount may change the numbers, another spelling the path: one of the two is enough */
	same_path = strchr(text, ' ') && !strcmp(strchr(text, ' ') + 1, store->config->state_dir);
	if (!same_path && strncmp(text, ours, strcspn(ours, " ") + 1) != 0)
		*ret_theirs = ptr_steal(&text);
	return 0;
}

static int check_run_folder(const struct store *store, const struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *theirs = NULL;
	const char *path;
	int r = run_folder_owner(store, dir, &theirs, err);

	if (r || !theirs)
		return r;
	path = strchr(theirs, ' ');
	error_set(err, ERROR_CONFLICT, EEXIST,
		  "run folder '%s/%s' belongs to the vm '%s' below '%s'", store->config->run_dir,
		  dir->name, dir->name, path ? path + 1 : "?");
	return error_hint(err,
			  "give each state directory a run_dir of its own in its configuration");
}

/* For a reader somebody else's run folder is none. */
static int open_run_folder(const struct store *store, struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *theirs = NULL;
	int r = open_folder(store->run_fd, dir->name, &dir->run_fd, err);

	if (!r)
		r = run_folder_owner(store, dir, &theirs, err);
	if (!r && theirs)
		fd_close(&dir->run_fd);
	return r;
}

int vm_dir_open(const struct store *store, const char *name, struct vm_dir *ret, struct error *err)
{
	struct vm_dir dir = VM_DIR_INIT;
	int r = parse_vm_name(name, err);

	if (r)
		return r;
	memcpy(dir.name, name, strlen(name) + 1);
	r = open_checked(store, &dir, err);
	if (!r && dir.fd < 0)
		r = not_found(name, err);
	if (!r)
		r = open_run_folder(store, &dir, err);
	if (r) {
		vm_dir_done(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

static int lock_once(const struct store *store, struct vm_dir *dir, const char *command,
		     struct error *err)
{
	int r;

	r = dir_make(store->run_fd, dir->name, 0700, &dir->run_fd, err);
	if (r)
		return r;
	r = lock_take(dir->run_fd, dir->name, command, &dir->lock_fd, err);
	if (r == -ESTALE)
		fd_close(&dir->run_fd);
	return r;
}

int vm_dir_lock(const struct store *store, const char *name, const char *command,
		struct vm_dir *ret, struct error *err)
{
	struct vm_dir dir = VM_DIR_INIT;
	int r = parse_vm_name(name, err);

	if (r)
		return r;
	memcpy(dir.name, name, strlen(name) + 1);
	r = -ESTALE;
	for (int i = 0; i < LOCK_TRIES && (r == -ESTALE || r == -ENOENT); i++)
		r = lock_once(store, &dir, command, err);
	if (r == -ESTALE)
		error_set(err, ERROR_BUSY, ESTALE, "vm '%s' is being deleted again and again",
			  name);
	if (!r)
		r = check_run_folder(store, &dir, err);
	if (!r)
		r = open_checked(store, &dir, err);
	if (r) {
		vm_dir_done(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int vm_dir_lock_existing(const struct store *store, const char *name, const char *command,
			 struct vm_dir *ret, struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r = vm_dir_open(store, name, &dir, err);

	if (r)
		return r;
	vm_dir_done(&dir);
	r = vm_dir_lock(store, name, command, &dir, err);
	if (r)
		return r;
	if (dir.fd < 0) {
		vm_dir_remove_run(store, &dir);
		return not_found(name, err);
	}
	*ret = dir;
	dir = (struct vm_dir)VM_DIR_INIT;
	return 0;
}

void vm_dir_done(struct vm_dir *dir)
{
	fd_close(&dir->fd);
	fd_close(&dir->run_fd);
	fd_close(&dir->lock_fd);
}

static void remove_unless_lock(const char *name, void *run_fd)
{
	struct error ignored = ERROR_INIT;

	if (strcmp(name, "lock") != 0)
		dir_remove_tree(*(const int *)run_fd, name, &ignored);
}

/*
 * Once our lock file has no name, another command may make and lock a new one in this folder.
 * Nothing is removed by name from then on, and rmdir(2) spares a folder that has become theirs.
 */
void vm_dir_remove_run(const struct store *store, struct vm_dir *dir)
{
	if (vm_dir_running_lock_held(dir))
		return;
	dir_for_each(dir->run_fd, remove_unless_lock, &dir->run_fd);
	unlinkat(dir->run_fd, "lock", 0);
	unlinkat(store->run_fd, dir->name, AT_REMOVEDIR);
	fd_close(&dir->run_fd);
}

/*
 * Settings are several files, which have to change together: new ones are put into a folder, and
 * count from when that is called "change". Whoever finds it there, because somebody was killed before
 * all had been moved to their places, reads what is left in it first.
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
