#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# badinput.sh - what cannot be right is refused in one clear line, and changes nothing.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need setpriv python3

image=$MNMIVM_GUEST/guest.qcow2

# refused_all CODE REGEX VALUE... -- ARG...: refused with each value as the last argument.
refused_all()
{
	local -a values=()
	local code_wanted=$1 regex=$2 value

	shift 2
	while [[ $1 != -- ]]; do
		values+=("$1")
		shift
	done
	shift
	for value in "${values[@]}"; do
		refused "$code_wanted" "$regex" "$@" "$value"
	done
}

# not_made CODE REGEX OPTION...: create refuses these options of a VM that would be right
# without them.
not_made()
{
	local -a pubkey=(--pubkey-path "$key.pub")

	[[ ${3-} != --pubkey-path ]] || pubkey=()
	refused "$1" "$2" create web --image "$image" "${pubkey[@]}" "${@:3}"
	((code)) || succeeds delete --yes web
}

# not_made_with OPTION CODE REGEX VALUE...: the same for one option's values.
not_made_with()
{
	local value

	for value in "${@:4}"; do
		not_made "$2" "$3" "$1" "$value"
	done
}

the_right_input_is_taken()
{
	# a note of what the host lacks would be a second line
	echo 'vhost = off' >>"$conf"
	# one is there all the time, and what is refused below differs from this in one point
	make there 192.168.86.20 --mac 52:54:00:00:00:20
	make web 192.168.86.11
	succeeds delete --yes web
	before=$(snapshot)
}

usage_errors_are_told()
{
	refused 2 "unknown command 'nonsense'" nonsense
	refused 2 "unknown option '--nonsense'" --nonsense
	refused 2 "unknown option '-z'" -qz list
	refused 2 "unknown option '--nonsense'" list --nonsense
	refused 2 "missing argument" status
	refused 2 "missing argument" create
	refused 2 "unexpected argument 'there'" list there
	refused 2 "unexpected argument 'b'" show a b
	refused 2 "unexpected argument '2M'.*hint: --hugepages=2M" create web --hugepages 2M
	refused 2 "unexpected argument 'ip'.*hint: --wait=ip" create web --hugepages --wait ip
	refused 2 "unexpected argument '3M'" create web --hugepages 3M
	lacks "what is told" "$err" hint
	refused 2 "unexpected argument '2M'" create web 2M
	lacks "what is told" "$err" hint
	refused 2 "'--timeout' needs a value" start there --timeout
	refused 2 "'--config' is given twice" --config /dev/null list
	refused 2 "'--memory' is given twice" create web --memory 1G --memory 2G
	refused 2 "'--all' takes no value" start --all=yes
	refused 2 "names or --all, not both" start there --all
	refused 2 "which VM" stop
	refused 2 "parse '--format' 'xml': must be one of table, json" list --format xml
	refused 2 "'nonsense': must be one of" image nonsense
	refused 2 "missing verb: give one of list," image
	refused 2 "missing argument" image import "$image"
	refused 2 "unexpected argument 'more'" image import "$image" name more
	refused 2 "--digest goes with 'image import'" image list --digest x
	refused 2 "--local goes with 'image list'" image prune --local
	refused 2 "exclude each other" image list --local --available
	refused 2 "missing argument" image pull
	refused 2 "unexpected argument 'x'" image prune x
	refused 2 "--dry-run goes with 'net repair'" net show --dry-run
	refused 2 "--dry-run goes with 'net repair'" net --dry-run show
	refused 2 "--dry-run goes with 'image prune'" image --dry-run list
	refused 2 "must be one of ip, ssh" start there --wait=nonsense
	refused 2 "must be one of ip, ssh" wait there --for nonsense
	refused 2 "must be one of" seed there nonsense
	refused_all 2 "parse '--timeout' '" -1 1.5 x '' 99999999999 -- stop there --timeout
	refused 2 "exclude each other" logs --qemu --console there
	refused 2 "give --os or --image" create web --pubkey-path "$key.pub"
	refused 2 "exclude each other" create web --os x --image x --pubkey-path "$key.pub"
	refused 2 "give --pubkey-path" create web --image "$image"
	unchanged "$before"
}

