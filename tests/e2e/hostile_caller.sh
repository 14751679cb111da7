#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hostile_caller.sh - whatever the program inherits, it works or says why not, and QEMU's state is
# the same as always.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need python3 setpriv findmnt

image=$MNMIVM_GUEST/guest.qcow2
secret=$LAB/secret
echo 'not for QEMU' >"$secret"
chmod 600 "$secret"

# caller KIND PROGRAM ARG...: execute it in such a state.
cat >"$LAB/caller" <<'EOP'
import ctypes, os, resource, signal, socket, sys

kind, program, args = sys.argv[1], sys.argv[2], sys.argv[3:]
argv = [program] + args
environ = dict(os.environ)

# Python ignores these, and what is ignored stays so over execve(2)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def limit(which, soft, hard=None):
    resource.setrlimit(getattr(resource, 'RLIMIT_' + which), (soft, soft if hard is None else hard))


def leak(fd):
    for number in list(range(3, 60)) + [200, 901]:
        os.dup2(fd, number, inheritable=True)


if kind.startswith('closed'):
    for fd in kind[len('closed'):]:
        os.close(int(fd))
elif kind == 'read_only_output':
    os.dup2(os.open('/dev/null', os.O_RDONLY), 1)
elif kind == 'full_output':
    os.dup2(os.open('/dev/full', os.O_WRONLY), 1)
elif kind == 'leaked_file':
    leak(os.open(os.environ['SECRET'], os.O_RDWR))
elif kind == 'leaked_folder':
    leak(os.open('/', os.O_RDONLY | os.O_DIRECTORY))
elif kind == 'leaked_socket':
    pair = socket.socketpair()
    leak(pair[0].detach())
elif kind == 'blocked':
    signal.pthread_sigmask(signal.SIG_SETMASK, range(1, signal.NSIG))
elif kind == 'ignored':
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
            signal.signal(number, signal.SIG_IGN)
elif kind == 'nofile':
    limit('NOFILE', 16)
elif kind == 'nofile_soft':
    limit('NOFILE', 16, 4096)
elif kind == 'nproc':
    limit('NPROC', 0)
elif kind == 'fsize':
    limit('FSIZE', 0)
elif kind == 'fsize_4k':
    limit('FSIZE', 4096)
elif kind == 'as':
    limit('AS', 48 << 20)
elif kind == 'data':
    limit('DATA', 4 << 20)
elif kind == 'stack':
    limit('STACK', 128 << 10)
elif kind == 'memlock':
    limit('MEMLOCK', 0)
elif kind == 'core':
    limit('CORE', resource.RLIM_INFINITY)
elif kind == 'no_core':
    limit('CORE', 0)
elif kind == 'preload':
    environ.update(LD_PRELOAD=os.environ['SOME_LIBRARY'], LD_LIBRARY_PATH='/tmp', LD_BIND_NOW='1',
                   GLIBC_TUNABLES='glibc.malloc.check=3', MALLOC_PERTURB_='85',
                   HOME='/absent', QEMU_AUDIO_DRV='oss', LC_ALL='tr_TR.UTF-8', TZ=':/etc/shadow',
                   G_MESSAGES_DEBUG='all')
elif kind == 'no_environment':
    environ = {}
elif kind == 'no_path':
    environ = {'PATH': ''}
elif kind == 'huge_environment':
    environ = {'HUGE%d' % i: 'x' * 100000 for i in range(15)}
elif kind == 'umask_0':
    os.umask(0)
elif kind == 'umask_777':
    os.umask(0o777)
elif kind == 'cwd_deleted':
    os.mkdir('cwd')
    os.chdir('cwd')
    os.rmdir('../cwd')
elif kind == 'argv_without_name':
    argv[0] = ''
elif kind == 'argv_odd_name':
    argv[0] = 'x' * 3000 + '\x1b[2J\n%s%n'
elif kind == 'nice':
    os.nice(19)
elif kind == 'batch':
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
elif kind == 'personality':
    # ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT
    if ctypes.CDLL(None).personality(0x0040000 | 0x0400000 | 0x0100000 | 0x0200000) < 0:
        sys.exit('personality')
elif kind == 'no_argv':
    array = (ctypes.c_char_p * 1)(None)
    ctypes.CDLL(None).execv(program.encode(), array)
    sys.exit('execv')
elif kind != 'plain':
    sys.exit('no such kind of caller')
