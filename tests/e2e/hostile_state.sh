#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hostile_state.sh - folders and images that somebody has laid traps in: nothing outside is read,
# written or removed, nothing hangs, and what is refused is refused in one line.
#
# MNMIVM_RACES  rounds against each swapper (default: 60)

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need python3 strace timeout

: "${MNMIVM_RACES:=60}"
ip=192.168.86.11
image=$MNMIVM_GUEST/guest.qcow2
outside=$LAB/outside
word=s3cr3t-w0rd

# What must stay as it is: a file that would pass for settings, and a folder.
mkdir -m 700 "$outside" "$outside/folder"
printf '%s = 1\n' "$word" >"$outside/secret"
printf '%s\n' "$word" >"$outside/folder/vm.conf"
chmod 600 "$outside/secret" "$outside/folder/vm.conf"

outside_now()
{
	find "$outside" -printf '%P %y %m %U %T@ %s\n' | sort
	cat "$outside/secret" "$outside/folder/vm.conf"
}

# order ARG...: in bounded time, with a clear line when it fails, and without a word of the secret.
order()
{
	local seconds=$((20 * MNMIVM_PATIENCE / 120))

	out=$(timeout --signal=KILL "$seconds" "$MNMIVM_SE" --config "$conf" "$@" 2>"$LAB/stderr")
	code=$?
	err=$(<"$LAB/stderr")
	((code < 126)) || fail "exit code $code from: $*" "$err"
	lacks "output of: $*:" "$out$err" "$word"
	if ((code)) && [[ $code:$1 != [134]:status ]]; then
		err=$(grep -A 1 '^mnmivm-se: ' <<<"$err")
		check_wording
	fi
}

# QEMU holds nothing from outside.
holds_nothing()
{
	local pid fd

	# a trap may be there
	[[ -f $run/web/process && ! -L $run/web/process ]] || return
	pid=$(pid_of web)
	for fd in "/proc/${pid:-0}"/fd/*; do
		[[ ! $fd -ef $outside/secret ]] || fail "QEMU holds the secret as ${fd##*/}"
	done
}

# The commands of a day, whatever they say; a QEMU that was started is ended.
use_it()
{
	order list
	order status web
	order show web
	order start --paused web
	holds_nothing
	order update-cloud web --ip "$ip"
	order stop --force web
}

is_untouched()
{
	is "what is outside" "$(outside_now)" "$untouched"
	is "processes" "$(program_processes)" ''
}

# --- files that are something else ------------------------------------------

# trap_of KIND PATH: put it there.
trap_of()
{
	rm -rf -- "$2"
	case $1 in
	symlink) ln -s "$outside/secret" "$2" ;;
	relative_symlink) ln -s ../../../outside/secret "$2" ;;
	dangling_symlink) ln -s "$outside/absent" "$2" ;;
	symlink_to_folder) ln -s "$outside/folder" "$2" ;;
	proc_symlink) ln -s /proc/self/fd/0 "$2" ;;
	hardlink) ln "$outside/secret" "$2" ;;
	fifo) mkfifo "$2" ;;
	socket) python3 -c 'import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$2" ;;
	device) mknod "$2" c 1 5 ;; # /dev/zero
	terminal) mknod "$2" c 5 0 ;;
	folder) mkdir "$2" && echo text >"$2/file" ;;
	others) echo 192.168.86.77 >"$2" && chown nobody "$2" ;;
	huge) truncate -s 1T "$2" ;;
	zeros) head -c 3000 /dev/zero >"$2" ;;
	long_line) head -c 300000 /dev/zero | tr '\0' x >"$2" ;;
	empty) : >"$2" ;;
	esac
}

kinds=(symlink relative_symlink dangling_symlink symlink_to_folder proc_symlink hardlink fifo socket
	device terminal folder others huge zeros long_line empty)

a_VM_is_made()
{
	make web "$ip" --vhost off --extra-disk 1M "${direct_boot[@]}"
	cp -a "$state/vms/web" "$LAB/good"
	untouched=$(outside_now)
	use_it
	is "exit code without traps" "$code" 0
	is_untouched
}

# with_traps FOLDER RESTORE NAME...
with_traps()
{
	local kind name folder=$1 restore=$2

	for name in "${@:3}"; do
		for kind in "${kinds[@]}"; do
			"$restore"
			trap_of "$kind" "$folder/$name"
			use_it
			# before a hard link is removed, and its count goes down
			"$restore"
			is_untouched
			if ((failed)); then
				diag "this was a $kind in place of $name"
				return
			fi
		done
	done
}

