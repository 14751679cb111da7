/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM's NICs are in its seed: addresses, and one default route of each family. */
#include <string.h>

#include "base/alloc.h"
#include "../../src/vm/seed_files.h"
#include "suite.h"

static struct suite_tmpdir dir;
static struct host_config host;
static struct vm_config vm;
static struct seed_documents documents;

static void setup(void)
{
	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "pubkey.pub", "ssh-ed25519 AAAA me\n");
	host_config_init(&host);
	vm_config_init(&vm, &host);
	vm.nics[0].mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 1 } };
}

static void teardown(void)
{
	seed_documents_done(&documents);
	documents = (struct seed_documents){ 0 };
	vm_config_done(&vm);
	host_config_done(&host);
	suite_tmpdir_remove(&dir);
}

/* One NIC after the other: first address, further ones, gateways. */
static void nic(unsigned int index, const char *ip, const char *more, const char *gateway,
		const char *gateway6)
{
	const struct {
		const char *key, *value;
	} sets[] = {
		{ "ip", ip }, { "more_ip", more }, { "gateway", gateway }, { "gateway6", gateway6 }
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		AUTO_FREE char *word = xasprintf("nic.%u.%s", index, sets[i].key);

		suite_assert_ok(vm_config_set(&vm, word, sets[i].value, &err), err);
	}
	vm.nics[index].mac = vm.nics[0].mac;
	vm.nics[index].mac.byte[5] = (uint8_t)(1 + index);
}

/* network-config in short: a word for what there is of each NIC. */
static void assert_network(const char *expected)
{
	static const char *const words[] = { "lan",    "use-routes: false", "dhcp4",
					     "- \"",   "to: \"0.0.0.0/0\"", "to: \"::/0\"",
					     "via: \"" };
	static const char *const shown[] = { "| ", "no-routes ", "dhcp ", "", "v4 ", "v6 ", "" };
	struct error err = ERROR_INIT;
	AUTO_BUF found = BUF_INIT;
	const char *at;

	suite_assert_ok(seed_files_documents(dir.fd, "web1", &vm, &host, &documents, &err), err);
	for (at = buf_str(&documents.network_config); *at; at += strcspn(at, "\n") + 1) {
		const char *line = at + strspn(at, " ");

		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			const char *value = strstr(line, words[i]);

			if (!value || value > line + 2 || !strncmp(line, "dhcp4-", 6))
				continue;
			value += strlen(words[i]);
			buf_puts(&found, shown[i]);
			if (!*shown[i])
				buf_printf(&found, "%.*s ", (int)strcspn(value, "\""), value);
		}
	}
	ck_assert_msg(strcmp(buf_str(&found), expected) == 0, "'%s' of:\n%s", buf_str(&found),
		      buf_str(&documents.network_config));
}

START_TEST(test_one_nic)
{
	assert_network("| dhcp ");
	nic(0, "192.0.2.5/24", "", "192.0.2.1", "none");
	assert_network("| 192.0.2.5/24 v4 192.0.2.1 ");
	nic(0, "192.0.2.5/24", "2001:DB8::5/64, 192.0.2.6/32", "192.0.2.1", "fe80::1");
	assert_network("| 192.0.2.5/24 192.0.2.6/32 2001:db8::5/64 v4 192.0.2.1 v6 fe80::1 ");
	nic(0, "2001:db8::5/64", "", "none", "2001:db8::1");
	assert_network("| 2001:db8::5/64 v6 2001:db8::1 ");
	nic(0, "none", "", "none", "none");
	assert_network("| ");
	nic(0, "none", "192.0.2.5/24", "192.0.2.1", "none");
	assert_network("| 192.0.2.5/24 v4 192.0.2.1 ");
}
END_TEST

/* The lease has the default route; the address beside it has none of its own. */
START_TEST(test_dhcp_and_addresses)
{
	nic(0, "dhcp", "192.0.2.5/24, 2001:db8::5/64", "192.0.2.1", "2001:db8::1");
	assert_network("| dhcp 192.0.2.5/24 2001:db8::5/64 v6 2001:db8::1 ");
}
END_TEST

