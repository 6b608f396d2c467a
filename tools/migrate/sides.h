/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two sides of a migration, and what they have in common.
 */
#ifndef MIGRATE_SIDES_H
#define MIGRATE_SIDES_H

#include "counter.h"
#include "wire.h"

/**
 * struct options - what the user wants
 * @vendor: target: directory with the vendor's files, or NULL
 * @memory: source: RAM of the guest, in bytes
 * @policy: source: its policy
 * @cancel: source: give up the first attempt after so many pages; 0: do not
 * @spoil: source: change a bit of that packet on its way, once; 0: do not
 * @by_dev: commands go through /dev/sev
 */
struct options {
	const char *vendor;
	size_t memory;
	uint32_t policy;
	unsigned int cancel;
	unsigned int spoil;
	bool by_dev;
};

/* ---- say.c ---- */

/** say() - a line of progress for people, on standard error */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** fail() - @what could not be done; returns @ret */
int fail(const struct launch *l, const char *what, int ret);

/* ---- source.c, target.c ---- */

/** source() - launch a guest, let it run, send it away; 0 or a negative errno */
int source(const struct options *opt);

/** target() - take a guest, let it run; 0 or a negative errno */
int target(const struct options *opt);

#endif /* MIGRATE_SIDES_H */
