// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an SNP guest: contexts, states, activation, ASIDs, and its end.
 */
#include "snp_test.h"

FIXTURE(guest) {
	struct box b;
};

FIXTURE_SETUP(guest)
{
	ASSERT_TRUE(snp_box_new(&self->b));
}

FIXTURE_TEARDOWN(guest)
{
	snp_box_free(&self->b);
}

/* ---- contexts ---- */

TEST_F(guest, a_context_page_is_the_firmwares_alone)
{
	struct box *b = &self->b;
	uint8_t before[0x1000], s[0x20];

	memcpy(before, at(b, GCTX(0)), sizeof(before));
	ASSERT_TRUE(snp_context(b, GCTX(0)));
	EXPECT_EQ(RMP_CONTEXT, state_of(b, GCTX(0)));
	EXPECT_NE(0, memcmp(before, at(b, GCTX(0)), 0x1000)) TH_LOG("noise");
	EXPECT_EQ(2, hv_take(b, GCTX(0)));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_reclaim(b, GCTX(0), false));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, by_gctx(b, SNP_GCTX_CREATE, GCTX(0)));
	ASSERT_EQ(0, snp_guest_status(b, GCTX(0) | C_BIT, s)) TH_LOG("with C-bit or without");
	EXPECT_EQ(G_INIT, s[0xc]);
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	EXPECT_EQ(RMP_FIRMWARE, state_of(b, GCTX(0)));
	ASSERT_EQ(0, snp_reclaim(b, GCTX(0), false));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, GCTX(0)));
	EXPECT_EQ(0, hv_take(b, GCTX(0)));
}

TEST_F(guest, contexts_run_out)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	for (uint32_t i = 0; i < 1024; i++)
		ASSERT_TRUE(snp_context(b, PAGE(i) - 0x100000));
	ASSERT_EQ(0, hv_firmware(b, 0x10000));
	EXPECT_EQ(SWPSP_RESOURCE_LIMIT, by_gctx(b, SNP_GCTX_CREATE, 0x10000));
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(1024, get32(s + 0xc));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, PAGE(77)));
	EXPECT_EQ(0, by_gctx(b, SNP_GCTX_CREATE, 0x10000));
}

TEST_F(guest, the_address_0_is_no_context)
{
	ASSERT_EQ(0, hv_firmware(&self->b, 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, by_gctx(&self->b, SNP_GCTX_CREATE, 0));
}

/* ---- states ---- */

struct row {
	uint32_t id;
	uint8_t allowed;
};

#define S(state) (1 << (state))

static const struct row rows[] = {
	{ SNP_LAUNCH_START, S(G_INIT) },
	{ SNP_LAUNCH_UPDATE, S(G_LAUNCH) },
	{ SNP_LAUNCH_FINISH, S(G_LAUNCH) },
	{ SNP_ACTIVATE, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_ACTIVATE_EX, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_DBG_DECRYPT, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_DBG_ENCRYPT, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_SWAP_OUT, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_SWAP_IN, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_PAGE_MOVE, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_MD_INIT, S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_GUEST_STATUS, S(G_INIT) | S(G_LAUNCH) | S(G_RUNNING) },
	{ SNP_DECOMMISSION, S(G_INIT) | S(G_LAUNCH) | S(G_RUNNING) },
};

static uint16_t run_for(struct box *b, uint32_t id, uint64_t gctx)
{
	uint8_t *c = cmd_new(b);

	if (id == SNP_ACTIVATE_EX) {
		put32(c, 0x20);
		put64(c + 8, gctx);
	} else {
		put64(c, gctx);
	}
	return run(b, id);
}

TEST_F(guest, each_command_in_each_state_of_the_guest)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int state = G_INIT; state <= G_RUNNING; state++) {
			uint16_t status;

			ASSERT_EQ(0, snp_flush(b));
			ASSERT_EQ(0, snp_shutdown_ex(b));
			ASSERT_EQ(0, snp_init_flags(b, 1, 0));
			ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 0, state));
			status = run_for(b, rows[i].id, GCTX(0));
			EXPECT_EQ(!!(rows[i].allowed & S(state)),
				  status != SWPSP_INVALID_GUEST_STATE)
				TH_LOG("%s in state %d: %s", swpsp_command_name(rows[i].id),
				       state, swpsp_status_name(status));
		}
	}
}

