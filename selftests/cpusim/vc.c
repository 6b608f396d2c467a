// SPDX-License-Identifier: GPL-2.0
/*
 * Exits of a SEV guest: which of them KVM sees, which the guest has to explain to it first,
 * and which the processor settles by itself.
 *
 *  - Interrupts, HLT, PAUSE, shutdown and nested page faults of memory go to KVM ("automatic"
 *    exits).
 *  - Everything else raises #VC in the guest, with the exit code as its error code. The guest
 *    describes in the GHCB what it wants, and executes VMGEXIT, which is the one exit of that
 *    kind that KVM sees. The emulation of event injection knows no error code for #VC, so the
 *    frame is pushed here.
 *  - The processor executes PVALIDATE, RMPADJUST, and accesses to the MSRs for the GHCB's
 *    address and for SEV's status. The first two raise #UD in the emulation.
 */
#include <linux/bits.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "run.h"
#include "sim.h"

#define VC_VECTOR		29
#define STATUS_SEV		BIT(0)
#define STATUS_ES		BIT(1)
#define STATUS_FEATURES_SHIFT	2	/* SEV_FEATURES of the save area follow */

#define GATE_PRESENT		0x80
#define GATE_INTERRUPT		14
#define TSS_RSP0		4
#define TSS_IST(n)		(0x1c + 8 * (n))

/* Attributes of segments as the VMCB has them: code of 64 bits, and data. */
#define ATTRIB_CODE64		0xa9b
#define ATTRIB_DATA		0xc93

static const u8 insn_pvalidate[] = { 0xf2, 0x0f, 0x01, 0xff };
static const u8 insn_rmpadjust[] = { 0xf3, 0x0f, 0x01, 0xfe };
static const u8 insn_vmgexit[] = { 0xf3, 0x0f, 0x01, 0xd9 };

/* ---- events for the guest ---- */

static void inject(const struct sim_guest *guest, u8 vector)
{
	guest->control->event_inj = vector | SVM_EVTINJ_TYPE_EXEPT | SVM_EVTINJ_VALID;
}

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
} __packed;

static enum sim_result gate_stack(const struct sim_guest *guest, const struct gate *gate,
				  u64 *rsp, struct sim_fault *fault)
{
	const struct sev_es_save_area *save = guest->save;
	u8 ist = gate->ist & 7;

	*rsp = save->rsp;
	if (!ist && !save->cpl)
		return SIM_DONE;
	return sim_guest_read(guest, save->tr.base + (ist ? TSS_IST(ist) : TSS_RSP0), 0, rsp,
			      sizeof(*rsp), fault);
}

#define FRAME_WORDS	6

/* Both ends of the frame are found before any of it is written. */
static enum sim_result push_frame(const struct sim_guest *guest, u64 rsp, u64 error_code,
				  struct sim_fault *fault)
{
	const struct sev_es_save_area *save = guest->save;
	const u64 frame[FRAME_WORDS] = {
		error_code, save->rip, save->cs.selector, save->rflags, save->rsp,
		save->ss.selector,
	};
	u64 *at[FRAME_WORDS], gpa;
	enum sim_result result;
	unsigned int i;

	for (i = 0; i < FRAME_WORDS; i++) {
		result = sim_guest_address(guest, rsp + 8 * i, NPF_WRITE, &gpa, (void **)&at[i],
					   fault);
		if (result)
			return result;
	}
	for (i = 0; i < FRAME_WORDS; i++)
		*at[i] = frame[i];
	return SIM_DONE;
}

static void enter_gate(const struct sim_guest *guest, const struct gate *gate, u64 rsp)
{
	struct sev_es_save_area *save = guest->save;

	save->rsp = rsp;
	save->rip = gate->offset_low | (u64)gate->offset_middle << 16 |
		    (u64)gate->offset_high << 32;
	save->rflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF);
	if ((gate->type & 0xf) == GATE_INTERRUPT)
		save->rflags &= ~X86_EFLAGS_IF;
	save->cs = (struct vmcb_seg){ .selector = gate->selector, .attrib = ATTRIB_CODE64,
				      .limit = ~0u };
	if (save->cpl)
		save->ss = (struct vmcb_seg){ .attrib = ATTRIB_DATA, .limit = ~0u };
	save->cpl = 0;
}

