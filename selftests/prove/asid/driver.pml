/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules of psp/submit.c, execute.c, platform.c and asid.c, under the names that they have
 * there. Included by ours.pml, where all orders of events are tried, and by replay.pml, where
 * a real run must be one of them.
 *
 * BROKEN(RULE) is true in the mutant that lacks the rule, one at a time. Each of them must
 * be refuted; scripts/prove reads their names from here.
 */
byte mutant;
#define BROKEN(rule)	(mutant == rule)

#define FLUSH_BEFORE_BIND	1	/* ACTIVATE of a dirty ASID flushes first */
#define WBINVD_IF_REQUIRED	2	/* WBINVD follows WBINVD_REQUIRED */
#define WBINVD_EVERYWHERE	3	/* on each processor */
#define FLUSH_AFTER_WBINVD	4	/* and then DF_FLUSH is tried again */
#define WBINVD_ONLY_IF_REQUIRED	5	/* no WBINVD is paid that is not needed */
#define LOCK_OVER_FLUSH		6	/* the lock covers DF_FLUSH, WBINVD, DF_FLUSH */
#define LOCK_OVER_DEACTIVATE	7	/* DEACTIVATE takes the lock, too */
#define LOCK_OVER_START		8	/* START and ACTIVATE are one unit */
#define DECOMMISSION_UNBOUND	9	/* a guest that cannot be bound is decommissioned */
#define DIRTY_AFTER_UNBIND	10	/* an ASID is dirty after DEACTIVATE */
#define DIRTY_AFTER_DESTROY	11	/* and after the DECOMMISSION of an SNP guest */
#define DIRTY_AFTER_INIT	12	/* all are after INIT */
#define CLEAN_AFTER_FLUSH	13	/* dirty ones are free after DF_FLUSH */
#define CLEAN_ONLY_DIRTY	14	/* bound ones are not */
#define ONLY_SUCCESS_COUNTS	15	/* a command that was refused has changed nothing */
#define KEEP_GUESTS		16	/* no SHUTDOWN while there are guests */
#define COUNT_GUESTS		17	/* a guest counts from START until DECOMMISSION */
#define BRING_UP		18	/* START on a platform that is down initialises it */

#define FREE	0
#define DIRTY	1
#define BOUND	2

bool psp_lock;
bool psp_up;
byte psp_guests;
byte psp_state[ASIDS + 1] = DIRTY;
byte psp_guest[ASIDS + 1];	/* that the ASID is bound to */

/* No part of the driver; needed to say what must be true of it. */
byte starting;			/* this user's guest has been started, and not been bound yet */
bool required;			/* WBINVD, as the firmware has just said */

/* What the driver believes, against what is: whenever it lets go of the lock. */
inline check_knowledge()
{
	d_step {
		assert(psp_up == fw_up);
		n = 0;
		i = 1;
		do
		:: i <= USERS -> n = n + (fw_guest[i] != GONE); i++
		:: else -> break
		od;
		assert(psp_guests == n);
		i = 1;
		do
		:: i <= ASIDS ->
			assert((psp_state[i] == BOUND) == (fw_owner[i] != 0));
			assert(psp_guest[i] == fw_owner[i]);
			assert(!fw_up || psp_state[i] != FREE || !fw_dirty[i]);
			i++
		:: else -> break
		od;
		i = 0;
		n = 0
	}
}

inline lock()
{
	atomic { !psp_lock -> psp_lock = true }
}

inline unlock()
{
	atomic {
		check_knowledge();
		psp_lock = false
	}
}

inline mark_all_dirty(state)
{
	i = 1;
	do
	:: i <= ASIDS -> psp_state[i] = state; psp_guest[i] = 0; i++
	:: else -> break
	od;
	i = 0
}

/* A successful flush leaves none that would cost another one. */
inline mark_clean()
{
	i = 1;
	do
	:: i <= ASIDS ->
		if
		:: psp_state[i] == DIRTY && !BROKEN(CLEAN_AFTER_FLUSH) -> psp_state[i] = FREE
		:: psp_state[i] == BOUND && BROKEN(CLEAN_ONLY_DIRTY) -> psp_state[i] = FREE
		:: else
		fi;
		assert(status != SUCCESS || psp_state[i] != DIRTY);
		i++
	:: else -> break
	od;
	i = 0
}

