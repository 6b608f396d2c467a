/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values that scripts/check gives to all tests by the environment: how patient they must be,
 * and where random ones begin.
 */
#ifndef SELFTESTS_PATIENCE_H
#define SELFTESTS_PATIENCE_H

#include <stdint.h>

/**
 * patience() - how many times slower than a quiet one the machine is
 *
 * Each wait with a limit, and each bound on a duration, has to be multiplied by this. A bound
 * below which a duration must not fall needs no factor. The harness's own time-outs are
 * multiplied already.
 *
 * Return: SEV_PATIENCE of the environment, 1 to 1000; 1 if there is none
 */
unsigned int patience(void);

/**
 * test_seed() - where a random test begins
 * @otherwise: the seed if none is given, so that a run without one can be repeated
 *
 * Return: SEV_SEED of the environment, or @otherwise
 */
uint64_t test_seed(uint64_t otherwise);

#endif /* SELFTESTS_PATIENCE_H */
