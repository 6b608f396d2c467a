/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside psp_sev.ko.
 *
 * A file calls those further down only: "make lint" reads this list. pci.c, whose function
 * the last user of a PSP has to call, registers that in struct psp.
 *
 * Above all:
 *   pci.c      devices: probe, registers of each generation, the choice of one, removal
 *   sysfs.c    attributes in sysfs and debugfs
 *
 * The doors, where commands come in:
 *   export.c   functions that a stock kvm_amd links to
 *   vm.c       the fd of a VM, which the host side keeps
 *   dev.c      /dev/sev
 *
 * From a door to a block that is filled:
 *   array.c    many blocks by one ioctl
 *   engine.c   admission, legacy structs, guests that a command starts
 *   form.c     the legacy commands of /dev/sev and of KVM, as data
 *   grain.c    legacy commands on guest memory of any length and alignment
 *   block.c    the life of a block, from the caller and back
 *   slices.c   the firmware commands that a block asks for
 *   buffer.c   memory that a block points to: bounce, pin, lend
 *   metadata.c the firmware's entries about pages that are swapped out
 *   firmware.c images for the firmware, which come from the file system
 *
 * The one path that every command takes:
 *   submit.c   one command, and all that it needs before and after it
 *   platform.c INIT and SHUTDOWN, of SEV and SNP, and the state that commands need
 *   snp.c      SNP: bringing it up and down, pages for KVM
 *   turn.c     one caller at a time
 *   execute.c  one command as it stands, and the effects of its success
 *   rmp.c      pages that are given to the firmware, and taken back
 *   answer.c   with SNP: pages for the answers of SEV's commands
 *   ring.c     many commands to the hardware at a time
 *   mailbox.c  one command to the hardware, and the wait for its answer
 *
 * Things that any of them may use:
 *   master.c   the PSP that commands go to
 *   handle.c   the names of guests, which outlive the platform that gave them
 *   nv.c       the firmware's persistent data in a file
 *   fwmem.c    memory that the firmware may write: handed over, taken back, lost
 *   asid.c     the states of ASIDs
 *   observe.c  tracepoint, counters, messages about answers
 *   check.c    the meaning of a row for a block
 *   table.c    the commands; table_snp.h: those of SNP
 *
 * Locks, outermost first: the guest's own (kvm->lock), psp_master_lock, that of the file
 * for persistent data, psp->lock. psp_master_lock is held across commands at probe and
 * removal only. psp->lock is held for mailbox time only: no allocation, no
 * user memory, no pinning and no print under it. Nor is it held while a posted call is
 * under way; whoever takes it next waits for that call first. With SNP pages are handed to
 * the firmware and taken back under it, too, so that SNP cannot come or go in between.
 */
#ifndef PSP_H
#define PSP_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "form.h"
#include "row.h"

struct attribute_group;
struct dentry;
struct file;
struct page;
struct pci_dev;
struct psp_array;
struct psp_guest;
struct psp_handle;
struct psp_reason;
struct psp_store;

/**
 * struct psp_regs - register offsets of one generation of the PSP, in BAR 2
 * @cmdresp: command and response
 * @addr_lo: command buffer address, low half
 * @addr_hi: and high half
 * @feature: abilities of this PSP
 * @inten: interrupt enable
 * @intsts: interrupt status
 */
struct psp_regs {
	u32 cmdresp;
	u32 addr_lo;
	u32 addr_hi;
	u32 feature;
	u32 inten;
	u32 intsts;
};

/* States of an ASID, see asid.c. */
enum psp_asid_state {
	PSP_ASID_DIRTY,		/* needs WBINVD and DF_FLUSH before it can be bound */
	PSP_ASID_FREE,
	PSP_ASID_BOUND,		/* to the guest with the handle */
	PSP_ASID_STATES
};

/* A guest of SNP is known by the address of its context, which no handle is as large as. */
#define PSP_ID_CONTEXT		BIT_ULL(63)

struct psp_asid {
	u64 guest;		/* handle, or context | PSP_ID_CONTEXT */
	enum psp_asid_state state;
	bool lost;		/* no SNP guest can have it, see asid.c */
};

/* Owners of a piece of memory, see fwmem.c. */
enum psp_fwmem_state {
	PSP_FWMEM_OURS,
	PSP_FWMEM_FIRMWARE,	/* until the firmware has answered, or has been shut down */
	PSP_FWMEM_LOST,		/* the firmware may have it, against the rules */
};

