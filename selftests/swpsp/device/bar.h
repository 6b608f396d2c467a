/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spare part of the simulated PSP's BAR 2: what swpsp shows, and what it is
 * told, beside the mailbox. Plain shared memory, 32-bit little-endian words.
 *
 * Read by the CPU simulation module (kernel), by swpsp, and by tests that map
 * the PCI resource; hence no types and no functions in here, only offsets.
 */
#ifndef SWPSP_BAR_H
#define SWPSP_BAR_H

#define SWPSP_BAR_SIZE		0x1000000

/* Written by swpsp before QEMU sees the device. */
#define SWPSP_BAR_MAGIC		0x80000		/* SWPSP_MAGIC */
#define SWPSP_BAR_PCI_ID	0x80004		/* PCI device id to pose as */
#define SWPSP_BAR_MAX_ASID	0x80008		/* CPUID 0x8000001f ECX */
#define SWPSP_BAR_MIN_SEV_ASID	0x8000c		/* CPUID 0x8000001f EDX */
#define SWPSP_BAR_CBIT		0x80010		/* C-bit position, reduced bits << 6 (EBX) */
#define SWPSP_BAR_CBIT_POSITION	39		/* the C-bit there is always this one */
#define SWPSP_BAR_SNP		0x80014		/* 1: the platform has SNP, see SWPSP_BAR_RMP */
#define SWPSP_MAGIC		0x53505753	/* "SWPS" */

/* Written by swpsp: counters for tests. */
#define SWPSP_BAR_COMMANDS	0x80020		/* commands completed */
#define SWPSP_BAR_LAST_ID	0x80024		/* id of the last one */
#define SWPSP_BAR_LAST_STATUS	0x80028		/* status of that command */
#define SWPSP_BAR_GUESTS	0x8002c		/* guest contexts in use */
#define SWPSP_BAR_ASIDS_BOUND	0x80030		/* ASIDs allocated or in use */
#define SWPSP_BAR_ASIDS_DIRTY	0x80034		/* ASIDs that need a flush */
#define SWPSP_BAR_COUNT(id)	(0x81000 + 4 * (id))	/* per command id, 0..255 */

/*
 * Written by a test, looked at with each command: how many microseconds after a command
 * has been taken its answer comes, if it could be executed by then. 0: at once.
 */
#define SWPSP_BAR_SERVICE_US	0x80040

/*
 * Written by swpsp, for benches, before the answer is there. 64-bit numbers, low word
 * first: nanoseconds from taking a command to its answer, and those of executing it, both
 * added up. Then stamps of the last command, by the time stamp counter of the host, of
 * which the machine's is a multiple of one with an offset: when it was taken, when its
 * answer was about to be written, and when its interrupt had been, 0 if it had none.
 */
#define SWPSP_BAR_SERVICE_NS	0x80048
#define SWPSP_BAR_EXECUTE_NS	0x80050
#define SWPSP_BAR_TSC_TAKEN	0x80058
#define SWPSP_BAR_TSC_DONE	0x80060
#define SWPSP_BAR_TSC_IRQ	0x80068

/*
 * Written by the CPU simulation module: how often each thread has executed
 * WBINVD. A thread is "done" once its number has changed since firmware last
 * cleared the flag.
 */
#define SWPSP_BAR_WBINVD(cpu)	(0x82000 + 4 * (cpu))

/*
 * Fault control, one rule, written by a test: the other words first, then
 * SWPSP_BAR_FAULT_ARM. swpsp takes the rule into effect and zeroes ARM.
 * A rule with SWPSP_FAULT_NONE clears the former one.
 */
#define SWPSP_BAR_FAULT_ARM	0x83000		/* 1: take over the words below */
#define SWPSP_BAR_FAULT_ID	0x83004		/* command id, 0: any */
#define SWPSP_BAR_FAULT_KIND	0x83008		/* SWPSP_FAULT_* */
#define SWPSP_BAR_FAULT_VALUE	0x8300c		/* status, microseconds of delay, or bytes */
#define SWPSP_BAR_FAULT_AFTER	0x83010		/* matching commands to let pass first */
#define SWPSP_BAR_FAULT_COUNT	0x83014		/* how often to strike, 0: always */
#define SWPSP_BAR_FAULT_HITS	0x83018		/* by swpsp: how often it has struck */

#define SWPSP_FAULT_NONE	0
#define SWPSP_FAULT_STATUS	1	/* do nothing, answer VALUE */
#define SWPSP_FAULT_DROP_IRQ	2	/* execute, answer, no interrupt */
#define SWPSP_FAULT_DELAY	3	/* answer VALUE microseconds late */
#define SWPSP_FAULT_HANG	4	/* never answer, and nothing any more */
#define SWPSP_FAULT_GARBLE	5	/* answer with garbage in the response register */
#define SWPSP_FAULT_ALL_ONES	6	/* all registers read as all ones from now on */
#define SWPSP_FAULT_LONGER	7	/* as later firmware may: VALUE more bytes of output */
#define SWPSP_FAULT_LONGER_BYTE	0x1e	/* value of each of these bytes */
#define SWPSP_FAULT_STRAY_IRQ	8	/* interrupt, masked or not */

/*
 * A SEV-ES save area has the address of its checksum's place, in the memory that the firmware
 * got for that. A processor keeps the checksum there. The simulated one does not compute it: it
 * only puts the second of these in place of the first, which is the firmware's, when it has run
 * the vCPU, and the firmware knows that the state is the processor's.
 */
#define SWPSP_VMSA_SUM_AT	0x388
#define SWPSP_VMSA_SUM_KEPT	0x545045434d555353ull
#define SWPSP_VMSA_SUM_RUN	0x4e5552204d555353ull

/*
 * The reverse map table, shared by the CPU simulation, which executes RMPUPDATE and
 * its relatives on it, and by the firmware in swpsp. Laid out as on the processors
 * of family 19h: one 64-bit counter of assigned pages per ASID, then one entry of
 * 16 bytes per page of 4 KiB. Large enough for 2 GiB, the most that a box has. The
 * bits of an entry, and who may write which entry when, are in snp/rmp.h.
 */
#define SWPSP_BAR_RMP		0x400000
#define SWPSP_RMP_PAGES		0x80000
#define SWPSP_RMP_COUNTS_SIZE	0x4000
#define SWPSP_RMP_ENTRY_SIZE	16
#define SWPSP_RMP_SIZE		(SWPSP_RMP_COUNTS_SIZE + SWPSP_RMP_ENTRY_SIZE * SWPSP_RMP_PAGES)

#endif /* SWPSP_BAR_H */
