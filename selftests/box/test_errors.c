// SPDX-License-Identifier: GPL-2.0
/*
 * Every input that the UAPI header calls wrong, and the errno that it promises.
 *
 * The commands come from SEV_FW_QUERY, so one that is added tomorrow is attacked
 * by all of this without a line here. Each call checks one more promise: that
 * the envelope's status is always written, and says SEV_FW_NO_CALL if firmware
 * has not been asked.
 *
 * Nothing in here lets a command through that would change the platform, should
 * the kernel keep its promises; a test that must not be refused is limited to
 * commands on a guest and to those that only read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "common.h"
#include "host.h"

#define RAM		(2 << 20)

#define KERNEL_ADDRESS		0xffff888000000000ull
#define NONCANONICAL_ADDRESS	0x0123456789abcdefull

FIXTURE(errors) {
	struct launch started;	/* a guest that takes LAUNCH_UPDATE_DATA */
	struct launch fresh;	/* a SEV guest before LAUNCH_START */
	struct launch plain;	/* a VM that is no SEV guest */
	struct snp_launch snp_started, snp_fresh;	/* on a host for SNP, guests of SNP */
	int read_only;		/* /dev/sev */
	int null;		/* a file of another kind */
	uint8_t *pages;		/* writable, read-only, then no page at all */
	struct sev_fw_cmd_info infos[INFOS_MAX];
	uint32_t count;
	struct way {		/* each command by each door, then a NULL */
		const struct sev_fw_cmd_info *info;
		struct sev_fw_door door;
	} ways[2 * INFOS_MAX + 1];
};

static bool is_for_snp_guests(const struct sev_fw_cmd_info *info)
{
	return info->flags & SEV_FW_INFO_SNP && info->flags & SEV_FW_INFO_GUEST;
}

/* The guest that a command would get furthest with, if it is one of SEV. */
static struct launch *target(FIXTURE_DATA(errors) *self, const struct sev_fw_cmd_info *info)
{
	return info->flags & SEV_FW_INFO_START ? &self->fresh : &self->started;
}

/* A guest of the kind that the command is for. */
static int started_vm(FIXTURE_DATA(errors) *self, const struct sev_fw_cmd_info *info)
{
	return is_for_snp_guests(info) ? self->snp_started.vm.vm_fd : self->started.vm.vm_fd;
}

static int fresh_vm(FIXTURE_DATA(errors) *self, const struct sev_fw_cmd_info *info)
{
	return is_for_snp_guests(info) ? self->snp_fresh.vm.vm_fd : self->fresh.vm.vm_fd;
}

/* Commands that this host offers; the others have a test of their own. */
static void find_ways(FIXTURE_DATA(errors) *self)
{
	struct way *way = self->ways;

	for (uint32_t i = 0; i < self->count; i++) {
		const struct sev_fw_cmd_info *info = &self->infos[i];
		int sev_fd = self->started.sev_fd, vm_fd;

		if (!(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		vm_fd = info->flags & SEV_FW_INFO_START ? fresh_vm(self, info) :
							  started_vm(self, info);
		if (info->flags & SEV_FW_INFO_GUEST) {
			*way++ = (struct way){ info, sev_fw_door_vm(vm_fd, sev_fd) };
			*way++ = (struct way){ info, sev_fw_door_dev(sev_fd, vm_fd) };
		} else if (info->flags & SEV_FW_INFO_PLATFORM) {
			*way++ = (struct way){ info, sev_fw_door_dev(sev_fd, -1) };
		}
	}
}

FIXTURE_SETUP(errors)
{
	struct sev_fw_door door;
	struct sev_fw_query query;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	ASSERT_EQ(0, launch_open(&self->started, &launch_fw, 0));
	ASSERT_EQ(0, launch_vm(&self->started, RAM));
	ASSERT_EQ(0, launch_init(&self->started));
	ASSERT_EQ(0, launch_start(&self->started));
	ASSERT_EQ(0, launch_open(&self->fresh, &launch_fw, 0));
	ASSERT_EQ(0, launch_vm(&self->fresh, RAM));
	ASSERT_EQ(0, launch_init(&self->fresh));
	ASSERT_EQ(0, launch_open(&self->plain, &launch_fw, 0));
	ASSERT_EQ(0, launch_vm(&self->plain, RAM));
	self->snp_started = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->snp_fresh = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	if (host_snp()) {
		ASSERT_EQ(0, snp_launch_open(&self->snp_started, RAM));
		ASSERT_EQ(0, snp_launch_start(&self->snp_started, SNP_POLICY_PLAIN));
		ASSERT_EQ(0, snp_launch_open(&self->snp_fresh, RAM));
	}

	self->read_only = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->read_only);
	ASSERT_LE(0, self->null);
	self->pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->pages);
	ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, munmap(self->pages + 2 * PAGE, PAGE));

	door = sev_fw_door_dev(self->read_only, -1);
	ASSERT_EQ(0, sev_fw_query(&door, &query, self->infos, INFOS_MAX));
	self->count = query.count;
	ASSERT_LT(0, self->count);
	ASSERT_GE(INFOS_MAX, self->count);
	find_ways(self);
}