/* The host's own may be of a family that this NIC has no address of. */
START_TEST(test_gateway_out_of_reach)
{
	nic(0, "192.0.2.5/24", "", "192.0.2.1", "2001:db8::1");
	assert_network("| 192.0.2.5/24 v4 192.0.2.1 ");
	nic(0, "2001:db8::5/64", "", "192.0.2.1", "2001:db8::1");
	assert_network("| 2001:db8::5/64 v6 2001:db8::1 ");
	nic(0, "none", "", "192.0.2.1", "fe80::1");
	assert_network("| ");
	nic(0, "dhcp", "", "192.0.2.1", "fe80::1");
	assert_network("| dhcp ");
	/* and does not keep the next NIC from having it */
	nic(0, "192.0.2.5/24", "", "none", "2001:db8::1");
	nic(1, "10.0.0.5/8", "2001:db8:1::5/64", "10.0.0.1", "2001:db8:1::1");
	assert_network("| 192.0.2.5/24 "
		       "| 10.0.0.5/8 2001:db8:1::5/64 v4 10.0.0.1 v6 2001:db8:1::1 ");
}
END_TEST

START_TEST(test_first_nic_has_the_route)
{
	nic(0, "192.0.2.5/24", "", "192.0.2.1", "none");
	nic(1, "10.0.0.5/8", "2001:db8::5/64", "10.0.0.1", "fe80::1");
	nic(2, "dhcp", "2001:db8:2::5/64", "none", "fe80::2");
	assert_network("| 192.0.2.5/24 v4 192.0.2.1 | 10.0.0.5/8 2001:db8::5/64 v6 fe80::1 "
		       "| dhcp no-routes 2001:db8:2::5/64 ");
	nic(0, "192.0.2.5/24", "", "none", "none");
	nic(1, "dhcp", "", "10.0.0.1", "none");
	nic(2, "172.16.0.5/16", "", "172.16.0.1", "none");
	assert_network("| 192.0.2.5/24 | dhcp | 172.16.0.5/16 ");
}
END_TEST

START_TEST(test_eight_nics)
{
	AUTO_BUF expected = BUF_INIT;

	for (unsigned int i = 0; i < VM_NICS_MAX; i++) {
		AUTO_FREE char *ip = xasprintf("10.%u.0.5/16", i);
		AUTO_FREE char *gateway = xasprintf("10.%u.0.1", i);

		nic(i, ip, "", gateway, "none");
		buf_printf(&expected, "| %s %s", ip, i ? "" : "v4 10.0.0.1 ");
	}
	assert_network(buf_str(&expected));
	ck_assert_ptr_nonnull(strstr(buf_str(&documents.network_config), "\"52:54:00:00:00:08\""));
}
END_TEST

/* The profile of vm.conf is the seed's. */
START_TEST(test_profiles)
{
	static const struct {
		enum guest_profile profile;
		const char *network, *not_network, *user_data, *not_user_data;
	} cases[] = {
		{ PROFILE_DEFAULT, "nameservers", "gateway4", "hostname", "resolv_conf" },
		{ PROFILE_ALPINE, "to: \"0.0.0.0/0\"", "nameservers", "resolv_conf", "passwd" },
		{ PROFILE_NUAGEINIT, "gateway4", "to: ", "lock", "resolv_conf" },
	};
	struct error err = ERROR_INIT;

	nic(0, "192.0.2.5/24", "", "192.0.2.1", "none");
	strv_push(&vm.nics[0].dns, "192.0.2.2");
	xreplace(&vm.image.user, "beastie");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *network, *user_data;

		vm.image.profile = cases[i].profile;
		suite_assert_ok(seed_files_documents(dir.fd, "web1", &vm, &host, &documents, &err),
				err);
		network = buf_str(&documents.network_config);
		user_data = buf_str(&documents.user_data);
		ck_assert_msg(strstr(network, cases[i].network) != NULL, "%s", network);
		ck_assert_msg(!strstr(network, cases[i].not_network), "%s", network);
		ck_assert_msg(strstr(user_data, cases[i].user_data) != NULL, "%s", user_data);
		ck_assert_msg(!strstr(user_data, cases[i].not_user_data), "%s", user_data);
		/* nuageinit alone is told who, by name */
		ck_assert_int_eq(strstr(user_data, "name: \"beastie\"") != NULL,
				 cases[i].profile == PROFILE_NUAGEINIT);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_seed_files");
	TCase *tcase = tcase_create("nics");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_one_nic);
	tcase_add_test(tcase, test_dhcp_and_addresses);
	tcase_add_test(tcase, test_gateway_out_of_reach);
	tcase_add_test(tcase, test_first_nic_has_the_route);
	tcase_add_test(tcase, test_eight_nics);
	tcase_add_test(tcase, test_profiles);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
