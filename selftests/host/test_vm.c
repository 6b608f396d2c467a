// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that asks for pages to be private or shared, as the VMM sees it. The guest may be
 * hostile, and KVM is made up: it counts what it is told about frames, and remembers the last.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvm.h>
#include <sevfw/vm.h>

#include "kselftest_harness.h"

#define PAGE		4096ull
#define RAM_PAGES	100
#define MAP_RANGE	12
#define PRIVATE		(1 << 4)

/* ---- KVM ---- */

static struct {
	struct kvm_run *run;
	uint64_t gpa, count, flags;	/* a guest's request */
	bool asked;
	unsigned int told;		/* how often somebody has set attributes of frames */
	uint64_t told_gpa, told_size;
} kvm;

/* A request, and then a halt. */
static void run_guest(void)
{
	struct kvm_run *run = kvm.run;

	run->exit_reason = kvm.asked ? KVM_EXIT_HLT : KVM_EXIT_HYPERCALL;
	if (!kvm.asked) {
		run->hypercall.nr = MAP_RANGE;
		run->hypercall.args[0] = kvm.gpa;
		run->hypercall.args[1] = kvm.count;
		run->hypercall.args[2] = kvm.flags;
	}
	kvm.asked = true;
}

int ioctl(int fd, unsigned long request, ...)
{
	const uint64_t *range;
	va_list args;

	va_start(args, request);
	range = va_arg(args, void *);
	va_end(args);
	if (request == KVM_RUN) {
		run_guest();
	} else if (request != KVM_ENABLE_CAP) {
		kvm.told++;
		kvm.told_gpa = range[0];
		kvm.told_size = range[1];
	}
	return 0;
}

/* ---- the guest ---- */

FIXTURE(pages) {
	struct vm vm;
	struct kvm_run run;
};

/* A guest whose encrypted memory is moved by commands keeps a list of shared pages instead. */
FIXTURE_VARIANT(pages) {
	bool listed;
};

FIXTURE_VARIANT_ADD(pages, of_kvm) { .listed = false };
FIXTURE_VARIANT_ADD(pages, in_a_list) { .listed = true };

FIXTURE_SETUP(pages)
{
	self->vm = (struct vm)VM_NONE;
	self->vm.size = RAM_PAGES * PAGE;
	self->vm.run = &self->run;
	memset(&kvm, 0, sizeof(kvm));
	kvm.run = &self->run;
	if (variant->listed)
		ASSERT_EQ(0, vm_ask_shared(&self->vm));
}

FIXTURE_TEARDOWN(pages)
{
	free(self->vm.shared);
	free(self->vm.turned);
}

/* Return: the answer that the guest gets. */
static long ask(struct vm *vm, uint64_t gpa, uint64_t count, uint64_t flags)
{
	kvm.gpa = gpa;
	kvm.count = count;
	kvm.flags = flags;
	kvm.asked = false;
	kvm.told = 0;
	vm->run->hypercall.ret = 0x5e;
	return vm_enter(vm) ? 1 : (long)vm->run->hypercall.ret;
}

TEST_F(pages, ram_becomes_private_and_shared)
{
	const uint64_t last = (RAM_PAGES - 1) * PAGE;

	EXPECT_EQ(0, ask(&self->vm, last, 1, 0));
	EXPECT_EQ(variant->listed, vm_is_shared(&self->vm, last));
	EXPECT_EQ(0, ask(&self->vm, 0, RAM_PAGES, PRIVATE));
	EXPECT_FALSE(vm_is_shared(&self->vm, last));
	EXPECT_EQ(!variant->listed, kvm.told);
	if (kvm.told) {
		EXPECT_EQ(0, kvm.told_gpa);
		EXPECT_EQ(RAM_PAGES * PAGE, kvm.told_size);
	}
}

TEST_F(pages, nothing_but_ram_has_a_kind)
{
	static const struct {
		uint64_t gpa, count;
	} cases[] = {
		{ RAM_PAGES * PAGE, 1 },			/* just behind RAM */
		{ (RAM_PAGES - 1) * PAGE, 2 },			/* RAM ends between the two */
		{ 0, RAM_PAGES + 1 },
		{ 0, (1ull << 52) + 1 },			/* as bytes, one page */
		{ PAGE, ~0ull },				/* the end, in RAM */
		{ 1ull << 51, 1ull << 40 },			/* a terabyte of bookkeeping */
		{ -PAGE, 2 },
		{ PAGE / 2, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (uint64_t flags = 0; flags <= PRIVATE; flags += PRIVATE) {
			EXPECT_EQ(-EINVAL, ask(&self->vm, cases[i].gpa, cases[i].count, flags))
				TH_LOG("case %zu, flags %#x", i, (unsigned int)flags);
			EXPECT_EQ(0, kvm.told) TH_LOG("case %zu: KVM heard of it", i);
		}
	}
	for (uint64_t gpa = 0; gpa < RAM_PAGES * PAGE; gpa += PAGE)
		EXPECT_FALSE(vm_is_shared(&self->vm, gpa));
}

TEST_HARNESS_MAIN
