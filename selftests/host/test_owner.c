// SPDX-License-Identifier: GPL-2.0
/*
 * The guest owner's library against known answers, and against certificates and
 * sessions whose other end is made here. Runs anywhere; no SEV is needed.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <sevfw/owner.h>
#include <sevfw/snp_owner.h>

#include "kselftest_harness.h"

static void from_hex(void *out, const char *hex)
{
	uint8_t *byte = out;
	char digits[3] = "";

	for (; *hex; hex += 2) {
		memcpy(digits, hex, 2);
		*byte++ = strtoul(digits, NULL, 16);
	}
}

/* Does @data hold the bytes that @hex spells? */
static int is_hex(const void *data, const char *hex)
{
	uint8_t expected[64];

	from_hex(expected, hex);
	return !memcmp(data, expected, strlen(hex) / 2);
}

/* n bytes that count up from @from */
static void count_up(uint8_t *out, uint8_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = from + i;
}

/* Known answers */

TEST(kdf)
{
	uint8_t zero[32] = { 0 }, out[56];

	ASSERT_EQ(OWNER_OK, owner_kdf(out, 16, zero, 16, "sev-master-secret", zero, 16));
	EXPECT_TRUE(is_hex(out, "ab4d269fcc62bedb4511d56c386ce706"));
	ASSERT_EQ(OWNER_OK, owner_kdf(out, 56, zero, 32, "sev-chip-endorsement-key", NULL, 0));
	EXPECT_TRUE(is_hex(out,
			   "ddcbefd40680bebe51d41e9ffaac77881c89bab68b7ed06bd8f1c3f8e87c052a"));
	EXPECT_TRUE(is_hex(out + 32, "c6bb8fb55f4071c9941a2b0a70eaa39035049b2d7ef18022"));
	EXPECT_EQ(OWNER_LENGTH, owner_kdf(out, 256 * 32, zero, 16, "x", NULL, 0));
}

TEST(session_of_zeros)
{
	struct owner_session s;
	uint8_t zero[48] = { 0 }, master[16], kek[16];

	owner_session_none(&s, 0);
	ASSERT_EQ(OWNER_OK, owner_session_seal(&s, zero, zero, zero));
	EXPECT_TRUE(is_hex(s.blob + 0x60,
			   "aa7855e13839dd767cd5da7c1ff5036540c9264b7a803029315e55375287b4af"));

	/* The public vector starts from a master secret made of 16 zero bytes. */
	ASSERT_EQ(OWNER_OK, owner_kdf(master, 16, zero, 16, "sev-master-secret", zero, 16));
	ASSERT_EQ(OWNER_OK, owner_kdf(kek, 16, master, 16, "sev-kek", NULL, 0));
	memcpy(s.tek, kek, 16);
	memset(s.tik, 0, 16);
	ASSERT_EQ(OWNER_OK, owner_packet_seal(&s, NULL, zero, zero, master, 16, s.blob));
	EXPECT_TRUE(is_hex(master, "2137bc7f9bb8bd7c3e55a576a15d3454"));
}

FIXTURE(known) {
	struct owner_session s;
	struct owner_platform platform;
	uint8_t ld[OWNER_HASH_SIZE];
	uint8_t measure[OWNER_MEASURE_SIZE];
};

FIXTURE_SETUP(known)
{
	static const uint8_t zeros[4096];
	struct owner_digest *digest = owner_digest_new();
	uint8_t shared[48], nonce[16], iv[16];

	ASSERT_NE(NULL, digest);
	count_up(shared, 0x00, 48);
	count_up(nonce, 0x10, 16);
	count_up(iv, 0xc0, 16);
	owner_session_none(&self->s, 0x37010001);
	count_up(self->s.tek, 0xa0, 16);
	count_up(self->s.tik, 0xb0, 16);
	ASSERT_EQ(OWNER_OK, owner_session_seal(&self->s, shared, nonce, iv));
	self->platform = (struct owner_platform){ .api_major = 1, .api_minor = 55, .build = 25 };

	/* In two parts: only the bytes count. */
	ASSERT_EQ(OWNER_OK, owner_digest_update(digest, zeros, 96));
	ASSERT_EQ(OWNER_OK, owner_digest_update(digest, zeros, sizeof(zeros) - 96));
	ASSERT_EQ(OWNER_OK, owner_digest_final(digest, self->ld));

	from_hex(self->measure, "bc8801139ca0ba98d73e3257328cdc0e77a712f25065c25487aa0ad39aa92af4");
	count_up(self->measure + 32, 0xd0, 16);
}

