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
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
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

#include "kselftest_harness.h"
#include "host.h"

#define GLUE		"kvm_sev_glue"
#define TRACING		"/sys/kernel/tracing/"
#define MARK		0x5a5a5a5a	/* in ->error: nobody has written it */
#define NO_SUCH_ID	0x7ff
#define POLICY		1		/* no debugging */
#define STATE_LAUNCH	1		/* LUPDATE, of GUEST_STATUS */

/* An ioctl as the caller sees it. */
struct outcome {
	int ret;
	int err;
	struct sev_fw_cmd cmd;
};

static struct outcome encrypt_op(int vm, struct sev_fw_cmd cmd)
{
	struct outcome o = { .cmd = cmd };

	o.cmd.error = MARK;
	errno = 0;
	o.ret = ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &o.cmd);
	o.err = errno;
	return o;
}

static struct outcome encrypt_op_at(int vm, void *arg)
{
	struct outcome o = {};

	errno = 0;
	o.ret = ioctl(vm, KVM_MEMORY_ENCRYPT_OP, arg);
	o.err = errno;
	return o;
}

static struct outcome passthrough(int vm, __u32 id, void *block, __u32 len, int sev)
{
	return encrypt_op(vm, (struct sev_fw_cmd) {
		.id = SEV_FW_CMD(id), .len = len, .data = (uintptr_t)block, .fd = sev,
	});
}

/* The stock envelope has nothing in ->len. */
static struct outcome legacy(int vm, __u32 id, void *data, int sev)
{
	return encrypt_op(vm, (struct sev_fw_cmd) {
		.id = id, .data = (uintptr_t)data, .fd = sev,
	});
}

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

/* A pass-through command that has to work on any started guest. */
static struct outcome guest_status(int vm, int sev, struct sev_fw_guest_status *status)
{
	memset(status, 0, sizeof(*status));
	return passthrough(vm, SEV_FW_GUEST_STATUS, status, sizeof(*status), sev);
}

static int create_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	close(kvm);
	return vm;
}

static const char *module_path(const char *name)
{
	static char path[PATH_MAX];
	const char *dir = getenv("PSP_MODULES_DIR");

	if (!dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	return path;
}

static int load_module(const char *name)
{
	int fd = open(module_path(name), O_RDONLY | O_CLOEXEC);
	int ret = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return ret;
}

static int try_unload_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

/* A command through /dev/sev holds the module for a moment. */
static int unload_module(const char *name)
{
	int ret;

	do {
		ret = try_unload_module(name);
	} while (ret && errno == EWOULDBLOCK);
	return ret;
}

static bool module_is_loaded(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

/* Why the module cannot come and go, or NULL. */
static const char *glue_stays(void)
{
	if (!module_is_loaded(GLUE))
		return "the glue is a part of kvm_amd";
	return module_path(GLUE) ? NULL : "PSP_MODULES_DIR is not set";
}

/* Is there a glue, be it a module or a part of kvm_amd? */
static bool glue_is_there(int vm)
{
	struct sev_fw_query query = { .info_size = sizeof(struct sev_fw_cmd_info) };

	return module_is_loaded(GLUE) ||
	       !passthrough(vm, SEV_FW_QUERY_ID, &query, sizeof(query), -1).ret;
}

#define EXPECT_OUTCOME(o, want_errno, want_error) do {			\
	const struct outcome _o = (o);					\
	const int _errno = (want_errno);				\
									\
	EXPECT_EQ(_errno ? -1 : 0, _o.ret);				\
	EXPECT_EQ(_errno, _o.err);					\
	EXPECT_EQ((__u32)(want_error), _o.cmd.error);			\
} while (0)

#define EXPECT_SAME(a, b) do {						\
	const struct outcome _a = (a), _b = (b);			\
	EXPECT_EQ(_a.ret, _b.ret);					\
	EXPECT_EQ(_a.err, _b.err);					\
	EXPECT_EQ(0, memcmp(&_a.cmd, &_b.cmd, sizeof(_a.cmd)));		\
} while (0)

