# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts whose results go into the documentation. To be sourced, with $repo set to the
# repository.

# tested_commit: what is tested, with a + if that is not all of it
tested_commit()
{
	local name

	name=$(git -C "${repo:?}" rev-parse --short=12 HEAD 2>/dev/null) || {
		echo "version-$(cat "$repo/VERSION")"
		return
	}
	git -C "$repo" diff --quiet HEAD 2>/dev/null || name+=+
	echo "$name"
}

# record_between BEGIN END PAGE: what stands between these two lines of PAGE becomes standard
# input. Exit status 1, and PAGE as it was, unless it has each of them once, in this order.
record_between()
{
	local new

	if [ "$(grep -xF -e "$1" -e "$2" -- "$3")" != "$1"$'\n'"$2" ]; then
		echo "${0##*/}: $3 has no marks of the table, $1 and $2." >&2
		return 1
	fi
	new=$(mktemp) || return
	if {
		awk -v begin="$1" '{ print } $0 == begin { exit }' "$3" && cat &&
			awk -v end="$2" '$0 == end { on = 1 } on' "$3"
	} >"$new"; then
		cat "$new" >"$3" && rm "$new"
	else
		rm "$new"
		return 1
	fi
}

# keeps_runs TOLD RESULTS PAGE: are the TOLD runs of PAGE not more than RESULTS has lines? Those of
# another checkout would be lost.
keeps_runs()
{
	local here

	here=$(wc -l <"$2")
	[ "${1:-0}" -gt "$here" ] || return 0
	echo "${0##*/}: ${3##*/} tells of $1 runs, ${2#"$repo/"} of $here. Append the results of the checkout that has made the others, or take those out of the page." >&2
	return 1
}

# record_line BEGIN REST PAGE: the line of PAGE that begins with BEGIN ends with REST
record_line()
{
	if ! grep -q "^$1" "$3"; then
		echo "${0##*/}: $3 has no line that begins with \"$1\"." >&2
		return 1
	fi
	sed -i "s|^$1.*|$1$2|" "$3"
}
