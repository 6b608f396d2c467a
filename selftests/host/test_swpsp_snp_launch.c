// SPDX-License-Identifier: GPL-2.0
/*
 * Launch of an SNP guest: what each kind of page becomes, the launch digest by known
 * answers, the CPUID table that is corrected, ID blocks and authors.
 */
#include "snp_test.h"
#include "idblock_test.h"

FIXTURE(launch) {
	struct box b;
	char *log;
	size_t log_size;
	FILE *log_file;
};

/* A guest in LAUNCH at GCTX(0), ASID 1, with a transcript. */
FIXTURE_SETUP(launch)
{
	snp_box_config(&self->b);
	self->log_file = open_memstream(&self->log, &self->log_size);
	ASSERT_NE(NULL, self->log_file);
	self->b.config.transcript = self->log_file;
	ASSERT_TRUE(box_start(&self->b));
	ASSERT_EQ(0, snp_init_flags(&self->b, 1, 0));
	ASSERT_EQ(0, snp_flush(&self->b));
	ASSERT_TRUE(snp_guest_to(&self->b, GCTX(0), POLICY, 1, G_LAUNCH));
}

FIXTURE_TEARDOWN(launch)
{
	snp_box_free(&self->b);
	fclose(self->log_file);
	free(self->log);
}

/* The digest of the last line of the launch log, in hexadecimal. */
static const char *digest(FILE *file, char **log)
{
	static char hex[97];
	const char *at = NULL, *next;

	fflush(file);
	for (next = *log; (next = strstr(next, "digest=")); next++)
		at = next;
	snprintf(hex, sizeof(hex), "%.96s", at ? at + 7 : "");
	return hex;
}

#define LD digest(self->log_file, &self->log)

static void pattern(struct box *b, uint64_t page)
{
	count_up(at(b, page), 0, 0x1000);
}

/* ---- pages ---- */

TEST_F(launch, a_page_becomes_the_guests)
{
	struct box *b = &self->b;
	uint8_t plain[0x1000], seen[0x1000];
	struct rmp_page entry;

	pattern(b, PAGE(0));
	memcpy(plain, at(b, PAGE(0)), sizeof(plain));
	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(0), GPA(0), T_NORMAL));
	entry = entry_of(b, PAGE(0));
	EXPECT_EQ(RMP_GUEST_VALID, rmp_state(&entry));
	EXPECT_FALSE(entry.vmsa);
	EXPECT_EQ(0xf, entry.perms[0]);
	EXPECT_EQ(0, entry.perms[1] | entry.perms[2] | entry.perms[3]);
	EXPECT_NE(0, memcmp(plain, at(b, PAGE(0)), 0x1000)) TH_LOG("encrypted");
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 1, PAGE(0), seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(plain, seen, sizeof(seen)));
	EXPECT_EQ(0, hv_take(b, PAGE(0))) TH_LOG("the hypervisor can take it, encrypted");
}

TEST_F(launch, permissions_of_lower_levels)
{
	struct box *b = &self->b;
	struct rmp_page entry;
	uint8_t *c;

	ASSERT_EQ(0, hv_pre_guest(b, PAGE(0), GPA(0), 1));
	c = cmd_new(b);
	put64(c, GCTX(0));
	put32(c + 8, T_NORMAL << 1);
	put64(c + 0x10, PAGE(0));
	for (int i = 0x18; i < 0x20; i++) {
		uint8_t was = c[i];

		c[i] = i > 0x18 && i < 0x1c ? 0x10 : 1;
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_LAUNCH_UPDATE)) TH_LOG("byte %x", i);
		c[i] = was;
	}
	c[0x19] = 0xf;
	c[0x1a] = 0x7;
	c[0x1b] = 0x1;
	ASSERT_EQ(0, run(b, SNP_LAUNCH_UPDATE));
	entry = entry_of(b, PAGE(0));
	EXPECT_EQ(0x01070f0f, get32(entry.perms));
}

TEST_F(launch, zero_pages_are_zero)
{
	struct box *b = &self->b;
	uint8_t seen[0x1000];

	pattern(b, PAGE(0));
	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(0), GPA(0), T_ZERO));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 1, PAGE(0), seen, sizeof(seen)));
	for (int i = 0; i < 0x1000; i++)
		ASSERT_EQ(0, seen[i]);
}

