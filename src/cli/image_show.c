/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image show: one image, or what the catalogue says of one. */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "image.h"
#include "json.h"
#include "output.h"

static void print_text(const char *label, const char *text)
{
	if (text && *text)
		printf("%-14s %s\n", label, output_clean(text));
}

static void print_size(const char *label, uint64_t bytes)
{
	char text[SIZE_TEXT_MAX];

	size_format(bytes, text);
	if (bytes)
		print_text(label, text);
}

static void print_list(const char *label, const struct strv *list)
{
	AUTO_FREE char *text = strv_join(list, ", ");

	print_text(label, text);
}

static void print_guest(const struct guest_traits *guest)
{
	print_text("user:", guest->user);
	print_text("profile:", guest_profile_words[guest->profile]);
	print_text("firmware:", firmware_words[guest->firmware]);
	print_size("minimum disk:", guest->min_disk_bytes);
	printf("%-14s x86-64-v%u\n", "CPU:", guest->cpu_level);
}

static void print_local(const struct vm_image_info *info, const struct catalogue *catalogue,
			const struct strv *users)
{
	const struct catalogue_entry *hidden = catalogue_find(catalogue, info->name);
	const struct image_config *config = &info->config;
	char date[IMAGE_DATE_MAX];

	print_text("name:", info->name);
	print_text("state:", info->problem[0] ? "damaged" : "local");
	print_text("problem:", info->problem);
	print_text("os:", config->os);
	print_text("path:", info->path);
	print_text("format:", disk_format_words[info->format]);
	print_size("size:", info->virtual_bytes);
	print_size("file:", info->file_bytes);
	image_date(config->added_ns, date);
	print_text("added:", date);
	print_text("url:", config->url);
	print_text("published as:", config->source_digest);
	print_text("signed by:", config->signature);
	print_text("digest:", config->digest);
	print_guest(&config->guest);
	print_list("used by:", users);
	if (hidden)
		printf("%-14s '%s' of the catalogue, from --os %s\n", "hides:", hidden->name,
		       info->name);
}

static void print_mirrors(const struct catalogue_entry *entry)
{
	for (size_t i = 0; i < entry->mirrors.n; i++) {
		AUTO_FREE char *url = catalogue_url(entry, i, entry->file);

		print_text(i ? "or:" : "url:", url);
	}
}

/* What it is held to: a digest of the catalogue's, or a file of the publisher's. */
static void print_digest(const struct catalogue_entry *entry)
{
	AUTO_FREE char *url = NULL;

	print_text("digest:", entry->digest);
	if (!entry->digest_file)
		return;
	url = catalogue_url(entry, 0, entry->digest_file);
	print_text("digest file:", url);
	if (entry->signature)
		print_text("signed by:", entry->keyring);
	print_text("", entry->signature && entry->signature_required ? "(required)" : NULL);
}

/* images: as image_list_of() has them */
static void print_pulled(const struct strv *images)
{
	for (size_t i = 0; i < images->n; i++)
		print_text(i == 0 ? "newest:" : i == 1 ? "older:" : "", images->v[i]);
}

static void print_available(const struct catalogue_entry *entry, const struct strv *images)
{
	print_text("name:", entry->name);
	print_text("state:", "available");
	print_list("aliases:", &entry->aliases);
	print_text("title:", entry->title);
	print_text("architecture:", entry->arch);
	print_mirrors(entry);
	print_digest(entry);
	print_guest(&entry->guest);
	print_text("told by:", entry->origin);
	print_pulled(images);
}

static void print_object(json_t *object, const char *key, const struct strv *list)
{
	object_set_list(object, key, list);
	output_json(object);
}

/* Its images that are here, the newest first. */
static int images_of(struct cli *cli, const struct catalogue_entry *entry, struct strv *ret,
		     struct error *err)
{
	AUTO(vm_image_list_done) struct vm_image_list list = { .n = 0 };
	int r = vm_image_list(&cli->host, &list, err);

	if (!r)
		image_list_of(&list, entry->name, ret);
	return r;
}

static int show_entry(struct cli *cli, const char *name, struct error *err)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	const struct catalogue_entry *entry;
	AUTO_STRV images = STRV_INIT;
	int r = catalogue_load(&catalogue, &cli->host.config, err);

	if (!r)
		r = image_find_entry(&catalogue, name, "here or in the catalogue", &entry, err);
	if (!r)
		r = images_of(cli, entry, &images, err);
	if (r)
		return r;
	if (cli->json)
		print_object(image_available_json(entry), "images", &images);
	else
		print_available(entry, &images);
	return 0;
}

/* An image of that name comes first, as with create --os. */
static int run_show(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	AUTO(vm_image_info_done) struct vm_image_info info = { .path = NULL };
	const char *name = args->words.v[0];
	AUTO_STRV users = STRV_INIT;
	int r = vm_image_show(&cli->host, name, &info, &users, err);

	if (r)
		return err->kind == ERROR_NOT_FOUND ? show_entry(cli, name, err) : r;
	/* for its title and what it hides: without a catalogue there is neither */
	if (catalogue_load(&catalogue, &cli->host.config, &(struct error)ERROR_INIT))
		catalogue_done(&catalogue);
	if (cli->json)
		print_object(image_local_json(&info, &catalogue), "users", &users);
	else
		print_local(&info, &catalogue, &users);
	return 0;
}

const struct command image_show_verb = {
	.name = "image show",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.writes_images = true,
	.summary = "all that is known of an image, here or in the catalogue",
	.run = run_show,
};
