// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays of commands: that they do what the same commands do one by one, and no more; that
 * bad ones are refused before anything is done, or tell exactly how far they went; that
 * others get their turn; that the end of the firmware, or of the caller, in the middle
 * leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/migrate.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define MANY		64
#define RAM		(2 << 20)
#define SHORT		48	/* bytes of a short packet */
#define PACKETS		16
#define NOBODY		65534

struct statuses {
	struct sev_fw_door door;
	struct sev_fw_cmd cmds[SEV_FW_ARRAY_MAX];
	struct sev_fw_platform_status blocks[SEV_FW_ARRAY_MAX];
	struct sev_fw_array array;
	uint32_t executed;	/* before */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static uint32_t executed(void)
{
	return host_swpsp() ? host_counter(SWPSP_BAR_COUNT(SEV_FW_PLATFORM_STATUS)) : 0;
}

/* An array of PLATFORM_STATUS. */
static void fill(struct statuses *s, int fd, uint32_t count)
{
	memset(s, 0, sizeof(*s));
	s->door = sev_fw_door_dev(fd, -1);
	for (size_t i = 0; i < SEV_FW_ARRAY_MAX; i++)
		s->cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_PLATFORM_STATUS), .len = sizeof(s->blocks[i]),
			.data = addr_of(&s->blocks[i]), .error = 77, .fd = -1,
		};
	s->array = (struct sev_fw_array){
		.cmds = addr_of(s->cmds), .count = count, .done = 77,
	};
	s->executed = executed();
}

static int issue(struct statuses *s)
{
	return ioctl(s->door.fd, SEV_FW_ISSUE_MANY, &s->array) ? -errno : 0;
}

/* How many envelopes say that the firmware has succeeded. */
static uint32_t succeeded(const struct statuses *s)
{
	uint32_t i, n = 0;

	for (i = 0; i < SEV_FW_ARRAY_MAX; i++)
		n += !s->cmds[i].error;
	return n;
}

FIXTURE(array) {
	struct statuses *s;
	int fd;
};

/* Commands go by the mailbox, or many at a time by the firmware's ring. */
FIXTURE_VARIANT(array) {
	const char *ring;
	uint32_t ahead;	/* how many the firmware may have been given after one that fails */
	long pages;	/* that a firmware keeps which does not answer, beside the TMR */
};

FIXTURE_VARIANT_ADD(array, mailbox) {
	.ring = "off", .ahead = 1, .pages = 1,
};

FIXTURE_VARIANT_ADD(array, ring) {
	.ring = "on", .ahead = 64, .pages = 4,
};

FIXTURE_SETUP(array)
{
	HOST_NEEDS(HOST_SEV | HOST_FW);
	self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->s = calloc(1, sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	psp_ring_use(variant->ring);
}

FIXTURE_TEARDOWN(array)
{
	psp_ring_use("off");
	free(self->s);
	close(self->fd);
}

TEST_F(array, each_command_is_executed_and_answers_for_itself)
{
	static const uint32_t counts[] = { 1, 2, 3, MANY, SEV_FW_ARRAY_MAX };
	struct statuses *s = self->s;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		fill(s, self->fd, counts[i]);
		EXPECT_EQ(0, issue(s));
		EXPECT_EQ(counts[i], s->array.done);
		EXPECT_EQ(counts[i], succeeded(s));
		for (uint32_t j = 0; j < counts[i]; j++)
			ASSERT_NE(0, s->blocks[j].api_major);
		if (host_swpsp())
			EXPECT_LE(counts[i], executed() - s->executed);
	}
}

/* Refused as a whole: nothing is executed, and all envelopes are as they were. */
#define REFUSED_WHOLE(err)							\
	do {									\
		EXPECT_EQ(-(err), issue(s));					\
		EXPECT_EQ(0, succeeded(s));					\
		EXPECT_EQ(77, s->cmds[0].error);				\
	} while (0)

TEST_F(array, a_bad_count_is_refused)
{
	static const uint32_t counts[] = { 0, SEV_FW_ARRAY_MAX + 1, 0x0aaaaaab, 0xffffffff };
	struct statuses *s = self->s;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		fill(s, self->fd, counts[i]);
		REFUSED_WHOLE(EINVAL);
	}
}

