/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that would notice: it counts, and prints each number to VM_PORT. Each
 * number goes into one of eight pages, in turn, and each time it looks whether what
 * it has left there is still there. The number itself is in a register only.
 */
#ifndef MIGRATE_COUNTER_H
#define MIGRATE_COUNTER_H

#include <sevfw/launch.h>

/** counter_load() - put it, and a pattern everywhere else, into the RAM of @vm */
void counter_load(struct vm *vm);

/**
 * counter_run() - let it print @count numbers
 * @vm: VM
 * @count: how many
 * @next: in: the number that it should print first; out: after the last one
 *
 * Return: 0; -EILSEQ if it has found something else in memory than it has put
 * there, or prints another number; -ENOEXEC if it does something else; -errno.
 */
int counter_run(struct vm *vm, unsigned int count, uint32_t *next);

/**
 * counter_digest() - digest of all RAM as the guest sees it, which does not run
 * @l: guest
 * @digest: receives OWNER_HASH_SIZE bytes
 *
 * Return: as the steps of launch.h; firmware refuses it if the policy does.
 */
int counter_digest(struct launch *l, uint8_t *digest);

#endif /* MIGRATE_COUNTER_H */
