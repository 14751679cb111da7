/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs that run by their records. */
#include "vm_lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/tap.h"
#include "netns.h"
#include "store/record.h"
#include "suite.h"

struct vm_host lab;
char lab_notes[4096];

static struct suite_tmpdir folder;

static void keep_note(void *context, const char *text)
{
	size_t used = strlen(lab_notes);

	(void)context;
	snprintf(lab_notes + used, sizeof(lab_notes) - used, "%s\n", text);
}

void vm_lab_setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_tmpdir_make(&folder);
	lab = (struct vm_host)VM_HOST_INIT;
	lab.note = keep_note;
	lab_notes[0] = '\0';
	host_config_init(&lab.config);
	free(lab.config.state_dir);
	free(lab.config.run_dir);
	lab.config.state_dir = xasprintf("%s/state", folder.path);
	lab.config.run_dir = xasprintf("%s/run", folder.path);
	suite_assert_ok(vm_host_open(&lab, true, &err), err);
}

void vm_lab_teardown(void)
{
	vm_host_done(&lab);
	suite_tmpdir_remove(&folder);
	netns_leave();
}

void vm_lab_make(const char *name, unsigned int mac, const char *conf)
{
	AUTO_FREE char *line = xasprintf("52:54:00:00:00:%02x\n", mac);
	AUTO_CLOSE int fd = -1;

	ck_assert_int_eq(mkdirat(lab.store.vms_fd, name, 0700), 0);
	fd = openat(lab.store.vms_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_put(fd, "vm.mac", line);
	suite_put(fd, "vm.ip", "dhcp\n");
	suite_put(fd, "vm.conf", conf);
}

void vm_lab_run(const char *name)
{
	struct record record = { .phase = PHASE_RUNNING };
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct error err = ERROR_INIT;

	suite_assert_ok(process_identify(getpid(), &record.process, &err), err);
	suite_assert_ok(vm_dir_lock_existing(&lab.store, name, "test", &dir, &err), err);
	suite_assert_ok(record_write(&dir, &record, &err), err);
}

void vm_lab_end(const char *name)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct error err = ERROR_INIT;

	suite_assert_ok(vm_dir_lock_existing(&lab.store, name, "test", &dir, &err), err);
	record_clear(&dir);
}

void vm_lab_tap(const char *name, unsigned int nic)
{
	char tap[IF_NAMESIZE];

	tap_name(name, nic, tap);
	netns_run("ip tuntap add %s mode tap", tap);
	netns_run("ip link set %s alias mnmivm-se:%s/%u master br0", tap, name, nic);
	netns_run("ip link set %s up", tap);
}
