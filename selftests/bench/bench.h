/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of sev-bench: guests that commands are about (scene.c), the commands (works.c),
 * and what the hardware permits (floor.c). sev_bench.c takes the time.
 *
 * Functions return 0 or a negative errno.
 */
#ifndef SELFTESTS_BENCH_H
#define SELFTESTS_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <sevfw/migrate.h>

#include "common.h"

#define HUGE		(2u << 20)
#define UPDATE_HUGE	(16u << 20)	/* bytes of one LAUNCH_UPDATE_DATA of huge pages */
#define SCATTERED	64		/* pages of one LAUNCH_UPDATE_DATA of scattered ones */
#define BATCH		64		/* commands of an array, of slow firmware */
#define BATCH_MAX	256		/* of others: up to BATCH_MAX_US for a command */
#define BATCH_MAX_US	200
#define LONG_BATCH	SEV_FW_ARRAY_MAX	/* of one that others have to live with */
#define ID_SIZE		128		/* bytes, as stock asks for */
#define LONG_UPDATE	(16u << 10)	/* bytes of each of its LAUNCH_UPDATE_DATA */

/* The ways in which a command reaches the firmware; one bit each in struct work. */
enum way {
	WAY_FLOOR,	/* user space writes the registers, and polls them */
	WAY_STOCK,	/* legacy ioctls of the stock driver */
	WAY_KVM,	/* the same on this driver, but kvm_amd's own handlers serve VMs */
	WAY_OURS,	/* the same, all of it by this driver */
	WAY_PASS,	/* pass-through, one by one */
	WAY_ARRAY,	/* pass-through, many at a time */
	WAY_RING,	/* the same, or one block of many runs, by the firmware's ring */
	WAYS,
};

/**
 * struct scene - guests in all states in which commands are measured, and their memory
 * @started: in LUPDATE
 * @sender: in SUPDATE
 * @receiver: in RUPDATE, with the session of @sender
 * @held: guests that are there for their ASIDs alone, so that one is left
 * @nr_held: how many
 * @huge: UPDATE_HUGE bytes, in huge pages, none of which follows another in physical memory
 * @scattered: SCATTERED pages, no two of which follow each other in physical memory
 * @packet: from @sender, 4 KiB; @receiver takes it as often as it comes
 * @packet_16k: the same, 16 KiB
 * @out: room for packets
 * @id: room for a chip's id
 */
struct scene {
	struct launch started;
	struct launch sender;
	struct launch receiver;
	struct launch held[64];
	unsigned int nr_held;
	uint8_t *huge;
	uint8_t *scattered;
	struct migrate_packet packet;
	struct migrate_packet packet_16k;
	struct migrate_packet out[BATCH_MAX];
	uint8_t id[ID_SIZE];
};

/**
 * scene_open() - set up *@s by legacy ioctls
 * @s: all zero
 * @fw: there is pass-through; packets of 16 KiB need it
 *
 * The end of the process is the end of the scene.
 */
int scene_open(struct scene *s, bool fw);

union block {
	struct sev_fw_platform_status platform_status;
	struct sev_fw_get_id get_id;
	struct sev_fw_guest_status guest_status;
	struct sev_fw_launch_update_data launch_update_data;
	struct sev_fw_send_update_data send_update_data;
	struct sev_fw_receive_update_data receive_update_data;
};

/**
 * struct work - a command that is measured
 * @name: the command's, with what distinguishes this one from others of it
 * @ways: a bit for each way in which it can be done
 * @units: commands of the firmware in a call; 0: 1
 * @callers: how many of these there are at once; 0: 1
 * @crowd: the firmware works for somebody else beside it
 * @snp: needs a host for SNP
 * @id: firmware command
 * @size: of its block
 * @legacy: do it by a legacy ioctl
 * @fill: make the block of the @i-th command of a batch, which is all zero
 * @whole: do it, by legacy or pass-through; in place of the former two
 */
struct work {
	const char *name;
	unsigned int ways;
	unsigned int units;
	unsigned int callers;
	bool crowd;
	bool snp;
	uint32_t id;
	uint32_t size;
	int (*legacy)(struct scene *s);
	void (*fill)(struct scene *s, unsigned int i, union block *block);
	int (*whole)(bool pass);
};

extern const struct work works[];
extern const unsigned int nr_works;

/** work_is_array() - is a call an array? */
bool work_is_array(const struct work *work, enum way way);

/**
 * work_do() - one call
 * @s: scene
 * @work: what
 * @way: any but WAY_FLOOR
 * @batch: how many commands a call is if work_is_array()
 */
int work_do(struct scene *s, const struct work *work, enum way way, uint32_t batch);

/** work_crowd() - one of the calls that keep the firmware busy while others are measured */
int work_crowd(struct scene *s, enum way way);

/** floor_open() - no driver may use the registers meanwhile */
int floor_open(void);

/** floor_do() - one command, from the doorbell to its answer */
int floor_do(const struct work *work);

#endif /* SELFTESTS_BENCH_H */
