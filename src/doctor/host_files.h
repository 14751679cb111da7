/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of this host's distribution that settings are kept in. */
#ifndef DOCTOR_HOST_FILES_H
#define DOCTOR_HOST_FILES_H

#include <stdbool.h>

#include "base/strv.h"
#include "doctor/doctor.h"

#define HOST_SYSCTL_FILE "/etc/sysctl.d/90-mnmivm-se.conf"

/* /etc/modules on Alpine, /etc/modules-load.d/mnmivm-se.conf elsewhere (modules-load.d(5)). */
const char *host_modules_file(void);
bool host_is_alpine(void);

/*
 * Append the paths of the files in folders whose names end in suffix, by name; of two with one
 * name the one in the earlier folder. Folders that are not there have none.
 */
void host_list_files(const char *const *folders, size_t n, const char *suffix, struct strv *ret);

/* The file that a link's settings are in, for sentences; static. */
const char *host_network_file(enum doctor_network network);

#endif
