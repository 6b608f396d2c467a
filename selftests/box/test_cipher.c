// SPDX-License-Identifier: GPL-2.0
/*
 * The host sees ciphertext of a guest's memory, and nothing else. True of real
 * hardware and of the simulated PSP in cipher mode; in plain mode memory stays
 * readable so that guests can run under emulation, and there is nothing to see.
 *
 * SEV_BOX_MEMORY=cipher in the environment says that a simulated PSP is in cipher
 * mode, so that a failure to encrypt is not taken for plain mode.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "host.h"

#define RAM		0x100000
#define DATA		0x8000		/* guest address of what is encrypted */
#define DATA_SIZE	0x8000
#define BLOCK		16		/* bytes that are encrypted as one */
#define SECRET		"what the host must not read, ever"
#define POLICY_FAILURE	0x07u

FIXTURE(cipher) {
	struct launch l;
	uint8_t plain[DATA_SIZE];
	uint8_t *page;		/* host memory, aligned */
};

FIXTURE_VARIANT(cipher) {
	const struct launch_ops *ops;
	uint32_t policy;
};

FIXTURE_VARIANT_ADD(cipher, vm) {
	.ops = &launch_fw,
};

FIXTURE_VARIANT_ADD(cipher, legacy) {
	.ops = &launch_legacy,
};

FIXTURE_VARIANT_ADD(cipher, vm_nodbg) {
	.ops = &launch_fw, .policy = OWNER_POLICY_NODBG,
};

FIXTURE_VARIANT_ADD(cipher, legacy_nodbg) {
	.ops = &launch_legacy, .policy = OWNER_POLICY_NODBG,
};

static bool must_encrypt(void)
{
	return !host_swpsp() || host_cipher();
}

FIXTURE_SETUP(cipher)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | (variant->ops == &launch_fw ? HOST_FW : 0));
	ASSERT_EQ(0, launch_open(l, variant->ops, variant->policy));
	ASSERT_EQ(0, launch_version(l));
	ASSERT_EQ(0, launch_certs(l));
	ASSERT_EQ(0, launch_session(l));
	ASSERT_EQ(0, launch_vm(l, RAM));
	ASSERT_EQ(0, launch_init(l));
	ASSERT_EQ(0, launch_load(l));
	self->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->page);

	/* each block occurs often: a page of A, a page of B, and so on again */
	for (size_t i = 0; i < DATA_SIZE; i++)
		self->plain[i] = i / 4096 % 2 ? 0xb0 + i % BLOCK : 0xa0 + i % BLOCK;
	memset(l->vm.memory + DATA - 4096, 0xee, 4096);
	memset(l->vm.memory + DATA + DATA_SIZE, 0xee, 4096);
	memcpy(l->vm.memory + DATA, self->plain, DATA_SIZE);
	ASSERT_EQ(0, launch_start(l));
	ASSERT_EQ(0, launch_update_at(l, DATA, DATA_SIZE));
	if (!must_encrypt() && !memcmp(l->vm.memory + DATA, self->plain, DATA_SIZE))
		SKIP_SETUP("the simulated PSP keeps memory readable");
}

FIXTURE_TEARDOWN(cipher)
{
	launch_close(&self->l);
}

/* Blocks of @size bytes at @a that are the same as at @b */
static unsigned int same_blocks(const uint8_t *a, const uint8_t *b, size_t size)
{
	unsigned int same = 0;

	for (size_t i = 0; i < size; i += BLOCK)
		same += !memcmp(a + i, b + i, BLOCK);
	return same;
}

static int by_block(const void *a, const void *b)
{
	return memcmp(a, b, BLOCK);
}

/* Everything in the range is encrypted, nothing outside of it. */
TEST_F(cipher, update)
{
	uint8_t *memory = self->l.vm.memory;

	EXPECT_EQ(0, same_blocks(memory + DATA, self->plain, DATA_SIZE));
	for (int i = 0; i < 4096; i++) {
		ASSERT_EQ(0xee, memory[DATA - 4096 + i]);
		ASSERT_EQ(0xee, memory[DATA + DATA_SIZE + i]);
	}
}