names_are_checked_before_use()
{
	local command
	local -a impossible=('' ../x . .. web/../there web/ "$(printf 'a%.0s' {1..64})" Web -web
		web- 'we b' $'we\nb' $'web\n' web.1 _web wéb $'\e[31mweb' '*')

	refused_all 2 "name '" "${impossible[@]}" -- create --image "$image" \
		--pubkey-path "$key.pub" --
	for command in start stop restart run pause resume status show wait seed delete console logs \
		show-cmd update-cloud; do
		refused_all 2 "name '" '' ../there 'THERE' $'there\n' -- "$command" --
	done
	refused_all 2 "name '" '' ../x .x 'a b' -x "$(printf 'a%.0s' {1..64})" -- \
		image import -- "$image"
	unchanged "$before"
}

what_is_told_of_an_image_is_checked()
{
	local -a import=(image import "$image" tiny)

	refused_all 2 "parse digest '" '' x sha256: "sha256:$(printf 'a%.0s' {1..63})" \
		"sha1:$(printf 'a%.0s' {1..40})" "$(printf 'a%.0s' {1..40})" \
		"sha512:$(printf 'a%.0s' {1..64})" -- "${import[@]}" --digest
	refused 6 "has another digest" "${import[@]}" --digest "$(printf 'a%.0s' {1..64})"
	refused_all 2 "must be one of default, alpine, nuageinit" '' Alpine netplan -- \
		"${import[@]}" --profile
	refused_all 2 "must be one of bios, uefi" '' efi -- "${import[@]}" --firmware
	refused_all 2 "parse '--min-disk' '" '' 0 x -1 1K 99T -- "${import[@]}" --min-disk
	refused_all 2 "parse '--cpu-level' '" '' 0 5 v3 -1 -- "${import[@]}" --cpu-level
	refused_all 2 'parse user' -x 'a b' $'a\nb' "$(printf 'a%.0s' {1..200})" -- \
		"${import[@]}" --user
	unchanged "$before"
}

what_is_not_there_is_told()
{
	local command

	for command in start stop restart run pause resume show wait seed 'delete --yes' console logs \
		show-cmd 'update-cloud --ip dhcp'; do
		# shellcheck disable=SC2086 # a command and its option
		refused 3 "no vm 'nobody'" $command nobody
	done
	refused 4 "no vm 'nobody'" status nobody
	refused 3 "no image 'none'" create web --os none --pubkey-path "$key.pub"
	refused 3 "no image 'none'" image remove none
	unchanged "$before"
}

keys_are_public_keys()
{
	local files=$LAB/keys

	mkdir "$files"
	: >"$files/empty"
	cat "$key.pub" "$key.pub" >"$files/several"
	printf 'hello world\n' >"$files/text"
	printf 'ssh-ed25519 AAAA admin\n' >"$files/short"
	printf 'ssh-rsa %s\n' "$(cut -d ' ' -f 2 "$key.pub")" >"$files/type"
	printf 'command="x" %s\n' "$(<"$key.pub")" >"$files/options"
	printf '%s\nruncmd: [halt]\n' "$(<"$key.pub")" >"$files/injection"
	printf '%s\0\n' "$(<"$key.pub")" >"$files/nul"
	head -c 100000 /dev/zero | tr '\0' a >"$files/large"
	ssh-keygen -q -t rsa -b 1024 -N '' -f "$files/weak"
	mkfifo "$files/fifo"

	not_made_with --pubkey-path 2 "public key '$files/empty': it is empty" "$files/empty"
	not_made_with --pubkey-path 2 'several keys' "$files/several"
	not_made_with --pubkey-path 2 'private key' "$key"
	lacks "what is said of a private key" "$err" "$(sed -n 2p "$key")"
	not_made_with --pubkey-path 2 "public key '$files/" "$files"/{text,short,type,options,injection,nul}
	not_made_with --pubkey-path 2 '2048 bits' "$files/weak.pub"
	not_made_with --pubkey-path 1 "'$files/large': larger than" "$files/large"
	not_made_with --pubkey-path 1 "'[^']*': (not a regular file|Is a directory|No such file)" \
		"$files/fifo" "$files" /dev/zero "$files/absent" ''
	refused 2 "'standard input': it is empty" create web --image "$image" --pubkey-path -
	refused 2 'several keys' update-cloud there --pubkey-path "$files/several"
	refused 1 'not a regular file' update-cloud there --pubkey-path "$files/fifo"
	unchanged "$before"
}

