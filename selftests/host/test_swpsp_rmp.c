// SPDX-License-Identifier: GPL-2.0
/*
 * The reverse map table: how an entry is laid out, and what the processor's
 * instructions do to a page in each state. Bits are typed from the description of
 * the processor, not taken from swpsp's header.
 */
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "kselftest_harness.h"
#include "snp/rmp.h"

#define PAGES		2048u
#define COUNTS		2048u		/* words in front of the entries */
#define SMALL(n)	(0x1000ull * (n))
#define LARGE(n)	(0x200000ull * (n))
#define ASID		5u
#define GPA		0x7654321000ull

FIXTURE(rmp) {
	uint64_t *memory;
	struct rmp rmp;
};

FIXTURE_SETUP(rmp)
{
	self->memory = calloc(COUNTS + 2 * PAGES, 8);
	ASSERT_NE(NULL, self->memory);
	rmp_init(&self->rmp, self->memory, PAGES);
}

FIXTURE_TEARDOWN(rmp)
{
	free(self->memory);
}

/* The two words of the entry of page @n. */
static uint64_t *words(struct rmp *rmp, uint64_t n)
{
	return (uint64_t *)rmp->entries + 2 * n;
}

static int update(struct rmp *rmp, uint64_t addr, uint64_t gpa, uint32_t asid, int assigned,
		  int large, int immutable)
{
	const struct rmp_request r = {
		.gpa = gpa, .asid = asid, .assigned = (uint8_t)assigned,
		.large = (uint8_t)large, .immutable = (uint8_t)immutable,
	};

	return rmp_update(rmp, addr, &r);
}

static enum rmp_state state_of(struct rmp *rmp, uint64_t addr)
{
	struct rmp_page page;

	return rmp_lookup(rmp, addr, &page) ? rmp_state(&page) : RMP_DEFAULT;
}

/* As the firmware would: @addr in any state, with guest pages of ASID at GPA. */
static void put_in_state(struct rmp *rmp, uint64_t addr, enum rmp_state state, bool large)
{
	struct rmp_page page = { .assigned = true, .large = large };

	switch (state) {
	case RMP_DEFAULT:
	case RMP_STATES:
	case RMP_HYPERVISOR:
		page.assigned = false;
		page.large = false;
		break;
	case RMP_HV_FIXED:
		page.assigned = false;
		page.large = false;
		page.hv_fixed = true;
		break;
	case RMP_RECLAIM:
		break;
	case RMP_CONTEXT:
		page.vmsa = true;
		page.immutable = true;
		break;
	case RMP_METADATA:
		page.gpa = SMALL(9);
		page.immutable = true;
		break;
	case RMP_FIRMWARE:
		page.immutable = true;
		break;
	case RMP_PRE_GUEST:
	case RMP_PRE_SWAP:
	case RMP_GUEST_INVALID:
	case RMP_GUEST_VALID:
		page.asid = ASID;
		page.gpa = large ? GPA & ~(LARGE(1) - 1) : GPA;
		page.immutable = state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
		page.validated = state == RMP_PRE_SWAP || state == RMP_GUEST_VALID;
		page.perms[0] = 0xf;
		page.perms[2] = 0x3;
		rmp->counts[ASID] += large ? 512 : 1;
	}
	rmp_store(rmp, addr, &page);
}

static bool same_page(const struct rmp_page *a, const struct rmp_page *b)
{
	return a->gpa == b->gpa && a->asid == b->asid && a->assigned == b->assigned &&
	       a->large == b->large && a->immutable == b->immutable && a->vmsa == b->vmsa &&
	       a->validated == b->validated && a->locked == b->locked &&
	       a->hv_fixed == b->hv_fixed && !memcmp(a->perms, b->perms, sizeof(a->perms));
}

/* ---- layout ---- */

