// SPDX-License-Identifier: GPL-2.0
/*
 * The VM's fd: the door that the host side keeps, for guest commands by pass-through and
 * for KVM's legacy commands, whose form (form.c) is found here. All else is the engine's.
 *
 * Both come with the number of an open /dev/sev, as a permission. Legacy commands are as
 * the stock handlers in this: START takes the number of its own envelope; later commands
 * the one that START has recorded in the VM, or that of their own envelope, if the
 * recorded number is none of /dev/sev in the calling process. (A VM that another one's
 * guest has been moved to has no number.)
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "psp.h"
#include "psp_guest.h"

static const struct psp_form *find_form(u32 id)
{
	return psp_form_find(psp_kvm_forms, psp_nr_kvm_forms, id);
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
	return find_form(id);
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
	const struct psp_form *form = find_form(cmd->id);
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

static int issue_array(struct psp_issue *issue)
{
	void __user *uarray = u64_to_user_ptr(issue->cmd.data);
	const size_t size = sizeof(struct sev_fw_array);
	struct psp_array *array;
	int ret;

	if (issue->cmd.len < size)
		return -EINVAL;
	if (issue->cmd.len > PAGE_SIZE)
		return -E2BIG;
	ret = check_zeroed_user(uarray + size, issue->cmd.len - size);
	if (ret <= 0)
		return ret ?: -E2BIG;
	array = psp_array_load(uarray);
	if (IS_ERR(array))
		return PTR_ERR(array);
	ret = -EINVAL;
	if (psp_array_fd(array) == issue->sev_fd)
		ret = psp_array_run(array, issue);
	return psp_array_end(array, ret);
}

/**
 * psp_guest_issue() - execute a pass-through command, or many, that came in by a VM fd
 * @guest: the guest behind that fd, locked
 * @sev_fd: the /dev/sev fd that came with it
 * @cmd: envelope, copied in; @cmd->error is set in any case
 *
 * Context: process context, with the guest's lock held.
 * Return: 0 or an errno as documented in <linux/sev-fw.h>.
 */
int psp_guest_issue(struct psp_guest *guest, int sev_fd, struct sev_fw_cmd *cmd)
{
	struct psp_issue issue = { .cmd = *cmd, .guest = guest, .sev_fd = sev_fd };
	struct fd sev = fdget(sev_fd);
	int ret = -EBADF;

	issue.cmd.error = SEV_FW_NO_CALL;
	if (fd_file(sev) && psp_dev_is(fd_file(sev))) {
		issue.writable = fd_file(sev)->f_mode & FMODE_WRITE;
		issue.sev_file = fd_file(sev);
		if (cmd->id == SEV_FW_CMD(SEV_FW_ARRAY_ID))
			ret = issue_array(&issue);
		else
			ret = psp_issue(&issue, NULL);
	}
	cmd->error = issue.cmd.error;
	fdput(sev);
	return ret;
}
EXPORT_SYMBOL_GPL(psp_guest_issue);

/**
 * psp_guest_close() - unbind a guest and destroy its context
 * @handle: the guest, as its host side knows it; 0: there is none
 *
 * For the end of a VM: nothing can be done about a failure, and the handle is void.
 *
 * Context: process context, sleeps.
 */
void psp_guest_close(u32 handle)
{
	struct psp *psp;

	if (!handle)
		return;
	psp = psp_get();
	if (!psp) {
		/* the guest has gone with its PSP */
		psp_handle_drop(handle);
		return;
	}
	psp_submit_end(psp, handle);
	psp_put(psp);
}
EXPORT_SYMBOL_GPL(psp_guest_close);
