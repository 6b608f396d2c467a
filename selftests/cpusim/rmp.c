// SPDX-License-Identifier: GPL-2.0
/*
 * The reverse map table: what the software PSP has, built once more. Both sides must mean
 * the same by an entry.
 */
#include "snp/rmp.c"
