/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpacking what xz, gzip, zstd, bzip2 and tar made, what came of it on the way, and bombs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/unpack.h"
#include "suite.h"

enum { DISK_SIZE = 470400, HOLE_AT = 100000, HOLE_SIZE = 300000, MAX = 1 << 20 };

static struct suite_tmpdir dir;
static char disk[DISK_SIZE];

/* Noise that no program shrinks, a hole, and noise again. */
static void fill_disk(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(disk); i++) {
		state = state * 1664525 + 1013904223;
		disk[i] = (char)(state >> 24);
	}
	memset(disk + HOLE_AT, 0, HOLE_SIZE);
}

static void put_disk(const char *name)
{
	AUTO_CLOSE int fd = openat(dir.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_eq(fd_write_all(fd, disk, sizeof(disk)), 0);
}

static void setup(void)
{
	struct error err = ERROR_INIT;

	suite_tmpdir_make(&dir);
	fill_disk();
	put_disk("disk");
	put_disk("disk.img");
	put_disk("disk.qcow2");
	put_disk("disk.raw");
	suite_put(dir.fd, "README", "read me\n");
	suite_assert_ok(unpack_prepare(&err), err);
}

static void teardown(void)
{
	suite_tmpdir_remove(&dir);
}

/*
 * Made by a command in the folder, whose standard output is the file "in". mallopt(3)'s
 * M_PERTURB is for our own memory: xz asks for eleven times its dictionary, and uses next to
 * nothing of it.
 */
static int make(const char *command)
{
	AUTO_FREE char *line = xasprintf("unset MALLOC_PERTURB_; cd '%s' && { %s; } >in", dir.path,
					 command);
	int fd;

	ck_assert_msg(system(line) == 0, "%s", line);
	fd = openat(dir.fd, "in", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int run(int from, uint64_t max, int *ret_out, struct error *err)
{
	*ret_out = memfd_create("out", MFD_CLOEXEC);
	ck_assert_int_ge(*ret_out, 0);
	return unpack(from, *ret_out, max, "image.xz", err);
}

static void check_content(int fd, const char *command)
{
	static char found[DISK_SIZE];
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_msg(st.st_size == DISK_SIZE, "%jd bytes of %s", (intmax_t)st.st_size, command);
	ck_assert_int_eq(pread(fd, found, sizeof(found), 0), DISK_SIZE);
	ck_assert_msg(memcmp(found, disk, sizeof(disk)) == 0, "other bytes of %s", command);
}

static void check_good(const char *const *commands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_CLOSE int from = make(commands[i]);
		AUTO_CLOSE int out = -1;
		struct error err = ERROR_INIT;

		ck_assert_msg(unpack_wants(from), "not wanted: %s", commands[i]);
		ck_assert_msg(run(from, MAX, &out, &err) == 0, "%s: %s", commands[i], err.message);
		check_content(out, commands[i]);
		ck_assert_int_eq(lseek(from, 0, SEEK_CUR), 0);
	}
}

static void check_bad(const char *const (*samples)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_CLOSE int from = make(samples[i][0]);
		AUTO_CLOSE int out = -1;
		struct error err = ERROR_INIT;

		ck_assert_msg(run(from, MAX, &out, &err) == -EBADMSG, "passed: %s", samples[i][0]);
		ck_assert_int_eq(err.kind, ERROR_VERIFY);
		ck_assert_msg(strstr(err.message, samples[i][1]) != NULL, "'%s' of %s", err.message,
			      samples[i][0]);
		ck_assert_ptr_nonnull(strstr(err.message, "unpack 'image.xz': "));
	}
}

START_TEST(one_file)
{
	static const char *const commands[] = {
		"xz -c disk.img",
		"gzip -c disk.img",
		"zstd -qc disk.img",
		"bzip2 -c disk.img",
		/* several blocks, several streams */
		"xz -c --block-size=65536 disk.img",
		"xz -c --check=crc32 disk.img",
		"xz -c --check=sha256 disk.img",
		"head -c 99999 disk.img | xz && tail -c +100000 disk.img | xz",
		"head -c 99999 disk.img | gzip && tail -c +100000 disk.img | gzip",
		"head -c 99999 disk.img | zstd -q && tail -c +100000 disk.img | zstd -q",
		"head -c 99999 disk.img | bzip2 && tail -c +100000 disk.img | bzip2",
		/* padding of a stream is part of xz (xz-file-format, 2.2) */
		"xz -c disk.img && head -c 8 /dev/zero",
		"gzip -9 -nc disk.img",
		"zstd -q --ultra -22 --long=27 -c disk.img",
	};

	check_good(commands, ARRAY_SIZE(commands));
}
END_TEST

START_TEST(an_archive_with_one_image)
{
	static const char *const commands[] = {
		"tar c disk.img",
		"tar c README disk.img",
		"tar c disk.img README",
		"tar c --format=ustar README disk.img",
		"tar c --format=posix README disk.img",
		"tar c README disk.img | xz",
		"tar c README disk.img | gzip",
		"tar c README disk.img | zstd -q",
		"tar c README disk.img | bzip2",
		/* sparse files, and one that ends in a hole, are written out */
		"tar cS README disk.img",
		"tar cS --format=posix disk.img",
		/* the name says it, wherever it stands, and none is ever made */
		"tar c README disk.qcow2",
		"tar c disk disk.raw README",
		"tar cP --transform='s,^,../../etc/,' disk.img README",
		"tar cP --transform='s,^,/etc/,' disk.img README",
		/* a single file says nothing and needs not */
		"tar c disk",
		"tar c disk | gzip",
		/* links are no files */
		"ln -s disk.img s.img; tar c s.img disk.img; rm s.img",
		"ln disk.img h.img; tar c disk.img h.img; rm h.img",
		"mkdir d.img; tar c d.img disk.img; rmdir d.img",
		"mkfifo f.img; tar c f.img disk.img; rm f.img",
	};

	check_good(commands, ARRAY_SIZE(commands));
}
END_TEST

START_TEST(archives_without_one_image)
{
	static const char *const samples[][2] = {
		{ "tar c disk.img disk.raw", "more than one image" },
		{ "tar c disk.img disk.raw | xz", "more than one image" },
		{ "tar c disk.img README disk.img --hard-dereference", "more than one image" },
		/* a second archive behind the first one's end */
		{ "tar c disk.img; tar c disk.raw", "more than one image" },
		{ "tar c README disk", "none of its 2 files is called .qcow2, .img or .raw" },
		{ "tar c --transform=s,img,imgx, README disk.img", "none of its 2 files" },
		/* nothing but zeros */
		{ "tar c -T /dev/null", "neither compressed nor a tar archive" },
		{ "tar c -T /dev/null | xz", "there is no file" },
		{ "ln -s /etc/shadow l.img; tar c l.img", "there is no file" },
		{ "mkdir d.img; tar c d.img", "there is no file" },
		{ "mkfifo n.img; tar c n.img", "there is no file" },
		/* a link to an image that is not in it */
		{ "ln disk.img h.img; tar c disk.img h.img | tar --delete disk.img; rm h.img",
		  "there is no file" },
		{ "for i in $(seq 1100); do echo README; done | "
		  "tar c --hard-dereference --verbatim-files-from -T - disk.img",
		  "more than 1024 entries" },
	};

	check_bad(samples, ARRAY_SIZE(samples));
}
END_TEST

/* Wherever it ends: in what is compressed, in a checksum, in an index. */
START_TEST(what_is_cut_off)
{
	static const char *const tools[] = { "xz -c", "gzip -c", "zstd -qc", "bzip2 -c" };
	static const unsigned int cuts[] = { 1, 4, 8, 13, 100, 50000, 120000 };

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		AUTO_FREE char *whole = xasprintf("%s disk.img | tee whole", tools[i]);

		close(make(whole));
		for (size_t j = 0; j < ARRAY_SIZE(cuts); j++) {
			AUTO_FREE char *command = xasprintf("head -c -%u whole", cuts[j]);
			const char *const sample[][2] = { { command, "broken" } };

			check_bad(sample, 1);
		}
		for (unsigned int length = 6; length <= 40; length += 17) {
			AUTO_FREE char *command = xasprintf("head -c %u whole", length);
			const char *const sample[][2] = { { command, "broken" } };

			check_bad(sample, 1);
		}
	}
}
END_TEST

