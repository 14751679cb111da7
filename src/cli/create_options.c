/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of create, and the request that they make. */
#include "create_options.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "config/vm_config.h"
#include "nic_options.h"

const struct cli_option create_options[] = {
	{ .name = "os", .value = "NAME", .help = "image or catalogue name, as in image list" },
	{ .name = "image", .value = "FILE", .help = "base image, a qcow2 or raw file" },
	{ .name = "no-pull", .help = "fetch no image that is not here" },
	{ .name = "pubkey-path",
	  .value = "FILE",
	  .help = "public ssh key that may log in; - is stdin" },
	{ .name = "user", .value = "NAME", .help = "the guest's user (the image's default)" },
	NIC_OPTIONS,
	{ .name = "memory", .value = "SIZE", .help = "memory; a bare number is MiB (1G)" },
	{ .name = "cpus", .value = "N", .help = "virtual CPUs (1)" },
	{ .name = "disk", .value = "SIZE", .help = "system disk (12G)" },
	{ .name = "extra-disk",
	  .value = "SIZE",
	  .repeated = true,
	  .help = "a further, empty disk" },
	{ .name = "accel", .value = "kvm|tcg", .help = "accelerator (kvm)" },
	{ .name = "cpu", .value = "MODEL", .help = "CPU model (host; max with tcg)" },
	{ .name = "cpu-pin", .value = "LIST", .help = "host CPUs to run on, 2-5,8 (all)" },
	{ .name = "nice", .value = "N", .help = "nice value, -20 to 19 (0)" },
	{ .name = "machine", .value = "q35|microvm", .help = "machine type (q35)" },
	{ .name = "kernel", .value = "FILE", .help = "boot this kernel, not the disk" },
	{ .name = "initrd", .value = "FILE", .help = "its initial ramdisk" },
	{ .name = "append", .value = "TEXT", .help = "its command line" },
	{ .name = "firmware", .value = "bios|uefi", .help = "what boots the disk (the image's)" },
	{ .name = "hugepages",
	  .value = "2M|1G",
	  .value_optional = true,
	  .help = "memory of huge pages (of 2M)" },
	{ .name = "vnc", .value = "unix|ADDR|off", .help = "recovery screen (unix)" },
	{ .name = "user-data", .value = "FILE", .help = "further cloud-init user-data" },
	{ .name = "network-config", .value = "FILE", .help = "in place of the network settings" },
	{ .name = "start", .help = "start it" },
	{ .name = "wait",
	  .value = "ip|ssh|cloud-init",
	  .value_optional = true,
	  .help = "start it and wait for the guest" },
	{ .name = "timeout", .value = "S", .help = "seconds for --wait (300)" },
	{ .name = "dry-run", .help = "print what would be done, change nothing" },
	{ .name = NULL },
};

static int read_choice(const struct cli_args *args, const char *option, const char *const *words,
		       int *value, struct error *err)
{
	AUTO_FREE char *what = xasprintf("'--%s'", option);
	const char *text = cli_value(args, option);

	return text ? parse_choice(what, text, words, value, err) : 0;
}

static int read_hugepages(const struct cli_args *args, struct vm_config *vm, struct error *err)
{
	const char *text = cli_value(args, "hugepages");
	int hugepages = vm->hugepages;
	int r = 0;

	if (text && !*text)
		hugepages = HUGEPAGES_2M;
	else
		r = read_choice(args, "hugepages", hugepages_words, &hugepages, err);
	vm->hugepages = (enum hugepages)hugepages;
	return r;
}

static int read_choices(const struct cli_args *args, struct vm_config *vm, struct error *err)
{
	int accel = vm->accel, machine = vm->machine, firmware = vm->firmware;
	int r = read_choice(args, "accel", accel_words, &accel, err);

	if (!r)
		r = read_choice(args, "machine", machine_words, &machine, err);
	if (!r)
		r = read_choice(args, "firmware", firmware_words, &firmware, err);
	vm->accel = (enum accel)accel;
	vm->machine = (enum machine)machine;
	vm->firmware = (enum firmware)firmware;
	return r ? r : read_hugepages(args, vm, err);
}

static int read_memory(const struct cli_args *args, struct vm_config *vm, struct error *err)
{
	const uint64_t mib = (uint64_t)1 << 20;
	const char *text = cli_value(args, "memory");
	uint64_t bytes;
	int r;

	if (!text)
		return 0;
	r = parse_size("'--memory'", text, mib, VM_MEMORY_MIB_MIN * mib, VM_MEMORY_MIB_MAX * mib,
		       &bytes, err);
	if (!r && bytes % mib)
		r = error_set(err, ERROR_USAGE, EINVAL,
			      "parse '--memory' '%s': no whole number of MiB", text);
	if (!r)
		vm->memory_mib = bytes / mib;
	return r;
}

static int read_number(const struct cli_args *args, const char *option, uint64_t min, uint64_t max,
		       unsigned int *value, struct error *err)
{
	AUTO_FREE char *what = xasprintf("'--%s'", option);
	const char *text = cli_value(args, option);
	uint64_t number;
	int r = text ? parse_u64(what, text, min, max, &number, err) : 0;

	if (text && !r)
		*value = (unsigned int)number;
	return r;
}

