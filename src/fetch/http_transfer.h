/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transfer on its way: what the files of http share. */
#ifndef FETCH_HTTP_TRANSFER_H
#define FETCH_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetch/http.h"
#include "libcurl.h"

struct http_transfer {
	const struct libcurl *curl;
	CURL *handle;
	const struct http_request *request;
	struct http_result *result;
	struct error *err;
	CURLcode setup; /* the first option that libcurl would not take */
	int fd;
	size_t header_bytes; /* of all answers, redirects and proxies among them */
	char *batch; /* what is still to be passed on */
	size_t batched;
	int64_t passed_ms; /* when some was, of clock_ms() */
	uint64_t received;
	bool answered; /* the last answer's status and headers are looked at */
	bool stopped; /* by us: outcome and err are filled */
	char reason[CURL_ERROR_SIZE]; /* libcurl's */
};

/*
 * Fill outcome and err, the first time; the transfer ends. Returns false, as http_answer() and
 * http_body().
 */
bool http_stop(struct http_transfer *transfer, enum http_outcome outcome, enum error_kind kind,
	       int code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Is what the server answers the file, from where it was asked for? Fills status and total. */
bool http_answer(struct http_transfer *transfer);

/* Are so many more bytes within what was told and allowed? */
bool http_room(struct http_transfer *transfer, size_t len);

/* libcurl's code as outcome and err. */
void http_refused(struct http_transfer *transfer, CURLcode code);

/* Has this host a route to any other network? Nothing is sent. */
bool http_has_route(void);

/* A URL as it may be shown: without user, password, query and control characters, cut short. */
enum { HTTP_SHOWN_MAX = 256 };
void http_show_url(const char *url, char out[HTTP_SHOWN_MAX]);

/* Strings are the request's and the environment's. */
struct http_proxy {
	const char *text; /* as it was written, password and all; NULL: none */
	const char *variable; /* that names it; NULL: the request does */
	bool asked; /* no_proxy does not say otherwise; for words alone, libcurl has the last one */
};

/* The proxy for url, which a redirect may have led to. */
void http_proxy_find(const struct http_request *request, const char *url, struct http_proxy *ret);

/* Why libcurl cannot make out its parts, or would make out others than were meant; NULL: it can. */
const char *http_proxy_fault(const struct libcurl *curl, const struct http_proxy *proxy);

/* As http_show_url(): what is before the last '@' is not shown, whatever a password has in it. */
void http_proxy_show(const struct http_proxy *proxy, char out[HTTP_SHOWN_MAX]);

#endif
