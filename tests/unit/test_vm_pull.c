/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls: what is asked of whom, again and from where on, and what is left in the folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"
#include "pull_lab.h"

enum { DAY_S = 24 * 60 * 60 };

START_TEST(test_first)
{
	struct image_config config;

	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert(pulled.fresh);
	ck_assert_uint_eq(pulled.received, SIZE);
	ck_assert_uint_eq(pulled.file_bytes, SIZE);
	suite_assert_ok(images_config(&lab_store, pulled.name, &config, &lab_err), lab_err);
	ck_assert_str_eq(config.os, "test-1");
	ck_assert_str_eq(config.url, A IMAGE);
	ck_assert_str_eq(config.guest.user, "tester");
	ck_assert_str_eq(config.digest + strlen("sha512:"), image_digest);
	ck_assert_str_eq(config.source_digest, config.digest);
	image_config_done(&config);
	ck_assert_uint_eq(notes, 0);
}
END_TEST

START_TEST(test_again)
{
	char name[sizeof(pulled.name)];

	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	memcpy(name, pulled.name, sizeof(name));
	expect_sums();
	suite_assert_ok(pull(), lab_err);
	ck_assert_str_eq(pulled.name, name);
	ck_assert(!pulled.fresh);
	ck_assert_uint_eq(pulled.received, 0);
	assert_pulled();
}
END_TEST

static void publish(const char *content)
{
	free(image_digest);
	free(sums);
	image_digest = sha512(content, SIZE);
	sums = xasprintf("%s  disk.raw\n", image_digest);
}

static void record_added(const char *name, int64_t added_ns)
{
	AUTO_FREE char *file = xasprintf("%s.conf", name);
	AUTO_FREE char *text = suite_get(lab_store.images_fd, file);
	char *line = strstr(text, "\nadded = ");
	AUTO_FREE char *now = NULL;

	ck_assert_ptr_nonnull(line);
	*line = '\0';
	now = xasprintf("%s\nadded = %lld%s", text, (long long)added_ns,
			line + 1 + strcspn(line + 1, "\n"));
	ck_assert_int_eq(unlinkat(lab_store.images_fd, file, 0), 0);
	suite_put(lab_store.images_fd, file, now);
}

/* What comes later is the newest, whatever the clock said when the other came. */
START_TEST(test_clock_set_back)
{
	static const int64_t ahead_ns[] = { INT64_C(4000000000000000000), INT64_MAX - 1 };
	AUTO_FREE char *newest = NULL;
	struct image_config config;

	publish(other);
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	record_added(pulled.name, ahead_ns[_i]);
	publish(image);
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	suite_assert_ok(images_newest(&lab_store, "test-1", NULL, &newest, &lab_err), lab_err);
	ck_assert_str_eq(newest, pulled.name);
	suite_assert_ok(images_config(&lab_store, newest, &config, &lab_err), lab_err);
	ck_assert_int_eq(config.added_ns, ahead_ns[_i] + 1);
	image_config_done(&config);
}
END_TEST

/* Cut off, the next mirror has the rest: no byte comes twice. */
START_TEST(test_cut_off)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert_uint_eq(pulled.received, SIZE);
	ck_assert_uint_eq(slept_ms, 0);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

START_TEST(test_both_cut_off)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, 1000, HTTP_AGAIN);
	expect_bytes(B IMAGE, 1000, image, 2000, HTTP_AGAIN);
	expect_bytes(A IMAGE, 2000, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert_uint_ge(slept_ms, 750);
	ck_assert_uint_le(slept_ms, 1250);
}
END_TEST

START_TEST(test_retry_after)
{
	expect_sums();
	expect_failure(A IMAGE, 0, HTTP_AGAIN);
	script[1].retry_after_s = 30;
	expect_failure(B IMAGE, 0, HTTP_FAILED);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	ck_assert_uint_eq(slept_ms, 30000);
}
END_TEST

/* What an interrupted pull left is gone on with, whoever has it. */
START_TEST(test_resumed)
{
	host.config.pull_tries = 1;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	ck_assert_int_lt(pull(), 0);
	assert_folder("part");
	expect_sums();
	expect_bytes(A IMAGE, HALF, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert_uint_eq(pulled.received, SIZE - HALF);
}
END_TEST

/* Killed between the last byte and the name: nothing is asked for. */
START_TEST(test_whole_part)
{
	AUTO_FREE char *digest = xasprintf("sha512:%s", image_digest);
	struct image_part part;

	suite_assert_ok(images_part_open(&lab_store, digest, NULL, NULL, &part, &lab_err), lab_err);
	ck_assert_int_eq(fd_write_all(part.fd, image, SIZE), 0);
	images_part_close(&part);
	expect_sums();
	suite_assert_ok(pull(), lab_err);
	ck_assert_uint_eq(pulled.received, 0);
	assert_pulled();
}
END_TEST

/* What is there is given up only for a mirror that answers, and not for one that has failed. */
START_TEST(test_no_range)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, 1000, HTTP_AGAIN);
	expect_failure(B IMAGE, 1000, HTTP_NO_RANGE);
	expect_bytes(B IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert_uint_eq(pulled.received, SIZE + 1000);
	ck_assert_uint_eq(slept_ms, 0);
}
END_TEST

