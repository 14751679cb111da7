#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# network.sh - what the bridge really is, and guests that fell off it.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need tc

ip_one=192.168.86.21 ip_two=192.168.86.22
mac_one=52:54:00:00:86:21

# The members of a port that `ip` tells as well, in its words.
ip_ports()
{
	ip -j -d -s link show master "$1" | jq -c 'map(.linkinfo.info_slave_data as $slave | {
		name: .ifname, kind: .linkinfo.info_kind, mac: .address, mtu,
		up: (.flags | index("UP") != null), state: $slave.state,
		locked: $slave.locked, learning: $slave.learning, flood: $slave.flood,
		isolated: $slave.isolated}) | sort_by(.name)'
}

our_ports='.[0].ports | map({name, kind, mac, mtu, up, state, locked, learning, flood, isolated}) |
	sort_by(.name)'

# entries BRIDGE: the forwarding table, a line each
entries()
{
	bridge -j -d fdb show br "$1" | jq -r '.[] | select(.flags | index("self") | not) |
		"\(.mac) \(.ifname) \(.state)"' | sed 's/ $/ learned/; s/ permanent$/ local/' | sort
}

our_entries='.[0].fdb[] | "\(.mac) \(.port) " +
	if .local then "local" elif .static then "static" else "learned" end'

# port NAME FILTER: a member of a port of br0
port()
{
	succeeds --format json net show br0
	jq -cr --arg name "$1" ".[0].ports[] | select(.name == \$name) | $2" <<<"$out"
}

# All there is to see of links, ports, filters and the forwarding table's own entries.
network()
{
	# what is learned comes and goes, and counters count
	ip -j -d link | jq -S 'map(del(.linkinfo.info_data["gc_timer", "hello_timer"],
		.linkinfo.info_slave_data.forward_delay_timer))'
	bridge -d link
	entries br0 | grep -v learned
	tc qdisc
	local tap

	for tap in mvm-one mvm-two; do
		tc filter show dev "$tap" ingress 2>/dev/null
	done
}

# same_network BEFORE
same_network()
{
	local now

	now=$(network)
	[[ $now == "$1" ]] ||
		fail "the network has changed:" "$(diff <(echo "$1") <(echo "$now") | grep '^[<>]')"
}

# What a restart of the host's network does to guests that run.
make_bridge()
{
	ip link add br0 type bridge
	ip link set lan0 master br0
	ip address add 192.168.86.1/24 dev br0
	ip link set br0 up
	ip route add default via 192.168.86.254
}

guests_run()
{
	make one "$ip_one" --mac "$mac_one" "${direct_boot[@]}"
	make two "$ip_two" "${direct_boot[@]}"
	says 'two: started' start --all
	eventually answers "$ip_one" one
	eventually answers "$ip_two" two
}

ports_are_shown_as_the_kernel_has_them()
{
	json "$our_ports" "$(ip_ports br0)" net show br0
	json '.[0].ports | map(.name) | join(" ")' 'lan0 mvm-one mvm-two' net show br0
	json 'map(.name)' '["br0"]' net show
	json '.[0] | [.up, .stp, .vlan_filtering, .mtu, .forward_delay_s]' \
		'[true,false,false,1500,15]' net show
	json '.[0].addresses | map(select(startswith("fe80") | not))' '["192.168.86.1/24"]' net show
	is "queues" "$(port lan0 .queues)" "$(ip -j -d link show lan0 | jq '.[0].num_tx_queues')"
	is "queues of a guest with one CPU" "$(port mvm-one .queues)" 1
}

every_tap_has_its_VM()
{
	is "owner" "$(port mvm-one '[.vm, .nic, .running, .guest_mac]')" \
		"[\"one\",0,true,\"$mac_one\"]"
	is "owner of an uplink" "$(port lan0 '[.vm, .nic, .running]')" '[null,null,false]'
	is "guard" "$(port mvm-one '[.guard, .guard_effect, .filter]')" '["mac","mac",true]'
	is "guard of an uplink" "$(port lan0 '[.guard, .guard_effect]')" '[null,"-"]'
	is "problem" "$(port mvm-one .problem)" null
}

