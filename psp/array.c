// SPDX-License-Identifier: GPL-2.0
/*
 * Many blocks by one ioctl. Files and guest are looked up once, and while the firmware is at
 * one command, the one before is copied out and the next one is prepared: a firmware that
 * takes as long as that costs nobody any time.
 *
 * The PSP belongs to nobody over an array. psp->lock is taken to post a command and to
 * finish it; it is not held while user memory is touched, which may take as long as the
 * caller likes, and whoever comes then finishes the command itself. A turn of an array is
 * two milliseconds of the firmware's time, if others wait, or one command that takes longer.
 *
 * Two commands are on their way at a time: one is with the firmware, and one is being
 * prepared. If the firmware takes them from its ring (ring.c), there are more. The result of
 * each is written to its envelope. All that is outstanding if the firmware dies are the
 * commands that it has been given.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "psp.h"
#include "psp_guest.h"

static_assert(sizeof(struct sev_fw_array) == 24);

/**
 * struct slot - one command on its way
 * @issue: envelope, and where it comes from
 * @row: command
 * @block: its block
 * @bufs: buffers that the block points to
 * @spare: memory for each of them, which the slot's next command gets if it is of the same shape
 * @shape: of the slot's last command, for each buffer of its row: length, and 1; 0: none
 * @shaped: row of that command
 * @call: the firmware's block
 * @mapped: @bufs are to be released
 * @whole: the block is one firmware command, which can be posted
 * @posted: the command has been posted
 * @ret: the result
 * @index: number of its envelope
 */
struct slot {
	struct psp_issue issue;
	const struct psp_row *row;
	struct psp_user_block block;
	struct psp_buffers bufs;
	struct psp_fwmem spare[SEV_FW_BUFS];
	u64 shape[SEV_FW_BUFS];
	const struct psp_row *shaped;
	struct psp_call call;
	bool mapped;
	bool whole;
	bool posted;
	int ret;
	u32 index;
};

/**
 * struct psp_array - an array of envelopes on its way
 * @uarray: where the caller has the description
 * @in: the description, copied in
 * @cmds: envelopes, copied in
 * @psp: PSP
 * @issue: where all of them come from
 * @slot: commands on their way, the envelope's number modulo @slots
 * @slots: how many there is room for
 * @begun: how many envelopes have been taken up
 * @ended: how many of these have been concluded; the others have been posted
 * @turn_ns: how long the firmware has worked for it since others had their turn
 * @done: how many are done
 * @error: the last answer of the firmware
 * @ret: first failure
 */
struct psp_array {
	struct sev_fw_array __user *uarray;
	struct sev_fw_array in;
	struct sev_fw_cmd *cmds;
	struct psp *psp;
	const struct psp_issue *issue;
	struct slot *slot;
	unsigned int slots;
	u32 begun;
	u32 ended;
	u64 turn_ns;
	u32 done;
	u32 error;
	int ret;
};

static struct sev_fw_cmd __user *envelope(const struct psp_array *array, u32 index)
{
	return (struct sev_fw_cmd __user *)u64_to_user_ptr(array->in.cmds) + index;
}

static bool goes_on(const struct psp_array *array)
{
	return array->in.flags & SEV_FW_ARRAY_GO_ON;
}

/* Has it ended, by a failure or because the caller is being killed? */
static bool is_over(const struct psp_array *array)
{
	return (array->ret && !goes_on(array)) || fatal_signal_pending(current);
}

/*
 * A save area is locked from begin to end: no two at a time, nor the same one twice. Nor is
 * private memory there for longer than the firmware is asked.
 */
static bool lends(const struct psp_row *row)
{
	const struct psp_buf *buf;

	for (buf = row->buf; buf < row->buf + SEV_FW_BUFS; buf++)
		if (buf->kind == SEV_FW_BUF_VMSA || buf->kind == SEV_FW_BUF_PRIVATE)
			return true;
	return false;
}

