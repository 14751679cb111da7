/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One failure: its kind, its errno, one line for the user, and a hint. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

/*
 * The values are the program's exit codes; scripts rely on them.
 */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_FAILED = 1,
	ERROR_USAGE = 2,
	ERROR_NOT_FOUND = 3, /* no such VM or image */
	ERROR_CONFLICT = 4, /* exists; address or MAC in use */
	ERROR_HOST = 5, /* the host lacks something: kvm, tun, bridge, QEMU */
	ERROR_VERIFY = 6, /* digest or header check failed */
	ERROR_BUSY = 7, /* locked, or in the wrong state */
	ERROR_PERMISSION = 8,
	ERROR_TIMEOUT = 124,
};

/*
 * Owned by the caller, who starts it with ERROR_INIT; it holds no pointer and
 * needs no release. Every function that can fail takes it as its last
 * parameter, returns 0 or -errno, and fills it only when it fails.
 */
struct error {
	enum error_kind kind;
	int code; /* errno, positive */
	char message[1024];
	char hint[512]; /* the command that helps; empty when none is known */
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		.kind = ERROR_NONE                                                                 \
	}

/*
 * Set kind, errno (positive; 0 becomes EINVAL) and message; the hint is
 * cleared. Returns -errno, so that `return error_set(...)` reads well.
 */
int error_set(struct error *err, enum error_kind kind, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The same for a failed system call: ": " and strerror(code) are appended. The
 * kind is ERROR_PERMISSION for EACCES and EPERM, ERROR_FAILED otherwise. Pass
 * an errno that was captured in the statement that failed.
 */
int error_errno(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "context: " in front of the message. Returns -err->code. */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set the hint, replacing an earlier one. Returns -err->code. */
int error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Change the kind of an error that is set. Returns -err->code. */
int error_kind(struct error *err, enum error_kind kind);

/*
 * Copy text into dst (size bytes, always NUL-terminated) with every control
 * character (line separators and direction overrides among them) and every byte that
 * is not printable ASCII or valid UTF-8 replaced by '?', so that nothing hostile reaches
 * a terminal or a log. A character that does not fit whole is left out.
 */
void error_sanitise(char *dst, unsigned long size, const char *text);

#endif
