// SPDX-License-Identifier: GPL-2.0
/*
 * A host and its SNP guest, by pass-through: debugging, requests of the guest's to the firmware,
 * and reports for the host. The requests are made here, with the keys that debugging lets one
 * read in the guest's secrets page.
 *
 * Each test ends with as many pages in each state as it began with.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <openssl/evp.h>

#include <sevfw/snp_launch.h>
#include <sevfw/snp_report.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

#define DEBUG		(SNP_POLICY_PLAIN | SNP_POLICY_DEBUG)

/* Guest messages: where the page has what. */
#define SECRETS_KEYS	0x20
#define MSG_NUMBER	0x20
#define MSG_HEADER	0x30	/* from here on it is covered by the tag */
#define MSG_TYPE	0x34
#define MSG_SIZE	0x36
#define MSG_KEY		0x3c
#define MSG_PAYLOAD	0x60
#define MSG_REPORT	5
#define REQUEST_SIZE	0x60
#define REQUEST_VMPL	0x40
#define ANSWER_REPORT	0x20

#define WRONG_PARAM	0x16	/* status in an answer */
#define HOSTS_VMPL	0xffffffffu

FIXTURE(talk) {
	struct snp_use before;
	struct snp_launch l;
	uint8_t *page, *other;	/* of the test's own */
	uint8_t keys[4][32];
	long lost;
};

FIXTURE_VARIANT(talk) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(talk, vm) { .by_dev = false, };
FIXTURE_VARIANT_ADD(talk, sev) { .by_dev = true, };

FIXTURE_SETUP(talk)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->lost = psp_attr_number("quarantined_pages");
	self->page = mmap(NULL, 2 * SNP_PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->page);
	self->other = self->page + SNP_PAGE_BYTES;
	ASSERT_EQ(0, snp_step_open(&self->l, &snp_launch_pass));
	self->l.by_dev = variant->by_dev;
}

FIXTURE_TEARDOWN(talk)
{
	snp_launch_close(&self->l);
	SAME_PAGES(&self->before);
	EXPECT_EQ(self->lost, psp_attr_number("quarantined_pages"));
	munmap(self->page, 2 * SNP_PAGE_BYTES);
}

/* ---- debugging ---- */

static int peek(struct snp_launch *l, uint64_t gpa, void *to)
{
	struct sev_fw_snp_dbg_decrypt block = {
		.src_address = (uintptr_t)l->vm.memory + gpa, .dst_address = (uintptr_t)to,
	};

	return snp_pass_issue(l, SEV_FW_SNP_DBG_DECRYPT, &block, sizeof(block));
}

static int poke(struct snp_launch *l, uint64_t gpa, const void *from)
{
	struct sev_fw_snp_dbg_encrypt block = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)l->vm.memory + gpa,
	};

	return snp_pass_issue(l, SEV_FW_SNP_DBG_ENCRYPT, &block, sizeof(block));
}

static int launch_to_debug(struct snp_launch *l)
{
	int ret = snp_launch_start(l, DEBUG);

	if (!ret)
		ret = snp_step_update(l, NULL);
	return ret;
}

TEST_F(talk, what_was_launched_is_read_and_changed)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch_to_debug(l));
	GOES(l, peek(l, GPA_NORMAL, self->page));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_NORMAL, self->page, SNP_PAGE_BYTES));
	GOES(l, snp_launch_finish(l, NULL));
	ASSERT_EQ(0, snp_use(&was));
	memset(self->page, 0x5a, SNP_PAGE_BYTES);
	GOES(l, poke(l, GPA_NORMAL, self->page));
	SAME_PAGES(&was);
	GOES(l, peek(l, GPA_NORMAL, self->other));
	EXPECT_EQ(0, memcmp(self->page, self->other, SNP_PAGE_BYTES));
	GOES(l, peek(l, GPA_NORMAL + 0x1000, self->other));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_NORMAL + 0x1000, self->other, SNP_PAGE_BYTES));
}

