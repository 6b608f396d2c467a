// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sev: the door for platform commands, by pass-through and legacy, and for guest
 * commands that bring the VM fd along. This file owns the envelopes on that door, and the
 * registration of the module that knows the guests behind VM fds.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/psp-sev.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "psp.h"
#include "psp_guest.h"

static const struct psp_guest_ops *guest_ops;
static DEFINE_MUTEX(guest_ops_lock);

/**
 * psp_guest_ops_register() - allow guest commands on /dev/sev
 * @ops: how to reach guests; must stay until unregistered
 *
 * Return: 0, or -EBUSY if another module is registered.
 */
int psp_guest_ops_register(const struct psp_guest_ops *ops)
{
	int ret = -EBUSY;

	mutex_lock(&guest_ops_lock);
	if (!guest_ops) {
		guest_ops = ops;
		ret = 0;
	}
	mutex_unlock(&guest_ops_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(psp_guest_ops_register);

/**
 * psp_guest_ops_unregister() - forbid guest commands on /dev/sev again
 * @ops: as registered
 *
 * Calls that are under way hold a reference on the module.
 */
void psp_guest_ops_unregister(const struct psp_guest_ops *ops)
{
	mutex_lock(&guest_ops_lock);
	if (guest_ops == ops)
		guest_ops = NULL;
	mutex_unlock(&guest_ops_lock);
}
EXPORT_SYMBOL_GPL(psp_guest_ops_unregister);

static const struct psp_guest_ops *guest_ops_get(void)
{
	const struct psp_guest_ops *ops;

	mutex_lock(&guest_ops_lock);
	ops = guest_ops;
	if (ops && !try_module_get(ops->owner))
		ops = NULL;
	mutex_unlock(&guest_ops_lock);
	return ops;
}

static int run(struct psp_issue *issue, struct psp_array *array)
{
	return array ? psp_array_run(array, issue) : psp_issue(issue, NULL);
}

/* One command, or an array of them. */
static int run_for_guest(struct psp_issue *issue, struct psp_array *array, struct file *sev_file)
{
	const struct psp_guest_ops *ops = guest_ops_get();
	struct fd vm;
	int ret = -EBADF;

	if (!ops)
		return -EOPNOTSUPP;

	vm = fdget(issue->cmd.fd);
	if (fd_file(vm))
		ret = ops->get(fd_file(vm), &issue->guest);
	if (!ret) {
		issue->sev_file = sev_file;
		ret = run(issue, array);
		ops->put(issue->guest);
	}
	fdput(vm);
	module_put(ops->owner);
	return ret;
}

static int issue_ioctl(struct file *file, struct sev_fw_cmd __user *ucmd)
{
	struct psp_issue issue = { .writable = file->f_mode & FMODE_WRITE };
	int ret;

	if (copy_from_user(&issue.cmd, ucmd, sizeof(issue.cmd)) ||
	    put_user(SEV_FW_NO_CALL, &ucmd->error))
		return -EFAULT;

	issue.cmd.error = SEV_FW_NO_CALL;
	if (issue.cmd.id & SEV_FW_FLAGS)
		return -EINVAL;
	if (issue.cmd.fd == -1)
		ret = run(&issue, NULL);
	else
		ret = run_for_guest(&issue, NULL, file);

	if (put_user(issue.cmd.error, &ucmd->error))
		ret = -EFAULT;
	return ret;
}

static int issue_many_ioctl(struct file *file, struct sev_fw_array __user *uarray)
{
	struct psp_issue issue = { .writable = file->f_mode & FMODE_WRITE };
	struct psp_array *array = psp_array_load(uarray);
	int ret;

	if (IS_ERR(array))
		return PTR_ERR(array);
	issue.cmd.fd = psp_array_fd(array);
	if (issue.cmd.fd == -1)
		ret = run(&issue, array);
	else
		ret = run_for_guest(&issue, array, file);
	return psp_array_end(array, ret);
}

static int legacy_ioctl(struct file *file, struct sev_issue_cmd __user *uarg)
{
	struct psp_issue issue = { .writable = file->f_mode & FMODE_WRITE };
	const struct psp_form *form;
	struct sev_issue_cmd input;
	int ret;

	if (copy_from_user(&input, uarg, sizeof(input)))
		return -EFAULT;
	form = psp_form_find(psp_dev_forms, psp_nr_dev_forms, input.cmd);
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

static long sev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case SEV_FW_ISSUE:
		return issue_ioctl(file, uarg);
	case SEV_FW_ISSUE_MANY:
		return issue_many_ioctl(file, uarg);
	case SEV_FW_QUERY:
		return psp_query(uarg);
	case SEV_ISSUE_CMD:
		return legacy_ioctl(file, uarg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations sev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = sev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * psp_dev_is() - is this an open /dev/sev of ours?
 * @file: any file
 *
 * Return: true if so.
 */
bool psp_dev_is(const struct file *file)
{
	return file->f_op == &sev_fops;
}

static struct miscdevice sev_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sev",
	.fops = &sev_fops,
	.mode = 0600,
};

/**
 * psp_dev_register() - make /dev/sev appear
 *
 * Return: 0 or an errno.
 */
int psp_dev_register(void)
{
	return misc_register(&sev_misc);
}

/**
 * psp_dev_unregister() - make /dev/sev disappear; files that are open stay open
 */
void psp_dev_unregister(void)
{
	misc_deregister(&sev_misc);
}
