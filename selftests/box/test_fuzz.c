// SPDX-License-Identifier: GPL-2.0
/*
 * Random blocks and random legacy ioctls, by both doors and by several threads at once, while the
 * memory that they name comes and goes, the guests' memory is taken away, and the guests die. On
 * a host for SNP guests of both kinds are there, mixed. The right answer to each is not known,
 * so those properties are checked that all answers share: the errno is one that the UAPI
 * header knows, the status goes with it, bytes that the caller may not set are refused, a
 * block that the firmware has not seen is unchanged. In the end nothing is held (no handle, no
 * ASID, no page of the reverse map table), nothing has died, and a guest can be launched.
 *
 * FUZZ_SECONDS in the environment says for how long (default 6), test_seed() where the
 * random numbers begin; the seed is printed.
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

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "common.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "patience.h"
#include "snp.h"
#include "snp_steps.h"

#define RAM		(256 << 10)
#define THREADS		3
#define GUESTS		3
#define SHAKY_PAGES	16
#define ROOM		(64 << 10)
#define GUARD		(128 << 10)	/* more than any length that is not absurd */

#define ENTRIES		4		/* of pages that are swapped out, see SNP_PAGE_SWAP_OUT */

/* A guest that may be another one by now; what is read of it may be old. */
struct slot {
	unsigned int life;	/* another number for each that is, and that has been */
	bool snp;
	int vm_fd;
	int vcpu_fd;
	int private_fd;
	uintptr_t memory;
};

#define NOBODY	((struct slot){ .vm_fd = -1, .vcpu_fd = -1, .private_fd = -1 })

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
	/* Held for writing while a guest's memory goes, whose address others may get. */
	pthread_rwlock_t memory;
	/*
	 * Held while KVM's own LAUNCH_UPDATE is under way, or a vCPU wants a page. KVM makes
	 * a page the guest's before the firmware refuses it, and lets a vCPU clear the page
	 * meanwhile: that write is the kernel's end.
	 */
	pthread_mutex_t populate;
	time_t end;
} world;

struct fuzzer {
	pthread_t thread;
	uint64_t random;
	uint8_t *room;
	/* results */
	unsigned long issued, succeeded, refused;
	unsigned long with_snp;		/* of those that succeeded, on guests of SNP */
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

	/* a page, as SNP's commands name them */
	if (slot->snp && !one_in(f, 4))
		return slot->memory + rnd(f) % (RAM / 2) / PAGE * PAGE;
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

/* Values without which the firmware refuses nearly all blocks of SNP. */
static void some_snp_value(struct fuzzer *f, uint32_t id, uint8_t *block)
{
	struct sev_fw_snp_launch_start *start = (void *)block;
	struct sev_fw_snp_launch_update *update = (void *)block;

	if (id == SEV_FW_CMD(SEV_FW_SNP_LAUNCH_START))
		start->policy = SNP_POLICY_PLAIN | (one_in(f, 2) ? SNP_POLICY_DEBUG : 0);
	if (id != SEV_FW_CMD(SEV_FW_SNP_LAUNCH_UPDATE))
		return;
	update->flags = (1 + rnd(f) % 6) << 1;
	/* named by the vCPU's number */
	if (update->flags == SNP_PAGE_VMSA << 1)
		update->address = 0;
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
		if (buf->kind == SEV_FW_BUF_METADATA && !one_in(f, 4))
			addr = rnd(f) % ENTRIES;
		memcpy(block + buf->addr, &addr, sizeof(addr));
		if (buf->len < SEV_FW_BLOCK_MAX)
			memcpy(block + buf->len, &len, sizeof(len));
	}
	if (!one_in(f, 4))
		some_snp_value(f, info->id, block);
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
		EOPNOTSUPP, EEXIST,
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

static struct slot slot_now(unsigned int at)
{
	struct slot slot;

