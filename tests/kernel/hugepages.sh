#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hugepages.sh - a guest whose memory is the host's huge pages, which only a host of one's own has.

# shellcheck disable=SC2317 # lib.sh starts the suite anew
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
ip_one=192.168.86.11 pages=48

# pages_of FILE: a count of the pool; two of them agree only while no guest runs
pages_of()
{
	echo $(($(<"$pool/$1")))
}

pages_that_nobody_reserved_are_refused()
{
	is "pages of the host" "$(pages_of nr_hugepages)" 0
	make one "$ip_one" --memory 96M --hugepages "${direct_boot[@]}"
	refused 5 "$pages memory pages of 2M are needed, 0 are free" start one
	is "hint" "$(tail -n 1 <<<"$err")" "hint: echo $pages >$pool/nr_hugepages"
}

the_command_of_the_hint_helps()
{
	ok sh -c "$(sed -n 's/^hint: //p' <<<"$err")"
	is "pages of the host" "$(pages_of nr_hugepages)" "$pages"
	succeeds start --paused one
}

the_pages_are_the_guests_from_the_start()
{
	is "pages that are free for others" $(($(pages_of free_hugepages) - $(pages_of resv_hugepages))) 0
	make two 192.168.86.12 --memory 32M --hugepages=2M "${direct_boot[@]}"
	refused 5 '16 memory pages of 2M are needed, 0 are free' start two
	is "hint" "$(tail -n 1 <<<"$err")" "hint: echo $((pages + 16)) >$pool/nr_hugepages"
}

# Its own pages count as free, as they are once it has stopped; others' do not.
a_restart_counts_the_VMs_own()
{
	succeeds start --dry-run one
	refused 5 '16 memory pages of 2M are needed, 0 are free' start --dry-run two
	succeeds set one memory=98M
	refused 5 "$((pages + 1)) memory pages of 2M are needed, $pages are free" restart one
	is "hint" "$(tail -n 1 <<<"$err")" "hint: echo $((pages + 1)) >$pool/nr_hugepages"
	json .state paused status one
	succeeds set one memory=96M
	says 'one: restarted' restart --force one
	json .state running status one
}

the_guest_runs_on_them()
{
	eventually answers "$ip_one" one
	grep -q hugetlb "/proc/$(pid_of one)/maps" || grep -q 'memfd:' "/proc/$(pid_of one)/maps" ||
		fail "no memory of huge pages"
	(($(awk '/^Private_Hugetlb:/ { n += $2 } END { print n }' \
		"/proc/$(pid_of one)/smaps") > 0)) || fail "no huge page is used"
}

a_stop_gives_them_back()
{
	succeeds stop --force one
	is "free pages" "$(pages_of free_hugepages)" "$pages"
	is "reserved pages" "$(pages_of resv_hugepages)" 0
	succeeds start --paused two
	succeeds stop --force two
}

pages_beyond_the_pool_count_where_they_may_be_had()
{
	echo 0 >"$pool/nr_hugepages"
	echo 16 >"$pool/nr_overcommit_hugepages"
	succeeds start --paused two
	succeeds stop --force two
	echo 15 >"$pool/nr_overcommit_hugepages"
	refused 5 '16 memory pages of 2M are needed, 15 are free' start two
	echo 0 >"$pool/nr_overcommit_hugepages"
}

larger_pages_are_not_there()
{
	succeeds set two hugepages=1G memory=1G
	refused 5 'memory pages of 1G' start two
	refused 2 'no whole number of pages of 1G' set two memory=1025M
}

run_tests \
	pages_that_nobody_reserved_are_refused \
	the_command_of_the_hint_helps \
	the_pages_are_the_guests_from_the_start \
	a_restart_counts_the_VMs_own \
	the_guest_runs_on_them \
	a_stop_gives_them_back \
	pages_beyond_the_pool_count_where_they_may_be_had \
	larger_pages_are_not_there \
	nothing_is_left_behind
