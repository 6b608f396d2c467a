// SPDX-License-Identifier: GPL-2.0
/*
 * The processor's half of SEV-SNP, for the host side: the reverse map table (RMP), the
 * instructions that change it, and the check that each write is subject to.
 *
 *	kernel: rmp_make_private() ...   the processor (here)        the firmware (swpsp)
 *	     RMPUPDATE, PSMASH ----#UD---> rmp_update(), rmp_smash() |
 *	                                        |                    | commands
 *	                                        v                    v
 *	     snp_lookup_rmpentry() ----> [ the table, in the PSP's BAR ]
 *	     a store by the kernel ----> page table entry without the write bit
 *
 *  - Nothing of the kernel is replaced. The emulated processor does not know RMPUPDATE and
 *    PSMASH, and raises #UD. A die notifier executes them, on the table, and goes on behind
 *    them.
 *  - The kernel believes that it found SNP at boot: the data that cc_platform_has() looks at
 *    are set, the bit in the CPUs' features, and the address of the table.
 *  - A real processor looks into the table before each write. Here, the kernel's own mapping
 *    of a page loses its write bit while the page is assigned, on all CPUs before the
 *    instruction ends. Mappings of user space do not: see user_mapped in sim.h.
 *
 * Two instructions are never executed at once (table_lock). The firmware runs beside them:
 * rmp.h says why that needs no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/coco.h>
#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/trapnr.h>

#include "bar.h"
#include "compat.h"
#include "run.h"
#include "sim.h"

/* Of a structure that is private to the kernel's coco/core.c. */
#define CC_HOST_SEV_SNP		BIT_ULL(0)

#define INSN_SIZE		4

/**
 * struct rmpupdate_operand - operand of RMPUPDATE, which RCX points to
 * @gpa: guest physical address
 * @assigned: 0 or 1
 * @pagesize: 0: 4 KiB, 1: 2 MiB
 * @immutable: 0 or 1
 * @reserved: ignored
 * @asid: ASID
 */
struct rmpupdate_operand {
	u64 gpa;
	u8 assigned;
	u8 pagesize;
	u8 immutable;
	u8 reserved;
	u32 asid;
} __packed;

static_assert(sizeof(struct rmpupdate_operand) == 16, "as the kernel lays it out");

struct sim_snp_stats sim_snp_stats;

static bool started;
static struct rmp table;
/*
 * Taken in #UD, with interrupts off; the instruction may be anywhere. Also taken while a
 * guest runs, as KVM sees it, where lockdep must not be called: hence no spinlock_t.
 */
static arch_spinlock_t table_lock = __ARCH_SPIN_LOCK_UNLOCKED;

const struct rmp *sim_snp_table(void)
{
	return started ? &table : NULL;
}

/* ---- the check of writes ---- */

static void flush_page(u64 addr)
{
	asm volatile("invlpg (%0)" : : "r" (__va(addr)) : "memory");
}

/**
 * struct extent - memory that changes hands
 * @addr: physical address of the first byte
 * @size: 4 KiB or 2 MiB
 */
struct extent {
	u64 addr;
	u64 size;
};

static void flush_extent(void *data)
{
	const struct extent *extent = data;
	u64 at;

	for (at = 0; at < extent->size; at += PAGE_SIZE)
		flush_page(extent->addr + at);
}

static bool any_assigned(u64 addr, u64 size)
{
	struct rmp_page page;
	u64 at;

	for (at = addr; at < addr + size; at += PAGE_SIZE)
		if (rmp_lookup(&table, at, &page) && page.assigned)
			return true;
	return false;
}

/*
 * Make the mapping that @addr is in writable if nothing in it is assigned, read-only
 * otherwise: a real processor refuses a write through a large mapping, too, if one of its
 * pages is not the hypervisor's.
 *
 * Return: size of the mapping.
 */
static u64 protect_mapping(u64 addr)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)__va(addr), &level);
	u64 size;

	if (!pte || pte_none(*pte)) {
		atomic_long_inc(&sim_snp_stats.unmapped);
		return PAGE_SIZE;
	}
	size = page_level_size(level);
	if (any_assigned(addr & ~(size - 1), size)) {
		if (level != PG_LEVEL_4K)
			atomic_long_inc(&sim_snp_stats.huge_mapped);
		clear_bit(_PAGE_BIT_RW, (unsigned long *)pte);
	} else {
		set_bit(_PAGE_BIT_RW, (unsigned long *)pte);
	}
	return size;
}

static void protect_extent(const struct extent *extent)
{
	u64 end = extent->addr + extent->size, at, size;

	for (at = extent->addr; at < end; at = (at & ~(size - 1)) + size)
		size = protect_mapping(at);
}

