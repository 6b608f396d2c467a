// SPDX-License-Identifier: GPL-2.0
/*
 * Random blocks, by both doors and by several threads at once, while the memory that
 * they name comes and goes, and so do the guests. The right answer to each is not known,
 * so those properties are checked that all answers share: the errno is one that the UAPI
 * header knows, the status goes with it, bytes that the caller may not set are refused, a
 * block that the firmware has not seen is unchanged. In the end nothing is held, nothing has died,
 * and a guest can be launched.
 *
 * FUZZ_SECONDS in the environment says for how long (default 6), test_seed() where the
 * random numbers begin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "common.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "patience.h"

#define RAM		(256 << 10)
#define THREADS		3
#define GUESTS		3
#define SHAKY_PAGES	16
#define ROOM		(64 << 10)
#define GUARD		(128 << 10)	/* more than any length that is not absurd */

/* A guest that may be another one by now; what is read of it may be old. */
struct slot {
	int vm_fd;
	uintptr_t memory;
};

static struct {
	struct sev_fw_cmd_info infos[INFOS_MAX];
	uint32_t count;
	int sev_fd[2];		/* read-only, writable */
	struct slot slot[GUESTS];
	uint8_t *shaky;		/* pages that are there, or not, or read-only */
	/*
	 * Held for writing while a VM becomes a guest. KVM of Linux 7.2 says that it is
	 * one before it has all that a page fault of the same process then looks for.
	 */
	pthread_rwlock_t birth;
	time_t end;
} world;

struct fuzzer {
	pthread_t thread;
	uint64_t random;
	uint8_t *room;
	/* results */
	unsigned long issued, succeeded, refused;
	char failure[256];
};

static uint64_t rnd(struct fuzzer *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random * 0x2545f4914f6cdd1dull >> 16;
}

static bool one_in(struct fuzzer *f, unsigned int n)
{
	return rnd(f) % n == 0;
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static uint64_t some_address(struct fuzzer *f, const struct slot *slot)
{
	static const uint64_t odd[] = {
		0, 1, 0xffff888000000000ull, 0x0123456789abcdefull, ~0ull, ~0ull - 4095,
		0x7fffffffe000ull, 0x7ffffffff000ull,
	};

	switch (rnd(f) % 8) {
	case 0:
		return odd[rnd(f) % ARRAY_SIZE(odd)];
	case 1:
		return (uintptr_t)world.shaky + rnd(f) % (SHAKY_PAGES * PAGE);
	case 2:
		return slot->memory + rnd(f) % (RAM / 2);
	case 3:
	case 4:
		return slot->memory + rnd(f) % (RAM / 2) / 16 * 16;
	default:
		return (uintptr_t)f->room + rnd(f) % (ROOM / 2) / 16 * 16;
	}
}

static uint32_t some_length(struct fuzzer *f)
{
	static const uint32_t lengths[] = {
		0, 1, 15, 16, 32, 48, 52, 64, 128, 208, 2084, 4096, 6252, 8192, 16384, 20480,
		20481, 65536, 0x7fffffff, 0xfffffff0, 0xffffffff,
	};

	return one_in(f, 4) ? rnd(f) % (2 * PAGE) : lengths[rnd(f) % ARRAY_SIZE(lengths)];
}

/* Memory for the firmware to write must be nobody else's, also beyond its end. */
static uint8_t *guarded(size_t size)
{
	uint8_t *area = mmap(NULL, size + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED || mprotect(area + GUARD, size, PROT_READ | PROT_WRITE))
		return NULL;
	return area + GUARD;
}

static bool is_user(const struct sev_fw_cmd_info *info, unsigned int byte)
{
	return info->user[byte / 64] >> byte % 64 & 1;
}

static bool in_address(const struct sev_fw_cmd_info *info, unsigned int byte)
{
	for (unsigned int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++)
		if (byte - info->buf[i].addr < sizeof(uint64_t))
			return true;
	return false;
}

/* Returns whether it has something in it that is not the caller's. */
static bool some_block(struct fuzzer *f, const struct sev_fw_cmd_info *info,
		       const struct slot *slot, uint8_t *block)
{
	bool forbidden = false;

	memset(block, 0, PAGE);
	for (unsigned int i = 0; one_in(f, 2) && i < info->size; i++)
		if (is_user(info, i) && one_in(f, 8))
			block[i] = rnd(f);
	for (unsigned int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];
		uint64_t addr = some_address(f, slot);
		uint32_t len = some_length(f);

		if (buf->kind == SEV_FW_BUF_VMSA && !one_in(f, 4))
			addr = 0;
		memcpy(block + buf->addr, &addr, sizeof(addr));
		if (buf->len < SEV_FW_BLOCK_MAX)
			memcpy(block + buf->len, &len, sizeof(len));
	}
	if (info->size && one_in(f, 8)) {
		unsigned int i = rnd(f) % info->size;

		if (!in_address(info, i))
			block[i] = rnd(f);
		forbidden = !is_user(info, i) && block[i];
	}
	return forbidden;
}

