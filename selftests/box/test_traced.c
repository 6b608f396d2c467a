// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_MEMORY_ENCRYPT_OP while others look on: every tracer that the kernel has for a
 * function, on kvm_amd's sev_mem_enc_ioctl(), which the glue keeps pass-through
 * commands away from. A tracer sees each other call once, with the caller's arguments
 * and the result; and neither a tracer nor a caller changes which way a call goes.
 *
 * Needs root, the drivers, and PSP_MODULES_DIR as test_glue does.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/kvm.h>
#include <linux/sev-fw.h>

#include "kselftest_harness.h"
#include "glue.h"
#include "host.h"
#include "patience.h"

#define FUNCTION	"sev_mem_enc_ioctl"
#define TRACEFS		"/sys/kernel/tracing/"
/* The graph tracer has the main buffer for itself. */
#define INSTANCE	TRACEFS "instances/glue_test/"
#define POLICY		1		/* no debugging */
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* BPF programs */

/**
 * struct seen - calls that a BPF program has seen; the programs know the offsets
 * @calls: how many
 * @argp: the last one's second argument
 * @ret: result of the function; fexit only
 */
struct seen {
	uint64_t calls;
	uint64_t argp;
	uint64_t ret;
};

/**
 * struct bpf_tracer - a program on the function's entry or exit
 * @kind: BPF_TRACE_FENTRY or BPF_TRACE_FEXIT
 * @link: closing it ends it
 * @seen: the program writes here
 */
struct bpf_tracer {
	enum bpf_attach_type kind;
	int link;
	struct seen *seen;
};

#define INSN(opcode, dst, src, offset, value) \
	((struct bpf_insn) { .code = (opcode), .dst_reg = (dst), .src_reg = (src), \
			     .off = (offset), .imm = (value) })

/**
 * struct types - type information of kvm_amd
 * @vmlinux: types of the kernel, on which it is based
 * @module: types of the module
 * @fd: file descriptor of @module
 */
struct types {
	struct btf *vmlinux;
	struct btf *module;
	int fd;
};

static int types_open(struct types *t)
{
	struct bpf_btf_info info;
	uint32_t id = 0, len;
	char name[64];

	*t = (struct types) { .vmlinux = btf__load_vmlinux_btf(), .fd = -1 };
	while (t->vmlinux && !bpf_btf_get_next_id(id, &id)) {
		t->fd = bpf_btf_get_fd_by_id(id);
		info = (struct bpf_btf_info) {
			.name = (uintptr_t)name, .name_len = sizeof(name),
		};
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(t->fd, &info, &len) && !strcmp(name, "kvm_amd")) {
			t->module = btf__load_from_kernel_by_id_split(id, t->vmlinux);
			return t->module ? 0 : -1;
		}
		close(t->fd);
		t->fd = -1;
	}
	return -1;
}

static void types_close(struct types *t)
{
	close(t->fd);
	btf__free(t->module);
	btf__free(t->vmlinux);
}

/* Where a member is in struct vcpu_svm, in bytes, or -1. */
static int offset_in_vcpu(const struct types *t, const char *member)
{
	int id = btf__find_by_name_kind(t->module, "vcpu_svm", BTF_KIND_STRUCT);
	const struct btf_type *vcpu = btf__type_by_id(t->module, id);

	for (uint32_t i = 0; vcpu && i < btf_vlen(vcpu); i++) {
		const char *name = btf__name_by_offset(t->module, btf_members(vcpu)[i].name_off);

		if (!strcmp(name, member))
			return btf_member_bit_offset(vcpu, i) / 8;
	}
	return -1;
}

