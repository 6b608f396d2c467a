// SPDX-License-Identifier: GPL-2.0
/*
 * Launch, as a guest owner sees it who is independent of swpsp's code: sessions,
 * digest, measurement, secrets, reports; and as the memory sees it.
 */
#include "swpsp_test.h"
#include "swpsp_owner.h"

static const uint8_t version[3] = { 1, 55, 25 };

FIXTURE(launch) {
	struct box b;
	struct o_session s;
	uint8_t pek[CERT];
};

FIXTURE_VARIANT(launch) {
	enum swpsp_memory mode;
};

FIXTURE_VARIANT_ADD(launch, cipher) {
	.mode = SWPSP_MEMORY_CIPHER,
};

FIXTURE_VARIANT_ADD(launch, plain) {
	.mode = SWPSP_MEMORY_PLAIN,
};

FIXTURE_SETUP(launch)
{
	struct box *b = &self->b;

	box_config(b);
	b->config.mode = variant->mode;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, init(b, true));
	ASSERT_EQ(0, flush(b));
	ASSERT_EQ(0, export_certs(b));
	memcpy(self->pek, at(b, BLOB2), CERT);
	for (uint32_t i = 0; i < 0x20000; i += 4)
		put32(at(b, PAGES + i), i * 2654435761u);
}

FIXTURE_TEARDOWN(launch)
{
	box_free(&self->b);
}

/* LAUNCH_START with the session as it is. */
static uint16_t start(struct box *b, const struct o_session *s, uint32_t policy, uint32_t *handle)
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	memcpy(at(b, BLOB3), s->dh_cert, CERT);
	memcpy(at(b, BLOB4), s->blob, 0x80);
	put32(c + 4, policy);
	put64(c + 8, BLOB3);
	put32(c + 0x10, CERT);
	put64(c + 0x18, BLOB4);
	put32(c + 0x20, 0x80);
	status = run(b, LAUNCH_START);
	*handle = status ? 0 : get32(c);
	return status;
}

static bool session(struct box *b, struct o_session *s, uint32_t policy)
{
	return !export_certs(b) && o_session(s, at(b, BLOB), policy);
}

TEST_F(launch, measured_by_the_owner)
{
	const uint32_t policy = NODBG | 1 << 16 | 55u << 24;
	uint8_t copy[0xb010], digest[32], mac[32];
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_TRUE(session(b, &self->s, policy));
	ASSERT_EQ(0, start(b, &self->s, policy, &h));
	ASSERT_EQ(0, activate(b, h, 7));
	memcpy(copy, at(b, PAGES), sizeof(copy));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGES, 0xa000));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGES + 0xa000, 0x1010));
	ASSERT_EQ(0, measure(b, h));
	o_sha256(copy, sizeof(copy), digest);
	o_measurement(self->s.tik, version, policy, digest, at(b, BLOB + 32), mac);
	EXPECT_EQ(0, memcmp(mac, at(b, BLOB), 32));
	EXPECT_EQ(0x30, get32(at(b, CMD + 0x10)));
}

TEST_F(launch, nothing_loaded)
{
	uint8_t digest[32], mac[32], zero[16] = { 0 };
	struct box *b = &self->b;
	uint32_t h;

	ASSERT_EQ(0, launch_start(b, 0, 0xffffffc0, &h))
		TH_LOG("without a session nothing of the policy is checked");
	ASSERT_EQ(0, by_handle(b, DECOMMISSION, h));
	ASSERT_EQ(0, launch_start(b, 0, 0, &h));
	ASSERT_EQ(0, measure(b, h));
	o_sha256("", 0, digest);
	o_measurement(zero, version, 0, digest, at(b, BLOB + 32), mac);
	EXPECT_EQ(0, memcmp(mac, at(b, BLOB), 32)) TH_LOG("the keys are zero");
}

TEST_F(launch, measure_length_query)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 0, LUPDATE);

	ASSERT_NE(0, h);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, LAUNCH_MEASURE, h, 0, 0x2f));
	EXPECT_EQ(0x30, get32(at(b, CMD + 0x10)));
	EXPECT_EQ(LUPDATE, guest_state(b, h));
	EXPECT_EQ(0, launch_update(b, LAUNCH_MEASURE, h, BLOB, 0x1000));
	EXPECT_EQ(0x1000, get32(at(b, CMD + 0x10))) TH_LOG("left as given");
}

