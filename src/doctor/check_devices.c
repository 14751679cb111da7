/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where taps and their fast path come from: /dev/net/tun and /dev/vhost-net. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "check.h"
#include "probe.h"

#define TUN_NODE "/dev/net/tun"
#define VHOST_NODE "/dev/vhost-net"

static void no_tun(struct check *check)
{
	if (probe_misc_device("tun")) {
		check_fail(check, TUN_NODE,
			   "does not exist, so that no VM gets a network, although "
			   "the kernel has the driver");
		check_fix(check, "mkdir -p /dev/net && mknod -m 666 %s c 10 200", TUN_NODE);
		return;
	}
	if (probe_module("tun") == MODULE_ABSENT) {
		check_fail(check, TUN_NODE, "does not exist, and this kernel has no module for it");
		check_keep(check, "a kernel with CONFIG_TUN");
		return;
	}
	check_fail(check, TUN_NODE,
		   "does not exist, as the module is not loaded: no VM gets a network");
	check_fix_module(check, "tun");
}

/* Distributions let everybody open it: without CAP_NET_ADMIN it gives nothing (udev's rules). */
static void no_access(struct check *check)
{
	check_fail(check, TUN_NODE, "is not for this user (%s): none of his VMs gets a network",
		   strerror(EACCES));
	check_fix(check, "chmod 666 " TUN_NODE);
}

void check_tun(struct check *check)
{
	const unsigned int wanted = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
	unsigned int features = 0;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	/* opening the node of a module that is not loaded loads it (udev makes such nodes) */
	if (!stat(TUN_NODE, &st) && S_ISCHR(st.st_mode) && !probe_misc_device("tun") &&
	    probe_module("tun") == MODULE_AVAILABLE) {
		check_pass(check, TUN_NODE, "loads its module when it is used");
		return;
	}
	fd = open(TUN_NODE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		no_tun(check);
	else if (fd < 0 && errno == EACCES)
		no_access(check);
	else if (fd < 0)
		check_fail(check, TUN_NODE, "cannot be opened: %s", strerror(errno));
	else if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		check_fail(check, TUN_NODE, "is no tun device, so that no VM gets a network");
	else if ((features & wanted) != wanted)
		check_fail(check, TUN_NODE, "is too old for the taps that VMs need");
	else
		check_pass(check, TUN_NODE, "can be opened");
	if (fd >= 0 && !features)
		check_fix(check, "rm %s && mknod -m 666 %s c 10 200", TUN_NODE, TUN_NODE);
}

static void lacks_vhost(struct check *check, const char *why)
{
	if (check->config->vhost == TRISTATE_ON)
		check_fail(check, VHOST_NODE, "%s, and vhost=on: VMs do not start", why);
	else
		check_warn(check, VHOST_NODE, "%s: guests have a slower network", why);
}

static void no_vhost(struct check *check)
{
	enum module_state module = probe_module("vhost_net");

	if (probe_misc_device("vhost-net")) {
		lacks_vhost(check, "does not exist, although the kernel has the driver");
		check_fix(check, "mknod -m 660 %s c 10 238", VHOST_NODE);
	} else if (module == MODULE_AVAILABLE) {
		lacks_vhost(check, "does not exist, as the module is not loaded");
		check_fix_module(check, "vhost_net");
	} else {
		lacks_vhost(check, "does not exist, and this kernel has no module for it");
		check_keep(check, "'vhost = off' in %s, or a kernel with CONFIG_VHOST_NET",
			   check->host->config_path);
	}
}

/* Not opened, for that would load the module. */
void check_vhost(struct check *check)
{
	struct stat st;

	if (check->config->vhost == TRISTATE_OFF)
		check_pass(check, VHOST_NODE, "is not wanted: vhost=off");
	else if (stat(VHOST_NODE, &st) < 0)
		no_vhost(check);
	else if (!S_ISCHR(st.st_mode))
		lacks_vhost(check, "is no device");
	else if (probe_misc_device("vhost-net"))
		check_pass(check, VHOST_NODE, "is there");
	else if (probe_module("vhost_net") == MODULE_AVAILABLE)
		check_pass(check, VHOST_NODE, "loads its module when it is used");
	else
		lacks_vhost(check, "is there, but this kernel has no module for it");
}