static int bpf_load(struct bpf_tracer *t, int map)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = t->kind);
	struct bpf_insn program[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_7, BPF_PSEUDO_MAP_VALUE, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1),
		INSN(BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_7, BPF_REG_0, 0, BPF_ADD),
		INSN(BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_1, BPF_REG_6, 8, 0),
		INSN(BPF_STX | BPF_DW | BPF_MEM, BPF_REG_7, BPF_REG_1, 8, 0),
		/* the result is behind the arguments, but not yet there on entry */
		INSN(BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_1, BPF_REG_6,
		     t->kind == BPF_TRACE_FEXIT ? 16 : 8, 0),
		INSN(BPF_STX | BPF_DW | BPF_MEM, BPF_REG_7, BPF_REG_1, 16, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct types types;
	int ret = -1;

	if (!types_open(&types)) {
		ret = btf__find_by_name_kind(types.module, FUNCTION, BTF_KIND_FUNC);
		opts.attach_btf_id = ret;
		opts.attach_btf_obj_fd = types.fd;
		if (ret > 0)
			ret = bpf_prog_load(BPF_PROG_TYPE_TRACING, "glue_test", "GPL", program,
					    ARRAY_LEN(program), &opts);
	}
	types_close(&types);
	return ret;
}

static int bpf_on(struct bpf_tracer *t)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int map, program;

	t->link = -1;
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "glue_test", sizeof(uint32_t),
			     sizeof(struct seen), 1, &opts);
	t->seen = mmap(NULL, sizeof(*t->seen), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	program = bpf_load(t, map);
	if (t->seen != MAP_FAILED && program >= 0)
		t->link = bpf_raw_tracepoint_open(NULL, program);
	close(program);
	close(map);
	return t->link < 0 ? -1 : 0;
}

static void bpf_off(struct bpf_tracer *t)
{
	close(t->link);
	if (t->seen != MAP_FAILED)
		munmap(t->seen, sizeof(*t->seen));
}

/* Those that write into a trace buffer */

/**
 * struct tracer - one way to look at the function
 * @name: for messages
 * @define: line for dynamic_events, if it is an event; "%d" is the offset of the
 *	first instruction behind the tracers' place
 * @event: the event's name
 * @group: where it then is
 * @buffer: trace buffer, and directory of its settings
 * @plugin: name of the tracer, if it is one
 * @line: a part of each of its lines in the buffer, and of no others
 * @bpf: if it is a BPF program
 * @on: the tracer is attached
 * @optional: not every kernel has it
 */
struct tracer {
	const char *name;
	const char *define, *event, *group;
	const char *buffer, *plugin, *line;
	struct bpf_tracer bpf;
	bool on;
	bool optional;
};

static struct tracer tracers[] = {
	{ .name = "function", .buffer = INSTANCE, .plugin = "function",
	  .line = FUNCTION " <-" },
	{ .name = "function_graph", .buffer = TRACEFS, .plugin = "function_graph",
	  .line = FUNCTION },
	{ .name = "kprobe", .define = "p:kprobes/glue_entry kvm_amd:" FUNCTION,
	  .event = "glue_entry", .group = "kprobes", .buffer = INSTANCE, .line = "glue_entry:" },
	{ .name = "kretprobe", .define = "r:kprobes/glue_return kvm_amd:" FUNCTION,
	  .event = "glue_return", .group = "kprobes", .buffer = INSTANCE, .line = "glue_return:" },
	{ .name = "kprobe behind the entry",
	  .define = "p:kprobes/glue_body kvm_amd:" FUNCTION "+%d",
	  .event = "glue_body", .group = "kprobes", .buffer = INSTANCE, .line = "glue_body:" },
	{ .name = "fprobe", .define = "f:fprobes/glue_fentry " FUNCTION,
	  .event = "glue_fentry", .group = "fprobes", .buffer = INSTANCE, .line = "glue_fentry:",
	  .optional = true },
	{ .name = "fprobe of the return", .define = "f:fprobes/glue_fexit " FUNCTION "%%return",
	  .event = "glue_fexit", .group = "fprobes", .buffer = INSTANCE, .line = "glue_fexit:",
	  .optional = true },
	{ .name = "BPF fentry", .bpf.kind = BPF_TRACE_FENTRY },
	{ .name = "BPF fexit", .bpf.kind = BPF_TRACE_FEXIT },
	{ .name = "a second BPF fentry", .bpf.kind = BPF_TRACE_FENTRY },
};

