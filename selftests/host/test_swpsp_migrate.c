// SPDX-License-Identifier: GPL-2.0
/*
 * Migration between two platforms with identities of their own: what the policy
 * demands of the receiver, and what a packet survives and does not.
 */
#include "swpsp_test.h"
#include "swpsp_owner.h"
#include "bar.h"

FIXTURE(migrate) {
	struct box a, b;
};

FIXTURE_SETUP(migrate)
{
	ASSERT_TRUE(box_new(&self->a));
	ASSERT_TRUE(box_new(&self->b));
	ASSERT_EQ(0, init(&self->a, true));
	ASSERT_EQ(0, init(&self->b, true));
	ASSERT_EQ(0, flush(&self->a));
	ASSERT_EQ(0, flush(&self->b));
}

FIXTURE_TEARDOWN(migrate)
{
	box_free(&self->a);
	box_free(&self->b);
}

/* Session blob and sender's PDH go over; RECEIVE_START there. Return: handle. */
static uint32_t connect_to(struct box *to, struct box *from, uint32_t policy)
{
	uint32_t h;

	if (export_certs(from))
		return 0;
	memcpy(at(to, BLOB3), at(from, BLOB), CERT);
	memcpy(at(to, BLOB4), at(from, BLOB4), 0x80);
	return receive_start(to, policy, &h) ? 0 : h;
}

static void carry_packet(struct box *to, struct box *from, uint32_t len)
{
	memcpy(at(to, BLOB), at(from, BLOB), 0x34);
	memcpy(at(to, BLOB2), at(from, BLOB2), len);
}

/* A guest on its way: @sender on a, @receiver on b; its page holds 5a. */
static bool under_way(struct box *a, struct box *b, uint32_t policy, uint32_t *sender,
		      uint32_t *receiver)
{
	uint32_t asid = policy & ES ? 3 : 7;

	*sender = launch_to(a, policy, asid, LUPDATE);
	memset(at(a, PAGES), 0x5a, 0x6000);
	if (!*sender || launch_update(a, LAUNCH_UPDATE_DATA, *sender, PAGES, 0x6000))
		return false;
	if ((policy & ES) && launch_update(a, LAUNCH_UPDATE_VMSA, *sender, PAGES + 0x8000, 0x1000))
		return false;
	if (measure(a, *sender) || by_handle(a, LAUNCH_FINISH, *sender))
		return false;
	if (!give_certs(b, a) || send_start(a, *sender) || get32(at(a, CMD + 4)) != policy)
		return false;
	*receiver = connect_to(b, a, policy);
	return *receiver && !activate(b, *receiver, asid);
}

TEST_F(migrate, there)
{
	struct box *a = &self->a, *b = &self->b;
	uint8_t seen[0x5000], expected[0x5000];
	uint32_t sender, receiver;

	memset(expected, 0x5a, sizeof(expected));
	ASSERT_TRUE(under_way(a, b, SEV, &sender, &receiver));
	ASSERT_EQ(0, transport(a, SEND_UPDATE_DATA, sender, PAGES, 0x5000));
	EXPECT_EQ(0, get32(at(a, BLOB))) TH_LOG("no flags");
	EXPECT_NE(0, memcmp(at(a, BLOB2), expected, 0x5000));
	carry_packet(b, a, 0x5000);
	ASSERT_EQ(0, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES + 0x10000, 0x5000));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 7, PAGES + 0x10000, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(seen, expected, sizeof(seen)));
	EXPECT_EQ(0, by_handle(a, SEND_FINISH, sender));
	EXPECT_EQ(0, by_handle(b, RECEIVE_FINISH, receiver));
	ASSERT_EQ(0, attestation(b, receiver));
	EXPECT_EQ(0, get64(at(b, BLOB + 0x10))) TH_LOG("a received guest has no digest");
}

