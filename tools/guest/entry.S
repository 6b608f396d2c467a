/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From real mode, in which the vCPU begins, to guest_main() in long mode; and the handler of
 * #VC.
 *
 * While paging is off all memory is private, and nothing here may cause #VC: there is no
 * handler yet. The one question, where the C-bit is, goes by the MSR protocol.
 */
#include "guest.h"

	.section .entry, "ax"
	.code16
	.globl _start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$stack_end, %esp
	/* "SEV information": the C-bit is in bits 31:24 of the answer */
	movl	$MSR_GHCB, %ecx
	movl	$MSR_SEV_INFO_REQ, %eax
	xorl	%edx, %edx
	wrmsr
	.byte	0xf3, 0x0f, 0x01, 0xd9		/* VMGEXIT */
	rdmsr
	shrl	$24, %eax
	movl	%eax, c_bit
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $protected

	.code32
protected:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	/* the C-bit is in the upper half of an entry: it is 32 or more everywhere */
	movl	c_bit, %ecx
	subl	$32, %ecx
	movl	$1, %ebp
	shll	%cl, %ebp
	movl	$(pdpt + 3), pml4
	movl	%ebp, pml4 + 4
	movl	$(pd + 3), pdpt
	movl	%ebp, pdpt + 4
	movl	$(page_table + 3), pd
	movl	%ebp, pd + 4
	/* 2 MiB, address for address, private but for what is shared */
	movl	$page_table, %edi
	movl	$3, %eax
1:	movl	%eax, (%edi)
	movl	%ebp, 4(%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	cmpl	$(page_table + 0x1000), %edi
	jb	1b
	movl	$(page_table + (SHARED_FIRST >> 9)), %edi
	movl	$SHARED_PAGES, %ecx
2:	movl	$0, 4(%edi)
	addl	$8, %edi
	loop	2b
	movl	%cr4, %eax
	orl	$0x20, %eax			/* PAE */
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx		/* EFER */
	rdmsr
	orl	$0x100, %eax			/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80010000, %eax		/* PG, WP */
	movl	%eax, %cr0
	ljmpl	$0x08, $long_mode

	.code64
long_mode:
	/* CR3 of 32 bits has no room for the C-bit */
	movl	c_bit, %ecx
	movl	$1, %eax
	shlq	%cl, %rax
	orq	$pml4, %rax
	movq	%rax, %cr3
	movl	$stack_end, %esp
	call	guest_main
0:	hlt
	jmp	0b

	.balign 8
gdt:	.quad	0
	.quad	0x00af9b000000ffff		/* 0x08: code, 64 bits */
	.quad	0x00cf93000000ffff		/* 0x10: data */
	.quad	0x00cf9b000000ffff		/* 0x18: code, 32 bits */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
	.globl	c_bit
c_bit:	.long	0

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

	/* Any other exception: the guest cannot go on. */
	.globl	other_entry
other_entry:
	movl	$TERMINATE_EXCEPTION, %edi
	call	terminate

	.bss
	.balign	0x1000
pml4:	.skip	0x1000
pdpt:	.skip	0x1000
pd:	.skip	0x1000
page_table:
	.skip	0x1000
	.skip	0x4000
stack_end:

	.section .note.GNU-stack,"",@progbits
