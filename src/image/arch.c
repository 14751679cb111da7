/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machine an image is for: words of its name, and types of its partitions. */
#include "image/arch.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "image_file.h"

static const char *const foreign_words[] = {
	"aarch64", "aarch64_be", "arm64",	"armel",     "armhf",	"armv5", "armv6",
	"armv6l",  "armv7",	 "armv7l",	"armv7hl",   "armv8",	"ia64",	 "loong64",
	"mips64",  "mips64el",	 "loongarch64", "mipsel",    "powerpc", "ppc",	 "ppc64",
	"ppc64el", "ppc64le",	 "riscv64",	"riscv64gc", "s390",	"s390x", "sparc64",
};

static const char *const own_words[] = { "amd64", "x86_64", "x86-64", "x64", "i386", "i686" };

static bool has_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 0; i + word_len <= len; i++) {
		if ((i == 0 || !isalnum((unsigned char)text[i - 1])) &&
		    strncasecmp(text + i, word, word_len) == 0 &&
		    (i + word_len == len || !isalnum((unsigned char)text[i + word_len])))
			return true;
	}
	return false;
}

const char *image_name_arch(const char *name)
{
	size_t len = strcspn(name, "?#");
	const char *last = memrchr(name, '/', len);
	const char *text = last ? last + 1 : name;

	len -= (size_t)(text - name);
	for (size_t i = 0; i < ARRAY_SIZE(own_words); i++) {
		if (has_word(text, len, own_words[i]))
			return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(foreign_words); i++) {
		if (has_word(text, len, foreign_words[i]))
			return foreign_words[i];
	}
	return NULL;
}