restore_state()
{
	"$MNMIVM_SE" --config "$conf" stop --force web >/dev/null 2>&1
	rm -rf "$state/vms/web"
	cp -a "$LAB/good" "$state/vms/web"
}

files_of_a_VM_are_files()
{
	local extra

	extra=$(find "$LAB/good" -name '*.qcow2' ! -name disk.qcow2 -printf %f)
	with_traps "$state/vms/web" restore_state disk.qcow2 "$extra" seed.iso pubkey.pub os.name vm.ip \
		vm.mac vnc.port vm.pid vm.conf ssh_host_ed25519_key ssh_host_ed25519_key.pub
}

# Where a change is prepared: names that are not there as a rule.
places_of_changes_are_ours()
{
	with_traps "$state/vms/web" restore_state change change.tmp .tmp-vm.conf .tmp-vm.pid .tmp-seed.iso
	mkdir "$state/vms/web/change"
	ln -s "$outside/secret" "$state/vms/web/change/vm.conf"
	use_it
	restore_state
	is_untouched
}

restore_run()
{
	restore_state
	rm -rf "$run/web"
}

files_of_a_run_are_files()
{
	local name kind

	for name in process alive lock state-dir qmp.sock log console.log seed.iso vm.conf; do
		for kind in symlink fifo folder zeros; do
			restore_run
			mkdir -m 700 "$run/web"
			trap_of "$kind" "$run/web/$name"
			use_it
			restore_run
			is_untouched
			if ((failed)); then
				diag "this was a $kind in place of $name"
				return
			fi
		done
	done
}

files_of_a_run_are_files_while_it_runs()
{
	local name kind pid

	for name in process alive qmp.sock console.sock seed.iso vm.mac vm.conf; do
		for kind in symlink fifo zeros; do
			restore_run
			succeeds start --paused web
			pid=$(pid_of web)
			mv "$run/web/$name" "$LAB/aside"
			trap_of "$kind" "$run/web/$name"
			order list
			order status --verbose web
			order resume web
			order update-cloud web --ip "$ip"
			order stop --force web
			order delete --yes web
			[[ -d $state/vms/web ]] || cp -a "$LAB/good" "$state/vms/web"
			if [[ -d $run/web ]]; then
				rm -rf -- "${run:?}/web/$name"
				[[ ! -e /proc/$pid ]] || mv "$LAB/aside" "$run/web/$name"
			fi
			rm -f "$LAB/aside"
			order stop --force web
			[[ ! -e /proc/$pid ]] || eventually test ! -e "/proc/$pid"
			is_untouched
			if ((failed)); then
				diag "this was a $kind in place of $name"
				return
			fi
		done
	done
	restore_run
}

folders_are_folders()
{
	local kind

	for kind in symlink symlink_to_folder fifo huge others; do
		restore_run
		trap_of "$kind" "$run/web"
		use_it
		rm -rf "$run/web"
		is_untouched
		mv "$state/vms/web" "$LAB/aside"
		trap_of "$kind" "$state/vms/web"
		use_it
		order delete --yes web
		rm -rf "$state/vms/web"
		mv "$LAB/aside" "$state/vms/web"
		is_untouched
	done
}