/* In real mode an exception has no error code, and the emulation can do it. */
static enum sim_result raise_vc(const struct sim_guest *guest, u32 code, struct sim_fault *fault)
{
	struct sev_es_save_area *save = guest->save;
	enum sim_result result;
	struct gate gate;
	u64 rsp;

	guest->control->int_state &= ~SVM_INTERRUPT_SHADOW_MASK;
	if (!(save->cr0 & X86_CR0_PE)) {
		inject(guest, VC_VECTOR);
		return SIM_DONE;
	}
	if (!(save->efer & EFER_LMA) || save->idtr.limit < 16 * VC_VECTOR + 15)
		return SIM_BROKEN;
	result = sim_guest_read(guest, save->idtr.base + 16 * VC_VECTOR, 0, &gate, sizeof(gate),
				fault);
	if (result)
		return result;
	if (!(gate.type & GATE_PRESENT))
		return SIM_BROKEN;
	result = gate_stack(guest, &gate, &rsp, fault);
	if (result)
		return result;
	rsp = (rsp & ~15ull) - 8 * FRAME_WORDS;
	result = push_frame(guest, rsp, code, fault);
	if (!result)
		enter_gate(guest, &gate, rsp);
	return result;
}

/* ---- instructions ---- */

static void set_flag(const struct sim_guest *guest, u64 flag, bool on)
{
	guest->save->rflags &= ~flag;
	if (on)
		guest->save->rflags |= flag;
}

/*
 * Both instructions name a page by its virtual address, and answer in EAX. A page that is
 * not the guest's, or not mapped as private, is a nested page fault, as if it had been
 * written to.
 */
static enum sim_result rmp_instruction(const struct sim_guest *guest, bool validate,
				       struct sim_fault *fault)
{
	struct sev_es_save_area *save = guest->save;
	struct rmp_access access = { .asid = guest->control->asid, .vmpl = save->vmpl };
	bool unchanged = false;
	enum sim_result result;
	u64 gpa, addr;
	int ret;

	result = sim_guest_address(guest, save->rax, 0, &gpa, NULL, fault);
	if (result)
		return result;
	result = sim_npt_address(guest, gpa, &addr, fault);
	if (result)
		return result;
	if (!(gpa & SIM_CBIT)) {
		fault->info |= NPF_PRESENT | NPF_RMP;
		return SIM_NPF;
	}
	access.gpa = gpa & ~SIM_CBIT & PAGE_MASK;
	if (validate)
		ret = sim_snp_validate(addr, &access, save->rcx & 1, save->rdx & 1, &unchanged);
	else
		ret = sim_snp_adjust(addr, &access, save->rcx & 1, save->rdx);
	if (ret < 0) {
		fault->info |= NPF_PRESENT | NPF_RMP | NPF_WRITE;
		if (ret == RMP_FAULT_SIZE)
			fault->info |= NPF_SIZE;
		return SIM_NPF;
	}
	if (!ret && (!validate || !(save->rdx & 1)))
		sim_npt_forget(access.gpa);
	save->rax = ret;
	set_flag(guest, X86_EFLAGS_CF, unchanged);
	set_flag(guest, X86_EFLAGS_ZF | X86_EFLAGS_OF | X86_EFLAGS_SF, false);
	save->rip += sizeof(insn_pvalidate);
	return SIM_DONE;
}

static enum sim_result read_insn(const struct sim_guest *guest, u8 insn[4],
				 struct sim_fault *fault)
{
	const struct sev_es_save_area *save = guest->save;
	u64 base = save->efer & EFER_LMA && save->cs.attrib & BIT(9) ? 0 : save->cs.base;

	return sim_guest_read(guest, base + save->rip, NPF_FETCH, insn, 4, fault);
}

static enum sim_result undefined_opcode(const struct sim_guest *guest, struct sim_fault *fault)
{
	u8 insn[4] = { 0 };
	enum sim_result result = read_insn(guest, insn, fault);
	bool validate = !memcmp(insn, insn_pvalidate, sizeof(insn));

	if (result == SIM_NPF)
		return result;
	if (!guest->snp || (!validate && memcmp(insn, insn_rmpadjust, sizeof(insn)))) {
		inject(guest, X86_TRAP_UD);
		return SIM_DONE;
	}
	if (guest->save->cpl) {
		guest->control->event_inj_err = 0;
		inject(guest, X86_TRAP_GP);
		guest->control->event_inj |= SVM_EVTINJ_VALID_ERR;
		return SIM_DONE;
	}
	return rmp_instruction(guest, validate, fault);
}

