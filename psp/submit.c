// SPDX-License-Identifier: GPL-2.0
/*
 * The one path that every command in the system takes: from KVM's legacy code,
 * from the glue, from /dev/sev, from the driver itself. All of it happens under
 * psp->lock, so what must not be interleaved cannot be.
 *
 * ASIDs. An ASID whose guest has been deactivated is dirty: caches may hold lines
 * under its old key. Firmware lets it be bound again after a WBINVD on every CPU
 * followed by DF_FLUSH, and a DEACTIVATE between those two spoils them. Here a
 * DF_FLUSH is tried first, a WBINVD is paid only if firmware asks for it, and
 * since the lock is held no DEACTIVATE can come between. Whoever binds a dirty
 * ASID gets the flush for free.
 *
 * START and ACTIVATE are one unit: a guest that cannot be bound is decommissioned.
 *
 * Handles. Blocks come with handles that the driver has given out. The firmware's are
 * in them only on the way through the mailbox, and those of a platform that is no more
 * do not get there: handle.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crash_dump.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/cacheflush.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/smp.h>

#include "addr.h"
#include "compat.h"
#include "psp.h"

/* The trusted memory region, and its alignment. */
#define TMR_SIZE			(1024 * 1024)
#define TMR_SIZE_SNP			(2 * 1024 * 1024)
#define INIT_FLAG_ES			BIT(0)

/* What CPUID leaf 0x8000001f says of ASIDs. */
#define CPUID_SEV			0x8000001f
#define CPUID_SEV_C_BIT			0x3f

#define PUT32(fw, type, member, value) \
	psp_fw_put32(fw, offsetof(struct sev_fw_##type, member), value)
#define PUT_ADDR(fw, type, member, addr) \
	psp_fw_put_addr(fw, offsetof(struct sev_fw_##type, member), addr)

u64 psp_c_bit;

/* The value of a field that the driver fills; 0 if the row has none of this kind. */
static u32 driver_field(const struct psp_call *call, enum psp_own_kind kind)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS; i++)
		if (call->row->own[i].kind == kind)
			return psp_fw_get32(&call->fw, call->row->own[i].off);
	return 0;
}

static void set_driver_field(struct psp_call *call, enum psp_own_kind kind, u32 value)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS; i++)
		if (call->row->own[i].kind == kind)
			psp_fw_put32(&call->fw, call->row->own[i].off, value);
}

/* The handle of the guest that is meant, or whose key is to be shared; 0 if none. */
static u32 named_guest(const struct psp_call *call)
{
	return driver_field(call, PSP_OWN_HANDLE) ?: driver_field(call, PSP_OWN_NEW_HANDLE);
}

static void name_guest(struct psp_call *call, u32 handle)
{
	set_driver_field(call, PSP_OWN_HANDLE, handle);
	set_driver_field(call, PSP_OWN_NEW_HANDLE, handle);
}

static void mark_dirty(struct psp_asid *asid)
{
	asid->state = PSP_ASID_DIRTY;
	asid->guest = 0;
}

/* All guests are gone, but for those of SNP where only the platform of SEV has ended. */
static void mark_all_dirty(struct psp *psp, bool snp_too)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++)
		if (snp_too || !(psp->asid[i].guest & PSP_ID_CONTEXT))
			mark_dirty(&psp->asid[i]);
}

/* Who is meant, to the firmware; 0: nobody. */
static u64 identity(const struct psp_call *call)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS; i++)
		if (call->row->own[i].kind == PSP_OWN_CONTEXT)
			return psp_fw_get_addr(&call->fw, call->row->own[i].off) | PSP_ID_CONTEXT;
	return driver_field(call, PSP_OWN_HANDLE);
}

/* What the firmware gets by INIT or INIT_EX, and keeps until SHUTDOWN. */
static void take_back_kept(struct psp *psp)
{
	psp->given = false;
	psp_fwmem_take(psp, &psp->tmr);
	psp_fwmem_take(psp, &psp->nv);
}

static int hand_over_kept(struct psp *psp)
{
	int ret = psp_fwmem_give(psp, &psp->tmr) ?: psp_fwmem_give(psp, &psp->nv);

	if (ret)
		take_back_kept(psp);
	else
		psp->given = true;
	return ret;
}

static void lose_kept(struct psp *psp)
{
	psp_fwmem_lose(&psp->tmr);
	psp_fwmem_lose(&psp->nv);
}

