// SPDX-License-Identifier: GPL-2.0
/*
 * The software PSP's cryptography against known answers: those that are public,
 * and a set computed by an independent program from the description of the formats.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bn.h>

#include "kselftest_harness.h"
#include "internal.h"

/* Compare bytes with a string of hex digits. */
static bool is_hex(const uint8_t *data, const char *hex)
{
	char digits[3] = "";

	for (; *hex; hex += 2) {
		snprintf(digits, sizeof(digits), "%02x", *data++);
		if (strncmp(digits, hex, 2))
			return false;
	}
	return true;
}

static void count_up(uint8_t *p, uint8_t first, size_t len)
{
	while (len--)
		*p++ = first++;
}

#define WRAPPED_ZERO "2137bc7f9bb8bd7c3e55a576a15d3454b3856b8ba27afadf46dcfee9f02c02c4"

TEST(public_session_of_zeros)
{
	static const uint8_t zero[48];
	struct session_derived keys;
	uint8_t master[16], wrapped[32], mac[32];
	const struct piece piece = { wrapped, 32 };

	ASSERT_TRUE(crypto_kdf(master, 16, zero, 16, "sev-master-secret", 17, zero, 16));
	EXPECT_TRUE(is_hex(master, "ab4d269fcc62bedb4511d56c386ce706"));
	ASSERT_TRUE(crypto_kdf(keys.kek, 16, master, 16, "sev-kek", 7, NULL, 0));
	ASSERT_TRUE(crypto_kdf(keys.kik, 16, master, 16, "sev-kik", 7, NULL, 0));
	ASSERT_TRUE(crypto_ctr(keys.kek, zero, zero, wrapped, 32));
	EXPECT_TRUE(is_hex(wrapped, WRAPPED_ZERO));
	ASSERT_TRUE(crypto_hmac(keys.kik, 16, &piece, 1, mac));
	EXPECT_TRUE(is_hex(mac,
			   "3176c0752738bd9d5e86689534020f528c088f16238826b000b327dee6aeed7d"));
	ASSERT_TRUE(session_policy_mac(zero, 0, mac));
	EXPECT_TRUE(is_hex(mac,
			   "aa7855e13839dd767cd5da7c1ff5036540c9264b7a803029315e55375287b4af"));
}

TEST(public_measurement)
{
	static const uint8_t version[3] = { 0, 18, 15 };
	static const uint8_t tik[16] = {
		0x66, 0x32, 0x0d, 0xb7, 0x31, 0x58, 0xa3, 0x5a,
		0x25, 0x5d, 0x05, 0x17, 0x58, 0xe9, 0x5e, 0xd4,
	};
	static const uint8_t nonce[16] = {
		0x4f, 0xbe, 0x0b, 0xed, 0xba, 0xd6, 0xc8, 0x6a,
		0xe8, 0xf6, 0x89, 0x71, 0xd1, 0x03, 0xe5, 0x54,
	};
	struct session_keys keys = { { 0 } };
	uint8_t digest[32], mac[32];

	memcpy(keys.tik, tik, sizeof(tik));
	ASSERT_TRUE(crypto_sha256("", 0, digest));
	ASSERT_TRUE(launch_measurement(&keys, version, 0, digest, nonce, mac));
	EXPECT_TRUE(is_hex(mac,
			   "6faab2daae389bcd3405a05d6cafe33c0414f7bedd0bae19ba5f38b7fd1664ea"));
}

/* Z counts up from 0, nonce from 0x10, TEK from 0xa0, TIK from 0xb0, and so on. */
FIXTURE(own_set) {
	uint8_t z[48], nonce[16], iv[16], packet_iv[16], mnonce[16];
	struct session_keys keys;
	struct session_derived kd;
	uint32_t policy;
};

FIXTURE_SETUP(own_set)
{
	count_up(self->z, 0, 48);
	count_up(self->nonce, 0x10, 16);
	count_up(self->keys.tek, 0xa0, 16);
	count_up(self->keys.tik, 0xb0, 16);
	count_up(self->iv, 0xc0, 16);
	count_up(self->mnonce, 0xd0, 16);
	count_up(self->packet_iv, 0xe0, 16);
	self->policy = 0x37010001;
	ASSERT_TRUE(session_derive(self->z, self->nonce, &self->kd));
}

FIXTURE_TEARDOWN(own_set)
{
}

