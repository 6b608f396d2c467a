// SPDX-License-Identifier: GPL-2.0
/*
 * SNP's platform commands: up and down, what it says of itself, TCB versions, the
 * VLEK, and how legacy SEV lives beside it.
 */
#include "snp_test.h"

#define FIRST_SNP	0x81
#define LAST_SNP	0xff
#define TCB		0x4817000000000009ull	/* default of Genoa */

FIXTURE(snp) {
	struct box b;
};

FIXTURE_SETUP(snp)
{
	ASSERT_TRUE(snp_box_new(&self->b));
}

FIXTURE_TEARDOWN(snp)
{
	snp_box_free(&self->b);
}

/* The machine again, not initialised, with another API version. */
static bool restart(struct box *b, uint8_t minor)
{
	swpsp_free(b->psp);
	b->config.api_minor = minor;
	return box_start(b);
}

/* ---- states ---- */

struct row {
	uint32_t id;
	bool down, up;
};

/* Most of SNP's commands need SNP to be up; here are the others, and legacy ones beside them. */
static const struct row rows[] = {
	{ SNP_INIT_CMD, 1, 0 }, { SNP_INIT_EX, 1, 0 }, { SNP_SHUTDOWN, 1, 1 },
	{ SNP_SHUTDOWN_EX, 1, 1 }, { SNP_PLATFORM_STATUS, 1, 1 }, { SNP_FEATURE_INFO, 1, 1 },
	{ SNP_COMMIT, 1, 1 }, { SNP_DOWNLOAD_EX, 1, 1 }, { DOWNLOAD_FIRMWARE, 1, 0 },
	{ GET_ID, 1, 1 }, { PLATFORM_STATUS, 1, 1 },
};

static const struct row *row_of(uint32_t id)
{
	static const struct row rest = { .up = true };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].id == id)
			return &rows[i];
	return id >= FIRST_SNP && swpsp_command_name(id) ? &rest : NULL;
}

TEST_F(snp, each_command_in_each_state_of_the_platform)
{
	struct box *b = &self->b;
	size_t found = 0;

	for (uint32_t id = 0; id <= LAST_SNP; id++) {
		const struct row *row = row_of(id);

		for (int up = 0; row && up < 2; up++) {
			uint16_t status;

			ASSERT_TRUE(restart(b, 58));
			if (up)
				ASSERT_EQ(0, snp_init_flags(b, 1, 0));
			cmd_new(b);
			hv_take(b, CMD);
			hv_firmware(b, CMD);
			status = run(b, id);
			EXPECT_EQ(up ? row->up : row->down, status != SWPSP_INVALID_PLATFORM_STATE)
				TH_LOG("%s, up %d: %s", swpsp_command_name(id), up,
				       swpsp_status_name(status));
			found++;
		}
	}
	EXPECT_LT(2 * sizeof(rows) / sizeof(rows[0]), found);
}

TEST_F(snp, each_row_is_of_a_command)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EXPECT_NE(NULL, swpsp_command_name(rows[i].id))
			TH_LOG("%x", rows[i].id);
	}
}

TEST_F(snp, a_platform_without_a_table_does_not_know_the_commands)
{
	struct box plain;

	ASSERT_TRUE(box_new(&plain));
	for (uint32_t id = FIRST_SNP; id <= LAST_SNP; id++)
		EXPECT_EQ(SWPSP_INVALID_COMMAND, swpsp_command(plain.psp, id, CMD));
	box_free(&plain);
}

TEST_F(snp, unlisted_ids_are_no_commands)
{
	size_t found = 0;

	for (uint32_t id = FIRST_SNP; id <= LAST_SNP; id++) {
		if (swpsp_command_name(id))
			continue;
		found++;
		EXPECT_EQ(SWPSP_INVALID_COMMAND, run(&self->b, id)) TH_LOG("%x", id);
	}
	EXPECT_LT(0, found);
}

TEST_F(snp, older_firmware_has_fewer_commands)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 50));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(b, SNP_INIT_CMD));
	ASSERT_TRUE(restart(b, 51));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(b, SNP_FEATURE_INFO));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(b, SNP_VLEK_LOAD));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("no list yet");
	EXPECT_EQ(0, run(b, SNP_INIT_CMD));
	ASSERT_TRUE(restart(b, 54));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, SNP_VLEK_LOAD));
	ASSERT_TRUE(restart(b, 57));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(b, SNP_VERIFY_MITIGATION));
	ASSERT_TRUE(restart(b, 58));
	EXPECT_NE(SWPSP_INVALID_COMMAND, run(b, SNP_VERIFY_MITIGATION));
}

/* ---- SNP_INIT_EX ---- */