/* MSRs that the processor answers by itself. Return: whether this is one. */
static bool msr(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	struct sev_es_save_area *save = guest->save;
	bool write = control->exit_info_1;
	u64 value;

	switch ((u32)save->rcx) {
	case MSR_AMD64_SEV_ES_GHCB:
		if (write)
			control->ghcb_gpa = (u32)save->rax | save->rdx << 32;
		value = control->ghcb_gpa;
		break;
	case MSR_AMD64_SEV:
		if (write)
			return false;
		value = STATUS_SEV | STATUS_ES | save->sev_features << STATUS_FEATURES_SHIFT;
		break;
	default:
		return false;
	}
	if (!write) {
		save->rax = (u32)value;
		save->rdx = value >> 32;
	}
	save->rip += 2;
	return true;
}

/* ---- exits ---- */

static enum sim_result nested_fault(const struct sim_guest *guest, struct sim_fault *fault)
{
	struct vmcb_control_area *control = guest->control;
	enum sim_result result = sim_npt_fault(guest, control->exit_info_2,
					       control->exit_info_1, fault);

	/* No memory is there: the guest is asked what it wants of the device. */
	if (result == SIM_NPF && fault->info & NPF_RESERVED && guest->es) {
		fault->code = SVM_EXIT_NPF;
		return SIM_VC;
	}
	return result;
}

/*
 * An event was on its way when the guest exited. An instruction that raises one is
 * executed again: KVM would have to know where the next one is.
 */
static void drop_soft_event(struct vmcb_control_area *control)
{
	const u32 mask = SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_MASK;

	if ((control->exit_int_info & mask) == (SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_SOFT))
		control->exit_int_info = 0;
}

/* The guest goes on, and so does the event. */
static void resume_event(struct vmcb_control_area *control)
{
	if (!(control->exit_int_info & SVM_EVTINJ_VALID))
		return;
	control->event_inj = control->exit_int_info;
	control->event_inj_err = control->exit_int_info_err;
}

static bool tell_kvm(const struct sim_guest *guest, enum sim_result result,
		     const struct sim_fault *fault)
{
	struct vmcb_control_area *control = guest->control;

	if (result == SIM_DONE)
		return false;
	/* KVM could not tell what a guest with encrypted state wants of a device */
	if (result == SIM_NPF && !(guest->es && fault->info & NPF_RESERVED)) {
		control->exit_code = SVM_EXIT_NPF;
		control->exit_info_1 = fault->info;
		control->exit_info_2 = fault->gpa;
	} else {
		control->exit_code = SVM_EXIT_SHUTDOWN;
	}
	return true;
}

/* Return: SIM_VC with @fault->code if the guest has to explain it. */
static enum sim_result settle(const struct sim_guest *guest, struct sim_fault *fault)
{
	u8 insn[4] = { 0 };
	enum sim_result result;

	fault->code = (u32)guest->control->exit_code;
	switch (guest->control->exit_code) {
	case SVM_EXIT_NPF:
		drop_soft_event(guest->control);
		result = nested_fault(guest, fault);
		if (!result)
			resume_event(guest->control);
		return result;
	case SVM_EXIT_EXCP_BASE + X86_TRAP_UD:
		return undefined_opcode(guest, fault);
	case SVM_EXIT_MSR:
		return msr(guest) ? SIM_DONE : SIM_VC;
	case SVM_EXIT_VMMCALL:
		result = read_insn(guest, insn, fault);
		if (!result && !memcmp(insn, insn_vmgexit, sizeof(insn)))
			fault->code = SIM_EXIT_VMGEXIT;
		return result ?: SIM_VC;
	default:
		return SIM_VC;
	}
}

