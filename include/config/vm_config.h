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
	VM_NICS_MAX = 8,
	VM_ADDRESSES_MAX = 16, /* of one NIC */
	VM_TRUNK_MAX = 32, /* ranges of VLANs */
	VM_VLAN_MAX = 4094,
	VM_QUEUES_MAX = 16,
	VM_RATE_MBIT_MAX = 100000,
	VM_DISKS_MAX = 8, /* extra disks, besides the system disk and the seed */
	VM_CPUS_MAX = 512,
	VM_MEMORY_MIB_MIN = 16,
	VM_MTU_MIN = 576,
	VM_MTU_MAX = 65535,
	VM_STOP_TIMEOUT_MAX = 86400, /* seconds */
	VM_CPU_PIN_MAX = 8191, /* highest CPU that may be named */
	VM_NICE_MIN = -20,
	VM_NICE_MAX = 19,
};
#define VM_MEMORY_MIB_MAX ((uint64_t)16 << 20) /* 16 TiB */
#define VM_DISK_BYTES_MIN ((uint64_t)1 << 20)
#define VM_DISK_BYTES_MAX ((uint64_t)8 << 40)

enum ip_mode { IP_NONE, IP_STATIC, IP_DHCP };

struct vlan_range {
	uint16_t first, last; /* 1 to VM_VLAN_MAX, first <= last */
};

struct nic_rate {
	unsigned int to_guest_mbit, from_guest_mbit; /* 10^6 bits a second; 0: unlimited */
};

/* A port of the LAN. */
struct vm_nic {
	struct mac mac; /* all zeros: not yet assigned */
	char *bridge; /* NULL: the host's */
	enum ip_mode ip_mode;
	struct ip_prefix address; /* with IP_STATIC; length always filled */
	struct strv more_ip; /* further static addresses, ADDR/N; also beside IP_DHCP */
	struct ip_addr gateway; /* IPv4; AF_UNSPEC: none */
	struct ip_addr gateway6;
	struct strv dns;
	struct strv search;
	unsigned int mtu; /* the guest's; 0: the bridge's */
	enum guard guard;
	enum tristate vhost;
	unsigned int queues; /* 0: auto */
	unsigned int vlan; /* of untagged frames; 0: as the bridge has it */
	struct strv trunk; /* tagged: "30", "40-50" */
	bool isolated;
	struct nic_rate rate;
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
	enum guest_profile profile; /* of the seed's network settings */
	char *user; /* the guest's default user, for those who log in; NULL: not known */
	unsigned int cpu_level; /* x86-64-vN that it needs; 0: not recorded */
};