/* Root and /usr of an architecture; NULL: x86, which runs here. */
static const struct partition_type {
	const char *root, *usr;
	const char *arch;
} partition_types[] = {
	{ "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "8484680c-9521-48c6-9c11-b0720656f69e", NULL },
	{ "44479540-f297-41b2-9af7-d131d5f0458a", "75250d76-8cc6-458e-bd66-bd47cc81a812", NULL },
	{ "b921b045-1df0-41c3-af44-4c6f280d3fae", "b0e01050-ee5f-4390-949a-9101b17104e9", "arm64" },
	{ "69dad710-2ce4-4e3c-b16c-21a1d49abed3", "7d0359a3-02b3-4f0a-865c-654403e70625", "arm" },
	{ "993d8d3d-f80e-4225-855a-9daf8ed7ea97", "4301d2a6-4e3b-4b2a-bb94-9e0b2c4225ea", "ia64" },
	{ "77055800-792c-4f94-b39a-98c91b762bb6", "e611c702-575c-4cbe-9a46-434fa0bf7e3f",
	  "loongarch64" },
	{ "37c58c8a-d913-4156-a25f-48b1b64e07f0", "0f4868e9-9952-4706-979f-3ed3a473e947",
	  "mipsel" },
	{ "700bda43-7a34-4507-b179-eeb93d7a7ca3", "c97c1f32-ba06-40b4-9f22-236061b08aa8",
	  "mips64el" },
	{ "1de3f1ef-fa98-47b5-8dcd-4a860a654d78", "7d14fec5-cc71-415d-9d6c-06bf0b3c3eaf", "ppc" },
	{ "912ade1d-a839-4913-8964-a10eee08fbd2", "2c9739e2-f068-46b3-9fd0-01c5a9afbcca", "ppc64" },
	{ "c31c45e6-3f39-412e-80fb-4809c4980599", "15bb03af-77e7-4d4a-b12b-c0d084f7491c",
	  "ppc64le" },
	{ "72ec70a6-cf74-40e6-bd49-4bda08e8f224", "beaec34b-8442-439b-a40b-984381ed097d",
	  "riscv64" },
	{ "08a7acea-624c-4a20-91e8-6e0fa67d23f9", "cd0f869b-d0fb-4ca0-b141-9ea87cc78d66", "s390" },
	{ "5eead9a9-fe09-4a1e-a1d7-520d00531306", "8a4f5770-50aa-4ed3-874a-99b710db6fea", "s390x" },
};

enum {
	SECTOR = 512,
	GUID_BYTES = 16,
	GUID_TEXT_MAX = 37,
	GPT_ENTRIES_MAX = 128, /* what every tool makes; those behind are not looked at */
	GPT_ENTRY_MIN = 128, /* UEFI 2.10, 5.3.2 */
	GPT_ENTRY_MAX = 4096,
};

static uint32_t le32(const uint8_t *raw)
{
	uint32_t value;

	memcpy(&value, raw, sizeof(value));
	return le32toh(value);
}

static uint64_t le64(const uint8_t *raw)
{
	uint64_t value;

	memcpy(&value, raw, sizeof(value));
	return le64toh(value);
}

/* The first three parts are stored with their low byte first (UEFI 2.10, appendix A). */
static void guid_format(const uint8_t raw[GUID_BYTES], char out[GUID_TEXT_MAX])
{
	snprintf(out, GUID_TEXT_MAX,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", raw[3],
		 raw[2], raw[1], raw[0], raw[5], raw[4], raw[7], raw[6], raw[8], raw[9], raw[10],
		 raw[11], raw[12], raw[13], raw[14], raw[15]);
}

static const struct partition_type *find_type(const uint8_t raw[GUID_BYTES])
{
	char text[GUID_TEXT_MAX];

	guid_format(raw, text);
	for (size_t i = 0; i < ARRAY_SIZE(partition_types); i++) {
		if (!strcmp(text, partition_types[i].root) || !strcmp(text, partition_types[i].usr))
			return &partition_types[i];
	}
	return NULL;
}

/* The first bytes of the guest's disk: len of them, in the file from offset on. */
struct disk_head {
	const struct image_file *file;
	uint64_t offset, len;
};

static bool head_read(const struct disk_head *head, uint64_t at, void *dst, size_t len)
{
	if (at > head->len || len > head->len - at)
		return false;
	return image_read(head->file, head->offset + at, dst, len, &(struct error)ERROR_INIT) == 0;
}

/* A table in sectors of 4 KiB is no disk of ours: the guest finds it with 512. */
static const char *gpt_arch(const struct disk_head *head)
{
	uint8_t gpt[92], type[GUID_BYTES];
	const char *arch = NULL;
	uint64_t first;
	uint32_t n, size;

	if (!head_read(head, SECTOR, gpt, sizeof(gpt)) || memcmp(gpt, "EFI PART", 8) != 0)
		return NULL;
	first = le64(gpt + 72);
	n = le32(gpt + 80);
	size = le32(gpt + 84);
	if (first > head->len / SECTOR || size < GPT_ENTRY_MIN || size > GPT_ENTRY_MAX)
		return NULL;
	for (uint32_t i = 0; i < n && i < GPT_ENTRIES_MAX; i++) {
		const struct partition_type *found;

		if (!head_read(head, first * SECTOR + (uint64_t)i * size, type, sizeof(type)))
			break;
		found = find_type(type);
		if (found && !found->arch)
			return NULL;
		if (found)
			arch = found->arch;
	}
	return arch;
}

const char *image_table_arch(int fd, enum image_format format)
{
	struct image_file file = { .fd = fd, .name = "" };
	struct disk_head head = { .file = &file };

	if (image_measure(&file, &(struct error)ERROR_INIT) < 0)
		return NULL;
	head.len = file.size;
	if (format == IMAGE_QCOW2 && !qcow2_first_cluster(&file, &head.offset, &head.len))
		return NULL;
	return gpt_arch(&head);
}

int image_check_arch(int fd, const char *name, const char *file_name, enum image_format format,
		     struct error *err)
{
	const char *by_name = file_name ? image_name_arch(file_name) : NULL;
	const char *arch = by_name ? by_name : image_table_arch(fd, format);

	if (!arch)
		return 0;
	error_set(err, ERROR_VERIFY, ENOEXEC,
		  "image '%s' is for %s machines; this program runs x86-64 guests alone", name,
		  arch);
	if (by_name)
		return error_hint(err,
				  "take its amd64 (x86_64) edition; if it is one, give the file a "
				  "name without '%s'",
				  arch);
	return error_hint(err, "take its amd64 (x86_64) edition");
}
