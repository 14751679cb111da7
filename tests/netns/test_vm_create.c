/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A create that needs an image which is not here: what is checked before it is pulled, what the
 * image decides of the VM, and what is left when it fails. The pull and the disks are played here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/vm/cpu_level.h"
#include "../../src/vm/make_disk.h"
#include "base/alloc.h"
#include "base/file.h"
#include "netns.h"
#include "store/images.h"
#include "suite.h"
#include "vm/create.h"
#include "vm_lab.h"

#define PULLED "debian-13-20261123-0123456789ab"
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v me\n"
#define MIB ((uint64_t)1 << 20)

static const char catalogue[] = "[debian-13]\n"
				"aliases = debian, trixie\n"
				"mirrors = https://example.org/trixie/\n"
				"file = latest/debian-13.qcow2\n"
				"digest_file = latest/SHA512SUMS\n"
				"user = debian\n"
				"min_disk = 64M\n"
				"cpu_level = 2\n"
				"[debian-13-arm64]\n"
				"mirrors = https://example.org/trixie/\n"
				"file = latest/debian-13-arm64.qcow2\n"
				"digest_file = latest/SHA512SUMS\n"
				"arch = aarch64\n"
				"[freebsd-15]\n"
				"mirrors = https://example.org/freebsd/\n"
				"file = freebsd-15.qcow2\n"
				"digest_file = CHECKSUM.SHA256\n"
				"profile = nuageinit\n";

static struct suite_tmpdir files;
static char *pubkey, *user_data;
static struct vm_create_request request;
static const struct vm_pull_options pull_options = { .progress = NULL };
static struct image_config pulled_config;
static uint64_t pulled_bytes;
static unsigned int pulls;
static enum error_kind pull_fails; /* 0: it does not */
static void (*during_pull)(void);
static unsigned int levels_asked;
static bool level_refused;

int __wrap_vm_image_resolve(const struct vm_host *host, const char *word,
			    const struct vm_pull_options *pull, char **ret_name, struct error *err);
int __wrap_make_disk(const struct host_config *host, const struct vm_config *vm, int dir_fd,
		     const char *name, const struct overlay_spec *spec, struct error *err);
int __wrap_cpu_level_check(const struct vm_host *host, const struct vm_config *vm, bool keep,
			   struct error *err);

/* A raw disk with a boot sector. */
static void put_image(const char *name, uint64_t bytes, const struct image_config *config)
{
	struct image_draft draft;
	struct error err = ERROR_INIT;

	suite_assert_ok(images_begin(&lab.store, name, &draft, &err), err);
	ck_assert_int_eq(ftruncate(draft.fd, (off_t)bytes), 0);
	ck_assert_int_eq(pwrite(draft.fd, "\x55\xaa", 2, 510), 2);
	suite_assert_ok(images_commit(&lab.store, &draft, DISK_RAW, config, &err), err);
}

static bool is_here(const char *name)
{
	struct error ignored = ERROR_INIT;
	enum disk_format format;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;

	return images_open(&lab.store, name, &fd, &format, &path, &ignored) == 0;
}

int __wrap_vm_image_resolve(const struct vm_host *host, const char *word,
			    const struct vm_pull_options *pull, char **ret_name, struct error *err)
{
	const char *name = is_here(word) ? word : PULLED;

	ck_assert_ptr_eq(host, &lab);
	if (is_here(name)) {
		*ret_name = xstrdup(name);
		return 0;
	}
	if (!pull)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "image '%s' is not here", word);
	ck_assert_ptr_eq(pull, &pull_options);
	pulls++;
	if (during_pull)
		during_pull();
	if (pull_fails)
		return error_set(err, pull_fails, EIO, "no pull today");
	put_image(PULLED, pulled_bytes, &pulled_config);
	*ret_name = xstrdup(PULLED);
	return 0;
}

int __wrap_make_disk(const struct host_config *host, const struct vm_config *vm, int dir_fd,
		     const char *name, const struct overlay_spec *spec, struct error *err)
{
	AUTO_FREE char *size = xasprintf("%ju\n", (uintmax_t)(spec->size / MIB));

	(void)host;
	(void)vm;
	return file_write_volatile(dir_fd, name, size, strlen(size), 0600, err);
}

