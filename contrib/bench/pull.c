/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it takes to pull an image, against curl piped into sha512sum: nginx serves a file on the
 * loopback of a network namespace, and each way is run in turns. Time is until the command ends:
 * ours has its file on the disk by then, so one row of curl's waits for that, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench.h"

enum { ROUNDS_MAX = 1000, MIB_MAX = 1 << 20, SAMPLE_US = 5000, MEMBERS_MAX = 16 };

static const char usage[] =
	"Usage: pull [ROUNDS [MIB [PROGRAM...]]]\n"
	"Defaults: 5 rounds, 2048 MiB, /usr/sbin/mnmivm-se. Needs nginx, openssl, "
	"curl.\n"
	"TMPDIR=/dev/shm leaves the disk out of it.\n";
static char *folder;
static const char *program = ""; /* of the way that is measured */
static pid_t nginx = -1;

/* A shell in the folder, with the program as $P. */
static void __attribute__((noreturn)) exec_shell(const char *command)
{
	/* nginx ends its own processes by it, and not by SIGKILL */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (chdir(folder) < 0 || setenv("P", program, 1) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static pid_t spawn(const char *command)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0)
		exec_shell(command);
	return pid;
}

static void run(const char *command)
{
	pid_t pid = spawn(command);
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("it fails: %s", command);
}

/* --- what a way takes: of all its processes together, but for memory */

struct figures {
	double wall_ms, cpu_ms;
	uint64_t read, written; /* by read(2), write(2) and the like; sockets are not among them */
	uint64_t from_disk, to_disk;
	uint64_t peak_kib[MEMBERS_MAX]; /* of the processes, in the order of their numbers */
};

static struct {
	pid_t pid;
	uint64_t peak_kib;
} members[MEMBERS_MAX];
static size_t n_members;

static uint64_t field(pid_t pid, const char *file, const char *name)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	AUTO_FCLOSE FILE *stream = fopen(path, "re");
	unsigned long long value = 0;
	char line[256];

	while (stream && fgets(line, sizeof(line), stream))
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, 10);
	return value;
}

static void note_member(pid_t pid)
{
	uint64_t peak = field(pid, "status", "VmHWM:");
	size_t i = 0;

	while (i < n_members && members[i].pid != pid)
		i++;
	if (i == MEMBERS_MAX || !peak)
		return;
	if (i == n_members)
		members[n_members++].pid = pid;
	members[i].peak_kib = peak;
}

/* A process and those below it, as they are now. */
static void note_tree(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	AUTO_FCLOSE FILE *stream = fopen(path, "re");
	int child;

	note_member(pid);
	while (stream && fscanf(stream, "%d", &child) == 1)
		note_tree(child);
}

static double ms_of(struct timeval at)
{
	return (double)at.tv_sec * 1e3 + (double)at.tv_usec / 1e3;
}

/* Not reaped yet, it still has the sums of itself and of those that it waited for. */
static void watch(pid_t pid, struct figures *ret)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
			bench_die("waitid: %s", strerror(errno));
		if (info.si_pid)
			break;
		note_tree(pid);
		usleep(SAMPLE_US);
	}
	ret->wall_ms = bench_clock_ms(CLOCK_MONOTONIC) - ret->wall_ms;
	ret->read = field(pid, "io", "rchar:");
	ret->written = field(pid, "io", "wchar:");
	ret->from_disk = field(pid, "io", "read_bytes:");
	ret->to_disk = field(pid, "io", "write_bytes:");
}

static void measure(const char *command, struct figures *ret)
{
	struct rusage used;
	int status;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	n_members = 0;
	sync();
	ret->wall_ms = bench_clock_ms(CLOCK_MONOTONIC);
	pid = spawn(command);
	watch(pid, ret);
	if (wait4(pid, &status, 0, &used) != pid || status != 0)
		bench_die("it fails: %s", command);
	ret->cpu_ms = ms_of(used.ru_utime) + ms_of(used.ru_stime);
	for (size_t i = 0; i < n_members; i++)
		ret->peak_kib[i] = members[i].peak_kib;
}

/* --- the ways */

#define CURL                                                                                       \
	"curl --silent --show-error --fail --cacert ca.pem https://localhost:8443/bench/image.raw"

enum { OTHERS = 5, PROGRAMS_MAX = 4, WAYS_MAX = OTHERS + PROGRAMS_MAX };

static struct way {
	const char *name, *command;
	const char *program; /* $P of the command */
} ways[WAYS_MAX] = {
	{ "curl | sha512sum", CURL " | sha512sum >sum", NULL },
	{ "curl | tee FILE | sha512sum", CURL " | tee file | sha512sum >sum", NULL },
	{ "the same, and sync FILE", CURL " | tee file | sha512sum >sum; sync file", NULL },
	{ "curl | openssl dgst -sha512", CURL " | openssl dgst -sha512 >sum", NULL },
	{ "curl >/dev/null", CURL " >/dev/null", NULL },
};
static size_t n_ways = OTHERS;

static void add_program(const char *path)
{
	struct way *way = &ways[n_ways++];

	way->name = path;
	way->program = realpath(path, NULL);
	if (!way->program)
		bench_die("find '%s': %s", path, strerror(errno));
	way->command = "exec \"$P\" --quiet --config conf image pull bench >name";
}

/* What a way leaves: removed after it, and not on its time. */
static const char clean[] = "rm -rf file sum name state/images/*";

static struct figures figures[WAYS_MAX][ROUNDS_MAX];

