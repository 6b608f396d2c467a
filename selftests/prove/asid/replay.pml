/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Could psp_sev as it is modelled have done what a real run has? events.awk makes a list of
 * the firmware's answers of the software PSP's transcript. A caller makes the calls that may
 * lead to the next one; the driver of the model must come up with exactly these commands in
 * this order, the firmware of the model with these answers. Once all are used up, the run
 * is accepted.
 *
 * A transcript does not tell when a processor executes WBINVD. Others than the driver, KVM
 * for one, may do that before any DF_FLUSH.
 *
 * With the setting "free" commands come from a driver of which nothing is known: then it
 * is the firmware alone that is compared.
 */
#include "firmware.pml"

c_decl {
	\#include <stdio.h>
	\#include <stdlib.h>
	struct event {
		int line, cmd, user, asid, status;
	};
	static struct event *events;
	static int farthest;

	static void tell(void)
	{
		if (events[farthest].cmd)
			printf("not accepted from line %d on\n", events[farthest].line);
		else
			printf("accepted, %d commands\n", farthest);
	}

	/* of the file that "events" in the environment names; a last one without command ends them */
	static void load_events(void)
	{
		FILE *file = fopen(getenv("events"), "r");
		int n = 0;

		do {
			events = realloc(events, (n + 1) * sizeof(*events));
			events[n] = (struct event){ 0 };
		} while (fscanf(file, "%d %d %d %d %d", &events[n].line, &events[n].cmd,
				&events[n].user, &events[n].asid, &events[n].status) == 5 && ++n);
		events[n].cmd = 0;
		fclose(file);
		atexit(tell);
	}
}

int n_event;
byte ev_cmd, ev_user, ev_asid;
byte ev_status;
byte call_user, call_asid;	/* of the next event that names them */
bool free;

#define FETCH()							\
	c_code {						\
		int at = now.n_event;				\
								\
		if (at > farthest)				\
			farthest = at;				\
		now.ev_cmd = events[at].cmd;			\
		now.ev_user = events[at].user;			\
		now.ev_asid = events[at].asid;			\
		now.ev_status = events[at].status;		\
		while (events[at].cmd && !events[at].user)	\
			at++;					\
		now.call_user = events[at].user;		\
		while (events[at].cmd && !events[at].asid)	\
			at++;					\
		now.call_asid = events[at].asid;		\
	}

/* Some processors, or all, or none */
inline others_wbinvd(cmd)
{
	if
	:: cmd == DF_FLUSH ->
		i = 0;
		do
		:: i < CPUS ->
			if
			:: flushed = flushed | (1 << i)
			:: true
			fi;
			i++
		:: else -> break
		od;
		i = 0;
		d_step {
			i = 1;
			do
			:: i <= ASIDS -> lines[i] = lines[i] & (ALL_CPUS - flushed); i++
			:: else -> break
			od;
			i = 0
		}
	:: else
	fi
}

inline answered(cmd, user, a)
{
	cmd == ev_cmd && (!ev_user || ev_user == user) && (cmd != ACTIVATE || ev_asid == a);
	if
	:: ev_status == FAULT -> status = FAULT
	:: else ->
		others_wbinvd(cmd);
		firmware(cmd, user, a);
		status == ev_status
	fi;
	n_event++;
	FETCH()
}

#define MAILBOX(cmd, user, a)	answered(cmd, user, a)
#define DRIVERS_WBINVD()	wbinvd_on_all_cpus()

inline wbinvd_on_all_cpus()
{
	cpu = 0;
	do
	:: cpu < CPUS -> wbinvd(cpu); cpu++
	:: else -> break
	od;
	cpu = 0
}

#include "driver.pml"

inline call()
{
	if
	:: ev_cmd == START || ev_cmd == DF_FLUSH || ev_cmd == INIT -> cmd = UNIT_START
	:: ev_cmd == START || ev_cmd == INIT -> cmd = START
	:: ev_cmd == ACTIVATE || ev_cmd == DF_FLUSH -> cmd = ACTIVATE
	:: ev_cmd == INIT -> cmd = INIT		/* for somebody who needs no guest */
	:: ev_cmd != START && ev_cmd != ACTIVATE && ev_cmd != INIT -> cmd = ev_cmd
	fi;
	me = call_user;
	asid = call_asid;
	if
	:: cmd == INIT -> lock(); bring_up(me); unlock()
	/* the end of the driver, or of the machine, which asks for no guests */
	:: cmd == SHUTDOWN && c_expr { !events[now.n_event + 1].cmd } ->
		lock();
		ask(SHUTDOWN, me, 0);
		unlock()
	:: else -> psp_submit(cmd, me, asid)
	fi
}

proctype caller()
{
	byte me, asid, cmd, status, failed, cpu, i, n;

	do
	:: atomic {
		ev_cmd ->
		if
		:: free -> answered(ev_cmd, ev_user, ev_asid)
		:: !free -> call()
		fi;
		me = 0;
		asid = 0;
		cmd = 0;
		status = 0
	}
	:: c_expr { !now.ev_cmd } -> c_code { exit(0); }
	od
}

init
{
	atomic {
		SETTING(free);
		c_code { load_events(); };
		FETCH();
		run caller()
	}
}
