/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In QEMU's place: tries to get at what is not its own, and says on a descriptor what it got. */
#include "attack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ATTACK(name)                                                                               \
	{                                                                                          \
#name, attack_##name                                                               \
	}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct prey prey;

static const struct attack {
	const char *name;
	int (*run)(void);
} attacks[] = {
	ATTACK(netlink),
	ATTACK(vsock),
	ATTACK(inet),
	ATTACK(raw),
	ATTACK(packet),
	ATTACK(tcp),
	ATTACK(udp),
	ATTACK(abstract_connect),
	ATTACK(abstract_send),
	ATTACK(abstract_guess),
	ATTACK(path_connect),
	ATTACK(path_send),
	ATTACK(path_send_raw),
	ATTACK(path_send_high),
	ATTACK(path_send_pair),
	ATTACK(listener_bind),
	ATTACK(listener_connect),
	ATTACK(listener_fast_open),
	ATTACK(link_guess),
	ATTACK(link_index),
	ATTACK(link_index_high),
	ATTACK(tap_persist),
	ATTACK(tap_persist_high),
	ATTACK(tap_owner),
	ATTACK(tap_group),
	ATTACK(tap_link),
	ATTACK(tap_address),
	ATTACK(tap_tx_filter),
	ATTACK(tap_filter),
	ATTACK(tap_unfilter),
	ATTACK(tap_ebpf),
	ATTACK(tap_carrier),
	ATTACK(tap_debug),
	ATTACK(tap_namespace),
	ATTACK(read),
	ATTACK(list),
	ATTACK(find),
	ATTACK(create),
	ATTACK(create_shown),
	ATTACK(fifo),
	ATTACK(device),
	ATTACK(tun),
	ATTACK(proc),
	ATTACK(proc_cgroup),
	ATTACK(execute),
	ATTACK(suid),
	ATTACK(root_secret),
	ATTACK(group_secret),
	ATTACK(mount_in_user),
	ATTACK(open_tree),
	ATTACK(fsopen),
	ATTACK(chroot),
	ATTACK(handle),
	ATTACK(open_handle),
	ATTACK(fanotify),
	ATTACK(user_clone),
	ATTACK(user_clone3),
	ATTACK(user_unshare),
	ATTACK(key),
	ATTACK(user_keyring),
	ATTACK(uring),
	ATTACK(bpf),
	ATTACK(perf),
	ATTACK(personality),
	ATTACK(32_bit),
	ATTACK(signal),
	ATTACK(signal_root),
	ATTACK(trace),
	ATTACK(memory),
	ATTACK(take_fd),
	ATTACK(compare),
	ATTACK(slow_down),
	ATTACK(shm),
	ATTACK(host_name),
	ATTACK(rename_host),
	ATTACK(multiply),
	ATTACK(type),
	ATTACK(setuid),
	ATTACK(setgroups),
	ATTACK(capability),
	ATTACK(mount), /* the last, as it covers the root of who may */
};

#define USE(name)                                                                                  \
	{                                                                                          \
#name, name                                                                        \
	}

static const struct attack uses[] = {
	USE(use_null),		USE(use_libraries),
	USE(use_kvm),		USE(use_program),
	USE(use_given_to_read), USE(use_given_to_write),
	USE(use_given_folder),	USE(write_given_to_read),
	USE(execute_given),	USE(pipe_in_given),
	USE(link_in_given),	USE(use_threads),
	USE(use_memory_file),	USE(use_page_faults),
	USE(use_sockets),	USE(use_listener),
	USE(use_tap),
};

/* In a process of its own, so that none of them has to be undone before the next. */
static void run(const struct attack *attack)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(100); /* a peer that is silent is one that was not reached */
		_exit(attack->run() >= 0 ? 0 : errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		dprintf(ATTACK_REPORT, "%s not tried\n", attack->name);
	else if (WIFSIGNALED(status))
		dprintf(ATTACK_REPORT, "%s %s\n", attack->name, strsignal(WTERMSIG(status)));
	else
		dprintf(ATTACK_REPORT, "%s %s\n", attack->name,
			status ? strerror(WEXITSTATUS(status)) : "done");
}

/* folder, shown, same_uid, address, root, key: as in struct prey */
static void learn(char **words)
{
	prey.folder = words[0];
	prey.shown = words[1];
	prey.same_uid = atoi(words[2]);
	prey.address = strtoul(words[3], NULL, 10);
	prey.root = atoi(words[4]);
	prey.key = atoi(words[5]);
}

static void run_all(const struct attack *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run(&all[i]);
}

/* Stay until the other side has looked at this process in /proc. */
static void finish(void)
{
	char byte;

	dprintf(ATTACK_REPORT, "end\n");
	(void)!read(ATTACK_REPORT, &byte, 1);
}

/* Another VM's process, of the same uid, that lets itself be traced by all. */
static void be_prey(void)
{
	static char bytes[8];

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	dprintf(1, "%lu\n", (unsigned long)bytes);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "uid"))
		_exit(geteuid() == 0 ? ATTACK_IS_ROOT : ATTACK_IS_NOT_ROOT);
	if (!strcmp(mode, "prey"))
		be_prey();
	if (argc == 8)
		learn(argv + 2);
	if (!strcmp(mode, "attack"))
		run_all(attacks, ARRAY_SIZE(attacks));
	else if (!strcmp(mode, "use"))
		run_all(uses, ARRAY_SIZE(uses));
	finish();
	_exit(0);
}
