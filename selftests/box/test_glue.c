// SPDX-License-Identifier: GPL-2.0
/*
 * kvm_sev_glue: that what is ours arrives at the engine, that what is not arrives
 * at the stock kvm_amd unchanged, and that the module comes and goes under load.
 *
 * Needs root and the drivers loaded. Tests that load and unload kvm_sev_glue.ko
 * find it in the directory that PSP_MODULES_DIR names, others do without; in a
 * kernel tree the glue is a part of kvm_amd, and no module.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/sev-fw.h>
#include <linux/userfaultfd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "glue.h"
#include "host.h"
#include "patience.h"

#define NO_SUCH_ID	0x7ff
#define POLICY		1		/* no debugging */

static struct outcome sev_issue(int sev, __u32 id, void *block, __u32 len, int fd)
{
	struct outcome o = { .cmd = {
		.id = SEV_FW_CMD(id), .len = len, .data = (uintptr_t)block, .fd = fd,
		.error = MARK,
	} };

	errno = 0;
	o.ret = ioctl(sev, SEV_FW_ISSUE, &o.cmd);
	o.err = errno;
	return o;
}

FIXTURE(glue) {
	int plain;	/* a VM that is no SEV guest */
	int vm;		/* a SEV guest, not started */
	int sev;
};

FIXTURE_SETUP(glue)
{
	self->plain = create_vm();
	if (!glue_is_there(self->plain))
		SKIP_SETUP(GLUE " is not loaded");
	self->sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->vm = create_vm();
	ASSERT_LE(0, self->sev);
	ASSERT_LE(0, self->plain);
	ASSERT_LE(0, self->vm);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_INIT, NULL, self->sev).ret);
}

FIXTURE_TEARDOWN(glue)
{
	/* the next test shall find what this one has found */
	if (!module_is_loaded(GLUE) && getenv("PSP_MODULES_DIR"))
		load_module(GLUE);
	close(self->vm);
	close(self->plain);
	close(self->sev);
}

TEST_F(glue, not_a_sev_guest)
{
	struct sev_fw_guest_status status;

	EXPECT_OUTCOME(guest_status(self->plain, self->sev, &status), ENOTTY, SEV_FW_NO_CALL);
	/* The answer must not tell whether the command, or the fd, is wrong. */
	EXPECT_OUTCOME(passthrough(self->plain, NO_SUCH_ID, NULL, 0, -1), ENOTTY, SEV_FW_NO_CALL);
}

TEST_F(glue, unknown_id)
{
	EXPECT_OUTCOME(passthrough(self->vm, NO_SUCH_ID, NULL, 0, self->sev), EOPNOTSUPP,
		       SEV_FW_NO_CALL);
	EXPECT_OUTCOME(passthrough(self->vm, 0xffff, NULL, 0, self->sev), EOPNOTSUPP,
		       SEV_FW_NO_CALL);
	EXPECT_OUTCOME(passthrough(self->vm, 0x7fffffff, NULL, 0, self->sev), EINVAL,
		       SEV_FW_NO_CALL);
}

TEST_F(glue, bad_sev_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sev_fw_guest_status status;

	EXPECT_OUTCOME(guest_status(self->vm, -1, &status), EBADF, SEV_FW_NO_CALL);
	EXPECT_OUTCOME(guest_status(self->vm, null, &status), EBADF, SEV_FW_NO_CALL);
	EXPECT_OUTCOME(guest_status(self->vm, self->vm, &status), EBADF, SEV_FW_NO_CALL);
	close(null);
}

/* If the caller cannot be told, nothing is done. */
TEST_F(glue, error_cannot_be_written)
{
	struct sev_fw_launch_start start = { .policy = POLICY };
	struct sev_fw_guest_status status;
	struct sev_fw_cmd *cmd;

	cmd = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, cmd);
	cmd->id = SEV_FW_CMD(SEV_FW_LAUNCH_START);
	cmd->len = sizeof(start);
	cmd->data = (uintptr_t)&start;
	cmd->fd = self->sev;
	ASSERT_EQ(0, mprotect(cmd, 4096, PROT_READ));
	EXPECT_EQ(EFAULT, encrypt_op_at(self->vm, cmd).err);
	munmap(cmd, 4096);
	EXPECT_EQ(ENOENT, guest_status(self->vm, self->sev, &status).err);
}