FIXTURE_TEARDOWN(errors)
{
	launch_close(&self->started);
	launch_close(&self->fresh);
	launch_close(&self->plain);
	snp_launch_close(&self->snp_started);
	snp_launch_close(&self->snp_fresh);
}

struct answer {
	int err;		/* 0, or the errno */
	uint32_t status;
};

static struct answer ask(const struct sev_fw_door *door, uint32_t id, const void *block,
			 uint32_t len)
{
	struct sev_fw_cmd cmd = {
		.id = id,
		.len = len,
		.data = (uintptr_t)block,
		.error = UNWRITTEN,
		.fd = door->other,
	};
	int ret = ioctl(door->fd, door->request, &cmd);

	return (struct answer){ ret ? errno : 0, cmd.error };
}

#define EXPECT_REFUSED(expected, call, fmt, ...)			\
	do {								\
		struct answer a_ = (call);				\
									\
		EXPECT_EQ(expected, a_.err)				\
			TH_LOG(fmt, ##__VA_ARGS__);			\
		EXPECT_EQ(SEV_FW_NO_CALL, a_.status)			\
			TH_LOG(fmt, ##__VA_ARGS__);			\
	} while (0)

static void put(uint8_t *block, unsigned int offset, uint64_t value, size_t size)
{
	memcpy(block + offset, &value, size);
}

#define for_each_buf(info, b)						\
	for ((b) = (info)->buf;						\
	     (b) < (info)->buf + SEV_FW_BUFS && (b)->kind; (b)++)

/* Is its length in the block? */
static bool has_length(const struct sev_fw_buf_info *buf)
{
	return buf->len < SEV_FW_BLOCK_MAX;
}

/* Room for output whose length may be asked for. */
static bool is_room(const struct sev_fw_cmd_info *info, const struct sev_fw_buf_info *buf)
{
	return buf->kind == SEV_FW_BUF_BLOB && buf->dir == SEV_FW_BUF_WRITE && has_length(buf) &&
	       !(info->flags & SEV_FW_INFO_REPEAT);
}

static bool takes_vcpu(const struct sev_fw_cmd_info *info)
{
	const struct sev_fw_buf_info *buf;

	for_each_buf(info, buf)
		if (buf->kind == SEV_FW_BUF_VMSA)
			return true;
	return false;
}

/*
 * A block that nothing is wrong with on its face: all buffers exist. Their content is
 * nonsense, so that the firmware refuses any that it looks at.
 */
static void make_block(FIXTURE_DATA(errors) *self, const struct sev_fw_cmd_info *info,
		       uint8_t *block)
{
	memset(block, 0, PAGE);
	for (int i = 0; i < SEV_FW_BUFS; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];

		if (buf->kind == SEV_FW_BUF_NONE)
			continue;
		put(block, buf->addr, buf->kind == SEV_FW_BUF_GUEST ?
		    (uintptr_t)target(self, info)->vm.memory + i * PAGE :
		    (uintptr_t)self->pages, sizeof(uint64_t));
		if (has_length(buf))
			put(block, buf->len,
			    buf->kind == SEV_FW_BUF_VMSA ? SEV_FW_VMSA_SIZE : 16,
			    sizeof(uint32_t));
	}
}

static bool is_user(const struct sev_fw_cmd_info *info, unsigned int byte)
{
	return info->user[byte / 64] >> byte % 64 & 1;
}

/* May this be let through to firmware with nonsense in its buffers? */
static bool harmless(const struct sev_fw_cmd_info *info)
{
	return info->flags & SEV_FW_INFO_GUEST || !(info->flags & SEV_FW_INFO_WRITE);
}

#define for_each_way(self, way)						\
	for ((way) = (self)->ways; (way)->info; (way)++)

/* Commands on guests of SNP have other memory, and other errnos for it: see test_snp_pass. */
#define for_each_sev_way(self, way)					\
	for_each_way(self, way)						\
		if (!is_for_snp_guests((way)->info))

/* A command on vCPU state gets no further on a guest whose vCPUs have none. */
#define for_each_memory_way(self, way)					\
	for_each_sev_way(self, way)					\
		if (!takes_vcpu(way->info))

/* The block */

TEST_F(errors, byte_not_the_callers)
{
	const struct way *way;
	uint8_t block[PAGE];

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		make_block(self, info, block);
		for (unsigned int i = 0; i < info->size; i++) {
			if (is_user(info, i))
				continue;
			for (unsigned int value = 1; value < 0x100; value += 127) {
				block[i] = value;
				EXPECT_REFUSED(EINVAL, ask(door, info->id, block, info->size),
					       "%s byte %u", info->name, i);
			}
			block[i] = 0;
		}
	}
}

