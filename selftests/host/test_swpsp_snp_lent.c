// SPDX-License-Identifier: GPL-2.0
/*
 * Legacy commands that fail because a page they write is not the firmware's: they are refused
 * before anything has changed, in memory or in the guest, however late the page comes.
 */
#include <openssl/evp.h>

#include "snp_test.h"

#define STRANGE		PAGE(7)		/* Hypervisor, all others are Firmware */
#define PARTLY		0x8000u		/* a buffer at PAGE(0) with that page, two chunks */
#define ES_ASID		1
#define ASID		7

FIXTURE(lent) {
	struct box b;
	uint8_t *saved;
};

static bool own(struct box *b, uint64_t addr, uint64_t len)
{
	for (uint64_t end = addr + len; addr < end; addr += 0x1000)
		if (state_of(b, addr) != RMP_FIRMWARE && hv_firmware(b, addr))
			return false;
	return true;
}

/* With a TMR, and outputs that stay the firmware's. */
FIXTURE_SETUP(lent)
{
	struct box *b = &self->b;
	uint8_t *c;

	self->saved = malloc(MEMORY);
	ASSERT_NE(NULL, self->saved);
	snp_box_config(b);
	b->config.snp_options = SWPSP_SNP_KEEP_OUTPUT;
	ASSERT_TRUE(box_start(b) && !snp_init_flags(b, 1, 0));
	ASSERT_TRUE(own(b, CMD, 0x1000) && own(b, HUGE, 0x200000));
	ASSERT_TRUE(own(b, BLOB, 0x100000) && own(b, PAGE(0), 0x7000));
	c = cmd_new(b);
	c[0] = 1;
	put64(c + 8, HUGE);
	put32(c + 0x10, 0x200000);
	ASSERT_EQ(0, run(b, INIT));
	ASSERT_EQ(0, snp_flush(b));
	count_up(at(b, PAGE(0)), 3, 0x10000);
}

FIXTURE_TEARDOWN(lent)
{
	snp_box_free(&self->b);
	free(self->saved);
}

/* All but the command, which the host has just made. */
static void save(struct box *b, uint8_t *saved)
{
	memcpy(saved, b->mem, MEMORY);
}

static bool unchanged(struct box *b, const uint8_t *saved)
{
	return !memcmp(at(b, CMD + 0x1000), saved + CMD + 0x1000, MEMORY - CMD - 0x1000);
}

static uint16_t swap(struct box *b, uint32_t id, uint32_t h, uint64_t src, uint64_t dst,
		     uint64_t mdata)
{
	uint8_t *c = cmd_new(b);

	put32(c, h);
	put64(c + 8, src);
	put64(c + 0x10, dst);
	put64(c + 0x18, mdata);
	return run(b, id);
}

/* ---- launch ---- */

/* The digest in the guest's report is that of these bytes. */
static bool measured(struct box *b, uint32_t h, const void *data, size_t len)
{
	uint8_t digest[32];

	return !measure(b, h) && !attestation(b, h) &&
	       EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) &&
	       !memcmp(at(b, BLOB + 0x10), digest, sizeof(digest));
}

TEST_F(lent, launch_update_of_data)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, ASID, LUPDATE);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  launch_update(b, LAUNCH_UPDATE_DATA, h, PAGE(0), PARTLY));
	EXPECT_TRUE(unchanged(b, self->saved)) TH_LOG("the first chunk");
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  launch_update(b, LAUNCH_UPDATE_DATA, h, PAGE(0), UINT32_MAX & ~15u))
		TH_LOG("the state comes before the end of memory");
	EXPECT_TRUE(unchanged(b, self->saved));
	ASSERT_TRUE(own(b, STRANGE, 0x1000));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGE(0), PARTLY));
	EXPECT_TRUE(measured(b, h, self->saved + PAGE(0), PARTLY));
}

TEST_F(lent, launch_update_of_a_save_area)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, ES, ES_ASID, LUPDATE);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  launch_update(b, LAUNCH_UPDATE_VMSA, h, STRANGE, 0x1000));
	EXPECT_TRUE(unchanged(b, self->saved)) TH_LOG("no slot of the TMR is taken");
	ASSERT_TRUE(own(b, STRANGE, 0x1000));
	save(b, self->saved);
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_VMSA, h, STRANGE, 0x1000));
	EXPECT_TRUE(measured(b, h, self->saved + STRANGE, 0x1000));
}

/* Before the packet is looked at, which is none. */
TEST_F(lent, launch_secret)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, ASID, LSECRET);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  transport(b, LAUNCH_UPDATE_SECRET, h, PAGE(6) + 0xff0, 0x20));
	put64(at(b, CMD + 8), OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, LAUNCH_UPDATE_SECRET)) TH_LOG("its header");
	EXPECT_TRUE(unchanged(b, self->saved));
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, LAUNCH_UPDATE_SECRET, h, PAGE(6), 0x20));
}

