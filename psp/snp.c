// SPDX-License-Identifier: GPL-2.0
/*
 * SNP: what the processor and the firmware need before and after its guests, and pages
 * for KVM, which hands them to the firmware by commands of its own.
 *
 *	SNP_INIT_EX, SNP_DF_FLUSH        INIT, DF_FLUSH        guests
 *	     psp_snp_up()                  platform.c
 *	SNP_SHUTDOWN_EX                  SHUTDOWN
 *	     psp_snp_down()
 *
 * INIT comes after SNP_INIT_EX, and SHUTDOWN before SNP_SHUTDOWN_EX. A command that needs
 * only the platform of SEV up or down leaves SNP as it is.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/msr.h>

#include "addr.h"
#include "compat.h"
#include "psp.h"

#define SNP_INIT_RMP		BIT(0)
#define SNP_INIT_LIST		BIT(1)
#define SNP_SHUTDOWN_IOMMU	BIT(0)

/* The list of SNP_INIT_EX, which must fit into a page. */
struct snp_range {
	u64 base;
	u32 pages;
	u32 reserved;
};

struct snp_ranges {
	u32 count;
	u32 reserved;
	struct snp_range range[255];
};

static_assert(sizeof(struct snp_ranges) <= PAGE_SIZE);

static int note_range(struct resource *res, void *data)
{
	struct snp_ranges *list = data;
	struct snp_range *range = &list->range[list->count];
	u64 first = PHYS_PFN(res->start), end = PHYS_PFN(res->end) + 1;

	if (list->count == ARRAY_SIZE(list->range) || end - first > U32_MAX)
		return -E2BIG;
	range->base = PFN_PHYS(first);
	range->pages = end - first;
	list->count++;
	return 0;
}

/**
 * psp_snp_exit() - release what psp_snp_init() took
 * @psp: PSP
 */
void psp_snp_exit(struct psp *psp)
{
	psp_answer_exit(psp);
	free_page((unsigned long)psp->snp_list);
	psp->snp_list = NULL;
}

/**
 * psp_snp_init() - note which memory must never be a guest's
 * @psp: PSP of a host for SNP
 *
 * The firmware gives each page a state; memory that the machine or devices use without
 * asking the RMP stays the hypervisor's until the next reset.
 *
 * Return: 0, -ENOMEM or -E2BIG.
 */
int psp_snp_init(struct psp *psp)
{
	static const unsigned long kinds[] = {
		IORES_DESC_RESERVED, IORES_DESC_ACPI_TABLES, IORES_DESC_ACPI_NV_STORAGE,
		IORES_DESC_PERSISTENT_MEMORY, IORES_DESC_PERSISTENT_MEMORY_LEGACY,
	};
	unsigned int i;
	int ret;

	if (psp->snp_list)
		return 0;
	psp->snp_list = (void *)get_zeroed_page(GFP_KERNEL);
	if (!psp->snp_list || psp_answer_init(psp)) {
		psp_snp_exit(psp);
		return -ENOMEM;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ret = walk_iomem_res_desc(kinds[i], IORESOURCE_MEM, 0, -1, psp->snp_list,
					  note_range);
		if (ret && ret != -EINVAL) {	/* there is none of this kind */
			psp_snp_exit(psp);
			return ret;
		}
	}
	return 0;
}

/* By halves, since the names of what takes it whole have changed. */
static u64 read_hsave(void)
{
	u32 low, high;

	return rdmsr_safe(MSR_VM_HSAVE_PA, &low, &high) ? 0 : (u64)high << 32 | low;
}

static void see_hsave(void *set)
{
	if (read_hsave())
		WRITE_ONCE(*(bool *)set, true);
}

/**
 * psp_snp_must_stay() - is KVM ready to run guests?
 *
 * The firmware initialises SNP only while no CPU has a place for the host's state, without
 * which no CPU can run a guest. kvm_amd, which sets it on each, has SNP initialised before;
 * whoever shuts SNP down while it is loaded does not get it again.
 *
 * Return: true if it is set on some CPU.
 */
bool psp_snp_must_stay(void)
{
	bool set = false;

	on_each_cpu(see_hsave, &set, 1);
	return set;
}

/* Of each CPU, while the machine resumes, and nobody runs a guest. */
static DEFINE_PER_CPU(u64, hsave);

static void clear_hsave(void *unused)
{
	u64 value = read_hsave();

	__this_cpu_write(hsave, value);
	if (value)
		wrmsr(MSR_VM_HSAVE_PA, 0, 0);
}

static void restore_hsave(void *unused)
{
	u64 value = __this_cpu_read(hsave);

	__this_cpu_write(hsave, 0);
	if (value)
		wrmsr(MSR_VM_HSAVE_PA, lower_32_bits(value), upper_32_bits(value));
}

static void init_block(const struct psp *psp, struct psp_call *init)
{
	struct sev_fw_snp_init_ex *block = (void *)init->fw.byte;

	init->row = psp_row_find(SEV_FW_SNP_INIT_EX);
	if (!psp_offers(psp, init->row)) {
		init->row = psp_row_find(SEV_FW_SNP_INIT);
		return;
	}
	block->flags = SNP_INIT_RMP | SNP_INIT_LIST;
	psp_fw_put_addr(&init->fw, offsetof(struct sev_fw_snp_init_ex, list_address),
			psp_addr_virt(psp->snp_list));
}

