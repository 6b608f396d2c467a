// SPDX-License-Identifier: GPL-2.0
/*
 * A guest sent and received on one platform: what a packet survives and what not,
 * and what a policy permits. Migration between two hosts is tools/migrate.
 */
#include <errno.h>
#include <string.h>

#include <linux/kvm.h>

#include <sevfw/migrate.h>
#include <sevfw/oca.h>

#include "kselftest_harness.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define RAM		(2 << 20)
#define AT		0x10000		/* guest address of what is sent */
#define COMPRESSED	1		/* flag of a packet header */

/* The source runs, the target waits for RECEIVE_START; the text is known. */
FIXTURE(migrate) {
	struct launch from, to;
	struct migrate_target target;
	struct migrate_session session;
	struct migrate_packet packet;
	uint8_t text[PAGE] __attribute__((aligned(16)));
	uint8_t seen[SEV_FW_PACKET_MAX] __attribute__((aligned(16)));
};

FIXTURE_VARIANT(migrate) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(migrate, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(migrate, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(migrate)
{
	struct launch *l = &self->from;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_running(l, 0, variant->by_dev, RAM));
	memory_fill(self->text, PAGE, 1);
	GOES(guest_poke(l, l->vm.memory + AT, self->text, PAGE, NULL));
	l = &self->to;
	GOES(guest_new(l, 0, variant->by_dev, RAM));
	GOES(migrate_target(l, NULL, &self->target));
}

FIXTURE_TEARDOWN(migrate)
{
	launch_close(&self->from);
	launch_close(&self->to);
}

/* Both sides under way, one packet made. */
#define UNDER_WAY(l)								\
	do {									\
		l = &self->from;						\
		GOES(migrate_send_start(l, &self->target, &self->session));	\
		GOES(migrate_send_data(l, AT, PAGE, &self->packet));		\
		l = &self->to;							\
		GOES(migrate_receive_start(l, &self->session));			\
	} while (0)

TEST_F(migrate, there)
{
	struct launch *l;

	UNDER_WAY(l);
	EXPECT_EQ(GUEST_SUPDATE, state_of(&self->from));
	EXPECT_EQ(GUEST_RUPDATE, state_of(&self->to));
	EXPECT_EQ(0, self->session.policy);
	EXPECT_NE(0, memcmp(self->packet.data, self->text, PAGE));
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, PAGE));
	GOES(migrate_receive_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	REFUSED(INVALID_GUEST_STATE, migrate_receive_data(l, AT, &self->packet));
	l = &self->from;
	GOES(migrate_send_finish(l));
	EXPECT_EQ(GUEST_SENT, state_of(l));
	REFUSED(INVALID_GUEST_STATE, migrate_send_data(l, AT, PAGE, &self->packet));
}

/* Of a guest that has come, one that goes on. */
TEST_F(migrate, further)
{
	struct launch third, *l;
	struct migrate_session session;

	UNDER_WAY(l);
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(migrate_receive_finish(l));
	l = &third;
	GOES(guest_new(l, 0, variant->by_dev, RAM));
	l = &self->to;
	GOES(migrate_send_start(l, &self->target, &session));
	GOES(migrate_send_data(l, AT, PAGE, &self->packet));
	l = &third;
	GOES(migrate_receive_start(l, &session));
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, PAGE));
	launch_close(l);
}

/* The launched content is not there any more, and the report says so. */
TEST_F(migrate, report)
{
	const uint8_t mnonce[OWNER_NONCE_SIZE] = { 1 }, zero[OWNER_HASH_SIZE] = { 0 };
	uint8_t report[OWNER_REPORT_SIZE];
	struct launch *l;

	UNDER_WAY(l);
	REFUSED(INVALID_GUEST_STATE, l->ops->report(l, mnonce, report));
	GOES(migrate_receive_finish(l));
	GOES(l->ops->report(l, mnonce, report));
	EXPECT_EQ(OWNER_OK, owner_report_check(&l->chain.pek, report, mnonce, 0, zero));
}

/* One side by the legacy ioctls */

static int legacy(struct launch *l, uint32_t id, void *data)
{
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, id, data, &l->status);
}

