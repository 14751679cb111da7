/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of our own code in a child, for what it reads not to be in memory when that has ended. */
#ifndef VM_APART_H
#define VM_APART_H

#include "base/error.h"

/*
 * Run work in a fork and return what it returns, with its error. It may read, check and allocate;
 * nothing of that is seen here, neither what it changed of arg nor what is left of it on the heap.
 */
int run_apart(int (*work)(void *arg, struct error *err), void *arg, struct error *err);

#endif
