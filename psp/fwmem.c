// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the firmware may write. Owns the one rule about it: what the firmware
 * might still write is neither freed nor unpinned, ever.
 *
 * Memory of the driver's own (the command buffer, bounce buffers, images, the TMR, the
 * area for persistent data) is a struct psp_fwmem, always whole pages, so that nothing
 * of anybody else's lies beside it:
 *
 *	alloc -> OURS -- hand over --> FIRMWARE -- take back --> OURS -> free
 *	                                 |  ^
 *	                               lose hand over, take back
 *	                                 v  |
 *	                                LOST -> free: leaked on purpose
 *
 * Memory is lost while the firmware may have it and has no right to it: a command was
 * not answered, SHUTDOWN was refused, INIT ended in an error of the hardware. Lost
 * pages are counted as quarantined. A firmware that is successfully initialised or
 * shut down later settles the matter, and they are not lost any more.
 *
 * Memory of others (pinned guest pages, save areas, objects of kernel code) is used in
 * place, or has a shadow in its place, and is lost page by page.
 *
 * With SNP the firmware writes to no page that has not been given to it in the RMP, and
 * the host may not write to one that has. Giving takes no command, and is here; taking
 * back may take one, and is in rmp.c.
 *
 * The caller that hands memory over serialises that with the command: psp->lock, or no
 * other thread knows of the memory yet. The count has no lock.
 *
 * Must never be bypassed: no other file frees, or decides to leak, what the firmware
 * may write.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "addr.h"
#include "psp.h"

static atomic_long_t lost_pages;

/**
 * psp_fwmem_lost() - how many pages are lost to the firmware
 *
 * Return: pages, of all PSPs since the module was loaded.
 */
unsigned long psp_fwmem_lost(void)
{
	return atomic_long_read(&lost_pages);
}

/**
 * psp_fwmem_pages() - how much memory is it?
 * @mem: memory, or none
 *
 * Return: pages.
 */
unsigned long psp_fwmem_pages(const struct psp_fwmem *mem)
{
	return mem->virt ? 1ul << mem->order : 0;
}

/**
 * psp_fwmem_alloc() - get zeroed memory that can be handed over
 * @mem: receives it
 * @size: bytes, rounded up to a power of two of pages, to which it is aligned, too
 * @gfp: how to allocate
 *
 * Return: 0 or -ENOMEM.
 */
int psp_fwmem_alloc(struct psp_fwmem *mem, size_t size, gfp_t gfp)
{
	mem->order = get_order(size);
	mem->virt = (void *)__get_free_pages(gfp | __GFP_ZERO, mem->order);
	mem->pooled = false;
	mem->state = PSP_FWMEM_OURS;
	return mem->virt ? 0 : -ENOMEM;
}

/*
 * Bounce buffers come from a pool, which spares the page allocator, and erasing each page
 * twice: pages in it are zero. The pool grows as needed up to some pieces of each size, for
 * which no caller is charged; a caller that comes when all are in use is.
 */
#define POOL_ORDERS	3
#define POOL_PIECES	8

static struct pool {
	void *idle[POOL_PIECES];
	unsigned int nr_idle;
	unsigned int nr;	/* with those in use */
} pools[POOL_ORDERS];
static DEFINE_SPINLOCK(pool_lock);

static void give_to_pool(struct psp_fwmem *mem)
{
	struct pool *pool = &pools[mem->order];

	spin_lock(&pool_lock);
	pool->idle[pool->nr_idle++] = mem->virt;
	spin_unlock(&pool_lock);
}

static void shrink_pool(unsigned int order)
{
	spin_lock(&pool_lock);
	pools[order].nr--;
	spin_unlock(&pool_lock);
}

/* Return: whether there is an idle piece, or room for one more. */
static bool take_from_pool(struct psp_fwmem *mem)
{
	struct pool *pool = &pools[mem->order];
	bool may;

	spin_lock(&pool_lock);
	mem->virt = pool->nr_idle ? pool->idle[--pool->nr_idle] : NULL;
	may = mem->virt || pool->nr < POOL_PIECES;
	if (may && !mem->virt)
		pool->nr++;
	spin_unlock(&pool_lock);
	return may;
}

/**
 * psp_fwmem_borrow() - get memory for one command
 * @mem: receives it: zeroed, or @spare as it is
 * @size: as with psp_fwmem_alloc()
 * @spare: taken if it is as large; it may be none, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int psp_fwmem_borrow(struct psp_fwmem *mem, size_t size, struct psp_fwmem *spare)
{
	mem->order = get_order(size);
	if (spare && spare->virt && spare->order == mem->order) {
		*mem = *spare;
		spare->virt = NULL;
		return 0;
	}
	if (mem->order >= POOL_ORDERS || !take_from_pool(mem))
		return psp_fwmem_alloc(mem, size, GFP_KERNEL_ACCOUNT);
	if (!mem->virt && psp_fwmem_alloc(mem, size, GFP_KERNEL)) {
		shrink_pool(mem->order);
		return -ENOMEM;
	}
	mem->pooled = true;
	mem->state = PSP_FWMEM_OURS;
	return 0;
}

/**
 * psp_fwmem_drain() - module unload: nothing is borrowed any more
 */
