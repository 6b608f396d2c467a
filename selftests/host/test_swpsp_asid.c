// SPDX-License-Identifier: GPL-2.0
/*
 * The life cycle of ASIDs: every row of the table of misuses, and what firmware
 * tracks for each core complex.
 */
#include "swpsp_test.h"

#define CCX_THREADS 2	/* CPUS threads make two complexes */

FIXTURE(asid) {
	struct box b;
	uint32_t h, h2;
};

/* Initialised and flushed, two launching guests that are not bound. */
FIXTURE_SETUP(asid)
{
	box_config(&self->b);
	self->b.config.ccx_threads = CCX_THREADS;
	ASSERT_TRUE(box_start(&self->b));
	ASSERT_EQ(0, init(&self->b, true));
	ASSERT_EQ(0, flush(&self->b));
	ASSERT_EQ(0, launch_start(&self->b, 0, 0, &self->h));
	ASSERT_EQ(0, launch_start(&self->b, 0, 0, &self->h2));
}

FIXTURE_TEARDOWN(asid)
{
	box_free(&self->b);
}

/* A running guest on @asid that is then deactivated: the ASID is dirty. */
static bool make_dirty(struct box *b, uint32_t asid)
{
	uint32_t h = launch_to(b, 0, asid, RUNNING);

	return h && !by_handle(b, DEACTIVATE, h) && !by_handle(b, DECOMMISSION, h);
}

TEST_F(asid, flush_directly_after_init)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, DF_FLUSH));
}

TEST_F(asid, flush_after_wbinvd_everywhere)
{
	EXPECT_EQ(0, flush(&self->b));
	EXPECT_EQ(0, run(&self->b, DF_FLUSH)) TH_LOG("a flush consumes nothing");
}

TEST_F(asid, activate_after_init_without_flush)
{
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, init(b, false));
	ASSERT_EQ(0, launch_start(b, 0, 0, &h));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, h, MIN_SEV));
	wbinvd_all(b);
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, h, MIN_SEV));
	EXPECT_EQ(0, run(b, DF_FLUSH));
	EXPECT_EQ(0, activate(b, h, MIN_SEV));
}

TEST_F(asid, activate_dirty_before_flush)
{
	struct box *b = &self->b;

	ASSERT_TRUE(make_dirty(b, 7));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, self->h, 7));
	wbinvd_all(b);
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, self->h, 7));
	EXPECT_EQ(0, run(b, DF_FLUSH));
	EXPECT_EQ(0, activate(b, self->h, 7));
}

TEST_F(asid, flush_after_deactivate_without_wbinvd)
{
	ASSERT_TRUE(make_dirty(&self->b, 7));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(&self->b, DF_FLUSH));
}

TEST_F(asid, flush_with_one_thread_missing)
{
	struct box *b = &self->b;

	ASSERT_TRUE(make_dirty(b, 7));
	for (uint32_t i = 0; i < CPUS - 1; i++)
		swpsp_wbinvd(b->psp, i);
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, DF_FLUSH));
	swpsp_wbinvd(b->psp, CPUS);		/* no such thread */
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, DF_FLUSH));
	swpsp_wbinvd(b->psp, CPUS - 1);
	EXPECT_EQ(0, run(b, DF_FLUSH));
}

TEST_F(asid, deactivate_between_wbinvd_and_flush)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 8, RUNNING);

	ASSERT_NE(0, h);
	ASSERT_TRUE(make_dirty(b, 7));
	wbinvd_all(b);
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, h));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, DF_FLUSH));
}

TEST_F(asid, never_finished_guest_leaves_it_clean)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, activate(b, self->h, 7));
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, self->h));
	EXPECT_EQ(0, activate(b, self->h2, 7));
	EXPECT_EQ(0, run(b, DF_FLUSH)) TH_LOG("the WBINVD flags were not touched");
}

TEST_F(asid, activate_owned_by_another)
{
	ASSERT_EQ(0, activate(&self->b, self->h, 7));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(&self->b, self->h2, 7));
}

