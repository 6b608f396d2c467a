/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stock drivers: each command takes the mailbox alone, and what keeps DEACTIVATE away
 * from a flush is the lock in KVM. Settings:
 *
 *   vms     number of VMs, at most VMS
 *   alone   there is no second user, for whom the lock in KVM is none
 *   claim   the step, of users.pml, that is claimed never to be refused; 0: none is; 9: none
 *           is but those that a flush is behind
 */
#include "firmware.pml"

byte claim;

#define CALL(cmd, user, a)	firmware(cmd, user, a)
#define UNIT			START
#define BEHIND_A_FLUSH(step)	\
	((step) == KVM_INIT || (step) == SECOND_BIND || (step) == SECOND_FLUSH)
#define REFUSED(step)		\
	assert(claim && claim != (step) && (claim != 9 || BEHIND_A_FLUSH(step)))

#include "users.pml"

/* kvm_amd is loaded: INIT, WBINVD, DF_FLUSH. */
init
{
	byte i, who, status;

	atomic {
		SETTING(vms);
		SETTING(alone);
		SETTING(claim);
		firmware(INIT, 0, 0);
		wbinvd(0);
		wbinvd(1);
		firmware(DF_FLUSH, 0, 0);
		assert(status == SUCCESS);
		begin_users();
		status = 0
	}
}
