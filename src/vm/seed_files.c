/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's seed, from its configuration and the files of its folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/run.h"
#include "seed_files.h"
#include "user_file.h"

enum { KEY_MAX = 64 * 1024 };

#define HOST_KEY "ssh_host_ed25519_key"

static void auto_seed_documents(struct seed_documents *documents)
{
	seed_documents_done(documents);
}

/* An absent file leaves ret empty. */
static int read_optional(int dir_fd, const char *name, size_t max, struct buf *ret,
			 struct error *err)
{
	struct error local = ERROR_INIT;
	int r = file_read(dir_fd, name, max, ret, &local);

	if (r && r != -ENOENT) {
		*err = local;
		return r;
	}
	return 0;
}

struct seed_inputs {
	struct buf pubkey;
	struct buf host_private;
	struct buf host_public;
	struct buf user_data;
	struct buf network_config;
};

static void seed_inputs_done(struct seed_inputs *inputs)
{
	buf_done(&inputs->pubkey);
	buf_done(&inputs->host_private);
	buf_done(&inputs->host_public);
	buf_done(&inputs->user_data);
	buf_done(&inputs->network_config);
}

static int seed_inputs_read(int dir_fd, struct seed_inputs *inputs, struct error *err)
{
	int r = file_read(dir_fd, "pubkey.pub", KEY_MAX, &inputs->pubkey, err);

	if (!r)
		r = read_optional(dir_fd, HOST_KEY, KEY_MAX, &inputs->host_private, err);
	if (!r)
		r = read_optional(dir_fd, HOST_KEY ".pub", KEY_MAX, &inputs->host_public, err);
	if (inputs->host_public.len)
		inputs->host_public.data[strcspn(inputs->host_public.data, "\n")] = '\0';
	if (!r)
		r = read_optional(dir_fd, "user-data", SEED_USER_DATA_MAX, &inputs->user_data, err);
	if (!r)
		r = read_optional(dir_fd, "network-config", SEED_USER_DATA_MAX,
				  &inputs->network_config, err);
	return r;
}

static const char *text_or_null(const struct buf *buf)
{
	return buf->len ? buf->data : NULL;
}

/* The texts of one NIC, which struct seed_nic borrows. */
struct nic_text {
	char mac[MAC_TEXT_MAX];
	struct strv addresses;
	bool ipv4, ipv6; /* are among them */
	char gateway[IP_TEXT_MAX];
	char gateway6[IP_TEXT_MAX];
};

/* All of a VM, and which default routes a NIC has already. */
struct nic_texts {
	struct nic_text nic[VM_NICS_MAX];
	bool routed, routed6;
};

static void nic_texts_done(struct nic_texts *texts)
{
	for (size_t i = 0; i < VM_NICS_MAX; i++)
		strv_done(&texts->nic[i].addresses);
}

static void put_addresses(const struct vm_nic *nic, struct nic_text *text)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	for (unsigned int i = 0; i < n; i++) {
		char address[IP_TEXT_MAX];

		ip_prefix_format(&addresses[i], address);
		strv_push(&text->addresses, address);
		*(addresses[i].addr.family == AF_INET ? &text->ipv4 : &text->ipv6) = true;
	}
}

/* Of two default routes a guest may take either: the first NIC that has one keeps it. */
static const char *put_gateway(const struct ip_addr *gateway, bool *routed, char text[IP_TEXT_MAX])
{
	if (*routed || gateway->family == AF_UNSPEC)
		return NULL;
	*routed = true;
	ip_format(gateway, text);
	return text;
}

/* Without an address of its family a gateway is out of reach, and the whole NIC may fail for it. */
static void fill_nic(const struct vm_nic *nic, struct nic_texts *texts, unsigned int index,
		     struct seed_nic *ret)
{
	struct nic_text *text = &texts->nic[index];

	put_addresses(nic, text);
	mac_format(&nic->mac, text->mac);
	ret->mac = text->mac;
	ret->addresses = &text->addresses;
	ret->dns = &nic->dns;
	ret->search = &nic->search;
	ret->mtu = nic->mtu;
	ret->dhcp = nic->ip_mode == IP_DHCP;
	if (ret->dhcp) {
		ret->dhcp_routes = !texts->routed;
		texts->routed = true;
	} else if (text->ipv4) {
		ret->gateway = put_gateway(&nic->gateway, &texts->routed, text->gateway);
	}
	if (text->ipv6)
		ret->gateway6 = put_gateway(&nic->gateway6, &texts->routed6, text->gateway6);
}

static enum seed_profile profile_of(const struct vm_config *vm)
{
	static const enum seed_profile profiles[] = {
		[PROFILE_DEFAULT] = SEED_PROFILE_DEFAULT,
		[PROFILE_ALPINE] = SEED_PROFILE_ALPINE,
		[PROFILE_NUAGEINIT] = SEED_PROFILE_NUAGEINIT,
	};

	return profiles[vm->image.profile];
}

