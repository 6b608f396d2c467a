// SPDX-License-Identifier: GPL-2.0
/*
 * One command as it stands, under psp->lock: pages change hands for it, the firmware is
 * asked, and asked again after a WBINVD if it wants one; then the driver notes what its
 * success means for the platform, the guests and their ASIDs.
 *
 * Handles. Blocks come with handles that the driver has given out. The firmware's are
 * in them only on the way through the mailbox, and those of a platform that is no more
 * do not get there: handle.c.
 */
#include <linux/crash_dump.h>
#include <linux/smp.h>

#include "addr.h"
#include "psp.h"

/**
 * psp_driver_field() - the value of a field that the driver fills
 * @call: command
 * @kind: which field
 *
 * Return: the value; 0 if the row has no field of this kind.
 */
u32 psp_driver_field(const struct psp_call *call, enum psp_own_kind kind)
{
	const struct psp_row *row = call->row;
	unsigned int i;

	for (i = 0; i < PSP_OWNS && row->own[i].kind != PSP_OWN_NONE; i++)
		if (row->own[i].kind == kind)
			return psp_fw_get32(&call->fw, row->own[i].off);
	return 0;
}

/**
 * psp_set_driver_field() - change a field that the driver fills
 * @call: command
 * @kind: which field; nothing happens if the row has none of this kind
 * @value: new value
 */
void psp_set_driver_field(struct psp_call *call, enum psp_own_kind kind, u32 value)
{
	const struct psp_row *row = call->row;
	unsigned int i;

	for (i = 0; i < PSP_OWNS && row->own[i].kind != PSP_OWN_NONE; i++)
		if (row->own[i].kind == kind)
			psp_fw_put32(&call->fw, row->own[i].off, value);
}

/* The handle of the guest that is meant, or whose key is to be shared; 0 if none. */
static u32 named_guest(const struct psp_call *call)
{
	return psp_driver_field(call, PSP_OWN_HANDLE) ?: psp_driver_field(call, PSP_OWN_NEW_HANDLE);
}

static void name_guest(struct psp_call *call, u32 handle)
{
	psp_set_driver_field(call, PSP_OWN_HANDLE, handle);
	psp_set_driver_field(call, PSP_OWN_NEW_HANDLE, handle);
}

#define NO_CONTEXT	0xff

/* Place in the block of the address of a context page, or NO_CONTEXT. */
static u8 context_at(const struct psp_row *row)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS && row->own[i].kind != PSP_OWN_NONE; i++)
		if (row->own[i].kind == PSP_OWN_CONTEXT)
			return row->own[i].off;
	return NO_CONTEXT;
}

/**
 * psp_call_put_context() - say which SNP guest is meant
 * @call: command, which may have no field for it
 * @context: the guest's context page, or NULL
 */
void psp_call_put_context(struct psp_call *call, const void *context)
{
	u8 at = context_at(call->row);

	if (context && at != NO_CONTEXT)
		psp_fw_put_addr(&call->fw, at, psp_addr_virt(context));
}

/**
 * psp_call_copy_context() - mean the same SNP guest
 * @from: command, which may be about none
 * @to: command
 */
void psp_call_copy_context(const struct psp_call *from, struct psp_call *to)
{
	u8 source = context_at(from->row), target = context_at(to->row);

	if (source != NO_CONTEXT && target != NO_CONTEXT)
		memcpy(to->fw.byte + target, from->fw.byte + source, sizeof(psp_addr_t));
}

/* The guest that is meant, as the firmware knows it; 0: none. */
static u64 identity(const struct psp_call *call)
{
	u8 at = context_at(call->row);

	if (at != NO_CONTEXT)
		return psp_fw_get_addr(&call->fw, at) | PSP_ID_CONTEXT;
	return psp_driver_field(call, PSP_OWN_HANDLE);
}

/**
 * psp_kept_take_back() - the firmware has been shut down
 * @psp: PSP
 *
 * TMR and persistent data are the firmware's from INIT or INIT_EX until SHUTDOWN.
 *
 * Context: process context, psp->lock held.
 */
void psp_kept_take_back(struct psp *psp)
{
	psp->given = false;
	psp_fwmem_take(psp, &psp->tmr);
	psp_fwmem_take(psp, &psp->nv);
}

/**
 * psp_kept_hand_over() - the firmware is about to be initialised
 * @psp: PSP
 *
 * Context: process context, psp->lock held.
 * Return: 0, or as psp_fwmem_give().
 */
