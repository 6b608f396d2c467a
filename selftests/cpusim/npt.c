// SPDX-License-Identifier: GPL-2.0
/*
 * Translation of a SEV guest's addresses: C-bit, KVM's nested page tables, and the reverse
 * map table.
 *
 *	guest physical address          this CPU's tables             KVM's tables
 *	  without C-bit  ----------->  [ shared  ]  <-- filled, a page at a time,
 *	  with C-bit     ----------->  [ private ]      from these, where the RMP permits
 *
 * The emulated processor knows neither the C-bit nor the reverse map table. The
 * guest runs on tables of this file, where the C-bit is an address bit: it selects one of two
 * trees. They are empty to begin with. Each page that is missing there is looked up in KVM's
 * tables, is subject to the processor's checks, and is entered or becomes the exit that the
 * processor would make of it. So these tables are what a TLB is on hardware, and are
 * emptied when a TLB would be:
 *
 *  - KVM asks for it in the VMCB, as it does for a vCPU that comes to another CPU;
 *  - the CPU runs a guest with another ASID, or at another VMPL;
 *  - RMPUPDATE or PSMASH change the entry of a page that is in any CPU's tables, a VMSA
 *    is locked, or a guest takes back a page that it has validated (generation).
 *
 * Each CPU has tables of its own, and uses them only between KVM's CLGI and STGI: no lock.
 *
 * While paging is off, everything is private, and so are page tables and code at any time.
 * A guest that uses one page as code without C-bit and as shared data too is not told
 * apart from one that does so rightly.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/vmalloc.h>
#include <asm/processor.h>

#include "run.h"
#include "sim.h"

#define POOL_PAGES	256
#define ENTRIES		512
#define ADDRESS		GENMASK_ULL(51, 12)
#define ENTRY_PRESENT	BIT_ULL(0)
#define ENTRY_WRITE	BIT_ULL(1)
#define ENTRY_USER	BIT_ULL(2)
#define ENTRY_ACCESSED	BIT_ULL(5)
#define ENTRY_DIRTY	BIT_ULL(6)
#define ENTRY_LARGE	BIT_ULL(7)
#define ENTRY_NX	BIT_ULL(63)
#define ENTRY_TABLE	(ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED)

/* Of a VMPL, in the reverse map table. */
#define PERM_READ	BIT(0)
#define PERM_WRITE	BIT(1)
#define PERM_USER	BIT(2)
#define PERM_SUPERVISOR	BIT(3)

/* Pages of a CPU's pool that are always in use. */
enum {
	TOP_PAGING,	/* entry 0: shared, entry 1: private */
	TOP_NO_PAGING,	/* both private */
	SHARED,
	PRIVATE,
	FIRST_FREE,
};

/**
 * struct sim_tlb - translations that a CPU remembers
 * @pages: its memory
 * @used: how many of @pages are in use
 * @asid: ASID of their guest; 0: they are nobody's
 * @vmpl: privilege level that they were checked for
 * @generation: of when they were empty
 */
struct sim_tlb {
	u64 *pages[POOL_PAGES];
	unsigned int used;
	u32 asid;
	u8 vmpl;
	u64 generation;
};

static DEFINE_PER_CPU(struct sim_tlb, sim_tlb);
static atomic64_t generation = ATOMIC64_INIT(1);

/* Pages that may be in some CPU's tables, by number; set before their entry is read. */
static unsigned long *mapped;

/* ---- the tables of a CPU ---- */

static void tlb_empty(struct sim_tlb *tlb)
{
	unsigned int i;

	for (i = 0; i < FIRST_FREE; i++)
		memset(tlb->pages[i], 0, PAGE_SIZE);
	tlb->pages[TOP_PAGING][0] = __pa(tlb->pages[SHARED]) | ENTRY_TABLE;
	tlb->pages[TOP_PAGING][1] = __pa(tlb->pages[PRIVATE]) | ENTRY_TABLE;
	tlb->pages[TOP_NO_PAGING][0] = __pa(tlb->pages[PRIVATE]) | ENTRY_TABLE;
	tlb->pages[TOP_NO_PAGING][1] = __pa(tlb->pages[PRIVATE]) | ENTRY_TABLE;
	tlb->used = FIRST_FREE;
}

