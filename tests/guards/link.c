/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of one whole layer and what its row allows: that it links is the test. */
#include <stdio.h>

int main(void)
{
	puts("1..1\nok 1 - links with the layers below it only");
	return 0;
}
