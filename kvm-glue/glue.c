// SPDX-License-Identifier: GPL-2.0
/*
 * From a VM to the engine: which firmware guest is meant, and may it be touched.
 *
 * Owns nothing. The state of a VM's guest (ASID, handle, whether SEV is on at all)
 * stays in kvm_amd's kvm_sev_info, where kvm_amd's own ioctls find it, so
 * that both kinds of command can be mixed on one VM. The guest is lent to the engine
 * for the time of one command as a struct psp_guest, under kvm->lock, which is what
 * keeps kvm_amd's ioctls, a move of the guest to another VM, and us apart. Lock
 * order: kvm->lock, then whatever the engine takes.
 *
 * There are two doors to a guest. KVM_MEMORY_ENCRYPT_OP on the VM fd comes in by
 * kvm_sev_passthrough(), a VM fd in an envelope on /dev/sev by kvm_sev_guest_ops.
 *
 * Never looks into a command block: blocks belong to the engine. Never reads an
 * envelope from user memory: the caller has copied it, once, and only ->error is
 * written back. Never changes kvm_sev_info but for handle or context page, fd and policy that
 * LAUNCH_START or RECEIVE_START have brought about.
 */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sev-fw.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "glue_compat.h"
#include "glue.h"
#include "private.h"
#include "psp_guest.h"

static_assert(sizeof(struct sev_fw_cmd) == sizeof(struct kvm_sev_cmd));
static_assert(offsetof(struct sev_fw_cmd, id) == offsetof(struct kvm_sev_cmd, id));
static_assert(offsetof(struct sev_fw_cmd, data) == offsetof(struct kvm_sev_cmd, data));
static_assert(offsetof(struct sev_fw_cmd, error) == offsetof(struct kvm_sev_cmd, error));
static_assert(offsetof(struct sev_fw_cmd, fd) == offsetof(struct kvm_sev_cmd, sev_fd));

/*
 * Lock the guest of a VM and describe it. A VM whose guest has been moved to
 * another VM is dead, or no longer active.
 */
static int lend_guest(struct kvm *kvm, struct lent_guest *lent)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	if (mutex_lock_killable(&kvm->lock))
		return -EINTR;
	/* KVM's own answer to any ioctl, so that both doors have the same */
	if (kvm->vm_dead) {
		mutex_unlock(&kvm->lock);
		return -EIO;
	}
	if (!sev->active) {
		mutex_unlock(&kvm->lock);
		return -ENOTTY;
	}
	lent->kvm = kvm;
	lent->guest = (struct psp_guest) {
		.handle = sev->handle,
		.snp = glue_is_snp(kvm),
		.context = glue_context(sev),
		.asid = sev->asid,
		.sev_fd = sev->fd,
		.es = sev->es_active,
		.mirror = sev->enc_context_owner,
		.pages_locked = sev->pages_locked,
		.nr_vcpus = atomic_read(&kvm->online_vcpus),
		.more_vcpus = kvm->created_vcpus != atomic_read(&kvm->online_vcpus),
		.ops = &kvm_sev_guest_ops,
	};
	return 0;
}

/* Take back what lend_guest() lent. A new handle, or context, means that START succeeded. */
static void take_back_guest(const struct lent_guest *lent)
{
	struct kvm_sev_info *sev = &to_kvm_svm(lent->kvm)->sev_info;

	lockdep_assert_held(&lent->kvm->lock);
	if (lent->guest.handle != sev->handle) {
		sev->handle = lent->guest.handle;
		sev->fd = lent->guest.sev_fd;
		glue_set_policy(sev, lent->guest.policy);
	}
	if (lent->guest.context != glue_context(sev)) {
		glue_set_context(sev, lent->guest.context);
		sev->fd = lent->guest.sev_fd;
		glue_set_policy(sev, lent->guest.policy);
	}
	if (lent->guest.launched)
		glue_is_launched(lent->kvm);
	if (lent->guest.lost)
		glue_vm_is_dead(lent->kvm);
	mutex_unlock(&lent->kvm->lock);
}

/* Which commands there are does not depend on the VM; any VM may ask. */
static int query(const struct sev_fw_cmd *cmd)
{
	void __user *uquery = u64_to_user_ptr(cmd->data);
	const size_t size = sizeof(struct sev_fw_query);
	int zero;

	if (cmd->len < size)
		return -EINVAL;
	if (cmd->len > PAGE_SIZE)
		return -E2BIG;
	zero = check_zeroed_user(uquery + size, cmd->len - size);
	if (zero <= 0)
		return zero ?: -E2BIG;
	return psp_query(uquery);
}