/* What a cgroup v2 holds QEMU to; see cgroup-v2.rst of the kernel for the terms. */
struct vm_limits {
	uint64_t memory_max_mib; /* 0: auto, the guest's memory and what QEMU needs besides */
	bool memory_unlimited;
	unsigned int cpu_max_percent; /* of one CPU; 0: unlimited */
	unsigned int cpu_weight; /* 0: the kernel's, 100 */
	unsigned int pids_max; /* threads; 0: auto, by what QEMU needs at most */
	unsigned int io_weight; /* 0: the kernel's, 100 */
	char *io_max; /* "rbps=10M wbps=10M riops=100 wiops=100", some of them; NULL: none */
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
	bool protect; /* `delete` refuses */
	enum firmware firmware;
	enum hugepages hugepages; /* the guest's memory is of these, through a memfd */
	char *cpu_pin; /* host CPUs that QEMU may run on, "2-5,8"; NULL: all */
	int nice; /* VM_NICE_MIN to VM_NICE_MAX */
	struct vm_limits limits;
	struct strv allow_missing; /* layers; beside those of the host's configuration */
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
 * address (IP_DHCP). Its gateway and DNS are lan_gw and lan_dns as they are in host by then; a
 * further NIC, which begins when one of its fields is set, has none.
 */
void vm_config_init(struct vm_config *config, const struct host_config *host);
void vm_config_done(struct vm_config *config);

/*
 * Read the text of a vm.conf over config. Sections: none (first lines), [image], [nic.N]
 * and [disk.N] without gaps. Unknown sections and keys, double keys and bad values: ERROR_USAGE
 * with "origin:line: ". What is given twice is looked for beside MAC and address of nics[0], where
 * config has them by then. A `bridge` may be given, the allow-list is checked by start. After a
 * failure config holds what was read so far and is for vm_config_done() alone. The fuzz entry.
 */
int vm_config_parse(struct vm_config *config, const char *origin, const char *text, size_t len,
		    struct error *err);

/*
 * Set one field by its place in the file: "memory", "image.format", "nic.0.bridge"; "nic.0.mac"
 * and "nic.0.ip", too. An empty value unsets a field that may be unset. Untouched on failure
 * (ERROR_USAGE), except that a new [nic.N] or [disk.N] is counted. What concerns several fields
 * is checked by vm_config_format().
 */
int vm_config_set(struct vm_config *config, const char *word, const char *value, struct error *err);

/* All keys as "section.key" and NULL; numbered sections without their number ("nic.mtu"). */
const char *const *vm_config_keys(void);

/*
 * Append to ret the text of a vm.conf that vm_config_parse() reads back, over the defaults of
 * any host, to the same struct. Comes with no comments of its own. MAC and first address of
 * nics[0], os and vnc_port are not in it, they are files. A value that INI cannot hold (newline, "
 * ;", over-long line) or that the reader would refuse is ERROR_USAGE.
 */
int vm_config_format(const struct vm_config *config, struct buf *ret, struct error *err);

/*
 * Append to ret the keys whose values differ, as vm_config_set() takes them; a NIC or disk that one
 * of them lacks is "nic.1". What no QEMU needs to know (protect, stop_timeout) is left out.
 */
void vm_config_diff(const struct vm_config *a, const struct vm_config *b, struct strv *ret);

/*
 * Replace the NIC's name servers by those of a comma-separated list, "none" for no one. what
 * names it in the message. ERROR_USAGE; the list may be half replaced then.
 */
int vm_nic_set_dns(struct vm_nic *nic, const char *what, const char *text, struct error *err);

/*
 * What the settings of the machine say only together: microvm without a kernel, or with UEFI;
 * memory that is no whole number of huge pages. For create, set and start to refuse. ERROR_USAGE.
 */
int vm_config_check_machine(const struct vm_config *config, struct error *err);

/* Who logs in with the key: `user`, else the image's default user; NULL: not known. */
const char *vm_config_login(const struct vm_config *config);

/* The CPUs of cpu_pin as a list of ranges; ERROR_USAGE. Returns their number in *ret_n. */
enum { VM_CPU_RANGES_MAX = 64 };
struct cpu_range {
	unsigned int first, last;
};
int cpu_list_parse(const char *what, const char *text, struct cpu_range ret[VM_CPU_RANGES_MAX],
		   unsigned int *ret_n, struct error *err);

/* Rates in bytes or operations a second, 0: unlimited. */
struct io_max {
	uint64_t rbps, wbps, riops, wiops;
};
int io_max_parse(const char *what, const char *text, struct io_max *ret, struct error *err);

/* The layers of both lists as a mask of LAYER_BIT() (base/layer.h). */
unsigned int vm_config_allowed_missing(const struct vm_config *config,
				       const struct host_config *host);

/* The recovery screen as `vnc` and the machine have it: microvm has no display at all. */
enum vm_screen { SCREEN_NONE, SCREEN_UNIX, SCREEN_TCP };
enum vm_screen vm_config_screen(const struct vm_config *config);

/*
 * The NIC's first address: "ADDR", "ADDR/N", "dhcp" or "none", as in vm.ip. The Go edition wrote
 * addresses either way; a bare one takes its prefix length from fallback (the LAN; NULL: unset), or
 * 24 (IPv6: 64) where that is unset.
 */
int vm_nic_set_ip(struct vm_nic *nic, const char *text, const struct ip_prefix *fallback,
		  struct error *err);
void vm_nic_format_ip(const struct vm_nic *nic, char out[IP_TEXT_MAX]);

/* One more, ADDR/N. ERROR_USAGE: not a guest's, the NIC has it already, or too many. */
int vm_nic_add_ip(struct vm_nic *nic, const char *text, struct error *err);

/* All static addresses, the first one first; returns their number. */
unsigned int vm_nic_addresses(const struct vm_nic *nic, struct ip_prefix out[VM_ADDRESSES_MAX]);
bool vm_nic_has_address(const struct vm_nic *nic, const struct ip_addr *addr);

/* "192.0.2.1", "2001:db8::1", or "none" for both families. */
int vm_nic_set_gateway(struct vm_nic *nic, const char *what, const char *text, struct error *err);

/* The tagged VLANs; returns their number. */
unsigned int vm_nic_trunk(const struct vm_nic *nic, struct vlan_range out[VM_TRUNK_MAX]);

/*
 * What a NIC's fields say only together: VLANs and addresses given twice, which the reader and the
 * writer of vm.conf refuse as well; guard ip without static addresses, or with dhcp, and an MTU
 * below that of IPv6 beside such an address, which is for create, set and start to refuse.
 * ERROR_USAGE.
 */
int vm_nic_check(const struct vm_nic *nic, struct error *err);

/*
 * May it be on that bridge (its canonical name), and, for others than root, with that guard and
 * those VLANs? ERROR_PERMISSION with a hint. For each time that a tap is made or changed: vm.conf
 * may have been written by anybody.
 */
int vm_nic_check_allowed(const struct vm_nic *nic, const struct host_config *host,
			 const char *bridge, struct error *err);

/* Does one range of the list ("30", "40-50") hold all of these VLANs? */
bool vlan_list_has(const struct strv *list, const char *vlans);

/* The first static address of the first NIC that has one; false: there is none. */
bool vm_config_first_address(const struct vm_config *config, struct ip_addr *ret);

/* Has any NIC this address, this MAC? */
bool vm_config_has_address(const struct vm_config *config, const struct ip_addr *addr);
bool vm_config_has_mac(const struct vm_config *config, const struct mac *mac);

#endif
