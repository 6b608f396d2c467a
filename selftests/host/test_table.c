// SPDX-License-Identifier: GPL-2.0
/*
 * Lint for the command table: it is data, so mistakes in it can be found by
 * looking at it. Compiled together with the driver's own table.c and check.c.
 */
#include "psp/row.h"
#include "kselftest_harness.h"
#include "swpsp.h"

/* Claim bytes for one column; false if another column has one of them already. */
static bool claim_bytes(bool *claimed, unsigned int off, unsigned int size)
{
	bool fresh = true;

	for (; size; off++, size--) {
		fresh &= !claimed[off];
		claimed[off] = true;
	}
	return fresh;
}

TEST(ids_are_unique_and_sorted)
{
	unsigned int i;

	ASSERT_LT(0, psp_nr_rows);
	for (i = 1; i < psp_nr_rows; i++)
		EXPECT_LT(psp_rows[i - 1].id, psp_rows[i].id)
			TH_LOG("row %s", psp_rows[i].name);
}

TEST(find_finds_all_and_nothing_else)
{
	unsigned int id, i, found = 0;

	for (i = 0; i < psp_nr_rows; i++)
		EXPECT_EQ(&psp_rows[i], psp_row_find(psp_rows[i].id));
	for (id = 0; id < 0x1000; id++)
		found += !!psp_row_find(id);
	EXPECT_EQ(psp_nr_rows, found);
	EXPECT_EQ(NULL, psp_row_find(0));
	EXPECT_EQ(NULL, psp_row_find(SEV_FW_CMD(SEV_FW_NOP)));
	EXPECT_EQ(NULL, psp_row_find(0xffffffff));
}

/* A number that is wrong in one of the two is no command of the other, or another one. */
TEST(the_software_psp_has_the_same_commands)
{
	const struct psp_row *row;
	const char *name;
	unsigned int id;

	for (id = 0; id < 0x1000; id++) {
		row = psp_row_find(id);
		name = swpsp_command_name(id);
		EXPECT_EQ(!row, !name) TH_LOG("command 0x%03x", id);
		if (row && name)
			EXPECT_STREQ(row->name, name);
	}
}

TEST(columns_are_in_range_and_do_not_overlap)
{
	const struct psp_row *row;
	unsigned int i;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		bool claimed[256] = { false };

		EXPECT_LE(row->size, SEV_FW_BLOCK_MAX) TH_LOG("%s", row->name);
		EXPECT_LE(row->first, row->size) TH_LOG("%s", row->name);
		EXPECT_EQ(!row->size, !row->first) TH_LOG("%s", row->name);
		for (i = 0; i < PSP_RANGES; i++) {
			EXPECT_LE(row->user[i].off + row->user[i].size, row->size)
				TH_LOG("%s user[%u]", row->name, i);
			EXPECT_TRUE(claim_bytes(claimed, row->user[i].off, row->user[i].size))
				TH_LOG("%s user[%u]", row->name, i);
		}
		for (i = 0; i < PSP_OWNS; i++) {
			if (row->own[i].kind == PSP_OWN_NONE)
				continue;
			/* nobody looks beyond the first that is not there */
			EXPECT_TRUE(!i || row->own[i - 1].kind != PSP_OWN_NONE)
				TH_LOG("%s own[%u]", row->name, i);
			EXPECT_LE(row->own[i].off + psp_own_size(row->own[i].kind), row->size)
				TH_LOG("%s own[%u]", row->name, i);
			/* each caller must be told the handle */
			if (row->own[i].kind == PSP_OWN_NEW_HANDLE)
				EXPECT_LE(row->own[i].off + 4, row->first)
					TH_LOG("%s own[%u]", row->name, i);
			EXPECT_TRUE(claim_bytes(claimed, row->own[i].off,
						psp_own_size(row->own[i].kind)))
				TH_LOG("%s own[%u]", row->name, i);
		}
		for (i = 0; i < SEV_FW_BUFS; i++) {
			const struct psp_buf *buf = &row->buf[i];

			if (buf->kind == SEV_FW_BUF_NONE)
				continue;
			EXPECT_LE(buf->addr + 8, row->size) TH_LOG("%s buf[%u]", row->name, i);
			/* a caller of the first header does not know of it */
			if (buf->addr >= row->first)
				EXPECT_TRUE(buf->optional) TH_LOG("%s buf[%u]", row->name, i);
			/* one in place of the one before, as the flags say */
			if (i && buf->addr == buf[-1].addr) {
				EXPECT_NE(0, buf[-1].if_mask) TH_LOG("%s buf[%u]", row->name, i);
			} else {
				EXPECT_TRUE(claim_bytes(claimed, buf->addr, 8))
					TH_LOG("%s buf[%u]", row->name, i);
			}
			if (!psp_len_in_block(buf)) {
				EXPECT_NE(0, buf->max) TH_LOG("%s buf[%u]", row->name, i);
				continue;
			}
			EXPECT_LE(buf->len + 4, row->size) TH_LOG("%s buf[%u]", row->name, i);
			/* a command done run by run has one length for all its buffers */
			EXPECT_TRUE(claim_bytes(claimed, buf->len, 4) ||
				    row->each == PSP_EACH_RUN)
				TH_LOG("%s buf[%u]", row->name, i);
		}
	}
}

