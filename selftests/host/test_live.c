// SPDX-License-Identifier: GPL-2.0
/* What a VM's processor is like, which must not change when the VM moves. */
#include <stdlib.h>

#include <sevfw/live.h>

#include "kselftest_harness.h"

#define LEAVES	4

FIXTURE(cpuid)
{
	struct live_cpuid before, after;
	uint32_t leaf;
};

FIXTURE_SETUP(cpuid)
{
	self->before.count = LEAVES;
	for (uint32_t i = 0; i < LEAVES; i++)
		self->before.entries[i] = (struct kvm_cpuid_entry2){
			.function = 0x10 + i, .index = i, .flags = i & 1, .eax = 1, .ebx = 2,
			.ecx = 3, .edx = 4,
		};
	self->after = self->before;
	self->leaf = 0;
}

FIXTURE_TEARDOWN(cpuid)
{
}

TEST_F(cpuid, of_one_processor_is_the_same)
{
	/* KVM's padding is none of it */
	self->after.entries[1].padding[2] = 1;
	EXPECT_FALSE(live_cpuid_differs(&self->before, &self->after, &self->leaf));
	self->before.count = 0;
	self->after.count = 0;
	EXPECT_FALSE(live_cpuid_differs(&self->before, &self->after, &self->leaf));
}

TEST_F(cpuid, differs_by_each_bit_of_each_entry)
{
	const size_t bits = 8 * offsetof(struct kvm_cpuid_entry2, padding);

	for (uint32_t i = 0; i < LEAVES; i++) {
		for (size_t bit = 0; bit < bits; bit++) {
			uint8_t *byte = (uint8_t *)&self->after.entries[i] + bit / 8;

			*byte ^= 1 << bit % 8;
			ASSERT_TRUE(live_cpuid_differs(&self->before, &self->after, &self->leaf))
				TH_LOG("entry %u, bit %zu", i, bit);
			EXPECT_EQ(0x10 + i, self->leaf);
			*byte ^= 1 << bit % 8;
		}
	}
}

TEST_F(cpuid, differs_by_a_leaf_that_is_missing_on_either_side)
{
	self->after.count--;
	EXPECT_TRUE(live_cpuid_differs(&self->before, &self->after, &self->leaf));
	EXPECT_EQ(0x10 + LEAVES - 1, self->leaf);
	self->leaf = 0;
	EXPECT_TRUE(live_cpuid_differs(&self->after, &self->before, &self->leaf));
	EXPECT_EQ(0x10 + LEAVES - 1, self->leaf);
}

TEST_HARNESS_MAIN
