/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VMM needs of KVM to move a VM while it runs: which pages have been
 * written since one last asked, and the state of the vCPU; with that of the VM's devices
 * if the guest is more than a few instructions. Nothing of it is SEV's. The encrypted state of
 * a SEV-ES guest's vCPU is the firmware's matter, see migrate.h; what KVM keeps besides
 * that state is in here.
 *
 * Functions return 0 or a negative errno.
 */
#ifndef SEVFW_LIVE_H
#define SEVFW_LIVE_H

#include <stdbool.h>

#include <linux/kvm.h>

#include "vm.h"

/**
 * struct live_cpu - a vCPU as far as real mode needs it
 * @regs: general registers
 * @sregs: segments and control registers
 */
struct live_cpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
};

#define LIVE_CPUID_MAX	100

/**
 * struct live_cpuid - what a vCPU answers to CPUID
 * @count: how many of @entries there are
 * @entries: as the VMM has set them; the rest is 0
 */
struct live_cpuid {
	uint32_t count;
	struct kvm_cpuid_entry2 entries[LIVE_CPUID_MAX];
};

/**
 * live_get_cpuid() - CPUID of a vCPU that has not run yet
 * @vm: VM
 * @cpuid: receives it
 *
 * A vCPU that runs changes bits of it, such as that for XSAVE, which are no part of the processor.
 */
int live_get_cpuid(struct vm *vm, struct live_cpuid *cpuid);

/**
 * live_cpuid_differs() - could a guest find that it is on another processor than before?
 * @before: CPUID of its vCPU there
 * @after: and here
 * @leaf: receives the first leaf that differs
 */
bool live_cpuid_differs(const struct live_cpuid *before, const struct live_cpuid *after,
			uint32_t *leaf);

/** live_log() - begin to take notes of pages that are written, or stop it */
int live_log(struct vm *vm, bool on);

/** live_written() - one bit for each page of RAM written, or turned, since; then none of them is */
int live_written(struct vm *vm, uint64_t *bitmap);

/** live_get_cpu() - the vCPU first finishes an instruction that it has begun */
int live_get_cpu(struct vm *vm, struct live_cpu *cpu);

int live_set_cpu(struct vm *vm, const struct live_cpu *cpu);

#define LIVE_CHIPS	3	/* two PICs, one IO-APIC */
#define LIVE_MSRS	256

/**
 * struct live_machine - a VM with one vCPU, and with the devices of vm_add_interrupts()
 * @cpu: registers
 * @debug: debug registers
 * @events: exceptions and interrupts on their way
 * @mp: does it run, or halt?
 * @lapic: interrupt controller of the vCPU
 * @chips: those of the VM
 * @pit: timer of the VM
 * @clock: kvm-clock, in nanoseconds
 * @msr_count: how many of @msrs there are
 * @encrypted: 1 if the vCPU's state is encrypted: what the firmware sends is 0 in here then,
 *	and of @cpu.sregs only the control registers that KVM knows count
 * @msrs: all that KVM says that it has, but for those that make it write to memory at once
 * @xsave: x87, SSE, and what else of that kind KVM has
 */
struct live_machine {
	struct live_cpu cpu;
	struct kvm_debugregs debug;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct kvm_lapic_state lapic;
	struct kvm_irqchip chips[LIVE_CHIPS];
	struct kvm_pit_state2 pit;
	uint64_t clock;
	uint32_t msr_count;
	uint32_t encrypted;
	struct kvm_msr_entry msrs[LIVE_MSRS];
	struct kvm_xsave xsave;	/* the last: headers of KVM's say that it may be longer */
};

/**
 * live_is_halted() - does the vCPU wait for an interrupt?
 * @vm: VM
 *
 * KVM keeps its answer to a SEV-ES guest's last request until the vCPU is entered again, and
 * nobody else can get at it. So such a vCPU may only be moved after an exit that is no request:
 * HLT is one.
 */
bool live_is_halted(struct vm *vm);

/**
 * live_get_machine() - as live_get_cpu(); the guest's memory does not change any more then
 * @vm: VM
 * @encrypted: the vCPU's state is encrypted, and live_is_halted() is true
 * @machine: receives the state
 */
int live_get_machine(struct vm *vm, bool encrypted, struct live_machine *machine);

/**
 * live_set_machine() - the other side
 * @vm: VM whose vCPU has the same CPUID, see live_cpuid_differs(); encrypted state has not been
 *	received yet
 * @machine: state
 * @later: nanoseconds that have passed since, which the guest's clock must know of
 */
int live_set_machine(struct vm *vm, const struct live_machine *machine, uint64_t later);

#endif /* SEVFW_LIVE_H */
