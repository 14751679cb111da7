/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the keys of the configuration files, for test_man. */
#include <stdio.h>

#include "config/catalogue.h"
#include "config/host_config.h"
#include "config/image_config.h"
#include "config/vm_config.h"

static void print_keys(const char *file, const char *const *keys)
{
	for (; *keys; keys++)
		printf("%s %s\n", file, *keys);
}

int main(void)
{
	print_keys("mnmivm-se.conf", host_config_keys());
	print_keys("vm.conf", vm_config_keys());
	print_keys("images.d", catalogue_keys());
	print_keys("image.conf", image_config_keys());
	return 0;
}
