/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of other machines: by name, and by tables that sfdisk made and qemu-img wrapped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/arch.h"
#include "suite.h"

#define QEMU_IMG "/usr/bin/qemu-img"
#define SFDISK "/usr/sbin/sfdisk"
#define ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define LINUX "0fc63daf-8483-4772-8e79-3d69d8477de4"
#define ARM64_ROOT "b921b045-1df0-41c3-af44-4c6f280d3fae"
#define AMD64_ROOT "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"

static struct suite_tmpdir dir;

static void setup(void)
{
	suite_tmpdir_make(&dir);
}

static void teardown(void)
{
	suite_tmpdir_remove(&dir);
}

static void run(const char *command)
{
	AUTO_FREE char *line = xasprintf("cd '%s' && %s", dir.path, command);

	ck_assert_msg(system(line) == 0, "%s", command);
}

/* "disk": raw, with a GPT of such partitions; blank-separated words of sfdisk. */
static void make_disk(const char *types)
{
	AUTO_FREE char *command = xasprintf(
		"rm -f disk && truncate -s 16M disk && { echo label: gpt; for t in %s; do "
		"echo size=1MiB, type=$t; done; } | " SFDISK " -q --no-tell-kernel disk >/dev/null",
		types);

	run(command);
}

static int open_disk(const char *name)
{
	int fd = openat(dir.fd, name, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static const char *arch_of(const char *name, enum image_format format)
{
	AUTO_CLOSE int fd = open_disk(name);

	return image_table_arch(fd, format);
}

static void assert_arch(const char *name, enum image_format format, const char *expected)
{
	const char *found = arch_of(name, format);

	ck_assert_msg(found && expected ? !strcmp(found, expected) : found == expected,
		      "%s: '%s', not '%s'", name, found ? found : "none",
		      expected ? expected : "none");
}

static const struct named {
	const char *name, *arch;
} names[] = {
	{ "debian-13-genericcloud-arm64.qcow2", "arm64" },
	{ "debian-13-genericcloud-ppc64el.qcow2", "ppc64el" },
	{ "debian-13-generic-riscv64-daily.tar.xz", "riscv64" },
	{ "ubuntu-24.04-server-cloudimg-armhf.img", "armhf" },
	{ "ubuntu-24.04-server-cloudimg-s390x.img", "s390x" },
	{ "generic_alpine-3.22.2-aarch64-uefi-cloudinit-r0.qcow2", "aarch64" },
	{ "generic_alpine-3.22.2-armv7-uefi-cloudinit-r0.qcow2", "armv7" },
	{ "Fedora-Cloud-Base-Generic-44-1.7.ppc64le.qcow2", "ppc64le" },
	{ "FreeBSD-15.0-RELEASE-arm64-aarch64-BASIC-CLOUDINIT-ufs.qcow2.xz", "aarch64" },
	{ "openSUSE-Tumbleweed-Minimal-VM.AArch64-Cloud.qcow2", "aarch64" },
	{ "disk_loongarch64.raw", "loongarch64" },
	{ "arm64", "arm64" },
	{ "https://example.org/images/x-arm64.qcow2?token=x-amd64", "arm64" },
	{ "https://example.org/images/x-arm64.qcow2#amd64", "arm64" },
	{ "debian-13-genericcloud-amd64.qcow2", NULL },
	{ "Rocky-9-GenericCloud.latest.x86_64.qcow2", NULL },
	{ "debian-11-i386.qcow2", NULL },
	{ "ubuntu-i686.img", NULL },
	{ "amd64-with-arm64-cross.qcow2", NULL },
	{ "charm64.img", NULL },
	{ "arm64x.img", NULL },
	{ "warm64", NULL },
	{ "s390xyz.qcow2", NULL },
	{ "/srv/arm64/web.qcow2", NULL },
	{ "https://example.org/arm64/x.qcow2", NULL },
	{ "https://example.org/x.qcow2?from=arm64", NULL },
	{ "https://example.org/x.qcow2?from=/y-arm64", NULL },
	{ "https://example.org/arm64/", NULL },
	{ "debian", NULL },
	{ "", NULL },
};

START_TEST(by_name)
{
	const char *found = image_name_arch(names[_i].name);
	const char *expected = names[_i].arch;

	ck_assert_msg(found && expected ? !strcmp(found, expected) : found == expected, "%s: '%s'",
		      names[_i].name, found ? found : "none");
}
END_TEST

static const struct typed {
	const char *types, *arch;
} tables[] = {
	{ ESP " " ARM64_ROOT, "arm64" },
	{ ARM64_ROOT, "arm64" },
	{ LINUX " " ESP " B0E01050-EE5F-4390-949A-9101B17104E9", "arm64" },
	{ "69DAD710-2CE4-4E3C-B16C-21A1D49ABED3", "arm" },
	{ "C31C45E6-3F39-412E-80FB-4809C4980599", "ppc64le" },
	{ "72EC70A6-CF74-40E6-BD49-4BDA08E8F224", "riscv64" },
	{ "5EEAD9A9-FE09-4A1E-A1D7-520D00531306", "s390x" },
	{ "77055800-792C-4F94-B39A-98C91B762BB6", "loongarch64" },
	{ ESP " " AMD64_ROOT, NULL },
	{ "44479540-F297-41B2-9AF7-D131D5F0458A", NULL },
	{ ARM64_ROOT " " AMD64_ROOT, NULL },
	{ AMD64_ROOT " " ARM64_ROOT, NULL },
	{ ESP " " LINUX, NULL },
	{ "", NULL },
};

START_TEST(by_table)
{
	make_disk(tables[_i].types);
	assert_arch("disk", IMAGE_RAW, tables[_i].arch);
	run(QEMU_IMG " convert -f raw -O qcow2 disk v3");
	assert_arch("v3", IMAGE_QCOW2, tables[_i].arch);
	run(QEMU_IMG " convert -f raw -O qcow2 -o compat=0.10 disk v2");
	assert_arch("v2", IMAGE_QCOW2, tables[_i].arch);
}
END_TEST

/*
 * sfdisk's own list of types is held against ours: a name for each root and /usr that is foreign.
 */
START_TEST(all_types_that_sfdisk_knows)
{
	char line[256];
	unsigned int foreign = 0;
	FILE *list = popen(SFDISK " --label gpt --list-types | grep -E 'Linux (root|/usr) .[A-Z]' |"
				  " grep -vE '[(](x86|x86-64|Alpha|ARC|TILE-Gx|RISC-V-32)[)]'",
			   "r");

	ck_assert_ptr_nonnull(list);
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, " ")] = '\0';
		make_disk(line);
		ck_assert_msg(arch_of("disk", IMAGE_RAW) != NULL, "%s", line);
		foreign++;
	}
	ck_assert_int_eq(pclose(list), 0);
	ck_assert_uint_ge(foreign, 20);
}
END_TEST

