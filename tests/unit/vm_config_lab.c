/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vm.conf that is read, or refused, for each test. */
#include "vm_config_lab.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

struct host_config host;
struct vm_config config;

static void setup(void)
{
	host_config_init(&host);
	vm_config_init(&config, &host);
}

static void teardown(void)
{
	vm_config_done(&config);
	host_config_done(&host);
}

void again(void)
{
	teardown();
	setup();
}

int parse(const char *text, struct error *err)
{
	return vm_config_parse(&config, "vm.conf", text, strlen(text), err);
}

void take(const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(parse(text, &err), err);
}

void refuse(const char *text, const char *message, const char *hint)
{
	struct error err = ERROR_INIT;
	int r = parse(text, &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
	if (hint)
		ck_assert_str_eq(err.hint, hint);
	again();
}

void check_addr(const struct ip_addr *addr, const char *expected)
{
	char text[IP_TEXT_MAX];

	ip_format(addr, text);
	ck_assert_str_eq(text, expected);
}

void check_addresses_of(const struct vm_nic *nic, const char *expected)
{
	struct ip_prefix prefixes[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, prefixes);
	AUTO_BUF text = BUF_INIT;

	for (unsigned int i = 0; i < n; i++) {
		char one[IP_TEXT_MAX];

		ip_prefix_format(&prefixes[i], one);
		buf_printf(&text, "%s ", one);
	}
	ck_assert_str_eq(buf_str(&text), expected);
}

TCase *vm_config_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}
