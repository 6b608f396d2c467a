/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical addresses for firmware. They have a type of their own, made here and
 * nowhere else, and consumed by psp_fw_put_addr() alone; sparse refuses any
 * mixing with user addresses or plain numbers.
 */
#ifndef PSP_ADDR_H
#define PSP_ADDR_H

#include <linux/mm.h>
#include <linux/psp-sev.h>

#include "compat.h"
#include "row.h"

typedef u64 __bitwise psp_addr_t;

/* Of directly mapped kernel memory. Carries the C-bit where SME is on. */
static inline psp_addr_t psp_addr_virt(const void *virt)
{
	return (__force psp_addr_t)(u64)__psp_pa(virt);
}

/*
 * The C-bit of this processor, which SEV has also where SME is off. Written by the submit
 * path as it gets to know the processor, before the first command.
 */
extern u64 psp_c_bit;

/* Of a byte in a (pinned) page. */
static inline psp_addr_t psp_addr_page(struct page *page, unsigned int offset)
{
	return (__force psp_addr_t)__sme_set(PFN_PHYS(page_to_pfn(page)) + offset);
}

/*
 * Of a byte in a (pinned) page of a guest's, with the C-bit. Migration commands of older
 * firmware need it, be SME on or off; present firmware does not look at it.
 */
static inline psp_addr_t psp_addr_guest(struct page *page, unsigned int offset)
{
	return (__force psp_addr_t)((PFN_PHYS(page_to_pfn(page)) + offset) | psp_c_bit);
}

/* Without the C-bit, for memory that firmware takes over as a whole. */
static inline psp_addr_t psp_addr_owned(const void *virt)
{
	return (__force psp_addr_t)(u64)__pa(virt);
}

static inline void psp_fw_put_addr(struct psp_fw_block *fw, u8 off, psp_addr_t addr)
{
	memcpy(fw->byte + off, &addr, sizeof(addr));
}

/*
 * The way back, for who must keep or lend pages that kernel code has pointed to. KVM sets
 * the C-bit in some addresses though SME is off.
 */
static inline phys_addr_t psp_fw_get_addr(const struct psp_fw_block *fw, u8 off)
{
	u64 addr;

	memcpy(&addr, fw->byte + off, sizeof(addr));
	return addr & ~psp_c_bit;
}

static inline u32 psp_addr_lo(psp_addr_t addr)
{
	return lower_32_bits((__force u64)addr);
}

static inline u32 psp_addr_hi(psp_addr_t addr)
{
	return upper_32_bits((__force u64)addr);
}

#endif /* PSP_ADDR_H */
