/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What helps where a transfer has failed. */
#include <string.h>

#include "pull_steps.h"

/* Of a URL, as far as it is one that a shell takes as it is. */
static bool host_of(const char *url, char *out, size_t size)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + strlen("://") : url;
	const char *user = memchr(host, '@', strcspn(host, "/?#"));
	size_t len;

	host = user ? user + 1 : host;
	len = strcspn(host, "/?#:");
	if (!len || len >= size || host[0] == '-' ||
	    len != strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"))
		return false;
	memcpy(out, host, len);
	out[len] = '\0';
	return true;
}

static int hint_address(const struct pull *pull, const char *url, struct error *err)
{
	const struct host_config *config = &pull->host->config;
	char host[256];

	if (!host_of(config->proxy ? config->proxy : url, host, sizeof(host)))
		return -err->code;
	return error_hint(
		err, "does a name server answer? getent hosts %s; behind a proxy: 'proxy' in %s",
		host, config->path);
}

static int hint_proxy(const struct host_config *config, struct error *err)
{
	if (config->proxy)
		return error_hint(err, "is 'proxy' in %s right?", config->path);
	return error_hint(err,
			  "is that variable of the environment right? In a password %%23 is #, "
			  "%%2F is / and %%40 is @");
}

static int hint_unreached(const struct host_config *config, struct error *err)
{
	if (config->proxy)
		return error_hint(err, "no_proxy leaves out 'proxy' of %s", config->path);
	return error_hint(err, "behind a proxy: set 'proxy' in %s; sudo drops https_proxy",
			  config->path);
}

int pull_hint(const struct pull *pull, const char *url, const struct http_result *result,
	      struct error *err)
{
	enum { FORBIDDEN = 403, ABSENT = 404, GONE = 410 };
	const struct host_config *config = &pull->host->config;
	const char *name = pull->entry->name;

	switch (result->reason) {
	case HTTP_REASON_NO_ROUTE:
		return error_hint(err, "the network is down, or has no default route: ip route");
	case HTTP_REASON_NO_ADDRESS:
		return hint_address(pull, url, err);
	case HTTP_REASON_SILENT:
		return error_hint(err, "where a VPN or the like loses large packets, a smaller "
				       "MTU helps: ip link set DEV mtu 1280");
	case HTTP_REASON_UNREACHED:
		return hint_unreached(config, err);
	case HTTP_REASON_PROXY:
		return hint_proxy(config, err);
	case HTTP_REASON_PROXY_LOGIN:
		return error_hint(
			err, "https_proxy=http://USER:PASSWORD@HOST:PORT, and no 'proxy' in %s",
			config->path);
	case HTTP_REASON_EXPIRED:
		return error_hint(err, "the server's certificate is too old, or this host's clock "
				       "is wrong: date");
	case HTTP_REASON_NAME:
		return error_hint(err, "another host answers at that URL: mnmivm-se image show %s",
				  name);
	case HTTP_REASON_CERTIFICATE:
	case HTTP_REASON_ISSUER:
		if (config->ca_file)
			return error_hint(err, "'ca_file' in %s, which is '%s', is all that counts",
					  config->path, config->ca_file);
		return error_hint(err, "for an authority of your own, set 'ca_file' in %s",
				  config->path);
	case HTTP_REASON_OTHER:
		break;
	}
	if (result->status != FORBIDDEN && result->status != ABSENT && result->status != GONE)
		return -err->code;
	return error_hint(err, "see where it is looked for: mnmivm-se image show %s", name);
}