TEST(buffers_that_depend_on_flags_say_where_these_are)
{
	const struct psp_row *row;
	unsigned int i;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++)
		for (i = 0; i < SEV_FW_BUFS; i++) {
			const struct psp_buf *buf = &row->buf[i];

			if (buf->if_mask || buf->len == SEV_FW_BUF_PAGE)
				EXPECT_LT(0, buf->flags) TH_LOG("%s buf[%u]", row->name, i);
			EXPECT_EQ(0, buf->if_value & ~buf->if_mask)
				TH_LOG("%s buf[%u]", row->name, i);
		}
}

TEST(buffers_make_sense)
{
	const struct psp_row *row;
	unsigned int i;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		bool ended = false, any = false;

		for (i = 0; i < SEV_FW_BUFS; i++) {
			const struct psp_buf *buf = &row->buf[i];

			if (buf->kind == SEV_FW_BUF_NONE) {
				ended = true;
				continue;
			}
			any = true;
			EXPECT_FALSE(ended) TH_LOG("%s has a hole before buf[%u]", row->name, i);
			EXPECT_NE(0, buf->dir) TH_LOG("%s buf[%u]", row->name, i);
			EXPECT_EQ(0, buf->dir & ~(SEV_FW_BUF_READ | SEV_FW_BUF_WRITE));
			/* a bounce buffer needs a bound, or user space chooses its size */
			if (buf->kind != SEV_FW_BUF_GUEST)
				EXPECT_NE(0, buf->max) TH_LOG("%s buf[%u]", row->name, i);
			/* and the bound is no size of today, or later answers do not fit */
			if (row->each == PSP_ONCE && buf->kind == SEV_FW_BUF_BLOB &&
			    buf->dir == SEV_FW_BUF_WRITE && psp_len_in_block(buf))
				EXPECT_LE(2 * SEV_FW_CHAIN_SIZE, buf->max)
					TH_LOG("%s buf[%u]", row->name, i);
			/* guest memory needs a guest, unless it is memory of KVM's choice */
			if (row->door && (buf->kind == SEV_FW_BUF_GUEST ||
					  buf->kind == SEV_FW_BUF_VMSA ||
					  buf->kind == SEV_FW_BUF_PRIVATE ||
					  buf->kind == SEV_FW_BUF_METADATA))
				EXPECT_EQ(PSP_DOOR_GUEST, row->door) TH_LOG("%s", row->name);
			/* all buffers of a run-by-run command share the length */
			if (row->each == PSP_EACH_RUN)
				EXPECT_EQ(row->buf[0].len, buf->len) TH_LOG("%s", row->name);
		}
		if (row->each != PSP_ONCE) {
			EXPECT_TRUE(any) TH_LOG("%s", row->name);
			EXPECT_TRUE(row->back) TH_LOG("%s must tell how far it got", row->name);
		}
	}
}