START_TEST(what_is_broken)
{
	static const char *const samples[][2] = {
		{ "cat disk.img", "neither compressed nor a tar archive" },
		{ "true", "neither compressed nor a tar archive" },
		{ "printf '\\375'", "neither compressed nor a tar archive" },
		{ "xz -c --format=lzma disk.img", "neither compressed nor a tar archive" },
		{ "xz -c /dev/null", "empty, broken" },
		{ "gzip -c /dev/null", "empty, broken" },
		{ "true | zstd -qc", "empty, broken" },
		{ "bzip2 -c /dev/null", "empty, broken" },
		{ "printf '\\3757zXZ\\0'; cat disk.img", "empty, broken" },
		{ "printf '\\037\\213'; cat disk.img", "unknown compression method" },
		{ "printf '\\050\\265\\057\\375'; cat disk.img", "broken" },
		{ "printf BZh9; cat disk.img", "empty, broken" },
		/* what is behind it */
		{ "xz -c disk.img; echo garbage", "cut off or broken" },
		{ "gzip -c disk.img; echo garbage", "goes on behind its end" },
		{ "zstd -qc disk.img; echo garbage", "cut off or broken" },
		{ "bzip2 -c disk.img; echo garbage", "goes on behind its end" },
		{ "gzip -c disk.img; head -c 512 /dev/zero", "goes on behind its end" },
		{ "xz -c disk.img; gzip -c disk.img", "cut off or broken" },
		{ "gzip -c disk.img; xz -c disk.img", "goes on behind its end" },
		/* a checksum */
		{ "xz -c disk.img | sed 's/YZ$/YY/'", "cut off or broken" },
		{ "zstd -qc disk.img | head -c -4; printf '\\0\\0\\0\\0'", "match checksum" },
		{ "bzip2 -c disk.img | LC_ALL=C sed '1s/^BZh9/BZh1/'", "broken" },
		{ "gzip -c disk.img | head -c -8; printf '\\1\\2\\3\\4\\200\\55\\7\\0'",
		  "incorrect data check" },
		{ "gzip -c disk.img | head -c -4; printf '\\201\\55\\7\\0'",
		  "incorrect length check" },
		/* that of the first member, and of an archive whose end is in front of it */
		{ "gzip -c README | head -c -4; printf '\\0\\0\\0\\0'; gzip -c disk.img",
		  "incorrect length check" },
		{ "tar c disk.img | gzip | head -c -4; printf '\\0\\0\\0\\0'",
		  "incorrect length check" },
		/* tar that ends early, or not at all */
		{ "tar c disk.img | head -c 400000", "cut off or broken" },
		{ "tar c disk.img | head -c 400000 | xz", "cut off or broken" },
		{ "tar c disk.img | head -c 400", "broken" },
		{ "tar c disk.img; echo garbage", "cut off or broken" },
		{ "tar c disk.img | LC_ALL=C sed '1s/disk/disc/'", "broken" },
		/* the checksum of a block is behind the archive's end */
		{ "tar c disk.img | xz | head -c -40", "cut off or broken" },
		{ "tar c disk.img | zstd -q | head -c -4", "cut off or broken" },
	};

	check_bad(samples, ARRAY_SIZE(samples));
}
END_TEST

