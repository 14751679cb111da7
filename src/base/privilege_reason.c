/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a process lacks a capability that its program's file, or its service, should have given it.
 */
#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/privilege.h"

#define PROGRAM_LINK "/proc/self/exe"
#define ALL_FOR_FILE "cap_net_admin,cap_net_raw,cap_bpf+ep"
#define ALL_FOR_UNIT "CAP_NET_ADMIN CAP_NET_RAW CAP_BPF"

enum { PROGRAM_PATH_MAX = 256 };

static const struct {
	unsigned int number;
	const char *word;
	const char *for_container;
} capabilities[PRIVILEGES] = {
	[PRIVILEGE_NET_ADMIN] = { CAP_NET_ADMIN, "CAP_NET_ADMIN", "NET_ADMIN" },
	[PRIVILEGE_NET_RAW] = { CAP_NET_RAW, "CAP_NET_RAW", "NET_RAW" },
	[PRIVILEGE_BPF] = { CAP_BPF, "CAP_BPF", "BPF" },
};

/* For messages, so that a path that is too long may be cut. */
static void program_path(char out[PROGRAM_PATH_MAX])
{
	ssize_t len = readlink(PROGRAM_LINK, out, PROGRAM_PATH_MAX - 1);

	out[len < 0 ? 0 : len] = '\0';
}

/* struct vfs_ns_cap_data (version 3) begins as struct vfs_cap_data (version 2) does. */
static bool file_has(unsigned int capability)
{
	struct vfs_ns_cap_data value = { 0 };
	ssize_t len = getxattr(PROGRAM_LINK, "security.capability", &value, sizeof(value));

	return len >= (ssize_t)XATTR_CAPS_SZ_2 &&
	       le32toh(value.data[capability / 32].permitted) >> capability % 32 & 1;
}

static bool file_is_nosuid(void)
{
	struct statvfs st;

	return statvfs(PROGRAM_LINK, &st) == 0 && st.f_flag & ST_NOSUID;
}

/* In the order in which they have to be put right: a nosuid mount makes setcap(8) useless. */
static const char *find_reason(enum privilege privilege, const char *program, struct error *err)
{
	unsigned int number = capabilities[privilege].number;

	if (geteuid() == 0) {
		error_hint(err, "a container needs it of its host, as in --cap-add=%s",
			   capabilities[privilege].for_container);
		return privilege_has(privilege) ? "which root has, but not here"
						: "which even root lacks here";
	}
	if (privilege_has(privilege)) {
		error_hint(err, "run it where the network was made, not in a user namespace below");
		return "which it has, but not for this network namespace";
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		error_hint(err, "run it outside of the sandbox; a systemd unit takes "
				"AmbientCapabilities=" ALL_FOR_UNIT);
		return "which no_new_privs keeps it from getting";
	}
	if (file_is_nosuid()) {
		error_hint(err,
			   "install it elsewhere, as in /usr/sbin; the mount is told by: "
			   "findmnt -T '%s'",
			   program);
		return "which it cannot get from a file on a nosuid mount";
	}
	if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 0) {
		error_hint(err,
			   "let CapabilityBoundingSet= of its systemd unit, or its container, "
			   "have %s",
			   capabilities[privilege].word);
		return "which its bounding set lacks";
	}
	if (!file_has(number)) {
		error_hint(err,
			   "setcap " ALL_FOR_FILE " '%s', or in a systemd unit: "
			   "AmbientCapabilities=" ALL_FOR_UNIT,
			   program);
		return "which neither its file nor its caller gives it";
	}
	error_hint(err, "do not trace it as another than root");
	return "which its file has, but the kernel did not grant";
}

int privilege_refused(enum privilege privilege, const char *what, struct error *err)
{
	struct error hint = ERROR_INIT;
	char program[PROGRAM_PATH_MAX];
	const char *reason;

	program_path(program);
	reason = find_reason(privilege, program, &hint);
	error_errno(err, EPERM, "%s: needs %s, %s", what, capabilities[privilege].word, reason);
	return error_hint(err, "%s", hint.hint);
}

int privilege_check(enum privilege privilege, const char *what, struct error *err)
{
	if (geteuid() == 0 || privilege_has(privilege))
		return 0;
	return privilege_refused(privilege, what, err);
}