/**
 * struct psp_fwmem - memory that the firmware may write
 * @virt: whole pages; NULL: none
 * @order: how many, as a power of two
 * @pooled: goes back to the pool; fwmem.c's
 * @state: present owner; written by fwmem.c
 */
struct psp_fwmem {
	void *virt;
	unsigned int order;
	bool pooled;
	enum psp_fwmem_state state;
};

/* Pages of 4 KiB in one of 2 MiB, which the RMP knows, too. */
#define PSP_LARGE_PAGES	(0x200000 >> PAGE_SHIFT)

#define PSP_NV_SIZE	0x8000	/* of firmware's persistent data */
#define PSP_BUCKETS	16	/* of the histogram, the last one is open */

/* How often a command was issued, and how long firmware took. */
struct psp_stat {
	u64 count;
	u64 refused;
	u64 time[PSP_BUCKETS];
};

/* How a command is best waited for: it has been polled for in vain, and is slept for. */
struct psp_habit {
	u8 missed;	/* grows with each miss */
	u8 skip;	/* how often it is still to be slept for at once */
};

/* Ways in which an interrupt behaves in the trial at probe. */
enum psp_interrupt {
	PSP_INTERRUPT_OBEYS,	/* comes when it is let through, and not otherwise */
	PSP_INTERRUPT_STRAYS,	/* comes at any time */
	PSP_INTERRUPT_ABSENT,	/* never comes */
};

/* How the next command is waited for, whatever was learned. */
enum psp_trial {
	PSP_TRIAL_NONE,
	PSP_TRIAL_SLEEP,	/* asleep, the interrupt is let through */
	PSP_TRIAL_LOOK,		/* by looking now and then, the interrupt is not let through */
};

/* How many commands the ring has room for; one less can be outstanding. */
#define PSP_RING_DEPTH	64

/**
 * struct psp_ring - the firmware's ring, see ring.c
 * @mem: pages for it; none until it is wanted, the firmware's while it is on
 * @call: the commands that are outstanding, by the number of their entry
 * @caller: whose they are
 * @since: since when the firmware is at the oldest of them, by psp_clock()
 * @each_ns: how long a command took, of those that were done last; 0: not known yet
 * @took_ns: how long each of those that were taken out last has taken
 * @displaced_ns: when somebody else wanted the PSP, by psp_clock(); 0: nobody did
 * @kind: the command that has been posted last
 * @len: and the length of its first buffer
 * @kind_from: number of the first entry of that kind
 * @posted: how many commands have taken the ring; read by sysfs.c
 * @silent: how many have been posted after the last one that raises the interrupt
 * @taken: number of the oldest entry that is outstanding; read by mailbox.c
 * @tail: number of the next entry
 * @mixed: some that are outstanding are of the kind before
 * @on: the registers are those of the ring; mailbox.c's, too
 * @failed: a command was refused, and those after it must not be executed
 * @absent: the firmware has refused to have one
 */
struct psp_ring {
	struct psp_fwmem mem;
	struct psp_call *call[PSP_RING_DEPTH];
	const void *caller;
	u64 since;
	u64 each_ns;
	u64 took_ns;
	u64 displaced_ns;
	u64 posted;
	const struct psp_row *kind;
	u32 len;
	unsigned int silent;
	u8 kind_from;
	u8 taken;
	u8 tail;
	bool mixed;
	bool on;
	bool failed;
	bool absent;
};

/* Why no further command will be accepted. */
enum psp_end {
	PSP_ALIVE,
	PSP_DEAD,		/* firmware did not answer */
	PSP_GONE,		/* the device has been removed */
};

/**
 * struct psp - one platform security processor that has SEV
 *
 * The members stand in the order of the files that write them. Where nothing else is
 * said a member is written and read under @lock. "Set at probe" means: before another
 * thread can find the PSP, and read without a lock from then on.
 */
struct psp {
	/* pci.c */

	/** @list: in the list of all PSPs, lowest PCI address first; psp_master_lock */
	struct list_head list;
	/**
	 * @pdev: PCI device, set at probe; valid until it is removed, which waits for no
	 * user of this but for commands: for probe, removal and the device's attributes only
	 */
	struct pci_dev *pdev;
	/** @regs: register offsets, set at probe */
	const struct psp_regs *regs;
	/** @bar: BAR 2, set at probe */
	void __iomem *bar;
	/** @snp: this is a host for SNP, set at probe */
	bool snp;
	/** @snp_prepare: to be called before SNP is initialised; set at probe if @snp is */
	int (*snp_prepare)(void);
	/** @resuming: the machine has slept, and no VMM runs yet; power management only */
	bool resuming;
	/** @snp_slept: SNP was up when the machine went to sleep; power management only */
	bool snp_slept;