/* The same plaintext elsewhere is another ciphertext. */
TEST_F(cipher, address_counts)
{
	static uint8_t sorted[DATA_SIZE];
	unsigned int twice = 0;

	memcpy(sorted, self->l.vm.memory + DATA, DATA_SIZE);
	qsort(sorted, DATA_SIZE / BLOCK, BLOCK, by_block);
	for (size_t i = BLOCK; i < DATA_SIZE; i += BLOCK)
		twice += !memcmp(sorted + i - BLOCK, sorted + i, BLOCK);
	EXPECT_EQ(0, twice);
}

/* Encrypting once more what is encrypted yields neither. */
TEST_F(cipher, update_twice)
{
	struct launch *l = &self->l;
	static uint8_t first[DATA_SIZE];

	memcpy(first, l->vm.memory + DATA, DATA_SIZE);
	ASSERT_EQ(0, launch_update_at(l, DATA, DATA_SIZE));
	EXPECT_EQ(0, same_blocks(l->vm.memory + DATA, first, DATA_SIZE));
	EXPECT_EQ(0, same_blocks(l->vm.memory + DATA, self->plain, DATA_SIZE));
	ASSERT_EQ(0, launch_measure(l));
	EXPECT_EQ(0, launch_check(l));
}

TEST_F(cipher, secret)
{
	struct launch *l = &self->l;
	uint8_t before[48], plain[48] = SECRET;
	uint8_t *at = l->vm.memory + VM_DATA;

	ASSERT_EQ(0, launch_measure(l));
	ASSERT_EQ(0, launch_check(l));
	memcpy(before, at, sizeof(before));
	ASSERT_EQ(0, launch_secret(l, SECRET));
	EXPECT_EQ(0, same_blocks(at, before, sizeof(before)));
	EXPECT_EQ(0, same_blocks(at, plain, sizeof(plain)));
	EXPECT_EQ(NULL, memmem(l->vm.memory, RAM, SECRET, 16));
}

static int debug(struct launch *l, bool encrypt, void *from, void *to, uint32_t len)
{
	struct sev_fw_dbg_encrypt enc = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)to, .len = len,
	};
	struct sev_fw_dbg_decrypt dec = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)to, .len = len,
	};
	struct kvm_sev_dbg legacy = {
		.src_uaddr = (uintptr_t)from, .dst_uaddr = (uintptr_t)to, .len = len,
	};
	struct sev_fw_door door = launch_door(l);

	if (l->ops == &launch_legacy)
		return sev_kvm_op(l->vm.vm_fd, l->sev_fd,
				  encrypt ? KVM_SEV_DBG_ENCRYPT : KVM_SEV_DBG_DECRYPT,
				  &legacy, &l->status);
	if (encrypt)
		return sev_fw_issue(&door, SEV_FW_DBG_ENCRYPT, &enc, sizeof(enc), &l->status);
	return sev_fw_issue(&door, SEV_FW_DBG_DECRYPT, &dec, sizeof(dec), &l->status);
}

/* A VMM that may debug the guest sees the plaintext. */
TEST_F(cipher, debugging)
{
	struct launch *l = &self->l;
	uint8_t *at = l->vm.memory + DATA;

	if (variant->policy & OWNER_POLICY_NODBG) {
		memset(self->page, 0xcc, 4096);
		EXPECT_EQ(-EIO, debug(l, false, at, self->page, 4096));
		EXPECT_EQ(POLICY_FAILURE, l->status);
		EXPECT_EQ(0xcc, self->page[0]);
		EXPECT_EQ(-EIO, debug(l, true, self->page, at, 4096));
		EXPECT_EQ(POLICY_FAILURE, l->status);
		EXPECT_EQ(0, same_blocks(at, self->page, 4096));
		return;
	}
	for (size_t i = 0; i < DATA_SIZE; i += 4096) {
		ASSERT_EQ(0, debug(l, false, at + i, self->page, 4096));
		EXPECT_EQ(0, memcmp(self->page, self->plain + i, 4096));
	}
	memset(self->page, 0xcc, 4096);
	ASSERT_EQ(0, debug(l, true, self->page, at, 4096));
	EXPECT_EQ(0, same_blocks(at, self->page, 4096));
	memset(self->page, 0, 4096);
	ASSERT_EQ(0, debug(l, false, at, self->page, 4096));
	for (int i = 0; i < 4096; i++)
		ASSERT_EQ(0xcc, self->page[i]);
}

HOST_TESTS_MAIN