/* ---- a guest that runs ---- */

TEST_F(lent, copy)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, ASID, RUNNING);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, copy(b, h, PAGE(0), PAGE(6), 0x2000));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, copy(b, h, PAGE(8), PAGE(5), 0x3000)) TH_LOG("upwards");
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, copy(b, h, STRANGE, STRANGE, 0x1000)) TH_LOG("itself");
	EXPECT_TRUE(unchanged(b, self->saved));
	EXPECT_EQ(0, copy(b, h, STRANGE, PAGE(0), 0x1000)) TH_LOG("the source may be the host's");
}

TEST_F(lent, debug)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 0, RUNNING);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, dbg(b, DBG_DECRYPT, h, PAGE(8), PAGE(0), PARTLY))
		TH_LOG("before the ASID");
	EXPECT_EQ(SWPSP_INACTIVE, dbg(b, DBG_DECRYPT, h, PAGE(8), PAGE(0), 0x7000));
	ASSERT_EQ(0, activate(b, h, ASID));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, dbg(b, DBG_DECRYPT, h, PAGE(8), PAGE(0), PARTLY));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, dbg(b, DBG_ENCRYPT, h, PAGE(8), PAGE(0), PARTLY));
	EXPECT_TRUE(unchanged(b, self->saved));
	EXPECT_EQ(0, dbg(b, DBG_ENCRYPT, h, STRANGE, PAGE(0), 0x7000));
}

TEST_F(lent, swap)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, ASID, RUNNING);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, SWAP_OUT, h, PAGE(0), PAGE(1), STRANGE));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, SWAP_OUT, h, PAGE(0), STRANGE, PAGE(2)));
	EXPECT_TRUE(unchanged(b, self->saved));
	ASSERT_EQ(0, swap(b, SWAP_OUT, h, PAGE(0), PAGE(1), PAGE(2)));
	EXPECT_EQ(0, get64(at(b, PAGE(2) + 8))) TH_LOG("no number is used up");
	*at(b, PAGE(1)) ^= 1;
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, swap(b, SWAP_IN, h, PAGE(1), STRANGE, PAGE(2)));
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, swap(b, SWAP_IN, h, PAGE(1), PAGE(3), PAGE(2)));
	EXPECT_TRUE(unchanged(b, self->saved));
}

/* ---- migration ---- */

TEST_F(lent, send_update)
{
	struct box *b = &self->b;
	uint32_t h = guest_in_state(b, 0, ASID, SUPDATE);
	uint8_t *c;

	ASSERT_NE(0, h);
	save(b, self->saved);
	transport(b, SEND_CANCEL + 1, h, OUTSIDE, 0x100);	/* no command, but its block */
	c = at(b, CMD);
	put64(c + 8, STRANGE);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, SEND_UPDATE_DATA)) TH_LOG("the header");
	put64(c + 0x18, PAGE(0));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, SEND_UPDATE_DATA));
	EXPECT_TRUE(unchanged(b, self->saved)) TH_LOG("the packet");
	put64(c + 8, BLOB);
	put64(c + 0x28, STRANGE - 0x10);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, SEND_UPDATE_DATA)) TH_LOG("the packet");
	EXPECT_TRUE(unchanged(b, self->saved));
	EXPECT_EQ(0, transport(b, SEND_UPDATE_DATA, h, STRANGE, 0x100));
}

TEST_F(lent, receive_update)
{
	struct box *b = &self->b;
	uint32_t h = guest_in_state(b, ES, ES_ASID, RUPDATE);

	ASSERT_NE(0, h);
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  transport(b, RECEIVE_UPDATE_DATA, h, PAGE(6) + 0xff0, 0x100));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE,
		  transport(b, RECEIVE_UPDATE_VMSA, h, STRANGE, 0x1000));
	put64(at(b, CMD + 8), OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, RECEIVE_UPDATE_VMSA)) TH_LOG("its header");
	EXPECT_TRUE(unchanged(b, self->saved));
}

TEST_F(lent, session_and_certificates)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, ASID, RUNNING);
	uint8_t *c;

	ASSERT_TRUE(h && give_certs(b, b));
	ASSERT_EQ(0, snp_reclaim(b, BLOB4, false) | hv_take(b, BLOB4));
	save(b, self->saved);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, send_start(b, h));
	EXPECT_EQ(RUNNING, guest_state(b, h));
	export_certs(b);
	c = at(b, CMD);
	memset(at(b, BLOB), 0, CERT);
	save(b, self->saved);
	put32(c + 0x18, CHAIN);
	put64(c + 0x10, PAGE(6));
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, PDH_CERT_EXPORT));
	EXPECT_TRUE(unchanged(b, self->saved)) TH_LOG("the other certificate");
}

TEST_HARNESS_MAIN
