/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One HTTP(S) transfer, from a URL to a pipe (libcurl): the body of a confined worker. */
#ifndef FETCH_HTTP_H
#define FETCH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Everything is borrowed. */
struct http_request {
	const char *url; /* https://, or http:// where plain says so */
	bool plain; /* http:// is allowed, for this URL and what it redirects to */
	uint64_t offset; /* bytes that are there already: ask for the rest (RFC 9110, 14.2) */
	uint64_t max; /* most bytes of the whole file */
	unsigned int stall_timeout_s; /* less than 1 KiB/s for so long: give up */
	bool small; /* ask for segments that every path lets through, tcp(7), TCP_MAXSEG */
	const struct buf *ca; /* PEM; who may sign a server's certificate */
	const char *proxy; /* NULL: by the environment (https_proxy, no_proxy, ...) */
	const char *agent; /* User-Agent */
};

enum http_outcome {
	HTTP_FAILED, /* of no use to ask this mirror again: 4xx, certificate, too large */
	HTTP_AGAIN, /* may go better later: no connection, time-out, 5xx, 408, 429, cut off */
	HTTP_NO_RANGE, /* the server does not go on at offset: nothing was written, ask from 0 */
	HTTP_DONE,
};

/* Why, as far as it has a remedy of its own. */
enum http_reason {
	HTTP_REASON_OTHER,
	HTTP_REASON_NO_ROUTE, /* this host has none to other networks */
	HTTP_REASON_NO_ADDRESS, /* the name has none, or no name server answers */
	HTTP_REASON_UNREACHED, /* nobody there */
	HTTP_REASON_PROXY, /* the last two of the proxy; or it cannot be asked: ERROR_USAGE */
	HTTP_REASON_PROXY_LOGIN, /* it wants a user and a password, or others */
	HTTP_REASON_SILENT, /* it was connected to, and next to nothing came before a time-out */
	HTTP_REASON_CERTIFICATE, /* refused, for what is none of these: */
	HTTP_REASON_EXPIRED, /* or not yet valid */
	HTTP_REASON_NAME, /* it is another host's */
	HTTP_REASON_ISSUER, /* nobody that is trusted signed it */
};

bool http_is_unreached(enum http_reason reason); /* nobody was connected to */

/* In memory that the worker shares: the caller takes it as hostile. */
struct http_result {
	enum http_outcome outcome;
	long status; /* HTTP's; 0: none came */
	uint64_t total; /* of the whole file, by the server's word; 0: not told */
	unsigned int retry_after_s; /* 0: not told */
	enum http_reason reason; /* a certificate that was refused: ERROR_VERIFY */
};

/* Load libcurl and what it loads late, for a worker that cannot. ERROR_HOST. */
int http_prepare(struct error *err);

/*
 * Write the body to fd as it comes. Redirects are followed, at most ten and never from https to
 * http. The error names the URL, or the proxy that is at fault (both without user:password), and
 * libcurl's or the server's reason.
 * 0 exactly with HTTP_DONE.
 */
int http_get(const struct http_request *request, int fd, struct http_result *ret,
	     struct error *err);

#endif
