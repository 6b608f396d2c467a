// SPDX-License-Identifier: GPL-2.0
/*
 * The names of guests: what kvm_amd and user space call a guest, and what the
 * firmware calls it.
 *
 * The firmware's handles are small numbers which it gives out anew, lowest first,
 * after each INIT, and so does another PSP. kvm_amd keeps a handle as long as the VM
 * lives, passes it back as a bare u32, and does not hear of it when the platform went
 * down in between. A handle that were passed on as it is would then name somebody
 * else's guest, whose state it would tell, and which would be destroyed in place of
 * its own.
 *
 * So the driver hands out handles of its own, and remembers for each of them the
 * firmware's handle and the generation of the platform that has given it. A generation
 * begins whenever a platform, no matter whose, is initialised or shut down; the number
 * of a generation is never used again. The submit path puts the firmware's handle into
 * a block right before the mailbox, and takes it out right after. A handle of another
 * generation than the PSP's present one is not translated, whoever sends it, and
 * nothing is sent: -ESHUTDOWN.
 *
 * Numbers are not reused while somebody may still hold them: a handle stays here until
 * it is decommissioned, though its guest may be gone long before, and a number that is
 * here is not given out. A generation in some bits of the u32 would be simpler, but
 * would come round, and the firmware does not say how many bits it leaves.
 *
 * A handle is the same number as the firmware's, unless an earlier guest still goes by
 * that number. That keeps it comparable with what stock drivers show, and with what is
 * seen on the firmware's side.
 *
 * A number that is not here names no guest. If the firmware has no guest of that
 * number either, it may say so itself: that is how the stock drivers answer those who
 * ask LAUNCH_START to share the key of a guest that does not exist.
 *
 * handles_lock is inner to psp->lock. The table is not that of one PSP, because
 * whoever holds a handle does not know which PSP has given it.
 */
#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "psp.h"

/**
 * struct psp_handle - a guest's name
 * @node: in the table
 * @generation: of the platform that the guest was started on
 * @number: handle as the driver's callers know it
 * @fw: handle as the firmware knows it, in that generation
 */
struct psp_handle {
	struct hlist_node node;
	u64 generation;
	u32 number;
	u32 fw;
};

static DEFINE_HASHTABLE(handles, 8);
static DEFINE_SPINLOCK(handles_lock);

static struct psp_handle *find_number(u32 number)
{
	struct psp_handle *handle;

	lockdep_assert_held(&handles_lock);
	hash_for_each_possible(handles, handle, node, number)
		if (handle->number == number)
			return handle;
	return NULL;
}

static bool is_guest_of_firmware(u64 generation, u32 fw)
{
	struct psp_handle *handle;
	unsigned int bucket;

	lockdep_assert_held(&handles_lock);
	hash_for_each(handles, bucket, handle, node)
		if (handle->fw == fw && handle->generation == generation)
			return true;
	return false;
}

/**
 * psp_generation_begin() - a platform has been initialised, or has been shut down
 *
 * Return: the number of a generation that no platform has had before.
 */
u64 psp_generation_begin(void)
{
	static atomic64_t last;

	return atomic64_inc_return(&last);
}

/**
 * psp_handle_alloc() - room for the handle of a guest that is to be started
 *
 * Return: for psp_handle_add(), or for kfree() if the guest was not started; or NULL.
 */
struct psp_handle *psp_handle_alloc(void)
{
	return kmalloc(sizeof(struct psp_handle), GFP_KERNEL);
}

/**
 * psp_handle_add() - name a guest that has been started
 * @handle: from psp_handle_alloc(), belongs to the table from now on
 * @generation: of the platform
 * @fw: the firmware's handle
 *
 * Return: the guest's handle.
 */
u32 psp_handle_add(struct psp_handle *handle, u64 generation, u32 fw)
{
	static u32 other;	/* downwards from the top, where the firmware's are not */

	handle->generation = generation;
	handle->number = fw;
	handle->fw = fw;
	spin_lock(&handles_lock);
	while (!handle->number || find_number(handle->number))
		handle->number = --other;
	hash_add(handles, &handle->node, handle->number);
	spin_unlock(&handles_lock);
	return handle->number;
}

/**
 * psp_handle_find() - the firmware's handle of a guest
 * @generation: of the platform that is to be asked
 * @number: the guest's handle; 0 names no guest, to the firmware either
 * @fw: receives the firmware's handle
 *
 * Return: 0, or -ESHUTDOWN: the guest has gone with an earlier generation.
 */
int psp_handle_find(u64 generation, u32 number, u32 *fw)
{
	const struct psp_handle *handle;
	bool lost;

	*fw = number;
	if (!number)
		return 0;
	spin_lock(&handles_lock);
	handle = find_number(number);
	if (handle)
		lost = handle->generation != generation;
	else
		lost = is_guest_of_firmware(generation, number);
	if (handle && !lost)
		*fw = handle->fw;
	spin_unlock(&handles_lock);
	return lost ? -ESHUTDOWN : 0;
}

/**
 * psp_handle_drop() - the holder of this handle has let go of it
 * @number: the handle of a guest that has been decommissioned, or is gone anyway
 */
void psp_handle_drop(u32 number)
{
	struct psp_handle *handle;

	spin_lock(&handles_lock);
	handle = find_number(number);
	if (handle)
		hash_del(&handle->node);
	spin_unlock(&handles_lock);
	kfree(handle);
}

/**
 * psp_handle_drop_all() - module unload
 *
 * No user is left: whoever could hold a handle has held the module, too.
 */
void psp_handle_drop_all(void)
{
	struct psp_handle *handle;
	struct hlist_node *next;
	unsigned int bucket;

	hash_for_each_safe(handles, bucket, next, handle, node) {
		hash_del(&handle->node);
		kfree(handle);
	}
}