	pthread_rwlock_rdlock(&world.birth);
	slot = world.slot[at];
	pthread_rwlock_unlock(&world.birth);
	return slot;
}

static void fuzz_once(struct fuzzer *f)
{
	const struct sev_fw_cmd_info *info = &world.infos[rnd(f) % world.count];
	const unsigned int at = rnd(f) % GUESTS;
	const struct slot slot = slot_now(at);
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
	if (door.fd == slot.vm_fd && cmd.error == UNWRITTEN && (error == EBADF ||
	    error == ENOTTY || slot_now(at).life != slot.life))
		return;

	f->issued++;
	f->succeeded += !error;
	f->refused += error == EIO;
	f->with_snp += !error && cmd.id == info->id && on_guest &&
		       info->flags & SEV_FW_INFO_SNP;
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

/* A struct of KVM's or ccp's, whichever it is: addresses and lengths. */
static void some_struct(struct fuzzer *f, const struct slot *slot, uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t address = some_address(f, slot), length = some_length(f);

		words[i] = one_in(f, 2) ? 0 : one_in(f, 2) ? address : length;
		if (one_in(f, 8))
			words[i] |= (uint64_t)some_length(f) << 32;
	}
}

#define KVM_SNP_START	100	/* and two more of Linux 6.11 and later */
#define KVM_SNP_UPDATE	101
#define KVM_SNP_IDS	3
#define KVM_IDS		24	/* of SEV's, and KVM_SEV_INIT2 */
#define DEV_IDS		13	/* with those of SNP */

/* SNP's, as they may be right: one page at a time. */
static void some_snp_struct(struct fuzzer *f, const struct slot *slot, uint32_t id,
			    uint64_t *words)
{
	uint64_t at = rnd(f) % (RAM / 2) / PAGE * PAGE;

	if (id == KVM_SNP_START)
		words[0] = SNP_POLICY_PLAIN;
	if (id != KVM_SNP_UPDATE)
		return;
	words[0] = at / PAGE;
	words[1] = slot->memory + at;
	words[2] = PAGE;
	words[3] = 1 + rnd(f) % 6;
}

/* Return: an errno. */
static int legacy_on_guest(struct fuzzer *f, const struct slot *slot, int sev_fd,
			   uint64_t words[16], uint32_t *status)
{
	uint32_t id = one_in(f, 2) ? KVM_SNP_START + rnd(f) % KVM_SNP_IDS : rnd(f) % KVM_IDS;
	bool becomes = id <= KVM_SEV_ES_INIT || id == VM_SEV_INIT2;
	void *data = words;
	int ret;

	some_struct(f, slot, words, 16);
	if (!one_in(f, 4)) {
		memset(words, 0, 16 * sizeof(*words));
		some_snp_struct(f, slot, id, words);
	}
	if (one_in(f, 16))
		data = (void *)some_address(f, slot);
	if (id == KVM_SNP_UPDATE)
		pthread_mutex_lock(&world.populate);
	(becomes ? pthread_rwlock_wrlock : pthread_rwlock_rdlock)(&world.birth);
	ret = sev_kvm_op(slot->vm_fd, sev_fd, id, data, status);
	pthread_rwlock_unlock(&world.birth);
	if (id == KVM_SNP_UPDATE)
		pthread_mutex_unlock(&world.populate);
	return -ret;
}

/* KVM's own commands, and those of /dev/sev: less is promised of them. */
static void legacy_once(struct fuzzer *f)
{
	const struct slot slot = slot_now(rnd(f) % GUESTS);
	int sev_fd = world.sev_fd[!one_in(f, 8)], error;
	uint32_t status = UNWRITTEN, id = rnd(f) % DEV_IDS;
	uint64_t words[16];
	bool on_guest = !one_in(f, 4);

	if (on_guest) {
		error = legacy_on_guest(f, &slot, sev_fd, words, &status);
	} else {
		some_struct(f, &slot, words, 16);
		pthread_rwlock_rdlock(&world.birth);
		error = -sev_dev_op(sev_fd, id, words, &status);
		pthread_rwlock_unlock(&world.birth);
	}
	f->issued++;
	f->succeeded += !error;
	f->refused += error == EIO;
	if (!known_errno(error) && !f->failure[0])
		snprintf(f->failure, sizeof(f->failure), "legacy %s: %s, %#x",
			 on_guest ? "on a guest" : "on /dev/sev", strerror(error), status);
}

static void *legacy(void *arg)
{
	struct fuzzer *f = arg;

	while (now() < world.end && !f->failure[0])
		legacy_once(f);
	return NULL;
}

enum balloon { SHARE, HIDE, HIDE_AGAIN, PUNCH, WANT, DISCARD, BALLOONS };

/* A guest's memory goes, comes back, is private or shared; KVM may have anything against it. */
static void balloon_once(struct fuzzer *f, const struct slot *slot, enum balloon how)
{
	struct vm vm = { .vm_fd = slot->vm_fd, .private_fd = slot->private_fd };
	struct snp_launch l = { .vm.vcpu_fd = slot->vcpu_fd };
	uint64_t at = rnd(f) % (RAM / 2) / PAGE * PAGE;
	size_t pages = one_in(f, 8) ? RAM / 2 / PAGE : 1 + rnd(f) % 4;

	switch (how) {
	case SHARE:
		vm_set_private(&vm, at, pages * PAGE, false);
		break;
	case HIDE:
	case HIDE_AGAIN:
		vm_set_private(&vm, at, pages * PAGE, true);
		break;
	case PUNCH:
		vm_drop_private(&vm, at, pages * PAGE);
		break;
	case WANT:
		snp_launch_prefault(&l, at, pages);
		break;
	default:
		if (slot->memory)
			madvise((void *)(slot->memory + at), pages * PAGE, MADV_DONTNEED);
	}
}

static void *balloon(void *arg)
{
	struct fuzzer *f = arg;

	while (now() < world.end) {
		enum balloon how = rnd(f) % BALLOONS;

		if (how == WANT)
			pthread_mutex_lock(&world.populate);
		pthread_rwlock_rdlock(&world.memory);
		pthread_rwlock_rdlock(&world.birth);
		balloon_once(f, &world.slot[rnd(f) % GUESTS], how);
		pthread_rwlock_unlock(&world.birth);
		pthread_rwlock_unlock(&world.memory);
		if (how == WANT)
			pthread_mutex_unlock(&world.populate);
		usleep(100);
		f->issued++;
	}
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

struct guest {
	bool snp;
	struct launch sev;
	struct snp_launch with_snp;
};

/* An SNP guest, on which others may work from the beginning: no step need succeed. */
static int new_snp_guest(struct fuzzer *f, struct snp_launch *l, struct slot *slot)
{
	bool by_kvm = one_in(f, 2), start = !one_in(f, 4), finish = one_in(f, 4);
	int ret;

	pthread_rwlock_wrlock(&world.birth);
	ret = snp_launch_open(l, RAM);
	*slot = (struct slot){
		.life = slot->life + 1, .snp = true, .vm_fd = l->vm.vm_fd, .vcpu_fd = l->vm.vcpu_fd,
		.private_fd = l->vm.private_fd, .memory = (uintptr_t)l->vm.memory,
	};
	pthread_rwlock_unlock(&world.birth);
	if (ret)
		return ret;
	l->ops = by_kvm ? &snp_launch_kvm : &snp_launch_pass;
	l->by_dev = one_in(f, 2);
	if (!start || snp_launch_start(l, SNP_POLICY_PLAIN | SNP_POLICY_DEBUG))
		return 0;
	pthread_mutex_lock(&world.populate);
	ret = snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL, 3);
	pthread_mutex_unlock(&world.populate);
	if (!ret && finish)
		snp_launch_finish(l, NULL);
	return 0;
}

static void set_slot(struct slot *slot, struct slot value)
{
	pthread_rwlock_wrlock(&world.birth);
	value.life = slot->life + 1;
	*slot = value;
	pthread_rwlock_unlock(&world.birth);
}

/* A guest, in one of some states, for others to find. */
static int new_sev_guest(struct fuzzer *f, struct launch *l, struct slot *slot)
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
	set_slot(slot, (struct slot){
		.vm_fd = l->vm.vm_fd, .vcpu_fd = -1, .private_fd = -1,
		.memory = (uintptr_t)l->vm.memory,
	});
	return ret;
}

