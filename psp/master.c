// SPDX-License-Identifier: GPL-2.0
/*
 * The PSP that commands go to, for all who need it, and the reason why another one is
 * not it. pci.c makes the choice and holds psp_master_lock over it, commands included,
 * so that nobody gets a PSP that is only being tried.
 *
 * A struct psp is counted: it outlives its device while somebody uses it. The last user
 * has pci.c release it.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "psp.h"

struct psp *psp_master;
DEFINE_MUTEX(psp_master_lock);	/* of psp_master, and of pci.c's list */

/**
 * psp_get() - the PSP that commands go to
 *
 * Return: the PSP, to be released by psp_put(), or NULL if there is none.
 */
struct psp *psp_get(void)
{
	struct psp *psp;

	mutex_lock(&psp_master_lock);
	psp = psp_master;
	if (psp)
		kref_get(&psp->ref);
	mutex_unlock(&psp_master_lock);
	return psp;
}

static void last_put(struct kref *ref)
{
	struct psp *psp = container_of(ref, struct psp, ref);

	psp->release(psp);
}

/**
 * psp_put() - release what psp_get() returned
 * @psp: PSP
 */
void psp_put(struct psp *psp)
{
	kref_put(&psp->ref, last_put);
}

/**
 * struct psp_reason - whether a device is used, and why not; kept for sysfs, where it can
 *	be read after the log has rotated
 * @list: of all devices that the driver has been bound to, or should have been
 * @device: PCI address; the device itself may be gone
 * @text: "ok" if it is used
 */
struct psp_reason {
	struct list_head list;
	char device[32];
	char text[PSP_REASON_LEN];
};

static LIST_HEAD(psp_reasons);
static DEFINE_MUTEX(psp_reasons_lock);	/* innermost */

static struct psp_reason *reason_of(struct pci_dev *pdev)
{
	struct psp_reason *reason;

	list_for_each_entry(reason, &psp_reasons, list)
		if (!strcmp(reason->device, pci_name(pdev)))
			return reason;
	reason = kzalloc(sizeof(*reason), GFP_KERNEL);
	if (!reason)
		return NULL;
	strscpy(reason->device, pci_name(pdev), sizeof(reason->device));
	list_add_tail(&reason->list, &psp_reasons);
	return reason;
}

/**
 * psp_set_reason() - note whether a device is used, and why not
 * @pdev: device
 * @text: "ok" if it is used
 *
 * Context: process context.
 * Return: where that is noted, or NULL without memory.
 */
struct psp_reason *psp_set_reason(struct pci_dev *pdev, const char *text)
{
	struct psp_reason *reason;

	mutex_lock(&psp_reasons_lock);
	reason = reason_of(pdev);
	if (reason)
		strscpy(reason->text, text, sizeof(reason->text));
	mutex_unlock(&psp_reasons_lock);
	return reason;
}

/**
 * psp_has_died() - note that a PSP did not answer, where others look for a reason
 * @psp: PSP; its device may be gone
 *
 * Context: process context, without psp->lock.
 */
void psp_has_died(const struct psp *psp)
{
	mutex_lock(&psp_reasons_lock);
	if (psp->reason)
		strscpy(psp->reason->text, PSP_NO_ANSWER, sizeof(psp->reason->text));
	mutex_unlock(&psp_reasons_lock);
}

/**
 * psp_drop_reason() - the device's entry is another PSP's from now on
 * @psp: PSP whose device is removed
 *
 * Context: process context.
 */
void psp_drop_reason(struct psp *psp)
{
	mutex_lock(&psp_reasons_lock);
	psp->reason = NULL;
	mutex_unlock(&psp_reasons_lock);
}

/**
 * psp_forget_reasons() - module unload
 */
void psp_forget_reasons(void)
{
	struct psp_reason *reason, *next;

	list_for_each_entry_safe(reason, next, &psp_reasons, list)
		kfree(reason);
	INIT_LIST_HEAD(&psp_reasons);
}

/**
 * psp_show_reasons() - tell them to sysfs
 * @buf: page
 *
 * Context: process context.
 * Return: length of the text.
 */
ssize_t psp_show_reasons(char *buf)
{
	const struct psp_reason *reason;
	int len = 0;

	mutex_lock(&psp_reasons_lock);
	list_for_each_entry(reason, &psp_reasons, list)
		len += sysfs_emit_at(buf, len, "%s: %s\n", reason->device, reason->text);
	mutex_unlock(&psp_reasons_lock);
	return len ?: sysfs_emit(buf, "no PSP has been found\n");
}
