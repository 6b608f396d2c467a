// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between a guest and the firmware: that each is answered, that a host which
 * changes, repeats, delays or redirects one is refused with the documented status, and
 * that nothing is lost by it: the next good message is answered. Agents that move
 * guests, too. Reports are looked at in test_swpsp_snp_report.c.
 */
#include "selftests/box/patience.h"
#include "message_test.h"

#define OLD	0x16	/* status inside of an answer: invalid parameter */
#define NO_KEY	0x27

FIXTURE(message) {
	struct box b;
	struct talker t;
	uint8_t answer[0x1000];
};

FIXTURE_SETUP(message)
{
	snp_box_config(&self->b);
	self->b.config.api_minor = 58;		/* the one that has all messages */
	ASSERT_TRUE(box_start(&self->b));
	ASSERT_EQ(0, snp_init_flags(&self->b, 1, 0));
	ASSERT_EQ(0, snp_flush(&self->b));
	ASSERT_TRUE(talker_new(&self->b, &self->t, 0, POLICY));
}

FIXTURE_TEARDOWN(message)
{
	snp_box_free(&self->b);
}

/* One good request of each kind, as a guest without agent can send it. */
static const struct kind {
	const char *what;
	int type, version;
	uint16_t size, answer;
	uint32_t status;
} kinds[] = {
	{ "cpuid", M_CPUID, 1, 0x10, 0x10, 0 },
	{ "cpuid, 64 functions", M_CPUID, 1, 0xc10, 0xc10, 0 },
	{ "key", M_KEY, 1, 0x20, 0x40, 0 },
	{ "key, second version", M_KEY, 2, 0x28, 0x40, 0 },
	{ "report", M_REPORT, 1, 0x60, 0x4c0, 0 },
	{ "export", M_EXPORT, 1, 0x10, 0x320, OLD },
	{ "import", M_IMPORT, 1, 0x320, 0x10, OLD },
	{ "absorb", M_ABSORB, 1, 0x320, 0x10, OLD },
	{ "vmrk", M_VMRK, 1, 0x40, 0x10, OLD },
	{ "tsc", M_TSC_INFO, 1, 0x80, 0x80, 0 },
};

static const uint8_t zeros[PAYLOAD_MAX];

static bool alive(struct box *b, struct talker *t, uint8_t *answer)
{
	return ask_report(b, t, 0, 0, answer) == 0;
}

TEST_F(message, each_kind_is_answered_under_each_key)
{
	struct box *b = &self->b;
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		for (int vmpck = 0; vmpck < 4; vmpck++) {
			int size = talk(b, &self->t, vmpck, k->type, k->version, zeros, k->size,
					self->answer);
			/* Level 0 is above what the other keys speak for. */
			bool low = vmpck && (k->type == M_KEY || k->type == M_REPORT);

			EXPECT_EQ(k->answer, size) TH_LOG("%s", k->what);
			EXPECT_EQ(low ? OLD : k->status, get32(self->answer))
				TH_LOG("%s %d", k->what, vmpck);
			count++;
		}
		EXPECT_EQ(RMP_FIRMWARE, state_of(b, RESPONSE));
	}
	EXPECT_EQ(40, count);
	EXPECT_EQ(2 * ARRAY_SIZE(kinds), self->t.last[3]);
}

/* The right status of a message whose byte @at was changed after it was sealed. */
static uint16_t status_of_change(const uint8_t *page, uint32_t at)
{
	uint32_t size = page[0x36] | page[0x37] << 8;

	if (at < 0x10 || at == 0x34 || at == 0x35 || at >= HEADER)
		return SWPSP_BAD_MEASUREMENT;
	if (at == 0x36 || at == 0x37)
		return size && size <= PAYLOAD_MAX ? SWPSP_BAD_MEASUREMENT : SWPSP_INVALID_PARAM;
	/* Another of the guest's keys, all of which have sent nothing, or none of them. */
	if (at == 0x3c)
		return page[at] < 4 ? SWPSP_BAD_MEASUREMENT : SWPSP_INVALID_PARAM;
	return SWPSP_INVALID_PARAM;
}

