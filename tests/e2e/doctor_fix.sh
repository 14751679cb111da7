#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doctor_fix.sh - what doctor says of this host's network files, what it changes and what it prints.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source=doctor_lib.sh
. "${BASH_SOURCE[0]%/*}/doctor_lib.sh"
need python3 script

tools=$(realpath "${BASH_SOURCE[0]%/*}/../tools")

# --- who else configures the network -----------------------------------------------

NetworkManager_leaves_taps_alone()
{
	local dir=/etc/NetworkManager

	found PASS networkmanager NetworkManager 'not installed'
	install -D -m 755 /dev/null /usr/sbin/NetworkManager
	mkdir -p "$dir"/conf.d
	found WARN networkmanager NetworkManager 'may take them off'
	printf '[keyfile]\nunmanaged-devices=mac:00:11:22:33:44:55;interface-name:mvm-*\n' \
		>"$dir"/NetworkManager.conf
	found WARN networkmanager NetworkManager # mvm1-x is none of these
	printf '[keyfile]\n# all of them\nunmanaged-devices=interface-name:veth*;interface-name:mvm*\n' \
		>"$dir"/NetworkManager.conf
	found PASS networkmanager NetworkManager
	printf '[keyfile]\nunmanaged-devices=interface-name:docker*\n' >"$dir"/conf.d/10-docker.conf
	found WARN networkmanager NetworkManager # which replaces the former
	eval "${fix% && nmcli*}"
	found PASS networkmanager NetworkManager
	rm "$dir"/conf.d/*
	# snippets of this boot come before the admin's own file
	mkdir -p /run/NetworkManager/conf.d
	printf '[keyfile]\nunmanaged-devices=interface-name:docker*\n' \
		>/run/NetworkManager/conf.d/99-docker.conf
	found PASS networkmanager NetworkManager
	rm -r /run/NetworkManager
	rm "$dir"/NetworkManager.conf
	printf '[device-vm]\nmatch-device=interface-name:mvm*\nmanaged=0\n' >"$dir"/conf.d/vm.conf
	found PASS networkmanager NetworkManager
	printf '[device-vm]\nmatch-device=interface-name:mvm*\nmanaged=1\n' >"$dir"/conf.d/vm.conf
	found WARN networkmanager NetworkManager
	# what is installed with the program
	cp "$tools/../../contrib/network/mnmivm-se.conf" "$dir"/conf.d/vm.conf
	found PASS networkmanager NetworkManager
	rm -r "$dir" /usr/sbin/NetworkManager
}

networkd_leaves_taps_alone()
{
	local dir=/etc/systemd/network match

	mkdir -p "$dir" /run/systemd
	found PASS networkd systemd-networkd 'does not run'
	mkdir /run/systemd/netif
	for match in 'Name=en*' 'Name=!mvm*' 'Kind=bridge' 'Type=wlan' 'Name=*\nMACAddress=02:00:00:00:00:01' \
		'MACAddress=02:00:00:00:00:01\nName=*'; do
		# shellcheck disable=SC2059 # the newlines are in it
		printf "[Match]\n$match\n[Network]\nDHCP=yes\n" >"$dir"/50-lan.network
		found PASS networkd systemd-networkd
	done
	for match in 'Name=*' 'Name=en* mvm*' 'Name=!en*' 'Type=ether' 'Kind=tun\nName=*'; do
		# shellcheck disable=SC2059
		printf "[Match]\n$match\n[Network]\nDHCP=yes\n" >"$dir"/50-lan.network
		found WARN networkd systemd-networkd "$dir/50-lan.network"
	done
	eval "${fix% && networkctl*}"
	found PASS networkd systemd-networkd
	rm "$dir"/00-mnmivm-se.network
	found WARN networkd systemd-networkd
	cp "$tools/../../contrib/network/05-mnmivm-se.network" "$dir"
	found PASS networkd systemd-networkd
	rm -r "$dir" /run/systemd
}

# kept_by FILE TEXT KEEP: with that file the line that keeps STP off is another
kept_by()
{
	mkdir -p "${1%/*}"
	# shellcheck disable=SC2059 # the newlines are in it
	printf "$2" >"$1"
	found WARN stp br0
	has "keep with $1" "$keep" "$3"
	rm "$1"
}

what_helps_is_told_in_the_words_of_this_host()
{
	ip link set br0 type bridge stp_state 1
	kept_by /etc/network/interfaces 'auto br0\niface br0 inet static\n' "'bridge_stp off'"
	mkdir -p /etc/network
	echo 'iface lan9 inet dhcp' >/etc/network/interfaces
	kept_by /etc/netplan/50-cloud-init.yaml 'network:\n  bridges:\n    br0: {}\n' \
		'stp: false, forward-delay: 0'
	kept_by /etc/NetworkManager/system-connections/a.nmconnection \
		'[connection]\ninterface-name=br0\n' 'nmcli connection modify br0 bridge.stp no'
	kept_by /etc/systemd/network/a.network '[Match]\nName=br0\n' "'STP=no' below '[Bridge]'"
	kept_by /etc/systemd/network/a.network '[Match]\nName=br01\n#Name=br0\n' 'bridge_stp'
	touch /etc/alpine-release
	kept_by /etc/network/interfaces.d/br 'iface br0\n' "'bridge-stp off'"
	rm -r /etc/alpine-release /etc/network /etc/netplan /etc/NetworkManager
	ip link set br0 type bridge stp_state 0
}

# --- fix -----------------------------------------------------------------------------

changes_are_asked_for()
{
	ip link set br0 down
	refused_quietly 2 'takes a confirmation' doctor --fix bridge-up </dev/null
	found FAIL bridge-up br0
	has "the question" "$(echo n | on_terminal doctor --fix bridge-up)" \
		$'set link br0 up, now\r\nChange that? [y/N]'
	found FAIL bridge-up br0
	has "what follows" "$(echo y | on_terminal doctor --fix bridge-up)" 'PASS'
	found PASS bridge-up br0
	refused 2 "--yes goes with --fix only" doctor --yes
	succeeds doctor --fix bridge-up </dev/null
	has "message" "$err" 'nothing here is for doctor to change'
}

# refused(), where standard error has the change that was shown before the error.
refused_quietly()
{
	se "${@:3}"
	is "exit code" "$code" "$1"
	has "message" "$err" "$2"
	is "output" "$out" ''
}

nobody_but_root_changes_anything()
{
	ip link set br0 down
	out=$(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$MNMIVM_SE" doctor --fix --yes bridge-up 2>&1)
	is "exit code" "$?" 8
	has "message" "$out" 'only root may change the host'
	found FAIL bridge-up br0
	bridge_up
}

sysctls_are_set_and_kept()
{
	local file=/etc/sysctl.d/90-mnmivm-se.conf sysctl=/proc/sys/net/bridge/bridge-nf-call-iptables

	[[ -e "$sysctl" ]] || return 0
	echo 0 >"${sysctl%iptables}ip6tables"
	echo 0 >"${sysctl%iptables}arptables"
	echo 1 >"$sysctl"
	succeeds doctor --fix --yes br-netfilter
	is "now" "$(<"$sysctl")" 0
	is "kept" "$(<"$file")" $'# Written by mnmivm-se doctor --fix.\nnet.bridge.bridge-nf-call-iptables = 0'
	is "mode" "$(stat -c %a "$file")" 644
	# what else is in the file stays, and nothing is there twice
	printf '# mine\nnet.bridge.bridge-nf-call-iptables=1\nnet.bridge.bridge-nf-call-iptables2=1' >"$file"
	echo 1 >"$sysctl"
	succeeds doctor --fix --yes br-netfilter
	is "kept" "$(<"$file")" \
		$'# mine\nnet.bridge.bridge-nf-call-iptables2=1\nnet.bridge.bridge-nf-call-iptables = 0'
	# a link that leads elsewhere is not followed
	rm "$file"
	touch "$LAB/elsewhere"
	ln -s "$LAB/elsewhere" "$file"
	echo 1 >"$sysctl"
	refused_quietly 1 "change '$file'" doctor --fix --yes br-netfilter
	is "elsewhere" "$(<"$LAB/elsewhere")" ''
	rm -r /etc/sysctl.d
	is "what else was made" "$(find /etc -newer "$LAB/elsewhere" -type f)" ''
}

# modprobe is one that brings the folder of sysctls back, as the module would.
modules_are_loaded_and_kept()
{
	local late file

	[[ -d /proc/sys/net/bridge ]] || return 0
	late="mkdir -p '$LAB/none'; mount --bind '$LAB/none' /proc/sys/net/bridge"
	install -m 755 /dev/null /usr/sbin/dockerd
	printf '#!/bin/sh\necho "$*" >%s\numount /proc/sys/net/bridge\n' "$LAB/loaded" >/usr/sbin/modprobe
	chmod 755 /usr/sbin/modprobe
	for file in /etc/modules-load.d/mnmivm-se.conf /etc/modules; do
		echo 1 >/proc/sys/net/bridge/bridge-nf-call-arptables
		ok on_host "$late" "$MNMIVM_SE" --config "$conf" -q doctor --fix --yes br-netfilter \
			2>/dev/null
		is "modprobe" "$(<"$LAB/loaded")" br_netfilter
		is "now" "$(</proc/sys/net/bridge/bridge-nf-call-arptables)" 0
		is "lines of $file" "$(grep -cx br_netfilter "$file")" 1
		is "sysctls" "$(grep -c '^net.bridge.*= 0$' /etc/sysctl.d/90-mnmivm-se.conf)" 3
		# then as on Alpine
		[[ -e /etc/modules ]] || printf 'af_packet\n# br_netfilter\n' >/etc/modules
		touch /etc/alpine-release
	done
	is "/etc/modules" "$(</etc/modules)" $'af_packet\n# br_netfilter\nbr_netfilter'
	printf '#!/bin/sh\necho "module not found" >&2\nexit 1\n' >/usr/sbin/modprobe
	out=$(on_host "$late" "$MNMIVM_SE" --config "$conf" -q doctor --fix --yes br-netfilter 2>&1)
	is "exit code" "$?" 1
	has "message" "$out" 'module not found'
	rm -r /usr/sbin/{dockerd,modprobe} /etc/{sysctl.d,modules-load.d,modules,alpine-release}
}

# --- --bridge-setup ---------------------------------------------------------------------

# The network of a host before it has a bridge.
before_the_bridge='
	ip link set lo up && ip link add eth0 address 52:54:00:00:00:07 mtu 1400 type veth peer eth1 &&
	ip link set eth0 up && ip link set eth1 up && ip address add 192.168.86.2/24 dev eth0 &&
	ip address add 192.168.86.3/24 dev eth0 && ip address add 2001:db8::2/64 dev eth0 nodad &&
	ip route add default via 192.168.86.1 && ip route add 10.9.0.0/16 via 192.168.86.254 &&
	ip route add 10.8.0.0/16 dev eth0 && ip -6 route add default via 2001:db8::1 &&
	printf "nameserver 192.168.86.1\nnameserver 127.0.0.53\nsearch example.net lan\n" \
		>/etc/resolv.conf'

# setup SYSTEM [SCRIPT]: what is printed on such a host.
setup()
{
	unshare --net --mount bash -c "mount -t sysfs sysfs /sys; $before_the_bridge; ${2-:}
		exec '$MNMIVM_SE' --config '$conf' doctor --bridge-setup eth0 --for $1" 2>&1
}

# not_tried WHY: a word where packages are not to be had, a failure where all has to run.
not_tried()
{
	if [[ ${MNMIVM_TESTS_MUST_RUN-} == 1 ]]; then
		fail "$1"
	else
		diag "$1"
	fi
}

# ifupdown SYSTEM PACKAGE...: let it have its way, and compare what that makes with what was.
ifupdown()
{
	local tree root=$LAB/root system=$1 made

	tree=$("$tools/unpack-debian" "${@:2}") || {
		not_tried "no packages: ${*:2}"
		return
	}
	mkdir -p "$root" "$LAB/upper"
	made=$(unshare --net --mount bash -c "
		mount -t sysfs sysfs /sys
		$before_the_bridge
		mount -t tmpfs tmpfs '$LAB/upper' && mkdir '$LAB/upper/'{up,work} &&
		cp -a '$tree' '$LAB/upper/tree' &&
		mount -t overlay -o 'lowerdir=$LAB/upper/tree:/,upperdir=$LAB/upper/up,workdir=$LAB/upper/work' \
			overlay '$root' || exit
		for folder in proc sys dev; do mount --rbind /\$folder '$root'/\$folder; done
		mount -t tmpfs tmpfs '$root/run' && mkdir '$root/run/network' '$root/etc/network' 2>/dev/null
		'$MNMIVM_SE' --config '$conf' doctor --bridge-setup eth0 --for $system \
			>'$root/etc/network/interfaces' || exit
		ip address flush dev eth0; ip -6 route flush dev eth0
		chroot '$root' ifup br0 >/dev/null 2>&1 || echo 'ifup: failed'
		ip -j -d link show br0 | jq -r '.[0] | .address, .mtu, .linkinfo.info_data.stp_state,
			.linkinfo.info_data.forward_delay, (.flags | index(\"UP\") != null)'
		echo \$(cat /sys/class/net/br0/addr_assign_type)
		ip -j link show eth0 | jq -r '.[0] | .master, .mtu'
		ip -j address show dev br0 | jq -r '.[0].addr_info[] | select(.scope == \"global\") |
			\"\(.local)/\(.prefixlen)\"'
		ip -j address show dev eth0 scope global | jq -r '.[0].addr_info[]?.local'
		{ ip route; ip -6 route; } | sed -nE 's/.*(default|10\.[89]\.0\.0\/16)(( via [^ ]*)?) dev br0.*/\1\2/p' | sort")
	is "the network made by $system's files" "$made" "$(printf '%s\n' 52:54:00:00:00:07 1400 0 0 \
		true 3 br0 1400 192.168.86.2/24 192.168.86.3/24 2001:db8::2/64 10.8.0.0/16 \
		'10.9.0.0/16 via 192.168.86.254' 'default via 192.168.86.1' 'default via 2001:db8::1')"
}

