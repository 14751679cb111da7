/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gpgv says of signatures, for programs. Pure. */
#include "signature_status.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define PREFIX "[GNUPG:] "

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncmp(text, word, len) == 0;
}

/* ERRSIG KEY ALGORITHM DIGEST CLASS TIME RC [FPR]: 9 is a missing key. */
static bool is_missing_key(const char *rest)
{
	unsigned int rc;

	return sscanf(rest, "%*40s %*3s %*3s %*3s %*20s %3u", &rc) == 1 && rc == 9;
}

static unsigned int *counter(struct signature_status *status, const char *line, size_t len)
{
	const struct {
		const char *word;
		unsigned int *count;
	} counters[] = {
		{ "GOODSIG", &status->good },	   { "BADSIG", &status->bad },
		{ "EXPSIG", &status->expired },	   { "EXPKEYSIG", &status->expired },
		{ "REVKEYSIG", &status->revoked },
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (is_word(line, len, counters[i].word))
			return counters[i].count;
	if (is_word(line, len, "ERRSIG"))
		return is_missing_key(line + len) ? &status->unknown : &status->unchecked;
	return NULL;
}

static void read_line(struct signature_status *status, const char *line)
{
	size_t len = strcspn(line, " \n");
	unsigned int *count = counter(status, line, len);

	status->any = true;
	if (!count)
		return;
	(*count)++;
	if (count != &status->good)
		sscanf(line + len, " %40[0-9A-F]", status->key);
}

void signature_status_read(const char *text, struct signature_status *ret)
{
	struct signature_status status = { .good = 0 };

	while (text) {
		if (strncmp(text, PREFIX, strlen(PREFIX)) == 0)
			read_line(&status, text + strlen(PREFIX));
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	*ret = status;
}
