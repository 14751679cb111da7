/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands, and what help and version share with the frame. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli.h"

extern const struct command command_console;
extern const struct command command_create;
extern const struct command command_delete;
extern const struct command command_doctor;
extern const struct command command_help;
extern const struct command command_image;
extern const struct command command_list;
extern const struct command command_logs;
extern const struct command command_net;
extern const struct command command_pause;
extern const struct command command_restart;
extern const struct command command_resume;
extern const struct command command_run;
extern const struct command command_seed;
extern const struct command command_set;
extern const struct command command_show;
extern const struct command command_show_cmd;
extern const struct command command_start;
extern const struct command command_status;
extern const struct command command_stop;
extern const struct command command_update_cloud;
extern const struct command command_version;
extern const struct command command_wait;

int help_command(const struct command *command);
int help_overview(bool as_error); /* exit code 2 and on standard error when nothing was asked */
int version_print(const struct cli *cli);

#endif
