/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three documents say, and what is not put into them. test_seed_cloudinit reads them. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "seed_sample.h"

START_TEST(no_password_and_no_way_in_but_the_key)
{
	struct sample sample;

	sample_make(&sample);
	build(&sample);
	assert_has(&sample.documents.user_data, "\nssh_pwauth: false\n");
	assert_has(&sample.documents.user_data, "\ndisable_root: true\n");
	assert_has(&sample.documents.user_data, "\nssh_deletekeys: true\n");
	assert_lacks(&sample.documents.user_data, "passw");
	assert_lacks(&sample.documents.user_data, "\nuser:");
	sample.spec.user = "bob";
	build(&sample);
	assert_has(&sample.documents.user_data, "\nuser:\n  name: \"bob\"\n  lock_passwd: true\n");
	sample_done(&sample);
}
END_TEST

START_TEST(keys_are_in_both_documents)
{
	struct sample sample;

	sample_make(&sample);
	strv_push(&sample.keys, "ssh-rsa CCCC");
	build(&sample);
	assert_has(&sample.documents.user_data,
		   "\nssh_authorized_keys:\n- \"ssh-ed25519 AAAA me@host\"\n- \"ssh-rsa CCCC\"\n");
	assert_has(&sample.documents.meta_data,
		   "\npublic-keys:\n- \"ssh-ed25519 AAAA me@host\"\n- \"ssh-rsa CCCC\"\n");
	/* the host's private key in one of them only */
	assert_has(&sample.documents.user_data, "PRIVATE KEY");
	assert_lacks(&sample.documents.meta_data, "PRIVATE KEY");
	sample_done(&sample);
}
END_TEST

START_TEST(without_a_host_key_one_is_made)
{
	struct sample sample;

	sample_make(&sample);
	sample.spec.host_key_private = NULL;
	sample.spec.host_key_public = NULL;
	build(&sample);
	assert_has(&sample.documents.user_data, "\nssh_genkeytypes:\n- \"ed25519\"\n");
	assert_lacks(&sample.documents.user_data, "ssh_keys:");
	sample_done(&sample);
}
END_TEST

START_TEST(ready_message)
{
	struct sample sample;

	sample_make(&sample);
	build(&sample);
	assert_has(&sample.documents.user_data,
		   "\nfinal_message: \"" SEED_READY_PREFIX "0a1b2c\"\n");
	sample.spec.ready_nonce = NULL;
	build(&sample);
	assert_lacks(&sample.documents.user_data, "final_message");
	sample_done(&sample);
}
END_TEST

START_TEST(users_that_useradd_would_not_take)
{
	static const char *const bad[] = {
		"root",	 "",	      "-rf",	   "--uid=0",
		"Bob",	 "bob smith", "bob:",	   "b\"ob",
		"1bob",	 "bob\n",     "b\xc3\xb6", "bob,default",
		"$USER", "../bob",    "bob: {x",   "a123456789a123456789a123456789a12",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.user = bad[i];
		assert_refused(&sample, "use user '");
		sample_done(&sample);
	}
}
END_TEST

START_TEST(users_that_useradd_takes)
{
	static const char *const good[] = {
		"b", "_www", "web-1_x", "default", "a123456789a123456789a123456789a1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		AUTO_FREE char *line = xasprintf("\n  name: \"%s\"\n", good[i]);
		struct sample sample;

		sample_make(&sample);
		sample.spec.user = good[i];
		build(&sample);
		assert_has(&sample.documents.user_data, line);
		sample_done(&sample);
	}
}
END_TEST

START_TEST(incomplete_specifications)
{
	struct sample sample;

	sample_make(&sample);
	sample.spec.hostname = NULL;
	assert_refused(&sample, "no hostname");
	sample_done(&sample);

	sample_make(&sample);
	sample.spec.instance_id = NULL;
	assert_refused(&sample, "no instance-id");
	sample_done(&sample);

	sample_make(&sample);
	strv_clear(&sample.keys);
	assert_refused(&sample, "no public key");
	sample.spec.ssh_keys = NULL;
	assert_refused(&sample, "no public key");
	sample_done(&sample);

	sample_make(&sample);
	sample.spec.host_key_public = NULL;
	assert_refused(&sample, "half of a host key");
	sample.spec.host_key_public = "ssh-ed25519 BBBB";
	sample.spec.host_key_private = NULL;
	assert_refused(&sample, "half of a host key");
	sample_done(&sample);
}
END_TEST

