/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VMM needs of KVM to move a VM while it runs: which pages have been
 * written since one last asked, and the state of the vCPU. Nothing of it is
 * SEV's; with SEV-ES the vCPU's state is firmware's matter, see migrate.h.
 *
 * Functions return 0 or a negative errno.
 */
#ifndef SELFTESTS_LIVE_H
#define SELFTESTS_LIVE_H

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

/** live_log() - begin to take notes of pages that are written, or stop it */
int live_log(struct vm *vm, bool on);

/** live_written() - one bit for each page of RAM written since; then none of them is */
int live_written(struct vm *vm, uint64_t *bitmap);

/** live_get_cpu() - the vCPU first finishes an instruction that it has begun */
int live_get_cpu(struct vm *vm, struct live_cpu *cpu);

int live_set_cpu(struct vm *vm, const struct live_cpu *cpu);

#endif /* SELFTESTS_LIVE_H */