TEST_F(array, what_is_reserved_is_refused)
{
	struct statuses *s = self->s;

	fill(s, self->fd, MANY);
	s->array.flags = 0x2;
	REFUSED_WHOLE(EINVAL);
	fill(s, self->fd, MANY);
	s->array.reserved = 1;
	REFUSED_WHOLE(EINVAL);
	fill(s, self->fd, MANY);
	s->cmds[MANY - 1].id |= 0x10000;
	REFUSED_WHOLE(EINVAL);
}

TEST_F(array, memory_that_is_not_there_is_refused)
{
	struct statuses *s = self->s;

	fill(s, self->fd, MANY);
	s->array.cmds = 8;
	REFUSED_WHOLE(EFAULT);
	s->array.cmds = ~0ull - 7;
	REFUSED_WHOLE(EFAULT);
	EXPECT_EQ(-1, ioctl(self->fd, SEV_FW_ISSUE_MANY, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(array, commands_for_different_files_are_refused)
{
	struct statuses *s = self->s;

	fill(s, self->fd, MANY);
	s->cmds[MANY - 1].fd = self->fd;
	REFUSED_WHOLE(EINVAL);
}

TEST_F(array, what_starts_a_guest_or_changes_the_platform_is_refused)
{
	static const uint32_t ids[] = {
		SEV_FW_LAUNCH_START, SEV_FW_RECEIVE_START, SEV_FW_PEK_GEN, SEV_FW_PDH_GEN,
		SEV_FW_PLATFORM_RESET, SEV_FW_INIT, SEV_FW_SHUTDOWN, SEV_FW_DF_FLUSH,
		SEV_FW_ACTIVATE, SEV_FW_DECOMMISSION,
	};
	struct statuses *s = self->s;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		fill(s, self->fd, MANY);
		s->cmds[MANY / 2].id = SEV_FW_CMD(ids[i]);
		REFUSED_WHOLE(EPERM);
	}
	fill(s, self->fd, MANY);
	s->cmds[MANY / 2].id = SEV_FW_CMD(SEV_FW_ARRAY_ID);
	REFUSED_WHOLE(EOPNOTSUPP);
	fill(s, self->fd, MANY);
	s->cmds[MANY / 2].id = SEV_FW_CMD(0x7ff);
	REFUSED_WHOLE(EOPNOTSUPP);
}

TEST_F(array, the_first_failure_is_the_end)
{
	static const uint32_t at[] = { 0, 1, MANY / 2, MANY - 1 };
	struct statuses *s = self->s;

	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		fill(s, self->fd, MANY);
		s->blocks[at[i]].state = 1;
		EXPECT_EQ(-EINVAL, issue(s));
		EXPECT_EQ(at[i], s->array.done);
		EXPECT_EQ(at[i], succeeded(s));
		EXPECT_EQ(SEV_FW_NO_CALL, s->cmds[at[i]].error);
		EXPECT_EQ(SEV_FW_NO_CALL, s->cmds[MANY - 1].error);
	}
}

TEST_F(array, it_goes_on_if_told_so)
{
	struct statuses *s = self->s;

	fill(s, self->fd, MANY);
	s->array.flags = SEV_FW_ARRAY_GO_ON;
	s->blocks[3].state = 1;
	s->cmds[MANY - 1].len = 1;
	EXPECT_EQ(-EINVAL, issue(s));
	EXPECT_EQ(MANY, s->array.done);
	EXPECT_EQ(MANY - 2, succeeded(s));
	EXPECT_EQ(SEV_FW_NO_CALL, s->cmds[3].error);
}

TEST_F(array, what_the_firmware_refuses_is_the_end_and_no_more_is_executed)
{
	static const uint32_t at[] = { 0, 1, 2, MANY / 2, MANY - 1 };
	struct statuses *s = self->s;

	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		ASSERT_EQ(0, fault_refuse(SEV_FW_PLATFORM_STATUS, at[i], 0x13));
		fill(s, self->fd, MANY);
		EXPECT_EQ(-EIO, issue(s));
		EXPECT_EQ(at[i], s->array.done);
		EXPECT_EQ(0x13, s->cmds[at[i]].error);
		EXPECT_EQ(at[i], succeeded(s));
		EXPECT_EQ(at[i] + 1, executed() - s->executed);
	}
	ASSERT_EQ(0, fault_clear());
}

