// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile line for either side of a migration. The VMs are made up here; calls on them go
 * well or fail as the input says. These rules are insisted upon: a guest runs on the target only
 * once it is whole, which includes its vCPU, and nothing of it changes from then on; it runs on
 * the source only while that has not given it up; and a source that has begun to send it and
 * does not end with GO lets it go on there.
 *
 * An input: bits that say which calls fail, a byte for the side and one for how many bytes of
 * these bits there are; then the messages. A byte of 0x80 to 0x8d in place of a message is short
 * for a message of that kind, with the length that its body has.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/migrate/moving.h"
#include "../../tools/migrate/sides.h"
#include "../../tools/sevfw/progress.h"

#include "fuzz.h"

#define RAM		(64 << 10)
#define SHORT_HEADER	0x80

static struct input fails;
static struct {
	bool vm, running, es;
	bool other, started, cpu, vmsa, finished, ready, late;	/* target: CPUID, up to GO */
	bool begun, sending, heard, go, goes_on, eio;	/* source: SEND_START, READY, GO */
} state;
static uint8_t ram[RAM];
static uint64_t shared[RAM / 4096 / 64 + 1];

/* Messages of the sides come by here (ld --wrap). */
int __real_wire_send(enum wire_kind kind, uint64_t where, const void *body, uint32_t len);
int __wrap_wire_send(enum wire_kind kind, uint64_t where, const void *body, uint32_t len);
int __real_wire_receive(struct wire_header *header, union wire_body *body);
int __wrap_wire_receive(struct wire_header *header, union wire_body *body);

/* The next call goes well, or not. */
static int outcome(void)
{
	switch (take(&fails)) {
	case 1:
		state.eio = true;
		return -EIO;
	case 2:
		return -EINVAL;
	default:
		return 0;
	}
}

/* The same of a command, by which alone the firmware's status changes. */
static int issue(struct launch *l)
{
	l->returned = outcome();
	l->status = l->returned ? SEV_FW_STATUS_BAD_MEASUREMENT : SEV_FW_STATUS_SUCCESS;
	return l->returned;
}

/* ---- functions that the sides call ---- */

const struct launch_ops launch_fw;

int launch_open(struct launch *l, const struct launch_ops *ops, uint32_t policy)
{
	memset(l, 0, sizeof(*l));
	l->ops = ops;
	l->policy = policy;
	l->status = SEV_FW_NO_CALL;
	memset(&state, 0, sizeof(state));
	return outcome();
}

void launch_close(struct launch *l)
{
	insist(!state.begun || state.go || (!state.sending && state.goes_on),
	       "a guest that goes on");
	l->vm.memory = NULL;
	state.vm = false;
}

uint32_t launch_status(const struct launch *l, int ret)
{
	insist(l && ret <= 0, "a result");
	return l->returned == ret ? l->status : SEV_FW_NO_CALL;
}

const char *launch_error(const struct launch *l, int err)
{
	return l && err ? "as the input wants" : "no error";
}

const char *sev_status_text(uint32_t status)
{
	insist(status && status != SEV_FW_NO_CALL, "a status that is a refusal");
	return "status";
}

int launch_vm(struct launch *l, size_t size)
{
	insist(!state.vm && size && !(size % 4096), "a VM of pages");
	l->vm.memory = ram;
	l->vm.size = size;
	state.vm = true;
	return outcome();
}

int launch_init(struct launch *l)
{
	insist(l->vm.memory, "a VM");
	return outcome();
}

int vm_register(struct vm *vm)
{
	insist(vm->memory, "a VM");
	return outcome();
}

int launch_steps(struct launch *l, size_t size, unsigned int steps)
{
	if (steps & STEP_VM) {
		l->vm.memory = ram;
		l->vm.size = size;
		state.vm = true;
	}
	return outcome();
}

int launch_start(struct launch *l)
{
	insist(l->vm.memory, "a VM");
	return issue(l);
}

int launch_update_at(struct launch *l, uint64_t gpa, uint32_t len)
{
	insist(l->vm.memory && len, "a VM");
	return gpa < l->vm.size ? issue(l) : -EINVAL;
}

int migrate_target(struct launch *l, const struct vendor_files *vendor,
		   struct migrate_target *target)
{
	insist(l->ops && !vendor, "an open launch");
	memset(target, 0, sizeof(*target));
	return issue(l);
}