#define TRACERS	ARRAY_LEN(tracers)

static int write_to(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	int ret = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;

	close(fd);
	return ret;
}

/* Opening it so that it is truncated empties a filter, or a trace buffer. */
static int setting(const char *dir, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return write_to(path, O_TRUNC, text);
}

/* Only at the start of an instruction; where that is depends on the kernel. */
static int define_event(const struct tracer *t)
{
	static const int offsets[] = { 5, 9 };
	char line[128];

	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof(line), t->define, offsets[i]);
#pragma GCC diagnostic pop
		if (!write_to(TRACEFS "dynamic_events", O_APPEND, line))
			return 0;
	}
	return -1;
}

static int switch_event(const struct tracer *t, const char *state)
{
	char path[256];

	snprintf(path, sizeof(path), "events/%s/%s/enable", t->group, t->event);
	return setting(t->buffer, path, state);
}

static int tracer_on(struct tracer *t)
{
	int ret;

	if (t->bpf.kind)
		ret = bpf_on(&t->bpf);
	else if (t->define)
		ret = define_event(t) ?: switch_event(t, "1");
	else
		ret = setting(t->buffer, "set_ftrace_filter", FUNCTION) ?:
		      setting(t->buffer, "current_tracer", t->plugin);
	t->on = !ret;
	return ret;
}

static void tracer_off(struct tracer *t)
{
	char line[64];

	if (!t->on)
		return;
	t->on = false;
	if (t->bpf.kind) {
		bpf_off(&t->bpf);
	} else if (t->define) {
		switch_event(t, "0");
		snprintf(line, sizeof(line), "-:%s/%s", t->group, t->event);
		write_to(TRACEFS "dynamic_events", O_APPEND, line);
	} else {
		setting(t->buffer, "current_tracer", "nop");
		setting(t->buffer, "set_ftrace_filter", "");
	}
}

static void all_off(void)
{
	for (size_t i = 0; i < TRACERS; i++)
		tracer_off(&tracers[i]);
}

/* Lines of a trace buffer that have @text. */
static unsigned long count_lines(const char *dir, const char *text)
{
	char path[256], line[512];
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%strace", dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += line[0] != '#' && strstr(line, text);
	if (f)
		fclose(f);
	return n;
}

static unsigned long seen_by(const struct tracer *t)
{
	return t->bpf.kind ? t->bpf.seen->calls : count_lines(t->buffer, t->line);
}

static void forget(void)
{
	setting(TRACEFS, "trace", "");
	setting(INSTANCE, "trace", "");
	for (size_t i = 0; i < TRACERS; i++)
		if (tracers[i].on && tracers[i].bpf.kind)
			memset(tracers[i].bpf.seen, 0, sizeof(struct seen));
}

FIXTURE(traced) {
	int plain;	/* a VM that is no SEV guest */
	int vm;		/* a guest that has been started */
	int sev;
};

FIXTURE_SETUP(traced)
{
	struct kvm_sev_launch_start start = { .policy = POLICY };

	HOST_NEEDS(HOST_SEV);
	self->plain = create_vm();
	if (!glue_is_there(self->plain))
		SKIP_SETUP(GLUE " is not loaded");
	if (!can_patch_code_in_use())
		SKIP_SETUP("not on an emulator with more than one processor");
	mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mkdir(INSTANCE, 0700);
	if (access(INSTANCE "current_tracer", W_OK))
		SKIP_SETUP("this kernel has no tracers");
	self->sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->vm = create_vm();
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_INIT, NULL, self->sev).ret);
	ASSERT_EQ(0, legacy(self->vm, KVM_SEV_LAUNCH_START, &start, self->sev).ret);
}

FIXTURE_TEARDOWN(traced)
{
	all_off();
	rmdir(INSTANCE);
	if (!module_is_loaded(GLUE) && getenv("PSP_MODULES_DIR"))
		load_module(GLUE);
	close(self->vm);
	close(self->plain);
	close(self->sev);
}

#define TRACED FIXTURE_DATA(traced) *self, struct __test_metadata *_metadata

