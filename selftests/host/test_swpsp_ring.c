// SPDX-License-Identifier: GPL-2.0
/*
 * Ring-buffer mode: entering it, the order of commands, pausing and resuming, interrupts,
 * leaving. The test stands in for the registers.
 */
#include "swpsp_test.h"

#define LO_CMDS		0x300000u
#define LO_STATS	0x301000u
#define HI_CMDS		0x302000u
#define HI_STATS	0x303000u
#define ON		0xc0000000u

#define RUNNING_LO	0x00000800u
#define RUNNING_HI	0x08000000u
#define ALL_EMPTY	0x10000000u
#define DONE		0x20000000u
#define PAUSED		0x40000000u
#define NEARLY_EMPTY	0x80000000u
#define CLEAR		0x20000000u

#define INTERRUPT	1
#define GO_ON		2

FIXTURE(ring) {
	struct box b;
	struct swpsp_ring_io io;
	unsigned int interrupts;
};

FIXTURE_SETUP(ring)
{
	ASSERT_TRUE(box_new(&self->b));
	ASSERT_EQ(0, init(&self->b, false));
	self->io.ctl = ON;
}

FIXTURE_TEARDOWN(ring)
{
	box_free(&self->b);
}

static uint8_t *fill(struct box *b, bool high)
{
	uint8_t *c = cmd_new(b);

	put64(c, LO_CMDS);
	put64(c + 0x08, LO_STATS);
	put64(c + 0x10, HI_CMDS);
	put64(c + 0x18, HI_STATS);
	c[0x20] = 1;
	c[0x21] = high;
	return c;
}

static uint16_t enter(struct box *b, bool high)
{
	fill(b, high);
	return run(b, RING_BUFFER);
}

static void put(struct box *b, uint32_t page, uint8_t index, uint16_t id, uint16_t flags,
		uint64_t cmdbuf)
{
	uint8_t *entry = at(b, page + 16u * index);

	put32(entry, id | (uint32_t)flags << 16);
	put32(entry + 4, 0xa5a5a5a5);
	put64(entry + 8, cmdbuf);
}

static uint16_t status_at(struct box *b, uint32_t page, uint8_t index)
{
	return (uint16_t)get32(at(b, page + 16u * index));
}

/* Until there is nothing to do. Returns how many commands were executed. */
static unsigned int wake(struct box *b, struct swpsp_ring_io *io, unsigned int *interrupts)
{
	unsigned int n = 0;

	swpsp_ring_woken(b->psp);
	while (swpsp_ring_next(b->psp, io) == SWPSP_RING_COMMAND) {
		*interrupts += io->interrupt;
		swpsp_ring_done(b->psp, io, swpsp_ring_command(b->psp, io));
		*interrupts += io->interrupt;
		n++;
		if (!swpsp_ring_on(b->psp))
			return n;
	}
	*interrupts += io->interrupt;
	return n;
}

#define WAKE() wake(&self->b, &self->io, &self->interrupts)

TEST_F(ring, needs_an_initialised_platform)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, enter(b, false));
	EXPECT_FALSE(swpsp_ring_on(b->psp));
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(0, enter(b, false));
	EXPECT_TRUE(swpsp_ring_on(b->psp));
}

TEST_F(ring, parameters_are_checked_in_the_order_of_the_firmware)
{
	struct box *b = &self->b;
	uint8_t *c = fill(b, true);

	c[0x20] = 2;
	put64(c, LO_CMDS + 8);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, RING_BUFFER));
	c[0x20] = 1;
	c[0x21] = 2;
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, RING_BUFFER));
	c[0x21] = 1;
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, RING_BUFFER));
	put64(c, LO_CMDS);
	put64(c + 0x18, HI_STATS + 16);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, RING_BUFFER));
	put64(c + 0x18, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, RING_BUFFER));
	/* without a high queue its addresses are of no matter */
	c[0x21] = 0;
	EXPECT_EQ(0, run(b, RING_BUFFER));
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, RING_BUFFER));
}