/* Nothing but another name or date in a header may be another one unseen. */
static void check_flip(const char *packed, size_t len, const char *what)
{
	AUTO_CLOSE int from = memfd_create("flipped", MFD_CLOEXEC);
	AUTO_CLOSE int out = -1;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(fd_write_all(from, packed, len), 0);
	if (run(from, MAX, &out, &err))
		ck_assert_int_eq(err.kind, ERROR_VERIFY);
	else
		check_content(out, what);
}

START_TEST(a_bit_that_is_another_one)
{
	enum { FLIPS = 150, PACKED_MAX = DISK_SIZE };
	static const char *const tools[] = { "xz -c disk.img", "gzip -c disk.img",
					     "zstd -qc disk.img",
					     "split -b 99999 --filter=gzip disk.img" };
	AUTO_CLOSE int from = make(tools[_i]);
	AUTO_FREE char *packed = xmalloc(PACKED_MAX);
	ssize_t len = pread(from, packed, PACKED_MAX, 0);

	ck_assert_int_gt(len, FLIPS);
	for (ssize_t n = 0; n < FLIPS; n++) {
		/* each of the first and of the last bytes, and some in between */
		ssize_t at = n < 32 ? n : n < FLIPS - 32 ? n * (len / FLIPS) : len - (FLIPS - n);
		char bit = (char)(1 << (n * 5 % 8));

		packed[at] ^= bit;
		check_flip(packed, (size_t)len, tools[_i]);
		packed[at] ^= bit;
	}
}
END_TEST

