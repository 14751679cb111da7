# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# lib.sh - a lab for each suite, and the words that the suites are written in.
#
# A suite sources this file, defines a function for each test and ends with
# `run_tests NAME...`, which prints TAP.  Sourcing it starts the suite over again
# in process, network, mount and cgroup namespaces of its own, with an empty /run:
# what runs there ends with the suite's own process, however that ends, and what is
# compared before and after is the suite's alone.  Such a lab looks like this:
#
#	us, the host:       br0 192.168.86.1/24, default route to 192.168.86.254
#	lan, another host:  lan0 192.168.86.7/24 and 192.168.86.254/24, a veth on br0
#
# A suite that sets LAB_BACKPORTS=1 has the QEMU of MNMIVM_BACKPORTS at QEMU's place.
# A suite that sets LAB_ON_HOST=1 first gets no namespaces for it but that of the other host. That
# is for a host that is thrown away, as those of tests/kernel are.
#
# MNMIVM_SE      the program under test
# MNMIVM_GUEST   folder of the tiny guest that mkguest makes
# MNMIVM_DEBIAN  image of a Debian guest that mkimage makes
# MNMIVM_BACKPORTS  folder with the /usr of a newer QEMU, as contrib/tools/common.sh unpacks it;
#                "none": it cannot be had here
# MNMIVM_PATIENCE  seconds that something may take
# MNMIVM_TESTS_MUST_RUN=1 turns a skipped suite into a failure.
# MNMIVM_TESTS_ONLY=WORD... runs the tests whose names have one of the words.

set -u
export LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
: "${MNMIVM_SE:=/usr/sbin/mnmivm-se}"
: "${MNMIVM_GUEST:=/var/cache/mnmivm-se/guest}"
: "${MNMIVM_DEBIAN:=/var/cache/mnmivm-se/debian-12.qcow2}"
: "${MNMIVM_BACKPORTS:=/var/cache/mnmivm-se/qemu-backports}"
: "${MNMIVM_PATIENCE:=120}"
MNMIVM_SE=$(realpath --canonicalize-missing -- "$MNMIVM_SE")

