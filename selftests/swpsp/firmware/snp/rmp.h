/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reverse map table (RMP): who owns each page of memory, and the instructions
 * that change it. Built into the firmware (swpsp) and into the simulated processor
 * (a kernel module), hence no libc and no kernel interface in rmp.c.
 *
 * Both sides work on one table in shared memory, and no lock spans the two. An
 * entry has one writer at a time instead, and the entry itself says which:
 *
 *	immutable or HV-Fixed		the firmware
 *	anything else			the processor, i.e. its simulation, which
 *					must not execute two instructions at once
 *
 * The low word of an entry holds everything that decides this, and is written
 * last: writing it hands the entry over. Whether a region of 2 MiB is one page is
 * said by the first of its 512 entries alone, so that one is written first when a
 * region becomes one page, and last when it ceases to be one.
 *
 *	            RMPUPDATE                          commands of the firmware
 *	Hypervisor ----------> Firmware, Pre-Guest ----------------> Context, Metadata,
 *	    ^                                                       Guest-Valid, ...
 *	    |     RMPUPDATE                    PAGE_RECLAIM              |
 *	    +----------------- Reclaim, Guest-* <------------------------+
 */
#ifndef SWPSP_SNP_RMP_H
#define SWPSP_SNP_RMP_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* Low word of an entry. The count of sub-pages, bits 11:3, is left zero [D-RMP-COUNT]. */
#define RMP_ASSIGNED		(1ull << 0)
#define RMP_LARGE		(1ull << 1)
#define RMP_IMMUTABLE		(1ull << 2)
#define RMP_GPA			0x0007fffffffff000ull	/* bits 50:12 */
#define RMP_ASID_SHIFT		51
#define RMP_ASID_MAX		0x3ffull
#define RMP_VMSA		(1ull << 61)
#define RMP_VALIDATED		(1ull << 62)
#define RMP_LOCKED		(1ull << 63)	/* a VMSA: its vCPU runs */
/* High word: a byte of permissions for each VMPL, then what only a simulation needs. */
#define RMP_HV_FIXED_MARK	(1ull << 32)	/* [D-RMP-HVFIXED] */

#define RMP_PERM_ALL		0xf		/* read, write, execute as user, as supervisor */
#define RMP_VMPLS		4

#define RMP_4K			0x1000ull
#define RMP_2M			0x200000ull
#define RMP_PAGES_2M		512

/* Results of the instructions, as they are left in EAX; negative: there is none. */
#define RMP_OK			0
#define RMP_FAIL_INPUT		1
#define RMP_FAIL_PERMISSION	2
#define RMP_FAIL_INUSE		3
#define RMP_FAIL_OVERLAP	4	/* RMPUPDATE */
#define RMP_FAIL_BADADDR	4	/* PSMASH */
#define RMP_FAIL_SIZE		6	/* PVALIDATE, RMPADJUST: 2 MiB asked, 4 KiB there */
#define RMP_FAULT		(-1)	/* nested page fault: not a page of this guest */
#define RMP_FAULT_SIZE		(-2)	/* nested page fault: 4 KiB asked, 2 MiB there */

/**
 * enum rmp_state - state of a page
 * @RMP_DEFAULT: no entry, or the firmware is not initialised: nothing is checked
 * @RMP_HYPERVISOR: not assigned
 * @RMP_HV_FIXED: the hypervisor's until the next reset
 * @RMP_RECLAIM: given back by the firmware, not yet taken by the hypervisor
 * @RMP_FIRMWARE: the firmware may write it
 * @RMP_CONTEXT: the firmware's record of a guest
 * @RMP_METADATA: the firmware's records of pages that are swapped out
 * @RMP_PRE_GUEST: on its way to a guest
 * @RMP_PRE_SWAP: on its way out of a guest
 * @RMP_GUEST_INVALID: a guest's, not validated
 * @RMP_GUEST_VALID: a guest's
 * @RMP_STATES: how many there are
 */
enum rmp_state {
	RMP_DEFAULT,
	RMP_HYPERVISOR,
	RMP_HV_FIXED,
	RMP_RECLAIM,
	RMP_FIRMWARE,
	RMP_CONTEXT,
	RMP_METADATA,
	RMP_PRE_GUEST,
	RMP_PRE_SWAP,
	RMP_GUEST_INVALID,
	RMP_GUEST_VALID,
	RMP_STATES
};