/* The identities that the driver owns: no caller may name a guest, whichever. */
TEST_F(errors, handle)
{
	const struct way *way;
	static const uint32_t handles[] = { 1, 2, 1024, 0x80000000 };
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		if (!(info->flags & SEV_FW_INFO_GUEST))
			continue;
		make_block(self, info, block);
		for (size_t i = 0; i < ARRAY_SIZE(handles); i++) {
			put(block, 0, handles[i], sizeof(handles[i]));
			EXPECT_REFUSED(EINVAL, ask(door, info->id, block, info->size),
				       "%s handle %#x", info->name, handles[i]);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, short_block)
{
	const struct way *way;
	uint8_t block[PAGE];

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		EXPECT_LE(info->min_size, info->size) TH_LOG("%s", info->name);
		make_block(self, info, block);
		for (unsigned int len = 0; len < info->min_size; len++)
			EXPECT_REFUSED(EINVAL, ask(door, info->id, block, len),
				       "%s length %u", info->name, len);
	}
}

TEST_F(errors, longer_block)
{
	const struct way *way;
	uint8_t block[PAGE];

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		make_block(self, info, block);
		for (unsigned int len = info->size + 1; len < info->size + 24u; len++) {
			block[len - 1] = 1;
			EXPECT_REFUSED(E2BIG, ask(door, info->id, block, len),
				       "%s tail at %u", info->name, len - 1);
			block[len - 1] = 0;
		}
	}
}

/* A block of an earlier header is as good as one of today, and is not written beyond. */
TEST_F(errors, block_of_an_earlier_header)
{
	const struct way *way;
	uint8_t block[PAGE], given[PAGE];

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		struct answer a;

		if (!harmless(info) || !(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		for (unsigned int len = info->min_size; len <= info->size; len++) {
			make_block(self, info, block);
			memset(block + len, UNWRITTEN & 0xff, sizeof(block) - len);
			memcpy(given, block, sizeof(block));
			a = ask(&way->door, info->id, block, len);
			EXPECT_TRUE(!a.err || a.err == EIO || a.err == EBUSY)
				TH_LOG("%s length %u: %s", info->name, len, strerror(a.err));
			EXPECT_EQ(0, memcmp(block + len, given + len, sizeof(block) - len))
				TH_LOG("%s length %u", info->name, len);
		}
	}
}

/* A block of tomorrow, with nothing new in it, is as good as one of today. */
TEST_F(errors, longer_block_of_zeros)
{
	const struct way *way;
	uint8_t block[PAGE];

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct answer a;

		if (!harmless(info) || !(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		make_block(self, info, block);
		a = ask(door, info->id, block, info->size + 24);
		EXPECT_TRUE(!a.err || a.err == EIO || a.err == EBUSY)
			TH_LOG("%s: %s", info->name, strerror(a.err));
		if (a.err == EIO)
			EXPECT_NE(SEV_FW_NO_CALL, a.status)
				TH_LOG("%s", info->name);
	}
}

TEST_F(errors, block_in_no_memory)
{
	const struct way *way;
	const uint64_t bad[] = {
		0, KERNEL_ADDRESS, NONCANONICAL_ADDRESS, ~0ull, ~0ull - 8,
		(uintptr_t)self->pages + 2 * PAGE,
	};

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		if (!info->size)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_REFUSED(EFAULT, ask(door, info->id, (void *)bad[i], info->size),
				       "%s block at %#llx", info->name, (long long)bad[i]);
		/* all but the last byte */
		EXPECT_REFUSED(EFAULT, ask(door, info->id, self->pages + 2 * PAGE + 1 - info->size,
					   info->size), "%s at the edge", info->name);
	}
}

/* An answer that cannot be delivered must not cost anything. */
TEST_F(errors, block_in_read_only_memory)
{
	const struct way *way;
	uint8_t block[PAGE];

	for_each_sev_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct answer a;

		if (!harmless(info) || !info->size)
			continue;
		make_block(self, info, block);
		ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ | PROT_WRITE));
		memcpy(self->pages + PAGE, block, info->size);
		ASSERT_EQ(0, mprotect(self->pages + PAGE, PAGE, PROT_READ));
		a = ask(door, info->id, self->pages + PAGE, info->size);
		if (a.err == EFAULT)
			EXPECT_EQ(SEV_FW_NO_CALL, a.status)
				TH_LOG("%s", info->name);
	}
}

