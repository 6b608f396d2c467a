// SPDX-License-Identifier: GPL-2.0
/*
 * VMs that are SEV guests from the beginning, by their type and KVM_SEV_INIT2. To
 * firmware they are guests like all others; KVM has less to guess, and measures
 * more of their vCPUs.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "host.h"
#include "steps.h"

#define RAM	(2 << 20)

FIXTURE(types) {
	struct launch guest;
};

FIXTURE_VARIANT(types) {
	const struct launch_ops *ops;
	uint32_t policy;
	bool by_dev;
};

FIXTURE_VARIANT_ADD(types, sev_vm) {
	.ops = &launch_fw, .policy = 0, .by_dev = false,
};

FIXTURE_VARIANT_ADD(types, sev_dev) {
	.ops = &launch_fw, .policy = 0, .by_dev = true,
};

FIXTURE_VARIANT_ADD(types, sev_legacy) {
	.ops = &launch_legacy, .policy = 0, .by_dev = false,
};

FIXTURE_VARIANT_ADD(types, es_vm) {
	.ops = &launch_fw, .policy = OWNER_POLICY_ES, .by_dev = false,
};

FIXTURE_VARIANT_ADD(types, es_dev) {
	.ops = &launch_fw, .policy = OWNER_POLICY_ES, .by_dev = true,
};

FIXTURE_VARIANT_ADD(types, es_legacy) {
	.ops = &launch_legacy, .policy = OWNER_POLICY_ES, .by_dev = false,
};

static int typed_open(struct launch *l, const struct launch_ops *ops, uint32_t policy,
		      bool by_dev)
{
	int ret = launch_open(l, ops, policy);

	l->typed = true;
	l->by_dev = by_dev;
	if (!ret)
		ret = launch_version(l);
	if (!ret)
		ret = launch_certs(l);
	return ret ? ret : launch_vm(l, RAM);
}

FIXTURE_SETUP(types)
{
	struct launch *l = &self->guest;

	HOST_NEEDS(HOST_SEV | (variant->policy ? HOST_ES : 0) |
		   (variant->ops == &launch_fw ? HOST_FW : 0));
	if (!vm_has_type(variant->policy ? VM_TYPE_SEV_ES : VM_TYPE_SEV))
		SKIP_SETUP("this kernel has no types of VMs");
	GOES(typed_open(l, variant->ops, variant->policy, variant->by_dev));
}

FIXTURE_TEARDOWN(types)
{
	launch_close(&self->guest);
}

/* All kinds of registers of the FPU, so that none can be forgotten unnoticed. */
static int set_fpu(int vcpu)
{
	struct kvm_fpu fpu;

	for (size_t i = 0; i < sizeof(fpu); i++)
		((uint8_t *)&fpu)[i] = i + 1;
	fpu.mxcsr = 0x1f80;
	return ioctl(vcpu, KVM_SET_FPU, &fpu);
}

static int measure(struct launch *l)
{
	int ret = 0;

	if (launch_es(l) && set_fpu(l->vm.vcpu_fd))
		return -1;
	if (launch_es(l))
		ret = launch_update_vmsa(l);
	if (!ret)
		ret = launch_measure(l);
	return ret ? ret : launch_check(l);
}

TEST_F(types, launched)
{
	struct launch *l = &self->guest;
	char out[64];

	GOES(launch_init(l));
	GOES(launch_session(l));
	GOES(launch_load(l));
	GOES(launch_start(l));
	GOES(launch_update(l));
	GOES(measure(l));
	GOES(launch_secret(l, "typed"));
	GOES(launch_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
	if (launch_es(l))
		return;
	GOES(launch_run(l, out, sizeof(out)));
	EXPECT_STREQ("typed", out);
}

/* The digest must be that of the same launch by KVM's legacy ioctls. */
TEST_F(types, measured)
{
	struct launch *l = &self->guest;
	struct launch other;

	GOES(launch_init(l));
	GOES(launch_start(l));
	GOES(measure(l));
	l = &other;
	GOES(typed_open(l, &launch_legacy, variant->policy, false));
	GOES(launch_init(l));
	GOES(launch_start(l));
	GOES(measure(l));
	EXPECT_EQ(0, memcmp(self->guest.ld, other.ld, sizeof(other.ld)));
	launch_close(&other);
}

/* The type alone does not make it a guest. */
TEST_F(types, not_yet)
{
	struct launch *l = &self->guest;

	if (l->ops != &launch_fw)
		SKIP(return, "this is about pass-through");
	DENIED(ENOTTY, launch_start(l));
	l->ops = &launch_legacy;
	EXPECT_EQ(-ENOTTY, launch_start(l));
	l->ops = &launch_fw;
	GOES(launch_init(l));
	GOES(launch_start(l));
}

HOST_TESTS_MAIN
