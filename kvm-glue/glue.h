/* SPDX-License-Identifier: GPL-2.0 */
/* Inside kvm_sev_glue.ko: functions of glue.c, memory.c and vmsa.c, however they are reached. */
#ifndef KVM_GLUE_H
#define KVM_GLUE_H

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/types.h>

#include "psp_guest.h"

struct kvm;
struct page;
struct sev_fw_cmd;
struct vcpu_svm;

/**
 * struct lent_guest - a guest while the engine has it
 * @guest: the part that the engine sees
 * @kvm: VM of the guest; kvm->lock is held
 */
struct lent_guest {
	struct psp_guest guest;
	struct kvm *kvm;
};

static inline struct lent_guest *to_lent(struct psp_guest *guest)
{
	return container_of(guest, struct lent_guest, guest);
}

int kvm_sev_passthrough(struct kvm *kvm, struct sev_fw_cmd *cmd,
			struct sev_fw_cmd __user *ucmd);
int kvm_sev_legacy(struct kvm *kvm, struct sev_fw_cmd *cmd, struct sev_fw_cmd __user *ucmd);

extern const struct psp_guest_ops kvm_sev_guest_ops;

/* attach_call.c and redirect.S, in the module only */
bool glue_answers(struct kvm *kvm, void __user *argp, int *ret);
int glue_called(struct kvm *kvm, void __user *argp);
extern void *glue_stock;

/* save_area.c in the module, attach_tree.c in a kernel tree */
int glue_fill_save_area(struct vcpu_svm *svm);

/* memory.c */
int glue_hold(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use, void *arg);
int glue_move_in(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		 void *arg);
int glue_move_out(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		  void *arg);
int glue_replace(struct psp_guest *guest, unsigned long uaddr, psp_use_pair_t use, void *arg);

/* The address that KVM gives each vCPU's save area in an SNP guest. */
#define GLUE_VMSA_GPA	0xfffffffff000ull

/* vmsa.c */
int glue_vmsa_get(struct psp_guest *guest, u32 number, unsigned int dir, struct page **page);
void glue_vmsa_put(struct psp_guest *guest, u32 number, bool encrypted);

#endif /* KVM_GLUE_H */
