/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server answers, held against what it was asked for. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "http_transfer.h"

enum { OK = 200, PARTIAL = 206, TIMEOUT = 408, OUT_OF_RANGE = 416, EARLY = 425, SLOW_DOWN = 429 };

/* RFC 9110, 14.4. total 0: "*". */
struct content_range {
	bool satisfied; /* false: "bytes * / TOTAL" */
	uint64_t first, last, total;
};

static const char *header(const struct http_transfer *transfer, const char *name)
{
	struct curl_header *found;

	if (transfer->curl->curl_easy_header(transfer->handle, name, 0, CURLH_HEADER, -1, &found))
		return NULL;
	return found->value;
}

/* Digits and no more than fit; advances *text. */
static bool read_number(const char **text, uint64_t *ret)
{
	const char *at = *text;

	for (*ret = 0; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)(*at - '0'), ret))
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	return true;
}

static bool read_char(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

static bool parse_content_range(const char *text, struct content_range *ret)
{
	if (!text || strncasecmp(text, "bytes ", 6) != 0)
		return false;
	text += 6;
	memset(ret, 0, sizeof(*ret));
	ret->satisfied = !read_char(&text, '*');
	if (ret->satisfied && (!read_number(&text, &ret->first) || !read_char(&text, '-') ||
			       !read_number(&text, &ret->last) || ret->last < ret->first))
		return false;
	if (!read_char(&text, '/'))
		return false;
	if (!read_char(&text, '*')) {
		if (!read_number(&text, &ret->total))
			return false;
		if (ret->satisfied && ret->last >= ret->total)
			return false;
	}
	return !*text;
}

static bool refuse_status(struct http_transfer *transfer, long status)
{
	bool again = status == TIMEOUT || status == EARLY || status == SLOW_DOWN || status >= 500;

	return http_stop(transfer, again ? HTTP_AGAIN : HTTP_FAILED, ERROR_FAILED,
			 again ? EAGAIN : ENOENT, "the server answers with status %ld", status);
}

static bool refuse_range(struct http_transfer *transfer, const char *why)
{
	return http_stop(transfer, HTTP_NO_RANGE, ERROR_FAILED, ERANGE,
			 "the server does not go on at byte %" PRIu64 ": %s",
			 transfer->request->offset, why);
}

/* From the first byte: 200. The rest: 206 that begins where it was asked to. */
static bool check_range(struct http_transfer *transfer, long status)
{
	uint64_t offset = transfer->request->offset;
	struct content_range range = { 0 };
	bool told = parse_content_range(header(transfer, "Content-Range"), &range);

	if (status == OUT_OF_RANGE && offset) {
		transfer->result->total = told ? range.total : 0;
		return refuse_range(transfer, "the file ends before");
	}
	if (status == OK && offset)
		return refuse_range(transfer, "it sends all of the file");
	if (status == PARTIAL && offset) {
		if (!told || !range.satisfied)
			return refuse_range(transfer, "it does not tell what it sends");
		if (range.first != offset)
			return refuse_range(transfer, "it sends another part");
		transfer->result->total = range.total;
		return true;
	}
	return status == OK || refuse_status(transfer, status);
}

static bool refuse_encoding(struct http_transfer *transfer, const char *header)
{
	return http_stop(transfer, HTTP_FAILED, ERROR_FAILED, EBADMSG,
			 "the server encodes what it sends (%s), unasked", header);
}

/*
 * What is asked for is bytes that have a digest; what a server makes of them on the way has none.
 */
static bool check_encoding(struct http_transfer *transfer)
{
	const char *content = header(transfer, "Content-Encoding");
	const char *way = header(transfer, "Transfer-Encoding");

	if (content && *content && strcasecmp(content, "identity") != 0)
		return refuse_encoding(transfer, "Content-Encoding");
	if (way && *way && strcasecmp(way, "chunked") != 0 && strcasecmp(way, "identity") != 0)
		return refuse_encoding(transfer, "Transfer-Encoding");
	return true;
}

static bool refuse_size(struct http_transfer *transfer, const char *what)
{
	char allowed[SIZE_TEXT_MAX];

	size_format(transfer->request->max, allowed);
	return http_stop(transfer, HTTP_FAILED, ERROR_FAILED, EFBIG,
			 "the server %s more than %s, which is the most that is taken", what,
			 allowed);
}

bool http_answer(struct http_transfer *transfer)
{
	const struct libcurl *curl = transfer->curl;
	curl_off_t length = -1, wait = 0;
	long status = 0;

	transfer->answered = true;
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl->curl_easy_getinfo(transfer->handle, CURLINFO_RETRY_AFTER, &wait);
	transfer->result->status = status;
	if (wait > 0)
		transfer->result->retry_after_s = wait < UINT32_MAX ? (unsigned int)wait
								    : UINT32_MAX;
	if (status == OK && length > 0)
		transfer->result->total = (uint64_t)length;
	if (!check_range(transfer, status) || !check_encoding(transfer))
		return false;
	if (transfer->result->total > transfer->request->max)
		return refuse_size(transfer, "has");
	return true;
}

bool http_room(struct http_transfer *transfer, size_t len)
{
	uint64_t total = transfer->result->total;
	uint64_t end;

	if (__builtin_add_overflow(transfer->request->offset + transfer->received, len, &end) ||
	    end > transfer->request->max)
		return refuse_size(transfer, "sends");
	if (total && end > total)
		return http_stop(transfer, HTTP_FAILED, ERROR_FAILED, EBADMSG,
				 "the server sends more than the %" PRIu64 " bytes it told of",
				 total);
	return true;
}
