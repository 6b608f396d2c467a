# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests of sevfw. To be sourced, with $repo and $work set.

: "${repo:?}" "${work:?}"

# follows_schema SUBCOMMAND FILE: are these facts, an object or one on each line, as
# Documentation/sevfw-json.md says?
follows_schema()
{
	jq -r --arg sub "$1" --rawfile doc "$repo/Documentation/sevfw-json.md" \
		-f "$repo/selftests/sevfw/schema.jq" "$2" >"$work/faults" || return
	sed "s/^/$1: /" "$work/faults"
	[ ! -s "$work/faults" ] && [ -s "$2" ]
}
