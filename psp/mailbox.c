// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox: one command to the hardware, and the wait for its answer.
 *
 * Firmware takes one command at a time. The driver hands it the address of a command
 * buffer, starts it by a write to CmdResp, and finds the answer in the same register.
 * The register is the truth; the interrupt only says when to look. A lost interrupt thus
 * costs some time and never a command.
 *
 * Waiting. Most commands are answered sooner than a sleep and a wake-up take, so that the
 * register is polled for a short while. Where that was in vain, the next few uses of the
 * same command sleep at once, more of them with each miss; a hit ends that. Only hits and
 * misses are learned from: how long it took in the eyes of a sleeper includes the wake-up,
 * and to learn from it is to sleep for ever.
 *
 * The interrupt mask has one owner, let_interrupt(), and is touched when the way of waiting
 * changes, not with each command. A timer looks after sleepers, since interrupts do get
 * lost; it is not armed and disarmed with each command either. A find is counted; in
 * health there is none.
 *
 * If no answer comes the PSP is given up for good: nobody can tell what it is
 * still going to write, or where. Memory that the command pointed to must then never be
 * freed, which psp_call.stuck tells the owner of that memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/special_insns.h>

#include "addr.h"
#include "compat.h"
#include "psp.h"

#define CMDRESP_RESPONSE	BIT(31)
#define CMDRESP_ID_SHIFT	16
#define CMDRESP_ID		GENMASK(26, 16)
#define CMDRESP_IOC		BIT(0)
#define CMDRESP_STATUS		0xffff
#define ALL_ONES		0xffffffff	/* a missing device reads so */

/* In ring mode cmdresp is a control register, addr_hi has the tail, and addr_lo the head. */
#define RING_ACTIVE		(BIT(31) | BIT(30))
#define RING_ACKNOWLEDGE	BIT(29)

/* As long as a sleep and a wake-up take, at the least. */
#define POLL_NS			(25 * NSEC_PER_USEC)
/* After how many misses in vain it stays at one poll in SKIP_MAX + 1. */
#define SKIP_MAX		63
/*
 * While somebody sleeps, how often to look for an answer whose interrupt got lost, which
 * it is if two looks find the same one; and where there is no interrupt at all.
 */
#define LOOK_PERIOD		(HZ / 10)
#define LOOK_PERIOD_BLIND	1
/* How long it is awaited at probe: an interrupt that must not come, and one that must. */
#define TRIAL_QUIET		(msecs_to_jiffies(2) + 1)
#define TRIAL_LATE		HZ

/* A kernel that panics does not wait for ever. */
#define PANIC_MS		2000

/*
 * Seconds. With 0 the first command that is not answered at once would end the PSP;
 * more than an hour is a hang for everybody, and HZ times that must not overflow.
 */
#define TIMEOUT_MIN		1
#define TIMEOUT_MAX		3600

static int timeout_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(val, kp, TIMEOUT_MIN, TIMEOUT_MAX);

	if (ret)
		pr_err("%s=%.*s is refused, it must be %u to %u seconds; %u stays in force\n",
		       kp->name, (int)strcspn(val, "\n"), val, TIMEOUT_MIN, TIMEOUT_MAX,
		       *(unsigned int *)kp->arg);
	return ret;
}

static const struct kernel_param_ops timeout_ops = {
	.set = timeout_set,
	.get = param_get_uint,
};

static unsigned int psp_timeout = 100;
module_param_cb(psp_timeout, &timeout_ops, &psp_timeout, 0644);
__MODULE_PARM_TYPE(psp_timeout, "uint");
MODULE_PARM_DESC(psp_timeout, "seconds to wait for firmware before the PSP is given up, 1 to 3600 (default 100)");

static unsigned int psp_probe_timeout = 5;
module_param_cb(psp_probe_timeout, &timeout_ops, &psp_probe_timeout, 0644);
__MODULE_PARM_TYPE(psp_probe_timeout, "uint");
MODULE_PARM_DESC(psp_probe_timeout, "the same, for the first command after probe (default 5)");