/* Envelopes that are in each other's blocks, or all have the same one. */
TEST_F(array, blocks_that_overlap_hurt_nobody)
{
	struct statuses *s = self->s;

	fill(s, self->fd, MANY);
	for (int i = 0; i < MANY; i++)
		s->cmds[i].data = addr_of(&s->blocks[0]);
	issue(s);
	EXPECT_GE(MANY, s->array.done);
	EXPECT_LE(s->array.done, succeeded(s));

	fill(s, self->fd, MANY);
	for (int i = 0; i < MANY; i++)
		s->cmds[i].data = addr_of(&s->cmds[i]);
	issue(s);
	EXPECT_GE(MANY, s->array.done);
	fill(s, self->fd, MANY);
	EXPECT_EQ(0, issue(s));
}

/* Others */

static void serve_in_us(uint32_t us)
{
	if (host_swpsp())
		__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

static pid_t array_in_child(struct statuses *s)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!!issue(s));
	return pid;
}

TEST_F(array, another_caller_waits_for_few_commands_only)
{
	struct platform p = { .fd = self->fd };
	struct sev_fw_platform_status status;
	double worst = 0, alone, began;
	int code;
	pid_t pid;

	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	serve_in_us(1000);
	fill(self->s, self->fd, 10);
	began = now();
	ASSERT_EQ(0, issue(self->s));
	alone = now() - began;
	fill(self->s, self->fd, 1000);
	pid = array_in_child(self->s);
	usleep(50000);
	for (int i = 0; i < 20; i++) {
		began = now();
		EXPECT_EQ(0, platform_status(&p, &status));
		if (now() - began > worst)
			worst = now() - began;
	}
	EXPECT_EQ(0, waitpid(pid, &code, WNOHANG));
	serve_in_us(0);
	EXPECT_EQ(pid, waitpid(pid, &code, 0));
	EXPECT_EQ(0, code);
	/* a hundred times as long takes the array; the rest is for a machine that is busy */
	EXPECT_GT(0.05 + 3 * alone, worst);
	TH_LOG("at worst %.1f ms beside commands of %.1f ms", worst * 1000, alone * 100);
}

TEST_F(array, it_ends_with_its_caller)
{
	int code;
	pid_t pid;

	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	fill(self->s, self->fd, SEV_FW_ARRAY_MAX);
	serve_in_us(1000);
	pid = array_in_child(self->s);
	usleep(100000);
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &code, 0));
	EXPECT_TRUE(WIFSIGNALED(code));
	serve_in_us(0);
	EXPECT_GT(SEV_FW_ARRAY_MAX / 2, executed() - self->s->executed);
	fill(self->s, self->fd, MANY);
	EXPECT_EQ(0, issue(self->s));
}

static void *unmap(void *blocks)
{
	usleep(20000);
	munmap(blocks, PAGE);
	return NULL;
}

TEST_F(array, blocks_that_are_unmapped_meanwhile_end_it_with_an_exact_count)
{
	struct statuses *s = self->s;
	pthread_t thread;
	uint8_t *blocks;
	int ret;

	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	fill(s, self->fd, 200);
	blocks = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, blocks);
	for (int i = 0; i < 200; i++)
		s->cmds[i].data = addr_of(blocks + i * 16);
	serve_in_us(500);
	ASSERT_EQ(0, pthread_create(&thread, NULL, unmap, blocks));
	ret = issue(s);
	pthread_join(thread, NULL);
	serve_in_us(0);
	EXPECT_EQ(-EFAULT, ret);
	EXPECT_GT(200, s->array.done);
	/* the one whose answer could not be written, and those that the firmware had by then */
	EXPECT_LE(s->array.done, succeeded(s));
	EXPECT_GE(s->array.done + 1 + variant->ahead, succeeded(s));
	EXPECT_EQ(succeeded(s), executed() - s->executed);
}