/* Refused means not touched: not a byte of the block comes back changed. */
TEST_F(errors, refused_block_stays)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	uint8_t given[PAGE], block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;

		memset(given, 0, sizeof(given));
		for (unsigned int i = 0; i < info->size; i++)
			if (is_user(info, i))
				given[i] = 0x11 + i / 8;	/* addresses that nobody has */
		for_each_buf(info, buf)
			if (has_length(buf))
				put(given, buf->len, 16, sizeof(uint32_t));
		if (info->buf[0].kind == SEV_FW_BUF_NONE)
			continue;
		memcpy(block, given, sizeof(block));
		EXPECT_REFUSED(EFAULT, ask(&way->door, info->id, block, info->size), "%s",
			       info->name);
		EXPECT_EQ(0, memcmp(given, block, sizeof(block)))
			TH_LOG("%s", info->name);
		found++;
	}
	EXPECT_LT(0, found);
}

/* Buffers of the block */

static bool shares_length(const struct sev_fw_cmd_info *info, int slot)
{
	for (int i = 0; i < SEV_FW_BUFS; i++)
		if (i != slot && info->buf[i].kind != SEV_FW_BUF_NONE &&
		    info->buf[i].len == info->buf[slot].len)
			return true;
	return false;
}

TEST_F(errors, buffer_in_no_memory)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	const uint64_t bad[] = {
		0, KERNEL_ADDRESS, NONCANONICAL_ADDRESS, ~0ull - 7, ~0ull - 4095,
		(uintptr_t)self->pages + 2 * PAGE, (uintptr_t)self->pages + 2 * PAGE - 8,
	};
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		for_each_buf(info, buf) {
			for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
				/* room that is nowhere asks for the length */
				if (!bad[i] && is_room(info, buf))
					continue;
				make_block(self, info, block);
				put(block, buf->addr, bad[i], sizeof(bad[i]));
				EXPECT_REFUSED(EFAULT, ask(door, info->id, block, info->size),
					       "%s @%#x = %#llx", info->name, buf->addr,
					       (long long)bad[i]);
				found++;
			}
		}
	}
	EXPECT_LT(0, found);
}

