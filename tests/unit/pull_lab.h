/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls of one image from servers that are a script, into a folder of the test's own. */
#ifndef TESTS_PULL_LAB_H
#define TESTS_PULL_LAB_H

#include <stdint.h>
#include <time.h>

#include "fetch/http.h"
#include "store_lab.h"
#include "vm/pull.h"

/*
 * Programs with pull_lab.c are linked with ld's --wrap of ca_read, http_get, http_prepare,
 * nanosleep, signature_check and time.
 */

/* More than what counts as getting on, twice. */
enum { SIZE = 3 << 20, HALF = SIZE / 2, REQUESTS_MAX = 16 };

/* The mirrors of the entry "test-1", and what is below them. */
#define A "https://a/"
#define B "https://b/"
#define IMAGE "dir/disk.raw"
#define SUMS "dir/SUMS"

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
extern struct request script[REQUESTS_MAX];
extern size_t n_script;

/* Of the last pull. The workers are processes of their own, and this is shared with them. */
struct seen {
	size_t n;
	bool surprised;
	char url[256];
	uint64_t offset;
};
extern struct seen *seen;

extern char *image, *other; /* SIZE bytes each, the latter not what is asked for */
extern char *sums, *image_digest;
extern struct catalogue catalogue;
extern struct vm_host host;
extern struct vm_pulled pulled;
extern unsigned int slept_ms;
extern size_t notes;
extern time_t today;

/* A case with all of this around each test. */
TCase *pull_case(const char *name);

/* The next request of the script. */
void expect_bytes(const char *url, uint64_t offset, const char *body, size_t end,
		  enum http_outcome outcome);
void expect_sums(void);
void expect_failure(const char *url, uint64_t offset, enum http_outcome outcome);

/* By another program than ours. The caller frees it. */
char *sha512(const char *data, size_t len);

/* The entry of the catalogue with these keys instead; add_keys() has the digest file besides. */
void add_entry(const char *keys);
void add_keys(const char *keys);

/* It has to ask for what is in the script, all of it, and the script is empty afterwards. */
int pull(void);

/* The files of the folder, in short: "part", the image's suffix, "conf", "tmp". */
void assert_folder(const char *expected);

/* The image is there, by the right name and with nothing beside it. */
void assert_pulled(void);

#endif
