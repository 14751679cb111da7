/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network-config: of NICs for each profile's renderers, or an administrator's own. */
#include <string.h>

#include "base/alloc.h"
#include "seed_sample.h"

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

static Suite *suite(void)
{
	Suite *s = suite_create("seed_network");
	TCase *builds = tcase_create("builds");
	TCase *merges = tcase_create("merges");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(builds, network_config_in_words_that_all_renderers_know);
	tcase_add_test(builds, three_kinds_of_interfaces);
	tcase_add_test(builds, addresses_and_routes_of_both_families);
	tcase_add_test(builds, alpine_and_nuageinit_have_gateway6);
	tcase_add_test(builds, eight_interfaces);
	tcase_add_test(builds, alpine_has_its_name_servers_elsewhere);
	tcase_add_test(builds, nuageinit_gets_gateway4_and_a_user_without_password);
	tcase_add_test(builds, nuageinit_keeps_the_first_address);
	suite_add_tcase(s, builds);
	tcase_add_test(merges, an_admins_network_config_goes_in_unchanged);
	suite_add_tcase(s, merges);
	tcase_add_test(refuses, a_network_config_that_cloud_init_would_drop);
	tcase_add_test(refuses, yaml_that_takes_no_end);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
