// SPDX-License-Identifier: GPL-2.0
/*
 * An interpreter of programs, see acts.h; acts_internal.h says where which act is. No answer is
 * judged.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acts_internal.h"
#include "control.h"
#include "host.h"
#include "kcov.h"

#define ACT_NUMBERS	32

struct world world = { .sev_fd = { -1, -1 } };

static double restoring;	/* seconds */

double acts_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/**
 * struct act - an act
 * @name: for people
 * @run: does it
 * @may_fail: a failure of the kernel's allocations is the driver's matter there
 * @done: how often it was done
 * @seconds: how long all of that took
 */
struct act {
	const char *name;
	void (*run)(struct reader *r);
	bool may_fail;
	unsigned long done;
	double seconds;
};

/* An act keeps its number when others come. */
static struct act acts[] = {
	{ .name = "command", .run = act_command, .may_fail = true },
	{ .name = "burst", .run = act_burst, .may_fail = true },
	{ .name = "guest", .run = act_guest },
	{ .name = "snp", .run = act_snp },
	{ .name = "step", .run = act_step, .may_fail = true },
	{ .name = "legacy", .run = act_legacy, .may_fail = true },
	{ .name = "device", .run = act_device, .may_fail = true },
	{ .name = "memory", .run = act_memory },
	{ .name = "context", .run = act_context },
	{ .name = "region", .run = act_region },
	{ .name = "vcpu", .run = act_vcpu },
	{ .name = "fault", .run = act_fault },
	{ .name = "fail", .run = act_fail },
	{ .name = "migrate", .run = act_migrate, .may_fail = true },
	{ .name = "pages", .run = act_pages },
	{ .name = "look", .run = act_look },
	{ .name = "limit", .run = act_limit },
	{ .name = "query", .run = act_query },
};

static void run_act(struct act *act, struct reader *r)
{
	double began = acts_seconds();
	bool fails;

	faults_look_for_death();
	fails = act->may_fail && faults_arm_failure();
	act->run(r);
	if (fails)
		faults_disarm_failure();
	act->done++;
	act->seconds += acts_seconds() - began;
}

/* Half of all are bursts. There are numbers to spare. */
static struct act *act_of(uint8_t which)
{
	unsigned int number = which < 0x80 ? which % ACT_NUMBERS : ACT_BURST;

	return &acts[number < ARRAY_SIZE(acts) ? number : number % 2 ? ACT_GUEST : ACT_COMMAND];
}

void acts_run(const struct program *p, void (*after)(const struct program *p))
{
	struct reader r = { .p = p, .after = after };

	for (int i = 0; i < ACTS_MAX && r.at < p->size; i++) {
		run_act(act_of(arg_byte(&r)), &r);
		kcov_drain();
	}
}

void acts_restore(void)
{
	double began = acts_seconds();

	faults_end(false);
	slots_close();
	snp_guest_close();
	faults_end(true);
	psp_ring_use("off");
	arena_restore();
	restoring += acts_seconds() - began;
}

/* A command keeps its number in programs when others come; the other numbers are for any. */
static void give_numbers(void)
{
	for (unsigned int key = 0; key < KEYS; key++)
		world.by_key[key] = &world.infos[key % world.count];
	for (uint32_t i = 0; i < world.count; i++)
		world.by_key[world.infos[i].id % KEYS] = &world.infos[i];
}

int acts_begin(void)
{
	struct sev_fw_query query;
	struct sev_fw_door door;
	int ret;

	world.sev_fd[0] = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	world.sev_fd[1] = open("/dev/sev", O_RDWR | O_CLOEXEC);
	if (world.sev_fd[0] < 0 || world.sev_fd[1] < 0)
		return -errno;
	door = sev_fw_door_dev(world.sev_fd[0], -1);
	ret = sev_fw_query(&door, &query, world.infos, INFOS_MAX);
	if (ret)
		return ret;
	world.count = query.count;
	give_numbers();
	snprintf(world.device, sizeof(world.device), "%s", basename(psp_dir()));
	faults_begin();
	return 0;
}

void acts_end(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(world.sev_fd); i++)
		close(world.sev_fd[i]);
}

int acts_open(void)
{
	int ret = acts_begin();

	if (!ret)
		ret = arena_open();
	if (!ret)
		ret = slots_open();
	if (ret)
		return ret;
	world.snp_there = !host_missing(HOST_SNP);
	faults_open();
	acts_restore();
	return 0;
}

void acts_table(FILE *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		fprintf(file, "act %s %lu %.3f s\n", acts[i].name, acts[i].done, acts[i].seconds);
	fprintf(file, "restore - %.3f s\n", restoring);
	burst_table(file);
	count_table(file);
}
