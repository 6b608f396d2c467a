/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between the kernels that the glue builds for, 6.1 to 7.2.
 */
#ifndef KVM_GLUE_COMPAT_H
#define KVM_GLUE_COMPAT_H

#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/version.h>
#include <asm/msr-index.h>
#include <asm/svm.h>

#include "private.h"

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
 * Members that only kernels with SNP have: a guest's context page, and whether KVM may
 * give it memory that was not launched, before it asks for any.
 */
#ifdef KVM_X86_SNP_VM
#define glue_context(sev)		((sev)->snp_context)
#define glue_set_context(sev, page)	((sev)->snp_context = (page))
#define glue_is_launched(kvm)		((kvm)->arch.pre_fault_allowed = true)
#else
#define glue_context(sev)		NULL
#define glue_set_context(sev, page)	do { } while (0)
#define glue_is_launched(kvm)		do { } while (0)
#endif

/*
 * glue_populate(): have @post called with the page of guest_memfd that is to be a guest's.
 * Since 7.2 the kernel keeps it for KVM's own modules; a glue of its tree is in one.
 */
#if !defined(KVM_X86_SNP_VM) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0) && !defined(KVM_SEV_GLUE_IN_TREE))
#define glue_populate(kvm, gfn, post, arg)	((void)(post), (void)(arg), -EOPNOTSUPP)
#define GLUE_POPULATED(name) \
	static inline int name(struct kvm *kvm, u64 gfn, u64 pfn, void *arg)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#define glue_populate(kvm, gfn, post, arg) \
	kvm_gmem_populate(kvm, gfn, NULL, 1, false, post, arg)
#define GLUE_POPULATED(name) \
	static int name(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, struct page *source, void *arg)
#else
#define glue_populate(kvm, gfn, post, arg) \
	kvm_gmem_populate(kvm, gfn, NULL, 1, post, arg)
#define GLUE_POPULATED(name) \
	static int name(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, void __user *source, \
			int order, void *arg)
#endif

/* Does a page that leaves private memory find back? Only where glue_populate() can be had. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0) && !defined(KVM_SEV_GLUE_IN_TREE)
#define GLUE_PAGES_COME_BACK	false
#else
#define GLUE_PAGES_COME_BACK	true
#endif

/*
 * A guest whose memory is lost must not run any more. Since 7.2 the kernel keeps for KVM's own
 * modules what has running vCPUs leave the guest: there they run until their next exit to
 * user space.
 */
static inline void glue_vm_is_dead(struct kvm *kvm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0) && !defined(KVM_SEV_GLUE_IN_TREE)
	kvm->vm_dead = true;
#else
	kvm_vm_dead(kvm);
#endif
}

/*
 * Is this a VM's fd? Later kernels let nobody but KVM's own modules ask. The name is
 * one that only the kernel can give, since the inode is an anonymous one.
 */
static inline bool glue_is_vm(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	const struct module *owner = file->f_op->owner;

	return owner && !strcmp(owner->name, "kvm_amd") &&
	       file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, "kvm-vm");
#else
	return file_is_kvm(file);
#endif
}

/* KVM remembers the guest's policy, to know whether it may be debugged. */
static inline void glue_set_policy(struct kvm_sev_info *sev, u64 policy)
{
#ifdef KVM_LAYOUT_HAS_POLICY
	sev->policy = policy;
#endif
}

/* Before 7.2, RIP was stored in arch->regs[]. */
static inline u64 glue_rip(const struct kvm_vcpu_arch *arch)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	return arch->rip;
#else
	return arch->regs[VCPU_REGS_RIP];
#endif
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)

#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

/* Which features of SEV a VM has asked for, in kvm_sev_info; for its save areas. */
#define glue_vmsa_features(sev)	((sev)->vmsa_features)

/*
 * The save area of a VM that was made as a SEV-ES one (KVM_X86_SEV_ES_VM) has the
 * FPU's state, too. Not that of a VM which became one later, by KVM_SEV_ES_INIT:
 * there the measurement has always been without.
 */