a_table_is_for_people()
{
	local row

	prints 'br0: up, MTU 1500, STP off' net show
	is "messages" "$err" ''
	has "bridge" "$out" '192.168.86.1/24'
	is "headings" "$(sed -n 2p <<<"$out" | xargs)" \
		'PORT VM/NIC STATE MAC VLANS GUARD ISOLATED QUEUES RX TX DROPS LEARNED'
	row=$(grep '^mvm-one ' <<<"$out" | xargs)
	has "row" "$row" "mvm-one one/0 forwarding $mac_one - mac no 1 "
	row=$(grep '^lan0 ' <<<"$out" | xargs)
	has "row" "$row" 'lan0 (veth) forwarding '
	succeeds --quiet net show
	is "net show --quiet" "$out" br0
}

what_is_learned_is_counted()
{
	guest "$ip_one" hostname >/dev/null
	is "learned" "$(port lan0 .learned)" \
		"$(entries br0 | grep -c ' lan0 learned$')"
	is "learned behind a locked port" "$(port mvm-one .learned)" 0
	succeeds --format json --verbose net show br0
	is "entries" "$(jq -r "$our_entries" <<<"$out" | sort)" "$(entries br0)"
	prints "$mac_one  mvm-one" --verbose net show br0
	has "entry" "$out" 'static, sticky'
}

counters_count_from_the_hosts_side()
{
	local before now

	before=$(port mvm-one .rx_packets)
	guest "$ip_one" hostname >/dev/null
	now=$(port mvm-one .rx_packets)
	((now > before)) || fail "packets from the guest: $before, then $now"
}

other_bridges_are_shown_when_asked_for()
{
	ip link add br9 type bridge
	json '.[0] | [.name, .up, .ports]' '["br9",false,[]]' net show br9
	prints 'br9: down' net show br9
	lacks "all bridges" "$("$MNMIVM_SE" --config "$conf" net show)" br9
	ip link del br9
	refused 5 "bridge 'br9' does not exist" net show br9
	refused 5 "link 'lan0' is no bridge" net show lan0
}

mistakes_are_refused()
{
	refused 2 'missing verb' net
	refused 2 'net' net nonsense
	refused 2 "unexpected argument 'br1'" net show br0 br1
	refused 2 '--dry-run goes with' net show --dry-run
	refused 3 "no vm 'nobody'" net repair nobody
	refused 2 'name' net repair ../one
	make idle 192.168.86.29 "${direct_boot[@]}"
	refused 7 "vm 'idle' is not running" net repair idle
	succeeds delete --yes idle
}

status_tells_of_the_port()
{
	prints 'mvm-one' --verbose status one
	has "status" "$out" 'forwarding'
	has "status" "$out" "bridge 'br0'"
	json '.taps[0] | [.name, .state, .bridge, .guard_effect]' \
		'["mvm-one","forwarding","br0","mac"]' status one
	json .tap_exists true status one
}

what_lacks_nothing_is_not_touched()
{
	local before

	before=$(network)
	says 'one: nothing to repair' net repair
	has "net repair" "$err" 'two: nothing to repair'
	says 'two: nothing to repair' net repair two
	lacks "net repair two" "$err" one
	same_network "$before"
}

a_tap_that_fell_off_is_shown()
{
	ip link set mvm-one nomaster
	is "state" "$(port mvm-one '[.state, .bridge, .vm]')" '["fell-off",null,"one"]'
	succeeds net show
	has "table" "$out" 'fell-off'
	has "message" "$err" "one/0: tap 'mvm-one' fell off its bridge 'br0'"
	has "message" "$err" 'hint: mnmivm-se net repair one'
	prints 'fell-off' --verbose status one
	has "status" "$out" 'mnmivm-se net repair one'
	json '.taps[0].state' fell-off status one
}

