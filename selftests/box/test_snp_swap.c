// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of an SNP guest that leave memory and come back, or move to another page of the host,
 * by pass-through. The guest does not notice, the host has the memory meanwhile, and a command
 * that is refused leaves the page where it was.
 *
 * Each test ends with as many pages in each state as it began with.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "../../tools/guest/guest.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "snp_steps.h"

#define DEBUG		(SNP_POLICY_PLAIN | SNP_POLICY_DEBUG)
#define NO_SWAP		(1ull << 25)	/* in the policy */
#define ENTRY		5
#define PAGE_ENTRIES	64

/* KVM's, missing in older headers. */
#define EXIT_MEMORY_FAULT	39

FIXTURE(swap) {
	struct snp_use before;
	struct snp_launch l;
	struct vm cpu;
	uint8_t *sealed, *page;
	long lost;
};

FIXTURE_SETUP(swap)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	ASSERT_EQ(0, snp_use(&self->before));
	self->lost = psp_attr_number("quarantined_pages");
	self->sealed = mmap(NULL, 2 * SNP_PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->sealed);
	self->page = self->sealed + SNP_PAGE_BYTES;
	self->cpu = (struct vm)VM_NONE;
	ASSERT_EQ(0, snp_step_open(&self->l, &snp_launch_pass));
}

FIXTURE_TEARDOWN(swap)
{
	fault_clear();
	vm_drop_vcpu(&self->cpu);
	snp_launch_close(&self->l);
	SAME_PAGES(&self->before);
	EXPECT_EQ(self->lost, psp_attr_number("quarantined_pages"));
	munmap(self->sealed, 2 * SNP_PAGE_BYTES);
}

static int out(struct snp_launch *l, uint64_t gpa, uint64_t entry, void *to)
{
	struct sev_fw_snp_page_swap_out block = {
		.src_address = (uintptr_t)l->vm.memory + gpa, .dst_address = (uintptr_t)to,
		.mdata_address = entry, .software_data = gpa,
	};

	return snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &block, sizeof(block));
}

static int in(struct snp_launch *l, uint64_t gpa, uint64_t entry, const void *from)
{
	struct sev_fw_snp_page_swap_in block = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)l->vm.memory + gpa,
		.mdata_address = entry,
	};

	return snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_IN, &block, sizeof(block));
}

static int move_to(struct snp_launch *l, uint64_t from, uint64_t to)
{
	struct sev_fw_snp_page_move block = {
		.src_address = (uintptr_t)l->vm.memory + from,
		.dst_address = (uintptr_t)l->vm.memory + to,
	};

	return snp_pass_issue(l, SEV_FW_SNP_PAGE_MOVE, &block, sizeof(block));
}

static int share(struct snp_launch *l, uint64_t gpa, bool shared)
{
	return vm_set_private(&l->vm, gpa, SNP_PAGE_BYTES, !shared);
}

/* All that a VMM does. With @drop the memory is the host's meanwhile. */
static int swap_out(struct snp_launch *l, uint64_t gpa, uint64_t entry, void *to, bool drop)
{
	int ret = share(l, gpa, true);

	if (!ret)
		ret = out(l, gpa, entry, to);
	if (!ret && drop)
		ret = vm_drop_private(&l->vm, gpa, SNP_PAGE_BYTES);
	return ret;
}

static int swap_in(struct snp_launch *l, uint64_t gpa, uint64_t entry, const void *from)
{
	int ret = share(l, gpa, false);

	return ret ? ret : in(l, gpa, entry, from);
}

static int move_page(struct snp_launch *l, uint64_t gpa)
{
	int ret = share(l, gpa, true);

	if (!ret)
		ret = move_to(l, gpa, gpa);
	return ret ? ret : share(l, gpa, false);
}

static int peek(struct snp_launch *l, uint64_t gpa, void *to)
{
	struct sev_fw_snp_dbg_decrypt block = {
		.src_address = (uintptr_t)l->vm.memory + gpa, .dst_address = (uintptr_t)to,
	};

	return snp_pass_issue(l, SEV_FW_SNP_DBG_DECRYPT, &block, sizeof(block));
}

