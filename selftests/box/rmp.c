// SPDX-License-Identifier: GPL-2.0
/*
 * The reverse map table, to be read by tests: what the software PSP has, built once more.
 */
#include "snp/rmp.c"
