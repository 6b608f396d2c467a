// SPDX-License-Identifier: GPL-2.0
/*
 * The state of SEV-ES vCPUs: measured and encrypted, sent and received.
 *
 * An owner cannot know the measurement, since KVM makes up the vCPU's state. The
 * judge here is the kernel's own code: two guests whose vCPUs are in the same
 * state, one launched by the legacy ioctl and one by pass-through, must have one
 * launch digest, as firmware has signed it.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/migrate.h>

#include "kselftest_harness.h"
#include "glue.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define RAM	(2 << 20)
#define VCPUS	3
#define ES	OWNER_POLICY_ES
#define SEED	7

/* A guest with several vCPUs, each in a state that no other is in. */
struct es_guest {
	struct launch l;
	int vcpu[VCPUS];
};

static int set_xcr0(int vcpu, uint64_t value)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1 };

	xcrs.xcrs[0].value = value;
	return ioctl(vcpu, KVM_SET_XCRS, &xcrs);
}

/* Registers of all kinds, so that none can be forgotten unnoticed. */
static int set_state(int vcpu, unsigned int seed)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	memory_fill(&regs, sizeof(regs), seed);
	regs.rflags = 0x202;
	regs.rip = VM_ENTRY + seed;
	if (ioctl(vcpu, KVM_SET_REGS, &regs) || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs.base = 0x10000 + 16 * seed;
	sregs.cs.selector = sregs.cs.base >> 4;
	sregs.gdt.base = 0x5000 + seed;
	sregs.idt.limit = 0x100 + seed;
	sregs.cr2 = 0x12340000 + seed;
	sregs.cr3 = 0x3000 + 0x1000 * seed;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs))
		return -errno;
	/* only some values, and only where there is XSAVE */
	return set_xcr0(vcpu, 3) && errno != EINVAL ? -errno : 0;
}

static int add_vcpus(struct es_guest *g)
{
	int ret = 0;

	g->vcpu[0] = g->l.vm.vcpu_fd;
	for (int i = 0; i < VCPUS && !ret; i++) {
		if (i)
			g->vcpu[i] = ioctl(g->l.vm.vm_fd, KVM_CREATE_VCPU, i);
		ret = g->vcpu[i] < 0 ? -errno : set_state(g->vcpu[i], SEED + i);
	}
	return ret;
}

static int es_new(struct es_guest *g, bool by_dev)
{
	int ret = guest_new(&g->l, ES, by_dev, RAM);

	return ret ? ret : add_vcpus(g);
}

static void es_close(struct es_guest *g)
{
	for (int i = 1; i < VCPUS; i++)
		if (g->vcpu[i] > 0)
			close(g->vcpu[i]);
	launch_close(&g->l);
}

static int update(struct launch *l, uint64_t vcpu, uint32_t *len)
{
	struct sev_fw_launch_update_vmsa block = { .address = vcpu, .len = *len };
	int ret = ISSUE(l, LAUNCH_UPDATE_VMSA, block);

	*len = block.len;
	return ret;
}

/* The launch digest, from a report; the measurement is checked against it. */
static int finish(struct launch *l)
{
	int ret = launch_measure(l);

	if (!ret)
		ret = launch_check(l);
	return ret ? ret : launch_finish(l);
}

FIXTURE(vmsa) {
	struct es_guest legacy, ours;
};

