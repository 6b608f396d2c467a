// SPDX-License-Identifier: GPL-2.0
/*
 * The doors for legacy commands: SEV_ISSUE_CMD on /dev/sev, and KVM_MEMORY_ENCRYPT_OP as
 * the host side passes it on. Both find a form (form.c), and leave all else to the engine.
 *
 * Permission at KVM's door is as in the stock handlers: any open /dev/sev will do. START
 * takes the one of its own envelope; later commands the one whose number START has
 * recorded in the VM, or that of their own envelope, if the number is none of /dev/sev in
 * the calling process. (A VM that another one's guest has been moved to has no number.)
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/psp-sev.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "psp.h"
#include "psp_guest.h"

static const struct psp_form *find_form(const struct psp_form *forms, unsigned int count, u32 id)
{
	if (id >= count)
		return NULL;
	forms += array_index_nospec(id, count);
	return forms->id ? forms : NULL;
}

static const struct psp_form *find_kvm_form(u32 id)
{
	return find_form(psp_kvm_forms, psp_nr_kvm_forms, id);
}

/**
 * psp_legacy_ioctl() - SEV_ISSUE_CMD
 * @file: an open /dev/sev
 * @uarg: struct sev_issue_cmd
 *
 * Return: 0 or an errno.
 */
int psp_legacy_ioctl(struct file *file, void __user *uarg)
{
	struct psp_issue issue = { .writable = file->f_mode & FMODE_WRITE };
	const struct psp_form *form;
	struct sev_issue_cmd input;
	int ret;

	if (copy_from_user(&input, uarg, sizeof(input)))
		return -EFAULT;
	form = find_form(psp_dev_forms, psp_nr_dev_forms, input.cmd);
	if (!form)
		return -EINVAL;

	issue.cmd.id = SEV_FW_CMD(form->id);
	issue.cmd.data = input.data;
	ret = psp_issue(&issue, form);
	/* a number that the stock driver of such a kernel, or host, does not know */
	if (ret == -EOPNOTSUPP && psp_row_find(form->id)->snp)
		ret = -EINVAL;

	input.error = issue.cmd.error;
	if (copy_to_user(uarg, &input, sizeof(input)))
		ret = -EFAULT;
	return ret;
}

static struct fd get_dev(int number)
{
	struct fd fd = fdget(number);

	if (!fd_file(fd) || psp_dev_is(fd_file(fd)))
		return fd;
	fdput(fd);
	return (struct fd){};
}

static int issue_legacy(struct psp_issue *issue, const struct psp_form *form)
{
	const struct psp_row *row = psp_row_find(form->id);
	struct fd sev = {};
	int ret = -EBADF;

	if (issue->guest->mirror && !row->mirror)
		return -EINVAL;
	if (row->then != PSP_THEN_OPEN)
		sev = get_dev(issue->guest->sev_fd);
	if (!fd_file(sev))
		sev = get_dev(issue->sev_fd);
	if (fd_file(sev)) {
		issue->sev_file = fd_file(sev);
		ret = psp_issue(issue, form);
	}
	fdput(sev);
	return ret;
}

/**
 * psp_guest_legacy_knows() - is this a command for psp_guest_legacy()?
 * @id: KVM's number
 *
 * Return: false of all that is not a firmware command, such as KVM_SEV_INIT.
 */
bool psp_guest_legacy_knows(u32 id)
{
	return find_kvm_form(id);
}
EXPORT_SYMBOL_GPL(psp_guest_legacy_knows);

/**
 * psp_guest_legacy() - execute one of KVM's legacy commands
 * @guest: the guest that is meant, locked
 * @cmd: envelope with KVM's id, copied in; its @len is padding to the callers of legacy
 *	commands and is not looked at. @cmd->error is set in any case
 *
 * Context: process context, with the guest's lock held.
 * Return: 0 or an errno. -EINVAL: no such command, or none that a mirror may issue; -EBADF:
 * no /dev/sev; all others as psp_issue().
 */
int psp_guest_legacy(struct psp_guest *guest, struct sev_fw_cmd *cmd)
{
	const struct psp_form *form = find_kvm_form(cmd->id);
	struct psp_issue issue = {
		.cmd = *cmd, .guest = guest, .writable = true, .sev_fd = cmd->fd,
	};
	int ret = -EINVAL;

	issue.cmd.error = SEV_FW_NO_CALL;
	if (form) {
		issue.cmd.id = SEV_FW_CMD(form->id);
		ret = issue_legacy(&issue, form);
	}
	cmd->error = issue.cmd.error;
	return ret;
}
EXPORT_SYMBOL_GPL(psp_guest_legacy);
