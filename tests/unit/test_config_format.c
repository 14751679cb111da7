/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of vm.conf: what is written is what is read, and what cannot be is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/layer.h"
#include "vm_config_lab.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	}
	return true;
}

static bool same_nic(const struct vm_nic *a, const struct vm_nic *b)
{
	return same_text(a->bridge, b->bridge) && same_list(&a->more_ip, &b->more_ip) &&
	       ip_equal(&a->gateway, &b->gateway) && ip_equal(&a->gateway6, &b->gateway6) &&
	       same_list(&a->dns, &b->dns) && same_list(&a->search, &b->search) &&
	       a->mtu == b->mtu && a->guard == b->guard && a->vhost == b->vhost &&
	       a->queues == b->queues && a->vlan == b->vlan && same_list(&a->trunk, &b->trunk) &&
	       a->isolated == b->isolated && a->rate.to_guest_mbit == b->rate.to_guest_mbit &&
	       a->rate.from_guest_mbit == b->rate.from_guest_mbit;
}

/* Those of the first NIC are files of their own. */
static bool same_place(const struct vm_nic *a, const struct vm_nic *b)
{
	return memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0 && a->ip_mode == b->ip_mode &&
	       ip_equal(&a->address.addr, &b->address.addr) &&
	       (a->ip_mode != IP_STATIC || a->address.length == b->address.length);
}

static bool same_image(const struct vm_image *a, const struct vm_image *b)
{
	return same_text(a->path, b->path) && a->format == b->format && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->profile == b->profile &&
	       same_text(a->user, b->user) && a->cpu_level == b->cpu_level;
}

static bool same_boot(const struct vm_config *a, const struct vm_config *b)
{
	return same_text(a->kernel, b->kernel) && same_text(a->initrd, b->initrd) &&
	       same_text(a->append, b->append);
}

static bool same_limits(const struct vm_config *a, const struct vm_config *b)
{
	const struct vm_limits *x = &a->limits, *y = &b->limits;

	return a->firmware == b->firmware && a->hugepages == b->hugepages && a->nice == b->nice &&
	       same_text(a->cpu_pin, b->cpu_pin) && same_text(x->io_max, y->io_max) &&
	       x->memory_max_mib == y->memory_max_mib &&
	       x->memory_unlimited == y->memory_unlimited &&
	       x->cpu_max_percent == y->cpu_max_percent && x->cpu_weight == y->cpu_weight &&
	       x->pids_max == y->pids_max && x->io_weight == y->io_weight &&
	       same_list(&a->allow_missing, &b->allow_missing);
}

static bool same_config(const struct vm_config *a, const struct vm_config *b)
{
	if (a->n_nics != b->n_nics || a->n_disks != b->n_disks)
		return false;
	for (unsigned int i = 0; i < a->n_disks; i++) {
		if (!same_text(a->disks[i].file, b->disks[i].file) ||
		    a->disks[i].format != b->disks[i].format)
			return false;
	}
	for (unsigned int i = 0; i < a->n_nics; i++) {
		if (!same_nic(&a->nics[i], &b->nics[i]) ||
		    (i > 0 && !same_place(&a->nics[i], &b->nics[i])))
			return false;
	}
	return same_text(a->user, b->user) && a->memory_mib == b->memory_mib &&
	       a->cpus == b->cpus && a->accel == b->accel &&
	       same_text(a->cpu_model, b->cpu_model) && a->machine == b->machine &&
	       same_boot(a, b) && same_limits(a, b) && same_text(a->vnc, b->vnc) &&
	       a->uid == b->uid && same_text(a->instance_id, b->instance_id) &&
	       same_text(a->ready_nonce, b->ready_nonce) && a->protect == b->protect &&
	       a->stop_timeout_s == b->stop_timeout_s && same_image(&a->image, &b->image);
}

/* Random structs: the same ones in each run. */
static unsigned int seed;

static unsigned int below(unsigned int limit)
{
	return (unsigned int)rand_r(&seed) % limit;
}

static uint64_t wide(void)
{
	uint64_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 16 ^ below(1 << 16);
	return value >> below(64);
}