TEST_F(guest, what_names_no_context_is_no_guest)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t id = rows[i].id;

		for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
			if (s == RMP_CONTEXT)
				continue;
			poke(b, PAGE(0), s, 1, false);
			EXPECT_EQ(SWPSP_INVALID_GUEST, run_for(b, id, PAGE(0)))
				TH_LOG("%s: %s", swpsp_command_name(id), rmp_state_name(s));
			EXPECT_EQ(s, state_of(b, PAGE(0)));
		}
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, run_for(b, id, PAGE(1) + 8));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, run_for(b, id, OUTSIDE));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, run_for(b, id, 1ull << 52 | PAGE(0)));
	}
}

TEST_F(guest, what_status_says_of_a_guest)
{
	struct box *b = &self->b;
	uint8_t s[0x20], *c;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY | P_DEBUG, 3, G_LAUNCH));
	ASSERT_EQ(0, snp_guest_status(b, GCTX(0), s));
	EXPECT_EQ(POLICY | P_DEBUG, get64(s));
	EXPECT_EQ(3, get32(s + 8));
	EXPECT_EQ(G_LAUNCH, get32(s + 0xc));
	EXPECT_EQ(0, get32(s + 0x10));
	c = cmd_new(b);
	put64(c, GCTX(0));
	put64(c + 0x18, 4);
	ASSERT_EQ(0, run(b, SNP_LAUNCH_FINISH));
	ASSERT_EQ(0, snp_guest_status(b, GCTX(0), s));
	EXPECT_EQ(G_RUNNING, s[0xc]);
	EXPECT_EQ(1, get32(s + 0x10)) TH_LOG("without VCEK");
	EXPECT_EQ(RMP_RECLAIM, state_of(b, RESULT));
}

/* ---- LAUNCH_START ---- */

struct policy_row {
	uint64_t policy;
	uint8_t minor;		/* of the firmware's API */
	uint32_t options;
	uint16_t status;
};

static const struct policy_row policies[] = {
	{ 0x30000, 55, 0, 0 },
	{ 0xb0000, 55, 0, 0 },
	{ 0x30137, 55, 0, 0 },
	{ 0x30138, 55, 0, SWPSP_POLICY_FAILURE },
	{ 0x30200, 55, 0, SWPSP_POLICY_FAILURE },
	{ 0x300ff, 55, 0, 0 },
	{ 0x10000, 55, 0, SWPSP_POLICY_FAILURE },
	{ 0x20000, 55, 0, SWPSP_POLICY_FAILURE },
	{ 0x20000, 55, SWPSP_SNP_ONE_THREAD, 0 },
	{ 0x30000 | 1ull << 20, 55, 0, 0 },
	{ 0x30000 | 1ull << 21, 55, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 21, 56, 0, 0 },
	{ 0x30000, 56, SWPSP_SNP_CXL, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 21, 56, SWPSP_SNP_CXL, 0 },
	{ 0x30000 | 1ull << 22, 56, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 23, 56, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 24, 56, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 25, 56, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 25, 57, 0, 0 },
	{ 0x30000 | 1ull << 26, 58, 0, SWPSP_POLICY_FAILURE },
	{ 0x30000 | 1ull << 63, 58, 0, SWPSP_POLICY_FAILURE },
};

TEST_F(guest, policies)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct policy_row *r = &policies[i];

		swpsp_free(b->psp);
		b->config.api_minor = r->minor;
		b->config.snp_options = r->options;
		ASSERT_TRUE(box_start(b));
		ASSERT_EQ(0, snp_init_flags(b, 1, 0));
		ASSERT_TRUE(snp_context(b, GCTX(0)));
		EXPECT_EQ(r->status, snp_launch_start(b, GCTX(0), r->policy))
			TH_LOG("policy %llx", (unsigned long long)r->policy);
		EXPECT_EQ(r->status ? G_INIT : G_LAUNCH, snp_guest_state(b, GCTX(0)));
	}
}