static void mark_unbound(struct psp *psp, u64 guest)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++)
		if (psp->asid[i].state == PSP_ASID_BOUND && psp->asid[i].guest == guest)
			mark_dirty(&psp->asid[i]);
}

static void mark_clean(struct psp *psp)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++)
		if (psp->asid[i].state == PSP_ASID_DIRTY)
			psp->asid[i].state = PSP_ASID_FREE;
}

static void mark_bound(struct psp *psp, u64 guest, u32 asid)
{
	if (asid > psp->max_asid)
		return;
	psp->asid[asid].state = PSP_ASID_BOUND;
	psp->asid[asid].guest = guest;
}

static void apply_snp(struct psp *psp, bool up)
{
	psp->snp_up = up;
	psp->snp_guests = 0;
	psp->snp_pages = 0;
	mark_all_dirty(psp, true);
}

/* A command has succeeded: what do we now know? */
static void apply_then(struct psp *psp, const struct psp_call *call)
{
	switch (call->row->then) {
	case PSP_THEN_UP:
	case PSP_THEN_DOWN:
		psp->up = call->row->then == PSP_THEN_UP;
		psp->guests = 0;
		psp->owner = 0;
		WRITE_ONCE(psp->generation, psp_generation_begin());
		mark_all_dirty(psp, !psp->snp_up);
		psp->nv_dirty = psp->up && psp->nv.virt;
		psp->given = psp->up;
		if (!psp->up)
			take_back_kept(psp);
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
		mark_bound(psp, identity(call), driver_field(call, PSP_OWN_ASID));
		break;
	case PSP_THEN_UNBIND:
		mark_unbound(psp, identity(call));
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
		mark_unbound(psp, identity(call));
		break;
	case PSP_THEN_CLEAN:
		mark_clean(psp);
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

/* Wait for the firmware, which has been told its own name for the guest. */
static int end_posted(struct psp *psp, struct psp_call *call)
{
	int ret = psp_mailbox_wait(psp, call);

	name_guest(call, call->handle);
	psp_observe(psp, call, call->handle, call->asid);
	return ret;
}

/* Whoever comes next does this, so that nobody waits for the one who has posted it. */
static void finish_posted(struct psp *psp)
{
	struct psp_call *call = psp->posted;

	lockdep_assert_held(&psp->lock);
	if (!call)
		return;
	psp->posted = NULL;
	call->ret = end_posted(psp, call);
	if (call->ret)
		note_failure(psp, call);
	smp_store_release(&call->posted, false);	/* pairs with psp_finish() */
}

/**
 * psp_take() - lock a PSP in order to issue commands
 * @psp: PSP, to be unlocked by psp_unlock()
 *
 * What somebody has posted is finished first: its answer would be lost, and what follows
 * may be about to give the firmware memory, which must not be lost with it.
 *
 * Context: process context, sleeps.
 */
void psp_take(struct psp *psp)
{
	mutex_lock(&psp->lock);
	finish_posted(psp);
}

static int begin_posted(struct psp *psp, struct psp_call *call)
{
	u32 fw;
	int ret;

	call->handle = named_guest(call);
	call->asid = driver_field(call, PSP_OWN_ASID);
	ret = psp_handle_find(psp->generation, call->handle, &fw);
	if (ret)
		return ret;
	name_guest(call, fw);
	ret = psp_mailbox_post(psp, call);
	if (ret)
		name_guest(call, call->handle);
	return ret;
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
	u32 asid = driver_field(call, PSP_OWN_ASID);
	int ret = ask_by_fw_handle(psp, call);

	if (call->status != SEV_FW_NO_CALL || call->stuck)
		psp_observe(psp, call, named_guest(call), asid);
	/* the caller forgets the handle, unless the firmware insists on the guest */
	if (call->row->then == PSP_THEN_CLOSE && (!ret || call->status == SEV_FW_NO_CALL))
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

/* Which firmware is this, and whose platform? */
static int learn_platform(struct psp *psp, u8 *state, u32 *guests)
{
	struct psp_call call = { .row = psp_row_find(SEV_FW_PLATFORM_STATUS) };
	int ret = psp_execute(psp, &call);

	if (ret)
		return ret;
	psp->api = call.fw.byte[offsetof(struct sev_fw_platform_status, api_major)] << 8 |
		   call.fw.byte[offsetof(struct sev_fw_platform_status, api_minor)];
	psp->build = call.fw.byte[offsetof(struct sev_fw_platform_status, build)];
	psp->owner = call.fw.byte[offsetof(struct sev_fw_platform_status, owner)];
	*state = call.fw.byte[offsetof(struct sev_fw_platform_status, state)];
	*guests = psp_fw_get32(&call.fw, offsetof(struct sev_fw_platform_status, guest_count));
	return 0;
}

/* The same of a firmware that we do not know yet; and is it initialised? */
static int identify_firmware(struct psp *psp)
{
	u8 state = psp->up;
	u32 guests = 0;
	int ret = learn_platform(psp, &state, &guests);

	psp->up = state;
	/* a crash kernel shows another kernel's guests, any other one ends them */
	psp->guests = is_kdump_kernel() ? guests : 0;
	return ret;
}

/*
 * A command has succeeded after which it may be another platform than we know, or a
 * platform of somebody else's. That is asked now, by us, so that nobody has to ask who
 * only wants to look: not to be answered is the end of a PSP.
 */
static int learn_from(struct psp *psp, const struct psp_call *call)
{
	u32 guests;
	u8 state;

	if (call->row->then == PSP_THEN_RELOAD)
		return identify_firmware(psp);
	if (call->row->then == PSP_THEN_UP || call->row->then == PSP_THEN_PERSIST)
		learn_platform(psp, &state, &guests);
	return 0;
}

static int execute_and_learn(struct psp *psp, struct psp_call *call)
{
	int ret = psp_execute(psp, call);

	return ret ?: learn_from(psp, call);
}

static void init_block(const struct psp *psp, struct psp_call *init)
{
	u32 tmr_size = psp->snp_up ? TMR_SIZE_SNP : TMR_SIZE;
	struct psp_fw_block *fw = &init->fw;

	if (psp->nv.virt) {
		init->row = psp_row_find(SEV_FW_INIT_EX);
		PUT32(fw, init_ex, length, sizeof(struct sev_fw_init_ex));
		PUT_ADDR(fw, init_ex, nv_address, psp_addr_virt(psp->nv.virt));
		PUT32(fw, init_ex, nv_len, PSP_NV_SIZE);
		if (!psp->tmr.virt)
			return;
		PUT32(fw, init_ex, flags, INIT_FLAG_ES);
		PUT_ADDR(fw, init_ex, tmr_address, psp_addr_owned(psp->tmr.virt));
		PUT32(fw, init_ex, tmr_len, tmr_size);
		return;
	}

	init->row = psp_row_find(SEV_FW_INIT);
	if (!psp->tmr.virt)
		return;
	PUT32(fw, init, flags, INIT_FLAG_ES);
	PUT_ADDR(fw, init, tmr_address, psp_addr_owned(psp->tmr.virt));
	PUT32(fw, init, tmr_len, tmr_size);
}

/* INIT or INIT_EX, once more if what the firmware says is none of our doing. */
static int init_platform(struct psp *psp, struct psp_call *init)
{
	static const struct psp_fill nobody;
	int ret, tries = 2;
	u32 ignored;
	bool kept;

	/*
	 * Firmware that finds its flash damaged erases it, and then can go on; a file
	 * is the administrator's to restore. Firmware that is up already, contrary to
	 * what PLATFORM_STATUS said, holds nothing of ours.
	 */
	init->expected = BIT_ULL(SEV_FW_STATUS_INVALID_PLATFORM_STATE);
	if (!psp->nv.virt)
		init->expected |= BIT_ULL(SEV_FW_STATUS_SECURE_DATA_INVALID);
	do {
		kept = psp->given;	/* since an earlier INIT that failed */
		ret = hand_over_kept(psp);
		if (ret)
			break;
		ret = execute_and_learn(psp, init);
		if (ret && (kept || init->status == SEV_FW_NO_CALL ||
			    init->status == SEV_FW_STATUS_HWERROR_UNSAFE))
			lose_kept(psp);
		else if (ret)
			take_back_kept(psp);
		if (!ret || psp_call_refused(init) || init->status == SEV_FW_NO_CALL)
			break;
		psp->store_reset = init->status == SEV_FW_STATUS_SECURE_DATA_INVALID;
		if (init->status == SEV_FW_STATUS_INVALID_PLATFORM_STATE)
			psp_execute_plain(psp, SEV_FW_SHUTDOWN, &nobody, &ignored);
		init->expected = 0;
	} while (--tries && psp->end == PSP_ALIVE);
	return ret;
}

/* Why the platform could not be initialised, or that it is. */
static void note_bring_up(struct psp *psp, const struct psp_row *row, int ret, u32 status)
{
	spin_lock(&psp->failure_lock);
	psp->init_row = ret ? row : NULL;
	psp->init_status = status;
	spin_unlock(&psp->failure_lock);
	psp->init_untold = ret;
}

/* SNP, if this is a host for it. */
static int bring_up_snp(struct psp *psp, u32 *status)
{
	int ret;

	*status = SEV_FW_NO_CALL;
	if (!psp->snp || psp->snp_up)
		return 0;
	ret = psp_snp_up(psp, status);
	if (ret)
		note_bring_up(psp, psp_row_find(SEV_FW_SNP_INIT_EX), ret, *status);
	return ret;
}

/* The same on its way down, unless there are guests. */
static int shut_down_snp(struct psp *psp, u32 *status)
{
	*status = SEV_FW_NO_CALL;
	if (psp->snp_up && (psp->snp_guests || psp->snp_pages))
		return -EBUSY;
	return psp_snp_down(psp, status);
}

static u32 flush_id(const struct psp *psp)
{
	return psp->snp_up ? SEV_FW_SNP_DF_FLUSH : SEV_FW_DF_FLUSH;
}

/* INIT, and what must come before and after it so that a guest can be started. */
static int bring_up(struct psp *psp, u32 *status)
{
	static const struct psp_fill nobody;
	struct psp_call init = {};
	const struct psp_row *row;
	int ret;

	*status = SEV_FW_NO_CALL;
	if (psp->up)
		return 0;
	if (is_kdump_kernel())
		return -EBUSY;
	if (psp->nv.virt && !psp->nv_fresh)
		return -EAGAIN;
	ret = bring_up_snp(psp, status);
	if (ret)
		return ret;

	psp->nv_fresh = false;
	init_block(psp, &init);
	ret = init_platform(psp, &init);
	row = init.row;
	*status = init.status;
	if (!ret) {
		row = psp_row_find(flush_id(psp));
		ret = psp_execute_plain(psp, flush_id(psp), &nobody, status);
	}
	note_bring_up(psp, row, ret, *status);
	/* new keys that nobody has seen yet; the file is wanted for the next PSP */
	if (psp->end != PSP_ALIVE)
		psp->nv_dirty = false;
	return ret;
}

static int shut_down(struct psp *psp, u32 *status)
{
	static const struct psp_fill nobody;

	*status = SEV_FW_NO_CALL;
	if (!psp->up)
		return 0;
	if (psp->guests)
		return -EBUSY;
	return psp_execute_plain(psp, SEV_FW_SHUTDOWN, &nobody, status);
}

static bool binds_dirty_asid(struct psp *psp, const struct psp_call *call)
{
	u32 asid = driver_field(call, PSP_OWN_ASID);

	return call->row->then == PSP_THEN_BIND && asid <= psp->max_asid &&
	       psp->asid[asid].state == PSP_ASID_DIRTY;
}

/*
 * What must have happened before this command can succeed. -EAGAIN: something for
 * which the lock must not be held, see make_ready().
 */
static int prepare_platform(struct psp *psp, struct psp_call *call)
{
	static const struct psp_fill nobody;
	int ret;

	if (psp->end != PSP_ALIVE)
		return 0;	/* the mailbox has the error for this */
	if (call->row->platform == PSP_PLATFORM_UP)
		return psp->up ? 0 : -EAGAIN;
	if (call->row->platform == PSP_PLATFORM_SNP) {
		ret = bring_up_snp(psp, &call->status);
		if (ret)
			return ret;
	}
	if (call->row->platform == PSP_PLATFORM_OFF) {
		/* it could not come up again under KVM */
		if (psp->snp_up && psp_snp_must_stay())
			return -EBUSY;
		ret = shut_down(psp, &call->status);
		return ret ?: shut_down_snp(psp, &call->status);
	}
	if (call->row->platform == PSP_PLATFORM_DOWN) {
		ret = shut_down(psp, &call->status);
		if (ret || call->row->then != PSP_THEN_RESET || !psp->nv.virt)
			return ret;
		/* what has not been read cannot be erased */
		if (!psp->nv_fresh) {
			call->status = SEV_FW_NO_CALL;	/* not that of SHUTDOWN */
			return -EAGAIN;
		}
		psp->nv_fresh = false;
		return 0;
	}
	if (binds_dirty_asid(psp, call))
		return psp_execute_plain(psp, flush_id(psp), &nobody, &call->status);
	return 0;
}

/* One command, after what it needs. */
static int submit_call(struct psp *psp, struct psp_call *call)
{
	int ret = prepare_platform(psp, call);

	return ret ?: execute_and_learn(psp, call);
}

/**
 * psp_unlock() - unlock psp->lock, and do what had to wait for that
 * @psp: PSP
 *
 * Context: process context, sleeps.
 * Return: what saving the keys has returned.
 */
int psp_unlock(struct psp *psp)
{
	const struct psp_row *refused = psp->init_untold ? psp->init_row : NULL;
	const char *died_of = psp->died_of;
	u32 status = psp->init_status;
	bool save = psp->nv_dirty, store_reset = psp->store_reset;
	bool unflushed = psp->unflushed;

	if (save)
		psp_nv_collect(psp);
	if (died_of)
		lose_kept(psp);
	psp->died_of = NULL;
	psp->init_untold = false;
	psp->nv_dirty = false;
	psp->store_reset = false;
	psp->unflushed = false;
	mutex_unlock(&psp->lock);
	psp_mailbox_refill(psp);
	if (store_reset)
		pr_warn("the firmware's persistent data was damaged, and erased by it: the platform gets new keys\n");
	/* what has not been answered is being told by its name */
	if (refused && status != SEV_FW_NO_CALL)
		psp_observe_bring_up(refused, status);
	else if (unflushed)
		psp_observe_unflushed();
	if (died_of) {
		pr_err("no answer to %s, the PSP is given up until the next reset\n", died_of);
		psp_has_died(psp);
	}
	return save ? psp_nv_save(psp) : 0;
}

static void psp_lock(struct psp *psp, struct psp_call *call)
{
	u64 began;

	call->status = SEV_FW_NO_CALL;
	call->queue_ns = 0;
	if (!mutex_trylock(&psp->lock)) {
		began = ktime_get_ns();
		atomic_inc(&psp->queued);
		mutex_lock(&psp->lock);
		atomic_dec(&psp->queued);
		WRITE_ONCE(psp->turns, psp->turns + 1);
		wake_up(&psp->turn);
		call->queue_ns = ktime_get_ns() - began;
	}
	finish_posted(psp);
}

/**
 * psp_let_others() - whoever waits for the PSP goes first
 * @psp: PSP
 *
 * A lock that is taken again at once is rarely got by anybody else.
 *
 * Context: process context, sleeps if somebody waits.
 */
void psp_let_others(struct psp *psp)
{
	unsigned int turns = READ_ONCE(psp->turns);

	if (atomic_read(&psp->queued))
		wait_event_killable_timeout(psp->turn, READ_ONCE(psp->turns) != turns ||
					    !atomic_read(&psp->queued), HZ);
}

/* What cannot be had under psp->lock. */
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

/* Do what prepare_platform() has found missing. Returns 0 if the command is to be tried again. */
static int make_ready(struct psp *psp, struct psp_call *call)
{
	if (call->row->platform == PSP_PLATFORM_UP)
		return psp_bring_up(psp, false, &call->status);
	return psp_nv_load(psp, false);
}

/**
 * psp_submit() - issue one command
 * @psp: PSP
 * @call: command, filled
 *
 * The platform is initialised first if the command needs that.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_mailbox(); -EBUSY if the command needs a platform without guests;
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
		psp_lock(psp, call);
		ret = submit_call(psp, call);
		unsaved = psp_unlock(psp);
	} while (ret == -EAGAIN && !(ret = make_ready(psp, call)));
	unreserve_handle(call);
	return ret ?: unsaved;
}

static int post_call(struct psp *psp, struct psp_call *call, const struct psp_call *after)
{
	int ret;

	WARN_ON_ONCE(call->row->then != PSP_THEN_NOTHING);
	if (after && after->ret)
		return -ECANCELED;
	if (may_only_read(call->row))
		return -EBUSY;
	/* pages must not change hands behind the back of who holds the lock */
	if (psp->snp_up)
		return -EAGAIN;
	ret = prepare_platform(psp, call);
	if (ret)
		return ret;
	if (asks_for_length(call))
		call->expected |= BIT_ULL(SEV_FW_STATUS_INVALID_LENGTH);
	ret = begin_posted(psp, call);
	if (ret)
		return ret;
	call->posted = true;
	psp->posted = call;
	return 0;
}

/**
 * psp_post() - have the firmware begin with a command, and do not wait for it
 * @psp: PSP
 * @call: command, filled, of a row that psp_row_in_array() allows; must stay where it is
 *	until psp_finish()
 * @after: call that has been posted before and must have succeeded, or NULL
 *
 * A call that is still posted is finished first, whoever's it is. The same does whoever
 * wants the PSP next, so that it waits for no more than the one command.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: 0, then psp_finish() is due; -ECANCELED if @after has failed; -EAGAIN if it
 * takes more than the mailbox, which psp_submit() does; or as psp_mailbox_post().
 */
int psp_post(struct psp *psp, struct psp_call *call, const struct psp_call *after)
{
	int ret;

	psp_lock(psp, call);
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
 * Return: as psp_mailbox_wait().
 */
int psp_finish(struct psp *psp, struct psp_call *call)
{
	if (smp_load_acquire(&call->posted)) {	/* pairs with finish_posted() */
		mutex_lock(&psp->lock);
		if (psp->posted == call)
			finish_posted(psp);
		psp_unlock(psp);
	}
	return call->ret;
}

static int bind_guest(struct psp *psp, const struct psp_fill *fill, u32 *status)
{
	static const struct psp_user_block nothing;
	struct psp_call call = { .row = psp_row_find(SEV_FW_ACTIVATE), .status = SEV_FW_NO_CALL };
	int ret;

	psp_fill(call.row, &nothing, fill, &call.fw);
	ret = submit_call(psp, &call);
	*status = call.status;
	return ret;
}

static int submit_start(struct psp *psp, struct psp_call *call, u32 asid,
			const struct psp_row **step)
{
	struct psp_fill fill = { .asid = asid };
	u32 ignored;
	int ret = submit_call(psp, call);

	if (ret)
		return ret;
	fill.handle = driver_field(call, PSP_OWN_NEW_HANDLE);
	ret = bind_guest(psp, &fill, &call->status);
	if (ret) {
		/* ACTIVATE, or the DF_FLUSH that it needed */
		*step = psp->failed_row;
		psp_execute_plain(psp, SEV_FW_DECOMMISSION, &fill, &ignored);
		set_driver_field(call, PSP_OWN_NEW_HANDLE, 0);
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
		psp_lock(psp, call);
		ret = submit_start(psp, call, asid, &step);
		psp_unlock(psp);
	} while (ret == -EAGAIN && !(ret = make_ready(psp, call)));
	unreserve_handle(call);
	if (ret && step && call->status != SEV_FW_NO_CALL)
		pr_err_ratelimited("%s failed in %s, %s (0x%02x)\n", call->row->name, step->name,
				   psp_status_name(call->status), call->status);
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

/*
 * Without this memory there is no SEV-ES, but there is SEV. A machine that has been up
 * for long may not have so much in one piece today, and have it tomorrow.
 */
static void get_tmr(struct psp *psp)
{
	u32 size = psp->snp ? TMR_SIZE_SNP : TMR_SIZE;
	struct psp_fwmem tmr;

	if (!psp->tmr_wanted || READ_ONCE(psp->tmr.virt) || READ_ONCE(psp->up))
		return;
	if (psp_fwmem_alloc(&tmr, size, GFP_KERNEL | __GFP_NOWARN)) {
		pr_warn_ratelimited("no SEV-ES guests: no %u KiB of memory in one piece; tried again when the platform is next initialised\n",
				    size / 1024);
		return;
	}
	clflush_cache_range(tmr.virt, size);
	mutex_lock(&psp->lock);
	if (!psp->tmr.virt && !psp->up && psp->end == PSP_ALIVE) {
		psp->tmr = tmr;
		tmr.virt = NULL;
	}
	mutex_unlock(&psp->lock);
	psp_fwmem_free(&tmr);
}

/*
 * May the platform come up later, once an administrator has mounted a file system, restored
 * a file, made room, or had new keys made? Then kvm_amd, which asks when it is loaded, must
 * not be told of an error: it would offer no SEV until it is loaded again, and never if it
 * is built in.
 */
static bool may_be_mended(int ret, int unsaved, u32 status)
{
	return ret == -EAGAIN || ret == -ENODATA || (!ret && unsaved) ||
	       status == SEV_FW_STATUS_SECURE_DATA_INVALID;
}

/* Whoever needs SNP gets EBUSY, and does not say why. */
static void tell_snp_refused(const struct psp *psp, int ret)
{
	if (ret == -EBUSY && psp->snp && !READ_ONCE(psp->snp_up))
		pr_err_ratelimited("SNP cannot be initialised while kvm_amd is loaded, unload that first\n");
}

/**
 * psp_bring_up() - initialise the platform, unless it is
 * @psp: PSP
 * @early: nobody needs it yet, so that persistent data which cannot be used may be mended
 *         until then; that is told, but is no error
 * @status: receives firmware's answer, SEV_FW_NO_CALL if it had not to be asked
 *
 * A platform whose new keys cannot be saved is shut down again, unless somebody has
 * started a guest meanwhile.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_mailbox(); -ENODATA (the file of init_ex_path cannot be used), or as
 * psp_nv_save().
 */
int psp_bring_up(struct psp *psp, bool early, u32 *status)
{
	int ret, unsaved;

	get_tmr(psp);
	do {
		psp_take(psp);
		*status = SEV_FW_NO_CALL;
		if (psp->end == PSP_ALIVE)
			ret = bring_up(psp, status);
		else
			ret = psp->end == PSP_GONE ? -ENODEV : -EIO;
		unsaved = psp_unlock(psp);
		if (ret != -EAGAIN)
			break;
		ret = psp_nv_load(psp, early);
	} while (!ret);
	if (!ret && unsaved) {
		psp_take(psp);
		if (psp->end == PSP_ALIVE)
			shut_down(psp, status);
		psp_unlock(psp);
		*status = SEV_FW_NO_CALL;	/* whoever needed it has not been served */
	}
	tell_snp_refused(psp, ret);
	if (early && may_be_mended(ret, unsaved, *status))
		return 0;
	return ret ?: unsaved;
}

/**
 * psp_bring_up_snp() - initialise SNP, if this is a host for it
 * @psp: PSP
 * @status: receives firmware's answer, SEV_FW_NO_CALL if it had not to be asked
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: as psp_mailbox().
 */
int psp_bring_up_snp(struct psp *psp, u32 *status)
{
	int ret;

	psp_take(psp);
	*status = SEV_FW_NO_CALL;
	if (psp->end == PSP_ALIVE)
		ret = bring_up_snp(psp, status);
	else
		ret = psp->end == PSP_GONE ? -ENODEV : -EIO;
	psp_unlock(psp);
	tell_snp_refused(psp, ret);
	return ret;
}

/**
 * psp_suspend() - SHUTDOWN before the machine sleeps
 * @psp: PSP
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: 0, or -EBUSY while there are guests, which would not survive it.
 */
int psp_suspend(struct psp *psp)
{
	u32 ignored;
	int ret = 0;

	psp_take(psp);
	if (psp->end == PSP_ALIVE) {
		ret = shut_down(psp, &ignored);
		if (!ret)
			ret = shut_down_snp(psp, &ignored);
	}
	psp_unlock(psp);
	return ret;
}

/**
 * psp_take_down() - SHUTDOWN, whatever the platform is doing; no command after it
 * @psp: PSP
 * @end: why no further command will be accepted
 *
 * Guests that still exist are destroyed by firmware. If it refuses it keeps what it
 * has been given, and so do we.
 *
 * Context: process context, takes psp->lock, sleeps.
 */
void psp_take_down(struct psp *psp, enum psp_end end)
{
	static const struct psp_fill nobody;
	unsigned long pages;
	u32 status = 0;
	bool refused;

	psp_take(psp);
	if (psp->up)
		psp_execute_plain(psp, SEV_FW_SHUTDOWN, &nobody, &status);
	refused = psp->given && status && status != SEV_FW_NO_CALL;
	if (refused)
		lose_kept(psp);
	else if (psp->end == PSP_ALIVE)
		psp_snp_down(psp, &status);
	if (psp->end == PSP_ALIVE)
		psp->end = end;
	psp_unlock(psp);
	if (!refused && psp->snp_up && status && status != SEV_FW_NO_CALL)
		pr_err("firmware refuses SNP_SHUTDOWN_EX, %s (0x%02x): guests' pages are left to it\n",
		       psp_status_name(status), status);
	if (!refused)
		return;
	pages = psp_fwmem_pages(&psp->tmr) + psp_fwmem_pages(&psp->nv);
	pr_err("firmware refuses SHUTDOWN, %s (0x%02x): %lu pages are left to it\n",
	       psp_status_name(status), status, pages);
}

/*
 * The kernel before this one has not shut SNP down. The firmware then answers to no block
 * in a page that is not its own, but does what has none, or only reads it.
 */
static int end_foreign_snp(struct psp *psp)
{
	static const struct psp_fill nobody;
	u32 ignored;
	int ret;

	if (!psp->snp)
		return -EIO;
	psp_execute_plain(psp, SEV_FW_SHUTDOWN, &nobody, &ignored);
	psp->snp_up = true;
	psp_snp_down(psp, &ignored);
	ret = psp->snp_up ? -EIO : 0;
	psp->snp_up = false;
	return ret;
}

/**
 * psp_submit_init() - get to know the firmware, leave it uninitialised
 * @psp: PSP whose mailbox works
 *
 * Context: process context, sleeps.
 * Return: 0, -ENOMEM, or as psp_submit().
 */
int psp_submit_init(struct psp *psp)
{
	u32 eax, ebx, ecx, ignored;
	int ret;

	cpuid(CPUID_SEV, &eax, &ebx, &ecx, &psp->min_sev_asid);
	psp->max_asid = ecx;
	WRITE_ONCE(psp_c_bit, BIT_ULL(ebx & CPUID_SEV_C_BIT) & PAGE_MASK);
	if (!psp->asid)
		/* after max_asid, since sysfs may be looking */
		smp_store_release(&psp->asid,
				  kvcalloc(ecx + 1ul, sizeof(*psp->asid), GFP_KERNEL));
	if (!psp->asid)
		return -ENOMEM;
	mark_all_dirty(psp, true);
	ret = psp->snp ? psp_snp_init(psp) : 0;
	if (ret)
		return ret;

	psp->tmr_wanted = !is_kdump_kernel() && boot_cpu_has(X86_FEATURE_SEV_ES) &&
			  psp->min_sev_asid > 1;
	get_tmr(psp);	/* the sooner, the more likely */
	ret = is_kdump_kernel() ? 0 : psp_nv_init(psp);
	if (ret)
		return ret;

	/* whoever had it before us left ASIDs and guests that we know nothing of */
	psp_take(psp);
	ret = identify_firmware(psp);
	if (ret && psp->failed_status == (SEV_FW_STATUS_BLOCK_PAGE |
					  SEV_FW_STATUS_INVALID_PAGE_STATE))
		ret = end_foreign_snp(psp) ?: identify_firmware(psp);
	if (!ret && !is_kdump_kernel())
		ret = shut_down(psp, &ignored);
	psp_unlock(psp);
	if (!ret && psp->snp && !psp_offers(psp, psp_row_find(SEV_FW_SNP_INIT)))
		pr_warn("SNP is on, but the firmware is too old for it: no guests; 1.51 is needed, or boot with sev=nosnp\n");
	return ret;
}

/**
 * psp_try_interrupt() - does the PSP's interrupt behave as the mailbox wants it?
 * @psp: PSP that nobody else uses yet
 *
 * It must come when it is let through, and not otherwise, after an answer that was slept
 * for and after one that was not. What is to be done if it does not is the mailbox's.
 *
 * Context: process context, sleeps.
 */
void psp_try_interrupt(struct psp *psp)
{
	/* after each of the two, each of the two */
	static const enum psp_trial trials[] = {
		PSP_TRIAL_SLEEP, PSP_TRIAL_SLEEP, PSP_TRIAL_LOOK, PSP_TRIAL_LOOK, PSP_TRIAL_SLEEP,
	};
	unsigned int i, since;
	u32 guests;
	u8 state;

	for (i = 0; i < ARRAY_SIZE(trials); i++) {
		since = READ_ONCE(psp->interrupts);
		psp_take(psp);
		psp->trial = trials[i];
		learn_platform(psp, &state, &guests);
		psp->trial = PSP_TRIAL_NONE;
		psp_unlock(psp);
		if (psp->end != PSP_ALIVE || !psp_mailbox_judge(psp, trials[i], since))
			break;
	}
	psp_observe_interrupt(psp);
}

/**
 * psp_submit_exit() - release what psp_submit_init() took
 * @psp: PSP, taken down
 *
 * The TMR belongs to the firmware from INIT until a SHUTDOWN that it has not refused: a
 * PSP that has died in between keeps it for ever. The firmware's last writes to it may
 * still sit in caches.
 */
void psp_submit_exit(struct psp *psp)
{
	if (psp->tmr.virt)
		wbinvd_on_all_cpus();
	psp_fwmem_free(&psp->tmr);
	psp_nv_exit(psp);
	psp_snp_exit(psp);
	kvfree(psp->asid);
	psp->asid = NULL;
}