/* A string of 1 to max characters out of alphabet, behind prefix. */
static void fill(char **field, const char *prefix, const char *alphabet, unsigned int max)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, prefix);
	for (unsigned int n = 1 + below(max); n; n--)
		buf_add(&text, alphabet + below((unsigned int)strlen(alphabet)), 1);
	free(*field);
	*field = buf_steal(&text);
}

static void fill_maybe(char **field, const char *prefix, const char *alphabet, unsigned int max)
{
	if (below(3))
		fill(field, prefix, alphabet, max);
	else
		xreplace(field, NULL);
}

static void fill_list(struct strv *list, const char *const *choices, unsigned int n)
{
	strv_clear(list);
	for (unsigned int i = below(4); i; i--)
		strv_push(list, choices[below(n)]);
}

#define WORD "abcxyz0189"
#define PATH WORD "ABC.,:;=#[]{}'\"\\$%&*@!~^+-_ "
#define ARGS PATH "/"

/* No address and no MAC is another NIC's, too. */
static void random_place(struct vm_nic *nic, unsigned int index)
{
	AUTO_FREE char *address = xasprintf("172.16.%u.5/%u", index, 24 + below(9));
	AUTO_FREE char *address6 = xasprintf("2001:db8:%x::/%u", index, 1 + below(128));
	const char *const texts[] = { "dhcp", "none", address, address6 };
	struct error err = ERROR_INIT;

	suite_assert_ok(vm_nic_set_ip(nic, texts[below(4)], NULL, &err), err);
	strv_clear(&nic->more_ip);
	for (unsigned int i = below(VM_ADDRESSES_MAX); i; i--)
		strv_pushf(&nic->more_ip,
			   below(2) ? "10.%u.%u.1/8" : "2001:db8:%x:ffff:ffff::%x/64", index, i);
	nic->mac = (struct mac){ 0 };
	if (below(2))
		nic->mac =
			(struct mac){ { 0x52, 0x54, 0, 0, (uint8_t)below(256), (uint8_t)index } };
}

/* From low to high, so that nothing overlaps. */
static void random_vlans(struct vm_nic *nic)
{
	unsigned int next = 1 + below(100), last;

	strv_clear(&nic->trunk);
	nic->vlan = below(2) ? next++ : 0;
	for (unsigned int i = below(VM_TRUNK_MAX + 1); i; i--) {
		last = next + below(80);
		if (last == next || below(2))
			strv_pushf(&nic->trunk, "%u", last);
		else
			strv_pushf(&nic->trunk, "%u-%u", next, last);
		next = last + 1 + below(10);
	}
}

static void random_nic(struct vm_nic *nic, unsigned int index)
{
	static const char *const dns[] = { "10.0.0.1", "2001:db8::53", "fe80::1", "192.0.2.255" };
	static const char *const search[] = { "lan", "example.org", "_a.b-c.d", "0" };
	struct error err = ERROR_INIT;

	fill_maybe(&nic->bridge, "b", WORD "_.@+-", 14);
	fill_list(&nic->dns, dns, ARRAY_SIZE(dns));
	fill_list(&nic->search, search, ARRAY_SIZE(search));
	nic->gateway = (struct ip_addr){ .family = AF_UNSPEC };
	nic->gateway6 = nic->gateway;
	for (unsigned int i = below(3); i; i--)
		suite_assert_ok(vm_nic_set_gateway(nic, "x", dns[below(4)], &err), err);
	nic->mtu = below(2) ? VM_MTU_MIN + below(VM_MTU_MAX - VM_MTU_MIN + 1) : 0;
	nic->guard = below(3);
	nic->vhost = below(3);
	nic->queues = below(VM_QUEUES_MAX + 1);
	nic->isolated = below(2);
	nic->rate = (struct nic_rate){ below(3) ? below(VM_RATE_MBIT_MAX + 1) : 0,
				       below(3) ? below(VM_RATE_MBIT_MAX + 1) : 0 };
	if (below(3) == 0)
		nic->rate.from_guest_mbit = nic->rate.to_guest_mbit;
	random_vlans(nic);
	random_place(nic, index);
}

