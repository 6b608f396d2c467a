// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's processor: waits for the doorbell, executes, answers.
 *
 * BAR 2 is plain shared memory, so nothing tells us that a register was
 * written: the command register is polled. Idle polling must cost next to
 * nothing and a busy one must not add latency, hence spin while commands flow,
 * then sleep for longer and longer.
 *
 * Plain memory cannot do write-1-to-clear either. The interrupt status is
 * therefore cleared by us when the next command is taken, which no driver can
 * tell from a handler that has done it.
 *
 * Order of an answer, on which drivers rely: command buffer, address registers,
 * response, interrupt status, interrupt.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"
#include "mailbox.h"

_Static_assert(SWPSP_FAULT_LONGER_BYTE == SWPSP_LONGER_BYTE, "tests see the byte in bar.h");

/* SEV API: command and response register, interrupts */
#define RESPONSE		0x80000000u
#define COMMAND_ID(word)	(((word) >> 16) & 0xff)
#define INTERRUPT_ON_COMPLETION	0x1u
#define INTERRUPT_SEV		0x2u
#define FEATURE_SEV		0x1u

#define CMD_INIT		0x01
#define CMD_INIT_EX		0x0d
#define CMD_DEACTIVATE		0x22
#define CMD_SNP_INIT		0x81
#define CMD_SNP_INIT_EX		0x85
#define CMD_SNP_DECOMMISSION	0x90

/* The part of the BAR in which all generations have their registers */
#define REGISTERS_START		0x10000
#define REGISTERS_END		0x11000

/*
 * Real parts have it at 47 or 51; the emulated processor can have no address bit above this
 * one. The physical address space shrinks by one bit.
 */
#define CBIT_POSITION		SWPSP_BAR_CBIT_POSITION
#define CBIT_REDUCTION		1

#define GARBAGE			0xdeadbeefu

/* How long to spin after a command; how sleeping grows afterwards */
#define SPIN_NS			300000
#define NAP_SHORT_NS		50000
#define NAP_LONG_NS		4000000
#define NAP_GROWTH		16	/* a nap is 1/16 of the time spent idle */

/* A nap ends late by less than this, so that whoever wants the microsecond spins it. */
#define NAP_LATE_NS		300000
/* Longest nap, so that the end of the machine is seen soon. */
#define NAP_DELAY_NS		10000000

static const struct psp_generation generations[] = {
	{ 0x1456, "pspv1 (Naples)",
	  0x10580, 0x105e0, 0x105e4, 0x105fc, 0x10610, 0x10614 },
	{ 0x1486, "pspv2 (Rome, Milan)",
	  0x10980, 0x109e0, 0x109e4, 0x109fc, 0x10690, 0x10694 },
	{ 0x14ca, "pspv4 (Genoa)",
	  0x10980, 0x109e0, 0x109e4, 0x109fc, 0x10690, 0x10694 },
	{ 0x156e, "pspv6",
	  0x10980, 0x109e0, 0x109e4, 0x109fc, 0x10510, 0x10514 },
	{ 0x17d8, "pspv6",
	  0x10980, 0x109e0, 0x109e4, 0x109fc, 0x10510, 0x10514 },
};

struct fault {
	uint32_t id;
	uint32_t kind;
	uint32_t value;
	uint32_t after;
	uint32_t count;
	uint32_t hits;
};

struct mailbox {
	struct mailbox_config config;
	struct swpsp *psp;
	uint8_t *bar;
	int memory_fd;
	int irq_fd;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	uint32_t wbinvd_seen[SWPSP_CPUS_MAX];
	struct fault fault;
	struct profile profile;
	uint32_t interrupts;	/* that were due, for a profile that loses some */
	uint32_t ring_ctl;	/* RBCtl and RBTail as they were when last looked at */
	uint32_t ring_tail;
	bool ring_busy;		/* there may be more to do without another doorbell */
	bool hung;		/* SWPSP_FAULT_HANG has struck */
	bool gone;		/* SWPSP_FAULT_ALL_ONES has struck */
};

const struct psp_generation *psp_generation_get(unsigned int index)
{
	if (index >= sizeof(generations) / sizeof(generations[0]))
		return NULL;
	return &generations[index];
}

