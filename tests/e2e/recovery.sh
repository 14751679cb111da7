#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# recovery.sh - after kills, reboots and races the next command behaves.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need strace fuser

ip=192.168.86.11 mac=52:54:00:00:86:11

# System calls that change something, or wait for somebody.
writes=(mkdirat unlinkat renameat renameat2 symlinkat openat2 fchmod ftruncate write pwrite64 fsync)
talks=(ioctl socket bind listen connect sendmsg sendto recvmsg recvfrom poll)
forks=(socketpair pipe2 clone clone3 pidfd_open pidfd_send_signal wait4)

make_web()
{
	make web "$ip" --mac "$mac" "${direct_boot[@]}"
}

# --- kill -9 at every step --------------------------------------------------

# killed SYSCALL N ARG...: run the program and kill it when it enters that call
# for the Nth time.  Fails when it does not come so far.
killed()
{
	local status

	# the shell tells of a death by a signal
	{
		strace --quiet=all --output=/dev/null --trace="$1" \
			--inject="$1:signal=KILL:when=$2" -- \
			"$MNMIVM_SE" --config "$conf" "${@:3}" >"$LAB/stdout" 2>"$LAB/stderr"
		status=$?
	} 2>/dev/null
	((status == 0 || status == 137)) ||
		fail "exit code $status from: ${*:3}" "$(<"$LAB/stderr")"
	((status == 137))
}

# kill_everywhere PREPARE AFTER ARG...: run `PREPARE`, kill the command at the next
# point, run `AFTER NUMBER`; once for each point.
kill_everywhere()
{
	local call n points=0

	for call in "${writes[@]}" "${talks[@]}" "${forks[@]}"; do
		for ((n = 1; ; n++)); do
			"$1"
			killed "$call" "$n" "${@:3}" || break
			"$2" $((++points))
			if ((failed)); then
				diag "this was after a kill at $call number $n"
				return
			fi
		done
		"$2" 0
	done
	diag "$points points"
	((points > 20)) || fail "killed at $points points only"
}

# What people look at first works, whatever has happened; $code is that of status.  A
# QEMU whose launcher was killed may be about to end: then list and status differ once.
looks_work()
{
	local listed tries=50

	succeeds list
	while ((tries--)); do
		succeeds list --format json
		listed=$(jq -r 'map(select(.name == "web").state)[0] // "absent"' <<<"$out")
		se status web
		case $code:$out:$listed in
		0:starting:starting|0:running:running|0:paused:paused|0:stopping:stopping) return ;;
		1:dead:stopped|3:stopped:stopped|4::absent) return ;;
		esac
	done
	fail "status '$out' with code $code, while list says '$listed'" "$err"
}

exists()
{
	[[ -e $state/vms/web ]]
}

no_preparation()
{
	:
}

# Stale claims count for nothing: other commands here see to it that they do.
living()
{
	snapshot | grep -v "$state/claims/"
}

# as_it_was BEFORE: like unchanged, but for stale claims.
as_it_was()
{
	local now

	now=$(living | sort)
	[[ $now == "$(sort <<<"$1")" ]] ||
		fail "something has changed:" \
			"$(diff <(sort <<<"$1") <(echo "$now") | grep '^[<>]')"
}

after_start()
{
	looks_work
	(($1 == 0 || code != 4)) || fail "the VM is gone"
	case $(($1 % 4)) in
	0)	succeeds start --paused web
		succeeds stop --force web ;;
	1)	succeeds stop --force web ;;
	2)	refused 4 "vm 'web' exists" create web --image "$MNMIVM_GUEST/guest.qcow2" \
			--pubkey-path "$key.pub"
		succeeds update-cloud web --ip "$ip"
		succeeds stop --force web ;;
	3)	succeeds delete --yes --force web
		as_it_was "$empty"
		make_web
		stopped=$(living) ;;
	esac
	as_it_was "$stopped"
}

start_is_killed_everywhere()
{
	make_web
	stopped=$(living)
	kill_everywhere no_preparation after_start start --paused web
	succeeds delete --yes --force web
}