FIXTURE_TEARDOWN(known)
{
	owner_session_wipe(&self->s);
}

TEST_F(known, session)
{
	const uint8_t *blob = self->s.blob;

	EXPECT_TRUE(is_hex(blob, "101112131415161718191a1b1c1d1e1f"));
	EXPECT_TRUE(is_hex(blob + 0x10,
			   "4e7eedcd8c74fb7e9341b9781d3e756d8083c98b2c35a6bf2b16d4fb22401b6e"));
	EXPECT_TRUE(is_hex(blob + 0x30, "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"));
	EXPECT_TRUE(is_hex(blob + 0x40,
			   "eb5c71190ea9943ca8e1adde6f66ad3be25434912d98a85ab0f4fe58d3b0f9b9"));
	EXPECT_TRUE(is_hex(blob + 0x60,
			   "5cb1aabf6f571d4d3093db8ee86a5c158d415953b7e5eb7eb64a4f7d6ebe3b5b"));
}

TEST_F(known, measurement)
{
	EXPECT_TRUE(is_hex(self->ld,
			   "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7"));
	EXPECT_EQ(OWNER_OK, owner_measure_check(&self->s, &self->platform, self->ld,
						self->measure));
	for (int i = 0; i < OWNER_MEASURE_SIZE; i++) {
		self->measure[i] ^= 0x10;
		EXPECT_EQ(OWNER_MEASUREMENT, owner_measure_check(&self->s, &self->platform,
								 self->ld, self->measure));
		self->measure[i] ^= 0x10;
	}
	self->platform.build++;
	EXPECT_EQ(OWNER_MEASUREMENT, owner_measure_check(&self->s, &self->platform, self->ld,
							 self->measure));
}

TEST(measurement_of_nothing)
{
	const struct owner_platform platform = { .api_major = 0, .api_minor = 18, .build = 15 };
	struct owner_digest *digest = owner_digest_new();
	uint8_t ld[OWNER_HASH_SIZE], nonce[OWNER_NONCE_SIZE], hmac[OWNER_HASH_SIZE];
	struct owner_session s;

	ASSERT_NE(NULL, digest);
	owner_session_none(&s, 0);
	from_hex(s.tik, "66320db73158a35a255d051758e95ed4");
	from_hex(nonce, "4fbe0bedbad6c86ae8f68971d103e554");
	ASSERT_EQ(OWNER_OK, owner_digest_final(digest, ld));
	ASSERT_EQ(OWNER_OK, owner_measure(&s, &platform, ld, nonce, hmac));
	EXPECT_TRUE(is_hex(hmac,
			   "6faab2daae389bcd3405a05d6cafe33c0414f7bedd0bae19ba5f38b7fd1664ea"));
}

TEST_F(known, packets)
{
	uint8_t iv[16], data[48], header[OWNER_HEADER_SIZE];

	count_up(iv, 0xe0, 16);
	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(OWNER_OK, owner_packet_seal(&self->s, self->measure, iv, data, data, 48, header));
	EXPECT_TRUE(is_hex(data,
			   "24ec9e0339a112f9840191b724e2a777c439f9453d7d928318225d8ff9f948bc"));
	EXPECT_TRUE(is_hex(data + 32, "c67c839a1a438e902f5aa811af5a1bc2"));
	EXPECT_TRUE(is_hex(header, "00000000e0e1e2e3e4e5e6e7e8e9eaebecedeeef"));
	EXPECT_TRUE(is_hex(header + 20,
			   "b176af7f9b1c7f8637cd385ba11a44ed07e4a35ca79907fb106750a551f092a5"));

	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(OWNER_OK, owner_packet_seal(&self->s, NULL, iv, data, data, 48, header));
	EXPECT_TRUE(is_hex(header + 20,
			   "1e161e686d96190665eb87fc77cf452bd1848f27a2c86aea76ebf1a495bcd6f7"));

	EXPECT_EQ(OWNER_LENGTH, owner_secret_seal(&self->s, self->measure, data, data, 0, header));
	EXPECT_EQ(OWNER_LENGTH, owner_secret_seal(&self->s, self->measure, data, data, 40, header));
}

