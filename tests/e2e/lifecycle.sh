#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lifecycle.sh - every command, on guests that live from create to delete.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need script socat blkid

# one boots a kernel directly, two its disk, three is a microvm.
ip_one=192.168.86.11 ip_two=192.168.86.12 ip_three=192.168.86.13
mac_one=52:54:00:00:86:11

# Without KVM a microvm has no clock that its kernel could measure the TSC with.
tsc_khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)

version_is_told()
{
	local word

	for word in version --version -V; do
		prints 'mnmivm-se ' "$word"
		matches "version" "$out" '^mnmivm-se [0-9]+\.[0-9]+\.[0-9]+$'
	done
	json .name mnmivm-se version
}

help_is_given_for_every_command()
{
	local command
	local -a commands

	prints 'usage: mnmivm-se' help
	mapfile -t commands < <(sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$out")
	((${#commands[@]} >= 20)) || fail "only ${#commands[@]} commands in help"
	for command in "${commands[@]}"; do
		prints "usage: mnmivm-se $command" help "$command"
		prints "usage: mnmivm-se $command" "$command" --help
	done
	succeeds help set
	matches "keys" "$out" $'\nkeys.*\n  user .* stop_timeout\n\nkeys of the first.* bridge .* rate\n'
	no grep -qwE 'uid|instance_id|image|format|file' <<<"$out"
	no grep -qE '.{80}' <<<"$out"
	prints 'usage: mnmivm-se' --help
	refused 2 "unknown command 'nonsense'" help nonsense
	se
	is "exit code without a command" "$code" 2
	has "what is said without a command" "$err" 'usage: mnmivm-se'
}

images_are_imported_listed_and_removed()
{
	local image=$MNMIVM_GUEST/guest.qcow2

	json length 0 image list --local
	says 'tiny: imported' image import "$image" tiny
	says 'piped: imported' image import - piped <"$image"
	ok cmp "$image" "$state/images/tiny.qcow2"
	ok cmp "$image" "$state/images/piped.qcow2"
	is "mode of an image" "$(stat -c %A "$state/images/tiny.qcow2")" -r--r--r--
	refused 4 "image 'tiny' exists" image import "$image" tiny
	prints 'qcow2' image list
	json 'map(.name) | join(" ")' 'piped tiny' image list --local
	json '.[1].virtual_bytes' "$(qemu-img info --output json "$image" | jq '."virtual-size"')" \
		image list
	succeeds --quiet image list
	is "image list --quiet" "$out" $'piped\ntiny'
	says 'piped: removed' image remove piped
	refused 3 "no image 'piped'" image remove piped
	is "images" "$(names "$state/images")" 'tiny.conf tiny.qcow2'
}

images_are_shown_verified_and_kept()
{
	local image=$state/images/tiny.qcow2

	json '.[0].digest' "sha256:$(sha256sum <"$image" | cut -d' ' -f1)" image list --local
	json '[.state, .cpu_level, .firmware, (.users | length)] | join(" ")' 'local 1 bios 0' \
		image show tiny
	prints 'CPU:           x86-64-v1' image show tiny
	refused 3 "no image 'tinny' here or in the catalogue" image show tinny
	says 'tiny: has its digest' image verify
	json '.[0] | [.name, .good, .digest] | join(" ")' 'tiny true true' image verify tiny
	se image verify none tiny
	is "exit code" "$code" 3
	has "what is told" "$err" "no image 'none'"
	has "what is told then" "$err" 'tiny: has its digest'
	# nothing replaces what was imported
	says 'nothing to remove' image prune --all
	succeeds image prune --all --dry-run
	is "what would be removed" "$out" ''
	ok chmod u+w "$image"
	printf x >>"$image"
	refused 6 "image 'tiny' was changed" image verify
	truncate -s -1 "$image"
	ok chmod u-w "$image"
	says 'tiny: has its digest' image verify tiny
}

# No cluster of this one is in use by its tables. It comes in by hand, as what an older release left:
# without a digest, which would only tell that it is what it was.
tables_of_an_image_are_verified()
{
	local file=$LAB/bad.qcow2

	ok qemu-img create -q -f qcow2 "$file" 1G
	ok dd if=/dev/zero of="$file" bs=512 seek=256 count=1 conv=notrunc status=none
	refused 6 "check image '$file': its tables contradict each other" image import "$file" bad
	ok install -m 0444 "$file" "$state/images/bad.qcow2"
	refused 6 "check image 'bad': its tables contradict each other" image verify bad
	succeeds image remove bad
}

a_dry_run_of_create_changes_nothing()
{
	local before

	before=$(snapshot)
	prints 'qemu-img' create one --dry-run --os tiny --pubkey-path "$key.pub" --ip "$ip_one"
	has "dry run" "$out" "$state/vms/one"
	has "dry run" "$out" "$ip_one"
	unchanged "$before"
}

VMs_are_created()
{
	printf '#cloud-config\npackages: [figlet]\n' >"$LAB/user-data"
	printf '%s\n' 'version: 2' 'ethernets:' '  eth0:' \
		'    match: {macaddress: "52:54:00:00:86:13"}' \
		"    addresses: [$ip_three/24]" >"$LAB/network-config"

	says "one: created, $ip_one/24, MAC $mac_one" create one --os tiny \
		--pubkey-path - --ip "$ip_one" --mac "$mac_one" --cpus 2 \
		--extra-disk 8M --extra-disk 16M --user-data "$LAB/user-data" \
		"${direct_boot[@]}" <"$key.pub"
	make two "$ip_two" --vnc 127.0.0.1 --mtu 1400 --guard off
	make three "$ip_three/24" --machine microvm --mac 52:54:00:00:86:13 \
		--network-config "$LAB/network-config" --vnc off \
		"${direct_boot[@]::5}" "${direct_boot[5]} tsc_early_khz=$tsc_khz"
	refused 4 "vm 'one' exists" create one --os tiny --pubkey-path "$key.pub"
}

a_VM_is_the_files_of_the_contract()
{
	local folder=$state/vms/one

	is "folder" "$(names "$folder")" "disk.qcow2 disk0.qcow2 disk1.qcow2 os.name \
pubkey.pub seed.iso ssh_host_ed25519_key ssh_host_ed25519_key.pub user-data vm.conf vm.ip \
vm.mac vnc.port"
	is "mode of the folder" "$(stat -c '%a %u' "$folder")" '700 0'
	is "modes of the files" "$(stat -c '%a %u' "$folder"/* | sort -u)" '600 0'
	is "vm.ip" "$(<"$folder/vm.ip")" "$ip_one/24"
	is "vm.mac" "$(<"$folder/vm.mac")" "$mac_one"
	is "os.name" "$(<"$folder/os.name")" tiny
	is "pubkey.pub" "$(<"$folder/pubkey.pub")" "$(<"$key.pub")"
	is "backing file" "$(qemu-img info --output json "$folder/disk.qcow2" |
		jq -r '."full-backing-filename" + " " + ."backing-filename-format"')" \
		"$state/images/tiny.qcow2 qcow2"
	is "label of the seed" "$(blkid -p -o value -s LABEL "$folder/seed.iso")" cidata
}

every_option_of_create_is_kept()
{
	says "options: created" create options --image "$MNMIVM_GUEST/guest.qcow2" \
		--pubkey-path "$key.pub" --ip 192.168.86.20/24 --gateway 192.168.86.7 \
		--dns 192.168.86.7,192.168.86.254 --search lan.test,example.org \
		--user admin --mac 52:54:00:00:86:20 --bridge br0 --mtu 1300 \
		--guard off --vhost off --memory 300M --cpus 3 --disk 1G \
		--extra-disk 2M --accel tcg --cpu qemu64 --machine q35 \
		"${direct_boot[@]}" --vnc 127.0.0.2
	json '[.state, .ip, .mac, .bridge, .gateway, .guard, .vhost, .machine, .accel, .cpu, .user,
		.vnc] | join(" ")' \
		"stopped 192.168.86.20 52:54:00:00:86:20 br0 192.168.86.7 off off q35 tcg qemu64 \
admin 127.0.0.2" show options
	json '[.vcpus, .memory_bytes, .disk_bytes, .mtu]' \
		"[3,$((300 << 20)),$((1 << 30)),1300]" show options
	json '.dns + .search | join(" ")' '192.168.86.7 192.168.86.254 lan.test example.org' \
		show options
	json '[.kernel, .initrd, .append] | join(" ")' \
		"$MNMIVM_GUEST/vmlinuz $MNMIVM_GUEST/initrd ${direct_boot[5]}" show options
	prints 'options' show options
	has "show" "$out" '192.168.86.20/24'

	says "dynamic: created, dhcp" create dynamic --os tiny --pubkey-path "$key.pub" \
		--gateway none --ip dhcp
	json '[.ip, .gateway]' '[null,null]' show dynamic
	refused 2 'DHCP' wait dynamic --for ip --timeout 0
	says 'dynamic: deleted' delete --yes options dynamic
}

the_seed_is_printed()
{
	prints 'hostname: "one"' seed one user-data
	has "user-data" "$out" "$(<"$key.pub")"
	has "user-data" "$out" 'packages: [figlet]'
	succeeds show one --format json
	prints "$(jq -r .instance_id <<<"$out")" seed one meta-data
	prints "$ip_one/24" seed one network-config
	has "network-config" "$out" "$mac_one"
	prints "$ip_one/24" seed one
	has "seed" "$out" 'hostname: "one"'
	succeeds seed three network-config
	is "network-config of the admin" "$out" "$(<"$LAB/network-config")"
}

the_command_of_QEMU_is_shown()
{
	local before

	before=$(snapshot)
	prints '-nodefaults' show-cmd one
	has "first line" "${out%%$'\n'*}" qemu-system
	prints "mvm-one" start one --dry-run
	has "dry run" "$out" "$mac_one"
	lacks "heading of one alone" "$out" $'one:\n'
	prints "mvm-two" start one two --dry-run
	is "headings" "$(grep -E '^[a-z]+:$' <<<"$out" | xargs)" 'one: two:'
	is "what comes first" "${out%%$'\n'*}" one:
	has "what is below" "${out#*two:}" mvm-two
	refused 3 "start: nobody: no vm 'nobody'" start --dry-run nobody
	se start --dry-run one nobody two
	is "code" "$code" 3
	is "headings" "$(grep -E '^[a-z]+:$' <<<"$out" | xargs)" 'one: two:'
	unchanged "$before"
}

stopped_VMs_are_listed()
{
	succeeds list
	is "headings" "$(head -n 1 <<<"$out" | xargs)" 'NAME STATE IP MAC CPU MEM DISK OS UPTIME'
	is "row" "$(grep '^one ' <<<"$out" | xargs)" \
		"one stopped $ip_one $mac_one 2 96M 64M tiny -"
	succeeds ls --quiet
	is "list --quiet" "$out" $'one\nthree\ntwo'
	succeeds --state-dir "$state/.." list --quiet
	is "list of another folder" "$out" ''
	json 'map(.state) | unique | join(" ")' stopped list
	se status one
	is "exit code of status" "$code" 3
	is "status" "$out" stopped
}

all_are_started()
{
	says 'one: started' start --all
	has "start --all" "$err" 'two: started'
	has "start --all" "$err" 'three: started'
	says 'one: already running' start one
	says 'three: already running' start one two three
	has "start" "$err" 'two: already running'
}

running_VMs_are_listed()
{
	prints running status one
	is "status" "$out" running
	prints 'no new privs: yes' --verbose status one
	has "status -v" "$out" "pid $(pid_of one)"
	has "status -v" "$out" 'QEMU says:    running'
	has "status -v" "$out" 'capabilities: none'
	has "status -v" "$out" 'seccomp:      on, 2 filters'
	has "status -v" "$out" "tap:          mvm-one, forwarding on bridge 'br0'"
	json '[.state, .pid, .tap, .tap_exists, .no_new_privs, .seccomp] | map(tostring) | join(" ")' \
		"running $(pid_of one) mvm-one true true 2" status one
	json 'map(.state + " " + (.pid | tostring)) | join(" ")' \
		"running $(pid_of one) running $(pid_of three) running $(pid_of two)" list
	json 'map(.uptime_s >= 0 and .disk_used_bytes > 0) | all' true list
	is "vm.pid" "$(<"$state/vms/one/vm.pid")" "$(pid_of one)"
	se status nobody
	is "exit code of status without such a VM" "$code" 4
}

guests_answer_on_the_LAN()
{
	succeeds wait one --for ip --timeout 120
	succeeds wait one --for cloud-init --timeout 120
	succeeds wait one --timeout 120
	succeeds wait two --for ssh --timeout 120
	succeeds wait three --for ssh --timeout 120
	is "hostname" "$(guest "$ip_one" hostname)" one
	is "address" "$(guest "$ip_one" address)" "$ip_one"
	is "MAC" "$(guest "$ip_one" mac)" "$mac_one"
	is "hostname" "$(guest "$ip_two" hostname)" two
	is "hostname" "$(guest "$ip_three" hostname)" three
	refused 124 'has not stopped' wait one --for stopped --timeout 0
}

the_other_host_sees_the_pinned_MAC()
{
	is "neighbour entry" "$(lan ip -j neighbour show "$ip_one" | jq -r '.[].lladdr')" "$mac_one"
}

the_pinned_host_key_is_the_guests()
{
	is "hostname over ssh" "$(log_in one "$ip_one" hostname)" one
	is "hostname over ssh" "$(log_in two "$ip_two" hostname)" two
	cp "$state/vms/one/ssh_host_ed25519_key.pub" "$LAB/host-key"
	printf '%s %s\n' "$ip_one" "$(<"$state/vms/two/ssh_host_ed25519_key.pub")" >"$LAB/wrong"
	no lan ssh -n -F none -i "$key" -o BatchMode=yes -o StrictHostKeyChecking=yes \
		-o UserKnownHostsFile="$LAB/wrong" -o LogLevel=QUIET "root@$ip_one" true
}

guests_have_what_was_asked_for()
{
	is "disks of one in sectors" "$(log_in one "$ip_one" 'cat /sys/block/vd*/size' | xargs)" \
		"$((64 << 11)) $(($(stat -c %s "$state/vms/one/seed.iso") / 512)) 16384 32768"
	is "processors of one" "$(log_in one "$ip_one" nproc)" 2
	ok log_in one "$ip_one" 'echo data >/dev/vdd'
	no log_in one "$ip_one" 'echo data >/dev/vdb' 2>/dev/null
	is "MTU of two" "$(log_in two "$ip_two" 'cat /sys/class/net/eth0/mtu')" 1400
	is "default route of one" "$(log_in one "$ip_one" 'ip route | grep default' | xargs)" \
		'default via 192.168.86.254 dev eth0'
	is "name server of one" "$(log_in one "$ip_one" cat /etc/resolv.conf)" \
		'nameserver 192.168.86.254'
	is "PCI of three, a microvm" "$(log_in three "$ip_three" 'ls /sys/bus/pci/devices')" ''
	is "guard of one" "$(bridge -j -d link show dev mvm-one | jq '.[].locked')" true
	is "guard of two" "$(bridge -j -d link show dev mvm-two | jq '.[].locked')" false
}

the_screen_is_reached_as_asked()
{
	is "greeting on a unix socket" \
		"$(socat -T 20 - "UNIX-CONNECT:$run/one/vnc.sock" </dev/null | head -c 11)" 'RFB 003.008'
	is "greeting on TCP" \
		"$(socat -T 20 - "TCP:127.0.0.1:$(<"$state/vms/two/vnc.port")" </dev/null |
			head -c 11)" 'RFB 003.008'
	is "sockets of three, without a screen" "$(names "$run/three")" \
		"alive cgroup console.log console.sock lock log missing os.name process qmp.sock seed.iso state-dir \
vm.conf vm.ip vm.mac vnc.port"
	is "TCP listeners" "$(ss -Hltn | wc -l)" 1
}

a_guest_is_paused_and_resumed()
{
	says 'two: paused' pause two
	prints paused status two
	is "status" "$out" paused
	json .qmp_status paused status two
	no guest "$ip_two" hostname
	says 'two: already paused' pause two
	json '.[] | select(.name == "two").state' paused list
	says 'two: resumed' resume two
	prints running status two
	eventually answers "$ip_two" two
	says 'two: already running' resume two
	# QEMU may freeze it by itself, which no record tells of
	printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"stop"}' |
		socat -t 10 - "UNIX-CONNECT:$run/two/qmp.sock" >/dev/null
	has "record" "$(<"$run/two/process")" 'phase running'
	json '.[] | select(.name == "two").state' paused list
	prints paused status two
	says 'two: resumed' resume two
	prints running status two
}