TEST_F(snp, init_checks_how_the_cores_are_set_up)
{
	const struct swpsp_core good = {
		.syscfg = 1 << 23 | 1 << 19 | 1 << 24 | 1 << 25, .rmp_base = 0x4000000,
		.rmp_end = 0x4000000 + RMP_BYTES - 1,
	};
	struct swpsp_core bad[] = { good, good, good, good, good, good };
	struct box *b = &self->b;

	bad[0].syscfg &= ~(1ull << 24);
	bad[1].syscfg &= ~(1ull << 25);
	bad[2].syscfg &= ~(1ull << 19);
	bad[3].hsave_pa = 0x1000;
	bad[4].rmp_base += 0x2000;
	bad[5].rmp_end += 0x2000;
	ASSERT_TRUE(restart(b, 55));
	for (uint32_t i = 0; i < CPUS; i++)
		swpsp_set_core(b->psp, i, &good);
	for (size_t i = 0; i < 6; i++) {
		swpsp_set_core(b->psp, 2, &bad[i]);
		EXPECT_EQ(SWPSP_INVALID_CONFIG, snp_init_flags(b, 1, 0)) TH_LOG("%zu", i);
	}
	swpsp_set_core(b->psp, 2, &good);
	swpsp_set_core(b->psp, CPUS, &bad[0]);
	EXPECT_EQ(0, snp_init_flags(b, 1, 0));
}

TEST_F(snp, init_refuses_a_table_that_is_too_small_or_out_of_place)
{
	struct swpsp_core core = {
		.syscfg = 1 << 19 | 1 << 24 | 1 << 25, .rmp_base = 0x4000000,
		.rmp_end = 0x4000000 + RMP_BYTES - 1 - 0x2000,
	};
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	for (uint32_t i = 0; i < CPUS; i++)
		swpsp_set_core(b->psp, i, &core);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, snp_init_flags(b, 1, 0));
	core.rmp_base = 0x4001000;
	core.rmp_end = 0x4001000 + RMP_BYTES + 0xfff;
	for (uint32_t i = 0; i < CPUS; i++)
		swpsp_set_core(b->psp, i, &core);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, snp_init_flags(b, 1, 0));
}

TEST_F(snp, init_refuses_reserved_bits)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(restart(b, 55));
	for (int bit = 2; bit < 32; bit++)
		EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 1 | 1u << bit, 0));
	for (int i = 4; i < 0x40; i++) {
		if (i >= 8 && i < 16)		/* the list's address */
			continue;
		c = cmd_new(b);
		c[0] = 1;
		c[i] = 1;
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_INIT_EX)) TH_LOG("byte %x", i);
	}
	EXPECT_EQ(0, snp_init_flags(b, 1, 0));
}

TEST_F(snp, ciphertext_hiding_limits_the_asids)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(restart(b, 56));
	for (uint16_t asid = 0; asid <= MIN_SEV; asid++) {
		c = cmd_new(b);
		c[0] = 1 | 8;
		c[0x10] = (uint8_t)asid;
		if (!asid || asid == MIN_SEV)
			EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_INIT_EX));
	}
	c[0x10] = 2;
	ASSERT_EQ(0, run(b, SNP_INIT_EX));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY | 1ull << 24, 0, G_LAUNCH));
	EXPECT_EQ(SWPSP_INVALID_ASID, snp_activate(b, GCTX(0), 3));
	EXPECT_EQ(0, snp_activate(b, GCTX(0), 2));
}

TEST_F(snp, the_table_must_be_made_once)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	EXPECT_EQ(SWPSP_RMP_INIT_REQUIRED, snp_init_flags(b, 0, 0));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_EQ(0, hv_firmware(b, PAGE(1)));
	ASSERT_EQ(0, snp_shutdown_ex(b));
	ASSERT_EQ(0, snp_init_flags(b, 0, 0));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, PAGE(1))) TH_LOG("kept");
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_EQ(0, snp_shutdown_ex(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	EXPECT_EQ(RMP_HYPERVISOR, state_of(b, PAGE(1)));
}

static void put_range(struct box *b, uint64_t list, uint32_t n, uint64_t base, uint32_t pages)
{
	put32(at(b, list), n + 1);
	put64(at(b, list + 8 + 16 * n), base);
	put32(at(b, list + 16 + 16 * n), pages);
}

TEST_F(snp, listed_ranges_become_fixed)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	put_range(b, BLOB, 0, 0, 1);
	put_range(b, BLOB, 1, 0x9f000, 97);
	put_range(b, BLOB, 2, 0xfffc0000, 64);
	put_range(b, BLOB, 3, 0xfd00000000, 3145728);
	put_range(b, BLOB, 4, MEMORY - 0x1000, 1000);
	ASSERT_EQ(0, snp_init_flags(b, 3, BLOB));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, 0));
	EXPECT_EQ(RMP_HYPERVISOR, state_of(b, 0x1000));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, 0x9f000));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, 0x9f000 + 96 * 0x1000));
	EXPECT_EQ(RMP_HYPERVISOR, state_of(b, 0x9f000 + 97 * 0x1000));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, MEMORY - 0x1000));
	EXPECT_EQ(2, hv_firmware(b, 0)) TH_LOG("nobody takes them");
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_GCTX_CREATE, 0x9f000));
}