void psp_fwmem_drain(void)
{
	struct pool *pool;

	for (pool = pools; pool < pools + POOL_ORDERS; pool++)
		while (pool->nr_idle)
			free_pages((unsigned long)pool->idle[--pool->nr_idle], pool - pools);
}

static void set_state(struct psp_fwmem *mem, enum psp_fwmem_state state)
{
	if (!mem->virt || mem->state == state)
		return;
	if (mem->state == PSP_FWMEM_LOST)
		atomic_long_sub(psp_fwmem_pages(mem), &lost_pages);
	if (state == PSP_FWMEM_LOST)
		atomic_long_add(psp_fwmem_pages(mem), &lost_pages);
	mem->state = state;
}

/**
 * psp_fwmem_hand_over() - a command is about to be sent that points to this memory
 * @mem: memory, or none
 */
void psp_fwmem_hand_over(struct psp_fwmem *mem)
{
	set_state(mem, PSP_FWMEM_FIRMWARE);
}

/**
 * psp_fwmem_take_back() - the firmware has answered, and does not use it any more
 * @mem: memory, or none
 */
void psp_fwmem_take_back(struct psp_fwmem *mem)
{
	set_state(mem, PSP_FWMEM_OURS);
}

/**
 * psp_fwmem_lose() - the firmware may use it at any time from now on
 * @mem: memory, or none; still ours if it has not been handed over
 */
void psp_fwmem_lose(struct psp_fwmem *mem)
{
	if (mem->state == PSP_FWMEM_FIRMWARE)
		set_state(mem, PSP_FWMEM_LOST);
}

/**
 * psp_fwmem_free() - the end of it, as far as the driver is concerned
 * @mem: memory, or none. Unless it is ours it is leaked
 *
 * The content is erased: it may be somebody's secret.
 */
void psp_fwmem_free(struct psp_fwmem *mem)
{
	psp_fwmem_lose(mem);
	if (mem->virt && mem->state == PSP_FWMEM_OURS) {
		memzero_explicit(mem->virt, PAGE_SIZE << mem->order);
		if (mem->pooled)
			give_to_pool(mem);
		else
			free_pages((unsigned long)mem->virt, mem->order);
	} else if (mem->virt && mem->pooled) {
		shrink_pool(mem->order);
	}
	mem->virt = NULL;
}

/**
 * psp_fwmem_pass_on() - a command does not need its memory any more, the next one may
 * @mem: memory from psp_fwmem_borrow(), or none
 * @spare: receives it as it is, if there is none in it yet; may be NULL
 *
 * Erasing a page takes as long as copying it. Spare memory is to be freed in the end.
 */
void psp_fwmem_pass_on(struct psp_fwmem *mem, struct psp_fwmem *spare)
{
	if (mem->virt && mem->state == PSP_FWMEM_OURS && spare && !spare->virt) {
		*spare = *mem;
		mem->virt = NULL;
	}
	psp_fwmem_free(mem);
}

/**
 * psp_fwmem_lose_pinned() - pinned pages stay pinned
 * @pages: how many; nobody needs to know any more which they are
 */
void psp_fwmem_lose_pinned(unsigned long pages)
{
	atomic_long_add(pages, &lost_pages);
}

/**
 * psp_fwmem_lose_page() - a page outlives its owner, for ever
 * @page: page
 */
void psp_fwmem_lose_page(struct page *page)
{
	get_page(page);
	atomic_long_inc(&lost_pages);
}

static bool in_slab(phys_addr_t addr)
{
	return pfn_valid(PHYS_PFN(addr)) && PageSlab(pfn_to_page(PHYS_PFN(addr)));
}

/**
 * psp_shadows_make() - replace slab objects by whole pages before the firmware writes them
 * @call: command, its block made by kernel code
 * @shadows: one for each buffer; receives what psp_shadows_end() needs
 *
 * Kernel code that has a block of its own frees what it points to, whatever has
 * become of the command. One more reference keeps whole pages from being used again;
 * there is none for smaller objects, so the firmware is given pages in their place.
 *
 * Return: 0 or -ENOMEM; psp_shadows_end() is due in any case.
 */
int psp_shadows_make(struct psp_call *call, struct psp_shadow *shadows)
{
	const struct psp_buf *buf;
	struct psp_shadow *shadow = shadows;
	int ret;

	memset(shadows, 0, SEV_FW_BUFS * sizeof(*shadows));
	for (buf = call->row->buf; buf < call->row->buf + SEV_FW_BUFS; buf++, shadow++) {
		if (!psp_buf_there(call->row, buf - call->row->buf, call->fw.byte))
			continue;
		shadow->addr = psp_fw_get_addr(&call->fw, buf->addr);
		shadow->len = psp_len_in_block(buf) ? psp_fw_get32(&call->fw, buf->len) : buf->max;
		if (!(buf->dir & SEV_FW_BUF_WRITE) || !shadow->len || !in_slab(shadow->addr))
			continue;
		ret = psp_fwmem_alloc(&shadow->mem, shadow->len, GFP_KERNEL_ACCOUNT);
		if (ret)
			return ret;
		memcpy(shadow->mem.virt, phys_to_virt(shadow->addr), shadow->len);
		psp_fw_put_addr(&call->fw, buf->addr, psp_addr_virt(shadow->mem.virt));
		psp_fwmem_hand_over(&shadow->mem);
	}
	return 0;
}

