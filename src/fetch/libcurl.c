/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcurl, loaded where something is fetched. */
#include "libcurl.h"

#include <errno.h>
#include <stdbool.h>

int libcurl_load(const struct libcurl **ret, struct error *err)
{
	static const char *const names[] = { LIBCURL_FUNCTIONS(LIBRARY_NAME) NULL };
	static const struct library library = {
		.soname = "libcurl.so.4",
		.title = "libcurl",
		.packages = "libcurl4 (Alpine: libcurl)",
	};
	static struct libcurl curl;
	static bool ready;
	CURLcode code;
	int r;

	if (!ready) {
		r = library_load(&library, names, &curl, err);
		if (r)
			return r;
		/* with it comes libssl's own: configuration, providers, texts of errors */
		code = curl.curl_global_init(CURL_GLOBAL_DEFAULT);
		if (code)
			return error_set(err, ERROR_HOST, ELIBACC, "initialise libcurl: %s",
					 curl.curl_easy_strerror(code));
		ready = true;
	}
	*ret = &curl;
	return 0;
}
