/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcurl, loaded where something is fetched and not at each start of the program. */
#ifndef FETCH_LIBCURL_H
#define FETCH_LIBCURL_H

/*
 * Its macros would take the place of the members below: http.c has typed functions around setopt.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/library.h"

/* base/library.h says why, and what the list is for. */
#define LIBCURL_FUNCTIONS(X)                                                                       \
	X(curl_easy_cleanup)                                                                       \
	X(curl_easy_getinfo)                                                                       \
	X(curl_easy_header)                                                                        \
	X(curl_easy_init)                                                                          \
	X(curl_easy_perform)                                                                       \
	X(curl_easy_setopt)                                                                        \
	X(curl_easy_strerror)                                                                      \
	X(curl_global_init)                                                                        \
	X(curl_url)                                                                                \
	X(curl_url_cleanup)                                                                        \
	X(curl_url_set)                                                                            \
	X(curl_url_strerror)

struct libcurl {
	LIBCURL_FUNCTIONS(LIBRARY_MEMBER)
};

/* Stays loaded and initialised, so the first call must come before any thread. ERROR_HOST. */
int libcurl_load(const struct libcurl **ret, struct error *err);

#endif
