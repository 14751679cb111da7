/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf(2), as far as a program with an array of counters needs it. Descriptors are O_CLOEXEC. */
#ifndef NET_BPF_H
#define NET_BPF_H

#include <linux/bpf.h>
#include <stdint.h>

#include "base/error.h"

/* An array map of one element; *ret_fd is the caller's. */
int bpf_create_map(const char *name, uint32_t value_size, int *ret_fd, struct error *err);

/* In words, where the kernel refuses the program: the verifier's last line. */
int bpf_load_classifier(const char *name, const struct bpf_insn *insn, uint32_t n, int *ret_fd,
			struct error *err);

/*
 * The value of the only element of the only map of that program. -ENOENT: no program of that id, or
 * one of another name, or without such a map.
 */
int bpf_read_map_of(uint32_t program_id, const char *name, void *ret_value, uint32_t value_size,
		    struct error *err);

#endif