static int poke(struct snp_launch *l, uint64_t gpa, const void *from)
{
	struct sev_fw_snp_dbg_encrypt block = {
		.src_address = (uintptr_t)from, .dst_address = (uintptr_t)l->vm.memory + gpa,
	};

	return snp_pass_issue(l, SEV_FW_SNP_DBG_ENCRYPT, &block, sizeof(block));
}

static int launch(struct snp_launch *l, uint64_t policy)
{
	int ret = snp_launch_start(l, policy);

	if (!ret)
		ret = snp_step_update(l, NULL);
	return ret ? ret : snp_launch_finish(l, NULL);
}

/* ---- swap ---- */

/* Pages in each state, as far as these change: against @was. */
static bool changed_by(const struct snp_use *was, long valid, long metadata)
{
	struct snp_use now;

	return !snp_use(&now) && now.guest_valid - was->guest_valid == valid &&
	       now.others - was->others == metadata && now.firmware == was->firmware &&
	       now.reclaim == was->reclaim && now.pre_guest == was->pre_guest &&
	       now.guest_invalid == was->guest_invalid;
}

TEST_F(swap, a_page_goes_and_comes_back)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch(l, DEBUG));
	ASSERT_EQ(0, snp_use(&was));
	for (int drop = 0; drop < 2; drop++) {
		uint8_t *content = l->vm.memory + GPA_NORMAL;

		GOES(l, swap_out(l, GPA_NORMAL, ENTRY, self->sealed, drop));
		EXPECT_TRUE(changed_by(&was, -1, 1)) TH_LOG("the host's, and an entry for it");
		EXPECT_NE(0, memcmp(content, self->sealed, SNP_PAGE_BYTES)) TH_LOG("not sealed");
		GOES(l, swap_in(l, GPA_NORMAL, ENTRY, self->sealed));
		EXPECT_TRUE(changed_by(&was, 0, 1));
		GOES(l, peek(l, GPA_NORMAL, self->page));
		EXPECT_EQ(0, memcmp(content, self->page, SNP_PAGE_BYTES)) TH_LOG("drop %d", drop);
	}
}

/* The guest would die of a page that it has not validated, if it thought that it had. */
TEST_F(swap, a_page_that_is_not_validated_stays_so)
{
	struct snp_launch *l = &self->l;
	struct snp_use was, now;

	GOES(l, launch(l, DEBUG));
	GOES(l, snp_launch_prefault(l, GPA_LATE, 1));
	ASSERT_EQ(0, snp_use(&was));
	GOES(l, swap_out(l, GPA_LATE, ENTRY, self->sealed, true));
	ASSERT_EQ(0, snp_use(&now));
	EXPECT_EQ(was.guest_invalid - 1, now.guest_invalid);
	GOES(l, swap_in(l, GPA_LATE, ENTRY, self->sealed));
	EXPECT_TRUE(changed_by(&was, 0, 1));
}

#define BREAK	"/sys/devices/system/memory/hard_offline_page"

/* Some kernels say EBUSY, since the page stays in its file, and take it for broken. */
static void break_page(uint64_t addr)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)addr);
	control_write(BREAK, text);
}

/* KVM leaves such a page in its place, where it must be neither read, nor copied, nor moved. */
TEST_F(swap, a_page_with_broken_memory_stays_where_it_is)
{
	struct snp_launch *l = &self->l;
	uint64_t addr;

	if (access(BREAK, W_OK))
		SKIP(return, "this kernel cannot take memory for broken");
	GOES(l, snp_launch_start(l, DEBUG));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	addr = snp_find(RMP_GUEST_VALID, 0);
	ASSERT_NE(0, addr);
	GOES(l, peek(l, GPA_FREE, self->page));
	break_page(addr);
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, peek(l, GPA_FREE, self->page));
	ASSERT_EQ(0, share(l, GPA_FREE, true));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, out(l, GPA_FREE, ENTRY, self->sealed));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, move_to(l, GPA_FREE, GPA_FREE));
	EXPECT_EQ(RMP_GUEST_VALID, snp_state(addr));
}

