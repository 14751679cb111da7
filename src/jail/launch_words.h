/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a launch, in words. */
#ifndef JAIL_LAUNCH_WORDS_H
#define JAIL_LAUNCH_WORDS_H

#include <signal.h>

#include "child.h"

/* Each fills err, or puts words in front of those that it has, and returns -err->code. */

/* The layer that was refused, before the stage's own words and the kernel's reason. */
int launch_word_layer(const struct launch *launch, int layer, struct error *err);

/* The hint that goes with layers that are not to be had and may not be missing. */
int launch_word_missing(unsigned int layers, struct error *err);

/* A stage that failed, by the child's report. */
int launch_word_report(const struct launch *launch, const struct report *report, struct error *err);

/* A child that ended without one. */
int launch_word_death(const siginfo_t *info, struct error *err);

#endif
