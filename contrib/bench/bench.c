/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches share. */
#include "bench.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int control = -1; /* a socket for ioctls */

void bench_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

double bench_timespec_ms(struct timespec at)
{
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

double bench_clock_ms(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return bench_timespec_ms(now);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
}

double bench_median(const double *sorted, size_t n)
{
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

void bench_write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		bench_die("write '%s': %s", path, strerror(errno));
}

static void open_control(void)
{
	if (control < 0)
		control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		bench_die("open a socket: %s", strerror(errno));
}

void bench_ioctl(unsigned long request, struct ifreq *args, const char *what)
{
	open_control();
	if (ioctl(control, request, args) < 0)
		bench_die("%s: %s", what, strerror(errno));
}

struct ifreq bench_link(const char *name)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

void bench_set_up(const char *name)
{
	struct ifreq request = bench_link(name);

	bench_ioctl(SIOCGIFFLAGS, &request, "SIOCGIFFLAGS");
	request.ifr_flags |= IFF_UP;
	bench_ioctl(SIOCSIFFLAGS, &request, "SIOCSIFFLAGS");
}

void bench_make_bridge(void)
{
	open_control();
	if (ioctl(control, SIOCBRADDBR, "br0") < 0)
		bench_die("make a bridge: %s", strerror(errno));
	bench_set_up("lo");
	bench_set_up("br0");
}
