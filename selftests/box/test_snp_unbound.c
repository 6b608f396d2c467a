// SPDX-License-Identifier: GPL-2.0
/*
 * A PSP that is taken away from its driver while there are SNP guests. SNP does not come up again
 * under KVM afterwards, and KVM dies if it has to put another page aside (test_snp_freed.c): this
 * test has a box of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

FIXTURE(unbound) {
	struct snp_launch l;
	struct snp_launch swapped;
};

FIXTURE_SETUP(unbound)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->swapped = self->l;
}

FIXTURE_TEARDOWN(unbound)
{
	snp_launch_close(&self->l);
	snp_launch_close(&self->swapped);
}

#define UNBIND	"/sys/bus/pci/drivers/psp_sev/unbind"
#define BIND	"/sys/bus/pci/drivers/psp_sev/bind"

/* A guest that is launched, and a page of it that has left. Return: 0 or a negative errno. */
static int swap_one_out(struct snp_launch *l, void *to)
{
	struct sev_fw_snp_page_swap_out block = {
		.dst_address = (uintptr_t)to, .software_data = GPA_NORMAL,
	};
	int ret = snp_step_start(l, &snp_launch_pass);

	if (!ret)
		ret = snp_step_update(l, NULL);
	if (!ret)
		ret = snp_launch_finish(l, NULL);
	if (!ret)
		ret = vm_set_private(&l->vm, GPA_NORMAL, SNP_PAGE_BYTES, false);
	block.src_address = (uintptr_t)l->vm.memory + GPA_NORMAL;
	return ret ? ret : snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &block, sizeof(block));
}

/*
 * A page that was on its way to a guest, and one of the firmware's with entries about pages that
 * have left, can be given back by nobody: both are lost, and never the host's again.
 */
TEST_F(unbound, pages_outlive_a_psp_that_is_unbound)
{
	static uint8_t sealed[SNP_PAGE_BYTES] __attribute__((aligned(SNP_PAGE_BYTES)));
	struct snp_launch *l = &self->l;
	uint64_t addr, entries;
	char device[64];

	ASSERT_EQ(0, snp_find(RMP_PRE_GUEST, 0));
	GOES(&self->swapped, swap_one_out(&self->swapped, sealed));
	entries = snp_find(RMP_METADATA, 0);
	ASSERT_NE(0, entries);
	GOES(l, snp_step_start(l, &snp_launch_kvm));
	ASSERT_NE(NULL, strrchr(psp_dir(), '/'));
	snprintf(device, sizeof(device), "%s", strrchr(psp_dir(), '/') + 1);
	ASSERT_EQ(0, control_write(UNBIND, device));
	EXPECT_NE(0, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	addr = snp_find(RMP_PRE_GUEST, 0);
	ASSERT_NE(0, addr) TH_LOG("the page is not the host's");
	EXPECT_LT(1, snp_page_refs(addr, true));
	snp_launch_close(l);
	ASSERT_EQ(0, control_write("/proc/sys/vm/drop_caches", "1"));
	EXPECT_EQ(2, snp_page_refs(addr, false)) TH_LOG("the test has one of them");
	EXPECT_EQ(RMP_PRE_GUEST, snp_state(addr));

	EXPECT_EQ(1, snp_page_refs(entries, false)) TH_LOG("that of its guest");
	snp_launch_close(&self->swapped);
	EXPECT_EQ(2, snp_page_refs(entries, false)) TH_LOG("lost with the guest");
	EXPECT_EQ(RMP_METADATA, snp_state(entries));

	/* the firmware is not asked, which is not to say that it does not answer */
	ASSERT_EQ(0, control_write(BIND, device));
	EXPECT_STREQ("SNP_INIT_EX was not issued: kvm_amd is loaded, unload that first (error -16)",
		     psp_attr("init_failure"));
}

TEST_HARNESS_MAIN
