/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A system call filter, run by hand. */
#include "filter_run.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <string.h>

#include "suite.h"

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	ck_assert_uint_le(offset, sizeof(*data) - sizeof(word));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool condition(const struct sock_filter *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	case BPF_JGE:
		return a >= insn->k;
	case BPF_JSET:
		return a & insn->k;
	}
	ck_abort_msg("jump 0x%x", insn->code);
	return false;
}

/* What seccomp(2) allows of classic BPF, as far as it occurs. */
uint32_t filter_run(const struct filter *filter, const struct seccomp_data *data)
{
	const struct sock_filter *v = filter->v;
	uint32_t a = 0;

	for (unsigned int i = 0; i < filter->n; i++) {
		if (v[i].code == (BPF_LD | BPF_W | BPF_ABS))
			a = load(data, v[i].k);
		else if (v[i].code == (BPF_ALU | BPF_AND | BPF_K))
			a &= v[i].k;
		else if (v[i].code == (BPF_RET | BPF_K))
			return v[i].k;
		else if (v[i].code == (BPF_JMP | BPF_JA))
			i += v[i].k;
		else if (BPF_CLASS(v[i].code) == BPF_JMP && BPF_SRC(v[i].code) == BPF_K)
			i += condition(&v[i], a) ? v[i].jt : v[i].jf;
		else
			ck_abort_msg("instruction %u: 0x%x", i, v[i].code);
	}
	ck_abort_msg("the program does not end");
	return 0;
}