static void random_image(struct vm_image *image)
{
	fill_maybe(&image->path, "/i/", PATH, 150);
	image->format = below(2);
	image->size = wide();
	image->mtime_ns = (int64_t)wide();
	if (below(2))
		image->mtime_ns = -image->mtime_ns;
	image->profile = below(3);
	fill_maybe(&image->user, "_", WORD "_-", 31);
	image->cpu_level = below(5);
}

static void random_disks(struct vm_config *c)
{
	for (unsigned int i = 0; i < VM_DISKS_MAX; i++)
		xreplace(&c->disks[i].file, NULL);
	c->n_disks = below(VM_DISKS_MAX + 1);
	for (unsigned int i = 0; i < c->n_disks; i++) {
		AUTO_FREE char *prefix = xasprintf("disk%u", i);

		fill(&c->disks[i].file, prefix, WORD ".-_", 20);
		c->disks[i].format = below(2);
	}
}

static void random_boot(struct vm_config *c)
{
	fill_maybe(&c->kernel, "/k", PATH, 100);
	xreplace(&c->initrd, NULL);
	xreplace(&c->append, NULL);
	if (!c->kernel)
		return;
	fill_maybe(&c->initrd, "/i", PATH, 100);
	fill_maybe(&c->append, "a", ARGS, 1500);
}

static void random_limits(struct vm_config *c)
{
	static const char *const lists[] = { "0", "2-5,8", "0-8191" };
	static const char *const rates[] = { "rbps=1", "wbps=10M riops=7 wiops=9" };

	c->firmware = below(2);
	c->hugepages = below(3);
	xreplace(&c->cpu_pin, below(2) ? lists[below(3)] : NULL);
	c->nice = (int)below(40) + VM_NICE_MIN;
	c->limits.memory_unlimited = below(2);
	c->limits.memory_max_mib = c->limits.memory_unlimited ? 0 : below(2) * (16 + below(999));
	c->limits.cpu_max_percent = below(VM_CPUS_MAX * 100 + 1);
	c->limits.cpu_weight = below(10001);
	c->limits.pids_max = below(2) * (16 + below(999));
	c->limits.io_weight = below(10001);
	xreplace(&c->limits.io_max, below(2) ? rates[below(2)] : NULL);
	strv_clear(&c->allow_missing);
	for (unsigned int i = 0; i < LAYERS; i++) {
		if (below(2))
			strv_push(&c->allow_missing, layer_words[i]);
	}
}

static void random_config(struct vm_config *c)
{
	static const char *const vnc[] = { "unix", "off", "0.0.0.0", "::", "127.0.0.1" };

	fill_maybe(&c->user, "_", WORD "_-", 31);
	c->memory_mib = VM_MEMORY_MIB_MIN + wide() % (VM_MEMORY_MIB_MAX - VM_MEMORY_MIB_MIN + 1);
	c->cpus = 1 + below(VM_CPUS_MAX);
	c->accel = below(2);
	fill_maybe(&c->cpu_model, "q", WORD "_.,+=-", 150);
	c->machine = below(2);
	random_boot(c);
	xreplace(&c->vnc, vnc[below(5)]);
	c->uid = below(2) ? 1879048192 + below(100000) : 0;
	fill_maybe(&c->instance_id, "", WORD "-", 64);
	fill_maybe(&c->ready_nonce, "", WORD "-", 64);
	c->stop_timeout_s = below(VM_STOP_TIMEOUT_MAX + 1);
	random_image(&c->image);
	c->protect = below(2);
	random_limits(c);
	c->n_nics = 1 + below(VM_NICS_MAX);
	for (unsigned int i = 0; i < c->n_nics; i++)
		random_nic(&c->nics[i], i);
	random_disks(c);
}

