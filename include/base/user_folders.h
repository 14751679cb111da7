/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a user who is not root keeps things (XDG Base Directory Specification). */
#ifndef BASE_USER_FOLDERS_H
#define BASE_USER_FOLDERS_H

/* Absolute paths, owned by the struct; each NULL where neither environment nor passwd tells. */
struct user_folders {
	char *config; /* $XDG_CONFIG_HOME/mnmivm-se, ~/.config/mnmivm-se */
	char *state; /* $XDG_STATE_HOME/mnmivm-se, ~/.local/state/mnmivm-se */
	char *run; /* $XDG_RUNTIME_DIR/mnmivm-se, /run/user/UID/mnmivm-se */
};

/*
 * Of the effective user. A program with privileges of its own (AT_SECURE of getauxval(3)) does not
 * ask the environment; relative paths in it are ignored. None need exist.
 */
void user_folders_find(struct user_folders *ret);
void user_folders_done(struct user_folders *folders);

#endif
