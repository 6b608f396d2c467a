// SPDX-License-Identifier: GPL-2.0
/*
 * SNP's commands on pages: reclaim, unsmash, set state, move, swap with metadata,
 * and debug.
 */
#include "snp_test.h"

FIXTURE(pages) {
	struct box b;
};

/* A debuggable guest in LAUNCH at GCTX(0) with ASID 1, another one with ASID 2. */
FIXTURE_SETUP(pages)
{
	ASSERT_TRUE(snp_box_new(&self->b));
	ASSERT_TRUE(snp_guest_to(&self->b, GCTX(0), POLICY | P_DEBUG, 1, G_LAUNCH));
	ASSERT_TRUE(snp_guest_to(&self->b, GCTX(1), POLICY, 2, G_LAUNCH));
}

FIXTURE_TEARDOWN(pages)
{
	snp_box_free(&self->b);
}

/* Does the guest with @asid see this content of a page? */
static bool guest_sees(struct box *b, uint32_t asid, uint64_t page, const uint8_t *want)
{
	uint8_t seen[0x1000];

	return !swpsp_guest_read(b->psp, asid, page, seen, sizeof(seen)) &&
	       !memcmp(seen, want, sizeof(seen));
}

/* A launched page with content, then made immutable: Pre-Swap. */
static bool swappable(struct box *b, uint64_t page, uint64_t gpa, uint32_t type, uint8_t first)
{
	count_up(at(b, page), first, 0x1000);
	return !snp_launch_page(b, GCTX(0), 1, page, gpa, type) &&
	       !hv_update(b, page, gpa, 1, true, false, true) &&
	       state_of(b, page) == RMP_PRE_SWAP;
}

/* ---- PAGE_RECLAIM ---- */

/* @addr in @state by legal means, as far as its state can be reclaimed. */
static void reclaimable(struct box *b, uint64_t addr, enum rmp_state state)
{
	uint8_t *c;

	switch (state) {
	case RMP_PRE_GUEST:
		hv_pre_guest(b, addr, GPA(0), 1);
		return;
	case RMP_PRE_SWAP:
		swappable(b, addr, GPA(0), T_NORMAL, 0);
		return;
	case RMP_GUEST_VALID:
		snp_launch_page(b, GCTX(0), 1, addr, GPA(0), T_NORMAL);
		return;
	case RMP_GUEST_INVALID:
		hv_update(b, addr, GPA(0), 1, true, false, false);
		return;
	case RMP_HYPERVISOR:
		return;
	case RMP_RECLAIM:
		hv_update(b, addr, 0, 0, true, false, false);
		return;
	default:
		hv_firmware(b, addr);
		if (state == RMP_METADATA) {
			c = cmd_new(b);
			put64(c, GCTX(0));
			put64(c + 8, addr);
			run(b, SNP_MD_INIT);
		} else if (state == RMP_CONTEXT) {
			by_gctx(b, SNP_GCTX_CREATE, addr);
		}
	}
}

struct reclaim_row {
	enum rmp_state from;
	uint16_t status;
	enum rmp_state to;
};

static const struct reclaim_row reclaims[] = {
	{ RMP_FIRMWARE, 0, RMP_RECLAIM },
	{ RMP_METADATA, 0, RMP_RECLAIM },
	{ RMP_RECLAIM, 0, RMP_RECLAIM },
	{ RMP_PRE_GUEST, 0, RMP_GUEST_INVALID },
	{ RMP_PRE_SWAP, 0, RMP_GUEST_VALID },
	{ RMP_CONTEXT, SWPSP_INVALID_PAGE_STATE, RMP_CONTEXT },
	{ RMP_HYPERVISOR, SWPSP_INVALID_PAGE_STATE, RMP_HYPERVISOR },
	{ RMP_GUEST_VALID, SWPSP_INVALID_PAGE_STATE, RMP_GUEST_VALID },
	{ RMP_GUEST_INVALID, SWPSP_INVALID_PAGE_STATE, RMP_GUEST_INVALID },
};

