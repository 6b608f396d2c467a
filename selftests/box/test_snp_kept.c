// SPDX-License-Identifier: GPL-2.0
/*
 * A page of an SNP guest's that the firmware does not give back. The page stays Pre-Guest, or
 * Pre-Swap, so that a write to it by the host would be the host's end: nobody may write to it
 * any more, and the guest must not run. The kernel warns of the page when its memory is
 * released, for which reason this test has a box of its own.
 *
 * The page stays assigned to the guest's ASID, too, which the firmware gives to no other guest. KVM
 * does not know, and each time that the ASID's turn comes a guest fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

#define HWERROR_PLATFORM	SEV_FW_STATUS_HWERROR_PLATFORM

/* A guest that has an ASID whose turn it is: 0, or as snp_step_start() of the last that failed. */
static int start_another(struct snp_launch *l)
{
	int ret = -EIO;

	for (unsigned int tries = host_asids(true); tries; tries--) {
		ret = snp_step_start(l, l->ops);
		if (ret != -EIO || l->status != SEV_FW_STATUS_ASID_OWNED)
			break;
		snp_launch_close(l);
	}
	return ret;
}

FIXTURE(kept) {
	struct snp_use before;
	struct snp_launch l, other;
	long lost;
	int lost_asids;
	int klog;
};

FIXTURE_VARIANT(kept) {
	enum snp_page_kind kind;
	uint64_t at;	/* in memory, or the number of a vCPU */
};

FIXTURE_VARIANT_ADD(kept, page) {
	.kind = SNP_PAGE_NORMAL,
	.at = GPA_FREE,
};

FIXTURE_VARIANT_ADD(kept, save_area) {
	.kind = SNP_PAGE_VMSA,
	.at = 0,
};

FIXTURE_SETUP(kept)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->lost = psp_attr_number("quarantined_pages");
	self->lost_asids = snp_known_lost();
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->other = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1, .ops = &snp_launch_pass };
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

FIXTURE_TEARDOWN(kept)
{
	struct snp_use after;

	fault_clear();
	snp_launch_close(&self->l);
	snp_launch_close(&self->other);
	close(self->klog);
	EXPECT_EQ(0, snp_use(&after));
	EXPECT_EQ(self->before.pre_guest + 1, after.pre_guest + after.others - self->before.others)
		TH_LOG("the one that is kept");
	EXPECT_EQ(self->before.context, after.context);
	EXPECT_EQ(self->before.guest_valid, after.guest_valid);
	EXPECT_EQ(self->lost + 1, psp_attr_number("quarantined_pages"));
}

/* A write by the host to such a page is the end of the host, so that the guest must end. */
TEST_F(kept, a_page_that_is_not_given_back_ends_the_guest_alone)
{
	struct sev_fw_snp_launch_update update = {
		.flags = variant->kind << 1,
		.vmpl3_perms = 0xff,
	};
	struct snp_launch *l = &self->l, *other = &self->other;

	l->ops = &snp_launch_pass;
	ASSERT_EQ(0, start_another(l));
	update.address = variant->at;
	if (variant->kind != SNP_PAGE_VMSA)
		update.address += (uintptr_t)l->vm.memory;
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	EXPECT_NE(0, snp_pass_issue(l, SEV_FW_SNP_LAUNCH_UPDATE, &update, sizeof(update)));
	EXPECT_EQ(SEV_FW_STATUS_INVALID_PARAM, l->status);
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());

	update.vmpl3_perms = 0;
	EXPECT_EQ(-EIO, snp_pass_issue(l, SEV_FW_SNP_LAUNCH_UPDATE, &update, sizeof(update)));
	EXPECT_EQ(SEV_FW_NO_CALL, l->status);
	EXPECT_EQ(-EIO, snp_launch_kvm.finish(l, NULL));

	EXPECT_EQ(self->lost_asids + 1, snp_known_lost());
	EXPECT_EQ(1, klog_count(self->klog, "is lost to SNP guests"));
	GOES(other, start_another(other));
	EXPECT_EQ(0, snp_launch_finish(other, NULL));
	snp_launch_close(other);
	snp_launch_close(l);
	EXPECT_EQ(self->lost_asids + 1, snp_refused_asids(&snp_launch_pass));
	EXPECT_EQ(0, klog_count(self->klog, "is lost to SNP guests")) TH_LOG("said again");
}

/* The same with a page that is the guest's, and that the firmware has changed. */
FIXTURE(changed) {
	struct snp_use before;
	struct snp_launch l, other;
};

