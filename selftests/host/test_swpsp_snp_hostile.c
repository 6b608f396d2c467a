// SPDX-License-Identifier: GPL-2.0
/*
 * A host that means harm, with SNP: each address of each command in each wrong state,
 * size, owner and place, after which nothing may have changed; and random commands
 * and instructions by the ten thousand, which must not show a guest's secret. The
 * sanitizers and swpsp's own check after each command are what these tests rely on.
 */
#include "selftests/box/patience.h"
#include "message_test.h"

#define P	PAGE(40)	/* the page that is wrong */
#define LAST	(MEMORY - 0x1000u)

/* What the host does while the firmware works on a command, see disturb(). */
struct disturbance {
	struct box *b;
	bool on;
	uint32_t times, forged;
};

static void disturb(void *arg);

FIXTURE(hostile) {
	struct box b;
	struct disturbance d;
	uint8_t *saved;		/* memory and table as they were before the command */
};

FIXTURE_SETUP(hostile)
{
	ASSERT_TRUE(snp_box_new(&self->b));
	swpsp_free(self->b.psp);
	self->b.config.api_minor = 58;		/* the one that has all commands */
	self->d.b = &self->b;
	self->b.config.disturb = disturb;
	self->b.config.disturb_arg = &self->d;
	ASSERT_TRUE(box_start(&self->b));
	ASSERT_EQ(0, snp_init_flags(&self->b, 1, 0));
	self->saved = malloc(MEMORY + RMP_BYTES);
}

FIXTURE_TEARDOWN(hostile)
{
	free(self->saved);
	snp_box_free(&self->b);
}

/* Two debuggable guests, GCTX(0) with ASID 1 and GCTX(1) with ASID 2; pages at hand. */
static bool prepare(struct box *b)
{
	if (snp_flush(b) || snp_shutdown_ex(b) || snp_init_flags(b, 1, 0) || snp_flush(b))
		return false;
	if (!snp_guest_to(b, GCTX(0), POLICY | P_DEBUG, 1, G_LAUNCH) ||
	    !snp_guest_to(b, GCTX(1), POLICY | P_DEBUG, 2, G_LAUNCH))
		return false;
	return !hv_firmware(b, RESULT) && !hv_firmware(b, METADATA) &&
	       !hv_pre_guest(b, PAGE(0), GPA(0), 1) && !hv_pre_guest(b, PAGE(1), GPA(0), 1) &&
	       !(put64(cmd_new(b), GCTX(0)), put64(at(b, CMD + 8), METADATA),
		 run(b, SNP_MD_INIT));
}

/* ---- what some commands need beyond that ---- */

/* GCTX(0) runs. */
static bool running(struct box *b)
{
	return !snp_finish(b, GCTX(0));
}

/* GCTX(0) runs, and has sealed a message; its secrets page was PAGE(0). */
static bool talking(struct box *b)
{
	static const uint8_t payload[0x80];
	struct talker t = { .gctx = GCTX(0) };
	uint8_t secrets[0x1000];

	if (snp_update(b, GCTX(0), PAGE(0), T_SECRETS) || !running(b) ||
	    swpsp_guest_read(b->psp, 1, PAGE(0), secrets, sizeof(secrets)))
		return false;
	memcpy(t.key, secrets + 0x20, sizeof(t.key));
	message_seal(b, &t, 0, 1, M_TSC_INFO, 1, payload, sizeof(payload));
	return true;
}

/* A page of GCTX(0) is out, sealed at RESULT, and may come back to PAGE(0). */
static bool swapped(struct box *b)
{
	uint8_t *c = cmd_new(b);

	put64(c, GCTX(0));
	put64(c + 8, PAGE(0));
	put64(c + 0x10, RESULT);
	put64(c + 0x18, METADATA);
	return !run(b, SNP_SWAP_OUT);
}

/* GCTX(2) is a context. GCTX(0), which runs, could be its agent. */
static bool fresh(struct box *b)
{
	return snp_context(b, GCTX(2)) && running(b);
}

/* GCTX(2) is in LAUNCH and has no ASID; BLOB has the number of a thread. */
static bool inactive(struct box *b)
{
	memset(at(b, BLOB), 0, 0x1000);
	return snp_guest_to(b, GCTX(2), POLICY, 0, G_LAUNCH);
}

/* All of the region at HUGE in @state, as pages of 4 KiB. */
static void poke_region(struct box *b, enum rmp_state state)
{
	struct rmp rmp = table(b);

	for (uint64_t i = 0; i < 512; i++) {
		struct rmp_page page;

		poke(b, HUGE + 0x1000 * i, state, 1, false);
		rmp_lookup(&rmp, HUGE + 0x1000 * i, &page);
		if (page.asid) {
			page.gpa = GPA(i);
			rmp_store(&rmp, HUGE + 0x1000 * i, &page);
		}
	}
}

static bool smashed(struct box *b)
{
	poke_region(b, RMP_PRE_GUEST);
	return true;
}

