/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between kernel versions.
 */
#ifndef SEV_CPU_SIM_COMPAT_H
#define SEV_CPU_SIM_COMPAT_H

#include <linux/ftrace.h>
#include <linux/version.h>
#include <asm/cpufeature.h>

/* From 6.12 on kvm_amd wants these, too, before it offers SEV or SEV-ES. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define SIM_MORE_FEATURES	X86_FEATURE_NRIPS, X86_FEATURE_FLUSHBYASID, X86_FEATURE_LBRV,
#else
#define SIM_MORE_FEATURES
#endif

/* Function that the kernel runs on each CPU that is to execute WBINVD. */
#define SIM_WBINVD_FUNCTION	"__wbinvd"

/* Function behind __get_free_pages(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define SIM_PAGES_FUNCTION	"get_free_pages_noprof"
#else
#define SIM_PAGES_FUNCTION	"__get_free_pages"
#endif

/*
 * The function that reads an MSR, of those that the kernel patches its calls to: where
 * it leaves the value when it returns. @output is its second argument.
 */
static inline void sim_set_msr_bits(struct pt_regs *regs, u64 *output, u64 bits)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	*output |= bits;
#else
	regs->ax |= bits;
#endif
}

/* Function that kvm_amd calls before it runs a vCPU of a SEV-ES guest, and only then. */
#define SIM_ES_RUN_FUNCTION	"sev_es_prepare_switch_to_guest"

/* Leave an ftrace handler into another function. */
static inline void sim_redirect(struct ftrace_regs *fregs, unsigned long ip)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	ftrace_regs_set_instruction_pointer(fregs, ip);
#else
	ftrace_instruction_pointer_set(fregs, ip);
#endif
}

#endif /* SEV_CPU_SIM_COMPAT_H */