TEST_F(launch, memory_is_encrypted_in_place)
{
	uint8_t before[0x2000], seen[0x2000];
	bool plain = variant->mode == SWPSP_MEMORY_PLAIN;
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 7, LUPDATE);

	ASSERT_NE(0, h);
	memcpy(before, at(b, PAGES), sizeof(before));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGES, sizeof(before)));
	EXPECT_EQ(plain, !memcmp(before, at(b, PAGES), sizeof(before)));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 7, PAGES, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(before, seen, sizeof(seen)));
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, 8, PAGES, seen, 16)) TH_LOG("no key");
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, 0, PAGES, seen, 16));
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, MAX_ASID + 1, PAGES, seen, 16));
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, 7, PAGES + 8, seen, 16));
	EXPECT_EQ(-1, swpsp_guest_read(b->psp, 7, OUTSIDE, seen, 16));
}

TEST_F(launch, bad_sessions)
{
	const uint32_t policy = 1 << 16;
	struct box *b = &self->b;
	struct o_session *s = &self->s, good;
	uint32_t h;

	ASSERT_TRUE(session(b, s, policy));
	good = *s;
	s->blob[0x40] ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, start(b, s, policy, &h)) TH_LOG("wrap MAC");
	*s = good;
	s->blob[0x60] ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, start(b, s, policy, &h)) TH_LOG("policy MAC");
	*s = good;
	s->blob[0] ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, start(b, s, policy, &h)) TH_LOG("nonce");
	*s = good;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, start(b, s, policy | NODBG, &h)) TH_LOG("policy");
	put32(s->dh_cert + 8, 0x1002);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, start(b, s, policy, &h)) TH_LOG("usage");
	*s = good;
	put32(s->dh_cert + 0xc, 2);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, start(b, s, policy, &h)) TH_LOG("algorithm");
	*s = good;
	put32(s->dh_cert, 2);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, start(b, s, policy, &h)) TH_LOG("version");
	*s = good;
	s->dh_cert[0x20] ^= 1;
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, start(b, s, policy, &h)) TH_LOG("point");
	EXPECT_EQ(1, platform_state(b)) TH_LOG("no guest was made");
	EXPECT_EQ(0, start(b, &good, policy, &h));
}

TEST_F(launch, policy_api_version)
{
	static const struct {
		uint8_t major, minor;
		uint16_t status;
	} rows[] = {
		{ 0, 255, 0 }, { 1, 0, 0 }, { 1, 55, 0 }, { 1, 56, SWPSP_POLICY_FAILURE },
		{ 2, 0, SWPSP_POLICY_FAILURE },
	};
	struct box *b = &self->b;
	uint32_t h;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t policy = rows[i].major << 16 | (uint32_t)rows[i].minor << 24;

		ASSERT_TRUE(session(b, &self->s, policy));
		EXPECT_EQ(rows[i].status, start(b, &self->s, policy, &h))
			TH_LOG("API %u.%u", rows[i].major, rows[i].minor);
	}
	for (int bit = 6; bit < 16; bit++) {
		ASSERT_TRUE(session(b, &self->s, 1u << bit));
		EXPECT_EQ(SWPSP_POLICY_FAILURE, start(b, &self->s, 1u << bit, &h));
	}
}

TEST_F(launch, sharing_a_key)
{
	uint8_t before[32], seen[32];
	struct box *b = &self->b;
	uint32_t h, h2, noks;

	h = launch_to(b, 0, 7, LUPDATE);
	ASSERT_NE(0, h);
	EXPECT_EQ(SWPSP_POLICY_FAILURE, launch_start(b, h, NODBG, &h2)) TH_LOG("policy differs");
	EXPECT_EQ(SWPSP_INVALID_GUEST, launch_start(b, 99, 0, &h2));
	noks = launch_to(b, NOKS, 0, LUPDATE);
	EXPECT_EQ(SWPSP_POLICY_FAILURE, launch_start(b, noks, NOKS, &h2));
	ASSERT_EQ(0, launch_start(b, h, 0, &h2));
	ASSERT_EQ(0, activate(b, h2, 8));
	memcpy(before, at(b, PAGES), 32);
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGES, 32));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 8, PAGES, seen, 32));
	EXPECT_EQ(0, memcmp(before, seen, 32));
}

