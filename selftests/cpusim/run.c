// SPDX-License-Identifier: GPL-2.0
/*
 * VMRUN of a SEV guest, on a processor that has VMRUN and nothing of SEV.
 *
 *	kvm_amd                           here                          the emulation
 *	__svm_sev_es_vcpu_run() --jmp--> run_es_guest(): VMSA -> VMCB,
 *	                                   tables of npt.c
 *	                                   __svm_vcpu_run()'s own  -----> VMRUN ... #VMEXIT
 *	                                   VMCB -> VMSA          <-----
 *	                                   sim_exit(): KVM's? or again
 *	__svm_vcpu_run() -------jmp----> run_guest(): the same without VMSA for SEV guests;
 *	                                   all guests get external interrupts once
 *
 * Of kvm_amd nothing is replaced but the first instructions of these two, which are assembler
 * that may be neither traced nor probed.
 *
 *  - The state of a guest is in its VMSA whenever KVM can look, and the VMCB's save area is
 *    as KVM left it.
 *  - Pages that the reverse map table assigns are read-only for the kernel (snp.c). The
 *    processor is not the kernel: CR0.WP is off while it writes to them. Interrupts, NMIs
 *    too, are off as long, by GIF.
 *  - VMRUN of the emulation delivers an external interrupt that is injected, and leaves its
 *    vector behind. Until the guest next exits, each time that the emulation leaves the
 *    guest's code for a moment of its own it would deliver that vector again, whatever
 *    the interrupt flag says. So the guest exits before its first instruction: an interrupt
 *    for the host is made pending. NMIs and exceptions leave nothing behind.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "compat.h"
#include "run.h"
#include "sim.h"

#define JUMP_SIZE		5
#define FEATURE_SNP		BIT_ULL(0)	/* of SEV_FEATURES */

/*
 * In the type of the task register. The emulation grants user programs no port by the task's
 * bitmap if it is set, and does not set it itself; KVM sets it in what it tells a VMM, which a
 * guest that has been moved gets back.
 */
#define TSS_BUSY		0x2

/* The argument of KVM's entry. The type is private, but begins in the same way everywhere. */
struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
};

/* Jumps back to the rest of the function; see hook.S. */
void *sim_plain_rest;

static void (*plain_run)(void *svm, unsigned long flags);

/* ---- one VMRUN ---- */

static bool is_external(u32 event)
{
	const u32 mask = SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_MASK;

	return (event & mask) == (SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_INTR);
}

/* VMRUN. The host takes its own interrupt after KVM's STGI, and finds nothing to do. */
static void enter_guest(struct vcpu_svm *svm, unsigned long flags)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	/* not by the function of that name, which can be traced */
	void (*send_reschedule)(int cpu) = smp_ops.smp_send_reschedule;

	if (is_external(control->event_inj))
		send_reschedule(raw_smp_processor_id());
	plain_run(svm, flags);
	control->event_inj = 0;
}

static void enter_sev_guest(struct vcpu_svm *svm, unsigned long flags,
			    const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	u64 kvm_tables = control->nested_cr3;

	control->nested_cr3 = sim_npt_enter(guest);
	control->clean = 0;
	enter_guest(svm, flags);
	control->nested_cr3 = kvm_tables;
	/* KVM's request is served, once */
	control->tlb_ctl = TLB_CONTROL_DO_NOTHING;
}

/* ---- guests with encrypted state ---- */

/* Let the processor write to what is the guest's. Return: CR0 as it was. */
static unsigned long writes_begin(void)
{
	unsigned long cr0;

	asm volatile("mov %%cr0, %0" : "=r" (cr0) : : "memory");
	asm volatile("mov %0, %%cr0" : : "r" (cr0 & ~X86_CR0_WP) : "memory");
	return cr0;
}

static void writes_end(unsigned long cr0)
{
	asm volatile("mov %0, %%cr0" : : "r" (cr0) : "memory");
}

/* The guest may read and write the MSR of its GHCB; the emulation asks the map of MSRs. */
static void intercept_ghcb_msr(const struct vmcb_control_area *control)
{
	const unsigned int third_range = 0x1000, bit = 2 * (MSR_AMD64_SEV_ES_GHCB & 0x1fff);
	u8 *map = __va(control->msrpm_base_pa);

	map[third_range + bit / 8] |= 3 << bit % 8;
}

