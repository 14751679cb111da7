/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls from servers that are a script: what is asked of whom, and what is left in the folder. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/http.h"
#include "store/images.h"
#include "vm/pull.h"
#include "store_lab.h"
#include "../../src/vm/ca.h"
#include "../../src/vm/signature.h"

/* More than what counts as getting on, twice. */
enum { SIZE = 3 << 20, HALF = SIZE / 2, REQUESTS_MAX = 16, DAY_S = 24 * 60 * 60 };

#define A "https://a/"
#define B "https://b/"
#define IMAGE "dir/disk.raw"
#define SUMS "dir/SUMS"
#define C_SUMS "https://c/SUMS"

/* What a server is asked, and what it answers: bytes [offset, end) of body. */
struct request {
	const char *url;
	uint64_t offset;
	const char *body;
	size_t end;
	enum http_outcome outcome;
	unsigned int retry_after_s;
	enum http_reason reason;
	long status;
	uint64_t total; /* that it tells of; 0: the truth */
	int code; /* 0: ECONNRESET */
};

static struct request script[REQUESTS_MAX];
static size_t n_script;

/* The workers are processes of their own. */
static struct seen {
	size_t n;
	bool surprised;
	char url[256];
	uint64_t offset;
	pid_t worker;
} * seen;

static char *image, *other;
static char *sums, *image_digest;
static struct catalogue catalogue;
static struct vm_host host;
static struct vm_pulled pulled;
static unsigned int slept_ms;
static size_t notes;

int __wrap_http_prepare(struct error *err);
int __wrap_http_prepare(struct error *err)
{
	(void)err;
	return 0;
}

int __wrap_ca_read(const char *file, struct buf *ret, struct error *err);
int __wrap_ca_read(const char *file, struct buf *ret, struct error *err)
{
	(void)file;
	(void)err;
	buf_puts(ret, "ca");
	return 0;
}

/* In the worker. */
int __wrap_http_get(const struct http_request *request, int fd, struct http_result *ret,
		    struct error *err);
int __wrap_http_get(const struct http_request *request, int fd, struct http_result *ret,
		    struct error *err)
{
	const struct request *step = &script[seen->n++];

	snprintf(seen->url, sizeof(seen->url), "%s", request->url);
	seen->offset = request->offset;
	if (seen->n > n_script || strcmp(step->url, request->url) != 0 ||
	    step->offset != request->offset) {
		seen->surprised = true;
		return error_set(err, ERROR_FAILED, EIO, "not in the script: %s", request->url);
	}
	ret->total = step->body ? strlen(step->body) : 0;
	ret->total = step->body == image || step->body == other ? SIZE : ret->total;
	ret->total = step->total ? step->total : ret->total;
	ret->outcome = step->outcome;
	ret->retry_after_s = step->retry_after_s;
	ret->reason = step->reason;
	ret->status = step->status;
	if (step->end > step->offset &&
	    fd_write_all(fd, step->body + step->offset, step->end - step->offset))
		return error_set(err, ERROR_FAILED, EPIPE, "write");
	if (step->outcome == HTTP_DONE)
		return 0;
	return error_set(err, step->reason >= HTTP_REASON_CERTIFICATE ? ERROR_VERIFY : ERROR_FAILED,
			 step->code ? step->code : ECONNRESET, "as scripted");
}

int __real_nanosleep(const struct timespec *wait, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wait, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wait, struct timespec *left)
{
	if (wait->tv_sec || wait->tv_nsec >= 500000000) {
		slept_ms += (unsigned int)(wait->tv_sec * 1000 + wait->tv_nsec / 1000000);
		return 0;
	}
	return __real_nanosleep(wait, left);
}

static time_t today;

time_t __wrap_time(time_t *ret);
time_t __wrap_time(time_t *ret)
{
	return ret ? (*ret = today) : today;
}

static void expect_bytes(const char *url, uint64_t offset, const char *body, size_t end,
			 enum http_outcome outcome)
{
	ck_assert_uint_lt(n_script, REQUESTS_MAX);
	script[n_script++] = (struct request){
		.url = url, .offset = offset, .body = body, .end = end, .outcome = outcome
	};
}

static void expect_sums(void)
{
	expect_bytes(A SUMS, 0, sums, strlen(sums), HTTP_DONE);
}

static void expect_failure(const char *url, uint64_t offset, enum http_outcome outcome)
{
	expect_bytes(url, offset, NULL, 0, outcome);
}

static char *make_content(unsigned char seed)
{
	char *content = xmalloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		content[i] = (char)(i * seed + (i >> 8));
	memcpy(content + 510, "\x55\xaa", 2); /* a boot sector: raw */
	return content;
}

