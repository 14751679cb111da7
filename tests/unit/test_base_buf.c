/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The growing buffer and the memory helpers below it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "suite.h"

START_TEST(empty_is_a_string)
{
	AUTO_BUF buf = BUF_INIT;
	AUTO_FREE char *text = NULL;

	ck_assert_str_eq(buf_str(&buf), "");
	ck_assert_ptr_null(buf.data);
	buf_clear(&buf);
	text = buf_steal(&buf);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(release_is_always_safe)
{
	struct buf buf = BUF_INIT;

	buf_done(NULL);
	buf_done(&buf);
	buf_puts(&buf, "x");
	buf_done(&buf);
	buf_done(&buf);
	ck_assert_ptr_null(buf.data);
	ck_assert_uint_eq(buf.len + buf.capacity, 0);
}
END_TEST

START_TEST(content_is_terminated_at_every_length)
{
	AUTO_BUF buf = BUF_INIT;

	for (size_t i = 0; i < 5000; i++) {
		buf_add(&buf, "y", 1);
		ck_assert_uint_eq(buf.len, i + 1);
		ck_assert_uint_gt(buf.capacity, buf.len);
		ck_assert_int_eq(buf.data[buf.len], '\0');
	}
	ck_assert_uint_eq(strlen(buf.data), 5000);
}
END_TEST

START_TEST(nothing_may_be_added)
{
	AUTO_BUF buf = BUF_INIT;

	buf_add(&buf, NULL, 0);
	buf_puts(&buf, "");
	buf_printf(&buf, "%s", "");
	ck_assert_uint_eq(buf.len, 0);
	ck_assert_str_eq(buf_str(&buf), "");
}
END_TEST

START_TEST(bytes_are_kept_whatever_they_are)
{
	AUTO_BUF buf = BUF_INIT;

	buf_add(&buf, "a\0b", 3);
	buf_puts(&buf, "c");
	ck_assert_uint_eq(buf.len, 4);
	ck_assert_mem_eq(buf.data, "a\0bc", 5);
}
END_TEST

START_TEST(reserve_leaves_room_and_termination)
{
	AUTO_BUF buf = BUF_INIT;
	char *room;

	buf_puts(&buf, "head");
	room = buf_reserve(&buf, 1000);
	ck_assert_ptr_eq(room, buf.data + 4);
	ck_assert_uint_eq(buf.len, 4);
	memset(room, '-', 10);
	buf.len += 10;
	ck_assert_str_eq(buf_str(&buf), "head----------");
	memset(buf_reserve(&buf, 1000), '+', 1000);
	buf.len += 1000;
	ck_assert_uint_eq(strlen(buf_str(&buf)), 1014);
}
END_TEST

START_TEST(printf_appends_long_text)
{
	AUTO_BUF buf = BUF_INIT;

	buf_printf(&buf, "%d-%s", 7, "x");
	buf_printf(&buf, "%1000d", 1);
	ck_assert_uint_eq(buf.len, 1003);
	ck_assert_int_eq(strncmp(buf.data, "7-x   ", 6), 0);
	buf_clear(&buf);
	buf_puts(&buf, "ab");
	buf_printf(&buf, "%s%s", buf_str(&buf), buf_str(&buf));
	ck_assert_str_eq(buf_str(&buf), "ababab");
}
END_TEST

START_TEST(clear_keeps_memory_and_steal_gives_it_away)
{
	struct buf buf = BUF_INIT;
	AUTO_FREE char *text = NULL;
	size_t capacity;

	buf_puts(&buf, "something");
	capacity = buf.capacity;
	buf_clear(&buf);
	ck_assert_str_eq(buf_str(&buf), "");
	ck_assert_uint_eq(buf.capacity, capacity);
	buf_puts(&buf, "else");
	text = buf_steal(&buf);
	ck_assert_str_eq(text, "else");
	ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(alloc_of_nothing_is_not_null)
{
	AUTO_FREE void *a = xmalloc(0);
	AUTO_FREE void *b = xcalloc(0, 8);
	AUTO_FREE void *c = xmemdup(NULL, 0);
	AUTO_FREE void *d = xreallocarray(NULL, 0, 0);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(d);
	d = xreallocarray(d, 0, 4);
	ck_assert_ptr_nonnull(d);
}
END_TEST

START_TEST(replace_takes_part_of_the_old_text)
{
	AUTO_FREE char *text = xasprintf("%s %d", "one", 2);
	AUTO_FREE char *part = xstrndup("abc", 2);

	xreplace(&text, text + 4);
	ck_assert_str_eq(text, "2");
	xreplace(&text, NULL);
	ck_assert_ptr_null(text);
	xreplace(&text, part);
	ck_assert_str_eq(text, "ab");
}
END_TEST

START_TEST(steal_empties_the_variable)
{
	char *text = xstrdup("x");
	AUTO_FREE char *taken = ptr_steal(&text);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int kept = fd_steal(&fd);

	ck_assert_ptr_null(text);
	ck_assert_str_eq(taken, "x");
	ck_assert_int_eq(fd, -1);
	ck_assert_int_ge(kept, 0);
}
END_TEST

START_TEST(close_keeps_errno)
{
	int bad = 100000;

	errno = ENOSPC;
	fd_close(&bad);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(bad, -1);
	fd_close(&bad);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)

static void grow_a_buffer(void)
{
	struct buf buf = BUF_INIT;

	buf_puts(&buf, "x");
	buf_reserve(&buf, SIZE_MAX - 1);
}

static void overflow_an_array(void)
{
	xreallocarray(NULL, SIZE_MAX / 2, 3);
}

static void check_exhaustion(void (*ask)(void))
{
	int status, pipe_fds[2];
	char text[64] = "";
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		ask();
		_exit(77);
	}
	close(pipe_fds[1]);
	ck_assert_int_gt(read(pipe_fds[0], text, sizeof(text) - 1), 0);
	close(pipe_fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_str_eq(text, "mnmivm-se: out of memory\n");
}

START_TEST(exhaustion_ends_the_process)
{
	check_exhaustion(grow_a_buffer);
	check_exhaustion(overflow_an_array);
}
END_TEST

#define HAS_EXHAUSTION_TEST
#endif

int main(void)
{
	Suite *s = suite_create("base/buf");
	TCase *buf = tcase_create("buf");
	TCase *alloc = tcase_create("alloc");

	tcase_add_test(buf, empty_is_a_string);
	tcase_add_test(buf, release_is_always_safe);
	tcase_add_test(buf, content_is_terminated_at_every_length);
	tcase_add_test(buf, nothing_may_be_added);
	tcase_add_test(buf, bytes_are_kept_whatever_they_are);
	tcase_add_test(buf, reserve_leaves_room_and_termination);
	tcase_add_test(buf, printf_appends_long_text);
	tcase_add_test(buf, clear_keeps_memory_and_steal_gives_it_away);
	suite_add_tcase(s, buf);
	tcase_add_test(alloc, alloc_of_nothing_is_not_null);
	tcase_add_test(alloc, replace_takes_part_of_the_old_text);
	tcase_add_test(alloc, steal_empties_the_variable);
	tcase_add_test(alloc, close_keeps_errno);
#ifdef HAS_EXHAUSTION_TEST
	tcase_add_test(alloc, exhaustion_ends_the_process);
#endif
	suite_add_tcase(s, alloc);
	return suite_run(s);
}