static int new_guest(struct fuzzer *f, struct guest *g, struct slot *slot)
{
	g->snp = host_snp() && one_in(f, 2);
	return g->snp ? new_snp_guest(f, &g->with_snp, slot) : new_sev_guest(f, &g->sev, slot);
}

/* The VM dies under whoever has a command for it. */
static void end_guest(struct guest *g, struct slot *slot)
{
	struct slot dying = *slot;

	dying.memory = 0;
	pthread_rwlock_wrlock(&world.memory);
	set_slot(slot, dying);
	if (g->snp)
		snp_launch_close(&g->with_snp);
	else
		launch_close(&g->sev);
	set_slot(slot, NOBODY);
	pthread_rwlock_unlock(&world.memory);
}

/* Guests go in the midst of commands, and others come. */
static void *replace(void *arg)
{
	struct fuzzer *f = arg;
	struct guest guests[GUESTS] = { 0 };
	unsigned int made = 0, i;

	for (i = 0; now() < world.end && !f->failure[0]; i = rnd(f) % GUESTS) {
		int ret;

		if (i < made)
			end_guest(&guests[i], &world.slot[i]);
		else
			i = made++;
		ret = new_guest(f, &guests[i], &world.slot[i]);
		f->issued++;
		/* others may have been there first */
		if (ret && ret != -EIO && ret != -EBUSY)
			snprintf(f->failure, sizeof(f->failure), "no new guest: %s",
				 strerror(-ret));
		usleep(20000);
	}
	for (i = 0; i < made; i++)
		end_guest(&guests[i], &world.slot[i]);
	return NULL;
}