int migrate_receive_start(struct launch *l, const struct migrate_session *session)
{
	insist(state.vm && !state.started && session->policy == l->policy, "one START");
	insist(!state.other, "a vCPU with the guest's CPUID");
	state.started = true;
	state.es = launch_es(l);
	return issue(l);
}

int migrate_receive_many(struct launch *l, const uint64_t *gpas, uint32_t count,
			 const struct migrate_packet *packets, uint32_t *done)
{
	insist(state.started && !state.finished && count && count <= MIGRATE_MANY,
	       "pages after START");
	for (uint32_t i = 0; i < count; i++)
		insist(packets[i].len <= SEV_FW_PACKET_MAX, "a packet that fits");
	*done = 0;
	return gpas[0] < l->vm.size ? issue(l) : -EINVAL;
}

int migrate_receive_vmsa(struct launch *l, uint32_t vcpu, const struct migrate_packet *packet)
{
	insist(l->vm.memory && state.started && state.es && !vcpu, "the vCPU of a SEV-ES guest");
	insist(!state.vmsa && packet->len <= SEV_FW_PACKET_MAX, "one state, which fits");
	insist(state.cpu && !state.finished, "KVM's state comes before the firmware's");
	state.vmsa = true;
	return issue(l);
}

int migrate_receive_finish(struct launch *l)
{
	insist(l->vm.memory && state.started && !state.finished, "the end of what was started");
	insist(state.cpu, "a guest with its vCPU");
	state.finished = true;
	return issue(l);
}

int live_set_cpu(struct vm *vm, const struct live_cpu *cpu)
{
	insist(vm->memory && cpu && state.started, "a vCPU");
	return outcome();
}

int counter_run(struct vm *vm, unsigned int count, uint32_t *next)
{
	insist(vm->memory && count && !state.go, "a guest that is here");
	state.goes_on = !state.sending;
	insist(!state.started || (state.finished && !state.late), "a guest that is whole");
	insist(!state.started || state.vmsa == state.es, "a vCPU with its state");
	state.running = true;
	++*next;
	return outcome();
}

int counter_digest(struct launch *l, uint8_t *digest)
{
	insist(l->vm.memory, "a VM");
	memset(digest, 0, OWNER_HASH_SIZE);
	return issue(l);
}

void counter_load(struct vm *vm)
{
	insist(vm->memory, "a VM");
}

int migrate_send_start(struct launch *l, const struct migrate_target *target,
		       struct migrate_session *session)
{
	insist(l->vm.memory && target, "a guest");
	memset(session, 0, sizeof(*session));
	state.goes_on = false;
	state.sending = !issue(l);
	state.begun = state.begun || state.sending;
	return l->returned;
}

int migrate_send_many(struct launch *l, const uint64_t *gpas, uint32_t count, uint32_t len,
		      struct migrate_packet *packets, uint32_t *done)
{
	insist(count && count <= MIGRATE_MANY && gpas[count - 1] + len <= l->vm.size, "its RAM");
	for (uint32_t i = 0; i < count; i++)
		packets[i].len = len;
	*done = count;
	return issue(l);
}

int migrate_send_vmsa(struct launch *l, uint32_t vcpu, struct migrate_packet *packet)
{
	insist(launch_es(l) && !vcpu && !state.running, "a vCPU that stands still");
	packet->len = SEV_FW_VMSA_SIZE;
	return issue(l);
}

int migrate_send_finish(struct launch *l)
{
	insist(l->vm.memory && state.sending && state.heard, "one end, after READY");
	return issue(l);
}

int migrate_send_cancel(struct launch *l)
{
	insist(l->vm.memory && state.sending && !state.go, "a guest that is still here");
	state.sending = false;
	return issue(l);
}

static void fill_cpuid(struct live_cpuid *cpuid)
{
	*cpuid = (struct live_cpuid){ .count = 1, .entries[0].function = 1 };
}

int live_get_cpuid(struct vm *vm, struct live_cpuid *cpuid)
{
	insist(vm->memory && !state.running, "a vCPU that has not run");
	fill_cpuid(cpuid);
	return outcome();
}

bool live_cpuid_differs(const struct live_cpuid *before, const struct live_cpuid *after,
			uint32_t *leaf)
{
	insist(before->count <= LIVE_CPUID_MAX && after->count == 1, "two lists");
	*leaf = 1;
	return before->count != 1;
}

