// SPDX-License-Identifier: GPL-2.0
/*
 * SNP guests by the ioctls that KVM has of its own, on whatever driver of the PSP is there.
 * The judge of a launch is the firmware: the owner's own computation of the digest is in a
 * signed ID block, and LAUNCH_FINISH refuses a guest that was measured otherwise.
 *
 * Each test ends with as many pages in each state as it began with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "glue.h"
#include "host.h"
#include "patience.h"
#include "snp.h"
#include "snp_steps.h"
#include "status.h"

#define HUGE_BYTES	(2ul << 20)
/* Keys that sign the identity of a guest, and the signed blocks. */
struct owner {
	EVP_PKEY *id_key, *author_key;
	uint8_t block[SNP_ID_BLOCK_BYTES];
	uint8_t auth[SNP_ID_AUTH_BYTES];
};

/* The owner's ID block for the guest as it should be. */
static int identify(struct owner *o, const struct snp_launch *l, struct snp_finish *finish)
{
	struct snp_identity_request request = {
		.policy = SNP_POLICY_PLAIN, .svn = 3, .family = "family", .image = "image",
	};

	memcpy(request.digest, l->digest, sizeof(request.digest));
	if (snp_identity_sign(&request, o->id_key, o->author_key, o->block, o->auth))
		return -ENOMEM;
	*finish = (struct snp_finish){ .block = o->block, .auth = o->auth, .author = true };
	return 0;
}

FIXTURE(snp) {
	struct snp_use before;
	struct snp_launch l;
	struct owner owner;
};

FIXTURE_SETUP(snp)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	ASSERT_EQ(0, snp_use(&self->before));
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->owner.id_key = EVP_EC_gen("P-384");
	self->owner.author_key = EVP_EC_gen("P-384");
	ASSERT_TRUE(self->owner.id_key && self->owner.author_key);
}

FIXTURE_TEARDOWN(snp)
{
	snp_launch_close(&self->l);
	EVP_PKEY_free(self->owner.id_key);
	EVP_PKEY_free(self->owner.author_key);
	SAME_PAGES(&self->before);
}

/* ---- the launch ---- */

TEST_F(snp, a_guest_is_measured_as_its_owner_computes)
{
	struct snp_finish finish;

	GOES(&self->l, snp_step_start(&self->l, &snp_launch_kvm));
	GOES(&self->l, snp_step_update(&self->l, NULL));
	GOES(&self->l, snp_launch_expect_vcpu(&self->l));
	ASSERT_EQ(0, identify(&self->owner, &self->l, &finish));
	GOES(&self->l, snp_launch_finish(&self->l, &finish));
}

TEST_F(snp, a_guest_with_other_content_is_refused)
{
	struct snp_finish finish;

	GOES(&self->l, snp_step_start(&self->l, &snp_launch_kvm));
	GOES(&self->l, snp_step_update(&self->l, NULL));
	GOES(&self->l, snp_launch_expect_vcpu(&self->l));
	self->l.digest[47] ^= 1;
	ASSERT_EQ(0, identify(&self->owner, &self->l, &finish));
	REFUSED(&self->l, -EIO, SEV_RET_BAD_MEASUREMENT, snp_launch_finish(&self->l, &finish));
}

TEST_F(snp, an_identity_that_nobody_signed_is_refused)
{
	struct snp_finish finish;

	GOES(&self->l, snp_step_start(&self->l, &snp_launch_kvm));
	GOES(&self->l, snp_launch_expect_vcpu(&self->l));
	ASSERT_EQ(0, identify(&self->owner, &self->l, &finish));
	self->owner.block[0x54] ^= 1;
	REFUSED(&self->l, -EIO, SEV_RET_BAD_SIGNATURE, snp_launch_finish(&self->l, &finish));
}

