// SPDX-License-Identifier: GPL-2.0
/*
 * Guest contexts: how commands find them, how they come, are bound to an ASID, and
 * go. There is no unbinding in between: DECOMMISSION does it.
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "internal.h"

#define ACTIVATE_ASID		0x08

#define EX_LENGTH		0x00
#define EX_GCTX			0x08
#define EX_ASID			0x10
#define EX_NUMIDS		0x14
#define EX_IDS			0x18
#define EX_SIZE			0x20
#define EX_IDS_MAX		1024

#define STATUS_ADDR		0x08
#define STATUS_SIZE		0x20
#define STATUS_VCEK_DISABLED	BIT(0)

struct snp_guest *snp_guest_get(struct swpsp *p, uint64_t gctx, unsigned int states,
				uint16_t *status)
{
	uint64_t page = mem_address(p, gctx);
	struct snp_guest *g;

	*status = SWPSP_INVALID_ADDRESS;
	if (page % SNP_PAGE_4K || mem_range(p, page, SNP_PAGE_4K))
		return NULL;
	*status = SWPSP_INVALID_GUEST;
	if (mem_state(p, page, NULL) != RMP_CONTEXT)
		return NULL;					/* [D-GCTX-STATE] */
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

/* ---- beginning and end ---- */

static void page_becomes_firmware(struct swpsp *p, uint64_t addr)
{
	const struct rmp_page firmware = snp_page_firmware();

	snp_page_set(p, addr, &firmware);
}

/* The address 0 names no guest, and would make no Metadata page [D-GCTX-ZERO]. */
uint16_t cmd_snp_gctx_create(struct swpsp *p, uint8_t *cmd)
{
	const struct rmp_page context = snp_page_context();
	uint64_t page = mem_address(p, get64(cmd));
	struct snp_guest *g;
	uint16_t status;

	if (!page)
		return SWPSP_INVALID_ADDRESS;
	status = snp_page_check(p, page, SNP_PAGE_4K, SNP_PAGE_IN(RMP_FIRMWARE), 0, NULL);
	if (status)
		return status;
	if (p->snp.guest_count == SNP_GUESTS_MAX)
		return SWPSP_RESOURCE_LIMIT;			/* [D-GCTX-LIMIT] */
	/* A host that reads the page sees noise. */
	if (!crypto_random(p, p->chunk, SNP_PAGE_4K))
		return hardware_error(p, ERROR_CRYPTO);
	g = calloc(1, sizeof(*g));
	if (!g)
		return SWPSP_RESOURCE_LIMIT;
	status = mem_write_in(p, SNP_PAGE_OUTPUT, page, p->chunk, SNP_PAGE_4K);
	if (status) {
		free(g);
		return status;
	}
	g->page = page;
	g->next = p->snp.guests;
	p->snp.guests = g;
	p->snp.guest_count++;
	snp_page_set(p, page, &context);
	return SWPSP_SUCCESS;
}

/* Another guest in the same page must not become the agent of those that it served. */
static void forget_agent(struct swpsp *p, const struct snp_guest *agent)
{
	for (struct snp_guest *g = p->snp.guests; g; g = g->next)
		if (g->ma == agent->page)
			g->ma = 0;
}

static void guest_destroy(struct swpsp *p, struct snp_guest *g)
{
	struct snp_guest **at = &p->snp.guests;

	forget_agent(p, g);
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (g->asid) {
		asid_release(p, g->asid);
		mem_forget_key(p, g->asid);
	}
	if (p->snp.state == SNP_INIT)
		page_becomes_firmware(p, g->page);
	OPENSSL_cleanse(g, sizeof(*g));
	free(g);
	p->snp.guest_count--;
}

void snp_guests_destroy(struct swpsp *p)
{
	while (p->snp.guests)
		guest_destroy(p, p->snp.guests);
}

/* An agent may go while it still has guests to serve [D-DECOMMISSION-AGENT]. */
uint16_t cmd_snp_decommission(struct swpsp *p, uint8_t *cmd)
{
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_ANY, &status);

	if (g)
		guest_destroy(p, g);
	return status;
}