const struct psp_generation *psp_generation_find(unsigned int pci_id)
{
	const struct psp_generation *generation;
	unsigned int i;

	for (i = 0; (generation = psp_generation_get(i)); i++)
		if (generation->pci_id == pci_id)
			return generation;
	return NULL;
}

/* The other side runs at the same time: each access happens once, in order. */
static uint32_t get(const struct mailbox *box, uint32_t offset)
{
	return __atomic_load_n((uint32_t *)(box->bar + offset), __ATOMIC_SEQ_CST);
}

static void set(struct mailbox *box, uint32_t offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)(box->bar + offset), value, __ATOMIC_SEQ_CST);
}

static void add(struct mailbox *box, uint32_t offset, uint32_t value)
{
	set(box, offset, get(box, offset) + value);
}

static void set64(struct mailbox *box, uint32_t offset, uint64_t value)
{
	set(box, offset, (uint32_t)value);
	set(box, offset + 4, (uint32_t)(value >> 32));
}

static void add64(struct mailbox *box, uint32_t offset, uint64_t value)
{
	set64(box, offset, value + ((uint64_t)get(box, offset + 4) << 32 | get(box, offset)));
}

static void fill_registers(struct mailbox *box, uint32_t value)
{
	uint32_t offset;

	for (offset = REGISTERS_START; offset < REGISTERS_END; offset += 4)
		set(box, offset, value);
}

static void power_on_registers(struct mailbox *box)
{
	const struct psp_generation *generation = box->config.generation;

	fill_registers(box, 0);
	set(box, generation->feature, FEATURE_SEV);
	/* A cleared response bit would be a command. */
	set(box, generation->cmdresp, RESPONSE);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void nap(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};

	nanosleep(&ts, NULL);
}

/*
 * To the microsecond, and in slices, so that a long delay does not outlive the machine.
 * Deadlines are absolute, since what is late in one slice would add up.
 */
static void delay_until(struct mailbox *box, uint64_t end)
{
	uint64_t now, left;

	while (!atomic_load(&box->stop) && (now = now_ns()) < end) {
		left = end - now;
		if (left > NAP_LATE_NS + NAP_DELAY_NS)
			nap(NAP_DELAY_NS);
		else if (left > NAP_LATE_NS)
			nap(left - NAP_LATE_NS);
		else
			__builtin_ia32_pause();
	}
}

static void pass_wbinvds(struct mailbox *box, bool tell)
{
	uint32_t cpu;

	for (cpu = 0; cpu < box->config.cpus; cpu++) {
		uint32_t count = get(box, SWPSP_BAR_WBINVD(cpu));

		if (count == box->wbinvd_seen[cpu])
			continue;
		box->wbinvd_seen[cpu] = count;
		if (tell)
			swpsp_wbinvd(box->psp, cpu);
	}
}

/* Commands that clear the "WBINVD done" flags. */
static bool clears_wbinvd(uint32_t id)
{
	return id == CMD_INIT || id == CMD_INIT_EX || id == CMD_DEACTIVATE ||
	       id == CMD_SNP_INIT || id == CMD_SNP_INIT_EX || id == CMD_SNP_DECOMMISSION;
}

static uint16_t execute(struct mailbox *box, uint32_t id, uint32_t longer)
{
	const struct psp_generation *generation = box->config.generation;
	const struct profile *profile = &box->profile;
	uint64_t cmdbuf;
	uint16_t status;

	if (profile->answers[id % PROFILE_IDS])
		return profile->status[id % PROFILE_IDS];
	cmdbuf = (uint64_t)get(box, generation->addr_hi) << 32 | get(box, generation->addr_lo);
	pass_wbinvds(box, true);
	swpsp_longer(box->psp, longer);
	status = swpsp_command(box->psp, id, cmdbuf);
	/*
	 * A WBINVD that was executed meanwhile may have come too early: only a
	 * driver that does not keep the two apart can tell, and it shall.
	 */
	if (clears_wbinvd(id))
		pass_wbinvds(box, false);
	if (status == SWPSP_INVALID_LENGTH && profile->short_status[id % PROFILE_IDS])
		status = profile->short_status[id % PROFILE_IDS];
	return status;
}