int __wrap_cpu_level_check(const struct vm_host *host, const struct vm_config *vm, bool keep,
			   struct error *err)
{
	(void)host;
	(void)keep;
	if (vm->image.cpu_level < 2)
		return 0;
	levels_asked++;
	return level_refused ? error_set(err, ERROR_HOST, ENOTSUP, "too old") : 0;
}

static void begin_request(void)
{
	vm_create_request_done(&request);
	request = (struct vm_create_request){
		.config_ready = true,
		.os = "debian",
		.pubkey_path = pubkey,
		.pull = &pull_options,
	};
	vm_config_init(&request.config, &lab.config);
}

static void setup(void)
{
	vm_lab_setup();
	netns_run("ip addr add 192.0.2.1/24 dev br0");
	suite_tmpdir_make(&files);
	suite_put(files.fd, "key.pub", KEY);
	suite_put(files.fd, "catalogue.conf", catalogue);
	pubkey = xasprintf("%s/key.pub", files.path);
	user_data = xasprintf("%s/user-data", files.path);
	strv_clear(&lab.config.catalogue);
	strv_push(&lab.config.catalogue, files.path);
	lab.config.disk_bytes = 256 * MIB;
	image_config_init(&pulled_config);
	pulled_config.os = xstrdup("debian-13");
	pulled_config.guest.user = xstrdup("debian");
	pulled_config.guest.profile = PROFILE_ALPINE;
	pulled_config.guest.min_disk_bytes = 64 * MIB;
	pulled_config.guest.cpu_level = 2;
	pulled_bytes = 32 * MIB;
	begin_request();
}

static void teardown(void)
{
	vm_create_request_done(&request);
	image_config_done(&pulled_config);
	free(pubkey);
	free(user_data);
	suite_tmpdir_remove(&files);
	vm_lab_teardown();
}

/* All names of the state but the images, and what is in the small files. */
static char *state(void)
{
	return netns_text("cd '%s' && find . -path ./images -prune -o -print -type f -size -9k "
			  "-exec cat '{}' + | LC_ALL=C sort; ls '%s'",
			  lab.config.state_dir, lab.config.run_dir);
}

/* Frees before. */
static void assert_no_trace(char *before)
{
	AUTO_FREE char *after = state();

	netns_compare_text(before, after);
	free(before);
}

static char *vm_file(const char *name, const char *file)
{
	AUTO_CLOSE int fd = openat(lab.store.vms_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return suite_get(fd, file);
}

static void assert_in_file(const char *vm, const char *file, const char *text)
{
	AUTO_FREE char *found = vm_file(vm, file);

	ck_assert_msg(strstr(found, text) != NULL, "%s lacks '%s':\n%s", file, text, found);
}

static void create(const char *name)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(vm_create(&lab, name, &request, &err), err);
}

static void refuse(const char *name, enum error_kind kind, const char *message)
{
	struct error err = ERROR_INIT;
	int r = vm_create(&lab, name, &request, &err);

	ck_assert_int_lt(r, 0);
	ck_assert_msg(err.kind == kind, "%s", err.message);
	ck_assert_msg(strstr(err.message, message) != NULL, "%s", err.message);
}

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

START_TEST(pull_that_fails)
{
	static const enum error_kind kinds[] = { ERROR_VERIFY, ERROR_TIMEOUT, ERROR_FAILED,
						 ERROR_NOT_FOUND };
	char *before = state();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		pull_fails = kinds[i];
		refuse("web1", kinds[i], "no pull today");
	}
	ck_assert_uint_eq(pulls, ARRAY_SIZE(kinds));
	assert_no_trace(before);
}
END_TEST

/* What user-data says, of which this program has each letter's predecessor alone. */
static const char shifted[] = "qhstlvnxrabcqduefgyhbkqrta";
static bool secret_seen;

static bool is_secret(const char *text)
{
	for (size_t i = 0; shifted[i]; i++)
		if (text[i] != shifted[i] + 1)
			return false;
	return true;
}

