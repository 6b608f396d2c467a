// SPDX-License-Identifier: GPL-2.0
/*
 * With several things wrong at once, the first in firmware's order is told. Each
 * test starts with a command that is wrong in every way, and mends one thing at a
 * time. INIT, INIT_EX, DBG, COPY, SWAP, SEND_START are with their own tests.
 */
#include "swpsp_test.h"

#define NO_GUEST	99u

FIXTURE(order) {
	struct box b;
	uint32_t other;		/* a launching guest that keeps the platform WORKING */
};

FIXTURE_SETUP(order)
{
	ASSERT_TRUE(box_new(&self->b));
	ASSERT_EQ(0, init(&self->b, true));
	ASSERT_EQ(0, flush(&self->b));
	self->other = launch_to(&self->b, 0, 0, LUPDATE);
	ASSERT_NE(0, self->other);
}

FIXTURE_TEARDOWN(order)
{
	box_free(&self->b);
}

TEST_F(order, command_buffer_before_state)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, ACTIVATE, OUTSIDE));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, swpsp_command(b->psp, ACTIVATE, CMD));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, swpsp_command(b->psp, PEK_GEN, OUTSIDE))
		TH_LOG("class N: the address is ignored");
	EXPECT_EQ(0, swpsp_command(b->psp, NOP, UINT64_MAX));
	EXPECT_EQ(SWPSP_INVALID_COMMAND, swpsp_command(b->psp, 0x77, OUTSIDE));
}

TEST_F(order, activate)
{
	struct box *b = &self->b;
	uint32_t sent, es;

	sent = guest_in_state(b, 0, 7, SENT);
	ASSERT_NE(0, sent);
	es = launch_to(b, ES, 0, LUPDATE);
	EXPECT_EQ(SWPSP_INVALID_GUEST, activate(b, NO_GUEST, 0));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, sent, 0));
	EXPECT_EQ(SWPSP_ASID_OWNED, activate(b, sent, 7)) TH_LOG("before ACTIVE");
	EXPECT_EQ(SWPSP_ACTIVE, activate(b, sent, 8)) TH_LOG("before the guest's state");
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, sent));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, activate(b, sent, 7)) TH_LOG("before dirty");
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate(b, es, 7)) TH_LOG("before the kind");
	ASSERT_EQ(0, flush(b));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate(b, es, 7));
}

TEST_F(order, activate_ex)
{
	struct box *b = &self->b;
	uint32_t sent = guest_in_state(b, 0, 7, SENT), es = launch_to(b, ES, 0, LUPDATE);
	uint8_t *c = cmd_new(b);

	put32(c, 0x14);
	put32(c + 4, NO_GUEST);
	put32(c + 8, MAX_ASID + 1);
	put64(c + 0x10, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, ACTIVATE_EX)) TH_LOG("length");
	put32(c, 0x18);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, ACTIVATE_EX));
	put32(c + 4, sent);
	EXPECT_EQ(SWPSP_INVALID_ASID, run(b, ACTIVATE_EX));
	put32(c + 8, 8);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, ACTIVATE_EX)) TH_LOG("no ids");
	put32(c + 0xc, 1);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, ACTIVATE_EX));
	put64(c + 0x10, BLOB4);
	put32(at(b, BLOB4), 511);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, ACTIVATE_EX)) TH_LOG("no such thread");
	put32(at(b, BLOB4), 0);
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, run(b, ACTIVATE_EX)) TH_LOG("before ACTIVE");
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, sent));
	EXPECT_EQ(SWPSP_DF_FLUSH_REQUIRED, activate_ex(b, es, 7, 0, 0));
	ASSERT_EQ(0, flush(b));
	EXPECT_EQ(SWPSP_INVALID_ASID, activate_ex(b, es, 7, 0, 0));
}

