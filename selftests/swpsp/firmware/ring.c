// SPDX-License-Identifier: GPL-2.0
/*
 * Ring-buffer mode: the host writes commands into a page and moves a tail, and the firmware
 * writes statuses into another page and moves a head. The three registers of the mailbox
 * get other meanings; swpsp.h has them.
 *
 * A front-end owns the registers. It calls swpsp_ring_next() each time that the host has
 * rung the doorbell, and after each command; in between it executes what that has picked,
 * so that it can count, delay and spoil commands as those of the mailbox.
 *
 * Indices are eight bits wide, and a queue is empty if they are equal: no more than 255
 * commands can be outstanding, and 256 of them look like none.
 */
#include "internal.h"

#define LO_CMD			0x00
#define LO_STATUS		0x08
#define HI_CMD			0x10
#define HI_STATUS		0x18
#define LO_PAGES		0x20
#define HI_PAGES		0x21
#define LO_THRESHOLD		0x22
#define HI_THRESHOLD		0x24
#define INT_ON_EMPTY		0x26

#define ENTRY_SIZE		16
#define ENTRY_INTERRUPT		BIT(0)
#define ENTRY_GO_ON		BIT(1)

/* RBCtl; of two bits side by side, the second one is the high queue's */
#define CTL_NEARLY_EMPTY(q)	BIT(0 + (q))
#define CTL_RESUME(q)		BIT(8 + (q))
#define CTL_CLEAR		BIT(29)
#define CTL_ACTIVE		(BIT(30) | BIT(31))

/* RBHead, beside the heads */
#define HEAD_RUNNING(q)		BIT(11 + 16 * (q))
#define HEAD_ALL_EMPTY		BIT(28)
#define HEAD_DONE		BIT(29)
#define HEAD_PAUSED		BIT(30)
#define HEAD_NEARLY_EMPTY	BIT(31)

enum { LOW, HIGH, QUEUES };
_Static_assert(QUEUES == RING_QUEUES, "internal.h has room for each");

bool swpsp_ring_on(const struct swpsp *p)
{
	return p->ring.on;
}

void swpsp_ring_woken(struct swpsp *p)
{
	p->error_info = 0;
}

static uint16_t check_pages(struct swpsp *p, const struct ring *ring)
{
	const struct ring_queue *q;
	uint16_t status = SWPSP_SUCCESS;

	for (q = ring->queue; q < ring->queue + QUEUES; q++)
		if (q->exists && (q->commands % PAGE_SIZE || q->statuses % PAGE_SIZE))
			return SWPSP_INVALID_ADDRESS;
	for (q = ring->queue; !status && q < ring->queue + QUEUES; q++) {
		if (!q->exists)
			continue;
		status = mem_range(p, q->commands, PAGE_SIZE);
		if (!status)
			status = mem_range(p, q->statuses, PAGE_SIZE);
	}
	for (q = ring->queue; !status && q < ring->queue + QUEUES; q++)
		if (q->exists)
			status = mem_writable(p, SNP_PAGE_OUTPUT, q->statuses, PAGE_SIZE);
	return status;
}

/* The mode begins with the next command. */
uint16_t cmd_ring_buffer(struct swpsp *p, uint8_t *cmd)
{
	struct ring ring = {
		.on = true,
		.int_on_empty = cmd[INT_ON_EMPTY] & 1,
		.queue = {
			[LOW] = {
				.exists = true, .running = true,
				.commands = mem_address(p, get64(cmd + LO_CMD)),
				.statuses = mem_address(p, get64(cmd + LO_STATUS)),
				.threshold = get16(cmd + LO_THRESHOLD),
			},
			[HIGH] = {
				.exists = cmd[HI_PAGES], .running = cmd[HI_PAGES],
				.commands = mem_address(p, get64(cmd + HI_CMD)),
				.statuses = mem_address(p, get64(cmd + HI_STATUS)),
				.threshold = get16(cmd + HI_THRESHOLD),
			},
		},
	};
	uint16_t status;

	if (p->state == PLATFORM_UNINIT && p->snp.state != SNP_INIT)
		return SWPSP_INVALID_PLATFORM_STATE;
	if (p->ring.on || cmd[LO_PAGES] != 1 || cmd[HI_PAGES] > 1)
		return SWPSP_INVALID_PARAM;
	status = check_pages(p, &ring);
	if (!status)
		p->ring = ring;
	return status;
}

