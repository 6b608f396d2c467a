// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an ASID: which core complexes have it clean, bound or dirty, and the
 * four commands that move it. Every change of a mask goes through asid_set(), so
 * that the counts of bound and dirty ASIDs stay right.
 */
#include "internal.h"

#define EX_LENGTH	0x00
#define EX_HANDLE	0x04
#define EX_ASID		0x08
#define EX_NUMIDS	0x0c
#define EX_IDS		0x10
#define EX_SIZE		0x18
#define EX_IDS_MAX	1024
#define APIC_IDS	512

static unsigned int ccx_threads(const struct swpsp *p)
{
	return p->config.ccx_threads ? p->config.ccx_threads : p->config.cpus;
}

static uint64_t ccx_of(const struct swpsp *p, uint32_t cpu)
{
	return 1ull << (cpu / ccx_threads(p));
}

static bool guest_runs(const struct guest *g)
{
	return g->state == GUEST_RUNNING || g->state == GUEST_SUPDATE;
}

static void asid_set(struct swpsp *p, uint32_t asid, uint64_t dirty, uint64_t clean,
		     uint64_t allocated, uint64_t used)
{
	struct asid *a = &p->asids[asid];

	p->asids_bound -= (a->allocated | a->used) != 0;
	p->asids_dirty -= a->dirty != 0;
	a->dirty = dirty;
	a->clean = clean;
	a->allocated = allocated;
	a->used = used;
	p->asids_bound += (a->allocated | a->used) != 0;
	p->asids_dirty += a->dirty != 0;
}

/* INIT: whatever ran before, no cache can be trusted. */
void asid_reset_all(struct swpsp *p)
{
	for (uint32_t i = 1; i <= p->config.max_asid; i++)
		asid_set(p, i, p->all_ccx, 0, 0, 0);
	memset(p->wbinvd_done, 0, sizeof(p->wbinvd_done));
}

void asid_forget_all(struct swpsp *p)
{
	for (uint32_t i = 1; i <= p->config.max_asid; i++)
		asid_set(p, i, 0, 0, 0, 0);
}

static bool snp_guest_has(const struct swpsp *p, uint32_t asid)
{
	const struct snp_guest *g;

	for (g = p->snp.guests; g && g->asid != asid; g = g->next)
		;
	return g;
}

/*
 * Legacy SHUTDOWN while SNP is up: SNP's guests keep their ASIDs. Those of the guests
 * that are gone may have left traces in the caches.
 */
void asid_forget_legacy(struct swpsp *p)
{
	for (uint32_t i = 1; i <= p->config.max_asid; i++) {
		if (snp_guest_has(p, i))
			continue;
		if (p->asids[i].allocated | p->asids[i].used)
			asid_release(p, i);
		mem_forget_key(p, i);
	}
}

/* Bind an SNP guest on more complexes; it may run at once. */
void asid_use(struct swpsp *p, uint32_t asid, uint64_t ccx)
{
	const struct asid *a = &p->asids[asid];

	asid_set(p, asid, a->dirty, a->clean & ~ccx, a->allocated, a->used | (a->clean & ccx));
}

/* Complexes that may have run the guest become dirty, and their caches suspect. */
void asid_release(struct swpsp *p, uint32_t asid)
{
	const struct asid *a = &p->asids[asid];

	for (uint32_t cpu = 0; cpu < p->config.cpus; cpu++)
		if (a->used & ccx_of(p, cpu))
			p->wbinvd_done[cpu] = false;
	asid_set(p, asid, a->dirty | a->used, a->clean | a->allocated, 0, 0);
}

/* The threads of the first socket come first. */
bool asid_one_socket(const struct swpsp *p, uint64_t ccx)
{
	bool used[2] = { false, false };

	for (uint32_t cpu = 0; cpu < p->config.cpus; cpu++)
		if (ccx & ccx_of(p, cpu))
			used[2 * cpu / p->config.cpus] = true;
	return p->config.sockets < 2 || !(used[0] && used[1]);
}

void swpsp_wbinvd(struct swpsp *p, uint32_t cpu)
{
	if (cpu >= p->config.cpus)
		return;
	p->wbinvd_done[cpu] = true;
	p->snp.written_back[cpu] = true;
}

/* Otherwise a flush has missed data of an SNP guest that still runs. */
static bool all_written_back(const struct swpsp *p)
{
	for (uint32_t cpu = 0; cpu < p->config.cpus; cpu++)
		if (!p->snp.written_back[cpu])
			return false;
	return true;
}

uint16_t cmd_df_flush(struct swpsp *p, uint8_t *cmd)
{
	uint64_t missing = 0;

	(void)cmd;
	for (uint32_t cpu = 0; cpu < p->config.cpus; cpu++)
		if (!p->wbinvd_done[cpu])
			missing |= ccx_of(p, cpu);
	for (uint32_t i = 1; i <= p->config.max_asid; i++) {
		struct asid *a = &p->asids[i];

		asid_set(p, i, a->dirty & missing, a->clean | (a->dirty & ~missing),
			 a->allocated, a->used);
	}
	if (missing)
		return SWPSP_WBINVD_REQUIRED;
	if (all_written_back(p))
		p->snp.used_since_flush = false;
	if (p->state != PLATFORM_UNINIT && p->es && !p->pool && !vmsa_pool_build(p))
		return hardware_error(p, ERROR_CRYPTO);
	return SWPSP_SUCCESS;
}