TEST_F(message, each_byte_of_each_kind_changed)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	struct box *b = &self->b;
	uint8_t *page = at(b, REQUEST), before[0x1000];
	uint32_t count = 0;

	memset(at(b, RESPONSE), 0x5a, 0x1000);
	memcpy(before, at(b, RESPONSE), sizeof(before));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		message_seal(b, &self->t, 0, 1, k->type, k->version, zeros, k->size);
		for (uint32_t at = 0; at < HEADER + k->size; at++) {
			uint8_t change = changes[at % ARRAY_SIZE(changes)];

			page[at] ^= change;
			EXPECT_EQ(status_of_change(page, at), message_send(b, self->t.gctx))
				TH_LOG("%s, byte %03x", k->what, at);
			page[at] ^= change;
			count++;
		}
	}
	EXPECT_EQ(0, memcmp(before, at(b, RESPONSE), sizeof(before)));
	EXPECT_LT(5900, count);
	/* Number 1 has not been used up. */
	EXPECT_TRUE(alive(b, &self->t, self->answer));
}

TEST_F(message, numbers_come_one_after_the_other)
{
	static const uint64_t wrong[] = { 0, 1, 2, 4, 5, 1ull << 32, UINT64_MAX };
	struct box *b = &self->b;
	uint8_t request[0x60], replay[0x1000];

	report_request(request, 0, 0);
	ASSERT_TRUE(alive(b, &self->t, self->answer));
	memcpy(replay, at(b, REQUEST), sizeof(replay));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		message_seal(b, &self->t, 0, wrong[i], M_REPORT, 1, request, sizeof(request));
		EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx))
			TH_LOG("%llu", (unsigned long long)wrong[i]);
	}
	memcpy(at(b, REQUEST), replay, sizeof(replay));
	EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx));
	EXPECT_TRUE(alive(b, &self->t, self->answer));
	/* Each key counts for itself. */
	message_seal(b, &self->t, 2, 3, M_TSC_INFO, 1, zeros, 0x80);
	EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx));
	EXPECT_EQ(0x80, talk(b, &self->t, 2, M_TSC_INFO, 1, zeros, 0x80, self->answer));
	EXPECT_EQ(2, self->t.last[2]);
	EXPECT_EQ(4, self->t.last[0]);
}

/* A good message of each kind: again, early, and late, each under each key. */
TEST_F(message, each_kind_is_taken_once_and_in_its_turn)
{
	static const int64_t wrong[] = { -2, -1, 1, 2, 3, 1ll << 32 };
	struct box *b = &self->b;
	uint8_t request[0x1000], before[0x1000];
	uint32_t count = 0;

	for (size_t i = 0; i < 4 * ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i / 4];
		int vmpck = i % 4;
		uint64_t next;

		ASSERT_EQ(k->answer, talk(b, &self->t, vmpck, k->type, k->version, zeros, k->size,
					  self->answer)) TH_LOG("%s", k->what);
		memcpy(request, at(b, REQUEST), sizeof(request));
		memcpy(before, at(b, RESPONSE), sizeof(before));
		next = self->t.last[vmpck] + 1;
		EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx))
			TH_LOG("%s again", k->what);
		for (size_t j = 0; j < ARRAY_SIZE(wrong); j++) {
			message_seal(b, &self->t, vmpck, next + (uint64_t)wrong[j], k->type,
				     k->version, zeros, k->size);
			EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx))
				TH_LOG("%s, number %lld", k->what, (long long)wrong[j]);
			count++;
		}
		/* the number of another key's next message, sealed by this key or by that one */
		message_seal(b, &self->t, vmpck, next, k->type, k->version, zeros, k->size);
		at(b, REQUEST)[0x3c] = (vmpck + 1) % 4;
		put64(at(b, REQUEST) + 0x20, self->t.last[(vmpck + 1) % 4] + 1);
		EXPECT_EQ(SWPSP_BAD_MEASUREMENT, message_send(b, self->t.gctx))
			TH_LOG("%s, other key", k->what);
		EXPECT_EQ(0, memcmp(before, at(b, RESPONSE), sizeof(before)));
	}
	EXPECT_EQ(4 * ARRAY_SIZE(kinds) * ARRAY_SIZE(wrong), count);
	EXPECT_TRUE(alive(b, &self->t, self->answer));
}

TEST_F(message, an_answer_is_no_request_and_reaches_its_guest_only)
{
	struct box *b = &self->b;
	struct talker other;

	ASSERT_TRUE(talker_new(b, &other, 1, POLICY));
	/* as if sent by the other one */
	message_seal(b, &self->t, 0, 1, M_TSC_INFO, 1, zeros, 0x80);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, message_send(b, other.gctx));
	ASSERT_EQ(0, message_send(b, self->t.gctx));
	EXPECT_EQ(-1, message_open(b, &other, self->answer));
	EXPECT_EQ(0x80, message_open(b, &self->t, self->answer));
	/* The answer, sent back as the next request: number 2 is not 3, and the tag covers it. */
	memcpy(at(b, REQUEST), at(b, RESPONSE), 0x1000);
	EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx));
	put64(at(b, REQUEST) + 0x20, 3);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, message_send(b, self->t.gctx));
	self->t.last[0] = 2;
	EXPECT_TRUE(alive(b, &self->t, self->answer));
}