START_TEST(a_nonce_that_cloud_init_would_expand)
{
	static const char *const bad[] = { "",	  "$uptime", "${version}", "a b",
					   "a\n", "a\"",     "\xc3\xa9" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.ready_nonce = bad[i];
		assert_refused(&sample, "use nonce");
		sample_done(&sample);
	}
}
END_TEST

/* A line break or an escape sequence in any text is refused, and the message says which. */
START_TEST(control_characters_in_any_text)
{
	static const char *const bad[] = { "a\nruncmd: [id]", "a\x1b[2J", "a\x7f",
					   "a\xff",	      "a\t",	  "\xc2\x85",
					   "\xed\xa0\x80" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;
		const struct {
			const char **field;
			const char *key;
		} fields[] = {
			{ &sample.spec.hostname, "'hostname'" },
			{ &sample.spec.instance_id, "'instance-id'" },
			{ &sample.spec.timezone, "'timezone'" },
			{ &sample.spec.host_key_public, "'ed25519_public'" },
			{ &sample.nics[0].mac, "'macaddress'" },
			{ &sample.nics[0].gateway, "'via'" },
			{ &sample.nics[0].gateway6, "'via'" },
		};

		for (size_t j = 0; j < ARRAY_SIZE(fields); j++) {
			sample_make(&sample);
			*fields[j].field = bad[i];
			assert_refused(&sample, fields[j].key);
			sample_done(&sample);
		}
		/* keys that only one profile has */
		sample_make(&sample);
		sample.spec.profile = SEED_PROFILE_NUAGEINIT;
		sample.nics[0].gateway6 = bad[i];
		assert_refused(&sample, "'gateway6'");
		sample.nics[0].gateway = bad[i];
		assert_refused(&sample, "'gateway4'");
		sample_done(&sample);
		sample_make(&sample);
		strv_push(&sample.addresses, bad[i]);
		assert_refused(&sample, "'addresses'");
		sample_done(&sample);
		sample_make(&sample);
		strv_push(&sample.search, bad[i]);
		assert_refused(&sample, "'search'");
		sample_done(&sample);
		sample_make(&sample);
		strv_push(&sample.keys, bad[i]);
		assert_refused(&sample, "'ssh_authorized_keys'");
		sample_done(&sample);
	}
}
END_TEST

START_TEST(oversized_documents)
{
	struct sample sample;
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, "#!/bin/sh\n");
	memset(buf_reserve(&text, SEED_DOCUMENT_MAX), '#', SEED_DOCUMENT_MAX);
	text.len += SEED_DOCUMENT_MAX;
	sample_make(&sample);
	sample.spec.user_data = text.data;
	assert_refused_with(&sample, EFBIG, "user-data is larger than 4 MiB");
	memcpy(text.data, "version: 2", 10);
	text.data[10] = '\n';
	sample.spec.user_data = NULL;
	sample.spec.network_config = text.data;
	assert_refused_with(&sample, EFBIG, "network-config is larger than 4 MiB");
	sample_done(&sample);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("seed_documents");
	TCase *builds = tcase_create("builds");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(builds, no_password_and_no_way_in_but_the_key);
	tcase_add_test(builds, keys_are_in_both_documents);
	tcase_add_test(builds, without_a_host_key_one_is_made);
	tcase_add_test(builds, ready_message);
	tcase_add_test(builds, users_that_useradd_takes);
	suite_add_tcase(s, builds);
	tcase_add_test(refuses, users_that_useradd_would_not_take);
	tcase_add_test(refuses, incomplete_specifications);
	tcase_add_test(refuses, a_nonce_that_cloud_init_would_expand);
	tcase_add_test(refuses, control_characters_in_any_text);
	tcase_add_test(refuses, oversized_documents);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