TEST_F(launch, a_save_area_is_marked)
{
	struct box *b = &self->b;
	struct rmp_page entry;

	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(0), 0xfffffffff000, T_VMSA));
	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(1), 0xfffffffff000, T_VMSA))
		TH_LOG("all at the same address");
	entry = entry_of(b, PAGE(1));
	EXPECT_TRUE(entry.vmsa && entry.validated);
}

TEST_F(launch, the_secrets_page_is_the_firmwares)
{
	struct box *b = &self->b;
	uint8_t s[0x1000], other[0x1000], *c;

	ASSERT_TRUE(snp_context(b, GCTX(1)));
	c = cmd_new(b);
	put64(c, GCTX(1));
	put64(c + 8, POLICY);
	count_up(c + 0x20, 0x70, 16);
	ASSERT_EQ(0, run(b, SNP_LAUNCH_START));
	ASSERT_EQ(0, snp_activate(b, GCTX(1), 2));
	memset(at(b, PAGE(0)), 0xee, 0x1000);
	ASSERT_EQ(0, snp_launch_page(b, GCTX(1), 2, PAGE(0), GPA(0), T_SECRETS));
	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(1), GPA(0), T_SECRETS));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 2, PAGE(0), s, sizeof(s)));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 1, PAGE(1), other, sizeof(other)));
	EXPECT_EQ(3, get32(s));
	EXPECT_EQ(0, get32(s + 4));
	EXPECT_EQ(0xa10f11, get32(s + 8));
	EXPECT_EQ(0, get32(s + 0xc));
	EXPECT_EQ(0x70, s[0x10]);
	EXPECT_EQ(0x7f, s[0x1f]);
	for (int i = 0; i < 4; i++) {
		EXPECT_NE(0, memcmp(s + 0x20 + 32 * i, other + 0x20 + 32 * i, 32));
		EXPECT_NE(0, memcmp(s + 0x20 + 32 * i, s + 0x20 + 32 * ((i + 1) % 4), 32));
	}
	for (int i = 0xa0; i < 0x1000; i++)
		ASSERT_EQ(0, s[i]);
}

TEST_F(launch, a_large_page_is_512_small_ones)
{
	struct box *b = &self->b;
	uint8_t *plain = malloc(0x200000), *seen = malloc(0x200000);
	char small[97];
	uint8_t *c;

	for (int i = 0; i < 0x200000; i++)
		plain[i] = (uint8_t)(i * 7 + (i >> 12));
	ASSERT_TRUE(snp_guest_to(b, GCTX(1), POLICY, 2, G_LAUNCH));
	for (int i = 0; i < 512; i++) {
		memcpy(at(b, PAGE(i)), plain + 0x1000 * i, 0x1000);
		ASSERT_EQ(0, snp_launch_page(b, GCTX(1), 2, PAGE(i), GPA(i), T_NORMAL));
	}
	strcpy(small, LD);
	memcpy(at(b, HUGE), plain, 0x200000);
	ASSERT_EQ(0, hv_update(b, HUGE, GPA(0), 1, true, true, true));
	EXPECT_EQ(SWPSP_INVALID_PAGE_SIZE, snp_update(b, GCTX(0), HUGE, T_NORMAL));
	c = cmd_new(b);
	put64(c, GCTX(0));
	put32(c + 8, T_NORMAL << 1 | 1);
	put64(c + 0x10, HUGE);
	ASSERT_EQ(0, run(b, SNP_LAUNCH_UPDATE));
	EXPECT_STREQ(small, LD);
	EXPECT_EQ(RMP_GUEST_VALID, state_of(b, HUGE + 0x1ff000));
	EXPECT_TRUE(entry_of(b, HUGE).large);
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 1, HUGE, seen, 0x200000));
	EXPECT_EQ(0, memcmp(plain, seen, 0x200000));
	free(plain);
	free(seen);
}

TEST_F(launch, kinds_that_are_never_large)
{
	struct box *b = &self->b;
	static const uint32_t types[] = { T_VMSA, T_SECRETS, T_CPUID };

	ASSERT_EQ(0, hv_update(b, HUGE, GPA(0), 1, true, true, true));
	for (size_t i = 0; i < 3; i++) {
		uint8_t *c = cmd_new(b);

		put64(c, GCTX(0));
		put32(c + 8, types[i] << 1 | 1);
		put64(c + 0x10, HUGE);
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_LAUNCH_UPDATE));
	}
}

