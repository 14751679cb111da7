/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a user who is not root keeps things (XDG Base Directory Specification). */
#include "base/user_folders.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

enum { PASSWD_LINE_MAX = 4096 };
#define PROGRAM_FOLDER "mnmivm-se"

/* The specification has relative ones ignored. */
static const char *from_environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static char *home_folder(void)
{
	const char *home = from_environment("HOME");
	struct passwd entry, *found = NULL;
	char line[PASSWD_LINE_MAX];

	if (!home && getpwuid_r(geteuid(), &entry, line, sizeof(line), &found) == 0 && found &&
	    found->pw_dir[0] == '/')
		home = found->pw_dir;
	return home ? xstrdup(home) : NULL;
}

static char *folder(const char *variable, const char *home, const char *below)
{
	const char *base = from_environment(variable);

	if (base)
		return xasprintf("%s/" PROGRAM_FOLDER, base);
	return home ? xasprintf("%s/%s/" PROGRAM_FOLDER, home, below) : NULL;
}

static char *run_folder(void)
{
	const char *base = from_environment("XDG_RUNTIME_DIR");

	if (base)
		return xasprintf("%s/" PROGRAM_FOLDER, base);
	return xasprintf("/run/user/%u/" PROGRAM_FOLDER, geteuid());
}

void user_folders_find(struct user_folders *ret)
{
	AUTO_FREE char *home = home_folder();

	*ret = (struct user_folders){
		.config = folder("XDG_CONFIG_HOME", home, ".config"),
		.state = folder("XDG_STATE_HOME", home, ".local/state"),
		.run = run_folder(),
	};
}

void user_folders_done(struct user_folders *folders)
{
	free(folders->config);
	free(folders->state);
	free(folders->run);
	*folders = (struct user_folders){ .run = NULL };
}
