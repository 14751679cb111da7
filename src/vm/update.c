/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-cloud, and what the guest is given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "seed/seed.h"
#include "vm/update.h"
#include "change.h"
#include "random_id.h"
#include "seed_files.h"
#include "user_file.h"

/* An update in progress: the change, and the texts that are still to be written. */
struct update {
	const struct vm_update_request *request;
	struct change change;
	char *pubkey;
	struct buf user_data;
	struct buf network_config;
	bool new_instance; /* cloud-init is to begin anew: keys or users changed */
};

static void update_done(struct update *update)
{
	change_done(&update->change);
	free(update->pubkey);
	buf_done(&update->user_data);
	buf_done(&update->network_config);
}

/* The Go edition wrote no gateway and name servers down: they are found as for a new address. */
static void ask_anew(struct update *update)
{
	struct vm_nic_request *asked = &update->change.nics[0];
	char text[IP_TEXT_MAX];

	asked->checked = true;
	if (asked->ips.n)
		return;
	vm_nic_format_ip(&update->change.vm.nics[0], text);
	strv_push(&asked->ips, text);
}

static int set_nic(struct update *update, struct error *err)
{
	const struct vm_update_request *request = update->request;
	struct vm_config *vm = &update->change.vm;
	int r = 0;

	for (size_t i = 0; request->ips && i < request->ips->n && !r; i++)
		r = vm_nic_request_set(vm, update->change.nics, 0, "ip", request->ips->v[i], i == 0,
				       err);
	if (!r && request->gateway)
		r = vm_nic_request_set(vm, update->change.nics, 0, "gateway", request->gateway,
				       true, err);
	if (!r && request->dns)
		r = vm_nic_request_set(vm, update->change.nics, 0, "dns", request->dns, true, err);
	if (!r && !vm->instance_id)
		ask_anew(update);
	return r ? r : change_complete_nics(&update->change, err);
}

static int read_texts(struct update *update, struct error *err)
{
	const struct vm_update_request *request = update->request;
	int r = 0;

	if (request->pubkey_path)
		r = seed_files_read_pubkey(request->pubkey_path, &update->pubkey, err);
	if (!r && request->user_data_path && *request->user_data_path)
		r = user_file_read(request->user_data_path, SEED_USER_DATA_MAX, &update->user_data,
				   err);
	if (!r && request->network_config_path && *request->network_config_path)
		r = user_file_read(request->network_config_path, SEED_USER_DATA_MAX,
				   &update->network_config, err);
	update->new_instance = request->pubkey_path || request->user_data_path;
	return r;
}

/* An empty path takes the admin's document away. */
static int write_document(struct update *update, const char *name, const char *path,
			  const struct buf *text, struct error *err)
{
	if (!path)
		return 0;
	if (!*path) {
		if (unlinkat(update->change.dir.fd, name, 0) < 0 && errno != ENOENT)
			return error_errno(err, errno, "remove '%s' of vm '%s'", name,
					   update->change.dir.name);
		return 0;
	}
	return file_write(update->change.dir.fd, name, buf_str(text), text->len, 0600, err);
}

static int write_pubkey(struct update *update, struct error *err)
{
	AUTO_FREE char *line = NULL;

	if (!update->pubkey)
		return 0;
	line = xasprintf("%s\n", update->pubkey);
	return file_write(update->change.dir.fd, "pubkey.pub", line, strlen(line), 0600, err);
}

/* The seed last: after a kill in between the same command again completes the change. */
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
	return r ? r : change_save(&update->change, err);
}

static int check_documents(struct update *update, struct error *err)
{
	AUTO_FREE char *line = NULL;
	int r;

	if (!update->user_data.len && !update->network_config.len)
		return 0;
	r = update->pubkey ? 0 : file_read_line(update->change.dir.fd, "pubkey.pub", &line, err);
	if (r == FILE_ABSENT)
		r = error_set(err, ERROR_FAILED, ENOENT, "pubkey.pub of vm '%s' is missing",
			      update->change.dir.name);
	if (r)
		return r;
	return seed_files_check(update->change.dir.name, &update->change.vm,
				update->pubkey ? update->pubkey : line, &update->user_data,
				&update->network_config, err);
}

int vm_update(const struct vm_host *host, const char *name, const struct vm_update_request *request,
	      const char **ret_note, struct error *err)
{
	AUTO(update_done) struct update update = { .request = request };
	struct change *change = &update.change;
	int r = change_begin(change, host, name, "update-cloud", err);

	if (!r)
		r = read_texts(&update, err);
	if (!r)
		r = check_documents(&update, err);
	if (!r)
		r = set_nic(&update, err);
	if (!r && (update.new_instance || !change->vm.instance_id))
		r = random_id("iid-", &change->vm.instance_id, err);
	if (r)
		return r;
	r = change_claim(change, err);
	if (!r)
		r = update_write(&update, err);
	change_settle(change);
	return r ? r : change_refresh(change, ret_note, err);
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