the_stanzas_of_ifupdown_work()
{
	ifupdown debian ifupdown bridge-utils
}

the_stanzas_of_ifupdown_ng_work()
{
	ifupdown alpine ifupdown-ng
}

netplan_is_YAML_that_says_it_all()
{
	local yaml

	yaml=$(setup netplan | python3 -c 'import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin)["network"]))' 2>&1) || {
		[[ $yaml == *ModuleNotFoundError* ]] || fail "no YAML:" "$yaml"
		return
	}
	is "netplan" "$(jq -cS . <<<"$yaml")" "$(jq -cS . <<-'EOF'
		{"version": 2,
		 "ethernets": {"eth0": {"dhcp4": false, "dhcp6": false, "accept-ra": false, "mtu": 1400}},
		 "bridges": {"br0": {"interfaces": ["eth0"], "macaddress": "52:54:00:00:00:07",
		  "parameters": {"stp": false, "forward-delay": 0}, "mtu": 1400, "dhcp4": false,
		  "addresses": ["192.168.86.2/24", "192.168.86.3/24", "2001:db8::2/64"],
		  "routes": [{"to": "0.0.0.0/0", "via": "192.168.86.1"}, {"to": "::/0", "via": "2001:db8::1"},
		   {"to": "10.8.0.0/16", "scope": "link"}, {"to": "10.9.0.0/16", "via": "192.168.86.254"}],
		  "nameservers": {"addresses": ["192.168.86.1"], "search": ["example.net", "lan"]}}}}
	EOF
	)"
}

