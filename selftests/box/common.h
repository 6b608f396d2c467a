/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that the tests share. How much RAM a guest has is each test's own.
 */
#ifndef SELFTESTS_COMMON_H
#define SELFTESTS_COMMON_H

#define PAGE		4096ul

/* Room for the answer to SEV_FW_QUERY; there must never be more commands than that. */
#define INFOS_MAX	128

/* A status that the kernel must overwrite: neither one of the firmware nor SEV_FW_NO_CALL. */
#define UNWRITTEN	0x5a5a5a5au

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#endif /* SELFTESTS_COMMON_H */