addresses_fit_the_LAN()
{
	not_made_with --ip 2 '10.0.0.5 is outside the LAN 192.168.86.0/24' 10.0.0.5
	not_made_with --ip 4 "192.168.86.1 is this host's own" 192.168.86.1
	not_made_with --ip 4 "192.168.86.254 is the gateway's" 192.168.86.254
	not_made_with --ip 4 "192.168.86.20 is in use by vm 'there'" 192.168.86.20 192.168.86.20/24
	not_made_with --ip 2 '192.168.86.(0|255)' 192.168.86.0 192.168.86.255
	not_made_with --ip 2 "'[^']*': not an address" '' garbage 1.2.3 192.168.086.11 ' 192.168.86.11' \
		DHCP 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 169.254.1.1 192.168.86.11x
	not_made_with --ip 2 "'[^']*': " fe80::1 ff02::1 ::1 2001:db8::1/0 2001:db8::1/129
	not_made_with --ip 2 "'192.168.86.11/[^']*': " 192.168.86.11/ 192.168.86.11/33 192.168.86.11/-1 \
		192.168.86.11/24/24 192.168.86.11/0
	not_made 2 'gateway 10.0.0.1 cannot be reached' --ip 192.168.86.11 --gateway 10.0.0.1
	not_made 2 "'--gateway': parse gateway 'x'" --ip 192.168.86.11 --gateway x
	not_made 4 "192.168.86.11 is the gateway's" --ip 192.168.86.11 --gateway 192.168.86.11
	not_made 2 "gateway 192.168.86.255" --ip 192.168.86.11 --gateway 192.168.86.255
	not_made_with --dns 2 "dns '[^']*'" x 192.168.86.7,x 0.0.0.0 127.0.0.1
	not_made_with --search 2 "search" 'a b' -x "$(printf 'a%.0s' {1..64})"
	refused 2 '10.0.0.5 is outside the LAN' update-cloud there --ip 10.0.0.5
	refused 4 "192.168.86.1 is this host's own" update-cloud there --ip 192.168.86.1
	unchanged "$before"
}

MACs_are_a_guests()
{
	not_made_with --mac 4 "52:54:00:00:00:20 is in use by vm 'there'" 52:54:00:00:00:20
	not_made_with --mac 2 "'[^']*': a group address" 01:00:5e:00:00:01 ff:ff:ff:ff:ff:ff
	not_made_with --mac 2 "'00:00:00:00:00:00': all zeros" 00:00:00:00:00:00
	not_made_with --mac 2 "'[^']*': not of the form" '' garbage 52:54:00:12:34 52:54:00:12:34:5g \
		52-54-00-12-34-56 52:54:00:12:34:56:78 ' 52:54:00:12:34:56'
	unchanged "$before"
}

