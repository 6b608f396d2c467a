/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox: the registers by which a driver reaches the firmware.
 *
 * Front-end of the swpsp library. The mailbox owns the shared memory that the machine
 * sees as BAR 2 of the PSP, and one thread that stands for the firmware's
 * processor: it alone calls swpsp_command() and swpsp_wbinvd().
 */
#ifndef SWPSP_MAILBOX_H
#define SWPSP_MAILBOX_H

#include <stdint.h>

#include "profile.h"
#include "swpsp.h"

/**
 * struct psp_generation - where a generation of the PSP has its registers
 * @pci_id: PCI device id
 * @name: for humans
 * @cmdresp: offset of the command and response register, the doorbell
 * @addr_lo: of the command buffer's address, low half
 * @addr_hi: high half
 * @feature: of the feature register
 * @inten: of the interrupt enable register
 * @intsts: of the interrupt status register
 */
struct psp_generation {
	uint16_t pci_id;
	const char *name;
	uint32_t cmdresp;
	uint32_t addr_lo;
	uint32_t addr_hi;
	uint32_t feature;
	uint32_t inten;
	uint32_t intsts;
};

/** psp_generation_find() - the generation with this PCI id, or NULL */
const struct psp_generation *psp_generation_find(unsigned int pci_id);

/** psp_generation_get() - the index-th one that is known; NULL past the last */
const struct psp_generation *psp_generation_get(unsigned int index);

/**
 * struct mailbox_config - the platform and the machine of a mailbox
 * @generation: register map
 * @max_asid: shown to the CPU simulation as CPUID 0x8000001f ECX
 * @min_sev_asid: likewise, EDX
 * @cpus: number of WBINVD counters to look at
 * @snp: shown to the CPU simulation: the firmware has SNP, and works on the reverse
 *	map table in the BAR
 * @cpu: host's processor for the thread that executes commands; -1: any
 * @profile: behaviour of a real platform, copied; or NULL
 */
struct mailbox_config {
	const struct psp_generation *generation;
	uint32_t max_asid;
	uint32_t min_sev_asid;
	uint32_t cpus;
	bool snp;
	int cpu;
	const struct profile *profile;
};

struct mailbox;

/**
 * mailbox_new() - make the BAR, with its registers as after power-on
 * @config: copied
 *
 * Return: NULL with errno set if there is no memory.
 */
struct mailbox *mailbox_new(const struct mailbox_config *config);

/** mailbox_memory_fd() - the BAR as a file that others can map */
int mailbox_memory_fd(const struct mailbox *box);

/** mailbox_irq_fd() - an eventfd that is written to interrupt the host */
int mailbox_irq_fd(const struct mailbox *box);

/** mailbox_rmp() - the reverse map table in the BAR, SWPSP_RMP_SIZE bytes */
void *mailbox_rmp(const struct mailbox *box);

/**
 * mailbox_start() - start to execute commands
 * @box: mailbox
 * @psp: firmware
 *
 * Return: 0, or an error number; EINVAL if the processor is none of ours.
 */
int mailbox_start(struct mailbox *box, struct swpsp *psp);

/** mailbox_stop() - let the current command end; no other is executed after it */
void mailbox_stop(struct mailbox *box);

/** mailbox_free() - let the current command end, stop, free; NULL is fine */
void mailbox_free(struct mailbox *box);

#endif /* SWPSP_MAILBOX_H */