TEST_F(glue, query)
{
	struct {
		struct sev_fw_query query;
		__u64 tail;
	} block = { .query.info_size = sizeof(struct sev_fw_cmd_info) };
	const __u32 size = sizeof(block.query);

	EXPECT_OUTCOME(passthrough(self->plain, SEV_FW_QUERY_ID, &block, size - 1, -1), EINVAL,
		       SEV_FW_NO_CALL);
	EXPECT_OUTCOME(passthrough(self->plain, SEV_FW_QUERY_ID, NULL, size, -1), EFAULT,
		       SEV_FW_NO_CALL);
	EXPECT_OUTCOME(passthrough(self->plain, SEV_FW_QUERY_ID, &block, size, -1), 0,
		       SEV_FW_NO_CALL);
	EXPECT_LT(0U, block.query.count);
	block.query = (struct sev_fw_query) { .info_size = sizeof(struct sev_fw_cmd_info) };
	EXPECT_EQ(0, passthrough(self->vm, SEV_FW_QUERY_ID, &block, sizeof(block), -1).ret);
	block.query = (struct sev_fw_query) { .info_size = sizeof(struct sev_fw_cmd_info) };
	block.tail = 1;
	EXPECT_OUTCOME(passthrough(self->vm, SEV_FW_QUERY_ID, &block, sizeof(block), -1), E2BIG,
		       SEV_FW_NO_CALL);
}

/* The handle that kvm_amd got is ours, too. */
TEST_F(glue, legacy_start)
{
	struct kvm_sev_launch_start start = { .policy = POLICY };
	struct sev_fw_guest_status status;

	EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), ENOENT, SEV_FW_NO_CALL);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_LAUNCH_START, &start, self->sev).ret);
	EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), 0, 0);
	EXPECT_EQ(GUEST_LUPDATE, status.state);
	EXPECT_EQ(POLICY, status.policy);
}

/* And the other way round: handle and fd. */
TEST_F(glue, passthrough_start)
{
	struct sev_fw_launch_start start = { .policy = POLICY };
	struct kvm_sev_guest_status status = {};

	EXPECT_OUTCOME(passthrough(self->vm, SEV_FW_LAUNCH_START, &start, sizeof(start), self->sev),
		       0, 0);
	EXPECT_EQ(0, legacy(self->vm, KVM_SEV_GUEST_STATUS, &status, self->sev).ret);
	EXPECT_EQ(GUEST_LUPDATE, status.state);
	EXPECT_EQ(POLICY, status.policy);
	EXPECT_EQ(start.handle, status.handle);
	start = (struct sev_fw_launch_start) { .policy = POLICY };
	EXPECT_OUTCOME(passthrough(self->vm, SEV_FW_LAUNCH_START, &start, sizeof(start), self->sev),
		       EBUSY, SEV_FW_NO_CALL);
}

/* In a child: KVM's rule that a VM is for the process that made it, by either door. */
static int errno_in_child(int sev, int vm, bool by_dev)
{
	struct sev_fw_guest_status status = {};
	int wstatus = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(by_dev ? sev_issue(sev, SEV_FW_GUEST_STATUS, &status, sizeof(status),
					 vm).err : guest_status(vm, sev, &status).err);
	waitpid(pid, &wstatus, 0);
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -1;
}