/* A platform made here */

static EVP_PKEY *new_cert(struct sev_cert *cert, uint32_t usage)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");

	if (!key || sev_cert_make_dh(cert, key))
		return NULL;
	cert->usage = htole32(usage);
	cert->algo = htole32(usage == SEV_USAGE_PDH ? SEV_ALGO_ECDH_SHA256 : SEV_ALGO_ECDSA_SHA256);
	return key;
}

static int sign(void *out, EVP_PKEY *key, const void *data, size_t len)
{
	unsigned char der[128];
	const unsigned char *p = der;
	size_t der_len = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *sig = NULL;
	int ok;

	ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestSign(ctx, der, &der_len, data, len) == 1;
	if (ok)
		sig = d2i_ECDSA_SIG(NULL, &p, der_len);
	ok = sig && BN_bn2lebinpad(ECDSA_SIG_get0_r(sig), out, 72) == 72 &&
	     BN_bn2lebinpad(ECDSA_SIG_get0_s(sig), (uint8_t *)out + 72, 72) == 72;
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static int sign_cert(struct sev_cert *cert, int slot, EVP_PKEY *key, uint32_t usage)
{
	cert->sig[slot].usage = htole32(usage);
	cert->sig[slot].algo = htole32(SEV_ALGO_ECDSA_SHA256);
	return sign(cert->sig[slot].data, key, cert, SEV_CERT_SIGNED);
}

#define VENDOR_KEY	256		/* bytes of a vendor key in this test */
#define VENDOR_BODY	(64 + 2 * VENDOR_KEY)
#define VENDOR_CERT	(VENDOR_BODY + VENDOR_KEY)

static int sign_rsa(uint8_t *out, EVP_PKEY *key, const void *data, size_t len)
{
	uint8_t sig[VENDOR_KEY];
	size_t sig_len = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int ok;

	ok = ctx && EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, key) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	     EVP_DigestSign(ctx, sig, &sig_len, data, len) == 1;
	for (int i = 0; i < VENDOR_KEY; i++)
		out[i] = sig[VENDOR_KEY - 1 - i];
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* One certificate in the vendor's format; @id names its key, @by who signs. */
static int vendor_cert(uint8_t *out, EVP_PKEY *key, uint8_t id, EVP_PKEY *signer, uint8_t by,
		       uint32_t usage)
{
	const uint32_t words[] = { htole32(8 * VENDOR_KEY), htole32(8 * VENDOR_KEY) };
	BIGNUM *e = NULL, *n = NULL;
	int ok;

	memset(out, 0, VENDOR_CERT);
	out[0] = 1;
	memset(out + 0x04, id, 16);
	memset(out + 0x14, by, 16);
	out[0x24] = usage;
	memcpy(out + 0x38, words, sizeof(words));
	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	     EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	     BN_bn2lebinpad(e, out + 0x40, VENDOR_KEY) == VENDOR_KEY &&
	     BN_bn2lebinpad(n, out + 0x40 + VENDOR_KEY, VENDOR_KEY) == VENDOR_KEY;
	BN_free(e);
	BN_free(n);
	return ok && sign_rsa(out + VENDOR_BODY, signer, out, VENDOR_BODY);
}

FIXTURE(platform) {
	struct sev_cert pdh, cek;
	struct sev_chain chain;
	EVP_PKEY *pdh_key, *pek_key, *oca_key, *cek_key, *ask_key, *ark_key;
	uint8_t ca[2 * VENDOR_CERT];
	struct sev_vendor vendor;
};

FIXTURE_SETUP(platform)
{
	struct sev_chain *chain = &self->chain;

	self->pdh_key = new_cert(&self->pdh, SEV_USAGE_PDH);
	self->pek_key = new_cert(&chain->pek, SEV_USAGE_PEK);
	self->oca_key = new_cert(&chain->oca, SEV_USAGE_OCA);
	self->cek_key = new_cert(&chain->cek, SEV_USAGE_CEK);
	self->ask_key = EVP_RSA_gen(8 * VENDOR_KEY);
	self->ark_key = EVP_RSA_gen(8 * VENDOR_KEY);
	ASSERT_TRUE(self->pdh_key && self->pek_key && self->oca_key && self->cek_key);
	ASSERT_TRUE(self->ask_key && self->ark_key);
	ASSERT_TRUE(sign_cert(&chain->oca, 0, self->oca_key, SEV_USAGE_OCA));
	ASSERT_TRUE(sign_cert(&chain->pek, 0, self->oca_key, SEV_USAGE_OCA));
	ASSERT_TRUE(sign_cert(&chain->pek, 1, self->cek_key, SEV_USAGE_CEK));
	ASSERT_TRUE(sign_cert(&self->pdh, 0, self->pek_key, SEV_USAGE_PEK));

	self->cek = chain->cek;
	self->cek.sig[1].usage = htole32(SEV_USAGE_ASK);
	self->cek.sig[1].algo = htole32(SEV_ALGO_RSA_SHA256);
	ASSERT_TRUE(sign_rsa(self->cek.sig[1].data, self->ask_key, &self->cek, SEV_CERT_SIGNED));
	ASSERT_TRUE(vendor_cert(self->ca, self->ask_key, 0xa5, self->ark_key, 0xa7,
				SEV_USAGE_ASK));
	ASSERT_TRUE(vendor_cert(self->ca + VENDOR_CERT, self->ark_key, 0xa7, self->ark_key, 0xa7,
				SEV_USAGE_ARK));
	self->vendor = (struct sev_vendor){ &self->cek, self->ca, sizeof(self->ca) };
}

FIXTURE_TEARDOWN(platform)
{
	EVP_PKEY_free(self->pdh_key);
	EVP_PKEY_free(self->pek_key);
	EVP_PKEY_free(self->oca_key);
	EVP_PKEY_free(self->cek_key);
	EVP_PKEY_free(self->ask_key);
	EVP_PKEY_free(self->ark_key);
}

TEST_F(platform, chain)
{
	EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, NULL));
	EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, &self->vendor));

	/* Any change of a signed body is noticed, wherever it is. */
	for (size_t i = 0; i < SEV_CERT_SIGNED; i += 13) {
		((uint8_t *)&self->pdh)[i] ^= 1;
		EXPECT_NE(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, NULL));
		((uint8_t *)&self->pdh)[i] ^= 1;
		((uint8_t *)&self->chain.pek)[i] ^= 1;
		EXPECT_NE(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, NULL));
		((uint8_t *)&self->chain.pek)[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(self->ca); i += 13) {
		self->ca[i] ^= 1;
		EXPECT_NE(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, &self->vendor));
		self->ca[i] ^= 1;
	}
	EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->pdh, &self->chain, &self->vendor));
}

