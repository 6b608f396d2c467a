// SPDX-License-Identifier: GPL-2.0
/*
 * States of pages as the firmware sees them: the check that every command makes of
 * every address, and the entries that commands leave behind.
 *
 * While SNP is not initialised no page has a state: all are Default, which is
 * accepted wherever the firmware only writes, and nowhere where a state must change
 * [D-PAGE-DEFAULT]. Of several faults of one page the first one of the check below is told
 * [D-PAGE-ORDER].
 */
#include "internal.h"

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
	state = mem_state(p, page, entry);
	if (state == RMP_DEFAULT)
		return states & SNP_PAGE_IN(RMP_DEFAULT) ? SWPSP_SUCCESS :
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
	mem_disturb(p);
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

/* Before SNP_INIT any memory will do. Across two pages: [D-STATUS-ADDRESS]. */
uint16_t snp_output_check(const struct swpsp *p, uint64_t addr, uint32_t len)
{
	uint64_t page = mem_address(p, addr) & ~(SNP_PAGE_4K - 1ull);

	if (mem_range(p, addr, len) || mem_address(p, addr) + len > page + SNP_PAGE_4K)
		return SWPSP_INVALID_ADDRESS;
	return snp_page_check(p, page, SNP_PAGE_4K, SNP_PAGE_OUTPUT, 0, NULL);
}

/* Whatever command wrote it, the page is not the firmware's any more [D-OUTPUT-RECLAIM]. */
void snp_page_give_back(struct swpsp *p, uint64_t addr)
{
	const struct rmp_page reclaim = snp_page_reclaim();
	uint64_t page = mem_address(p, addr) & ~(SNP_PAGE_4K - 1ull);

	if (mem_state(p, page, NULL) == RMP_FIRMWARE)
		snp_page_set(p, page, &reclaim);
}

uint16_t snp_output_write(struct swpsp *p, uint64_t addr, const void *data, uint32_t len)
{
	uint16_t status = snp_output_check(p, addr, len);

	if (!status)
		status = mem_write_in(p, SNP_PAGE_OUTPUT, addr, data, len);
	if (!status)
		snp_page_give_back(p, addr);
	return status;
}

/* ---- legacy commands while SNP is up ---- */

/* The area of INIT_EX stays the firmware's, and so do pages of 2 MiB [D-LEGACY-LARGE]. */
static void give_back_written(struct swpsp *p, const struct written *w)
{
	uint64_t page = w->addr & ~(SNP_PAGE_4K - 1ull);
	struct rmp_page entry;

	for (; page < w->addr + w->len; page += SNP_PAGE_4K) {
		if (p->nv_area && mem_overlap(page, SNP_PAGE_4K, mem_address(p, p->nv_area),
					      NV_SIZE))
			continue;
		if (mem_state(p, page, &entry) == RMP_FIRMWARE && !entry.large)
			snp_page_give_back(p, page);
	}
}

/* [D-LEGACY-RECLAIM]: options, because hosts have to cope with each. */
void snp_legacy_end(struct swpsp *p, bool success)
{
	bool keep = p->config.snp_options & SWPSP_SNP_KEEP_OUTPUT;

	for (size_t i = 0; i < ARRAY_SIZE(p->written); i++)
		if (p->written[i].len && success && !keep)
			give_back_written(p, &p->written[i]);
	if (p->command.len)
		give_back_written(p, &p->command);
	memset(p->written, 0, sizeof(p->written));
	p->command.len = 0;
}
