// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a SEV-ES vCPU, as KVM has it, put into the vCPU's save area. In a kernel tree
 * KVM's own function does this, and takes the place of this file (attach_tree.c).
 */
#include <linux/kvm_host.h>
#include <linux/string.h>
#include <asm/svm.h>

#include "glue_compat.h"
#include "glue.h"
#include "private.h"

/* KVM's register file and the save area use different orders. */
static const struct {
	u16 reg;
	u16 offset;
} registers[] = {
	{ VCPU_REGS_RAX, offsetof(struct sev_es_save_area, rax) },
	{ VCPU_REGS_RBX, offsetof(struct sev_es_save_area, rbx) },
	{ VCPU_REGS_RCX, offsetof(struct sev_es_save_area, rcx) },
	{ VCPU_REGS_RDX, offsetof(struct sev_es_save_area, rdx) },
	{ VCPU_REGS_RSP, offsetof(struct sev_es_save_area, rsp) },
	{ VCPU_REGS_RBP, offsetof(struct sev_es_save_area, rbp) },
	{ VCPU_REGS_RSI, offsetof(struct sev_es_save_area, rsi) },
	{ VCPU_REGS_RDI, offsetof(struct sev_es_save_area, rdi) },
	{ VCPU_REGS_R8, offsetof(struct sev_es_save_area, r8) },
	{ VCPU_REGS_R9, offsetof(struct sev_es_save_area, r9) },
	{ VCPU_REGS_R10, offsetof(struct sev_es_save_area, r10) },
	{ VCPU_REGS_R11, offsetof(struct sev_es_save_area, r11) },
	{ VCPU_REGS_R12, offsetof(struct sev_es_save_area, r12) },
	{ VCPU_REGS_R13, offsetof(struct sev_es_save_area, r13) },
	{ VCPU_REGS_R14, offsetof(struct sev_es_save_area, r14) },
	{ VCPU_REGS_R15, offsetof(struct sev_es_save_area, r15) },
};

/**
 * glue_fill_save_area() - put a vCPU's state where the firmware will measure it
 * @svm: vCPU, whose state is not encrypted yet
 *
 * Context: the vCPU's mutex held.
 * Return: 0, or -EINVAL if the vCPU is being debugged.
 */
int glue_fill_save_area(struct vcpu_svm *svm)
{
	struct sev_es_save_area *save = svm->sev_es.vmsa;
	struct kvm_vcpu_arch *arch = &svm->vcpu.arch;
	unsigned int i;

	/* state that only a debugger has set would be in there for ever */
	if (svm->vcpu.guest_debug || svm->vmcb->save.dr7 & ~DR7_FIXED_1)
		return -EINVAL;

	memcpy(save, &svm->vmcb->save, sizeof(svm->vmcb->save));
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		*(u64 *)((u8 *)save + registers[i].offset) = arch->regs[registers[i].reg];
	save->rip = glue_rip(arch);
	save->xcr0 = arch->xcr0;
	save->pkru = arch->pkru;
	save->xss = arch->ia32_xss;
	save->dr6 = arch->dr6;
	save->sev_features = glue_vmsa_features(&to_kvm_svm(svm->vcpu.kvm)->sev_info);
	glue_fill_fpu(save, &svm->vcpu);
	return 0;
}
