// SPDX-License-Identifier: GPL-2.0
/*
 * A PSP that misbehaves: each kind of fault on each kind of command. A fault that can be
 * survived must be; any other must end the PSP, once, for everybody, with one
 * line in the log, without a hang, and without giving away memory that firmware
 * may still write to. Then there must be a way back without a reboot.
 *
 * Also devices that go away under those who use them, and sleep.
 *
 * Lines that begin with "|" are a table: fault, command, what came of it. Only for
 * the simulated PSP; unloads and loads the drivers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "glue.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "patience.h"
#include "steps.h"

#define RAM		(2 << 20)
#define WAITERS		4
#define AFTERWARDS	20	/* commands that a dead PSP is asked */

#define TIMEOUT_S	2	/* the driver's time-out */
#define SLACK_S		3	/* more than the time-out, on a quiet machine */
#define DELAY_US	500000

#define GARBAGE		0xbeefu	/* low half of what the response register gets */

static const char * const params[] = { "psp_timeout=2", "psp_probe_timeout=2", NULL };

/* Commands, by what is special about them */

struct cell {
	struct platform p;
	struct launch l;
	bool vm;			/* @l has one, */
	bool guest;			/* which has been started */
	int ret;
	uint32_t status;
	double took;
};

/* A command of no guest needs none; others begin with a guest that is launched. */
enum prepare { PREPARE_NOTHING, PREPARE_RESET, PREPARE_VM, PREPARE_GUEST };

struct class {
	const char *name;
	uint32_t id;			/* the firmware command that meets the fault */
	enum prepare prepare;
	void (*issue)(struct cell *c);
	bool silent;			/* there is nobody to tell */
};

static void issue_status(struct cell *c)
{
	struct sev_fw_platform_status status;

	c->ret = platform_status(&c->p, &status);
	c->status = c->p.status;
}

static void issue_export(struct cell *c)
{
	static uint8_t pdh[SEV_FW_CERT_SIZE], chain[SEV_FW_CHAIN_SIZE];
	uint32_t pdh_len = sizeof(pdh), chain_len = sizeof(chain);

	c->ret = platform_pdh_cert_export(&c->p, pdh, &pdh_len, chain, &chain_len);
	c->status = c->p.status;
}

static void issue_legacy(struct cell *c)
{
	c->p.legacy = true;
	issue_export(c);
	c->p.legacy = false;
}

static void issue_start(struct cell *c)
{
	c->ret = launch_start(&c->l);
	c->status = c->l.status;
}

/* By KVM's own handlers: those of the driver have the way of pass-through. */
static void by_kvm(struct cell *c, void (*issue)(struct cell *c))
{
	c->l.ops = &launch_legacy;
	serve_legacy(false);
	issue(c);
	serve_legacy(true);
}

static void issue_legacy_start(struct cell *c)
{
	by_kvm(c, issue_start);
}

static void issue_update(struct cell *c)
{
	c->ret = launch_update(&c->l);
	c->status = c->l.status;
}

static void issue_legacy_update(struct cell *c)
{
	by_kvm(c, issue_update);
}

static void issue_measure(struct cell *c)
{
	c->ret = launch_measure(&c->l);
	c->status = c->l.status;
}

static void issue_kvm_measure(struct cell *c)
{
	by_kvm(c, issue_measure);
}

static void issue_close(struct cell *c)
{
	launch_close(&c->l);
	c->vm = false;
	c->guest = false;
	c->ret = 0;
	c->status = 0;
}

FIXTURE(fault) {
	struct class class;
	struct cell c;
	long quarantined;
	uint32_t guests;
	int klog;
};

FIXTURE_VARIANT(fault) {
	struct class class;
};

#define CLASS(name, ...)							\
	FIXTURE_VARIANT_ADD(fault, name) {					\
		.class = { __VA_ARGS__ }					\
	}

CLASS(status, .name = "platform, no buffer", .id = SEV_FW_PLATFORM_STATUS,
	.prepare = PREPARE_NOTHING, .issue = issue_status);
CLASS(export, .name = "platform, output", .id = SEV_FW_PDH_CERT_EXPORT,
	.prepare = PREPARE_NOTHING, .issue = issue_export);
CLASS(legacy, .name = "platform, legacy ioctl", .id = SEV_FW_PDH_CERT_EXPORT,
	.prepare = PREPARE_NOTHING, .issue = issue_legacy);
CLASS(init, .name = "INIT on demand", .id = SEV_FW_INIT,
	.prepare = PREPARE_RESET, .issue = issue_export);
CLASS(flush, .name = "DF_FLUSH after INIT", .id = SEV_FW_DF_FLUSH,
	.prepare = PREPARE_RESET, .issue = issue_export);
CLASS(start, .name = "LAUNCH_START", .id = SEV_FW_LAUNCH_START,
	.prepare = PREPARE_VM, .issue = issue_start);
CLASS(activate, .name = "ACTIVATE after START", .id = SEV_FW_ACTIVATE,
	.prepare = PREPARE_VM, .issue = issue_start);
CLASS(kvm_activate, .name = "ACTIVATE by KVM", .id = SEV_FW_ACTIVATE,
	.prepare = PREPARE_VM, .issue = issue_legacy_start);
CLASS(update, .name = "LAUNCH_UPDATE_DATA", .id = SEV_FW_LAUNCH_UPDATE_DATA,
	.prepare = PREPARE_GUEST, .issue = issue_update);
CLASS(kvm_update, .name = "that by KVM", .id = SEV_FW_LAUNCH_UPDATE_DATA,
	.prepare = PREPARE_GUEST, .issue = issue_legacy_update);
CLASS(kvm_measure, .name = "MEASURE by KVM", .id = SEV_FW_LAUNCH_MEASURE,
	.prepare = PREPARE_GUEST, .issue = issue_kvm_measure);
CLASS(deactivate, .name = "DEACTIVATE, VM ends", .id = SEV_FW_DEACTIVATE,
	.prepare = PREPARE_GUEST, .issue = issue_close, .silent = true);
CLASS(decommission, .name = "DECOMMISSION then", .id = SEV_FW_DECOMMISSION,
	.prepare = PREPARE_GUEST, .issue = issue_close, .silent = true);

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Until the fault that is armed has met its command, which another thread or process issues. */
static void await_hit(void)
{
	for (unsigned int i = 0; i < 1000 * patience() && !fault_hits(); i++)
		usleep(1000);
}

static int prepare(struct cell *c, enum prepare what)
{
	switch (what) {
	case PREPARE_RESET:
		return platform_reset(&c->p);
	case PREPARE_VM:
		return guest_loaded(&c->l, false, RAM);
	case PREPARE_GUEST:
		return guest_started(&c->l, false, RAM);
	default:
		return 0;
	}
}

/* A guest's whole way, by the drivers as they are now. */
static int whole_launch(void)
{
	struct launch l;
	int ret = launch_open(&l, &launch_fw, 0);

	if (!ret)
		ret = launch_steps(&l, RAM, STEP_VERSION | STEPS_HOST | STEPS_FIRMWARE);
	launch_close(&l);
	return ret;
}

/* Drivers that work, with a short timeout, and no guest left from an earlier test. */
static int fresh_drivers(void)
{
	char timeout[16];
	int ret = fault_clear();

	control_read("/sys/module/psp_sev/parameters/psp_timeout", timeout, sizeof(timeout));
	if (ret || (atoi(timeout) == TIMEOUT_S && !access("/sys/module/kvm_sev_glue", F_OK) &&
		    !psp_attr_number("guests") && !whole_launch()))
		return ret;
	ret = drivers_unload();
	return ret ? ret : drivers_load(params);
}

static int back_to_normal(void)
{
	int ret = drivers_unload();

	return ret ? ret : drivers_load(params);
}