sizes_and_numbers_are_in_range()
{
	local option
	local -a rubbish=('' -1 1.5 garbage ' 1' 1GG 0x10 +5 1e3 18446744073709551617
		99999999999999999999999 $'1\n')

	for option in --memory --cpus --disk --extra-disk --mtu; do
		not_made_with "$option" 2 "${option#--}'* '[^']*': (not a|must be from|nothing)" \
			0 1.5G 9999999T "${rubbish[@]}"
	done
	not_made_with --memory 2 'from 16M to 16T' 15 15M 17T 16383K
	not_made_with --memory 2 'no whole number of MiB' 20000001K
	not_made_with --cpus 2 'from 1 to 512' 513
	not_made_with --disk 2 'from 1M to 8T' 1 9T
	not_made_with --disk 2 'no multiple of 512' 100000001
	not_made_with --disk 2 'smaller than its image \(64M\)' 1M 63M
	not_made_with --mtu 2 'from 576 to 65535' 575 65536
	not_made_with --mtu 2 "above the 1500 of bridge 'br0'" 9000
	unchanged "$before"
}

other_options_are_checked()
{
	not_made_with --guard 2 'one of mac, ip, off' x ''
	not_made_with --vhost 2 'one of auto, on, off' x
	not_made_with --accel 2 'one of kvm, tcg' xen
	not_made_with --machine 2 'one of q35, microvm' pc
	not_made_with --vnc 2 "vnc '" '' x 1.2.3
	not_made_with --cpu 2 'cpu' 'a b' -x
	not_made_with --user 2 "user" '' root 'A b' $'x\ny'
	not_made_with --kernel 1 "open '/absent'" /absent
	not_made_with --append 2 'go with --kernel' quiet
	not_made 2 append --append $'a\nb' --kernel "$MNMIVM_GUEST/vmlinuz"
	not_made_with --user-data 2 'user-data' "$key"
	not_made_with --user-data 1 "open '/absent'" /absent
	not_made_with --network-config 2 'network-config' "$key.pub"
	not_made_with --network-config 1 'Is a directory' "$LAB"
	refused 2 'user-data' update-cloud there --user-data "$key"
	unchanged "$before"
}

# a qcow2 in which the big-endian number at OFFSET of SIZE bytes is VALUE
patched()
{
	cp "$image" "$1"
	python3 -c '
import sys
path, offset, size, value = sys.argv[1], *map(int, sys.argv[2:])
with open(path, "r+b") as f:
    f.seek(offset)
    f.write(value.to_bytes(size, "big"))' "$@"
}

images_are_read_before_use()
{
	local files=$LAB/images file

	mkdir "$files"
	qemu-img create -q -f raw "$files/plain.raw" 1M
	qemu-img create -q -f qcow2 -o data_file="$files/data",data_file_raw=on "$files/data-file" 1M
	qemu-img create -q -u -f qcow2 -b 'json:{"driver":"null-co"}' -F raw "$files/json-backing" 1M
	qemu-img create -q -u -f qcow2 -b nbd://127.0.0.1/x -F raw "$files/nbd-backing" 1M
	qemu-img create -q -u -f qcow2 -b /etc/shadow -F raw "$files/file-backing" 1M
	patched "$files/encrypted" 32 4 2
	head -c 60 "$image" >"$files/truncated"
	head -c 100000 "$image" >"$files/cut"
	patched "$files/version" 4 4 9
	patched "$files/cluster-bits" 20 4 63
	patched "$files/virtual-size" 24 8 $((1 << 62))
	patched "$files/unknown-feature" 72 8 $((1 << 40))
	patched "$files/corrupt" 72 8 2
	qemu-img create -q -f vmdk "$files/vmdk" 1M
	: >"$files/empty"
	echo text >"$files/text"
	gzip -c "$image" >"$files/gzip"
	gzip -c "$files/text" >"$files/gzipped-text"
	head -c 100000 "$files/gzip" >"$files/cut-gzip"
	mkdir "$files/folder"
	mkfifo "$files/fifo"

	for file in data-file json-backing nbd-backing file-backing encrypted truncated cut version \
		cluster-bits virtual-size unknown-feature corrupt vmdk empty text gzipped-text cut-gzip plain.raw; do
		refused 6 "$file'" create web --image "$files/$file" --pubkey-path "$key.pub"
		refused 6 "$file'" image import "$files/$file" wrong
	done
	# an import unpacks it, and create uses it where it lies
	refused 6 "gzip'" create web --image "$files/gzip" --pubkey-path "$key.pub"
	succeeds image import "$files/gzip" right
	ok cmp "$image" "$state/images/right.qcow2"
	succeeds image remove right
	refused 3 "open image '$files/absent'" create web --image "$files/absent" --pubkey-path "$key.pub"
	refused 3 "open '$files/absent'" image import "$files/absent" wrong
	refused 6 "'$files/fifo' is no regular file" create web --image "$files/fifo" --pubkey-path "$key.pub"
	refused 6 "'$files/folder' is no regular file" create web --image "$files/folder" \
		--pubkey-path "$key.pub"
	refused 2 "'$files/folder' is a folder" image import "$files/folder" wrong
	refused 6 "" image import - wrong
	unchanged "$before"
}

