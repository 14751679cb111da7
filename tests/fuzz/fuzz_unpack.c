/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compressed image of any bytes, in this process. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/unpack.h"
#include "fuzz.h"

enum { OUT_MAX = 1 << 20 };

static void unpack_one(int from, int out)
{
	struct error err = ERROR_INIT;
	int r = unpack(from, out, OUT_MAX, "f", &err);
	struct stat st;

	FUZZ_ASSERT(fstat(out, &st) == 0 && st.st_size <= OUT_MAX);
	if (r == 0)
		FUZZ_ASSERT(unpack_wants(from) && err.kind == ERROR_NONE);
	else
		FUZZ_ASSERT(r == -err.code && err.kind == ERROR_VERIFY && err.message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int from = memfd_create("from", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	struct error err = ERROR_INIT;

	FUZZ_ASSERT(from >= 0 && out >= 0);
	FUZZ_ASSERT(write(from, data, size) == (ssize_t)size);
	FUZZ_ASSERT(unpack_prepare(&err) == 0);
	unpack_one(from, out);
	close(from);
	close(out);
	return 0;
}
