/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image headers: real ones made by qemu-img, and what an attacker would make of them. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/inspect.h"
#include "suite.h"

#define QEMU_IMG "/usr/bin/qemu-img"

static struct suite_tmpdir dir;

static void setup(void)
{
	suite_tmpdir_make(&dir);
}

static void teardown(void)
{
	suite_tmpdir_remove(&dir);
}

/* A shell command in the folder. */
static void run(const char *command)
{
	AUTO_FREE char *line = xasprintf("cd '%s' && %s", dir.path, command);

	ck_assert_msg(system(line) == 0, "%s", command);
}

static int inspect(const char *name, enum image_role role, bool expect_raw, struct image_info *ret,
		   struct error *err)
{
	AUTO_CLOSE int fd = openat(dir.fd, name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return image_inspect(fd, name, role, expect_raw, ret, err);
}

static void take(const char *name, enum image_role role, bool expect_raw, struct image_info *ret)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(inspect(name, role, expect_raw, ret, &err), err);
}

/* Refused, with why in the message and nothing returned. */
static void refuse(const char *name, enum image_role role, bool expect_raw, const char *why)
{
	struct image_info info, before;
	struct error err = ERROR_INIT;
	int r;

	memset(&info, 0x5a, sizeof(info));
	before = info;
	r = inspect(name, role, expect_raw, &info, &err);
	ck_assert_msg(r < 0, "accepted: %s (%s)", name, why);
	suite_assert_error(r, err, EINVAL, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, why) && strstr(err.message, name), "'%s' without '%s'",
		      err.message, why);
	ck_assert_int_eq(memcmp(&info, &before, sizeof(info)), 0);
}

/* What qemu-img says of the file; 0 where it refuses it. */
static unsigned long long qemu_size(const char *name)
{
	AUTO_FREE char *line = xasprintf("cd '%s' && " QEMU_IMG
					 " info -U --output=json -f qcow2 ./%s 2>/dev/null",
					 dir.path, name);
	static const char key[] = "\"virtual-size\": ";
	char text[8192] = "";
	const char *size;
	FILE *output = popen(line, "r");

	ck_assert_ptr_nonnull(output);
	text[fread(text, 1, sizeof(text) - 1, output)] = '\0';
	pclose(output);
	/* the protocol layer's child node comes first in newer versions; the outer one is last */
	size = NULL;
	for (const char *next = strstr(text, key); next; next = strstr(next + 1, key))
		size = next;
	return size ? strtoull(size + strlen(key), NULL, 10) : 0;
}

static const struct good {
	const char *options, *size;
	unsigned long long bytes;
} good[] = {
	{ "", "1G", 1ULL << 30 },
	{ "-o compat=0.10", "1G", 1ULL << 30 },
	{ "-o compat=1.1", "512", 512 },
	{ "-o compat=1.1", "8T", 8ULL << 40 },
	{ "-o compression_type=zstd", "3G", 3ULL << 30 },
	{ "-o extended_l2=on", "12G", 12ULL << 30 },
	{ "-o extended_l2=on,cluster_size=16k", "1G", 1ULL << 30 },
	{ "-o extended_l2=on,cluster_size=2M", "8T", 8ULL << 40 },
	{ "-o cluster_size=512", "1G", 1ULL << 30 },
	{ "-o cluster_size=2M", "1G", 1ULL << 30 },
	{ "-o refcount_bits=1", "1G", 1ULL << 30 },
	{ "-o refcount_bits=64", "1G", 1ULL << 30 },
	{ "-o lazy_refcounts=on", "1G", 1ULL << 30 },
	{ "-o preallocation=metadata", "64M", 64ULL << 20 },
	{ "-o preallocation=falloc", "1M", 1ULL << 20 },
};