TEST_F(pages, reclaim_of_a_page_in_each_state)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < sizeof(reclaims) / sizeof(reclaims[0]); i++) {
		const struct reclaim_row *r = &reclaims[i];

		reclaimable(b, PAGE(i), r->from);
		ASSERT_EQ(r->from, state_of(b, PAGE(i))) TH_LOG("%s", rmp_state_name(r->from));
		EXPECT_EQ(r->status, snp_reclaim(b, PAGE(i), false))
			TH_LOG("%s", rmp_state_name(r->from));
		EXPECT_EQ(r->to, state_of(b, PAGE(i))) TH_LOG("%s", rmp_state_name(r->from));
	}
}

TEST_F(pages, reclaim_arguments)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, hv_firmware(b, PAGE(0)));
	for (int bit = 1; bit < 12; bit++)
		EXPECT_EQ(SWPSP_INVALID_PARAM, by_gctx(b, SNP_RECLAIM, PAGE(0) | 1u << bit));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_reclaim(b, PAGE(1), true));
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_reclaim(b, PAGE(0), true));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_reclaim(b, OUTSIDE & ~0xfffu, false));
	ASSERT_EQ(0, hv_update(b, HUGE, 0, 0, true, true, true));
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_reclaim(b, HUGE, false));
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_reclaim(b, HUGE + 0x5000, false));
	ASSERT_EQ(0, snp_reclaim(b, HUGE | C_BIT, true));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, HUGE + 0x5000));
	EXPECT_EQ(0, hv_update(b, HUGE, 0, 0, false, true, false));
}

/* ---- PAGE_UNSMASH ---- */

static void huge_of_small(struct box *b, bool validated)
{
	for (uint64_t i = 0; i < 512; i++) {
		if (validated)
			snp_launch_page(b, GCTX(0), 1, HUGE + 0x1000 * i, GPA(i), T_NORMAL);
		hv_pre_guest(b, HUGE + 0x1000 * i, GPA(i), 1);
	}
}

TEST_F(pages, unsmash_makes_one_page_of_512)
{
	struct box *b = &self->b;

	for (int validated = 0; validated < 2; validated++) {
		enum rmp_state state = validated ? RMP_PRE_SWAP : RMP_PRE_GUEST;

		huge_of_small(b, validated);
		ASSERT_EQ(0, by_gctx(b, SNP_UNSMASH, HUGE));
		EXPECT_TRUE(entry_of(b, HUGE + 0x3000).large);
		EXPECT_EQ(GPA(3), entry_of(b, HUGE + 0x3000).gpa);
		EXPECT_EQ(state, state_of(b, HUGE + 0x3000));
		EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, by_gctx(b, SNP_UNSMASH, HUGE)) TH_LOG("twice");
		ASSERT_EQ(0, snp_reclaim(b, HUGE, true));
		EXPECT_EQ(0, hv_update(b, HUGE, 0, 0, false, true, false));
	}
}

TEST_F(pages, unsmash_wants_pages_of_one_kind)
{
	struct box *b = &self->b;
	uint64_t odd = HUGE + 77 * 0x1000;

	EXPECT_EQ(SWPSP_INVALID_ADDRESS, by_gctx(b, SNP_UNSMASH, HUGE + 0x1000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, by_gctx(b, SNP_UNSMASH, HUGE | 1));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, by_gctx(b, SNP_UNSMASH, 1ull << 40));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_UNSMASH, HUGE));
	huge_of_small(b, false);
	ASSERT_EQ(0, snp_reclaim(b, odd, false) | hv_take(b, odd));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_UNSMASH, HUGE)) TH_LOG("a gap");
	ASSERT_EQ(0, hv_pre_guest(b, odd, GPA(77), 2));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, by_gctx(b, SNP_UNSMASH, HUGE));
	ASSERT_EQ(0, snp_reclaim(b, odd, false) | hv_take(b, odd));
	ASSERT_EQ(0, hv_pre_guest(b, odd, GPA(78), 1));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_UNSMASH, HUGE)) TH_LOG("address");
	ASSERT_EQ(0, snp_reclaim(b, odd, false) | hv_take(b, odd));
	ASSERT_TRUE(swappable(b, odd, GPA(77), T_NORMAL, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_UNSMASH, HUGE)) TH_LOG("validated");
	ASSERT_EQ(0, snp_reclaim(b, odd, false) | hv_take(b, odd));
	ASSERT_EQ(0, hv_pre_guest(b, odd, GPA(77), 1));
	EXPECT_EQ(0, by_gctx(b, SNP_UNSMASH, HUGE));
}

