// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux guest, SEV or SEV-ES, that is moved while it runs: its program counts
 * (../guest/init.c), and tells with each number what time it is. The guest runs in a thread. That
 * the numbers go on, and that the guest's time of day is as far from the host's as before, is
 * checked here. The guest says which pages it shares with the host; these are not the
 * firmware's to send.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../guest/linux.h"
#include "moving.h"

#define SLICE_BYTES	(1u << 20)	/* of RAM in one LAUNCH_UPDATE_DATA */
#define WAIT_MS		10
#define STOP_MS		1
#define STOP_MAX_MS	60000
#define WAIT_MAX_MS	240000

/*
 * By how much the guest's time of day may have moved against the host's, of which each has
 * set its own by a clock that counts seconds.
 */
#define AHEAD_MAX_NS	2500000000ll

/**
 * struct counting - the guest; the second half belongs to the thread, but for what is atomic
 * @linux_guest: the machine
 * @thread: runs it
 * @runs: there is a thread
 * @came: the guest has come from another host
 * @was_ahead: @ahead, as that host has said
 * @next: number that must come next
 * @wrong: another one has come
 * @result: of the run, when it has ended
 * @ended: it has
 * @ahead: by how much the guest's time of day is ahead of the host's
 * @bytes: of a struct linux_count that have come
 * @len: how many
 */
static struct counting {
	struct linux_guest linux_guest;
	pthread_t thread;
	bool runs;
	bool came;
	int64_t was_ahead;

	atomic_uint next;
	atomic_bool wrong;
	atomic_int result;
	atomic_bool ended;
	atomic_llong ahead;
	uint8_t bytes[sizeof(struct linux_count)];
	size_t len;
} counting;

