/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From real mode, in which the vCPU begins, to start64 in long mode, with 1 GiB of memory
 * address for address, all of it private.
 *
 * While paging is off all memory is private, and nothing here may cause #VC: there is no
 * handler yet. Where the C-bit is, a guest with encrypted state asks by the MSR protocol,
 * and another one by CPUID.
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
	movl	$MSR_SEV_STATUS, %ecx
	rdmsr
	testl	$STATUS_ES, %eax
	jnz	1f
	movl	$0x8000001f, %eax
	cpuid
	andl	$0x3f, %ebx
	movl	%ebx, c_bit
	jmp	2f
	/* "SEV information": the C-bit is in bits 31:24 of the answer */
1:	movl	$MSR_GHCB, %ecx
	movl	$MSR_SEV_INFO_REQ, %eax
	xorl	%edx, %edx
	wrmsr
	.byte	0xf3, 0x0f, 0x01, 0xd9		/* VMGEXIT */
	rdmsr
	shrl	$24, %eax
	movl	%eax, c_bit
2:	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$CODE32, $protected

	.code32
protected:
	movw	$DATA, %ax
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
	movl	$pd, %edi
	movl	$0x83, %eax			/* 2 MiB */
3:	movl	%eax, (%edi)
	movl	%ebp, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	cmpl	$(pd + 0x1000), %edi
	jb	3b
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
	ljmpl	$CODE64, $long_mode

	.code64
long_mode:
	/* CR3 of 32 bits has no room for the C-bit */
	movl	c_bit, %ecx
	movl	$1, %eax
	shlq	%cl, %rax
	orq	$pml4, %rax
	movq	%rax, %cr3
	movl	$stack_end, %esp
	jmp	start64

	.balign 8
	/* in the order that Linux wants */
gdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* CODE32 */
	.quad	0x00af9b000000ffff		/* CODE64 */
	.quad	0x00cf93000000ffff		/* DATA */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
	.globl	c_bit
c_bit:	.long	0

	.bss
	.balign	0x1000
	.globl	pd
pml4:	.skip	0x1000
pdpt:	.skip	0x1000
pd:	.skip	0x1000
	.skip	0x4000
stack_end:

	.section .note.GNU-stack,"",@progbits
