/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seed's ISO image, looked at with blkid and isoinfo, and images of genisoimage and worse. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "seed/seed.h"
#include "suite.h"

#define BLKID "/usr/sbin/blkid"
#define ISOINFO "/usr/bin/isoinfo"
#define GENISOIMAGE "/usr/bin/genisoimage"

enum { SECTOR = 2048 };

static const char user_data[] = "#cloud-config\nhostname: \"web1\"\n";
static const char meta_data[] = "instance-id: \"iid-1\"\n";
static const char network_config[] = "version: 2\nethernets: {}\n";

static struct seed_documents documents_make(void)
{
	struct seed_documents documents = { 0 };

	buf_puts(&documents.user_data, user_data);
	buf_puts(&documents.meta_data, meta_data);
	buf_puts(&documents.network_config, network_config);
	return documents;
}

static struct buf iso_make(const struct seed_documents *documents)
{
	struct error err = ERROR_INIT;
	struct buf iso = BUF_INIT;

	suite_assert_ok(seed_iso(documents, &iso, &err), err);
	return iso;
}

static struct buf iso_make_small(void)
{
	struct seed_documents documents = documents_make();
	struct buf iso = iso_make(&documents);

	seed_documents_done(&documents);
	return iso;
}

/* Run a command in dir and give what it printed. */
static char *run(const struct suite_tmpdir *dir, const char *command)
{
	AUTO_FREE char *line = xasprintf("cd '%s' && %s", dir->path, command);
	AUTO_BUF output = BUF_INIT;
	char chunk[4096];
	size_t n;
	FILE *pipe = popen(line, "r");

	ck_assert_ptr_nonnull(pipe);
	while ((n = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
		buf_add(&output, chunk, n);
	ck_assert_msg(pclose(pipe) == 0, "%s", command);
	buf_puts(&output, "");
	return buf_steal(&output);
}

static void assert_prints(const struct suite_tmpdir *dir, const char *command, const char *words)
{
	AUTO_FREE char *output = run(dir, command);

	ck_assert_msg(strstr(output, words) != NULL, "no '%s' from %s:\n%s", words, command,
		      output);
}

static void iso_put(const struct suite_tmpdir *dir, const struct buf *iso)
{
	int fd = openat(dir->fd, "seed.iso", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, iso->data, iso->len), (ssize_t)iso->len);
	close(fd);
}

/* The image that a command left in dir. */
static struct buf iso_get(const struct suite_tmpdir *dir)
{
	int fd = openat(dir->fd, "seed.iso", O_RDONLY | O_CLOEXEC);
	struct buf iso = BUF_INIT;
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	iso.len = (size_t)read(fd, buf_reserve(&iso, (size_t)st.st_size), (size_t)st.st_size);
	ck_assert_uint_eq(iso.len, (size_t)st.st_size);
	close(fd);
	return iso;
}

static int iso_read(const struct suite_tmpdir *dir, struct seed_documents *ret, struct error *err)
{
	AUTO_BUF iso = iso_get(dir);

	return seed_read_iso(iso.data, iso.len, ret, err);
}

static void assert_refused(const void *iso, size_t len, int code, const char *words)
{
	struct seed_documents documents = { 0 };
	struct error err = ERROR_INIT;

	suite_assert_error(seed_read_iso(iso, len, &documents, &err), err, code, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, words) != NULL, "'%s' not in: %s", words, err.message);
	ck_assert_ptr_null(documents.user_data.data);
	ck_assert_ptr_null(documents.meta_data.data);
	ck_assert_ptr_null(documents.network_config.data);
}

static void assert_file_refused(const struct suite_tmpdir *dir, int code, const char *words)
{
	AUTO_BUF iso = iso_get(dir);

	assert_refused(iso.data, iso.len, code, words);
}

