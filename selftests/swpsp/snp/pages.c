// SPDX-License-Identifier: GPL-2.0
/*
 * States of pages as the firmware sees them: the check that every command makes of
 * every address, and the entries that commands leave behind.
 *
 * While SNP is not initialised no page has a state: all are Default, which is
 * accepted wherever Firmware is.
 */
#include "internal.h"

enum rmp_state snp_page_lookup(const struct swpsp *p, uint64_t addr, struct rmp_page *entry)
{
	struct rmp_page page = { 0 };
	enum rmp_state state = RMP_DEFAULT;

	if (p->snp.state == SNP_INIT && rmp_lookup(&p->snp.rmp, mem_address(p, addr), &page))
		state = rmp_state(&page);
	if (entry)
		*entry = page;
	return state;
}

uint16_t snp_page_check(const struct swpsp *p, uint64_t addr, uint32_t size,
			unsigned int states, uint32_t asid, struct rmp_page *entry)
{
	uint64_t page = mem_address(p, addr);
	enum rmp_state state;
	struct rmp_page e;

	if (!entry)
		entry = &e;
	if (page % size || mem_range(p, page, size))
		return SWPSP_INVALID_ADDRESS;
	state = snp_page_lookup(p, page, entry);
	if (state == RMP_DEFAULT)
		return states & SNP_PAGE_IN(RMP_FIRMWARE) ? SWPSP_SUCCESS :
							    SWPSP_INVALID_PAGE_STATE;
	if (size != (entry->large ? SNP_PAGE_2M : SNP_PAGE_4K))
		return SWPSP_INVALID_PAGE_SIZE;
	if (!(states & SNP_PAGE_IN(state)))
		return SWPSP_INVALID_PAGE_STATE;
	if (asid && entry->asid != asid)
		return SWPSP_INVALID_PAGE_OWNER;
	return SWPSP_SUCCESS;
}

void snp_page_set(struct swpsp *p, uint64_t addr, const struct rmp_page *entry)
{
	rmp_store(&p->snp.rmp, mem_address(p, addr), entry);
}

struct rmp_page snp_page_firmware(void)
{
	return (struct rmp_page) { .assigned = true, .immutable = true };
}

struct rmp_page snp_page_reclaim(void)
{
	return (struct rmp_page) { .assigned = true };
}

struct rmp_page snp_page_context(void)
{
	return (struct rmp_page) { .assigned = true, .immutable = true, .vmsa = true };
}

/* ---- pages for results ---- */

/* Before SNP_INIT any memory will do. */
uint16_t snp_output_check(const struct swpsp *p, uint64_t addr, uint32_t len)
{
	uint64_t page = mem_address(p, addr) & ~(SNP_PAGE_4K - 1ull);

	if (mem_range(p, addr, len) || mem_address(p, addr) + len > page + SNP_PAGE_4K)
		return SWPSP_INVALID_ADDRESS;
	return snp_page_check(p, page, SNP_PAGE_4K, SNP_PAGE_OUTPUT, 0, NULL);
}

void snp_page_give_back(struct swpsp *p, uint64_t addr)
{
	const struct rmp_page reclaim = snp_page_reclaim();
	uint64_t page = mem_address(p, addr) & ~(SNP_PAGE_4K - 1ull);

	if (snp_page_lookup(p, page, NULL) == RMP_FIRMWARE)
		snp_page_set(p, page, &reclaim);
}

uint16_t snp_output_write(struct swpsp *p, uint64_t addr, const void *data, uint32_t len)
{
	uint16_t status = snp_output_check(p, addr, len);

	if (!status)
		status = mem_write(p, addr, data, len);
	if (!status)
		snp_page_give_back(p, addr);
	return status;
}