/* ---- activation ---- */

static bool asid_legal(const struct swpsp *p, uint32_t asid)
{
	uint32_t limit = p->config.min_sev_asid - 1;

	if (p->snp.max_asid && p->snp.max_asid < limit)
		limit = p->snp.max_asid;
	return asid && asid <= limit;
}

/* Common part of ACTIVATE and ACTIVATE_EX. @ccx: complexes to be bound. */
static uint16_t activate(struct swpsp *p, struct snp_guest *g, uint32_t asid, uint64_t ccx,
			 bool again)
{
	const struct asid *a;

	if (!asid_legal(p, asid))
		return SWPSP_INVALID_ASID;
	a = &p->asids[asid];
	if (g->asid != asid && ((a->allocated | a->used) || p->snp.rmp.counts[asid]))
		return SWPSP_ASID_OWNED;			/* [D-ACTIVATE-PAGES] */
	if (g->asid && (g->asid != asid || !again))
		return SWPSP_ACTIVE;				/* [D-ACTIVATE-TWICE] */
	if ((g->policy & SNP_POLICY_ONE_SOCKET) && !asid_one_socket(p, ccx))
		return SWPSP_POLICY_FAILURE;
	if (a->dirty & ccx || (!g->asid && a->dirty))
		return SWPSP_DF_FLUSH_REQUIRED;
	if (!g->asid && !mem_set_key(p, asid, g->vek))
		return hardware_error(p, ERROR_CRYPTO);
	asid_use(p, asid, ccx);
	g->asid = asid;
	p->snp.used_since_flush = true;
	memset(p->snp.written_back, 0, sizeof(p->snp.written_back));
	return SWPSP_SUCCESS;
}

uint16_t cmd_snp_activate(struct swpsp *p, uint8_t *cmd)
{
	uint16_t status;
	struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_LAUNCH | SNP_IN_RUNNING,
					    &status);

	return g ? activate(p, g, get32(cmd + ACTIVATE_ASID), p->all_ccx, false) : status;
}

/* Numbers of threads that there are not are the caller's fault [D-ACTIVATE-THREADS]. */
uint16_t cmd_snp_activate_ex(struct swpsp *p, uint8_t *cmd)
{
	uint32_t count = get32(cmd + EX_NUMIDS);
	struct snp_guest *g;
	uint16_t status;
	uint64_t ccx;

	if (get32(cmd + EX_LENGTH) != EX_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (get32(cmd + EX_LENGTH + 4))
		return SWPSP_INVALID_PARAM;
	g = snp_guest_get(p, get64(cmd + EX_GCTX), SNP_IN_LAUNCH | SNP_IN_RUNNING, &status);
	if (!g)
		return status;
	if (!count || count > EX_IDS_MAX)
		return SWPSP_INVALID_PARAM;
	status = asid_read_apic_ids(p, get64(cmd + EX_IDS), count, &ccx);
	if (status)
		return status == SWPSP_INVALID_CONFIG ? SWPSP_INVALID_PARAM : status;
	return activate(p, g, get32(cmd + EX_ASID), ccx, true);
}

/* ---- GUEST_STATUS ---- */

uint16_t cmd_snp_guest_status(struct swpsp *p, uint8_t *cmd)
{
	uint16_t status;
	const struct snp_guest *g = snp_guest_get(p, get64(cmd), SNP_IN_ANY, &status);
	uint8_t out[STATUS_SIZE] = { 0 };

	if (!g)
		return status;
	put64(out, g->policy);
	put32(out + 0x08, g->asid);
	out[0x0c] = (uint8_t)g->state;
	if (snp_api_is(p, 1, 55) && g->vcek_disabled)
		put32(out + 0x10, STATUS_VCEK_DISABLED);
	return snp_output_write(p, get64(cmd + STATUS_ADDR), out, sizeof(out));
}
