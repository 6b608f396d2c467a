// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's notes of written pages, a vCPU's registers and CPUID, and a VM's devices.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include <sevfw/live.h>

/* The guest sees another thing than before in a page that has turned. */
static uint64_t turned(struct vm *vm, size_t word)
{
	return __atomic_exchange_n(&vm->turned[word], 0, __ATOMIC_SEQ_CST);
}

int live_log(struct vm *vm, bool on)
{
	struct kvm_userspace_memory_region region = {
		.flags = on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.memory_size = vm->size,
		.userspace_addr = (uintptr_t)vm->memory,
	};

	if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	for (size_t i = 0; on && vm->turned && i < (vm->size / 4096 + 63) / 64; i++)
		turned(vm, i);
	return 0;
}

int live_written(struct vm *vm, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .dirty_bitmap = bitmap };

	if (ioctl(vm->vm_fd, KVM_GET_DIRTY_LOG, &log))
		return -errno;
	for (size_t i = 0; vm->turned && i < (vm->size / 4096 + 63) / 64; i++)
		bitmap[i] |= turned(vm, i);
	return 0;
}

/*
 * An exit for I/O leaves the guest's instruction unfinished until the vCPU is entered again:
 * KVM_RUN with immediate_exit finishes it, and executes no other.
 */
static int finish_exit(struct vm *vm)
{
	int ret = 0;

	vm->run->immediate_exit = 1;
	if (ioctl(vm->vcpu_fd, KVM_RUN, 0) && errno != EINTR)
		ret = -errno;
	vm->run->immediate_exit = 0;
	return ret;
}

int live_get_cpu(struct vm *vm, struct live_cpu *cpu)
{
	int ret = finish_exit(vm);

	if (!ret && (ioctl(vm->vcpu_fd, KVM_GET_REGS, &cpu->regs) ||
		     ioctl(vm->vcpu_fd, KVM_GET_SREGS, &cpu->sregs)))
		ret = -errno;
	return ret;
}

int live_set_cpu(struct vm *vm, const struct live_cpu *cpu)
{
	if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &cpu->sregs) ||
	    ioctl(vm->vcpu_fd, KVM_SET_REGS, &cpu->regs))
		return -errno;
	return 0;
}

/* ---- CPUID ---- */

int live_get_cpuid(struct vm *vm, struct live_cpuid *cpuid)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[LIVE_CPUID_MAX];
	} list = { .head.nent = LIVE_CPUID_MAX };

	if (ioctl(vm->vcpu_fd, KVM_GET_CPUID2, &list))
		return -errno;
	*cpuid = (struct live_cpuid){ .count = list.head.nent };
	memcpy(cpuid->entries, list.entries, list.head.nent * sizeof(*list.entries));
	return 0;
}

static bool is_same(const struct kvm_cpuid_entry2 *a, const struct kvm_cpuid_entry2 *b)
{
	return a->function == b->function && a->index == b->index && a->flags == b->flags &&
	       a->eax == b->eax && a->ebx == b->ebx && a->ecx == b->ecx && a->edx == b->edx;
}

/* KVM keeps the order in which the VMM has set the entries. */
bool live_cpuid_differs(const struct live_cpuid *before, const struct live_cpuid *after,
			uint32_t *leaf)
{
	for (uint32_t i = 0; i < before->count || i < after->count; i++) {
		if (i < before->count && i < after->count &&
		    is_same(&before->entries[i], &after->entries[i]))
			continue;
		*leaf = (i < before->count ? before : after)->entries[i].function;
		return true;
	}
	return false;
}

/* ---- the same with devices ---- */

#define MSR_TSC			0x10
#define MSR_OLD_WALL_CLOCK	0x11
#define MSR_OLD_SYSTEM_TIME	0x12
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_WALL_CLOCK		0x4b564d00
#define MSR_EFER		0xc0000080
#define HYPER_V_FIRST		0x40000000
#define HYPER_V_LAST		0x400001ff

/* Owner of a part. The state of a vCPU may be encrypted; then KVM does not have it. */
enum owner {
	OF_VM,
	OF_VCPU,
	OF_STATE,
};

/* Parts that have an ioctl each to get them, and one to set them. In the order to set them. */
static const struct part {
	unsigned long get, set;
	size_t offset;
	enum owner owner;
} parts[] = {
#define PART(name, member, owner)	\
	{ KVM_GET_##name, KVM_SET_##name, offsetof(struct live_machine, member), owner }
	PART(IRQCHIP, chips[0], OF_VM),
	PART(IRQCHIP, chips[1], OF_VM),
	PART(IRQCHIP, chips[2], OF_VM),
	{ KVM_GET_PIT2, KVM_SET_PIT2, offsetof(struct live_machine, pit), OF_VM },
	PART(SREGS, cpu.sregs, OF_VCPU),
	PART(REGS, cpu.regs, OF_STATE),
	PART(XSAVE, xsave, OF_STATE),
	PART(DEBUGREGS, debug, OF_STATE),
	PART(LAPIC, lapic, OF_VCPU),
	PART(VCPU_EVENTS, events, OF_VCPU),
	PART(MP_STATE, mp, OF_VCPU),
#undef PART
};

#define PARTS	(sizeof(parts) / sizeof(parts[0]))

static int one_msr(struct vm *vm, unsigned long request, struct kvm_msr_entry *entry)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = *entry };
	int ret = ioctl(vm->vcpu_fd, request, &msrs);

	if (ret != 1)
		return ret < 0 ? -errno : -EIO;
	*entry = msrs.entry;
	return 0;
}

