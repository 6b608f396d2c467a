// SPDX-License-Identifier: GPL-2.0
/*
 * A burst is one act of many commands: an array, where the command may be in one. The blocks
 * come from a generator that the program gives a seed. Commands cost least there, since files
 * and guest are looked up once, and the guest is made once.
 */
#include <string.h>

#include "acts_internal.h"

#define BURST		1024
#define BURST_SECONDS	0.1
#define BURSTS_SECONDS	1
#define MORE		8	/* times as much for what changes something */

/* As arg_door(); a guest is started if the command is for one and there is none. */
static struct sev_fw_door door_to_guest(struct reader *r, const struct sev_fw_cmd_info *info,
					struct launch *l)
{
	if (!(info->flags & SEV_FW_INFO_GUEST))
		return arg_door(r, info, l);
	if (info->flags & SEV_FW_INFO_SNP && world.snp_there && !world.snp_open)
		snp_guest_start();
	else if (l->vm.vm_fd < 0)
		slot_start(l);
	return arg_door(r, info, l);
}

/* A burst: bytes of a program that stand for it */
struct burst {
	const struct sev_fw_cmd_info *info;
	struct launch *l;
	struct sev_fw_door door;
	bool array;
	uint8_t how;
	uint16_t seed;
	unsigned int n;
	bool has_done;
	uint8_t done[BLOCK];	/* if so: a block that has changed something */
};

static uint8_t blocks[BURST][BLOCK] __attribute__((aligned(8)));
static struct sev_fw_cmd cmds[BURST];

static struct {
	unsigned long blocks;
	double making, seconds;
} spent[KEYS + 1];		/* by command; last: on several */

static void one_by_one(const struct sev_fw_door *door, const struct sev_fw_cmd *cmds,
		       unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t status = SEV_FW_NO_CALL;
		int ret = sev_fw_issue(door, cmds[i].id & ~SEV_FW_PASSTHROUGH,
				       (void *)(uintptr_t)cmds[i].data, cmds[i].len, &status);

		count_command(cmds[i].id, ret, status);
	}
}

/* A block that the firmware has done, with up to three bytes changed */
static void make_alike(struct reader *r, const struct burst *b, uint8_t block[BLOCK])
{
	memcpy(block, b->done, BLOCK);
	for (unsigned int n = arg_byte(r) % 4; n; n--) {
		uint8_t at = arg_byte(r) % (b->info->size + 1), byte = arg_byte(r);

		if (info_is_user(b->info, at))
			block[at] = byte;
	}
}

static void make_blocks(const struct burst *b)
{
	struct reader rest = { .random = 1 + b->seed };
	const struct sev_fw_cmd_info *info = b->info;

	for (unsigned int i = 0; i < b->n; i++) {
		if (i && b->how & 0x40)
			info = arg_command(&rest);
		if ((info->flags ^ b->info->flags) & (SEV_FW_INFO_ARRAY | SEV_FW_INFO_GUEST))
			info = b->info;
		/* some are the same again */
		if (i && info->id == cmds[i - 1].id && arg_byte(&rest) < 0x60)
			memcpy(blocks[i], blocks[i - 1], BLOCK);
		else if (b->has_done && info == b->info && arg_byte(&rest) < 0x80)
			make_alike(&rest, b, blocks[i]);
		else
			arg_block(&rest, info, info_vm(info, b->l), blocks[i]);
		cmds[i] = (struct sev_fw_cmd){
			.id = info->id, .len = info->size, .data = (uintptr_t)blocks[i],
			.error = SEV_FW_NO_CALL,
		};
	}
}

