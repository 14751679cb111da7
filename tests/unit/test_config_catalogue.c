/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue of images: what an entry may say, which file has the last word, how one is found.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/catalogue.h"
#include "suite.h"

#define MIRROR "mirrors = https://example.org/a/\n"
#define FILE_KEY "file = b/x-1.qcow2\n"
#define DIGEST_KEY "digest_file = SHA512SUMS\n"
#define WHOLE MIRROR FILE_KEY DIGEST_KEY

static struct catalogue catalogue;

static void setup(void)
{
	catalogue = (struct catalogue)CATALOGUE_INIT;
}

static void teardown(void)
{
	catalogue_done(&catalogue);
}

static void take(const char *origin, const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(catalogue_parse(&catalogue, origin, text, strlen(text), &err), err);
}

/* Refused with this beginning of the message, and nothing of it is taken. */
static void refuse(const char *text, const char *message)
{
	struct error err = ERROR_INIT;
	size_t n = catalogue.n;
	int r = catalogue_parse(&catalogue, "d/x.conf", text, strlen(text), &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
	ck_assert_uint_eq(catalogue.n, n);
}

static void check_list(const struct strv *list, const char *expected)
{
	AUTO_FREE char *joined = strv_join(list, "|");

	ck_assert_str_eq(joined, expected);
}

START_TEST(an_entry_of_all_keys)
{
	const struct catalogue_entry *entry;

	take("d/x.conf", "# a comment\n[debian-13]\n"
			 "aliases = debian, trixie\n"
			 "title = Debian 13 (trixie)\n"
			 "mirrors = https://a.example/x/, http://[2001:db8::1]:8080/\n"
			 "mirrors = https://127.0.0.1:4433/y/z/\n"
			 "file = trixie/latest/debian-13.qcow2\n"
			 "digest_file = https://a.example/x/SHA512SUMS\n"
			 "digest_style = bsd\n"
			 "signature = https://a.example/x/SHA512SUMS.sign\n"
			 "keyring = /usr/share/keyrings/x.gpg\n"
			 "keyring_package = x-keyring\n"
			 "signature_required = on\n"
			 "arch = aarch64\n"
			 "user = debian\n"
			 "profile = alpine\n"
			 "firmware = uefi\n"
			 "min_disk = 10G\n"
			 "cpu_level = 3\n");
	ck_assert_uint_eq(catalogue.n, 1);
	entry = catalogue_find(&catalogue, "debian-13");
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->name, "debian-13");
	check_list(&entry->aliases, "debian|trixie");
	ck_assert_str_eq(entry->title, "Debian 13 (trixie)");
	check_list(&entry->mirrors, "https://a.example/x/|http://[2001:db8::1]:8080/|"
				    "https://127.0.0.1:4433/y/z/");
	ck_assert_str_eq(entry->file, "trixie/latest/debian-13.qcow2");
	ck_assert_str_eq(entry->digest_file, "https://a.example/x/SHA512SUMS");
	ck_assert_ptr_null(entry->digest);
	ck_assert_int_eq(entry->digest_style, DIGEST_STYLE_BSD);
	ck_assert_str_eq(entry->signature, "https://a.example/x/SHA512SUMS.sign");
	ck_assert_str_eq(entry->keyring, "/usr/share/keyrings/x.gpg");
	ck_assert_str_eq(entry->keyring_package, "x-keyring");
	ck_assert(entry->signature_required);
	ck_assert_str_eq(entry->arch, "aarch64");
	ck_assert_str_eq(entry->guest.user, "debian");
	ck_assert_int_eq(entry->guest.profile, PROFILE_ALPINE);
	ck_assert_int_eq(entry->guest.firmware, FIRMWARE_UEFI);
	ck_assert_uint_eq(entry->guest.min_disk_bytes, 10737418240);
	ck_assert_uint_eq(entry->guest.cpu_level, 3);
	ck_assert_str_eq(entry->origin, "d/x.conf:2");
}
END_TEST

