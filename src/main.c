/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mnmivm-se: a LAN as a local VM cloud. */
#include "cli/main.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