static u32 psp_read(struct psp *psp, u32 reg)
{
	return ioread32(psp->bar + reg);
}

static void psp_write(struct psp *psp, u32 reg, u32 value)
{
	iowrite32(value, psp->bar + reg);
}

static bool answered(struct psp *psp)
{
	if (READ_ONCE(psp->ring.on))
		return (u8)psp_read(psp, psp->regs->addr_lo) != READ_ONCE(psp->ring.taken);
	return psp_read(psp, psp->regs->cmdresp) & CMDRESP_RESPONSE;
}

/**
 * psp_mailbox_interrupt() - the PSP has raised its interrupt
 * @psp: PSP
 *
 * The interrupt of one command may come after the next one has been started, and find no status;
 * or take that one's status with its own. So the sleeper is woken in any case, and looks at the
 * registers; and a status that was not there is not cleared, since it may just have appeared.
 *
 * Context: hard interrupt.
 */
void psp_mailbox_interrupt(struct psp *psp)
{
	u32 status = psp_read(psp, psp->regs->intsts);

	if (status)
		psp_write(psp, psp->regs->intsts, status);
	WRITE_ONCE(psp->interrupts, psp->interrupts + 1);
	wake_up(&psp->wait);
}

/* The one owner of the interrupt mask. */
static void let_interrupt(struct psp *psp, bool through)
{
	through |= psp->interrupt != PSP_INTERRUPT_OBEYS;
	if (psp->let == through)
		return;
	/*
	 * An earlier command's, if left there, would be raised in vain now, or keep this
	 * one's from being raised. The firmware may be at work meanwhile, on commands of a ring
	 * or on one that has been polled for in vain, so the status is cleared once more: an
	 * answer from in between would keep the next one's interrupt from being raised. None is
	 * missed by that, since a sleeper looks at the registers before it sleeps.
	 */
	if (through)
		psp_write(psp, psp->regs->intsts, ALL_ONES);
	psp_write(psp, psp->regs->inten, through ? ALL_ONES : 0);
	if (through)
		psp_write(psp, psp->regs->intsts, ALL_ONES);
	psp->let = through;
}

/*
 * Looks after whoever sleeps: psp->lock is held, and the registers are there, while
 * psp->sleep is odd. A command that is answered at two looks has waited in vain.
 */
static void look_after_sleeper(struct timer_list *timer)
{
	struct psp *psp = container_of(timer, struct psp, look);
	unsigned int sleep;
	bool done, over;

	smp_mb();	/* pairs with that in sleep_for_answer() */
	sleep = READ_ONCE(psp->sleep);
	if (!(sleep & 1))
		return;
	done = answered(psp);
	over = done && psp->seen_answered == sleep;
	if (over)
		WRITE_ONCE(psp->rechecked, psp->rechecked + 1);
	psp->seen_answered = done ? sleep : 0;
	if (over || (!done && time_after(jiffies, READ_ONCE(psp->sleep_end)))) {
		WRITE_ONCE(psp->overslept, sleep);
		wake_up(&psp->wait);
	} else {
		mod_timer(timer, jiffies + psp->look_period);
	}
}

static bool poll_for_answer(struct psp *psp)
{
	u64 end = psp_clock() + POLL_NS;

	do {
		if (answered(psp))
			return true;
		cpu_relax();
	} while (psp_clock() < end);
	return false;
}

static unsigned long deadline(const struct psp *psp)
{
	const unsigned int *timeout = psp->answered ? &psp_timeout : &psp_probe_timeout;

	return jiffies + (unsigned long)READ_ONCE(*timeout) * HZ;
}