/* A list at BLOB that names the region at HUGE, which is the firmware's. */
static bool listed(struct box *b)
{
	memset(at(b, BLOB), 0, 0x1000);
	put32(at(b, BLOB), 1);
	put64(at(b, BLOB + 8), HUGE);
	put32(at(b, BLOB + 0x10), 512);
	poke_region(b, RMP_FIRMWARE);
	return true;
}

/* ---- one address at a time ---- */

#define IN(state)	(1u << (state))
#define OUTPUT		IN(RMP_FIRMWARE)
#define LEAVING		(IN(RMP_PRE_GUEST) | IN(RMP_PRE_SWAP))
#define OWN		(LEAVING | IN(RMP_GUEST_INVALID) | IN(RMP_GUEST_VALID))

/*
 * words: the command buffer, 64 bits each, when all is well.
 * at: which of them is the address in question.
 * states: in which it is accepted.
 * owner: it must be the guest's.
 * ready: what has to be so beforehand.
 */
struct row {
	const char *what;
	uint32_t id;
	uint64_t words[8];
	uint8_t at;
	uint32_t states;
	bool owner;
	bool (*ready)(struct box *b);
};

static const struct row rows[] = {
	{ "platform status", SNP_PLATFORM_STATUS, { RESULT }, 0, OUTPUT, false },
	{ "context", SNP_GCTX_CREATE, { RESULT }, 0, OUTPUT, false },
	{ "guest status", SNP_GUEST_STATUS, { GCTX(0), RESULT }, 1, OUTPUT, false },
	{ "feature info", SNP_FEATURE_INFO, { 0x10, RESULT }, 1, OUTPUT, false },
	{ "mitigation", SNP_VERIFY_MITIGATION, { 0x40, 0, 1, 0, RESULT }, 4, OUTPUT, false },
	{ "launch", SNP_LAUNCH_UPDATE, { GCTX(0), T_NORMAL << 1, PAGE(0) }, 2,
	  IN(RMP_PRE_GUEST), true },
	{ "decrypt from", SNP_DBG_DECRYPT, { GCTX(0), PAGE(0), RESULT }, 1, OWN, true },
	{ "decrypt to", SNP_DBG_DECRYPT, { GCTX(0), PAGE(0), RESULT }, 2, OUTPUT, false },
	{ "encrypt to", SNP_DBG_ENCRYPT, { GCTX(0), BLOB, PAGE(0) }, 2, LEAVING, true },
	{ "swap out from", SNP_SWAP_OUT, { GCTX(0), PAGE(0), RESULT, METADATA }, 1, LEAVING,
	  true },
	{ "swap out to", SNP_SWAP_OUT, { GCTX(0), PAGE(0), RESULT, METADATA }, 2, OUTPUT,
	  false },
	{ "swap out metadata", SNP_SWAP_OUT, { GCTX(0), PAGE(0), RESULT, METADATA }, 3,
	  IN(RMP_METADATA), false },
	{ "move from", SNP_PAGE_MOVE, { GCTX(0), 0, PAGE(0), PAGE(1) }, 2, LEAVING, true },
	{ "move to", SNP_PAGE_MOVE, { GCTX(0), 0, PAGE(0), PAGE(1) }, 3, IN(RMP_PRE_GUEST),
	  true },
	{ "metadata", SNP_MD_INIT, { GCTX(0), RESULT }, 1, OUTPUT, false },
	{ "reclaim", SNP_RECLAIM, { RESULT }, 0,
	  OUTPUT | LEAVING | IN(RMP_METADATA) | IN(RMP_RECLAIM), false },
	{ "answer", SNP_GUEST_REQUEST, { GCTX(0), REQUEST, RESULT }, 2, OUTPUT, false, talking },
	{ "report", SNP_HV_REPORT_REQ, { 0x18, GCTX(0), RESULT }, 2, OUTPUT, false, running },
	{ "swap in to", SNP_SWAP_IN, { GCTX(0), RESULT, PAGE(0), METADATA }, 2,
	  IN(RMP_PRE_GUEST), true, swapped },
	{ "swap in metadata", SNP_SWAP_IN, { GCTX(0), RESULT, PAGE(0), METADATA }, 3,
	  IN(RMP_METADATA), false, swapped },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool prepare_row(struct box *b, const struct row *r)
{
	return prepare(b) && (!r->ready || r->ready(b));
}

static void put_words(struct box *b, const struct row *r)
{
	uint8_t *c = cmd_new(b);

	for (int i = 0; i < 8; i++)
		put64(c + 8 * i, r->words[i]);
}

/* The command with another address. Return: its status; *@changed: anything else has. */
static uint16_t attempt(struct box *b, uint8_t *saved, const struct row *r, uint64_t addr,
			bool *changed)
{
	uint16_t status;

	put_words(b, r);
	put64(at(b, CMD + 8 * r->at), addr);
	memcpy(saved, b->mem, MEMORY);
	memcpy(saved + MEMORY, b->config.rmp, RMP_BYTES);
	status = run(b, r->id);
	*changed = memcmp(saved, b->mem, MEMORY) ||
		   memcmp(saved + MEMORY, b->config.rmp, RMP_BYTES);
	return status;
}

TEST_F(hostile, the_commands_of_the_table_succeed_as_they_are)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < ROWS; i++) {
		ASSERT_TRUE(prepare_row(b, &rows[i]));
		put_words(b, &rows[i]);
		EXPECT_EQ(0, run(b, rows[i].id)) TH_LOG("%s", rows[i].what);
	}
}

