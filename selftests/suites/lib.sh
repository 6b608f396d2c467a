# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions that the suites of scripts/check share. A suite is a file in this directory,
# without a dot in its name, that is sourced and has
#
#   about   what is tested, for scripts/check --help
#   order   a number: suites run from the lowest to the highest
#   group   kernel: about a kernel, and run on each that is tested; newest: on the newest
#           one only; once: independent of the kernel; asked: run only if asked for by name
#   needs   what is built before: modules, programs, both or nothing
#   beside  a word: it runs beside the suites before it, and is shown in its turn; suites
#           with the same word run one after another
#   run()   tests, by means of these functions, or of its own by calling pass and fail
#
# run() finds: $repo; $tests, the programs for the box; $logs and $ca, directories; $kernel,
# options for scripts that take a kernel; with modules, $version and $modules, the kernel's
# version and their directory; $timeout in seconds; $memory, options for scripts/box;
# $supported, $second and $newest, series of kernels; $only, the one program that was asked for. Each suite
# runs in a process of its own: one that ends early (set -u is on) has failed. NAME.box is
# executed in a suite's box.

# pass TEXT, fail TEXT: the result of one test
pass()
{
	echo "ok $*"
	passed=$((passed + 1))
}

fail()
{
	echo "not ok $*"
	failed=$((failed + 1))
}

# skip NAME REASON: one test that cannot be run here
skip()
{
	echo "ok $1 # SKIP $2"
	skipped=$((skipped + 1))
}

# box OPTIONS...: on the kernel that is tested; a host for SNP only with --snp, as most tests
# are about SEV and SEV-ES, and mean the same on each kernel
box()
{
	"$repo/scripts/box" "${kernel[@]}" --no-snp ${SEV_SEED:+--env=SEV_SEED} \
		${FUZZ_SECONDS:+--env=FUZZ_SECONDS} "$@"
}

# wanted PROGRAM: is it to run? A single program may have been asked for, by SUITE:PROGRAM.
wanted()
{
	[ -z "$only" ] || [ "${1##*/}" = "$only" ]
}

# program NAME COMMAND...: a test program on this machine, to be piped into shown. The log
# has the seconds that it took.
program()
{
	local TIMEFORMAT='# took %0R s, %0U + %0S s of processors' status

	wanted "$1" || return 0
	echo "# begin $1"
	shift
	{
		time "$@" 2>&1
		status=$?
	} 2>&1
	return $status
}

# tally SUITE LOG: add up the TAP totals. A program that was begun ("# begin NAME")
# and came to no totals has crashed, and counts as one failure. So does a skip without a
# reason; "unknown" is the harness's word for none.
tally()
{
	local counts p f s bare

	# nothing was begun, since another suite's log has the program that was asked for
	[ -z "$only" ] || grep -q '^# begin ' "$2" || return 0
	counts=$(awk '
		function close_program() { if (open) f++; open = 0 }
		/^# begin / { close_program(); open = 1; next }
		/^# Totals: / {
			for (i = 3; i <= NF; i++) { split($i, kv, ":"); n[kv[1]] = kv[2] }
			p += n["pass"] + n["xfail"]; f += n["fail"] + n["error"] + n["xpass"]
			s += n["skip"]; open = 0
		}
		/^ok .*# SKIP/ { if (/# SKIP( unknown)?[[:space:]]*$/) bare++; else reasons++ }
		END {
			close_program()
			if (bare < s - reasons) bare = s - reasons
			print p + 0, f + bare, (s > bare ? s - bare : 0), bare + 0
		}' "$2")
	read -r p f s bare <<<"$counts"
	[ "${bare:-0}" -eq 0 ] || echo "not ok $1: $bare skipped without a reason"
	# a suite that ran nothing at all has not passed
	[ $((p + f + s)) -gt 0 ] || f=1
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	echo "== $1: $p passed, $f failed, $s skipped"
}

# shown SUITE: progress for the reader, everything for the log
shown()
{
	tee "$logs/$1.log" | grep --line-buffered -E '^(# begin|not ok|ok .*# SKIP|# Totals|#.*(:[0-9]+:|Expected)|==)|^[a-z-]+: |^\|'
}

