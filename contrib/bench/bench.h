/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches share: giving up, clocks, medians, and links of their own namespace. */
#ifndef BENCH_H
#define BENCH_H

#include <net/if.h>
#include <stddef.h>
#include <time.h>

void bench_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

double bench_clock_ms(clockid_t clock);
double bench_timespec_ms(struct timespec at);

void bench_sort(double *values, size_t n);
double bench_median(const double *sorted, size_t n);

void bench_write_file(const char *path, const char *text);

/* On a socket that is opened in the namespace of the first call. */
void bench_ioctl(unsigned long request, struct ifreq *args, const char *what);
struct ifreq bench_link(const char *name);
void bench_set_up(const char *name);

/* Loopback up, and a bridge br0 beside it. */
void bench_make_bridge(void);

#endif
