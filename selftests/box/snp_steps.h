/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The launch that tests of SNP have in common: the content of the guest's memory, the pages of
 * it that are launched, and the outcome that a test expects of a step. @l is a struct snp_launch *.
 */
#ifndef SELFTESTS_SNP_STEPS_H
#define SELFTESTS_SNP_STEPS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/snp_launch.h>

#include "common.h"
#include "host.h"
#include "memory.h"
#include "snp.h"

#define SNP_RAM		(1 << 20)

#define GPA_NORMAL	0x1000
#define GPA_ZERO	0x10000
#define GPA_UNMEASURED	0x14000
#define GPA_SECRETS	0x18000
#define GPA_CPUID	0x19000
#define GPA_LATE	0x20000		/* never launched */
#define GPA_FREE	0x30000		/* launched by some tests */

/* Ranges that are launched, in this order. */
static const struct snp_step_range {
	enum snp_page_kind kind;
	uint64_t gpa;
	size_t pages;
} snp_step_ranges[] = {
	{ SNP_PAGE_NORMAL, GPA_NORMAL, 3 },
	{ SNP_PAGE_ZERO, GPA_ZERO, 2 },
	{ SNP_PAGE_UNMEASURED, GPA_UNMEASURED, 2 },
	{ SNP_PAGE_SECRETS, GPA_SECRETS, 1 },
	{ SNP_PAGE_CPUID, GPA_CPUID, 1 },
};

#define SNP_STEP_PAGES	9

/* Table of CPUID functions: their number, and from 0x10 on 0x30 bytes for each. */
#define CPUID_FN(page, n)	((page) + 0x10 + 0x30 * (n))
#define CPUID_ECX		0x20

/* All that a guest is launched from. In CPUID one function: the processor, as if it had nothing. */
static inline void snp_step_fill(struct snp_launch *l)
{
	uint8_t *page = l->vm.memory + GPA_CPUID;

	memory_fill(l->vm.memory, SNP_RAM, 5);
	memset(page, 0, SNP_PAGE_BYTES);
	page[0] = 1;
	CPUID_FN(page, 0)[0] = 1;
}

static inline int snp_step_open(struct snp_launch *l, const struct snp_launch_ops *ops)
{
	int ret = snp_launch_open(l, SNP_RAM);

	l->ops = ops;
	if (!ret)
		snp_step_fill(l);
	return ret;
}

static inline int snp_step_start(struct snp_launch *l, const struct snp_launch_ops *ops)
{
	int ret = snp_step_open(l, ops);

	return ret ? ret : snp_launch_start(l, SNP_POLICY_PLAIN);
}

/* One range by @l's way, the next one by @other, if that is not NULL. */
static inline int snp_step_update(struct snp_launch *l, const struct snp_launch_ops *other)
{
	const struct snp_launch_ops *ops = l->ops;
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(snp_step_ranges) && !ret; i++) {
		const struct snp_step_range *range = &snp_step_ranges[i];

		l->ops = other && i % 2 ? other : ops;
		ret = snp_launch_update(l, range->kind, range->gpa, range->pages);
	}
	l->ops = ops;
	return ret;
}

/* Each ASID has its turn. Return: how many the firmware refuses; -1: a guest failed otherwise. */
static inline int snp_refused_asids(const struct snp_launch_ops *ops)
{
	int refused = 0, ret;
	struct snp_launch l;

	for (unsigned int left = host_asids(true); left; left--) {
		ret = snp_step_start(&l, ops);
		snp_launch_close(&l);
		if (ret && (ret != -EIO || l.status != SEV_FW_STATUS_ASID_OWNED))
			return -1;
		refused += ret != 0;
	}
	return refused;
}

/* ASIDs that the driver knows to be lost. */
static inline int snp_known_lost(void)
{
	const char *at = psp_attr("asids_lost");
	int count = 0;
	char *end;

	for (; strtoul(at, &end, 10); at = end)
		count++;
	return count;
}

/* Expect that a step goes well, and say which has not. */
#define GOES(l, step)							\
	do {								\
		int ret_ = (step);					\
									\
		ASSERT_EQ(0, ret_) TH_LOG("%s: %s, %s", #step, strerror(-ret_), \
					  sev_status_text((l)->status)); \
	} while (0)

/* Expect an errno and a status, which is SEV_FW_NO_CALL if the kernel itself refuses. */
#define REFUSED(l, errno_, expected, step)				\
	do {								\
		EXPECT_EQ(errno_, step) TH_LOG("%s", #step);		\
		EXPECT_EQ(expected, (l)->status)			\
			TH_LOG("%s: %s", #step, sev_status_text((l)->status)); \
	} while (0)

/* Expect as many pages in each state as @before had. */
#define SAME_PAGES(before)						\
	do {								\
		const struct snp_use *was_ = (before);			\
		struct snp_use now_;					\
									\
		EXPECT_EQ(0, snp_use(&now_));				\
		EXPECT_EQ(0, memcmp(was_, &now_, sizeof(now_)))		\
			TH_LOG("Firmware %+ld Context %+ld Reclaim %+ld Pre-Guest %+ld " \
			       "Guest %+ld %+ld others %+ld",		\
			       now_.firmware - was_->firmware,		\
			       now_.context - was_->context,		\
			       now_.reclaim - was_->reclaim,		\
			       now_.pre_guest - was_->pre_guest,	\
			       now_.guest_valid - was_->guest_valid,	\
			       now_.guest_invalid - was_->guest_invalid, \
			       now_.others - was_->others);		\
	} while (0)

#endif /* SELFTESTS_SNP_STEPS_H */