/* The host takes PAGE(0) back at the @left-th moment of a command. */
struct taker {
	struct box *b;
	int left;
};

static void take_meanwhile(void *arg)
{
	struct taker *t = arg;

	if (t->left && !--t->left)
		hv_take(t->b, PAGE(0));
}

/* The processor changes an entry of a page in Reclaim when the host says so. */
TEST(reclaim_does_not_write_what_is_the_hosts)
{
	struct taker t = { 0 };
	struct box b;
	int n;

	snp_box_config(&b);
	t.b = &b;
	b.config.disturb = take_meanwhile;
	b.config.disturb_arg = &t;
	ASSERT_TRUE(box_start(&b) && !snp_init_flags(&b, 1, 0));
	for (n = 1; !t.left; n++) {
		ASSERT_EQ(0, hv_update(&b, PAGE(0), 0, 0, true, false, false));
		t.left = n;
		snp_reclaim(&b, PAGE(0), false);
		EXPECT_EQ(t.left ? RMP_RECLAIM : RMP_HYPERVISOR, state_of(&b, PAGE(0)))
			TH_LOG("at moment %d", n);
	}
	EXPECT_LT(3, n) TH_LOG("there were such moments");
	snp_box_free(&b);
}

/* ---- PAGE_SET_STATE ---- */

static uint16_t set_state(struct box *b, uint64_t base, uint32_t pages)
{
	uint8_t *c = cmd_new(b);

	memset(at(b, BLOB), 0, 0x20);
	put32(at(b, BLOB), 1);
	put64(at(b, BLOB + 8), base);
	put32(at(b, BLOB + 16), pages);
	put32(c, 0x10);
	put64(c + 8, BLOB);
	return run(b, SNP_SET_STATE);
}

TEST_F(pages, set_state_fixes_whole_large_pages)
{
	struct box *b = &self->b;

	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, set_state(b, HUGE, 512));
	for (int i = 0; i < 512; i++)
		ASSERT_EQ(0, hv_firmware(b, HUGE + 0x1000 * i));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE, 511));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE + 0x1000, 512));
	EXPECT_EQ(SWPSP_INVALID_PARAM, set_state(b, HUGE, 0));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, HUGE));
	ASSERT_EQ(0, set_state(b, HUGE, 512));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, HUGE));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, HUGE + 0x1ff000));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_reclaim(b, HUGE, false));
	put32(at(b, CMD), 8);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_SET_STATE));
	put32(at(b, CMD), 0x10);
	put32(at(b, CMD + 4), 1);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_SET_STATE));
	put32(at(b, CMD + 4), 0);
	put64(at(b, CMD + 8), OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_SET_STATE));
}

static uint16_t init_with_tmr(struct box *b, uint64_t tmr)
{
	uint8_t *c = cmd_new(b);

	c[0] = 1;
	put64(c + 8, tmr);
	put32(c + 0x10, 0x200000);
	return run(b, INIT);
}

/* One queue; the firmware writes its second page. */
static uint16_t enter_ring(struct box *b, uint64_t commands, uint64_t statuses)
{
	uint8_t *c = cmd_new(b);

	put64(c, commands);
	put64(c + 8, statuses);
	c[0x20] = 1;
	return run(b, RING_BUFFER);
}

