// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's ring: when it is used, and left; that a firmware which has none, or answers
 * late, wrongly or never, at each position, costs no more than it must; that callers beside
 * each other do not spoil each other's commands. Arrays in a ring are in test_array.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "patience.h"
#include "steps.h"

#define MANY		200
#define FEW		10
#define SLOW_US		500	/* a firmware that sleepers are better off with */
#define RAM		(2 << 20)
#define RING_PAGES	4
#define ANSWER_S	10	/* no command of the software PSP takes that long */
/* The driver's PSP_TURN_NS: after another caller has had the PSP it enters no ring for so long. */
#define TURN_S		0.002

/* Registers of the PSP that the box has unless told otherwise, in the mailbox and in a ring */
#define PCI_ID		0x14ca
#define CMDRESP		0x10980
#define ADDR_LO		0x109e0
#define ADDR_HI		0x109e4
#define RESPONSE	0x80000000u
#define IN_RING		0xe0000000u

struct many {
	struct sev_fw_cmd cmds[MANY];
	struct sev_fw_platform_status blocks[MANY];
	struct sev_fw_array array;
	uint32_t executed;	/* before */
};

static uint32_t executed(uint32_t id)
{
	return host_counter(SWPSP_BAR_COUNT(id));
}

static void serve_in_us(uint32_t us)
{
	__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* An array of PLATFORM_STATUS. */
static int issue_some(struct many *m, int fd, uint32_t count, uint32_t flags)
{
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < MANY; i++)
		m->cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(SEV_FW_PLATFORM_STATUS), .len = sizeof(m->blocks[i]),
			.data = addr_of(&m->blocks[i]), .error = 77, .fd = -1,
		};
	m->array = (struct sev_fw_array){
		.cmds = addr_of(m->cmds), .count = count, .flags = flags,
	};
	m->executed = executed(SEV_FW_PLATFORM_STATUS);
	return ioctl(fd, SEV_FW_ISSUE_MANY, &m->array) ? -errno : 0;
}

static int issue_many(struct many *m, int fd)
{
	return issue_some(m, fd, MANY, 0);
}

static uint32_t succeeded(const struct many *m)
{
	uint32_t n = 0;

	for (size_t i = 0; i < MANY; i++)
		n += !m->cmds[i].error;
	return n;
}

FIXTURE(ring) {
	struct many *m;
	int fd;
	bool spoilt;	/* the drivers must be loaded anew */
	long before;	/* commands that had gone by the ring */
	long rechecked;	/* answers whose interrupt had got lost */
};

/* Other drivers, for a test after which they are of no use. */
static int load_for_once(struct _test_data_ring *self)
{
	static const char * const params[] = { "psp_timeout=1", NULL };
	int ret;

	self->spoilt = true;
	close(self->fd);
	ret = drivers_unload();
	if (!ret)
		ret = drivers_load(params);
	self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->before = 0;
	return ret ? ret : psp_ring_use("on");
}

FIXTURE_SETUP(ring)
{
	struct sev_fw_platform_status status;
	struct platform p;

	if (!host_swpsp())
		SKIP_SETUP("needs the simulated PSP");
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	if (host_snp())
		SKIP_SETUP("on a host for SNP the driver does not use the ring");
	self->m = calloc(1, sizeof(*self->m));
	ASSERT_NE(NULL, self->m);
	self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, psp_ring_use("on"));
	self->before = psp_waits("ring");
	self->rechecked = psp_waits("rechecked");
	p.fd = self->fd;
	ASSERT_EQ(0, platform_status(&p, &status));
	/* the ring needs a platform that is initialised */
	ASSERT_NE(0, status.state);
}

FIXTURE_TEARDOWN(ring)
{
	serve_in_us(0);
	fault_clear();
	psp_ring_use("off");
	close(self->fd);
	if (self->spoilt) {
		drivers_unload();
		drivers_load(NULL);
	}
	free(self->m);
}