TEST_F(launch, a_refused_page_changes_nothing)
{
	struct box *b = &self->b;
	char before[97];

	ASSERT_EQ(0, snp_launch_page(b, GCTX(0), 1, PAGE(0), GPA(0), T_NORMAL));
	strcpy(before, LD);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_update(b, GCTX(0), PAGE(0), T_NORMAL))
		TH_LOG("twice");
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, snp_update(b, GCTX(0), PAGE(1), T_NORMAL));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(1), GPA(1), 2));
	EXPECT_EQ(SWPSP_INVALID_PAGE_OWNER, snp_update(b, GCTX(0), PAGE(1), T_NORMAL));
	ASSERT_EQ(0, hv_pre_guest(b, PAGE(2), GPA(2), 1));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_update(b, GCTX(0), PAGE(2), 0));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_update(b, GCTX(0), PAGE(2), 7));
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_update(b, GCTX(0), PAGE(2), T_NORMAL | 8))
		TH_LOG("no IMI launch");
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, snp_update(b, GCTX(0), PAGE(2) + 8, T_NORMAL));
	EXPECT_EQ(RMP_PRE_GUEST, state_of(b, PAGE(2)));
	EXPECT_STREQ(before, LD);
	EXPECT_EQ(0, snp_update(b, GCTX(0), PAGE(2) | C_BIT, T_NORMAL));
	EXPECT_STRNE(before, LD);
}

TEST_F(launch, update_needs_activation)
{
	struct box *b = &self->b;

	ASSERT_TRUE(snp_guest_to(b, GCTX(1), POLICY, 0, G_LAUNCH));
	EXPECT_EQ(SWPSP_INACTIVE, snp_update(b, GCTX(1), PAGE(1), T_NORMAL));
}

/* ---- the digest: values from an independent implementation ---- */

struct known {
	uint32_t type;
	bool patterned;
	uint64_t gpa;
	uint32_t perms;
	const char *ld[2];	/* halves */
};