TEST_F(hostile, each_address_in_each_state)
{
	struct box *b = &self->b;
	uint32_t refused = 0;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
			uint64_t addr = s == RMP_CONTEXT ? GCTX(1) : P;
			uint16_t status;
			bool changed;

			ASSERT_TRUE(prepare_row(b, r));
			if (s != RMP_CONTEXT)
				poke(b, addr, s, 1, false);
			if (s == RMP_METADATA)		/* an entry is used up, or free */
				memcpy(at(b, addr), at(b, METADATA), 0x1000);
			status = attempt(b, self->saved, r, addr, &changed);
			if (r->states & IN(s)) {
				EXPECT_EQ(0, status)
					TH_LOG("%s: %s", r->what, rmp_state_name(s));
				continue;
			}
			refused++;
			EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, status)
				TH_LOG("%s: %s", r->what, rmp_state_name(s));
			EXPECT_FALSE(changed) TH_LOG("%s: %s", r->what, rmp_state_name(s));
		}
	}
	EXPECT_LT(100, refused);
}

TEST_F(hostile, each_address_of_another_size_or_owner)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		bool changed;

		for (int s = RMP_RECLAIM; s < RMP_STATES; s++) {
			/* Debugging takes pages of either size. */
			bool any = r->owner && (r->id == SNP_DBG_DECRYPT ||
						r->id == SNP_DBG_ENCRYPT);

			if (!(r->states & IN(s)) || any || s == RMP_METADATA)
				continue;
			ASSERT_TRUE(prepare_row(b, r));
			poke(b, HUGE, s, 1, true);
			EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE,
				  attempt(b, self->saved, r, HUGE, &changed))
				TH_LOG("%s: %s", r->what, rmp_state_name(s));
			EXPECT_FALSE(changed);
		}
		for (int s = RMP_PRE_GUEST; s < RMP_STATES; s++) {
			if (!(r->states & IN(s)) || !r->owner)
				continue;
			ASSERT_TRUE(prepare_row(b, r));
			poke(b, P, s, 2, false);
			EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, attempt(b, self->saved, r, P, &changed))
				TH_LOG("%s: %s", r->what, rmp_state_name(s));
			EXPECT_FALSE(changed);
		}
	}
}

TEST_F(hostile, metadata_of_another_guest)
{
	struct box *b = &self->b;
	bool changed;
	uint8_t *c;

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].states != IN(RMP_METADATA))
			continue;
		ASSERT_TRUE(prepare_row(b, &rows[i]));
		ASSERT_EQ(0, hv_firmware(b, P));
		c = cmd_new(b);
		put64(c, GCTX(1));
		put64(c + 8, P);
		ASSERT_EQ(0, run(b, SNP_MD_INIT));
		EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, attempt(b, self->saved, &rows[i], P, &changed));
		EXPECT_FALSE(changed);
	}
}

/* Beyond memory, in a hole of it, not aligned, absurd. */
TEST_F(hostile, each_address_in_each_wrong_place)
{
	static const uint64_t places[] = {
		MEMORY, MEMORY + 0x1000, 1ull << 32, 1ull << 40, 1ull << 46, 1ull << 50,
		1ull << 52, 1ull << 63, UINT64_MAX & ~0xfffull, ASEG, ASEG + 0x1f000,
	};
	struct box *b = &self->b;
	uint32_t count = 0;
	bool changed;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		ASSERT_TRUE(prepare_row(b, r));
		for (size_t j = 0; j < sizeof(places) / sizeof(places[0]); j++) {
			EXPECT_EQ(SWPSP_INVALID_ADDRESS,
				  attempt(b, self->saved, r, places[j], &changed))
				TH_LOG("%s: %llx", r->what, (unsigned long long)places[j]);
			EXPECT_FALSE(changed);
			count++;
		}
	}
	EXPECT_EQ(ROWS * 11, count);
}

/* Whole pages that are not aligned are refused; a result may lie anywhere in a page. */
TEST_F(hostile, addresses_that_are_not_aligned)
{
	struct box *b = &self->b;
	bool changed;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		bool result = r->id == SNP_PLATFORM_STATUS || r->id == SNP_GUEST_STATUS ||
			      r->id == SNP_FEATURE_INFO || r->id == SNP_VERIFY_MITIGATION ||
			      r->id == SNP_HV_REPORT_REQ;
		uint64_t odd = r->words[r->at] + (result ? 0xff8 : r->at == 3 ? 8 : 0x800);
		uint16_t status;

		ASSERT_TRUE(prepare_row(b, r));
		status = attempt(b, self->saved, r, odd, &changed);
		EXPECT_EQ(r->id == SNP_RECLAIM ? SWPSP_INVALID_PARAM : SWPSP_INVALID_ADDRESS,
			  status) TH_LOG("%s", r->what);
		EXPECT_FALSE(changed);
	}
}