/* Ends itself: MSR_GHCB = 0x100, VMGEXIT. */
static const uint8_t end_guest[] = {
	0x66, 0xb8, 0x00, 0x01, 0x00, 0x00,	/* mov eax, termination */
	0x66, 0xb9, 0x30, 0x01, 0x01, 0xc0,	/* mov ecx, MSR_GHCB */
	0x66, 0x31, 0xd2,			/* xor edx, edx */
	0x0f, 0x30,				/* wrmsr */
	0xf3, 0x0f, 0x01, 0xd9,			/* VMGEXIT */
	0xf4,					/* hlt */
};

/* The page is validated as before, or the guest could not execute it. */
TEST_F(talk, a_guest_runs_what_was_put_there)
{
	struct snp_launch *l = &self->l;
	char out[64];

	memset(l->vm.memory + VM_ENTRY, 0xf4, SNP_PAGE_BYTES);
	GOES(l, snp_launch_start(l, DEBUG));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, VM_ENTRY, 1));
	GOES(l, snp_launch_finish(l, NULL));
	memcpy(self->page, end_guest, sizeof(end_guest));
	GOES(l, poke(l, VM_ENTRY, self->page));
	EXPECT_GT(0, vm_run(&l->vm, out, sizeof(out)));
	/* the simulated processor cannot decrypt: no state that it could load */
	if (host_cipher()) {
		EXPECT_EQ(KVM_EXIT_FAIL_ENTRY, l->vm.run->exit_reason);
		return;
	}
	EXPECT_EQ(KVM_EXIT_SYSTEM_EVENT, l->vm.run->exit_reason);
	EXPECT_EQ(0x100, l->vm.run->system_event.data[0]);
}

TEST_F(talk, a_page_that_the_guest_has_not_validated_stays_so)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch_to_debug(l));
	GOES(l, snp_launch_finish(l, NULL));
	GOES(l, snp_launch_prefault(l, GPA_LATE, 1));
	ASSERT_EQ(0, snp_use(&was));
	memset(self->page, 0xa5, SNP_PAGE_BYTES);
	GOES(l, poke(l, GPA_LATE, self->page));
	GOES(l, peek(l, GPA_LATE, self->other));
	EXPECT_EQ(0, memcmp(self->page, self->other, SNP_PAGE_BYTES));
	SAME_PAGES(&was);
}

/* A guest can bring that about as often as its VMM likes: RMPUPDATE fails, and nobody complains. */
TEST_F(talk, a_page_that_the_guest_is_changing_is_refused_without_a_word)
{
	struct snp_launch *l = &self->l;
	int klog = klog_open();
	struct snp_use was;
	uint64_t addr;

	ASSERT_LE(0, klog);
	GOES(l, snp_launch_start(l, DEBUG));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	addr = snp_find(RMP_GUEST_VALID, 0);
	ASSERT_EQ(0, snp_use(&was));
	ASSERT_EQ(0, snp_lock(addr, true));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, poke(l, GPA_FREE, self->page));
	ASSERT_EQ(0, snp_lock(addr, false));
	EXPECT_EQ(0, klog_count(klog, "RMP"));
	close(klog);
	SAME_PAGES(&was);
	GOES(l, peek(l, GPA_FREE, self->other));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_FREE, self->other, SNP_PAGE_BYTES));
	GOES(l, poke(l, GPA_FREE, self->page));
}

TEST_F(talk, debugging_is_refused_and_changes_nothing)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, peek(l, GPA_NORMAL, self->page));
	GOES(l, snp_launch_start(l, SNP_POLICY_PLAIN));
	GOES(l, snp_step_update(l, NULL));
	ASSERT_EQ(0, snp_use(&was));
	REFUSED(l, -EIO, SEV_FW_STATUS_POLICY_FAILURE, peek(l, GPA_NORMAL, self->page));
	REFUSED(l, -EIO, SEV_FW_STATUS_POLICY_FAILURE, poke(l, GPA_NORMAL, self->page));
	/* a page that there is not yet is not made by this: it can be launched */
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, peek(l, GPA_FREE, self->page));
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, poke(l, GPA_FREE, self->page));
	SAME_PAGES(&was);
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	ASSERT_EQ(0, snp_use(&was));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, peek(l, GPA_NORMAL + 8, self->page));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, poke(l, 2 * SNP_RAM, self->page));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, peek(l, GPA_NORMAL, NULL));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, poke(l, GPA_NORMAL, NULL));
	SAME_PAGES(&was);
	for (size_t i = 0; i < SNP_PAGE_BYTES; i++)
		ASSERT_EQ(0, self->page[i]);
}