TEST_F(snp, pages_are_in_the_states_that_the_firmware_says)
{
	struct snp_use *was = &self->before, now;
	struct snp_launch *l = &self->l;

	GOES(l, snp_step_open(l, &snp_launch_kvm));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->firmware + 1, now.firmware) TH_LOG("response page of guest requests");
	EXPECT_EQ(was->context, now.context);
	GOES(l, snp_launch_start(l, SNP_POLICY_PLAIN));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->context + 1, now.context);
	EXPECT_EQ(was->guest_valid, now.guest_valid);
	GOES(l, snp_step_update(l, NULL));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_valid + SNP_STEP_PAGES, now.guest_valid);
	EXPECT_EQ(was->pre_guest, now.pre_guest);
	GOES(l, snp_launch_finish(l, NULL));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_valid + SNP_STEP_PAGES + 1, now.guest_valid) TH_LOG("the vCPU");
	GOES(l, snp_launch_prefault(l, GPA_LATE, 4));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was->guest_invalid + 4, now.guest_invalid);
	EXPECT_EQ(was->reclaim, now.reclaim);
}

TEST_F(snp, a_wrong_cpuid_page_comes_back_corrected)
{
	struct snp_launch *l = &self->l;
	uint8_t *page, right[SNP_PAGE_BYTES];

	GOES(l, snp_step_start(l, &snp_launch_kvm));
	page = l->vm.memory + GPA_CPUID;
	memcpy(right, page, sizeof(right));
	CPUID_FN(page, 0)[CPUID_ECX + 3] = 1;	/* TSC deadline timer */
	REFUSED(l, -EIO, SEV_RET_INVALID_PARAM,
		    snp_launch_update(l, SNP_PAGE_CPUID, GPA_CPUID, 1));
	EXPECT_EQ(0, memcmp(right, page, sizeof(right)));
	EXPECT_EQ(self->before.guest_valid, snp_pages("Guest-Valid"));
	EXPECT_EQ(self->before.pre_guest, snp_pages("Pre-Guest"));
	GOES(l, snp_launch_update(l, SNP_PAGE_CPUID, GPA_CPUID, 1));
}

TEST_F(snp, a_page_is_launched_only_once)
{
	struct snp_launch *l = &self->l;
	uint8_t digest[SNP_DIGEST_BYTES];

	GOES(l, snp_step_start(l, &snp_launch_kvm));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL, 2));
	memcpy(digest, l->digest, sizeof(digest));
	EXPECT_NE(0, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL + 0x1000, 1));
	EXPECT_EQ(0, memcmp(digest, l->digest, sizeof(digest)));
	EXPECT_EQ(self->before.guest_valid + 2, snp_pages("Guest-Valid"));
}

/* KVM ends at the first page that fails, and has done those before it: that is no success. */
TEST_F(snp, a_range_is_launched_whole_or_the_launch_fails)
{
	struct snp_launch *l = &self->l;

	GOES(l, snp_step_start(l, &snp_launch_kvm));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL + 0x1000, 1));
	EXPECT_EQ(-EIO, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL, 2));
	EXPECT_EQ(self->before.guest_valid + 2, snp_pages("Guest-Valid"));
	/* the first of these is a page of CPUID like any, and the second asks for a timer */
	memcpy(l->vm.memory + GPA_CPUID - 0x1000, l->vm.memory + GPA_CPUID, 0x1000);
	CPUID_FN(l->vm.memory + GPA_CPUID, 0)[CPUID_ECX + 3] = 1;
	REFUSED(l, -EIO, SEV_RET_INVALID_PARAM,
		snp_launch_update(l, SNP_PAGE_CPUID, GPA_CPUID - 0x1000, 2));
}