/* Room that is nowhere is no room: the length is asked for, whatever length there is. */
TEST_F(errors, address_zero_with_a_length)
{
	const struct sev_fw_buf_info *buf;
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;

		if (!harmless(info) || !(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		for_each_buf(info, buf) {
			struct answer with, without;

			if (!is_room(info, buf))
				continue;
			make_block(self, info, block);
			put(block, buf->addr, 0, sizeof(uint64_t));
			put(block, buf->len, PAGE, sizeof(uint32_t));
			with = ask(&way->door, info->id, block, info->size);
			make_block(self, info, block);
			put(block, buf->len, 0, sizeof(uint32_t));
			without = ask(&way->door, info->id, block, info->size);
			EXPECT_EQ(without.err, with.err) TH_LOG("%s @%#x", info->name, buf->addr);
			EXPECT_EQ(without.status, with.status) TH_LOG("%s", info->name);
			EXPECT_NE(EFAULT, with.err) TH_LOG("%s @%#x", info->name, buf->addr);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, buffer_in_read_only_memory)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		for_each_buf(info, buf) {
			if (!(buf->dir & SEV_FW_BUF_WRITE))
				continue;
			make_block(self, info, block);
			put(block, buf->addr, (uintptr_t)self->pages + PAGE, sizeof(uint64_t));
			EXPECT_REFUSED(EFAULT, ask(door, info->id, block, info->size),
				       "%s @%#x", info->name, buf->addr);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

/* No memory is not a buffer. Zero asks for the length only where firmware tells it. */
TEST_F(errors, length_zero)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		for_each_buf(info, buf) {
			if (!has_length(buf) || is_room(info, buf))
				continue;
			make_block(self, info, block);
			put(block, buf->len, 0, sizeof(uint32_t));
			EXPECT_REFUSED(EINVAL, ask(door, info->id, block, info->size),
				       "%s @%#x", info->name, buf->len);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, length_above_the_cap)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	static const uint32_t above[] = { 1, 4096, 0x7fff0000 };
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		for_each_buf(info, buf) {
			if (!buf->max || !has_length(buf) ||
			    !(buf->dir & SEV_FW_BUF_READ) ||
			    shares_length(info, buf - info->buf))
				continue;
			for (size_t i = 0; i < ARRAY_SIZE(above); i++) {
				make_block(self, info, block);
				put(block, buf->len, buf->max + above[i], sizeof(uint32_t));
				EXPECT_REFUSED(EINVAL, ask(door, info->id, block, info->size),
					       "%s @%#x", info->name, buf->len);
				found++;
			}
		}
	}
	EXPECT_LT(0, found);
}

/* Guest memory that reaches beyond what there is. */
TEST_F(errors, guest_memory_too_long)
{
	const struct way *way;
	const struct sev_fw_buf_info *buf;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_memory_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;

		for_each_buf(info, buf) {
			struct answer a;

			if (buf->kind != SEV_FW_BUF_GUEST || !has_length(buf))
				continue;
			make_block(self, info, block);
			put(block, buf->len, 0xfffffff0, sizeof(uint32_t));
			a = ask(door, info->id, block, info->size);
			EXPECT_TRUE(a.err == EFAULT || a.err == EINVAL || a.err == ENOMEM)
				TH_LOG("%s: %s", info->name, strerror(a.err));
			EXPECT_EQ(SEV_FW_NO_CALL, a.status)
				TH_LOG("%s", info->name);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, no_vcpu_state)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_sev_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;

		if (!takes_vcpu(info))
			continue;
		make_block(self, info, block);
		EXPECT_REFUSED(ENOTTY, ask(&way->door, info->id, block, info->size), "%s",
			       info->name);
		found++;
	}
	EXPECT_LT(0, found);
}

/* The door */

TEST_F(errors, not_for_this_door)
{
	struct launch *l = &self->started;
	struct sev_fw_door vm = sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
	struct sev_fw_door dev = sev_fw_door_dev(l->sev_fd, l->vm.vm_fd);
	struct sev_fw_door platform = sev_fw_door_dev(l->sev_fd, -1);
	uint8_t block[PAGE];
	unsigned int driver = 0;

	for (uint32_t i = 0; i < self->count; i++) {
		struct sev_fw_cmd_info *info = &self->infos[i];

		if (!(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		make_block(self, info, block);
		if (!(info->flags & SEV_FW_INFO_GUEST)) {
			EXPECT_REFUSED(EPERM, ask(&vm, info->id, block, info->size),
				       "%s on the VM", info->name);
			EXPECT_REFUSED(EPERM, ask(&dev, info->id, block, info->size),
				       "%s on /dev/sev with a VM", info->name);
		}
		if (!(info->flags & (SEV_FW_INFO_GUEST | SEV_FW_INFO_PLATFORM))) {
			EXPECT_REFUSED(EPERM, ask(&platform, info->id, block, info->size),
				       "%s on /dev/sev", info->name);
			driver++;
		}
		if (!(info->flags & SEV_FW_INFO_PLATFORM) && info->flags & SEV_FW_INFO_GUEST)
			EXPECT_REFUSED(EBADF, ask(&platform, info->id, block, info->size),
				       "%s on /dev/sev without a VM", info->name);
	}
	EXPECT_LT(0, driver);
}

TEST_F(errors, driver_only)
{
	static const uint32_t ids[] = {
		SEV_FW_INIT, SEV_FW_SHUTDOWN, SEV_FW_DF_FLUSH, SEV_FW_INIT_EX, SEV_FW_RING_BUFFER,
		SEV_FW_DECOMMISSION, SEV_FW_ACTIVATE, SEV_FW_DEACTIVATE, SEV_FW_ACTIVATE_EX,
	};
	struct launch *l = &self->started;
	const struct sev_fw_door all[] = {
		sev_fw_door_vm(l->vm.vm_fd, l->sev_fd),
		sev_fw_door_dev(l->sev_fd, l->vm.vm_fd),
		sev_fw_door_dev(l->sev_fd, -1),
	};
	static const uint8_t block[SEV_FW_BLOCK_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(all); j++) {
			struct answer a = ask(&all[j], SEV_FW_CMD(ids[i]), block, sizeof(block));

			EXPECT_TRUE(a.err == EPERM || a.err == EOPNOTSUPP)
				TH_LOG("id %#x: %s", ids[i], strerror(a.err));
			EXPECT_EQ(SEV_FW_NO_CALL, a.status);
		}
	}
}

TEST_F(errors, wrong_file)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		const int bad[] = {
			self->null, -1, 1 << 20, self->started.vm.kvm_fd,
			self->started.vm.vcpu_fd,
			door->request == SEV_FW_ISSUE ? door->fd : self->started.vm.vm_fd,
		};

		if (!(info->flags & SEV_FW_INFO_GUEST) || door->other == -1)
			continue;
		make_block(self, info, block);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			struct sev_fw_door wrong = *door;

			wrong.other = bad[i];
			EXPECT_REFUSED(EBADF, ask(&wrong, info->id, block, info->size),
				       "%s, file %zu", info->name, i);
			found++;
		}
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, read_only_file)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_sev_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct sev_fw_door weak = *door;
		struct answer a;

		if (weak.request == SEV_FW_ISSUE)
			weak.fd = self->read_only;
		else
			weak.other = self->read_only;
		make_block(self, info, block);
		if (!(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		if (info->flags & SEV_FW_INFO_WRITE) {
			EXPECT_REFUSED(EPERM, ask(&weak, info->id, block, info->size),
				       "%s", info->name);
			found++;
			continue;
		}
		a = ask(&weak, info->id, block, info->size);
		EXPECT_NE(EPERM, a.err)
			TH_LOG("%s", info->name);
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, no_sev_guest)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct sev_fw_door plain = *door;

		if (!(info->flags & SEV_FW_INFO_GUEST) || door->other == -1)
			continue;
		if (plain.request == SEV_FW_ISSUE)
			plain.other = self->plain.vm.vm_fd;
		else
			plain.fd = self->plain.vm.vm_fd;
		make_block(self, info, block);
		EXPECT_REFUSED(ENOTTY, ask(&plain, info->id, block, info->size), "%s", info->name);
		found++;
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, guest_not_started)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct sev_fw_door early = *door;

		if (!(info->flags & SEV_FW_INFO_GUEST) || info->flags & SEV_FW_INFO_START ||
		    door->other == -1 || !(info->flags & SEV_FW_INFO_AVAILABLE))
			continue;
		if (early.request == SEV_FW_ISSUE)
			early.other = fresh_vm(self, info);
		else
			early.fd = fresh_vm(self, info);
		make_block(self, info, block);
		EXPECT_REFUSED(ENOENT, ask(&early, info->id, block, info->size), "%s", info->name);
		found++;
	}
	EXPECT_LT(0, found);
}