static bool sleep_for_answer(struct psp *psp)
{
	unsigned int sleep = psp->sleep + 1;

	WRITE_ONCE(psp->sleep_end, deadline(psp));
	WRITE_ONCE(psp->sleep, sleep);
	smp_mb();	/* either this sees the timer gone, or the timer sees the sleeper */
	if (!timer_pending(&psp->look))
		mod_timer(&psp->look, jiffies + psp->look_period);
	wait_event_idle(psp->wait, answered(psp) || READ_ONCE(psp->overslept) == sleep);
	WRITE_ONCE(psp->sleep, sleep + 1);
	if (READ_ONCE(psp->overslept) != sleep)
		return true;
	/* the interrupt did not come: mask it, so that the next sleep clears and unmasks it */
	let_interrupt(psp, false);
	return answered(psp);
}

/* Without the interrupt, which may be let through or not, for the self-test. */
static bool look_for_answer(struct psp *psp)
{
	unsigned long end = deadline(psp);

	while (!answered(psp)) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(20, 50);
	}
	return true;
}

static struct psp_habit *habit_of(const struct psp *psp, const struct psp_row *row)
{
	return &psp->habits[row - psp_rows];
}

static bool sleeps_at_once(const struct psp *psp, const struct psp_habit *habit)
{
	if (psp->trial != PSP_TRIAL_NONE)
		return psp->trial == PSP_TRIAL_SLEEP;
	return habit->skip;
}

static bool wait_for_answer(struct psp *psp, struct psp_habit *habit)
{
	if (psp->trial == PSP_TRIAL_LOOK)
		return look_for_answer(psp);
	if (psp->trial == PSP_TRIAL_SLEEP)
		return sleep_for_answer(psp);
	if (habit->skip) {
		habit->skip--;
		WRITE_ONCE(psp->slept, psp->slept + 1);
		return sleep_for_answer(psp);
	}
	if (poll_for_answer(psp)) {
		habit->missed = 0;
		WRITE_ONCE(psp->polled, psp->polled + 1);
		return true;
	}
	habit->missed = min(2 * habit->missed + 1, SKIP_MAX);
	habit->skip = habit->missed;
	WRITE_ONCE(psp->missed, psp->missed + 1);
	let_interrupt(psp, true);
	return sleep_for_answer(psp);
}

/* A command without the bits of ring mode ends that mode, and is not executed. */
static void end_ring_mode(struct psp *psp)
{
	WRITE_ONCE(psp->ring.on, false);
	psp_write(psp, psp->regs->cmdresp, SEV_FW_NOP << CMDRESP_ID_SHIFT | CMDRESP_IOC);
}

static int give_up_psp(struct psp *psp, const char *command, int error)
{
	psp->end = PSP_DEAD;
	psp->died_of = command;
	psp_fwmem_lose(&psp->cmd_buf);
	psp_fwmem_lose(&psp->cmd_plain);
	psp_fwmem_lose(&psp->ring.mem);
	/* firmware that is only slow shall not go on with what callers have been told is lost */
	if (psp->ring.on)
		end_ring_mode(psp);
	return error;
}

/**
 * psp_mailbox_give_up() - no further command will be accepted
 * @psp: PSP
 * @row: command that has not been answered
 * @error: result of it
 *
 * Context: psp->lock held.
 * Return: @error.
 */
int psp_mailbox_give_up(struct psp *psp, const struct psp_row *row, int error)
{
	return give_up_psp(psp, row->name, error);
}

static int give_up(struct psp *psp, struct psp_call *call, int error)
{
	call->stuck = true;
	return psp_mailbox_give_up(psp, call->row, error);
}

/*
 * The page for a block. With SNP, blocks that the firmware writes to lie in a page that changes
 * hands; all others lie in one that does not.
 */
static struct psp_fwmem *page_for(struct psp *psp, const struct psp_call *call)
{
	return psp->snp && !psp_writes_block(call->row) ? &psp->cmd_plain : &psp->cmd_buf;
}