/* Calls of both kinds. Return: how many are for the stock function. */
static unsigned long call(bool glue, TRACED)
{
	struct kvm_sev_guest_status stock;
	struct sev_fw_guest_status status;
	unsigned long n = 0;

	for (int i = 0; i < 3; i++) {
		const struct outcome o = guest_status(self->vm, self->sev, &status);

		EXPECT_EQ(glue ? 0 : EINVAL, o.err);
		EXPECT_EQ(glue ? 0 : MARK, o.cmd.error);
		EXPECT_EQ(glue ? 1 : 0, status.state);
		memset(&stock, 0, sizeof(stock));
		EXPECT_EQ(glue ? ENOTTY : EINVAL,
			  guest_status(self->plain, self->sev, &status).err);
		EXPECT_EQ(0, encrypt_op_at(self->vm, NULL).ret);
		EXPECT_EQ(EFAULT, encrypt_op_at(self->vm, (void *)16).err);
		EXPECT_OUTCOME(legacy(self->vm, KVM_SEV_GUEST_STATUS, &stock, self->sev), 0, 0);
		EXPECT_EQ(1, stock.state);
		EXPECT_EQ(EINVAL, legacy(self->vm, KVM_SEV_NR_MAX, NULL, self->sev).err);
		n += glue ? 4 : 6;
	}
	return n;
}

/* Do all that look on see each call of the function, and once? */
static void look_on(const char *when, bool glue, TRACED)
{
	unsigned long n;

	/* a command that the driver serves does not come to the stock function */
	if (glue)
		serve_legacy(false);
	forget();
	n = call(glue, self, _metadata);
	for (size_t i = 0; i < TRACERS; i++) {
		const struct tracer *t = &tracers[i];

		if (!t->on)
			continue;
		EXPECT_EQ(n, seen_by(t))
			TH_LOG("%s, %s", t->name, when);
		/* the last call was made with an envelope on the stack, and refused */
		if (t->bpf.kind)
			EXPECT_LT(0x10000UL, t->bpf.seen->argp);
		if (t->bpf.kind == BPF_TRACE_FEXIT)
			EXPECT_EQ(-EINVAL, (int)t->bpf.seen->ret);
	}
}

/* Go and come back under tracers that are there already. */
static void reload(TRACED)
{
	if (glue_stays())
		return;
	ASSERT_EQ(0, unload_module(GLUE));
	look_on("without the glue", false, self, _metadata);
	ASSERT_EQ(0, load_module(GLUE));
	look_on("the glue has come back", true, self, _metadata);
}

/* The harness needs braces around its macros. */
static void trace(struct tracer *t, struct __test_metadata *_metadata)
{
	if (tracer_on(t)) {
		EXPECT_TRUE(t->optional)
			TH_LOG("%s: %s", t->name, strerror(errno));
	}
}

TEST_F(traced, by_one_at_a_time)
{
	for (size_t i = 0; i < TRACERS; i++) {
		trace(&tracers[i], _metadata);
		look_on("alone", true, self, _metadata);
		reload(self, _metadata);
		all_off();
		look_on("gone", true, self, _metadata);
	}
}

/* One after the other, each under the calls of those before. */
TEST_F(traced, by_all_at_once)
{
	for (int backwards = 0; backwards < 2; backwards++) {
		for (size_t i = 0; i < TRACERS; i++) {
			struct tracer *t = &tracers[backwards ? TRACERS - 1 - i : i];

			trace(t, _metadata);
			look_on(t->name, true, self, _metadata);
		}
		reload(self, _metadata);
		for (size_t i = 0; i < TRACERS; i++) {
			tracer_off(&tracers[i]);
			look_on("some are gone", true, self, _metadata);
		}
	}
}

/* The tracers were first. */
TEST_F(traced, before_the_glue)
{
	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	ASSERT_EQ(0, unload_module(GLUE));
	for (size_t i = 0; i < TRACERS; i++)
		trace(&tracers[i], _metadata);
	look_on("without the glue", false, self, _metadata);
	ASSERT_EQ(0, load_module(GLUE));
	look_on("with the glue", true, self, _metadata);
	ASSERT_EQ(0, unload_module(GLUE));
	look_on("without it again", false, self, _metadata);
	all_off();
	look_on("nobody looks on", false, self, _metadata);
	ASSERT_EQ(0, load_module(GLUE));
}