# A tree that is removed is not left by a link, nor by a mount.
delete_stays_inside()
{
	restore_run
	ln -s "$outside" "$state/vms/web/link"
	ln -s "$outside/secret" "$state/vms/web/file"
	ln "$outside/secret" "$state/vms/web/hard"
	mkdir "$state/vms/web/folder"
	ln -s "$outside/folder" "$state/vms/web/folder/link"
	succeeds delete --yes web
	is_untouched
	make web "$ip" --vhost off "${direct_boot[@]}"
	mkdir "$state/vms/web/mounted"
	mount --bind "$outside" "$state/vms/web/mounted"
	order delete --yes web
	# where it lies now
	findmnt --noheadings --raw --output TARGET,SOURCE | awk -v at="$state" \
		'index($1, at "/") == 1 { print $1 }' | while read -r target; do
		umount "$target"
	done
	is_untouched
	order list
	order delete --yes web
	rm -rf "$state/vms/web" "$state"/tmp/*
	rm -f "$state"/claims/*
	make web "$ip" --vhost off --extra-disk 1M "${direct_boot[@]}"
	rm -rf "$LAB/good"
	cp -a "$state/vms/web" "$LAB/good"
}

# --- races ------------------------------------------------------------------

# Exchange two names for ever, as fast as it goes (renameat2(2), RENAME_EXCHANGE).
cat >"$LAB/swapper" <<'EOP'
import ctypes, os, sys, time

a, b, pause = os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), float(sys.argv[3])
libc = ctypes.CDLL(None)
while True:
    libc.renameat2(-100, a, -100, b, 2)
    if pause:
        time.sleep(pause)
EOP

# races KIND PATH [PAUSE]: commands, while PATH is now the file and now a trap.
races()
{
	local kind=$1 path=$2 i swapper

	trap_of "$kind" "$LAB/evil"
	setpriv --pdeathsig KILL -- python3 "$LAB/swapper" "$path" "$LAB/evil" "${3-0}" &
	swapper=$!
	for ((i = 0; i < MNMIVM_RACES && !failed; i++)); do
		case $((i % 6)) in
		0|3) order start --paused web
			holds_nothing ;;
		1) order status web
			order list ;;
		2) order update-cloud web --ip "$ip" ;;
		4) order stop --force web ;;
		5) order set web memory=96M
			order show web ;;
		esac
	done
	kill "$swapper"
	wait "$swapper" 2>/dev/null
	((!failed)) || diag "this was ${path##*/} against a $kind"
	# a folder may be that of a VM that runs
	if [[ -d $LAB/evil && ! -L $LAB/evil ]]; then
		rm -f "$path"
		mv -T "$LAB/evil" "$path"
		order stop --force web
	fi
	rm -rf "$LAB/evil"
	restore_run
	rm -f "$state"/claims/*.tmp
	is_untouched
}

a_disk_is_swapped()
{
	races symlink "$state/vms/web/disk.qcow2"
	races hardlink "$state/vms/web/disk.qcow2" 0.0003
	races fifo "$state/vms/web/disk.qcow2" 0.001
}

settings_are_swapped()
{
	races fifo "$state/vms/web/vm.conf"
	races symlink "$state/vms/web/vm.conf" 0.0003
	races hardlink "$state/vms/web/vm.ip" 0.001
}

a_seed_is_swapped()
{
	races symlink "$state/vms/web/seed.iso"
	races device "$state/vms/web/pubkey.pub"
}

a_folder_is_swapped()
{
	races symlink_to_folder "$state/vms/web"
	races fifo "$state/vms/web" 0.001
	mkdir -p "$run/web"
	races symlink_to_folder "$run/web" 0.001
}

deleted_while_swapped()
{
	local i swapper

	for ((i = 0; i < MNMIVM_RACES / 10 && !failed; i++)); do
		restore_run
		mkdir "$state/vms/web/folder"
		echo text >"$state/vms/web/folder/file"
		ln -s "$outside/folder" "$LAB/evil"
		setpriv --pdeathsig KILL -- python3 "$LAB/swapper" "$state/vms/web/folder" "$LAB/evil" 0 &
		swapper=$!
		order delete --yes web
		kill "$swapper"
		wait "$swapper" 2>/dev/null
		rm -rf "$LAB/evil" "${state:?}"/tmp/*
		is_untouched
	done
	restore_run
}

# --- images -----------------------------------------------------------------

# craft KIND FILE: change its header; docs/interop/qcow2.rst of QEMU.
cat >"$LAB/craft" <<'EOP'
import os, struct, sys

kind, path, secret = sys.argv[1:]
file = open(path, 'r+b')


def put(offset, form, *values):
    file.seek(offset)
    file.write(struct.pack('>' + form, *values))


def get(offset, form):
    file.seek(offset)
    return struct.unpack('>' + form, file.read(struct.calcsize('>' + form)))


def backing(name):
    data = name.encode()
    put(8, 'QI', 0x400, len(data))
    file.seek(0x400)
    file.write(data)


def extension(kind, data):
    length, = get(100, 'I')
    put(length, 'II', kind, len(data))
    file.write(data + bytes(-len(data) % 8) + bytes(8))


def incompatible(bits):
    put(72, 'Q', get(72, 'Q')[0] | bits)


if kind == 'backing':
    backing(secret)
elif kind == 'backing_relative':
    backing('../../../outside/secret')
elif kind == 'backing_json':
    backing('json:{"driver":"file","filename":"%s"}' % secret)
elif kind == 'backing_fat':
    backing('fat:rw:' + os.path.dirname(secret))
elif kind == 'backing_nbd':
    backing('nbd://127.0.0.1/x')
elif kind == 'backing_words':
    backing('/a\x1b[2J\nhint: x')
elif kind == 'backing_misplaced':
    put(8, 'QI', 1 << 60, 20)
elif kind == 'data_file':
    incompatible(4)
    extension(0x44415441, secret.encode())
elif kind == 'data_file_bit':
    incompatible(4)
elif kind == 'data_file_name':
    extension(0x44415441, secret.encode())
elif kind == 'unknown_feature':
    incompatible(1 << 40)
elif kind == 'corrupt':
    incompatible(2)
elif kind == 'encrypted':
    put(32, 'I', 2)
elif kind == 'version':
    put(4, 'I', 4)
elif kind == 'cluster_bits':
    put(20, 'I', 63)
elif kind == 'l1':
    put(36, 'I', 0xffffffff)
elif kind == 'l1_offset':
    put(40, 'Q', 1 << 62)
elif kind == 'refcounts':
    put(48, 'QI', 1 << 50, 0xffffffff)
elif kind == 'snapshots':
    put(60, 'IQ', 0xffffffff, 1 << 50)
elif kind == 'size':
    put(24, 'Q', 1 << 63)
elif kind == 'header_length':
    put(100, 'I', 0xfffffff8)
elif kind == 'extensions':
    put(get(100, 'I')[0], 'II', 0x6803f857, 0xfffffff0)
elif kind == 'cut':
    file.truncate(80)
else:
    sys.exit('no such kind')
EOP

base_kinds=(backing backing_relative backing_json backing_fat backing_nbd backing_words
	backing_misplaced data_file data_file_bit data_file_name unknown_feature corrupt encrypted version
	cluster_bits l1 l1_offset refcounts snapshots size header_length extensions cut)

crafted_images_are_refused()
{
	local kind before crafted=$LAB/crafted.qcow2

	before=$(snapshot)
	for kind in "${base_kinds[@]}"; do
		cp "$image" "$crafted"
		ok python3 "$LAB/craft" "$kind" "$crafted" "$outside/secret"
		refused 6 "crafted" create other --image "$crafted" --pubkey-path "$key.pub"
		refused 6 "" image import "$crafted" other
		((!failed)) || diag "this was $kind"
	done
	unchanged "$before"
	is_untouched
}

has_started()
{
	grep -qs '^phase paused' "$run/web/process" || [[ ! -e /proc/$1 ]]
}

# Start it with all that comes of it under strace, and end it; $LAB/opened has the paths.
traced_start()
{
	local tracer status

	strace --follow-forks --quiet=all --signal=none --trace='%file' --string-limit=4096 \
		--decode-fds=path --output="$LAB/opened" -- \
		"$MNMIVM_SE" --config "$conf" start --paused web >/dev/null 2>"$LAB/traced" &
	tracer=$!
	eventually has_started "$tracer"
	holds_nothing
	order stop --force web
	wait "$tracer"
	status=$?
	code=$status err=$(<"$LAB/traced")
	((code < 126)) || fail "exit code $code from start" "$err"
}

# A guest that breaks out of QEMU's device model can write all of its overlay, its header too.
rewritten_overlays_reach_nothing()
{
	local kind

	for kind in "${base_kinds[@]}"; do
		restore_run
		python3 "$LAB/craft" "$kind" "$state/vms/web/disk.qcow2" "$outside/secret"
		traced_start
		no grep -F 'outside/' "$LAB/opened"
		if ((code)); then
			is "exit code of start" "$code" 6
			err=$(grep -A 1 '^mnmivm-se: ' <<<"$err")
			check_wording
			has "message" "$err" disk.qcow2
		else
			# it has its base from vm.conf
			matches "kind" "$kind" '^backing'
		fi
		order show web
		order list
		((!failed)) || diag "this was $kind"
	done
	restore_run
	is_untouched
}

rewritten_extra_disks_reach_nothing()
{
	local kind extra

	extra=$(find "$LAB/good" -name '*.qcow2' ! -name disk.qcow2 -printf %f)
	for kind in backing backing_json data_file data_file_name; do
		restore_run
		python3 "$LAB/craft" "$kind" "$state/vms/web/$extra" "$outside/secret"
		traced_start
		is "exit code of start" "$code" 6
		no grep -F 'outside/' "$LAB/opened"
		((!failed)) || diag "this was $kind"
	done
	restore_run
	is_untouched
}

nothing_but_stale_claims_is_left_behind()
{
	restore_run
	succeeds delete --yes --force web
	rm -f "$state"/claims/*
	nothing_is_left_behind
}

run_tests \
	a_VM_is_made \
	files_of_a_VM_are_files \
	places_of_changes_are_ours \
	files_of_a_run_are_files \
	files_of_a_run_are_files_while_it_runs \
	folders_are_folders \
	delete_stays_inside \
	a_disk_is_swapped \
	settings_are_swapped \
	a_seed_is_swapped \
	a_folder_is_swapped \
	deleted_while_swapped \
	crafted_images_are_refused \
	rewritten_overlays_reach_nothing \
	rewritten_extra_disks_reach_nothing \
	nothing_but_stale_claims_is_left_behind
