#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confinement.sh - what status tells of a QEMU's confinement, held against other eyes, and starts
# on a host that lacks layers of it.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need python3 findmnt

ip=192.168.86.11

# --- what status tells --------------------------------------------------------

# own_namespace LINK: is QEMU's another one than ours?
own_namespace()
{
	if [[ $(readlink "/proc/$pid/ns/$1") != "$(readlink "/proc/self/ns/$1")" ]]; then
		echo on
	else
		echo missing
	fi
}

# field NAME: of /proc/PID/status
field()
{
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" | xargs
}

told()
{
	jq -r ".confinement.$1" <<<"$status"
}

a_guest_runs()
{
	make web "$ip" --vhost off "${direct_boot[@]}"
	succeeds start web
	pid=$(pid_of web)
	succeeds --format json status web
	status=$out
}

every_layer_is_on()
{
	local layer

	for layer in root pid net ipc uts cgroup-ns keyring landlock seccomp; do
		is "$layer" "$(told "layers.\"$layer\"")" on
	done
	is "findings" "$(told 'findings | join(", ")')" ''
}

namespaces_are_those_of_the_kernel()
{
	local layer

	for layer in pid net ipc uts; do
		is "$layer" "$(told "layers.$layer")" "$(own_namespace "$layer")"
	done
	is "cgroup-ns" "$(told 'layers."cgroup-ns"')" "$(own_namespace cgroup)"
	is "root" "$(told layers.root)" "$(own_namespace mnt)"
	is "pid inside" "$(told inner_pid)" "$(field NSpid | awk '{ print $NF }')"
	is "root's type" "$(findmnt --task "$pid" --noheadings --output FSTYPE /)" tmpfs
	matches "root's options" "$(findmnt --task "$pid" --noheadings --output OPTIONS /)" '^ro,'
	is "mounts" "$(told mounts)" "$(wc -l <"/proc/$pid/mountinfo")"
}

privileges_are_those_of_the_kernel()
{
	is "uid" "$(told uid)" "$(stat -c %u "/proc/$pid")"
	is "gid" "$(told gid)" "$(stat -c %g "/proc/$pid")"
	is "groups" "$(told groups)" "$(field Groups | wc -w)"
	is "capabilities" "$(told 'capabilities | add')" \
		"$(field CapInh)$(field CapPrm)$(field CapEff)$(field CapBnd)$(field CapAmb)"
	is "no_new_privs" "$(told no_new_privs)" true
	is "seccomp" "$(told seccomp) $(told seccomp_filters)" "$(field Seccomp) $(field Seccomp_filters)"
	is "core file" "$(told core_bytes)" "$(awk '/^Max core file/ { print $5 }' "/proc/$pid/limits")"
	is "file size" "$(told file_size_bytes)" "$(awk '/^Max file size/ { print $4 }' "/proc/$pid/limits")"
	is "nice" "$(told nice)" "$(ps -o ni= -p "$pid" | xargs)"
	is "OOM score" "$(told oom_score_adj)" "$(<"/proc/$pid/oom_score_adj")"
	is "CPUs" "$(told cpus)" "$(field Cpus_allowed_list)"
}

# Descriptors of a running QEMU come and go.
counts_agree()
{
	local kernel

	kernel="$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)"
	kernel+=" $(find "/proc/$pid/fd" -lname /dev/net/tun | wc -l)"
	kernel+=" $(find "/proc/$pid/fd" -type l | wc -l)"
	[[ $(se --format json status web
		jq -r '.confinement.descriptors | "\(.sockets) \(.taps) \(add)"' <<<"$out") == "$kernel" ]]
}

descriptors_are_those_of_the_kernel()
{
	eventually counts_agree
}

people_get_a_line_for_each()
{
	local layer

	succeeds -v status web
	for layer in root pid net ipc uts cgroup-ns keyring landlock seccomp; do
		matches "lines" "$out" $'\n'"$layer: +on"
	done
	matches "landlock" "$out" $'\nlandlock: +on \\(as launched\\)'
	matches "limits" "$out" $'\nlimits: +no core file, file '
	lacks "lines" "$out" 'finding:'
	prints 'capabilities: none' -v status web
}

# told_of VM LAYER STATE: in JSON, now
told_of()
{
	json ".confinement.layers.\"$2\"" "$3" status "$1"
}

a_paused_guest_is_the_same()
{
	succeeds pause web
	told_of web landlock on
	told_of web net on
	json .state paused status web
	succeeds resume web
}