/* HV-Fixed pages are not the firmware's any more: it would write where the host may write. */
TEST_F(pages, set_state_leaves_pages_that_the_firmware_uses)
{
	struct box *b = &self->b;

	for (int i = 0; i < 512; i++)
		ASSERT_EQ(0, hv_firmware(b, HUGE + 0x1000 * i));
	ASSERT_EQ(0, init_with_tmr(b, HUGE));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE, 512)) TH_LOG("the TMR");
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE | C_BIT, 512)) TH_LOG("the C-bit");
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE, 1024)) TH_LOG("and what follows");
	EXPECT_EQ(0, set_state(b, 0xfd00000000, 3145728)) TH_LOG("no memory, and no TMR");
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, HUGE));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, hv_firmware(b, BLOB2));
	ASSERT_EQ(0, enter_ring(b, HUGE + 0x5000, BLOB2));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, set_state(b, HUGE, 512)) TH_LOG("a ring");
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, HUGE + 0x5000));
}

/* ---- PAGE_MD_INIT ---- */

static uint16_t md_init(struct box *b, uint64_t gctx, uint64_t page)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put64(c + 8, page);
	return run(b, SNP_MD_INIT);
}

TEST_F(pages, metadata_belongs_to_one_guest)
{
	struct box *b = &self->b;

	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, md_init(b, GCTX(0), METADATA));
	ASSERT_EQ(0, hv_firmware(b, METADATA));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, md_init(b, GCTX(0), METADATA + 0x40));
	memset(at(b, METADATA), 0xff, 0x1000);
	ASSERT_EQ(0, md_init(b, GCTX(0), METADATA));
	EXPECT_EQ(RMP_METADATA, state_of(b, METADATA));
	EXPECT_EQ(GCTX(0), entry_of(b, METADATA).gpa);
	EXPECT_EQ(0, get64(at(b, METADATA)) | get64(at(b, METADATA + 0xff8)));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, md_init(b, GCTX(1), METADATA));
	EXPECT_EQ(2, hv_take(b, METADATA));
}

/* ---- PAGE_MOVE ---- */

static uint16_t move(struct box *b, uint64_t gctx, uint64_t src, uint64_t dst, uint32_t flags)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put32(c + 8, flags);
	put64(c + 0x10, src);
	put64(c + 0x18, dst);
	return run(b, SNP_PAGE_MOVE);
}

TEST_F(pages, a_moved_page_is_the_same_elsewhere)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];
	struct rmp_page entry;

	count_up(want, 0x30, sizeof(want));
	ASSERT_TRUE(swappable(b, PAGE(0), GPA(5), T_VMSA, 0x30));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	ASSERT_EQ(0, move(b, GCTX(0), PAGE(0), PAGE(1), 0));
	entry = entry_of(b, PAGE(1));
	EXPECT_EQ(RMP_GUEST_VALID, rmp_state(&entry));
	EXPECT_TRUE(entry.vmsa);
	EXPECT_TRUE(guest_sees(b, 1, PAGE(1), want));
	EXPECT_NE(0, memcmp(at(b, PAGE(0)), at(b, PAGE(1)), 0x1000)) TH_LOG("its place counts");
	EXPECT_EQ(RMP_PRE_GUEST, state_of(b, PAGE(0)));
	ASSERT_EQ(0, snp_reclaim(b, PAGE(0), false));
	EXPECT_EQ(0, hv_take(b, PAGE(0)));
}

TEST_F(pages, an_invalid_page_stays_invalid_when_it_moves)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, hv_pre_guest(b, PAGE(0), GPA(5), 1));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	ASSERT_EQ(0, move(b, GCTX(0), PAGE(0), PAGE(1), 0));
	EXPECT_EQ(RMP_GUEST_INVALID, state_of(b, PAGE(1)));
}