START_TEST(an_entry_of_few_keys)
{
	const struct catalogue_entry *entry;

	take("x.conf", "[x]\n" WHOLE);
	entry = catalogue_find(&catalogue, "x");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->aliases.n, 0);
	ck_assert_ptr_null(entry->title);
	ck_assert_ptr_null(entry->signature);
	ck_assert_ptr_null(entry->keyring);
	ck_assert(!entry->signature_required);
	ck_assert_int_eq(entry->digest_style, DIGEST_STYLE_GNU);
	ck_assert_str_eq(entry->arch, "x86_64");
	ck_assert_ptr_null(entry->guest.user);
	ck_assert_int_eq(entry->guest.profile, PROFILE_DEFAULT);
	ck_assert_int_eq(entry->guest.firmware, FIRMWARE_BIOS);
	ck_assert_uint_eq(entry->guest.min_disk_bytes, 0);
	ck_assert_uint_eq(entry->guest.cpu_level, 1);
}
END_TEST

START_TEST(sections_that_lack_something)
{
	refuse("[x]\n", "d/x.conf:1: section [x]: lacks its 'mirrors'");
	refuse("\n[x]\nmirrors =\n" FILE_KEY DIGEST_KEY, "d/x.conf:2: section [x]: lacks its 'mi");
	refuse("[x]\n" MIRROR DIGEST_KEY, "d/x.conf:1: section [x]: lacks its 'file'");
	refuse("[x]\n" MIRROR FILE_KEY, "d/x.conf:1: section [x]: lacks its 'digest_file'");
	refuse("[y]\n" WHOLE "[x]\n", "d/x.conf:5: section [x]: lacks its 'mirrors'");
}
END_TEST

/* Lines that are put behind those of a whole entry, or that replace one of them. */
static const struct {
	const char *lines, *why;
} bad_values[] = {
	{ "aliases = -x\n", "parse aliases" },
	{ "aliases = a b\n", "parse aliases" },
	{ "aliases = debian/13\n", "parse aliases" },
	{ "aliases = ..\n", "parse aliases" },
	{ "aliases = a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", "parse aliases: more than 16" },
	{ "aliases = a234567890123456789012345678901234567890x\n", "parse aliases" },
	{ "title =\n", "parse title" },
	{ "title = 12345678901234567890123456789012345678901234567890"
	  "1234567890123456789012345678901\n",
	  "parse title" },
	{ "digest_style = GNU\n", "parse digest_style" },
	{ "digest_style = md5\n", "parse digest_style" },
	{ "signature =\n", "parse signature" },
	{ "signature = /etc/x\n", "parse signature" },
	{ "signature = Inline/\n", "parse signature" },
	{ "keyring = x.gpg\n", "parse keyring" },
	{ "keyring = /usr/share/../x.gpg\n", "parse keyring" },
	{ "keyring_package = apt install x\n", "parse keyring_package" },
	{ "keyring_package = -x\n", "parse keyring_package" },
	{ "signature_required = maybe\n", "parse signature_required" },
	{ "arch =\n", "parse arch" },
	{ "arch = amd64\n", "parse arch 'amd64': it is called x86_64" },
	{ "arch = arm64\n", "parse arch 'arm64': it is called aarch64" },
	{ "arch = X86_64\n", "parse arch" },
	{ "user = root\n", "parse user 'root'" },
	{ "user = Admin\n", "parse user" },
	{ "profile = netplan\n", "parse profile" },
	{ "firmware = efi\n", "parse firmware" },
	{ "min_disk = 10\n", "parse min_disk" },
	{ "min_disk = 1023K\n", "parse min_disk" },
	{ "min_disk = 1048577\n", "parse min_disk" },
	{ "min_disk = 9T\n", "parse min_disk" },
	{ "cpu_level = 0\n", "parse cpu_level" },
	{ "cpu_level = 5\n", "parse cpu_level" },
	{ "cpu_level = v2\n", "parse cpu_level" },
	{ "file = x\n", "key 'file' is given twice" },
	{ "user = a\nuser = a\n", "key 'user' is given twice" },
	{ "mirror = https://x/\n", "unknown key 'mirror' in section [x]" },
	{ "exec = /bin/sh\n", "unknown key 'exec'" },
	{ "guest\n", "not a line" },
};

START_TEST(bad_values_are_refused_with_their_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		AUTO_FREE char *text = xasprintf("[x]\n" WHOLE "%s", bad_values[i].lines);
		unsigned int line = strstr(bad_values[i].lines, "user = a") ? 6 : 5;
		AUTO_FREE char *message = xasprintf("d/x.conf:%u: %s", line, bad_values[i].why);

		refuse(text, message);
	}
}
END_TEST

