/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target of the fuzzer: fuzz_ready() makes worlds that are alike, fuzz_one() does to one of them
 * what an input says. No world gets a second input, so each input meets what fuzz_ready() has
 * left; main.c copies the process when all are used. A copy costs up to ten times as much as an
 * input, most of it for the page tables of the address sanitizer. A defect is a process that dies
 * of a signal: by a sanitizer, by swpsp's own check after each command, or by insist().
 */
#ifndef SELFTESTS_FUZZ_H
#define SELFTESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_WORLDS	16

void fuzz_ready(unsigned int worlds);
void fuzz_one(unsigned int world, const uint8_t *data, size_t size);

/* Standard output and error lead nowhere from now on, but for what is said of a defect. */
void fuzz_silence(void);

/* Ends the process as a sanitizer does. */
void fuzz_dies(const char *what) __attribute__((noreturn));

/* Rest of an input. At its end there are zeros only. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

/* Up to @max bytes, as many as the input says. Return: how many. */
static inline size_t take_some(struct input *in, void *to, size_t max)
{
	size_t size = take(in);

	size |= (size_t)take(in) << 8;
	if (size > max)
		size = max;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = take(in);
	return size;
}

static inline void insist(bool holds, const char *what)
{
	if (!holds)
		fuzz_dies(what);
}

#endif /* SELFTESTS_FUZZ_H */
