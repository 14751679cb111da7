#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_faults.sh - images by name from servers that go wrong, onto disks that are full.

# shellcheck source=pull_faults_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_faults_lib.sh"

what_was_cut_off_is_gone_on_with()
{
	from "$faulty/cut-1000000-1"
	brings_it
	is "where requests began" "$(server_gets one/image.qcow2)" '0 1000000'
	is "bytes" "$(server_sent one/image.qcow2)" "$size"
}

another_mirror_goes_on()
{
	from "$faulty/cut-1500000" "$second"
	brings_it
	is "bytes of the first" "$(server_sent one/image.qcow2)" 1500000
	is "bytes of the second" "$(nginx_sent 8444 /one/image.qcow2)" $((size - 1500000))
}

a_server_that_dies_is_asked_when_it_is_back()
{
	setting pull_tries 6
	setting stall_timeout 600
	hold 2000000
	server_kill
	server_start
	touch "$web/go"
	ended
	is "exit code" "$code" 0
	is_brought
	is "bytes" "$(server_sent one/image.qcow2)" "$size"
	setting pull_tries 2
}

a_later_pull_goes_on()
{
	local -i sent

	setting pull_tries 1
	hold 2000000
	server_kill
	ended
	is "exit code" "$code" 1
	check_wording
	ok part_is 2000000
	leaves_part 1 '127.0.0.1:9443' 2000000
	server_start
	sent=$(server_sent one/image.qcow2)
	from "$second"
	brings_it
	((sent += $(nginx_sent 8444 /one/image.qcow2)))
	is "bytes" "$sent" "$size"
	setting pull_tries 2
	setting stall_timeout 2
}

redirects_are_followed()
{
	local code_of

	for code_of in 301 302 303 307 308; do
		from "$faulty/redirect-$code_of-1"
		brings_it
	done
	from "$faulty/redirect-302-10"
	brings_it
	is "url" "$(server_gets one/image.qcow2 | wc -w)" 11
}

redirects_without_end_or_to_plain_HTTP_are_not()
{
	from "$faulty/redirect-302-11"
	leaves_nothing 1 "$faulty/redirect-302-11/one/image.qcow2.*redirect"
	from "$faulty/tohttp-8080"
	leaves_nothing 1 "$faulty/tohttp-8080/one/image.qcow2.*(http|protocol)"
	is "requests over plain HTTP" "$(nginx_gets 8080 /one/image.qcow2)" 0
}

what_is_not_there_is_looked_for_elsewhere()
{
	from "$good/nosuch"
	leaves_nothing 1 "$good/nosuch/one/image.qcow2.*404"
	from "$good/nosuch" "$second"
	brings_it
	from "$faulty/status-403" "$faulty/status-410" "$second"
	setting pull_tries 3
	brings_it
	setting pull_tries 2
}

a_server_that_is_busy_is_asked_again()
{
	from "$faulty/status-500-1"
	brings_it
	from "$faulty/later-1-1"
	brings_it
	from "$faulty/status-429-1"
	brings_it
	from "$faulty/status-500"
	leaves_nothing 1 "$faulty/status-500/one/image.qcow2.*500"
	is "requests" "$(server_gets one/image.qcow2)" '0 0'
}

wrong_lengths_are_found_out()
{
	from "$faulty/short-1000000"
	leaves_nothing 6 digest
	from "$faulty/long-10" "$second"
	brings_it
	from "$faulty/endless"
	leaves_nothing 1 "$faulty/endless/one/image.qcow2.*64M"
}

an_unknown_length_is_no_fault()
{
	from "$faulty/nolength"
	brings_it
}

wrong_bytes_are_not_kept()
{
	from "$faulty/liar"
	leaves_nothing 6 "one.*digest"
	from "$faulty/liar" "$second"
	brings_it
	from "$faulty/liar-1"
	leaves_nothing 6 "one.*digest"
	brings_it
}

# whose half is wrong, nobody can tell: the second mirror is asked for all of it
half_a_wrong_file_does_not_make_the_other_mirror_wrong()
{
	from "$faulty/liarcut-1500000" "$second"
	brings_it
	is "bytes of the second" "$(nginx_sent 8444 /one/image.qcow2)" $((2 * size - 1500000))
}

# part BYTES: as an earlier pull left it
part()
{
	setting pull_tries 1
	from "$faulty/cut-$1"
	leaves_part 1 "$faulty/cut-$1/one/image.qcow2" "$1"
	setting pull_tries 2
	logs_forget
}

a_spoilt_part_is_fetched_once_more()
{
	part 1000000
	printf xyz | dd of="$(echo "$images"/.part-*)" bs=1 seek=5000 conv=notrunc status=none
	from "$second"
	brings_it
	is "bytes" "$(nginx_sent 8444 /one/image.qcow2)" $((2 * size - 1000000))
	part 1000000
	from "$faulty/liarrange"
	brings_it
	is "where requests began" "$(server_gets one/image.qcow2)" '1000000 0'
	part 1000000
	from "$faulty/liar"
	leaves_nothing 6 digest
}

ranges_may_be_unknown()
{
	part 1000000
	from "$faulty/norange-9999999"
	brings_it
}

a_part_that_is_too_long_is_no_part()
{
	part 1000000
	head -c 9M /dev/zero >>"$(echo "$images"/.part-*)"
	from "$second"
	brings_it
}

