/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A create that needs an image which is not here: what is checked before it is pulled, and what the
 * image decides of the VM.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "create_lab.h"
#include "netns.h"

START_TEST(pulled_and_made)
{
	create("web1");
	ck_assert_uint_eq(pulls, 1);
	assert_in_file("web1", "os.name", "debian-13\n");
	assert_in_file("web1", "disk.qcow2", "256\n");
	assert_in_file("web1", "vm.conf", "/images/" PULLED ".raw\n");
	assert_in_file("web1", "vm.conf", "\nprofile = alpine\nuser = debian\ncpu_level = 2\n");
	ck_assert_uint_ge(levels_asked, 1); /* with the image; before the pull it was not here */
	/* the next one finds it */
	begin_request();
	create("web2");
	ck_assert_uint_eq(pulls, 1);
	assert_in_file("web2", "os.name", "debian-13\n");
}
END_TEST

/* What the user says stands. */
START_TEST(user_has_the_last_word)
{
	xreplace(&request.config.user, "alice");
	request.disk_bytes = 128 * MIB;
	request.firmware_given = true;
	pulled_config.guest.firmware = FIRMWARE_UEFI;
	create("web1");
	assert_in_file("web1", "vm.conf", "user = alice\nmemory");
	assert_in_file("web1", "vm.conf", "firmware = bios\n");
	assert_in_file("web1", "disk.qcow2", "128\n");
}
END_TEST

/* A kernel of the user's own needs no firmware. */
START_TEST(firmware_of_the_image)
{
	AUTO_FREE char *code = xasprintf("%s/code.fd", files.path);
	AUTO_FREE char *vars = xasprintf("%s/vars.fd", files.path);

	pulled_config.guest.firmware = FIRMWARE_UEFI;
	xreplace(&request.config.kernel, pubkey);
	create("web1");
	assert_in_file("web1", "vm.conf", "firmware = bios\n");
	begin_request();
	xreplace(&lab.config.uefi_code, code);
	xreplace(&lab.config.uefi_vars, vars);
	refuse("web2", ERROR_HOST, "code.fd");
}
END_TEST

START_TEST(image_of_its_own_name)
{
	put_image("tiny", 300 * MIB, NULL);
	request.os = "tiny";
	request.pull = NULL;
	create("web1");
	ck_assert_uint_eq(pulls, 0);
	assert_in_file("web1", "os.name", "tiny\n");
	assert_in_file("web1", "disk.qcow2", "300\n");
	assert_in_file("web1", "vm.conf", "\nprofile = default\n\n");
}
END_TEST

/* Each of these would be known only after minutes, and some never. */
static void taken_name(void)
{
	vm_lab_make("web1", 0x11, "");
}

static void small_disk(void)
{
	request.disk_bytes = 63 * MIB;
}

static void address_of_the_host(void)
{
	strv_push(&request.nics[0].ips, "192.0.2.1");
}

static void address_of_a_vm(void)
{
	put_image("tiny", MIB, NULL);
	request.os = "tiny";
	strv_push(&request.nics[0].ips, "192.0.2.7/24");
	create("two");
	begin_request();
	strv_push(&request.nics[0].ips, "192.0.2.7");
}

static void no_bridge(void)
{
	netns_run("ip link del br0");
}

static void microvm(void)
{
	request.config.machine = MACHINE_MICROVM;
}

static void bad_user(void)
{
	xreplace(&request.config.user, "root");
}

static void old_processor(void)
{
	level_refused = true;
}

static void other_machine(void)
{
	request.os = "debian-13-arm64";
}

static void unknown_name(void)
{
	request.os = "debain";
}

static void no_pull(void)
{
	request.pull = NULL;
}

static void user_data_for_nuageinit(void)
{
	suite_put(files.fd, "user-data", "#!/bin/sh\n");
	request.os = "freebsd-15";
	request.user_data_path = user_data;
}

static void broken_catalogue(void)
{
	suite_put(files.fd, "more.conf", "[x\n");
}

static const struct refusal {
	void (*prepare)(void);
	enum error_kind kind;
	const char *message;
} refusals[] = {
	{ taken_name, ERROR_CONFLICT, "vm 'web1' exists" },
	{ small_disk, ERROR_USAGE, "a disk of 63M is smaller than what 'debian-13' needs (64M)" },
	{ address_of_the_host, ERROR_CONFLICT, "192.0.2.1" },
	{ address_of_a_vm, ERROR_CONFLICT, "'two'" },
	{ no_bridge, ERROR_HOST, "br0" },
	{ microvm, ERROR_USAGE, "microvm" },
	{ bad_user, ERROR_USAGE, "root" },
	{ old_processor, ERROR_HOST, "too old" },
	{ other_machine, ERROR_VERIFY, "aarch64" },
	{ unknown_name, ERROR_NOT_FOUND, "image 'debain' is not here" },
	{ no_pull, ERROR_NOT_FOUND, "image 'debian' is not here" },
	{ user_data_for_nuageinit, ERROR_USAGE, "nuageinit" },
	{ broken_catalogue, ERROR_USAGE, "more.conf:1: " },
};

START_TEST(refused_before_the_pull)
{
	char *before;

	refusals[_i].prepare();
	lab_notes[0] = '\0';
	before = state();
	refuse("web1", refusals[_i].kind, refusals[_i].message);
	ck_assert_uint_eq(pulls, 0);
	assert_no_trace(before);
	ck_assert_str_eq(lab_notes, "");
}
END_TEST

START_TEST(description)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	char *before = state();

	suite_assert_ok(vm_create_describe(&lab, "web1", &request, &text, &err), err);
	ck_assert_ptr_nonnull(strstr(buf_str(&text),
				     "pull debian-13 from "
				     "https://example.org/trixie/latest/debian-13.qcow2\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "256M over what was pulled"));
	request.pull = NULL;
	ck_assert_int_lt(vm_create_describe(&lab, "web1", &request, &text, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert_uint_eq(pulls, 0);
	assert_no_trace(before);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/create");
	TCase *tc = tcase_create("pull");

	tcase_add_test(tc, pulled_and_made);
	tcase_add_test(tc, user_has_the_last_word);
	tcase_add_test(tc, firmware_of_the_image);
	tcase_add_test(tc, image_of_its_own_name);
	tcase_add_loop_test(tc, refused_before_the_pull, 0, ARRAY_SIZE(refusals));
	tcase_add_test(tc, description);
	return create_main(s, tc);
}