/* A table that is kept has pages of 2 MiB; what a list fixes it must fix in whole. */
TEST_F(snp, a_range_has_all_of_a_large_page)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, hv_update(b, HUGE, 0, 0, true, true, true));
	ASSERT_EQ(0, snp_shutdown_ex(b));
	put_range(b, BLOB, 0, HUGE + 0x1000, 1);
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_init_flags(b, 2, BLOB)) TH_LOG("a page in it");
	put_range(b, BLOB, 0, HUGE, 511);
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_init_flags(b, 2, BLOB)) TH_LOG("without its end");
	put_range(b, BLOB, 0, HUGE + 0x1000, 1000);
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_init_flags(b, 2, BLOB)) TH_LOG("its beginning");
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, HUGE + 0x1000));
	put_range(b, BLOB, 0, HUGE, 1000);
	ASSERT_EQ(0, snp_init_flags(b, 2, BLOB));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, HUGE));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, HUGE + 0x1000));
	EXPECT_EQ(RMP_HV_FIXED, state_of(b, HUGE + 0x1ff000));
}

TEST_F(snp, bad_lists_are_refused)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	put32(at(b, BLOB), 256);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("too many");
	put_range(b, BLOB, 0, 0x1000, 0);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("no pages");
	put_range(b, BLOB, 0, 0x1800, 1);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("not aligned");
	put_range(b, BLOB, 0, UINT64_MAX & ~0xfffull, 1);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("beyond everything");
	put_range(b, BLOB, 0, (1ull << 48) - 0x1000, UINT32_MAX);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB)) TH_LOG("wraps");
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_init_flags(b, 3, OUTSIDE));
	put32(at(b, MEMORY - 8), 1);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_init_flags(b, 3, MEMORY - 8)) TH_LOG("cut off");
	put32(at(b, MEMORY - 8), 0);
	EXPECT_EQ(0, snp_init_flags(b, 1, OUTSIDE)) TH_LOG("not looked at without its bit");
}

TEST_F(snp, a_list_has_reserved_words_and_one_page)
{
	static const uint32_t places[] = { 4, 20, 36 };
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	memset(at(b, BLOB), 0, 0x2000);
	put_range(b, BLOB, 0, 0, 1);
	put_range(b, BLOB, 1, 0x9f000, 97);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		put32(at(b, BLOB + places[i]), 1u << 31);
		EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB))
			TH_LOG("the reserved word at %u", places[i]);
		put32(at(b, BLOB + places[i]), 0);
	}
	put32(at(b, BLOB + 40), 1);	/* behind the list */
	memmove(at(b, BLOB + 0xfe8), at(b, BLOB), 0x28);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_init_flags(b, 3, BLOB + 0xfe8)) TH_LOG("two pages");
	put32(at(b, BLOB + 0xfe8), 1);
	EXPECT_EQ(0, snp_init_flags(b, 3, BLOB + 0xfe8)) TH_LOG("up to the end of its page");
}

/* ---- SNP_SHUTDOWN_EX ---- */

TEST_F(snp, shutdown_wants_clean_caches)
{
	struct box *b = &self->b;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, snp_shutdown_ex(b));
	wbinvd_all(b);
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, snp_shutdown_ex(b));
	ASSERT_EQ(0, run(b, SNP_DF_FLUSH));
	EXPECT_EQ(0, snp_shutdown_ex(b));
	EXPECT_EQ(0, snp_shutdown_ex(b)) TH_LOG("once more is no error");
}

/* As a kernel that panics leaves them: the caches were written back before, not since. */
TEST_F(snp, shutdown_wants_clean_caches_of_guests_that_live)
{
	struct box *b = &self->b;

	wbinvd_all(b);
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, snp_shutdown_ex(b));
	EXPECT_EQ(0, run(b, SNP_DF_FLUSH)) TH_LOG("no ASID waits for it");
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, snp_shutdown_ex(b)) TH_LOG("nor has it helped");
	swpsp_wbinvd(b->psp, 0);
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, snp_shutdown_ex(b)) TH_LOG("one CPU is not all");
	wbinvd_all(b);
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, snp_shutdown_ex(b));
	EXPECT_EQ(RMP_CONTEXT, state_of(b, GCTX(0)));
	EXPECT_EQ(0, run(b, SNP_DF_FLUSH));
	EXPECT_EQ(0, snp_shutdown_ex(b));
}

TEST_F(snp, shutdown_destroys_guests)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	ASSERT_TRUE(snp_guest_to(b, GCTX(1), POLICY, 2, G_LAUNCH));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_EQ(0, snp_shutdown_ex(b));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, GCTX(0)));
	ASSERT_EQ(0, snp_init_flags(b, 0, 0));
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(0, get32(s + 0xc));
}

