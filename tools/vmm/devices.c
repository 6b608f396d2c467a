// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a Linux guest that KVM does not have in itself, all of them ports: a serial
 * port for the kernel's console, one for text of the guest's program, one that is a
 * line between that program and the guest's owner, and one that ends the guest. Elsewhere
 * nothing answers.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/kvm.h>

#include "../guest/linux.h"
#include "../sevfw/tool.h"
#include "linux.h"

#define SERIAL_PORT	VM_PORT
#define SERIAL_DATA	0
#define SERIAL_ENABLE	1	/* of interrupts: there are none */
#define SERIAL_IDENTIFY	2
#define SERIAL_LINE	3
#define SERIAL_MODEM	4
#define SERIAL_STATUS	5
#define SERIAL_CARRIER	6
#define LINE_DIVISOR	0x80	/* the first two registers are the speed */
#define IDENTIFY_NONE	0x01
#define STATUS_EMPTY	0x60	/* everything has been sent */
#define CARRIER_THERE	0xb0

/* Lines of the kernel's and the program's, each kept until it is complete. */
#define LINE_MAX_LEN	512

struct line {
	char text[LINE_MAX_LEN];
	size_t len;
};

/* The last lines of the console, for a guest that hangs. */
#define KEPT_LINES	64

struct kept {
	char text[KEPT_LINES][LINE_MAX_LEN];
	unsigned int count;	/* of all that there were */
};

/**
 * struct devices - their state
 * @guest: guest that they belong to
 * @lock: held while one of its vCPUs has an exit served, but not while the owner is asked
 * @end: signalled when @ended is set
 * @last: what the vCPU that has ended the guest shares with KVM
 * @console: line that it is sending
 * @kept: lines that it has sent
 * @text: line that the program is printing
 * @asking: a vCPU asks the owner: it alone has the guest's inbox and outbox
 * @ended: the guest is done
 * @result: and this is the result, 0 or a negative errno
 */
struct devices {
	struct linux_guest *guest;
	pthread_mutex_t lock;
	pthread_cond_t end;
	const struct kvm_run *last;
	struct line console;
	struct kept kept;
	struct line text;
	bool asking;
	bool ended;
	int result;
};

/* A guest may print what commands the reader's terminal. */
static void line_print(const char *text)
{
	print_harmless(text, 0);
	putchar('\n');
	fflush(stdout);
}

/* Return: is it complete? */
static bool line_put(struct line *line, uint8_t c)
{
	if (c != '\n' && line->len < LINE_MAX_LEN - 1) {
		line->text[line->len++] = (char)c;
		return false;
	}
	line->text[line->len] = '\0';
	line->len = 0;
	return true;
}

static void console_put(struct devices *d, uint8_t c)
{
	if (!line_put(&d->console, c))
		return;
	strcpy(d->kept.text[d->kept.count++ % KEPT_LINES], d->console.text);
	if (d->guest->verbose)
		line_print(d->console.text);
}

/* The line that it was about to send comes last. */
static void console_show(struct devices *d)
{
	const unsigned int count = d->kept.count;

	if (d->guest->verbose)
		return;
	puts("the guest's console:");
	for (unsigned int i = count < KEPT_LINES ? 0 : count - KEPT_LINES; i < count; i++)
		line_print(d->kept.text[i % KEPT_LINES]);
	if (d->console.len && line_put(&d->console, '\n'))
		line_print(d->console.text);
	puts("the end of its console");
	fflush(stdout);
}

static void serial_out(struct devices *d, unsigned int reg, uint8_t value)
{
	uint8_t *regs = d->guest->serial;

	regs[reg] = value;
	if (reg == SERIAL_DATA && !(regs[SERIAL_LINE] & LINE_DIVISOR) && value != '\r')
		console_put(d, value);
}

static uint8_t serial_in(const struct devices *d, unsigned int reg)
{
	switch (reg) {
	case SERIAL_DATA:
		return 0;
	case SERIAL_ENABLE:
		return d->guest->serial[reg] & 0xf;
	case SERIAL_IDENTIFY:
		return IDENTIFY_NONE;
	case SERIAL_STATUS:
		return STATUS_EMPTY;
	case SERIAL_CARRIER:
		return CARRIER_THERE;
	default:
		return d->guest->serial[reg];
	}
}

static void end(struct devices *d, int result)
{
	d->ended = true;
	d->result = result;
}

static void restarted(struct devices *d)
{
	end(d, -ECONNRESET);
	console_show(d);
}

/* Words of another vCPU while the owner is asked would be none of the question's. */
static void owner_out(struct devices *d, uint8_t value)
{
	struct linux_guest *guest = d->guest;

	if (d->asking)
		return;
	if (guest->hear)
		guest->hear(guest, value);
	else if (guest->outbox_len < guest->outbox_room)
		guest->outbox[guest->outbox_len++] = value;
}

static void out(struct devices *d, uint16_t port, uint8_t value)
{
	if (port >= SERIAL_PORT && port < SERIAL_PORT + LINUX_SERIAL_REGS)
		serial_out(d, port - SERIAL_PORT, value);
	else if (port == TEXT_PORT && line_put(&d->text, value))
		line_print(d->text.text);
	else if (port == OWNER_PORT)
		owner_out(d, value);
	else if (port == VM_END_PORT)
		end(d, value ? -EPROTO : 0);
	else if (port == LINUX_RESET_PORT && value == LINUX_RESET)
		restarted(d);
}

/* The vCPU waits for the owner. All others go on, and so does the time that the guest has. */
static void ask_owner(struct devices *d)
{
	int ret;

	d->asking = true;
	pthread_mutex_unlock(&d->lock);
	ret = d->guest->ask(d->guest);
	pthread_mutex_lock(&d->lock);
	d->asking = false;
	if (ret && !d->ended)
		end(d, ret);
}

