// SPDX-License-Identifier: GPL-2.0
/*
 * The functions that a stock kvm_amd links to: those that ccp.ko exports for SEV, with
 * the same prototypes and the same modversions. Each becomes one call of the submit
 * path, and must not know what its command does.
 *
 * Here alone blocks come with physical addresses in them, from kernel code that
 * is trusted to have made them.
 *
 * The list of headers is part of the interface: genksyms hashes what the types of
 * a prototype look like here, and struct file looks different with fewer of them.
 */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/interrupt.h>
#include <linux/spinlock.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/mutex.h>
#include <linux/delay.h>
#include <linux/hw_random.h>
#include <linux/ccp.h>
#include <linux/firmware.h>
#include <linux/gfp.h>
#include <linux/cpufeature.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/dmapool.h>
#include <linux/dmaengine.h>
#include <linux/psp-sev.h>
#include <linux/miscdevice.h>
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "addr.h"
#include "compat.h"
#include "psp.h"

/*
 * The guest goes on in the firmware, if at all, without anybody who could use its swapped pages.
 * KVM never frees its context page now.
 */
static void end_failed(const struct psp_call *call)
{
	if (call->row->then == PSP_THEN_DESTROY)
		psp_metadata_end(phys_to_virt(psp_fw_get_addr(&call->fw, call->row->own[0].off)));
}

/* A command of KVM's: @data is firmware's block as it stands. */
static int issue_raw(u32 id, void *data, int *error)
{
	struct psp_call call = {
		.row = psp_row_find(id), .status = SEV_FW_NO_CALL, .theirs = true,
	};
	struct psp_shadow shadows[SEV_FW_BUFS];
	struct psp *psp;
	int ret;

	if (error && !(call.row && call.row->snp))
		*error = call.status;
	/* ring mode is the driver's own */
	if (!call.row || call.row->then == PSP_THEN_RING || !data != !call.row->size)
		return -EINVAL;
	psp = psp_get();
	if (psp && !psp_offers(psp, call.row)) {
		psp_put(psp);
		return -EINVAL;
	}
	/* KVM's block is as long as it was when this command was first published */
	if (data)
		memcpy(call.fw.byte, data, call.row->first);
	if (!psp) {
		/* the guest has gone with its PSP, and this is the end of its VM */
		if (call.row->then == PSP_THEN_CLOSE)
			psp_handle_drop(psp_get32(data, call.row->own[0].off));
		psp_fwmem_lose_kept(&call);
		end_failed(&call);
		return -ENODEV;
	}

	ret = psp_shadows_make(&call, shadows);
	if (!ret)
		ret = psp_submit(psp, &call);
	psp_shadows_end(&call, shadows);
	if (data)
		memcpy(data, call.fw.byte, call.row->first);
	psp_put(psp);
	if (ret)
		end_failed(&call);

	/* KVM takes any error of an SNP command for the firmware's answer to its guest */
	if (error && (call.status != SEV_FW_NO_CALL || !call.row->snp))
		*error = call.status;
	return ret;
}

/**
 * sev_platform_init() - initialise the platform, unless it is
 * @args: has a place for firmware's status; may be NULL
 *
 * A kvm_amd that has just been loaded says that it can wait, and then it does if
 * that is what psp_init_on_probe is set to, or if the platform's persistent data cannot
 * be used: until a guest needs it, that may have been mended.
 *
 * Return: 0, -ENODEV, -ETIMEDOUT, -EIO, or as psp_bring_up() about init_ex_path.
 */
int sev_platform_init(PSP_INIT_ARGS *args)
{
	u32 status = SEV_FW_NO_CALL;
	struct psp *psp = psp_get();
	int ret = -ENODEV;
	bool may_wait;

	if (psp) {
		may_wait = args && psp_init_may_wait(args);
		/* SNP cannot wait: KVM asks now which guests it can offer */
		ret = psp_bring_up_snp(psp, &status);
		if (!ret && (psp_init_on_probe || !may_wait))
			ret = psp_bring_up(psp, may_wait, &status);
		psp_put(psp);
	}
	if (args)
		*psp_init_status(args) = ret ? status : 0;
	return ret;
}
EXPORT_SYMBOL_GPL(sev_platform_init);

