/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs of calls, for test_guided.c: a string of bytes is read as a sequence of acts, each
 * with its arguments. An act is a command by pass-through, alone or one of hundreds, a legacy
 * ioctl, a step in the life of a guest, a change of its memory, its pages or its vCPUs, or a
 * fault of the firmware. Any string of bytes is a program. The same one does the same again, as
 * far as the firmware does.
 */
#ifndef SELFTESTS_ACTS_H
#define SELFTESTS_ACTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROGRAM_MAX	768	/* bytes of a program */
#define ACTS_MAX	32	/* acts of it that are done */

/**
 * struct program - a program
 * @size: bytes
 * @times: 0; or each burst is done that often, as far as time permits, with other blocks each
 *	time, and with more of them the less they cost
 * @byte: acts and their arguments
 */
struct program {
	uint16_t size;
	uint16_t times;
	uint8_t byte[PROGRAM_MAX];
};

/* Numbers of acts that programs can be made of; the others are reached by chance. */
#define ACT_COMMAND	0
#define ACT_BURST	1
#define ACT_GUEST	2
#define ACT_SNP		3
#define ACT_MEMORY	7
#define ACT_FAULT	11
#define ACT_LOOK	15
#define ACTS		18

/* ACT_LOOK with this argument: arrays go by the firmware's ring until acts_restore(). */
#define LOOK_RING	2

/**
 * struct acts_count - commands, by how far they came
 * @executed: issued
 * @reached: those that the firmware has answered
 * @changed: those that it has done, and that do more than read
 */
struct acts_count {
	unsigned long executed;
	unsigned long reached;
	unsigned long changed;
};

/**
 * acts_open() - once, before the first program, and after the test has got its own memory, which
 * programs then do not reach
 *
 * Return: 0 or a negative errno.
 */
int acts_open(void);

/**
 * acts_run() - a program
 * @p: program
 * @after: called after each burst of one that has @times, with the same program but for that
 *	burst, which is in it once as it was
 */
void acts_run(const struct program *p, void (*after)(const struct program *p));

/** acts_restore() - all that programs have left behind goes: guests, memory, faults */
void acts_restore(void);

/** acts_end() - close what acts_open() has opened of the drivers, which can then be unloaded */
void acts_end(void);

/** acts_begin() - open it again; 0 or a negative errno */
int acts_begin(void);

/**
 * acts_dying() - let the firmware die in the next program
 * @kind: SWPSP_FAULT_*, one after which the driver gives the PSP up
 * @after: with which command, unless the program has fewer
 *
 * Return: 0, or as fault_arm().
 */
int acts_dying(uint32_t kind, uint32_t after);

/**
 * acts_alive() - commands of that program that have succeeded later than in the act in which
 * the driver has given the PSP up
 */
unsigned long acts_alive(void);

/** acts_total() - of all programs so far */
struct acts_count acts_total(void);

/** acts_table() - the same for each command, and how long acts have taken, in lines */
void acts_table(FILE *file);

#endif /* SELFTESTS_ACTS_H */
