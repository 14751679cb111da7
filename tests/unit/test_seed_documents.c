/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three documents say, and what is not put into them. test_seed_cloudinit reads them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "seed/seed.h"
#include "suite.h"

#define PRIVATE_KEY                                                                                \
	"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n"                                  \
	"-----END OPENSSH PRIVATE KEY-----\n"

/* A specification with everything it points to. */
struct sample {
	struct seed_spec spec;
	struct seed_nic nics[8];
	struct strv keys, addresses, dns, search;
	struct seed_documents documents;
};

static void sample_make(struct sample *sample)
{
	*sample = (struct sample){ .keys = STRV_INIT };
	strv_push(&sample->keys, "ssh-ed25519 AAAA me@host");
	strv_push(&sample->addresses, "192.168.86.53/24");
	strv_push(&sample->dns, "192.168.86.1");
	strv_push(&sample->search, "lan.example");
	sample->nics[0] = (struct seed_nic){
		.mac = "52:54:00:12:34:56",
		.addresses = &sample->addresses,
		.gateway = "192.168.86.1",
		.dns = &sample->dns,
		.search = &sample->search,
	};
	sample->spec = (struct seed_spec){
		.hostname = "web1",
		.instance_id = "iid-1",
		.ssh_keys = &sample->keys,
		.host_key_private = PRIVATE_KEY,
		.host_key_public = "ssh-ed25519 BBBB",
		.timezone = "Europe/Vienna",
		.ready_nonce = "0a1b2c",
		.nics = sample->nics,
		.n_nics = 1,
	};
}

static void sample_done(struct sample *sample)
{
	strv_done(&sample->keys);
	strv_done(&sample->addresses);
	strv_done(&sample->dns);
	strv_done(&sample->search);
	seed_documents_done(&sample->documents);
}

static void build(struct sample *sample)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(seed_build(&sample->spec, &sample->documents, &err), err);
}

static void assert_has(const struct buf *document, const char *words)
{
	ck_assert_msg(strstr(buf_str(document), words) != NULL, "no '%s' in:\n%s", words,
		      buf_str(document));
}

static void assert_lacks(const struct buf *document, const char *words)
{
	ck_assert_msg(strstr(buf_str(document), words) == NULL, "'%s' in:\n%s", words,
		      buf_str(document));
}

/* Refused with these words, and what documents held before is still there. */
static void assert_refused_with(struct sample *sample, int code, const char *words)
{
	struct error err = ERROR_INIT;

	buf_clear(&sample->documents.user_data);
	buf_puts(&sample->documents.user_data, "before");
	suite_assert_error(seed_build(&sample->spec, &sample->documents, &err), err, code,
			   ERROR_USAGE);
	ck_assert_msg(strstr(err.message, words) != NULL, "'%s' not in: %s", words, err.message);
	ck_assert_str_eq(buf_str(&sample->documents.user_data), "before");
	ck_assert_ptr_null(sample->documents.network_config.data);
}

static void assert_refused(struct sample *sample, const char *words)
{
	assert_refused_with(sample, EINVAL, words);
}

START_TEST(network_config_in_words_that_all_renderers_know)
{
	static const char expected[] = "version: 2\n"
				       "ethernets:\n"
				       "  lan0:\n"
				       "    match:\n"
				       "      macaddress: \"52:54:00:12:34:56\"\n"
				       "    addresses:\n"
				       "    - \"192.168.86.53/24\"\n"
				       "    routes:\n"
				       "    - to: \"0.0.0.0/0\"\n"
				       "      via: \"192.168.86.1\"\n"
				       "    nameservers:\n"
				       "      addresses:\n"
				       "      - \"192.168.86.1\"\n"
				       "      search:\n"
				       "      - \"lan.example\"\n";
	struct sample sample;

	sample_make(&sample);
	build(&sample);
	ck_assert_str_eq(buf_str(&sample.documents.network_config), expected);
	sample_done(&sample);
}
END_TEST