TEST_F(platform, chain_refused)
{
	struct sev_cert other = self->chain.pek;
	struct sev_vendor vendor = self->vendor;

	/* A signature in the right slot, by the wrong key */
	ASSERT_TRUE(sign_cert(&self->pdh, 0, self->oca_key, SEV_USAGE_PEK));
	EXPECT_EQ(OWNER_SIGNATURE, sev_chain_verify(&self->pdh, &self->chain, NULL));
	/* None of the PEK's at all */
	ASSERT_TRUE(sign_cert(&self->pdh, 0, self->oca_key, SEV_USAGE_OCA));
	EXPECT_EQ(OWNER_SIGNER, sev_chain_verify(&self->pdh, &self->chain, NULL));
	/* One right, one wrong */
	ASSERT_TRUE(sign_cert(&self->pdh, 0, self->pek_key, SEV_USAGE_PEK));
	ASSERT_TRUE(sign_cert(&self->pdh, 1, self->oca_key, SEV_USAGE_PEK));
	EXPECT_EQ(OWNER_SIGNATURE, sev_chain_verify(&self->pdh, &self->chain, NULL));
	self->pdh.sig[1].usage = htole32(SEV_USAGE_NONE);

	/* Certificates in each other's place */
	EXPECT_EQ(OWNER_FORMAT, sev_chain_verify(&other, &self->chain, NULL));

	/* Not the CEK that the vendor speaks of; the vendor's part cut off */
	self->cek.api_minor++;
	EXPECT_EQ(OWNER_MISMATCH, sev_chain_verify(&self->pdh, &self->chain, &vendor));
	self->cek.api_minor--;
	for (vendor.ca_len = 0; vendor.ca_len < sizeof(self->ca); vendor.ca_len += 16)
		EXPECT_EQ(OWNER_LENGTH, sev_chain_verify(&self->pdh, &self->chain, &vendor));
}

