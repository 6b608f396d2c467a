/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMRUN of a SEV guest, as the simulated processor executes it: what its files have for
 * each other. All of it runs between KVM's CLGI and STGI: nothing here may sleep, print,
 * allocate, or be traced.
 */
#ifndef SEV_CPU_SIM_RUN_H
#define SEV_CPU_SIM_RUN_H

#include <linux/kvm_host.h>
#include <linux/types.h>
#include <asm/svm.h>

#include "bar.h"

/*
 * Position of the C-bit. The emulated processor has 40 bits of physical address, and faults
 * on a page table entry with a higher bit in it; this one is the highest that it accepts.
 */
#define SIM_CBIT_POSITION	SWPSP_BAR_CBIT_POSITION
#define SIM_CBIT		BIT_ULL(SIM_CBIT_POSITION)

/* Bits of a nested page fault's error code, EXITINFO1. */
#define NPF_PRESENT		BIT_ULL(0)
#define NPF_WRITE		BIT_ULL(1)
#define NPF_USER		BIT_ULL(2)
#define NPF_RESERVED		BIT_ULL(3)
#define NPF_FETCH		BIT_ULL(4)
#define NPF_RMP			BIT_ULL(31)
#define NPF_FINAL		BIT_ULL(32)	/* the access itself */
#define NPF_WALK		BIT_ULL(33)	/* a guest's page table */
#define NPF_ENC			BIT_ULL(34)
#define NPF_SIZE		BIT_ULL(35)	/* 4 KiB asked, 2 MiB in the reverse map table */
#define NPF_VMPL		BIT_ULL(36)

/* Error codes of #VC that are no exit code of any other guest. */
#define SIM_EXIT_VMGEXIT	0x403
#define SIM_EXIT_NOT_VALIDATED	0x404

/**
 * struct sim_guest - the guest that this CPU is about to run
 * @control: control area of its VMCB
 * @save: state of the guest: the encrypted save area, or that of the VMCB
 * @regs: general registers, as KVM's entry loads and saves them
 * @es: the state is encrypted
 * @snp: so is its memory, by the reverse map table
 */
struct sim_guest {
	struct vmcb_control_area *control;
	struct sev_es_save_area *save;
	unsigned long *regs;
	bool es;
	bool snp;
};

/**
 * enum sim_result - how an access by a guest ends
 * @SIM_DONE: well
 * @SIM_NPF: in a nested page fault, which is KVM's to handle
 * @SIM_VC: in #VC
 * @SIM_BROKEN: the guest's own tables do not permit it
 */
enum sim_result {
	SIM_DONE,
	SIM_NPF,
	SIM_VC,
	SIM_BROKEN,
};

/**
 * struct sim_fault - why an access did not succeed
 * @info: of SIM_NPF, the error code
 * @gpa: of SIM_NPF, the guest physical address, without C-bit
 * @code: of SIM_VC, its error code
 */
struct sim_fault {
	u64 info;
	u64 gpa;
	u32 code;
};

/* ---- npt.c ---- */

/** sim_npt_start() - get memory for what the CPUs remember of translations */
int sim_npt_start(void);

/** sim_npt_stop() - give most of it back; no CPU runs a guest any more */
void sim_npt_stop(void);

/** sim_npt_end() - give the rest back; no CPU executes RMPUPDATE any more */
void sim_npt_end(void);

/**
 * sim_npt_enter() - the nested page tables that the emulated processor is to use
 * @guest: guest
 *
 * Return: their address, for this VMRUN.
 */
u64 sim_npt_enter(const struct sim_guest *guest);

/**
 * sim_npt_fault() - the emulated processor did not find a translation
 * @guest: guest
 * @gpa: guest physical address, with its C-bit
 * @info: error code
 * @fault: receives why there is none
 */
enum sim_result sim_npt_fault(const struct sim_guest *guest, u64 gpa, u64 info,
			      struct sim_fault *fault);

