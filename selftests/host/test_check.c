// SPDX-License-Identifier: GPL-2.0
/*
 * The pure core of the engine, compiled from the driver's own source: for every
 * row and every byte, what a caller may set gets through and all else is refused;
 * what comes back carries no address and no identity.
 */
#include <stdlib.h>
#include "psp/row.h"
#include "selftests/box/patience.h"
#include "kselftest_harness.h"

static bool callers_byte(const struct psp_row *row, unsigned int byte)
{
	u64 mask[2];

	psp_row_user_mask(row, mask);
	return mask[byte / 64] >> byte % 64 & 1;
}

/* A block that the row accepts: each buffer of 16 bytes somewhere. */
static struct psp_user_block good_block(const struct psp_row *row)
{
	struct psp_user_block block = { { 0 } };
	const struct psp_buf *buf;

	for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++) {
		if (!psp_buf_there(row, buf - row->buf, block.byte))
			continue;
		psp_put32(block.byte, buf->addr, 0x10000 * (buf - row->buf + 1));
		if (psp_len_in_block(buf))
			psp_put32(block.byte, buf->len,
				  buf->kind == SEV_FW_BUF_VMSA ? SEV_FW_VMSA_SIZE : 16);
	}
	return block;
}

#define for_each_row(row) \
	for ((row) = psp_rows; (row) < psp_rows + psp_nr_rows; (row)++)

TEST(good_blocks_pass)
{
	const struct psp_row *row;

	for_each_row(row) {
		struct psp_user_block block = good_block(row);

		EXPECT_EQ(0, psp_check(row, &block)) TH_LOG("%s", row->name);
	}
}

TEST(every_foreign_bit_is_refused)
{
	const struct psp_row *row;
	unsigned int byte, bit, refused = 0;

	for_each_row(row) {
		for (byte = 0; byte < row->size; byte++) {
			if (callers_byte(row, byte))
				continue;
			for (bit = 0; bit < 8; bit++) {
				struct psp_user_block block = good_block(row);

				block.byte[byte] = 1 << bit;
				EXPECT_EQ(-EINVAL, psp_check(row, &block))
					TH_LOG("%s byte %#x bit %u", row->name, byte, bit);
				refused++;
			}
		}
	}
	EXPECT_LT(1000, refused);
}

/* An address is only the caller's while the flags say that there is something at it. */
/* Of the flags of SNP_LAUNCH_START one bit is not the caller's, of the two swaps four each. */
TEST(bits_of_a_callers_byte_are_refused)
{
	unsigned int bit, refused = 0;
	const struct psp_row *row;

	for_each_row(row) {
		EXPECT_TRUE(!row->never.mask || callers_byte(row, row->never.off))
			TH_LOG("%s", row->name);
		for (bit = 0; row->never.mask && bit < 8; bit++) {
			struct psp_user_block block = good_block(row);
			bool never = row->never.mask >> bit & 1;

			block.byte[row->never.off] |= 1 << bit;
			EXPECT_EQ(never ? -EINVAL : 0, psp_check(row, &block))
				TH_LOG("%s bit %u", row->name, bit);
			refused += never;
		}
	}
	EXPECT_EQ(1 + 4 + 4, refused);
}

TEST(buffers_are_there_if_flags_say_so)
{
	const struct psp_row *row;
	const struct psp_buf *buf;
	unsigned int i, found = 0;

	for_each_row(row) {
		for (i = 0; i < SEV_FW_BUFS; i++) {
			struct psp_user_block block = { { 0 } };

			buf = &row->buf[i];
			if (!buf->if_mask)
				continue;
			found++;
			EXPECT_FALSE(psp_buf_there(row, i, block.byte)) TH_LOG("%s", row->name);
			block.byte[buf->flags] = buf->if_value;
			EXPECT_TRUE(psp_buf_there(row, i, block.byte)) TH_LOG("%s", row->name);
			psp_put32(block.byte, buf->addr, 0x1000);
			EXPECT_EQ(0, psp_check(row, &block)) TH_LOG("%s", row->name);
			block.byte[buf->flags] = 0;
			/* unless another one has the same address then */
			EXPECT_EQ(i + 1 < SEV_FW_BUFS && row->buf[i + 1].addr == buf->addr ?
				  0 : -EINVAL, psp_check(row, &block)) TH_LOG("%s", row->name);
		}
	}
	EXPECT_LE(3, found);
}

