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
#include <linux/sched.h>
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
 * psp_call_init() - begin with a call
 * @call: call, whose block is left as it is: it is filled in before it is looked at
 * @row: command
 */
void psp_call_init(struct psp_call *call, const struct psp_row *row)
{
	call->row = row;
	call->new_handle = NULL;
	call->status = SEV_FW_NO_CALL;
	call->expected = 0;
	call->queue_ns = 0;
	call->firmware_ns = 0;
	call->gpa = 0;
	call->stuck = false;
	call->done = false;
	call->theirs = false;
	call->posted = false;
	call->ret = 0;
}

/**
 * psp_fill_for() - make the firmware's block out of the caller's
 * @row: command
 * @block: checked block
 * @issue: where it comes from
 * @call: receives it, without addresses
 */
void psp_fill_for(const struct psp_row *row, const struct psp_user_block *block,
		  const struct psp_issue *issue, struct psp_call *call)
{
	const struct psp_guest *guest = issue->guest;
	struct psp_fill fill = {};

	if (guest) {
		fill.handle = guest->handle;
		fill.asid = guest->asid;
		fill.share = issue->share;
	}
	psp_fill(row, block, &fill, &call->fw);
	call->asid = fill.asid;
	if (guest)
		psp_call_put_context(call, guest->context);
}

/* One firmware command of those that a block asks for, once its pages are in place. */
struct slice {
	struct psp *psp;
	struct psp_issue *issue;
	struct psp_call *call;
};

static int submit_slice(void *arg)
{
	const struct slice *slice = arg;
	struct psp_issue *issue = slice->issue;
	struct psp_call *call = slice->call;
	struct psp_guest *guest = issue->guest;
	int ret;

	if (call->row->then == PSP_THEN_OPEN)
		ret = psp_submit_start(slice->psp, call, guest->asid);
	else if (call->row->then == PSP_THEN_LAUNCH)
		ret = psp_submit_launch(slice->psp, call, guest);
	else
		ret = psp_submit(slice->psp, call);
	issue->seen |= call->status != SEV_FW_NO_CALL || call->stuck;
	return ret;
}

/**
 * psp_submit_slices() - issue the firmware commands that a block asks for
 * @psp: PSP
 * @issue: where it comes from
 * @bufs: buffers of the block
 * @call: receives what came back
 * @block: checked block
 *
 * Return: 0, or what is documented of the command.
 */
int psp_submit_slices(struct psp *psp, struct psp_issue *issue, struct psp_buffers *bufs,
		      struct psp_call *call, const struct psp_user_block *block)
{
	struct slice slice = { .psp = psp, .issue = issue, .call = call };
	const struct psp_row *row = call->row;
	u32 pos = 0, size;
	int ret;

	do {
		call->done = false;
		size = psp_buffers_slice(bufs, pos);
		psp_fill_for(row, block, issue, call);
		ret = psp_buffers_begin(bufs, pos, size, &call->fw);
		if (!ret)
			ret = psp_buffers_use(bufs, call, submit_slice, &slice);
		ret = psp_buffers_end(bufs, pos, call, ret);
		if (ret)
			break;
		if (row->each != PSP_ONCE)
			pos += size;
		cond_resched();
	} while (pos < bufs->total);

	if (row->each != PSP_ONCE)
		psp_fw_put32(&call->fw, row->buf[0].len, pos);
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