TEST_F(asid, activate_twice_same)
{
	ASSERT_EQ(0, activate(&self->b, self->h, 7));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(&self->b, self->h, 7));
}

TEST_F(asid, activate_twice_other)
{
	ASSERT_EQ(0, activate(&self->b, self->h, 7));
	EXPECT_EQ(SWPSP_ACTIVE, activate(&self->b, self->h, 8));
}

TEST_F(asid, activate_ex_again_same)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, activate_ex(b, self->h, 7, 0, 1));
	EXPECT_EQ(0, activate_ex(b, self->h, 7, 2, 3));
	EXPECT_EQ(0, activate_ex(b, self->h, 7, 0, 3));
}

TEST_F(asid, activate_ex_again_other)
{
	ASSERT_EQ(0, activate_ex(&self->b, self->h, 7, 0, 1));
	EXPECT_EQ(SWPSP_ACTIVE, activate_ex(&self->b, self->h, 8, 0, 1));
}

TEST_F(asid, activate_ex_partly_owned_by_another)
{
	ASSERT_EQ(0, activate_ex(&self->b, self->h, 7, 0, 1));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate_ex(&self->b, self->h2, 7, 2, 3));
}

TEST_F(asid, activate_out_of_range)
{
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(&self->b, self->h, 0));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(&self->b, self->h, MAX_ASID + 1));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(&self->b, self->h, UINT32_MAX));
}

TEST_F(asid, activate_sent_guest)
{
	struct box *b = &self->b;
	uint32_t h = guest_in_state(b, 0, 7, SENT);

	ASSERT_NE(0, h);
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, h));
	ASSERT_EQ(0, flush(b));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, activate(b, h, 7));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, activate_ex(b, h, 7, 0, 0));
}

TEST_F(asid, deactivate_twice)
{
	ASSERT_EQ(0, activate(&self->b, self->h, 7));
	ASSERT_EQ(0, by_handle(&self->b, DEACTIVATE, self->h));
	EXPECT_EQ(SWPSP_INACTIVE, by_handle(&self->b, DEACTIVATE, self->h));
}

TEST_F(asid, deactivate_never_activated)
{
	EXPECT_EQ(SWPSP_INACTIVE, by_handle(&self->b, DEACTIVATE, self->h));
}

TEST_F(asid, decommission_bound)
{
	struct box *b = &self->b;
	uint32_t running = launch_to(b, 0, 8, RUNNING);

	ASSERT_EQ(0, activate(b, self->h, 7));
	EXPECT_EQ(SWPSP_ACTIVE, by_handle(b, DECOMMISSION, self->h));
	EXPECT_EQ(SWPSP_ACTIVE, by_handle(b, DECOMMISSION, running));
}

TEST_F(asid, decommission_twice)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, by_handle(b, DECOMMISSION, self->h));
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_handle(b, DECOMMISSION, self->h));
	ASSERT_EQ(0, by_handle(b, DECOMMISSION, self->h2));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, by_handle(b, DECOMMISSION, self->h2));
}

TEST_F(asid, update_unbound)
{
	struct box *b = &self->b;

	EXPECT_EQ(SWPSP_INACTIVE, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, 16));
	ASSERT_EQ(0, activate(b, self->h, 7));
	EXPECT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, 16));
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, self->h));
	EXPECT_EQ(SWPSP_INACTIVE, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, 16));
}

TEST_F(asid, what_is_allowed_unbound)
{
	struct box *b = &self->b;
	uint32_t h;

	EXPECT_EQ(0, measure(b, self->h));
	EXPECT_EQ(0, by_handle(b, LAUNCH_FINISH, self->h));
	ASSERT_TRUE(give_certs(b, b));
	EXPECT_EQ(0, send_start(b, self->h));
	EXPECT_EQ(0, by_handle(b, SEND_FINISH, self->h));
	EXPECT_EQ(0, receive_start(b, 0, &h));
	EXPECT_EQ(0, by_handle(b, RECEIVE_FINISH, h));
	EXPECT_EQ(RUNNING, guest_state(b, h));
}

