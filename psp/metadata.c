// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's entries about pages of SNP guests that are swapped out. An entry has the tag
 * of a page, and can be used once, so that no old content comes back. Only the firmware
 * writes to them: 64 are in a page in the state Metadata, which belongs to one guest.
 *
 * User space names an entry by a number of its own choice. The page that has it is made when
 * one of its entries is first used, is charged to the caller's memory cgroup, and lasts as long
 * as the guest, of which the context page is the name here. KVM frees that page last; if the
 * firmware could not end the guest, KVM keeps it for ever, and the entries go with the attempt.
 *
 * Of one guest its own lock is held; metadata_lock is for the list of all only, and is held for
 * no allocation: the end of each SNP guest needs it.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "addr.h"
#include "psp.h"

#define ENTRY_SIZE	64
#define PAGE_ENTRIES	(PAGE_SIZE / ENTRY_SIZE)

/**
 * struct owner - a guest that has had pages swapped out
 * @list: in the list of all of them
 * @context: context page of the guest
 * @pages: pages with entries, by the number of the first one
 */
struct owner {
	struct list_head list;
	const void *context;
	struct xarray pages;
};

static LIST_HEAD(owners);
static DEFINE_MUTEX(metadata_lock);

static struct owner *find_owner(const void *context)
{
	struct owner *owner, *found = NULL;

	mutex_lock(&metadata_lock);
	list_for_each_entry(owner, &owners, list)
		if (owner->context == context)
			found = owner;
	mutex_unlock(&metadata_lock);
	return found;
}

static struct owner *find_or_make_owner(const void *context)
{
	struct owner *owner = find_owner(context);

	if (owner)
		return owner;
	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return NULL;
	owner->context = context;
	xa_init(&owner->pages);
	mutex_lock(&metadata_lock);
	list_add(&owner->list, &owners);
	mutex_unlock(&metadata_lock);
	return owner;
}

/* A page becomes Metadata of the guest's. */
static int give_page(const void *context, const void *page, u32 *status)
{
	struct psp_call call = {
		.row = psp_row_find(SEV_FW_SNP_PAGE_MD_INIT), .status = SEV_FW_NO_CALL,
	};
	struct psp *psp = psp_get();
	int ret;

	if (!psp)
		return -ENODEV;
	psp_call_put_context(&call, context);
	psp_fw_put_addr(&call.fw, offsetof(struct sev_fw_snp_page_md_init, address),
			psp_addr_virt(page));
	ret = psp_submit(psp, &call);
	if (ret)
		*status = call.status;
	psp_put(psp);
	return ret;
}

static void *make_page(struct owner *owner, unsigned long index, u32 *status)
{
	void *page = psp_snp_page_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	int ret;

	if (!page)
		return ERR_PTR(-ENOMEM);
	ret = give_page(owner->context, page, status);
	if (!ret)
		ret = xa_err(xa_store(&owner->pages, index, page, GFP_KERNEL_ACCOUNT));
	if (!ret)
		return page;
	psp_snp_page_free(page);
	return ERR_PTR(ret);
}

/**
 * psp_metadata_entry() - an entry of a guest's
 * @context: context page of the guest
 * @number: number of the entry, below SEV_FW_SNP_ENTRIES
 * @status: receives the firmware's answer if it refuses to make a page for entries; NULL:
 *	none is to be made, since what is wanted is an entry that has been used
 *
 * Context: process context, with the guest's lock held. Takes psp->lock, sleeps.
 * Return: the entry, which the kernel cannot write to; or an ERR_PTR: -ENOENT if there is none,
 * -ENOMEM, or as psp_submit().
 */
void *psp_metadata_entry(const void *context, u64 number, u32 *status)
{
	unsigned long index = number / PAGE_ENTRIES;
	struct owner *owner;
	void *page;

	owner = status ? find_or_make_owner(context) : find_owner(context);
	page = owner ? xa_load(&owner->pages, index) : NULL;
	if (!page && status)
		page = owner ? make_page(owner, index, status) : ERR_PTR(-ENOMEM);
	if (!page)
		page = ERR_PTR(-ENOENT);
	return IS_ERR(page) ? page : page + number % PAGE_ENTRIES * ENTRY_SIZE;
}

/**
 * psp_metadata_end() - a guest has ended, and nothing of it comes back any more
 * @context: context page of the guest, or any other page
 *
 * A page that the firmware does not give back is lost.
 *
 * Context: process context, takes psp->lock, sleeps.
 */
void psp_metadata_end(const void *context)
{
	struct owner *owner;
	unsigned long index;
	void *page;

	owner = find_owner(context);
	if (!owner)
		return;
	mutex_lock(&metadata_lock);
	list_del(&owner->list);
	mutex_unlock(&metadata_lock);
	xa_for_each(&owner->pages, index, page) {
		psp_snp_page_free(page);
		cond_resched();
	}
	xa_destroy(&owner->pages);
	kfree(owner);
}
