// SPDX-License-Identifier: GPL-2.0
/*
 * Private memory of an SNP guest, lent to the engine for the time of one command.
 *
 * Private memory has no user address. The caller names it by that of the shared memory of the same
 * frame: a memory slot says where that is, and which guest_memfd has the private page.
 *
 * kvm->slots_lock is held meanwhile, inner to kvm->lock, as in KVM: slots stay as they are,
 * and a frame stays private. Within it the lock of the folio keeps the page in place, and KVM
 * from preparing it for a vCPU. Under these locks there is no access to user memory here, and
 * must be none: it may be guest_memfd's.
 *
 * A page that leaves the guest, or is replaced, is in guest_memfd of a frame that is shared: KVM
 * maps none of it then, and a guest that wants it exits. Uptodate says that a page is the
 * guest's, or has nothing in it that anybody else had; KVM makes it so before it maps the page.
 */
#include <linux/file.h>
#include <linux/interval_tree.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

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
 * struct frame - a frame of the guest's and what is there
 * @gpa: its address in the guest
 * @private: it is private; otherwise shared
 * @index: where it is in guest_memfd
 * @folio: its folio there, locked; NULL: there is none
 */
struct frame {
	u64 gpa;
	bool private;
	pgoff_t index;
	struct folio *folio;
};

/* Return: 0 with kvm->slots_lock held, -EINVAL without. */
static int find_frame(struct kvm *kvm, unsigned long uaddr, struct frame *frame)
{
	struct kvm_memory_slot *slot;
	gfn_t gfn;

	mutex_lock(&kvm->slots_lock);
	slot = find_slot(kvm, uaddr);
	if (!slot) {
		mutex_unlock(&kvm->slots_lock);
		return -EINVAL;
	}
	gfn = hva_to_gfn_memslot(uaddr, slot);
	frame->gpa = gfn_to_gpa(gfn);
	frame->private = kvm_mem_is_private(kvm, gfn);
	frame->index = gfn - slot->base_gfn + slot->gmem.pgoff;
	frame->folio = lock_folio(slot, frame->index);
	return 0;
}

static void put_frame(struct kvm *kvm, struct frame *frame)
{
	if (frame->folio) {
		folio_unlock(frame->folio);
		folio_put(frame->folio);
	}
	mutex_unlock(&kvm->slots_lock);
}

static struct page *page_of(const struct frame *frame)
{
	return folio_file_page(frame->folio, frame->index);
}

/* An entry of the RMP for 2 MiB is not for one page of it to be changed. */
static int check_folio(const struct frame *frame)
{
	if (!frame->folio)
		return -ENOENT;
	/* memory that is broken stays where it is, for KVM to tell the guest's VMM of it */
	if (folio_test_hwpoison(frame->folio))
		return -EFAULT;
	return folio_test_large(frame->folio) ? -EOPNOTSUPP : 0;
}

/*
 * A page that the guest has made a vCPU's save area is used by its address, and must stay.
 *
 * KVM looks for the page, which takes the folio's lock, and notes its address afterwards, all
 * under a mutex of the vCPU's. That mutex is outer to the folio's lock, which is held here, and
 * must not be waited for. While another CPU holds it the answer could be old, and the page counts
 * as a save area. Otherwise the address is noted already, or KVM is yet to look for the page, and
 * does so after the command.
 */
static bool is_save_area(struct kvm *kvm, struct page *page)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		struct vcpu_svm *svm = to_svm(vcpu);
		bool found;

		if (!mutex_trylock(&svm->sev_es.snp_vmsa_mutex))
			return true;
		found = svm->vmcb->control.vmsa_pa == page_to_phys(page);
		mutex_unlock(&svm->sev_es.snp_vmsa_mutex);
		if (found)
			return true;
	}
	return false;
}

/**
 * glue_hold() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock and the folio's.
 * Return: as @use, -EINVAL, -ENOENT, -EBUSY, -EFAULT of broken memory, or -EOPNOTSUPP of huge
 * pages.
 */
