/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between kernel versions.
 */
#ifndef SEV_CPU_SIM_COMPAT_H
#define SEV_CPU_SIM_COMPAT_H

#include <linux/ftrace.h>
#include <linux/version.h>
#include <asm/cpufeature.h>
#include <asm/svm.h>

/* From 6.12 on kvm_amd wants this one, too, before it offers SEV or SEV-ES. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define SIM_MORE_FEATURES	X86_FEATURE_LBRV,
#else
#define SIM_MORE_FEATURES
#endif

/* Function that the kernel runs on each CPU that is to execute WBINVD. */
#define SIM_WBINVD_FUNCTION	"__wbinvd"

/* Where the code of a module is that stays. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define sim_module_text(module)		((module)->mem[MOD_TEXT].base)
#define sim_module_text_size(module)	((module)->mem[MOD_TEXT].size)
#else
#define sim_module_text(module)		((module)->core_layout.base)
#define sim_module_text_size(module)	((module)->core_layout.text_size)
#endif

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

/* The kind of guest in a VMCB, in a field that has had two names. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define sim_nested_ctl(control)	((control)->misc_ctl)
#define SIM_NESTED_SEV		SVM_MISC_ENABLE_SEV
#define SIM_NESTED_SEV_ES	SVM_MISC_ENABLE_SEV_ES
#else
#define sim_nested_ctl(control)	((control)->nested_ctl)
#define SIM_NESTED_SEV		SVM_NESTED_CTL_SEV_ENABLE
#define SIM_NESTED_SEV_ES	SVM_NESTED_CTL_SEV_ES_ENABLE
#endif

/* The exit of a VMRUN that was refused. */
static inline void sim_set_invalid(struct vmcb_control_area *control)
{
	control->exit_code = SVM_EXIT_ERR;
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	control->exit_code_hi = ~0u;
#endif
}

/* Leave an ftrace handler into another function. */
static inline void sim_redirect(struct ftrace_regs *fregs, unsigned long ip)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	ftrace_regs_set_instruction_pointer(fregs, ip);
#else
	ftrace_instruction_pointer_set(fregs, ip);
#endif
}

/* ---- SNP: kernels before 6.11 have nothing of what a host needs ---- */

#ifdef X86_FEATURE_SEV_SNP
#define SIM_SNP_FEATURE		X86_FEATURE_SEV_SNP
#else
#define SIM_SNP_FEATURE		X86_FEATURE_SEV	/* never used: the variables are not there */
#endif

/**
 * struct sim_poke - a variable of the kernel's that is given another value
 * @name: its symbol
 * @value: new value
 * @before: former value
 * @size: 4 or 8 bytes
 * @done: @before is valid
 */
struct sim_poke {
	const char *name;
	u64 value;
	u64 before;
	u8 size;
	bool done;
};

#define SIM_POKE(poke, symbol, new_value, new_size)	do {		\
	(poke)->name = (symbol);					\
	(poke)->value = (u64)(new_value);				\
	(poke)->size = (new_size);					\
} while (0)

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)

/*
 * The kernel knows segments of the table, each described by one of these, and a list of 512
 * pointers to them. A table in one piece is one segment that reaches to the end of memory.
 * The counters, which it clears, are ours to give; these here nobody reads.
 */
struct sim_segment {
	void *entries;
	u64 max_index;
	u64 size;
};

#define SIM_TABLE_POKES		6
#define SIM_SEGMENT_SHIFT	52

static inline void sim_table_pokes(struct sim_poke *pokes, void *entries, u64 pages)
{
	static struct sim_segment segment;
	static struct sim_segment *segments[512] = { &segment };
	static u64 counters[2048];

	segment = (struct sim_segment){ entries, pages, 16 * pages };
	SIM_POKE(&pokes[0], "rmp_bookkeeping", (unsigned long)counters, 8);
	SIM_POKE(&pokes[1], "rmp_segment_shift", SIM_SEGMENT_SHIFT, 4);
	SIM_POKE(&pokes[2], "rmp_segment_size", 1ull << SIM_SEGMENT_SHIFT, 8);
	SIM_POKE(&pokes[3], "rmp_segment_mask", (1ull << SIM_SEGMENT_SHIFT) - 1, 8);
	SIM_POKE(&pokes[4], "rst_max_index", 1, 4);
	SIM_POKE(&pokes[5], "rmp_segment_table", (unsigned long)segments, 8);
}

#else

#define SIM_TABLE_POKES		2

static inline void sim_table_pokes(struct sim_poke *pokes, void *entries, u64 pages)
{
	SIM_POKE(&pokes[0], "rmptable_max_pfn", pages - 1, 8);
	SIM_POKE(&pokes[1], "rmptable", (unsigned long)entries, 8);
}

#endif

#endif /* SEV_CPU_SIM_COMPAT_H */
