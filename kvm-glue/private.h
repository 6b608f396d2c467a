/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvm_amd's private view of a VM: struct kvm_svm, struct kvm_sev_info.
 *
 * Inside kvm_amd that is its own header. Outside there is no such header, and
 * kvm_layout.h takes its place: partial structs of the same names, generated
 * from the BTF of one kvm-amd.ko and right for that one only. attach_call.c
 * refuses any other. All members that are read or written belong to kvm_amd and
 * are guarded by kvm->lock.
 */
#ifndef KVM_GLUE_PRIVATE_H
#define KVM_GLUE_PRIVATE_H

#ifdef KVM_SEV_GLUE_IN_TREE

#include "svm.h"

#else

#include <linux/container_of.h>

#include "kvm_layout.h"

static inline struct kvm_svm *to_kvm_svm(struct kvm *kvm)
{
	return container_of(kvm, struct kvm_svm, kvm);
}

static inline struct vcpu_svm *to_svm(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_svm, vcpu);
}

#endif

#endif /* KVM_GLUE_PRIVATE_H */
