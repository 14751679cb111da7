#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hostile_qmp.sh - a QEMU that speaks its protocol wrongly, in QEMU's confinement.
#
# MNMIVM_PEER  the program of peer.c

# shellcheck disable=SC2031
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need "${MNMIVM_PEER:=/usr/lib/mnmivm-se/tests/peer}"

# What is wrong at once, and what only shows as time goes by.
wrong=(exits aborts closes greets-and-closes huge-line huge-string newlines objects no-json no-object
	no-utf8 twice no-greeting nests-arrays nests-objects other-id earlier-id no-id text-id real-id
	huge-id both neither no-status status-5 no-return-object bare-error odd-error)
slow=(silent greets-only drips floods floods-long)

# A start waits as long as for a slow QEMU (READY_TIMEOUT_MS); other commands QMP_TIMEOUT_MS.
start_limit=150 command_limit=30

# make_for KIND...: a VM for each.
make_for()
{
	local kind

	for kind; do
		make "$kind" dhcp --vhost off
	done
}

# One line, and at most one hint, which is ours; nothing of it is the peer's to lay out.
check_lines()
{
	check_wording
	lacks "message" "$err" 'rm -r'$'\n'
	no grep -q '^hint: rm' <<<"$err"
}

# in_time SECONDS ARG...: like se, and not longer.
in_time()
{
	local begin=$SECONDS

	out=$(timeout --signal=KILL $(($1 * MNMIVM_PATIENCE / 120)) "$MNMIVM_SE" --config "$conf" \
		"${@:2}" 2>"$LAB/stderr")
	code=$?
	err=$(<"$LAB/stderr")
	((code != 137)) || fail "killed after $((SECONDS - begin)) s: ${*:2}" "$err"
}

# start_fails KIND [ARG...]
start_fails()
{
	local before

	before=$(find "$state/vms/$1" -type f ! -name vm.pid -exec md5sum {} + | sort)
	in_time "$start_limit" start "$@"
	((code == 1 || code == 124)) || fail "exit code $code from a start of '$1'" "$err"
	check_lines
	has "message" "$err" "$1: "
	[[ ! -e /sys/class/net/mvm-$1 ]] || fail "the tap of '$1' is left"
	is "files of '$1'" "$(find "$state/vms/$1" -type f ! -name vm.pid -exec md5sum {} + | sort)" \
		"$before"
	in_time "$command_limit" status "$1"
	is "status of '$1'" "$code $out" '3 stopped'
}

# shellcheck disable=SC2030,SC2031 # the folder is for the background alone
all_in_the_background()
{
	local item pid
	local -a pids=()

	for item in "${@:2}"; do
		(
			# files and failures of its own
			LAB=$LAB/$item failed=0
			mkdir "$LAB"
			"$1" "$item"
			exit "$failed"
		) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
}

the_peer_is_in_QEMUs_place()
{
	mkdir "$LAB/bin"
	cp "$MNMIVM_PEER" "$LAB/bin/peer"
	chmod 755 "$LAB" "$LAB/bin" "$LAB/bin/peer"
	make_for "${wrong[@]}" "${slow[@]}"
	make honest 192.168.86.90 --vhost off
	printf '%s\n' "qemu = $LAB/bin/peer" "expose = $LAB/bin" >>"$conf"
	before=$(snapshot)
	succeeds start honest
	prints running status honest
	succeeds pause honest
	succeeds resume honest
	succeeds stop --force honest
	unchanged "$before"
}

a_start_fails_and_leaves_nothing()
{
	local kind

	for kind in "${wrong[@]}"; do
		start_fails "$kind" --paused
	done
	for kind in closes odd-error no-status other-id; do
		start_fails "$kind"
	done
	unchanged "$before"
}

a_start_ends_in_time()
{
	all_in_the_background start_fails "${slow[@]}"
	unchanged "$before"
}

# What people do with a VM whose QEMU has turned: they get an answer, and can end it.
look_and_end()
{
	local kind=$1 words
	local -a command

	succeeds start "$kind"
	for words in "status $kind" "status --verbose $kind" list "show $kind" "pause $kind" \
		"resume $kind" "stop $kind --timeout 1" "wait $kind --for stopped --timeout 2" \
		"wait $kind --for ssh --timeout 2" "update-cloud $kind --ip 192.168.86.99" \
		"update-cloud $kind --ip dhcp" "logs $kind --qemu" "console $kind" "net repair $kind"; do
		read -ra command <<<"$words"
		in_time "$command_limit" "${command[@]}" </dev/null
		((code == 0)) && continue
		((code < 126)) || fail "exit code $code from: $words" "$err"
		# what is noted before the last line is not it
		err=$(grep -A 1 '^mnmivm-se: ' <<<"$err")
		check_lines
	done
	in_time "$command_limit" status "$kind"
	matches "status of '$kind'" "$code $out" '^0 (running|paused|stopping)$'
	in_time "$command_limit" stop --force "$kind"
	is "exit code of stop --force" "$code" 0
	in_time "$command_limit" status "$kind"
	is "status of '$kind'" "$code $out" '3 stopped'
}

a_VM_whose_QEMU_turns_can_be_looked_at_and_ended()
{
	local -a kinds=(closes huge-line newlines objects no-json no-object nests-arrays other-id no-id
		both bare-error odd-error status-5 "${slow[@]}")

	sed -i -E '/^(qemu|expose) = /d' "$conf"
	make_for "${kinds[@]/#/then-}"
	printf '%s\n' "qemu = $LAB/bin/peer" "expose = $LAB/bin" >>"$conf"
	before=$(snapshot)
	all_in_the_background look_and_end "${kinds[@]/#/then-}"
	# claims are taken and given back
	unchanged "$before"
}

# A "running" that is not true keeps nobody waiting.
a_false_running_is_bounded()
{
	succeeds start honest
	in_time "$command_limit" wait honest --for ssh --timeout 3
	matches "exit code of wait" "$code" '^(124|7|1)$'
	check_lines
	in_time "$command_limit" stop honest --timeout 2
	is "exit code of stop" "$code" 124
	prints running status honest
	in_time "$command_limit" stop honest --timeout 2 --force
	is "exit code of stop --force" "$code" 0
}

run_tests \
	the_peer_is_in_QEMUs_place \
	a_start_fails_and_leaves_nothing \
	a_start_ends_in_time \
	a_VM_whose_QEMU_turns_can_be_looked_at_and_ended \
	a_false_running_is_bounded \
	nothing_is_left_behind