/* By another program than ours. */
static char *sha512(const char *data, size_t len)
{
	AUTO_FREE char *path = xasprintf("%s/hashed", lab_dir.path);
	AUTO_FREE char *command = xasprintf("sha512sum %s", path);
	char hex[129];
	AUTO_FCLOSE FILE *file = fopen(path, "w");
	FILE *output;

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	fflush(file);
	output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	ck_assert_uint_eq(fread(hex, 1, 128, output), 128);
	hex[128] = '\0';
	ck_assert_int_eq(pclose(output), 0);
	unlink(path);
	return xstrdup(hex);
}

static void note(void *context, const char *text)
{
	(void)context;
	ck_assert(text[0]);
	notes++;
}

/* Of a text that is "good", whatever it is signed with. */
int __wrap_signature_check(const struct vm_host *vm, const struct signature_check *check,
			   struct buf *ret, struct error *err);
int __wrap_signature_check(const struct vm_host *vm, const struct signature_check *check,
			   struct buf *ret, struct error *err)
{
	const char *signature = check->signature ? buf_str(check->signature) : "inline";

	(void)vm;
	ck_assert_str_eq(check->keyring, "/etc/passwd");
	if (strcmp(signature, "bad") == 0)
		return error_set(err, ERROR_VERIFY, EKEYREJECTED, "bad signature");
	if (strcmp(signature, "no gpgv") == 0)
		return error_set(err, ERROR_HOST, ENOENT, "no gpgv");
	if (strcmp(signature, "other") == 0)
		buf_puts(ret, "what is signed has no digest\n");
	else
		buf_add(ret, buf_str(check->text), check->text->len);
	return 0;
}

static void add_entry(const char *keys)
{
	AUTO_FREE char *entry = xasprintf(
		"[test-1]\nmirrors = " A "," B "\nfile = " IMAGE "\nuser = tester\n%s", keys);

	catalogue_done(&catalogue);
	suite_assert_ok(
		catalogue_parse(&catalogue, "/test/test.conf", entry, strlen(entry), &lab_err),
		lab_err);
}

static void add_keys(const char *keys)
{
	AUTO_FREE char *all = xasprintf("digest_file = " SUMS "\n%s", keys);

	add_entry(all);
}

static void setup(void)
{
	lab_setup();
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
	image = make_content(7);
	other = make_content(13);
	image_digest = sha512(image, SIZE);
	sums = xasprintf("%s  disk.raw\n", image_digest);
	n_script = notes = slept_ms = 0;
	today = 1800000000;
	catalogue = (struct catalogue)CATALOGUE_INIT;
	add_keys("");
	host = (struct vm_host){ .config = lab_config, .store = lab_store, .note = note };
	host.store.config = &host.config;
	pulled = (struct vm_pulled){ .fresh = false };
}

static void teardown(void)
{
	catalogue_done(&catalogue);
	free(image);
	free(other);
	free(image_digest);
	free(sums);
	munmap(seen, sizeof(*seen));
	lab_teardown();
}

static int pull(void)
{
	int r;

	seen->n = 0;
	lab_err = (struct error)ERROR_INIT;
	r = vm_pull(&host, catalogue.v[0], NULL, &pulled, &lab_err);
	ck_assert_msg(!seen->surprised, "asked for '%s' from %llu on", seen->url,
		      (unsigned long long)seen->offset);
	ck_assert_uint_eq(seen->n, n_script);
	n_script = 0;
	return r;
}

static void list_names(const char *name, void *arg)
{
	strv_push(arg, name);
}

/* The files of the folder, in short: "part", the image's suffix, "conf", "tmp". */
static void assert_folder(const char *expected)
{
	AUTO_STRV names = STRV_INIT;
	AUTO_STRV words = STRV_INIT;
	AUTO_FREE char *found = NULL;

	dir_for_each(lab_store.images_fd, list_names, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *dot = strrchr(names.v[i], '.') + 1;

		strv_push(&words, strncmp(names.v[i], ".part-", 6) == 0	 ? "part"
				  : strncmp(names.v[i], ".tmp-", 5) == 0 ? "tmp"
									 : dot);
	}
	strv_sort(&words);
	found = strv_join(&words, " ");
	ck_assert_str_eq(found, expected);
}

static void assert_pulled(void)
{
	AUTO_FREE char *file = xasprintf("%s.raw", pulled.name);
	AUTO_BUF content = BUF_INIT;

	ck_assert_ptr_eq(strstr(pulled.name, "test-1-20"), pulled.name);
	ck_assert_ptr_nonnull(strstr(pulled.name, "-"));
	ck_assert_int_eq(strncmp(strrchr(pulled.name, '-') + 1, image_digest, 12), 0);
	suite_assert_ok(file_read(lab_store.images_fd, file, SIZE, &content, &lab_err), lab_err);
	ck_assert_uint_eq(content.len, SIZE);
	ck_assert_int_eq(memcmp(content.data, image, SIZE), 0);
	assert_folder("conf raw");
}

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

