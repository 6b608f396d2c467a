// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates: the exported chain, checked signature by signature with direct
 * calls of libcrypto; ownership by PEK_CSR and PEK_CERT_IMPORT; the chip's id.
 */
#include "swpsp_test.h"
#include "swpsp_owner.h"

static const uint8_t *pdh(struct box *b)
{
	return at(b, BLOB);
}

static const uint8_t *pek(struct box *b)
{
	return at(b, BLOB2);
}

static const uint8_t *oca(struct box *b)
{
	return at(b, BLOB2 + CERT);
}

static const uint8_t *cek(struct box *b)
{
	return at(b, BLOB2 + 2 * CERT);
}

static bool slot_is(const uint8_t *cert, int slot, uint32_t usage, uint32_t algo)
{
	return get32(cert + 0x414 + 0x208 * slot) == usage &&
	       get32(cert + 0x418 + 0x208 * slot) == algo;
}

static bool head_is(const uint8_t *cert, uint32_t usage, uint32_t algo)
{
	return get32(cert) == 1 && cert[4] == 1 && cert[5] == 55 && !cert[6] && !cert[7] &&
	       get32(cert + 8) == usage && get32(cert + 0xc) == algo && get32(cert + 0x10) == 2;
}

FIXTURE(cert) {
	struct box b;
};

FIXTURE_SETUP(cert)
{
	ASSERT_TRUE(box_new(&self->b));
	ASSERT_EQ(0, init(&self->b, false));
}

FIXTURE_TEARDOWN(cert)
{
	box_free(&self->b);
}

TEST_F(cert, exported_chain)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, export_certs(b));
	EXPECT_TRUE(head_is(pdh(b), 0x1003, 3));
	EXPECT_TRUE(head_is(pek(b), 0x1002, 2));
	EXPECT_TRUE(head_is(oca(b), 0x1001, 2));
	EXPECT_TRUE(head_is(cek(b), 0x1004, 2));
	EXPECT_TRUE(slot_is(pdh(b), 0, 0x1002, 2) && slot_is(pdh(b), 1, 0x1000, 0));
	EXPECT_TRUE(slot_is(pek(b), 0, 0x1001, 2) && slot_is(pek(b), 1, 0x1004, 2));
	EXPECT_TRUE(slot_is(oca(b), 0, 0x1001, 2) && slot_is(oca(b), 1, 0x1000, 0));
	EXPECT_TRUE(slot_is(cek(b), 0, 0x1000, 0) && slot_is(cek(b), 1, 0x1000, 0));
	EXPECT_TRUE(o_cert_signed(pdh(b), 0, pek(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 0, oca(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 1, cek(b)));
	EXPECT_TRUE(o_cert_signed(oca(b), 0, oca(b)));
	EXPECT_FALSE(o_cert_signed(pdh(b), 0, oca(b)));
}

TEST_F(cert, vendor_chain)
{
	uint8_t signed_cek[CERT], chain[0xc80];
	const uint8_t *ask = chain, *ark = chain + 0x640;
	EVP_PKEY *ask_key, *ark_key;
	struct box *b = &self->b;

	ASSERT_EQ(0, export_certs(b));
	ASSERT_EQ(0, swpsp_export_ca(b->psp, signed_cek, chain));
	EXPECT_EQ(0, memcmp(signed_cek, cek(b), 0x414)) TH_LOG("the exported CEK, but signed");
	EXPECT_TRUE(slot_is(signed_cek, 0, 0x13, 0x101));
	EXPECT_EQ(0x13, get32(ask + 0x24));
	EXPECT_EQ(0, get32(ark + 0x24));
	EXPECT_EQ(0, memcmp(ark + 4, ark + 0x14, 16));
	EXPECT_EQ(0, memcmp(ask + 0x14, ark + 4, 16));
	EXPECT_EQ(0, memcmp(ark + 4, "SIMULATED", 9));
	ask_key = o_rsa_key(ask);
	ark_key = o_rsa_key(ark);
	EXPECT_TRUE(o_pss(ark_key, ark, 0x440, ark + 0x440));
	EXPECT_TRUE(o_pss(ark_key, ask, 0x440, ask + 0x440));
	EXPECT_TRUE(o_pss(ask_key, signed_cek, 0x414, signed_cek + 0x41c));
	EXPECT_FALSE(o_pss(ark_key, signed_cek, 0x414, signed_cek + 0x41c));
	EVP_PKEY_free(ask_key);
	EVP_PKEY_free(ark_key);
}

TEST_F(cert, export_lengths)
{
	static const uint32_t lengths[][2] = {
		{ 0, 0 }, { CERT - 1, CHAIN }, { CERT, CHAIN - 1 }, { 0, 0x10000 },
	};
	struct box *b = &self->b;

	for (int i = 0; i < 4; i++) {
		uint8_t *c = cmd_new(b);

		put32(c + 8, lengths[i][0]);
		put32(c + 0x18, lengths[i][1]);
		EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PDH_CERT_EXPORT));
		EXPECT_EQ(CERT, get32(c + 8));
		EXPECT_EQ(CHAIN, get32(c + 0x18));
	}
}

