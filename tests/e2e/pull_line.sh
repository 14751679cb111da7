#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_line.sh - images by name over a line that is slow, loses packets, goes away or is not there.
#
# The server is on the other host of the lab: nginx at 192.168.86.7, and pull_server.py there for what
# nginx does not do.  The line between is lan0, and what is wrong with it is wrong for real: tc(8)
# makes it slow, nft(8) drops and resets, ip(8) takes it away.

# shellcheck source=pull_faults_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_faults_lib.sh"
need nft tc

far=https://192.168.86.7:8443 deaf=https://192.168.86.7:8444 far_faulty=https://192.168.86.7:9443
named=https://images.test:8443
names_answer=$LAB/names_answer resolver=$LAB/resolv.conf

# far_server PORT LINE...
far_server()
{
	cat <<-EOF
		server {
			listen 192.168.86.7:$1 ssl;
			ssl_certificate $tls/far.pem;
			ssl_certificate_key $tls/far.key;
			${*:2}
		}
	EOF
}

far_build()
{
	tls_certificate far ca 2 IP:192.168.86.7,DNS:images.test
	nginx_conf far "$(far_server 8443)" \
		"$(far_server 8444 'max_ranges 0;' 'add_header Accept-Ranges none;')"
	lan nginx -c "$LAB/far/nginx.conf" 2>/dev/null &
	lan "${BASH_SOURCE[0]%/*}/pull_server.py" 192.168.86.7:9443 "$tls/far.pem" "$web" "$server_log" &
	eventually curl --silent --insecure --output /dev/null "$far/"
	eventually curl --silent --insecure --output /dev/null "$far_faulty/plain/nosuch"
	# a packet is one of Ethernet, or a drop would take 64 KiB at once
	lan ip link set lan0 gso_max_segs 1
}

# --- the line ---------------------------------------------------------------

# slow RATE: of what comes from there
slow()
{
	lan tc qdisc replace dev lan0 root tbf rate "$1" burst 16k latency 100ms
}

# rule RULE: for the packets that come from the servers, behind the wire; "wire" is where they are counted
rule()
{
	nft -f - <<-EOF
		table inet line {
			chain from {
				type filter hook prerouting priority raw
				iifname br0 $1
			}
		}
	EOF
}

line_is_good()
{
	nft delete table inet line 2>/dev/null
	lan nft delete table inet line 2>/dev/null
	lan tc qdisc delete dev lan0 root 2>/dev/null
	lan ip link set lan0 up
}

wire_bytes()
{
	ip -j -s link show lan0 | jq '.[0].stats64.rx.bytes'
}

# begin MIRROR...: the image is to be had there, with its digest, over a line that is counted from now on
begin()
{
	entry one "mirrors = $(printf "%s/one/, " "$@" | sed 's/, $//')" 'digest_file = SHA512SUMS' \
		'digest_style = gnu'
	: >"$server_log"
	wire=$(wire_bytes)
}

# at_most PERCENT: what came over the wire since then, of the image's size; headers and handshakes
# are some 6 % of it
at_most()
{
	local -i bytes=$(($(wire_bytes) - wire))

	((bytes <= size * $1 / 100)) || fail "$bytes bytes came over the wire, of an image of $size"
	((bytes >= size)) || fail "only $bytes bytes were counted of an image of $size"
}

# brings_it_within SECONDS: wide, for a machine that does other things, and yet an end
brings_it_within()
{
	local -i from=$SECONDS

	brings_it
	((SECONDS - from <= $1)) || fail "it took $((SECONDS - from)) s, more than $1"
}

# --- tests ------------------------------------------------------------------

an_image_of_some_size_is_far()
{
	far_build
	new_image "$image" 8
	publish one
	size=$(size_of "$image")
	setting pull_tries 6
	setting stall_timeout 3
	begin "$far"
	brings_it
	at_most 110
}

a_slow_line_brings_it()
{
	slow 8mbit
	begin "$far"
	brings_it_within 60
	at_most 110
	line_is_good
}

# loses PERCENT MOST SECONDS
loses()
{
	rule "tcp sport 8443 numgen random mod 100 < $1 drop"
	begin "$far"
	brings_it_within "$3"
	at_most "$2"
	line_is_good
}

a_line_that_loses_packets_brings_it()
{
	loses 1 115 60
	loses 5 125 120
}

a_line_that_loses_every_fifth_packet_brings_it()
{
	loses 20 170 300
}

# pull_midway: one in the background, over a slow line, that has got some MiB
pull_midway()
{
	slow 8mbit
	begin "$far"
	background image pull one
	eventually part_has 1500000
}

part_has()
{
	local bytes

	bytes=$(part_size)
	((${bytes:-0} >= $1))
}

is_brought_in_the_end()
{
	ended
	is "exit code" "$code" 0
	is_brought
	line_is_good
}

a_line_that_goes_away_for_a_moment()
{
	pull_midway
	lan ip link set lan0 down
	sleep 2
	lan ip link set lan0 up
	is_brought_in_the_end
	at_most 120
}

