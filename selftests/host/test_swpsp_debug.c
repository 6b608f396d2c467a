// SPDX-License-Identifier: GPL-2.0
/*
 * Looking into a guest and moving its pages: DBG_*, COPY, SWAP_*.
 */
#include "swpsp_test.h"

#define WINDOW	0x4000000u	/* window that the firmware maps at a time */

FIXTURE(debug) {
	struct box b;
	uint32_t h;
};

FIXTURE_SETUP(debug)
{
	struct box *b = &self->b;

	ASSERT_TRUE(box_new(b));
	ASSERT_EQ(0, init(b, true));
	ASSERT_EQ(0, flush(b));
	self->h = launch_to(b, 0, 7, LUPDATE);
	ASSERT_NE(0, self->h);
	for (uint32_t i = 0; i < 0x20000; i += 4)
		put32(at(b, PAGES + i), i * 2654435761u);
}

FIXTURE_TEARDOWN(debug)
{
	box_free(&self->b);
}

static bool sees(struct box *b, uint64_t addr, const void *expected, size_t len)
{
	uint8_t *seen = malloc(len);
	bool ok = !swpsp_guest_read(b->psp, 7, addr, seen, len) && !memcmp(seen, expected, len);

	free(seen);
	return ok;
}

/* ---- DBG ---- */

TEST_F(debug, decrypt_and_encrypt)
{
	uint8_t before[0xb000];
	struct box *b = &self->b;

	memcpy(before, at(b, PAGES), sizeof(before));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, sizeof(before)));
	ASSERT_EQ(0, dbg(b, DBG_DECRYPT, self->h, PAGES, BLOB, sizeof(before)));
	EXPECT_EQ(0, memcmp(before, at(b, BLOB), sizeof(before)));
	memset(at(b, BLOB), 0x11, 0x30);
	ASSERT_EQ(0, dbg(b, DBG_ENCRYPT, self->h, BLOB, PAGES + 0x20, 0x30));
	EXPECT_TRUE(sees(b, PAGES + 0x20, at(b, BLOB), 0x30));
	EXPECT_TRUE(sees(b, PAGES, before, 0x20));
	EXPECT_TRUE(sees(b, PAGES + 0x50, before + 0x50, 0x50));
}

TEST_F(debug, dbg_order_of_checks)
{
	struct box *b = &self->b;
	uint32_t nodbg = launch_to(b, NODBG, 0, LUPDATE), unbound = launch_to(b, 0, 0, LUPDATE);

	for (uint32_t id = DBG_DECRYPT; id <= DBG_ENCRYPT; id++) {
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, dbg(b, id, 99, OUTSIDE + 8, OUTSIDE, 7));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, dbg(b, id, 99, OUTSIDE, OUTSIDE + 8, 7));
		EXPECT_EQ(SWPSP_INVALID_LENGTH, dbg(b, id, 99, OUTSIDE, OUTSIDE, 7));
		EXPECT_EQ(SWPSP_INVALID_GUEST, dbg(b, id, 99, OUTSIDE, OUTSIDE, 16));
		EXPECT_EQ(SWPSP_POLICY_FAILURE, dbg(b, id, nodbg, OUTSIDE, OUTSIDE, 16))
			TH_LOG("before INACTIVE");
		EXPECT_EQ(SWPSP_INACTIVE, dbg(b, id, unbound, OUTSIDE, OUTSIDE, 16));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, dbg(b, id, self->h, OUTSIDE, PAGES, 16));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, dbg(b, id, self->h, PAGES, OUTSIDE, 16));
		EXPECT_NE(0, dbg(b, id, self->h, PAGES, BLOB, 0));
	}
}

TEST_F(debug, decrypt_does_the_valid_part)
{
	struct box *b = &self->b;

	memset(at(b, BLOB), 0, 0x5000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS,
		  dbg(b, DBG_DECRYPT, self->h, MEMORY - 0x8000, BLOB, 0x10000));
	EXPECT_NE(0, get64(at(b, BLOB + 0x4ff8)));
	EXPECT_EQ(0, get64(at(b, BLOB + 0x5000)));
}

/* ---- COPY ---- */