int live_log(struct vm *vm, bool on)
{
	insist(vm->memory || !on, "a VM");
	return 0;
}

int live_written(struct vm *vm, uint64_t *bitmap)
{
	memset(bitmap, 0, vm->size / 4096 / 8);
	*bitmap = take(&fails);
	return 0;
}

int vm_set_shared(struct vm *vm, uint64_t gpa, uint64_t count, bool is_shared)
{
	insist(vm->memory && vm->shared && count == 1, "a page");
	insist(!state.finished, "a guest that is not whole yet");
	if (gpa % 4096 || gpa >= vm->size)
		return -EINVAL;
	vm->shared[gpa / 4096 / 64] |= 1ull << gpa / 4096 % 64;
	if (!is_shared)
		vm->shared[gpa / 4096 / 64] &= ~(1ull << gpa / 4096 % 64);
	return 0;
}

int live_get_cpu(struct vm *vm, struct live_cpu *cpu)
{
	insist(vm->memory, "a VM");
	memset(cpu, 0, sizeof(*cpu));
	return outcome();
}

/* ---- messages ---- */

int __wrap_wire_send(enum wire_kind kind, uint64_t where, const void *body, uint32_t len)
{
	insist(kind != WIRE_REFUSED || where, "a refusal whose reason is no success");
	insist((kind != WIRE_START && kind != WIRE_START_LINUX) ||
	       ((const struct wire_start *)body)->cpuid.count == 1, "the vCPU's CPUID");
	insist(kind != WIRE_GO || (state.heard && !state.goes_on),
	       "GO for a guest that stands still");
	state.ready = state.ready || kind == WIRE_READY;
	state.go = state.go || kind == WIRE_GO;
	return __real_wire_send(kind, where, body, len);
}

int __wrap_wire_receive(struct wire_header *header, union wire_body *body)
{
	int ret = __real_wire_receive(header, body);

	if (!ret && state.ready && header->kind != WIRE_GO && header->kind != WIRE_CANCEL)
		state.late = true;
	if (!ret && (header->kind == WIRE_START || header->kind == WIRE_START_LINUX))
		state.other = body->start.cpuid.count != 1;
	if (!ret && state.sending && header->kind == WIRE_READY)
		state.heard = true;
	return ret;
}

/* ---- guests ---- */

static int made_launch(struct launch *l, const struct migrate_options *opt)
{
	int ret = launch_steps(l, opt->memory, STEP_VM);

	return ret ? ret : launch_start(l);
}

static int made_make(struct launch *l, size_t ram)
{
	int ret = launch_vm(l, ram);

	ret = ret ? ret : launch_init(l);
	return ret ? ret : vm_register(&l->vm);
}

/* A guest that says which pages are shared. */
static int linux_launch(struct launch *l, const struct migrate_options *opt)
{
	int ret = made_launch(l, opt);

	shared[0] = take(&fails);
	l->vm.shared = shared;
	return ret;
}

static int linux_make(struct launch *l, size_t ram)
{
	int ret = made_make(l, ram);

	shared[0] = 0;
	l->vm.shared = shared;
	return ret;
}

static int made_run(struct launch *l, unsigned int count, uint32_t *next)
{
	return counter_run(&l->vm, count, next);
}

static int made_stop(struct launch *l, uint32_t *next)
{
	insist(l && next, "a guest");
	state.running = false;
	return outcome();
}

static int send_state(struct launch *l, enum wire_kind kind, const void *data, uint32_t len)
{
	insist(l->vm.memory, "a VM");
	return outcome() ?: wire_send(kind, 0, data, len);
}

static int send_cpu(struct launch *l, unsigned int pause)
{
	static const struct live_cpu cpu;

	(void)pause;
	return send_state(l, WIRE_CPU, &cpu, sizeof(cpu));
}

static int send_machine(struct launch *l, unsigned int pause)
{
	static const struct wire_machine machine;

	(void)pause;
	return send_state(l, WIRE_MACHINE, &machine, sizeof(machine));
}

static int made_take(struct launch *l, const union wire_body *body)
{
	insist(l->vm.memory && body && state.started && !state.finished, "a guest's state");
	insist(!state.cpu && !state.vmsa, "one state");
	state.cpu = true;
	return outcome();
}