static bool paging(const struct sim_guest *guest)
{
	return guest->save->cr0 & X86_CR0_PG;
}

u64 sim_npt_enter(const struct sim_guest *guest)
{
	struct sim_tlb *tlb = this_cpu_ptr(&sim_tlb);
	u64 now = atomic64_read(&generation);

	if (guest->control->tlb_ctl || tlb->asid != guest->control->asid ||
	    tlb->vmpl != guest->save->vmpl || tlb->generation != now) {
		tlb_empty(tlb);
		tlb->asid = guest->control->asid;
		tlb->vmpl = guest->save->vmpl;
		tlb->generation = now;
	}
	return __pa(tlb->pages[paging(guest) ? TOP_PAGING : TOP_NO_PAGING]);
}

/* The entry of a page of 4 KiB; NULL: there is no memory for a table. */
static u64 *tlb_entry(struct sim_tlb *tlb, unsigned int tree, u64 gpa)
{
	u64 *table = tlb->pages[tree], *entry;
	unsigned int shift;

	for (shift = 30; ; shift -= 9) {
		entry = &table[gpa >> shift & (ENTRIES - 1)];
		if (shift == PAGE_SHIFT)
			return entry;
		if (!*entry) {
			if (tlb->used == POOL_PAGES)
				return NULL;
			table = tlb->pages[tlb->used++];
			memset(table, 0, PAGE_SIZE);
			*entry = __pa(table) | ENTRY_TABLE;
		}
		table = __va(*entry & ADDRESS);
	}
}

static void tlb_remember(unsigned int tree, u64 gpa, u64 entry)
{
	struct sim_tlb *tlb = this_cpu_ptr(&sim_tlb);
	u64 *at = tlb_entry(tlb, tree, gpa);

	if (!at) {
		tlb_empty(tlb);
		at = tlb_entry(tlb, tree, gpa);
	}
	*at = entry;
}

/* Return: false: there is no memory for the table that it would be in. */
static bool tlb_drop(struct sim_tlb *tlb, unsigned int tree, u64 gpa)
{
	u64 *at = tlb_entry(tlb, tree, gpa);

	if (at)
		*at = 0;
	return at;
}

/*
 * The other CPUs learn of it when they next enter a guest. In the shared tree, too, there may
 * be an entry to the private page: of its code.
 */
void sim_npt_forget(u64 gpa)
{
	struct sim_tlb *tlb = this_cpu_ptr(&sim_tlb);
	bool dropped = tlb_drop(tlb, PRIVATE, gpa) && tlb_drop(tlb, SHARED, gpa);

	if (atomic64_inc_return(&generation) == tlb->generation + 1 && dropped)
		tlb->generation++;
}

bool sim_npt_changed(u64 addr)
{
	u64 pfn = addr / PAGE_SIZE;

	/* the entry has been written: whoever reads the former one has set the bit before */
	smp_mb();
	if (!mapped || pfn >= SWPSP_RMP_PAGES || !test_and_clear_bit(pfn, mapped))
		return false;
	atomic64_inc(&generation);
	return true;
}

/* ---- the checks ---- */

/* KVM's entry for a guest physical address; NULL: not present. */
static u64 *kvm_entry(u64 root, u64 gpa, u64 *size)
{
	u64 *table = __va(root & ADDRESS), *entry, value;
	unsigned int shift;

	for (shift = 39; ; shift -= 9) {
		entry = &table[gpa >> shift & (ENTRIES - 1)];
		value = READ_ONCE(*entry);
		if (!(value & ENTRY_PRESENT))
			return NULL;
		if (shift == PAGE_SHIFT || (shift < 39 && value & ENTRY_LARGE)) {
			*size = BIT_ULL(shift);
			return entry;
		}
		table = __va(value & ADDRESS);
	}
}

