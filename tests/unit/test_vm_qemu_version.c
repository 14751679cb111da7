/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's version: asked once of each program, believed from no damaged file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store_lab.h"
#include "vm/qemu_version.h"

static struct vm_host host;
static struct qemu_version version;

/* A program that says what QEMU says, and counts how often it was run. */
static void put_qemu(const char *reply)
{
	AUTO_FREE char *text =
		xasprintf("#!/bin/sh\necho run >>%s/runs\necho '{\"QMP\": {}}'\necho '%s'\n",
			  lab_dir.path, reply);

	unlinkat(lab_dir.fd, "qemu", 0);
	suite_put(lab_dir.fd, "qemu", text);
	ck_assert_int_eq(fchmodat(lab_dir.fd, "qemu", 0755, 0), 0);
}

#define REPLY(major, minor, micro)                                                                 \
	"{\"return\": {\"qemu\": {\"major\": " major ", \"minor\": " minor ", \"micro\": " micro   \
	"}}}"

static size_t runs(void)
{
	AUTO_FREE char *text = NULL;

	if (!lab_exists(lab_dir.fd, "runs"))
		return 0;
	text = suite_get(lab_dir.fd, "runs");
	return strlen(text) / strlen("run\n");
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
	host.config.qemu = xasprintf("%s/qemu", lab_dir.path);
	version = (struct qemu_version){ 0 };
	put_qemu(REPLY("8", "2", "1"));
}

static void teardown(void)
{
	unlinkat(lab_dir.fd, "qemu", 0);
	free(host.config.qemu);
	lab_teardown();
}

static void assert_version(bool keep, unsigned int major, unsigned int minor, unsigned int micro)
{
	suite_assert_ok(qemu_version_get(&host, keep, &version, &lab_err), lab_err);
	ck_assert_uint_eq(version.major, major);
	ck_assert_uint_eq(version.minor, minor);
	ck_assert_uint_eq(version.micro, micro);
}

