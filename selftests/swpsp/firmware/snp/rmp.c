// SPDX-License-Identifier: GPL-2.0
/*
 * The reverse map table: entries, states, and the processor's instructions on it.
 *
 * Everything here is a function of the table and its arguments. Which side may call
 * what, and why no lock is needed between the sides, is in rmp.h. Rules that are
 * not settled by any public source are marked [D-...], see doubts.txt.
 */
#include "rmp.h"

#define LARGE_FIRST(addr)	((addr) & ~(RMP_2M - 1))
#define COUNTS_WORDS		2048

void rmp_init(struct rmp *rmp, void *memory, uint64_t pages)
{
	rmp->counts = memory;
	rmp->entries = rmp->counts + COUNTS_WORDS;
	rmp->pages = pages;
}

void rmp_clear(struct rmp *rmp)
{
	uint64_t i;

	for (i = 0; i < COUNTS_WORDS; i++)
		rmp->counts[i] = 0;
	for (i = 0; i < 2 * rmp->pages; i++)
		if (rmp->entries[i])
			rmp->entries[i] = 0;
}

enum rmp_state rmp_state(const struct rmp_page *page)
{
	if (page->hv_fixed)
		return RMP_HV_FIXED;
	if (!page->assigned)
		return RMP_HYPERVISOR;
	if (page->asid && page->immutable)
		return page->validated ? RMP_PRE_SWAP : RMP_PRE_GUEST;
	if (page->asid)
		return page->validated ? RMP_GUEST_VALID : RMP_GUEST_INVALID;
	if (!page->immutable)
		return RMP_RECLAIM;
	if (page->vmsa)
		return RMP_CONTEXT;
	return page->gpa ? RMP_METADATA : RMP_FIRMWARE;
}

const char *rmp_state_name(enum rmp_state state)
{
	static const char * const names[RMP_STATES] = {
		[RMP_DEFAULT] = "Default",
		[RMP_HYPERVISOR] = "Hypervisor",
		[RMP_HV_FIXED] = "HV-Fixed",
		[RMP_RECLAIM] = "Reclaim",
		[RMP_FIRMWARE] = "Firmware",
		[RMP_CONTEXT] = "Context",
		[RMP_METADATA] = "Metadata",
		[RMP_PRE_GUEST] = "Pre-Guest",
		[RMP_PRE_SWAP] = "Pre-Swap",
		[RMP_GUEST_INVALID] = "Guest-Invalid",
		[RMP_GUEST_VALID] = "Guest-Valid",
	};

	return state < RMP_STATES ? names[state] : "?";
}

/* ---- entries ---- */

static void entry_read(const struct rmp *rmp, uint64_t pfn, struct rmp_page *page)
{
	uint64_t low = rmp->entries[2 * pfn], high = rmp->entries[2 * pfn + 1];
	int i;

	page->gpa = low & RMP_GPA;
	page->asid = (uint32_t)(low >> RMP_ASID_SHIFT & RMP_ASID_MAX);
	page->assigned = low & RMP_ASSIGNED;
	page->large = low & RMP_LARGE;
	page->immutable = low & RMP_IMMUTABLE;
	page->vmsa = low & RMP_VMSA;
	page->validated = low & RMP_VALIDATED;
	page->locked = low & RMP_LOCKED;
	page->hv_fixed = high & RMP_HV_FIXED_MARK;
	for (i = 0; i < RMP_VMPLS; i++)
		page->perms[i] = (uint8_t)(high >> (8 * i));
}

/* Stores are volatile, so neither the compiler nor x86 swaps the two words. */
static void entry_write(struct rmp *rmp, uint64_t pfn, const struct rmp_page *page)
{
	uint64_t low = page->gpa & RMP_GPA, high = page->hv_fixed ? RMP_HV_FIXED_MARK : 0;
	int i;

	low |= (uint64_t)page->asid << RMP_ASID_SHIFT;
	low |= page->assigned ? RMP_ASSIGNED : 0;
	low |= page->large ? RMP_LARGE : 0;
	low |= page->immutable ? RMP_IMMUTABLE : 0;
	low |= page->vmsa ? RMP_VMSA : 0;
	low |= page->validated ? RMP_VALIDATED : 0;
	low |= page->locked ? RMP_LOCKED : 0;
	for (i = 0; i < RMP_VMPLS; i++)
		high |= (uint64_t)page->perms[i] << (8 * i);
	rmp->entries[2 * pfn + 1] = high;
	rmp->entries[2 * pfn] = low;
}