TEST(on_a_host_for_snp_it_is_not_used)
{
	static struct many m;
	uint32_t rings = executed(SEV_FW_RING_BUFFER);
	int fd;

	HOST_NEEDS(HOST_SNP | HOST_FW | HOST_SWPSP);
	fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, psp_ring_use("on"));
	EXPECT_EQ(0, issue_many(&m, fd));
	EXPECT_EQ(0, psp_ring_use("off"));
	EXPECT_EQ(MANY, m.array.done);
	EXPECT_EQ(MANY, executed(SEV_FW_PLATFORM_STATUS) - m.executed);
	EXPECT_EQ(rings, executed(SEV_FW_RING_BUFFER));
	close(fd);
}

/* How many commands have gone by the ring. */
static long by_ring(const struct _test_data_ring *self)
{
	return psp_waits("ring") - self->before;
}

TEST_F_TIMEOUT(ring, it_is_used_if_the_parameter_says_so_and_left_after_that, 120)
{
	uint32_t rings = executed(SEV_FW_RING_BUFFER);
	struct many *m = self->m;

	EXPECT_EQ(0, issue_many(m, self->fd));
	EXPECT_EQ(MANY, m->array.done);
	EXPECT_EQ(MANY, by_ring(self));
	/* a command that is no part of an array goes by the mailbox, at once */
	EXPECT_EQ(MANY, executed(SEV_FW_PLATFORM_STATUS) - m->executed);
	EXPECT_EQ(rings + 1, executed(SEV_FW_RING_BUFFER));
	EXPECT_EQ(0, psp_ring_use("off"));
	EXPECT_EQ(0, issue_many(m, self->fd));
	EXPECT_EQ(MANY, by_ring(self));
}

TEST_F_TIMEOUT(ring, a_parameter_that_means_nothing_is_refused, 120)
{
	static const char * const bad[] = { "1", "yes", "onn", "AUTO" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EXPECT_EQ(-EINVAL, psp_ring_use(bad[i]));
	EXPECT_EQ(0, issue_many(self->m, self->fd));
	EXPECT_EQ(MANY, by_ring(self));
}

/* Of a firmware that is polled with success the mailbox is the faster way. */
TEST_F_TIMEOUT(ring, auto_means_a_slow_firmware, 120)
{
	long before;

	EXPECT_EQ(0, psp_ring_use("auto"));
	serve_in_us(SLOW_US);
	EXPECT_EQ(0, issue_many(self->m, self->fd));
	before = by_ring(self);
	EXPECT_LT(MANY / 2, before);
	EXPECT_EQ(MANY, self->m->array.done);
}

/* Polls until one is successful: from then on there is none in vain to be remembered. */
static int poll_with_success(struct platform *p)
{
	struct sev_fw_platform_status status;
	long polled = psp_waits("polled");

	serve_in_us(0);
	for (int i = 0; i < 10000; i++)
		if (platform_status(p, &status) || psp_waits("polled") > polled)
			return psp_waits("polled") > polled;
	return 0;
}

/*
 * A poll in vain, the sleep that follows from it, and the second poll in vain: up to there the
 * commands go by the mailbox.
 */
TEST_F_TIMEOUT(ring, auto_does_not_believe_a_single_poll_in_vain, 120)
{
	struct platform p = { .fd = self->fd };
	long before, missed;

	EXPECT_EQ(0, psp_ring_use("auto"));
	if (!poll_with_success(&p))
		SKIP(return, "the machine has so much other work that no firmware is fast");
	serve_in_us(SLOW_US);
	missed = psp_waits("missed");
	before = by_ring(self);
	EXPECT_EQ(0, issue_some(self->m, self->fd, 3, 0));
	EXPECT_EQ(3, self->m->array.done);
	EXPECT_LT(missed, psp_waits("missed"));
	EXPECT_EQ(before, by_ring(self));
	EXPECT_EQ(0, issue_many(self->m, self->fd));
	EXPECT_LT(before + MANY / 2, by_ring(self));
}

/* A firmware is fast while each poll for it is successful: in two arrays, one after another. */
TEST_F_TIMEOUT(ring, auto_leaves_a_fast_firmware_to_the_mailbox, 120)
{
	int fast = 0, compared = 0;
	long before, vain;

	EXPECT_EQ(0, psp_ring_use("auto"));
	for (int i = 0; i < 500 && compared < 3; i++) {
		before = by_ring(self);
		vain = psp_waits("missed") + psp_waits("slept");
		EXPECT_EQ(0, issue_some(self->m, self->fd, FEW, 0));
		EXPECT_EQ(FEW, self->m->array.done);
		fast = psp_waits("missed") + psp_waits("slept") == vain ? fast + 1 : 0;
		if (fast < 2)
			continue;
		EXPECT_EQ(before, by_ring(self));
		compared++;
	}
	if (!compared)
		SKIP(return, "the machine has so much other work that no firmware is fast");
}

TEST_F_TIMEOUT(ring, a_firmware_without_one_is_asked_once, 120)
{
	struct many *m = self->m;

	ASSERT_EQ(0, load_for_once(self));
	ASSERT_EQ(0, fault_refuse(SEV_FW_RING_BUFFER, 0, SEV_FW_STATUS_INVALID_COMMAND));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, issue_many(m, self->fd));
		EXPECT_EQ(MANY, m->array.done);
		EXPECT_EQ(MANY, executed(SEV_FW_PLATFORM_STATUS) - m->executed);
	}
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(0, by_ring(self));
	EXPECT_EQ(0, psp_attr_number("quarantined_pages"));
}

