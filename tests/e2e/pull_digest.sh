#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_digest.sh - what an image is held to: digest files of each style, and their signatures.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

image=$web/one/image.qcow2

an_image_is_published()
{
	new_entry one
}

# style_is STYLE FILE: what a pull by that digest file brings is the image
style_is()
{
	entry styled "mirrors = $good/one/" "digest_file = $2" "digest_style = $1"
	succeeds image pull styled
	holds "$(pulled styled)" "$image"
	succeeds image remove "$(pulled styled)"
}

digests_come_in_three_styles()
{
	local hash

	hash=$(sha256sum <"$image" | cut -d ' ' -f 1)
	printf '%s *other.qcow2\n%s *image.qcow2\n' "${hash/[0-8]/9}" "$hash" >"$web/one/GNU"
	style_is gnu GNU
	printf '# image.qcow2: 1 bytes\nSHA256 (image.qcow2) = %s\n' "$hash" >"$web/one/BSD"
	style_is bsd BSD
	digest_of "$image" >"$web/one/image.qcow2.sha512"
	style_is bare image.qcow2.sha512
}

a_digest_may_be_fixed()
{
	entry styled "mirrors = $good/one/" "digest = sha256:$(sha256sum <"$image" | cut -d ' ' -f 1)"
	succeeds image pull styled
	holds "$(pulled styled)" "$image"
	succeeds image remove "$(pulled styled)"
	entry styled "mirrors = $good/one/" "digest = sha256:$(sha256sum <"$conf" | cut -d ' ' -f 1)"
	refused 6 digest image pull styled
	is "images" "$(names "$images")" ''
	rm "$catalogue/styled.conf"
}

an_image_may_come_over_plain_HTTP_but_not_its_digest()
{
	local plain=http://127.0.0.1:8080

	entry plain "mirrors = $plain/one/" "digest_file = $good/one/SHA512SUMS" 'digest_style = gnu'
	succeeds image pull plain
	holds "$(pulled plain)" "$image"
	succeeds image remove "$(pulled plain)"
	entry plain "mirrors = $good/one/" "digest_file = $plain/one/SHA512SUMS" 'digest_style = gnu'
	refused 2 'plain.conf:1: .*http' image pull plain
	rm "$catalogue/plain.conf"
}

sign()
{
	gpg --homedir "$LAB/gnupg" --batch --yes --quiet --local-user "$1" "${@:2}" 2>"$LAB/gpg.log" ||
		fail "gpg: $(<"$LAB/gpg.log")"
}

signed_entry()
{
	entry signed "mirrors = $good/one/" 'digest_file = SHA512SUMS' 'digest_style = gnu' \
		"keyring = $LAB/keyring.gpg" 'keyring_package = lab-keyring' "$@"
}

a_good_signature_is_asked_for_and_taken()
{
	local name

	mkdir -m 700 "$LAB/gnupg"
	for name in maker stranger; do
		gpg --homedir "$LAB/gnupg" --batch --quiet --passphrase '' --quick-generate-key \
			"$name@lab.test" ed25519 default never 2>"$LAB/gpg.log" ||
			fail "gpg: $(<"$LAB/gpg.log")"
	done
	sign maker --export maker@lab.test >"$LAB/keyring.gpg"
	sign maker --detach-sign --output "$web/one/SHA512SUMS.gpg" "$web/one/SHA512SUMS"
	signed_entry 'signature = SHA512SUMS.gpg' 'signature_required = on'
	succeeds image pull signed
	holds "$(pulled signed)" "$image"
	json .signature "$LAB/keyring.gpg" image show "$(pulled signed)"
	succeeds image remove "$(pulled signed)"
}

a_bad_signature_is_refused()
{
	logs_forget
	sign stranger --detach-sign --output "$web/one/SHA512SUMS.gpg" "$web/one/SHA512SUMS"
	refused 6 signature image pull signed
	sign maker --detach-sign --output "$web/one/SHA512SUMS.gpg" "$LAB/conf"
	refused 6 signature image pull signed
	: >"$web/one/SHA512SUMS.gpg"
	refused 6 signature image pull signed
	rm "$web/one/SHA512SUMS.gpg"
	refused 1 'SHA512SUMS.gpg.*404' image pull signed
	is "requests for the image" "$(nginx_gets 8443 /one/image.qcow2)" 0
	is "images" "$(names "$images")" ''
}

without_its_keyring_it_is_noted_or_refused()
{
	sign maker --detach-sign --output "$web/one/SHA512SUMS.gpg" "$web/one/SHA512SUMS"
	mv "$LAB/keyring.gpg" "$LAB/away.gpg"
	logs_forget
	refused 6 "$LAB/keyring.gpg" image pull signed
	has "hint" "$err" lab-keyring
	ln -s keyring.gpg "$LAB/keyring.gpg"
	refused 5 "$LAB/keyring.gpg" image pull signed
	rm "$LAB/keyring.gpg"
	is "requests for the digest" "$(nginx_gets 8443 /one/SHA512SUMS)" 0
	signed_entry 'signature = SHA512SUMS.gpg'
	succeeds image pull signed
	has "what is told" "$err" lab-keyring
	json .signature null image show "$(pulled signed)"
	succeeds image remove "$(pulled signed)"
	mv "$LAB/away.gpg" "$LAB/keyring.gpg"
}

# what stands around the signed text counts for nothing
a_signature_may_be_inline()
{
	sign maker --clearsign --output "$web/one/CHECKSUM" "$web/one/SHA512SUMS"
	signed_entry 'signature = inline' 'digest_file = CHECKSUM' 'signature_required = on'
	sed -i '/SHA512SUMS/d' "$catalogue/signed.conf"
	succeeds image pull signed
	succeeds image remove "$(pulled signed)"
	echo 'nothing of ours' >"$LAB/text"
	sign maker --clearsign --output "$LAB/text.asc" "$LAB/text"
	cat "$web/one/SHA512SUMS" "$LAB/text.asc" "$web/one/SHA512SUMS" >"$web/one/CHECKSUM"
	refused 6 "find 'image.qcow2' in '$good/one/CHECKSUM'" image pull signed
	cp "$web/one/SHA512SUMS" "$web/one/CHECKSUM"
	refused 6 "check the signature of '$good/one/CHECKSUM'" image pull signed
	is "images" "$(names "$images")" ''
	rm "$catalogue/signed.conf"
}

run_tests an_image_is_published digests_come_in_three_styles a_digest_may_be_fixed \
	an_image_may_come_over_plain_HTTP_but_not_its_digest a_good_signature_is_asked_for_and_taken a_bad_signature_is_refused \
	without_its_keyring_it_is_noted_or_refused a_signature_may_be_inline no_image_is_left \
	nothing_is_left_behind