TEST_F(platform, keys_refused)
{
	struct owner_session s;
	struct sev_cert bad = self->pdh;

	bad.ec.x[0] ^= 1;	/* not on the curve */
	EXPECT_EQ(OWNER_KEY, owner_session_make(&s, &bad, 0));
	bad = self->pdh;
	bad.ec.y[71] = 1;	/* longer than the field */
	EXPECT_EQ(OWNER_KEY, owner_session_make(&s, &bad, 0));
	bad = self->pdh;
	bad.ec.curve = htole32(1);
	EXPECT_EQ(OWNER_KEY, owner_session_make(&s, &bad, 0));
	bad = self->pdh;
	memset(bad.ec.x, 0, sizeof(bad.ec.x));
	memset(bad.ec.y, 0, sizeof(bad.ec.y));
	EXPECT_EQ(OWNER_KEY, owner_session_make(&s, &bad, 0));
	EXPECT_EQ(OWNER_FORMAT, owner_session_make(&s, &self->chain.pek, 0));
}

/* The firmware's half of a session: its key and our certificate give the keys. */
TEST_F(platform, session)
{
	struct owner_session s, opened = { 0 };
	uint8_t shared[48], master[16], kek[16], keys[32], header[OWNER_HEADER_SIZE];
	size_t len = sizeof(shared);
	EVP_PKEY *peer = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self->pdh_key, NULL);

	ASSERT_EQ(OWNER_OK, owner_session_make(&s, &self->pdh, OWNER_POLICY_NODBG));
	ASSERT_EQ(OWNER_OK, sev_cert_key(&s.dh_cert, &peer));
	ASSERT_EQ(1, EVP_PKEY_derive_init(ctx));
	ASSERT_EQ(1, EVP_PKEY_derive_set_peer(ctx, peer));
	ASSERT_EQ(1, EVP_PKEY_derive(ctx, shared, &len));
	owner_kdf(master, 16, shared, 48, "sev-master-secret", s.blob, 16);
	owner_kdf(kek, 16, master, 16, "sev-kek", NULL, 0);
	/* Counter mode: encrypting once more decrypts. */
	memcpy(opened.tek, kek, 16);
	ASSERT_EQ(OWNER_OK, owner_packet_seal(&opened, NULL, s.blob + 0x30, s.blob + 0x10, keys,
					      32, header));
	EXPECT_EQ(0, memcmp(keys, s.tek, 16));
	EXPECT_EQ(0, memcmp(keys + 16, s.tik, 16));
	EXPECT_NE(0, memcmp(s.tek, s.tik, 16));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

