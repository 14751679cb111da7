#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# user.sh - VMs of users who are not root: what their program may do to the LAN, and what it must not.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need setcap getcap chroot tc

carol=4711 dave=4712 caller=$carol tap=mvm-web1_$carol
plain=$MNMIVM_SE
system_conf=/etc/mnmivm-se/mnmivm-se.conf
capabilities=cap_net_admin,cap_net_raw,cap_bpf+ep
ambient=+net_admin,+net_raw,+bpf
# what the environment says; a program with file capabilities does not listen
environment=()
lies=(HOME=/nowhere XDG_STATE_HOME=/nowhere XDG_RUNTIME_DIR=/nowhere XDG_CONFIG_HOME=/nowhere
	LD_PRELOAD=/nowhere/x.so LD_LIBRARY_PATH=/nowhere NLCB=debug TMPDIR=/nowhere)
# what is between the user and the program, as "setpriv --no-new-privs --"
wrap=()

# A host with two users: an /etc of the lab's own, homes, and what logind makes.
lab_users()
{
	local user

	chmod 711 "$LAB"
	mkdir "$LAB"/{etc,home,dev,bin,nosuid}
	mount -t tmpfs -o mode=755 tmpfs "$LAB/etc"
	cp -a /etc/. "$LAB/etc"
	mount --bind "$LAB/etc" /etc
	mkdir /etc/mnmivm-se
	chmod 755 /etc/mnmivm-se
	for user in "$carol:carol" "$dave:dave"; do
		echo "${user#*:}:x:${user%:*}:${user%:*}::$LAB/home/${user#*:}:/bin/sh" >>/etc/passwd
		install -d -m 700 -o "${user%:*}" -g "${user%:*}" \
			"$LAB/home/${user#*:}" "/run/user/${user%:*}"
	done
	chmod 755 /run/user "$LAB/home"
	# for all, as udev has it
	mount -t tmpfs tmpfs "$LAB/dev"
	mknod -m 666 "$LAB/dev/tun" c 10 200
	mount --bind "$LAB/dev/tun" /dev/net/tun
	# file capabilities want a file system that has them
	mount -t tmpfs -o mode=755 tmpfs "$LAB/bin"
	MNMIVM_SE=$LAB/bin/mnmivm-se
	plain_copy=$LAB/bin/plain
	cp "$plain" "$MNMIVM_SE"
	cp "$plain" "$plain_copy"
	ip link add br9 type bridge
	ip link property add dev br9 altname lanlan
	ip link property add dev br0 altname home
	ip link set br9 up
	system_says ''
}

# Root's file: what each lab has, and more. Nobody delegates a cgroup here.
system_says()
{
	cat >"$system_conf" <<-EOF
		accel = tcg
		memory = 96M
		disk_size = 64M
		lan_dns = 192.168.86.254
		allow_missing = cgroup
		$1
	EOF
	chmod 644 "$system_conf"
}

name_of()
{
	((caller == carol)) && echo carol || echo dave
}

# Be that user: whose folders are meant, too.
as()
{
	caller=$1
	home=$LAB/home/$(name_of)
	state=$home/.local/state/mnmivm-se run=/run/user/$caller/mnmivm-se
}

# The user's own file says so; nothing: there is none.
own_says()
{
	rm -f -- "$home/.config/mnmivm-se/mnmivm-se.conf"
	[[ -n $1 ]] || return 0
	install -d -o "$caller" -g "$caller" "$home/.config" "$home/.config/mnmivm-se"
	printf '%s\n' "$1" >"$home/.config/mnmivm-se/mnmivm-se.conf"
	chown "$caller" "$home/.config/mnmivm-se/mnmivm-se.conf"
}