TEST_F(errors, guest_started_already)
{
	const struct way *way;
	uint8_t block[PAGE];
	unsigned int found = 0;

	for_each_way(self, way) {
		const struct sev_fw_cmd_info *info = way->info;
		const struct sev_fw_door *door = &way->door;
		struct sev_fw_door again = *door;

		if (!(info->flags & SEV_FW_INFO_START))
			continue;
		if (again.request == SEV_FW_ISSUE)
			again.other = started_vm(self, info);
		else
			again.fd = started_vm(self, info);
		make_block(self, info, block);
		EXPECT_REFUSED(EBUSY, ask(&again, info->id, block, info->size), "%s", info->name);
		found++;
	}
	EXPECT_LT(0, found);
}

/* The envelope */

static bool is_command(FIXTURE_DATA(errors) *self, uint32_t id)
{
	for (uint32_t i = 0; i < self->count; i++)
		if (self->infos[i].id == id && self->infos[i].flags & SEV_FW_INFO_AVAILABLE)
			return true;
	return false;
}

TEST_F(errors, unknown_id)
{
	struct launch *l = &self->started;
	struct sev_fw_door vm = sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
	struct sev_fw_door dev = sev_fw_door_dev(l->sev_fd, l->vm.vm_fd);
	struct sev_fw_door platform = sev_fw_door_dev(l->sev_fd, -1);
	static const uint8_t block[SEV_FW_BLOCK_MAX];

	for (uint32_t i = 0; i < 0x1000 + 4; i++) {
		/* all ids of 12 bits, then single bits above them */
		uint32_t id = SEV_FW_CMD(i < 0x1000 ? i : 0x1000u << (i - 0x1000));

		if (is_command(self, id))
			continue;
		if (id != SEV_FW_CMD(SEV_FW_QUERY_ID) && id != SEV_FW_CMD(SEV_FW_ARRAY_ID))
			EXPECT_REFUSED(EOPNOTSUPP, ask(&vm, id, block, sizeof(block)),
				       "id %#x on the VM", id);
		EXPECT_REFUSED(EOPNOTSUPP, ask(&dev, id, block, sizeof(block)),
			       "id %#x on /dev/sev with a VM", id);
		EXPECT_REFUSED(EOPNOTSUPP, ask(&platform, id, block, sizeof(block)),
			       "id %#x on /dev/sev", id);
	}
	/* on /dev/sev, an id without the pass-through bit is nothing */
	for (uint32_t id = 0; id < 0x80; id++)
		EXPECT_REFUSED(EOPNOTSUPP, ask(&platform, id, block, sizeof(block)), "id %#x", id);
}

