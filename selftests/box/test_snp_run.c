// SPDX-License-Identifier: GPL-2.0
/*
 * SNP guests that run: the guest of tools/guest, on the simulated processor, by KVM's own
 * ioctls. That guest validates memory, gets a key and a report, and ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "../../tools/guest/guest.h"
#include "snp/rmp.h"
#include "host.h"
#include "snp.h"

FIXTURE(running) {
	struct snp_use before;
	struct snp_launch l;
	char out[4096];
};

FIXTURE_SETUP(running)
{
	struct snp_launch *l = &self->l;
	size_t pages;

	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	ASSERT_EQ(0, snp_use(&self->before));
	ASSERT_EQ(0, snp_launch_open(l, GUEST_RAM));
	pages = snp_load_guest(l->vm.memory + GUEST_ENTRY);
	ASSERT_LT(0, pages);
	ASSERT_EQ(0, snp_launch_start(l, SNP_POLICY_PLAIN));
	ASSERT_EQ(0, snp_launch_update(l, SNP_PAGE_NORMAL, GUEST_ENTRY, pages));
	ASSERT_EQ(0, snp_launch_update(l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1));
}

FIXTURE_TEARDOWN(running)
{
	struct snp_use after;

	snp_launch_close(&self->l);
	EXPECT_EQ(0, snp_use(&after));
	EXPECT_EQ(0, memcmp(&self->before, &after, sizeof(after)));
}

TEST_F(running, a_guest_validates_memory_and_hands_out_its_report)
{
	struct snp_launch *l = &self->l;
	uint8_t *mailbox = l->vm.memory + MAILBOX_PAGE;
	const struct snp_report *report = (const void *)(mailbox + MAILBOX_REPORT);
	static const uint8_t none[16];

	ASSERT_EQ(0, snp_launch_expect_vcpu(l));
	ASSERT_EQ(0, snp_launch_finish(l, NULL));
	memset(mailbox + MAILBOX_NONCE, 0xa5, 64);
	ASSERT_EQ(0, vm_run(&l->vm, self->out, sizeof(self->out))) {
		TH_LOG("KVM exit %u, data %#llx", l->vm.run->exit_reason,
		       l->vm.run->system_event.data[0]);
	}
	EXPECT_NE(NULL, strstr(self->out, "I am an SNP guest, SEV_STATUS 0x07, C-bit 0x27\n"));
	EXPECT_NE(NULL, strstr(self->out, "handed out its attestation report\n"));
	EXPECT_EQ(0, memcmp(report->report_data, mailbox + MAILBOX_NONCE, 64));
	EXPECT_EQ(0, memcmp(report->measurement, l->digest, sizeof(l->digest)));
	EXPECT_EQ(SNP_POLICY_PLAIN, report->policy);
	EXPECT_NE(0, memcmp(none, mailbox + MAILBOX_KEY_DIGEST, sizeof(none)));
	EXPECT_EQ(self->before.guest_invalid, snp_pages("Guest-Invalid"));
}

/*
 * Certificates with the report: KVM of 6.12 has none, and hands nobody the question. There is an
 * empty table whatever the room, so that no room is too small, and no count of pages is told.
 */
#define CERTS_ENTRY	24
#define ROOM_BYTES	(CERTS_PAGES * SNP_PAGE_BYTES)

/* The answer to a request that the hypervisor cannot read. */
#define REFUSED_MALFORMED	2
#define ERROR_INVALID_INPUT	5

static uint64_t *mailbox_word(struct snp_launch *l, unsigned int at)
{
	return (uint64_t *)(l->vm.memory + MAILBOX_PAGE + at);
}

/* Run the guest. Return: as vm_run(); -ENODATA: there is no report of this guest. */
static int run_for_certificates(struct snp_launch *l, uint64_t at, uint64_t room, char out[4096])
{
	uint8_t *mailbox = l->vm.memory + MAILBOX_PAGE;
	const struct snp_report *report = (const void *)(mailbox + MAILBOX_REPORT);
	int ret = snp_launch_expect_vcpu(l);

	if (!ret)
		ret = snp_launch_finish(l, NULL);
	memset(mailbox + MAILBOX_NONCE, 0x3c, 64);
	*mailbox_word(l, MAILBOX_CERTS_WANTED) = 1;
	*mailbox_word(l, MAILBOX_CERTS_AT) = at;
	*mailbox_word(l, MAILBOX_CERTS_ROOM) = room;
	*mailbox_word(l, MAILBOX_CERTS_REFUSED) = ~0ull;
	*mailbox_word(l, MAILBOX_CERTS_ERROR) = ~0ull;
	memset(l->vm.memory + CERTS_FIRST, 0xff, ROOM_BYTES);
	if (!ret)
		ret = vm_run(&l->vm, out, 4096);
	if (!ret && (memcmp(report->report_data, mailbox + MAILBOX_NONCE, 64) ||
		     memcmp(report->measurement, l->digest, sizeof(l->digest)) ||
		     report->policy != SNP_POLICY_PLAIN || !strstr(out, "asked for certificates")))
		ret = -ENODATA;
	return ret;
}