static void take_fault_rule(struct mailbox *box)
{
	const struct psp_generation *generation = box->config.generation;

	box->fault = (struct fault) {
		.id = get(box, SWPSP_BAR_FAULT_ID),
		.kind = get(box, SWPSP_BAR_FAULT_KIND),
		.value = get(box, SWPSP_BAR_FAULT_VALUE),
		.after = get(box, SWPSP_BAR_FAULT_AFTER),
		.count = get(box, SWPSP_BAR_FAULT_COUNT),
	};
	/*
	 * Any new rule brings a dead PSP back, so that one boot can test more
	 * than one death. Commands that came while it was dead stay undone.
	 */
	if (box->gone)
		power_on_registers(box);
	else if (box->hung)
		set(box, generation->cmdresp, RESPONSE | SWPSP_HWERROR_PLATFORM);
	box->gone = false;
	box->hung = false;
	set(box, SWPSP_BAR_FAULT_HITS, 0);
	set(box, SWPSP_BAR_FAULT_ARM, 0);
}

/* Which fault strikes this command? */
static uint32_t fault_strikes(struct mailbox *box, uint32_t id)
{
	struct fault *fault = &box->fault;

	if (fault->kind == SWPSP_FAULT_NONE || (fault->id && fault->id != id))
		return SWPSP_FAULT_NONE;
	if (fault->after) {
		fault->after--;
		return SWPSP_FAULT_NONE;
	}
	if (fault->count && fault->hits == fault->count)
		return SWPSP_FAULT_NONE;
	fault->hits++;
	set(box, SWPSP_BAR_FAULT_HITS, fault->hits);
	return fault->kind;
}

static void interrupt_host(struct mailbox *box, bool masked)
{
	const struct psp_generation *generation = box->config.generation;
	uint64_t one = 1;
	ssize_t written;

	set(box, generation->intsts, INTERRUPT_SEV);
	if (masked && !box->profile.unmasked && !(get(box, generation->inten) & INTERRUPT_SEV))
		return;
	if (box->profile.lost_every && ++box->interrupts % box->profile.lost_every == 0)
		return;
	/* Fails only if the counter is full, and then QEMU has yet to look. */
	written = write(box->irq_fd, &one, sizeof(one));
	(void)written;
	set64(box, SWPSP_BAR_TSC_IRQ, __builtin_ia32_rdtsc());
}

static void answer(struct mailbox *box, uint32_t response, bool interrupt, bool masked)
{
	const struct psp_generation *generation = box->config.generation;
	uint64_t info = swpsp_error_info(box->psp);

	set(box, generation->addr_lo, (uint32_t)info);
	set(box, generation->addr_hi, (uint32_t)(info >> 32));
	/* In ring-buffer mode the host's next write is a doorbell, and this one is none. */
	box->ring_ctl = response;
	box->ring_tail = (uint32_t)(info >> 32);
	set(box, generation->cmdresp, response);
	if (interrupt)
		interrupt_host(box, masked);
}

/* Let the time pass that a command is to take, and tell how long it has taken. */
static void serve(struct mailbox *box, uint32_t id, uint64_t taken, uint64_t late_us)
{
	uint64_t executed = now_ns();
	uint64_t due = taken + (uint64_t)get(box, SWPSP_BAR_SERVICE_US) * 1000;
	uint64_t usual = taken + (uint64_t)box->profile.service_us[id % PROFILE_IDS] * 1000;

	if (due < usual)
		due = usual;
	if (due < executed)
		due = executed;
	due += late_us * 1000;
	if (due > executed)
		delay_until(box, due);
	add64(box, SWPSP_BAR_EXECUTE_NS, executed - taken);
	add64(box, SWPSP_BAR_SERVICE_NS, now_ns() - taken);
	set64(box, SWPSP_BAR_TSC_DONE, __builtin_ia32_rdtsc());
}

/* For tests; complete before the answer is there. */
static void count(struct mailbox *box, uint32_t id, uint16_t status)
{
	struct swpsp_counts counts;

	swpsp_counts(box->psp, &counts);
	set(box, SWPSP_BAR_GUESTS, counts.guests);
	set(box, SWPSP_BAR_ASIDS_BOUND, counts.asids_bound);
	set(box, SWPSP_BAR_ASIDS_DIRTY, counts.asids_dirty);
	add(box, SWPSP_BAR_COMMANDS, 1);
	add(box, SWPSP_BAR_COUNT(id), 1);
	set(box, SWPSP_BAR_LAST_ID, id);
	set(box, SWPSP_BAR_LAST_STATUS, status);
}

