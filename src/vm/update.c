/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-cloud, and what the guest is given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "net/netlink.h"
#include "seed/seed.h"
#include "store/claim.h"
#include "vm/update.h"
#include "lan.h"
#include "live.h"
#include "random_id.h"
#include "run_seed.h"
#include "seed_files.h"

/* An update in progress: the new settings, and the texts that are still to be written. */
struct update {
	const struct vm_host *host;
	const struct vm_update_request *request;
	struct vm_dir dir;
	struct vm_config vm;
	struct ip_prefix old_address;
	char *pubkey;
	struct buf user_data;
	struct buf network_config;
	bool new_instance; /* cloud-init is to begin anew: keys or users changed */
};

static void update_done(struct update *update)
{
	vm_dir_done(&update->dir);
	vm_config_done(&update->vm);
	free(update->pubkey);
	buf_done(&update->user_data);
	buf_done(&update->network_config);
}

/* A gateway of the old network is of no use to an address of another. */
static void forget_foreign_gateway(struct vm_nic *nic)
{
	if (nic->gateway.family && !ip_in_prefix(&nic->gateway, &nic->address))
		nic->gateway = (struct ip_addr){ 0 };
}

static int set_address(struct update *update, struct error *err)
{
	const struct vm_update_request *request = update->request;
	struct vm_nic *nic = &update->vm.nics[0];
	bool has_gateway = nic->gateway.family != 0;
	bool is_new = !update->vm.instance_id; /* the Go edition wrote no settings down */
	AUTO(netlink_close) struct nl_sock *sock = NULL;
	AUTO(lan_done) struct lan lan = { 0 };
	bool want_gateway, want_dns;
	int r = 0;

	if (request->gateway && strcmp(request->gateway, "none") != 0)
		r = ip_parse("--gateway", request->gateway, &nic->gateway, err);
	if (!r)
		r = netlink_open(&sock, err);
	if (!r)
		r = lan_find(update->host, sock, nic, &lan, err);
	if (!r && request->ip)
		r = lan_set_ip(&lan, &update->vm, request->ip, err);
	if (r)
		return r;
	if (!request->gateway && request->ip && nic->ip_mode == IP_STATIC)
		forget_foreign_gateway(nic);
	want_gateway = request->gateway ? strcmp(request->gateway, "none") != 0
					: has_gateway || is_new || request->ip;
	want_dns = !request->dns && (nic->dns.n || is_new);
	return lan_complete_nic(update->host, sock, &lan, want_gateway, want_dns, nic, err);
}

static int read_texts(struct update *update, struct error *err)
{
	const struct vm_update_request *request = update->request;
	int r = 0;

	if (request->pubkey_path)
		r = seed_files_read_pubkey(request->pubkey_path, &update->pubkey, err);
	if (!r && request->user_data_path && *request->user_data_path)
		r = file_read_path(request->user_data_path, SEED_USER_DATA_MAX, &update->user_data,
				   err);
	if (!r && request->network_config_path && *request->network_config_path)
		r = file_read_path(request->network_config_path, SEED_USER_DATA_MAX,
				   &update->network_config, err);
	update->new_instance = request->pubkey_path || request->user_data_path;
	return r;
}

static int claim_address(struct update *update, struct error *err)
{
	const struct vm_nic *nic = &update->vm.nics[0];
	char text[IP_TEXT_MAX];

	if (nic->ip_mode != IP_STATIC)
		return 0;
	ip_format(&nic->address.addr, text);
	return claim_take(&update->host->store, "address", text, update->dir.name, err);
}

static void drop_unless(struct update *update, const struct vm_nic *kept,
			const struct ip_addr *address)
{
	char text[IP_TEXT_MAX];

	if (address->family == AF_UNSPEC ||
	    (kept->ip_mode == IP_STATIC && ip_equal(&kept->address.addr, address)))
		return;
	ip_format(address, text);
	claim_drop(&update->host->store, "address", text, update->dir.name);
}

/* However far it came: of the old and the new address the VM keeps the one in its folder. */
static void drop_other_address(struct update *update)
{
	struct error ignored = ERROR_INIT;
	struct vm_config now;

	if (vm_dir_load(&update->dir, &update->host->config, lan_fallback(update->host), &now,
			&ignored))
		return;
	drop_unless(update, &now.nics[0], &update->old_address.addr);
	drop_unless(update, &now.nics[0], &update->vm.nics[0].address.addr);
	vm_config_done(&now);
}

/* An empty path takes the admin's document away. */
static int write_document(struct update *update, const char *name, const char *path,
			  const struct buf *text, struct error *err)
{
	if (!path)
		return 0;
	if (!*path) {
		if (unlinkat(update->dir.fd, name, 0) < 0 && errno != ENOENT)
			return error_errno(err, errno, "remove '%s' of vm '%s'", name,
					   update->dir.name);
		return 0;
	}
	return file_write(update->dir.fd, name, buf_str(text), text->len, 0600, err);
}