FIXTURE_SETUP(fault)
{
	struct cell *c = &self->c;

	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	ASSERT_EQ(0, fresh_drivers());
	self->class = variant->class;
	if (self->class.id == SEV_FW_DF_FLUSH)
		self->class.id = host_flush_id();
	c->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, c->p.fd);

	ASSERT_EQ(0, prepare(c, variant->class.prepare));
	c->vm = variant->class.prepare >= PREPARE_VM;
	c->guest = variant->class.prepare == PREPARE_GUEST;

	self->guests = host_counter(SWPSP_BAR_GUESTS);
	self->quarantined = psp_attr_number("quarantined_pages");
	ASSERT_LE(0, self->quarantined);
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

FIXTURE_TEARDOWN(fault)
{
	fault_clear();
	if (self->c.vm)
		launch_close(&self->c.l);
	close(self->c.p.fd);
	close(self->klog);
}

static int arm(const struct class *class, uint32_t kind, uint32_t value, uint32_t count)
{
	return fault_arm(&(struct fault){
		.id = class->id, .kind = kind, .value = value, .count = count,
	});
}

static void issue(const struct class *class, struct cell *c)
{
	double began = now();

	class->issue(c);
	c->took = now() - began;
}

static void report(const char *fault, const struct class *class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void report(const char *fault, const struct class *class, const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("| %-12s | %-21s | %-65s |\n", fault, class->name, text);
	fflush(stdout);
}

static const char *outcome(const struct cell *c)
{
	static char text[64];

	if (!c->ret)
		return "done";
	snprintf(text, sizeof(text), "%s, %s", strerrorname_np(-c->ret),
		 c->status == SEV_FW_NO_CALL ? "no status" : sev_status_text(c->status));
	return text;
}

/*
 * The PSP is alive, and a guest can be launched. Memory that a failed INIT may have kept, and with
 * SNP is known to have kept, is back when the next one has succeeded.
 */
#define EXPECT_ALIVE()								\
	do {									\
		EXPECT_EQ(0, psp_attr_number("dead"));				\
		EXPECT_EQ(0, klog_count(self->klog, "given up"));		\
		EXPECT_EQ(0, whole_launch());					\
		EXPECT_EQ(self->quarantined, psp_attr_number("quarantined_pages")); \
	} while (0)

/* Faults that a command survives */

TEST_F(fault, refused)
{
	const struct class *class = &self->class;
	struct cell *c = &self->c;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_STATUS, HWERROR_PLATFORM, 1));
	issue(class, c);
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(class->silent ? 0 : -EIO, c->ret);
	EXPECT_EQ(class->silent ? 0 : HWERROR_PLATFORM, c->status);
	report("status", class, "%s; PSP lives", outcome(c));

	/* neither half a guest is left behind, nor one that nobody knows of */
	if (class->prepare == PREPARE_VM) {
		EXPECT_EQ(self->guests, host_counter(SWPSP_BAR_GUESTS));
		EXPECT_EQ(0, launch_start(&c->l));
	}
	if (class->prepare != PREPARE_VM && !class->silent) {
		class->issue(c);
		EXPECT_EQ(0, c->ret);
	}
	EXPECT_ALIVE();
}

TEST_F(fault, drop_irq)
{
	const struct class *class = &self->class;
	struct cell *c = &self->c;
	uint32_t before;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_DROP_IRQ, 0, 0));
	before = host_counter(SWPSP_BAR_COUNT(class->id));
	issue(class, c);
	EXPECT_LE(1, fault_hits());
	EXPECT_EQ(0, c->ret);
	EXPECT_EQ(0, c->status);
	EXPECT_GT(TIMEOUT_S * patience(), c->took);
	/* each is executed, and none of them twice, but for a flush's first try */
	EXPECT_EQ(fault_hits(), host_counter(SWPSP_BAR_COUNT(class->id)) - before);
	EXPECT_TRUE(fault_hits() == 1 || class->id == host_flush_id());
	report("no interrupt", class, "%s, noticed after %.0f ms", outcome(c), c->took * 1000);
	ASSERT_EQ(0, fault_clear());
	EXPECT_ALIVE();
}

TEST_F(fault, late)
{
	const struct class *class = &self->class;
	struct cell *c = &self->c;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_DELAY, DELAY_US, 1));
	issue(class, c);
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(0, c->ret);
	EXPECT_EQ(0, c->status);
	EXPECT_LE(DELAY_US / 1e6, c->took);
	report("late", class, "%s, after %.0f ms", outcome(c), c->took * 1000);
	EXPECT_ALIVE();
}

TEST_F(fault, garbled)
{
	const struct class *class = &self->class;
	struct cell *c = &self->c;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_GARBLE, 0, 1));
	issue(class, c);
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(class->silent ? 0 : -EIO, c->ret);
	EXPECT_EQ(class->silent ? 0 : GARBAGE, c->status);
	report("garbled", class, "%s; PSP lives", outcome(c));
	EXPECT_ALIVE();
}

/* Faults that end the PSP */

struct asker {
	pthread_t thread;
	const struct class *class;
	struct cell c;
	double ended;
};

static void *ask_in_thread(void *data)
{
	struct asker *a = data;

	issue(a->class, &a->c);
	a->ended = now();
	return NULL;
}

/* A dead PSP has its own errno by pass-through, and stock's by legacy ioctls. */
static int dead_errno(bool legacy)
{
	return legacy ? -EIO : -ESHUTDOWN;
}

static bool is_legacy(const struct class *class)
{
	return class->issue == issue_legacy || class->issue == issue_legacy_start ||
	       class->issue == issue_legacy_update || class->issue == issue_kvm_measure;
}

/* Issue some command by the door number @i: is the answer that of a dead PSP? */
static bool dead_by_some_door(struct cell *c, int i)
{
	if (c->guest && i & 2) {
		c->l.ops = i & 1 ? &launch_fw : &launch_legacy;
		serve_legacy(i & 4);
		return launch_measure(&c->l) == dead_errno(!(i & 1));
	}
	if (i & 1)
		issue_legacy(c);
	else
		issue_status(c);
	return c->ret == dead_errno(i & 1);
}

/* A PSP that has died, from all sides; then the drivers are loaded anew. */
static void expect_dead(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self)
{
	struct cell *c = &self->c;
	unsigned int refused = 0;
	long quarantined;
	double began;

	EXPECT_EQ(1, psp_attr_number("dead"));
	quarantined = psp_attr_number("quarantined_pages");
	EXPECT_LT(self->quarantined, quarantined);

	began = now();
	for (int i = 0; i < AFTERWARDS; i++)
		refused += dead_by_some_door(c, i);
	EXPECT_EQ(AFTERWARDS, refused);
	issue_status(c);
	EXPECT_EQ(-ESHUTDOWN, c->ret);
	EXPECT_EQ(SEV_FW_NO_CALL, c->status);
	if (c->vm)
		issue_close(c);
	EXPECT_GT(patience(), now() - began);

	/* lost pages stay lost, also if the PSP comes to */
	EXPECT_LE(quarantined, psp_attr_number("quarantined_pages"));
	ASSERT_EQ(0, fault_clear());
	issue_status(c);
	EXPECT_EQ(-ESHUTDOWN, c->ret);
	EXPECT_EQ(1, psp_attr_number("dead"));
	EXPECT_LE(quarantined, psp_attr_number("quarantined_pages"));

	/* one line in the log, whoever has noticed */
	EXPECT_EQ(1, klog_count(self->klog, "psp_sev"));

	close(c->p.fd);
	c->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	self->quarantined = 0;
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(0, whole_launch());
}

