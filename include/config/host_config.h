/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/mnmivm-se/mnmivm-se.conf: the host's defaults. Pure: text in, struct out. */
#ifndef CONFIG_HOST_CONFIG_H
#define CONFIG_HOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/strv.h"
#include "config/types.h"

enum { HOST_EXPOSE_MAX = 8, HOST_CATALOGUE_MAX = 8 };

#define HOST_CONFIG_PATH "/etc/mnmivm-se/mnmivm-se.conf"
#define HOST_CATALOGUE_DIR "/etc/mnmivm-se/images.d"

/*
 * Strings are owned by the struct and never NULL unless said. What is left to
 * the host itself (lan_cidr, lan_gw, lan_dns) stays unset here; vm/ finds it.
 */
struct host_config {
	char *path; /* the file that the caller may change, for messages */
	char *bridge; /* "br0" */
	struct strv bridges; /* allow-list of canonical names; empty: only bridge */
	struct ip_prefix lan_cidr; /* family AF_UNSPEC: from the bridge */
	struct ip_addr lan_gw; /* AF_UNSPEC: from the default route over the bridge */
	struct strv lan_dns; /* empty: from resolv.conf */
	struct strv search; /* DNS search domains */
	uint64_t disk_bytes; /* 12G */
	uint64_t memory_mib; /* 1024 */
	unsigned int cpus; /* 1 */
	enum accel accel; /* kvm */
	enum machine machine; /* q35 */
	char *vnc; /* "unix", "off" or an address */
	enum guard guard; /* mac */
	enum guard user_guard; /* mac: the least that others than root may choose */
	struct strv user_vlans; /* ranges of VLANs that others than root may choose; empty: none */
	enum tristate vhost; /* auto */
	unsigned int queues; /* 0, which is auto: as many as virtual CPUs, host CPUs, 8 */
	unsigned int stop_timeout_s; /* 90 */
	uid_t uid_base; /* 2100000000, first of uid_count uids, one a VM, the last for workers */
	uid_t uid_count; /* 100000; at least 2 */
	char *state_dir; /* "/var/lib/microvm" */
	char *run_dir; /* "/run/mnmivm-se" */
	char *image_dir; /* NULL: state_dir/images */
	char *shared_image_dir; /* root's images, for another to read; NULL: there are no such */
	char *qemu; /* "/usr/bin/qemu-system-x86_64" */
	char *qemu_img; /* "/usr/bin/qemu-img" */
	char *ssh_keygen; /* "/usr/bin/ssh-keygen" */
	char *gpgv; /* "/usr/bin/gpgv" */
	struct strv allow_missing; /* layers of confinement that a start may go without */
	struct strv expose; /* further folders that QEMU finds read-only at their place */
	char *cgroup; /* "auto", "off", or a folder of cgroup v2 that is ours to manage */
	char *uefi_code, *uefi_vars; /* firmware images; NULL: where distributions keep them */
	char *timezone; /* NULL: the guest keeps its image's */
	struct strv catalogue; /* folders of *.conf, a later one over an earlier; see catalogue.h */
	char *user_catalogue; /* the one of them that is a user's by default; NULL: there is none */
	char *ca_file; /* PEM, who may sign a server's certificate; NULL: the distribution's */
	char *proxy; /* for downloads, "http://HOST:PORT"; NULL: by the environment */
	unsigned int
		stall_timeout_s; /* 30: a download slower than 1 KiB/s for so long is given up */
	unsigned int pull_tries; /* 6: of one file, over all its mirrors */
	uint64_t image_bytes_max; /* 64G: of a download, and of what it unpacks to */
	bool restricted; /* not root's: user_guard and user_vlans hold */
};

void host_config_init(struct host_config *config); /* the defaults */
void host_config_done(struct host_config *config);

/*
 * Read path over config, which host_config_init() filled; a path that does not exist is fine
 * unless required. Unknown sections and keys, double keys and bad values are ERROR_USAGE with
 * "file:line: ", uids that belong to others are with "file: ". A file that others than root
 * and the caller own or may write is ERROR_PERMISSION. After a failure config holds what was
 * read so far.
 */
int host_config_load(struct host_config *config, const char *path, bool required,
		     struct error *err);

/*
 * The settings of a caller who is not root. Root's file, roots, comes first where it exists, and
 * has the last word: own, read over it (NULL: none), may choose among its `bridges` and its
 * `user_vlans` and raise its `user_guard`, and is refused with ERROR_PERMISSION where it says more.
 * Root's folders are not taken: state and run are the caller's, unless own names others; NULL where
 * none are known. The catalogue has a folder more, images.d in config (NULL: none), unless own
 * lists others.
 */
struct host_folders {
	const char *state, *run, *config;
};
int host_config_load_user(struct host_config *config, const char *roots, const char *own,
			  bool required, const struct host_folders *folders, struct error *err);

/* One file from memory; origin is its name in messages. The fuzz entry. */
int host_config_parse(struct host_config *config, const char *origin, const char *text, size_t len,
		      struct error *err);

/* All keys of the file and NULL. */
const char *const *host_config_keys(void);

/*
 * What workers (jail/worker.h) and probes run under as root: the last of the range, which no VM is
 * given. One that has it already, from a release that gave it out, keeps it: neither reaches the
 * other, as the filters of both know no call that names another process, and a worker has no file.
 */
uid_t host_config_worker_uid(const struct host_config *config);

/* How many there are for VMs, from uid_base on. */
uid_t host_config_vm_uids(const struct host_config *config);

/* Is this canonical bridge name on the allow-list? */
bool host_config_allows_bridge(const struct host_config *config, const char *bridge);

#endif
