# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of mnmivm-se for bash; tests/guards/test_completion holds it against the program.

# The commands, their verbs, and the options of each; "-" has those that go with every command.
declare -gA _mnmivm_se_options=(
	[-]='--config --state-dir --format -q --quiet -v --verbose -h --help -V --version'
	[create]='--os --no-pull --image --pubkey-path --ip --gateway --dns --search --mac --bridge --vlan --trunk
		--mtu --guard --isolated --rate --queues --vhost --nic --user --memory --cpus --disk --extra-disk --accel --cpu --cpu-pin --nice --machine --kernel
		--initrd --append --firmware --hugepages --vnc --user-data --network-config --start --wait --timeout --dry-run'
	[start]='--all --paused --no-probe --wait --timeout --dry-run'
	[run]='--no-probe'
	[stop]='--all -f --force --timeout'
	[restart]='--all -f --force --timeout'
	[pause]='--all'
	[resume]='--all'
	[status]=''
	[list]=''
	[show]=''
	[set]=''
	[wait]='--for --timeout'
	[update-cloud]='--pubkey-path --ip --gateway --dns --user-data --network-config'
	[seed]=''
	[delete]='-y --yes -f --force'
	[console]=''
	[logs]='-f --follow --qemu --console'
	[show-cmd]=''
	[image]=''
	['image list']='--local --available'
	['image pull']=''
	['image import']='--digest --user --profile --firmware --min-disk --cpu-level'
	['image show']=''
	['image verify']=''
	['image prune']='--all --dry-run'
	['image remove']='-f --force'
	[net]=''
	['net show']=''
	['net repair']='--dry-run'
	[doctor]='--fix -y --yes --bridge-setup --for'
	[help]=''
	[version]=''
)

# Options with a value, and the words that the value may be; '' is free text, FILE a file,
# FOR what the command at hand takes.
declare -gA _mnmivm_se_values=(
	[--config]=FILE
	[--state-dir]=DIR
	[--format]='table json'
	[--os]=ANY_IMAGE
	[--image]=FILE
	[--pubkey-path]=FILE
	[--ip]='dhcp none'
	[--gateway]='none'
	[--dns]='none'
	[--search]=''
	[--user]=''
	[--mac]=''
	[--bridge]=BRIDGE
	[--mtu]=''
	[--vlan]=''
	[--trunk]=''
	[--guard]='mac ip off'
	[--rate]=''
	[--queues]='auto'
	[--nic]=''
	[--vhost]='auto on off'
	[--memory]=''
	[--cpus]=''
	[--disk]=''
	[--extra-disk]=''
	[--accel]='kvm tcg'
	[--cpu]=''
	[--cpu-pin]=''
	[--nice]=''
	[--machine]='q35 microvm'
	[--firmware]='bios uefi'
	[--kernel]=FILE
	[--initrd]=FILE
	[--append]=''
	[--vnc]='unix off'
	[--user-data]=FILE
	[--network-config]=FILE
	[--digest]=''
	[--profile]='default alpine nuageinit'
	[--min-disk]=''
	[--cpu-level]=''
	[--timeout]=''
	[--for]=FOR
	[--bridge-setup]=LINK
)

# These take their value only behind '='.
declare -gA _mnmivm_se_attached=(
	[--wait]='ip ssh cloud-init'
	[--hugepages]='2M 1G'
)

# What follows a command besides options: VM once or VMS, words, or nothing.
declare -gA _mnmivm_se_arguments=(
	[start]=VMS
	[run]=VM
	[stop]=VMS
	[restart]=VMS
	[pause]=VMS
	[resume]=VMS
	[status]=VM
	[show]=VM
	[set]='VM KEYS'
	[wait]=VM
	[update-cloud]=VM
	[seed]='VM user-data meta-data network-config'
	[delete]=VMS
	[console]=VM
	[logs]=VM
	[show-cmd]=VM
	[image]='import list prune pull remove show verify'
	[net]='show repair'
	[doctor]=''
	[help]=COMMAND
)

# The keys of set; those of further NICs begin with nic.N.
_mnmivm_se_keys="accel= allow_missing= append= bridge= cpu= cpu_max= cpu_pin= cpu_weight= cpus= dns=
	firmware= gateway6= gateway= guard= hugepages= initrd= io_max= io_weight= ip= isolated=
	kernel= mac= machine= memory= memory_max= more_ip= mtu= nice= pids_max= protect= queues=
	rate= search= stop_timeout= trunk= user= vhost= vlan= vnc="

# The program with the --config and --state-dir that the line has, so that its VMs are offered.
_mnmivm_se_ask()
{
	"${words[0]}" "${globals[@]}" -q "$@" 2>/dev/null
}

_mnmivm_se_commands()
{
	local name

	for name in "${!_mnmivm_se_options[@]}"; do
		[[ $name == - || $name == *' '* ]] || printf '%s\n' "$name"
	done
}

_mnmivm_se_reply()
{
	local line

	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <(compgen "$@")
}