/*
 * Calls from several tasks, while tracers and the glue come and go.
 */
#define CALLERS 4

struct caller {
	pthread_t thread;
	int vm;
	int sev;
	bool ours;
	unsigned long calls;
	unsigned long hits;
	unsigned long unexpected;
};

static atomic_bool stop;

static void *call_on(void *arg)
{
	struct kvm_sev_guest_status stock;
	struct sev_fw_guest_status status;
	struct caller *c = arg;
	struct outcome o;

	while (!stop) {
		if (c->ours) {
			o = guest_status(c->vm, c->sev, &status);
			/* without the glue, the stock kvm_amd knows no such id */
			c->unexpected += o.ret && o.err != EINVAL;
		} else {
			o = legacy(c->vm, KVM_SEV_GUEST_STATUS, &stock, c->sev);
			c->unexpected += o.ret != 0;
			c->unexpected += encrypt_op_at(c->vm, NULL).ret != 0;
		}
		c->hits += !o.ret;
		c->calls++;
		/* a call holds the module: leave it a moment to go */
		usleep(1000);
	}
	return NULL;
}

TEST_F_TIMEOUT(traced, under_load, 600)
{
	struct caller callers[CALLERS] = {};
	unsigned int random = test_seed(1);

	/* half of the calls shall reach the function that is traced */
	serve_legacy(false);
	stop = false;
	for (size_t i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller) { .ours = i % 2, .vm = self->vm, .sev = self->sev };
		ASSERT_EQ(0, pthread_create(&callers[i].thread, NULL, call_on, &callers[i]));
	}
	for (size_t i = 0; i < 4 * TRACERS; i++) {
		struct tracer *t = &tracers[rand_r(&random) % TRACERS];

		if (t->on)
			tracer_off(t);
		else
			trace(t, _metadata);
		usleep(5000);
		if (i % 4 || glue_stays())
			continue;
		EXPECT_EQ(0, unload_module(GLUE));
		usleep(5000);
		EXPECT_EQ(0, load_module(GLUE));
		EXPECT_TRUE(serve_legacy(false));
	}
	usleep(50000);
	stop = true;
	for (size_t i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		TH_LOG("%s: %lu calls, %lu done", callers[i].ours ? "ours" : "legacy",
		       callers[i].calls, callers[i].hits);
		EXPECT_EQ(0UL, callers[i].unexpected);
		EXPECT_LT(0UL, callers[i].hits);
	}
	look_on("after all that", true, self, _metadata);
}

/* The caller's argument */

#define VALUES_MAX	256

/* Addresses that mean something to the kernel, and some that might. */
static size_t values(uint64_t *value)
{
	static const uint64_t odd[] = {
		0, 1, 16, 4095, 1ull << 32, ~0ull, ~0ull - 4095, 1ull << 47, 1ull << 63,
		0xffff800000000000, 0xffff888000000000, 0xffffffff80000000,
	};
	FILE *f = fopen("/proc/kallsyms", "r");
	size_t n = ARRAY_LEN(odd), others = 0;
	char line[512];

	memcpy(value, odd, sizeof(odd));
	while (f && n < VALUES_MAX && fgets(line, sizeof(line), f)) {
		if (strstr(line, "[" GLUE "]") || (strstr(line, "[kvm_amd]") && others++ % 16 == 0))
			value[n++] = strtoull(line, NULL, 16);
	}
	if (f)
		fclose(f);
	return n;
}

/* How many of the glue's functions a call passes through. */
static unsigned long way_of(int vm, uint64_t argument)
{
	setting(INSTANCE, "trace", "");
	encrypt_op_at(vm, (void *)argument);
	return count_lines(INSTANCE, "<-");
}

