// SPDX-License-Identifier: GPL-2.0
/*
 * A launch by pass-through, with the N-th allocation, or access to user memory, of
 * each command failing: N from one upwards, until there is no N-th. The command
 * must end with an errno that says so, and nothing must be held; the guest can then go
 * on, or be given up.
 *
 * Needs a kernel with fault injection (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC,
 * CONFIG_FAULT_INJECTION_DEBUG_FS). The failures are this process's alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "control.h"
#include "failing.h"
#include "host.h"
#include "snp_steps.h"

#define RAM		(1 << 20)
/* So much of it in a command: each page may be one of its own for firmware. */
#define UPDATE		(64 << 10)
#define MANY		200	/* no command has that many places to fail */

/* The commands of a launch. The owner's steps in between must not fail. */

static int certs(struct launch *l)
{
	return l->ops->certs(l);
}

static int start(struct launch *l)
{
	return l->ops->start(l);
}

static int update(struct launch *l)
{
	return l->ops->update(l, l->vm.memory, UPDATE);
}

static int update_vmsa(struct launch *l)
{
	return l->ops->update_vmsa(l);
}

static int measure(struct launch *l)
{
	return l->ops->measure(l);
}

static int report(struct launch *l)
{
	uint8_t mnonce[OWNER_NONCE_SIZE] = { 1 }, buffer[OWNER_REPORT_SIZE];

	return l->ops->report(l, mnonce, buffer);
}

/* A secret that is none: how far it gets is enough, firmware refuses it. */
static int secret(struct launch *l)
{
	uint8_t header[OWNER_HEADER_SIZE] = { 0 }, packet[64] = { 0 };
	int ret = l->ops->secret(l, header, packet, l->vm.memory + VM_DATA, sizeof(packet));

	return ret == -EIO ? 0 : ret;
}

static int state(struct launch *l)
{
	uint32_t policy, guest_state;

	return l->ops->state(l, &policy, &guest_state);
}

static int finish(struct launch *l)
{
	return l->ops->finish(l);
}

static const struct step {
	const char *name;
	int (*run)(struct launch *l);
	bool es;	/* for SEV-ES guests only */
} steps[] = {
	{ "PDH_CERT_EXPORT", certs, false },
	{ "LAUNCH_START", start, false },
	{ "LAUNCH_UPDATE_DATA", update, false },
	{ "LAUNCH_UPDATE_VMSA", update_vmsa, true },
	{ "LAUNCH_MEASURE", measure, false },
	{ "ATTESTATION", report, false },
	{ "LAUNCH_UPDATE_SECRET", secret, false },
	{ "GUEST_STATUS", state, false },
	{ "LAUNCH_FINISH", finish, false },
};

FIXTURE(fail_nth) {
	struct launch l;
	struct host_use before;
	int fd;
};

FIXTURE_VARIANT(fail_nth) {
	bool by_dev;
	uint32_t policy;
};

FIXTURE_VARIANT_ADD(fail_nth, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(fail_nth, dev) {
	.by_dev = true,
};

FIXTURE_VARIANT_ADD(fail_nth, es) {
	.policy = OWNER_POLICY_ES,
};

FIXTURE_SETUP(fail_nth)
{
	HOST_NEEDS(HOST_SEV | HOST_FW | (variant->policy ? HOST_ES : 0));
	self->fd = failing_open();
	if (self->fd < 0)
		SKIP_SETUP("this kernel has no fault injection");
	self->l.sev_fd = -1;
	ASSERT_EQ(0, host_use(&self->before));
}

FIXTURE_TEARDOWN(fail_nth)
{
	close(self->fd);
}

static bool wanted(const struct launch *l, const struct step *step)
{
	return launch_es(l) || !step->es;
}

/* A guest that has taken all steps before this one. */
static int guest_at(struct launch *l, const struct step *here)
{
	bool by_dev = l->by_dev;
	int ret = launch_open(l, &launch_fw, l->policy);

	l->by_dev = by_dev;
	if (!ret)
		ret = launch_steps(l, RAM, STEP_CERTS | STEP_SESSION | STEPS_HOST);
	for (const struct step *step = steps; !ret && step < here; step++)
		if (wanted(l, step))
			ret = step->run(l);
	return ret;
}

static void expect_same(struct __test_metadata *_metadata, const struct host_use *before,
			const char *name, unsigned int n)
{
	struct host_use after;

	EXPECT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(before, &after)) {
		TH_LOG("%s, failure %u: %s", name, n, host_use_differs(before, &after));
	}
}