/**
 * sev_platform_status() - PLATFORM_STATUS
 * @data: receives the status
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_platform_status(struct sev_user_data_status *data, int *error)
{
	return issue_raw(SEV_FW_PLATFORM_STATUS, data, error);
}
EXPORT_SYMBOL_GPL(sev_platform_status);

/**
 * sev_guest_activate() - ACTIVATE, after a flush if the ASID needs one
 * @data: block
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_guest_activate(struct sev_data_activate *data, int *error)
{
	return issue_raw(SEV_FW_ACTIVATE, data, error);
}
EXPORT_SYMBOL_GPL(sev_guest_activate);

/**
 * sev_guest_deactivate() - DEACTIVATE
 * @data: block
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_guest_deactivate(struct sev_data_deactivate *data, int *error)
{
	return issue_raw(SEV_FW_DEACTIVATE, data, error);
}
EXPORT_SYMBOL_GPL(sev_guest_deactivate);

/**
 * sev_guest_decommission() - DECOMMISSION
 * @data: block
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_guest_decommission(struct sev_data_decommission *data, int *error)
{
	return issue_raw(SEV_FW_DECOMMISSION, data, error);
}
EXPORT_SYMBOL_GPL(sev_guest_decommission);

/**
 * sev_guest_df_flush() - DF_FLUSH, with the WBINVD that it needs
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_guest_df_flush(int *error)
{
	return issue_raw(SEV_FW_DF_FLUSH, NULL, error);
}
EXPORT_SYMBOL_GPL(sev_guest_df_flush);

/**
 * sev_issue_cmd_external_user() - a command on behalf of someone who opened /dev/sev
 * @filep: file that the caller took for an open /dev/sev; checked here
 * @id: command
 * @data: block
 * @error: receives firmware's status; may be NULL
 *
 * Return: 0, -EBADF (@filep is something else), -EINVAL (no such command),
 * -ENOMEM, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_issue_cmd_external_user(struct file *filep, unsigned int id, void *data, int *error)
{
	if (!filep || !psp_dev_is(filep))
		return -EBADF;
	return issue_raw(id, data, error);
}
EXPORT_SYMBOL_GPL(sev_issue_cmd_external_user);

/**
 * psp_copy_user_blob() - copy something for firmware from user space
 * @uaddr: where
 * @len: bytes, at most SEV_FW_BLOB_MAX_SIZE
 *
 * Return: kernel memory, to be freed by kfree(), or an ERR_PTR: -EINVAL (nothing,
 * or too much), -EFAULT, -ENOMEM.
 */
void *psp_copy_user_blob(u64 uaddr, u32 len)
{
	if (!uaddr || !len || len > SEV_FW_BLOB_MAX_SIZE)
		return ERR_PTR(-EINVAL);
	return memdup_user(u64_to_user_ptr(uaddr), len);
}
EXPORT_SYMBOL_GPL(psp_copy_user_blob);

#ifdef PSP_EXPORTS_OF_6_9

/**
 * sev_do_cmd() - a command, on behalf of the kernel
 * @cmd: command
 * @data: block, NULL if it has none
 * @psp_ret: receives firmware's status; may be NULL
 *
 * Return: 0, -EINVAL (no such command), -ENOMEM, -ENODEV, -ETIMEDOUT or -EIO.
 */
int sev_do_cmd(int cmd, void *data, int *psp_ret)
{
	return issue_raw(cmd, data, psp_ret);
}
EXPORT_SYMBOL_GPL(sev_do_cmd);

/**
 * sev_platform_shutdown() - SHUTDOWN, unless there are guests
 */
void sev_platform_shutdown(void)
{
	struct psp *psp = psp_get();

	if (!psp)
		return;
	psp_suspend(psp);
	psp_put(psp);
}
EXPORT_SYMBOL_GPL(sev_platform_shutdown);

/**
 * snp_alloc_firmware_page() - allocate a page that the firmware may write to
 * @mask: how to allocate it
 *
 * Return: address of the page, or NULL.
 */
void *snp_alloc_firmware_page(gfp_t mask)
{
	return psp_snp_page_alloc(mask);
}
EXPORT_SYMBOL_GPL(snp_alloc_firmware_page);

/**
 * snp_free_firmware_page() - free the page again
 * @addr: address from snp_alloc_firmware_page()
 */
void snp_free_firmware_page(void *addr)
{
	/* a guest's context, perhaps */
	psp_metadata_end(addr);
	psp_snp_page_free(addr);
}
EXPORT_SYMBOL_GPL(snp_free_firmware_page);

#endif /* PSP_EXPORTS_OF_6_9 */

#ifdef PSP_EXPORTS_OF_7_2

static bool snp_is_up(void)
{
	struct psp *psp = psp_get();
	bool up = psp && READ_ONCE(psp->snp_up);

	if (psp)
		psp_put(psp);
	return up;
}

/**
 * sev_is_snp_ciphertext_hiding_supported() - a feature of SNP firmware
 *
 * Return: false, SNP is not initialised with it here.
 */
bool sev_is_snp_ciphertext_hiding_supported(void)
{
	return false;
}
EXPORT_SYMBOL_GPL(sev_is_snp_ciphertext_hiding_supported);

/**
 * sev_get_snp_policy_bits() - bits that a guest may set in its SNP policy
 *
 * Return: those that all firmware has, as a bit mask; none if SNP is not initialised.
 */
u64 sev_get_snp_policy_bits(void)
{
	return snp_is_up() ? SNP_POLICY_MASK_BASE : 0;
}
EXPORT_SYMBOL_GPL(sev_get_snp_policy_bits);

/**
 * sev_firmware_supported_vm_types() - VMs that firmware knows how to make guests of
 *
 * Return: KVM_X86_* as a bit mask.
 */
int sev_firmware_supported_vm_types(void)
{
	return BIT(KVM_X86_SEV_VM) | BIT(KVM_X86_SEV_ES_VM) |
	       (snp_is_up() ? BIT(KVM_X86_SNP_VM) : 0);
}
EXPORT_SYMBOL_GPL(sev_firmware_supported_vm_types);

#endif /* PSP_EXPORTS_OF_7_2 */
