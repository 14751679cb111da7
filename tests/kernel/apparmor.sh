#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# apparmor.sh - a guest's life under the profiles of contrib/apparmor, in enforce mode.
#
# The policy comes compiled, as the host has no apparmor_parser. The program and its state are where
# packages put them, for the profiles go by paths.

# shellcheck disable=SC2317,SC2034 # lib.sh starts the suite anew
LAB_ON_HOST=1
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
policy=${BASH_SOURCE[0]%/*}/../../programs/mnmivm-se.policy
aa=/sys/kernel/security/apparmor
need "$policy" "$aa/.load"

ip=192.168.86.11

# denials: what was refused since the last look, but for what QEMU and libraries try in vain.
denials()
{
	dmesg --read-clear | grep -F 'apparmor="DENIED"' | sed -E 's/.*(operation=)/\1/' | sort -u
}

# As in guests.sh: else networkd takes the tap.
the_host_leaves_taps_alone()
{
	ok cp "${BASH_SOURCE[0]%/*}"/../../network/05-mnmivm-se.* /etc/systemd/network/
	ok udevadm control --reload
	ok networkctl reload
}

the_profiles_are_loaded()
{
	program=$MNMIVM_SE
	ok cp "$MNMIVM_SE" /usr/sbin/mnmivm-se
	MNMIVM_SE=/usr/sbin/mnmivm-se
	ok dd if="$policy" of="$aa/.load" bs=1M status=none
	is "profiles" "$(sed -n 's/^\(mnmivm-se[^ ]*\) (\(.*\))$/\1 \2/p' "$aa/profiles" | sort | xargs)" \
		'mnmivm-se enforce mnmivm-se-helper enforce mnmivm-se-qemu enforce mnmivm-se//modprobe enforce'
	state=/var/lib/microvm
	sed -i "s|^state_dir = .*|state_dir = $state|" "$conf"
	denials >/dev/null
}

# answers_pings ADDRESS: within some seconds, as emulation is slow
answers_pings()
{
	lan ping -q -c 1 -W 10 "$1" >/dev/null
}

a_guest_starts_and_answers()
{
	make web "$ip" --extra-disk 16M "${direct_boot[@]}"
	says 'web: started' start web
	if ((failed)); then
		diag "$(denials)"
		echo 'Bail out! all others would wait for the guest'
		exit 1
	fi
	eventually answers_pings "$ip"
}

QEMU_is_confined_by_both()
{
	local label

	label=$(<"/proc/$(pid_of web)/attr/current")
	is "label" "$label" 'mnmivm-se//&mnmivm-se-qemu (enforce)'
	json .confinement.apparmor "$label" status web
	prints "apparmor:     $label" -v status web
	json '.confinement.findings' '[]' status web
}

commands_do_their_work()
{
	succeeds list
	succeeds show web
	succeeds net show
	succeeds logs web
	succeeds pause web
	succeeds resume web
	succeeds set web stop_timeout=30
	succeeds update-cloud web
	se doctor
	says 'web: stopped' stop web --force --timeout 5
	succeeds start web
	succeeds stop --force web
}

images_are_imported_and_verified()
{
	local file=/root/guest.qcow2.gz

	gzip -1 <"$MNMIVM_GUEST/guest.qcow2" >"$file"
	succeeds image import "$file" packed
	rm "$file"
	says 'packed: has its digest' image verify packed
	succeeds image remove packed
}

# That is for modprobe alone, in a profile of its own.
a_module_is_loaded()
{
	local folder=/etc/modules-load.d

	install -m 755 /dev/null /usr/sbin/dockerd
	no test -e /sys/module/br_netfilter
	succeeds doctor --fix --yes br-netfilter
	ok test -e /sys/module/br_netfilter
	is "line" "$(grep -x br_netfilter "$folder/mnmivm-se.conf")" br_netfilter
	ok rmmod br_netfilter
	rm /usr/sbin/dockerd "$folder/mnmivm-se.conf" /etc/sysctl.d/90-mnmivm-se.conf
}

nothing_was_denied()
{
	is "what was denied" "$(denials)" ''
}

# The same program is not let where it has no business.
the_profiles_bite()
{
	cp /etc/shadow /etc/mnmivm-se-shadow
	se image import /etc/mnmivm-se-shadow shadow
	((code != 0)) || fail "it reads what it should not"
	rm /etc/mnmivm-se-shadow
	has "what was denied" "$(denials)" 'name="/etc/mnmivm-se-shadow"'
}

the_profiles_are_removed()
{
	local profile

	succeeds delete --yes --force web
	for profile in mnmivm-se mnmivm-se-helper mnmivm-se-qemu; do
		ok printf '%s' "$profile" >"$aa/.remove"
	done
	rm -r /usr/sbin/mnmivm-se /var/lib/microvm
	MNMIVM_SE=$program
	sed -i "s|^state_dir = .*|state_dir = $LAB/state|" "$conf"
	state=$LAB/state
}

run_tests \
	the_host_leaves_taps_alone \
	the_profiles_are_loaded \
	a_guest_starts_and_answers \
	QEMU_is_confined_by_both \
	commands_do_their_work \
	images_are_imported_and_verified \
	a_module_is_loaded \
	nothing_was_denied \
	the_profiles_bite \
	the_profiles_are_removed \
	nothing_is_left_behind
