#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guests.sh - vhost, VLANs, rates and a late br_netfilter, under a guest that runs.

# shellcheck disable=SC2317,SC2034 # lib.sh starts the suite anew
LAB_ON_HOST=1 # threads of the kernel are in no other namespace
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
need iptables modprobe python3

# The guest is on the bridge's own LAN and, with its second NIC, in VLAN 20.
ip_lan=192.168.86.11 ip_vlan=10.20.0.11 mbit=10

# What an installed program has for udev and networkd, without which they change taps: see host.sh.
the_host_leaves_taps_alone()
{
	ok cp "${BASH_SOURCE[0]%/*}"/../../network/05-mnmivm-se.* /etc/systemd/network/
	ok udevadm control --reload
	ok networkctl reload
}

the_bridge_filters_VLANs()
{
	local vlan

	ip link set br0 type bridge vlan_filtering 1
	for vlan in 20 30; do
		bridge vlan add dev lan0 vid "$vlan"
		lan ip link add link lan0 name "lan0.$vlan" type vlan id "$vlan"
		lan ip link set "lan0.$vlan" up
	done
	lan ip address add 10.20.0.7/24 dev lan0.20
	is "filtering" "$(ip -j -d link show br0 | jq '.[].linkinfo.info_data.vlan_filtering')" 1
}

a_guest_is_started()
{
	make one "$ip_lan" --vhost on --cpus 1 --rate "$mbit" \
		--nic "vhost=on,vlan=20,ip=$ip_vlan/24" "${direct_boot[@]}"
	says 'one: started' start one
	lacks "what start says" "$err" vhost
	if ((failed)); then
		echo 'Bail out! all others would wait for the guest'
		exit 1
	fi
}

# vlans TAP: those of a port, as `bridge` has them
vlans()
{
	bridge -j vlan show dev "$1" | jq -c '[.[].vlans[] | [.vlan] + .flags]'
}

its_ports_are_in_their_VLANs_and_no_other()
{
	is "first NIC" "$(vlans mvm-one)" '[[1,"PVID","Egress Untagged"]]'
	is "second NIC" "$(vlans mvm1-one)" '[[20,"PVID","Egress Untagged"]]'
}

a_trunk_has_what_was_asked_for()
{
	make two 192.168.86.12/24 --cpus 2 --queues 2 --vhost on --trunk 30-31,40 --vlan 7
	make three 192.168.86.13/24 --trunk 20
	succeeds start --paused two three
	is "VLANs of a trunk with a VLAN" "$(vlans mvm-two)" \
		'[[7,"PVID","Egress Untagged"],[30],[31],[40]]'
	is "VLANs of a trunk alone" "$(vlans mvm-three)" '[[20]]'
}

a_bridge_that_does_not_filter_is_refused()
{
	ip link set br0 type bridge vlan_filtering 0
	succeeds stop --force two
	refused 5 "bridge 'br0' does not tell VLANs apart" start two
	no ip link show mvm-two 2>/dev/null
	ip link set br0 type bridge vlan_filtering 1
	succeeds start --paused two
}

# netdevs VM: QEMU's options for its host side of networks.
netdevs()
{
	tr '\0' '\n' <"/proc/$(pid_of "$1")/cmdline" | grep '^tap,'
}

# vhost_fds VM: how often QEMU has the kernel's virtio-net open.
vhost_fds()
{
	find "/proc/$(pid_of "$1")/fd" -lname /dev/vhost-net | wc -l
}

QEMU_has_vhost_for_each_queue()
{
	is "networks of one" "$(netdevs one | grep -c ',fd=[0-9]*,vhost=on,vhostfd=[0-9]*$')" 2
	is "vhost of one" "$(vhost_fds one)" 2
	matches "network of two" "$(netdevs two)" 'fds=[0-9]+:[0-9]+,vhost=on,vhostfds=[0-9]+:[0-9]+$'
	is "vhost of two" "$(vhost_fds two)" 2
}

without_the_device_vhost_is_refused_or_noted()
{
	succeeds stop --force two
	mv /dev/vhost-net /dev/vhost-net.away
	refused 5 "open '/dev/vhost-net'" start two
	no ip link show mvm-two 2>/dev/null
	succeeds set two vhost=auto
	says "no vhost: open '/dev/vhost-net'" start --paused two
	is "vhost of two" "$(vhost_fds two)" 0
	lacks "network of two" "$(netdevs two)" vhost
	mv /dev/vhost-net.away /dev/vhost-net
}

# How often a thread of the kernel's own has waited for work. It has the name of its QEMU.
vhost_rounds()
{
	local thread

	for thread in $(pgrep -x "vhost-$(pid_of "$1")"); do
		awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$thread/status"
	done | awk '{ n += $1 } END { print n + 0 }'
}

# answers_pings ADDRESS: within some seconds, as emulation is slow
answers_pings()
{
	lan ping -q -c 1 -W 10 "$1" >/dev/null
}

the_kernel_carries_the_frames()
{
	local before

	eventually answers_pings "$ip_lan"
	is "threads of vhost" "$(pgrep -cx "vhost-$(pid_of one)")" 2
	before=$(vhost_rounds one)
	for _ in 1 2 3 4 5; do
		ok answers_pings "$ip_lan"
	done
	(($(vhost_rounds one) >= before + 5)) || fail "vhost has not worked"
}