int psp_kept_hand_over(struct psp *psp)
{
	int ret = psp_fwmem_give(psp, &psp->tmr) ?: psp_fwmem_give(psp, &psp->nv);

	if (ret)
		psp_kept_take_back(psp);
	else
		psp->given = true;
	return ret;
}

/**
 * psp_kept_lose() - the firmware has these pages, and does not give them back
 * @psp: PSP
 *
 * Context: psp->lock held.
 */
void psp_kept_lose(struct psp *psp)
{
	psp_fwmem_lose(&psp->tmr);
	psp_fwmem_lose(&psp->nv);
}

static void apply_sev(struct psp *psp, bool up)
{
	psp->up = up;
	psp->guests = 0;
	psp->owner = 0;
	WRITE_ONCE(psp->generation, psp_generation_begin());
	psp_asid_mark_all_dirty(psp, !psp->snp_up);
	psp->nv_dirty = up && psp->nv.virt;
	psp->ring.absent = false;	/* it may be other firmware */
	psp->given = up;
	if (!up)
		psp_kept_take_back(psp);
}

static void apply_snp(struct psp *psp, bool up)
{
	psp->snp_up = up;
	psp->snp_guests = 0;
	psp->snp_pages = 0;
	psp_asid_mark_all_dirty(psp, true);
}

/* The driver's knowledge follows a command that has succeeded. */
static void apply_then(struct psp *psp, const struct psp_call *call)
{
	switch (call->row->then) {
	case PSP_THEN_UP:
	case PSP_THEN_DOWN:
		apply_sev(psp, call->row->then == PSP_THEN_UP);
		break;
	case PSP_THEN_PERSIST:
		psp->nv_dirty = psp->nv.virt;
		break;
	case PSP_THEN_RESET:
		/* the firmware has erased its flash; it is not told of the file before INIT_EX */
		if (psp->nv.virt)
			memset(psp->nv.virt, 0xff, PSP_NV_SIZE);
		psp->nv_dirty = psp->nv.virt;
		break;
	case PSP_THEN_OPEN:
		psp->guests++;
		break;
	case PSP_THEN_CLOSE:
		if (psp->guests)
			psp->guests--;
		break;
	case PSP_THEN_BIND:
		psp_asid_mark_bound(psp, identity(call), psp_driver_field(call, PSP_OWN_ASID));
		break;
	case PSP_THEN_UNBIND:
		psp_asid_mark_unbound(psp, identity(call));
		break;
	case PSP_THEN_SNP_UP:
	case PSP_THEN_SNP_DOWN:
		apply_snp(psp, call->row->then == PSP_THEN_SNP_UP);
		break;
	case PSP_THEN_CREATE:
		psp->snp_guests++;
		break;
	case PSP_THEN_DESTROY:
		if (psp->snp_guests)
			psp->snp_guests--;
		psp_asid_mark_unbound(psp, identity(call));
		break;
	case PSP_THEN_CLEAN:
		psp_asid_mark_clean(psp);
		spin_lock(&psp->failure_lock);
		psp->init_row = NULL;
		spin_unlock(&psp->failure_lock);
		break;
	}
}

static void note_failure(struct psp *psp, const struct psp_call *call)
{
	if (!call->stuck && (call->status == SEV_FW_NO_CALL || !psp_call_refused(call)))
		return;
	spin_lock(&psp->failure_lock);
	psp->failed_row = call->row;
	psp->failed_status = call->status;
	spin_unlock(&psp->failure_lock);
}

/* The mailbox, and before and after it pages that change hands. */
static int ask_with_pages(struct psp *psp, struct psp_call *call)
{
	struct psp_lent_pages lent[SEV_FW_BUFS];
	int ret = psp_fwmem_lend(psp, call, lent);

	ret = ret ?: psp_mailbox(psp, call);
	psp_fwmem_return(psp, call, lent);
	/* done, perhaps, but its answer may be in a page that is lost */
	return ret ?: call->stuck ? -EFAULT : 0;
}

/* The mailbox is told the firmware's name for the guest, everybody else ours. */
static int ask_by_fw_handle(struct psp *psp, struct psp_call *call)
{
	u32 handle = named_guest(call), fw;
	int ret = psp_handle_find(psp->generation, handle, &fw);

	call->status = SEV_FW_NO_CALL;
	if (ret)
		return ret;
	name_guest(call, fw);
	ret = ask_with_pages(psp, call);
	if (!ret && call->new_handle) {
		handle = psp_handle_add(call->new_handle, psp->generation, named_guest(call));
		call->new_handle = NULL;
	}
	name_guest(call, handle);
	return ret;
}