TEST_F(launch, es_needs_es)
{
	struct box *b = &self->b;
	uint32_t h;

	EXPECT_EQ(0, launch_start(b, 0, ES, &h));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(SWPSP_UNSUPPORTED, launch_start(b, 0, ES, &h));
}

TEST_F(launch, vmsa)
{
	uint8_t given[0x1000], seen[0x1000], digest[32], zero[16] = { 0 }, mac[32];
	struct box *b = &self->b;
	uint32_t h = launch_to(b, ES, 3, LUPDATE), plain = launch_to(b, 0, 7, LUPDATE);

	ASSERT_NE(0, h);
	memcpy(given, at(b, PAGES), sizeof(given));
	EXPECT_EQ(SWPSP_UNSUPPORTED, launch_update(b, LAUNCH_UPDATE_VMSA, plain, PAGES, 0x1000));
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_VMSA, h, PAGES, 0x1000));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 3, PAGES, seen, sizeof(seen)));
	EXPECT_EQ(0, get64(seen + 0x380));
	EXPECT_LE(TMR + 0x80000, get64(seen + 0x388));
	EXPECT_GT(TMR + 0x100000, get64(seen + 0x388));
	memcpy(seen + 0x380, given + 0x380, 16);
	EXPECT_EQ(0, memcmp(seen, given, sizeof(seen))) TH_LOG("nothing else is patched");
	ASSERT_EQ(0, measure(b, h));
	o_sha256(given, sizeof(given), digest);
	o_measurement(zero, version, ES, digest, at(b, BLOB + 32), mac);
	EXPECT_EQ(0, memcmp(mac, at(b, BLOB), 32)) TH_LOG("measured as it was given");
}

/* The valid beginning of a range is measured, and encrypted, before it fails. */
TEST_F(launch, update_that_fails_half_way)
{
	uint8_t digest[32], mac[32], zero[16] = { 0 }, *copy = malloc(0x5000);
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 7, LUPDATE);

	ASSERT_NE(0, h);
	memset(at(b, MEMORY - 0x8000), 0x5a, 0x8000);
	memset(copy, 0x5a, 0x5000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS,
		  launch_update(b, LAUNCH_UPDATE_DATA, h, MEMORY - 0x8000, 0x10000));
	EXPECT_EQ(variant->mode == SWPSP_MEMORY_PLAIN, !memcmp(copy, at(b, MEMORY - 0x8000), 64));
	EXPECT_EQ(0x5a, *at(b, MEMORY - 0x3000));
	ASSERT_EQ(0, measure(b, h));
	o_sha256(copy, 0x5000, digest);
	o_measurement(zero, version, 0, digest, at(b, BLOB + 32), mac);
	EXPECT_EQ(0, memcmp(mac, at(b, BLOB), 32)) TH_LOG("one chunk of 20 KiB");
	free(copy);
}

/* A retry after a copy-out that failed does not give the digest again. */
TEST_F(launch, measure_to_a_bad_address)
{
	uint8_t digest[32], mac[32], zero[16] = { 0 };
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 0, LUPDATE);

	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, LAUNCH_MEASURE, h, OUTSIDE, 0x30));
	EXPECT_EQ(LUPDATE, guest_state(b, h));
	ASSERT_EQ(0, measure(b, h));
	o_sha256("", 0, digest);
	o_measurement(zero, version, 0, digest, at(b, BLOB + 32), mac);
	EXPECT_NE(0, memcmp(mac, at(b, BLOB), 32));
}

/* ---- secrets ---- */

/* A guest in LSECRET, and its measurement. */
static uint32_t measured(struct box *b, struct o_session *s, uint8_t measurement[32])
{
	uint32_t h;

	if (!session(b, s, 0) || start(b, s, 0, &h) || activate(b, h, 7) || measure(b, h))
		return 0;
	memcpy(measurement, at(b, BLOB), 32);
	return h;
}

/* The packet at BLOB and BLOB2. */
static void pack_secret(struct box *b, const struct o_session *s, const uint8_t *measurement,
			const char *secret, uint32_t len, uint32_t flags)
{
	uint8_t *header = at(b, BLOB), *payload = at(b, BLOB2);

	memset(header, 0x33, 0x34);
	put32(header, flags);
	memset(payload, 0, len);
	memcpy(payload, secret, strlen(secret));
	o_ctr(s->tek, header + 4, payload, payload, (int)len);
	o_packet_mac(s->tik, header, payload, len, measurement, header + 0x14);
}