TEST_F(guest, rapl_can_be_turned_off_for_a_policy)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.api_minor = 56;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 5, 0));
	ASSERT_TRUE(snp_context(b, GCTX(0)));
	EXPECT_EQ(0, snp_launch_start(b, GCTX(0), POLICY | 1ull << 23));
}

TEST_F(guest, launch_start_refuses_reserved_flags)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	ASSERT_TRUE(snp_context(b, GCTX(0)));
	for (int bit = 2; bit < 32; bit++) {
		c = cmd_new(b);
		put64(c, GCTX(0));
		put64(c + 8, POLICY);
		put32(c + 0x18, 1u << bit);
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_LAUNCH_START));
	}
}

TEST_F(guest, a_migration_agent_must_run_and_be_allowed)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_LAUNCH));
	ASSERT_TRUE(snp_context(b, GCTX(1)));
	c = cmd_new(b);
	put64(c, GCTX(1));
	put64(c + 8, POLICY | P_MIGRATE);
	put64(c + 0x10, PAGE(0));
	put32(c + 0x18, 1);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, SNP_LAUNCH_START));
	put64(c + 0x10, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, SNP_LAUNCH_START));
	put64(c + 0x10, GCTX(0));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, run(b, SNP_LAUNCH_START));
	ASSERT_EQ(0, snp_finish(b, GCTX(0)));
	c = cmd_new(b);
	put64(c, GCTX(1));
	put64(c + 8, POLICY);
	put64(c + 0x10, GCTX(0));
	put32(c + 0x18, 1);
	EXPECT_EQ(SWPSP_POLICY_FAILURE, run(b, SNP_LAUNCH_START));
	put64(c + 8, POLICY | P_MIGRATE);
	EXPECT_EQ(0, run(b, SNP_LAUNCH_START));
}

/* ---- ASIDs ---- */

TEST_F(guest, activate_checks_the_asid)
{
	struct box *b = &self->b;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 0, G_LAUNCH));
	ASSERT_TRUE(snp_guest_to(b, GCTX(1), POLICY, 2, G_LAUNCH));
	EXPECT_EQ(SWPSP_INVALID_ASID, snp_activate(b, GCTX(0), 0));
	EXPECT_EQ(SWPSP_INVALID_ASID, snp_activate(b, GCTX(0), MIN_SEV));
	EXPECT_EQ(SWPSP_INVALID_ASID, snp_activate(b, GCTX(0), UINT32_MAX));
	EXPECT_EQ(SWPSP_ASID_OWNED, snp_activate(b, GCTX(0), 2));
	ASSERT_EQ(0, hv_update(b, PAGE(0), GPA(0), 3, true, false, false));
	EXPECT_EQ(SWPSP_ASID_OWNED, snp_activate(b, GCTX(0), 3)) TH_LOG("pages are assigned");
	ASSERT_EQ(0, hv_take(b, PAGE(0)));
	EXPECT_EQ(0, snp_activate(b, GCTX(0), 3));
	EXPECT_EQ(SWPSP_ACTIVE, snp_activate(b, GCTX(0), 3));
	EXPECT_EQ(SWPSP_ACTIVE, snp_activate(b, GCTX(0), 4));
}

TEST_F(guest, a_used_asid_must_be_flushed)
{
	struct box *b = &self->b;

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_LAUNCH));
	ASSERT_TRUE(snp_guest_to(b, GCTX(1), POLICY, 0, G_LAUNCH));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, snp_activate(b, GCTX(1), 1));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, SNP_DF_FLUSH));
	for (uint32_t i = 0; i + 1 < CPUS; i++)
		swpsp_wbinvd(b->psp, i);
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, SNP_DF_FLUSH)) TH_LOG("one thread is missing");
	swpsp_wbinvd(b->psp, CPUS - 1);
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, snp_activate(b, GCTX(1), 1));
	EXPECT_EQ(0, run(b, SNP_DF_FLUSH));
	EXPECT_EQ(0, run(b, SNP_DF_FLUSH)) TH_LOG("idempotent");
	EXPECT_EQ(0, snp_activate(b, GCTX(1), 1));
}

