# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# pull_faults_lib.sh - words for suites in which pulls go wrong, all of one entry of the catalogue.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

image=$web/one/image.qcow2 size=0
kept='' # the images that are there at the beginning, and at the end of every test

# from MIRROR...: where entry one is to be had now; its digest is the good server's
from()
{
	local -a lines=("digest_file = $good/one/SHA512SUMS" 'digest_style = gnu')
	local mirror

	for mirror; do
		lines+=("mirrors = $mirror/one/")
	done
	entry one "${lines[@]}"
	logs_forget
}

# brings_it: a pull of entry one succeeds, and nothing but the image is there then
brings_it()
{
	succeeds image pull one
	is_brought
}

is_brought()
{
	is "leftovers" "$(leftovers)" ''
	holds "$(pulled one)" "$image"
	succeeds image remove "$(pulled one)"
	images_unchanged "$kept"
}

# leaves_nothing CODE REGEX: a pull fails so, and all is as before
leaves_nothing()
{
	refused "$1" "$2" --quiet image pull one
	images_unchanged "$kept"
}

# leaves_part CODE REGEX BYTES: as above, but what has come stays
leaves_part()
{
	refused "$1" "$2" --quiet image pull one
	part_is "$3" || fail "the part has $(part_size) bytes, not $3"
}

part_size()
{
	find "$images" -name '.part-*' -printf '%s\n'
}

part_is()
{
	[[ $(part_size) == "$1" ]]
}

prune_parts()
{
	succeeds image prune
	images_unchanged "$kept"
}

something_good_is_here()
{
	new_entry kept
	succeeds image pull kept
	kept=$(images_now)
	new_entry one
	# shellcheck disable=SC2034 # for the suites
	size=$(size_of "$image")
}

# hold BYTES: a pull in the background that has got so many, and gets no more
hold()
{
	rm -f "$web/go"
	from "$faulty/hold-$1"
	background image pull one
	eventually held "$1"
}

# held BYTES: they are sent, and in the part, but for what is passed on in batches
held()
{
	local size

	size=$(part_size)
	server_has_sent one/image.qcow2 "$1" && ((${size:-0} > $1 - (128 << 10)))
}

# packed FILE: entry one is that, unpacked
packed()
{
	(cd "$web/one" && sha512sum "$1" >PACKED)
	entry one "mirrors = $good/one/" "file = $1" "digest_file = $good/one/PACKED" 'digest_style = gnu'
}