/* How many of the first bytes for certificates are zeros; the others are as they were, or -1. */
static int zeros_in_room(const struct snp_launch *l)
{
	const uint8_t *room = l->vm.memory + CERTS_FIRST;
	int zeros = 0;

	while (zeros < ROOM_BYTES && !room[zeros])
		zeros++;
	for (int i = zeros; i < ROOM_BYTES; i++)
		if (room[i] != 0xff)
			return -1;
	return zeros;
}

TEST_F(running, a_report_comes_with_an_empty_table_of_certificates)
{
	struct snp_launch *l = &self->l;

	ASSERT_EQ(0, run_for_certificates(l, CERTS_FIRST, CERTS_PAGES, self->out));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CERTS_REFUSED));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CERTS_ERROR));
	EXPECT_EQ(CERTS_PAGES, *mailbox_word(l, MAILBOX_CERTS_NEEDED));
	EXPECT_EQ(CERTS_ENTRY, zeros_in_room(l));
}

TEST_F(running, without_room_for_certificates_the_report_comes_all_the_same)
{
	struct snp_launch *l = &self->l;

	ASSERT_EQ(0, run_for_certificates(l, CERTS_FIRST, 0, self->out));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CERTS_REFUSED));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CERTS_ERROR));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CERTS_NEEDED));
	EXPECT_EQ(0, zeros_in_room(l));
}

/* The firmware has not seen the message, so that the guest can send it again. */
TEST_F(running, certificates_are_refused_where_no_page_begins)
{
	struct snp_launch *l = &self->l;

	ASSERT_EQ(0, run_for_certificates(l, CERTS_FIRST + 8, CERTS_PAGES, self->out));
	EXPECT_EQ(REFUSED_MALFORMED, *mailbox_word(l, MAILBOX_CERTS_REFUSED));
	EXPECT_EQ(ERROR_INVALID_INPUT, *mailbox_word(l, MAILBOX_CERTS_ERROR));
	EXPECT_EQ(0, zeros_in_room(l));
}

/* Neither the guest nor the firmware learns of that, only the VMM. */
TEST_F(running, certificates_where_there_is_no_memory_end_the_run)
{
	struct snp_launch *l = &self->l;

	EXPECT_EQ(-EIO, run_for_certificates(l, 4 * GUEST_RAM, 1, self->out));
	EXPECT_EQ(~0ull, *mailbox_word(l, MAILBOX_CERTS_REFUSED));
	EXPECT_EQ(NULL, strstr(self->out, "certificates"));
}

/*
 * The second vCPU begins with a state that the guest has made, and not with the one that was
 * launched: that would execute the guest's program from its start, and end it.
 */
TEST_F(running, a_guest_makes_the_state_of_another_vcpu_and_starts_it)
{
	struct snp_launch *l = &self->l;
	struct vm view;

	ASSERT_EQ(0, vm_more_vcpu(&l->vm, 1, &view));
	l->more_vcpus = 1;
	ASSERT_EQ(0, snp_launch_finish(l, NULL));
	*mailbox_word(l, MAILBOX_CPU_WANTED) = 1;
	ASSERT_EQ(0, vm_run(&l->vm, self->out, sizeof(self->out))) {
		TH_LOG("KVM exit %u, data %#llx", l->vm.run->exit_reason,
		       l->vm.run->system_event.data[0]);
	}
	EXPECT_NE(NULL, strstr(self->out, "has started a second vCPU\n"));
	EXPECT_EQ(0, *mailbox_word(l, MAILBOX_CPU_TURNS));
	for (uint64_t turn = 1; turn < 3; turn++) {
		EXPECT_EQ(0, vm_enter(&view));
		EXPECT_EQ(KVM_EXIT_HLT, view.run->exit_reason);
		EXPECT_EQ(turn, *mailbox_word(l, MAILBOX_CPU_TURNS));
	}
	vm_drop_vcpu(&view);
}

TEST_F(running, a_guest_whose_pages_are_taken_does_not_run)
{
	const struct snp_update free_page = { 0 };
	uint64_t addr = 0;
	int taken = 0;

	ASSERT_EQ(0, snp_launch_finish(&self->l, NULL));
	while ((addr = snp_find(RMP_GUEST_VALID, addr))) {
		EXPECT_EQ(0, snp_rmpupdate(addr, &free_page));
		taken++;
	}
	EXPECT_LT(1, taken);
	EXPECT_GT(0, vm_run(&self->l.vm, self->out, sizeof(self->out)));
	EXPECT_EQ(KVM_EXIT_FAIL_ENTRY, self->l.vm.run->exit_reason);
	EXPECT_STREQ("", self->out);
}

TEST_F(running, a_vcpu_that_was_not_launched_does_not_run)
{
	EXPECT_GT(0, vm_run(&self->l.vm, self->out, sizeof(self->out)));
	EXPECT_STREQ("", self->out);
}

/*
 * Reads XCR0, which is 1 at first, sets it to 3, and asks for its end with what it
 * has read in bits 23:16 of the GHCB's MSR.
 */
