// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's legacy commands, served by kvm_sev_glue (its parameter "legacy"): what the stock
 * handlers cannot do, or cannot be compared in. All else is sev_forms.c's, which compares
 * each command in every form.
 *
 * Needs root, the drivers loaded, and no kernel tree, where there are no stock handlers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/sev-fw.h>

#include "kselftest_harness.h"
#include "common.h"
#include "glue.h"
#include "host.h"
#include "memory.h"

#define PARAMETER	"/sys/module/" GLUE "/parameters/legacy"
#define RAM		(4 * PAGE)
#define CANARY		0xc5
#define MEASURE_SIZE	0x30

FIXTURE(served) {
	int sev;
	int vm;		/* a SEV guest, not started */
	char was;	/* the parameter */
	uint8_t *ram;
};

FIXTURE_SETUP(served)
{
	int fd = open(PARAMETER, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		SKIP_SETUP("no " PARAMETER);
	ASSERT_EQ(1, read(fd, &self->was, 1));
	close(fd);
	self->sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->sev);
	self->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->ram);
	self->vm = create_vm();
	ASSERT_LE(0, self->vm);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_INIT, NULL, self->sev).ret);
	ASSERT_TRUE(serve_legacy(true));
}

FIXTURE_TEARDOWN(served)
{
	serve_legacy(self->was == 'Y');
	munmap(self->ram, RAM);
	close(self->vm);
	close(self->sev);
}

static int start(int vm, int sev, uint32_t share, uint32_t *handle, uint32_t *status)
{
	struct kvm_sev_launch_start block = { .handle = share };
	struct outcome o = legacy(vm, KVM_SEV_LAUNCH_START, &block, sev);

	if (handle)
		*handle = block.handle;
	*status = o.cmd.error;
	return o.ret;
}

/* Launch a guest, each command by the handlers that are on, or by turns. */
static int launch(int vm, int sev, uint8_t *ram, bool by_turns)
{
	uint8_t measure[MEASURE_SIZE];
	struct kvm_enc_region region = { .addr = (uintptr_t)ram, .size = RAM };
	struct kvm_sev_launch_update_data update = { .uaddr = (uintptr_t)ram, .len = RAM };
	struct kvm_sev_launch_measure m = { .uaddr = (uintptr_t)measure, .len = MEASURE_SIZE };
	uint32_t status;
	int ret = ioctl(vm, KVM_MEMORY_ENCRYPT_REG_REGION, &region);

	if (by_turns)
		serve_legacy(false);
	ret = ret ? ret : start(vm, sev, 0, NULL, &status);
	if (by_turns)
		serve_legacy(true);
	ret = ret ? ret : legacy(vm, KVM_SEV_LAUNCH_UPDATE_DATA, &update, sev).ret;
	if (by_turns)
		serve_legacy(false);
	ret = ret ? ret : legacy(vm, KVM_SEV_LAUNCH_MEASURE, &m, sev).ret;
	if (by_turns)
		serve_legacy(true);
	return ret ? ret : legacy(vm, KVM_SEV_LAUNCH_FINISH, NULL, sev).ret;
}

TEST_F(served, both_handlers_know_the_same_guest)
{
	struct kvm_sev_guest_status ours, stock;

	ASSERT_EQ(0, launch(self->vm, self->sev, self->ram, true));
	memset(&ours, CANARY, sizeof(ours));
	memset(&stock, CANARY, sizeof(stock));
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_GUEST_STATUS, &ours, self->sev).ret);
	ASSERT_TRUE(serve_legacy(false));
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_GUEST_STATUS, &stock, self->sev).ret);
	EXPECT_EQ(0, memcmp(&ours, &stock, sizeof(ours)));
	EXPECT_NE(0, ours.handle);
}

/* 0 stands for success, whatever the caller had there. */
TEST_F(served, a_success_has_status_zero)
{
	struct kvm_sev_guest_status status;
	uint32_t error;

	ASSERT_EQ(0, start(self->vm, self->sev, 0, NULL, &error));
	EXPECT_EQ(0, error);
	EXPECT_OUTCOME(legacy(self->vm, KVM_SEV_GUEST_STATUS, &status, -1), 0, 0);
}

static struct outcome debug(int vm, int sev, bool write, const void *guest, const void *host,
			    size_t len)
{
	const void *src = write ? host : guest, *dst = write ? guest : host;
	struct kvm_sev_dbg block = {
		.src_uaddr = (uintptr_t)src, .dst_uaddr = (uintptr_t)dst, .len = len,
	};

	return legacy(vm, write ? KVM_SEV_DBG_ENCRYPT : KVM_SEV_DBG_DECRYPT, &block, sev);
}

static const uint16_t offsets[] = { 0, 1, 8, 15, 16, 23, PAGE - 16, PAGE - 7, PAGE - 1 };
static const uint16_t lengths[] = {
	1, 7, 15, 16, 17, 31, 32, 33, 64, PAGE - 1, PAGE, PAGE + 9, 8191,
};

