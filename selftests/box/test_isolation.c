// SPDX-License-Identifier: GPL-2.0
/*
 * Things that one user of the PSP must not reach or learn by pass-through: another VM's
 * guest, a guest of a process that is not its VMM, a physical address.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "common.h"
#include "guest.h"
#include "host.h"

#define RAM		(2 << 20)
#define FILL		0xa5

FIXTURE(isolation) {
	struct launch a, b;	/* two guests, just started */
	uint8_t *blob;		/* host memory for outputs */
	struct sev_fw_cmd_info infos[INFOS_MAX];
	uint32_t count;
};

/* Through which door the guests are spoken to */
FIXTURE_VARIANT(isolation) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(isolation, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(isolation, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(isolation)
{
	struct sev_fw_door door;
	struct sev_fw_query query;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	ASSERT_EQ(0, guest_loaded(&self->a, variant->by_dev, RAM));
	ASSERT_EQ(0, guest_loaded(&self->b, variant->by_dev, RAM));
	ASSERT_EQ(0, launch_start(&self->a));
	ASSERT_EQ(0, launch_start(&self->b));
	self->blob = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->blob);
	door = launch_door(&self->a);
	ASSERT_EQ(0, sev_fw_query(&door, &query, self->infos, INFOS_MAX));
	self->count = query.count;
	ASSERT_GE(INFOS_MAX, self->count);
}

FIXTURE_TEARDOWN(isolation)
{
	launch_close(&self->a);
	launch_close(&self->b);
}

static uint32_t state_of(struct launch *l)
{
	uint32_t policy, state;

	return l->ops->state(l, &policy, &state) ? ~0u : state;
}

/* A command on one guest must not touch the other. */
TEST_F(isolation, two_guests)
{
	ASSERT_EQ(0, launch_update(&self->a));
	ASSERT_EQ(0, launch_measure(&self->a));
	EXPECT_EQ(GUEST_LSECRET, state_of(&self->a));
	EXPECT_EQ(GUEST_LUPDATE, state_of(&self->b));
	ASSERT_EQ(0, launch_finish(&self->a));
	EXPECT_EQ(GUEST_RUNNING, state_of(&self->a));
	EXPECT_EQ(GUEST_LUPDATE, state_of(&self->b));
	launch_close(&self->a);
	EXPECT_EQ(GUEST_LUPDATE, state_of(&self->b));
	ASSERT_EQ(0, launch_update(&self->b));
}

TEST_F(isolation, one_start_for_each)
{
	struct sev_fw_door door = launch_door(&self->a);
	struct sev_fw_launch_start start = { 0 };
	uint32_t status;

	EXPECT_EQ(-EBUSY, sev_fw_issue(&door, SEV_FW_LAUNCH_START, &start, sizeof(start),
				       &status));
	EXPECT_EQ(SEV_FW_NO_CALL, status);
	EXPECT_EQ(0, start.handle);
	EXPECT_EQ(GUEST_LUPDATE, state_of(&self->a));
	ASSERT_EQ(0, launch_update(&self->a));
}

/*
 * A guest belongs to the process that has made the VM: the addresses in a block
 * are that process's. A child of that, with the same files, can do nothing to the guest.
 */
TEST_F(isolation, other_process)
{
	struct sev_fw_door door = launch_door(&self->a);
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (uint32_t i = 0; i < self->count; i++) {
			struct sev_fw_cmd_info *info = &self->infos[i];
			uint8_t block[SEV_FW_BLOCK_MAX] = { 0 };
			uint32_t fw;

			if (!(info->flags & SEV_FW_INFO_GUEST))
				continue;
			if (!sev_fw_issue(&door, info->id & ~SEV_FW_PASSTHROUGH, block,
					  info->size, &fw) || fw != SEV_FW_NO_CALL)
				_exit(1);
		}
		/* nor by the legacy ioctls */
		self->a.ops = &launch_legacy;
		_exit(!launch_update(&self->a));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	/* and the parent is not disturbed by the attempt */
	ASSERT_EQ(0, launch_update(&self->a));
	ASSERT_EQ(0, launch_measure(&self->a));
}

/* A child that has only inherited the files keeps the guest alive, as any file. */
TEST_F(isolation, guest_dies_with_last_file)
{
	struct host_use before, after;
	int pipes[2], status;
	char c;
	pid_t pid;

	ASSERT_EQ(0, host_use(&before));
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(pipes[1]);
		_exit(read(pipes[0], &c, 1) != 0);
	}
	launch_close(&self->a);
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(before.guests, after.guests);
	close(pipes[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(before.guests - 1, after.guests);
}

/* Blocks */

static void put(uint8_t *block, unsigned int offset, uint64_t value, size_t size)
{
	memcpy(block + offset, &value, size);
}

/* Outputs that are no lengths: everything else must come back as it was given. */
static const struct {
	uint32_t id;
	uint8_t offset, size;
} outputs[] = {
	{ SEV_FW_LAUNCH_START,		0x00, 4 },
	{ SEV_FW_RECEIVE_START,		0x00, 4 },
	{ SEV_FW_GUEST_STATUS,		0x04, 4 },
	{ SEV_FW_GUEST_STATUS,		0x0c, 1 },
	{ SEV_FW_SEND_START,		0x04, 4 },
	{ SEV_FW_PLATFORM_STATUS,	0x00, 12 },
};

static bool may_change(const struct sev_fw_cmd_info *info, unsigned int byte)
{
	for (int i = 0; i < SEV_FW_BUFS; i++)
		if (info->buf[i].kind && info->buf[i].len < SEV_FW_BLOCK_MAX &&
		    byte >= info->buf[i].len && byte < info->buf[i].len + 4u)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		if (SEV_FW_CMD(outputs[i].id) == info->id && byte >= outputs[i].offset &&
		    byte < outputs[i].offset + outputs[i].size)
			return true;
	return false;
}

/* Buffers of @len bytes each, except where firmware knows one right length. */
static void make_block(FIXTURE_DATA(isolation) *self, struct launch *l,
		       const struct sev_fw_cmd_info *info, uint32_t len, uint8_t *block)
{
	memset(block, 0, SEV_FW_BLOCK_MAX);
	for (int i = 0; i < SEV_FW_BUFS; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];
		uintptr_t addr = (uintptr_t)self->blob + i * 2 * PAGE;

		if (buf->kind == SEV_FW_BUF_NONE)
			continue;
		if (buf->kind == SEV_FW_BUF_GUEST)
			addr = (uintptr_t)l->vm.memory + 0x10000 + i * PAGE;
		put(block, buf->addr, addr, sizeof(uint64_t));
		if (buf->len < SEV_FW_BLOCK_MAX)
			put(block, buf->len, len, sizeof(uint32_t));
	}
}

static void expect_clean(struct __test_metadata *_metadata, const struct sev_fw_cmd_info *info,
			 const uint8_t *given, const uint8_t *got)
{
	for (unsigned int i = 0; i < info->size; i++) {
		if (may_change(info, i))
			continue;
		EXPECT_EQ(given[i], got[i]) {
			TH_LOG("%s: byte %u has changed", info->name, i);
		}
	}
}

/* Each command in each state that a launch goes through, refused or not. */
static void issue_all(struct __test_metadata *_metadata, FIXTURE_DATA(isolation) *self,
		      struct launch *l)
{
	static const uint32_t lengths[] = { 16, 48, 0xd0 };
	struct sev_fw_door door = launch_door(l);
	uint8_t given[SEV_FW_BLOCK_MAX], got[SEV_FW_BLOCK_MAX];

	for (uint32_t i = 0; i < self->count; i++) {
		const struct sev_fw_cmd_info *info = &self->infos[i];
		uint32_t id = info->id & ~SEV_FW_PASSTHROUGH;

		/* those that move the launch on are issued by the test itself */
		if (!(info->flags & SEV_FW_INFO_GUEST) || id == SEV_FW_LAUNCH_MEASURE ||
		    id == SEV_FW_LAUNCH_FINISH)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			make_block(self, l, info, lengths[j], given);
			memcpy(got, given, sizeof(got));
			sev_fw_issue(&door, id, got, info->size, NULL);
			expect_clean(_metadata, info, given, got);
		}
	}
}