FIXTURE_VARIANT(vmsa) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(vmsa, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(vmsa, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(vmsa)
{
	struct launch *l = &self->legacy.l;

	HOST_NEEDS(HOST_SEV | HOST_ES | HOST_FW);
	GOES(es_new(&self->legacy, false));
	GOES(launch_start(l));
	/* what KVM's own handler makes of it is the measure */
	serve_legacy(false);
	GOES(launch_legacy.update_vmsa(l));
	serve_legacy(true);
	GOES(finish(l));
	l = &self->ours.l;
	GOES(es_new(&self->ours, variant->by_dev));
	GOES(launch_start(l));
}

FIXTURE_TEARDOWN(vmsa)
{
	es_close(&self->legacy);
	es_close(&self->ours);
}

TEST_F(vmsa, all_at_once)
{
	struct launch *l = &self->ours.l;
	uint32_t len = 0;

	GOES(update(l, 0, &len));
	EXPECT_EQ(VCPUS * SEV_FW_VMSA_SIZE, len);
	GOES(finish(l));
	EXPECT_EQ(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

TEST_F(vmsa, by_the_legacy_ioctl)
{
	struct launch *l = &self->ours.l;

	GOES(launch_legacy.update_vmsa(l));
	GOES(finish(l));
	EXPECT_EQ(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

TEST_F(vmsa, one_by_one)
{
	struct launch *l = &self->ours.l;

	for (uint64_t i = 0; i < VCPUS; i++) {
		uint32_t len = SEV_FW_VMSA_SIZE;

		GOES(update(l, i, &len));
		EXPECT_EQ(SEV_FW_VMSA_SIZE, len);
	}
	GOES(finish(l));
	EXPECT_EQ(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

TEST_F(vmsa, order_matters)
{
	struct launch *l = &self->ours.l;
	uint32_t len = SEV_FW_VMSA_SIZE;

	for (uint64_t i = VCPUS; i-- > 0;)
		GOES(update(l, i, &len));
	GOES(finish(l));
	EXPECT_NE(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

/* One bit of one register is enough. */
TEST_F(vmsa, state_matters)
{
	struct launch *l = &self->ours.l;
	struct kvm_regs regs;
	uint32_t len = 0;

	ASSERT_EQ(0, ioctl(self->ours.vcpu[1], KVM_GET_REGS, &regs));
	regs.r13 ^= 1ull << 40;
	ASSERT_EQ(0, ioctl(self->ours.vcpu[1], KVM_SET_REGS, &regs));
	GOES(update(l, 0, &len));
	GOES(finish(l));
	EXPECT_NE(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

TEST_F(vmsa, only_once)
{
	struct launch *l = &self->ours.l;
	uint32_t len = SEV_FW_VMSA_SIZE;

	GOES(update(l, 1, &len));
	DENIED(EINVAL, update(l, 1, &len));
	/* all: the first one can, the second one has been */
	len = 0;
	EXPECT_EQ(-EINVAL, update(l, 0, &len));
	EXPECT_EQ(SEV_FW_VMSA_SIZE, len);
	DENIED(EINVAL, update(l, 0, &(uint32_t){ SEV_FW_VMSA_SIZE }));
	len = SEV_FW_VMSA_SIZE;
	GOES(update(l, 2, &len));
}

TEST_F(vmsa, wrong)
{
	struct launch *l = &self->ours.l;
	uint32_t len = SEV_FW_VMSA_SIZE;

	DENIED(EINVAL, update(l, VCPUS, &len));
	DENIED(EINVAL, update(l, ~0ull, &len));
	DENIED(EINVAL, update(l, 1, &(uint32_t){ 0 }));
	DENIED(EINVAL, update(l, 0, &(uint32_t){ 16 }));
	DENIED(EINVAL, update(l, 0, &(uint32_t){ 2 * SEV_FW_VMSA_SIZE }));
	/* and nothing of all that is measured */
	len = 0;
	GOES(update(l, 0, &len));
	GOES(finish(l));
	EXPECT_EQ(0, memcmp(self->legacy.l.ld, l->ld, sizeof(l->ld)));
}

TEST(vmsa_of_a_guest_without)
{
	struct launch guest, *l = &guest;
	struct migrate_packet packet;
	uint32_t len = 0;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(guest_new(l, 0, false, RAM));
	GOES(launch_start(l));
	DENIED(ENOTTY, update(l, 0, &len));
	DENIED(ENOTTY, migrate_send_vmsa(l, 0, &packet));
	DENIED(ENOTTY, migrate_receive_vmsa(l, 0, &packet));
	launch_close(l);
}

/* Migration: what has been received is what can be sent on, to a third one. */

static int sending(struct launch *l, struct migrate_session *session)
{
	struct migrate_target target;
	int ret = migrate_target(l, NULL, &target);

	return ret ? ret : migrate_send_start(l, &target, session);
}

TEST_F(vmsa, there_and_on)
{
	struct launch *l = &self->legacy.l;
	struct migrate_packet packet[VCPUS];
	struct migrate_session session;
	struct es_guest second, third;

	GOES(sending(l, &session));
	EXPECT_EQ(ES, session.policy);
	for (int i = 0; i < VCPUS; i++)
		GOES(migrate_send_vmsa(l, i, &packet[i]));
	DENIED(EINVAL, migrate_send_vmsa(l, VCPUS, &packet[0]));

	l = &second.l;
	GOES(es_new(&second, variant->by_dev));
	GOES(migrate_receive_start(l, &session));
	packet[1].data[7] ^= 1;
	REFUSED(BAD_MEASUREMENT, migrate_receive_vmsa(l, 1, &packet[1]));
	packet[1].data[7] ^= 1;
	for (int i = 0; i < VCPUS; i++)
		GOES(migrate_receive_vmsa(l, i, &packet[i]));
	GOES(migrate_receive_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));

	GOES(sending(l, &session));
	for (int i = 0; i < VCPUS; i++)
		GOES(migrate_send_vmsa(l, i, &packet[i]));
	l = &third.l;
	GOES(es_new(&third, false));
	GOES(migrate_receive_start(l, &session));
	for (int i = VCPUS; i-- > 0;)
		GOES(migrate_receive_vmsa(l, i, &packet[i]));
	GOES(migrate_receive_finish(l));
	es_close(&second);
	es_close(&third);
}

/* A vCPU that has not been received has no state to be sent. */
TEST_F(vmsa, half_received)
{
	struct launch *l = &self->legacy.l;
	struct migrate_session session;
	struct migrate_packet packet;
	struct es_guest second;

	GOES(sending(l, &session));
	GOES(migrate_send_vmsa(l, 0, &packet));
	l = &second.l;
	GOES(es_new(&second, variant->by_dev));
	GOES(migrate_receive_start(l, &session));
	GOES(migrate_receive_vmsa(l, 0, &packet));
	GOES(migrate_receive_finish(l));
	GOES(sending(l, &session));
	GOES(migrate_send_vmsa(l, 0, &packet));
	REFUSED(INVALID_PARAM, migrate_send_vmsa(l, 1, &packet));
	es_close(&second);
}

HOST_TESTS_MAIN