TEST_F(own_set, keys)
{
	uint8_t master[16];

	ASSERT_TRUE(crypto_kdf(master, 16, self->z, 48, "sev-master-secret", 17, self->nonce, 16));
	EXPECT_TRUE(is_hex(master, "8e4fa6fba9b1e12fd72681fd34607d86"));
	EXPECT_TRUE(is_hex(self->kd.kek, "a4c597230ccabe1ae4e55417f6b4ada9"));
	EXPECT_TRUE(is_hex(self->kd.kik, "d5f7ec035a40910f0e7e9c72dc49b572"));
}

TEST_F(own_set, session)
{
	uint8_t wrapped[32], mac[32];
	const struct piece piece = { wrapped, 32 };

	ASSERT_TRUE(crypto_ctr(self->kd.kek, self->iv, &self->keys, wrapped, 32));
	EXPECT_TRUE(is_hex(wrapped,
			   "4e7eedcd8c74fb7e9341b9781d3e756d8083c98b2c35a6bf2b16d4fb22401b6e"));
	ASSERT_TRUE(crypto_hmac(self->kd.kik, 16, &piece, 1, mac));
	EXPECT_TRUE(is_hex(mac,
			   "eb5c71190ea9943ca8e1adde6f66ad3be25434912d98a85ab0f4fe58d3b0f9b9"));
	ASSERT_TRUE(session_policy_mac(self->keys.tik, self->policy, mac));
	EXPECT_TRUE(is_hex(mac,
			   "5cb1aabf6f571d4d3093db8ee86a5c158d415953b7e5eb7eb64a4f7d6ebe3b5b"));
}

static void own_measurement(const struct session_keys *keys, uint32_t policy,
			    const uint8_t *mnonce, uint8_t digest[32], uint8_t mac[32])
{
	static const uint8_t version[3] = { 1, 55, 25 }, page[4096];

	crypto_sha256(page, sizeof(page), digest);
	launch_measurement(keys, version, policy, digest, mnonce, mac);
}

TEST_F(own_set, measurement)
{
	uint8_t digest[32], mac[32];

	own_measurement(&self->keys, self->policy, self->mnonce, digest, mac);
	EXPECT_TRUE(is_hex(digest,
			   "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7"));
	EXPECT_TRUE(is_hex(mac,
			   "bc8801139ca0ba98d73e3257328cdc0e77a712f25065c25487aa0ad39aa92af4"));
}

TEST_F(own_set, packets)
{
	uint8_t payload[48], header[HEADER_SIZE] = { 0 }, digest[32], measurement[32], mac[32];
	struct packet packet = {
		.context = MAC_SECRET, .header = header, .payload = payload, .len = 48,
		.trailer = measurement,
	};

	own_measurement(&self->keys, self->policy, self->mnonce, digest, measurement);
	memset(payload, 0x5a, sizeof(payload));
	memcpy(header + 4, self->packet_iv, 16);
	ASSERT_TRUE(crypto_ctr(self->keys.tek, self->packet_iv, payload, payload, 48));
	EXPECT_TRUE(is_hex(payload, "24ec9e0339a112f9840191b724e2a777c439f9453d7d9283"));
	EXPECT_TRUE(is_hex(payload + 24, "18225d8ff9f948bcc67c839a1a438e902f5aa811af5a1bc2"));
	ASSERT_TRUE(packet_mac(&self->keys, &packet, mac));
	EXPECT_TRUE(is_hex(mac,
			   "b176af7f9b1c7f8637cd385ba11a44ed07e4a35ca79907fb106750a551f092a5"));
	packet.context = MAC_DATA;
	packet.trailer = NULL;
	ASSERT_TRUE(packet_mac(&self->keys, &packet, mac));
	EXPECT_TRUE(is_hex(mac,
			   "1e161e686d96190665eb87fc77cf452bd1848f27a2c86aea76ebf1a495bcd6f7"));
}

TEST(endorsement_key)
{
	static const uint8_t zero[32];
	uint8_t out[56];

	ASSERT_TRUE(crypto_kdf(out, 56, zero, 32, "sev-chip-endorsement-key", 24, NULL, 0));
	EXPECT_TRUE(is_hex(out,
			   "ddcbefd40680bebe51d41e9ffaac77881c89bab68b7ed06bd8f1c3f8e87c052a"));
	EXPECT_TRUE(is_hex(out + 32, "c6bb8fb55f4071c9941a2b0a70eaa39035049b2d7ef18022"));
}

/* With less than 24 bytes all of them go to the third sum: its value is public. */
TEST(vmsa_checksum_known)
{
	uint8_t sums[12] = { 0 };
	uint64_t sum;

	put32(sums + 8, 0xe3069283);	/* CRC-32C of the nine digits */
	sum = vmsa_checksum((const uint8_t *)"123456789", 9);
	EXPECT_EQ(0xe3069283u, sum >> 32);
	EXPECT_EQ((uint32_t)(vmsa_checksum(sums, 12) >> 32), (uint32_t)sum);
}