# The calls of the child that confines itself, between fork and exec.
stages=(setsid close_range dup3 prlimit64 keyctl unshare open_tree mount_setattr fsconfig move_mount
	mkdirat symlinkat pivot_root umount2 sethostname prctl setresgid setresuid setgroups capset
	landlock_add_rule landlock_restrict_self seccomp execve)

# confined SYSCALL N: start, while all processes before QEMU are killed at the call's Nth time.
confined()
{
	{
		strace --quiet=all --output=/dev/null --follow-forks --detach-on=execve \
			--trace="$1" --inject="$1:signal=KILL:when=$2" -- \
			"$MNMIVM_SE" --config "$conf" start --paused web >"$LAB/stdout" 2>"$LAB/stderr"
		code=$?
	} 2>/dev/null
	err=$(<"$LAB/stderr")
	((code != 0))
}

a_child_is_killed_at_every_stage()
{
	local call n points=0

	make_web
	succeeds start --paused web
	succeeds stop --force web
	stopped=$(living)
	for call in "${stages[@]}"; do
		for ((n = 1; n < 300; n += n < 8 ? 1 : 40)); do
			confined "$call" "$n" || break
			((++points))
			if ((code != 137)); then
				is "exit code of start" "$code" 1
				has "message" "$err" "mnmivm-se: start: web: "
			fi
			looks_work
			succeeds stop --force web
			as_it_was "$stopped"
			if ((failed)); then
				diag "this was after a kill at $call number $n"
				return
			fi
		done
		succeeds stop --force web
	done
	diag "$points points"
	((points > 30)) || fail "killed at $points points only"
	succeeds delete --yes --force web
}

start_for_stop()
{
	exists || make_web
	succeeds start --paused web
}

after_stop()
{
	looks_work
	case $(($1 % 3)) in
	0)	succeeds stop --force web
		as_it_was "$stopped" ;;
	1)	succeeds start --paused web
		succeeds stop --force web
		as_it_was "$stopped" ;;
	2)	succeeds delete --yes --force web
		as_it_was "$empty"
		make_web
		stopped=$(living) ;;
	esac
}

stop_is_killed_everywhere()
{
	make_web
	stopped=$(living)
	kill_everywhere start_for_stop after_stop stop --force web
	succeeds delete --yes web
}

after_create()
{
	looks_work
	case $(($1 % 4)) in
	0)	exists || make_web ;;
	1)	if exists; then
			succeeds start --paused web
		else
			refused 3 "no vm 'web'" start --paused web
		fi ;;
	2)	exists || refused 3 "no vm 'web'" delete --yes web ;;
	3)	# its address and MAC are free when it is not there
		if exists; then
			refused 4 "$ip is in use by vm 'web'" create other --pubkey-path "$key.pub" \
				--image "$MNMIVM_GUEST/guest.qcow2" --ip "$ip"
		else
			make other "$ip" --mac "$mac"
			succeeds delete --yes other
		fi ;;
	esac
	! exists || succeeds delete --yes --force web
	succeeds image list
	as_it_was "$empty"
}

create_is_killed_everywhere()
{
	kill_everywhere no_preparation after_create create web --pubkey-path "$key.pub" \
		--image "$MNMIVM_GUEST/guest.qcow2" --ip "$ip" --mac "$mac" --extra-disk 1M
}

make_for_delete()
{
	exists || make_web
}

after_delete()
{
	looks_work
	if exists; then
		# what is there still has its address
		refused 4 "$ip is in use by vm 'web'" create other --pubkey-path "$key.pub" \
			--image "$MNMIVM_GUEST/guest.qcow2" --ip "$ip"
		(($1 % 2)) || succeeds start --paused web
		succeeds delete --yes --force web
	else
		case $(($1 % 3)) in
		0)	refused 3 "no vm 'web'" delete --yes web ;;
		1)	make_web
			succeeds delete --yes web ;;
		2)	make other "$ip" --mac "$mac"
			succeeds delete --yes other ;;
		esac
	fi
	succeeds image list
	as_it_was "$empty"
}