/* Bits that may mean something tomorrow must not be ignored today. */
TEST_F(errors, flags_are_reserved)
{
	struct sev_fw_door vm = sev_fw_door_vm(self->plain.vm.vm_fd, self->plain.sev_fd);
	struct sev_fw_query query = { 0 };
	const struct way *way;
	uint8_t block[PAGE];

	for (uint32_t flag = 1u << 16; flag < SEV_FW_PASSTHROUGH; flag <<= 1) {
		for_each_way(self, way) {
			const struct sev_fw_cmd_info *info = way->info;

			make_block(self, info, block);
			EXPECT_REFUSED(EINVAL, ask(&way->door, info->id | flag, block, info->size),
				       "%s flag %#x", info->name, flag);
		}
		EXPECT_REFUSED(EINVAL, ask(&vm, SEV_FW_CMD(SEV_FW_QUERY_ID) | flag, &query,
					   sizeof(query)), "query flag %#x", flag);
	}
}

TEST_F(errors, envelope_in_no_memory)
{
	struct launch *l = &self->started;
	const uint64_t bad[] = {
		0, KERNEL_ADDRESS, NONCANONICAL_ADDRESS, (uintptr_t)self->pages + 2 * PAGE,
		(uintptr_t)self->pages + 2 * PAGE - 8,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, ioctl(l->sev_fd, SEV_FW_ISSUE, bad[i]));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, ioctl(l->sev_fd, SEV_FW_QUERY, bad[i]));
		EXPECT_EQ(EFAULT, errno);
		/* KVM takes NULL as a question: are there SEV guests here? */
		EXPECT_EQ(bad[i] ? -1 : 0, ioctl(l->vm.vm_fd, KVM_MEMORY_ENCRYPT_OP, bad[i]));
		EXPECT_EQ(EFAULT, errno);
	}
}

/* Firmware's refusal, and its consent, are told as such. */
TEST_F(errors, status_of_firmware)
{
	struct sev_fw_launch_measure measure = { 0 };
	struct sev_fw_guest_status status = { 0 };
	struct sev_fw_launch_finish finish = { 0 };

	for (int by_dev = 0; by_dev < 2; by_dev++) {
		struct sev_fw_door door;
		struct answer a;

		self->started.by_dev = by_dev;
		door = launch_door(&self->started);
		a = ask(&door, SEV_FW_CMD(SEV_FW_LAUNCH_FINISH), &finish, sizeof(finish));
		EXPECT_EQ(EIO, a.err);
		EXPECT_EQ(SEV_FW_STATUS_INVALID_GUEST_STATE, a.status);

		measure.len = 0;
		a = ask(&door, SEV_FW_CMD(SEV_FW_LAUNCH_MEASURE), &measure, sizeof(measure));
		EXPECT_EQ(EIO, a.err);
		EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, a.status);
		EXPECT_EQ(SEV_FW_MEASURE_SIZE, measure.len);

		a = ask(&door, SEV_FW_CMD(SEV_FW_GUEST_STATUS), &status, sizeof(status));
		EXPECT_EQ(0, a.err);
		EXPECT_EQ(0, a.status);
		EXPECT_EQ(GUEST_LUPDATE, status.state);
		status = (struct sev_fw_guest_status){ 0 };
	}
}

