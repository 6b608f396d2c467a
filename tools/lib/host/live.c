// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's notes of written pages, and a vCPU's registers.
 */
#include <errno.h>
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
