/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nft and iptables-legacy set, as it is read back without them. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "net/netfilter.h"
#include "netns.h"
#include "suite.h"

/* The chains as "family table chain", sorted, one a line. */
static char *drops(void)
{
	AUTO_FREE struct netfilter_chain *chains = NULL;
	AUTO_STRV lines = STRV_INIT;
	struct error err = ERROR_INIT;
	size_t n;

	suite_assert_ok(netfilter_forward_drops(&chains, &n, &err), err);
	for (size_t i = 0; i < n; i++)
		strv_pushf(&lines, "%s %s %s", netfilter_family_word(chains[i].family),
			   chains[i].table, chains[i].chain);
	if (lines.n)
		strv_sort(&lines);
	return strv_join(&lines, "\n");
}

static void check_drops(const char *expected)
{
	AUTO_FREE char *found = drops();

	ck_assert_str_eq(found, expected);
}

static enum xtables_policy policy(int family)
{
	enum xtables_policy policy = XTABLES_NONE;
	struct error err = ERROR_INIT;

	suite_assert_ok(xtables_forward_policy(family, &policy, &err), err);
	return policy;
}

static void chain(const char *family, const char *hook, const char *policy)
{
	netns_run("nft add table %s t", family);
	netns_run("nft \"add chain %s t %s-%s { type filter hook %s priority 0; policy %s; }\"",
		  family, hook, policy, hook, policy);
}

START_TEST(nothing_drops_in_a_new_namespace)
{
	int fds = suite_count_fds();

	check_drops("");
	ck_assert_int_eq(policy(AF_INET), XTABLES_NONE);
	ck_assert_int_eq(policy(AF_INET6), XTABLES_NONE);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(other_hooks_and_policies_do_not_count)
{
	chain("inet", "input", "drop");
	chain("inet", "output", "drop");
	chain("ip", "prerouting", "drop");
	chain("ip", "forward", "accept");
	netns_run("nft 'add chain ip t plain'");
	netns_run("nft 'add rule ip t forward-accept drop'");
	check_drops("");
}
END_TEST

START_TEST(every_family_is_told)
{
	static const char *const families[] = { "ip", "ip6", "inet", "bridge" };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		chain(families[i], "forward", "drop");
	check_drops("bridge t forward-drop\ninet t forward-drop\nip t forward-drop\n"
		    "ip6 t forward-drop");
	netns_run("nft \"chain inet t forward-drop { policy accept; }\"");
	netns_run("nft delete table bridge t");
	check_drops("ip t forward-drop\nip6 t forward-drop");
}
END_TEST

START_TEST(many_chains_are_all_told)
{
	AUTO_FREE char *found = NULL;
	size_t lines = 1;

	netns_run("nft add table ip t");
	netns_run("for i in $(seq 500); do echo \"add chain ip t c$i { type filter hook forward "
		  "priority $i; policy drop; }\"; done | nft -f -");
	found = drops();
	for (const char *c = found; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 500);
}
END_TEST

START_TEST(iptables_nft_is_nf_tables)
{
	netns_run("iptables-nft -P FORWARD DROP");
	netns_run("ip6tables-nft -P FORWARD DROP");
	check_drops("ip filter FORWARD\nip6 filter FORWARD");
	ck_assert_int_eq(policy(AF_INET), XTABLES_NONE);
	netns_run("iptables-nft -P FORWARD ACCEPT");
	check_drops("ip6 filter FORWARD");
}
END_TEST

START_TEST(iptables_legacy_is_read_from_its_table)
{
	netns_run("iptables-legacy -P FORWARD DROP");
	ck_assert_int_eq(policy(AF_INET), XTABLES_DROP);
	ck_assert_int_eq(policy(AF_INET6), XTABLES_NONE);
	netns_run("ip6tables-legacy -P INPUT DROP");
	ck_assert_int_eq(policy(AF_INET6), XTABLES_ACCEPT);
	netns_run("ip6tables-legacy -P FORWARD DROP");
	ck_assert_int_eq(policy(AF_INET6), XTABLES_DROP);
	netns_run("iptables-legacy -P FORWARD ACCEPT");
	ck_assert_int_eq(policy(AF_INET), XTABLES_ACCEPT);
	check_drops("");
}
END_TEST

/* The policy stands behind all rules of its chain, wherever that is in the table. */
START_TEST(rules_of_iptables_legacy_do_not_confuse)
{
	netns_run("iptables-legacy -P FORWARD DROP");
	netns_run("iptables-legacy -N DOCKER");
	netns_run("{ echo '*filter'; echo ':FORWARD DROP'; for i in $(seq 300); do "
		  "echo \"-A INPUT -s 10.0.0.$((i %% 250)) -j ACCEPT\"; "
		  "echo \"-A FORWARD -p tcp --dport $i -j ACCEPT\"; "
		  "echo '-A OUTPUT -j DROP'; done; echo COMMIT; } | iptables-legacy-restore");
	ck_assert_int_eq(policy(AF_INET), XTABLES_DROP);
	netns_run("iptables-legacy -P FORWARD ACCEPT");
	netns_run("iptables-legacy -A FORWARD -j DROP");
	ck_assert_int_eq(policy(AF_INET), XTABLES_ACCEPT);
}
END_TEST

START_TEST(looking_loads_no_table)
{
	AUTO_FREE char *before = netns_text("cat /proc/net/ip_tables_names || true");
	AUTO_FREE char *after = NULL;

	policy(AF_INET);
	after = netns_text("cat /proc/net/ip_tables_names || true");
	ck_assert_str_eq(before, "");
	ck_assert_str_eq(after, "");
}
END_TEST

START_TEST(without_privilege_it_is_refused)
{
	struct netfilter_chain *chains = NULL;
	enum xtables_policy policy = XTABLES_NONE;
	struct error err = ERROR_INIT;
	size_t n = 7;

	netns_run("iptables-legacy -P FORWARD DROP");
	netns_use_capability(CAP_NET_ADMIN, false);
	suite_assert_error(netfilter_forward_drops(&chains, &n, &err), err, EPERM,
			   ERROR_PERMISSION);
	ck_assert_ptr_null(chains);
	ck_assert_uint_eq(n, 7);
	suite_assert_error(xtables_forward_policy(AF_INET, &policy, &err), err, EPERM,
			   ERROR_PERMISSION);
	ck_assert_int_eq(policy, XTABLES_NONE);
	netns_use_capability(CAP_NET_ADMIN, true);
}
END_TEST

static Suite *netfilter_suite(void)
{
	Suite *s = suite_create("netfilter");
	TCase *tc = tcase_create("forward");

	tcase_add_checked_fixture(tc, netns_enter, netns_leave);
	tcase_add_test(tc, nothing_drops_in_a_new_namespace);
	tcase_add_test(tc, other_hooks_and_policies_do_not_count);
	tcase_add_test(tc, every_family_is_told);
	tcase_add_test(tc, many_chains_are_all_told);
	tcase_add_test(tc, iptables_nft_is_nf_tables);
	tcase_add_test(tc, iptables_legacy_is_read_from_its_table);
	tcase_add_test(tc, rules_of_iptables_legacy_do_not_confuse);
	tcase_add_test(tc, looking_loads_no_table);
	tcase_add_test(tc, without_privilege_it_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	const char *missing = netns_missing();

	if (!missing &&
	    system("{ nft --version && iptables-legacy -V && iptables-nft -V; } >/dev/null 2>&1") !=
		    0)
		missing = "needs nft, iptables-legacy and iptables-nft";
	return missing ? suite_skip(missing) : suite_run(netfilter_suite());
}