console_says()
{
	grep -q -e "$1" "$LAB/typescript"
}

the_console_is_a_terminal()
{
	local pid

	mkfifo "$LAB/keys"
	script -qfe -c "'$MNMIVM_SE' --config '$conf' console one" "$LAB/typescript" \
		<"$LAB/keys" >/dev/null &
	pid=$!
	exec 9>"$LAB/keys"
	eventually console_says 'Ctrl-. leaves'
	# shellcheck disable=SC2016 # for the guest's shell
	printf 'echo sum $((40 + 2)) on $(hostname)\r' >&9
	eventually console_says 'sum 42 on one'
	printf '\x1d' >&9
	ok wait "$pid"
	exec 9>&-
	has "end of the console" "$(<"$LAB/typescript")" 'left the console'
	prints running status one
}

logs_hold_the_console()
{
	local pid

	prints 'sum 42 on one' logs one
	prints 'guest: up one' logs --console one
	succeeds logs --qemu one
	lacks "QEMU's log" "$out" 'guest: up one'

	"$MNMIVM_SE" --config "$conf" logs --follow --console one >"$LAB/follow" &
	pid=$!
	eventually grep -qs 'guest: up one' "$LAB/follow"
	ok log_in one "$ip_one" 'echo written later >/dev/console'
	eventually grep -q 'written later' "$LAB/follow"
	kill "$pid"
	wait "$pid" 2>/dev/null
}