# longer than stall_timeout, so that there is a try, or more, without a line
a_line_that_goes_away_for_long()
{
	pull_midway
	lan ip link set lan0 down
	sleep 15
	lan ip link set lan0 up
	is_brought_in_the_end
	at_most 120
}

a_line_that_comes_back_with_another_address()
{
	pull_midway
	lan ip link set lan0 down
	ip address del 192.168.86.1/24 dev br0
	sleep 3
	ip address add 192.168.86.9/24 dev br0
	lan ip link set lan0 up
	is_brought_in_the_end
	at_most 120
	ip address del 192.168.86.9/24 dev br0
	ip address add 192.168.86.1/24 dev br0
	ip route add default via 192.168.86.254
}

large_packets_that_are_lost_without_a_word()
{
	rule 'tcp sport 8443 meta length > 1300 counter drop'
	begin "$far"
	brings_it_within 60
	at_most 115
	line_is_good
}

connections_that_are_reset()
{
	lan nft -f - <<-EOF
		table inet line {
			chain to {
				type filter hook input priority 0
				tcp dport 8443 ct state established numgen random mod 300 < 1 reject with tcp reset
			}
		}
	EOF
	slow 40mbit
	begin "$far"
	brings_it_within 120
	line_is_good
}

a_server_that_closes_after_each_MiB()
{
	begin "$far_faulty/cut-1048576"
	brings_it_within 60
	at_most 112
}

a_server_without_ranges_brings_it_or_is_given_up()
{
	begin "$deaf"
	brings_it
	at_most 110
	rule 'tcp sport 8444 quota over 3 mbytes drop'
	setting pull_tries 2
	begin "$deaf"
	refused 124 "$deaf/one/image.qcow2" --quiet image pull one
	line_is_good
	setting pull_tries 6
	prune_parts
}

# --- names ------------------------------------------------------------------

# A resolver of the lab's own, in the place of the host's.
resolve_by()
{
	printf '%s\n' "$@" >"$resolver"
	mountpoint --quiet /etc/resolv.conf || mount --bind "$resolver" "$(realpath /etc/resolv.conf)"
}

names_build()
{
	lan "${BASH_SOURCE[0]%/*}/pull_dns.py" 192.168.86.254 192.168.86.7 "$names_answer" "$LAB/dns.log" &
	resolve_by 'nameserver 192.168.86.254' 'options timeout:1'
}

asked()
{
	(($(wc -l <"$LAB/dns.log") >= $1))
}

a_name_server_that_answers_late()
{
	names_build
	begin "$named"
	background image pull one
	eventually asked 6
	touch "$names_answer"
	is_brought_in_the_end
	at_most 110
}

a_name_server_that_does_not_answer_is_told()
{
	local -i from=$SECONDS

	rm "$names_answer"
	resolve_by 'nameserver 192.168.86.254' 'nameserver 192.168.86.253'
	refused 124 "images.test.*no answer within 3 s" --quiet image pull one
	has "hint" "$err" 'getent hosts images.test'
	((SECONDS - from <= 60)) || fail "it took $((SECONDS - from)) s"
	images_unchanged "$kept"
}

# --- no network at all ------------------------------------------------------

no_network_is_told_once_and_soon()
{
	local -i from=$SECONDS

	ip route del default
	begin https://198.51.100.1 https://198.51.100.2
	entry two "mirrors = $named/two/" 'digest_file = SHA512SUMS' 'digest_style = gnu'
	entry three "mirrors = https://198.51.100.3/three/" 'digest_file = SHA512SUMS' \
		'digest_style = gnu'
	se image pull one two three
	is "exit code" "$code" 1
	is "hints" "$(grep -c '^hint: .*ip route$' <<<"$err")" 1
	is "lines" "$(wc -l <"$LAB/stderr")" 5
	((SECONDS - from <= 30)) || fail "it took $((SECONDS - from)) s"
	refused 1 'no route to other networks' --quiet image pull two
	images_unchanged "$kept"
}

# The default route and the name server both come with the address, as they do by DHCP.
a_network_that_comes_in_time_is_taken()
{
	touch "$names_answer"
	resolve_by 'nameserver 192.168.86.254'
	ip address del 192.168.86.1/24 dev br0
	begin "$named"
	background image pull one
	sleep 4
	ip address add 192.168.86.1/24 dev br0
	ip route add default via 192.168.86.254
	is_brought_in_the_end
	at_most 110
	rm "$catalogue"/{two,three}.conf
}

run_tests something_good_is_here an_image_of_some_size_is_far a_slow_line_brings_it \
	a_line_that_loses_packets_brings_it a_line_that_loses_every_fifth_packet_brings_it \
	a_line_that_goes_away_for_a_moment a_line_that_goes_away_for_long \
	a_line_that_comes_back_with_another_address large_packets_that_are_lost_without_a_word \
	connections_that_are_reset a_server_that_closes_after_each_MiB \
	a_server_without_ranges_brings_it_or_is_given_up a_name_server_that_answers_late \
	a_name_server_that_does_not_answer_is_told no_network_is_told_once_and_soon \
	a_network_that_comes_in_time_is_taken no_image_is_left nothing_is_left_behind
