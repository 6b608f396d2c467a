// SPDX-License-Identifier: GPL-2.0
/*
 * Extended error information: ids of what went wrong inside, newest lowest.
 */
#include "internal.h"

void error_record(struct swpsp *p, enum error_id id)
{
	p->error_info = (p->error_info << 10 | id) & ((1ull << 60) - 1);
}

uint16_t hardware_error(struct swpsp *p, enum error_id id)
{
	error_record(p, id);
	return SWPSP_HWERROR_PLATFORM;
}

uint64_t swpsp_error_info(const struct swpsp *p)
{
	return p->error_info;
}