static const struct known known[] = {
	{ T_NORMAL, false, 0, 0,
	  { "9d13634b6014bb21cf059b2dc694e7bff01a8a7137041100",
	    "cd2b695f3d10fb687267b97808b27f8f471d943bc6f53a20" } },
	{ T_NORMAL, true, 0x1000, 0,
	  { "d9ee416942ec5db1caf25b01cff7feaed0d7ac42422f811c",
	    "6164e4857e3f800d270202f572ade105c96b3959107b8521" } },
	{ T_ZERO, true, 0x2000, 0,
	  { "3e7701f69e330caf64044067b31ffcc351e77997477cd6b7",
	    "079dc4a03390d307db2ab08b404318c3cc2e1e684cff8e77" } },
	{ T_UNMEASURED, true, 0x3000, 0,
	  { "b447cc4fc9a763d65d1f5d666b47406ca85098284384a4f7",
	    "25ea6cb23a2dd1ad1ac10fa661abd5ac5f7d7d07a7c6d716" } },
	{ T_SECRETS, true, 0x4000, 0,
	  { "15fcc38fd6f6dce80ec11f07a6bf6025ef55aa69db29d618",
	    "de13e6d7b4cde414f67c01866e4907eed50e5fede3fc300d" } },
	{ T_CPUID, false, 0x5000, 0,
	  { "4fcd58bfe3cd4c69bbc58b23476e100c451de5d7ef8f1de0",
	    "ca053cd9a443722b4e3d58e8d51f45c533644a8e8d9e14bc" } },
	{ T_VMSA, true, 0xfffffffff000, 0,
	  { "6b06359b6dabc4d2cfceafaae61da56d98524d57bcba4c6a",
	    "3efe4e32d896f11d80f7e572b03ae66b0eee13c90f366932" } },
	{ T_NORMAL, true, 0x1000, 0x0f030100,
	  { "fef4437c03d9d8031004bc31ef5704e784e41a95b022f192",
	    "d59708e5ad514f0e4fa77eb2cd38c59546943494308cb813" } },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static const char *whole(const struct known *k)
{
	static char hex[97];

	snprintf(hex, sizeof(hex), "%s%s", k->ld[0], k->ld[1]);
	return hex;
}

static uint16_t launch_known(struct box *b, uint64_t page, const struct known *k, uint32_t flags)
{
	uint8_t *c;

	if (k->patterned)
		pattern(b, page);
	if (hv_pre_guest(b, page, k->gpa, 1))
		return 0xffff;
	c = cmd_new(b);
	put64(c, GCTX(0));
	put32(c + 8, k->type << 1 | flags);
	put64(c + 0x10, page);
	put32(c + 0x18, k->perms);
	return run(b, SNP_LAUNCH_UPDATE);
}

/* A new guest for each, and the table and its ASID clean. */
static bool again(struct box *b, uint32_t imi)
{
	uint8_t *c;

	if (by_gctx(b, SNP_DECOMMISSION, GCTX(0)) || snp_flush(b) || snp_shutdown_ex(b) ||
	    snp_init_flags(b, 1, 0) || snp_flush(b) || !snp_context(b, GCTX(0)))
		return false;
	c = cmd_new(b);
	put64(c, GCTX(0));
	put64(c + 8, POLICY);
	put32(c + 0x18, imi);
	return !run(b, SNP_LAUNCH_START) && !snp_activate(b, GCTX(0), 1);
}

TEST_F(launch, known_digests_of_one_page)
{
	struct box *b = &self->b;

	for (size_t i = 0; i < KNOWN; i++) {
		ASSERT_TRUE(again(b, 0));
		ASSERT_EQ(0, launch_known(b, PAGE(i), &known[i], 0));
		EXPECT_STREQ(whole(&known[i]), LD) TH_LOG("%zu", i);
	}
}

TEST_F(launch, known_digest_of_a_chain)
{
	for (size_t i = 1; i < 7; i++)
		ASSERT_EQ(0, launch_known(&self->b, PAGE(i), &known[i], 0));
	EXPECT_EQ(0, strncmp("7cfcff64e1fe84ac0304b1cf3f11939a433ff90fbccee21f", LD, 48));
	EXPECT_STREQ("47384985892b7599650832b12fd524e719fee859e05eb9d4", LD + 48);
}

TEST_F(launch, known_digest_of_a_page_of_a_migration_image)
{
	ASSERT_TRUE(again(&self->b, 2));
	ASSERT_EQ(0, launch_known(&self->b, PAGE(1), &known[1], 0x10));
	EXPECT_EQ(0, strncmp("ac1609c04bc8ade336c9194de762d9c95004347cecd9b23f", LD, 48));
	EXPECT_STREQ("640de1d0cf8ce02c6a09ae97d6b85fe483ae05cf305422b8", LD + 48);
}

TEST_F(launch, the_digest_is_the_same_in_plain_mode)
{
	struct box *b = &self->b;
	uint8_t seen[0x1000];

	swpsp_free(b->psp);
	b->config.mode = SWPSP_MEMORY_PLAIN;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, snp_init_flags(b, 1, 0));
	ASSERT_EQ(0, snp_flush(b));
	ASSERT_TRUE(snp_guest_to(b, GCTX(0), POLICY, 1, G_LAUNCH));
	ASSERT_EQ(0, launch_known(b, PAGE(1), &known[1], 0));
	EXPECT_STREQ(whole(&known[1]), LD);
	count_up(seen, 0, sizeof(seen));
	EXPECT_EQ(0, memcmp(seen, at(b, PAGE(1)), 0x1000)) TH_LOG("left in the clear");
}

/* ---- the CPUID table ---- */

static void put_function(struct box *b, uint64_t page, uint32_t n, uint32_t leaf, uint32_t sub,
			 uint32_t reg, uint32_t value)
{
	uint8_t *fn = at(b, page) + 0x10 + 0x30 * n;

	put32(at(b, page), n + 1);
	put32(fn, leaf);
	put32(fn + 4, sub);
	put32(fn + 0x18 + 4 * reg, value);
}

struct refusal {
	uint32_t leaf, sub, reg, value, better;
};

static const struct refusal refusals[] = {
	{ 1, 0, 2, 0xffffffff, 0xfeffffff },
	{ 7, 0, 1, 0x3, 0x1 },
	{ 7, 0, 3, 0xffffffff, 0x03ffffff },
	{ 0x80000008, 0, 1, 1u << 25 | 7, 7 },
};