static void lose_pages(phys_addr_t addr, u32 len)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(addr); pfn < PFN_UP(addr + len); pfn++)
		if (pfn_valid(pfn) && !PageSlab(pfn_to_page(pfn)))
			psp_fwmem_lose_page(pfn_to_page(pfn));
}

/* The page was to be the host's again, and is not: whoever frees it must not get it freed. */
static bool is_kept(const struct psp_call *call, const struct psp_buf *buf)
{
	return buf->after == SEV_FW_PAGE_RECLAIM && !psp_changes_hands(buf) && !call->done;
}

/**
 * psp_shadows_end() - the command is over
 * @call: command, as it came back; gets the addresses back that it came with
 * @shadows: from psp_shadows_make()
 *
 * Output goes where it is expected. If the firmware has not answered, all that the block
 * points to is lost. So is a page that it does not give back: KVM only warns of that, and leaves
 * the page to be freed with the guest's memory.
 */
void psp_shadows_end(struct psp_call *call, struct psp_shadow *shadows)
{
	struct psp_shadow *shadow;

	for (shadow = shadows; shadow < shadows + SEV_FW_BUFS; shadow++) {
		const struct psp_buf *buf = &call->row->buf[shadow - shadows];

		if (!shadow->mem.virt) {
			if ((call->stuck || is_kept(call, buf)) && shadow->len)
				lose_pages(shadow->addr, shadow->len);
			continue;
		}
		psp_fw_put_addr(&call->fw, buf->addr, psp_addr_virt(phys_to_virt(shadow->addr)));
		if (!call->stuck) {
			psp_fwmem_take_back(&shadow->mem);
			memcpy(phys_to_virt(shadow->addr), shadow->mem.virt, shadow->len);
		}
		psp_fwmem_free(&shadow->mem);
	}
}

/* ---- pages in the RMP ---- */

/**
 * psp_fwmem_lose_kept() - there is no PSP any more to give back what a command is about
 * @call: command, its block made by kernel code
 *
 * KVM leaves such a page to be freed with the guest's memory, although it still is in the RMP, so
 * that a write by its next owner would fault.
 */
void psp_fwmem_lose_kept(const struct psp_call *call)
{
	const struct psp_buf *buf;
	phys_addr_t addr;

	for (buf = call->row->buf; buf < call->row->buf + SEV_FW_BUFS; buf++) {
		addr = psp_fw_get_addr(&call->fw, buf->addr);
		if (buf->kind != SEV_FW_BUF_NONE && is_kept(call, buf) &&
		    psp_rmp_assigned(PHYS_PFN(addr)))
			lose_pages(PAGE_ALIGN_DOWN(addr), buf->max);
	}
}

/**
 * psp_fwmem_in_rmp() - is some of it the firmware's, so that a write to it would fault?
 * @mem: memory, or none
 *
 * Return: true if so.
 */
bool psp_fwmem_in_rmp(const struct psp_fwmem *mem)
{
	unsigned long i;

	for (i = 0; i < psp_fwmem_pages(mem); i++)
		if (psp_rmp_assigned(PHYS_PFN(__pa(mem->virt)) + i))
			return true;
	return false;
}

/**
 * psp_fwmem_is_given() - is a page in the RMP, so that a write to it would fault?
 * @page: page
 *
 * Return: true if so.
 */
bool psp_fwmem_is_given(struct page *page)
{
	return psp_rmp_assigned(page_to_pfn(page));
}

/**
 * psp_fwmem_give_page() - give a page to the firmware
 * @pfn: page
 * @large: a page of 2 MiB
 *
 * A page that is in the RMP already is another guest's, or lost: to give it away would
 * take it from whoever has it. The kernel would try for ever to make such a page a part of
 * one of 2 MiB.
 *
 * Context: psp->lock held.
 * Return: 0 or -EFAULT.
 */
int psp_fwmem_give_page(u64 pfn, bool large)
{
	unsigned long i;

	for (i = 0; i < (large ? PSP_LARGE_PAGES : 1); i++)
		if (psp_rmp_assigned(pfn + i))
			return -EFAULT;
	return psp_rmp_give(pfn, large) ? -EFAULT : 0;
}

/**
 * psp_fwmem_lend_block() - give the firmware the block, if it writes to it
 * @psp: PSP
 * @call: command, whose block is in the command buffer already
 *
 * Context: psp->lock held.
 * Return: 0 or -ENOMEM.
 */
int psp_fwmem_lend_block(struct psp *psp, const struct psp_call *call)
{
	if (!psp->snp_up || !psp_writes_block(call->row))
		return 0;
	if (psp_fwmem_give_page(PHYS_PFN(__pa(psp->cmd_buf.virt)), false))
		return -ENOMEM;
	psp->block_lent = true;
	return 0;
}
