/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that kvm_amd calls when the glue is a part of it, in a kernel tree. If the glue is
 * configured out, nothing remains of these calls.
 */
#ifndef KVM_GLUE_ATTACH_TREE_H
#define KVM_GLUE_ATTACH_TREE_H

#include <linux/kconfig.h>
#include <linux/kvm.h>
#include <linux/sev-fw.h>

struct kvm;

int kvm_sev_glue_ioctl(struct kvm *kvm, const struct kvm_sev_cmd *cmd, void __user *argp);

/**
 * kvm_sev_glue_wants() - is this command for kvm_sev_glue_ioctl()?
 * @cmd: envelope, the kernel's copy
 *
 * Return: true if so.
 */
static inline bool kvm_sev_glue_wants(const struct kvm_sev_cmd *cmd)
{
	return IS_ENABLED(CONFIG_KVM_SEV_GLUE) && cmd->id & SEV_FW_PASSTHROUGH;
}

#ifdef CONFIG_KVM_SEV_GLUE
void kvm_sev_glue_attach(void);
void kvm_sev_glue_detach(void);
#else
static inline void kvm_sev_glue_attach(void) {}
static inline void kvm_sev_glue_detach(void) {}
#endif

#endif /* KVM_GLUE_ATTACH_TREE_H */
