// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's context that KVM gives to another VM: mirrored (the other one may use
 * it) or moved (the other one has it now). KVM's own ioctls do that, between
 * commands by pass-through, which must follow.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/migrate.h>

#include "kselftest_harness.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define RAM	(2 << 20)

/* A guest that is being launched, and a VM that is none. */
FIXTURE(context) {
	struct launch guest, other;
	struct host_use before;
	uint8_t text[64] __attribute__((aligned(16)));
	uint8_t seen[64] __attribute__((aligned(16)));
};

FIXTURE_VARIANT(context) {
	bool by_dev;
	bool legacy;		/* the first half of the launch */
};

FIXTURE_VARIANT_ADD(context, vm) {
	.by_dev = false, .legacy = false,
};

FIXTURE_VARIANT_ADD(context, dev) {
	.by_dev = true, .legacy = false,
};

FIXTURE_VARIANT_ADD(context, legacy) {
	.by_dev = false, .legacy = true,
};

FIXTURE_SETUP(context)
{
	struct launch *l = &self->guest;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	memory_fill(self->text, sizeof(self->text), 5);
	ASSERT_EQ(0, host_use(&self->before));
	GOES(guest_new(l, 0, variant->by_dev, RAM));
	GOES(launch_session(l));
	if (variant->legacy)
		l->ops = &launch_legacy;
	GOES(launch_start(l));
	GOES(launch_update(l));
	l->ops = &launch_fw;
	l = &self->other;
	GOES(launch_open(l, &launch_fw, 0));
	l->by_dev = variant->by_dev;
	GOES(launch_vm(l, RAM));
}

/* However contexts have been passed on, none is left. */
FIXTURE_TEARDOWN(context)
{
	struct host_use after;

	launch_close(&self->guest);
	launch_close(&self->other);
	EXPECT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after));
}

static int take_from(struct launch *l, uint32_t cap, const struct launch *source)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { source->vm.vm_fd } };

	return ioctl(l->vm.vm_fd, KVM_ENABLE_CAP, &enable) ? -errno : 0;
}

static int mirror(struct launch *l, const struct launch *source)
{
	return take_from(l, KVM_CAP_VM_COPY_ENC_CONTEXT_FROM, source);
}

static int move(struct launch *l, const struct launch *source)
{
	return take_from(l, KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM, source);
}

/* The mirror may look at the guest; what changes the guest is its owner's. */
TEST_F(context, mirrored)
{
	struct launch *l = &self->other;
	uint8_t mnonce[OWNER_NONCE_SIZE] = { 0 }, report[OWNER_REPORT_SIZE];
	uint8_t *ram = self->guest.vm.memory;

	GOES(mirror(l, &self->guest));
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	GOES(guest_poke(l, ram, self->text, sizeof(self->text), NULL));
	GOES(guest_peek(&self->guest, ram, self->seen, sizeof(self->seen), NULL));
	EXPECT_EQ(0, memcmp(self->text, self->seen, sizeof(self->seen)));
	DENIED(EPERM, launch_start(l));
	DENIED(EPERM, l->ops->update(l, ram, 4096));
	DENIED(EPERM, launch_measure(l));
	DENIED(EPERM, launch_finish(l));
	DENIED(EPERM, l->ops->report(l, mnonce, report));
	DENIED(EPERM, migrate_send_finish(l));

	l = &self->guest;
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	GOES(launch_measure(l));
	GOES(launch_check(l));
	GOES(launch_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(&self->other));
}

/* A mirror that is left keeps the guest alive, and nothing else. */
TEST_F(context, mirror_that_is_left)
{
	struct launch *l = &self->other;

	GOES(mirror(l, &self->guest));
	launch_close(&self->guest);
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	DENIED(EPERM, launch_measure(l));
}

TEST_F(context, mirror_that_is_closed)
{
	struct launch *l = &self->other;

	GOES(mirror(l, &self->guest));
	launch_close(l);
	l = &self->guest;
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

TEST_F(context, moved)
{
	struct launch *l = &self->other;
	struct vm vm;

	GOES(move(l, &self->guest));
	l = &self->guest;
	DENIED(EIO, launch_measure(l));
	DENIED(EIO, launch_finish(l));
	DENIED(EIO, launch_start(l));

	/* the same guest, in another VM */
	vm = l->vm;
	l->vm = self->other.vm;
	self->other.vm = vm;
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	GOES(launch_update_at(l, 0, 4096));
	DENIED(EBUSY, launch_start(l));
	GOES(launch_measure(l));
	GOES(launch_check(l));
	GOES(launch_finish(l));
	EXPECT_EQ(GUEST_RUNNING, state_of(l));
}

/* VM after VM. (The legacy ioctls do not survive it: KVM forgets their /dev/sev.) */
TEST_F(context, moved_twice)
{
	struct launch third, *l = &third;

	GOES(launch_open(l, &launch_fw, 0));
	GOES(launch_vm(l, RAM));
	GOES(move(&self->other, &self->guest));
	launch_close(&self->guest);
	l = &self->other;
	GOES(l->ops->update(l, l->vm.memory, 4096));
	GOES(move(&third, l));
	DENIED(EIO, launch_measure(l));
	l = &third;
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	GOES(launch_measure(l));
	launch_close(l);
}

/* A context cannot be mirrored twice, nor given to a VM that has a guest. */
TEST_F(context, not_for_a_guest)
{
	struct launch *l = &self->other;

	GOES(mirror(l, &self->guest));
	EXPECT_EQ(-EINVAL, mirror(l, &self->guest));
	EXPECT_EQ(-EINVAL, move(l, &self->guest));
	EXPECT_EQ(GUEST_LUPDATE, state_of(l));
	EXPECT_EQ(GUEST_LUPDATE, state_of(&self->guest));
}

HOST_TESTS_MAIN