FIXTURE(glue) {
	int plain;	/* a VM that is no SEV guest */
	int vm;		/* a SEV guest, not started */
	int sev;
};

FIXTURE_SETUP(glue)
{
	self->plain = create_vm();
	if (!glue_is_there(self->plain))
		SKIP(return, GLUE " is not loaded");
	self->sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->vm = create_vm();
	ASSERT_LE(0, self->sev);
	ASSERT_LE(0, self->plain);
	ASSERT_LE(0, self->vm);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_INIT, NULL, self->sev).ret);
}

FIXTURE_TEARDOWN(glue)
{
	close(self->vm);
	close(self->plain);
	close(self->sev);
}

TEST_F(glue, not_a_sev_guest)
{
	struct sev_fw_guest_status status;

	EXPECT_OUTCOME(guest_status(self->plain, self->sev, &status), ENOTTY, SEV_FW_NO_CALL);
	/* It is not said either whether the command or the fd would do. */
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
	EXPECT_EQ(STATE_LAUNCH, status.state);
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
	EXPECT_EQ(STATE_LAUNCH, status.state);
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
	EXPECT_EQ(STATE_LAUNCH, status.state);

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
	EXPECT_EQ(STATE_LAUNCH, status.state);
}

/* An open VM keeps kvm_amd, and so the function that the probe sits on. */
TEST_F(glue, kvm_amd_is_held)
{
	EXPECT_EQ(-1, try_unload_module("kvm_amd"));
	EXPECT_EQ(EWOULDBLOCK, errno);
}

/* What has to come out the same with the glue and without. */
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

/* The glue stays, kvm_amd is loaded anew, and everything is as it was. */
TEST_F(glue, kvm_amd_comes_back)
{
	struct sev_fw_guest_status status;
	int i;

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

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int ret = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;

	close(fd);
	return ret;
}

/* A kretprobe and the graph tracer: both replace return addresses on the stack. */
static int trace(void)
{
	mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
	if (write_file(TRACING "kprobe_events", "r:glue_test kvm_amd:sev_mem_enc_ioctl"))
		return -1;
	return write_file(TRACING "events/kprobes/glue_test/enable", "1") ||
	       write_file(TRACING "set_ftrace_filter", "sev_mem_enc_ioctl") ||
	       write_file(TRACING "current_tracer", "function_graph");
}

static void do_not_trace(void)
{
	write_file(TRACING "current_tracer", "nop");
	close(open(TRACING "set_ftrace_filter", O_WRONLY | O_TRUNC));
	write_file(TRACING "events/kprobes/glue_test/enable", "0");
	write_file(TRACING "kprobe_events", "-:glue_test");
}

TEST_F(glue, traced)
{
	struct sev_fw_guest_status status;
	int before, i;

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	for (before = 0; before < 2; before++) {
		if (before)
			ASSERT_EQ(0, unload_module(GLUE));
		if (trace()) {
			do_not_trace();
			SKIP(return, "this kernel has no tracers");
		}
		if (before)
			ASSERT_EQ(0, load_module(GLUE));
		for (i = 0; i < 10; i++) {
			EXPECT_EQ(EINVAL, legacy(self->vm, KVM_SEV_NR_MAX, NULL, self->sev).err);
			EXPECT_EQ(ENOENT, guest_status(self->vm, self->sev, &status).err);
		}
		do_not_trace();
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
	}
	return NULL;
}

/*
 * QEMU's emulation, version 7.2 at least, may go on running what it translated while
 * another processor was patching it. There any probe that is set or removed on a
 * function in use, the kernel's own tracers too, ends in an oops.
 */
static bool can_patch_code_in_use(void)
{
	unsigned int eax, signature[3];

	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		return true;
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	return memcmp(signature, "TCGTCGTCGTCG", sizeof(signature));
}

static int start_vm(int vm, int sev)
{
	struct kvm_sev_launch_start start = { .policy = POLICY };

	return legacy(vm, KVM_SEV_LAUNCH_START, &start, sev).ret;
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
