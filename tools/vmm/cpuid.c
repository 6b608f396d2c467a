// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU of a Linux guest: the processor as KVM offers it, without what an encrypted guest
 * cannot have. A guest with encrypted state asks the VMM for it; an SNP guest
 * believes the table only that it was launched with, and the firmware has checked.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "../guest/linux.h"
#include "linux.h"

#define ENTRIES		100
#define TABLE_ENTRIES	64	/* of an SNP guest's table */

#define LEAF_SEV	0x8000001f
#define SEV_EAX_SEV	(1u << 1)
#define SEV_EAX_ES	(1u << 3)
#define SEV_EAX_SNP	(1u << 4)
#define SEV_EBX_REDUCED	(1u << 6)	/* physical addresses have a bit less */
#define SEV_EBX_CBIT	0x3fu

struct cpuid {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[ENTRIES];
};

/**
 * struct change - of a register of a leaf
 * @leaf: leaf
 * @reg: register: 1 EBX, 2 ECX, 3 EDX
 * @set: bits to set
 * @clear: bits to clear
 *
 * A guest whose table has leaf 0xd must have XSAVEC or XSAVES, or Linux ends itself.
 * Processors that are emulated have neither, so XSAVE and what needs it is hidden.
 *
 * Each vCPU is a package, as leaf 1 says. Leaf 0x8000001e would say otherwise: KVM has zeros
 * there, an APIC of number 0 for each vCPU, and Linux prefers that leaf to leaf 1 if there is
 * extended topology. An SNP guest's table could not have it right, since it has only one
 * such leaf for all vCPUs; the firmware lets features be hidden.
 */
static const struct change {
	uint32_t leaf;
	unsigned int reg;
	uint32_t set;
	uint32_t clear;
} changes[] = {
	/*
	 * Set: x2APIC, hypervisor. Clear: FMA, XSAVE, OSXSAVE, AVX, F16C, and the TSC deadline
	 * timer, which the firmware denies.
	 */
	{ 0x00000001, 2, 1u << 21 | 1u << 31, 1u << 12 | 0xfu << 26 | 1u << 24 },
	{ 0x00000007, 1, 0, 1u << 1 | 1u << 5 },	/* TSC_ADJUST, AVX2 */
	{ 0x00000007, 3, 0, 0xfc000000u },		/* SPEC_CTRL and the like */
	{ 0x80000001, 2, 0, 1u << 2 | 1u << 22 },	/* SVM, extended topology */
	{ 0x80000008, 1, 0, 1u << 25 },			/* VIRT_SSBD */
	{ 0x80000008, 2, 0, ~0u },			/* cores of the host's package */
};

/* Leaves above 7 are about XSAVE, or have nothing that this guest needs. */
static bool wanted(const struct kvm_cpuid_entry2 *entry)
{
	if (entry->function < 0x40000000)
		return entry->function <= 7 && !(entry->function == 7 && entry->index);
	return entry->function <= LEAF_SEV;
}

static void change(struct kvm_cpuid_entry2 *entry)
{
	uint32_t *regs[] = { &entry->eax, &entry->ebx, &entry->ecx, &entry->edx };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (changes[i].leaf != entry->function)
			continue;
		*regs[changes[i].reg] |= changes[i].set;
		*regs[changes[i].reg] &= ~changes[i].clear;
	}
}

static void adapt(struct kvm_cpuid_entry2 *entry, enum linux_kind kind)
{
	static const uint32_t features[] = {
		[LINUX_SEV] = SEV_EAX_SEV,
		[LINUX_ES] = SEV_EAX_SEV | SEV_EAX_ES,
		[LINUX_SNP] = SEV_EAX_SEV | SEV_EAX_ES | SEV_EAX_SNP,
	};

	change(entry);
	switch (entry->function) {
	case 0:
		entry->eax = 7;
		break;
	case 1:
		/* one logical processor in a package; for the APIC's number see set_cpuid() */
		entry->ebx = (entry->ebx & 0xffff) | 1 << 16;
		break;
	case 0x80000000:
		entry->eax = LEAF_SEV;
		break;
	case LEAF_SEV:
		entry->eax = features[kind];
		entry->ebx = (entry->ebx & SEV_EBX_CBIT) | SEV_EBX_REDUCED;
		break;
	}
}

