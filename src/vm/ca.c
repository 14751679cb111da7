/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may sign the certificate of a server. */
#include "ca.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt", /* Fedora and its kin */
	"/etc/ssl/ca-bundle.pem", /* openSUSE */
	"/etc/ssl/cert.pem", /* Alpine without the package */
};

/* PEM (RFC 7468): "CERTIFICATE", or "TRUSTED CERTIFICATE" as OpenSSL has it. */
static int check(const char *path, const struct buf *pem, struct error *err)
{
	if (strstr(buf_str(pem), "CERTIFICATE-----"))
		return 0;
	return error_set(err, ERROR_HOST, EBADMSG, "read '%s': it holds no certificate (PEM)",
			 path);
}

static int read_given(const char *path, struct buf *ret, struct error *err)
{
	AUTO_BUF pem = BUF_INIT;
	int r = file_read_path(path, CA_BYTES_MAX, &pem, err);

	if (r == 0)
		r = check(path, &pem, err);
	if (r < 0) {
		error_kind(err, ERROR_HOST);
		return error_hint(err, "ca_file in mnmivm-se.conf names the file of certificates");
	}
	buf_clear(ret);
	buf_add(ret, pem.data, pem.len);
	return 0;
}

int ca_read(const char *file, struct buf *ret, struct error *err)
{
	static const char hint[] = "apt-get install ca-certificates (Alpine: apk add "
				   "ca-certificates), or set ca_file in mnmivm-se.conf";
	int r = -ENOENT;

	if (file)
		return read_given(file, ret, err);
	for (size_t i = 0; i < ARRAY_SIZE(bundles) && r == -ENOENT; i++) {
		r = read_given(bundles[i], ret, err);
		if (!r)
			return 0;
	}
	if (r == -ENOENT)
		error_set(err, ERROR_HOST, ENOENT,
			  "find who may sign a server's certificate: no bundle of them is here");
	return error_hint(err, "%s", hint);
}