/* Return: false if the driver has looked at none of it */
static bool run_burst(const struct burst *b)
{
	unsigned int row = b->how & 0x40 ? KEYS : b->info->id % KEYS;
	double began = acts_seconds();
	uint32_t done = 0;
	int ret;

	make_blocks(b);
	spent[row].making += acts_seconds() - began;
	began = acts_seconds();
	if (!b->array) {
		one_by_one(&b->door, cmds, b->n);
		spent[row].blocks += b->n;
		spent[row].seconds += acts_seconds() - began;
		return true;
	}
	ret = sev_fw_issue_many(&b->door, cmds, b->n, b->how & 0x20 ? 0 : SEV_FW_ARRAY_GO_ON,
				&done);
	spent[row].seconds += acts_seconds() - began;
	for (unsigned int i = 0; i < b->n && i <= done; i++) {
		count_command(cmds[i].id, cmds[i].error, cmds[i].error);
		spent[row].blocks++;
	}
	return !ret || done;
}

static const uint16_t sizes[16] = {
	1, 2, 3, 4, 8, 16, 32, 64, 64, 128, 128, 256, 256, 512, BURST, BURST,
};

#define SMALL	7
#define LARGEST	(ARRAY_SIZE(sizes) - 1)

static void set_size(struct burst *b, uint8_t how)
{
	b->how = how;
	b->n = sizes[how % ARRAY_SIZE(sizes)];
	if (!b->array && b->n > 8)
		b->n = 8;
}

/* The next one is larger, if this one has cost little. */
static void resize(struct burst *b, double seconds)
{
	unsigned int size = b->how % ARRAY_SIZE(sizes);

	if (seconds < BURST_SECONDS)
		size = size < LARGEST - 4 ? size + 4 : LARGEST;
	set_size(b, (b->how & 0xf0) | size);
}

/* If there is a block that has changed something, half of the next ones are like it. */
static void remember_done(struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		if (cmds[i].error || cmds[i].id != b->info->id || command_only_reads(cmds[i].id))
			continue;
		memcpy(b->done, blocks[i], BLOCK);
		b->has_done = true;
		return;
	}
}

/*
 * As often as the program is to be done, and at most for some time, each time with other blocks.
 * @at: where in the program the burst has its bytes, which are changed for @r->after.
 */
static void run_bursts(const struct reader *r, unsigned int at, struct burst *b)
{
	const struct program *p = r->p;
	double began = acts_seconds(), left = BURSTS_SECONDS, took;
	struct program one = *p;
	unsigned long before;

	if (at + 3 > PROGRAM_MAX)
		return;
	if (b->how % ARRAY_SIZE(sizes) > SMALL)
		set_size(b, (b->how & 0xf0) | SMALL);
	one.times = 0;
	one.size = at + 3 > p->size ? at + 3 : p->size;
	for (unsigned int i = 0; i < p->times && left > 0; i++, b->seed++) {
		before = acts_total().changed;
		if (!run_burst(b))
			break;
		one.byte[at] = b->how;
		one.byte[at + 1] = b->seed;
		one.byte[at + 2] = b->seed >> 8;
		r->after(&one);
		took = acts_seconds() - began;
		began += took;
		/* few commands change anything: those that do get more time */
		left -= acts_total().changed - before > b->n / 16 ? took / MORE : took;
		if (took > BURST_SECONDS && b->n <= sizes[SMALL])
			left -= BURSTS_SECONDS / 4.0;
		remember_done(b);
		resize(b, took);
	}
}

/* Many commands by one call: of one kind, or of all that may be together. */
void act_burst(struct reader *r)
{
	const struct sev_fw_cmd_info *info = arg_command(r);
	struct burst b = { .info = info, .l = arg_guest(r) };
	unsigned int at;

	b.array = info->flags & SEV_FW_INFO_ARRAY;
	b.door = door_to_guest(r, info, b.l);
	at = r->at;
	set_size(&b, arg_byte(r));
	b.seed = arg_byte(r);
	b.seed += 256 * arg_byte(r);
	if (b.array && r->p->times)
		run_bursts(r, at, &b);
	else
		run_burst(&b);
}

void burst_table(FILE *file)
{
	for (unsigned int i = 0; i <= KEYS; i++)
		if (spent[i].blocks)
			fprintf(file, "burst %#x %lu %.3f s, making them %.3f s\n", i,
				spent[i].blocks, spent[i].seconds, spent[i].making);
}
