// SPDX-License-Identifier: GPL-2.0
/*
 * The states of ASIDs, as far as the driver knows them.
 *
 * An ASID whose guest has been deactivated is dirty: caches may hold lines under its old
 * key. The firmware lets it be bound again after a WBINVD on every CPU followed by
 * DF_FLUSH, and a DEACTIVATE between those two spoils them. Under psp->lock none can come
 * between. The firmware enforces the same; these states tell when DF_FLUSH is due.
 *
 * An ASID is lost to SNP guests while a page of an earlier one is still assigned to it, which the
 * firmware has not given back: it lets no other be bound (ASID_OWNED). KVM, which does not
 * know, goes on giving the ASID to its guests in turn. That ends when SNP is initialised anew.
 */
#include <linux/processor.h>
#include <linux/slab.h>

#include "addr.h"
#include "psp.h"

/* CPUID leaf with the numbers of ASIDs, and the place of the C-bit. */
#define CPUID_SEV			0x8000001f
#define CPUID_SEV_C_BIT			0x3f

u64 psp_c_bit;

static void mark_dirty(struct psp_asid *asid)
{
	asid->state = PSP_ASID_DIRTY;
	asid->guest = 0;
}

/**
 * psp_asid_mark_all_dirty() - all guests are gone
 * @psp: PSP
 * @snp_too: those of SNP, too; only the platform of SEV has ended otherwise
 *
 * Context: psp->lock held, as for all that follow.
 */
void psp_asid_mark_all_dirty(struct psp *psp, bool snp_too)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++) {
		if (snp_too || !(psp->asid[i].guest & PSP_ID_CONTEXT))
			mark_dirty(&psp->asid[i]);
		/* initialising SNP makes all pages the hypervisor's */
		psp->asid[i].lost &= !snp_too;
	}
}

/**
 * psp_asid_mark_lost() - the firmware keeps a page of the guest's
 * @psp: PSP
 * @asid: ASID of the guest; ignored if the processor does not have it
 */
void psp_asid_mark_lost(struct psp *psp, u32 asid)
{
	if (!asid || asid > psp->max_asid || psp->asid[asid].lost)
		return;
	psp->asid[asid].lost = true;
	psp->asid_lost = asid;
}

/**
 * psp_asid_mark_refused() - the firmware says that the ASID is owned
 * @psp: PSP
 * @asid: ASID that was to be bound
 *
 * If no guest has it, pages are assigned to it: KVM had one whose page did not come back.
 */
void psp_asid_mark_refused(struct psp *psp, u32 asid)
{
	if (asid <= psp->max_asid && psp->asid[asid].state != PSP_ASID_BOUND)
		psp_asid_mark_lost(psp, asid);
}

/**
 * psp_asid_mark_unbound() - the guest has been deactivated
 * @psp: PSP
 * @guest: identity of the guest, see struct psp_asid
 */
void psp_asid_mark_unbound(struct psp *psp, u64 guest)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++)
		if (psp->asid[i].state == PSP_ASID_BOUND && psp->asid[i].guest == guest)
			mark_dirty(&psp->asid[i]);
}

/**
 * psp_asid_mark_clean() - DF_FLUSH has succeeded
 * @psp: PSP
 */
void psp_asid_mark_clean(struct psp *psp)
{
	u32 i;

	for (i = 0; i <= psp->max_asid; i++)
		if (psp->asid[i].state == PSP_ASID_DIRTY)
			psp->asid[i].state = PSP_ASID_FREE;
}

/**
 * psp_asid_mark_bound() - the guest has been activated
 * @psp: PSP
 * @guest: identity of the guest
 * @asid: ASID; ignored if the processor does not have it
 */
void psp_asid_mark_bound(struct psp *psp, u64 guest, u32 asid)
{
	if (asid > psp->max_asid)
		return;
	psp->asid[asid].state = PSP_ASID_BOUND;
	psp->asid[asid].guest = guest;
	/* whatever was assigned to it is not so any more */
	if (guest & PSP_ID_CONTEXT)
		psp->asid[asid].lost = false;
}

/**
 * psp_asid_is_dirty() - does it take a DF_FLUSH before this ASID can be bound?
 * @psp: PSP
 * @asid: ASID
 *
 * Return: true if so; false, too, of an ASID that the processor does not have.
 */
bool psp_asid_is_dirty(const struct psp *psp, u32 asid)
{
	return asid <= psp->max_asid && psp->asid[asid].state == PSP_ASID_DIRTY;
}

/**
 * psp_asid_init() - learn from the processor how many there are
 * @psp: PSP
 *
 * All of them are dirty: another driver may have had this PSP before.
 *
 * Context: process context, sleeps.
 * Return: 0, or -ENOMEM.
 */
int psp_asid_init(struct psp *psp)
{
	u32 eax, ebx, ecx;

	cpuid(CPUID_SEV, &eax, &ebx, &ecx, &psp->min_sev_asid);
	psp->max_asid = ecx;
	WRITE_ONCE(psp_c_bit, BIT_ULL(ebx & CPUID_SEV_C_BIT) & PAGE_MASK);
	if (!psp->asid)
		/* after max_asid, since sysfs may be looking */
		smp_store_release(&psp->asid,
				  kvcalloc(ecx + 1ul, sizeof(*psp->asid), GFP_KERNEL));
	if (!psp->asid)
		return -ENOMEM;
	psp_asid_mark_all_dirty(psp, true);
	return 0;
}

/**
 * psp_asid_exit() - release what psp_asid_init() took
 * @psp: PSP
 */
void psp_asid_exit(struct psp *psp)
{
	kvfree(psp->asid);
	psp->asid = NULL;
}
