// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets that are sealed to the key of an SNP guest: who can open them, and what they are
 * made of, by a second reading of the header.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <sevfw/snp_seal.h>

#include "kselftest_harness.h"

#define SECRET	"the owner's"
#define LEN	sizeof(SECRET)
#define SEALED	(LEN + SNP_SEAL_BYTES)

FIXTURE(seal) {
	EVP_PKEY *pair;
	uint8_t key[SNP_SEAL_KEY_BYTES];
	uint8_t nonce[SNP_NONCE_BYTES];
	struct snp_report report;
	uint8_t sealed[SEALED];
	char opened[LEN];
};

FIXTURE_SETUP(seal)
{
	self->pair = snp_seal_key(self->key);
	ASSERT_NE(NULL, self->pair);
	for (size_t i = 0; i < sizeof(self->nonce); i++)
		self->nonce[i] = i;
	ASSERT_EQ(OWNER_OK, snp_seal_report_data(self->nonce, self->key,
						 self->report.report_data));
}

FIXTURE_TEARDOWN(seal)
{
	EVP_PKEY_free(self->pair);
}

static enum owner_result seal_it(FIXTURE_DATA(seal) *self)
{
	return snp_seal(&self->report, self->nonce, self->key, SECRET, LEN, self->sealed);
}

static enum owner_result open_it(FIXTURE_DATA(seal) *self)
{
	memset(self->opened, 0xff, LEN);
	return snp_seal_open(self->pair, self->report.report_data, self->sealed, SEALED,
			     self->opened);
}

/* Nothing of what could not be opened may be used by mistake. */
static bool is_zero(const char *secret)
{
	static const char zeros[LEN];

	return !memcmp(secret, zeros, LEN);
}

TEST_F(seal, the_guest_opens_it)
{
	ASSERT_EQ(OWNER_OK, seal_it(self));
	ASSERT_EQ(OWNER_OK, open_it(self));
	EXPECT_STREQ(SECRET, self->opened);
}

TEST_F(seal, two_are_never_the_same)
{
	uint8_t first[SEALED];

	ASSERT_EQ(OWNER_OK, seal_it(self));
	memcpy(first, self->sealed, SEALED);
	ASSERT_EQ(OWNER_OK, seal_it(self));
	EXPECT_NE(0, memcmp(first, self->sealed, SNP_SEAL_KEY_BYTES));
	EXPECT_NE(0, memcmp(first + SNP_SEAL_KEY_BYTES, self->sealed + SNP_SEAL_KEY_BYTES, LEN));
}

/* The host has made a key of its own, and says that it is the guest's. */
TEST_F(seal, an_exchanged_key_gets_nothing)
{
	EVP_PKEY *hosts = snp_seal_key(self->key);

	ASSERT_NE(NULL, hosts);
	EXPECT_EQ(OWNER_REPORT, seal_it(self));
	EVP_PKEY_free(hosts);
}

