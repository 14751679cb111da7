/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict reader of INI text over inih.
 *
 * inih splits lines into section, name and value. What it does with the rest depends on how
 * it was built (Debian adds run-time options, upstream and Alpine have none), and it says
 * neither which line a value is from nor that it cut or skipped something. So it is fed from
 * next_line(), which counts lines and passes on only those that every build reads alike:
 * without indent (which would continue the value above), short enough for its buffer, clean.
 */
#include "ini_reader.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

struct reader {
	const char *next;
	size_t left;
	unsigned int line;
	const struct ini_events *events;
	void *user;
	struct error *err;
	int result; /* of the first failure; nothing is read after it */
};

static int refuse(struct error *err, const char *why)
{
	return error_set(err, ERROR_USAGE, EINVAL, "%s", why);
}

/* error_sanitise() changes exactly what has no place in a line: control characters, no UTF-8. */
static bool is_clean(const char *text)
{
	char sane[INI_LINE_MAX + 1];

	error_sanitise(sane, sizeof(sane), text);
	return strcmp(sane, text) == 0;
}

/* inih takes any text after ']', and never tells of a section without keys. */
static int read_heading(const struct reader *reader, const char *line)
{
	size_t len = strcspn(line + 1, "]");
	const char *rest = line + 1 + len;
	AUTO_FREE char *section = NULL;

	if (*rest != ']')
		return refuse(reader->err, "section heading lacks its ']'");
	rest += 1 + strspn(rest + 1, " ");
	if (*rest && *rest != ';')
		return refuse(reader->err, "text after the ']' of a section heading");
	section = xstrndup(line + 1, len);
	return reader->events->section(reader->user, section, reader->line, reader->err);
}

static int check_line(const struct reader *reader, const char *line)
{
	if (!is_clean(line))
		return refuse(reader->err, "line holds a control character or is not UTF-8");
	/* a byte-order mark above all, which inih would skip and so hide a heading from us */
	if ((unsigned char)line[0] >= 0x80)
		return refuse(reader->err, "line begins with a character that is not ASCII");
	return line[0] == '[' ? read_heading(reader, line) : 0;
}

/* Copy a line of len bytes into inih's buffer of size bytes: no indent, no CR, LF at its end. */
static int copy_line(const struct reader *reader, const char *line, size_t len, char *dst,
		     size_t size)
{
	size_t limit = size < INI_LINE_MAX + 3 ? size - 3 : INI_LINE_MAX;
	int r;

	if (len && line[len - 1] == '\r')
		len--;
	for (; len && (*line == ' ' || *line == '\t'); len--)
		line++;
	if (len > limit)
		return error_set(reader->err, ERROR_USAGE, EINVAL, "line is longer than %zu bytes",
				 limit);
	if (memchr(line, '\0', len))
		return refuse(reader->err, "line holds a NUL byte");
	for (size_t i = 0; i < len; i++)
		dst[i] = line[i] == '\t' ? ' ' : line[i];
	dst[len] = '\0';
	r = check_line(reader, dst);
	memcpy(dst + len, "\n", 2);
	return r;
}

/* inih's source of lines, with the manner of fgets(3). */
static char *next_line(char *dst, int size, void *stream)
{
	struct reader *reader = stream;
	const char *line = reader->next, *end;
	size_t len;

	if (reader->result < 0 || !reader->left || size < 4)
		return NULL;
	end = memchr(line, '\n', reader->left);
	len = end ? (size_t)(end - line) : reader->left;
	reader->next += end ? len + 1 : len;
	reader->left -= end ? len + 1 : len;
	reader->line++;
	reader->result = copy_line(reader, line, len, dst, (size_t)size);
	return reader->result < 0 ? NULL : dst;
}

/* inih's handler: 0 is failure. Only a build with other options passes NULL. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (!name || reader->result < 0)
		return 1;
	if (!value)
		return 0;
	reader->result = reader->events->key(reader->user, section, name, value, reader->err);
	return reader->result == 0;
}

int ini_read(const char *origin, const char *text, size_t len, const struct ini_events *events,
	     void *user, struct error *err)
{
	struct reader reader = {
		.next = text, .left = len, .events = events, .user = user, .err = err
	};
	int bad_line = ini_parse_stream(next_line, &reader, take_key, &reader);

	if (bad_line < 0)
		return error_set(err, ERROR_FAILED, ENOMEM, "read '%s': inih has no memory",
				 origin);
	/* a line that inih cannot split does not stop it: what failed later is not the first */
	if (bad_line > 0 && (!reader.result || (unsigned int)bad_line < reader.line))
		return error_set(err, ERROR_USAGE, EINVAL, "%s:%d: not a line 'key = value'",
				 origin, bad_line);
	if (reader.result < 0)
		return error_prefix(err, "%s:%u", origin, reader.line);
	return 0;
}

int ini_check_value(const char *name, const char *value, struct error *err)
{
	size_t len = strlen(value);
	size_t room = INI_LINE_MAX - strlen(name) - strlen(" = ");

	if (len > room)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "value of '%s' is longer than the %zu bytes a line has for it",
				 name, room);
	if (!is_clean(value))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "value of '%s' holds a control character or is not UTF-8", name);
	if (value[0] == ';' || strstr(value, " ;"))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "value of '%s' holds ' ;', which begins a comment", name);
	if (len && (value[0] == ' ' || value[len - 1] == ' '))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "value of '%s' begins or ends with a blank", name);
	return 0;
}
