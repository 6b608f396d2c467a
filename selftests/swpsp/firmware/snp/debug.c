// SPDX-License-Identifier: GPL-2.0
/*
 * The debug commands: one page of a guest whose policy lets the host look into it.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define DBG_SRC			0x08
#define DBG_DST			0x10

#define ANY_OF_GUEST (SNP_PAGE_IN(RMP_PRE_GUEST) | SNP_PAGE_IN(RMP_PRE_SWAP) | \
		      SNP_PAGE_IN(RMP_GUEST_INVALID) | SNP_PAGE_IN(RMP_GUEST_VALID))
#define IMMUTABLE_OF_GUEST (SNP_PAGE_IN(RMP_PRE_GUEST) | SNP_PAGE_IN(RMP_PRE_SWAP))

static struct snp_guest *debug_guest(struct swpsp *p, const uint8_t *cmd, uint16_t *status)
{
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH | SNP_IN_RUNNING,
					    status);

	if (g && !(g->policy & SNP_POLICY_DEBUG))
		*status = SWPSP_POLICY_FAILURE;
	else if (g && !g->asid)
		*status = SWPSP_INACTIVE;
	return *status ? NULL : g;
}

/* One page of 4 KiB, which may be part of a page of 2 MiB. */
static uint16_t guest_page_check(const struct swpsp *p, const struct snp_guest *g,
				 uint64_t addr, unsigned int states)
{
	struct rmp_page entry;
	uint32_t size = SNP_PAGE_4K;
	uint64_t page = mem_address(p, addr);

	if (page % SNP_PAGE_4K)
		return SWPSP_INVALID_ADDRESS;
	if (mem_state(p, page, &entry) != RMP_DEFAULT && entry.large) {
		size = SNP_PAGE_2M;			/* [D-DBG-LARGE] */
		page &= ~(SNP_PAGE_2M - 1ull);
	}
	return snp_page_check(p, page, size, states, g->asid, NULL);
}

uint16_t cmd_snp_dbg_decrypt(struct swpsp *p, uint8_t *cmd)
{
	uint64_t src = get64(cmd + DBG_SRC), dst = get64(cmd + DBG_DST);
	uint16_t status;
	const struct snp_guest *g = debug_guest(p, cmd, &status);

	if (!g)
		return status;
	status = guest_page_check(p, g, src, ANY_OF_GUEST);
	if (!status)
		status = snp_page_check(p, dst, SNP_PAGE_4K, SNP_PAGE_OUTPUT, 0, NULL);
	if (!status)
		status = mem_guest_read(p, g->asid, src, p->chunk, SNP_PAGE_4K);
	if (!status)
		status = snp_output_write(p, dst, p->chunk, SNP_PAGE_4K);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	return status;
}

uint16_t cmd_snp_dbg_encrypt(struct swpsp *p, uint8_t *cmd)
{
	uint64_t src = get64(cmd + DBG_SRC), dst = get64(cmd + DBG_DST);
	uint16_t status;
	const struct snp_guest *g = debug_guest(p, cmd, &status);

	if (!g)
		return status;
	if (mem_address(p, src) % SNP_PAGE_4K)
		return SWPSP_INVALID_ADDRESS;
	status = mem_read(p, src, p->chunk, SNP_PAGE_4K);
	if (!status)
		status = guest_page_check(p, g, dst, IMMUTABLE_OF_GUEST); /* [D-DBG-TARGET] */
	if (!status)
		status = mem_guest_write_in(p, IMMUTABLE_OF_GUEST, g->asid, dst, p->chunk,
					    SNP_PAGE_4K);
	return status;
}
