/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of others than root: their own over those of root, and what root leaves to them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "config/vm_config.h"
#include "host_file.h"

/* Of `guard` and `user_guard`: the more, the less a guest can forge. */
static unsigned int strength(enum guard guard)
{
	static const unsigned int order[] = { [GUARD_OFF] = 0, [GUARD_MAC] = 1, [GUARD_IP] = 2 };

	return order[guard];
}

/* What root's file says, put aside while another is read over it. */
struct limits {
	struct strv bridges, vlans;
	enum guard guard;
};

static void limits_done(struct limits *limits)
{
	strv_done(&limits->bridges);
	strv_done(&limits->vlans);
}

static void limits_take(struct limits *limits, struct host_config *config)
{
	if (!config->bridges.n)
		strv_push(&config->bridges, config->bridge);
	strv_copy(&limits->bridges, &config->bridges);
	strv_copy(&limits->vlans, &config->user_vlans);
	limits->guard = config->user_guard;
}

static int check_bridges(const struct limits *limits, const struct host_config *config,
			 const char *path, struct error *err)
{
	for (size_t i = 0; i < config->bridges.n; i++) {
		const char *bridge = config->bridges.v[i];

		if (strv_has(&limits->bridges, bridge))
			continue;
		error_set(err, ERROR_PERMISSION, EACCES, "%s: bridge '%s' is not allowed", path,
			  bridge);
		return error_hint(err, "root adds it to 'bridges' in %s", HOST_CONFIG_PATH);
	}
	return 0;
}

static int check_vlans_of(const struct limits *limits, const struct host_config *config,
			  const char *path, struct error *err)
{
	for (size_t i = 0; i < config->user_vlans.n; i++) {
		const char *vlans = config->user_vlans.v[i];

		if (vlan_list_has(&limits->vlans, vlans))
			continue;
		error_set(err, ERROR_PERMISSION, EACCES, "%s: VLAN %s is not allowed", path, vlans);
		return error_hint(err, "root adds it to 'user_vlans' in %s", HOST_CONFIG_PATH);
	}
	return 0;
}

static int check_guard(const struct limits *limits, const struct host_config *config,
		       const char *path, struct error *err)
{
	if (strength(config->user_guard) >= strength(limits->guard))
		return 0;
	return error_set(err, ERROR_PERMISSION, EACCES, "%s: user_guard must be %s at least", path,
			 guard_words[limits->guard]);
}

/* An empty list allows the file's own `bridge`, which root may know nothing of. */
static int limits_apply(const struct limits *limits, struct host_config *config, const char *path,
			struct error *err)
{
	int r = check_bridges(limits, config, path, err);

	if (!r)
		r = check_vlans_of(limits, config, path, err);
	if (!r)
		r = check_guard(limits, config, path, err);
	if (!r && !config->bridges.n)
		strv_copy(&config->bridges, &limits->bridges);
	return r;
}

/* Root's folders are for root's VMs; only its images are for all. */
static void take_folders(struct host_config *config, const struct host_folders *folders)
{
	char *images = ptr_steal(&config->image_dir);

	if (!images)
		images = xasprintf("%s/images", config->state_dir);
	free(config->shared_image_dir);
	config->shared_image_dir = images;
	xreplace(&config->state_dir, folders->state);
	xreplace(&config->run_dir, folders->run);
	if (!folders->config)
		return;
	config->user_catalogue = xasprintf("%s/images.d", folders->config);
	strv_push(&config->catalogue, config->user_catalogue);
}

static int check_folders(const struct host_config *config, struct error *err)
{
	if (config->state_dir && config->run_dir)
		return 0;
	error_set(err, ERROR_HOST, ENOENT, "no folder for the VMs of this user: no home is known");
	return error_hint(err,
			  "set 'state_dir' and 'run_dir' in a file, and name it with --config");
}

int host_config_load_user(struct host_config *config, const char *roots, const char *own,
			  bool required, const struct host_folders *folders, struct error *err)
{
	AUTO(limits_done) struct limits limits = { .guard = GUARD_MAC };
	int r = host_file_load(config, roots, false, 0, err);

	if (r)
		return r;
	config->restricted = true;
	limits_take(&limits, config);
	take_folders(config, folders);
	if (own)
		r = host_file_load(config, own, required, geteuid(), err);
	if (!r && own)
		r = limits_apply(&limits, config, own, err);
	/* a default that is refused would be of no use */
	if (strength(config->guard) < strength(config->user_guard))
		config->guard = config->user_guard;
	return r ? r : check_folders(config, err);
}

static int check_nic_vlans(const struct vm_nic *nic, const struct host_config *host,
			   struct error *err)
{
	AUTO_FREE char *untagged = xasprintf("%u", nic->vlan);
	const char *refused = NULL;

	if (nic->vlan && !vlan_list_has(&host->user_vlans, untagged))
		refused = untagged;
	for (size_t i = 0; i < nic->trunk.n && !refused; i++) {
		if (!vlan_list_has(&host->user_vlans, nic->trunk.v[i]))
			refused = nic->trunk.v[i];
	}
	if (!refused)
		return 0;
	error_set(err, ERROR_PERMISSION, EACCES, "VLAN %s is not allowed", refused);
	return error_hint(err, "root adds it to 'user_vlans' in %s", HOST_CONFIG_PATH);
}

int vm_nic_check_allowed(const struct vm_nic *nic, const struct host_config *host,
			 const char *bridge, struct error *err)
{
	if (!host_config_allows_bridge(host, bridge)) {
		error_set(err, ERROR_PERMISSION, EACCES, "bridge '%s' is not allowed", bridge);
		return error_hint(err, "%s to 'bridges' in %s",
				  host->restricted ? "root adds it" : "add it",
				  host->restricted ? HOST_CONFIG_PATH : host->path);
	}
	if (!host->restricted)
		return 0;
	if (strength(nic->guard) < strength(host->user_guard)) {
		error_set(err, ERROR_PERMISSION, EACCES, "guard %s is not allowed: %s at least",
			  guard_words[nic->guard], guard_words[host->user_guard]);
		return error_hint(err, "root sets 'user_guard' in %s", HOST_CONFIG_PATH);
	}
	return check_nic_vlans(nic, host, err);
}