TEST(the_table_fits_its_place_in_the_bar)
{
	EXPECT_EQ(0x804000, SWPSP_RMP_SIZE) TH_LOG("16 KiB, and 16 bytes a page of 2 GiB");
	EXPECT_LE(SWPSP_BAR_RMP + SWPSP_RMP_SIZE, SWPSP_BAR_SIZE);
	EXPECT_EQ(0, SWPSP_BAR_RMP % 0x2000) TH_LOG("as RMP_BASE must be aligned");
	EXPECT_LT(SWPSP_BAR_FAULT_HITS, SWPSP_BAR_RMP);
}

TEST_F(rmp, an_entry_has_the_bits_that_the_kernel_reads)
{
	const struct rmp_page page = {
		.gpa = GPA, .asid = 0x155, .assigned = true, .immutable = true, .vmsa = true,
		.validated = true, .perms = { 1, 2, 4, 8 },
	};
	uint64_t *w = words(&self->rmp, 3);
	struct rmp_page back;

	rmp_store(&self->rmp, SMALL(3), &page);
	EXPECT_EQ(1ull | 1ull << 2 | GPA | 0x155ull << 51 | 1ull << 61 | 1ull << 62, w[0]);
	EXPECT_EQ(0x08040201, w[1]);
	ASSERT_TRUE(rmp_lookup(&self->rmp, SMALL(3) + 0xfff, &back));
	EXPECT_TRUE(same_page(&page, &back));
	EXPECT_EQ(0, words(&self->rmp, 2)[0] | words(&self->rmp, 4)[0]);
	EXPECT_EQ(self->memory + COUNTS + 6, w) TH_LOG("counters come first");
}

TEST_F(rmp, pages_beyond_the_table_have_no_entry)
{
	struct rmp_page page;

	EXPECT_TRUE(rmp_lookup(&self->rmp, SMALL(PAGES) - 1, &page));
	EXPECT_FALSE(rmp_lookup(&self->rmp, SMALL(PAGES), &page));
	EXPECT_FALSE(rmp_lookup(&self->rmp, UINT64_MAX, &page));
}

TEST_F(rmp, each_state_is_what_its_fields_say)
{
	for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
		put_in_state(&self->rmp, SMALL(7), s, false);
		EXPECT_EQ(s, state_of(&self->rmp, SMALL(7))) TH_LOG("%s", rmp_state_name(s));
	}
}

/* ---- RMPUPDATE ---- */

struct wish {
	const char *name;
	uint32_t asid;
	uint8_t assigned;
	uint8_t immutable;
	enum rmp_state from_hypervisor;
};

static const struct wish wishes[] = {
	{ "unassign", 0, 0, 0, RMP_HYPERVISOR },
	{ "firmware", 0, 1, 1, RMP_FIRMWARE },
	{ "reclaim", 0, 1, 0, RMP_RECLAIM },
	{ "pre-guest", ASID, 1, 1, RMP_PRE_GUEST },
	{ "guest", ASID, 1, 0, RMP_GUEST_INVALID },
	{ "another guest", ASID + 1, 1, 0, RMP_GUEST_INVALID },
	{ "another guest's pre-guest", ASID + 1, 1, 1, RMP_PRE_GUEST },
};

#define WISHES (sizeof(wishes) / sizeof(wishes[0]))

static bool immutable_state(int state)
{
	return state == RMP_HV_FIXED || state == RMP_FIRMWARE || state == RMP_CONTEXT ||
	       state == RMP_METADATA || state == RMP_PRE_GUEST || state == RMP_PRE_SWAP;
}

static enum rmp_state after_update(int from, const struct wish *wish)
{
	if (from == RMP_GUEST_VALID && wish->asid == ASID && wish->immutable)
		return RMP_PRE_SWAP;
	return wish->from_hypervisor;
}

