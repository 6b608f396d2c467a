// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's ring: many commands to the hardware at a time. The driver writes them into
 * a page and moves a tail, the firmware writes their statuses into another page and moves a
 * head, and goes on by itself: between two commands nobody has to wake up.
 *
 * The ring lives no longer than an array, or a block of many runs, has the PSP. Another caller
 * who takes the PSP waits for what is outstanding, and leaves the ring, since the three
 * registers of the mailbox have other meanings in it. The commands that are outstanding take
 * half a turn at the most, by the time that the firmware has been seen to take.
 *
 * Sleepers. Not each command raises the interrupt when it is done, but one in the middle of
 * those that are outstanding, the one that fails, and the end of them all. A sleeper is woken
 * by the first of these, and takes all answers that are there.
 *
 * Statuses say which commands are done. The driver marks each status before the command is
 * the firmware's, so that a head that has moved past a command without an answer, or beyond
 * the tail, is known for what it is: the firmware cannot be trusted any more, and all that is
 * outstanding is lost to it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "addr.h"
#include "psp.h"

/**
 * struct command - entry of the page of commands
 * @id: command
 * @flags: ENTRY_*
 * @software: not looked at by the firmware
 * @address: of the block
 */
struct command {
	__le16 id;
	__le16 flags;
	__le32 software;
	psp_addr_t address;
};

static_assert(sizeof(struct command) == 16);

#define ENTRY_INTERRUPT	BIT(0)	/* when this one is done */
#define ENTRY_GO_ON	BIT(1)	/* with the next one, whatever the status */

/**
 * struct answer - entry of the page of statuses
 * @status: of the command, or NO_ANSWER
 * @unused: not written by the firmware
 * @errors: more about the status
 */
struct answer {
	__le16 status;
	__u8 unused[6];
	__le64 errors;
};

static_assert(sizeof(struct answer) == 16);

#define NO_ANSWER	0xffff

/* Pages of the memory: commands, statuses, and a block for each command. */
#define COMMANDS	0
#define STATUSES	PAGE_SIZE
#define BLOCKS		(2 * PAGE_SIZE)
#define RING_SIZE	(BLOCKS + PSP_RING_DEPTH * SEV_FW_BLOCK_MAX)
static_assert((PSP_RING_DEPTH & (PSP_RING_DEPTH - 1)) == 0 && PSP_RING_DEPTH < 256);

/* How many are outstanding at the least, and before it is known how long they take. */
#define DEPTH_MIN	2

enum ring_use { RING_OFF, RING_AUTO, RING_ON };
static const char * const ring_uses[] = { "off", "auto", "on" };
static unsigned int psp_ring = RING_OFF;

static int ring_set(const char *val, const struct kernel_param *kp)
{
	int use = sysfs_match_string(ring_uses, val);

	if (use < 0) {
		pr_err("psp_ring=%.*s is refused, it must be off, auto or on; %s stays in force\n",
		       (int)strcspn(val, "\n"), val, ring_uses[psp_ring]);
		return use;
	}
	WRITE_ONCE(psp_ring, use);
	return 0;
}

static int ring_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", ring_uses[READ_ONCE(psp_ring)]);
}

static const struct kernel_param_ops ring_ops = {
	.set = ring_set,
	.get = ring_get,
};
module_param_cb(psp_ring, &ring_ops, NULL, 0644);
__MODULE_PARM_TYPE(psp_ring, "charp");
MODULE_PARM_DESC(psp_ring, "use the firmware's ring for arrays and for scattered memory: off, on, or auto: if the firmware is slow (default off)");

static u8 outstanding(const struct psp_ring *ring)
{
	return ring->tail - ring->taken;
}

static struct command *command_at(const struct psp_ring *ring, u8 at)
{
	return (struct command *)(ring->mem.virt + COMMANDS) + at;
}

static struct answer *answer_at(const struct psp_ring *ring, u8 at)
{
	return (struct answer *)(ring->mem.virt + STATUSES) + at;
}

