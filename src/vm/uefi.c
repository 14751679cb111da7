/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI: the host's firmware, and the variables that each VM has of its own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "disks.h"
#include "uefi.h"

/*
 * QEMU's pc_sysfw.c: flash comes in sectors of 4 KiB, firmware and variables are 8 MiB at most
 * together.
 */
enum { FLASH_SECTOR = 4096, FLASH_MAX = 8 << 20 };

/* Both begin with a firmware volume (UEFI PI 1.8, volume 3, EFI_FIRMWARE_VOLUME_HEADER). */
enum { VOLUME_SIGNATURE_AT = 40 };
static const char volume_signature[] = { '_', 'F', 'V', 'H' };

struct uefi_images {
	const char *code, *vars;
};

/* Debian's package ovmf, the one with room for 4 MiB; then Alpine's. */
static const struct uefi_images places[] = {
	{ "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" },
	{ "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd" },
};

/* A firmware knows only variables that are laid out as its own template: they go in pairs. */
static int find_images(const struct host_config *host, struct uefi_images *ret, struct error *err)
{
	if (!host->uefi_code != !host->uefi_vars) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "uefi_code and uefi_vars are a pair: %s lacks one of them", host->path);
		return -EINVAL;
	}
	if (host->uefi_code) {
		*ret = (struct uefi_images){ host->uefi_code, host->uefi_vars };
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (access(places[i].code, F_OK) == 0) {
			*ret = places[i];
			return 0;
		}
	}
	error_set(err, ERROR_HOST, ENOENT, "look for UEFI firmware at '%s': %s", places[0].code,
		  strerror(ENOENT));
	error_hint(err,
		   "apt-get install ovmf (Alpine: apk add ovmf), or set 'uefi_code' and "
		   "'uefi_vars' in %s",
		   host->path);
	return -ENOENT;
}

static int check_flash(const char *path, uint64_t size, const char *head, struct error *err)
{
	if (!size || size % FLASH_SECTOR || size > FLASH_MAX ||
	    memcmp(head + VOLUME_SIGNATURE_AT, volume_signature, sizeof(volume_signature)) != 0)
		return error_set(err, ERROR_VERIFY, EINVAL,
				 "'%s' is no UEFI firmware in raw format", path);
	return 0;
}

int uefi_open_code(const struct host_config *host, int *ret_fd, struct error *err)
{
	char head[VOLUME_SIGNATURE_AT + sizeof(volume_signature)] = { 0 };
	AUTO_CLOSE int fd = -1;
	struct uefi_images images;
	struct stat st;
	int r = find_images(host, &images, err);

	if (r)
		return r;
	r = disks_open_plain(images.code, &fd, &st, err);
	if (r == -ENOENT)
		return error_kind(err, ERROR_HOST);
	if (!r && pread(fd, head, sizeof(head), 0) < 0)
		r = error_errno(err, errno, "read '%s'", images.code);
	if (!r)
		r = check_flash(images.code, (uint64_t)st.st_size, head, err);
	if (!r)
		*ret_fd = fd_steal(&fd);
	return r;
}

static int read_template(const char *path, struct buf *ret, struct error *err)
{
	int r = file_read_path(path, FLASH_MAX, ret, err);

	if (r)
		return r == -ENOENT ? error_kind(err, ERROR_HOST) : r;
	/* a short one has its sectors wrong, which is seen first */
	return check_flash(path, ret->len, buf_str(ret), err);
}

int uefi_make_vars(const struct host_config *host, int dir_fd, bool durable, struct error *err)
{
	AUTO_BUF template = BUF_INIT;
	struct uefi_images images;
	int r = find_images(host, &images, err);

	if (r || faccessat(dir_fd, UEFI_VARS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return r;
	r = read_template(images.vars, &template, err);
	if (r)
		return r;
	if (durable)
		return file_write(dir_fd, UEFI_VARS_FILE, template.data, template.len, 0600, err);
	return file_write_volatile(dir_fd, UEFI_VARS_FILE, template.data, template.len, 0600, err);
}

/* Of another size, they are those of another firmware. */
static int check_size(const char *template, int fd, struct error *err)
{
	struct stat vars, expected;

	if (fstat(fd, &vars) < 0)
		return error_errno(err, errno, "look at '%s'", UEFI_VARS_FILE);
	if (stat(template, &expected) < 0)
		return error_errno(err, errno, "look at '%s'", template);
	if (vars.st_size == expected.st_size)
		return 0;
	error_set(err, ERROR_VERIFY, ESTALE, "'%s' is not of the size of '%s'", UEFI_VARS_FILE,
		  template);
	return error_hint(err, "bring back the firmware that it is of, or remove the file: the "
			       "guest then begins without boot entries of its own");
}

int uefi_open_vars(const struct host_config *host, int dir_fd, int *ret_fd, struct error *err)
{
	struct error local = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	struct uefi_images images;
	int r = find_images(host, &images, err);

	if (r)
		return r;
	r = file_open_regular(dir_fd, UEFI_VARS_FILE, O_RDWR, &fd, &local);
	if (r == -ENOENT)
		return UEFI_NO_VARS;
	if (!r)
		r = check_size(images.vars, fd, &local);
	if (!r)
		*ret_fd = fd_steal(&fd);
	else
		*err = local;
	return r;
}
