#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host.sh - taps on a host whose systemd has udev and networkd look after links.
#
# Each file of contrib/network is held against what happens without it.

# shellcheck disable=SC2317,SC2034 # lib.sh starts the suite anew
LAB_ON_HOST=1
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
need systemctl udevadm networkctl modprobe
files=${BASH_SOURCE[0]%/*}/../../network
taps=${BASH_SOURCE[0]%/*}/../../programs/taps

systemd_looks_after_links()
{
	is "udev" "$(systemctl is-active systemd-udevd)" active
	is "networkd" "$(systemctl is-active systemd-networkd)" active
	bridge_mac=$(cat /sys/class/net/br0/address)
}

# make_mac: how a tap of our names came by its MAC, 1: at random, 3: it was set (linux/netdevice.h)
make_mac()
{
	ip tuntap add dev mvm-probe mode tap
	udevadm settle
	cat /sys/class/net/mvm-probe/addr_assign_type
	link_file=$(udevadm info --query property --property ID_NET_LINK_FILE --value \
		/sys/class/net/mvm-probe)
	ip link delete mvm-probe
}

udev_leaves_the_MAC_of_a_tap_to_us()
{
	is "without our file" "$(make_mac)" 3
	cp "$files/05-mnmivm-se.link" /etc/systemd/network/
	udevadm control --reload
	is "with it" "$(make_mac)" 1
	make_mac >/dev/null
	is "file that applies" "$link_file" /etc/systemd/network/05-mnmivm-se.link
}

# Taps that are opened ever so slowly, so that udev comes before, between and after.
no_race_with_udev_changes_a_MAC()
{
	local macs

	rm /etc/systemd/network/05-mnmivm-se.link
	udevadm control --reload
	diag "what came of taps without our file: $("$taps" br0 50 | sort | uniq -c | xargs)"
	cp "$files/05-mnmivm-se.link" /etc/systemd/network/
	udevadm control --reload
	macs=$("$taps" br0 50) || fail "taps"
	is "MACs" "$(sort <<<"$macs" | uniq -c | xargs)" '50 fe:54:00:12:34:56'
	is "MAC of the bridge" "$(cat /sys/class/net/br0/address)" "$bridge_mac"
}

# managed TAP: what networkd makes of it, the tap's bridge and addresses
managed()
{
	networkctl --json=short list | jq -r --arg name "$1" '.Interfaces[] |
		select(.Name == $name) | .AdministrativeState'
	ip -j address show dev "$1" | jq -r '.[] | .master, .addr_info[].local'
}

is_managed()
{
	[[ $(managed "$1" | xargs) == "$2" ]]
}

# join TAP WANTED: a tap of our names joins the bridge, as any program's would.
join()
{
	ip tuntap add dev "$1" mode tap
	ip link set "$1" master br0 up
	eventually is_managed "$1" "$2"
	ip link delete "$1"
}

networkd_leaves_our_taps_alone()
{
	printf '[Match]\nName=mvm*\n[Network]\nLinkLocalAddressing=no\nAddress=10.99.0.1/24\n' \
		>/etc/systemd/network/50-all.network
	printf 'ConfigureWithoutCarrier=yes\n' >>/etc/systemd/network/50-all.network
	networkctl reload
	join mvm-probe 'configured null 10.99.0.1'
	cp "$files/05-mnmivm-se.network" /etc/systemd/network/
	networkctl reload
	join mvm-probe 'unmanaged br0'
	make one 192.168.86.11
	succeeds start --paused one
	is "tap of a VM" "$(managed mvm-one | xargs)" 'unmanaged br0'
}

# What networkd and udev could change of a tap that is in use.
of_tap()
{
	ip -j -d address show dev mvm-one | jq -cS '.[] | del(.addr_info) |
		[.address, .master, .mtu, .flags, .qdisc, .inet6_addr_gen_mode,
		.linkinfo.info_slave_data.state, .linkinfo.info_slave_data.locked]'
}

a_tap_in_use_outlives_their_restart()
{
	local before

	before=$(of_tap)
	has "tap" "$before" '"fe:'
	has "tap" "$before" '"br0"'
	ok systemctl restart systemd-networkd systemd-udevd
	udevadm trigger --subsystem-match net --action add
	udevadm settle
	is "tap" "$(of_tap)" "$before"
	is "tap for networkd" "$(managed mvm-one | xargs)" 'unmanaged br0'
}

# load: br_netfilter, as something on the host might, and what its sysctls are then
load()
{
	modprobe br_netfilter
	udevadm settle
	cat /proc/sys/net/bridge/bridge-nf-call-{ip,ip6,arp}tables | xargs
	rmmod br_netfilter
}

br_netfilter_is_tamed_when_it_loads()
{
	is "without our files" "$(load)" '1 1 1'
	cp "$files/examples/90-mnmivm-se-bridge.conf" /etc/sysctl.d/
	cp "$files/examples/90-mnmivm-se-bridge.rules" /etc/udev/rules.d/
	udevadm control --reload
	is "with them" "$(load)" '0 0 0'
}

# As a service: systemd puts them in a folder that only the service can read.
a_service_makes_a_VM_of_its_credentials()
{
	printf '#cloud-config\nfinal_message: of a credential\n' >"$LAB/secret"
	chmod 600 "$LAB/secret"
	ok systemd-run --quiet --wait --pipe -p "LoadCredential=user-data:$LAB/secret" \
		-p "LoadCredential=admin.key:$key.pub" "$MNMIVM_SE" --config "$conf" create two \
		--image "$MNMIVM_GUEST/guest.qcow2" --ip 192.168.86.12 \
		--pubkey-path credential:admin.key --user-data credential:user-data 2>"$LAB/stderr"
	prints 'of a credential' seed two user-data
	no systemd-run --quiet --wait --pipe "$MNMIVM_SE" --config "$conf" update-cloud two \
		--user-data credential:user-data 2>"$LAB/stderr"
	has "message of a service without" "$(<"$LAB/stderr")" LoadCredential=user-data:
	succeeds delete --yes two
}

run_tests \
	systemd_looks_after_links \
	udev_leaves_the_MAC_of_a_tap_to_us \
	no_race_with_udev_changes_a_MAC \
	networkd_leaves_our_taps_alone \
	a_tap_in_use_outlives_their_restart \
	br_netfilter_is_tamed_when_it_loads \
	a_service_makes_a_VM_of_its_credentials \
	nothing_is_left_behind
