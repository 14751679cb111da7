/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pull wants of this host. */
#include "vm/pull_needs.h"

#include "fetch/digest.h"
#include "fetch/http.h"
#include "fetch/unpack.h"
#include "ca.h"

const char *const vm_pull_need_words[] = { "libcurl", "libcrypto", "libarchive", "certificates",
					   NULL };

static int check_libcrypto(struct error *err)
{
	struct digest_stream *stream = NULL;
	int r = digest_stream_new(DIGEST_SHA256, &stream, err);

	digest_stream_free(stream);
	return r;
}

static int check_certificates(const struct vm_host *host, struct error *err)
{
	AUTO_BUF pem = BUF_INIT;

	return ca_read(host->config.ca_file, &pem, err);
}

int vm_pull_need_check(const struct vm_host *host, enum vm_pull_need need, struct error *err)
{
	switch (need) {
	case VM_PULL_LIBCURL:
		return http_prepare(err);
	case VM_PULL_LIBCRYPTO:
		return check_libcrypto(err);
	case VM_PULL_LIBARCHIVE:
		return unpack_prepare(err);
	default:
		return check_certificates(host, err);
	}
}