START_TEST(real_qcow2)
{
	const struct good *row = &good[_i];
	AUTO_FREE char *command = xasprintf(QEMU_IMG " create -q -f qcow2 %s x.qcow2 %s",
					    row->options, row->size);
	struct image_info info;
	struct stat st;

	run(command);
	ck_assert_int_eq(fstatat(dir.fd, "x.qcow2", &st, 0), 0);
	for (enum image_role role = IMAGE_BASE; role <= IMAGE_OVERLAY; role++) {
		take("x.qcow2", role, false, &info);
		ck_assert_int_eq(info.format, IMAGE_QCOW2);
		ck_assert_uint_eq(info.virtual_size, row->bytes);
		ck_assert_uint_eq(info.file_size, (unsigned long long)st.st_size);
		ck_assert_int_eq(info.mtime_ns / 1000000000, st.st_mtim.tv_sec);
		ck_assert_int_eq(info.mtime_ns % 1000000000, st.st_mtim.tv_nsec);
		ck_assert(!info.has_backing);
		ck_assert_str_eq(info.backing_file, "");
	}
	ck_assert_uint_eq(qemu_size("x.qcow2"), row->bytes);
	refuse("x.qcow2", IMAGE_BASE, true, "it is qcow2, not raw");
}
END_TEST

START_TEST(qcow2_with_all_that_guests_leave)
{
	struct image_info info;

	run(QEMU_IMG " create -q -f qcow2 x.qcow2 64M && " QEMU_IMG
		     " snapshot -c one x.qcow2 && " QEMU_IMG " snapshot -c two x.qcow2 && " QEMU_IMG
		     " bitmap --add x.qcow2 map && "
		     "dd if=/dev/urandom of=raw bs=64k count=9 2>/dev/null && " QEMU_IMG
		     " convert -q -c -f raw -O qcow2 raw compressed.qcow2");
	take("x.qcow2", IMAGE_BASE, false, &info);
	ck_assert_uint_eq(info.virtual_size, 64 << 20);
	take("compressed.qcow2", IMAGE_BASE, false, &info);
	ck_assert_uint_eq(info.virtual_size, 9 << 16);
}
END_TEST

START_TEST(overlay_tells_its_backing_file)
{
	struct image_info info;

	run(QEMU_IMG
	    " create -q -f qcow2 -u -b '/images/a b,c:d.qcow2' -F qcow2 x.qcow2 1G && " QEMU_IMG
	    " create -q -f qcow2 -o compat=0.10 -u -b /images/raw -F raw v2.qcow2 2G");
	take("x.qcow2", IMAGE_OVERLAY, false, &info);
	ck_assert(info.has_backing);
	ck_assert_str_eq(info.backing_file, "/images/a b,c:d.qcow2");
	ck_assert_uint_eq(info.virtual_size, 1 << 30);
	take("v2.qcow2", IMAGE_OVERLAY, false, &info);
	ck_assert_str_eq(info.backing_file, "/images/raw");
	refuse("x.qcow2", IMAGE_BASE, false, "it needs a backing file");
	refuse("v2.qcow2", IMAGE_BASE, false, "it needs a backing file");
}
END_TEST

START_TEST(overlay_with_a_backing_file_elsewhere)
{
	static const char *const names[] = {
		"base.qcow2",
		"../base.qcow2",
		"nbd://127.0.0.1/x",
		"ssh://a/b",
		"file:/etc/shadow",
		"json:{\\\"driver\\\":\\\"file\\\",\\\"filename\\\":\\\"/etc/shadow\\\"}",
		"fd:3",
		"blkdebug::/x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *command = xasprintf(
			QEMU_IMG " create -q -f qcow2 -u -b \"%s\" -F raw x.qcow2 1G", names[i]);

		run(command);
		refuse("x.qcow2", IMAGE_OVERLAY, false, "is not an absolute path");
		refuse("x.qcow2", IMAGE_BASE, false, "it needs a backing file");
	}
}
END_TEST

static const struct foreign {
	const char *make, *why, *hint;
} foreign[] = {
	{ QEMU_IMG " create -q -f vmdk x 1G", "a VMDK image", "qemu-img convert -f vmdk" },
	{ QEMU_IMG " create -q -f vmdk -o subformat=monolithicFlat x 1M", "a VMDK descriptor",
	  "qemu-img convert -f vmdk" },
	{ QEMU_IMG " create -q -f vdi x 1G", "a VDI image", "qemu-img convert -f vdi" },
	{ QEMU_IMG " create -q -f vhdx x 1G", "a VHDX image", "qemu-img convert -f vhdx" },
	{ QEMU_IMG " create -q -f vpc x 1G", "a VHD image", "qemu-img convert -f vpc" },
	{ QEMU_IMG " create -q -f vpc -o subformat=fixed x 1M", "a fixed VHD image",
	  "qemu-img convert -f vpc" },
	{ QEMU_IMG " create -q -f qed x 1G", "a QED image", "qemu-img convert -f qed" },
	{ QEMU_IMG " create -q -f qcow x 1G", "a qcow1 image", "qemu-img convert -f qcow " },
	{ QEMU_IMG " create -q -f parallels x 1G", "a Parallels image", "-f parallels" },
	{ "printf 'LUKS\\272\\276\\000\\001' >x", "a LUKS container", "" },
	{ "echo x | xz >x", "compressed with xz", "image import 'x' NAME" },
	{ "echo x | gzip >x", "compressed with gzip", "image import 'x' NAME" },
	{ "echo x | bzip2 >x", "compressed with bzip2", "image import 'x' NAME" },
	{ "printf '\\050\\265\\057\\375' >x", "compressed with zstd", "image import 'x' NAME" },
	{ "printf 'PK\\003\\004' >x", "a ZIP archive", "unzip 'x'" },
	{ "echo a >a && tar -cf x a", "a tar archive", "image import 'x' NAME" },
};