static inline void glue_fill_fpu(struct sev_es_save_area *save, struct kvm_vcpu *vcpu)
{
	struct xregs_state *xsave = &vcpu->arch.guest_fpu.fpstate->regs.xsave;
	const struct fxregs_state *fx = &xsave->i387;
	const u8 *reg = (const u8 *)fx->st_space;
	u8 *significand = save->fpreg_x87, *exponent = significand + 8 * 8;
	unsigned int i;

	if (vcpu->kvm->arch.vm_type == KVM_X86_DEFAULT_VM)
		return;

	save->mxcsr = fx->mxcsr;
	save->x87_fcw = fx->cwd;
	save->x87_fsw = fx->swd;
	save->x87_ftw = fx->twd;
	save->x87_fop = fx->fop;
	save->x87_rip = fx->rip;
	save->x87_dp = fx->rdp;
	/* first the significands of all, then the exponents */
	for (i = 0; i < 8; i++, reg += 16) {
		memcpy(significand + 8 * i, reg, 8);
		memcpy(exponent + 2 * i, reg + 8, 2);
	}
	memcpy(save->fpreg_xmm, fx->xmm_space, sizeof(save->fpreg_xmm));
	/*
	 * The first extended feature is in the same place in either format, and not
	 * there while all of it is zero.
	 */
	if (xsave->header.xfeatures & XFEATURE_MASK_YMM)
		memcpy(save->fpreg_ymm, xsave->extended_state_area, sizeof(save->fpreg_ymm));
	else
		memset(save->fpreg_ymm, 0, sizeof(save->fpreg_ymm));
}

#ifdef KVM_SEV_GLUE_IN_TREE

static inline void glue_enable_lbrv(struct vcpu_svm *svm)
{
	svm_enable_lbrv(&svm->vcpu);
}

#else

/* The field has had two names, and so has the request. */
#ifdef SVM_MISC2_ENABLE_V_LBR
#define glue_lbr_field(vmcb)	((vmcb)->control.misc_ctl2)
#define GLUE_LBR_ENABLE		SVM_MISC2_ENABLE_V_LBR
#else
#define glue_lbr_field(vmcb)	((vmcb)->control.virt_ext)
#define GLUE_LBR_ENABLE		LBR_CTL_ENABLE_MASK
#endif

#ifdef KVM_REQ_RECALC_INTERCEPTS
#define GLUE_REQ_INTERCEPTS	KVM_REQ_RECALC_INTERCEPTS
#else
#define GLUE_REQ_INTERCEPTS	KVM_REQ_MSR_FILTER_CHANGED
#endif

/*
 * Until 6.16 KVM keeps a record, for each vCPU, of the MSRs that the guest may access
 * without an exit if user space's filter permits: two bitmaps, of reads and of writes.
 * Later kernels look at the VMCB each time.
 */
static inline void glue_record_lbr_msrs(struct vcpu_svm *svm)
{
#ifdef KVM_LAYOUT_HAS_SHADOW_MSR_INTERCEPT
	static const u32 msrs[] = KVM_LAYOUT_DIRECT_MSRS;
	unsigned long *reads = (unsigned long *)svm->shadow_msr_intercept;
	unsigned long *writes = reads + sizeof(svm->shadow_msr_intercept) / sizeof(long) / 2;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		switch (msrs[i]) {
		case MSR_IA32_DEBUGCTLMSR:
		case MSR_IA32_LASTBRANCHFROMIP:
		case MSR_IA32_LASTBRANCHTOIP:
		case MSR_IA32_LASTINTFROMIP:
		case MSR_IA32_LASTINTTOIP:
			set_bit(i, reads);
			set_bit(i, writes);
		}
	}
#ifdef KVM_LAYOUT_HAS_LBR_MSRS_INTERCEPTED
	svm->lbr_msrs_intercepted = false;
#endif
#endif
}

/*
 * As kvm_amd's svm_enable_lbrv(), which is not within reach. The permission map itself
 * is left to KVM: it makes that anew, by its filter, before the vCPU runs.
 */
static inline void glue_enable_lbrv(struct vcpu_svm *svm)
{
	glue_lbr_field(svm->vmcb) |= GLUE_LBR_ENABLE;
	/* the processor must not go by what it may remember of either */
	svm->vmcb->control.clean = 0;
	glue_record_lbr_msrs(svm);
	kvm_make_request(GLUE_REQ_INTERCEPTS, &svm->vcpu);
}

#endif

/*
 * The state of a vCPU is encrypted now. KVM must not load and store its FPU any
 * more, and the processor has to keep its branch records (SEV-ES demands that),
 * whose MSRs are then the guest's own. Before 6.10 KVM does both when it makes the
 * vCPU.
 */
static inline void glue_seal_vcpu(struct vcpu_svm *svm)
{
	fpstate_set_confidential(&svm->vcpu.arch.guest_fpu);
	glue_enable_lbrv(svm);
}

#else

#define glue_vmsa_features(sev)	0ull

static inline void glue_fill_fpu(struct sev_es_save_area *save, struct kvm_vcpu *vcpu)
{
}

static inline void glue_seal_vcpu(struct vcpu_svm *svm)
{
}

#endif

#endif /* KVM_GLUE_COMPAT_H */