bool sim_exit(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	struct sim_fault fault = { 0 };
	enum sim_result result;

	switch ((u32)control->exit_code) {
	case SVM_EXIT_HLT:
		guest->save->rip += 1;
		return true;
	case SVM_EXIT_PAUSE:
		guest->save->rip += 2;
		return true;
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
	case SVM_EXIT_VINTR:
	case SVM_EXIT_SHUTDOWN:
	case SVM_EXIT_EXCP_BASE + X86_TRAP_MC:
	case (u32)SVM_EXIT_ERR:
		return true;
	}
	result = settle(guest, &fault);
	if (result == SIM_VC && fault.code == SIM_EXIT_VMGEXIT) {
		guest->save->rip += sizeof(insn_vmgexit);
		control->exit_code = SIM_EXIT_VMGEXIT;
		control->exit_info_1 = 0;
		control->exit_info_2 = 0;
		return true;
	}
	if (result == SIM_VC)
		result = raise_vc(guest, fault.code, &fault);
	/* #VC may not reach its handler for the same reason that it is raised for */
	return tell_kvm(guest, result, &fault);
}

/* ---- a guest whose state is not encrypted ---- */

/*
 * The emulation does not say where the next instruction is, nor which register one that
 * accesses a control register works on. KVM cannot look for itself: the code is encrypted.
 */
static void describe_cr_access(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	struct sim_fault fault;
	unsigned int prefix;
	u8 insn[4] = { 0 };

	if (read_insn(guest, insn, &fault))
		return;
	prefix = insn[0] == 0x0f ? 0 : 1;
	control->next_rip = guest->save->rip + 3 + prefix;
	control->exit_info_1 = insn[prefix + 2] & 7;
	if (prefix && insn[0] & 1)
		control->exit_info_1 |= 8;
	if (control->exit_code < SVM_EXIT_READ_DR0 || control->exit_code > SVM_EXIT_WRITE_DR7)
		control->exit_info_1 |= BIT_ULL(63);
}

static void describe_insn(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	u64 rip = guest->save->rip;

	switch (control->exit_code) {
	case SVM_EXIT_HLT:
		control->next_rip = rip + 1;
		break;
	case SVM_EXIT_MSR:
	case SVM_EXIT_CPUID:
	case SVM_EXIT_WBINVD:
	case SVM_EXIT_INVD:
	case SVM_EXIT_RDPMC:
	case SVM_EXIT_PAUSE:
		control->next_rip = rip + 2;
		break;
	case SVM_EXIT_VMMCALL:
	case SVM_EXIT_XSETBV:
		control->next_rip = rip + 3;
		break;
	case SVM_EXIT_READ_CR0 ... SVM_EXIT_WRITE_DR7:
	case SVM_EXIT_CR0_SEL_WRITE:
		describe_cr_access(guest);
		break;
	}
}

/*
 * For KVM, which emulates an access to a device, and does so already at the first access to a
 * page, before its tables say that there is no memory. A fetch has no instruction yet.
 */
static void give_insn_bytes(const struct sim_guest *guest, u64 info)
{
	struct vmcb_control_area *control = guest->control;
	u64 linear = guest->save->rip, len = sizeof(control->insn_bytes);
	struct sim_fault fault;

	if (!(guest->save->efer & EFER_LMA && guest->save->cs.attrib & BIT(9)))
		linear += guest->save->cs.base;
	control->insn_len = 0;
	if (info & NPF_FETCH)
		return;
	if (sim_guest_read(guest, linear, NPF_FETCH, control->insn_bytes, len, &fault)) {
		/* the instruction may end where the page does */
		len = min_t(u64, len, PAGE_SIZE - offset_in_page(linear));
		if (sim_guest_read(guest, linear, NPF_FETCH, control->insn_bytes, len, &fault))
			return;
	}
	control->insn_len = len;
}

bool sim_exit_plain(const struct sim_guest *guest)
{
	struct vmcb_control_area *control = guest->control;
	struct sim_fault fault = { 0 };
	enum sim_result result;

	if (control->exit_code == SVM_EXIT_NPF) {
		drop_soft_event(control);
		result = nested_fault(guest, &fault);
		if (result == SIM_NPF)
			give_insn_bytes(guest, fault.info);
		if (!result)
			resume_event(control);
		return tell_kvm(guest, result, &fault);
	}
	if (control->exit_code == SVM_EXIT_MSR && !control->exit_info_1 &&
	    (u32)guest->regs[VCPU_REGS_RCX] == MSR_AMD64_SEV) {
		guest->save->rax = STATUS_SEV;
		guest->regs[VCPU_REGS_RDX] = 0;
		guest->save->rip += 2;
		return false;
	}
	describe_insn(guest);
	return true;
}
