// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that a VMM sends a guest that runs, of any kind: each comes once, and none while
 * the guest does not want any. In the box that is the simulated processor's doing.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>
#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "host.h"

#define VECTOR		0x40
#define INTERRUPTS	100
#define RAM		0x10000
#define LAUNCHED_PAGES	4	/* for an SNP guest there is no other memory */

/*
 * The guest, in real mode. Its handler takes a few milliseconds: a vector that the emulation has
 * left behind comes then. A guest that has been interrupted there ends itself by a triple fault,
 * and one that has got all interrupts, and one NMI, halts.
 */
extern const uint8_t guest_begin[], guest_end[];
__asm__(".pushsection .rodata\n"
	"	.code16\n"
	"guest_begin:\n"
	"	.set	vector, 4 * 0x40\n"
	"	.set	nmi_vector, 4 * 2\n"
	"	.set	taken, 0x2f00\n"
	"	.set	nmis, 0x2f02\n"
	"	.set	no_vectors, 0x2f08\n"
	"	xorw	%ax, %ax\n"
	"	movw	%ax, %ds\n"
	"	movw	%ax, %ss\n"
	"	movw	$0x4000, %sp\n"
	"	movw	$(0x1000 + interrupt - guest_begin), vector\n"
	"	movw	%ax, vector + 2\n"
	"	movw	$(0x1000 + nmi - guest_begin), nmi_vector\n"
	"	movw	%ax, nmi_vector + 2\n"
	"	sti\n"
	"1:	cmpw	$100, taken\n"
	"	jb	1b\n"
	"	cli\n"
	"	cmpw	$1, nmis\n"
	"	jne	broken\n"
	"	hlt\n"
	"nmi:	incw	nmis\n"
	"	iretw\n"
	"interrupt:\n"
	"	movw	%sp, %bp\n"
	"	testb	$2, 5(%bp)\n"		/* the interrupt flag of the interrupted code */
	"	jz	broken\n"
	"	movw	$16, %dx\n"
	"2:	xorw	%cx, %cx\n"
	"3:	loop	3b\n"
	"	decw	%dx\n"
	"	jnz	2b\n"
	"	incw	taken\n"
	"	iretw\n"
	"broken:\n"
	"	lidtw	no_vectors\n"
	"	int3\n"
	"guest_end:\n"
	"	.code64\n"
	"	.popsection\n");

/* The VM of either kind of launch. */
FIXTURE(interrupts) {
	struct launch sev;
	struct snp_launch snp;
	struct vm plain;
	struct vm *vm;
};

enum guest_kind { PLAIN, SEV, ES, SNP };

FIXTURE_VARIANT(interrupts) {
	enum guest_kind kind;
	unsigned int needs;
};

FIXTURE_VARIANT_ADD(interrupts, of_a_guest_without_sev) {
	.kind = PLAIN,
	.needs = HOST_SEV,
};

FIXTURE_VARIANT_ADD(interrupts, of_a_sev_guest) {
	.kind = SEV,
	.needs = HOST_SEV | HOST_SWPSP,
};

FIXTURE_VARIANT_ADD(interrupts, of_a_sev_es_guest) {
	.kind = ES,
	.needs = HOST_SEV | HOST_ES | HOST_SWPSP,
};

FIXTURE_VARIANT_ADD(interrupts, of_an_snp_guest) {
	.kind = SNP,
	.needs = HOST_SNP | HOST_SWPSP,
};

static void load(struct vm *vm)
{
	memcpy(vm->memory + VM_ENTRY, guest_begin, guest_end - guest_begin);
}

static int launch_plain(struct vm *vm)
{
	int ret = vm_create(vm, VM_TYPE_DEFAULT, RAM);

	if (ret)
		return ret;
	load(vm);
	return vm_add_vcpu(vm);
}

/* In the box the memory of a guest that runs is not encrypted, so all of it can be used. */
static int launch_sev(struct launch *l, uint32_t policy)
{
	int ret = launch_open(l, &launch_legacy, policy);

	if (!ret)
		ret = launch_vm(l, RAM);
	if (!ret)
		ret = launch_init(l);
	if (!ret)
		ret = launch_load(l);
	if (ret)
		return ret;
	load(&l->vm);
	ret = launch_start(l);
	if (!ret)
		ret = launch_update(l);
	if (!ret && launch_es(l))
		ret = launch_update_vmsa(l);
	if (!ret)
		ret = launch_measure(l);
	return ret ? ret : launch_finish(l);
}

static int launch_snp(struct snp_launch *l)
{
	int ret = snp_launch_open(l, RAM);

	if (ret)
		return ret;
	load(&l->vm);
	ret = snp_launch_start(l, SNP_POLICY_PLAIN);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_NORMAL, 0, LAUNCHED_PAGES);
	return ret ? ret : snp_launch_finish(l, NULL);
}

FIXTURE_SETUP(interrupts)
{
	HOST_NEEDS(variant->needs);
	switch (variant->kind) {
	case PLAIN:
		self->vm = &self->plain;
		ASSERT_EQ(0, launch_plain(&self->plain));
		break;
	case SEV:
	case ES:
		self->vm = &self->sev.vm;
		ASSERT_EQ(0, launch_sev(&self->sev, variant->kind == ES ? OWNER_POLICY_ES : 0));
		break;
	case SNP:
		self->vm = &self->snp.vm;
		ASSERT_EQ(0, launch_snp(&self->snp));
		break;
	}
}

FIXTURE_TEARDOWN(interrupts)
{
	switch (variant->kind) {
	case PLAIN:
		vm_destroy(&self->plain);
		break;
	case SEV:
	case ES:
		launch_close(&self->sev);
		break;
	case SNP:
		snp_launch_close(&self->snp);
		break;
	}
}

/* KVM says when the guest can take one; an NMI it can take at any time. */
TEST_F(interrupts, come_once)
{
	struct kvm_interrupt interrupt = { .irq = VECTOR };
	struct kvm_run *run = self->vm->run;
	unsigned int sent = 0;

	run->request_interrupt_window = 1;
	for (;;) {
		ASSERT_EQ(0, vm_enter(self->vm));
		if (run->exit_reason != KVM_EXIT_IRQ_WINDOW_OPEN)
			break;
		ASSERT_EQ(0, ioctl(self->vm->vcpu_fd, KVM_INTERRUPT, &interrupt));
		sent++;
		if (sent == INTERRUPTS / 2)
			ASSERT_EQ(0, ioctl(self->vm->vcpu_fd, KVM_NMI));
		run->request_interrupt_window = sent < INTERRUPTS;
	}
	EXPECT_EQ(KVM_EXIT_HLT, run->exit_reason);
	EXPECT_EQ(INTERRUPTS, sent);
}

HOST_TESTS_MAIN