START_TEST(other_formats_by_name)
{
	struct image_info info;
	struct error err = ERROR_INIT;

	run(foreign[_i].make);
	refuse("x", IMAGE_BASE, false, foreign[_i].why);
	refuse("x", IMAGE_BASE, true, foreign[_i].why);
	refuse("x", IMAGE_OVERLAY, false, "it is not qcow2");
	inspect("x", IMAGE_BASE, false, &info, &err);
	ck_assert_msg(strstr(err.hint, foreign[_i].hint) && !err.hint[0] == !foreign[_i].hint[0],
		      "'%s'", err.hint);
}
END_TEST

/* AES and no LUKS: that one measures the CPU, and gives up on a busy machine. */
START_TEST(encrypted_qcow2)
{
	run(QEMU_IMG " create -q -f qcow2 --object secret,id=s,data=x "
		     "-o encrypt.format=aes,encrypt.key-secret=s x.qcow2 1M");
	refuse("x.qcow2", IMAGE_BASE, false, "it is encrypted");
	refuse("x.qcow2", IMAGE_OVERLAY, false, "it is encrypted");
}
END_TEST

START_TEST(external_data_file)
{
	run(QEMU_IMG " create -q -f qcow2 -o data_file=data x.qcow2 1M && " QEMU_IMG
		     " create -q -f qcow2 -o data_file=data2,data_file_raw=on y.qcow2 1M");
	refuse("x.qcow2", IMAGE_BASE, false, "CVE-2024-4467");
	refuse("x.qcow2", IMAGE_OVERLAY, false, "CVE-2024-4467");
	refuse("y.qcow2", IMAGE_OVERLAY, false, "CVE-2024-4467");
	/* without the bit, the name of the file alone */
	run("printf '\\000' | dd of=x.qcow2 bs=1 seek=79 conv=notrunc 2>/dev/null");
	refuse("x.qcow2", IMAGE_OVERLAY, false, "it names a data file");
}
END_TEST

/* 1 MiB with these bytes at an offset. */
static void put_raw(const char *name, off_t offset, const char *bytes, size_t len)
{
	AUTO_CLOSE int fd = openat(dir.fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
	ck_assert_int_eq(pwrite(fd, bytes, len, offset), (ssize_t)len);
}

START_TEST(raw_disks)
{
	struct image_info info;

	put_raw("x", 510, "\x55\xaa", 2);
	take("x", IMAGE_BASE, false, &info);
	ck_assert_int_eq(info.format, IMAGE_RAW);
	ck_assert_uint_eq(info.virtual_size, 1 << 20);
	ck_assert_uint_eq(info.file_size, 1 << 20);
	ck_assert(!info.has_backing);
	take("x", IMAGE_BASE, true, &info);
	take("x", IMAGE_OVERLAY, true, &info);
	refuse("x", IMAGE_OVERLAY, false, "it is not qcow2");
	put_raw("x", 512, "EFI PART", 8);
	take("x", IMAGE_BASE, false, &info);
	put_raw("x", 0, "", 0);
	refuse("x", IMAGE_BASE, false, "neither qcow2 nor a raw disk");
	take("x", IMAGE_BASE, true, &info);
	ck_assert_int_eq(info.format, IMAGE_RAW);
}
END_TEST

START_TEST(raw_sizes)
{
	static const off_t bad[] = { 0, 1, 511, 513, (1 << 20) - 1, ((off_t)8 << 40) + 512 };
	struct image_info info;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_raw("x", 510, "\x55\xaa", 2);
		AUTO_CLOSE int fd = openat(dir.fd, "x", O_RDWR | O_CLOEXEC);

		/* some file systems hold no more than 4 or 16 TiB in a file */
		if (ftruncate(fd, bad[i]) < 0 && errno == EFBIG)
			continue;
		refuse("x", IMAGE_BASE, true, "a disk of");
		refuse("x", IMAGE_OVERLAY, true, "a disk of");
		ck_assert(bad[i] < 512 || bad[i] % 512 == 0 ||
			  inspect("x", IMAGE_BASE, false, &info, &(struct error)ERROR_INIT) < 0);
	}
	put_raw("x", 510, "\x55\xaa", 2);
	AUTO_CLOSE int fd = openat(dir.fd, "x", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 512), 0);
	take("x", IMAGE_BASE, false, &info);
}
END_TEST

