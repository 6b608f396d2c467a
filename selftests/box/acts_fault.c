// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of the firmware, its death, and calls in which the kernel has no memory.
 */
#include "acts_internal.h"
#include "control.h"
#include "failing.h"
#include "host.h"

static int failing = -1;
static unsigned int fail_at;	/* in the next act that calls the driver */
static bool faulty;
static bool dying, dead;	/* the firmware will die; it has, and the driver knows */
static unsigned long alive;	/* commands that were done all the same */

/* Faults after which the firmware goes on */
void act_fault(struct reader *r)
{
	static const uint32_t kinds[] = {
		SWPSP_FAULT_STATUS, SWPSP_FAULT_STATUS, SWPSP_FAULT_DELAY, SWPSP_FAULT_LONGER,
		SWPSP_FAULT_STRAY_IRQ, SWPSP_FAULT_DROP_IRQ,
	};
	/* a guest that is not ended stays in the firmware for good, and so does its page */
	static const uint32_t ends[] = {
		SEV_FW_DECOMMISSION, SEV_FW_DEACTIVATE, SEV_FW_DF_FLUSH, SEV_FW_SHUTDOWN,
		SEV_FW_SNP_DECOMMISSION, SEV_FW_SNP_PAGE_RECLAIM, SEV_FW_SNP_DF_FLUSH,
	};
	uint8_t how = arg_byte(r), value = arg_byte(r), id = arg_byte(r);
	struct fault fault = {
		.kind = kinds[how % ARRAY_SIZE(kinds)], .value = value, .count = 1,
		.after = how >> 6, .id = world.by_key[id]->id & ~SEV_FW_PASSTHROUGH,
	};

	/* a lost interrupt costs a tenth of a second */
	if (fault.kind == SWPSP_FAULT_DROP_IRQ && value % 16)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (fault.id == ends[i] && fault.kind == SWPSP_FAULT_STATUS)
			return;
	/* firmware that only says that it takes commands from a ring never answers one */
	if (fault.id == SEV_FW_RING_BUFFER && fault.kind == SWPSP_FAULT_STATUS && !value)
		return;
	if (dying)
		return;		/* there is one rule at a time */
	fault_arm(&fault);
	faulty = true;
}

/* In one of the next act's calls an allocation fails, or an access to user memory. */
void act_fail(struct reader *r)
{
	uint8_t how = arg_byte(r);

	fail_at = how < 0xc0 ? 1 + how % 48 : 1 + how % 64 * 16;
}

bool faults_arm_failure(void)
{
	if (failing < 0 || !fail_at)
		return false;
	failing_arm(failing, fail_at);
	return true;
}

void faults_disarm_failure(void)
{
	failing_disarm(failing);
	fail_at = 0;
}

void faults_look_for_death(void)
{
	dead |= dying && psp_attr_number("dead") == 1;
}

void faults_note_success(void)
{
	alive += dead;
}

/* A firmware that is to die is not saved before guests have ended. */
void faults_end(bool guests_are_gone)
{
	fail_at = 0;
	if (guests_are_gone ? dying : faulty && !dying)
		fault_clear();
	if (!guests_are_gone)
		return;
	faulty = false;
	dying = false;
}

void faults_begin(void)
{
	dead = false;
}

void faults_open(void)
{
	failing = failing_open();
}

int acts_dying(uint32_t kind, uint32_t after)
{
	struct fault fault = { .kind = kind, .after = after };

	dying = true;
	alive = 0;
	world.snp_there = false;	/* KVM complains of an SNP guest that cannot be ended */
	return fault_arm(&fault);
}

unsigned long acts_alive(void)
{
	return alive;
}
