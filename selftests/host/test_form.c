// SPDX-License-Identifier: GPL-2.0
/*
 * The forms of legacy commands, compiled from the driver's own source. Offsets are typed
 * once more here, from KVM's and the firmware's documents, and every byte of every struct
 * is moved alone: it arrives where it should, or nowhere.
 */
#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include "psp/form.h"
#include "kselftest_harness.h"

/* Where the bytes of a legacy struct go; and which bytes of the block come back. */
struct known {
	u32 legacy;
	u16 id;
	u8 size;
	struct psp_move in[5];
	struct psp_move out[3];
};

#define PACKET_IN { { 0x08, 0x00, 12 }, { 0x18, 0x10, 12 }, { 0x28, 0x20, 12 } }

static const struct known kvm_known[] = {
	{ KVM_SEV_LAUNCH_START, 0x30, 40,
	  { { 0x04, 0x04, 4 }, { 0x08, 0x08, 12 }, { 0x18, 0x18, 12 } } },
	{ KVM_SEV_LAUNCH_UPDATE_DATA, 0x31, 16, { { 0x08, 0x00, 12 } } },
	{ KVM_SEV_LAUNCH_UPDATE_VMSA, 0x32, 0 },
	{ KVM_SEV_LAUNCH_SECRET, 0x34, 48, PACKET_IN },
	{ KVM_SEV_LAUNCH_MEASURE, 0x33, 16, { { 0x08, 0x00, 12 } }, { { 0x08, 0x10, 4 } } },
	{ KVM_SEV_LAUNCH_FINISH, 0x35, 0 },
	{ KVM_SEV_SEND_START, 0x40, 72,
	  { { 0x08, 0x08, 12 }, { 0x18, 0x18, 12 }, { 0x28, 0x28, 12 }, { 0x38, 0x38, 12 } },
	  { { 0x00, 0x04, 4 }, { 0x40, 0x40, 4 } } },
	{ KVM_SEV_SEND_UPDATE_DATA, 0x41, 48, PACKET_IN,
	  { { 0x08, 0x10, 4 }, { 0x28, 0x30, 4 } } },
	{ KVM_SEV_SEND_FINISH, 0x43, 0 },
	{ KVM_SEV_SEND_CANCEL, 0x44, 0 },
	{ KVM_SEV_RECEIVE_START, 0x50, 40,
	  { { 0x04, 0x04, 4 }, { 0x08, 0x08, 12 }, { 0x18, 0x18, 12 } } },
	{ KVM_SEV_RECEIVE_UPDATE_DATA, 0x51, 48, PACKET_IN },
	{ KVM_SEV_RECEIVE_FINISH, 0x53, 0 },
	{ KVM_SEV_GUEST_STATUS, 0x23, 12, { }, { { 0x04, 0x04, 4 }, { 0x08, 0x0c, 1 } } },
	{ KVM_SEV_DBG_DECRYPT, 0x60, 24, { { 0x08, 0x00, 20 } } },
	{ KVM_SEV_DBG_ENCRYPT, 0x61, 24, { { 0x08, 0x00, 20 } } },
	{ KVM_SEV_GET_ATTESTATION_REPORT, 0x36, 32,
	  { { 0x10, 0x00, 16 }, { 0x08, 0x10, 8 }, { 0x20, 0x18, 4 } }, { { 0x18, 0x20, 4 } } },
};