TEST_F(pages, metadata_moves_to_a_page_of_the_firmware)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, hv_firmware(b, METADATA) | hv_firmware(b, METADATA + 0x1000));
	ASSERT_EQ(0, md_init(b, GCTX(0), METADATA));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, move(b, GCTX(1), METADATA, METADATA + 0x1000, 0));
	ASSERT_EQ(0, move(b, GCTX(0), METADATA, METADATA + 0x1000, 0));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, METADATA));
	EXPECT_EQ(RMP_METADATA, state_of(b, METADATA + 0x1000));
	EXPECT_EQ(GCTX(0), entry_of(b, METADATA + 0x1000).gpa);
}

TEST_F(pages, bad_moves)
{
	struct box *b = &self->b;

	ASSERT_TRUE(swappable(b, PAGE(0), GPA(5), T_NORMAL, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, move(b, GCTX(0), PAGE(0), PAGE(1), 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, move(b, GCTX(0), PAGE(0), PAGE(0), 0)) TH_LOG("itself");
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(6), 1));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, move(b, GCTX(0), PAGE(0), PAGE(1), 0)) TH_LOG("GPA");
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, move(b, GCTX(0), PAGE(1), PAGE(1), 0)) TH_LOG("itself");
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(2), GPA(5), 2));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, move(b, GCTX(0), PAGE(0), PAGE(2), 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, move(b, GCTX(1), PAGE(0), PAGE(2), 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, move(b, GCTX(0), PAGE(0) + 8, PAGE(1), 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, move(b, GCTX(0), PAGE(0), PAGE(1) + 8, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, move(b, GCTX(0), HUGE, PAGE(1), 1));
	EXPECT_EQ(SWPSP_INVALID_PARAM, move(b, GCTX(0), PAGE(0), PAGE(1), 2));
	EXPECT_EQ(RMP_PRE_SWAP, state_of(b, PAGE(0)));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(3), GPA(5), 1));
	EXPECT_EQ(0, move(b, GCTX(0), PAGE(0), PAGE(3), 0));
}

TEST_F(pages, large_pages_move)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	ASSERT_EQ(0, hv_update(b, HUGE, GPA(0), 1, true, true, true));
	ASSERT_EQ(0, hv_update(b, PAGES, GPA(0), 1, true, true, true));
	memset(at(b, HUGE), 0x5c, 0x200000);
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, move(b, GCTX(0), HUGE, PAGES, 0));
	swpsp_guest_read(b->psp, 1, HUGE + 0x7000, want, sizeof(want));
	ASSERT_EQ(0, move(b, GCTX(0), HUGE, PAGES, 1));
	EXPECT_TRUE(guest_sees(b, 1, PAGES + 0x7000, want));
	EXPECT_EQ(RMP_GUEST_INVALID, state_of(b, PAGES + 0x7000));
}

/* ---- swap ---- */

enum { S_LARGE = 1, S_DATA = 0, S_METADATA = 2, S_VMSA = 4, S_IN_PLACE = 8, S_ROOT = 16 };

static uint16_t swap(struct box *b, uint32_t id, uint64_t src, uint64_t dst, uint64_t mdata,
		     uint64_t flags)
{
	uint8_t *c = cmd_new(b);

	put64(c, GCTX(0));
	put64(c + 8, src);
	put64(c + 0x10, dst);
	put64(c + 0x18, mdata);
	put64(c + 0x20, id == SNP_SWAP_OUT ? 0x1122334455667788ull : 0);
	put64(c + 0x28, flags);
	return run(b, id);
}

/* Ciphertext at BLOB2, metadata at METADATA, a page with content at PAGE(0). */
static bool swap_setup(struct box *b, uint32_t type)
{
	return swappable(b, PAGE(0), GPA(5), type, 0x11) && !hv_firmware(b, METADATA) &&
	       !md_init(b, GCTX(0), METADATA) && !hv_firmware(b, BLOB2);
}

