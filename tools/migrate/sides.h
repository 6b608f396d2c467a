/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two sides of a migration, and what they have in common.
 */
#ifndef MIGRATE_SIDES_H
#define MIGRATE_SIDES_H

#include "counter.h"
#include "wire.h"

/**
 * struct migrate_options - options of the command line
 * @vendor: target: directory with the vendor's files, or NULL
 * @memory: source: RAM of the guest, in bytes
 * @policy: source: its policy
 * @kernel: source: the guest is this Linux kernel, or NULL
 * @initrd: and that its initrd
 * @loader: and this loads it
 * @pause: source: let it stand still for so many seconds before the other side goes on
 * @cancel: source: give up the first attempt after so many pages; 0: do not
 * @spoil: source: change a bit of that packet on its way, once; 0: do not
 * @by_dev: commands go through /dev/sev
 */
struct migrate_options {
	const char *vendor;
	size_t memory;
	uint32_t policy;
	const char *kernel;
	const char *initrd;
	const char *loader;
	unsigned int pause;
	unsigned int cancel;
	unsigned int spoil;
	bool by_dev;
};

/* ---- say.c ---- */

/** side_say() - a line of progress for people, on standard error */
void side_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** side_failed() - @what could not be done; returns @ret */
int side_failed(const struct launch *l, const char *what, int ret);

/** side_now() - a time in seconds */
double side_now(void);

/** side_rate() - so many pages in so many seconds, in MiB/s */
double side_rate(unsigned int pages, double seconds);

/* ---- source.c, target.c ---- */

/**
 * side_send() - launch a guest, let it run, send it away
 * @opt: what the user wants
 * @status: receives the firmware's status, if it has refused a command
 *
 * Return: 0 or a negative errno.
 */
int side_send(const struct migrate_options *opt, uint32_t *status);

/** side_receive() - take a guest, let it run; as side_send() */
int side_receive(const struct migrate_options *opt, uint32_t *status);

#endif /* MIGRATE_SIDES_H */