/*
 * A CPU that still has the page as writable in its TLB would not fault. The other way round
 * there is no need: the kernel takes a fault that it finds no reason for as a stale entry.
 *
 * With interrupts off the others cannot be waited for. The kernel does that while it panics,
 * when there are no others.
 */
static void flush_everywhere(const struct pt_regs *regs, struct extent *extent)
{
	flush_extent(extent);
	if (!(regs->flags & X86_EFLAGS_IF))
		return;
	local_irq_enable();
	on_each_cpu(flush_extent, extent, 1);
	local_irq_disable();
}

static void count_user_mapped(const struct extent *extent)
{
	u64 pfn = extent->addr / PAGE_SIZE, end = pfn + extent->size / PAGE_SIZE;

	for (; pfn < end; pfn++)
		if (pfn_valid(pfn) && folio_mapped(page_folio(pfn_to_page(pfn))))
			atomic_long_inc(&sim_snp_stats.user_mapped);
}

/* Return: whether a CPU that is in a guest now must come out of it to notice. */
static bool extent_changed(const struct extent *extent)
{
	bool in_use = false;
	u64 at;

	for (at = 0; at < extent->size; at += PAGE_SIZE)
		in_use |= sim_npt_changed(extent->addr + at);
	return in_use;
}

/* ---- instructions ---- */

static void count_result(atomic_long_t *good, int result)
{
	atomic_long_inc(result == RMP_OK ? good : &sim_snp_stats.refused);
}

static int execute_rmpupdate(const struct pt_regs *regs)
{
	const struct rmpupdate_operand *operand = (const void *)regs->cx;
	const struct rmp_request request = {
		.gpa = operand->gpa, .asid = operand->asid, .assigned = operand->assigned,
		.large = operand->pagesize, .immutable = operand->immutable,
	};
	struct extent extent = {
		.addr = regs->ax, .size = request.large ? RMP_2M : RMP_4K,
	};
	bool in_use = false;
	int result;

	arch_spin_lock(&table_lock);
	result = rmp_update(&table, extent.addr, &request);
	if (!result)
		protect_extent(&extent);
	arch_spin_unlock(&table_lock);

	count_result(&sim_snp_stats.updates, result);
	if (!result)
		in_use = extent_changed(&extent);
	if (!result && request.assigned)
		count_user_mapped(&extent);
	if (!result && (request.assigned || in_use))
		flush_everywhere(regs, &extent);
	return result;
}

static int execute_psmash(const struct pt_regs *regs)
{
	int result;

	arch_spin_lock(&table_lock);
	result = rmp_smash(&table, regs->ax);
	arch_spin_unlock(&table_lock);
	count_result(&sim_snp_stats.smashes, result);
	return result;
}

static const struct {
	u8 code[INSN_SIZE];
	int (*execute)(const struct pt_regs *regs);
} instructions[] = {
	{ { 0xf2, 0x0f, 0x01, 0xfe }, execute_rmpupdate },
	{ { 0xf3, 0x0f, 0x01, 0xff }, execute_psmash },
};

static int undefined_opcode(struct notifier_block *nb, unsigned long event, void *data)
{
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	u8 code[INSN_SIZE];
	unsigned int i;

	if (event != DIE_TRAP || ((struct die_args *)data)->trapnr != X86_TRAP_UD ||
	    user_mode(regs))
		return NOTIFY_DONE;
	if (copy_from_kernel_nofault(code, (const void *)regs->ip, sizeof(code)))
		return NOTIFY_DONE;
	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (memcmp(code, instructions[i].code, sizeof(code)))
			continue;
		regs->ax = instructions[i].execute(regs);
		regs->ip += sizeof(code);
		return NOTIFY_STOP;
	}
	return NOTIFY_DONE;
}

static struct notifier_block undefined_opcode_block = {
	.notifier_call = undefined_opcode,
	.priority = INT_MAX,
};

/* ---- of guests ---- */

int sim_snp_validate(u64 addr, const struct rmp_access *access, bool large, bool validate,
		     bool *unchanged)
{
	int result;

	arch_spin_lock(&table_lock);
	result = rmp_validate(&table, addr, access, large, validate, unchanged);
	arch_spin_unlock(&table_lock);
	return result;
}

int sim_snp_adjust(u64 addr, const struct rmp_access *access, bool large, u64 target)
{
	u8 vmpl = target, perms = target >> 8;
	bool vmsa = target & BIT(16);
	int result;

	arch_spin_lock(&table_lock);
	result = rmp_adjust(&table, addr, access, large, vmpl, perms, vmsa);
	arch_spin_unlock(&table_lock);
	return result;
}

