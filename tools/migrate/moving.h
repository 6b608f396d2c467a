/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guests that can be moved: the small one that counts (counter.c), which runs when it is
 * told to, and Linux with a program that counts (counting.c), which runs in a thread
 * of its own until it is stopped.
 */
#ifndef MIGRATE_MOVING_H
#define MIGRATE_MOVING_H

#include "sides.h"

/**
 * struct moving - a kind of guest
 * @start: message that begins an attempt to send it
 * @state: message of its state
 * @launch: source: make the VM, fill RAM, pin it, and launch the guest up to LAUNCH_FINISH
 * @make: target: make the VM, and pin its RAM
 * @run: let it print so many numbers, from *@next on, which moves on
 * @slice: source: so many in between
 * @stop: the guest does not change its memory any more, until @run is called; *@next is the number
 *	that would come then
 * @send: source: take its state, when it has stopped, and send it so many seconds later
 * @take: target: take the message of state
 */
struct moving {
	enum wire_kind start;
	enum wire_kind state;
	int (*launch)(struct launch *l, const struct migrate_options *opt);
	int (*make)(struct launch *l, size_t ram);
	int (*run)(struct launch *l, unsigned int count, uint32_t *next);
	unsigned int slice;
	int (*stop)(struct launch *l, uint32_t *next);
	int (*send)(struct launch *l, unsigned int pause);
	int (*take)(struct launch *l, const union wire_body *body);
};

extern const struct moving moving_small, moving_linux;

#endif /* MIGRATE_MOVING_H */
