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

#include "glue_compat.h"
#include "glue.h"
#include "private.h"

static int fill_for_launch(struct vcpu_svm *svm)
{
	if (svm->vcpu.arch.guest_state_protected)
		return -EINVAL;
	return glue_fill_save_area(svm);
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