	/* master.c */

	/** @ref: users; the memory outlives the device */
	struct kref ref;
	/** @release: the last of them is gone; pci.c's, set at probe */
	void (*release)(struct psp *psp);
	/** @reason: why it is not used; NULL without memory, or once removed; of its own lock */
	struct psp_reason *reason;

	/* mailbox.c */

	/** @wait: woken by the interrupt, and by @look */
	wait_queue_head_t wait;
	/** @look: timer that looks after sleepers */
	struct timer_list look;
	/** @look_period: how often, in jiffies; read by @look */
	unsigned int look_period;
	/** @sleep: odd while somebody sleeps, another number each time; read by @look */
	unsigned int sleep;
	/** @sleep_end: when that will be given up, in jiffies; read by @look */
	unsigned long sleep_end;
	/** @overslept: the @sleep that @look has ended; written by @look, read by the sleeper */
	unsigned int overslept;
	/** @seen_answered: the @sleep at whose last look the answer was there; @look's own */
	unsigned int seen_answered;
	/** @interrupts: how often the interrupt has come; written by its handler, read by all */
	unsigned int interrupts;
	/** @interrupt: how the interrupt behaves, set at probe */
	enum psp_interrupt interrupt;
	/** @let: the interrupt is let through */
	bool let;
	/** @cmd_buf: the page for blocks that firmware reads and writes; with SNP it may be none */
	struct psp_fwmem cmd_buf;
	/** @cmd_plain: that for blocks that it only reads, and that is never lent; with SNP only */
	struct psp_fwmem cmd_plain;
	/** @cmd_spare: takes the place of @cmd_buf if that is lost; with SNP only */
	struct psp_fwmem cmd_spare;
	/** @answered: a command has completed since probe; decides the timeout */
	bool answered;
	/** @habits: how to wait for each command, one for each row */
	struct psp_habit *habits;
	/** @polled: answers that were polled for; sysfs.c reads this and the next three */
	u64 polled;
	/** @missed: answers that were slept for after polling in vain */
	u64 missed;
	/** @slept: answers that were slept for at once */
	u64 slept;
	/** @rechecked: answers whose interrupt got lost; written by @look */
	u64 rechecked;
	/** @busy: command that firmware is executing, NULL if none */
	const struct psp_row *busy;
	/** @busy_since: since when, by psp_clock() */
	u64 busy_since;
	/** @end: PSP_ALIVE, or why it is over; platform.c's, too; read by all without a lock */
	enum psp_end end;
	/** @died_of: name of the command that was not answered, until turn.c has logged it */
	const char *died_of;
	/**
	 * @found: name of a command that was under way when the driver came, until turn.c has
	 * logged it
	 */
	const char *found;

	/* ring.c */

	/** @ring: many commands at a time */
	struct psp_ring ring;

	/* fwmem.c, rmp.c */

	/** @block_lent: @cmd_buf is in the RMP */
	bool block_lent;

	/* answer.c */

	/** @answer: pages for answers, or none; the firmware has some of them while SNP is up */
	struct psp_fwmem answer[SEV_FW_BUFS];

	/* turn.c */

	/** @lock: one command at a time */
	struct mutex lock;
	/** @queued: how many wait for @lock with a command */
	atomic_t queued;
	/** @turn: woken when one of them has got it */
	wait_queue_head_t turn;
	/** @turns: how many have got it so; read by those who let others go first */
	unsigned int turns;

	/* asid.c */

	/** @max_asid: highest ASID; set at probe */
	u32 max_asid;
	/** @min_sev_asid: lowest ASID of guests without SEV-ES; set at probe */
	u32 min_sev_asid;
	/** @asid: state of each ASID, 0..@max_asid; sysfs.c reads them */
	struct psp_asid *asid;
	/** @asid_lost: has been lost, which is not logged yet; 0: none */
	u32 asid_lost;

	/* execute.c */

