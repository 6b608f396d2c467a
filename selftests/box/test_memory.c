// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory of all kinds, as commands see it: measured whatever it is made of,
 * in as few firmware commands as its physical shape allows, and refused before
 * firmware is asked where it cannot be used.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "control.h"
#include "host.h"
#include "memory.h"
#include "steps.h"

#define RAM		(2 << 20)
#define NOBODY		65534

/* A guest that takes LAUNCH_UPDATE_DATA; its memory is not registered, nor locked. */
FIXTURE(memory) {
	struct launch l;
};

FIXTURE_VARIANT(memory) {
	bool by_dev;
};

FIXTURE_VARIANT_ADD(memory, vm) {
	.by_dev = false,
};

FIXTURE_VARIANT_ADD(memory, dev) {
	.by_dev = true,
};

FIXTURE_SETUP(memory)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	GOES(launch_open(l, &launch_fw, 0));
	l->by_dev = variant->by_dev;
	GOES(launch_version(l));
	GOES(launch_certs(l));
	GOES(launch_session(l));
	GOES(launch_vm(l, RAM));
	GOES(launch_init(l));
	GOES(launch_start(l));
}

FIXTURE_TEARDOWN(memory)
{
	launch_close(&self->l);
}

/* Kinds of memory */

static uint8_t *scattered(size_t size)
{
	return memory_scattered(size / PAGE);
}

static uint8_t *huge(size_t size)
{
	return memory_huge(size / HUGE_PAGE);
}

static uint8_t *hugetlb(size_t size)
{
	void *memory;

	if (control_write("/proc/sys/vm/nr_hugepages", "2"))
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* Pages of a file, until somebody writes to them: firmware does. */
static uint8_t *private_file(size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	uint8_t *image = scattered(size), *memory = NULL;

	memory_fill(image, size, 1);
	if (write(fd, image, size) == (ssize_t)size)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	munmap(image, size);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static uint8_t *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Memory without pages yet: the kernel has to get them. */
static uint8_t *untouched(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static const struct kind {
	const char *name;
	uint8_t *(*make)(size_t size);
	bool has_content;	/* do not fill it */
	bool may_lack;
} kinds[] = {
	{ "scattered pages", scattered, false, false },
	{ "huge pages", huge, false, true },
	{ "hugetlb", hugetlb, false, true },
	{ "a private mapping of a file", private_file, true, false },
	{ "shared memory", shared, false, false },
	{ "untouched memory", untouched, true, false },
};

static uint32_t updates(void)
{
	return host_counter(SWPSP_BAR_COUNT(SEV_FW_LAUNCH_UPDATE_DATA));
}

static int update(struct launch *l, void *addr, uint32_t len, uint32_t *done)
{
	struct sev_fw_launch_update_data block = { .address = addr_of(addr), .len = len };
	int ret = ISSUE(l, LAUNCH_UPDATE_DATA, block);

	*done = block.len;
	return ret;
}

/* Registered pages stay where they are: KVM has pinned them. */
static int pin(struct launch *l, uint8_t *memory, bool by)
{
	struct kvm_enc_region region = { .addr = addr_of(memory), .size = HUGE_PAGE };

	return ioctl(l->vm.vm_fd, by ? KVM_MEMORY_ENCRYPT_REG_REGION :
		     KVM_MEMORY_ENCRYPT_UNREG_REGION, &region) ? -errno : 0;
}

/*
 * Begin and end within pages. The first time there may be no pages yet. The second time they
 * are pinned, or the kernel might move some, to make room for larger ones, after the firmware
 * was given them and before they are looked at. The kernel's own count of pages that it has
 * moved is no help: it grows after the fact, and does not have all of them.
 */
static void update_kind(struct __test_metadata *_metadata, struct launch *l,
			const struct kind *kind, uint8_t *memory)
{
	const uint32_t len = HUGE_PAGE - 0x1230;
	uint32_t before, done;

	if (!kind->has_content)
		memory_fill(memory, HUGE_PAGE, kind - kinds);
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, memory + 0x450, len));
	GOES(update(l, memory + 0x450, len, &done));
	EXPECT_EQ(len, done);

	ASSERT_EQ(0, pin(l, memory, true));
	before = host_swpsp() ? updates() : 0;
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, memory + 0x450, len));
	GOES(update(l, memory + 0x450, len, &done));
	EXPECT_EQ(len, done);
	if (host_swpsp()) {
		EXPECT_EQ(memory_runs(memory + 0x450, len), updates() - before) {
			TH_LOG("%s", kind->name);
		}
	}
	ASSERT_EQ(0, pin(l, memory, false));
}

TEST_F(memory, all_kinds_are_measured)
{
	struct launch *l = &self->l;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint8_t *memory = kinds[i].make(HUGE_PAGE);

		if (!memory && kinds[i].may_lack) {
			TH_LOG("no %s here", kinds[i].name);
			continue;
		}
		ASSERT_NE(NULL, memory);
		update_kind(_metadata, l, &kinds[i], memory);
		munmap(memory, HUGE_PAGE);
	}
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