TEST(what_belongs_to_the_driver_has_no_door)
{
	static const u16 driver_only[] = {
		SEV_FW_INIT, SEV_FW_INIT_EX, SEV_FW_SHUTDOWN, SEV_FW_DF_FLUSH, SEV_FW_RING_BUFFER,
		SEV_FW_ACTIVATE, SEV_FW_ACTIVATE_EX, SEV_FW_DEACTIVATE, SEV_FW_DECOMMISSION,
		SEV_FW_SNP_INIT, SEV_FW_SNP_INIT_EX, SEV_FW_SNP_SHUTDOWN, SEV_FW_SNP_SHUTDOWN_EX,
		SEV_FW_SNP_DF_FLUSH, SEV_FW_SNP_GCTX_CREATE, SEV_FW_SNP_ACTIVATE,
		SEV_FW_SNP_ACTIVATE_EX, SEV_FW_SNP_DECOMMISSION, SEV_FW_SNP_PAGE_RECLAIM,
		SEV_FW_SNP_PAGE_UNSMASH, SEV_FW_SNP_PAGE_SET_STATE, SEV_FW_SNP_PAGE_MD_INIT,
		SEV_FW_SNP_DOWNLOAD_FIRMWARE_EX,
	};
	const struct psp_row *row;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(driver_only); i++) {
		row = psp_row_find(driver_only[i]);
		if (row)
			EXPECT_EQ(PSP_DOOR_DRIVER, row->door) TH_LOG("%s", row->name);
	}
}

/* The reasons are in row.h. */
TEST(demands_on_the_caller)
{
	const struct psp_row *row;
	unsigned int admin = 0;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		EXPECT_LE(row->demand, PSP_DEMAND_ADMIN) TH_LOG("%s", row->name);
		/* the VM fd is all that a caller needs */
		if (row->door & PSP_DOOR_GUEST)
			EXPECT_EQ(PSP_DEMAND_NOTHING, row->demand) TH_LOG("%s", row->name);
		if (!(row->door & PSP_DOOR_PLATFORM))
			continue;
		/* only a writer may change what others rely on, or take the platform down */
		if (row->then == PSP_THEN_PERSIST || row->platform == PSP_PLATFORM_DOWN ||
		    row->platform == PSP_PLATFORM_OFF)
			EXPECT_LE(PSP_DEMAND_WRITE, row->demand) TH_LOG("%s", row->name);
		/* only the administrator chooses the code that the PSP executes */
		EXPECT_EQ(row->then == PSP_THEN_RELOAD || row->id == SEV_FW_SNP_COMMIT,
			  row->demand == PSP_DEMAND_ADMIN) TH_LOG("%s", row->name);
		admin += row->demand == PSP_DEMAND_ADMIN;
		/* a change of the NV area, the identity or the code has no way back */
		if (row->then == PSP_THEN_PERSIST || row->then == PSP_THEN_RESET ||
		    row->demand == PSP_DEMAND_ADMIN)
			EXPECT_TRUE(row->final) TH_LOG("%s", row->name);
		/* a reader must not be able to do anything that needs a question first */
		if (row->final)
			EXPECT_LE(PSP_DEMAND_WRITE, row->demand) TH_LOG("%s", row->name);
	}
	EXPECT_LT(0, admin);
}

/* As KVM does, which is known to work with firmware that is older than the public one. */
TEST(guest_memory_of_a_packet_has_the_c_bit)
{
	const struct psp_row *row;
	unsigned int i, found = 0;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		bool packet = row->id == SEV_FW_SEND_UPDATE_DATA ||
			      row->id == SEV_FW_SEND_UPDATE_VMSA ||
			      row->id == SEV_FW_RECEIVE_UPDATE_DATA ||
			      row->id == SEV_FW_RECEIVE_UPDATE_VMSA;

		for (i = 0; i < SEV_FW_BUFS; i++) {
			bool guest = row->buf[i].kind == SEV_FW_BUF_GUEST ||
				     row->buf[i].kind == SEV_FW_BUF_VMSA;

			EXPECT_EQ(packet && guest, row->buf[i].c_bit) TH_LOG("%s", row->name);
			found += row->buf[i].c_bit;
		}
	}
	EXPECT_EQ(4, found);
}

TEST(a_guest_command_names_the_guest_itself)
{
	const struct psp_row *row;
	unsigned int i, handles;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		if (!(row->door & PSP_DOOR_GUEST))
			continue;
		EXPECT_NE(PSP_GUEST_ANY, row->guest) TH_LOG("%s", row->name);
		for (handles = 0, i = 0; i < PSP_OWNS; i++)
			handles += row->snp ? row->own[i].kind == PSP_OWN_CONTEXT :
				   row->own[i].kind == PSP_OWN_HANDLE ||
				   row->own[i].kind == PSP_OWN_NEW_HANDLE;
		EXPECT_EQ(1, handles) TH_LOG("%s", row->name);
		/* the engine takes a new guest's handle from the first owned field */
		if (row->then == PSP_THEN_OPEN)
			EXPECT_EQ(PSP_OWN_NEW_HANDLE, row->own[0].kind) TH_LOG("%s", row->name);
		/* likewise the policy, from the caller's bytes, which are nothing else */
		if (row->then == PSP_THEN_OPEN) {
			EXPECT_EQ(4, row->user[0].size) TH_LOG("%s", row->name);
			EXPECT_EQ(0, row->user[1].size) TH_LOG("%s", row->name);
		}
		/* that of an SNP guest is longer, and the first of several fields */
		if (row->then == PSP_THEN_LAUNCH)
			EXPECT_EQ(8, row->user[0].size) TH_LOG("%s", row->name);
	}
}

