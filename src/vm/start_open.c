/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a start that claim and open: uid and address, disks, seed, sockets. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/privilege.h"
#include "net/netlink.h"
#include "store/claim.h"
#include "image_users.h"
#include "log.h"
#include "run_seed.h"
#include "seed_files.h"
#include "sockets.h"
#include "start_steps.h"
#include "vm_claims.h"

void start_init(struct start *start, const struct vm_host *host)
{
	*start = (struct start){
		.host = host,
		.dir = VM_DIR_INIT,
		.kvm = -1,
		.seed = -1,
		.qmp = -1,
		.console = -1,
		.vnc = -1,
		.log = -1,
		.console_log = -1,
		.running_lock = -1,
		.cgroup = -1,
		.plan = LAUNCH_PLAN_INIT,
		.launch = LAUNCH_INIT,
	};
	disks_init(&start->disks);
	for (unsigned int i = 0; i < VM_NICS_MAX; i++) {
		for (unsigned int j = 0; j < VM_QUEUES_MAX; j++)
			start->vhost[i][j] = -1;
	}
}

void start_done(struct start *start)
{
	qmp_close(start->monitor);
	launch_done(&start->launch);
	start_close_network(start);
	disks_done(&start->disks);
	fd_close(&start->kvm);
	fd_close(&start->seed);
	fd_close(&start->qmp);
	fd_close(&start->console);
	fd_close(&start->vnc);
	fd_close(&start->log);
	fd_close(&start->console_log);
	fd_close(&start->running_lock);
	fd_close(&start->cgroup);
	limits_cpus_done(&start->cpus);
	netlink_close(&start->netlink);
	strv_done(&start->argv);
	strv_done(&start->environment);
	vm_config_done(&start->vm);
	vm_dir_done(&start->dir);
}

/* Of a VM that is not root's QEMU has its user's; another in vm.conf is a copied folder's. */
static int claim_uid(struct start *start, struct error *err)
{
	const struct host_config *config = &start->host->config;
	char text[24];
	uint64_t uid;
	int r;

	if (launch_mode() == LAUNCH_AS_USER) {
		start->vm.uid = 0;
		return 0;
	}
	if (!start->vm.uid) {
		r = claim_take_number(&start->host->store, "uid", config->uid_base,
				      host_config_vm_uids(config), start->dir.name, &uid, err);
		if (!r)
			start->vm.uid = (uid_t)uid;
		return r;
	}
	snprintf(text, sizeof(text), "%u", start->vm.uid);
	return claim_take(&start->host->store, "uid", text, start->dir.name, err);
}

static int claim_vnc_port(struct start *start, struct error *err)
{
	char text[24];

	if (!start->vm.vnc_port)
		return error_set(err, ERROR_FAILED, EINVAL, "vnc.port is missing");
	snprintf(text, sizeof(text), "%u", start->vm.vnc_port);
	return claim_take(&start->host->store, "vnc-port", text, start->dir.name, err);
}

/*
 * create took these already; a folder that was copied in, edited by hand or made by the Go edition
 * takes them here, so that two VMs of one address never run.
 */
int start_claim(struct start *start, struct error *err)
{
	const struct store *store = &start->host->store;
	int r = claim_uid(start, err);

	if (!r && vm_config_screen(&start->vm) == SCREEN_TCP)
		r = claim_vnc_port(start, err);
	return r ? r : vm_claims_take_nics(store, start->dir.name, &start->vm, err);
}

int start_open_disks(struct start *start, struct error *err)
{
	return disks_open(&start->host->store, &start->dir, &start->vm, &start->disks, err);
}

/*
 * create has done so; a VM that was copied in, or made before others were told, does it here. That
 * it cannot be told does not keep it from running.
 */
int start_tell_image(struct start *start, struct error *err)
{
	struct error why = ERROR_INIT;

	(void)err;
	if (start->vm.image.path &&
	    image_users_tell(start->host, start->dir.name, start->vm.image.path, &why))
		vm_note(start->host, "%s: its image may be removed: %s", start->dir.name,
			why.message);
	return 0;
}

int start_open_seed(struct start *start, struct error *err)
{
	int r = 0;

	/* the Go edition's seed stays as it is until update-cloud makes one of ours */
	if (start->vm.instance_id)
		r = seed_files_refresh(start->dir.fd, start->dir.name, &start->vm,
				       &start->host->config, err);
	return r ? r : run_seed_open(&start->dir, &start->seed, err);
}

static int open_vnc(struct start *start, struct error *err)
{
	switch (vm_config_screen(&start->vm)) {
	case SCREEN_UNIX:
		return socket_listen_unix(&start->dir, VNC_SOCKET, &start->vnc, err);
	case SCREEN_TCP:
		return socket_listen_tcp(start->vm.vnc, start->vm.vnc_port, &start->vnc, err);
	default:
		return 0;
	}
}

int start_open_logs(struct start *start, struct error *err)
{
	int r = log_create(&start->dir, VM_LOG_QEMU, &start->log, err);

	return r ? r : log_create(&start->dir, VM_LOG_CONSOLE, &start->console_log, err);
}

int start_open_sockets(struct start *start, struct error *err)
{
	int r = vm_dir_running_lock(&start->dir, &start->running_lock, err);

	if (!r)
		r = socket_listen_unix(&start->dir, QMP_SOCKET, &start->qmp, err);
	if (!r)
		r = socket_listen_unix(&start->dir, CONSOLE_SOCKET, &start->console, err);
	if (!r)
		r = open_vnc(start, err);
	return r;
}