#define for_each_range(o, l)							\
	for (const uint16_t *o = offsets; o < offsets + sizeof(offsets) / 2; o++)	\
		for (const uint16_t *l = lengths; l < lengths + sizeof(lengths) / 2; l++)

TEST_F(served, a_write_changes_the_callers_bytes_and_no_other)
{
	static uint8_t model[RAM], seen[RAM], host[RAM];
	unsigned int tried = 0;

	ASSERT_EQ(0, launch(self->vm, self->sev, self->ram, false));
	memory_fill(model, RAM, 1);
	ASSERT_EQ(0, debug(self->vm, self->sev, true, self->ram, model, RAM).ret);
	for_each_range(o, l) {
		memory_fill(host, RAM, ++tried + 1);
		memcpy(model + *o, host + 3, *l);
		ASSERT_EQ(0, debug(self->vm, self->sev, true, self->ram + *o, host + 3, *l).ret)
			TH_LOG("offset %u, length %u", *o, *l);
		ASSERT_EQ(0, debug(self->vm, self->sev, false, self->ram, seen, RAM).ret);
		ASSERT_EQ(0, memcmp(model, seen, RAM)) TH_LOG("offset %u, length %u", *o, *l);
	}
	EXPECT_LT(100, tried);
}

TEST_F(served, a_read_gets_the_callers_bytes_and_no_other)
{
	static uint8_t model[RAM], seen[RAM], expected[RAM];

	ASSERT_EQ(0, launch(self->vm, self->sev, self->ram, false));
	memory_fill(model, RAM, 1);
	ASSERT_EQ(0, debug(self->vm, self->sev, true, self->ram, model, RAM).ret);
	for_each_range(o, l) {
		memset(seen, CANARY, RAM);
		memset(expected, CANARY, RAM);
		memcpy(expected + 5, model + *o, *l);
		ASSERT_EQ(0, debug(self->vm, self->sev, false, self->ram + *o, seen + 5, *l).ret)
			TH_LOG("offset %u, length %u", *o, *l);
		ASSERT_EQ(0, memcmp(expected, seen, RAM)) TH_LOG("offset %u, length %u", *o, *l);
	}
}

TEST_F(served, a_debugged_range_may_not_wrap)
{
	uint8_t host[64];

	ASSERT_EQ(0, launch(self->vm, self->sev, self->ram, false));
	for (int write = 0; write < 2; write++) {
		EXPECT_OUTCOME(debug(self->vm, self->sev, write, (void *)-8ul, host, 32),
			       EFAULT, SEV_FW_NO_CALL);
		EXPECT_OUTCOME(debug(self->vm, self->sev, write, (void *)-16ul, host, 32),
			       EFAULT, SEV_FW_NO_CALL);
		EXPECT_OUTCOME(debug(self->vm, self->sev, write, self->ram, host, 0),
			       EINVAL, SEV_FW_NO_CALL);
	}
}

TEST_F(served, a_key_is_shared_with_a_live_guest_only)
{
	uint32_t first, second, status;
	int vm = create_vm();

	ASSERT_LE(0, vm);
	ASSERT_EQ(0, legacy(vm, KVM_SEV_INIT, NULL, self->sev).ret);
	ASSERT_EQ(0, start(self->vm, self->sev, 0, &first, &status));
	EXPECT_NE(0, start(vm, self->sev, 0x7ffffff0, NULL, &status));
	EXPECT_NE(0, status);
	EXPECT_NE(SEV_FW_NO_CALL, status);
	ASSERT_EQ(0, start(vm, self->sev, first, &second, &status));
	EXPECT_NE(first, second);
	EXPECT_NE(0, second);
	close(vm);

	/* the number of a guest that is gone names none */
	vm = create_vm();
	ASSERT_EQ(0, legacy(vm, KVM_SEV_INIT, NULL, self->sev).ret);
	EXPECT_NE(0, start(vm, self->sev, second, NULL, &status));
	close(vm);
}

TEST_F(served, a_file_that_is_not_the_psps_is_none)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct kvm_sev_launch_start block = { 0 };

	EXPECT_OUTCOME(legacy(self->vm, KVM_SEV_LAUNCH_START, &block, null), EBADF,
		       SEV_FW_NO_CALL);
	EXPECT_OUTCOME(legacy(self->vm, KVM_SEV_LAUNCH_START, &block, -1), EBADF,
		       SEV_FW_NO_CALL);
	close(null);
}

static void *switch_until(void *arg)
{
	const atomic_bool *end = arg;

	for (unsigned int n = 0; !atomic_load(end); n++)
		serve_legacy(n % 2);
	return NULL;
}

TEST_F(served, may_be_switched_while_guests_are_launched)
{
	atomic_bool end = false;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, switch_until, &end));
	for (unsigned int n = 0; n < 20; n++) {
		int vm = create_vm();

		EXPECT_EQ(0, legacy(vm, KVM_SEV_INIT, NULL, self->sev).ret);
		EXPECT_EQ(0, launch(vm, self->sev, self->ram, false)) TH_LOG("guest %u", n);
		close(vm);
	}
	atomic_store(&end, true);
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