TEST_F_TIMEOUT(array, a_firmware_that_dies_in_the_middle_is_told_exactly, 900)
{
	static const uint32_t at[] = { 0, 1, MANY / 2 };
	static const char * const params[] = { "psp_timeout=1", NULL };
	struct statuses *s = self->s;
	/* with SNP there is no ring */
	long pages, kept = host_snp() ? HOST_BLOCK_PAGES : variant->pages;

	if (drivers_missing())
		SKIP(return, "%s", drivers_missing());
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		close(self->fd);
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, drivers_load(params));
		psp_ring_use(variant->ring);
		self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
		pages = psp_attr_number("quarantined_pages");
		ASSERT_EQ(0, fault_arm(&(struct fault){
			.id = SEV_FW_PLATFORM_STATUS, .kind = SWPSP_FAULT_HANG, .after = at[i] }));
		fill(s, self->fd, MANY);
		EXPECT_EQ(-ETIMEDOUT, issue(s));
		EXPECT_EQ(at[i], s->array.done);
		EXPECT_EQ(at[i], succeeded(s));
		EXPECT_EQ(1, psp_attr_number("dead"));
		/* the command buffer or the ring, the TMR, and nothing of the array's */
		EXPECT_EQ(pages + kept + host_tmr_pages(),
			  psp_attr_number("quarantined_pages"));
		fill(s, self->fd, MANY);
		EXPECT_EQ(-ESHUTDOWN, issue(s));
		EXPECT_EQ(0, s->array.done);
		ASSERT_EQ(0, fault_clear());
	}
	close(self->fd);
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(NULL));
	self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
}

/* Guests */

FIXTURE(guest) {
	struct launch l;
};

FIXTURE_VARIANT(guest) {
	bool by_dev;
	const char *ring;
};

FIXTURE_VARIANT_ADD(guest, vm) {
	.by_dev = false, .ring = "off",
};

FIXTURE_VARIANT_ADD(guest, dev) {
	.by_dev = true, .ring = "off",
};

FIXTURE_VARIANT_ADD(guest, ring) {
	.by_dev = false, .ring = "on",
};

FIXTURE_SETUP(guest)
{
	HOST_NEEDS(HOST_SEV | HOST_FW);
	psp_ring_use(variant->ring);
}

FIXTURE_TEARDOWN(guest)
{
	psp_ring_use("off");
	launch_close(&self->l);
}

/* Memory that is loaded page by page in an array is measured as if it were loaded at once. */
TEST_F(guest, pages_of_an_array_are_measured_in_their_order)
{
	struct sev_fw_launch_update_data blocks[MANY] = {};
	struct sev_fw_cmd cmds[MANY] = {};
	struct launch *l = &self->l;
	struct sev_fw_door door;
	uint32_t done;

	GOES(guest_new(l, 0, variant->by_dev, RAM));
	GOES(launch_session(l));
	GOES(launch_start(l));
	for (int i = 0; i < MANY; i++) {
		memory_fill(l->vm.memory + i * PAGE, PAGE, i + 1);
		blocks[i].address = addr_of(l->vm.memory + i * PAGE);
		blocks[i].len = PAGE;
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_LAUNCH_UPDATE_DATA), .len = sizeof(blocks[i]),
			.data = addr_of(&blocks[i]),
		};
		owner_digest_update(l->digest, l->vm.memory + i * PAGE, PAGE);
	}
	door = launch_door(l);
	EXPECT_EQ(0, sev_fw_issue_many(&door, cmds, MANY, 0, &done));
	EXPECT_EQ(MANY, done);
	for (int i = 0; i < MANY; i++) {
		EXPECT_EQ(0, cmds[i].error);
		EXPECT_EQ(PAGE, blocks[i].len);
		EXPECT_EQ(addr_of(l->vm.memory + i * PAGE), blocks[i].address);
		EXPECT_EQ(0, blocks[i].handle);
	}
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

