// SPDX-License-Identifier: GPL-2.0
/*
 * The part of a VMM that has nothing to do with encryption: RAM, a vCPU, a
 * payload, and the loop that runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/vm.h>

/* Memory that only an SNP guest has, in headers of its time. */
struct private_memory {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

struct region2 {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 size;
	__u64 uaddr;
	__u64 private_offset;
	__u32 private_fd;
	__u32 pad1;
	__u64 pad2[14];
};

struct attributes {
	__u64 gpa;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

#define SET_REGION2		_IOW(KVMIO, 0x49, struct region2)
#define SET_ATTRIBUTES		_IOW(KVMIO, 0xd2, struct attributes)
#define CREATE_PRIVATE		_IOWR(KVMIO, 0xd4, struct private_memory)
/* A guest that makes a page shared, or private, asks KVM, which asks here. */
#define CAP_EXIT_HYPERCALL	201
#define HYPERCALL_MAP_RANGE	12
#define MAP_RANGE_PRIVATE	(1 << 4)

#define REGION_HAS_PRIVATE	(1 << 2)
#define ATTRIBUTE_PRIVATE	(1 << 3)

static int ask_for_map_range(const struct vm *vm)
{
	struct kvm_enable_cap cap = {
		.cap = CAP_EXIT_HYPERCALL, .args = { 1 << HYPERCALL_MAP_RANGE },
	};

	return ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

int vm_ask_shared(struct vm *vm)
{
	const size_t words = vm->size / 4096 / 64 + 1;

	vm->shared = calloc(words, sizeof(*vm->shared));
	vm->turned = calloc(words, sizeof(*vm->turned));
	return vm->shared && vm->turned ? ask_for_map_range(vm) : -ENOMEM;
}

/* Are these @count pages RAM? A guest may have chosen both numbers, so nothing is added up. */
static bool is_ram(const struct vm *vm, uint64_t gpa, uint64_t count)
{
	const uint64_t pages = vm->size / 4096, first = gpa / 4096;

	return !(gpa % 4096) && first < pages && count <= pages - first;
}

/* A reader that has looked at @turned finds the new kind, or the page there once more. */
int vm_set_shared(struct vm *vm, uint64_t gpa, uint64_t count, bool shared)
{
	const uint64_t first = gpa / 4096;

	if (!vm->shared || !is_ram(vm, gpa, count))
		return -EINVAL;
	for (uint64_t page = first; page < first + count; page++) {
		const uint64_t bit = 1ull << page % 64;

		if (shared)
			__atomic_fetch_or(&vm->shared[page / 64], bit, __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&vm->shared[page / 64], ~bit, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&vm->turned[page / 64], bit, __ATOMIC_SEQ_CST);
	}
	return 0;
}

/* All of it begins as private. */
static int set_private_memory(struct vm *vm)
{
	struct private_memory memory = { .size = vm->size };
	struct region2 region = {
		.flags = REGION_HAS_PRIVATE, .size = vm->size, .uaddr = (uintptr_t)vm->memory,
	};
	struct attributes attributes = { .size = vm->size, .attributes = ATTRIBUTE_PRIVATE };
	int ret = ask_for_map_range(vm);

	if (ret)
		return ret;
	vm->private_fd = ioctl(vm->vm_fd, CREATE_PRIVATE, &memory);
	if (vm->private_fd < 0)
		return -errno;
	region.private_fd = vm->private_fd;
	if (ioctl(vm->vm_fd, SET_REGION2, &region) ||
	    ioctl(vm->vm_fd, SET_ATTRIBUTES, &attributes))
		return -errno;
	return 0;
}

int vm_set_private(struct vm *vm, uint64_t gpa, size_t size, bool secret)
{
	struct attributes range = {
		.gpa = gpa, .size = size, .attributes = secret ? ATTRIBUTE_PRIVATE : 0,
	};

	return ioctl(vm->vm_fd, SET_ATTRIBUTES, &range) ? -errno : 0;
}

int vm_drop_private(struct vm *vm, uint64_t gpa, size_t size)
{
	return fallocate(vm->private_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, gpa, size) ?
	       -errno : 0;
}

int vm_alias(struct vm *vm, uint32_t slot, uint64_t gpa, uint64_t from, size_t size)
{
	struct private_memory memory = { .size = size };
	struct region2 region = {
		.slot = slot, .gpa = gpa, .size = size, .uaddr = (uintptr_t)vm->memory + from,
		.flags = REGION_HAS_PRIVATE,
	};
	int fd = -1, ret;

	if (size) {
		fd = ioctl(vm->vm_fd, CREATE_PRIVATE, &memory);
		if (fd < 0)
			return -errno;
	}
	region.private_fd = fd;
	ret = ioctl(vm->vm_fd, SET_REGION2, &region) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return ret;
}

static int set_memory(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = vm->size,
		.userspace_addr = (uintptr_t)vm->memory,
	};

	return ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

bool vm_has_type(unsigned int type)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int types;

	if (kvm < 0)
		return false;
	/* 0 also from kernels that never heard of it */
	types = ioctl(kvm, KVM_CHECK_EXTENSION, VM_CAP_TYPES);
	close(kvm);
	return types > 0 && types & 1u << type;
}

int vm_create(struct vm *vm, unsigned int type, size_t size)
{
	void *memory;

	*vm = (struct vm)VM_NONE;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	vm->memory = memory;
	vm->size = size;
	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return -errno;
	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, type);
	if (vm->vm_fd < 0)
		return -errno;
	return type == VM_TYPE_SNP ? set_private_memory(vm) : set_memory(vm);
}

static int enter_real_mode(struct vm *vm)
{
	struct kvm_regs regs = { .rip = VM_ENTRY, .rflags = 0x2 };
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) || ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

int vm_add_interrupts(struct vm *vm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (ioctl(vm->vm_fd, KVM_CREATE_IRQCHIP, 0) || ioctl(vm->vm_fd, KVM_CREATE_PIT2, &pit))
		return -errno;
	return 0;
}

/* @id: for KVM, and number of its APIC */
static int add_vcpu(struct vm *vm, unsigned long id)
{
	int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	if (size < 0)
		return -errno;
	vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, id);
	if (vm->vcpu_fd < 0)
		return -errno;
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu_fd, 0);
	if (run == MAP_FAILED)
		return -errno;
	vm->run = run;
	vm->run_size = size;
	return enter_real_mode(vm);
}