/*
 * KVM writes the time into the guest's memory when it is given the address for it. Hyper-V's
 * MSRs are for guests that think they run on that. EFER is among the registers; of a vCPU with
 * encrypted state KVM shows it there only, and 0 here.
 */
static bool is_left_out(uint32_t index)
{
	return index == MSR_OLD_WALL_CLOCK || index == MSR_OLD_SYSTEM_TIME ||
	       index == MSR_WALL_CLOCK || index == MSR_EFER ||
	       (index >= HYPER_V_FIRST && index <= HYPER_V_LAST);
}

/* KVM lists some that this vCPU does not have. */
static int get_msrs(struct vm *vm, struct live_machine *machine)
{
	struct {
		struct kvm_msr_list head;
		uint32_t indices[LIVE_MSRS];
	} list = { .head.nmsrs = LIVE_MSRS };

	if (ioctl(vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, &list))
		return -errno;
	machine->msr_count = 0;
	for (uint32_t i = 0; i < list.head.nmsrs; i++) {
		struct kvm_msr_entry *entry = &machine->msrs[machine->msr_count];

		*entry = (struct kvm_msr_entry){ .index = list.indices[i] };
		if (!is_left_out(entry->index) && !one_msr(vm, KVM_GET_MSRS, entry))
			machine->msr_count++;
	}
	return 0;
}

/* Some can be read only; they must be the same here. */
static int set_msr(struct vm *vm, const struct kvm_msr_entry *wanted)
{
	struct kvm_msr_entry entry = *wanted;
	int ret = one_msr(vm, KVM_SET_MSRS, &entry);

	if (!ret)
		return 0;
	entry = *wanted;
	return one_msr(vm, KVM_GET_MSRS, &entry) || entry.data != wanted->data ? ret : 0;
}

/* A deadline is a value of the TSC, and means nothing before that is set. */
static int set_msrs(struct vm *vm, const struct live_machine *machine)
{
	int ret = 0;

	for (int turn = 0; turn < 3; turn++)
		for (uint32_t i = 0; i < machine->msr_count && !ret; i++) {
			const struct kvm_msr_entry *entry = &machine->msrs[i];

			if (turn == (entry->index == MSR_TSC ? 0 :
				     entry->index == MSR_TSC_DEADLINE ? 2 : 1))
				ret = set_msr(vm, entry);
		}
	return ret;
}

bool live_is_halted(struct vm *vm)
{
	struct kvm_mp_state state = { 0 };

	return !ioctl(vm->vcpu_fd, KVM_GET_MP_STATE, &state) &&
	       state.mp_state == KVM_MP_STATE_HALTED;
}

static int move_part(struct vm *vm, const struct part *part, unsigned long request,
		     const struct live_machine *machine)
{
	if (part->owner == OF_STATE && machine->encrypted)
		return 0;
	return ioctl(part->owner == OF_VM ? vm->vm_fd : vm->vcpu_fd, request,
		     (char *)machine + part->offset) ? -errno : 0;
}

int live_get_machine(struct vm *vm, bool encrypted, struct live_machine *machine)
{
	struct kvm_clock_data clock = { 0 };
	int ret = encrypted && !live_is_halted(vm) ? -EBUSY : finish_exit(vm);

	*machine = (struct live_machine){ .encrypted = encrypted };
	for (uint32_t i = 0; i < LIVE_CHIPS; i++)
		machine->chips[i].chip_id = i;
	for (size_t i = 0; i < PARTS && !ret; i++)
		ret = move_part(vm, &parts[i], parts[i].get, machine);
	if (!ret)
		ret = get_msrs(vm, machine);
	if (!ret && ioctl(vm->vm_fd, KVM_GET_CLOCK, &clock))
		ret = -errno;
	machine->clock = clock.clock;
	return ret;
}

/*
 * KVM's part besides encrypted state. KVM knows some control registers, and takes them only
 * along with segments that agree, which are KVM's own here. Before the vCPU has run KVM does not
 * know whether the guest has interrupts enabled: an interrupt would not wake a vCPU that
 * halts. So the guest goes on behind its HLT, for which it must be prepared anyway.
 */
static int adapt_encrypted(struct vm *vm, struct live_machine *machine)
{
	const struct kvm_sregs known = machine->cpu.sregs;
	struct kvm_sregs *sregs = &machine->cpu.sregs;

	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, sregs))
		return -errno;
	sregs->cr0 = known.cr0;
	sregs->cr4 = known.cr4;
	sregs->cr8 = known.cr8;
	sregs->efer = known.efer;
	sregs->apic_base = known.apic_base;
	machine->mp.mp_state = KVM_MP_STATE_RUNNABLE;
	return 0;
}

static int set_parts(struct vm *vm, const struct live_machine *wanted)
{
	struct live_machine machine = *wanted;
	int ret = machine.encrypted ? adapt_encrypted(vm, &machine) : 0;

	for (size_t i = 0; i < PARTS && !ret; i++)
		ret = move_part(vm, &parts[i], parts[i].set, &machine);
	return ret;
}

int live_set_machine(struct vm *vm, const struct live_machine *machine, uint64_t later)
{
	struct kvm_clock_data clock = { .clock = machine->clock + later };
	int ret = machine->msr_count > LIVE_MSRS ? -EINVAL : set_parts(vm, machine);

	if (!ret)
		ret = set_msrs(vm, machine);
	if (!ret && ioctl(vm->vm_fd, KVM_SET_CLOCK, &clock))
		ret = -errno;
	/* so that it does not take the jump of its clock for a hang; it need not know kvm-clock */
	if (!ret && ioctl(vm->vcpu_fd, KVM_KVMCLOCK_CTRL, 0) && errno != EINVAL)
		ret = -errno;
	return ret;
}