/*
 * Address bits that the processor does not have: KVM marks what is no memory by them, and a
 * guest's own tables must not have them.
 */
static bool reserved_bits(u64 entry)
{
	return entry & ADDRESS & ~(BIT_ULL(boot_cpu_data.x86_phys_bits) - 1);
}

static u8 needed_perm(const struct sim_guest *guest, u64 info)
{
	if (info & NPF_FETCH)
		return guest->save->cpl == 3 ? PERM_USER : PERM_SUPERVISOR;
	return info & NPF_WRITE ? PERM_WRITE : PERM_READ;
}

/**
 * struct sim_rights - how a guest comes to a page
 * @addr: system physical address
 * @gpa: guest physical address, without C-bit
 * @private: by the C-bit, or because of what the access is for
 * @perms: receives what its VMPL may do
 */
struct sim_rights {
	u64 addr;
	u64 gpa;
	bool private;
	u8 perms;
};

static enum sim_result npf(struct sim_fault *fault, u64 info)
{
	fault->info |= info;
	return SIM_NPF;
}

/* A private access: the page must be this guest's, at this address, and accepted by it. */
static enum sim_result check_private(const struct sim_guest *guest, struct sim_rights *rights,
				     const struct rmp_page *page, u64 info,
				     struct sim_fault *fault)
{
	u8 vmpl = guest->save->vmpl;

	/* immutable: the firmware is moving it in or out */
	if (!page->assigned || page->immutable || page->asid != guest->control->asid ||
	    page->gpa != (rights->gpa & PAGE_MASK))
		return npf(fault, NPF_PRESENT | NPF_RMP);
	if (!page->validated) {
		fault->code = SIM_EXIT_NOT_VALIDATED;
		return SIM_VC;
	}
	rights->perms = vmpl < RMP_VMPLS ? page->perms[vmpl] : 0;
	/* the state of a vCPU that runs is the processor's */
	if (page->locked)
		rights->perms &= ~PERM_WRITE;
	if (!(rights->perms & needed_perm(guest, info)))
		return npf(fault, NPF_PRESENT | NPF_RMP | NPF_VMPL);
	return SIM_DONE;
}

static enum sim_result check_rmp(const struct sim_guest *guest, struct sim_rights *rights,
				 u64 info, struct sim_fault *fault)
{
	const struct rmp *table = sim_snp_table();
	struct rmp_page page = { 0 };
	bool is_private = guest->snp && rights->private;

	rights->perms = RMP_PERM_ALL;
	if (!table || !rmp_lookup(table, rights->addr, &page))
		return is_private ? npf(fault, NPF_PRESENT | NPF_RMP) : SIM_DONE;
	if (is_private)
		return check_private(guest, rights, &page, info, fault);
	if (!page.assigned)
		return SIM_DONE;
	/* Other guests are told from the host by nothing but their writes. */
	if (guest->snp || info & NPF_WRITE)
		return npf(fault, NPF_PRESENT | NPF_RMP);
	rights->perms &= ~PERM_WRITE;
	return SIM_DONE;
}

static bool kvm_permits(u64 entry, u64 info)
{
	return !(info & NPF_WRITE && !(entry & ENTRY_WRITE)) &&
	       !(info & NPF_FETCH && entry & ENTRY_NX);
}

/*
 * KVM looks at these; the processor would set the second one later. KVM may have taken back
 * the entry that was read.
 */
static bool mark_used(u64 *kvm, u64 kvm_now, bool dirty)
{
	u64 marked = kvm_now | ENTRY_ACCESSED | (dirty ? ENTRY_DIRTY : 0);

	return marked == kvm_now || try_cmpxchg64(kvm, &kvm_now, marked);
}

/*
 * Of the translation, which is good, the entry for this CPU's tables. Return: 0 if KVM
 * has changed its own since it was read.
 */