bridges_are_bridges_and_allowed()
{
	ip link add br1 type bridge
	not_made_with --bridge 5 "bridge 'br9' does not exist" br9
	not_made_with --bridge 5 "link 'lan0' is no bridge" lan0
	not_made_with --bridge 5 "link 'lo' is no bridge" lo
	not_made_with --bridge 8 "bridge 'br1' is not allowed" br1
	not_made_with --bridge 2 "'[^']*'" '' ../x "$(printf 'a%.0s' {1..16})" -x
	ip link add br2 type bridge
	ip link property add dev br2 altname br0-guests
	not_made_with --bridge 8 "bridge 'br2' is not allowed" br0-guests
	ip link del br2
	ip link del br1
	unchanged "$before"
}

a_bridge_that_has_gone_stops_the_start()
{
	ip link set br0 down
	refused 5 "bridge 'br0' is down" start there
	has "hint" "$err" 'ip link set br0 up'
	ip link set br0 up
	configured 'bridge = br9'
	with_conf "$LAB/other-conf" refused 5 "bridge 'br9' does not exist" start there
	ip route replace default via 192.168.86.254
	unchanged "$before"
}

# with_conf FILE COMMAND...: with another configuration.
with_conf()
{
	local conf=$1

	"${@:2}"
}

# configured TEXT: a configuration of the lab with TEXT in front; prints its name.
configured()
{
	rm -f "$LAB/other-conf"
	printf '%s\n' "$1" | cat - "$conf" >"$LAB/other-conf"
	chmod "${2-644}" "$LAB/other-conf"
}

the_configuration_is_checked_line_by_line()
{
	local line
	local other=$LAB/other-conf

	for line in 'nonsense = 1' 'memory = 0' 'memory = x' 'cpus = 1.5' 'bridge = ../x' \
		'lan_cidr = 192.168.86.0' 'lan_gw = x' 'lan_dns = 1.2.3' 'disk_size = 1000' \
		'accel = xen' 'guard = maybe' 'vnc = x' 'stop_timeout = 0' 'uid_base = -1' \
		'run_dir = relative' 'run_dir = /run/../etc' 'timezone = a b' 'bridge' '= x' '[section]'; do
		configured $'# a comment\n'"$line"
		with_conf "$other" refused 2 "$other:2: " list
	done
	configured $'cpus = 1\ncpus = 2'
	with_conf "$other" refused 2 "$other:2: key 'cpus' is given twice" list
	configured $'uid_base = 0'
	with_conf "$other" refused 2 "$other: .*uid" list
	configured '' 666
	with_conf "$other" refused 8 "'$other': others than its owner may write" list
	configured ''
	chown nobody "$other"
	with_conf "$other" refused 8 "'$other': it belongs to uid" list
	with_conf "$LAB/absent" refused 1 "'$LAB/absent'" list
	with_conf "$LAB" refused 2 "'$LAB': not a regular file" list
	unchanged "$before"
}

