// SPDX-License-Identifier: GPL-2.0
/*
 * SNP guests by pass-through on the VM fd. As in test_snp_stock.c the firmware judges the
 * launch, and each test ends with as many pages in each state as it began with.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

#define STATE_LAUNCH	1
#define STATE_RUNNING	2

/* The answer of SNP_GUEST_STATUS. */
struct guest_status {
	uint64_t policy;
	uint32_t asid;
	uint8_t state;
	uint8_t rest[0x13];
};

FIXTURE(pass) {
	struct snp_use before;
	struct snp_launch l;
	long lost;
};

FIXTURE_SETUP(pass)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->lost = psp_attr_number("quarantined_pages");
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
}

FIXTURE_TEARDOWN(pass)
{
	snp_launch_close(&self->l);
	SAME_PAGES(&self->before);
	EXPECT_EQ(self->lost, psp_attr_number("quarantined_pages"));
}

/* The end of a launch, by which the firmware says whether the digest is the owner's. */
static int finish_as_expected(struct snp_launch *l)
{
	uint8_t block[SNP_ID_BLOCK_BYTES], auth[SNP_ID_AUTH_BYTES];
	EVP_PKEY *id = EVP_EC_gen("P-384"), *author = EVP_EC_gen("P-384");
	struct snp_identity_request request = {
		.policy = SNP_POLICY_PLAIN, .svn = 3, .family = "family", .image = "image",
	};
	struct snp_finish finish = { .block = block, .auth = auth, .author = true };
	int ret = snp_launch_expect_vcpu(l);

	memcpy(request.digest, l->digest, sizeof(request.digest));
	if (!ret && snp_identity_sign(&request, id, author, block, auth))
		ret = -ENOMEM;
	EVP_PKEY_free(id);
	EVP_PKEY_free(author);
	return ret ? ret : snp_launch_finish(l, &finish);
}

static int status_of(struct snp_launch *l, struct guest_status *status)
{
	struct sev_fw_snp_guest_status block = { .address = (uintptr_t)status };

	memset(status, 0, sizeof(*status));
	return snp_pass_issue(l, SEV_FW_SNP_GUEST_STATUS, &block, sizeof(block));
}

static int update_at(struct snp_launch *l, enum snp_page_kind kind, const void *at)
{
	struct sev_fw_snp_launch_update block = {
		.flags = kind << 1, .address = (uintptr_t)at,
	};

	return snp_pass_issue(l, SEV_FW_SNP_LAUNCH_UPDATE, &block, sizeof(block));
}

/* ---- the launch ---- */

TEST_F(pass, a_guest_is_measured_as_its_owner_computes)
{
	GOES(&self->l, snp_step_start(&self->l, &snp_launch_pass));
	GOES(&self->l, snp_step_update(&self->l, NULL));
	GOES(&self->l, finish_as_expected(&self->l));
}

TEST_F(pass, steps_mix_with_ioctls_of_kvm)
{
	GOES(&self->l, snp_step_start(&self->l, &snp_launch_pass));
	GOES(&self->l, snp_step_update(&self->l, &snp_launch_kvm));
	self->l.ops = &snp_launch_kvm;
	GOES(&self->l, finish_as_expected(&self->l));
}

TEST_F(pass, a_guest_that_kvm_has_started_goes_on_by_pass_through)
{
	GOES(&self->l, snp_step_open(&self->l, &snp_launch_pass));
	self->l.ops = &snp_launch_kvm;
	GOES(&self->l, snp_launch_start(&self->l, SNP_POLICY_PLAIN));
	self->l.ops = &snp_launch_pass;
	GOES(&self->l, snp_step_update(&self->l, &snp_launch_kvm));
	GOES(&self->l, finish_as_expected(&self->l));
}

TEST_F(pass, a_guest_with_other_content_is_refused)
{
	GOES(&self->l, snp_step_start(&self->l, &snp_launch_pass));
	GOES(&self->l, snp_step_update(&self->l, NULL));
	self->l.digest[0] ^= 1;
	REFUSED(&self->l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT, finish_as_expected(&self->l));
}