/* The page that is there in guest_memfd breaks while the guest's content is elsewhere. */
TEST_F(swap, a_page_does_not_come_back_into_broken_memory)
{
	struct snp_launch *l = &self->l;
	uint64_t addr;

	if (access(BREAK, W_OK))
		SKIP(return, "this kernel cannot take memory for broken");
	GOES(l, snp_launch_start(l, DEBUG));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	addr = snp_find(RMP_GUEST_VALID, 0);
	GOES(l, swap_out(l, GPA_FREE, ENTRY, self->sealed, false));
	break_page(addr);
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, swap_in(l, GPA_FREE, ENTRY, self->sealed));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(addr));
	ASSERT_EQ(0, vm_drop_private(&l->vm, GPA_FREE, SNP_PAGE_BYTES));
	GOES(l, in(l, GPA_FREE, ENTRY, self->sealed));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(addr));
	GOES(l, peek(l, GPA_FREE, self->page));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_FREE, self->page, SNP_PAGE_BYTES));
}

/* ---- caches ---- */

#define TRACEFS		"/sys/kernel/tracing/"
#define COMMANDS	TRACEFS "events/psp_sev/psp_command/enable"
#define FLUSHES		TRACEFS "events/kprobes/sev_flush/enable"
/* The kernel maps memory from a multiple of 1 GiB on. */
#define SAME_BITS	((1ull << 30) - 1)

/* Note commands, and memory whose cache lines are flushed. Return: whether that is possible. */
static bool notes_begin(void)
{
	return !control_write(TRACEFS "trace", "") &&
	       !control_write(TRACEFS "kprobe_events",
			      "p:sev_flush clflush_cache_range at=%di size=%si") &&
	       !control_write(FLUSHES, "1") && !control_write(COMMANDS, "1");
}

static void notes_end(void)
{
	control_write(COMMANDS, "0");
	control_write(FLUSHES, "0");
	control_write(TRACEFS "kprobe_events", "-:sev_flush");
}

/* Has a whole page at @addr been flushed since the firmware has answered @command? */
static bool flushed_after(const char *command, uint64_t addr)
{
	static char text[1 << 17];
	const char *line;

	if (control_read(TRACEFS "trace", text, sizeof(text)) < 0)
		return false;
	line = strstr(text, command);
	while (line && (line = strstr(line, "at=0x"))) {
		unsigned long long at, size;

		if (sscanf(line, "at=%llx size=%llx", &at, &size) == 2 &&
		    !((at ^ addr) & SAME_BITS) && size == SNP_PAGE_BYTES)
			return true;
		line++;
	}
	return false;
}

/* The next owner has the page at once, as KVM takes it for the host's already. */
TEST_F(swap, a_page_that_has_left_is_flushed_out_of_caches)
{
	struct snp_launch *l = &self->l;
	bool moved, gone;
	uint64_t at;

	GOES(l, snp_launch_start(l, DEBUG));
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_FREE, 1));
	ASSERT_EQ(0, share(l, GPA_FREE, true));
	at = snp_find(RMP_GUEST_VALID, 0);
	if (!notes_begin())
		SKIP(return, "functions of the kernel cannot be traced");
	EXPECT_EQ(0, move_to(l, GPA_FREE, GPA_FREE));
	moved = flushed_after(" SNP_PAGE_MOVE ", at);
	at = snp_find(RMP_GUEST_VALID, 0);
	EXPECT_EQ(0, out(l, GPA_FREE, ENTRY, self->sealed));
	gone = flushed_after(" SNP_PAGE_SWAP_OUT ", at);
	notes_end();
	EXPECT_TRUE(moved);
	EXPECT_TRUE(gone);
}

/*
 * A vCPU that wants the page again and again, from when the firmware has been told to bring it
 * back. If it came before that, it would get an empty page, and the other one could not come.
 */
