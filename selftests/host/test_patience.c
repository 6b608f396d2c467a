// SPDX-License-Identifier: GPL-2.0
/* Time-outs and seeds of test programs, as scripts/check gives them by the environment. */
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "selftests/box/patience.h"

/* Also a bound of the machine's: alarm() counts whole seconds, and one may have begun. */
static bool alarm_is(unsigned int seconds)
{
	unsigned int left;

	alarm(10);
	left = alarm(0);
	return left == seconds || left == seconds - 1;
}

TEST(the_harness_waits_longer_on_a_slow_machine)
{
	unsetenv("SEV_PATIENCE");
	EXPECT_EQ(1, patience());
	EXPECT_TRUE(alarm_is(10));
	setenv("SEV_PATIENCE", "7", 1);
	EXPECT_EQ(7, patience());
	EXPECT_TRUE(alarm_is(70));
}

TEST(a_factor_that_is_none_is_one)
{
	static const char * const bad[] = { "", "0", "-1", "1001", "99999999999999999999", "much" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("SEV_PATIENCE", bad[i], 1);
		EXPECT_EQ(1, patience()) TH_LOG("\"%s\"", bad[i]);
	}
}

TEST(a_seed_that_is_given_takes_the_default_ones_place)
{
	unsetenv("SEV_SEED");
	EXPECT_EQ(17, test_seed(17));
	setenv("SEV_SEED", "", 1);
	EXPECT_EQ(17, test_seed(17));
	setenv("SEV_SEED", "281474976710656", 1);
	EXPECT_EQ(1ull << 48, test_seed(17));
}

TEST_HARNESS_MAIN