TEST_F(cert, csr)
{
	uint8_t empty[0x410] = { 0 }, *c;
	struct box *b = &self->b;

	ASSERT_EQ(0, export_certs(b));
	c = cmd_new(b);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PEK_CSR));
	EXPECT_EQ(CERT, get32(c + 8));
	put64(c, BLOB);
	put32(c + 8, 0x1000);
	EXPECT_EQ(0, run(b, PEK_CSR));
	EXPECT_EQ(CERT, get32(c + 8));
	put32(empty, 0x1000);
	put32(empty + 0x208, 0x1000);
	EXPECT_EQ(0, memcmp(at(b, BLOB), pek(b), 0x414));
	EXPECT_EQ(0, memcmp(at(b, BLOB + 0x414), empty, sizeof(empty)));
}

TEST_F(cert, pdh_gen)
{
	struct box *b = &self->b;
	uint8_t old_pdh[CERT], old_chain[CHAIN];

	ASSERT_EQ(0, export_certs(b));
	memcpy(old_pdh, pdh(b), CERT);
	memcpy(old_chain, pek(b), CHAIN);
	ASSERT_EQ(0, run(b, PDH_GEN));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_NE(0, memcmp(old_pdh, pdh(b), CERT));
	EXPECT_EQ(0, memcmp(old_chain, pek(b), CHAIN));
	EXPECT_TRUE(o_cert_signed(pdh(b), 0, pek(b)));
}

