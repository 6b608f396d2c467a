/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Expectations of a step in the life of the guest @l, a struct launch in scope: the step
 * goes well, or the firmware refuses it, or the kernel does so without asking the
 * firmware.
 */
#ifndef SELFTESTS_STEPS_H
#define SELFTESTS_STEPS_H

#include <sevfw/launch.h>

#include "status.h"

/* Expect that a step goes well, and say which has not. */
#define GOES(step)							\
	do {								\
		int ret_ = (step);					\
									\
		ASSERT_EQ(0, ret_) {					\
			TH_LOG("%s: %s", #step, launch_error(l, ret_));	\
		}							\
	} while (0)

/* Expect that firmware refuses a step with this status. */
#define REFUSED(expected, step)						\
	do {								\
		int ret_ = (step);					\
									\
		EXPECT_EQ(-EIO, ret_) {					\
			TH_LOG("%s: %s", #step, launch_error(l, ret_));	\
		}							\
		EXPECT_EQ(expected, l->status) {			\
			TH_LOG("%s: %s", #step, sev_status_text(l->status)); \
		}							\
	} while (0)

/* Expect that the kernel refuses a step with this errno, and asks nobody. */
#define DENIED(err, step)						\
	do {								\
		int ret_ = (step);					\
									\
		EXPECT_EQ(-(err), ret_) {				\
			TH_LOG("%s: %s", #step, launch_error(l, ret_));	\
		}							\
		EXPECT_EQ(SEV_FW_NO_CALL, l->status) {			\
			TH_LOG("%s: %s", #step, sev_status_text(l->status)); \
		}							\
	} while (0)

/* A pass-through command on the guest of @l; @block is the struct itself. */
#define ISSUE(l, name, block) \
	launch_issue(l, SEV_FW_##name, &(block), sizeof(block))

/* A user address, as blocks hold it */
static inline uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

/* The guest's state, ~0 if there is none or the policy is not the one it should be. */
static inline uint32_t state_of(struct launch *l)
{
	uint32_t policy = 0, state = 0;

	if (l->ops->state(l, &policy, &state) || policy != l->policy)
		return ~0u;
	return state;
}

#endif /* SELFTESTS_STEPS_H */