TEST_F(hostile, no_command_works_in_the_tmr)
{
	struct box *b = &self->b;
	uint8_t *c;

	for (size_t i = 0; i < ROWS; i++) {
		bool changed;

		ASSERT_TRUE(prepare_row(b, &rows[i]));
		for (uint64_t at = HUGE; at < HUGE + 0x200000; at += 0x1000)
			ASSERT_EQ(0, hv_firmware(b, at));
		c = cmd_new(b);
		c[0] = 1;
		put64(c + 8, HUGE);
		put32(c + 0x10, 0x200000);
		ASSERT_EQ(0, run(b, INIT));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS,
			  attempt(b, self->saved, &rows[i], HUGE + 0x5000, &changed))
			TH_LOG("%s", rows[i].what);
		EXPECT_FALSE(changed);
		ASSERT_EQ(0, run(b, SHUTDOWN));
	}
}

/* Pages of the ring are the firmware's for as long as it is on, also to commands of SNP. */
TEST_F(hostile, no_command_reaches_a_page_of_the_ring)
{
	struct swpsp_ring_io leave = { 0 };
	struct box *b = &self->b;
	bool changed;

	for (size_t i = 0; i < ROWS; i++) {
		uint8_t *c;

		ASSERT_TRUE(prepare_row(b, &rows[i]));
		ASSERT_EQ(0, hv_firmware(b, P));
		ASSERT_EQ(0, hv_firmware(b, P + 0x1000));
		c = cmd_new(b);
		put64(c, P);
		put64(c + 8, P + 0x1000);
		c[0x20] = 1;
		ASSERT_EQ(0, run(b, RING_BUFFER));
		for (int page = 0; page < 2; page++) {
			EXPECT_EQ(SWPSP_INVALID_ADDRESS,
				  attempt(b, self->saved, &rows[i], P + 0x1000 * page, &changed))
				TH_LOG("%s", rows[i].what);
			EXPECT_FALSE(changed);
		}
		EXPECT_EQ(SWPSP_RING_LEFT, swpsp_ring_next(b->psp, &leave));
	}
}

/* ---- contexts ---- */

#define ANY_GUEST	0xffff	/* the command is as good for another guest */

/*
 * Each field that names a guest. @states: status with another guest's context, which is
 * in LAUNCH and active. An agent in a wrong place is no guest, all others no address.
 */
static const struct row contexts[] = {
	{ "decommission", SNP_DECOMMISSION, { GCTX(0) }, 0, ANY_GUEST },
	{ "activate", SNP_ACTIVATE, { GCTX(2), 3 }, 0, SWPSP_ACTIVE, false, inactive },
	{ "status", SNP_GUEST_STATUS, { GCTX(0), RESULT }, 0, ANY_GUEST },
	{ "request", SNP_GUEST_REQUEST, { GCTX(0), REQUEST, RESULT }, 0,
	  SWPSP_INVALID_GUEST_STATE, false, talking },
	{ "activate_ex", SNP_ACTIVATE_EX, { 0x20, GCTX(2), 3 | 1ull << 32, BLOB }, 1,
	  SWPSP_ACTIVE, false, inactive },
	{ "report", SNP_HV_REPORT_REQ, { 0x18, GCTX(0), RESULT }, 1,
	  SWPSP_INVALID_GUEST_STATE, false, running },
	{ "start", SNP_LAUNCH_START, { GCTX(2), POLICY }, 0, SWPSP_INVALID_GUEST_STATE, false,
	  fresh },
	{ "agent", SNP_LAUNCH_START, { GCTX(2), POLICY | P_MIGRATE, GCTX(0), 1 }, 2,
	  SWPSP_INVALID_GUEST_STATE, true, fresh },
	{ "update", SNP_LAUNCH_UPDATE, { GCTX(0), T_NORMAL << 1, PAGE(0) }, 0,
	  SWPSP_INVALID_PAGE_OWNER },
	{ "finish", SNP_LAUNCH_FINISH, { GCTX(0) }, 0, ANY_GUEST },
	{ "decrypt", SNP_DBG_DECRYPT, { GCTX(0), PAGE(0), RESULT }, 0,
	  SWPSP_INVALID_PAGE_OWNER },
	{ "encrypt", SNP_DBG_ENCRYPT, { GCTX(0), BLOB, PAGE(0) }, 0, SWPSP_INVALID_PAGE_OWNER },
	{ "swap out", SNP_SWAP_OUT, { GCTX(0), PAGE(0), RESULT, METADATA }, 0,
	  SWPSP_INVALID_PAGE_OWNER },
	{ "swap in", SNP_SWAP_IN, { GCTX(0), RESULT, PAGE(0), METADATA }, 0,
	  SWPSP_INVALID_PAGE_OWNER, false, swapped },
	{ "move", SNP_PAGE_MOVE, { GCTX(0), 0, PAGE(0), PAGE(1) }, 0, SWPSP_INVALID_PAGE_OWNER },
	{ "metadata", SNP_MD_INIT, { GCTX(0), RESULT }, 0, ANY_GUEST },
};