TEST_F(launch, secret)
{
	uint8_t measurement[32], seen[48];
	struct box *b = &self->b;
	uint32_t h = measured(b, &self->s, measurement);

	ASSERT_NE(0, h);
	pack_secret(b, &self->s, measurement, "open sesame", 48, 0);
	EXPECT_EQ(0, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 7, PAGES, seen, 48));
	EXPECT_STREQ("open sesame", (char *)seen);
	EXPECT_EQ(0, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES + 0x1000, 48))
		TH_LOG("may be repeated");
	pack_secret(b, &self->s, measurement, "short", 16, 0);
	EXPECT_EQ(0, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 16));
	pack_secret(b, &self->s, measurement, "x", 48, 6);
	EXPECT_EQ(0, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48))
		TH_LOG("unknown flags are only covered by the MAC");
}

TEST_F(launch, bad_secrets)
{
	uint8_t measurement[32], before[48];
	struct box *b = &self->b;
	uint32_t h = measured(b, &self->s, measurement);

	ASSERT_NE(0, h);
	memcpy(before, at(b, PAGES), 48);
	for (uint32_t i = 0; i < 0x34; i += 3) {
		pack_secret(b, &self->s, measurement, "x", 48, 0);
		*at(b, BLOB + i) ^= 0x80;
		EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48));
	}
	pack_secret(b, &self->s, measurement, "x", 48, 0);
	*at(b, BLOB2 + 47) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48));
	pack_secret(b, &self->s, measurement, "x", 48, 1);
	*at(b, BLOB2) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48))
		TH_LOG("the MAC goes before the compression");
	*at(b, BLOB2) ^= 1;
	EXPECT_EQ(SWPSP_UNSUPPORTED, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48));
	measurement[0] ^= 1;
	pack_secret(b, &self->s, measurement, "x", 48, 0);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 48))
		TH_LOG("for another measurement");
	EXPECT_EQ(0, memcmp(before, at(b, PAGES), 48)) TH_LOG("guest memory is untouched");
}

TEST_F(launch, secret_lengths)
{
	static const uint32_t bad[] = { 0, 8, 17, 0x5010 };
	struct box *b = &self->b;
	uint8_t measurement[32];
	uint32_t h = measured(b, &self->s, measurement);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(SWPSP_INVALID_LENGTH,
			  transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, bad[i]));
	pack_secret(b, &self->s, measurement, "large", 0x5000, 0);
	EXPECT_EQ(0, transport(b, LAUNCH_UPDATE_SECRET, h, PAGES, 0x5000));
	put32(at(b, CMD + 0x10), 0x35);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, LAUNCH_UPDATE_SECRET)) TH_LOG("header");
	put32(at(b, CMD + 0x10), 0x34);
	put32(at(b, CMD + 0x30), 0x4ff0);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, LAUNCH_UPDATE_SECRET)) TH_LOG("unequal");
}

/* ---- reports ---- */

TEST_F(launch, report)
{
	uint8_t digest[32], nonce[16], zero[8] = { 0 }, *r = at(&self->b, BLOB);
	struct box *b = &self->b;
	uint32_t h = launch_to(b, NOSEND, 7, LUPDATE);
	EVP_PKEY *key = o_ec_key(self->pek);

	o_sha256(at(b, PAGES), 0x1000, digest);
	ASSERT_EQ(0, launch_update(b, LAUNCH_UPDATE_DATA, h, PAGES, 0x1000));
	ASSERT_EQ(0, measure(b, h));
	ASSERT_EQ(0, by_handle(b, LAUNCH_FINISH, h));
	ASSERT_EQ(0, attestation(b, h));
	count_up(nonce, 0x40, 16);
	EXPECT_EQ(0, memcmp(r, nonce, 16));
	EXPECT_EQ(0, memcmp(r + 0x10, digest, 32));
	EXPECT_EQ(NOSEND, get32(r + 0x30));
	EXPECT_EQ(0x1002, get32(r + 0x34));
	EXPECT_EQ(2, get32(r + 0x38));
	EXPECT_EQ(0, memcmp(r + 0x3c, zero, 4));
	EXPECT_TRUE(o_ecdsa(key, r, 0x34, r + 0x40));
	EXPECT_EQ(0xd0, get32(at(b, CMD + 0x20)));
	put32(at(b, CMD + 0x20), 0xcf);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, ATTESTATION));
	EXPECT_EQ(0xd0, get32(at(b, CMD + 0x20)));
	put32(at(b, CMD + 0x20), 0x200);
	EXPECT_EQ(0, run(b, ATTESTATION));
	EXPECT_EQ(0xd0, get32(at(b, CMD + 0x20)));
	EVP_PKEY_free(key);
}