TEST_F(snp, a_policy_that_the_host_cannot_meet_is_refused)
{
	static const struct {
		uint64_t policy;
		uint32_t status;
	} cases[] = {
		{ SNP_POLICY_PLAIN | 0xff00, SEV_RET_POLICY_FAILURE },	/* API version */
		{ SNP_POLICY_ALWAYS, 0 },			/* by KVM, or a newer one asks */
		{ SNP_POLICY_SMT, 0 },
		{ SNP_POLICY_PLAIN | 1ull << 40, 0 },
	};
	struct snp_launch *l = &self->l;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		GOES(l, snp_launch_open(l, SNP_RAM));
		ret = snp_launch_start(l, cases[i].policy);
		if (cases[i].status || ret == -EIO) {
			EXPECT_EQ(-EIO, ret);
			EXPECT_EQ(SEV_RET_POLICY_FAILURE, l->status);
		} else {
			EXPECT_EQ(-EINVAL, ret);
		}
		EXPECT_EQ(self->before.context, snp_pages("Context"));
		snp_launch_close(l);
	}
}

/* ---- the check of writes ---- */

TEST_F(snp, a_write_to_a_guests_page_faults_on_each_cpu)
{
	static const int states[] = { RMP_FIRMWARE, RMP_CONTEXT, RMP_GUEST_VALID };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct snp_launch *l = &self->l;
	uint64_t addr;

	GOES(l, snp_step_start(l, &snp_launch_kvm));
	GOES(l, snp_step_update(l, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		addr = snp_find(states[i], 0);
		ASSERT_NE(0, addr);
		for (int cpu = 0; cpu < cpus; cpu++) {
			EXPECT_EQ(-EFAULT, snp_store(cpu, addr)) {
				TH_LOG("CPU %d, state %d", cpu, states[i]);
			}
		}
	}
	addr = snp_find(RMP_GUEST_VALID, 0);
	snp_launch_close(l);
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(addr));
	for (int cpu = 0; cpu < cpus; cpu++) {
		EXPECT_EQ(0, snp_store(cpu, addr)) {
			TH_LOG("CPU %d", cpu);
		}
	}
}

/* ---- many guests ---- */

TEST_F(snp, asids_are_used_up_and_come_back)
{
	unsigned int count = host_asids(true), i;
	struct snp_launch l[8];

	ASSERT_LT(count, ARRAY_SIZE(l));
	for (int round = 0; round < 2; round++) {
		for (i = 0; i < count; i++)
			GOES(&l[i], snp_step_start(&l[i], &snp_launch_kvm));
		EXPECT_NE(0, snp_step_start(&l[i], &snp_launch_kvm))
			TH_LOG("guest %u of %u", i, count);
		for (i = 0; i <= count; i++)
			snp_launch_close(&l[i]);
	}
}

TEST_F(snp, legacy_guests_live_beside_it)
{
	static const uint32_t policies[] = { 0, OWNER_POLICY_ES };
	struct launch other[2], *l;

	GOES(&self->l, snp_step_start(&self->l, &snp_launch_kvm));
	for (int i = 0; i < 2; i++) {
		l = &other[i];
		ASSERT_EQ(0, launch_open(l, &launch_legacy, policies[i]));
		l->typed = true;
		ASSERT_EQ(0, launch_vm(l, SNP_RAM));
		ASSERT_EQ(0, launch_init(l));
		ASSERT_EQ(0, launch_load(l));
		ASSERT_EQ(0, launch_start(l)) TH_LOG("%s", launch_error(l, -EIO));
		ASSERT_EQ(0, launch_update(l)) TH_LOG("%s", launch_error(l, -EIO));
		if (launch_es(l))
			ASSERT_EQ(0, launch_update_vmsa(l)) TH_LOG("%s", launch_error(l, -EIO));
		ASSERT_EQ(0, launch_measure(l)) TH_LOG("%s", launch_error(l, -EIO));
		ASSERT_EQ(0, launch_finish(l)) TH_LOG("%s", launch_error(l, -EIO));
	}
	GOES(&self->l, snp_step_update(&self->l, NULL));
	GOES(&self->l, snp_launch_finish(&self->l, NULL));
	launch_close(&other[0]);
	launch_close(&other[1]);
}