TEST_F(snp, shutdown_arguments)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put32(c, 4);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_SHUTDOWN_EX));
	put32(c, 8);
	put32(c + 4, 2);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_SHUTDOWN_EX)) TH_LOG("not in 1.55");
	put32(c + 4, 4);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_SHUTDOWN_EX));
	put32(c + 4, 0);
	EXPECT_EQ(0, run(b, SNP_SHUTDOWN_EX));
}

TEST_F(snp, x86_shutdown_turns_the_cores_off)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(restart(b, 57));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	c = cmd_new(b);
	put32(c, 8);
	put32(c + 4, 3);
	ASSERT_EQ(0, run(b, SNP_SHUTDOWN_EX));
	EXPECT_EQ(SWPSP_INVALID_CONFIG, snp_init_flags(b, 1, 0));
	EXPECT_EQ(0, init(b, false)) TH_LOG("legacy SEV needs no SNP any more");
}

/* ---- beside legacy SEV ---- */

TEST_F(snp, legacy_init_needs_snp_init_once_the_cores_have_snp)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, init(b, false));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	EXPECT_EQ(0, init(b, false));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, snp_shutdown_ex(b));
	EXPECT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, snp_shutdown_ex(b));
}

TEST_F(snp, init_ex_tells_the_missing_snp_init_before_its_lengths)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	ASSERT_TRUE(restart(b, 55));
	c[6] = 1;
	put32(c, 0x23);
	put64(c + 0x18, BLOB + 1);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT_EX)) TH_LOG("reserved bits are before it");
	c[6] = 0;
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, INIT_EX));
	put32(c, 0x24);
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, INIT_EX)) TH_LOG("NV's alignment");
	put64(c + 0x18, BLOB);
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, INIT_EX)) TH_LOG("NV's length");
}

static uint16_t init_es(struct box *b, uint64_t tmr, uint32_t len)
{
	uint8_t *c = cmd_new(b);

	c[0] = 1;
	put64(c + 8, tmr);
	put32(c + 0x10, len);
	return run(b, INIT);
}

TEST_F(snp, the_tmr_is_2_mib_and_the_firmwares)
{
	struct box *b = &self->b;

	EXPECT_EQ(SWPSP_INVALID_ADDRESS, init_es(b, TMR, 0x200000));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, init_es(b, PAGES, 0x100000));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, init_es(b, PAGES, 0x200000));
	for (int i = 0; i < 512; i++)
		ASSERT_EQ(0, hv_firmware(b, PAGE(i)));
	ASSERT_EQ(0, init_es(b, PAGES, 0x200000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, by_gctx(b, SNP_GCTX_CREATE, PAGE(511)))
		TH_LOG("all of it");
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, PAGE(0)));
}

TEST_F(snp, all_2_mib_of_the_tmr_are_cleared)
{
	struct box *b = &self->b;

	for (int i = 0; i < 512; i++)
		ASSERT_EQ(0, hv_firmware(b, PAGE(i)));
	memset(at(b, PAGES), 0xaa, 0x200001);
	ASSERT_EQ(0, init_es(b, PAGES, 0x200000));
	ASSERT_EQ(0, flush(b));
	EXPECT_NE(0xaa, *at(b, PAGES)) TH_LOG("the list of free slots");
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(0, *at(b, PAGES));
	EXPECT_EQ(0, memcmp(at(b, PAGES), at(b, PAGES + 1), 0x1fffff));
	EXPECT_EQ(0xaa, *at(b, PAGES + 0x200000));
}

TEST_F(snp, legacy_init_and_shutdown_leave_snp_guests_alone)
{
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	ASSERT_EQ(0, init(b, false));
	ASSERT_EQ(0, hv_firmware(b, CMD));
	ASSERT_EQ(0, launch_start(b, 0, 0, &h)) TH_LOG("ASIDs are still clean");
	ASSERT_EQ(0, activate(b, h, 7));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(G_RUNNING, snp_guest_state(b, GCTX(0)));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
}

TEST_F(snp, asids_are_one_space)
{
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_EQ(0, init(b, false));
	ASSERT_EQ(0, hv_firmware(b, CMD));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 0, G_LAUNCH));
	ASSERT_EQ(0, snp_activate(b, GCTX(0), 1));
	ASSERT_EQ(0, hv_take(b, CMD) ? snp_reclaim(b, CMD, false) : 0);
	hv_take(b, CMD);
	ASSERT_EQ(0, hv_firmware(b, CMD));
	ASSERT_EQ(0, launch_start(b, 0, 0, &h));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(b, h, 1));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, h, 1));
	wbinvd_all(b);
	EXPECT_EQ(0, run(b, DF_FLUSH)) TH_LOG("either flush serves both kinds");
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, h, 1));
}

