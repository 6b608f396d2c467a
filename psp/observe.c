// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees of the driver: the tracepoint, the counters of commands, and messages
 * about the firmware's answers, interrupts, CPUs that are not flushed, and ASIDs. Nothing here
 * changes what a command does, or asks the firmware.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "psp.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Counters are read without psp->lock. */
static void count(u64 *counter)
{
	WRITE_ONCE(*counter, *counter + 1);
}

/**
 * psp_observe() - a command has been answered, or has not
 * @psp: PSP
 * @call: command, as it came back
 * @handle: guest that was meant, 0 if none
 * @asid: ASID that was meant, 0 if none
 *
 * Context: psp->lock held.
 */
void psp_observe(struct psp *psp, const struct psp_call *call, u32 handle, u32 asid)
{
	struct psp_stat *stat = &psp->stat[call->row - psp_rows];
	u64 us = call->firmware_ns / NSEC_PER_USEC;

	lockdep_assert_held(&psp->lock);

	trace_psp_command(call, handle, asid, call->queue_ns, call->firmware_ns);
	count(&stat->count);
	count(&stat->time[min_t(unsigned int, us ? ilog2(us) + 1 : 0, PSP_BUCKETS - 1)]);
	if (psp_call_refused(call))
		count(&stat->refused);
}

/*
 * A CPU that is present but offline executes no WBINVD, but the firmware insists on one
 * of each, once a guest may have run there.
 */
static const char *wbinvd_hint(void)
{
	if (num_online_cpus() < num_present_cpus())
		return "CPUs are offline and cannot flush their caches, set them online";
	return "not every CPU of the machine has executed WBINVD";
}

/**
 * psp_init_hint() - why could the firmware not be initialised?
 * @row: command that it has refused
 * @status: the firmware's answer
 *
 * Return: a text for the administrator, who can change that.
 */
const char *psp_init_hint(const struct psp_row *row, u32 status)
{
	static const struct {
		u8 status;
		const char *hint;
	} hints[] = {
		{ SEV_FW_STATUS_INVALID_PLATFORM_STATE,
		  "it is up already, or SNP is on and its RMP is not" },
		{ SEV_FW_STATUS_INVALID_CONFIG, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_INVALID_LENGTH, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_INVALID_ADDRESS, "the memory for SEV-ES does not suit it" },
		{ SEV_FW_STATUS_HWERROR_PLATFORM,
		  "memory encryption (SMEE) is off in the BIOS, or its storage is broken" },
		{ SEV_FW_STATUS_UNSUPPORTED, "it is not made for this processor" },
		{ SEV_FW_STATUS_SECURE_DATA_INVALID,
		  "its persistent data is damaged or another's, PLATFORM_RESET makes new" },
	};
	unsigned int i;

	if (status == SEV_FW_STATUS_WBINVD_REQUIRED)
		return wbinvd_hint();
	if (row->then != PSP_THEN_UP)
		return "there can be no guest before that has succeeded";
	for (i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].status == status)
			return hints[i].hint;
	return "the SEV API does not say why";
}

/**
 * psp_observe_bring_up() - firmware could not be initialised
 * @row: command that it has refused
 * @status: the firmware's answer
 *
 * Callers get the status only; the administrator is told what to look at.
 *
 * Context: any.
 */
void psp_observe_bring_up(const struct psp_row *row, u32 status)
{
	pr_err_ratelimited("firmware refuses %s, %s (0x%02x): %s\n", row->name,
			   psp_status_name(status), status, psp_init_hint(row, status));
}

/**
 * psp_unasked_hint() - why firmware could not be told to initialise something
 * @error: negative errno of that command, which was not issued
 *
 * Context: any.
 * Return: a sentence for the administrator.
 */
const char *psp_unasked_hint(int error)
{
	switch (error) {
	case -EBUSY:
		return "kvm_amd is loaded, unload that first";
	case -EOPNOTSUPP:
		return "the firmware is too old for it";
	case -ENOMEM:
		return "there is no memory";
	case -EFAULT:
	case -EIO:
		return "a page for it cannot be given to the firmware, or is lost to it";
	default:
		return "the kernel could not prepare for it";
	}
}

/**
 * psp_observe_unasked() - firmware could not be told to initialise something
 * @row: command that was not issued
 * @error: negative errno, which is all that its caller gets
 *
 * Context: any.
 */
void psp_observe_unasked(const struct psp_row *row, int error)
{
	pr_err_ratelimited("%s was not issued: %s (error %d)\n", row->name,
			   psp_unasked_hint(error), error);
}

/**
 * psp_observe_unflushed() - no ASID of an earlier guest can be used again
 *
 * KVM says no more than EBUSY or EIO to whoever starts a guest.
 *
 * Context: any.
 */
void psp_observe_unflushed(void)
{
	pr_err_ratelimited("ASIDs cannot be used again, DF_FLUSH failed with %s (0x%02x): %s\n",
			   psp_status_name(SEV_FW_STATUS_WBINVD_REQUIRED),
			   SEV_FW_STATUS_WBINVD_REQUIRED, wbinvd_hint());
}

/**
 * psp_observe_lost() - no SNP guest can have an ASID any more
 * @asid: ASID
 *
 * KVM goes on giving it to guests, one of which fails each time. Its owner must make another VM.
 *
 * Context: any.
 */
void psp_observe_lost(u32 asid)
{
	pr_err_ratelimited("ASID %u is lost to SNP guests, the firmware keeps a page of the last one; load kvm_amd anew when no guest runs\n",
			   asid);
}

/**
 * psp_observe_asids() - how many guests of each kind there can be at the same time
 * @psp: PSP that commands go to
 *
 * KVM refuses a guest of a kind that has no ASIDs without saying why.
 */
void psp_observe_asids(const struct psp *psp)
{
	u32 es = min(psp->min_sev_asid, psp->max_asid + 1);

	es = es ? es - 1 : 0;
	pci_info(psp->pdev, "SEV API %d.%d build %d, ASIDs: %u for SEV guests, %u for SEV-ES guests\n",
		 psp->api >> 8, psp->api & 0xff, psp->build, psp->max_asid - es, es);
	if (!es)
		pci_warn(psp->pdev, "no SEV-ES guests: the BIOS gives them no ASIDs\n");
	if (es == psp->max_asid)
		pci_warn(psp->pdev, "no SEV guests without SEV-ES: the BIOS gives them no ASIDs\n");
}

/**
 * psp_observe_interrupt() - the interrupt does not behave
 * @psp: PSP that has been tried
 *
 * Commands are answered all the same; the administrator learns why they cost more.
 *
 * Context: any.
 */
void psp_observe_interrupt(const struct psp *psp)
{
	if (psp->interrupt == PSP_INTERRUPT_STRAYS)
		pci_info(psp->pdev, "interrupts come although they are masked, so they are left on\n");
	else if (psp->interrupt == PSP_INTERRUPT_ABSENT)
		pci_warn(psp->pdev, "no interrupt comes for an answer, so that a timer has to look for it: slow commands get slower by some milliseconds\n");
}

/**
 * psp_observe_init() - begin to count
 * @psp: PSP, before its first command
 *
 * Return: 0 or -ENOMEM.
 */
int psp_observe_init(struct psp *psp)
{
	psp->stat = kvcalloc(psp_nr_rows, sizeof(*psp->stat), GFP_KERNEL);
	return psp->stat ? 0 : -ENOMEM;
}

/**
 * psp_observe_exit() - release what psp_observe_init() took
 * @psp: PSP that nobody uses any more
 */
void psp_observe_exit(struct psp *psp)
{
	kvfree(psp->stat);
	psp->stat = NULL;
}