FIXTURE_SETUP(changed)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->other = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1, .ops = &snp_launch_pass };
}

FIXTURE_TEARDOWN(changed)
{
	struct snp_use after;

	fault_clear();
	snp_launch_close(&self->l);
	snp_launch_close(&self->other);
	EXPECT_EQ(0, snp_use(&after));
	EXPECT_EQ(self->before.others + 1, after.others) TH_LOG("the one that is kept");
	EXPECT_EQ(self->before.context, after.context);
	EXPECT_EQ(self->before.guest_valid, after.guest_valid);
}

TEST_F(changed, a_page_that_stays_immutable_ends_the_guest_alone)
{
	struct snp_launch *l = &self->l, *other = &self->other;
	long lost = psp_attr_number("quarantined_pages");
	int refused = snp_known_lost();
	struct sev_fw_snp_dbg_encrypt poke = { 0 };

	GOES(l, snp_step_open(l, &snp_launch_pass));
	/* the turn of an ASID that is lost */
	while (snp_launch_start(l, SNP_POLICY_PLAIN | SNP_POLICY_DEBUG) == -EIO && refused--) {
		snp_launch_close(l);
		GOES(l, snp_step_open(l, &snp_launch_pass));
	}
	poke.src_address = (uintptr_t)l->vm.memory;
	poke.dst_address = (uintptr_t)l->vm.memory + GPA_NORMAL;
	GOES(l, snp_step_update(l, NULL));
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	REFUSED(l, -EFAULT, SEV_FW_STATUS_SUCCESS,
		snp_pass_issue(l, SEV_FW_SNP_DBG_ENCRYPT, &poke, sizeof(poke)));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	/* and the page with the new content: of a call that is stuck the driver keeps all */
	EXPECT_EQ(lost + 2, psp_attr_number("quarantined_pages"));
	REFUSED(l, -EIO, SEV_FW_NO_CALL,
		snp_pass_issue(l, SEV_FW_SNP_DBG_ENCRYPT, &poke, sizeof(poke)));
	EXPECT_EQ(-EIO, snp_launch_kvm.finish(l, NULL));

	GOES(other, start_another(other));
	GOES(other, snp_launch_finish(other, NULL));
}

/* And with one that was to be the host's, since its content is elsewhere. */
FIXTURE(left) {
	struct snp_use before;
	struct snp_launch l, other;
	uint8_t *sealed;
};

FIXTURE_SETUP(left)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1, .ops = &snp_launch_pass };
	self->other = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1, .ops = &snp_launch_pass };
	self->sealed = aligned_alloc(SNP_PAGE_BYTES, SNP_PAGE_BYTES);
	ASSERT_NE(NULL, self->sealed);
}

FIXTURE_TEARDOWN(left)
{
	struct snp_use after;

	fault_clear();
	snp_launch_close(&self->l);
	snp_launch_close(&self->other);
	EXPECT_EQ(0, snp_use(&after));
	EXPECT_EQ(self->before.pre_guest + 1, after.pre_guest) TH_LOG("the one that is kept");
	EXPECT_EQ(self->before.others, after.others);
	EXPECT_EQ(self->before.context, after.context);
	EXPECT_EQ(self->before.guest_valid, after.guest_valid);
	free(self->sealed);
}

TEST_F(left, a_page_that_has_left_and_is_kept_ends_the_guest_alone)
{
	struct snp_launch *l = &self->l, *other = &self->other;
	struct sev_fw_snp_page_swap_out out = { .dst_address = (uintptr_t)self->sealed };
	long lost = psp_attr_number("quarantined_pages");

	ASSERT_EQ(0, start_another(l));
	GOES(l, snp_step_update(l, NULL));
	ASSERT_EQ(0, vm_set_private(&l->vm, GPA_NORMAL, SNP_PAGE_BYTES, false));
	out.src_address = (uintptr_t)l->vm.memory + GPA_NORMAL;
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	REFUSED(l, -EFAULT, SEV_FW_STATUS_SUCCESS,
		snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &out, sizeof(out)));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	/* and the page of the ciphertext */
	EXPECT_EQ(lost + 2, psp_attr_number("quarantined_pages"));
	REFUSED(l, -EIO, SEV_FW_NO_CALL,
		snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &out, sizeof(out)));
	GOES(other, start_another(other));
	GOES(other, snp_launch_finish(other, NULL));
}

HOST_TESTS_MAIN