static int ring_doorbell(struct psp *psp, const struct psp_call *call)
{
	struct psp_fwmem *page = page_for(psp, call);
	psp_addr_t addr = psp_addr_virt(page->virt);
	const struct psp_regs *regs = psp->regs;
	size_t size = call->row->size;
	int ret;

	/* firmware reads, and writes back, up to the next multiple of 8 */
	memcpy(page->virt, call->fw.byte, size);
	memset(page->virt + size, 0, round_up(size, 8) - size);
	ret = psp_fwmem_lend_block(psp, call);
	if (ret)
		return ret;
	psp_fwmem_hand_over(page);

	psp->busy_since = psp_clock();
	WRITE_ONCE(psp->busy, call->row);
	psp_write(psp, regs->addr_lo, size ? psp_addr_lo(addr) : 0);
	psp_write(psp, regs->addr_hi, size ? psp_addr_hi(addr) : 0);
	psp_write(psp, regs->cmdresp, call->row->id << CMDRESP_ID_SHIFT | CMDRESP_IOC);
	return 0;
}

static int take_answer(struct psp *psp, struct psp_call *call)
{
	u32 resp = psp_read(psp, psp->regs->cmdresp);
	struct psp_fwmem *page = page_for(psp, call);

	if (resp == ALL_ONES)
		return give_up(psp, call, -EIO);
	psp->answered = true;
	psp_fwmem_take_back(page);
	memcpy(call->fw.byte, page->virt, call->row->size);
	call->status = resp & CMDRESP_STATUS;
	return call->status ? -EIO : 0;
}

/**
 * psp_mailbox_post() - have the firmware begin with a command
 * @psp: PSP; no other command is under way
 * @call: command
 *
 * Context: process context, psp->lock held.
 * Return: 0, then psp_mailbox_wait() is due, at any time under psp->lock; -EIO (the PSP is
 * dead, @call->status is SEV_FW_NO_CALL), -ENODEV (device gone) or -ENOMEM (no memory for
 * the block).
 */
int psp_mailbox_post(struct psp *psp, struct psp_call *call)
{
	lockdep_assert_held(&psp->lock);

	call->status = SEV_FW_NO_CALL;
	if (psp->end != PSP_ALIVE)
		return psp->end == PSP_GONE ? -ENODEV : -EIO;
	if (!page_for(psp, call)->virt)
		return -ENOMEM;
	if (WARN_ON_ONCE(psp->posted))
		return -EBUSY;
	let_interrupt(psp, sleeps_at_once(psp, habit_of(psp, call->row)));
	return ring_doorbell(psp, call);
}

/**
 * psp_mailbox_wait() - wait until the firmware has executed it
 * @psp: PSP
 * @call: command that has been posted; the block is replaced by what firmware left in it
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0; -EIO (refused, @call->status says why; or the registers cannot be read any
 * more: then it is SEV_FW_NO_CALL, and @call->stuck is set); -ETIMEDOUT (no answer: dead
 * from now on, and @call->stuck is set).
 */
int psp_mailbox_wait(struct psp *psp, struct psp_call *call)
{
	bool done;

	lockdep_assert_held(&psp->lock);

	done = wait_for_answer(psp, habit_of(psp, call->row));
	WRITE_ONCE(psp->busy, NULL);
	call->firmware_ns = psp_clock_since(psp->busy_since);
	if (!done)
		return give_up(psp, call, -ETIMEDOUT);
	return take_answer(psp, call);
}

/**
 * psp_mailbox_leave_ring() - end ring mode
 * @psp: PSP in ring mode
 * @row: RING_BUFFER
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0; -ETIMEDOUT or -EIO (no answer, or the registers cannot be read): dead from now on.
 */
int psp_mailbox_leave_ring(struct psp *psp, const struct psp_row *row)
{
	struct psp_habit *habit = habit_of(psp, row);
	bool done;

	let_interrupt(psp, sleeps_at_once(psp, habit));
	psp->busy_since = psp_clock();
	WRITE_ONCE(psp->busy, row);
	end_ring_mode(psp);
	done = wait_for_answer(psp, habit);
	WRITE_ONCE(psp->busy, NULL);
	if (!done)
		return psp_mailbox_give_up(psp, row, -ETIMEDOUT);
	if (psp_read(psp, psp->regs->cmdresp) == ALL_ONES)
		return psp_mailbox_give_up(psp, row, -EIO);
	return 0;
}

