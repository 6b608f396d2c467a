// SPDX-License-Identifier: GPL-2.0
/*
 * State of a vCPU between its encrypted save area (VMSA) and where the emulated VMRUN
 * looks for it: the save area of the VMCB, the general registers that KVM's entry loads,
 * and the FPU of this CPU.
 *
 * Up to the end of the branch records, the two save areas have the same layout; the gap in
 * the middle belongs to the host's VMCB and is left alone.
 */
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>

#include "run.h"

#define FIRST_END	offsetofend(struct sev_es_save_area, tr)
#define SECOND		offsetof(struct sev_es_save_area, cr4)
#define SECOND_END	0x298
#define R8_TO_R15	offsetof(struct sev_es_save_area, r8)

static_assert(offsetof(struct vmcb_save_area, cr4) == SECOND);
static_assert(offsetof(struct vmcb_save_area, rax) == offsetof(struct sev_es_save_area, rax));
static_assert(offsetof(struct vmcb_save_area, cr2) == offsetof(struct sev_es_save_area, cr2));
static_assert(offsetof(struct sev_es_save_area, rcx) == 0x308);
static_assert(offsetof(struct sev_es_save_area, r8) == 0x340);
static_assert(offsetof(struct sev_es_save_area, fpreg_ymm) == 0x570);

void sim_vmsa_load(struct vmcb *vmcb, unsigned long *regs, const struct sev_es_save_area *vmsa)
{
	memcpy(&vmcb->save, vmsa, FIRST_END);
	memcpy((void *)&vmcb->save + SECOND, (const void *)vmsa + SECOND, SECOND_END - SECOND);
	vmcb->save.cpl = vmsa->cpl;
	/* The guest cannot switch off by what it runs; the emulation would let it. */
	vmcb->save.efer = vmsa->efer | EFER_SVME;
	regs[VCPU_REGS_RCX] = vmsa->rcx;
	regs[VCPU_REGS_RDX] = vmsa->rdx;
	regs[VCPU_REGS_RBX] = vmsa->rbx;
	regs[VCPU_REGS_RBP] = vmsa->rbp;
	regs[VCPU_REGS_RSI] = vmsa->rsi;
	regs[VCPU_REGS_RDI] = vmsa->rdi;
	memcpy(&regs[VCPU_REGS_R8], (const void *)vmsa + R8_TO_R15, 8 * sizeof(*regs));
}

void sim_vmsa_store(struct sev_es_save_area *vmsa, const struct vmcb *vmcb,
		    const unsigned long *regs)
{
	memcpy(vmsa, &vmcb->save, FIRST_END);
	memcpy((void *)vmsa + SECOND, (const void *)&vmcb->save + SECOND, SECOND_END - SECOND);
	vmsa->cpl = vmcb->save.cpl;
	vmsa->efer = vmcb->save.efer | EFER_SVME;
	vmsa->rcx = regs[VCPU_REGS_RCX];
	vmsa->rdx = regs[VCPU_REGS_RDX];
	vmsa->rbx = regs[VCPU_REGS_RBX];
	vmsa->rbp = regs[VCPU_REGS_RBP];
	vmsa->rsi = regs[VCPU_REGS_RSI];
	vmsa->rdi = regs[VCPU_REGS_RDI];
	memcpy((void *)vmsa + R8_TO_R15, &regs[VCPU_REGS_R8], 8 * sizeof(*regs));
}

/* ---- XCR0 ---- */

/*
 * KVM leaves XCR0 of a guest with encrypted state to the processor, and the emulated VMRUN
 * knows nothing of it: the host would go on with what the guest has set.
 */
static bool has_xcr0(void)
{
	return boot_cpu_has(X86_FEATURE_XSAVE);
}

/* With a value that the processor does not take, XSETBV would fault here, in the host. */
static u64 valid_xcr0(u64 wanted, u64 host)
{
	u64 value = (wanted & host) | XFEATURE_MASK_FP;

	return value & XFEATURE_MASK_SSE ? value : value & ~(u64)XFEATURE_MASK_YMM;
}

u64 sim_xcr0_load(const struct sev_es_save_area *vmsa)
{
	u64 host;

	if (!has_xcr0())
		return 0;
	host = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, valid_xcr0(vmsa->xcr0, host));
	return host;
}