TEST_F(isolation, no_physical_address)
{
	struct sev_fw_launch_measure measure = {
		.address = (uintptr_t)self->blob, .len = SEV_FW_MEASURE_SIZE,
	};
	struct sev_fw_launch_start start = { 0 };
	struct sev_fw_door door = launch_door(&self->b);
	struct launch fresh;

	issue_all(_metadata, self, &self->b);
	ASSERT_EQ(0, sev_fw_issue(&door, SEV_FW_LAUNCH_MEASURE, &measure, sizeof(measure), NULL));
	EXPECT_EQ((uintptr_t)self->blob, measure.address);
	EXPECT_EQ(0, measure.handle);
	EXPECT_EQ(0, measure.reserved);
	issue_all(_metadata, self, &self->b);
	ASSERT_EQ(0, launch_finish(&self->b));
	issue_all(_metadata, self, &self->b);

	/* a handle is told once, by START, for information */
	ASSERT_EQ(0, guest_loaded(&fresh, variant->by_dev, RAM));
	issue_all(_metadata, self, &fresh);
	door = launch_door(&fresh);
	sev_fw_issue(&door, SEV_FW_LAUNCH_START, &start, sizeof(start), NULL);
	EXPECT_EQ(0, start.dh_address);
	EXPECT_EQ(0, start.session_address);
	launch_close(&fresh);
}

