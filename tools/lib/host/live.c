// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's notes of written pages, a vCPU's registers, and a VM's devices.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <sevfw/live.h>

int live_log(struct vm *vm, bool on)
{
	struct kvm_userspace_memory_region region = {
		.flags = on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.memory_size = vm->size,
		.userspace_addr = (uintptr_t)vm->memory,
	};

	return ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int live_written(struct vm *vm, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .dirty_bitmap = bitmap };

	return ioctl(vm->vm_fd, KVM_GET_DIRTY_LOG, &log) ? -errno : 0;
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

/* ---- the same with devices ---- */

#define MSR_TSC			0x10
#define MSR_OLD_WALL_CLOCK	0x11
#define MSR_OLD_SYSTEM_TIME	0x12
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_WALL_CLOCK		0x4b564d00
#define HYPER_V_FIRST		0x40000000
#define HYPER_V_LAST		0x400001ff

/* Parts that have an ioctl each to get them, and one to set them. In the order to set them. */
static const struct {
	unsigned long get, set;
	size_t offset;
	bool of_vm;
} parts[] = {
#define PART(name, member, vm)	\
	{ KVM_GET_##name, KVM_SET_##name, offsetof(struct live_machine, member), vm }
	PART(IRQCHIP, chips[0], true),
	PART(IRQCHIP, chips[1], true),
	PART(IRQCHIP, chips[2], true),
	{ KVM_GET_PIT2, KVM_SET_PIT2, offsetof(struct live_machine, pit), true },
	PART(SREGS, cpu.sregs, false),
	PART(REGS, cpu.regs, false),
	PART(XSAVE, xsave, false),
	PART(DEBUGREGS, debug, false),
	PART(LAPIC, lapic, false),
	PART(VCPU_EVENTS, events, false),
	PART(MP_STATE, mp, false),
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
 * MSRs are for guests that think they run on that.
 */
static bool is_left_out(uint32_t index)
{
	return index == MSR_OLD_WALL_CLOCK || index == MSR_OLD_SYSTEM_TIME ||
	       index == MSR_WALL_CLOCK || (index >= HYPER_V_FIRST && index <= HYPER_V_LAST);
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

int live_get_machine(struct vm *vm, struct live_machine *machine)
{
	struct kvm_clock_data clock = { 0 };
	int ret = finish_exit(vm);

	*machine = (struct live_machine){ 0 };
	for (uint32_t i = 0; i < LIVE_CHIPS; i++)
		machine->chips[i].chip_id = i;
	for (size_t i = 0; i < PARTS && !ret; i++)
		if (ioctl(parts[i].of_vm ? vm->vm_fd : vm->vcpu_fd, parts[i].get,
			  (char *)machine + parts[i].offset))
			ret = -errno;
	if (!ret)
		ret = get_msrs(vm, machine);
	if (!ret && ioctl(vm->vm_fd, KVM_GET_CLOCK, &clock))
		ret = -errno;
	machine->clock = clock.clock;
	return ret;
}

int live_set_machine(struct vm *vm, const struct live_machine *machine, uint64_t later)
{
	struct kvm_clock_data clock = { .clock = machine->clock + later };
	int ret = machine->msr_count > LIVE_MSRS ? -EINVAL : 0;

	for (size_t i = 0; i < PARTS && !ret; i++)
		if (ioctl(parts[i].of_vm ? vm->vm_fd : vm->vcpu_fd, parts[i].set,
			  (char *)machine + parts[i].offset))
			ret = -errno;
	if (!ret)
		ret = set_msrs(vm, machine);
	if (!ret && ioctl(vm->vm_fd, KVM_SET_CLOCK, &clock))
		ret = -errno;
	/* so that it does not take the jump of its clock for a hang; it need not know kvm-clock */
	if (!ret && ioctl(vm->vcpu_fd, KVM_KVMCLOCK_CTRL, 0) && errno != EINVAL)
		ret = -errno;
	return ret;
}