/* The first of KVM's commands for SNP guests; those before it are for SEV and SEV-ES guests. */
#define FIRST_SNP_COMMAND	100

/* Before a launch and in it, by either driver's handlers: they are for guests of other types. */
TEST_F(snp, legacy_commands_are_not_for_its_guests)
{
	struct snp_launch *l = &self->l;
	uint8_t block[64];

	for (int started = 0; started < 2; started++) {
		if (started)
			GOES(l, snp_launch_start(l, SNP_POLICY_PLAIN));
		else
			GOES(l, snp_step_open(l, &snp_launch_kvm));
		for (uint32_t id = 0; id < FIRST_SNP_COMMAND; id++) {
			for (int absent = 0; absent < 2; absent++) {
				struct outcome o;

				memset(block, 0xc5, sizeof(block));
				o = legacy(l->vm.vm_fd, id, absent ? NULL : block, l->sev_fd);
				EXPECT_EQ(EPERM, o.err) TH_LOG("command %u", id);
				EXPECT_EQ(0xc5, block[0] & block[63]);
			}
		}
	}
	GOES(l, snp_step_update(l, NULL));
	GOES(l, snp_launch_finish(l, NULL));
}

/*
 * A VM is a guest from KVM_SEV_INIT2 on. Both ways have the same errno but for one command. In
 * the kernel tree KVM's handlers are not built: only the driver's are there.
 */
TEST_F(snp, a_vm_of_its_type_is_no_guest_yet)
{
	struct snp_launch *l = &self->l;
	const char *box = getenv("SEV_BOX");
	uint8_t block[64] = { 0 };
	bool stock, tree = box && !strcmp(box, "tree");
	int want;

	ASSERT_EQ(0, vm_create(&l->vm, VM_TYPE_SNP, SNP_RAM));
	for (int own = 0; own < 2; own++) {
		stock = !tree && (!serve_legacy(own) || !own);
		for (uint32_t id = KVM_SEV_LAUNCH_START; id <= KVM_SEV_SEND_CANCEL; id++) {
			if (id == KVM_SEV_SEND_UPDATE_VMSA || id == KVM_SEV_RECEIVE_UPDATE_VMSA ||
			    id == KVM_SEV_CERT_EXPORT)
				continue;
			want = stock && id == KVM_SEV_RECEIVE_UPDATE_DATA ? EINVAL : ENOTTY;
			EXPECT_EQ(want, legacy(l->vm.vm_fd, id, block, -1).err) {
				TH_LOG("command %u, handlers of the driver: %d", id, !stock);
			}
		}
	}
}

/*
 * A fault of ccp: of legacy guests' memory it hands over as many pages as the length has, and
 * forgets that the data may begin in the middle of one. The firmware refuses the last page.
 */
TEST_F(snp, only_stock_forgets_the_last_page_of_legacy_data)
{
	const char *box = getenv("SEV_BOX");
	bool stock = !box || !strcmp(box, "stock");
	struct launch other, *l = &other;
	uint64_t huge;

	ASSERT_EQ(0, launch_open(l, &launch_legacy, 0));
	l->typed = true;
	ASSERT_EQ(0, launch_vm(l, 2 * HUGE_BYTES));
	/* two pages must be neighbours, or KVM makes two commands of them */
	huge = -(uintptr_t)l->vm.memory % HUGE_BYTES;
	ASSERT_EQ(0, madvise(l->vm.memory + huge, HUGE_BYTES, MADV_HUGEPAGE));
	ASSERT_EQ(0, launch_init(l));
	ASSERT_EQ(0, launch_load(l));
	ASSERT_EQ(0, launch_start(l));
	EXPECT_EQ(stock ? -EIO : 0, launch_update_at(l, huge + 0x4ff0, 0x20));
	EXPECT_EQ(stock ? INVALID_PAGE_STATE : 0, l->status);
	EXPECT_EQ(0, launch_update_at(l, huge + 0x6000, 0x2000)) {
		TH_LOG("%s", launch_error(l, -EIO));
	}
	launch_close(l);
}

