#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# strace.sh - what commands ask of the kernel: programs, files, netlink.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need strace jq qemu-img

# traced COMMAND...: run it; $LAB/trace has its system calls and those of its
# children up to their exec, one a line without the pid, in order.
traced()
{
	local -a options=(--follow-forks --detach-on=execve --decode-fds=path --no-abbrev
		--string-limit=4096 --signal=none)

	strace "${options[@]}" --output="$LAB/raw" -- "$MNMIVM_SE" --config "$conf" "$@" \
		>"$LAB/stdout" 2>"$LAB/stderr" ||
		fail "exit code $? from: $*" "$(<"$LAB/stderr")"
	sed -E 's/^[0-9]+ +//' "$LAB/raw" >"$LAB/trace"
	grep -q '^exit_group' "$LAB/trace" || fail "no trace of: $*"
}

traced_words()
{
	local -a words

	read -ra words <<<"$1"
	traced "${words[@]}"
}

# Programs that were executed, after the one under test.
executed()
{
	sed -n 's/^execve("\([^"]*\)".*/\1/p' "$LAB/trace" | tail -n +2
}

# Paths that were opened or made, as the kernel names them.  Those of the file
# system below folders held open come with the descriptor's own path.
opened()
{
	sed -nE '/^(open|openat|openat2|creat)\(/s/.* = [0-9]+<([^>]*)>.*/\1/p' "$LAB/trace"
}

the_lab_has_many_links()
{
	local i

	for i in {1..20}; do
		ok ip link add "port$i" type veth peer name "peer$i"
	done
	make one 192.168.86.11 "${direct_boot[@]}"
}

start_executes_QEMU_alone()
{
	traced start --paused one
	is "programs" "$(executed)" /usr/bin/qemu-system-x86_64
	is "processes made" "$(grep -cE '^(clone|clone3|fork|vfork)\(' "$LAB/trace")" 1
}