/* A firmware that has not answered RING_BUFFER may write to the ring at any time. */
TEST_F_TIMEOUT(ring, memory_of_a_ring_that_was_asked_for_in_vain_is_lost, 120)
{
	ASSERT_EQ(0, load_for_once(self));
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.id = SEV_FW_RING_BUFFER, .kind = SWPSP_FAULT_HANG }));
	EXPECT_EQ(-ESHUTDOWN, issue_many(self->m, self->fd));
	EXPECT_EQ(0, self->m->array.done);
	EXPECT_EQ(0, succeeded(self->m));
	EXPECT_EQ(1 + RING_PAGES + host_tmr_pages(), psp_attr_number("quarantined_pages"));
}

/* No caller waits for an interrupt that does not come. */
TEST_F_TIMEOUT(ring, a_refusal_is_told_at_once, 120)
{
	static const uint32_t at[] = { 0, 2, 3, 17, MANY - 1 };
	struct many *m = self->m;
	double began;

	serve_in_us(SLOW_US);
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		long lost = 1;

		/* QEMU may be late with an interrupt; one that is not raised is lost each time */
		for (int n = 0; lost && n <= LATE_INTERRUPTS; n++) {
			lost = -psp_waits("rechecked");
			ASSERT_EQ(0, fault_refuse(SEV_FW_PLATFORM_STATUS, at[i], 0x13));
			began = now();
			EXPECT_EQ(-EIO, issue_many(m, self->fd));
			EXPECT_GT(0.5 * patience(), now() - began);
			EXPECT_EQ(at[i], m->array.done);
			EXPECT_EQ(at[i], succeeded(m));
			EXPECT_EQ(0x13, m->cmds[at[i]].error);
			EXPECT_EQ(at[i] + 1, executed(SEV_FW_PLATFORM_STATUS) - m->executed);
			lost += psp_waits("rechecked");
		}
		EXPECT_EQ(0, lost);
	}
	EXPECT_EQ(0, fault_clear());
	EXPECT_EQ(0, issue_many(m, self->fd));
}

