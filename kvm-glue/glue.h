/* SPDX-License-Identifier: GPL-2.0 */
/* Inside kvm_sev_glue.ko: what glue.c does, however it is reached. */
#ifndef KVM_GLUE_H
#define KVM_GLUE_H

#include <linux/compiler_types.h>

struct kvm;
struct psp_guest_ops;
struct sev_fw_cmd;

int kvm_sev_passthrough(struct kvm *kvm, struct sev_fw_cmd *cmd,
			struct sev_fw_cmd __user *ucmd);

extern const struct psp_guest_ops kvm_sev_guest_ops;

#endif /* KVM_GLUE_H */
