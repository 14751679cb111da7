/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's own user-data: what it is taken for, and how it goes beside ours. */
#include <string.h>

#include "base/alloc.h"
#include "seed_sample.h"

START_TEST(user_data_gets_its_content_type)
{
	static const char *const good[][2] = {
		{ "#cloud-config\npackages: [git]\n", "text/cloud-config" },
		{ "#cloud-config\r\npackages: [git]\r\n", "text/cloud-config" },
		{ "#cloud-config # mine\n{a: b}\n", "text/cloud-config" },
		{ "#cloud-config-archive\n- content: x\n", "text/cloud-config-archive" },
		{ "#cloud-config-jsonp\n[]\n", "text/cloud-config-jsonp" },
		{ "#!/bin/sh\nid\n", "text/x-shellscript" },
		{ "#!/usr/bin/env python3\n", "text/x-shellscript" },
		{ "#include\nhttp://192.0.2.1/\n", "text/x-include-url" },
		{ "#include-once\nhttp://192.0.2.1/\n", "text/x-include-once-url" },
		{ "#cloud-boothook\nid\n", "text/cloud-boothook" },
		{ "#part-handler\n", "text/part-handler" },
		{ "## template: jinja\n#cloud-config\na: {{ v1.x }}\n", "text/jinja2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		AUTO_FREE char *part = xasprintf("Content-Type: %s; charset=\"utf-8\"\n"
						 "MIME-Version: 1.0\n"
						 "Merge-Type: list(append)+"
						 "dict(no_replace,recurse_list)+str()\n"
						 "Content-Transfer-Encoding: 7bit\n\n%s\n--",
						 good[i][1], good[i][0]);
		struct sample sample;

		sample_make(&sample);
		sample.spec.user_data = good[i][0];
		build(&sample);
		assert_has(&sample.documents.user_data, part);
		sample_done(&sample);
	}
}
END_TEST

START_TEST(user_data_of_no_known_format)
{
	static const char *const bad[] = {
		"",
		"\n",
		"hello",
		"packages: [git]\n",
		"# cloud-config\n",
		" #cloud-config\n",
		"\n#cloud-config\n",
		"\xef\xbb\xbf#cloud-config\n",
		"#cloud-configuration\n",
		"#cloud-config-\n",
		"#includes\n",
		"#upstart-job\n",
		"## template: jinja2\n",
		"Subject: hello\n",
		"\x1f\x8b\x08",
		"- content: x\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.user_data = bad[i];
		assert_refused(&sample, "first line names no cloud-init format");
		sample_done(&sample);
	}
}
END_TEST

START_TEST(cloud_config_that_cannot_be_merged)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "#cloud-config\n", "no mapping" },
		{ "#cloud-config\n- a\n", "no mapping" },
		{ "#cloud-config\nhello\n", "no mapping" },
		{ "#cloud-config\na: b: c\n", "line 2: " },
		{ "#cloud-config\na: [b\n", "line 3: " },
		{ "#cloud-config\na: 1\n---\nb: 1\n", "more than one" },
		{ "#cloud-config\nusers: bob\n", "'users' is no list" },
		{ "#cloud-config\nusers: {bob: {}}\n", "'users' is no list" },
		{ "#cloud-config\nusers:\n", "'users' is no list" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.user_data = bad[i].text;
		assert_refused(&sample, bad[i].words);
		sample_done(&sample);
	}
}
END_TEST

/* The value of boundary="..." in the message's own header. */
static char *boundary_of(const struct buf *message)
{
	const char *start = strstr(buf_str(message), "boundary=\"");

	ck_assert_ptr_nonnull(start);
	start += strlen("boundary=\"");
	return xasprintf("--%.*s", (int)strcspn(start, "\""), start);
}

static unsigned int count(const char *text, const char *words)
{
	unsigned int n = 0;

	while ((text = strstr(text, words))) {
		text += strlen(words);
		n++;
	}
	return n;
}

START_TEST(the_boundary_occurs_in_no_part)
{
	AUTO_BUF script = BUF_INIT;

	/* Feed it the boundary it has just used, again and again. */
	buf_puts(&script, "#!/bin/sh\n");
	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *boundary = NULL;
		struct sample sample;

		sample_make(&sample);
		sample.spec.user_data = buf_str(&script);
		build(&sample);
		boundary = boundary_of(&sample.documents.user_data);
		ck_assert_ptr_null(strstr(buf_str(&script), boundary));
		ck_assert_uint_eq(count(buf_str(&sample.documents.user_data), boundary), 4);
		buf_printf(&script, "%s\n%s--\n", boundary, boundary);
		sample_done(&sample);
	}
}
END_TEST

START_TEST(what_is_not_ascii_goes_out_in_base64)
{
	struct sample sample;

	sample_make(&sample);
	sample.spec.user_data = "#!/bin/sh\necho gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n";
	build(&sample);
	/* by base64(1) */
	assert_has(&sample.documents.user_data, "\nContent-Transfer-Encoding: base64\n\n"
						"IyEvYmluL3NoCmVjaG8gZ3LDvMOfIOKCrAo=\n");
	for (size_t i = 0; i < sample.documents.user_data.len; i++)
		ck_assert_int_ge(sample.documents.user_data.data[i], 0);
	sample_done(&sample);
}
END_TEST

START_TEST(a_mime_message_keeps_its_headers)
{
	static const char theirs[] =
		"MIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=\"B\"\n"
		"\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n--B--\n";
	struct sample sample;
	AUTO_FREE char *part = NULL;
	AUTO_FREE char *boundary = NULL;

	sample_make(&sample);
	sample.spec.user_data = theirs;
	build(&sample);
	boundary = boundary_of(&sample.documents.user_data);
	part = xasprintf("\n%s\n%s\n%s\n", boundary, theirs, boundary);
	assert_has(&sample.documents.user_data, part);
	sample_done(&sample);
}
END_TEST

/* A message of parts is no user-data to it: the guest would have neither user nor key. */
START_TEST(user_data_that_nuageinit_would_not_read)
{
	static const char *const theirs[] = { "#cloud-config\npackages: [git]\n",
					      "#!/bin/sh\nid\n" };
	struct sample sample;

	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++) {
		sample_make(&sample);
		sample.spec.profile = SEED_PROFILE_NUAGEINIT;
		sample.spec.user_data = theirs[i];
		assert_refused(&sample, "nuageinit reads one document alone");
		sample_done(&sample);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("seed_user_data");
	TCase *merges = tcase_create("merges");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(merges, user_data_gets_its_content_type);
	tcase_add_test(merges, the_boundary_occurs_in_no_part);
	tcase_add_test(merges, what_is_not_ascii_goes_out_in_base64);
	tcase_add_test(merges, a_mime_message_keeps_its_headers);
	suite_add_tcase(s, merges);
	tcase_add_test(refuses, user_data_of_no_known_format);
	tcase_add_test(refuses, cloud_config_that_cannot_be_merged);
	tcase_add_test(refuses, user_data_that_nuageinit_would_not_read);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
