// SPDX-License-Identifier: GPL-2.0
/*
 * The platform: INIT and SHUTDOWN of SEV and SNP, on demand and at the machine's own ends,
 * and what a command needs of the platform before it can succeed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cacheflush.h>
#include <linux/cpufeature.h>
#include <linux/crash_dump.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>

#include "addr.h"
#include "compat.h"
#include "psp.h"

/* The trusted memory region, and its alignment. */
#define TMR_SIZE			(1024 * 1024)
#define TMR_SIZE_SNP			(2 * 1024 * 1024)
#define INIT_FLAG_ES			BIT(0)

#define PUT32(fw, type, member, value) \
	psp_fw_put32(fw, offsetof(struct sev_fw_##type, member), value)
#define PUT_ADDR(fw, type, member, addr) \
	psp_fw_put_addr(fw, offsetof(struct sev_fw_##type, member), addr)

bool psp_init_on_probe = true;
module_param(psp_init_on_probe, bool, 0444);
MODULE_PARM_DESC(psp_init_on_probe, "initialise firmware at probe, not on first use (default y)");

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

/**
 * psp_platform_learn() - ask whose platform this is now
 * @psp: PSP
 * @call: command that has succeeded, and may have made it another one
 *
 * The driver asks at once, so that nobody has to ask who only wants to look: not to be
 * answered is the end of a PSP.
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: as psp_execute().
 */
int psp_platform_learn(struct psp *psp, const struct psp_call *call)
{
	u32 guests;
	u8 state;

	if (call->row->then == PSP_THEN_RELOAD)
		return identify_firmware(psp);
	if (call->row->then == PSP_THEN_UP || call->row->then == PSP_THEN_PERSIST)
		learn_platform(psp, &state, &guests);
	return 0;
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
		ret = psp_kept_hand_over(psp);
		if (ret)
			break;
		ret = psp_execute(psp, init) ?: psp_platform_learn(psp, init);
		if (ret && (kept || init->status == SEV_FW_NO_CALL ||
			    init->status == SEV_FW_STATUS_HWERROR_UNSAFE))
			psp_kept_lose(psp);
		else if (ret)
			psp_kept_take_back(psp);
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
	psp->init_unasked = status == SEV_FW_NO_CALL && psp->end == PSP_ALIVE ? ret : 0;
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
	struct psp_call init = { .status = SEV_FW_NO_CALL };
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

/**
 * psp_platform_prepare() - bring the platform into the state that a command needs
 * @psp: PSP
 * @call: command; @call->status is changed if the firmware has to be asked
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0; -EAGAIN if that needs what must not be done under psp->lock, which
 * psp_platform_make_ready() does; -EPERM if its caller may not have that done; -EBUSY while
 * there are guests; or as psp_execute().
 */
int psp_platform_prepare(struct psp *psp, struct psp_call *call)
{
	static const struct psp_fill nobody;
	int ret;

	if (psp->end != PSP_ALIVE)
		return 0;	/* the mailbox has the error for this */
	if (call->row->platform == PSP_PLATFORM_UP) {
		if (psp->up)
			return 0;
		/* a reader was let in while the platform was up */
		return call->reads ? -EPERM : -EAGAIN;
	}
	if (call->row->platform == PSP_PLATFORM_SNP) {
		ret = bring_up_snp(psp, &call->status);
		if (ret)
			return ret;
	}
	if (call->row->platform == PSP_PLATFORM_OFF) {
		/* SNP could not come up again under KVM */
		if (psp->snp_up && psp_snp_must_stay())
			return -EBUSY;
		ret = shut_down(psp, &call->status);
		return ret ?: shut_down_snp(psp, &call->status);
	}
	if (call->row->platform == PSP_PLATFORM_DOWN) {
		ret = shut_down(psp, &call->status);
		if (ret || call->row->then != PSP_THEN_RESET || !psp->nv.virt)
			return ret;
		/* a file that has not been read cannot be erased */
		if (!psp->nv_fresh) {
			call->status = SEV_FW_NO_CALL;	/* not that of SHUTDOWN */
			return -EAGAIN;
		}
		psp->nv_fresh = false;
		return 0;
	}
	if (call->row->then == PSP_THEN_BIND &&
	    psp_asid_is_dirty(psp, psp_driver_field(call, PSP_OWN_ASID)))
		return psp_execute_plain(psp, flush_id(psp), &nobody, &call->status);
	return 0;
}

/**
 * psp_platform_restore() - have SNP up again, if a command wanted it down
 * @psp: PSP
 * @call: command that is over, whether it has succeeded or not
 * @snp_up: SNP was up before
 *
 * With enable_virt_at_load=0 a KVM that is loaded makes the CPUs ready to run guests when it gets
 * its first VM, and SNP could not come up for that one any more.
 *
 * Context: process context, psp->lock held, sleeps.
 */
void psp_platform_restore(struct psp *psp, const struct psp_call *call, bool snp_up)
{
	u32 ignored;

	if (snp_up && call->row->platform == PSP_PLATFORM_OFF && psp->end == PSP_ALIVE)
		bring_up_snp(psp, &ignored);
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

/**
 * psp_bring_up() - initialise the platform, unless it is
 * @psp: PSP
 * @early: no command needs the platform yet, so that persistent data which cannot be used
 *         may be mended until then; that is told, but is no error
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
		*status = SEV_FW_NO_CALL;	/* the command that needed it has not been served */
	}
	if (early && may_be_mended(ret, unsaved, *status))
		return 0;
	return ret ?: unsaved;
}

/**
 * psp_platform_make_ready() - do what psp_platform_prepare() has found missing
 * @psp: PSP
 * @call: command, that is to be tried again after it
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: 0, or as psp_bring_up().
 */
int psp_platform_make_ready(struct psp *psp, struct psp_call *call)
{
	if (call->row->platform == PSP_PLATFORM_UP)
		return psp_bring_up(psp, false, &call->status);
	return psp_nv_load(psp, false);
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
		psp_kept_lose(psp);
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
 * psp_platform_init() - get to know the firmware, leave it uninitialised
 * @psp: PSP whose mailbox works
 *
 * Context: process context, sleeps.
 * Return: 0, -ENOMEM, or as psp_execute().
 */
int psp_platform_init(struct psp *psp)
{
	u32 ignored;
	int ret = psp_asid_init(psp);

	if (!ret && psp->snp)
		ret = psp_snp_init(psp);
	if (ret)
		return ret;

	psp->tmr_wanted = !is_kdump_kernel() && boot_cpu_has(X86_FEATURE_SEV_ES) &&
			  psp->min_sev_asid > 1;
	get_tmr(psp);	/* the sooner, the more likely */
	ret = is_kdump_kernel() ? 0 : psp_nv_init(psp);
	if (ret)
		return ret;

	/* the driver before this one left ASIDs and guests that we know nothing of */
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
 * The interrupt must come when it is let through, and not otherwise, after an answer that
 * was slept for and after one that was not. The mailbox decides what to do if it does not.
 *
 * Context: process context, sleeps.
 */
void psp_try_interrupt(struct psp *psp)
{
	/* both ways of waiting, each after itself and after the other one */
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
 * psp_platform_exit() - release what psp_platform_init() took
 * @psp: PSP, taken down
 *
 * The TMR belongs to the firmware from INIT until a SHUTDOWN that it has not refused: a
 * PSP that has died in between keeps it for ever. The firmware's last writes to it may
 * still sit in caches.
 */
void psp_platform_exit(struct psp *psp)
{
	if (psp->tmr.virt)
		wbinvd_on_all_cpus();
	psp_fwmem_free(&psp->tmr);
	psp_nv_exit(psp);
	psp_snp_exit(psp);
	psp_asid_exit(psp);
}
