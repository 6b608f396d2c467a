# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that are tests: TAP on standard output. To be sourced, with $work set to
# a directory; what a command says is in $work/log while the next one has not begun.

: "${work:?}"
# messages of other programs are looked at, and some of those speak the user's language
export LC_ALL=C.UTF-8
unset LANGUAGE
tap_number=0 tap_failed=0 tap_skipped=0

# verdict NAME COMMAND...: passes if the command does; what it says is shown if not, and
# the status says so, too
verdict()
{
	local name=$1

	shift
	tap_number=$((tap_number + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $tap_number $name"
	else
		echo "not ok $tap_number $name"
		sed 's/^/#  /' "$work/log"
		tap_failed=$((tap_failed + 1))
		return 1
	fi
}

# skip NAME REASON
skip()
{
	tap_number=$((tap_number + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_number $1 # SKIP $2"
}

# mounting NAME COMMAND...: a verdict on a command that mounts what nobody else sees; skipped
# where that is forbidden
mounting()
{
	if has_namespaces; then
		verdict "$@"
	else
		skip "$1" "this user may not mount anything, or have a name space to do it in"
	fi
}

# says TEXT COMMAND...: it must fail, in one line that has TEXT in it
says()
{
	local text=$1

	shift
	! "$@" >"$work/said" 2>&1 || return 1
	cat "$work/said"
	grep -qF "$text" "$work/said" && [ "$(wc -l <"$work/said")" -eq 1 ]
}

# on_full_disk DIRECTORY COMMAND...: with a file system there that has 256 KiB
on_full_disk()
{
	local dir=$1

	shift
	mkdir -p "$dir"
	# shellcheck disable=SC2016 # for that shell
	unshare --mount --map-root-user sh -c 'dir=$1; shift
		mount -t tmpfs -o size=256k none "$dir" && "$@"
		status=$?
		[ -z "$(find "$dir" -type f)" ] || { echo "files were made" >&2; status=0; }
		exit $status' sh "$dir" "$@"
}

# has_namespaces: can this user mount something that nobody else sees? Some machines, and
# container engines, forbid it.
has_namespaces()
{
	unshare --mount --map-root-user mount -t tmpfs none "$work" 2>/dev/null
}

# mounted_below DIRECTORY: the places, the last one first
mounted_below()
{
	local at

	tac /proc/self/mountinfo | while read -r _ _ _ _ at _; do
		printf -v at %b "$at"
		[[ $at != "$1"/* ]] || printf '%s\n' "$at"
	done
}

# remove_all DIRECTORY: with its content. Mounts below it are undone before, and if
# that fails nothing is removed, since it may be this machine's own /dev.
remove_all()
{
	local dir at

	dir=$(cd "${1:?}" && pwd -P) || return
	mounted_below "$dir" | while IFS= read -r at; do
		umount -l -- "$at"
	done
	if [ -n "$(mounted_below "$dir")" ]; then
		echo "$dir is left, since something is mounted in it." >&2
		return 1
	fi
	rm -rf --one-file-system -- "$dir"
}

# take_kernels FROM TO: the directory build/kernel, for a copy of the repository. Kernels are
# large and nobody writes to them, so that the files are the same. fetch-kernel writes to those
# that only it knows; they are copied. Downloads that have not ended are left out.
take_kernels()
{
	local file

	mkdir -p "$2" || return
	for file in "$1"/* "$1"/.[!.]*; do
		case ${file##*/} in
		.fetch.* | .new.* | '*' | '.[!.]*') continue ;;
		esac
		cp -al "$file" "$2/" || return
	done
	for file in "$2"/.[!.]* "$2"/*/.suite; do
		[ ! -f "$file" ] || cp -p --remove-destination "$1${file#"$2"}" "$file" || return
	done
}

# patiently SECONDS COMMAND...: on a quiet machine it has that time, otherwise longer
patiently()
{
	local seconds=$1

	shift
	timeout $((seconds * ${SEV_PATIENCE:-1})) "$@"
}

# totals: the last line, and whether all is well
totals()
{
	echo "1..$tap_number"
	echo "# Totals: pass:$((tap_number - tap_failed - tap_skipped)) fail:$tap_failed" \
		"xfail:0 xpass:0 skip:$tap_skipped error:0"
	[ "$tap_failed" -eq 0 ]
}