TEST_F(rmp, rmpupdate_of_a_page_in_each_state)
{
	for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
		for (size_t i = 0; i < WISHES; i++) {
			const struct wish *w = &wishes[i];
			int ret;

			rmp_clear(&self->rmp);
			put_in_state(&self->rmp, SMALL(9), s, false);
			ret = update(&self->rmp, SMALL(9), w->asid ? GPA : 0, w->asid,
				     w->assigned, 0, w->immutable);
			EXPECT_EQ(immutable_state(s) ? 2 : 0, ret)
				TH_LOG("%s to %s", rmp_state_name(s), w->name);
			EXPECT_EQ(immutable_state(s) ? s : after_update(s, w),
				  state_of(&self->rmp, SMALL(9)))
				TH_LOG("%s to %s", rmp_state_name(s), w->name);
		}
	}
}

TEST_F(rmp, rmpupdate_gives_vmpl0_everything_and_the_others_nothing)
{
	struct rmp_page page;

	put_in_state(&self->rmp, SMALL(9), RMP_GUEST_VALID, false);
	ASSERT_EQ(0, update(&self->rmp, SMALL(9), GPA, ASID, 1, 0, 0));
	ASSERT_TRUE(rmp_lookup(&self->rmp, SMALL(9), &page));
	EXPECT_FALSE(page.validated) TH_LOG("the guest has to accept it again");
	EXPECT_EQ(0xf, page.perms[0]);
	EXPECT_EQ(0, page.perms[1] | page.perms[2] | page.perms[3]);
}

TEST_F(rmp, pre_swap_keeps_validation_permissions_and_save_area)
{
	struct rmp_page page;

	put_in_state(&self->rmp, SMALL(9), RMP_GUEST_VALID, false);
	*words(&self->rmp, 9) |= 1ull << 61;
	ASSERT_EQ(0, update(&self->rmp, SMALL(9), GPA, ASID, 1, 0, 1));
	ASSERT_TRUE(rmp_lookup(&self->rmp, SMALL(9), &page));
	EXPECT_TRUE(page.validated && page.vmsa);
	EXPECT_EQ(3, page.perms[2]);
	put_in_state(&self->rmp, SMALL(10), RMP_GUEST_VALID, false);
	ASSERT_EQ(0, update(&self->rmp, SMALL(10), GPA + 0x1000, ASID, 1, 0, 1));
	EXPECT_EQ(RMP_PRE_GUEST, state_of(&self->rmp, SMALL(10))) TH_LOG("another address");
}

TEST_F(rmp, rmpupdate_refuses_nonsense)
{
	struct rmp *rmp = &self->rmp;
	const struct rmp_request odd = { .asid = ASID, .assigned = 2 };

	EXPECT_EQ(1, update(rmp, SMALL(1) + 0x800, 0, 0, 1, 0, 1)) TH_LOG("not aligned");
	EXPECT_EQ(1, update(rmp, SMALL(1), 0, 0, 1, 1, 1)) TH_LOG("not aligned to 2 MiB");
	EXPECT_EQ(1, update(rmp, SMALL(PAGES), 0, 0, 1, 0, 1)) TH_LOG("beyond the table");
	EXPECT_EQ(1, update(rmp, UINT64_MAX & ~0xfffull, 0, 0, 1, 0, 1));
	EXPECT_EQ(1, update(rmp, SMALL(1), GPA + 1, ASID, 1, 0, 0));
	EXPECT_EQ(1, update(rmp, SMALL(1), 1ull << 51, ASID, 1, 0, 0)) TH_LOG("GPA too large");
	EXPECT_EQ(1, update(rmp, LARGE(1), GPA, ASID, 1, 1, 0)) TH_LOG("GPA of 4 KiB");
	EXPECT_EQ(1, update(rmp, SMALL(1), GPA, 1024, 1, 0, 0)) TH_LOG("ASID too large");
	EXPECT_EQ(1, update(rmp, SMALL(1), 0, 0, 0, 0, 1)) TH_LOG("immutable, not assigned");
	EXPECT_EQ(1, rmp_update(rmp, SMALL(1), &odd));
	EXPECT_EQ(1, update(rmp, SMALL(1), SMALL(3), 0, 1, 0, 1)) TH_LOG("forged Metadata");
	EXPECT_EQ(RMP_HYPERVISOR, state_of(rmp, SMALL(1)));
}

