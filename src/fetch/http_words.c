/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a transfer that libcurl gives up, and how it is told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "http_transfer.h"

/* libcurl-errors(3). What is not here is not worth another try. */
static const struct refusal {
	CURLcode code;
	enum http_outcome outcome;
	enum error_kind kind;
	int errno_;
} refusals[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_FAILED, ERROR_FAILED, EPROTONOSUPPORT },
	/* of a redirect: what a user wrote was checked where it was read */
	{ CURLE_URL_MALFORMAT, HTTP_FAILED, ERROR_FAILED, EINVAL },
	{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_AGAIN, ERROR_FAILED, EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_AGAIN, ERROR_FAILED, EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, HTTP_AGAIN, ERROR_FAILED, ECONNREFUSED },
	{ CURLE_WEIRD_SERVER_REPLY, HTTP_AGAIN, ERROR_FAILED, EBADMSG },
	{ CURLE_PARTIAL_FILE, HTTP_AGAIN, ERROR_FAILED, ECONNRESET },
	{ CURLE_OUT_OF_MEMORY, HTTP_FAILED, ERROR_FAILED, ENOMEM },
	{ CURLE_OPERATION_TIMEDOUT, HTTP_AGAIN, ERROR_TIMEOUT, ETIMEDOUT },
	{ CURLE_SSL_CONNECT_ERROR, HTTP_AGAIN, ERROR_FAILED, EPROTO },
	{ CURLE_TOO_MANY_REDIRECTS, HTTP_FAILED, ERROR_FAILED, ELOOP },
	{ CURLE_GOT_NOTHING, HTTP_AGAIN, ERROR_FAILED, ECONNRESET },
	{ CURLE_SEND_ERROR, HTTP_AGAIN, ERROR_FAILED, ECONNRESET },
	{ CURLE_RECV_ERROR, HTTP_AGAIN, ERROR_FAILED, ECONNRESET },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_FAILED, ERROR_VERIFY, EKEYREJECTED },
	{ CURLE_SSL_CACERT_BADFILE, HTTP_FAILED, ERROR_HOST, EBADMSG },
};

static const struct refusal *find(CURLcode code)
{
	static const struct refusal other = { 0, HTTP_FAILED, ERROR_FAILED, EIO };

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (refusals[i].code == code)
			return &refusals[i];
	}
	return &other;
}

/* What a proxy answers to CONNECT; 0: it was not asked, or did not answer. */
static long proxy_status(const struct http_transfer *transfer)
{
	long status = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_HTTP_CONNECTCODE, &status);
	return status;
}

/* One that wants a password, or forbids the host, does so again. */
static bool proxy_forbids(const struct http_transfer *transfer)
{
	long status = proxy_status(transfer);

	return status >= 400 && status < 500;
}

/* libcurl's own words keep the kernel's reason to themselves. */
static const char *kernels_reason(const struct http_transfer *transfer)
{
	long errno_ = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_OS_ERRNO, &errno_);
	return errno_ ? strerror((int)errno_) : NULL;
}

/* Is it the proxy with which libcurl comes to no connection? */
static bool find_proxy(const struct http_transfer *transfer, CURLcode code, struct http_proxy *ret)
{
	const char *url = NULL;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_EFFECTIVE_URL, &url);
	http_proxy_find(transfer->request, url ? url : transfer->request->url, ret);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
		return ret->text;
	case CURLE_COULDNT_CONNECT:
	case CURLE_NOT_BUILT_IN:
		return ret->asked;
	default:
		return false;
	}
}

/*
 * The kernel's word at the last connection; where there was none, that of a name that has no
 * address.
 */
static bool is_routeless(const struct http_transfer *transfer)
{
	long errno_ = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_OS_ERRNO, &errno_);
	return (!errno_ || errno_ == ENETUNREACH) && !http_has_route();
}

static const char *route_words(const struct http_transfer *transfer)
{
	return transfer->result->reason == HTTP_REASON_NO_ROUTE
		       ? ", and this host has no route to other networks"
		       : "";
}

