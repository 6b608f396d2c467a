/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The code of the drivers that calls of this thread reach, if they are built by
 * "scripts/build-modules --cover" and sev_cover.ko is loaded, which has the file and the ioctls
 * of the kernel's own KCOV. Where there is none of it, nothing is ever reached.
 */
#ifndef SELFTESTS_KCOV_H
#define SELFTESTS_KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define KCOV_PLACES	16384	/* of both drivers, at most */
#define KCOV_WORDS	(4 << 20)	/* a burst comes by over 1,000 places for each command */

/* A set of places, by their numbers */
struct kcov_set {
	uint64_t word[KCOV_PLACES / 64];
};

/**
 * kcov_open() - for this thread
 * @words: places that it can come by between kcov_begin() and kcov_news(), plus 1
 *
 * Return: false if the kernel does not tell.
 */
bool kcov_open(size_t words);

/** kcov_close() - no more of it */
void kcov_close(void);

/** kcov_begin() - the next program begins */
void kcov_begin(void);

/**
 * kcov_news() - how much since kcov_begin() was never reached before
 *
 * Return: places, one directly after another one, that were never seen in this order.
 */
unsigned int kcov_news(void);

/** kcov_drain() - if much has been noted since kcov_begin(), make room for more */
void kcov_drain(void);

/** kcov_full() - how often there was no more room: places that came later are not known */
unsigned int kcov_full(void);

/** kcov_which() - the places since kcov_begin(), after kcov_news() */
void kcov_which(struct kcov_set *set);

/** kcov_count() - how many places were ever reached */
size_t kcov_count(void);

/**
 * kcov_write() - where the modules are ("base NAME ADDRESS"), each place that was reached, and
 * each that anybody has reached since the modules were loaded ("all ADDRESS"), as far as the
 * kernel tells that
 */
void kcov_write(FILE *file);

#endif /* SELFTESTS_KCOV_H */