int vm_add_vcpu(struct vm *vm)
{
	return add_vcpu(vm, 0);
}

int vm_more_vcpu(const struct vm *vm, unsigned int id, struct vm *view)
{
	*view = *vm;
	view->vcpu_fd = -1;
	view->run = NULL;
	return add_vcpu(view, id);
}

void vm_drop_vcpu(struct vm *view)
{
	if (view->run)
		munmap(view->run, view->run_size);
	if (view->vcpu_fd >= 0)
		close(view->vcpu_fd);
	*view = (struct vm)VM_NONE;
}

void vm_load_payload(struct vm *vm)
{
	static const uint8_t code[] = {
		0xbe, VM_DATA & 0xff, VM_DATA >> 8,	/*    mov $VM_DATA, %si */
		0xba, VM_PORT & 0xff, VM_PORT >> 8,	/*    mov $VM_PORT, %dx */
		0xac,					/* 1: lodsb */
		0x84, 0xc0,				/*    test %al, %al */
		0x74, 0x03,				/*    jz 2f */
		0xee,					/*    out %al, (%dx) */
		0xeb, 0xf8,				/*    jmp 1b */
		0xe6, VM_END_PORT,			/* 2: out %al, $VM_END_PORT */
	};

	memcpy(vm->memory + VM_ENTRY, code, sizeof(code));
}

/* Appends what an exit for port output carries. */
static void take_output(struct kvm_run *run, char *out, size_t size, size_t *used)
{
	const char *data = (const char *)run + run->io.data_offset;
	size_t len = (size_t)run->io.size * run->io.count;

	for (size_t i = 0; i < len && *used + 1 < size; i++)
		out[(*used)++] = data[i];
	out[*used] = '\0';
}

/*
 * The answer to the guest is a negative errno, or 0. KVM must not hear of frames that are no
 * RAM: it remembers each of them, in memory of the host's.
 */
static int change_pages(struct vm *vm)
{
	struct kvm_run *run = vm->run;
	const __u64 *args = run->hypercall.args;
	const bool secret = args[2] & MAP_RANGE_PRIVATE;

	if (run->hypercall.nr != HYPERCALL_MAP_RANGE)
		return -ENOEXEC;
	if (!is_ram(vm, args[0], args[1]))
		run->hypercall.ret = -EINVAL;
	else if (vm->shared)
		run->hypercall.ret = vm_set_shared(vm, args[0], args[1], !secret);
	else
		run->hypercall.ret = vm_set_private(vm, args[0], args[1] * 4096, secret);
	return 0;
}

int vm_enter(struct vm *vm)
{
	struct kvm_run *run = vm->run;

	for (;;) {
		if (!ioctl(vm->vcpu_fd, KVM_RUN, 0)) {
			if (run->exit_reason != KVM_EXIT_HYPERCALL || change_pages(vm))
				return 0;
		} else if (errno != EINTR || run->immediate_exit) {
			return -errno;
		}
	}
}

int vm_run(struct vm *vm, char *out, size_t size)
{
	struct kvm_run *run = vm->run;
	size_t used = 0;
	int ret;

	out[0] = '\0';
	for (;;) {
		ret = vm_enter(vm);
		if (ret)
			return ret;
		if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT)
			return -ENOEXEC;
		if (run->io.port == VM_END_PORT)
			return 0;
		if (run->io.port != VM_PORT)
			return -ENOEXEC;
		take_output(run, out, size, &used);
	}
}

int vm_register(struct vm *vm)
{
	struct kvm_enc_region region = { .addr = (uintptr_t)vm->memory, .size = vm->size };

	/*
	 * Where nothing has been written yet there is a page of zeros that all share,
	 * and KVM would pin that one.
	 */
	if (madvise(vm->memory, vm->size, MADV_POPULATE_WRITE))
		return -errno;
	return ioctl(vm->vm_fd, KVM_MEMORY_ENCRYPT_REG_REGION, &region) ? -errno : 0;
}

/* The last reference to a VM is often the vCPU's, so that goes first. */
void vm_destroy(struct vm *vm)
{
	if (vm->run)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu_fd >= 0)
		close(vm->vcpu_fd);
	if (vm->private_fd >= 0)
		close(vm->private_fd);
	if (vm->vm_fd >= 0)
		close(vm->vm_fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	if (vm->memory)
		munmap(vm->memory, vm->size);
	free(vm->shared);
	free(vm->turned);
	*vm = (struct vm)VM_NONE;
}
