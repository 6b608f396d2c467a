// SPDX-License-Identifier: GPL-2.0
/*
 * A SEV-ES vCPU's save area (VMSA), lent to the engine for the time of one command.
 *
 * Until it is encrypted, the state of a vCPU is where KVM keeps it: the VMCB and
 * KVM's register file. A launch measures and encrypts the save area instead, so
 * the state is put there first. Once it is encrypted, guest_state_protected keeps
 * KVM from reading or writing state that it can no longer see.
 *
 * vcpu->mutex is held while the area is lent, inner to kvm->lock, as in KVM.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sev-fw.h>
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

/* Put a vCPU's state where firmware will measure it. */
static int fill_save_area(struct vcpu_svm *svm)
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

static int fill_for_launch(struct vcpu_svm *svm)
{
	if (svm->vcpu.arch.guest_state_protected)
		return -EINVAL;
	return fill_save_area(svm);
}

/**
 * glue_vmsa_get() - see struct psp_guest_ops
 * @guest: guest, lent
 * @number: vCPU
 * @dir: whether the firmware reads or writes the save area
 * @page: receives the save area
 *
 * Context: kvm->lock held. Takes the vCPU's mutex on success.
 * Return: 0, -EINVAL or -EINTR.
 */
int glue_vmsa_get(struct psp_guest *guest, u32 number, unsigned int dir, struct page **page)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(to_lent(guest)->kvm, number);
	struct vcpu_svm *svm;
	int ret = 0;

	if (!vcpu)
		return -EINVAL;
	svm = to_svm(vcpu);
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	if (!svm->sev_es.vmsa)
		ret = -EINVAL;
	else if (dir == (SEV_FW_BUF_READ | SEV_FW_BUF_WRITE))
		ret = fill_for_launch(svm);
	if (ret) {
		mutex_unlock(&vcpu->mutex);
		return ret;
	}
	*page = virt_to_page(svm->sev_es.vmsa);
	return 0;
}

/**
 * glue_vmsa_put() - see struct psp_guest_ops
 * @guest: guest, lent
 * @number: vCPU
 * @encrypted: firmware has encrypted its state
 *
 * Context: kvm->lock and the vCPU's mutex held; the latter is released.
 */
void glue_vmsa_put(struct psp_guest *guest, u32 number, bool encrypted)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(to_lent(guest)->kvm, number);
	struct vcpu_svm *svm = to_svm(vcpu);

	if (encrypted) {
		vcpu->arch.guest_state_protected = true;
		glue_seal_vcpu(svm);
	}
	mutex_unlock(&vcpu->mutex);
}