TEST_F(message, unknown_types_versions_and_sizes)
{
	struct box *b = &self->b;
	uint32_t refused = 0;

	for (int type = 0; type < 256; type++) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			known = known || kinds[i].type == type;
		if (known)
			continue;
		message_seal(b, &self->t, 0, 1, type, 1, zeros, 0x20);
		EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx)) TH_LOG("%d", type);
		refused++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		for (int change = -1; change <= 1; change++) {
			size_t size = k->size + 4 * (size_t)change;
			int version = change ? k->version : 0;

			message_seal(b, &self->t, 0, 1, k->type, version, zeros, size);
			EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx))
				TH_LOG("%s, version %d, %zu bytes", k->what, version, size);
			refused++;
		}
		message_seal(b, &self->t, 0, 1, k->type, 3, zeros, k->size);
		EXPECT_EQ(SWPSP_INVALID_PARAM, message_send(b, self->t.gctx));
	}
	EXPECT_LT(250, refused);
	EXPECT_TRUE(alive(b, &self->t, self->answer));
}

TEST_F(message, later_messages_are_unknown_to_earlier_firmware)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.api_minor = 55;
	memset(b->config.rmp, 0, RMP_BYTES);
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(talker_new(b, &self->t, 0, POLICY));
	EXPECT_EQ(-1 - SWPSP_INVALID_PARAM,
		  talk(b, &self->t, 0, M_KEY, 2, zeros, 0x28, self->answer));
	EXPECT_EQ(0x40, talk(b, &self->t, 0, M_KEY, 1, zeros, 0x20, self->answer));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, by_gctx(b, SNP_HV_REPORT_REQ, self->t.gctx));
}

TEST_F(message, pages_that_cannot_carry_one)
{
	struct box *b = &self->b;
	static const uint64_t places[] = { OUTSIDE, ASEG, REQUEST + 0x800, 1ull << 52 };
	uint8_t *c;

	message_seal(b, &self->t, 0, 1, M_TSC_INFO, 1, zeros, 0x80);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		for (int field = 8; field <= 0x10; field += 8) {
			c = cmd_new(b);
			put64(c, self->t.gctx);
			put64(c + 8, REQUEST);
			put64(c + 0x10, RESPONSE);
			put64(c + field, places[i]);
			EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_GUEST_REQUEST));
		}
	}
	ASSERT_EQ(0, snp_reclaim(b, RESPONSE, false));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, message_send(b, self->t.gctx));
	ASSERT_EQ(0, hv_take(b, RESPONSE));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, message_send(b, self->t.gctx));
	ASSERT_EQ(0, hv_pre_guest(b, RESPONSE, GPA(9), 1));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, message_send(b, self->t.gctx));
	ASSERT_EQ(0, snp_reclaim(b, RESPONSE, false));
	ASSERT_EQ(0, hv_take(b, RESPONSE));
	ASSERT_EQ(0, hv_firmware(b, RESPONSE));
	/* The request may come in a page of any kind, and with the C-bit. */
	ASSERT_EQ(0, hv_firmware(b, REQUEST));
	c = cmd_new(b);
	put64(c, self->t.gctx | C_BIT);
	put64(c + 8, REQUEST | C_BIT);
	put64(c + 0x10, RESPONSE | C_BIT);
	EXPECT_EQ(0, run(b, SNP_GUEST_REQUEST));
}