TEST_F(pass, pages_are_in_the_states_that_the_firmware_says)
{
	struct snp_use *was = &self->before, now;
	struct snp_launch *l = &self->l;

	GOES(l, snp_step_start(l, &snp_launch_pass));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->context + 1, now.context);
	GOES(l, snp_step_update(l, NULL));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_valid + SNP_STEP_PAGES, now.guest_valid);
	EXPECT_EQ(was->pre_guest, now.pre_guest);
	GOES(l, snp_launch_finish(l, NULL));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_valid + SNP_STEP_PAGES + 1, now.guest_valid) TH_LOG("and the VMSA");
	/* KVM knows that the launch is over */
	GOES(l, snp_launch_prefault(l, GPA_LATE, 3));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_invalid + 3, now.guest_invalid);
}

TEST_F(pass, the_status_of_a_guest)
{
	struct guest_status status;

	GOES(&self->l, snp_step_open(&self->l, &snp_launch_pass));
	REFUSED(&self->l, -ENOENT, SEV_FW_NO_CALL, status_of(&self->l, &status));
	GOES(&self->l, snp_launch_start(&self->l, SNP_POLICY_PLAIN));
	GOES(&self->l, status_of(&self->l, &status));
	EXPECT_EQ(SNP_POLICY_PLAIN, status.policy);
	EXPECT_LT(0, status.asid);
	EXPECT_EQ(STATE_LAUNCH, status.state);
	GOES(&self->l, snp_launch_finish(&self->l, NULL));
	GOES(&self->l, status_of(&self->l, &status));
	EXPECT_EQ(STATE_RUNNING, status.state);
}

/* ---- refusals ---- */

TEST_F(pass, a_refused_table_of_cpuid_comes_back_corrected)
{
	struct snp_launch *l = &self->l;
	uint8_t *page, given[SNP_PAGE_BYTES];

	GOES(l, snp_step_start(l, &snp_launch_pass));
	page = l->vm.memory + GPA_CPUID;
	/* more of leaf 0x80000000 than the processor has */
	memset(page + 0x10, 0, 0x30);
	page[0x10] = 1;
	memset(page + 0x10 + 0x20, 0xff, 4);
	memcpy(given, page, sizeof(given));
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_PARAM, update_at(l, SNP_PAGE_CPUID, page));
	EXPECT_NE(0, memcmp(given, page, sizeof(given))) TH_LOG("not corrected");
	EXPECT_EQ(0, update_at(l, SNP_PAGE_CPUID, page)) TH_LOG("corrected, but refused");
}

TEST_F(pass, a_refused_page_stays_as_it_is)
{
	struct snp_launch *l = &self->l;
	uint8_t *page, given[SNP_PAGE_BYTES];

	GOES(l, snp_step_start(l, &snp_launch_pass));
	page = l->vm.memory + GPA_FREE;
	memcpy(given, page, sizeof(given));
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_PARAM, update_at(l, 7, page));
	EXPECT_EQ(0, memcmp(given, page, sizeof(given)));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	GOES(l, finish_as_expected(l));
}

TEST_F(pass, addresses_that_are_no_private_memory_are_refused)
{
	struct snp_launch *l = &self->l;
	void *hole = mmap(NULL, SNP_PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t elsewhere[2 * SNP_PAGE_BYTES];
	uint8_t *aligned = elsewhere + -(uintptr_t)elsewhere % SNP_PAGE_BYTES;
	struct sev_fw_snp_launch_update huge = { .flags = 1 | SNP_PAGE_NORMAL << 1 };

	memset(elsewhere, 0, sizeof(elsewhere));
	GOES(l, snp_step_start(l, &snp_launch_pass));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, update_at(l, SNP_PAGE_NORMAL, aligned));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, update_at(l, SNP_PAGE_NORMAL, hole));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL,
		update_at(l, SNP_PAGE_NORMAL, l->vm.memory + GPA_FREE + 8));
	huge.address = (uintptr_t)l->vm.memory;
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL,
		snp_pass_issue(l, SEV_FW_SNP_LAUNCH_UPDATE, &huge, sizeof(huge)));
	munmap(hole, SNP_PAGE_BYTES);
}