void sim_xcr0_store(struct sev_es_save_area *vmsa, u64 host)
{
	if (!has_xcr0())
		return;
	vmsa->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, host);
}

/* ---- FPU ---- */

/* The image that FXSAVE leaves, then a header, then the upper halves of the YMM registers. */
struct fpu_image {
	struct fxregs_state fx;
	struct xstate_header header;
	u8 ymm[256];
} __aligned(64);

static DEFINE_PER_CPU(struct fpu_image, fpu_image);

/* By the host's XCR0, which is in force here: the guest's may have less. */
static bool has_avx(void)
{
	return boot_cpu_has(X86_FEATURE_AVX) &&
	       xgetbv(XCR_XFEATURE_ENABLED_MASK) & XFEATURE_MASK_YMM;
}

static void image_to_cpu(struct fpu_image *image)
{
	asm volatile("fxrstor64 %0" : : "m" (image->fx));
	image->header.xfeatures = XFEATURE_MASK_YMM;
	if (has_avx())
		asm volatile("xrstor64 %0" : : "m" (*image), "a" ((u32)XFEATURE_MASK_YMM), "d" (0));
}

void sim_fpu_load(const struct sev_es_save_area *vmsa)
{
	struct fpu_image *image = this_cpu_ptr(&fpu_image);
	u8 *st = (u8 *)image->fx.st_space;
	unsigned int i;

	memset(image, 0, sizeof(*image));
	image->fx.cwd = vmsa->x87_fcw;
	image->fx.swd = vmsa->x87_fsw;
	image->fx.twd = vmsa->x87_ftw;
	image->fx.fop = vmsa->x87_fop;
	image->fx.rip = vmsa->x87_rip;
	image->fx.rdp = vmsa->x87_dp;
	/* bits that a processor has not would fault here, in the host */
	image->fx.mxcsr = vmsa->mxcsr & 0xffff;
	/* first the significands of all, then the exponents */
	for (i = 0; i < 8; i++, st += 16) {
		memcpy(st, vmsa->fpreg_x87 + 8 * i, 8);
		memcpy(st + 8, vmsa->fpreg_x87 + 64 + 2 * i, 2);
	}
	memcpy(image->fx.xmm_space, vmsa->fpreg_xmm, sizeof(vmsa->fpreg_xmm));
	memcpy(image->ymm, vmsa->fpreg_ymm, sizeof(image->ymm));
	image_to_cpu(image);
}

/* As on hardware, the host finds its FPU in the state after reset; KVM knows that. */
static void reset_fpu(struct fpu_image *image)
{
	memset(image, 0, sizeof(*image));
	image->fx.cwd = 0x37f;
	image->fx.mxcsr = MXCSR_DEFAULT;
	image_to_cpu(image);
}

void sim_fpu_store(struct sev_es_save_area *vmsa)
{
	struct fpu_image *image = this_cpu_ptr(&fpu_image);
	const u8 *st = (const u8 *)image->fx.st_space;
	unsigned int i;

	memset(image, 0, sizeof(*image));
	asm volatile("fxsave64 %0" : "=m" (image->fx));
	if (has_avx())
		asm volatile("xsave64 %0" : "+m" (*image)
			     : "a" ((u32)XFEATURE_MASK_YMM), "d" (0));
	vmsa->x87_fcw = image->fx.cwd;
	vmsa->x87_fsw = image->fx.swd;
	vmsa->x87_ftw = image->fx.twd;
	vmsa->x87_fop = image->fx.fop;
	vmsa->x87_rip = image->fx.rip;
	vmsa->x87_dp = image->fx.rdp;
	vmsa->mxcsr = image->fx.mxcsr;
	for (i = 0; i < 8; i++, st += 16) {
		memcpy(vmsa->fpreg_x87 + 8 * i, st, 8);
		memcpy(vmsa->fpreg_x87 + 64 + 2 * i, st + 8, 2);
	}
	memcpy(vmsa->fpreg_xmm, image->fx.xmm_space, sizeof(vmsa->fpreg_xmm));
	memcpy(vmsa->fpreg_ymm, image->ymm, sizeof(vmsa->fpreg_ymm));
	reset_fpu(image);
}
