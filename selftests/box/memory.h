/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of known shape: how user memory lies in physical memory, and how to get
 * some that is scattered there, or is not.
 */
#ifndef SELFTESTS_MEMORY_H
#define SELFTESTS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common.h"

#define HUGE_PAGE	(512 * PAGE)

/** memory_frame() - physical page number behind @addr, 0 if there is none */
uint64_t memory_frame(const void *addr);

/** memory_contiguous() - is @len at @addr in one piece, also physically? */
bool memory_contiguous(const void *addr, size_t len);

/**
 * memory_run() - bytes at @addr that one firmware command can take
 * @addr: begin of the memory
 * @len: upper limit of the answer
 *
 * Return: up to where the memory is physically contiguous, or to the next boundary
 * of 64 MiB, which no command may cross.
 */
size_t memory_run(const void *addr, size_t len);

/** memory_runs() - how many such pieces @len at @addr is */
unsigned int memory_runs(const void *addr, size_t len);

/** memory_scattered() - @pages, zeroed, next to none beside its neighbour; NULL: none */
uint8_t *memory_scattered(size_t pages);

/** memory_huge() - @count huge pages, zeroed; NULL if the kernel has none to give */
uint8_t *memory_huge(size_t count);

/**
 * memory_huge_apart() - @count huge pages, zeroed, none beside another
 *
 * As many runs each time; of memory_huge() it is chance which pages are neighbours.
 *
 * Return: NULL if the kernel has none to give.
 */
uint8_t *memory_huge_apart(size_t count);

/** memory_fill() - a pattern that is different for each @seed */
void memory_fill(void *to, size_t len, unsigned int seed);

#endif /* SELFTESTS_MEMORY_H */