TEST_F(migrate, tampered_packets)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t sender, receiver;

	ASSERT_TRUE(under_way(a, b, 0, &sender, &receiver));
	ASSERT_EQ(0, transport(a, SEND_UPDATE_DATA, sender, PAGES, 64));
	memset(at(b, PAGES), 0x77, 64);
	for (uint32_t i = 0; i < 0x34; i += 3) {
		carry_packet(b, a, 64);
		*at(b, BLOB + i) ^= 0x40;
		EXPECT_EQ(SWPSP_BAD_MEASUREMENT,
			  transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 64));
	}
	carry_packet(b, a, 64);
	*at(b, BLOB2 + 63) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 64));
	carry_packet(b, a, 64);
	*at(b, BLOB) |= 1;
	EXPECT_EQ(SWPSP_UNSUPPORTED, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 64))
		TH_LOG("compression goes before the MAC");
	carry_packet(b, a, 64);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 48))
		TH_LOG("cut off");
	EXPECT_EQ(0x77, *at(b, PAGES)) TH_LOG("guest memory is untouched");
	EXPECT_EQ(0, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 64));
	EXPECT_EQ(0, transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES, 64))
		TH_LOG("nothing keeps the host from a replay");
}

TEST_F(migrate, save_areas)
{
	struct box *a = &self->a, *b = &self->b;
	uint8_t there[0x1000], here[0x1000];
	uint32_t sender, receiver;
	uint64_t place;

	ASSERT_TRUE(under_way(a, b, ES, &sender, &receiver));
	EXPECT_EQ(SWPSP_INVALID_PARAM, transport(a, SEND_UPDATE_VMSA, sender, PAGES, 0x1000))
		TH_LOG("not a save area");
	EXPECT_EQ(SWPSP_INVALID_PARAM,
		  transport(a, SEND_UPDATE_VMSA, sender, PAGES + 0x8000, 0x800));
	ASSERT_EQ(0, transport(a, SEND_UPDATE_VMSA, sender, PAGES + 0x8000, 0x1000));
	carry_packet(b, a, 0x1000);
	ASSERT_EQ(0, transport(b, RECEIVE_UPDATE_VMSA, receiver, PAGES, 0x1000));
	ASSERT_EQ(0, swpsp_guest_read(a->psp, 3, PAGES + 0x8000, here, sizeof(here)));
	ASSERT_EQ(0, swpsp_guest_read(b->psp, 3, PAGES, there, sizeof(there)));
	memset(here + 0x388, 0, 8);
	memset(there + 0x388, 0, 8);
	EXPECT_EQ(0, memcmp(here, there, sizeof(here)));
	*at(a, PAGES + 0x8000) ^= 1;	/* any change of the ciphertext */
	EXPECT_EQ(SWPSP_INVALID_PARAM,
		  transport(a, SEND_UPDATE_VMSA, sender, PAGES + 0x8000, 0x1000));
	ASSERT_EQ(0, swpsp_guest_read(a->psp, 3, PAGES + 0x8000, here, sizeof(here)));
	memcpy(&place, here + SWPSP_VMSA_SUM_AT, sizeof(place));
	memcpy(at(a, place), &(uint64_t){ SWPSP_VMSA_SUM_RUN }, sizeof(place));
	EXPECT_EQ(0, transport(a, SEND_UPDATE_VMSA, sender, PAGES + 0x8000, 0x1000))
		TH_LOG("unless the processor has made it");
	ASSERT_EQ(0, transport(a, SEND_UPDATE_DATA, sender, PAGES, 64));
	carry_packet(b, a, 64);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, RECEIVE_UPDATE_VMSA, receiver, PAGES, 64));
}