delete_is_killed_everywhere()
{
	kill_everywhere make_for_delete after_delete delete --yes web
}

after_update()
{
	looks_work
	is "status during an update" "$code" 0
	succeeds show web
	succeeds seed web
	if (($1 % 2)); then
		succeeds update-cloud web --ip 192.168.86.21
		json .ip 192.168.86.21 show web
		prints 192.168.86.21/24 seed web network-config
		ok cmp "$state/vms/web/seed.iso" "$run/web/seed.iso"
		refused 4 '192.168.86.21 is in use' create other --pubkey-path "$key.pub" \
			--image "$MNMIVM_GUEST/guest.qcow2" --ip 192.168.86.21
		# it runs, and has not booted since
		refused 4 "$ip is in use" create other --pubkey-path "$key.pub" \
			--image "$MNMIVM_GUEST/guest.qcow2" --ip "$ip"
	fi
	succeeds update-cloud web --ip "$ip"
	prints "$ip/24" seed web network-config
	as_it_was "$running"
	ok cmp "$state/vms/web/seed.iso" "$run/web/seed.iso"
}

update_cloud_is_killed_everywhere()
{
	make_web
	succeeds start --paused web
	running=$(living)
	kill_everywhere no_preparation after_update update-cloud web --ip 192.168.86.21
	succeeds delete --yes --force web
}

# --- ends that nobody asked for ---------------------------------------------

# is_dead WORD...: status says that it has ended without us, and list that it is stopped.
is_dead()
{
	se status web
	is "code of status" "$code" 1
	is "status" "$out" dead
	json '.[].state' stopped list
	is "taps" "$(ip -o link | grep -c mvm-)" 0
}

kill_QEMU()
{
	local pid

	pid=$(pid_of web)
	kill -KILL "$pid"
	eventually test ! -e "/proc/$pid"
}

# A launcher that is killed between "go on" and the record leaves a guest that runs.  It is
# nobody's to kill: start and stop find it so.
a_guest_that_runs_is_adopted()
{
	local n pid adopted=0

	make_web
	for ((n = 1; n < 40; n++)); do
		killed sendmsg "$n" start web || break
		se status --verbose web
		if [[ $out == starting*'QEMU says:    running'* ]]; then
			pid=$(pid_of web)
			says 'web: already running' start web
			has "note" "$err" 'its guest runs'
			is "pid" "$(pid_of web)" "$pid"
			json .state running status web
			adopted=1
		fi
		succeeds stop --force web
	done
	((adopted)) || fail "no kill left a guest that runs"
	succeeds stop --force web
}

# The folder of a VM may be removed by hand while its QEMU lives.
a_name_with_a_living_QEMU_is_not_taken()
{
	local pid

	succeeds start web
	pid=$(pid_of web)
	mv "$state/vms/web" "$LAB/gone"
	refused 7 'earlier' create web --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --ip "$ip"
	refused 3 'absent' create web --os absent --pubkey-path "$key.pub"
	ok test -e "/proc/$pid"
	mv "$LAB/gone" "$state/vms/web"
	json .state running status web
	succeeds stop --force web
	succeeds delete --yes web
}

a_killed_QEMU_is_noticed()
{
	make_web
	succeeds start --paused web
	kill_QEMU
	is_dead
	says 'web: already stopped' stop web
	se status web
	is "code of status" "$code" 3

	succeeds start --paused web
	kill_QEMU
	says 'web: started' start web
	eventually answers "$ip" web
}

a_guest_may_power_off_by_itself()
{
	local pid

	pid=$(pid_of web)
	succeeds wait web --timeout 120
	# the connection may end with the guest, so its exit code says nothing
	log_in web "$ip" poweroff || true
	eventually test ! -e "/proc/$pid"
	is_dead
	says 'web: started' start web
}

