# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# pull_lib.sh - servers of images on the lab's loopback, and a catalogue that points at them.
#
# nginx serves the folder $web over HTTPS, each port with a log of its own and, but for the first
# two, a certificate that is of no use:
#
#	8443 good, 8444 good (another mirror), 8445 expired, 8446 of another host, 8447 of a CA
#	that nobody knows; 8080 is plain HTTP
#
# pull_server.py serves the same folder on 9443, with the faults that it is asked for.

# shellcheck source=lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need nginx openssl python3 gpg gpgv xz gzip zstd tar script

# shellcheck disable=SC2034 # some are for the suites
web=$LAB/web tls=$LAB/tls catalogue=$LAB/images.d images=$state/images
# shellcheck disable=SC2034
good=https://127.0.0.1:8443 second=https://127.0.0.1:8444 faulty=https://127.0.0.1:9443
server_pid='' server_log=$LAB/server.log

# --- certificates -----------------------------------------------------------

tls_key()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tls/$1.key" "${@:2}" \
		2>"$tls/openssl.log" || fail "openssl: $(<"$tls/openssl.log")"
}

# ca NAME: a CA that signs.
tls_ca()
{
	tls_key "$1" -x509 -days 2 -subj "/CN=$1" -out "$tls/$1.pem"
}

# tls_certificate NAME CA DAYS SUBJECT-ALTERNATIVE-NAMES
tls_certificate()
{
	tls_key "$1" -subj "/CN=$1" -addext "subjectAltName=$4" -out "$tls/$1.csr"
	openssl x509 -req -in "$tls/$1.csr" -CA "$tls/$2.pem" -CAkey "$tls/$2.key" -days "$3" \
		-copy_extensions copy -out "$tls/$1.pem" 2>"$tls/openssl.log" ||
		fail "openssl: $(<"$tls/openssl.log")"
	cat "$tls/$1.key" >>"$tls/$1.pem"
}

tls_build()
{
	mkdir "$tls"
	tls_ca ca
	tls_ca foreign-ca
	tls_certificate good ca 2 IP:127.0.0.1,DNS:localhost
	tls_certificate expired ca -1 IP:127.0.0.1,DNS:localhost
	tls_certificate other ca 2 IP:127.0.0.2,DNS:elsewhere.test
	tls_certificate foreign foreign-ca 2 IP:127.0.0.1,DNS:localhost
}

# --- servers ----------------------------------------------------------------

nginx_server()
{
	cat <<-EOF
		server {
			listen 127.0.0.1:$1 ssl;
			ssl_certificate $tls/$2.pem;
			ssl_certificate_key $tls/$2.key;
			access_log $LAB/nginx/$1.log bytes;
		}
	EOF
}

# nginx_conf NAME SERVER...: of an nginx that serves $web, with these servers
nginx_conf()
{
	mkdir -p "$web" "$LAB/$1"
	cat >"$LAB/$1/nginx.conf" <<-EOF
		user root;
		worker_processes 1;
		daemon off;
		pid $LAB/$1/pid;
		error_log $LAB/$1/error.log;
		events {}
		http {
			log_format bytes '\$request_method \$uri \$status \$body_bytes_sent \$http_range';
			access_log off;
			client_body_temp_path $LAB/$1/body;
			proxy_temp_path $LAB/$1/proxy;
			fastcgi_temp_path $LAB/$1/fastcgi;
			uwsgi_temp_path $LAB/$1/uwsgi;
			scgi_temp_path $LAB/$1/scgi;
			root $web;
			${*:2}
		}
	EOF
}

nginx_build()
{
	nginx_conf nginx "$(nginx_server 8443 good)" "$(nginx_server 8444 good)" \
		"$(nginx_server 8445 expired)" "$(nginx_server 8446 other)" \
		"$(nginx_server 8447 foreign)" \
		"server { listen 127.0.0.1:8080; access_log $LAB/nginx/8080.log bytes; }"
	nginx -c "$LAB/nginx/nginx.conf" 2>/dev/null &
	port_opens 8443 || fail "nginx: $(<"$LAB/nginx/error.log")"
}

# port_is open|closed PORT
port_is()
{
	local is=closed

	! (: <>"/dev/tcp/127.0.0.1/$2") 2>/dev/null || is=open
	[[ $is == "$1" ]]
}

port_opens()
{
	eventually port_is open "$1"
}

# The faulty one anew, which has forgotten all that it was asked for.
server_start()
{
	rm -f "$web/go"
	"${BASH_SOURCE[0]%/*}/pull_server.py" 9443 "$tls/good.pem" "$web" "$server_log" &
	server_pid=$!
	port_opens 9443
}

server_kill()
{
	kill -KILL "$server_pid"
	wait "$server_pid" 2>/dev/null
	server_pid=''
}

# What nginx has been asked until now is in its log when this has: it has one process.
nginx_settle()
{
	local -i n

	n=$(grep -c ' /settle ' "$LAB/nginx/8443.log")
	curl --silent --cacert "$tls/ca.pem" "$good/settle" >/dev/null
	eventually nginx_has_settled "$n"
}

nginx_has_settled()
{
	(($(grep -c ' /settle ' "$LAB/nginx/8443.log") > $1))
}

# nginx_sent PORT PATH: bytes of its body
nginx_sent()
{
	nginx_settle
	awk -v path="$2" '$2 == path { n += $4 } END { print n + 0 }' "$LAB/nginx/$1.log"
}

# nginx_gets PORT PATH: how often it was asked for
nginx_gets()
{
	nginx_settle
	awk -v path="$2" '$2 == path { n++ } END { print n + 0 }' "$LAB/nginx/$1.log"
}

