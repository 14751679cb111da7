/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image of any bytes, in each role. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/arch.h"
#include "image/inspect.h"
#include "fuzz.h"

static void check_info(const struct image_info *info, enum image_role role, bool expect_raw)
{
	size_t length = strnlen(info->backing_file, sizeof(info->backing_file));

	FUZZ_ASSERT(info->virtual_size && info->virtual_size % 512 == 0);
	FUZZ_ASSERT(info->virtual_size <= IMAGE_BYTES_MAX);
	FUZZ_ASSERT(length <= IMAGE_BACKING_MAX);
	FUZZ_ASSERT(info->has_backing == (length > 0));
	if (info->has_backing)
		FUZZ_ASSERT(role == IMAGE_OVERLAY && info->backing_file[0] == '/');
	if (expect_raw)
		FUZZ_ASSERT(info->format == IMAGE_RAW);
	else if (role == IMAGE_OVERLAY)
		FUZZ_ASSERT(info->format == IMAGE_QCOW2);
}

static void check_arch(int fd, enum image_format format)
{
	struct error err = ERROR_INIT;
	const char *arch = image_table_arch(fd, format);

	FUZZ_ASSERT((image_check_arch(fd, "f", NULL, format, &err) < 0) == (arch != NULL));
	FUZZ_ASSERT(!arch || (err.kind == ERROR_VERIFY && strstr(err.message, arch)));
}

static void inspect(int fd, enum image_role role, bool expect_raw)
{
	struct image_info info, untouched;
	struct error err = ERROR_INIT;
	int r;

	memset(&info, 0x5a, sizeof(info));
	memcpy(&untouched, &info, sizeof(info));
	r = image_inspect(fd, "f", role, expect_raw, &info, &err);
	if (r == 0) {
		check_info(&info, role, expect_raw);
		check_arch(fd, info.format);
	} else {
		FUZZ_ASSERT(r == -err.code && err.kind == ERROR_VERIFY);
		FUZZ_ASSERT(memcmp(&info, &untouched, sizeof(info)) == 0);
	}
}

/*
 * A header is interesting where the tables that it names are in the file, so the file is as long
 * as three clusters and a bit. The last byte says whether: short files are read too.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	FUZZ_ASSERT(fd >= 0);
	FUZZ_ASSERT(write(fd, data, size) == (ssize_t)size);
	if (size && data[size - 1] != 'S')
		FUZZ_ASSERT(ftruncate(fd, 4 << 20) == 0);
	inspect(fd, IMAGE_BASE, false);
	inspect(fd, IMAGE_BASE, true);
	inspect(fd, IMAGE_OVERLAY, false);
	inspect(fd, IMAGE_OVERLAY, true);
	close(fd);
	return 0;
}