static void set_interrupt_mask(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;

	control->int_state &= ~SVM_GUEST_INTERRUPT_MASK;
	if (guest->save->rflags & X86_EFLAGS_IF)
		control->int_state |= SVM_GUEST_INTERRUPT_MASK;
}

static void run_until_exit(struct vcpu_svm *svm, unsigned long flags,
			   const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	u32 exceptions = control->intercepts[INTERCEPT_EXCEPTION];

	control->intercepts[INTERCEPT_EXCEPTION] |= BIT(X86_TRAP_UD);
	intercept_ghcb_msr(control);
	do {
		sim_vmsa_load(svm->vmcb, guest->regs, guest->save);
		enter_sev_guest(svm, flags, guest);
		/* the emulation refuses before it has loaded all: that state is the host's */
		if ((u32)control->exit_code != (u32)SVM_EXIT_ERR)
			sim_vmsa_store(guest->save, svm->vmcb, guest->regs);
	} while (!sim_exit(guest));
	control->intercepts[INTERCEPT_EXCEPTION] = exceptions;
	set_interrupt_mask(guest);
}

static bool is_assigned(u64 addr)
{
	const struct rmp *table = sim_snp_table();
	struct rmp_page page;

	return table && rmp_lookup(table, addr, &page) && page.assigned;
}

/*
 * Is it a save area that may be run? That of an SNP guest belongs to the guest, and to one
 * processor at a time. The reverse map table says which kind it is, since what is
 * in the page is the guest's choice, and the page must agree. @snp: receives the kind.
 */
static bool claim_vmsa(const struct vmcb_control_area *control, bool *snp)
{
	const struct sev_es_save_area *vmsa = __va(control->vmsa_pa);
	u64 addr = control->vmsa_pa;

	*snp = false;
	if (addr % PAGE_SIZE || !pfn_valid(addr / PAGE_SIZE))
		return false;
	*snp = is_assigned(addr);
	if (*snp && !sim_snp_lock(addr, control->asid))
		return false;
	/* from here on only the processor changes it */
	if (vmsa->efer & EFER_SVME && vmsa->sev_features == (*snp ? FEATURE_SNP : 0))
		return true;
	if (*snp)
		sim_snp_unlock(addr);
	return false;
}

/* The processor would put the checksum of the state there, for the firmware. */
static void note_run(const struct sev_es_save_area *vmsa)
{
	u64 addr = *(const u64 *)((const u8 *)vmsa + SWPSP_VMSA_SUM_AT), *at;

	if (addr % sizeof(*at) || !pfn_valid(addr / PAGE_SIZE))
		return;
	at = __va(addr);
	if (*at == SWPSP_VMSA_SUM_KEPT)
		*at = SWPSP_VMSA_SUM_RUN;
}

/* An event that KVM wanted to inject is still to be delivered. */
static void refuse(struct vmcb_control_area *control)
{
	sim_set_invalid(control);
	control->exit_int_info = control->event_inj;
	control->exit_int_info_err = control->event_inj_err;
	control->event_inj = 0;
}

static DEFINE_PER_CPU(u8[sizeof(struct vmcb_save_area)], kvm_save);

static void run_es_guest(struct vcpu_svm *svm, unsigned long flags, void *host_area)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct sim_guest guest = {
		.control = control, .save = __va(control->vmsa_pa),
		.regs = svm->vcpu.arch.regs, .es = true,
	};
	unsigned long kvm_regs[sizeof_field(struct kvm_vcpu_arch, regs) / sizeof(long)], cr0;
	u8 *save = *this_cpu_ptr(&kvm_save);
	u64 xcr0;

	if (!claim_vmsa(control, &guest.snp)) {
		refuse(control);
		return;
	}
	memcpy(kvm_regs, guest.regs, sizeof(kvm_regs));
	memcpy(save, &svm->vmcb->save, sizeof(svm->vmcb->save));
	cr0 = writes_begin();
	sim_fpu_load(guest.save);
	xcr0 = sim_xcr0_load(guest.save);
	run_until_exit(svm, flags, &guest);
	sim_xcr0_store(guest.save, xcr0);
	sim_fpu_store(guest.save);
	if (!guest.snp)
		note_run(guest.save);
	writes_end(cr0);
	memcpy(&svm->vmcb->save, save, sizeof(svm->vmcb->save));
	memcpy(guest.regs, kvm_regs, sizeof(kvm_regs));
	if (guest.snp)
		sim_snp_unlock(control->vmsa_pa);
}

