/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks and devices, as JSON: a comma or an equals sign in a value can inject nothing (QEMU
 * takes JSON for -blockdev since 2.9 and for -device since 6.2).
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "devices.h"

/* Takes the reference of object. */
static void push_json(struct strv *argv, const char *option, json_t *object)
{
	strv_push(argv, option);
	strv_push_take(argv, json_dumps(object, JSON_COMPACT));
	json_decref(object);
}

static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value));
}

/* microvm has no PCI: the same virtio devices sit on its virtio-mmio bus. */
static json_t *device(const struct qemu_spec *spec, const char *kind)
{
	bool mmio = spec->vm->machine == MACHINE_MICROVM;
	AUTO_FREE char *driver = xasprintf("%s-%s", kind, mmio ? "device" : "pci");
	json_t *object = json_object();

	set_text(object, "driver", driver);
	return object;
}

/*
 * The node of one file. Its number is that of the fdset too. read-only must agree with the
 * descriptor's access mode, or QEMU finds no match in the set.
 */
static void add_file_node(struct strv *argv, const char *node, int fd, bool read_only)
{
	AUTO_FREE char *path = xasprintf("/dev/fdset/%d", fd);
	json_t *object = json_object();

	strv_push(argv, "-add-fd");
	strv_pushf(argv, "fd=%d,set=%d", fd, fd);
	set_text(object, "driver", "file");
	set_text(object, "node-name", node);
	set_text(object, "filename", path);
	if (read_only)
		json_object_set_new(object, "read-only", json_true());
	else
		set_text(object, "discard", "unmap");
	push_json(argv, "-blockdev", object);
}

/* The format node above it, named outright so that nothing is ever probed. */
static json_t *format_node(const char *node, const char *file_node, enum disk_format format,
			   bool read_only)
{
	json_t *object = json_object();

	set_text(object, "driver", disk_format_words[format]);
	set_text(object, "node-name", node);
	set_text(object, "file", file_node);
	if (read_only)
		json_object_set_new(object, "read-only", json_true());
	else
		set_text(object, "discard", "unmap");
	return object;
}

static void add_block_device(const struct qemu_spec *spec, struct strv *argv, const char *node,
			     bool boots)
{
	json_t *object = device(spec, "virtio-blk");

	set_text(object, "drive", node);
	set_text(object, "id", node);
	if (boots)
		json_object_set_new(object, "bootindex", json_integer(1));
	push_json(argv, "-device", object);
}

static void add_system_disk(const struct qemu_spec *spec, struct strv *argv)
{
	json_t *object;

	if (spec->fds.base >= 0) {
		add_file_node(argv, "base-file", spec->fds.base, true);
		push_json(argv, "-blockdev",
			  format_node("base", "base-file", spec->base_format, true));
	}
	add_file_node(argv, "disk-file", spec->fds.disk, false);
	object = format_node("disk", "disk-file", DISK_QCOW2, false);
	/* null, too, is said outright: the name in the overlay's header is never followed */
	json_object_set_new(object, "backing",
			    spec->fds.base >= 0 ? json_string("base") : json_null());
	push_json(argv, "-blockdev", object);
	add_block_device(spec, argv, "disk", true);
}

static void add_seed(const struct qemu_spec *spec, struct strv *argv)
{
	add_file_node(argv, "seed-file", spec->fds.seed, true);
	push_json(argv, "-blockdev", format_node("seed", "seed-file", DISK_RAW, true));
	add_block_device(spec, argv, "seed", false);
}

static void add_extra_disk(const struct qemu_spec *spec, struct strv *argv, unsigned int i)
{
	AUTO_FREE char *node = xasprintf("disk%u", i);
	AUTO_FREE char *file_node = xasprintf("disk%u-file", i);

	add_file_node(argv, file_node, spec->fds.disks[i], false);
	push_json(argv, "-blockdev",
		  format_node(node, file_node, spec->vm->disks[i].format, false));
	add_block_device(spec, argv, node, false);
}

/* Flash is its bytes alone: the file's node serves, without a format above it. */
void devices_add_firmware(const struct qemu_spec *spec, struct strv *argv)
{
	add_file_node(argv, UEFI_CODE, spec->fds.uefi_code, true);
	add_file_node(argv, UEFI_VARS, spec->fds.uefi_vars, false);
}

