#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# secrets.sh - user-data and private keys: who can read them, and where they are never seen.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need strace

# In no dictionary and in no other file.
secret=correct-horse-battery-staple-$$

secret_user_data()
{
	cat <<-EOT
		#cloud-config
		write_files:
		- path: /etc/secret
		  content: $secret
	EOT
}

# The second line of the guest's private host key, once there is one.
private_key()
{
	sed -n 2p "$state/vms/$1/ssh_host_ed25519_key"
}

# lacks_secrets WHAT TEXT: neither is in it.
lacks_secrets()
{
	lacks "$1" "$2" "$secret"
	[[ ! -e $state/vms/one ]] || lacks "$1" "$2" "$(private_key one)"
}

# open_to_others FOLDER...: what of it has a mode for group or others; links have none.
open_to_others()
{
	find "$@" ! -type l -perm /077 -printf '%m %p\n'
}

files_are_for_root_alone_under_any_umask()
{
	secret_user_data >"$LAB/user-data"
	umask 000
	make one 192.168.86.11 --user-data "$LAB/user-data" "${direct_boot[@]}"
	succeeds start --paused one
	is "files that others may open" "$(open_to_others "$state/vms/one" "$run/one")" ''
	succeeds update-cloud one --user-data "$LAB/user-data"
	is "files that others may open" "$(open_to_others "$state/vms/one" "$run/one")" ''
	umask 022
	ok grep -q "$secret" "$state/vms/one/user-data"
	is "owners" "$(find "$state/vms/one" -printf '%U:%G\n' | sort -u)" 0:0
}

# traced COMMAND...: run it; $LAB/trace has what it and its programs ask of the kernel.
traced()
{
	strace --follow-forks --string-limit=65536 --trace=%file,%process,umask,fchmod \
		--no-abbrev --signal=none --output="$LAB/trace" -- \
		"$MNMIVM_SE" --config "$conf" "$@" >"$LAB/stdout" 2>"$LAB/stderr" ||
		fail "exit code $? from: $*" "$(<"$LAB/stderr")"
}

# Not even for a moment: the mode that each file is made with. What our programs make goes by the
# umask, which is ours from the first.
files_are_made_for_root_alone()
{
	local line pid

	umask 000
	traced create two --image "$MNMIVM_GUEST/guest.qcow2" --pubkey-path "$key.pub" \
		--ip 192.168.86.12 --user-data "$LAB/user-data"
	umask 022
	pid=$(sed -n '1s/ .*//p' "$LAB/trace")
	grep -e "^$pid .*O_CREAT" -e "^$pid .*O_TMPFILE" "$LAB/trace" >"$LAB/made"
	(($(wc -l <"$LAB/made") >= 8)) || fail "the trace lacks the new files"
	while read -r line; do
		[[ $line =~ (, |mode=)0?[0-7]00(\)|,|\}) ]] || fail "made with more: $line"
	done <"$LAB/made"
	line=$(grep -e 'umask(' -e O_CREAT "$LAB/trace" | head -n 1)
	has "what comes first" "$line" 'umask(077)'
}

no_program_is_told_a_secret()
{
	local pid

	grep -q 'execve("/usr/bin/ssh-keygen"' "$LAB/trace" || fail "the trace lacks ssh-keygen"
	grep 'execve(' "$LAB/trace" >"$LAB/programs"
	lacks_secrets "what programs are run with" "$(<"$LAB/programs")"
	lacks "what programs are run with" "$(<"$LAB/programs")" "$(private_key two)"
	pid=$(pid_of one)
	lacks_secrets "QEMU's arguments" "$(tr '\0' '\n' <"/proc/$pid/cmdline")"
	lacks_secrets "QEMU's environment" "$(tr '\0' '\n' <"/proc/$pid/environ")"
}

only_seed_prints_them()
{
	local command

	for command in 'show one' 'show --format json one' 'status -v one' \
		'status -v --format json one' 'list -v' 'list --format json' 'show-cmd one' \
		'start -v --dry-run two' 'logs one --qemu' 'net show --format json' \
		'update-cloud -v one' 'restart -v one' 'stop -v --force one'; do
		# shellcheck disable=SC2086 # words
		se $command
		lacks_secrets "output of '$command'" "$out$err"
	done
	se create three -v --dry-run --image "$MNMIVM_GUEST/guest.qcow2" --ip 192.168.86.13 \
		--pubkey-path "$key.pub" --user-data "$LAB/user-data"
	is "exit code of a dry run" "$code" 0
	lacks_secrets "a dry run" "$out$err"
	prints "$secret" seed one user-data
	has "seed" "$out" "$(private_key one)"
}

# refused_unquoted TEXT OPTION: a file of that text is, and the message has nothing of it.
refused_unquoted()
{
	local -a options=(--pubkey-path "$key.pub")

	printf '%b' "$1" >"$LAB/bad"
	[[ $2 != --pubkey-path ]] || options=()
	refused 2 '' create three --image "$MNMIVM_GUEST/guest.qcow2" --ip 192.168.86.13 \
		"${options[@]}" "$2" "$LAB/bad"
	lacks "message" "$err" "$secret"
}

messages_quote_no_file()
{
	local text

	for text in "#cloud-config\npassword: [$secret\n" "#cloud-config\n\t$secret: x\n" \
		"#cloud-config\n*$secret\n" "#cloud-config\n!<$secret x\n" "#cloud-config\nusers: $secret\n" \
		"$secret\n" "#cloud-config\n&$secret &$secret x\n" "#cloud-config\n'$secret\n"; do
		refused_unquoted "$text" --user-data
		refused_unquoted "$text" --network-config
	done
	refused_unquoted "-----BEGIN OPENSSH PRIVATE KEY-----\n$secret\n" --pubkey-path
	refused_unquoted "ssh-ed25519 $secret\n" --pubkey-path
	refused_unquoted "$secret\n" --pubkey-path
}

credentials_are_taken_by_name()
{
	local folder=$LAB/credentials

	mkdir -m 700 "$folder"
	secret_user_data >"$folder/user-data"
	cp "$key.pub" "$folder/admin.key"
	ln -s ../key "$folder/link"
	export CREDENTIALS_DIRECTORY=$folder
	succeeds create three --image "$MNMIVM_GUEST/guest.qcow2" --ip 192.168.86.13 \
		--pubkey-path credential:admin.key --user-data credential:user-data
	prints "$secret" seed three user-data
	succeeds update-cloud three --user-data '' --pubkey-path credential:admin.key
	succeeds seed three user-data
	lacks "seed" "$out" "$secret"
	refused 2 "credential:none" update-cloud three --user-data credential:none
	refused 2 "credential:../key" update-cloud three --pubkey-path credential:../key
	refused 1 "symbolic link" update-cloud three --pubkey-path credential:link
	unset CREDENTIALS_DIRECTORY
	refused 2 "no credentials were passed on" update-cloud three --user-data credential:user-data
	has "hint" "$err" LoadCredential=user-data:
}

nothing_is_left()
{
	succeeds delete --yes --force one two three
	is "folders" "$(names "$state/vms")" ''
	is "unfinished ones" "$(names "$state/tmp")" ''
	is "processes" "$(program_processes)" ''
}

run_tests \
	files_are_for_root_alone_under_any_umask \
	files_are_made_for_root_alone \
	no_program_is_told_a_secret \
	only_seed_prints_them \
	messages_quote_no_file \
	credentials_are_taken_by_name \
	nothing_is_left