TEST_F(fault, hang)
{
	static const struct class status = { .id = SEV_FW_PLATFORM_STATUS, .issue = issue_status };
	const struct class *class = &self->class;
	struct asker first = { .class = class, .c = self->c };
	struct asker waiter[WAITERS] = {};
	uint32_t asked;
	long lost;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_HANG, 0, 0));
	asked = host_counter(SWPSP_BAR_COMMANDS);
	ASSERT_EQ(0, pthread_create(&first.thread, NULL, ask_in_thread, &first));
	await_hit();
	asked = host_counter(SWPSP_BAR_COMMANDS);
	for (int i = 0; i < WAITERS; i++) {
		waiter[i] = (struct asker){ .class = &status, .c.p = self->c.p };
		ASSERT_EQ(0, pthread_create(&waiter[i].thread, NULL, ask_in_thread, &waiter[i]));
	}
	pthread_join(first.thread, NULL);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(waiter[i].thread, NULL);
	self->c = first.c;

	EXPECT_EQ(class->silent ? 0 : -ETIMEDOUT, first.c.ret);
	EXPECT_EQ(class->silent ? 0 : SEV_FW_NO_CALL, first.c.status);
	EXPECT_LE(TIMEOUT_S, first.c.took);
	EXPECT_GT(TIMEOUT_S + SLACK_S * patience(), first.c.took);
	for (int i = 0; i < WAITERS; i++) {
		EXPECT_EQ(-ESHUTDOWN, waiter[i].c.ret);
		EXPECT_EQ(SEV_FW_NO_CALL, waiter[i].c.status);
		EXPECT_GT(first.ended + 1, waiter[i].ended);
	}
	/* nothing has been given to it after the one that it never answered */
	EXPECT_EQ(asked, host_counter(SWPSP_BAR_COMMANDS));
	/* the firmware's memory, the page of the command, and the page to be written */
	lost = psp_attr_number("quarantined_pages");
	EXPECT_LE(self->quarantined + host_tmr_pages() + HOST_BLOCK_PAGES +
		  (class->id == SEV_FW_LAUNCH_UPDATE_DATA || class->id == SEV_FW_LAUNCH_MEASURE),
		  lost);
	report("no answer", class, "%s after %.1f s, then ESHUTDOWN; %ld pages kept",
	       outcome(&first.c), first.c.took, lost - self->quarantined);
	EXPECT_STREQ("firmware does not answer", psp_reason(NULL));
	expect_dead(_metadata, self);
}

TEST_F(fault, all_ones)
{
	const struct class *class = &self->class;
	struct cell *c = &self->c;

	ASSERT_EQ(0, arm(class, SWPSP_FAULT_ALL_ONES, 0, 0));
	issue(class, c);
	EXPECT_EQ(class->silent ? 0 : dead_errno(is_legacy(class)), c->ret);
	EXPECT_EQ(class->silent ? 0 : SEV_FW_NO_CALL, c->status);
	EXPECT_GT(TIMEOUT_S * patience(), c->took);
	report("all ones", class, "%s after %.0f ms, then ESHUTDOWN; %ld pages kept", outcome(c),
	       c->took * 1000, psp_attr_number("quarantined_pages") - self->quarantined);
	expect_dead(_metadata, self);
}

/* One PSP's life, without a matrix */

FIXTURE(life) {
	struct platform p;
	int klog;
};

FIXTURE_SETUP(life)
{
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	ASSERT_EQ(0, fresh_drivers());
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->p.fd);
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

static void serve_in_us(uint32_t us)
{
	__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

FIXTURE_TEARDOWN(life)
{
	serve_in_us(0);
	close(self->p.fd);
	close(self->klog);
}

static int status_now(struct platform *p)
{
	struct sev_fw_platform_status status;

	return platform_status(p, &status);
}

static int slow_down(uint32_t id, uint32_t us)
{
	return fault_arm(&(struct fault){
		.id = id, .kind = SWPSP_FAULT_DELAY, .value = us, .count = 1,
	});
}

/* An answer that comes too late neither hurts nor brings the PSP back. */
TEST_F(life, late_answer)
{
	ASSERT_EQ(0, slow_down(SEV_FW_PLATFORM_STATUS, (TIMEOUT_S + 2) * 1000000));
	EXPECT_EQ(-ETIMEDOUT, status_now(&self->p));
	sleep(3 * patience());
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(1, psp_attr_number("dead"));
	EXPECT_EQ(-ESHUTDOWN, status_now(&self->p));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	EXPECT_EQ(1, klog_count(self->klog, "psp_sev"));
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The caller gets a status, the administrator what to look at. */
TEST_F(life, refused_init)
{
	static const char smee[] = "INIT, HWERROR_PLATFORM (0x13): memory encryption (SMEE) is off";
	struct cell c = { .p = self->p };

	ASSERT_EQ(0, platform_reset(&c.p));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	ASSERT_EQ(0, fault_refuse(SEV_FW_INIT, 0, HWERROR_PLATFORM));
	issue_export(&c);
	EXPECT_EQ(-EIO, c.ret);
	EXPECT_EQ(HWERROR_PLATFORM, c.status);
	EXPECT_EQ(1, klog_count(self->klog, smee));
	EXPECT_TRUE(begins(psp_attr("init_failure"),
			   "INIT HWERROR_PLATFORM (0x13): memory encryption"));

	/* mistakes of other callers do not hide the failure */
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_TRUE(begins(psp_attr("init_failure"), "INIT "));

	ASSERT_EQ(0, fault_refuse(host_flush_id(), 0, HWERROR_PLATFORM));
	issue_export(&c);
	EXPECT_EQ(-EIO, c.ret);
	EXPECT_TRUE(begins(psp_attr("init_failure"), host_snp() ?
			   "SNP_DF_FLUSH HWERROR_PLATFORM (0x13)" :
			   "DF_FLUSH HWERROR_PLATFORM (0x13)"));

	ASSERT_EQ(0, platform_reset(&c.p));
	issue_export(&c);
	EXPECT_EQ(0, c.ret);
	EXPECT_STREQ("none", psp_attr("init_failure"));
}

/* The block is in a page that is not the firmware's. */
#define BLOCK_IS_OURS	0x5a

/* Statuses, most of which the SEV API does not name, and how they are shown. */
static const struct {
	uint32_t status;
	const char *text;
} answers[] = {
	{ HWERROR_PLATFORM, "HWERROR_PLATFORM (0x13)" },
	{ RMP_INIT_REQUIRED, "RMP_INIT_REQUIRED (0x20)" },
	{ 0x1e, "(unknown) (0x1e)" },
	{ BLOCK_IS_OURS, "(RMP state of the command buffer) (0x5a)" },
	{ 0x800c, "(internal to the PSP) (0x800c)" },
	{ 0xffff, "(internal to the PSP) (0xffff)" },
};

TEST_F(life, each_status_is_shown_with_its_number)
{
	struct cell c = { .p = self->p };
	uint32_t len = 0;
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		ASSERT_EQ(0, fault_refuse(SEV_FW_PEK_CSR, 0, answers[i].status));
		EXPECT_EQ(-EIO, platform_pek_csr(&c.p, NULL, &len));
		EXPECT_EQ(answers[i].status, c.p.status);
		snprintf(text, sizeof(text), "PEK_CSR %s", answers[i].text);
		EXPECT_STREQ(text, psp_attr("last_failure"));

		ASSERT_EQ(0, platform_reset(&c.p));
		ASSERT_EQ(0, fault_refuse(SEV_FW_INIT, 0, answers[i].status));
		issue_export(&c);
		EXPECT_EQ(answers[i].status, c.status);
		snprintf(text, sizeof(text), "INIT %s", answers[i].text);
		EXPECT_TRUE(begins(psp_attr("init_failure"), text)) TH_LOG("%s", text);
		snprintf(text, sizeof(text), "firmware refuses INIT, %s: ", answers[i].text);
		EXPECT_EQ(1, klog_count(self->klog, text)) TH_LOG("%s", text);
	}
}

TEST_F(life, refused_at_probe)
{
	char text[128];

	close(self->p.fd);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		/* with SNP such an answer means that an earlier kernel has left SNP on */
		if (host_snp() && answers[i].status == BLOCK_IS_OURS)
			continue;
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, fault_refuse(SEV_FW_PLATFORM_STATUS, 0, answers[i].status));
		klog_count(self->klog, "");
		EXPECT_EQ(0, drivers_load_psp(params));
		EXPECT_NE(0, access("/dev/sev", F_OK));
		snprintf(text, sizeof(text), "firmware refuses PLATFORM_STATUS, %s",
			 answers[i].text);
		EXPECT_STREQ(text, psp_reason(NULL));
		EXPECT_EQ(1, klog_count(self->klog, text)) TH_LOG("%s", text);
	}
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_STREQ("ok", psp_reason(NULL));
}