TEST(user_ranges_take_any_value)
{
	const struct psp_row *row;
	unsigned int i, byte, tried = 0;

	for_each_row(row) {
		for (i = 0; i < PSP_RANGES; i++) {
			for (byte = 0; byte < row->user[i].size; byte++) {
				struct psp_user_block block = good_block(row);

				block.byte[row->user[i].off + byte] = 0xff;
				block.byte[row->never.off] &= ~row->never.mask;
				EXPECT_EQ(0, psp_check(row, &block))
					TH_LOG("%s byte %#x", row->name, row->user[i].off + byte);
				tried++;
			}
		}
	}
	EXPECT_LT(0, tried);
}

TEST(lengths)
{
	const struct psp_buf *buf;
	const struct psp_row *row;

	for_each_row(row) {
		for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++) {
			struct psp_user_block block = good_block(row);
			bool room = buf->dir == SEV_FW_BUF_WRITE && row->each == PSP_ONCE &&
				    buf->kind == SEV_FW_BUF_BLOB;

			if (buf->kind == SEV_FW_BUF_NONE || !psp_len_in_block(buf))
				continue;
			/* addresses so far apart that no length makes buffers overlap */
			psp_put32(block.byte, row->buf[0].addr + 4, 0x100);

			psp_put32(block.byte, buf->len, 0);
			EXPECT_EQ(room ? 0 : -EINVAL, psp_check(row, &block))
				TH_LOG("%s: length 0", row->name);

			psp_put32(block.byte, buf->len, 0xffffffff);
			EXPECT_EQ(room || !buf->max || row->each == PSP_EACH_RUN ? 0 : -EINVAL,
				  psp_check(row, &block)) TH_LOG("%s: length u32 max", row->name);

			if (!buf->max || buf->kind == SEV_FW_BUF_VMSA)
				continue;
			psp_put32(block.byte, buf->len, buf->max);
			EXPECT_EQ(0, psp_check(row, &block)) TH_LOG("%s: length max", row->name);

			psp_put32(block.byte, buf->len, buf->max + 1);
			EXPECT_EQ(room || row->each == PSP_EACH_RUN ? 0 : -EINVAL,
				  psp_check(row, &block)) TH_LOG("%s: length max + 1", row->name);
		}
	}
}

TEST(save_areas_have_one_size)
{
	const struct psp_row *row;
	unsigned int rows = 0;
	const struct psp_buf *buf;

	for_each_row(row) {
		for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++) {
			struct psp_user_block block = good_block(row);

			if (buf->kind != SEV_FW_BUF_VMSA || !psp_len_in_block(buf))
				continue;
			rows++;
			psp_put32(block.byte, buf->len, SEV_FW_VMSA_SIZE - 1);
			EXPECT_EQ(-EINVAL, psp_check(row, &block)) TH_LOG("%s", row->name);

			/* no length means all vCPUs, where that is possible, and no number */
			psp_put32(block.byte, buf->len, 0);
			EXPECT_EQ(-EINVAL, psp_check(row, &block)) TH_LOG("%s", row->name);
			psp_put32(block.byte, buf->addr, 0);
			EXPECT_EQ(row->each == PSP_EACH_VCPU ? 0 : -EINVAL, psp_check(row, &block))
				TH_LOG("%s", row->name);
		}
	}
	EXPECT_EQ(3, rows);
}

TEST(overlapping_copies_are_refused)
{
	const struct psp_row *row = psp_row_find(SEV_FW_COPY);
	struct psp_user_block block;
	int distance;

	ASSERT_NE(NULL, row);
	for (distance = -0x3000; distance <= 0x3000; distance += 0x1000) {
		block = good_block(row);
		psp_put32(block.byte, row->buf[0].len, 0x2000);
		psp_put32(block.byte, row->buf[0].addr, 0x10000);
		psp_put32(block.byte, row->buf[1].addr, 0x10000 + distance);
		EXPECT_EQ(abs(distance) < 0x2000 ? -EINVAL : 0, psp_check(row, &block))
			TH_LOG("distance %d", distance);
	}
}

TEST(pages_are_small_or_huge)
{
	const struct psp_row *row = psp_row_find(SEV_FW_SWAP_OUT);
	struct psp_user_block block = { { 0 } };

	ASSERT_NE(NULL, row);
	EXPECT_EQ(0x1000, psp_user_len(&row->buf[0], &block));
	psp_put32(block.byte, 4, 1);
	EXPECT_EQ(0x200000, psp_user_len(&row->buf[0], &block));
	EXPECT_EQ(0x200000, psp_user_len(&row->buf[1], &block));
	EXPECT_EQ(SEV_FW_SWAP_MDATA_SIZE, psp_user_len(&row->buf[2], &block));
}

