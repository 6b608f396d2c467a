/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firmware, as far as ASIDs go, and the processors' caches.
 *
 * On each core complex, here on each processor, an ASID is dirty (caches may hold lines under
 * its old key), clean, or bound; a bound one is allocated until its guest may run, and used
 * from then on. Each processor has a flag "has executed WBINVD", which INIT takes back, and
 * the unbinding of a guest that may have run. The order of a command's checks is the
 * firmware's.
 *
 * A command is one step, since the mailbox takes one at a time. FAULT stands for any refusal
 * that has to do with something else than ASIDs; it may come at any time. A guest is named
 * by the number of its user, who has one at a time.
 */
#ifndef ASIDS
#define ASIDS	3		/* numbered from 1; KVM has all but the last one */
#endif
#ifndef VMS
#define VMS	3
#endif
#ifndef CPUS
#define CPUS	2
#endif
#ifndef SNP_VMS
#define SNP_VMS	1		/* the last ones of the VMs */
#endif
#define SECOND_USER	(VMS + 1)
#define USERS		(VMS + 1)
#define ALL_CPUS	((1 << CPUS) - 1)
#define IS_SNP(user)	((user) > VMS - SNP_VMS && (user) <= VMS)

/* A number that the run is given in its environment, 0 by default. */
#define SETTING(name)	c_code { now.name = getenv(#name) ? atoi(getenv(#name)) : 0; }

byte vms;			/* so many of them take part, the last ones */
bool alone;			/* without a second user */

/* Commands, by the firmware's numbers; those of SNP that do the same have the same here. */
#define INIT		1
#define SHUTDOWN	2
#define DF_FLUSH	10
#define DECOMMISSION	32
#define ACTIVATE	33
#define DEACTIVATE	34
#define START		48
#define FINISH		53

/* Statuses, by the firmware's numbers */
#define SUCCESS			0
#define INVALID_PLATFORM_STATE	1
#define INACTIVE		8
#define ASID_OWNED		12
#define WBINVD_REQUIRED		14
#define DF_FLUSH_REQUIRED	15
#define INVALID_GUEST		16
#define ACTIVE			18
#define FAULT			99

/* Guests */
#define GONE		0
#define LAUNCHING	1
#define RUNNING		2

bool fw_up;
byte fw_guest[USERS + 1];
byte fw_asid[USERS + 1];
byte fw_owner[ASIDS + 1];	/* user whose guest is bound to it, or 0 */
byte fw_dirty[ASIDS + 1];	/* one bit for each processor, as below */
byte flushed;			/* "has executed WBINVD" */

/* No part of any firmware: caches that hold lines under the ASID's last key. */
byte lines[ASIDS + 1];

inline fw_reset(mask)
{
	i = 1;
	do
	:: i <= ASIDS -> fw_dirty[i] = mask; fw_owner[i] = 0; i++
	:: else -> break
	od;
	i = 1;
	do
	:: i <= USERS -> fw_guest[i] = GONE; fw_asid[i] = 0; i++
	:: else -> break
	od;
	flushed = 0;
	i = 0
}

/* What processors have written back is clean, even if others have not. */
inline fw_df_flush()
{
	i = 1;
	do
	:: i <= ASIDS -> fw_dirty[i] = fw_dirty[i] & (ALL_CPUS - flushed); i++
	:: else -> break
	od;
	i = 0;
	status = (flushed == ALL_CPUS -> SUCCESS : WBINVD_REQUIRED)
}

inline fw_activate(user, a)
{
	if
	:: fw_owner[a] -> status = ASID_OWNED
	:: !fw_owner[a] && fw_asid[user] -> status = ACTIVE
	:: !fw_owner[a] && !fw_asid[user] && fw_dirty[a] -> status = DF_FLUSH_REQUIRED
	:: else ->
		/* all of this is for the sake of that */
		assert(!lines[a]);
		fw_asid[user] = a;
		fw_owner[a] = user
	fi
}

/* A guest that could run has left its lines everywhere, and a WBINVD meanwhile is void. */
inline fw_unbind(user)
{
	if
	:: fw_guest[user] == RUNNING ->
		flushed = 0;
		fw_dirty[fw_asid[user]] = ALL_CPUS;
		lines[fw_asid[user]] = ALL_CPUS
	:: else
	fi;
	fw_owner[fw_asid[user]] = 0;
	fw_asid[user] = 0
}

inline fw_deactivate(user)
{
	if
	:: !fw_asid[user] -> status = INACTIVE
	:: else -> fw_unbind(user)
	fi
}

/* Only that of SNP unbinds the guest, too. */
inline fw_decommission(user)
{
	if
	:: fw_asid[user] && !IS_SNP(user) -> status = ACTIVE
	:: else ->
		if
		:: fw_asid[user] -> fw_unbind(user)
		:: else
		fi;
		fw_guest[user] = GONE
	fi
}

inline fw_guest_command(cmd, user, a)
{
	if
	:: !fw_guest[user] -> status = INVALID_GUEST
	:: else ->
		if
		:: cmd == ACTIVATE -> fw_activate(user, a)
		:: cmd == DEACTIVATE -> fw_deactivate(user)
		:: cmd == FINISH -> fw_guest[user] = RUNNING
		:: else -> fw_decommission(user)
		fi
	fi
}

/* Answers in status; needs byte i of the process, which is 0 before and after. */
inline firmware(cmd, user, a)
{
	d_step {
		status = SUCCESS;
		if
		:: cmd == INIT ->
			if
			:: fw_up -> status = INVALID_PLATFORM_STATE
			:: else -> fw_reset(ALL_CPUS); fw_up = true
			fi
		:: cmd == SHUTDOWN -> fw_reset(0); fw_up = false
		:: cmd == DF_FLUSH -> fw_df_flush()
		:: !fw_up && cmd != INIT && cmd != SHUTDOWN && cmd != DF_FLUSH ->
			status = INVALID_PLATFORM_STATE
		:: fw_up && cmd == START ->
			/* an SNP guest may run as soon as it is bound */
			fw_guest[user] = (IS_SNP(user) -> RUNNING : LAUNCHING)
		:: else -> fw_guest_command(cmd, user, a)
		fi;
		i = 0
	}
}

/* Lines of a guest that may be running come back at once. */
inline wbinvd(processor)
{
	d_step {
		flushed = flushed | (1 << processor);
		i = 1;
		do
		:: i <= ASIDS -> lines[i] = lines[i] & ~(1 << processor); i++
		:: else -> break
		od;
		i = 0
	}
}

/*
 * Between two of these a process is one step: all that it does there is its own, or under
 * a lock.
 */
chan pause = [0] of { bit };
#define OTHERS_MAY_RUN()	pause ! 1

active proctype pauses()
{
end:	do
	:: pause ? _
	od
}