/* What is not in the file as it is, is not known. */
START_TEST(tables_out_of_sight)
{
	static const char *const options[] = { "-c", "-c -o compression_type=zstd",
					       "-o extended_l2=on", "-o cluster_size=512" };

	make_disk(ARM64_ROOT);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		AUTO_FREE char *command = xasprintf(QEMU_IMG " convert -f raw -O qcow2 %s disk x",
						    options[i]);

		run(command);
		assert_arch("x", IMAGE_QCOW2, NULL);
	}
	run(QEMU_IMG " convert -f raw -O qcow2 -o cluster_size=2k disk x");
	assert_arch("x", IMAGE_QCOW2, "arm64");
	run(QEMU_IMG " create -q -f qcow2 x 16M");
	assert_arch("x", IMAGE_QCOW2, NULL);
	run("truncate -s 0 x");
	assert_arch("x", IMAGE_QCOW2, NULL);
	assert_arch("x", IMAGE_RAW, NULL);
}
END_TEST

/* Bytes of the GPT's header that lead out of the disk, or round and round. */
static const struct patch {
	off_t offset;
	const char *bytes;
	size_t len;
	const char *arch;
} patches[] = {
	{ 512, "EFI PARS", 8, NULL },
	{ 512 + 72, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, NULL },
	{ 512 + 72, "\x00\x00\x00\x00\x00\x00\x00\x80", 8, NULL },
	{ 512 + 72, "\x00\x80\x00\x00\x00\x00\x00\x00", 8, NULL }, /* at the end of the disk */
	{ 512 + 80, "\x00\x00\x00\x00", 4, NULL },
	{ 512 + 80, "\xff\xff\xff\xff", 4, "arm64" },
	{ 512 + 84, "\x00\x00\x00\x00", 4, NULL },
	{ 512 + 84, "\x7f\x00\x00\x00", 4, NULL },
	{ 512 + 84, "\xff\xff\xff\xff", 4, NULL },
	{ 512 + 84, "\x00\x10\x00\x00", 4, "arm64" },
	{ 1024, "\xff", 1, NULL },
};