/* In what is not the image, before it and behind; and nothing need be unpacked to see it. */
START_TEST(bombs_in_what_is_skipped)
{
	static const char *const samples[][2] = {
		{ "truncate -s 2M big; tar c big disk.img", "holds more than 1M" },
		{ "truncate -s 2M big; tar c big disk.img | zstd -q", "holds more than 1M" },
		{ "truncate -s 2M big; tar c disk.img big | xz", "holds more than 1M" },
		{ "truncate -s 600K a b; tar c a b disk.img | gzip", "holds more than 1M" },
		{ "truncate -s 15T big; tar cS big disk.img", "holds more than 1M" },
		{ "truncate -s 2M big; tar c big README", "holds more than 1M" },
		/* zeros that no entry speaks of */
		{ "tar c disk.img | zstd -q; head -c 100M /dev/zero | zstd -q", "holds more than" },
		{ "tar c disk.img | zstd -q; head -c 100M /dev/zero | gzip -1", "broken" },
	};

	check_bad(samples, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(bombs)
{
	static const char *const samples[][2] = {
		{ "yes | head -c 9000000 | xz", "holds more than 1M" },
		{ "yes | head -c 9000000 | gzip", "holds more than 1M" },
		{ "yes | head -c 9000000 | zstd -q", "holds more than 1M" },
		{ "yes | head -c 1500000 | bzip2", "holds more than 1M" },
		{ "yes | head -c 1048577 | xz", "holds more than 1M" },
		/* nothing but a hole */
		{ "truncate -s 1T t.img; tar cS t.img; rm t.img", "holds more than 1M" },
		{ "truncate -s 15T t.img; tar cS --format=posix t.img; rm t.img",
		  "holds more than 1M" },
		{ "truncate -s 1T t; tar cS t; rm t", "holds more than 1M" },
	};

	check_bad(samples, ARRAY_SIZE(samples));
}
END_TEST

/* A terabyte of zeros is not written first. */
START_TEST(a_hole_that_is_too_large_is_refused_at_once)
{
	AUTO_CLOSE int from = make("truncate -s 1T t.img; tar cS t.img; rm t.img");
	AUTO_CLOSE int out = -1;
	struct error err = ERROR_INIT;

	suite_assert_error(run(from, MAX, &out, &err), err, EBADMSG, ERROR_VERIFY);
	ck_assert_int_eq(lseek(out, 0, SEEK_END), 0);
}
END_TEST

/* Each layer would be a bomb of its own, so the second one is the content. */
START_TEST(only_one_layer_is_unpacked)
{
	AUTO_CLOSE int from = make("xz -c disk.img | xz | xz");
	AUTO_CLOSE int out = -1, again = -1, last = -1;
	struct error err = ERROR_INIT;

	suite_assert_ok(run(from, MAX, &out, &err), err);
	ck_assert(unpack_wants(out));
	suite_assert_ok(run(out, MAX, &again, &err), err);
	suite_assert_ok(run(again, MAX, &last, &err), err);
	check_content(last, "xz | xz | xz");
}
END_TEST

START_TEST(as_much_as_there_may_be_is_no_more)
{
	static const char *const commands[] = { "xz -c disk.img", "tar c README disk.img",
						"tar c README disk.img | gzip" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		AUTO_CLOSE int from = make(commands[i]);
		AUTO_CLOSE int out = -1, short_out = -1;
		struct error err = ERROR_INIT;

		suite_assert_ok(run(from, DISK_SIZE, &out, &err), err);
		check_content(out, commands[i]);
		suite_assert_error(run(from, DISK_SIZE - 1, &short_out, &err), err, EBADMSG,
				   ERROR_VERIFY);
		ck_assert_int_lt(lseek(short_out, 0, SEEK_END), DISK_SIZE);
	}
}
END_TEST

START_TEST(a_reader_or_writer_that_breaks_down)
{
	AUTO_CLOSE int from = make("xz -c disk.img");
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	AUTO_CLOSE int write_only = openat(dir.fd, "in", O_WRONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;

	suite_assert_error(unpack(from, full, MAX, "a", &err), err, ENOSPC, ERROR_FAILED);
	ck_assert_msg(strstr(err.message, "write what is in 'a'") != NULL, "%s", err.message);
	ck_assert(!unpack_wants(write_only));
	ck_assert(!unpack_wants(-1));
}
END_TEST

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
static uint64_t address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* In a child, as it will be: 0: unpacked, else the error's kind. */
static int run_within(int from, uint64_t memory)
{
	struct rlimit limit;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;
		int out, r;

		limit.rlim_cur = limit.rlim_max = address_space() + memory;
		setrlimit(RLIMIT_AS, &limit);
		r = run(from, MAX, &out, &err);
		if (r)
			printf("# %s\n", err.message);
		fflush(stdout);
		_exit(r ? (int)err.kind : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

START_TEST(a_dictionary_larger_than_memory_is_an_error)
{
	static const char *const commands[] = {
		"xz -c --lzma2=dict=512MiB disk.img",
		"cat disk.img | zstd -qc --ultra --long=30",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		AUTO_CLOSE int from = make(commands[i]);

		ck_assert_msg(run_within(from, 256 << 20) == ERROR_VERIFY, "%s", commands[i]);
	}
}
END_TEST

/* The largest that tools make without being told twice. */
START_TEST(common_dictionaries_fit)
{
	static const char *const commands[] = { "xz -9c disk.img", "zstd -q -19 -c disk.img",
						"zstd -q --long -c disk.img",
						"bzip2 -9c disk.img" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		AUTO_CLOSE int from = make(commands[i]);

		ck_assert_msg(run_within(from, 256 << 20) == 0, "%s", commands[i]);
	}
}
END_TEST
#endif

int main(void)
{
	static const char *const tools[] = { "xz", "gzip", "zstd", "bzip2", "tar" };
	Suite *s = suite_create("fetch/unpack");
	TCase *tc = tcase_create("unpack");

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		AUTO_FREE char *line = xasprintf("command -v %s >/dev/null", tools[i]);

		if (system(line) != 0)
			return suite_skip("needs xz, gzip, zstd, bzip2 and tar");
	}
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_file);
	tcase_add_test(tc, an_archive_with_one_image);
	tcase_add_test(tc, archives_without_one_image);
	tcase_add_test(tc, what_is_cut_off);
	tcase_add_test(tc, what_is_broken);
	tcase_add_loop_test(tc, a_bit_that_is_another_one, 0, 4);
	tcase_add_test(tc, bombs);
	tcase_add_test(tc, bombs_in_what_is_skipped);
	tcase_add_test(tc, a_hole_that_is_too_large_is_refused_at_once);
	tcase_add_test(tc, only_one_layer_is_unpacked);
	tcase_add_test(tc, as_much_as_there_may_be_is_no_more);
	tcase_add_test(tc, a_reader_or_writer_that_breaks_down);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	tcase_add_test(tc, a_dictionary_larger_than_memory_is_an_error);
	tcase_add_test(tc, common_dictionaries_fit);
#endif
	suite_add_tcase(s, tc);
	return suite_run(s);
}