START_TEST(three_kinds_of_interfaces)
{
	static const char expected[] = "version: 2\n"
				       "ethernets:\n"
				       "  lan0:\n"
				       "    match:\n"
				       "      macaddress: \"52:54:00:12:34:56\"\n"
				       "    dhcp4: true\n"
				       "    mtu: 1400\n"
				       "  lan1:\n"
				       "    match:\n"
				       "      macaddress: \"52:54:00:00:00:02\"\n"
				       "  lan2:\n"
				       "    match:\n"
				       "      macaddress: \"52:54:00:00:00:03\"\n"
				       "    dhcp4: true\n"
				       "    dhcp4-overrides:\n"
				       "      use-routes: false\n"
				       "      route-metric: 4096\n"
				       "    addresses:\n"
				       "    - \"192.168.86.53/24\"\n";
	struct sample sample;

	sample_make(&sample);
	sample.nics[0] = (struct seed_nic){
		.mac = "52:54:00:12:34:56", .mtu = 1400, .dhcp = true, .dhcp_routes = true
	};
	sample.nics[1] = (struct seed_nic){ .mac = "52:54:00:00:00:02", .dhcp_routes = true };
	sample.nics[2] = (struct seed_nic){ .mac = "52:54:00:00:00:03",
					    .dhcp = true,
					    .addresses = &sample.addresses };
	sample.spec.n_nics = 3;
	build(&sample);
	ck_assert_str_eq(buf_str(&sample.documents.network_config), expected);
	sample_done(&sample);
}
END_TEST

/* In any order, IPv4 comes first. */
START_TEST(addresses_and_routes_of_both_families)
{
	struct sample sample;

	sample_make(&sample);
	strv_clear(&sample.addresses);
	strv_push(&sample.addresses, "2001:db8::5/64");
	strv_push(&sample.addresses, "192.168.86.53/24");
	strv_push(&sample.addresses, "fe80::5/64");
	strv_push(&sample.addresses, "10.0.0.5/8");
	sample.nics[0].gateway6 = "fe80::1";
	build(&sample);
	assert_has(&sample.documents.network_config, "    addresses:\n"
						     "    - \"192.168.86.53/24\"\n"
						     "    - \"10.0.0.5/8\"\n"
						     "    - \"2001:db8::5/64\"\n"
						     "    - \"fe80::5/64\"\n"
						     "    routes:\n"
						     "    - to: \"0.0.0.0/0\"\n"
						     "      via: \"192.168.86.1\"\n"
						     "    - to: \"::/0\"\n"
						     "      via: \"fe80::1\"\n");
	assert_lacks(&sample.documents.network_config, "gateway");
	sample.nics[0].gateway = NULL;
	build(&sample);
	assert_has(&sample.documents.network_config,
		   "    routes:\n    - to: \"::/0\"\n      via: \"fe80::1\"\n");
	assert_lacks(&sample.documents.network_config, "0.0.0.0/0");
	sample.nics[0].gateway6 = NULL;
	build(&sample);
	assert_lacks(&sample.documents.network_config, "routes");
	sample_done(&sample);
}
END_TEST

/* eni needs the key, and takes it only with an address. */
START_TEST(alpine_and_nuageinit_have_gateway6)
{
	struct sample sample;

	sample_make(&sample);
	strv_push(&sample.addresses, "2001:db8::5/64");
	sample.nics[0].gateway6 = "2001:db8::1";
	sample.spec.profile = SEED_PROFILE_ALPINE;
	build(&sample);
	assert_has(&sample.documents.network_config,
		   "    gateway6: \"2001:db8::1\"\n    routes:\n    - to: \"0.0.0.0/0\"\n");
	assert_lacks(&sample.documents.network_config, "::/0");
	assert_lacks(&sample.documents.network_config, "gateway4");
	sample.spec.profile = SEED_PROFILE_NUAGEINIT;
	build(&sample);
	assert_has(&sample.documents.network_config,
		   "    gateway4: \"192.168.86.1\"\n    gateway6: \"2001:db8::1\"\n");
	assert_lacks(&sample.documents.network_config, "routes");
	strv_clear(&sample.addresses);
	sample.nics[0].dhcp = true;
	sample.nics[0].dhcp_routes = true;
	sample.nics[0].gateway = NULL;
	sample.spec.profile = SEED_PROFILE_ALPINE;
	build(&sample);
	assert_has(&sample.documents.network_config, "to: \"::/0\"");
	assert_lacks(&sample.documents.network_config, "gateway6");
	assert_lacks(&sample.documents.network_config, "addresses");
	sample_done(&sample);
}
END_TEST

