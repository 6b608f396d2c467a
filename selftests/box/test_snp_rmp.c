// SPDX-License-Identifier: GPL-2.0
/*
 * RMPUPDATE and PSMASH as a hostile or faulty host executes them: documented results, states
 * that follow, and writes that fault. The drivers go on beside it.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "host.h"
#include "memory.h"
#include "snp.h"

#define GPA		0x40000000ull
#define RAM		(1 << 20)

/* A page of 2 MiB that is all ours. */
FIXTURE(rmp) {
	uint8_t *memory;
	uint64_t addr;
};

static int assign(uint64_t addr, uint64_t gpa, uint32_t asid, bool large)
{
	const struct snp_update update = {
		.gpa = gpa, .asid = asid, .assigned = 1, .large = large,
	};

	return snp_rmpupdate(addr, &update);
}

static int take_back(uint64_t addr, bool large)
{
	return snp_rmpupdate(addr, &(struct snp_update){ .large = large });
}

FIXTURE_SETUP(rmp)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	self->memory = memory_huge(1);
	ASSERT_NE(NULL, self->memory);
	self->addr = memory_frame(self->memory) * RMP_4K;
	ASSERT_EQ(0, self->addr % HUGE_PAGE);
}

FIXTURE_TEARDOWN(rmp)
{
	take_back(self->addr, true);
	for (uint64_t at = 0; at < HUGE_PAGE; at += RMP_4K) {
		if (snp_state(self->addr + at) != RMP_HYPERVISOR)
			EXPECT_EQ(RMP_OK, take_back(self->addr + at, false));
	}
	EXPECT_EQ(0, snp_store(0, self->addr));
}

/* A user's mapping of such a page does not fault: the simulation counts it, as box.md says. */
TEST_F(rmp, a_page_that_user_space_has_mapped_is_counted)
{
	long before = snp_stat("user_mapped");

	ASSERT_LE(0, before);
	*self->memory = 1;
	ASSERT_EQ(RMP_OK, assign(self->addr, GPA, 1, false));
	EXPECT_EQ(before + 1, snp_stat("user_mapped"));
	EXPECT_EQ(RMP_OK, take_back(self->addr, false));
	EXPECT_EQ(before + 1, snp_stat("user_mapped")) TH_LOG("it is given back");
}

TEST_F(rmp, an_assigned_page_cannot_be_written_on_any_cpu)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (int cpu = 0; cpu < cpus; cpu++)
		ASSERT_EQ(0, snp_store(cpu, self->addr));
	ASSERT_EQ(RMP_OK, assign(self->addr, GPA, 1, false));
	EXPECT_EQ(RMP_GUEST_INVALID, snp_state(self->addr));
	for (int cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(-EFAULT, snp_store(cpu, self->addr));
	ASSERT_EQ(RMP_OK, take_back(self->addr, false));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(self->addr));
	for (int cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(0, snp_store(cpu, self->addr));
}

TEST_F(rmp, operands_that_cannot_be)
{
	static const struct snp_update bad[] = {
		{ .assigned = 2 },
		{ .assigned = 1, .asid = 1, .large = 2 },
		{ .assigned = 1, .asid = 1, .immutable = 2 },
		{ .assigned = 1, .asid = 1024, .gpa = GPA },
		{ .assigned = 1, .asid = 1, .gpa = GPA + 8 },
		{ .assigned = 1, .asid = 1, .gpa = 1ull << 51 },
		{ .assigned = 1, .asid = 1, .large = 1, .gpa = GPA + RMP_4K },
		/* would be Metadata */
		{ .assigned = 1, .immutable = 1, .gpa = GPA },
	};
	const struct snp_update good = { .assigned = 1, .asid = 1, .gpa = GPA };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(RMP_FAIL_INPUT, snp_rmpupdate(self->addr, &bad[i])) {
			TH_LOG("operand %zu", i);
		}
	}
	EXPECT_EQ(RMP_FAIL_INPUT, snp_rmpupdate(self->addr + 8, &good));
	EXPECT_EQ(RMP_FAIL_INPUT, snp_rmpupdate(SWPSP_RMP_PAGES * RMP_4K, &good));
	EXPECT_EQ(RMP_FAIL_INPUT, snp_rmpupdate(-RMP_4K, &good));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(self->addr));
}