TEST_F(migrate, send_start_lengths)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t sev = launch_to(a, SEV, 7, RUNNING), any = launch_to(a, 0, 8, RUNNING);
	uint8_t *c;

	ASSERT_TRUE(give_certs(b, a));
	ASSERT_EQ(0, send_start(a, any));
	ASSERT_EQ(0, by_handle(a, SEND_CANCEL, any));
	send_start(a, 99);
	c = at(a, CMD);
	put32(c, any);
	put32(c + 0x40, 0x81);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(a, SEND_START)) TH_LOG("larger is wrong, too");
	EXPECT_EQ(0x80, get32(c + 0x40));
	put32(c + 0x10, CERT + 1);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(a, SEND_START));
	EXPECT_EQ(CERT + 1, get32(c + 0x10)) TH_LOG("not rewritten");
	put32(c + 0x10, CERT);
	put32(c + 0x20, 0);
	put32(c + 0x30, 0);
	put64(c + 0x18, OUTSIDE);
	put64(c + 0x28, OUTSIDE);
	EXPECT_EQ(0, run(a, SEND_START)) TH_LOG("neither SEV nor DOMAIN: not even read");
	put32(c, sev);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(a, SEND_START)) TH_LOG("chain");
	put32(c + 0x20, CHAIN);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(a, SEND_START)) TH_LOG("vendor's chain");
	put32(c + 0x30, 0xc80);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(a, SEND_START));
	put64(c + 0x18, BLOB3 + 0x1000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(a, SEND_START));
	put64(c + 0x28, BLOB3 + 0x4000);
	put64(c + 0x38, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(a, SEND_START));
	EXPECT_EQ(RUNNING, guest_state(a, sev));
	EXPECT_EQ(0, send_start(a, sev));
}

/* Spoil one byte of what the receiver presents, try, and mend it. */
static uint16_t spoilt(struct box *a, uint32_t handle, uint32_t addr)
{
	uint16_t status;

	*at(a, addr) ^= 1;
	status = send_start(a, handle);
	*at(a, addr) ^= 1;
	return status;
}

#define R_PDH	BLOB3
#define R_PEK	(BLOB3 + 0x1000)
#define R_OCA	(R_PEK + CERT)
#define R_CEK	(R_OCA + CERT)
#define R_ASK	(BLOB3 + 0x4000)
#define R_ARK	(R_ASK + 0x640)

TEST_F(migrate, policy_sev)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t h = launch_to(a, SEV, 7, RUNNING);

	ASSERT_TRUE(give_certs(b, a));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_ARK + 0x440)) TH_LOG("ARK's signature");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_ARK + 4)) TH_LOG("ARK's id");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_ASK + 0x440)) TH_LOG("ASK's signature");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_ASK + 0x240)) TH_LOG("ASK's modulus");
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, spoilt(a, h, R_ASK)) TH_LOG("ASK's version");
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, spoilt(a, h, R_ASK + 0x3c)) TH_LOG("ASK's size");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_CEK + 0x41c)) TH_LOG("CEK's signature");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_PEK + 0x624)) TH_LOG("PEK's by CEK");
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_PDH + 0x41c)) TH_LOG("PDH's signature");
	EXPECT_EQ(SUPDATE, spoilt(a, h, R_OCA + 0x41c) ? 0 : guest_state(a, h))
		TH_LOG("the owner does not matter");
}

TEST_F(migrate, policy_sev_unsigned_cek)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t h = launch_to(a, SEV, 7, RUNNING);

	ASSERT_TRUE(give_certs(b, a));
	memcpy(at(a, R_CEK), at(b, BLOB2 + 2 * CERT), CERT);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, send_start(a, h));
}

/* Two vendors with the same ids: only the fused one counts. */
TEST_F(migrate, policy_sev_other_vendor)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t h = launch_to(a, SEV, 7, RUNNING);

	box_free(b);
	box_config(b);
	b->config.ca_dir = NULL;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(give_certs(b, a));
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, send_start(a, h));
	EXPECT_EQ(RUNNING, guest_state(a, h));
}

TEST_F(migrate, policy_api_of_the_receiver)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t h = launch_to(a, SEV | 1 << 16 | 55u << 24, 7, RUNNING);
	uint32_t free = launch_to(a, 1 << 16 | 55u << 24, 8, RUNNING);

	box_free(b);
	box_config(b);
	b->config.api_minor = 54;
	ASSERT_TRUE(box_start(b));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(give_certs(b, a));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, send_start(a, h));
	EXPECT_EQ(0, send_start(a, free)) TH_LOG("only checked with SEV set");
}