static long taint(void)
{
	char text[32] = "";

	control_read("/proc/sys/kernel/tainted", text, sizeof(text));
	return atol(text);
}

/* Readers never end, so who writes must come first. */
static int writers_first(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	return pthread_rwlock_init(lock, &attr);
}

/* The handle of a new guest, the lowest one that is free; 0: there is no guest. */
static uint32_t next_handle(void)
{
	struct kvm_sev_guest_status status = { 0 };
	uint32_t ignored;
	struct launch l;
	int ret = guest_started(&l, false, RAM);

	if (!ret)
		ret = sev_kvm_op(l.vm.vm_fd, l.sev_fd, KVM_SEV_GUEST_STATUS, &status, &ignored);
	launch_close(&l);
	return ret ? 0 : status.handle;
}

/* The firmware has pages for answers for as long as it wants to, see psp/answer.c. */
#define ANSWER_PAGES	16

/*
 * Pages as before, but for those; VMs end a little later than their last file is closed. @before
 * gets as many of the firmware's as there are.
 */
static bool same_pages(struct snp_use *before)
{
	struct snp_use after;

	for (unsigned int i = 0; i < 100 * patience(); i++, usleep(10000)) {
		if (snp_use(&after))
			return !host_snp();
		if (after.firmware - before->firmware <= ANSWER_PAGES)
			before->firmware = after.firmware;
		if (!memcmp(before, &after, sizeof(after)))
			return true;
	}
	return false;
}

FIXTURE(fuzz) {
	struct launch anchor;	/* keeps the platform from being reset */
	struct fuzzer fuzzer[THREADS + 5];
	struct host_use before;
	struct snp_use pages;
	uint32_t handle;
	long quarantined, taint;
};

FIXTURE_SETUP(fuzz)
{
	const char *seconds = getenv("FUZZ_SECONDS");
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
		world.slot[i] = NOBODY;
	ASSERT_EQ(0, writers_first(&world.birth));
	ASSERT_EQ(0, writers_first(&world.memory));
	ASSERT_EQ(0, pthread_mutex_init(&world.populate, NULL));
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
	self->handle = next_handle();
	ASSERT_NE(0, self->handle);
	ASSERT_EQ(0, host_use(&self->before));
	snp_use(&self->pages);
	TH_LOG("seed %llu", (unsigned long long)test_seed(1));
	world.end = now() + (seconds ? atoi(seconds) : 6);
}

FIXTURE_TEARDOWN(fuzz)
{
	launch_close(&self->anchor);
}

/* As long as that of the soak, since FUZZ_SECONDS may say so. */
TEST_F_TIMEOUT(fuzz, random_blocks, 4200)
{
	void *(*const role[])(void *) = {
		fuzz, fuzz, fuzz, legacy, legacy, shake, balloon, replace,
	};
	unsigned long issued = 0, succeeded = 0, refused = 0, with_snp = 0;
	struct host_use after;

	for (unsigned int i = 0; i < ARRAY_SIZE(role); i++)
		ASSERT_EQ(0, pthread_create(&self->fuzzer[i].thread, NULL, role[i],
					    &self->fuzzer[i]));
	for (unsigned int i = 0; i < ARRAY_SIZE(role); i++) {
		struct fuzzer *f = &self->fuzzer[i];

		ASSERT_EQ(0, pthread_join(f->thread, NULL));
		EXPECT_STREQ("", f->failure);
		if (role[i] != fuzz && role[i] != legacy)
			continue;
		issued += f->issued;
		succeeded += f->succeeded;
		refused += f->refused;
		with_snp += f->with_snp;
	}
	TH_LOG("%lu commands, %lu succeeded, %lu on guests of SNP, %lu refused by firmware, "
	       "%lu guests", issued, succeeded, with_snp, refused,
	       self->fuzzer[THREADS + 4].issued);
	EXPECT_LT(0, succeeded);
	EXPECT_LT(0, refused);
	/* of so many; in seconds on a slow machine there may be none */
	if (host_snp() && succeeded > 1000)
		EXPECT_LT(0, with_snp);

	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(self->quarantined, psp_attr_number("quarantined_pages"));
	EXPECT_EQ(self->taint, taint());
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
	if (!same_pages(&self->pages))
		SAME_PAGES(&self->pages);
	EXPECT_EQ(self->handle, next_handle());
	if (!host_snp())
		return;
	EXPECT_EQ(0, snp_known_lost());
	EXPECT_EQ(0, snp_refused_asids(&snp_launch_pass));
}

HOST_TESTS_MAIN
