#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the tests beside it on this host, and says in TAP what became of them.

usage()
{
	cat <<END
Usage: run_kselftest.sh [--list] [--destructive] [TEST...]

Runs TESTs, by default all that are in this directory, as root on a SEV host whose
drivers are loaded. It is safe for what runs there: guests of its own come and go, the
platform keeps its keys and its owner, the drivers stay. What needs more is skipped,
and so is what this host cannot do; each skip has its reason.

  --list         name the tests
  --destructive  also those that give the platform a new identity: its PEK and PDH
                 change, and its owner is forgotten

Output is TAP, with each test's own TAP behind "# ". Exit status: 0 if none has
failed, 1 if one has, 4 if there is nothing to test on this host.
END
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit
		;;
	-l | --list)
		cd "$(dirname "$0")" && ls test_*
		exit
		;;
	--destructive)
		SEV_TEST_DESTRUCTIVE=1
		export SEV_TEST_DESTRUCTIVE
		;;
	-*)
		echo "run_kselftest.sh: unknown option $1, see --help." >&2
		exit 2
		;;
	*) break ;;
	esac
	shift
done

cd "$(dirname "$0")" || exit 1
[ $# -gt 0 ] || set -- test_*
echo "TAP version 13"
if [ ! -c /dev/sev ]; then
	echo "1..0 # SKIP there is no /dev/sev: no SEV here, or its driver is not loaded"
	exit 4
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failed=0
echo "1..$#"
for test; do
	number=$((number + 1))
	name="selftests: sev-fw: $test"
	"./$test" >"$log" 2>&1
	sed 's/^/# /' "$log"
	case $(sed -n 's/^# Totals: pass:\([0-9]*\) fail:\([0-9]*\) .* error:\([0-9]*\)$/\1 \2 \3/p' "$log") in
	'0 0 0')
		# why, in the words of the first
		echo "ok $number $name # SKIP $(sed -n '/^ok /s/.* # SKIP //p' "$log" | head -n 1)"
		;;
	*' 0 0') echo "ok $number $name" ;;
	*)
		echo "not ok $number $name"
		failed=$((failed + 1))
		;;
	esac
done
[ "$failed" -eq 0 ]
