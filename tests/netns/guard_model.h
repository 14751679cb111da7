/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard is to do, said a second time: for frames that nobody wrote down. */
#ifndef TESTS_GUARD_MODEL_H
#define TESTS_GUARD_MODEL_H

#include "frames.h"

/* Why the guest of frame_spec() may not send this with the guard ip; GUARD_DROPS: it may. */
enum guard_drop guard_model(const struct frame *frame);

#endif