TEST_F(platform, report)
{
	uint8_t report[OWNER_REPORT_SIZE] = { 0 }, mnonce[16], ld[32], other[32];
	const uint32_t tail[] = { htole32(5), htole32(SEV_USAGE_PEK),
				  htole32(SEV_ALGO_ECDSA_SHA256) };

	count_up(mnonce, 1, 16);
	count_up(ld, 80, 32);
	count_up(other, 81, 32);
	memcpy(report, mnonce, 16);
	memcpy(report + 16, ld, 32);
	memcpy(report + 48, tail, sizeof(tail));
	ASSERT_TRUE(sign(report + 64, self->pek_key, report, 52));

	EXPECT_EQ(OWNER_OK, owner_report_check(&self->chain.pek, report, mnonce, 5, ld));
	EXPECT_EQ(OWNER_OK, owner_report_check(&self->chain.pek, report, mnonce, 5, NULL));
	EXPECT_EQ(OWNER_REPORT, owner_report_check(&self->chain.pek, report, mnonce, 4, ld));
	EXPECT_EQ(OWNER_REPORT, owner_report_check(&self->chain.pek, report, ld, 5, ld));
	EXPECT_EQ(OWNER_REPORT, owner_report_check(&self->chain.pek, report, mnonce, 5, other));
	EXPECT_EQ(OWNER_SIGNATURE, owner_report_check(&self->chain.oca, report, mnonce, 5, ld));
	report[20] ^= 1;
	EXPECT_EQ(OWNER_SIGNATURE, owner_report_check(&self->chain.pek, report, mnonce, 5, NULL));
}

/* ---- SNP: the ID block, byte by byte as the firmware's interface has it ---- */

/* Digest a0.., family 11.., image 22.., version 1, SVN 5, policy 0xb0000. */
static const uint8_t block_bytes[0x60] =
	"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf"
	"\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb\xbc\xbd\xbe\xbf"
	"\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf"
	"\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
	"\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22"
	"\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x00";

static bool zeros(const uint8_t *at, size_t len)
{
	while (len && !at[len - 1])
		len--;
	return !len;
}

/* Is @at the public half of @key: curve 2, two numbers of 72 bytes, zeros up to 0x404? */
static bool is_key(const uint8_t *at, const EVP_PKEY *key)
{
	uint8_t point[97];
	size_t n;

	if (!EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					     &n) || n != sizeof(point))
		return false;
	for (int i = 0; i < 48; i++)
		if (at[4 + i] != point[48 - i] || at[0x4c + i] != point[96 - i])
			return false;
	return at[0] == 2 && zeros(at + 1, 3) && zeros(at + 0x34, 0x18) &&
	       zeros(at + 0x7c, 0x404 - 0x7c);
}

/* Are the 0x200 bytes at @at a signature by @key of @data? */
static bool is_signature(const uint8_t *at, EVP_PKEY *key, const uint8_t *data, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	bool good;
	int n;

	ECDSA_SIG_set0(sig, BN_lebin2bn(at, 72, NULL), BN_lebin2bn(at + 72, 72, NULL));
	n = i2d_ECDSA_SIG(sig, &der);
	good = zeros(at + 144, 0x200 - 144) &&
	       EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, der, (size_t)n, data, len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return good;
}

TEST(id_block)
{
	struct snp_identity_request request = { .policy = 0xb0000, .svn = 5 };
	EVP_PKEY *id = EVP_EC_gen("P-384"), *author = EVP_EC_gen("P-384");
	uint8_t block[0x60], auth[0x1000];

	for (int i = 0; i < 48; i++)
		request.digest[i] = (uint8_t)(0xa0 + i);
	memset(request.family, 0x11, 16);
	memset(request.image, 0x22, 16);
	for (int with = 0; with < 2; with++) {
		memset(block, 0xff, sizeof(block));
		memset(auth, 0xff, sizeof(auth));
		ASSERT_EQ(OWNER_OK, snp_identity_sign(&request, id, with ? author : NULL, block,
						      auth));
		EXPECT_EQ(0, memcmp(block_bytes, block, sizeof(block)));
		EXPECT_EQ(1, auth[0]);
		EXPECT_EQ(with, auth[4]);
		EXPECT_TRUE(zeros(auth + 1, 3) && zeros(auth + 5, 0x3b));
		EXPECT_TRUE(is_signature(auth + 0x40, id, block_bytes, 0x60));
		EXPECT_TRUE(is_key(auth + 0x240, id));
		EXPECT_TRUE(zeros(auth + 0x644, 0x3c) && zeros(auth + 0xc84, 0x37c));
		if (with) {
			EXPECT_TRUE(is_signature(auth + 0x680, author, auth + 0x240, 0x404));
			EXPECT_TRUE(is_key(auth + 0x880, author));
		} else {
			EXPECT_TRUE(zeros(auth + 0x680, 0x980));
		}
	}
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
}

TEST_HARNESS_MAIN