TEST_F(rmp, a_locked_save_area_is_in_use)
{
	put_in_state(&self->rmp, SMALL(9), RMP_GUEST_VALID, false);
	*words(&self->rmp, 9) |= 1ull << 61 | 1ull << 63;
	EXPECT_EQ(3, update(&self->rmp, SMALL(9), 0, 0, 0, 0, 0));
	EXPECT_EQ(RMP_GUEST_VALID, state_of(&self->rmp, SMALL(9)));
}

TEST_F(rmp, sizes_do_not_overlap)
{
	struct rmp *rmp = &self->rmp;

	ASSERT_EQ(0, update(rmp, LARGE(1) + SMALL(77), GPA, ASID, 1, 0, 0));
	EXPECT_EQ(4, update(rmp, LARGE(1), LARGE(8), ASID, 1, 1, 0));
	EXPECT_EQ(4, update(rmp, LARGE(1), 0, 0, 0, 1, 0));
	ASSERT_EQ(0, update(rmp, LARGE(2), LARGE(8), ASID, 1, 1, 0));
	EXPECT_EQ(4, update(rmp, LARGE(2) + SMALL(3), 0, 0, 0, 0, 0));
	EXPECT_EQ(4, update(rmp, LARGE(2), 0, 0, 0, 0, 0));
	EXPECT_EQ(RMP_GUEST_INVALID, state_of(rmp, LARGE(2) + SMALL(3)));
	EXPECT_EQ(0, update(rmp, LARGE(2), 0, 0, 0, 1, 0));
	for (int i = 0; i < 512; i++)
		EXPECT_EQ(0, words(rmp, 1024 + i)[0]);
}

TEST_F(rmp, each_asid_counts_its_pages)
{
	struct rmp *rmp = &self->rmp;

	ASSERT_EQ(0, update(rmp, LARGE(1), LARGE(8), ASID, 1, 1, 0));
	ASSERT_EQ(0, update(rmp, SMALL(3), GPA, ASID, 1, 0, 1));
	EXPECT_EQ(513, self->memory[ASID]);
	ASSERT_EQ(0, rmp_smash(rmp, LARGE(1)));
	ASSERT_EQ(0, update(rmp, LARGE(1), GPA, ASID + 1, 1, 0, 0));
	EXPECT_EQ(512, self->memory[ASID]);
	EXPECT_EQ(1, self->memory[ASID + 1]);
	ASSERT_EQ(0, update(rmp, LARGE(1), 0, 0, 0, 0, 0));
	EXPECT_EQ(0, self->memory[ASID + 1]);
	ASSERT_EQ(2, update(rmp, SMALL(3), 0, 0, 0, 0, 0));
	EXPECT_EQ(512, self->memory[ASID]) TH_LOG("a refused one counts nothing");
	ASSERT_EQ(0, update(rmp, SMALL(4), 0, 0, 1, 0, 1));
	EXPECT_EQ(0, self->memory[0]);
}

/* ---- 2 MiB ---- */

TEST_F(rmp, a_large_page_rules_all_its_addresses)
{
	struct rmp_page page;

	put_in_state(&self->rmp, LARGE(1), RMP_GUEST_VALID, true);
	ASSERT_TRUE(rmp_lookup(&self->rmp, LARGE(1) + SMALL(5) + 1, &page));
	EXPECT_TRUE(page.large && page.validated);
	EXPECT_EQ((GPA & ~(LARGE(1) - 1)) + 0x5000, page.gpa);
	EXPECT_EQ(2, words(&self->rmp, 512)[0] & 2);
	EXPECT_EQ(1, words(&self->rmp, 517)[0] & 3) TH_LOG("where the kernel looks");
}

