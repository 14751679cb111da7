/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public key files: what passes is what ssh-keygen reads, and nothing that is refused is
 * printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "seed/seed.h"
#include "seed_keys.h"
#include "suite.h"

#define SSH_KEYGEN "/usr/bin/ssh-keygen"

static const char *const whole[] = {
	KEY_ED25519,   KEY_RSA_2048,   KEY_ECDSA_256, KEY_ECDSA_384,
	KEY_ECDSA_521, KEY_SK_ED25519, KEY_SK_ECDSA,
};

static int check_n(const char *text, size_t len, char **ret_key, struct error *err)
{
	/* A copy of exactly this size, so that a sanitiser sees a read past its end. */
	char *copy = malloc(len ? len : 1);
	int r;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	r = seed_check_pubkey("id.pub", copy, len, ret_key, err);
	free(copy);
	return r;
}

static void assert_key(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	char *key = NULL;

	suite_assert_ok(check_n(text, strlen(text), &key, &err), err);
	ck_assert_str_eq(key, expected);
	free(key);
}

/* Refused, with these words in the message, none of the key in it, and no output. */
static void assert_refused_n(const char *text, size_t len, const char *words)
{
	struct error err = ERROR_INIT;
	char untouched[] = "untouched";
	char *key = untouched;

	suite_assert_error(check_n(text, len, &key, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_eq(key, untouched);
	ck_assert_msg(strstr(err.message, words) != NULL, "'%s' not in: %s", words, err.message);
	ck_assert_ptr_nonnull(strstr(err.message, "'id.pub'"));
	ck_assert_ptr_null(strstr(err.message, "AAAA"));
	ck_assert_ptr_null(strstr(err.hint, "AAAA"));
}

static void assert_refused(const char *text, const char *words)
{
	assert_refused_n(text, strlen(text), words);
}

START_TEST(every_type_passes)
{
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		AUTO_FREE char *commented = xasprintf("%s root@host", whole[i]);

		assert_key(whole[i], whole[i]);
		assert_key(commented, commented);
	}
}
END_TEST

START_TEST(ssh_keygen_agrees)
{
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		AUTO_FREE char *command = xasprintf(SSH_KEYGEN " -l -f '%s/key.pub' >/dev/null",
						    dir.path);

		suite_put(dir.fd, "key.pub", whole[i]);
		ck_assert_msg(system(command) == 0, "%s", whole[i]);
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(blanks_around_and_between_are_normalised)
{
	static const char *const forms[] = {
		KEY_ED25519 " a comment\n",
		KEY_ED25519 " a comment\r\n",
		KEY_ED25519 "\ta comment",
		"  " KEY_ED25519 "   a comment  \n\n",
		"\n" KEY_ED25519 " a comment\n \t\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		assert_key(forms[i], KEY_ED25519 " a comment");
	assert_key(KEY_ED25519 " \n", KEY_ED25519);
}
END_TEST

START_TEST(comments_are_kept_as_they_are)
{
	static const char *const comments[] = {
		"me@host",     "\"quoted\" 'twice'",
		"a: b # c",    "${HOME} $(id) `id` %s %n",
		"- [x] {y} |", "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x94\x91",
		"ssh",	       "--",
		"\\n\\t\\",
	};

	for (size_t i = 0; i < ARRAY_SIZE(comments); i++) {
		AUTO_FREE char *text = xasprintf("%s %s\n", KEY_ED25519, comments[i]);
		AUTO_FREE char *expected = xasprintf("%s %s", KEY_ED25519, comments[i]);

		assert_key(text, expected);
	}
}
END_TEST

START_TEST(damaged_bodies)
{
	for (size_t i = 0; i < ARRAY_SIZE(damaged_keys); i++) {
		AUTO_FREE char *commented = xasprintf("%s me@host\n", damaged_keys[i].line);

		assert_refused(damaged_keys[i].line, damaged_keys[i].words);
		assert_refused(commented, damaged_keys[i].words);
	}
}
END_TEST

START_TEST(every_shorter_key)
{
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		for (size_t len = 0; len < strlen(whole[i]); len++)
			assert_refused_n(whole[i], len, "use public key");
	}
}
END_TEST

START_TEST(every_change_of_type_and_length)
{
	/* 4 bytes of length, 11 of type and 4 of length are the first 25 characters of base64. */
	size_t body = strlen("ssh-ed25519 ");

	for (size_t i = 0; i < body + 25; i++) {
		char line[] = KEY_ED25519;

		line[i] = line[i] == 'B' ? 'C' : 'B';
		assert_refused(line, "use public key");
	}
}
END_TEST

START_TEST(base64_is_strict)
{
	static const char type[] = "ssh-ed25519 ";
	static const char *const bodies[] = {
		"A",
		"=",
		"====",
		"AAA=AAAA",
		"AAAA====",
		"AA==AAAA",
		"AAA",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v=",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v====",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8-",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8_",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapne\"S8v",
		"AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapne\xc3\xa9Sv",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		AUTO_FREE char *line = xasprintf("%s%s", type, bodies[i]);

		assert_refused(line, "its body is not whole base64");
	}
	/* Bits that no byte uses: the last group of this key ends in "To=". */
	assert_refused(
		"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBODX"
		"E2e2og5+UgW4BlJp8AFgkoivDR9MIF8Y2dQvuzfManKA0CubBNLL2gb8lKQTzPgLhknP0FOuigph"
		"WQWITTp=",
		"its body is not whole base64");
	assert_refused("ssh-ed25519", "nothing follows its type");
	assert_refused("ssh-ed25519 \n", "nothing follows its type");
}
END_TEST

START_TEST(other_types_are_named)
{
	assert_refused("ssh-dss AAAAB3NzaC1kc3M= me@host", "DSA");
	assert_refused("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate");
	assert_refused("ssh-rsa-cert-v01@openssh.com AAAA me@host", "certificate");
	assert_refused("no-pty " KEY_ED25519, "options");
	assert_refused("command=\"a b\",restrict " KEY_ED25519 " me", "options");
	assert_refused("ssh-ed448 AAAA", "key type");
	assert_refused("SSH-ED25519 AAAA", "key type");
	assert_refused("ssh-ed25519x AAAA", "key type");
	assert_refused("hello", "key type");
	assert_refused("AAAAC3NzaC1lZDI1NTE5", "key type");
	assert_refused("ssh-ed25519\xc2\xa0"
		       "AAAA",
		       "key type");
}
END_TEST

START_TEST(files_that_are_no_public_key)
{
	assert_refused("", "empty");
	assert_refused(" \t\r\n\n", "empty");
	assert_refused(KEY_ED25519 "\n" KEY_ED25519 "\n", "several keys");
	assert_refused(KEY_ED25519 " a\n\n# more\n" KEY_RSA_2048, "several keys");
	assert_refused("ssh-ed25519\n  AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59h", "line break");
	assert_refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59h\npgsoAfW9jXGqC1vqCf9I",
		       "line break");
	assert_refused(KEY_ED25519 "\rme@host", "line break");
	assert_refused(KEY_ED25519 " me\nruncmd: [id]", "line break");
	assert_refused("# mine\n" KEY_ED25519, "comment line");
}
END_TEST

START_TEST(private_keys_and_other_formats_come_with_a_hint)
{
	static const struct {
		const char *text, *words, *hint;
	} formats[] = {
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n", "private", ".pub" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n", "private", ".pub" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n", "private", ".pub" },
		{ "Bag\n-----BEGIN EC PRIVATE KEY-----\nMIIB\n", "private", ".pub" },
		{ KEY_ED25519 "\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3B\n", "private", ".pub" },
		{ "PuTTY-User-Key-File-3: ssh-ed25519\n", "private", ".pub" },
		{ "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "RFC 4716", "ssh-keygen -i" },
		{ "-----BEGIN PUBLIC KEY-----\nMIIB\n", "PEM", "ssh-keygen -i -m PKCS8" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct error err = ERROR_INIT;
		char *key = NULL;

		assert_refused(formats[i].text, formats[i].words);
		ck_assert_int_lt(check_n(formats[i].text, strlen(formats[i].text), &key, &err), 0);
		ck_assert_msg(strstr(err.hint, formats[i].hint) != NULL, "hint: %s", err.hint);
	}
}
END_TEST

START_TEST(bytes_that_no_terminal_should_see)
{
	static const char nul[] = KEY_ED25519 " a\0b";
	static const char *const comments[] = {
		"\x1b[31m", "a\bb",	"\x7f",		"\xc2\x9b\x33\x31m", "\xff",
		"\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80",  "\x80",
		"a\vb",
	};

	assert_refused_n(nul, sizeof(nul) - 1, "control characters");
	for (size_t i = 0; i < ARRAY_SIZE(comments); i++) {
		AUTO_FREE char *line = xasprintf("%s %s.", KEY_ED25519, comments[i]);

		assert_refused(line, "control characters");
	}
}
END_TEST

START_TEST(oversized)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, KEY_ED25519 " ");
	memset(buf_reserve(&text, 64 << 10), 'x', 64 << 10);
	text.len += 64 << 10;
	assert_refused_n(text.data, text.len, "64 KiB");
	/* just below it */
	text.len = 64 << 10;
	text.data[text.len] = '\0';
	assert_key(text.data, text.data);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("seed_pubkey");
	TCase *accepts = tcase_create("accepts");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(accepts, every_type_passes);
	if (access(SSH_KEYGEN, X_OK) == 0 ||
	    !suite_leave_out("ssh_keygen_agrees", "no " SSH_KEYGEN))
		tcase_add_test(accepts, ssh_keygen_agrees);
	tcase_add_test(accepts, blanks_around_and_between_are_normalised);
	tcase_add_test(accepts, comments_are_kept_as_they_are);
	suite_add_tcase(s, accepts);
	tcase_add_test(refuses, damaged_bodies);
	tcase_add_test(refuses, every_shorter_key);
	tcase_add_test(refuses, every_change_of_type_and_length);
	tcase_add_test(refuses, base64_is_strict);
	tcase_add_test(refuses, other_types_are_named);
	tcase_add_test(refuses, files_that_are_no_public_key);
	tcase_add_test(refuses, private_keys_and_other_formats_come_with_a_hint);
	tcase_add_test(refuses, bytes_that_no_terminal_should_see);
	tcase_add_test(refuses, oversized);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