TEST_F(glue, the_other_door)
{
	struct kvm_sev_launch_start start = { .policy = POLICY };
	const __u32 size = sizeof(struct sev_fw_guest_status);
	struct sev_fw_guest_status status = {};
	int vcpu;

	EXPECT_OUTCOME(sev_issue(self->sev, SEV_FW_GUEST_STATUS, &status, size, self->plain),
		       ENOTTY, SEV_FW_NO_CALL);
	EXPECT_OUTCOME(sev_issue(self->sev, SEV_FW_GUEST_STATUS, &status, size, self->vm),
		       ENOENT, SEV_FW_NO_CALL);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_LAUNCH_START, &start, self->sev).ret);
	EXPECT_OUTCOME(sev_issue(self->sev, SEV_FW_GUEST_STATUS, &status, size, self->vm), 0, 0);
	EXPECT_EQ(GUEST_LUPDATE, status.state);

	vcpu = ioctl(self->vm, KVM_CREATE_VCPU, 0);
	ASSERT_LE(0, vcpu);
	EXPECT_OUTCOME(sev_issue(self->sev, SEV_FW_GUEST_STATUS, &status, size, vcpu), EBADF,
		       SEV_FW_NO_CALL);
	close(vcpu);
	EXPECT_EQ(EIO, errno_in_child(self->sev, self->vm, true));
	EXPECT_EQ(EIO, errno_in_child(self->sev, self->vm, false));
}

TEST_F(glue, start_by_the_other_door)
{
	struct sev_fw_launch_start start = { .policy = POLICY };
	struct sev_fw_guest_status status = {};

	EXPECT_OUTCOME(sev_issue(self->sev, SEV_FW_LAUNCH_START, &start, sizeof(start), self->vm),
		       0, 0);
	EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), 0, 0);
	EXPECT_EQ(GUEST_LUPDATE, status.state);
}

/* An open VM keeps kvm_amd, and so the function that the probe sits on. */
TEST_F(glue, kvm_amd_is_held)
{
	EXPECT_EQ(-1, try_unload_module("kvm_amd"));
	EXPECT_EQ(EWOULDBLOCK, errno);
}

/* Results that must be the same with the glue and without. */
#define COMPARED 7

static void compared(int plain, int vm, int sev, struct outcome *o)
{
	struct kvm_sev_guest_status status = {};

	*o++ = encrypt_op_at(vm, NULL);
	*o++ = encrypt_op_at(plain, NULL);
	*o++ = encrypt_op_at(vm, (void *)16);
	*o++ = legacy(vm, KVM_SEV_NR_MAX, NULL, sev);
	*o++ = legacy(vm, KVM_SEV_INIT, NULL, sev);
	*o++ = legacy(plain, KVM_SEV_GUEST_STATUS, &status, sev);
	*o++ = legacy(vm, KVM_SEV_GUEST_STATUS, &status, sev);
}

TEST_F(glue, same_as_stock)
{
	struct outcome with[COMPARED], without[COMPARED];
	struct sev_fw_guest_status status;
	int i;

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	serve_legacy(false);
	compared(self->plain, self->vm, self->sev, with);
	ASSERT_EQ(0, unload_module(GLUE));
	compared(self->plain, self->vm, self->sev, without);
	/* The stock function knows none of our ids; nobody touches the envelope. */
	EXPECT_EQ(EINVAL, guest_status(self->vm, self->sev, &status).err);
	ASSERT_EQ(0, load_module(GLUE));
	for (i = 0; i < COMPARED; i++) {
		TH_LOG("call %d: %d, errno %d", i, with[i].ret, with[i].err);
		EXPECT_SAME(with[i], without[i]);
	}
	EXPECT_EQ(0, with[0].ret);
	EXPECT_EQ(ENOENT, guest_status(self->vm, self->sev, &status).err);
}

/* A process that loads the module may have another file system at /sys, or none. */
static int load_without_sysfs(void)
{
	int wstatus = 0;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("none", "/sys", "tmpfs", 0, NULL) || !access("/sys/module", F_OK))
			_exit(1);
		_exit(load_module(GLUE) ? errno : 0);
	}
	waitpid(pid, &wstatus, 0);
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -1;
}

TEST_F(glue, attaches_where_sysfs_is_not_mounted)
{
	struct sev_fw_guest_status status;

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	ASSERT_EQ(0, unload_module(GLUE));
	EXPECT_EQ(0, load_without_sysfs());
	EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), ENOENT, SEV_FW_NO_CALL);
	EXPECT_TRUE(module_is_loaded(GLUE));
}