/* Images that are there when the driver comes */

#define IMAGES		"/lib/firmware/amd"
#define SIZE		0x20000

enum signer { NOBODY, VENDOR, SPOILT };

/* An image, and the line that the driver must leave; there is no other about images. */
static const struct {
	const char *name;
	size_t size;
	enum signer signer;
	uint8_t api_minor, build;
	const char *line, *api;
} images[] = {
	{ "none", 0, NOBODY, 0, 0, NULL, "1.55" },
	{ "sev.fw", 0, NOBODY, 0, 0, "sev.fw is empty or cannot be read: error -22", "1.55" },
	{ "sev.fw", 0x100001, NOBODY, 0, 0, "has 1048577 bytes, 1 to 1048576 are", "1.55" },
	{ "sev.fw", SIZE, NOBODY, 0, 0, "sev.fw was refused: BAD_SIGNATURE (0x0a)", "1.55" },
	{ "sev.fw", SIZE, SPOILT, 56, 5, "sev.fw was refused: BAD_SIGNATURE (0x0a)", "1.55" },
	{ "sev.fw", SIZE + 1, VENDOR, 56, 5, "sev.fw was refused: INVALID_LENGTH (0x04)", "1.55" },
#define IS_LOADED 6
	{ "sev.fw", SIZE, VENDOR, 56, 5, "sev.fw was loaded, it was API 1.55 before", "1.56" },
	{ "amd_sev_fam17h_model0xh.sbin", SIZE, VENDOR, 57, 5, "model0xh.sbin was loaded", "1.57" },
	{ "amd_sev_fam17h_model01h.sbin", SIZE, VENDOR, 58, 5, "model01h.sbin was loaded", "1.58" },
	{ "amd_sev_fam17h_model01h.sbin", SIZE, VENDOR, 55, 21, "01h.sbin was loaded", "1.55" },
};

/* Behind the largest image that can be signed there are zeros. */
static int put_image(size_t i)
{
	static uint8_t file[SIZE];
	size_t size = images[i].size < SIZE ? images[i].size : SIZE;
	const struct image says = {
		.api_major = 1, .api_minor = images[i].api_minor, .build = images[i].build,
	};
	char path[128];
	int fd, ret = 0;

	memset(file, 0, sizeof(file));
	if (images[i].signer != NOBODY)
		ret = image_sign(&says, file, size);
	if (images[i].signer == SPOILT)
		file[SIZE / 2] ^= 1;
	if (ret || (mkdir(IMAGES, 0755) && errno != EEXIST))
		return ret ?: -errno;
	snprintf(path, sizeof(path), "%s/%s", IMAGES, images[i].name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, file, size) != (ssize_t)size || ftruncate(fd, images[i].size))
		ret = -EIO;
	close(fd);
	return ret;
}

TEST_F(life, an_image_leaves_one_line_and_a_name_that_is_tried_none)
{
	IMAGE_NEEDS();
	close(self->p.fd);
	self->p.fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, put_image(i));
		klog_count(self->klog, "");
		ASSERT_EQ(0, drivers_load(params));
		EXPECT_STREQ(images[i].api, psp_attr("api_version"));
		EXPECT_EQ(!!images[i].line,
			  klog_count(self->klog, images[i].line ?: "firmware"))
			TH_LOG("image %zu", i);
	}
	ASSERT_EQ(0, unlink(IMAGES "/sev.fw"));
	ASSERT_EQ(0, unlink(IMAGES "/amd_sev_fam17h_model0xh.sbin"));
	ASSERT_EQ(0, unlink(IMAGES "/amd_sev_fam17h_model01h.sbin"));
	EXPECT_EQ(0, whole_launch());
}

/* A failure after an image was loaded must not be blamed on the loading. */
TEST_F(life, an_image_is_not_called_refused_if_what_follows_is)
{
	IMAGE_NEEDS();
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, put_image(IS_LOADED));
	ASSERT_EQ(0, fault_refuse(SEV_FW_PLATFORM_STATUS, 1, HWERROR_PLATFORM));
	klog_count(self->klog, "");
	EXPECT_EQ(0, drivers_load(params));
	EXPECT_EQ(1, klog_count(self->klog, "sev.fw was loaded, and the PSP cannot be used since"));
	ASSERT_EQ(0, fault_clear());

	/* and back */
	ASSERT_EQ(0, unlink(IMAGES "/sev.fw"));
	ASSERT_EQ(0, put_image(ARRAY_SIZE(images) - 1));
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	ASSERT_EQ(0, unlink(IMAGES "/amd_sev_fam17h_model01h.sbin"));
	EXPECT_STREQ("1.55", psp_attr("api_version"));
	EXPECT_EQ(0, whole_launch());
}

/* An initramfs carries what the module names. */
TEST(the_module_names_the_images_that_this_processor_is_asked_for)
{
	static const char * const names[] = {
		"amd/sev.fw", "amd/amd_sev_fam17h_model01h.sbin",
		"amd/amd_sev_fam17h_model0xh.sbin",
	};
	char command[PATH_MAX + 128];

	HOST_NEEDS(HOST_SWPSP);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(command, sizeof(command),
			 "/sbin/modinfo -F firmware %s/psp_sev.ko | grep -qx %s",
			 getenv("PSP_MODULES_DIR"), names[i]);
		EXPECT_EQ(0, system(command)) TH_LOG("%s", names[i]);
	}
}

/* A guest that could not be bound is none, and nobody is told a name of it. */
TEST_F(life, refused_activate)
{
	struct sev_fw_launch_start block = { 0 };
	struct launch l;

	ASSERT_EQ(0, guest_loaded(&l, false, RAM));
	ASSERT_EQ(0, fault_refuse(SEV_FW_ACTIVATE, 0, HWERROR_PLATFORM));
	EXPECT_EQ(-EIO, ISSUE(&l, LAUNCH_START, block));
	EXPECT_EQ(HWERROR_PLATFORM, l.status);
	EXPECT_EQ(0, block.handle);
	EXPECT_EQ(1, klog_count(self->klog,
				"LAUNCH_START failed in ACTIVATE, HWERROR_PLATFORM (0x13)"));
	EXPECT_TRUE(begins(psp_attr("last_failure"), "ACTIVATE HWERROR_PLATFORM"));
	EXPECT_EQ(0, ISSUE(&l, LAUNCH_START, block));
	EXPECT_NE(0, block.handle);
	launch_close(&l);
}