	/** @up: firmware is initialised; read by engine.c, nv.c and sysfs.c */
	bool up;
	/** @generation: of the platform, see handle.c; changes with @up; read by engine.c */
	u64 generation;
	/** @given: the firmware has, or may have, @tmr and @nv: from INIT until SHUTDOWN */
	bool given;
	/** @guests: guest contexts that firmware holds; read by sysfs.c */
	u32 guests;
	/** @posted: call that the firmware is at while nobody holds @lock, or NULL */
	struct psp_call *posted;
	/** @unflushed: DF_FLUSH failed in spite of a WBINVD on all CPUs online; not logged yet */
	bool unflushed;
	/** @snp_up: SNP is initialised; snp.c's, too; read by pci.c */
	bool snp_up;
	/** @snp_guests: contexts that firmware holds */
	u32 snp_guests;
	/** @failed_row: the last command that was refused, NULL if none; @failure_lock */
	const struct psp_row *failed_row;
	/** @failed_status: the firmware's answer to it; @failure_lock */
	u32 failed_status;

	/* platform.c */

	/** @failure_lock: for readers that must not wait for the firmware; inner to @lock */
	spinlock_t failure_lock;
	/**
	 * @init_row: the command that failed when the platform was last initialised, NULL if
	 * none did; execute.c's, too; @failure_lock
	 */
	const struct psp_row *init_row;
	/** @init_status: the firmware's answer to it; @failure_lock */
	u32 init_status;
	/** @init_unasked: why the firmware was not asked at all, or 0; @failure_lock */
	int init_unasked;
	/** @init_untold: that has not been logged yet */
	bool init_untold;
	/** @store_reset: the firmware found its flash damaged and has new keys, not logged yet */
	bool store_reset;
	/** @tmr: trusted memory for SEV-ES, or none; sysfs.c looks whether there is one */
	struct psp_fwmem tmr;
	/** @tmr_wanted: the processor has SEV-ES; set at probe */
	bool tmr_wanted;
	/** @trial: how the next command is waited for, if not by @habits */
	enum psp_trial trial;
	/**
	 * @owner: of the platform, as PLATFORM_STATUS said after the last command that may
	 * have changed it; 0 while the platform is down
	 */
	u8 owner;
	/**
	 * @api: API version of the firmware, major << 8 | minor; changes only when other
	 * firmware is loaded; read by all without a lock
	 */
	u16 api;
	/** @build: build of the firmware, likewise */
	u8 build;

	/* snp.c */

	/** @snp_pages: pages that KVM has the firmware write to, by psp_snp_page_alloc() */
	unsigned long snp_pages;
	/** @snp_list: ranges for SNP_INIT_EX, a page; set at probe */
	void *snp_list;

	/* nv.c */

	/** @nv: firmware's persistent data, if it is kept in a file, or none */
	struct psp_fwmem nv;
	/** @store: that file, or NULL; set at probe */
	struct psp_store *store;
	/** @nv_fresh: @nv has what the file has, for the next INIT_EX or PLATFORM_RESET */
	bool nv_fresh;
	/** @nv_dirty: the firmware may have changed @nv under this holder of @lock; execute.c's */
	bool nv_dirty;

	/* observe.c */

	/** @stat: counters, one for each row; read without a lock */
	struct psp_stat *stat;

	/* sysfs.c */

	/** @debugfs: directory in debugfs; set at probe */
	struct dentry *debugfs;
};

/**
 * struct psp_call - one command on its way through the submit path
 * @row: command
 * @fw: block, filled; a guest's handle in it is ours, not firmware's, see handle.c
 * @new_handle: room for the name of the guest that it starts, if it does
 * @status: firmware's answer, SEV_FW_NO_CALL while it has not been asked
 * @expected: statuses that are an answer and no failure, a bit for each
 * @queue_ns: how long it waited for its turn
 * @firmware_ns: how long firmware took
 * @stuck: buffers of the block are lost: firmware never answered and may still write
 *	it, or does not give the pages back
 * @done: the firmware has done it, whatever the driver could not do afterwards: pages that it
 *	gives to a guest are the guest's
 * @reads: the caller may not have the platform initialised
 * @theirs: the block is KVM's, which changes the states of an SNP command's pages itself
 * @handle: the guest's handle, while the firmware's is in the block
 * @asid: ASID that is meant, for whoever observes; of the guest whose page is at @gpa
 * @gpa: address in the guest of the page that becomes an SNP guest's, or its own already
 * @caller: of a call that may take the ring: whose it is; nobody else's do before it is left
 * @go_on: of a call that is posted: others are executed after it, even if it fails
 * @posted: the firmware is at it, and it is not known yet what becomes of it
 * @ret: result of a call that was posted
 */
