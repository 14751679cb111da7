/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process inherits from a caller who may wish it ill. */
#include "environment.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* Descriptors 0 to 2 must be taken, or a file of ours would get what is printed. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * A mask and an ignored signal outlive exec. SIGCHLD: else nobody can wait for a helper's end.
 * SIGXFSZ: a file that may not grow so far is to be told and undone, and no death.
 */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
}

/* The soft limit is select(2)'s, which is not used here. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void reset_variables(void)
{
	static const char *const ours[] = {
		"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",	    "XDG_RUNTIME_DIR",
		"TERM", "NO_COLOR",	   "CREDENTIALS_DIRECTORY", "TMPDIR",
	};
	char *values[ARRAY_SIZE(ours)];

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		const char *value = getenv(ours[i]);

		values[i] = value ? xstrdup(value) : NULL;
	}
	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LANG", "C", 1);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		if (values[i])
			setenv(ours[i], values[i], 1);
		free(values[i]);
	}
}

void environment_secure(void)
{
	fill_standard_fds();
	reset_signals();
	raise_limits();
	reset_variables();
	umask(077);
}
