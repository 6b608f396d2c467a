// SPDX-License-Identifier: GPL-2.0
/*
 * Puts kvm_sev_passthrough() into the path of KVM_MEMORY_ENCRYPT_OP where the glue
 * is a part of kvm_amd: by plain calls. Takes the place of attach_ftrace.c.
 */
#include <linux/kvm_host.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "attach_tree.h"
#include "glue.h"
#include "psp_guest.h"

/**
 * kvm_sev_glue_attach() - kvm_amd makes SEV guests from now on
 *
 * Context: once, while kvm_amd is initialised.
 */
void kvm_sev_glue_attach(void)
{
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
	return kvm_sev_passthrough(kvm, &fw, argp);
}