/* Metadata and Context need more than an entry; they are immutable as Firmware is. */
TEST_F(message, an_answer_is_written_to_a_page_of_the_firmware_only)
{
	static const struct {
		struct rmp_page page;
		uint16_t status;
	} rows[] = {
		{ { .assigned = false }, SWPSP_INVALID_PAGE_STATE },
		{ { .hv_fixed = true }, SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true }, SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true, .immutable = true, .gpa = GCTX(0) },
		  SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true, .immutable = true, .asid = 1 }, SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true, .asid = 1, .validated = true }, SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true, .asid = 1 }, SWPSP_INVALID_PAGE_STATE },
		{ { .assigned = true, .immutable = true, .large = true },
		  SWPSP_INVALID_PAGE_SIZE },
		{ { .assigned = true, .immutable = true }, 0 },
	};
	struct box *b = &self->b;
	struct rmp rmp = table(b);
	uint8_t *c;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		message_seal(b, &self->t, 0, 1, M_TSC_INFO, 1, zeros, 0x80);
		rmp_store(&rmp, HUGE, &rows[i].page);
		memset(at(b, HUGE), 0x5a, 0x1000);
		c = cmd_new(b);
		put64(c, self->t.gctx);
		put64(c + 8, REQUEST);
		put64(c + 0x10, HUGE);
		EXPECT_EQ(rows[i].status, run(b, SNP_GUEST_REQUEST)) TH_LOG("%zu", i);
		EXPECT_EQ(!rows[i].status, at(b, HUGE)[0x20] != 0x5a) TH_LOG("%zu", i);
		/* Behind the answer nothing is written. */
		EXPECT_EQ(0x5a, at(b, HUGE)[HEADER + 0x80]);
	}
}

TEST_F(message, only_a_running_guest_is_heard)
{
	struct box *b = &self->b;
	struct talker other;

	ASSERT_TRUE(snp_context(b, GCTX(5)));
	message_seal(b, &self->t, 0, 1, M_TSC_INFO, 1, zeros, 0x80);
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, message_send(b, GCTX(5)));
	ASSERT_TRUE(talker_launch(b, &other, 1, POLICY));
	message_seal(b, &other, 0, 1, M_TSC_INFO, 1, zeros, 0x80);
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, message_send(b, other.gctx));
	EXPECT_EQ(SWPSP_INVALID_GUEST, message_send(b, GCTX(9)));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, message_send(b, OUTSIDE));
}

/* ---- CPUID ---- */

TEST_F(message, cpuid_is_corrected)
{
	struct box *b = &self->b;
	uint8_t request[0x70] = { 0 };

	put32(request, 2);
	put32(request + 0x10, 1);
	put32(request + 0x10 + 0x20, 0x12345678 & ~(1u << 24));
	put32(request + 0x40, 0x40000000);
	put32(request + 0x40 + 0x18, 0xabcdef01);
	ASSERT_EQ(0x70, talk(b, &self->t, 1, M_CPUID, 1, request, 0x70, self->answer));
	EXPECT_EQ(0, get32(self->answer));
	EXPECT_EQ(2, get32(self->answer + 4));
	EXPECT_EQ(0, memcmp(request + 0x10, self->answer + 0x10, 0x60));
	/* the TSC's deadline timer */
	request[0x10 + 0x23] |= 1;
	ASSERT_EQ(0x70, talk(b, &self->t, 1, M_CPUID, 1, request, 0x70, self->answer));
	EXPECT_EQ(OLD, get32(self->answer));
	EXPECT_EQ(2, get32(self->answer + 4));
	EXPECT_EQ(0x12345678 & ~(1u << 24), get32(self->answer + 0x10 + 0x20));
	/* more functions than there is room for, or than there may be */
	put32(request, 3);
	ASSERT_EQ(0x70, talk(b, &self->t, 1, M_CPUID, 1, request, 0x70, self->answer));
	EXPECT_EQ(OLD, get32(self->answer));
	EXPECT_EQ(0, get32(self->answer + 4));
	EXPECT_EQ(0, memcmp(zeros, self->answer + 8, 0x68));
}

/* ---- keys ---- */

struct key_ask {
	uint32_t select;
	uint64_t fields;
	uint32_t vmpl;
	uint32_t svn;
	uint64_t tcb;
	uint64_t mitigations;
};

/* Return: status in the answer, or -1. */
static int key_get(struct box *b, struct talker *t, const struct key_ask *k, int version,
		   uint8_t key[32])
{
	uint8_t request[0x28] = { 0 }, answer[0x1000];

	put32(request, k->select);
	put64(request + 8, k->fields);
	put32(request + 0x10, k->vmpl);
	put32(request + 0x14, k->svn);
	put64(request + 0x18, k->tcb);
	put64(request + 0x20, k->mitigations);
	if (talk(b, t, 0, M_KEY, version, request, version == 1 ? 0x20 : 0x28, answer) != 0x40 ||
	    memcmp(answer + 4, zeros, 0x1c))
		return -1;
	memcpy(key, answer + 0x20, 32);
	return (int)get32(answer);
}

