/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls of one image from servers that are a script, into a folder of the test's own. */
#include "pull_lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/vm/ca.h"
#include "../../src/vm/signature.h"
#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"

struct request script[REQUESTS_MAX];
size_t n_script;
struct seen *seen;
char *image, *other;
char *sums, *image_digest;
struct catalogue catalogue;
struct vm_host host;
struct vm_pulled pulled;
unsigned int slept_ms;
size_t notes;

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

time_t today;

time_t __wrap_time(time_t *ret);
time_t __wrap_time(time_t *ret)
{
	return ret ? (*ret = today) : today;
}

void expect_bytes(const char *url, uint64_t offset, const char *body, size_t end,
		  enum http_outcome outcome)
{
	ck_assert_uint_lt(n_script, REQUESTS_MAX);
	script[n_script++] = (struct request){
		.url = url, .offset = offset, .body = body, .end = end, .outcome = outcome
	};
}

void expect_sums(void)
{
	expect_bytes(A SUMS, 0, sums, strlen(sums), HTTP_DONE);
}

void expect_failure(const char *url, uint64_t offset, enum http_outcome outcome)
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

char *sha512(const char *data, size_t len)
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

void add_entry(const char *keys)
{
	AUTO_FREE char *entry = xasprintf(
		"[test-1]\nmirrors = " A "," B "\nfile = " IMAGE "\nuser = tester\n%s", keys);

	catalogue_done(&catalogue);
	suite_assert_ok(
		catalogue_parse(&catalogue, "/test/test.conf", entry, strlen(entry), &lab_err),
		lab_err);
}

void add_keys(const char *keys)
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

TCase *pull_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

int pull(void)
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

void assert_folder(const char *expected)
{
	AUTO_STRV names = STRV_INIT;
	AUTO_STRV words = STRV_INIT;
	AUTO_FREE char *found = NULL;

	lab_list_images(&names);
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

void assert_pulled(void)
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