static const struct known dev_known[] = {
	{ SEV_FACTORY_RESET, 0x03, 0 },
	{ SEV_PLATFORM_STATUS, 0x04, 12, { }, { { 0x00, 0x00, 12 } } },
	{ SEV_PEK_GEN, 0x05, 0 },
	{ SEV_PEK_CSR, 0x06, 12, { { 0x00, 0x00, 12 } }, { { 0x08, 0x08, 4 } } },
	{ SEV_PDH_GEN, 0x09, 0 },
	{ SEV_PDH_CERT_EXPORT, 0x08, 24, { { 0x00, 0x00, 12 }, { 0x10, 0x0c, 12 } },
	  { { 0x08, 0x08, 4 }, { 0x14, 0x18, 4 } } },
	{ SEV_PEK_CERT_IMPORT, 0x07, 24, { { 0x00, 0x00, 12 }, { 0x10, 0x0c, 12 } } },
	{ SEV_GET_ID, 0x0c, 128 },
	{ SEV_GET_ID2, 0x0c, 12, { { 0x00, 0x00, 12 } }, { { 0x08, 0x08, 4 } } },
	/* SNP's, by number: older headers lack the names */
	{ 9, 0x83, 32 },
	{ 10, 0xcb, 0 },
	{ 11, 0xc9, 64, { { 0x00, 0x00, 64 } } },
	{ 12, 0xcd, 16, { { 0x04, 0x04, 1 }, { 0x08, 0x08, 8 } } },
};

/* Where a byte goes by these moves; -1: nowhere. */
static int goes_to(const struct psp_move *moves, unsigned int count, unsigned int byte)
{
	for (unsigned int i = 0; i < count; i++)
		if (byte >= moves[i].from && byte < (unsigned int)moves[i].from + moves[i].len)
			return moves[i].to + byte - moves[i].from;
	return -1;
}

static void check_in(struct __test_metadata *_metadata, const struct psp_form *form,
		     const struct known *known)
{
	const struct psp_row *row = psp_row_find(form->id);
	struct psp_form bare = *form;

	/* members that follow from several fields are looked at below */
	bare.query = 0;
	bare.absent = false;
	bare.here = false;
	bare.sized = false;
	for (unsigned int byte = 0; byte < PSP_FORM_MAX; byte++) {
		struct psp_legacy legacy = { { 0 } };
		struct psp_user_block block, expected = { { 0 } };
		int to = goes_to(known->in, ARRAY_SIZE(known->in), byte);

		memset(&block, 0xee, sizeof(block));
		legacy.byte[byte] = 0x5a;
		if (to >= 0)
			expected.byte[to] = 0x5a;
		EXPECT_FALSE(psp_form_in(&bare, row, &legacy, 0, &block));
		EXPECT_EQ(0, memcmp(&expected, &block, sizeof(block)))
			TH_LOG("%s byte %u", row->name, byte);
	}
}

static void check_out(struct __test_metadata *_metadata, const struct psp_form *form,
		      const struct known *known)
{
	const struct psp_row *row = psp_row_find(form->id);

	for (unsigned int byte = 0; byte < SEV_FW_BLOCK_MAX; byte++) {
		struct psp_user_block block;
		struct psp_legacy legacy, expected;
		int to = goes_to(known->out, ARRAY_SIZE(known->out), byte);

		/* bytes that are not the caller's to get do not change */
		memset(&block, 0xee, sizeof(block));
		memset(&legacy, 0xee, sizeof(legacy));
		memset(&expected, 0xee, sizeof(expected));
		block.byte[byte] = 0x5a;
		if (to >= 0)
			expected.byte[to] = 0x5a;
		psp_form_out(form, row, false, &block, &legacy);
		EXPECT_EQ(0, memcmp(&expected, &legacy, sizeof(legacy)))
			TH_LOG("%s byte %u", row->name, byte);
	}
}

static void check_all(struct __test_metadata *_metadata, const struct psp_form *forms,
		      unsigned int nr_forms, const struct known *known, unsigned int nr_known)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < nr_forms; i++)
		found += !!forms[i].id;
	EXPECT_EQ(nr_known, found);
	for (; nr_known--; known++) {
		const struct psp_form *form = &forms[known->legacy];

		ASSERT_LT(known->legacy, nr_forms);
		ASSERT_NE(NULL, psp_row_find(form->id));
		EXPECT_EQ(known->id, form->id);
		EXPECT_EQ(known->size, form->size) TH_LOG("command 0x%02x", form->id);
		check_in(_metadata, form, known);
		check_out(_metadata, form, known);
	}
}