static bool has_secret(int mem, uint64_t from, uint64_t to)
{
	AUTO_FREE char *text = xmalloc(to - from);
	ssize_t len = pread(mem, text, to - from, (off_t)from);

	for (ssize_t i = 0; i + (ssize_t)sizeof(shifted) <= len; i++)
		if (is_secret(text + i))
			return true;
	return false;
}

/* All that is written to: of anonymous memory, heap, stack and data, proc_pid_maps(5). */
static void look_for_secret(void)
{
	AUTO_CLOSE int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	AUTO_FCLOSE FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t from, to;
	char line[512];

	ck_assert_int_ge(mem, 0);
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " rw", &from, &to) == 2 &&
		    strstr(line, " rw-p ") && to - from <= 64 * MIB)
			secret_seen |= has_secret(mem, from, to);
}

/* A worker begins with all of it: what speaks to strangers must not find passwords there. */
START_TEST(secrets_are_not_in_memory_during_a_pull)
{
	netns_run("{ printf '#cloud-config\\npassword: '; echo %s | tr a-y b-z; } >'%s'", shifted,
		  user_data);
	request.user_data_path = user_data;
	during_pull = look_for_secret;
	create("web1");
	ck_assert_uint_eq(pulls, 1);
	ck_assert(!secret_seen);
	assert_in_file("web1", "user-data", "\npassword: ");
}
END_TEST

/* Of two readings the second one counts. */
static void spoil_user_data(void)
{
	suite_put(files.fd, "user-data", "no document\n");
}

START_TEST(documents_are_checked_again_after_a_pull)
{
	char *before = state();

	suite_put(files.fd, "user-data", "#cloud-config\npassword: x\n");
	request.user_data_path = user_data;
	during_pull = spoil_user_data;
	refuse("web1", ERROR_USAGE, "user-data");
	ck_assert_uint_eq(pulls, 1);
	assert_no_trace(before);
}
END_TEST

static void make_web1(void)
{
	vm_lab_make("web1", 0x11, "memory = 77M\n");
}

/* The lock is not held for the minutes of a download: another may be first. */
START_TEST(name_taken_meanwhile)
{
	during_pull = make_web1;
	refuse("web1", ERROR_CONFLICT, "vm 'web1' exists");
	ck_assert_uint_eq(pulls, 1);
	assert_in_file("web1", "vm.conf", "memory = 77M\n");
	ck_assert(is_here(PULLED));
}
END_TEST

START_TEST(image_larger_than_the_catalogue_said)
{
	char *before = state();

	request.disk_bytes = 100 * MIB;
	pulled_bytes = 101 * MIB;
	refuse("web1", ERROR_USAGE, "a disk of 100M is smaller than its image (101M)");
	assert_no_trace(before);
	/* which stays, and is large enough for the next */
	begin_request();
	create("web1");
	ck_assert_uint_eq(pulls, 1);
}
END_TEST

static void die(void)
{
	raise(SIGKILL);
}

START_TEST(killed_while_it_pulls)
{
	char *before = state();
	int status;
	pid_t pid;

	during_pull = die;
	pid = fork();
	if (pid == 0) {
		vm_create(&lab, "web1", &request, &(struct error)ERROR_INIT);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", status);
	assert_no_trace(before);
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

	if (netns_missing())
		return suite_skip(netns_missing());
	if (access("/usr/bin/ssh-keygen", X_OK) < 0)
		return suite_skip("no ssh-keygen");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pulled_and_made);
	tcase_add_test(tc, user_has_the_last_word);
	tcase_add_test(tc, firmware_of_the_image);
	tcase_add_test(tc, image_of_its_own_name);
	tcase_add_loop_test(tc, refused_before_the_pull, 0, ARRAY_SIZE(refusals));
	tcase_add_test(tc, pull_that_fails);
	tcase_add_test(tc, secrets_are_not_in_memory_during_a_pull);
	tcase_add_test(tc, documents_are_checked_again_after_a_pull);
	tcase_add_test(tc, name_taken_meanwhile);
	tcase_add_test(tc, image_larger_than_the_catalogue_said);
	tcase_add_test(tc, killed_while_it_pulls);
	tcase_add_test(tc, description);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
