/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state and a run directory of the test's own, and other processes that work on them. */
#ifndef TESTS_STORE_LAB_H
#define TESTS_STORE_LAB_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/store.h"
#include "store/vm_dir.h"
#include "suite.h"

/* Around each test. After it no child and no descriptor may be left. */
extern struct suite_tmpdir lab_dir; /* has "state" and "run" */
extern struct host_config lab_config;
extern struct store lab_store; /* open for writing */
extern struct error lab_err;
void lab_setup(void);
void lab_teardown(void);

/* A case with that fixture. */
TCase *lab_case(const char *name);

/* vms/NAME, 0700 and empty; and gone again. */
void lab_make_vm(const char *name);
void lab_remove_vm(const char *name);

/* A process that has done `run` and then waits. The test fails where run returns false. */
struct lab_child {
	pid_t pid;
	int go_fd;
};
void lab_child_start(struct lab_child *child, bool (*run)(const char *name), const char *name);
void lab_child_release(struct lab_child *child); /* it goes on to its end */
void lab_child_kill(struct lab_child *child);

/* For run: take the command lock of a VM and keep it. */
bool lab_hold_lock(const char *name);

/* n processes at the same time, each with its number; each has to return true. */
void lab_race(int n, bool (*run)(int i));

bool lab_exists(int dir_fd, const char *name);

/* Append the names of what is in the folder of images but for what is always there. */
void lab_list_images(struct strv *ret);

/* Nothing is in the folder of images but what store_open() makes; and that goes. */
void lab_assert_no_images(void);

#endif
