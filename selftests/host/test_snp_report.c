// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's side of SNP's attestation against the vendor's own products: certificate
 * chains of three generations, and reports of real machines with the certificates of the
 * keys that signed them. The data is in vectors/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/snp_report.h>

#include "kselftest_harness.h"

#define FILE_MAX	8192
#define IN_2026		1767225600	/* 1 January */
#define IN_2020		1577836800
#define IN_2040		2208988800

struct file {
	uint8_t data[FILE_MAX];
	size_t len;
};

static bool file_read(const char *name, struct file *file)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	f = fopen(path, "rb");
	file->len = f ? fread(file->data, 1, sizeof(file->data), f) : 0;
	if (f)
		fclose(f);
	return file->len;
}

static bool report_read(const char *name, struct snp_report *report)
{
	struct file file;

	if (!file_read(name, &file))
		return false;
	if (file.len == sizeof(*report)) {
		memcpy(report, file.data, sizeof(*report));
		return true;
	}
	for (size_t i = 0; i < sizeof(*report); i++) {
		const char digits[] = { (char)file.data[2 * i], (char)file.data[2 * i + 1], 0 };

		((uint8_t *)report)[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return file.len >= 2 * sizeof(*report);
}

static const struct machine {
	const char *report, *leaf, *chain;
	uint64_t policy, tcb;
	uint8_t version[3];		/* build, minor, major */
} machines[] = {
	{ "attestation.bin", "vcek.testcer", "ask_ark_milan.pem", 0xb0000, 0x4405000000000002,
	  { 3, 49, 1 } },
	{ "report_milan.hex", "vcek_milan.der", "ask_ark_milan.pem", 0x30000, 0x7308000000000003,
	  { 4, 52, 1 } },
};

FIXTURE(real) {
	struct snp_report report;
	struct file leaf, chain;
	uint8_t ark[SNP_DIGEST_BYTES];
};

FIXTURE_VARIANT(real) {
	const struct machine *machine;
};

FIXTURE_VARIANT_ADD(real, first) { .machine = &machines[0] };
FIXTURE_VARIANT_ADD(real, second) { .machine = &machines[1] };

FIXTURE_SETUP(real)
{
	ASSERT_TRUE(report_read(variant->machine->report, &self->report));
	ASSERT_TRUE(file_read(variant->machine->leaf, &self->leaf));
	ASSERT_TRUE(file_read(variant->machine->chain, &self->chain));
}

FIXTURE_TEARDOWN(real)
{
}

TEST_F(real, report_and_chain_of_a_machine_verify)
{
	const struct machine *m = variant->machine;

	EXPECT_EQ(OWNER_OK, snp_leaf_verify(self->leaf.data, self->leaf.len, self->chain.data,
					    self->chain.len, IN_2026, self->ark));
	EXPECT_EQ(OWNER_OK, snp_report_verify(&self->report, self->leaf.data, self->leaf.len));
	EXPECT_EQ(2, self->report.version);
	EXPECT_EQ(m->policy, self->report.policy);
	EXPECT_EQ(m->tcb, self->report.reported_tcb);
	EXPECT_EQ(m->tcb, self->report.committed_tcb);
	EXPECT_EQ(m->tcb, self->report.current_tcb);
	EXPECT_EQ(m->tcb, self->report.launch_tcb);
	EXPECT_EQ(0, memcmp(m->version, self->report.current, 3));
	EXPECT_EQ(0, memcmp(m->version, self->report.committed, 3));
	EXPECT_EQ(SNP_SIGNER_VCEK, SNP_SIGNER(self->report.key));
	EXPECT_EQ(1, self->report.platform_info);
	for (size_t i = 0; i < sizeof(self->report.report_id_ma); i++)
		EXPECT_EQ(0xff, self->report.report_id_ma[i]);
}

/* Security versions do not make up for each other. */
TEST(a_tcb_is_compared_by_components)
{
	const uint64_t least = 0x4405000000000002;

	EXPECT_TRUE(snp_tcb_covers(least, least));
	EXPECT_TRUE(snp_tcb_covers(UINT64_MAX, least));
	EXPECT_TRUE(snp_tcb_covers(least, 0));
	EXPECT_FALSE(snp_tcb_covers(0, least));
	for (int i = 0; i < 64; i += 8) {
		const uint64_t one = 1ull << i;

		EXPECT_TRUE(snp_tcb_covers(least + one, least)) TH_LOG("bit %d", i);
		EXPECT_FALSE(snp_tcb_covers(least, least + one)) TH_LOG("bit %d", i);
		EXPECT_FALSE(snp_tcb_covers(UINT64_MAX - one, UINT64_MAX)) TH_LOG("bit %d", i);
	}
	/* a later microcode, and older firmware of SNP */
	EXPECT_FALSE(snp_tcb_covers(0x4504000000000002, least));
}

TEST_F(real, a_changed_report_does_not)
{
	uint8_t *bytes = (uint8_t *)&self->report;

	/* some of all; test_swpsp_snp_report changes each byte of its own */
	for (size_t i = 0; i < sizeof(self->report); i += 17) {
		bytes[i] ^= 0x10;
		EXPECT_NE(OWNER_OK, snp_report_verify(&self->report, self->leaf.data,
						      self->leaf.len)) TH_LOG("%zx", i);
		bytes[i] ^= 0x10;
	}
	self->report.chip_id[5] ^= 1;
	EXPECT_EQ(OWNER_MISMATCH, snp_report_verify(&self->report, self->leaf.data,
						    self->leaf.len));
	self->report.chip_id[5] ^= 1;
	self->report.reported_tcb++;
	EXPECT_EQ(OWNER_MISMATCH, snp_report_verify(&self->report, self->leaf.data,
						    self->leaf.len));
	self->report.reported_tcb--;
	self->report.key = SNP_SIGNER_NONE << 2;
	EXPECT_EQ(OWNER_SIGNER, snp_report_verify(&self->report, self->leaf.data,
						  self->leaf.len));
}

TEST_F(real, a_changed_or_another_certificate_does_not)
{
	const struct machine *other = &machines[variant->machine == machines];
	struct file leaf, chain;
	uint8_t *bytes = self->leaf.data;

	for (size_t i = 0; i < self->leaf.len; i += 11) {
		bytes[i] ^= 1;
		EXPECT_NE(OWNER_OK, snp_leaf_verify(bytes, self->leaf.len, self->chain.data,
						    self->chain.len, IN_2026, self->ark))
			TH_LOG("%zx", i);
		bytes[i] ^= 1;
	}
	for (size_t len = 0; len < self->leaf.len; len += 97)
		EXPECT_EQ(OWNER_FORMAT, snp_leaf_verify(bytes, len, self->chain.data,
							self->chain.len, IN_2026, self->ark));
	EXPECT_EQ(OWNER_FORMAT, snp_leaf_verify(bytes, self->leaf.len + 1, self->chain.data,
						self->chain.len, IN_2026, self->ark));
	ASSERT_TRUE(file_read(other->leaf, &leaf));
	EXPECT_EQ(OWNER_MISMATCH, snp_report_verify(&self->report, leaf.data, leaf.len));
	ASSERT_TRUE(file_read("ask_ark_genoa.pem", &chain));
	EXPECT_EQ(OWNER_SIGNER, snp_leaf_verify(bytes, self->leaf.len, chain.data, chain.len,
						IN_2026, self->ark));
	/* Too early, too late, half a chain. */
	EXPECT_EQ(OWNER_EXPIRED, snp_leaf_verify(bytes, self->leaf.len, self->chain.data,
						 self->chain.len, IN_2020, self->ark));
	EXPECT_EQ(OWNER_EXPIRED, snp_leaf_verify(bytes, self->leaf.len, self->chain.data,
						 self->chain.len, IN_2040, self->ark));
	EXPECT_EQ(OWNER_FORMAT, snp_leaf_verify(bytes, self->leaf.len, self->chain.data,
						self->chain.len / 2, IN_2026, self->ark));
}

/* With an ASK in the leaf's place: it is signed well, and yet no leaf. */
TEST(chains_of_three_generations)
{
	static const char * const chains[] = {
		"ask_ark_milan.pem", "ask_ark_milan_vlek.pem", "ask_ark_genoa.pem",
		"ask_ark_genoa_vlek.pem", "ask_ark_turin_vcek.pem", "ask_ark_turin_vlek.pem",
	};
	uint8_t ark[SNP_DIGEST_BYTES];
	struct file leaf, chain;
	int good = 0;

	ASSERT_TRUE(file_read("vcek_turin.der", &leaf));
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		enum owner_result result;

		ASSERT_TRUE(file_read(chains[i], &chain));
		/* OWNER_SIGNER says that ARK and ASK have been found good before. */
		result = snp_leaf_verify(leaf.data, leaf.len, chain.data, chain.len, IN_2026, ark);
		EXPECT_EQ(strcmp(chains[i], "ask_ark_turin_vcek.pem") ? OWNER_SIGNER : OWNER_OK,
			  result) TH_LOG("%s", chains[i]);
		good += result == OWNER_OK;
		/* A character in the middle of the ASK, then of the ARK. */
		for (size_t at = chain.len / 5; at < chain.len; at += chain.len / 2) {
			chain.data[at] = chain.data[at] == 'A' ? 'B' : 'A';
			result = snp_leaf_verify(leaf.data, leaf.len, chain.data, chain.len,
						 IN_2026, ark);
			EXPECT_TRUE(result == OWNER_SIGNATURE || result == OWNER_FORMAT);
			chain.data[at] ^= 'A' ^ 'B';
		}
	}
	EXPECT_EQ(1, good);
}

TEST_HARNESS_MAIN