# As from an earlier version, and as nobody of ours writes it.
what_was_not_recorded_is_unknown()
{
	mv "$run/web/missing" "$LAB/missing"
	told_of web landlock unknown
	told_of web keyring unknown
	told_of web root on
	matches "lines" "$(se -v status web; echo "$out")" $'\nlandlock: +unknown\n'
	echo 'no layer of ours' >"$run/web/missing"
	told_of web landlock unknown
	mv "$LAB/missing" "$run/web/missing"
	told_of web landlock on
}

what_cannot_be_seen_is_unknown()
{
	out=$(setpriv --bounding-set -all --inh-caps -all --ambient-caps -all \
		--reuid 0 --regid 0 --clear-groups -- "$MNMIVM_SE" --config "$conf" --format json \
		status web)
	is "net" "$(jq -r .confinement.layers.net <<<"$out")" unknown
	is "root" "$(jq -r .confinement.layers.root <<<"$out")" unknown
	is "descriptors" "$(jq -r .confinement.descriptors <<<"$out")" null
	is "findings" "$(jq -r '.confinement.findings | join(", ")' <<<"$out")" ''
}

a_dead_QEMU_has_no_confinement()
{
	kill -KILL "$pid"
	eventually test ! -e "/proc/$pid/fd"
	se --format json status web
	is "code" "$code" 1
	is "confinement" "$(jq -r .confinement <<<"$out")" null
	se -v status web
	lacks "lines" "$out" landlock
	succeeds stop web
}

# One that runs as root, in no layer at all, and says so.
a_QEMU_of_the_Go_edition_is_told_of()
{
	local folder=$state/vms/old

	mkdir -m 700 "$folder"
	qemu-img create -q -f qcow2 "$folder/disk.qcow2" 1M
	echo 52:54:00:00:86:41 >"$folder/vm.mac"
	echo 192.168.86.41 >"$folder/vm.ip"
	qemu-system-x86_64 -name old -machine none -nodefaults -display none -S 2>"$LAB/qemu" &
	echo $! >"$folder/vm.pid"
	eventually grep -q name "/proc/$!/cmdline"
	json '.confinement.findings | index("runs as root") != null' true status old
	json '.confinement.findings | index("lacks a root of its own") != null' true status old
	json '.confinement.layers | [.root, .pid, .net, .landlock] | join(" ")' \
		'missing missing missing unknown' status old
	has "lines" "$(se -v status old; echo "$out")" 'finding:      QEMU has capabilities'
	succeeds stop --force old
	wait $!
	succeeds delete --yes old
}

# --- layers that this host lacks ------------------------------------------------

# without NUMBER ERRNO FLAGS COMMAND...: a call fails, whatever its first argument (FLAGS 0) or when
# that is FLAGS; by a seccomp filter, where SECCOMP_RET_ERRNO is 0x50000.
cat >"$LAB/without" <<'EOF'
import ctypes, os, struct, sys
number, errno, flags = (int(x, 0) for x in sys.argv[1:4])
fail = (0x06, 0, 0, 0x50000 | errno)
code = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, flags), fail]
if not flags:
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), fail]
code.append((0x06, 0, 0, 0x7FFF0000))
code = b"".join(struct.pack("HBBI", *x) for x in code)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[4], sys.argv[4:])
EOF

# Each with the call that it takes, x86-64's numbers: landlock_create_ruleset, keyctl, unshare.
lacking='landlock:444:38:0 landlock:444:95:0 keyring:250:38:0 net:272:28:0x40000000
	ipc:272:28:0x08000000 uts:272:28:0x04000000 cgroup-ns:272:28:0x02000000 root:272:28:0x00020000'

# on_poor_host LAYER:CALL:ERRNO:FLAGS ARG...: run the program where that is so.
on_poor_host()
{
	local layer call number flags program=$MNMIVM_SE

	IFS=: read -r layer call number flags <<<"$1"
	cat >"$LAB/poor" <<-EOF
		#!/bin/sh
		exec python3 "$LAB/without" $call $number $flags "$program" "\$@"
	EOF
	chmod +x "$LAB/poor"
	MNMIVM_SE=$LAB/poor "${@:2}"
}

a_missing_layer_stops_the_start()
{
	local one layer before

	# a kernel of its own would have to be shown to it in a root
	make poor 192.168.86.12 --vhost off
	for one in $lacking; do
		layer=${one%%:*}
		before=$(snapshot)
		on_poor_host "$one" refused 5 'this host does not give' start --paused poor
		matches "hint of $layer" "$err" "hint: mnmivm-se doctor layers .*allow_missing = $layer"
		unchanged "$before"
	done
}