TEST_F(snp, legacy_outputs_need_pages_of_the_firmware)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put64(c, BLOB);
	put32(c + 8, 0x40);
	EXPECT_EQ(0x5a, run(b, GET_ID)) TH_LOG("the command buffer itself");
	ASSERT_EQ(0, hv_firmware(b, CMD));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, GET_ID));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, CMD)) TH_LOG("a failure changes nothing");
	ASSERT_EQ(0, hv_firmware(b, BLOB));
	ASSERT_EQ(0, run(b, GET_ID));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, CMD));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, BLOB));
	EXPECT_EQ(0, snp_shutdown_ex(b));
	c = cmd_new(b);
	put64(c, BLOB);
	put32(c + 8, 0x40);
	EXPECT_EQ(0, run(b, GET_ID)) TH_LOG("nothing is checked when SNP is down");
}

/* ATTESTATION is the one command whose buffer is not looked at until it is written. */
TEST_F(snp, the_page_of_a_legacy_command_comes_before_its_state)
{
	struct box *b = &self->b;
	uint32_t h;

	EXPECT_EQ(0x5a, by_handle(b, GUEST_STATUS, 1)) TH_LOG("platform state");
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, GUEST_STATUS, MEMORY - 8));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, by_handle(b, DECOMMISSION, 1))
		TH_LOG("not written back");
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, attestation(b, 1));
	ASSERT_EQ(0, hv_firmware(b, CMD));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, by_handle(b, GUEST_STATUS, 1));
	ASSERT_EQ(0, init(b, false));
	h = launch_to(b, 0, 0, LUPDATE);
	ASSERT_NE(0, h);
	ASSERT_EQ(0, hv_firmware(b, CMD) | hv_firmware(b, BLOB));
	ASSERT_EQ(0, measure(b, h));
	ASSERT_EQ(0, hv_take(b, CMD) | hv_take(b, BLOB));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, attestation(b, h)) TH_LOG("of the report");
	ASSERT_EQ(0, hv_firmware(b, BLOB));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, attestation(b, h)) TH_LOG("of the command");
	EXPECT_EQ(0x40, *at(b, BLOB)) TH_LOG("the report was written");
}

TEST_F(snp, legacy_outputs_can_stay_the_firmwares)
{
	struct box *b = &self->b;
	uint8_t *c;

	b->config.snp_options = SWPSP_SNP_KEEP_OUTPUT;
	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, hv_firmware(b, CMD) | hv_firmware(b, BLOB));
	c = cmd_new(b);
	put64(c, BLOB);
	put32(c + 8, 0x40);
	ASSERT_EQ(0, run(b, GET_ID));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, CMD));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, BLOB));
}

/* Each page of a buffer counts, and each gets back, in both memory modes. */
/* As soon as the firmware has accepted its page, whatever comes of the command. */
TEST_F(snp, a_legacy_command_can_be_the_hosts_though_refused)
{
	struct box *b = &self->b;
	uint8_t *c;

	b->config.snp_options = SWPSP_SNP_RECLAIM_COMMAND;
	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	EXPECT_EQ(0x5a, by_handle(b, GUEST_STATUS, 1));
	EXPECT_EQ(RMP_HYPERVISOR, state_of(b, CMD));
	ASSERT_EQ(0, hv_firmware(b, CMD));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, by_handle(b, DECOMMISSION, 1));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, attestation(b, 1));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, CMD)) TH_LOG("of these two it is not looked at");
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, by_handle(b, GUEST_STATUS, 1));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, CMD));
	ASSERT_EQ(0, hv_firmware(b, CMD) | hv_firmware(b, BLOB));
	c = cmd_new(b);
	put64(c, BLOB);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, GET_ID));
	EXPECT_EQ(0x40, get32(c + 8)) TH_LOG("still written back");
	EXPECT_EQ(RMP_RECLAIM, state_of(b, CMD));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, BLOB));
	ASSERT_EQ(0, hv_firmware(b, CMD));
	EXPECT_EQ(0, run(b, GET_ID));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, BLOB));
}

TEST_F(snp, legacy_launch_needs_all_pages_of_its_buffer)
{
	struct box *b = &self->b;

	for (int plain = 0; plain < 2; plain++) {
		uint32_t h;

		b->config.mode = plain ? SWPSP_MEMORY_PLAIN : SWPSP_MEMORY_CIPHER;
		ASSERT_TRUE(restart(b, 55));
		ASSERT_EQ(0, snp_init_flags(b, 1, 0));
		ASSERT_EQ(0, snp_flush(b));
		ASSERT_EQ(0, init(b, false));
		ASSERT_EQ(0, hv_firmware(b, CMD));
		ASSERT_EQ(0, launch_start(b, 0, 0, &h));
		ASSERT_EQ(0, activate(b, h, 7));
		for (int i = 0; i < 8; i++)
			ASSERT_EQ(0, hv_firmware(b, PAGE(i)));
		EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
			  launch_update(b, LAUNCH_UPDATE_DATA, h, PAGE(0) + 0x10, 0x8000));
		EXPECT_EQ(RMP_FIRMWARE, state_of(b, PAGE(0)));
		ASSERT_EQ(0, hv_firmware(b, PAGE(8)));
		EXPECT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGE(0) + 0x10, 0x8000));
		for (int i = 0; i < 9; i++)
			EXPECT_EQ(RMP_RECLAIM, state_of(b, PAGE(i)));
	}
}