TEST_F(migrate, sent_by_older_ioctls)
{
	struct launch *l = &self->from;
	struct kvm_sev_send_start start = {
		.pdh_cert_uaddr = addr_of(&self->target.pdh), .pdh_cert_len = SEV_FW_CERT_SIZE,
		.plat_certs_uaddr = addr_of(&self->target.chain),
		.plat_certs_len = SEV_FW_CHAIN_SIZE,
		.amd_certs_uaddr = addr_of(self->target.ca),
		.amd_certs_len = sizeof(self->target.ca),
		.session_uaddr = addr_of(self->session.blob),
		.session_len = sizeof(self->session.blob),
	};
	struct kvm_sev_send_update_data update = {
		.hdr_uaddr = addr_of(self->packet.header), .hdr_len = SEV_FW_HEADER_SIZE,
		.guest_uaddr = addr_of(l->vm.memory + AT), .guest_len = PAGE,
		.trans_uaddr = addr_of(self->packet.data), .trans_len = PAGE,
	};

	GOES(legacy(l, KVM_SEV_SEND_START, &start));
	GOES(legacy(l, KVM_SEV_SEND_UPDATE_DATA, &update));
	self->session.pdh = l->pdh;
	self->packet.len = PAGE;
	GOES(migrate_send_finish(l));
	l = &self->to;
	GOES(migrate_receive_start(l, &self->session));
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(legacy(l, KVM_SEV_RECEIVE_FINISH, NULL));
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, PAGE));
}

TEST_F(migrate, received_by_older_ioctls)
{
	struct launch *l = &self->from;
	struct kvm_sev_receive_start start = {
		.pdh_uaddr = addr_of(&self->session.pdh), .pdh_len = SEV_FW_CERT_SIZE,
		.session_uaddr = addr_of(self->session.blob),
		.session_len = sizeof(self->session.blob),
	};
	struct kvm_sev_receive_update_data update = {
		.hdr_uaddr = addr_of(self->packet.header), .hdr_len = SEV_FW_HEADER_SIZE,
		.trans_uaddr = addr_of(self->packet.data), .trans_len = PAGE, .guest_len = PAGE,
	};

	GOES(migrate_send_start(l, &self->target, &self->session));
	GOES(migrate_send_data(l, AT, PAGE, &self->packet));
	GOES(legacy(l, KVM_SEV_SEND_FINISH, NULL));
	l = &self->to;
	update.guest_uaddr = addr_of(l->vm.memory + AT);
	GOES(legacy(l, KVM_SEV_RECEIVE_START, &start));
	EXPECT_EQ(GUEST_RUPDATE, state_of(l));
	GOES(legacy(l, KVM_SEV_RECEIVE_UPDATE_DATA, &update));
	GOES(migrate_receive_finish(l));
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, PAGE));
}

/* Lines that are not to be trusted */

TEST_F(migrate, tampered)
{
	uint32_t offset[] = { 0, 3, 4, 19, 20, 51 };
	struct launch *l;

	UNDER_WAY(l);
	memset(self->seen, 0x77, PAGE);
	GOES(guest_poke(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(offset); i++) {
		self->packet.header[offset[i]] ^= 0x40;
		REFUSED(BAD_MEASUREMENT, migrate_receive_data(l, AT, &self->packet));
		self->packet.header[offset[i]] ^= 0x40;
	}
	for (uint32_t i = 0; i < PAGE; i += 1365) {
		self->packet.data[i] ^= 1;
		REFUSED(BAD_MEASUREMENT, migrate_receive_data(l, AT, &self->packet));
		self->packet.data[i] ^= 1;
	}
	self->packet.header[0] |= COMPRESSED;
	REFUSED(UNSUPPORTED, migrate_receive_data(l, AT, &self->packet));
	self->packet.header[0] = 0;
	/* the target's memory is as it was, and the right packet still right */
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0x77, self->seen[0]);
	EXPECT_EQ(0x77, self->seen[PAGE - 1]);
	GOES(migrate_receive_data(l, AT, &self->packet));
}

TEST_F(migrate, truncated)
{
	static const uint32_t wrong[] = { 48, 2048, PAGE - 16 };
	struct launch *l;
	struct sev_fw_receive_update_data block;

	UNDER_WAY(l);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		self->packet.len = wrong[i];
		REFUSED(BAD_MEASUREMENT, migrate_receive_data(l, AT, &self->packet));
	}
	self->packet.len = PAGE - 8;
	REFUSED(INVALID_LENGTH, migrate_receive_data(l, AT, &self->packet));
	block = (struct sev_fw_receive_update_data){
		.hdr_address = addr_of(self->packet.header), .hdr_len = SEV_FW_HEADER_SIZE - 4,
		.guest_address = addr_of(l->vm.memory + AT), .guest_len = PAGE,
		.trans_address = addr_of(self->packet.data), .trans_len = PAGE,
	};
	REFUSED(INVALID_LENGTH, ISSUE(l, RECEIVE_UPDATE_DATA, block));
	block.hdr_len = SEV_FW_HEADER_SIZE;
	block.trans_len = PAGE - 16;
	REFUSED(INVALID_LENGTH, ISSUE(l, RECEIVE_UPDATE_DATA, block));
	block.trans_len = PAGE;
	block.guest_address += 8;
	block.guest_len = PAGE - 16;
	block.trans_len = PAGE - 16;
	REFUSED(INVALID_ADDRESS, ISSUE(l, RECEIVE_UPDATE_DATA, block));
	self->packet.len = PAGE;
	GOES(migrate_receive_data(l, AT, &self->packet));
}

