/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server's half of QEMU's ivshmem-doorbell protocol, for one client.
 */
#ifndef SWPSP_IVSHMEM_H
#define SWPSP_IVSHMEM_H

#define IVSHMEM_VECTORS	2

/**
 * ivshmem_greet() - tell QEMU what its ivshmem device is made of
 * @sock: our end of the socket pair whose other end is QEMU's chardev
 * @memory: file descriptor of the memory behind BAR 2
 * @irq: eventfds, one for each interrupt vector of the device
 *
 * All messages fit into a socket buffer, so this may run before QEMU does.
 *
 * Return: 0, or -1 with errno set.
 */
int ivshmem_greet(int sock, int memory, const int irq[IVSHMEM_VECTORS]);

#endif /* SWPSP_IVSHMEM_H */
