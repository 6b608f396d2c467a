/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SELFTESTS_SEV_COVER_H
#define SELFTESTS_SEV_COVER_H

/** __sanitizer_cov_trace_pc() - the caller, who was made to call it by the compiler, comes by */
void __sanitizer_cov_trace_pc(void);

#endif /* SELFTESTS_SEV_COVER_H */
