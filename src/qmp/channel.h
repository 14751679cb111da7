/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines over a stream socket, each step within a deadline. */
#ifndef QMP_CHANNEL_H
#define QMP_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* All deadlines are those of clock_ms(). */
struct channel {
	int fd; /* non-blocking; -1: ended */
	struct buf in;
	size_t start; /* of the line that is next */
	size_t scanned; /* no newline before it */
};

#define CHANNEL_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Takes fd, also on failure. */
int channel_open(struct channel *channel, int fd, struct error *err);
void channel_done(struct channel *channel);

/* Send all of data, and pass_fd with its first byte unless it is -1. */
int channel_send(struct channel *channel, const char *data, size_t len, int pass_fd,
		 int64_t deadline_ms, struct error *err);

/*
 * The next line without its end, valid until the next call. -EMSGSIZE when it is longer than
 * max, -ECONNRESET at the end of the stream, -ETIMEDOUT at the deadline: no byte is lost by it.
 */
int channel_read_line(struct channel *channel, size_t max, int64_t deadline_ms, const char **ret,
		      size_t *ret_len, struct error *err);

#endif