TEST_F(debug, copy_overlapping_both_ways)
{
	uint8_t before[0x8000];
	struct box *b = &self->b;

	memcpy(before, at(b, PAGES), sizeof(before));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, sizeof(before)));
	ASSERT_EQ(0, copy(b, self->h, PAGES, PAGES + 0x1000, sizeof(before)));
	EXPECT_TRUE(sees(b, PAGES + 0x1000, before, sizeof(before)));
	ASSERT_EQ(0, copy(b, self->h, PAGES + 0x1000, PAGES, sizeof(before)));
	EXPECT_TRUE(sees(b, PAGES, before, sizeof(before)));
	EXPECT_EQ(0, copy(b, self->h, PAGES, PAGES | 1ull << 51, 0x1000)) TH_LOG("same page");
	EXPECT_TRUE(sees(b, PAGES, before, sizeof(before)));
}

TEST_F(debug, copy_order_of_checks)
{
	struct box *b = &self->b;
	uint32_t unbound = launch_to(b, 0, 0, LUPDATE);

	EXPECT_EQ(SWPSP_INVALID_GUEST, copy(b, 99, OUTSIDE + 1, OUTSIDE, 7));
	EXPECT_EQ(SWPSP_INACTIVE, copy(b, unbound, OUTSIDE + 1, OUTSIDE, 7));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, copy(b, self->h, OUTSIDE + 1, OUTSIDE, 0));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, copy(b, self->h, OUTSIDE + 1, OUTSIDE, 0x1010));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, copy(b, self->h, OUTSIDE + 1, OUTSIDE, 0x1000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, copy(b, self->h, OUTSIDE, OUTSIDE + 16, 0x1000));
	EXPECT_EQ(0, copy(b, self->h, OUTSIDE, OUTSIDE, 0x1000)) TH_LOG("same page: no range");
	EXPECT_EQ(SWPSP_INVALID_PARAM,
		  copy(b, self->h, WINDOW - 0x1000, OUTSIDE, 0x2000)) TH_LOG("window");
	EXPECT_EQ(SWPSP_INVALID_PARAM, copy(b, self->h, PAGES, WINDOW - 0x1000, 0x2000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, copy(b, self->h, OUTSIDE, PAGES, 0x1000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, copy(b, self->h, PAGES, OUTSIDE, 0x1000));
}

/* ---- SWAP ---- */

#define MDATA	BLOB2
#define S_2M	1
#define S_VMSA	4
#define S_PLACE	8

static uint16_t swap(struct box *b, uint32_t id, uint32_t h, uint64_t src, uint64_t dst,
		     uint32_t flags)
{
	uint8_t *c = cmd_new(b);

	put32(c, h);
	put32(c + 4, flags);
	put64(c + 8, src);
	put64(c + 0x10, dst);
	put64(c + 0x18, MDATA);
	if (id == SWAP_OUT)
		put64(c + 0x20, 0x1122334455667788);
	return run(b, id);
}

TEST_F(debug, swap_out_and_in)
{
	uint8_t before[0x1000], *entry = at(&self->b, MDATA);
	struct box *b = &self->b;

	memcpy(before, at(b, PAGES), sizeof(before));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, 0x1000));
	memset(entry, 0xee, 0x40);
	ASSERT_EQ(0, swap(b, SWAP_OUT, self->h, PAGES, BLOB, 0));
	EXPECT_EQ(0x1122334455667788, get64(entry));
	EXPECT_EQ(0, get64(entry + 8)) TH_LOG("first IV");
	EXPECT_NE(0, get64(entry + 0x10));
	for (int i = 0x20; i < 0x40; i++)
		EXPECT_EQ(0, entry[i]);
	EXPECT_NE(0, memcmp(before, at(b, BLOB), 0x1000));
	ASSERT_EQ(0, swap(b, SWAP_IN, self->h, BLOB, PAGES + 0x1000, 0));
	EXPECT_TRUE(sees(b, PAGES + 0x1000, before, 0x1000)) TH_LOG("at another address");
	ASSERT_EQ(0, swap(b, SWAP_IN, self->h, BLOB, BLOB, S_PLACE));
	EXPECT_TRUE(sees(b, BLOB, before, 0x1000));
	ASSERT_EQ(0, swap(b, SWAP_OUT, self->h, PAGES, BLOB, 0));
	EXPECT_EQ(1, get64(entry + 8)) TH_LOG("next IV");
}

