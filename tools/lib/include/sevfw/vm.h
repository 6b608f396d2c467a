/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual machine, as small as KVM permits: RAM from guest address 0, a vCPU in real mode,
 * output through one port. More vCPUs and KVM's own interrupt controllers can be added; there
 * are no other devices. An SNP guest has private memory as well. The steps that make the VM a
 * SEV guest are in launch.h, those for SNP in snp_launch.h.
 *
 * Functions return 0 or a negative errno.
 */
#ifndef SEVFW_VM_H
#define SEVFW_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_ENTRY	0x1000	/* guest address of the first instruction */
#define VM_DATA		0x2000	/* guest address of the text that the payload prints */
#define VM_DATA_SIZE	0x1000
#define VM_PORT		0x3f8	/* and the port that it prints it to */
#define VM_END_PORT	0xf4	/* the port that it writes to when it has done so */

/**
 * struct vm - one virtual machine; fds are -1 where there is none
 * @kvm_fd: /dev/kvm
 * @vm_fd: the VM
 * @vcpu_fd: its vCPU
 * @run: the vCPU's page that is shared with user space
 * @run_size: size of @run
 * @memory: the guest's RAM, page-aligned
 * @size: size of @memory in bytes
 * @private_fd: of an SNP guest, memory that nobody but the guest sees
 * @shared: pages that the guest shares with the host, a bit for each; NULL: it is not asked
 * @turned: pages that have become shared, or private, and have not been looked at since
 */
struct vm {
	int kvm_fd;
	int vm_fd;
	int vcpu_fd;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *memory;
	size_t size;
	int private_fd;
	uint64_t *shared;
	uint64_t *turned;
};

/* A struct vm with nothing in it. */
#define VM_NONE	{ .kvm_fd = -1, .vm_fd = -1, .vcpu_fd = -1, .private_fd = -1 }

/*
 * Types of VMs that are SEV guests from the beginning, since Linux 6.10. With them
 * comes KVM_SEV_INIT2. All of these are missing in older kernels' headers.
 */
#define VM_TYPE_DEFAULT	0
#define VM_TYPE_SEV	2
#define VM_TYPE_SEV_ES	3
#define VM_TYPE_SNP	4
#define VM_CAP_TYPES	235
#define VM_SEV_INIT2	22

/**
 * struct vm_sev_init - argument of KVM_SEV_INIT2
 * @vmsa_features: features of SEV that the guest shall have
 * @flags: 0
 * @ghcb_version: highest version of the GHCB protocol, 0 for KVM's choice
 * @pad: 0
 */
struct vm_sev_init {
	uint64_t vmsa_features;
	uint32_t flags;
	uint16_t ghcb_version;
	uint16_t pad[17];
};

/** vm_has_type() - can this kernel make VMs of that type? */
bool vm_has_type(unsigned int type);

/**
 * vm_create() - open /dev/kvm, make a VM with @size bytes of RAM, no vCPU yet
 * @vm: receives it; vm_destroy() it in any case
 * @type: VM_TYPE_*
 * @size: multiple of the page size
 */
int vm_create(struct vm *vm, unsigned int type, size_t size);

/**
 * vm_alias() - SNP: one more memory slot on RAM that has one, with private memory of its own
 * @vm: the machine
 * @slot: number of the slot, not 0
 * @gpa: where the guest has it
 * @from: begin of it in RAM
 * @size: multiple of the page size; 0: delete the slot again
 *
 * Return: 0 or a negative errno.
 */
int vm_alias(struct vm *vm, uint32_t slot, uint64_t gpa, uint64_t from, size_t size);

/**
 * vm_set_private() - SNP: frames become private, or shared
 * @vm: the machine
 * @gpa: the first one
 * @size: multiple of the page size
 * @secret: the guest reaches private memory there; otherwise it exits when it wants that
 *
 * Whatever is there in private memory stays.
 *
 * Return: 0 or a negative errno.
 */
int vm_set_private(struct vm *vm, uint64_t gpa, size_t size, bool secret);

/** vm_drop_private() - SNP: give the host's memory back, whatever is in it; as vm_set_private() */
int vm_drop_private(struct vm *vm, uint64_t gpa, size_t size);

/**
 * vm_ask_shared() - have the guest say which pages it shares with the host, before the vCPU
 * @vm: VM
 *
 * A SEV or SEV-ES guest does if CPUID says that KVM asks for it (VM_CPUID_MIGRATION). None is
 * shared to begin with.
 */
int vm_ask_shared(struct vm *vm);

/* Leaf of CPUID, and what must be in EAX: pages' kinds are asked for, the guest can be moved. */
#define VM_CPUID_KVM		0x40000001
#define VM_CPUID_MIGRATION	(1u << 16 | 1u << 17)

/** vm_set_shared() - @count pages from @gpa on are shared, or are not; -EINVAL: no such pages */
int vm_set_shared(struct vm *vm, uint64_t gpa, uint64_t count, bool shared);

/** vm_is_shared() - is the page at @gpa, in RAM, shared with the host? */
static inline bool vm_is_shared(const struct vm *vm, uint64_t gpa)
{
	const uint64_t page = gpa / 4096;

	if (!vm->shared)
		return false;
	return __atomic_load_n(&vm->shared[page / 64], __ATOMIC_SEQ_CST) >> page % 64 & 1;
}

/** vm_add_interrupts() - KVM's own interrupt controllers and timer, before the vCPU */
int vm_add_interrupts(struct vm *vm);

/** vm_add_vcpu() - the vCPU, about to execute VM_ENTRY in real mode */
int vm_add_vcpu(struct vm *vm);

/**
 * vm_more_vcpu() - one more vCPU, in the same state
 * @vm: VM with a vCPU
 * @id: number of the vCPU, from 1 on
 * @view: receives the VM as this vCPU has it: vcpu_fd and run are its own, and all else is
 *	@vm's; vm_drop_vcpu() it in any case, before @vm is destroyed
 */
int vm_more_vcpu(const struct vm *vm, unsigned int id, struct vm *view);

/** vm_drop_vcpu() - close what vm_more_vcpu() has opened */
void vm_drop_vcpu(struct vm *view);

/** vm_load_payload() - a program for VM_ENTRY: print the text at VM_DATA, end */
void vm_load_payload(struct vm *vm);

/**
 * vm_enter() - run until the guest wants something
 * @vm: VM with a vCPU
 *
 * Pages that an SNP guest wants to be private or shared become so here; of others it is noted.
 *
 * Return: 0, and vm->run says what; -EINTR if vm->run->immediate_exit is set; another
 * negative errno.
 */
int vm_enter(struct vm *vm);

/**
 * vm_run() - run until the guest's program ends
 * @vm: VM with a vCPU
 * @out: receives what it has printed, zero-terminated, cut if there is no room
 * @size: room, in bytes
 *
 * The guest ends by a port and not by HLT: KVM would have to read an instruction of a
 * guest that is encrypted, where the processor does not say how long that one is,
 * as in the box.
 *
 * Return: 0 if it has ended; -ENOEXEC if it does something else, then
 * vm->run->exit_reason says what; another negative errno.
 */
int vm_run(struct vm *vm, char *out, size_t size);

/** vm_register() - pin RAM that is going to be encrypted */
int vm_register(struct vm *vm);

void vm_destroy(struct vm *vm);

#endif /* SEVFW_VM_H */