logs_forget()
{
	local log

	for log in "$LAB"/nginx/*.log "$server_log"; do
		: >"$log"
	done
}

# server_sent FILE: bytes; server_gets FILE: where each request for it began
server_sent()
{
	awk -v file="$1" '$1 == "sent" && $2 == file { n += $3 } END { print n + 0 }' "$server_log"
}

server_gets()
{
	awk -v file="$1" '$1 == "get" && $2 == file { print $3 }' "$server_log" | xargs
}

server_has_sent()
{
	(($(server_sent "$1") >= $2))
}

# --- images and the catalogue -----------------------------------------------

# new_image FILE MIB [FORMAT]: an image of bytes that no other has.
new_image()
{
	mkdir -p "${1%/*}"
	head -c "${2}M" /dev/urandom >"$LAB/raw"
	qemu-img convert -f raw -O "${3-qcow2}" "$LAB/raw" "$1"
	rm "$LAB/raw"
}

# publish FOLDER: the digest file of the images in there.
publish()
{
	(cd "$web/$1" && sha512sum -- *.* >SHA512SUMS)
}

# entry NAME LINE...: in the catalogue, in a file of its own; what no LINE sets is as a server of
# the lab has it: FOLDER of the same name, "image.qcow2", SHA512SUMS from the good one.
entry()
{
	local name=$1 lines

	shift
	lines=$(printf '\n%s' "$@")
	mkdir -p "$catalogue"
	{
		echo "[$name]"
		[[ $lines == *$'\n'title\ * ]] || echo "title = $name of the lab"
		[[ $lines == *$'\n'mirrors\ * ]] || echo "mirrors = $good/$name/"
		[[ $lines == *$'\n'file\ * ]] || echo 'file = image.qcow2'
		[[ $lines == *$'\n'digest* ]] ||
			printf '%s\n' "digest_file = $good/$name/SHA512SUMS" 'digest_style = gnu'
		[[ $lines == *$'\n'user\ * ]] || echo 'user = lab'
		echo "$lines"
	} >"$catalogue/$name.conf"
	chmod 644 "$catalogue/$name.conf"
}

# new_entry NAME LINE...: with a new image of 4 MiB behind it.
new_entry()
{
	new_image "$web/$1/image.qcow2" 4
	publish "$1"
	entry "$@"
}

# status_of PID FIELD: from /proc/PID/status
status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

size_of()
{
	stat -c %s "$1"
}

# All that is in the folder of images, a line each, with what it holds.
images_now()
{
	find "$images" -mindepth 1 ! -name .lock ! -path '*/.users*' -printf '%P %m ' \( -type f -exec md5sum {} \; \) | sort
}

# images_unchanged BEFORE
images_unchanged()
{
	local now

	now=$(images_now)
	[[ $now == "$1" ]] || fail "the images have changed:" \
		"$(diff <(echo "$1") <(echo "$now") | grep '^[<>]')"
}

# parts: how many unfinished downloads, drafts and the like there are.
leftovers()
{
	find "$images" -mindepth 1 -name '.*' ! -name .lock ! -name .users -printf '%f\n' | sed -E 's/^(\.[a-z]+-).*/\1/' | xargs
}

# pulled NAME: of the newest image of an entry
pulled()
{
	find "$images" -name "$1-[0-9]*" ! -name '*.conf' -printf '%T@ %f\n' | sort -n |
		sed -nE '$s/^[^ ]* (.*)\.[a-z0-9]+$/\1/p'
}

# named_by OS DAY FILE: what a pull of FILE names its image. DAY is that before the pull began:
# midnight may have passed since.
named_by()
{
	local day short

	short=$(digest_of "$3" | cut -c 1-12)
	for day in "$2" "$(date -u +%Y%m%d)"; do
		[[ -e "$images/$1-$day-$short.qcow2" ]] && break
	done
	echo "$1-$day-$short"
}

# holds NAME FILE: image NAME is FILE, byte by byte.
holds()
{
	local -a files=("$images/$1".*[!f])

	ok cmp "${files[0]}" "$2"
}

# create NAME ADDRESS OPTION...: a VM of an image by name
create()
{
	succeeds create "$1" --pubkey-path "$key.pub" --ip "$2" "${@:3}"
}

# base_of VM: the image that its overlay stands on
base_of()
{
	qemu-img info -U --output=json "$state/vms/$1/disk.qcow2" | jq -r '."backing-filename"'
}

# conf_of IMAGE KEY
conf_of()
{
	sed -n "s/^$2 = //p" "$images/$1.conf"
}

digest_of()
{
	sha512sum <"$1" | cut -d ' ' -f 1
}

# background ARG...: the program; end it by `ended`.  What a shell runs beside itself ignores SIGINT,
# and what nohup(1) runs SIGHUP.
background()
{
	env --default-signal=INT,TERM,HUP "$MNMIVM_SE" --config "$conf" "$@" >"$LAB/background.out" 2>"$LAB/background.err" </dev/null &
	background_pid=$!
}

# ended: as `se` leaves it
ended()
{
	wait "$background_pid" 2>/dev/null
	code=$?
	out=$(<"$LAB/background.out")
	err=$(<"$LAB/background.err")
}

pull_build()
{
	tls_build
	nginx_build
	server_start
	mkdir -p "$catalogue"
	cat >>"$conf" <<-EOF
		catalogue = $catalogue
		ca_file = $tls/ca.pem
		stall_timeout = 2
		pull_tries = 2
		image_max = 64M
	EOF
}

# setting KEY VALUE: of the host's file, from now on
setting()
{
	sed -i "/^$1 = /d" "$conf"
	echo "$1 = $2" >>"$conf"
}

no_image_is_left()
{
	succeeds image prune --all
	is "images" "$(names "$images")" ''
}

pull_build