a_killed_run_leaves_the_guest_alone()
{
	local pid

	succeeds stop --force web
	"$MNMIVM_SE" --config "$conf" run web 2>"$LAB/run" &
	pid=$!
	eventually answers "$ip" web
	succeeds wait web --timeout 120
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	prints running status web
	ok answers "$ip" web
	# and so does a stop that is killed while it waits for a deaf guest
	ok log_in web "$ip" killall -STOP dd
	"$MNMIVM_SE" --config "$conf" stop web 2>/dev/null &
	pid=$!
	eventually grep -qs stopping "$run/web/process"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	se status web
	is "status" "$code $out" '0 stopping'
	# who waited would have said so again by now
	touch -d '-50 seconds' "$run/web/process"
	se status web
	is "status of a stop that is forgotten" "$code $out" '0 running'
	touch -d '-40 seconds' "$run/web/process"
	se status web
	is "status of a stop that may go on" "$code $out" '0 stopping'
	ok log_in web "$ip" killall -CONT dd
	succeeds stop web
	se status web
	is "code of status" "$code" 3
}

# --- records that are not true any more -------------------------------------

# forge PID START BOOT: a record as an earlier run could have left it.
forge()
{
	mkdir -p "$run/web"
	printf 'pid %s\nstart %s\nboot %s\nphase running\n' "$1" "$2" "$3" >"$run/web/process"
	echo "$1" >"$state/vms/web/vm.pid"
}

start_ticks()
{
	awk '{ print $22 }' "/proc/$1/stat"
}

boot_id=$(</proc/sys/kernel/random/boot_id)

# stranger_is_safe START BOOT: the record names a process, but not that one.
stranger_is_safe()
{
	local stranger

	sleep infinity &
	stranger=$!
	forge "$stranger" "${1:-$(start_ticks "$stranger")}" "$2"
	is_dead
	says 'web: already stopped' stop --force web
	forge "$stranger" "${1:-$(start_ticks "$stranger")}" "$2"
	says 'web: started' start --paused web
	[[ $(pid_of web) != "$stranger" ]] || fail "the record still names the stranger"
	succeeds stop --force web
	forge "$stranger" "${1:-$(start_ticks "$stranger")}" "$2"
	succeeds delete --yes --force web
	ok kill -0 "$stranger"
	kill "$stranger"
	wait "$stranger" 2>/dev/null
	make_web
}

a_reboot_ends_what_is_recorded()
{
	stranger_is_safe '' 11111111-2222-3333-4444-555555555555
}

a_reused_pid_is_somebody_else()
{
	stranger_is_safe 12345 "$boot_id"
}

a_damaged_record_is_named()
{
	local text

	for text in '' rubbish "pid 1
start 1
boot $boot_id
phase running" "pid -5
start 1
boot $boot_id
phase running" "pid 99999
start 1
boot $boot_id
phase dancing"; do
		mkdir -p "$run/web"
		printf '%s\n' "$text" >"$run/web/process"
		succeeds list
		has "what list says" "$err" "web: vm 'web': "
		se status web
		is "code of status" "$code" 4
		refused 1 "vm 'web': " stop web
		refused 1 "vm 'web': " start web
		refused 1 "vm 'web': " delete --yes web
	done
	rm "$run/web/process"

	# nor does force remove the folder below a living QEMU
	succeeds start --paused web
	mv "$run/web/process" "$LAB/process"
	echo rubbish >"$run/web/process"
	refused 7 'alive without a record' delete --yes --force web
	mv "$LAB/process" "$run/web/process"
	succeeds stop --force web
}

a_QEMU_without_record_is_found()
{
	local pid

	succeeds start --paused web
	pid=$(pid_of web)
	rm "$run/web/process"
	json '.[] | "\(.state) \(.pid)"' "running $pid" list
	says 'already running' start web
	refused 7 'was started by another program' stop web
	refused 7 "vm 'web' is running" delete --yes web
	succeeds stop --force web
	no test -e "/proc/$pid"

	succeeds start --paused web
	pid=$(pid_of web)
	rm "$run/web/process" "$state/vms/web/vm.pid"
	refused 7 'alive without a record' start web
	refused 7 'alive without a record' delete --yes web
	has "hint" "$err" "fuser -v $run/web/alive"
	is "who fuser finds" "$(fuser "$run/web/alive" 2>/dev/null | xargs)" "$pid"
	kill "$pid"
	eventually test ! -e "/proc/$pid"
	succeeds start --paused web
	succeeds stop --force web
}

