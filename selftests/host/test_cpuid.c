// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID of a Linux guest's vCPUs on a large processor, of which the box has none. KVM is made up:
 * its offer is after an EPYC with 64 cores, and it keeps what each vCPU is given.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvm.h>
#include <sevfw/vm.h>

#include "kselftest_harness.h"
#include "tools/guest/linux.h"
#include "tools/vmm/linux.h"

#define VCPUS		4
#define KVM_FD		100
#define VCPU_FD(n)	(200 + (n))
#define ENTRIES		100

#define EXTENDED_TOPOLOGY	(1u << 22)
#define SVM			(1u << 2)

/* ---- KVM ---- */

struct entries {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[ENTRIES];
};

/* 64 cores in one package, two threads each; KVM withholds the number of the APIC. */
static const struct kvm_cpuid_entry2 offered[] = {
	{ .function = 0, .eax = 0x10, .ebx = 0x68747541, .ecx = 0x444d4163, .edx = 0x69746e65 },
	{ .function = 1, .eax = 0xa00f11, .ebx = 0x05800800, .ecx = 0x7ef8320b, .edx = 0x178bfbff },
	{ .function = 7, .eax = 0, .ebx = 0x219c97a9, .ecx = 0x40069c, .edx = 0x10 },
	{ .function = 0xb, .index = 1, .eax = 7, .ebx = 128, .ecx = 0x201, .edx = 5 },
	{ .function = 0xd, .eax = 0x207, .ebx = 0x340, .ecx = 0x988 },
	{ .function = 0x80000000, .eax = 0x80000023, .ebx = 0x68747541 },
	{ .function = 0x80000001, .eax = 0xa00f11, .ebx = 0x40000000, .ecx = 0x75c237ff,
	  .edx = 0x2fd3fbff },
	{ .function = 0x80000008, .eax = 0x3030, .ebx = 0x111ef657, .ecx = 0x707f, .edx = 0x10007 },
	{ .function = 0x8000001e },
	{ .function = 0x8000001f, .eax = 0x101fd3f, .ebx = 0x4173, .ecx = 0x1fd, .edx = 0x80 },
	{ .function = 0x80000021, .eax = 0x45 },
};

static struct entries given[VCPUS];

int ioctl(int fd, unsigned long request, ...)
{
	struct entries *cpuid;
	va_list args;

	va_start(args, request);
	cpuid = va_arg(args, void *);
	va_end(args);
	if (request == KVM_GET_SUPPORTED_CPUID && fd == KVM_FD) {
		cpuid->head.nent = ARRAY_SIZE(offered);
		memcpy(cpuid->entries, offered, sizeof(offered));
	} else if (request == KVM_SET_CPUID2 && fd >= VCPU_FD(0) && fd < VCPU_FD(VCPUS)) {
		memcpy(&given[fd - VCPU_FD(0)], cpuid, sizeof(*cpuid));
	} else {
		abort();
	}
	return 0;
}

/* ---- the guest ---- */

FIXTURE(cpuid) {
	struct vm vm;
	struct linux_guest guest;
};

FIXTURE_VARIANT(cpuid) {
	enum linux_kind kind;
	unsigned int cpus;
};

FIXTURE_VARIANT_ADD(cpuid, sev) { .kind = LINUX_SEV, .cpus = 1 };
FIXTURE_VARIANT_ADD(cpuid, es) { .kind = LINUX_ES, .cpus = 1 };
FIXTURE_VARIANT_ADD(cpuid, snp) { .kind = LINUX_SNP, .cpus = VCPUS };

FIXTURE_SETUP(cpuid)
{
	memset(given, 0, sizeof(given));
	self->vm = (struct vm)VM_NONE;
	self->vm.kvm_fd = KVM_FD;
	self->vm.vcpu_fd = VCPU_FD(0);
	self->vm.memory = calloc(1, LINUX_LOW_FREE);
	self->guest.vm = &self->vm;
	self->guest.kind = variant->kind;
	self->guest.cpus = variant->cpus;
	for (unsigned int i = 1; i < variant->cpus; i++) {
		self->guest.more[i - 1] = self->vm;
		self->guest.more[i - 1].vcpu_fd = VCPU_FD(i);
	}
	ASSERT_NE(NULL, self->vm.memory);
	ASSERT_EQ(0, linux_cpuid(&self->guest));
}

FIXTURE_TEARDOWN(cpuid)
{
	free(self->vm.memory);
}

static const struct kvm_cpuid_entry2 *leaf(const struct entries *cpuid, uint32_t function)
{
	static const struct kvm_cpuid_entry2 none = { .function = ~0u };

	for (uint32_t i = 0; i < cpuid->head.nent; i++)
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	return &none;
}

/* Linux complains of an APIC whose leaves have different numbers, and counts packages by leaves. */
TEST_F(cpuid, each_vcpu_is_a_package_with_its_own_apic)
{
	for (unsigned int cpu = 0; cpu < variant->cpus; cpu++) {
		const struct entries *cpuid = &given[cpu];

		EXPECT_EQ(cpu, leaf(cpuid, 1)->ebx >> 24) TH_LOG("vCPU %u: APIC", cpu);
		EXPECT_EQ(1, leaf(cpuid, 1)->ebx >> 16 & 0xff) TH_LOG("vCPU %u: threads", cpu);
		EXPECT_EQ(0, leaf(cpuid, 0x80000001)->ecx & EXTENDED_TOPOLOGY)
			TH_LOG("vCPU %u: leaf 0x8000001e, whose APIC is 0, counts", cpu);
		EXPECT_EQ(0x80000008, leaf(cpuid, 0x80000008)->function);
		EXPECT_EQ(0, leaf(cpuid, 0x80000008)->ecx) TH_LOG("vCPU %u: cores", cpu);
		EXPECT_EQ(~0u, leaf(cpuid, 0xb)->function) TH_LOG("vCPU %u: leaf 0xb", cpu);
	}
}

TEST_F(cpuid, all_else_is_the_processors)
{
	const struct entries *cpuid = &given[0];

	EXPECT_EQ(0, leaf(cpuid, 0x80000001)->ecx & SVM);
	EXPECT_EQ(0x75c237ff & ~(EXTENDED_TOPOLOGY | SVM), leaf(cpuid, 0x80000001)->ecx);
	EXPECT_EQ(0x3030, leaf(cpuid, 0x80000008)->eax) TH_LOG("sizes of addresses");
	EXPECT_EQ(0xa00f11, leaf(cpuid, 1)->eax);
}

/* An SNP guest's table: at 0x10 + 0x30 * n the leaf, and 0x18 bytes behind it the registers. */
TEST_F(cpuid, an_snp_guest_trusts_a_table_of_the_same)
{
	const struct entries *cpuid = &given[0];
	const uint8_t *table = self->vm.memory + LINUX_CPUID;
	uint32_t count, words[12];

	memcpy(&count, table, sizeof(count));
	ASSERT_EQ(variant->kind == LINUX_SNP ? cpuid->head.nent : 0, count);
	for (uint32_t i = 0; i < count; i++) {
		memcpy(words, table + 0x10 + 0x30 * i, sizeof(words));
		EXPECT_EQ(cpuid->entries[i].function, words[0]);
		EXPECT_EQ(cpuid->entries[i].eax, words[6]);
		EXPECT_EQ(cpuid->entries[i].ebx, words[7]);
		EXPECT_EQ(cpuid->entries[i].ecx, words[8]);
		EXPECT_EQ(cpuid->entries[i].edx, words[9]);
	}
}

TEST_HARNESS_MAIN
