// SPDX-License-Identifier: GPL-2.0
/*
 * Between long_mode.S and a Linux kernel: an SNP guest accepts the memory that was not launched,
 * since the kernel takes all RAM to be accepted that the memory map has.
 */
#include "guest.h"
#include "linux.h"

#define PAGE	0x1000

void start64(void);

/* #VC does not happen here: there is no handler. */
static uint32_t sev_status(void)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (MSR_SEV_STATUS));
	return low;
}

static void accept_memory(const struct linux_handover *handover)
{
	for (uint64_t i = 0; i < handover->count && i < LINUX_RANGES; i++)
		for (uint64_t gpa = handover->ranges[i].begin; gpa < handover->ranges[i].end;
		     gpa += PAGE)
			if (pvalidate(gpa, true))
				terminate(TERMINATE_VALIDATE);
}

void start64(void)
{
	if (sev_status() & STATUS_SNP)
		accept_memory((const struct linux_handover *)LINUX_HANDOVER);
	asm volatile("movl %1, %%ds; movl %1, %%es; movl %1, %%ss; jmp *%0"
		     : : "r" ((uint64_t)LINUX_KERNEL + LINUX_ENTRY_64), "r" (DATA),
		       "S" (LINUX_ZERO_PAGE)
		     : "memory");
}
