// SPDX-License-Identifier: GPL-2.0
/*
 * The machine sleeps: firmware is shut down before and initialised when it is next
 * needed, keys survive, and a machine with guests does not sleep, for they would not
 * survive it. The kernel's own test mode is used: all devices are suspended, wait
 * a second, and are resumed. Hibernation is tested likewise: no image is written.
 *
 * In the box that is the end of the root file system, whose transport knows no
 * suspend; what is needed later must be in memory. This program has to be the last one
 * there, and runs only if SEV_TEST_SUSPEND is set.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "patience.h"

#define RAM		(2 << 20)
#define PM_TEST		"/sys/power/pm_test"
#define PM_STATE	"/sys/power/state"
#define PM_DELAY	"/sys/module/suspend/parameters/pm_test_delay"

#define CERT		((uint32_t)SEV_FW_CERT_SIZE)
#define CHAIN		((uint32_t)SEV_FW_CHAIN_SIZE)

FIXTURE(suspend) {
	struct platform p;
	struct {
		struct sev_cert pdh;
		struct sev_chain chain;
	} before, after;
};

static const char *why_not(void)
{
	char text[256];

	if (!getenv("SEV_TEST_SUSPEND"))
		return "SEV_TEST_SUSPEND is not set";
	if (control_read(PM_TEST, text, sizeof(text)) < 0 || !strstr(text, "devices"))
		return "this kernel has no test mode for suspend";
	if (control_read(PM_STATE, text, sizeof(text)) < 0 || !strstr(text, "mem"))
		return "this machine does not suspend to memory";
	if (!strstr(text, "disk"))
		return "this kernel does not hibernate";
	return NULL;
}

FIXTURE_SETUP(suspend)
{
	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	if (why_not())
		SKIP_SETUP("%s", why_not());
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->p.fd);
	ASSERT_EQ(0, control_write(PM_DELAY, "1"));
	ASSERT_EQ(0, control_write(PM_TEST, "devices"));
}

FIXTURE_TEARDOWN(suspend)
{
	control_write(PM_TEST, "none");
	close(self->p.fd);
}

static int state_of(struct platform *p)
{
	struct sev_fw_platform_status status;

	return platform_status(p, &status) ? -1 : status.state;
}

static int export(struct platform *p, void *pdh, void *chain)
{
	return platform_pdh_cert_export(p, pdh, &(uint32_t){ CERT }, chain, &(uint32_t){ CHAIN });
}

/* How long a command takes whose answer comes 20 ms later, in ms; the best of some. */
static double best_time(struct platform *p)
{
	struct timespec a, b;
	double ms, best = 1e9;

	for (int i = 0; i < 5; i++) {
		fault_arm(&(struct fault){ .kind = SWPSP_FAULT_DELAY, .value = 20000, .count = 1 });
		clock_gettime(CLOCK_MONOTONIC, &a);
		state_of(p);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ms = (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6;
		best = ms < best ? ms : best;
	}
	return best;
}

/* An idle machine that sleeps as @how says, and wakes up. */
static void sleep_idle(struct __test_metadata *_metadata, FIXTURE_DATA(suspend) *self,
		       const char *how)
{
	uint32_t shutdowns = host_counter(SWPSP_BAR_COUNT(SEV_FW_SHUTDOWN));
	struct launch l;

	ASSERT_EQ(0, export(&self->p, &self->before.pdh, &self->before.chain));
	ASSERT_EQ(1, state_of(&self->p));
	ASSERT_EQ(0, control_write(PM_STATE, how));
	EXPECT_EQ(shutdowns + 1, host_counter(SWPSP_BAR_COUNT(SEV_FW_SHUTDOWN)));
	EXPECT_EQ(0, state_of(&self->p));

	/* an interrupt tells of an answer, not the look that is taken in between */
	EXPECT_GT(90 * patience(), best_time(&self->p));

	EXPECT_EQ(0, export(&self->p, &self->after.pdh, &self->after.chain));
	EXPECT_EQ(1, state_of(&self->p));
	EXPECT_EQ(0, memcmp(&self->before, &self->after, sizeof(self->before)));
	EXPECT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(0, launch_update(&l));
	launch_close(&l);
}

TEST_F(suspend, idle)
{
	sleep_idle(_metadata, self, "mem");
}

TEST_F(suspend, hibernation)
{
	sleep_idle(_metadata, self, "disk");
}

TEST_F(suspend, without_init)
{
	ASSERT_EQ(0, platform_reset(&self->p));
	ASSERT_EQ(0, control_write(PM_STATE, "mem"));
	EXPECT_EQ(0, state_of(&self->p));
	EXPECT_EQ(0, export(&self->p, &self->after.pdh, &self->after.chain));
}

TEST_F(suspend, with_guest)
{
	struct launch l;

	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(-EBUSY, control_write(PM_STATE, "mem"));
	EXPECT_EQ(-EBUSY, control_write(PM_STATE, "disk"));
	EXPECT_EQ(2, state_of(&self->p));
	EXPECT_EQ(0, launch_update(&l));
	EXPECT_EQ(0, launch_measure(&l));
	launch_close(&l);
	EXPECT_EQ(0, control_write(PM_STATE, "mem"));
	EXPECT_EQ(0, state_of(&self->p));
}

/* Before there is nothing left to load from; libcrypto has a file to read, too. */
static void __attribute__((constructor(201))) stay_in_memory(void)
{
	if (!getenv("SEV_TEST_SUSPEND"))
		return;
	owner_digest_final(owner_digest_new(), NULL);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		perror("# mlockall");
}

TEST_HARNESS_MAIN
