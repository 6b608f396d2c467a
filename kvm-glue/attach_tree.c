// SPDX-License-Identifier: GPL-2.0
/*
 * Puts the engine into the path of KVM_MEMORY_ENCRYPT_OP where the glue is a part of
 * kvm_amd: by plain calls. Takes the place of attach_call.c and save_area.c.
 *
 * KVM has no handler of a firmware command here: pass-through commands and KVM's own are
 * both executed by the engine. KVM is left to make a VM a guest, the state of
 * vCPUs, ASIDs, and SNP's commands.
 */
#include <linux/kvm_host.h>
#include <linux/printk.h>
#include <linux/sev-fw.h>
#include <linux/string.h>

#include "attach_tree.h"
#include "glue.h"
#include "psp_guest.h"

/* KVM's own function; set before the first VM is made. */
static int (*fill_save_area)(struct vcpu_svm *svm);

/**
 * kvm_sev_glue_attach() - kvm_amd makes SEV guests from now on
 * @fill: KVM's function that puts a vCPU's state into the vCPU's save area
 *
 * Context: once, while kvm_amd is initialised.
 */
void kvm_sev_glue_attach(int (*fill)(struct vcpu_svm *svm))
{
	fill_save_area = fill;
	if (psp_guest_ops_register(&kvm_sev_guest_ops))
		pr_warn("SEV: no guest commands on /dev/sev, another module has them\n");
}

/**
 * kvm_sev_glue_detach() - forbid guest commands on /dev/sev, as kvm_amd is unloaded
 *
 * Context: exit of kvm_amd, which has no VM left; also without kvm_sev_glue_attach().
 */
void kvm_sev_glue_detach(void)
{
	psp_guest_ops_unregister(&kvm_sev_guest_ops);
}

/**
 * glue_fill_save_area() - put a vCPU's state where the firmware will measure it
 * @svm: vCPU, whose state is not encrypted yet
 *
 * Context: the vCPU's mutex held.
 * Return: 0, or -EINVAL if the vCPU is being debugged.
 */
int glue_fill_save_area(struct vcpu_svm *svm)
{
	return fill_save_area(svm);
}

/**
 * kvm_sev_glue_wants() - is this command for kvm_sev_glue_ioctl()?
 * @cmd: envelope, the kernel's copy
 *
 * Return: true if so.
 */
bool kvm_sev_glue_wants(const struct kvm_sev_cmd *cmd)
{
	return cmd->id & SEV_FW_PASSTHROUGH || psp_guest_legacy_knows(cmd->id);
}

/**
 * kvm_sev_glue_ioctl() - a command that kvm_sev_glue_wants()
 * @kvm: VM
 * @cmd: envelope, the kernel's copy
 * @argp: the caller's envelope; only its error is written
 *
 * Context: as kvm_sev_passthrough(), which takes kvm->lock.
 * Return: 0 or an errno of <linux/sev-fw.h>.
 */
int kvm_sev_glue_ioctl(struct kvm *kvm, const struct kvm_sev_cmd *cmd, void __user *argp)
{
	struct sev_fw_cmd fw;

	/* the same 24 bytes, what is padding there is ->len here; glue.c asserts it */
	memcpy(&fw, cmd, sizeof(fw));
	if (fw.id & SEV_FW_PASSTHROUGH)
		return kvm_sev_passthrough(kvm, &fw, argp);
	return kvm_sev_legacy(kvm, &fw, argp);
}

/**
 * kvm_sev_glue_close() - a VM ends, and with it its guest
 * @handle: the guest's; 0: there is none
 *
 * Context: process context, sleeps.
 */
void kvm_sev_glue_close(unsigned int handle)
{
	psp_guest_close(handle);
}