TEST_F(pass, a_page_becomes_the_guests_only_once)
{
	struct snp_launch *l = &self->l;

	GOES(l, snp_step_start(l, &snp_launch_pass));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	REFUSED(l, -EEXIST, SEV_FW_NO_CALL,
		update_at(l, SNP_PAGE_NORMAL, l->vm.memory + GPA_FREE));
	GOES(l, snp_pass_vcpu(l, 0));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, snp_pass_vcpu(l, 0));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, snp_pass_vcpu(l, 1));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, snp_launch_start(l, SNP_POLICY_PLAIN));
}

TEST_F(pass, a_migration_agent_is_not_the_callers_to_name)
{
	struct sev_fw_snp_launch_start block = { .policy = SNP_POLICY_PLAIN, .flags = 1 };
	struct snp_launch *l = &self->l;

	GOES(l, snp_step_open(l, &snp_launch_pass));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL,
		snp_pass_issue(l, SEV_FW_SNP_LAUNCH_START, &block, sizeof(block)));
	block.flags = 0;
	GOES(l, snp_pass_issue(l, SEV_FW_SNP_LAUNCH_START, &block, sizeof(block)));
}

/* KVM takes it; that address then means neither of the two frames. */
TEST_F(pass, an_address_in_two_slots_is_refused)
{
	struct snp_launch *l = &self->l;
	uint8_t *page;

	GOES(l, snp_step_start(l, &snp_launch_pass));
	page = l->vm.memory + GPA_FREE;
	ASSERT_EQ(0, vm_alias(&l->vm, 1, 4 * SNP_RAM, GPA_FREE, SNP_PAGE_BYTES));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, update_at(l, SNP_PAGE_NORMAL, page));
	GOES(l, update_at(l, SNP_PAGE_NORMAL, page + SNP_PAGE_BYTES));
	ASSERT_EQ(0, vm_alias(&l->vm, 1, 4 * SNP_RAM, GPA_FREE, 0));
	GOES(l, update_at(l, SNP_PAGE_NORMAL, page));
}

TEST_F(pass, a_refused_start_leaves_nothing)
{
	struct snp_use now;

	GOES(&self->l, snp_step_open(&self->l, &snp_launch_pass));
	REFUSED(&self->l, -EIO, SEV_FW_STATUS_POLICY_FAILURE, snp_launch_start(&self->l, 0));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(self->before.context, now.context);
	GOES(&self->l, snp_launch_start(&self->l, SNP_POLICY_PLAIN));
	GOES(&self->l, finish_as_expected(&self->l));
}

TEST_F(pass, commands_are_for_guests_of_their_kind)
{
	struct sev_fw_launch_start legacy = { 0 };
	struct sev_fw_guest_status status = { 0 };

	GOES(&self->l, snp_step_start(&self->l, &snp_launch_pass));
	REFUSED(&self->l, -ENOTTY, SEV_FW_NO_CALL,
		snp_pass_issue(&self->l, SEV_FW_LAUNCH_START, &legacy, sizeof(legacy)));
	REFUSED(&self->l, -ENOTTY, SEV_FW_NO_CALL,
		snp_pass_issue(&self->l, SEV_FW_GUEST_STATUS, &status, sizeof(status)));
}

/* ---- guests that die ---- */

static void live_until(unsigned int step)
{
	struct snp_launch l;

	if (snp_step_open(&l, &snp_launch_pass) || step == 0)
		_exit(0);
	if (snp_launch_start(&l, SNP_POLICY_PLAIN) || step == 1)
		_exit(0);
	for (size_t i = 0; i < ARRAY_SIZE(snp_step_ranges); i++)
		if (snp_launch_update(&l, snp_step_ranges[i].kind, snp_step_ranges[i].gpa,
				      snp_step_ranges[i].pages) ||
		    step == 2 + i)
			_exit(0);
	if (snp_pass_vcpu(&l, 0) || step == 7)
		_exit(0);
	snp_pass_end(&l, NULL);
	_exit(0);
}

TEST_F(pass, lives_end_at_any_step)
{
	int status;

	for (unsigned int step = 0; step < 9; step++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child)
			live_until(step);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status) TH_LOG("step %u", step);
	}
}

HOST_TESTS_MAIN
