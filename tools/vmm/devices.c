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
#define SERIAL_REGS	8
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

/**
 * struct devices - their state
 * @guest: guest that they belong to
 * @lock: held while one of its vCPUs has an exit served
 * @end: signalled when @ended is set
 * @last: what the vCPU that has ended the guest shares with KVM
 * @serial: registers of the serial port
 * @console: line that it is sending
 * @text: line that the program is printing
 * @ended: the guest is done
 * @result: and this is the result, 0 or a negative errno
 */
struct devices {
	struct linux_guest *guest;
	pthread_mutex_t lock;
	pthread_cond_t end;
	const struct kvm_run *last;
	uint8_t serial[SERIAL_REGS];
	struct line console;
	struct line text;
	bool ended;
	int result;
};

/* A guest may print what commands the reader's terminal. */
static void line_put(struct line *line, uint8_t c, bool shown)
{
	if (c != '\n' && line->len < LINE_MAX_LEN - 1) {
		line->text[line->len++] = (char)c;
		return;
	}
	line->text[line->len] = '\0';
	line->len = 0;
	if (!shown)
		return;
	print_harmless(line->text, 0);
	putchar('\n');
	fflush(stdout);
}

static void serial_out(struct devices *d, unsigned int reg, uint8_t value)
{
	d->serial[reg] = value;
	if (reg == SERIAL_DATA && !(d->serial[SERIAL_LINE] & LINE_DIVISOR) && value != '\r')
		line_put(&d->console, value, d->guest->verbose);
}

static uint8_t serial_in(const struct devices *d, unsigned int reg)
{
	switch (reg) {
	case SERIAL_DATA:
		return 0;
	case SERIAL_ENABLE:
		return d->serial[reg] & 0xf;
	case SERIAL_IDENTIFY:
		return IDENTIFY_NONE;
	case SERIAL_STATUS:
		return STATUS_EMPTY;
	case SERIAL_CARRIER:
		return CARRIER_THERE;
	default:
		return d->serial[reg];
	}
}

static void end(struct devices *d, int result)
{
	d->ended = true;
	d->result = result;
}

static void out(struct devices *d, uint16_t port, uint8_t value)
{
	struct linux_guest *guest = d->guest;

	if (port >= SERIAL_PORT && port < SERIAL_PORT + SERIAL_REGS)
		serial_out(d, port - SERIAL_PORT, value);
	else if (port == TEXT_PORT)
		line_put(&d->text, value, true);
	else if (port == OWNER_PORT && guest->outbox_len < guest->outbox_room)
		guest->outbox[guest->outbox_len++] = value;
	else if (port == VM_END_PORT)
		end(d, value ? -EPROTO : 0);
	else if (port == LINUX_RESET_PORT && value == LINUX_RESET)
		end(d, -ECONNRESET);
}

static uint8_t in(struct devices *d, uint16_t port)
{
	struct linux_guest *guest = d->guest;

	if (port >= SERIAL_PORT && port < SERIAL_PORT + SERIAL_REGS)
		return serial_in(d, port - SERIAL_PORT);
	if (port == OWNER_PORT)
		return guest->inbox_read < guest->inbox_len ? guest->inbox[guest->inbox_read++] : 0;
	return 0xff;
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

static void *cpu_run(void *arg)
{
	struct cpu *cpu = arg;
	struct devices *d = cpu->d;
	bool ended = false;
	int ret;

	while (!ended) {
		ret = vm_enter(cpu->vm);
		pthread_mutex_lock(&d->lock);
		if (!d->ended) {
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

/* It may sleep in KVM, or be about to go there. */
static void cpu_stop(struct cpu *cpu)
{
	__atomic_store_n(&cpu->vm->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(cpu->thread, SIGUSR1);
	pthread_join(cpu->thread, NULL);
}

int linux_run(struct linux_guest *guest)
{
	const struct sigaction action = { .sa_handler = interrupted };
	struct devices d = {
		.guest = guest, .lock = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER,
	};
	struct cpu cpus[LINUX_CPUS_MAX];
	unsigned int started;

	if (sigaction(SIGUSR1, &action, NULL))
		return -errno;
	for (started = 0; started < guest->cpus; started++) {
		cpus[started].vm = started ? &guest->more[started - 1] : guest->vm;
		cpus[started].d = &d;
		if (pthread_create(&cpus[started].thread, NULL, cpu_run, &cpus[started]))
			break;
	}
	pthread_mutex_lock(&d.lock);
	if (started < guest->cpus)
		end(&d, -EAGAIN);
	while (!d.ended)
		pthread_cond_wait(&d.end, &d.lock);
	pthread_mutex_unlock(&d.lock);
	while (started--)
		cpu_stop(&cpus[started]);
	/* the caller looks there for the reason */
	if (d.last && d.last != guest->vm->run)
		memcpy(guest->vm->run, d.last, sizeof(*d.last));
	return d.result;
}

const char *linux_error(int ret)
{
	switch (ret) {
	case -EPROTO:
		return "the guest's program has failed, see above";
	case -ECONNRESET:
		return "the guest's kernel has restarted its machine";
	default:
		return NULL;
	}
}
