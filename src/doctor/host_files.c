/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who configures this host's network, and in which files. */
#include "host_files.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"

enum { NETWORK_FILE_MAX = 1 << 20, FILES_MAX = 4096 };

const char *const doctor_network_words[] = {
	"debian", "alpine", "netplan", "nm", "networkd", NULL
};

bool host_is_alpine(void)
{
	return !access("/etc/alpine-release", F_OK);
}

const char *host_modules_file(void)
{
	return host_is_alpine() ? "/etc/modules" : "/etc/modules-load.d/mnmivm-se.conf";
}

static int compare_base_names(const void *a, const void *b)
{
	return strcmp(file_base_name(*(char *const *)a), file_base_name(*(char *const *)b));
}

static bool has_base_name(const struct strv *paths, const char *name)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!strcmp(file_base_name(paths->v[i]), name))
			return true;
	return false;
}

static void list_folder(const char *folder, const char *suffix, struct strv *ret)
{
	size_t suffix_len = strlen(suffix);
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && ret->n < FILES_MAX && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len > suffix_len && entry->d_name[0] != '.' &&
		    !strcmp(entry->d_name + len - suffix_len, suffix) &&
		    !has_base_name(ret, entry->d_name))
			strv_pushf(ret, "%s/%s", folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

void host_list_files(const char *const *folders, size_t n, const char *suffix, struct strv *ret)
{
	for (size_t i = 0; i < n; i++)
		list_folder(folders[i], suffix, ret);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_base_names);
}

/* Is the link a word of a line that is no comment? Good for all of these formats. */
static bool text_names(char *text, const char *link)
{
	static const char delimiters[] = " \t=:;,\"'[]{}";
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *word, *more = NULL;

		if (line[strspn(line, " \t")] == '#')
			continue;
		for (word = strtok_r(line, delimiters, &more); word;
		     word = strtok_r(NULL, delimiters, &more))
			if (!strcmp(word, link))
				return true;
	}
	return false;
}

static bool file_names(const char *path, const char *link)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	return !file_read_path(path, NETWORK_FILE_MAX, &text, &ignored) && text.data &&
	       text_names(text.data, link);
}

struct network_files {
	enum doctor_network network;
	const char *file; /* NULL: only those of the folder */
	const char *folder, *suffix;
	const char *presence; /* it is in use where this exists */
};

/* In the order of who wins where several name a link: netplan writes the others' files. */
static const struct network_files network_files[] = {
	{ DOCTOR_NETWORK_NETPLAN, NULL, "/etc/netplan", ".yaml", "/etc/netplan" },
	{ DOCTOR_NETWORK_DEBIAN, "/etc/network/interfaces", "/etc/network/interfaces.d", "",
	  "/etc/network/interfaces" },
	{ DOCTOR_NETWORK_NM, NULL, "/etc/NetworkManager/system-connections", ".nmconnection",
	  "/run/NetworkManager" },
	{ DOCTOR_NETWORK_NETWORKD, NULL, "/etc/systemd/network", ".network", "/run/systemd/netif" },
};

static bool names_link(const struct network_files *files, const char *link)
{
	AUTO_STRV paths = STRV_INIT;

	if (files->file && file_names(files->file, link))
		return true;
	host_list_files(&files->folder, 1, files->suffix, &paths);
	for (size_t i = 0; i < paths.n; i++)
		if (file_names(paths.v[i], link))
			return true;
	return false;
}

static bool is_present(const struct network_files *files)
{
	AUTO_STRV paths = STRV_INIT;

	if (files->network != DOCTOR_NETWORK_NETPLAN)
		return !access(files->presence, F_OK);
	host_list_files(&files->folder, 1, files->suffix, &paths);
	return paths.n > 0;
}

static enum doctor_network debian_or_alpine(enum doctor_network network)
{
	return network == DOCTOR_NETWORK_DEBIAN && host_is_alpine() ? DOCTOR_NETWORK_ALPINE
								    : network;
}

enum doctor_network doctor_network_of(const char *link)
{
	for (size_t i = 0; i < ARRAY_SIZE(network_files); i++)
		if (names_link(&network_files[i], link))
			return debian_or_alpine(network_files[i].network);
	for (size_t i = 0; i < ARRAY_SIZE(network_files); i++)
		if (is_present(&network_files[i]))
			return debian_or_alpine(network_files[i].network);
	return debian_or_alpine(DOCTOR_NETWORK_DEBIAN);
}

const char *host_network_file(enum doctor_network network)
{
	static const char *const files[] = {
		[DOCTOR_NETWORK_DEBIAN] = "/etc/network/interfaces",
		[DOCTOR_NETWORK_ALPINE] = "/etc/network/interfaces",
		[DOCTOR_NETWORK_NETPLAN] = "/etc/netplan/90-mnmivm-se.yaml",
		[DOCTOR_NETWORK_NM] = "NetworkManager's connection",
		[DOCTOR_NETWORK_NETWORKD] = "/etc/systemd/network",
	};

	return files[network];
}
