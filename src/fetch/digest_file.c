/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files in which distributions publish digests. Hostile text; the fuzz entry. */
#include "fetch/digest_file.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* A piece of the text; it may hold any byte but what it was cut at. */
struct span {
	const char *at;
	size_t len;
};

struct search {
	const char *origin, *name;
	bool found[2];
	struct digest digest[2]; /* by algorithm */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span text)
{
	while (text.len && is_blank(text.at[0]))
		text = (struct span){ text.at + 1, text.len - 1 };
	while (text.len && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* Cut text at the first end_char: what stands before is returned, what stands behind is left. */
static struct span cut(struct span *text, bool (*is_end)(char c))
{
	struct span head = { text->at, 0 };

	while (head.len < text->len && !is_end(text->at[head.len]))
		head.len++;
	*text = (struct span){ text->at + head.len, text->len - head.len };
	return head;
}

static bool is_newline(char c)
{
	return c == '\n';
}

static struct span next_line(struct span *text)
{
	struct span line = cut(text, is_newline);

	if (text->len)
		*text = (struct span){ text->at + 1, text->len - 1 };
	return line;
}

/* Is it the name, with whatever folders in front? */
static bool is_name(struct span text, const char *name)
{
	size_t len = strlen(name), folders = text.len - len;

	if (text.len < len || memcmp(text.at + folders, name, len) != 0)
		return false;
	return !folders || text.at[folders - 1] == '/';
}

static int refuse(const struct search *search, const char *why, struct error *err)
{
	return error_set(err, ERROR_VERIFY, EBADMSG, "find '%s' in '%s': %s", search->name,
			 search->origin, why);
}

static bool is_hex(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!text.at[i] || !strchr("0123456789abcdefABCDEF", text.at[i]))
			return false;
	return text.len > 0;
}

/* Digests of MD5, SHA-1, SHA-224 and SHA-384: there may be a better one in another line. */
static bool is_other_digest(struct span hex)
{
	return is_hex(hex) && (hex.len == 32 || hex.len == 40 || hex.len == 56 || hex.len == 96);
}

static int keep(struct search *search, struct span hex, struct error *err)
{
	struct digest digest;

	if (is_other_digest(hex))
		return 0;
	if (!digest_from_hex(hex.at, hex.len, &digest))
		return refuse(search, "its line has no digest of 64 or 128 digits", err);
	if (search->found[digest.algorithm] &&
	    !digest_is(&search->digest[digest.algorithm], &digest))
		return refuse(search, "two lines disagree about it", err);
	search->found[digest.algorithm] = true;
	search->digest[digest.algorithm] = digest;
	return 0;
}

/* "HASH  name" and, of binary mode, "HASH *name" (sha256sum(1)); either may be empty. */
static struct span split(struct span line, struct span *ret_name)
{
	struct span name = trim(line);
	struct span hash = cut(&name, is_blank);