struct wanter {
	struct snp_launch *l;
	atomic_bool over;
	uint32_t before;	/* pages that the firmware was told of before this one */
	int got;
};

static void *want(void *arg)
{
	struct wanter *w = arg;

	while (fault_hits() == w->before && !atomic_load(&w->over))
		usleep(1000);
	while (!atomic_load(&w->over))
		w->got += !snp_launch_prefault(w->l, GPA_NORMAL, 1);
	return NULL;
}

/* KVM must not take the page for one with nothing in it: to clear it would be the kernel's end. */
TEST_F(swap, a_vcpu_waits_for_a_page_that_is_coming_back)
{
	struct snp_launch *l = &self->l;
	const struct fault slow = {
		.id = SEV_FW_SNP_PAGE_SWAP_IN, .kind = SWPSP_FAULT_DELAY, .value = 200000,
	};
	struct wanter w = { .l = l };
	pthread_t thread;

	GOES(l, launch(l, DEBUG));
	ASSERT_EQ(0, fault_arm(&slow));
	for (int i = 0; i < 3; i++) {
		GOES(l, swap_out(l, GPA_NORMAL, ENTRY, self->sealed, true));
		atomic_store(&w.over, false);
		w.got = 0;
		w.before = i;
		ASSERT_EQ(0, pthread_create(&thread, NULL, want, &w));
		GOES(l, swap_in(l, GPA_NORMAL, ENTRY, self->sealed));
		usleep(20000);
		atomic_store(&w.over, true);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_LT(0, w.got);
		GOES(l, peek(l, GPA_NORMAL, self->page));
		EXPECT_EQ(0, memcmp(l->vm.memory + GPA_NORMAL, self->page, SNP_PAGE_BYTES));
	}
	EXPECT_EQ(3, fault_hits());
}

/* Addresses of all pages that are launched. */
static void list_pages(uint64_t gpa[SNP_STEP_PAGES])
{
	for (size_t i = 0; i < ARRAY_SIZE(snp_step_ranges); i++)
		for (size_t p = 0; p < snp_step_ranges[i].pages; p++)
			*gpa++ = snp_step_ranges[i].gpa + p * SNP_PAGE_BYTES;
}

TEST_F(swap, many_pages_have_an_entry_each)
{
	static uint8_t sealed[SNP_STEP_PAGES][SNP_PAGE_BYTES];
	const uint64_t apart = PAGE_ENTRIES / 4;
	const long pages = 1 + (SNP_STEP_PAGES - 1) / 4;
	struct snp_launch *l = &self->l;
	uint64_t gpa[SNP_STEP_PAGES];
	struct snp_use was;

	list_pages(gpa);
	GOES(l, launch(l, DEBUG));
	ASSERT_EQ(0, snp_use(&was));
	for (int i = 0; i < SNP_STEP_PAGES; i++)
		GOES(l, swap_out(l, gpa[i], i * apart, sealed[i], true));
	EXPECT_TRUE(changed_by(&was, -SNP_STEP_PAGES, pages)) TH_LOG("64 entries in a page");
	for (int i = SNP_STEP_PAGES; i--; )
		GOES(l, swap_in(l, gpa[i], i * apart, sealed[i]));
	EXPECT_TRUE(changed_by(&was, 0, pages));
	GOES(l, peek(l, GPA_NORMAL + SNP_PAGE_BYTES, self->page));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_NORMAL + SNP_PAGE_BYTES, self->page,
			    SNP_PAGE_BYTES));
	/* numbers may be far apart */
	GOES(l, swap_out(l, gpa[0], SEV_FW_SNP_ENTRIES - 1, self->sealed, true));
	GOES(l, swap_in(l, gpa[0], SEV_FW_SNP_ENTRIES - 1, self->sealed));
	EXPECT_TRUE(changed_by(&was, 0, pages + 1));
}

/* ---- move ---- */

