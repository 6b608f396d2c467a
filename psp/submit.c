// SPDX-License-Identifier: GPL-2.0
/*
 * The one path that every command in the system takes: from KVM's legacy code,
 * from the glue, from /dev/sev, from the driver itself. All of it happens under
 * psp->lock, so what must not be interleaved cannot be.
 *
 * Flushes. Before a dirty ASID (asid.c) is bound, a DF_FLUSH is tried first, a WBINVD is
 * paid only if the firmware asks for it, and since the lock is held no DEACTIVATE can come
 * between. The caller that binds a dirty ASID gets the flush for free.
 *
 * START and ACTIVATE are one unit: a guest that cannot be bound is decommissioned. An SNP
 * guest's context is made before, and belongs to the unit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "psp.h"
#include "psp_guest.h"

/* One command, after what it needs. */
static int submit_call(struct psp *psp, struct psp_call *call)
{
	bool snp_up = psp->snp_up;
	int ret = psp_platform_prepare(psp, call);

	ret = ret ?: psp_execute(psp, call) ?: psp_platform_learn(psp, call);
	psp_platform_restore(psp, call, snp_up);
	return ret;
}

/* Memory cannot be allocated under psp->lock. */
static int reserve_handle(struct psp_call *call)
{
	call->new_handle = NULL;
	if (call->row->then != PSP_THEN_OPEN)
		return 0;
	call->new_handle = psp_handle_alloc();
	return call->new_handle ? 0 : -ENOMEM;
}

/* Unless a guest has been started. */
static void unreserve_handle(struct psp_call *call)
{
	kfree(call->new_handle);
	call->new_handle = NULL;
}

/**
 * psp_submit() - issue one command
 * @psp: PSP
 * @call: command, filled
 *
 * The platform is initialised first if the command needs that.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_mailbox(); -EBUSY if the command needs a platform without guests; -EPERM if
 * it needs one that is initialised, and its caller is a reader;
 * -ESHUTDOWN if it is about a guest of an earlier generation of the platform;
 * -ENOMEM; as psp_bring_up(); or, although the firmware has done it, as psp_nv_save()
 * if the platform's keys could not be saved.
 */
int psp_submit(struct psp *psp, struct psp_call *call)
{
	int ret = reserve_handle(call), unsaved = 0;

	if (ret)
		return ret;
	do {
		psp_take_for(psp, call);
		ret = submit_call(psp, call);
		unsaved = psp_unlock(psp);
	} while (ret == -EAGAIN && !(ret = psp_platform_make_ready(psp, call)));
	unreserve_handle(call);
	return ret ?: unsaved;
}

static int post_call(struct psp *psp, struct psp_call *call, const struct psp_call *after)
{
	int ret;

	WARN_ON_ONCE(call->row->then != PSP_THEN_NOTHING);
	if (!psp_ring_takes(psp, call))
		psp_execute_finish(psp);
	if (after && !after->posted && after->ret)
		return -ECANCELED;
	/* pages must not change hands behind the back of who holds the lock */
	if (psp->snp_up || call->row->platform > PSP_PLATFORM_UP)
		return -EAGAIN;
	ret = psp_platform_prepare(psp, call);
	if (ret)
		return ret;
	if (psp_ring_pays(psp, call))
		psp_execute_enter(psp, call);
	return psp_execute_post(psp, call);
}

/**
 * psp_post() - have the firmware begin with a command, and do not wait for it
 * @psp: PSP
 * @call: command, filled, of a row that psp_row_in_array() allows; must stay where it is
 *	until psp_finish()
 * @after: call that has been posted before and must succeed, or NULL
 *
 * A call that is still posted is finished first, whoever's it is, unless both are in the
 * firmware's ring. The next holder of the PSP finishes all, so that it waits for no more than
 * the one command, or what is in the ring. psp_end_posts() is due after the last one.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: 0, then psp_finish() is due; -ECANCELED if @after has failed; -EAGAIN if it
 * takes more than the mailbox, which psp_submit() does; or as psp_execute_post().
 */
int psp_post(struct psp *psp, struct psp_call *call, const struct psp_call *after)
{
	int ret;

	psp_take_to_post(psp, call);
	ret = post_call(psp, call, after);
	psp_unlock(psp);
	return ret;
}

/**
 * psp_finish() - wait for a command that has been posted
 * @psp: PSP
 * @call: call that psp_post() has returned 0 for
 *
 * Context: process context, takes psp->lock unless somebody else has waited already.
 * Return: as psp_mailbox_wait(); -ECANCELED if a call before it has failed that it was
 * to come after, or as psp_ring_wait().
 */
int psp_finish(struct psp *psp, struct psp_call *call)
{
	if (smp_load_acquire(&call->posted)) {	/* pairs with end_posted() */
		mutex_lock(&psp->lock);
		psp_execute_await(psp, call);
		psp_unlock(psp);
	}
	return call->ret;
}

