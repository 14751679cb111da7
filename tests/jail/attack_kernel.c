/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on the kernel's large interfaces, on other processes, and on what namespaces hide. */
#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

int attack_user_clone(void)
{
	int status = 1;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

int attack_user_clone3(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int status = 1;
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

int attack_user_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

int attack_key(void)
{
	char secret[16];

	return (int)syscall(SYS_keyctl, KEYCTL_READ, prey.key, secret, sizeof(secret), 0);
}

int attack_user_keyring(void)
{
	return (int)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1, 0, 0);
}

int attack_uring(void)
{
	struct io_uring_params params = { .flags = 0 };

	return (int)syscall(SYS_io_uring_setup, 1, &params);
}

/* Nothing is to be found there, but who may not come in is told so: EPERM. */
static int came_in(long result)
{
	return result >= 0 || (errno != EPERM && errno != ENOSYS) ? 0 : -1;
}

int attack_bpf(void)
{
	union bpf_attr attr = { .pathname = (unsigned long)"/usr" };

	return came_in(syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr)));
}

int attack_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1,
					.exclude_hv = 1 };

	return came_in(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

int attack_personality(void)
{
	return personality(ADDR_NO_RANDOMIZE);
}

/* getpid() by the numbers of 32-bit programs, which no list of a filter is about. */
int attack_32_bit(void)
{
#ifdef __x86_64__
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	errno = (int)-result;
	return result > 0 ? 0 : -1;
#else
	errno = ENOSYS;
	return -1;
#endif
}

int attack_signal(void)
{
	return kill(prey.same_uid, 0);
}

int attack_signal_root(void)
{
	return kill(prey.root, 0);
}

int attack_trace(void)
{
	return (int)ptrace(PTRACE_SEIZE, prey.same_uid, NULL, NULL);
}

int attack_memory(void)
{
	char bytes[8];
	struct iovec here = { bytes, sizeof(bytes) }, there = { (void *)prey.address, 8 };

	return process_vm_readv(prey.same_uid, &here, 1, &there, 1, 0) < 0 ? -1 : 0;
}

int attack_take_fd(void)
{
	int pid_fd = (int)syscall(SYS_pidfd_open, prey.same_uid, 0);

	return pid_fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pid_fd, 0, 0);
}

int attack_compare(void)
{
	return (int)syscall(SYS_kcmp, getpid(), prey.same_uid, KCMP_VM, 0, 0);
}

int attack_slow_down(void)
{
	return setpriority(PRIO_PROCESS, (id_t)prey.same_uid, 19);
}

#define NO_SHM ((const void *)-1) /* shmat(2) */

int attack_shm(void)
{
	int id = shmget(ATTACK_SHM_KEY, 0, 0);
	const char *bytes = id < 0 ? NO_SHM : shmat(id, NULL, SHM_RDONLY);

	return bytes == NO_SHM ? -1 : shmdt(bytes);
}

int attack_host_name(void)
{
	struct utsname names;

	if (uname(&names) < 0)
		return -1;
	errno = ENOENT;
	return strcmp(names.nodename, ATTACK_HOST_NAME) ? -1 : 0;
}

int attack_rename_host(void)
{
	return sethostname(ATTACK_HOST_NAME, strlen(ATTACK_HOST_NAME));
}

/* They live until the last descriptor of the pipe closes. */
int attack_multiply(void)
{
	int alive[2], n = 0;
	char byte;

	if (pipe(alive) < 0)
		return -1;
	while (n < ATTACK_PROCESSES) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid == 0) {
			close(alive[1]);
			_exit(read(alive[0], &byte, 1) != 0);
		}
		n++;
	}
	return 0;
}

/* As if it had been typed: into the shell that comes next on that terminal. */
int attack_type(void)
{
	if (setsid() < 0 || ioctl(ATTACK_TERMINAL, TIOCSCTTY, 0) < 0)
		return -1;
	return ioctl(ATTACK_TERMINAL, TIOCSTI, "x");
}

int attack_setuid(void)
{
	return setuid(0);
}

int attack_setgroups(void)
{
	return setgroups(0, NULL);
}

int attack_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = 1, .effective = 1 } };

	return (int)syscall(SYS_capset, &header, data);
}