static int read_disk(const char *what, const char *text, uint64_t *ret, struct error *err)
{
	int r = parse_size(what, text, 1, VM_DISK_BYTES_MIN, VM_DISK_BYTES_MAX, ret, err);

	if (!r && *ret % 512)
		r = error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': no multiple of 512", what,
			      text);
	return r;
}

static int read_disks(const struct cli_args *args, struct vm_create_request *request,
		      struct error *err)
{
	const struct strv *extra = cli_values(args, "extra-disk");
	const char *text = cli_value(args, "disk");
	int r = text ? read_disk("'--disk'", text, &request->disk_bytes, err) : 0;

	if (!r && extra->n > VM_DISKS_MAX)
		r = error_set(err, ERROR_USAGE, E2BIG, "at most %d extra disks", VM_DISKS_MAX);
	for (size_t i = 0; i < extra->n && !r; i++) {
		struct vm_disk *disk = &request->config.disks[i];

		r = read_disk("'--extra-disk'", extra->v[i], &request->extra_disks[i], err);
		disk->file = xasprintf("disk%zu.qcow2", i);
		disk->format = DISK_QCOW2;
		request->config.n_disks++;
	}
	return r;
}

/* As vm.conf has them. */
static int read_share(const struct cli_args *args, struct vm_config *vm, struct error *err)
{
	const char *cpu_pin = cli_value(args, "cpu-pin"), *nice = cli_value(args, "nice");
	int r = cpu_pin ? vm_config_set(vm, "cpu_pin", cpu_pin, err) : 0;

	if (!r && nice)
		r = vm_config_set(vm, "nice", nice, err);
	return r;
}

static int read_sizes(const struct cli_args *args, struct vm_create_request *request,
		      struct error *err)
{
	struct vm_config *vm = &request->config;
	int r = read_memory(args, vm, err);

	if (!r)
		r = read_number(args, "cpus", 1, VM_CPUS_MAX, &vm->cpus, err);
	if (!r)
		r = read_share(args, vm, err);
	if (!r)
		r = read_disks(args, request, err);
	return r;
}

static int absolute(const char *path, char **ret, struct error *err)
{
	char *full;

	if (!path)
		return 0;
	full = realpath(path, NULL);
	if (!full)
		return error_errno(err, errno, "open '%s'", path);
	free(*ret);
	*ret = full;
	return 0;
}

static int read_boot(const struct cli_args *args, struct vm_config *vm, struct error *err)
{
	int r = absolute(cli_value(args, "kernel"), &vm->kernel, err);

	if (!r)
		r = absolute(cli_value(args, "initrd"), &vm->initrd, err);
	if (r)
		return r;
	xreplace(&vm->append, cli_value(args, "append"));
	if ((vm->initrd || vm->append) && !vm->kernel)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--initrd and --append go with --kernel");
	return 0;
}

/*
 * What is only copied is checked by the writer of vm.conf, which refuses what it could not read
 * back.
 */
static void read_texts(const struct cli_args *args, struct vm_create_request *request)
{
	struct vm_config *vm = &request->config;

	request->os = cli_value(args, "os");
	request->image_file = cli_value(args, "image");
	request->pubkey_path = cli_value(args, "pubkey-path");
	request->user_data_path = cli_value(args, "user-data");
	request->network_config_path = cli_value(args, "network-config");
	request->firmware_given = cli_value(args, "firmware") != NULL;
	if (cli_value(args, "user"))
		xreplace(&vm->user, cli_value(args, "user"));
	if (cli_value(args, "cpu"))
		xreplace(&vm->cpu_model, cli_value(args, "cpu"));
	if (cli_value(args, "vnc"))
		xreplace(&vm->vnc, cli_value(args, "vnc"));
}

static int check_request(const struct vm_create_request *request, struct error *err)
{
	if (!request->os == !request->image_file) {
		error_set(err, ERROR_USAGE, EINVAL,
			  request->os ? "--os and --image exclude each other"
				      : "which base image? give --os or --image");
		return error_hint(err, "mnmivm-se image list");
	}
	if (!request->pubkey_path) {
		error_set(err, ERROR_USAGE, EINVAL, "who may log in? give --pubkey-path");
		return error_hint(
			err,
			"--pubkey-path ~/.ssh/id_ed25519.pub; ssh-keygen -t ed25519 makes one");
	}
	return 0;
}

int create_options_read(const struct cli *cli, const struct cli_args *args,
			struct vm_create_request *request, struct error *err)
{
	int r;

	vm_config_init(&request->config, &cli->host.config);
	request->config_ready = true;
	read_texts(args, request);
	r = check_request(request, err);
	if (!r)
		r = read_choices(args, &request->config, err);
	if (!r)
		r = read_sizes(args, request, err);
	if (!r)
		r = nic_options_read(args, request, err);
	if (!r)
		r = read_boot(args, &request->config, err);
	return r;
}
