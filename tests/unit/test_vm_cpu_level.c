/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor levels: of texts of /proc/cpuinfo, of QEMU's versions, and what is refused for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "../../src/vm/cpu_level.h"
#include "store_lab.h"

#define V1 "fpu cx8 cmov mmx fxsr sse sse2 syscall lm"
#define V2 V1 " pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
#define V3 V2 " fma movbe xsave avx f16c abm bmi1 avx2 bmi2"
#define V4 V3 " avx512f avx512dq avx512cd avx512bw avx512vl"
#define CPUINFO(flags)                                                                             \
	"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: x\nflags\t\t: " flags            \
	"\nbugs\t\t: spectre_v1\n\n"

static struct vm_host host;
static struct vm_config vm;
static const char *cpuinfo;

int __wrap_file_read_path(const char *path, size_t max, struct buf *ret, struct error *err);

int __wrap_file_read_path(const char *path, size_t max, struct buf *ret, struct error *err)
{
	ck_assert_str_eq(path, "/proc/cpuinfo");
	ck_assert_uint_ge(max, 1 << 20);
	if (!cpuinfo)
		return error_errno(err, EACCES, "read '%s'", path);
	buf_puts(ret, cpuinfo);
	return 0;
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
	host.config.qemu = xasprintf("%s/qemu", lab_dir.path);
	vm_config_init(&vm, &lab_config);
	cpuinfo = CPUINFO(V2);
}

static void teardown(void)
{
	unlinkat(lab_dir.fd, "qemu", 0);
	free(host.config.qemu);
	vm_config_done(&vm);
	lab_teardown();
}

static void put_qemu(const char *major, const char *minor)
{
	AUTO_FREE char *text = xasprintf("#!/bin/sh\necho '{\"return\": {\"qemu\": {\"major\": %s, "
					 "\"minor\": %s, \"micro\": 0}}}'\n",
					 major, minor);

	unlinkat(lab_dir.fd, "qemu", 0);
	suite_put(lab_dir.fd, "qemu", text);
	ck_assert_int_eq(fchmodat(lab_dir.fd, "qemu", 0755, 0), 0);
}

static void want(enum accel accel, const char *model, unsigned int level)
{
	vm.accel = accel;
	xreplace(&vm.cpu_model, model);
	vm.image.cpu_level = level;
}

static void take(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(cpu_level_check(&host, &vm, false, &err), err);
}

static void refuse(const char *message, const char *hint)
{
	struct error err = ERROR_INIT;

	suite_assert_error(cpu_level_check(&host, &vm, false, &err), err, ENOTSUP, ERROR_HOST);
	ck_assert_str_eq(err.message, message);
	ck_assert_msg(strstr(err.hint, hint) != NULL, "%s", err.hint);
}

static const struct text {
	const char *cpuinfo;
	unsigned int level;
} texts[] = {
	{ CPUINFO(V1), 1 },
	{ CPUINFO(V2), 2 },
	{ CPUINFO(V3), 3 },
	{ CPUINFO(V4), 4 },
	{ CPUINFO("avx2 " V2), 2 },
	{ CPUINFO("pni ssse3 cx16 sse4_1 sse4_2 lahf_lm popcnt_x " V1), 1 },
	{ CPUINFO("xpopcnt pni ssse3 cx16 sse4_1 sse4_2 lahf_lm " V1), 1 },
	{ CPUINFO(V2 " fma movbe xsave avx f16c bmi1 avx2 bmi2"), 2 }, /* no abm */
	{ CPUINFO(V3 " avx512f avx512dq avx512cd avx512bw"), 3 },
	{ CPUINFO("avx512f avx512dq avx512cd avx512bw avx512vl " V1), 1 },
	{ "flags:" V3, 3 },
	{ "flags\t: " V2 "\n\nprocessor\t: 1\nflags\t: " V4 "\n", 2 },
	{ "vmx flags\t: " V4 "\nflags\t: " V1 "\n", 1 },
	{ "flags\t: fpu sse sse2\nx: " V4 "\n", 0 },
	{ "flags\n: " V4 "\n", 0 },
	{ "flags\t:\n" V4 "\n", 0 },
	{ "flags\t:", 0 },
	{ "model name\t: flags: " V4 "\n", 0 },
	{ "Features\t: fp asimd evtstrm aes\n", 0 },
	{ "\n\n\n", 0 },
	{ "", 0 },
};

