// SPDX-License-Identifier: GPL-2.0
/*
 * Messages on standard input and output. Trusts nothing that comes in: a length is
 * checked before it is used.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "sides.h"

/* The wire: standard input, and standard output as it was. */
static int out = STDOUT_FILENO;

void wire_open(void)
{
	const int copy = dup(STDOUT_FILENO);

	if (copy < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return;
	out = copy;
}

static int write_all(const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len) {
		ssize_t done = write(out, from, len);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			from += done;
			len -= done;
		}
	}
	return 0;
}

static int read_all(void *data, size_t len)
{
	uint8_t *to = data;

	while (len) {
		ssize_t done = read(STDIN_FILENO, to, len);

		if (!done)
			return -EPIPE;
		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			to += done;
			len -= done;
		}
	}
	return 0;
}

int wire_send(enum wire_kind kind, uint64_t where, const void *body, uint32_t len)
{
	struct wire_header header = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .kind = kind, .where = where,
		.len = len,
	};
	int ret = write_all(&header, sizeof(header));

	return ret ? ret : write_all(body, len);
}

#define PACKET_HEAD	offsetof(struct migrate_packet, data)

int wire_send_packet(enum wire_kind kind, uint64_t where, const struct migrate_packet *packet)
{
	return wire_send(kind, where, packet, PACKET_HEAD + packet->len);
}

static bool has_packet(const struct wire_header *header)
{
	return header->kind == WIRE_PAGE || header->kind == WIRE_VMSA;
}

/* Is that a length that a body of this kind can have? */
static bool fits(const struct wire_header *header)
{
	switch (header->kind) {
	case WIRE_HELLO:
		return header->len == sizeof(struct migrate_target);
	case WIRE_START:
	case WIRE_START_LINUX:
		return header->len == sizeof(struct wire_start);
	case WIRE_PAGE:
	case WIRE_VMSA:
		return header->len >= PACKET_HEAD && header->len <= sizeof(struct migrate_packet);
	case WIRE_SHARED:
		return header->len == WIRE_SHARED_SIZE;
	case WIRE_CPU:
		return header->len == sizeof(struct live_cpu);
	case WIRE_MACHINE:
		return header->len == sizeof(struct wire_machine);
	case WIRE_STOPPED:
		return header->len == sizeof(struct wire_stopped);
	case WIRE_READY:
	case WIRE_GO:
	case WIRE_DONE:
	case WIRE_CANCEL:
	case WIRE_REFUSED:
		return !header->len;
	default:
		return false;
	}
}

int wire_receive(struct wire_header *header, union wire_body *body)
{
	int ret = read_all(header, sizeof(*header));

	if (ret)
		return ret;
	if (header->magic != WIRE_MAGIC)
		return -EPROTO;
	if (header->version != WIRE_VERSION) {
		side_say("the other side has version %u of these messages, this one %u: take the "
			 "same sevfw on both", header->version, WIRE_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (header->reserved || !fits(header))
		return -EPROTO;
	ret = read_all(body, header->len);
	if (!ret && has_packet(header) && body->page.len != header->len - PACKET_HEAD)
		ret = -EPROTO;
	return ret;
}

int wire_expect(enum wire_kind kind, union wire_body *body)
{
	struct wire_header header;
	int ret = wire_receive(&header, body);

	return ret ? ret : header.kind == kind ? 0 : -EPROTO;
}
