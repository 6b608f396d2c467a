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
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
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

/*
 * From Linux 7.2 on SNP is switched on by a function of the kernel's for which modules must
 * search. Without it there are no SNP guests, and no PSP if somebody else has switched SNP on. The
 * box's processor has done so when it began, whatever its MSR says: its firmware refuses INIT.
 */
#define HIDE	"/sys/module/sev_cpu_sim/parameters/no_snp_prepare"

static bool switches_snp_on_late(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 7 || (major == 7 && minor >= 2));
}

FIXTURE(hidden) {
	int klog;
};

FIXTURE_SETUP(hidden)
{
	HOST_NEEDS(HOST_SNP);
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	if (!switches_snp_on_late())
		SKIP_SETUP("this kernel has switched SNP on when it booted");
	ASSERT_EQ(0, drivers_unload());
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
	ASSERT_EQ(0, control_write(HIDE, "Y"));
}

FIXTURE_TEARDOWN(hidden)
{
	control_write(HIDE, "N");
	control_write(SNP, "Y");
	drivers_unload();
	drivers_load(NULL);
	close(self->klog);
}

TEST_F(hidden, without_snp_prepare_there_is_a_psp_and_a_sentence)
{
	struct sev_fw_platform_status status;
	struct platform p = { 0 };

	ASSERT_EQ(0, control_write(SNP, "N"));
	klog_count(self->klog, "");
	EXPECT_EQ(0, drivers_load(NULL));
	EXPECT_EQ(1, klog_count(self->klog, "no SNP guests: the kernel's snp_prepare()"));
	EXPECT_STREQ("ok", psp_reason(NULL));
	EXPECT_FALSE(vm_has_type(VM_TYPE_SNP));
	p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, platform_status(&p, &status));
	close(p.fd);

	ASSERT_EQ(0, control_write(HIDE, "N"));
	ASSERT_EQ(0, drivers_unload());
	klog_count(self->klog, "");
	ASSERT_EQ(0, drivers_load(NULL));
	EXPECT_EQ(0, klog_count(self->klog, "no SNP guests"));
	EXPECT_TRUE(vm_has_type(VM_TYPE_SNP));
}

TEST_F(hidden, once_snp_is_on_it_is_needed_for_sev_too)
{
	uint32_t commands = host_counter(SWPSP_BAR_COMMANDS);

	klog_count(self->klog, "");
	EXPECT_EQ(0, drivers_load(NULL));
	EXPECT_EQ(1, klog_count(self->klog, "no SEV: SNP is on"));
	EXPECT_NE(0, access("/dev/sev", F_OK));
	EXPECT_EQ(commands, host_counter(SWPSP_BAR_COMMANDS));
}

TEST_HARNESS_MAIN