/* The glue stays, kvm_amd is loaded anew, and everything is as it was. */
TEST_F(glue, kvm_amd_comes_back)
{
	struct sev_fw_guest_status status;
	int i;

	/* elsewhere somebody may want to start a guest meanwhile */
	if (!host_swpsp())
		SKIP(return, "needs the simulated PSP");
	for (i = 0; i < 3; i++) {
		close(self->vm);
		close(self->plain);
		if (try_unload_module("kvm_amd"))
			SKIP(return, "kvm_amd is in use");
		ASSERT_EQ(0, system("PATH=$PATH:/sbin:/usr/sbin modprobe kvm_amd"));
		self->plain = create_vm();
		self->vm = create_vm();
		ASSERT_EQ(0, legacy(self->vm, KVM_SEV_INIT, NULL, self->sev).ret);
		EXPECT_OUTCOME(guest_status(self->plain, self->sev, &status), ENOTTY,
			       SEV_FW_NO_CALL);
		EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), ENOENT, SEV_FW_NO_CALL);
	}
}

/*
 * Calls from several tasks, on VMs of their own and on one that all share, while
 * the module comes and goes. A pass-through id is ours or it is unknown, a legacy
 * one does what it always does.
 */
#define CALLERS 6

struct caller {
	pthread_t thread;
	int vm;
	int sev;
	bool ours;
	unsigned long calls;
	unsigned long unexpected;
	unsigned long hits;
};

static atomic_bool stop;

static void *call_on(void *arg)
{
	struct kvm_sev_guest_status stock_status;
	struct sev_fw_guest_status status;
	struct caller *c = arg;
	struct outcome o;

	while (!stop) {
		if (c->ours) {
			o = guest_status(c->vm, c->sev, &status);
			c->hits += !o.ret;
			c->unexpected += o.ret && o.err != EINVAL;
		} else {
			o = legacy(c->vm, KVM_SEV_GUEST_STATUS, &stock_status, c->sev);
			c->hits += !o.ret;
			c->unexpected += !!o.ret;
			c->unexpected += encrypt_op_at(c->vm, NULL).ret != 0;
		}
		c->calls++;
		/* the glue is in use while it works on a call: leave it a moment to go */
		usleep(1000);
	}
	return NULL;
}

static int start_vm(int vm, int sev)
{
	struct kvm_sev_launch_start start = { .policy = POLICY };

	return legacy(vm, KVM_SEV_LAUNCH_START, &start, sev).ret;
}

/*
 * A call that sleeps for as long as its caller likes: on a page of a userfaultfd.
 */
struct sleeper {
	pthread_t thread;
	int uffd;
	char *page;
	int vm;
	struct sev_fw_cmd *cmd;
	struct outcome o;
};

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;

	s->o = encrypt_op_at(s->vm, s->cmd);
	return NULL;
}

/* A page that nobody has, and nobody gets until wake(). */
static int make_page(struct sleeper *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	s->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)s->page;
	reg.range.len = 4096;
	if (s->uffd < 0 || s->page == MAP_FAILED || ioctl(s->uffd, UFFDIO_API, &api))
		return -1;
	return ioctl(s->uffd, UFFDIO_REGISTER, &reg);
}

/* Begin the call; on return it sleeps. */
static int fall_asleep(struct sleeper *s)
{
	struct pollfd fault = { .fd = s->uffd, .events = POLLIN };
	struct uffd_msg msg;

	if (pthread_create(&s->thread, NULL, sleep_on, s))
		return -1;
	if (poll(&fault, 1, 10000) != 1)
		return -1;
	return read(s->uffd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -1;
}

static void wake(struct sleeper *s)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)s->page, .len = 4096 } };

	ioctl(s->uffd, UFFDIO_ZEROPAGE, &zero);
	pthread_join(s->thread, NULL);
	munmap(s->page, 4096);
	close(s->uffd);
}