inline mark_unbound(user, state)
{
	i = 1;
	do
	:: i <= ASIDS ->
		if
		:: psp_state[i] == BOUND && psp_guest[i] == user ->
			psp_state[i] = state;
			psp_guest[i] = 0
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

/* The driver's knowledge follows a command that has succeeded. */
inline apply_then(cmd, user, a)
{
	if
	:: cmd == INIT || cmd == SHUTDOWN ->
		psp_up = (cmd == INIT);
		psp_guests = 0;
		mark_all_dirty((BROKEN(DIRTY_AFTER_INIT) -> FREE : DIRTY))
	:: cmd == START -> psp_guests = psp_guests + !BROKEN(COUNT_GUESTS)
	:: cmd == DECOMMISSION ->
		psp_guests = psp_guests - (psp_guests > 0);
		mark_unbound(user, (BROKEN(DIRTY_AFTER_DESTROY) -> FREE : DIRTY))
	:: cmd == ACTIVATE -> psp_state[a] = BOUND; psp_guest[a] = user
	:: cmd == DEACTIVATE -> mark_unbound(user, (BROKEN(DIRTY_AFTER_UNBIND) -> FREE : DIRTY))
	:: cmd == DF_FLUSH -> mark_clean()
	:: else
	fi
}

/* MAILBOX() is what the including file makes of it. */
inline ask(cmd, user, a)
{
	/* a unit is one: nothing else comes in between but a flush */
	assert(!starting || cmd == DF_FLUSH || user == starting);
	MAILBOX(cmd, user, a);
	required = (status == WBINVD_REQUIRED);
	d_step {
		if
		:: status == SUCCESS || BROKEN(ONLY_SUCCESS_COUNTS) -> apply_then(cmd, user, a)
		:: else
		fi
	}
}

/*
 * psp_execute() of DF_FLUSH: one command, and a WBINVD in the middle of it. No other
 * command is ever told that a WBINVD is required.
 */
inline flush(user)
{
	if
	:: BROKEN(WBINVD_ONLY_IF_REQUIRED) -> DRIVERS_WBINVD()
	:: else
	fi;
	ask(DF_FLUSH, user, 0);
	if
	:: status == WBINVD_REQUIRED ->
		if
		:: BROKEN(LOCK_OVER_FLUSH) -> unlock()
		:: else
		fi;
		if
		:: BROKEN(WBINVD_IF_REQUIRED)
		:: BROKEN(WBINVD_EVERYWHERE) -> OTHERS_MAY_RUN(); wbinvd(0)
		:: else -> DRIVERS_WBINVD()
		fi;
		OTHERS_MAY_RUN();
		if
		:: BROKEN(LOCK_OVER_FLUSH) -> lock()
		:: else
		fi;
		if
		:: !BROKEN(FLUSH_AFTER_WBINVD) -> ask(DF_FLUSH, user, 0)
		:: else
		fi
	:: else
	fi;
	OTHERS_MAY_RUN()
}

/* INIT, and the flush that must follow it */
inline bring_up(user)
{
	if
	:: !psp_up && !BROKEN(BRING_UP) ->
		ask(INIT, user, 0);
		OTHERS_MAY_RUN();
		if
		:: status == SUCCESS -> flush(user)
		:: else
		fi
	:: else
	fi
}

/* psp_platform_prepare(), and the command */
inline bind(user, a)
{
	if
	:: psp_state[a] == DIRTY && !BROKEN(FLUSH_BEFORE_BIND) -> flush(user)
	:: else
	fi;
	if
	:: status == SUCCESS -> ask(ACTIVATE, user, a)
	:: else
	fi
}

/* psp_submit_start(): START and ACTIVATE, or neither of the two */
inline submit_start(user, a, unit)
{
	bring_up(user);
	if
	:: status == SUCCESS -> ask(START, user, 0)
	:: else
	fi;
	if
	:: status == SUCCESS && unit ->
		starting = user;
		OTHERS_MAY_RUN();
		if
		:: BROKEN(LOCK_OVER_START) -> unlock(); OTHERS_MAY_RUN(); lock()
		:: else
		fi;
		bind(user, a);
		if
		:: status != SUCCESS && !BROKEN(DECOMMISSION_UNBOUND) ->
			failed = status;
			OTHERS_MAY_RUN();
			ask(DECOMMISSION, user, 0);
			status = failed;
			failed = 0
		:: else
		fi;
		starting = 0
	:: else
	fi
}

/* Calls into the driver, beside commands */
#define UNIT_START	200
#define NO_LOCK(cmd)	(BROKEN(LOCK_OVER_DEACTIVATE) && cmd == DEACTIVATE)

inline psp_submit(cmd, user, a)
{
	if
	:: !NO_LOCK(cmd) -> lock()
	:: else
	fi;
	status = SUCCESS;
	if
	:: cmd == START || cmd == UNIT_START -> submit_start(user, a, cmd == UNIT_START)
	:: cmd == ACTIVATE -> bind(user, a)
	:: cmd == DF_FLUSH -> flush(user)
	:: cmd == SHUTDOWN && (!psp_up || psp_guests && !BROKEN(KEEP_GUESTS))
	:: else -> ask(cmd, user, a)
	fi;
	if
	:: !NO_LOCK(cmd) -> unlock()
	:: else
	fi
}