	name = trim(name);
	if (name.len && name.at[0] == '*')
		name = (struct span){ name.at + 1, name.len - 1 };
	*ret_name = name;
	return hash;
}

/*
 * A backslash in front of the hash says that the name is written with escapes; ours has nothing to
 * escape, so that such a line is not one of ours, or a broken one.
 */
static int read_gnu(struct search *search, struct span line, struct error *err)
{
	struct span name, hash = split(line, &name);

	if (!is_name(name, search->name) || (hash.len && hash.at[0] == '#'))
		return 0;
	return keep(search, hash, err);
}

static bool is_word(struct span text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool opens(char c)
{
	return c == '(' || is_blank(c);
}

/* "SHA256 (name) = HASH", as in sha256(1) of the BSDs and by sha256sum --tag. */
static int read_bsd(struct search *search, struct span line, struct error *err)
{
	struct span rest = trim(line), name, hash;
	struct span word = cut(&rest, opens);
	const char *close;
	struct digest digest;

	rest = trim(rest);
	close = rest.len && rest.at[0] == '(' ? memrchr(rest.at, ')', rest.len) : NULL;
	if (!close)
		return 0;
	name = (struct span){ rest.at + 1, (size_t)(close - rest.at) - 1 };
	if (!is_name(name, search->name))
		return 0;
	hash = trim((struct span){ close + 1, (size_t)(rest.at + rest.len - close) - 1 });
	if (!hash.len || hash.at[0] != '=')
		return refuse(search, "its line has no '=' behind the name", err);
	hash = trim((struct span){ hash.at + 1, hash.len - 1 });
	/* other algorithms have digests of these lengths, too: SHA512/256, SHA3-512, BLAKE2b */
	if (!is_word(word, "SHA256") && !is_word(word, "SHA512"))
		return 0;
	if (!digest_from_hex(hash.at, hash.len, &digest) ||
	    digest.algorithm != (word.at[3] == '2' ? DIGEST_SHA256 : DIGEST_SHA512))
		return refuse(search, "its line has no digest of that length", err);
	return keep(search, hash, err);
}

static int read_lines(struct search *search, struct span text,
		      int (*read_line)(struct search *search, struct span line, struct error *err),
		      struct error *err)
{
	while (text.len) {
		int r = read_line(search, next_line(&text), err);

		if (r)
			return r;
	}
	return 0;
}

/* One line, with nothing but blank ones around it. */
static int read_bare(struct search *search, struct span text, bool named, struct error *err)
{
	struct span line, hash, name;

	do
		line = trim(next_line(&text));
	while (!line.len && text.len);
	while (text.len)
		if (trim(next_line(&text)).len)
			return refuse(search, "it is more than one digest", err);
	hash = split(line, &name);
	if (named && name.len && !is_name(name, search->name))
		return refuse(search, "it is the digest of another file", err);
	return keep(search, hash, err);
}

static bool is_found(const struct search *search)
{
	return search->found[DIGEST_SHA256] || search->found[DIGEST_SHA512];
}

static int read_text(struct search *search, struct span text, enum digest_style style,
		     struct error *err)
{
	switch (style) {
	case DIGEST_STYLE_GNU:
		return read_lines(search, text, read_gnu, err);
	case DIGEST_STYLE_BSD:
		return read_lines(search, text, read_bsd, err);
	case DIGEST_STYLE_BARE:
		return read_bare(search, text, true, err);
	case DIGEST_STYLE_LONE:
		break;
	}
	return read_bare(search, text, false, err);
}

/* By far the most frequent fault of a catalogue's entry; `lone` would be happy with any name. */
static int refuse_style(const struct search *search, struct span text, enum digest_style style,
			struct error *err)
{
	static const enum digest_style others[] = { DIGEST_STYLE_GNU, DIGEST_STYLE_BSD,
						    DIGEST_STYLE_BARE };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct search other = { .origin = search->origin, .name = search->name };
		const char *word = digest_style_words[others[i]];

		if (others[i] == style ||
		    read_text(&other, text, others[i], &(struct error)ERROR_INIT) ||
		    !is_found(&other))
			continue;
		error_set(err, ERROR_VERIFY, EBADMSG,
			  "find '%s' in '%s': it is written in the style '%s', and not '%s'",
			  search->name, search->origin, word, digest_style_words[style]);
		return error_hint(err, "set 'digest_style = %s' in its section of the catalogue",
				  word);
	}
	return -err->code;
}

int digest_file_find(const char *origin, const char *text, size_t len, enum digest_style style,
		     const char *name, struct digest *ret, struct error *err)
{
	struct search search = { .origin = origin, .name = name };
	const struct span all = { len ? text : "", len };
	int r;

	if (len > DIGEST_FILE_MAX)
		return refuse(&search, "the file is larger than 1 MiB", err);
	r = read_text(&search, all, style, err);
	if (!r && !is_found(&search))
		r = refuse(&search, "there is no SHA-256 or SHA-512 digest of it", err);
	if (r)
		return is_found(&search) ? r : refuse_style(&search, all, style, err);
	*ret = search.digest[search.found[DIGEST_SHA512] ? DIGEST_SHA512 : DIGEST_SHA256];
	return 0;
}
