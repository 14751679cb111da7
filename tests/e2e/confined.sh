#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confined.sh - all that a guest can do, from inside QEMU's confinement; with "backports" under a
# newer QEMU.

[[ ${1-} != backports ]] || LAB_BACKPORTS=1
# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
need socat sfdisk mformat mcopy objcopy "$stub" /usr/share/OVMF/OVMF_CODE_4M.fd

ip_one=192.168.86.11 ip_two=192.168.86.12 ip_three=192.168.86.13 ip_efi=192.168.86.14
tsc_khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)

# qmp VM COMMAND [ARGUMENTS]: the reply to it
qmp()
{
	printf '%s\n' '{"execute":"qmp_capabilities"}' \
		"{\"execute\":\"$2\",\"arguments\":${3-{\}},\"id\":1}" |
		socat -t 60 - "UNIX-CONNECT:$run/$1/qmp.sock" | jq -c 'select(.id == 1)' | head -n 1
}

argv_of()
{
	tr '\0' '\n' <"/proc/$(pid_of "$1")/cmdline"
}

the_QEMU_is_the_one_that_is_meant()
{
	local version

	version=$(/usr/bin/qemu-system-x86_64 --version | sed -n 's/.* version \([0-9]*\).*/\1/p')
	diag "QEMU $version"
	if [[ -n ${LAB_BACKPORTS-} ]]; then
		((version >= 9)) || fail "QEMU $version is none of backports"
	fi
}

