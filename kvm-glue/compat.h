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
 * Where to call a function that has a kprobe on its first instruction. A kernel
 * with CONFIG_X86_KERNEL_IBT puts the probe behind the ENDBR, but an indirect
 * call has to land on it.
 */
static inline void *glue_entry(void *probed)
{
#ifdef CONFIG_X86_KERNEL_IBT
	u32 *endbr = probed - ENDBR_INSN_SIZE;

	if (*endbr == gen_endbr())
		return endbr;
#endif
	return probed;
}

#endif /* KVM_GLUE_COMPAT_H */