/* A vCPU's save area is locked while the firmware has it: once, and not for ever. */
TEST_F(guest, save_areas_of_vcpus_are_lent_one_at_a_time_and_given_back)
{
	static struct migrate_packet packets[2];
	struct sev_fw_send_update_vmsa vmsa[2] = {};
	struct sev_fw_send_finish unlike = { .handle = 1 };
	struct sev_fw_cmd cmds[2] = {}, swapped[2];
	struct launch *l = &self->l;
	struct migrate_target shown;
	struct migrate_session session;
	struct sev_fw_door door;
	uint32_t done;

	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_ES);
	GOES(guest_running(l, OWNER_POLICY_ES, variant->by_dev, RAM));
	GOES(migrate_target(l, NULL, &shown));
	GOES(migrate_send_start(l, &shown, &session));
	for (int i = 0; i < 2; i++) {
		vmsa[i] = (struct sev_fw_send_update_vmsa){
			.hdr_address = addr_of(packets[i].header),
			.hdr_len = sizeof(packets[i].header), .guest_len = SEV_FW_VMSA_SIZE,
			.trans_address = addr_of(packets[i].data), .trans_len = SEV_FW_VMSA_SIZE,
		};
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_SEND_UPDATE_VMSA), .len = sizeof(vmsa[i]),
			.data = addr_of(&vmsa[i]),
		};
	}
	door = launch_door(l);
	/* the same vCPU twice */
	EXPECT_EQ(0, sev_fw_issue_many(&door, cmds, 2, 0, &done));
	EXPECT_EQ(2, done);
	/* memory that is not there is found out after a save area has been lent */
	vmsa[0].trans_address = 8;
	EXPECT_EQ(-EFAULT, sev_fw_issue_many(&door, cmds, 2, SEV_FW_ARRAY_GO_ON, &done));
	EXPECT_EQ(0, cmds[1].error);
	vmsa[0].trans_address = addr_of(packets[0].data);
	/* a command that is called off, since the one before it has failed */
	swapped[0] = (struct sev_fw_cmd){
		.id = SEV_FW_CMD(SEV_FW_SEND_FINISH), .len = sizeof(unlike),
		.data = addr_of(&unlike),
	};
	swapped[1] = cmds[1];
	EXPECT_EQ(-EINVAL, sev_fw_issue_many(&door, swapped, 2, 0, &done));
	EXPECT_EQ(0, sev_fw_issue_many(&door, cmds, 2, 0, &done));
}

/* Two commands whose memory may not be locked at a time: the first one's failure is the end. */
TEST_F(guest, a_failure_is_the_end_also_if_memory_of_one_may_be_locked)
{
	const uint32_t offset = SWPSP_BAR_COUNT(SEV_FW_LAUNCH_UPDATE_DATA);
	struct sev_fw_launch_update_data blocks[2] = {};
	struct rlimit limit = { RAM + PAGE, RAM + PAGE };	/* all RAM is locked already */
	struct sev_fw_cmd cmds[2] = {};
	struct launch *l = &self->l;
	struct sev_fw_door door;
	uint32_t done, before;

	if (geteuid() || !host_swpsp())
		SKIP(return, "needs the simulated PSP, and privileges to be given up");
	GOES(guest_started(l, variant->by_dev, RAM));
	for (int i = 0; i < 2; i++) {
		blocks[i].address = addr_of(l->vm.memory + i * PAGE);
		blocks[i].len = PAGE;
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_LAUNCH_UPDATE_DATA), .len = sizeof(blocks[i]),
			.data = addr_of(&blocks[i]),
		};
	}
	door = launch_door(l);
	before = host_counter(offset);
	ASSERT_EQ(0, fault_refuse(SEV_FW_LAUNCH_UPDATE_DATA, 0, 0x13));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(-EIO, sev_fw_issue_many(&door, cmds, 2, 0, &done));
	EXPECT_EQ(0, done);
	EXPECT_EQ(0x13, cmds[0].error);
	EXPECT_EQ(SEV_FW_NO_CALL, cmds[1].error);
	EXPECT_EQ(1, host_counter(offset) - before);
	/* each of them may be locked alone; the length told that nothing was done */
	EXPECT_EQ(0, blocks[0].len);
	blocks[0].len = PAGE;
	EXPECT_EQ(0, sev_fw_issue_many(&door, cmds, 2, 0, &done));
	EXPECT_EQ(2, done);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, fault_clear());
}

TEST_F(guest, a_block_without_outputs_may_be_where_nothing_can_be_written)
{
	static const struct sev_fw_launch_finish finish;
	struct launch *l = &self->l;

	GOES(guest_started(l, variant->by_dev, RAM));
	GOES(launch_update(l));
	GOES(launch_measure(l));
	GOES(launch_issue(l, SEV_FW_LAUNCH_FINISH, (void *)&finish, sizeof(finish)));
}

