/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The small guest's beginning in long mode, up to guest_main(): of its first 2 MiB a few pages
 * become shared. Then the handler of #VC, and what the second vCPU executes.
 */
#include "guest.h"

	.text
	.code64
	.globl start64
start64:
	movl	c_bit, %ecx
	movl	$1, %ebp
	shlq	%cl, %rbp
	movl	$page_table, %edi
	leaq	3(%rbp), %rax
1:	movq	%rax, (%rdi)
	addq	$0x1000, %rax
	addq	$8, %rdi
	cmpq	$(page_table + 0x1000), %rdi
	jb	1b
	movl	$(page_table + (SHARED_FIRST >> 9)), %edi
	movl	$SHARED_PAGES, %ecx
2:	xorq	%rbp, (%rdi)
	addq	$8, %rdi
	loop	2b
	leaq	page_table + 3(%rbp), %rax
	movq	%rax, pd
	movq	%cr3, %rax
	movq	%rax, %cr3
	call	guest_main
0:	hlt
	jmp	0b

	.section .secret, "aw", @nobits
	.globl	secret
secret:	.skip	0x1000

	.text
	/* The error code, which is the exit code, lies below rip. */
	.globl	vc_entry
vc_entry:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movq	%rsp, %rdi
	cld
	call	vc_handle
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$8, %rsp
	iretq

	/* The second vCPU: no stack, no GHCB. HLT is an exit that the hypervisor sees anyway. */
	.globl	cpu_entry
cpu_entry:
	incq	MAILBOX_PAGE + MAILBOX_CPU_TURNS
	hlt
	jmp	cpu_entry

	/* Any other exception: the guest cannot go on. */
	.globl	other_entry
other_entry:
	movl	$TERMINATE_EXCEPTION, %edi
	call	terminate

	.bss
	.balign	0x1000
page_table:
	.skip	0x1000

	.section .note.GNU-stack,"",@progbits