TEST_F(message, keys_differ_by_what_is_selected_and_by_nothing_else)
{
	static const struct key_ask asks[] = {
		{ 0 }, { .fields = 1 }, { .fields = 2 }, { .fields = 4 }, { .fields = 8 },
		{ .fields = 0x10 }, { .fields = 0x20 }, { .fields = 0x3f }, { .vmpl = 1 },
		{ .vmpl = 3 }, { .fields = 0x20, .tcb = 1 }, { .fields = 0x20, .tcb = 2 },
	};
	uint8_t keys[ARRAY_SIZE(asks)][32], again[32];
	struct box *b = &self->b;
	struct talker other;

	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		ASSERT_EQ(0, key_get(b, &self->t, &asks[i], 1, keys[i]));
		ASSERT_EQ(0, key_get(b, &self->t, &asks[i], 1, again));
		EXPECT_EQ(0, memcmp(keys[i], again, 32));
		EXPECT_NE(0, memcmp(keys[i], zeros, 32));
		for (size_t j = 0; j < i; j++) {
			EXPECT_NE(0, memcmp(keys[i], keys[j], 32))
				TH_LOG("%zu %zu", i, j);
		}
	}
	/* A TCB that does not count, and a version that only adds a field. */
	EXPECT_EQ(0, key_get(b, &self->t, &(struct key_ask){ .tcb = 1 }, 1, again));
	EXPECT_EQ(0, memcmp(keys[0], again, 32));
	EXPECT_EQ(0, key_get(b, &self->t, &asks[0], 2, again));
	EXPECT_EQ(0, memcmp(keys[0], again, 32));
	/* Nor does what the platform reports, or another launch of the same guest. */
	ASSERT_EQ(0, snp_config(b, 1, 0));
	ASSERT_TRUE(talker_new(b, &other, 1, POLICY));
	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		ASSERT_EQ(0, key_get(b, &other, &asks[i], 1, again));
		/* Measured, it is another guest: its page has another address. */
		EXPECT_EQ(!(asks[i].fields & 8), !memcmp(keys[i], again, 32)) TH_LOG("%zu", i);
	}
}

TEST_F(message, keys_of_two_chips_differ)
{
	static const struct key_ask ask;
	struct talker other;
	struct box second;
	uint8_t a[32], c[32];

	ASSERT_TRUE(snp_box_new(&second));
	ASSERT_TRUE(talker_new(&second, &other, 0, POLICY));
	ASSERT_EQ(0, key_get(&self->b, &self->t, &ask, 1, a));
	ASSERT_EQ(0, key_get(&second, &other, &ask, 1, c));
	EXPECT_NE(0, memcmp(a, c, 32));
	snp_box_free(&second);
}

TEST_F(message, keys_that_are_refused)
{
	static const struct {
		struct key_ask ask;
		int version, status;
	} rows[] = {
		{ { .select = 1 }, 1, NO_KEY },			/* no migration agent's */
		{ { .select = 2 << 1 }, 1, NO_KEY },		/* no VLEK */
		{ { .select = 1 << 1 }, 1, 0 },
		{ { .select = 3 << 1 }, 1, OLD },
		{ { .select = 8 }, 1, OLD },
		{ { .fields = 0x40 }, 1, OLD },
		{ { .fields = 0x40 }, 2, 0 },
		{ { .fields = 0x80 }, 2, OLD },
		{ { .fields = 1ull << 63 }, 2, OLD },
		{ { .vmpl = 4 }, 1, OLD },
		{ { .vmpl = UINT32_MAX }, 1, OLD },
		{ { .svn = 1 }, 1, OLD },			/* no ID block */
		{ { .tcb = 0x4817000000000009 }, 1, 0 },	/* the committed one */
		{ { .tcb = 0x4817000000000109 }, 1, OLD },
		{ { .tcb = 0x481700000000000a }, 1, OLD },
		{ { .tcb = 1ull << 24 }, 1, OLD },
		{ { .mitigations = 1 }, 2, OLD },
	};
	struct box *b = &self->b;
	uint8_t key[32];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].status, key_get(b, &self->t, &rows[i].ask, rows[i].version, key))
			TH_LOG("%zu", i);
		EXPECT_EQ(!rows[i].status, !!memcmp(key, zeros, 32)) TH_LOG("%zu", i);
	}
	ASSERT_EQ(0, snp_config(b, 0, 2));		/* the chip's key is masked */
	EXPECT_EQ(NO_KEY, key_get(b, &self->t, &rows[2].ask, 1, key));
}

