# SPDX-License-Identifier: GPL-2.0
#
# Turns a transcript of the software PSP into the events of replay.pml: line,
# command, guest, ASID, status; the last by its number, or 99 for any other refusal. Guests are
# numbered from 1 as they come, legacy ones and those of SNP apart; a number is used
# again as soon as its guest is gone.

BEGIN {
	code_of["SUCCESS"] = 0
	code_of["INACTIVE"] = 8
	code_of["ASID_OWNED"] = 12
	code_of["WBINVD_REQUIRED"] = 14
	code_of["DF_FLUSH_REQUIRED"] = 15
	code_of["INVALID_GUEST"] = 16
	code_of["ACTIVE"] = 18
}

function value(key,	i) {
	for (i = 3; i <= NF; i++)
		if (index($i, key "=") == 1)
			return substr($i, length(key) + 2)
	return ""
}

# The lowest number that is free.
function slot_new(key, base,	i) {
	for (i = 1; used[base + i]; i++)
		;
	if (i > (base ? snp : legacy)) {
		print FILENAME ": more guests at once than the model has" >"/dev/stderr"
		exit bad = 1
	}
	used[base + i] = 1
	slot[key] = base + i
}

function all_gone(	key) {
	for (key in slot)
		delete slot[key]
	split("", used)
}

function event(cmd, user, asid, status) {
	print FNR, cmd, user, asid + 0, status
	count++
}

!/^0x/ { next }

{
	code = $(NF - 1) in code_of ? code_of[$(NF - 1)] : 99
	id = $2
	key = value("handle") != "" ? "h" value("handle") : "g" value("gctx")
	base = key ~ /^g/ ? legacy : 0
}

id == "INIT" || id == "INIT_EX" {
	if (code == 0)
		all_gone()
	event(1, 0, 0, code)
}
id == "SHUTDOWN" { if (code == 0) all_gone(); event(2, 0, 0, code) }
id == "DF_FLUSH" || id == "SNP_DF_FLUSH" { event(10, 0, 0, code) }
id == "LAUNCH_START" || id == "RECEIVE_START" || id == "SNP_GCTX_CREATE" {
	if (code == 0)
		slot_new(key, base)
	else
		slot[key] = 0
	# a refusal may be about the guest whose key is to be shared
	event(48, code ? 0 : slot[key], 0, code ? 99 : 0)
}
id == "ACTIVATE" || id == "SNP_ACTIVATE" {
	if (slot[key])
		event(33, slot[key], value("asid"), code)
}
id == "DEACTIVATE" { if (slot[key]) event(34, slot[key], 0, code) }
id == "LAUNCH_FINISH" || id == "RECEIVE_FINISH" {
	if (slot[key] && code == 0)
		event(53, slot[key], 0, code)
}
id == "DECOMMISSION" || id == "SNP_DECOMMISSION" {
	if (slot[key]) {
		event(32, slot[key], 0, code)
		if (code == 0) {
			used[slot[key]] = 0
			delete slot[key]
		}
	}
}

END {
	if (!bad && count < 5) {
		print FILENAME ": no guests are in it" >"/dev/stderr"
		bad = 1
	}
	exit bad
}
