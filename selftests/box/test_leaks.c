// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing is held after an error. A list of ways to fail, each tried on a guest
 * at the point of its launch where it belongs; before and after, the guests that
 * firmware holds, its bound ASIDs and the pinned pages must be the same. In the
 * end the guest itself goes, and everything with it.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "common.h"
#include "host.h"

#define RAM	0x100000

/* Addresses and lengths to get wrong */
#define NOWHERE	((void *)0x1000)

static uint8_t *hole;	/* a page, then a read-only page, then none */

/* Lets firmware refuse the next command @id with @status, doing nothing. */
static void fail_next(uint32_t id, uint32_t status)
{
	uint32_t *bar = host_swpsp();

	bar[SWPSP_BAR_FAULT_ID / 4] = id;
	bar[SWPSP_BAR_FAULT_KIND / 4] = SWPSP_FAULT_STATUS;
	bar[SWPSP_BAR_FAULT_VALUE / 4] = status;
	bar[SWPSP_BAR_FAULT_AFTER / 4] = 0;
	bar[SWPSP_BAR_FAULT_COUNT / 4] = 1;
	__atomic_store_n(&bar[SWPSP_BAR_FAULT_ARM / 4], 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&bar[SWPSP_BAR_FAULT_ARM / 4], __ATOMIC_SEQ_CST))
		usleep(100);
}

/* Ways to fail; each returns what the step has returned. */

static int start_bad_session(struct launch *l)
{
	int ret = launch_session(l);

	if (ret)
		return 0;
	l->session.blob[0x45] ^= 1;
	ret = launch_start(l);
	l->with_session = false;
	return ret;
}

static int start_no_memory(struct launch *l)
{
	if (l->ops == &launch_fw) {
		struct sev_fw_door door = launch_door(l);
		struct sev_fw_launch_start block = {
			.dh_address = (uintptr_t)NOWHERE, .dh_len = SEV_FW_CERT_SIZE,
			.session_address = (uintptr_t)l->session.blob,
			.session_len = SEV_FW_SESSION_SIZE,
		};

		return sev_fw_issue(&door, SEV_FW_LAUNCH_START, &block, sizeof(block),
				    &l->status);
	}
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_LAUNCH_START, NOWHERE,
			  &l->status);
}

/* START is done by then; but nobody can be told, so it must be undone. */
static int start_no_answer(struct launch *l)
{
	struct sev_fw_door door = launch_door(l);

	if (l->ops == &launch_fw)
		return sev_fw_issue(&door, SEV_FW_LAUNCH_START, hole + PAGE,
				    sizeof(struct sev_fw_launch_start), &l->status);
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_LAUNCH_START, hole + PAGE,
			  &l->status);
}

static int start_activate_fails(struct launch *l)
{
	fail_next(SEV_FW_ACTIVATE, 0x0c);
	return launch_start(l);
}

static int start_fails(struct launch *l)
{
	fail_next(SEV_FW_LAUNCH_START, 0x17);
	return launch_start(l);
}

static int start_twice(struct launch *l)
{
	return launch_start(l);
}

static int update_half_mapped(struct launch *l)
{
	return l->ops->update(l, hole, 3 * PAGE);
}

static int update_nowhere(struct launch *l)
{
	return l->ops->update(l, NOWHERE, PAGE);
}

static int update_nothing(struct launch *l)
{
	return l->ops->update(l, l->vm.memory, 0);
}

static int update_wraps(struct launch *l)
{
	return l->ops->update(l, (void *)-PAGE, 2 * PAGE);
}

static int update_unaligned(struct launch *l)
{
	return l->ops->update(l, l->vm.memory + 8, 32);
}

static int update_refused(struct launch *l)
{
	fail_next(SEV_FW_LAUNCH_UPDATE_DATA, 0x13);
	return l->ops->update(l, l->vm.memory, 8 * PAGE);
}

/* More than may be locked, by somebody who may not exceed it. */
static int update_over_the_limit(struct launch *l)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], less[2];
	struct rlimit limit, none = { 0, 0 };
	int ret;

	if (syscall(SYS_capget, &header, had) || getrlimit(RLIMIT_MEMLOCK, &limit))
		return 0;
	none.rlim_max = limit.rlim_max;
	memcpy(less, had, sizeof(less));
	less[0].effective &= ~(1u << CAP_IPC_LOCK);
	if (syscall(SYS_capset, &header, less) || setrlimit(RLIMIT_MEMLOCK, &none))
		return 0;
	ret = launch_update(l);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	syscall(SYS_capset, &header, had);
	return ret;
}

