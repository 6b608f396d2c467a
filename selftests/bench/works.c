// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that are measured, and how each is issued by each way. Blocks are made anew
 * for each call, as a real caller would make them.
 */
#include <string.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/snp_launch.h>

#include "bench.h"

#define BIT(way)	(1u << (way))
#define LEGACY		(BIT(WAY_STOCK) | BIT(WAY_OURS))
#define VM_LEGACY	(LEGACY | BIT(WAY_KVM))
#define FW		(BIT(WAY_PASS) | BIT(WAY_ARRAY) | BIT(WAY_RING))
#define LIFE_RAM	(1u << 20)
#define SNP_RAM		(8u << 20)
#define SNP_FEW		256
#define SNP_MANY	1024

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

/* Legacy ioctls */

static int on_guest(struct launch *l, uint32_t id, void *data)
{
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, id, data, &l->status);
}

static int legacy_platform_status(struct scene *s)
{
	struct sev_user_data_status data = { 0 };

	return sev_dev_op(s->started.sev_fd, SEV_PLATFORM_STATUS, &data, NULL);
}

static int legacy_get_id(struct scene *s)
{
	struct sev_user_data_get_id2 data = { addr_of(s->id), sizeof(s->id) };

	return sev_dev_op(s->started.sev_fd, SEV_GET_ID2, &data, NULL);
}

static int legacy_guest_status(struct scene *s)
{
	struct kvm_sev_guest_status data = { 0 };

	return on_guest(&s->started, KVM_SEV_GUEST_STATUS, &data);
}

static int legacy_update(struct scene *s, void *at, uint32_t len)
{
	struct kvm_sev_launch_update_data data = { .uaddr = addr_of(at), .len = len };

	return on_guest(&s->started, KVM_SEV_LAUNCH_UPDATE_DATA, &data);
}

static int legacy_update_small(struct scene *s)
{
	return legacy_update(s, s->huge, PAGE);
}

static int legacy_update_scattered(struct scene *s)
{
	return legacy_update(s, s->scattered, SCATTERED * PAGE);
}

static int legacy_update_huge(struct scene *s)
{
	return legacy_update(s, s->huge, UPDATE_HUGE);
}

static int legacy_send(struct scene *s)
{
	struct kvm_sev_send_update_data data = {
		.hdr_uaddr = addr_of(s->out->header),
		.hdr_len = sizeof(s->out->header),
		.guest_uaddr = addr_of(s->huge),
		.guest_len = PAGE,
		.trans_uaddr = addr_of(s->out->data),
		.trans_len = PAGE,
	};

	return on_guest(&s->sender, KVM_SEV_SEND_UPDATE_DATA, &data);
}

static int legacy_receive(struct scene *s)
{
	struct kvm_sev_receive_update_data data = {
		.hdr_uaddr = addr_of(s->packet.header),
		.hdr_len = sizeof(s->packet.header),
		.guest_uaddr = addr_of(s->huge),
		.guest_len = PAGE,
		.trans_uaddr = addr_of(s->packet.data),
		.trans_len = PAGE,
	};

	return on_guest(&s->receiver, KVM_SEV_RECEIVE_UPDATE_DATA, &data);
}

/* Blocks */

static void fill_get_id(struct scene *s, unsigned int i, union block *block)
{
	(void)i;
	block->get_id.address = addr_of(s->id);
	block->get_id.len = sizeof(s->id);
}

static void fill_update(union block *block, void *at, uint32_t len)
{
	block->launch_update_data.address = addr_of(at);
	block->launch_update_data.len = len;
}

static void fill_update_small(struct scene *s, unsigned int i, union block *block)
{
	fill_update(block, s->huge + i * PAGE, PAGE);
}

static void fill_update_scattered(struct scene *s, unsigned int i, union block *block)
{
	(void)i;
	fill_update(block, s->scattered, SCATTERED * PAGE);
}

/* An array has as much to do as one block by another way. */
static void fill_update_huge(struct scene *s, unsigned int i, union block *block)
{
	(void)i;
	fill_update(block, s->huge, UPDATE_HUGE);
}

static void fill_update_long(struct scene *s, unsigned int i, union block *block)
{
	fill_update(block, s->huge + i * LONG_UPDATE % UPDATE_HUGE, LONG_UPDATE);
}

