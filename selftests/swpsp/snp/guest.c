// SPDX-License-Identifier: GPL-2.0
/*
 * Guest contexts: how commands find them, how they come and go.
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "internal.h"

struct snp_guest *snp_guest_get(struct swpsp *p, uint64_t gctx, unsigned int states,
				uint16_t *status)
{
	uint64_t page = mem_address(p, gctx);
	struct snp_guest *g;

	*status = SWPSP_INVALID_ADDRESS;
	if (page % SNP_PAGE_4K || mem_range(p, page, SNP_PAGE_4K))
		return NULL;
	*status = SWPSP_INVALID_GUEST;
	if (snp_page_lookup(p, page, NULL) != RMP_CONTEXT)
		return NULL;
	for (g = p->snp.guests; g && g->page != page; g = g->next)
		;
	if (!g)
		return NULL;
	*status = SWPSP_INVALID_GUEST_STATE;
	if (!(states & 1u << g->state))
		return NULL;
	*status = SWPSP_SUCCESS;
	return g;
}

struct snp_guest *snp_guest_of_asid(struct swpsp *p, uint32_t asid)
{
	struct snp_guest *g;

	for (g = p->snp.guests; g && g->asid != asid; g = g->next)
		;
	return g;
}

static void guest_free(struct swpsp *p, struct snp_guest *g)
{
	OPENSSL_cleanse(g, sizeof(*g));
	free(g);
	p->snp.guest_count--;
}

void snp_guests_destroy(struct swpsp *p)
{
	while (p->snp.guests) {
		struct snp_guest *g = p->snp.guests;

		p->snp.guests = g->next;
		guest_free(p, g);
	}
}
