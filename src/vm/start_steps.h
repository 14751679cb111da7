/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A start in progress: what it has gathered so far, and the steps that gather it. */
#ifndef VM_START_STEPS_H
#define VM_START_STEPS_H

#include "config/vm_config.h"
#include "jail/launch.h"
#include "net/bridge.h"
#include "net/dad.h"
#include "net/tap.h"
#include "qemu/qemu_args.h"
#include "qmp/qmp.h"
#include "store/vm_dir.h"
#include "vm/host.h"
#include "disks.h"
#include "limits.h"

/*
 * Everything in here is a descriptor or memory: start_done() releases it all, and with it
 * whatever the kernel made for us (tap, FDB entry, sockets, locks). On disk there is nothing
 * until the record is written.
 */
struct start {
	const struct vm_host *host;
	struct vm_dir dir; /* locked, except for a description */
	struct vm_config vm;
	bool paused;
	bool no_probe;
	bool had_uid, had_image; /* before this start */

	struct nl_sock *netlink;
	struct bridge bridges[VM_NICS_MAX];
	struct tap taps[VM_NICS_MAX];
	int vhost[VM_NICS_MAX][VM_QUEUES_MAX];
	struct dad *probes[VM_NICS_MAX]; /* who else has the guest's addresses */
	struct disks disks;
	int kvm; /* -1: QEMU needs none, or the node */
	int seed;
	int qmp, console, vnc;
	int log, console_log;
	int running_lock;
	int cgroup; /* the VM's own; -1: none */
	struct limits_cpus cpus;
	unsigned int missing; /* layers that it does without */

	struct qemu_spec qemu;
	struct strv argv;
	struct strv environment;
	struct launch_plan plan;
	struct launch launch;
	struct qmp *monitor;
};

void start_init(struct start *start, const struct vm_host *host);
void start_done(struct start *start);
void start_close_vhost(struct start *start); /* QEMU has them */
void start_close_network(struct start *start); /* probes, taps and vhost */

/* In the order in which they are taken. Each leaves what it opened in the struct. */
int start_check_host(struct start *start, struct error *err); /* QEMU, KVM, memory, root */
int start_check_layers(struct start *start, struct error *err); /* by reading */
int start_check_limits(struct start *start, struct error *err); /* CPUs, nice value */
int start_claim(struct start *start, struct error *err); /* uid, address, MAC */
int start_find_network(struct start *start, struct error *err); /* bridges: reads only */
int start_open_network(struct start *start, struct error *err); /* taps, vhost, first probe */
int start_open_disks(struct start *start, struct error *err);
int start_tell_image(struct start *start, struct error *err); /* who removes images */
int start_open_seed(struct start *start, struct error *err);
int start_open_sockets(struct start *start, struct error *err); /* sockets, lock */
int start_open_logs(struct start *start, struct error *err); /* the last run's are kept */
int start_open_cgroup(struct start *start, struct error *err); /* recorded, then made */
int start_plan(struct start *start, struct error *err); /* descriptor numbers, argv */
int start_launch(struct start *start, struct error *err); /* recorded, then executed */
int start_check_lan(struct start *start, struct error *err); /* probes answered? */
void start_greet_lan(struct start *start); /* announce */
int start_wait_ready(struct start *start, struct error *err); /* until QMP says it runs */

/* Cgroup, CPUs and nice value, a line each. */
void start_describe_limits(const struct start *start, struct buf *out);

/* For a description: give the parts that are not open the numbers they would have. */
enum { PRETENDED_FD = 0 };
void start_pretend(struct start *start);

#endif
