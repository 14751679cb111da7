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
#include "base/strv.h"

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

static void keep(struct strv *kept, const char *name, const char *value)
{
	if (!value)
		return;
	strv_push(kept, name);
	strv_push(kept, value);
}

/*
 * libcurl's own names: HTTP_PROXY in capitals is none of them (CVE-2016-5385), and what says whom
 * TLS trusts and where it writes its secrets (SSL_CERT_FILE, SSLKEYLOGFILE) must not come through.
 * A program with privileges of its own does not listen; for its callers the configuration has a
 * key.
 */
static void keep_proxies(struct strv *kept)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY",  "no_proxy",    "NO_PROXY",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		keep(kept, names[i], secure_getenv(names[i]));
}

static void reset_variables(void)
{
	static const char *const ours[] = {
		"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",	    "XDG_RUNTIME_DIR",
		"TERM", "NO_COLOR",	   "CREDENTIALS_DIRECTORY", "TMPDIR",
	};
	AUTO_STRV kept = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		keep(&kept, ours[i], getenv(ours[i]));
	keep_proxies(&kept);
	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LANG", "C", 1);
	for (size_t i = 0; i < kept.n; i += 2)
		setenv(kept.v[i], kept.v[i + 1], 1);
}

void environment_secure(void)
{
	fill_standard_fds();
	reset_signals();
	raise_limits();
	reset_variables();
	umask(077);
}