/*
 * More than any disk has: one server's word, which is neither the pull's end nor that of the part.
 */
START_TEST(test_lie_about_the_length)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, image, SIZE, HTTP_DONE);
	script[2].total = UINT64_C(1) << 60;
	expect_failure(A IMAGE, HALF, HTTP_AGAIN);
	expect_bytes(A IMAGE, HALF, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	ck_assert_uint_eq(pulled.received, SIZE);
}
END_TEST

START_TEST(test_no_room)
{
	host.config.pull_tries = 1;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	ck_assert_int_lt(pull(), 0);
	host.config.pull_tries = 6;
	expect_sums();
	for (size_t i = 0; i < 2; i++) {
		expect_bytes(i ? B IMAGE : A IMAGE, HALF, image, SIZE, HTTP_DONE);
		script[n_script - 1].total = UINT64_C(1) << 60;
	}
	suite_assert_error(pull(), lab_err, ENOSPC, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "are needed"));
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "image prune"));
	ck_assert_uint_eq(slept_ms, 0);
	assert_folder("part");
}
END_TEST

/* What can be mended here is told, whoever is down besides. */
START_TEST(test_no_room_and_down)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	script[1].total = UINT64_C(1) << 60;
	expect_failure(B IMAGE, 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, ENOSPC, ERROR_FAILED);
	assert_folder("");
}
END_TEST

/* A server that has no end leaves nothing; one that only says so takes nothing away. */
START_TEST(test_more_than_there_can_be)
{
	host.config.pull_tries = 1;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	ck_assert_int_lt(pull(), 0);
	expect_sums();
	expect_bytes(A IMAGE, HALF, other, _i ? HALF : SIZE, HTTP_FAILED);
	script[1].code = EFBIG;
	suite_assert_error(pull(), lab_err, EFBIG, ERROR_FAILED);
	assert_folder(_i ? "part" : "");
}
END_TEST

START_TEST(test_given_up)
{
	host.config.pull_tries = 3;
	expect_sums();
	expect_failure(A IMAGE, 0, HTTP_AGAIN);
	expect_failure(B IMAGE, 0, HTTP_AGAIN);
	expect_failure(A IMAGE, 0, HTTP_AGAIN);
	suite_assert_error(pull(), lab_err, ECONNRESET, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "3 tries at 2 mirrors"));
	assert_folder("");
}
END_TEST

START_TEST(test_refused_everywhere)
{
	expect_sums();
	expect_failure(A IMAGE, 0, HTTP_FAILED);
	expect_failure(B IMAGE, 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, ECONNRESET, ERROR_FAILED);
	ck_assert_uint_eq(slept_ms, 0);
	assert_folder("");
}
END_TEST

/* What helps depends on the reason, and on what is set already. */
static const struct {
	enum http_reason reason;
	long status;
	bool is_set; /* ca_file and proxy */
	const char *hint;
} remedies[] = {
	{ HTTP_REASON_CERTIFICATE, 0, false, "set 'ca_file' in " },
	{ HTTP_REASON_ISSUER, 0, false, "set 'ca_file' in " },
	{ HTTP_REASON_ISSUER, 0, true, "which is '/its/ca.pem'" },
	{ HTTP_REASON_EXPIRED, 0, true, "clock is wrong: date" },
	{ HTTP_REASON_NAME, 0, true, "mnmivm-se image show test-1" },
	{ HTTP_REASON_UNREACHED, 0, false, "set 'proxy' in " },
	{ HTTP_REASON_UNREACHED, 0, true, "no_proxy leaves out 'proxy' of " },
	{ HTTP_REASON_PROXY, 0, false, "variable of the environment right?" },
	{ HTTP_REASON_PROXY, 0, true, "is 'proxy' in " },
	{ HTTP_REASON_PROXY_LOGIN, 0, false, "https_proxy=http://USER:PASSWORD@HOST:PORT" },
	{ HTTP_REASON_NO_ROUTE, 0, false, "default route: ip route" },
	{ HTTP_REASON_NO_ADDRESS, 0, false, "getent hosts b;" },
	{ HTTP_REASON_NO_ADDRESS, 0, true, "getent hosts proxy;" },
	{ HTTP_REASON_SILENT, 0, false, "mtu 1280" },
	{ HTTP_REASON_OTHER, 404, false, "mnmivm-se image show test-1" },
	{ HTTP_REASON_OTHER, 403, false, "mnmivm-se image show test-1" },
	{ HTTP_REASON_OTHER, 500, false, NULL },
	{ (enum http_reason)77, 0, false, NULL },
};

