/* SPDX-License-Identifier: GPL-2.0 */
/*
 * psp_sev: VMs of KVM's and a second user, in every order. Nobody is ever refused a thing
 * that has to do with ASIDs. Settings:
 *
 *   vms         number of VMs, at most VMS
 *   alone       there is no second user
 *   taken_down  an administrator shuts the platform down again and again
 *   faults      the firmware refuses commands for other reasons, too, whenever it likes;
 *               then that is the answer
 *   mutant      rule that is broken, driver.pml
 */
#include "firmware.pml"

bool taken_down;
bool faults;

#define CALL(cmd, user, a)	psp_submit(cmd, user, a)
#define UNIT			UNIT_START

/* A START that was refused must have left nothing behind. */
#define REFUSED(step)	\
	assert(faults && status == FAULT && ((step) != KVM_START || !fw_guest[me]))
#define MAY_FAIL(cmd)	\
	(faults && (cmd == ACTIVATE || cmd == DF_FLUSH || cmd == START || cmd == INIT))

/* A WBINVD costs everybody's time: only the firmware's word is a reason for it. */
#define DRIVERS_WBINVD()	assert(required); wbinvd_on_all_cpus()

#define MAILBOX(cmd, user, a)			\
	if					\
	:: firmware(cmd, user, a)		\
	:: MAY_FAIL(cmd) -> status = FAULT	\
	fi

#include "driver.pml"
#include "users.pml"

init
{
	byte who;

	atomic {
		SETTING(vms);
		SETTING(alone);
		SETTING(taken_down);
		SETTING(faults);
		SETTING(mutant);
		begin_users();
		if
		:: taken_down -> run user(0)
		:: else
		fi
	}
}