/**
 * psp_snp_up() - initialise SNP, unless it is
 * @psp: PSP; its platform of SEV is down if SNP is
 * @status: receives the firmware's answer
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0; -EOPNOTSUPP: the firmware is too old; -EBUSY: KVM is loaded already; or as
 * psp_mailbox().
 */
int psp_snp_up(struct psp *psp, u32 *status)
{
	static const struct psp_fill nobody;
	struct psp_call init = {
		.status = SEV_FW_NO_CALL,
		.expected = BIT_ULL(SEV_FW_STATUS_INVALID_PLATFORM_STATE),
	};
	bool resuming = psp->resuming;
	int ret;

	*status = SEV_FW_NO_CALL;
	if (psp->snp_up)
		return 0;
	init_block(psp, &init);
	if (!psp_offers(psp, init.row))
		return -EOPNOTSUPP;
	/* a VM may come at any other time, and its CPU be ready from then on */
	if (resuming)
		on_each_cpu(clear_hsave, NULL, 1);
	else if (psp_snp_must_stay())
		return -EBUSY;
	ret = psp->snp_prepare();
	if (ret)
		goto out;
	wbinvd_on_all_cpus();
	ret = psp_execute(psp, &init);
	/* a kernel before this one has left it so */
	if (ret && init.status == SEV_FW_STATUS_INVALID_PLATFORM_STATE) {
		psp->snp_up = true;
		if (!psp_snp_down(psp, status))
			ret = psp_execute(psp, &init);
		else
			psp->snp_up = false;
	}
out:
	if (resuming)
		on_each_cpu(restore_hsave, NULL, 1);
	*status = init.status;
	if (!ret)
		ret = psp_execute_plain(psp, SEV_FW_SNP_DF_FLUSH, &nobody, status);
	return ret;
}

/**
 * psp_snp_down() - shut SNP down, if it is up
 * @psp: PSP; its platform of SEV is down
 * @status: receives the firmware's answer
 *
 * Guests that still exist are destroyed.
 *
 * Context: process context, psp->lock held, sleeps.
 * Return: 0, or as psp_mailbox().
 */
int psp_snp_down(struct psp *psp, u32 *status)
{
	static const struct psp_fill nobody;
	struct psp_call call = {
		.row = psp_row_find(SEV_FW_SNP_SHUTDOWN_EX), .status = SEV_FW_NO_CALL,
		.expected = BIT_ULL(SEV_FW_STATUS_DF_FLUSH_REQUIRED),
	};
	struct sev_fw_snp_shutdown_ex *block = (void *)call.fw.byte;
	unsigned int i;
	int ret;

	*status = SEV_FW_NO_CALL;
	if (!psp->snp_up)
		return 0;
	block->length = sizeof(*block);
	block->flags = SNP_SHUTDOWN_IOMMU;
	for (i = 0; i < SEV_FW_BUFS; i++)
		psp_fwmem_take(psp, &psp->answer[i]);
	wbinvd_on_all_cpus();
	ret = psp_execute(psp, &call);
	if (ret && call.status == SEV_FW_STATUS_DF_FLUSH_REQUIRED) {
		ret = psp_execute_plain(psp, SEV_FW_SNP_DF_FLUSH, &nobody, status);
		if (!ret)
			ret = psp_execute(psp, &call);
	}
	*status = call.status;
	/* the IOMMU's pages are in Reclaim now */
	if (!ret && psp_iommu_snp_disable())
		return -EIO;
	return ret;
}

/**
 * psp_snp_page_alloc() - a page that the firmware may write to
 * @gfp: how to allocate it
 *
 * Context: process context, takes psp->lock.
 * Return: address of the page, or NULL.
 */
void *psp_snp_page_alloc(gfp_t gfp)
{
	void *page = (void *)__get_free_page(gfp);
	struct psp *psp = page ? psp_get() : NULL;
	int ret = 0;

	if (!psp)
		return page;
	psp_take(psp);
	if (psp->snp_up) {
		ret = psp_fwmem_give_pages(psp, PHYS_PFN(__pa(page)), 1);
		psp->snp_pages += !ret;
	}
	psp_unlock(psp);
	psp_put(psp);
	if (!ret)
		return page;
	free_page((unsigned long)page);
	return NULL;
}

/**
 * psp_snp_page_free() - free the page again, in whatever state it is
 * @page: address from psp_snp_page_alloc(), or NULL
 *
 * Context: process context, takes psp->lock.
 */
void psp_snp_page_free(void *page)
{
	struct psp *psp;
	bool lost;
	u64 pfn;

	if (!page)
		return;
	pfn = PHYS_PFN(__pa(page));
	lost = psp_rmp_assigned(pfn);
	psp = psp_get();
	if (psp && lost) {
		psp_take(psp);
		lost = psp_fwmem_take_pages(psp, pfn, 1);
		if (psp->snp_pages)
			psp->snp_pages--;
		psp_unlock(psp);
	}
	if (psp)
		psp_put(psp);
	if (lost)
		psp_fwmem_lose_page(virt_to_page(page));
	else
		free_page((unsigned long)page);
}