START_TEST(eight_interfaces)
{
	struct sample sample;

	sample_make(&sample);
	for (unsigned int i = 1; i < ARRAY_SIZE(sample.nics); i++) {
		sample.nics[i] = sample.nics[0];
		sample.nics[i].gateway = NULL;
	}
	sample.spec.n_nics = ARRAY_SIZE(sample.nics);
	build(&sample);
	ck_assert_uint_eq(ARRAY_SIZE(sample.nics), 8);
	for (unsigned int i = 0; i < 8; i++) {
		AUTO_FREE char *id = xasprintf("\n  lan%u:\n", i);

		assert_has(&sample.documents.network_config, id);
	}
	assert_lacks(&sample.documents.network_config, "lan8");
	/* once for all of them */
	sample.spec.profile = SEED_PROFILE_ALPINE;
	build(&sample);
	assert_has(&sample.documents.user_data, "  nameservers:\n"
						"  - \"192.168.86.1\"\n"
						"  searchdomains:\n"
						"  - \"lan.example\"\n");
	assert_lacks(&sample.documents.user_data, "192.168.86.1\"\n  - \"192.168.86.1");
	sample_done(&sample);
}
END_TEST

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

START_TEST(alpine_has_its_name_servers_elsewhere)
{
	struct sample sample;

	sample_make(&sample);
	sample.spec.profile = SEED_PROFILE_ALPINE;
	build(&sample);
	assert_lacks(&sample.documents.network_config, "nameservers");
	assert_has(&sample.documents.network_config, "to: \"0.0.0.0/0\"");
	assert_has(&sample.documents.user_data, "\nmanage_resolv_conf: true\n"
						"resolv_conf:\n"
						"  nameservers:\n"
						"  - \"192.168.86.1\"\n"
						"  searchdomains:\n"
						"  - \"lan.example\"\n");
	sample_done(&sample);
}
END_TEST

START_TEST(nuageinit_gets_gateway4_and_a_user_without_password)
{
	struct sample sample;

	sample_make(&sample);
	sample.spec.profile = SEED_PROFILE_NUAGEINIT;
	build(&sample);
	assert_has(&sample.documents.network_config, "    gateway4: \"192.168.86.1\"\n");
	assert_lacks(&sample.documents.network_config, "routes");
	assert_has(&sample.documents.user_data, "\nusers:\n"
						"- name: \"freebsd\"\n"
						"  groups: \"wheel\"\n"
						"  shell: \"/bin/sh\"\n"
						"  lock_passwd: true\n"
						"  ssh_authorized_keys:\n"
						"  - \"ssh-ed25519 AAAA me@host\"\n");
	/* "default" or keys at the top make nuageinit add its own user */
	assert_lacks(&sample.documents.user_data, "default");
	assert_lacks(&sample.documents.user_data, "\nssh_authorized_keys");
	sample_done(&sample);
}
END_TEST

/* The last address of a family is the guest's, and an MTU breaks the line of DHCP. */
START_TEST(nuageinit_keeps_the_first_address)
{
	struct sample sample;

	sample_make(&sample);
	strv_push(&sample.addresses, "192.168.86.54/24");
	strv_push(&sample.addresses, "2001:db8::5/64");
	strv_push(&sample.addresses, "2001:db8::6/64");
	sample.nics[0].mtu = 1400;
	sample.spec.profile = SEED_PROFILE_NUAGEINIT;
	build(&sample);
	assert_has(&sample.documents.network_config, "    addresses:\n"
						     "    - \"192.168.86.54/24\"\n"
						     "    - \"192.168.86.53/24\"\n"
						     "    - \"2001:db8::6/64\"\n"
						     "    - \"2001:db8::5/64\"\n");
	assert_has(&sample.documents.network_config, "    mtu: 1400\n");
	sample.nics[0].dhcp = true;
	build(&sample);
	assert_lacks(&sample.documents.network_config, "mtu");
	sample.spec.profile = SEED_PROFILE_ALPINE;
	build(&sample);
	assert_has(&sample.documents.network_config, "    mtu: 1400\n");
	sample_done(&sample);
}
END_TEST

START_TEST(an_admins_network_config_goes_in_unchanged)
{
	static const char *const good[] = {
		"version: 1\nconfig: []\n",
		"version: 2\nethernets: {}\n",
		"# mine\nnetwork:\n  version: 2\n  renderer: networkd\n",
		"{\"version\": 2, \"ethernets\": {}}",
		"---\nnetwork: {version: 1, config: disabled}\n...\n",
		"network: &n {version: 2}\nother: *n\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.network_config = good[i];
		build(&sample);
		ck_assert_str_eq(buf_str(&sample.documents.network_config), good[i]);
		sample_done(&sample);
	}
}
END_TEST