struct psp_call {
	const struct psp_row *row;
	struct psp_fw_block fw;
	struct psp_handle *new_handle;
	u32 status;
	u64 expected;
	u64 queue_ns;
	u64 firmware_ns;
	bool stuck;
	bool done;
	bool reads;
	bool theirs;
	u32 handle;
	u32 asid;
	u64 gpa;
	const void *caller;
	bool go_on;
	bool posted;
	int ret;
};

/*
 * Time in ns, for what the firmware takes. Each command is timed, and where the kernel does not
 * trust the TSC, to read the monotonic clock may take as long as all else that the driver does
 * for a command. This clock is cheap; it may then be off by a tick between two processors.
 */
static inline u64 psp_clock(void)
{
	return local_clock();
}

/* ns that have passed since psp_clock() said @then */
static inline u64 psp_clock_since(u64 then)
{
	return max_t(s64, psp_clock() - then, 0);
}

/* Does this firmware have the command, on this host? */
static inline bool psp_offers(const struct psp *psp, const struct psp_row *row)
{
	return psp->api >= row->since && (!row->snp || psp->snp);
}

/* Has the firmware refused it, in a way that is no part of how it is used? */
static inline bool psp_call_refused(const struct psp_call *call)
{
	return call->status && (call->status >= 64 || !(call->expected >> call->status & 1));
}

/* master.c */
#define PSP_REASON_LEN	128
#define PSP_NO_ANSWER	"firmware does not answer"
extern struct psp *psp_master;
extern struct mutex psp_master_lock;
struct psp *psp_get(void);
void psp_put(struct psp *psp);
struct psp_reason *psp_set_reason(struct pci_dev *pdev, const char *text);
void psp_drop_reason(struct psp *psp);
void psp_has_died(const struct psp *psp);
ssize_t psp_show_reasons(char *buf);
void psp_forget_reasons(void);

/* mailbox.c */
int psp_mailbox_init(struct psp *psp);
void psp_mailbox_quiet(struct psp *psp);
void psp_mailbox_panic(struct psp *psp);
void psp_mailbox_exit(struct psp *psp);
void psp_mailbox_lose_block(struct psp *psp);
void psp_mailbox_refill(struct psp *psp);
int psp_mailbox(struct psp *psp, struct psp_call *call);
int psp_mailbox_post(struct psp *psp, struct psp_call *call);
int psp_mailbox_wait(struct psp *psp, struct psp_call *call);
void psp_mailbox_interrupt(struct psp *psp);
int psp_mailbox_give_up(struct psp *psp, const struct psp_row *row, int error);
bool psp_mailbox_is_slow(const struct psp *psp, const struct psp_row *row);
void psp_mailbox_move_tail(struct psp *psp, u8 tail);
bool psp_mailbox_await_head(struct psp *psp, const struct psp_row *row);
int psp_mailbox_head(struct psp *psp, u8 *head);
void psp_mailbox_begin_ring(struct psp *psp);
int psp_mailbox_leave_ring(struct psp *psp, const struct psp_row *row);
bool psp_mailbox_judge(struct psp *psp, enum psp_trial trial, unsigned int since);
void psp_mailbox_stop(struct psp *psp);

/* ring.c */
unsigned int psp_ring_slots(struct psp *psp, u32 count);
unsigned int psp_ring_depth(const struct psp *psp);
bool psp_ring_takes(const struct psp *psp, const struct psp_call *call);
bool psp_ring_pays(const struct psp *psp, const struct psp_call *call);
void psp_ring_describe(struct psp *psp, const void *caller, struct psp_fw_block *fw);
void psp_ring_begin(struct psp *psp, const struct psp_call *call);
int psp_ring_post(struct psp *psp, struct psp_call *call);
int psp_ring_wait(struct psp *psp);
bool psp_ring_has_answer(const struct psp *psp);
struct psp_call *psp_ring_take(struct psp *psp, bool done);
int psp_ring_leave(struct psp *psp);

/* turn.c; whoever has to wait does so for no longer than this, or one command */
#define PSP_TURN_NS	(2 * NSEC_PER_MSEC)

void psp_take(struct psp *psp);
void psp_take_to_post(struct psp *psp, struct psp_call *call);
void psp_take_for(struct psp *psp, struct psp_call *call);
void psp_take_turns(struct psp *psp, u64 *turn_ns);
int psp_unlock(struct psp *psp);

