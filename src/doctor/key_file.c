/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of NetworkManager and systemd. */
#include "key_file.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"

enum { KEY_FILE_MAX = 1 << 20 };

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

bool key_file_each(const char *path,
		   void (*each)(void *arg, const char *section, const char *key, const char *value),
		   void *arg)
{
	struct error ignored = ERROR_INIT;
	const char *section = "";
	char *line, *rest = NULL;
	AUTO_BUF text = BUF_INIT;

	if (file_read_path(path, KEY_FILE_MAX, &text, &ignored))
		return false;
	for (line = text.data ? strtok_r(text.data, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *equals;

		line = trim(line);
		equals = strchr(line, '=');
		if (*line == '#' || *line == ';')
			continue;
		if (*line == '[') {
			section = line + 1;
			line[strcspn(line, "]")] = '\0';
		} else if (equals) {
			*equals = '\0';
			each(arg, section, trim(line), trim(equals + 1));
		}
	}
	return true;
}