/* An SNP guest's table: a count, and from 0x10 on what is asked and what the answer is. */
struct table {
	uint32_t count;
	uint32_t zero[3];
	struct {
		uint32_t leaf, subleaf;
		uint64_t xcr0, xss;
		uint32_t eax, ebx, ecx, edx;
		uint64_t zero;
	} functions[TABLE_ENTRIES];
};

_Static_assert(sizeof(struct table) == 0x10 + TABLE_ENTRIES * 0x30, "table of CPUID");

static int fill_table(struct table *table, const struct cpuid *cpuid)
{
	if (cpuid->head.nent > TABLE_ENTRIES)
		return -E2BIG;
	memset(table, 0, sizeof(*table));
	for (table->count = 0; table->count < cpuid->head.nent; table->count++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[table->count];

		table->functions[table->count].leaf = entry->function;
		table->functions[table->count].subleaf = entry->index;
		table->functions[table->count].eax = entry->eax;
		table->functions[table->count].ebx = entry->ebx;
		table->functions[table->count].ecx = entry->ecx;
		table->functions[table->count].edx = entry->edx;
	}
	return 0;
}

bool linux_cpuid_corrected(const void *before, const void *after)
{
	const struct table *was = before, *is = after;
	bool corrected = false;

	for (uint32_t i = 0; i < was->count && i < TABLE_ENTRIES; i++) {
		const uint32_t *old = &was->functions[i].eax, *new = &is->functions[i].eax;

		for (unsigned int reg = 0; reg < 4; reg++) {
			if (old[reg] == new[reg])
				continue;
			corrected = true;
			printf("firmware: CPUID 0x%x, E%cX: 0x%x, not 0x%x\n",
			       was->functions[i].leaf, "ABCD"[reg], new[reg], old[reg]);
		}
	}
	return corrected;
}

/* The number of a vCPU's APIC is in leaf 1; the table of an SNP guest has that of the first. */
static int set_cpuid(const struct vm *vm, struct cpuid *cpuid, unsigned int cpu)
{
	for (uint32_t i = 0; i < cpuid->head.nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ebx = (cpuid->entries[i].ebx & 0xffffff) | cpu << 24;
	return ioctl(vm->vcpu_fd, KVM_SET_CPUID2, cpuid) ? -errno : 0;
}

int linux_cpuid(struct linux_guest *guest)
{
	static struct cpuid offered, chosen;
	int ret = 0;

	offered = (struct cpuid){ .head.nent = ENTRIES };
	chosen = (struct cpuid){ 0 };
	if (ioctl(guest->vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, &offered))
		return -errno;
	for (uint32_t i = 0; i < offered.head.nent; i++) {
		if (!wanted(&offered.entries[i]))
			continue;
		chosen.entries[chosen.head.nent] = offered.entries[i];
		adapt(&chosen.entries[chosen.head.nent], guest->kind);
		if (guest->vm->shared && offered.entries[i].function == VM_CPUID_KVM)
			chosen.entries[chosen.head.nent].eax |= VM_CPUID_MIGRATION;
		chosen.head.nent++;
	}
	for (unsigned int cpu = guest->cpus; --cpu && !ret;)
		ret = set_cpuid(&guest->more[cpu - 1], &chosen, cpu);
	if (!ret)
		ret = set_cpuid(guest->vm, &chosen, 0);
	if (ret || guest->kind != LINUX_SNP)
		return ret;
	return fill_table((struct table *)(guest->vm->memory + LINUX_CPUID), &chosen);
}
