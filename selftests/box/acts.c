// SPDX-License-Identifier: GPL-2.0
/*
 * An interpreter of programs, see acts.h. No answer is judged. Numbers in a program stand for
 * something that is there (a guest, a page, a command by its id), so that most commands are
 * such that the firmware is asked; one in some bytes is anything.
 *
 * A burst is one act of many commands: an array, where the command may be in one. The blocks
 * come from a generator that the program gives a seed. Commands cost least there, since files
 * and guest are looked up once, and the guest is made once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>
#include <sevfw/migrate.h>
#include <sevfw/snp_launch.h>

#include "acts.h"
#include "common.h"
#include "control.h"
#include "failing.h"
#include "host.h"

#define SLOTS		3
#define RAM		(256 << 10)
#define ARENA_PAGES	48
#define ARENA_ROOM	64		/* pages behind it, where nothing is */
#define BLOCK		256
#define BURST		1024
#define BURST_SECONDS	0.1
#define BURSTS_SECONDS	1
#define MORE		8		/* times as much for what changes something */
#define KEYS		256		/* a command by the low byte of its id */
#define ACT_NUMBERS	32
#define LEGACY		(2 * KEYS)	/* rows of the table: pass-through, /dev/sev, KVM */
#define ENTER_US	2000		/* a vCPU is called back after that */
#define MAPS_FROM	0x700000000000ul	/* where libraries and other mappings are */
#define GAP_MAX		(1ul << 30)	/* the one before the stack is larger, and is not used */
#define ROOM		(64ul << 20)

static struct {
	struct sev_fw_cmd_info infos[INFOS_MAX];
	const struct sev_fw_cmd_info *by_key[KEYS];
	uint32_t count;
	int sev_fd[2];			/* read-only, writable */
	int file;			/* memory that can be cut off */
	char device[64];		/* PCI address of the PSP */
	int failing;
	unsigned int fail_at;		/* in the next act that calls the driver */
	uint8_t *arena;
	struct launch slot[SLOTS];
	struct snp_launch snp;
	bool snp_open, snp_there, faulty;
	bool dying, dead;		/* the firmware will die; it has, and the driver knows */
	unsigned long alive;		/* commands that were done all the same */
	struct migrate_target target;
	struct migrate_session session;
	struct migrate_packet packet;
	uint8_t at;
	uint32_t len;
	struct kvm_run *entered;
	void (*after)(const struct program *p);	/* each array of a program with times */
	double restoring;		/* seconds */
	struct acts_count total, by_id[LEGACY + KEYS];
	struct {
		unsigned long blocks;
		double making, seconds;
	} burst[KEYS + 1];		/* by command; last: of several */
} world = { .sev_fd = { -1, -1 }, .failing = -1 };

/* ---- reading a program ---- */

struct reader {
	const struct program *p;
	unsigned int at;
	uint64_t random;	/* nonzero: bytes come from here */
};

static uint8_t take(struct reader *r)
{
	if (r->random) {
		r->random ^= r->random << 13;
		r->random ^= r->random >> 7;
		r->random ^= r->random << 17;
		return r->random * 0x2545f4914f6cdd1dull >> 56;
	}
	return r->at < r->p->size ? r->p->byte[r->at++] : 0;
}

static struct launch *some_slot(struct reader *r)
{
	return &world.slot[take(r) % SLOTS];
}

/* A slot that has a VM, if there is any; seven times out of eight */
static struct launch *some_guest(struct reader *r)
{
	uint8_t how = take(r);

	for (unsigned int i = 0; i < SLOTS && how < 0xe0; i++)
		if (world.slot[(how + i) % SLOTS].vm.vm_fd >= 0)
			return &world.slot[(how + i) % SLOTS];
	return &world.slot[how % SLOTS];
}

static const struct sev_fw_cmd_info *some_command(struct reader *r)
{
	return world.by_key[take(r)];
}

static uint8_t *some_page(struct reader *r, const struct vm *vm)
{
	return vm->memory + take(r) % (RAM / PAGE) * PAGE;
}

/* The machine whose guest a command is for */
static const struct vm *vm_for(const struct sev_fw_cmd_info *info, const struct launch *l)
{
	return info->flags & SEV_FW_INFO_SNP && world.snp_open ? &world.snp.vm : &l->vm;
}

static uint64_t any_address(struct reader *r)
{
	static const uint64_t odd[] = {
		0, 1, 0xffff888000000000ull, ~0ull, ~0ull - 4095, 0x7ffffffff000ull, 16, 4096,
	};
	uint8_t how = take(r);

	if (how < 0x60)
		return (uintptr_t)world.arena + how % ARENA_PAGES * PAGE;
	if (how < 0xa0)
		return (uintptr_t)world.arena + how % ARENA_PAGES * PAGE + take(r) * 16;
	if (how < 0xb0)
		return (uintptr_t)world.arena + take(r);
	if (how < 0xe0)
		return (uintptr_t)some_page(r, &world.slot[how % SLOTS].vm) + how / 4 % 4 * 16;
	return how < 0xf0 ? take(r) : odd[how % ARRAY_SIZE(odd)];
}