# in_box SUITE OPTIONS... -- PROGRAM...
in_box()
{
	local suite=$1 options=() programs=() program status

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	for program; do
		! wanted "$program" || programs+=("$program")
	done
	rm -f "$logs/$suite.log"
	[ ${#programs[@]} -gt 0 ] || return 0
	# check-long runs on 6.1, too, what is about 6.12 in make check
	if [[ " ${options[*]} " == *" --snp "* && ${version-} == 6.1.* ]]; then
		skip "$suite" "kernel $version cannot be a host for SNP"
		return
	fi
	echo "== $suite: scripts/box ${options[*]}"
	box "${memory[@]}" "${options[@]}" --timeout="$timeout" --ca-dir="$ca" ${SEV_BOX_LOGS:+--log="$SEV_BOX_LOGS/$suite"} -- \
		env PSP_MODULES_DIR="$modules" SEV_MARKS=1 sh "$repo/selftests/suites/programs.box" "$tests" "${programs[@]}" 2>&1 |
		shown "$suite"
	status=${PIPESTATUS[0]}
	tally "$suite" "$logs/$suite.log"
	# the tests may all have passed, and the host have died of it
	if [ "$status" -ge 124 ]; then
		fail "$suite: the box ended with status $status"
	fi
	if grep -sE '^kmemleak: |^ *debug_locks: *0' "$logs/$suite.log"; then
		fail "$suite: the kernel complained, see ${logs#"$repo"/}/$suite.log"
	fi
}

# on_each_api VERSION...: the platform's tests, in a box of its own for each
on_each_api()
{
	local api

	for api; do
		in_box "api-$api" --driver=ours --api="$api" -- "$tests/test_platform"
	done
}

# snp_measured LOG TRANSCRIPT IMAGE WHO: the platform has measured an SNP guest with one vCPU, and
# then one with two, that begin with this firmware image; the owner computes the same
snp_measured()
{
	local log=$1 transcript=$2 image=$3 who=$4

	verdict "$log-1" "$log: what $who measures of one vCPU is the owner's digest" \
		measured_as "$image" 1 1 "$transcript"
	verdict "$log-2" "$log: what $who measures of two vCPUs is the owner's digest" \
		measured_as "$image" 2 2 "$transcript"
	verdict "$log-other" "$log: neither is the other's, by $who" not_measured_as "$image" 1 2 "$transcript"
}

# measured_as IMAGE VCPUS NUMBER TRANSCRIPT: the digest before that LAUNCH_FINISH is the owner's
measured_as()
{
	local digest

	digest=$("$repo/build/box/sevfw" measure --mode=snp --vcpus="$2" "$1" | sed -n 's/^digest *//p')
	echo "the owner's: $digest"
	awk -v number="$3" -v want="$digest" '
		/SNP_LAUNCH_FINISH/ && / SUCCESS / && ++n == number {
			print "measured: " last
			exit !(last == want && want != "")
		}
		match($0, /digest=[0-9a-f]+/) { last = substr($0, RSTART + 7, RLENGTH - 7) }
		END { if (n < number) exit 1 }' "$4"
}

not_measured_as()
{
	measured_as "$1" "$2" "$2" "$4" && ! measured_as "$@"
}

# issued_as PART WHO TRANSCRIPT: the firmware was told what that part of snp-orders.txt says
issued_as()
{
	awk -v part="[$1]" -v who="$2" '
		FNR == NR {
			sub(/#.*/, "")
			if (/^\[/)
				here = $1 == part
			else if (here && ($1 == who || $1 == "both")) {
				times[++wanted] = $2
				want[wanted] = $3 " " $4
			}
			next
		}
		match($0, /([A-Z_]+|\(unknown\)) \(0x[0-9a-f]+\)/) {
			split(substr($0, RSTART, RLENGTH), outcome, /[ ()]+/)
			got = $2 " " outcome[outcome[1] == "" ? 3 : 1]
			if (got != name[runs])
				name[++runs] = got
			count[runs]++
		}
		END {
			for (i = j = 1; j <= wanted; j++) {
				good = times[j] ~ /[+*]/ || times[j] == count[i]
				if (times[j] == "end" ? i > runs : name[i] == want[j] && good) {
					i++
				} else if (times[j] != "*") {
					print "expected: " times[j], want[j] "; there is: " count[i], name[i]
					exit 1
				}
			}
			exit !wanted
		}' "$repo/selftests/suites/snp-orders.txt" "$3"
}

# complaints CONSOLE: of a kernel that is not well, in lines: the program that ran and its
# test's number, as far as marks tell. One line for a test, however much was said.
complaints()
{
	awk -v words="$splat_words" '
		match($0, /sev-test: [^[:space:]]+( [0-9]+)?/) { at = substr($0, RSTART + 10, RLENGTH - 10); next }
		$0 ~ words && !seen[at]++ { print at }' "$1"
}

splat_words='BUG:|BUG at |WARNING: |Oops|general protection|Call Trace|refcount_t|UBSAN|KASAN|KFENCE|INFO: task'
splat_words+='|unchecked MSR access|list_(add|del) corruption|DEBUG_LOCKS_WARN_ON|ODEBUG:|DMA-API: |nobody cared'
splat_words+='|suspicious RCU usage|possible (circular|recursive) lock|inconsistent lock state|double fault|invalid opcode'

# test_name LOG PROGRAM NUMBER: as the harness calls it when it begins
test_name()
{
	awk -v program="$2" -v number="$3" '
		/^# begin / { here = $3 == program; n = 0 }
		here && /^# +RUN / && ++n == number { print $3; exit }' "$1" 2>/dev/null
}

# splats SUITE: what kernels say when they are not well, in any of the suite's boxes; each
# complaint is a failure of the test that ran. A console has the name of the box's log.
splats()
{
	local console program number name

	for console in "$SEV_BOX_LOGS"/*; do
		[ -e "$console" ] || continue
		while read -r program number; do
			name=$(test_name "$logs/${console##*/}.log" "$program" "$number")
			name=${name:-${number:+test $number}}
			fail "$1: the kernel complained${program:+ in $program}${name:+, $name}, see ${console#"$repo"/}"
		done < <(complaints "$console")
	done
}

# box_tests_but NAME...: the paths of all test programs for the box but these
box_tests_but()
{
	local file name

	for file in "$repo"/selftests/box/test_*.c; do
		name=${file##*/test_}
		case " $* " in
		*" ${name%.c} "*) ;;
		*) echo "$tests/test_${name%.c}" ;;
		esac
	done
}

# ours_tests: those that share a box. The others leave other drivers behind than they have
# found, or no file system, and have boxes of their own.
ours_tests()
{
	box_tests_but faults glue hosts initex policy psps ring snp_answers snp_freed snp_kept snp_ours \
		snp_pass snp_reload snp_rmp snp_run snp_shutdown snp_stock snp_swap snp_talk suspend traced
}

# verdict LOG NAME COMMAND...: one test; passes if the command does
verdict()
{
	local log=$1 name=$2

	shift 2
	if "$@" >"$logs/$log.log" 2>&1; then
		pass "$name"
	else
		fail "$name, see ${logs#"$repo"/}/$log.log"
	fi
}

# leaks_in_box SUITE DRIVER: a choice of tests on a kernel that has kmemleak, which is then on
leaks_in_box()
{
	in_box "$1" --driver="$2" --append=kmemleak=on -- "$tests"/test_{launch,platform,guest_cmds,leaks,unload}
	if ! grep -q '^kmemleak has looked$' "$logs/$1.log"; then
		fail "$1: kmemleak was off"
	fi
}

# on_kernel SUITE KERNEL SUITES...: SUITE is these on that kernel. A machine whose own kernel is
# the newest of those that are supported may not be able to get another.
on_kernel()
{
	local suite=$1 version=$2 dir counts p f s

	shift 2
	# without a suite, scripts/check would run all, this one among them
	[ $# -gt 0 ] || return 0
	dir=$("$repo/scripts/fetch-kernel" "$version" 2>"$logs/$suite.log") || {
		echo "== $suite: $version"
		if [ "$version" = "$newest" ]; then
			fail "$suite: there is no kernel $version here, and none to be had"
		else
			skip "$suite" "$(tail -n 1 "$logs/$suite.log")"
		fi
		return
	}
	echo "== $suite: ${dir##*/}"
	"$repo/scripts/check" --kernel="${dir##*/}" --logs="$logs/$suite" "$@" >"$logs/$suite.log" 2>&1
	counts=$(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$logs/$suite.log")
	sed '$d' "$logs/$suite.log"
	read -r p f s <<<"${counts:-0 1 0}"
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	echo "== $suite: $p passed, $f failed, $s skipped"
}