static u64 make_entry(const struct sim_guest *guest, u64 *kvm, u64 kvm_now,
		      const struct sim_rights *rights)
{
	u64 entry = rights->addr & PAGE_MASK;
	u8 execute = guest->save->cpl == 3 ? PERM_USER : PERM_SUPERVISOR;

	entry |= ENTRY_TABLE | ENTRY_DIRTY | (kvm_now & ENTRY_NX);
	if (!(kvm_now & ENTRY_WRITE) || !(rights->perms & PERM_WRITE))
		entry &= ~ENTRY_WRITE;
	/* an SNP guest executes no shared memory: a fetch is checked as a private access */
	if (!(rights->perms & execute) || (guest->snp && !rights->private))
		entry |= ENTRY_NX;
	return mark_used(kvm, kvm_now, entry & ENTRY_WRITE) ? entry : 0;
}

/* One look at KVM's tables, see translate(). @entry: 0 if it has to be repeated. */
static enum sim_result translate_once(const struct sim_guest *guest, u64 gpa, u64 info,
				      u64 *entry, struct sim_fault *fault)
{
	struct sim_rights rights = {
		.gpa = gpa & ~SIM_CBIT,
		.private = gpa & SIM_CBIT || !paging(guest) || info & (NPF_WALK | NPF_FETCH),
	};
	enum sim_result result;
	u64 *kvm, now, size;

	fault->gpa = rights.gpa;
	fault->info = info & (NPF_WRITE | NPF_FETCH | NPF_WALK | NPF_FINAL);
	fault->info |= NPF_USER;	/* as all accesses to nested page tables are */
	if (guest->snp && rights.private)
		fault->info |= NPF_ENC;
	kvm = kvm_entry(guest->control->nested_cr3, rights.gpa, &size);
	if (!kvm)
		return SIM_NPF;
	now = READ_ONCE(*kvm);
	if (!(now & ENTRY_PRESENT))
		return SIM_NPF;
	if (reserved_bits(now))
		return npf(fault, NPF_PRESENT | NPF_RESERVED);
	if (!kvm_permits(now, info))
		return npf(fault, NPF_PRESENT);
	rights.addr = (now & ADDRESS & ~(size - 1)) | (rights.gpa & (size - 1));
	if (!pfn_valid(rights.addr / PAGE_SIZE))
		return SIM_BROKEN;
	if (rights.addr / PAGE_SIZE < SWPSP_RMP_PAGES)
		set_bit(rights.addr / PAGE_SIZE, mapped);
	/* pairs with sim_npt_changed(): the bit is set before the entry is read */
	smp_mb__after_atomic();
	result = check_rmp(guest, &rights, info, fault);
	if (!result)
		*entry = make_entry(guest, kvm, now, &rights);
	return result;
}

/* Of an access by nested page tables: the entry, or why there is none. */
static enum sim_result translate(const struct sim_guest *guest, u64 gpa, u64 info, u64 *entry,
				 struct sim_fault *fault)
{
	enum sim_result result;

	do {
		result = translate_once(guest, gpa, info, entry, fault);
	} while (!result && !*entry);
	return result;
}

enum sim_result sim_npt_address(const struct sim_guest *guest, u64 gpa, u64 *addr,
				struct sim_fault *fault)
{
	u64 size, *kvm = kvm_entry(guest->control->nested_cr3, gpa & ~SIM_CBIT, &size), now;

	fault->gpa = gpa & ~SIM_CBIT;
	fault->info = NPF_WRITE | NPF_USER | NPF_FINAL | (gpa & SIM_CBIT ? NPF_ENC : 0);
	now = kvm ? READ_ONCE(*kvm) : 0;
	if (!(now & ENTRY_PRESENT))
		return SIM_NPF;
	if (reserved_bits(now))
		return npf(fault, NPF_PRESENT | NPF_RESERVED);
	*addr = (now & ADDRESS & ~(size - 1)) | (fault->gpa & (size - 1) & PAGE_MASK);
	return SIM_DONE;
}

enum sim_result sim_npt_fault(const struct sim_guest *guest, u64 gpa, u64 info,
			      struct sim_fault *fault)
{
	enum sim_result result;
	u64 entry;

