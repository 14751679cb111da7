/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP signatures of digest files, checked by a confined gpgv. */
#ifndef VM_SIGNATURE_H
#define VM_SIGNATURE_H

#include "base/buf.h"
#include "base/error.h"
#include "vm/host.h"

/* Everything is borrowed. */
struct signature_check {
	const char *origin; /* of text, for messages */
	const struct buf *text; /* as it came */
	const struct buf *signature; /* detached, armoured or not; NULL: text is clearsigned */
	const char *keyring; /* absolute path of a file of public keys, not armoured */
	const char *package; /* who brings it, for hints; NULL: not known */
};

/*
 * *ret, which is replaced, is what is signed by a key of the keyring, and that alone: of a
 * clearsigned text nothing that stands around it. Positive SIGNATURE_NO_KEYRING: there is no such
 * file, nothing was checked, and ret is as it was.
 *
 * ERROR_VERIFY: no signature, a bad one, none by a key of the keyring that is neither expired nor
 * revoked, or one over MD5 or SHA-1. Of several signatures beside a text one good one is enough
 * where none is bad; those of a clearsigned text must all be good. ERROR_HOST: gpgv is not there,
 * or the keyring is armoured or cannot be read. ERROR_BUSY: too many others are at it. Nobody
 * waits.
 */
enum { SIGNATURE_NO_KEYRING = 1 };
int signature_check(const struct vm_host *host, const struct signature_check *check,
		    struct buf *ret, struct error *err);

#endif
