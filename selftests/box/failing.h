/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations and accesses to user memory that fail, on a kernel with fault injection
 * (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, CONFIG_FAULT_INJECTION_DEBUG_FS). The failures are
 * those of the calling thread alone.
 */
#ifndef SELFTESTS_FAILING_H
#define SELFTESTS_FAILING_H

#include <stdbool.h>

/** failing_open() - prepare for it; a file descriptor, or -1 if the kernel cannot do it */
int failing_open(void);

/** failing_arm() - from now on the @n-th place to fail does so; 0: none */
void failing_arm(int fd, unsigned int n);

/** failing_disarm() - no more of it; true if there was a failure since failing_arm() */
bool failing_disarm(int fd);

#endif /* SELFTESTS_FAILING_H */