START_TEST(patched_tables)
{
	AUTO_CLOSE int fd = -1;

	make_disk(ARM64_ROOT);
	fd = open_disk("disk");
	ck_assert_int_eq(pwrite(fd, patches[_i].bytes, patches[_i].len, patches[_i].offset),
			 (ssize_t)patches[_i].len);
	assert_arch("disk", IMAGE_RAW, patches[_i].arch);
}
END_TEST

static const struct patch qcow2_patches[] = {
	{ 20, "\x00\x00\x00\x00", 4, NULL },
	{ 20, "\xff\xff\xff\xff", 4, NULL },
	{ 40, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, NULL },
	{ 40, "\x00\x00\x00\x00\x00\x00\x00\x00", 8, NULL }, /* the header as a table */
	{ 79, "\x10", 1, NULL },
	{ 0x30000, "\x80\xff\xff\xff\xff\xff\xfe\x00", 8, NULL }, /* L1[0] */
	{ 0x30000, "\x80\x00\x00\x00\x00\x00\x00\x00", 8, NULL },
	{ 0x40000, "\x40", 1, NULL }, /* L2[0] compressed */
	{ 0x40007, "\x01", 1, NULL }, /* zero */
	{ 0x40000, "\x80\xff\xff\xff\xff\xff\xfe\x00", 8, NULL },
};

START_TEST(patched_qcow2)
{
	const struct patch *patch = &qcow2_patches[_i];
	AUTO_CLOSE int fd = -1;

	make_disk(ARM64_ROOT);
	run(QEMU_IMG " convert -f raw -O qcow2 disk x");
	assert_arch("x", IMAGE_QCOW2, "arm64");
	fd = open_disk("x");
	ck_assert_int_eq(pwrite(fd, patch->bytes, patch->len, patch->offset), (ssize_t)patch->len);
	assert_arch("x", IMAGE_QCOW2, patch->arch);
}
END_TEST

START_TEST(told_in_words)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int fd = -1;

	make_disk(AMD64_ROOT);
	fd = open_disk("disk");
	suite_assert_ok(image_check_arch(fd, "web", NULL, IMAGE_RAW, &err), err);
	suite_assert_ok(image_check_arch(fd, "web", "/arm64/web.img", IMAGE_RAW, &err), err);
	suite_assert_error(image_check_arch(fd, "web", "/i/web-arm64.img", IMAGE_RAW, &err), err,
			   ENOEXEC, ERROR_VERIFY);
	ck_assert_str_eq(err.message, "image 'web' is for arm64 machines; this program runs x86-64 "
				      "guests alone");
	ck_assert_ptr_nonnull(strstr(err.hint, "a name without 'arm64'"));
	fd_close(&fd);
	make_disk("5EEAD9A9-FE09-4A1E-A1D7-520D00531306");
	fd = open_disk("disk");
	suite_assert_error(image_check_arch(fd, "web", NULL, IMAGE_RAW, &err), err, ENOEXEC,
			   ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(err.message, "s390x"));
	ck_assert_str_eq(err.hint, "take its amd64 (x86_64) edition");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image/arch");
	TCase *tc = tcase_create("arch");

	if (access(QEMU_IMG, X_OK) < 0 || access(SFDISK, X_OK) < 0)
		return suite_skip("no " QEMU_IMG " or no " SFDISK);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, by_name, 0, ARRAY_SIZE(names));
	tcase_add_loop_test(tc, by_table, 0, ARRAY_SIZE(tables));
	tcase_add_test(tc, all_types_that_sfdisk_knows);
	tcase_add_test(tc, tables_out_of_sight);
	tcase_add_loop_test(tc, patched_tables, 0, ARRAY_SIZE(patches));
	tcase_add_loop_test(tc, patched_qcow2, 0, ARRAY_SIZE(qcow2_patches));
	tcase_add_test(tc, told_in_words);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