TEST_F(message, a_guest_may_be_kept_from_the_chips_key)
{
	static const struct key_ask ask;
	struct box *b = &self->b;
	struct talker other;
	uint8_t *c, key[32];

	ASSERT_TRUE(talker_launch(b, &other, 1, POLICY));
	c = cmd_new(b);
	put64(c, other.gctx);
	put64(c + 0x18, 4);
	ASSERT_EQ(0, run(b, SNP_LAUNCH_FINISH));
	EXPECT_EQ(NO_KEY, key_get(b, &other, &ask, 1, key));
	EXPECT_EQ(NO_KEY, ask_report(b, &other, 0, 0, self->answer));
	EXPECT_EQ(0, memcmp(self->answer + 4, zeros, 0x4bc));
	EXPECT_EQ(0, key_get(b, &self->t, &ask, 1, key));
}

TEST_F(message, a_key_speaks_for_its_own_level_and_those_below)
{
	struct box *b = &self->b;
	uint8_t request[0x60];

	for (uint32_t vmpck = 0; vmpck < 4; vmpck++) {
		for (uint32_t vmpl = 0; vmpl < 5; vmpl++) {
			uint32_t want = vmpl < vmpck || vmpl > 3 ? OLD : 0;

			report_request(request, vmpl, 0);
			ASSERT_EQ(0x4c0, talk(b, &self->t, (int)vmpck, M_REPORT, 1, request, 0x60,
					      self->answer));
			EXPECT_EQ(want, get32(self->answer));
			memset(request, 0, sizeof(request));
			put32(request + 0x10, vmpl);
			ASSERT_EQ(0x40, talk(b, &self->t, (int)vmpck, M_KEY, 1, request, 0x20,
					     self->answer));
			EXPECT_EQ(want, get32(self->answer));
		}
	}
}

TEST_F(message, tsc_runs_at_one_speed)
{
	uint8_t request[0x80] = { 0 };
	struct box *b = &self->b;

	ASSERT_EQ(0x80, talk(b, &self->t, 0, M_TSC_INFO, 1, request, 0x80, self->answer));
	EXPECT_EQ(0, get32(self->answer));
	EXPECT_EQ(1ull << 32, get64(self->answer + 8));
	EXPECT_EQ(0, memcmp(self->answer + 0x10, zeros, 0x70));
	request[0x7f] = 1;
	ASSERT_EQ(0x80, talk(b, &self->t, 0, M_TSC_INFO, 1, request, 0x80, self->answer));
	EXPECT_EQ(OLD, get32(self->answer));
}

/* ---- agents ---- */

/* Return: status in the answer, or -1. */
static int agent_asks(struct box *b, struct talker *agent, int type, const void *request,
		      size_t size, uint8_t *answer)
{
	int len = talk(b, agent, 0, type, 1, request, size, answer);

	return len == (type == M_EXPORT ? 0x320 : 0x10) ? (int)get32(answer) : -1;
}

static int export_guest(struct box *b, struct talker *agent, uint64_t gctx, uint8_t answer[0x1000])
{
	uint8_t request[0x10] = { 0 };

	put64(request, gctx);
	return agent_asks(b, agent, M_EXPORT, request, sizeof(request), answer);
}

/* The exported structure, as the agent would give it to the other side. */
static void import_request(uint8_t request[0x320], uint64_t gctx, const uint8_t *exported)
{
	memset(request, 0, 0x20);
	put64(request, gctx);
	put32(request + 8, 0x300);
	put32(request + 0xc, 2);
	memcpy(request + 0x20, exported + 0x20, 0x300);
}