/* Faults after which no command is executed any more. */
static bool ends_here(struct mailbox *box, uint32_t kind)
{
	box->hung |= kind == SWPSP_FAULT_HANG;
	box->gone |= kind == SWPSP_FAULT_ALL_ONES;
	return kind == SWPSP_FAULT_HANG || kind == SWPSP_FAULT_ALL_ONES;
}

static void command(struct mailbox *box, uint32_t word)
{
	uint32_t id = COMMAND_ID(word), kind = fault_strikes(box, id), response;
	bool interrupt = word & INTERRUPT_ON_COMPLETION;
	uint64_t taken = now_ns();
	uint16_t status;

	set64(box, SWPSP_BAR_TSC_TAKEN, __builtin_ia32_rdtsc());
	set64(box, SWPSP_BAR_TSC_IRQ, 0);
	set(box, box->config.generation->intsts, 0);
	if (ends_here(box, kind))
		return;
	if (kind == SWPSP_FAULT_STATUS)
		status = (uint16_t)box->fault.value;
	else
		status = execute(box, id, kind == SWPSP_FAULT_LONGER ? box->fault.value : 0);
	serve(box, id, taken, kind == SWPSP_FAULT_DELAY ? box->fault.value : 0);
	count(box, id, status);
	response = RESPONSE | status;
	if (kind == SWPSP_FAULT_GARBLE)
		response = RESPONSE | (box->fault.value ? box->fault.value : GARBAGE);
	answer(box, response, interrupt && kind != SWPSP_FAULT_DROP_IRQ,
	       kind != SWPSP_FAULT_STRAY_IRQ);
}

/* The command that is due in a ring, with the faults that a command can have. */
static void ring_command(struct mailbox *box, struct swpsp_ring_io *io)
{
	uint32_t kind = fault_strikes(box, io->id);
	uint64_t taken = now_ns();
	uint16_t status;

	set64(box, SWPSP_BAR_TSC_TAKEN, __builtin_ia32_rdtsc());
	if (ends_here(box, kind))
		return;
	pass_wbinvds(box, true);
	swpsp_longer(box->psp, kind == SWPSP_FAULT_LONGER ? box->fault.value : 0);
	if (kind == SWPSP_FAULT_STATUS)
		status = (uint16_t)box->fault.value;
	else
		status = swpsp_ring_command(box->psp, io);
	if (clears_wbinvd(io->id))
		pass_wbinvds(box, false);
	serve(box, io->id, taken, kind == SWPSP_FAULT_DELAY ? box->fault.value : 0);
	count(box, io->id & 0xff, status);
	if (kind == SWPSP_FAULT_GARBLE)
		status = (uint16_t)(box->fault.value ? box->fault.value : GARBAGE);
	swpsp_ring_done(box->psp, io, status);
	set(box, box->config.generation->addr_lo, io->head);
	if (io->interrupt && kind != SWPSP_FAULT_DROP_IRQ)
		interrupt_host(box, kind != SWPSP_FAULT_STRAY_IRQ);
}

/*
 * Plain memory has no doorbell either: a register that has changed is one. The exception is
 * the tail while RBCtl still holds the answer to RING_BUFFER, since hosts write it first.
 */
static bool ring_look(struct mailbox *box)
{
	const struct psp_generation *generation = box->config.generation;
	struct swpsp_ring_io io = {
		.ctl = get(box, generation->cmdresp), .tail = get(box, generation->addr_hi),
	};
	bool same = io.ctl == box->ring_ctl;
	bool woken = !same || (io.tail != box->ring_tail && io.ctl & SWPSP_RING_ACTIVE);

	if (!woken && !box->ring_busy)
		return false;
	if (woken)
		swpsp_ring_woken(box->psp);
	box->ring_ctl = io.ctl;
	box->ring_tail = io.tail;
	box->ring_busy = false;
	switch (swpsp_ring_next(box->psp, &io)) {
	case SWPSP_RING_COMMAND:
		set(box, generation->addr_lo, io.head);
		if (io.interrupt)
			interrupt_host(box, true);
		ring_command(box, &io);
		box->ring_busy = true;
		break;
	case SWPSP_RING_IDLE:
		set(box, generation->addr_lo, io.head);
		if (io.interrupt)
			interrupt_host(box, true);
		break;
	case SWPSP_RING_LEFT:
		answer(box, RESPONSE | SWPSP_RING_EXIT, true, true);
		break;
	}
	return true;
}