/* Hosts differ between the writing and the reading. */
static void random_host(void)
{
	host.memory_mib = VM_MEMORY_MIB_MIN + below(1000);
	host.cpus = 1 + below(8);
	host.accel = below(2);
	host.machine = below(2);
	host.guard = below(3);
	host.vhost = below(3);
	host.queues = below(VM_QUEUES_MAX + 1);
	host.lan_gw = (struct ip_addr){ AF_INET, { 10, 0, 0, 1 } };
	strv_clear(&host.lan_dns);
	strv_push(&host.lan_dns, "192.0.2.1");
	strv_clear(&host.search);
	strv_push(&host.search, "host.example");
}

/* Format, read back, compare. false: it was refused, as it may be; why is in err. */
static bool round_trip(struct error *ret_err)
{
	AUTO(vm_config_done) struct vm_config back;
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT, second = BUF_INIT;
	int r;

	r = vm_config_format(&config, &text, &err);
	random_host();
	vm_config_init(&back, &host);
	if (r < 0) {
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_uint_eq(text.len, 0);
		*ret_err = err;
		return false;
	}
	r = vm_config_parse(&back, "vm.conf", buf_str(&text), text.len, &err);
	ck_assert_msg(r == 0, "seed %u: %s in:\n%s", seed, err.message, buf_str(&text));
	ck_assert_msg(same_config(&config, &back), "seed %u:\n%s", seed, buf_str(&text));
	suite_assert_ok(vm_config_format(&back, &second, &err), err);
	ck_assert_str_eq(buf_str(&text), buf_str(&second));
	return true;
}

/* Is there something in it that no line can hold? Then, and only then, it may be refused. */
static bool holds_comment(const char *text)
{
	return text && (text[0] == ';' || strstr(text, " ;") || text[strlen(text) - 1] == ' ');
}

/* Without a blank to cut at, what is longer than a line has no place. */
static bool has_long_word(const char *text)
{
	unsigned int run = 0;

	for (; text && *text; text++) {
		bool cut = *text == ' ' && text[1] != ' ' && text[-1] != ' ';

		run = cut ? 0 : run + 1;
		if (run > 188)
			return true;
	}
	return false;
}

START_TEST(round_trip_of_good_structs)
{
	unsigned int refused = 0;

	seed = (unsigned int)_i;
	for (int i = 0; i < 100; i++) {
		struct error err = ERROR_INIT;
		bool excuse;

		random_config(&config);
		excuse = holds_comment(config.kernel) || holds_comment(config.initrd) ||
			 holds_comment(config.append) || holds_comment(config.image.path) ||
			 has_long_word(config.append);
		if (!round_trip(&err)) {
			refused++;
			ck_assert_msg(excuse, "seed %u: %s", seed, err.message);
		}
	}
	/* most of them have a way through, or this proves little */
	ck_assert_uint_lt(refused, 60);
}
END_TEST

/* One string of a good struct is replaced by bytes of any kind. */
START_TEST(round_trip_of_hostile_strings)
{
	static const char bytes[] = "a/ \t\n\r;#=[]:,.\x01\x7f\xc3\xa4\xff\\\"";
	char **const fields[] = {
		&config.user,		&config.cpu_model,     &config.kernel,
		&config.initrd,		&config.append,	       &config.vnc,
		&config.instance_id,	&config.ready_nonce,   &config.image.path,
		&config.nics[0].bridge, &config.disks[0].file, &config.image.user,
	};

	seed = 1000 + (unsigned int)_i;
	for (int i = 0; i < 200; i++) {
		random_config(&config);
		fill(fields[below(ARRAY_SIZE(fields))], below(2) ? "" : "/", bytes, 12);
		if (below(4) == 0 && config.nics[0].dns.n)
			fill(&config.nics[0].dns.v[0], "", bytes, 4);
		if (below(4) == 0 && config.nics[0].search.n)
			fill(&config.nics[0].search.v[0], "", bytes, 4);
		if (below(4) == 0 && config.nics[0].more_ip.n)
			fill(&config.nics[0].more_ip.v[0], "", bytes, 4);
		if (below(4) == 0 && config.nics[0].trunk.n)
			fill(&config.nics[0].trunk.v[0], "", bytes, 4);
		round_trip(&(struct error)ERROR_INIT);
	}
}
END_TEST