/* ---- all others ---- */

static void run_guest(struct vcpu_svm *svm, unsigned long flags)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct sim_guest guest = {
		.control = control, .save = (void *)&svm->vmcb->save,
		.regs = svm->vcpu.arch.regs,
	};

	if (!(sim_nested_ctl(control) & SIM_NESTED_SEV)) {
		enter_guest(svm, flags);
		return;
	}
	do {
		control->next_rip = 0;
		svm->vmcb->save.tr.attrib &= ~TSS_BUSY;
		enter_sev_guest(svm, flags, &guest);
	} while (!sim_exit_plain(&guest));
}

/* ---- the way here ---- */

/**
 * struct hook - a function that begins with a jump to this file
 * @at: the function
 * @before: first bytes of the function
 */
struct hook {
	u8 *at;
	u8 before[JUMP_SIZE];
};

static struct hook es_hook, plain_hook;

/* By another mapping: the text of a module is read-only. The bytes may cross a page. */
static int write_text(u8 *at, const u8 *bytes)
{
	struct page *pages[2] = { vmalloc_to_page(at), vmalloc_to_page(at + JUMP_SIZE) };
	void *map = vmap(pages, 2, VM_MAP, PAGE_KERNEL);

	if (!map)
		return -ENOMEM;
	memcpy(map + offset_in_page(at), bytes, JUMP_SIZE);
	vunmap(map);
	return 0;
}

static int hook_set(struct hook *hook, u8 *at, void *target)
{
	s32 distance = (s32)((long)target - (long)(at + JUMP_SIZE));
	u8 jump[JUMP_SIZE] = { 0xe9 };
	int ret;

	memcpy(jump + 1, &distance, sizeof(distance));
	memcpy(hook->before, at, JUMP_SIZE);
	ret = write_text(at, jump);
	hook->at = ret ? NULL : at;
	return ret;
}

static void hook_clear(struct hook *hook)
{
	if (hook->at)
		write_text(hook->at, hook->before);
	hook->at = NULL;
}

/*
 * How __svm_vcpu_run() may begin, and what does the same. The marker of a jump's target is
 * overwritten when a module is loaded, so it is not compared.
 */
static const struct {
	u8 skip;
	u8 size;
	u8 code[6];
	void (*run)(void *svm, unsigned long flags);
} beginnings[] = {
	{ 4, 5, { 0x55 }, sim_plain_saves_bp },
	{ 0, 5, { 0x55, 0x41, 0x57, 0x41, 0x56 }, sim_plain_saves_3 },
	{ 0, 6, { 0x55, 0x48, 0x89, 0xe5, 0x41, 0x57 }, sim_plain_makes_frame },
};

static int plain_hook_set(u8 *at)
{
	unsigned int i;

	/* those that are compared from their first byte come first */
	for (i = ARRAY_SIZE(beginnings); i--;) {
		u8 skip = beginnings[i].skip;

		if (memcmp(at + skip, beginnings[i].code, beginnings[i].size - skip))
			continue;
		plain_run = beginnings[i].run;
		sim_plain_rest = at + beginnings[i].size;
		return hook_set(&plain_hook, at, run_guest);
	}
	return -ENOEXEC;
}

int sim_run_start(void)
{
	u8 *es = (u8 *)sim_symbol("__svm_sev_es_vcpu_run");
	u8 *plain = (u8 *)sim_symbol("__svm_vcpu_run");
	int ret;

	if (!es || !plain)
		return -ENOENT;
	ret = sim_npt_start();
	if (ret)
		return ret;
	ret = plain_hook_set(plain);
	if (!ret)
		ret = hook_set(&es_hook, es, run_es_guest);
	if (ret)
		sim_run_stop();
	return ret;
}

void sim_run_forget(void)
{
	plain_hook.at = NULL;
	es_hook.at = NULL;
	sim_npt_stop();
}

static void nothing(void *unused)
{
}

/* A CPU that is here takes no interrupt before it has left. */
void sim_run_stop(void)
{
	hook_clear(&es_hook);
	hook_clear(&plain_hook);
	on_each_cpu(nothing, NULL, 1);
	sim_npt_stop();
}
