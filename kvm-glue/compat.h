/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between the kernels that the glue builds for, 6.1 to 6.12.
 */
#ifndef KVM_GLUE_COMPAT_H
#define KVM_GLUE_COMPAT_H

#include <linux/kvm_host.h>
#include <asm/ibt.h>

/*
 * SEV-SNP guests also have kvm_sev_info.active set, but firmware manages them by
 * another set of commands. 6.11 was the first kernel to have them.
 */
static inline bool glue_is_snp(struct kvm *kvm)
{
#ifdef KVM_X86_SNP_VM
	return kvm->arch.vm_type == KVM_X86_SNP_VM;
#else
	return false;
#endif
}

/*
 * Where to call a function that is hooked at @ip. A kernel with CONFIG_X86_KERNEL_IBT
 * has the hook behind the ENDBR, but an indirect call has to land on it.
 */
static inline unsigned long glue_entry(unsigned long ip)
{
#ifdef CONFIG_X86_KERNEL_IBT
	if (*(const u32 *)(ip - ENDBR_INSN_SIZE) == gen_endbr())
		return ip - ENDBR_INSN_SIZE;
#endif
	return ip;
}

#endif /* KVM_GLUE_COMPAT_H */
