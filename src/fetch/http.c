/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One HTTP(S) transfer, from a URL to a pipe. */
#include "fetch/http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "http_transfer.h"

enum {
	REDIRECTS_MAX = 10,
	HEADERS_MAX = 64 << 10, /* libcurl before 8.3 keeps all that come: CVE-2023-38039 */
	LEAST_RATE = 1 << 10, /* bytes a second */
	BUFFER = 512 << 10,
	BATCH = 128 << 10,
	BATCH_MS = 100,
};

bool http_stop(struct http_transfer *transfer, enum http_outcome outcome, enum error_kind kind,
	       int code, const char *fmt, ...)
{
	char message[512];
	va_list args;

	if (transfer->stopped)
		return false;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	error_set(transfer->err, kind, code, "%s", message);
	transfer->result->outcome = outcome;
	transfer->stopped = true;
	return false;
}

/* curl_easy_setopt() takes anything, and believes its second argument what the third is. */
static void set_long(struct http_transfer *transfer, CURLoption option, long value)
{
	CURLcode code = transfer->curl->curl_easy_setopt(transfer->handle, option, value);

	if (!transfer->setup)
		transfer->setup = code;
}

static void set_text(struct http_transfer *transfer, CURLoption option, const char *value)
{
	CURLcode code = transfer->curl->curl_easy_setopt(transfer->handle, option, value);

	if (!transfer->setup)
		transfer->setup = code;
}

static void set_data(struct http_transfer *transfer, CURLoption option, void *value)
{
	CURLcode code = transfer->curl->curl_easy_setopt(transfer->handle, option, value);

	if (!transfer->setup)
		transfer->setup = code;
}

static void set_call(struct http_transfer *transfer, CURLoption option,
		     size_t (*call)(char *data, size_t size, size_t n, void *arg))
{
	CURLcode code = transfer->curl->curl_easy_setopt(transfer->handle, option, call);

	if (!transfer->setup)
		transfer->setup = code;
}

/* Fewer bytes than it was called with end the transfer. */
static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_transfer *transfer = arg;

	(void)data;
	transfer->header_bytes += size * n;
	if (transfer->header_bytes <= HEADERS_MAX)
		return size * n;
	http_stop(transfer, HTTP_FAILED, ERROR_FAILED, E2BIG,
		  "the server sends more than %d KiB of headers", HEADERS_MAX >> 10);
	return 0;
}

static bool pass_on(struct http_transfer *transfer)
{
	int r = fd_write_all(transfer->fd, transfer->batch, transfer->batched);

	transfer->batched = 0;
	transfer->passed_ms = clock_ms();
	if (r)
		return http_stop(transfer, HTTP_FAILED, ERROR_FAILED, -r, "pass on what comes: %s",
				 strerror(-r));
	return true;
}

/*
 * libcurl has no more than a record of TLS at a time, 16 KiB. Passed on one by one they would have
 * us and the reader wait for each other at every one of them.
 */
static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_transfer *transfer = arg;
	size_t len = size * n;

	if (!transfer->answered && !http_answer(transfer))
		return 0;
	if (!http_room(transfer, len))
		return 0;
	transfer->received += len;
	for (size_t part, left = len; left > 0; left -= part, data += part) {
		part = BATCH - transfer->batched < left ? BATCH - transfer->batched : left;
		memcpy(transfer->batch + transfer->batched, data, part);
		transfer->batched += part;
		if (transfer->batched == BATCH && !pass_on(transfer))
			return 0;
	}
	if (clock_ms() - transfer->passed_ms >= BATCH_MS && !pass_on(transfer))
		return 0;
	return len;
}

