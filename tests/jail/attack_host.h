/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host to be attacked: namespaces of the test's own, a folder, another VM's process. */
#ifndef TESTS_JAIL_ATTACK_HOST_H
#define TESTS_JAIL_ATTACK_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "suite.h"

/* Not those of other tests, which may run meanwhile and count the processes of theirs. */
enum { ATTACK_UID = 700101, ATTACK_GID = 700102 };

struct attack_host {
	struct suite_tmpdir folder;
	char program[136]; /* the attacks, in jail_folder */
	char cgroup[64], limited[80]; /* two of version 2, or "" */
	bool has_pids_max; /* of limited: ATTACK_PROCESSES_MAX */
	int cgroup_fd, limited_fd; /* or -1 */
	pid_t prey;
	char prey_address[32];
	int key;
	int tap, terminal, listener, listener_too;
};
extern struct attack_host host;

/*
 * Around the program, as cgroups outlive a test that fails; around the case, which is
 * jail_folder with more in it; and around each test, jail_setup() and _teardown() included.
 */
void host_cgroups_make(void);
void host_cgroups_remove(void);
void host_folder_make(void);
void host_make(void);
void host_end(void);

void host_join_cgroup(pid_t pid);

/* Whether this kernel has nothing to attack there, or nothing to make it with. */
bool lacks_vsock(void);
bool lacks_uring(void);
bool lacks_32_bit(void);
bool lacks_typing(void);
bool lacks_cgroup(void);
bool lacks_pids_max(void);
bool lacks_open_tun(void);
bool lacks_fanotify(void);

#endif
