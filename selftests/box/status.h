/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firmware's answers under their short names, as tests ask for them.
 */
#ifndef SELFTESTS_STATUS_H
#define SELFTESTS_STATUS_H

#include <linux/sev-fw.h>

#define SHORT_STATUS(name, value, meaning)	name = value,

enum {
	SEV_FW_STATUSES(SHORT_STATUS)
};

#undef SHORT_STATUS

#endif /* SELFTESTS_STATUS_H */
