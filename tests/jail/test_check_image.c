/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of qemu-img's own making, and what was done to them, checked by a confined qemu-img. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fixture.h"
#include "../../src/vm/check_image.h"

#define QEMU_IMG "/usr/bin/qemu-img"

static struct suite_tmpdir dir;
static struct host_config host;

static void setup(void)
{
	suite_tmpdir_make(&dir);
	host_config_init(&host);
	host.uid_base = JAIL_UID + 30;
	host.uid_count = 2;
}

static void teardown(void)
{
	host_config_done(&host);
	suite_tmpdir_remove(&dir);
}

/* A 4 MiB image "i" with data in it, and what the command does to it. */
static int make(const char *command)
{
	AUTO_FREE char *line =
		xasprintf("cd '%s' && head -c 1000000 /dev/urandom >r && truncate -s 4M r && "
			  "qemu-img convert -O qcow2 r i && { %s; } && chmod 444 i",
			  dir.path, command);
	int fd;

	ck_assert_int_eq(system(line), 0);
	fd = openat(dir.fd, "i", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int check(const char *command, enum disk_format format)
{
	AUTO_CLOSE int fd = make(command);

	return check_image(&host, fd, format, "an-image", &err);
}

START_TEST(good_images)
{
	suite_assert_ok(check("true", DISK_QCOW2), err);
	suite_assert_ok(check("qemu-img convert -c -O qcow2 r i", DISK_QCOW2), err);
	suite_assert_ok(check("qemu-img create -q -f qcow2 i 1T", DISK_QCOW2), err);
	/* whatever is in it: a raw disk has no tables */
	suite_assert_ok(check("head -c 512 /dev/urandom >i", DISK_RAW), err);
	/* the format is told, and not found out */
	suite_assert_error(check("cp r i", DISK_QCOW2), err, EBADMSG, ERROR_VERIFY);
}
END_TEST

START_TEST(clusters_that_nothing_uses)
{
	/* an entry of the L2 table is forgotten, and its cluster is not */
	ck_assert_int_eq(check("l2=$(od -An -tu4 --endian=big -j $((3 * 65536 + 4)) -N 4 i); "
			       "head -c 8 /dev/zero | "
			       "dd of=i bs=1 seek=$((l2)) conv=notrunc status=none",
			       DISK_QCOW2),
			 CHECK_LEAKS);
}
END_TEST

START_TEST(tables_that_contradict_each_other)
{
	/* the refcounts of all clusters; the L1 table points behind the end; then only in half */
	suite_assert_error(check("head -c 512 /dev/zero | "
				 "dd of=i bs=1 seek=$((2 * 65536)) conv=notrunc status=none",
				 DISK_QCOW2),
			   err, EBADMSG, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, "check image 'an-image': its tables contradict") != NULL,
		      "%s", err.message);
	suite_assert_error(check("printf '\\200\\0\\0\\377\\0\\0\\0\\0' | "
				 "dd of=i bs=1 seek=$((3 * 65536)) conv=notrunc status=none",
				 DISK_QCOW2),
			   err, EBADMSG, ERROR_VERIFY);
	suite_assert_error(check("truncate -s 200000 i", DISK_QCOW2), err, EBADMSG, ERROR_VERIFY);
	suite_assert_error(check("truncate -s 20 i", DISK_QCOW2), err, EBADMSG, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, "cannot read its tables (exit status 1)") != NULL, "%s",
		      err.message);
}
END_TEST

START_TEST(an_image_that_only_root_may_read)
{
	AUTO_CLOSE int fd = make("true");

	ck_assert_int_eq(fchmodat(dir.fd, "i", 0400, 0), 0);
	suite_assert_error(check_image(&host, fd, DISK_QCOW2, "an-image", &err), err, EACCES,
			   ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.hint, "chmod a+r"));
}
END_TEST

START_TEST(without_qemu_img)
{
	xreplace(&host.qemu_img, "/usr/bin/no-qemu-img");
	suite_assert_error(check("true", DISK_QCOW2), err, ENOENT, ERROR_HOST);
	suite_assert_ok(check("true", DISK_RAW), err);
}
END_TEST

/* It has the image and nothing else, and that to read. */
START_TEST(what_it_finds)
{
	AUTO_CLOSE int fd = make("true");
	AUTO_FREE char *script =
		xasprintf("#!/bin/sh\n(: >>/work/image.qcow2) 2>/dev/null && exit 2\n"
			  "[ -r /work/image.qcow2 ] || exit 2\n[ -e '%s/r' ] && exit 2\n"
			  "[ $(id -u) = %u ] || exit 2\nexit 3\n",
			  dir.path, JAIL_UID + 31);
	AUTO_FREE char *path = xasprintf("%s/fake", jail_folder);
	int fake = open_in_folder("fake", O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fake, script, strlen(script)), (ssize_t)strlen(script));
	ck_assert_int_eq(fchmod(fake, 0755), 0);
	close(fake);
	ck_assert_int_eq(fchmodat(dir.fd, "i", 0666, 0), 0);
	xreplace(&host.qemu_img, path);
	/* a program that cannot be started says nothing of the image */
	ck_assert_int_lt(check_image(&host, fd, DISK_QCOW2, "an-image", &err), 0);
	ck_assert_int_ne(err.kind, ERROR_VERIFY);
	strv_push(&host.expose, jail_folder);
	ck_assert_int_eq(check_image(&host, fd, DISK_QCOW2, "an-image", &err), CHECK_LEAKS);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("vm/check_image");
	TCase *tcase = jail_case("check_image");

	(void)argc;
	if (access(QEMU_IMG, X_OK) < 0)
		return suite_skip("no " QEMU_IMG);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, good_images);
	tcase_add_test(tcase, clusters_that_nothing_uses);
	tcase_add_test(tcase, tables_that_contradict_each_other);
	tcase_add_test(tcase, an_image_that_only_root_may_read);
	tcase_add_test(tcase, without_qemu_img);
	tcase_add_test(tcase, what_it_finds);
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