a_new_address_takes_one_reboot_of_the_guest()
{
	local pid boots

	pid=$(pid_of one)
	boots=$(guest "$ip_one" boots)
	says 'takes effect when the guest reboots' update-cloud one --ip 192.168.86.31
	refused 124 "it answers at $ip_one still, 192.168.86.31 takes a reboot of the guest" \
		wait one --for ip --timeout 1
	has "hint" "$err" 'mnmivm-se restart one'
	is "address before the reboot" "$(guest "$ip_one" address)" "$ip_one"
	log_in one "$ip_one" reboot
	eventually answers 192.168.86.31 one
	is "QEMU after the reboot" "$(pid_of one)" "$pid"
	[[ $(guest 192.168.86.31 boots) != "$boots" ]] || fail "the guest has not rebooted"
	no guest "$ip_one" hostname
	ok cmp "$LAB/host-key" "$state/vms/one/ssh_host_ed25519_key.pub"
	is "hostname over ssh" "$(log_in one 192.168.86.31 hostname)" one
	is "vm.ip" "$(<"$state/vms/one/vm.ip")" 192.168.86.31/24
	# which of the two it uses this host cannot know: until QEMU ends both are its own
	refused 4 "address $ip_one is in use by vm 'one'" create other --os tiny \
		--pubkey-path "$key.pub" --ip "$ip_one"
}