START_TEST(test_wrong_part)
{
	AUTO_FREE char *digest = xasprintf("sha512:%s", image_digest);
	struct image_part part;

	suite_assert_ok(images_part_open(&lab_store, digest, NULL, NULL, &part, &lab_err), lab_err);
	ck_assert_int_eq(fd_write_all(part.fd, other, HALF), 0);
	images_part_close(&part);
	expect_sums();
	expect_bytes(A IMAGE, HALF, image, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
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

START_TEST(test_wrong_digest)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_wrong_digest_everywhere)
{
	AUTO_FREE char *wanted = xstrndup(image_digest, 12);

	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, wanted));
	ck_assert_ptr_nonnull(strstr(lab_err.message, "test-1"));
	assert_folder("");
}
END_TEST

/* One was wrong, the other is down: the former is what there is to tell. */
START_TEST(test_wrong_and_down)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_failure(B IMAGE, 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

/* What the other one brought meanwhile is not what was wrong. */
START_TEST(test_wrong_and_cut_off)
{
	host.config.pull_tries = 2;
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, 1000, HTTP_AGAIN);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("part");
	expect_sums();
	expect_bytes(A IMAGE, 1000, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Half of a wrong file from one does not make the other one wrong, who has the right rest of it. */
START_TEST(test_mixed)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, image, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* The other way round: who has all of it wrong is closed, and the first is asked for all of it. */
START_TEST(test_mixed_by_the_second)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Two that always break off at the half, and are both wrong. */
START_TEST(test_mixed_without_end)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(A IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(A IMAGE, HALF, other, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

/* More than any disk has: one server's word, which is neither the pull's end nor that of the part. */
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
	{ HTTP_REASON_UNREACHED, 0, true, "is 'proxy' in " },
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
		script[i].reason = HTTP_REASON_UNREACHED;
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

START_TEST(test_sums_of_another_mirror)
{
	static const char nothing[] = "nothing of use\n";

	expect_bytes(A SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_no_sums)
{
	static const char nothing[] = "nothing of use\n";

	expect_bytes(A SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	expect_bytes(B SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

/* It is what it should be, and no image: a qcow2 with a backing file, say. */
START_TEST(test_refused_image)
{
	memcpy(image, "QFI\xfb\0\0\0\3\0\0\0\0\0\0\1\0\0\0\0\5/etc", 25);
	free(image_digest);
	free(sums);
	image_digest = sha512(image, SIZE);
	sums = xasprintf("%s  disk.raw\n", image_digest);
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

START_TEST(test_too_large)
{
	host.config.image_bytes_max = HALF;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EFBIG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

#define SIGNED "signature = " SUMS ".sign\nkeyring = /etc/passwd\n"

static void expect_signature(const char *mirror_url, const char *signature)
{
	expect_bytes(mirror_url, 0, signature, strlen(signature), HTTP_DONE);
}

/* By whom it was signed is told by the image, too. */
static void assert_signature(const char *expected)
{
	struct image_config config;

	suite_assert_ok(images_config(&lab_store, pulled.name, &config, &lab_err), lab_err);
	ck_assert_pstr_eq(config.signature, expected);
	image_config_done(&config);
}

START_TEST(test_signed)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	assert_signature("/etc/passwd");
	ck_assert_uint_eq(notes, 0);
}
END_TEST

START_TEST(test_signed_inline)
{
	add_keys("signature = inline\nkeyring = /etc/passwd\n");
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Another mirror's digests are taken with its own signature. */
START_TEST(test_badly_signed)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "bad");
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_badly_signed_everywhere)
{
	static const char *const signatures[] = { "bad", "other" };

	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", signatures[_i]);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", signatures[_i]);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

START_TEST(test_no_signature_file)
{
	add_keys(SIGNED);
	expect_sums();
	expect_failure(A SUMS ".sign", 0, HTTP_FAILED);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_failure(B SUMS ".sign", 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, ECONNRESET, ERROR_FAILED);
	assert_folder("");
}
END_TEST

/* It is the host's fault: no other mirror is asked. */
START_TEST(test_no_gpgv)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "no gpgv");
	suite_assert_error(pull(), lab_err, ENOENT, ERROR_HOST);
}
END_TEST

#define UNCHECKED "signature = " SUMS ".sign\nkeyring = /absent\nkeyring_package = keys\n"

START_TEST(test_no_keyring)
{
	add_keys(UNCHECKED);
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	ck_assert_uint_eq(notes, 1);
	assert_pulled();
	assert_signature(NULL);
}
END_TEST

START_TEST(test_no_keyring_but_required)
{
	add_keys(UNCHECKED "signature_required = yes\n");
	suite_assert_error(pull(), lab_err, ENOKEY, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "install keys"));
	assert_folder("");
}
END_TEST

/* It may be there: nothing is fetched, whether it is required or not. */
START_TEST(test_keyring_out_of_reach)
{
	AUTO_FREE char *loop = xasprintf("%s/loop", lab_dir.path);
	const char *const keyrings[] = { loop, "/etc/passwd/keyring" };
	static const int codes[] = { ELOOP, ENOTDIR };

	ck_assert_int_eq(symlink("loop", loop), 0);
	for (int i = 0; i < 4; i++) {
		AUTO_FREE char *keys = xasprintf("signature = inline\nkeyring = %s\n"
						 "signature_required = %s\n",
						 keyrings[i / 2], i % 2 ? "yes" : "no");

		add_keys(keys);
		suite_assert_error(pull(), lab_err, codes[i / 2], ERROR_HOST);
		ck_assert_ptr_nonnull(strstr(lab_err.message, keyrings[i / 2]));
	}
	ck_assert_int_eq(unlink(loop), 0);
	ck_assert_uint_eq(notes, 0);
	assert_folder("");
}
END_TEST

/* A signature that is below the mirrors, of a digest file that is not, is had from any of them. */
START_TEST(test_signature_of_another_mirror)
{
	add_entry("digest_file = " C_SUMS "\n" SIGNED);
	expect_bytes(C_SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_failure(A SUMS ".sign", 0, HTTP_FAILED);
	expect_bytes(C_SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Its .conf is gone or damaged: not pulled over, and in nobody's way on another day. */
START_TEST(test_name_is_taken)
{
	AUTO_FREE char *file = NULL;

	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	file = xasprintf("%s.conf", pulled.name);
	ck_assert_int_eq(unlinkat(lab_store.images_fd, file, 0), 0);
	if (_i)
		suite_put(lab_store.images_fd, file, "damaged\n");
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
	TCase *tcase = tcase_create("pull");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_first);
	tcase_add_test(tcase, test_again);
	tcase_add_test(tcase, test_cut_off);
	tcase_add_test(tcase, test_both_cut_off);
	tcase_add_test(tcase, test_retry_after);
	tcase_add_test(tcase, test_resumed);
	tcase_add_test(tcase, test_whole_part);
	tcase_add_test(tcase, test_wrong_part);
	tcase_add_test(tcase, test_no_range);
	tcase_add_test(tcase, test_wrong_digest);
	tcase_add_test(tcase, test_wrong_digest_everywhere);
	tcase_add_test(tcase, test_wrong_and_down);
	tcase_add_test(tcase, test_wrong_and_cut_off);
	tcase_add_test(tcase, test_mixed);
	tcase_add_test(tcase, test_mixed_by_the_second);
	tcase_add_test(tcase, test_mixed_without_end);
	tcase_add_test(tcase, test_lie_about_the_length);
	tcase_add_test(tcase, test_no_room);
	tcase_add_test(tcase, test_no_room_and_down);
	tcase_add_loop_test(tcase, test_more_than_there_can_be, 0, 2);
	tcase_add_test(tcase, test_given_up);
	tcase_add_test(tcase, test_refused_everywhere);
	tcase_add_loop_test(tcase, test_remedies, 0, (int)ARRAY_SIZE(remedies));
	tcase_add_test(tcase, test_offline);
	tcase_add_test(tcase, test_sums_of_another_mirror);
	tcase_add_test(tcase, test_no_sums);
	tcase_add_test(tcase, test_refused_image);
	tcase_add_test(tcase, test_too_large);
	tcase_add_test(tcase, test_signed);
	tcase_add_test(tcase, test_signed_inline);
	tcase_add_test(tcase, test_badly_signed);
	tcase_add_loop_test(tcase, test_badly_signed_everywhere, 0, 2);
	tcase_add_test(tcase, test_no_signature_file);
	tcase_add_test(tcase, test_no_gpgv);
	tcase_add_test(tcase, test_no_keyring);
	tcase_add_test(tcase, test_no_keyring_but_required);
	tcase_add_test(tcase, test_keyring_out_of_reach);
	tcase_add_test(tcase, test_signature_of_another_mirror);
	tcase_add_loop_test(tcase, test_name_is_taken, 0, 2);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