TEST_F(swap, a_page_moves_to_another_one_of_the_host)
{
	uint8_t *content = self->l.vm.memory + GPA_NORMAL;
	struct snp_launch *l = &self->l;
	struct snp_use was;
	uint64_t at;

	GOES(l, snp_launch_start(l, DEBUG));
	ASSERT_EQ(0, snp_find(RMP_GUEST_VALID, 0)) TH_LOG("another guest's");
	GOES(l, snp_launch_update(l, SNP_PAGE_NORMAL, GPA_NORMAL, 1));
	at = snp_find(RMP_GUEST_VALID, 0);
	ASSERT_NE(0, at);
	ASSERT_EQ(0, snp_use(&was));
	GOES(l, move_page(l, GPA_NORMAL));
	EXPECT_TRUE(changed_by(&was, 0, 0));
	EXPECT_EQ(RMP_HYPERVISOR, snp_state(at)) TH_LOG("where it was is the host's");
	EXPECT_NE(0, snp_find(RMP_GUEST_VALID, 0));
	GOES(l, peek(l, GPA_NORMAL, self->page));
	EXPECT_EQ(0, memcmp(content, self->page, SNP_PAGE_BYTES));
	/* and from there by way of storage */
	GOES(l, swap_out(l, GPA_NORMAL, ENTRY, self->sealed, true));
	GOES(l, swap_in(l, GPA_NORMAL, ENTRY, self->sealed));
	GOES(l, peek(l, GPA_NORMAL, self->page));
	EXPECT_EQ(0, memcmp(content, self->page, SNP_PAGE_BYTES));
}

/* ---- a guest that runs ---- */

/* Everything of the guest that is private, while it waits for its VMM. */
static int stir(struct snp_launch *l, size_t pages, uint8_t *sealed, bool swap)
{
	int ret = 0;

	for (uint64_t gpa = GUEST_ENTRY; pages-- && !ret; gpa += SNP_PAGE_BYTES) {
		ret = swap ? swap_out(l, gpa, gpa / SNP_PAGE_BYTES, sealed, true) : 0;
		ret = ret ? ret : swap ? swap_in(l, gpa, gpa / SNP_PAGE_BYTES, sealed) :
					 move_page(l, gpa);
	}
	return ret;
}

/* The guest of tools/guest in place of the one that cannot run. @cpu: one more vCPU, or NULL */
static int launch_guest(struct snp_launch *l, uint64_t policy, size_t *pages, struct vm *cpu)
{
	int ret;

	snp_launch_close(l);
	ret = snp_launch_open(l, GUEST_RAM);
	if (ret)
		return ret;
	l->ops = &snp_launch_pass;
	*pages = snp_load_guest(l->vm.memory + GUEST_ENTRY);
	ret = *pages ? 0 : -ENOENT;
	l->more_vcpus = !!cpu;
	if (!ret && cpu)
		ret = vm_more_vcpu(&l->vm, 1, cpu);
	if (!ret)
		ret = snp_launch_start(l, policy);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_NORMAL, GUEST_ENTRY, *pages);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
	return ret ? ret : snp_launch_finish(l, NULL);
}

TEST_F(swap, a_guest_that_runs_does_not_notice)
{
	struct snp_launch *l = &self->l;
	char text[4096] = "";
	size_t pages;

	if (host_cipher())
		SKIP(return, "guests do not run where memory is encrypted");
	GOES(l, launch_guest(l, SNP_POLICY_PLAIN, &pages, NULL));
	/* each letter that it prints is an exit */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, vm_enter(&l->vm));
		ASSERT_EQ(KVM_EXIT_IO, l->vm.run->exit_reason);
		GOES(l, stir(l, pages, self->sealed, i));
	}
	ASSERT_EQ(0, vm_run(&l->vm, text, sizeof(text)))
		TH_LOG("KVM exit %u", l->vm.run->exit_reason);
	EXPECT_NE(NULL, strstr(text, "handed out its attestation report\n")) TH_LOG("%s", text);
}