a_new_key_and_new_settings_act_at_the_next_boot()
{
	local id

	succeeds show one --format json
	id=$(jq -r .instance_id <<<"$out")
	ssh-keygen -q -t ed25519 -N '' -C second -f "$LAB/second"
	says 'takes effect when the guest reboots' update-cloud one --ip "$ip_one" \
		--pubkey-path "$LAB/second.pub" --gateway 192.168.86.7 --dns 192.168.86.7 \
		--user-data ''
	json '.gateway + " " + .dns[0]' '192.168.86.7 192.168.86.7' show one
	json ".instance_id == \"$id\"" false show one
	succeeds seed one user-data
	lacks "user-data" "$out" figlet
	log_in one 192.168.86.31 reboot
	eventually answers "$ip_one" one
	succeeds wait one --timeout 120
	no log_in one "$ip_one" true 2>/dev/null
	key=$LAB/second
	is "default route" "$(log_in one "$ip_one" 'ip route | grep default' | xargs)" \
		'default via 192.168.86.7 dev eth0'
	key=$LAB/key
}

a_restart_is_a_new_QEMU()
{
	local pid

	pid=$(pid_of three)
	says 'three: restarted' restart three --timeout 120
	[[ $(pid_of three) != "$pid" ]] || fail "QEMU is still process $pid"
	succeeds wait three --timeout 120
	is "hostname" "$(guest "$ip_three" hostname)" three
}

