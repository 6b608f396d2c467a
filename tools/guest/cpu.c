// SPDX-License-Identifier: GPL-2.0
/*
 * A second vCPU of an SNP guest: the guest itself makes the state that the vCPU begins with, in a
 * private page. RMPADJUST makes the page a save area, without which no processor would use it,
 * and the hypervisor is told where it is.
 *
 * The vCPU begins in long mode, with the page tables of the first one.
 */
#include "guest.h"

#define LEVEL_1		1	/* RMPADJUST changes rights of a lower level, here: none */
#define SAVE_AREA	(1 << 16)

#define EFER_LME	0x0100
#define EFER_LMA	0x0400
#define EFER_SVME	0x1000
#define FEATURE_SNP	1	/* SEV_STATUS has these features from bit 2 on */
#define PAT_AT_RESET	0x0007040600070406
#define SEGMENT_CODE	0xa9b
#define SEGMENT_DATA	0xc93
#define SEGMENT_LDT	0x082
#define SEGMENT_TSS	0x08b

struct segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

struct save_area {
	struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved0[0x0d0 - 0x0a0];
	uint64_t efer;
	uint8_t reserved1[0x148 - 0x0d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved2[0x268 - 0x180];
	uint64_t pat;
	uint8_t reserved3[0x3b0 - 0x270];
	uint64_t features;
	uint8_t reserved4[0x3e8 - 0x3b8];
	uint64_t xcr0;
	uint8_t reserved5[0x408 - 0x3f0];
	uint32_t mxcsr;
	uint8_t reserved6[0x410 - 0x40c];
	uint16_t fcw;
};

_Static_assert(offsetof(struct save_area, efer) == 0x0d0, "EFER");
_Static_assert(offsetof(struct save_area, rip) == 0x178, "RIP");
_Static_assert(offsetof(struct save_area, features) == 0x3b0, "SEV_FEATURES");
_Static_assert(offsetof(struct save_area, fcw) == 0x410, "x87 control word");

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern char cpu_entry[];

static void set_segments(volatile struct save_area *area)
{
	struct table gdt, idt;

	asm volatile("sgdt %0; sidt %1" : "=m" (gdt), "=m" (idt));
	area->gdtr.limit = gdt.limit;
	area->gdtr.base = gdt.base;
	area->idtr.limit = idt.limit;
	area->idtr.base = idt.base;
	area->cs.selector = CODE64;
	area->cs.attributes = SEGMENT_CODE;
	area->cs.limit = ~0u;
	for (volatile struct segment *data = &area->es; data <= &area->gs; data++) {
		if (data == &area->cs)
			continue;
		data->selector = DATA;
		data->attributes = SEGMENT_DATA;
		data->limit = ~0u;
	}
	area->ldtr.attributes = SEGMENT_LDT;
	area->tr.attributes = SEGMENT_TSS;
}

static void set_registers(volatile struct save_area *area)
{
	uint64_t cr0, cr3, cr4;

	asm volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
		     : "=r" (cr0), "=r" (cr3), "=r" (cr4));
	area->cr0 = cr0;
	area->cr3 = cr3;
	area->cr4 = cr4;
	area->efer = EFER_SVME | EFER_LMA | EFER_LME;
	area->dr7 = 0x400;
	area->dr6 = 0xffff0ff0;
	area->rflags = 2;
	area->rip = (uint64_t)cpu_entry;
	area->pat = PAT_AT_RESET;
	area->features = FEATURE_SNP;
	area->xcr0 = 1;
	area->mxcsr = 0x1f80;
	area->fcw = 0x37f;
}

bool cpu_start(uint32_t id)
{
	volatile uint64_t *page = (volatile uint64_t *)CPU_SAVE_AREA;

	for (int i = 0; i < 512; i++)
		page[i] = 0;
	set_segments((volatile struct save_area *)CPU_SAVE_AREA);
	set_registers((volatile struct save_area *)CPU_SAVE_AREA);
	return !rmpadjust(CPU_SAVE_AREA, SAVE_AREA | LEVEL_1) &&
	       ghcb_start_cpu(id, CPU_SAVE_AREA, FEATURE_SNP);
}