/*
 * A command through KVM whose envelope could not be read: the glue as a module hands
 * it to the stock function, which by then can read it, and does not know the id.
 */
static bool good_errno(const struct launch *l, int err)
{
	return err == -ENOMEM || err == -EFAULT ||
	       (err == -EINVAL && !l->by_dev && l->status == SEV_FW_NO_CALL);
}

/* One step, over and over, until nothing fails in it any more. */
static unsigned int sweep(struct __test_metadata *_metadata, struct launch *l, int fd,
			  const struct step *step)
{
	unsigned int n, failed = 0, survived = 0;
	struct host_use before;
	bool usable = false, hit;
	int ret;

	for (n = 1; n < MANY; n++) {
		if (!usable) {
			launch_close(l);
			ret = guest_at(l, step);
			EXPECT_EQ(0, ret) {
				TH_LOG("before %s: %s", step->name, launch_error(l, ret));
			}
			if (ret)
				return failed;
		}
		EXPECT_EQ(0, host_use(&before));
		failing_arm(fd, n);
		ret = step->run(l);
		hit = failing_disarm(fd);
		if (!hit)
			break;
		if (!ret) {
			survived++;
			usable = false;
			continue;
		}
		failed++;
		EXPECT_TRUE(good_errno(l, ret)) {
			TH_LOG("%s, failure %u: %s", step->name, n, launch_error(l, ret));
		}
		expect_same(_metadata, &before, step->name, n);
		/* if firmware was not asked, nothing has happened: try again */
		usable = l->status == SEV_FW_NO_CALL;
	}
	EXPECT_LT(n, MANY);
	EXPECT_EQ(0, ret) {
		TH_LOG("%s, no failure: %s", step->name, launch_error(l, ret));
	}
	TH_LOG("%s: %u failures, %u without consequence", step->name, failed, survived);
	return failed;
}

TEST_F_TIMEOUT(fail_nth, launch, 600)
{
	struct launch *l = &self->l;
	unsigned int failed = 0;

	ASSERT_EQ(0, launch_open(l, &launch_fw, variant->policy));
	l->by_dev = variant->by_dev;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (wanted(l, &steps[i]))
			failed += sweep(_metadata, l, self->fd, &steps[i]);
	EXPECT_LT(0U, failed);
	launch_close(l);
	expect_same(_metadata, &self->before, "closed", 0);
}

/* ---- the same with an SNP guest ---- */

static uint8_t host_page[SNP_PAGE_BYTES] __attribute__((aligned(SNP_PAGE_BYTES)));

static int snp_start(struct snp_launch *l)
{
	return snp_launch_start(l, SNP_POLICY_PLAIN | SNP_POLICY_DEBUG);
}

static int snp_update(struct snp_launch *l)
{
	return snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL, 1);
}

static int snp_vcpu(struct snp_launch *l)
{
	return snp_pass_vcpu(l, 0);
}

static int snp_end(struct snp_launch *l)
{
	return snp_pass_end(l, NULL);
}

static int snp_status(struct snp_launch *l)
{
	struct sev_fw_snp_guest_status block = { .address = (uintptr_t)host_page };

	return snp_pass_issue(l, SEV_FW_SNP_GUEST_STATUS, &block, sizeof(block));
}

static int snp_peek(struct snp_launch *l)
{
	struct sev_fw_snp_dbg_decrypt block = {
		.src_address = (uintptr_t)l->vm.memory + GPA_NORMAL,
		.dst_address = (uintptr_t)host_page,
	};

	return snp_pass_issue(l, SEV_FW_SNP_DBG_DECRYPT, &block, sizeof(block));
}

static int snp_out(struct snp_launch *l)
{
	struct sev_fw_snp_page_swap_out block = {
		.src_address = (uintptr_t)l->vm.memory + GPA_NORMAL,
		.dst_address = (uintptr_t)host_page,
	};

	return snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &block, sizeof(block));
}

static int snp_in(struct snp_launch *l)
{
	struct sev_fw_snp_page_swap_in block = {
		.src_address = (uintptr_t)host_page,
		.dst_address = (uintptr_t)l->vm.memory + GPA_NORMAL,
	};

	return snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_IN, &block, sizeof(block));
}

