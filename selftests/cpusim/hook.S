/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first instructions of kvm_amd's __svm_vcpu_run(), which are overwritten by a jump to
 * run.c, and the way to the rest of it. run.c knows which of these fits.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

	.text

/* Not an indirect jump: the middle of a function is not marked as the target of one. */
.macro TO_THE_REST
	pushq	sim_plain_rest(%rip)
	UNWIND_HINT_FUNC
	RET
.endm

SYM_FUNC_START(sim_plain_saves_bp)
	pushq	%rbp
	TO_THE_REST
SYM_FUNC_END(sim_plain_saves_bp)

SYM_FUNC_START(sim_plain_saves_3)
	pushq	%rbp
	pushq	%r15
	pushq	%r14
	TO_THE_REST
SYM_FUNC_END(sim_plain_saves_3)

SYM_FUNC_START(sim_plain_makes_frame)
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%r15
	TO_THE_REST
SYM_FUNC_END(sim_plain_makes_frame)

	.section .note.GNU-stack,"",@progbits