a_dry_run_of_repair_changes_nothing()
{
	local before

	before=$(network)
	prints "one: tap 'mvm-one': " net repair --dry-run
	lacks "dry run" "$out" mvm-two
	same_network "$before"
}

a_tap_is_put_back()
{
	says 'one: repaired' net repair
	has "net repair" "$err" 'two: nothing to repair'
	says 'one: nothing to repair' net repair one
	is "state" "$(port mvm-one '[.state, .guard_effect, .problem]')" '["forwarding","mac",null]'
	eventually answers "$ip_one" one
}

guests_outlive_their_bridge()
{
	ip link del br0
	make_bridge
	no guest "$ip_one" hostname
	is "states" "$(port mvm-one .state) $(port mvm-two .state)" 'fell-off fell-off'
	says 'one: repaired' net repair
	has "net repair" "$err" 'two: repaired'
	eventually answers "$ip_one" one
	eventually answers "$ip_two" two
	json "$our_ports" "$(ip_ports br0)" net show br0
	is "guard" "$(port mvm-one '[.locked, .filter, .learning]')" '[true,true,false]'
	is "entry" "$(entries br0 | grep "^$mac_one")" "$mac_one mvm-one static"
	says 'one: nothing to repair' net repair
}

the_LAN_is_told_where_a_guest_is()
{
	local listener

	command -v tcpdump >/dev/null || return 0
	ip link set mvm-one nomaster
	# from the guest's MAC, to all: QEMU's RARP, or ARP of the guest itself
	lan timeout 60 tcpdump -c 1 -i lan0 "ether src $mac_one and ether broadcast and (rarp or arp)" \
		>/dev/null 2>"$LAB/tcpdump" &
	listener=$!
	eventually grep -q listening "$LAB/tcpdump"
	says 'one: repaired' net repair one
	ok wait "$listener"
}

a_bridge_that_is_gone_is_named()
{
	ip link del br0
	succeeds net show
	has "bridge" "$out" 'br0: cannot be read'
	has "message" "$err" "bridge 'br0' does not exist"
	has "table" "$out" 'fell-off'
	refused 5 "one: bridge 'br0' does not exist" net repair one
	se net repair
	is "exit code of net repair" "$code" 5
	make_bridge
	succeeds net repair
	eventually answers "$ip_one" one
}

a_tap_that_was_removed_needs_a_restart()
{
	ip link del mvm-one
	ip link set mvm-two nomaster
	is "state" "$(port mvm-one '[.state, .vm]')" '["missing","one"]'
	se net repair
	is "exit code" "$code" 1
	has "net repair" "$err" "mvm-one"
	has "net repair" "$err" 'hint: mnmivm-se restart one'
	has "one that fails does not keep the other from it" "$err" 'two: repaired'
	eventually answers "$ip_two" two
	succeeds restart --force one
	eventually answers "$ip_one" one
	says 'one: nothing to repair' net repair
}

taps_go_with_their_guests()
{
	succeeds stop --all --force
	json '.[0].ports | map(.name)' '["lan0"]' net show
	says '' net repair
	is "net repair without VMs" "$err" ''
}

run_tests guests_run ports_are_shown_as_the_kernel_has_them every_tap_has_its_VM \
	a_table_is_for_people what_is_learned_is_counted counters_count_from_the_hosts_side \
	other_bridges_are_shown_when_asked_for mistakes_are_refused status_tells_of_the_port \
	what_lacks_nothing_is_not_touched a_tap_that_fell_off_is_shown \
	a_dry_run_of_repair_changes_nothing a_tap_is_put_back guests_outlive_their_bridge \
	the_LAN_is_told_where_a_guest_is a_bridge_that_is_gone_is_named \
	a_tap_that_was_removed_needs_a_restart taps_go_with_their_guests nothing_is_left_behind