static void *block_at(const struct psp_ring *ring, u8 at)
{
	return ring->mem.virt + BLOCKS + at % PSP_RING_DEPTH * SEV_FW_BLOCK_MAX;
}

static struct psp_call **call_at(struct psp_ring *ring, u8 at)
{
	return &ring->call[at % PSP_RING_DEPTH];
}

/**
 * psp_ring_slots() - how many commands can be on their way at a time
 * @psp: PSP
 * @count: how many there are to be at the most
 *
 * The memory of the ring is allocated by this, when it is wanted for the first time.
 *
 * Context: process context, takes psp->lock, sleeps.
 * Return: two without a ring: one is with the firmware, and one is being prepared.
 */
unsigned int psp_ring_slots(struct psp *psp, u32 count)
{
	unsigned int slots = clamp_t(u64, (u64)count + 1, 2, PSP_RING_DEPTH);
	struct psp_fwmem mem;

	if (READ_ONCE(psp_ring) == RING_OFF || READ_ONCE(psp->ring.absent) ||
	    READ_ONCE(psp->snp_up) || READ_ONCE(psp->end) != PSP_ALIVE)
		return 2;
	if (READ_ONCE(psp->ring.mem.virt))
		return slots;
	if (psp_fwmem_alloc(&mem, RING_SIZE, GFP_KERNEL))
		return 2;
	mutex_lock(&psp->lock);
	if (!psp->ring.mem.virt && psp->end == PSP_ALIVE) {
		psp->ring.mem = mem;
		mem.virt = NULL;
	}
	mutex_unlock(&psp->lock);
	psp_fwmem_free(&mem);
	return slots;
}

/**
 * psp_ring_depth() - how many commands are to be outstanding at a time
 * @psp: PSP
 *
 * Context: any; the answer may be an old one.
 * Return: one without a ring.
 */
unsigned int psp_ring_depth(const struct psp *psp)
{
	u64 each_ns = READ_ONCE(psp->ring.each_ns);

	if (!READ_ONCE(psp->ring.on))
		return 1;
	if (!each_ns)
		return DEPTH_MIN;
	return clamp_t(u64, div64_u64(PSP_TURN_NS / 2, each_ns), DEPTH_MIN, PSP_RING_DEPTH - 2);
}

/**
 * psp_ring_takes() - is the ring on, for this caller, and is that to stay so?
 * @psp: PSP
 * @call: command
 *
 * Context: psp->lock held.
 * Return: true if so; else what is posted has to be finished before the command.
 */
bool psp_ring_takes(const struct psp *psp, const struct psp_call *call)
{
	return psp->ring.on && psp->ring.caller == call->caller &&
	       READ_ONCE(psp_ring) != RING_OFF;
}

/*
 * To enter and to leave takes a command each. If others want the PSP between the caller's
 * commands, that would be more than the ring saves.
 */
static bool is_wanted(const struct psp *psp)
{
	return atomic_read(&psp->queued) || (psp->ring.displaced_ns &&
		psp_clock_since(psp->ring.displaced_ns) < PSP_TURN_NS);
}

/**
 * psp_ring_pays() - is the ring to be entered for a command, and those after it?
 * @psp: PSP for which nothing is posted, or whose ring is on for this caller
 * @call: command
 *
 * Context: psp->lock held.
 * Return: true if so.
 */
bool psp_ring_pays(const struct psp *psp, const struct psp_call *call)
{
	unsigned int use = READ_ONCE(psp_ring);

	if (psp->ring.on || use == RING_OFF || psp->ring.absent || !psp->ring.mem.virt ||
	    !psp->up || psp->snp_up || psp->end != PSP_ALIVE || !call->caller)
		return false;
	return (use == RING_ON || psp_mailbox_is_slow(psp, call->row)) && !is_wanted(psp);
}

/**
 * psp_ring_describe() - make the block of RING_BUFFER
 * @psp: PSP that has memory for a ring, which is handed over
 * @caller: whose commands it is for
 * @fw: receives the block
 *
 * Context: psp->lock held.
 */
