/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The line between two hosts carries messages, each a header and a body.
 * The line is standard input and output, so whatever carries bytes can be one: a
 * pipe, a socket, ssh.
 *
 *   target: HELLO       its certificates
 *   source: START       session, size of RAM, CPUID of the vCPU; for a Linux guest it is
 *                       START_LINUX
 *           PAGE        as many as it takes, some of them again
 *           SHARED      the same of pages that a Linux guest shares with the host
 *           CPU         vCPU state; the guest does not run any more. Of a Linux guest it is
 *                       MACHINE, with its devices and clocks
 *           VMSA        of a SEV-ES guest, the encrypted state of its vCPU
 *           STOPPED     next number the guest will print, digest of its RAM
 *   target: READY       it could run the guest now, of which it takes nothing any more
 *   source: GO          the source cannot run it any more
 *   target: DONE        it has run, and is what it was
 *
 * The guest is never able to run on both: only GO lets the target begin, and the source has given
 * it up before that. Before GO, the source may say CANCEL at any time, and before READY the
 * target REFUSED (with firmware's status); the guest then goes on where it was, and the
 * target begins again with HELLO. It goes on there, too, if the line is cut or anything
 * else fails before GO. If GO is sent and does not come, neither runs it: the source cannot
 * know.
 *
 * Numbers are little-endian. The firmware does not protect the content of CPU, MACHINE and
 * STOPPED: a guest without SEV-ES has no protected state, and KVM's devices are the host's. Nor
 * that of SHARED, which is not encrypted on the source either.
 */
#ifndef MIGRATE_WIRE_H
#define MIGRATE_WIRE_H

#include <sevfw/live.h>
#include <sevfw/migrate.h>

#include "../guest/linux.h"
#include "../vmm/linux.h"

#define WIRE_SHARED_SIZE	4096

#define WIRE_MAGIC	0x4d564553	/* "SEVM" */
#define WIRE_VERSION	2	/* 1 had no CPUID */

enum wire_kind {
	WIRE_HELLO = 1,
	WIRE_START,
	WIRE_PAGE,
	WIRE_CPU,
	WIRE_STOPPED,
	WIRE_READY,
	WIRE_GO,
	WIRE_DONE,
	WIRE_CANCEL,
	WIRE_REFUSED,
	WIRE_START_LINUX,
	WIRE_MACHINE,
	WIRE_VMSA,
	WIRE_SHARED,
	WIRE_KINDS,		/* behind the last */
};

/**
 * struct wire_header - before each body
 * @magic: WIRE_MAGIC
 * @version: WIRE_VERSION
 * @kind: enum wire_kind
 * @where: PAGE, SHARED: guest address. VMSA: number of the vCPU. REFUSED: firmware's status, or
 *	SEV_FW_NO_CALL if the firmware is not why. Otherwise 0
 * @len: bytes of body that follow
 * @reserved: 0
 */
struct wire_header {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	uint64_t where;
	uint32_t len;
	uint32_t reserved;
};

/* The bodies; those of the others are empty. PAGE and VMSA: @data is cut to @len. */
struct wire_start {
	uint64_t ram;
	struct migrate_session session;
	struct live_cpuid cpuid;
	uint32_t reserved;
};

struct wire_stopped {
	uint32_t next;
	uint32_t has_digest;	/* the policy has let the source look */
	uint8_t digest[OWNER_HASH_SIZE];
};

/**
 * struct wire_machine - a Linux guest's machine
 * @state: as KVM has it
 * @stopped: the source's time of day when it was taken, in nanoseconds
 * @ahead: by how much the guest's time of day is ahead of that, likewise
 * @serial: registers of the serial port
 * @heard: bytes of a number that it has begun to tell
 * @heard_len: how many
 * @reserved: 0
 */
struct wire_machine {
	struct live_machine state;
	uint64_t stopped;
	int64_t ahead;
	uint8_t serial[LINUX_SERIAL_REGS];
	uint8_t heard[sizeof(struct linux_count)];
	uint32_t heard_len;
	uint32_t reserved;
};

static_assert(sizeof(struct wire_header) == 24, "header");
static_assert(sizeof(struct wire_start) == 8 + 4 + 0x824 + 0x80 + 4 + 40 * LIVE_CPUID_MAX + 4,
	      "START");
static_assert(sizeof(struct wire_stopped) == 40, "STOPPED");

union wire_body {
	struct migrate_target hello;
	struct wire_start start;
	struct migrate_packet page;
	uint8_t shared[WIRE_SHARED_SIZE];
	struct live_cpu cpu;
	struct wire_machine machine;
	struct wire_stopped stopped;
};

/** wire_open() - standard output is the wire from now on, and other text goes to standard error */
void wire_open(void);

/** wire_send() - a message; 0 or a negative errno */
int wire_send(enum wire_kind kind, uint64_t where, const void *body, uint32_t len);

/** wire_send_packet() - PAGE or VMSA; @where: guest address, or number of the vCPU */
int wire_send_packet(enum wire_kind kind, uint64_t where, const struct migrate_packet *packet);

/**
 * wire_receive() - the next message
 * @header: receives the header
 * @body: receives the body, which has the length that its kind must have
 *
 * Return: 0, -EPIPE at the end of the line, -EPROTO for what is no message, -EPROTONOSUPPORT for
 * one of another version, which is said, or another negative errno.
 */
int wire_receive(struct wire_header *header, union wire_body *body);

/** wire_expect() - the next message must be of this kind, or it is -EPROTO */
int wire_expect(enum wire_kind kind, union wire_body *body);

#endif /* MIGRATE_WIRE_H */