TEST_F(launch, a_cpuid_table_is_corrected_and_comes_back)
{
	struct box *b = &self->b;
	char before[97];

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		uint64_t page = PAGE(i);

		strcpy(before, LD);
		put_function(b, page, 0, 0xd, 1, 1, 0x240);
		put_function(b, page, 1, r->leaf, r->sub, r->reg, r->value);
		EXPECT_EQ(SWPSP_INVALID_PARAM,
			  snp_launch_page(b, GCTX(0), 1, page, GPA(i), T_CPUID));
		EXPECT_EQ(RMP_PRE_GUEST, state_of(b, page));
		EXPECT_EQ(r->better, get32(at(b, page + 0x10 + 0x30 + 0x18 + 4 * r->reg)));
		EXPECT_EQ(0x240, get32(at(b, page + 0x10 + 0x1c)));
		EXPECT_STREQ(before, LD) TH_LOG("not measured");
		ASSERT_EQ(0, snp_reclaim(b, page, false));
		EXPECT_EQ(RMP_GUEST_INVALID, state_of(b, page));
		ASSERT_EQ(0, hv_take(b, page));
		EXPECT_EQ(0, snp_launch_page(b, GCTX(0), 1, page, GPA(i), T_CPUID))
			TH_LOG("the corrected one is accepted");
	}
}

/* Where the C-bit is, the table must say, unless the platform takes any. */
TEST(c_bit_of_a_cpuid_table)
{
	for (int any = 0; any < 2; any++) {
		struct box b;

		snp_box_config(&b);
		b.config.cbit = 47;
		b.config.any_cbit = any;
		ASSERT_TRUE(box_start(&b));
		ASSERT_EQ(0, snp_init_flags(&b, 1, 0));
		ASSERT_EQ(0, snp_flush(&b));
		ASSERT_TRUE(snp_guest_to(&b, GCTX(0), POLICY, 1, G_LAUNCH));
		put_function(&b, PAGE(0), 0, 0x8000001f, 0, 1, 0x40);
		EXPECT_EQ(any ? 0 : SWPSP_INVALID_PARAM,
			  snp_launch_page(&b, GCTX(0), 1, PAGE(0), GPA(0), T_CPUID));
		if (!any)
			EXPECT_EQ(0x40 | 47, get32(at(&b, PAGE(0) + 0x10 + 0x1c)));
		snp_box_free(&b);
	}
}

TEST_F(launch, malformed_cpuid_tables)
{
	struct box *b = &self->b;

	put_function(b, PAGE(0), 63, 1, 0, 0, 0);
	put32(at(b, PAGE(0)), 65);
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_launch_page(b, GCTX(0), 1, PAGE(0), GPA(0), T_CPUID));
	put32(at(b, PAGE(0)), 64);
	*at(b, PAGE(0) + 0xf) = 1;
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_update(b, GCTX(0), PAGE(0), T_CPUID));
	*at(b, PAGE(0) + 0xf) = 0;
	*at(b, PAGE(0) + 0x10 + 0x2f) = 1;
	EXPECT_EQ(SWPSP_INVALID_PARAM, snp_update(b, GCTX(0), PAGE(0), T_CPUID));
	*at(b, PAGE(0) + 0x10 + 0x2f) = 0;
	EXPECT_EQ(0, snp_update(b, GCTX(0), PAGE(0), T_CPUID));
}

/* ---- LAUNCH_FINISH ---- */

TEST_F(launch, finish_refuses_reserved_flags)
{
	struct box *b = &self->b;

	for (int bit = 3; bit < 64; bit++) {
		uint8_t *c = cmd_new(b);

		put64(c, GCTX(0));
		put64(c + 0x18, 1ull << bit);
		EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_LAUNCH_FINISH)) TH_LOG("%d", bit);
	}
	put64(at(b, CMD + 0x18), 2);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_LAUNCH_FINISH)) TH_LOG("author without block");
	EXPECT_EQ(0, snp_finish(b, GCTX(0)));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, snp_finish(b, GCTX(0)));
}

/* ---- ID blocks: an owner with keys of its own ---- */

