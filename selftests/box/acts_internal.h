/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that the files of acts share; users of programs want acts.h. In these files:
 *
 *   acts.c          the table of acts, and how a program is run
 *   acts_arg.c      arguments: what bytes of a program stand for
 *   acts_burst.c    many commands by one act
 *   acts_call.c     one call of the drivers
 *   acts_count.c    counts of commands
 *   acts_fault.c    faults of the firmware, its death, failures of the kernel
 *   acts_guest.c    SEV guests
 *   acts_memory.c   memory that programs use, and that they must not reach
 *   acts_migrate.c  steps of a migration
 *   acts_snp.c      the SNP guest
 */
#ifndef SELFTESTS_ACTS_INTERNAL_H
#define SELFTESTS_ACTS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/psp-sev.h>

#include <sevfw/launch.h>
#include <sevfw/snp_launch.h>

#include "acts.h"
#include "common.h"

#define SLOTS		3		/* SEV guests */
#define RAM		(256 << 10)	/* of each guest */
#define ARENA_PAGES	48
#define BLOCK		256
#define KEYS		256		/* a command by the low byte of its id */
#define DEV_ROWS	KEYS		/* rows of counts: pass-through, /dev/sev, KVM */
#define KVM_ROWS	(2 * KEYS)

/* The things that programs use */
struct world {
	struct sev_fw_cmd_info infos[INFOS_MAX];
	const struct sev_fw_cmd_info *by_key[KEYS];
	uint32_t count;			/* of infos */
	int sev_fd[2];			/* read-only, writable */
	char device[64];		/* PCI address of the PSP */
	uint8_t *arena;			/* memory for arguments */
	struct launch slot[SLOTS];
	struct snp_launch snp;
	bool snp_open, snp_there;	/* a guest is; the host can have one */
};

extern struct world world;

/**
 * struct reader - where in a program its interpreter is
 * @p: program; behind its end there are zeroes
 * @at: next byte
 * @random: nonzero: bytes come from here
 * @after: see acts_run()
 */
struct reader {
	const struct program *p;
	unsigned int at;
	uint64_t random;
	void (*after)(const struct program *p);
};

/* acts.c */
double acts_seconds(void);

/* acts_arg.c */
uint8_t arg_byte(struct reader *r);
struct launch *arg_slot(struct reader *r);
struct launch *arg_guest(struct reader *r);
const struct sev_fw_cmd_info *arg_command(struct reader *r);
uint64_t arg_address(struct reader *r);
uint32_t arg_length(struct reader *r);
void arg_block(struct reader *r, const struct sev_fw_cmd_info *info, const struct vm *vm,
	       uint8_t block[BLOCK]);
struct sev_fw_door arg_door(struct reader *r, const struct sev_fw_cmd_info *info,
			    const struct launch *l);

/* acts_arg.c: facts of a command, which need no byte */
const struct vm *info_vm(const struct sev_fw_cmd_info *info, const struct launch *l);
bool info_is_user(const struct sev_fw_cmd_info *info, unsigned int at);

/* acts_burst.c */
void act_burst(struct reader *r);
void burst_table(FILE *file);

/* acts_call.c */
void act_command(struct reader *r);
void act_legacy(struct reader *r);
void act_device(struct reader *r);
void act_query(struct reader *r);
void act_look(struct reader *r);

/* acts_count.c */
void count_row(unsigned int row, int ret, uint32_t status, bool reads);
void count_command(uint32_t id, int ret, uint32_t status);
bool command_only_reads(uint32_t id);
void count_table(FILE *file);

/* acts_fault.c */
void act_fault(struct reader *r);
void act_fail(struct reader *r);
void faults_open(void);
void faults_begin(void);		/* with drivers that have just been loaded */
void faults_end(bool guests_are_gone);	/* after a program, twice: guests end in between */
void faults_look_for_death(void);
void faults_note_success(void);		/* of a command, which a dead firmware cannot have */
bool faults_arm_failure(void);		/* before an act; false: there is none to come */
void faults_disarm_failure(void);

/* acts_guest.c: a slot may have a guest */
void act_guest(struct reader *r);
void act_step(struct reader *r);
void act_context(struct reader *r);
void act_region(struct reader *r);
void act_vcpu(struct reader *r);
int slots_open(void);
void slots_close(void);
void slot_start(struct launch *l);
int slot_step(struct launch *l, uint32_t id, int (*take_step)(struct launch *l));

/* acts_memory.c: what acts_open() and acts_restore() do with memory */
void act_memory(struct reader *r);
void act_limit(struct reader *r);
int arena_open(void);
void arena_restore(void);

/* acts_migrate.c */
void act_migrate(struct reader *r);

/* acts_snp.c */
void act_snp(struct reader *r);
void act_pages(struct reader *r);
void snp_guest_start(void);
void snp_guest_close(void);

#endif /* SELFTESTS_ACTS_INTERNAL_H */