TEST_F(hostile, each_context_that_is_none_or_another_guests)
{
	static const uint64_t places[] = {
		MEMORY, 1ull << 40, 1ull << 52, UINT64_MAX & ~0xfffull, ASEG, GCTX(0) + 8,
		GCTX(0) + 0x800,
	};
	struct box *b = &self->b;
	bool changed;

	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		const struct row *r = &contexts[i];
		bool agent = r->owner;

		ASSERT_TRUE(prepare_row(b, r));
		put_words(b, r);
		EXPECT_EQ(0, run(b, r->id)) TH_LOG("%s", r->what);
		for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
			if (s == RMP_CONTEXT)
				continue;
			ASSERT_TRUE(prepare_row(b, r));
			poke(b, P, s, 1, false);
			EXPECT_EQ(SWPSP_INVALID_GUEST, attempt(b, self->saved, r, P, &changed))
				TH_LOG("%s: %s", r->what, rmp_state_name(s));
			EXPECT_FALSE(changed) TH_LOG("%s: %s", r->what, rmp_state_name(s));
		}
		for (size_t j = 0; j < ARRAY_SIZE(places); j++) {
			EXPECT_EQ(agent ? SWPSP_INVALID_GUEST : SWPSP_INVALID_ADDRESS,
				  attempt(b, self->saved, r, places[j], &changed))
				TH_LOG("%s: %llx", r->what, (unsigned long long)places[j]);
			EXPECT_FALSE(changed);
		}
		if (r->states == ANY_GUEST)
			continue;
		EXPECT_EQ(r->states, attempt(b, self->saved, r, GCTX(1), &changed))
			TH_LOG("%s of another guest", r->what);
		EXPECT_FALSE(changed);
	}
}

/* ---- what the firmware only reads ---- */

/* It may be in a page of any state; the command's status says that it was read. */
static const struct row inputs[] = {
	{ "request", SNP_GUEST_REQUEST, { GCTX(0), REQUEST, RESULT }, 1, 0, false, talking },
	{ "threads", SNP_ACTIVATE_EX, { 0x20, GCTX(2), 3 | 1ull << 32, BLOB }, 3, 0, false,
	  inactive },
	{ "ID block", SNP_LAUNCH_FINISH, { GCTX(0), BLOB, BLOB2, 1 }, 1, SWPSP_INVALID_PARAM },
	{ "ID authentication", SNP_LAUNCH_FINISH, { GCTX(0), BLOB, BLOB2, 1 }, 2,
	  SWPSP_INVALID_PARAM },
	{ "encrypt from", SNP_DBG_ENCRYPT, { GCTX(0), BLOB, PAGE(0) }, 1, 0 },
	{ "swap in from", SNP_SWAP_IN, { GCTX(0), RESULT, PAGE(0), METADATA }, 1, 0, false,
	  swapped },
	{ "ranges", SNP_SET_STATE, { 0x10, BLOB }, 1, 0, false, listed },
	{ "VLEK", SNP_VLEK_LOAD, { 0x10, BLOB }, 1, SWPSP_INVALID_PARAM },
};

TEST_F(hostile, each_input_in_each_state_and_wrong_place)
{
	static const uint64_t places[] = {
		MEMORY, LAST + 0xfff, 1ull << 40, 1ull << 52, UINT64_MAX & ~0xfffull, ASEG,
	};
	struct box *b = &self->b;
	bool changed;

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		const struct row *r = &inputs[i];

		for (int s = RMP_HYPERVISOR; s < RMP_STATES; s++) {
			uint64_t addr = s == RMP_CONTEXT ? GCTX(1) : P;

			ASSERT_TRUE(prepare_row(b, r));
			if (s != RMP_CONTEXT)
				poke(b, addr, s, 1, false);
			memcpy(at(b, addr), at(b, r->words[r->at]), 0x1000);
			EXPECT_EQ(r->states, attempt(b, self->saved, r, addr, &changed))
				TH_LOG("%s: %s", r->what, rmp_state_name(s));
			EXPECT_EQ(0, memcmp(at(b, addr), self->saved + addr, 0x1000));
		}
		ASSERT_TRUE(prepare_row(b, r));
		for (size_t j = 0; j < ARRAY_SIZE(places); j++) {
			EXPECT_EQ(SWPSP_INVALID_ADDRESS,
				  attempt(b, self->saved, r, places[j], &changed))
				TH_LOG("%s: %llx", r->what, (unsigned long long)places[j]);
			EXPECT_FALSE(changed);
		}
	}
}

/* ---- regions of 2 MiB ---- */

static const struct row regions[] = {
	{ "unsmash", SNP_UNSMASH, { HUGE }, 0, LEAVING, true, smashed },
	{ "set state", SNP_SET_STATE, { 0x10, BLOB }, 1, OUTPUT, false, listed },
};

