#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pull_host.sh - pulls on hosts of several kinds: with a terminal, a proxy, for a user, in little memory.

# shellcheck source=pull_lib.sh
. "${BASH_SOURCE[0]%/*}/pull_lib.sh"

image=$web/one/image.qcow2

an_image_is_published()
{
	new_entry one
}

# on_terminal ARG...: what the program writes to a terminal of 80 columns
on_terminal()
{
	TERM=xterm script --quiet --return --command \
		"stty cols 80; '$MNMIVM_SE' --config '$conf' ${*}" "$LAB/typescript" >/dev/null </dev/null
	code=$?
	out=$(tr '\r' '\n' <"$LAB/typescript" | grep -v '^Script ')
}

a_terminal_gets_a_bar()
{
	entry paced "mirrors = $faulty/pace-5/one/" "digest_file = $good/one/SHA512SUMS" \
		'digest_style = gnu'
	on_terminal image pull paced
	is "exit code" "$code" 0
	matches "bar" "$out" '[0-9]+%|[0-9.]+M'
	(($(grep -c paced <<<"$out") > 3)) || fail "the bar is not redrawn:" "$out"
	is "longest line" "$(printf '%s' "$out" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' |
		awk 'length > n { n = length } END { print (n > 80) }')" 0
	succeeds image remove "$(pulled paced)"
}

no_terminal_gets_one_line_and_quiet_none()
{
	succeeds image pull paced
	is "lines" "$(wc -l <"$LAB/stderr")" 1
	lacks "what is told" "$err" $'\r'
	succeeds image remove "$(pulled paced)"
	succeeds --quiet image pull paced
	is "what is told" "$err" ''
	succeeds image remove "$(pulled paced)"
	on_terminal --quiet image pull paced
	lacks "what is told" "$out" '%'
	succeeds image remove "$(pulled paced)"
	rm "$catalogue/paced.conf"
}

a_proxy_is_used()
{
	"${BASH_SOURCE[0]%/*}/pull_proxy.py" 3128 "$LAB/proxy.log" &
	port_opens 3128
	: >"$LAB/proxy.log"
	setting proxy http://127.0.0.1:3128
	succeeds image pull one
	is "what the proxy was asked" "$(sort -u "$LAB/proxy.log")" 'CONNECT 127.0.0.1:8443'
	succeeds image remove "$(pulled one)"
	sed -i '/^proxy/d' "$conf"
	: >"$LAB/proxy.log"
	https_proxy=http://127.0.0.1:3128 succeeds image pull one
	is "what the proxy was asked" "$(sort -u "$LAB/proxy.log")" 'CONNECT 127.0.0.1:8443'
	succeeds image remove "$(pulled one)"
	: >"$LAB/proxy.log"
	https_proxy=http://127.0.0.1:3128 no_proxy=127.0.0.1 succeeds image pull one
	is "what the proxy was asked" "$(<"$LAB/proxy.log")" ''
	succeeds image remove "$(pulled one)"
	sed 's/^ca_file/proxy = http:\/\/127.0.0.1:3129\n&/' "$conf" >"$LAB/conf.closed"
	conf=$LAB/conf.closed refused 1 3129 --quiet image pull one
}

# keeps CODE REGEX PROXY: a pull by it is refused so, and at once, and nobody reads its password
keeps()
{
	https_proxy=$3 refused "$1" "$2" image pull one
	[[ $err != *s3* && $err != *cr3t* ]] || fail "the password of '$3' is told:" "$err"
	lacks "what is told" "$err" '; again in'
}

a_proxys_password_is_its_own()
{
	local proxy log=$LAB/proxy.log port

	"${BASH_SOURCE[0]%/*}/pull_proxy.py" 3130 "$log" user:s3/cr3t &
	port_opens 3130
	: >"$log"
	https_proxy=http://user:s3%2Fcr3t@127.0.0.1:3130 succeeds image pull one
	is "what the proxy was asked" "$(sort -u "$log")" 'CONNECT 127.0.0.1:8443'
	lacks "what is told" "$err" s3
	succeeds image remove "$(pulled one)"
	: >"$log"
	keeps 1 407 http://127.0.0.1:3130
	has "hint" "$err" 'https_proxy=http://USER:PASSWORD@HOST:PORT'
	keeps 1 407 http://user:s3cr3t@127.0.0.1:3130
	is "what the proxy was asked" "$(sort -u "$log")" 'refused CONNECT 127.0.0.1:8443'
	: >"$log"
	for port in 3130 99999; do
		for proxy in "http://user:s3#cr3t@127.0.0.1:$port" "http://user:s3/cr3t@127.0.0.1:$port" \
			"http://user:s3 cr3t@127.0.0.1:$port" "gopher://user:s3cr3t@127.0.0.1:$port"; do
			keeps 2 'use the proxy of https_proxy: ' "$proxy"
		done
	done
	has "hint" "$err" '%2F is /'
	is "what the proxy was asked" "$(<"$log")" ''
}

the_proxy_that_is_not_there_is_named()
{
	https_proxy=http://user:s3cr3t@127.0.0.1:3129 refused 1 \
		"connect to proxy 'http://127.0.0.1:3129' of https_proxy: Connection refused" \
		--quiet image pull one
	lacks "what is told" "$err" s3cr3t
	has "hint" "$err" 'variable of the environment'
	all_proxy=127.0.0.1:3129 no_proxy=127.0.0.0/8 succeeds image pull one
	succeeds image remove "$(pulled one)"
}

