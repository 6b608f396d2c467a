// SPDX-License-Identifier: GPL-2.0
/*
 * Values of the environment for tests of the box and of the host. Test programs are linked
 * so that the harness's alarm() is the one in here, because its time-outs are those of a
 * quiet machine.
 */
#include <stdlib.h>

#include "patience.h"

#define MOST_PATIENT	1000

unsigned int patience(void)
{
	const char *text = getenv("SEV_PATIENCE");
	unsigned long factor = text ? strtoul(text, NULL, 10) : 1;

	return factor >= 1 && factor <= MOST_PATIENT ? factor : 1;
}

uint64_t test_seed(uint64_t otherwise)
{
	const char *text = getenv("SEV_SEED");

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

unsigned int __real_alarm(unsigned int seconds);
unsigned int __wrap_alarm(unsigned int seconds);

unsigned int __wrap_alarm(unsigned int seconds)
{
	return __real_alarm(seconds * patience());
}
