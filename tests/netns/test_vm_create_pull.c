/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What befalls a create while its image is pulled, and what is left when it fails. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "create_lab.h"
#include "netns.h"

START_TEST(pull_that_fails)
{
	static const enum error_kind kinds[] = { ERROR_VERIFY, ERROR_TIMEOUT, ERROR_FAILED,
						 ERROR_NOT_FOUND };
	char *before = state();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		pull_fails = kinds[i];
		refuse("web1", kinds[i], "no pull today");
	}
	ck_assert_uint_eq(pulls, ARRAY_SIZE(kinds));
	assert_no_trace(before);
}
END_TEST

/* What user-data says, of which this program has each letter's predecessor alone. */
static const char shifted[] = "qhstlvnxrabcqduefgyhbkqrta";
static bool secret_seen;

static bool is_secret(const char *text)
{
	for (size_t i = 0; shifted[i]; i++)
		if (text[i] != shifted[i] + 1)
			return false;
	return true;
}

static bool has_secret(int mem, uint64_t from, uint64_t to)
{
	AUTO_FREE char *text = xmalloc(to - from);
	ssize_t len = pread(mem, text, to - from, (off_t)from);

	for (ssize_t i = 0; i + (ssize_t)sizeof(shifted) <= len; i++)
		if (is_secret(text + i))
			return true;
	return false;
}

/* All that is written to: of anonymous memory, heap, stack and data, proc_pid_maps(5). */
static void look_for_secret(void)
{
	AUTO_CLOSE int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	AUTO_FCLOSE FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t from, to;
	char line[512];

	ck_assert_int_ge(mem, 0);
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " rw", &from, &to) == 2 &&
		    strstr(line, " rw-p ") && to - from <= 64 * MIB)
			secret_seen |= has_secret(mem, from, to);
}

/* A worker begins with all of it: what speaks to strangers must not find passwords there. */
START_TEST(secrets_are_not_in_memory_during_a_pull)
{
	netns_run("{ printf '#cloud-config\\npassword: '; echo %s | tr a-y b-z; } >'%s'", shifted,
		  user_data);
	request.user_data_path = user_data;
	during_pull = look_for_secret;
	create("web1");
	ck_assert_uint_eq(pulls, 1);
	ck_assert(!secret_seen);
	assert_in_file("web1", "user-data", "\npassword: ");
}
END_TEST

/* Of two readings the second one counts. */
static void spoil_user_data(void)
{
	suite_put(files.fd, "user-data", "no document\n");
}

START_TEST(documents_are_checked_again_after_a_pull)
{
	char *before = state();

	suite_put(files.fd, "user-data", "#cloud-config\npassword: x\n");
	request.user_data_path = user_data;
	during_pull = spoil_user_data;
	refuse("web1", ERROR_USAGE, "user-data");
	ck_assert_uint_eq(pulls, 1);
	assert_no_trace(before);
}
END_TEST

static void make_web1(void)
{
	vm_lab_make("web1", 0x11, "memory = 77M\n");
}

/* The lock is not held for the minutes of a download: another may be first. */
START_TEST(name_taken_meanwhile)
{
	during_pull = make_web1;
	refuse("web1", ERROR_CONFLICT, "vm 'web1' exists");
	ck_assert_uint_eq(pulls, 1);
	assert_in_file("web1", "vm.conf", "memory = 77M\n");
	ck_assert(is_here(PULLED));
}
END_TEST

START_TEST(image_larger_than_the_catalogue_said)
{
	char *before = state();

	request.disk_bytes = 100 * MIB;
	pulled_bytes = 101 * MIB;
	refuse("web1", ERROR_USAGE, "a disk of 100M is smaller than its image (101M)");
	assert_no_trace(before);
	/* which stays, and is large enough for the next */
	begin_request();
	create("web1");
	ck_assert_uint_eq(pulls, 1);
}
END_TEST

static void die(void)
{
	raise(SIGKILL);
}

START_TEST(killed_while_it_pulls)
{
	char *before = state();
	int status;
	pid_t pid;

	during_pull = die;
	pid = fork();
	if (pid == 0) {
		vm_create(&lab, "web1", &request, &(struct error)ERROR_INIT);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", status);
	assert_no_trace(before);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/create_pull");
	TCase *tc = tcase_create("pull");

	tcase_add_test(tc, pull_that_fails);
	tcase_add_test(tc, secrets_are_not_in_memory_during_a_pull);
	tcase_add_test(tc, documents_are_checked_again_after_a_pull);
	tcase_add_test(tc, name_taken_meanwhile);
	tcase_add_test(tc, image_larger_than_the_catalogue_said);
	tcase_add_test(tc, killed_while_it_pulls);
	return create_main(s, tc);
}