static uint32_t some_length(struct reader *r)
{
	static const uint32_t lengths[] = {
		0x824, 0x186c, 0x80, 0x30, 0x34, 0xd0, 0x1000, 0x2000, 0x4000, 0x5000, 0x5010,
		0x10000, 0x20000, 0x7fffffff, 0xffffffff, 0xfffffff0, 0xc80, 0x60, 0x4c0, 0x1b0,
	};
	uint8_t how = take(r);

	return how < 0x40 ? how : how < 0x80 ? (how & 0x3f) * 16u :
	       lengths[how % ARRAY_SIZE(lengths)];
}

/* Address of the kind that the buffer has, seven times out of eight */
static uint64_t buffer_address(struct reader *r, const struct sev_fw_buf_info *buf,
			       const struct vm *vm)
{
	uint8_t how = take(r);

	if (how >= 0xe0)
		return any_address(r);
	switch (buf->kind) {
	case SEV_FW_BUF_GUEST:
	case SEV_FW_BUF_PRIVATE:
		return (uintptr_t)some_page(r, vm) + how % 8 * (how & 0x80 ? 16 : 0);
	case SEV_FW_BUF_VMSA:
	case SEV_FW_BUF_METADATA:
		return how % 4;
	default:
		return (uintptr_t)world.arena + how % ARENA_PAGES * PAGE;
	}
}

static bool in_buffer(const struct sev_fw_cmd_info *info, unsigned int at)
{
	for (unsigned int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++)
		if (at - info->buf[i].addr < 8u || at - info->buf[i].len < 4u)
			return true;
	return false;
}

static bool is_user(const struct sev_fw_cmd_info *info, unsigned int at)
{
	return info->user[at / 64] >> at % 64 & 1;
}

/*
 * The block of a command: its buffers, then some bytes that are changed, and small numbers in
 * some of those that the caller may set.
 */
static void make_block(struct reader *r, const struct sev_fw_cmd_info *info, const struct vm *vm,
		       uint8_t block[BLOCK])
{
	uint8_t how = take(r);

	memset(block, 0, BLOCK);
	for (unsigned int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];
		uint64_t addr = buffer_address(r, buf, vm);
		uint32_t len = some_length(r);

		if (buf->kind == SEV_FW_BUF_GUEST && how < 0x80)
			len = len % 0x2000 & ~15u;
		if (buf->kind == SEV_FW_BUF_VMSA && how < 0xc0)
			len = 0;
		memcpy(block + buf->addr, &addr, sizeof(addr));
		if (buf->len < SEV_FW_BLOCK_MAX)
			memcpy(block + buf->len, &len, sizeof(len));
	}
	for (unsigned int at = 0, n = how & 8 ? 4 : 0; n && at < info->size; at++) {
		if (is_user(info, at) && !in_buffer(info, at)) {
			block[at] = take(r) & 7;
			n--;
		}
	}
	for (unsigned int i = 0; i < (how & 7); i++) {
		uint8_t at = take(r) % (info->size + 1), byte = take(r);

		if (is_user(info, at) || how % 64 >= 60)
			block[at] = byte;
	}
}

/* Door and file of an envelope: of the right kind, unless the program wants another one. */
static struct sev_fw_door some_door(struct reader *r, const struct sev_fw_cmd_info *info,
				    const struct launch *l)
{
	uint8_t how = take(r);
	int vm_fd = vm_for(info, l)->vm_fd, sev_fd = world.sev_fd[how % 16 != 15];
	bool guest = info->flags & SEV_FW_INFO_GUEST;

	if (how >= 0xf0)
		guest = !guest;
	if (how >= 0xfc)
		vm_fd = world.sev_fd[0];
	return guest && how & 0x20 ? sev_fw_door_vm(vm_fd, sev_fd) :
		sev_fw_door_dev(sev_fd, guest ? vm_fd : -1);
}

/* ---- counts ---- */

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void count_one(struct acts_count *c, bool reached, bool changed)
{
	c->executed++;
	c->reached += reached;
	c->changed += changed;
}

static void count(unsigned int row, int ret, uint32_t status, bool reads)
{
	bool reached = status != SEV_FW_NO_CALL;
	bool changed = reached && !ret && !status && !reads;

	count_one(&world.total, reached, changed);
	count_one(&world.by_id[row], reached, changed);
	/* KVM has commands of its own */
	world.alive += world.dead && !ret && row < LEGACY;
}