/* A page that leaves must be of a frame that is shared, any other one of a private frame. */
static const struct snp_fail_step {
	const char *name;
	int (*run)(struct snp_launch *l);
	bool leaves;
} snp_fail_steps[] = {
	{ "SNP_LAUNCH_START", snp_start, false },
	{ "SNP_LAUNCH_UPDATE", snp_update, false },
	{ "SNP_LAUNCH_UPDATE, VMSA", snp_vcpu, false },
	{ "SNP_LAUNCH_FINISH", snp_end, false },
	{ "SNP_GUEST_STATUS", snp_status, false },
	{ "SNP_DBG_DECRYPT", snp_peek, false },
	{ "SNP_PAGE_SWAP_OUT", snp_out, true },
	{ "SNP_PAGE_SWAP_IN", snp_in, false },
};

static int snp_ready(struct snp_launch *l, const struct snp_fail_step *step)
{
	return vm_set_private(&l->vm, GPA_NORMAL, SNP_PAGE_BYTES, !step->leaves);
}

/* A guest that has taken all steps before this one. */
static int snp_guest_at(struct snp_launch *l, bool by_dev, const struct snp_fail_step *here)
{
	int ret = snp_step_open(l, &snp_launch_pass);

	l->by_dev = by_dev;
	for (const struct snp_fail_step *step = snp_fail_steps; !ret && step < here; step++) {
		ret = snp_ready(l, step);
		ret = ret ? ret : step->run(l);
	}
	return ret ? ret : snp_ready(l, here);
}

FIXTURE(fail_nth_snp) {
	struct snp_launch l;
	struct snp_use pages;
	struct host_use before;
	int fd;
};

FIXTURE_VARIANT(fail_nth_snp) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(fail_nth_snp, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(fail_nth_snp, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(fail_nth_snp)
{
	HOST_NEEDS(HOST_SNP | HOST_FW);
	self->fd = failing_open();
	if (self->fd < 0)
		SKIP_SETUP("this kernel has no fault injection");
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	ASSERT_EQ(0, host_use(&self->before));
	ASSERT_EQ(0, snp_use(&self->pages));
}

FIXTURE_TEARDOWN(fail_nth_snp)
{
	close(self->fd);
}

static bool snp_good_errno(const struct snp_launch *l, int err)
{
	return err == -ENOMEM || err == -EFAULT ||
	       (err == -EINVAL && !l->by_dev && l->status == SEV_FW_NO_CALL);
}

/* The first page that leaves brings a page of entries, which stays until the guest ends. */
static void same_but_entries(struct __test_metadata *_metadata, struct snp_use *before,
			     bool entries)
{
	struct snp_use now;

	EXPECT_EQ(0, snp_use(&now));
	if (entries && now.others == before->others + 1)
		before->others++;
	SAME_PAGES(before);
}

/* One step, over and over, until nothing fails in it any more. */
static unsigned int snp_sweep(struct __test_metadata *_metadata, struct snp_launch *l, int fd,
			      bool by_dev, const struct snp_fail_step *step)
{
	unsigned int n, failed = 0;
	bool usable = false, hit;
	struct snp_use before;
	int ret;

	for (n = 1; n < MANY; n++) {
		if (!usable) {
			snp_launch_close(l);
			ret = snp_guest_at(l, by_dev, step);
			EXPECT_EQ(0, ret) TH_LOG("before %s: %s", step->name, strerror(-ret));
			if (ret)
				return failed;
		}
		EXPECT_EQ(0, snp_use(&before));
		failing_arm(fd, n);
		ret = step->run(l);
		hit = failing_disarm(fd);
		if (!hit)
			break;
		usable = ret && l->status == SEV_FW_NO_CALL;
		failed += !!ret;
		if (ret)
			EXPECT_TRUE(snp_good_errno(l, ret))
				TH_LOG("%s, failure %u: %s, %s", step->name, n, strerror(-ret),
				       sev_status_text(l->status));
		/* if the firmware was not asked, nothing has happened: try again */
		if (usable)
			same_but_entries(_metadata, &before, step->leaves);
	}
	EXPECT_LT(n, MANY);
	EXPECT_EQ(0, ret) TH_LOG("%s, no failure: %s", step->name, strerror(-ret));
	TH_LOG("%s: %u failures", step->name, failed);
	return failed;
}

TEST_F_TIMEOUT(fail_nth_snp, launch, 600)
{
	struct host_use after;
	unsigned int failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(snp_fail_steps); i++)
		failed += snp_sweep(_metadata, &self->l, self->fd, variant->by_dev,
				    &snp_fail_steps[i]);
	EXPECT_LT(0U, failed);
	snp_launch_close(&self->l);
	SAME_PAGES(&self->pages);
	EXPECT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
	EXPECT_EQ(0, snp_refused_asids(&snp_launch_pass));
}

HOST_TESTS_MAIN
