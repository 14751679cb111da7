/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures by keys that gpg makes here, and what becomes of texts that they are held against. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fixture.h"
#include "../../src/vm/signature.h"

#define TEXT "1111  image.qcow2\n- 2222  other\n"

static struct vm_host host;
static struct suite_tmpdir dir;

/* So often the folder was there for mkdirat(2), and is gone by the time of the next call. */
static unsigned int vanishes;

int __real_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode)
{
	if (!vanishes || strncmp(path, ".signature-", 11) != 0)
		return __real_mkdirat(fd, path, mode);
	vanishes--;
	errno = EEXIST;
	return -1;
}

/*
 * One key for each purpose; "text" is what is signed, and what differs in a byte is "text.new". No
 * packet begins as rubbish does (RFC 4880, 4.2): by chance it could be a signature.
 */
static const char make_keys[] =
	"set -e; cd '%s'; export GNUPGHOME=$PWD/home; mkdir -m 700 home\n"
	"trap 'gpgconf --kill all' EXIT\n"
	"g() { gpg --batch --quiet --no-tty --passphrase '' \"$@\"; }\n"
	"for n in good other revoked; do\n"
	"	g --quick-gen-key $n@example.org ed25519 sign never; done 2>/dev/null\n"
	"g --faked-system-time 20200101T000000 --quick-gen-key expired@example.org ed25519 sign "
	"1y 2>/dev/null\n"
	"fpr=$(g --list-keys --with-colons revoked@ | awk -F: '/^fpr/{print $10; exit}')\n"
	"for n in good other expired; do g --export $n@ >$n.gpg; done\n"
	"g -u good@ --clearsign -o inline text; g -u good@ --detach-sign -o detached text\n"
	"g -u good@ --armor --detach-sign -o armoured text; g -u good@ --sign -o opaque text\n"
	"g -u other@ --clearsign -o inline.other text\n"
	"g -u good@ -u other@ --clearsign -o inline.both text\n"
	"g -u good@ -u other@ --detach-sign -o detached.both text\n"
	"g -u good@ --digest-algo SHA1 --detach-sign -o detached.sha1 text\n"
	"g -u revoked@ --detach-sign -o detached.revoked text\n"
	"g --faked-system-time 20200601T000000 -u expired@ --detach-sign -o detached.expired text "
	"2>/dev/null\n"
	"sed 's/^:-----BEGIN/-----BEGIN/' home/openpgp-revocs.d/$fpr.rev >rev; g --import rev "
	"2>/dev/null\n"
	"g --export revoked@ >revoked.gpg; cat other.gpg revoked.gpg good.gpg >all.gpg\n"
	"g --armor --export good@ >good.asc\n"
	"tr 2 3 <text >text.new; g -u good@ --clearsign -o inline.new text.new\n"
	"{ echo '0000  image.qcow2'; cat inline; echo '0000  image.qcow2'; } >around\n"
	"sed 's/^Hash: .*/&\\n0000  image.qcow2/' inline >header\n"
	"cat inline inline.new >two; sed 's/1111/0000/' inline >altered\n"
	"{ sed '/BEGIN PGP SIGNATURE/,$d' inline.new; cat inline; } >unsigned.first\n"
	": >empty; { printf '\\037'; head -c 999999 /dev/urandom; } >rubbish\n"
	"base64 <rubbish | head -c 1000000 >words\n";

static void keys_make(void)
{
	AUTO_FREE char *script = NULL;

	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "text", TEXT);
	script = xasprintf(make_keys, dir.path);
	ck_assert_int_eq(system(script), 0);
}

static void keys_remove(void)
{
	suite_tmpdir_remove(&dir);
}