/* The owner of @b, made here; its certificate is left at BLOB4. */
static bool own(struct box *b, EVP_PKEY *key, const uint8_t *oca)
{
	uint8_t *c = cmd_new(b);

	put64(c, BLOB3);
	put32(c + 8, CERT);
	if (run(b, PEK_CSR))
		return false;
	o_sign_slot(at(b, BLOB3), 0, 0x1001, key);
	memcpy(at(b, BLOB4), oca, CERT);
	put64(c + 0x10, BLOB4);
	put32(c + 0x18, CERT);
	return !run(b, PEK_CERT_IMPORT);
}

TEST_F(migrate, policy_domain)
{
	struct box *a = &self->a, *b = &self->b;
	EVP_PKEY *key = o_new_key();
	uint8_t oca[CERT];
	uint32_t h;

	o_make_cert(oca, 0x1001, 2, key);
	o_sign_slot(oca, 0, 0x1001, key);
	ASSERT_TRUE(own(a, key, oca));
	h = launch_to(a, DOMAIN | SEV, 7, RUNNING);
	ASSERT_NE(0, h);
	ASSERT_TRUE(give_certs(b, a));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, send_start(a, h)) TH_LOG("another owner");
	ASSERT_TRUE(own(b, key, oca));
	ASSERT_TRUE(give_certs(b, a));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_OCA + 0x41c));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, spoilt(a, h, R_PEK + 0x41c)) TH_LOG("PEK's by OCA");
	EXPECT_EQ(SWPSP_POLICY_FAILURE, spoilt(a, h, R_OCA + 0x600)) TH_LOG("byte for byte");
	EXPECT_EQ(0, send_start(a, h));
	EVP_PKEY_free(key);
}

TEST_F(migrate, policy_nosend)
{
	struct box *a = &self->a;
	uint32_t h = launch_to(a, NOSEND, 7, RUNNING);

	ASSERT_TRUE(give_certs(&self->b, a));
	EXPECT_EQ(SWPSP_POLICY_FAILURE, send_start(a, h));
}

TEST_F(migrate, receive_start_checks)
{
	struct box *a = &self->a, *b = &self->b;
	uint32_t sender, receiver, h;
	uint8_t *c;

	ASSERT_TRUE(under_way(a, b, NODBG, &sender, &receiver));
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, receive_start(b, 0, &h)) TH_LOG("another policy");
	*at(b, BLOB4) ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, receive_start(b, NODBG, &h));
	*at(b, BLOB4) ^= 1;
	EXPECT_EQ(0, receive_start(b, NODBG, &h)) TH_LOG("a session may be opened twice");
	c = at(b, CMD);
	put32(c, 0);
	put32(c + 0x20, 0x81);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, RECEIVE_START));
	EXPECT_EQ(0x81, get32(c + 0x20)) TH_LOG("class C: not reported back");
	put32(c + 0x20, 0x80);
	put64(c + 8, 0);
	EXPECT_NE(0, run(b, RECEIVE_START)) TH_LOG("the session is mandatory");
	put64(c + 8, BLOB3);
	put32(c, receiver);
	EXPECT_EQ(0, run(b, RECEIVE_START)) TH_LOG("sharing the key of the first");
}

/* Sent to itself: the keys are those of the session, whoever is who. */
TEST_F(migrate, to_itself)
{
	struct box *a = &self->a;
	uint32_t sender, receiver;

	sender = launch_to(a, SEV | DOMAIN, 7, RUNNING);
	ASSERT_TRUE(give_certs(a, a));
	ASSERT_EQ(0, send_start(a, sender));
	receiver = connect_to(a, a, SEV | DOMAIN);
	EXPECT_NE(0, receiver);
}

TEST_HARNESS_MAIN