/* ---- status, configuration, versions ---- */

TEST_F(snp, what_status_says)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	memset(at(b, RESULT), 0xaa, 0x1000);
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(1, s[0]);
	EXPECT_EQ(55, s[1]);
	EXPECT_EQ(1, s[2]);
	EXPECT_EQ(3, s[3]) TH_LOG("table made, aliases checked");
	EXPECT_EQ(25, get32(s + 4));
	EXPECT_EQ(8, get32(s + 8)) TH_LOG("FEATURE_INFO exists");
	EXPECT_EQ(1, get32(s + 0xc));
	EXPECT_EQ(TCB, get64(s + 0x10));
	EXPECT_EQ(TCB, get64(s + 0x18));
	EXPECT_EQ(0xaa, *at(b, RESULT + 0x20)) TH_LOG("the rest of the page is untouched");
	EXPECT_EQ(RMP_RECLAIM, state_of(b, RESULT));
}

TEST_F(snp, status_before_init_goes_to_any_memory)
{
	struct box *b = &self->b;

	ASSERT_TRUE(restart(b, 55));
	put64(cmd_new(b), BLOB + 0x10 - 1);
	EXPECT_EQ(0, run(b, SNP_PLATFORM_STATUS)) TH_LOG("not even aligned");
	EXPECT_EQ(0, at(b, BLOB + 0xf)[2]);
	EXPECT_EQ(0, at(b, BLOB + 0xf)[3]);
	put64(cmd_new(b), BLOB + 0xff0);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_PLATFORM_STATUS)) TH_LOG("across pages");
}

TEST_F(snp, configured_tcb)
{
	struct box *b = &self->b;
	uint8_t s[0x20], *c;

	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_config(b, 0x6400000000006464ull | 100ull << 48, 31))
		TH_LOG("as hardware was seen to answer");
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(SWPSP_INVALID_PARAM, snp_config(b, TCB + (1ull << (8 * i)), 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_config(b, TCB, 4));
	c = cmd_new(b);
	c[0x3f] = 1;
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_CONFIG));
	ASSERT_EQ(0, snp_config(b, TCB - (1ull << 48), 3));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB - (1ull << 48), get64(s + 0x18));
	EXPECT_EQ(TCB, get64(s + 0x10));
	EXPECT_EQ(3, get32(s + 8) & 3);
	ASSERT_EQ(0, snp_config(b, 0, 0));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB, get64(s + 0x18)) TH_LOG("0: the default");
	EXPECT_EQ(0, get32(s + 8) & 3);
}

static uint16_t download_ex(struct box *b, uint32_t version, uint32_t svn, uint32_t flags)
{
	uint8_t *c = cmd_new(b);

	if (swpsp_sign_image(b->psp, at(b, BLOB), 0x400, version, svn))
		return UINT16_MAX;
	put32(c, 0x18);
	put64(c + 8, BLOB);
	put32(c + 0x10, 0x400);
	put32(c + 0x14, flags);
	return run(b, SNP_DOWNLOAD_EX);
}

TEST_F(snp, an_update_is_provisional_until_it_is_committed)
{
	const uint64_t newer = TCB + (1ull << 48);
	struct box *b = &self->b;
	uint8_t s[0x20];

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_RUNNING));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 0));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(56, s[1]);
	EXPECT_EQ(0x1e, get32(s + 4));
	EXPECT_EQ(newer, get64(s + 0x10));
	EXPECT_EQ(TCB, get64(s + 0x18)) TH_LOG("still reported");
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_config(b, newer, 0)) TH_LOG("not committed");
	EXPECT_EQ(G_RUNNING, snp_guest_state(b, GCTX(0))) TH_LOG("guests survive");
	ASSERT_EQ(0, download_ex(b, 0x013719, 0x17, 0)) TH_LOG("back");
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 0));
	ASSERT_EQ(0, snp_commit_cmd(b));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(newer, get64(s + 0x18));
	EXPECT_EQ(SWPSP_BAD_SVN, download_ex(b, 0x013900, 0x17, 0));
	EXPECT_EQ(SWPSP_BAD_VERSION, download_ex(b, 0x013719, 0x18, 0));
}