/*
 * The firmware may write only to pages that are its own, or are on their way to a guest, or are
 * a guest's which cannot write to them meanwhile. Of a guest's it may read some.
 */
TEST(pages_change_hands_where_the_firmware_writes)
{
	const struct psp_buf *buf;
	const struct psp_row *row;
	bool private, gives_back;
	unsigned int leaving = 0;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++) {
			private = buf->kind == SEV_FW_BUF_PRIVATE;
			EXPECT_EQ(!(buf->dir & SEV_FW_BUF_WRITE) && !private,
				  buf->before == SEV_FW_PAGE_ANY) TH_LOG("%s", row->name);
			leaving += psp_moves_out(buf);
			EXPECT_EQ(private && buf->dir == SEV_FW_BUF_READ && !psp_moves_out(buf),
				  buf->before == SEV_FW_PAGE_GUEST) TH_LOG("%s", row->name);
			EXPECT_TRUE(!private || buf->after == SEV_FW_PAGE_GUEST ||
				    psp_moves_out(buf)) TH_LOG("%s", row->name);
			EXPECT_TRUE(private || !psp_moves_out(buf)) TH_LOG("%s", row->name);
			EXPECT_EQ(buf->kind == SEV_FW_BUF_METADATA,
				  buf->before == SEV_FW_PAGE_METADATA) TH_LOG("%s", row->name);
			/* what is given back may have been in any state */
			gives_back = row->id == SEV_FW_SNP_PAGE_RECLAIM && buf == row->buf;
			EXPECT_EQ(buf->before == SEV_FW_PAGE_ANY && !gives_back,
				  buf->after == SEV_FW_PAGE_ANY) TH_LOG("%s", row->name);
			EXPECT_GE(SEV_FW_PAGE_PRE_SWAP, buf->before) TH_LOG("%s", row->name);
			EXPECT_GE(SEV_FW_PAGE_PRE_SWAP, buf->after) TH_LOG("%s", row->name);
		}
		/* an SNP command answers in a page of its own, never in its block */
		EXPECT_FALSE(row->snp && row->back) TH_LOG("%s", row->name);
		EXPECT_EQ(row->snp, row->id >= SEV_FW_SNP_INIT) TH_LOG("%s", row->name);
	}
	EXPECT_EQ(2, leaving) TH_LOG("PAGE_SWAP_OUT and PAGE_MOVE");
}

TEST(names_are_known)
{
	struct sev_fw_cmd_info info;
	const struct psp_row *row;

	for (row = psp_rows; row < psp_rows + psp_nr_rows; row++) {
		ASSERT_NE(NULL, row->name);
		psp_row_info(row, 0xffff, &info);
		EXPECT_STREQ(row->name, info.name);
		EXPECT_EQ(SEV_FW_CMD(row->id), info.id);
		EXPECT_EQ(row->size, info.size);
		EXPECT_EQ(row->first, info.min_size);
		EXPECT_TRUE(info.flags & SEV_FW_INFO_AVAILABLE);
		EXPECT_EQ(row->demand >= PSP_DEMAND_WRITE, !!(info.flags & SEV_FW_INFO_WRITE));
		EXPECT_EQ(row->demand == PSP_DEMAND_ADMIN, !!(info.flags & SEV_FW_INFO_ADMIN));
		EXPECT_EQ(row->snp, !!(info.flags & SEV_FW_INFO_SNP));
		EXPECT_EQ(row->final, !!(info.flags & SEV_FW_INFO_FINAL));
		if (row->since) {
			psp_row_info(row, row->since - 1, &info);
			EXPECT_FALSE(info.flags & SEV_FW_INFO_AVAILABLE);
		}
	}
}

TEST_HARNESS_MAIN
