/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image on its way into a draft: bounded, hashed, and its zeros left out. */
#ifndef VM_IMAGE_WRITER_H
#define VM_IMAGE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/digest.h"
#include "vm/host.h"

/* Called with the bytes that are done, as they come. */
struct image_watch {
	void (*progress)(void *arg, uint64_t done); /* NULL: silent */
	void *arg;
};

/*
 * Copy from, from where it is to its end, to fd, which is empty; *ret is what it hashes to. More
 * than max bytes are ERROR_VERIFY. name is for messages.
 */
int image_copy(const struct vm_host *host, int from, int fd, uint64_t max, const char *name,
	       enum digest_algorithm algorithm, const struct image_watch *watch, struct digest *ret,
	       struct error *err);

/*
 * The same of what a compressed or tar-wrapped file holds, by a confined worker (fetch/unpack.h).
 * from is open for reading alone. ERROR_TIMEOUT: for ten minutes nothing came of it.
 */
int image_unpack(const struct vm_host *host, int from, int fd, const char *name,
		 enum digest_algorithm algorithm, const struct image_watch *watch,
		 struct digest *ret, struct error *err);

/* CPU time for a worker that has so many bytes to handle: an hour, and a second for each MiB. */
unsigned int image_cpu_s(uint64_t bytes);

/* pwrite(2) all of it. Returns 0 or -errno. */
int image_write_at(int fd, const void *data, size_t len, uint64_t pos);

/* Word that a write to the image folder got code; a full disk with what helps. */
int image_write_failed(const struct vm_host *host, int code, const char *name, struct error *err);

#endif