/* 24 bytes: the first 8 change only the first sum, and so on. */
TEST(vmsa_checksum_is_interleaved)
{
	uint8_t data[48] = { 0 }, other[48] = { 0 };

	data[0] = 1;
	other[24] = 1;
	EXPECT_NE(vmsa_checksum(data, 48), vmsa_checksum(other, 48));
	data[0] = 0;
	data[8] = 1;
	other[24] = 0;
	other[0] = 1;
	EXPECT_EQ(vmsa_checksum(data, 48) >> 32, vmsa_checksum(other, 48) >> 32)
		TH_LOG("the three sums are added without carry");
	EXPECT_NE((uint32_t)vmsa_checksum(data, 48), (uint32_t)vmsa_checksum(other, 48));
}

static bool new_platform(struct swpsp **p, uint64_t seed)
{
	static uint8_t memory[0x1000];
	const struct swpsp_config config = {
		.memory = memory, .memory_size = sizeof(memory), .seed = seed,
		.max_asid = 1, .min_sev_asid = 1, .cpus = 1,
	};

	*p = swpsp_new(&config, NULL);
	return *p;
}

FIXTURE(ecdsa) {
};

FIXTURE_VARIANT(ecdsa) {
	enum cert_algo algo;
};

FIXTURE_VARIANT_ADD(ecdsa, sha256) {
	.algo = ALGO_ECDSA_SHA256,
};

FIXTURE_VARIANT_ADD(ecdsa, sha384) {
	.algo = ALGO_ECDSA_SHA384,
};

FIXTURE_SETUP(ecdsa)
{
}

FIXTURE_TEARDOWN(ecdsa)
{
}

TEST_F(ecdsa, signs_and_verifies)
{
	struct cert_key pub = { .usage = USAGE_PEK, .algo = variant->algo };
	uint8_t sig[512] = { 0 };
	struct ec_key key;
	struct swpsp *p;

	ASSERT_TRUE(new_platform(&p, 0));
	ASSERT_TRUE(pubkey_generate(p, &key));
	ASSERT_TRUE(pubkey_sign(p, &key, variant->algo, "message", 7, sig));
	put32(pub.key, 2);
	pubkey_reverse(pub.key + 4, key.x, 48);
	pubkey_reverse(pub.key + 0x4c, key.y, 48);
	EXPECT_TRUE(pubkey_verify(&pub, "message", 7, sig));
	EXPECT_FALSE(pubkey_verify(&pub, "massage", 7, sig));
	sig[0] ^= 1;
	EXPECT_FALSE(pubkey_verify(&pub, "message", 7, sig));
	memset(sig, 0, sizeof(sig));
	EXPECT_FALSE(pubkey_verify(&pub, "message", 7, sig));
	memset(sig, 0xff, sizeof(sig));
	EXPECT_FALSE(pubkey_verify(&pub, "message", 7, sig));
	swpsp_free(p);
}

TEST(ecdh_agrees)
{
	struct ec_key a, b;
	uint8_t za[48], zb[48];
	struct swpsp *p;

	ASSERT_TRUE(new_platform(&p, 0));
	ASSERT_TRUE(pubkey_generate(p, &a) && pubkey_generate(p, &b));
	ASSERT_TRUE(pubkey_ecdh(&a, &b, za) && pubkey_ecdh(&b, &a, zb));
	EXPECT_EQ(0, memcmp(za, zb, 48));
	swpsp_free(p);
}

static void add_prime(const struct swpsp *p, const uint8_t x_be[48], uint8_t sum_le[72])
{
	BIGNUM *x = BN_bin2bn(x_be, 48, NULL);

	BN_add(x, x, EC_GROUP_get0_field(p->p384));
	BN_bn2lebinpad(x, sum_le, 72);
	BN_free(x);
}

TEST(points_must_be_on_the_curve_and_reduced)
{
	uint8_t x[72] = { 0 }, y[72] = { 0 };
	struct ec_key key;
	struct swpsp *p;

	ASSERT_TRUE(new_platform(&p, 0));
	ASSERT_TRUE(pubkey_generate(p, &key));
	pubkey_reverse(x, key.x, 48);
	pubkey_reverse(y, key.y, 48);
	EXPECT_TRUE(pubkey_on_curve(p, x, y));
	x[50] = 1;
	EXPECT_FALSE(pubkey_on_curve(p, x, y)) TH_LOG("number too large");
	x[50] = 0;
	add_prime(p, key.x, x);
	EXPECT_FALSE(pubkey_on_curve(p, x, y)) TH_LOG("the same point, not reduced");
	pubkey_reverse(x, key.x, 48);
	x[48] = 0;
	y[0] ^= 1;
	EXPECT_FALSE(pubkey_on_curve(p, x, y));
	memset(x, 0, sizeof(x));
	memset(y, 0, sizeof(y));
	EXPECT_FALSE(pubkey_on_curve(p, x, y));
	swpsp_free(p);
}