START_TEST(cloud_init_finds_it_by_label)
{
	AUTO_BUF iso = iso_make_small();
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	iso_put(&dir, &iso);
	assert_prints(&dir, BLKID " -p -o export seed.iso", "LABEL=cidata\n");
	assert_prints(&dir, BLKID " -p -o export seed.iso", "TYPE=iso9660\n");
	assert_prints(&dir, ISOINFO " -d -i seed.iso", "Volume id: CIDATA\n");
	assert_prints(&dir, ISOINFO " -d -i seed.iso", "Joliet with UCS level 3 found");
	assert_prints(&dir, ISOINFO " -d -i seed.iso", "Rock Ridge signatures version 1 found");
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(the_three_files_and_nothing_else)
{
	static const char *const views[] = { ISOINFO " -f -R -i seed.iso",
					     ISOINFO " -f -J -i seed.iso" };
	static const struct {
		const char *command, *content;
	} files[] = {
		{ ISOINFO " -R -x /user-data -i seed.iso", user_data },
		{ ISOINFO " -R -x /meta-data -i seed.iso", meta_data },
		{ ISOINFO " -J -x /network-config -i seed.iso", network_config },
	};
	AUTO_BUF iso = iso_make_small();
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	iso_put(&dir, &iso);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		AUTO_FREE char *list = run(&dir, views[i]);

		ck_assert_str_eq(list, "/meta-data\n/network-config\n/user-data\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *content = run(&dir, files[i].command);

		ck_assert_str_eq(content, files[i].content);
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(files_are_for_root_alone)
{
	AUTO_BUF iso = iso_make_small();
	struct suite_tmpdir dir;
	int files = 0;

	suite_tmpdir_make(&dir);
	iso_put(&dir, &iso);
	{
		AUTO_FREE char *list = run(&dir, ISOINFO " -l -R -i seed.iso");
		AUTO_STRV lines = STRV_INIT;

		strv_split(&lines, list, '\n');
		for (size_t i = 0; i < lines.n; i++) {
			if (lines.v[i][0] != '-')
				continue;
			files++;
			ck_assert_int_eq(strncmp(lines.v[i], "-r--------   0    0    0 ", 25), 0);
		}
	}
	ck_assert_int_eq(files, 3);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(equal_documents_give_equal_bytes)
{
	AUTO_BUF first = iso_make_small();
	AUTO_BUF second = BUF_INIT;
	struct suite_tmpdir dir;

	sleep(1); /* or the clock would be the same */
	ck_assert_int_eq(setenv("TZ", "Asia/Kathmandu", 1), 0);
	tzset();
	second = iso_make_small();
	ck_assert_uint_eq(first.len, second.len);
	ck_assert_int_eq(memcmp(first.data, second.data, first.len), 0);

	suite_tmpdir_make(&dir);
	iso_put(&dir, &first);
	assert_prints(&dir, BLKID " -p -o export seed.iso", "UUID=1980-01-01-00-00-00-00\n");
	{
		AUTO_FREE char *list = run(&dir, ISOINFO " -l -R -i seed.iso");
		AUTO_STRV lines = STRV_INIT;

		strv_split(&lines, list, '\n');
		ck_assert_uint_eq(lines.n, 6);
		for (size_t i = 1; i < lines.n; i++)
			ck_assert_ptr_nonnull(strstr(lines.v[i], " Jan  1 1980 "));
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(padded_to_whole_mebibytes)
{
	static const size_t sizes[] = {
		0, 1, 600 << 10, 680 << 10, 1 << 20, SEED_DOCUMENT_MAX - 100
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seed_documents documents = documents_make(), back = { 0 };
		struct error err = ERROR_INIT;
		AUTO_BUF iso = BUF_INIT;

		memset(buf_reserve(&documents.user_data, sizes[i]), 'x', sizes[i]);
		documents.user_data.len += sizes[i];
		iso = iso_make(&documents);
		ck_assert_uint_gt(iso.len, sizes[i]);
		ck_assert_uint_eq(iso.len % SEED_ALIGN, 0);
		ck_assert_int_eq(iso.data[iso.len - 1], 0);
		suite_assert_ok(seed_read_iso(iso.data, iso.len, &back, &err), err);
		ck_assert_uint_eq(back.user_data.len, documents.user_data.len);
		ck_assert_int_eq(
			memcmp(back.user_data.data, documents.user_data.data, back.user_data.len),
			0);
		seed_documents_done(&documents);
		seed_documents_done(&back);
	}
}
END_TEST

START_TEST(reads_back_what_it_wrote)
{
	struct seed_documents back = { 0 };
	struct error err = ERROR_INIT;
	AUTO_BUF iso = iso_make_small();
	int fds = suite_count_fds();

	/* twice, over its own result */
	suite_assert_ok(seed_read_iso(iso.data, iso.len, &back, &err), err);
	suite_assert_ok(seed_read_iso(iso.data, iso.len, &back, &err), err);
	ck_assert_str_eq(buf_str(&back.user_data), user_data);
	ck_assert_str_eq(buf_str(&back.meta_data), meta_data);
	ck_assert_str_eq(buf_str(&back.network_config), network_config);
	ck_assert_int_eq(suite_count_fds(), fds);
	seed_documents_done(&back);
}
END_TEST

/* Each document counts, and where one ends and the next begins. */
START_TEST(told_from_images_of_other_documents)
{
	struct seed_documents documents = documents_make();
	struct buf *const all[] = { &documents.user_data, &documents.meta_data,
				    &documents.network_config };
	AUTO_BUF iso = iso_make(&documents);

	ck_assert(seed_iso_is(iso.data, iso.len, &documents));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char *last = &all[i]->data[all[i]->len - 1];

		*last ^= 1;
		ck_assert(!seed_iso_is(iso.data, iso.len, &documents));
		*last ^= 1;
	}
	buf_puts(&documents.user_data, "i");
	buf_clear(&documents.meta_data);
	buf_puts(&documents.meta_data, meta_data + 1);
	ck_assert(!seed_iso_is(iso.data, iso.len, &documents));
	seed_documents_done(&documents);
}
END_TEST

START_TEST(what_is_no_image_is_of_no_documents)
{
	struct seed_documents documents = documents_make();
	AUTO_BUF iso = iso_make(&documents);
	AUTO_FREE char *zeros = xcalloc(1, iso.len);
	const size_t terminator = 18 * SECTOR;

	ck_assert(!seed_iso_is("", 0, &documents));
	ck_assert(!seed_iso_is(zeros, iso.len, &documents));
	for (size_t len = 0; len < terminator + 2 * SECTOR; len += 64)
		ck_assert(!seed_iso_is(iso.data, len, &documents));
	ck_assert_int_eq((unsigned char)iso.data[terminator], 255);
	iso.data[terminator] = 0;
	ck_assert(!seed_iso_is(iso.data, iso.len, &documents));
	seed_documents_done(&documents);
}
END_TEST

START_TEST(network_config_may_be_missing)
{
	struct seed_documents documents = documents_make(), back = { 0 };
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;
	AUTO_BUF iso = BUF_INIT;

	buf_clear(&documents.network_config);
	iso = iso_make(&documents);
	suite_assert_ok(seed_read_iso(iso.data, iso.len, &back, &err), err);
	ck_assert_str_eq(buf_str(&back.user_data), user_data);
	ck_assert_uint_eq(back.network_config.len, 0);
	suite_tmpdir_make(&dir);
	iso_put(&dir, &iso);
	{
		AUTO_FREE char *list = run(&dir, ISOINFO " -f -R -i seed.iso");

		ck_assert_str_eq(list, "/meta-data\n/user-data\n");
	}
	suite_tmpdir_remove(&dir);
	seed_documents_done(&documents);
	seed_documents_done(&back);
}
END_TEST

/* A folder "tree" with the documents, as genisoimage takes it. */
static int tree_make(struct suite_tmpdir *dir)
{
	int fd;

	suite_tmpdir_make(dir);
	ck_assert_int_eq(mkdirat(dir->fd, "tree", 0700), 0);
	fd = openat(dir->fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	suite_put(fd, "user-data", user_data);
	suite_put(fd, "meta-data", meta_data);
	suite_put(fd, "network-config", network_config);
	return fd;
}

static void tree_pack(const struct suite_tmpdir *dir, const char *options)
{
	AUTO_FREE char *command = xasprintf(GENISOIMAGE " -quiet %s -o seed.iso tree", options);

	free(run(dir, command));
}

START_TEST(reads_genisoimage)
{
	static const char *const options[] = {
		"-volid cidata -joliet -rock",
		"-volid cidata -rock",
		"-volid cidata -joliet",
	};
	struct suite_tmpdir dir;

	close(tree_make(&dir));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct seed_documents back = { 0 };
		struct error err = ERROR_INIT;

		tree_pack(&dir, options[i]);
		suite_assert_ok(iso_read(&dir, &back, &err), err);
		ck_assert_str_eq(buf_str(&back.user_data), user_data);
		ck_assert_str_eq(buf_str(&back.meta_data), meta_data);
		ck_assert_str_eq(buf_str(&back.network_config), network_config);
		seed_documents_done(&back);
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(files_elsewhere_are_passed_over)
{
	struct seed_documents back = { 0 };
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;
	AUTO_CLOSE int tree = tree_make(&dir);
	int below;

	ck_assert_int_eq(mkdirat(tree, "below", 0700), 0);
	below = openat(tree, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_put(below, "user-data", "another");
	close(below);
	suite_put(tree, "vendor-data", "another");
	tree_pack(&dir, "-volid cidata -joliet -rock");
	suite_assert_ok(iso_read(&dir, &back, &err), err);
	ck_assert_str_eq(buf_str(&back.user_data), user_data);
	seed_documents_done(&back);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(a_document_that_is_missing)
{
	static const char *const needed[] = { "user-data", "meta-data" };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		struct suite_tmpdir dir;
		AUTO_CLOSE int tree = tree_make(&dir);

		ck_assert_int_eq(unlinkat(tree, needed[i], 0), 0);
		tree_pack(&dir, "-volid cidata -joliet -rock");
		assert_file_refused(&dir, ENOENT, needed[i]);
		suite_tmpdir_remove(&dir);
	}
}
END_TEST

START_TEST(a_document_that_is_no_file)
{
	struct suite_tmpdir dir;
	AUTO_CLOSE int tree = tree_make(&dir);

	ck_assert_int_eq(unlinkat(tree, "user-data", 0), 0);
	ck_assert_int_eq(symlinkat("/etc/shadow", tree, "user-data"), 0);
	tree_pack(&dir, "-volid cidata -rock");
	assert_file_refused(&dir, EINVAL, "'user-data' is no regular file");

	ck_assert_int_eq(unlinkat(tree, "user-data", 0), 0);
	ck_assert_int_eq(mkdirat(tree, "user-data", 0700), 0);
	tree_pack(&dir, "-volid cidata -rock");
	assert_file_refused(&dir, EINVAL, "'user-data' is no regular file");

	ck_assert_int_eq(unlinkat(tree, "user-data", AT_REMOVEDIR), 0);
	ck_assert_int_eq(linkat(tree, "meta-data", tree, "user-data", 0), 0);
	tree_pack(&dir, "-volid cidata -rock -cache-inodes");
	assert_file_refused(&dir, EINVAL, "is no regular file of its own");
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(a_document_that_is_too_large)
{
	struct suite_tmpdir dir;
	AUTO_CLOSE int tree = tree_make(&dir);
	AUTO_CLOSE int fd = openat(tree, "user-data", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, (off_t)SEED_DOCUMENT_MAX + 1), 0);
	tree_pack(&dir, "-volid cidata -joliet -rock");
	assert_file_refused(&dir, EFBIG, "'user-data' is larger");
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(a_crowd_of_files)
{
	struct suite_tmpdir dir;
	AUTO_CLOSE int tree = tree_make(&dir);

	for (int i = 0; i < 70; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		suite_put(tree, name, name);
	}
	tree_pack(&dir, "-volid cidata -joliet -rock");
	assert_file_refused(&dir, E2BIG, "more than 64 entries");
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(a_name_that_is_there_twice)
{
	AUTO_BUF iso = iso_make_small();
	char *name;
	int renamed = 0;

	/* Make a second user-data of network-config, in the records of Rock Ridge and of Joliet. */
	while ((name = memmem(iso.data, iso.len, "NM\x13\x01\0network-config", 19))) {
		memcpy(name + 2, "\x0e\x01\0user-data", 12);
		memcpy(name + 14, "XX\x05\x01\0", 5);
		renamed++;
	}
	ck_assert_int_eq(renamed, 1);
	assert_refused(iso.data, iso.len, EEXIST, "'user-data' is there twice");
}
END_TEST

START_TEST(what_is_no_image)
{
	static const char zeros[64 << 10];
	static const char text[] = "user-data";

	assert_refused(text, 0, EIO, "read seed image");
	assert_refused(text, sizeof(text), EIO, "read seed image");
	assert_refused(zeros, sizeof(zeros), EIO, "read seed image");
	assert_refused(user_data, sizeof(user_data), EIO, "read seed image");
}
END_TEST

/* Cut it anywhere: the documents come out whole or not at all. */
START_TEST(cut_short)
{
	AUTO_BUF iso = iso_make_small();

	for (size_t len = 0; len < 40 * SECTOR; len += SECTOR / 2) {
		struct seed_documents back = { 0 };
		struct error err = ERROR_INIT;
		char *copy = xmemdup(iso.data, len ? len : 1);
		int r = seed_read_iso(copy, len, &back, &err);

		free(copy);
		if (r == 0) {
			ck_assert_str_eq(buf_str(&back.user_data), user_data);
			ck_assert_str_eq(buf_str(&back.meta_data), meta_data);
			ck_assert_uint_ge(len, 32 * SECTOR);
		} else {
			ck_assert_int_eq(err.kind, ERROR_VERIFY);
			ck_assert_ptr_null(back.user_data.data);
		}
		seed_documents_done(&back);
	}
}
END_TEST

/* Whatever a damaged image gives, it is bounded and comes with a word about what was refused. */
START_TEST(damaged_anywhere)
{
	AUTO_BUF iso = iso_make_small();
	unsigned int refused = 0;

	for (unsigned int round = 0; round < 2000; round++) {
		struct seed_documents back = { 0 };
		struct error err = ERROR_INIT;
		AUTO_FREE char *copy = xmemdup(iso.data, 40 * SECTOR);
		unsigned int seed = round * 2654435761u + 1;

		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525u + 1013904223u;
			copy[16 * SECTOR + seed % (20 * SECTOR)] ^= (char)(1u << (seed >> 29));
		}
		if (round % 2) /* where the records are, most of it being zeros */
			copy[28 * SECTOR + round % 1024] = (char)(seed >> 8);
		if (seed_read_iso(copy, 40 * SECTOR, &back, &err) < 0) {
			ck_assert_int_eq(err.kind, ERROR_VERIFY);
			ck_assert_uint_gt(strlen(err.message), 0);
			refused++;
		}
		ck_assert_uint_le(back.user_data.len, SEED_DOCUMENT_MAX);
		seed_documents_done(&back);
	}
	ck_assert_uint_gt(refused, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("seed_iso");
	TCase *writes = tcase_create("writes");
	TCase *reads = tcase_create("reads");
	TCase *refuses = tcase_create("refuses");

	tcase_add_test(writes, cloud_init_finds_it_by_label);
	tcase_add_test(writes, the_three_files_and_nothing_else);
	tcase_add_test(writes, files_are_for_root_alone);
	tcase_add_test(writes, equal_documents_give_equal_bytes);
	tcase_add_test(writes, padded_to_whole_mebibytes);
	suite_add_tcase(s, writes);
	tcase_add_test(reads, reads_back_what_it_wrote);
	tcase_add_test(reads, told_from_images_of_other_documents);
	tcase_add_test(reads, what_is_no_image_is_of_no_documents);
	tcase_add_test(reads, network_config_may_be_missing);
	tcase_add_test(reads, reads_genisoimage);
	tcase_add_test(reads, files_elsewhere_are_passed_over);
	suite_add_tcase(s, reads);
	tcase_add_test(refuses, a_document_that_is_missing);
	tcase_add_test(refuses, a_document_that_is_no_file);
	tcase_add_test(refuses, a_document_that_is_too_large);
	tcase_add_test(refuses, a_crowd_of_files);
	tcase_add_test(refuses, a_name_that_is_there_twice);
	tcase_add_test(refuses, what_is_no_image);
	tcase_add_test(refuses, cut_short);
	tcase_add_test(refuses, damaged_anywhere);
	suite_add_tcase(s, refuses);
	return s;
}

int main(void)
{
	if (access(BLKID, X_OK) < 0 || access(ISOINFO, X_OK) < 0 || access(GENISOIMAGE, X_OK) < 0)
		return suite_skip("needs blkid (util-linux), isoinfo and genisoimage");
	return suite_run(suite());
}