TEST(half_a_session_is_refused)
{
	const struct psp_row *row = psp_row_find(SEV_FW_LAUNCH_START);
	struct psp_user_block block;
	int i;

	ASSERT_NE(NULL, row);

	memset(&block, 0, sizeof(block));
	EXPECT_EQ(0, psp_check(row, &block));

	for (i = 0; i < 2; i++) {
		block = good_block(row);
		memset(block.byte + row->buf[i].addr, 0, 8);
		psp_put32(block.byte, row->buf[i].len, 0);
		EXPECT_EQ(-EINVAL, psp_check(row, &block)) TH_LOG("buffer %d absent", i);

		/* an address without a length is no way to ask for "no session" */
		block = good_block(row);
		psp_put32(block.byte, row->buf[i].len, 0);
		EXPECT_EQ(-EINVAL, psp_check(row, &block)) TH_LOG("buffer %d of length 0", i);
	}
}

TEST(fill_sets_what_is_owned_and_drops_addresses)
{
	const struct psp_fill fill = { .handle = 0x11223344, .asid = 0x55667788 };
	const struct psp_row *row;
	unsigned int i, byte;

	for_each_row(row) {
		struct psp_user_block user = good_block(row);
		struct psp_fw_block fw;
		bool owned[SEV_FW_BLOCK_MAX] = { false };

		psp_fill(row, &user, &fill, &fw);
		for (i = 0; i < PSP_OWNS; i++) {
			const u32 want[] = {
				[PSP_OWN_LENGTH] = row->size, [PSP_OWN_ONE] = 1,
				[PSP_OWN_CONTEXT] = 0,
				[PSP_OWN_HANDLE] = 0x11223344, [PSP_OWN_ASID] = 0x55667788,
				[PSP_OWN_NEW_HANDLE] = 0, [PSP_OWN_HIDDEN] = 0,
			};

			if (row->own[i].kind == PSP_OWN_NONE)
				continue;
			EXPECT_EQ(want[row->own[i].kind], psp_fw_get32(&fw, row->own[i].off))
				TH_LOG("%s own[%u]", row->name, i);
			memset(owned + row->own[i].off, true, psp_own_size(row->own[i].kind));
		}
		for (i = 0; i < SEV_FW_BUFS; i++) {
			if (row->buf[i].kind == SEV_FW_BUF_NONE)
				break;
			for (byte = 0; byte < 8; byte++)
				EXPECT_EQ(0, fw.byte[row->buf[i].addr + byte])
					TH_LOG("%s: user address for firmware", row->name);
			memset(owned + row->buf[i].addr, true, 8);
		}
		for (byte = 0; byte < row->size; byte++)
			if (!owned[byte])
				EXPECT_EQ(user.byte[byte], fw.byte[byte])
					TH_LOG("%s byte %#x", row->name, byte);
	}
}

TEST(scrub_lets_no_address_and_no_identity_through)
{
	const struct psp_row *row;
	unsigned int i;

	for_each_row(row) {
		struct psp_user_block given = good_block(row), user = given;
		struct psp_fw_block fw;

		memset(&fw, 0xa5, sizeof(fw));
		psp_scrub(row, &fw, &user);

		for (i = 0; i < SEV_FW_BUFS; i++)
			if (row->buf[i].kind != SEV_FW_BUF_NONE)
				EXPECT_EQ(0, memcmp(user.byte + row->buf[i].addr,
						    given.byte + row->buf[i].addr, 8))
					TH_LOG("%s: address", row->name);
		for (i = 0; i < PSP_OWNS; i++) {
			bool shown = row->own[i].kind == PSP_OWN_NEW_HANDLE;

			if (row->own[i].kind != PSP_OWN_NONE)
				EXPECT_EQ(shown ? 0xa5a5a5a5 : 0,
					  psp_get32(user.byte, row->own[i].off))
					TH_LOG("%s own[%u]", row->name, i);
		}
		for (i = row->size; i < SEV_FW_BLOCK_MAX; i++)
			EXPECT_EQ(0, user.byte[i]) TH_LOG("%s: past the end", row->name);
	}
}

