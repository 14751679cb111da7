#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doctor.sh - broken hosts, each finding both ways; what doctor says would help is run, and helps.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source=doctor_lib.sh
. "${BASH_SOURCE[0]%/*}/doctor_lib.sh"
need python3 nft iptables-legacy setarch script

# A /dev of a test's own, without what is not named.
own_dev='
	mkdir -p "'$LAB'/dev" && mount -t tmpfs -o mode=755 tmpfs "'$LAB'/dev" &&
	cp -a /dev/null /dev/zero /dev/urandom "'$LAB'/dev/" && mount --bind "'$LAB'/dev" /dev'

# --- the frame ---------------------------------------------------------------

# A catalogue with one entry, for what $conf says from here on.
an_image_can_be_pulled()
{
	mkdir -p "$LAB/images.d"
	printf '%s\n' '[tiny]' 'mirrors = https://localhost/' 'file = tiny.img' \
		'digest_file = SUMS' >"$LAB/images.d/tiny.conf"
	sed -i '/^catalogue/d' "$conf"
	echo "catalogue = $LAB/images.d" >>"$conf"
}

# What this kernel may lack, and the bridge of the lab has by default.
a_healthy_host_passes()
{
	local sysctl

	an_image_can_be_pulled
	ip link set br0 type bridge mcast_snooping 0
	for sysctl in iptables ip6tables arptables; do
		echo 0 2>/dev/null >"/proc/sys/net/bridge/bridge-nf-call-$sysctl"
	done
	look
	is "what is not as it should be" "$(jq -r '.[] | select(.level != "PASS") | .id' <<<"$out" |
		grep -vxE 'vhost|cgroup|landlock|user-namespaces|kvm|disk-space' | xargs)" ''
	is "ids in two groups" "$(jq -r '.[] | "\(.id) \(.group)"' <<<"$out" | sort -u |
		cut -d' ' -f1 | uniq -d)" ''
	jq -e 'all(has("id") and has("group") and has("object") and has("level") and has("text")
		and has("fix") and has("keep") and has("fixable"))' <<<"$out" >/dev/null ||
		fail "a member is missing"
	lacks "what is said" "$(jq -r '.[].text' <<<"$out")" '%'
}

