// SPDX-License-Identifier: GPL-2.0
/*
 * A second user of the PSP in the kernel, second_user.ko, beside KVM.
 *
 * The firmware binds a dirty ASID again only after a WBINVD on every CPU and a
 * DF_FLUSH, and a DEACTIVATE between the two spoils them. kvm_amd keeps its own
 * DEACTIVATEs out by a lock of its own, which no other module can take, so on the
 * stock drivers KVM's flush fails for somebody else's DEACTIVATE, and somebody
 * else's flush for KVM's. psp_sev serialises all of them where the commands meet.
 *
 * The tests run on both kinds of driver, and say for each which outcome is right:
 * that of the stock drivers is a failure, and one that must be seen, since it is
 * what the lock in psp_sev is there for.
 *
 * No step races with another. One command that the simulated PSP is told to answer
 * late (HELD_MS) holds the mailbox; the others queue behind it, STEP_MS apart. Both are
 * longer on a slow machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include <linux/sev-fw.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "control.h"
#include "host.h"
#include "patience.h"
#include "steps.h"

#define MODULE			"second_user"
#define FILE_OF_MODULE		"/sys/kernel/debug/" MODULE

#define WBINVD_REQUIRED		0x0e
#define DF_FLUSH_REQUIRED	0x0f

#define RAM			(64 << 10)
#define ASIDS_MAX		64
#define HELD_MS			2000
#define STEP_MS			500
#define SLOWEST			10	/* a factor; the drivers would not wait for ever */
#define RACE_SECONDS		6

