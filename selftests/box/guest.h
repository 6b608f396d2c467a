/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guests that tests begin with, made by pass-through, and a look into them.
 *
 * Functions return what the steps of launch.h return.
 */
#ifndef SELFTESTS_GUEST_H
#define SELFTESTS_GUEST_H

#include <sevfw/launch.h>

/**
 * guest_new() - a guest before LAUNCH_START or RECEIVE_START, in RAM that is its own
 * and is registered, so that it stays where it is: what is encrypted cannot be moved
 * @l: receives it; launch_close() it in any case
 * @policy: its policy
 * @by_dev: commands on it go through /dev/sev
 * @ram: size of its RAM
 */
int guest_new(struct launch *l, uint32_t policy, bool by_dev, size_t ram);

/**
 * guest_loaded() - the same with content in its RAM, and without verifying the
 * platform's certificates
 */
int guest_loaded(struct launch *l, bool by_dev, size_t ram);

/** guest_started() - guest_loaded(), and LAUNCH_START */
int guest_started(struct launch *l, bool by_dev, size_t ram);

/** guest_running() - a guest that has been launched; SEV-ES guests with their vCPU */
int guest_running(struct launch *l, uint32_t policy, bool by_dev, size_t ram);

/** guest_peek() - DBG_DECRYPT of @len at @guest; *@done: how far it went, or NULL */
int guest_peek(struct launch *l, const void *guest, void *to, uint32_t len, uint32_t *done);

/** guest_poke() - DBG_ENCRYPT, the other way round */
int guest_poke(struct launch *l, void *guest, const void *from, uint32_t len, uint32_t *done);

#endif /* SELFTESTS_GUEST_H */