TEST_F(ring, commands_are_executed_in_order_and_each_has_its_status)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, false));
	memset(at(b, LO_STATS), 0xee, 0x1000);
	put(b, LO_CMDS, 0, NOP, 0, 0);
	put(b, LO_CMDS, 1, PLATFORM_STATUS, 0, CMD);
	put(b, LO_CMDS, 2, 0x77, GO_ON, CMD);
	self->io.tail = 3;
	EXPECT_EQ(3, WAKE());
	EXPECT_EQ(0, self->interrupts);
	EXPECT_EQ(RUNNING_LO | 3, self->io.head);
	EXPECT_EQ(0, status_at(b, LO_STATS, 0));
	EXPECT_EQ(0, status_at(b, LO_STATS, 1));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, status_at(b, LO_STATS, 2));
	/* bytes that the firmware does not write, and an entry that it has not come to */
	EXPECT_EQ(0xeeeeeeee, get32(at(b, LO_STATS + 4)));
	EXPECT_EQ(0xeeee, status_at(b, LO_STATS, 3));
	EXPECT_NE(0, *at(b, CMD));
}

TEST_F(ring, a_failure_pauses_its_queue_until_it_is_resumed)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, false));
	put(b, LO_CMDS, 0, 0x77, 0, CMD);
	put(b, LO_CMDS, 1, NOP, 0, 0);
	self->io.tail = 2;
	EXPECT_EQ(1, WAKE());
	EXPECT_EQ(1, self->interrupts);
	EXPECT_EQ(PAUSED | 1, self->io.head) TH_LOG("past the command that has failed");
	EXPECT_EQ(0, WAKE());
	self->io.ctl = ON | 0x100;
	EXPECT_EQ(0, WAKE()) TH_LOG("the resume bit must be cleared first");
	EXPECT_EQ(PAUSED | RUNNING_LO | 1, self->io.head);
	self->io.ctl = ON | CLEAR;
	EXPECT_EQ(1, WAKE());
	EXPECT_EQ(RUNNING_LO | 2, self->io.head);
}

TEST_F(ring, the_high_queue_goes_first_and_alone_pauses)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, true));
	put(b, LO_CMDS, 0, NOP, 0, 0);
	put(b, HI_CMDS, 0, NOP, 0, 0);
	put(b, HI_CMDS, 1, 0x77, 0, 0);
	put(b, HI_CMDS, 2, NOP, 0, 0);
	self->io.tail = 3 << 16 | 1;
	EXPECT_EQ(SWPSP_RING_COMMAND, swpsp_ring_next(b->psp, &self->io));
	EXPECT_EQ(1, self->io.queue);
	EXPECT_EQ(3, WAKE()) TH_LOG("two of the high queue, then the low one");
	EXPECT_EQ(PAUSED | 2 << 16 | RUNNING_LO | 1, self->io.head);
	EXPECT_EQ(SWPSP_INVALID_COMMAND, status_at(b, HI_STATS, 1));
}

TEST_F(ring, a_queue_that_does_not_exist_cannot_be_resumed)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, false));
	put(b, HI_CMDS, 0, NOP, 0, 0);
	self->io.tail = 1 << 16;
	self->io.ctl = ON | 0x200;
	EXPECT_EQ(0, WAKE());
	self->io.ctl = ON;
	EXPECT_EQ(0, WAKE());
	EXPECT_EQ(RUNNING_LO, self->io.head);
}

TEST_F(ring, interrupts_come_for_commands_that_ask_for_them_and_at_the_end)
{
	struct box *b = &self->b;

	fill(b, false)[0x26] = 1;
	ASSERT_EQ(0, run(b, RING_BUFFER));
	put(b, LO_CMDS, 0, NOP, 0, 0);
	put(b, LO_CMDS, 1, NOP, INTERRUPT, 0);
	self->io.tail = 2;
	EXPECT_EQ(2, WAKE());
	EXPECT_EQ(2, self->interrupts) TH_LOG("of the second command, and since all is empty");
	EXPECT_EQ(DONE | ALL_EMPTY | RUNNING_LO | 2, self->io.head);
}