an_impatient_stop_harms_nobody()
{
	local pid

	pid=$(pid_of three)
	# the guest reads its power button with dd
	ok log_in three "$ip_three" killall -STOP dd
	refused 124 "vm 'three' did not shut down within 0 s and goes on running" \
		stop three --timeout 0
	is "QEMU after it" "$(pid_of three)" "$pid"
	prints running status three
	ok answers "$ip_three" three
	says 'three: stopped' stop --force three
	no test -e "/proc/$pid"
	says 'three: already stopped' stop three
}

a_stop_shuts_the_guest_down()
{
	local pid

	pid=$(pid_of one)
	says 'one: stopped' stop one
	no test -e "/proc/$pid"
	prints 'guest: power button' logs one
	se status one
	is "exit code of status" "$code" 3
	is "files of the run folder" "$(names "$run/one")" 'alive console.log lock log state-dir'
	no test -e "$state/vms/one/vm.pid"
	no ip link show mvm-one 2>/dev/null
	succeeds wait one --for stopped --timeout 0
	refused 7 "vm 'one' is not running" console one
	refused 7 "vm 'one' is not running" pause one
	refused 7 "vm 'one' is not running" resume one
	refused 1 "vm 'one' is not running" wait one --timeout 0
}

a_paused_start_waits_for_resume()
{
	says 'three: started, paused' start --paused three
	prints paused status three
	is "status" "$out" paused
	json .qmp_status prelaunch status three
	says 'three: resumed' resume three
	eventually answers "$ip_three" three
}