TEST(every_byte_of_kvms_structs_goes_where_it_should)
{
	check_all(_metadata, psp_kvm_forms, psp_nr_kvm_forms, kvm_known, ARRAY_SIZE(kvm_known));
	EXPECT_EQ(17, ARRAY_SIZE(kvm_known));
}

TEST(every_byte_of_the_devices_structs_goes_where_it_should)
{
	check_all(_metadata, psp_dev_forms, psp_nr_dev_forms, dev_known, ARRAY_SIZE(dev_known));
}

static const struct psp_form *any_form(unsigned int i)
{
	if (i < psp_nr_kvm_forms)
		return &psp_kvm_forms[i];
	i -= psp_nr_kvm_forms;
	return i < psp_nr_dev_forms ? &psp_dev_forms[i] : NULL;
}

#define for_each_form(form, i)							\
	for ((i) = 0; (form) = any_form(i), (i) < psp_nr_kvm_forms + psp_nr_dev_forms; (i)++) \
		if ((form)->id)

TEST(columns_are_in_range)
{
	const struct psp_form *form;
	unsigned int i, n, tried = 0;

	for_each_form(form, i) {
		const struct psp_row *row = psp_row_find(form->id);
		u64 mask[2];

		psp_row_user_mask(row, mask);
		for (n = 0; n < PSP_FORM_INS; n++) {
			EXPECT_LE(form->in[n].from + form->in[n].len, form->size)
				TH_LOG("%s in[%u]", row->name, n);
			/*
			 * A struct that is the block itself is moved whole, and the engine
			 * refuses what must be zero. Else what a form sets must be the
			 * caller's to set.
			 */
			tried += form->in[n].len;
			if (form->in[n].len == row->size)
				continue;
			for (u8 b = 0; b < form->in[n].len; b++)
				EXPECT_TRUE(mask[(form->in[n].to + b) / 64] >>
					    (form->in[n].to + b) % 64 & 1)
					TH_LOG("%s in[%u]", row->name, n);
		}
		for (n = 0; n < PSP_FORM_OUTS; n++) {
			EXPECT_LE(form->out[n].from + form->out[n].len, row->size);
			EXPECT_LE(form->out[n].to + form->out[n].len, form->size);
		}
		/* a struct larger than this is never copied */
		EXPECT_TRUE(form->size <= PSP_FORM_MAX || form->here) TH_LOG("%s", row->name);
		if (form->handle)
			EXPECT_LE(form->handle_at + 4, form->size) TH_LOG("%s", row->name);
		EXPECT_TRUE(form->handle || !form->share);
		EXPECT_EQ(form->share, form->share && row->then == PSP_THEN_OPEN);
		if (form->here)
			EXPECT_EQ(SEV_FW_BUF_WRITE, row->buf[0].dir);
		for (n = 0; n < SEV_FW_BUFS; n++)
			if (form->query >> n & 1)
				EXPECT_EQ(SEV_FW_BUF_WRITE, row->buf[n].dir)
					TH_LOG("%s", row->name);
	}
	EXPECT_LT(0, tried);
}

/* Guest memory and a blob of the same length are what psp_issue_grains() is about. */
TEST(grains_are_for_guest_memory_and_a_blob)
{
	const struct psp_form *form;
	unsigned int i, found = 0;

	for_each_form(form, i) {
		const struct psp_row *row = psp_row_find(form->id), *peek;

		EXPECT_EQ(!form->grain, !form->peek) TH_LOG("%s", row->name);
		if (!form->grain)
			continue;
		found++;
		EXPECT_EQ(0, form->grain & (form->grain - 1));
		EXPECT_LE(form->grain, 16);
		peek = psp_row_find(form->peek);
		ASSERT_NE(NULL, peek);
		EXPECT_EQ(SEV_FW_BUF_GUEST, peek->buf[0].kind);
		EXPECT_EQ(SEV_FW_BUF_READ, peek->buf[0].dir);
		EXPECT_NE(row->buf[0].kind, row->buf[1].kind);
		EXPECT_EQ(row->buf[0].len, row->buf[1].len);
		EXPECT_EQ(PSP_EACH_RUN, row->each);
		EXPECT_EQ(row->mirror, peek->mirror);
	}
	EXPECT_EQ(2, found);
}

