/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program, apart from main(). */
#ifndef CLI_MAIN_H
#define CLI_MAIN_H

/* Runs the command of argv; returns the exit code, see enum error_kind. Prints as it goes. */
int cli_main(int argc, char *const *argv);

#endif
