/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The levels of x86-64 processors, by the flags that Linux tells of the host's. */
#include "cpu_level.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

enum { CPUINFO_MAX = 4 << 20 }; /* some 1.5 KB a processor */

/*
 * By the names of arch/x86/include/asm/cpufeatures.h. pni is SSE3; abm has LZCNT; avx is only told
 * where the kernel has XSAVE on (OSXSAVE).
 */
static const char *const level_flags[] = {
	[1] = "lm cmov cx8 fpu fxsr mmx syscall sse sse2",
	[2] = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
	[3] = "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
	[4] = "avx512f avx512bw avx512cd avx512dq avx512vl",
};

static bool has_flag(const char *flags, size_t len, const char *flag, size_t flag_len)
{
	const char *end = flags + len;

	while (flags < end) {
		size_t word = strcspn(flags, " \t\n");

		if (word == flag_len && !memcmp(flags, flag, word))
			return true;
		flags += word + 1;
	}
	return false;
}

static bool has_flags(const char *flags, size_t len, const char *wanted)
{
	while (*wanted) {
		size_t word = strcspn(wanted, " ");

		if (!has_flag(flags, len, wanted, word))
			return false;
		wanted += word + (wanted[word] == ' ');
	}
	return true;
}

/* The line "flags : ..."; that of "vmx flags" is another one. */
static const char *find_flags(const char *cpuinfo)
{
	static const char key[] = "flags";

	for (const char *line = cpuinfo; *line; line += strcspn(line, "\n") + 1) {
		size_t name = strcspn(line, ":\n");

		if (!strncmp(line, key, strlen(key)) && line[name] == ':')
			return line + name + 1;
		if (!line[strcspn(line, "\n")])
			break;
	}
	return NULL;
}

unsigned int cpu_level_of(const char *cpuinfo)
{
	const char *flags = find_flags(cpuinfo);
	size_t len = flags ? strcspn(flags, "\n") : 0;
	unsigned int level = 0;

	while (flags && level + 1 < ARRAY_SIZE(level_flags) &&
	       has_flags(flags, len, level_flags[level + 1]))
		level++;
	return level;
}

/* AVX, AVX2, F16C and FMA came with 7.2, the rest of level 3 was there. AVX-512 never did. */
unsigned int cpu_level_of_tcg(const struct qemu_version *version)
{
	return qemu_version_at_least(version, 7, 2) ? 3 : 2;
}

static int check_tcg(const struct vm_host *host, unsigned int wanted, bool keep, struct error *err)
{
	struct qemu_version version;
	int r = qemu_version_get(host, keep, &version, err);

	if (r || cpu_level_of_tcg(&version) >= wanted)
		return r;
	error_set(err, ERROR_HOST, ENOTSUP,
		  "the image needs an x86-64-v%u processor; QEMU %u.%u emulates no more than v%u",
		  wanted, version.major, version.minor, cpu_level_of_tcg(&version));
	return error_hint(err, wanted > 3 ? "accel kvm, on a host that has one"
					  : "accel kvm, or QEMU 7.2 or newer");
}

static int check_kvm(unsigned int wanted, struct error *err)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF cpuinfo = BUF_INIT;
	unsigned int have = 0;

	if (!file_read_path("/proc/cpuinfo", CPUINFO_MAX, &cpuinfo, &ignored))
		have = cpu_level_of(buf_str(&cpuinfo));
	if (!have || have >= wanted)
		return 0;
	error_set(err, ERROR_HOST, ENOTSUP,
		  "the image needs an x86-64-v%u processor; this host's is x86-64-v%u", wanted,
		  have);
	return error_hint(err, wanted > 3 ? "take an image for older processors"
					  : "take an image for older processors, or let QEMU "
					    "emulate a newer one: accel tcg (slow)");
}

/* "host" and "max", whatever is switched off of them, are what there is. */
static bool is_whole_model(const char *model)
{
	size_t len = model ? strcspn(model, ",") : 0;

	return !model || (len == 4 && !strncmp(model, "host", len)) ||
	       (len == 3 && !strncmp(model, "max", len));
}

int cpu_level_check(const struct vm_host *host, const struct vm_config *vm, bool keep,
		    struct error *err)
{
	unsigned int wanted = vm->image.cpu_level;

	if (wanted <= 1)
		return 0;
	if (!is_whole_model(vm->cpu_model))
		return CPU_LEVEL_NAMED;
	return vm->accel == ACCEL_KVM ? check_kvm(wanted, err) : check_tcg(host, wanted, keep, err);
}
