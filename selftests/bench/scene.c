// SPDX-License-Identifier: GPL-2.0
/*
 * Guests in the states in which commands are measured. All of it is done by legacy ioctls,
 * which both drivers have.
 */
#include <errno.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "bench.h"
#include "memory.h"

#define RAM		(1u << 20)

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

static int begin(struct launch *l, unsigned int steps)
{
	int ret = launch_open(l, &launch_legacy, 0);

	return ret ? ret : launch_steps(l, RAM, STEP_VM | STEP_INIT | steps);
}

static int open_migration(struct scene *s)
{
	static struct migrate_session session;
	struct launch *l = &s->sender, *r = &s->receiver;
	struct kvm_sev_send_start send = {
		.pdh_cert_uaddr = addr_of(&l->pdh),
		.pdh_cert_len = sizeof(l->pdh),
		.plat_certs_uaddr = addr_of(&l->chain),
		.plat_certs_len = sizeof(l->chain),
		.amd_certs_uaddr = addr_of(&l->chain),
		.amd_certs_len = sizeof(l->chain),
		.session_uaddr = addr_of(session.blob),
		.session_len = sizeof(session.blob),
	};
	struct kvm_sev_receive_start receive = {
		.pdh_uaddr = addr_of(&l->pdh),
		.pdh_len = sizeof(l->pdh),
		.session_uaddr = addr_of(session.blob),
		.session_len = sizeof(session.blob),
	};
	int ret = begin(l, STEP_CERTS | STEP_LOAD | STEP_START | STEP_UPDATE | STEP_MEASURE |
			   STEP_FINISH);

	if (!ret)
		ret = sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_SEND_START, &send, &l->status);
	receive.policy = send.policy;
	if (!ret)
		ret = begin(r, STEP_LOAD);
	if (!ret)
		ret = sev_kvm_op(r->vm.vm_fd, r->sev_fd, KVM_SEV_RECEIVE_START, &receive,
				 &r->status);
	return ret;
}

static int fill_packet(struct scene *s, struct migrate_packet *packet)
{
	struct launch *l = &s->sender;
	struct kvm_sev_send_update_data data = {
		.hdr_uaddr = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_uaddr = addr_of(s->huge),
		.guest_len = PAGE,
		.trans_uaddr = addr_of(packet->data),
		.trans_len = PAGE,
	};

	packet->len = PAGE;
	return sev_kvm_op(l->vm.vm_fd, l->sev_fd, KVM_SEV_SEND_UPDATE_DATA, &data, &l->status);
}

/* Legacy ioctls send no more than a page. */
static int fill_long_packet(struct scene *s, struct migrate_packet *packet)
{
	struct sev_fw_send_update_data block = {
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = addr_of(s->huge),
		.guest_len = LONG_UPDATE,
		.trans_address = addr_of(packet->data),
		.trans_len = LONG_UPDATE,
	};

	packet->len = LONG_UPDATE;
	return launch_issue(&s->sender, SEV_FW_SEND_UPDATE_DATA, &block, sizeof(block));
}

/* Pages that the kernel hands out one after the other would be one command for the firmware. */
static int map_scattered(struct scene *s)
{
	s->scattered = memory_scattered(SCATTERED);
	if (!s->scattered)
		return -ENOMEM;
	return memory_runs(s->scattered, SCATTERED * PAGE) < SCATTERED * 3 / 4 ? -EAGAIN : 0;
}

/*
 * The firmware gets a command for each physically contiguous run, so that drivers can be compared
 * only if their memory has as many: each is measured by a process of its own, with memory of its
 * own.
 */
static int map_huge(struct scene *s)
{
	s->huge = memory_huge_apart(UPDATE_HUGE / HUGE);
	if (!s->huge)
		return -ENOMEM;
	return memory_runs(s->huge, UPDATE_HUGE) == UPDATE_HUGE / HUGE ? 0 : -EAGAIN;
}

/* Leave one ASID, so that each guest gets one that has just been another's. */
static int hold_asids(struct scene *s)
{
	const unsigned int max = sizeof(s->held) / sizeof(*s->held);
	int ret = 0;

	while (!ret && s->nr_held < max)
		ret = begin(&s->held[s->nr_held++], 0);
	if (ret != -EBUSY || s->nr_held < 2)
		return ret ? ret : -EBUSY;
	for (int i = 0; i < 2; i++)
		launch_close(&s->held[--s->nr_held]);
	return 0;
}

int scene_open(struct scene *s, bool fw)
{
	int ret = map_huge(s);

	if (!ret)
		ret = map_scattered(s);
	if (!ret)
		ret = begin(&s->started, STEP_LOAD | STEP_START);
	if (!ret)
		ret = open_migration(s);
	if (!ret)
		ret = fill_packet(s, &s->packet);
	if (!ret && fw)
		ret = fill_long_packet(s, &s->packet_16k);
	return ret ? ret : hold_asids(s);
}
