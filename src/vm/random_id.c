/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers that nothing else has. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/buf.h"
#include "random_id.h"

enum { ID_BYTES = 8 };

int random_id(const char *prefix, char **ret, struct error *err)
{
	uint8_t bytes[ID_BYTES];
	struct buf text = BUF_INIT;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_errno(err, errno, "read random bytes");
	buf_puts(&text, prefix);
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(&text, "%02x", bytes[i]);
	free(*ret);
	*ret = buf_steal(&text);
	return 0;
}