static uint32_t head_register(const struct ring *ring)
{
	uint32_t head = ring->status;

	for (unsigned int i = 0; i < QUEUES; i++) {
		head |= (uint32_t)ring->queue[i].head << (16 * i);
		if (ring->queue[i].running)
			head |= HEAD_RUNNING(i);
	}
	return head;
}

/* Processed are queues that run and whose resume bit the host has cleared again. */
static bool is_open(const struct ring_queue *q, uint32_t ctl, unsigned int i)
{
	return q->exists && q->running && !(ctl & CTL_RESUME(i));
}

static uint8_t outstanding(const struct ring_queue *q, const struct swpsp_ring_io *io,
			   unsigned int i)
{
	return (uint8_t)((io->tail >> (16 * i)) - q->head);
}

/* Return: the queue whose turn it is, QUEUES if there is nothing to do. */
static unsigned int pick(struct ring *ring, struct swpsp_ring_io *io)
{
	for (int i = HIGH; i >= LOW; i--) {
		const struct ring_queue *q = &ring->queue[i];
		unsigned int left;

		if (!is_open(q, io->ctl, (unsigned int)i))
			continue;
		left = outstanding(q, io, (unsigned int)i);
		if (q->threshold && left < q->threshold &&
		    io->ctl & CTL_NEARLY_EMPTY((unsigned int)i)) {
			ring->status |= HEAD_NEARLY_EMPTY;
			io->interrupt = true;
		}
		if (left)
			return (unsigned int)i;
	}
	return QUEUES;
}

static void take_entry(struct swpsp *p, struct swpsp_ring_io *io, unsigned int queue)
{
	const struct ring_queue *q = &p->ring.queue[queue];
	uint8_t entry[ENTRY_SIZE];

	/* The host may change it while it is read: only the copy counts. */
	memcpy(entry, mem_at(p, q->commands + q->head * ENTRY_SIZE), sizeof(entry));
	io->queue = queue;
	io->id = get16(entry);
	io->flags = get16(entry + 2);
	io->cmdbuf = get64(entry + 8);
}

enum swpsp_ring_state swpsp_ring_next(struct swpsp *p, struct swpsp_ring_io *io)
{
	struct ring *ring = &p->ring;
	unsigned int queue;

	io->interrupt = false;
	if ((io->ctl & CTL_ACTIVE) != CTL_ACTIVE) {
		ring->on = false;
		return SWPSP_RING_LEFT;
	}
	if (io->ctl & CTL_CLEAR)
		ring->status = 0;
	for (unsigned int i = 0; i < QUEUES; i++)
		if (ring->queue[i].exists && io->ctl & CTL_RESUME(i))
			ring->queue[i].running = true;
	queue = pick(ring, io);
	if (queue == QUEUES && ring->int_on_empty) {
		ring->status |= HEAD_ALL_EMPTY;
		io->interrupt = true;
	}
	io->head = head_register(ring);
	if (queue == QUEUES)
		return SWPSP_RING_IDLE;
	take_entry(p, io, queue);
	return SWPSP_RING_COMMAND;
}

void swpsp_ring_done(struct swpsp *p, struct swpsp_ring_io *io, uint16_t status)
{
	struct ring_queue *q = &p->ring.queue[io->queue];
	uint8_t *entry = mem_at(p, q->statuses + q->head * ENTRY_SIZE);

	/* Bytes 2 to 7 are not the firmware's. */
	entry[0] = (uint8_t)status;
	entry[1] = (uint8_t)(status >> 8);
	put64(entry + 8, p->error_info);
	q->head++;
	io->interrupt = false;
	if (status && !(io->flags & ENTRY_GO_ON)) {
		q->running = false;
		p->ring.status |= HEAD_PAUSED;
		io->interrupt = true;
	}
	if (io->flags & ENTRY_INTERRUPT) {
		p->ring.status |= HEAD_DONE;
		io->interrupt = true;
	}
	io->head = head_register(&p->ring);
	/* SHUTDOWN is answered in the ring, and ends the mode. */
	if (p->state == PLATFORM_UNINIT && p->snp.state != SNP_INIT)
		p->ring.on = false;
}