TEST_F(message, an_agent_moves_a_guest_which_talks_on)
{
	uint8_t vmrk[0x40] = { 0 }, request[0x320], before[0x1000], key[2][32];
	static const struct key_ask from_agent = { .select = 1 };
	struct box *b = &self->b;
	struct talker *agent = &self->t, t;

	ASSERT_TRUE(talker_launch_served(b, &t, agent, 1, 0));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	put64(vmrk, t.gctx);
	count_up(vmrk + 0x20, 0x30, 32);
	EXPECT_EQ(0, agent_asks(b, agent, M_VMRK, vmrk, 0x40, self->answer));
	/* The second time it is refused. */
	EXPECT_EQ(OLD, agent_asks(b, agent, M_VMRK, vmrk, 0x40, self->answer));
	ASSERT_EQ(0, key_get(b, &t, &from_agent, 1, key[0]));
	ASSERT_EQ(0, ask_report(b, &t, 1, 0, before));

	ASSERT_EQ(0, export_guest(b, agent, t.gctx, self->answer));
	EXPECT_EQ(0x300, get32(self->answer + 4));
	EXPECT_EQ(2, get32(self->answer + 8));
	EXPECT_EQ(0, memcmp(t.key, self->answer + 0x20 + 0x50, sizeof(t.key)));
	EXPECT_EQ(t.last[0], get64(self->answer + 0x20 + 0x1c0));
	EXPECT_EQ(POLICY | P_MIGRATE, get64(self->answer + 0x20 + 0x228));

	import_request(request, GCTX(2), self->answer);
	EXPECT_EQ(OLD, agent_asks(b, agent, M_IMPORT, request, 0x320, self->answer));
	ASSERT_TRUE(snp_context(b, GCTX(2)));
	EXPECT_EQ(0, agent_asks(b, agent, M_IMPORT, request, 0x320, self->answer));
	EXPECT_EQ(G_RUNNING, snp_guest_state(b, GCTX(2)));
	t.gctx = GCTX(2);
	ASSERT_EQ(0, key_get(b, &t, &from_agent, 1, key[1]));
	EXPECT_EQ(0, memcmp(key[0], key[1], 32));
	ASSERT_EQ(0, ask_report(b, &t, 1, 0, self->answer));
	EXPECT_EQ(0, memcmp(before, self->answer, ANSWER_REPORT + 0x2a0));
	/* A second guest, with a memory key of its own. */
	EXPECT_EQ(0, snp_activate(b, GCTX(2), 5));
}

TEST_F(message, an_agent_is_refused_what_is_not_its_own_or_not_right)
{
	static const struct {
		uint16_t at;
		uint8_t value;
		int status;
	} changes[] = {
		{ 0x08, 1, OLD }, { 0x0c, 3, OLD }, { 0x10, 1, OLD },	/* size, version, rest */
		{ 0x20 + 0x220, 4, OLD }, { 0x20 + 0x220, 1, OLD },	/* flags */
		{ 0x20 + 0x230, 0, OLD }, { 0x20 + 0x230, 3, OLD }, { 0x20 + 0x231, 1, OLD },
		{ 0x20 + 0x2b0, 1, OLD }, { 0x20 + 0x2ff, 1, OLD },
		{ 0x20 + 0x229, 2, SWPSP_POLICY_FAILURE },		/* a later API */
		{ 0x20 + 0x22a, 3, SWPSP_POLICY_FAILURE },		/* no migration */
	};
	struct box *b = &self->b;
	struct talker other, t;
	uint8_t request[0x320], vmrk[0x40] = { 0 }, answer[0x1000];

	ASSERT_TRUE(talker_launch_served(b, &t, &self->t, 1, 0));
	ASSERT_TRUE(talker_new(b, &other, 2, POLICY));
	/* Not an incoming image, so not before it runs. */
	EXPECT_EQ(OLD, export_guest(b, &self->t, t.gctx, self->answer));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	put64(vmrk, t.gctx);
	EXPECT_EQ(OLD, agent_asks(b, &other, M_VMRK, vmrk, 0x40, self->answer));
	EXPECT_EQ(OLD, export_guest(b, &other, t.gctx, self->answer));
	EXPECT_EQ(OLD, export_guest(b, &self->t, other.gctx, self->answer));
	EXPECT_EQ(OLD, export_guest(b, &self->t, self->t.gctx, self->answer));
	EXPECT_EQ(OLD, export_guest(b, &self->t, OUTSIDE, self->answer));
	EXPECT_EQ(0, memcmp(self->answer + 4, zeros, 0x31c));
	ASSERT_EQ(0, export_guest(b, &self->t, t.gctx, self->answer));
	ASSERT_TRUE(snp_context(b, GCTX(3)));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		import_request(request, GCTX(3), self->answer);
		request[changes[i].at] = changes[i].value;
		EXPECT_EQ(changes[i].status,
			  agent_asks(b, &self->t, M_IMPORT, request, 0x320, answer))
			TH_LOG("%zu", i);
		EXPECT_EQ(G_INIT, snp_guest_state(b, GCTX(3)));
	}
}

TEST_F(message, an_agent_that_is_gone_has_no_heir)
{
	struct box *b = &self->b;
	struct talker t, heir;

	ASSERT_TRUE(talker_launch_served(b, &t, &self->t, 1, 0));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	ASSERT_EQ(0, by_gctx(b, SNP_DECOMMISSION, self->t.gctx));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_EQ(0, snp_reclaim(b, self->t.gctx, false));
	ASSERT_EQ(0, hv_take(b, self->t.gctx));
	ASSERT_EQ(0, hv_take(b, PAGE(200)));
	ASSERT_TRUE(talker_new(b, &heir, 0, POLICY));
	ASSERT_EQ(self->t.gctx, heir.gctx);
	EXPECT_EQ(OLD, export_guest(b, &heir, t.gctx, self->answer));
}

