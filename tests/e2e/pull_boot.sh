#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_boot.sh - a real Debian from a server: created by its alias on a host that has nothing, and booted.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"
need "$MNMIVM_DEBIAN"

ip=192.168.86.61
guest_user=debian
shipped=${BASH_SOURCE[0]%/*}/../../contrib/images.d/debian.conf

# The catalogue as it is shipped, but for the names of the servers.
the_server_has_debian()
{
	local file=$web/debian/trixie/latest/debian-13-genericcloud-amd64.qcow2

	setting image_max 2G
	sed "s|https://cloud.debian.org/images/cloud/|$good/debian/|
		s|https://cdimage.debian.org/images/cloud/|$second/debian/|" "$shipped" \
		>"$catalogue/debian.conf"
	mkdir -p "${file%/*}"
	ln -s "$MNMIVM_DEBIAN" "$file"
	publish debian/trixie/latest
}

one_command_creates_and_boots_it()
{
	local day name

	day=$(date -u +%Y%m%d)
	succeeds create deb --os debian --pubkey-path "$key.pub" --ip "$ip" --memory 1G --cpus 2 \
		--disk 4G --start --wait=cloud-init --timeout 900
	has "create --wait" "$err" 'deb: ready (cloud-init)'
	name=$(pulled debian-13)
	is "its name" "$name" "$(named_by debian-13 "$day" "$MNMIVM_DEBIAN")"
	is "base" "$(base_of deb)" "$images/$name.qcow2"
	is "os" "$(<"$state/vms/deb/os.name")" debian-13
}

its_user_logs_in()
{
	succeeds wait deb --for ssh --timeout 300
	is "hostname" "$(log_in deb "$ip" hostname)" deb
	is "user" "$(log_in deb "$ip" id -un)" debian
	is "cloud-init status" "$(log_in deb "$ip" cloud-init status --wait | tail -n 1)" \
		'status: done'
}

the_image_is_as_it_was()
{
	succeeds stop --force deb
	succeeds image verify
	succeeds delete --yes deb
}

run_tests the_server_has_debian one_command_creates_and_boots_it its_user_logs_in \
	the_image_is_as_it_was nothing_is_left_behind