/* Outputs end where the caller, or firmware, says; what is behind stays. */
TEST_F(isolation, no_byte_too_many)
{
	struct launch *l = &self->a;
	struct sev_fw_door door = launch_door(l);
	struct sev_fw_launch_measure measure = { 0 };
	struct sev_fw_attestation report = { 0 };
	struct sev_fw_pdh_cert_export export = { 0 };
	struct sev_fw_door platform = sev_fw_door_dev(l->sev_fd, -1);
	uint8_t *out = self->blob;

	memset(out, FILL, 8 * PAGE);
	export.pdh_address = (uintptr_t)out;
	export.pdh_len = SEV_FW_CERT_SIZE - 1;
	export.chain_address = (uintptr_t)out + PAGE;
	export.chain_len = SEV_FW_CHAIN_SIZE;
	EXPECT_EQ(-EIO, sev_fw_issue(&platform, SEV_FW_PDH_CERT_EXPORT, &export, sizeof(export),
				     NULL));
	EXPECT_EQ(SEV_FW_CERT_SIZE, export.pdh_len);
	for (size_t i = 0; i < 8 * PAGE; i++)
		ASSERT_EQ(FILL, out[i]);

	measure.address = (uintptr_t)out;
	measure.len = SEV_FW_MEASURE_SIZE - 1;
	EXPECT_EQ(-EIO, sev_fw_issue(&door, SEV_FW_LAUNCH_MEASURE, &measure, sizeof(measure),
				     NULL));
	for (size_t i = 0; i < 8 * PAGE; i++)
		ASSERT_EQ(FILL, out[i]);

	/* the firmware does not say here how much it wrote: all of the room is its answer */
	measure.len = 3 * PAGE;
	ASSERT_EQ(0, sev_fw_issue(&door, SEV_FW_LAUNCH_MEASURE, &measure, sizeof(measure), NULL));
	for (size_t i = SEV_FW_MEASURE_SIZE; i < 8 * PAGE; i++)
		ASSERT_EQ(i < 3 * PAGE ? 0 : FILL, out[i]);

	memset(out, FILL, 8 * PAGE);
	report.address = (uintptr_t)out;
	report.len = 3 * PAGE;
	ASSERT_EQ(0, sev_fw_issue(&door, SEV_FW_ATTESTATION, &report, sizeof(report), NULL));
	EXPECT_EQ(SEV_FW_REPORT_SIZE, report.len);
	for (size_t i = SEV_FW_REPORT_SIZE; i < 8 * PAGE; i++)
		ASSERT_EQ(FILL, out[i]);
}

HOST_TESTS_MAIN
