#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nics.sh - several NICs, set, who else has an address, and what a guest may send.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need tc

ip_one=192.168.86.11 ip_two=10.86.0.12 ip_six=fd00:86::11
mac_one=52:54:00:00:86:11 mac_two=52:54:00:00:87:11

a_second_LAN_is_made()
{
	ip link add br1 type bridge
	ip link add lan1 type veth peer name lan1 netns "$lan_pid"
	ip link set lan1 master br1
	ip address add 10.86.0.1/24 dev br1
	ip address add fd00:86::1/64 dev br0 nodad
	ip link set lan1 up
	ip link set br1 up
	lan ip address add 10.86.0.7/24 dev lan1
	lan ip address add fd00:86::7/64 dev lan0 nodad
	lan ip link set lan1 up
	echo 'bridges = br0, br1' >>"$conf"
}

NICs_are_checked_before_anything_is_made()
{
	local before
	local -a common=(create one --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub")

	refused 2 "unknown key 'colour'" "${common[@]}" --nic colour=red
	before=$(snapshot) # the folders of VMs are there
	refused 2 "'ip' needs a value" "${common[@]}" --nic ip
	refused 2 "'mtu' is given twice" "${common[@]}" --nic mtu=1400,mtu=1300
	refused 2 "nothing is said" "${common[@]}" --nic ''
	refused 2 "parse vlan '4095'" "${common[@]}" --vlan 4095
	refused 2 "parse trunk '7-3'" "${common[@]}" --trunk 7-3
	refused 2 "VLAN 5 is both" "${common[@]}" --vlan 5 --trunk 4-6
	refused 2 "overlap" "${common[@]}" --trunk 4-6,5
	refused 2 "parse rate 'fast'" "${common[@]}" --rate fast
	refused 2 "parse rate '0'" "${common[@]}" --rate 0
	refused 2 "parse queues '17'" "${common[@]}" --queues 17
	refused 2 "guard 'ip' needs static addresses" "${common[@]}" --guard ip
	refused 2 "given twice" "${common[@]}" --ip "$ip_one" --ip "$ip_one"
	refused 2 "'dhcp' comes first" "${common[@]}" --ip "$ip_one" --ip dhcp
	refused 2 "address $ip_one is that of nic.0" "${common[@]}" --ip "$ip_one" --nic "ip=$ip_one"
	refused 2 "address $ip_one is that of nic.0" "${common[@]}" --ip "$ip_one" --nic "ip=$ip_one" \
		--dry-run
	grep -q . /sys/class/net/br0/bridge/vlan_filtering 2>/dev/null ||
		refused 5 "bridge 'br0' has no VLANs" "${common[@]}" --ip dhcp --vlan 20
	refused 2 "at most 8 NICs" "${common[@]}" --ip dhcp --nic ip=dhcp --nic ip=dhcp \
		--nic ip=dhcp --nic ip=dhcp --nic ip=dhcp --nic ip=dhcp --nic ip=dhcp --nic ip=dhcp
	refused 2 "outside the LAN 10.86.0.0/24 of bridge 'br1'" "${common[@]}" \
		--ip "$ip_one" --nic bridge=br1,ip=192.168.86.12
	refused 4 "10.86.0.1 is this host's own" "${common[@]}" --nic bridge=br1,ip=10.86.0.1
	refused 5 "bridge 'br2' does not exist" "${common[@]}" --nic bridge=br2
	refused 5 "link 'lo' is no bridge" "${common[@]}" --nic bridge=lo
	unchanged "$before"
}

two_NICs_are_created()
{
	succeeds create one --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" \
		--ip "$ip_one" --ip "$ip_six/64" --mac "$mac_one" --cpus 2 --queues 2 --vhost off \
		--nic "bridge=br1,ip=$ip_two,mac=$mac_two,guard=ip,isolated,rate=50/0,vhost=off" \
		"${direct_boot[@]}"
	has "what create says" "$err" "one: created, $ip_one/24, MAC $mac_one"
	has "what create says" "$err" "one: one more NIC, $ip_two/24, MAC $mac_two"
	json '[.nics[] | .mac, .bridge, (.addresses | join(" ")), .guard]' \
		"[\"$mac_one\",\"br0\",\"$ip_one/24 $ip_six/64\",\"mac\",\"$mac_two\",\"br1\",\"$ip_two/24\",\"ip\"]" \
		show one
	json '.nics[1] | [.isolated, .rate_to_guest_mbit, .rate_from_guest_mbit]' '[true,50,0]' show one
	is "vm.ip" "$(<"$state/vms/one/vm.ip")" "$ip_one/24"
	is "vm.mac" "$(<"$state/vms/one/vm.mac")" "$mac_one"
	prints "[nic.1]" show one
	prints "$ip_six/64" seed one network-config
	prints "$ip_two/24" seed one network-config
	is "default routes in the seed" "$(grep -c 'to: "\?0.0.0.0/0' <<<"$out")" 1
}

what_is_taken_is_refused_for_every_NIC()
{
	local before
	local -a common=(create two --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub")

	before=$(snapshot)
	refused 4 "address $ip_two is in use by vm 'one'" "${common[@]}" --nic "bridge=br1,ip=$ip_two"
	refused 4 "address $ip_six is in use by vm 'one'" "${common[@]}" --ip "$ip_six"
	refused 4 "mac $mac_two is in use by vm 'one'" "${common[@]}" --ip dhcp --nic "mac=$mac_two"
	unchanged "$before"
}

settings_are_set()
{
	says 'takes effect at the next start' set one memory=128M cpus=2
	json '.memory_bytes' "$((128 << 20))" show one
	says 'in effect now' set one protect=on
	refused 7 "vm 'one' is protected" delete --yes one
	refused 7 "vm 'one' is protected" delete --yes --force one
	says 'in effect now' set one protect=off stop_timeout=60
	says 'next start' set one nic.2.bridge=br1 nic.2.ip=10.86.0.13 nic.2.vhost=off
	json '.nics | length' 3 show one
	matches "MAC of the third NIC" "$(jq -r '.nics[2].mac' <<<"$out")" '^52:54:00:'
	prints '10.86.0.13/24' seed one network-config
	ok test -L "$state/claims/address-10.86.0.13"
	says 'next start' set one nic.2=none
	json '.nics | length' 2 show one
	no test -L "$state/claims/address-10.86.0.13"
	no grep -q '10.86.0.13' <<<"$("$MNMIVM_SE" --config "$conf" seed one network-config)"
}

what_cannot_be_set_is_refused()
{
	local before

	before=$(snapshot)
	refused 2 "'memory' is no KEY=VALUE" set one memory
	refused 2 "unknown key 'memmory'" set one memmory=1G
	refused 2 "'uid' is not to be set" set one uid=2100000001
	refused 2 "'image.path' is not to be set" set one image.path=/x
	refused 2 "'cgroup' is a setting of the host.*hint: set it in $conf" set one cgroup=off
	refused 2 "'expose' is a setting of the host.*hint: set it in $conf" set one expose=/opt
	refused 2 "unknown key 'nothing'" set one nothing=1
	refused 2 "parse memory '1'" set one memory=1
	refused 2 "nic.2 is to come before nic.3" set one nic.3.ip=dhcp
	refused 2 "nic.0 cannot be taken away" set one nic.0=none
	refused 2 "there is no nic.5" set one nic.5=none
	refused 2 "'none' or has a key" set one nic.1=off
	refused 2 "it needs a kernel" set one machine=microvm kernel= initrd= append=
	refused 4 "192.168.86.1 is this host's own" set one ip=192.168.86.1
	refused 2 "guard 'ip' needs static addresses" set one nic.1.ip=dhcp
	refused 3 "no vm 'nobody'" set nobody memory=1G
	# all or nothing
	refused 2 "parse cpus '0'" set one memory=64M cpus=0
	unchanged "$before"
}

an_address_that_another_station_has_is_not_started()
{
	local before

	lan ip address add "$ip_one/32" dev lan0
	before=$(snapshot)
	refused 4 "address $ip_one is in use on the LAN by MAC $(lan ip -j link show lan0 | jq -r .[0].address)" \
		start one
	is "processes" "$(program_processes)" ''
	unchanged "$before"
	lan ip address del "$ip_one/32" dev lan0
	lan ip address add "$ip_six/128" dev lan0 nodad
	refused 4 "address $ip_six is in use on the LAN by MAC" start one
	lan ip address del "$ip_six/128" dev lan0
	lan ip address add "$ip_two/32" dev lan1
	refused 4 "address $ip_two is in use on the LAN by MAC" start one
	says 'one: started' start one --no-probe
	lan ip address del "$ip_two/32" dev lan1
	succeeds stop --force one
}

the_guest_is_announced_before_it_runs()
{
	lan ip neigh replace "$ip_one" lladdr 52:54:00:00:00:99 dev lan0 nud stale
	says 'one: started, paused' start one --paused
	eventually neighbour_is "$ip_one" "$mac_one"
	succeeds resume one
}

neighbour_is()
{
	lan ip -j neigh show "$1" | jq -e --arg mac "$2" '.[0].lladdr == $mac' >/dev/null
}

a_tap_is_made_for_each_NIC()
{
	local first second

	first=$(ip -j -d link show mvm-one) second=$(ip -j -d link show mvm1-one)
	is "bridges" "$(jq -r '.[0].master' <<<"$first$second" | xargs)" 'br0 br1'
	is "aliases" "$(jq -r '.[0].ifalias' <<<"$first$second" | xargs)" \
		'mnmivm-se:one/0 mnmivm-se:one/1'
	# QEMU takes the second one away until the guest's driver wants it
	is "queues" "$(jq '.[0].linkinfo.info_data | .numqueues + .numdisabled' <<<"$first")" 2
	is "isolated" "$(jq -r '.[0].linkinfo.info_slave_data.isolated' <<<"$first$second" | xargs)" \
		'false true'
	is "locked" "$(jq -r '.[0].linkinfo.info_slave_data.locked' <<<"$first$second" | xargs)" \
		'true true'
	is "qdisc of the limited NIC" "$(tc -j qdisc show dev mvm1-one root | jq -r '.[0].kind')" tbf
	prints '"mq":true' show-cmd one
	matches "netdevs of QEMU" "$(tr '\0' '\n' <"/proc/$(pid_of one)/cmdline" | grep ^tap,)" \
		'tap,id=nic0,fds=[0-9]+:[0-9]+.*tap,id=nic1,fd'
}

the_guest_has_all_its_addresses()
{
	eventually answers "$ip_one" one
	eventually lan ping -q -c 1 -W 1 "$ip_two" >/dev/null
	eventually lan ping -q -c 1 -W 1 "$ip_six" >/dev/null
}

# What the guest can be made to do from here: its kernel answers ARP for whatever it has.
a_guarded_guest_cannot_take_another_address()
{
	eventually log_in one "$ip_one" ip address add 10.86.0.99/24 dev eth1
	no lan ping -q -c 2 -W 1 10.86.0.99 >/dev/null
	matches "dropped" "$("$MNMIVM_SE" --config "$conf" --format json status -v one |
		jq -c '[.taps[].dropped]')" 'arp'
}

a_new_address_passes_the_guard_after_one_reboot()
{
	says 'takes effect when the guest reboots' set one nic.1.ip=10.86.0.14
	refused 4 "address $ip_two is in use by vm 'one'" create two --dry-run \
		--image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" --nic "bridge=br1,ip=$ip_two"
	ok lan ping -q -c 1 -W 1 "$ip_two" >/dev/null
	log_in one "$ip_one" reboot
	eventually lan ping -q -c 1 -W 1 10.86.0.14 >/dev/null
	no lan ping -q -c 1 -W 1 "$ip_two" >/dev/null
	succeeds stop --force one
}

the_second_LAN_is_removed()
{
	ip link del br1
	ip link del lan1
}

run_tests \
	a_second_LAN_is_made \
	NICs_are_checked_before_anything_is_made \
	two_NICs_are_created \
	what_is_taken_is_refused_for_every_NIC \
	settings_are_set \
	what_cannot_be_set_is_refused \
	an_address_that_another_station_has_is_not_started \
	the_guest_is_announced_before_it_runs \
	a_tap_is_made_for_each_NIC \
	the_guest_has_all_its_addresses \
	a_guarded_guest_cannot_take_another_address \
	a_new_address_passes_the_guard_after_one_reboot \
	the_second_LAN_is_removed \
	nothing_is_left_behind