/* ---- requests of the guest ---- */

static bool crypt_message(const uint8_t key[32], uint8_t *page, bool seal)
{
	int n, len = page[MSG_SIZE] | page[MSG_SIZE + 1] << 8;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12] = { 0 }, end[16];
	bool ok;

	memcpy(nonce, page + MSG_NUMBER, 8);
	ok = EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, seal, NULL) &&
	     EVP_CipherUpdate(ctx, NULL, &n, page + MSG_HEADER, MSG_PAYLOAD - MSG_HEADER) &&
	     EVP_CipherUpdate(ctx, page + MSG_PAYLOAD, &n, page + MSG_PAYLOAD, len) &&
	     (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, page)) &&
	     EVP_CipherFinal_ex(ctx, end, &n) > 0 &&
	     (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, page));
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* A request for a report on VMPL @vmpl, under the key of VMPL @key: message @number. */
static void make_request(const uint8_t keys[4][32], uint8_t *page, unsigned int key,
			 uint64_t number, uint8_t vmpl)
{
	memset(page, 0, SNP_PAGE_BYTES);
	memcpy(page + MSG_NUMBER, &number, sizeof(number));
	page[MSG_HEADER] = 1;
	page[MSG_HEADER + 1] = 1;
	page[MSG_HEADER + 2] = MSG_PAYLOAD;
	page[MSG_TYPE] = MSG_REPORT;
	page[MSG_TYPE + 1] = 1;
	page[MSG_SIZE] = REQUEST_SIZE;
	page[MSG_KEY] = key;
	memset(page + MSG_PAYLOAD, 0xc3, 64);
	page[MSG_PAYLOAD + REQUEST_VMPL] = vmpl;
	crypt_message(keys[key], page, true);
}

static int request(struct snp_launch *l, const void *message, void *answer)
{
	struct sev_fw_snp_guest_request block = {
		.request_address = (uintptr_t)message, .response_address = (uintptr_t)answer,
	};

	memset(answer, 0, SNP_PAGE_BYTES);
	return snp_pass_issue(l, SEV_FW_SNP_GUEST_REQUEST, &block, sizeof(block));
}

/* The status in an answer, which is opened in place, or -1. */
static int open_answer(const uint8_t keys[4][32], uint8_t *page, uint64_t number)
{
	if (memcmp(page + MSG_NUMBER, &number, sizeof(number)) ||
	    page[MSG_TYPE] != MSG_REPORT + 1 ||
	    !crypt_message(keys[page[MSG_KEY] & 3], page, false))
		return -1;
	return page[MSG_PAYLOAD];
}

/* A guest that runs, as far as the firmware is concerned, and its keys. */
static int launch_to_talk(struct snp_launch *l, uint8_t *page, uint8_t keys[4][32])
{
	int ret = launch_to_debug(l);

	if (!ret)
		ret = peek(l, GPA_SECRETS, page);
	memcpy(keys, page + SECRETS_KEYS, 4 * 32);
	if (!ret)
		ret = snp_launch_expect_vcpu(l);
	return ret ? ret : snp_launch_finish(l, NULL);
}

TEST_F(talk, a_request_of_the_guest_is_answered_once)
{
	const struct snp_report *report = (void *)(self->other + MSG_PAYLOAD + ANSWER_REPORT);
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch_to_talk(l, self->page, self->keys));
	ASSERT_EQ(0, snp_use(&was));
	make_request(self->keys, self->page, 0, 1, 0);
	GOES(l, request(l, self->page, self->other));
	ASSERT_EQ(0, open_answer(self->keys, self->other, 2));
	EXPECT_EQ(0, report->vmpl);
	EXPECT_EQ(DEBUG, report->policy);
	EXPECT_EQ(0, memcmp(l->digest, report->measurement, sizeof(l->digest)));
	EXPECT_EQ(0xc3, report->report_data[63]);
	/* replayed, skipped, changed */
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_PARAM, request(l, self->page, self->other));
	make_request(self->keys, self->page, 0, 5, 0);
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_PARAM, request(l, self->page, self->other));
	make_request(self->keys, self->page, 0, 3, 0);
	self->page[MSG_PAYLOAD] ^= 1;
	REFUSED(l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT, request(l, self->page, self->other));
	for (size_t i = 0; i < SNP_PAGE_BYTES; i++)
		ASSERT_EQ(0, self->other[i]) TH_LOG("an answer to what was refused");
	/* none of that has moved the counter */
	self->page[MSG_PAYLOAD] ^= 1;
	GOES(l, request(l, self->page, self->other));
	EXPECT_EQ(0, open_answer(self->keys, self->other, 4));
	SAME_PAGES(&was);
}

