// SPDX-License-Identifier: GPL-2.0
/*
 * Private memory of an SNP guest, lent to the engine for the time of one command.
 *
 * Private memory has no user address. The caller names it by that of the shared memory of the same
 * frame: a memory slot says where that is, and which guest_memfd has the private page.
 *
 * kvm->slots_lock is held meanwhile, inner to kvm->lock, as in KVM: slots stay as they are,
 * and a frame stays private. Within it guest_memfd, or the lock of the folio, keeps the page in
 * place. Under these locks there is no access to user memory here, and must be none: it may be
 * guest_memfd's.
 */
#include <linux/file.h>
#include <linux/interval_tree.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>

#include "glue_compat.h"
#include "glue.h"

#ifdef KVM_X86_SNP_VM

/* Several may have this address, which nothing forbids; then it does not say what is meant. */
static struct kvm_memory_slot *find_slot(struct kvm *kvm, unsigned long uaddr)
{
	struct kvm_memslots *slots = kvm_memslots(kvm);
	struct kvm_memory_slot *slot, *found = NULL;
	struct interval_tree_node *node;

	lockdep_assert_held(&kvm->slots_lock);
	for (node = interval_tree_iter_first(&slots->hva_tree, uaddr, uaddr); node;
	     node = interval_tree_iter_next(node, uaddr, uaddr)) {
		slot = container_of(node, struct kvm_memory_slot, hva_node[slots->node_idx]);
		if (!(slot->flags & KVM_MEM_GUEST_MEMFD))
			continue;
		if (found)
			return NULL;
		found = slot;
	}
	return found;
}

/*
 * The folio of guest_memfd behind a frame, locked, so that nobody punches a hole there. The file
 * may be about to go, which waits for kvm->slots_lock.
 */
static struct folio *lock_folio(struct kvm_memory_slot *slot, pgoff_t index)
{
	struct file *file = get_file_active(&slot->gmem.file);
	struct folio *folio;

	if (!file)
		return NULL;
	folio = filemap_lock_folio(file->f_mapping, index);
	fput(file);
	return IS_ERR(folio) ? NULL : folio;
}

/**
 * glue_hold() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock and the folio's.
 * Return: as @use, -EINVAL, -ENOENT, or -EOPNOTSUPP of huge pages.
 */
int glue_hold(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use, void *arg)
{
	struct kvm *kvm = to_lent(guest)->kvm;
	struct kvm_memory_slot *slot;
	struct folio *folio = NULL;
	int ret = -EINVAL;
	pgoff_t index = 0;
	gfn_t gfn = 0;

	mutex_lock(&kvm->slots_lock);
	slot = find_slot(kvm, uaddr);
	if (slot) {
		gfn = hva_to_gfn_memslot(uaddr, slot);
		index = gfn - slot->base_gfn + slot->gmem.pgoff;
	}
	if (slot && kvm_mem_is_private(kvm, gfn)) {
		folio = lock_folio(slot, index);
		ret = -ENOENT;
	}
	/* an entry of the RMP for 2 MiB is not for one page of it to be changed */
	if (folio && folio_test_large(folio))
		ret = -EOPNOTSUPP;
	else if (folio)
		ret = use(folio_file_page(folio, index), gfn_to_gpa(gfn), arg);
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	mutex_unlock(&kvm->slots_lock);
	return ret;
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

int glue_hold(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use, void *arg)
{
	return -EOPNOTSUPP;
}

int glue_move_in(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		 void *arg)
{
	return -EOPNOTSUPP;
}

#endif