static void refuse_format(const char *message)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	int r;

	buf_puts(&text, "kept");
	r = vm_config_format(&config, &text, &err);
	if (err.code != ERANGE && err.code != E2BIG)
		ck_assert_int_eq(err.code, EINVAL);
	suite_assert_error(r, err, err.code, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, "write vm.conf: ", 15) == 0 &&
			      strstr(err.message, message),
		      "'%s'", err.message);
	ck_assert_str_eq(buf_str(&text), "kept");
	again();
}

START_TEST(structs_that_no_file_can_say)
{
	config.cpus = 0;
	refuse_format("parse cpus");
	config.memory_mib = UINT64_MAX;
	refuse_format("parse memory");
	config.accel = 7;
	refuse_format("parse accel");
	config.uid = 65534;
	refuse_format("parse uid");
	config.nics[0].mtu = 1;
	refuse_format("parse mtu");
	config.nics[0].vhost = 3;
	refuse_format("parse vhost");
	config.stop_timeout_s = 86401;
	refuse_format("parse stop_timeout");
	xreplace(&config.vnc, NULL);
	refuse_format("parse vnc");
	xreplace(&config.user, "");
	config.n_nics = 0;
	refuse_format("a VM has 1 to 8 NICs");
	config.n_nics = 9;
	refuse_format("a VM has 1 to 8 NICs");
	config.n_disks = 9;
	refuse_format("up to 8 further disks");
	config.n_disks = 1;
	refuse_format("lacks its 'file'");
	xreplace(&config.append, "quiet");
	refuse_format("'append' is of no use");
	strv_push(&config.nics[0].dns, "10.0.0.1,10.0.0.2");
	refuse_format("parse dns");
	strv_push(&config.nics[0].search, "");
	refuse_format("parse search");
	strv_push(&config.nics[0].search, "a,b");
	refuse_format("parse search");
	ip_parse("x", "127.0.0.1", &config.nics[0].gateway, &(struct error)ERROR_INIT);
	refuse_format("parse gateway");
	ip_parse("x", "fe80::1", &config.nics[0].gateway, &(struct error)ERROR_INIT);
	refuse_format("parse gateway");
}
END_TEST

START_TEST(nics_that_no_file_can_say)
{
	struct vm_nic *nic = &config.nics[1];

	config.n_nics = 2;
	nic->queues = 17;
	refuse_format("parse queues");
	config.n_nics = 2;
	nic->vlan = 4095;
	refuse_format("parse vlan");
	config.n_nics = 2;
	nic->rate.from_guest_mbit = 100001;
	refuse_format("parse rate");
	config.n_nics = 2;
	nic->ip_mode = IP_STATIC;
	refuse_format("parse ip");
	config.n_nics = 2;
	nic->mac.byte[0] = 1;
	refuse_format("parse MAC address");
	strv_push(&config.nics[0].trunk, "70000");
	refuse_format("parse trunk");
	strv_push(&config.nics[0].trunk, "1,2");
	refuse_format("parse trunk");
	strv_push(&config.nics[0].trunk, "");
	refuse_format("parse trunk");
	strv_push(&config.nics[0].more_ip, "192.0.2.5");
	refuse_format("parse more_ip");
	strv_push(&config.nics[0].more_ip, "192.0.2.5/24,192.0.2.6/24");
	refuse_format("parse more_ip");
	for (int i = 1; i <= VM_ADDRESSES_MAX; i++)
		strv_pushf(&config.nics[0].more_ip, "192.0.2.%d/24", i);
	refuse_format("at most 16 addresses");
	for (int i = 1; i <= VM_TRUNK_MAX + 1; i++)
		strv_pushf(&config.nics[0].trunk, "%d", i);
	refuse_format("at most 32 ranges");
}
END_TEST

