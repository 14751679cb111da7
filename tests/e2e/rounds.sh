#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rounds.sh - hundreds of starts, ended in every way, leave the host as it was.
#
# MNMIVM_ROUNDS  how many of each (default: 100)

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need findmnt timeout

: "${MNMIVM_ROUNDS:=100}"
cgroups=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET)

# --- the host, as others see it ---------------------------------------------

# What changes by itself is left out: timers and counters.  Mounts of nsfs are others'.
host()
{
	awk '$0 !~ / - nsfs / { print "mountinfo", $0 }' /proc/self/mountinfo
	ip -j -d link | jq -c '.[] | ["link", .ifname, .address, .mtu, .operstate, .flags, .master,
		.promiscuity, .allmulti, .linkinfo.info_kind]'
	bridge -j link | jq -c '.[] | ["port", .ifname, .master, .state]'
	bridge -j fdb | jq -c '.[] | select(.state == "permanent") | ["fdb", .ifname, .mac]'
	ip -j address | jq -c '.[] | .ifname as $name | .addr_info[] | ["address", $name, .local]'
	ip route | sed 's/^/route /'
	sysctl --all 2>/dev/null | grep -E '^net\.(bridge|ipv4\.conf|ipv6\.conf)' | sed 's/^/sysctl /'
	! command -v nft >/dev/null || nft list ruleset | sed 's/^/nft /'
	[[ -z $cgroups ]] || find "$cgroups" -mindepth 1 -type d -printf 'cgroup %P\n'
	awk 'NR > 1 && NF == 8 { print "unix socket", $8 }' /proc/net/unix
	awk '{ print "lock", $2, $4, $6 }' /proc/locks | grep -F ":$(stat -c %i "$run" 2>/dev/null) "
	ps -e -o 'ppid=,stat=,args=' | awk '$3 !~ /^(ps|awk|\/bin\/bash|bash|sort|sed)$/ {
		$1 = ""; print "process", $0 }'
	snapshot
}

# Keyrings of sessions that are over: the kernel collects them when it finds the time.
keyrings()
{
	grep -c ' keyring  *_ses' /proc/keys
}

# as_before: nothing has come or gone since `before` was taken.
as_before()
{
	local now

	now=$(host | sort)
	[[ $now == "$before" ]] ||
		fail "after $1 the host has changed:" \
			"$(diff <(echo "$before") <(echo "$now") | grep '^[<>]')"
}

as_before_now()
{
	[[ $(host | sort) == "$before" ]]
}

# The kernel removes taps, mounts and keys a moment after their last user.
settles_as_before()
{
	local -i tries=50

	until as_before_now || ((--tries == 0)); do
		sleep 0.1
	done
	as_before "$1"
}

few_more_keyrings()
{
	(($(keyrings) <= $1 + MNMIVM_ROUNDS / 2))
}

# The pids of QEMU go up: it was really started each time.
note_pid()
{
	pids+=("$(pid_of web)")
}

all_were_started()
{
	is "different QEMUs" "$(printf '%s\n' "${pids[@]}" | sort -u | grep -c .)" "$1"
}

# --- the rounds -------------------------------------------------------------

a_VM_is_made()
{
	make web 192.168.86.11 --extra-disk 1M "${direct_boot[@]}"
	# something that a tidy program could sweep away
	! command -v nft >/dev/null || nft add table inet others
	# what the first start makes stays: logs, sysctls of the first port
	succeeds start --paused web
	succeeds stop --force web
	before=$(host | sort)
	has "what is compared" "$before" 'link","br0"'
	has "what is compared" "$before" 'mountinfo '
	keys=$(keyrings)
	json '.[0].state' stopped list
}

start_and_stop()
{
	local -a pids=()
	local i

	for ((i = 1; i <= MNMIVM_ROUNDS && !failed; i++)); do
		succeeds start --paused web
		note_pid
		if ((i == 1)) && as_before_now; then
			fail "a VM that runs is not seen"
		fi
		succeeds stop --force web
		((i % 10)) || as_before "round $i of start and stop"
	done
	settles_as_before "$MNMIVM_ROUNDS rounds of start and stop"
	all_were_started "$MNMIVM_ROUNDS"
	eventually few_more_keyrings "$keys"
}

# What people do next, when a QEMU has died.
next_commands=('stop web' 'start --paused web' 'stop --force web' 'update-cloud web --ip 192.168.86.11'
	'set web memory=96M' 'net repair' 'list' 'status --verbose web')

start_and_kill()
{
	local -a pids=() words
	local i pid

	for ((i = 1; i <= MNMIVM_ROUNDS && !failed; i++)); do
		succeeds start --paused web
		note_pid
		pid=${pids[-1]}
		kill -KILL "$pid"
		((i % 3)) || eventually test ! -e "/proc/$pid"
		read -ra words <<<"${next_commands[i % ${#next_commands[@]}]}"
		se "${words[@]}"
		((code < 8 && code != 2)) || fail "exit code $code from: ${words[*]}" "$err"
		eventually test ! -e "/proc/$pid"
		succeeds stop --force web
		((i % 10)) || settles_as_before "round $i of start and kill"
	done
	settles_as_before "$MNMIVM_ROUNDS rounds of start and kill"
	all_were_started "$MNMIVM_ROUNDS"
	eventually few_more_keyrings "$keys"
}

# microseconds COMMAND...: what it takes.
microseconds()
{
	local begin=${EPOCHREALTIME/./}

	"$@"
	echo $((${EPOCHREALTIME/./} - begin))
}

# All of a start is hit, and a little of what comes after it.
start_is_killed_at_random()
{
	local i length at killed=0 status

	length=$(microseconds "$MNMIVM_SE" --config "$conf" start --paused web 2>/dev/null)
	succeeds stop --force web
	for ((i = 1; i <= MNMIVM_ROUNDS && !failed; i++)); do
		at=$(((length * i / MNMIVM_ROUNDS + RANDOM * length / 327680) + 1))
		timeout --signal=KILL "$((at / 1000000)).$(printf %06d $((at % 1000000)))" \
			"$MNMIVM_SE" --config "$conf" start --paused web 2>/dev/null
		status=$?
		((status == 0 || status == 137)) || fail "exit code $status of a killed start"
		((killed += status == 137))
		succeeds list
		if ((i % 2)); then
			succeeds start --paused web
		fi
		succeeds stop --force web
		((i % 10)) || settles_as_before "round $i of starts that are killed after $at us"
	done 2>"$LAB/killed"
	((!failed)) || diag "$(<"$LAB/killed")"
	diag "$killed of $MNMIVM_ROUNDS were killed on the way, of $length us"
	((killed >= MNMIVM_ROUNDS / 2)) || fail "only $killed starts were killed on the way"
	settles_as_before "$MNMIVM_ROUNDS rounds of killed starts"
	eventually few_more_keyrings "$keys"
}

create_and_delete()
{
	local i

	for ((i = 1; i <= MNMIVM_ROUNDS / 10 && !failed; i++)); do
		make other 192.168.86.12 "${direct_boot[@]}"
		succeeds start --paused other
		succeeds delete --yes --force other
	done
	settles_as_before "rounds of create, start and delete"
}

run_tests \
	a_VM_is_made \
	start_and_stop \
	start_and_kill \
	start_is_killed_at_random \
	create_and_delete \
	nothing_is_left_behind
