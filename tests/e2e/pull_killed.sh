#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_killed.sh - pulls that run at once, and pulls that are ended in the middle.

# shellcheck source=pull_faults_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_faults_lib.sh"

# a server that holds back what it has is not to be given up
setting stall_timeout 600

# open_of PID: what its descriptors are, a kind and a line each
open_of()
{
	find "/proc/$1/fd" -type l -printf '%l\n' 2>/dev/null | sed -E 's/:\[[0-9]+\]$//' | sort -u
}

# Who speaks TLS sees no file, and who writes the file speaks no protocol.
a_download_is_confined()
{
	local worker field

	hold 2000000
	worker=$(pgrep -P "$background_pid")
	for field in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$field" "$(status_of "$worker" "$field")" 0000000000000000
	done
	is "NoNewPrivs" "$(status_of "$worker" NoNewPrivs)" 1
	is "Seccomp" "$(status_of "$worker" Seccomp)" 2
	is "Groups" "$(status_of "$worker" Groups)" ''
	matches "Uid" "$(status_of "$worker" Uid | xargs)" '^([1-9][0-9]+) \1 \1 \1$'
	lacks "what the worker has open" "$(open_of "$worker")" "$LAB"
	has "what the worker has open" "$(open_of "$worker")" socket
	has "what the parent has open" "$(open_of "$background_pid")" "$images/.part-"
	lacks "what the parent has open" "$(open_of "$background_pid")" socket
	kill -KILL "$background_pid"
	ended
	goes_on
}

several_share_one_download()
{
	local -a pids=()
	local pid

	from "$faulty/pace-3"
	for pid in 1 2 3; do
		"$MNMIVM_SE" --config "$conf" image pull one 2>"$LAB/pull.$pid" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		ok wait "$pid"
	done
	is "where requests began" "$(server_gets one/image.qcow2)" 0
	is_brought
}

who_waits_takes_over()
{
	local first
	local -i start

	hold 2000000
	first=$background_pid
	background image pull one
	eventually asked_for_digest 2
	kill -KILL "$first"
	wait "$first" 2>/dev/null
	eventually part_asked_for_twice
	touch "$web/go"
	ended
	is "exit code" "$code" 0
	start=$(server_gets one/image.qcow2 | cut -d ' ' -f 2)
	((start > 2000000 - (128 << 10) && start <= 2000000)) || fail "it went on at $start"
	is_brought
}

asked_for_digest()
{
	(($(nginx_gets 8443 /one/SHA512SUMS) == $1))
}

part_asked_for_twice()
{
	[[ $(server_gets one/image.qcow2) == '0 '* ]]
}

what_is_being_pulled_is_not_pruned()
{
	hold 2000000
	says 'nothing to remove' image prune
	ok held 2000000
	touch "$web/go"
	ended
	is "exit code" "$code" 0
	is_brought
	is "bytes" "$(server_sent one/image.qcow2)" "$size"
}

so_do_creates()
{
	local -a pids=()
	local n

	from "$faulty/pace-3"
	for n in 1 2 3; do
		"$MNMIVM_SE" --config "$conf" create "vm$n" --os one --pubkey-path "$key.pub" \
			--ip "192.168.86.3$n" 2>"$LAB/create.$n" &
		pids+=($!)
	done
	for n in 1 2 3; do
		wait "${pids[n - 1]}" || fail "create vm$n:" "$(<"$LAB/create.$n")"
	done
	is "where requests began" "$(server_gets one/image.qcow2)" 0
	succeeds delete --yes vm1 vm2 vm3
	is_brought
}

# goes_on: the rest comes with the next pull, and no byte of what there is comes twice
goes_on()
{
	local there

	eventually no_process
	ok held 2000000
	there=$(part_size)
	touch "$web/go"
	brings_it
	is "where requests began" "$(server_gets one/image.qcow2)" "0 $there"
	is "bytes" "$(server_sent one/image.qcow2)" $((size + 2000000 - there))
}

no_process()
{
	[[ -z $(program_processes) ]]
}

a_signal_ends_it_and_the_next_goes_on()
{
	local signal

	for signal in INT TERM HUP KILL; do
		hold 2000000
		kill -"$signal" "$background_pid"
		ended
		is "exit code after SIG$signal" "$code" $((128 + $(kill -l "$signal")))
		goes_on
	done
}

a_signal_that_ends_a_create_leaves_no_VM()
{
	local signal before

	before=$(snapshot)
	for signal in INT TERM KILL; do
		rm -f "$web/go"
		from "$faulty/hold-2000000"
		background create vm --os one --pubkey-path "$key.pub" --ip 192.168.86.31
		eventually held 2000000
		kill -"$signal" "$background_pid"
		ended
		goes_on
	done
	unchanged "$before"
}

a_worker_that_is_killed_is_told()
{
	hold 2000000
	pkill -KILL -P "$background_pid"
	touch "$web/go"
	ended
	if ((code)); then
		has "what is told" "$err" "worker 'download': killed by signal 9"
		check_wording
		goes_on
	else
		is_brought
	fi
}

# consistent: whatever a kill left, each command understands it
consistent()
{
	eventually no_process
	succeeds image list
	succeeds image verify
	se --format json image list
	is "damaged images" "$(jq 'map(select(.state == "damaged" or .problem)) | length' <<<"$out")" 0
}

# kill_at_random NAME TIMES
kill_at_random()
{
	local -i i ms killed=0

	for ((i = 0; i < $2; i++)); do
		background image pull "$1"
		ms=$((RANDOM % 350))
		sleep "$(printf '0.%03d' "$ms")"
		kill -KILL "$background_pid" 2>/dev/null && ((++killed))
		ended
		consistent
		((!failed)) || { diag "killed after $ms ms"; return; }
		[[ -z $(pulled "$1") ]] || succeeds image remove "$(pulled "$1")"
	done
	diag "$killed of $2 pulls were killed before their end"
	succeeds image pull "$1"
	holds "$(pulled "$1")" "$image"
	succeeds image remove "$(pulled "$1")"
	prune_parts
}

# What a killed import has left is the next one's to take over, or that of prune.
kill_imports_at_random()
{
	local -i i

	for ((i = 0; i < 8; i++)); do
		background image import "$web/one/image.qcow2.xz" mine
		sleep "$(printf '0.%03d' $((RANDOM % 80)))"
		kill -KILL "$background_pid" 2>/dev/null
		ended
		consistent
		[[ ! -e $images/mine.qcow2 ]] || succeeds image remove mine
	done
	succeeds image import "$web/one/image.qcow2.xz" mine
	holds mine "$image"
	succeeds image remove mine
	prune_parts
}

kills_at_any_time_do_no_harm()
{
	from "$faulty/pace-1"
	kill_at_random one 20
	xz -0 <"$image" >"$web/one/image.qcow2.xz"
	packed image.qcow2.xz
	kill_at_random one 10
	kill_imports_at_random
}

run_tests something_good_is_here a_download_is_confined several_share_one_download so_do_creates who_waits_takes_over \
	what_is_being_pulled_is_not_pruned \
	a_signal_ends_it_and_the_next_goes_on a_signal_that_ends_a_create_leaves_no_VM \
	a_worker_that_is_killed_is_told kills_at_any_time_do_no_harm no_image_is_left \
	nothing_is_left_behind