/* One page of the region is in another state, by itself or with all others. */
TEST_F(hostile, each_page_of_a_region_in_each_state)
{
	static const uint64_t odd[] = { 0, 1, 300, 511 };
	struct box *b = &self->b;
	bool changed;

	for (size_t i = 0; i < 2 * RMP_STATES; i++) {
		const struct row *r = &regions[i / RMP_STATES];
		enum rmp_state good = r->owner ? RMP_PRE_GUEST : RMP_FIRMWARE;
		enum rmp_state s = i % RMP_STATES;

		if (s == RMP_DEFAULT || s == good)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(odd); j++) {
			uint64_t page = HUGE + 0x1000 * odd[j];

			ASSERT_TRUE(prepare_row(b, r));
			poke(b, page, s == RMP_CONTEXT ? RMP_FIRMWARE : s, 1, false);
			if (s == RMP_CONTEXT)
				ASSERT_EQ(0, by_gctx(b, SNP_GCTX_CREATE, page));
			EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
				  attempt(b, self->saved, r, r->words[r->at], &changed))
				TH_LOG("%s: %s %d", r->what, rmp_state_name(s), (int)odd[j]);
			EXPECT_FALSE(changed);
		}
		if (s == RMP_CONTEXT)
			continue;
		ASSERT_TRUE(prepare_row(b, r));
		poke_region(b, s);
		EXPECT_EQ(r->states & IN(s) ? 0 : SWPSP_INVALID_PAGE_STATE,
			  attempt(b, self->saved, r, r->words[r->at], &changed))
			TH_LOG("%s: all %s", r->what, rmp_state_name(s));
		EXPECT_EQ(!!(r->states & IN(s)), changed);
	}
}

TEST_F(hostile, small_pages_of_a_region_that_do_not_belong_together)
{
	struct box *b = &self->b;
	const struct row *r = &regions[0];
	struct rmp rmp = table(b);
	bool changed;

	for (int what = 0; what < 6; what++) {
		struct rmp_page page;
		uint16_t want = SWPSP_INVALID_PAGE_STATE;
		uint64_t addr = HUGE;

		ASSERT_TRUE(prepare_row(b, r));
		page = entry_of(b, HUGE + 0x12d000);
		if (what == 0)
			page.gpa += 0x1000;
		else if (what == 1)
			page.vmsa = true;
		else if (what == 2)
			page.perms[2] = 1;
		else if (what == 3)
			page.asid = 2;
		rmp_store(&rmp, HUGE + 0x12d000, &page);
		if (what == 3)
			want = SWPSP_INVALID_PAGE_OWNER;
		if (what == 4)
			poke(b, HUGE, RMP_PRE_GUEST, 1, true);
		if (what == 4)
			want = SWPSP_INVALID_PAGE_SIZE;
		if (what == 5)
			addr = HUGE + 0x1000;
		if (what == 5)
			want = SWPSP_INVALID_ADDRESS;
		EXPECT_EQ(want, attempt(b, self->saved, r, addr, &changed)) TH_LOG("%d", what);
		EXPECT_FALSE(changed);
	}
}

/* Each command's buffer may end where memory ends, and not one byte later. */
TEST_F(hostile, command_buffers_at_the_end_of_memory)
{
	static const struct {
		uint32_t id, size;
	} sizes[] = {
		{ SNP_PLATFORM_STATUS, 8 }, { SNP_INIT_EX, 0x40 }, { SNP_SHUTDOWN_EX, 8 },
		{ SNP_DECOMMISSION, 8 }, { SNP_ACTIVATE, 0xc }, { SNP_GUEST_STATUS, 0x10 },
		{ SNP_GCTX_CREATE, 8 }, { SNP_GUEST_REQUEST, 0x18 }, { SNP_ACTIVATE_EX, 0x20 },
		{ SNP_HV_REPORT_REQ, 0x18 }, { SNP_LAUNCH_START, 0x30 },
		{ SNP_LAUNCH_UPDATE, 0x20 }, { SNP_LAUNCH_FINISH, 0x40 },
		{ SNP_DBG_DECRYPT, 0x18 }, { SNP_DBG_ENCRYPT, 0x18 },
		{ SNP_VERIFY_MITIGATION, 0x40 }, { SNP_SWAP_OUT, 0x30 }, { SNP_SWAP_IN, 0x30 },
		{ SNP_PAGE_MOVE, 0x20 }, { SNP_MD_INIT, 0x10 }, { SNP_SET_STATE, 0x10 },
		{ SNP_RECLAIM, 8 }, { SNP_UNSMASH, 8 }, { SNP_CONFIG, 0x40 },
		{ SNP_DOWNLOAD_EX, 0x18 }, { SNP_COMMIT, 4 }, { SNP_VLEK_LOAD, 0x10 },
		{ SNP_FEATURE_INFO, 0x10 },
	};
	struct box *b = &self->b;

	/* all ones: no argument of any command is valid */
	memset(at(b, LAST), 0xff, 0x1000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t end = MEMORY - sizes[i].size;
		uint16_t good = swpsp_command(b->psp, sizes[i].id, end);

		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, sizes[i].id, end + 1))
			TH_LOG("%s", swpsp_command_name(sizes[i].id));
		EXPECT_NE(0, good) TH_LOG("%s", swpsp_command_name(sizes[i].id));
	}
}

