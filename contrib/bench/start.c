/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start costs at full confinement, and what each layer of it does, against QEMU started
 * bare: the same argv, the same descriptors, the same tap on a bridge and the same questions to its
 * monitor, by a launcher that does nothing else. In turns, in one run, in namespaces that end with
 * the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "jail/launch.h"
#include "qmp/qmp.h"
#include "vm/create.h"
#include "vm/start.h"
#include "vm/stop.h"
#include "bench.h"

enum { ROUNDS_MAX = 10000, WARM_UP = 3, READY_MS = 60000, WAYS_MAX = LAYERS + 4 };
enum { SETTLE_US = 20000 };

static const char usage[] = "Usage: start [ROUNDS [kvm|tcg [PROGRAM]]]\n"
			    "Defaults: 30 rounds, tcg, /usr/sbin/mnmivm-se. PROGRAM is what the "
			    "row of that name runs.\n";
static const char key[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g bench\n";

extern char **environ;
static char folder[] = "/var/tmp/bench-start.XXXXXX";
static char *conf, *memory, *bare_run;
static struct vm_host host = VM_HOST_INIT;

/* What the bare launcher begins with: everything of a launch plan that outlives its descriptors. */
enum kind { KIND_FILE, KIND_SOCKET, KIND_TAP };
static struct {
	struct strv argv;
	char *program, *log;
	size_t n;
	struct {
		enum kind kind;
		int target, flags;
		char *path;
	} fds[LAUNCH_FDS_MAX];
} recorded;

/* What a row of the table launches, and where the pid of its QEMU goes. */
static bool recording;
static unsigned int without;
static struct shared {
	pid_t qemu;
} * shared;

static char *descriptor_path(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		bench_die("read '%s': %s", link, strerror(errno));
	path[len] = '\0';
	return xstrdup(path);
}

/* Another description of the same file, so without its locks; the file may lose its name. */
static char *reopen(int fd)
{
	AUTO_FREE char *link = xasprintf("/proc/self/fd/%d", fd);
	int again = open(link, (fcntl(fd, F_GETFL) & O_ACCMODE) | O_CLOEXEC);

	if (again < 0)
		bench_die("open '%s': %s", link, strerror(errno));
	return xasprintf("/proc/self/fd/%d", again);
}

static char *socket_name(int fd)
{
	struct sockaddr_un addr = { 0 };
	socklen_t len = sizeof(addr);
	const char *slash;

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		bench_die("getsockname: %s", strerror(errno));
	slash = strrchr(addr.sun_path, '/');
	return xstrdup(slash ? slash + 1 : addr.sun_path);
}

static void record(const struct launch_plan *plan)
{
	strv_copy(&recorded.argv, plan->argv);
	recorded.program = xstrdup(plan->program);
	recorded.log = reopen(plan->log_fd);
	for (size_t i = 0; i < plan->n_fds; i++) {
		int source = plan->fds[i].source;
		char *path = descriptor_path(source);
		enum kind kind = KIND_FILE;

		if (!strncmp(path, "socket:", 7)) {
			kind = KIND_SOCKET;
			path = socket_name(source);
		} else if (!strcmp(path, "/dev/net/tun")) {
			kind = KIND_TAP;
		} else if (path[0] == '/' && strncmp(path, "/dev/", 5) != 0) {
			path = reopen(source);
		}
		recorded.fds[i].kind = kind;
		recorded.fds[i].target = plan->fds[i].target;
		recorded.fds[i].flags = fcntl(source, F_GETFL) & (O_ACCMODE | O_APPEND);
		recorded.fds[i].path = path;
	}
	recorded.n = plan->n_fds;
}

/* In the place of launch_start(), by the linker's --wrap. */
int __real_launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err);
int __wrap_launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err);

int __wrap_launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err)
{
	struct launch_plan changed = *plan;
	int r;

	if (recording) {
		record(plan);
		return error_set(err, ERROR_FAILED, ECANCELED, "recorded");
	}
	changed.layers &= ~without;
	if (without & LAYER_BIT(LAYER_CGROUP))
		changed.cgroup_fd = -1;
	r = __real_launch_start(&changed, ret, err);
	if (!r)
		shared->qemu = ret->id.pid;
	return r;
}

static int bare_tap(void)
{
	struct ifreq request = bench_link("bare"), bridge = bench_link("br0");
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		bench_die("create a tap: %s", strerror(errno));
	request = bench_link("bare");
	bench_ioctl(SIOCGIFINDEX, &request, "SIOCGIFINDEX");
	bridge.ifr_ifindex = request.ifr_ifindex;
	bench_ioctl(SIOCBRADDIF, &bridge, "SIOCBRADDIF");
	bench_set_up("bare");
	return fd;
}