	result = translate(guest, gpa, info, &entry, fault);
	if (!result)
		tlb_remember(gpa & SIM_CBIT || !paging(guest) ? PRIVATE : SHARED,
			     gpa & ~SIM_CBIT, entry);
	return result;
}

/* ---- virtual addresses ---- */

static enum sim_result host_address(const struct sim_guest *guest, u64 gpa, u64 info, void **at,
				    struct sim_fault *fault)
{
	enum sim_result result;
	u64 entry;

	result = translate(guest, gpa, info, &entry, fault);
	if (!result)
		*at = __va(entry & ADDRESS) + offset_in_page(gpa);
	return result;
}

static enum sim_result long_mode_address(const struct sim_guest *guest, u64 gva, u64 info,
					 u64 *gpa, struct sim_fault *fault)
{
	u64 table = guest->save->cr3 & ADDRESS, entry;
	enum sim_result result;
	unsigned int shift;
	void *at;

	if (reserved_bits(table))
		return SIM_BROKEN;
	for (shift = 39; ; shift -= 9) {
		result = host_address(guest, table + 8 * (gva >> shift & (ENTRIES - 1)),
				      NPF_WALK | NPF_WRITE, &at, fault);
		if (result)
			return result;
		entry = READ_ONCE(*(u64 *)at);
		if (!(entry & ENTRY_PRESENT) || reserved_bits(entry) ||
		    (info & NPF_WRITE && !(entry & ENTRY_WRITE)))
			return SIM_BROKEN;
		table = entry & ADDRESS;
		if (shift == PAGE_SHIFT || (shift < 39 && entry & ENTRY_LARGE)) {
			*gpa = (table & ~(BIT_ULL(shift) - 1)) | (gva & (BIT_ULL(shift) - 1));
			return SIM_DONE;
		}
	}
}

enum sim_result sim_guest_address(const struct sim_guest *guest, u64 gva, u64 info, u64 *gpa,
				  void **at, struct sim_fault *fault)
{
	enum sim_result result = SIM_DONE;

	if (!paging(guest))
		*gpa = (u32)gva | SIM_CBIT;
	else if (guest->save->efer & EFER_LMA)
		result = long_mode_address(guest, gva, info, gpa, fault);
	else
		return SIM_BROKEN;	/* paging of 32 bits: not simulated */
	if (!result && at)
		result = host_address(guest, *gpa, info | NPF_FINAL, at, fault);
	return result;
}

enum sim_result sim_guest_read(const struct sim_guest *guest, u64 gva, u64 info, void *to,
			       size_t len, struct sim_fault *fault)
{
	enum sim_result result = SIM_DONE;
	size_t part;
	void *at;
	u64 gpa;

	for (; len && !result; len -= part, gva += part, to += part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(gva));
		result = sim_guest_address(guest, gva, info, &gpa, &at, fault);
		if (!result)
			memcpy(to, at, part);
	}
	return result;
}

/* ---- memory ---- */

int sim_npt_start(void)
{
	unsigned int cpu, i;

	if (!mapped)
		mapped = vzalloc(SWPSP_RMP_PAGES / 8);
	if (!mapped)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct sim_tlb *tlb = per_cpu_ptr(&sim_tlb, cpu);

		for (i = 0; i < POOL_PAGES; i++) {
			tlb->pages[i] = (u64 *)__get_free_page(GFP_KERNEL);
			if (!tlb->pages[i]) {
				sim_npt_stop();
				return -ENOMEM;
			}
		}
	}
	return 0;
}

void sim_npt_stop(void)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct sim_tlb *tlb = per_cpu_ptr(&sim_tlb, cpu);

		for (i = 0; i < POOL_PAGES; i++)
			free_page((unsigned long)tlb->pages[i]);
		memset(tlb, 0, sizeof(*tlb));
	}
}

/* The host executes RMPUPDATE also while there is no kvm_amd. */
void sim_npt_end(void)
{
	vfree(mapped);
	mapped = NULL;
}