static double median(size_t way, size_t rounds, double (*get)(const struct figures *figures))
{
	double values[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		values[i] = get(&figures[way][i]);
	bench_sort(values, rounds);
	return bench_median(values, rounds);
}

static double wall(const struct figures *of)
{
	return of->wall_ms;
}

static double cpu(const struct figures *of)
{
	return of->cpu_ms;
}

static void print(size_t rounds, unsigned long mib)
{
	printf("%lu MiB, medians of %zu rounds in turns; bytes and memory of the last\n", mib,
	       rounds);
	printf("%-30s %8s %7s %6s %8s %8s %8s %8s %8s  %s\n", "", "ms", "MiB/s", "ratio", "CPU ms",
	       "read", "written", "fromdisk", "todisk", "peak KiB of each process");
	for (size_t w = 0; w < n_ways; w++) {
		const struct figures *last = &figures[w][rounds - 1];
		double ms = median(w, rounds, wall);

		printf("%-30s %8.0f %7.0f %6.3f %8.0f %8" PRIu64 " %8" PRIu64 " %8" PRIu64
		       " %8" PRIu64 " ",
		       ways[w].name, ms, (double)mib * 1e3 / ms, ms / median(0, rounds, wall),
		       median(w, rounds, cpu), last->read >> 20, last->written >> 20,
		       last->from_disk >> 20, last->to_disk >> 20);
		for (size_t i = 0; i < MEMBERS_MAX && last->peak_kib[i]; i++)
			printf(" %" PRIu64, last->peak_kib[i]);
		printf("\n");
	}
}

/* --- the laboratory */

static void make_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		bench_die("unshare: %s", strerror(errno));
	bench_set_up("lo");
}

static void write_file(const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);

	bench_write_file(path, text);
}

static void make_files(unsigned long mib)
{
	/* as the file of a disk it has the mark of an MBR */
	AUTO_FREE char *image =
		xasprintf("mkdir -p web/bench images.d && cd web/bench && "
			  "head -c %luM /dev/urandom >image.raw && printf '\\125\\252' | "
			  "dd of=image.raw bs=1 seek=510 conv=notrunc 2>/dev/null && "
			  "sha512sum image.raw >SHA512SUMS",
			  mib);
	AUTO_FREE char *conf = xasprintf("state_dir = %s/state\nrun_dir = %s/run\n"
					 "catalogue = %s/images.d\nca_file = %s/ca.pem\n",
					 folder, folder, folder, folder);

	run(image);
	write_file("conf", conf);
	write_file("images.d/bench.conf", "[bench]\n"
					  "title = A bench\n"
					  "mirrors = https://localhost:8443/bench/\n"
					  "file = image.raw\n"
					  "digest_file = SHA512SUMS\n"
					  "digest_style = gnu\n"
					  "user = bench\n");
	run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key "
	    "-out ca.pem -days 2 -subj /CN=bench 2>log && "
	    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
	    "-out csr.pem -subj /CN=localhost 2>>log && "
	    "echo 'subjectAltName = DNS:localhost' >ext && "
	    "openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -days 2 -extfile ext "
	    "-out crt.pem 2>>log");
}

static pid_t start_nginx(void)
{
	AUTO_FREE char *conf = xasprintf(
		"daemon off; user root; pid %s/nginx.pid; worker_processes 1; "
		"error_log %s/nginx.log;\n"
		"events {}\n"
		"http { access_log off; sendfile on;\n"
		"client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n"
		"fastcgi_temp_path %s/fcgi; uwsgi_temp_path %s/uwsgi;\n"
		"scgi_temp_path %s/scgi;\n"
		"server { listen 127.0.0.1:8443 ssl; root %s/web;\n"
		"ssl_certificate %s/crt.pem; ssl_certificate_key %s/key.pem;\n"
		"} }\n",
		folder, folder, folder, folder, folder, folder, folder, folder, folder, folder);
	pid_t pid;

	write_file("nginx.conf", conf);
	pid = spawn("exec nginx -c \"$PWD/nginx.conf\" 2>>nginx.log");
	run("for i in $(seq 100); do "
	    "curl -s --cacert ca.pem -o /dev/null https://localhost:8443/ && exit; sleep 0.1; "
	    "done; cat nginx.log >&2; exit 1");
	return pid;
}

static void clean_up(void)
{
	if (nginx > 0) {
		kill(nginx, SIGTERM);
		waitpid(nginx, NULL, 0);
	}
	run("rm -rf \"$PWD\"");
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
	unsigned long mib = argc > 2 ? strtoul(argv[2], NULL, 10) : 2048;
	const char *tmp = getenv("TMPDIR");

	if (argc > 3 + PROGRAMS_MAX || !rounds || rounds > ROUNDS_MAX || !mib || mib > MIB_MAX)
		bench_die("%s", usage);
	for (int i = 3; i < argc; i++)
		add_program(argv[i]);
	if (argc < 4)
		add_program("/usr/sbin/mnmivm-se");
	folder = xasprintf("%s/bench-pull.XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(folder))
		bench_die("prepare '%s': %s", folder, strerror(errno));
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	atexit(clean_up);
	make_namespace();
	make_files(mib);
	nginx = start_nginx();
	for (size_t round = 0; round < rounds; round++)
		for (size_t w = 0; w < n_ways; w++) {
			program = ways[w].program ? ways[w].program : "";
			measure(ways[w].command, &figures[w][round]);
			run(clean);
		}
	print(rounds, mib);
	return 0;
}