static bool entry_is_large(const struct rmp *rmp, uint64_t pfn)
{
	return (rmp->entries[2 * pfn] & (RMP_ASSIGNED | RMP_LARGE)) == (RMP_ASSIGNED | RMP_LARGE);
}

bool rmp_lookup(const struct rmp *rmp, uint64_t addr, struct rmp_page *page)
{
	uint64_t pfn = addr / RMP_4K, first = LARGE_FIRST(addr) / RMP_4K;

	if (pfn >= rmp->pages)
		return false;
	if (!entry_is_large(rmp, first)) {
		entry_read(rmp, pfn, page);
		return true;
	}
	entry_read(rmp, first, page);
	if (page->asid)
		page->gpa += (pfn - first) * RMP_4K;
	return true;
}

/* The 512 entries of a region, each as a page of 4 KiB, without the first one. */
static void store_rest(struct rmp *rmp, uint64_t first, const struct rmp_page *page)
{
	struct rmp_page small = *page;
	uint64_t i;

	small.large = false;
	for (i = 1; i < RMP_PAGES_2M; i++) {
		if (page->asid)
			small.gpa = page->gpa + i * RMP_4K;
		entry_write(rmp, first + i, &small);
	}
}

void rmp_store(struct rmp *rmp, uint64_t addr, const struct rmp_page *page)
{
	uint64_t pfn = addr / RMP_4K;
	bool is_large = entry_is_large(rmp, pfn);

	if (!page->large) {
		entry_write(rmp, pfn, page);
		return;
	}
	if (!is_large)
		entry_write(rmp, pfn, page);
	store_rest(rmp, pfn, page);
	if (is_large)
		entry_write(rmp, pfn, page);
}

/* ---- RMPUPDATE ---- */

/* A page that is assigned to no guest has no address in one: it would be Metadata. */
static bool request_valid(const struct rmp *rmp, uint64_t addr, const struct rmp_request *r)
{
	uint64_t size = r->large ? RMP_2M : RMP_4K;

	if (r->assigned > 1 || r->large > 1 || r->immutable > 1 || r->asid > RMP_ASID_MAX)
		return false;
	if (addr % size || addr / RMP_4K >= rmp->pages ||
	    rmp->pages - addr / RMP_4K < size / RMP_4K)
		return false;
	if (!r->assigned)
		return !r->immutable;			/* [D-RMPUPDATE-UNASSIGN] */
	if (r->gpa & ~RMP_GPA || r->gpa % size)
		return false;
	return r->asid || !r->gpa;			/* [D-RMPUPDATE-FORGE] */
}

/* Is a page of 4 KiB in this region assigned, or fixed? */
static bool any_small_taken(const struct rmp *rmp, uint64_t first)
{
	struct rmp_page page;
	uint64_t i;

	for (i = 0; i < RMP_PAGES_2M; i++) {
		entry_read(rmp, first + i, &page);
		if (page.assigned || page.hv_fixed)
			return true;
	}
	return false;
}

/* The entry that @r asks for, in place of @old. */
static struct rmp_page request_entry(const struct rmp_request *r, const struct rmp_page *old)
{
	struct rmp_page page = { .large = r->large };

	if (!r->assigned)
		return page;
	/* The way to Pre-Swap: nothing but "immutable" is added [D-RMPUPDATE-KEEP]. */
	if (old->assigned && old->asid == r->asid && old->gpa == r->gpa && r->asid &&
	    old->large == !!r->large && r->immutable) {
		page = *old;
		page.immutable = true;
		return page;
	}
	page.assigned = true;
	page.gpa = r->gpa;
	page.asid = r->asid;
	page.immutable = r->immutable;
	if (r->asid)
		page.perms[0] = RMP_PERM_ALL;
	return page;
}

static void count_pages(struct rmp *rmp, const struct rmp_page *old, const struct rmp_page *page)
{
	uint64_t n = page->large ? RMP_PAGES_2M : 1;

	if (old->assigned && old->asid)
		rmp->counts[old->asid] -= n;
	if (page->assigned && page->asid)
		rmp->counts[page->asid] += n;
}

/* A region that is given up: the first entry, which makes it one page, is last. */
static void clear_large(struct rmp *rmp, uint64_t first)
{
	const struct rmp_page none = { 0 };

	store_rest(rmp, first, &none);
	entry_write(rmp, first, &none);
}

