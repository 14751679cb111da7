# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What contrib/demo and contrib/check share: packages, the build, the guest images.

CACHE=${MNMIVM_CACHE:-/var/cache/mnmivm-se}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Packages by purpose; the second list of each pair is Alpine's.
# shellcheck disable=SC2034 # used by those who source this file
{
BUILD_DEBIAN=(
	gcc libc6-dev pkg-config meson ninja-build
	libnl-3-dev libnl-route-3-dev libcap-ng-dev libjansson-dev libarchive-dev libyaml-dev
	libinih-dev libseccomp-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
)
BUILD_ALPINE=(
	build-base linux-headers meson samurai pkgconf
	libnl3-dev libcap-ng-dev libseccomp-dev jansson-dev libarchive-dev yaml-dev inih-dev
	curl-dev openssl-dev zlib-dev
)
RUN_DEBIAN=(
	qemu-system-x86 qemu-utils openssh-client libarchive13 libcurl4 libssl3 gpgv iproute2
	ca-certificates
)
RUN_ALPINE=(
	qemu-system-x86_64 qemu-img openssh-keygen openssh-client libarchive libcurl gnupg iproute2
	bash
)
IMAGE_DEBIAN=(
	mmdebstrap debian-archive-keyring fdisk e2fsprogs grub-common grub-pc-bin qemu-utils
	uidmap cpio xz-utils zstd
)
}

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "needs root: sudo $0"
}

# QEMU's own uid must be able to reach its program: see contrib/tools/searchable-root.
need_searchable_root()
{
	[ $((0$(stat -c %a /) & 1)) -eq 0 ] || return 0
	exec "$TOP/contrib/tools/searchable-root" "$TOP/contrib/${0##*/}" "$@"
}

is_installed()
{
	[ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

# Install what is missing of the packages named, and say nothing when nothing is.
install_debian()
{
	local missing=() package

	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "installing: ${missing[*]}"
	apt-get -qq update >"$CACHE/apt.log" 2>&1 || true
	# a host that has just come up may be at its own updates: it is waited for
	DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=600 install \
		--no-install-recommends "${missing[@]}" >>"$CACHE/apt.log" 2>&1 ||
		{ tail -n 20 "$CACHE/apt.log" >&2; die "apt-get install: see above"; }
}

install_alpine()
{
	echo "installing: $*"
	apk add --quiet "$@" || die "apk add: see above"
}

# mkimage asks apt for packages that need not be installed here: the lists must be there.
need_apt_lists()
{
	apt-cache policy linux-image-cloud-amd64 2>/dev/null | grep -q Candidate ||
		apt-get -qq update
}

# build DIR [meson option...]: quiet unless it fails.
build()
{
	local dir=$1

	shift
	# a build of another checkout is of no use
	[ "$(cat "$dir/source" 2>/dev/null)" = "$TOP" ] || rm -rf "$dir"
	if [ -f "$dir/build.ninja" ]; then
		meson setup --reconfigure "$dir" "$TOP" "$@" >"$dir.log" 2>&1
	else
		mkdir -p "$dir"
		echo "$TOP" >"$dir/source"
		meson setup "$dir" "$TOP" "$@" >"$dir.log" 2>&1
	fi && ninja -C "$dir" >>"$dir.log" 2>&1 && return
	grep -E -m 20 'error|FAILED|ERROR|warning' "$dir.log" >&2
	return 1
}

# recipe FILE...: what an image was made from, whatever checkout that lies in.
recipe()
{
	cat "$@" | sha256sum
}

# kept RESULT FILE...: was RESULT made from these?
kept()
{
	[ -f "$1" ] && [ "$(cat "$1.recipe" 2>/dev/null)" = "$(recipe "${@:2}")" ]
}

# make_once RESULT LOG COMMAND... -- FILE...: run COMMAND unless RESULT is there from the same FILEs.
make_once()
{
	local result=$1 log=$2 command=()

	shift 2
	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	shift
	kept "$result" "$@" && return
	need_apt_lists
	"${command[@]}" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "${command[0]##*/}: see above"; }
	recipe "$@" >"$result.recipe"
}

debian_image()
{
	make_once "$CACHE/debian-12.qcow2" "$CACHE/mkimage.log" \
		"$TOP/contrib/mkimage" --suite bookworm "$CACHE/debian-12.qcow2" -- \
		"$TOP/contrib/mkimage"
}

# The small guest of the tests.
small_guest()
{
	make_once "$CACHE/guest/guest.qcow2" "$CACHE/mkguest.log" \
		"$TOP/tests/e2e/mkguest" "$CACHE/guest" -- \
		"$TOP/tests/e2e/mkguest" "$TOP"/tests/e2e/guest/* "$TOP/contrib/mkimage"
}

# The host that the suite `kernel` runs on.
debian_host()
{
	make_once "$CACHE/host/host.qcow2" "$CACHE/mkhost.log" \
		"$TOP/tests/kernel/mkhost" "$CACHE/host" -- \
		"$TOP/tests/kernel/mkhost" "$TOP/contrib/mkimage"
}

# A newer QEMU, for tests alone: Debian's backports, unpacked and never installed. apt looks at
# them with lists of its own, so that the host's stay as they are. Where there is no such
# suite on the host's mirror, the status says so.
qemu_backports()
{
	local tree=$CACHE/qemu-backports work mirror suite status
	local -a apt

	[ ! -x "$tree/usr/bin/qemu-system-x86_64" ] || return 0
	# shellcheck disable=SC2016 # words of apt
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' 'Codename: bookworm' 'Component: main' | head -n 1)
	[ -n "$mirror" ] || { echo "no Debian 12 in apt's sources"; return 1; }
	work=$(mktemp -d "$tree.XXXXXX")
	mkdir -p "$work"/{lists,archives}/partial "$work/tree"
	for suite in bookworm bookworm-backports; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
			"$mirror $suite main"
	done >"$work/sources.list"
	# apt's own user cannot write into that folder
	apt=(apt-get -q=2 -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null -o "Dir::State::Lists=$work/lists"
		-o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/archives"
		-o APT::Sandbox::User=root)
	"${apt[@]}" update && "${apt[@]}" --yes --no-install-recommends --download-only \
		-t bookworm-backports install qemu-system-x86 qemu-utils &&
		find "$work/archives" -name '*.deb' -exec dpkg-deb -x '{}' "$work/tree" ';' &&
		chmod 755 "$work/tree" && rm -rf "$tree" && mv "$work/tree" "$tree"
	status=$?
	rm -rf "$work"
	return $status
}