TEST_F(traced, the_argument_steers_nothing)
{
	uint64_t value[VALUES_MAX];
	const size_t n = values(value);
	unsigned long nowhere;
	struct outcome with[VALUES_MAX];

	if (glue_stays())
		SKIP(return, "%s", glue_stays());
	/* without the symbols of both modules it would show nothing */
	ASSERT_LT(40UL, n);
	ASSERT_NE(0UL, value[n - 1]);
	ASSERT_EQ(0, setting(INSTANCE, "set_ftrace_filter", "*:mod:" GLUE));
	ASSERT_EQ(0, setting(INSTANCE, "current_tracer", "function"));
	nowhere = way_of(self->plain, 16);
	EXPECT_LT(0UL, nowhere);
	for (size_t i = 0; i < n; i++) {
		with[i] = encrypt_op_at(self->vm, (void *)value[i]);
		EXPECT_EQ(value[i] ? EFAULT : 0, with[i].err)
			TH_LOG("%#lx", value[i]);
		if (value[i]) {
			EXPECT_EQ(nowhere, way_of(self->vm, value[i]))
				TH_LOG("%#lx", value[i]);
		}
	}
	setting(INSTANCE, "current_tracer", "nop");
	setting(INSTANCE, "set_ftrace_filter", "");
	ASSERT_EQ(0, unload_module(GLUE));
	for (size_t i = 0; i < n; i++)
		EXPECT_SAME(with[i], encrypt_op_at(self->vm, (void *)value[i]));
	ASSERT_EQ(0, load_module(GLUE));
}

/*
 * Interception of a guest that is entered: a vCPU whose state was encrypted by a
 * pass-through command must have the same as one that stock code has sealed, also when
 * user space changes its filter of MSRs.
 */
#define POLICY_ES	5
#define ENTRIES		3	/* as sealed, with a filter, without it again */
#define LBR_MSRS	0x1d0	/* the MSRs of branch records are among the 16 from here */
#define LBR_FROM	0x1db
#define MAP_LBR		0x3fc00000u	/* in the permission map: reads and writes of four */

static const struct tracer entry = {
	.name = "entry", .event = "glue_run", .group = "kprobes", .buffer = INSTANCE,
};

/* A kprobe that shows what the VMCB, the map and KVM's record of it have. */
static int define_entry(void)
{
	struct types types;
	char line[512];
	int vmcb, map, record;

	if (types_open(&types)) {
		types_close(&types);
		return -1;
	}
	vmcb = offset_in_vcpu(&types, "vmcb");
	map = offset_in_vcpu(&types, "msrpm");
	record = offset_in_vcpu(&types, "shadow_msr_intercept");
	types_close(&types);
	if (vmcb < 0 || map < 0)
		return -1;
	snprintf(line, sizeof(line), "p:kprobes/glue_run kvm_amd:svm_prepare_switch_to_guest "
		 "lbr=+0xb8(+%d(%%di)):x64 map=+%d(+%d(%%di)):x32", vmcb, LBR_MSRS / 4, map);
	/* later kernels have no record */
	if (record > 0)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " reads=+%d(%%di):x64 writes=+%d(%%di):x64", record, record + 8);
	return write_to(TRACEFS "dynamic_events", O_APPEND, line) ?: switch_event(&entry, "1");
}

/**
 * struct entered - state of a vCPU that the probe has shown
 * @lbr: the VMCB's word with the bit that virtualizes branch records
 * @map: 16 MSRs of the permission map
 * @text: that, and KVM's record
 */
struct entered {
	uint64_t lbr;
	uint32_t map;
	char text[256];
};

static int last_entry(struct entered *e)
{
	char line[512], *found;
	FILE *f = fopen(INSTANCE "trace", "r");

	*e = (struct entered) {};
	while (f && fgets(line, sizeof(line), f)) {
		found = strstr(line, "lbr=");
		if (found && sscanf(found, "lbr=%lx map=%x", &e->lbr, &e->map) == 2)
			snprintf(e->text, sizeof(e->text), "%s", found);
	}
	if (f)
		fclose(f);
	return e->text[0] ? 0 : -1;
}