/*
 * Firmware that is still at a command would take another one for the next in the queue, and
 * its answer would be taken for that one's. A command has a number, which is never 0: a
 * register that has been reset shows none.
 */
static void await_old_command(struct psp *psp, const struct psp_row *row)
{
	if (look_for_answer(psp))
		psp->found = row->name;
	else
		give_up_psp(psp, row->name, -ETIMEDOUT);
}

/*
 * The command that a register says is under way, or NULL: what a boot loader has left there may
 * have other bits, or a number that nobody has issued.
 */
static const struct psp_row *old_command(u32 ctl)
{
	if (ctl & ~(CMDRESP_ID | CMDRESP_IOC))
		return NULL;
	return psp_row_find((ctl & CMDRESP_ID) >> CMDRESP_ID_SHIFT);
}

/*
 * The driver before this one may have been unloaded after a command that was not answered. A
 * kernel that has crashed may have been waiting for an answer, or have left the firmware in
 * ring mode, where the address that comes before a command would be a tail.
 */
static void end_what_was_begun(struct psp *psp)
{
	u32 ctl = psp_read(psp, psp->regs->cmdresp);
	const struct psp_row *row = old_command(ctl);

	if (ctl == ALL_ONES)
		return;
	if ((ctl & RING_ACTIVE) == RING_ACTIVE)
		psp_mailbox_leave_ring(psp, psp_row_find(SEV_FW_RING_BUFFER));
	else if (row)
		await_old_command(psp, row);
}

/**
 * psp_mailbox() - have firmware execute one command
 * @psp: PSP
 * @call: command; the block is replaced by what firmware left in it
 *
 * Before the first command of all the firmware ends what it was told before this driver came.
 * That command may only end ring mode, if the registers did not tell that it was on; then it
 * has not been executed.
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: as psp_mailbox_post() and psp_mailbox_wait().
 */
int psp_mailbox(struct psp *psp, struct psp_call *call)
{
	bool first = !psp->answered && psp->end == PSP_ALIVE;
	int ret;

	if (first)
		end_what_was_begun(psp);
	ret = psp_mailbox_post(psp, call) ?: psp_mailbox_wait(psp, call);
	if (first && call->status == SEV_FW_STATUS_RING_BUFFER_EXIT)
		ret = psp_mailbox_post(psp, call) ?: psp_mailbox_wait(psp, call);
	return ret;
}

/**
 * psp_mailbox_is_slow() - has the firmware been polled in vain for this command twice running?
 * @psp: PSP
 * @row: command
 *
 * Context: psp->lock held.
 * Return: true if so.
 */
bool psp_mailbox_is_slow(const struct psp *psp, const struct psp_row *row)
{
	return habit_of(psp, row)->missed > 1;
}

/**
 * psp_mailbox_begin_ring() - the registers are those of a ring, which is empty
 * @psp: PSP that has answered RING_BUFFER
 *
 * The control register says so before a tail is written, whichever of the two wakes the
 * firmware.
 *
 * Context: psp->lock held.
 */
void psp_mailbox_begin_ring(struct psp *psp)
{
	WRITE_ONCE(psp->ring.on, true);
	psp_write(psp, psp->regs->cmdresp, RING_ACTIVE | RING_ACKNOWLEDGE);
}

/**
 * psp_mailbox_move_tail() - there are commands for the firmware in the ring
 * @psp: PSP in ring mode
 * @tail: number of the first entry that has none
 *
 * Context: psp->lock held.
 */
void psp_mailbox_move_tail(struct psp *psp, u8 tail)
{
	psp_write(psp, psp->regs->addr_hi, tail);
	psp_write(psp, psp->regs->cmdresp, RING_ACTIVE | RING_ACKNOWLEDGE);
}

/**
 * psp_mailbox_await_head() - wait until a command in the ring is done
 * @psp: PSP in ring mode
 * @row: the oldest of the commands in it
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: false if the firmware does not answer.
 */