TEST_F(cert, pek_gen)
{
	struct box *b = &self->b;
	uint8_t old_chain[CHAIN];

	ASSERT_EQ(0, export_certs(b));
	memcpy(old_chain, pek(b), CHAIN);
	ASSERT_EQ(0, run(b, PEK_GEN));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_NE(0, memcmp(old_chain, pek(b), CERT));
	EXPECT_NE(0, memcmp(old_chain + CERT, oca(b), CERT));
	EXPECT_EQ(0, memcmp(old_chain + 2 * CERT, cek(b), CERT)) TH_LOG("the CEK is the chip's");
	EXPECT_TRUE(o_cert_signed(pdh(b), 0, pek(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 0, oca(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 1, cek(b)));
}

/* ---- ownership ---- */

FIXTURE(owner) {
	struct box b;
	EVP_PKEY *key;
	uint8_t *pek, *oca;	/* as they are going to be imported */
};

FIXTURE_SETUP(owner)
{
	struct box *b = &self->b;
	uint8_t *c;

	ASSERT_TRUE(box_new(b));
	ASSERT_EQ(0, init(b, false));
	self->pek = at(b, BLOB3);
	self->oca = at(b, BLOB4);
	self->key = o_new_key();
	o_make_cert(self->oca, 0x1001, 2, self->key);
	o_sign_slot(self->oca, 0, 0x1001, self->key);
	c = cmd_new(b);
	put64(c, BLOB3);
	put32(c + 8, CERT);
	ASSERT_EQ(0, run(b, PEK_CSR));
	o_sign_slot(self->pek, 0, 0x1001, self->key);
}

FIXTURE_TEARDOWN(owner)
{
	EVP_PKEY_free(self->key);
	box_free(&self->b);
}

static uint16_t import(struct box *b)
{
	uint8_t *c = cmd_new(b);

	put64(c, BLOB3);
	put32(c + 8, CERT);
	put64(c + 0x10, BLOB4);
	put32(c + 0x18, CERT);
	return run(b, PEK_CERT_IMPORT);
}

static int owner_bit(struct box *b)
{
	uint8_t s[12];

	return platform_status(b, s) ? -1 : s[3];
}

TEST_F(owner, import_and_return)
{
	struct box *b = &self->b;
	uint8_t old_pdh[CERT];

	ASSERT_EQ(0, export_certs(b));
	memcpy(old_pdh, pdh(b), CERT);
	EXPECT_EQ(0, owner_bit(b));
	ASSERT_EQ(0, import(b));
	EXPECT_EQ(1, owner_bit(b));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_EQ(0, memcmp(oca(b), self->oca, CERT));
	EXPECT_TRUE(slot_is(pek(b), 1, 0x1004, 2)) TH_LOG("CEK's goes to the empty slot");
	EXPECT_TRUE(o_cert_signed(pek(b), 0, oca(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 1, cek(b)));
	EXPECT_TRUE(o_cert_signed(pdh(b), 0, pek(b)));
	EXPECT_NE(0, memcmp(old_pdh, pdh(b), CERT));
	EXPECT_EQ(SWPSP_ALREADY_OWNED, import(b));
	ASSERT_EQ(0, run(b, PEK_GEN));
	EXPECT_EQ(0, owner_bit(b)) TH_LOG("self-owned again");
}

TEST_F(owner, survives_shutdown)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, import(b));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(0, owner_bit(b)) TH_LOG("UNINIT tells nothing");
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(1, owner_bit(b));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_EQ(0, memcmp(oca(b), self->oca, CERT));
}

TEST_F(owner, signature_in_the_second_slot)
{
	struct box *b = &self->b;

	memcpy(self->pek + 0x61c, self->pek + 0x414, 0x208);
	memset(self->pek + 0x414, 0, 0x208);
	put32(self->pek + 0x414, 0x1000);
	ASSERT_EQ(0, import(b));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_TRUE(slot_is(pek(b), 0, 0x1004, 2));
	EXPECT_TRUE(o_cert_signed(pek(b), 0, cek(b)));
	EXPECT_TRUE(o_cert_signed(pek(b), 1, oca(b)));
}

TEST_F(owner, lengths_and_addresses)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put32(c + 8, CERT - 1);
	put32(c + 0x18, CERT);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PEK_CERT_IMPORT));
	put32(c + 8, CERT);
	put32(c + 0x18, CERT + 1);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PEK_CERT_IMPORT));
	EXPECT_EQ(CERT + 1, get32(c + 0x18)) TH_LOG("class A: nothing is written back");
	put32(c + 0x18, CERT);
	put64(c, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, PEK_CERT_IMPORT));
	put64(c, BLOB3);
	put64(c + 0x10, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, PEK_CERT_IMPORT));
}

TEST_F(owner, bad_oca)
{
	struct box *b = &self->b;

	self->oca[0x41c] ^= 1;
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, import(b));
	self->oca[0x41c] ^= 1;
	put32(self->oca + 0x61c, 0);
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, import(b)) TH_LOG("usage 0 is not \"empty\"");
	put32(self->oca + 0x61c, 0x1000);
	put32(self->oca + 0x414, 0x1002);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("no signature of an OCA");
	put32(self->oca + 0x414, 0x1001);
	self->oca[0x14] ^= 1;
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("not on the curve");
	self->oca[0x14] ^= 1;
	put32(self->oca + 0x10, 1);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("not P-384");
	put32(self->oca + 0x10, 2);
	put32(self->oca + 0xc, 7);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("unknown algorithm");
	put32(self->oca + 0xc, 2);
	EXPECT_EQ(0, owner_bit(b));
	EXPECT_EQ(0, import(b));
}

TEST_F(owner, key_agreement_keys_do_not_sign)
{
	put32(self->oca + 0xc, 3);
	put32(self->oca + 0x418, 3);
	EXPECT_EQ(SWPSP_UNSUPPORTED, import(&self->b));
}

TEST_F(owner, wrong_version)
{
	put32(self->oca, 2);
	o_sign_slot(self->oca, 0, 0x1001, self->key);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(&self->b));
}

TEST_F(owner, wrong_role)
{
	o_make_cert(self->oca, 0x1004, 2, self->key);
	o_sign_slot(self->oca, 0, 0x1004, self->key);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(&self->b));
}