/* A host without a route is no time-out of a server's, whatever libcurl waited for. */
static const struct refusal *refusal_of(const struct http_transfer *transfer, CURLcode code)
{
	static const struct refusal no_route = { CURLE_COULDNT_CONNECT, HTTP_AGAIN, ERROR_FAILED,
						 ENETUNREACH };

	return transfer->result->reason == HTTP_REASON_NO_ROUTE ? &no_route : find(code);
}

/* In words of our own: libcurl's quote it with its password. */
static void refuse_proxy(struct http_transfer *transfer, CURLcode code,
			 const struct http_proxy *proxy)
{
	const char *fault = http_proxy_fault(transfer->curl, proxy);
	const char *of = proxy->variable ? " of " : "";
	const char *variable = proxy->variable ? proxy->variable : "";
	const struct refusal *refusal;
	const char *why = kernels_reason(transfer);
	char shown[HTTP_SHOWN_MAX];

	transfer->result->reason = is_routeless(transfer) ? HTTP_REASON_NO_ROUTE
							  : HTTP_REASON_PROXY;
	if (fault) {
		transfer->result->reason = HTTP_REASON_PROXY;
		http_stop(transfer, HTTP_FAILED, ERROR_USAGE, EINVAL, "use the proxy%s%s: %s", of,
			  variable, fault);
		return;
	}
	refusal = refusal_of(transfer, code);
	http_proxy_show(proxy, shown);
	if (code == CURLE_COULDNT_RESOLVE_PROXY)
		http_stop(transfer, refusal->outcome, refusal->kind, refusal->errno_,
			  "resolve proxy '%s'%s%s: no address is known%s", shown, of, variable,
			  route_words(transfer));
	else
		http_stop(transfer, refusal->outcome, refusal->kind, refusal->errno_,
			  "connect to proxy '%s'%s%s: %s%s", shown, of, variable,
			  why ? why : transfer->curl->curl_easy_strerror(code),
			  route_words(transfer));
}

/*
 * The numbers are of <openssl/x509_vfy.h>, which other TLS libraries do not have. OpenSSL itself
 * is content with what libcurl refuses for its name, or was not asked yet: then it is UNSPECIFIED.
 */
static enum http_reason judge_certificate(const struct http_transfer *transfer)
{
	enum {
		GOOD = 0,
		UNSPECIFIED = 1,
		NOT_YET = 9,
		EXPIRED = 10,
		SELF_SIGNED = 18,
		IN_CHAIN,
		NO_ISSUER,
		NO_CHAIN
	};
	const struct curl_tlssessioninfo *session = NULL;
	const struct libcurl *curl = transfer->curl;
	long proxys = GOOD, servers = GOOD;

	curl->curl_easy_getinfo(transfer->handle, CURLINFO_TLS_SSL_PTR, &session);
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_PROXY_SSL_VERIFYRESULT, &proxys);
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_SSL_VERIFYRESULT, &servers);
	if (!session || session->backend != CURLSSLBACKEND_OPENSSL)
		return HTTP_REASON_CERTIFICATE;
	switch (proxys ? proxys : servers) {
	case GOOD:
	case UNSPECIFIED:
		return HTTP_REASON_NAME;
	case NOT_YET:
	case EXPIRED:
		return HTTP_REASON_EXPIRED;
	case SELF_SIGNED:
	case IN_CHAIN:
	case NO_ISSUER:
	case NO_CHAIN:
		return HTTP_REASON_ISSUER;
	default:
		return HTTP_REASON_CERTIFICATE;
	}
}

static enum http_reason reason_of_address(void)
{
	return http_has_route() ? HTTP_REASON_NO_ADDRESS : HTTP_REASON_NO_ROUTE;
}

/* By how far it came before. */
static enum http_reason reason_of_silence(const struct http_transfer *transfer)
{
	enum { NEXT_TO_NOTHING = 64 << 10 };
	const struct libcurl *curl = transfer->curl;
	curl_off_t resolved_us = 0;
	long port = 0; /* of ours; CURLINFO_CONNECT_TIME_T would be 0 until TLS is up */