# Nobody but root can read them, nor search their folder.
files_for_root_alone_are_booted()
{
	mkdir -m 700 "$LAB/boot"
	cp "$MNMIVM_GUEST"/{vmlinuz,initrd} "$LAB/boot/"
	chmod 600 "$LAB"/boot/*
	make one "$ip_one" --extra-disk 16M --kernel "$LAB/boot/vmlinuz" \
		--initrd "$LAB/boot/initrd" --append "${direct_boot[5]}"
	make two "$ip_two" --vnc 127.0.0.1
	make three "$ip_three" --machine microvm --kernel "$LAB/boot/vmlinuz" \
		--initrd "$LAB/boot/initrd" --append "${direct_boot[5]} tsc_early_khz=$tsc_khz"
	succeeds start one two three
	succeeds wait one --for cloud-init --timeout "$MNMIVM_PATIENCE"
	succeeds wait two --for cloud-init --timeout "$MNMIVM_PATIENCE"
	succeeds wait three --for cloud-init --timeout "$MNMIVM_PATIENCE"
	for vm in one two three; do
		is "owner of the process of $vm" "$(stat -c %u "/proc/$(pid_of "$vm")")" \
			"$(sed -n 's/^uid = //p' "$state/vms/$vm/vm.conf")"
	done
}

nothing_is_opened_by_name_but_the_kernel()
{
	local word

	for word in "$LAB" /proc/ /dev/kvm /run/; do
		lacks "arguments of one" "$(argv_of one)" "$word"
	done
	is "kernel" "$(argv_of one | grep -A 1 -x -e -kernel | tail -n 1)" /boot/kernel
	is "initrd" "$(argv_of one | grep -A 1 -x -e -initrd | tail -n 1)" /boot/initrd
	is "files in the root of one" "$(names "/proc/$(pid_of one)/root/boot")" 'initrd kernel'
	no test -e "/proc/$(pid_of two)/root/boot/kernel"
}

console_has()
{
	"$MNMIVM_SE" --config "$conf" logs --console one | grep -q "$1"
}

the_console_is_heard_and_logged()
{
	{
		# shellcheck disable=SC2016 # for the guest's shell
		printf 'echo sum $((40 + 2)) on $(hostname)\r'
		eventually console_has 'sum 42 on one'
	} | socat - "UNIX-CONNECT:$run/one/console.sock" >"$LAB/console"
	has "console" "$(<"$LAB/console")" 'sum 42 on one'
	prints 'sum 42 on one' logs --console one
}

the_screen_answers_on_both_kinds_of_socket()
{
	is "greeting on a unix socket" \
		"$(socat -T 20 - "UNIX-CONNECT:$run/one/vnc.sock" </dev/null | head -c 11)" 'RFB 003.008'
	is "greeting on TCP" \
		"$(socat -T 20 - "TCP:127.0.0.1:$(<"$state/vms/two/vnc.port")" </dev/null |
			head -c 11)" 'RFB 003.008'
}

# The mark is not found in what the command line and the seed have of it.
what_the_guest_writes_is_on_its_disks()
{
	# shellcheck disable=SC2016 # for the guest's shell
	ok log_in one "$ip_one" 'for d in vda vdc; do
		echo "mark of $d: $(echo abc | md5sum)" | dd of=/dev/$d bs=512 seek=2048 conv=sync 2>&1
		done; sync' >/dev/null
	has "disk.qcow2" "$(strings "$state/vms/one/disk.qcow2")" \
		'mark of vda: 0bee89b07a248e27c83fc3d5951213c1'
	has "disk0.qcow2" "$(strings "$state/vms/one/disk0.qcow2")" \
		'mark of vdc: 0bee89b07a248e27c83fc3d5951213c1'
}

snapshots()
{
	qemu-img snapshot -l --force-share "$state/vms/$1/disk.qcow2" | awk 'NR > 2 { print $2 }' |
		xargs
}

job_concluded()
{
	[[ $(qmp one query-jobs | jq -r '.return[0].status') == concluded ]]
}

a_snapshot_is_taken_of_disk_and_memory()
{
	is "snapshot of the disk" "$(qmp one blockdev-snapshot-internal-sync \
		'{"device":"disk","name":"disk-alone"}')" '{"return":{},"id":1}'
	is "job" "$(qmp one snapshot-save \
		'{"job-id":"j","tag":"whole","vmstate":"disk","devices":["disk"]}')" \
		'{"return":{},"id":1}'
	eventually job_concluded
	is "error of the job" "$(qmp one query-jobs | jq -r '.return[0].error')" null
	is "snapshots" "$(snapshots one)" 'disk-alone whole'
	eventually answers "$ip_one" one
}

a_guest_is_paused_resumed_and_powered_down()
{
	local vm

	says 'one: paused' pause one
	says 'one: resumed' resume one
	eventually answers "$ip_one" one
	for vm in one two three; do
		says "$vm: stopped" stop "$vm" --timeout "$MNMIVM_PATIENCE"
	done
	is "processes" "$(program_processes)" ''
}

# --- UEFI -------------------------------------------------------------------

# A disk as an installer leaves it: a partition for EFI with \EFI\BOOT\BOOTX64.EFI, which is
# the guest's kernel in one piece with its initial ramdisk and its command line.
make_efi_disk()
{
	local work=$LAB/efi

	mkdir "$work"
	printf '%s' "${direct_boot[5]}" >"$work/cmdline"
	objcopy --add-section .cmdline="$work/cmdline" --change-section-vma .cmdline=0x30000 \
		--add-section .linux="$MNMIVM_GUEST/vmlinuz" --change-section-vma .linux=0x2000000 \
		--add-section .initrd="$MNMIVM_GUEST/initrd" --change-section-vma .initrd=0x3000000 \
		"$stub" "$work/BOOTX64.EFI" &&
		truncate -s 48M "$LAB/efi.raw" &&
		printf 'label: gpt\nstart=1MiB, size=46MiB, type=uefi\n' |
		sfdisk --quiet "$LAB/efi.raw" &&
		mformat -i "$LAB/efi.raw@@1M" -F -T $((46 * 2048)) :: &&
		mmd -i "$LAB/efi.raw@@1M" ::/EFI ::/EFI/BOOT &&
		mcopy -i "$LAB/efi.raw@@1M" "$work/BOOTX64.EFI" ::/EFI/BOOT/
}

a_disk_for_UEFI_is_booted()
{
	ok make_efi_disk
	succeeds create efi --image "$LAB/efi.raw" --pubkey-path "$key.pub" --ip "$ip_efi" \
		--firmware uefi --memory 512M
	is "mode of the variables" "$(stat -c '%a %u' "$state/vms/efi/uefi_vars.fd")" '600 0'
	ok cmp "$state/vms/efi/uefi_vars.fd" /usr/share/OVMF/OVMF_VARS_4M.fd
	json '[.firmware, .hugepages]' '["uefi","off"]' show efi
	prints 'firmware:      uefi' show efi
	succeeds start efi
	succeeds wait efi --for cloud-init --timeout "$MNMIVM_PATIENCE"
	ok log_in efi "$ip_efi" 'test -d /sys/firmware/efi'
	prints 'BdsDxe: starting Boot' logs --console efi
}

its_variables_are_its_own_and_stay()
{
	no cmp -s "$state/vms/efi/uefi_vars.fd" /usr/share/OVMF/OVMF_VARS_4M.fd
	says 'efi: stopped' stop efi --timeout "$MNMIVM_PATIENCE"
	cp "$state/vms/efi/uefi_vars.fd" "$LAB/vars"
	succeeds start --paused efi
	ok cmp "$state/vms/efi/uefi_vars.fd" "$LAB/vars"
	succeeds stop --force efi
}

a_VM_that_turns_to_UEFI_gets_variables()
{
	no test -e "$state/vms/two/uefi_vars.fd"
	succeeds set two firmware=uefi
	no test -e "$state/vms/two/uefi_vars.fd"
	prints 'pflash1=' start --dry-run two
	no test -e "$state/vms/two/uefi_vars.fd"
	succeeds start --paused two
	is "size of the variables" "$(stat -c %s "$state/vms/two/uefi_vars.fd")" 540672
	succeeds stop --force two
	succeeds set two firmware=bios
}

variables_that_are_none_are_refused()
{
	local vars=$state/vms/efi/uefi_vars.fd

	truncate -s 4096 "$vars"
	refused 6 "'uefi_vars.fd' is not of the size" start efi
	rm "$vars"
	ln -s "$LAB/vars" "$vars"
	refused 1 "symbolic link" start efi
	rm "$vars"
	mkfifo "$vars"
	refused 1 "not a regular file" start efi
	rm "$vars"
	ln "$LAB/vars" "$vars"
	refused 1 "another hard link" start efi
	rm "$vars"
}

firmware_that_is_none_is_refused()
{
	refused 2 'has no flash' set three firmware=uefi
	cp "$conf" "$conf.kept"
	echo "uefi_code = $LAB/none" >>"$conf"
	refused 2 'are a pair' start efi
	echo "uefi_vars = $LAB/none" >>"$conf"
	refused 5 "open '$LAB/none'" start efi
	truncate -s 4M "$LAB/none"
	refused 6 'is no UEFI firmware' start efi
	cp "$conf.kept" "$conf"
	mount -t tmpfs tmpfs /usr/share/OVMF
	refused 5 'apt-get install ovmf' start efi
	refused 5 'look for UEFI firmware' create other --image "$LAB/efi.raw" \
		--pubkey-path "$key.pub" --ip dhcp --firmware uefi
	umount /usr/share/OVMF
}

# --- the host's own ---------------------------------------------------------

huge_pages_that_are_not_there_are_refused()
{
	local -i free

	free=$(</sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
	refused 2 'no whole number of pages of 2M' set one hugepages=2M memory=97M
	succeeds set one hugepages=2M memory=$(((free + 50) * 2))M
	json .hugepages 2M show one
	prints 'huge pages:    of 2M' show one
	refused 5 "$((free + 50)) memory pages of 2M are needed" start one
	has "hint" "$err" "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
	succeeds set one hugepages=off memory=96M
}

# No more than its monitor is asked for: guests need a KVM that works.
KVM_is_reached_by_nobody_else()
{
	local dev

	if [[ ! -c /dev/kvm ]]; then
		diag "no /dev/kvm"
		return
	fi
	succeeds set one accel=kvm cpu=qemu64
	prints 'kvm' start --dry-run one
	no test -e "$run/.qemu"
	succeeds start --paused one
	is "KVM" "$(qmp one query-kvm | jq -c .return)" '{"enabled":true,"present":true}'
	dev=/proc/$(pid_of one)/root/dev
	if [[ $(argv_of one) == *kvm,device=/dev/fdset/* ]]; then
		is "devices of one" "$(names "$dev")" null
	else
		is "devices of one" "$(names "$dev")" 'kvm null'
		is "its /dev/kvm" "$(stat -c '%a %u' "$dev/kvm")" \
			"600 $(sed -n 's/^uid = //p' "$state/vms/one/vm.conf")"
	fi
	succeeds stop --force one
}

the_version_of_QEMU_is_asked_once()
{
	local text

	[[ -c /dev/kvm ]] || return
	matches "kept version" "$(<"$run/.qemu")" '^[0-9]+\.[0-9]+\.[0-9]+( [0-9.]+){5}$'
	is "mode" "$(stat -c '%a %u' "$run/.qemu")" '600 0'
	text=$(<"$run/.qemu")
	for garbage in '' x '9999.9.9' "${text%?}" "${text/ / 1}" $'1.2\n3'; do
		printf '%s' "$garbage" >"$run/.qemu"
		succeeds start --paused one
		is "kept version" "$(<"$run/.qemu")" "$text"
		succeeds stop --force one
	done
	rm "$run/.qemu"
}

run_tests \
	the_QEMU_is_the_one_that_is_meant \
	files_for_root_alone_are_booted \
	nothing_is_opened_by_name_but_the_kernel \
	the_console_is_heard_and_logged \
	the_screen_answers_on_both_kinds_of_socket \
	what_the_guest_writes_is_on_its_disks \
	a_snapshot_is_taken_of_disk_and_memory \
	a_guest_is_paused_resumed_and_powered_down \
	a_disk_for_UEFI_is_booted \
	its_variables_are_its_own_and_stay \
	a_VM_that_turns_to_UEFI_gets_variables \
	variables_that_are_none_are_refused \
	firmware_that_is_none_is_refused \
	huge_pages_that_are_not_there_are_refused \
	KVM_is_reached_by_nobody_else \
	the_version_of_QEMU_is_asked_once \
	nothing_is_left_behind
