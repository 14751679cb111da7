/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base chains of nf_tables. */
#include "net/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "netlink_batch.h"
#include "ports_read.h"

enum { RECEIVE_TIMEOUT_S = 5 };

static const struct {
	uint8_t protocol;
	const char *word;
} families[] = {
	[NETFILTER_IPV4] = { NFPROTO_IPV4, "ip" },
	[NETFILTER_IPV6] = { NFPROTO_IPV6, "ip6" },
	[NETFILTER_INET] = { NFPROTO_INET, "inet" },
	[NETFILTER_ARP] = { NFPROTO_ARP, "arp" },
	[NETFILTER_BRIDGE] = { NFPROTO_BRIDGE, "bridge" },
};

const char *netfilter_family_word(enum netfilter_family family)
{
	return families[family].word;
}

/* The hook "forward" has one number in all of these families. */
_Static_assert(NF_INET_FORWARD == 2, "as NF_BR_FORWARD and NF_ARP_FORWARD");

static bool is_forward(struct nlattr *hook)
{
	struct nlattr *attr[NFTA_HOOK_MAX + 1];

	return hook && nla_parse_nested(attr, NFTA_HOOK_MAX, hook, NULL) == 0 &&
	       attr[NFTA_HOOK_HOOKNUM] && nla_len(attr[NFTA_HOOK_HOOKNUM]) == sizeof(uint32_t) &&
	       ntohl(nla_get_u32(attr[NFTA_HOOK_HOOKNUM])) == NF_INET_FORWARD;
}

static bool drops(struct nlattr *policy)
{
	return policy && nla_len(policy) == sizeof(uint32_t) &&
	       ntohl(nla_get_u32(policy)) == NF_DROP;
}

static void take_chain(const struct nlmsghdr *entry, void *arg)
{
	static struct nla_policy policy[NFTA_CHAIN_MAX + 1] = {
		[NFTA_CHAIN_TABLE] = { .type = NLA_NUL_STRING, .maxlen = NETFILTER_NAME_MAX },
		[NFTA_CHAIN_NAME] = { .type = NLA_NUL_STRING, .maxlen = NETFILTER_NAME_MAX },
	};
	struct nlmsghdr *message = (void *)(uintptr_t)entry;
	struct nlattr *attr[NFTA_CHAIN_MAX + 1];
	const struct nfgenmsg *header = nlmsg_data(message);
	struct dump_list *list = arg;
	struct netfilter_chain *chain;

	if (dump_list_begins(list, entry))
		list->n = 0;
	if (entry->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) ||
	    nlmsg_parse(message, sizeof(*header), attr, NFTA_CHAIN_MAX, policy) < 0 ||
	    !attr[NFTA_CHAIN_TABLE] || !attr[NFTA_CHAIN_NAME] ||
	    !is_forward(attr[NFTA_CHAIN_HOOK]) || !drops(attr[NFTA_CHAIN_POLICY]))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (header->nfgen_family != families[i].protocol)
			continue;
		chain = dump_list_add(list, sizeof(*chain));
		chain->family = (enum netfilter_family)i;
		nla_strlcpy(chain->table, attr[NFTA_CHAIN_TABLE], sizeof(chain->table));
		nla_strlcpy(chain->chain, attr[NFTA_CHAIN_NAME], sizeof(chain->chain));
	}
}

static int netfilter_open(struct nl_sock **ret, struct error *err)
{
	const struct timeval timeout = { .tv_sec = RECEIVE_TIMEOUT_S };
	AUTO_NETLINK *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return error_errno(err, ENOMEM, "open a netfilter socket");
	r = nl_connect(sock, NETLINK_NETFILTER);
	if (r < 0)
		return error_set(err, ERROR_FAILED, EPROTONOSUPPORT, "open a netfilter socket: %s",
				 nl_geterror(r));
	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) <
	    0)
		return error_errno(err, errno, "set the timeout of the netfilter socket");
	nl_socket_disable_auto_ack(sock);
	*ret = ptr_steal(&sock);
	return 0;
}

int netfilter_forward_drops(struct netfilter_chain **ret, size_t *ret_n, struct error *err)
{
	const struct nfgenmsg header = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	struct dump_list list = { .v = NULL };
	struct error attempt = ERROR_INIT;
	AUTO_NETLINK *sock = NULL;
	int r = netfilter_open(&sock, &attempt);

	if (!r)
		r = netlink_dump(sock,
				 netlink_message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
						 NLM_F_DUMP, &header, sizeof(header)),
				 "list the chains of nf_tables", take_chain, &list, &attempt);
	/* neither nfnetlink nor its part for nf_tables need be there */
	if (r < 0 && r != -EPROTONOSUPPORT && r != -EINVAL && r != -EOPNOTSUPP) {
		free(list.v);
		*err = attempt;
		return r;
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}