/* ---- guests that die ---- */

/* A life in a process of its own, which ends at step @step, whatever is still open. */
static void live_until(unsigned int step)
{
	struct snp_launch l;

	if (snp_step_open(&l, &snp_launch_kvm) || step == 0)
		_exit(0);
	if (snp_launch_start(&l, SNP_POLICY_PLAIN) || step == 1)
		_exit(0);
	for (unsigned int i = 0; i < SNP_STEP_PAGES; i++)
		if (snp_launch_update(&l, SNP_PAGE_NORMAL, GPA_NORMAL + 0x1000 * i, 1) ||
		    step == 2 + i)
			_exit(0);
	if (snp_launch_finish(&l, NULL) || step == 2 + SNP_STEP_PAGES)
		_exit(0);
	snp_launch_prefault(&l, GPA_LATE, 3);
	_exit(0);
}

#define LIFE_STEPS	(4 + SNP_STEP_PAGES)

/* Some are killed from outside, in the middle of whatever they do. */
TEST_F_TIMEOUT(snp, lives_end_at_any_step, 3000)
{
	const char *given = getenv("SNP_LIVES");
	int lives = given ? atoi(given) : 30, status;
	pid_t child;

	srand(test_seed(17));
	for (int i = 0; i < lives; i++) {
		unsigned int step = rand() % LIFE_STEPS;

		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			live_until(step);
		if (i % 3 == 0) {
			usleep(rand() % 30000);
			kill(child, SIGKILL);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
	}
	GOES(&self->l, snp_step_start(&self->l, &snp_launch_kvm));
}

/* ---- the platform ---- */

TEST_F(snp, platform_commands)
{
	struct sev_user_data_status legacy = { 0 };
	uint8_t status[0x20] = { 0 }, config[0x40] = { 0 };
	uint8_t load[0x10] = { 0 }, key[0x1b0] = { 1 };
	uint32_t fw = 0;
	int fd = open("/dev/sev", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sev_dev_op(fd, SEV_PLATFORM_STATUS, &legacy, &fw));
	EXPECT_EQ(0, sev_dev_op(fd, 9, status, &fw)) TH_LOG("SNP_PLATFORM_STATUS");
	EXPECT_EQ(legacy.api_major, status[0]);
	EXPECT_EQ(legacy.api_minor, status[1]);
	EXPECT_EQ(1, status[2]) TH_LOG("state");
	EXPECT_EQ(1, status[3] & 1) TH_LOG("RMP is initialised");
	EXPECT_EQ(0, sev_dev_op(fd, 11, config, &fw)) TH_LOG("SNP_SET_CONFIG, default");
	memset(config, 100, 8);
	config[8] = 31;
	EXPECT_EQ(-EIO, sev_dev_op(fd, 11, config, &fw)) TH_LOG("SNP_SET_CONFIG");
	EXPECT_EQ(SEV_RET_INVALID_PARAM, fw);
	EXPECT_EQ(0, sev_dev_op(fd, 10, NULL, &fw)) TH_LOG("SNP_COMMIT");
	EXPECT_EQ(-EINVAL, sev_dev_op(fd, 12, load, &fw)) TH_LOG("SNP_VLEK_LOAD, of no length");
	load[0] = sizeof(load);
	memcpy(load + 8, &(uint64_t){ (uintptr_t)key }, sizeof(uint64_t));
	EXPECT_EQ(-EIO, sev_dev_op(fd, 12, load, &fw)) TH_LOG("SNP_VLEK_LOAD of a wrong key");
	EXPECT_NE(0, fw);
	close(fd);
}

HOST_TESTS_MAIN