START_TEST(iso_images)
{
	struct image_info info;

	put_raw("x", 32769, "CD001", 5);
	refuse("x", IMAGE_BASE, false, "an ISO 9660 image");
	run("printf '\\125\\252' | dd of=x bs=1 seek=510 conv=notrunc 2>/dev/null");
	take("x", IMAGE_BASE, false, &info);
	ck_assert_int_eq(info.format, IMAGE_RAW);
}
END_TEST

/* The guest of a raw disk writes what it likes: it stays raw, and the VM starts. */
START_TEST(content_of_a_guests_raw_disk)
{
	static const char magics[][9] = { "QFI\xfb\0\0\0\3", "QFI\xfb\0\0\0\1", "KDMV",
					  "LUKS\xba\xbe\0\1", "vhdxfile" };
	struct image_info info;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		put_raw("x", 0, magics[i], 8);
		take("x", IMAGE_OVERLAY, true, &info);
		ck_assert_int_eq(info.format, IMAGE_RAW);
		ck_assert_uint_eq(info.virtual_size, 1 << 20);
		ck_assert(!info.has_backing);
	}
}
END_TEST

START_TEST(what_is_no_file)
{
	struct image_info info;
	struct error err = ERROR_INIT;
	int fds[2];

	suite_assert_error(image_inspect(dir.fd, "x", IMAGE_BASE, true, &info, &err), err, EINVAL,
			   ERROR_VERIFY);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	suite_assert_error(image_inspect(fds[0], "x", IMAGE_BASE, true, &info, &err), err, EINVAL,
			   ERROR_VERIFY);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(image_inspect(-1, "x", IMAGE_BASE, true, &info, &err), -EBADF);
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	suite_assert_error(image_inspect(fds[0], "x", IMAGE_BASE, true, &info, &err), err, EINVAL,
			   ERROR_VERIFY);
	close(fds[0]);
}
END_TEST

START_TEST(offset_of_the_descriptor_stays)
{
	struct error err = ERROR_INIT;
	struct image_info info;

	run(QEMU_IMG " create -q -f qcow2 x.qcow2 1G");
	AUTO_CLOSE int fd = openat(dir.fd, "x.qcow2", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lseek(fd, 7, SEEK_SET), 7);
	suite_assert_ok(image_inspect(fd, "x", IMAGE_BASE, false, &info, &err), err);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 7);
}
END_TEST

static void patch(const char *name, off_t offset, unsigned int width, unsigned long long value)
{
	AUTO_CLOSE int fd = openat(dir.fd, name, O_RDWR | O_CLOEXEC);
	uint64_t bytes = htobe64(value);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, (char *)&bytes + 8 - width, width, offset), width);
}