/* Nothing of a block is looked at if there is no such firmware, or host. */
TEST_F(errors, command_not_offered)
{
	struct launch *l = &self->started;
	const struct sev_fw_door vm = sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);
	const struct sev_fw_door dev = sev_fw_door_dev(l->sev_fd, -1);
	uint8_t block[SEV_FW_BLOCK_MAX];

	memset(block, 0xff, sizeof(block));
	for (uint32_t i = 0; i < self->count; i++) {
		const struct sev_fw_cmd_info *info = &self->infos[i];
		bool guest = info->flags & SEV_FW_INFO_GUEST;

		if (info->flags & SEV_FW_INFO_AVAILABLE ||
		    !(info->flags & (SEV_FW_INFO_GUEST | SEV_FW_INFO_PLATFORM)))
			continue;
		EXPECT_REFUSED(EOPNOTSUPP, ask(guest ? &vm : &dev, info->id, block, info->size),
			       "%s", info->name);
	}
}

/* The table */

TEST_F(errors, query)
{
	const struct sev_fw_buf_info *buf;
	struct launch *l = &self->started;
	struct sev_fw_door doors[] = {
		sev_fw_door_vm(l->vm.vm_fd, l->sev_fd), sev_fw_door_dev(l->sev_fd, -1),
	};
	struct sev_fw_cmd_info infos[INFOS_MAX];
	struct sev_fw_query query;

	for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
		memset(infos, 0x5a, sizeof(infos));
		ASSERT_EQ(0, sev_fw_query(&doors[i], &query, infos, INFOS_MAX));
		ASSERT_EQ(self->count, query.count);
		EXPECT_EQ(0, memcmp(infos, self->infos, query.count * sizeof(infos[0])));

		/* no more elements than there is room for */
		memset(infos, 0x5a, sizeof(infos));
		ASSERT_EQ(0, sev_fw_query(&doors[i], &query, infos, 1));
		EXPECT_EQ(self->count, query.count);
		EXPECT_EQ(0, memcmp(infos, self->infos, sizeof(infos[0])));
		EXPECT_EQ(0x5a5a5a5a, infos[1].id);
		ASSERT_EQ(-EFAULT, sev_fw_query(&doors[i], &query, NULL, 1));
	}
	for (uint32_t i = 0; i < self->count; i++) {
		struct sev_fw_cmd_info *info = &self->infos[i];

		EXPECT_GE(SEV_FW_BLOCK_MAX, info->size);
		EXPECT_NE('\0', info->name[0]);
		EXPECT_EQ('\0', info->name[sizeof(info->name) - 1]);
		EXPECT_TRUE(info->id & SEV_FW_PASSTHROUGH);
		for (unsigned int byte = info->size; byte < 128; byte++)
			EXPECT_FALSE(is_user(info, byte));
		for_each_buf(info, buf)
			EXPECT_GE(info->size, buf->addr + 8)
				TH_LOG("%s", info->name);
	}
}

TEST_F(errors, query_refused)
{
	struct sev_fw_cmd_info infos[2];
	const struct sev_fw_query good = {
		.infos = (uintptr_t)infos, .count = 1, .info_size = sizeof(infos[0]),
	};
	struct sev_fw_query query = good;
	int fd = self->read_only;

	ASSERT_EQ(0, ioctl(fd, SEV_FW_QUERY, &query));
	query = good;
	query.flags = 1;
	EXPECT_EQ(-1, ioctl(fd, SEV_FW_QUERY, &query));
	EXPECT_EQ(EINVAL, errno);
	query = good;
	query.reserved = 1;
	EXPECT_EQ(-1, ioctl(fd, SEV_FW_QUERY, &query));
	EXPECT_EQ(EINVAL, errno);
	query = good;
	query.info_size = 0;
	EXPECT_EQ(-1, ioctl(fd, SEV_FW_QUERY, &query));
	EXPECT_EQ(EINVAL, errno);

	/* elements of another size, now smaller, now larger than the kernel's */
	memset(infos, 0x5a, sizeof(infos));
	query = good;
	query.info_size = 8;
	ASSERT_EQ(0, ioctl(fd, SEV_FW_QUERY, &query));
	EXPECT_EQ(0, memcmp(infos, self->infos, 8));
	EXPECT_EQ(0x5a5a, infos[0].size);
	query = good;
	query.info_size = sizeof(infos[0]) + 16;
	ASSERT_EQ(0, ioctl(fd, SEV_FW_QUERY, &query));
	EXPECT_EQ(0, memcmp(infos, self->infos, sizeof(infos[0])));
	EXPECT_EQ(0, infos[1].id);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5aull, infos[1].user[0]);
}

HOST_TESTS_MAIN
