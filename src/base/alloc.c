/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is never short, and scope-bound release of what C lets leak. */
#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* write() and _exit(): stdio may allocate, and exit handlers may as well. */
static _Noreturn void out_of_memory(void)
{
	static const char text[] = "mnmivm-se: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

static void *check(void *ptr)
{
	if (!ptr)
		out_of_memory();
	return ptr;
}

void *xmalloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return check(count && size ? calloc(count, size) : calloc(1, 1));
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
	/* realloc() to 0 bytes may free and return NULL. */
	return check(count && size ? reallocarray(ptr, count, size) : realloc(ptr, 1));
}

char *xstrdup(const char *text)
{
	return check(strdup(text));
}

char *xstrndup(const char *text, size_t max)
{
	return check(strndup(text, max));
}

void *xmemdup(const void *data, size_t size)
{
	void *copy = xmalloc(size);

	return size ? memcpy(copy, data, size) : copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	return text;
}

char *xvasprintf(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		out_of_memory();
	return text;
}

void xreplace(char **text, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	/* value may be part of the old text */
	free(*text);
	*text = copy;
}

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* memcpy(): the variable is a pointer of some other type, which void ** may not alias. */
void *ptr_steal_(void *variable)
{
	void *taken;
	void *nothing = NULL;

	memcpy(&taken, variable, sizeof(taken));
	memcpy(variable, &nothing, sizeof(nothing));
	return taken;
}

void auto_free_(void *variable)
{
	free(ptr_steal_(variable));
}

void auto_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}
