/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the kernel and what it answers. */
#include "netlink_batch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/privilege.h"

enum {
	DATAGRAM_MAX = 32768, /* what the kernel makes at most of a dump's part */
	DUMP_ATTEMPTS = 4,
};

struct nl_msg *netlink_discard(struct nl_msg *msg)
{
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0)
		return netlink_discard(msg);
	return msg;
}

void netlink_batch_done(struct netlink_batch *batch)
{
	for (unsigned int i = 0; i < batch->n; i++) {
		nlmsg_free(batch->step[i].msg);
		free(batch->step[i].what);
	}
	*batch = (struct netlink_batch){ 0 };
}

void netlink_batch_add(struct netlink_batch *batch, struct nl_msg *msg, char *what)
{
	if (batch->n == NETLINK_STEPS_MAX) {
		/* one step less would be a silent change of meaning: spoil the whole batch */
		netlink_discard(batch->step[0].msg);
		batch->step[0].msg = netlink_discard(msg);
		free(what);
		return;
	}
	batch->step[batch->n++] = (struct netlink_step){ msg, what };
}

const struct nlmsghdr *netlink_reply(const struct buf *reply)
{
	return (const void *)reply->data;
}

/* The kernel carries a request out, and looks at the sender's capabilities, before this returns. */
static int send_privileged(int fd, const struct msghdr *header)
{
	AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));

	return sendmsg(fd, header, 0) < 0 ? -errno : 0;
}

static int send_steps(struct nl_sock *sock, struct netlink_batch *batch, struct error *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec iov[NETLINK_STEPS_MAX];
	struct msghdr header = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = iov,
		.msg_iovlen = batch->n,
	};
	int r;

	for (unsigned int i = 0; i < batch->n; i++) {
		struct netlink_step *step = &batch->step[i];

		if (!step->msg)
			return error_errno(err, ENOMEM, "%s", step->what);
		nl_complete_msg(sock, step->msg);
		iov[i].iov_base = nlmsg_hdr(step->msg);
		iov[i].iov_len = NLMSG_ALIGN(nlmsg_hdr(step->msg)->nlmsg_len);
	}
	r = send_privileged(nl_socket_get_fd(sock), &header);
	return r < 0 ? error_errno(err, -r, "%s: send the request", batch->step[0].what) : 0;
}

/* One datagram of the kernel's; others that may write to a netlink socket are not heard. */
static int receive(struct nl_sock *sock, struct buf *in, const char *what, struct error *err)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_len = DATAGRAM_MAX };
	struct msghdr header = { .msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	buf_clear(in);
	iov.iov_base = buf_reserve(in, DATAGRAM_MAX);
	do {
		header.msg_namelen = sizeof(from);
		n = recvmsg(nl_socket_get_fd(sock), &header, 0);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "%s: the kernel gave no answer",
				 what);
	if (n < 0)
		return error_errno(err, errno, "%s: receive the answer", what);
	if (header.msg_flags & MSG_TRUNC)
		return error_errno(err, EMSGSIZE, "%s: receive the answer", what);
	in->len = (size_t)n;
	return 0;
}

/* The kernel's explanation of an error: NLMSGERR_ATTR_MSG behind the capped request. */
static const char *extended_ack(struct nlmsghdr *answer)
{
	static struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_NUL_STRING },
	};
	struct nlattr *attr[NLMSGERR_ATTR_MAX + 1];
	const int capped = NLM_F_CAPPED | NLM_F_ACK_TLVS;

	if ((answer->nlmsg_flags & capped) != capped)
		return NULL;
	if (nlmsg_parse(answer, sizeof(struct nlmsgerr), attr, NLMSGERR_ATTR_MAX, policy) < 0)
		return NULL;
	return attr[NLMSGERR_ATTR_MSG] ? nla_get_string(attr[NLMSGERR_ATTR_MSG]) : NULL;
}

/* The errno (positive) that an NLMSG_ERROR carries; 0 for an acknowledgement. */
static int answer_errno(struct nlmsghdr *answer)
{
	const struct nlmsgerr *status = nlmsg_data(answer);

	return nlmsg_datalen(answer) < (int)sizeof(*status) ? EBADMSG : -status->error;
}

static int refused(struct nlmsghdr *answer, const char *what, struct error *err)
{
	const char *text = extended_ack(answer);
	int code = answer_errno(answer);

	if (code == EPERM && !text)
		return privilege_refused(PRIVILEGE_NET_ADMIN, what, err);
	return text ? error_errno(err, code, "%s: %s", what, text)
		    : error_errno(err, code, "%s", what);
}