static void setup(void)
{
	host = (struct vm_host)VM_HOST_INIT;
	host_config_init(&host.config);
	host.config.uid_base = JAIL_UID + 20;
	host.config.uid_count = 2;
	xreplace(&host.config.run_dir, jail_folder);
	host.store.config = &host.config;
	host.store.run_fd = open(jail_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(host.store.run_fd, 0);
}

static void teardown(void)
{
	close(host.store.run_fd);
	host_config_done(&host.config);
}

static struct buf signed_text;
static int first_desk; /* that the test itself has not taken */

static void assert_no_desk(int number)
{
	AUTO_FREE char *name = xasprintf(".signature-%d", number);

	ck_assert_int_eq(faccessat(host.store.run_fd, name, F_OK, 0), -1);
}

static int check(const char *keyring, const char *text_name, const char *signature_name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir.path, keyring);
	AUTO_BUF text = BUF_INIT, signature = BUF_INIT;
	const struct signature_check spec = {
		.origin = "SUMS",
		.text = &text,
		.signature = signature_name ? &signature : NULL,
		.keyring = path,
		.package = "some-keyring",
	};
	int r = file_read(dir.fd, text_name, 1 << 20, &text, &err);

	ck_assert_int_eq(r, 0);
	if (signature_name)
		ck_assert_int_eq(file_read(dir.fd, signature_name, 1 << 20, &signature, &err), 0);
	buf_clear(&signed_text);
	buf_puts(&signed_text, "as before");
	r = signature_check(&host, &spec, &signed_text, &err);
	/* nothing is left of what was shown */
	for (int i = first_desk; i < first_desk + 4; i++)
		assert_no_desk(i);
	return r;
}

static void check_good(const char *keyring, const char *text, const char *signature)
{
	suite_assert_ok(check(keyring, text, signature), err);
	ck_assert_str_eq(buf_str(&signed_text), TEXT);
	buf_done(&signed_text);
}

static void check_bad(const char *keyring, const char *text, const char *signature,
		      const char *words)
{
	suite_assert_error(check(keyring, text, signature), err, EBADMSG, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, words) != NULL, "'%s' is not in '%s'", words,
		      err.message);
	ck_assert_ptr_nonnull(strstr(err.message, "check the signature of 'SUMS': "));
	ck_assert_str_eq(buf_str(&signed_text), "as before");
	buf_done(&signed_text);
}

START_TEST(good_ones)
{
	check_good("good.gpg", "inline", NULL);
	check_good("good.gpg", "opaque", NULL);
	check_good("good.gpg", "text", "detached");
	check_good("good.gpg", "text", "armoured");
	check_good("all.gpg", "inline", NULL);
	check_good("all.gpg", "inline.both", NULL);
	check_good("all.gpg", "text", "detached.both");
}
END_TEST

/* Beside a text a further signature by somebody else takes nothing away from a good one. */
START_TEST(one_of_several_is_enough_beside_a_text)
{
	check_good("good.gpg", "text", "detached.both");
	check_good("other.gpg", "text", "detached.both");
	check_bad("expired.gpg", "text", "detached.both", "keyring does not have its key ");
	check_bad("good.gpg", "inline.both", NULL, "keyring does not have its key ");
}
END_TEST

START_TEST(keys_that_do_not_count)
{
	check_bad("other.gpg", "inline", NULL, "keyring does not have its key ");
	ck_assert_ptr_nonnull(strstr(err.hint, "apt-get install some-keyring"));
	check_bad("other.gpg", "text", "detached", "keyring does not have its key ");
	check_bad("good.gpg", "inline.other", NULL, "keyring does not have its key ");
	check_bad("expired.gpg", "text", "detached.expired", "has expired: ");
	check_bad("revoked.gpg", "text", "detached.revoked", "key is revoked: ");
	check_bad("good.gpg", "text", "detached.sha1", "too weak");
}
END_TEST

START_TEST(altered_texts)
{
	check_bad("good.gpg", "altered", NULL, "it is bad, by key ");
	check_bad("good.gpg", "header", NULL, "it is bad, by key ");
	check_bad("good.gpg", "text.new", "detached", "it is bad, by key ");
	check_bad("good.gpg", "text.new", "detached.both", "it is bad, by key ");
	check_bad("good.gpg", "empty", "detached", "it is bad, by key ");
	check_bad("good.gpg", "rubbish", "detached", "it is bad, by key ");
}
END_TEST

START_TEST(only_what_is_signed_comes_out)
{
	check_good("good.gpg", "around", NULL);
	check_bad("good.gpg", "two", NULL, "no single text");
	check_bad("good.gpg", "unsigned.first", NULL, "there is none");
}
END_TEST

