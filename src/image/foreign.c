/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are not disks to us, by their magic numbers. */
#include <string.h>

#include "base/alloc.h"
#include "image_file.h"

/* What import unpacks itself (fetch/unpack.h): one layer, of which this may be the second. */
static const char by_import[] = "import";

static const struct foreign {
	const char *title;
	unsigned int offset;
	const char *magic;
	unsigned int length;
	const char *unpack; /* the command that makes a disk of it, or by_import */
	const char *convert; /* or its name to qemu-img */
} foreigns[] = {
	{ "a qcow1 image", 0, "QFI\xfb\0\0\0\1", 8, NULL, "qcow" },
	{ "a QED image", 0, "QED", 4, NULL, "qed" },
	{ "a VMDK image", 0, "KDMV", 4, NULL, "vmdk" },
	{ "a VMDK image", 0, "COWD", 4, NULL, "vmdk" },
	{ "a VMDK descriptor", 0, "# Disk DescriptorFile", 21, NULL, "vmdk" },
	{ "a VDI image", 64, "\x7f\x10\xda\xbe", 4, NULL, "vdi" },
	{ "a VHDX image", 0, "vhdxfile", 8, NULL, "vhdx" },
	{ "a VHD image", 0, "conectix", 8, NULL, "vpc" },
	{ "a Parallels image", 0, "WithoutFreeSpace", 16, NULL, "parallels" },
	{ "a Parallels image", 0, "WithouFreSpacExt", 16, NULL, "parallels" },
	{ "a LUKS container", 0, "LUKS\xba\xbe", 6, NULL, NULL },
	{ "compressed with xz", 0, "\3757zXZ", 6, by_import, NULL },
	{ "compressed with gzip", 0, "\x1f\x8b", 2, by_import, NULL },
	{ "compressed with zstd", 0, "\x28\xb5\x2f\xfd", 4, by_import, NULL },
	{ "compressed with bzip2", 0, "BZh", 3, by_import, NULL },
	{ "a 7-Zip archive", 0, "7z\xbc\xaf\x27\x1c", 6, "7z x", NULL },
	{ "a ZIP archive", 0, "PK\3\4", 4, "unzip", NULL },
	{ "a tar archive", 257, "ustar", 5, by_import, NULL },
};

static int refuse(const struct image_file *file, const char *title, const char *unpack,
		  const char *convert, struct error *err)
{
	int r = image_refuse(file, err, "it is %s", title);

	if (unpack == by_import)
		return error_hint(err,
				  "this unpacks one layer: mnmivm-se image import '%s' NAME; then "
				  "create --os NAME",
				  file->name);
	if (unpack)
		return error_hint(err, "%s '%s'", unpack, file->name);
	/* the other formats can name further files on the host, too, which qemu-img would read */
	if (convert)
		return error_hint(err,
				  "if you trust it: qemu-img convert -f %s -O qcow2 '%s' NEW.qcow2",
				  convert, file->name);
	return r;
}

int foreign_refuse(const struct image_file *file, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreigns); i++) {
		const struct foreign *f = &foreigns[i];

		if (image_has(file, f->offset, f->magic, f->length))
			return refuse(file, f->title, f->unpack, f->convert, err);
	}
	/* a fixed VHD is a raw disk with a footer, which the guest would see as a sector more */
	if (file->size >= 512 && image_has(file, file->size - 512, "conectix", 8))
		return refuse(file, "a fixed VHD image", NULL, "vpc", err);
	return 0;
}
