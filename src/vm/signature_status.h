/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gpgv says of signatures, for programs. Pure. */
#ifndef VM_SIGNATURE_STATUS_H
#define VM_SIGNATURE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum { SIGNATURE_KEY_MAX = 41 };

/* How many signatures are what. */
struct signature_status {
	unsigned int good; /* of a key that is neither expired nor revoked */
	unsigned int bad; /* of another text */
	unsigned int expired, revoked; /* right, of a key that is, or a signature that is */
	unsigned int unknown; /* the keyring has no such key */
	unsigned int unchecked; /* gpgv cannot or will not, as with MD5 and SHA-1 */
	bool any; /* gpgv came so far as to say something */
	char key[SIGNATURE_KEY_MAX]; /* of the last that is not good, as gpgv has it; "" */
};

/* The lines of gpgv --status-fd (DETAILS of GnuPG's doc, "Format of the --status-fd output"). */
void signature_status_read(const char *text, struct signature_status *ret);

#endif