START_TEST(a_network_config_that_cloud_init_would_drop)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "no mapping" },
		{ "\n# nothing\n", "no mapping" },
		{ "version", "no mapping" },
		{ "- version: 2\n", "no mapping" },
		{ "ethernets: {}\n", "no 'version" },
		{ "version: 3\n", "no 'version" },
		{ "version: 0\n", "no 'version" },
		{ "version: 22\n", "no 'version" },
		{ "version:\n", "no 'version" },
		{ "version: \"2\"\n", "no 'version" },
		{ "version: '1'\n", "no 'version" },
		{ "version: 2.0\n", "no 'version" },
		{ "version: [2]\n", "no 'version" },
		{ "version: 2\nversion: 3\n", "no 'version" },
		{ "Version: 2\n", "no 'version" },
		{ "network: 2\n", "no 'version" },
		{ "network: {ethernets: {}}\nversion: 2\n", "no 'version" },
		{ "network: [version, 2]\n", "no 'version" },
		{ "version: 2\nethernets: {\n", "line 3: " },
		{ "version: 2\n\tethernets: {}\n", "line 2: " },
		{ "version: *two\n", "no 'version" },
		{ "a: {version: 2}\n", "no 'version" },
		{ "- network: {version: 2}\n", "no mapping" },
		{ "[network]: {version: 2}\n", "no 'version" },
		{ "a: {network: {version: 2}}\n", "no 'version" },
		{ "version: 2\n---\nversion: 2\n", "more than one" },
		{ "version: 2\n---\n}", "more than one" },
		{ "version: 2 # \x01\n", "line " },
		{ "version: 2 # \xff\n", "line " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample sample;

		sample_make(&sample);
		sample.spec.network_config = bad[i].text;
		assert_refused(&sample, bad[i].words);
		sample_done(&sample);
	}
}
END_TEST

/* Each of these takes libyaml's composer minutes. */
START_TEST(yaml_that_takes_no_end)
{
	enum { SIZE = 3 << 20 };
	struct sample sample;
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, "version: ");
	memset(buf_reserve(&text, SIZE), '[', SIZE);
	text.len += SIZE;
	sample_make(&sample);
	sample.spec.network_config = text.data;
	assert_refused(&sample, "nested too deeply");

	buf_clear(&text);
	buf_puts(&text, "version: 3\nanchors:\n");
	for (unsigned int i = 0; text.len < SIZE; i++)
		buf_printf(&text, "- &a%u\n", i);
	sample.spec.network_config = text.data;
	assert_refused(&sample, "no 'version");
	sample_done(&sample);
}
END_TEST

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
	TCase *merges = tcase_create("merges");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(builds, network_config_in_words_that_all_renderers_know);
	tcase_add_test(builds, three_kinds_of_interfaces);
	tcase_add_test(builds, addresses_and_routes_of_both_families);
	tcase_add_test(builds, alpine_and_nuageinit_have_gateway6);
	tcase_add_test(builds, eight_interfaces);
	tcase_add_test(builds, no_password_and_no_way_in_but_the_key);
	tcase_add_test(builds, keys_are_in_both_documents);
	tcase_add_test(builds, without_a_host_key_one_is_made);
	tcase_add_test(builds, ready_message);
	tcase_add_test(builds, alpine_has_its_name_servers_elsewhere);
	tcase_add_test(builds, nuageinit_gets_gateway4_and_a_user_without_password);
	tcase_add_test(builds, nuageinit_keeps_the_first_address);
	tcase_add_test(builds, users_that_useradd_takes);
	suite_add_tcase(s, builds);
	tcase_add_test(merges, an_admins_network_config_goes_in_unchanged);
	tcase_add_test(merges, user_data_gets_its_content_type);
	tcase_add_test(merges, the_boundary_occurs_in_no_part);
	tcase_add_test(merges, what_is_not_ascii_goes_out_in_base64);
	tcase_add_test(merges, a_mime_message_keeps_its_headers);
	suite_add_tcase(s, merges);
	tcase_add_test(refuses, a_network_config_that_cloud_init_would_drop);
	tcase_add_test(refuses, yaml_that_takes_no_end);
	tcase_add_test(refuses, user_data_of_no_known_format);
	tcase_add_test(refuses, cloud_config_that_cannot_be_merged);
	tcase_add_test(refuses, users_that_useradd_would_not_take);
	tcase_add_test(refuses, incomplete_specifications);
	tcase_add_test(refuses, a_nonce_that_cloud_init_would_expand);
	tcase_add_test(refuses, control_characters_in_any_text);
	tcase_add_test(refuses, user_data_that_nuageinit_would_not_read);
	tcase_add_test(refuses, oversized_documents);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
