// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on their way back to the hypervisor, and small pages that become a large one.
 */
#include "internal.h"

#define RECLAIM_2M		1u
#define RECLAIM_RESERVED	0xffeull

#define RECLAIMABLE (SNP_PAGE_IN(RMP_METADATA) | SNP_PAGE_IN(RMP_FIRMWARE) | \
		     SNP_PAGE_IN(RMP_PRE_GUEST) | SNP_PAGE_IN(RMP_PRE_SWAP) | \
		     SNP_PAGE_IN(RMP_RECLAIM))
#define SMASHED (SNP_PAGE_IN(RMP_PRE_GUEST) | SNP_PAGE_IN(RMP_PRE_SWAP))

/*
 * A page in Reclaim is no error: a driver does not know whether a command that
 * failed has written its page. Its entry is left alone, since the host may change it at any
 * moment, and would lose what it has stored there meanwhile. Whether pages that never were
 * the firmware's are one is open [D-RECLAIM-OTHERS]; a Context page is one [D-RECLAIM-CONTEXT].
 */
uint16_t cmd_snp_page_reclaim(struct swpsp *p, uint8_t *cmd)
{
	uint64_t word = get64(cmd), addr = word & ~(RECLAIM_RESERVED | RECLAIM_2M);
	uint32_t size = word & RECLAIM_2M ? SNP_PAGE_2M : SNP_PAGE_4K;
	struct rmp_page entry;
	uint16_t status;

	if (word & RECLAIM_RESERVED)
		return SWPSP_INVALID_PARAM;
	status = snp_page_check(p, addr, size, RECLAIMABLE, 0, &entry);
	if (status || rmp_state(&entry) == RMP_RECLAIM)
		return status;
	if (entry.asid) {
		entry.immutable = false;
	} else {
		entry = snp_page_reclaim();
		entry.large = size == SNP_PAGE_2M;
	}
	snp_page_set(p, addr, &entry);
	return SWPSP_SUCCESS;
}

/* Are these two of the pages that make up one of 2 MiB? @distance: from the first one. */
static bool pages_alike(const struct rmp_page *first, const struct rmp_page *page,
			uint64_t distance)
{
	return page->immutable && page->validated == first->validated && !page->vmsa &&
	       page->gpa == first->gpa + distance &&
	       !memcmp(page->perms, first->perms, sizeof(page->perms));
}

/* They must be immutable, so that no guest changes them meanwhile [D-UNSMASH]. */
uint16_t cmd_snp_page_unsmash(struct swpsp *p, uint8_t *cmd)
{
	uint64_t addr = mem_address(p, get64(cmd));
	struct rmp_page first, page;
	uint16_t status;

	if (addr % SNP_PAGE_2M || mem_range(p, addr, SNP_PAGE_2M))
		return SWPSP_INVALID_ADDRESS;
	status = snp_page_check(p, addr, SNP_PAGE_4K, SMASHED, 0, &first);
	if (status)
		return status;
	if (first.gpa % SNP_PAGE_2M || first.vmsa)
		return SWPSP_INVALID_PAGE_STATE;
	for (uint64_t at = SNP_PAGE_4K; at < SNP_PAGE_2M; at += SNP_PAGE_4K) {
		status = snp_page_check(p, addr + at, SNP_PAGE_4K, SMASHED, first.asid, &page);
		if (status)
			return status;
		if (!pages_alike(&first, &page, at))
			return SWPSP_INVALID_PAGE_STATE;
	}
	first.large = true;
	snp_page_set(p, addr, &first);
	return SWPSP_SUCCESS;
}