static int measure_nowhere(struct launch *l)
{
	struct sev_fw_door door = launch_door(l);
	struct sev_fw_launch_measure block = {
		.address = (uintptr_t)NOWHERE, .len = SEV_FW_MEASURE_SIZE,
	};

	if (l->ops == &launch_fw)
		return sev_fw_issue(&door, SEV_FW_LAUNCH_MEASURE, &block, sizeof(block),
				    &l->status);
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_LAUNCH_MEASURE, NOWHERE,
			  &l->status);
}

static int measure_refused(struct launch *l)
{
	fail_next(SEV_FW_LAUNCH_MEASURE, 0x13);
	return launch_measure(l);
}

static int finish_early(struct launch *l)
{
	return launch_finish(l);
}

static int secret_bad_mac(struct launch *l)
{
	uint8_t header[OWNER_HEADER_SIZE] = { 0 }, packet[64] = { 0 };

	return l->ops->secret(l, header, packet, l->vm.memory + VM_DATA, sizeof(packet));
}

static int secret_no_packet(struct launch *l)
{
	uint8_t header[OWNER_HEADER_SIZE] = { 0 };

	return l->ops->secret(l, header, NOWHERE, l->vm.memory + VM_DATA, 64);
}

static int secret_no_guest(struct launch *l)
{
	uint8_t header[OWNER_HEADER_SIZE] = { 0 }, packet[64] = { 0 };

	return l->ops->secret(l, header, packet, hole + PAGE, 64);
}

/* When in a launch, what is tried, and what it needs beside SEV. */
enum stage { UNSTARTED, UPDATING, MEASURED, FINISHED };

static const struct path {
	enum stage stage;
	const char *name;
	int (*fail)(struct launch *l);
	unsigned int needs;
} paths[] = {
	{ UNSTARTED, "START with a bad session", start_bad_session, 0 },
	{ UNSTARTED, "START from nowhere", start_no_memory, 0 },
	{ UNSTARTED, "START without an answer", start_no_answer, 0 },
	{ UNSTARTED, "START, then ACTIVATE fails", start_activate_fails, HOST_SWPSP },
	{ UNSTARTED, "START fails", start_fails, HOST_SWPSP },
	{ UNSTARTED, "UPDATE before START", update_unaligned, 0 },
	{ UPDATING, "START again", start_twice, 0 },
	{ UPDATING, "UPDATE of memory with a hole", update_half_mapped, 0 },
	{ UPDATING, "UPDATE of nowhere", update_nowhere, 0 },
	{ UPDATING, "UPDATE of nothing", update_nothing, 0 },
	{ UPDATING, "UPDATE around the end", update_wraps, 0 },
	{ UPDATING, "UPDATE, unaligned", update_unaligned, 0 },
	{ UPDATING, "UPDATE fails", update_refused, HOST_SWPSP },
	{ UPDATING, "UPDATE over RLIMIT_MEMLOCK", update_over_the_limit, 0 },
	{ UPDATING, "MEASURE to nowhere", measure_nowhere, 0 },
	{ UPDATING, "MEASURE fails", measure_refused, HOST_SWPSP },
	{ UPDATING, "SECRET before MEASURE", secret_bad_mac, 0 },
	{ UPDATING, "FINISH before MEASURE", finish_early, 0 },
	{ MEASURED, "SECRET with a bad MAC", secret_bad_mac, 0 },
	{ MEASURED, "SECRET from nowhere", secret_no_packet, 0 },
	{ MEASURED, "SECRET to read-only memory", secret_no_guest, 0 },
	{ MEASURED, "UPDATE after MEASURE", update_half_mapped, 0 },
	{ FINISHED, "SECRET after FINISH", secret_bad_mac, 0 },
	{ FINISHED, "UPDATE after FINISH", update_unaligned, 0 },
	{ FINISHED, "MEASURE after FINISH", launch_measure, 0 },
};

FIXTURE(leaks) {
	struct launch l;
	struct host_use before;
};

FIXTURE_VARIANT(leaks) {
	const struct launch_ops *ops;
	bool by_dev;
};

FIXTURE_VARIANT_ADD(leaks, vm) {
	.ops = &launch_fw,
};