/* A field of the header, and what is wrong with the value. */
static const struct patch {
	unsigned int version, offset, width;
	unsigned long long value;
	const char *why;
} patches[] = {
	{ 3, 4, 4, 0, "version 0 is unknown" },
	{ 3, 4, 4, 4, "version 4 is unknown" },
	{ 2, 4, 4, 0xffffffff, "version 4294967295 is unknown" },
	{ 3, 8, 8, 1, "needs a backing file" },
	{ 3, 20, 4, 0, "clusters of 2^0 bytes" },
	{ 3, 20, 4, 8, "clusters of 2^8 bytes" },
	{ 2, 20, 4, 22, "clusters of 2^22 bytes" },
	{ 3, 20, 4, 63, "clusters of 2^63 bytes" },
	{ 3, 20, 4, 64, "clusters of 2^64 bytes" },
	{ 3, 20, 4, 0xffffffff, "clusters of 2^" },
	{ 3, 20, 4, 21, "its header is cut off" },
	{ 3, 24, 8, 0, "a disk of 0 bytes" },
	{ 3, 24, 8, 1, "a disk of 1 bytes" },
	{ 2, 24, 8, 513, "a disk of 513 bytes" },
	{ 3, 24, 8, (8ULL << 40) + 512, "a disk of 8796093022720 bytes" },
	{ 3, 24, 8, 0xfffffffffffffe00, "a disk of" },
	{ 3, 24, 8, 1ULL << 33, "its L1 table has 2 entries" },
	{ 3, 32, 4, 1, "it is encrypted" },
	{ 2, 32, 4, 2, "it is encrypted" },
	{ 3, 32, 4, 3, "it is encrypted" },
	{ 3, 36, 4, 0, "its L1 table has 0 entries" },
	{ 3, 36, 4, 1, "its L1 table has 1 entries" },
	{ 3, 36, 4, 4194305, "its L1 table has 4194305 entries" },
	{ 3, 36, 4, 0xffffffff, "its L1 table has" },
	{ 3, 36, 4, 4194304, "its L1 table is cut off" },
	{ 3, 40, 8, 0, "its L1 table begins at byte 0" },
	{ 3, 40, 8, 0x30001, "its L1 table begins at byte 196609" },
	{ 3, 40, 8, 0x40000, "its L1 table is cut off" },
	{ 2, 40, 8, 0xffffffffffff0000, "its L1 table is cut off" },
	{ 3, 48, 8, 0, "its refcount table begins at byte 0" },
	{ 3, 48, 8, 0x10200, "its refcount table begins at" },
	{ 3, 48, 8, 0x30000, "its refcount table is cut off" },
	{ 2, 48, 8, 0xffffffffffff0000, "its refcount table is cut off" },
	{ 3, 56, 4, 0, "its refcount table has 0 clusters" },
	{ 3, 56, 4, 129, "its refcount table has 129 clusters" },
	{ 3, 56, 4, 0xffffffff, "its refcount table has" },
	{ 3, 56, 4, 128, "its refcount table is cut off" },
	{ 3, 60, 4, 1, "its snapshot table begins at byte 0" },
	{ 3, 64, 8, 8, "its snapshot table begins at byte 8" },
	{ 3, 64, 8, 1ULL << 63, "its snapshot table is cut off" },
	{ 3, 60, 4, 65537, "it has 65537 snapshots" },
	{ 3, 72, 8, 1 << 0, "it is marked as not cleanly closed" },
	{ 3, 72, 8, 1 << 1, "it is marked as corrupt" },
	{ 3, 72, 8, 1 << 2, "CVE-2024-4467" },
	{ 3, 72, 8, 1 << 3, "compression type" },
	{ 3, 72, 8, 1 << 5, "features that are unknown (0x20)" },
	{ 3, 72, 8, 1ULL << 63, "features that are unknown" },
	{ 3, 72, 8, ~0ULL, "features that are unknown" },
	{ 3, 96, 4, 7, "reference counts of 2^7 bits" },
	{ 3, 96, 4, 0xffffffff, "reference counts of" },
	{ 3, 100, 4, 0, "its header has a length of 0" },
	{ 3, 100, 4, 72, "its header has a length of 72" },
	{ 3, 100, 4, 103, "its header has a length of 103" },
	{ 3, 100, 4, 105, "its header has a length of 105" },
	{ 3, 100, 4, 0x10008, "its header is cut off" },
	{ 3, 100, 4, 0xfffffff8, "its header is cut off" },
	{ 3, 104, 1, 1, "compression type" },
	{ 3, 104, 1, 255, "compression type" },
	{ 3, 112, 4, 0x44415441, "it names a data file" },
	{ 3, 112, 4, 0x0537be77, "it is encrypted" },
	{ 3, 116, 4, 0xffffffff, "a header extension is too long" },
	{ 3, 116, 4, 0x10000, "a header extension is too long" },
	{ 2, 76, 4, 0x1000000, "a header extension is too long" },
	{ 3, 112, 4, 0xe2792aca, "the format of its backing file is too long" },
	{ 2, 72, 4, 0x44415441, "it names a data file" },
};

