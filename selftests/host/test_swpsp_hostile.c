// SPDX-License-Identifier: GPL-2.0
/*
 * A host that means harm: addresses and lengths without sense, command buffers at
 * the edges of memory, and random commands by the ten thousand. The sanitizers
 * and swpsp's own check after each command are what these tests rely on.
 */
#include "swpsp_test.h"

/* Documented sizes of the command buffers. */
static const struct {
	uint32_t id, size;
} sizes[] = {
	{ INIT, 0x14 }, { PLATFORM_STATUS, 0xc }, { PEK_CSR, 0xc }, { PEK_CERT_IMPORT, 0x1c },
	{ PDH_CERT_EXPORT, 0x1c }, { DOWNLOAD_FIRMWARE, 0xc }, { GET_ID, 0xc },
	{ INIT_EX, 0x24 }, { DECOMMISSION, 4 }, { ACTIVATE, 8 }, { DEACTIVATE, 4 },
	{ GUEST_STATUS, 0xd }, { COPY, 0x18 }, { ACTIVATE_EX, 0x18 }, { LAUNCH_START, 0x24 },
	{ LAUNCH_UPDATE_DATA, 0x14 }, { LAUNCH_UPDATE_VMSA, 0x14 }, { LAUNCH_MEASURE, 0x14 },
	{ LAUNCH_UPDATE_SECRET, 0x34 }, { LAUNCH_FINISH, 4 }, { ATTESTATION, 0x24 },
	{ SEND_START, 0x44 }, { SEND_UPDATE_DATA, 0x34 }, { SEND_UPDATE_VMSA, 0x34 },
	{ SEND_FINISH, 4 }, { SEND_CANCEL, 4 }, { RECEIVE_START, 0x24 },
	{ RECEIVE_UPDATE_DATA, 0x34 }, { RECEIVE_UPDATE_VMSA, 0x34 }, { RECEIVE_FINISH, 4 },
	{ DBG_DECRYPT, 0x1c }, { DBG_ENCRYPT, 0x1c }, { SWAP_OUT, 0x28 }, { SWAP_IN, 0x20 },
};

#define SIZES (ARRAY_SIZE(sizes))

/* A buffer of just the documented size may end where memory ends. */
TEST(command_buffers_at_the_end_of_memory)
{
	struct box b;

	ASSERT_TRUE(box_new(&b));
	for (size_t i = 0; i < SIZES; i++) {
		uint32_t end = MEMORY - sizes[i].size;

		memset(at(&b, MEMORY - 0x100), 0, 0x100);
		EXPECT_NE(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, sizes[i].id, end));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, sizes[i].id, end + 1));
		run(&b, SHUTDOWN);
	}
	box_free(&b);
}

static const uint64_t bad_addresses[] = {
	MEMORY, MEMORY - 3, OUTSIDE, ASEG - 3, ASEG, 0xbffff, 1ull << 32, 1ull << 46,
	0x3ffcfffffffeull, 0x3ffd00000000ull, 1ull << 47, 1ull << 52, 1ull << 63,
	UINT64_MAX, UINT64_MAX - 3, UINT64_MAX - 0x1000, ~(1ull << 51),
};

TEST(bad_command_buffers)
{
	struct box b;

	ASSERT_TRUE(box_new(&b));
	for (size_t i = 0; i < SIZES; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(bad_addresses); j++) {
			EXPECT_EQ(SWPSP_INVALID_ADDRESS,
				  swpsp_command(b.psp, sizes[i].id, bad_addresses[j]))
				TH_LOG("%s at %llx", swpsp_command_name(sizes[i].id),
				       (unsigned long long)bad_addresses[j]);
		}
	}
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, CMD | 1ull << 51));
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, 0xc0000));
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, 0x1ff7)) TH_LOG("across pages");
	box_free(&b);
}

TEST(holes_in_memory)
{
	struct box b;

	box_config(&b);
	b.config.hole_start = 0x300000;
	b.config.hole_end = 0x380000;
	ASSERT_TRUE(box_start(&b));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, PLATFORM_STATUS, 0x300000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, PLATFORM_STATUS, 0x2ffff8));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, PLATFORM_STATUS, 0x37ffff));
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, 0x380000));
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, 0x2ffff4));
	box_free(&b);
}

TEST(other_c_bit)
{
	struct box b;

	box_config(&b);
	b.config.cbit = 47;
	ASSERT_TRUE(box_start(&b));
	EXPECT_EQ(0, swpsp_command(b.psp, PLATFORM_STATUS, CMD | 1ull << 47));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b.psp, PLATFORM_STATUS, CMD | 1ull << 51));
	box_free(&b);
}

/* Only what its class allows is written back into a command buffer. */
TEST(command_buffer_is_not_written_on_failure)
{
	uint8_t before[0x80];
	struct box b;

	ASSERT_TRUE(box_new(&b));
	for (size_t i = 0; i < SIZES; i++) {
		uint16_t status;

		memset(at(&b, CMD), 0xa7, sizeof(before));
		memcpy(before, at(&b, CMD), sizeof(before));
		status = run(&b, sizes[i].id);
		if (status != SWPSP_SUCCESS && status != SWPSP_INVALID_LENGTH)
			EXPECT_EQ(0, memcmp(before, at(&b, CMD), sizeof(before)));
		EXPECT_EQ(0, memcmp(before + sizes[i].size, at(&b, CMD + sizes[i].size),
				    sizeof(before) - sizes[i].size));
	}
	box_free(&b);
}

