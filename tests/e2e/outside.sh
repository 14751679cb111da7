#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# outside.sh - running VMs as ip, bridge and /proc see them.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need ss setpriv kill

ip_one=192.168.86.11 mac_one=52:54:00:12:34:11
bridge_before=''
declare -A pids

# one runs and talks; two waits, paused, and has neither guard nor screen.
two_VMs_are_started()
{
	ip link set br0 mtu 1450
	bridge_before=$(ip -j link show br0 | jq -c '.[] | [.address, .mtu, .flags]')
	make one "$ip_one" --mac "$mac_one" --extra-disk 1M "${direct_boot[@]}"
	make two 192.168.86.12 --guard off --vnc off
	# what the caller has open, blocked and set is not for QEMU
	# shellcheck disable=SC2030 # for this start alone
	(
		exec 7<"$conf" 8> >(cat)
		trap '' USR1 TERM
		export SECRET=hunter2 LD_BIND_NOW=1
		ulimit -c unlimited
		umask 0
		succeeds start one
		exit $((failed))
	) || failed=1
	succeeds start --paused two
	eventually answers "$ip_one" one
	one=$(pid_of one) pids=([one]=$one [two]=$(pid_of two))
}

# of_link VM FILTER: a value of its tap, as `ip -d link` has it.
of_link()
{
	ip -j -d link show dev "mvm-$1" | jq -r ".[0] | $2"
}

the_tap_is_a_port_of_the_bridge()
{
	is "master" "$(of_link one .master)" br0
	is "kind" "$(of_link one '.linkinfo.info_data | "\(.type) \(.pi) \(.vnet_hdr) \(.persist)"')" \
		'tap false true false'
	is "MAC" "$(of_link one .address)" "fe:${mac_one#*:}"
	is "MTU" "$(of_link one .mtu)" 1450
	is "MTU of the guest" "$(log_in one "$ip_one" 'cat /sys/class/net/eth0/mtu')" 1450
	is "alias" "$(of_link one .ifalias)" mnmivm-se:one/0
	is "queueing" "$(of_link one .qdisc)" noqueue
	of_link one '.flags[]' | grep -qx UP || fail "the tap is not up"
	is "port's state" "$(of_link one .linkinfo.info_slave_data.state)" forwarding
}

the_bridge_is_as_it_was()
{
	is "br0" "$(ip -j link show br0 | jq -c '.[] | [.address, .mtu, .flags]')" "$bridge_before"
}

the_host_has_no_address_on_the_tap()
{
	is "addresses" "$(ip -j address show dev mvm-one | jq -c '.[].addr_info')" '[]'
	is "making of addresses" "$(of_link one .inet6_addr_gen_mode)" none
}

# of_port VM FILTER: the same as `bridge link` has it.
of_port()
{
	bridge -j -d link show dev "mvm-$1" | jq -r ".[0] | $2"
}

# entries VM: its entries in the forwarding table, but for the port's own MAC.
entries()
{
	bridge -j -d fdb show br br0 brport "mvm-$1" |
		jq -c '.[] | select(.master == "br0" and .state != "permanent") |
			[.mac, .state, .flags]'
}

the_guarded_port_is_locked_to_the_MAC()
{
	is "lock, learning, BPDU guard, root block" \
		"$(of_port one '"\(.locked) \(.learning) \(.guard) \(.root_block)"')" \
		'true false true true'
	is "entries" "$(entries one)" "[\"$mac_one\",\"static\",[\"sticky\"]]"
	# which is what carries the answers to a guest that the bridge has not learned
	ok answers "$ip_one" one
}

without_guard_the_port_learns()
{
	is "lock and learning" "$(of_port two '"\(.locked) \(.learning)"')" 'false true'
	# from the announcement
	is "entries" "$(entries two)" "[\"$(<"$state/vms/two/vm.mac")\",\"\",[]]"
}

# of_status VM FIELD: from /proc/PID/status.
of_status()
{
	awk -F '\t' -v field="$2:" '$1 == field { $1 = ""; print }' "/proc/${pids[$1]}/status" | xargs
}