TEST_F(rmp, psmash_makes_512_small_pages_of_the_same_kind)
{
	struct rmp_page page;

	put_in_state(&self->rmp, LARGE(1), RMP_GUEST_INVALID, true);
	*words(&self->rmp, 512) |= 1ull << 62;		/* PVALIDATE of the whole */
	ASSERT_EQ(0, rmp_smash(&self->rmp, LARGE(1)));
	for (uint64_t i = 0; i < 512; i++) {
		ASSERT_TRUE(rmp_lookup(&self->rmp, LARGE(1) + SMALL(i), &page));
		ASSERT_FALSE(page.large);
		ASSERT_EQ(RMP_GUEST_VALID, rmp_state(&page));
		ASSERT_EQ((GPA & ~(LARGE(1) - 1)) + SMALL(i), page.gpa);
		ASSERT_EQ(3, page.perms[2]);
	}
}

TEST_F(rmp, psmash_of_what_cannot_be_smashed)
{
	struct rmp *rmp = &self->rmp;

	EXPECT_EQ(1, rmp_smash(rmp, LARGE(1) + 0x1000));
	EXPECT_EQ(4, rmp_smash(rmp, LARGE(4)));
	EXPECT_EQ(1, rmp_smash(rmp, LARGE(1))) TH_LOG("not assigned");
	put_in_state(rmp, LARGE(1), RMP_GUEST_VALID, false);
	EXPECT_EQ(1, rmp_smash(rmp, LARGE(1))) TH_LOG("small");
	put_in_state(rmp, LARGE(2), RMP_PRE_GUEST, true);
	EXPECT_EQ(2, rmp_smash(rmp, LARGE(2)));
	put_in_state(rmp, LARGE(2), RMP_RECLAIM, true);
	EXPECT_EQ(2, rmp_smash(rmp, LARGE(2)));
	put_in_state(rmp, LARGE(2), RMP_GUEST_VALID, true);
	*words(rmp, 1024) |= 1ull << 63;
	EXPECT_EQ(3, rmp_smash(rmp, LARGE(2)));
}

/* ---- a guest's instructions ---- */

static const struct rmp_access own = { .asid = ASID, .gpa = GPA };

TEST_F(rmp, pvalidate_moves_a_page_between_valid_and_invalid)
{
	struct rmp *rmp = &self->rmp;
	bool same;

	put_in_state(rmp, SMALL(9), RMP_GUEST_INVALID, false);
	EXPECT_EQ(0, rmp_validate(rmp, SMALL(9), &own, false, true, &same));
	EXPECT_FALSE(same);
	EXPECT_EQ(RMP_GUEST_VALID, state_of(rmp, SMALL(9)));
	EXPECT_EQ(0, rmp_validate(rmp, SMALL(9), &own, false, true, &same));
	EXPECT_TRUE(same) TH_LOG("the carry flag");
	EXPECT_EQ(0, rmp_validate(rmp, SMALL(9), &own, false, false, &same));
	EXPECT_EQ(RMP_GUEST_INVALID, state_of(rmp, SMALL(9)));
}

TEST_F(rmp, pvalidate_in_each_state)
{
	for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
		bool guest = s == RMP_GUEST_VALID || s == RMP_GUEST_INVALID, same;

		put_in_state(&self->rmp, SMALL(9), s, false);
		EXPECT_EQ(guest ? 0 : RMP_FAULT,
			  rmp_validate(&self->rmp, SMALL(9), &own, false, true, &same))
			TH_LOG("%s", rmp_state_name(s));
	}
}