START_TEST(test_remedies)
{
	static char ca_file[] = "/its/ca.pem", proxy[] = "http://proxy:3128";

	expect_failure(A SUMS, 0, HTTP_FAILED);
	expect_failure(B SUMS, 0, HTTP_FAILED);
	script[0].reason = script[1].reason = remedies[_i].reason;
	script[0].status = script[1].status = remedies[_i].status;
	host.config.ca_file = remedies[_i].is_set ? ca_file : NULL;
	host.config.proxy = remedies[_i].is_set ? proxy : NULL;
	ck_assert_int_lt(pull(), 0);
	if (remedies[_i].hint)
		ck_assert_msg(strstr(lab_err.hint, remedies[_i].hint) != NULL, "%s", lab_err.hint);
	else
		ck_assert_str_eq(lab_err.hint, "");
}
END_TEST

static struct vm_pull_options in_a_row;

static int pull_next(void)
{
	n_script = seen->n = 0;
	slept_ms = 0;
	lab_err = (struct error)ERROR_INIT;
	for (unsigned int i = 0; i < host.config.pull_tries; i++) {
		expect_failure(i % 2 ? B SUMS : A SUMS, 0, HTTP_AGAIN);
		script[i].reason = i % 2 ? HTTP_REASON_UNREACHED : HTTP_REASON_PROXY;
	}
	return vm_pull(&host, catalogue.v[0], &in_a_row, &pulled, &lab_err);
}

/* The second of several names does not wait where the first could reach nobody. */
START_TEST(test_offline)
{
	bool offline = false;
	size_t tries = host.config.pull_tries;

	in_a_row.offline = &offline;
	suite_assert_error(pull_next(), lab_err, ECONNRESET, ERROR_FAILED);
	ck_assert_uint_eq(seen->n, tries);
	ck_assert_uint_gt(slept_ms, 0);
	ck_assert(offline);
	suite_assert_error(pull_next(), lab_err, ECONNRESET, ERROR_FAILED);
	ck_assert_uint_eq(seen->n, 2);
	ck_assert_uint_eq(slept_ms, 0);
	ck_assert(offline);
}
END_TEST

static void lose_config(bool damaged)
{
	AUTO_FREE char *file = xasprintf("%s.conf", pulled.name);

	ck_assert_int_eq(unlinkat(lab_store.images_fd, file, 0), 0);
	if (damaged)
		suite_put(lab_store.images_fd, file, "damaged\n");
}

/* Its .conf is gone or damaged, on whatever day: the digest tells what it is. */
START_TEST(test_config_is_lost)
{
	AUTO_FREE char *name = NULL;

	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	name = xstrdup(pulled.name);
	lose_config(_i & 1);
	if (_i & 2)
		today += DAY_S;
	expect_sums();
	suite_assert_ok(pull(), lab_err);
	ck_assert(!pulled.fresh);
	ck_assert_str_eq(pulled.name, name);
	assert_folder("conf raw");
	expect_sums();
	suite_assert_ok(pull(), lab_err);
	ck_assert_str_eq(pulled.name, name);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

static void change_image(void)
{
	AUTO_FREE char *file = xasprintf("%s.raw", pulled.name);
	AUTO_CLOSE int fd = -1;

	ck_assert_int_eq(fchmodat(lab_store.images_fd, file, 0644, 0), 0);
	fd = openat(lab_store.images_fd, file, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "x", 1, 1000), 1);
}

/* And it is not what it was: neither taken nor pulled over, and in nobody's way on another day. */
START_TEST(test_name_is_taken)
{
	AUTO_FREE char *file = NULL;

	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	file = xasprintf("%s.conf", pulled.name);
	lose_config(_i);
	change_image();
	expect_sums();
	suite_assert_error(pull(), lab_err, EEXIST, ERROR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(lab_err.message, file));
	ck_assert_ptr_nonnull(strstr(lab_err.hint, pulled.name));
	assert_folder(_i ? "conf raw" : "raw");
	today += DAY_S;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	ck_assert(pulled.fresh);
	assert_folder(_i ? "conf conf raw raw" : "conf raw raw");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_pull");
	TCase *tcase = pull_case("pull");

	tcase_add_test(tcase, test_first);
	tcase_add_test(tcase, test_again);
	tcase_add_loop_test(tcase, test_clock_set_back, 0, 2);
	tcase_add_test(tcase, test_cut_off);
	tcase_add_test(tcase, test_both_cut_off);
	tcase_add_test(tcase, test_retry_after);
	tcase_add_test(tcase, test_resumed);
	tcase_add_test(tcase, test_whole_part);
	tcase_add_test(tcase, test_no_range);
	tcase_add_test(tcase, test_lie_about_the_length);
	tcase_add_test(tcase, test_no_room);
	tcase_add_test(tcase, test_no_room_and_down);
	tcase_add_loop_test(tcase, test_more_than_there_can_be, 0, 2);
	tcase_add_test(tcase, test_given_up);
	tcase_add_test(tcase, test_refused_everywhere);
	tcase_add_loop_test(tcase, test_remedies, 0, (int)ARRAY_SIZE(remedies));
	tcase_add_test(tcase, test_offline);
	tcase_add_loop_test(tcase, test_config_is_lost, 0, 4);
	tcase_add_loop_test(tcase, test_name_is_taken, 0, 2);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
