// SPDX-License-Identifier: GPL-2.0
/*
 * Rights and order of commands: the tables of legality by state of the platform and of
 * the guest, one row for each command, and the transitions between the states.
 */
#include "swpsp_test.h"

/* ---- the platform's states ---- */

enum { UNINIT, INITED, WORKING };

/* SNP's commands are in test_swpsp_snp_platform.c. */
#define FIRST_SNP	0x81
#define LAST_SNP	0xff

static bool is_legacy(uint32_t id)
{
	return (id < FIRST_SNP || id > LAST_SNP) && swpsp_command_name(id);
}

struct platform_row {
	uint32_t id;
	bool legal[3];
};

/* Most commands are about a guest, and need one; here are the others. */
static const struct platform_row platform_rows[] = {
	{ INIT, { 1, 0, 0 } },
	{ INIT_EX, { 1, 0, 0 } },
	{ SHUTDOWN, { 1, 1, 1 } },
	{ PLATFORM_RESET, { 1, 0, 0 } },
	{ PLATFORM_STATUS, { 1, 1, 1 } },
	{ GET_ID, { 1, 1, 1 } },
	{ NOP, { 1, 1, 1 } },
	{ DF_FLUSH, { 1, 1, 1 } },
	{ DOWNLOAD_FIRMWARE, { 1, 0, 0 } },
	{ PEK_GEN, { 0, 1, 0 } },
	{ PEK_CERT_IMPORT, { 0, 1, 0 } },
	{ PEK_CSR, { 0, 1, 1 } },
	{ PDH_CERT_EXPORT, { 0, 1, 1 } },
	{ PDH_GEN, { 0, 1, 1 } },
	{ RING_BUFFER, { 0, 1, 1 } },
	{ GUEST_STATUS, { 0, 1, 1 } },
	{ LAUNCH_START, { 0, 1, 1 } },
	{ RECEIVE_START, { 0, 1, 1 } },
};

static bool legal_in(uint32_t id, int state)
{
	for (size_t i = 0; i < ARRAY_SIZE(platform_rows); i++)
		if (platform_rows[i].id == id)
			return platform_rows[i].legal[state];
	return state == WORKING;
}

static bool box_in_state(struct box *b, int state)
{
	uint32_t h;

	if (!box_new(b))
		return false;
	if (state != UNINIT && (init(b, false) || flush(b)))
		return false;
	return state != WORKING || !launch_start(b, 0, 0, &h);
}

TEST(each_command_in_each_state_of_the_platform)
{
	size_t found = 0;

	for (uint32_t id = 0; id < 0x1000; id++) {
		for (int state = UNINIT; is_legacy(id) && state <= WORKING; state++) {
			struct box b;
			uint16_t status;

			ASSERT_TRUE(box_in_state(&b, state));
			ASSERT_EQ(state, platform_state(&b));
			cmd_new(&b);
			if (id == LAUNCH_UPDATE_VMSA)	/* the firmware looks at the length first */
				put32(at(&b, CMD + 0x10), 0x1000);
			status = run(&b, id);
			EXPECT_EQ(legal_in(id, state), status != SWPSP_INVALID_PLATFORM_STATE)
				TH_LOG("%s in state %d: %s", swpsp_command_name(id), state,
				       swpsp_status_name(status));
			box_free(&b);
			found++;
		}
	}
	EXPECT_LT(3 * ARRAY_SIZE(platform_rows), found);
}

TEST(each_row_is_of_a_command)
{
	for (size_t i = 0; i < ARRAY_SIZE(platform_rows); i++) {
		EXPECT_TRUE(is_legacy(platform_rows[i].id))
			TH_LOG("0x%03x", platform_rows[i].id);
	}
}

/* SNP's commands are none either on a platform without a reverse map table. */
TEST(holes_are_no_commands)
{
	static const uint32_t far[] = { 0x1004, 0x10004, 0x80000004, UINT32_MAX };
	size_t found = 0;
	struct box b;

	ASSERT_TRUE(box_new(&b));
	for (uint32_t id = 0; id < 0x1000; id++) {
		if (is_legacy(id))
			continue;
		found++;
		EXPECT_EQ(SWPSP_INVALID_COMMAND, swpsp_command(b.psp, id, UINT64_MAX))
			TH_LOG("0x%03x", id);
	}
	EXPECT_LT(0, found);
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		EXPECT_EQ(SWPSP_INVALID_COMMAND, swpsp_command(b.psp, far[i], UINT64_MAX));
		EXPECT_EQ(NULL, swpsp_command_name(far[i]));
	}
	box_free(&b);
}