TEST_F(pages, a_page_leaves_and_comes_back)
{
	struct box *b = &self->b;
	uint8_t want[0x1000], *entry = at(b, METADATA + 0x40);
	struct rmp_page page;

	count_up(want, 0x11, sizeof(want));
	ASSERT_TRUE(swap_setup(b, T_VMSA));
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, PAGE(0), BLOB2, METADATA + 0x40, S_VMSA));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, BLOB2));
	EXPECT_EQ(RMP_PRE_GUEST, state_of(b, PAGE(0)));
	EXPECT_EQ(0x1122334455667788ull, get64(entry));
	EXPECT_EQ(0, get64(entry + 8)) TH_LOG("first IV");
	EXPECT_EQ(GPA(5) | 7, get64(entry + 0x20)) TH_LOG("valid, validated, VMSA");
	EXPECT_EQ(0xf, get64(entry + 0x28));
	EXPECT_NE(0, memcmp(want, at(b, BLOB2), 0x1000));
	ASSERT_EQ(0, snp_reclaim(b, PAGE(0), false) | hv_take(b, PAGE(0)));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	ASSERT_EQ(0, swap(b, SNP_SWAP_IN, BLOB2, PAGE(1), METADATA + 0x40, S_VMSA));
	page = entry_of(b, PAGE(1));
	EXPECT_TRUE(page.validated && page.vmsa && !page.immutable);
	EXPECT_TRUE(guest_sees(b, 1, PAGE(1), want));
	EXPECT_EQ(0, get64(entry + 0x20) & 1) TH_LOG("used up");
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(2), GPA(5), 1));
	EXPECT_EQ(SWPSP_INVALID_MDATA_ENTRY,
		  swap(b, SNP_SWAP_IN, BLOB2, PAGE(2), METADATA + 0x40, S_VMSA))
		TH_LOG("no old content comes back");
}

TEST_F(pages, swap_in_place)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	count_up(want, 0x11, sizeof(want));
	ASSERT_TRUE(swap_setup(b, T_NORMAL));
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, PAGE(0), BLOB2, METADATA, S_DATA));
	memcpy(at(b, PAGE(1)), at(b, BLOB2), 0x1000);
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SNP_SWAP_IN, BLOB2, PAGE(1), METADATA, S_IN_PLACE));
	ASSERT_EQ(0, swap(b, SNP_SWAP_IN, PAGE(1), PAGE(1), METADATA, S_IN_PLACE));
	EXPECT_TRUE(guest_sees(b, 1, PAGE(1), want));
}

TEST_F(pages, metadata_pages_leave_last_of_all_by_the_root)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	count_up(want, 0x11, sizeof(want));
	ASSERT_TRUE(swap_setup(b, T_NORMAL));
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, PAGE(0), BLOB2, METADATA, S_DATA));
	ASSERT_EQ(0, hv_firmware(b, BLOB3));
	EXPECT_EQ(SWPSP_INVALID_PARAM,
		  swap(b, SNP_SWAP_OUT, METADATA, BLOB3, METADATA + 0x40, S_METADATA))
		TH_LOG("an entry in the page itself");
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, METADATA, BLOB3, 0, S_METADATA | S_ROOT));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, METADATA));
	ASSERT_EQ(0, hv_firmware(b, BLOB4) | hv_firmware(b, METADATA + 0x1000));
	ASSERT_EQ(0, md_init(b, GCTX(0), METADATA + 0x1000));
	EXPECT_EQ(SWPSP_INVALID_MDATA_ENTRY,
		  swap(b, SNP_SWAP_OUT, METADATA + 0x1000, BLOB4, 0, S_METADATA | S_ROOT))
		TH_LOG("there is one root");
	ASSERT_EQ(0, swap(b, SNP_SWAP_IN, BLOB3, METADATA, 0, S_METADATA | S_ROOT));
	EXPECT_EQ(RMP_METADATA, state_of(b, METADATA));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	ASSERT_EQ(0, swap(b, SNP_SWAP_IN, BLOB2, PAGE(1), METADATA, S_DATA));
	EXPECT_TRUE(guest_sees(b, 1, PAGE(1), want));
}