static bool known_errno(int error)
{
	static const int known[] = {
		0, EINVAL, E2BIG, EFAULT, EPERM, EBADF, ENOTTY, ENOENT, EBUSY, ENOMEM, EIO,
		EOPNOTSUPP,
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == error)
			return true;
	return false;
}

/* The property that an answer lacks; NULL if none. */
static const char *wrong(int error, uint32_t status, bool forbidden, bool changed)
{
	if (!known_errno(error))
		return "errno that is not documented";
	if (status == UNWRITTEN)
		return "status not written";
	if (!error && status)
		return "no error, but a status";
	if (error == EIO && status == SEV_FW_NO_CALL)
		return "EIO, and firmware has said nothing";
	if (forbidden && status != SEV_FW_NO_CALL)
		return "firmware has seen a byte that is not the caller's";
	if (changed && status == SEV_FW_NO_CALL)
		return "firmware has not seen it, and the block has changed";
	return NULL;
}

static void fuzz_once(struct fuzzer *f)
{
	const struct sev_fw_cmd_info *info = &world.infos[rnd(f) % world.count];
	const struct slot slot = world.slot[rnd(f) % GUESTS];
	int sev_fd = world.sev_fd[!one_in(f, 8)];
	uint8_t block[PAGE] __attribute__((aligned(8))), sent[PAGE];
	struct sev_fw_cmd cmd = { .id = info->id, .error = UNWRITTEN };
	struct sev_fw_door door;
	bool forbidden, on_guest;
	const char *what;
	int error;

	forbidden = some_block(f, info, &slot, block);
	memcpy(sent, block, sizeof(sent));
	cmd.len = one_in(f, 8) ? some_length(f) : info->size;
	cmd.data = one_in(f, 16) ? some_address(f, &slot) : (uintptr_t)block;
	if (one_in(f, 32))
		cmd.id = rnd(f) % 0x100 | (one_in(f, 2) ? SEV_FW_PASSTHROUGH : rnd(f) << 8);
	/* one of KVM's own commands has other promises to keep */
	cmd.id |= SEV_FW_PASSTHROUGH;
	if (cmd.id == SEV_FW_CMD(SEV_FW_QUERY_ID))
		return;

	on_guest = info->flags & SEV_FW_INFO_GUEST ? !one_in(f, 16) : one_in(f, 16);
	if (on_guest && one_in(f, 2))
		door = sev_fw_door_vm(slot.vm_fd, sev_fd);
	else
		door = sev_fw_door_dev(sev_fd, on_guest ? slot.vm_fd : -1);
	cmd.fd = one_in(f, 32) ? (int)rnd(f) : door.other;

	pthread_rwlock_rdlock(&world.birth);
	error = ioctl(door.fd, door.request, &cmd) ? errno : 0;
	pthread_rwlock_unlock(&world.birth);
	/* that file is another one by now, or none, and does not know what this is */
	if (door.fd == slot.vm_fd && cmd.error == UNWRITTEN && (error == EBADF || error == ENOTTY))
		return;

	f->issued++;
	f->succeeded += !error;
	f->refused += error == EIO;
	forbidden = forbidden && cmd.id == info->id && cmd.data == (uintptr_t)block &&
		    cmd.len >= info->size;
	what = wrong(error, cmd.error, forbidden,
		     cmd.data == (uintptr_t)block && memcmp(block, sent, sizeof(sent)));
	if (what && !f->failure[0])
		snprintf(f->failure, sizeof(f->failure), "%s %#x, len %u, fd %d: %s, %s: %s",
			 info->name, cmd.id, cmd.len, cmd.fd, strerror(error),
			 cmd.error == UNWRITTEN ? "no status" : sev_status_text(cmd.error), what);
}

static void *fuzz(void *arg)
{
	struct fuzzer *f = arg;

	while (now() < world.end && !f->failure[0])
		fuzz_once(f);
	return NULL;
}