START_TEST(it_is_asked_once)
{
	struct stat st;

	for (int i = 0; i < 3; i++)
		assert_version(true, 8, 2, 1);
	ck_assert_uint_eq(runs(), 1);
	ck_assert_int_eq(fstatat(lab_store.run_fd, ".qemu", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
}
END_TEST

START_TEST(a_look_keeps_nothing)
{
	assert_version(false, 8, 2, 1);
	assert_version(false, 8, 2, 1);
	ck_assert_uint_eq(runs(), 2);
	ck_assert(!lab_exists(lab_store.run_fd, ".qemu"));
}
END_TEST

START_TEST(another_program_is_asked_again)
{
	assert_version(true, 8, 2, 1);
	put_qemu(REPLY("10", "0", "2"));
	assert_version(true, 10, 0, 2);
	assert_version(true, 10, 0, 2);
	ck_assert_uint_eq(runs(), 2);
}
END_TEST

/* In place, to the same size: the times tell. */
START_TEST(an_edited_program_is_asked_again)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	char *digit;

	assert_version(true, 8, 2, 1);
	text = suite_get(lab_dir.fd, "qemu");
	digit = strstr(text, "\"major\": 8");
	ck_assert_ptr_nonnull(digit);
	digit[strlen("\"major\": ")] = '9';
	fd = openat(lab_dir.fd, "qemu", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fd_close(&fd);
	assert_version(true, 9, 2, 1);
}
END_TEST

static const char *const garbage[] = { "",	   "\n",	"8.2.1",	  "8.2.1 ",
				       "\xff\xfe", "8.2 1 2 3", "9.9.9 1 2 3 4 5" };

START_TEST(garbage_is_as_good_as_nothing)
{
	suite_put(lab_store.run_fd, ".qemu", garbage[_i]);
	assert_version(true, 8, 2, 1);
	assert_version(true, 8, 2, 1);
	ck_assert_uint_eq(runs(), 1);
}
END_TEST

/* The right program beside a version that is none. */
static const char *const no_versions[] = { "",	     "8",    "8.2",	"8.2.1.0",  "8.2.x",
					   "-8.2.1", "8..1", "0x8.2.1", "8.2.99999" };

START_TEST(a_version_that_is_none_is_not_believed)
{
	AUTO_FREE char *kept = NULL, *spoilt = NULL;

	assert_version(true, 8, 2, 1);
	kept = suite_get(lab_store.run_fd, ".qemu");
	spoilt = xasprintf("%s%s", no_versions[_i], strchr(kept, ' '));
	unlinkat(lab_store.run_fd, ".qemu", 0);
	suite_put(lab_store.run_fd, ".qemu", spoilt);
	assert_version(true, 8, 2, 1);
	ck_assert_uint_eq(runs(), 2);
}
END_TEST

START_TEST(a_kept_version_is_believed)
{
	AUTO_FREE char *kept = NULL, *other = NULL;

	assert_version(true, 8, 2, 1);
	kept = suite_get(lab_store.run_fd, ".qemu");
	other = xasprintf("7.1.0%s", strchr(kept, ' '));
	unlinkat(lab_store.run_fd, ".qemu", 0);
	suite_put(lab_store.run_fd, ".qemu", other);
	assert_version(true, 7, 1, 0);
	ck_assert_uint_eq(runs(), 1);
}
END_TEST

START_TEST(a_file_that_leads_elsewhere_is_not_followed)
{
	suite_put(lab_dir.fd, "elsewhere", "precious\n");
	ck_assert_int_eq(symlinkat("../elsewhere", lab_store.run_fd, ".qemu"), 0);
	assert_version(true, 8, 2, 1);
	AUTO_FREE char *text = suite_get(lab_dir.fd, "elsewhere");
	ck_assert_str_eq(text, "precious\n");
}
END_TEST

static const char *const no_replies[] = {
	"",
	"QEMU emulator version 8.2.1",
	"{\"return\": {}}",
	"{\"return\": {\"qemu\": 8}}",
	"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}",
	REPLY("\"8\"", "2", "1"),
	REPLY("-8", "2", "1"),
	REPLY("8", "2", "123456"),
	REPLY("8.2", "2", "1"),
};

START_TEST(a_program_that_is_no_QEMU_is_refused)
{
	put_qemu(no_replies[_i]);
	suite_assert_error(qemu_version_get(&host, true, &version, &lab_err), lab_err, EPROTO,
			   ERROR_HOST);
	ck_assert_uint_eq(version.major, 0);
	ck_assert(!lab_exists(lab_store.run_fd, ".qemu"));
}
END_TEST

START_TEST(no_program_at_all)
{
	unlinkat(lab_dir.fd, "qemu", 0);
	ck_assert_int_eq(qemu_version_get(&host, true, &version, &lab_err), -ENOENT);
	suite_assert_error(qemu_version_ask(host.config.qemu, &version, &lab_err), lab_err, ENOENT,
			   ERROR_HOST);
}
END_TEST

static bool ask_often(int i)
{
	struct error err = ERROR_INIT;
	struct qemu_version mine = { 0 };

	(void)i;
	for (int n = 0; n < 20; n++) {
		if (n % 5 == 0)
			unlinkat(lab_store.run_fd, ".qemu", 0);
		if (qemu_version_get(&host, true, &mine, &err) || mine.major != 8 ||
		    mine.micro != 1)
			return false;
	}
	return true;
}

START_TEST(many_at_the_same_time)
{
	lab_race(4, ask_often);
}
END_TEST

START_TEST(versions_are_compared)
{
	const struct qemu_version old = { 8, 1, 9 }, just = { 8, 2, 0 }, later = { 10, 0, 0 };

	ck_assert(!qemu_takes_kvm_fd(&old));
	ck_assert(qemu_takes_kvm_fd(&just));
	ck_assert(qemu_takes_kvm_fd(&later));
	ck_assert(!qemu_version_at_least(&later, 10, 1));
	ck_assert(qemu_version_at_least(&old, 7, 9));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu version");
	TCase *tcase = tcase_create("version");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, it_is_asked_once);
	tcase_add_test(tcase, a_look_keeps_nothing);
	tcase_add_test(tcase, another_program_is_asked_again);
	tcase_add_test(tcase, an_edited_program_is_asked_again);
	tcase_add_loop_test(tcase, garbage_is_as_good_as_nothing, 0, ARRAY_SIZE(garbage));
	tcase_add_loop_test(tcase, a_version_that_is_none_is_not_believed, 0,
			    ARRAY_SIZE(no_versions));
	tcase_add_test(tcase, a_kept_version_is_believed);
	tcase_add_test(tcase, a_file_that_leads_elsewhere_is_not_followed);
	tcase_add_loop_test(tcase, a_program_that_is_no_QEMU_is_refused, 0, ARRAY_SIZE(no_replies));
	tcase_add_test(tcase, no_program_at_all);
	tcase_add_test(tcase, many_at_the_same_time);
	tcase_add_test(tcase, versions_are_compared);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