QEMU_has_a_uid_of_its_own()
{
	local vm uid

	for vm in one two; do
		succeeds show "$vm" --format json
		uid=$(jq .uid <<<"$out")
		((uid >= 2100000000)) || fail "uid $uid of $vm is outside the range"
		is "uids of $vm" "$(of_status "$vm" Uid)" "$uid $uid $uid $uid"
		is "gids of $vm" "$(of_status "$vm" Gid)" "$uid $uid $uid $uid"
		is "groups of $vm" "$(of_status "$vm" Groups)" ''
	done
	[[ $(of_status one Uid) != "$(of_status two Uid)" ]] || fail "both have one uid"
}

QEMU_has_no_privilege()
{
	local vm set

	for vm in one two; do
		for set in CapInh CapPrm CapEff CapBnd CapAmb; do
			is "$set of $vm" "$(of_status "$vm" "$set")" 0000000000000000
		done
		is "NoNewPrivs of $vm" "$(of_status "$vm" NoNewPrivs)" 1
		is "Seccomp of $vm" "$(of_status "$vm" Seccomp)" 2
	done
}

# in_set FIELD SIGNAL: is it in that set of /proc/PID/status?
in_set()
{
	((0x$(of_status one "$1") >> ($(kill -l "$2") - 1) & 1))
}

QEMU_has_nothing_of_its_caller()
{
	is "environment" "$(tr '\0' '\n' <"/proc/$one/environ")" $'PATH=/usr/bin:/bin\nLANG=C'
	is "umask" "$(of_status one Umask)" 0077
	is "folder" "$(readlink "/proc/$one/cwd")" /
	# parent, session and terminal: nobody's child here is the first process's
	is "parent" "$(of_status one PPid)" 1
	is "session, terminal" "$(awk '{ print $6, $7 }' "/proc/$one/stat")" "$one 0"
	no in_set SigIgn USR1
	no in_set SigIgn TERM
	no in_set SigBlk TERM
	ok in_set SigIgn XFSZ
	is "limit of core dumps" "$(awk '/^Max core/ { print $5, $6 }' "/proc/$one/limits")" '1 1'
	is "limit of files" "$(awk '/^Max file size/ { print $4, $5 }' "/proc/$one/limits")" \
		"$((12 << 40)) $((12 << 40))"
}

# What QEMU may have open: its VM's files and sockets, and what it makes itself.
descriptors_allowed()
{
	cat <<-EOF
		/dev/net/tun
		/dev/null
		/dev/vhost-net
		$MNMIVM_GUEST/guest.qcow2
		$run/one/console.log
		$run/one/alive
		$run/one/log
		$run/one/seed.iso
		$state/vms/one/disk.qcow2
		$state/vms/one/disk0.qcow2
		anon_inode:[eventfd]
		anon_inode:[eventpoll]
		anon_inode:[signalfd]
	EOF
}

# Its sockets are three listeners and what talks to them: none of the network.
sockets_of_one()
{
	local fd

	for fd in "/proc/$one/fd"/*; do
		readlink "$fd"
	done | sed -n 's/^socket:\[\(.*\)\]/\1/p'
}

QEMU_has_open_what_it_needs()
{
	local fd inode unix

	for fd in "/proc/$one/fd"/*; do
		readlink "$fd"
	done | grep -v '^socket:' | sort -u >"$LAB/open"
	is "what else is open" "$(descriptors_allowed | sort | comm -13 - "$LAB/open")" ''
	is "what is not open" "$(descriptors_allowed | sort | comm -23 - "$LAB/open" |
		grep -v -e vhost-net -e eventpoll)" ''

	unix=" $(awk 'NR > 1 { print $7 }' /proc/net/unix | xargs) "
	for inode in $(sockets_of_one); do
		has "unix sockets" "$unix" " $inode "
	done
	is "listeners" "$(ss -Hlx | awk '{ sub(".*/", "", $5); print $5 }' | sort | xargs)" \
		'console.sock console.sock qmp.sock qmp.sock vnc.sock'
	is "listeners on TCP" "$(ss -Hltn)" ''
}

