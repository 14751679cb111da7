/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates of VMs whose image is to be pulled. Pull, disks and processor are played here. */
#ifndef TESTS_CREATE_LAB_H
#define TESTS_CREATE_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "store/images.h"
#include "suite.h"
#include "vm/create.h"
#include "vm_lab.h"

/*
 * Programs with create_lab.c are linked with ld's --wrap of cpu_level_check, make_disk and
 * vm_image_resolve.
 */

#define PULLED "debian-13-20261123-0123456789ab"
#define MIB ((uint64_t)1 << 20)

/* A folder, which has the catalogue in it, and names of files there. */
extern struct suite_tmpdir files;
extern char *pubkey, *user_data;

/* Of the next create: "debian", which is to be pulled. begin_request() makes it anew. */
extern struct vm_create_request request;
void begin_request(void);

/* What a pull brings, and how it goes. */
extern struct image_config pulled_config;
extern uint64_t pulled_bytes;
extern unsigned int pulls;
extern enum error_kind pull_fails; /* 0: it does not */
extern void (*during_pull)(void);

/* The processor's level: how often it was asked for, and whether it is too low. */
extern unsigned int levels_asked;
extern bool level_refused;

/* A raw disk with a boot sector, in the store; and whether an image is there. */
void put_image(const char *name, uint64_t bytes, const struct image_config *config);
bool is_here(const char *name);

/* All names of the state but the images, and what is in the small files; frees before. */
char *state(void);
void assert_no_trace(char *before);

/* In a file of the VM's folder. */
void assert_in_file(const char *vm, const char *file, const char *text);

void create(const char *name);
void refuse(const char *name, enum error_kind kind, const char *message);

/* For main(): the case with all of this around each test, or why it is skipped. */
int create_main(Suite *s, TCase *tcase);

#endif