/* SNP_SHUTDOWN and SNP_INIT report the version that runs, which may not be committed. */
TEST_F(snp, what_is_reported_is_never_newer_than_what_runs)
{
	const uint64_t newer = TCB + (1ull << 48);
	struct box *b = &self->b;
	uint8_t s[0x20];

	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 0));
	ASSERT_EQ(0, snp_shutdown_ex(b) | snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_status(b, s));
	ASSERT_EQ(newer, get64(s + 0x18));
	ASSERT_EQ(0, download_ex(b, 0x013719, 0x17, 0)) TH_LOG("back");
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB, get64(s + 0x10));
	EXPECT_EQ(TCB, get64(s + 0x18));

	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_config(b, TCB - 1, 0));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 0) | download_ex(b, 0x013719, 0x17, 0));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB - 1, get64(s + 0x18)) TH_LOG("what was configured stays");
}

TEST_F(snp, an_update_can_commit_at_once)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 1));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB + (1ull << 48), get64(s + 0x18));
	EXPECT_EQ(SWPSP_BAD_VERSION, download_ex(b, 0x013719, 0x18, 0));
}

/* DOWNLOAD_FIRMWARE is for a platform that is down. */
static uint16_t download_legacy(struct box *b, uint32_t version, uint32_t svn)
{
	uint8_t *c = cmd_new(b);

	if (swpsp_sign_image(b->psp, at(b, BLOB), 0x400, version, svn))
		return UINT16_MAX;
	put64(c, BLOB);
	put32(c + 8, 0x400);
	return run(b, DOWNLOAD_FIRMWARE);
}

TEST_F(snp, what_is_committed_cannot_be_undone_by_the_older_command)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, snp_commit_cmd(b));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x19, 0));
	ASSERT_EQ(0, download_legacy(b, 0x013719, 0)) TH_LOG("no update is committed yet");
	/* nor is it by going back */
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(TCB, get64(s + 0x10));
	EXPECT_EQ(TCB, get64(s + 0x18));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x19, 0) | snp_commit_cmd(b));
	EXPECT_EQ(SWPSP_INVALID_CONFIG, download_legacy(b, 0x01381e, 0x18));
	EXPECT_EQ(0, download_legacy(b, 0x013719, 0x19)) TH_LOG("an older version may be");

	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x19, 1)) TH_LOG("committed at once");
	EXPECT_EQ(SWPSP_INVALID_CONFIG, download_legacy(b, 0x01381e, 0x18));

	ASSERT_TRUE(restart(b, 55));
	ASSERT_EQ(0, download_legacy(b, 0x01381e, 0x20));
	ASSERT_EQ(0, snp_commit_cmd(b));
	EXPECT_EQ(SWPSP_INVALID_CONFIG, download_legacy(b, 0x01381e, 0x1f));
}

TEST_F(snp, bad_images_are_refused)
{
	struct box *b = &self->b;
	uint8_t *c;

	EXPECT_EQ(SWPSP_INVALID_PARAM, download_ex(b, 0, 0x17, 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, download_ex(b, UINT32_MAX, 0x17, 0));
	EXPECT_EQ(SWPSP_BAD_SVN, download_ex(b, 0x01381e, 0x100, 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, download_ex(b, 0x01381e, 0x17, 2));
	c = at(b, CMD);
	put32(c + 0x14, 0);
	put32(c, 0x14);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_DOWNLOAD_EX));
	put32(c, 0x18);
	put64(c + 8, BLOB + 16);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_DOWNLOAD_EX));
	put64(c + 8, MEMORY - 0x100);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_DOWNLOAD_EX));
	put64(c + 8, BLOB);
	put32(c + 0x10, 0xff);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_DOWNLOAD_EX));
	put32(c + 0x10, 0x400);
	EXPECT_EQ(0, run(b, SNP_DOWNLOAD_EX));
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, SNP_DOWNLOAD_EX));
}

TEST_F(snp, commit_has_a_length)
{
	put32(cmd_new(&self->b), 8);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(&self->b, SNP_COMMIT));
}

/* ---- VLEK ---- */

static uint16_t vlek_load(struct box *b, uint64_t addr)
{
	uint8_t *c = cmd_new(b);

	put32(c, 0x10);
	put64(c + 8, addr);
	return run(b, SNP_VLEK_LOAD);
}

static bool vlek_en(struct box *b)
{
	uint8_t s[0x20];

	return !snp_status(b, s) && (get32(s + 8) & 4);
}

TEST_F(snp, a_vlek_is_loaded_and_dropped)
{
	struct box *b = &self->b;
	uint8_t stick[384];

	count_up(stick, 1, sizeof(stick));
	ASSERT_EQ(0, swpsp_wrap_vlek(b->psp, stick, TCB, at(b, BLOB)));
	EXPECT_FALSE(vlek_en(b));
	ASSERT_EQ(0, vlek_load(b, BLOB));
	EXPECT_TRUE(vlek_en(b));
	ASSERT_EQ(0, snp_config(b, TCB, 0));
	EXPECT_TRUE(vlek_en(b)) TH_LOG("the TCB has not changed");
	ASSERT_EQ(0, snp_config(b, TCB - (1ull << 56), 0));
	EXPECT_FALSE(vlek_en(b));
	EXPECT_EQ(SWPSP_INVALID_PARAM, vlek_load(b, BLOB)) TH_LOG("made for another TCB");
	ASSERT_EQ(0, snp_config(b, 0, 0));
	ASSERT_EQ(0, vlek_load(b, BLOB));
	ASSERT_EQ(0, download_ex(b, 0x01381e, 0x18, 1));
	EXPECT_FALSE(vlek_en(b)) TH_LOG("a commit changed the TCB");
}