static int ask_firmware(struct psp *psp, struct psp_call *call)
{
	u32 asid = psp_driver_field(call, PSP_OWN_ASID);
	int ret = ask_by_fw_handle(psp, call);

	if (call->status != SEV_FW_NO_CALL || call->stuck)
		psp_observe(psp, call, named_guest(call), asid);
	/* the caller forgets the handle, which is a name for as long as there is the guest */
	if (call->row->then == PSP_THEN_CLOSE &&
	    (!ret || ret == -ESHUTDOWN || psp->end != PSP_ALIVE))
		psp_handle_drop(named_guest(call));
	return ret;
}

/*
 * A crash kernel only reads. The kernel that has crashed did not shut the firmware down:
 * it still owns its TMR, and guests of it may be bound, in memory that is to be dumped.
 */
static bool may_only_read(const struct psp_row *row)
{
	return is_kdump_kernel() &&
	       (row->demand != PSP_DEMAND_NOTHING || row->door != PSP_DOOR_PLATFORM);
}

/* Room of no length for an output: the answer is the length, and INVALID_LENGTH. */
static bool asks_for_length(const struct psp_call *call)
{
	const struct psp_buf *buf;

	for (buf = call->row->buf; buf < call->row->buf + SEV_FW_BUFS; buf++)
		if (buf->kind == SEV_FW_BUF_BLOB && buf->dir == SEV_FW_BUF_WRITE &&
		    psp_len_in_block(buf) && !psp_fw_get32(&call->fw, buf->len))
			return true;
	return false;
}

/**
 * psp_execute() - one command as it stands, and a WBINVD in the middle of it
 * @psp: PSP
 * @call: command, filled; nothing is prepared for it
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: as psp_mailbox(); -EBUSY in a crash kernel, which only reads; -EFAULT: a page
 * that the firmware would write to is somebody else's.
 */
int psp_execute(struct psp *psp, struct psp_call *call)
{
	u64 expected = call->expected;
	int ret;

	lockdep_assert_held(&psp->lock);

	if (may_only_read(call->row))
		return -EBUSY;
	if (asks_for_length(call))
		expected |= BIT_ULL(SEV_FW_STATUS_INVALID_LENGTH);
	call->expected = expected | BIT_ULL(SEV_FW_STATUS_WBINVD_REQUIRED);
	ret = ask_firmware(psp, call);
	call->expected = expected;
	if (call->status == SEV_FW_STATUS_WBINVD_REQUIRED) {
		wbinvd_on_all_cpus();
		ret = ask_firmware(psp, call);
		psp->unflushed = call->status == SEV_FW_STATUS_WBINVD_REQUIRED;
	}
	call->done = !ret;
	if (ret && call->row->snp && call->row->then == PSP_THEN_BIND &&
	    call->status == SEV_FW_STATUS_ASID_OWNED)
		psp_asid_mark_refused(psp, psp_driver_field(call, PSP_OWN_ASID));
	if (ret)
		note_failure(psp, call);
	else
		apply_then(psp, call);
	return ret;
}

/**
 * psp_execute_plain() - a command of the driver's own, without a buffer
 * @psp: PSP
 * @id: command
 * @fill: values of the driver's fields
 * @status: receives the firmware's answer
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: as psp_execute().
 */
int psp_execute_plain(struct psp *psp, u32 id, const struct psp_fill *fill, u32 *status)
{
	static const struct psp_user_block nothing;
	struct psp_call call = { .row = psp_row_find(id), .status = SEV_FW_NO_CALL };
	int ret;

	psp_fill(call.row, &nothing, fill, &call.fw);
	ret = psp_execute(psp, &call);
	*status = call.status;
	return ret;
}

/**
 * psp_execute_enter() - have the firmware take commands from its ring
 * @psp: PSP for which no command is posted, and whose ring is not on
 * @call: the first of them
 *
 * Context: process context, psp->lock held, sleeps.
 */
void psp_execute_enter(struct psp *psp, const struct psp_call *call)
{
	struct psp_call enter = {
		.row = psp_row_find(SEV_FW_RING_BUFFER), .status = SEV_FW_NO_CALL,
	};

	psp_ring_describe(psp, call->caller, &enter.fw);
	psp_execute(psp, &enter);
	psp_ring_begin(psp, &enter);
}