TEST_F(order, launch_start)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put32(c, NO_GUEST);
	put32(c + 4, ES);
	put64(c + 8, OUTSIDE);
	put32(c + 0x10, CERT - 1);
	put64(c + 0x18, OUTSIDE);
	put32(c + 0x20, 0x7f);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, LAUNCH_START)) TH_LOG("session's length");
	EXPECT_EQ(0x7f, get32(c + 0x20)) TH_LOG("class C: not written back");
	put32(c + 0x20, 0x80);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, LAUNCH_START)) TH_LOG("session");
	put64(c + 0x18, BLOB4);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, LAUNCH_START)) TH_LOG("certificate's length");
	put32(c + 0x10, CERT);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, LAUNCH_START)) TH_LOG("certificate");
	put64(c + 8, BLOB3);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, run(b, LAUNCH_START));
	ASSERT_EQ(0, export_certs(b));
	memcpy(at(b, BLOB3), at(b, BLOB), CERT);
	c = cmd_new(b);
	put32(c, NO_GUEST);
	put64(c + 8, BLOB3);
	put32(c + 0x10, CERT);
	put64(c + 0x18, BLOB4);
	put32(c + 0x20, 0x80);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, run(b, LAUNCH_START));
	put64(c + 8, 0);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, LAUNCH_START)) TH_LOG("no session, only the handle");
	put32(c, self->other);
	put32(c + 4, NODBG);
	EXPECT_EQ(SWPSP_POLICY_FAILURE, run(b, LAUNCH_START));
}

TEST_F(order, launch_update_data)
{
	struct box *b = &self->b;
	uint32_t done = launch_to(b, 0, 0, LSECRET), h = launch_to(b, 0, 7, LUPDATE);
	uint32_t id = LAUNCH_UPDATE_DATA;

	EXPECT_EQ(SWPSP_INVALID_GUEST, launch_update(b, id, NO_GUEST, OUTSIDE + 1, 1));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, launch_update(b, id, done, OUTSIDE + 1, 1));
	EXPECT_EQ(SWPSP_INACTIVE, launch_update(b, id, self->other, OUTSIDE + 1, 1));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, id, h, PAGES + 1, 1));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, id, h, OUTSIDE, 1));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, id, h, OUTSIDE, 0));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, id, h, OUTSIDE, 16));
	EXPECT_EQ(0, launch_update(b, id, h, PAGES, 16));
}

TEST_F(order, launch_update_vmsa)
{
	struct box *b = &self->b;
	uint32_t done = launch_to(b, ES, 0, LSECRET), es = launch_to(b, ES, 0, LUPDATE);
	uint32_t id = LAUNCH_UPDATE_VMSA;

	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, id, NO_GUEST, OUTSIDE + 1, 0x2000));
	EXPECT_EQ(SWPSP_INVALID_GUEST, launch_update(b, id, NO_GUEST, OUTSIDE + 1, 0x1000));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, launch_update(b, id, done, OUTSIDE + 1, 0x1000));
	EXPECT_EQ(SWPSP_UNSUPPORTED, launch_update(b, id, self->other, OUTSIDE + 1, 0x1000));
	EXPECT_EQ(SWPSP_INACTIVE, launch_update(b, id, es, OUTSIDE + 1, 0x1000));
	ASSERT_EQ(0, activate(b, es, 3));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, id, es, PAGES + 8, 0x1000));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, id, es, OUTSIDE, 0x1000));
	EXPECT_EQ(0, launch_update(b, id, es, PAGES + 16, 0x1000));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, id, es, PAGES, 0))
		TH_LOG("even before the platform's state");
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, launch_update(b, id, es, PAGES, 0x1000));
}

TEST_F(order, launch_measure)
{
	struct box *b = &self->b;
	uint32_t done = launch_to(b, 0, 0, LSECRET), id = LAUNCH_MEASURE;

	EXPECT_EQ(SWPSP_INVALID_GUEST, launch_update(b, id, NO_GUEST, OUTSIDE, 0));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, launch_update(b, id, done, OUTSIDE, 0));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, launch_update(b, id, self->other, OUTSIDE, 0x2f));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, launch_update(b, id, self->other, OUTSIDE, 0x30));
}