/* Flash that is found damaged, and is erased: what comes of it is not a failure. */
TEST_F(life, damaged_flash_is_told_and_is_no_failure)
{
	struct cell c = { .p = self->p };

	ASSERT_EQ(0, platform_reset(&c.p));
	ASSERT_EQ(0, fault_refuse(SEV_FW_INIT, 0, SECURE_DATA_INVALID));
	issue_export(&c);
	EXPECT_EQ(0, c.ret);
	EXPECT_EQ(1, klog_count(self->klog, "persistent data was damaged, and erased by it"));
	EXPECT_FALSE(begins(psp_attr("last_failure"), "INIT"));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	EXPECT_STREQ("flash", psp_attr("persistent_data"));
}

static int es_guest(struct launch *l)
{
	int ret = launch_open(l, &launch_fw, OWNER_POLICY_ES);

	return ret ? ret : launch_steps(l, RAM, STEPS_HOST | STEP_START);
}

#define LARGE_PAGES	"/sys/module/sev_cpu_sim/parameters/no_mebibyte"

/* SEV-ES comes with a MiB in one piece, or two; without it there is SEV, and a sentence. */
TEST_F(life, memory_for_sev_es_is_asked_for_again)
{
	struct cell c = { .p = self->p };
	struct launch l;
	char text[64];

	snprintf(text, sizeof(text), "no SEV-ES guests: no %ld KiB of memory",
		 host_tmr_pages() * PAGE / 1024);
	EXPECT_STREQ("on", psp_attr("sev_es"));
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, control_write(LARGE_PAGES, "1"));
	klog_count(self->klog, "");
	ASSERT_EQ(0, drivers_load(params));
	EXPECT_LE(1, klog_count(self->klog, text));
	EXPECT_STREQ("off: no memory for it in one piece", psp_attr("sev_es"));
	EXPECT_EQ(0, whole_launch());
	EXPECT_NE(0, es_guest(&l));
	launch_close(&l);

	/* the next INIT tries again, once in vain */
	c.p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->p.fd = c.p.fd;
	ASSERT_EQ(0, platform_reset(&c.p));
	issue_export(&c);
	EXPECT_EQ(0, c.ret);
	EXPECT_EQ(1, klog_count(self->klog, text));
	ASSERT_EQ(0, control_write(LARGE_PAGES, "0"));
	ASSERT_EQ(0, platform_reset(&c.p));
	issue_export(&c);
	EXPECT_EQ(0, c.ret);
	EXPECT_STREQ("on", psp_attr("sev_es"));
	EXPECT_EQ(0, es_guest(&l));
	launch_close(&l);
}

/*
 * After such an answer the firmware may have the memory for SEV-ES, or not, until it is
 * initialised or shut down.
 */
TEST_F(life, memory_that_a_failed_init_may_have_kept_is_counted)
{
	struct cell c = { .p = self->p };
	long before = psp_attr_number("quarantined_pages");

	ASSERT_EQ(0, platform_reset(&c.p));
	ASSERT_EQ(0, fault_refuse(SEV_FW_INIT, 0, HWERROR_UNSAFE));
	issue_export(&c);
	EXPECT_EQ(-EIO, c.ret);
	EXPECT_EQ(HWERROR_UNSAFE, c.status);
	EXPECT_EQ(before + host_tmr_pages(), psp_attr_number("quarantined_pages"));

	/* a plain refusal gives nothing back */
	ASSERT_EQ(0, fault_refuse(SEV_FW_INIT, 0, HWERROR_PLATFORM));
	issue_export(&c);
	EXPECT_EQ(HWERROR_PLATFORM, c.status);
	EXPECT_EQ(before + host_tmr_pages(), psp_attr_number("quarantined_pages"));

	issue_export(&c);
	EXPECT_EQ(0, c.ret);
	EXPECT_EQ(before, psp_attr_number("quarantined_pages"));
	EXPECT_EQ(0, whole_launch());
	ASSERT_EQ(0, platform_reset(&c.p));
	EXPECT_EQ(before, psp_attr_number("quarantined_pages"));
}

/* Firmware that is not let go of anything keeps what it has been given. */
TEST_F(life, refused_shutdown)
{
	char text[64];

	close(self->p.fd);
	self->p.fd = -1;
	/* some kernels' kvm_amd, too, asks for a SHUTDOWN when it is unloaded */
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.id = SEV_FW_SHUTDOWN, .kind = SWPSP_FAULT_STATUS, .value = HWERROR_PLATFORM,
	}));
	ASSERT_EQ(0, drivers_unload());
	EXPECT_LE(1, fault_hits());
	snprintf(text, sizeof(text), "HWERROR_PLATFORM (0x13): %ld pages are left to it",
		 host_tmr_pages());
	EXPECT_EQ(1, klog_count(self->klog, text));
	ASSERT_EQ(0, fault_clear());
	ASSERT_EQ(0, drivers_load(params));
	EXPECT_EQ(0, whole_launch());
}

/* Pieces done before the PSP died are done, and the caller learns how many. */
static void dies_after(struct __test_metadata *_metadata, uint32_t pieces)
{
	const size_t size = 16 * PAGE;
	struct sev_fw_launch_update_data block = { .len = size };
	uint8_t *memory = memory_scattered(16);
	long lost = psp_attr_number("quarantined_pages");
	struct launch l;

	ASSERT_LT(4, memory_runs(memory, size));
	ASSERT_EQ(0, guest_started(&l, false, RAM));
	block.address = addr_of(memory);
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.id = SEV_FW_LAUNCH_UPDATE_DATA, .kind = SWPSP_FAULT_HANG, .after = pieces,
	}));
	EXPECT_EQ(-ETIMEDOUT, ISSUE(&l, LAUNCH_UPDATE_DATA, block));
	EXPECT_EQ(SEV_FW_NO_CALL, l.status);
	EXPECT_EQ(pieces ? memory_run(memory, size) : 0, block.len);
	EXPECT_EQ(addr_of(memory), block.address);
	EXPECT_EQ(0, block.handle);
	EXPECT_STREQ("LAUNCH_UPDATE_DATA was not answered", psp_attr("last_failure"));
	/* of the memory what the firmware has been told of, and has not done */
	lost = psp_attr_number("quarantined_pages") - lost - HOST_BLOCK_PAGES - host_tmr_pages();
	EXPECT_LT(0, lost);
	EXPECT_GT(16, lost);
	launch_close(&l);
	EXPECT_STREQ("LAUNCH_UPDATE_DATA was not answered", psp_attr("last_failure"));
}

TEST_F(life, dead_at_once)
{
	dies_after(_metadata, 0);
}

TEST_F(life, dead_halfway)
{
	dies_after(_metadata, 1);
}

/* Module parameters */

#define PARAMETER(name)	"/sys/module/psp_sev/parameters/" name

static const char *parameter(const char *path)
{
	static char text[32];

	control_read(path, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	return text;
}

TEST_F(life, a_timeout_out_of_range_is_refused_with_a_sentence)
{
	static const char * const paths[] = {
		PARAMETER("psp_timeout"), PARAMETER("psp_probe_timeout"),
	};
	static const char * const bad[] = {
		"0", "-1", "-2147483648", "3601", "2147483647", "4294967295", "4294967297",
		"99999999999999999999", "two", "1 2", "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
			EXPECT_EQ(!!*bad[j], control_write(paths[i], bad[j]) < 0)
				TH_LOG("%s=%s", paths[i], bad[j]);
			EXPECT_EQ(!!*bad[j],
				  klog_count(self->klog, "it must be 1 to 3600 seconds; 2 stays"))
				TH_LOG("%s=%s", paths[i], bad[j]);
			EXPECT_STREQ("2", parameter(paths[i]));
		}
		EXPECT_EQ(0, control_write(paths[i], "3600"));
		EXPECT_STREQ("3600", parameter(paths[i]));
		EXPECT_EQ(0, status_now(&self->p));
		EXPECT_EQ(0, control_write(paths[i], "2\n"));
		EXPECT_STREQ("2", parameter(paths[i]));
	}
	EXPECT_EQ(0, psp_attr_number("dead"));
}