TEST_F(debug, swap_in_tampered)
{
	struct box *b = &self->b;
	uint8_t *entry = at(b, MDATA);

	ASSERT_EQ(0, swap(b, SWAP_OUT, self->h, PAGES, BLOB, 0));
	for (int i = 0; i < 0x38; i += 7) {
		entry[i] ^= 1;
		EXPECT_EQ(SWPSP_BAD_MEASUREMENT,
			  swap(b, SWAP_IN, self->h, BLOB, PAGES + 0x1000, 0));
		entry[i] ^= 1;
	}
	*at(b, BLOB + 0xfff) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, swap(b, SWAP_IN, self->h, BLOB, PAGES + 0x1000, 0));
	*at(b, BLOB + 0xfff) ^= 1;
	EXPECT_EQ(0, swap(b, SWAP_IN, self->h, BLOB, PAGES + 0x1000, 0));
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT,
		  swap(b, SWAP_IN, launch_to(b, 0, 8, LUPDATE), BLOB, PAGES + 0x1000, 0))
		TH_LOG("another guest");
}

TEST_F(debug, swap_large)
{
	struct box *b = &self->b;
	uint8_t *before = malloc(0x200000);

	memset(at(b, PAGES), 0x42, 0x200000);
	memcpy(before, at(b, PAGES), 0x200000);
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, self->h, PAGES, 0x200000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS,
		  swap(b, SWAP_OUT, self->h, PAGES + 0x1000, 0x600000, S_2M));
	ASSERT_EQ(0, swap(b, SWAP_OUT, self->h, PAGES, 0x600000, S_2M));
	EXPECT_EQ(S_2M, get32(at(b, MDATA + 0x3c)));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_IN, self->h, 0x600000, PAGES, 0))
		TH_LOG("size differs from the entry's");
	ASSERT_EQ(0, swap(b, SWAP_IN, self->h, 0x600000, PAGES + 0x1000, S_2M))
		TH_LOG("4 KiB alignment is enough here");
	EXPECT_TRUE(sees(b, PAGES + 0x1000, before, 0x1ff000));
	free(before);
}

TEST_F(debug, swap_save_area)
{
	struct box *b = &self->b;
	uint32_t es = launch_to(b, ES, 3, LUPDATE), other;

	ASSERT_NE(0, es);
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_VMSA, es, PAGES, 0x1000));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_OUT, es, PAGES, BLOB, 0)) TH_LOG("not data");
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_OUT, es, PAGES + 0x1000, BLOB, S_VMSA));
	ASSERT_EQ(0, swap(b, SWAP_OUT, es, PAGES, BLOB, S_VMSA));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_IN, es, BLOB, PAGES, 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_IN, es, BLOB, BLOB, S_VMSA | S_PLACE));
	EXPECT_EQ(0, swap(b, SWAP_IN, es, BLOB, PAGES + 0x2000, S_VMSA));
	EXPECT_EQ(0, swap(b, SWAP_OUT, es, PAGES + 0x2000, BLOB, S_VMSA)) TH_LOG("still is one");
	ASSERT_EQ(0, launch_start(b, es, ES, &other));
	ASSERT_EQ(0, activate(b, other, 4));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_OUT, other, PAGES + 0x2000, BLOB, S_VMSA))
		TH_LOG("not this guest's, although the key is the same");
}

TEST_F(debug, swap_order_of_checks)
{
	struct box *b = &self->b;
	uint32_t unbound = launch_to(b, 0, 0, LUPDATE);

	for (uint32_t id = SWAP_OUT; id <= SWAP_IN; id++) {
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, id, 99, OUTSIDE, BLOB, 5));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, id, 99, PAGES, OUTSIDE, 4));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, id, 99, PAGES + 0x800, BLOB, 4));
		EXPECT_EQ(SWPSP_INVALID_ADDRESS, swap(b, id, 99, PAGES, BLOB + 16, 4));
		EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, id, 99, MDATA & ~0xfffu, BLOB, 0))
			TH_LOG("the entry is in the page");
		EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, id, 99, BLOB, MDATA & ~0xfffu, 0));
	}
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_OUT, 99, 0x400000, 0x600000, S_2M | S_VMSA));
	EXPECT_EQ(SWPSP_INVALID_GUEST, swap(b, SWAP_OUT, 99, PAGES, BLOB, 0));
	EXPECT_EQ(SWPSP_INACTIVE, swap(b, SWAP_OUT, unbound, PAGES, BLOB, 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, swap(b, SWAP_IN, 99, PAGES, BLOB, S_PLACE))
		TH_LOG("in place, but two places");
	EXPECT_EQ(SWPSP_INVALID_GUEST, swap(b, SWAP_IN, 99, PAGES, BLOB, 0));
	EXPECT_EQ(SWPSP_INACTIVE, swap(b, SWAP_IN, unbound, PAGES, BLOB, 0));
}

TEST_HARNESS_MAIN
