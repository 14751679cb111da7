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

/* A proxy that wants a password, or forbids the host, does so again. */
static bool proxy_forbids(const struct http_transfer *transfer)
{
	long status = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_HTTP_CONNECTCODE, &status);
	return status >= 400 && status < 500;
}

/* libcurl's own words keep the kernel's reason to themselves. */
static bool find_kernels_reason(const struct http_transfer *transfer, CURLcode code,
				char out[CURL_ERROR_SIZE])
{
	const char *proxy = transfer->request->proxy;
	char shown[HTTP_SHOWN_MAX] = "";
	long errno_ = 0;

	transfer->curl->curl_easy_getinfo(transfer->handle, CURLINFO_OS_ERRNO, &errno_);
	if (code != CURLE_COULDNT_CONNECT || !errno_)
		return false;
	if (proxy)
		http_show_url(proxy, shown);
	snprintf(out, CURL_ERROR_SIZE, "connect%s%.100s%s: %s", proxy ? " to proxy '" : "", shown,
		 proxy ? "'" : "", strerror((int)errno_));
	return true;
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

static enum http_reason reason_of(const struct http_transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return HTTP_REASON_UNREACHED;
	case CURLE_PEER_FAILED_VERIFICATION:
		return judge_certificate(transfer);
	default:
		return HTTP_REASON_OTHER;
	}
}

void http_refused(struct http_transfer *transfer, CURLcode code)
{
	const struct refusal *refusal = find(code);
	enum http_outcome outcome = refusal->outcome;
	char reason[CURL_ERROR_SIZE];

	if (!find_kernels_reason(transfer, code, reason))
		error_sanitise(reason, sizeof(reason),
			       transfer->reason[0] ? transfer->reason
						   : transfer->curl->curl_easy_strerror(code));
	if (outcome == HTTP_AGAIN && proxy_forbids(transfer))
		outcome = HTTP_FAILED;
	transfer->result->reason = reason_of(transfer, code);
	http_stop(transfer, outcome, refusal->kind, refusal->errno_, "%s%s",
		  code == CURLE_SSL_CONNECT_ERROR
			  ? "the server and we do not agree on TLS, which it "
			    "may not speak at that port: "
			  : "",
		  reason);
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