	curl->curl_easy_getinfo(transfer->handle, CURLINFO_NAMELOOKUP_TIME_T, &resolved_us);
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_LOCAL_PORT, &port);
	if (!resolved_us)
		return reason_of_address();
	if (port <= 0)
		return HTTP_REASON_UNREACHED;
	return transfer->received < NEXT_TO_NOTHING ? HTTP_REASON_SILENT : HTTP_REASON_OTHER;
}

static enum http_reason reason_of_connect(const struct http_transfer *transfer)
{
	return is_routeless(transfer) ? HTTP_REASON_NO_ROUTE : HTTP_REASON_UNREACHED;
}

static enum http_reason reason_of(const struct http_transfer *transfer, CURLcode code)
{
	enum { LOGIN = 407 };

	if (proxy_status(transfer) == LOGIN)
		return HTTP_REASON_PROXY_LOGIN;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return reason_of_address();
	case CURLE_COULDNT_CONNECT:
		return reason_of_connect(transfer);
	case CURLE_OPERATION_TIMEDOUT:
		return reason_of_silence(transfer);
	case CURLE_PEER_FAILED_VERIFICATION:
		return judge_certificate(transfer);
	default:
		return HTTP_REASON_OTHER;
	}
}

bool http_is_unreached(enum http_reason reason)
{
	return reason == HTTP_REASON_NO_ROUTE || reason == HTTP_REASON_NO_ADDRESS ||
	       reason == HTTP_REASON_UNREACHED || reason == HTTP_REASON_PROXY;
}

/*
 * In words of ours where there are any; libcurl's may be none that a line of ours begins with, and
 * of a proxy that is not asked they would be a quotation.
 */
static void word_reason(const struct http_transfer *transfer, CURLcode code, bool has_proxy,
			char out[CURL_ERROR_SIZE])
{
	bool quotes = has_proxy && (code == CURLE_COULDNT_CONNECT || code == CURLE_NOT_BUILT_IN);
	unsigned int stall_s = transfer->request->stall_timeout_s;
	enum http_reason reason = transfer->result->reason;
	const char *why = kernels_reason(transfer);

	if (code == CURLE_OPERATION_TIMEDOUT && http_is_unreached(reason))
		snprintf(out, CURL_ERROR_SIZE, "%s: no answer within %u s",
			 reason == HTTP_REASON_UNREACHED ? "connect" : "resolve its name", stall_s);
	else if (code == CURLE_COULDNT_CONNECT && why)
		snprintf(out, CURL_ERROR_SIZE, "connect: %s", why);
	else
		error_sanitise(out, CURL_ERROR_SIZE,
			       transfer->reason[0] && !quotes
				       ? transfer->reason
				       : transfer->curl->curl_easy_strerror(code));
}

void http_refused(struct http_transfer *transfer, CURLcode code)
{
	const struct refusal *refusal;
	enum http_outcome outcome;
	char reason[CURL_ERROR_SIZE];
	struct http_proxy proxy;

	if (find_proxy(transfer, code, &proxy)) {
		refuse_proxy(transfer, code, &proxy);
		return;
	}
	transfer->result->reason = reason_of(transfer, code);
	refusal = refusal_of(transfer, code);
	outcome = refusal->outcome;
	word_reason(transfer, code, proxy.text, reason);
	if (outcome == HTTP_AGAIN && proxy_forbids(transfer))
		outcome = HTTP_FAILED;
	http_stop(transfer, outcome, refusal->kind, refusal->errno_, "%s%s%s",
		  code == CURLE_SSL_CONNECT_ERROR
			  ? "the server and we do not agree on TLS, which it "
			    "may not speak at that port: "
			  : "",
		  reason, route_words(transfer));
}

void http_show_url(const char *url, char out[HTTP_SHOWN_MAX])
{
	const char *scheme = strstr(url, "://");
	const char *authority = scheme ? scheme + 3 : url;
	size_t len = strcspn(authority, "/?#");
	AUTO_BUF shown = BUF_INIT;

	buf_add(&shown, url, (size_t)(authority - url));
	for (size_t i = len; i > 0; i--) {
		if (authority[i - 1] == '@') {
			authority += i;
			break;
		}
	}
	buf_add(&shown, authority, strcspn(authority, "?#"));
	error_sanitise(out, HTTP_SHOWN_MAX, buf_str(&shown));
}
