#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull.sh - images by name, from a good server: pulled, shown, used by VMs, and removed.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

names=() # of the images of entry one, in the order of their pulls
image=$web/one/image.qcow2
ip=192.168.86.3 # and a digit

# The folders of the defaults may be missing. One that was named is a typing error.
a_catalogue_may_be_missing_or_empty()
{
	cp "$conf" "$LAB/conf.kept"
	sed -i '/^catalogue/d' "$conf"
	succeeds image list --local
	is "what is told" "$err" ''
	cp "$LAB/conf.kept" "$conf"
	mkdir "$LAB/empty"
	setting catalogue "$LAB/empty"
	succeeds image list
	is "what is told" "$err" ''
	refused 3 "'debian'" image pull debian
	has "hint" "$err" 'mnmivm-se doctor pull'
	setting catalogue "$LAB/nosuch/images.d"
	se image list
	is "code of list" "$code" 2
	has "what is told" "$err" "'$LAB/nosuch/images.d'"
	refused 2 "'$LAB/nosuch/images.d'" image pull debian
	setting catalogue "$catalogue"
}

a_pull_brings_what_the_server_has()
{
	local day digest

	new_entry one 'aliases = uno, solo' 'user = toor' 'min_disk = 8M'
	day=$(date -u +%Y%m%d)
	digest=$(digest_of "$image")
	succeeds image pull one
	names=("$(named_by one "$day" "$image")")
	is "images" "$(names "$images")" "${names[0]}.conf ${names[0]}.qcow2"
	is "mode and owner" "$(stat -c %a:%u:%g "$images/${names[0]}.qcow2")" 444:0:0
	is "digest" "$(digest_of "$images/${names[0]}.qcow2")" "$digest"
	is "output" "$out" ''
	matches "what is told" "$err" "^one: pulled ${names[0]}, [0-9.]+[KM]"
	is "lines that tell" "$(wc -l <"$LAB/stderr")" 1
}

its_origin_is_told_beside_it()
{
	local name=${names[0]} digest

	digest=$(digest_of "$image")
	is "os" "$(conf_of "$name" os)" one
	is "url" "$(conf_of "$name" url)" "$good/one/image.qcow2"
	is "source_digest" "$(conf_of "$name" source_digest)" "sha512:$digest"
	matches "digest" "$(conf_of "$name" digest)" '^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$'
	is "user" "$(conf_of "$name" user)" toor
	is "min_disk" "$(conf_of "$name" min_disk)" 8388608
	no test -w "$images/$name.conf" -a ! -O "$images/$name.conf"
}

a_second_pull_moves_no_byte_of_it()
{
	local before

	before=$(images_now)
	logs_forget
	says "one: ${names[0]} is the newest, and is here" image pull one
	is "requests for the digest" "$(nginx_gets 8443 /one/SHA512SUMS)" 1
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
	succeeds image pull solo
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
	images_unchanged "$before"
}

it_is_listed_and_shown()
{
	local name=${names[0]}

	prints "$name" image list
	succeeds --quiet image list
	is "names" "$out" "$name"
	json "map(select(.name == \"$name\")) | .[0] | [.os, .state, .format, .virtual_bytes]" \
		'["one","local","qcow2",4194304]' image list
	json .source_digest "sha512:$(digest_of "$image")" image show "$name"
	prints "$good/one/image.qcow2" image show "$name"
	refused 3 "image 'nosuch'" image show nosuch
}

the_catalogue_is_listed()
{
	entry spare 'title = A spare one' 'aliases = reserve'
	prints 'A spare one' image list
	prints reserve image list --available
	lacks "what is local" "$("$MNMIVM_SE" --config "$conf" image list --local)" spare
	json 'map(select(.state == "available") | .name) | index("spare") != null' true image list
	rm "$catalogue/spare.conf"
}

it_is_verified()
{
	local path=$images/${names[0]}.qcow2

	succeeds image verify
	succeeds image verify "${names[0]}"
	chmod u+w "$path"
	printf x | dd of="$path" bs=1 seek=1000000 conv=notrunc status=none
	refused 6 "${names[0]}.*digest" image verify "${names[0]}"
	se image verify
	is "exit code of verify" "$code" 6
	cp "$image" "$path"
	chmod 444 "$path"
	succeeds image verify "${names[0]}"
}

VMs_are_made_by_alias_entry_and_image()
{
	local word

	for word in one uno "${names[0]}"; do
		create vm "${ip}1" --os "$word"
		is "base by '$word'" "$(base_of vm)" "$images/${names[0]}.qcow2"
		is "os" "$(<"$state/vms/vm/os.name")" one
		json .user toor show vm
		succeeds delete --yes vm
	done
	refused 3 "'on3'" create vm --os on3 --pubkey-path "$key.pub" --ip "${ip}1"
	has "hint" "$err" one
}

a_new_digest_is_a_second_image()
{
	local before day

	create old "${ip}2" --os one
	before=$(images_now)
	day=$(date -u +%Y%m%d)
	new_image "$image" 4
	publish one
	succeeds image pull one
	names+=("$(named_by one "$day" "$image")")
	is "images" "$(names "$images" | wc -w)" 4
	is "what the older one holds" "$(images_now | grep -- "${names[0]}")" "$before"
	holds "${names[1]}" "$image"
	is "base of the older VM" "$(base_of old)" "$images/${names[0]}.qcow2"
	create new "${ip}3" --os one
	is "base of a new VM" "$(base_of new)" "$images/${names[1]}.qcow2"
}