TEST(seed_decides_everything)
{
	uint8_t sig_a[144], sig_b[144], id_a[64], id_b[64];
	struct ec_key key_a, key_b;
	struct swpsp *a, *b;

	ASSERT_TRUE(new_platform(&a, 42) && new_platform(&b, 42));
	ASSERT_TRUE(pubkey_generate(a, &key_a) && pubkey_generate(b, &key_b));
	EXPECT_EQ(0, memcmp(&key_a, &key_b, sizeof(key_a)));
	ASSERT_TRUE(pubkey_sign(a, &key_a, ALGO_ECDSA_SHA256, "x", 1, sig_a) &&
		    pubkey_sign(b, &key_b, ALGO_ECDSA_SHA256, "x", 1, sig_b));
	EXPECT_EQ(0, memcmp(sig_a, sig_b, sizeof(sig_a)));
	ASSERT_TRUE(identity_chip_id(a, 0, id_a) && identity_chip_id(b, 0, id_b));
	EXPECT_EQ(0, memcmp(id_a, id_b, sizeof(id_a)));
	swpsp_free(b);
	ASSERT_TRUE(new_platform(&b, 43));
	ASSERT_TRUE(identity_chip_id(b, 0, id_b));
	EXPECT_NE(0, memcmp(id_a, id_b, sizeof(id_a)));
	swpsp_free(a);
	swpsp_free(b);
}

/* The point 1 * G of secp256k1 is in every textbook. */
TEST(chip_id_is_big_endian_secp256k1)
{
	uint8_t one[32] = { 0 }, id[64];

	one[31] = 1;
	ASSERT_TRUE(pubkey_chip_id(one, id));
	EXPECT_TRUE(is_hex(id,
			   "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"));
	EXPECT_TRUE(is_hex(id + 32,
			   "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"));
}

/* Keys of a transport that is over must not lie about: only visible from inside. */
TEST(session_keys_are_wiped)
{
	static const struct {
		uint32_t id;
		enum guest_state from, to;
	} rows[] = {
		{ 0x35, GUEST_LSECRET, GUEST_RUNNING }, { 0x43, GUEST_SUPDATE, GUEST_SENT },
		{ 0x44, GUEST_SUPDATE, GUEST_RUNNING }, { 0x53, GUEST_RUPDATE, GUEST_RUNNING },
	};
	struct session_keys keys;
	struct swpsp *p;
	uint32_t handle;

	memset(&keys, 0x77, sizeof(keys));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_TRUE(new_platform(&p, 3));
		p->state = PLATFORM_INIT;
		asid_reset_all(p);
		ASSERT_EQ(0, guest_create(p, 0, 0, &keys, rows[i].from, &handle));
		put32(mem_at(p, 0), handle);
		EXPECT_EQ(0, swpsp_command(p, rows[i].id, 0));
		EXPECT_EQ(rows[i].to, p->guests[handle].state);
		EXPECT_TRUE(all_zero((uint8_t *)&p->guests[handle].keys, sizeof(keys)));
		swpsp_free(p);
	}
}

TEST(sealed_pages_open_only_as_they_were)
{
	uint8_t key[32] = { 1 }, nonce[12] = { 2 }, aad[64] = { 3 }, tag[16];
	const struct piece covered = { aad, sizeof(aad) };
	uint8_t in[64], out[64], back[64];

	count_up(in, 0, sizeof(in));
	ASSERT_TRUE(crypto_gcm(true, key, nonce, &covered, in, out, sizeof(in), tag));
	EXPECT_TRUE(crypto_gcm(false, key, nonce, &covered, out, back, sizeof(in), tag));
	EXPECT_EQ(0, memcmp(in, back, sizeof(in)));
	aad[0]++;
	EXPECT_FALSE(crypto_gcm(false, key, nonce, &covered, out, back, sizeof(in), tag));
	aad[0]--;
	tag[0] ^= 1;
	EXPECT_FALSE(crypto_gcm(false, key, nonce, &covered, out, back, sizeof(in), tag));
}

TEST_HARNESS_MAIN
