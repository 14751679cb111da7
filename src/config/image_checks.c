/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the catalogue and the .conf of an image may hold: names, URLs, digests. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/parse.h"
#include "config/catalogue.h"
#include "values.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM LOWER UPPER DIGITS

enum { TITLE_MAX = 80, PROXY_MAX = 120, DNS_NAME_MAX = 253 };

static int refuse(const char *what, const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%.80s': %s", what, text, why);
}

int check_image_name(const char *what, const char *text, struct error *err)
{
	return check_chars(what, text, CATALOGUE_NAME_MAX, ALNUM, ALNUM "._+-", err);
}

/* RFC 3986, 3.2.2: a name, an IPv4 address, or an IPv6 address in brackets. */
static int check_host(const char *what, const char *text, size_t len, struct error *err)
{
	AUTO_FREE char *host = xstrndup(text, len);
	struct error ignored = ERROR_INIT;
	struct ip_addr addr;

	if (host[0] != '[')
		return check_domain(what, host, err);
	if (len < 2 || host[len - 1] != ']')
		return refuse(what, text, "an IPv6 address lacks its ']'", err);
	host[len - 1] = '\0';
	if (ip_parse(what, host + 1, &addr, &ignored) < 0 || addr.family != AF_INET6)
		return refuse(what, text, "not an IPv6 address in the brackets", err);
	return 0;
}

/* HOST or HOST:PORT. A password would be in a file that everybody reads, and in this message. */
static int check_authority(const char *what, const char *text, size_t len, struct error *err)
{
	size_t host = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/");
	AUTO_FREE char *port = NULL;
	uint64_t ignored;
	int r;

	if (memchr(text, '@', len))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s: must not hold a user or a password", what);
	if (host > len)
		host = len;
	r = check_host(what, text, host, err);
	if (r < 0 || host == len)
		return r;
	if (text[host] != ':')
		return refuse(what, text, "not a host and its port", err);
	port = xstrndup(text + host + 1, len - host - 1);
	return parse_u64(what, port, 1, UINT16_MAX, &ignored, err);
}

/*
 * Letters that mean themselves in every URL (RFC 3986, 2.3) and '+'. Neither "..", in plain or as
 * %2e%2e, nor a query, a fragment or a blank can be said with them.
 */
static int check_url_path(const char *what, const char *text, struct error *err)
{
	static const char allowed[] = ALNUM "._~+-/";
	int r = check_chars(what, text, CATALOGUE_URL_MAX, allowed, allowed, err);

	while (r == 0 && *text) {
		size_t len = strcspn(text, "/");

		if (!len)
			return refuse(what, text, "has an empty part", err);
		if (len <= 2 && strncmp(text, "..", len) == 0)
			return refuse(what, text, "has a '.' or '..' part", err);
		text += len + (text[len] == '/');
	}
	return r;
}

static const char *behind_scheme(const char *text)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return text + strlen(schemes[i]);
	}
	return NULL;
}

/* *ret_path is what stands behind the '/' of the host. */
static int check_server(const char *what, const char *text, const char **ret_path,
			struct error *err)
{
	const char *host = behind_scheme(text);
	size_t len;
	int r;

	if (!host)
		return refuse(what, text, "must begin with https:// or http://", err);
	if (strlen(text) > CATALOGUE_URL_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': longer than %d characters", what, text,
				 CATALOGUE_URL_MAX);
	len = strcspn(host, "/");
	if (!host[len])
		return refuse(what, text, "lacks the '/' behind the host", err);
	r = check_authority(what, host, len, err);
	if (r == 0)
		*ret_path = host + len + 1;
	return r;
}

static bool ends_in_slash(const char *text)
{
	size_t len = strlen(text);

	return len && text[len - 1] == '/';
}

int check_mirror(const char *what, const char *text, struct error *err)
{
	const char *path = "";
	int r = check_server(what, text, &path, err);

	if (r < 0)
		return r;
	if (!ends_in_slash(text))
		return refuse(what, text, "a mirror ends in '/'", err);
	return *path ? check_url_path(what, path, err) : 0;
}

int check_below(const char *what, const char *text, struct error *err)
{
	if (text[0] == '/')
		return refuse(what, text, "is below a mirror, and begins without '/'", err);
	if (ends_in_slash(text))
		return refuse(what, text, "not the name of a file", err);
	return check_url_path(what, text, err);
}

int check_url(const char *what, const char *text, struct error *err)
{
	const char *path = "";
	int r = check_server(what, text, &path, err);

	return r < 0 ? r : check_below(what, path, err);
}

int check_source(const char *what, const char *text, struct error *err)
{
	if (strstr(text, "://"))
		return check_url(what, text, err);
	return check_below(what, text, err);
}

int check_signature(const char *what, const char *text, struct error *err)
{
	return strcmp(text, "inline") == 0 ? 0 : check_source(what, text, err);
}

int check_digest(const char *what, const char *text, struct error *err)
{
	static const char algorithms[] = "must be sha256: or sha512: and its hexadecimal digits";
	const char *digits = strchr(text, ':');
	size_t wanted = 0;

	if (strncmp(text, "md5:", 4) == 0 || strncmp(text, "sha1:", 5) == 0)
		return refuse(what, text, "too weak an algorithm; sha256 or sha512", err);
	if (strncmp(text, "sha256:", 7) == 0)
		wanted = 64;
	else if (strncmp(text, "sha512:", 7) == 0)
		wanted = 128;
	if (!digits || !wanted)
		return refuse(what, text, algorithms, err);
	digits++;
	if (digits[strspn(digits, DIGITS "abcdef")])
		return refuse(what, text, "digits are 0-9 and a-f", err);
	return strlen(digits) == wanted ? 0 : refuse(what, text, "not as long as it must be", err);
}

int check_title(const char *what, const char *text, struct error *err)
{
	if (!*text || strlen(text) > TITLE_MAX)
		return refuse(what, text, "must be of 1 to 80 bytes", err);
	return 0;
}

int check_arch(const char *what, const char *text, struct error *err)
{
	static const struct {
		const char *other, *ours;
	} names[] = { { "amd64", "x86_64" }, { "x86-64", "x86_64" }, { "arm64", "aarch64" } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i].other) == 0)
			return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%s': it is called %s",
					 what, text, names[i].ours);
	}
	return check_chars(what, text, 16, LOWER, LOWER DIGITS "_", err);
}

int check_package(const char *what, const char *text, struct error *err)
{
	return check_chars(what, text, TITLE_MAX, ALNUM, ALNUM "+.-", err);
}

int check_proxy(const char *what, const char *text, struct error *err)
{
	const char *host = behind_scheme(text);
	size_t len;

	if (!host)
		return refuse(what, text, "must be http://HOST:PORT", err);
	if (strlen(text) > PROXY_MAX)
		return refuse(what, text, "too long", err);
	len = strcspn(host, "/");
	if (host[len] && host[len + 1])
		return refuse(what, text, "has no path", err);
	return check_authority(what, host, len, err);
}
