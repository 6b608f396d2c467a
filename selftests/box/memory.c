// SPDX-License-Identifier: GPL-2.0
/*
 * Asks /proc/self/pagemap where memory is, and the kernel for memory that lies as
 * a test needs it.
 */
#define _GNU_SOURCE 1 /* mremap(); a Makefile may have it, too */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define FRAME_MASK	((1ull << 55) - 1)
#define PRESENT		(1ull << 63)
#define WINDOW_FRAMES	(0x4000000 / PAGE)
#define AT_ONCE		64	/* pages of which the kernel is asked by one call */
#define STRIDE		37	/* odd, so that it meets each page of 2^n */

/* The numbers of @count pages from @addr on, 0 for each that is not there */
static void frames(const void *addr, uint64_t *frame, size_t count)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;

	if (fd >= 0) {
		len = pread(fd, frame, count * sizeof(*frame),
			    (uintptr_t)addr / PAGE * sizeof(*frame));
		close(fd);
	}
	for (size_t i = 0; i < count; i++) {
		bool there = len >= (ssize_t)((i + 1) * sizeof(*frame)) && frame[i] & PRESENT;

		frame[i] = there ? frame[i] & FRAME_MASK : 0;
	}
}

uint64_t memory_frame(const void *addr)
{
	uint64_t frame;

	frames(addr, &frame, 1);
	return frame;
}

/* As memory_run(), up to a boundary of @window frames */
static size_t run(const void *addr, size_t len, uint64_t window)
{
	const uint8_t *at = addr;
	size_t size = PAGE - (uintptr_t)at % PAGE;
	uint64_t frame = memory_frame(at), next[AT_ONCE];
	unsigned int i = AT_ONCE;

	while (size < len) {
		if (i == AT_ONCE) {
			frames(at + size, next, AT_ONCE);
			i = 0;
		}
		if (next[i] != frame + 1 || !(next[i] % window))
			break;
		frame = next[i++];
		size += PAGE;
	}
	return size < len ? size : len;
}

size_t memory_run(const void *addr, size_t len)
{
	return run(addr, len, WINDOW_FRAMES);
}

bool memory_contiguous(const void *addr, size_t len)
{
	return run(addr, len, UINT64_MAX) == len;
}

unsigned int memory_runs(const void *addr, size_t len)
{
	unsigned int runs = 0;

	for (size_t at = 0; at < len; runs++)
		at += memory_run((const uint8_t *)addr + at, len - at);
	return runs;
}

static uint8_t *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Pages come in the order in which they are touched. */
uint8_t *memory_scattered(size_t pages)
{
	uint8_t *memory = map(pages * PAGE);
	size_t ring = 1;

	if (!memory)
		return NULL;
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	while (ring < pages)
		ring *= 2;
	for (size_t i = 0; i < ring; i++) {
		size_t page = i * STRIDE % ring;

		if (page < pages)
			((volatile uint8_t *)memory)[page * PAGE] = 0;
	}
	return memory;
}

uint8_t *memory_huge(size_t count)
{
	uint8_t *memory = map((count + 1) * HUGE_PAGE);

	if (!memory)
		return NULL;
	memory += -(uintptr_t)memory % HUGE_PAGE;
	madvise(memory, count * HUGE_PAGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < count; i++) {
		uint8_t *page = memory + i * HUGE_PAGE;

		*(volatile uint8_t *)page = 0;
		if (memory_frame(page) % 512 || !memory_contiguous(page, HUGE_PAGE))
			return NULL;
	}
	return memory;
}

/* Two huge pages whose numbers are even are not beside each other. */
static uint8_t *take_even(uint8_t *from, size_t nr, size_t count)
{
	uint8_t *memory = map((count + 1) * HUGE_PAGE), *to;

	if (!memory)
		return NULL;
	memory += -(uintptr_t)memory % HUGE_PAGE;
	to = memory;
	for (size_t i = 0; i < nr && count; i++, from += HUGE_PAGE) {
		if (memory_frame(from) / 512 % 2)
			continue;
		if (mremap(from, HUGE_PAGE, HUGE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
			return NULL;
		to += HUGE_PAGE;
		count--;
	}
	return count ? NULL : memory;
}

uint8_t *memory_huge_apart(size_t count)
{
	size_t nr = 4 * count;
	uint8_t *from = memory_huge(nr), *memory;

	if (!from)
		return NULL;
	memory = take_even(from, nr, count);
	munmap(from, nr * HUGE_PAGE);
	return memory;
}

void memory_fill(void *to, size_t len, unsigned int seed)
{
	uint8_t *byte = to;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		byte[i] = seed >> 16;
	}
}
