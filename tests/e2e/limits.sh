#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# limits.sh - cgroups, CPUs and nice values of VMs: made, changed and gone.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need findmnt strace taskset

ip=192.168.86.11 mac=52:54:00:00:86:11
cgroup_top=$(lab_cgroup_root) || suite_skip "no cgroup v2 that may be written"
ours=$cgroup_top/mnmivm-se

# cgroup_of PID: its cgroup v2 as a folder
cgroup_of()
{
	echo "$cgroup_top$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# seen_path NAME: where its QEMU is, as the kernel tells
seen_path()
{
	sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup"
}

# cgroup_line_is TEXT: what status -v says of web's
cgroup_line_is()
{
	succeeds status -v web
	is "line of status" "$(sed -n 's/^cgroup: *//p' <<<"$out")" "$1"
}

# has_no_cgroup NAME: neither it nor what is made for it alone
has_no_cgroup()
{
	no test -e "$ours/$1"
	no test -e "$run/$1/cgroup"
}

# ended PID: it is no more, or a zombie that nobody reaps
ended()
{
	[[ ! -e /proc/$1/exe ]] || [[ $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status") == Z ]]
}

# each_thread PID COMMAND...: its output for each thread, the same ones once
each_thread()
{
	local tid

	for tid in "/proc/$1/task"/*; do
		"${@:2}" "${tid##*/}"
	done | sort -u
}

nice_of()
{
	cut -d ' ' -f 19 "/proc/$1/stat"
}

cpus_of()
{
	sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"
}

a_VM_lives_in_a_cgroup_of_its_own()
{
	local pid

	make web "$ip" --mac "$mac" "${direct_boot[@]}"
	succeeds start --paused web
	pid=$(pid_of web)
	is "cgroup of QEMU" "$(cgroup_of "$pid")" "$ours/web"
	is "processes there" "$(<"$ours/web/cgroup.procs")" "$pid"
	is "what is recorded" "$(<"$run/web/cgroup")" \
		"$ours/web"$'\n'"inode $(stat -c %i "$ours/web")"
	is "mode and owner" "$(stat -c '%a %u %g' "$ours/web")" '755 0 0'
	is "where the command was" "$(cgroup_of $$)" "$cgroup_top/suite"
}

stop_removes_it()
{
	succeeds stop --force web
	has_no_cgroup web
	no test -e "$ours"
}

other_VMs_keep_the_folder()
{
	make db 192.168.86.12 "${direct_boot[@]}"
	succeeds start --paused web db
	succeeds stop --force web
	has_no_cgroup web
	ok test -e "$ours/db"
	succeeds stop --force db
	no test -e "$ours"
}

the_next_command_removes_that_of_a_killed_QEMU()
{
	local pid command

	for command in 'stop web' 'start --paused web' 'delete --yes web'; do
		succeeds start --paused web
		pid=$(pid_of web)
		kill -KILL "$pid"
		eventually ended "$pid"
		ok test -e "$ours/web"
		# shellcheck disable=SC2086 # a command and its arguments
		succeeds $command
		[[ $command != start* ]] || succeeds stop --force web
		has_no_cgroup web
	done
	no test -e "$ours"
}

delete_with_force_removes_it()
{
	make web "$ip" --mac "$mac" "${direct_boot[@]}"
	succeeds start --paused web
	succeeds delete --yes --force web
	no test -e "$ours"
}

# A delete that was killed when the VM's folder had gone.
the_sweep_removes_it()
{
	local pid

	make web "$ip" --mac "$mac" "${direct_boot[@]}"
	succeeds start --paused web
	pid=$(pid_of web)
	kill -KILL "$pid"
	eventually ended "$pid"
	ok rm -r "$state/vms/web"
	succeeds create other --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub"
	succeeds delete --yes other
	no test -e "$run/web"
	no test -e "$ours"
}

a_start_that_fails_leaves_none()
{
	make web "$ip" --mac "$mac" "${direct_boot[@]}"
	sed -i '$a qemu = /bin/false' "$conf"
	se start web
	((code != 0)) || fail "started with /bin/false"
	sed -i '$d' "$conf"
	has_no_cgroup web
	no test -e "$ours"
}

a_frozen_QEMU_is_ended_by_force()
{
	local pid

	succeeds start --paused web
	pid=$(pid_of web)
	kill -STOP "$pid"
	succeeds stop --force web
	ok ended "$pid"
	has_no_cgroup web
}

force_ends_all_that_is_in_there()
{
	local stranger

	succeeds start --paused web
	# not of this shell, which would tell of its end
	stranger=$(sleep infinity >/dev/null & echo "$!")
	echo "$stranger" >"$ours/web/cgroup.procs"
	succeeds stop --force web
	ok ended "$stranger"
	has_no_cgroup web
}

# inhabited_by_another: QEMU is dead, and a stranger lives in its cgroup
inhabited_by_another()
{
	local pid

	succeeds start --paused web
	pid=$(pid_of web)
	stranger=$(sleep infinity >/dev/null & echo "$!")
	echo "$stranger" >"$ours/web/cgroup.procs"
	kill -KILL "$pid"
	eventually ended "$pid"
}

what_outlives_QEMU_in_there_is_not_forgotten()
{
	local stranger

	inhabited_by_another
	says 'stop --force web ends them' stop web
	ok test -e "$run/web/cgroup"
	refused 7 "end the last run of vm 'web': remove cgroup '$ours/web'" start web
	has "hint" "$err" 'mnmivm-se stop --force web'
	refused 7 "end the last run of vm 'web'" delete --yes web
	ok test -e "$run/web/cgroup"
	no ended "$stranger"
	succeeds stop --force web
	ok ended "$stranger"
	has_no_cgroup web
	inhabited_by_another
	succeeds delete --yes --force web
	ok ended "$stranger"
	has_no_cgroup web
	make web "$ip" --mac "$mac" "${direct_boot[@]}"
}

a_stranger_in_its_place_is_left_alone()
{
	local stranger

	succeeds set web vhost=off
	mkdir -p "$ours/web"
	sleep infinity &
	stranger=$!
	echo "$stranger" >"$ours/web/cgroup.procs"
	refused 7 "cgroup '$ours/web': there is one, and processes live in it" start --dry-run web
	refused 7 "cgroup '$ours/web': there is one, and processes live in it" start web
	ok kill -0 "$stranger"
	has "cgroup" "$(<"$ours/web/cgroup.procs")" "$stranger"
	no test -e "$run/web/process"
	no test -e "$run/web/cgroup"
	kill "$stranger"
	wait "$stranger" 2>/dev/null
	rmdir "$ours/web" "$ours"
}

a_folder_of_the_configuration_is_used_and_kept()
{
	mkdir "$cgroup_top/vms"
	sed -i "\$a cgroup = $cgroup_top/vms" "$conf"
	succeeds start --paused web
	is "cgroup of QEMU" "$(cgroup_of "$(pid_of web)")" "$cgroup_top/vms/web"
	succeeds stop --force web
	is "what is left there" "$(find "$cgroup_top/vms" -mindepth 1 -type d)" ''
	rmdir "$cgroup_top/vms"
	sed -i '$d' "$conf"
}

# Whoever names one wants that one, whether the VM is limited or not.
a_folder_of_the_configuration_that_is_none_is_refused()
{
	local place before

	for place in "$cgroup_top/nothing" /tmp /proc; do
		echo "cgroup = $place" >>"$conf"
		before=$(snapshot)
		refused 5 "'cgroup' in the host's configuration: open cgroup '$place'" start web
		has "hint" "$err" 'allow_missing=cgroup'
		refused 5 "open cgroup '$place'" start --dry-run web
		unchanged "$before"
		sed -i '$d' "$conf"
	done
	echo "cgroup = /tmp" >>"$conf"
	succeeds set web allow_missing=cgroup
	succeeds start --paused web
	lacks "what start says" "$err" cgroup
	is "what is missing" "$(<"$run/web/missing")" cgroup
	succeeds stop --force web
	succeeds set web cpu_weight=50
	says 'without all of its limits' start --paused web
	succeeds stop --force web
	succeeds set web allow_missing= cpu_weight=
	sed -i '$d' "$conf"
}

# Beside a threaded cgroup there is no place for processes (cgroup-v2.rst, "Threads").
a_cgroup_that_QEMU_may_not_enter_is_missing()
{
	mkdir -p "$cgroup_top/vms/threads"
	echo threaded >"$cgroup_top/vms/threads/cgroup.type"
	sed -i "\$a cgroup = $cgroup_top/vms" "$conf"
	says 'without cgroup' start --paused web
	is "cgroup of QEMU" "$(cgroup_of "$(pid_of web)")" "$cgroup_top/suite"
	is "what is missing" "$(<"$run/web/missing")" cgroup
	no test -e "$run/web/cgroup"
	no test -e "$cgroup_top/vms/web"
	succeeds stop --force web
	sed -i '$d' "$conf"
	rmdir "$cgroup_top/vms/threads" "$cgroup_top/vms"
}

without_any_cgroup_v2_VMs_run()
{
	sed -i '$a cgroup = off' "$conf"
	succeeds start --paused web
	is "cgroup of QEMU" "$(cgroup_of "$(pid_of web)")" "$cgroup_top/suite"
	no test -e "$run/web/cgroup"
	cgroup_line_is 'none: cgroups are switched off in the configuration'
	succeeds stop --force web
	sed -i '$d' "$conf"
}

CPUs_and_nice_value_are_those_asked_for()
{
	local pid last

	last=$(($(nproc --all) - 1))
	succeeds set web cpu_pin=0 nice=5
	prints 'run on CPUs 0' start --dry-run web
	has "dry run" "$out" 'run at nice 5'
	has "dry run" "$out" "make cgroup $ours/web"
	succeeds start --paused web
	pid=$(pid_of web)
	is "CPUs" "$(each_thread "$pid" cpus_of)" 0
	is "nice" "$(each_thread "$pid" nice_of)" 5
	json '.pending' '[]' show web
	json '[.cpu_pin, .nice]' '["0",5]' show web
	says 'in effect now' set web "cpu_pin=$last" nice=-3
	is "CPUs" "$(each_thread "$pid" cpus_of)" "$last"
	is "nice" "$(each_thread "$pid" nice_of)" -3
	json '.pending' '[]' show web
	says 'in effect now' set web cpu_pin= nice=
	is "CPUs" "$(each_thread "$pid" cpus_of)" "$(</sys/devices/system/cpu/online)"
	is "nice" "$(each_thread "$pid" nice_of)" 0
	json '[.cpu_pin, .nice]' '[null,0]' show web
	says 'takes effect at the next start' set web nice=1 memory=128M
	json '.pending' '["memory"]' show web
	is "nice" "$(each_thread "$pid" nice_of)" 1
	succeeds set web memory=96M nice=
	succeeds stop --force web
}

set_touches_only_what_it_changes()
{
	local pid

	succeeds start --paused web
	pid=$(pid_of web)
	renice -n 4 -g "$pid" >/dev/null
	is "nice" "$(each_thread "$pid" nice_of)" 4
	says 'in effect now' set web cpu_pin=0
	is "CPUs" "$(each_thread "$pid" cpus_of)" 0
	is "nice" "$(each_thread "$pid" nice_of)" 4
	taskset -acp "$(($(nproc --all) - 1))" "$pid" >/dev/null
	says 'in effect now' set web nice=6
	is "CPUs" "$(each_thread "$pid" cpus_of)" "$(($(nproc --all) - 1))"
	is "nice" "$(each_thread "$pid" nice_of)" 6
	succeeds set web cpu_pin= nice=
	succeeds stop --force web
}

CPUs_that_are_not_there_are_refused()
{
	local before

	before=$(snapshot)
	refused 5 "CPU 8000 is not there: this host has 0" set web cpu_pin=0,8000
	refused 5 "CPU 8000 is not there: this host has 0" create pinned \
		--image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" --cpu-pin 8000
	refused 2 "parse cpu_pin 'x'" create pinned --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --cpu-pin x
	refused 2 "parse nice '20'" create pinned --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --nice 20
	unchanged "$before"
	# a host that had more of them when that was set
	sed -i '1i cpu_pin = 8000' "$state/vms/web/vm.conf"
	refused 5 "CPU 8000 is not there: this host has 0" start web
	refused 5 "CPU 8000 is not there: this host has 0" start --dry-run web
	sed -i 1d "$state/vms/web/vm.conf"
}

a_limit_that_cannot_be_had_now_waits()
{
	grep -qw cpu "$cgroup_top/cgroup.controllers" && return
	succeeds start --paused web
	says 'cpu.max' set web cpu_max=50
	has "note" "$err" 'takes effect at the next start'
	json '.pending' '["cpu_max"]' show web
	succeeds stop --force web
	refused 5 "set cpu.max for cgroup '$ours/web': controller 'cpu' is not to be had" start web
	no test -e "$ours"
	succeeds set web cpu_max=
}

# What cannot be had is named whole, and before anything is done.
a_VM_that_would_not_start_again_is_not_stopped()
{
	local pid before

	grep -qw cpu "$cgroup_top/cgroup.controllers" && return
	prints "make cgroup $ours/web, nothing limited: no controllers" start --dry-run web
	succeeds start --paused web
	pid=$(pid_of web)
	succeeds set web cpu_max=50 cpu_weight=50 pids_max=100
	before=$(snapshot)
	refused 5 "not stopped, as it would not start again: limits .* cannot be had" \
		restart --force web
	has "message" "$err" "set cpu.max, cpu.weight, pids.max for cgroup '$ours/web'"
	has "message" "$err" "controllers 'cpu', 'pids' are not to be had there"
	unchanged "$before"
	is "pid" "$(pid_of web)" "$pid"
	cgroup_line_is "on, $(seen_path web), nothing limited: no controllers"
	succeeds stop --force web
	refused 5 'cpu.max, cpu.weight, pids.max' start --dry-run web
	refused 5 'cpu.max, cpu.weight, pids.max' start web
	no test -e "$ours"
	succeeds set web allow_missing=cgroup
	prints "make cgroup $ours/web, nothing limited: no controllers" start --dry-run web
	has "dry run" "$out" 'no further limits: set cpu.max'
	says 'without all of its limits' start --paused web
	cgroup_line_is "missing, as allowed: $(seen_path web), without cpu.max, cpu.weight, pids.max"
	json .confinement.cgroup_note "$(seen_path web), without cpu.max, cpu.weight, pids.max" status web
	succeeds restart --force web
	pid_of web >"$cgroup_top/suite/cgroup.procs"
	cgroup_line_is "MISSING: it is in $(seen_path web), not in $ours/web"
	succeeds stop --force web
	succeeds set web allow_missing= cpu_max= cpu_weight= pids_max=
}

# A stopped VM can have what its host cannot give, and its owner is told.
set_tells_what_a_start_would_be_refused_for()
{
	local kernel

	kernel=$(sed -n 's/^kernel = //p' "$state/vms/web/vm.conf")
	if ! grep -qw cpu "$cgroup_top/cgroup.controllers"; then
		says 'web: as it is now a start would be refused: limits' set web cpu_max=50 pids_max=100
		has "note" "$err" "set cpu.max, pids.max for cgroup '$ours/web'"
		has "note" "$err" 'allow_missing=cgroup'
		says 'set pids.max for' set web cpu_max=
		succeeds set web allow_missing=cgroup
		lacks "note" "$err" refused
		succeeds set web pids_max= allow_missing=
		lacks "note" "$err" refused
	fi
	says "would be refused: open '/nope'" set web kernel=/nope
	refused 3 "open '/nope'" start web
	says "would be refused: '/tmp' is no regular file" set web kernel=/tmp
	succeeds set web "kernel=$kernel"
	lacks "note" "$err" refused
	# what has nothing to do with it is not told of
	sed -i '$a qemu = /nope' "$conf"
	succeeds set web protect=on
	lacks "note" "$err" refused
	succeeds set web protect=off
	sed -i '$d' "$conf"
}

a_tree_that_is_read_only_is_seen_before()
{
	mount -o remount,ro,bind "$cgroup_top"
	prints "no cgroup: make cgroup '$ours/web': Read-only file system" start --dry-run web
	succeeds set web cpu_max=50
	refused 5 'Read-only file system' start --dry-run web
	succeeds set web cpu_max=
	mount -o remount,rw,bind "$cgroup_top"
}

run_tests \
	a_VM_lives_in_a_cgroup_of_its_own \
	stop_removes_it \
	other_VMs_keep_the_folder \
	the_next_command_removes_that_of_a_killed_QEMU \
	delete_with_force_removes_it \
	the_sweep_removes_it \
	a_start_that_fails_leaves_none \
	a_frozen_QEMU_is_ended_by_force \
	force_ends_all_that_is_in_there \
	what_outlives_QEMU_in_there_is_not_forgotten \
	a_stranger_in_its_place_is_left_alone \
	a_folder_of_the_configuration_is_used_and_kept \
	a_cgroup_that_QEMU_may_not_enter_is_missing \
	a_folder_of_the_configuration_that_is_none_is_refused \
	without_any_cgroup_v2_VMs_run \
	CPUs_and_nice_value_are_those_asked_for \
	set_touches_only_what_it_changes \
	CPUs_that_are_not_there_are_refused \
	a_limit_that_cannot_be_had_now_waits \
	a_VM_that_would_not_start_again_is_not_stopped \
	set_tells_what_a_start_would_be_refused_for \
	a_tree_that_is_read_only_is_seen_before \
	nothing_is_left_behind
