// SPDX-License-Identifier: GPL-2.0
/*
 * Invariants of the platform between any two commands, whatever the host
 * did. Test builds (-DSWPSP_SELFCHECK) check it after every command, and die.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#ifdef SWPSP_SELFCHECK

#define TABLE_CHECKED	4096	/* pages whose state is looked at each time */

static void require(bool holds, const char *what, uint32_t id, uint32_t number)
{
	if (holds)
		return;
	fprintf(stderr, "swpsp: after command 0x%03x: %s (%u)\n", id, what, number);
	abort();
}

static void check_guests(const struct swpsp *p, uint32_t id)
{
	uint32_t used = 0, vmsas = 0;

	for (uint32_t i = 1; i <= GUESTS_MAX; i++) {
		const struct guest *g = &p->guests[i];

		if (g->state == GUEST_FREE) {
			require(!g->asid && !g->digest && !g->vmsas, "free guest holds something",
				id, i);
			continue;
		}
		used++;
		vmsas += g->vmsas;
		require(g->state <= GUEST_SENT, "guest has no state", id, i);
		require(g->asid <= p->config.max_asid, "guest has an impossible ASID", id, i);
		require(!g->asid || p->asids[g->asid].keyed, "bound ASID has no key", id, i);
	}
	require(used == p->guest_count, "guest count is wrong", id, used);
	require((used != 0) == (p->state == PLATFORM_WORKING), "WORKING without guest, or not",
		id, used);
	require(vmsas == (p->pool ? p->pool->count : 0), "VMSA slots are lost", id, vmsas);
}

/* A context page for each SNP guest, and no other; and its ASID is in use. */
static void check_snp(const struct swpsp *p, uint32_t id)
{
	uint32_t guests = 0, contexts = 0;

	for (const struct snp_guest *g = p->snp.guests; g; g = g->next) {
		struct rmp_page page = { 0 };

		guests++;
		require(g->state <= SNP_GUEST_RUNNING, "SNP guest has no state", id, guests);
		require(rmp_lookup(&p->snp.rmp, g->page, &page) &&
			rmp_state(&page) == RMP_CONTEXT, "guest without context page", id, guests);
		require(g->asid < p->config.min_sev_asid, "SNP guest's ASID", id, g->asid);
		require(!g->asid || p->asids[g->asid].used, "ASID is not in use", id, g->asid);
		require(!g->asid || p->asids[g->asid].keyed, "ASID has no key", id, g->asid);
	}
	require(guests == p->snp.guest_count, "SNP guest count is wrong", id, guests);
	require(!guests || p->snp.state == SNP_INIT, "SNP guest in UNINIT", id, guests);
	for (uint64_t n = 0; p->snp.state == SNP_INIT && n < p->snp.rmp.pages &&
	     n < TABLE_CHECKED; n++) {
		struct rmp_page page;

		rmp_lookup(&p->snp.rmp, n * SNP_PAGE_4K, &page);
		contexts += rmp_state(&page) == RMP_CONTEXT;
	}
	require(contexts <= guests, "context page without guest", id, contexts);
}

static bool snp_bound(const struct swpsp *p, uint32_t asid)
{
	const struct snp_guest *g;

	for (g = p->snp.guests; g && g->asid != asid; g = g->next)
		;
	return g;
}

static const struct guest *owner_of(const struct swpsp *p, uint32_t asid, uint32_t id)
{
	const struct guest *owner = NULL;

	if (!p->guest_count)
		return NULL;
	for (uint32_t i = 1; i <= GUESTS_MAX; i++) {
		if (p->guests[i].asid != asid)
			continue;
		require(!owner, "ASID has two owners", id, asid);
		owner = &p->guests[i];
	}
	return owner;
}

static void check_asid(const struct swpsp *p, uint32_t asid, uint32_t id)
{
	const struct asid *a = &p->asids[asid];
	uint64_t all = a->dirty | a->clean | a->allocated | a->used;
	int bits = __builtin_popcountll(a->dirty) + __builtin_popcountll(a->clean) +
		   __builtin_popcountll(a->allocated) + __builtin_popcountll(a->used);
	const struct guest *g = NULL;

	if (p->state == PLATFORM_UNINIT && p->snp.state == SNP_UNINIT) {
		require(!all, "ASID has a state in UNINIT", id, asid);
		return;
	}
	require(all == p->all_ccx && bits == __builtin_popcountll(all),
		"a complex is not in exactly one mask", id, asid);
	/* Looking for the owner of each of a thousand ASIDs would be slow. */
	if ((a->allocated | a->used) || asid <= 16)
		g = owner_of(p, asid, id);
	require(!!(a->allocated | a->used) == (!!g + snp_bound(p, asid)),
		"ASID bound without guest, or not, or to two", id, asid);
	if (!g)
		return;
	if (g->state == GUEST_LUPDATE || g->state == GUEST_LSECRET || g->state == GUEST_RUPDATE)
		require(!a->used, "guest that may not run yet does", id, asid);
	else
		require(!a->allocated, "guest that runs is pending", id, asid);
}

void selfcheck(struct swpsp *p, uint32_t id)
{
	uint32_t bound = 0, dirty = 0;

	check_guests(p, id);
	check_snp(p, id);
	for (uint32_t i = 1; i <= p->config.max_asid; i++) {
		check_asid(p, i, id);
		bound += (p->asids[i].allocated | p->asids[i].used) != 0;
		dirty += p->asids[i].dirty != 0;
	}
	require(bound == p->asids_bound, "count of bound ASIDs is wrong", id, bound);
	require(dirty == p->asids_dirty, "count of dirty ASIDs is wrong", id, dirty);
}

#else

void selfcheck(struct swpsp *p, uint32_t id)
{
	(void)p;
	(void)id;
}

#endif
