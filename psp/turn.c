// SPDX-License-Identifier: GPL-2.0
/*
 * Turns: one caller at a time has the PSP. psp->lock is it; a command that the one before
 * has posted is finished first, and what must not be done under the lock (the file of
 * persistent data, allocations, messages) is done as it is let go.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/signal.h>

#include "psp.h"

/**
 * psp_take() - lock a PSP in order to issue commands
 * @psp: PSP, to be unlocked by psp_unlock()
 *
 * A command that somebody has posted is finished first: its answer would be lost, and the
 * next command may be about to give the firmware memory, which must not be lost with it.
 *
 * Context: process context, sleeps.
 */
void psp_take(struct psp *psp)
{
	mutex_lock(&psp->lock);
	psp_execute_finish(psp);
}

/**
 * psp_take_to_post() - lock a PSP for a command whose caller waits
 * @psp: PSP; what is posted remains so, and its ring on
 * @call: command; @call->queue_ns receives how long it waited
 *
 * Context: process context, sleeps.
 */
void psp_take_to_post(struct psp *psp, struct psp_call *call)
{
	u64 began;

	call->status = SEV_FW_NO_CALL;
	call->queue_ns = 0;
	if (!mutex_trylock(&psp->lock)) {
		began = psp_clock();
		atomic_inc(&psp->queued);
		mutex_lock(&psp->lock);
		atomic_dec(&psp->queued);
		WRITE_ONCE(psp->turns, psp->turns + 1);
		wake_up(&psp->turn);
		call->queue_ns = psp_clock_since(began);
	}
}

/**
 * psp_take_for() - the same, and finish what has been posted
 * @psp: PSP
 * @call: command; @call->queue_ns receives how long it waited
 *
 * Context: process context, sleeps.
 */
void psp_take_for(struct psp *psp, struct psp_call *call)
{
	psp_take_to_post(psp, call);
	psp_execute_finish(psp);
}

/**
 * psp_take_turns() - let those go first that wait for the PSP, after PSP_TURN_NS
 * @psp: PSP
 * @turn_ns: the firmware's time that the caller has had since; becomes 0 if others have their turn
 *
 * A lock that is taken again at once is rarely got by anybody else.
 *
 * Context: process context, sleeps if somebody waits.
 */
void psp_take_turns(struct psp *psp, u64 *turn_ns)
{
	unsigned int turns;

	cond_resched();
	if (*turn_ns < PSP_TURN_NS)
		return;
	*turn_ns = 0;
	turns = READ_ONCE(psp->turns);
	if (atomic_read(&psp->queued))
		wait_event_killable_timeout(psp->turn, READ_ONCE(psp->turns) != turns ||
					    !atomic_read(&psp->queued), HZ);
}

/**
 * psp_unlock() - unlock psp->lock, and do what had to wait for that
 * @psp: PSP
 *
 * Context: process context, sleeps.
 * Return: as psp_nv_save(); 0 if there are no keys to save.
 */
int psp_unlock(struct psp *psp)
{
	const struct psp_row *refused = psp->init_untold ? psp->init_row : NULL;
	const char *died_of = psp->died_of, *found = psp->found;
	u32 status = psp->init_status;
	int unasked = psp->init_unasked;
	bool save = psp->nv_dirty, store_reset = psp->store_reset;
	bool unflushed = psp->unflushed;
	u32 asid_lost = psp->asid_lost;

	if (save)
		psp_nv_collect(psp);
	if (died_of)
		psp_kept_lose(psp);
	psp->died_of = NULL;
	psp->found = NULL;
	psp->init_untold = false;
	psp->nv_dirty = false;
	psp->store_reset = false;
	psp->unflushed = false;
	psp->asid_lost = 0;
	mutex_unlock(&psp->lock);
	psp_mailbox_refill(psp);
	if (found)
		pr_warn("%s from before the driver was loaded was still under way, and its answer has been awaited\n",
			found);
	if (store_reset)
		pr_warn("the firmware's persistent data was damaged, and erased by it: the platform gets new keys\n");
	/* a command without an answer is told by its name below */
	if (refused && status != SEV_FW_NO_CALL)
		psp_observe_bring_up(refused, status);
	else if (refused && unasked)
		psp_observe_unasked(refused, unasked);
	else if (unflushed)
		psp_observe_unflushed();
	if (asid_lost)
		psp_observe_lost(asid_lost);
	if (died_of) {
		pr_err("no answer to %s, the PSP is given up until the next reset\n", died_of);
		psp_has_died(psp);
	}
	return save ? psp_nv_save(psp) : 0;
}