TEST(random_blocks)
{
	const struct psp_row *row;
	unsigned int i, n;

	srand(test_seed(1));
	for (n = 0; n < 200000; n++) {
		struct psp_user_block block = { { 0 } };
		bool foreign = false;

		row = &psp_rows[(unsigned int)rand() % psp_nr_rows];
		for (i = 0; i < row->size; i++) {
			block.byte[i] = rand() % 4 ? 0 : rand();
			foreign |= block.byte[i] && !callers_byte(row, i);
		}
		if (psp_check(row, &block) == 0)
			ASSERT_FALSE(foreign) TH_LOG("%s", row->name);
	}
}

/*
 * A block that has grown. All rows grow here by what a later SEV API might add: a word
 * that the firmware reads, and one that it writes.
 */
#define GREW	16

static struct psp_row grown(const struct psp_row *row, struct psp_range *added)
{
	struct psp_row later = *row;

	later.size = row->size + GREW;
	later.user[PSP_RANGES - 1] = (struct psp_range){ row->size, 8 };
	*added = later.user[PSP_RANGES - 1];
	return later;
}

TEST(lengths_of_blocks)
{
	const struct psp_row *row;
	u32 len;

	for_each_row(row) {
		struct psp_range added;
		struct psp_row later = grown(row, &added);

		ASSERT_LE(later.size, SEV_FW_BLOCK_MAX) TH_LOG("%s has no room to grow", row->name);
		ASSERT_LE(row->first, row->size) TH_LOG("%s", row->name);
		for (len = 0; len <= later.size + 8u; len++) {
			EXPECT_EQ(len >= row->first, psp_takes_len(row, len))
				TH_LOG("%s length %u", row->name, len);
			EXPECT_EQ(len >= row->first, psp_takes_len(&later, len))
				TH_LOG("%s, grown, length %u", row->name, len);
			/* not a byte beyond what the caller has, nor beyond what there is */
			EXPECT_EQ(!row->back ? 0 : len < later.size ? len : later.size,
				  psp_back_len(&later, len)) TH_LOG("%s length %u", row->name, len);
		}
	}
}

/* The life of a block as the engine has it, for a caller of the first header. */
TEST(shorter_blocks_mean_zeros)
{
	const struct psp_fill fill = { .handle = 0x11223344, .asid = 0x55667788 };
	const struct psp_row *row;
	unsigned int i, rows = 0;

	for_each_row(row) {
		struct psp_range added;
		struct psp_row later = grown(row, &added);
		struct psp_user_block good = good_block(row), user = { { 0 } };
		u8 callers[SEV_FW_BLOCK_MAX];
		struct psp_fw_block fw;

		memset(callers, 0xcc, sizeof(callers));
		memcpy(callers, good.byte, row->first);

		ASSERT_TRUE(psp_takes_len(&later, row->first));
		memcpy(user.byte, callers, row->first);
		EXPECT_EQ(0, psp_check(&later, &user)) TH_LOG("%s", row->name);
		psp_fill(&later, &user, &fill, &fw);
		for (i = row->first; i < later.size; i++)
			EXPECT_EQ(0, fw.byte[i]) TH_LOG("%s byte %#x", row->name, i);

		/* the firmware fills in what is new; a caller who does not know it keeps it */
		memset(fw.byte + row->size, 0xa5, GREW);
		psp_scrub(&later, &fw, &user);
		memcpy(callers, user.byte, psp_back_len(&later, row->first));
		for (i = row->first; i < SEV_FW_BLOCK_MAX; i++)
			EXPECT_EQ(0xcc, callers[i]) TH_LOG("%s byte %#x", row->name, i);

		/* a caller who does, sets it, and gets it */
		user = good_block(row);
		memset(user.byte + added.off, 0x77, added.size);
		if (row->user[PSP_RANGES - 1].size == 0)
			EXPECT_EQ(0, psp_check(&later, &user)) TH_LOG("%s", row->name);
		psp_fill(&later, &user, &fill, &fw);
		EXPECT_EQ(0, memcmp(fw.byte + added.off, user.byte + added.off, added.size))
			TH_LOG("%s", row->name);
		/* new bytes that are not the caller's are as strictly zero as ever */
		user.byte[later.size - 1] = 1;
		EXPECT_EQ(-EINVAL, psp_check(&later, &user)) TH_LOG("%s", row->name);
		rows++;
	}
	EXPECT_EQ(psp_nr_rows, rows);
}

TEST_HARNESS_MAIN