START_TEST(patched_headers)
{
	const struct patch *row = &patches[_i];

	run(row->version == 2 ? QEMU_IMG " create -q -f qcow2 -o compat=0.10 x.qcow2 1G"
			      : QEMU_IMG " create -q -f qcow2 -o compat=1.1 x.qcow2 1G");
	patch("x.qcow2", row->offset, row->width, row->value);
	refuse("x.qcow2", IMAGE_BASE, false, row->why);
}
END_TEST

START_TEST(extended_l2_in_small_clusters)
{
	run(QEMU_IMG " create -q -f qcow2 -o cluster_size=8k x.qcow2 1M");
	patch("x.qcow2", 72, 8, 1 << 4);
	refuse("x.qcow2", IMAGE_BASE, false, "too small for extended L2 entries");
}
END_TEST

START_TEST(marks_of_an_overlay)
{
	struct image_info info;

	run(QEMU_IMG " create -q -f qcow2 x.qcow2 1G");
	patch("x.qcow2", 72, 8, 1);
	take("x.qcow2", IMAGE_OVERLAY, false, &info);
	patch("x.qcow2", 72, 8, 3);
	refuse("x.qcow2", IMAGE_OVERLAY, false, "it is marked as corrupt");
}
END_TEST

START_TEST(patched_backing_names)
{
	static const struct patch rows[] = {
		{ 3, 8, 8, 8, "misplaced" },
		{ 3, 8, 8, 104, "misplaced" },
		{ 3, 8, 8, 0x10000, "misplaced" },
		{ 3, 8, 8, 0x10001, "misplaced" },
		{ 3, 8, 8, 0xffffffffffffffff, "misplaced" },
		{ 3, 16, 4, 0, "misplaced" },
		{ 3, 16, 4, 1024, "misplaced" },
		{ 3, 16, 4, 0xffffffff, "misplaced" },
		{ 3, 16, 4, 900, "not plain text" },
	};
	struct image_info info;
	AUTO_CLOSE int fd = -1;
	uint64_t offset;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		run("rm -f x.qcow2 && " QEMU_IMG
		    " create -q -f qcow2 -u -b /images/base -F raw x.qcow2 1G");
		patch("x.qcow2", rows[i].offset, rows[i].width, rows[i].value);
		refuse("x.qcow2", IMAGE_OVERLAY, false, rows[i].why);
	}
	patch("x.qcow2", 16, 4, strlen("/images/base"));
	take("x.qcow2", IMAGE_OVERLAY, false, &info);
	fd = openat(dir.fd, "x.qcow2", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &offset, 8, 8), 8);
	patch("x.qcow2", (off_t)be64toh(offset) + 3, 1, '\n');
	refuse("x.qcow2", IMAGE_OVERLAY, false, "not plain text");
	patch("x.qcow2", (off_t)be64toh(offset) + 3, 1, '\0');
	refuse("x.qcow2", IMAGE_OVERLAY, false, "not plain text");
	patch("x.qcow2", (off_t)be64toh(offset) + 3, 1, 0xff);
	refuse("x.qcow2", IMAGE_OVERLAY, false, "not plain text");
}
END_TEST

/* QEMU reads a whole extension there, the rest of it out of the name. */
START_TEST(extension_that_runs_into_the_backing_name)
{
	run(QEMU_IMG " create -q -f qcow2 -u -b /images/base -F raw x.qcow2 1G");
	patch("x.qcow2", 8, 8, 116);
	patch("x.qcow2", 16, 4, 4);
	patch("x.qcow2", 112, 8, 0x123456782f616263);
	refuse("x.qcow2", IMAGE_OVERLAY, false, "a header extension is too long");
}
END_TEST

/* 2 MiB of header extensions, and a data file behind them. */
START_TEST(endless_extensions)
{
	run(QEMU_IMG " create -q -f qcow2 -o cluster_size=2M x.qcow2 1G");
	for (unsigned int i = 0; i < 1000; i++)
		patch("x.qcow2", 112 + 8 * i, 8, 0x1234567800000000);
	patch("x.qcow2", 112 + 8 * 1000, 8, 0x4441544100000000);
	refuse("x.qcow2", IMAGE_BASE, false, "too many header extensions");
	patch("x.qcow2", 112 + 8 * 60, 8, 0x4441544100000000);
	refuse("x.qcow2", IMAGE_BASE, false, "it names a data file");
}
END_TEST