/* An old report, or that of a guest of another owner's. */
TEST_F(seal, a_report_on_another_nonce_gets_nothing)
{
	for (size_t i = 0; i < sizeof(self->nonce); i++) {
		self->nonce[i] ^= 1;
		EXPECT_EQ(OWNER_REPORT, seal_it(self)) TH_LOG("byte %zu", i);
		self->nonce[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(self->report.report_data); i++) {
		self->report.report_data[i] ^= 0x80;
		EXPECT_EQ(OWNER_REPORT, seal_it(self)) TH_LOG("byte %zu", i);
		self->report.report_data[i] ^= 0x80;
	}
	EXPECT_EQ(OWNER_OK, seal_it(self));
}

/* With this key, of order 1, everybody would know the shared secret. */
TEST_F(seal, a_key_without_a_secret_is_refused)
{
	memset(self->key, 0, sizeof(self->key));
	ASSERT_EQ(OWNER_OK, snp_seal_report_data(self->nonce, self->key,
						 self->report.report_data));
	EXPECT_EQ(OWNER_KEY, seal_it(self));
}

TEST_F(seal, a_changed_one_is_not_opened)
{
	ASSERT_EQ(OWNER_OK, seal_it(self));
	for (size_t i = 0; i < SEALED; i++) {
		self->sealed[i] ^= 4;
		EXPECT_NE(OWNER_OK, open_it(self)) TH_LOG("byte %zu", i);
		EXPECT_TRUE(is_zero(self->opened));
		self->sealed[i] ^= 4;
	}
	EXPECT_EQ(OWNER_OK, open_it(self));
}

TEST_F(seal, no_other_guest_opens_it)
{
	uint8_t key[SNP_SEAL_KEY_BYTES];
	EVP_PKEY *other = snp_seal_key(key);

	ASSERT_EQ(OWNER_OK, seal_it(self));
	EXPECT_EQ(OWNER_SIGNATURE, snp_seal_open(other, self->report.report_data, self->sealed,
						 SEALED, self->opened));
	self->report.report_data[0] ^= 1;
	EXPECT_EQ(OWNER_SIGNATURE, open_it(self));
	EVP_PKEY_free(other);
}

TEST_F(seal, lengths_have_limits)
{
	static uint8_t secret[SNP_SEAL_MAX + 1], sealed[SNP_SEAL_MAX + 1 + SNP_SEAL_BYTES];
	const struct snp_report *report = &self->report;
	const uint8_t *data = report->report_data;

	EXPECT_EQ(OWNER_LENGTH, snp_seal(report, self->nonce, self->key, secret, 0, sealed));
	EXPECT_EQ(OWNER_LENGTH, snp_seal(report, self->nonce, self->key, secret, SNP_SEAL_MAX + 1,
					 sealed));
	ASSERT_EQ(OWNER_OK, snp_seal(report, self->nonce, self->key, secret, SNP_SEAL_MAX, sealed));
	EXPECT_EQ(OWNER_OK, snp_seal_open(self->pair, data, sealed, SNP_SEAL_MAX + SNP_SEAL_BYTES,
					  secret));
	EXPECT_EQ(OWNER_LENGTH, snp_seal_open(self->pair, data, sealed, SNP_SEAL_BYTES, secret));
	EXPECT_EQ(OWNER_LENGTH, snp_seal_open(self->pair, data, sealed, 0, secret));
}

/* ---- the second reading ---- */

static bool shared_secret(EVP_PKEY *pair, const uint8_t *other, uint8_t *shared)
{
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, 32);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pair, NULL);
	size_t len = 32;
	bool good = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, shared, &len) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return good;
}

/* HKDF is two HMACs here, and AES-GCM is AES-CTR that begins with 2 where its IV is zeros. */
TEST_F(seal, it_is_made_as_the_header_says)
{
	static const uint8_t counter[16] = { [15] = 2 };
	uint8_t shared[32], first[64], info[33], second[64], data[64];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	char plain[LEN];
	int done;

	ASSERT_EQ(OWNER_OK, seal_it(self));
	ASSERT_EQ(1, EVP_DigestInit_ex(md, EVP_sha512(), NULL));
	ASSERT_EQ(1, EVP_DigestUpdate(md, self->nonce, 64));
	ASSERT_EQ(1, EVP_DigestUpdate(md, self->key, 32));
	ASSERT_EQ(1, EVP_DigestFinal_ex(md, data, NULL));
	EXPECT_EQ(0, memcmp(data, self->report.report_data, 64));
	ASSERT_TRUE(shared_secret(self->pair, self->sealed, shared));
	HMAC(EVP_sha512(), data, 64, shared, 32, first, NULL);
	memcpy(info, self->sealed, 32);
	info[32] = 1;
	HMAC(EVP_sha512(), first, 64, info, 33, second, NULL);
	ASSERT_EQ(1, EVP_DecryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, second, counter));
	ASSERT_EQ(1, EVP_DecryptUpdate(ctx, (uint8_t *)plain, &done, self->sealed + 32, LEN));
	EXPECT_STREQ(SECRET, plain);
	EVP_CIPHER_CTX_free(ctx);
	EVP_MD_CTX_free(md);
}

TEST_HARNESS_MAIN
