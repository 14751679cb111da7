/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a public key file, checked down to its last byte. */
#include "seed/seed.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base64.h"
#include "text.h"

enum {
	FILE_MAX = 64 << 10,
	ED25519_BYTES = 32,
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 16384, /* OpenSSH's SSHBUF_MAX_BIGNUM */
};

enum key_body { BODY_ED25519, BODY_RSA, BODY_ECDSA };

struct key_type {
	const char *name;
	enum key_body body;
	const char *curve; /* BODY_ECDSA (RFC 5656) */
	size_t point; /* bytes of an uncompressed point on it */
	bool hardware; /* an application string follows (OpenSSH PROTOCOL.u2f) */
};

static const struct key_type key_types[] = {
	{ "ssh-ed25519", BODY_ED25519, NULL, 0, false },
	{ "ssh-rsa", BODY_RSA, NULL, 0, false },
	{ "ecdsa-sha2-nistp256", BODY_ECDSA, "nistp256", 65, false },
	{ "ecdsa-sha2-nistp384", BODY_ECDSA, "nistp384", 97, false },
	{ "ecdsa-sha2-nistp521", BODY_ECDSA, "nistp521", 133, false },
	{ "sk-ssh-ed25519@openssh.com", BODY_ED25519, NULL, 0, true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", BODY_ECDSA, "nistp256", 65, true },
};

/* A stretch of bytes that is borrowed: of the text, or of the key's wire format (RFC 4251). */
struct slice {
	const char *p;
	size_t len;
};

static bool slice_is(struct slice slice, const char *text)
{
	return slice.len == strlen(text) && !memcmp(slice.p, text, slice.len);
}

static bool slice_begins(struct slice slice, const char *text)
{
	return slice.len >= strlen(text) && !memcmp(slice.p, text, strlen(text));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

static struct slice slice_trim(struct slice slice)
{
	while (slice.len && is_space(slice.p[0])) {
		slice.p++;
		slice.len--;
	}
	while (slice.len && is_space(slice.p[slice.len - 1]))
		slice.len--;
	return slice;
}

/* Take the first word off rest, and the blanks after it. */
static struct slice slice_word(struct slice *rest)
{
	struct slice word = { rest->p, 0 };

	while (word.len < rest->len && !is_space(rest->p[word.len]))
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	*rest = slice_trim(*rest);
	return word;
}

static const struct key_type *key_type_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
		if (slice_is(name, key_types[i].name))
			return &key_types[i];
	}
	return NULL;
}