TEST_F(order, launch_update_secret)
{
	struct box *b = &self->b;
	uint32_t unbound = launch_to(b, 0, 0, LSECRET), h = launch_to(b, 0, 7, LSECRET);
	uint32_t id = LAUNCH_UPDATE_SECRET;
	uint8_t *c;

	EXPECT_EQ(SWPSP_INVALID_GUEST, transport(b, id, NO_GUEST, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, transport(b, id, self->other, OUTSIDE + 1, 7))
		TH_LOG("alignment before the guest's state");
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, id, self->other, OUTSIDE, 7));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, transport(b, id, self->other, OUTSIDE, 64));
	EXPECT_EQ(SWPSP_INACTIVE, transport(b, id, unbound, OUTSIDE, 64));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, transport(b, id, h, OUTSIDE, 64));
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, transport(b, id, h, PAGES, 64));
	c = at(b, CMD);
	put64(c + 8, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, id));
	put64(c + 8, BLOB);
	put64(c + 0x28, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, id));
}

TEST_F(order, attestation)
{
	struct box *b = &self->b;
	uint32_t h = launch_to(b, 0, 0, LSECRET);
	uint8_t *c = cmd_new(b);

	put32(c, NO_GUEST);
	put64(c + 8, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, ATTESTATION));
	put32(c, self->other);
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, run(b, ATTESTATION));
	put32(c, h);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, ATTESTATION));
	EXPECT_EQ(0xd0, get32(c + 0x20));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, ATTESTATION));
}

TEST_F(order, send_start)
{
	struct box *b = &self->b;
	uint32_t nosend = launch_to(b, NOSEND, 0, RUNNING), h = launch_to(b, 0, 0, RUNNING);
	uint8_t *c = cmd_new(b);

	put32(c, NO_GUEST);
	put64(c + 8, OUTSIDE);
	put64(c + 0x38, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, SEND_START));
	put32(c, self->other);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SEND_START)) TH_LOG("before the guest's state");
	EXPECT_EQ(0x80, get32(c + 0x40));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, run(b, SEND_START));
	put32(c, nosend);
	EXPECT_EQ(SWPSP_POLICY_FAILURE, run(b, SEND_START)) TH_LOG("before PDH's length");
	put32(c, h);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SEND_START));
	put32(c + 0x10, CERT);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SEND_START)) TH_LOG("PDH");
	put64(c + 8, BLOB3);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, run(b, SEND_START)) TH_LOG("before the session");
}

TEST_F(order, send_update)
{
	struct box *b = &self->b;
	uint32_t h = guest_in_state(b, 0, 0, SUPDATE);
	uint8_t *c;

	ASSERT_NE(0, h);
	for (uint32_t id = SEND_UPDATE_DATA; id <= SEND_UPDATE_VMSA; id++) {
		bool vmsa = id == SEND_UPDATE_VMSA;

		transport(b, id, NO_GUEST, OUTSIDE + 1, 7);
		c = at(b, CMD);
		put32(c + 0x10, 0x33);
		EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, id)) TH_LOG("header before the handle");
		EXPECT_EQ(0x34, get32(c + 0x10));
		EXPECT_EQ(7, get32(c + 0x30)) TH_LOG("transport length is not rewritten");
		EXPECT_EQ(SWPSP_INVALID_GUEST, run(b, id));
		put32(c, self->other);
		EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, run(b, id));
		put32(c, h);
		EXPECT_EQ(vmsa ? SWPSP_UNSUPPORTED : SWPSP_INACTIVE, run(b, id));
	}
	ASSERT_EQ(0, activate(b, h, 7));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, SEND_UPDATE_DATA, h, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, SEND_UPDATE_DATA, h, OUTSIDE + 1, 0x5010));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, transport(b, SEND_UPDATE_DATA, h, PAGES + 1, 64));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, transport(b, SEND_UPDATE_DATA, h, OUTSIDE, 64));
	c = at(b, CMD);
	put64(c + 0x18, PAGES);
	put32(c + 0x30, 48);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SEND_UPDATE_DATA)) TH_LOG("transport too small");
	put32(c + 0x30, 0x1000);
	put32(c + 0x10, 0x100);
	EXPECT_EQ(0, run(b, SEND_UPDATE_DATA)) TH_LOG("larger is fine");
	EXPECT_EQ(0x34, get32(c + 0x10));
	EXPECT_EQ(0x1000, get32(c + 0x30)) TH_LOG("left as given");
	put64(c + 0x28, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SEND_UPDATE_DATA));
	put64(c + 0x28, BLOB2);
	put64(c + 8, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SEND_UPDATE_DATA));
}