bool psp_mailbox_await_head(struct psp *psp, const struct psp_row *row)
{
	struct psp_habit *habit = habit_of(psp, row);

	let_interrupt(psp, sleeps_at_once(psp, habit));
	return wait_for_answer(psp, habit);
}

/**
 * psp_mailbox_head() - how far is the firmware?
 * @psp: PSP in ring mode
 * @head: receives the number of the first entry that is not done
 *
 * Context: psp->lock held.
 * Return: 0, or -EIO if the PSP is not in ring mode any more, or its registers cannot be read.
 */
int psp_mailbox_head(struct psp *psp, u8 *head)
{
	u32 value = psp_read(psp, psp->regs->addr_lo);

	*head = value;
	if (value == ALL_ONES ||
	    (psp_read(psp, psp->regs->cmdresp) & RING_ACTIVE) != RING_ACTIVE)
		return -EIO;
	return 0;
}

/**
 * psp_mailbox_lose_block() - the page of the last block is the firmware's for ever
 * @psp: PSP whose firmware has written to it
 *
 * Context: psp->lock held.
 */
void psp_mailbox_lose_block(struct psp *psp)
{
	psp_fwmem_hand_over(&psp->cmd_buf);
	psp_fwmem_free(&psp->cmd_buf);
	psp->cmd_buf = psp->cmd_spare;
	psp->cmd_spare.virt = NULL;
}

/**
 * psp_mailbox_refill() - replace a command buffer that has been lost
 * @psp: PSP
 *
 * Context: process context, takes psp->lock, sleeps.
 */
void psp_mailbox_refill(struct psp *psp)
{
	struct psp_fwmem *into, mem;

	if (!psp->snp || (READ_ONCE(psp->cmd_spare.virt) && READ_ONCE(psp->cmd_buf.virt)) ||
	    psp_fwmem_alloc(&mem, PAGE_SIZE, GFP_KERNEL))
		return;
	mutex_lock(&psp->lock);
	into = psp->cmd_buf.virt ? &psp->cmd_spare : &psp->cmd_buf;
	if (!into->virt) {
		*into = mem;
		mem.virt = NULL;
	}
	mutex_unlock(&psp->lock);
	psp_fwmem_free(&mem);
}

static u32 ask_in_panic(struct psp *psp, u32 id, psp_addr_t addr)
{
	unsigned int ms;

	psp_write(psp, psp->regs->addr_lo, psp_addr_lo(addr));
	psp_write(psp, psp->regs->addr_hi, psp_addr_hi(addr));
	psp_write(psp, psp->regs->cmdresp, id << CMDRESP_ID_SHIFT);
	for (ms = 0; ms < PANIC_MS && !answered(psp); ms++)
		mdelay(1);
	return psp_read(psp, psp->regs->cmdresp) & CMDRESP_STATUS;
}

/*
 * The other CPUs stand still, and have written back their caches as the last thing that
 * they did.
 */
static void end_snp_in_panic(struct psp *psp)
{
	struct sev_fw_snp_shutdown_ex *block = psp->cmd_plain.virt;
	psp_addr_t addr = psp_addr_virt(block);

	block->length = sizeof(*block);
	block->flags = 1;	/* of the IOMMU, too */
	wbinvd();
	if (ask_in_panic(psp, SEV_FW_SNP_SHUTDOWN_EX, addr) ==
	    SEV_FW_STATUS_DF_FLUSH_REQUIRED) {
		ask_in_panic(psp, SEV_FW_SNP_DF_FLUSH, (__force psp_addr_t)0);
		ask_in_panic(psp, SEV_FW_SNP_SHUTDOWN_EX, addr);
	}
	psp_iommu_snp_disable();
}

/**
 * psp_mailbox_panic() - SHUTDOWN while everything stands still
 * @psp: PSP; no command is under way but for a posted one
 *
 * Context: any, interrupts off, nobody else runs.
 */