static void fill_send_of(struct scene *s, unsigned int i, union block *block, uint32_t len)
{
	struct migrate_packet *out = &s->out[i];

	block->send_update_data = (struct sev_fw_send_update_data){
		.hdr_address = addr_of(out->header),
		.hdr_len = sizeof(out->header),
		.guest_address = addr_of(s->huge + i * len),
		.guest_len = len,
		.trans_address = addr_of(out->data),
		.trans_len = len,
	};
}

static void fill_send(struct scene *s, unsigned int i, union block *block)
{
	fill_send_of(s, i, block, PAGE);
}

static void fill_send_long(struct scene *s, unsigned int i, union block *block)
{
	fill_send_of(s, i, block, LONG_UPDATE);
}

static void fill_receive_of(struct scene *s, unsigned int i, union block *block,
			    struct migrate_packet *packet)
{
	block->receive_update_data = (struct sev_fw_receive_update_data){
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = addr_of(s->huge + i * packet->len),
		.guest_len = packet->len,
		.trans_address = addr_of(packet->data),
		.trans_len = packet->len,
	};
}

static void fill_receive(struct scene *s, unsigned int i, union block *block)
{
	fill_receive_of(s, i, block, &s->packet);
}

static void fill_receive_long(struct scene *s, unsigned int i, union block *block)
{
	fill_receive_of(s, i, block, &s->packet_16k);
}

/* From the file that makes it a VM to the last reference to it */
static int live(bool pass)
{
	struct launch l;
	int ret = launch_open(&l, pass ? &launch_fw : &launch_legacy, 0);

	if (!ret)
		ret = launch_steps(&l, LIFE_RAM, STEPS_HOST | STEP_START | STEP_UPDATE |
						 STEP_MEASURE | STEP_FINISH);
	launch_close(&l);
	return ret;
}

/* Pages that are not measured, so that the owner's part of it takes no time. */
static int live_snp(bool pass, size_t pages)
{
	struct snp_launch l;
	int ret = snp_launch_open(&l, SNP_RAM);

	if (pass)
		l.ops = &snp_launch_pass;
	if (!ret)
		ret = snp_launch_start(&l, SNP_POLICY_PLAIN);
	if (!ret)
		ret = snp_launch_update(&l, SNP_PAGE_UNMEASURED, 0, pages);
	if (!ret)
		ret = snp_launch_finish(&l, NULL);
	snp_launch_close(&l);
	return ret;
}

static int live_snp_small(bool pass)
{
	return live_snp(pass, SNP_FEW);
}

static int live_snp_large(bool pass)
{
	return live_snp(pass, SNP_MANY);
}

const struct work works[] = {
	{
		.name = "PLATFORM_STATUS", .ways = BIT(WAY_FLOOR) | LEGACY | FW,
		.id = SEV_FW_PLATFORM_STATUS, .size = sizeof(struct sev_fw_platform_status),
		.legacy = legacy_platform_status,
	}, {
		.name = "GET_ID", .ways = LEGACY | FW,
		.id = SEV_FW_GET_ID, .size = sizeof(struct sev_fw_get_id),
		.legacy = legacy_get_id, .fill = fill_get_id,
	}, {
		.name = "GUEST_STATUS", .ways = VM_LEGACY | FW,
		.id = SEV_FW_GUEST_STATUS, .size = sizeof(struct sev_fw_guest_status),
		.legacy = legacy_guest_status,
	}, {
		.name = "LAUNCH_UPDATE_DATA", .ways = VM_LEGACY | FW,
		.id = SEV_FW_LAUNCH_UPDATE_DATA,
		.size = sizeof(struct sev_fw_launch_update_data),
		.legacy = legacy_update_small, .fill = fill_update_small,
	}, {
		.name = "LAUNCH_UPDATE_DATA_SCATTERED",
		.ways = VM_LEGACY | BIT(WAY_PASS) | BIT(WAY_RING),
		.units = SCATTERED, .id = SEV_FW_LAUNCH_UPDATE_DATA,
		.size = sizeof(struct sev_fw_launch_update_data),
		.legacy = legacy_update_scattered, .fill = fill_update_scattered,
	}, {
		.name = "LAUNCH_UPDATE_DATA_HUGE", .ways = VM_LEGACY | BIT(WAY_PASS),
		.id = SEV_FW_LAUNCH_UPDATE_DATA,
		.size = sizeof(struct sev_fw_launch_update_data),
		.legacy = legacy_update_huge, .fill = fill_update_huge,
	}, {
		.name = "SEND_UPDATE_DATA", .ways = VM_LEGACY | FW,
		.id = SEV_FW_SEND_UPDATE_DATA, .size = sizeof(struct sev_fw_send_update_data),
		.legacy = legacy_send, .fill = fill_send,
	}, {
		.name = "SEND_UPDATE_DATA_16K", .ways = FW,
		.id = SEV_FW_SEND_UPDATE_DATA, .size = sizeof(struct sev_fw_send_update_data),
		.fill = fill_send_long,
	}, {
		.name = "RECEIVE_UPDATE_DATA", .ways = VM_LEGACY | FW,
		.id = SEV_FW_RECEIVE_UPDATE_DATA,
		.size = sizeof(struct sev_fw_receive_update_data),
		.legacy = legacy_receive, .fill = fill_receive,
	}, {
		.name = "RECEIVE_UPDATE_DATA_16K", .ways = FW,
		.id = SEV_FW_RECEIVE_UPDATE_DATA,
		.size = sizeof(struct sev_fw_receive_update_data),
		.fill = fill_receive_long,
	}, {
		.name = "VM_LIFE", .ways = VM_LEGACY | BIT(WAY_PASS),
		.whole = live,
	}, {
		.name = "SNP_LIFE", .ways = LEGACY | BIT(WAY_PASS),
		.snp = true, .whole = live_snp_small,
	}, {
		.name = "SNP_LIFE_4M", .ways = LEGACY | BIT(WAY_PASS),
		.snp = true, .units = SNP_MANY, .whole = live_snp_large,
	}, {
		.name = "PLATFORM_STATUS_BY_FOUR", .ways = LEGACY | BIT(WAY_PASS),
		.callers = 4,
		.id = SEV_FW_PLATFORM_STATUS, .size = sizeof(struct sev_fw_platform_status),
		.legacy = legacy_platform_status,
	}, {
		/* by WAY_ARRAY and WAY_RING it is the others whose arrays the reader meets */
		.name = "PLATFORM_STATUS_BESIDE", .ways = LEGACY | FW,
		.crowd = true,
		.id = SEV_FW_PLATFORM_STATUS, .size = sizeof(struct sev_fw_platform_status),
		.legacy = legacy_platform_status,
	},
};