an_image_in_use_is_not_removed()
{
	local before

	create alsoold "${ip}4" --os "${names[0]}"
	before=$(images_now)
	refused 7 "image '${names[0]}' is the base of: alsoold, old" image remove "${names[0]}"
	json .users '["alsoold","old"]' image show "${names[0]}"
	succeeds image prune --all
	images_unchanged "$before"
	succeeds delete --yes alsoold
}

prune_removes_what_is_replaced_and_not_used()
{
	local before

	succeeds delete --yes old new
	before=$(images_now)
	prints "${names[0]}" image prune --dry-run
	lacks "what prune would remove" "$out" "${names[1]}"
	images_unchanged "$before"
	says "${names[0]}" image prune
	is "images" "$(names "$images")" "${names[1]}.conf ${names[1]}.qcow2"
	succeeds image prune
	is "images" "$(names "$images")" "${names[1]}.conf ${names[1]}.qcow2"
}

prune_removes_the_newest_only_if_told_to()
{
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" mine
	prints "${names[1]}" image prune --all --dry-run
	succeeds image prune --all
	is "images" "$(names "$images")" 'mine.conf mine.qcow2'
	succeeds image remove mine
	is "images" "$(names "$images")" ''
}

create_pulls_what_is_not_here()
{
	logs_forget
	create vm "${ip}1" --os uno
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 1
	is "base" "$(base_of vm)" "$images/${names[1]}.qcow2"
	succeeds delete --yes vm
	logs_forget
	create vm "${ip}1" --os uno
	is "requests at all" "$(nginx_gets 8443 /one/image.qcow2) $(nginx_gets 8443 /one/SHA512SUMS)" '0 0'
	succeeds delete --yes vm
	succeeds image prune --all
}

no_pull_means_none()
{
	local before

	before=$(snapshot)
	logs_forget
	refused 3 "'one'" create vm --os one --no-pull --pubkey-path "$key.pub" --ip "${ip}1"
	has "hint" "$err" 'mnmivm-se image pull one'
	is "requests" "$(nginx_gets 8443 /one/SHA512SUMS)" 0
	unchanged "$before"
}

a_dry_run_pulls_nothing()
{
	local before

	before=$(snapshot)
	logs_forget
	prints "$good/one/image.qcow2" create vm --os one --dry-run --pubkey-path "$key.pub" \
		--ip "${ip}1"
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
	unchanged "$before"
}

# what can be refused is refused before a byte of the image is asked for
a_create_that_cannot_be_pulls_nothing()
{
	local before

	entry arm "mirrors = $good/one/" "digest_file = $good/one/SHA512SUMS" 'digest_style = gnu' \
		'arch = aarch64'
	create there "${ip}1" --image "$MNMIVM_GUEST/guest.qcow2"
	before=$(snapshot)
	logs_forget
	refused 4 "'there'" create there --os one --pubkey-path "$key.pub" --ip "${ip}2"
	refused 4 "${ip}1" create vm --os one --pubkey-path "$key.pub" --ip "${ip}1"
	refused 5 "br7" create vm --os one --pubkey-path "$key.pub" --ip "${ip}2" --bridge br7
	refused 1 "$LAB/nosuch" create vm --os one --pubkey-path "$LAB/nosuch" --ip "${ip}2"
	refused 6 'aarch64' create vm --os arm --pubkey-path "$key.pub" --ip "${ip}2"
	refused 6 'aarch64' image pull arm
	refused 2 '8M' create vm --os one --pubkey-path "$key.pub" --ip "${ip}2" --disk 4M
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
	unchanged "$before"
	succeeds delete --yes there
	rm "$catalogue/arm.conf"
}

a_disk_smaller_than_the_image_is_refused()
{
	entry one 'aliases = uno'
	refused 2 '4M' --quiet create vm --os one --pubkey-path "$key.pub" --ip "${ip}1" --disk 2M
	is "VMs" "$(names "$state/vms")" ''
	succeeds image prune --all
	entry one 'aliases = uno' 'min_disk = 8M'
}

a_create_whose_pull_ends_badly_leaves_nothing()
{
	local before

	before=$(snapshot)
	entry bad "mirrors = $faulty/liar/one/" "digest_file = $good/one/SHA512SUMS" \
		'digest_style = gnu'
	refused 6 'digest' create vm --os bad --pubkey-path "$key.pub" --ip "${ip}1"
	entry bad "mirrors = $good/nosuch/" "digest_file = $good/one/SHA512SUMS" 'digest_style = gnu'
	refused 1 '404' create vm --os bad --pubkey-path "$key.pub" --ip "${ip}1"
	unchanged "$before"
	rm "$catalogue/bad.conf"
}

run_tests a_catalogue_may_be_missing_or_empty a_pull_brings_what_the_server_has its_origin_is_told_beside_it \
	a_second_pull_moves_no_byte_of_it it_is_listed_and_shown the_catalogue_is_listed it_is_verified \
	VMs_are_made_by_alias_entry_and_image a_new_digest_is_a_second_image \
	an_image_in_use_is_not_removed prune_removes_what_is_replaced_and_not_used \
	prune_removes_the_newest_only_if_told_to create_pulls_what_is_not_here no_pull_means_none \
	a_dry_run_pulls_nothing a_create_that_cannot_be_pulls_nothing \
	a_disk_smaller_than_the_image_is_refused a_create_whose_pull_ends_badly_leaves_nothing \
	no_image_is_left nothing_is_left_behind