TEST_F(pages, large_pages_leave_and_come_back)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	ASSERT_EQ(0, hv_firmware(b, METADATA));
	ASSERT_EQ(0, md_init(b, GCTX(0), METADATA));
	ASSERT_EQ(0, hv_update(b, HUGE, GPA(0), 1, true, true, true));
	swpsp_guest_read(b->psp, 1, HUGE + 0x9000, want, sizeof(want));
	ASSERT_EQ(0, hv_update(b, PAGES, 0, 0, true, true, true));
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, HUGE, PAGES, METADATA, S_LARGE));
	EXPECT_TRUE(entry_of(b, PAGES).large);
	EXPECT_EQ(RMP_RECLAIM, state_of(b, PAGES));
	EXPECT_EQ(SWPSP_INVALID_MDATA_ENTRY, swap(b, SNP_SWAP_IN, PAGES, HUGE, METADATA, 0))
		TH_LOG("another size");
	ASSERT_EQ(0, swap(b, SNP_SWAP_IN, PAGES, HUGE, METADATA, S_LARGE));
	EXPECT_TRUE(guest_sees(b, 1, HUGE + 0x9000, want));
}

TEST_F(pages, each_byte_of_a_swapped_page_counts)
{
	struct box *b = &self->b;

	ASSERT_TRUE(swap_setup(b, T_NORMAL));
	ASSERT_EQ(0, swap(b, SNP_SWAP_OUT, PAGE(0), BLOB2, METADATA, S_DATA));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(5), 1));
	for (int i = 0; i < 0x1000; i += 61) {
		*at(b, BLOB2 + i) ^= 1;
		ASSERT_EQ(SWPSP_BAD_MEASUREMENT,
			  swap(b, SNP_SWAP_IN, BLOB2, PAGE(1), METADATA, S_DATA));
		*at(b, BLOB2 + i) ^= 1;
	}
	EXPECT_EQ(RMP_PRE_GUEST, state_of(b, PAGE(1)));
	EXPECT_EQ(0, swap(b, SNP_SWAP_IN, BLOB2, PAGE(1), METADATA, S_DATA));
}

TEST_F(pages, bad_swaps)
{
	struct box *b = &self->b;
	uint32_t out = SNP_SWAP_OUT, in = SNP_SWAP_IN;

	ASSERT_TRUE(swap_setup(b, T_NORMAL));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, S_VMSA));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, S_VMSA | S_LARGE));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, 6)) TH_LOG("type 3");
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, S_IN_PLACE));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, S_ROOT));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, out, PAGE(0), BLOB2, METADATA, 1ull << 40));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, out, PAGE(0), BLOB2, METADATA + 8, 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, out, PAGE(0) + 8, BLOB2, METADATA, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, out, PAGE(1), BLOB2, METADATA, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, out, PAGE(0), BLOB3, METADATA, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, out, PAGE(0), BLOB2, BLOB3, 0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, out, GCTX(0), BLOB2, METADATA, S_METADATA));
	ASSERT_EQ(0, hv_firmware(b, BLOB4));
	ASSERT_EQ(0, md_init(b, GCTX(1), BLOB4));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, swap(b, out, PAGE(0), BLOB2, BLOB4, 0));
	ASSERT_EQ(0, swap(b, out, PAGE(0), BLOB2, METADATA, 0));
	ASSERT_TRUE(swappable(b, PAGE(3), GPA(6), T_NORMAL, 1));
	ASSERT_EQ(0, hv_firmware(b, BLOB3));
	EXPECT_EQ(SWPSP_INVALID_MDATA_ENTRY, swap(b, out, PAGE(3), BLOB3, METADATA, 0));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(6), 1));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, in, BLOB2, PAGE(1), METADATA, 0))
		TH_LOG("another address");
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(2), GPA(5), 2));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, swap(b, in, BLOB2, PAGE(2), METADATA, 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, in, 1ull << 40, PAGE(1), METADATA, 0));
	EXPECT_EQ(SWPSP_INVALID_MDATA_ENTRY, swap(b, in, BLOB2, PAGE(1), METADATA + 0x40, 0));
	put64(at(b, CMD + 0x20), 1);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, in));
}

