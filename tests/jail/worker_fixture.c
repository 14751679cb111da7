/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker around each test, and a look at it from outside. */
#include "worker_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

struct worker worker;
struct worker_process worker_process;
static int fds_before;

static void setup(void)
{
	err = (struct error)ERROR_INIT;
	worker = (struct worker){
		.name = "test",
		.uid = WORKER_UID,
		.shared_size = WORKER_SHARED,
	};
	worker_process = (struct worker_process)WORKER_INIT;
	fds_before = suite_count_fds();
}

static void teardown(void)
{
	worker_done(&worker_process);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
}

TCase *worker_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

void worker_run(worker_function *work)
{
	worker.work = work;
	suite_assert_ok(worker_start(&worker, &worker_process, &err), err);
}

/* worker_end() counts on work that is done, and kills what is not within seconds. */
int worker_finish(void)
{
	ck_assert_int_eq(worker_wait(&worker_process, INT64_MAX, NULL, NULL), 0);
	return worker_end(&worker_process, &err);
}

void worker_read(struct buf *ret)
{
	buf_clear(ret);
	suite_assert_ok(file_read_fd(worker_process.output_fd, "output", 1 << 20, ret, &err), err);
}

/* Files of /proc are short, and read by other means than the worker's. */
static char *proc_line(const char *path, const char *key)
{
	AUTO_FREE char *beginning = xasprintf("%s:\t", key);
	AUTO_FCLOSE FILE *file = fopen(path, "re");
	char line[512];

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, beginning, strlen(beginning)))
			return xstrndup(line + strlen(beginning),
					strcspn(line, "\n") - strlen(beginning));
	return xstrdup("");
}

pid_t worker_pid(void)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fdinfo/%d", worker_process.pid_fd);
	AUTO_FREE char *pid = proc_line(path, "Pid");

	ck_assert_int_gt(atoi(pid), 0);
	return atoi(pid);
}

const char *worker_status(const char *key)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", (int)worker_pid());
	AUTO_FREE char *line = proc_line(path, key);
	static char value[256];

	snprintf(value, sizeof(value), "%s", line);
	return value;
}

static int hold(void *arg, void *shared, int output_fd, struct error *error)
{
	char byte;

	(void)shared;
	(void)error;
	if (write(output_fd, "r", 1) != 1)
		return -errno;
	return read(*(int *)arg, &byte, 1) < 0 ? -errno : 0;
}

int worker_run_holding(void)
{
	static int pair[2];
	char byte;

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) {
		int fd = fcntl(pair[i], F_DUPFD_CLOEXEC, 3);

		close(pair[i]);
		pair[i] = fd;
	}
	worker.fds = &pair[0];
	worker.n_fds = 1;
	worker.arg = &pair[0];
	worker_run(hold);
	close(pair[0]);
	ck_assert_int_eq(read(worker_process.output_fd, &byte, 1), 1);
	return pair[1];
}

int worker_main(Suite *suite)
{
	if (geteuid() != 0) {
		srunner_free(srunner_create(suite));
		return suite_skip("needs root");
	}
	/* The tests change this process beyond repair. */
	setenv("CK_FORK", "yes", 1);
	return suite_run(suite);
}
