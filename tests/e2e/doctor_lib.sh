# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# doctor_lib.sh - a host that may be broken, and the words that the suites of doctor are written in.

# /sys of this network namespace, and copies of what tests write to in place of the host's own.
private_host()
{
	local folder

	mount -t sysfs sysfs /sys || exit 1
	for folder in etc usr/sbin; do
		mkdir -p "$LAB/copy/$folder"
		cp -a "/$folder/." "$LAB/copy/$folder/"
		touch "$LAB/copy/$folder/of-the-lab"
		mount --bind "$LAB/copy/$folder" "/$folder"
		[[ -e /$folder/of-the-lab ]] || exit 1
	done
	rm -rf /etc/{netplan,network,NetworkManager,systemd/network,sysctl.d,modules-load.d} \
		/etc/{modules,alpine-release,mnmivm-se} /usr/sbin/{NetworkManager,dockerd,modprobe}
}
private_host

# What a fix is typed as.
mnmivm-se()
{
	"$MNMIVM_SE" --config "$conf" "$@"
}

# look CHECK...: its findings are in $out then.
look()
{
	se --format json doctor "$@"
	jq -e 'type == "array"' <<<"$out" >/dev/null || fail "no JSON from doctor $*:" "$out" "$err"
}

# pick CHECK OBJECT: $level, $text, $fix and $keep of that finding.
pick()
{
	local finding

	finding=$(jq -c --arg id "$1" --arg object "$2" \
		'[.[] | select(.id == $id and .object == $object)][0]' <<<"$out")
	level=$(jq -r '.level // "none"' <<<"$finding")
	text=$(jq -r '.text // ""' <<<"$finding")
	fix=$(jq -r '.fix // ""' <<<"$finding")
	keep=$(jq -r '.keep // ""' <<<"$finding")
}

# found LEVEL CHECK OBJECT [TEXT]: it says that, and the exit code agrees.
found()
{
	look "$2"
	pick "$2" "$3"
	is "$2 $3 ($text)" "$level" "$1"
	[[ $1 != FAIL ]] || is "exit code of $2" "$code" 5
	[[ $out == *'"FAIL"'* ]] || is "exit code of $2" "$code" 0
	[[ -z ${4-} ]] || has "text of $2" "$text" "$4"
}

# cured CHECK OBJECT [OBJECT-THEN]: the command of the last finding makes it pass.
cured()
{
	[[ -n $fix ]] || fail "no command that helps $1 $2"
	eval "$fix" >/dev/null || fail "status $? from: $fix"
	found PASS "$1" "${3-$2}"
}

# on_host SCRIPT COMMAND...: run both with mounts of their own.
on_host()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -c 'eval "$0" && exec "$@"' "$@"
}

# found_on SCRIPT LEVEL CHECK OBJECT [TEXT]: found() on a host that the script has broken.
found_on()
{
	# shellcheck disable=SC2016 # for the inner shell
	out=$(on_host "$1" "$MNMIVM_SE" --config "$conf" --format json doctor "$3" 2>/dev/null)
	pick "$3" "$4"
	is "$3 $4 ($text)" "$level" "$2"
	[[ -z ${5-} ]] || has "text of $3" "$text" "$5"
}

# Routes go when it is down.
bridge_up()
{
	ip link set br0 up
	ip route replace default via 192.168.86.254
}

# on_terminal ARG...: the program with a terminal; its input is typed there.
on_terminal()
{
	TERM=xterm script -qec "'$MNMIVM_SE' --config '$conf' $*" /dev/null
}