digest_files_may_lack_it_or_be_too_large()
{
	echo "$(sha512sum </dev/null | cut -d ' ' -f 1)  other.qcow2" >"$web/one/OTHER"
	entry one "mirrors = $good/one/" 'digest_file = OTHER' 'digest_style = gnu'
	logs_forget
	leaves_nothing 6 "'image.qcow2' in '$good/one/OTHER'"
	yes '# a comment' | head -c 2M >"$web/one/LARGE"
	cat "$web/one/SHA512SUMS" >>"$web/one/LARGE"
	entry one "mirrors = $good/one/" 'digest_file = LARGE' 'digest_style = gnu'
	leaves_nothing 1 "$good/one/LARGE.*1M"
	entry one "mirrors = $good/one/" 'digest_file = NOSUCH' 'digest_style = gnu'
	leaves_nothing 1 'NOSUCH.*404'
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
}

# untrusted PORT REGEX: neither digest nor image is taken from there
untrusted()
{
	from "https://127.0.0.1:$1"
	leaves_nothing 6 "https://127.0.0.1:$1/one/image.qcow2.*($2)"
	entry one "mirrors = https://127.0.0.1:$1/one/" 'digest_file = SHA512SUMS' 'digest_style = gnu'
	leaves_nothing 6 "https://127.0.0.1:$1/one/SHA512SUMS.*($2)"
	nginx_settle
	is "requests that got through" "$(<"$LAB/nginx/$1.log")" ''
	from "https://127.0.0.1:$1" "$second"
	brings_it
}

certificates_that_prove_nothing_are_refused()
{
	untrusted 8445 expired
	untrusted 8446 'subject name'
	untrusted 8447 issuer
}

without_our_CA_no_server_is_trusted()
{
	sed -i '/^ca_file/d' "$conf"
	from "$good"
	leaves_nothing 6 'issuer|self-signed'
	has "hint" "$err" ca_file
	setting ca_file "$tls/ca.pem"
}

who_drips_is_given_up()
{
	python3 -c 'if True:
		import socket, time
		silent = socket.create_server(("127.0.0.1", 9555))
		time.sleep(1e6)' &
	port_opens 9555
	setting pull_tries 1
	from "$faulty/driphead"
	leaves_nothing 124 "$faulty/driphead/one/image.qcow2"
	from https://127.0.0.1:9555
	leaves_nothing 124 https://127.0.0.1:9555/one/image.qcow2
	from "$faulty/drip-100000"
	refused 124 "$faulty/drip-100000/one/image.qcow2" image pull one
	prune_parts
	setting pull_tries 2
	from "$faulty/driphead" "$second"
	brings_it
}

# zeros SIZE: behind the signature of a boot sector, or they would be an empty tar archive
zeros()
{
	head -c 510 /dev/zero
	printf '\x55\xaa'
	head -c "$1" /dev/zero
}

bombs_do_not_go_off()
{
	zeros 256M | xz -0 >"$web/one/bomb.xz"
	packed bomb.xz
	leaves_nothing 6 64M
	xz -0 <"$web/one/bomb.xz" >"$web/one/nested.xz"
	packed nested.xz
	leaves_nothing 6 'compressed with xz'
	has "hint" "$err" 'packed twice'
	zeros 256M | gzip -1 | gzip -9 >"$web/one/bomb.gz"
	packed bomb.gz
	leaves_nothing 6 'compressed with gzip'
	zeros 1G | zstd -q -1 --long=31 >"$web/one/bomb.zst"
	packed bomb.zst
	leaves_nothing 6 "unpack 'bomb.zst'.* memory"
	refused 6 64M image import "$web/one/bomb.xz" mine
	images_unchanged "$kept"
	rm "$web"/one/{bomb,nested}.*
}

a_full_disk_is_told_and_emptied()
{
	local before

	new_entry large
	new_image "$web/large/image.qcow2" 30
	publish large
	mount -t tmpfs -o size=20M tmpfs "$images"
	before=$(images_now)
	entry large "mirrors = $faulty/plain/large/"
	refused 1 'large.*(space|29|30)' image pull large
	images_unchanged "$before"
	((($(server_sent large/image.qcow2)) < 4 << 20)) || fail "it was downloaded all the same"
	entry large "mirrors = $faulty/nolength/large/"
	refused 1 'No space left on device' image pull large
	has "hint" "$err" "$images"
	images_unchanged "$before"
	refused 1 'No space left on device' image import "$web/large/image.qcow2" mine
	images_unchanged "$before"
	head -c 18M /dev/urandom | xz -0 >"$web/one/noise.xz"
	packed noise.xz
	refused 1 'No space left on device' --quiet image pull one
	images_unchanged "$before"
	# one server's word is no reason not to ask another
	from "$faulty/long-30000000" "$second"
	succeeds image pull one
	has "what is told" "$err" 'more are needed'
	umount "$images"
	images_unchanged "$kept"
}

run_tests something_good_is_here what_was_cut_off_is_gone_on_with another_mirror_goes_on \
	a_server_that_dies_is_asked_when_it_is_back a_later_pull_goes_on redirects_are_followed \
	redirects_without_end_or_to_plain_HTTP_are_not what_is_not_there_is_looked_for_elsewhere \
	a_server_that_is_busy_is_asked_again wrong_lengths_are_found_out an_unknown_length_is_no_fault \
	wrong_bytes_are_not_kept half_a_wrong_file_does_not_make_the_other_mirror_wrong \
	a_spoilt_part_is_fetched_once_more ranges_may_be_unknown \
	a_part_that_is_too_long_is_no_part digest_files_may_lack_it_or_be_too_large \
	certificates_that_prove_nothing_are_refused without_our_CA_no_server_is_trusted \
	who_drips_is_given_up bombs_do_not_go_off a_full_disk_is_told_and_emptied no_image_is_left \
	nothing_is_left_behind