if not argv[0]:
    os.environ.clear()
    array = (ctypes.c_char_p * (len(argv) + 1))(*[word.encode() for word in argv], None)
    ctypes.CDLL(None).execv(program.encode(), array)
os.execve(program, argv, environ)
EOP

# What it says comes through a pipe: no limit is in its way, and the pipe ends with its last holder.
cat >"$LAB/odd" <<-EOF
	#!/bin/bash
	{ $(type -P python3) $LAB/caller "\$KIND" $MNMIVM_SE "\$@" 2>&1 >&3 3>&- |
		cat >&2; } 3>&1
	exit "\${PIPESTATUS[0]}"
	EOF
chmod 700 "$LAB/odd"
library=$(find /usr/lib /lib -name 'libmemusage.so' -o -name 'libpcprofile.so' 2>/dev/null | head -n 1)
export KIND=plain SECRET=$secret SOME_LIBRARY=${library:-/lib/libc.so}

# as KIND COMMAND...: the suite's own commands, called so.
as()
{
	local MNMIVM_SE=$LAB/odd KIND=$1

	"${@:2}"
}

# --- QEMU's state, as the kernel tells it -----------------------------------

end_state()
{
	local proc=/proc/$1 fd name

	grep -E '^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|SigBlk|SigIgn|THP)' "$proc/status"
	tr '\0' '\n' <"$proc/environ" | sed 's/^/environ /'
	tr '\0' '\n' <"$proc/cmdline" | sed 's/^/argv /'
	# of its own ones QEMU closes and opens some while we look
	for fd in "$proc"/fd/*; do
		name=$(readlink "$fd")
		[[ $name == anon_inode:* ]] || echo "fd ${name%%:\[[0-9]*}"
	done | sort
	sed 's/^/limit /' "$proc/limits"
	echo "cwd $(readlink "$proc/cwd") root $(readlink "$proc/root")"
	echo "personality $(<"$proc/personality")"
	awk -v pid="$1" '{ sub(/.*\) /, ""); print "own session", $4 == pid, "tty", $5
		print "nice", $17, "policy", $39 }' "$proc/stat"
	cut -d ' ' -f 4- "$proc/mountinfo" | sed 's/^/mount /'
	for name in "$proc"/ns/*; do
		[[ $(readlink "$name") != "$(readlink "/proc/$$/ns/${name##*/}")" ]] ||
			echo "namespace ${name##*/} of the caller"
	done
}

# state_is_as_always [WORD]...: but for the lines with a WORD.
state_is_as_always()
{
	local now before=$reference word

	((!failed)) || return
	now=$(end_state "$(pid_of web)")
	for word; do
		now=$(grep -v -- "$word" <<<"$now")
		before=$(grep -v -- "$word" <<<"$before")
	done
	[[ $now == "$before" ]] || fail "QEMU's state differs:" \
		"$(diff <(echo "$before") <(echo "$now") | grep '^[<>]')"
}

a_reference_is_made()
{
	make web 192.168.86.11 --vhost off "${direct_boot[@]}"
	succeeds start --paused web
	reference=$(end_state "$(pid_of web)")
	succeeds stop --force web
	before=$(snapshot)
	has "the reference" "$reference" 'argv -sandbox'
	has "the reference" "$reference" 'limit Max open files'
	has "the reference" "$reference" 'fd /dev/null'
	as plain lives_as_always
}

# Every command of a VM's life, called in an odd way.
lives_as_always()
{
	prints mnmivm-se version
	prints web list
	succeeds start --paused web
	state_is_as_always "$@"
	prints paused status web
	succeeds status --verbose web
	succeeds update-cloud web --ip 192.168.86.11
	succeeds stop --force web
	unchanged "$before"
	make other 192.168.86.12
	succeeds delete --yes other
	unchanged "$before"
}

callers_that_change_nothing()
{
	local kind

	for kind in leaked_file leaked_folder leaked_socket blocked ignored preload no_environment \
		no_path huge_environment umask_0 umask_777 cwd_deleted argv_without_name \
		argv_odd_name core; do
		as "$kind" lives_as_always
		is "the secret" "$(<"$secret")" 'not for QEMU'
		if ((failed)); then
			diag "this was the caller '$kind'"
			return
		fi
	done
}

# What a caller wants of itself holds for its VMs, and nothing else changes by it.
callers_with_limits_of_their_own()
{
	as no_core lives_as_always 'limit Max core file'
	as nofile_soft lives_as_always 'limit Max open files'
	as memlock lives_as_always 'limit Max locked memory'
	as stack lives_as_always 'limit Max stack size'
	as nice lives_as_always '^nice'
	as batch lives_as_always '^nice'
}

