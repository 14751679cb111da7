#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image_names.sh - names of images, verbs and options that are not what they seem, and what is told of them.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

# hints TEXT ARG...: it fails, and TEXT is its hint.
hints()
{
	se "${@:2}"
	((code)) || fail "no failure from: ${*:2}"
	is "hint of: ${*:2}" "$(sed -n 's/^hint: //p' <<<"$err")" "$1"
	check_wording
}

a_word_that_is_nearly_right_is_told()
{
	hints "did you mean '--local'? See: mnmivm-se help image list" image list --lokal
	hints 'mnmivm-se help image prune' image prune -n
	hints 'mnmivm-se help image pull' image pull --force one
	hints 'mnmivm-se help image pull' image pull --local one
	hints "did you mean 'list'? See: mnmivm-se help image" image lits
	hints 'mnmivm-se help image' image frobnicate
	hints 'mnmivm-se help image' image --nonesuch
	hints "did you mean 'image'? See: mnmivm-se help" imaeg list
	hints "did you mean '--format'?" --formt json list
	hints 'mnmivm-se help image' help image nope
	hints 'mnmivm-se help' help nope
}

ls_and_rm_are_verbs_too()
{
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" mine
	succeeds --quiet image ls --local
	is "names" "$out" mine
	prints 'usage: mnmivm-se image list' help image ls
	succeeds image rm mine
	is "images" "$(names "$images")" ''
}

wrong_names_do_not_keep_others_from_a_pull()
{
	new_entry app 'aliases = application'
	se image pull appp app slow2
	is "exit code" "$code" 3
	has "first" "$err" "no image 'appp' in the catalogue"
	has "second" "$err" "no image 'slow2' in the catalogue"
	has "third" "$err" "app: pulled $(pulled app), "
	holds "$(pulled app)" "$web/app/image.qcow2"
	se --format json image pull appp slow2
	is "exit code" "$code" 3
	is "output" "$out" '[]'
	se --format json image pull slow2 app
	is "exit code" "$code" 3
	is "names" "$(jq -r '.[].name' <<<"$out")" "$(pulled app)"
}

run_tests a_word_that_is_nearly_right_is_told ls_and_rm_are_verbs_too \
	wrong_names_do_not_keep_others_from_a_pull no_image_is_left nothing_is_left_behind