TEST_F(talk, each_vmpl_speaks_for_itself_and_those_below)
{
	const struct snp_report *report = (void *)(self->other + MSG_PAYLOAD + ANSWER_REPORT);
	struct snp_launch *l = &self->l;

	GOES(l, launch_to_talk(l, self->page, self->keys));
	for (unsigned int key = 0; key < 4; key++) {
		for (unsigned int vmpl = 0; vmpl < 5; vmpl++) {
			bool may = vmpl >= key && vmpl < 4;
			uint64_t number = 2 * vmpl + 1;

			make_request(self->keys, self->page, key, number, vmpl);
			GOES(l, request(l, self->page, self->other));
			EXPECT_EQ(may ? 0 : WRONG_PARAM,
				  open_answer(self->keys, self->other, number + 1))
				TH_LOG("VMPCK %u, VMPL %u", key, vmpl);
			EXPECT_TRUE(!may || report->vmpl == vmpl);
		}
	}
}

TEST_F(talk, requests_are_refused_before_there_is_somebody_to_make_them)
{
	struct snp_launch *l = &self->l;

	make_request(self->keys, self->page, 0, 1, 0);
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, request(l, self->page, self->other));
	GOES(l, snp_launch_start(l, SNP_POLICY_PLAIN));
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_GUEST_STATE,
		request(l, self->page, self->other));
	GOES(l, snp_launch_finish(l, NULL));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, request(l, NULL, self->other));
	/* another guest's key, or none */
	REFUSED(l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT, request(l, self->page, self->other));
}

/* ---- the host's report ---- */

static int hv_report(struct snp_launch *l, uint32_t key, void *to)
{
	struct sev_fw_snp_hv_report_req block = { .key_sel = key, .address = (uintptr_t)to };

	return snp_pass_issue(l, SEV_FW_SNP_HV_REPORT_REQ, &block, sizeof(block));
}

TEST_F(talk, the_host_gets_a_report_of_its_own)
{
	const struct snp_report *report = (void *)(self->page + ANSWER_REPORT);
	static const uint8_t none[64];
	struct snp_launch *l = &self->l;
	uint32_t answer[2];

	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, hv_report(l, 0, self->page));
	GOES(l, snp_launch_start(l, SNP_POLICY_PLAIN));
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_GUEST_STATE, hv_report(l, 0, self->page));
	GOES(l, snp_step_update(l, NULL));
	GOES(l, snp_launch_expect_vcpu(l));
	GOES(l, snp_launch_finish(l, NULL));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, hv_report(l, 0, NULL));
	for (uint32_t key = 0; key < 2; key++) {
		memset(self->page, 0, SNP_PAGE_BYTES);
		GOES(l, hv_report(l, key, self->page));
		memcpy(answer, self->page, sizeof(answer));
		EXPECT_EQ(0, answer[0]) TH_LOG("key %u", key);
		EXPECT_EQ(sizeof(*report), answer[1]);
		EXPECT_EQ(HOSTS_VMPL, report->vmpl);
		EXPECT_EQ(0, memcmp(none, report->report_data, sizeof(none)));
		EXPECT_EQ(0, memcmp(l->digest, report->measurement, sizeof(l->digest)));
	}
	EXPECT_EQ(0, self->page[SEV_FW_SNP_REPORT_SIZE]) TH_LOG("more than was asked for");
}

HOST_TESTS_MAIN