static void set_tls(struct http_transfer *transfer)
{
	static char none[] = ""; /* so that nobody is trusted, and not libcurl's own choice */
	const struct buf *ca = transfer->request->ca;
	struct curl_blob blob = {
		.data = ca && ca->len ? ca->data : none,
		.len = ca ? ca->len : 0,
		.flags = CURL_BLOB_NOCOPY,
	};

	set_long(transfer, CURLOPT_SSL_VERIFYPEER, 1);
	set_long(transfer, CURLOPT_SSL_VERIFYHOST, 2);
	set_long(transfer, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_long(transfer, CURLOPT_PROXY_SSL_VERIFYPEER, 1);
	set_long(transfer, CURLOPT_PROXY_SSL_VERIFYHOST, 2);
	set_long(transfer, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_data(transfer, CURLOPT_CAINFO_BLOB, &blob);
	set_data(transfer, CURLOPT_PROXY_CAINFO_BLOB, &blob);
	/* distributions build a folder of them in, and the blob takes only the file's place */
	set_text(transfer, CURLOPT_CAPATH, NULL);
	set_text(transfer, CURLOPT_PROXY_CAPATH, NULL);
}

/*
 * A path that drops what is too large for it, and whose routers do not say so (RFC 2923, 2.1), lets
 * these through: IPv6 wants 1280 bytes of every link (RFC 8200, 5), of which 60 are headers.
 */
static int ask_for_small(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	static const int size = 1280 - 60;

	(void)arg;
	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &size, sizeof(size));
	return CURL_SOCKOPT_OK;
}

static void set_socket(struct http_transfer *transfer)
{
	CURLcode code;

	if (!transfer->request->small)
		return;
	code = transfer->curl->curl_easy_setopt(transfer->handle, CURLOPT_SOCKOPTFUNCTION,
						ask_for_small);
	if (!transfer->setup)
		transfer->setup = code;
}

static bool is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

static void set_url(struct http_transfer *transfer)
{
	const struct http_request *request = transfer->request;
	bool down = request->plain && !is_https(request->url);

	set_text(transfer, CURLOPT_URL, request->url);
	set_text(transfer, CURLOPT_PROTOCOLS_STR, request->plain ? "https,http" : "https");
	set_text(transfer, CURLOPT_REDIR_PROTOCOLS_STR, down ? "https,http" : "https");
	set_long(transfer, CURLOPT_FOLLOWLOCATION, 1);
	set_long(transfer, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	/* one file over one connection has nothing of streams but their bookkeeping */
	set_long(transfer, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	if (request->proxy)
		set_text(transfer, CURLOPT_PROXY, request->proxy);
	if (request->agent)
		set_text(transfer, CURLOPT_USERAGENT, request->agent);
}

static void set_limits(struct http_transfer *transfer)
{
	long stall_s = transfer->request->stall_timeout_s;

	set_long(transfer, CURLOPT_CONNECTTIMEOUT, stall_s);
	set_long(transfer, CURLOPT_LOW_SPEED_LIMIT, LEAST_RATE);
	set_long(transfer, CURLOPT_LOW_SPEED_TIME, stall_s);
	set_long(transfer, CURLOPT_NOSIGNAL, 1);
	/* a resolver that gets no answer is not waited for any longer than that */
	set_long(transfer, CURLOPT_QUICK_EXIT, 1);
	set_long(transfer, CURLOPT_BUFFERSIZE, BUFFER);
}

static void set_transfer(struct http_transfer *transfer)
{
	char range[32];

	set_data(transfer, CURLOPT_ERRORBUFFER, transfer->reason);
	set_call(transfer, CURLOPT_HEADERFUNCTION, take_header);
	set_data(transfer, CURLOPT_HEADERDATA, transfer);
	set_call(transfer, CURLOPT_WRITEFUNCTION, take_body);
	set_data(transfer, CURLOPT_WRITEDATA, transfer);
	/* sent, so that nobody on the way takes its absence for consent; never decoded */
	set_text(transfer, CURLOPT_ACCEPT_ENCODING, "identity");
	set_long(transfer, CURLOPT_HTTP_CONTENT_DECODING, 0);
	/* not CURLOPT_RESUME_FROM_LARGE: it takes a 416 for success */
	if (transfer->request->offset) {
		snprintf(range, sizeof(range), "%llu-",
			 (unsigned long long)transfer->request->offset);
		set_text(transfer, CURLOPT_RANGE, range);
	}
}

static int prefix(struct http_transfer *transfer)
{
	char shown[HTTP_SHOWN_MAX];
	const char *last = NULL;
	long redirects = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_REDIRECT_COUNT, &redirects);
	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_EFFECTIVE_URL, &last);
	if (redirects && last) {
		http_show_url(last, shown);
		error_prefix(transfer->err, "redirected to '%s'", shown);
	}
	http_show_url(transfer->request->url, shown);
	return error_prefix(transfer->err, "download '%s'", shown);
}

static int perform(struct http_transfer *transfer)
{
	const struct http_request *request = transfer->request;
	struct http_result *result = transfer->result;
	uint64_t end;
	CURLcode code = transfer->setup;

	if (!code)
		code = transfer->curl->curl_easy_perform(transfer->handle);
	if (!transfer->answered)
		transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE,
						  &result->status);
	if (!transfer->answered && !transfer->stopped && !code)
		http_answer(transfer); /* it had no body */
	if (transfer->batched)
		pass_on(transfer);
	end = request->offset + transfer->received;
	if (code && !transfer->stopped)
		http_refused(transfer, code);
	else if (!transfer->stopped && result->total && end < result->total)
		http_stop(transfer, HTTP_AGAIN, ERROR_FAILED, ECONNRESET,
			  "the server sends %llu bytes of %llu", (unsigned long long)end,
			  (unsigned long long)result->total);
	if (transfer->stopped)
		return prefix(transfer);
	result->outcome = HTTP_DONE;
	return 0;
}

int http_prepare(struct error *err)
{
	const struct libcurl *curl;

	return libcurl_load(&curl, err);
}

int http_get(const struct http_request *request, int fd, struct http_result *ret, struct error *err)
{
	struct http_transfer transfer = {
		.request = request,
		.result = ret,
		.err = err,
		.fd = fd,
	};
	AUTO_FREE char *batch = xmalloc(BATCH);
	int r = libcurl_load(&transfer.curl, err);

	transfer.batch = batch;
	memset(ret, 0, sizeof(*ret));
	if (r)
		return r;
	transfer.handle = transfer.curl->curl_easy_init();
	if (!transfer.handle)
		return error_set(err, ERROR_FAILED, ENOMEM, "prepare a download: no memory");
	set_url(&transfer);
	set_tls(&transfer);
	set_limits(&transfer);
	set_socket(&transfer);
	set_transfer(&transfer);
	r = perform(&transfer);
	transfer.curl->curl_easy_cleanup(transfer.handle);
	return r;
}