/* How often the second vCPU has run, by the guest's own count. */
static uint64_t turns(const struct snp_launch *l)
{
	return *(const volatile uint64_t *)(l->vm.memory + MAILBOX_PAGE + MAILBOX_CPU_TURNS);
}

/* KVM has its address on the host, and uses it at each entry. */
TEST_F(swap, a_save_area_that_the_guest_has_made_stays_where_it_is)
{
	struct snp_launch *l = &self->l;
	char text[4096] = "";
	struct snp_use was;
	size_t pages;

	if (host_cipher())
		SKIP(return, "guests do not run where memory is encrypted");
	GOES(l, launch_guest(l, DEBUG, &pages, &self->cpu));
	l->vm.memory[MAILBOX_PAGE + MAILBOX_CPU_WANTED] = 1;
	ASSERT_EQ(0, vm_run(&l->vm, text, sizeof(text)))
		TH_LOG("KVM exit %u, %s", l->vm.run->exit_reason, text);
	ASSERT_EQ(0, vm_enter(&self->cpu));
	ASSERT_EQ(1, turns(l)) TH_LOG("KVM exit %u", self->cpu.run->exit_reason);
	ASSERT_EQ(0, snp_use(&was));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, peek(l, CPU_SAVE_AREA, self->page));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, poke(l, CPU_SAVE_AREA, self->page));
	ASSERT_EQ(0, share(l, CPU_SAVE_AREA, true));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, out(l, CPU_SAVE_AREA, 0, self->sealed));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, move_to(l, CPU_SAVE_AREA, CPU_SAVE_AREA));
	EXPECT_TRUE(changed_by(&was, 0, 0));
	ASSERT_EQ(0, share(l, CPU_SAVE_AREA, false));
	ASSERT_EQ(0, vm_enter(&self->cpu));
	EXPECT_EQ(2, turns(l)) TH_LOG("KVM exit %u", self->cpu.run->exit_reason);
	/* the page before it is like any other */
	GOES(l, peek(l, CPU_SAVE_AREA - SNP_PAGE_BYTES, self->page));
	GOES(l, poke(l, CPU_SAVE_AREA - SNP_PAGE_BYTES, self->page));
	GOES(l, move_page(l, CPU_SAVE_AREA - SNP_PAGE_BYTES));
}

/* As soon as the firmware has taken the command that is late. */
static void *enter_late(void *arg)
{
	while (!fault_hits())
		usleep(1000);
	return (void *)(long)vm_enter(arg);
}

/* The guest has named the page, and KVM looks for it only when the vCPU is about to run. */
TEST_F(swap, a_vcpu_finds_its_save_area_where_it_has_been_moved)
{
	const struct fault slow = {
		.id = SEV_FW_SNP_PAGE_MOVE, .kind = SWPSP_FAULT_DELAY, .value = 500000,
	};
	struct snp_launch *l = &self->l;
	char text[4096] = "";
	pthread_t thread;
	void *ret = NULL;
	size_t pages;

	if (host_cipher())
		SKIP(return, "guests do not run where memory is encrypted");
	GOES(l, launch_guest(l, DEBUG, &pages, &self->cpu));
	l->vm.memory[MAILBOX_PAGE + MAILBOX_CPU_WANTED] = 1;
	ASSERT_EQ(0, vm_run(&l->vm, text, sizeof(text)));
	ASSERT_EQ(0, share(l, CPU_SAVE_AREA, true));
	ASSERT_EQ(0, fault_arm(&slow));
	ASSERT_EQ(0, pthread_create(&thread, NULL, enter_late, &self->cpu));
	GOES(l, move_to(l, CPU_SAVE_AREA, CPU_SAVE_AREA));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(1, turns(l)) TH_LOG("KVM exit %u", self->cpu.run->exit_reason);
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, move_to(l, CPU_SAVE_AREA, CPU_SAVE_AREA));
}