_mnmivm_se_value()
{
	case $1 in
	FILE) compopt -o filenames && _mnmivm_se_reply -f -- "$2" ;;
	FOR)
		if [[ $command == doctor ]]; then
			_mnmivm_se_reply -W 'debian alpine netplan nm networkd' -- "$2"
		else
			_mnmivm_se_reply -W 'ip ssh cloud-init stopped' -- "$2"
		fi
		;;
	DIR) compopt -o filenames && _mnmivm_se_reply -d -- "$2" ;;
	LINK)
		local links=(/sys/class/net/*)

		_mnmivm_se_reply -W "${links[*]##*/}" -- "$2"
		;;
	IMAGE) _mnmivm_se_reply -W "$(_mnmivm_se_ask image list --local)" -- "$2" ;;
	ENTRY) _mnmivm_se_reply -W "$(_mnmivm_se_ask image list --available)" -- "$2" ;;
	ANY_IMAGE)
		_mnmivm_se_value IMAGE "$2"
		_mnmivm_se_value ENTRY "$2"
		;;
	BRIDGE)
		local bridges=(/sys/class/net/*/bridge)

		bridges=("${bridges[@]%/bridge}")
		_mnmivm_se_reply -W "${bridges[*]##*/}" -- "$2"
		;;
	*) _mnmivm_se_reply -W "$1" -- "$2" ;;
	esac
}

# $1 is what may follow the command, $2 how many arguments there are, $3 the word so far.
_mnmivm_se_argument()
{
	case $1 in
	'VM KEYS')
		if ((!$2)); then
			_mnmivm_se_reply -W "$(_mnmivm_se_ask list)" -- "$3"
		else
			compopt -o nospace
			_mnmivm_se_reply -W "$_mnmivm_se_keys" -- "$3"
		fi
		;;
	VM | 'VM '*)
		if ((!$2)); then
			_mnmivm_se_reply -W "$(_mnmivm_se_ask list)" -- "$3"
		elif (($2 == 1)); then
			_mnmivm_se_reply -W "${1#VM}" -- "$3"
		fi
		;;
	VMS) _mnmivm_se_reply -W "$(_mnmivm_se_ask list)" -- "$3" ;;
	COMMAND) ((!$2)) && _mnmivm_se_reply -W "$(_mnmivm_se_commands)" -- "$3" ;;
	'import '*)
		if ((!$2)); then
			_mnmivm_se_reply -W "$1" -- "$3"
		elif [[ $verb == remove || $verb == verify ]]; then
			_mnmivm_se_value IMAGE "$3"
		elif [[ $verb == pull ]]; then
			_mnmivm_se_value ENTRY "$3"
		elif [[ $verb == show ]] && (($2 == 1)); then
			_mnmivm_se_value ANY_IMAGE "$3"
		elif [[ $verb == import ]] && (($2 == 1)); then
			_mnmivm_se_value FILE "$3"
		fi
		;;
	'show '*)
		if ((!$2)); then
			_mnmivm_se_reply -W "$1" -- "$3"
		elif [[ $verb == repair ]]; then
			_mnmivm_se_reply -W "$(_mnmivm_se_ask list)" -- "$3"
		elif [[ $verb == show ]] && (($2 == 1)); then
			_mnmivm_se_value BRIDGE "$3"
		fi
		;;
	esac
}

_mnmivm_se()
{
	# readline breaks --name=value into three words: put them together again
	local words=() word i cur command='' verb='' count=0 globals=() option=''

	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i && ${#words[@]})) && { [[ $word == '=' && ${words[-1]} == --* ]] ||
			[[ ${words[-1]} == --*= ]]; }; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	cur=${words[-1]}
	COMPREPLY=()
	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ $option ]]; then
			[[ $option == --config || $option == --state-dir ]] && globals+=("$option" "$word")
			option=''
		elif [[ $word == --config=* || $word == --state-dir=* ]]; then
			globals+=("$word")
		elif [[ $word == -* ]]; then
			[[ ${_mnmivm_se_values[$word]+set} ]] && option=$word
		elif [[ ! $command ]]; then
			command=$word
		else
			((count++)) || verb=$word
		fi
	done
	[[ $command == ls ]] && command=list
	[[ $command == image && $verb == ls ]] && verb=list
	[[ $command == image && $verb == rm ]] && verb=remove
	if [[ $option ]]; then
		_mnmivm_se_value "${_mnmivm_se_values[$option]}" "$cur"
	elif [[ $cur == --*=* ]]; then
		option=${cur%%=*}
		_mnmivm_se_value "${_mnmivm_se_values[$option]-${_mnmivm_se_attached[$option]-}}" "${cur#*=}"
	elif [[ $cur == -* ]]; then
		word=$command
		[[ $verb && ${_mnmivm_se_options[$command $verb]+set} ]] && word+=" $verb"
		_mnmivm_se_reply -W "${_mnmivm_se_options[-]} ${word:+${_mnmivm_se_options[$word]-}}" -- "$cur"
	elif [[ ! $command ]]; then
		_mnmivm_se_reply -W "$(_mnmivm_se_commands) ls" -- "$cur"
	else
		_mnmivm_se_argument "${_mnmivm_se_arguments[$command]-}" "$count" "$cur"
	fi
}

complete -F _mnmivm_se mnmivm-se