/**
 * psp_execute_post() - have the firmware begin with a command, and do not wait for it
 * @psp: PSP, for which no command is posted, unless its ring is on
 * @call: command, filled; must stay where it is until psp_execute_finish()
 *
 * Context: process context, psp->lock held.
 * Return: as psp_mailbox_post() or psp_ring_post(); -EBUSY in a crash kernel; -ESHUTDOWN if
 * the command is about a guest of an earlier generation of the platform.
 */
int psp_execute_post(struct psp *psp, struct psp_call *call)
{
	u32 fw;
	int ret;

	lockdep_assert_held(&psp->lock);

	if (may_only_read(call->row))
		return -EBUSY;
	if (asks_for_length(call))
		call->expected |= BIT_ULL(SEV_FW_STATUS_INVALID_LENGTH);
	call->handle = named_guest(call);
	call->asid = psp_driver_field(call, PSP_OWN_ASID);
	ret = psp_handle_find(psp->generation, call->handle, &fw);
	if (ret)
		return ret;
	name_guest(call, fw);
	ret = psp->ring.on ? psp_ring_post(psp, call) : psp_mailbox_post(psp, call);
	if (ret) {
		name_guest(call, call->handle);
		return ret;
	}
	call->posted = true;
	if (!psp->ring.on)
		psp->posted = call;
	return 0;
}

/* The end of a call, in which the firmware's own name for the guest still is. */
static void end_posted(struct psp *psp, struct psp_call *call, int ret)
{
	name_guest(call, call->handle);
	if (call->status != SEV_FW_NO_CALL || call->stuck)
		psp_observe(psp, call, call->handle, call->asid);
	call->ret = ret;
	if (ret)
		note_failure(psp, call);
	smp_store_release(&call->posted, false);	/* pairs with psp_finish() */
}

/* The oldest in the ring has been executed. */
static void end_done(struct psp *psp)
{
	struct psp_call *call = psp_ring_take(psp, true);

	end_posted(psp, call, call->status ? -EIO : 0);
}

/* All that are in the ring end so: the firmware may be at each of them, or is at none. */
static void end_ring(struct psp *psp, int ret, bool stuck)
{
	struct psp_call *call;

	while ((call = psp_ring_take(psp, false))) {
		call->stuck = stuck;
		end_posted(psp, call, ret);
		if (stuck)
			ret = -EIO;
	}
}

/* Wait until the ring goes on, and take the answers out of it. */
static void take_from_ring(struct psp *psp)
{
	int done = psp_ring_wait(psp), i;

	for (i = 0; i < done; i++)
		end_done(psp);
	if (done < 0) {
		/* answers from before the firmware, or its registers, went are in memory */
		while (psp_ring_has_answer(psp) && !psp->ring.failed)
			end_done(psp);
		end_ring(psp, done, true);
	} else if (psp->ring.failed) {
		/* the firmware stands still, and would do the rest if it were told to go on */
		done = psp_ring_leave(psp);
		end_ring(psp, done ?: -ECANCELED, done);
	}
}

/**
 * psp_execute_await() - wait for a command that has been posted
 * @psp: PSP
 * @call: command
 *
 * Context: process context, psp->lock held, sleeps.
 */
void psp_execute_await(struct psp *psp, const struct psp_call *call)
{
	lockdep_assert_held(&psp->lock);

	if (psp->posted == call)
		psp_execute_finish(psp);
	while (call->posted)
		take_from_ring(psp);
}

/**
 * psp_execute_finish() - wait for all commands that have been posted, if there are any
 * @psp: PSP, whose registers are those of the mailbox after that
 *
 * The next holder of psp->lock does this, so that it waits for no more than one command, or
 * for those in the ring.
 *
 * Context: process context, psp->lock held, sleeps.
 */
void psp_execute_finish(struct psp *psp)
{
	struct psp_call *call = psp->posted;

	lockdep_assert_held(&psp->lock);
	psp->posted = NULL;
	if (call)
		end_posted(psp, call, psp_mailbox_wait(psp, call));
	while (psp->ring.on && psp->ring.taken != psp->ring.tail)
		take_from_ring(psp);
	if (psp->ring.on) {
		psp->ring.displaced_ns = psp_clock();
		psp_ring_leave(psp);
	}
}