run_stays_and_answers_SIGTERM()
{
	local pid

	"$MNMIVM_SE" --config "$conf" run one 2>"$LAB/run" &
	pid=$!
	eventually answers "$ip_one" one
	prints running status one
	refused 7 'runs already' run one
	kill -TERM "$pid"
	ok wait "$pid"
	has "what run says" "$(<"$LAB/run")" 'asking the guest to shut down'
	se status one
	is "exit code of status" "$code" 3
}

all_are_stopped_and_started()
{
	says 'two: stopped' stop --all
	has "stop --all" "$err" 'one: already stopped'
	has "stop --all" "$err" 'three: stopped'
	json 'map(.state) | unique | join(" ")' stopped list
	is "processes" "$(program_processes)" ''
}

create_starts_and_waits()
{
	succeeds create four --os tiny --pubkey-path "$key.pub" --ip 192.168.86.14 --start \
		--wait=ssh --timeout 180 --memory 96 "${direct_boot[@]}"
	has "create --wait" "$err" 'four: started'
	has "create --wait" "$err" 'four: ready (ssh)'
	is "hostname" "$(guest 192.168.86.14 hostname)" four
	says 'four: ready (ip)' start four --wait=ip --timeout 120
}

an_image_in_use_is_kept()
{
	refused 7 "image 'tiny' is the base of: four, one" image remove tiny
	ok test -e "$state/images/tiny.qcow2"
}

delete_asks_first()
{
	local before

	before=$(snapshot)
	refused 2 'takes a confirmation' delete two
	refused 7 "vm 'four' is running" delete --yes four
	unchanged "$before"
	script -qec "'$MNMIVM_SE' --config '$conf' delete two" /dev/null <<<n >"$LAB/answer"
	has "question" "$(<"$LAB/answer")" "Delete vm 'two' with its disks?"
	ok test -d "$state/vms/two"
	says 'four: deleted' delete --yes --force four
	no test -e "$state/vms/four"
	says 'three: deleted' delete --yes two three
	refused 3 "no vm 'two'" delete --yes two
	says 'one: deleted' delete -y one
	says 'tiny: removed' image remove tiny
	json length 0 list
}

run_tests \
	version_is_told \
	help_is_given_for_every_command \
	images_are_imported_listed_and_removed images_are_shown_verified_and_kept \
	tables_of_an_image_are_verified \
	a_dry_run_of_create_changes_nothing \
	VMs_are_created \
	a_VM_is_the_files_of_the_contract \
	every_option_of_create_is_kept \
	the_seed_is_printed \
	the_command_of_QEMU_is_shown \
	stopped_VMs_are_listed \
	all_are_started \
	running_VMs_are_listed \
	guests_answer_on_the_LAN \
	the_other_host_sees_the_pinned_MAC \
	the_pinned_host_key_is_the_guests \
	guests_have_what_was_asked_for \
	the_screen_is_reached_as_asked \
	a_guest_is_paused_and_resumed \
	the_console_is_a_terminal \
	logs_hold_the_console \
	a_new_address_takes_one_reboot_of_the_guest \
	a_new_key_and_new_settings_act_at_the_next_boot \
	a_restart_is_a_new_QEMU \
	an_impatient_stop_harms_nobody \
	a_stop_shuts_the_guest_down \
	a_paused_start_waits_for_resume \
	run_stays_and_answers_SIGTERM \
	all_are_stopped_and_started \
	create_starts_and_waits \
	an_image_in_use_is_kept \
	delete_asks_first \
	nothing_is_left_behind
