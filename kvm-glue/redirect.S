/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The function that KVM calls in place of kvm_amd's sev_mem_enc_ioctl() while
 * attach_call.c is attached. A call that is not for this module continues in the stock
 * function as if KVM had called that: same arguments, same stack, and no frame of this
 * module on it, so that unloading need not wait for it.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

	.text

/* int glue_called(struct kvm *kvm, void __user *argp) */
SYM_FUNC_START(glue_called)
	pushq	%rdi
	pushq	%rsi
	subq	$8, %rsp		/* the result; also aligns the stack */
	movq	%rsp, %rdx
	call	glue_answers
	popq	%rdx
	popq	%rsi
	popq	%rdi
	testb	%al, %al
	jz	1f
	movl	%edx, %eax
	RET

	/*
	 * Not an indirect jump: the stock function, which KVM only calls directly, need
	 * not be marked as the target of one.
	 */
1:	pushq	glue_stock(%rip)
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(glue_called)

	.section .note.GNU-stack,"",@progbits