START_TEST(an_unknown_key_gets_a_hint)
{
	struct error err = ERROR_INIT;
	const char *text = "[x]\nmirror = https://x/\n";

	ck_assert_int_lt(catalogue_parse(&catalogue, "x", text, strlen(text), &err), 0);
	ck_assert_str_eq(err.hint, "the nearest key is 'mirrors'");
}
END_TEST

static const char *const bad_mirrors[] = {
	"example.org/a/",
	"HTTPS://example.org/a/",
	"ftp://example.org/a/",
	"file:///srv/",
	"https:/example.org/",
	"https://example.org",
	"https://example.org/a",
	"https:///a/",
	"https://user@example.org/a/",
	"https://user:word@example.org/a/",
	"https://user:word@[::1]/a/",
	"https://example.org:/a/",
	"https://example.org:0/a/",
	"https://example.org:65536/a/",
	"https://example.org:8x/a/",
	"https://example.org:80:80/a/",
	"https://-example.org/a/",
	"https://example..org/a/",
	"https://exa mple.org/a/",
	"https://ex%61mple.org/a/",
	"https://ex\xc3\xa4mple.org/a/",
	"https://[::1/a/",
	"https://[::1]x/a/",
	"https://[]/a/",
	"https://[127.0.0.1]/a/",
	"https://[fe80::1%25eth0]/a/",
	"https://example.org/../a/",
	"https://example.org/a/../",
	"https://example.org/./a/",
	"https://example.org//a/",
	"https://example.org/a//",
	"https://example.org/%2e%2e/",
	"https://example.org/a b/",
	"https://example.org/a?x=/",
	"https://example.org/a#b/",
	"https://example.org/a\\b/",
	"https://example.org/a@b/",
	"https://example.org/$(id)/",
	"https://example.org/a/, x",
};

START_TEST(bad_mirrors_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_mirrors); i++) {
		AUTO_FREE char *text = xasprintf("[x]\nmirrors = %s\n" FILE_KEY DIGEST_KEY,
						 bad_mirrors[i]);

		refuse(text, "d/x.conf:2: parse mirrors");
	}
}
END_TEST

static const char *const bad_files[] = {
	"",	"/x",  "x/",   "../x", "a/../x",    "./x", "a/./x",
	"a//x", "..",  "a/..", "x y",  "x?y",	    "x#y", "%2e%2e/x",
	"x\\y", "x:y", "x@y",  "x,y",  "x\xc3\xa4", "x;y", "https://example.org/x",
};

START_TEST(what_is_wrong_with_a_url)
{
	refuse("[x]\nmirrors = https://user:word@example.org/a/\n",
	       "d/x.conf:2: parse mirrors: must not hold a user or a password");
	refuse("[x]\nmirrors = https://example.org//a/\n",
	       "d/x.conf:2: parse mirrors '/a/': has an empty part");
	refuse("[x]\nmirrors = https://example.org/a/../b/\n",
	       "d/x.conf:2: parse mirrors '../b/': has a '.' or '..' part");
	refuse("[x]\nfile = a?b\n", "d/x.conf:2: parse file: character '?' is not allowed");
}
END_TEST

START_TEST(bad_files_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++) {
		AUTO_FREE char *text = xasprintf("[x]\n" MIRROR DIGEST_KEY "file = %s\n",
						 bad_files[i]);

		refuse(text, "d/x.conf:4: parse file");
	}
}
END_TEST

START_TEST(bad_digest_files_are_refused)
{
	static const char *const bad[] = {
		"",
		"/SUMS",
		"../SUMS",
		"ftp://example.org/SUMS",
		"https://example.org/",
		"https://example.org",
		"https://user@example.org/SUMS",
		"https://example.org/a/../SUMS",
		"https://example.org/SUMS?x",
		"file:///etc/shadow",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *text = xasprintf("[x]\n" MIRROR FILE_KEY "digest_file = %s\n",
						 bad[i]);

		refuse(text, "d/x.conf:4: parse digest_file");
	}
}
END_TEST

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