# The suite is left out, for a reason that is not the program's.
suite_skip()
{
	if [[ ${MNMIVM_TESTS_MUST_RUN-} == 1 ]]; then
		printf '1..1\nnot ok 1 - %s\n' "$1"
		exit 1
	fi
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

# need PROGRAM-OR-FILE...
need()
{
	local what

	for what; do
		if [[ $what == /* ]]; then
			[[ -e $what ]] || suite_skip "no $what"
		else
			command -v "$what" >/dev/null || suite_skip "no $what"
		fi
	done
}

# --- the lab ----------------------------------------------------------------

lab_pid='' lab_init='' lab_cgroup=''

# Where cgroup v2 is, if that may be written.
lab_cgroup_root()
{
	local root

	root=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) &&
		[[ -w $root/cgroup.procs ]] && echo "$root"
}

# Run a command in a cgroup of the lab's own, which is the top of the hierarchy in there.
lab_in_cgroup()
{
	[[ -z $lab_cgroup ]] || echo "$BASHPID" >"$lab_cgroup/cgroup.procs"
	exec "$@"
}

lab_cgroup_remove()
{
	local -i tries=100

	[[ -n $lab_cgroup ]] || return
	until find "$lab_cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || ((--tries == 0)); do
		sleep 0.05
	done
}

# The namespaces end with their first process, and all that is in them does.
lab_leave()
{
	if [[ -n $lab_pid ]]; then
		lab_init=$(pgrep -P "$lab_pid")
		kill -KILL "$lab_pid" 2>/dev/null
		wait "$lab_pid" 2>/dev/null
		while [[ -n $lab_init && -e /proc/$lab_init ]]; do
			sleep 0.05
		done
	fi
	[[ -z ${LAB_ON_HOST-} ]] || ip link delete br0
	lab_cgroup_remove
	rm -rf -- "$LAB"
}

# Where it cannot be had, that is no fault of the host's: the suite is skipped without complaint.
need_backports()
{
	if [[ $MNMIVM_BACKPORTS == none ]]; then
		echo '1..0 # SKIP QEMU of backports cannot be fetched here'
		exit 0
	fi
	need "$MNMIVM_BACKPORTS/usr/bin/qemu-system-x86_64"
}

# Start the suite anew inside, and end as it does.
lab_enter()
{
	local namespaces=(--pid --mount-proc --mount --net --cgroup)

	((EUID == 0)) || suite_skip "needs root"
	[[ -x $MNMIVM_SE ]] || suite_skip "no program '$MNMIVM_SE'"
	need unshare nsenter setpriv ip bridge jq curl ssh ssh-keygen qemu-img pgrep \
		"$MNMIVM_GUEST/vmlinuz"
	[[ -z ${LAB_BACKPORTS-} ]] || need_backports
	LAB=$(mktemp -d "${TMPDIR:-/var/tmp}/mnmivm-e2e.XXXXXX")
	trap lab_leave EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [[ -n ${LAB_ON_HOST-} ]]; then
		namespaces=()
	elif lab_cgroup=$(lab_cgroup_root); then
		lab_cgroup+=/${LAB##*/}
		mkdir "$lab_cgroup"
	fi
	LAB=$LAB LAB_INSIDE=1 lab_in_cgroup setpriv --pdeathsig KILL -- unshare --fork \
		--kill-child "${namespaces[@]}" -- "$0" "$@" &
	lab_pid=$!
	wait "$lab_pid"
	exit
}

# Run a command on the other host of the LAN.
lan()
{
	nsenter --net="/proc/$lan_pid/ns/net" -- "$@"
}

lab_network()
{
	setpriv --pdeathsig KILL -- unshare --net -- sleep infinity &
	lan_pid=$!
	until [[ $(readlink "/proc/$lan_pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do
		sleep 0.01
	done
	ip link set lo up
	ip link add br0 type bridge
	ip link add lan0 type veth peer name lan0 netns "$lan_pid"
	ip link set lan0 master br0
	ip address add 192.168.86.1/24 dev br0
	ip link set lan0 up
	ip link set br0 up
	ip route add default via 192.168.86.254
	lan ip link set lo up
	lan ip address add 192.168.86.7/24 dev lan0
	lan ip address add 192.168.86.254/24 dev lan0
	lan ip link set lan0 up
}

# A mount of the namespace's own.  The suite goes below the top: where there are processes, no
# controller can be handed down (cgroups(7), "no internal processes").
lab_cgroup_mount()
{
	local root

	root=$(lab_cgroup_root) || return
	umount "$root" && mount -t cgroup2 cgroup2 "$root" && mkdir "$root/suite" &&
		echo "$$" >"$root/suite/cgroup.procs"
}

lab_build()
{
	state=$LAB/state run=/run/mnmivm-se conf=$LAB/conf key=$LAB/key
	if [[ -z ${LAB_ON_HOST-} ]]; then
		mount -t tmpfs -o mode=755 tmpfs /run
		lab_cgroup_mount
	fi
	[[ -z ${LAB_BACKPORTS-} ]] ||
		mount -t overlay -o "ro,lowerdir=$MNMIVM_BACKPORTS/usr:/usr" overlay /usr
	lab_network
	cat >"$conf" <<-EOF
		state_dir = $state
		run_dir = $run
		accel = tcg
		memory = 96M
		disk_size = 64M
		lan_dns = 192.168.86.254
	EOF
	ssh-keygen -q -t ed25519 -N '' -C admin -f "$key"
	# the first command that may write makes the folders
	"$MNMIVM_SE" --config "$conf" image list >/dev/null
}

# --- TAP --------------------------------------------------------------------

failed=0 failures=0

diag()
{
	printf '%s\n' "$@" | sed 's/^/# /'
}

# fail TEXT...: note what is wrong, and where in the suite; the test goes on.
fail()
{
	local i where=''

	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		[[ ${FUNCNAME[i]} != run_tests ]] || break
		[[ ${BASH_SOURCE[i]} == "${BASH_SOURCE[0]}" ]] ||
			where=${BASH_LINENO[i - 1]}${where:+, $where}
	done
	failed=1
	diag "${0##*/}:$where: $*"
}

wanted()
{
	local word

	[[ -n ${MNMIVM_TESTS_ONLY-} ]] || return 0
	for word in $MNMIVM_TESTS_ONLY; do
		[[ $1 != *"$word"* ]] || return 0
	done
	return 1
}

# run_tests FUNCTION...: each is a test, its name says what holds.
run_tests()
{
	local test number=0
	local -a tests=()

	for test; do
		! wanted "$test" || tests+=("$test")
	done
	echo "1..${#tests[@]}"
	for test in "${tests[@]}"; do
		failed=0
		"$test"
		((++number))
		((failed)) && printf 'not '
		printf 'ok %d - %s\n' "$number" "${test//_/ }"
		((failures += failed))
	done
	exit $((failures > 0))
}

# --- checks: each says nothing when it holds --------------------------------

# is WHAT GOT WANTED
is()
{
	[[ $2 == "$3" ]] || fail "$1 is '$2', not '$3'"
}

# has WHAT TEXT PART
has()
{
	[[ $2 == *"$3"* ]] || fail "$1 lacks '$3':" "$2"
}

# lacks WHAT TEXT PART
lacks()
{
	[[ $2 != *"$3"* ]] || fail "$1 has '$3':" "$2"
}

# matches WHAT TEXT REGEX
matches()
{
	[[ $2 =~ $3 ]] || fail "$1 does not match '$3':" "$2"
}

# ok COMMAND...: it succeeds.
ok()
{
	"$@" || fail "status $? from: $*"
}

# no COMMAND...: it fails.
no()
{
	! "$@" || fail "no failure from: $*"
}

# Try COMMAND... again and again, for as long as a slow machine may need.
eventually()
{
	local -i deadline=$((SECONDS + MNMIVM_PATIENCE))

	until "$@"; do
		if ((SECONDS > deadline)); then
			fail "did not come true: $*"
			return 1
		fi
		sleep 0.1
	done
}

# --- the program ------------------------------------------------------------

# Run it; $code, $out and $err are what came of it.
se()
{
	out=$("$MNMIVM_SE" --config "$conf" "$@" 2>"$LAB/stderr")
	code=$?
	err=$(<"$LAB/stderr")
}

# succeeds ARG...: exit code 0.
succeeds()
{
	se "$@"
	((code == 0)) || fail "exit code $code from: $*" "$err"
}

# says TEXT ARG...: exit code 0, and TEXT is in what it tells people.
says()
{
	succeeds "${@:2}"
	has "what is told by: ${*:2}" "$err" "$1"
}

# prints TEXT ARG...: exit code 0, and TEXT is in its output.
prints()
{
	succeeds "${@:2}"
	has "output of: ${*:2}" "$out" "$1"
}

# json FILTER WANTED ARG...: its output in JSON gives WANTED through jq's FILTER.
json()
{
	local got

	succeeds --format json "${@:3}"
	got=$(jq -cr "$1" <<<"$out") || fail "no JSON from: ${*:3}" "$out"
	[[ $got == "$2" ]] || fail "'$1' of: ${*:3} is '$got', not '$2'"
}

# One line that names the object, a second one at most that helps.
check_wording()
{
	local -a lines

	mapfile -t lines <<<"$err"
	[[ ${lines[0]} =~ ^mnmivm-se:\ ([a-z-]+:\ )?[^A-Z\ ] ]] ||
		[[ ${lines[0]} =~ ^mnmivm-se:\ ([a-z-]+:\ )?(QEMU|MAC)\  ]] ||
		fail "message does not begin in lower case: $err"
	[[ ${lines[0]} != *[.!] ]] || fail "message ends like a sentence: $err"
	[[ ${err,,} != *"failed to"* ]] || fail "message says 'failed to': $err"
	[[ $err != *[$'\x01'-$'\x09'$'\x0b'-$'\x1f'$'\x7f']* ]] ||
		fail "control characters in the message: ${err@Q}"
	((${#lines[@]} == 1)) || [[ ${#lines[@]} == 2 && ${lines[1]} == "hint: "* ]] ||
		fail "not one line and a hint:" "$err"
}

# refused CODE REGEX ARG...: that exit code, nothing on standard output, and one
# clear line that matches.
refused()
{
	se "${@:3}"
	((code == $1)) || fail "exit code $code, not $1, from: ${*:3}" "$err"
	[[ $err =~ $2 ]] || fail "message of: ${*:3}: does not match '$2':" "$err"
	[[ -z $out ]] || fail "output of: ${*:3}:" "$out"
	check_wording
}

# Processes of ours that are not the suite's own: pid and program.
program_processes()
{
	local pid exe

	for pid in /proc/[0-9]*; do
		exe=$(readlink "$pid/exe") || continue
		case ${exe% (deleted)} in
		"$MNMIVM_SE"|*/qemu-*|*/ssh-keygen)
			echo "process ${pid#/proc/} ${exe##*/}" ;;
		esac
	done
}

# What there is in the run folder but what a stopped VM may have there.
run_files()
{
	local path name

	find "$run" -mindepth 1 -printf '%P\n' 2>/dev/null | while read -r path; do
		name=${path%%/*}
		case ${path#"$name"} in
		''|/lock|/alive|/state-dir|/log|/log.1|/console.log|/console.log.1)
			[[ -d $state/vms/$name ]] && continue ;;
		esac
		echo "run $path"
	done
}

# All that the program could leave behind, a line each.
snapshot()
{
	ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'
	program_processes
	run_files
	# a folder's size is the file system's own business; the lock of images stays, and who has VMs
	find "$state" -path "$state/images/.lock" -o -path "$state/images/.users*" -o \( -type f -size -64k -exec md5sum {} + \) -o \
		-type d -printf '%y %m %p\n' -o -printf '%y %m %s %p %l\n' 2>/dev/null
	# namespaces that others of this host name and remove are none of ours
	sed -n '/^nsfs /!s/^/mount /p' /proc/self/mounts
}

# unchanged BEFORE: nothing has come or gone since the snapshot.
unchanged()
{
	local now

	now=$(snapshot | sort)
	[[ $now == "$(sort <<<"$1")" ]] ||
		fail "something has changed:" \
			"$(diff <(sort <<<"$1") <(echo "$now") | grep '^[<>]')"
}

# names FOLDER: what is in it, on one line, but for what is always in the image directory.
names()
{
	find "$1" -mindepth 1 -maxdepth 1 ! -name .lock ! -name .users -printf '%f\n' | sort | xargs
}

# --- VMs --------------------------------------------------------------------

# The options that boot the tiny guest without its disk, which saves seconds.
# shellcheck disable=SC2034 # for the suites
direct_boot=(
	--kernel "$MNMIVM_GUEST/vmlinuz" --initrd "$MNMIVM_GUEST/initrd"
	--append 'console=ttyS0 panic=-1 quiet'
)

# make NAME ADDRESS OPTION...: create a VM of the tiny guest that admits $key.
make()
{
	succeeds create "$1" --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --ip "$2" "${@:3}"
}

pid_of()
{
	sed -n 's/^pid //p' "$run/$1/process"
}

# guest ADDRESS FILE: what the tiny guest tells about itself.
guest()
{
	lan curl --silent --fail --max-time 5 "http://$1/$2"
}

# answers ADDRESS NAME: the guest there is up, and is that one.
answers()
{
	[[ $(guest "$1" hostname) == "$2" ]]
}

# log_in NAME ADDRESS COMMAND...: from the other host, which knows nothing but the pinned key.
log_in()
{
	printf '%s %s\n' "$2" "$(<"$state/vms/$1/ssh_host_ed25519_key.pub")" >"$LAB/known_hosts"
	lan ssh -n -F none -i "$key" -o StrictHostKeyChecking=yes -o BatchMode=yes \
		-o UserKnownHostsFile="$LAB/known_hosts" -o ConnectTimeout="$MNMIVM_PATIENCE" \
		-o LogLevel=ERROR "${guest_user-root}@$2" "${@:3}"
}

# The last test of every suite: with the VMs, all that was made for them goes.
nothing_is_left_behind()
{
	local -a names

	succeeds list --quiet
	mapfile -t names < <(printf '%s' "$out")
	((${#names[@]} == 0)) || succeeds delete --yes --force "${names[@]}"
	is "processes" "$(program_processes)" ''
	is "files in the run folder" "$(find "$run" -mindepth 1)" ''
	is "VMs and claims" "$(find "$state"/{vms,tmp,claims} -mindepth 1)" ''
	is "links" "$(ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort | xargs)" 'br0 lan0 lo'
}

[[ -n ${LAB_INSIDE-} ]] || lab_enter "$@"
lab_build
