// SPDX-License-Identifier: GPL-2.0
/*
 * The guest that counts, and the loop that watches it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "../sevfw/progress.h"
#include "counter.h"
#include "moving.h"

#define SLOTS		8
#define SLOT(i)		(0x8000 + 0x1000 * (i))
#define PAGE		4096
#define CHUNK		(5 * PAGE)

/* The count begins with 0 in ebx, as all registers are. */
static const uint8_t code[] = {
	0x66, 0x89, 0xd8,			/* 1: mov %ebx, %eax */
	0x83, 0xe0, SLOTS - 1,			/*    and $7, %ax */
	0xc1, 0xe0, 0x0c,			/*    shl $12, %ax */
	0x05, 0x00, 0x80,			/*    add $0x8000, %ax */
	0x89, 0xc7,				/*    mov %ax, %di */
	0x66, 0x89, 0xd9,			/*    mov %ebx, %ecx */
	0x66, 0x83, 0xe9, SLOTS,		/*    sub $8, %ecx */
	0x66, 0x39, 0x0d,			/*    cmp %ecx, (%di) */
	0x75, 0x0f,				/*    jne 2f */
	0x66, 0x89, 0x1d,			/*    mov %ebx, (%di) */
	0x66, 0x89, 0xd8,			/*    mov %ebx, %eax */
	0xba, VM_PORT & 0xff, VM_PORT >> 8,	/*    mov $VM_PORT, %dx */
	0x66, 0xef,				/*    out %eax, (%dx) */
	0x66, 0x43,				/*    inc %ebx */
	0xeb, 0xd7,				/*    jmp 1b */
	0xb0, '!',				/* 2: mov $'!', %al */
	0xba, VM_PORT & 0xff, VM_PORT >> 8,	/*    mov $VM_PORT, %dx */
	0xee,					/*    out %al, (%dx) */
	0xf4,					/*    hlt */
};

void counter_load(struct vm *vm)
{
	for (size_t i = 0; i < vm->size; i++)
		vm->memory[i] = i * 31 ^ i >> 12;
	memcpy(vm->memory + VM_ENTRY, code, sizeof(code));
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t before = i - SLOTS;

		memcpy(vm->memory + SLOT(i), &before, sizeof(before));
	}
}

static int one_number(struct vm *vm, uint32_t expected)
{
	struct kvm_run *run = vm->run;
	uint32_t number;

	while (ioctl(vm->vcpu_fd, KVM_RUN, 0))
		if (errno != EINTR)
			return -errno;
	if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT ||
	    run->io.port != VM_PORT)
		return -ENOEXEC;
	memcpy(&number, (uint8_t *)run + run->io.data_offset, sizeof(number));
	return run->io.size == sizeof(number) && number == expected ? 0 : -EILSEQ;
}

int counter_run(struct vm *vm, unsigned int count, uint32_t *next)
{
	int ret = 0;

	for (unsigned int i = 0; i < count && !ret; i++) {
		ret = one_number(vm, *next);
		if (!ret)
			++*next;
	}
	return ret;
}

static int add_shared(struct owner_digest *digest, const uint8_t *from, uint32_t len)
{
	return owner_digest_update(digest, from, len) ? -ENOMEM : 0;
}

static int add_private(struct launch *l, struct owner_digest *digest, const uint8_t *from,
		       uint32_t len)
{
	uint8_t *seen = aligned_alloc(16, CHUNK);
	struct sev_fw_dbg_decrypt block = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)seen, .len = len,
	};
	int ret = -ENOMEM;

	if (seen)
		ret = launch_issue(l, SEV_FW_DBG_DECRYPT, &block, sizeof(block));
	if (!ret && owner_digest_update(digest, seen, len))
		ret = -ENOMEM;
	free(seen);
	return ret;
}

/* Pages of one kind, private or shared, from @at on */
static uint32_t chunk(const struct vm *vm, size_t at)
{
	uint32_t len = PAGE;

	while (len < CHUNK && at + len < vm->size &&
	       vm_is_shared(vm, at + len) == vm_is_shared(vm, at))
		len += PAGE;
	return len;
}

int counter_digest(struct launch *l, uint8_t *digest)
{
	struct owner_digest *sum = owner_digest_new();
	int ret = sum ? 0 : -ENOMEM;

	for (size_t at = 0, len; at < l->vm.size && !ret; at += len) {
		len = chunk(&l->vm, at);
		if (vm_is_shared(&l->vm, at))
			ret = add_shared(sum, l->vm.memory + at, len);
		else
			ret = add_private(l, sum, l->vm.memory + at, len);
	}
	if (sum && owner_digest_final(sum, ret ? NULL : digest) && !ret)
		ret = -ENOMEM;
	return ret;
}

/* ---- as a guest to be moved ---- */

#define SLICE		5		/* numbers that it prints in between */
#define UPDATE_BYTES	(1u << 20)	/* of RAM in one LAUNCH_UPDATE_DATA */

static int encrypt(struct launch *l)
{
	struct progress progress;
	int ret = 0;

	progress_begin(&progress, "encrypt", l->vm.size);
	for (size_t at = 0; at < l->vm.size && !ret; at += UPDATE_BYTES) {
		ret = launch_update_at(l, at, UPDATE_BYTES);
		progress_add(&progress, UPDATE_BYTES);
	}
	progress_clear(&progress);
	return ret;
}

static int launch_small(struct launch *l, const struct migrate_options *opt)
{
	int ret = launch_steps(l, opt->memory, STEP_VERSION | STEP_CERTS | STEP_SESSION |
					       STEP_VM | STEP_INIT);

	if (ret)
		return ret;
	counter_load(&l->vm);
	ret = vm_register(&l->vm);
	if (!ret)
		ret = launch_start(l);
	if (!ret)
		ret = encrypt(l);
	return ret ? ret : launch_steps(l, l->ram, STEP_MEASURE | STEP_CHECK | STEP_FINISH);
}

static int make_small(struct launch *l, size_t ram)
{
	int ret = launch_vm(l, ram);

	if (!ret)
		ret = launch_init(l);
	return ret ? ret : vm_register(&l->vm);
}

static int run_small(struct launch *l, unsigned int count, uint32_t *next)
{
	return counter_run(&l->vm, count, next);
}

/* The guest runs only while it is told to. */
static int stop_small(struct launch *l, uint32_t *next)
{
	(void)l;
	(void)next;
	return 0;
}

static int send_cpu(struct launch *l, unsigned int pause)
{
	struct live_cpu cpu;
	int ret = live_get_cpu(&l->vm, &cpu);

	sleep(pause);
	return ret ? ret : wire_send(WIRE_CPU, 0, &cpu, sizeof(cpu));
}

static int take_cpu(struct launch *l, const union wire_body *body)
{
	return live_set_cpu(&l->vm, &body->cpu);
}

const struct moving moving_small = {
	.start = WIRE_START,
	.state = WIRE_CPU,
	.launch = launch_small,
	.make = make_small,
	.run = run_small,
	.slice = SLICE,
	.stop = stop_small,
	.send = send_cpu,
	.take = take_cpu,
};