TEST_F_TIMEOUT(ring, all_are_executed_if_the_array_goes_on, 120)
{
	struct many *m = self->m;

	ASSERT_EQ(0, fault_arm(&(struct fault){ .id = SEV_FW_PLATFORM_STATUS,
		.kind = SWPSP_FAULT_STATUS, .value = 0x13, .after = 5, .count = 7 }));
	EXPECT_EQ(-EIO, issue_some(m, self->fd, MANY, SEV_FW_ARRAY_GO_ON));
	EXPECT_EQ(MANY, m->array.done);
	EXPECT_EQ(MANY - 7, succeeded(m));
	EXPECT_EQ(0, m->cmds[4].error);
	EXPECT_EQ(0x13, m->cmds[5].error);
	EXPECT_EQ(0x13, m->cmds[11].error);
	EXPECT_EQ(0, m->cmds[12].error);
}

TEST_F_TIMEOUT(ring, an_interrupt_that_gets_lost_is_looked_for, 120)
{
	serve_in_us(SLOW_US);
	ASSERT_EQ(0, fault_arm(&(struct fault){ .id = SEV_FW_PLATFORM_STATUS,
		.kind = SWPSP_FAULT_DROP_IRQ, .after = 20, .count = 40 }));
	EXPECT_EQ(0, issue_many(self->m, self->fd));
	EXPECT_EQ(MANY, self->m->array.done);
	EXPECT_EQ(0, psp_attr_number("dead"));
}

/* Memory that the firmware has been given, without an answer, is its own from then on. */
TEST_F_TIMEOUT(ring, a_firmware_that_hangs_is_told_exactly, 300)
{
	static const uint32_t at[] = { 0, 1, 63, 64, MANY - 1 };
	struct many *m = self->m;
	long pages;

	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		ASSERT_EQ(0, load_for_once(self));
		pages = psp_attr_number("quarantined_pages");
		ASSERT_EQ(0, fault_arm(&(struct fault){
			.id = SEV_FW_PLATFORM_STATUS, .kind = SWPSP_FAULT_HANG, .after = at[i] }));
		EXPECT_EQ(-ETIMEDOUT, issue_many(m, self->fd));
		EXPECT_EQ(at[i], m->array.done);
		EXPECT_EQ(at[i], succeeded(m));
		EXPECT_EQ(1, psp_attr_number("dead"));
		EXPECT_EQ(pages + RING_PAGES + host_tmr_pages(),
			  psp_attr_number("quarantined_pages"));
		EXPECT_EQ(-ESHUTDOWN, issue_many(m, self->fd));
		ASSERT_EQ(0, fault_clear());
	}
}

TEST_F_TIMEOUT(ring, registers_that_cannot_be_read_are_the_end, 120)
{
	struct many *m = self->m;

	ASSERT_EQ(0, load_for_once(self));
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.id = SEV_FW_PLATFORM_STATUS, .kind = SWPSP_FAULT_ALL_ONES, .after = 100 }));
	EXPECT_EQ(-ESHUTDOWN, issue_many(m, self->fd));
	EXPECT_EQ(100, m->array.done);
	EXPECT_EQ(100, succeeded(m));
	EXPECT_EQ(1, psp_attr_number("dead"));
	EXPECT_EQ(RING_PAGES + host_tmr_pages(), psp_attr_number("quarantined_pages"));
}

/* A kernel that has crashed may have left the firmware in ring mode. */
TEST_F_TIMEOUT(ring, a_first_command_that_only_ended_the_mode_is_given_again, 120)
{
	static const struct fault exits = { .id = SEV_FW_PLATFORM_STATUS,
		.kind = SWPSP_FAULT_STATUS, .value = SEV_FW_STATUS_RING_BUFFER_EXIT, .count = 1 };
	struct sev_fw_platform_status status;
	struct platform p = { .fd = self->fd };

	/* no other command is, whatever it is told */
	ASSERT_EQ(0, fault_arm(&exits));
	EXPECT_EQ(-EIO, platform_status(&p, &status));
	ASSERT_EQ(0, fault_arm(&exits));
	ASSERT_EQ(0, load_for_once(self));
	EXPECT_EQ(1, fault_hits());
	p.fd = self->fd;
	EXPECT_EQ(0, platform_status(&p, &status));
	EXPECT_NE(0, status.api_major);
}