/* ---- random commands ---- */

static uint64_t state = 88172645463325252ull;

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static uint64_t interesting_address(void)
{
	static const uint64_t bases[] = { CMD, BLOB, BLOB2, PAGES, TMR, 0, MEMORY - 0x1000 };

	switch (rnd(8)) {
	case 0:
		return bad_addresses[rnd(ARRAY_SIZE(bad_addresses))];
	case 1:
		return state;
	case 2:
		return rnd(MEMORY);
	default:
		return bases[rnd(7)] + 16 * rnd(4) + (rnd(16) ? 0 : rnd(16));
	}
}

static uint32_t interesting_length(void)
{
	static const uint32_t lengths[] = {
		0, 1, 16, 0x24, 0x18, 0x30, 0x34, 0x40, 0x80, 0xd0, CERT, CHAIN, 0x1000, 0x5000,
		0x5010, 0x8000, 0x100000, UINT32_MAX, UINT32_MAX & ~15u,
	};

	return lengths[rnd(ARRAY_SIZE(lengths))];
}

/* Words of every command are handles, lengths or addresses: mix them all. */
static void random_command(struct box *b)
{
	uint8_t *c = cmd_new(b);
	uint32_t id = sizes[rnd(SIZES)].id;

	for (uint32_t i = 0; i < 0x48; i += 8) {
		put64(c + i, interesting_address());
		if (rnd(2)) {
			put32(c + i, interesting_length());
			put32(c + i + 4, rnd(2) ? rnd(16) : interesting_length());
		}
	}
	if (rnd(4))
		put32(c, rnd(6));
	/* No gigabytes to work through: that is slow, not wrong. */
	if ((id == LAUNCH_UPDATE_DATA || id == DBG_DECRYPT || id == DBG_ENCRYPT) && rnd(64))
		put32(c + (id == LAUNCH_UPDATE_DATA ? 0x10 : 0x18), 16 * rnd(16));
	if (id == INIT && rnd(2)) {
		init(b, rnd(2));
		return;
	}
	run(b, id);
}

static void random_known_command(struct box *b)
{
	uint32_t h = 1 + rnd(5);

	switch (rnd(10)) {
	case 0:
		launch_start(b, 0, rnd(64), &h);
		break;
	case 1:
		activate(b, h, rnd(MAX_ASID + 2));
		break;
	case 2:
		activate_ex(b, h, rnd(MAX_ASID + 2), rnd(2), 1 + rnd(CPUS));
		break;
	case 3:
		measure(b, h);
		break;
	case 4:
		by_handle(b, LAUNCH_FINISH, h);
		break;
	case 5:
		by_handle(b, DEACTIVATE, h);
		break;
	case 6:
		by_handle(b, DECOMMISSION, h);
		break;
	case 7:
		flush(b);
		break;
	case 8:
		launch_update(b, LAUNCH_UPDATE_VMSA, h, PAGES, 0x1000);
		break;
	default:
		init(b, true);
	}
}

static void random_commands(struct box *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (rnd(2))
			random_command(b);
		else
			random_known_command(b);
		if (!rnd(200))
			run(b, SHUTDOWN);
		if (!rnd(50))
			swpsp_wbinvd(b->psp, rnd(2 * CPUS));
	}
}

TEST(random_commands_in_cipher_mode)
{
	struct box b;

	box_config(&b);
	b.config.ccx_threads = 2;
	b.config.seed = 1;
	ASSERT_TRUE(box_start(&b));
	random_commands(&b, 10000);
	EXPECT_EQ(0, run(&b, NOP));
	box_free(&b);
}

TEST(random_commands_in_plain_mode)
{
	struct box b;

	box_config(&b);
	b.config.mode = SWPSP_MEMORY_PLAIN;
	b.config.seed = 2;
	ASSERT_TRUE(box_start(&b));
	random_commands(&b, 10000);
	EXPECT_EQ(0, run(&b, NOP));
	box_free(&b);
}

/* Certificates that are mostly right: what the parsers do with the rest. */
TEST(spoilt_certificates)
{
	struct box b;
	uint32_t h;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	h = launch_to(&b, SEV | DOMAIN, 0, RUNNING);
	ASSERT_TRUE(give_certs(&b, &b));
	for (int i = 0; i < 200; i++) {
		static const uint32_t places[] = {
			BLOB3, BLOB3 + 0x1000, BLOB3 + 0x1000 + CERT,
			BLOB3 + 0x1000 + 2 * CERT, BLOB3 + 0x4000, BLOB3 + 0x4640,
		};
		uint8_t *p = at(&b, places[rnd(6)] + (rnd(2) ? rnd(0x60) : rnd(0x640)));
		uint8_t old = *p;

		*p ^= (uint8_t)(1 + rnd(255));
		if (!send_start(&b, h))
			by_handle(&b, SEND_CANCEL, h);
		*p = old;
	}
	EXPECT_EQ(0, send_start(&b, h));
	box_free(&b);
}

TEST_HARNESS_MAIN
