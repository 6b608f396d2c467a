// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of an ivshmem server to a client that connects.
 *
 * A message is one signed 64-bit little-endian number and at most one file
 * descriptor. The sequence is fixed: protocol version, the client's id, the
 * shared memory, then an (id, eventfd) pair for each vector. The server is not
 * a peer of its own: nobody rings doorbells at a PSP, writing its command
 * register is the doorbell.
 */
#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "ivshmem.h"

#define PROTOCOL_VERSION	0
#define CLIENT_ID		0
#define MEMORY_FOLLOWS		(-1)
#define NO_FD			(-1)

static int send_message(int sock, int64_t number, int fd)
{
	int64_t wire = (int64_t)htole64((uint64_t)number);
	struct iovec iov = { .iov_base = &wire, .iov_len = sizeof(wire) };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd != NO_FD) {
		struct cmsghdr *header;

		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(sock, &message, MSG_NOSIGNAL) == sizeof(wire) ? 0 : -1;
}

int ivshmem_greet(int sock, int memory, const int irq[IVSHMEM_VECTORS])
{
	int i;

	if (send_message(sock, PROTOCOL_VERSION, NO_FD) ||
	    send_message(sock, CLIENT_ID, NO_FD) ||
	    send_message(sock, MEMORY_FOLLOWS, memory))
		return -1;
	for (i = 0; i < IVSHMEM_VECTORS; i++)
		if (send_message(sock, CLIENT_ID, irq[i]))
			return -1;
	return 0;
}