TEST_F(asid, shared_key_does_not_share_the_asid)
{
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_EQ(0, launch_start(b, self->h, 0, &h));
	ASSERT_EQ(0, activate(b, self->h, 7));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(b, h, 7));
	EXPECT_EQ(0, activate(b, h, 8));
}

TEST_F(asid, shutdown_with_active_guests)
{
	struct box *b = &self->b;

	ASSERT_NE(0, launch_to(b, 0, 7, RUNNING));
	EXPECT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(0, platform_state(b));
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(FREE, guest_state(b, self->h)) TH_LOG("guests are gone");
}

TEST_F(asid, kinds_have_ranges)
{
	struct box *b = &self->b;
	uint32_t es;

	ASSERT_EQ(0, launch_start(b, 0, ES, &es));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, self->h, MIN_SEV - 1));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, es, MIN_SEV));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate_ex(b, es, MIN_SEV, 0, 0));
	EXPECT_EQ(0, activate(b, es, MIN_SEV - 1));
	EXPECT_EQ(0, activate(b, self->h, MIN_SEV));
	EXPECT_EQ(0, activate(b, self->h2, MAX_ASID));
}

TEST_F(asid, wrong_kind_is_told_last)
{
	struct box *b = &self->b;
	uint32_t es;

	ASSERT_EQ(0, launch_start(b, 0, ES, &es));
	ASSERT_TRUE(make_dirty(b, 7));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, es, 7));
	ASSERT_EQ(0, flush(b));
	ASSERT_EQ(0, activate(b, self->h, 7));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(b, es, 7));
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, self->h));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, es, 7));
}

/* Complex 0 ran the guest, complex 1 never did: only 0 needs its caches flushed. */
TEST_F(asid, complexes_are_tracked_apart)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, activate_ex(b, self->h, 7, 0, 1));
	ASSERT_EQ(0, measure(b, self->h));
	ASSERT_EQ(0, by_handle(b, LAUNCH_FINISH, self->h));
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, self->h));
	EXPECT_EQ(SWPSP_WBINVD_REQUIRED, run(b, DF_FLUSH));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate_ex(b, self->h2, 7, 2, 3));
	swpsp_wbinvd(b->psp, 0);
	swpsp_wbinvd(b->psp, 1);
	EXPECT_EQ(0, run(b, DF_FLUSH));
	EXPECT_EQ(0, activate(b, self->h2, 7));
}

TEST_F(asid, activate_ex_arguments)
{
	struct box *b = &self->b;
	uint8_t *c;

	EXPECT_EQ(SWPSP_INVALID_CONFIG, activate_ex(b, self->h, 7, 0, CPUS));
	EXPECT_EQ(0, activate_ex(b, self->h, 7, 0, 0));
	c = at(b, CMD);
	put32(c + 0xc, 0);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, ACTIVATE_EX));
	put32(c + 0xc, 1025);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, ACTIVATE_EX));
	put32(c + 0xc, 1024);
	put64(c + 0x10, MEMORY - 4095);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, ACTIVATE_EX));
}

TEST_F(asid, counts)
{
	struct swpsp_counts n;
	struct box *b = &self->b;

	swpsp_counts(b->psp, &n);
	EXPECT_EQ(2, n.guests);
	EXPECT_EQ(0, n.asids_bound);
	EXPECT_EQ(0, n.asids_dirty);
	ASSERT_TRUE(make_dirty(b, 7));
	ASSERT_EQ(0, activate(b, self->h, 8));
	swpsp_counts(b->psp, &n);
	EXPECT_EQ(1, n.asids_bound);
	EXPECT_EQ(1, n.asids_dirty);
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, init(b, false));
	swpsp_counts(b->psp, &n);
	EXPECT_EQ(0, n.guests);
	EXPECT_EQ(MAX_ASID, n.asids_dirty);
}

TEST_HARNESS_MAIN