as_carol()
{
	out=$(cd / && setpriv --reuid 4711 --regid 4711 --clear-groups --inh-caps=-all -- \
		env -i "HOME=$LAB/home/carol" "$LAB/bin/mnmivm-se" "$@" 2>"$LAB/stderr" </dev/null)
	code=$?
	err=$(<"$LAB/stderr")
}

lab_carol()
{
	chmod 711 "$LAB"
	chmod -R a+rX "$tls/ca.pem" "$catalogue"
	chmod 755 "$tls"
	mkdir "$LAB/etc" "$LAB/home" "$LAB/bin"
	mount -t tmpfs -o mode=755 tmpfs "$LAB/etc"
	cp -a /etc/. "$LAB/etc"
	mount --bind "$LAB/etc" /etc
	echo "carol:x:4711:4711::$LAB/home/carol:/bin/sh" >>/etc/passwd
	mount -t tmpfs -o mode=755 tmpfs "$LAB/bin"
	cp "$MNMIVM_SE" "$LAB/bin/mnmivm-se"
	install -d -m 755 /run/user
	install -d -m 700 -o 4711 -g 4711 "$LAB/home/carol" "$LAB/home/carol"/.config{,/mnmivm-se} \
		/run/user/4711
	grep -E '^(catalogue|ca_file|stall|image_max)' "$conf" >"$LAB/home/carol/.config/mnmivm-se/mnmivm-se.conf"
	chown 4711 "$LAB/home/carol/.config/mnmivm-se/mnmivm-se.conf"
}

a_user_pulls_into_a_folder_of_ones_own()
{
	local own=$LAB/home/carol/.local/state/mnmivm-se/images

	lab_carol
	as_carol image pull one
	is "exit code" "$code" 0
	has "what is told" "$err" 'one: pulled one-'
	is "owner and mode" "$(stat -c %u:%a "$own"/one-*.qcow2)" 4711:444
	ok cmp "$own"/one-*.qcow2 "$image"
	is "images of root" "$(names "$images")" ''
	as_carol image verify
	is "exit code of verify" "$code" 0
	as_carol image prune --all
	is "exit code of prune" "$code" 0
	is "images" "$(names "$own")" ''
	xz -0 <"$image" >"$LAB/home/carol/image.xz"
	chmod 644 "$LAB/home/carol/image.xz"
	as_carol image import "$LAB/home/carol/image.xz" mine
	is "exit code of import" "$code" 0
	ok cmp "$own/mine.qcow2" "$image"
}

# rises NAME VALUE: keep the largest
rises()
{
	local -n largest=$1

	(($2 <= largest)) || largest=$2
}

# watch PID: high-water marks of it and its workers in KiB, and what it read and wrote
watch()
{
	local pid hwm sum name value io
	local -i reads=0 writes=0 memory=0

	while [[ -e /proc/$1/io ]]; do
		sum=0
		for pid in "$1" $(pgrep -P "$1"); do
			hwm=$(sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/$pid/status") && ((sum += hwm))
		done
		rises memory "$sum"
		io=$(<"/proc/$1/io")
		# what a child did is its parent's as soon as it is reaped (kernel/exit.c)
		pgrep -P "$1" >/dev/null || continue
		while read -r name value; do
			[[ $name != rchar: ]] || rises reads "$value"
			[[ $name != wchar: ]] || rises writes "$value"
		done <<<"$io"
		sleep 0.05
	done 2>/dev/null
	echo "$memory $reads $writes"
}

a_large_image_takes_little_memory_and_each_byte_once()
{
	local -i memory reads writes size

	qemu-img create -q -f qcow2 -o preallocation=metadata "$web/one/large.qcow2" 2G
	truncate -s 2G "$web/one/large.qcow2"
	size=$(size_of "$web/one/large.qcow2")
	publish one
	entry large "mirrors = $good/one/" 'file = large.qcow2' "digest_file = $good/one/SHA512SUMS" \
		'digest_style = gnu'
	setting image_max 4G
	background image pull large
	read -r memory reads writes < <(watch "$background_pid")
	ended
	is "exit code" "$code $err" "0 $err"
	diag "$err" "memory ${memory}K, read $reads, written $writes of $size bytes"
	((memory < 32 << 10)) || fail "$memory KiB of memory"
	((reads > size / 2 && reads < size + (4 << 20))) || fail "$reads bytes were read of $size"
	((writes > size / 2 && writes < size + (4 << 20))) || fail "$writes bytes were written of $size"
	succeeds image remove "$(pulled large)"
	rm "$web/one/large.qcow2" "$catalogue/large.conf"
}

run_tests an_image_is_published a_terminal_gets_a_bar no_terminal_gets_one_line_and_quiet_none \
	a_proxy_is_used a_proxys_password_is_its_own the_proxy_that_is_not_there_is_named \
	a_user_pulls_into_a_folder_of_ones_own \
	a_large_image_takes_little_memory_and_each_byte_once no_image_is_left nothing_is_left_behind