void psp_ring_describe(struct psp *psp, const void *caller, struct psp_fw_block *fw)
{
	struct sev_fw_ring_buffer *block = (struct sev_fw_ring_buffer *)fw->byte;
	struct psp_ring *ring = &psp->ring;

	memset(fw, 0, sizeof(*fw));
	psp_fw_put_addr(fw, offsetof(struct sev_fw_ring_buffer, lo_cmd_address),
			psp_addr_virt(ring->mem.virt + COMMANDS));
	psp_fw_put_addr(fw, offsetof(struct sev_fw_ring_buffer, lo_status_address),
			psp_addr_virt(ring->mem.virt + STATUSES));
	block->lo_pages = 1;
	block->int_on_empty = 1;
	ring->caller = caller;
	ring->taken = 0;
	ring->tail = 0;
	ring->silent = 0;
	ring->kind = NULL;
	ring->failed = false;
	WRITE_ONCE(ring->each_ns, 0);
	psp_fwmem_hand_over(&ring->mem);
}

/**
 * psp_ring_begin() - RING_BUFFER has been asked for
 * @psp: PSP
 * @call: RING_BUFFER, as it came back
 *
 * Context: psp->lock held.
 */
void psp_ring_begin(struct psp *psp, const struct psp_call *call)
{
	if (call->status == SEV_FW_STATUS_SUCCESS) {
		psp_mailbox_begin_ring(psp);
		return;
	}
	if (call->status == SEV_FW_STATUS_HWERROR_UNSAFE)
		psp_fwmem_lose(&psp->ring.mem);
	/* after no answer the memory is lost already */
	else if (!call->stuck)
		psp_fwmem_take_back(&psp->ring.mem);
	/* refused, until it is initialised anew, and may be other firmware */
	if (call->status != SEV_FW_NO_CALL)
		WRITE_ONCE(psp->ring.absent, true);
}

/* The command that the firmware is said to be at. */
static void note_busy(struct psp *psp)
{
	struct psp_ring *ring = &psp->ring;

	psp->busy_since = ring->since;
	WRITE_ONCE(psp->busy, outstanding(ring) ? (*call_at(ring, ring->taken))->row : NULL);
}

/* Shall the interrupt come when this one is done? It is in the middle of what is outstanding. */
static bool is_loud(struct psp_ring *ring)
{
	if (++ring->silent < (outstanding(ring) + 1) / 2)
		return false;
	ring->silent = 0;
	return true;
}

/*
 * Another command, or one about much more memory, may take any time: few of them are to be
 * outstanding before it is known. Much more is meant of the least since then, or each could
 * be twice as long as the one before it.
 */
static void note_kind(struct psp_ring *ring, const struct psp_call *call)
{
	const struct psp_buf *buf = &call->row->buf[0];
	u32 len = 0;

	if (buf->kind && psp_len_in_block(buf))
		len = psp_fw_get32(&call->fw, buf->len);
	if (call->row != ring->kind || len > 2 * (u64)ring->len) {
		ring->kind = call->row;
		ring->kind_from = ring->tail;
		ring->mixed = true;
		WRITE_ONCE(ring->each_ns, 0);
		ring->len = len;
	}
	ring->len = min(ring->len, len);
}

/**
 * psp_ring_post() - one more command for the firmware
 * @psp: PSP whose ring is on for this caller
 * @call: command
 *
 * Context: psp->lock held.
 * Return: 0; -EIO or -ENODEV, as psp_mailbox_post(); -EBUSY if the ring is full.
 */