bool sim_snp_lock(u64 addr, u32 asid)
{
	struct rmp_page page;
	bool good;

	arch_spin_lock(&table_lock);
	good = rmp_lookup(&table, addr, &page) && page.assigned && page.vmsa && !page.large &&
	       page.validated && !page.immutable && page.asid == asid && !page.locked;
	if (good) {
		page.locked = true;
		rmp_store(&table, addr, &page);
		/* another CPU of the guest's may write to it until its next exit */
		sim_npt_changed(addr);
	}
	arch_spin_unlock(&table_lock);
	return good;
}

/* No instruction changes a locked entry; only a reset of the firmware clears it. */
void sim_snp_unlock(u64 addr)
{
	struct rmp_page page;

	arch_spin_lock(&table_lock);
	if (rmp_lookup(&table, addr, &page) && page.locked) {
		page.locked = false;
		rmp_store(&table, addr, &page);
	}
	arch_spin_unlock(&table_lock);
}

int sim_snp_set_locked(u64 addr, bool locked)
{
	struct rmp_page page;
	bool found;

	local_irq_disable();
	arch_spin_lock(&table_lock);
	found = rmp_lookup(&table, addr, &page) && page.assigned;
	if (found) {
		page.locked = locked;
		rmp_store(&table, addr, &page);
	}
	arch_spin_unlock(&table_lock);
	local_irq_enable();
	return found ? 0 : -ENOENT;
}

/* ---- the kernel's knowledge from boot ---- */

/* The kernel's variables are read-only after boot: write by way of another mapping. */
static int poke(struct sim_poke *poke)
{
	unsigned long addr = sim_symbol(poke->name);
	struct page *page;
	void *map, *at;

	if (!addr)
		return -EOPNOTSUPP;
	page = pfn_to_page(slow_virt_to_phys((void *)addr) >> PAGE_SHIFT);
	map = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!map)
		return -ENOMEM;
	at = map + offset_in_page(addr);
	if (!poke->done)
		memcpy(&poke->before, at, poke->size);
	memcpy(at, &poke->value, poke->size);
	poke->done = true;
	vunmap(map);
	return 0;
}

static struct sim_poke table_pokes[SIM_TABLE_POKES];
static struct sim_poke platform_pokes[] = {
	{ .name = "cc_flags", .value = CC_HOST_SEV_SNP, .size = sizeof(u64) },
	{ .name = "cc_vendor", .value = CC_VENDOR_AMD, .size = sizeof(u32) },
};

static int poke_all(struct sim_poke *pokes, unsigned int count)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++)
		ret = poke(&pokes[i]);
	return ret;
}

static void unpoke_all(struct sim_poke *pokes, unsigned int count)
{
	while (count--) {
		if (!pokes[count].done)
			continue;
		pokes[count].value = pokes[count].before;
		poke(&pokes[count]);
	}
}

static int set_table(void __iomem *bar)
{
	void *memory = (void __force *)bar + SWPSP_BAR_RMP;

	local_irq_disable();
	arch_spin_lock(&table_lock);
	rmp_init(&table, memory, SWPSP_RMP_PAGES);
	arch_spin_unlock(&table_lock);
	local_irq_enable();
	sim_table_pokes(table_pokes, memory + SWPSP_RMP_COUNTS_SIZE, SWPSP_RMP_PAGES);
	return poke_all(table_pokes, ARRAY_SIZE(table_pokes));
}

void sim_snp_moved(void __iomem *bar)
{
	if (started && set_table(bar))
		pr_err("the kernel still looks for the reverse map table where it was\n");
}

int sim_snp_start(void __iomem *bar)
{
	int ret;

	ret = set_table(bar);
	if (!ret)
		ret = poke_all(platform_pokes, ARRAY_SIZE(platform_pokes));
	if (!ret)
		ret = register_die_notifier(&undefined_opcode_block);
	if (ret) {
		unpoke_all(platform_pokes, ARRAY_SIZE(platform_pokes));
		unpoke_all(table_pokes, ARRAY_SIZE(table_pokes));
		return ret;
	}
	sim_set_feature(SIM_SNP_FEATURE, true);
	started = true;
	sim_snp_debug_start();
	return 0;
}

void sim_snp_stop(void)
{
	if (!started)
		return;
	sim_snp_debug_stop();
	started = false;
	sim_set_feature(SIM_SNP_FEATURE, false);
	unregister_die_notifier(&undefined_opcode_block);
	unpoke_all(platform_pokes, ARRAY_SIZE(platform_pokes));
	unpoke_all(table_pokes, ARRAY_SIZE(table_pokes));
}