/**
 * struct rmp_page - an entry, decoded
 * @gpa: guest physical address; of Metadata: address of the guest's context
 * @asid: guest's ASID, or 0
 * @assigned: not the hypervisor's
 * @large: one page of 2 MiB
 * @immutable: only the firmware may change this entry
 * @vmsa: register state of a vCPU
 * @validated: the guest has accepted the page
 * @locked: the processor is using this VMSA
 * @hv_fixed: state HV-Fixed
 * @perms: RMP_PERM_* of each VMPL
 */
struct rmp_page {
	uint64_t gpa;
	uint32_t asid;
	bool assigned;
	bool large;
	bool immutable;
	bool vmsa;
	bool validated;
	bool locked;
	bool hv_fixed;
	uint8_t perms[RMP_VMPLS];
};

/**
 * struct rmp - a table
 * @counts: assigned pages of 4 KiB of each ASID; written by the processor only
 * @entries: two words for each page
 * @pages: how many
 */
struct rmp {
	volatile uint64_t *counts;
	volatile uint64_t *entries;
	uint64_t pages;
};

/**
 * struct rmp_request - operand of RMPUPDATE
 * @gpa: guest physical address
 * @asid: ASID
 * @assigned: 0 or 1
 * @large: page size, 0: 4 KiB, 1: 2 MiB
 * @immutable: 0 or 1
 */
struct rmp_request {
	uint64_t gpa;
	uint32_t asid;
	uint8_t assigned;
	uint8_t large;
	uint8_t immutable;
};

/** rmp_init() - use @memory (counters, then entries for @pages pages) as a table */
void rmp_init(struct rmp *rmp, void *memory, uint64_t pages);

/** rmp_clear() - all pages become the hypervisor's, all counters 0 */
void rmp_clear(struct rmp *rmp);

/** rmp_state() - the state that the fields of an entry mean */
enum rmp_state rmp_state(const struct rmp_page *page);

/** rmp_state_name() - "Pre-Guest" and so on */
const char *rmp_state_name(enum rmp_state state);

/**
 * rmp_lookup() - the entry that rules an address
 * @rmp: table
 * @addr: physical address
 * @page: receives the entry; if it is of 2 MiB, with the GPA of @addr's own 4 KiB
 *
 * Return: false if the table does not reach @addr.
 */
bool rmp_lookup(const struct rmp *rmp, uint64_t addr, struct rmp_page *page);

/**
 * rmp_store() - replace the entry of a page
 * @rmp: table
 * @addr: address of the page, aligned to its size and within the table
 * @page: new entry; @page->large says which size
 *
 * The caller is the side that may write it. All 512 entries of a 2 MiB page are
 * written, because the kernel looks into the one of the address that it asks for.
 */
void rmp_store(struct rmp *rmp, uint64_t addr, const struct rmp_page *page);

/** rmp_update() - RMPUPDATE of the page at @addr; RMP_* */
int rmp_update(struct rmp *rmp, uint64_t addr, const struct rmp_request *request);

/** rmp_smash() - PSMASH of the 2 MiB page at @addr; RMP_* */
int rmp_smash(struct rmp *rmp, uint64_t addr);

/**
 * struct rmp_access - how a guest comes to a page, for its instructions
 * @asid: the guest's ASID
 * @gpa: guest physical address that it uses
 * @vmpl: privilege level that it runs at
 */
struct rmp_access {
	uint32_t asid;
	uint64_t gpa;
	uint8_t vmpl;
};

/**
 * rmp_validate() - PVALIDATE
 * @rmp: table
 * @addr: system physical address behind @access
 * @access: who asks
 * @large: page size of the instruction
 * @validate: validate, or take it back
 * @unchanged: receives the carry flag: the page was in that state already
 *
 * Return: RMP_*.
 */
int rmp_validate(struct rmp *rmp, uint64_t addr, const struct rmp_access *access, bool large,
		 bool validate, bool *unchanged);

/**
 * rmp_adjust() - RMPADJUST
 * @rmp: table
 * @addr: system physical address behind @access
 * @access: who asks
 * @large: page size of the instruction
 * @vmpl: privilege level whose permissions change; must be below the caller's
 * @perms: RMP_PERM_*
 * @vmsa: the page is a VMSA from now on, or not any more; only VMPL 0 may change it
 *
 * Return: RMP_*.
 */
int rmp_adjust(struct rmp *rmp, uint64_t addr, const struct rmp_access *access, bool large,
	       uint8_t vmpl, uint8_t perms, bool vmsa);

#endif /* SWPSP_SNP_RMP_H */