int psp_ring_post(struct psp *psp, struct psp_call *call)
{
	struct psp_ring *ring = &psp->ring;
	void *block = block_at(ring, ring->tail);
	u16 flags = call->go_on ? ENTRY_GO_ON : 0;

	call->status = SEV_FW_NO_CALL;
	if (psp->end != PSP_ALIVE)
		return psp->end == PSP_GONE ? -ENODEV : -EIO;
	if (outstanding(ring) >= PSP_RING_DEPTH - 1)
		return -EBUSY;
	if (is_loud(ring))
		flags |= ENTRY_INTERRUPT;
	note_kind(ring, call);
	memset(block, 0, SEV_FW_BLOCK_MAX);
	memcpy(block, call->fw.byte, call->row->size);
	*command_at(ring, ring->tail) = (struct command){
		.id = cpu_to_le16(call->row->id), .flags = cpu_to_le16(flags),
	};
	if (call->row->size)
		command_at(ring, ring->tail)->address = psp_addr_virt(block);
	answer_at(ring, ring->tail)->status = cpu_to_le16(NO_ANSWER);
	*call_at(ring, ring->tail) = call;
	if (!outstanding(ring))
		ring->since = psp_clock();
	ring->tail++;
	WRITE_ONCE(ring->posted, ring->posted + 1);
	note_busy(psp);
	psp_mailbox_move_tail(psp, ring->tail);
	return 0;
}

/**
 * psp_ring_wait() - wait until a command is done
 * @psp: PSP with commands outstanding in its ring
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: how many are done, in the order in which psp_ring_take() has them; -ETIMEDOUT or
 * -EIO (the registers, or the statuses, hold what cannot be): dead from now on.
 */
int psp_ring_wait(struct psp *psp)
{
	struct psp_ring *ring = &psp->ring;
	const struct psp_row *oldest = (*call_at(ring, ring->taken))->row;
	u8 head, done, i;

	if (!psp_mailbox_await_head(psp, oldest))
		return psp_mailbox_give_up(psp, oldest, -ETIMEDOUT);
	if (psp_mailbox_head(psp, &head))
		return psp_mailbox_give_up(psp, oldest, -EIO);
	done = head - ring->taken;
	if (!done || done > outstanding(ring))
		return psp_mailbox_give_up(psp, oldest, -EIO);
	for (i = 0; i < done; i++)
		if (answer_at(ring, ring->taken + i)->status == cpu_to_le16(NO_ANSWER))
			return psp_mailbox_give_up(psp, oldest, -EIO);
	ring->took_ns = div_u64(psp_clock_since(ring->since), done);
	if ((s8)(ring->taken - ring->kind_from) >= 0)
		ring->mixed = false;
	if (!ring->mixed)
		WRITE_ONCE(ring->each_ns, ring->took_ns);
	ring->since = psp_clock();
	return done;
}

/**
 * psp_ring_has_answer() - is the oldest command done, whatever the registers say?
 * @psp: PSP
 *
 * Context: psp->lock held.
 * Return: true if so.
 */
bool psp_ring_has_answer(const struct psp *psp)
{
	const struct psp_ring *ring = &psp->ring;

	return outstanding(ring) &&
	       answer_at(ring, ring->taken)->status != cpu_to_le16(NO_ANSWER);
}

/**
 * psp_ring_take() - take the oldest command out of the ring
 * @psp: PSP
 * @done: the firmware has executed it
 *
 * Context: psp->lock held.
 * Return: the command, with the firmware's answer if there is one; NULL if none is outstanding.
 */
struct psp_call *psp_ring_take(struct psp *psp, bool done)
{
	struct psp_ring *ring = &psp->ring;
	u8 at = ring->taken;
	struct psp_call *call;

	if (!outstanding(ring))
		return NULL;
	call = *call_at(ring, at);
	WRITE_ONCE(ring->taken, at + 1);
	if (!done)
		call->firmware_ns = psp_clock_since(ring->since);
	note_busy(psp);
	if (!done)
		return call;
	psp->answered = true;
	memcpy(call->fw.byte, block_at(ring, at), call->row->size);
	call->status = le16_to_cpu(answer_at(ring, at)->status);
	call->firmware_ns = ring->took_ns;
	if (call->status && !call->go_on)
		ring->failed = true;
	return call;
}

/**
 * psp_ring_leave() - the registers are those of the mailbox again
 * @psp: PSP whose ring is on; the firmware executes none of its commands, or none any more
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0, or as psp_ring_wait().
 */
int psp_ring_leave(struct psp *psp)
{
	int ret = psp_mailbox_leave_ring(psp, psp_row_find(SEV_FW_RING_BUFFER));

	if (!ret)
		psp_fwmem_take_back(&psp->ring.mem);
	return ret;
}