TEST_F(pages, a_policy_can_forbid_it_all)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.api_minor = 57;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY | 1ull << 25, 1, G_LAUNCH));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, move(b, GCTX(0), PAGE(0), PAGE(1), 0));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, swap(b, SNP_SWAP_OUT, PAGE(0), BLOB2, METADATA, 0));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, swap(b, SNP_SWAP_IN, PAGE(0), BLOB2, METADATA, 0));
}

/* ---- debug ---- */

static uint16_t snp_dbg(struct box *b, uint32_t id, uint64_t gctx, uint64_t src, uint64_t dst)
{
	uint8_t *c = cmd_new(b);

	put64(c, gctx);
	put64(c + 8, src);
	put64(c + 0x10, dst);
	return run(b, id);
}

TEST_F(pages, a_debugger_reads_any_page_of_the_guest)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	count_up(want, 0x11, sizeof(want));
	memcpy(at(b, PAGE(0)), want, sizeof(want));
	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(0), GPA(5), T_NORMAL));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(0), RESULT));
	ASSERT_EQ(0, hv_firmware(b, RESULT));
	ASSERT_EQ(0, snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(0), RESULT));
	EXPECT_EQ(0, memcmp(want, at(b, RESULT), sizeof(want)));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, RESULT));
	ASSERT_EQ(0, hv_take(b, RESULT) | hv_firmware(b, RESULT));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(1), RESULT));
	ASSERT_EQ(0, hv_update(b, PAGE(1), GPA(6), 2, true, false, false));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(1), RESULT));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS,
		  snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(0) + 16, RESULT));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS,
		  snp_dbg(b, SNP_DBG_DECRYPT, GCTX(0), PAGE(0), RESULT + 16));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, RESULT));
}

TEST_F(pages, a_debugger_writes_pages_that_no_vcpu_uses)
{
	struct box *b = &self->b;
	uint8_t want[0x1000];

	count_up(want, 0x77, sizeof(want));
	memcpy(at(b, BLOB), want, sizeof(want));
	ASSERT_TRUE(swappable(b, PAGE(0), GPA(5), T_NORMAL, 0));
	ASSERT_EQ(0, snp_dbg(b, SNP_DBG_ENCRYPT, GCTX(0), BLOB, PAGE(0)));
	EXPECT_TRUE(guest_sees(b, 1, PAGE(0), want));
	EXPECT_EQ(RMP_PRE_SWAP, state_of(b, PAGE(0)));
	ASSERT_EQ(0, snp_reclaim(b, PAGE(0), false));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_dbg(b, SNP_DBG_ENCRYPT, GCTX(0), BLOB, PAGE(0)));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(6), 2));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, snp_dbg(b, SNP_DBG_ENCRYPT, GCTX(0), BLOB, PAGE(1)));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_dbg(b, SNP_DBG_ENCRYPT, GCTX(0), BLOB + 16, PAGE(0)));
}

TEST_F(pages, debugging_needs_a_policy_and_a_key)
{
	struct box *b = &self->b;

	ASSERT_TRUE(snp_guest_to(b, GCTX(2), POLICY | P_DEBUG, 0, G_LAUNCH));
	for (uint32_t id = SNP_DBG_DECRYPT; id <= SNP_DBG_ENCRYPT; id++) {
		EXPECT_EQ(SWPSP_POLICY_FAILURE, snp_dbg(b, id, GCTX(1), PAGE(0), RESULT));
		EXPECT_EQ(SWPSP_INACTIVE, snp_dbg(b, id, GCTX(2), PAGE(0), RESULT));
	}
}

TEST_HARNESS_MAIN