/* asid.c */
int psp_asid_init(struct psp *psp);
void psp_asid_exit(struct psp *psp);
void psp_asid_mark_all_dirty(struct psp *psp, bool snp_too);
void psp_asid_mark_unbound(struct psp *psp, u64 guest);
void psp_asid_mark_clean(struct psp *psp);
void psp_asid_mark_lost(struct psp *psp, u32 asid);
void psp_asid_mark_refused(struct psp *psp, u32 asid);
void psp_asid_mark_bound(struct psp *psp, u64 guest, u32 asid);
bool psp_asid_is_dirty(const struct psp *psp, u32 asid);

/* execute.c */
u32 psp_driver_field(const struct psp_call *call, enum psp_own_kind kind);
void psp_set_driver_field(struct psp_call *call, enum psp_own_kind kind, u32 value);
void psp_call_put_context(struct psp_call *call, const void *context);
void psp_call_copy_context(const struct psp_call *from, struct psp_call *to);
void psp_kept_take_back(struct psp *psp);
int psp_kept_hand_over(struct psp *psp);
void psp_kept_lose(struct psp *psp);
int psp_execute(struct psp *psp, struct psp_call *call);
int psp_execute_plain(struct psp *psp, u32 id, const struct psp_fill *fill, u32 *status);
void psp_execute_enter(struct psp *psp, const struct psp_call *call);
int psp_execute_post(struct psp *psp, struct psp_call *call);
void psp_execute_await(struct psp *psp, const struct psp_call *call);
void psp_execute_finish(struct psp *psp);

/* platform.c */
extern bool psp_init_on_probe;
int psp_platform_init(struct psp *psp);
void psp_platform_exit(struct psp *psp);
int psp_platform_prepare(struct psp *psp, struct psp_call *call);
int psp_platform_make_ready(struct psp *psp, struct psp_call *call);
void psp_platform_restore(struct psp *psp, const struct psp_call *call, bool snp_up);
int psp_platform_learn(struct psp *psp, const struct psp_call *call);
void psp_try_interrupt(struct psp *psp);
int psp_bring_up(struct psp *psp, bool early, u32 *status);
int psp_bring_up_snp(struct psp *psp, u32 *status);
int psp_suspend(struct psp *psp);
void psp_take_down(struct psp *psp, enum psp_end end);

/* metadata.c */
void *psp_metadata_entry(const void *context, u64 number, u32 *status);
void psp_metadata_end(const void *context);

/* submit.c */
int psp_submit(struct psp *psp, struct psp_call *call);
int psp_post(struct psp *psp, struct psp_call *call, const struct psp_call *after);
int psp_finish(struct psp *psp, struct psp_call *call);
void psp_end_posts(struct psp *psp, const void *caller);
int psp_submit_start(struct psp *psp, struct psp_call *call, u32 asid);
int psp_submit_launch(struct psp *psp, struct psp_call *call, struct psp_guest *guest);
void psp_submit_end(struct psp *psp, u32 handle);

/* handle.c */
u64 psp_generation_begin(void);
struct psp_handle *psp_handle_alloc(void);
u32 psp_handle_add(struct psp_handle *handle, u64 generation, u32 fw);
int psp_handle_find(u64 generation, u32 number, u32 *fw);
void psp_handle_drop(u32 number);
void psp_handle_drop_all(void);

/* fwmem.c */
int psp_fwmem_alloc(struct psp_fwmem *mem, size_t size, gfp_t gfp);
int psp_fwmem_borrow(struct psp_fwmem *mem, size_t size, struct psp_fwmem *spare);
void psp_fwmem_pass_on(struct psp_fwmem *mem, struct psp_fwmem *spare);
void psp_fwmem_drain(void);
unsigned long psp_fwmem_pages(const struct psp_fwmem *mem);
void psp_fwmem_hand_over(struct psp_fwmem *mem);
void psp_fwmem_take_back(struct psp_fwmem *mem);
void psp_fwmem_lose(struct psp_fwmem *mem);
void psp_fwmem_free(struct psp_fwmem *mem);
void psp_fwmem_lose_pinned(unsigned long pages);
void psp_fwmem_lose_page(struct page *page);
unsigned long psp_fwmem_lost(void);
void psp_fwmem_lose_kept(const struct psp_call *call);
bool psp_fwmem_in_rmp(const struct psp_fwmem *mem);
bool psp_fwmem_is_given(struct page *page);
int psp_fwmem_give_page(u64 pfn, bool large);
int psp_fwmem_lend_block(struct psp *psp, const struct psp_call *call);

/**
 * struct psp_shadow - pages that the firmware writes to, instead of an object of kernel code's
 * @mem: whole pages; none if there is no need of any
 * @addr: address of the object
 * @len: its length
 */
