/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image's maker decided of the guest in it. */
#include "config/guest.h"

#include <stdlib.h>

#include "base/alloc.h"

void guest_traits_init(struct guest_traits *traits)
{
	*traits = (struct guest_traits){
		.profile = PROFILE_DEFAULT,
		.firmware = FIRMWARE_BIOS,
		.cpu_level = 1,
	};
}

void guest_traits_done(struct guest_traits *traits)
{
	free(traits->user);
	*traits = (struct guest_traits){ .user = NULL };
}

void guest_traits_copy(struct guest_traits *dst, const struct guest_traits *src)
{
	struct guest_traits copy = *src;

	copy.user = src->user ? xstrdup(src->user) : NULL;
	guest_traits_done(dst);
	*dst = copy;
}