/* A load of scattered memory takes a command for each page, and minutes on a slow PSP. */
TEST_F(guest, a_load_of_many_pages_ends_with_its_caller)
{
	const uint32_t pages = 512, offset = SWPSP_BAR_COUNT(SEV_FW_LAUNCH_UPDATE_DATA);
	struct sev_fw_launch_update_data block = { .len = pages * PAGE };
	uint32_t before;
	uint8_t *memory;
	int code;
	pid_t pid;

	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	before = host_counter(offset);
	pid = fork();
	if (!pid) {
		/* here, since a child that writes to its parent's pages gets others */
		memory = memory_scattered(pages);
		block.address = addr_of(memory);
		if (memory_runs(memory, pages * PAGE) < 100 ||
		    guest_started(&self->l, variant->by_dev, RAM))
			_exit(1);
		serve_in_us(10000);
		_exit(!!ISSUE(&self->l, LAUNCH_UPDATE_DATA, block));
	}
	for (int i = 0; i < 10000 && host_counter(offset) - before < 3; i++)
		usleep(1000);
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &code, 0));
	EXPECT_TRUE(WIFSIGNALED(code));
	serve_in_us(0);
	EXPECT_LE(3, host_counter(offset) - before);
	EXPECT_GT(50, host_counter(offset) - before);
}

/*
 * Each packet of an array is what it would be alone: the other side takes it. Each third one is
 * short, and comes out of memory that a long one has been in: nothing of that is left behind it,
 * where the firmware has written nothing and the caller has room.
 */
TEST_F(guest, packets_of_an_array_arrive)
{
	static struct migrate_packet packets[PACKETS];
	struct sev_fw_send_update_data blocks[PACKETS] = {};
	struct sev_fw_cmd cmds[PACKETS] = {};
	static struct launch target;
	struct migrate_target shown;
	struct migrate_session session;
	struct launch *l = &target;
	struct sev_fw_door door;
	uint8_t seen[PAGE], text[PAGE];
	uint32_t done, len;

	GOES(guest_running(&self->l, 0, variant->by_dev, RAM));
	for (int i = 0; i < PACKETS; i++) {
		len = i % 3 == 1 ? SHORT : PAGE;
		memory_fill(text, PAGE, i + 1);
		GOES(guest_poke(&self->l, self->l.vm.memory + i * PAGE, text, PAGE, NULL));
		blocks[i] = (struct sev_fw_send_update_data){
			.hdr_address = addr_of(packets[i].header),
			.hdr_len = sizeof(packets[i].header),
			.guest_address = addr_of(self->l.vm.memory + i * PAGE), .guest_len = len,
			.trans_address = addr_of(packets[i].data), .trans_len = PAGE,
		};
		packets[i].len = len;
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_SEND_UPDATE_DATA), .len = sizeof(blocks[i]),
			.data = addr_of(&blocks[i]),
		};
	}
	GOES(guest_new(l, 0, variant->by_dev, RAM));
	GOES(migrate_target(l, NULL, &shown));
	GOES(migrate_send_start(&self->l, &shown, &session));
	GOES(migrate_receive_start(l, &session));
	door = launch_door(&self->l);
	EXPECT_EQ(0, sev_fw_issue_many(&door, cmds, PACKETS, 0, &done));
	EXPECT_EQ(PACKETS, done);
	for (int i = 1; i < PACKETS; i += 3)
		for (size_t at = SHORT; at < PAGE; at++)
			ASSERT_EQ(0, packets[i].data[at]);
	for (int i = 0; i < PACKETS; i++)
		GOES(migrate_receive_data(l, i * PAGE, &packets[i]));
	GOES(migrate_receive_finish(l));
	for (int i = 0; i < PACKETS; i++) {
		memory_fill(text, PAGE, i + 1);
		GOES(guest_peek(l, l->vm.memory + i * PAGE, seen, PAGE, NULL));
		EXPECT_EQ(0, memcmp(seen, text, packets[i].len));
	}
	launch_close(&target);
}

TEST_HARNESS_MAIN
