/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulated processor's half of SNP, as tests see it: states of pages, and the
 * instructions by which they change. All of that is in debugfs, see cpusim/snp_debug.c.
 * And the program of a guest that runs on it.
 */
#ifndef SELFTESTS_BOX_SNP_H
#define SELFTESTS_BOX_SNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** snp_pages() - pages in @state, named as in snp/rmp.h; -1 if that cannot be known */
long snp_pages(const char *state);

/** struct snp_use - pages that are somebody's, by state */
struct snp_use {
	long firmware;
	long context;
	long reclaim;
	long pre_guest;
	long guest_valid;
	long guest_invalid;
	long others;
};

/** snp_use() - as of now; 0, or a negative errno and all of them 0 */
int snp_use(struct snp_use *use);

/** snp_assigned() - the sum of these; -1 if it cannot be known */
long snp_assigned(void);

/** snp_stat() - a line of the file "stats"; -1 if there is none */
long snp_stat(const char *name);

/**
 * snp_find() - a page in some state
 * @state: an enum rmp_state
 * @after: look behind this physical address; 0: from the start
 *
 * Return: the page's physical address, or 0.
 */
uint64_t snp_find(int state, uint64_t after);

/** snp_state() - an enum rmp_state of a page, or -1 */
int snp_state(uint64_t addr);

/**
 * snp_store() - let the kernel write to a page
 * @cpu: on which CPU
 * @addr: physical address of the page
 *
 * Return: 0; -EFAULT: the write faulted; another negative errno: it was not tried.
 */
int snp_store(int cpu, uint64_t addr);

/**
 * snp_page_refs() - references to a page
 * @addr: physical address of the page
 * @hold: add one first, so that the page is not free before the machine is reset
 *
 * Return: how many; 0: it is free; or a negative errno.
 */
int snp_page_refs(uint64_t addr, bool hold);

/** snp_lock() - the entry of a page is being changed by a guest, or is not any more; 0 or -errno */
int snp_lock(uint64_t addr, bool locked);

/** struct snp_update - operand of RMPUPDATE */
struct snp_update {
	uint64_t gpa;
	uint32_t asid;
	uint8_t assigned;
	uint8_t large;
	uint8_t immutable;
};

/** snp_rmpupdate() - execute it; its result, or a negative errno */
int snp_rmpupdate(uint64_t addr, const struct snp_update *update);

/** snp_psmash() - execute it; its result, or a negative errno */
int snp_psmash(uint64_t addr);

/**
 * snp_load_guest() - the guest of tools/guest, which lies beside the program that calls this
 * @to: memory of the guest at GUEST_ENTRY, with room up to GUEST_IMAGE_END
 *
 * Return: how many pages it has; 0 if it cannot be had.
 */
size_t snp_load_guest(uint8_t *to);

#endif /* SELFTESTS_BOX_SNP_H */