/* The kernel has this release, or a later one. */
static bool kernel_is(unsigned int major, unsigned int minor)
{
	unsigned int is_major, is_minor;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &is_major, &is_minor) != 2)
		return false;
	return is_major > major || (is_major == major && is_minor >= minor);
}

/* The page behind @addr once it is registered, read from, and written to. */
static int register_and_use(struct vm *vm, volatile uint8_t *addr, uint64_t *pinned,
			    uint64_t *used)
{
	struct kvm_enc_region region = { .addr = addr_of((void *)addr), .size = PAGE };

	if (ioctl(vm->vm_fd, KVM_MEMORY_ENCRYPT_REG_REGION, &region))
		return -errno;
	(void)*addr;
	*pinned = memory_frame((void *)addr);
	*addr = 1;
	*used = memory_frame((void *)addr);
	return ioctl(vm->vm_fd, KVM_MEMORY_ENCRYPT_UNREG_REGION, &region) ? -errno : 0;
}

/*
 * A VMM must write to memory before it registers it: KVM before 6.2 pins the page of
 * zeros where there is no other, and the first write then moves to another page, which
 * nobody has pinned; only some updates of these kernels do as the later ones, which
 * give the VM a page of its own first.
 */
TEST_F(memory, registered_untouched_memory_stays_where_it_is_since_6_2)
{
	uint64_t pinned, used;
	uint8_t *memory = untouched(PAGE);

	if (!kernel_is(6, 2))
		SKIP(return, "before 6.2 it depends on the update of the kernel");
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, register_and_use(&self->l.vm, memory, &pinned, &used));
	ASSERT_NE(0, pinned);
	EXPECT_EQ(pinned, used);
	munmap(memory, PAGE);
}

TEST_F(memory, registered_memory_stays_where_it_was_populated)
{
	uint64_t pinned, used;
	uint8_t *memory = untouched(PAGE);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, madvise(memory, PAGE, MADV_POPULATE_WRITE));
	ASSERT_EQ(0, register_and_use(&self->l.vm, memory, &pinned, &used));
	ASSERT_NE(0, pinned);
	EXPECT_EQ(pinned, used);
	munmap(memory, PAGE);

	/* the library's way, which populates by itself */
	memory = self->l.vm.memory;
	ASSERT_EQ(0, vm_register(&self->l.vm));
	pinned = memory_frame(memory + RAM - PAGE);
	memory[RAM - 1] = 1;
	EXPECT_EQ(pinned, memory_frame(memory + RAM - PAGE));
}

/* A huge page must take one command, or it costs 512 times as much. */
TEST_F(memory, huge_page_is_one_command)
{
	struct launch *l = &self->l;
	uint8_t *memory = memory_huge(2);
	uint32_t before, done;

	HOST_NEEDS(HOST_SWPSP);
	if (!memory)
		SKIP(return, "the kernel has no huge pages to give");
	before = updates();
	GOES(update(l, memory, 2 * HUGE_PAGE, &done));
	EXPECT_GE(2, updates() - before);
}

/* The length says exactly what is encrypted and measured already. */
TEST_F(memory, interrupted)
{
	struct launch *l = &self->l;
	const size_t size = 16 * PAGE;
	uint8_t *memory = memory_scattered(16);
	uint32_t done, first;

	HOST_NEEDS(HOST_SWPSP);
	memory_fill(memory, size, 9);
	ASSERT_LT(4, memory_runs(memory, size));
	first = memory_run(memory, size);
	first += memory_run(memory + first, size - first);
	ASSERT_EQ(0, fault_refuse(SEV_FW_LAUNCH_UPDATE_DATA, 2, RESOURCE_LIMIT));
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, memory, size));
	REFUSED(RESOURCE_LIMIT, update(l, memory, size, &done));
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(first, done);
	/* go on from there, and nothing is missing, nothing is there twice */
	GOES(update(l, memory + first, size - first, &done));
	EXPECT_EQ(size - first, done);
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

TEST_F(memory, interrupted_at_once)
{
	struct launch *l = &self->l;
	uint8_t *memory = memory_scattered(4);
	uint32_t done;

	HOST_NEEDS(HOST_SWPSP);
	ASSERT_EQ(0, fault_refuse(SEV_FW_LAUNCH_UPDATE_DATA, 0, RESOURCE_LIMIT));
	REFUSED(RESOURCE_LIMIT, update(l, memory, 4 * PAGE, &done));
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(0, done);
}

/* Memory that is no memory */

