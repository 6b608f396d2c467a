/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions without a body: to the model checker they return any value. Their names must
 * begin with nondet_.
 */
#ifndef PROVE_ANY_H
#define PROVE_ANY_H

#include "psp/form.h"

struct psp_user_block nondet_user_block(void);
struct psp_fw_block nondet_fw_block(void);
struct psp_fill nondet_fill(void);
struct psp_legacy nondet_legacy(void);
u64 nondet_u64(void);
u32 nondet_u32(void);
unsigned int nondet_index(void);

#endif /* PROVE_ANY_H */