TEST(platform_transitions)
{
	uint32_t h1, h2;
	uint8_t s[12];
	struct box b;

	ASSERT_TRUE(box_new(&b));
	EXPECT_EQ(0, run(&b, SHUTDOWN)) TH_LOG("SHUTDOWN in UNINIT is no error");
	EXPECT_EQ(0, run(&b, PLATFORM_RESET));
	EXPECT_EQ(UNINIT, platform_state(&b));
	ASSERT_EQ(0, init(&b, true));
	EXPECT_EQ(INITED, platform_state(&b));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h1));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h2));
	ASSERT_EQ(0, platform_status(&b, s));
	EXPECT_EQ(1, s[0]);
	EXPECT_EQ(55, s[1]);
	EXPECT_EQ(WORKING, s[2]);
	EXPECT_EQ(0, s[3]) TH_LOG("self-owned");
	EXPECT_EQ(1, s[4]) TH_LOG("SEV-ES");
	EXPECT_EQ(0, s[5]);
	EXPECT_EQ(0, s[6]);
	EXPECT_EQ(25, s[7]);
	EXPECT_EQ(2, get32(s + 8));
	ASSERT_EQ(0, by_handle(&b, DECOMMISSION, h1));
	EXPECT_EQ(WORKING, platform_state(&b));
	ASSERT_EQ(0, by_handle(&b, DECOMMISSION, h2));
	EXPECT_EQ(INITED, platform_state(&b));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h1));
	ASSERT_EQ(0, run(&b, SHUTDOWN));
	ASSERT_EQ(0, platform_status(&b, s));
	EXPECT_EQ(UNINIT, s[2]);
	EXPECT_EQ(0, s[4]);
	EXPECT_EQ(0, get32(s + 8));
	box_free(&b);
}

/* ---- the guest's states ---- */

struct guest_row {
	uint32_t id;
	uint8_t allowed;	/* mask of states */
};

#define S(state) (1 << (state))
#define ALL (S(LUPDATE) | S(LSECRET) | S(RUNNING) | S(SUPDATE) | S(RUPDATE) | S(SENT))

static const struct guest_row guest_rows[] = {
	{ LAUNCH_UPDATE_DATA, S(LUPDATE) },
	{ LAUNCH_UPDATE_VMSA, S(LUPDATE) },
	{ LAUNCH_MEASURE, S(LUPDATE) },
	{ LAUNCH_UPDATE_SECRET, S(LSECRET) },
	{ LAUNCH_FINISH, S(LSECRET) },
	{ ATTESTATION, S(LSECRET) | S(RUNNING) | S(SUPDATE) | S(SENT) },
	{ SEND_START, S(RUNNING) },
	{ SEND_UPDATE_DATA, S(SUPDATE) },
	{ SEND_UPDATE_VMSA, S(SUPDATE) },
	{ SEND_FINISH, S(SUPDATE) },
	{ SEND_CANCEL, S(SUPDATE) },
	{ RECEIVE_UPDATE_DATA, S(RUPDATE) },
	{ RECEIVE_UPDATE_VMSA, S(RUPDATE) },
	{ RECEIVE_FINISH, S(RUPDATE) },
	{ ACTIVATE, ALL & ~S(SENT) },
	{ ACTIVATE_EX, ALL & ~S(SENT) },
	{ DEACTIVATE, ALL },
	{ DECOMMISSION, ALL },
	{ GUEST_STATUS, ALL },
	{ COPY, ALL },
	{ DBG_DECRYPT, ALL },
	{ DBG_ENCRYPT, ALL },
	{ SWAP_OUT, ALL },
	{ SWAP_IN, ALL },
};

/* As good a command as one with an unbound guest can be. */
static uint16_t run_for(struct box *b, uint32_t id, uint32_t h)
{
	switch (id) {
	case LAUNCH_UPDATE_VMSA:
		return launch_update(b, id, h, PAGES, 0x1000);
	case LAUNCH_UPDATE_SECRET:
	case SEND_UPDATE_DATA:
	case SEND_UPDATE_VMSA:
	case RECEIVE_UPDATE_DATA:
	case RECEIVE_UPDATE_VMSA:
		return transport(b, id, h, PAGES, 64);
	case LAUNCH_MEASURE:
		return measure(b, h);
	case ATTESTATION:
		return attestation(b, h);
	case SEND_START:
		return give_certs(b, b) ? send_start(b, h) : 0xffff;
	case ACTIVATE:
		return activate(b, h, 7);
	case ACTIVATE_EX:
		return activate_ex(b, h, 7, 0, 3);
	default:
		return by_handle(b, id, h);
	}
}

TEST(guest_table)
{
	struct box b;

	ASSERT_TRUE(box_new(&b));
	for (size_t i = 0; i < ARRAY_SIZE(guest_rows); i++) {
		const struct guest_row *row = &guest_rows[i];

		for (int state = LUPDATE; state <= SENT; state++) {
			uint16_t status;
			uint32_t h;

			ASSERT_EQ(0, init(&b, false));
			ASSERT_EQ(0, flush(&b));
			h = guest_in_state(&b, 0, 0, RUNNING);	/* keep it WORKING */
			ASSERT_NE(0, h);
			h = guest_in_state(&b, 0, state == RUPDATE ? 8 : 0, state);
			if (state == RUPDATE)
				ASSERT_EQ(0, by_handle(&b, DEACTIVATE, h));
			ASSERT_EQ(state, guest_state(&b, h));
			status = run_for(&b, row->id, h);
			EXPECT_EQ(!!(row->allowed & S(state)),
				  status != SWPSP_INVALID_GUEST_STATE)
				TH_LOG("%s in state %d: %s", swpsp_command_name(row->id), state,
				       swpsp_status_name(status));
			ASSERT_EQ(0, run(&b, SHUTDOWN));
		}
	}
	box_free(&b);
}