/*
 * The kernel reserves huge pages when they are mapped (Documentation/mm/hugetlbfs_reserv.rst): too
 * few of them end QEMU then, and never a guest that runs. So there is no need to touch each one at
 * the start. A memfd needs no hugetlbfs to be mounted.
 */
void devices_add_memory(const struct qemu_spec *spec, struct strv *argv)
{
	uint64_t bytes = spec->vm->memory_mib << 20;
	json_t *object = json_object();

	set_text(object, "qom-type", "memory-backend-memfd");
	set_text(object, "id", MEMORY_ID);
	json_object_set_new(object, "size", json_integer((json_int_t)bytes));
	json_object_set_new(object, "hugetlb", json_true());
	json_object_set_new(object, "hugetlbsize",
			    json_integer((json_int_t)hugepages_bytes(spec->vm->hugepages)));
	json_object_set_new(object, "share", json_false());
	json_object_set_new(object, "dump", json_false());
	push_json(argv, "-object", object);
}

void devices_add_disks(const struct qemu_spec *spec, struct strv *argv)
{
	add_system_disk(spec, argv);
	if (spec->fds.seed >= 0)
		add_seed(spec, argv);
	for (unsigned int i = 0; i < spec->vm->n_disks; i++)
		add_extra_disk(spec, argv, i);
}

/* "5:6:7", of the descriptors that are there; returns how many. */
static unsigned int join_fds(const int fds[VM_QUEUES_MAX], struct buf *out)
{
	unsigned int n = 0;

	while (n < VM_QUEUES_MAX && fds[n] >= 0) {
		buf_printf(out, "%s%d", n ? ":" : "", fds[n]);
		n++;
	}
	return n;
}

/* One descriptor is "fd": with "fds" QEMU takes the backend for one of several queues. */
static unsigned int add_netdev(const struct qemu_spec *spec, struct strv *argv, unsigned int i,
			       const char *id)
{
	AUTO_BUF vhost = BUF_INIT;
	AUTO_BUF tap = BUF_INIT;
	unsigned int queues = join_fds(spec->fds.tap[i], &tap);
	const char *plural = queues > 1 ? "s" : "";

	join_fds(spec->fds.vhost[i], &vhost);
	strv_push(argv, "-netdev");
	if (vhost.len)
		strv_pushf(argv, "tap,id=%s,fd%s=%s,vhost=on,vhostfd%s=%s", id, plural,
			   buf_str(&tap), plural, buf_str(&vhost));
	else
		strv_pushf(argv, "tap,id=%s,fd%s=%s", id, plural, buf_str(&tap));
	return queues;
}

static void add_nic(const struct qemu_spec *spec, struct strv *argv, unsigned int i)
{
	AUTO_FREE char *id = xasprintf("nic%u", i);
	json_t *object = device(spec, "virtio-net");
	char mac[MAC_TEXT_MAX];

	if (add_netdev(spec, argv, i, id) > 1)
		json_object_set_new(object, "mq", json_true());
	mac_format(&spec->vm->nics[i].mac, mac);
	set_text(object, "netdev", id);
	set_text(object, "mac", mac);
	json_object_set_new(object, "host_mtu", json_integer(spec->nic_mtu[i]));
	if (spec->vm->machine != MACHINE_MICROVM)
		set_text(object, "romfile", ""); /* no network boot: less to load and to attack */
	push_json(argv, "-device", object);
}

void devices_add_nics(const struct qemu_spec *spec, struct strv *argv)
{
	for (unsigned int i = 0; i < spec->vm->n_nics; i++)
		add_nic(spec, argv, i);
}

void devices_add_rng(const struct qemu_spec *spec, struct strv *argv)
{
	push_json(argv, "-device", device(spec, "virtio-rng"));
}

void devices_add_display(const struct qemu_spec *spec, struct strv *argv)
{
	json_t *object;

	if (vm_config_screen(spec->vm) == SCREEN_NONE)
		return;
	object = json_object();
	set_text(object, "driver", "VGA");
	push_json(argv, "-device", object);
}
