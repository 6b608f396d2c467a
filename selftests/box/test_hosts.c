// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts on which psp_sev must stand back: it leaves the firmware alone, says why, and
 * works again once the reason is gone.
 *
 * Only for the simulated PSP; unloads and loads the drivers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"

#define RAM	(2 << 20)
#define SNP	"/sys/module/sev_cpu_sim/parameters/snp"

FIXTURE(host) {
	int klog;
};

FIXTURE_SETUP(host)
{
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	if (host_snp())
		SKIP_SETUP("psp_sev makes use of SNP here");
	ASSERT_EQ(0, drivers_unload());
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

FIXTURE_TEARDOWN(host)
{
	control_write(SNP, "N");
	drivers_unload();
	drivers_load(NULL);
	close(self->klog);
}

TEST_F(host, with_snp_is_refused)
{
	uint32_t commands = host_counter(SWPSP_BAR_COMMANDS);
	struct launch l;

	ASSERT_EQ(0, control_write(SNP, "Y"));
	klog_count(self->klog, "");
	EXPECT_EQ(0, drivers_load(NULL));
	EXPECT_STREQ("", psp_dir());
	EXPECT_NE(0, access("/dev/sev", F_OK));
	EXPECT_EQ(1, klog_count(self->klog, "no SEV: SNP is on"));
	EXPECT_EQ(0, strncmp(psp_reason(NULL), "SNP is on", 9)) TH_LOG("%s", psp_reason(NULL));
	EXPECT_EQ(commands, host_counter(SWPSP_BAR_COMMANDS));
	/* KVM makes other guests */
	EXPECT_EQ(0, access("/dev/kvm", F_OK));

	ASSERT_EQ(0, control_write(SNP, "N"));
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(NULL));
	EXPECT_STREQ("ok", psp_reason(NULL));
	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(0, launch_update(&l));
	launch_close(&l);
}

TEST_HARNESS_MAIN
