/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Name servers of the host, as far as a guest can reach them. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/ip.h"
#include "vm/resolv.h"

/* As many servers as a C library asks: MAXNS, resolv.conf(5). */
enum { RESOLV_MAX = 64 * 1024, SERVERS_MAX = 3 };

static void parse_line(char *line, struct strv *ret)
{
	struct error ignored = ERROR_INIT;
	char text[IP_TEXT_MAX];
	struct ip_addr addr;
	char *save = NULL;
	char *word = strtok_r(line, " \t\r", &save);

	if (!word || strcmp(word, "nameserver") != 0)
		return;
	word = strtok_r(NULL, " \t\r", &save);
	/* what is not for a guest (127.0.0.53, fe80::1%eth0) is not unicast to ip_is_unicast() */
	if (!word || ip_parse("nameserver", word, &addr, &ignored) || !ip_is_unicast(&addr))
		return;
	ip_format(&addr, text);
	for (size_t i = 0; i < ret->n; i++)
		if (!strcmp(ret->v[i], text))
			return;
	strv_push(ret, text);
}

void resolv_parse(const char *text, struct strv *ret)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line && ret->n < SERVERS_MAX;
	     line = strtok_r(NULL, "\n", &save))
		parse_line(line, ret);
}

void resolv_read(struct strv *ret)
{
	static const char *const paths[] = { "/etc/resolv.conf",
					     "/run/systemd/resolve/resolv.conf" };
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(paths) && !ret->n; i++) {
		AUTO_BUF text = BUF_INIT;

		if (!file_read_path(paths[i], RESOLV_MAX, &text, &ignored))
			resolv_parse(buf_str(&text), ret);
	}
}
