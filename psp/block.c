// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a block: copied in once and checked against its row, filled, its buffers
 * mapped, submitted, scrubbed, copied back. Every command lives the same life, whichever
 * door it came in by, alone, in an array or out of a legacy struct; commands differ in
 * their rows only.
 *
 * Everything that can be refused is refused before the firmware is asked. After that,
 * the firmware's output goes back to the caller even if the command failed.
 */
#include <linux/uaccess.h>

#include "compat.h"
#include "psp.h"
#include "psp_guest.h"

/**
 * psp_block_in() - copy a block in, and check it
 * @row: command
 * @cmd: envelope
 * @block: receives the block
 *
 * The only copy from user memory: a second one could see other bytes than were checked.
 * The same holds for a legacy struct, see engine.c. Bytes that a shorter block lacks are
 * zero; the tail of a block that is longer than this driver knows must be zero.
 *
 * Return: 0, -EINVAL, -E2BIG or -EFAULT.
 */
int psp_block_in(const struct psp_row *row, const struct sev_fw_cmd *cmd,
		 struct psp_user_block *block)
{
	void __user *from = u64_to_user_ptr(cmd->data);
	int ret;

	if (!psp_takes_len(row, cmd->len))
		return -EINVAL;
	if (cmd->len > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(block, row->size, from, cmd->len);
	if (ret)
		return ret;
	if (psp_user_writable(from, psp_back_len(row, cmd->len)))
		return -EFAULT;
	return psp_check(row, block);
}

/**
 * psp_block_out() - give a block back to whom it came from
 * @issue: where it came from; its @cmd.error is set
 * @call: call, as it came back
 * @block: the block as it came
 * @ret: result of the command
 *
 * Return: @ret, or -EFAULT.
 */
int psp_block_out(struct psp_issue *issue, const struct psp_call *call,
		  struct psp_user_block *block, int ret)
{
	issue->cmd.error = call->status;
	if (!issue->seen)
		return ret;
	psp_scrub(call->row, &call->fw, block);
	if (copy_to_user(u64_to_user_ptr(issue->cmd.data), block->byte,
			 psp_back_len(call->row, issue->cmd.len)))
		return -EFAULT;
	return ret;
}

/**
 * psp_issue_block() - the block's way to firmware and back
 * @psp: PSP
 * @issue: command; its @cmd.error is set in any case
 * @row: the same
 * @block: checked block in kernel memory, with addresses of the caller's; replaced by what
 *	came back
 *
 * Context: process context, with the guest's lock held if there is a guest.
 * Return: 0 or an errno as documented in <linux/sev-fw.h>.
 */
int psp_issue_block(struct psp *psp, struct psp_issue *issue, const struct psp_row *row,
		    struct psp_user_block *block)
{
	struct psp_buffers bufs;
	struct psp_call call;
	int ret;

	psp_call_init(&call, row);
	bufs.absent = issue->lengths;
	bufs.kernel = issue->kernel;
	bufs.spare = NULL;
	ret = psp_buffers_map(&bufs, row, block, issue->guest);
	if (!ret)
		ret = psp_submit_slices(psp, issue, &bufs, &call, block);
	psp_buffers_unmap(&bufs, call.stuck);
	if (row->then == PSP_THEN_RUN && call.done)
		issue->guest->launched = true;

	issue->cmd.error = call.status;
	if (issue->seen)
		psp_scrub(row, &call.fw, block);
	return ret;
}