FIXTURE_VARIANT_ADD(leaks, dev) {
	.ops = &launch_fw, .by_dev = true,
};

FIXTURE_VARIANT_ADD(leaks, legacy) {
	.ops = &launch_legacy,
};

FIXTURE_SETUP(leaks)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | (variant->ops == &launch_fw ? HOST_FW : 0));
	hole = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)hole);
	memset(hole + PAGE, 0, PAGE);
	ASSERT_EQ(0, mprotect(hole + PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, munmap(hole + 2 * PAGE, PAGE));

	ASSERT_EQ(0, launch_open(l, variant->ops, 0));
	ASSERT_EQ(0, launch_certs(l));
	ASSERT_EQ(0, host_use(&self->before));
	l->by_dev = variant->by_dev;
	ASSERT_EQ(0, launch_vm(l, RAM));
	ASSERT_EQ(0, launch_init(l));
	ASSERT_EQ(0, launch_load(l));
}

FIXTURE_TEARDOWN(leaks)
{
	launch_close(&self->l);
}

static void expect_same(struct __test_metadata *_metadata, const struct host_use *before,
			const char *when)
{
	struct host_use after;

	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(before, &after)) {
		TH_LOG("%s: %s", when, host_use_differs(before, &after));
	}
}

static void try_paths(struct __test_metadata *_metadata, struct launch *l, enum stage stage)
{
	struct host_use before;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct path *path = &paths[i];
		int ret;

		if (path->stage != stage || host_missing(path->needs))
			continue;
		ASSERT_EQ(0, host_use(&before));
		ret = path->fail(l);
		EXPECT_GT(0, ret) {
			TH_LOG("%s: has not failed", path->name);
		}
		expect_same(_metadata, &before, path->name);
	}
}

/* Every way to fail, and still the launch can be completed. */
TEST_F(leaks, errors)
{
	struct launch *l = &self->l;

	try_paths(_metadata, l, UNSTARTED);
	ASSERT_EQ(0, launch_start(l));
	try_paths(_metadata, l, UPDATING);
	ASSERT_EQ(0, launch_update(l));
	ASSERT_EQ(0, launch_measure(l));
	try_paths(_metadata, l, MEASURED);
	ASSERT_EQ(0, launch_finish(l));
	try_paths(_metadata, l, FINISHED);
	launch_close(l);
	expect_same(_metadata, &self->before, "closed");
}

/* A guest that is given up at any point of its launch. */
TEST_F(leaks, given_up)
{
	struct launch *l = &self->l;

	for (int stage = 0; stage < 5; stage++) {
		if (stage) {
			ASSERT_EQ(0, launch_open(l, variant->ops, 0));
			l->by_dev = variant->by_dev;
			ASSERT_EQ(0, launch_vm(l, RAM));
			ASSERT_EQ(0, launch_init(l));
			ASSERT_EQ(0, launch_load(l));
			ASSERT_EQ(0, launch_start(l));
		}
		if (stage > 1)
			ASSERT_EQ(0, launch_update(l));
		if (stage > 2)
			ASSERT_EQ(0, launch_measure(l));
		if (stage > 3)
			ASSERT_EQ(0, launch_finish(l));
		launch_close(l);
		expect_same(_metadata, &self->before, "given up");
	}
}

/* Without a guest, the platform's commands hold nothing either. */
TEST_F(leaks, platform)
{
	struct launch *l = &self->l;
	struct sev_fw_pdh_cert_export export = {
		.pdh_address = (uintptr_t)NOWHERE, .pdh_len = SEV_FW_CERT_SIZE,
		.chain_address = (uintptr_t)hole, .chain_len = PAGE,
	};
	struct sev_fw_door door;

	launch_close(l);
	ASSERT_EQ(0, launch_open(l, variant->ops, 0));
	door = sev_fw_door_dev(l->sev_fd, -1);
	for (int i = 0; i < 16; i++) {
		if (variant->ops == &launch_fw) {
			EXPECT_EQ(-EFAULT, sev_fw_issue(&door, SEV_FW_PDH_CERT_EXPORT, &export,
							sizeof(export), &l->status));
		} else {
			EXPECT_EQ(-EFAULT, sev_dev_op(l->sev_fd, SEV_PDH_CERT_EXPORT,
						      NOWHERE, &l->status));
		}
		EXPECT_EQ(0, launch_certs(l));
	}
	expect_same(_metadata, &self->before, "platform");
}

HOST_TESTS_MAIN