what_the_configuration_names_is_looked_for()
{
	local other=$LAB/other-conf closed=$LAB/closed

	configured 'qemu = /nowhere'
	with_conf "$other" refused 5 "QEMU at '/nowhere': .*hint: .*'qemu' in $other" start there
	configured 'qemu = /etc/passwd'
	with_conf "$other" refused 5 "'/etc/passwd' is no program.*hint: set 'qemu' in $other" \
		start there
	mkdir -m 700 "$closed"
	cp /bin/true "$closed/qemu"
	chmod 744 "$closed/qemu"
	configured "qemu = $closed/qemu"$'\n'"expose = $closed"
	with_conf "$other" refused 5 "no program that QEMU's uid.*hint: chmod 755 '$closed/qemu'" \
		start there
	chmod 755 "$closed/qemu"
	with_conf "$other" refused 8 "'$closed/qemu': Permission.*hint: namei -m '$closed/qemu'" \
		start there
	configured 'expose = /nowhere'
	with_conf "$other" refused 5 "expose '/nowhere': .*hint: .*'expose' in the host" start there
	configured 'qemu_img = /nowhere'
	with_conf "$other" not_made 5 "qemu-img at '/nowhere': .*hint: .*'qemu_img' in $other"
	configured 'uefi_code = /nowhere'
	with_conf "$other" not_made 2 "$other lacks one" --firmware uefi
	rm -r "$closed"
	unchanged "$before"
}

# damaged FILE TEXT REGEX: with TEXT in that file of the VM, list has it as a row, and start
# names the file.
damaged()
{
	local file=$state/vms/there/$1

	cp "$file" "$LAB/saved"
	printf '%s' "$2" >"$file"
	succeeds list
	has "list" "$out" "there  damaged"
	has "list" "$out" "whole"
	matches "what list says" "$err" "there: .*$3"
	se status there
	is "code of status" "$code" 4
	refused 1 "$3" start there
	refused 1 "$3" show-cmd there
	cp "$LAB/saved" "$file"
}

a_damaged_VM_is_named_with_file_and_line()
{
	local text before_whole=$before

	make whole 192.168.86.30
	before=$(snapshot)
	text=$(<"$state/vms/there/vm.conf")
	damaged vm.conf $'nonsense = 1\n'"$text" "vm.conf:1: unknown key 'nonsense'"
	damaged vm.conf "$text"$'\n[nonsense]\n' "vm.conf:[0-9]+: unknown section 'nonsense'"
	damaged vm.conf $'cpus = 1\ncpus = 2\n' "vm.conf:2: key 'cpus' is given twice"
	damaged vm.conf $'\ncpus = many\n' "vm.conf:2: .*'many'"
	damaged vm.conf $'\xff\xfe\n' 'vm.conf:1: '
	damaged vm.ip garbage "vm.ip: .*'garbage'"
	damaged vm.ip $'192.168.86.20\n192.168.86.21\n' 'vm.ip'
	damaged vm.mac ff:ff:ff:ff:ff:ff "vm.mac: .*group address"
	damaged vnc.port 99999 'vnc.port'
	unchanged "$before"

	mv "$state/vms/there/vm.mac" "$LAB/saved"
	refused 1 'vm.mac is missing' start there
	ln -s "$LAB/saved" "$state/vms/there/vm.mac"
	refused 1 'vm.mac' start there
	rm "$state/vms/there/vm.mac"
	mkfifo "$state/vms/there/vm.mac"
	refused 1 'vm.mac' start there
	rm "$state/vms/there/vm.mac"
	mv "$LAB/saved" "$state/vms/there/vm.mac"

	mv "$state/vms/there/disk.qcow2" "$LAB/saved"
	refused 1 'disk.qcow2' start there
	echo text >"$state/vms/there/disk.qcow2"
	refused 6 'disk.qcow2' start there
	mv "$LAB/saved" "$state/vms/there/disk.qcow2"
	mv "$state/vms/there/pubkey.pub" "$LAB/saved"
	refused 1 'pubkey.pub' start there
	mv "$LAB/saved" "$state/vms/there/pubkey.pub"
	unchanged "$before"

	# the seed follows from the other files: one that is missing or of old settings is made anew
	rm "$state/vms/there/seed.iso"
	succeeds start there --paused
	succeeds stop there --force
	unchanged "$before"

	# an address or MAC that was written by hand is not anybody else's
	echo 192.168.86.30 >"$state/vms/there/vm.ip"
	refused 4 "192.168.86.30 is in use by vm 'whole'" start there
	echo 192.168.86.20/24 >"$state/vms/there/vm.ip"
	unchanged "$before"
	succeeds delete --yes whole
	before=$before_whole
	unchanged "$before"
}

