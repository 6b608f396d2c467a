/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bar on standard error while something takes longer than a second: bytes, rate, time
 * left. Nothing is written where standard error is no terminal.
 */
#ifndef SEVFW_PROGRESS_H
#define SEVFW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - one piece of work, set up by progress_begin()
 * @label: what is done; a word or two
 * @total: bytes that there are
 * @done: bytes that have been done
 * @begin: when it began, in seconds
 * @drawn: when the bar was drawn, 0 if it is not on the screen
 * @terminal: is there somebody to look at it?
 */
struct progress {
	const char *label;
	uint64_t total;
	uint64_t done;
	double begin;
	double drawn;
	bool terminal;
};

/** progress_begin() - @total bytes are to be done */
void progress_begin(struct progress *progress, const char *label, uint64_t total);

/** progress_add() - @bytes more have been done; draws now and then */
void progress_add(struct progress *progress, uint64_t bytes);

/**
 * progress_clear() - take the bar off the screen: it has ended, or a line of text comes
 *
 * The next progress_add() draws it again if it is due.
 */
void progress_clear(struct progress *progress);

#endif /* SEVFW_PROGRESS_H */