const struct moving moving_small = {
	.start = WIRE_START, .state = WIRE_CPU, .launch = made_launch, .make = made_make,
	.run = made_run, .slice = 1, .stop = made_stop, .send = send_cpu, .take = made_take,
};

const struct moving moving_linux = {
	.start = WIRE_START_LINUX, .state = WIRE_MACHINE, .launch = linux_launch,
	.make = linux_make, .run = made_run, .slice = 1, .stop = made_stop,
	.send = send_machine, .take = made_take,
};

/* ---- the line ---- */

static uint32_t body_size(enum wire_kind kind)
{
	switch (kind) {
	case WIRE_HELLO:
		return sizeof(struct migrate_target);
	case WIRE_START:
	case WIRE_START_LINUX:
		return sizeof(struct wire_start);
	case WIRE_PAGE:
	case WIRE_VMSA:
		return offsetof(struct migrate_packet, data) + 16;
	case WIRE_SHARED:
		return WIRE_SHARED_SIZE;
	case WIRE_CPU:
		return sizeof(struct live_cpu);
	case WIRE_MACHINE:
		return sizeof(struct wire_machine);
	case WIRE_STOPPED:
		return sizeof(struct wire_stopped);
	default:
		return 0;
	}
}

/* A whole message of this kind; its body begins as the input goes on. */
static void put_short(int fd, uint8_t kind, struct input *in)
{
	struct wire_header header = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .kind = kind + 1,
		.where = 4096ull * take(in), .len = body_size(kind + 1),
	};
	union wire_body body = { .page = { .len = 16 } };
	uint8_t bits;

	if (kind + 1 == WIRE_VMSA)
		header.where = 0;
	if (kind + 1 == WIRE_START || kind + 1 == WIRE_START_LINUX) {
		body.start.ram = 4096ull * (1 + take(in) % 16);
		bits = take(in);
		body.start.session.policy = bits & OWNER_POLICY_ES;
		fill_cpuid(&body.start.cpuid);
		body.start.cpuid.count = bits & 0x80 ? UINT32_MAX : 1 + (bits >> 6 & 1u);
	} else if (kind + 1 != WIRE_PAGE && kind + 1 != WIRE_VMSA) {
		*(uint8_t *)&body = take(in);
	}
	/* a digest that the RAM here has, or has not */
	if (kind + 1 == WIRE_STOPPED) {
		body.stopped.has_digest = body.stopped.next & 1;
		body.stopped.digest[0] = body.stopped.next & 2;
	}
	insist(write(fd, &header, sizeof(header)) == sizeof(header) &&
	       write(fd, &body, header.len) == (ssize_t)header.len, "a line");
}

/* Standard input for a side becomes the rest of the input, and its end. */
static void make_line(struct input *in)
{
	int fd = memfd_create("line", 0);

	insist(fd >= 0, "a line");
	while (in->left) {
		uint8_t first = take(in);

		if (first >= SHORT_HEADER && first < SHORT_HEADER + WIRE_KINDS - 1)
			put_short(fd, first - SHORT_HEADER, in);
		else
			insist(write(fd, &first, 1) == 1, "a line");
	}
	insist(!lseek(fd, 0, SEEK_SET) && dup2(fd, STDIN_FILENO) == STDIN_FILENO, "standard input");
	close(fd);
}

void fuzz_ready(unsigned int worlds)
{
	(void)worlds;
}

void fuzz_one(unsigned int world, const uint8_t *data, size_t size)
{
	struct migrate_options opt = { .memory = RAM, .by_dev = false };
	struct input in = { data, size };
	uint8_t how = take(&in), bits = take(&in);
	uint32_t status;
	int ret;

	(void)world;
	memset(&state, 0, sizeof(state));
	memset(ram, 0, sizeof(ram));
	memset(shared, 0, sizeof(shared));
	fails = (struct input){ in.at, bits < in.left ? bits : in.left };
	in.at += fails.left;
	in.left -= fails.left;
	fuzz_silence();
	make_line(&in);
	opt.cancel = how >> 2 & 7;
	opt.policy = (how & 2 ? OWNER_POLICY_NODBG : 0) | (how & 32 ? OWNER_POLICY_ES : 0);
	if (how & 1)
		ret = side_receive(&opt, &status);
	else
		ret = side_send(&opt, &status);
	insist(ret != -EIO || state.eio, "the errno of what has failed");
}