static uint16_t id_finish(struct box *b, uint64_t flags)
{
	uint8_t *c = cmd_new(b);

	put64(c, GCTX(0));
	put64(c + 8, ID_BLOCK);
	put64(c + 0x10, ID_AUTH);
	put64(c + 0x18, flags);
	return run(b, SNP_LAUNCH_FINISH);
}

TEST_F(launch, an_id_block_that_fits_is_accepted)
{
	EVP_PKEY *id = o_new_key(), *author = o_new_key();
	struct box *b = &self->b;

	for (uint64_t flags = 1; flags <= 3; flags += 2) {
		ASSERT_TRUE(again(b, 0));
		ASSERT_EQ(0, launch_known(b, PAGE(1), &known[1], 0));
		id_make(b, whole(&known[1]), id, author);
		EXPECT_EQ(0, id_finish(b, flags));
		EXPECT_EQ(G_RUNNING, snp_guest_state(b, GCTX(0)));
	}
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
}

TEST_F(launch, an_id_block_must_say_the_truth)
{
	EVP_PKEY *id = o_new_key(), *author = o_new_key();
	struct box *b = &self->b;

	ASSERT_EQ(0, launch_known(b, PAGE(1), &known[1], 0));
	id_make(b, whole(&known[2]), id, author);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, id_finish(b, 3));
	id_make(b, whole(&known[1]), id, author);
	put64(at(b, ID_BLOCK + 0x58), POLICY | P_DEBUG);
	id_sign(id, at(b, ID_BLOCK), 0x60, at(b, ID_AUTH + 0x40));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, id_finish(b, 3));
	EXPECT_EQ(G_LAUNCH, snp_guest_state(b, GCTX(0)));
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
}

/* Each byte of block, keys and signatures, one bit at a time. */
TEST_F(launch, each_byte_of_an_id_block_counts)
{
	EVP_PKEY *id = o_new_key(), *author = o_new_key();
	struct box *b = &self->b;
	static const struct {
		uint64_t addr;
		uint32_t len;
	} parts[] = {
		{ ID_BLOCK, 0x60 }, { ID_AUTH, 8 }, { ID_AUTH + 0x40, 0x30 },
		{ ID_AUTH + 0x88, 0x30 }, { ID_AUTH + 0x240, 0x34 }, { ID_AUTH + 0x28c, 0x30 },
		{ ID_AUTH + 0x680, 0x30 }, { ID_AUTH + 0x880, 0x34 },
	};

	ASSERT_EQ(0, launch_known(b, PAGE(1), &known[1], 0));
	id_make(b, whole(&known[1]), id, author);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (uint32_t j = 0; j < parts[i].len; j += 3) {
			*at(b, parts[i].addr + j) ^= 1 << j % 8;
			EXPECT_NE(0, id_finish(b, 3)) TH_LOG("part %zu, byte %x", i, j);
			*at(b, parts[i].addr + j) ^= 1 << j % 8;
		}
	}
	EXPECT_EQ(0, id_finish(b, 3));
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
}

TEST_F(launch, id_block_arguments)
{
	EVP_PKEY *id = o_new_key(), *author = o_new_key();
	static const uint64_t words[] = {
		ID_BLOCK + 0x50, ID_AUTH, ID_AUTH + 4, ID_AUTH + 0x240, ID_AUTH + 0x880,
	};
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_EQ(0, launch_known(b, PAGE(1), &known[1], 0));
	id_make(b, whole(&known[1]), id, author);
	for (size_t i = 0; i < 5; i++) {
		uint32_t was = get32(at(b, words[i]));

		put32(at(b, words[i]), was + 1);
		EXPECT_EQ(SWPSP_INVALID_PARAM, id_finish(b, 3)) TH_LOG("%zu", i);
		put32(at(b, words[i]), was);
	}
	c = at(b, CMD);
	put64(c + 8, MEMORY - 0x5f);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_LAUNCH_FINISH));
	put64(c + 8, ID_BLOCK);
	put64(c + 0x10, MEMORY - 0xfff);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_LAUNCH_FINISH));
	memset(at(b, ID_AUTH + 4), 0, 4);
	memset(at(b, ID_AUTH + 0x680), 0x55, 0x800);
	EXPECT_EQ(0, id_finish(b, 1)) TH_LOG("no author, so nothing of his is read");
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
}

TEST_HARNESS_MAIN
