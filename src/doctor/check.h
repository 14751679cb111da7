/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks share: how they speak, and what they look at. */
#ifndef DOCTOR_CHECK_H
#define DOCTOR_CHECK_H

#include "doctor/doctor.h"

struct lan;
struct network;

struct check {
	const struct doctor_host *host;
	const struct host_config *config; /* host->vm's */
	struct network *network; /* links and bridges, looked up once */
	const char *id, *group; /* of the check that runs */
	struct doctor_report *report;
};

/* A finding of the running check; fmt is the sentence, without a full stop. */
void check_pass(struct check *check, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void check_warn(struct check *check, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void check_fail(struct check *check, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As an error says it: WARN where it is that others than root may not look. Its hint is the fix. */
void check_error(struct check *check, const char *object, const struct error *err);

/*
 * A word as a shell reads it back, for check_fix(): links may have any name. The caller frees it.
 */
char *check_quoted(const char *word);

/* Add to the last finding. */
void check_fix(struct check *check, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void check_keep(struct check *check, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void check_change(struct check *check, enum doctor_change_kind kind, const char *name,
		  const char *value);

/* check_fix(), check_keep() and check_change() for a module and for sysctls. */
void check_fix_module(struct check *check, const char *module);
void check_fix_sysctl(struct check *check, const char *name, const char *value);

/*
 * What sysctl(8) is to set so that others than root may have user namespaces, "NAME=VALUE", or
 * NULL where none of the sysctls refuses them.
 */
const char *check_user_namespace_sysctl(void);

/* The checks; doctor.c has their table. */
void check_config(struct check *check);
void check_privilege(struct check *check);
void check_kernel(struct check *check);
void check_kvm(struct check *check);
void check_kvm_nested(struct check *check);
void check_tun(struct check *check);
void check_vhost(struct check *check);
void check_layers(struct check *check);
void check_landlock(struct check *check);
void check_cgroup(struct check *check);
void check_user_namespaces(struct check *check);
void check_hardening(struct check *check);
void check_qemu(struct check *check);
void check_programs(struct check *check);
void check_disk_space(struct check *check);
void check_images(struct check *check);
void check_pull(struct check *check);
void check_vms(struct check *check);
void check_orphans(struct check *check);
void check_bridge_exists(struct check *check);
void check_duplicate_mac(struct check *check);
void check_taps(struct check *check);
void check_br_netfilter(struct check *check);
void check_forward_policy(struct check *check);
void check_networkmanager(struct check *check);
void check_networkd(struct check *check);

/* Those of one bridge, for each that is there. */
void check_bridge_up(struct check *check, const struct lan *lan);
void check_bridge_carrier(struct check *check, const struct lan *lan);
void check_bridge_address(struct check *check, const struct lan *lan);
void check_bridge_mac(struct check *check, const struct lan *lan);
void check_default_route(struct check *check, const struct lan *lan);
void check_stp(struct check *check, const struct lan *lan);
void check_vlan_filtering(struct check *check, const struct lan *lan);
void check_multicast(struct check *check, const struct lan *lan);
void check_uplink(struct check *check, const struct lan *lan);
void check_uplink_address(struct check *check, const struct lan *lan);
void check_wifi(struct check *check, const struct lan *lan);
void check_mtu(struct check *check, const struct lan *lan);
void check_port_lock(struct check *check, const struct lan *lan);

#endif