TEST_F(life, a_timeout_that_changes_at_run_time_counts_for_the_next_command)
{
	double began;

	ASSERT_EQ(0, control_write(PARAMETER("psp_timeout"), "4"));
	ASSERT_EQ(0, fault_arm(&(struct fault){ .kind = SWPSP_FAULT_HANG }));
	began = now();
	EXPECT_EQ(-ETIMEDOUT, status_now(&self->p));
	EXPECT_LE(4, now() - began);
	EXPECT_GT(4 + SLACK_S * patience(), now() - began);
	EXPECT_EQ(1, psp_attr_number("dead"));
}

TEST_F(life, a_driver_with_a_timeout_out_of_range_is_not_loaded)
{
	static const char * const bad[] = { "psp_timeout=0", NULL };

	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	EXPECT_NE(0, drivers_load_psp(bad));
	EXPECT_EQ(1, klog_count(self->klog, "psp_timeout=0 is refused, it must be 1 to 3600"));
	ASSERT_EQ(0, drivers_load(params));
	EXPECT_EQ(0, whole_launch());
}

/* GET_ID meets @fault, is given up after a second, and so are the drivers. */
static void leave_get_id(struct __test_metadata *_metadata, FIXTURE_DATA(life) *self,
			 const struct fault *fault)
{
	uint32_t len = 1;
	uint8_t id;

	ASSERT_EQ(0, control_write(PARAMETER("psp_timeout"), "1"));
	ASSERT_EQ(0, fault_arm(fault));
	EXPECT_EQ(-ETIMEDOUT, platform_get_id(&self->p, &id, &len));
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	klog_count(self->klog, "");
}

/* The driver that comes waits for the answer to what the one before has asked. */
TEST_F(life, a_late_answer_is_not_taken_for_that_of_the_next_driver)
{
	const unsigned int late_s = 1 + 8 * patience();
	char api[16], wait[32];
	const char * const waits[] = { wait, NULL };

	snprintf(api, sizeof(api), "%s", psp_attr("api_version"));
	snprintf(wait, sizeof(wait), "psp_probe_timeout=%u", late_s + 60);
	leave_get_id(_metadata, self, &(struct fault){
		.id = SEV_FW_GET_ID, .kind = SWPSP_FAULT_DELAY, .count = 1,
		.value = late_s * 1000000,
	});
	EXPECT_EQ(0, drivers_load_psp(waits));
	EXPECT_EQ(1, klog_count(self->klog, "GET_ID from before the driver was loaded"));
	EXPECT_STREQ("ok", psp_reason(NULL));
	EXPECT_STREQ(api, psp_attr("api_version"));
	EXPECT_EQ(0, psp_attr_number("quarantined_pages"));
	ASSERT_EQ(0, back_to_normal());
	EXPECT_EQ(0, whole_launch());
}

/* But not for ever, and it asks nothing before. */
TEST_F(life, a_driver_asks_nothing_while_an_older_command_is_not_answered)
{
	static const char * const waits[] = { "psp_probe_timeout=1", NULL };
	double began;

	leave_get_id(_metadata, self, &(struct fault){
		.id = SEV_FW_GET_ID, .kind = SWPSP_FAULT_HANG,
	});
	began = now();
	EXPECT_EQ(0, drivers_load_psp(waits));
	EXPECT_GT(1 + SLACK_S * patience(), now() - began);
	EXPECT_EQ(1, klog_count(self->klog, "no answer to GET_ID, the PSP is given up"));
	EXPECT_STREQ("firmware does not answer", psp_reason(NULL));
	EXPECT_EQ(1, psp_attr_number("dead"));
	EXPECT_EQ(0, psp_attr_number("quarantined_pages")) TH_LOG("it has been told of no memory");
	ASSERT_EQ(0, fault_clear());
	ASSERT_EQ(0, back_to_normal());
	EXPECT_EQ(0, whole_launch());
}

/* Slow is not dead, and can be told from idle. */
TEST_F(life, busy)
{
	unsigned int ms = 0;
	int fields;
	pid_t pid;

	EXPECT_STREQ("idle", psp_attr("busy"));
	ASSERT_EQ(0, slow_down(SEV_FW_PLATFORM_STATUS, 1500000));
	pid = fork();
	if (!pid)
		_exit(-status_now(&self->p));
	await_hit();
	fields = sscanf(psp_attr("busy"), "PLATFORM_STATUS %u ms", &ms);
	EXPECT_EQ(1, fields);
	EXPECT_GE(1500, ms);
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_STREQ("idle", psp_attr("busy"));
}

/* All that the driver shows of its device; how many files that was. */
static int look_at_everything(void)
{
	static const char * const names[] = {
		"api_version", "build", "state", "owner", "guests", "dead", "quarantined_pages",
		"busy", "asids", "asids_es", "last_failure", "init_failure", "persistent_data",
		"sev_es",
	};
	static const char * const debug[] = { "commands", "asids" };
	char path[640], text[16384];
	int files = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		files += *psp_attr(names[i]) != '\0';
	for (size_t i = 0; i < ARRAY_SIZE(debug); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/psp_sev/%s/%s",
			 strrchr(psp_dir(), '/') + 1, debug[i]);
		files += control_read(path, text, sizeof(text)) > 0;
	}
	return files + (*psp_reason(NULL) != '\0');
}

#define ALL_FILES	17

/* A look into sysfs must not end a PSP that is silent, so it asks the PSP nothing. */
TEST_F(life, to_look_at_it_is_to_ask_it_nothing)
{
	uint32_t asked = host_counter(SWPSP_BAR_COMMANDS);

	ASSERT_EQ(0, fault_arm(&(struct fault){ .kind = SWPSP_FAULT_HANG }));
	EXPECT_EQ(ALL_FILES, look_at_everything());
	EXPECT_EQ(0, fault_hits());
	EXPECT_EQ(asked, host_counter(SWPSP_BAR_COMMANDS));
	EXPECT_EQ(0, psp_attr_number("dead"));
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(0, whole_launch());
}

/* Nor does who looks wait for it. */
TEST_F(life, to_look_at_it_takes_no_time_while_it_is_busy)
{
	double began;
	pid_t pid;

	ASSERT_EQ(0, slow_down(SEV_FW_PLATFORM_STATUS, 1800000));
	pid = fork();
	if (!pid)
		_exit(-status_now(&self->p));
	await_hit();
	began = now();
	EXPECT_EQ(ALL_FILES, look_at_everything());
	EXPECT_GT(1.0, now() - began);
	EXPECT_TRUE(begins(psp_attr("busy"), "PLATFORM_STATUS"));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* A waiting caller may be killed; its command, and those of others, go on. */
TEST_F(life, killed_waiter)
{
	pid_t pid;
	int status;

	ASSERT_EQ(0, slow_down(SEV_FW_PLATFORM_STATUS, 1000000));
	pid = fork();
	if (!pid)
		_exit(status_now(&self->p));
	await_hit();
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_EQ(0, whole_launch());
}

/* A PSP that is dead already when the driver comes. */
TEST_F(life, dead_at_probe)
{
	static const uint32_t kinds[] = { SWPSP_FAULT_HANG, SWPSP_FAULT_ALL_ONES };
	double began;

	close(self->p.fd);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, fault_arm(&(struct fault){ .kind = kinds[i] }));
		klog_count(self->klog, "");
		began = now();
		EXPECT_EQ(0, drivers_load_psp(params));
		EXPECT_GT(TIMEOUT_S + SLACK_S * patience(), now() - began);
		EXPECT_EQ(1, psp_attr_number("dead"));
		/* the command buffer: it has not been told of any other memory */
		EXPECT_EQ(HOST_BLOCK_PAGES, psp_attr_number("quarantined_pages"));
		EXPECT_EQ(-1, open("/dev/sev", O_RDWR | O_CLOEXEC));
		EXPECT_EQ(1, klog_count(self->klog, "no SEV: firmware does not answer"));
		EXPECT_STREQ("firmware does not answer", psp_reason(NULL));
		ASSERT_EQ(0, fault_clear());
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, drivers_load(params));
		EXPECT_STREQ("ok", psp_reason(NULL));
		EXPECT_EQ(0, whole_launch());
	}
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, status_now(&self->p));
}