a_changed_base_image_is_refused()
{
	cp "$image" "$LAB/base.qcow2"
	succeeds create web --image "$LAB/base.qcow2" --pubkey-path "$key.pub"
	touch "$LAB/base.qcow2"
	refused 6 "base image '$LAB/base.qcow2' was changed" start web
	rm "$LAB/base.qcow2"
	refused 3 "'$LAB/base.qcow2'" start web
	succeeds delete --yes web
	unchanged "$before"
}

folders_of_others_are_not_trusted()
{
	chmod 777 "$state/vms/there"
	refused 8 "$state/vms/there" start there
	has "hint" "$err" chmod
	chmod 700 "$state/vms/there"
	chown nobody "$state/vms/there"
	refused 8 "$state/vms/there" start there
	chown root "$state/vms/there"
	chmod 777 "$state"
	refused 8 "$state" list
	refused 8 "$state" start there
	chmod 755 "$state"
	chmod 777 "$run"
	refused 8 "$run" start there
	chmod 700 "$run"
	mv "$state/vms/there" "$LAB/there"
	ln -s "$LAB/there" "$state/vms/there"
	refused 1 "vm 'there' is not a folder of its own" start there
	rm "$state/vms/there"
	mv "$LAB/there" "$state/vms/there"
	unchanged "$before"
}

# masked PATH SOURCE COMMAND...: with SOURCE mounted over PATH, for us alone.
masked()
{
	mount --bind "$2" "$1"
	"${@:3}"
	umount "$1"
}

what_the_host_lacks_is_named()
{
	local kvm=/dev/kvm

	mkdir "$LAB/nothing"
	masked /dev/net "$LAB/nothing" refused 5 "/dev/net/tun" start there
	configured 'qemu = /absent/qemu'
	with_conf "$LAB/other-conf" refused 5 "QEMU at '/absent/qemu'" start there
	has "hint" "$err" 'qemu-system-x86'
	configured 'qemu = /etc/passwd'
	with_conf "$LAB/other-conf" refused 5 "'/etc/passwd' is no program" start there
	configured 'qemu = /bin/false'
	with_conf "$LAB/other-conf" refused 1 "QEMU ended" start there
	configured 'qemu_img = /absent/qemu-img'
	with_conf "$LAB/other-conf" not_made 5 "/absent/qemu-img"
	configured 'ssh_keygen = /absent/ssh-keygen'
	with_conf "$LAB/other-conf" not_made 5 "/absent/ssh-keygen"
	unchanged "$before"

	# the configuration's accel was written into vm.conf
	sed -i 's/^accel = tcg/accel = kvm/' "$state/vms/there/vm.conf"
	[[ -e $kvm ]] || mknod "$kvm" c 10 232
	masked "$kvm" /dev/null refused 5 '/dev/kvm' start there
	sed -i 's/^accel = kvm/accel = tcg/' "$state/vms/there/vm.conf"
	sed -i 's/^vhost = off/vhost = on/' "$state/vms/there/vm.conf"
	[[ -e /dev/vhost-net ]] || refused 5 '/dev/vhost-net' start there
	sed -i 's/^vhost = on/vhost = off/' "$state/vms/there/vm.conf"
	unchanged "$before"
}