void psp_mailbox_panic(struct psp *psp)
{
	bool at_work = psp->posted || psp->ring.on;
	unsigned int ms;

	if (psp->ring.on)
		end_ring_mode(psp);
	for (ms = 0; at_work && ms < PANIC_MS && !answered(psp); ms++)
		mdelay(1);
	if (at_work && !answered(psp))
		return;
	ask_in_panic(psp, SEV_FW_SHUTDOWN, (__force psp_addr_t)0);
	if (psp->snp_up)
		end_snp_in_panic(psp);
}

/**
 * psp_mailbox_init() - is there a PSP with SEV behind these registers?
 * @psp: PSP, with registers mapped and interrupt not yet requested
 *
 * Return: 0, -ENODEV or -ENOMEM.
 */
int psp_mailbox_init(struct psp *psp)
{
	u32 feature = psp_read(psp, psp->regs->feature);

	if (feature == ALL_ONES || !(feature & BIT(0)))
		return -ENODEV;

	psp->habits = kcalloc(psp_nr_rows, sizeof(*psp->habits), GFP_KERNEL);
	psp->look_period = LOOK_PERIOD;
	init_waitqueue_head(&psp->wait);
	timer_setup(&psp->look, look_after_sleeper, 0);
	if (!psp->habits || psp_fwmem_alloc(&psp->cmd_buf, PAGE_SIZE, GFP_KERNEL) ||
	    (psp->snp && psp_fwmem_alloc(&psp->cmd_plain, PAGE_SIZE, GFP_KERNEL)))
		return -ENOMEM;
	psp_mailbox_refill(psp);

	psp_mailbox_quiet(psp);
	return 0;
}

/* Has there been an interrupt since, or is there one before @wait jiffies have passed? */
static bool has_interrupt(struct psp *psp, unsigned int since, unsigned long wait)
{
	return wait_event_timeout(psp->wait, READ_ONCE(psp->interrupts) != since, wait);
}

/**
 * psp_mailbox_judge() - has the interrupt come if it was let through, and else not?
 * @psp: PSP that nobody else uses yet
 * @trial: how the last command has been waited for
 * @since: @psp->interrupts before it
 *
 * If not, that is noted in @psp->interrupt, and the mask is left alone: the interrupt
 * stays on, as the stock driver has it. If there is none at all, sleepers are looked after
 * more often.
 *
 * Context: process context, sleeps.
 * Return: whether the PSP behaves.
 */
bool psp_mailbox_judge(struct psp *psp, enum psp_trial trial, unsigned int since)
{
	bool masked = trial == PSP_TRIAL_LOOK;
	bool came = has_interrupt(psp, since, masked ? TRIAL_QUIET : TRIAL_LATE);

	if (came && masked)
		psp->interrupt = PSP_INTERRUPT_STRAYS;
	if (came || masked)
		return came != masked;
	psp->interrupt = PSP_INTERRUPT_ABSENT;
	psp->look_period = LOOK_PERIOD_BLIND;
	return false;
}

/**
 * psp_mailbox_quiet() - no interrupts while there is no command
 * @psp: PSP whose registers may hold anything, or whose interrupt is to be released
 */
void psp_mailbox_quiet(struct psp *psp)
{
	psp_write(psp, psp->regs->inten, 0);
	psp_write(psp, psp->regs->intsts, ALL_ONES);
	psp->let = false;
}

/**
 * psp_mailbox_stop() - end all looks at the registers
 * @psp: PSP that accepts no command, and whose interrupt has been released
 *
 * Context: process context, sleeps.
 */
void psp_mailbox_stop(struct psp *psp)
{
	timer_delete_sync(&psp->look);
}

/**
 * psp_mailbox_exit() - release what psp_mailbox_init() took
 * @psp: PSP that nobody uses any more
 */
void psp_mailbox_exit(struct psp *psp)
{
	psp_fwmem_free(&psp->cmd_buf);
	psp_fwmem_free(&psp->cmd_spare);
	psp_fwmem_free(&psp->cmd_plain);
	psp_fwmem_free(&psp->ring.mem);
	kfree(psp->habits);
}