start_opens_files_where_they_belong()
{
	local path

	(($(opened | grep -c "^$state/vms/one/") >= 3)) || fail "the trace lacks the VM's files"
	while read -r path; do
		case $path in
		/etc/ld.so.cache|/lib/*|/lib64/*|/usr/lib/*) ;;
		"$conf"|"$state"|"$state"/*|"$run"|"$run"/*) ;;
		"$MNMIVM_GUEST"/*) ;;
		/proc/[0-9]*|/proc/sys/kernel/random/boot_id) ;;
		/proc/sys/kernel/cap_last_cap) ;;
		# libarchive converts the dates of the seed
		/etc/localtime|/usr/share/zoneinfo/*) ;;
		/dev/net/tun|/dev/null|/dev/vhost-net|/dev/urandom) ;;
		# what becomes QEMU's root, and what Landlock then allows in it
		/usr|/usr/bin|/usr/sbin|/usr/lib|/usr/lib32|/usr/lib64|/usr/libx32) ;;
		/bin|/sbin|/lib|/lib32|/lib64|/libx32|/dev|/etc|/etc/alternatives) ;;
		/etc/ld-musl-*.path|/boot|/boot/kernel|/boot/initrd|.) ;;
		/sys/fs/cgroup|/sys/fs/cgroup/*) ;;
		# a folder is opened from the root on, to look at each part of its path
		*) [[ ${state%/*}/ == "${path%/}"/* || ${run%/*}/ == "${path%/}"/* ]] ||
			fail "start opens '$path'" ;;
		esac
	done < <(opened | sort -u)
}

# To its end, that is, which is a call more.
start_reads_a_file_at_once()
{
	local calls

	calls=$(grep -cE "^read\([0-9]+<$state/vms/one/ssh_host_ed25519_key>" "$LAB/trace")
	((calls == 2)) || fail "$calls calls read the host key"
}

# A seed is 1 MiB, most of it zeros; its head is looked at once before.
start_copies_the_seed_and_no_zeros()
{
	local calls bytes

	calls=$(grep -cE "^p?read(64)?\([0-9]+<$state/vms/one/seed.iso>" "$LAB/trace")
	((calls >= 2 && calls <= 20)) || fail "$calls calls read the seed"
	bytes=$(grep -E "^p?write(64)?\([0-9]+<$run/one/.tmp-seed.iso>" "$LAB/trace" |
		awk '{ sum += $NF } END { print sum + 0 }')
	((bytes >= 4096 && bytes <= 256 << 10)) || fail "$bytes bytes of the seed are written"
}

start_makes_its_tap_in_few_calls()
{
	local calls

	calls=$(awk '
		/^openat?\(.*"\/dev\/net\/tun"/ { counting = 1 }
		counting { n++ }
		/NETLINK|^(sendmsg|sendto|recvmsg|recvfrom)\([0-9]+<(socket|NETLINK)[^>]*>/ &&
			/nl_family|nlmsg_type|NETLINK/ { last = n }
		END { print last + 0 }' "$LAB/trace")
	diag "$calls system calls from /dev/net/tun to the last of netlink"
	((calls >= 5)) || fail "the trace lacks the set-up of the tap"
	((calls <= 20)) || fail "$calls system calls"
}

start_dumps_no_links()
{
	grep -q 'nlmsg_type=RTM_GETLINK' "$LAB/trace" || fail "the trace lacks the look-up of the bridge"
	no grep 'nlmsg_type=RTM_GETLINK, nlmsg_flags=[^,]*NLM_F_DUMP' "$LAB/trace"
	# a dump would show in what the kernel sends, too
	no grep '"port7"' "$LAB/trace"
}

start_looks_at_no_other_VM()
{
	make two 192.168.86.12
	succeeds stop --force one
	traced start --paused one
	is "what is opened of the other VM" "$(opened | grep "/two")" ''
	succeeds stop --force one
}

a_running_VM_is_seen_and_stopped_without_programs()
{
	local command

	succeeds start --paused one
	for command in 'status -v one' list 'update-cloud one --ip 192.168.86.14' 'resume one' \
		'pause one' 'stop --force one'; do
		traced_words "$command"
		is "programs of '$command'" "$(executed)" ''
	done
}

create_executes_two_helpers()
{
	traced create three --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" \
		--ip 192.168.86.13
	is "programs" "$(executed | sort)" $'/usr/bin/qemu-img\n/usr/bin/ssh-keygen'
	no grep 'nlmsg_type=RTM_GETLINK, nlmsg_flags=[^,]*NLM_F_DUMP' "$LAB/trace"
	is "what is opened of other VMs" "$(opened | grep -e "/one" -e "/two")" ''
}

is_paused()
{
	[[ $("$MNMIVM_SE" --config "$conf" status "$1") == paused ]]
}

# opened_by_QEMU IMAGE: start a VM on IMAGE and stop it; what is opened of disks, a line each, "start" or
# "QEMU" in front by whom. With its name for "disk" and "base".
opened_by_QEMU()
{
	local image=$1 tracer

	strace --follow-forks --decode-fds=path --signal=none --string-limit=4096 \
		--trace=execve,open,openat,openat2 --output="$LAB/raw" -- \
		"$MNMIVM_SE" --config "$conf" start --paused four &
	tracer=$!
	eventually is_paused four
	succeeds stop --force four
	wait "$tracer" || fail "strace of start"
	awk -v base="$image" -v disk="$state/vms/four/disk.qcow2" '
		/execve\(".*qemu-system-x86_64"/ { qemu[$1] = 1 }
		/[ .]open(at2?)?(\(| resumed).* = [0-9]+</ {
			who = ($1 in qemu) ? "QEMU" : "start"
			if (index($0, "<" base ">")) print who, "base"
			if (index($0, "<" disk ">")) print who, "disk"
			if (who == "QEMU") n++
		}
		END { if (!n) print "no trace of QEMU" }' "$LAB/raw" | sort
}

# Each once and by us, who say what they are: QEMU has descriptors and drivers, and opens no name.
start_probes_no_image()
{
	local format image nodes

	for format in qcow2 raw; do
		image=$LAB/base.$format
		ok qemu-img convert -O "$format" "$MNMIVM_GUEST/guest.qcow2" "$image"
		succeeds create four --image "$image" --pubkey-path "$key.pub" --ip 192.168.86.15
		is "opened with a $format base" "$(opened_by_QEMU "$image")" \
			$'start base\nstart disk'
		succeeds show-cmd four
		nodes=$(grep -o '{"driver".*}' <<<"$out" | jq -sc '
			map(select(."node-name" | IN("base", "base-file", "disk", "disk-file")) |
			    {(."node-name"): [.driver, .file // .filename, .backing]}) | add')
		is "nodes with a $format base" "$(jq -c '[.base[0], .disk[0], .disk[2]]' <<<"$nodes")" \
			"[\"$format\",\"qcow2\",\"base\"]"
		is "files" "$(jq -c '[.["base-file"], .["disk-file"]] |
			map(.[0] == "file" and (.[1] | startswith("/dev/fdset/"))) | all' <<<"$nodes")" true
		succeeds delete --yes four
	done
}

the_rest_executes_nothing()
{
	local command

	for command in 'show one' 'seed one' 'show-cmd one' 'start --dry-run one' 'logs one' \
		'update-cloud one --ip 192.168.86.11' 'image list' 'delete --yes one two three'; do
		traced_words "$command"
		is "programs of '$command'" "$(executed)" ''
	done
}

run_tests \
	the_lab_has_many_links \
	start_executes_QEMU_alone \
	start_opens_files_where_they_belong \
	start_reads_a_file_at_once \
	start_copies_the_seed_and_no_zeros \
	start_makes_its_tap_in_few_calls \
	start_dumps_no_links \
	start_looks_at_no_other_VM \
	a_running_VM_is_seen_and_stopped_without_programs \
	create_executes_two_helpers \
	start_probes_no_image \
	the_rest_executes_nothing
