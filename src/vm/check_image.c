/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of an image, checked by a confined qemu-img. */
#include "check_image.h"

#include <errno.h>
#include <sys/stat.h>

#include "config/vm_config.h"
#include "jail/helper.h"
#include "program.h"

#define IMAGE_IN_JAIL "/work/image.qcow2"
#define IMAGE_WITHOUT_ROOT "/proc/self/fd/3"
_Static_assert(HELPER_FILE_FD == 3, "the name of the image's descriptor");

/* It counts in memory how often each cluster is used: 2 bytes for 64 KiB of the file. */
enum { TIMEOUT_S = 600 };

/* Mounted it is opened by its own mode: 0444 for images of ours, and anything for others. */
static int check_mode(uid_t uid, int fd, const char *name, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at image '%s'", name);
	if (launch_mode() != LAUNCH_AS_ROOT || st.st_mode & S_IROTH)
		return 0;
	error_set(err, ERROR_PERMISSION, EACCES, "check image '%s': user id %u may not read it",
		  name, uid);
	return error_hint(err, "chmod a+r that file");
}

int check_image(const struct host_config *host, int fd, enum disk_format format, const char *name,
		struct error *err)
{
	const struct vm_config none = { .uid = 0 };
	AUTO_STRV argv = STRV_INIT;
	AUTO_STRV rootless_argv = STRV_INIT;
	int exit_status, r;
	struct helper helper = {
		.argv = &argv,
		.rootless_argv = &rootless_argv,
		.uid = host_config_worker_uid(host),
		.files = { { .source = fd, .target = IMAGE_IN_JAIL } },
		.n_files = 1,
		.folders = &host->expose,
		.limits = { .file_size = 1, .cpu_s = TIMEOUT_S },
		.timeout_ms = TIMEOUT_S * 1000,
		.may_miss = vm_config_allowed_missing(&none, host),
		.exit_status = &exit_status,
	};

	if (format == DISK_RAW)
		return 0;
	r = program_find_qemu_img(host, err);
	if (r == 0)
		r = check_mode(helper.uid, fd, name, err);
	if (r)
		return r;
	check_argv(host->qemu_img, IMAGE_IN_JAIL, &argv);
	check_argv(host->qemu_img, IMAGE_WITHOUT_ROOT, &rootless_argv);
	r = helper_run(&helper, err);
	if (r && exit_status < 0)
		return error_prefix(err, "check image '%s'", name);
	return check_word(exit_status, name, err);
}