TEST_F(rmp, a_guest_changes_only_its_own_pages)
{
	const struct rmp_access other = { .asid = ASID + 1, .gpa = GPA };
	const struct rmp_access elsewhere = { .asid = ASID, .gpa = GPA + 0x1000 };
	const struct rmp_access lower = { .asid = ASID, .gpa = GPA, .vmpl = 1 };
	const struct rmp_access odd = { .asid = ASID, .gpa = GPA + 8 };
	struct rmp *rmp = &self->rmp;
	bool same;

	put_in_state(rmp, SMALL(9), RMP_GUEST_INVALID, false);
	EXPECT_EQ(RMP_FAULT, rmp_validate(rmp, SMALL(9), &other, false, true, &same));
	EXPECT_EQ(RMP_FAULT, rmp_validate(rmp, SMALL(9), &elsewhere, false, true, &same));
	EXPECT_EQ(2, rmp_validate(rmp, SMALL(9), &lower, false, true, &same));
	EXPECT_EQ(1, rmp_validate(rmp, SMALL(9), &odd, false, true, &same));
	EXPECT_EQ(RMP_FAULT, rmp_validate(rmp, SMALL(PAGES), &own, false, true, &same));
	EXPECT_EQ(RMP_GUEST_INVALID, state_of(rmp, SMALL(9)));
}

TEST_F(rmp, a_guest_cannot_invalidate_the_vmsa_of_a_running_vcpu)
{
	struct rmp *rmp = &self->rmp;
	bool same;

	put_in_state(rmp, SMALL(9), RMP_GUEST_VALID, false);
	*words(rmp, 9) |= RMP_VMSA | RMP_LOCKED;
	EXPECT_EQ(3, rmp_validate(rmp, SMALL(9), &own, false, false, &same));
	EXPECT_EQ(RMP_GUEST_VALID, state_of(rmp, SMALL(9)));
	*words(rmp, 9) &= ~RMP_LOCKED;
	EXPECT_EQ(0, rmp_validate(rmp, SMALL(9), &own, false, false, &same));
}

TEST_F(rmp, pvalidate_of_the_wrong_size)
{
	const struct rmp_access large = { .asid = ASID, .gpa = GPA & ~(LARGE(1) - 1) };
	struct rmp *rmp = &self->rmp;
	bool same;

	put_in_state(rmp, LARGE(1), RMP_GUEST_INVALID, true);
	EXPECT_EQ(RMP_FAULT_SIZE, rmp_validate(rmp, LARGE(1), &large, false, true, &same))
		TH_LOG("the hypervisor is to smash it");
	EXPECT_EQ(0, rmp_validate(rmp, LARGE(1), &large, true, true, &same));
	EXPECT_EQ(RMP_GUEST_VALID, state_of(rmp, LARGE(1) + SMALL(511)));
	ASSERT_EQ(0, rmp_smash(rmp, LARGE(1)));
	EXPECT_EQ(6, rmp_validate(rmp, LARGE(1), &large, true, false, &same));
}

TEST_F(rmp, rmpadjust_gives_no_more_than_the_caller_has)
{
	const struct rmp_access vmpl2 = { .asid = ASID, .gpa = GPA, .vmpl = 2 };
	struct rmp *rmp = &self->rmp;
	struct rmp_page page;

	put_in_state(rmp, SMALL(9), RMP_GUEST_VALID, false);
	EXPECT_EQ(0, rmp_adjust(rmp, SMALL(9), &own, false, 1, 0x7, false));
	EXPECT_EQ(2, rmp_adjust(rmp, SMALL(9), &own, false, 0, 0x1, false)) TH_LOG("itself");
	EXPECT_EQ(1, rmp_adjust(rmp, SMALL(9), &own, false, 4, 0x1, false));
	EXPECT_EQ(1, rmp_adjust(rmp, SMALL(9), &own, false, 1, 0x10, false));
	EXPECT_EQ(0, rmp_adjust(rmp, SMALL(9), &vmpl2, false, 3, 0x3, false));
	EXPECT_EQ(2, rmp_adjust(rmp, SMALL(9), &vmpl2, false, 3, 0x7, false));
	EXPECT_EQ(2, rmp_adjust(rmp, SMALL(9), &vmpl2, false, 3, 0x3, true)) TH_LOG("VMSA");
	EXPECT_EQ(0, rmp_adjust(rmp, SMALL(9), &own, false, 1, 0x7, true));
	ASSERT_TRUE(rmp_lookup(rmp, SMALL(9), &page));
	EXPECT_TRUE(page.vmsa);
	EXPECT_EQ(7, page.perms[1]);
	EXPECT_EQ(3, page.perms[3]);
	put_in_state(rmp, SMALL(9), RMP_GUEST_INVALID, false);
	EXPECT_EQ(RMP_FAULT, rmp_adjust(rmp, SMALL(9), &own, false, 1, 0x7, false));
}