START_TEST(level_of_a_text)
{
	ck_assert_uint_eq(cpu_level_of(texts[_i].cpuinfo), texts[_i].level);
}
END_TEST

START_TEST(level_of_a_qemu)
{
	ck_assert_uint_eq(cpu_level_of_tcg(&(struct qemu_version){ 6, 2, 0 }), 2);
	ck_assert_uint_eq(cpu_level_of_tcg(&(struct qemu_version){ 7, 1, 9 }), 2);
	ck_assert_uint_eq(cpu_level_of_tcg(&(struct qemu_version){ 7, 2, 0 }), 3);
	ck_assert_uint_eq(cpu_level_of_tcg(&(struct qemu_version){ 10, 0, 0 }), 3);
}
END_TEST

/* An image of level 1, or one that says nothing, costs neither a read nor a run. */
START_TEST(nothing_to_ask)
{
	cpuinfo = NULL;
	for (unsigned int level = 0; level <= 1; level++) {
		want(ACCEL_KVM, NULL, level);
		take();
		want(ACCEL_TCG, NULL, level);
		take();
	}
}
END_TEST

START_TEST(of_the_host)
{
	static const char *const models[] = { NULL, "host", "host,-avx2", "max" };

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		want(ACCEL_KVM, models[i], 2);
		take();
		want(ACCEL_KVM, models[i], 3);
		refuse("the image needs an x86-64-v3 processor; this host's is x86-64-v2",
		       "accel tcg");
		want(ACCEL_KVM, models[i], 4);
		refuse("the image needs an x86-64-v4 processor; this host's is x86-64-v2",
		       "an image for older processors");
	}
	cpuinfo = CPUINFO(V4);
	take();
}
END_TEST

START_TEST(host_that_does_not_tell)
{
	want(ACCEL_KVM, NULL, 4);
	cpuinfo = NULL;
	take();
	cpuinfo = "Features\t: fp asimd\n";
	take();
}
END_TEST

START_TEST(of_tcg)
{
	struct error err = ERROR_INIT;

	cpuinfo = CPUINFO(V1); /* does not matter */
	put_qemu("7", "2");
	want(ACCEL_TCG, NULL, 3);
	take();
	want(ACCEL_TCG, "max", 4);
	refuse("the image needs an x86-64-v4 processor; QEMU 7.2 emulates no more than v3",
	       "accel kvm, on a host");
	put_qemu("5", "2");
	want(ACCEL_TCG, "max,-x2apic", 3);
	refuse("the image needs an x86-64-v3 processor; QEMU 5.2 emulates no more than v2",
	       "QEMU 7.2 or newer");
	want(ACCEL_TCG, NULL, 2);
	take();
	unlinkat(lab_dir.fd, "qemu", 0);
	ck_assert_int_lt(cpu_level_check(&host, &vm, false, &err), 0);
}
END_TEST

START_TEST(a_named_model_is_believed)
{
	static const char *const models[] = { "Haswell-v4,+aes", "qemu64", "maximal", "hos" };
	struct error err = ERROR_INIT;

	cpuinfo = CPUINFO(V1);
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		for (int accel = ACCEL_KVM; accel <= ACCEL_TCG; accel++) {
			want((enum accel)accel, models[i], 3);
			ck_assert_int_eq(cpu_level_check(&host, &vm, false, &err), CPU_LEVEL_NAMED);
			want((enum accel)accel, models[i], 1);
			take();
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/cpu_level");
	TCase *tc = tcase_create("levels");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, level_of_a_text, 0, ARRAY_SIZE(texts));
	tcase_add_test(tc, level_of_a_qemu);
	tcase_add_test(tc, nothing_to_ask);
	tcase_add_test(tc, of_the_host);
	tcase_add_test(tc, host_that_does_not_tell);
	tcase_add_test(tc, of_tcg);
	tcase_add_test(tc, a_named_model_is_believed);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