/* In a child, for it may hang. Return: errno, or -1 if it hangs. */
static int errno_of_unload(struct sleeper *s)
{
	int wstatus = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(try_unload_module(GLUE) ? errno : 0);
	for (unsigned int i = 0; i < 100 * patience(); i++) {
		if (waitpid(pid, &wstatus, WNOHANG) == pid)
			return WEXITSTATUS(wstatus);
		usleep(100000);
	}
	wake(s);
	waitpid(pid, &wstatus, 0);
	return -1;
}

/* While the glue works on a command it is in use. Commands of stock's handlers do not use it. */
TEST_F(glue, a_caller_that_sleeps_does_not_block_rmmod)
{
	struct sev_fw_cmd cmd = { .fd = self->sev };
	struct { const char *where; bool envelope, stock; __u32 id; int unload; } sleeps[] = {
		{ "on its envelope", true, false, 0, EWOULDBLOCK },
		{ "on its block", false, false, SEV_FW_CMD(SEV_FW_LAUNCH_START), EWOULDBLOCK },
		{ "on its struct", false, false, KVM_SEV_GUEST_STATUS, EWOULDBLOCK },
		{ "in stock code", false, true, KVM_SEV_GUEST_STATUS, 0 },
	};
	struct sev_fw_guest_status status;

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	for (size_t i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		struct sleeper s = { .vm = self->vm };

		ASSERT_EQ(0, make_page(&s));
		ASSERT_TRUE(serve_legacy(!sleeps[i].stock));
		s.cmd = sleeps[i].envelope ? (void *)s.page : &cmd;
		cmd.id = sleeps[i].id;
		cmd.len = cmd.id & SEV_FW_PASSTHROUGH ? sizeof(struct sev_fw_launch_start) : 0;
		cmd.data = (uintptr_t)s.page;
		ASSERT_EQ(0, fall_asleep(&s));
		ASSERT_EQ(sleeps[i].unload, errno_of_unload(&s))
			TH_LOG("asleep %s", sleeps[i].where);
		wake(&s);
		/* KVM_SEV_INIT, from a page of zeros, comes too late; the others succeed */
		EXPECT_EQ(sleeps[i].envelope ? -1 : 0, s.o.ret)
			TH_LOG("asleep %s: errno %d", sleeps[i].where, s.o.err);
		if (!sleeps[i].unload)
			ASSERT_EQ(0, load_module(GLUE));
		EXPECT_EQ(0, unload_module(GLUE));
		ASSERT_EQ(0, load_module(GLUE));
	}
	EXPECT_OUTCOME(guest_status(self->vm, self->sev, &status), 0, 0);
	EXPECT_EQ(GUEST_LUPDATE, status.state);
}

TEST_F(glue, comes_and_goes_under_load)
{
	struct caller callers[CALLERS] = {};
	int i, own;

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	if (!can_patch_code_in_use())
		SKIP(return, "not on an emulator with more than one processor");
	own = create_vm();
	ASSERT_EQ(0, legacy(own, KVM_SEV_INIT, NULL, self->sev).ret);
	ASSERT_EQ(0, start_vm(own, self->sev));
	ASSERT_EQ(0, start_vm(self->vm, self->sev));
	/* if all callers held the module, hardly a moment would be left for its removal */
	ASSERT_TRUE(serve_legacy(false));
	stop = false;
	for (i = 0; i < CALLERS; i++) {
		callers[i].ours = i % 2;
		callers[i].vm = i < 2 ? own : self->vm;
		callers[i].sev = self->sev;
		ASSERT_EQ(0, pthread_create(&callers[i].thread, NULL, call_on, &callers[i]));
	}
	for (i = 0; i < 20; i++) {
		usleep(20000);
		EXPECT_EQ(0, unload_module(GLUE));
		usleep(20000);
		EXPECT_EQ(0, load_module(GLUE));
		EXPECT_TRUE(serve_legacy(false));
	}
	usleep(100000);
	stop = true;
	for (i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		TH_LOG("%s: %lu calls, %lu done", callers[i].ours ? "ours" : "legacy",
		       callers[i].calls, callers[i].hits);
		EXPECT_EQ(0UL, callers[i].unexpected);
		EXPECT_LT(0UL, callers[i].hits);
	}
	close(own);
}

TEST_HARNESS_MAIN