a_missing_layer_may_be_allowed()
{
	local one layer

	for one in $lacking; do
		layer=${one%%:*}
		succeeds set poor allow_missing="$layer"
		json .allow_missing "[\"$layer\"]" show poor
		prints "allow missing: $layer" show poor
		on_poor_host "$one" says "without $layer" start --paused poor
		told_of poor "$layer" missing
		json '.confinement.allowed_missing - ["cgroup"]' "[\"$layer\"]" status poor
		json .confinement.findings '[]' status poor
		matches "line of $layer" "$(se -v status poor; echo "$out")" \
			$'\n'"$layer: +missing, as allowed"
		succeeds stop --force poor
		# where the host has it, it is there whatever may be missing
		succeeds start --paused poor
		lacks "what start says" "$err" "without"
		told_of poor "$layer" on
		succeeds stop --force poor
	done
	succeeds set poor allow_missing=
	json .allow_missing '[]' show poor
	lacks "show" "$(se show poor; echo "$out")" 'allow missing'
}

# restricted CAPABILITY ARG...: like se, as root of a container that lacks it.
restricted()
{
	out=$(setpriv --bounding-set "-$1" -- "$MNMIVM_SE" --config "$conf" "${@:2}" \
		2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(<"$LAB/stderr")
}

# A description refuses what a start does, as far as it need not be tried.
what_would_be_refused_is_not_described()
{
	local before right

	before=$(snapshot)
	prints 'confine in root, pid, net, ipc, uts, cgroup-ns, keyring, landlock, seccomp' \
		start --dry-run poor
	on_poor_host landlock:444:38:0 refused 5 'this host does not give Landlock' \
		start --dry-run poor
	has "hint" "$err" 'allow_missing = landlock'
	echo 'allow_missing = landlock' >>"$conf"
	on_poor_host landlock:444:38:0 prints 'keyring, seccomp; the host lacks landlock' \
		start --dry-run poor
	sed -i '/^allow_missing/d' "$conf"
	echo "expose = $LAB/nothing" >>"$conf"
	refused 5 "expose '$LAB/nothing': No such file" start --dry-run poor
	refused 5 "expose '$LAB/nothing': No such file" start poor
	sed -i '/^expose/d' "$conf"
	unchanged "$before"
	for right in sys_admin setpcap setuid setgid; do
		restricted "$right" start --dry-run poor
		has "a start without CAP_$right" "$err" "CAP_${right^^}, which even root lacks here"
		is "exit code" "$code" 5
		before=$err
		restricted "$right" start poor
		is "what a start says of it" "${err/start \'qemu-system-x86_64\': /}" "$before"
	done
	restricted sys_admin show-cmd poor
	is "exit code of show-cmd" "$code" 5
}

# One that is allowed does not open the door for another.
only_what_is_named_may_be_missing()
{
	echo 'allow_missing = keyring, uts' >>"$conf"
	on_poor_host net:272:28:0x40000000 refused 5 '' start --paused poor
	on_poor_host uts:272:28:0x04000000 says 'without uts' start --paused poor
	sed -i '/^allow_missing/d' "$conf"
	# what it was started with counts
	json .confinement.findings '[]' status poor
	succeeds stop --force poor
}

# What is no lack of the host is no reason to go on.
a_layer_that_breaks_is_no_missing_one()
{
	echo 'allow_missing = net, landlock' >>"$conf"
	on_poor_host net:272:12:0x40000000 refused 1 'Cannot allocate memory' start --paused poor
	sed -i '/^allow_missing/d' "$conf"
}

# What QEMU needs in its root is not to be had without one.
a_kernel_takes_a_root()
{
	succeeds stop --force web
	succeeds set web allow_missing=root
	on_poor_host root:272:28:0x00020000 refused 5 'does not give a root of its own' \
		start --paused web
}

run_tests \
	a_guest_runs \
	every_layer_is_on \
	namespaces_are_those_of_the_kernel \
	privileges_are_those_of_the_kernel \
	descriptors_are_those_of_the_kernel \
	people_get_a_line_for_each \
	a_paused_guest_is_the_same \
	what_was_not_recorded_is_unknown \
	what_cannot_be_seen_is_unknown \
	a_dead_QEMU_has_no_confinement \
	a_QEMU_of_the_Go_edition_is_told_of \
	a_missing_layer_stops_the_start \
	a_missing_layer_may_be_allowed \
	what_would_be_refused_is_not_described \
	only_what_is_named_may_be_missing \
	a_layer_that_breaks_is_no_missing_one \
	a_kernel_takes_a_root \
	nothing_is_left_behind