int rmp_update(struct rmp *rmp, uint64_t addr, const struct rmp_request *request)
{
	uint64_t pfn = addr / RMP_4K, first = LARGE_FIRST(addr) / RMP_4K;
	struct rmp_page old, page;
	bool is_large;

	if (!request_valid(rmp, addr, request))
		return RMP_FAIL_INPUT;
	is_large = entry_is_large(rmp, first);
	if (request->large ? !is_large && any_small_taken(rmp, first) : is_large)
		return RMP_FAIL_OVERLAP;
	entry_read(rmp, pfn, &old);
	if (old.immutable || old.hv_fixed)
		return RMP_FAIL_PERMISSION;
	if (old.locked)
		return RMP_FAIL_INUSE;
	page = request_entry(request, &old);
	count_pages(rmp, &old, &page);
	if (request->large && !request->assigned)
		clear_large(rmp, first);
	else
		rmp_store(rmp, addr, &page);
	return RMP_OK;
}

/* ---- PSMASH ---- */

int rmp_smash(struct rmp *rmp, uint64_t addr)
{
	struct rmp_page page;

	if (addr % RMP_2M)
		return RMP_FAIL_INPUT;
	if (addr / RMP_4K >= rmp->pages || rmp->pages - addr / RMP_4K < RMP_PAGES_2M)
		return RMP_FAIL_BADADDR;
	if (!entry_is_large(rmp, addr / RMP_4K))
		return RMP_FAIL_INPUT;			/* [D-PSMASH-SMALL] */
	entry_read(rmp, addr / RMP_4K, &page);
	if (page.immutable || !page.asid)
		return RMP_FAIL_PERMISSION;		/* [D-PSMASH-SMALL] */
	if (page.locked)
		return RMP_FAIL_INUSE;
	store_rest(rmp, addr / RMP_4K, &page);
	page.large = false;
	entry_write(rmp, addr / RMP_4K, &page);
	return RMP_OK;
}

/* ---- a guest's instructions ---- */

/* Return: RMP_OK and the entry, if a guest's instruction of that size may work on it. */
static int guest_page(const struct rmp *rmp, uint64_t addr, const struct rmp_access *access,
		      bool large, struct rmp_page *page)
{
	uint64_t size = large ? RMP_2M : RMP_4K;

	if (access->gpa % size)
		return RMP_FAIL_INPUT;
	if (!rmp_lookup(rmp, addr, page))
		return RMP_FAULT;
	if (!page->assigned || page->immutable || page->asid != access->asid ||
	    page->gpa != access->gpa)
		return RMP_FAULT;
	if (page->large && !large)
		return RMP_FAULT_SIZE;
	if (large && !page->large)
		return RMP_FAIL_SIZE;
	return RMP_OK;
}

int rmp_validate(struct rmp *rmp, uint64_t addr, const struct rmp_access *access, bool large,
		 bool validate, bool *unchanged)
{
	struct rmp_page page;
	int ret = guest_page(rmp, addr, access, large, &page);

	*unchanged = false;
	if (ret)
		return ret;
	if (access->vmpl)
		return RMP_FAIL_PERMISSION;		/* [D-PVALIDATE-VMPL] */
	if (page.locked)
		return RMP_FAIL_INUSE;			/* [D-PVALIDATE-LOCKED] */
	*unchanged = page.validated == validate;
	page.validated = validate;
	if (!*unchanged)
		rmp_store(rmp, addr, &page);
	return RMP_OK;
}

int rmp_adjust(struct rmp *rmp, uint64_t addr, const struct rmp_access *access, bool large,
	       uint8_t vmpl, uint8_t perms, bool vmsa)
{
	struct rmp_page page;
	int ret;

	if (vmpl >= RMP_VMPLS || (perms & ~RMP_PERM_ALL))
		return RMP_FAIL_INPUT;				/* [D-RMPADJUST] */
	ret = guest_page(rmp, addr, access, large, &page);
	if (ret)
		return ret;
	if (!page.validated)
		return RMP_FAULT;
	if (vmpl <= access->vmpl || (perms & ~page.perms[access->vmpl]))
		return RMP_FAIL_PERMISSION;
	if (vmsa != page.vmsa && access->vmpl)
		return RMP_FAIL_PERMISSION;		/* [D-RMPADJUST-VMSA] */
	if (page.locked)
		return RMP_FAIL_INUSE;
	page.perms[vmpl] = perms;
	page.vmsa = vmsa;
	rmp_store(rmp, addr, &page);
	return RMP_OK;
}