TEST_F(swap, a_guest_that_wants_a_page_which_is_out_exits)
{
	struct snp_launch *l = &self->l;
	char text[64];

	if (host_cipher())
		SKIP(return, "guests do not run where memory is encrypted");
	GOES(l, launch(l, SNP_POLICY_PLAIN));
	GOES(l, swap_out(l, VM_ENTRY, ENTRY, self->sealed, true));
	EXPECT_GT(0, vm_run(&l->vm, text, sizeof(text)));
	EXPECT_EQ(EXIT_MEMORY_FAULT, l->vm.run->exit_reason);
	GOES(l, swap_in(l, VM_ENTRY, ENTRY, self->sealed));
}

/* ---- refusals ---- */

TEST_F(swap, the_kernel_refuses_and_changes_nothing)
{
	struct sev_fw_snp_page_swap_out block = { .dst_address = (uintptr_t)self->sealed };
	struct snp_launch *l = &self->l;
	struct snp_use was;

	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, out(l, GPA_NORMAL, 0, self->sealed));
	GOES(l, launch(l, DEBUG));
	ASSERT_EQ(0, snp_use(&was));
	/* the guest can reach it */
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, out(l, GPA_NORMAL, 0, self->sealed));
	REFUSED(l, -EBUSY, SEV_FW_NO_CALL, move_to(l, GPA_NORMAL, GPA_NORMAL));
	ASSERT_EQ(0, share(l, GPA_NORMAL, true));
	ASSERT_EQ(0, share(l, GPA_FREE, true));
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, out(l, GPA_FREE, 0, self->sealed));
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, move_to(l, GPA_FREE, GPA_FREE));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, move_to(l, GPA_NORMAL, GPA_FREE));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, out(l, GPA_NORMAL + 64, 0, self->sealed));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, out(l, 2 * SNP_RAM, 0, self->sealed));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL,
		out(l, GPA_NORMAL, SEV_FW_SNP_ENTRIES, self->sealed));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, out(l, GPA_NORMAL, 0, NULL));
	block.src_address = (uintptr_t)l->vm.memory + GPA_NORMAL;
	for (block.flags = 1; block.flags < 0x40; block.flags <<= 1)
		if (block.flags != 0x20)
			REFUSED(l, -EINVAL, SEV_FW_NO_CALL,
				snp_pass_issue(l, SEV_FW_SNP_PAGE_SWAP_OUT, &block,
					       sizeof(block)));
	/* nor does a page come where one is, or where the frame is shared */
	REFUSED(l, -EEXIST, SEV_FW_NO_CALL, in(l, GPA_NORMAL + SNP_PAGE_BYTES, 0, self->sealed));
	REFUSED(l, -EINVAL, SEV_FW_NO_CALL, in(l, GPA_FREE, 0, self->sealed));
	REFUSED(l, -EFAULT, SEV_FW_NO_CALL, in(l, GPA_LATE, 0, NULL));
	REFUSED(l, -ENOENT, SEV_FW_NO_CALL, in(l, GPA_LATE, 0x1000, self->sealed));
	EXPECT_TRUE(changed_by(&was, 0, 0)) TH_LOG("nor is room for entries made");
	GOES(l, out(l, GPA_NORMAL, 0, self->sealed));
}