/* ---- anything, by chance ---- */

static uint64_t seed = 88172645463325252ull;

static void __attribute__((constructor)) seed_begin(void)
{
	seed ^= test_seed(0);
}

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

/* The guest that nobody may look into: two pages, and its context. */
#define SECRET(n)	((n) < 2 ? PAGE(100 + (n)) : GCTX(8))

static uint64_t any_address(void)
{
	switch (rnd(12)) {
	case 0:
		return seed;
	case 1:
		return OUTSIDE;
	case 2:
		return HUGE;
	case 3:
	case 4:
	case 5:
		return GCTX(rnd(4));
	case 6:
		return rnd(2) ? RESULT : SECRET(rnd(3));
	case 7:
		return METADATA + 0x40 * rnd(3);
	default:
		return PAGE(rnd(16)) + (rnd(40) ? 0 : rnd(0x1000));
	}
}

/* Return: the command, if it succeeded. */
static uint32_t any_command(struct box *b)
{
	uint8_t *c = cmd_new(b);
	uint32_t id = rnd(10) ? 0x81 + rnd(0x4e) : SNP_DBG_DECRYPT;
	uint16_t status;

	for (int i = 0; i < 0x40; i += 8) {
		if (rnd(4))
			put64(c + i, any_address());
		else
			put64(c + i, rnd(3) ? rnd(64) : seed);
	}
	/* the words that most often stand in the way */
	if (rnd(4) && id >= SNP_DECOMMISSION && id <= SNP_MD_INIT)
		put64(c + (id == SNP_ACTIVATE_EX ? 8 : 0), GCTX(rnd(2)));
	if (id == SNP_LAUNCH_START) {
		put64(c + 8, POLICY | (rnd(2) ? P_DEBUG : 0) | P_MIGRATE);
		put32(c + 0x18, rnd(4) ? 0 : rnd(4));
	} else if (id == SNP_LAUNCH_UPDATE) {
		put64(c + 8, (1 + rnd(6)) << 1 | !rnd(16));
		put64(c + 0x18, 0);
	} else if (id == SNP_ACTIVATE) {
		put32(c + 8, 1 + rnd(5));
	} else if (id == SNP_PAGE_MOVE) {
		put64(c + 8, !rnd(16));
		put64(c + 0x10, PAGE(rnd(4)));
		put64(c + 0x18, PAGE(rnd(4)));
	} else if (id == SNP_MD_INIT) {
		put64(c + 8, METADATA);
	} else if (id == SNP_FEATURE_INFO) {
		put64(c, 0x10);
	} else if (id == SNP_SWAP_OUT || id == SNP_SWAP_IN) {
		put64(c + (id == SNP_SWAP_OUT ? 8 : 0x10), PAGE(rnd(4)));
		put64(c + (id == SNP_SWAP_OUT ? 0x10 : 8), RESULT);
		put64(c + 0x18, METADATA);
		put64(c + 0x20, 0);
		put64(c + 0x28, rnd(4) ? 0 : rnd(32));
	} else if (id == SNP_LAUNCH_FINISH) {
		put64(c + 0x18, 0);
	} else if (id == SNP_DBG_DECRYPT) {
		put64(c + 8, rnd(2) ? SECRET(rnd(2)) : PAGE(rnd(4)));
		put64(c + 0x10, RESULT);
	}
	/* not each time: it would end all guests */
	if ((id == SNP_SHUTDOWN || id == SNP_SHUTDOWN_EX) && rnd(20))
		return 0;
	status = run(b, id);
	if (id == SNP_SHUTDOWN || id == SNP_SHUTDOWN_EX)
		snp_init_flags(b, rnd(2), 0);
	return status ? 0 : id;
}

static void any_instruction(struct box *b)
{
	uint64_t addr = any_address() & ~0xfffull;
	struct rmp rmp = table(b);
	bool same;
	const struct rmp_access a = { .asid = 1 + rnd(5), .gpa = GPA(rnd(4)) };

	switch (rnd(8)) {
	case 0:
		rmp_smash(&rmp, addr & ~0x1fffffull);
		return;
	case 1:
		if (addr < MEMORY)
			rmp_validate(&rmp, addr, &a, false, rnd(2), &same);
		return;
	case 2:
	case 3:
		hv_firmware(b, addr);
		return;
	case 4:
		hv_take(b, addr);
		return;
	case 5:
		hv_update(b, addr, addr == HUGE ? GPA(0) : GPA(rnd(4)), 1 + rnd(5), true,
			  addr == HUGE, rnd(2));
		return;
	default:
		hv_pre_guest(b, addr, GPA(rnd(4)), 1 + rnd(5));
	}
}

