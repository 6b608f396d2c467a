// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox: one command to the hardware, and the wait for its answer.
 *
 * Firmware takes one command at a time. It is handed the address of a command
 * buffer, is started by the write to CmdResp, and answers in the same register.
 * The register is the truth; the interrupt only says when to look, and is let through
 * while somebody sleeps. A lost interrupt thus costs some time and never a command.
 *
 * If no answer comes the PSP is given up for good: nobody can tell what it is
 * still going to write, or where. What the command pointed to must then never be
 * freed, which psp_call.stuck tells the owner of that memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/clock.h>

#include "addr.h"
#include "psp.h"

#define CMDRESP_RESPONSE	BIT(31)
#define CMDRESP_ID_SHIFT	16
#define CMDRESP_IOC		BIT(0)
#define CMDRESP_STATUS		0xffff
#define ALL_ONES		0xffffffff	/* what a missing device reads as */

#define INTSTS_SEV		BIT(1)

/* Most commands are answered sooner than a sleep and a wake-up take. */
#define POLL_NS			(20 * NSEC_PER_USEC)
/* While asleep, how often to look for an answer whose interrupt got lost. */
#define LOST_INTERRUPT		(HZ / 10)

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
	return psp_read(psp, psp->regs->cmdresp) & CMDRESP_RESPONSE;
}

/**
 * psp_mailbox_interrupt() - the PSP has raised its interrupt
 * @psp: PSP
 *
 * Context: hard interrupt.
 */
void psp_mailbox_interrupt(struct psp *psp)
{
	u32 status = psp_read(psp, psp->regs->intsts);

	psp_write(psp, psp->regs->intsts, status);
	if (status & INTSTS_SEV)
		wake_up(&psp->wait);
}

static bool poll_for_answer(struct psp *psp)
{
	u64 end = local_clock() + POLL_NS;

	do {
		if (answered(psp))
			return true;
		cpu_relax();
	} while (local_clock() < end);
	return false;
}

static bool sleep_for_answer(struct psp *psp)
{
	const unsigned int *timeout = psp->answered ? &psp_timeout : &psp_probe_timeout;
	unsigned long end = jiffies + (unsigned long)READ_ONCE(*timeout) * HZ;
	bool done;

	/* what an earlier command has left there would keep this one's from being raised */
	psp_write(psp, psp->regs->intsts, ALL_ONES);
	psp_write(psp, psp->regs->inten, ALL_ONES);
	do {
		done = wait_event_timeout(psp->wait, answered(psp), LOST_INTERRUPT);
	} while (!done && time_before(jiffies, end));
	psp_write(psp, psp->regs->inten, 0);
	return done;
}

static int give_up(struct psp *psp, struct psp_call *call, int error)
{
	psp->end = PSP_DEAD;
	psp->died_of = call->row->name;
	call->stuck = true;
	psp_fwmem_lose(&psp->cmd_buf);
	return error;
}

/**
 * psp_mailbox() - have firmware execute one command
 * @psp: PSP
 * @call: command; the block is replaced by what firmware left in it
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0; -EIO (refused, @call->status says why; or the PSP is dead, then it
 * is SEV_FW_NO_CALL); -ENODEV (device gone); -ETIMEDOUT (no answer: dead from now
 * on, and @call->stuck is set).
 */
int psp_mailbox(struct psp *psp, struct psp_call *call)
{
	const struct psp_regs *regs = psp->regs;
	psp_addr_t addr = psp_addr_virt(psp->cmd_buf.virt);
	size_t size = call->row->size;
	bool done;
	u64 began;
	u32 resp;

	lockdep_assert_held(&psp->lock);

	call->status = SEV_FW_NO_CALL;
	if (psp->end != PSP_ALIVE)
		return psp->end == PSP_GONE ? -ENODEV : -EIO;

	/* firmware reads, and writes back, up to the next multiple of 8 */
	memset(psp->cmd_buf.virt, 0, round_up(size, 8));
	memcpy(psp->cmd_buf.virt, call->fw.byte, size);

	psp_fwmem_hand_over(&psp->cmd_buf);

	began = ktime_get_ns();
	psp->busy_since = began;
	WRITE_ONCE(psp->busy, call->row);
	psp_write(psp, regs->addr_lo, size ? psp_addr_lo(addr) : 0);
	psp_write(psp, regs->addr_hi, size ? psp_addr_hi(addr) : 0);
	psp_write(psp, regs->cmdresp, call->row->id << CMDRESP_ID_SHIFT | CMDRESP_IOC);

	done = poll_for_answer(psp) || sleep_for_answer(psp);
	WRITE_ONCE(psp->busy, NULL);
	call->firmware_ns = ktime_get_ns() - began;
	if (!done)
		return give_up(psp, call, -ETIMEDOUT);

	resp = psp_read(psp, regs->cmdresp);
	if (resp == ALL_ONES)
		return give_up(psp, call, -EIO);

	psp->answered = true;
	psp_fwmem_take_back(&psp->cmd_buf);
	memcpy(call->fw.byte, psp->cmd_buf.virt, size);
	call->status = resp & CMDRESP_STATUS;
	return call->status ? -EIO : 0;
}

/**
 * psp_mailbox_panic() - SHUTDOWN while everything stands still
 * @psp: PSP; no command is under way
 *
 * Context: any, interrupts off, nobody else runs.
 */
void psp_mailbox_panic(struct psp *psp)
{
	unsigned int ms;

	psp_write(psp, psp->regs->addr_lo, 0);
	psp_write(psp, psp->regs->addr_hi, 0);
	psp_write(psp, psp->regs->cmdresp, SEV_FW_SHUTDOWN << CMDRESP_ID_SHIFT);
	for (ms = 0; ms < PANIC_MS && !answered(psp); ms++)
		mdelay(1);
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

	if (psp_fwmem_alloc(&psp->cmd_buf, PAGE_SIZE, GFP_KERNEL))
		return -ENOMEM;

	init_waitqueue_head(&psp->wait);
	psp_mailbox_quiet(psp);
	return 0;
}

/**
 * psp_mailbox_quiet() - no interrupts while there is no command
 * @psp: PSP whose registers may hold anything, or whose interrupt is to be released
 */
void psp_mailbox_quiet(struct psp *psp)
{
	psp_write(psp, psp->regs->inten, 0);
	psp_write(psp, psp->regs->intsts, ALL_ONES);
}

/**
 * psp_mailbox_exit() - release what psp_mailbox_init() took
 * @psp: PSP that nobody uses any more
 */
void psp_mailbox_exit(struct psp *psp)
{
	psp_fwmem_free(&psp->cmd_buf);
}