TEST_F(ring, a_queue_that_is_nearly_empty_tells_only_if_it_is_asked_to)
{
	struct box *b = &self->b;

	fill(b, false)[0x22] = 2;
	ASSERT_EQ(0, run(b, RING_BUFFER));
	for (uint8_t i = 0; i < 4; i++)
		put(b, LO_CMDS, i, NOP, 0, 0);
	self->io.tail = 2;
	EXPECT_EQ(2, WAKE());
	EXPECT_EQ(0, self->interrupts);
	self->io.tail = 4;
	self->io.ctl = ON | 1;
	EXPECT_EQ(2, WAKE());
	EXPECT_EQ(2, self->interrupts) TH_LOG("with one left, and with none");
	EXPECT_EQ(NEARLY_EMPTY | RUNNING_LO | 4, self->io.head);
}

TEST_F(ring, indices_wrap_and_256_commands_look_like_none)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, false));
	for (unsigned int i = 0; i < 256; i++)
		put(b, LO_CMDS, (uint8_t)i, NOP, 0, 0);
	self->io.tail = 255;
	EXPECT_EQ(255, WAKE());
	self->io.tail = 254;	/* once around */
	EXPECT_EQ(255, WAKE());
	EXPECT_EQ(RUNNING_LO | 254, self->io.head);
	EXPECT_EQ(0, WAKE());
}

TEST_F(ring, no_command_reaches_a_page_of_the_ring)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, true));
	put(b, LO_CMDS, 0, PLATFORM_STATUS, GO_ON, LO_STATS);
	put(b, LO_CMDS, 1, PLATFORM_STATUS, GO_ON, HI_CMDS + 0xff8);
	put(b, LO_CMDS, 2, PLATFORM_STATUS, GO_ON, HI_STATS + 0x1000);
	put(b, LO_CMDS, 3, RING_BUFFER, GO_ON, CMD);
	self->io.tail = 4;
	fill(b, false);
	EXPECT_EQ(4, WAKE());
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, status_at(b, LO_STATS, 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, status_at(b, LO_STATS, 1));
	EXPECT_EQ(0, status_at(b, LO_STATS, 2));
	EXPECT_EQ(SWPSP_INVALID_PARAM, status_at(b, LO_STATS, 3));
}

TEST_F(ring, it_is_left_by_a_write_without_either_bit)
{
	static const uint32_t words[] = { 0x80000000, 0x40000000, 0, NOP << 16 };
	struct box *b = &self->b;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		ASSERT_EQ(0, enter(b, false));
		self->io.ctl = words[i];
		EXPECT_EQ(SWPSP_RING_LEFT, swpsp_ring_next(b->psp, &self->io));
		EXPECT_FALSE(swpsp_ring_on(b->psp));
	}
	EXPECT_EQ(0, swpsp_command(b->psp, PLATFORM_STATUS, LO_STATS)) TH_LOG("pages are free");
}

TEST_F(ring, shutdown_is_answered_in_the_ring_and_ends_it)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, enter(b, false));
	memset(at(b, LO_STATS), 0xee, 0x1000);
	put(b, LO_CMDS, 0, SHUTDOWN, 0, 0);
	put(b, LO_CMDS, 1, NOP, 0, 0);
	self->io.tail = 2;
	EXPECT_EQ(1, WAKE());
	EXPECT_FALSE(swpsp_ring_on(b->psp));
	EXPECT_EQ(0, status_at(b, LO_STATS, 0));
	EXPECT_EQ(0xeeee, status_at(b, LO_STATS, 1));
}

TEST_HARNESS_MAIN