# Instead of lib.sh's: as the user, and without --config.
se()
{
	out=$(setpriv --reuid "$caller" --regid "$caller" --clear-groups --inh-caps=-all -- \
		"${wrap[@]}" env -i "${environment[@]}" "$MNMIVM_SE" "$@" 2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(grep -v '^ERROR: ld.so' "$LAB/stderr")
}

# As a service's manager runs a program that has no capabilities of its own.
se_ambient()
{
	out=$(setpriv --reuid "$caller" --regid "$caller" --clear-groups \
		--inh-caps="-all,$ambient" --ambient-caps="-all,$ambient" -- \
		env -i HOME="$home" "$plain_copy" "$@" 2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(<"$LAB/stderr")
}

# status_of PID FIELD: from /proc/PID/status
status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# on_bridge TAP: the bridge that it is on
on_bridge()
{
	ip -j link show dev "$1" | jq -r '.[0].master'
}

taps()
{
	ip -j link | jq -r '[.[].ifname | select(startswith("mvm"))] | join(" ")'
}

without_capabilities_a_VM_can_be_made_but_not_started()
{
	is "capabilities of the program" "$(getcap "$MNMIVM_SE")" ''
	make web1 192.168.86.21 "${direct_boot[@]}"
	is "owner of the VM" "$(stat -c %u:%a "$state/vms/web1")" "$carol:700"
	refused 8 'needs CAP_NET_ADMIN, which neither its file nor its caller gives it' start web1
	has "hint" "$err" "setcap $capabilities '$MNMIVM_SE'"
	refused 8 'CAP_NET_ADMIN' start --no-probe web1
}

folders_are_the_users_own()
{
	is "folders of root" "$(names /var/lib/microvm 2>/dev/null)" "$roots_own"
	[[ ! -e /run/mnmivm-se/web1 ]] || fail "something in root's run folder"
	is "run folder" "$(stat -c %u:%a "$run")" "$carol:700"
	[[ ! -e /nowhere ]] || fail "the environment was believed"
}

with_file_capabilities_it_starts()
{
	setcap "$capabilities" "$MNMIVM_SE"
	environment=("${lies[@]}")
	says 'web1: started' start web1
	lacks "messages" "$err" 'not probed'
	is "taps" "$(taps)" "$tap"
	is "bridge" "$(on_bridge "$tap")" br0
	is "alias" "$(ip -j link show "$tap" | jq -r '.[0].ifalias')" \
		"mnmivm-se:web1_$carol/0"
	eventually answers 192.168.86.21 web1
}

its_guest_is_guarded_as_any()
{
	local port

	port=$(ip -j -d link show "$tap" | jq -c '.[0].linkinfo.info_slave_data |
		[.locked, .learning, .flood, .guard]')
	is "port" "$port" '[true,false,false,true]'
	has "filter" "$(tc filter show dev "$tap" ingress)" mnmivm_guard
}

QEMU_has_no_privilege_and_no_root()
{
	local pid field

	pid=$(pid_of web1)
	is "uids" "$(status_of "$pid" Uid | xargs)" "$carol $carol $carol $carol"
	is "gids" "$(status_of "$pid" Gid | xargs)" "$carol $carol $carol $carol"
	for field in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$field" "$(status_of "$pid" "$field")" 0000000000000000
	done
	is "NoNewPrivs" "$(status_of "$pid" NoNewPrivs)" 1
	is "Seccomp" "$(status_of "$pid" Seccomp)" 2
	for field in user pid net ipc uts cgroup mnt; do
		[[ $(readlink "/proc/$pid/ns/$field") != "$(readlink "/proc/self/ns/$field")" ]] ||
			fail "namespace $field is the host's"
	done
	is "map of uids" "$(xargs <"/proc/$pid/uid_map")" "$carol $carol 1"
	is "map of gids" "$(xargs <"/proc/$pid/gid_map")" "$carol $carol 1"
	is "environment" "$(tr '\0' '\n' <"/proc/$pid/environ" | sort | xargs)" \
		'LANG=C PATH=/usr/bin:/bin'
	[[ ! -e /proc/$pid/root/etc/passwd && ! -e /proc/$pid/root/home ]] ||
		fail "the host's files are in its root"
}

status_and_list_work_for_the_owner()
{
	prints running status web1
	prints "$tap" --verbose status web1
	json '.taps[0] | [.name, .state, .bridge, .guard_effect]' \
		"[\"$tap\",\"forwarding\",\"br0\",\"mac\"]" status web1
	json '.[0] | [.name, .state]' '["web1","running"]' list
	succeeds net show
	has "its tap" "$(tr -s " " <<<"$out")" "$tap web1/0"
	says 'nothing to repair' net repair
}

a_tap_that_fell_off_is_put_back()
{
	ip link set "$tap" nomaster
	says 'web1: repaired' net repair web1
	is "bridge" "$(on_bridge "$tap")" br0
	eventually answers 192.168.86.21 web1
}

pause_resume_and_logs_work()
{
	succeeds pause web1
	succeeds resume web1
	succeeds logs web1
}

# A settings file of a running VM is in a folder of the user's.
a_repair_does_not_go_to_another_bridge()
{
	cp -a "$run/web1/vm.conf" "$LAB/saved"
	sed -i 's/^bridge = .*/bridge = br9/' "$run/web1/vm.conf"
	refused 8 "bridge 'br9' is not allowed" net repair web1
	is "bridge" "$(on_bridge "$tap")" br0
	sed -i 's/^bridge = .*/bridge = br0/; s/^guard = .*/guard = off/' "$run/web1/vm.conf"
	refused 8 'guard off is not allowed' net repair web1
	cp -a "$LAB/saved" "$run/web1/vm.conf"
}

users_of_one_name_do_not_meet()
{
	as "$dave"
	make web1 192.168.86.22 "${direct_boot[@]}"
	says 'web1: started' start web1
	is "taps" "$(taps)" "$tap mvm-web1_$dave"
	succeeds delete --yes --force web1
	is "taps" "$(taps)" "$tap"
	as "$carol"
}

# Of two VMs of one name each has its own tap looked after.
nobody_has_anothers_tap_repaired()
{
	as "$dave"
	make web1 192.168.86.22 "${direct_boot[@]}"
	succeeds start web1
	ip link set "$tap" nomaster
	says 'nothing to repair' net repair web1
	is "carol's tap" "$(on_bridge "$tap")" null
	succeeds delete --yes --force web1
	as "$carol"
	says 'web1: repaired' net repair web1
}

root_leaves_them_alone()
{
	local text

	text=$("$plain" --config "$conf" doctor 2>&1)
	has "doctor of root" "$text" "$tap"
	lacks "doctor of root" "$text" "ip link del $tap"
	text=$("$plain" --config "$conf" net repair 2>&1)
	is "repair of root" "$text" ''
	text=$("$plain" --config "$conf" list --quiet 2>&1)
	is "VMs of root" "$text" ''
}

the_others_address_is_found_by_asking_the_LAN()
{
	as "$dave"
	make twin 192.168.86.21 --vhost off "${direct_boot[@]}"
	refused 4 'address 192.168.86.21 is in use on the LAN by MAC' start twin
	is "taps" "$(taps)" "$tap"
	succeeds delete --yes twin
	as "$carol"
}

it_stops()
{
	says 'web1: stopped' stop web1
	is "taps" "$(taps)" ''
	is "processes" "$(program_processes)" ''
}

another_bridge_is_refused()
{
	local before

	refused 8 "bridge 'br9' is not allowed" create x --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --ip 192.168.86.29/24 --bridge br9
	refused 8 "bridge 'br9' is not allowed" create x --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --ip 192.168.86.29/24 --bridge lanlan
	before=$(snapshot)
	sed -i '/^\[nic.0\]/a bridge = br9' "$state/vms/web1/vm.conf"
	refused 8 "bridge 'br9' is not allowed" start web1
	sed -i 's/^bridge = br9/bridge = lanlan/' "$state/vms/web1/vm.conf"
	refused 8 "bridge 'br9' is not allowed" start web1
	sed -i '/^bridge = lanlan/d' "$state/vms/web1/vm.conf"
	unchanged "$before"
}

an_altname_of_an_allowed_one_is_that_one()
{
	succeeds set web1 nic.0.bridge=home
	says 'web1: started' start web1
	is "bridge" "$(on_bridge "$tap")" br0
	succeeds stop --force web1
	succeeds set web1 nic.0.bridge=br0
}

no_file_of_ones_own_widens_the_list()
{
	own_says 'bridges = br0, br9'
	refused 8 "mnmivm-se.conf: bridge 'br9' is not allowed" start web1
	own_says $'bridge = br9\nbridges ='
	refused 8 "bridge 'br9' is not allowed" set web1 nic.0.bridge=br9
	own_says 'bridge = br9'
	refused 8 "bridge 'br9' is not allowed" set web1 nic.0.bridge=br9
	own_says 'user_guard = off'
	refused 8 'user_guard must be mac at least' start web1
	own_says 'user_vlans = 7'
	refused 8 'VLAN 7 is not allowed' start web1
	own_says ''
	echo 'bridges = br9' >"$home/other"
	chown "$carol" "$home/other"
	refused 8 "bridge 'br9' is not allowed" --config "$home/other" start web1
	ln -s other "$home/link"
	refused 8 "bridge 'br9' is not allowed" --config "$home/link" start web1
	chown "$dave" "$home/other"
	chmod 644 "$home/other"
	refused 8 "belongs to uid $dave" --config "$home/link" list
	rm "$home/link" "$home/other"
}

root_widens_it_and_a_user_narrows()
{
	system_says 'bridges = br0, br9'
	succeeds set web1 nic.0.bridge=lanlan
	says 'web1: started' start --no-probe web1
	is "bridge" "$(on_bridge "$tap")" br9
	succeeds stop --force web1
	own_says 'bridges = br0'
	refused 8 "bridge 'br9' is not allowed" start web1
	own_says ''
	succeeds set web1 nic.0.bridge=br0
	system_says ''
	refused 8 "bridge 'br9' is not allowed" set web1 nic.0.bridge=br9
}

guard_and_VLANs_are_roots_to_say()
{
	sed -i 's/^guard = mac/guard = off/' "$state/vms/web1/vm.conf"
	refused 8 'guard off is not allowed: mac at least' start web1
	system_says 'user_guard = off'
	says 'web1: started' start web1
	is "locked" "$(ip -j -d link show "$tap" |
		jq '.[0].linkinfo.info_slave_data.locked')" false
	succeeds stop --force web1
	system_says 'user_guard = ip'
	sed -i 's/^guard = off/guard = mac/' "$state/vms/web1/vm.conf"
	refused 8 'guard mac is not allowed: ip at least' start web1
	system_says ''
	sed -i '/^\[nic.0\]/a vlan = 7' "$state/vms/web1/vm.conf"
	refused 8 'VLAN 7 is not allowed' start web1
	sed -i 's/^vlan = 7/trunk = 7-9/' "$state/vms/web1/vm.conf"
	refused 8 'VLAN 7-9 is not allowed' start web1
	sed -i '/^trunk = 7-9/d' "$state/vms/web1/vm.conf"
}

a_file_of_roots_that_others_write_is_refused()
{
	chown "$carol" "$system_conf"
	refused 8 "read '$system_conf': it belongs to uid $carol" list
	chown 0 "$system_conf"
	chmod 666 "$system_conf"
	refused 8 "read '$system_conf': others than its owner may write to it" list
	chmod 600 "$system_conf"
	refused 8 "open '$system_conf': Permission denied" list
	chmod 644 "$system_conf"
	succeeds list
}

lost_capabilities_are_explained()
{
	mount -t tmpfs -o nosuid,mode=755 tmpfs "$LAB/nosuid"
	cp "$plain" "$LAB/nosuid/mnmivm-se"
	setcap "$capabilities" "$LAB/nosuid/mnmivm-se"
	MNMIVM_SE=$LAB/nosuid/mnmivm-se
	environment=(HOME="$home")
	refused 8 'CAP_NET_ADMIN, which it cannot get from a file on a nosuid mount' start web1
	has "hint" "$err" 'findmnt -T'
	MNMIVM_SE=$LAB/bin/mnmivm-se
	wrap=(setpriv --no-new-privs --)
	refused 8 'CAP_NET_ADMIN, which no_new_privs keeps it from getting' start web1
	wrap=()
	environment=("${lies[@]}")
	setcap cap_net_admin+ep "$MNMIVM_SE"
	refused 8 "load the guard's program: needs CAP_BPF, which neither its file" start web1
	setcap cap_net_admin,cap_bpf+ep "$MNMIVM_SE"
	says 'not probed: open a packet socket: needs CAP_NET_RAW' start web1
	succeeds stop --force web1
	setcap "$capabilities" "$MNMIVM_SE"
	chmod u+s "$MNMIVM_SE"
	refused 8 'set-user-ID' list
	chmod u-s "$MNMIVM_SE"
	setcap "$capabilities" "$MNMIVM_SE"
}

capabilities_may_be_ambient()
{
	is "capabilities of the program" "$(getcap "$plain_copy")" ''
	se_ambient start web1
	is "exit code" "$code" 0
	has "start" "$err" 'web1: started'
	QEMU_has_no_privilege_and_no_root
	se_ambient stop --force web1
	is "exit code" "$code" 0
}

# Not even what it runs has them: a program of the user's in ssh-keygen's place.
programs_that_are_run_get_none()
{
	cat >"$home/keygen" <<-EOF
		#!/bin/sh
		grep ^CapPrm /proc/self/status >&2
		exit 1
	EOF
	chown "$carol" "$home/keygen"
	chmod 755 "$home/keygen"
	own_says "ssh_keygen = $home/keygen"
	se_ambient create tool --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" \
		--ip 192.168.86.28
	is "exit code without ssh-keygen" "$code" 1
	matches "what it says" "$err" 'CapPrm:[[:space:]?]*0000000000000000'
	own_says ''
}

a_hostile_caller_gains_nothing()
{
	local limits

	wrap=(bash -c 'exec 0<&- 1>&- 2>&-; exec "$@"' -)
	se start web1
	is "exit code with closed descriptors" "$code" 0
	wrap=(bash -c 'trap "" CHLD TERM; exec "$@"' -)
	succeeds stop --force web1
	for limits in '-n 8' '-f 0' '-v 30000' '-u 1' '-s 64'; do
		wrap=(bash -c "ulimit $limits; exec \"\$@\"" -)
		se start web1
		((code == 0)) || is "taps after a start with ulimit $limits" "$(taps)" ''
		wrap=()
		succeeds stop --force web1
	done
	is "processes" "$(program_processes)" ''
	environment=(NLDBG=4)
	se start web1
	lacks "debugging of a library" "$err" 0x
	environment=("${lies[@]}")
	succeeds stop --force web1
}

# A process in a chroot may not make user namespaces (user_namespaces(7)).
without_user_namespaces_a_start_is_refused_unless_allowed()
{
	local pid create_disk

	succeeds stop --force web1
	mkdir "$LAB/chroot"
	mount --rbind / "$LAB/chroot"
	# without a kernel of its own, which would be shown to QEMU in its root
	create_disk=(create disk --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub"
		--ip 192.168.86.23)
	se_in_chroot "${create_disk[@]}"
	is "exit code of create" "$code" 5
	has "hint" "$err" 'allow_missing: root, pid, net, ipc, uts, cgroup-ns'
	own_says 'allow_missing = root, pid, net, ipc, uts, cgroup-ns'
	se_in_chroot "${create_disk[@]}"
	((code == 0)) || fail "exit code $code of create" "$err"
	own_says ''
	se_in_chroot start disk
	is "exit code" "$code" 5
	has "hint" "$err" 'kernel.unprivileged_userns_clone'
	has "hint" "$err" 'allow_missing: root, pid, net, ipc, uts, cgroup-ns'
	is "taps" "$(taps)" ''
	own_says 'allow_missing = root, pid, net, ipc, uts, cgroup-ns, cgroup'
	se_in_chroot start web1
	is "exit code with a kernel" "$code" 5
	has "hint" "$err" "no way, as files are shown"
	se_in_chroot start disk
	((code == 0)) || fail "exit code $code" "$err"
	pid=$(pid_of disk)
	is "effective capabilities" "$(status_of "$pid" CapEff)" 0000000000000000
	is "permitted capabilities" "$(status_of "$pid" CapPrm)" 0000000000000000
	is "NoNewPrivs" "$(status_of "$pid" NoNewPrivs)" 1
	is "Seccomp" "$(status_of "$pid" Seccomp)" 2
	is "user namespace" "$(readlink "/proc/$pid/ns/user")" "$(readlink /proc/self/ns/user)"
	succeeds --verbose status disk
	has "status" "$out" missing
	succeeds delete --yes --force disk
	own_says ''
	umount -l "$LAB/chroot"
}

se_in_chroot()
{
	out=$(chroot "--userspec=$carol:$carol" --groups= "$LAB/chroot" \
		env -i "$MNMIVM_SE" "$@" 2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(<"$LAB/stderr")
}

roots_images_can_be_used()
{
	"$plain" --config "$conf" image import "$MNMIVM_GUEST/guest.qcow2" tiny >/dev/null 2>&1
	system_says "image_dir = $LAB/state/images"
	chmod 711 "$LAB/state"
	prints tiny image list
	succeeds create shared --os tiny --pubkey-path "$key.pub" --ip 192.168.86.27
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" own
	json 'map(.name) | join(" ")' 'own tiny' image list --local
	succeeds image remove own
	refused 7 'is the base of: shared' image remove tiny
	succeeds delete --yes shared
	refused 8 "image 'tiny' is the host's own" image remove tiny
	"$plain" --config "$conf" image remove tiny >/dev/null 2>&1
	system_says ''
}

# refused, but of root
root_refused()
{
	out=$("$plain" --config "$conf" "${@:3}" 2>&1)
	code=$?
	is "exit code of root's: ${*:3}" "$code" "$1"
	has "what root is told by: ${*:3}" "$out" "$2"
}

# Two images of an entry, as pulls leave them.
roots_images_are_there()
{
	local n

	for n in 1 2; do
		root_refused 0 imported image import "$MNMIVM_GUEST/guest.qcow2" "app-$n"
		sed -i "s/^added = .*/added = $n/" "$LAB/state/images/app-$n.conf"
		echo 'os = app' >>"$LAB/state/images/app-$n.conf"
	done
	system_says "image_dir = $LAB/state/images"
	chmod 711 "$LAB/state"
}

root_keeps_the_images_of_users()
{
	local links=$LAB/state/images/.users

	rm -rf "${links:?}"/*
	roots_images_are_there
	is "folder of users" "$(stat -c %u:%a "$links")" 0:1733
	succeeds create kept --os app-1 --pubkey-path "$key.pub" --ip 192.168.86.27
	is "link" "$(find "$links" -mindepth 1 -printf '%u %l\n')" "carol $state"
	json .users '["kept"]' image show app-1
	is "users" "$("$plain" --config "$conf" --format json image show app-1 | jq -c .users)" \
		'["carol/kept"]'
	root_refused 7 "image 'app-1' is the base of: carol/kept" image remove app-1
	root_refused 0 'nothing to remove' image prune
	root_refused 0 'remove image app-2' image prune --all --dry-run
	lacks "what root would prune" "$out" app-1
	succeeds delete --yes kept
	root_refused 0 'remove image app-1' image prune --dry-run
}

# A VM that is older than the link, or came with a folder that was copied.
a_start_tells_root()
{
	succeeds create kept --os app-1 --pubkey-path "$key.pub" --ip 192.168.86.27
	rm "$LAB/state/images/.users"/*
	root_refused 0 'remove image app-1' image prune --dry-run
	succeeds start --no-probe kept
	root_refused 0 'nothing to remove' image prune --dry-run
	succeeds stop --force kept
}

what_root_cannot_see_is_kept()
{
	local why="look at state directory $state of carol: No such file or directory"

	mv "$state" "$state.away"
	root_refused 7 "$why" image remove app-1
	has "hint" "$out" "rm $LAB/state/images/.users/$carol-"
	root_refused 0 "$why" image prune --all
	has "what is kept" "$(names "$LAB/state/images")" 'app-1.qcow2 app-2.conf'
	# the directory is not root's to read by way of its link
	as "$dave"
	succeeds create kept --os app-2 --pubkey-path "$key.pub" --ip 192.168.86.28
	rm "$LAB/state/images/.users/$dave"-*
	ln -s "$LAB/home/carol/.local/state/mnmivm-se.away" "$LAB/state/images/.users/$dave-$(
		printf %016x 1)"
	chown -h "$dave" "$LAB/state/images/.users/$dave"-*
	root_refused 7 "of dave: Permission denied" image remove app-2 < <(
		rm "$LAB/state/images/.users/$carol"-*)
	succeeds delete --yes kept
	rm "$LAB/state/images/.users"/*
	as "$carol"
	mv "$state.away" "$state"
}

root_has_the_last_word()
{
	succeeds start --no-probe kept
	succeeds stop --force kept
	root_refused 7 carol/kept image remove app-1
	root_refused 0 'app-1: was the base of: carol/kept' image remove --force app-1
	refused 3 "app-1.qcow2" start kept
	succeeds delete --yes kept
	root_refused 0 'app-2: removed' image remove app-2
	system_says ''
}

without_a_run_folder_it_says_what_makes_one()
{
	mv "/run/user/$carol" /run/user/away
	refused 8 "open folder '/run/user/$carol/mnmivm-se'" start web1
	has "hint" "$err" "loginctl enable-linger $carol"
	has "hint" "$err" XDG_RUNTIME_DIR
	# images need none
	succeeds image import "$MNMIVM_GUEST/guest.qcow2" own
	json 'map(.name) | join(" ")' own image list --local
	succeeds image verify own
	succeeds image prune
	succeeds image remove own
	mv /run/user/away "/run/user/$carol"
}

all_that_is_gone()
{
	as "$dave"
	is "VMs of dave" "$(names "$state/vms")" ''
	as "$carol"
	ip link del br9
	nothing_is_left_behind
}

roots_own=$(names /var/lib/microvm 2>/dev/null)
lab_users
as "$carol"
run_tests without_capabilities_a_VM_can_be_made_but_not_started folders_are_the_users_own \
	with_file_capabilities_it_starts its_guest_is_guarded_as_any \
	QEMU_has_no_privilege_and_no_root status_and_list_work_for_the_owner \
	a_tap_that_fell_off_is_put_back pause_resume_and_logs_work \
	a_repair_does_not_go_to_another_bridge users_of_one_name_do_not_meet \
	nobody_has_anothers_tap_repaired root_leaves_them_alone \
	the_others_address_is_found_by_asking_the_LAN it_stops another_bridge_is_refused \
	an_altname_of_an_allowed_one_is_that_one no_file_of_ones_own_widens_the_list \
	root_widens_it_and_a_user_narrows guard_and_VLANs_are_roots_to_say \
	a_file_of_roots_that_others_write_is_refused lost_capabilities_are_explained \
	capabilities_may_be_ambient programs_that_are_run_get_none a_hostile_caller_gains_nothing \
	without_user_namespaces_a_start_is_refused_unless_allowed roots_images_can_be_used \
	root_keeps_the_images_of_users a_start_tells_root what_root_cannot_see_is_kept \
	root_has_the_last_word without_a_run_folder_it_says_what_makes_one all_that_is_gone