# modes FILE: the access modes of QEMU's descriptors of it.
modes()
{
	local fd

	for fd in "/proc/$one/fd"/*; do
		[[ $(readlink "$fd") != "$1" ]] ||
			awk '/^flags:/ { print substr($2, length($2)) }' "/proc/$one/fdinfo/${fd##*/}"
	done | sort -u | xargs
}

what_is_not_QEMUs_to_write_is_read_only()
{
	is "access to the base image" "$(modes "$MNMIVM_GUEST/guest.qcow2")" 0
	is "access to the seed" "$(modes "$run/one/seed.iso")" 0
	ok cmp "$MNMIVM_GUEST/vmlinuz" "/proc/$one/root/boot/kernel"
	ok cmp "$MNMIVM_GUEST/initrd" "/proc/$one/root/boot/initrd"
	is "mounts that may be written" "$(awk '$6 !~ /(^|,)ro(,|$)/ && $5 != "/dev/null" { print $5 }' \
		"/proc/$one/mountinfo")" ''
	is "access to the log" "$(modes "$run/one/log")" 1
	is "access to the disk" "$(modes "$state/vms/one/disk.qcow2")" 2
}

secrets_are_in_files_only()
{
	local file line word text

	text=$(cat "/proc/$one/cmdline" "/proc/$one/environ" | tr '\0' '\n')
	has "command line" "$text" -nodefaults
	lacks "command line" "$text" hunter2
	for file in "$state/vms/one/ssh_host_ed25519_key" "$key.pub"; do
		while read -r line; do
			for word in $line; do
				((${#word} < 16)) || lacks "command line" "$text" "$word"
			done
		done <"$file"
	done
}

the_run_folder_is_roots()
{
	is "run folder" "$(stat -c '%a %u %g' "$run")" '700 0 0'
	is "its folders" "$(stat -c '%a %u %g' "$run"/*/ | sort -u)" '700 0 0'
	is "its files for others" "$(find "$run" -perm /077 -o ! -uid 0)" ''
	is "state folders" "$(stat -c '%a %u' "$state"/{vms,tmp,claims} "$state"/vms/* | sort -u)" \
		'700 0'
}

# as VM COMMAND...: under the uid of its QEMU.
as()
{
	local uid

	uid=$(awk '/^Uid:/ { print $2 }' "/proc/${pids[$1]}/status")
	setpriv --reuid "$uid" --regid "$uid" --clear-groups -- "${@:2}"
}

the_uid_of_one_reaches_nothing_of_another()
{
	local file

	ok as one kill -0 "$one"
	no as two kill -0 "$one" 2>/dev/null
	for file in "$state/vms/one/disk.qcow2" "$run/one/qmp.sock" "/proc/$one/environ"; do
		ok test -r "$file"
		no as two test -r "$file"
	done
}

the_end_of_QEMU_is_the_end_of_its_tap()
{
	succeeds stop --force one two
	is "taps" "$(ip -o link | grep -c mvm-)" 0
	is "entries" "$(bridge fdb show br br0 | grep -c "$mac_one")" 0
	the_bridge_is_as_it_was
}

run_tests \
	two_VMs_are_started \
	the_tap_is_a_port_of_the_bridge \
	the_bridge_is_as_it_was \
	the_host_has_no_address_on_the_tap \
	the_guarded_port_is_locked_to_the_MAC \
	without_guard_the_port_learns \
	QEMU_has_a_uid_of_its_own \
	QEMU_has_no_privilege \
	QEMU_has_nothing_of_its_caller \
	QEMU_has_open_what_it_needs \
	what_is_not_QEMUs_to_write_is_read_only \
	secrets_are_in_files_only \
	the_run_folder_is_roots \
	the_uid_of_one_reaches_nothing_of_another \
	the_end_of_QEMU_is_the_end_of_its_tap \
	nothing_is_left_behind
