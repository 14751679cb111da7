/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a launch, in words. */
#include "launch_words.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"

static const char *const stage_words[LAUNCH_STAGES] = {
	[LAUNCH_SESSION] = "leave the caller's session",
	[LAUNCH_STDIO] = "set up standard input and output",
	[LAUNCH_LIMITS] = "set the resource limits",
	[LAUNCH_KEYRING] = "join a session keyring of its own",
	[LAUNCH_NAMESPACES] = "enter namespaces of its own",
	[LAUNCH_ROOT] = "build a root of its own",
	[LAUNCH_CAPABILITIES] = "drop the capability bounding set",
	[LAUNCH_IDENTITY] = "change user and group",
	[LAUNCH_CLEAR] = "clear the capability sets",
	[LAUNCH_VERIFY] = "verify that privileges are gone",
	[LAUNCH_NO_NEW_PRIVS] = "forbid new privileges",
	[LAUNCH_LANDLOCK] = "restrict itself with Landlock",
	[LAUNCH_DESCRIPTORS] = "lay out the descriptors",
	[LAUNCH_FILTER] = "install the system call filter",
	[LAUNCH_EXEC] = "execute the program",
};

static const char *const leftover_words[LEFTOVERS] = {
	[LEFTOVER_NONE] = "nothing is left",
	[LEFTOVER_CAPABILITIES] = "a capability is left",
	[LEFTOVER_BOUNDING] = "the bounding set is not empty",
	[LEFTOVER_AMBIENT] = "the ambient set is not empty",
	[LEFTOVER_IDENTITY] = "user or group are not those asked for",
	[LEFTOVER_GROUPS] = "supplementary groups are left",
	[LEFTOVER_SECUREBITS] = "the securebits are not those set",
	[LEFTOVER_WAY_BACK] = "user or group 0 can be taken again",
	[LEFTOVER_PRIVS] = "no_new_privs is not set",
	[LEFTOVER_NAMESPACE] = "the namespace is still the caller's",
	[LEFTOVER_PID] = "the pid namespace is still the caller's",
	[LEFTOVER_ROOT] = "the host's root is still there",
	[LEFTOVER_WRITABLE] = "the root is writable",
	/* in parentheses: to clang two strings look like a comma that is missing */
	[LEFTOVER_POWERLESS] = ("user namespaces give no rights here; see sysctl "
				"kernel.apparmor_restrict_unprivileged_userns"),
	[LEFTOVER_CPUS] = "the cpuset that it would be in has not all of these CPUs",
	[LEFTOVER_UNMAPPED] =
		"its user may not read it, and its file system has no idmapped mounts",
};

const char *launch_stage_word(enum launch_stage stage)
{
	return (unsigned int)stage < LAUNCH_STAGES ? stage_words[stage] : "leave the known stages";
}

int launch_word_missing(unsigned int layers, struct error *err)
{
	AUTO_BUF words = BUF_INIT;

	layers_format(layers, &words);
	return error_hint(err,
			  "mnmivm-se doctor layers tells what helps; allow_missing = %s in vm.conf "
			  "or the host's configuration goes without",
			  buf_str(&words));
}

int launch_word_layer(const struct launch *launch, int layer, struct error *err)
{
	(void)error_kind(err, ERROR_HOST);
	(void)error_prefix(err, "this host does not give %s", layer_text((enum layer)layer));
	if (layer == LAYER_ROOT && launch->shows_files)
		return error_hint(err, "mnmivm-se doctor layers tells what helps; allow_missing "
				       "does not where files are shown in that root, as those of "
				       "--kernel and --initrd are");
	return launch_word_missing(LAYER_BIT(layer), err);
}

static int word_exec(const struct launch *launch, const struct report *report, struct error *err)
{
	int r = error_errno(err, report->error, "execute '%s'", launch->program);

	if (report->error == EACCES)
		return error_hint(err,
				  "namei -m '%s' shows which folder or file is closed to its user",
				  launch->program);
	if (report->error != ENOENT)
		return r;
	(void)error_kind(err, ERROR_HOST);
	return error_hint(err, "if it is there: expose = FOLDER in the host's configuration shows "
			       "it what it is linked with");
}

static enum error_kind leftover_kind(int leftover)
{
	return leftover == LEFTOVER_CPUS ? ERROR_HOST : ERROR_FAILED;
}

int launch_word_report(const struct launch *launch, const struct report *report, struct error *err)
{
	const char *stage = launch_stage_word((enum launch_stage)report->stage);
	const char *open = report->what[0] ? ": '" : "", *end = report->what[0] ? "'" : "";
	int r;

	if (report->leftover > LEFTOVER_NONE && report->leftover < LEFTOVERS)
		return error_set(err, leftover_kind(report->leftover), EPERM, "%s%s%s%s: %s", stage,
				 open, report->what, end, leftover_words[report->leftover]);
	if (report->stage == LAUNCH_EXEC)
		return word_exec(launch, report, err);
	r = error_errno(err, report->error, "%s%s%s%s", stage, open, report->what, end);
	if (report->refused < 0 || report->refused >= LAYERS)
		return r;
	return launch_word_layer(launch, report->refused, err);
}

int launch_word_death(const siginfo_t *info, struct error *err)
{
	if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		return error_set(err, ERROR_FAILED, ECANCELED,
				 "killed by signal %d (%s) before the program ran", info->si_status,
				 strsignal(info->si_status));
	return error_set(err, ERROR_FAILED, ECANCELED, "ended before the program ran");
}
