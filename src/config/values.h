/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of values in both configuration files: each reads and writes one sort of field. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct config_key;

struct value_type {
	/* Replace *field by what text says; untouched on failure. ERROR_USAGE. */
	int (*parse)(const struct config_key *key, const char *text, void *field,
		     struct error *err);
	/* Append what parse() reads back, nothing where an optional field is unset. */
	void (*format)(const struct config_key *key, const void *field, struct buf *ret);
	/* Unset an optional field; NULL: there are none of this type. */
	void (*clear)(void *field);
	/* For a key that is given again, add to what was read; NULL: it must not be. */
	int (*add)(const struct config_key *key, const char *text, void *field, struct error *err);
};

/* Refuse text for a field named what. ERROR_USAGE. */
typedef int value_check(const char *what, const char *text, struct error *err);

/* A row of a file's table of keys. */
struct config_key {
	const char *word; /* "section.name", or "name" for the lines before any section */
	size_t offset; /* of the field; of the first one in a numbered section */
	const struct value_type *type;
	bool optional; /* zero or NULL is unset, and then the key is not written */
	uint64_t min, max; /* numbers and sizes */
	int family; /* addresses: AF_INET, AF_INET6, or 0 for either */
	unsigned int first; /* instance of a numbered section from which on it is in the file */
	const char *const *choices;
	value_check *check; /* strings, and each element of a list, which has at most max, or 256 */
};

extern const struct value_type value_number; /* unsigned int */
extern const struct value_type value_number64; /* uint64_t */
extern const struct value_type value_time; /* int64_t, nanoseconds since 1970 */
extern const struct value_type value_size; /* uint64_t, bytes in whole sectors of 512 */
extern const struct value_type value_memory; /* uint64_t, MiB; min and max too */
extern const struct value_type value_choice; /* an enum, its words in choices */
extern const struct value_type value_string; /* char * */
extern const struct value_type value_append; /* char *, given in several parts */
extern const struct value_type value_list; /* struct strv, with commas; may be empty */
extern const struct value_type value_long_list; /* the same, given in several parts */
extern const struct value_type value_bool; /* bool: on or off */
extern const struct value_type value_mac; /* struct mac */
extern const struct value_type value_queues; /* unsigned int, 0 is auto */
extern const struct value_type value_nice; /* int */
extern const struct value_type value_memory_max; /* struct vm_limits: auto, off, or a size */
extern const struct value_type value_uid; /* uid_t */
extern const struct value_type value_address; /* struct ip_addr; not optional: "none" is a word */
extern const struct value_type value_prefix; /* struct ip_prefix */

value_check check_path; /* absolute, without ".", ".." and empty components */
value_check check_bridge; /* a name of a network interface */
value_check check_prefix; /* ADDR/N that can be a guest's own */
value_check check_vlans; /* VLAN, or FIRST-LAST */
value_check check_address; /* an address that a guest can reach */
value_check check_domain; /* a DNS name */
value_check check_vnc; /* "unix", "off" or an address to listen on */
value_check check_timezone; /* a name below /usr/share/zoneinfo */
value_check check_user; /* a login name other than root */
value_check check_cpu_model; /* for -cpu */
value_check check_token; /* [A-Za-z0-9-]{1,64} */
value_check check_disk_file; /* a plain file name that is no other file of a VM's folder */
value_check check_append; /* a kernel command line */
value_check check_cpu_list; /* "2-5,8" */
value_check check_io_max; /* "rbps=10M riops=100" */
value_check check_expose; /* a folder for QEMU's root, not in what that has itself */
value_check check_layer; /* a word of layer_words */
value_check check_cgroup_folder; /* "auto", "off" or an absolute path */

value_check check_image_name; /* of an image; of a catalogue entry, short enough for theirs */
value_check check_url; /* https:// or http:// to a file, nothing in it that is not plain */
value_check check_mirror; /* the same to a folder, with '/' at its end */
value_check check_below; /* a file below a mirror, as "a/b.qcow2" */
value_check check_source; /* one of both: a URL, or a file below a mirror */
value_check check_signature; /* the same, or "inline" */
value_check check_digest; /* "sha256:" or "sha512:" and as many digits in small letters */
value_check check_title; /* at most 80 bytes */
value_check check_arch; /* "x86_64": as uname(1) calls it */
value_check check_package; /* names of packages, for a hint */
value_check check_proxy; /* http://HOST:PORT, https:// likewise */

/* 1 to max characters, all of them allowed, the first one of those in first. */
int check_chars(const char *what, const char *text, size_t max, const char *first,
		const char *allowed, struct error *err);

/* Refuse count uids from first on where any belongs to the system or to somebody else. */
int check_uids(const char *what, uid_t first, uid_t count, struct error *err);

#endif