int glue_hold(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use, void *arg)
{
	struct kvm *kvm = to_lent(guest)->kvm;
	struct frame frame;
	int ret = find_frame(kvm, uaddr, &frame);

	if (ret)
		return ret;
	ret = frame.private ? check_folio(&frame) : -EINVAL;
	if (!ret && is_save_area(kvm, page_of(&frame)))
		ret = -EBUSY;
	if (!ret)
		ret = use(page_of(&frame), frame.gpa, arg);
	put_frame(kvm, &frame);
	return ret;
}

static int check_leaving(struct kvm *kvm, const struct frame *frame)
{
	int ret = check_folio(frame);

	if (!GLUE_PAGES_COME_BACK)
		return -EOPNOTSUPP;
	if (ret)
		return ret;
	return frame->private || is_save_area(kvm, page_of(frame)) ? -EBUSY : 0;
}

/**
 * glue_move_out() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock and the folio's.
 * Return: as @use, -EINVAL, -ENOENT, -EBUSY, or -EOPNOTSUPP of huge pages, or where no page comes
 * back.
 */
int glue_move_out(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		  void *arg)
{
	struct kvm *kvm = to_lent(guest)->kvm;
	struct frame frame;
	int ret = find_frame(kvm, uaddr, &frame);

	if (ret)
		return ret;
	ret = check_leaving(kvm, &frame);
	if (!ret)
		ret = use(page_of(&frame), frame.gpa, arg);
	if (!ret)
		folio_clear_uptodate(frame.folio);
	put_frame(kvm, &frame);
	return ret;
}

/* In the place of @frame's folio, which nobody maps. */
static void put_in_place(struct frame *frame, struct folio *folio)
{
	folio_mark_uptodate(folio);
	replace_page_cache_folio(frame->folio, folio);
	folio_add_lru(folio);
}

/**
 * glue_replace() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page, and the one that is to take its place
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock and the folio's.
 * Return: as glue_move_out(), or -ENOMEM.
 */
int glue_replace(struct psp_guest *guest, unsigned long uaddr, psp_use_pair_t use, void *arg)
{
	struct kvm *kvm = to_lent(guest)->kvm;
	struct page *other = alloc_page(GFP_HIGHUSER);
	struct frame frame;
	int ret;

	if (!other)
		return -ENOMEM;
	ret = find_frame(kvm, uaddr, &frame);
	if (ret)
		goto out;
	ret = check_leaving(kvm, &frame);
	if (!ret) {
		folio_lock(page_folio(other));
		ret = use(page_of(&frame), other, frame.gpa, arg);
		if (!ret)
			put_in_place(&frame, page_folio(other));
		folio_unlock(page_folio(other));
	}
	put_frame(kvm, &frame);
out:
	put_page(other);
	return ret;
}

/* The function that is called once KVM has the page. */
struct move_in {
	psp_use_private_t use;
	void *arg;
};

/*
 * KVM has let go of the folio, and says only afterwards that there is something in it. A vCPU that
 * faults meanwhile would clear the page, which is the guest's by then: that write would fault
 * in the kernel.
 */
GLUE_POPULATED(use_page)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));
	const struct move_in *move = arg;
	int ret = -EEXIST;

	folio_lock(folio);
	if (!folio_test_uptodate(folio))
		ret = move->use(pfn_to_page(pfn), gfn_to_gpa(gfn), move->arg);
	if (!ret)
		folio_mark_uptodate(folio);
	folio_unlock(folio);
	return ret;
}

/**
 * glue_move_in() - see struct psp_guest_ops
 * @guest: guest, lent
 * @uaddr: address in a memory slot, of a whole page
 * @use: to be called with the private page
 * @arg: its argument
 *
 * Context: kvm->lock held. Takes kvm->slots_lock.
 * Return: as @use, -EINVAL, -EEXIST, -EFAULT of broken memory, -ENOMEM, -EINTR or -EOPNOTSUPP.
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
	if (ret == -EHWPOISON)
		return -EFAULT;
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

int glue_move_out(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		  void *arg)
{
	return -EOPNOTSUPP;
}

int glue_replace(struct psp_guest *guest, unsigned long uaddr, psp_use_pair_t use, void *arg)
{
	return -EOPNOTSUPP;
}

#endif