static int write_pubkey(struct update *update, struct error *err)
{
	AUTO_FREE char *line = NULL;

	if (!update->pubkey)
		return 0;
	line = xasprintf("%s\n", update->pubkey);
	return file_write(update->dir.fd, "pubkey.pub", line, strlen(line), 0600, err);
}

/*
 * Each file is replaced whole, the seed last: after a kill in between the VM has its old seed,
 * and the same command again completes the change.
 */
static int update_write(struct update *update, struct error *err)
{
	const struct vm_update_request *request = update->request;
	int r = write_pubkey(update, err);

	if (!r)
		r = write_document(update, "user-data", request->user_data_path, &update->user_data,
				   err);
	if (!r)
		r = write_document(update, "network-config", request->network_config_path,
				   &update->network_config, err);
	if (!r)
		r = seed_files_make_host_key(update->dir.fd, update->dir.name,
					     &update->host->config, err);
	if (!r)
		r = vm_dir_save(update->dir.fd, &update->vm, true, err);
	if (!r)
		r = seed_files_write(update->dir.fd, update->dir.name, &update->vm,
				     &update->host->config, true, err);
	return r;
}

static int update_running(struct update *update, const char **ret_note, struct error *err)
{
	struct live live;
	int r = live_get(update->host, &update->dir, &live, err);

	if (r)
		return r;
	if (!live_is_alive(&live)) {
		*ret_note = "takes effect at the next start";
		return 0;
	}
	r = live.foreign ? RUN_SEED_GREW : run_seed_refresh(&update->dir, err);
	if (r == RUN_SEED_GREW)
		*ret_note = "takes effect after a stop and a start";
	else if (!r)
		*ret_note = "takes effect when the guest reboots";
	return r < 0 ? r : 0;
}

static int update_load(struct update *update, struct error *err)
{
	const struct vm_nic *nic = &update->vm.nics[0];
	int r = vm_dir_load(&update->dir, &update->host->config, lan_fallback(update->host),
			    &update->vm, err);

	if (!r && nic->ip_mode == IP_STATIC)
		update->old_address = nic->address;
	return r;
}

static int check_documents(struct update *update, struct error *err)
{
	AUTO_FREE char *line = NULL;
	int r;

	if (!update->user_data.len && !update->network_config.len)
		return 0;
	r = update->pubkey ? 0 : file_read_line(update->dir.fd, "pubkey.pub", &line, err);
	if (r == FILE_ABSENT)
		r = error_set(err, ERROR_FAILED, ENOENT, "pubkey.pub of vm '%s' is missing",
			      update->dir.name);
	if (r)
		return r;
	return seed_files_check(update->dir.name, update->vm.user,
				update->pubkey ? update->pubkey : line, &update->user_data,
				&update->network_config, err);
}

int vm_update(const struct vm_host *host, const char *name, const struct vm_update_request *request,
	      const char **ret_note, struct error *err)
{
	AUTO(update_done)
	struct update update = { .host = host, .request = request, .dir = VM_DIR_INIT };
	int r = vm_dir_lock_existing(&host->store, name, "update-cloud", &update.dir, err);

	if (!r)
		r = update_load(&update, err);
	if (!r)
		r = read_texts(&update, err);
	if (!r)
		r = check_documents(&update, err);
	if (!r && request->dns)
		r = vm_nic_set_dns(&update.vm.nics[0], "--dns", request->dns, err);
	if (!r && (request->ip || request->gateway || !update.vm.instance_id))
		r = set_address(&update, err);
	if (!r && (update.new_instance || !update.vm.instance_id))
		r = random_id("iid-", &update.vm.instance_id, err);
	if (!r)
		r = claim_address(&update, err);
	if (r)
		return r;
	r = update_write(&update, err);
	drop_other_address(&update);
	return r ? r : update_running(&update, ret_note, err);
}

static void show_document(const char *which, const char *name, const struct buf *text,
			  struct buf *out)
{
	if (which && strcmp(which, name) != 0)
		return;
	if (!which)
		buf_printf(out, "--- %s\n", name);
	buf_add(out, buf_str(text), text->len);
}

int vm_seed_show(const struct vm_host *host, const char *name, const char *which, struct buf *out,
		 struct error *err)
{
	static const char *const documents_words[] = { "user-data", "meta-data", "network-config",
						       NULL };
	struct seed_documents documents = { 0 };
	AUTO_VM_DIR dir = VM_DIR_INIT;
	AUTO_BUF iso = BUF_INIT;
	int index;
	int r = which ? parse_choice("document", which, documents_words, &index, err) : 0;

	if (!r)
		r = vm_dir_open(&host->store, name, &dir, err);
	if (!r)
		r = file_read(dir.fd, "seed.iso", SEED_ISO_MAX, &iso, err);
	if (!r)
		r = seed_read_iso(iso.data, iso.len, &documents, err);
	if (r)
		return r;
	show_document(which, "user-data", &documents.user_data, out);
	show_document(which, "meta-data", &documents.meta_data, out);
	show_document(which, "network-config", &documents.network_config, out);
	seed_documents_done(&documents);
	return 0;
}