START_TEST(strings_that_no_line_can_hold)
{
	xreplace(&config.kernel, "/k\nuser = root");
	refuse_format("value of 'kernel' holds a control character");
	xreplace(&config.image.path, "/i ;x");
	refuse_format("value of 'path' holds ' ;'");
	xreplace(&config.image.path, "/i ");
	refuse_format("value of 'path' begins or ends with a blank");
	xreplace(&config.image.path, "/i\tx");
	refuse_format("value of 'path' holds a control character");
	xreplace(&config.image.path, "/\xff");
	refuse_format("value of 'path' holds a control character or is not UTF-8");
	free(config.image.path);
	config.image.path = xasprintf("/%0197d", 0);
	refuse_format("value of 'path' is longer than the 190 bytes");
	free(config.image.path);
	config.image.path = xasprintf("/%0189d", 0);
	ck_assert(round_trip(&(struct error)ERROR_INIT));
}
END_TEST

/* The parts are cut at single blanks; a run of two is kept, or the value refused. */
START_TEST(long_append_is_cut_where_it_can_be)
{
	struct error err = ERROR_INIT;

	xreplace(&config.kernel, "/k");
	for (int blanks = 1; blanks <= 2; blanks++) {
		for (int head = 150; head < 189 - 2 * blanks; head++) {
			free(config.append);
			config.append = xasprintf("a b%0*d%*sx", head, 0, blanks, "");
			ck_assert_msg(round_trip(&err), "%d %d %s", blanks, head, err.message);
		}
	}
	for (int head = 180; head < 200; head++) {
		free(config.append);
		config.append = xasprintf("%0*d  %0*d", head, 0, 100, 0);
		ck_assert_msg(!round_trip(&err), "%d", head);
	}
	xreplace(&config.append, "quiet ");
	ck_assert(!round_trip(&err));
}
END_TEST

/* What a user who opens the file sees. */
START_TEST(text_of_a_plain_vm)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	xreplace(&config.image.path, "/var/lib/microvm/images/debian.qcow2");
	suite_assert_ok(vm_config_format(&config, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "memory = 1024M\n"
					 "cpus = 1\n"
					 "accel = kvm\n"
					 "machine = q35\n"
					 "vnc = unix\n"
					 "protect = off\n"
					 "firmware = bios\n"
					 "hugepages = off\n"
					 "memory_max = auto\n"
					 "allow_missing =\n"
					 "\n"
					 "[image]\n"
					 "path = /var/lib/microvm/images/debian.qcow2\n"
					 "format = qcow2\n"
					 "profile = default\n"
					 "\n"
					 "[nic.0]\n"
					 "more_ip =\n"
					 "gateway = none\n"
					 "gateway6 = none\n"
					 "dns =\n"
					 "search =\n"
					 "guard = mac\n"
					 "vhost = auto\n"
					 "queues = auto\n"
					 "trunk =\n"
					 "isolated = off\n");
}
END_TEST

/* The host's lists are of up to 197 bytes without blanks, which vm.conf puts there. */
START_TEST(long_lists_have_several_lines)
{
	struct error err = ERROR_INIT;
	struct strv *dns = &config.nics[0].dns, *search = &config.nics[0].search;
	AUTO_BUF text = BUF_INIT;

	for (int i = 0; i < 60; i++)
		strv_push(dns, "1.1.1.1");
	for (int i = 0; i < 8; i++)
		strv_pushf(search, "%060d.%060d.%d", i, i, i);
	for (unsigned int i = 1; i < VM_ADDRESSES_MAX; i++)
		strv_pushf(&config.nics[0].more_ip, "2001:db8:1111:2222:3333:4444:5555:%x/128", i);
	ck_assert_msg(round_trip(&err), "%s", err.message);
	suite_assert_ok(vm_config_format(&config, &text, &err), err);
	for (const char *line = buf_str(&text); *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 197);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/format");
	TCase *tc = vm_config_case("format");

	tcase_add_loop_test(tc, round_trip_of_good_structs, 0, 10);
	tcase_add_loop_test(tc, round_trip_of_hostile_strings, 0, 10);
	tcase_add_test(tc, structs_that_no_file_can_say);
	tcase_add_test(tc, nics_that_no_file_can_say);
	tcase_add_test(tc, strings_that_no_line_can_hold);
	tcase_add_test(tc, long_append_is_cut_where_it_can_be);
	tcase_add_test(tc, text_of_a_plain_vm);
	tcase_add_test(tc, long_lists_have_several_lines);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
