/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this host fit for VMs? What was looked at, what was found, and what puts it right. */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"
#include "vm/host.h"

/*
 * WARN: something will not work, or may not; also what could not be looked at. FAIL: VMs do not, or
 * what was set by hand cannot be used.
 */
enum doctor_level { DOCTOR_PASS, DOCTOR_WARN, DOCTOR_FAIL };
extern const char *const doctor_level_words[]; /* "PASS", "WARN", "FAIL" */

/*
 * What doctor_apply() can do by itself; each holds beyond a reboot, but for a link that is set up.
 */
enum doctor_change_kind {
	DOCTOR_SYSCTL, /* name "net.bridge.bridge-nf-call-iptables", value "0" */
	DOCTOR_MODULE, /* name "tun" */
	DOCTOR_LINK_UP, /* name "br0" */
};

struct doctor_change {
	enum doctor_change_kind kind;
	char *name;
	char *value; /* of a sysctl */
};

enum { DOCTOR_CHANGES_MAX = 4 };

/* Texts are one line, printable, and owned by the finding. */
struct doctor_finding {
	const char *id; /* stable: "bridge-address"; static */
	const char *group; /* what it is about, for headings; static */
	char *object; /* "br0", "/dev/kvm" */
	enum doctor_level level;
	char *text; /* what was found, and why it matters */
	char *fix; /* the command for now, to be pasted into a root's shell; NULL: none known */
	char *keep; /* which line of which file makes it stay, on this host; NULL: none needed */
	struct doctor_change changes[DOCTOR_CHANGES_MAX]; /* in this order */
	size_t n_changes; /* 0: not for doctor_apply() */
};

struct doctor_report {
	struct doctor_finding *v;
	size_t n;
};

/* What there is to look at; all borrowed. */
struct doctor_host {
	const struct vm_host *vm; /* its store may be empty, and its settings the defaults, with: */
	const struct error *config_error; /* of reading the configuration; ERROR_NONE: read */
	const struct error *store_error; /* of opening the store */
	const char *config_path;
};

/* The ids of all checks and NULL. */
const char *const *doctor_checks(void);

/*
 * Look, in the order of the table of checks; changes nothing and loads no module. checks are the
 * ids of those that are wanted, none for all; an unknown one is ERROR_USAGE. What cannot be looked
 * at, for want of privilege say, is a finding. Release with doctor_report_done().
 */
int doctor_run(const struct doctor_host *host, const struct strv *checks, struct doctor_report *ret,
	       struct error *err);
void doctor_report_done(struct doctor_report *report);

/* What doctor_apply() would do for the finding, one line for each change and file. */
void doctor_describe_changes(const struct doctor_finding *finding, struct buf *out);

/*
 * Carry out the changes: sysctls now and in /etc/sysctl.d/90-mnmivm-se.conf, modules now and in
 * /etc/modules-load.d/mnmivm-se.conf (Alpine: /etc/modules), links up. Files are replaced as a
 * whole, what else they say is kept. ERROR_PERMISSION for others than root. What was done before a
 * failure stays done.
 */
int doctor_apply(const struct doctor_finding *finding, struct error *err);

/* Who configures the network of a host. */
enum doctor_network {
	DOCTOR_NETWORK_DEBIAN, /* ifupdown, /etc/network/interfaces */
	DOCTOR_NETWORK_ALPINE, /* ifupdown-ng or busybox, the same file */
	DOCTOR_NETWORK_NETPLAN,
	DOCTOR_NETWORK_NM, /* NetworkManager */
	DOCTOR_NETWORK_NETWORKD,
};
extern const char *const doctor_network_words[]; /* "debian", "alpine", ...; NULL-terminated */

/* Whose files name the link, else who is there at all. */
enum doctor_network doctor_network_of(const char *link);

/*
 * Append to out what makes a bridge of the host's own name with the link `uplink` as its port, in
 * the words of `network`: the uplink's addresses, default routes and MAC and the host's name
 * servers move to the bridge. Changes nothing. ERROR_HOST: no such link; ERROR_USAGE: it is a
 * port already, Wi-Fi, no Ethernet, or the bridge itself.
 */
int doctor_bridge_setup(const struct vm_host *host, const char *uplink, enum doctor_network network,
			struct buf *out, struct error *err);

#endif