/*
 * A command as by a kernel that has crashed since: to the registers, without a driver.
 * Returns the firmware's status, or -1 if it does not answer.
 */
static int ask(volatile uint32_t *bar, uint32_t id, const void *block)
{
	uint64_t address = memory_frame(block) * PAGE;
	double end = now() + ANSWER_S * patience();

	bar[ADDR_LO / 4] = (uint32_t)address;
	bar[ADDR_HI / 4] = address >> 32;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	bar[CMDRESP / 4] = id << 16;
	while (now() < end) {
		uint32_t answer = bar[CMDRESP / 4];

		if (answer & RESPONSE)
			return answer & 0xffff;
	}
	return -1;
}

/* Pages that stay where they are; the firmware may write to the second one. */
static uint8_t *ring_pages(void)
{
	uint8_t *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

/* Ring mode, in three pages, as a crashed kernel has left it; 0, or what ask() returns. */
static int leave_mode_on(volatile uint32_t *bar, uint8_t *pages, bool told)
{
	struct sev_fw_ring_buffer *block = (void *)(pages + 2 * PAGE);
	int ret;

	memset(pages, 0, 3 * PAGE);
	ret = ask(bar, SEV_FW_INIT, block);
	if (ret)
		return ret;
	block->lo_cmd_address = memory_frame(pages) * PAGE;
	block->lo_status_address = memory_frame(pages + PAGE) * PAGE;
	block->lo_pages = 1;
	ret = ask(bar, SEV_FW_RING_BUFFER, block);
	if (!ret && told)
		bar[CMDRESP / 4] = IN_RING;
	return ret;
}

/* Whether the control register tells that the mode is on, or has still its first answer. */
TEST_F_TIMEOUT(ring, a_mode_that_a_crashed_kernel_has_left_on_is_ended, 120)
{
	volatile uint32_t *bar = host_swpsp();
	struct sev_fw_platform_status status;
	struct platform p;
	uint8_t *pages;

	if (bar[SWPSP_BAR_PCI_ID / 4] != PCI_ID)
		SKIP(return, "the registers of this PSP are elsewhere");
	pages = ring_pages();
	ASSERT_NE(NULL, pages);
	self->spoilt = true;
	for (int told = 0; told < 2; told++) {
		int ret;

		close(self->fd);
		ret = drivers_unload();
		EXPECT_EQ(0, ret);
		if (ret)
			break;
		EXPECT_EQ(0, leave_mode_on(bar, pages, told));
		EXPECT_EQ(0, drivers_load(NULL));
		self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
		p.fd = self->fd;
		EXPECT_EQ(0, platform_status(&p, &status));
		EXPECT_NE(0, status.state);
		EXPECT_EQ(0, psp_attr_number("dead"));
	}
	munmap(pages, 3 * PAGE);
}

/* Ten arrays; every other one ends at its eighth block, which the driver refuses. */
static int issue_bad_and_good(struct many *m, int fd)
{
	for (int i = 0; i < 10; i++) {
		if (issue_many(m, fd) || m->array.done != MANY)
			return 1;
		memset(m->blocks, 0, sizeof(m->blocks));
		m->blocks[7].state = 1;
		if (!ioctl(fd, SEV_FW_ISSUE_MANY, &m->array) || m->array.done != 7)
			return 2;
	}
	return 0;
}

/* Two that issue arrays, and a reader: each one's failure is its own. */
TEST_F_TIMEOUT(ring, callers_beside_each_other_do_not_end_each_other, 120)
{
	struct sev_fw_platform_status status;
	struct platform p = { .fd = self->fd };
	uint32_t rings = executed(SEV_FW_RING_BUFFER);
	double began = now();
	pid_t pids[2];
	int code;

	serve_in_us(100);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(issue_bad_and_good(self->m, self->fd));
	}
	for (int i = 0; i < 50; i++)
		EXPECT_EQ(0, platform_status(&p, &status));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(pids[i], waitpid(pids[i], &code, 0));
		EXPECT_EQ(0, code);
	}
	EXPECT_GE(self->rechecked + LATE_INTERRUPTS, psp_waits("rechecked"));
	/* once for each array, and again when for a turn nobody else has wanted the PSP */
	EXPECT_GE(2 * 20 + (now() - began) / TURN_S, executed(SEV_FW_RING_BUFFER) - rings);
}