/* How answers are waited for */

#define NEEDS_DEBUGFS()							\
	do {								\
		if (!*psp_waiting("polled"))				\
			SKIP(return, "debugfs is not mounted");		\
	} while (0)

TEST_F(life, polling_that_misses_gives_way_to_sleeping_and_comes_back)
{
	long missed, slept, polled;
	double began;

	NEEDS_DEBUGFS();
	serve_in_us(400);
	missed = psp_waits("missed");
	slept = psp_waits("slept");
	polled = psp_waits("polled");
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(0, status_now(&self->p));
	missed = psp_waits("missed") - missed;
	slept = psp_waits("slept") - slept;
	polled = psp_waits("polled") - polled;
	/* after 1, 3, 7, 15, 31, 63, 63 uses */
	EXPECT_LE(5, missed);
	EXPECT_GE(9, missed);
	/* a caller who is kept from its processor meanwhile finds an answer when it polls again */
	EXPECT_GE(3, polled);
	EXPECT_EQ(200, missed + slept + polled);

	/* on a machine that is busy with others even such a firmware is late now and then */
	serve_in_us(0);
	polled = psp_waits("polled");
	began = now();
	do {
		for (int n = 0; n < 100; n++)
			ASSERT_EQ(0, status_now(&self->p));
	} while (psp_waits("polled") < polled + 100 && now() - began < 20 * patience());
	EXPECT_LE(polled + 100, psp_waits("polled"));
}

TEST_F(life, answers_that_are_slept_for_are_found_by_their_interrupt)
{
	long interrupts;

	NEEDS_DEBUGFS();
	interrupts = psp_waits("interrupts");
	serve_in_us(1000);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, status_now(&self->p));
	serve_in_us(0);
	EXPECT_LE(interrupts + 90, psp_waits("interrupts"));
	EXPECT_GE(LATE_INTERRUPTS, psp_waits("rechecked"));
	EXPECT_STREQ("on while somebody sleeps", psp_waiting("interrupt"));
}

/* Load the driver on a PSP whose interrupt has this fault. */
static int load_with(struct platform *p, uint32_t kind)
{
	int ret;

	close(p->fd);
	ret = drivers_unload();
	if (!ret)
		ret = fault_arm(&(struct fault){ .kind = kind });
	if (!ret)
		ret = drivers_load_psp(params);
	p->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	return ret;
}

TEST_F(life, an_interrupt_that_comes_although_it_is_masked_is_left_on)
{
	klog_count(self->klog, "");
	ASSERT_EQ(0, load_with(&self->p, SWPSP_FAULT_STRAY_IRQ));
	EXPECT_EQ(1, klog_count(self->klog, "interrupts come although they are masked"));
	EXPECT_TRUE(begins(psp_waiting("interrupt"), "always on"));
	serve_in_us(1000);
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, status_now(&self->p));
	serve_in_us(0);
	EXPECT_GE(LATE_INTERRUPTS, psp_waits("rechecked"));
}

TEST_F(life, without_an_interrupt_answers_are_found_in_some_milliseconds)
{
	double began;

	klog_count(self->klog, "");
	ASSERT_EQ(0, load_with(&self->p, SWPSP_FAULT_DROP_IRQ));
	EXPECT_EQ(1, klog_count(self->klog, "no interrupt comes for an answer"));
	EXPECT_STREQ("does not come", psp_waiting("interrupt"));
	serve_in_us(1000);
	began = now();
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, status_now(&self->p));
	serve_in_us(0);
	EXPECT_GT(30 * 0.05 * patience(), now() - began);
	EXPECT_LE(25, psp_waits("rechecked"));
}

/* Devices that go away */

static int remove_device(void)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/remove", psp_dir());
	return control_write(path, "1");
}

/* The drivers find it by themselves, as they would a device that is plugged in. */
static int find_device(void)
{
	int ret = control_write("/sys/bus/pci/rescan", "1");

	for (int i = 0; !ret && !psp_dir()[0]; i++, usleep(10000))
		if (i == 200 * (int)patience())
			ret = -ENODEV;
	return ret;
}

/*
 * Launches are then refused: SNP does not come up under a kvm_amd that is loaded, and no guest
 * of any kind lives without SNP.
 */
static int no_guest_yet(void)
{
	return host_snp() ? -EBUSY : 0;
}

TEST_F(life, removed)
{
	struct sev_fw_door door;
	struct sev_fw_query query;
	struct launch l;

	ASSERT_EQ(0, guest_started(&l, false, RAM));
	ASSERT_EQ(0, remove_device());
	EXPECT_STREQ("", psp_dir());
	EXPECT_STREQ("the device has been removed, or unbound from the driver",
		     psp_reason(NULL));
	EXPECT_NE(0, access("/dev/sev", F_OK));

	/* by each door: it is gone */
	door = sev_fw_door_dev(self->p.fd, -1);
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	self->p.legacy = true;
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	self->p.legacy = false;
	EXPECT_EQ(-ENODEV, sev_fw_query(&door, &query, NULL, 0));
	EXPECT_EQ(-ENODEV, launch_update(&l));
	EXPECT_EQ(SEV_FW_NO_CALL, l.status);
	l.by_dev = true;
	EXPECT_EQ(-ENODEV, launch_update(&l));
	l.ops = &launch_legacy;
	EXPECT_EQ(-ENODEV, launch_update(&l));
	launch_close(&l);

	/* found again: also those who have kept the file open can go on */
	ASSERT_EQ(0, find_device());
	EXPECT_STREQ("ok", psp_reason(NULL));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(no_guest_yet(), whole_launch());
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_EQ(0, back_to_normal());
	EXPECT_EQ(0, whole_launch());
}

/* A guest that has gone with its platform, and one whose handle is the same number. */

#define PCI_DRIVER	"/sys/bus/pci/drivers/psp_sev/"

static int unbind_and_bind(void)
{
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "%s", strrchr(psp_dir(), '/') + 1);
	ret = control_write(PCI_DRIVER "unbind", name);
	return ret ? ret : control_write(PCI_DRIVER "bind", name);
}

static int remove_and_find(void)
{
	int ret = remove_device();

	if (!ret)
		ret = find_device();
	/* the BAR of the new device may be somewhere else */
	host_swpsp_use(NULL);
	return ret;
}

static uint32_t ends_of_guests(void)
{
	return host_counter(SWPSP_BAR_COUNT(SEV_FW_DEACTIVATE)) +
	       host_counter(SWPSP_BAR_COUNT(SEV_FW_DECOMMISSION));
}

/* No command of the VM gets to the firmware, by whichever door. */
static void expect_lost(struct __test_metadata *_metadata, struct launch *l)
{
	static const struct launch_ops * const ops[] = { &launch_fw, &launch_legacy };
	uint32_t asked = host_counter(SWPSP_BAR_COMMANDS), policy, state;

	for (int i = 0; i < 4; i++) {
		l->ops = ops[i % 2];
		l->by_dev = i / 2;
		serve_legacy(i / 2);
		EXPECT_EQ(-ESHUTDOWN, launch_update(l));
		EXPECT_EQ(SEV_FW_NO_CALL, l->status);
		EXPECT_EQ(-ESHUTDOWN, launch_measure(l));
		EXPECT_EQ(SEV_FW_NO_CALL, l->status);
		EXPECT_EQ(-ESHUTDOWN, l->ops->state(l, &policy, &state));
		EXPECT_EQ(SEV_FW_NO_CALL, l->status);
	}
	l->ops = &launch_fw;
	EXPECT_EQ(-ESHUTDOWN, launch_start(l));
	EXPECT_EQ(asked, host_counter(SWPSP_BAR_COMMANDS));
}

