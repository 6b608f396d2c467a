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

/* Of a byte in a (pinned) page. */
static inline psp_addr_t psp_addr_page(struct page *page, unsigned int offset)
{
	return (__force psp_addr_t)__sme_set(PFN_PHYS(page_to_pfn(page)) + offset);
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

/* The way back, for who must keep pages that kernel code has pointed to. */
static inline phys_addr_t psp_fw_get_addr(const struct psp_fw_block *fw, u8 off)
{
	u64 addr;

	memcpy(&addr, fw->byte + off, sizeof(addr));
	return __sme_clr(addr);
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