struct psp_shadow {
	struct psp_fwmem mem;
	phys_addr_t addr;
	u32 len;
};

int psp_shadows_make(struct psp_call *call, struct psp_shadow *shadows);
void psp_shadows_end(struct psp_call *call, struct psp_shadow *shadows);

/* rmp.c */
int psp_fwmem_give(struct psp *psp, struct psp_fwmem *mem);
void psp_fwmem_take(struct psp *psp, struct psp_fwmem *mem);
int psp_fwmem_give_pages(struct psp *psp, u64 pfn, unsigned long pages);
unsigned long psp_fwmem_take_pages(struct psp *psp, u64 pfn, unsigned long pages);

/**
 * struct psp_lent_pages - pages that the firmware has for the time of a command
 * @pfn: the first one
 * @pages: how many; 0: none
 * @home: address in the block, for which one of answer.c's is there; 0: it is as it was
 * @len: length of that buffer
 */
struct psp_lent_pages {
	u64 pfn;
	unsigned long pages;
	u64 home;
	u32 len;
};

int psp_fwmem_lend(struct psp *psp, struct psp_call *call, struct psp_lent_pages *lent);
void psp_fwmem_return(struct psp *psp, struct psp_call *call, const struct psp_lent_pages *lent);

/* answer.c */
int psp_answer_init(struct psp *psp);
void psp_answer_exit(struct psp *psp);
bool psp_answer_begin(struct psp *psp, struct psp_call *call, unsigned int i,
		      struct psp_lent_pages *lent);
void psp_answer_end(struct psp *psp, struct psp_call *call, unsigned int i,
		    const struct psp_lent_pages *lent);

/* buffer.c */

/**
 * struct psp_mapping - one buffer of a command on its way
 * @buf: kind, direction, place in the block
 * @uaddr: where the caller has it
 * @len: length, for firmware
 * @bounce: kernel memory that firmware gets to see instead, of a blob
 * @pages: pinned pages, of guest memory
 * @few: room for @pages, if they are few
 * @nr_pages: how many
 * @offset: where in the first page it begins
 * @vcpu: number of the (first) vCPU, of a save area
 * @vmsa: page of a save area, while firmware has it
 * @corrected: the firmware has refused the content and corrected it, of a private page
 */
struct psp_mapping {
	const struct psp_buf *buf;
	void __user *uaddr;
	u32 len;
	struct psp_fwmem bounce;
	struct page **pages;
	struct page *few[2];
	unsigned long nr_pages;
	unsigned int offset;
	u32 vcpu;
	struct page *vmsa;
	bool corrected;
};

/**
 * struct psp_buffers - all buffers of a command on its way
 * @row: command
 * @map: one for each buffer of the row
 * @nr: how many there are
 * @guest: guest that is meant, NULL if none
 * @pinned: pages of guest memory, of all buffers
 * @total: bytes to be done in all, of a command that is issued more than once
 * @from: the firmware has done with all bytes before this one
 * @to: and has been told of none from this one on
 * @gpa: address that a vCPU's save area has for an SNP guest
 * @absent: all buffers are, whatever the block says
 * @kernel: where the blob is, if it is one in kernel memory
 * @spare: of each buffer, the bounce buffer of the command before and for the next one; NULL if
 *	there are no such commands
 */
struct psp_buffers {
	const struct psp_row *row;
	struct psp_guest *guest;
	struct psp_mapping map[SEV_FW_BUFS];
	unsigned int nr;
	unsigned long pinned;
	u32 total;
	u32 from;
	u32 to;
	u64 gpa;
	bool absent;
	void *kernel;
	struct psp_fwmem *spare;
};

int psp_user_writable(void __user *to, size_t len);
int psp_buffers_map(struct psp_buffers *bufs, const struct psp_row *row,
		    const struct psp_user_block *user, struct psp_guest *guest);
void psp_buffers_unmap(struct psp_buffers *bufs, bool stuck);
u32 psp_buffers_slice(struct psp_buffers *bufs, u32 pos);
int psp_buffers_begin(struct psp_buffers *bufs, u32 pos, u32 size, struct psp_fw_block *fw);
int psp_buffers_use(struct psp_buffers *bufs, struct psp_call *call, int (*ask)(void *arg),
		    void *arg);
int psp_buffers_end(struct psp_buffers *bufs, u32 pos, const struct psp_call *call, int ret);

/* block.c */

