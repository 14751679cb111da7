/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which proxy libcurl takes for a URL, which it does not tell: libcurl-env(3), CURLOPT_NOPROXY(3).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/ip.h"
#include "http_transfer.h"

/* An empty one is none. */
static const char *get(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static void find_variable(const char *url, struct http_proxy *ret)
{
	static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };
	static const char *const http[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
	bool tls = strncasecmp(url, "https:", strlen("https:")) == 0;
	const char *const *names = tls ? https : http;
	size_t n = tls ? ARRAY_SIZE(https) : ARRAY_SIZE(http);

	for (size_t i = 0; i < n && !ret->text; i++) {
		ret->variable = names[i];
		ret->text = get(names[i]);
	}
}

static const char *authority(const char *url)
{
	const char *scheme = strstr(url, "://");

	return scheme ? scheme + strlen("://") : url;
}

/* Without user, port and the brackets of IPv6. The caller's to free. */
static char *host_of(const char *url)
{
	const char *at = authority(url);
	const char *user = memrchr(at, '@', strcspn(at, "/?#"));

	at = user ? user + 1 : at;
	if (*at == '[')
		return xstrndup(at + 1, strcspn(at + 1, "]"));
	return xstrndup(at, strcspn(at, ":/?#"));
}

static bool covers_address(const char *entry, const struct ip_addr *addr)
{
	struct error ignored = ERROR_INIT;
	struct ip_prefix prefix;

	if (ip_prefix_parse("no_proxy", entry, &prefix, &ignored))
		return false;
	return prefix.length == IP_LENGTH_NONE ? ip_equal(addr, &prefix.addr)
					       : ip_in_prefix(addr, &prefix);
}

/* The dot at a name's end is the root of all names. */
static size_t len_undotted(const char *name)
{
	size_t len = strlen(name);

	return len - (len && name[len - 1] == '.');
}

/* The host itself, or a domain that it is in. */
static bool covers_name(const char *entry, const char *host)
{
	size_t len, host_len = len_undotted(host);

	entry += *entry == '.';
	len = len_undotted(entry);
	if (!len || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

static bool goes_past(const char *url)
{
	const char *list = get("no_proxy") ? get("no_proxy") : get("NO_PROXY");
	AUTO_FREE char *entries = list ? xstrdup(list) : NULL;
	AUTO_FREE char *host = host_of(url);
	struct error ignored = ERROR_INIT;
	bool covered = list && strcmp(list, "*") == 0;
	char *rest = entries, *entry;
	struct ip_addr addr;
	bool is_address;

	if (!list)
		return false;
	is_address = !ip_parse("host", host, &addr, &ignored);
	while (!covered && (entry = strsep(&rest, ", ")))
		covered = is_address ? covers_address(entry, &addr) : covers_name(entry, host);
	return covered;
}

void http_proxy_find(const struct http_request *request, const char *url, struct http_proxy *ret)
{
	*ret = (struct http_proxy){ .text = request->proxy };
	if (!ret->text)
		find_variable(url, ret);
	ret->asked = ret->text && !goes_past(url);
}

static bool is_known_scheme(const char *text)
{
	static const char *const schemes[] = { "http",	  "https",  "socks4",
					       "socks4a", "socks5", "socks5h" };
	const char *end = strstr(text, "://");

	for (size_t i = 0; end && i < ARRAY_SIZE(schemes); i++)
		if (strlen(schemes[i]) == (size_t)(end - text) &&
		    strncasecmp(text, schemes[i], (size_t)(end - text)) == 0)
			return true;
	return !end;
}

const char *http_proxy_fault(const struct libcurl *curl, const struct http_proxy *proxy)
{
	const char *at = authority(proxy->text);
	CURLU *url = curl->curl_url();
	CURLUcode code = curl->curl_url_set(url, CURLUPART_URL, proxy->text,
					    CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);

	curl->curl_url_cleanup(url);
	if (code)
		return curl->curl_url_strerror(code);
	if (!is_known_scheme(proxy->text))
		return "its scheme is none of http, https and socks";
	if (strchr(at + strcspn(at, "/?#"), '@'))
		return "its host ends before the '@'";
	return NULL;
}

void http_proxy_show(const struct http_proxy *proxy, char out[HTTP_SHOWN_MAX])
{
	const char *at = authority(proxy->text);
	const char *user = strrchr(at, '@');
	AUTO_BUF shown = BUF_INIT;

	buf_add(&shown, proxy->text, (size_t)(at - proxy->text));
	if (user)
		at = user + 1;
	buf_add(&shown, at, strcspn(at, "/?#"));
	error_sanitise(out, HTTP_SHOWN_MAX, buf_str(&shown));
}
