# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that are tests: TAP on standard output. To be sourced, with $work set to
# a directory; what a command says is in $work/log while the next one has not begun.

: "${work:?}"
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
