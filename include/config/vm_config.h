/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one VM is: the one-value files of its folder and its vm.conf, as one struct. */
#ifndef CONFIG_VM_CONFIG_H
#define CONFIG_VM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ip.h"
#include "base/mac.h"
#include "base/strv.h"
#include "config/host_config.h"
#include "config/types.h"

enum {
	VM_NICS_MAX = 1, /* several NICs come with [nic.N] sections above 0 */
	VM_DISKS_MAX = 8, /* extra disks, besides the system disk and the seed */
	VM_CPUS_MAX = 512,
	VM_MEMORY_MIB_MIN = 16,
	VM_MTU_MIN = 576,
	VM_MTU_MAX = 65535,
	VM_STOP_TIMEOUT_MAX = 86400, /* seconds */
};
#define VM_MEMORY_MIB_MAX ((uint64_t)16 << 20) /* 16 TiB */
#define VM_DISK_BYTES_MIN ((uint64_t)1 << 20)
#define VM_DISK_BYTES_MAX ((uint64_t)8 << 40)

enum ip_mode { IP_STATIC, IP_DHCP };

/* A port of the LAN. Queues, VLANs and rates will be further members. */
struct vm_nic {
	struct mac mac;
	char *bridge; /* NULL: the host's */
	enum ip_mode ip_mode;
	struct ip_prefix address; /* with IP_STATIC; length always filled */
	struct ip_addr gateway; /* AF_UNSPEC: none */
	struct strv dns;
	struct strv search;
	unsigned int mtu; /* the guest's; 0: the bridge's */
	enum guard guard;
	enum tristate vhost;
};

/* A disk that starts out empty; file is relative to the VM's folder. */
struct vm_disk {
	char *file;
	enum disk_format format;
};

/*
 * The base image below disk.qcow2. size and mtime are of the day of create; start
 * refuses an image that is another one now. path NULL: none known (Go edition).
 */
struct vm_image {
	char *path; /* absolute */
	enum disk_format format; /* read from the header by us, never probed */
	uint64_t size; /* 0: not recorded */
	int64_t mtime_ns;
};

struct vm_config {
	/* vm.conf */
	char *user; /* NULL: the image's default user */
	uint64_t memory_mib;
	unsigned int cpus;
	enum accel accel;
	char *cpu_model; /* NULL: host with kvm, max with tcg */
	enum machine machine;
	char *kernel, *initrd, *append; /* direct kernel boot; NULL: the disk boots */
	char *vnc; /* "unix", "off" or an address to listen on */
	uid_t uid; /* QEMU's own; 0: not yet assigned */
	char *instance_id; /* cloud-init's; NULL: not yet assigned */
	char *ready_nonce; /* in the guest's final_message; NULL likewise */
	unsigned int stop_timeout_s; /* 0: the host's */
	struct vm_image image;
	struct vm_nic nics[VM_NICS_MAX];
	unsigned int n_nics;
	struct vm_disk disks[VM_DISKS_MAX];
	unsigned int n_disks;

	/* one value a file */
	char *os; /* os.name */
	unsigned int vnc_port; /* vnc.port; 0: none */
	/* vm.ip and vm.mac are nics[0]'s; pubkey.pub is read where it is needed */
};

/*
 * Fill *config, whatever it held, with the host's defaults and one NIC without MAC and
 * address (IP_DHCP). Gateway and DNS are lan_gw and lan_dns as they are in host by then.
 */
void vm_config_init(struct vm_config *config, const struct host_config *host);
void vm_config_done(struct vm_config *config);

/*
 * Read the text of a vm.conf over config. Sections: none (first lines), [image], [nic.0],
 * [disk.N] without gaps. Unknown sections and keys, double keys and bad values: ERROR_USAGE
 * with "origin:line: ". A `bridge` may be given, the allow-list is checked by start. After a
 * failure config holds what was read so far and is for vm_config_done() alone. The fuzz entry.
 */
int vm_config_parse(struct vm_config *config, const char *origin, const char *text, size_t len,
		    struct error *err);

/*
 * Set one field by its place in the file: "memory", "image.format", "nic.0.bridge". An empty
 * value unsets a field that may be unset. Untouched on failure (ERROR_USAGE), except that a
 * new [disk.N] is counted. What concerns several fields is checked by vm_config_format().
 */
int vm_config_set(struct vm_config *config, const char *word, const char *value, struct error *err);

/* All keys as "section.key" and NULL; numbered sections without their number ("nic.mtu"). */
const char *const *vm_config_keys(void);

/*
 * Append to ret the text of a vm.conf that vm_config_parse() reads back, over the defaults of
 * any host, to the same struct. Comes with no comments of its own. mac, address, os and
 * vnc_port are not in it, they are files. A value that INI cannot hold (newline, " ;",
 * over-long line) or that the reader would refuse is ERROR_USAGE.
 */
int vm_config_format(const struct vm_config *config, struct buf *ret, struct error *err);

/*
 * Replace the NIC's name servers by those of a comma-separated list, "none" for no one. what
 * names it in the message. ERROR_USAGE; the list may be half replaced then.
 */
int vm_nic_set_dns(struct vm_nic *nic, const char *what, const char *text, struct error *err);

/* The recovery screen as `vnc` and the machine have it: microvm has no display at all. */
enum vm_screen { SCREEN_NONE, SCREEN_UNIX, SCREEN_TCP };
enum vm_screen vm_config_screen(const struct vm_config *config);

/*
 * vm.ip: "ADDR", "ADDR/N" or "dhcp". The Go edition wrote either form; a bare address takes
 * its prefix length from fallback (the LAN), or 24 where that is unset.
 */
int vm_config_set_ip(struct vm_config *config, const char *text, const struct ip_prefix *fallback,
		     struct error *err);
void vm_config_format_ip(const struct vm_config *config, char out[IP_TEXT_MAX]);

#endif