/**
 * sim_npt_address() - which page KVM has given a guest physical address, without any check
 * @guest: guest
 * @gpa: guest physical address
 * @addr: receives the system physical one
 * @fault: receives why there is none
 */
enum sim_result sim_npt_address(const struct sim_guest *guest, u64 gpa, u64 *addr,
				struct sim_fault *fault);

/** sim_npt_forget() - the guest's instructions have changed the rights to the page at @gpa */
void sim_npt_forget(u64 gpa);

/**
 * sim_npt_changed() - RMPUPDATE, PSMASH or a lock has changed the entry of a page
 * @addr: physical address of the page
 *
 * Return: whether a CPU may still have a translation to it, until it next exits.
 */
bool sim_npt_changed(u64 addr);

/**
 * sim_guest_address() - where a virtual address of the guest's is
 * @guest: guest
 * @gva: linear address
 * @info: NPF_WRITE, NPF_FETCH or 0
 * @gpa: receives the guest physical address, with its C-bit
 * @at: receives where it is for the host; NULL: only @gpa is wanted
 * @fault: receives why there is none
 */
enum sim_result sim_guest_address(const struct sim_guest *guest, u64 gva, u64 info, u64 *gpa,
				  void **at, struct sim_fault *fault);

/** sim_guest_read() - @len bytes from the guest's address @gva; @info as above */
enum sim_result sim_guest_read(const struct sim_guest *guest, u64 gva, u64 info, void *to,
			       size_t len, struct sim_fault *fault);

/* ---- vmsa.c ---- */

/** sim_vmsa_load() - state of the guest into the VMCB and the registers of the CPU */
void sim_vmsa_load(struct vmcb *vmcb, unsigned long *regs, const struct sev_es_save_area *vmsa);

/** sim_vmsa_store() - and back */
void sim_vmsa_store(struct sev_es_save_area *vmsa, const struct vmcb *vmcb,
		    const unsigned long *regs);

/**
 * sim_xcr0_load() - XCR0 of the guest, as far as the host has it too
 * @vmsa: save area of the guest
 *
 * Return: the host's, for sim_xcr0_store().
 */
u64 sim_xcr0_load(const struct sev_es_save_area *vmsa);

/** sim_xcr0_store() - and back to @host */
void sim_xcr0_store(struct sev_es_save_area *vmsa, u64 host);

/** sim_fpu_load() - FPU of the guest */
void sim_fpu_load(const struct sev_es_save_area *vmsa);

/** sim_fpu_store() - FPU of the guest, and none of it stays in the CPU */
void sim_fpu_store(struct sev_es_save_area *vmsa);

/* ---- vc.c ---- */

/**
 * sim_exit() - decide about an exit of a guest with encrypted state
 * @guest: guest
 *
 * Return: whether KVM has to see it; otherwise the guest goes on.
 */
bool sim_exit(const struct sim_guest *guest);

/** sim_exit_plain() - the same for a guest whose state is not encrypted */
bool sim_exit_plain(const struct sim_guest *guest);

/* ---- hook.S ---- */

/*
 * The beginning of __svm_vcpu_run(), by kernel, and then the rest of it, which is at
 * sim_plain_rest.
 */
void sim_plain_saves_bp(void *svm, unsigned long flags);
void sim_plain_saves_3(void *svm, unsigned long flags);
void sim_plain_makes_frame(void *svm, unsigned long flags);
extern void *sim_plain_rest;

/* ---- run.c ---- */

/**
 * sim_run_start() - let the simulated processor run the SEV guests of kvm_amd
 *
 * Return: 0, or a negative errno: it is not there, or not one that this module knows.
 */
int sim_run_start(void);

/** sim_run_forget() - kvm_amd is going */
void sim_run_forget(void);

/** sim_run_stop() - undo it; waits for CPUs that run a guest */
void sim_run_stop(void);

#endif /* SEV_CPU_SIM_RUN_H */
