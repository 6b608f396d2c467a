/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions and data that the files of this module share.
 */
#ifndef SEV_CPU_SIM_H
#define SEV_CPU_SIM_H

#include <linux/types.h>

#include "snp/rmp.h"

struct dentry;
struct module;
struct pci_dev;

/** sim_symbol() - address of any symbol of the kernel, a variable too; 0 if there is none */
unsigned long sim_symbol(const char *name);

/** sim_set_feature() - set, or clear, a bit of all CPUs' features, X86_FEATURE_*; sleeps */
void sim_set_feature(unsigned int feature, bool on);

/** sim_count_wbinvd() - this CPU has executed WBINVD, or is about to; preemption off */
void sim_count_wbinvd(void);

/* ---- wbinvd.c ---- */

/** sim_wbinvd_start() - see WBINVD of CPUs that are stopped */
void sim_wbinvd_start(void);

/** sim_wbinvd_stop() - see none of all these any longer */
void sim_wbinvd_stop(void);

/** sim_wbinvd_module() - see WBINVD of a module that is coming */
void sim_wbinvd_module(const struct module *module);

/** sim_wbinvd_forget() - the module is going */
void sim_wbinvd_forget(const struct module *module);

/* ---- snp.c ---- */

/**
 * sim_snp_start() - make this machine a host for SNP
 * @bar: of the PSP, which has the reverse map table
 *
 * Return: 0, or -EOPNOTSUPP on a kernel that cannot be one, or another negative errno.
 */
int sim_snp_start(void __iomem *bar);

/** sim_snp_stop() - undo it, if it was done; nobody may be using SNP */
void sim_snp_stop(void);

/**
 * sim_snp_moved() - the table is at another address now
 * @bar: where the PSP's BAR is mapped
 */
void sim_snp_moved(void __iomem *bar);

/**
 * struct sim_snp_stats - for tests
 * @updates: RMPUPDATE that succeeded
 * @smashes: PSMASH that succeeded
 * @refused: of both, that did not
 * @user_mapped: pages that user space had mapped when they were assigned: its writes
 *	do not fault, where those of a real processor would
 * @huge_mapped: pages that were assigned while the kernel had them mapped as part of
 *	a larger one, all of which is read-only since
 * @unmapped: pages that the kernel had not mapped
 */
struct sim_snp_stats {
	atomic_long_t updates;
	atomic_long_t smashes;
	atomic_long_t refused;
	atomic_long_t user_mapped;
	atomic_long_t huge_mapped;
	atomic_long_t unmapped;
};

extern struct sim_snp_stats sim_snp_stats;

/** sim_snp_table() - the table; NULL if this is no host for SNP */
const struct rmp *sim_snp_table(void);

/** sim_snp_validate() - PVALIDATE by a guest, see rmp_validate() */
int sim_snp_validate(u64 addr, const struct rmp_access *access, bool large, bool validate,
		     bool *unchanged);

/** sim_snp_adjust() - RMPADJUST by a guest; @target: RDX of the instruction */
int sim_snp_adjust(u64 addr, const struct rmp_access *access, bool large, u64 target);

/**
 * sim_snp_lock() - a processor begins to use a VMSA
 * @addr: its page
 * @asid: ASID that the page must belong to
 *
 * Return: whether it is one of this guest's, of 4 KiB, and no other processor uses it.
 */
bool sim_snp_lock(u64 addr, u32 asid);

/** sim_snp_unlock() - the processor that has locked the VMSA at @addr ends its use */
void sim_snp_unlock(u64 addr);

/** sim_snp_set_locked() - as if a guest's instruction had begun, or ended; 0 or -ENOENT */
int sim_snp_set_locked(u64 addr, bool locked);

/* ---- snp_debug.c ---- */

/** sim_snp_debug_start() - debugfs for tests; failures are of no consequence */
void sim_snp_debug_start(void);

/** sim_snp_debug_stop() - remove it */
void sim_snp_debug_stop(void);

#endif /* SEV_CPU_SIM_H */
