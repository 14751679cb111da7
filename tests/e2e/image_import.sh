#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image_import.sh - images from files, and what is unpacked on its way in.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

image=$web/one/image.qcow2
ip=192.168.86.31

an_image_is_published()
{
	new_entry one
}

a_file_is_imported()
{
	succeeds image import "$image" mine
	holds mine "$image"
	is "mode" "$(stat -c %a "$images/mine.qcow2")" 444
	refused 4 "'mine'" image import "$image" mine
	succeeds image verify mine
	succeeds image remove mine
	out=$("$MNMIVM_SE" --config "$conf" image import - mine 2>&1 <"$image") || fail "import -: $out"
	holds mine "$image"
	succeeds image remove mine
	out=$("$MNMIVM_SE" --config "$conf" image import - mine 2>&1 < <(cat "$image")) ||
		fail "import - of a pipe: $out"
	holds mine "$image"
	succeeds image remove mine
	is "images" "$(names "$images")" ''
}

an_import_is_held_to_its_digest()
{
	succeeds image import --digest "sha512:$(digest_of "$image")" "$image" mine
	succeeds image remove mine
	refused 6 digest image import --digest "sha512:$(digest_of "$conf")" "$image" mine
	refused 2 MD5 image import --digest d41d8cd98f00b204e9800998ecf8427e "$image" mine
	is "images" "$(names "$images")" ''
}

compressed_files_are_unpacked()
{
	local packed

	mkdir "$LAB/packed"
	xz -0 <"$image" >"$LAB/packed/image.qcow2.xz"
	gzip -1 <"$image" >"$LAB/packed/image.qcow2.gz"
	zstd -q <"$image" >"$LAB/packed/image.qcow2.zst"
	cp "$image" "$LAB/disk.qcow2"
	tar -C "$LAB" -cJf "$LAB/packed/image.tar.xz" disk.qcow2
	for packed in "$LAB"/packed/*; do
		succeeds image import "$packed" mine
		holds mine "$image"
		succeeds image verify mine
		succeeds image remove mine
		out=$("$MNMIVM_SE" --config "$conf" image import - mine 2>&1 <"$packed") ||
			fail "import - of ${packed##*/}: $out"
		holds mine "$image"
		succeeds image remove mine
	done
	head -c 1000000 "$LAB/packed/image.qcow2.xz" >"$LAB/cut.xz"
	refused 6 cut.xz image import "$LAB/cut.xz" mine
	is "images" "$(names "$images")" ''
}

a_compressed_image_is_pulled()
{
	local type

	for type in xz gz zst; do
		cp "$LAB/packed/image.qcow2.$type" "$web/one"
	done
	publish one
	for type in xz gz zst; do
		entry packed "mirrors = $good/one/" "file = image.qcow2.$type" \
			"digest_file = $good/one/SHA512SUMS" 'digest_style = gnu'
		succeeds image pull packed
		holds "$(pulled packed)" "$image"
		is "source" "$(conf_of "$(pulled packed)" source_digest)" \
			"sha512:$(digest_of "$web/one/image.qcow2.$type")"
		succeeds image verify
		logs_forget
		succeeds image pull packed
		is "requests for the image" "$(nginx_gets 8443 "/one/image.qcow2.$type")" 0
		succeeds image remove "$(pulled packed)"
	done
	is "images" "$(names "$images")" ''
}

another_machines_image_is_refused()
{
	local name

	for name in debian-12-genericcloud-arm64.qcow2 Fedora.aarch64.qcow2; do
		cp "$image" "$LAB/$name"
		refused 6 'arm64|aarch64' image import "$LAB/$name" mine
		refused 6 'arm64|aarch64' create vm --image "$LAB/$name" --pubkey-path "$key.pub" \
			--ip "${ip}1"
	done
	is "images" "$(names "$images")" ''
}

run_tests an_image_is_published a_file_is_imported an_import_is_held_to_its_digest \
	compressed_files_are_unpacked a_compressed_image_is_pulled another_machines_image_is_refused \
	no_image_is_left nothing_is_left_behind
