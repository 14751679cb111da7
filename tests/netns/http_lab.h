/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HTTPS server that misbehaves as told (https_server), with an authority of its own. */
#ifndef TESTS_HTTP_LAB_H
#define TESTS_HTTP_LAB_H

#include <stddef.h>

#include "base/buf.h"

/* Where it listens, on 127.0.0.1 and ::1, and who it says it is. */
enum {
	HTTP_GOOD = 8443, /* "localhost" */
	HTTP_EXPIRED = 8444,
	HTTP_OTHER_NAME = 8445, /* "other.example" */
	HTTP_SELF_SIGNED = 8446,
	HTTP_FOREIGN = 8447, /* by an authority that nobody knows */
	HTTP_TLS1 = 8448,
	HTTP_ADDRESS = 8449, /* "::1" */
	HTTP_PLAIN = 8080,
	HTTP_PROXY = 3128,
};

/* The file that it has. */
enum { HTTP_SIZE = 300000 };
unsigned char http_byte(size_t at);

/* Why no test here can run, or NULL. */
const char *http_lab_missing(void);

/* An unchecked fixture: certificates, once for all tests. */
void http_lab_make(void);
extern struct buf http_lab_ca;

/* In the namespace of this process: begin to serve, and stop. */
void http_lab_start(void);
void http_lab_stop(void);

/* What it was asked for, a line a request: "8443 GET /file HTTP/1.1 | Range: bytes=5-". */
char *http_lab_log(void);

#endif