the_address_space_is_random_whoever_calls()
{
	as personality lives_as_always
}

# closed DESCRIPTORS: no output to look at, but what is done is done.
closed()
{
	local MNMIVM_SE=$LAB/odd KIND=closed$1

	succeeds version
	succeeds list
	succeeds start --paused web
	state_is_as_always
	succeeds status web
	succeeds stop --force web
	make other 192.168.86.12
	succeeds delete --yes other
	unchanged "$before"
}

standard_descriptors_may_be_closed()
{
	local which

	for which in 0 1 2 01 02 12 012; do
		closed "$which"
		if ((failed)); then
			diag "these were closed: $which"
			return
		fi
	done
}

output_that_does_not_arrive_is_a_failure()
{
	local kind

	for kind in full_output read_only_output; do
		as "$kind" refused 1 'standard output' version
		as "$kind" refused 1 'standard output' list
		as "$kind" refused 1 'standard output' show web
	done
	unchanged "$before"
}

# Works, or says in one line why not.
works_or_tells()
{
	se "$@"
	# 3 is what status says of a VM that is stopped
	if ((code)) && [[ $code:$1 != 3:status ]]; then
		((code < 126)) || fail "exit code $code from: $*" "$err"
		# what QEMU says is QEMU's
		[[ $err == *'QEMU ended: '* || $err == *"run '/"* ]] || check_wording
		diag "$KIND: $1: $err"
	fi
}

program=$MNMIVM_SE

plainly()
{
	local MNMIVM_SE=$program

	"$@"
}

# lives_or_tells WORD: each command works or tells, and leaves nothing; the word is for
# state_is_as_always.
lives_or_tells()
{
	works_or_tells version
	works_or_tells list
	works_or_tells status web
	works_or_tells start --paused web
	if ((code == 0)); then
		state_is_as_always "$1"
	else
		is "processes" "$(program_processes)" ''
		is "taps" "$(ip -o link | grep -c mvm-)" 0
	fi
	plainly succeeds stop --force web
	unchanged "$before"
	works_or_tells create other --image "$image" --pubkey-path "$key.pub" --ip 192.168.86.12
	plainly se delete --yes other
	unchanged "$before"
	works_or_tells update-cloud web --ip 192.168.86.11
	works_or_tells stop --force web
	unchanged "$before"
}

tiny_limits_are_told()
{
	local kind

	for kind in nofile nproc fsize fsize_4k as data; do
		as "$kind" lives_or_tells '^limit '
		if ((failed)); then
			diag "this was the caller '$kind'"
			return
		fi
	done
}

# without CAPABILITY: as a root who may not do that.
without()
{
	local MNMIVM_SE=$LAB/less KIND="without $1"

	cat >"$LAB/less" <<-EOF
		#!/bin/sh
		exec setpriv --bounding-set -$1 -- $program "\$@"
	EOF
	chmod 700 "$LAB/less"
	lives_or_tells 'no such line'
	((!failed)) || diag "this was $KIND"
}

each_missing_capability_is_told()
{
	local word

	for word in sys_admin setuid setgid setpcap mknod net_admin net_raw dac_override fowner chown \
		kill sys_resource sys_chroot sys_ptrace; do
		((failed)) || without "$word"
	done
}

# Linux before 5.18 executes a program without argv[0] as well (execve(2)).
a_caller_may_give_no_arguments_at_all()
{
	local text

	text=$(KIND=no_argv "$LAB/odd" 2>&1)
	is "exit code" "$?" 2
	has "what is said" "$text" 'usage: mnmivm-se'
}

nothing_of_the_secret_was_told()
{
	# the logs are sparse and huge
	is "files with the secret" "$(find "$run" "$state" -type f ! -name '*log*' \
		-exec grep -la 'not for QEMU' {} +)" ''
	succeeds logs web --qemu
	lacks "QEMU's log" "$out" 'not for QEMU'
	is "the secret" "$(<"$secret")" 'not for QEMU'
}

run_tests \
	a_reference_is_made \
	callers_that_change_nothing \
	callers_with_limits_of_their_own \
	the_address_space_is_random_whoever_calls \
	standard_descriptors_may_be_closed \
	output_that_does_not_arrive_is_a_failure \
	tiny_limits_are_told \
	each_missing_capability_is_told \
	a_caller_may_give_no_arguments_at_all \
	nothing_of_the_secret_was_told \
	nothing_is_left_behind