static uint64_t time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void wait_ms(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* ---- the thread ---- */

static void hear(struct linux_guest *guest, uint8_t byte)
{
	struct linux_count told;

	(void)guest;
	counting.bytes[counting.len++] = byte;
	if (counting.len < sizeof(told))
		return;
	counting.len = 0;
	memcpy(&told, counting.bytes, sizeof(told));
	counting.ahead = (int64_t)(told.realtime - time_of_day());
	if (told.number != counting.next)
		counting.wrong = true;
	counting.next++;
}

static void *run_thread(void *arg)
{
	(void)arg;
	counting.result = linux_run(&counting.linux_guest);
	counting.ended = true;
	return NULL;
}

/* ---- both sides ---- */

static int make_machine(struct launch *l, size_t ram)
{
	int ret = ram == LINUX_RAM ? launch_vm(l, ram) : -EPROTO;

	if (!ret)
		ret = vm_ask_shared(&l->vm);
	if (!ret)
		ret = vm_add_interrupts(&l->vm);
	if (!ret)
		ret = launch_init(l);
	counting.linux_guest = (struct linux_guest){
		.vm = &l->vm, .kind = launch_es(l) ? LINUX_ES : LINUX_SEV, .cpus = 1, .hear = hear,
	};
	counting.len = 0;
	counting.came = false;
	return ret ? ret : linux_set_vcpus(&counting.linux_guest);
}

static int start(uint32_t next)
{
	counting.next = next;
	counting.ended = false;
	if (pthread_create(&counting.thread, NULL, run_thread, NULL))
		return -EAGAIN;
	counting.runs = true;
	return 0;
}

/* By itself, which it never should. */
static int ended(void)
{
	const int ret = counting.result ?: -EPROTO;
	const char *why = linux_error(ret);

	if (why)
		side_say("%s", why);
	return ret;
}

static int check(void)
{
	int64_t moved = counting.ahead - counting.was_ahead;

	if (counting.ended)
		return ended();
	if (counting.wrong)
		return -EILSEQ;
	if (!counting.came)
		return 0;
	side_say("target: the guest's time of day differs from before by %.1f s", moved / 1e9);
	return llabs(moved) > AHEAD_MAX_NS ? -ETIME : 0;
}

static int run(struct launch *l, unsigned int count, uint32_t *next)
{
	int ret = counting.runs ? 0 : start(*next);
	const unsigned int goal = counting.next + count;

	(void)l;
	for (int waited = 0; !ret && counting.next < goal; waited += WAIT_MS) {
		wait_ms(WAIT_MS);
		ret = counting.ended ? ended() : waited < WAIT_MAX_MS ? 0 : -ETIME;
	}
	if (!ret)
		ret = check();
	*next = counting.next;
	return ret;
}

/* The thread may not have begun to run the guest, which cannot be interrupted then. */
static int interrupt(void)
{
	while (counting.runs && !counting.ended) {
		linux_interrupt();
		wait_ms(STOP_MS);
	}
	if (counting.runs)
		pthread_join(counting.thread, NULL);
	counting.runs = false;
	return counting.result == -EINTR ? 0 : counting.result ?: -EPROTO;
}

/*
 * A guest with encrypted state may be stopped while it halts only (live_is_halted()). The
 * program sleeps between two numbers, so it halts often; but a guest that has just been
 * interrupted is slow, so it gets longer each time.
 */
static int stop(struct launch *l, uint32_t *next)
{
	const bool must_halt = counting.runs && launch_es(l);
	int ret = interrupt();

	for (int ms = WAIT_MS; must_halt && !ret && !live_is_halted(&l->vm); ms *= 2) {
		ret = ms < STOP_MAX_MS ? start(counting.next) : -ETIME;
		if (ret)
			break;
		wait_ms(ms);
		ret = interrupt();
	}
	*next = counting.next;
	return ret;
}

/* ---- the source ---- */

static int launch_linux(struct launch *l, const struct migrate_options *opt)
{
	const struct linux_files files = {
		.loader = opt->loader, .kernel = opt->kernel, .initrd = opt->initrd,
		/*
		 * KVM wakes a vCPU that halts when it is told again where it may announce
		 * asynchronous page faults. Without them only an interrupt can.
		 */
		.append = COUNT_WORD " no-kvmapf",
	};
	const struct linux_range *range = counting.linux_guest.launched;
	int ret = launch_steps(l, 0, STEP_VERSION | STEP_CERTS | STEP_SESSION);

	if (!ret)
		ret = make_machine(l, LINUX_RAM);
	if (!ret)
		ret = linux_load(&counting.linux_guest, &files);
	if (!ret)
		ret = vm_register(&l->vm);
	if (!ret)
		ret = launch_start(l);
	for (int i = 0; i < LINUX_LAUNCHED && !ret; i++, range++)
		for (uint64_t at = range->begin, len; at < range->end && !ret; at += len) {
			len = range->end - at < SLICE_BYTES ? range->end - at : SLICE_BYTES;
			ret = launch_update_at(l, at, len);
		}
	return ret ? ret : launch_steps(l, 0, STEP_UPDATE_VMSA | STEP_MEASURE | STEP_CHECK |
				       STEP_FINISH);
}

static int send_machine(struct launch *l, unsigned int pause)
{
	static struct wire_machine machine;
	int ret = live_get_machine(&l->vm, launch_es(l), &machine.state);

	machine.stopped = time_of_day();
	machine.ahead = counting.ahead;
	memcpy(machine.serial, counting.linux_guest.serial, sizeof(machine.serial));
	memcpy(machine.heard, counting.bytes, sizeof(machine.heard));
	machine.heard_len = counting.len;
	sleep(pause);
	return ret ? ret : wire_send(WIRE_MACHINE, 0, &machine, sizeof(machine));
}

/* ---- the target ---- */

static int make(struct launch *l, size_t ram)
{
	int ret = make_machine(l, ram);

	return ret ? ret : vm_register(&l->vm);
}

/* The guest has stood still for as long as the two hosts' time of day says. */
static int take_machine(struct launch *l, const union wire_body *body)
{
	const struct wire_machine *machine = &body->machine;
	const uint64_t now = time_of_day();

	if (machine->heard_len >= sizeof(counting.bytes) ||
	    machine->state.encrypted != launch_es(l))
		return -EPROTO;
	memcpy(counting.bytes, machine->heard, sizeof(counting.bytes));
	counting.len = machine->heard_len;
	counting.came = true;
	counting.was_ahead = machine->ahead;
	memcpy(counting.linux_guest.serial, machine->serial, sizeof(machine->serial));
	return live_set_machine(&l->vm, &machine->state,
				now > machine->stopped ? now - machine->stopped : 0);
}

const struct moving moving_linux = {
	.start = WIRE_START_LINUX,
	.state = WIRE_MACHINE,
	.launch = launch_linux,
	.make = make,
	.run = run,
	.slice = 0,
	.stop = stop,
	.send = send_machine,
	.take = take_machine,
};
