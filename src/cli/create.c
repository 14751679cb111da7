/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create: make a VM, and start it if that is wished. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/create.h"
#include "vm/start.h"
#include "commands.h"
#include "create_options.h"
#include "image.h"
#include "options.h"
#include "progress.h"

/* Nothing is pulled, but what would be is told. */
static int describe(struct cli *cli, const struct cli_args *args, const char *name,
		    struct vm_create_request *request, struct error *err)
{
	static const struct vm_pull_options silent = { .progress = NULL };
	AUTO_BUF text = BUF_INIT;
	int r;

	request->pull = cli_flag(args, "no-pull") ? NULL : &silent;
	r = vm_create_describe(&cli->host, name, request, &text, err);
	if (r)
		return r;
	print_plan(cli, buf_str(&text));
	if (request->os)
		image_note_hidden(cli, request->os);
	return 0;
}

static int make(struct cli *cli, const struct cli_args *args, const char *name,
		struct vm_create_request *request, struct error *err)
{
	struct progress progress = { 0 };
	int r;

	progress_begin(&progress, cli);
	request->pull = cli_flag(args, "no-pull") ? NULL : progress_options(&progress);
	r = vm_create(&cli->host, name, request, err);
	request->pull = NULL;
	progress_end(&progress);
	return r;
}

static void say_created(const struct cli *cli, const char *name, const struct vm_config *vm)
{
	const char *user = vm_config_login(vm);
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];

	for (unsigned int i = 0; i < vm->n_nics; i++) {
		mac_format(&vm->nics[i].mac, mac);
		vm_nic_format_ip(&vm->nics[i], ip);
		say(cli, "%s: %s, %s, MAC %s", name, i ? "one more NIC" : "created", ip, mac);
	}
	if (user)
		say(cli, "%s: log in as %s", name, user);
}

static int start_and_wait(struct cli *cli, const char *name, const struct cli_args *args,
			  enum vm_wait_for what, struct error *err)
{
	const struct vm_start_options options = { .paused = false };
	unsigned int timeout_s = WAIT_TIMEOUT_S;
	int r = vm_start(&cli->host, name, &options, err);

	if (r < 0)
		return error_prefix(err, "%s is made, but does not start", name);
	say(cli, "%s: started", name);
	if (!cli_flag(args, "wait"))
		return 0;
	r = option_timeout(args, WAIT_TIMEOUT_S, &timeout_s, err);
	if (!r)
		r = vm_wait(&cli->host, name, what, timeout_s, err);
	if (!r)
		say(cli, "%s: ready (%s)", name, vm_wait_words[what]);
	return r;
}

/* A static one, that is, of whatever NIC. */
static bool asks_for_address(const struct vm_create_request *request)
{
	for (unsigned int i = 0; i < request->config.n_nics; i++) {
		const struct strv *ips = &request->nics[i].ips;

		if (ips->n > 1 || (ips->n == 1 && strcmp(ips->v[0], "dhcp") != 0 &&
				   strcmp(ips->v[0], "none") != 0))
			return true;
	}
	return false;
}

static int create(struct cli *cli, const char *name, const struct cli_args *args,
		  struct vm_create_request *request, struct error *err)
{
	unsigned int timeout_s;
	enum vm_wait_for what;
	bool wait;
	int r = option_wait(args, &wait, &what, err);

	if (!r)
		r = option_timeout(args, 0, &timeout_s, err);
	if (!r && wait && what != VM_WAIT_CLOUD_INIT && !asks_for_address(request)) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "this host will not know the address that DHCP gives the guest");
		return error_hint(err,
				  "--wait=cloud-init waits without it; --ip gives a static one");
	}
	if (!r && cli_flag(args, "timeout") && !wait)
		r = error_set(err, ERROR_USAGE, EINVAL, "--timeout goes with --wait");
	if (!r && cli_flag(args, "dry-run"))
		return describe(cli, args, name, request, err);
	if (!r)
		r = make(cli, args, name, request, err);
	if (r)
		return r;
	say_created(cli, name, &request->config);
	if (request->os)
		image_note_hidden(cli, request->os);
	if (wait || cli_flag(args, "start"))
		return start_and_wait(cli, name, args, what, err);
	say(cli, "start it with: mnmivm-se start %s", name);
	return 0;
}

static int run_create(struct cli *cli, const struct cli_args *args, struct error *err)
{
	struct vm_create_request request = { 0 };
	const char *name = args->words.v[0];
	int r = parse_vm_name(name, err);

	if (!r)
		r = create_options_read(cli, args, &request, err);
	if (!r)
		r = create(cli, name, args, &request, err);
	if (r && request.image_file)
		image_hint_os(cli, request.image_file, err);
	vm_create_request_done(&request);
	return r;
}

const struct command command_create = {
	.name = "create",
	.words = "NAME --os NAME|--image FILE --pubkey-path FILE",
	.min_words = 1,
	.max_words = 1,
	.writes = true,
	.summary = "make a VM from a base image",
	.options = create_options,
	.run = run_create,
};
