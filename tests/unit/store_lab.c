/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state and a run directory of the test's own. */
#include "store_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

struct suite_tmpdir lab_dir;
struct host_config lab_config;
struct store lab_store;
struct error lab_err;

static int fds_before;

void lab_setup(void)
{
	fds_before = suite_count_fds();
	suite_tmpdir_make(&lab_dir);
	host_config_init(&lab_config);
	free(lab_config.state_dir);
	free(lab_config.run_dir);
	lab_config.state_dir = xasprintf("%s/state", lab_dir.path);
	lab_config.run_dir = xasprintf("%s/run", lab_dir.path);
	lab_err = (struct error)ERROR_INIT;
	suite_assert_ok(store_open(&lab_store, &lab_config, true, &lab_err), lab_err);
}

void lab_teardown(void)
{
	store_done(&lab_store);
	host_config_done(&lab_config);
	suite_tmpdir_remove(&lab_dir);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
}

TCase *lab_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, lab_setup, lab_teardown);
	return tcase;
}

void lab_make_vm(const char *name)
{
	ck_assert_int_eq(mkdirat(lab_store.vms_fd, name, 0700), 0);
}

void lab_remove_vm(const char *name)
{
	ck_assert_int_eq(unlinkat(lab_store.vms_fd, name, AT_REMOVEDIR), 0);
}

void lab_child_start(struct lab_child *child, bool (*run)(const char *name), const char *name)
{
	int ready[2], go[2];
	char word = 'n';

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	child->pid = fork();
	ck_assert_int_ge(child->pid, 0);
	if (child->pid == 0) {
		close(go[1]);
		word = run(name) ? 'y' : 'n';
		if (write(ready[1], &word, 1) != 1 || read(go[0], &word, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	child->go_fd = go[1];
	ck_assert_int_eq(read(ready[0], &word, 1), 1);
	ck_assert_int_eq(word, 'y');
	close(ready[0]);
}

void lab_child_release(struct lab_child *child)
{
	int status;

	close(child->go_fd);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	ck_assert_int_eq(status, 0);
}

void lab_child_kill(struct lab_child *child)
{
	ck_assert_int_eq(kill(child->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child->pid, NULL, 0), child->pid);
	close(child->go_fd);
}

bool lab_hold_lock(const char *name)
{
	struct error err = ERROR_INIT;
	static struct vm_dir dir;

	return vm_dir_lock(&lab_store, name, "create", &dir, &err) == 0;
}

void lab_race(int n, bool (*run)(int i))
{
	pid_t pids[16];
	int failed = 0;

	ck_assert_int_le(n, 16);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(run(i) ? 0 : 1);
	}
	for (int i = 0; i < n; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		failed += status != 0;
	}
	ck_assert_int_eq(failed, 0);
}

bool lab_exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void list_image(const char *name, void *arg)
{
	if (strcmp(name, ".lock") != 0 && strcmp(name, ".users") != 0)
		strv_push(arg, name);
}

void lab_list_images(struct strv *ret)
{
	dir_for_each(lab_store.images_fd, list_image, ret);
}

void lab_assert_no_images(void)
{
	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".users", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(lab_store.state_fd, "images", AT_REMOVEDIR), 0);
}
