/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder with the probe in it, a plan that runs it, and what it reported. */
#ifndef TESTS_JAIL_FIXTURE_H
#define TESTS_JAIL_FIXTURE_H

#include <stdbool.h>

#include "base/strv.h"
#include "jail/launch.h"
#include "suite.h"

enum { JAIL_UID = 700001, JAIL_GID = 700002, REPORT_TARGET = 3 };

/* Once per case. */
extern char jail_folder[128]; /* root's, 0755: "probe", "probe-suid", "secret" */
void jail_folder_make(void);
void jail_folder_remove(void);

/*
 * Around each test. plan runs the probe with the report on REPORT_TARGET and argv "probe"; the
 * test adds to argv. After it there must be no child and no descriptor more than before, and the
 * table of mounts must be the same: that of a namespace of the test's own, which jail_case() makes.
 * mounts_note() is for a test that changes it itself.
 */
extern struct launch_plan plan;
extern struct strv plan_argv, plan_environment, plan_folders;
extern struct launch launch;
extern struct error err;
void jail_setup(void);
void mounts_note(void);
void host_rename(void); /* to "host" in "domain", in a namespace of the test's own */
void jail_teardown(void);

/* A case with both fixtures. */
TCase *jail_case(const char *name);

void plan_program(const char *name); /* in jail_folder */
void plan_pass(int source, int target);

/* Start and go, and nothing may go wrong; _report() has the whole report read, too. */
void launch_plan_run(void);
void launch_report(void);
void launch_report_and_hold(void); /* it lives on until launch_wait() */

/* Read what the probe says to its "end" or its death, and take its value of key; "" for none. */
void report_read_all(void);
const char *report_value(const char *key);
bool report_line(const char *line);
int report_count(const char *key);

/*
 * The n-th line that begins with key and a blank (or is all of it), up to the end of all, or NULL.
 */
const char *report_nth(const char *key, int n);

/*
 * A probe that reports stays until this, or launch_wait(), so that report_read_all() finds it in
 * /proc: "status.NAME", "limit.NAME", "fd N", and a "mount" for each line of mountinfo.
 */
void report_release(void);

/* Wait for the launched probe's end; its exit status, or minus the signal. */
int launch_wait(void);

int open_in_folder(const char *name, int flags); /* created as needed, 0600 */

/* suite_run() as root; otherwise one line that says why not. */
int jail_main(Suite *suite, char **argv);

#endif