/* A packet does not say where it belongs or when it was made, so it can be replayed. */
TEST_F(migrate, replayed)
{
	struct launch *l;
	struct migrate_packet older;

	UNDER_WAY(l);
	older = self->packet;
	l = &self->from;
	memset(self->seen, 0x33, PAGE);
	GOES(guest_poke(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	GOES(migrate_send_data(l, AT, PAGE, &self->packet));
	EXPECT_NE(0, memcmp(older.header, self->packet.header, sizeof(older.header)));
	l = &self->to;
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(migrate_receive_data(l, AT, &older));
	GOES(migrate_receive_data(l, AT + 8 * PAGE, &self->packet));
	GOES(guest_peek(l, l->vm.memory + AT, self->seen, PAGE, NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, PAGE));
	GOES(guest_peek(l, l->vm.memory + AT + 8 * PAGE, self->seen, PAGE, NULL));
	EXPECT_EQ(0x33, self->seen[0]);
}

/* Packets are for one session; a session is for one platform and one policy. */
TEST_F(migrate, other_session)
{
	struct launch *l;
	struct migrate_packet first;

	UNDER_WAY(l);
	first = self->packet;
	launch_close(l);
	GOES(guest_new(l, 0, variant->by_dev, RAM));
	l = &self->from;
	GOES(migrate_send_cancel(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	REFUSED(INVALID_GUEST_STATE, migrate_send_cancel(l));
	GOES(migrate_send_start(l, &self->target, &self->session));
	GOES(migrate_send_data(l, AT, PAGE, &self->packet));
	l = &self->to;
	GOES(migrate_receive_start(l, &self->session));
	REFUSED(BAD_MEASUREMENT, migrate_receive_data(l, AT, &first));
	GOES(migrate_receive_data(l, AT, &self->packet));
	GOES(migrate_receive_finish(l));
}

TEST_F(migrate, wrong_sessions)
{
	struct launch *l = &self->from;
	struct migrate_session bad;

	GOES(migrate_send_start(l, &self->target, &self->session));
	l = &self->to;
	for (size_t i = 0; i < sizeof(bad.blob); i += 9) {
		bad = self->session;
		bad.blob[i] ^= 0x10;
		REFUSED(BAD_MEASUREMENT, migrate_receive_start(l, &bad));
	}
	bad = self->session;
	bad.policy = OWNER_POLICY_NODBG;
	REFUSED(BAD_MEASUREMENT, migrate_receive_start(l, &bad));
	bad = self->session;
	bad.pdh = l->chain.pek;
	REFUSED(INVALID_CERTIFICATE, migrate_receive_start(l, &bad));
	/* the VM is still there for the right one, once */
	GOES(migrate_receive_start(l, &self->session));
	DENIED(EBUSY, migrate_receive_start(l, &self->session));
}

/* The receiver's certificates do not matter to a guest without such a policy. */
TEST_F(migrate, certificates)
{
	struct launch *l = &self->from;
	struct migrate_target bad = self->target;

	bad.pdh.ec.x[3] ^= 1;
	REFUSED(INVALID_CERTIFICATE, migrate_send_start(l, &bad, &self->session));
	bad = self->target;
	memset(&bad.chain, 0, sizeof(bad.chain));
	GOES(migrate_send_start(l, &bad, &self->session));
}

TEST_F(migrate, send_lengths)
{
	struct launch *l = &self->from;
	struct sev_fw_send_update_data block = { 0 };
	struct sev_fw_send_start start = { 0 };
	uint8_t header[SEV_FW_HEADER_SIZE];

	start.pdh_address = addr_of(&self->target.pdh);
	start.pdh_len = sizeof(self->target.pdh);
	start.plat_address = addr_of(&self->target.chain);
	start.plat_len = sizeof(self->target.chain);
	start.amd_address = addr_of(self->target.ca);
	start.amd_len = sizeof(self->target.ca);
	REFUSED(INVALID_LENGTH, ISSUE(l, SEND_START, start));
	EXPECT_EQ(SEV_FW_SESSION_SIZE, start.session_len);
	GOES(migrate_send_start(l, &self->target, &self->session));

	block.guest_address = addr_of(l->vm.memory + AT);
	block.guest_len = PAGE;
	block.trans_address = addr_of(self->packet.data);
	block.trans_len = PAGE;
	REFUSED(INVALID_LENGTH, ISSUE(l, SEND_UPDATE_DATA, block));
	EXPECT_EQ(SEV_FW_HEADER_SIZE, block.hdr_len);
	block.hdr_address = addr_of(header);
	block.trans_len = PAGE - 16;
	REFUSED(INVALID_LENGTH, ISSUE(l, SEND_UPDATE_DATA, block));
	block.trans_len = PAGE;
	GOES(ISSUE(l, SEND_UPDATE_DATA, block));
}

/* A packet is of one piece of memory, up to five pages of it. */
TEST_F(migrate, packet_sizes)
{
	static const uint32_t sizes[] = { 48, 0x1000, 0x4ff0, 0x5000 };
	uint8_t *large = memory_huge(1), *apart = memory_scattered(16);
	struct sev_fw_send_update_data block = {
		.hdr_address = addr_of(self->packet.header), .hdr_len = SEV_FW_HEADER_SIZE,
		.trans_address = addr_of(self->packet.data), .trans_len = SEV_FW_PACKET_MAX,
	};
	struct launch *l = &self->from;

	GOES(migrate_send_start(l, &self->target, &self->session));
	for (size_t i = 0; large && i < ARRAY_SIZE(sizes); i++) {
		block.guest_address = addr_of(large + 0x230);
		block.guest_len = sizes[i];
		GOES(ISSUE(l, SEND_UPDATE_DATA, block));
	}
	if (large) {
		block.guest_len = SEV_FW_PACKET_MAX + 16;
		REFUSED(INVALID_LENGTH, ISSUE(l, SEND_UPDATE_DATA, block));
	}
	ASSERT_FALSE(memory_contiguous(apart, 5 * PAGE));
	block.guest_address = addr_of(apart);
	block.guest_len = 5 * PAGE;
	DENIED(EINVAL, ISSUE(l, SEND_UPDATE_DATA, block));
}

/* Policies, each with a guest of its own */

FIXTURE(policy) {
	struct launch l;
	struct migrate_target target;
	struct migrate_session session;
};

FIXTURE_VARIANT(policy) {
	uint32_t policy;
	uint32_t status;	/* with nothing from the vendor */
};

FIXTURE_VARIANT_ADD(policy, none) {
	.policy = OWNER_POLICY_NODBG,
};

FIXTURE_VARIANT_ADD(policy, no_send) {
	.policy = OWNER_POLICY_NOSEND, .status = POLICY_FAILURE,
};

FIXTURE_VARIANT_ADD(policy, sev) {
	.policy = OWNER_POLICY_SEV, .status = INVALID_CERTIFICATE,
};

FIXTURE_VARIANT_ADD(policy, domain) {
	.policy = OWNER_POLICY_DOMAIN,
};

FIXTURE_SETUP(policy)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_running(l, variant->policy, false, RAM));
	GOES(migrate_target(l, NULL, &self->target));
}

FIXTURE_TEARDOWN(policy)
{
	launch_close(&self->l);
}

TEST_F(policy, send_start)
{
	struct launch *l = &self->l;

	if (variant->status) {
		REFUSED(variant->status, migrate_send_start(l, &self->target, &self->session));
		EXPECT_EQ(GUEST_RUNNING, state_of(l));
		return;
	}
	GOES(migrate_send_start(l, &self->target, &self->session));
	EXPECT_EQ(variant->policy, self->session.policy);
	GOES(migrate_send_cancel(l));
}

/* The owner's domain is an OCA certificate, byte for byte. */
TEST(other_domain)
{
	struct launch guest, *l = &guest;
	struct migrate_session session;
	struct migrate_target target;
	struct oca other;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_running(l, OWNER_POLICY_DOMAIN, false, RAM));
	GOES(migrate_target(l, NULL, &target));
	ASSERT_EQ(OWNER_OK, oca_make(&other));
	target.chain.oca = other.cert;
	REFUSED(BAD_SIGNATURE, migrate_send_start(l, &target, &session));
	oca_free(&other);
	launch_close(l);
}

HOST_TESTS_MAIN