/* Does the command leave the firmware, and the guest's memory, as they were? */
static bool only_reads(uint32_t id)
{
	static const uint32_t ids[] = {
		SEV_FW_NOP, SEV_FW_PLATFORM_STATUS, SEV_FW_GET_ID, SEV_FW_GUEST_STATUS,
		SEV_FW_PDH_CERT_EXPORT, SEV_FW_PEK_CSR, SEV_FW_ATTESTATION, SEV_FW_DBG_DECRYPT,
		SEV_FW_SNP_PLATFORM_STATUS, SEV_FW_SNP_GUEST_STATUS, SEV_FW_SNP_FEATURE_INFO,
		SEV_FW_SNP_HV_REPORT_REQ, SEV_FW_SNP_DBG_DECRYPT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (SEV_FW_CMD(ids[i]) == SEV_FW_CMD(id))
			return true;
	return false;
}

static void count_command(uint32_t id, int ret, uint32_t status)
{
	count(id % KEYS, ret, status, only_reads(id));
}

/* ---- acts ---- */

static void do_command(struct reader *r)
{
	uint8_t block[BLOCK] __attribute__((aligned(8)));
	const struct sev_fw_cmd_info *info = some_command(r);
	const struct launch *l = some_guest(r);
	struct sev_fw_door door = some_door(r, info, l);
	uint32_t status = SEV_FW_NO_CALL, len = info->size;
	uint8_t other;
	int ret;

	make_block(r, info, vm_for(info, l), block);
	other = take(r);
	if (other >= 0xf0)
		len = other & 0xf;
	ret = sev_fw_issue(&door, info->id & ~SEV_FW_PASSTHROUGH, other == 0xef ? NULL : block, len,
			   &status);
	count_command(info->id, ret, status);
}

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

/* Words of a legacy struct: addresses and lengths, in any order */
static void legacy_words(struct reader *r, uint64_t words[12])
{
	unsigned int n = take(r) % 12;

	memset(words, 0, 12 * sizeof(*words));
	for (unsigned int i = 0; i < n; i++) {
		uint8_t how = take(r);

		words[i] = how & 1 ? any_address(r) : some_length(r);
		if (how & 2)
			words[i] |= (uint64_t)some_length(r) << 32;
	}
}

static void do_legacy(struct reader *r)
{
	const struct launch *l = some_guest(r);
	uint32_t id = take(r), status = SEV_FW_NO_CALL;
	int vm_fd = l->vm.vm_fd, ret;
	uint64_t words[12];

	if (id >= 0xe0 && world.snp_open)
		vm_fd = world.snp.vm.vm_fd;
	id = id < 0xe0 ? id % (VM_SEV_INIT2 + 1) : id < 0xf8 ? 100 + id % 3 : id;
	legacy_words(r, words);
	ret = sev_kvm_op(vm_fd, world.sev_fd[1], id, words, &status);
	count(LEGACY + id, ret, status, id == KVM_SEV_GUEST_STATUS);
}

static void do_device(struct reader *r)
{
	uint32_t id = take(r) % (SEV_MAX + 6), status = SEV_FW_NO_CALL;
	int sev_fd = world.sev_fd[take(r) % 4 > 0];
	uint64_t words[12];
	int ret;

	legacy_words(r, words);
	ret = sev_dev_op(sev_fd, id, words, &status);
	count(KEYS + id, ret, status, id == SEV_PLATFORM_STATUS || id == SEV_PDH_CERT_EXPORT);
}

static void close_slot(struct launch *l)
{
	if (l->ops)
		launch_close(l);
	*l = (struct launch){ .vm = VM_NONE, .sev_fd = -1 };
}

static int new_guest(struct launch *l, uint8_t how)
{
	int ret = launch_open(l, how & 4 ? &launch_legacy : &launch_fw,
			      how & 1 ? OWNER_POLICY_ES : 0);

	l->by_dev = how & 2;
	l->typed = how & 64 && vm_has_type(VM_TYPE_SEV_ES);
	if (!ret)
		ret = launch_steps(l, RAM, STEP_VM | STEP_INIT);
	if (!ret)
		vm_load_payload(&l->vm);
	return ret ? ret : vm_register(&l->vm);
}

/* Any step, and it is counted as the command that it is. */
static int step(struct launch *l, uint32_t id, int (*take_step)(struct launch *l))
{
	int ret;

	l->status = SEV_FW_NO_CALL;
	ret = take_step(l);
	count_command(id, ret, l->status);
	return ret;
}

static int update_payload(struct launch *l)
{
	return l->ops->update(l, l->vm.memory, PAGE);
}

static void do_guest(struct reader *r)
{
	struct launch *l = some_slot(r);
	uint8_t how = take(r);
	int ret;

	close_slot(l);
	if (how & 0x80)
		return;
	ret = new_guest(l, how);
	if (!ret && how & 8)
		ret = step(l, SEV_FW_LAUNCH_START, launch_start);
	if (!ret && how & 16)
		ret = step(l, SEV_FW_LAUNCH_UPDATE_DATA, update_payload);
	if (!ret && how & 32 && launch_es(l))
		ret = step(l, SEV_FW_LAUNCH_UPDATE_VMSA, launch_update_vmsa);
	if (!ret && how & 32)
		ret = step(l, SEV_FW_LAUNCH_MEASURE, launch_measure);
}

static int snp_step(uint32_t id, int ret)
{
	count_command(id, ret, world.snp.status);
	world.snp.status = SEV_FW_NO_CALL;
	return ret;
}

static void close_snp(void)
{
	if (world.snp_open)
		snp_launch_close(&world.snp);
	world.snp_open = false;
}

#define SNP_PASS	0x01
#define SNP_DEVICE	0x02
#define SNP_START	0x04
#define SNP_UPDATE	0x08
#define SNP_FINISH	0x10

/* Steps of an SNP guest, which is made if there is none */
static void launch_snp(uint8_t how, uint8_t kind, uint8_t page, uint8_t n)
{
	struct snp_launch *l = &world.snp;
	int ret = 0;

	if (!world.snp_open) {
		ret = snp_launch_open(l, RAM);
		world.snp_open = true;
	}
	l->status = SEV_FW_NO_CALL;
	l->ops = how & SNP_PASS ? &snp_launch_pass : &snp_launch_kvm;
	l->by_dev = how & SNP_DEVICE;
	if (!ret && how & SNP_START)
		ret = snp_step(SEV_FW_SNP_LAUNCH_START,
			       snp_launch_start(l, n & 0x80 ? page : SNP_POLICY_PLAIN));
	if (!ret && how & SNP_UPDATE)
		ret = snp_step(SEV_FW_SNP_LAUNCH_UPDATE,
			       snp_launch_update(l, kind, page % (RAM / PAGE) * PAGE, 1 + n % 3));
	if (!ret && how & SNP_FINISH)
		ret = snp_step(SEV_FW_SNP_LAUNCH_FINISH, snp_launch_finish(l, NULL));
}

static void do_snp(struct reader *r)
{
	uint8_t how = take(r), kind = 1 + take(r) % SNP_PAGE_CPUID, page = take(r), n = take(r);

	if (!(how & 0x40))
		close_snp();
	if (!(how & 0x80) && world.snp_there)
		launch_snp(how, kind, page, n);
}

/* As some_door(); a guest is started if the command is for one and there is none. */
static struct sev_fw_door door_to_guest(struct reader *r, const struct sev_fw_cmd_info *info,
					struct launch *l)
{
	if (!(info->flags & SEV_FW_INFO_GUEST))
		return some_door(r, info, l);
	if (info->flags & SEV_FW_INFO_SNP && world.snp_there && !world.snp_open)
		launch_snp(SNP_START | SNP_UPDATE, SNP_PAGE_NORMAL, 0, 2);
	else if (l->vm.vm_fd < 0 && !new_guest(l, 0))
		step(l, SEV_FW_LAUNCH_START, launch_start);
	return some_door(r, info, l);
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

/* One that the firmware has done, with up to three bytes changed */
static void make_alike(struct reader *r, const struct burst *b, uint8_t block[BLOCK])
{
	memcpy(block, b->done, BLOCK);
	for (unsigned int n = take(r) % 4; n; n--) {
		uint8_t at = take(r) % (b->info->size + 1), byte = take(r);

		if (is_user(b->info, at))
			block[at] = byte;
	}
}

static void make_blocks(const struct burst *b)
{
	struct reader rest = { .random = 1 + b->seed };
	const struct sev_fw_cmd_info *info = b->info;

	for (unsigned int i = 0; i < b->n; i++) {
		if (i && b->how & 0x40)
			info = some_command(&rest);
		if ((info->flags ^ b->info->flags) & (SEV_FW_INFO_ARRAY | SEV_FW_INFO_GUEST))
			info = b->info;
		/* some are the same again */
		if (i && info->id == cmds[i - 1].id && take(&rest) < 0x60)
			memcpy(blocks[i], blocks[i - 1], BLOCK);
		else if (b->has_done && info == b->info && take(&rest) < 0x80)
			make_alike(&rest, b, blocks[i]);
		else
			make_block(&rest, info, vm_for(info, b->l), blocks[i]);
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
	double began = seconds_now();
	uint32_t done = 0;
	int ret;

	make_blocks(b);
	world.burst[row].making += seconds_now() - began;
	began = seconds_now();
	if (!b->array) {
		one_by_one(&b->door, cmds, b->n);
		world.burst[row].blocks += b->n;
		world.burst[row].seconds += seconds_now() - began;
		return true;
	}
	ret = sev_fw_issue_many(&b->door, cmds, b->n, b->how & 0x20 ? 0 : SEV_FW_ARRAY_GO_ON,
				&done);
	world.burst[row].seconds += seconds_now() - began;
	for (unsigned int i = 0; i < b->n && i <= done; i++) {
		count_command(cmds[i].id, cmds[i].error, cmds[i].error);
		world.burst[row].blocks++;
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
		if (cmds[i].error || cmds[i].id != b->info->id || only_reads(cmds[i].id))
			continue;
		memcpy(b->done, blocks[i], BLOCK);
		b->has_done = true;
		return;
	}
}

/*
 * As often as the program is to be done, and at most for some time, each time with other blocks.
 * @at: where in the program the burst has its bytes, which are changed for world.after.
 */
static void run_bursts(const struct program *p, unsigned int at, struct burst *b)
{
	double began = seconds_now(), left = BURSTS_SECONDS, took;
	struct program one = *p;
	unsigned long before;

	if (at + 3 > PROGRAM_MAX)
		return;
	if (b->how % ARRAY_SIZE(sizes) > SMALL)
		set_size(b, (b->how & 0xf0) | SMALL);
	one.times = 0;
	one.size = at + 3 > p->size ? at + 3 : p->size;
	for (unsigned int i = 0; i < p->times && left > 0; i++, b->seed++) {
		before = world.total.changed;
		if (!run_burst(b))
			break;
		one.byte[at] = b->how;
		one.byte[at + 1] = b->seed;
		one.byte[at + 2] = b->seed >> 8;
		world.after(&one);
		took = seconds_now() - began;
		began += took;
		/* few commands change anything: those that do get more time */
		left -= world.total.changed - before > b->n / 16 ? took / MORE : took;
		if (took > BURST_SECONDS && b->n <= sizes[SMALL])
			left -= BURSTS_SECONDS / 4.0;
		remember_done(b);
		resize(b, took);
	}
}

/* Many commands by one call: of one kind, or of all that may be together. */
static void do_burst(struct reader *r)
{
	const struct sev_fw_cmd_info *info = some_command(r);
	struct burst b = { .info = info, .l = some_guest(r) };
	unsigned int at;

	b.array = info->flags & SEV_FW_INFO_ARRAY;
	b.door = door_to_guest(r, info, b.l);
	at = r->at;
	set_size(&b, take(r));
	b.seed = take(r);
	b.seed += 256 * take(r);
	if (b.array && r->p->times)
		run_bursts(r->p, at, &b);
	else
		run_burst(&b);
}

/* Pages of an SNP guest become private, shared, nobody's, another guest frame's. */
static void do_pages(struct reader *r)
{
	uint8_t how = take(r), at = take(r), n = take(r);
	uint64_t gpa = at % (RAM / PAGE) * PAGE;
	size_t size = (1 + n % 8) * PAGE;
	struct snp_launch *l = &world.snp;

	if (!world.snp_open || l->vm.private_fd < 0)
		return;
	switch (how % 6) {
	case 0:
		vm_set_private(&l->vm, gpa, size, true);
		break;
	case 1:
		vm_set_private(&l->vm, gpa, size, false);
		break;
	case 2:
		vm_drop_private(&l->vm, gpa, size);
		break;
	case 3:
		snp_launch_prefault(l, gpa, 1 + n % 8);
		break;
	case 4:
		vm_alias(&l->vm, 1, RAM + gpa, gpa, how & 0x80 ? 0 : PAGE);
		break;
	default:
		if (l->vm.run && l->vm.vcpu_fd >= 0) {
			l->vm.run->immediate_exit = 1;
			vm_enter(&l->vm);
		}
	}
}

static void do_step(struct reader *r)
{
	struct launch *l = some_guest(r);
	uint8_t buffer[OWNER_REPORT_SIZE] = { 0 }, how = take(r);
	uint8_t at = take(r), len = take(r);
	uint32_t policy, state;
	int ret;

	if (l->vm.vm_fd < 0)
		return;
	l->ops = how & 0x80 ? &launch_legacy : &launch_fw;
	l->by_dev = how & 0x40;
	l->status = SEV_FW_NO_CALL;
	switch (how % 8) {
	case 0:
		step(l, SEV_FW_LAUNCH_START, launch_start);
		break;
	case 1:
		ret = l->ops->update(l, l->vm.memory + at % (RAM / PAGE) * PAGE, 16 << len % 15);
		count_command(SEV_FW_LAUNCH_UPDATE_DATA, ret, l->status);
		break;
	case 2:
		step(l, SEV_FW_LAUNCH_UPDATE_VMSA, launch_update_vmsa);
		break;
	case 3:
		step(l, SEV_FW_LAUNCH_MEASURE, launch_measure);
		break;
	case 4:
		step(l, SEV_FW_LAUNCH_FINISH, launch_finish);
		break;
	case 5:
		ret = l->ops->state(l, &policy, &state);
		count_command(SEV_FW_GUEST_STATUS, ret, l->status);
		break;
	case 6:
		ret = l->ops->report(l, buffer, buffer);
		count_command(SEV_FW_ATTESTATION, ret, l->status);
		break;
	default:
		step(l, SEV_FW_PDH_CERT_EXPORT, launch_certs);
	}
}

static int take_target(struct launch *l)
{
	return migrate_target(l, NULL, &world.target);
}

static int receive_start(struct launch *l)
{
	return migrate_receive_start(l, &world.session);
}

/*
 * Steps of a migration. Of each message there is the last one, whichever guest's it is; where in
 * the guest's memory data comes from and goes to is in world.at.
 */
static int send_start(struct launch *l)
{
	return migrate_send_start(l, &world.target, &world.session);
}

static int send_data(struct launch *l)
{
	return migrate_send_data(l, world.at % (RAM / PAGE) * PAGE, world.len, &world.packet);
}

static int receive_data(struct launch *l)
{
	return migrate_receive_data(l, world.at % (RAM / PAGE) * PAGE, &world.packet);
}

static int send_vmsa(struct launch *l)
{
	return migrate_send_vmsa(l, world.at % 4, &world.packet);
}

static int receive_vmsa(struct launch *l)
{
	return migrate_receive_vmsa(l, world.at % 4, &world.packet);
}

static const struct migration_step {
	uint32_t id;
	int (*take_step)(struct launch *l);
	bool target;		/* of the guest that receives */
} migration[] = {
	{ SEV_FW_PDH_CERT_EXPORT, take_target, true },
	{ SEV_FW_SEND_START, send_start, false },
	{ SEV_FW_SEND_UPDATE_DATA, send_data, false },
	{ SEV_FW_RECEIVE_START, receive_start, true },
	{ SEV_FW_RECEIVE_UPDATE_DATA, receive_data, true },
	{ SEV_FW_SEND_UPDATE_VMSA, send_vmsa, false },
	{ SEV_FW_RECEIVE_UPDATE_VMSA, receive_vmsa, true },
	{ SEV_FW_RECEIVE_FINISH, migrate_receive_finish, true },
	{ SEV_FW_SEND_FINISH, migrate_send_finish, false },
	{ SEV_FW_SEND_CANCEL, migrate_send_cancel, false },
};

/* Some steps from one guest to another, one after the other in the table. */
static void do_migrate(struct reader *r)
{
	struct launch *a = some_slot(r), *b = some_slot(r);
	uint8_t how = take(r), n = 1 + take(r) % 4;

	world.at = take(r);
	world.len = how & 0x40 ? 16u << world.at % 8 : (uint32_t)PAGE;
	if (a->vm.vm_fd < 0 || b->vm.vm_fd < 0)
		return;
	for (size_t i = how % ARRAY_SIZE(migration); n && i < ARRAY_SIZE(migration); i++, n--)
		step(migration[i].target ? b : a, migration[i].id, migration[i].take_step);
}

/* Pages of the arena, or of a guest, go, come, are shared, or can only be read. */
static void do_memory(struct reader *r)
{
	struct launch *l = some_slot(r);
	uint8_t at = take(r), how = take(r);
	uint8_t *page = world.arena + at % ARENA_PAGES * PAGE;
	size_t len = (1 + how % 4) * PAGE;

	if (how & 0x80 && l->vm.memory)
		page = l->vm.memory + at % (RAM / PAGE - 4) * PAGE;
	switch (how >> 4 & 7) {
	case 0:
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		break;
	case 1:
		mprotect(page, len, PROT_READ);
		break;
	case 2:
		mmap(page, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 3:
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		break;
	case 4:		/* behind the end of its file there is nothing */
		mmap(page, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, world.file, 0);
		break;
	case 5:
		madvise(page, len, MADV_DONTNEED);
		break;
	case 6:
		mlock(page, len);
		break;
	default:
		mprotect(page, len, PROT_READ | PROT_WRITE);
	}
}

static void do_limit(struct reader *r)
{
	uint8_t how = take(r);
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };

	limit.rlim_cur = how < 0x80 ? RLIM_INFINITY : how % 64 * PAGE;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void do_context(struct reader *r)
{
	struct launch *to = some_slot(r), *from = some_slot(r);
	uint8_t how = take(r);
	struct kvm_enable_cap enable = {
		.cap = how & 1 ? KVM_CAP_VM_COPY_ENC_CONTEXT_FROM :
				 KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM,
		.args = { from->vm.vm_fd },
	};

	if (how & 6 && to != from) {
		close_slot(to);
		if (launch_open(to, &launch_fw, from->policy) || launch_vm(to, RAM))
			return;
		if (how & 8)
			vm_add_vcpu(&to->vm);
	}
	ioctl(to->vm.vm_fd, KVM_ENABLE_CAP, &enable);
}

static void do_region(struct reader *r)
{
	const struct launch *l = some_guest(r);
	uint8_t how = take(r);
	uint64_t addr = any_address(r);
	struct kvm_enc_region region = { .addr = addr, .size = some_length(r) };

	if (how & 2) {
		region.addr = (uintptr_t)l->vm.memory;
		region.size = RAM;
	}
	if (how & 1)
		ioctl(l->vm.vm_fd, KVM_MEMORY_ENCRYPT_REG_REGION, &region);
	else
		ioctl(l->vm.vm_fd, KVM_MEMORY_ENCRYPT_UNREG_REGION, &region);
}

/* vm_enter() must end, whatever the guest does. */
static void call_back(int signal)
{
	(void)signal;
	if (world.entered)
		world.entered->immediate_exit = 1;
}

static void do_vcpu(struct reader *r)
{
	static const struct itimerval soon = { .it_value.tv_usec = ENTER_US }, never;
	struct launch *l = some_guest(r);
	uint8_t how = take(r);
	struct vm view;

	if (!l->vm.run || l->vm.vcpu_fd < 0)
		return;
	if (how & 1) {
		vm_more_vcpu(&l->vm, 1 + how % 3, &view);
		vm_drop_vcpu(&view);
	}
	/* only a guest whose registers KVM can see runs in the box */
	l->vm.run->immediate_exit = launch_es(l) || how & 2;
	world.entered = l->vm.run;
	setitimer(ITIMER_REAL, &soon, NULL);
	vm_enter(&l->vm);
	setitimer(ITIMER_REAL, &never, NULL);
	world.entered = NULL;
}

/* Faults after which the firmware goes on */
static void do_fault(struct reader *r)
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
	uint8_t how = take(r), value = take(r), id = take(r);
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
	if (world.dying)
		return;		/* there is one rule at a time */
	fault_arm(&fault);
	world.faulty = true;
}

/* In one of the next act's calls an allocation fails, or an access to user memory. */
static void do_fail(struct reader *r)
{
	uint8_t how = take(r);

	world.fail_at = how < 0xc0 ? 1 + how % 48 : 1 + how % 64 * 16;
}

/* The query, by either door, with room for some commands */
static void do_query(struct reader *r)
{
	struct launch *l = some_guest(r);
	uint8_t how = take(r), size = take(r);
	struct sev_fw_query query = {
		.infos = any_address(r), .count = how % 128,
		.info_size = size < 0x80 ? sizeof(struct sev_fw_cmd_info) : size * 2u,
		.flags = how >= 0xf8, .reserved = how % 16 == 15,
	};
	struct sev_fw_door door = sev_fw_door_vm(l->vm.vm_fd, world.sev_fd[0]);
	uint32_t len = sizeof(query);

	if (size % 64 == 63)
		len = how;
	if (how & 0x80)
		ioctl(world.sev_fd[0], SEV_FW_QUERY, &query);
	else
		sev_fw_issue(&door, SEV_FW_QUERY_ID, &query, len, NULL);
}

/* All that the driver tells of itself, and how it posts commands. */
static void do_look(struct reader *r)
{
	static const char * const names[] = {
		"state", "owner", "guests", "busy", "asids", "asids_es", "asids_lost",
		"last_failure", "persistent_data", "api_version", "quarantined_pages", "dead",
		"build", "init_failure", "sev_es",
	};
	static const char * const uses[] = { "off", "auto", "on", "on" };
	static const char * const tables[] = { "commands", "asids", "waiting" };
	char path[256], text[4096];
	uint8_t how = take(r);

	if (how < 0x80) {
		psp_ring_use(uses[how % ARRAY_SIZE(uses)]);
	} else if (how < 0xc0) {
		psp_attr(names[how % ARRAY_SIZE(names)]);
	} else {
		snprintf(path, sizeof(path), "/sys/kernel/debug/psp_sev/%s/%s", world.device,
			 tables[how % ARRAY_SIZE(tables)]);
		control_read(path, text, sizeof(text));
	}
}

/* Where a failure of the kernel's allocations is the driver's matter */
static bool may_fail(void (*act)(struct reader *r))
{
	return act == do_command || act == do_burst || act == do_legacy || act == do_device ||
	       act == do_step || act == do_migrate;
}

/* How often each act was done, and how long all of that took */
struct act {
	const char *name;
	void (*run)(struct reader *r);
	unsigned long done;
	double seconds;
};

static struct act acts[] = {
	{ .name = "command", .run = do_command }, { .name = "burst", .run = do_burst },
	{ .name = "guest", .run = do_guest }, { .name = "snp", .run = do_snp },
	{ .name = "step", .run = do_step }, { .name = "legacy", .run = do_legacy },
	{ .name = "device", .run = do_device }, { .name = "memory", .run = do_memory },
	{ .name = "context", .run = do_context }, { .name = "region", .run = do_region },
	{ .name = "vcpu", .run = do_vcpu }, { .name = "fault", .run = do_fault },
	{ .name = "fail", .run = do_fail }, { .name = "migrate", .run = do_migrate },
	{ .name = "pages", .run = do_pages }, { .name = "look", .run = do_look },
	{ .name = "limit", .run = do_limit }, { .name = "query", .run = do_query },
};

static void run_act(struct act *act, struct reader *r)
{
	bool fails = world.failing >= 0 && world.fail_at && may_fail(act->run);
	double began = seconds_now();

	world.dead |= world.dying && psp_attr_number("dead") == 1;
	if (fails)
		failing_arm(world.failing, world.fail_at);
	act->run(r);
	if (fails) {
		failing_disarm(world.failing);
		world.fail_at = 0;
	}
	act->done++;
	act->seconds += seconds_now() - began;
}

/* Half of all are bursts. An act keeps its number when others come: there are some to spare. */
static struct act *act_of(uint8_t which)
{
	unsigned int number = which < 0x80 ? which % ACT_NUMBERS : ACT_BURST;

	return &acts[number < ARRAY_SIZE(acts) ? number : number % 2 ? ACT_GUEST : ACT_COMMAND];
}

void acts_run(const struct program *p, void (*after)(const struct program *p))
{
	struct reader r = { .p = p };

	world.after = after;
	if (p->times)
		psp_ring_use("on");
	for (int i = 0; i < ACTS_MAX && r.at < p->size; i++)
		run_act(act_of(take(&r)), &r);
}

void acts_restore(void)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	double began = seconds_now();

	world.fail_at = 0;
	if (world.faulty && !world.dying)
		fault_clear();
	for (int i = 0; i < SLOTS; i++)
		close_slot(&world.slot[i]);
	close_snp();
	if (world.dying)
		fault_clear();
	world.faulty = false;
	world.dying = false;
	psp_ring_use("off");
	setrlimit(RLIMIT_MEMLOCK, &all);
	mmap(world.arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	/* what begins in the last page may end behind it */
	mmap(world.arena + ARENA_PAGES * PAGE, ARENA_ROOM * PAGE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	world.restoring += seconds_now() - began;
}

/* ---- before and after ---- */

/* A command keeps its number in programs when others come; the other numbers are for any. */
static void give_numbers(void)
{
	for (unsigned int key = 0; key < KEYS; key++)
		world.by_key[key] = &world.infos[key % world.count];
	for (uint32_t i = 0; i < world.count; i++)
		world.by_key[world.infos[i].id % KEYS] = &world.infos[i];
}

/*
 * A length may be any, and memory behind a guest's, or behind the arena, be written to. The
 * test's own memory must not be there: each gap within it is closed, so that what is mapped
 * from now on lies below all of it, with room in between that belongs to nobody.
 */
static int set_apart(void)
{
	unsigned long begin, end, last = 0, lowest = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int ret = 0;

	while (maps && !ret && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &begin, &end) != 2 || begin < MAPS_FROM)
			continue;
		lowest = lowest ? lowest : begin;
		if (last && begin > last && begin - last < GAP_MAX &&
		    mmap((void *)last, begin - last, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
			ret = -errno;
		last = end;
	}
	if (maps)
		fclose(maps);
	if (!ret && mmap((void *)(lowest - ROOM), ROOM, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		ret = -errno;
	/* no block of the heap may come to lie there, either */
	mallopt(M_MMAP_MAX, 0);
	return ret;
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
	world.dead = false;
	return 0;
}

void acts_end(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(world.sev_fd); i++)
		close(world.sev_fd[i]);
}

int acts_open(void)
{
	const struct sigaction act = { .sa_handler = call_back };
	int ret = acts_begin();

	if (!ret)
		ret = set_apart();
	if (ret)
		return ret;
	world.snp_there = !host_missing(HOST_SNP);
	world.file = memfd_create("guided", MFD_CLOEXEC);
	if (world.file < 0 || ftruncate(world.file, 2 * PAGE))
		return -errno;
	world.arena = mmap(NULL, (ARENA_PAGES + ARENA_ROOM) * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world.arena == MAP_FAILED)
		return -errno;
	for (int i = 0; i < SLOTS; i++)
		close_slot(&world.slot[i]);
	world.failing = failing_open();
	acts_restore();
	return sigaction(SIGALRM, &act, NULL) ? -errno : 0;
}

int acts_dying(uint32_t kind, uint32_t after)
{
	struct fault fault = { .kind = kind, .after = after };

	world.dying = true;
	world.alive = 0;
	world.snp_there = false;	/* KVM complains of an SNP guest that cannot be ended */
	return fault_arm(&fault);
}

unsigned long acts_alive(void)
{
	return world.alive;
}

struct acts_count acts_total(void)
{
	return world.total;
}

static void table_row(FILE *file, const char *way, const char *name, unsigned int row)
{
	const struct acts_count *c = &world.by_id[row];

	if (c->executed)
		fprintf(file, "%s %s %lu %lu %lu\n", way, name, c->executed, c->reached,
			c->changed);
}

void acts_table(FILE *file)
{
	char number[16];

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		fprintf(file, "act %s %lu %.3f s\n", acts[i].name, acts[i].done, acts[i].seconds);
	fprintf(file, "restore - %.3f s\n", world.restoring);
	for (unsigned int i = 0; i <= KEYS; i++)
		if (world.burst[i].blocks)
			fprintf(file, "burst %#x %lu %.3f s, making them %.3f s\n", i,
				world.burst[i].blocks, world.burst[i].seconds,
				world.burst[i].making);
	for (uint32_t i = 0; i < world.count; i++)
		table_row(file, "fw", world.infos[i].name, world.infos[i].id % KEYS);
	for (unsigned int i = KEYS; i < LEGACY + KEYS; i++) {
		snprintf(number, sizeof(number), "%u", i % KEYS);
		table_row(file, i < LEGACY ? "dev" : "kvm", number, i);
	}
}