const unsigned int nr_works = sizeof(works) / sizeof(*works);

/* Where a command goes in, and the guest that it is about */
static struct sev_fw_door door_of(const struct scene *s, uint32_t id)
{
	switch (id) {
	case SEV_FW_PLATFORM_STATUS:
	case SEV_FW_GET_ID:
		return sev_fw_door_dev(s->started.sev_fd, -1);
	case SEV_FW_SEND_UPDATE_DATA:
		return launch_door(&s->sender);
	case SEV_FW_RECEIVE_UPDATE_DATA:
		return launch_door(&s->receiver);
	default:
		return launch_door(&s->started);
	}
}

static int pass(struct scene *s, const struct work *work)
{
	struct sev_fw_door door = door_of(s, work->id);
	union block block;

	memset(&block, 0, work->size);
	if (work->fill)
		work->fill(s, 0, &block);
	return sev_fw_issue(&door, work->id, &block, work->size, NULL);
}

static int pass_many(struct scene *s, const struct work *work, uint32_t count)
{
	static struct sev_fw_cmd cmds[LONG_BATCH];
	static union block blocks[LONG_BATCH];
	struct sev_fw_door door = door_of(s, work->id);
	uint32_t done;

	for (uint32_t i = 0; i < count; i++) {
		memset(&blocks[i], 0, work->size);
		if (work->fill)
			work->fill(s, i, &blocks[i]);
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(work->id), .len = work->size,
			.data = addr_of(&blocks[i]),
		};
	}
	return sev_fw_issue_many(&door, cmds, count, 0, &done);
}

bool work_is_array(const struct work *work, enum way way)
{
	return (way == WAY_ARRAY || way == WAY_RING) && !work->crowd && !work->units;
}

int work_do(struct scene *s, const struct work *work, enum way way, uint32_t batch)
{
	if (work->whole)
		return work->whole(way == WAY_PASS);
	if (VM_LEGACY & BIT(way))
		return work->legacy(s);
	return work_is_array(work, way) ? pass_many(s, work, batch) : pass(s, work);
}

int work_crowd(struct scene *s, enum way way)
{
	static const struct work much = {
		.id = SEV_FW_LAUNCH_UPDATE_DATA,
		.size = sizeof(struct sev_fw_launch_update_data), .fill = fill_update_long,
	};

	if (way == WAY_ARRAY || way == WAY_RING)
		return pass_many(s, &much, LONG_BATCH);
	return legacy_update_scattered(s);
}
