#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# limits.sh - limits that the kernel enforces, on a host whose cgroups systemd manages.

# shellcheck disable=SC2317,SC2034 # lib.sh starts the suite anew
LAB_ON_HOST=1
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
need systemctl systemd-run udevadm networkctl findmnt lsblk
top=/sys/fs/cgroup
ours=$top/mnmivm-se
ip=192.168.86.11

# limit FILE: what the leaf of web says
limit()
{
	cat "$ours/web/$1"
}

# keyed FILE KEY: a number of it
keyed()
{
	awk -v key="$2" '$1 == key { print $2 }' "$1"
}

cgroup_of()
{
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

ended()
{
	[[ ! -e /proc/$1/exe ]]
}

is_dead()
{
	se status web
	((code == 1))
}

is_running()
{
	se status web
	[[ $out == running ]]
}

# What an installed program has for udev and networkd, without which they change taps: see host.sh.
the_host_leaves_taps_alone()
{
	ok cp "${BASH_SOURCE[0]%/*}"/../../network/05-mnmivm-se.* /etc/systemd/network/
	ok udevadm control --reload
	ok networkctl reload
}

all_controllers_are_there()
{
	local controller

	is "file system" "$(stat -f -c %T "$top")" cgroup2fs
	for controller in cpu io memory pids; do
		has "controllers" " $(<"$top/cgroup.controllers") " " $controller "
	done
	make web "$ip" --cpus 1 --vhost off "${direct_boot[@]}"
}

without_a_word_memory_and_threads_are_limited()
{
	succeeds start --paused web
	is "cgroup" "$(cgroup_of "$(pid_of web)")" /mnmivm-se/web
	# 96M, its 64th part, 512M, 16M for the CPU, 1G for tcg
	is "memory.max" "$(limit memory.max)" $(((96 + 1 + 512 + 16 + 1024) << 20))
	is "memory.oom.group" "$(limit memory.oom.group)" 1
	is "memory.swap.max" "$(limit memory.swap.max)" max
	is "pids.max" "$(limit pids.max)" $((256 + 2 + 1))
	json '[.memory_max_bytes, .pids_max]' "[$(limit memory.max),$(limit pids.max)]" show web
	no test -s "$run/web/missing"
	succeeds stop --force web
	no test -e "$ours"
}

each_limit_arrives()
{
	local device

	# the disk that the state directory is on, whatever partition
	device=$(lsblk --noheadings --nodeps --output PKNAME "$(findmnt -no SOURCE -T "$state")")
	device=$(<"/sys/block/$device/dev")
	succeeds set web memory_max=700M cpu_max=150 cpu_weight=50 pids_max=99 io_weight=77 \
		'io_max=rbps=50M wbps=40M riops=5000 wiops=4000'
	succeeds start --paused web
	is "memory.max" "$(limit memory.max)" $((700 << 20))
	is "cpu.max" "$(limit cpu.max)" '150000 100000'
	is "cpu.weight" "$(limit cpu.weight)" 50
	is "pids.max" "$(limit pids.max)" 99
	is "io.weight" "$(limit io.weight)" 'default 77'
	is "io.max" "$(limit io.max)" \
		"$device rbps=$((50 << 20)) wbps=$((40 << 20)) riops=5000 wiops=4000"
}

set_changes_them_at_once()
{
	says 'in effect now' set web memory_max=auto cpu_max= cpu_weight= pids_max=120 \
		io_weight= io_max=
	is "memory.max" "$(limit memory.max)" $(((96 + 1 + 512 + 16 + 1024) << 20))
	is "cpu.max" "$(limit cpu.max)" 'max 100000'
	is "cpu.weight" "$(limit cpu.weight)" 100
	is "pids.max" "$(limit pids.max)" 120
	is "io.weight" "$(limit io.weight)" 'default 100'
	is "io.max" "$(limit io.max)" ''
	json '.pending' '[]' show web
	says 'in effect now' set web memory_max=off pids_max=
	is "memory.max" "$(limit memory.max)" max
	is "pids.max" "$(limit pids.max)" $((256 + 2 + 1))
}

less_memory_than_is_in_use_waits()
{
	says 'of memory are in use, more than 16M' set web memory_max=16M
	has "note" "$err" 'takes effect at the next start'
	is "memory.max" "$(limit memory.max)" max
	json '.pending' '["memory_max"]' show web
	says 'in effect now' set web memory_max=off
	json '.pending' '[]' show web
}

# What no unit of its own needs systemd would switch off at the top.
systemd_leaves_it_alone()
{
	succeeds set web cpu_max=70 io_max=riops=3000
	has "top" "$(<"$top/cgroup.subtree_control")" io
	ok systemctl daemon-reload
	ok systemd-run --quiet --wait -p CPUWeight=20 -p IOWeight=20 true
	ok systemctl daemon-reexec
	is "cpu.max" "$(limit cpu.max)" '70000 100000'
	has "io.max" "$(limit io.max)" riops=3000
	is "cgroup" "$(cgroup_of "$(pid_of web)")" /mnmivm-se/web
	succeeds set web io_max=
	succeeds stop --force web
}

is_throttled()
{
	(($(keyed "$ours/web/cpu.stat" nr_throttled) > 10))
}

a_busy_guest_is_throttled()
{
	local -i used took

	succeeds set web cpu_max=25
	succeeds start web
	eventually is_throttled
	used=$(keyed "$ours/web/cpu.stat" usage_usec)
	took=$(date +%s%6N)
	sleep 3
	used=$(($(keyed "$ours/web/cpu.stat" usage_usec) - used))
	took=$(($(date +%s%6N) - took))
	diag "CPU time: $((used * 100 / took)) %"
	((used * 100 / took <= 40)) || fail "more than 25 % of a CPU"
	succeeds set web cpu_max=
	succeeds stop --force web
}

# A start that could not get as far as a guest.
a_QEMU_without_enough_memory_says_so()
{
	succeeds set web memory_max=16M
	refused 1 'the kernel killed QEMU, which wanted more memory than its 16M' start web
	no test -e "$ours"
	no test -e "$run/web/process"
	no ip link show mvm-web 2>/dev/null
}

a_QEMU_that_was_killed_for_memory_is_told_apart()
{
	local pid

	succeeds set web memory_max=800M
	succeeds start --paused web
	pid=$(pid_of web)
	echo 8M >"$ours/web/memory.max"
	eventually ended "$pid"
	eventually is_dead
	se -v status web
	has "status" "$out" 'the kernel killed QEMU, which wanted more memory than its 8M'
	se --format json status web
	matches "ended" "$(jq -r .ended <<<"$out")" 'more memory than its 8M'
	says 'the kernel killed QEMU, which wanted more memory' stop web
	no test -e "$ours"
	succeeds set web memory_max=auto
}

# runs_in CGROUP: web runs, and there
runs_in()
{
	[[ -e $run/web/process && $(cgroup_of "$(pid_of web)") == "$1" ]]
}

a_service_with_Delegate_has_its_VM_below()
{
	local unit=/system.slice/mnmivm-test.service

	ok systemd-run --quiet --collect --unit mnmivm-test -p Delegate=yes -p KillMode=mixed \
		"$MNMIVM_SE" --config "$conf" run web
	eventually runs_in "$unit/web"
	is "cgroup of the service itself" \
		"$(cgroup_of "$(systemctl show -P MainPID mnmivm-test)")" "$unit/_supervisor"
	is "memory.max" "$(<"$top$unit/web/memory.max")" $(((96 + 1 + 512 + 16 + 1024) << 20))
	is "at the top" "$(find "$top" -maxdepth 1 -name 'mnmivm*')" ''
	eventually is_running
	says 'in effect now' set web cpu_max=60
	is "cpu.max" "$(<"$top$unit/web/cpu.max")" '60000 100000'
	succeeds stop --force web
	eventually no_unit mnmivm-test
	no test -e "$top$unit"
	succeeds set web cpu_max=
}

no_unit()
{
	[[ $(systemctl is-active "$1") == inactive ]]
}

a_service_without_it_has_its_VM_at_the_top()
{
	ok systemd-run --quiet --collect --unit mnmivm-test -p KillMode=mixed \
		"$MNMIVM_SE" --config "$conf" run web
	eventually runs_in /mnmivm-se/web
	eventually is_running
	succeeds stop --force web
	eventually no_unit mnmivm-test
	no test -e "$ours"
}

# Its own process has to be out of the way.
a_unit_that_only_holds_cgroups_can_be_named()
{
	local unit=/system.slice/mnmivm-hold.service

	ok systemd-run --quiet --collect --unit mnmivm-hold -p Delegate=yes sh -c \
		"mkdir $top$unit/self && echo 0 >$top$unit/self/cgroup.procs && exec sleep infinity"
	eventually grep -qs . "$top$unit/self/cgroup.procs"
	sed -i "\$a cgroup = $top$unit" "$conf"
	succeeds set web cpu_max=80
	succeeds start --paused web
	is "cgroup" "$(cgroup_of "$(pid_of web)")" "$unit/web"
	is "cpu.max" "$(<"$top$unit/web/cpu.max")" '80000 100000'
	succeeds stop --force web
	no test -e "$top$unit/web"
	systemctl stop mnmivm-hold
	sed -i '$d' "$conf"
}

run_tests \
	the_host_leaves_taps_alone \
	all_controllers_are_there \
	without_a_word_memory_and_threads_are_limited \
	each_limit_arrives \
	set_changes_them_at_once \
	less_memory_than_is_in_use_waits \
	systemd_leaves_it_alone \
	a_busy_guest_is_throttled \
	a_QEMU_without_enough_memory_says_so \
	a_QEMU_that_was_killed_for_memory_is_told_apart \
	a_service_with_Delegate_has_its_VM_below \
	a_service_without_it_has_its_VM_at_the_top \
	a_unit_that_only_holds_cgroups_can_be_named \
	nothing_is_left_behind