static int bare_listen(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", bare_run, name);
	unlink(addr.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
		bench_die("listen on '%s': %s", addr.sun_path, strerror(errno));
	return fd;
}

static int bare_open(size_t i)
{
	int fd;

	switch (recorded.fds[i].kind) {
	case KIND_TAP:
		return bare_tap();
	case KIND_SOCKET:
		return bare_listen(recorded.fds[i].path);
	default:
		fd = open(recorded.fds[i].path, recorded.fds[i].flags | O_CLOEXEC);
		if (fd < 0)
			bench_die("open '%s': %s", recorded.fds[i].path, strerror(errno));
		return fd;
	}
}

static void bare_exec(const int *fds, int log)
{
	static char path[] = "PATH=/usr/bin:/bin", lang[] = "LANG=C";
	static char *const environment[] = { path, lang, NULL };

	dup2(log, 1);
	dup2(log, 2);
	for (size_t i = 0; i < recorded.n; i++)
		if (dup2(fds[i], recorded.fds[i].target) < 0)
			_exit(126);
	execve(recorded.program, recorded.argv.v, environment);
	_exit(127);
}

/* Descriptors, fork, exec, and the monitor until it has answered; no confinement, no record. */
static void bare_start(void)
{
	int fds[LAUNCH_FDS_MAX], vnc, run_fd, log;
	struct error err = ERROR_INIT;
	enum qmp_status status;
	struct qmp *qmp;
	pid_t pid;

	log = open(recorded.log, O_WRONLY | O_CLOEXEC);
	for (size_t i = 0; i < recorded.n; i++)
		fds[i] = fcntl(bare_open(i), F_DUPFD_CLOEXEC, 3 + (int)LAUNCH_FDS_MAX);
	vnc = bare_listen("vnc.sock");
	pid = fork();
	if (pid == 0)
		bare_exec(fds, log);
	shared->qemu = pid;
	run_fd = open(bare_run, O_PATH | O_CLOEXEC);
	if (qmp_connect(run_fd, "qmp.sock", READY_MS, &qmp, &err) ||
	    qmp_query_status(qmp, &status, &err) || qmp_vnc_listen(qmp, vnc, &err))
		bench_die("QEMU, bare: %s", err.message);
	_exit(0);
}

static void ours_start(void)
{
	struct vm_start_options options = { .paused = true };
	struct error err = ERROR_INIT;

	if (vm_start(&host, "bench", &options, &err))
		bench_die("start: %s", err.message);
	_exit(0);
}

static const char *program = "/usr/sbin/mnmivm-se";

static void program_start(void)
{
	execl(program, program, "--quiet", "--config", conf, "start", "--paused", "bench", NULL);
	bench_die("execute '%s': %s", program, strerror(errno));
}

struct way {
	char name[64];
	void (*start)(void);
	unsigned int without;
	double *wall, *cpu, *qemu;
};
static struct way ways[WAYS_MAX];
static size_t n_ways;

static void add_way(void (*start)(void), unsigned int off, const char *a, const char *b)
{
	struct way *way = &ways[n_ways++];

	snprintf(way->name, sizeof(way->name), "%s%s", a, b);
	way->start = start;
	way->without = off;
}

/* The record of the program's own start. */
static pid_t recorded_pid(void)
{
	AUTO_FREE char *path = xasprintf("%s/state/vms/bench/vm.pid", folder);
	FILE *file = fopen(path, "r");
	int pid = 0;

	if (!file || fscanf(file, "%d", &pid) != 1)
		bench_die("no pid in '%s'", path);
	fclose(file);
	return pid;
}

static void spawn(const char *const *argv)
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("%s %s %s fails", argv[0], argv[1], argv[2]);
}

/* QEMU is a child of ours by now, as its launcher has gone: PR_SET_CHILD_SUBREAPER. */
static void end_qemu(void)
{
	kill(shared->qemu, SIGKILL);
	if (waitpid(shared->qemu, NULL, 0) < 0)
		bench_die("wait for QEMU: %s", strerror(errno));
}

static void clear_record(void)
{
	struct error err = ERROR_INIT;
	struct vm_stop_options options = { .force = true };

	if (vm_stop(&host, "bench", &options, &err) < 0)
		bench_die("stop: %s", err.message);
}

static void measure(struct way *way, int round)
{
	double begin = bench_clock_ms(CLOCK_MONOTONIC), wall;
	struct rusage used;
	clockid_t clock;
	int status;
	pid_t pid;

	shared->qemu = 0;
	without = way->without;
	pid = fork();
	if (pid == 0)
		way->start();
	if (wait4(pid, &status, 0, &used) != pid || status != 0)
		bench_die("%s ends with status %d", way->name, status);
	wall = bench_clock_ms(CLOCK_MONOTONIC) - begin;
	if (way->start == program_start)
		shared->qemu = recorded_pid();
	if (shared->qemu <= 1 || clock_getcpuclockid(shared->qemu, &clock) != 0)
		bench_die("%s: QEMU has gone", way->name);
	if (round >= 0) {
		way->wall[round] = wall;
		way->qemu[round] = bench_clock_ms(clock);
		way->cpu[round] = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
				  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
	}
	end_qemu();
	if (way->start != bare_start)
		clear_record();
	/* taps, mounts and namespaces go a moment later */
	usleep(SETTLE_US);
}