/* Lend the VM's guest for one command, and tell the caller the firmware's status. */
static int issue_on_vm(struct kvm *kvm, struct sev_fw_cmd *cmd, struct sev_fw_cmd __user *ucmd,
		       bool legacy)
{
	struct lent_guest lent;
	int ret;

	ret = lend_guest(kvm, &lent);
	if (ret)
		return ret;
	if (legacy && lent.guest.snp)
		ret = -EPERM;
	else if (legacy)
		ret = psp_guest_legacy(&lent.guest, cmd);
	else
		ret = psp_guest_issue(&lent.guest, cmd->fd, cmd);
	take_back_guest(&lent);
	if (put_user(cmd->error, &ucmd->error))
		return -EFAULT;
	return ret;
}

/**
 * kvm_sev_legacy() - one of KVM's own commands on a VM fd
 * @kvm: VM
 * @cmd: envelope, the kernel's copy, with an id that psp_guest_legacy_knows()
 * @ucmd: the caller's envelope; only its error is written
 *
 * Context: as kvm_sev_passthrough().
 * Return: 0 or an errno, as the stock handlers but for the differences that
 * selftests/box/differences-legacy.txt lists.
 */
int kvm_sev_legacy(struct kvm *kvm, struct sev_fw_cmd *cmd, struct sev_fw_cmd __user *ucmd)
{
	cmd->error = SEV_FW_NO_CALL;
	if (put_user(cmd->error, &ucmd->error))
		return -EFAULT;
	return issue_on_vm(kvm, cmd, ucmd, true);
}

/**
 * kvm_sev_passthrough() - a firmware command on a VM fd
 * @kvm: VM
 * @cmd: envelope, the kernel's copy, with SEV_FW_PASSTHROUGH set in its id
 * @ucmd: the caller's envelope; only its error is written
 *
 * Context: process context of the VM's owner, may sleep. Takes kvm->lock, so it
 * has to be called without; within kvm_amd that is before sev_mem_enc_ioctl()
 * locks.
 * Return: 0 or an errno of <linux/sev-fw.h>.
 */
int kvm_sev_passthrough(struct kvm *kvm, struct sev_fw_cmd *cmd,
			struct sev_fw_cmd __user *ucmd)
{
	/* Write the error now, so that it is valid on every later failure path. */
	cmd->error = SEV_FW_NO_CALL;
	if (put_user(cmd->error, &ucmd->error))
		return -EFAULT;
	if (cmd->id & SEV_FW_FLAGS)
		return -EINVAL;
	if (cmd->id == SEV_FW_CMD(SEV_FW_QUERY_ID))
		return query(cmd);
	return issue_on_vm(kvm, cmd, ucmd, false);
}

/*
 * The engine holds @file until put(), the file holds the VM, and the VM holds
 * kvm_amd. KVM's rule for callers of its VM ioctls holds here too: a VM is for the
 * process that made it, because user addresses mean that process's memory. The
 * errno is KVM's, too.
 */
static int get_file_guest(struct file *file, struct psp_guest **guest)
{
	struct lent_guest *lent;
	struct kvm *kvm;
	int ret = -EIO;

	if (!glue_is_vm(file))
		return -EBADF;
	lent = kmalloc(sizeof(*lent), GFP_KERNEL);
	if (!lent)
		return -ENOMEM;
	kvm = file->private_data;
	if (kvm->mm == current->mm)
		ret = lend_guest(kvm, lent);
	if (ret) {
		kfree(lent);
		return ret;
	}
	*guest = &lent->guest;
	return 0;
}

static void put_file_guest(struct psp_guest *guest)
{
	struct lent_guest *lent = to_lent(guest);

	take_back_guest(lent);
	kfree(lent);
}

static int lend_page(struct psp_guest *guest, enum psp_lent kind, u64 index, unsigned int dir,
		     struct page **page, u64 *gpa)
{
	if (kind != PSP_LENT_VMSA)
		return -EOPNOTSUPP;
	*gpa = GLUE_VMSA_GPA;
	return glue_vmsa_get(guest, index, dir, page);
}

static void give_back_page(struct psp_guest *guest, enum psp_lent kind, u64 index, bool encrypted)
{
	glue_vmsa_put(guest, index, encrypted);
}

const struct psp_guest_ops kvm_sev_guest_ops = {
	.owner = THIS_MODULE,
	.get = get_file_guest,
	.put = put_file_guest,
	.lend = lend_page,
	.give_back = give_back_page,
	.hold = glue_hold,
	.move_in = glue_move_in,
	.move_out = glue_move_out,
	.replace = glue_replace,
};