START_TEST(files_cut_short)
{
	static const off_t sizes[] = { 4, 8, 71, 72, 103, 104, 111, 512, 65535, 65536, 0x30000 };

	run(QEMU_IMG " create -q -f qcow2 x.qcow2 1G");
	for (size_t i = ARRAY_SIZE(sizes); i--;) {
		AUTO_CLOSE int fd = openat(dir.fd, "x.qcow2", O_RDWR | O_CLOEXEC);

		ck_assert_int_eq(ftruncate(fd, sizes[i]), 0);
		refuse("x.qcow2", IMAGE_BASE, false,
		       sizes[i] < 105 ? "it ends within its header" : "cut off");
	}
}
END_TEST

/*
 * Each byte of the header in turn, each bit of it turned and some values: what we accept, QEMU
 * reads in the same way.
 */
static void mutate(const char *name, off_t offset)
{
	static const unsigned char values[] = { 0, 0x7f, 0xff };
	AUTO_CLOSE int fd = openat(dir.fd, name, O_RDWR | O_CLOEXEC);
	unsigned char old;

	ck_assert_int_eq(pread(fd, &old, 1, offset), 1);
	for (unsigned int i = 0; i < 8 + ARRAY_SIZE(values); i++) {
		unsigned char byte = (unsigned char)(i < 8 ? old ^ (1U << i) : values[i - 8]);
		struct error err = ERROR_INIT;
		struct image_info info;

		ck_assert_int_eq(pwrite(fd, &byte, 1, offset), 1);
		if (inspect(name, IMAGE_OVERLAY, false, &info, &err) == 0)
			ck_assert_msg(info.virtual_size == qemu_size(name),
				      "byte %d = %#x: we say %llu, QEMU %llu", (int)offset, byte,
				      (unsigned long long)info.virtual_size, qemu_size(name));
		else
			ck_assert_int_eq(err.kind, ERROR_VERIFY);
	}
	ck_assert_int_eq(pwrite(fd, &old, 1, offset), 1);
}

START_TEST(mutated_overlay)
{
	run(QEMU_IMG " create -q -f qcow2 -u -b /b -F raw -o extended_l2=on,compression_type=zstd "
		     "x.qcow2 1G");
	for (off_t offset = 8 * _i; offset < 8 * _i + 8; offset++)
		mutate("x.qcow2", offset);
}
END_TEST

START_TEST(mutated_v2)
{
	run(QEMU_IMG " create -q -f qcow2 -o compat=0.10 -u -b /b -F raw x.qcow2 1G");
	for (off_t offset = 8 * _i; offset < 8 * _i + 8; offset++)
		mutate("x.qcow2", offset);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image/inspect");
	TCase *tc = tcase_create("inspect");

	if (access(QEMU_IMG, X_OK) < 0)
		return suite_skip("no " QEMU_IMG);
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, real_qcow2, 0, ARRAY_SIZE(good));
	tcase_add_test(tc, qcow2_with_all_that_guests_leave);
	tcase_add_test(tc, overlay_tells_its_backing_file);
	tcase_add_test(tc, overlay_with_a_backing_file_elsewhere);
	tcase_add_loop_test(tc, other_formats_by_name, 0, ARRAY_SIZE(foreign));
	tcase_add_test(tc, encrypted_qcow2);
	tcase_add_test(tc, external_data_file);
	tcase_add_test(tc, raw_disks);
	tcase_add_test(tc, raw_sizes);
	tcase_add_test(tc, iso_images);
	tcase_add_test(tc, content_of_a_guests_raw_disk);
	tcase_add_test(tc, what_is_no_file);
	tcase_add_test(tc, offset_of_the_descriptor_stays);
	tcase_add_loop_test(tc, patched_headers, 0, ARRAY_SIZE(patches));
	tcase_add_test(tc, extended_l2_in_small_clusters);
	tcase_add_test(tc, marks_of_an_overlay);
	tcase_add_test(tc, patched_backing_names);
	tcase_add_test(tc, extension_that_runs_into_the_backing_name);
	tcase_add_test(tc, endless_extensions);
	tcase_add_test(tc, files_cut_short);
	tcase_add_loop_test(tc, mutated_overlay, 0, 16);
	tcase_add_loop_test(tc, mutated_v2, 0, 12);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
