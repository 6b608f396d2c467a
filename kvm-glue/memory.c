// SPDX-License-Identifier: GPL-2.0
/*
 * Private memory of an SNP guest, lent to the engine for the time of one command.
 *
 * Private memory has no user address. The caller names it by that of the shared memory of the same
 * frame: a memory slot says where that is, and which guest_memfd has the private page.
 *
 * kvm->slots_lock is held meanwhile, inner to kvm->lock, as in KVM: slots stay as they are,
 * and a frame stays private. Within it guest_memfd keeps the page in place. Under these locks
 * there is no access to user memory here, and must be none: it may be guest_memfd's.
 */
#include <linux/interval_tree.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include "glue_compat.h"
#include "glue.h"

#ifdef KVM_X86_SNP_VM

/* Of several with this address, which nothing forbids, some one. */
static struct kvm_memory_slot *find_slot(struct kvm *kvm, unsigned long uaddr)
{
	struct kvm_memslots *slots = kvm_memslots(kvm);
	struct kvm_memory_slot *slot;
	struct interval_tree_node *node;

	lockdep_assert_held(&kvm->slots_lock);
	for (node = interval_tree_iter_first(&slots->hva_tree, uaddr, uaddr); node;
	     node = interval_tree_iter_next(node, uaddr, uaddr)) {
		slot = container_of(node, struct kvm_memory_slot, hva_node[slots->node_idx]);
		if (slot->flags & KVM_MEM_GUEST_MEMFD)
			return slot;
	}
	return NULL;
}

/* The function that is called once KVM has the page. */
struct move_in {
	psp_use_private_t use;
	void *arg;
};

GLUE_POPULATED(use_page)
{
	const struct move_in *move = arg;

	return move->use(pfn_to_page(pfn), gfn_to_gpa(gfn), move->arg);
}

/**
 * glue_move_in() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock.
 * Return: as @use, -EINVAL, -EEXIST, -ENOMEM, -EINTR or -EOPNOTSUPP.
 */
int glue_move_in(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		 void *arg)
{
	struct move_in move = { .use = use, .arg = arg };
	struct kvm *kvm = to_lent(guest)->kvm;
	struct kvm_memory_slot *slot;
	long ret = -EINVAL;

	mutex_lock(&kvm->slots_lock);
	slot = find_slot(kvm, uaddr);
	if (slot)
		ret = glue_populate(kvm, hva_to_gfn_memslot(uaddr, slot), use_page, &move);
	mutex_unlock(&kvm->slots_lock);
	return ret < 0 ? ret : 0;
}

#else

int glue_move_in(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		 void *arg)
{
	return -EOPNOTSUPP;
}

#endif
