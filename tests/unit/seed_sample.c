/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A specification of a seed to begin with, and a look at the documents that come of it. */
#include "seed_sample.h"

#include <errno.h>
#include <string.h>

#define PRIVATE_KEY                                                                                \
	"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n"                                  \
	"-----END OPENSSH PRIVATE KEY-----\n"

void sample_make(struct sample *sample)
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

void sample_done(struct sample *sample)
{
	strv_done(&sample->keys);
	strv_done(&sample->addresses);
	strv_done(&sample->dns);
	strv_done(&sample->search);
	seed_documents_done(&sample->documents);
}

void build(struct sample *sample)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(seed_build(&sample->spec, &sample->documents, &err), err);
}

void assert_has(const struct buf *document, const char *words)
{
	ck_assert_msg(strstr(buf_str(document), words) != NULL, "no '%s' in:\n%s", words,
		      buf_str(document));
}

void assert_lacks(const struct buf *document, const char *words)
{
	ck_assert_msg(strstr(buf_str(document), words) == NULL, "'%s' in:\n%s", words,
		      buf_str(document));
}

void assert_refused_with(struct sample *sample, int code, const char *words)
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

void assert_refused(struct sample *sample, const char *words)
{
	assert_refused_with(sample, EINVAL, words);
}