/**
 * struct psp_issue - one pass-through command and where it comes from
 * @cmd: envelope, copied in
 * @guest: the guest that is meant, locked; NULL for a platform command
 * @writable: the /dev/sev file is open for writing
 * @sev_file: that file, for START; NULL for a platform command
 * @sev_fd: number of that file, if the caller has told it
 * @seen: firmware has been given the block, or a part of what it asks for
 * @share: the guest whose key a new one shall share, 0 if none; of legacy commands only
 * @lengths: the caller only asks how long outputs are, all buffers are absent; likewise
 * @kernel: where a blob is, if in kernel memory; likewise
 */
struct psp_issue {
	struct sev_fw_cmd cmd;
	struct psp_guest *guest;
	bool writable;
	struct file *sev_file;
	int sev_fd;
	bool seen;
	u32 share;
	bool lengths;
	void *kernel;
};

int psp_block_in(const struct psp_row *row, const struct sev_fw_cmd *cmd,
		 struct psp_user_block *block);
int psp_block_out(struct psp_issue *issue, const struct psp_call *call,
		  struct psp_user_block *block, int ret);
int psp_issue_block(struct psp *psp, struct psp_issue *issue, const struct psp_row *row,
		    struct psp_user_block *block);

/* slices.c */
void psp_call_init(struct psp_call *call, const struct psp_row *row);
void psp_fill_for(const struct psp_row *row, const struct psp_user_block *block,
		  const struct psp_issue *issue, struct psp_call *call);
int psp_submit_slices(struct psp *psp, struct psp_issue *issue, struct psp_buffers *bufs,
		      struct psp_call *call, const struct psp_user_block *block);

/* engine.c */
int psp_issue(struct psp_issue *issue, const struct psp_form *form);
const struct psp_form *psp_form_find(const struct psp_form *forms, unsigned int count,
				     u32 id);
const struct psp_row *psp_offered_row(const struct psp *psp, u32 id);
int psp_admit(const struct psp *psp, const struct psp_issue *issue, const struct psp_row **row);
int psp_tell_dead(const struct psp *psp, const struct psp_issue *issue, int ret);

/* grain.c */
int psp_issue_grains(struct psp *psp, struct psp_issue *issue, const struct psp_form *form,
		     const struct psp_row *row, const struct psp_user_block *block);

/* array.c */
struct psp_array *psp_array_load(void __user *uarray);
int psp_array_fd(const struct psp_array *array);
int psp_array_run(struct psp_array *array, struct psp_issue *issue);
int psp_array_end(struct psp_array *array, int ret);

/* nv.c */
int psp_nv_init(struct psp *psp);
int psp_nv_load(struct psp *psp, bool early);
void psp_nv_collect(struct psp *psp);
int psp_nv_save(struct psp *psp);
int psp_nv_show(struct psp *psp, char *buf);
bool psp_nv_keeps_down(const struct psp *psp);
void psp_nv_tell_lost(struct psp *psp);
void psp_nv_exit(struct psp *psp);

/* firmware.c */
void psp_firmware_init(void);
void psp_load_firmware(struct psp *psp);

/* observe.c */
int psp_observe_init(struct psp *psp);
void psp_observe_exit(struct psp *psp);
void psp_observe(struct psp *psp, const struct psp_call *call, u32 handle, u32 asid);
const char *psp_init_hint(const struct psp_row *row, u32 status);
void psp_observe_bring_up(const struct psp_row *row, u32 status);
const char *psp_unasked_hint(int error);
void psp_observe_unasked(const struct psp_row *row, int error);
void psp_observe_unflushed(void);
void psp_observe_lost(u32 asid);
void psp_observe_interrupt(const struct psp *psp);
void psp_observe_asids(const struct psp *psp);

/* sysfs.c */
extern const struct attribute_group *psp_attr_groups[];
void psp_debugfs_show(struct psp *psp);
void psp_debugfs_hide(struct psp *psp);
void psp_debugfs_init(void);
void psp_debugfs_exit(void);

/* snp.c */
int psp_snp_init(struct psp *psp);
void psp_snp_exit(struct psp *psp);
int psp_snp_up(struct psp *psp, u32 *status);
int psp_snp_down(struct psp *psp, u32 *status);
bool psp_snp_must_stay(void);
void *psp_snp_page_alloc(gfp_t gfp);
void psp_snp_page_free(void *page);

/* dev.c */
int psp_dev_register(void);
void psp_dev_unregister(void);
bool psp_dev_is(const struct file *file);

#endif /* PSP_H */
