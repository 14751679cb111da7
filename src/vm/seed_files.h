/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's seed, from its configuration and the files of its folder. */
#ifndef VM_SEED_FILES_H
#define VM_SEED_FILES_H

#include "config/vm_config.h"
#include "seed/seed.h"

/* Documents of what lies in dir_fd: pubkey.pub, host keys, user-data, network-config. */
int seed_files_documents(int dir_fd, const char *name, const struct vm_config *vm,
			 const struct host_config *host, struct seed_documents *ret,
			 struct error *err);

/* Build them and write seed.iso. */
int seed_files_write(int dir_fd, const char *name, const struct vm_config *vm,
		     const struct host_config *host, bool durable, struct error *err);

/*
 * Make seed.iso anew if it is not what the files and settings say: an update-cloud was cut
 * short, or somebody edited vm.conf.
 */
int seed_files_refresh(int dir_fd, const char *name, const struct vm_config *vm,
		       const struct host_config *host, struct error *err);

/*
 * Would this user-data and network-config (empty: none) make a seed for vm's user and profile?
 * Asked before anything is written.
 */
int seed_files_check(const char *name, const struct vm_config *vm, const char *pubkey,
		     const struct buf *user_data, const struct buf *network_config,
		     struct error *err);

/* Read and check a public key file of the user ("-": standard input); one line into *ret. */
int seed_files_read_pubkey(const char *path, char **ret, struct error *err);

enum { SEED_USER_DATA_MAX = 1 << 20, SEED_ISO_MAX = 16 << 20 };

/* Make the guest's pinned host key with ssh-keygen, or leave the one that is there. */
int seed_files_make_host_key(int dir_fd, const char *name, const struct host_config *host,
			     struct error *err);

#endif
