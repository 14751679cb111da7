/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates of VMs whose image is to be pulled. Pull, disks and processor are played here. */
#include "create_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/vm/cpu_level.h"
#include "../../src/vm/make_disk.h"
#include "base/alloc.h"
#include "base/file.h"
#include "netns.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa3D59hpgsoAfW9jXGqC1vqCf9InvYtuCBqapnebS8v me\n"

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

struct suite_tmpdir files;
char *pubkey, *user_data;
struct vm_create_request request;
static const struct vm_pull_options pull_options = { .progress = NULL };
struct image_config pulled_config;
uint64_t pulled_bytes;
unsigned int pulls;
enum error_kind pull_fails;
void (*during_pull)(void);
unsigned int levels_asked;
bool level_refused;

int __wrap_vm_image_resolve(const struct vm_host *host, const char *word,
			    const struct vm_pull_options *pull, char **ret_name, struct error *err);
int __wrap_make_disk(const struct host_config *host, const struct vm_config *vm, int dir_fd,
		     const char *name, const struct overlay_spec *spec, struct error *err);
int __wrap_cpu_level_check(const struct vm_host *host, const struct vm_config *vm, bool keep,
			   struct error *err);

void put_image(const char *name, uint64_t bytes, const struct image_config *config)
{
	struct image_draft draft;
	struct error err = ERROR_INIT;

	suite_assert_ok(images_begin(&lab.store, name, &draft, &err), err);
	ck_assert_int_eq(ftruncate(draft.fd, (off_t)bytes), 0);
	ck_assert_int_eq(pwrite(draft.fd, "\x55\xaa", 2, 510), 2);
	suite_assert_ok(images_commit(&lab.store, &draft, DISK_RAW, config, &err), err);
}

bool is_here(const char *name)
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

void begin_request(void)
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

char *state(void)
{
	return netns_text("cd '%s' && find . -path ./images -prune -o -print -type f -size -9k "
			  "-exec cat '{}' + | LC_ALL=C sort; ls '%s'",
			  lab.config.state_dir, lab.config.run_dir);
}

void assert_no_trace(char *before)
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

void assert_in_file(const char *vm, const char *file, const char *text)
{
	AUTO_FREE char *found = vm_file(vm, file);

	ck_assert_msg(strstr(found, text) != NULL, "%s lacks '%s':\n%s", file, text, found);
}

void create(const char *name)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(vm_create(&lab, name, &request, &err), err);
}

void refuse(const char *name, enum error_kind kind, const char *message)
{
	struct error err = ERROR_INIT;
	int r = vm_create(&lab, name, &request, &err);

	ck_assert_int_lt(r, 0);
	ck_assert_msg(err.kind == kind, "%s", err.message);
	ck_assert_msg(strstr(err.message, message) != NULL, "%s", err.message);
}

int create_main(Suite *s, TCase *tcase)
{
	if (netns_missing())
		return suite_skip(netns_missing());
	if (access("/usr/bin/ssh-keygen", X_OK) < 0)
		return suite_skip("no ssh-keygen");
	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
