#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image_names.sh - names of images, verbs and options that are not what they seem, and what is told
# of them.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

ip=192.168.86.31

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
	refused 2 "parse '--format' 'yaml': must be one of table, json$" --format yaml image list
	refused 2 "parse '--format' '': must be one of table, json$" image list --format=
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

who_names_an_entry_is_told_its_images()
{
	local name word

	name=$(pulled app)
	for word in app application; do
		hints "'$word' is of the catalogue; its images here: $name" image remove "$word"
		hints "'$word' is of the catalogue; its images here: $name" image verify "$word"
	done
	hints "did you mean '$name'?" image remove "${name%?}x"
	hints 'mnmivm-se image list --local' image remove nope
	hints 'mnmivm-se image list --local' image verify nope
	entry far
	hints "'far' is of the catalogue; no image of it is here" image verify far
	is "images" "$(names "$images")" "$name.conf $name.qcow2"
	rm "$catalogue/far.conf"
}

a_file_that_is_a_name_is_told_so()
{
	local word

	for word in app application "$(pulled app)"; do
		hints "did you mean --os $word?" create vm --image "$word" --ip "$ip" \
			--pubkey-path "$key.pub"
	done
	se create vm --image ./app --pubkey-path "$key.pub" --ip "$ip"
	lacks "hint" "$err" --os
	se create vm --image nope --pubkey-path "$key.pub" --ip "$ip"
	lacks "hint" "$err" --os
}

an_import_that_hides_an_entry_is_told()
{
	local word told

	for word in app application; do
		told="'$word' is in the catalogue, too: --os $word is the image of that name here"
		says "$told" image import "$MNMIVM_GUEST/guest.qcow2" "$word"
		says "$told" create vm --os "$word" --pubkey-path "$key.pub" --ip "$ip" --dry-run
		says "$told" create vm --os "$word" --pubkey-path "$key.pub" --ip "$ip"
		is "base" "$(base_of vm)" "$images/$word.qcow2"
		succeeds delete --yes vm
		prints "hides:         'app' of the catalogue" image show "$word"
		json .hides app image show "$word"
		succeeds image remove "$word"
		succeeds --quiet image import "$MNMIVM_GUEST/guest.qcow2" "$word"
		is "what -q tells" "$err" ''
		succeeds image remove "$word"
	done
}

what_hides_nothing_is_not_told()
{
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" mine
	is "what is told of an import" "$err" 'mine: imported'
	json .hides null image show mine
	lacks "what is shown" "$("$MNMIVM_SE" --config "$conf" image show mine)" hides
	for word in app mine; do
		succeeds create vm --os "$word" --pubkey-path "$key.pub" --ip "$ip"
		lacks "what is told of a create" "$err" 'in the catalogue'
		succeeds delete --yes vm
	done
	succeeds image remove mine
}

# row NAME: the line of a list whose first word that is
row()
{
	awk -v name="$1" '$1 == name' <<<"$out"
}

a_list_tells_what_os_takes()
{
	local old new

	old=$(pulled app)
	new_image "$web/app/image.qcow2" 4
	publish app
	succeeds image pull app
	new=$(pulled app)
	entry far 'aliases = distant'
	sed -i '/^title/d' "$catalogue/far.conf"
	entry arm 'arch = aarch64'
	sed -i '/^title/d' "$catalogue/arm.conf"
	succeeds image list
	matches "the newer one" "$(row "$new")" ' \*$'
	matches "the older one" "$(row "$old")" ' -$'
	matches "what is here" "$(row app)" '^app +application +yes +app of the lab$'
	matches "what is not" "$(row far)" '^far +distant +- +image.qcow2$'
	matches "what is of no use" "$(row arm)" '^arm +- +image.qcow2, for aarch64$'
	json "map(select(.name == .newest) | .name) | join(\" \")" "$new" image list
	json "map(select(.name == \"app\" or .name == \"$old\") | .newest) | unique" "[\"$new\"]" \
		image list
	json 'map(select(.name == "far") | .newest)' '[null]' image list
	json .images "[\"$new\",\"$old\"]" image show app
	prints "newest:        $new" image show app
	prints "older:         $old" image show app
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" app
	succeeds image list --available
	matches "what is hidden" "$(row app)" '^app +application +own +app of the lab$'
	succeeds image remove app
	rm "$catalogue/far.conf" "$catalogue/arm.conf"
}

the_shipped_catalogue_fits_80_columns()
{
	cp -r "${BASH_SOURCE[0]%/*}/../../contrib/images.d" "$LAB/shipped"
	chmod -R u=rwX,go=rX "$LAB/shipped"
	setting catalogue "$LAB/shipped"
	prints debian-13 image list --available
	is "lines that are longer" "$(awk 'length > 80' <<<"$out")" ''
	setting catalogue "$catalogue"
}

prune_tells_programs_what_goes()
{
	local part old new

	part=.part-sha256-$(printf '%064d' 7)
	new=$(pulled app)
	old=$(find "$images" -name 'app-*.qcow2' ! -name "$new.qcow2" -printf '%f\n')
	old=${old%.qcow2}
	head -c 8192 /dev/urandom >"$images/$part"
	chmod 600 "$images/$part"
	json 'map([.name, .kind])' "[[\"$old\",\"image\"],[\"$part\",\"leftover\"]]" \
		image prune --dry-run
	json 'map(.bytes)' "[$(($(stat -c %b "$images/$old.qcow2") * 512)),8192]" \
		image prune --dry-run
	prints "remove image $old" image prune --dry-run
	json 'map(.name)' "[\"$old\",\"$part\"]" image prune
	is "what is left" "$(names "$images")" "$new.conf $new.qcow2"
	json . '[]' image prune
	json 'map(.name)' "[\"$new\"]" image prune --all
}

run_tests a_word_that_is_nearly_right_is_told ls_and_rm_are_verbs_too \
	wrong_names_do_not_keep_others_from_a_pull who_names_an_entry_is_told_its_images \
	a_file_that_is_a_name_is_told_so an_import_that_hides_an_entry_is_told \
	what_hides_nothing_is_not_told a_list_tells_what_os_takes \
	the_shipped_catalogue_fits_80_columns prune_tells_programs_what_goes no_image_is_left \
	nothing_is_left_behind