/* Take one length-prefixed string off the wire. */
static bool wire_string(struct slice *wire, struct slice *ret)
{
	size_t len = 0;

	if (wire->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		len = len << 8 | (unsigned char)wire->p[i];
	if (wire->len - 4 < len)
		return false;
	*ret = (struct slice){ wire->p + 4, len };
	wire->p += 4 + len;
	wire->len -= 4 + len;
	return true;
}

/* Take a positive mpint in its shortest form and give its size; 0 when it is none. */
static size_t wire_mpint(struct slice *wire, struct slice *ret)
{
	size_t bits = 0;

	if (!wire_string(wire, ret) || !ret->len || ret->p[0] & 0x80)
		return 0;
	if (!ret->p[0]) {
		ret->p++;
		ret->len--;
		if (!ret->len || !(ret->p[0] & 0x80))
			return 0;
	}
	for (unsigned int top = (unsigned char)ret->p[0]; top; top >>= 1)
		bits++;
	return bits + 8 * (ret->len - 1);
}

static bool is_odd(struct slice number)
{
	return number.p[number.len - 1] & 1;
}

/* What is wrong with the fields after the type, as words that hold nothing of the key, or NULL. */
static const char *rsa_fault(struct slice *wire)
{
	struct slice exponent, modulus;
	size_t bits = wire_mpint(wire, &exponent);

	if (bits < 2 || !is_odd(exponent))
		return "its RSA exponent is no odd number above 1";
	bits = wire_mpint(wire, &modulus);
	if (!bits || !is_odd(modulus))
		return "its RSA modulus is damaged or cut short";
	if (bits < RSA_BITS_MIN)
		return "an RSA key needs at least 2048 bits";
	if (bits > RSA_BITS_MAX)
		return "an RSA key has at most 16384 bits";
	return NULL;
}

static const char *ecdsa_fault(const struct key_type *type, struct slice *wire)
{
	struct slice curve, point;

	if (!wire_string(wire, &curve) || !slice_is(curve, type->curve))
		return "its curve is not the one of its type";
	if (!wire_string(wire, &point) || point.len != type->point || point.p[0] != 4)
		return "its point is damaged or cut short";
	return NULL;
}

static const char *ed25519_fault(struct slice *wire)
{
	struct slice key;

	if (!wire_string(wire, &key) || key.len != ED25519_BYTES)
		return "an ed25519 key has 32 bytes";
	return NULL;
}

static const char *fields_fault(const struct key_type *type, struct slice *wire)
{
	switch (type->body) {
	case BODY_RSA:
		return rsa_fault(wire);
	case BODY_ECDSA:
		return ecdsa_fault(type, wire);
	case BODY_ED25519:
		break;
	}
	return ed25519_fault(wire);
}

static const char *body_fault(const struct key_type *type, struct slice body)
{
	AUTO_BUF blob = BUF_INIT;
	struct slice wire, inner;
	const char *fault;

	if (!body.len)
		return "nothing follows its type";
	if (!base64_decode(body.p, body.len, &blob))
		return "its body is not whole base64";
	wire = (struct slice){ blob.data, blob.len };
	if (!wire_string(&wire, &inner) || !slice_is(inner, type->name))
		return "the type inside is not the one in front";
	fault = fields_fault(type, &wire);
	if (fault)
		return fault;
	if (type->hardware && (!wire_string(&wire, &inner) || !inner.len))
		return "its application is missing or cut short";
	return wire.len ? "it goes on after its end" : NULL;
}

/* Is there a word further on that a key could begin with? */
static bool has_type_later(struct slice line)
{
	while (line.len) {
		if (key_type_find(slice_word(&line)))
			return true;
	}
	return false;
}

static const char *type_fault(struct slice name, struct slice rest)
{
	if (slice_is(name, "ssh-dss"))
		return "DSA keys are no longer accepted by OpenSSH";
	if (memmem(name.p, name.len, "-cert-v01@", strlen("-cert-v01@")))
		return "it is a certificate, not a key";
	if (has_type_later(rest))
		return "options in front of the key are not supported";
	return "it does not begin with a key type such as ssh-ed25519";
}

/* Several lines: several keys, or one that was wrapped. */
static const char *lines_fault(struct slice file)
{
	const char *p = file.p;

	if (*p == '#')
		return "it begins with a comment line";
	while ((p = memchr(p, '\n', file.len - (size_t)(p - file.p)))) {
		struct slice rest =
			slice_trim((struct slice){ p, file.len - (size_t)(p - file.p) });

		if (key_type_find(slice_word(&rest)))
			return "it holds several keys; give one";
		p++;
	}
	return "there is a line break inside the key";
}

static bool is_private(struct slice file)
{
	return memmem(file.p, file.len, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")) ||
	       slice_begins(file, "PuTTY-User-Key-File-");
}

static int refuse(const char *origin, const char *fault, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "use public key '%s': %s", origin, fault);
}

/* Files that hold something else than OpenSSH's one line. */
static int check_format(const char *origin, struct slice file, struct error *err)
{
	if (!file.len)
		return refuse(origin, "it is empty", err);
	if (is_private(file)) {
		refuse(origin, "it is a private key", err);
		return error_hint(err, "give its public half, usually '%s.pub'", origin);
	}
	if (slice_begins(file, "---- BEGIN SSH2 PUBLIC KEY")) {
		refuse(origin, "it is in the format of RFC 4716", err);
		return error_hint(err, "ssh-keygen -i -f '%s'", origin);
	}
	if (slice_begins(file, "-----BEGIN")) {
		refuse(origin, "it is in PEM format", err);
		return error_hint(err, "ssh-keygen -i -m PKCS8 -f '%s'", origin);
	}
	if (memchr(file.p, '\n', file.len) || memchr(file.p, '\r', file.len))
		return refuse(origin, lines_fault(file), err);
	if (!text_is_clean(file.p, file.len, "\t"))
		return refuse(origin, "it holds control characters or is not UTF-8", err);
	return 0;
}

int seed_check_pubkey(const char *origin, const char *text, size_t len, char **ret_key,
		      struct error *err)
{
	struct slice rest = slice_trim((struct slice){ text, len });
	const struct key_type *type;
	const char *fault;
	struct slice name, body;
	int r;

	if (len > FILE_MAX)
		return refuse(origin, "it is larger than 64 KiB", err);
	r = check_format(origin, rest, err);
	if (r < 0)
		return r;
	name = slice_word(&rest);
	type = key_type_find(name);
	if (!type)
		return refuse(origin, type_fault(name, rest), err);
	body = slice_word(&rest);
	fault = body_fault(type, body);
	if (fault)
		return refuse(origin, fault, err);
	*ret_key = xasprintf("%s %.*s%s%.*s", type->name, (int)body.len, body.p,
			     rest.len ? " " : "", (int)rest.len, rest.p);
	return 0;
}
