/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the attacks know of the host that the test made for them. */
#ifndef TESTS_JAIL_ATTACK_H
#define TESTS_JAIL_ATTACK_H

#include <sys/types.h>

/* Descriptors of the launch plan. */
enum {
	ATTACK_REPORT = 3,
	ATTACK_TAP, /* its interface is down */
	ATTACK_TERMINAL, /* nobody's controlling terminal */
	ATTACK_LISTENER, /* a TCP listener in the host's network, and another */
	ATTACK_LISTENER_TOO,
	ATTACK_FDS,
};

#define ATTACK_TAP_NAME "attack0"
#define ATTACK_HOST_NAME "attack-host"
#define ATTACK_ABSTRACT_STREAM "attack-stream" /* after a zero byte */
#define ATTACK_ABSTRACT_DATAGRAM "attack-datagram"
enum { ATTACK_SHM_KEY = 0x61747461, ATTACK_PORT = 7777 /* TCP and UDP, on 127.0.0.1 */ };

/*
 * In folder, which nobody shows to the program, is for everyone: "secret", "program", the sockets
 * "stream" and "datagram", and "open", a folder to write in. In shown, which is in its root:
 * "open", "probe-suid", "secret" (root's) and "group-secret".
 */
struct prey {
	const char *folder, *shown;
	pid_t same_uid, root;
	unsigned long address; /* of 8 bytes in same_uid */
	int key; /* in the session keyring of the caller */
};
extern struct prey prey;

/* So many processes are more than a cgroup of the test's allows. */
enum { ATTACK_PROCESSES = 40 };
#define ATTACK_PROCESSES_MAX "20"

/* Exit status of the program that tells its effective uid. */
enum { ATTACK_IS_ROOT = 200, ATTACK_IS_NOT_ROOT };

/* Its exit status, or minus one and errno. */
int attack_run(const char *folder, const char *name);

/* Where the launch plan's files are: "read", "write" and the writable "folder". */
#define ATTACK_GIVEN "/given"

/* Each returns 0 when it got what it was after, otherwise -1 and errno, or it is killed. */
int attack_netlink(void);
int attack_vsock(void);
int attack_inet(void);
int attack_raw(void);
int attack_packet(void);
int attack_tcp(void);
int attack_udp(void);
int attack_abstract_connect(void);
int attack_abstract_send(void);
int attack_abstract_guess(void);
int attack_path_connect(void);
int attack_path_send(void);
int attack_path_send_raw(void);
int attack_path_send_high(void);
int attack_path_send_pair(void);
int attack_listener_bind(void);
int attack_listener_connect(void);
int attack_listener_fast_open(void);
int attack_link_guess(void);
int attack_link_index(void);
int attack_link_index_high(void);
int attack_tap_persist(void);
int attack_tap_persist_high(void);
int attack_tap_owner(void);
int attack_tap_group(void);
int attack_tap_link(void);
int attack_tap_address(void);
int attack_tap_tx_filter(void);
int attack_tap_filter(void);
int attack_tap_unfilter(void);
int attack_tap_ebpf(void);
int attack_tap_carrier(void);
int attack_tap_debug(void);
int attack_tap_namespace(void);

int attack_read(void);
int attack_list(void);
int attack_find(void);
int attack_create(void);
int attack_create_shown(void);
int attack_fifo(void);
int attack_device(void);
int attack_tun(void);
int attack_proc(void);
int attack_proc_cgroup(void);
int attack_execute(void);
int attack_suid(void);
int attack_root_secret(void);
int attack_group_secret(void);
int attack_mount(void);
int attack_mount_in_user(void);
int attack_open_tree(void);
int attack_fsopen(void);
int attack_chroot(void);
int attack_handle(void);
int attack_open_handle(void);
int attack_fanotify(void);

int attack_user_clone(void);
int attack_user_clone3(void);
int attack_user_unshare(void);
int attack_key(void);
int attack_user_keyring(void);
int attack_uring(void);
int attack_bpf(void);
int attack_perf(void);
int attack_personality(void);
int attack_32_bit(void);
int attack_signal(void);
int attack_signal_root(void);
int attack_trace(void);
int attack_memory(void);
int attack_take_fd(void);
int attack_compare(void);
int attack_slow_down(void);
int attack_shm(void);
int attack_host_name(void);
int attack_rename_host(void);
int attack_multiply(void);
int attack_type(void);
int attack_setuid(void);
int attack_setgroups(void);
int attack_capability(void);

int use_null(void);
int use_libraries(void);
int use_kvm(void);
int use_program(void);
int use_given_to_read(void);
int use_given_to_write(void);
int use_given_folder(void);
int write_given_to_read(void);
int execute_given(void);
int pipe_in_given(void);
int link_in_given(void);
int use_threads(void);
int use_memory_file(void);
int use_page_faults(void);
int use_sockets(void);
int use_listener(void);
int use_tap(void);

#endif
