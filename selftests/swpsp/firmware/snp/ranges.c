// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of memory ranges that are to become HV-Fixed: of SNP_INIT_EX, which names
 * what devices and the machine's own firmware write, and of SNP_PAGE_SET_STATE.
 */
#include "internal.h"

#define LIST_COUNT		0x00
#define LIST_RESERVED		0x04
#define LIST_FIRST		0x08
#define RANGE_SIZE		16
#define RANGE_BASE		0x00
#define RANGE_PAGES		0x08
#define RANGE_RESERVED		0x0c
#define ADDRESS_LIMIT		0x1000000000000ull

#define SET_LENGTH		0x00
#define SET_LIST		0x08
#define SET_SIZE		0x10

static bool range_valid(const struct swpsp *p, struct snp_range *r, const uint8_t *raw)
{
	r->base = mem_address(p, get64(raw + RANGE_BASE));
	r->pages = get32(raw + RANGE_PAGES);
	if (get32(raw + RANGE_RESERVED))
		return false;
	if (!r->pages || r->base % SNP_PAGE_4K || r->base >= ADDRESS_LIMIT)
		return false;
	return r->pages * SNP_PAGE_4K <= ADDRESS_LIMIT - r->base;
}

/* Up to the end of a page at most, wherever in it the list begins. */
static bool list_in_page(const struct swpsp *p, uint64_t addr, uint32_t count)
{
	return mem_address(p, addr) % PAGE_SIZE + LIST_FIRST + RANGE_SIZE * count <= PAGE_SIZE;
}

/* The list is read once; a range may lie outside of memory, which has no entries. */
uint16_t snp_ranges_read(struct swpsp *p, uint64_t addr, struct snp_ranges *ranges)
{
	uint8_t head[LIST_FIRST], raw[RANGE_SIZE * SNP_RANGES_MAX];
	uint16_t status = mem_read(p, addr, head, sizeof(head));

	if (status)
		return status;
	ranges->count = get32(head + LIST_COUNT);
	if (ranges->count > SNP_RANGES_MAX)
		return SWPSP_INVALID_PARAM;
	if (ranges->count)
		status = mem_read(p, addr + LIST_FIRST, raw, RANGE_SIZE * (size_t)ranges->count);
	if (status)
		return status;
	if (get32(head + LIST_RESERVED) || !list_in_page(p, addr, ranges->count))
		return SWPSP_INVALID_PARAM;
	for (uint32_t i = 0; i < ranges->count; i++)
		if (!range_valid(p, &ranges->range[i], raw + RANGE_SIZE * i))
			return SWPSP_INVALID_PARAM;
	return SWPSP_SUCCESS;
}

/* Number of pages of a range for which the table has entries. */
static uint64_t pages_in_table(const struct swpsp *p, const struct snp_range *r)
{
	uint64_t first = r->base / SNP_PAGE_4K, all = p->snp.rmp.pages;

	if (first >= all)
		return 0;
	return r->pages < all - first ? r->pages : all - first;
}

/* Pages of 4 KiB in a page of 2 MiB have no states of their own. */
static bool has_large_page(const struct snp_range *r, uint64_t addr)
{
	uint64_t first = addr & ~(SNP_PAGE_2M - 1ull);

	return first >= r->base &&
	       first + SNP_PAGE_2M <= r->base + r->pages * SNP_PAGE_4K;
}

static uint16_t range_check(const struct swpsp *p, const struct snp_range *r,
			    unsigned int states)
{
	uint64_t pages = pages_in_table(p, r);

	if (mem_taken(p, r->base, r->pages * SNP_PAGE_4K))
		return SWPSP_INVALID_ADDRESS;
	for (uint64_t n = 0; n < pages; n++) {
		uint64_t addr = r->base + n * SNP_PAGE_4K;
		struct rmp_page page;

		rmp_lookup(&p->snp.rmp, addr, &page);
		if (page.large && !has_large_page(r, addr))
			return SWPSP_INVALID_PAGE_SIZE;
		if (!(SNP_PAGE_IN(rmp_state(&page)) & states))
			return SWPSP_INVALID_PAGE_STATE;
	}
	return SWPSP_SUCCESS;
}

/* Also before SNP_INIT, when the table already counts. */
uint16_t snp_ranges_check(const struct swpsp *p, const struct snp_ranges *ranges,
			  unsigned int states)
{
	uint16_t status = SWPSP_SUCCESS;

	for (uint32_t i = 0; !status && i < ranges->count; i++)
		status = range_check(p, &ranges->range[i], states);
	return status;
}

void snp_ranges_fix(struct swpsp *p, const struct snp_ranges *ranges)
{
	const struct rmp_page fixed = { .hv_fixed = true };

	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct snp_range *r = &ranges->range[i];
		uint64_t pages = pages_in_table(p, r);

		for (uint64_t n = 0; n < pages; n++)
			rmp_store(&p->snp.rmp, r->base + n * SNP_PAGE_4K, &fixed);
	}
}

/* Whole pages of 2 MiB; HV-Fixed is the only state that can be asked for. */
uint16_t cmd_snp_page_set_state(struct swpsp *p, uint8_t *cmd)
{
	struct snp_ranges ranges;
	uint16_t status;

	if (get32(cmd + SET_LENGTH) != SET_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (get32(cmd + SET_LENGTH + 4))
		return SWPSP_INVALID_PARAM;
	status = snp_ranges_read(p, get64(cmd + SET_LIST), &ranges);
	if (status)
		return status;
	for (uint32_t i = 0; i < ranges.count; i++)
		if (ranges.range[i].base % SNP_PAGE_2M || ranges.range[i].pages % RMP_PAGES_2M)
			return SWPSP_INVALID_ADDRESS;		/* [D-SET-STATE] */
	status = snp_ranges_check(p, &ranges, SNP_PAGE_IN(RMP_FIRMWARE));
	if (!status)
		snp_ranges_fix(p, &ranges);
	return status;
}
