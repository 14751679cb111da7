/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NetworkManager and systemd-networkd: do they take the taps of VMs for theirs? They would give
 * them addresses, or take them off the bridge.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "host_files.h"
#include "key_file.h"

/* Names as tap_name() makes them: what holds for these holds for all. */
static const char *const tap_names[] = { "mvm-web1", "mvm9-web_0123456", "mvm12-a", "mvm345-b" };

static bool is_true(const char *value)
{
	static const char *const words[] = { "1", "yes", "true", "on" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			return true;
	return false;
}

static bool exists_one(const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!access(paths[i], F_OK))
			return true;
	return false;
}

/* A device specification of NetworkManager.conf(5): "interface-name:mvm*;mac:...;type:tun". */
static bool specifies(const char *list, const char *tap)
{
	AUTO_FREE char *copy = xstrdup(list);
	bool found = false;
	char *word, *rest = NULL;

	for (word = strtok_r(copy, ";, ", &rest); word; word = strtok_r(NULL, ";, ", &rest)) {
		static const char name[] = "interface-name:";
		static const char except[] = "except:interface-name:";

		if (!strncmp(word, name, sizeof(name) - 1)) {
			const char *pattern = word + sizeof(name) - 1;

			found |= !fnmatch(pattern + (*pattern == '='), tap, 0);
		} else if (!strncmp(word, except, sizeof(except) - 1) &&
			   !fnmatch(word + sizeof(except) - 1, tap, 0)) {
			return false;
		}
		found |= !strcmp(word, "type:tun") || !strcmp(word, "*");
	}
	return found;
}

struct nm {
	const char *tap;
	bool unmanaged; /* by [keyfile] unmanaged-devices */
	struct buf section; /* the last [device...] section that is for our taps */
	bool section_unmanaged; /* and says managed=0 */
};

static void take_nm_key(void *arg, const char *section, const char *key, const char *value)
{
	struct nm *nm = arg;

	if (!strcmp(section, "keyfile") && !strcmp(key, "unmanaged-devices"))
		nm->unmanaged = specifies(value, nm->tap);
	else if (!strcmp(section, "keyfile") && !strcmp(key, "unmanaged-devices+"))
		nm->unmanaged |= specifies(value, nm->tap);
	if (strncmp(section, "device", 6) != 0)
		return;
	if (!strcmp(key, "match-device") && specifies(value, nm->tap)) {
		buf_clear(&nm->section);
		buf_puts(&nm->section, section);
	} else if (!strcmp(key, "managed") && !strcmp(buf_str(&nm->section), section)) {
		nm->section_unmanaged = !is_true(value);
	}
}

/*
 * The later over the earlier: snippets of packages and of this boot, the main file, the admin's
 * snippets. One of the same name in a later folder takes the earlier one's place
 * (NetworkManager.conf(5)).
 */
static bool nm_leaves_alone(const char *tap)
{
	static const char *const folders[] = { "/etc/NetworkManager/conf.d",
					       "/run/NetworkManager/conf.d",
					       "/usr/lib/NetworkManager/conf.d" };
	struct nm nm = { .tap = tap };
	AUTO_STRV files = STRV_INIT;

	host_list_files(folders, ARRAY_SIZE(folders), ".conf", &files);
	for (size_t folder = ARRAY_SIZE(folders); folder-- > 0;) {
		size_t len = strlen(folders[folder]);

		if (folder == 0)
			key_file_each("/etc/NetworkManager/NetworkManager.conf", take_nm_key, &nm);
		for (size_t i = 0; i < files.n; i++)
			if (!strncmp(files.v[i], folders[folder], len))
				key_file_each(files.v[i], take_nm_key, &nm);
	}
	buf_done(&nm.section);
	return nm.unmanaged || nm.section_unmanaged;
}

void check_networkmanager(struct check *check)
{
	static const char *const programs[] = { "/usr/sbin/NetworkManager",
						"/usr/bin/NetworkManager" };
	bool is_left_alone = true;

	if (!exists_one(programs, ARRAY_SIZE(programs)) &&
	    access("/run/NetworkManager", F_OK) < 0) {
		check_pass(check, "NetworkManager", "is not installed");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tap_names); i++)
		is_left_alone &= nm_leaves_alone(tap_names[i]);
	if (is_left_alone) {
		check_pass(check, "NetworkManager", "leaves the taps of VMs alone");
		return;
	}
	check_warn(check, "NetworkManager",
		   "takes the taps of VMs for its own, and may take them off the bridge");
	check_fix(check, "printf '[keyfile]\\nunmanaged-devices+=interface-name:mvm*\\n' "
			 ">/etc/NetworkManager/conf.d/90-mnmivm-se.conf && nmcli general reload");
}

/* The first .network file that matches wins (systemd.network(5)). */
struct networkd {
	const char *tap;
	bool has_match, matches; /* of the file that is read now */
	bool unmanaged;
};

/* A list of patterns, any of which will do; '!' in front of it: none. */
static bool pattern_list(const char *list, const char *text)
{
	bool negative = *list == '!';
	AUTO_FREE char *copy = xstrdup(list + negative);
	char *word, *rest = NULL;
	bool found = false;

	for (word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
		found |= !fnmatch(word, text, 0);
	return found != negative;
}

/* A condition that we do not know is one that a tap does not meet: better silent than wrong. */
static void take_networkd_key(void *arg, const char *section, const char *key, const char *value)
{
	struct networkd *file = arg;
	const struct {
		const char *key, *text;
	} conditions[] = {
		{ "Name", file->tap },
		{ "Kind", "tun" },
		{ "Driver", "tun" },
		{ "Type", "ether" },
	};
	bool met = false;

	if (!strcmp(section, "Link") && !strcmp(key, "Unmanaged"))
		file->unmanaged = is_true(value);
	if (strcmp(section, "Match") != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
		if (!strcmp(key, conditions[i].key))
			met = pattern_list(value, conditions[i].text);
	file->matches = met && (file->matches || !file->has_match);
	file->has_match = true;
}

/* The file that makes networkd manage the tap, or NULL. */
static const char *find_claim(const struct strv *files, const char *tap)
{
	for (size_t i = 0; i < files->n; i++) {
		struct networkd file = { .tap = tap };

		if (key_file_each(files->v[i], take_networkd_key, &file) && file.matches)
			return file.unmanaged ? NULL : files->v[i];
	}
	return NULL;
}

void check_networkd(struct check *check)
{
	static const char *const folders[] = { "/etc/systemd/network", "/run/systemd/network",
					       "/usr/local/lib/systemd/network",
					       "/usr/lib/systemd/network" };
	AUTO_STRV files = STRV_INIT;
	const char *claim = NULL;

	if (access("/run/systemd/netif", F_OK) < 0) {
		check_pass(check, "systemd-networkd", "does not run");
		return;
	}
	host_list_files(folders, ARRAY_SIZE(folders), ".network", &files);
	for (size_t i = 0; i < ARRAY_SIZE(tap_names) && !claim; i++)
		claim = find_claim(&files, tap_names[i]);
	if (!claim) {
		check_pass(check, "systemd-networkd", "leaves the taps of VMs alone");
		return;
	}
	check_warn(check, "systemd-networkd",
		   "takes the taps of VMs for its own by %s, and may take them off the bridge",
		   claim);
	check_fix(check, "printf '[Match]\\nName=mvm*\\n\\n[Link]\\nUnmanaged=yes\\n' "
			 ">/etc/systemd/network/00-mnmivm-se.network && networkctl reload");
}
