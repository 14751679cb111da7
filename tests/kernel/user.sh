#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# user.sh - VMs of a user who is not root, as services of systemd and on Debian's kernel.

# shellcheck disable=SC2317,SC2034 # lib.sh starts the suite anew
LAB_ON_HOST=1
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
need systemd-run systemctl useradd setcap sysctl

capabilities='CAP_NET_ADMIN CAP_NET_RAW CAP_BPF'
system_conf=/etc/mnmivm-se/mnmivm-se.conf
program=/usr/local/sbin/mnmivm-se
uid=4711 tap=mvm-web1_$uid

# Where a service of the user keeps things; what else it needs is in the unit.
a_user_and_settings()
{
	ok useradd --uid "$uid" --no-create-home --shell /usr/sbin/nologin carol
	mkdir -p /etc/mnmivm-se
	printf 'accel = tcg\nmemory = 96M\ndisk_size = 64M\nallow_missing = cgroup\n' >"$system_conf"
	printf 'state_dir = /var/lib/vms\nrun_dir = /run/vms\n' >/etc/mnmivm-se/carol.conf
	chmod 755 /etc/mnmivm-se
	chmod 644 /etc/mnmivm-se/*
	install -d -o carol -g carol -m 700 /var/lib/vms /run/vms
	ok cp "$MNMIVM_SE" "$program"
	chmod 711 "$LAB"
	cp "$MNMIVM_GUEST"/{guest.qcow2,vmlinuz,initrd} "$key.pub" /var/lib/
	chmod 644 /var/lib/{guest.qcow2,vmlinuz,initrd,key.pub}
}

# What an installed program has for udev and networkd, without which they change taps: see host.sh.
the_host_leaves_taps_alone()
{
	ok cp "${BASH_SOURCE[0]%/*}"/../../network/05-mnmivm-se.* /etc/systemd/network/
	ok udevadm control --reload
	ok networkctl reload
}

# service PROPERTY... -- ARGUMENT...: run the program as a service, and wait for it.
service()
{
	local properties=()

	while [[ $1 != -- ]]; do
		properties+=(--property "$1")
		shift
	done
	shift
	out=$(systemd-run --quiet --collect --wait --pipe --property User=carol "${properties[@]}" \
		"$program" --config /etc/mnmivm-se/carol.conf "$@" 2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(<"$LAB/stderr")
}

without_capabilities_it_says_what_the_unit_needs()
{
	service -- create web1 --image /var/lib/guest.qcow2 --pubkey-path /var/lib/key.pub \
		--ip 192.168.86.21 --kernel /var/lib/vmlinuz --initrd /var/lib/initrd \
		--append 'console=ttyS0 panic=-1 quiet'
	((code == 0)) || fail "create" "$err"
	service -- start web1
	is "exit code" "$code" 8
	has "message" "$err" 'needs CAP_NET_ADMIN, which neither its file nor its caller gives it'
	has "hint" "$err" "AmbientCapabilities=$capabilities"
	service "CapabilityBoundingSet=~CAP_NET_ADMIN" -- start web1
	has "message" "$err" 'which its bounding set lacks'
	service 'NoNewPrivileges=yes' -- start web1
	has "message" "$err" 'which no_new_privs keeps it from getting'
}

status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# runs PID: the QEMU there has nothing but the user's uid.
runs()
{
	local field

	is "uids" "$(status_of "$1" Uid | xargs)" "$uid $uid $uid $uid"
	for field in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$field" "$(status_of "$1" "$field")" 0000000000000000
	done
	is "NoNewPrivs" "$(status_of "$1" NoNewPrivs)" 1
	for field in user pid net ipc uts cgroup mnt; do
		[[ $(readlink "/proc/$1/ns/$field") != "$(readlink "/proc/self/ns/$field")" ]] ||
			fail "namespace $field is the host's"
	done
}

# As a unit would have it: in the foreground, with capabilities for the program alone.
a_service_runs_a_VM()
{
	local qemu=/run/vms/web1/process

	ok systemd-run --quiet --unit=vm-web1 --property User=carol \
		--property "AmbientCapabilities=$capabilities" --property NoNewPrivileges=yes \
		"$program" --config /etc/mnmivm-se/carol.conf run web1
	eventually grep -qs 'phase running' "$qemu" || {
		diag "$(journalctl --unit vm-web1 --no-pager | tail -n 20)"
		return
	}
	runs "$(sed -n 's/^pid //p' "$qemu")"
	is "bridge" "$(ip -j link show dev "$tap" | jq -r '.[0].master')" br0
	is "capabilities of the service" \
		"$(status_of "$(systemctl show --property MainPID --value vm-web1)" CapPrm)" \
		0000000000000000
	eventually answers 192.168.86.21 web1
}

is_over()
{
	[[ $(systemctl is-active vm-web1) != active && ! -e /sys/class/net/$tap ]]
}

it_ends_with_the_VM()
{
	service -- stop --force web1
	is "exit code" "$code" 0
	eventually is_over
	systemctl reset-failed vm-web1 2>/dev/null
}

# As after a login; what a service has started would end with it.
with_file_capabilities_too()
{
	ok setcap cap_net_admin,cap_net_raw,cap_bpf+ep "$program"
	ok setpriv --reuid "$uid" --regid "$uid" --clear-groups -- \
		"$program" --config /etc/mnmivm-se/carol.conf start web1
	runs "$(sed -n 's/^pid //p' /run/vms/web1/process)"
	service -- stop --force web1
	service 'NoNewPrivileges=yes' -- start web1
	is "exit code" "$code" 8
	has "message" "$err" 'which no_new_privs keeps it from getting'
}

# refused_by SYSCTL VALUE
refused_by()
{
	local before

	before=$(sysctl --values "$1")
	ok sysctl --quiet "$1=$2"
	service -- start web1
	is "exit code with $1=$2" "$code" 5
	has "hint" "$err" "$1"
	[[ ! -e /sys/class/net/$tap ]] || fail "a tap is left"
	ok sysctl --quiet "$1=$before"
}

where_user_namespaces_are_refused_it_says_so()
{
	refused_by user.max_user_namespaces 0
	refused_by kernel.unprivileged_userns_clone 0
	service -- delete --yes web1
	is "exit code" "$code" 0
}

all_that_is_gone()
{
	is "VMs and claims" "$(find /var/lib/vms/{vms,tmp,claims} -mindepth 1)" ''
	is "run folder" "$(find /run/vms -mindepth 1)" ''
	nothing_is_left_behind
}

run_tests \
	a_user_and_settings \
	the_host_leaves_taps_alone \
	without_capabilities_it_says_what_the_unit_needs \
	a_service_runs_a_VM \
	it_ends_with_the_VM \
	with_file_capabilities_too \
	where_user_namespaces_are_refused_it_says_so \
	all_that_is_gone
