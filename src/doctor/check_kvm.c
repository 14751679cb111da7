/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM: the CPU, the module, the device node, and who may use it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "probe.h"

#define KVM_NODE "/dev/kvm"

/* The module for this CPU, or NULL where the CPU has no virtualisation, or hides it. */
static const char *kvm_module(void)
{
	if (probe_cpu_flag("vmx"))
		return "kvm_intel";
	return probe_cpu_flag("svm") ? "kvm_amd" : NULL;
}

/* Without KVM guests are emulated, which fails only those who did not ask for that. */
static void lacks_kvm(struct check *check, const char *why)
{
	if (check->config->accel == ACCEL_KVM)
		check_fail(check, KVM_NODE, "%s, so that guests with accel=kvm do not start", why);
	else
		check_warn(check, KVM_NODE, "%s, so that guests are emulated, many times slower",
			   why);
}

static void no_node(struct check *check)
{
	const char *module = kvm_module();

	if (probe_misc_device("kvm")) {
		lacks_kvm(check, "does not exist, although the kernel has KVM");
		check_fix(check, "mknod -m 660 %s c 10 232", KVM_NODE);
		return;
	}
	if (module) {
		lacks_kvm(check, "does not exist, as the module is not loaded");
		check_fix_module(check, module);
		return;
	}
	lacks_kvm(check, "does not exist, and the CPU offers no virtualisation");
	check_keep(check, "%s; or 'accel = tcg' in %s",
		   probe_cpu_flag("hypervisor")
			   ? "switch nested virtualisation on in the hypervisor that runs this host"
			   : "switch VT-x or AMD-V on in the firmware's setup",
		   check->host->config_path);
}

static void not_opened(struct check *check, int code)
{
	AUTO_FREE char *why = xasprintf("cannot be opened: %s", strerror(code));

	if (code == ENOENT) {
		no_node(check);
	} else if (code == EACCES || code == EPERM) {
		check_warn(check, KVM_NODE, "is not for this user: %s", strerror(code));
		check_fix(check, "sudo mnmivm-se doctor kvm");
	} else {
		lacks_kvm(check, why);
	}
}

void check_kvm(struct check *check)
{
	AUTO_CLOSE int fd = open(KVM_NODE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int version;

	if (fd < 0) {
		not_opened(check, errno);
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version < 0) {
		lacks_kvm(check, "is no KVM device");
		check_fix(check, "rm %s && mknod -m 660 %s c 10 232", KVM_NODE, KVM_NODE);
	} else if (version != KVM_API_VERSION) {
		/* "applications should refuse to run" (Documentation/virt/kvm/api.rst) */
		lacks_kvm(check, "speaks another version of KVM");
	} else {
		check_pass(check, KVM_NODE, "can be opened");
	}
}

void check_kvm_nested(struct check *check)
{
	static const char *const modules[] = { "kvm_intel", "kvm_amd" };

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		AUTO_FREE char *path = xasprintf("/sys/module/%s/parameters/nested", modules[i]);
		AUTO_BUF value = BUF_INIT;

		if (!probe_line(path, &value))
			continue;
		if (strchr("Y1", buf_str(&value)[0])) {
			check_pass(check, modules[i], "guests may run VMs themselves");
			return;
		}
		check_pass(check, modules[i], "guests have no KVM of their own");
		check_keep(check,
			   "'options %s nested=1' in /etc/modprobe.d/kvm.conf, if they need it",
			   modules[i]);
		return;
	}
	check_pass(check, "kvm", "guests have no KVM of their own");
}