static const char *pci_name(void)
{
	return strrchr(psp_dir(), '/') + 1;
}

TEST_F_TIMEOUT(ring, a_device_that_is_removed_meanwhile_ends_it_orderly, 120)
{
	struct many *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char name[64];
	int code;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, m);
	snprintf(name, sizeof(name), "%s", pci_name());
	serve_in_us(5000);
	pid = fork();
	if (!pid)
		_exit(-issue_many(m, self->fd));
	for (int i = 0; i < 10000 && by_ring(self) < 10; i++)
		usleep(1000);
	EXPECT_EQ(0, control_write("/sys/bus/pci/drivers/psp_sev/unbind", name));
	EXPECT_EQ(pid, waitpid(pid, &code, 0));
	EXPECT_EQ(ENODEV, WEXITSTATUS(code));
	EXPECT_LT(0, m->array.done);
	EXPECT_GT(MANY, m->array.done);
	EXPECT_EQ(m->array.done, succeeded(m));
	serve_in_us(0);
	EXPECT_EQ(0, control_write("/sys/bus/pci/drivers/psp_sev/bind", name));
	munmap(m, sizeof(*m));
}

#define SCATTERED	256	/* pages, which are at least RUNS runs */
#define RUNS		100

/* Scattered memory, loaded by one command of the caller's. */
static int load_scattered(struct launch *l, const uint8_t *memory, uint32_t *len)
{
	struct sev_fw_launch_update_data block = {
		.address = addr_of(memory), .len = SCATTERED * PAGE,
	};
	int ret = ISSUE(l, LAUNCH_UPDATE_DATA, block);

	*len = block.len;
	return ret;
}

/* The runs are measured as if they lay together. */
TEST_F_TIMEOUT(ring, runs_of_one_block_take_it_too, 120)
{
	static struct launch guest;
	struct launch *l = &guest;
	uint8_t *memory = memory_scattered(SCATTERED);
	uint32_t len;

	ASSERT_NE(NULL, memory);
	ASSERT_LT(RUNS, memory_runs(memory, SCATTERED * PAGE));
	memory_fill(memory, SCATTERED * PAGE, 1);
	GOES(guest_new(l, 0, false, RAM));
	GOES(launch_session(l));
	GOES(launch_start(l));
	owner_digest_update(l->digest, memory, SCATTERED * PAGE);
	EXPECT_EQ(0, load_scattered(l, memory, &len));
	EXPECT_EQ(SCATTERED * PAGE, len);
	EXPECT_LT(RUNS, by_ring(self));
	GOES(launch_measure(l));
	GOES(launch_check(l));
	launch_close(l);
}

TEST_F_TIMEOUT(ring, a_run_that_is_refused_is_the_last_one, 120)
{
	static struct launch guest;
	struct launch *l = &guest;
	uint8_t *memory = memory_scattered(SCATTERED);
	uint32_t before, len;

	ASSERT_NE(NULL, memory);
	GOES(guest_started(l, false, RAM));
	before = executed(SEV_FW_LAUNCH_UPDATE_DATA);
	ASSERT_EQ(0, fault_refuse(SEV_FW_LAUNCH_UPDATE_DATA, 9, 0x13));
	EXPECT_EQ(-EIO, load_scattered(l, memory, &len));
	EXPECT_EQ(10, executed(SEV_FW_LAUNCH_UPDATE_DATA) - before);
	EXPECT_LT(0, len);
	EXPECT_GT(SCATTERED * PAGE, len);
	launch_close(l);
}

TEST_HARNESS_MAIN
