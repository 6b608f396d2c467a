// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that change hands in the RMP: around each command those that its row says, from
 * INIT until SHUTDOWN the TMR and the area for persistent data. Here is the one place that
 * takes pages back. A page that the firmware has left in Reclaim is the host's by RMPUPDATE
 * alone; else PAGE_RECLAIM comes before, one for 2 MiB where a whole 2 MiB page has been
 * given. A page that cannot be taken back is lost, as fwmem.c has it.
 *
 * All of it happens under psp->lock, so that SNP cannot be initialised or shut down between
 * the giving and the taking. Reclaim is a command, but needs nothing prepared: this file
 * asks the mailbox, and never submits.
 */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "addr.h"
#include "psp.h"

static bool is_large(u64 pfn, unsigned long pages)
{
	return IS_ALIGNED(pfn, PSP_LARGE_PAGES) && pages >= PSP_LARGE_PAGES;
}

static int reclaim(struct psp *psp, u64 pfn, bool large)
{
	struct psp_call call = { .row = psp_row_find(SEV_FW_SNP_PAGE_RECLAIM) };
	int ret;

	psp_fw_put_addr(&call.fw, 0, (__force psp_addr_t)(PFN_PHYS(pfn) | large));
	ret = psp_mailbox(psp, &call);
	psp_observe(psp, &call, 0, 0);
	return ret;
}

/**
 * psp_fwmem_take_pages() - take pages back from the firmware
 * @psp: PSP
 * @pfn: first page
 * @pages: how many
 *
 * Context: psp->lock held.
 * Return: how many pages could not be taken back, and are lost.
 */
unsigned long psp_fwmem_take_pages(struct psp *psp, u64 pfn, unsigned long pages)
{
	unsigned long step, lost = 0;
	bool large;

	for (; pages; pfn += step, pages -= step) {
		large = is_large(pfn, pages);
		step = large ? PSP_LARGE_PAGES : 1;
		if (psp_rmp_take(pfn, large) &&
		    (reclaim(psp, pfn, large) || psp_rmp_take(pfn, large)))
			lost += step;
	}
	return lost;
}

/**
 * psp_fwmem_give_pages() - give pages to the firmware
 * @psp: PSP
 * @pfn: first page
 * @pages: how many
 *
 * Context: psp->lock held.
 * Return: 0; -EFAULT: one of them is somebody else's, and none has been given; -EIO: the
 * same, but some that had been given did not come back.
 */
int psp_fwmem_give_pages(struct psp *psp, u64 pfn, unsigned long pages)
{
	unsigned long done, step;
	bool large;
	int ret;

	for (done = 0; done < pages; done += step) {
		large = is_large(pfn + done, pages - done);
		step = large ? PSP_LARGE_PAGES : 1;
		ret = psp_fwmem_give_page(pfn + done, large);
		if (!ret)
			continue;
		/* with the same steps, up to here */
		while (done) {
			step = is_large(pfn, done) ? PSP_LARGE_PAGES : 1;
			if (psp_fwmem_take_pages(psp, pfn, step))
				ret = -EIO;
			pfn += step;
			done -= step;
		}
		return ret;
	}
	return 0;
}

/**
 * psp_fwmem_give() - memory becomes the firmware's, for longer than a command
 * @psp: PSP
 * @mem: memory, or none
 *
 * Context: psp->lock held.
 * Return: 0, or as psp_fwmem_give_pages().
 */
int psp_fwmem_give(struct psp *psp, struct psp_fwmem *mem)
{
	int ret = 0;

	lockdep_assert_held(&psp->lock);
	/* a page that was lost before SNP was initialised anew is not in the RMP any more */
	if (psp->snp_up && mem->virt && !psp_rmp_assigned(PHYS_PFN(__pa(mem->virt))))
		ret = psp_fwmem_give_pages(psp, PHYS_PFN(__pa(mem->virt)), psp_fwmem_pages(mem));
	if (ret != -EFAULT)
		psp_fwmem_hand_over(mem);
	if (ret == -EIO)
		psp_fwmem_lose(mem);
	return ret;
}

/**
 * psp_fwmem_take() - and ours again
 * @psp: PSP
 * @mem: memory, or none; what cannot be taken back is lost
 *
 * Context: psp->lock held.
 */
void psp_fwmem_take(struct psp *psp, struct psp_fwmem *mem)
{
	lockdep_assert_held(&psp->lock);
	if (psp->snp_up && mem->virt && mem->state != PSP_FWMEM_OURS &&
	    psp_fwmem_take_pages(psp, PHYS_PFN(__pa(mem->virt)), psp_fwmem_pages(mem)))
		psp_fwmem_lose(mem);
	else
		psp_fwmem_take_back(mem);
}

/* The pages of buffer @i that change hands for a command. */
static struct psp_lent_pages buffer_pages(const struct psp_call *call, unsigned int i)
{
	const struct psp_buf *buf = &call->row->buf[i];
	struct psp_lent_pages lent = {};
	phys_addr_t addr;
	u32 len;