static void free_spares(struct slot *slot)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		psp_fwmem_free(&slot->spare[i]);
}

/*
 * Does the firmware write as much as it has for the slot's last command, so that nothing of that
 * one is left to be seen? A length in the block decides; an output without one may be shorter
 * than its page.
 */
static bool has_same_shape(struct slot *slot)
{
	const struct psp_row *row = slot->row;
	bool same = row == slot->shaped;
	unsigned int i;
	u64 shape;

	for (i = 0; i < SEV_FW_BUFS; i++) {
		const struct psp_buf *buf = &row->buf[i];

		shape = psp_buf_there(row, i, slot->block.byte) ?
			1 + (u64)psp_user_len(buf, &slot->block) : 0;
		same &= shape == slot->shape[i] &&
			(!shape || !(buf->dir & SEV_FW_BUF_WRITE) || psp_len_in_block(buf));
		slot->shape[i] = shape;
	}
	slot->shaped = row;
	return same;
}

static int prepare_buffers(struct psp_array *array, struct slot *slot)
{
	const struct psp_row *row = slot->row;
	struct psp_guest *guest = slot->issue.guest;
	u32 size;
	int ret;

	psp_call_init(&slot->call, row);
	slot->call.caller = array;
	slot->call.go_on = goes_on(array);
	slot->mapped = true;
	slot->bufs.absent = false;
	slot->bufs.kernel = NULL;
	slot->bufs.spare = slot->spare;
	if (!has_same_shape(slot))
		free_spares(slot);
	ret = psp_buffers_map(&slot->bufs, row, &slot->block, guest);
	if (guest)
		guest->pages_locked += slot->bufs.pinned;	/* the next one has less */
	if (ret)
		return ret;
	size = psp_buffers_slice(&slot->bufs, 0);
	slot->whole = !lends(row) && (row->each == PSP_ONCE ||
		      (row->each == PSP_EACH_RUN && size >= slot->bufs.total));
	if (!slot->whole)
		return 0;
	psp_fill_for(row, &slot->block, &slot->issue, &slot->call);
	ret = psp_buffers_begin(&slot->bufs, 0, size, &slot->call.fw);
	return ret ? psp_buffers_end(&slot->bufs, 0, &slot->call, ret) : 0;
}

/* All that can be done before the firmware is asked. */
static int prepare(struct psp_array *array, struct slot *slot)
{
	int ret;

	slot->mapped = false;
	slot->whole = false;
	slot->posted = false;
	slot->issue.seen = false;
	slot->issue.cmd.error = SEV_FW_NO_CALL;
	ret = psp_admit(array->psp, &slot->issue, &slot->row);
	if (!ret)
		ret = psp_block_in(slot->row, &slot->issue.cmd, &slot->block);
	return ret ?: prepare_buffers(array, slot);
}

static void release(struct slot *slot)
{
	if (!slot->mapped)
		return;
	if (slot->issue.guest)
		slot->issue.guest->pages_locked -= slot->bufs.pinned;
	psp_buffers_unmap(&slot->bufs, slot->call.stuck);
	slot->mapped = false;
}

/* The firmware's part is over, or will be when this has waited for it. */
static int end_whole(struct psp_array *array, struct slot *slot)
{
	struct psp_call *call = &slot->call;
	int ret = psp_finish(array->psp, call);

	slot->issue.seen = call->status != SEV_FW_NO_CALL || call->stuck;
	ret = psp_buffers_end(&slot->bufs, 0, call, ret);
	if (slot->row->each != PSP_ONCE)
		psp_fw_put32(&call->fw, slot->row->buf[0].len, ret ? 0 : slot->bufs.total);
	return ret;
}

