#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian.sh - a real Debian with its cloud-init, from create to a new address and a graceful stop.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need "$MNMIVM_DEBIAN"

ip_old=192.168.86.61 ip_new=192.168.86.62 ip=$ip_old
guest_user=debian
instance_id=''

# in_guest COMMAND: its output, from the other host and with the pinned key alone.
in_guest()
{
	log_in deb "$ip" "$@"
}

cloud_init_finishes()
{
	succeeds create deb --image "$MNMIVM_DEBIAN" --pubkey-path "$key.pub" --ip "$ip" \
		--memory 1G --cpus 2 --disk 6G --start --wait=cloud-init --timeout 900
	has "create --wait" "$err" 'deb: ready (cloud-init)'
	succeeds wait deb --for ssh --timeout 300
	is "cloud-init status" "$(in_guest cloud-init status --wait | tail -n 1)" 'status: done'
	is "errors of cloud-init" "$(in_guest cat /run/cloud-init/result.json | jq -c .v1.errors)" '[]'
	has "datasource" "$(in_guest cat /run/cloud-init/result.json)" DataSourceNoCloud
	instance_id=$(in_guest cat /run/cloud-init/.instance-id)
	succeeds show deb --format json
	is "instance id" "$instance_id" "$(jq -r .instance_id <<<"$out")"
}

the_guest_is_as_it_was_asked_for()
{
	is "hostname" "$(in_guest hostname)" deb
	is "addresses" "$(in_guest ip -j -4 address show scope global |
		jq -r '.[].addr_info[] | "\(.local)/\(.prefixlen)"')" "$ip/24"
	is "default route" "$(in_guest ip -j route show default | jq -r '.[].gateway')" 192.168.86.254
	is "name servers" "$(in_guest resolvectl dns | grep -o '[0-9.]*$')" 192.168.86.254
	is "processors" "$(in_guest nproc)" 2
	has "what sshd allows" "$(in_guest sudo sshd -T)" $'\npasswordauthentication no\n'
	guest_user=root no in_guest true >/dev/null
}

no_unit_has_failed()
{
	is "state of the system" "$(in_guest systemctl is-system-running --wait)" running
	is "failed units" "$(in_guest systemctl list-units --failed --no-legend --plain)" ''
}

the_root_disk_has_grown()
{
	local bytes

	bytes=$(in_guest df --block-size=1 --output=size / | tail -n 1)
	((bytes > 5 << 30)) || fail "the root file system has $bytes bytes of a disk of 6 GiB"
}

nobody_has_a_password()
{
	local shadow

	shadow=$(in_guest sudo getent shadow)
	has "shadow" "$shadow" $'\ndebian:'
	is "users with a password" "$(awk -F : '$2 !~ /^[!*]/ { print $1 }' <<<"$shadow")" ''
	is "state of the passwords" "$(in_guest sudo passwd --status --all | awk '{ print $2 }' | sort -u)" L
}

a_new_address_takes_one_reboot()
{
	local pid boot

	pid=$(pid_of deb)
	boot=$(in_guest cat /proc/sys/kernel/random/boot_id)
	cp "$state/vms/deb/ssh_host_ed25519_key.pub" "$LAB/host-key"
	says 'takes effect when the guest reboots' update-cloud deb --ip "$ip_new"
	is "address before the reboot" "$(in_guest hostname -I | xargs)" "$ip_old"
	in_guest sudo reboot
	ip=$ip_new
	succeeds wait deb --for ssh --timeout 600
	[[ $(in_guest cat /proc/sys/kernel/random/boot_id) != "$boot" ]] || fail "it has not rebooted"
	is "QEMU" "$(pid_of deb)" "$pid"
	ok cmp "$LAB/host-key" "$state/vms/deb/ssh_host_ed25519_key.pub"
	is "cloud-init status" "$(in_guest cloud-init status --wait | tail -n 1)" 'status: done'
	the_guest_is_as_it_was_asked_for
	is "instance id" "$(in_guest cat /run/cloud-init/.instance-id)" "$instance_id"
	no lan ping -c 1 -W 2 "$ip_old" >/dev/null
	no_unit_has_failed
}

the_guest_shuts_down_in_order()
{
	local pid

	pid=$(pid_of deb)
	says 'deb: stopped' stop deb --timeout 300
	no test -e "/proc/$pid"
	prints 'Reached target' logs --console deb
	matches "end of the console" "$(tail -n 5 <<<"$out")" 'Power down|Powering off'
	se status deb
	is "code of status" "$code" 3
}

run_tests \
	cloud_init_finishes \
	the_guest_is_as_it_was_asked_for \
	no_unit_has_failed \
	the_root_disk_has_grown \
	nobody_has_a_password \
	a_new_address_takes_one_reboot \
	the_guest_shuts_down_in_order \
	nothing_is_left_behind