TEST_F(message, an_incoming_image_absorbs_a_guest)
{
	struct box *b = &self->b;
	struct talker *agent = &self->t, t, image;
	uint8_t request[0x320], ld[48];

	ASSERT_TRUE(talker_launch_served(b, &t, agent, 1, 0));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	ASSERT_EQ(0, ask_report(b, &t, 0, 0, self->answer));
	memcpy(ld, self->answer + ANSWER_REPORT + 0x90, 48);
	ASSERT_EQ(0, export_guest(b, agent, t.gctx, self->answer));
	import_request(request, GCTX(2), self->answer);
	ASSERT_TRUE(talker_launch_served(b, &image, agent, 2, 2));
	EXPECT_EQ(0, export_guest(b, agent, image.gctx, self->answer));
	EXPECT_EQ(OLD, agent_asks(b, agent, M_IMPORT, request, 0x320, self->answer));
	EXPECT_EQ(0, agent_asks(b, agent, M_ABSORB, request, 0x320, self->answer));
	EXPECT_EQ(OLD, agent_asks(b, agent, M_ABSORB, request, 0x320, self->answer));
	t.gctx = image.gctx;
	ASSERT_EQ(0, ask_report(b, &t, 0, 0, self->answer));
	EXPECT_EQ(0, memcmp(ld, self->answer + ANSWER_REPORT + 0x90, 48));
}

/* Only an import can set a counter that would else take five hundred years. */
TEST_F(message, numbers_end_before_they_would_repeat)
{
	struct box *b = &self->b;
	struct talker t;
	uint8_t request[0x320];

	ASSERT_TRUE(talker_launch_served(b, &t, &self->t, 1, 0));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	ASSERT_EQ(0, export_guest(b, &self->t, t.gctx, self->answer));
	import_request(request, GCTX(2), self->answer);
	for (int i = 0; i < 4; i++)
		put64(request + 0x20 + 0x1c0 + 8 * i, UINT64_MAX - 4 + (uint64_t)i);
	ASSERT_TRUE(snp_context(b, GCTX(2)));
	ASSERT_EQ(0, agent_asks(b, &self->t, M_IMPORT, request, 0x320, self->answer));
	t.gctx = GCTX(2);
	for (int i = 0; i < 4; i++) {
		t.last[i] = UINT64_MAX - 4 + (uint64_t)i;
		if (i < 3)
			EXPECT_EQ(0x80, talk(b, &t, i, M_TSC_INFO, 1, zeros, 0x80, self->answer));
		EXPECT_EQ(i ? -1 - SWPSP_AEAD_OFLOW : 0x80,
			  talk(b, &t, i, M_TSC_INFO, 1, zeros, 0x80, self->answer));
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

TEST_F(message, random_payloads_in_good_envelopes_are_answered)
{
	struct box *b = &self->b;
	struct talker *agent = &self->t, t;
	uint8_t payload[PAYLOAD_MAX], exported[0x1000];
	uint32_t refused = 0, done = 0;

	ASSERT_TRUE(talker_launch_served(b, &t, agent, 1, 0));
	ASSERT_EQ(0, snp_finish(b, t.gctx));
	ASSERT_EQ(0, export_guest(b, agent, t.gctx, exported));
	ASSERT_TRUE(snp_context(b, GCTX(2)));
	for (int i = 0; i < 4000; i++) {
		const struct kind *k = &kinds[rnd(ARRAY_SIZE(kinds))];

		memset(payload, 0, sizeof(payload));
		if (k->type == M_IMPORT || k->type == M_ABSORB)
			import_request(payload, GCTX(rnd(4)), exported);
		else if (k->type == M_EXPORT || k->type == M_VMRK)
			put64(payload, GCTX(rnd(4)));
		else if (k->type == M_CPUID)
			put32(payload, rnd(66));
		for (uint32_t n = rnd(3); n; n--)
			payload[rnd(k->size)] = (uint8_t)(1u << rnd(8));
		ASSERT_EQ(k->answer, talk(b, agent, (int)rnd(4), k->type, k->version, payload,
					  k->size, self->answer)) TH_LOG("%s", k->what);
		refused += get32(self->answer) != 0;
		done += get32(self->answer) == 0;
	}
	EXPECT_LT(1000, refused);
	EXPECT_LT(500, done);
}

TEST_HARNESS_MAIN