a_removed_run_folder_is_made_anew()
{
	rm -r "$run"
	json '.[].state' stopped list
	se status web
	is "code of status" "$code" 3
	succeeds start --paused web
	succeeds stop --force web
}

# --- folders of the Go edition ----------------------------------------------

# A folder with the old files alone, of a VM called old.
make_old()
{
	make old 192.168.86.41
	rm "$state"/vms/old/{vm.conf,ssh_host_ed25519_key,ssh_host_ed25519_key.pub}
	rm "$state"/claims/*
	rm -r "$run/old"
	chmod 644 "$state"/vms/old/*
	echo 192.168.86.41 >"$state/vms/old/vm.ip"
	is "old files" "$(names "$state/vms/old")" \
		'disk.qcow2 os.name pubkey.pub seed.iso vm.ip vm.mac vnc.port'
}

folders_of_the_Go_edition_are_used()
{
	make_old
	json '.[] | select(.name == "old") | "\(.state) \(.ip)"' 'stopped 192.168.86.41' list
	prints 192.168.86.41 show old
	prints 'hostname: "old"' seed old user-data
	says 'old: started' start old
	eventually answers 192.168.86.41 old
	says 'takes effect when the guest reboots' update-cloud old --ip 192.168.86.42
	ok test -e "$state/vms/old/vm.conf"
	succeeds restart old --force
	eventually answers 192.168.86.42 old
	# the update gave it a pinned host key
	succeeds wait old --timeout 120
	is "hostname over ssh" "$(log_in old 192.168.86.42 hostname)" old
	succeeds delete --yes --force old
}

a_QEMU_of_the_Go_edition_is_respected()
{
	local pid stranger

	make_old
	qemu-system-x86_64 -name old -machine none -nodefaults -display none -S 2>"$LAB/qemu" &
	pid=$!
	echo "$pid" >"$state/vms/old/vm.pid"
	eventually grep -q name "/proc/$pid/cmdline"
	json '.[] | select(.name == "old") | "\(.state) \(.pid)"' "running $pid" list
	says 'already running' start old
	refused 7 "cannot be asked" stop old
	refused 7 "vm 'old' is not running" console old
	refused 7 "vm 'old' is running" delete --yes old
	says 'takes effect after a stop and a start' update-cloud old --ip 192.168.86.43
	says 'old: stopped' stop --force old
	wait "$pid"
	no test -e "$state/vms/old/vm.pid"

	# a pid that is somebody else's today
	sleep infinity &
	stranger=$!
	echo "$stranger" >"$state/vms/old/vm.pid"
	json '.[] | select(.name == "old").pid' null list
	succeeds delete --yes --force old
	ok kill -0 "$stranger"
	kill "$stranger"
	wait "$stranger" 2>/dev/null
}

# --- two at once ------------------------------------------------------------

# both A... -- B...: run two commands at once; $codes are their exit codes, $err both's words.
both()
{
	local -a first=()
	local pid

	while [[ $1 != -- ]]; do
		first+=("$1")
		shift
	done
	"$MNMIVM_SE" --config "$conf" "${first[@]}" >/dev/null 2>"$LAB/first" &
	pid=$!
	se "${@:2}"
	wait "$pid"
	codes="$? $code"
	err+=$'\n'$(<"$LAB/first")
}

two_starts_make_one_QEMU()
{
	local i

	for i in {1..8}; do
		both start --paused web -- start --paused web
		is "exit codes" "$codes" '0 0'
		has "what they say" "$err" 'web: started, paused'
		has "what they say" "$err" 'web: already running'
		is "processes" "$(program_processes | wc -l)" 1
		both stop --force web -- stop --force web
		is "exit codes" "$codes" '0 0'
		is "processes" "$(program_processes)" ''
	done
}

a_locked_VM_says_who_has_it()
{
	local tracer pid

	strace --quiet=all --output="$LAB/stopped" --trace=listen --inject=listen:signal=STOP:when=1 \
		-- "$MNMIVM_SE" --config "$conf" start --paused web 2>/dev/null &
	tracer=$!
	# by its own word, as it may be between two calls when its first socket is there
	eventually grep -q -s 'stopped by SIGSTOP' "$LAB/stopped"
	ok test -S "$run/web/qmp.sock" -a ! -e "$run/web/console.sock"
	pid=$(pgrep -P "$tracer")
	refused 7 "vm 'web' is locked by another command \('start', pid $pid\)" start web
	refused 7 "vm 'web' is locked" stop --force web
	refused 7 "vm 'web' is locked" delete --yes --force web
	refused 7 "vm 'web' is locked" update-cloud web --ip dhcp
	refused 7 "vm 'web' is locked" create web --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub"
	json '.[].name' web list
	succeeds show web
	kill -CONT "$pid"
	ok wait "$tracer"
	prints paused status web
	succeeds stop --force web
}

one_of_two_creates_wins()
{
	local i
	local -a names how=(--image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub")

	for i in {1..5}; do
		both create twin "${how[@]}" --ip 192.168.86.51 -- create twin "${how[@]}" --ip 192.168.86.52
		matches "exit codes for one name" "$codes" '^(0 4|4 0)$'
		succeeds delete --yes twin
		both create twin "${how[@]}" --ip 192.168.86.51 -- create other "${how[@]}" --ip 192.168.86.51
		matches "exit codes for one address" "$codes" '^(0 4|4 0)$'
		has "what they say" "$err" '192.168.86.51 is in use by vm'
		both create third "${how[@]}" --mac 52:54:00:00:00:03 -- \
			create fourth "${how[@]}" --mac 52:54:00:00:00:03
		matches "exit codes for one MAC" "$codes" '^(0 4|4 0)$'
		succeeds list --quiet
		is "VMs" "$(wc -l <<<"$out")" 3
		mapfile -t names < <(grep -vx web <<<"$out")
		succeeds delete --yes "${names[@]}"
	done
}

a_delete_and_a_start_do_not_mix()
{
	local i

	for i in {1..8}; do
		both start --paused web -- delete --yes web
		matches "exit codes" "$codes" '^(0 7|3 0|7 0)$'
		exists || make_web
		succeeds stop --force web
		is "processes" "$(program_processes)" ''
	done
}

# A claim of a VM that is not there is in nobody's way, and may stay.
nothing_but_stale_claims_is_left_behind()
{
	succeeds delete --yes --force web
	rm -f "$state"/claims/*
	nothing_is_left_behind
}

# a command on VMs makes the folders
se stop --all >/dev/null
empty=$(living)
run_tests \
	start_is_killed_everywhere \
	a_child_is_killed_at_every_stage \
	stop_is_killed_everywhere \
	create_is_killed_everywhere \
	delete_is_killed_everywhere \
	update_cloud_is_killed_everywhere \
	a_guest_that_runs_is_adopted \
	a_name_with_a_living_QEMU_is_not_taken \
	a_killed_QEMU_is_noticed \
	a_guest_may_power_off_by_itself \
	a_killed_run_leaves_the_guest_alone \
	a_reboot_ends_what_is_recorded \
	a_reused_pid_is_somebody_else \
	a_damaged_record_is_named \
	a_QEMU_without_record_is_found \
	a_removed_run_folder_is_made_anew \
	two_starts_make_one_QEMU \
	a_locked_VM_says_who_has_it \
	one_of_two_creates_wins \
	a_delete_and_a_start_do_not_mix \
	folders_of_the_Go_edition_are_used \
	a_QEMU_of_the_Go_edition_is_respected \
	nothing_but_stale_claims_is_left_behind
