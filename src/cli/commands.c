/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one list of commands: dispatch, help, completion and the man page are held against it. */
#include "commands.h"

const struct command *const cli_commands[] = {
	&command_create,  &command_start,  &command_run,	  &command_stop,  &command_restart,
	&command_pause,	  &command_resume, &command_status,	  &command_list,  &command_show,
	&command_set,	  &command_wait,   &command_update_cloud, &command_seed,  &command_delete,
	&command_console, &command_logs,   &command_show_cmd,	  &command_image, &command_net,
	&command_doctor,  &command_help,   &command_version,	  NULL,
};