/**
 * psp_end_posts() - a caller will post nothing more for now
 * @psp: PSP
 * @caller: that of its calls
 *
 * The firmware does not stay in ring mode without a command: a kernel that crashes leaves it
 * as the next kernel expects it.
 *
 * Context: process context, takes psp->lock if the ring is on, sleeps.
 */
void psp_end_posts(struct psp *psp, const void *caller)
{
	if (!READ_ONCE(psp->ring.on) || READ_ONCE(psp->ring.caller) != caller)
		return;
	psp_take(psp);
	psp->ring.displaced_ns = 0;	/* the PSP was wanted by nobody else */
	psp_unlock(psp);
}

/* Steps that make a guest together with its START, and the one that undoes them. */
static const struct start {
	u16 create;
	u16 bind;
	u16 undo;
} starts[] = {
	{ 0, SEV_FW_ACTIVATE, SEV_FW_DECOMMISSION },
	{ SEV_FW_SNP_GCTX_CREATE, SEV_FW_SNP_ACTIVATE, SEV_FW_SNP_DECOMMISSION },	/* .snp */
};

/* One of these, about the guest of @call. */
static int start_step(struct psp *psp, struct psp_call *call, u16 id, const struct psp_fill *fill,
		      u32 *status)
{
	static const struct psp_user_block nothing;
	struct psp_call step = {
		.row = psp_row_find(id), .status = SEV_FW_NO_CALL, .reads = call->reads,
	};
	int ret;

	psp_fill(step.row, &nothing, fill, &step.fw);
	psp_call_copy_context(call, &step);
	ret = submit_call(psp, &step);
	*status = step.status;
	return ret;
}

static int submit_start(struct psp *psp, struct psp_call *call, u32 asid,
			const struct psp_row **step)
{
	const struct start *start = &starts[call->row->snp];
	struct psp_fill fill = { .asid = asid };
	u32 ignored;
	int ret = 0;

	if (start->create)
		ret = start_step(psp, call, start->create, &fill, &call->status);
	if (ret) {
		*step = psp->failed_row;
		return ret;
	}
	ret = submit_call(psp, call);
	if (ret && !start->create)
		return ret;
	fill.handle = psp_driver_field(call, PSP_OWN_NEW_HANDLE);
	if (!ret) {
		ret = start_step(psp, call, start->bind, &fill, &call->status);
		/* ACTIVATE, or the DF_FLUSH that it needed */
		if (ret)
			*step = psp->failed_row;
	}
	if (ret) {
		start_step(psp, call, start->undo, &fill, &ignored);
		psp_set_driver_field(call, PSP_OWN_NEW_HANDLE, 0);
	}
	return ret;
}

/**
 * psp_submit_start() - create a guest and bind it, or do neither
 * @psp: PSP
 * @call: LAUNCH_START or RECEIVE_START, filled
 * @asid: the guest's ASID
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_submit(). @call->status is that of the step that failed; the log has
 * its name, if it is not that of @call.
 */
int psp_submit_start(struct psp *psp, struct psp_call *call, u32 asid)
{
	const struct psp_row *step = NULL;
	int ret = reserve_handle(call);

	if (ret)
		return ret;
	do {
		psp_take_for(psp, call);
		ret = submit_start(psp, call, asid, &step);
		psp_unlock(psp);
	} while (ret == -EAGAIN && !(ret = psp_platform_make_ready(psp, call)));
	unreserve_handle(call);
	if (ret && step && call->status != SEV_FW_NO_CALL)
		pr_err_ratelimited("%s failed in %s, %s (0x%02x)\n", call->row->name, step->name,
				   psp_status_name(call->status), call->status);
	return ret;
}

/**
 * psp_submit_launch() - create an SNP guest and bind it, or do neither
 * @psp: PSP
 * @call: SNP_LAUNCH_START, filled
 * @guest: guest; receives its context page
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_submit_start().
 */
int psp_submit_launch(struct psp *psp, struct psp_call *call, struct psp_guest *guest)
{
	void *context;
	int ret = psp_bring_up_snp(psp, &call->status);

	if (ret)
		return ret;
	context = psp_snp_page_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!context)
		return -ENOMEM;
	psp_call_put_context(call, context);
	ret = psp_submit_start(psp, call, guest->asid);
	if (ret)
		psp_snp_page_free(context);
	else
		guest->context = context;
	return ret;
}

/**
 * psp_submit_end() - unbind a guest and destroy its context
 * @psp: PSP
 * @handle: guest
 *
 * Context: process context, takes psp->lock, sleeps.
 */
void psp_submit_end(struct psp *psp, u32 handle)
{
	const struct psp_fill fill = { .handle = handle };
	u32 ignored;

	psp_take(psp);
	psp_execute_plain(psp, SEV_FW_DEACTIVATE, &fill, &ignored);
	psp_execute_plain(psp, SEV_FW_DECOMMISSION, &fill, &ignored);
	psp_unlock(psp);
}