static void print_rows(unsigned int n)
{
	printf("%-32s %8s %8s %8s %8s %7s %7s\n", "", "median", "least", "CPU", "QEMU's", "median",
	       "least");
	for (size_t w = 0; w < n_ways; w++) {
		struct way *way = &ways[w];

		bench_sort(way->wall, n);
		bench_sort(way->cpu, n);
		bench_sort(way->qemu, n);
		printf("%-32s %8.2f %8.2f %8.2f %8.2f %7.3f %7.3f\n", way->name,
		       bench_median(way->wall, n), way->wall[0], bench_median(way->cpu, n),
		       bench_median(way->qemu, n),
		       bench_median(way->wall, n) / bench_median(ways[0].wall, n),
		       way->wall[0] / ways[0].wall[0]);
	}
}

static void make_namespaces(void)
{
	struct ifreq address = bench_link("br0");
	struct sockaddr_in *in = (struct sockaddr_in *)&address.ifr_addr;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		bench_die("unshare: %s", strerror(errno));
	bench_make_bridge();
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xc0a85601);
	bench_ioctl(SIOCSIFADDR, &address, "SIOCSIFADDR");
	in->sin_addr.s_addr = htonl(0xffffff00);
	bench_ioctl(SIOCSIFNETMASK, &address, "SIOCSIFNETMASK");
}

/* What hosts have on tmpfs (/run) lies on one here, too, of either side. */
static void make_folders(void)
{
	if (!mkdtemp(folder))
		bench_die("make '%s': %s", folder, strerror(errno));
	conf = xasprintf("%s/conf", folder);
	memory = xasprintf("%s/memory", folder);
	bare_run = xasprintf("%s/bare", memory);
	if (mkdir(memory, 0700) < 0 || mount("bench", memory, "tmpfs", 0, "mode=0700") < 0 ||
	    mkdir(bare_run, 0700) < 0)
		bench_die("prepare '%s': %s", memory, strerror(errno));
}

/* A disk of its own on an empty base image; the rest is as the defaults have it. */
static void make_vm(const char *accel)
{
	AUTO_FREE char *image = xasprintf("%s/base.qcow2", folder);
	AUTO_FREE char *pubkey = xasprintf("%s/key.pub", folder);
	AUTO_FREE char *settings = xasprintf("state_dir = %s/state\nrun_dir = %s/run\n"
					     "disk_size = 64M\nmemory = 256M\naccel = %s\n",
					     folder, memory, accel);
	const char *const make_image[] = { "qemu-img", "create", "-q",	"-f",
					   "qcow2",    image,	 "64M", NULL };
	struct vm_create_request request = { .image_file = image, .pubkey_path = pubkey };
	struct error err = ERROR_INIT;

	spawn(make_image);
	bench_write_file(pubkey, key);
	bench_write_file(conf, settings);
	host_config_init(&host.config);
	if (host_config_load(&host.config, conf, true, &err) || vm_host_open(&host, true, &err))
		bench_die("%s", err.message);
	vm_config_init(&request.config, &host.config);
	request.config_ready = true;
	strv_push(&request.nics[0].ips, "192.168.86.11");
	if (vm_create(&host, "bench", &request, &err))
		bench_die("create: %s", err.message);
	vm_create_request_done(&request);
}

static void record_launch(void)
{
	struct vm_start_options options = { .paused = true };
	struct error err = ERROR_INIT;

	recording = true;
	if (!vm_start(&host, "bench", &options, &err) || !recorded.n)
		bench_die("start: %s", err.message);
	recording = false;
}

static void add_ways(void)
{
	add_way(bare_start, 0, "QEMU ", "bare");
	add_way(program_start, 0, "", program);
	add_way(ours_start, 0, "the same ", "in this process");
	add_way(ours_start, LAYERS_ALL, "", "without all that may be missing");
	for (int layer = 0; layer < LAYERS; layer++)
		add_way(ours_start, LAYER_BIT(layer), "without ", layer_words[layer]);
}

static void run(unsigned int rounds)
{
	for (size_t w = 0; w < n_ways; w++) {
		ways[w].wall = xcalloc(rounds, sizeof(double));
		ways[w].cpu = xcalloc(rounds, sizeof(double));
		ways[w].qemu = xcalloc(rounds, sizeof(double));
	}
	for (int i = -WARM_UP; i < (int)rounds; i++)
		for (size_t w = 0; w < n_ways; w++)
			measure(&ways[w], i);
	printf("milliseconds until the monitor has answered, %u rounds in turns; right: ratios\n",
	       rounds);
	print_rows(rounds);
}

int main(int argc, char **argv)
{
	const char *const remove[] = { "rm", "-r", folder, NULL };
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 30;
	const char *accel = argc > 2 ? argv[2] : "tcg";

	if (argc > 4 || !rounds || rounds > ROUNDS_MAX)
		bench_die("%s", usage);
	if (argc > 3)
		program = argv[3];
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	make_namespaces();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		bench_die("prepare: %s", strerror(errno));
	make_folders();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
	make_vm(accel);
	record_launch();
	add_ways();
	run((unsigned int)rounds);
	if (umount2(memory, MNT_DETACH) < 0)
		bench_die("unmount '%s': %s", memory, strerror(errno));
	spawn(remove);
	return 0;
}