static void sleep_ms(unsigned int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* One word to the module; 0 or a negative errno. */
static int second_user(const char *word)
{
	return control_write(FILE_OF_MODULE, word);
}

/* The firmware's status of the module's last command */
static int second_user_status(void)
{
	char text[16] = "";

	return control_read(FILE_OF_MODULE, text, sizeof(text)) > 0 ? atoi(text) : -1;
}

static int module_load(void)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", getenv("PSP_MODULES_DIR"), MODULE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* Is the lock where the commands meet? */
static bool serialised(void)
{
	const char *driver = getenv("SEV_BOX");

	return !driver || strcmp(driver, "stock");
}

/* A VM that holds an ASID of SEV-ES guests, and no firmware guest. */
static int es_vm(int kvm, int sev, int *vm)
{
	struct kvm_sev_cmd cmd = { .id = KVM_SEV_ES_INIT, .sev_fd = sev };

	*vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (*vm < 0)
		return -errno;
	return ioctl(*vm, KVM_MEMORY_ENCRYPT_OP, &cmd) ? -errno : 0;
}

/* A command that somebody issues in a thread of his own */
struct issue {
	pthread_t thread;
	const char *word;	/* of the module's; NULL: see below */
	int kvm, sev;
	struct launch *victim;	/* a guest to destroy, or else make a SEV-ES VM */
	int vm;
	int ret;
	int status;
};

static void *issue_thread(void *arg)
{
	struct issue *issue = arg;

	if (issue->word) {
		issue->ret = second_user(issue->word);
		issue->status = second_user_status();
	} else if (issue->victim) {
		launch_close(issue->victim);
	} else {
		issue->ret = es_vm(issue->kvm, issue->sev, &issue->vm);
	}
	return NULL;
}

/* PDH_CERT_EXPORT with no room: the firmware is asked, and answers with lengths. */
static void *hold_mailbox(void *arg)
{
	struct sev_user_data_pdh_cert_export export = {};
	struct sev_issue_cmd cmd = { .cmd = SEV_PDH_CERT_EXPORT, .data = addr_of(&export) };

	ioctl(*(int *)arg, SEV_ISSUE_CMD, &cmd);
	return NULL;
}

/* Carry out @first and @second, in this order, as soon as the PSP is free again. */
static int queue_up(int sev, struct issue *first, struct issue *second)
{
	const unsigned int slow = patience() < SLOWEST ? patience() : SLOWEST;
	const struct fault late = {
		.id = SEV_FW_PDH_CERT_EXPORT, .kind = SWPSP_FAULT_DELAY,
		.value = HELD_MS * 1000 * slow, .count = 1,
	};
	pthread_t holder;
	int ret = fault_arm(&late);

	if (ret)
		return ret;
	pthread_create(&holder, NULL, hold_mailbox, &sev);
	sleep_ms(STEP_MS * slow);
	pthread_create(&first->thread, NULL, issue_thread, first);
	sleep_ms(STEP_MS * slow);
	pthread_create(&second->thread, NULL, issue_thread, second);
	pthread_join(holder, NULL);
	pthread_join(first->thread, NULL);
	pthread_join(second->thread, NULL);
	return fault_clear();
}

FIXTURE(second_user) {
	int kvm, sev, log;
	char start[32];		/* the module's word for a guest on the highest ASID */
	struct launch launch;
};

FIXTURE_SETUP(second_user)
{
	int ret;

	HOST_NEEDS(HOST_SEV | HOST_ES | HOST_SWPSP);
	if (!getenv("PSP_MODULES_DIR"))
		SKIP_SETUP("PSP_MODULES_DIR does not say where second_user.ko is");
	self->launch = (struct launch){
		.sev_fd = -1, .vm = VM_NONE,
	};
	self->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	self->sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->log = klog_open();
	ASSERT_LE(0, self->kvm);
	ASSERT_LE(0, self->sev);
	ASSERT_LE(0, self->log);
	ret = module_load();
	if (ret == -ENOENT && !strcmp(getenv("SEV_BOX"), "tree"))
		SKIP_SETUP("the kernel has no second_user.ko beside its own modules");
	ASSERT_TRUE(ret == 0 || ret == -EEXIST);
	/* KVM hands out the lowest one that is free */
	snprintf(self->start, sizeof(self->start), "start %u",
		 host_counter(SWPSP_BAR_MAX_ASID));
}

FIXTURE_TEARDOWN(second_user)
{
	fault_clear();
	second_user("deactivate");
	second_user("end");
	launch_close(&self->launch);
	EXPECT_EQ(0, syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	close(self->log);
	close(self->sev);
	close(self->kvm);
}

/* Take every ASID of SEV-ES guests once: the next taker has to flush first. */
static int wear_out_es_asids(int kvm, int sev)
{
	unsigned int i, made, count = host_counter(SWPSP_BAR_MIN_SEV_ASID) - 1;
	int vm[ASIDS_MAX], ret = 0;

	for (made = 0; !ret && made < count && made < ASIDS_MAX; made++)
		ret = es_vm(kvm, sev, &vm[made]);
	for (i = 0; i < made; i++)
		close(vm[i]);
	return ret;
}

/* KVM: WBINVD, DF_FLUSH. The second user: DEACTIVATE, in between. */
TEST_F(second_user, a_deactivate_spoils_no_flush_of_kvms)
{
	struct issue deactivate = { .word = "deactivate" };
	struct issue init = { .kvm = self->kvm, .sev = self->sev, .vm = -1 };

	ASSERT_EQ(0, second_user(self->start));
	ASSERT_EQ(0, wear_out_es_asids(self->kvm, self->sev));
	klog_count(self->log, "");
	ASSERT_EQ(0, queue_up(self->sev, &deactivate, &init));
	close(init.vm);

	EXPECT_EQ(0, deactivate.ret);
	if (serialised()) {
		EXPECT_EQ(0, init.ret);
		EXPECT_EQ(0U, klog_count(self->log, "DF_FLUSH failed"));
	} else {
		/* all ASIDs are free, and KVM says that none is */
		EXPECT_EQ(-EBUSY, init.ret);
		EXPECT_EQ(1U, klog_count(self->log, "DF_FLUSH failed, ret=-5, error=0xe"));
	}
}

/* The second user: WBINVD, DF_FLUSH. KVM: DEACTIVATE of a guest that dies. */
TEST_F(second_user, a_guest_that_dies_spoils_no_flush_of_others)
{
	struct launch *l = &self->launch;
	struct issue kill = { .victim = l }, flush = { .word = "flush" };

	ASSERT_EQ(0, second_user(self->start));
	GOES(launch_open(l, &launch_legacy, 0));
	GOES(launch_vm(l, RAM));
	GOES(launch_init(l));
	GOES(launch_load(l));
	GOES(launch_start(l));
	GOES(launch_update(l));
	GOES(launch_measure(l));
	GOES(launch_finish(l));
	ASSERT_EQ(0, queue_up(self->sev, &kill, &flush));

	if (serialised()) {
		EXPECT_EQ(0, flush.ret);
		EXPECT_EQ(0, flush.status);
	} else {
		EXPECT_EQ(-EIO, flush.ret);
		EXPECT_EQ(WBINVD_REQUIRED, flush.status);
	}
}

/* On the stock drivers each user must know when to flush. */
TEST_F(second_user, a_dirty_asid_is_bound_without_ado)
{
	ASSERT_EQ(0, second_user(self->start));
	ASSERT_EQ(0, second_user("deactivate"));
	if (serialised()) {
		EXPECT_EQ(0, second_user("activate"));
		EXPECT_EQ(0, second_user_status());
	} else {
		EXPECT_EQ(-EIO, second_user("activate"));
		EXPECT_EQ(DF_FLUSH_REQUIRED, second_user_status());
	}
}

/* The export does not ask whether there are guests; only psp_sev does. */
TEST_F(second_user, a_shutdown_leaves_other_users_guests_alone)
{
	int ret;

	ASSERT_EQ(0, second_user(self->start));
	ret = second_user("shutdown");
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel's drivers do not export sev_platform_shutdown()");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(serialised() ? 0 : -EIO, second_user("deactivate"));
}

static atomic_bool race_is_over;

struct racer {
	pthread_t thread;
	const char *start;
	unsigned long lives;
	int ret;
	int status;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	while (!race_is_over && !racer->ret) {
		racer->ret = second_user(racer->start);
		if (!racer->ret)
			racer->ret = second_user("deactivate");
		if (!racer->ret)
			racer->ret = second_user("end");
		racer->status = second_user_status();
		racer->lives++;
	}
	return NULL;
}

/* As many lives of either kind as there is time for; not one may fail. */
TEST_F(second_user, guests_of_both_users_live_and_die_at_once)
{
	struct racer racer = { .start = self->start };
	unsigned long made = 0;
	int ret = 0, vm = -1;
	time_t until;

	if (!serialised())
		SKIP(return, "on the stock drivers this fails now and then, as shown above");
	race_is_over = false;
	until = time(NULL) + RACE_SECONDS;
	ASSERT_EQ(0, pthread_create(&racer.thread, NULL, race, &racer));
	for (; !ret && time(NULL) < until; made++) {
		ret = es_vm(self->kvm, self->sev, &vm);
		close(vm);
	}
	race_is_over = true;
	pthread_join(racer.thread, NULL);

	TH_LOG("%lu VMs, %lu guests of the second user", made, racer.lives);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, racer.ret);
	EXPECT_EQ(0, racer.status);
	EXPECT_LT(host_counter(SWPSP_BAR_MIN_SEV_ASID), made);
	EXPECT_LT(1UL, racer.lives);
}

HOST_TESTS_MAIN