int seed_files_documents(int dir_fd, const char *name, const struct vm_config *vm,
			 const struct host_config *host, struct seed_documents *ret,
			 struct error *err)
{
	AUTO(seed_inputs_done) struct seed_inputs inputs = { 0 };
	AUTO(nic_texts_done) struct nic_texts texts = { 0 };
	struct seed_nic nics[VM_NICS_MAX] = { 0 };
	AUTO_STRV keys = STRV_INIT;
	struct seed_spec spec = { .hostname = name, .nics = nics, .n_nics = vm->n_nics };
	int r = seed_inputs_read(dir_fd, &inputs, err);

	if (r)
		return r;
	for (unsigned int i = 0; i < vm->n_nics && i < VM_NICS_MAX; i++)
		fill_nic(&vm->nics[i], &texts, i, &nics[i]);
	strv_split(&keys, buf_str(&inputs.pubkey), '\n');
	spec.instance_id = vm->instance_id ? vm->instance_id : name;
	spec.user = vm->user;
	if (!spec.user && vm->image.profile == PROFILE_NUAGEINIT)
		spec.user = vm->image.user; /* which nuageinit is to make */
	spec.ssh_keys = &keys;
	spec.host_key_private = text_or_null(&inputs.host_private);
	spec.host_key_public = text_or_null(&inputs.host_public);
	spec.timezone = host->timezone;
	spec.ready_nonce = vm->ready_nonce;
	spec.user_data = text_or_null(&inputs.user_data);
	spec.network_config = text_or_null(&inputs.network_config);
	spec.profile = profile_of(vm);
	return seed_build(&spec, ret, err);
}

static int write_iso(int dir_fd, const struct seed_documents *documents, bool durable,
		     struct error *err)
{
	AUTO_BUF iso = BUF_INIT;
	int r = seed_iso(documents, &iso, err);

	if (r)
		return r;
	return (durable ? file_write : file_write_volatile)(dir_fd, "seed.iso", iso.data, iso.len,
							    0600, err);
}

int seed_files_write(int dir_fd, const char *name, const struct vm_config *vm,
		     const struct host_config *host, bool durable, struct error *err)
{
	AUTO(auto_seed_documents) struct seed_documents documents = { 0 };
	int r = seed_files_documents(dir_fd, name, vm, host, &documents, err);

	if (!r)
		r = write_iso(dir_fd, &documents, durable, err);
	return r ? error_prefix(err, "make the seed") : 0;
}

static bool seed_is(int dir_fd, const struct seed_documents *wanted)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	char head[SEED_HEAD];
	ssize_t len;

	if (file_open_regular(dir_fd, "seed.iso", O_RDONLY, &fd, &ignored))
		return false;
	len = pread(fd, head, sizeof(head), 0);
	return len > 0 && seed_iso_is(head, (size_t)len, wanted);
}

int seed_files_refresh(int dir_fd, const char *name, const struct vm_config *vm,
		       const struct host_config *host, struct error *err)
{
	AUTO(auto_seed_documents) struct seed_documents documents = { 0 };
	int r = seed_files_documents(dir_fd, name, vm, host, &documents, err);

	if (!r && !seed_is(dir_fd, &documents))
		r = write_iso(dir_fd, &documents, true, err);
	return r ? error_prefix(err, "make the seed") : 0;
}

int seed_files_check(const char *name, const struct vm_config *vm, const char *pubkey,
		     const struct buf *user_data, const struct buf *network_config,
		     struct error *err)
{
	AUTO(auto_seed_documents) struct seed_documents documents = { 0 };
	AUTO_STRV keys = STRV_INIT;
	struct seed_spec spec = {
		.hostname = name,
		.instance_id = "check",
		.user = vm->user,
		.profile = profile_of(vm),
		.ssh_keys = &keys,
		.user_data = text_or_null(user_data),
		.network_config = text_or_null(network_config),
	};

	strv_push(&keys, pubkey);
	return seed_build(&spec, &documents, err);
}

int seed_files_read_pubkey(const char *path, char **ret, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	bool from_stdin = !strcmp(path, "-");
	int r;

	if (from_stdin)
		r = file_read_fd(STDIN_FILENO, "standard input", KEY_MAX, &text, err);
	else
		r = user_file_read(path, KEY_MAX, &text, err);
	if (r)
		return r;
	return seed_check_pubkey(from_stdin ? "standard input" : path, buf_str(&text), text.len,
				 ret, err);
}

int seed_files_make_host_key(int dir_fd, const char *name, const struct host_config *host,
			     struct error *err)
{
	struct run_options options = { .dir_fd = dir_fd };
	AUTO_STRV argv = STRV_INIT;
	int r;

	if (!faccessat(dir_fd, HOST_KEY, F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	strv_push(&argv, host->ssh_keygen);
	strv_push(&argv, "-q");
	strv_push(&argv, "-t");
	strv_push(&argv, "ed25519");
	strv_push(&argv, "-N");
	strv_push(&argv, "");
	strv_push(&argv, "-C");
	strv_push(&argv, name);
	strv_push(&argv, "-f");
	strv_push(&argv, HOST_KEY);
	r = run_program(&argv, &options, err);
	return r ? error_prefix(err, "make the guest's host key") : 0;
}
