// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments: what bytes of a program stand for. A number stands for something that is there (a
 * guest, a page, a command by its id), so that most commands are such that the firmware is asked;
 * one in some bytes is anything.
 */
#include <string.h>

#include "acts_internal.h"

uint8_t arg_byte(struct reader *r)
{
	if (r->random) {
		r->random ^= r->random << 13;
		r->random ^= r->random >> 7;
		r->random ^= r->random << 17;
		return r->random * 0x2545f4914f6cdd1dull >> 56;
	}
	return r->at < r->p->size ? r->p->byte[r->at++] : 0;
}

struct launch *arg_slot(struct reader *r)
{
	return &world.slot[arg_byte(r) % SLOTS];
}

/* A slot that has a VM, if there is any; seven times out of eight */
struct launch *arg_guest(struct reader *r)
{
	uint8_t how = arg_byte(r);

	for (unsigned int i = 0; i < SLOTS && how < 0xe0; i++)
		if (world.slot[(how + i) % SLOTS].vm.vm_fd >= 0)
			return &world.slot[(how + i) % SLOTS];
	return &world.slot[how % SLOTS];
}

const struct sev_fw_cmd_info *arg_command(struct reader *r)
{
	return world.by_key[arg_byte(r)];
}

static uint8_t *arg_page(struct reader *r, const struct vm *vm)
{
	return vm->memory + arg_byte(r) % (RAM / PAGE) * PAGE;
}

/* The machine whose guest a command is for */
const struct vm *info_vm(const struct sev_fw_cmd_info *info, const struct launch *l)
{
	return info->flags & SEV_FW_INFO_SNP && world.snp_open ? &world.snp.vm : &l->vm;
}

uint64_t arg_address(struct reader *r)
{
	static const uint64_t odd[] = {
		0, 1, 0xffff888000000000ull, ~0ull, ~0ull - 4095, 0x7ffffffff000ull, 16, 4096,
	};
	uint8_t how = arg_byte(r);

	if (how < 0x60)
		return (uintptr_t)world.arena + how % ARENA_PAGES * PAGE;
	if (how < 0xa0)
		return (uintptr_t)world.arena + how % ARENA_PAGES * PAGE + arg_byte(r) * 16;
	if (how < 0xb0)
		return (uintptr_t)world.arena + arg_byte(r);
	if (how < 0xe0)
		return (uintptr_t)arg_page(r, &world.slot[how % SLOTS].vm) + how / 4 % 4 * 16;
	return how < 0xf0 ? arg_byte(r) : odd[how % ARRAY_SIZE(odd)];
}

uint32_t arg_length(struct reader *r)
{
	static const uint32_t lengths[] = {
		0x824, 0x186c, 0x80, 0x30, 0x34, 0xd0, 0x1000, 0x2000, 0x4000, 0x5000, 0x5010,
		0x10000, 0x20000, 0x7fffffff, 0xffffffff, 0xfffffff0, 0xc80, 0x60, 0x4c0, 0x1b0,
	};
	uint8_t how = arg_byte(r);

	return how < 0x40 ? how : how < 0x80 ? (how & 0x3f) * 16u :
	       lengths[how % ARRAY_SIZE(lengths)];
}

/* Address of the kind that the buffer has, seven times out of eight */
static uint64_t buffer_address(struct reader *r, const struct sev_fw_buf_info *buf,
			       const struct vm *vm)
{
	uint8_t how = arg_byte(r);

	if (how >= 0xe0)
		return arg_address(r);
	switch (buf->kind) {
	case SEV_FW_BUF_GUEST:
	case SEV_FW_BUF_PRIVATE:
		return (uintptr_t)arg_page(r, vm) + how % 8 * (how & 0x80 ? 16 : 0);
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

bool info_is_user(const struct sev_fw_cmd_info *info, unsigned int at)
{
	return info->user[at / 64] >> at % 64 & 1;
}

/*
 * The block of a command: its buffers, then some bytes that are changed, and small numbers in
 * some of those that the caller may set.
 */
void arg_block(struct reader *r, const struct sev_fw_cmd_info *info, const struct vm *vm,
	       uint8_t block[BLOCK])
{
	uint8_t how = arg_byte(r);

	memset(block, 0, BLOCK);
	for (unsigned int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		const struct sev_fw_buf_info *buf = &info->buf[i];
		uint64_t addr = buffer_address(r, buf, vm);
		uint32_t len = arg_length(r);

		if (buf->kind == SEV_FW_BUF_GUEST && how < 0x80)
			len = len % 0x2000 & ~15u;
		if (buf->kind == SEV_FW_BUF_VMSA && how < 0xc0)
			len = 0;
		memcpy(block + buf->addr, &addr, sizeof(addr));
		if (buf->len < SEV_FW_BLOCK_MAX)
			memcpy(block + buf->len, &len, sizeof(len));
	}
	for (unsigned int at = 0, n = how & 8 ? 4 : 0; n && at < info->size; at++) {
		if (info_is_user(info, at) && !in_buffer(info, at)) {
			block[at] = arg_byte(r) & 7;
			n--;
		}
	}
	for (unsigned int i = 0; i < (how & 7); i++) {
		uint8_t at = arg_byte(r) % (info->size + 1), byte = arg_byte(r);

		if (info_is_user(info, at) || how % 64 >= 60)
			block[at] = byte;
	}
}

/* Door and file of an envelope: of the right kind, unless the program wants another one. */
struct sev_fw_door arg_door(struct reader *r, const struct sev_fw_cmd_info *info,
			    const struct launch *l)
{
	uint8_t how = arg_byte(r);
	int vm_fd = info_vm(info, l)->vm_fd, sev_fd = world.sev_fd[how % 16 != 15];
	bool guest = info->flags & SEV_FW_INFO_GUEST;

	if (how >= 0xf0)
		guest = !guest;
	if (how >= 0xfc)
		vm_fd = world.sev_fd[0];
	return guest && how & 0x20 ? sev_fw_door_vm(vm_fd, sev_fd) :
		sev_fw_door_dev(sev_fd, guest ? vm_fd : -1);
}
