/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HTTPS server that misbehaves as told (https_server), with an authority of its own. */
#ifndef TESTS_HTTP_LAB_H
#define TESTS_HTTP_LAB_H

#include <stddef.h>
#include <stdint.h>

#include "fetch/http.h"

/*
 * It listens on 127.0.0.1 and ::1. By the port it is: 8443 "localhost", 8444 the same but expired,
 * 8445 "other.example", 8446 self-signed, 8447 signed by nobody we know, 8448 of TLS 1.0, 8449
 * "::1"; 8080 speaks no TLS, 3128 is a proxy, 53 a name server on 127.0.0.1, to which names in
 * test. are itself. "localhost" may also be called "mirror.test" and "hosts.example".
 */
#define HTTP_HERE "https://localhost:8443/"

/* The file that it has. */
enum { HTTP_SIZE = 300000 };
unsigned char http_byte(size_t at);

/* Why no test here can run, or NULL. */
const char *http_lab_missing(void);

/* An unchecked fixture: certificates, once for all tests. */
void http_lab_make(void);
extern struct buf http_lab_ca, http_lab_foreign_ca;
char *http_lab_path(const char *name); /* of a certificate; the caller's to free */

/*
 * Checked fixtures: a namespace in which it serves, a request that has all but its URL, and a file
 * in memory for what comes.
 */
void http_lab_setup(void);
void http_lab_teardown(void);
extern struct http_request http_request;
extern struct http_result http_result;
extern struct error http_err;
extern int http_output;

int http_lab_get(const char *url);
int64_t http_written(void);
void http_assert_written(size_t n); /* the file's bytes from http_request.offset on, n of them */
void http_clear(void); /* the output */

/* A transfer that fails, and everything that is told of it. */
struct http_refusal {
	const char *url;
	int code; /* errno */
	enum error_kind kind;
	enum http_outcome outcome;
	long status;
	uint64_t total, written;
	const char *message; /* a part of it */
};

/* One after the other, as a transfer must not leave anything to the next. */
void http_assert_refused(const struct http_refusal *refusals, size_t n);

/* What it was asked for, a line a request: "8443 GET /file HTTP/1.1 | Range: bytes=5-". */
char *http_lab_log(void);

#endif