/* Pages go and come back while somebody may be about to use them. */
static void *shake(void *arg)
{
	struct fuzzer *f = arg;

	while (now() < world.end) {
		uint8_t *page = world.shaky + rnd(f) % SHAKY_PAGES * PAGE;

		pthread_rwlock_rdlock(&world.birth);
		switch (rnd(f) % 4) {
		case 0:
			mmap(page, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			     0);
			break;
		case 1:
			mprotect(page, PAGE, PROT_READ);
			break;
		case 2:
			madvise(page, PAGE, MADV_DONTNEED);
			break;
		default:
			mmap(page, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
		pthread_rwlock_unlock(&world.birth);
		usleep(100);
	}
	return NULL;
}

/* A guest, in one of some states, for others to find. */
static int new_guest(struct fuzzer *f, struct launch *l, struct slot *slot)
{
	uint32_t policy = one_in(f, 3) && !host_missing(HOST_ES) ? OWNER_POLICY_ES : 0;
	int ret;

	pthread_rwlock_wrlock(&world.birth);
	ret = guest_new(l, policy, false, RAM);
	pthread_rwlock_unlock(&world.birth);
	if (!ret && !one_in(f, 3)) {
		ret = launch_start(l);
		if (!ret && one_in(f, 3))
			ret = launch_measure(l);
	}
	slot->memory = (uintptr_t)l->vm.memory;
	slot->vm_fd = l->vm.vm_fd;
	return ret;
}

/* Guests go in the midst of commands, and others come. */
static void *replace(void *arg)
{
	struct fuzzer *f = arg;
	struct launch l[GUESTS] = { 0 };
	unsigned int made = 0, i;

	for (i = 0; now() < world.end && !f->failure[0]; i = rnd(f) % GUESTS) {
		int ret;

		if (i < made)
			launch_close(&l[i]);
		else
			i = made++;
		ret = new_guest(f, &l[i], &world.slot[i]);
		f->issued++;
		/* others may have been there first */
		if (ret && ret != -EIO && ret != -EBUSY)
			snprintf(f->failure, sizeof(f->failure), "no new guest: %s",
				 strerror(-ret));
		usleep(20000);
	}
	for (i = 0; i < made; i++)
		launch_close(&l[i]);
	return NULL;
}

static long taint(void)
{
	char text[32] = "";

	control_read("/proc/sys/kernel/tainted", text, sizeof(text));
	return atol(text);
}

FIXTURE(fuzz) {
	struct launch anchor;	/* keeps the platform from being reset */
	struct fuzzer fuzzer[THREADS + 2];
	struct host_use before;
	long quarantined, taint;
};

FIXTURE_SETUP(fuzz)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	pthread_rwlockattr_t attr;
	struct sev_fw_door door;
	struct sev_fw_query query;

	/* the test may change keys, and needs each door that there is */
	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	ASSERT_EQ(0, guest_started(&self->anchor, false, RAM));
	world.sev_fd[0] = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	world.sev_fd[1] = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, world.sev_fd[0]);
	ASSERT_LE(0, world.sev_fd[1]);
	door = sev_fw_door_dev(world.sev_fd[0], -1);
	ASSERT_EQ(0, sev_fw_query(&door, &query, world.infos, INFOS_MAX));
	ASSERT_GE(INFOS_MAX, query.count);
	for (uint32_t i = 0; i < query.count; i++)
		if (world.infos[i].flags & SEV_FW_INFO_AVAILABLE)
			world.infos[world.count++] = world.infos[i];
	for (unsigned int i = 0; i < GUESTS; i++)
		world.slot[i].vm_fd = -1;
	/* readers never end, so who writes must come first */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	ASSERT_EQ(0, pthread_rwlock_init(&world.birth, &attr));
	world.shaky = guarded(SHAKY_PAGES * PAGE);
	ASSERT_NE(NULL, world.shaky);

	for (unsigned int i = 0; i < ARRAY_SIZE(self->fuzzer); i++) {
		struct fuzzer *f = &self->fuzzer[i];

		f->random = (test_seed(1) << 8) + i + 1;
		f->room = guarded(ROOM);
		ASSERT_NE(NULL, f->room);
	}
	self->quarantined = psp_attr_number("quarantined_pages");
	self->taint = taint();
	ASSERT_EQ(0, host_use(&self->before));
	world.end = now() + (seconds ? atoi(seconds) : 6);
}

FIXTURE_TEARDOWN(fuzz)
{
	launch_close(&self->anchor);
}

TEST_F(fuzz, random_blocks)
{
	void *(*const role[])(void *) = { fuzz, fuzz, fuzz, shake, replace };
	unsigned long issued = 0, succeeded = 0, refused = 0;
	struct host_use after;
	struct launch l;

	for (unsigned int i = 0; i < ARRAY_SIZE(role); i++)
		ASSERT_EQ(0, pthread_create(&self->fuzzer[i].thread, NULL, role[i],
					    &self->fuzzer[i]));
	for (unsigned int i = 0; i < ARRAY_SIZE(role); i++) {
		struct fuzzer *f = &self->fuzzer[i];

		ASSERT_EQ(0, pthread_join(f->thread, NULL));
		EXPECT_STREQ("", f->failure);
		if (role[i] != fuzz)
			continue;
		issued += f->issued;
		succeeded += f->succeeded;
		refused += f->refused;
	}
	TH_LOG("%lu commands, %lu succeeded, %lu refused by firmware, %lu guests", issued,
	       succeeded, refused, self->fuzzer[THREADS + 1].issued);
	EXPECT_LT(0, succeeded);
	EXPECT_LT(0, refused);

	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(self->quarantined, psp_attr_number("quarantined_pages"));
	EXPECT_EQ(self->taint, taint());
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
	EXPECT_EQ(0, guest_started(&l, false, RAM));
	launch_close(&l);
}

HOST_TESTS_MAIN