/* Up to the last step before the guest: a signal is waiting that KVM lets through. */
static int enter(int vcpu, struct entered *e)
{
	struct {
		struct kvm_signal_mask mask;
		uint64_t none;
	} mask = { .mask.len = 8 };
	sigset_t usr1;
	int ret, sig;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise(SIGUSR1);
	setting(INSTANCE, "trace", "");
	ret = ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask) ?: ioctl(vcpu, KVM_RUN, 0);
	/* where VMRUN cannot load a save area, each entry ends the next one early */
	if (ret == -1 && errno == EIO)
		ret = ioctl(vcpu, KVM_RUN, 0);
	if (ret != -1 || errno != EINTR)
		return -1;
	sigwait(&usr1, &sig);
	return last_entry(e);
}

/* Lets the guest use all MSRs; with @deny all but reads of LASTBRANCHFROM. */
static int set_filter(int vm, bool deny)
{
	uint8_t bits[2] = { 0xff, 0xff & ~(1 << (LBR_FROM - LBR_MSRS - 8)) };
	struct kvm_msr_filter filter = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };

	if (deny)
		filter.ranges[0] = (struct kvm_msr_filter_range) {
			.flags = KVM_MSR_FILTER_READ, .nmsrs = 16, .base = LBR_MSRS, .bitmap = bits,
		};
	return ioctl(vm, KVM_X86_SET_MSR_FILTER, &filter);
}

static void entries_of(bool ours, int sev, struct entered *e, struct __test_metadata *_metadata)
{
	struct kvm_sev_launch_start start = { .policy = POLICY_ES };
	struct sev_fw_launch_update_vmsa block = {};
	/* a VM without memory is not entered */
	struct kvm_userspace_memory_region memory = { .memory_size = 0x10000 };
	int vm = create_vm();
	void *ram;
	int vcpu;

	serve_legacy(ours);
	ram = mmap(NULL, memory.memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	memory.userspace_addr = (uintptr_t)ram;
	ASSERT_EQ(0, legacy(vm, KVM_SEV_ES_INIT, NULL, sev).ret);
	ASSERT_EQ(0, ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory));
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	ASSERT_LE(0, vcpu);
	ASSERT_EQ(0, legacy(vm, KVM_SEV_LAUNCH_START, &start, sev).ret);
	EXPECT_OUTCOME(ours ?
		       passthrough(vm, SEV_FW_LAUNCH_UPDATE_VMSA, &block, sizeof(block), sev) :
		       legacy(vm, KVM_SEV_LAUNCH_UPDATE_VMSA, NULL, sev), 0, 0);
	EXPECT_EQ(0, enter(vcpu, &e[0]));
	EXPECT_EQ(0, set_filter(vm, true));
	EXPECT_EQ(0, enter(vcpu, &e[1]));
	EXPECT_EQ(0, set_filter(vm, false));
	EXPECT_EQ(0, enter(vcpu, &e[2]));
	close(vcpu);
	close(vm);
	munmap(ram, memory.memory_size);
}

TEST_F(traced, a_sealed_vcpu_is_entered_as_a_stock_one)
{
	struct entered stock[ENTRIES] = {}, ours[ENTRIES] = {};

	HOST_NEEDS(HOST_ES);
	ASSERT_EQ(0, define_entry());
	entries_of(false, self->sev, stock, _metadata);
	entries_of(true, self->sev, ours, _metadata);
	for (int i = 0; i < ENTRIES; i++)
		EXPECT_STREQ(stock[i].text, ours[i].text);
	/* and the filter shows */
	EXPECT_EQ(1UL, stock[0].lbr & 1);
	EXPECT_EQ(0U, stock[0].map & MAP_LBR);
	EXPECT_NE(stock[0].map, stock[1].map);
	EXPECT_EQ(stock[0].map, stock[2].map);
	switch_event(&entry, "0");
	write_to(TRACEFS "dynamic_events", O_APPEND, "-:kprobes/glue_run");
}

TEST_HARNESS_MAIN