START_TEST(bad_digests_are_refused)
{
	static const char *const bad[] = {
		"",
		HEX64,
		"sha256:",
		"sha256:" HEX16,
		"sha256:" HEX64 "0",
		"sha512:" HEX64,
		"sha256:" HEX64 HEX64,
		"SHA256:" HEX64,
		"sha256:0123456789ABCDEF" HEX16 HEX16 HEX16,
		"sha256:0x" HEX64,
		"sha256: " HEX64,
		"sha1:" HEX16 HEX16 "01234567",
		"md5:" HEX16 HEX16,
		"sha384:" HEX64 HEX16 HEX16,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *text = xasprintf("[x]\n" MIRROR FILE_KEY "digest = %s\n", bad[i]);

		refuse(text, "d/x.conf:4: parse digest");
	}
	take("d/x.conf", "[x]\n" MIRROR FILE_KEY "digest = sha256:" HEX64 "\n");
	take("d/x.conf", "[y]\n" MIRROR FILE_KEY "digest = sha512:" HEX64 HEX64 "\n");
}
END_TEST

#define KEYRING "keyring = /x.gpg\n"

START_TEST(what_goes_together)
{
	refuse("[x]\n" WHOLE "digest = sha256:" HEX64 "\n", "d/x.conf:1: section [x]: has both");
	refuse("[x]\n" WHOLE "signature = a.sig\n",
	       "d/x.conf:1: section [x]: 'signature' is of no");
	refuse("[x]\n" WHOLE KEYRING, "d/x.conf:1: section [x]: 'keyring' is of no use");
	refuse("[x]\n" WHOLE "keyring_package = x\n", "d/x.conf:1: section [x]: 'keyring_package'");
	refuse("[x]\n" WHOLE "signature_required = on\n",
	       "d/x.conf:1: section [x]: 'signature_required' is of no");
	refuse("[x]\n" MIRROR FILE_KEY "digest = sha256:" HEX64 "\nsignature = inline\n" KEYRING,
	       "d/x.conf:1: section [x]: 'signature' is of no use without 'digest_file'");
	take("d/x.conf", "[x]\n" WHOLE "signature = inline\n" KEYRING);
}
END_TEST

#define PLAIN "mirrors = http://example.org/a/\n" FILE_KEY

/* Who can change the digest on its way can change the image, or keep an old one there. */
START_TEST(plain_http_is_for_images_alone)
{
	static const char why[] = "d/x.conf:1: section [x]: the digest would come by http://";
	static const char *const signatures[] = {
		"signature = inline\n" KEYRING,
		"signature = inline\n" KEYRING "signature_required = on\n",
		"signature = https://example.org/SUMS.sign\n" KEYRING "signature_required = on\n",
	};

	refuse("[x]\n" PLAIN DIGEST_KEY, why);
	refuse("[x]\n" MIRROR PLAIN DIGEST_KEY, why);
	refuse("[x]\n" WHOLE "mirrors = http://example.org/a/\n", why);
	refuse("[x]\n" MIRROR FILE_KEY "digest_file = http://example.org/SUMS\n", why);
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		AUTO_FREE char *below = xasprintf("[x]\n" PLAIN DIGEST_KEY "%s", signatures[i]);
		AUTO_FREE char *url = xasprintf("[x]\n" MIRROR FILE_KEY
						"digest_file = http://example.org/SUMS\n%s",
						signatures[i]);

		refuse(below, why);
		refuse(url, why);
	}
	take("d/1.conf", "[a]\n" PLAIN "digest_file = https://example.org/SUMS\n");
	take("d/2.conf", "[b]\n" PLAIN "digest = sha256:" HEX64 "\n");
}
END_TEST

#define SUMS "digest_file = https://example.org/SUMS\n" KEYRING

START_TEST(signatures_do_not_come_by_plain_http)
{
	static const char why[] = "d/x.conf:1: section [x]: the signature would come by http://";

	refuse("[x]\n" PLAIN SUMS "signature = SUMS.sign\n", why);
	refuse("[x]\n" PLAIN SUMS "signature = SUMS.sign\nsignature_required = on\n", why);
	refuse("[x]\n" MIRROR PLAIN SUMS "signature = SUMS.sign\n", why);
	refuse("[x]\n" MIRROR FILE_KEY SUMS "signature = http://example.org/SUMS.sign\n", why);
	take("d/1.conf", "[a]\n" PLAIN SUMS "signature = inline\n");
	take("d/2.conf", "[b]\n" PLAIN SUMS "signature = https://example.org/SUMS.sign\n");
	take("d/3.conf", "[c]\n" MIRROR FILE_KEY SUMS "signature = SUMS.sign\n");
}
END_TEST

