// SPDX-License-Identifier: GPL-2.0
/*
 * A page that the firmware does not give back in a launch by KVM's own ioctls, on any driver. KVM
 * puts the page on a list of its own by a field that the list of pages to be reclaimed uses, too,
 * and dies when it adds another one: this test has a box of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

#define HWERROR_PLATFORM	SEV_FW_STATUS_HWERROR_PLATFORM

FIXTURE(freed) {
	struct snp_launch l;
	int klog;
};

FIXTURE_SETUP(freed)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

FIXTURE_TEARDOWN(freed)
{
	fault_clear();
	snp_launch_close(&self->l);
	close(self->klog);
}

/*
 * Stock's fault: the page goes back to the kernel's allocator, and the next one who writes to it
 * dies of that. Therefore the test keeps the page.
 */
TEST_F(freed, only_stock_frees_a_page_that_the_firmware_keeps)
{
	const char *box = getenv("SEV_BOX");
	bool stock = !box || !strcmp(box, "stock");
	struct snp_launch *l = &self->l;
	uint64_t addr;

	ASSERT_EQ(0, snp_find(RMP_PRE_GUEST, 0));
	GOES(l, snp_step_start(l, &snp_launch_kvm));
	CPUID_FN(l->vm.memory + GPA_CPUID, 0)[CPUID_ECX + 3] = 1;	/* TSC deadline timer */
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	EXPECT_NE(0, snp_launch_update(l, SNP_PAGE_CPUID, GPA_CPUID, 1));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	addr = snp_find(RMP_PRE_GUEST, 0);
	ASSERT_NE(0, addr);
	EXPECT_LT(1, snp_page_refs(addr, true));
	snp_launch_close(l);
	/* so that no processor holds it for its list of pages any more */
	ASSERT_EQ(0, control_write("/proc/sys/vm/drop_caches", "1"));
	EXPECT_EQ(stock ? 1 : 2, snp_page_refs(addr, false)) TH_LOG("the test has one of them");
	EXPECT_EQ(RMP_PRE_GUEST, snp_state(addr));

	/* the ASID is lost in any case; one of the drivers says so */
	EXPECT_EQ(1, snp_refused_asids(&snp_launch_kvm));
	EXPECT_EQ(1, snp_refused_asids(&snp_launch_kvm)) TH_LOG("and its turn comes again");
	EXPECT_EQ(stock ? 0 : 1, klog_count(self->klog, "is lost to SNP guests"));
	if (!stock)
		EXPECT_EQ(1, snp_known_lost());
}

TEST_HARNESS_MAIN