	if (!psp_buf_there(call->row, i, call->fw.byte) || !psp_changes_hands(buf))
		return lent;
	addr = psp_fw_get_addr(&call->fw, buf->addr);
	len = psp_len_in_block(buf) ? psp_fw_get32(&call->fw, buf->len) : buf->max;
	if (psp_is_large(buf, call->fw.byte))
		len = PSP_LARGE_PAGES << PAGE_SHIFT;
	if (!addr || !len)
		return lent;
	lent.pfn = PHYS_PFN(addr);
	lent.pages = PFN_UP(addr + len) - lent.pfn;
	return lent;
}

/* The page of an SNP guest's that comes along with a command, or is its own already. */
static int give_to_guest(const struct psp_call *call, const struct psp_buf *buf,
			 const struct psp_lent_pages *lent)
{
	bool already = buf->before == SEV_FW_PAGE_PRE_SWAP;
	int ret;

	if (psp_rmp_assigned(lent->pfn) != already)
		return already ? -ENOENT : -EEXIST;
	ret = already ? psp_rmp_hold_guest(lent->pfn, call->gpa, call->asid) :
			psp_rmp_give_guest(lent->pfn, call->gpa, call->asid);
	return ret ? -EFAULT : 0;
}

/*
 * The pages of a buffer once its command is over: they stay the guest's if they have become
 * so, are the guest's again if they were before and have not left it, and else the host's.
 * Return: true if there are some that can be neither.
 */
static bool settle(struct psp *psp, const struct psp_buf *buf, const struct psp_lent_pages *lent,
		   bool done)
{
	if (!lent->pages || (done && buf->before == SEV_FW_PAGE_PRE_GUEST))
		return false;
	if (buf->before == SEV_FW_PAGE_PRE_SWAP && !(done && psp_moves_out(buf)))
		return reclaim(psp, lent->pfn, false);
	return psp_fwmem_take_pages(psp, lent->pfn, lent->pages);
}

/**
 * psp_fwmem_lend() - give the firmware what a command lets it write
 * @psp: PSP
 * @call: command, with addresses; stuck if something of it is lost
 * @lent: one for each buffer; receives what was given, since the firmware may change the
 *	lengths in the block
 *
 * Context: psp->lock held.
 * Return: 0; -EFAULT: there is a page among it that is somebody else's; -EEXIST: it is to
 * be a guest's, and is already; -ENOENT: it is to be the guest's already, and is not.
 * psp_fwmem_return() is due in any case.
 */
int psp_fwmem_lend(struct psp *psp, struct psp_call *call, struct psp_lent_pages *lent)
{
	unsigned int i;
	int ret = 0;

	lockdep_assert_held(&psp->lock);
	memset(lent, 0, SEV_FW_BUFS * sizeof(*lent));
	if (!psp->snp_up || psp->end != PSP_ALIVE || (call->theirs && call->row->snp))
		return 0;
	for (i = 0; !ret && i < SEV_FW_BUFS; i++) {
		if (psp_answer_begin(psp, call, i, &lent[i]))
			continue;
		lent[i] = buffer_pages(call, i);
		if (lent[i].pages && psp_is_guests(&call->row->buf[i]))
			ret = give_to_guest(call, &call->row->buf[i], &lent[i]);
		else
			ret = psp_fwmem_give_pages(psp, lent[i].pfn, lent[i].pages);
		if (ret)
			lent[i].pages = 0;
		call->stuck |= ret == -EIO;
	}
	return ret;
}

/**
 * psp_fwmem_return() - take back what psp_fwmem_lend() and _lend_block() gave
 * @psp: PSP
 * @call: command, as it came back; stuck if something of it is lost
 * @lent: from psp_fwmem_lend()
 *
 * Context: psp->lock held.
 */
void psp_fwmem_return(struct psp *psp, struct psp_call *call, const struct psp_lent_pages *lent)
{
	bool block = psp->block_lent;
	unsigned int i;

	lockdep_assert_held(&psp->lock);
	psp->block_lent = false;
	for (i = 0; i < SEV_FW_BUFS; i++)
		if (lent[i].home)
			psp_answer_end(psp, call, i, &lent[i]);
	/* the command has not been answered: nothing comes back */
	if (psp->end != PSP_ALIVE)
		return;
	if (block && psp_fwmem_take_pages(psp, PHYS_PFN(__pa(psp->cmd_buf.virt)), 1))
		psp_mailbox_lose_block(psp);
	for (i = 0; i < SEV_FW_BUFS; i++) {
		const struct psp_buf *buf = &call->row->buf[i];

		if (!settle(psp, buf, &lent[i], call->status == SEV_FW_STATUS_SUCCESS))
			continue;
		call->stuck = true;
		if (psp_is_guests(buf))
			psp_asid_mark_lost(psp, call->asid);
	}
}