# Every check that it names can be asked for alone, and says something.
a_check_is_made_alone()
{
	local ids id

	refused 2 "unknown check 'frob'" doctor kvm frob
	ids=${err#*the checks are: }
	(($(wc -w <<<"$ids") >= 36)) || fail "too few checks: $ids"
	for id in $ids; do
		look "$id"
		is "checks of $id" "$(jq -r 'map(.id) | unique | join(" ")' <<<"$out")" "$id"
	done
}

output_is_for_people_and_pipes()
{
	succeeds doctor bridge stp
	is "output" "$out" $'network:\nPASS bridge br0: is a bridge
PASS stp br0: STP is off: a guest has its network at once'
	has "summary" "$err" '2 passed, 0 warnings, 0 failed'
	succeeds -q doctor bridge stp
	is "output with -q" "$out$err" ''
	ip link set br0 down
	se -q doctor bridge bridge-up
	is "exit code" "$code" 5
	is "output with -q" "$out" $'FAIL bridge-up br0: is down: no VM has a network
     fix: ip link set br0 up
     keep: \'auto br0\' in /etc/network/interfaces'
	se -q --format json doctor bridge bridge-up
	is "exit code" "$code" 5
	is "JSON with -q" "$(jq -r '.[] | .level + " " + .id' <<<"$out")" 'FAIL bridge-up'
	succeeds -q --format json doctor bridge
	is "JSON with -q" "$out" '[]'
	# on a terminal it is coloured, unless that is not wanted
	has "colours" "$(on_terminal doctor bridge-up </dev/null)" $'\e[31mFAIL\e[0m bridge-up'
	lacks "colours" "$(NO_COLOR=1 on_terminal doctor bridge-up </dev/null)" $'\e['
	bridge_up
}

nothing_need_be_set_up()
{
	local home=$LAB/nothing one some=+net_admin,+bpf

	install -d -m 755 "$home"
	# without configuration, state, bridge and privilege
	out=$(unshare --net setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$MNMIVM_SE" --state-dir "$home/state" --format json doctor 2>"$LAB/stderr")
	is "exit code" "$?" 5
	pick privilege user
	is "privilege" "$level" WARN
	for one in CAP_NET_ADMIN CAP_BPF CAP_NET_RAW; do
		pick privilege "$one"
		is "$one" "$level" "$([[ $one == CAP_NET_RAW ]] && echo WARN || echo FAIL)"
		has "$one" "$text" "needs $one, which"
		has "keep of $one" "$keep" 'cap_net_admin,cap_net_raw,cap_bpf+ep'
	done
	pick bridge br0
	is "bridge" "$level" FAIL
	has "fix" "$fix" 'ip link add br0 type bridge'
	pick forward-policy FORWARD
	is "forward-policy" "$level" WARN
	has "forward-policy" "$text" 'not looked at'
	is "what was made" "$(ls -A "$home")" ''
	# with some of the capabilities, as a service's manager gives them
	out=$(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="-all,$some" \
		--ambient-caps="-all,$some" "$MNMIVM_SE" --state-dir "$home/state" \
		--format json doctor privilege 2>"$LAB/stderr")
	is "exit code" "$?" 0
	is "privileges" "$(jq -r '[.[] | select(.level == "PASS") | .object] | join(" ")' <<<"$out")" \
		'CAP_NET_ADMIN CAP_BPF'
	# a state directory that is root's own
	out=$(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$MNMIVM_SE" --state-dir "$state" --format json doctor 2>"$LAB/stderr")
	pick images images
	is "images" "$level" WARN
	has "images" "$text" 'not looked at'
	pick orphans state
	is "orphans" "$level" WARN
}

a_bad_configuration_is_a_finding()
{
	echo 'bridge = ' >"$LAB/bad"
	conf=$LAB/bad found FAIL config "$LAB/bad" "$LAB/bad:1: "
	conf=$LAB/bad look qemu # with the default
	is "qemu" "$(jq -r '.[0].level' <<<"$out")" PASS
	found PASS config "$conf"
	chmod 777 "$state"
	found FAIL config "$state" 'group or others may write'
	chmod 755 "$state"
}

# --- the kernel ----------------------------------------------------------------

kvm_is_looked_for()
{
	sed -i 's/^accel = .*/accel = kvm/' "$conf"
	found_on "$own_dev" FAIL kvm /dev/kvm 'does not exist'
	found_on "$own_dev; touch /dev/kvm" FAIL kvm /dev/kvm 'is no KVM device'
	has "fix" "$fix" 'mknod -m 660 /dev/kvm c 10 232'
	found_on "$own_dev; mknod -m 600 /dev/kvm c 10 232; set -- setpriv --reuid 65534 \"\$@\"" \
		WARN kvm /dev/kvm 'not for this user'
	sed -i 's/^accel = .*/accel = tcg/' "$conf"
	found_on "$own_dev" WARN kvm /dev/kvm 'does not exist'
	if grep -q ' kvm$' /proc/misc; then
		found_on "$own_dev; $fix" PASS kvm /dev/kvm
	fi
	look kvm-nested
	is "kvm-nested" "$(jq -r '.[].level' <<<"$out")" PASS
}

tun_is_looked_for()
{
	found PASS tun /dev/net/tun
	found_on "$own_dev" FAIL tun /dev/net/tun 'does not exist'
	has "fix" "$fix" 'mknod -m 666 /dev/net/tun c 10 200'
	found_on "$own_dev; $fix" PASS tun /dev/net/tun
	found_on "$own_dev; mkdir /dev/net; mknod -m 600 /dev/net/tun c 10 200
		set -- setpriv --reuid 65534 \"\$@\"" FAIL tun /dev/net/tun 'not for this user'
	found_on "$own_dev; mkdir /dev/net; mknod -m 600 /dev/net/tun c 10 200; $fix
		set -- setpriv --reuid 65534 \"\$@\"" PASS tun /dev/net/tun
	found_on "$own_dev; mkdir /dev/net; touch /dev/net/tun" FAIL tun /dev/net/tun 'no tun device'
	found_on "$own_dev; mkdir /dev/net; touch /dev/net/tun; $fix" PASS tun /dev/net/tun
	found_on "$own_dev; mkdir /dev/net; cp -a /dev/null /dev/net/tun" FAIL tun /dev/net/tun
}

vhost_is_as_wanted()
{
	local node='mknod -m 660 /dev/vhost-net c 10 238'

	found_on "$own_dev" WARN vhost /dev/vhost-net 'slower'
	echo 'vhost = on' >>"$conf"
	found_on "$own_dev" FAIL vhost /dev/vhost-net 'VMs do not start'
	found_on "$own_dev; touch /dev/vhost-net" FAIL vhost /dev/vhost-net 'is no device'
	sed -i 's/^vhost = .*/vhost = off/' "$conf"
	found_on "$own_dev" PASS vhost /dev/vhost-net
	sed -i '/^vhost = /d' "$conf"
	if grep -q ' vhost-net$' /proc/misc; then
		found_on "$own_dev; $node" PASS vhost /dev/vhost-net
	fi
}

an_old_kernel_is_told()
{
	found PASS kernel Linux
	found_on 'set -- setarch --uname-2.6 "$@"' FAIL kernel Linux 'older than 5.11'
	has "keep" "$keep" 'newer kernel'
}

cgroup_v2_is_looked_for()
{
	found_on "mount -t tmpfs tmpfs /sys/fs/cgroup" WARN cgroup /sys/fs/cgroup 'no cgroup v2'
	has "keep" "$keep" 'systemd.unified_cgroup_hierarchy=1'
	found_on "mount -t tmpfs tmpfs /sys/fs/cgroup; touch /etc/alpine-release" \
		WARN cgroup /sys/fs/cgroup
	has "keep" "$keep" 'rc_cgroup_mode'
	rm /etc/alpine-release
	echo 'cgroup = off' >>"$conf"
	found PASS cgroup cgroup 'is off'
	sed -i '/^cgroup = /d' "$conf"
	echo "cgroup = $LAB" >>"$conf"
	found FAIL cgroup "$LAB" "is 'cgroup' in $conf: open cgroup '$LAB': not a folder of cgroup v2"
	has "keep" "$keep" "'cgroup = auto'"
	sed -i '/^cgroup = /d' "$conf"
}

# What the kernel offers at the top, and what an older hierarchy has taken from it.
controllers_are_looked_for()
{
	local level=PASS name place=/sys/fs/cgroup/mnmivm-se there

	there=$(on_host 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' cat /sys/fs/cgroup/cgroup.controllers)
	for name in cpu io memory pids; do
		[[ " $there " == *" $name "* ]] || level=WARN
	done
	found_on 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' "$level" cgroup "$place"
	[[ $level == PASS ]] || has "text" "$text" 'cannot be limited'
	no test -d "$place"
}

# With the launcher's own eyes: what it cannot have there is what VMs do not get.
layers_are_tried()
{
	local layer

	look layers
	is "layers" "$(jq -r 'map(.object) | join(" ")' <<<"$out")" \
		'root pid net ipc uts cgroup-ns keyring landlock seccomp'
	is "what is missing" "$(jq -r '.[] | select(.level != "PASS") | .object' <<<"$out")" ''
	for layer in landlock:444 keyring:250; do
		found_on "set -- python3 '$LAB/without-call' ${layer#*:} 38 \"\$@\"" \
			FAIL layers "${layer%:*}" 'VMs do not start'
		has "keep" "$keep" "allow_missing = ${layer%:*}"
		echo "allow_missing = ${layer%:*}" >>"$conf"
		found_on "set -- python3 '$LAB/without-call' ${layer#*:} 38 \"\$@\"" \
			WARN layers "${layer%:*}" 'as allowed'
		sed -i '/^allow_missing/d' "$conf"
	done
}

# in_user_namespace COMMAND...: with all ids as they are, so that root is root there.
cat >"$LAB/in-user-namespace" <<'EOF'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
made, mapped = os.pipe(), os.pipe()
pid = os.fork()
if not pid:
    if libc.unshare(0x10020000):
        sys.exit("unshare: " + os.strerror(ctypes.get_errno()))
    os.write(made[1], b"x")
    os.read(mapped[0], 1)
    os.execvp(sys.argv[1], sys.argv[1:])
os.read(made[0], 1)
for name in "uid_map", "gid_map":
    with open(f"/proc/{pid}/{name}", "w") as file:
        file.write("0 0 4294967295")
os.write(mapped[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF

# A limit is of the user namespace that is made for this, not the host's.
limits_of_namespaces_are_told()
{
	local name

	for name in pid:pid net:net ipc:ipc uts:uts cgroup-ns:cgroup root:mnt; do
		out=$(python3 "$LAB/in-user-namespace" bash -c \
			"echo 0 >/proc/sys/user/max_${name#*:}_namespaces; exec \"\$@\"" - \
			"$MNMIVM_SE" --config "$conf" --format json doctor layers 2>/dev/null)
		pick layers "${name%:*}"
		is "${name%:*}" "$level" FAIL
		is "fix of ${name%:*}" "$fix" "sysctl -w user.max_${name#*:}_namespaces=15000"
	done
}

# Those that stand and fall together are allowed to be missing in one line.
namespaces_that_nobody_gives_are_told()
{
	local name
	# shellcheck disable=SC2016 # for the inner shell
	local without='echo 0 >/proc/sys/user/max_user_namespaces
		exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"'

	out=$(python3 "$LAB/in-user-namespace" bash -c "$without" - \
		"$MNMIVM_SE" --state-dir "$LAB/nowhere" --format json doctor layers 2>/dev/null)
	for name in root pid net ipc uts cgroup-ns; do
		pick layers "$name"
		is "$name of a user" "$level" FAIL
		is "fix of $name" "$fix" 'sysctl -w user.max_user_namespaces=15000'
	done
	out=$(setpriv --bounding-set -sys_admin \
		"$MNMIVM_SE" --config "$conf" --format json doctor layers 2>/dev/null)
	for name in root pid net ipc uts cgroup-ns; do
		pick layers "$name"
		is "$name of root" "$level" FAIL
		has "$name of root" "$text" 'even root lacks CAP_SYS_ADMIN here'
		has "keep of $name" "$keep" '--cap-add=SYS_ADMIN'
		has "keep of $name" "$keep" \
			"'allow_missing = root, pid, net, ipc, uts, cgroup-ns' in"
	done
}

a_QEMU_that_is_not_in_its_root_is_told()
{
	mkdir -p "$LAB/elsewhere"
	cp /usr/bin/qemu-system-x86_64 "$LAB/elsewhere/qemu"
	echo "qemu = $LAB/elsewhere/qemu" >>"$conf"
	found FAIL layers QEMU 'VMs do not start'
	has "keep" "$keep" "expose = $LAB/elsewhere"
	echo "expose = $LAB/elsewhere" >>"$conf"
	found PASS layers root
	echo "qemu = /nowhere" >>"$LAB/no-qemu"
	conf=$LAB/no-qemu found WARN layers QEMU 'not tried'
	sed -i '/^qemu = /d; /^expose = /d' "$conf"
}

# without_call NUMBER ERRNO COMMAND...: by a seccomp filter; SECCOMP_RET_ERRNO is 0x50000.
cat >"$LAB/without-call" <<'EOF'
import ctypes, os, struct, sys
number, errno = int(sys.argv[1]), int(sys.argv[2])
code = b"".join(struct.pack("HBBI", *x) for x in (
    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno), (0x06, 0, 0, 0x7FFF0000)))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.byref(Program(4, code)), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[3], sys.argv[3:])
EOF
landlock_is_looked_for()
{
	local abi

	found_on "set -- python3 '$LAB/without-call' 444 38 \"\$@\"" WARN landlock Landlock \
		'not in this kernel'
	found_on "set -- python3 '$LAB/without-call' 444 95 \"\$@\"" WARN landlock Landlock \
		'switched off'
	has "keep" "$keep" "lsm="
	abi=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, 0, 0, 1))')
	((abi < 1)) || found PASS landlock Landlock "has version $abi"
}

user_namespaces_are_tried()
{
	# a limit of the user namespace that is made for this, not the host's
	local limited='echo 0 >/proc/sys/user/max_user_namespaces'

	out=$(unshare --user --map-root-user --mount bash -c "$limited; exec \"\$@\"" - \
		"$MNMIVM_SE" --config "$conf" --format json doctor user-namespaces 2>/dev/null)
	pick user-namespaces 'user namespaces'
	is "level" "$level" WARN
	out=$(unshare --user --map-root-user --mount bash -c "$limited; $fix >/dev/null
		exec \"\$@\"" - "$MNMIVM_SE" --config "$conf" --format json doctor user-namespaces \
		2>/dev/null)
	pick user-namespaces 'user namespaces'
	is "level" "$level" PASS
}

# --- programs and storage -----------------------------------------------------

# program TEXT: makes a program that prints it and reads until it is told to quit.
program()
{
	# shellcheck disable=SC2016 # for the program
	printf '#!/bin/sh\ncat <<EOF\n%s\nEOF\nwhile read -r x; do case $x in *quit*) exit; esac; done' \
		"$1" >"$LAB/program"
	chmod 755 "$LAB/program"
}

QEMU_is_asked_for_its_version()
{
	local before

	before=$(<"$conf")
	look qemu
	is "qemu" "$(jq -r '.[].level' <<<"$out")" PASS
	has "qemu" "$(jq -r '.[].text' <<<"$out")" \
		"version $(qemu-system-x86_64 -version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')"
	echo "qemu = $LAB/nowhere" >>"$conf"
	found FAIL qemu "$LAB/nowhere" 'not installed'
	is "fix" "$fix" 'apt-get install qemu-system-x86'
	sed -i "s|^qemu = .*|qemu = $LAB/program|" "$conf"
	program 'hello'
	found FAIL qemu "$LAB/program" 'no QEMU'
	program '{"return": {"qemu": {"major": 6, "minor": 9, "micro": 1}}}'
	found FAIL qemu "$LAB/program" '6.9.1, older than 7.1'
	program '{"return": {"qemu": {"major": "6", "minor": [], "micro": 1}}}'
	found FAIL qemu "$LAB/program" 'no QEMU'
	program '{"event": "X"}
[]
{"return": {"qemu": {"major": 9, "minor": 0, "micro": 1}}}'
	found PASS qemu "$LAB/program" '9.0.1'
	printf '#!/bin/sh\necho "seccomp support is disabled" >&2\nexit 1\n' >"$LAB/program"
	found FAIL qemu "$LAB/program" 'seccomp support is disabled'
	printf '#!/bin/sh\nexec head -c 3000000 /dev/zero\n' >"$LAB/program"
	found FAIL qemu "$LAB/program" 'output larger'
	printf '#!/bin/sh\nexec sleep 1000\n' >"$LAB/program"
	found FAIL qemu "$LAB/program" 'no end after'
	echo "$before" >"$conf"
}

other_programs_are_looked_for()
{
	local before

	before=$(<"$conf")
	echo "qemu_img = $LAB/nowhere" >>"$conf"
	found FAIL programs "$LAB/nowhere" 'not installed'
	has "keep" "$keep" "qemu_img"
	touch /etc/alpine-release
	found FAIL programs "$LAB/nowhere"
	is "fix" "$fix" 'apk add qemu-img'
	rm /etc/alpine-release
	sed -i 's|^qemu_img = .*|qemu_img = /bin/false|' "$conf"
	found FAIL programs /bin/false 'exit status 1'
	has "keep" "$keep" "qemu_img"
	sed -i 's|^qemu_img = .*|qemu_img = /etc/passwd|' "$conf"
	found FAIL programs /etc/passwd 'Permission denied'
	echo "$before" >"$conf"
	found PASS programs /usr/bin/qemu-img
	found PASS programs /usr/bin/ssh-keygen
}

# with_disk OPTIONS: the state directory on a file system of its own
with_disk()
{
	echo "mount -t tmpfs -o $1 tmpfs '$state'"
}

disk_space_is_measured()
{
	found_on "$(with_disk size=100M)" FAIL disk-space "$state" 'will stop soon'
	has "keep" "$keep" 'state_dir'
	echo 'disk_size = 4G' >"$LAB/big"
	sed '/^disk_size/d' "$conf" >>"$LAB/big"
	conf=$LAB/big found_on "$(with_disk size=2G)" WARN disk-space "$state" 'less than the 4G'
	conf=$LAB/big found_on "$(with_disk size=5G)" PASS disk-space "$state"
	found_on "$(with_disk size=5G,nr_inodes=1)" FAIL disk-space "$state" 'no inode'
	found_on "$(with_disk size=5G,ro)" FAIL disk-space "$state" 'read-only'
}

image_headers_are_read()
{
	found PASS images images
	head -c 100 /dev/urandom >"$state/images/bad.qcow2"
	cp "$MNMIVM_GUEST/guest.qcow2" "$state/images/good.qcow2"
	chmod 444 "$state/images/"*
	found FAIL images bad
	cured images bad good
	echo 'not a line' >"$state/images/good.conf"
	found FAIL images good "$state/images/good.conf:1: "
	is "fix" "$fix" "\${EDITOR:-vi} '$state/images/good.conf'"
	: >"$state/images/good.conf"
	found PASS images good
	succeeds image remove good
}

pulls_have_what_they_want()
{
	local folder=$LAB/catalogue conf=$LAB/pulls name file

	sed '/^catalogue/d' "$LAB/conf" >"$conf"
	echo "catalogue = $folder" >>"$conf"
	found FAIL pull catalogue "'$folder'"
	has "fix" "$fix" "$conf"
	mkdir "$folder"
	found WARN pull catalogue 'is empty'
	has "keep" "$keep" "'catalogue' in $conf"
	an_image_can_be_pulled
	folder=$LAB/images.d
	found PASS pull catalogue 'offers 1 image'
	echo 'frob = 1' >>"$folder/tiny.conf"
	found FAIL pull catalogue "$folder/tiny.conf:5: "
	[[ -n $fix ]] || fail "nothing helps with a broken catalogue"
	sed -i '$d' "$folder/tiny.conf"
	chmod 666 "$folder/tiny.conf"
	found FAIL pull catalogue "$folder/tiny.conf"
	chmod 644 "$folder/tiny.conf"
	for name in libcurl libcrypto libarchive; do
		file=$(ldconfig -p | awk -v name="$name.so" 'index($1, name) == 1 { print $NF; exit }')
		found PASS pull "$name"
		found_on "mount --bind /dev/null '$(readlink -f "$file")'" WARN pull "$name" "$name"
		[[ -n $fix ]] || fail "nothing helps without $name"
	done
	found PASS pull certificates
	: >"$LAB/none.pem"
	found_on "mount --bind '$LAB/none.pem' /etc/ssl/certs/ca-certificates.crt" WARN pull \
		certificates 'no certificate'
	has "fix" "$fix" 'ca-certificates'
	echo 'ca_file = /nope.pem' >>"$conf"
	found FAIL pull certificates /nope.pem
	sed -i '/^ca_file/d' "$conf"
	found PASS pull leftovers
	head -c 70000 /dev/zero >"$state/images/.part-sha256-$(printf '0%.0s' {1..64})"
	found WARN pull leftovers '1 of unfinished pulls'
	cured pull leftovers
	printf 'digest = sha256:%s\nadded = 1\n' "$(printf '0%.0s' {1..64})" >"$state/images/lone.conf"
	found WARN pull leftovers '1 of unfinished pulls or of images that are gone'
	cured pull leftovers
}

VMs_are_looked_at()
{
	local pid

	cp "$MNMIVM_GUEST/guest.qcow2" "$LAB/base.qcow2"
	succeeds create one --image "$LAB/base.qcow2" --pubkey-path "$key.pub" \
		--ip 192.168.86.11 "${direct_boot[@]}"
	found PASS vms one 'is stopped'
	touch "$LAB/base.qcow2"
	found FAIL vms one 'not the file it was'
	mv "$LAB/base.qcow2" "$LAB/moved.qcow2"
	found FAIL vms one 'cannot be read'
	succeeds delete --yes one
	make one 192.168.86.11 "${direct_boot[@]}"
	echo 'frob = 1' >>"$state/vms/one/vm.conf"
	found FAIL vms one 'damaged'
	sed -i '/^frob/d' "$state/vms/one/vm.conf"
	succeeds start --paused one
	found PASS vms one 'is paused'
	pid=$(pid_of one)
	kill -KILL "$pid"
	eventually test ! -e "/proc/$pid"
	found WARN vms one 'gone without having been stopped'
	cured vms one
}

orphans_are_found()
{
	found PASS orphans state
	install -d -m 700 "$run/ghost"
	found WARN orphans ghost 'a VM that is no more'
	cured orphans ghost state
	# shellcheck disable=SC2016 # a name that a shell must not read
	mkdir "$state/tmp/"{half,'$(touch x)'}
	# shellcheck disable=SC2016
	found WARN orphans '$(touch x)'
	eval "$fix"
	found WARN orphans half
	cured orphans half state
	ln -s ghost "$state/claims/address-192.168.86.77"
	found WARN orphans address-192.168.86.77 "VM 'ghost', which is no more"
	cured orphans address-192.168.86.77 state
}

a_lost_QEMU_is_found()
{
	succeeds start --paused one
	found PASS orphans state
	mv "$state/vms/one" "$LAB/one"
	found FAIL orphans one 'runs, but its folder is gone'
	mv "$LAB/one" "$state/vms/one"
	is "fix" "$fix" "kill $(pid_of one)"
	found PASS orphans state
	succeeds stop --force one
}

# --- the bridge ----------------------------------------------------------------

the_bridge_must_be_there()
{
	found PASS bridge br0
	sed -i '1i bridge = br9' "$conf"
	found FAIL bridge br9 'does not exist'
	has "keep" "$keep" '--bridge-setup'
	cured bridge br9
	ip link del br9
	ip link add br9 type veth peer name c9
	found FAIL bridge br9 'no bridge'
	ip link del br9
	sed -i 1d "$conf"
}

every_bridge_that_is_allowed_is_looked_at()
{
	ip link add br7 type bridge
	echo 'bridges = br0, br7' >>"$conf"
	found PASS bridge br0
	found PASS bridge br7
	found FAIL bridge-up br7
	cured bridge-up br7
	found PASS bridge-carrier br7 'no port yet'
	found WARN bridge-address br7 'no IPv4 address'
	found WARN uplink br7 'no port but those of VMs'
	found PASS uplink-address br7
	found WARN bridge-mac br7 'changes with its ports'
	cured bridge-mac br7
	found PASS mtu br7
	sed -i '/^bridges/d' "$conf"
	ip link del br7
}

the_bridge_must_be_up()
{
	ip link set br0 down
	found FAIL bridge-up br0 'is down'
	has "keep" "$keep" "auto br0"
	cured bridge-up br0
	bridge_up
	ip link set lan0 down
	eventually no_carrier br0
	found WARN bridge-carrier br0 'none of its'
	found WARN uplink lan0 'is down'
	cured uplink lan0
	eventually has_carrier br0
	found PASS bridge-carrier br0
	lan ip link set lan0 down
	eventually no_carrier lan0
	found WARN uplink lan0 'no carrier'
	lan ip link set lan0 up
	eventually has_carrier br0
}

has_carrier()
{
	[[ $(<"/sys/class/net/$1/carrier") == 1 ]]
}

no_carrier()
{
	! has_carrier "$1" 2>/dev/null
}

addresses_must_be_on_the_bridge()
{
	found PASS bridge-address br0 '192.168.86.1/24'
	echo 'lan_cidr = 192.168.99.0/24' >>"$conf"
	found WARN bridge-address br0 'no address in lan_cidr'
	ip address add 192.168.99.1/24 dev br0
	found PASS bridge-address br0 '192.168.99.1/24'
	ip address del 192.168.99.1/24 dev br0
	sed -i '/^lan_cidr/d' "$conf"
	found PASS uplink-address lan0
	ip address add 192.168.86.200/24 dev lan0
	found FAIL uplink-address lan0 '192.168.86.200/24'
	has "keep" "$keep" 'iface lan0 inet manual'
	cured uplink-address lan0
}

the_default_route_must_leave_over_the_bridge()
{
	found PASS default-route br0
	ip route del default
	found WARN default-route br0 'given no gateway'
	echo 'lan_gw = 192.168.86.254' >>"$conf"
	found PASS default-route br0 'lan_gw is set'
	sed -i '/^lan_gw/d' "$conf"
	ip route add default dev lan0 via 192.168.86.254 onlink
	found FAIL default-route br0 'by its port lan0'
	has "keep" "$keep" '--bridge-setup lan0'
	ip route del default
	ip route add default via 192.168.86.254
	found PASS default-route br0
}

wifi_is_no_port()
{
	local fake

	fake="mount -t tmpfs tmpfs /sys/class/net && mkdir -p /sys/class/net/{lan0/wireless,br0} &&
		echo $(</sys/class/net/lan0/ifindex) >/sys/class/net/lan0/ifindex"
	found PASS wifi br0
	found_on "$fake" FAIL wifi lan0 'Wi-Fi'
	# of another network namespace it says nothing
	found_on "${fake/echo*>/echo 4711 >}" PASS wifi br0
	is "fix" "$fix" ''
	out=$(on_host "$fake" "$MNMIVM_SE" --config "$conf" --format json doctor wifi 2>/dev/null)
	pick wifi lan0
	cured wifi br0
	ip link set lan0 master br0
}

the_spanning_tree_is_off()
{
	found PASS stp br0
	ip link set br0 type bridge stp_state 1 forward_delay 1500
	found WARN stp br0 '30 s'
	cured stp br0
}

vlan_filtering_is_on_where_a_VM_wants_it()
{
	found PASS vlan-filtering br0 'is off'
	make two 192.168.86.12
	sed -i '/^\[nic.0\]/a vlan = 10' "$state/vms/two/vm.conf"
	found FAIL vlan-filtering br0 "VM 'two' asks for a VLAN"
	has "keep" "$keep" 'bridge_vlan_aware yes'
	is "fix" "$fix" 'ip link set dev br0 type bridge vlan_filtering 1'
	# where the kernel has it
	if ip link set br0 type bridge vlan_filtering 1 2>/dev/null; then
		found PASS vlan-filtering br0 'default VLAN 1'
		ip link set br0 type bridge vlan_filtering 0
	fi
	succeeds delete --yes two
	found PASS vlan-filtering br0
}

multicast_has_a_querier_or_no_snooping()
{
	ip link set br0 type bridge mcast_snooping 1
	found WARN multicast br0 'no querier'
	ip link set br0 type bridge mcast_querier 1
	found PASS multicast br0 'has a querier'
	ip link set br0 type bridge mcast_querier 0
	found WARN multicast br0
	cured multicast br0
}

MTUs_agree()
{
	found PASS mtu br0 'has MTU 1500'
	# by hand: now it does not follow its ports
	ip link set br0 mtu 1499
	ip link set br0 mtu 1500
	ip link set lan0 mtu 1400
	found WARN mtu lan0 'MTU 1400 on a bridge with 1500'
	has "keep" "$keep" 'mtu 1500'
	cured mtu lan0 br0
}

MACs_are_there_once()
{
	local mac vm_mac

	mac=$(</sys/class/net/lan0/address) vm_mac=$(<"$state/vms/one/vm.mac")
	found PASS duplicate-mac MACs
	ip link add twin0 address "$mac" type veth peer name twin1
	ip link set twin0 master br0
	found FAIL duplicate-mac "$mac" "port 'lan0'"
	ip link del twin0
	echo 52:54:00:00:00:99 >"$state/vms/one/vm.mac"
	make two 192.168.86.12 --mac 52:54:00:00:00:98
	echo 52:54:00:00:00:99 >"$state/vms/two/vm.mac"
	found FAIL duplicate-mac 52:54:00:00:00:99 "VM 'one' and of VM 'two'"
	has "keep" "$keep" 'vm.mac'
	echo 52:54:00:00:00:98 >"$state/vms/two/vm.mac"
	found PASS duplicate-mac MACs
	succeeds delete --yes two
	# a port of the host with the MAC of a VM
	ip link set lan0 address 52:54:00:00:00:99
	found FAIL duplicate-mac 52:54:00:00:00:99 "VM 'one'"
	ip link set lan0 address "$mac"
	echo "$vm_mac" >"$state/vms/one/vm.mac"
}

taps_belong_to_VMs_that_run()
{
	found PASS taps taps
	succeeds start --paused one
	found PASS taps mvm-one
	ip link set mvm-one nomaster
	found FAIL taps mvm-one "VM 'one' has no network"
	is "fix" "$fix" 'mnmivm-se net repair one'
	cured taps mvm-one
	ip link set mvm-one down
	found FAIL taps mvm-one "tap 'mvm-one': down"
	cured taps mvm-one
	# what repair looks at is looked at here
	bridge link set dev mvm-one learning on
	found FAIL taps mvm-one "tap 'mvm-one': learning on"
	json '.[0].ports[] | select(.name == "mvm-one") | .problem' "tap 'mvm-one': learning on" \
		net show br0
	prints "problem:      tap 'mvm-one': learning on" --verbose status one
	prints "one: tap 'mvm-one': learning on" net repair --dry-run
	cured taps mvm-one
	ip link set mvm-one down
	ip link set mvm-one name lost
	found FAIL taps mvm-one "has been renamed to 'lost'"
	is "the tap's new name" "$(jq -r '.[] | select(.object == "lost")' <<<"$out")" ''
	cured taps mvm-one
	ip tuntap add double mode tap
	ip link set double alias mnmivm-se:one/0
	found WARN taps double "VM 'one', which runs without"
	cured taps double mvm-one
	ip tuntap add mvm-ghost mode tap
	ip link set mvm-ghost alias mnmivm-se:ghost/0
	found WARN taps mvm-ghost "VM 'ghost', which does not run"
	cured taps mvm-ghost mvm-one
	# shellcheck disable=SC2016 # a name that a shell must not read
	ip tuntap add '$(reboot)' mode tap
	# shellcheck disable=SC2016
	ip link set '$(reboot)' alias $'mnmivm-se:\e[31m/0'
	# shellcheck disable=SC2016
	found WARN taps '$(reboot)'
	lacks "text" "$text" $'\e'
	cured taps "$level" mvm-one
	ip link del mvm-one
	found FAIL taps mvm-one "tap 'mvm-one' is gone: somebody removed it"
	is "fix" "$fix" 'mnmivm-se restart one'
	succeeds stop --force one
	found PASS taps taps
	found PASS port-lock br0
}

# --- the firewall -----------------------------------------------------------------

bridged_frames_stay_out_of_the_firewall()
{
	local call

	if [[ ! -d /proc/sys/net/bridge ]]; then
		diag "this kernel has no br_netfilter"
		return
	fi
	for call in iptables ip6tables arptables; do
		found PASS br-netfilter "bridge-nf-call-$call"
		echo 1 >"/proc/sys/net/bridge/bridge-nf-call-$call"
		found WARN br-netfilter "bridge-nf-call-$call" 'a rule there'
		has "keep" "$keep" "net.bridge.bridge-nf-call-$call = 0"
		cured br-netfilter "bridge-nf-call-$call"
		ip link set br0 type bridge "nf_call_$call" 1
		found WARN br-netfilter br0
		cured br-netfilter br0 "bridge-nf-call-$call"
	done
}

# drops OBJECT CALL COMMAND...: a policy that matters only where the frames come by
drops()
{
	local object=$1 call=/proc/sys/net/bridge/bridge-nf-call-$2

	"${@:3}"
	found PASS forward-policy "$object" 'no frame of a bridge'
	[[ -e $call ]] || return 0
	found PASS br-netfilter "bridge-nf-call-$2"
	echo 1 >"$call"
	found FAIL br-netfilter "bridge-nf-call-$2" 'whose FORWARD drops'
	found FAIL forward-policy "$object" 'frames of guests too'
	cured forward-policy "$object"
	ip link set br0 type bridge "nf_call_$2" 1
	found FAIL forward-policy "$object"
	ip link set br0 type bridge "nf_call_$2" 0
}

policies_of_FORWARD_are_read()
{
	local policy='{ type filter hook forward priority 0; policy drop; }'

	found PASS forward-policy FORWARD 'no policy drops'
	nft add table ip t
	nft add table inet t
	nft add table bridge t
	drops 'ip t c' iptables nft "add chain ip t c $policy"
	nft delete table ip t
	drops 'inet t c' ip6tables nft "add chain inet t c $policy"
	nft delete table inet t
	drops 'iptables-legacy FORWARD' iptables iptables-legacy -P FORWARD DROP
	iptables-legacy -P FORWARD ACCEPT
	drops 'ip6tables-legacy FORWARD' ip6tables ip6tables-legacy -P FORWARD DROP
	ip6tables-legacy -P FORWARD ACCEPT
	# a bridge's own hook needs no call
	nft "add chain bridge t c $policy"
	found FAIL forward-policy 'bridge t c' 'frames of guests too'
	cured forward-policy 'bridge t c' FORWARD
	nft delete table bridge t
}

# Before Docker loads the module: the folder of its sysctls is not there.
br_netfilter_may_come_late()
{
	local late="mkdir -p '$LAB/none'; mount --bind '$LAB/none' /proc/sys/net/bridge"

	[[ -d /proc/sys/net/bridge ]] || late=:
	found_on "$late" PASS br-netfilter br_netfilter
	install -m 755 /dev/null /usr/sbin/dockerd
	found_on "$late" WARN br-netfilter br_netfilter 'dockerd will load it'
	has "fix" "$fix" 'modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=0'
	has "keep" "$keep" '/etc/modules-load.d/mnmivm-se.conf'
	rm /usr/sbin/dockerd
}

run_tests \
	a_healthy_host_passes a_check_is_made_alone output_is_for_people_and_pipes \
	nothing_need_be_set_up a_bad_configuration_is_a_finding kvm_is_looked_for \
	tun_is_looked_for vhost_is_as_wanted an_old_kernel_is_told cgroup_v2_is_looked_for \
	controllers_are_looked_for layers_are_tried limits_of_namespaces_are_told \
	namespaces_that_nobody_gives_are_told \
	a_QEMU_that_is_not_in_its_root_is_told landlock_is_looked_for user_namespaces_are_tried QEMU_is_asked_for_its_version \
	other_programs_are_looked_for disk_space_is_measured image_headers_are_read \
	pulls_have_what_they_want VMs_are_looked_at orphans_are_found a_lost_QEMU_is_found \
	the_bridge_must_be_there \
	every_bridge_that_is_allowed_is_looked_at the_bridge_must_be_up \
	addresses_must_be_on_the_bridge the_default_route_must_leave_over_the_bridge \
	wifi_is_no_port the_spanning_tree_is_off vlan_filtering_is_on_where_a_VM_wants_it \
	multicast_has_a_querier_or_no_snooping MTUs_agree MACs_are_there_once \
	taps_belong_to_VMs_that_run bridged_frames_stay_out_of_the_firewall \
	policies_of_FORWARD_are_read br_netfilter_may_come_late nothing_is_left_behind