/* ---- the security argument ---- */

static uint32_t rnd(uint32_t below)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32) % below;
}

static void instruction(struct rmp *rmp)
{
	uint64_t addr = SMALL(rnd(8) ? rnd(24) : 512 * rnd(5));
	struct rmp_access a = { .asid = 1 + rnd(3), .gpa = SMALL(rnd(24)), .vmpl = 0 };
	const struct rmp_request r = {
		.gpa = rnd(2) ? SMALL(rnd(24)) : LARGE(rnd(2)), .asid = rnd(4),
		.assigned = (uint8_t)rnd(2), .large = !rnd(8), .immutable = (uint8_t)rnd(2),
	};
	bool same;

	switch (rnd(6)) {
	case 0:
		rmp_smash(rmp, addr & ~(LARGE(1) - 1));
		break;
	case 1:
		rmp_validate(rmp, addr, &a, !rnd(8), rnd(2), &same);
		break;
	case 2:
		rmp_adjust(rmp, addr, &a, false, 1 + rnd(3), rnd(16), rnd(2));
		break;
	default:
		rmp_update(rmp, r.large ? addr & ~(LARGE(1) - 1) : addr, &r);
	}
}

/*
 * No sequence of instructions ends an immutable state, or makes a Context or
 * Metadata page; and the counters say how many pages each ASID has.
 */
TEST_F(rmp, no_instruction_gets_around_the_firmware)
{
	struct rmp_page before[24], after;
	uint32_t kept = 0;

	for (int round = 0; round < 200000; round++) {
		if (round % 500 == 0) {		/* the firmware lets go of everything */
			rmp_clear(&self->rmp);
			put_in_state(&self->rmp, SMALL(2), RMP_CONTEXT, false);
			put_in_state(&self->rmp, SMALL(4), RMP_METADATA, false);
		}
		for (int i = 0; i < 24; i++)
			rmp_lookup(&self->rmp, SMALL(i), &before[i]);
		instruction(&self->rmp);
		for (int i = 0; i < 24; i++) {
			rmp_lookup(&self->rmp, SMALL(i), &after);
			if (before[i].immutable)
				ASSERT_TRUE(same_page(&before[i], &after));
			if (i != 2)
				ASSERT_NE(RMP_CONTEXT, rmp_state(&after));
			if (i != 4)
				ASSERT_NE(RMP_METADATA, rmp_state(&after));
			kept += before[i].immutable;
		}
	}
	EXPECT_LT(0, kept);
}

TEST_F(rmp, the_counters_are_right_after_any_sequence)
{
	uint64_t counts[4], large = 0;

	for (int round = 0; round < 20000; round++) {
		instruction(&self->rmp);
		if (round % 20)
			continue;
		memset(counts, 0, sizeof(counts));
		for (uint64_t i = 0; i < PAGES; i++) {
			struct rmp_page page;

			rmp_lookup(&self->rmp, SMALL(i), &page);
			counts[page.asid] += page.assigned && page.asid;
			large += page.large;
		}
		ASSERT_EQ(0, memcmp(counts + 1, self->memory + 1, 3 * 8));
		if (round % 4000 == 0)
			rmp_clear(&self->rmp);
	}
	EXPECT_LT(0, large) TH_LOG("there were large pages");
}

TEST_HARNESS_MAIN