# The same address asks from the LAN's end of another VLAN, and again from that of its own.
the_guest_is_heard_in_its_VLAN_alone()
{
	eventually answers_pings "$ip_vlan"
	lan ip address del 10.20.0.7/24 dev lan0.20
	lan ip address add 10.20.0.7/24 dev lan0.30
	no answers_pings "$ip_vlan"
	lan ip address del 10.20.0.7/24 dev lan0.30
	lan ip address add 10.20.0.7/24 dev lan0.20
	ok answers_pings "$ip_vlan"
}

# of_the_rate BITS WAY: at least half, as emulation is slow; above it there is but the burst.
of_the_rate()
{
	local -i percent=$(($1 / (mbit * 10000)))

	diag "TCP $2 the guest: $percent % of $mbit Mbit/s"
	((percent >= 50 && percent <= 120)) || fail "$percent % of the rate $2 the guest"
}

the_rate_from_the_guest_holds()
{
	local bytes

	succeeds wait one --for ssh --timeout "$MNMIVM_PATIENCE"
	ok log_in one "$ip_lan" 'dd if=/dev/zero of=/etc/guest/zeros bs=1M count=8 2>/dev/null'
	bytes=$(lan curl --silent --max-time 300 -o /dev/null -w '%{speed_download}' \
		"http://$ip_lan/zeros")
	of_the_rate $((bytes * 8)) from
}

the_rate_to_the_guest_holds()
{
	local server took

	mkdir "$LAB/www"
	truncate -s 8M "$LAB/www/zeros"
	nsenter --net="/proc/$lan_pid/ns/net" -- setpriv --pdeathsig KILL -- \
		python3 -m http.server --bind 192.168.86.7 --directory "$LAB/www" 8000 >/dev/null 2>&1 &
	server=$!
	eventually lan curl --silent --fail -o /dev/null http://192.168.86.7:8000/
	# shellcheck disable=SC2016 # it is the guest's shell that expands
	took=$(log_in one "$ip_lan" 'read -r from _ </proc/uptime
		wget -q -O /dev/null http://192.168.86.7:8000/zeros && read -r to _ </proc/uptime &&
		awk "BEGIN { print int(100 * ($to - $from)) }"')
	kill "$server"
	if [[ -n $took ]]; then
		of_the_rate $(((8 << 20) * 8 * 100 / took)) to
	else
		fail "wget in the guest"
	fi
}

br_netfilter_comes_late_and_cuts_the_guest_off()
{
	no test -e /proc/sys/net/bridge
	iptables -P FORWARD DROP
	ok answers_pings "$ip_lan"
	ok modprobe br_netfilter
	is "bridge-nf-call-iptables" "$(</proc/sys/net/bridge/bridge-nf-call-iptables)" 1
	no answers_pings "$ip_lan"
}

the_doctor_finds_it_and_its_fix_helps()
{
	local fix

	se --format json doctor br-netfilter
	is "code of doctor" "$code" 5
	fix=$(jq -r '.[] | select(.object == "bridge-nf-call-iptables" and .level == "FAIL") | .fix' \
		<<<"$out")
	is "fix" "$fix" 'sysctl -w net.bridge.bridge-nf-call-iptables=0'
	ok sh -c "$fix" >/dev/null
	ok answers_pings "$ip_lan"
	se --format json doctor br-netfilter
	is "what fails" "$(jq -r '.[] | select(.level == "FAIL") | .object' <<<"$out")" ''
	rmmod br_netfilter
	iptables -P FORWARD ACCEPT
}

# state TAP: what spanning tree makes of the port
state()
{
	bridge -j link show dev "$1" | jq -r '.[].state'
}

forwards()
{
	[[ $(state "$1") == forwarding ]]
}

STP_holds_a_port_back_and_start_says_so()
{
	ip link set br0 type bridge stp_state 1 forward_delay 1000
	succeeds stop --force two
	says "bridge 'br0' runs STP: the guest is cut off" start --paused two
	matches "state of the port" "$(state mvm-two)" '^(listening|learning)$'
	eventually forwards mvm-two
	ip link set br0 type bridge stp_state 0
}

what_served_a_guest_goes_with_it()
{
	local pid

	pid=$(pid_of one)
	succeeds stop --force one
	no ip link show mvm-one 2>/dev/null
	no ip link show mvm1-one 2>/dev/null
	no pgrep -x "vhost-$pid"
}

run_tests \
	the_host_leaves_taps_alone \
	the_bridge_filters_VLANs \
	a_guest_is_started \
	its_ports_are_in_their_VLANs_and_no_other \
	a_trunk_has_what_was_asked_for \
	a_bridge_that_does_not_filter_is_refused \
	QEMU_has_vhost_for_each_queue \
	without_the_device_vhost_is_refused_or_noted \
	STP_holds_a_port_back_and_start_says_so \
	the_kernel_carries_the_frames \
	the_guest_is_heard_in_its_VLAN_alone \
	the_rate_from_the_guest_holds \
	the_rate_to_the_guest_holds \
	br_netfilter_comes_late_and_cuts_the_guest_off \
	the_doctor_finds_it_and_its_fix_helps \
	what_served_a_guest_goes_with_it \
	nothing_is_left_behind