/* It goes into a line of the image's .conf. */
START_TEST(keyrings_that_are_too_long)
{
	char part[181];
	AUTO_FREE char *fits = NULL, *longer = NULL;

	memset(part, 'x', sizeof(part) - 1);
	part[sizeof(part) - 1] = '\0';
	fits = xasprintf("[a]\n" WHOLE "signature = inline\nkeyring = /%.179s\n", part);
	take("d/1.conf", fits);
	longer = xasprintf("[x]\n" WHOLE "signature = inline\nkeyring = /%s\n", part);
	refuse(longer, "d/x.conf:1: section [x]: keyring '/xxxx");
}
END_TEST

/* A URL goes into a line of the image's .conf. */
START_TEST(urls_that_are_too_long)
{
	char part[171];
	AUTO_FREE char *fits = NULL, *file = NULL, *digest = NULL, *mirror = NULL,
		       *signature = NULL;

	memset(part, 'x', sizeof(part) - 1);
	part[sizeof(part) - 1] = '\0';
	fits = xasprintf("[a]\nmirrors = https://a/%.*s/\nfile = %.18s\n" DIGEST_KEY, 151, part,
			 part);
	take("d/1.conf", fits);
	ck_assert_uint_eq(strlen(catalogue.v[0]->mirrors.v[0]) + strlen(catalogue.v[0]->file), 180);
	file = xasprintf("[x]\nmirrors = https://a/%.*s/\nfile = %.19s\n" DIGEST_KEY, 151, part,
			 part);
	refuse(file, "d/x.conf:1: section [x]: URL 'https://a/xxxx");
	digest = xasprintf("[x]\n" MIRROR FILE_KEY "digest_file = %s\n", part);
	refuse(digest, "d/x.conf:1: section [x]: URL 'https://example.org/a/xxxx");
	signature = xasprintf("[x]\n" WHOLE KEYRING "signature = %s\n", part);
	refuse(signature, "d/x.conf:1: section [x]: URL 'https://example.org/a/xxxx");
	mirror = xasprintf("[x]\nmirrors = https://a/%s/\n", part);
	refuse(mirror, "d/x.conf:2: parse mirrors");
}
END_TEST

START_TEST(names_of_sections)
{
	refuse("user = x\n", "d/x.conf:1: key 'user' stands before the first section");
	refuse("[]\n" WHOLE, "d/x.conf:1: parse section ''");
	refuse("[x y]\n" WHOLE, "d/x.conf:1: parse section");
	refuse("[../x]\n" WHOLE, "d/x.conf:1: parse section");
	refuse("[-x]\n" WHOLE, "d/x.conf:1: parse section");
	refuse("[.x]\n" WHOLE, "d/x.conf:1: parse section");
	refuse("[a234567890123456789012345678901234567890x]\n" WHOLE, "d/x.conf:1: parse section");
	refuse("[x]\n" WHOLE "[x]\n" WHOLE, "d/x.conf:5: section [x] is given twice");
	refuse("[x\n" WHOLE, "d/x.conf:1: section heading lacks");
	refuse("[x]\n" WHOLE "[y]\nuser = root\n", "d/x.conf:6: parse user");
}
END_TEST

START_TEST(a_later_folder_replaces_a_section)
{
	struct error err = ERROR_INIT;
	const char *again = "[x]\n" WHOLE;

	take("/usr/a.conf", "[x]\n" WHOLE "user = admin\ntitle = X\n[y]\n" WHOLE);
	take("/etc/a.conf", "[x]\n" WHOLE "title = Z\n[z]\n" WHOLE);
	ck_assert_uint_eq(catalogue.n, 3);
	ck_assert_str_eq(catalogue_find(&catalogue, "x")->title, "Z");
	ck_assert_str_eq(catalogue_find(&catalogue, "x")->origin, "/etc/a.conf:1");
	ck_assert_ptr_null(catalogue_find(&catalogue, "x")->guest.user);
	ck_assert_str_eq(catalogue_find(&catalogue, "y")->origin, "/usr/a.conf:7");
	suite_assert_error(catalogue_parse(&catalogue, "/etc/b.conf", again, strlen(again), &err),
			   err, EINVAL, ERROR_USAGE);
	ck_assert_str_eq(err.message, "/etc/b.conf:1: section [x] is at /etc/a.conf:1 already");
	ck_assert_uint_eq(catalogue.n, 3);
}
END_TEST