/* Registers of a device are mapped, but nothing that could be pinned. */
TEST_F(memory, device_registers)
{
	struct launch *l = &self->l;
	uint8_t *bar = (void *)host_swpsp(), data[32] __attribute__((aligned(16))) = { 0 };
	struct sev_fw_dbg_decrypt peek = {
		.src_address = addr_of(bar), .dst_address = addr_of(data), .len = sizeof(data),
	};
	struct sev_fw_dbg_encrypt poke = {
		.src_address = addr_of(data), .dst_address = addr_of(bar), .len = sizeof(data),
	};
	struct sev_fw_copy copy = {
		.len = PAGE, .src_address = addr_of(bar), .dst_address = addr_of(l->vm.memory),
	};
	uint32_t before, done;

	HOST_NEEDS(HOST_SWPSP);
	before = host_counter(SWPSP_BAR_COMMANDS);
	DENIED(EFAULT, update(l, bar, PAGE, &done));
	DENIED(EFAULT, ISSUE(l, DBG_DECRYPT, peek));
	DENIED(EFAULT, ISSUE(l, DBG_ENCRYPT, poke));
	DENIED(EFAULT, ISSUE(l, COPY, copy));
	EXPECT_EQ(before, host_counter(SWPSP_BAR_COMMANDS));
}

/* One page of many is missing: none of them is touched. */
TEST_F(memory, hole)
{
	struct launch *l = &self->l;
	uint8_t *memory = memory_scattered(8);
	uint32_t done;

	ASSERT_EQ(0, munmap(memory + 5 * PAGE, PAGE));
	DENIED(EFAULT, update(l, memory, 8 * PAGE, &done));
	ASSERT_EQ(0, mprotect(memory + 4 * PAGE, PAGE, PROT_READ));
	DENIED(EFAULT, update(l, memory, 5 * PAGE, &done));
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

/* Two neighbours that are none in physical memory, or are; NULL if there are none. */
static uint8_t *neighbours(uint8_t *memory, size_t pages, bool contiguous)
{
	for (size_t i = 0; i + 1 < pages; i++)
		if (memory_contiguous(memory + i * PAGE, 2 * PAGE) == contiguous)
			return memory + i * PAGE;
	return NULL;
}

/* A packet's guest memory must be in one piece, wherever pages begin. */
TEST_F(memory, secret_across_pages)
{
	struct launch *l = &self->l;
	uint8_t *apart, *together, *memory = memory_scattered(32), *large = memory_huge(1);
	uint8_t packet[64] = "secret", header[OWNER_HEADER_SIZE];

	apart = neighbours(memory, 32, false);
	together = large ? large : neighbours(memory, 32, true);
	ASSERT_NE(NULL, apart);
	GOES(launch_measure(l));
	GOES(launch_check(l));
	ASSERT_EQ(OWNER_OK, owner_secret_seal(&l->session, l->measure, packet, packet, 64, header));
	DENIED(EINVAL, l->ops->secret(l, header, packet, apart + PAGE - 16, 64));
	GOES(l->ops->secret(l, header, packet, apart + PAGE - 64, 64));
	ASSERT_NE(NULL, together);
	GOES(l->ops->secret(l, header, packet, together + PAGE - 16, 64));
	GOES(launch_finish(l));
}

/* Limits */

static int limit_locked_memory(size_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = bytes;
	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* Only who may not lock memory at will is limited, and before anything happens. */
TEST_F(memory, locked_memory_is_limited)
{
	struct launch *l = &self->l;
	const size_t limit = 16 * PAGE;
	uint8_t *memory = memory_scattered(64);
	uint32_t done, before = updates();

	if (geteuid())
		SKIP(return, "only root can give up its privileges");
	memory_fill(memory, 64 * PAGE, 2);
	ASSERT_EQ(0, limit_locked_memory(limit));
	ASSERT_EQ(0, seteuid(NOBODY));
	DENIED(ENOMEM, update(l, memory, limit + PAGE, &done));
	DENIED(ENOMEM, update(l, memory + 16, limit, &done));	/* one page more */
	EXPECT_EQ(before, updates());
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, memory, limit));
	GOES(update(l, memory, limit, &done));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(OWNER_OK, owner_digest_update(l->digest, memory + limit, limit + PAGE));
	GOES(update(l, memory + limit, limit + PAGE, &done));
	GOES(launch_measure(l));
	GOES(launch_check(l));
}

/* Registered memory is locked, and leaves so much less to be locked. */
TEST_F(memory, registered_memory_counts)
{
	struct launch *l = &self->l;
	uint8_t *memory = memory_scattered(4);
	uint32_t done;

	if (geteuid())
		SKIP(return, "only root can give up its privileges");
	ASSERT_EQ(0, limit_locked_memory(RAM + 2 * PAGE));
	ASSERT_EQ(0, seteuid(NOBODY));
	ASSERT_EQ(0, vm_register(&l->vm));
	DENIED(ENOMEM, update(l, memory, 3 * PAGE, &done));
	GOES(update(l, memory, 2 * PAGE, &done));
	ASSERT_EQ(0, seteuid(0));
}

HOST_TESTS_MAIN