/* Copy out, tell, and account for it. */
static void conclude(struct psp_array *array, struct slot *slot)
{
	bool mapped = slot->mapped;

	if (slot->posted)
		slot->ret = end_whole(array, slot);
	if (slot->ret)	/* the caller has not got everything that is in it */
		slot->bufs.spare = NULL;
	release(slot);
	if (mapped)
		slot->ret = psp_block_out(&slot->issue, &slot->call, &slot->block, slot->ret);
	slot->ret = psp_tell_dead(array->psp, &slot->issue, slot->ret);
	if (put_user(slot->issue.cmd.error, &envelope(array, slot->index)->error))
		slot->ret = -EFAULT;
	if (slot->ret != -ECANCELED)
		array->error = slot->issue.cmd.error;
	if (slot->issue.seen)
		array->turn_ns += slot->call.firmware_ns;
	array->ret = array->ret ?: slot->ret;
	if (!array->ret || goes_on(array))
		array->done++;
}

static struct slot *slot_of(const struct psp_array *array, u32 index)
{
	return &array->slot[index % array->slots];
}

/* The oldest of those that have been posted. */
static void conclude_oldest(struct psp_array *array)
{
	conclude(array, slot_of(array, array->ended++));
}

static void conclude_all(struct psp_array *array)
{
	while (array->ended < array->begun)
		conclude_oldest(array);
}

/* Have the firmware begin with it, if what it has been given before succeeds. */
static void post(struct psp_array *array, struct slot *slot)
{
	bool first = array->ended == array->begun;
	const struct slot *last = first ? NULL : slot_of(array, array->begun - 1);

	slot->ret = psp_post(array->psp, &slot->call,
			     last && !goes_on(array) ? &last->call : NULL);
	slot->posted = !slot->ret;
	if (slot->ret)
		psp_buffers_end(&slot->bufs, 0, &slot->call, slot->ret);
	/* the platform has to be initialised, or pages change hands: the long way */
	if (slot->ret == -EAGAIN) {
		slot->whole = false;
		slot->ret = 0;
	}
}

/* Those that the firmware has may need, with one more, more than the caller may lock. */
static int prepare_one_more(struct psp_array *array, struct slot *slot)
{
	int ret = prepare(array, slot);

	while (ret == -ENOMEM && array->ended < array->begun && !is_over(array)) {
		release(slot);
		free_spares(slot);
		conclude_oldest(array);
		free_spares(slot_of(array, array->ended - 1));
		ret = is_over(array) ? -ECANCELED : prepare(array, slot);
	}
	return ret;
}

/* How many may be posted; there is room for one more, which is being prepared. */
static u32 depth(const struct psp_array *array)
{
	return min(psp_ring_depth(array->psp), array->slots - 1);
}

/* One envelope: posted, or concluded as all before it. */
static void step(struct psp_array *array, struct slot *slot)
{
	slot->ret = prepare_one_more(array, slot);
	if (!slot->ret && slot->whole)
		post(array, slot);
	if (slot->posted) {
		array->begun++;
		while (array->begun - array->ended > depth(array))
			conclude_oldest(array);
		return;
	}
	conclude_all(array);
	if (is_over(array)) {
		release(slot);
		return;
	}
	if (!slot->ret && !slot->whole)
		slot->ret = psp_submit_slices(array->psp, &slot->issue, &slot->bufs, &slot->call,
					      &slot->block);
	array->begun++;
	conclude_oldest(array);
}

static void run(struct psp_array *array)
{
	struct slot *slot;

	while (array->begun < array->in.count && !is_over(array)) {
		slot = slot_of(array, array->begun);
		slot->issue = *array->issue;
		slot->issue.cmd = array->cmds[array->begun];
		slot->index = array->begun;
		step(array, slot);
		psp_take_turns(array->psp, &array->turn_ns);
	}
	conclude_all(array);
	psp_end_posts(array->psp, array);
	if (array->done < array->in.count && !array->ret)
		array->ret = -EINTR;
}