/* Hand every message that arrives to take() until it says 1 (the end, 0 is returned) or -errno. */
static int read_answers(struct nl_sock *sock, const char *what,
			int (*take)(struct nlmsghdr *answer, void *arg, struct error *err),
			void *arg, struct error *err)
{
	AUTO_BUF in = BUF_INIT;

	for (;;) {
		int r = receive(sock, &in, what, err);
		struct nlmsghdr *answer = (void *)in.data;
		int left = (int)in.len;

		if (r < 0)
			return r;
		for (; nlmsg_ok(answer, left); answer = nlmsg_next(answer, &left)) {
			r = take(answer, arg, err);
			if (r)
				return r < 0 ? r : 0;
		}
	}
}

struct batch_answers {
	struct netlink_batch *batch;
	struct buf *reply;
};

/* The first refusal is the cause; those after it are mostly its consequences. */
static int take_answer(struct nlmsghdr *answer, void *arg, struct error *err)
{
	struct batch_answers *answers = arg;
	struct netlink_batch *batch = answers->batch;
	unsigned int first = nlmsg_hdr(batch->step[0].msg)->nlmsg_seq;
	unsigned int i = answer->nlmsg_seq - first;

	if (i >= batch->n)
		return 0; /* late, for a request that was given up */
	if (answer->nlmsg_type == NLMSG_ERROR && answer_errno(answer) &&
	    batch->failed == batch->n) {
		batch->failed = i;
		refused(answer, batch->step[i].what, err);
	}
	if (i < batch->n - 1)
		return 0;
	if (batch->failed < batch->n)
		return -err->code;
	buf_clear(answers->reply);
	buf_add(answers->reply, answer, answer->nlmsg_len);
	return 1;
}

int netlink_batch_send(struct nl_sock *sock, struct netlink_batch *batch, struct buf *ret_reply,
		       struct error *err)
{
	struct batch_answers answers = { batch, ret_reply };
	int r;

	batch->failed = batch->n;
	r = send_steps(sock, batch, err);
	if (r < 0)
		return r;
	return read_answers(sock, batch->step[batch->n - 1].what, take_answer, &answers, err);
}

int netlink_request(struct nl_sock *sock, struct nl_msg *msg, const char *what,
		    struct buf *ret_reply, struct error *err)
{
	AUTO_BATCH batch = { 0 };

	netlink_batch_add(&batch, msg, xstrdup(what));
	return netlink_batch_send(sock, &batch, ret_reply, err);
}

struct dump {
	const char *what;
	uint32_t seq;
	void (*each)(const struct nlmsghdr *entry, void *arg);
	void *arg;
	bool interrupted;
};

static int take_entry(struct nlmsghdr *entry, void *arg, struct error *err)
{
	struct dump *dump = arg;
	int status = 0;

	if (entry->nlmsg_seq != dump->seq)
		return 0;
	dump->interrupted |= !!(entry->nlmsg_flags & NLM_F_DUMP_INTR);
	if (entry->nlmsg_type == NLMSG_ERROR)
		return answer_errno(entry) ? refused(entry, dump->what, err) : 1;
	if (entry->nlmsg_type != NLMSG_DONE) {
		dump->each(entry, dump->arg);
		return 0;
	}

	/* a dump that broke off says so at its end, as a negative int */
	if (nlmsg_datalen(entry) >= (int)sizeof(status))
		memcpy(&status, nlmsg_data(entry), sizeof(status));
	return status < 0 ? error_errno(err, -status, "%s", dump->what) : 1;
}

int netlink_dump(struct nl_sock *sock, struct nl_msg *msg, const char *what,
		 void (*each)(const struct nlmsghdr *entry, void *arg), void *arg,
		 struct error *err)
{
	struct dump dump = { .what = what, .each = each, .arg = arg };
	AUTO_BATCH batch = { 0 };

	netlink_batch_add(&batch, msg, xstrdup(what));
	for (int i = 0; i < DUMP_ATTEMPTS; i++) {
		int r = send_steps(sock, &batch, err);

		if (r < 0)
			return r;
		dump.seq = nlmsg_hdr(msg)->nlmsg_seq;
		dump.interrupted = false;
		r = read_answers(sock, what, take_entry, &dump, err);
		if (r < 0 || !dump.interrupted)
			return r;
		nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	}
	return error_errno(err, EAGAIN, "%s: it kept changing", what);
}