TEST_F(guest, nothing_is_clean_after_init)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, snp_shutdown_ex(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 0, G_LAUNCH));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, snp_activate(b, GCTX(0), 1));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, SNP_DF_FLUSH));
}

static uint16_t snp_activate_ex(struct box *b, uint64_t gctx, uint32_t asid, uint32_t first,
				uint32_t n)
{
	uint8_t *c = cmd_new(b);

	put32(c, 0x20);
	put64(c + 8, gctx);
	put32(c + 0x10, asid);
	put32(c + 0x14, n);
	put64(c + 0x18, BLOB);
	for (uint32_t i = 0; i < n && i < CPUS + 2; i++)
		put32(at(b, BLOB + 4 * i), first + i);
	return run(b, SNP_ACTIVATE_EX);
}

TEST_F(guest, activate_ex_adds_complexes)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.ccx_threads = 2;
	b->config.sockets = 2;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 0, G_LAUNCH));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_activate_ex(b, GCTX(0), 1, 0, 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_activate_ex(b, GCTX(0), 1, 0, 1025));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_activate_ex(b, GCTX(0), 1, CPUS, 1));
	EXPECT_EQ(0, snp_activate_ex(b, GCTX(0), 1, 0, 2));
	EXPECT_EQ(0, snp_activate_ex(b, GCTX(0), 1, 2, 2));
	EXPECT_EQ(SWPSP_ACTIVE, snp_activate_ex(b, GCTX(0), 2, 2, 2));
	put32(at(b, CMD), 0x18);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_ACTIVATE_EX));
}

TEST_F(guest, one_socket_only)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.ccx_threads = 2;
	b->config.sockets = 2;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY | 1ull << 20, 0, G_LAUNCH));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, snp_activate(b, GCTX(0), 1));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, snp_activate_ex(b, GCTX(0), 1, 0, 4));
	EXPECT_EQ(0, snp_activate_ex(b, GCTX(0), 1, 2, 2));
}

TEST_F(guest, the_end_takes_the_key_away)
{
	struct box *b = &self->b;
	uint8_t page[16];

	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_LAUNCH));
	EXPECT_EQ(0, swpsp_guest_read(b->psp, 1, PAGE(0), page, sizeof(page)));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, 1, PAGE(0), page, sizeof(page)));
}

/* Pages of a guest that is gone go back to the hypervisor without the firmware. */
TEST_F(guest, a_thousand_lives)
{
	struct box *b = &self->b;
	uint8_t s[0x20];

	for (int i = 0; i < 1000; i++) {
		int state = i % 3;

		ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, state ? 1 : 0, state));
		if (state) {
			ASSERT_EQ(0, hv_update(b, PAGE(i % 9), GPA(0), 1, true, false, i & 1));
			ASSERT_EQ(i & 1 ? 2 : 0, hv_take(b, PAGE(i % 9)));
			if (i & 1)
				ASSERT_EQ(0, snp_reclaim(b, PAGE(i % 9), false));
			ASSERT_EQ(0, hv_take(b, PAGE(i % 9)));
		}
		ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, GCTX(0)));
		ASSERT_EQ(0, snp_reclaim(b, GCTX(0), false));
		ASSERT_EQ(0, hv_take(b, GCTX(0)));
		ASSERT_EQ(0, snp_flush(b));
	}
	ASSERT_EQ(0, snp_status(b, s));
	EXPECT_EQ(0, get32(s + 0xc));
	hv_take(b, RESULT);
	for (uint64_t addr = 0; addr < MEMORY; addr += 0x1000)
		ASSERT_EQ(RMP_HYPERVISOR, state_of(b, addr));
}

TEST_HARNESS_MAIN
