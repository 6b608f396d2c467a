# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that run boxes. A script that gets a signal which its children do not get, as from
# kill, must end them, since a box would go on for its whole time limit. To be sourced, with
# $work set to a directory that is removed at the end.

: "${work:?}"

# run_child COMMAND...: as if in the foreground; bash would not see a signal before its end
run_child()
{
	"$@" <&0 &
	wait $!
}

end_children()
{
	local children

	mapfile -t children < <(jobs -pr)
	[ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || :
	wait
	rm -rf "$work"
}

trap end_children EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 131' QUIT
trap 'exit 143' TERM
