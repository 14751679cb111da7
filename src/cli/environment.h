/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process inherits from a caller who may wish it ill. */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

/*
 * Descriptors 0 to 2 are open, the umask is 077, no signal is blocked, children are waited for, and
 * of the environment there is left what the program itself asks for: libraries read much more
 * (NLSYSCONFDIR, LOCPATH, RES_OPTIONS), and their authors do not think of other people's
 * privileges.
 */
void environment_secure(void);

#endif