/* Room for the commands that are on their way. */
static int run_in_slots(struct psp_array *array)
{
	unsigned int i;

	array->slots = psp_ring_slots(array->psp, array->in.count);
	array->slot = kvcalloc(array->slots, sizeof(*array->slot), GFP_KERNEL_ACCOUNT);
	if (!array->slot)
		return -ENOMEM;
	run(array);
	for (i = 0; i < array->slots; i++)
		free_spares(&array->slot[i]);
	kvfree_sensitive(array->slot, array->slots * sizeof(*array->slot));
	return array->ret;
}

/* Nothing has been done before all of it is known to be well-formed. */
static int check_envelopes(const struct psp_array *array)
{
	const struct sev_fw_cmd *cmd;
	const struct psp_row *row;

	for (cmd = array->cmds; cmd < array->cmds + array->in.count; cmd++) {
		if (cmd->id & SEV_FW_FLAGS || cmd->fd != array->cmds->fd)
			return -EINVAL;
		row = psp_offered_row(array->psp, cmd->id);
		if (!row)
			return -EOPNOTSUPP;
		if (!psp_row_in_array(row))
			return -EPERM;
	}
	return 0;
}

/**
 * psp_array_load() - copy an array of envelopes in
 * @uarray: description
 *
 * Context: process context.
 * Return: the array, for psp_array_end(), or an ERR_PTR: -EFAULT, -EINVAL, -ENOMEM.
 */
struct psp_array *psp_array_load(void __user *uarray)
{
	struct psp_array *array = kzalloc(sizeof(*array), GFP_KERNEL_ACCOUNT);
	int ret = -EFAULT;

	if (!array)
		return ERR_PTR(-ENOMEM);
	array->uarray = uarray;
	array->error = SEV_FW_NO_CALL;
	if (copy_from_user(&array->in, uarray, sizeof(array->in)) ||
	    put_user(0, &array->uarray->done))
		goto free;
	ret = -EINVAL;
	if (!array->in.count || array->in.count > SEV_FW_ARRAY_MAX || array->in.reserved ||
	    array->in.flags & ~SEV_FW_ARRAY_GO_ON)
		goto free;
	array->cmds = vmemdup_user(u64_to_user_ptr(array->in.cmds),
				   array->in.count * sizeof(*array->cmds));
	if (!IS_ERR(array->cmds))
		return array;
	ret = PTR_ERR(array->cmds);
free:
	kfree(array);
	return ERR_PTR(ret);
}

/**
 * psp_array_fd() - which file are the commands for?
 * @array: array
 *
 * Return: what all of its envelopes must have.
 */
int psp_array_fd(const struct psp_array *array)
{
	return array->cmds->fd;
}

/**
 * psp_array_run() - execute the commands of an array
 * @array: array
 * @issue: where they come from; @issue->cmd.error becomes the last answer of the firmware
 *
 * Context: process context, with the guest's lock held if there is a guest.
 * Return: 0 or an errno as documented in <linux/sev-fw.h>.
 */
int psp_array_run(struct psp_array *array, struct psp_issue *issue)
{
	u32 i;

	array->psp = psp_get();
	if (!array->psp)
		return -ENODEV;
	array->issue = issue;
	array->ret = check_envelopes(array);
	for (i = 0; !array->ret && i < array->in.count; i++)
		if (put_user(SEV_FW_NO_CALL, &envelope(array, i)->error))
			array->ret = -EFAULT;
	if (!array->ret)
		array->ret = run_in_slots(array);
	issue->cmd.error = array->error;
	psp_put(array->psp);
	return array->ret;
}

/**
 * psp_array_end() - tell how much was done, and release the array
 * @array: from psp_array_load()
 * @ret: result of the ioctl so far
 *
 * Return: @ret, or -EFAULT.
 */
int psp_array_end(struct psp_array *array, int ret)
{
	if (put_user(array->done, &array->uarray->done))
		ret = -EFAULT;
	kvfree(array->cmds);
	kfree_sensitive(array);
	return ret;
}