static uint8_t owner_in(struct devices *d)
{
	struct linux_guest *guest = d->guest;

	if (d->asking)
		return 0;
	if (guest->inbox_read == guest->inbox_len && guest->ask && !d->ended)
		ask_owner(d);
	return guest->inbox_read < guest->inbox_len ? guest->inbox[guest->inbox_read++] : 0;
}

static uint8_t in(struct devices *d, uint16_t port)
{
	if (port >= SERIAL_PORT && port < SERIAL_PORT + LINUX_SERIAL_REGS)
		return serial_in(d, port - SERIAL_PORT);
	return port == OWNER_PORT ? owner_in(d) : 0xff;
}

/* An access of several bytes is one to as many ports; a string of them is to the same. */
static void port_access(struct devices *d, struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++)
		for (uint32_t j = 0; j < run->io.size; j++, data++) {
			if (run->io.direction == KVM_EXIT_IO_OUT)
				out(d, run->io.port + j, *data);
			else
				*data = in(d, run->io.port + j);
		}
}

/* No device is there. */
static void memory_access(struct kvm_run *run)
{
	for (size_t i = 0; i < sizeof(run->mmio.data) && !run->mmio.is_write; i++)
		run->mmio.data[i] = 0xff;
}

static void serve(struct devices *d, struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_IO)
		port_access(d, run);
	else if (run->exit_reason == KVM_EXIT_MMIO)
		memory_access(run);
	else
		end(d, -ENOEXEC);
}

/* ---- vCPUs ---- */

/**
 * struct cpu - one that runs
 * @thread: its thread
 * @vm: the VM as it has it
 * @d: devices of all
 */
struct cpu {
	pthread_t thread;
	struct vm *vm;
	struct devices *d;
};

/* A guest that goes on after an interruption must not miss an answer. */
static void *cpu_run(void *arg)
{
	struct cpu *cpu = arg;
	struct devices *d = cpu->d;
	bool ended = false;
	int ret;

	while (!ended) {
		ret = vm_enter(cpu->vm);
		pthread_mutex_lock(&d->lock);
		if (!d->ended || (!ret && d->result == -EINTR)) {
			d->last = cpu->vm->run;
			if (ret)
				end(d, ret);
			else
				serve(d, cpu->vm->run);
		}
		ended = d->ended;
		if (ended)
			pthread_cond_signal(&d->end);
		pthread_mutex_unlock(&d->lock);
	}
	return NULL;
}

static void interrupted(int signal)
{
	(void)signal;
}

/* The vCPU may sleep in KVM, or be about to go there. */
static void cpu_stop(struct cpu *cpu)
{
	__atomic_store_n(&cpu->vm->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(cpu->thread, SIGUSR1);
	pthread_join(cpu->thread, NULL);
}

/* The lock is held. */
static void wait_for_end(struct devices *d)
{
	const unsigned int limit = d->guest->limit;
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += limit;
	while (!d->ended && ret != ETIMEDOUT)
		ret = limit ? pthread_cond_clockwait(&d->end, &d->lock, CLOCK_MONOTONIC, &until) :
			      pthread_cond_wait(&d->end, &d->lock);
	if (d->ended)
		return;
	end(d, -ETIME);
	printf("the guest has not ended in %u seconds\n", limit);
	console_show(d);
}

/* Of the guest that this program runs. */
static struct devices all = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER, .ended = true,
};

void linux_interrupt(void)
{
	pthread_mutex_lock(&all.lock);
	if (!all.ended)
		end(&all, -EINTR);
	pthread_cond_signal(&all.end);
	pthread_mutex_unlock(&all.lock);
}

bool linux_over(void)
{
	bool over;

	pthread_mutex_lock(&all.lock);
	over = all.ended;
	pthread_mutex_unlock(&all.lock);
	return over;
}

/* Lines that a guest had begun before it was interrupted are kept. */
static void begin(struct linux_guest *guest)
{
	pthread_mutex_lock(&all.lock);
	all.guest = guest;
	all.last = NULL;
	all.ended = false;
	all.result = 0;
	pthread_mutex_unlock(&all.lock);
	for (unsigned int i = 0; i < guest->cpus; i++)
		(i ? &guest->more[i - 1] : guest->vm)->run->immediate_exit = 0;
}

int linux_run(struct linux_guest *guest)
{
	const struct sigaction action = { .sa_handler = interrupted };
	struct cpu cpus[LINUX_CPUS_MAX];
	unsigned int started;

	begin(guest);
	if (sigaction(SIGUSR1, &action, NULL))
		return -errno;
	for (started = 0; started < guest->cpus; started++) {
		cpus[started].vm = started ? &guest->more[started - 1] : guest->vm;
		cpus[started].d = &all;
		if (pthread_create(&cpus[started].thread, NULL, cpu_run, &cpus[started]))
			break;
	}
	pthread_mutex_lock(&all.lock);
	if (started < guest->cpus)
		end(&all, -EAGAIN);
	wait_for_end(&all);
	pthread_mutex_unlock(&all.lock);
	while (started--)
		cpu_stop(&cpus[started]);
	/* the caller looks there for the reason */
	if (all.last && all.last != guest->vm->run)
		memcpy(guest->vm->run, all.last, sizeof(*all.last));
	return all.result;
}

const char *linux_error(int ret)
{
	switch (ret) {
	case -EPROTO:
		return "the guest's program has failed, see above";
	case -ETIME:
		return "the guest, or its owner, takes too long";
	case -ECONNRESET:
		return "the guest's kernel has restarted its machine";
	default:
		return NULL;
	}
}