TEST_F(owner, second_matching_slot_decides)
{
	struct box *b = &self->b;

	memcpy(self->oca + 0x61c, self->oca + 0x414, 0x208);
	self->oca[0x41c] ^= 1;
	EXPECT_EQ(0, import(b));
	ASSERT_EQ(0, run(b, PEK_GEN));
	self->oca[0x41c] ^= 1;
	self->oca[0x624] ^= 1;
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, import(b));
}

TEST_F(owner, bad_pek)
{
	struct box *b = &self->b;
	EVP_PKEY *other = o_new_key();

	self->pek[0x500] ^= 1;	/* unused part of the signature: not looked at */
	self->pek[0x420] ^= 1;
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, import(b));
	o_sign_slot(self->pek, 0, 0x1001, other);
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, import(b));
	o_sign_slot(self->pek, 0, 0x1001, self->key);
	memcpy(self->pek + 0x61c, self->pek + 0x414, 0x208);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("no slot left for the CEK");
	EVP_PKEY_free(other);
}

TEST_F(owner, pek_of_another_platform)
{
	EVP_PKEY *other = o_new_key();

	o_make_cert(self->pek, 0x1002, 2, other);
	o_sign_slot(self->pek, 0, 0x1001, self->key);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(&self->b));
	EVP_PKEY_free(other);
}

/* An OCA may use RSA; firmware only verifies it. */
TEST_F(owner, rsa_oca)
{
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct box *b = &self->b;
	BIGNUM *n = NULL;

	memset(self->oca, 0, CERT);
	put32(self->oca, 1);
	put32(self->oca + 8, 0x1001);
	put32(self->oca + 0xc, 1);
	put32(self->oca + 0x10, 2048);
	put32(self->oca + 0x14, 65537);
	ASSERT_TRUE(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n));
	BN_bn2lebinpad(n, self->oca + 0x214, 512);
	for (int i = 0; i < 2; i++) {
		uint8_t *cert = i ? self->pek : self->oca, be[256];
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pctx;
		size_t len = sizeof(be);

		put32(cert + 0x61c, 0x1000);
		put32(cert + 0x414, 0x1001);
		put32(cert + 0x418, 1);
		EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, rsa);
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32);
		ASSERT_EQ(1, EVP_DigestSign(ctx, be, &len, cert, 0x414));
		memset(cert + 0x41c, 0, 0x200);
		o_reverse(cert + 0x41c, be, len);
		EVP_MD_CTX_free(ctx);
	}
	EXPECT_EQ(0, import(b));
	put32(self->oca + 0x10, 4097);
	ASSERT_EQ(0, run(b, PEK_GEN));
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b)) TH_LOG("key too large");
	put32(self->oca + 0x10, 0);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, import(b));
	BN_free(n);
	EVP_PKEY_free(rsa);
}

/* ---- the chip's id ---- */

static uint16_t get_id(struct box *b, uint32_t *len)
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	put64(c, BLOB);
	put32(c + 8, *len);
	status = run(b, GET_ID);
	*len = get32(c + 8);
	return status;
}

TEST(chip_id)
{
	uint8_t first[64], zero[64] = { 0 };
	uint32_t len = 0x3f;
	struct box b;

	ASSERT_TRUE(box_new(&b));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, get_id(&b, &len));
	EXPECT_EQ(0x40, len);
	EXPECT_EQ(0, get_id(&b, &len));
	EXPECT_EQ(0x40, len);
	memcpy(first, at(&b, BLOB), 64);
	EXPECT_NE(0, memcmp(first, zero, 64));
	len = 0x80;
	EXPECT_EQ(0, get_id(&b, &len));
	EXPECT_EQ(0x40, len) TH_LOG("one socket");
	swpsp_free(b.psp);
	b.config.sockets = 2;
	ASSERT_TRUE(box_start(&b));
	len = 0x7f;
	EXPECT_EQ(0, get_id(&b, &len));
	EXPECT_EQ(0x40, len);
	len = 0x80;
	EXPECT_EQ(0, get_id(&b, &len));
	EXPECT_EQ(0x80, len);
	EXPECT_NE(0, memcmp(at(&b, BLOB), at(&b, BLOB + 0x40), 64));
	box_free(&b);
}

TEST_HARNESS_MAIN