TEST_F(order, receive_start)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put64(c + 8, OUTSIDE);
	put64(c + 0x18, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, RECEIVE_START)) TH_LOG("session's length");
	put32(c + 0x20, 0x80);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, RECEIVE_START)) TH_LOG("session");
	put64(c + 0x18, BLOB4);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, RECEIVE_START)) TH_LOG("certificate's length");
	put32(c + 0x10, CERT);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, RECEIVE_START)) TH_LOG("certificate");
	put64(c + 8, BLOB3);
	EXPECT_EQ(SWPSP_INVALID_CERTIFICATE, run(b, RECEIVE_START));
}

TEST_F(order, receive_update)
{
	struct box *b = &self->b;
	uint32_t h = guest_in_state(b, 0, 8, RUPDATE), id = RECEIVE_UPDATE_DATA;
	uint8_t *c;

	ASSERT_NE(0, h);
	ASSERT_EQ(0, by_handle(b, DEACTIVATE, h));
	EXPECT_EQ(SWPSP_INVALID_GUEST, transport(b, id, NO_GUEST, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_INVALID_GUEST_STATE, transport(b, id, self->other, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_UNSUPPORTED, transport(b, RECEIVE_UPDATE_VMSA, h, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_INACTIVE, transport(b, id, h, OUTSIDE + 1, 7));
	ASSERT_EQ(0, activate(b, h, 8));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, id, h, OUTSIDE + 1, 7));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, transport(b, id, h, OUTSIDE + 1, 0x5010));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, transport(b, id, h, OUTSIDE + 1, 64));
	put32(at(b, BLOB), 1);
	c = at(b, CMD);
	put64(c + 8, OUTSIDE);
	put64(c + 0x18, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, id)) TH_LOG("header");
	put64(c + 8, BLOB);
	EXPECT_EQ(SWPSP_UNSUPPORTED, run(b, id)) TH_LOG("compression before the guest's range");
	put32(at(b, BLOB), 0);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, id)) TH_LOG("guest");
	put64(c + 0x18, PAGES);
	put64(c + 0x28, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, id)) TH_LOG("transport");
	put64(c + 0x28, BLOB2);
	put32(c + 0x10, 0x33);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, id));
	put32(c + 0x10, 0x35);
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, run(b, id)) TH_LOG("a longer header is fine");
}

TEST_F(order, certificates_out)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	put64(c, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PEK_CSR));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, PEK_CSR)) TH_LOG("length was put right");
	c = cmd_new(b);
	put64(c, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, PDH_CERT_EXPORT));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, PDH_CERT_EXPORT));
	put64(c, BLOB);
	put64(c + 0x10, OUTSIDE);
	memset(at(b, BLOB), 0, 16);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, PDH_CERT_EXPORT));
	c = cmd_new(b);
	put64(c, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, GET_ID));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, GET_ID));
}

TEST_HARNESS_MAIN