netplan_takes_it()
{
	local tree root=$LAB/netplan generate

	tree=$("$tools/unpack-debian" netplan.io libnetplan0) || {
		not_tried "no netplan"
		return
	}
	mkdir -p "$root/etc/netplan"
	setup netplan >"$root/etc/netplan/90.yaml"
	chmod 600 "$root/etc/netplan/90.yaml"
	for generate in "$tree"/usr/lib*/netplan/generate "$tree"/usr/libexec/netplan/generate; do
		[[ ! -x $generate ]] || break
	done
	LD_LIBRARY_PATH=$(find "$tree/usr/lib" -name 'libnetplan.so*' -printf %h -quit) \
		"$generate" --root-dir "$root" || fail "netplan generate: status $?"
	has "what it makes" "$(cat "$root"/run/systemd/network/*br0.netdev)" 'STP=false'
	has "what it makes" "$(cat "$root"/run/systemd/network/*br0.network)" 'Gateway=2001:db8::1'
	has "what it makes" "$(cat "$root"/run/systemd/network/*eth0.network)" 'Bridge=br0'
}

nmcli_gets_words_that_a_shell_reads()
{
	local words

	words=$(setup nm | sed 's/^nmcli /words /' | bash -c 'words() { printf "%s\n" "$*"; }
		. /dev/stdin')
	is "nmcli" "$words" "connection add type bridge con-name br0 ifname br0 bridge.stp no \
bridge.mac-address 52:54:00:00:00:07 802-3-ethernet.mtu 1400 ipv4.method manual \
ipv4.addresses 192.168.86.2/24,192.168.86.3/24 ipv4.gateway 192.168.86.1 \
ipv4.routes 10.8.0.0/16,10.9.0.0/16 192.168.86.254 ipv4.dns 192.168.86.1 ipv6.method manual \
ipv6.addresses 2001:db8::2/64 ipv6.gateway 2001:db8::1 ipv4.dns-search example.net,lan
connection add type ethernet con-name br0-eth0 ifname eth0 master br0 802-3-ethernet.mtu 1400
connection up br0-eth0"
}

networkd_gets_three_files()
{
	local files

	files=$(setup networkd)
	is "files" "$(grep -c '^# /etc/systemd/network/10-' <<<"$files")" 3
	has "netdev" "$files" $'[NetDev]\nName=br0\nKind=bridge\nMACAddress=52:54:00:00:00:07'
	has "bridge" "$files" $'[Bridge]\nSTP=no\nForwardDelaySec=0'
	has "network" "$files" $'DHCP=no\nIPv6AcceptRA=no\nAddress=192.168.86.2/24\nAddress=192.168.86.3/24'
	has "route" "$files" $'[Route]\nDestination=10.9.0.0/16\nGateway=192.168.86.254'
	has "port" "$files" $'[Network]\nBridge=br0'
}

DHCP_moves_as_DHCP()
{
	local dynamic='ip address flush dev eth0; ip route flush table main
		ip address add 192.168.86.9/24 dev eth0 valid_lft 600 preferred_lft 600
		ip route add default via 192.168.86.1 proto dhcp'
	local udhcpc='ip -6 address flush dev eth0; mkdir -p /etc/network/interfaces.d
		echo "iface eth0 inet dhcp" >/etc/network/interfaces.d/eth0'

	text=$(setup debian "$dynamic")
	has "debian" "$text" 'iface br0 inet dhcp'
	has "debian" "$text" 'asks for it with the same MAC'
	lacks "debian" "$text" 192.168.86.
	has "netplan" "$(setup netplan "$dynamic")" $'\n      dhcp4: true'
	has "nm" "$(setup nm "$dynamic")" 'ipv4.method auto'
	has "networkd" "$(setup networkd "$dynamic")" 'DHCP=ipv4'
	# an address that does not say where it is from
	text=$(setup alpine "$udhcpc")
	has "alpine" "$text" 'iface br0 inet dhcp'
	lacks "alpine" "$text" 192.168.86.2/24
	rm -r /etc/network
}

the_system_is_found()
{
	has "interfaces" "$(mkdir -p /etc/network
		echo 'iface lan0 inet static' >/etc/network/interfaces
		ip link set lan0 nomaster
		mnmivm-se doctor --bridge-setup lan0
		ip link set lan0 master br0)" 'iface br0 inet manual'
	rm -r /etc/network
}