TEST(a_query_looks_at_nothing_but_lengths)
{
	const struct psp_form *form;
	unsigned int i, n, tried = 0;

	for_each_form(form, i) {
		const struct psp_row *row = psp_row_find(form->id);
		static const struct psp_user_block nothing;

		for (n = 0; n < SEV_FW_BUFS; n++) {
			struct psp_user_block block;
			struct psp_legacy legacy;

			if (!(form->query >> n & 1))
				continue;
			memset(&legacy, 0xff, sizeof(legacy));
			EXPECT_FALSE(psp_form_in(form, row, &legacy, 0, &block));
			/* the length of one of them is 0 */
			for (unsigned int m = 0; m < PSP_FORM_INS; m++)
				if (form->in[m].to == row->buf[n].addr)
					psp_put32(legacy.byte, form->in[m].from + 8, 0);
			EXPECT_TRUE(psp_form_in(form, row, &legacy, 0, &block));
			EXPECT_EQ(0, memcmp(&nothing, &block, sizeof(block)));
			tried++;
		}
	}
	EXPECT_EQ(3, tried);
}

TEST(a_query_is_answered_by_lengths_alone)
{
	const struct psp_form *form = &psp_kvm_forms[KVM_SEV_SEND_START];
	struct kvm_sev_send_start start;
	struct psp_user_block block;
	struct psp_legacy legacy;

	memset(&legacy, 0, sizeof(legacy));
	memset(&block, 0x5a, sizeof(block));
	psp_form_out(form, psp_row_find(form->id), true, &block, &legacy);
	memcpy(&start, &legacy, sizeof(start));
	EXPECT_EQ(0, start.policy);
	EXPECT_EQ(0x5a5a5a5a, start.session_len);
}

TEST(an_absent_buffer_has_no_length)
{
	const struct psp_form *form = &psp_kvm_forms[KVM_SEV_LAUNCH_START];
	struct kvm_sev_launch_start start = { .dh_len = 0x824, .session_len = 0x80 };
	struct psp_user_block block;
	struct psp_legacy legacy = { { 0 } };

	memcpy(&legacy, &start, sizeof(start));
	psp_form_in(form, psp_row_find(form->id), &legacy, 0, &block);
	EXPECT_EQ(0, psp_get32(block.byte, 0x10));
	EXPECT_EQ(0, psp_get32(block.byte, 0x20));
}

TEST(a_handle_is_shared_by_starts_alone)
{
	const struct psp_form *form;
	struct psp_legacy legacy;
	unsigned int i, found = 0;

	memset(&legacy, 0x5a, sizeof(legacy));
	for_each_form(form, i) {
		u32 share = psp_form_share(form, &legacy);

		found += share == 0x5a5a5a5a;
		EXPECT_EQ(share, psp_row_find(form->id)->then == PSP_THEN_OPEN ? 0x5a5a5a5a : 0);
	}
	EXPECT_EQ(2, found);
}

TEST(a_struct_that_is_the_buffer_is_pointed_to)
{
	const struct psp_form *form = &psp_dev_forms[SEV_GET_ID];
	struct psp_legacy legacy = { { 0 } };
	struct psp_user_block block;

	psp_form_in(form, psp_row_find(form->id), &legacy, 0x12345000, &block);
	EXPECT_EQ(0x12345000, psp_get32(block.byte, 0));
	EXPECT_EQ(128, psp_get32(block.byte, 8));
}

TEST_HARNESS_MAIN