TEST(launch_transitions)
{
	struct box b;
	uint32_t h;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h));
	EXPECT_EQ(LUPDATE, guest_state(&b, h));
	ASSERT_EQ(0, measure(&b, h));
	EXPECT_EQ(LSECRET, guest_state(&b, h));
	ASSERT_EQ(0, by_handle(&b, LAUNCH_FINISH, h));
	EXPECT_EQ(RUNNING, guest_state(&b, h));
	ASSERT_TRUE(give_certs(&b, &b));
	ASSERT_EQ(0, send_start(&b, h));
	EXPECT_EQ(SUPDATE, guest_state(&b, h));
	ASSERT_EQ(0, by_handle(&b, SEND_CANCEL, h));
	EXPECT_EQ(RUNNING, guest_state(&b, h));
	ASSERT_EQ(0, send_start(&b, h));
	ASSERT_EQ(0, by_handle(&b, SEND_FINISH, h));
	EXPECT_EQ(SENT, guest_state(&b, h));
	ASSERT_EQ(0, receive_start(&b, 0, &h));
	EXPECT_EQ(RUPDATE, guest_state(&b, h));
	ASSERT_EQ(0, by_handle(&b, RECEIVE_FINISH, h));
	EXPECT_EQ(RUNNING, guest_state(&b, h));
	box_free(&b);
}

/* ---- handles ---- */

TEST(handles)
{
	uint32_t h1, h2, h3;
	struct box b;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h1));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h2));
	EXPECT_EQ(1, h1);
	EXPECT_EQ(2, h2);
	ASSERT_EQ(0, by_handle(&b, DECOMMISSION, h1));
	ASSERT_EQ(0, launch_start(&b, 0, 0, &h3));
	EXPECT_EQ(1, h3) TH_LOG("the lowest free handle, at once");
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_handle(&b, DEACTIVATE, 0));
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_handle(&b, DEACTIVATE, 3));
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_handle(&b, DEACTIVATE, 1025));
	EXPECT_EQ(SWPSP_INVALID_GUEST, by_handle(&b, DEACTIVATE, UINT32_MAX));
	box_free(&b);
}

TEST(handles_run_out)
{
	struct box b;
	uint32_t h;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	for (uint32_t i = 1; i <= 1024; i++) {
		ASSERT_EQ(0, launch_start(&b, 0, 0, &h));
		ASSERT_EQ(i, h);
	}
	EXPECT_EQ(SWPSP_RESOURCE_LIMIT, launch_start(&b, 0, 0, &h));
	ASSERT_EQ(0, by_handle(&b, DECOMMISSION, 77));
	EXPECT_EQ(0, launch_start(&b, 0, 0, &h));
	EXPECT_EQ(77, h);
	box_free(&b);
}

TEST(status_of_a_bad_handle_is_success)
{
	struct box b;
	uint8_t *c;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	c = cmd_new(&b);
	put32(c, 99);
	put32(c + 4, 0x11223344);
	put32(c + 8, 0x55667788);
	c[0xc] = 0xaa;
	EXPECT_EQ(0, run(&b, GUEST_STATUS));
	EXPECT_EQ(0x11223344, get32(c + 4));
	EXPECT_EQ(0x55667788, get32(c + 8));
	EXPECT_EQ(FREE, c[0xc]);
	box_free(&b);
}

TEST(status_of_a_guest)
{
	uint32_t h, asid;
	struct box b;
	int state;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	ASSERT_EQ(0, flush(&b));
	h = launch_to(&b, NODBG | NOKS, 7, RUNNING);
	ASSERT_EQ(0, guest_status(&b, h, &asid, &state));
	EXPECT_EQ(NODBG | NOKS, get32(at(&b, CMD + 4)));
	EXPECT_EQ(7, asid);
	EXPECT_EQ(RUNNING, state);
	ASSERT_EQ(0, by_handle(&b, DEACTIVATE, h));
	ASSERT_EQ(0, guest_status(&b, h, &asid, &state));
	EXPECT_EQ(0, asid);
	box_free(&b);
}

/* ---- commands that an older firmware does not have ---- */

TEST(api_versions)
{
	struct box b;

	box_config(&b);
	b.config.api_major = 0;
	b.config.api_minor = 14;
	ASSERT_TRUE(box_start(&b));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(&b, DOWNLOAD_FIRMWARE));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(&b, GET_ID));
	swpsp_free(b.psp);
	b.config.api_minor = 15;
	ASSERT_TRUE(box_start(&b));
	EXPECT_NE(SWPSP_INVALID_COMMAND, run(&b, DOWNLOAD_FIRMWARE));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, run(&b, GET_ID));
	swpsp_free(b.psp);
	b.config.api_minor = 16;
	ASSERT_TRUE(box_start(&b));
	EXPECT_NE(SWPSP_INVALID_COMMAND, run(&b, GET_ID));
	box_free(&b);
}

TEST_HARNESS_MAIN