/* Look at the registers once. Return: whether there was something to do. */
static bool look(struct mailbox *box)
{
	uint32_t word;

	if (get(box, SWPSP_BAR_FAULT_ARM)) {
		take_fault_rule(box);
		return true;
	}
	if (box->gone) {
		/* The host reads ones, whatever it has written meanwhile. */
		fill_registers(box, UINT32_MAX);
		return false;
	}
	if (box->hung)
		return false;
	if (swpsp_ring_on(box->psp))
		return ring_look(box);
	word = get(box, box->config.generation->cmdresp);
	if (word & RESPONSE)
		return false;
	command(box, word);
	return true;
}

static void *mailbox_thread(void *data)
{
	struct mailbox *box = data;
	uint64_t last = now_ns();

	/* The default slack of 50 us would be added to each nap. */
	prctl(PR_SET_TIMERSLACK, 1000);
	while (!atomic_load(&box->stop)) {
		uint64_t idle, ns;

		if (look(box)) {
			last = now_ns();
			continue;
		}
		idle = now_ns() - last;
		if (idle < SPIN_NS) {
			__builtin_ia32_pause();
			continue;
		}
		ns = idle / NAP_GROWTH;
		if (ns < NAP_SHORT_NS)
			ns = NAP_SHORT_NS;
		if (ns > NAP_LONG_NS)
			ns = NAP_LONG_NS;
		nap(ns);
	}
	return NULL;
}

struct mailbox *mailbox_new(const struct mailbox_config *config)
{
	struct mailbox *box = calloc(1, sizeof(*box));
	int error;

	if (!box)
		return NULL;
	box->config = *config;
	if (config->profile)
		box->profile = *config->profile;
	box->bar = MAP_FAILED;
	box->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	box->memory_fd = memfd_create("swpsp-bar", MFD_CLOEXEC);
	if (box->irq_fd < 0 || box->memory_fd < 0 || ftruncate(box->memory_fd, SWPSP_BAR_SIZE))
		goto fail;
	box->bar = mmap(NULL, SWPSP_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			box->memory_fd, 0);
	if (box->bar == MAP_FAILED)
		goto fail;

	power_on_registers(box);
	set(box, SWPSP_BAR_PCI_ID, config->generation->pci_id);
	set(box, SWPSP_BAR_MAX_ASID, config->max_asid);
	set(box, SWPSP_BAR_MIN_SEV_ASID, config->min_sev_asid);
	set(box, SWPSP_BAR_CBIT, CBIT_POSITION | CBIT_REDUCTION << 6);
	set(box, SWPSP_BAR_SNP, config->snp);
	set(box, SWPSP_BAR_MAGIC, SWPSP_MAGIC);
	return box;

fail:
	error = errno;
	mailbox_free(box);
	errno = error;
	return NULL;
}

int mailbox_memory_fd(const struct mailbox *box)
{
	return box->memory_fd;
}

int mailbox_irq_fd(const struct mailbox *box)
{
	return box->irq_fd;
}

void *mailbox_rmp(const struct mailbox *box)
{
	return box->bar + SWPSP_BAR_RMP;
}

static int start_thread(struct mailbox *box)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int error;

	pthread_attr_init(&attr);
	if (box->config.cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(box->config.cpu, &cpus);
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	error = pthread_create(&box->thread, &attr, mailbox_thread, box);
	pthread_attr_destroy(&attr);
	return error;
}

int mailbox_start(struct mailbox *box, struct swpsp *psp)
{
	sigset_t all, before;
	int error;

	box->psp = psp;
	/* Signals are for the main thread; a new one inherits what is blocked. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = start_thread(box);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	box->running = !error;
	return error;
}

void mailbox_stop(struct mailbox *box)
{
	if (!box->running)
		return;
	atomic_store(&box->stop, true);
	pthread_join(box->thread, NULL);
	box->running = false;
}

void mailbox_free(struct mailbox *box)
{
	if (!box)
		return;
	mailbox_stop(box);
	if (box->bar != MAP_FAILED)
		munmap(box->bar, SWPSP_BAR_SIZE);
	if (box->memory_fd >= 0)
		close(box->memory_fd);
	if (box->irq_fd >= 0)
		close(box->irq_fd);
	free(box);
}