START_TEST(what_is_no_signature)
{
	check_bad("good.gpg", "text", NULL, "there is none");
	check_bad("good.gpg", "empty", NULL, "there is none");
	check_bad("good.gpg", "rubbish", NULL, "there is none");
	check_bad("good.gpg", "words", NULL, "there is none");
	check_bad("good.gpg", "text", "empty", "there is none");
	check_bad("good.gpg", "text", "rubbish", "there is none");
	check_bad("good.gpg", "text", "text", "there is none");
	/* a signed text beside another one says nothing of that */
	ck_assert_int_ne(check("good.gpg", "text.new", "inline"), 0);
	ck_assert_int_eq(err.kind, ERROR_VERIFY);
	ck_assert_int_ne(check("good.gpg", "text.new", "opaque"), 0);
	ck_assert_int_eq(err.kind, ERROR_VERIFY);
	ck_assert_str_eq(buf_str(&signed_text), "as before");
	buf_done(&signed_text);
}
END_TEST

START_TEST(keyrings)
{
	ck_assert_int_eq(check("none.gpg", "inline", NULL), SIGNATURE_NO_KEYRING);
	ck_assert_str_eq(buf_str(&signed_text), "as before");
	suite_assert_error(check("good.asc", "inline", NULL), err, EINVAL, ERROR_HOST);
	ck_assert_msg(strstr(err.hint, "gpg --dearmor <") != NULL, "%s", err.hint);
	check_bad("empty", "inline", NULL, "keyring does not have its key ");
	check_bad("rubbish", "inline", NULL, "keyring does not have its key ");
	ck_assert_int_ne(check("home", "inline", NULL), 0);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_int_eq(symlinkat("loop", dir.fd, "loop"), 0);
	suite_assert_error(check("loop", "inline", NULL), err, ELOOP, ERROR_HOST);
	ck_assert_int_eq(unlinkat(dir.fd, "loop", 0), 0);
	buf_done(&signed_text);
}
END_TEST

START_TEST(without_gpgv)
{
	xreplace(&host.config.gpgv, "/usr/bin/no-gpgv");
	suite_assert_error(check("good.gpg", "inline", NULL), err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "apt-get install gpgv"));
	/* what runs in its place and says nothing is not believed */
	xreplace(&host.config.gpgv, "/usr/bin/true");
	check_bad("good.gpg", "text", "detached", "there is none");
	xreplace(&host.config.gpgv, "/usr/bin/false");
	ck_assert_int_ne(check("good.gpg", "text", "detached"), 0);
	ck_assert_int_eq(err.kind, ERROR_VERIFY);
	buf_done(&signed_text);
}
END_TEST

/* Of a check that was killed the folder is left, without its lock. */
START_TEST(what_is_left_of_a_kill_is_in_nobodys_way)
{
	ck_assert_int_eq(mkdirat(host.store.run_fd, ".signature-0", 0700), 0);
	ck_assert_int_eq(mkdirat(host.store.run_fd, ".signature-0/text", 0700), 0);
	ck_assert_int_ne(check("good.gpg", "inline", NULL), 0);
	check_good("good.gpg", "inline", NULL);
	ck_assert_int_eq(mkdirat(host.store.run_fd, ".signature-0", 0700), 0);
	suite_put(host.store.run_fd, ".signature-0/text", "old");
	check_good("good.gpg", "inline", NULL);
}
END_TEST

/*
 * Another check ends between two calls of ours; not for ever, or the folder is nothing to look for.
 */
START_TEST(one_that_has_just_ended)
{
	vanishes = 3;
	check_good("good.gpg", "inline", NULL);
	ck_assert_uint_eq(vanishes, 0);
	vanishes = 100000;
	suite_assert_error(check("good.gpg", "inline", NULL), err, EBUSY, ERROR_BUSY);
	vanishes = 0;
	buf_done(&signed_text);
}
END_TEST

/* As one that is stopped does, or is in the middle of it. */
static int hold_desk(int number)
{
	AUTO_FREE char *name = xasprintf(".signature-%d", number);
	int fd;

	ck_assert_int_eq(mkdirat(host.store.run_fd, name, 0700), 0);
	fd = openat(host.store.run_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	return fd;
}

static void release_desk(int number, int fd)
{
	AUTO_FREE char *name = xasprintf(".signature-%d", number);

	/* empty: nobody put anything into what is another's */
	ck_assert_int_eq(unlinkat(host.store.run_fd, name, AT_REMOVEDIR), 0);
	close(fd);
}

START_TEST(others_are_not_waited_for)
{
	int first = hold_desk(0), second = hold_desk(1);

	first_desk = 2;
	check_good("good.gpg", "inline", NULL);
	first_desk = 0;
	release_desk(0, first);
	release_desk(1, second);
}
END_TEST

START_TEST(too_many_others)
{
	enum { DESKS = 64 };
	int fds[DESKS];

	for (int i = 0; i < DESKS; i++)
		fds[i] = hold_desk(i);
	first_desk = DESKS;
	suite_assert_error(check("good.gpg", "inline", NULL), err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.hint, ".signature-*"));
	ck_assert_str_eq(buf_str(&signed_text), "as before");
	first_desk = 0;
	for (int i = 0; i < DESKS; i++)
		release_desk(i, fds[i]);
	buf_done(&signed_text);
}
END_TEST