/* ---- the memory controller ---- */

TEST(properties_of_encryption)
{
	uint8_t first[32], seen[32];
	uint32_t h, other;
	struct box b;

	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, init(&b, false));
	ASSERT_EQ(0, flush(&b));
	h = launch_to(&b, 0, 7, LUPDATE);
	other = launch_to(&b, 0, 8, LUPDATE);
	ASSERT_EQ(0, launch_update(&b, LAUNCH_UPDATE_DATA, h, PAGES, 32));
	memcpy(first, at(&b, PAGES), 32);
	EXPECT_NE(0, memcmp(first, first + 16, 16)) TH_LOG("two addresses, two ciphertexts");
	memset(at(&b, PAGES), 0, 32);
	ASSERT_EQ(0, launch_update(&b, LAUNCH_UPDATE_DATA, h, PAGES, 32));
	EXPECT_EQ(0, memcmp(first, at(&b, PAGES), 32)) TH_LOG("deterministic");
	ASSERT_EQ(0, swpsp_guest_read(b.psp, 8, PAGES, seen, 32));
	EXPECT_NE(0, get64(seen)) TH_LOG("another key: garbage");
	memcpy(at(&b, PAGES + 0x1000), at(&b, PAGES), 32);
	ASSERT_EQ(0, swpsp_guest_read(b.psp, 7, PAGES + 0x1000, seen, 32));
	EXPECT_NE(0, get64(seen)) TH_LOG("another address: garbage");
	memset(at(&b, PAGES), 0, 32);
	ASSERT_EQ(0, launch_update(&b, LAUNCH_UPDATE_DATA, h, PAGES | 1ull << 51, 32));
	EXPECT_EQ(0, memcmp(first, at(&b, PAGES), 32)) TH_LOG("the C-bit is no address");
	memset(at(&b, PAGES), 0, 32);
	ASSERT_EQ(0, launch_update(&b, LAUNCH_UPDATE_DATA, other, PAGES, 32));
	EXPECT_NE(0, memcmp(first, at(&b, PAGES), 32));
	box_free(&b);
}

/* ---- the transcript ---- */

TEST(transcript_and_launch_log)
{
	char digest[65], *text = NULL;
	uint8_t hash[32];
	size_t size;
	struct box b;
	FILE *f;

	f = open_memstream(&text, &size);
	box_config(&b);
	b.config.transcript = f;
	ASSERT_TRUE(box_start(&b));
	ASSERT_EQ(0, init(&b, false));
	ASSERT_EQ(0, flush(&b));
	ASSERT_NE(0, launch_to(&b, 0, 7, LUPDATE));
	o_sha256(at(&b, PAGES), 0x1000, hash);
	ASSERT_EQ(0, launch_update(&b, LAUNCH_UPDATE_DATA, 1, PAGES, 0x1000));
	swpsp_command(b.psp, 0x99, CMD);
	by_handle(&b, DEACTIVATE, 5);
	box_free(&b);
	fclose(f);
	for (int i = 0; i < 32; i++)
		snprintf(digest + 2 * i, 3, "%02x", hash[i]);
	EXPECT_NE(NULL, strstr(text, "0x001 INIT SUCCESS (0x00)\n"));
	EXPECT_NE(NULL, strstr(text, "0x030 LAUNCH_START handle=1 SUCCESS (0x00)\n"));
	EXPECT_NE(NULL, strstr(text, "0x021 ACTIVATE handle=1 asid=7 SUCCESS (0x00)\n"));
	EXPECT_NE(NULL, strstr(text, "launch handle=1 step=2 LAUNCH_UPDATE_DATA "));
	EXPECT_NE(NULL, strstr(text, " addr=0x400000 len=0x1000 digest="));
	EXPECT_NE(NULL, strstr(text, digest));
	EXPECT_NE(NULL, strstr(text, "0x099 ? INVALID_COMMAND (0x11)\n"));
	EXPECT_NE(NULL, strstr(text, "0x022 DEACTIVATE handle=5 INVALID_GUEST (0x10)\n"));
	free(text);
}

TEST_HARNESS_MAIN
