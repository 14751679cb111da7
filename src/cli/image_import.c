/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image import: a file, and what is told of the guest in it. */
#include "base/alloc.h"
#include "base/parse.h"
#include "config/vm_config.h"
#include "image.h"
#include "options.h"
#include "progress.h"

static int read_choices(const struct cli_args *args, struct guest_traits *guest, struct error *err)
{
	const char *profile = cli_value(args, "profile"), *firmware = cli_value(args, "firmware");
	int value;
	int r = 0;

	if (profile) {
		r = parse_choice("'--profile'", profile, guest_profile_words, &value, err);
		if (!r)
			guest->profile = (enum guest_profile)value;
	}
	if (!r && firmware) {
		r = parse_choice("'--firmware'", firmware, firmware_words, &value, err);
		if (!r)
			guest->firmware = (enum firmware)value;
	}
	return r;
}

static int read_guest(const struct cli_args *args, struct guest_traits *guest, struct error *err)
{
	const char *min_disk = cli_value(args, "min-disk"), *level = cli_value(args, "cpu-level");
	uint64_t number;
	int r = read_choices(args, guest, err);

	if (!r && min_disk)
		r = parse_size("'--min-disk'", min_disk, 1, VM_DISK_BYTES_MIN, VM_DISK_BYTES_MAX,
			       &guest->min_disk_bytes, err);
	if (!r && level) {
		r = parse_u64("'--cpu-level'", level, 1, 4, &number, err);
		if (!r)
			guest->cpu_level = (unsigned int)number;
	}
	xreplace(&guest->user, cli_value(args, "user"));
	return r;
}

static int run_import(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *path = args->words.v[0], *name = args->words.v[1];
	struct progress progress = { .cli = NULL };
	struct vm_import_options options = { .digest = cli_value(args, "digest"),
					     .progress = progress_bytes,
					     .arg = &progress };
	int r;

	guest_traits_init(&options.guest);
	r = read_guest(args, &options.guest, err);
	progress_begin(&progress, cli);
	progress_name(&progress, name);
	if (!r)
		r = vm_image_import(&cli->host, path, name, &options, err);
	progress_end(&progress);
	guest_traits_done(&options.guest);
	if (r)
		return r;
	say(cli, "%s: imported", name);
	image_note_hidden(cli, name);
	return 0;
}

static const struct cli_option import_options[] = {
	{ .name = "digest", .value = "DIGEST", .help = "SHA-256 or SHA-512 that FILE must have" },
	{ .name = "user", .value = "NAME", .help = "the guest's user" },
	{ .name = "profile",
	  .value = "default|alpine|nuageinit",
	  .help = "how the guest takes its network settings" },
	{ .name = "firmware", .value = "bios|uefi", .help = "what boots it (bios)" },
	{ .name = "min-disk", .value = "SIZE", .help = "least size of a disk (the image's)" },
	{ .name = "cpu-level", .value = "N", .help = "x86-64-vN that it needs (1)" },
	{ .name = NULL },
};

const struct command image_import_verb = {
	.name = "image import",
	.words = "FILE|- NAME",
	.min_words = 2,
	.max_words = 2,
	.writes_images = true,
	.summary = "copy an image file in",
	.options = import_options,
	.run = run_import,
};