a_port_in_use_is_told()
{
	local pid

	make web 192.168.86.11 --vnc 127.0.0.1
	python3 -c '
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
time.sleep(1000)' "$(<"$state/vms/web/vnc.port")" &
	pid=$!
	eventually port_is_taken
	refused 4 "port $(<"$state/vms/web/vnc.port") for vnc" start web
	kill "$pid"
	wait "$pid" 2>/dev/null
	succeeds delete --yes web
	unchanged "$before"
}

port_is_taken()
{
	[[ -n $(ss -Hltn) ]]
}

a_tap_in_the_way_is_told()
{
	ip tuntap add dev mvm-there mode tap
	refused 4 "mvm-there" start there
	ip link del mvm-there
	unchanged "$before"
}

# the same as nobody, who may read the program and the configuration
as_nobody()
{
	local MNMIVM_SE=$LAB/nobody/run

	"$@"
}

without_permission_nothing_happens()
{
	mkdir "$LAB/nobody"
	cp "$MNMIVM_SE" "$LAB/nobody/mnmivm-se"
	cat >"$LAB/nobody/run" <<-EOF
		#!/bin/sh
		exec setpriv --reuid 65534 --regid 65534 --clear-groups -- $LAB/nobody/mnmivm-se "\$@"
	EOF
	chmod 755 "$LAB" "$LAB/nobody" "$LAB/nobody"/*
	chmod 644 "$conf" "$key.pub"
	as_nobody refused 8 "." list
	as_nobody refused 8 "." start there
	has "hint" "$err" root
	as_nobody refused 8 "." stop there
	as_nobody not_made 8 "."
	as_nobody refused 8 "." delete --yes there
	as_nobody refused 4 "." status there
	# shellcheck disable=SC2030,SC2031 # for this call
	(MNMIVM_SE=$LAB/nobody/run; succeeds version; exit $((failed))) || failed=1
	chmod 700 "$LAB"
	unchanged "$before"
}

a_full_disk_leaves_nothing()
{
	local size small=$LAB/small

	mkdir "$small"
	configured "state_dir = $small/state"
	sed -i '0,/^state_dir/!{/^state_dir/d}' "$LAB/other-conf"
	for size in 8 64 128 512 1024 1152; do
		mount -t tmpfs -o "size=${size}k,mode=755" tmpfs "$small"
		(
			conf=$LAB/other-conf state=$small/state
			se stop --all
			full=$(find "$state" ! -name .lock | sort)
			refused 1 'No space left on device' create web --image "$image" \
				--pubkey-path "$key.pub" --ip 192.168.86.11
			((!failed)) || diag "this was on $size KiB"
			is "what is left on a full disk" "$(find "$state" ! -name .lock | sort)" "$full"
			refused 1 'No space left on device' image import "$image" wrong
			is "what is left on a full disk" "$(find "$state" ! -name .lock | sort)" "$full"
			is "what is left in the run folder" "$(find "$run" -path "$run/web*")" ''
			exit $((failed))
		) || failed=1
		umount "$small"
	done
	rmdir "$small"
	unchanged "$before"
}

run_tests \
	the_right_input_is_taken \
	usage_errors_are_told \
	names_are_checked_before_use what_is_told_of_an_image_is_checked \
	what_is_not_there_is_told \
	keys_are_public_keys \
	addresses_fit_the_LAN \
	MACs_are_a_guests \
	sizes_and_numbers_are_in_range \
	other_options_are_checked \
	images_are_read_before_use \
	bridges_are_bridges_and_allowed \
	a_bridge_that_has_gone_stops_the_start \
	the_configuration_is_checked_line_by_line \
	what_the_configuration_names_is_looked_for \
	a_damaged_VM_is_named_with_file_and_line \
	a_changed_base_image_is_refused \
	folders_of_others_are_not_trusted \
	what_the_host_lacks_is_named \
	a_port_in_use_is_told \
	a_tap_in_the_way_is_told \
	without_permission_nothing_happens \
	a_full_disk_leaves_nothing \
	nothing_is_left_behind
