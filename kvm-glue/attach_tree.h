/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that kvm_amd calls when the glue is a part of it, in a kernel tree. If the glue is
 * configured out, nothing remains of these calls.
 */
#ifndef KVM_GLUE_ATTACH_TREE_H
#define KVM_GLUE_ATTACH_TREE_H

#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/types.h>

struct kvm;
struct vcpu_svm;

#ifdef CONFIG_KVM_SEV_GLUE
void kvm_sev_glue_attach(int (*fill)(struct vcpu_svm *svm));
void kvm_sev_glue_detach(void);
bool kvm_sev_glue_wants(const struct kvm_sev_cmd *cmd);
int kvm_sev_glue_ioctl(struct kvm *kvm, const struct kvm_sev_cmd *cmd, void __user *argp);
void kvm_sev_glue_close(unsigned int handle);
#else
static inline void kvm_sev_glue_attach(int (*fill)(struct vcpu_svm *svm)) {}
static inline void kvm_sev_glue_detach(void) {}

static inline bool kvm_sev_glue_wants(const struct kvm_sev_cmd *cmd)
{
	return false;
}

static inline int kvm_sev_glue_ioctl(struct kvm *kvm, const struct kvm_sev_cmd *cmd,
				     void __user *argp)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* KVM_GLUE_ATTACH_TREE_H */
