/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening sockets that QEMU is given. */
#ifndef VM_SOCKETS_H
#define VM_SOCKETS_H

#include "store/vm_dir.h"

#define QMP_SOCKET "qmp.sock"
#define CONSOLE_SOCKET "console.sock"
#define VNC_SOCKET "vnc.sock"

/*
 * A unix stream socket `name` in the VM's run folder, listening; an old one of that name is
 * replaced.
 */
int socket_listen_unix(const struct vm_dir *dir, const char *name, int *ret_fd, struct error *err);

/* A TCP socket that listens on address:port. ERROR_CONFLICT when the port is taken. */
int socket_listen_tcp(const char *address, unsigned int port, int *ret_fd, struct error *err);

/* Connect to a unix socket in the run folder. */
int socket_connect_unix(const struct vm_dir *dir, const char *name, int *ret_fd, struct error *err);

#endif