/* A new guest may not have an old one's key by the number of its handle. */
static int share_key_with(uint32_t handle, uint32_t *status)
{
	struct kvm_sev_launch_start start = { .handle = handle };
	struct launch l;
	int ret = guest_loaded(&l, false, RAM);

	if (!ret)
		ret = sev_kvm_op(l.vm.vm_fd, l.sev_fd, KVM_SEV_LAUNCH_START, &start, status);
	launch_close(&l);
	return ret;
}

static uint32_t handle_of(struct launch *l)
{
	struct kvm_sev_guest_status status = {};
	uint32_t ignored;

	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_GUEST_STATUS, &status, &ignored) ?
	       0 : status.handle;
}

/* A test whose next guest comes while the VM of one that is lost keeps kvm_amd loaded. */
#define NEEDS_NEXT_GUEST()						\
	do {								\
		if (host_snp())						\
			SKIP(return, "SNP does not come up again under kvm_amd, nor a guest"); \
	} while (0)

static void lose_a_guest(struct __test_metadata *_metadata, int (*lose)(void))
{
	uint32_t status, ended, name;
	struct launch old, new;

	ASSERT_EQ(0, guest_started(&old, false, RAM));
	name = handle_of(&old);
	ASSERT_NE(0, name);
	ASSERT_EQ(0, lose());
	expect_lost(_metadata, &old);

	/* to firmware they have the same name */
	ASSERT_EQ(0, guest_started(&new, false, RAM));
	EXPECT_NE(name, handle_of(&new));
	expect_lost(_metadata, &old);
	EXPECT_EQ(-ESHUTDOWN, share_key_with(name, &status));
	EXPECT_EQ(0, share_key_with(handle_of(&new), &status));

	ended = ends_of_guests();
	launch_close(&old);
	EXPECT_EQ(ended, ends_of_guests());
	EXPECT_EQ(-ESHUTDOWN, share_key_with(name, &status));
	EXPECT_EQ(0, launch_version(&new));
	EXPECT_EQ(0, launch_update(&new));
	EXPECT_EQ(0, launch_measure(&new));
	EXPECT_EQ(0, launch_check(&new));
	EXPECT_EQ(0, launch_finish(&new));
	ended = ends_of_guests();
	launch_close(&new);
	EXPECT_EQ(ended + 2, ends_of_guests());
	EXPECT_EQ(0, host_counter(SWPSP_BAR_GUESTS));

	/* now there is nobody any more who goes by that name, and firmware is asked */
	EXPECT_EQ(-EIO, share_key_with(name, &status));
	EXPECT_EQ(SEV_RET_INVALID_GUEST, status);
}

TEST_F(life, a_guest_of_an_unbound_psp_is_lost)
{
	NEEDS_NEXT_GUEST();
	lose_a_guest(_metadata, unbind_and_bind);
}

TEST_F(life, a_guest_of_a_removed_psp_is_lost)
{
	NEEDS_NEXT_GUEST();
	lose_a_guest(_metadata, remove_and_find);
}

/* A device that is not for this driver, and that somebody tells it to take. */
TEST_F(life, a_foreign_device_is_refused)
{
	static const char other[] = "0000:00:00.0";	/* the host bridge */
	const char *path = "/sys/bus/pci/devices/0000:00:00.0/driver_override";

	ASSERT_EQ(0, control_write(path, "psp_sev"));
	EXPECT_EQ(-ENODEV, control_write(PCI_DRIVER "bind", other));
	EXPECT_EQ(1, klog_count(self->klog, "no SEV: this is no PSP whose"));
	EXPECT_STREQ("this is no PSP whose registers are known", psp_reason(other));
	EXPECT_EQ(0, control_write(path, "\n"));

	/* without the driver's data the kernel does not take a new id for one that has some */
	EXPECT_EQ(-EINVAL, control_write(PCI_DRIVER "new_id", "8086 29c0"));

	/* and the driver's reason for its own device is still there */
	EXPECT_STREQ("ok", psp_reason(NULL));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, whole_launch());
}

#define GENERATIONS	6

/* Remove and find the PSP many times. One VM in three ends while there is no PSP. */
TEST_F(life, guests_of_many_platforms_have_different_names)
{
	struct launch l[GENERATIONS];
	uint32_t names[GENERATIONS];
	bool open[GENERATIONS] = {};
	char device[64];

	NEEDS_NEXT_GUEST();
	snprintf(device, sizeof(device), "%s", strrchr(psp_dir(), '/') + 1);
	for (int i = 0; i < GENERATIONS; i++) {
		ASSERT_EQ(0, guest_started(&l[i], i % 2, RAM));
		open[i] = true;
		names[i] = handle_of(&l[i]);
		EXPECT_NE(0, names[i]);
		for (int j = 0; j < i; j++)
			EXPECT_TRUE(!open[j] || names[j] != names[i]);
		ASSERT_EQ(0, control_write(PCI_DRIVER "unbind", device));
		if (i % 3 == 1) {
			launch_close(&l[i]);
			open[i] = false;
		}
		ASSERT_EQ(0, control_write(PCI_DRIVER "bind", device));
		for (int j = 0; j <= i; j++)
			if (open[j])
				expect_lost(_metadata, &l[j]);
	}
	for (int i = 0; i < GENERATIONS; i++)
		if (open[i])
			launch_close(&l[i]);
	EXPECT_EQ(0, host_counter(SWPSP_BAR_GUESTS));
	/* and all names are free again */
	ASSERT_EQ(0, guest_started(&l[0], false, RAM));
	EXPECT_EQ(names[0], handle_of(&l[0]));
	launch_close(&l[0]);
}

TEST_F(life, removed_in_flight)
{
	static const struct class status = { .id = SEV_FW_PLATFORM_STATUS, .issue = issue_status };
	struct asker asker = { .class = &status, .c.p = self->p };

	ASSERT_EQ(0, slow_down(SEV_FW_PLATFORM_STATUS, 1000000));
	ASSERT_EQ(0, pthread_create(&asker.thread, NULL, ask_in_thread, &asker));
	await_hit();
	ASSERT_EQ(0, remove_device());
	pthread_join(asker.thread, NULL);
	/* the command was under way, so removal waited for it */
	EXPECT_EQ(0, asker.c.ret);
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	ASSERT_EQ(0, find_device());
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(no_guest_yet(), whole_launch());
}

TEST_F(life, removed_when_dead)
{
	ASSERT_EQ(0, fault_arm(&(struct fault){ .kind = SWPSP_FAULT_HANG }));
	EXPECT_EQ(-ETIMEDOUT, status_now(&self->p));
	ASSERT_EQ(0, fault_clear());
	ASSERT_EQ(0, remove_device());
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	ASSERT_EQ(0, find_device());
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_LT(0, psp_attr_number("quarantined_pages"));
	EXPECT_EQ(no_guest_yet(), whole_launch());
}

/* Drivers come and go while the device is in use, as far as that is allowed. */
TEST_F(life, unload_in_use)
{
	EXPECT_NE(0, drivers_unload());
	EXPECT_EQ(0, status_now(&self->p));
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	EXPECT_EQ(0, whole_launch());
}

TEST_HARNESS_MAIN