/* Which pages are records of the firmware, a byte for each. */
static void records(struct box *b, uint8_t is[RMP_PAGES])
{
	for (uint64_t i = 0; i < RMP_PAGES; i++) {
		enum rmp_state state = state_of(b, 0x1000 * i);

		is[i] = state == RMP_CONTEXT || state == RMP_METADATA ? state : 0;
	}
}

/* No instruction makes a page a record of the firmware, or takes one from it. */
static bool forges(struct box *b)
{
	static uint8_t before[RMP_PAGES], after[RMP_PAGES];

	records(b, before);
	any_instruction(b);
	records(b, after);
	return memcmp(before, after, sizeof(before));
}

/* A guest that nobody may look into: its pages, and the keys of its messages. */
struct secret {
	uint8_t page[64];
	uint8_t key[32];
};

static bool secret_guest(struct box *b, struct secret *s)
{
	uint8_t plain[0x1000];

	for (int i = 0; i < 64; i++)
		s->page[i] = (uint8_t)(0x9d + 37 * i);
	memcpy(at(b, SECRET(0) + 0x300), s->page, sizeof(s->page));
	if (!snp_guest_to(b, SECRET(2), POLICY, 5, G_LAUNCH) ||
	    snp_launch_page(b, SECRET(2), 5, SECRET(0), GPA(0), T_NORMAL) ||
	    snp_launch_page(b, SECRET(2), 5, SECRET(1), GPA(1), T_SECRETS) ||
	    snp_finish(b, SECRET(2)) ||
	    swpsp_guest_read(b->psp, 5, SECRET(1), plain, sizeof(plain)))
		return false;
	memcpy(s->key, plain + 0x20, sizeof(s->key));
	return true;
}

static bool shows(struct box *b, const struct secret *s)
{
	return memmem(b->mem, MEMORY, s->page, sizeof(s->page)) ||
	       memmem(b->mem, MEMORY, s->key, sizeof(s->key));
}

/*
 * Between any two accesses of a command: an instruction, or another content of the command
 * or of a page that the firmware reads, as far as the table lets the host write there. What
 * the firmware has checked it must not read again.
 */
static void disturb(void *arg)
{
	struct disturbance *d = arg;
	uint64_t page;

	if (!d->on || rnd(2))
		return;
	page = rnd(2) ? BLOB : PAGE(rnd(16));
	d->times++;
	if (!rnd(6))
		put64(at(d->b, CMD + 8 * (rnd(2) ? 0 : rnd(8))),
		      rnd(3) ? SECRET(rnd(3)) : any_address());
	else if (!rnd(6) && state_of(d->b, page) == RMP_HYPERVISOR)
		memset(at(d->b, page), (int)rnd(256), 0x100);
	else if (!rnd(8))
		d->forged += forges(d->b);
	else
		any_instruction(d->b);
}

TEST_F(hostile, nothing_that_happens_meanwhile_shows_a_secret)
{
	bool succeeded[256] = { false };
	struct box *b = &self->b;
	uint32_t kinds = 0;
	struct secret s;

	for (int i = 0; i < 20000; i++) {
		if (i % 200 == 0) {
			if (i)
				ASSERT_FALSE(shows(b, &s)) TH_LOG("%d", i);
			ASSERT_TRUE(prepare(b) && secret_guest(b, &s));
		}
		if (rnd(3))
			any_instruction(b);
		if (!hv_take(b, RESULT))
			hv_firmware(b, RESULT);
		self->d.on = true;
		succeeded[any_command(b)] = true;
		self->d.on = false;
		ASSERT_EQ(NULL, memmem(at(b, RESULT), 0x1000, s.page, sizeof(s.page)));
		if (!rnd(50))
			snp_flush(b);
	}
	EXPECT_FALSE(shows(b, &s));
	EXPECT_EQ(0, self->d.forged);
	EXPECT_LT(5000, self->d.times);
	for (int id = 1; id < 256; id++)
		kinds += succeeded[id];
	EXPECT_LT(11, kinds) TH_LOG("commands that succeeded at least once");
}

TEST_F(hostile, no_sequence_shows_a_secret)
{
	bool succeeded[256] = { false };
	struct box *b = &self->b;
	uint32_t kinds = 0, forged = 0;
	struct secret s;

	for (int i = 0; i < 40000; i++) {
		if (i % 400 == 0) {
			if (i)
				ASSERT_FALSE(shows(b, &s));
			ASSERT_TRUE(prepare(b) && secret_guest(b, &s));
			ASSERT_FALSE(shows(b, &s));
		}
		if (!rnd(12))
			forged += forges(b);
		else if (rnd(3))
			any_instruction(b);
		else
			succeeded[any_command(b)] = true;
		if (!rnd(50))
			snp_flush(b);
	}
	EXPECT_FALSE(shows(b, &s));
	EXPECT_EQ(0, forged);
	for (int id = 1; id < 256; id++)
		kinds += succeeded[id];
	EXPECT_LT(11, kinds) TH_LOG("commands that succeeded at least once");
}

TEST_HARNESS_MAIN