static const uint8_t xcr0_guest[] = {
	0x0f, 0x20, 0xe0,			/* mov eax, cr4 */
	0x66, 0x0d, 0x00, 0x00, 0x04, 0x00,	/* or eax, OSXSAVE */
	0x0f, 0x22, 0xe0,			/* mov cr4, eax */
	0x66, 0x31, 0xc9,			/* xor ecx, ecx */
	0x0f, 0x01, 0xd0,			/* xgetbv */
	0x66, 0x89, 0xc3,			/* mov ebx, eax */
	0x66, 0xb8, 0x03, 0x00, 0x00, 0x00,	/* mov eax, FPU and SSE */
	0x0f, 0x01, 0xd1,			/* xsetbv */
	0x66, 0xc1, 0xe3, 0x10,			/* shl ebx, 16 */
	0x66, 0xb8, 0x00, 0x01, 0x00, 0x00,	/* mov eax, termination */
	0x66, 0x09, 0xd8,			/* or eax, ebx */
	0x66, 0xb9, 0x30, 0x01, 0x01, 0xc0,	/* mov ecx, MSR_GHCB */
	0x66, 0x31, 0xd2,			/* xor edx, edx */
	0x0f, 0x30,				/* wrmsr */
	0xf3, 0x0f, 0x01, 0xd9,			/* VMGEXIT */
	0xf4,					/* hlt */
};

static uint64_t host_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return low | (uint64_t)high << 32;
}

TEST(a_guest_and_its_host_have_an_xcr0_each)
{
	struct snp_launch l;
	uint64_t before;
	cpu_set_t one;
	char out[64];

	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	before = host_xcr0();
	ASSERT_NE(1, before);
	ASSERT_NE(3, before);
	ASSERT_EQ(0, snp_launch_open(&l, GUEST_RAM));
	memcpy(l.vm.memory + GUEST_ENTRY, xcr0_guest, sizeof(xcr0_guest));
	EXPECT_EQ(0, snp_launch_start(&l, SNP_POLICY_PLAIN));
	EXPECT_EQ(0, snp_launch_update(&l, SNP_PAGE_NORMAL, GUEST_ENTRY, 1));
	EXPECT_EQ(0, snp_launch_finish(&l, NULL));
	EXPECT_GT(0, vm_run(&l.vm, out, sizeof(out)));
	EXPECT_EQ(KVM_EXIT_SYSTEM_EVENT, l.vm.run->exit_reason);
	EXPECT_EQ(0x10100, l.vm.run->system_event.data[0]) TH_LOG("XCR0 of the guest");
	EXPECT_EQ(before, host_xcr0());
	snp_launch_close(&l);
}

/*
 * Asks for the page behind its RAM to be private, and for its own end, with ones in bits 31:16 of
 * the GHCB's MSR if the answer, in the MSR's upper half, was an error.
 */
static const uint8_t greedy_guest[] = {
	0x66, 0xb9, 0x30, 0x01, 0x01, 0xc0,	/* mov ecx, MSR_GHCB */
	0x66, 0xb8, 0x14, 0x00,			/* mov eax, page state, and the address */
		GUEST_RAM >> 16 & 0xff, GUEST_RAM >> 24,
	0x66, 0xba, 0x00, 0x00, 0x10, 0x00,	/* mov edx, private */
	0x0f, 0x30,				/* wrmsr */
	0xf3, 0x0f, 0x01, 0xd9,			/* VMGEXIT */
	0x0f, 0x32,				/* rdmsr */
	0x66, 0xf7, 0xda,			/* neg edx */
	0x66, 0x19, 0xc0,			/* sbb eax, eax */
	0x66, 0xc1, 0xe0, 0x10,			/* shl eax, 16 */
	0x66, 0x0d, 0x00, 0x01, 0x00, 0x00,	/* or eax, termination */
	0x66, 0x31, 0xd2,			/* xor edx, edx */
	0x0f, 0x30,				/* wrmsr */
	0xf3, 0x0f, 0x01, 0xd9,			/* VMGEXIT */
	0xf4,					/* hlt */
};

/* KVM remembers each frame that is private: a guest could use up the host's memory. */
TEST(a_guest_gets_no_private_page_behind_its_ram)
{
	struct snp_launch l;
	char out[64];

	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	ASSERT_EQ(0, snp_launch_open(&l, GUEST_RAM));
	memcpy(l.vm.memory + GUEST_ENTRY, greedy_guest, sizeof(greedy_guest));
	EXPECT_EQ(0, snp_launch_start(&l, SNP_POLICY_PLAIN));
	EXPECT_EQ(0, snp_launch_update(&l, SNP_PAGE_NORMAL, GUEST_ENTRY, 1));
	EXPECT_EQ(0, snp_launch_finish(&l, NULL));
	EXPECT_GT(0, vm_run(&l.vm, out, sizeof(out)));
	EXPECT_EQ(KVM_EXIT_SYSTEM_EVENT, l.vm.run->exit_reason);
	EXPECT_EQ(0xffff0100, l.vm.run->system_event.data[0]) TH_LOG("the answer was no error");
	snp_launch_close(&l);
}

HOST_TESTS_MAIN