TEST_F(swap, the_firmware_refuses_and_changes_nothing)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch(l, DEBUG));
	GOES(l, snp_launch_prefault(l, GPA_LATE, 1));
	GOES(l, swap_out(l, GPA_LATE, 0, self->page, false));
	ASSERT_EQ(0, snp_use(&was));
	ASSERT_EQ(0, share(l, GPA_NORMAL, true));
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_MDATA_ENTRY, out(l, GPA_NORMAL, 0, self->sealed));
	EXPECT_TRUE(changed_by(&was, 0, 0)) TH_LOG("an entry in use");
	GOES(l, out(l, GPA_NORMAL, ENTRY, self->sealed));

	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_MDATA_ENTRY,
		swap_in(l, GPA_NORMAL, ENTRY + 1, self->sealed));
	/* another frame */
	REFUSED(l, -EIO, SEV_FW_STATUS_INVALID_PAGE_STATE,
		in(l, GPA_FREE, ENTRY, self->sealed));
	REFUSED(l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT, in(l, GPA_NORMAL, ENTRY, self->page));
	self->sealed[77] ^= 1;
	REFUSED(l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT, in(l, GPA_NORMAL, ENTRY, self->sealed));
	EXPECT_TRUE(changed_by(&was, -1, 0));
	self->sealed[77] ^= 1;
	GOES(l, in(l, GPA_NORMAL, ENTRY, self->sealed));
	EXPECT_TRUE(changed_by(&was, 0, 0));
	GOES(l, peek(l, GPA_NORMAL, self->page));
	EXPECT_EQ(0, memcmp(l->vm.memory + GPA_NORMAL, self->page, SNP_PAGE_BYTES));
	/* once is all: an old content does not come back */
	GOES(l, swap_out(l, GPA_NORMAL, ENTRY, self->page, true));
	REFUSED(l, -EIO, SEV_FW_STATUS_BAD_MEASUREMENT,
		swap_in(l, GPA_NORMAL, ENTRY, self->sealed));
}

TEST_F(swap, a_policy_can_forbid_it)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch(l, SNP_POLICY_PLAIN | NO_SWAP));
	ASSERT_EQ(0, snp_use(&was));
	ASSERT_EQ(0, share(l, GPA_NORMAL, true));
	REFUSED(l, -EIO, SEV_FW_STATUS_POLICY_FAILURE, out(l, GPA_NORMAL, 0, self->sealed));
	REFUSED(l, -EIO, SEV_FW_STATUS_POLICY_FAILURE, move_to(l, GPA_NORMAL, GPA_NORMAL));
	EXPECT_TRUE(changed_by(&was, 0, 1));
}

/* No room for entries: the firmware's own words come back, and the page stays. */
TEST_F(swap, a_page_for_entries_that_is_refused)
{
	struct snp_launch *l = &self->l;
	struct snp_use was;

	GOES(l, launch(l, DEBUG));
	ASSERT_EQ(0, snp_use(&was));
	ASSERT_EQ(0, share(l, GPA_NORMAL, true));
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_MD_INIT, 0, SEV_FW_STATUS_RESOURCE_LIMIT));
	REFUSED(l, -EIO, SEV_FW_STATUS_RESOURCE_LIMIT, out(l, GPA_NORMAL, 0, self->sealed));
	ASSERT_EQ(0, fault_clear());
	EXPECT_TRUE(changed_by(&was, 0, 0));
	GOES(l, out(l, GPA_NORMAL, 0, self->sealed));
}

/* ---- guests that die ---- */

static void live_until(unsigned int step, uint8_t *sealed)
{
	struct snp_launch l;

	if (snp_step_open(&l, &snp_launch_pass) || launch(&l, SNP_POLICY_PLAIN))
		_exit(1);
	if (swap_out(&l, GPA_NORMAL, 0, sealed, step == 1))
		_exit(1);
	if (step < 2)
		_exit(0);
	if (swap_in(&l, GPA_NORMAL, 0, sealed))
		_exit(1);
	if (step == 2)
		_exit(0);
	if (share(&l, GPA_ZERO, true) || move_to(&l, GPA_ZERO, GPA_ZERO))
		_exit(1);
	if (step == 3)
		_exit(0);
	while (!share(&l, GPA_ZERO, false))
		if (move_page(&l, GPA_NORMAL) || swap_out(&l, GPA_ZERO, 1, sealed, true) ||
		    swap_in(&l, GPA_ZERO, 1, sealed))
			break;
	_exit(1);
}

TEST_F(swap, lives_end_at_any_step)
{
	int status;

	for (unsigned int step = 0; step < 9; step++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child)
			live_until(step, self->sealed);
		if (step > 3) {
			usleep(200000 + 7919 * step);
			kill(child, SIGKILL);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(step > 3 ? SIGKILL : 0, status) TH_LOG("step %u", step);
	}
}

HOST_TESTS_MAIN