/* As a user with namespaces of its own, or as root of a container, which makes none. */
static int become(bool user)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (user)
		return setgroups(0, NULL) || setresgid(JAIL_UID, JAIL_UID, JAIL_UID) ||
		       setresuid(JAIL_UID, JAIL_UID, JAIL_UID);
	strv_split(&host.config.allow_missing, "root pid net ipc uts cgroup-ns", ' ');
	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	return (int)syscall(SYS_capset, &header, data);
}

static bool has_user_namespaces(void)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(become(true) || unshare(CLONE_NEWUSER));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static int check_as(bool user, const struct signature_check *good,
		    const struct signature_check *bad)
{
	if (become(user))
		return 2;
	if (signature_check(&host, good, &signed_text, &err))
		return fprintf(stderr, "# %s\n", err.message);
	if (strcmp(buf_str(&signed_text), TEXT) != 0)
		return 3;
	return signature_check(&host, bad, &signed_text, &err) != -EBADMSG ||
	       !strstr(err.message, "it is bad");
}

START_TEST(where_less_can_be_confined)
{
	bool user = _i == 0;
	AUTO_FREE char *folder = xasprintf("%s/less", jail_folder);
	AUTO_FREE char *keyring = xasprintf("%s/good.gpg", folder);
	AUTO_FREE char *line = xasprintf("cp '%s/good.gpg' '%s' && chmod 644 '%s'", dir.path,
					 keyring, keyring);
	AUTO_BUF text = BUF_INIT, other = BUF_INIT, signature = BUF_INIT;
	struct signature_check good = {
		.origin = "SUMS", .text = &text, .signature = &signature, .keyring = keyring
	};
	struct signature_check bad = good;
	int status;
	pid_t pid;

	if (user && !has_user_namespaces()) {
		suite_kernel_lacks("where_less_can_be_confined", "user namespaces for users");
		return;
	}
	bad.text = &other;
	ck_assert_int_eq(file_read(dir.fd, "text", 1 << 20, &text, &err), 0);
	ck_assert_int_eq(file_read(dir.fd, "text.new", 1 << 20, &other, &err), 0);
	ck_assert_int_eq(file_read(dir.fd, "detached", 1 << 20, &signature, &err), 0);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(chown(folder, user ? JAIL_UID : 0, 0), 0);
	close(host.store.run_fd);
	xreplace(&host.config.run_dir, folder);
	host.store.run_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(check_as(user, &good, &bad));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* for the other one */
	ck_assert_int_eq(unlink(keyring), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("vm/signature");
	TCase *tc = jail_case("signature");

	tcase_add_unchecked_fixture(tc, keys_make, keys_remove);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_ones);
	tcase_add_test(tc, one_of_several_is_enough_beside_a_text);
	tcase_add_test(tc, keys_that_do_not_count);
	tcase_add_test(tc, altered_texts);
	tcase_add_test(tc, only_what_is_signed_comes_out);
	tcase_add_test(tc, what_is_no_signature);
	tcase_add_test(tc, keyrings);
	tcase_add_test(tc, without_gpgv);
	tcase_add_test(tc, what_is_left_of_a_kill_is_in_nobodys_way);
	tcase_add_test(tc, one_that_has_just_ended);
	tcase_add_test(tc, others_are_not_waited_for);
	tcase_add_test(tc, too_many_others);
	tcase_add_loop_test(tc, where_less_can_be_confined, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int main(int argc, char **argv)
{
	(void)argc;
	if (access("/usr/bin/gpg", X_OK) < 0 || access("/usr/bin/gpgv", X_OK) < 0)
		return suite_skip("needs gpg and gpgv");
	return jail_main(suite(), argv);
}