TEST_F(snp, each_byte_of_a_wrapped_vlek_counts)
{
	struct box *b = &self->b;
	uint8_t stick[384] = { 1 };

	ASSERT_EQ(0, swpsp_wrap_vlek(b->psp, stick, TCB, at(b, BLOB)));
	for (int i = 0; i < 0x1b0; i++) {
		*at(b, BLOB + i) ^= 1;
		EXPECT_NE(0, vlek_load(b, BLOB)) TH_LOG("byte %x", i);
		*at(b, BLOB + i) ^= 1;
	}
	EXPECT_FALSE(vlek_en(b));
	*at(b, BLOB + 0x20) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, vlek_load(b, BLOB));
}

TEST_F(snp, vlek_load_arguments)
{
	struct box *b = &self->b;
	uint8_t *c;

	EXPECT_EQ(SWPSP_INVALID_ADDRESS, vlek_load(b, MEMORY - 0x1af));
	c = at(b, CMD);
	for (int i = 4; i < 8; i++) {
		c[i] = 1;
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_VLEK_LOAD));
		c[i] = 0;
	}
	put32(c, 0x18);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_VLEK_LOAD));
}

/* ---- FEATURE_INFO, VERIFY_MITIGATION ---- */

static uint16_t feature_info(struct box *b, uint32_t len, uint32_t leaf, uint64_t addr)
{
	uint8_t *c = cmd_new(b);

	put32(c, len);
	put32(c + 4, leaf);
	put64(c + 8, addr);
	return run(b, SNP_FEATURE_INFO);
}

TEST_F(snp, features_come_with_the_api_version)
{
	static const struct {
		uint8_t minor;
		uint32_t ecx;
	} known[] = { { 55, 0x1 }, { 56, 0x3d }, { 57, 0x3f }, { 58, 0x203f } };
	struct box *b = &self->b;

	for (size_t i = 0; i < 4; i++) {
		ASSERT_TRUE(restart(b, known[i].minor));
		ASSERT_EQ(0, feature_info(b, 0x10, 0, BLOB));
		EXPECT_EQ(1, get32(at(b, BLOB)));
		EXPECT_EQ(0, get32(at(b, BLOB + 4)));
		EXPECT_EQ(known[i].ecx, get32(at(b, BLOB + 8)));
		ASSERT_EQ(0, feature_info(b, 0x10, 1, BLOB));
		EXPECT_EQ(0, get32(at(b, BLOB + 8)));
	}
}

TEST_F(snp, feature_info_arguments)
{
	struct box *b = &self->b;

	EXPECT_EQ(SWPSP_INVALID_LENGTH, feature_info(b, 0x18, 0, BLOB));
	EXPECT_EQ(SWPSP_INVALID_PARAM, feature_info(b, 0x10, 2, BLOB));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, feature_info(b, 0x10, 0, BLOB + 0xff8));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, feature_info(b, 0x10, 0, BLOB));
	ASSERT_EQ(0, hv_firmware(b, BLOB));
	EXPECT_EQ(0, feature_info(b, 0x10, 0, BLOB + 0x800 + C_BIT));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, BLOB));
}

TEST_F(snp, mitigations_are_verified)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(restart(b, 58));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	c = cmd_new(b);
	put32(c, 0x40);
	put64(c + 0x20, RESULT);
	put32(c + 0x10, 1);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, SNP_VERIFY_MITIGATION));
	ASSERT_EQ(0, hv_firmware(b, RESULT));
	ASSERT_EQ(0, run(b, SNP_VERIFY_MITIGATION));
	EXPECT_EQ(0, get64(at(b, RESULT)));
	EXPECT_EQ(3, get64(at(b, RESULT + 8)));
	put32(c + 0x10, 0);
	c[4] = 1;
	put64(c + 8, 3);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_VERIFY_MITIGATION)) TH_LOG("one at a time");
	put64(c + 8, 4);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_VERIFY_MITIGATION)) TH_LOG("unknown");
	put64(c + 8, 2);
	EXPECT_EQ(0, run(b, SNP_VERIFY_MITIGATION));
	put32(c, 0x3c);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_VERIFY_MITIGATION));
	put32(c, 0x40);
	c[6] = 1;
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_VERIFY_MITIGATION));
}

TEST_HARNESS_MAIN