static void refuse_aliases(const char *message)
{
	struct error err = ERROR_INIT;

	suite_assert_error(catalogue_check_aliases(&catalogue, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_str_eq(err.message, message);
	catalogue_done(&catalogue);
}

START_TEST(aliases_are_of_one_image)
{
	take("/usr/a.conf", "[x]\n" WHOLE "aliases = a\n[y]\n" WHOLE "aliases = b, a\n");
	refuse_aliases("/usr/a.conf:6: section [y]: alias 'a' is one of section [x] at "
		       "/usr/a.conf:1, too");
	take("/usr/a.conf", "[x]\n" WHOLE "aliases = a, b, a\n");
	refuse_aliases("/usr/a.conf:1: section [x]: alias 'a' is one of section [x] at "
		       "/usr/a.conf:1, too");
	take("/usr/a.conf", "[x]\n" WHOLE "aliases = x\n");
	refuse_aliases("/usr/a.conf:1: section [x]: alias 'x' is the name of section [x] at "
		       "/usr/a.conf:1, too");
	take("/usr/a.conf", "[x]\n" WHOLE);
	take("/etc/a.conf", "[y]\n" WHOLE "aliases = x\n");
	refuse_aliases("/etc/a.conf:1: section [y]: alias 'x' is the name of section [x] at "
		       "/usr/a.conf:1, too");
}
END_TEST

START_TEST(a_later_folder_takes_aliases)
{
	struct error err = ERROR_INIT;

	take("/usr/a.conf", "[x]\n" WHOLE "aliases = a, b, c\n[y]\n" WHOLE "aliases = d\n");
	take("/etc/a.conf", "[z]\n" WHOLE "aliases = b, d\n");
	take("/home/a.conf", "[c]\n" WHOLE);
	suite_assert_ok(catalogue_check_aliases(&catalogue, &err), err);
	check_list(&catalogue_find(&catalogue, "x")->aliases, "a");
	check_list(&catalogue_find(&catalogue, "y")->aliases, "");
	ck_assert_str_eq(catalogue_find(&catalogue, "a")->name, "x");
	ck_assert_str_eq(catalogue_find(&catalogue, "b")->name, "z");
	ck_assert_str_eq(catalogue_find(&catalogue, "c")->name, "c");
	ck_assert_str_eq(catalogue_find(&catalogue, "d")->name, "z");
}
END_TEST

START_TEST(names_are_found)
{
	take("x.conf",
	     "[b]\n" WHOLE "aliases = debian\n[c]\n" WHOLE "[a]\n" WHOLE "[debian-13]\n" WHOLE);
	ck_assert_str_eq(catalogue.v[0]->name, "a");
	ck_assert_str_eq(catalogue.v[1]->name, "b");
	ck_assert_str_eq(catalogue.v[2]->name, "c");
	ck_assert_str_eq(catalogue_find(&catalogue, "a")->name, "a");
	ck_assert_str_eq(catalogue_find(&catalogue, "debian")->name, "b");
	ck_assert_ptr_null(catalogue_find(&catalogue, "debia"));
	ck_assert_ptr_null(catalogue_find(&catalogue, "Debian"));
	ck_assert_ptr_null(catalogue_find(&catalogue, ""));
	ck_assert_ptr_null(catalogue_find(&catalogue, "zz"));
	ck_assert_str_eq(catalogue_near(&catalogue, "debain"), "debian");
	ck_assert_str_eq(catalogue_near(&catalogue, "debian13"), "debian-13");
	ck_assert_ptr_null(catalogue_near(&catalogue, "windows-95"));
	ck_assert_ptr_null(
		catalogue_near(&catalogue, "a-word-that-is-longer-than-any-name-may-be-here"));
	teardown();
	ck_assert_ptr_null(catalogue_find(&catalogue, "a"));
	ck_assert_ptr_null(catalogue_near(&catalogue, "a"));
}
END_TEST

START_TEST(urls_are_made)
{
	const struct catalogue_entry *entry;
	AUTO_FREE char *first = NULL, *second = NULL, *own = NULL;

	take("x.conf", "[x]\n" MIRROR "mirrors = http://b.example/\n" FILE_KEY
		       "digest_file = https://c.example/SUMS\n");
	entry = catalogue.v[0];
	first = catalogue_url(entry, 0, entry->file);
	second = catalogue_url(entry, 1, entry->file);
	own = catalogue_url(entry, 1, entry->digest_file);
	ck_assert_str_eq(first, "https://example.org/a/b/x-1.qcow2");
	ck_assert_str_eq(second, "http://b.example/b/x-1.qcow2");
	ck_assert_str_eq(own, "https://c.example/SUMS");
}
END_TEST

START_TEST(other_machines)
{
	struct error err = ERROR_INIT;

	take("x.conf", "[a]\n" WHOLE "[b]\n" WHOLE "arch = aarch64\n");
	suite_assert_ok(catalogue_check_arch(catalogue.v[0], &err), err);
	suite_assert_error(catalogue_check_arch(catalogue.v[1], &err), err, ENOTSUP, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(err.message, "aarch64"));
}
END_TEST

/* As many sections as there may be, in one file or in several. */
static char *sections(unsigned int first, unsigned int n)
{
	struct buf text = BUF_INIT;

	for (unsigned int i = first; i < first + n; i++)
		buf_printf(&text, "[x%u]\n" WHOLE "aliases = a%u, b%u\n", i, i, i);
	return buf_steal(&text);
}

START_TEST(many_entries)
{
	AUTO_FREE char *many = sections(0, 1000), *rest = sections(1000, 24);
	AUTO_FREE char *more = sections(1024, 1), *same = sections(0, 1024);
	AUTO_FREE char *too_many = sections(2000, 1025);
	struct error err = ERROR_INIT;

	refuse(too_many, "d/x.conf:5121: more than 1024 sections");
	take("/a/1", many);
	take("/a/2", rest);
	suite_assert_error(catalogue_parse(&catalogue, "/a/3", more, strlen(more), &err), err,
			   EINVAL, ERROR_USAGE);
	ck_assert_str_eq(err.message, "/a/3:1: section [x1024]: more than 1024 images");
	take("/b/1", same);
	ck_assert_uint_eq(catalogue.n, 1024);
	suite_assert_ok(catalogue_check_aliases(&catalogue, &err), err);
	ck_assert_str_eq(catalogue_find(&catalogue, "x1023")->origin, "/b/1:5116");
	ck_assert_str_eq(catalogue_find(&catalogue, "b512")->name, "x512");
}
END_TEST

START_TEST(every_key_is_told)
{
	const char *const *keys = catalogue_keys();
	size_t n = 0;

	while (keys[n])
		n++;
	ck_assert_uint_eq(n, 17);
	ck_assert_str_eq(keys[0], "aliases");
	ck_assert_str_eq(keys[16], "cpu_level");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/catalogue");
	TCase *tc = tcase_create("catalogue");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_entry_of_all_keys);
	tcase_add_test(tc, an_entry_of_few_keys);
	tcase_add_test(tc, sections_that_lack_something);
	tcase_add_test(tc, bad_values_are_refused_with_their_line);
	tcase_add_test(tc, an_unknown_key_gets_a_hint);
	tcase_add_test(tc, bad_mirrors_are_refused);
	tcase_add_test(tc, what_is_wrong_with_a_url);
	tcase_add_test(tc, bad_files_are_refused);
	tcase_add_test(tc, bad_digest_files_are_refused);
	tcase_add_test(tc, bad_digests_are_refused);
	tcase_add_test(tc, what_goes_together);
	tcase_add_test(tc, plain_http_is_for_images_alone);
	tcase_add_test(tc, signatures_do_not_come_by_plain_http);
	tcase_add_test(tc, urls_that_are_too_long);
	tcase_add_test(tc, keyrings_that_are_too_long);
	tcase_add_test(tc, names_of_sections);
	tcase_add_test(tc, a_later_folder_replaces_a_section);
	tcase_add_test(tc, aliases_are_of_one_image);
	tcase_add_test(tc, a_later_folder_takes_aliases);
	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, urls_are_made);
	tcase_add_test(tc, other_machines);
	tcase_add_test(tc, many_entries);
	tcase_add_test(tc, every_key_is_told);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