/* SEV-ES guests have the ASIDs below min_sev_asid, all others the rest. */
static bool kind_fits(const struct swpsp *p, const struct guest *g, uint32_t asid)
{
	bool es_asid = asid < p->config.min_sev_asid;

	return es_asid == !!(g->policy & POLICY_ES);
}

static bool asid_legal(const struct swpsp *p, uint32_t asid)
{
	return asid && asid <= p->config.max_asid;
}

/* Bind to, or add, complexes that are clean. */
static uint16_t bind(struct swpsp *p, struct guest *g, uint32_t asid, uint64_t ccx)
{
	struct asid *a = &p->asids[asid];
	uint64_t take = ccx & a->clean;
	bool runs = guest_runs(g);

	if (!g->asid && !mem_set_key(p, asid, g->seed))
		return hardware_error(p, ERROR_CRYPTO);
	asid_set(p, asid, a->dirty, a->clean & ~take, a->allocated | (runs ? 0 : take),
		 a->used | (runs ? take : 0));
	g->asid = asid;
	return SWPSP_SUCCESS;
}

uint16_t cmd_activate(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));
	uint32_t asid = get32(cmd + 4);
	const struct asid *a;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!asid_legal(p, asid))
		return SWPSP_INVALID_ASID;
	a = &p->asids[asid];
	if (a->allocated | a->used)
		return SWPSP_ASID_OWNED;
	if (g->asid)
		return SWPSP_ACTIVE;
	if (g->state == GUEST_SENT)
		return SWPSP_INVALID_GUEST_STATE;
	if (a->dirty)
		return SWPSP_DF_FLUSH_REQUIRED;
	if (a->clean != p->all_ccx)
		return SWPSP_ASID_OWNED;
	if (!kind_fits(p, g, asid))
		return SWPSP_INVALID_ASID;
	return bind(p, g, asid, p->all_ccx);
}

/* The complexes of a list of APIC ids; thread n has APIC id n. */
uint16_t asid_read_apic_ids(struct swpsp *p, uint64_t addr, uint32_t count, uint64_t *ccx)
{
	uint8_t ids[4 * EX_IDS_MAX];
	uint16_t status = mem_read(p, addr, ids, 4 * (size_t)count);

	if (status)
		return status;
	*ccx = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t id = get32(ids + 4 * i);

		if (id >= APIC_IDS)
			return SWPSP_INVALID_PARAM;
		if (id >= p->config.cpus)
			return SWPSP_INVALID_CONFIG;
		*ccx |= ccx_of(p, id);
	}
	return SWPSP_SUCCESS;
}

uint16_t cmd_activate_ex(struct swpsp *p, uint8_t *cmd)
{
	uint32_t asid = get32(cmd + EX_ASID), count = get32(cmd + EX_NUMIDS);
	struct guest *g = guest_get(p, get32(cmd + EX_HANDLE));
	const struct asid *a;
	uint64_t ccx;
	uint16_t status;

	if (get32(cmd + EX_LENGTH) != EX_SIZE)
		return SWPSP_INVALID_PARAM;
	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!asid_legal(p, asid))
		return SWPSP_INVALID_ASID;
	if (!count || count > EX_IDS_MAX)
		return SWPSP_INVALID_PARAM;
	status = asid_read_apic_ids(p, get64(cmd + EX_IDS), count, &ccx);
	if (status)
		return status;
	if (g->state == GUEST_SENT)
		return SWPSP_INVALID_GUEST_STATE;
	a = &p->asids[asid];
	if (!g->asid && a->dirty)
		return SWPSP_DF_FLUSH_REQUIRED;
	if (!g->asid && a->clean != p->all_ccx)
		return SWPSP_ASID_OWNED;
	if (g->asid && g->asid != asid)
		return SWPSP_ACTIVE;
	if (!kind_fits(p, g, asid))
		return SWPSP_INVALID_ASID;
	if (a->dirty & ccx)
		return SWPSP_DF_FLUSH_REQUIRED;
	return bind(p, g, asid, ccx);
}

uint16_t cmd_deactivate(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!g->asid)
		return SWPSP_INACTIVE;
	asid_release(p, g->asid);
	g->asid = 0;
	return SWPSP_SUCCESS;
}

/* The guest may run from now on. Without an ASID there is nothing to do. */
void asid_complete_activation(struct swpsp *p, struct guest *g)
{
	const struct asid *a = &p->asids[g->asid];

	if (g->asid)
		asid_set(p, g->asid, a->dirty, a->clean, 0, a->used | a->allocated);
}