TEST_F(rmp, a_large_page_and_its_pieces)
{
	ASSERT_EQ(RMP_OK, assign(self->addr, GPA, 1, true));
	EXPECT_EQ(RMP_GUEST_INVALID, snp_state(self->addr + 5 * RMP_4K));
	EXPECT_EQ(RMP_FAIL_OVERLAP, assign(self->addr + 5 * RMP_4K, GPA, 1, false));
	EXPECT_EQ(RMP_FAIL_OVERLAP, take_back(self->addr, false));
	ASSERT_EQ(RMP_OK, snp_psmash(self->addr));
	EXPECT_EQ(RMP_GUEST_INVALID, snp_state(self->addr + 5 * RMP_4K));
	EXPECT_EQ(RMP_FAIL_INPUT, snp_psmash(self->addr)) TH_LOG("not large any more");
	EXPECT_EQ(RMP_FAIL_OVERLAP, assign(self->addr, GPA, 1, true));
	EXPECT_EQ(RMP_OK, take_back(self->addr + 5 * RMP_4K, false));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(self->addr + 5 * RMP_4K));
	EXPECT_EQ(RMP_GUEST_INVALID, snp_state(self->addr + 6 * RMP_4K));
}

TEST_F(rmp, psmash_of_what_is_no_guests_large_page)
{
	EXPECT_EQ(RMP_FAIL_INPUT, snp_psmash(self->addr));
	EXPECT_EQ(RMP_FAIL_INPUT, snp_psmash(self->addr + RMP_4K));
	EXPECT_EQ(RMP_FAIL_BADADDR, snp_psmash(SWPSP_RMP_PAGES * RMP_4K));
}

/* ---- pages of the firmware ---- */

struct hammer {
	uint64_t addr;
	bool stop;
	unsigned long tried, taken;
};

/* All that a host may try on an entry. */
static void *hammer_page(void *data)
{
	static const struct snp_update updates[] = {
		{ .assigned = 0 },
		{ .assigned = 1, .immutable = 1 },
		{ .assigned = 1 },
		{ .assigned = 1, .asid = 1, .gpa = GPA },
		{ .assigned = 1, .asid = 1, .gpa = GPA, .immutable = 1 },
	};
	struct hammer *h = data;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < ARRAY_SIZE(updates); i++, h->tried++)
			h->taken += snp_rmpupdate(h->addr, &updates[i]) == RMP_OK;
		h->taken += snp_store(0, h->addr) != -EFAULT;
	}
	return NULL;
}

TEST_F(rmp, a_host_cannot_have_a_context_while_the_firmware_works)
{
	struct snp_launch l;
	struct hammer h = { 0 };
	pthread_t thread;

	ASSERT_EQ(0, snp_launch_open(&l, RAM));
	ASSERT_EQ(0, snp_launch_start(&l, SNP_POLICY_PLAIN));
	h.addr = snp_find(RMP_CONTEXT, 0);
	ASSERT_NE(0, h.addr);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer_page, &h));
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, snp_launch_update(&l, SNP_PAGE_ZERO, RMP_4K * i, 1));
	EXPECT_EQ(0, snp_launch_finish(&l, NULL));
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(RMP_CONTEXT, snp_state(h.addr));
	EXPECT_LT(0, h.tried);
	EXPECT_EQ(0, h.taken);
	snp_launch_close(&l);
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(h.addr));
}

TEST_F(rmp, a_host_cannot_have_the_firmwares_memory)
{
	uint64_t addr = snp_find(RMP_FIRMWARE, 0);
	struct hammer h = { .addr = addr };
	pthread_t thread;

	ASSERT_NE(0, addr) TH_LOG("the TMR, at least");
	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer_page, &h));
	while (__atomic_load_n(&h.tried, __ATOMIC_RELAXED) < 100)
		usleep(1000);
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(RMP_FIRMWARE, snp_state(addr));
	EXPECT_EQ(0, h.taken);
}

HOST_TESTS_MAIN
