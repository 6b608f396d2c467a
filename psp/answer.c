// SPDX-License-Identifier: GPL-2.0
/*
 * Pages for the answers of SEV's commands on a host for SNP.
 *
 * There the firmware writes to no page that has not been given to it, and may keep such a page
 * after it has written: to take one back takes a command, SNP_PAGE_RECLAIM. Therefore host
 * data goes to pages that the firmware has for as long as it wants to, and the host reads:
 * however many pages an answer has, they cost no command. Firmware that leaves a page in
 * Reclaim gets the page anew before the next answer, by RMPUPDATE alone.
 *
 * Only answers whose length is known afterwards come to these pages: what is behind it in there
 * is of an earlier answer, perhaps to another caller. The firmware tells the length, or the row
 * does. Packets of guest memory are as long as that, whatever the room for them, and go to
 * pages that the host has erased before. So do the answers of SNP's commands, which come back
 * by themselves.
 *
 * All of it happens under psp->lock, around the command. The pages come back before SNP
 * is shut down, see snp.c; one that does not is lost, as fwmem.c has it.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "addr.h"
#include "psp.h"

#define ANSWER_SIZE	(4 * PAGE_SIZE)

/**
 * psp_answer_init() - get pages for answers
 * @psp: PSP of a host for SNP
 *
 * Return: 0 or -ENOMEM; psp_answer_exit() is due in any case.
 */
int psp_answer_init(struct psp *psp)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < SEV_FW_BUFS && !ret; i++)
		if (!psp->answer[i].virt)
			ret = psp_fwmem_alloc(&psp->answer[i], ANSWER_SIZE, GFP_KERNEL);
	return ret;
}

/**
 * psp_answer_exit() - release what psp_answer_init() took
 * @psp: PSP, taken down
 */
void psp_answer_exit(struct psp *psp)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		psp_fwmem_free(&psp->answer[i]);
}

static bool has_guest_memory(const struct psp_row *row)
{
	const struct psp_buf *buf;

	for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++)
		if (buf->kind == SEV_FW_BUF_GUEST || buf->kind == SEV_FW_BUF_VMSA)
			return true;
	return false;
}

/* Return: pages for that buffer, or NULL. */
static struct psp_fwmem *answer_for(struct psp *psp, const struct psp_call *call, unsigned int i)
{
	const struct psp_buf *buf = &call->row->buf[i];
	struct psp_fwmem *mem;
	u32 len;

	if (call->row->snp || buf->kind != SEV_FW_BUF_BLOB || buf->dir != SEV_FW_BUF_WRITE ||
	    !psp_len_in_block(buf) || !psp_writes_block(call->row) || has_guest_memory(call->row))
		return NULL;
	len = psp_fw_get32(&call->fw, buf->len);
	mem = &psp->answer[i];
	return len && len <= ANSWER_SIZE && mem->virt && mem->state != PSP_FWMEM_LOST ? mem : NULL;
}

/* The firmware has some of these pages already. */
static int give(struct psp_fwmem *mem, u32 len)
{
	u64 pfn = PHYS_PFN(__pa(mem->virt)), end = pfn + PFN_UP(len);
	int ret = 0;

	psp_fwmem_hand_over(mem);
	for (; pfn < end && !ret; pfn++)
		if (!psp_rmp_assigned(pfn))
			ret = psp_fwmem_give_page(pfn, false);
	return ret;
}

/**
 * psp_answer_begin() - have the answer of a command come to pages that are the firmware's
 * @psp: PSP, SNP is up
 * @call: command, with addresses; its buffer gets another one
 * @i: number of the buffer
 * @lent: receives what psp_answer_end() needs
 *
 * Context: psp->lock held.
 * Return: true; false if that is no such answer, or there is no room for it.
 */
bool psp_answer_begin(struct psp *psp, struct psp_call *call, unsigned int i,
		      struct psp_lent_pages *lent)
{
	struct psp_fwmem *mem = answer_for(psp, call, i);
	u8 at = call->row->buf[i].addr;

	lockdep_assert_held(&psp->lock);
	if (!mem || !psp_fw_get_addr(&call->fw, at))
		return false;
	lent->len = psp_fw_get32(&call->fw, call->row->buf[i].len);
	if (give(mem, lent->len))
		return false;
	memcpy(&lent->home, call->fw.byte + at, sizeof(lent->home));
	psp_fw_put_addr(&call->fw, at, psp_addr_virt(mem->virt));
	return true;
}

/**
 * psp_answer_end() - and from there to where it was to go
 * @psp: PSP
 * @call: command, as it came back; gets the address back that it came with
 * @i: number of the buffer
 * @lent: from psp_answer_begin()
 *
 * A page that the firmware has left in Reclaim is the host's after that, and is erased, whatever
 * the status: the firmware refuses such a page when it is to write the next answer.
 *
 * Context: psp->lock held.
 */
void psp_answer_end(struct psp *psp, struct psp_call *call, unsigned int i,
		    const struct psp_lent_pages *lent)
{
	const struct psp_buf *buf = &call->row->buf[i];
	void *from = psp->answer[i].virt;
	void *end = from + PAGE_ALIGN(lent->len);

	memcpy(call->fw.byte + buf->addr, &lent->home, sizeof(lent->home));
	if (call->status == SEV_FW_NO_CALL)
		return;
	if (call->status == SEV_FW_STATUS_SUCCESS)
		memcpy(phys_to_virt(psp_fw_get_addr(&call->fw, buf->addr)), from,
		       min(lent->len, buf->writes ?: psp_fw_get32(&call->fw, buf->len)));
	for (; from < end; from += PAGE_SIZE)
		if (!psp_rmp_take(PHYS_PFN(__pa(from)), false))
			memset(from, 0, PAGE_SIZE);
}
