// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware commands that a block asks for: one, or one for each vCPU, or for each
 * physically contiguous run of guest memory.
 *
 * Runs. While the firmware works on one run, the command for the next one is made, outside
 * of psp->lock, so that the firmware waits for no more than a doorbell. Two commands are on
 * their way at a time, of which the firmware knows one; if it takes them from its ring
 * (ring.c), there are more. A run that fails is the last one: those after it are not executed.
 *
 * psp->lock is taken for each run. After PSP_TURN_NS of the firmware's time those who wait
 * for the PSP go first, so that a load of a guest's memory, which may take minutes, does not
 * hold up everybody else. For the same reason it ends between two runs if its caller is
 * being killed.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "psp.h"
#include "psp_guest.h"

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
	call->reads = false;
	call->theirs = false;
	call->caller = NULL;
	call->go_on = false;
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
	call->reads = !issue->writable;
	if (guest)
		psp_call_put_context(call, guest->context);
}

/**
 * struct run - one firmware command, on its way
 * @call: command
 * @end: where in the memory it ends
 */
struct run {
	struct psp_call call;
	u32 end;
};

/**
 * struct runs - the runs of a block, on their way
 * @psp: PSP
 * @issue: where the block comes from
 * @bufs: buffers of the block
 * @block: checked block
 * @run: the commands that are on their way, by number modulo @slots
 * @slots: how many there is room for
 * @begun: how many have been made
 * @ended: how many of these are over; the others have been posted
 * @told: the call whose answer the caller gets, or NULL if there is none yet
 * @done: bytes that the firmware has dealt with
 * @stuck: one of them has not been answered
 * @turn_ns: time that the firmware has taken since others had their turn
 */
struct runs {
	struct psp *psp;
	struct psp_issue *issue;
	struct psp_buffers *bufs;
	const struct psp_user_block *block;
	struct run *run;
	unsigned int slots;
	u32 begun;
	u32 ended;
	const struct psp_call *told;
	u32 done;
	bool stuck;
	u64 turn_ns;
};

/*
 * Can the commands that a block asks for be posted one after another? Not if there is only
 * one; if a buffer is bounced, lent or moved for each of them; if a command's success
 * changes the driver's state; or if pages change hands under psp->lock, as with SNP.
 */
static bool is_runs(const struct psp *psp, struct psp_buffers *bufs)
{
	const struct psp_row *row = bufs->row;
	unsigned int i;

	if (READ_ONCE(psp->snp_up) || row->each != PSP_EACH_RUN || row->then != PSP_THEN_NOTHING)
		return false;
	for (i = 0; i < bufs->nr; i++)
		if (!bufs->map[i].pages)
			return false;
	return psp_buffers_slice(bufs, 0) < bufs->total;
}

static struct run *run_of(const struct runs *runs, u32 number)
{
	return &runs->run[number % runs->slots];
}

static int make_call(struct runs *runs, struct psp_call *call, u32 at, u32 size)
{
	psp_call_init(call, runs->bufs->row);
	call->caller = runs;
	psp_fill_for(call->row, runs->block, runs->issue, call);
	return psp_buffers_begin(runs->bufs, at, size, &call->fw);
}

/* The firmware has dealt with a command, or has failed to. */
static int note_end(struct runs *runs, const struct run *run, int ret)
{
	runs->told = &run->call;
	runs->issue->seen |= run->call.status != SEV_FW_NO_CALL || run->call.stuck;
	runs->turn_ns += run->call.firmware_ns;
	if (!ret)
		runs->done = run->end;
	return ret;
}

/* Until no more than @left are with the firmware. Stops at the first that has failed. */
static int finish(struct runs *runs, u32 left)
{
	struct run *run;
	int ret = 0;

	while (!ret && runs->begun - runs->ended > left) {
		run = run_of(runs, runs->ended++);
		ret = note_end(runs, run, psp_finish(runs->psp, &run->call));
	}
	return ret;
}

/* Those after a failure: the firmware, or who holds psp->lock, must be done with them. */
static void finish_rest(struct runs *runs)
{
	struct run *run;

	while (runs->begun > runs->ended) {
		run = run_of(runs, runs->ended++);
		psp_finish(runs->psp, &run->call);
		runs->issue->seen |= run->call.stuck;
		runs->stuck |= run->call.stuck;
	}
}

/* Have the firmware begin with @run, which has been made. */
static int begin(struct runs *runs, struct run *run)
{
	bool first = runs->begun == runs->ended;
	const struct psp_call *last = first ? NULL : &run_of(runs, runs->begun - 1)->call;
	int ret = psp_post(runs->psp, &run->call, last), before;

	if (!ret) {
		runs->begun++;
		return finish(runs, min(psp_ring_depth(runs->psp), runs->slots - 1));
	}
	before = finish(runs, 0);
	if (before)	/* and @run has not been posted */
		return before;
	/* The platform has to be initialised, or pages change hands: the long way. */
	if (ret == -EAGAIN)
		return note_end(runs, run, psp_submit(runs->psp, &run->call));
	runs->told = &run->call;
	return ret;
}

static int do_runs(struct runs *runs)
{
	struct run *run;
	u32 at, size;
	int ret;

	for (at = 0; at < runs->bufs->total; at += size) {
		run = run_of(runs, runs->begun);
		size = psp_buffers_slice(runs->bufs, at);
		run->end = at + size;
		ret = make_call(runs, &run->call, at, size);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			return finish(runs, 0) ?: ret;
		ret = begin(runs, run);
		if (ret)
			return ret;
		psp_take_turns(runs->psp, &runs->turn_ns);
	}
	return finish(runs, 0);
}

/* @call receives the last answer; its length becomes that of the memory that was done. */
static int submit_runs(struct psp *psp, struct psp_issue *issue, struct psp_buffers *bufs,
		       struct psp_call *call, const struct psp_user_block *block)
{
	struct runs runs = {
		.psp = psp, .issue = issue, .bufs = bufs, .block = block,
		.slots = psp_ring_slots(psp, DIV_ROUND_UP(bufs->total, PAGE_SIZE)),
	};
	int ret;

	runs.run = kvcalloc(runs.slots, sizeof(*runs.run), GFP_KERNEL_ACCOUNT);
	if (!runs.run)
		return -ENOMEM;
	ret = do_runs(&runs);
	finish_rest(&runs);
	psp_end_posts(psp, &runs);
	if (runs.told)
		*call = *runs.told;
	call->stuck |= runs.stuck;
	bufs->from = runs.done;	/* the firmware has been told of several runs */
	psp_fw_put32(&call->fw, call->row->buf[0].len, runs.done);
	kvfree_sensitive(runs.run, runs.slots * sizeof(*runs.run));
	return ret;
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

	if (is_runs(psp, bufs))
		return submit_runs(psp, issue, bufs, call, block);
	do {
		/* a load of a guest's memory may take minutes */
		if (pos && fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
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