what_cannot_be_a_port_is_refused()
{
	ip link add br5 type bridge
	ip tuntap add tap5 mode tap
	ip link add "a'b" type veth peer name c5
	refused 5 "'nowhere' does not exist" doctor --bridge-setup nowhere
	refused 2 "no Ethernet" doctor --bridge-setup lo
	refused 2 "a port already" doctor --bridge-setup lan0
	refused 2 "the bridge itself" doctor --bridge-setup br0
	refused 2 "is a bridge" doctor --bridge-setup br5
	refused 2 "is a tap" doctor --bridge-setup tap5
	refused 2 "a name that files cannot hold" doctor --bridge-setup "a'b"
	refused 2 "no link's name" doctor --bridge-setup ''
	refused 2 "must be one of debian, alpine" doctor --bridge-setup c5 --for slackware
	refused 2 "goes with" doctor --for debian
	refused 2 "neither" doctor --bridge-setup c5 kvm
	refused 2 "neither" doctor --bridge-setup c5 --fix
	ip link del br5
	ip link del tap5
	ip link del c5
}

run_tests \
	NetworkManager_leaves_taps_alone networkd_leaves_taps_alone \
	what_helps_is_told_in_the_words_of_this_host changes_are_asked_for \
	nobody_but_root_changes_anything sysctls_are_set_and_kept modules_are_loaded_and_kept \
	the_stanzas_of_ifupdown_work the_stanzas_of_ifupdown_ng_work \
	netplan_is_YAML_that_says_it_all netplan_takes_it nmcli_gets_words_that_a_shell_reads \
	networkd_gets_three_files DHCP_moves_as_DHCP the_system_is_found \
	what_cannot_be_a_port_is_refused nothing_is_left_behind
