// SPDX-License-Identifier: GPL-2.0
/*
 * Acts of one call: a command by pass-through, a legacy command of /dev/sev or of KVM, the query,
 * and what the driver tells of itself in sysfs and debugfs.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "acts_internal.h"
#include "control.h"

void act_command(struct reader *r)
{
	uint8_t block[BLOCK] __attribute__((aligned(8)));
	const struct sev_fw_cmd_info *info = arg_command(r);
	const struct launch *l = arg_guest(r);
	struct sev_fw_door door = arg_door(r, info, l);
	uint32_t status = SEV_FW_NO_CALL, len = info->size;
	uint8_t other;
	int ret;

	arg_block(r, info, info_vm(info, l), block);
	other = arg_byte(r);
	if (other >= 0xf0)
		len = other & 0xf;
	ret = sev_fw_issue(&door, info->id & ~SEV_FW_PASSTHROUGH, other == 0xef ? NULL : block, len,
			   &status);
	count_command(info->id, ret, status);
}

/* Words of a legacy struct: addresses and lengths, in any order */
static void legacy_words(struct reader *r, uint64_t words[12])
{
	unsigned int n = arg_byte(r) % 12;

	memset(words, 0, 12 * sizeof(*words));
	for (unsigned int i = 0; i < n; i++) {
		uint8_t how = arg_byte(r);

		words[i] = how & 1 ? arg_address(r) : arg_length(r);
		if (how & 2)
			words[i] |= (uint64_t)arg_length(r) << 32;
	}
}

void act_legacy(struct reader *r)
{
	const struct launch *l = arg_guest(r);
	uint32_t id = arg_byte(r), status = SEV_FW_NO_CALL;
	int vm_fd = l->vm.vm_fd, ret;
	uint64_t words[12];

	if (id >= 0xe0 && world.snp_open)
		vm_fd = world.snp.vm.vm_fd;
	id = id < 0xe0 ? id % (VM_SEV_INIT2 + 1) : id < 0xf8 ? 100 + id % 3 : id;
	legacy_words(r, words);
	ret = sev_kvm_op(vm_fd, world.sev_fd[1], id, words, &status);
	count_row(KVM_ROWS + id, ret, status, id == KVM_SEV_GUEST_STATUS);
}

void act_device(struct reader *r)
{
	uint32_t id = arg_byte(r) % (SEV_MAX + 6), status = SEV_FW_NO_CALL;
	int sev_fd = world.sev_fd[arg_byte(r) % 4 > 0];
	uint64_t words[12];
	int ret;

	legacy_words(r, words);
	ret = sev_dev_op(sev_fd, id, words, &status);
	count_row(DEV_ROWS + id, ret, status,
		  id == SEV_PLATFORM_STATUS || id == SEV_PDH_CERT_EXPORT);
}

/* The query, by either door, with room for some commands */
void act_query(struct reader *r)
{
	struct launch *l = arg_guest(r);
	uint8_t how = arg_byte(r), size = arg_byte(r);
	struct sev_fw_query query = {
		.infos = arg_address(r), .count = how % 128,
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
void act_look(struct reader *r)
{
	static const char * const names[] = {
		"state", "owner", "guests", "busy", "asids", "asids_es", "asids_lost",
		"last_failure", "persistent_data", "api_version", "quarantined_pages", "dead",
		"build", "init_failure", "sev_es",
	};
	static const char * const uses[] = { "off", "auto", [LOOK_RING] = "on", "on" };
	static const char * const tables[] = { "commands", "asids", "waiting" };
	char path[256], text[4096];
	uint8_t how = arg_byte(r);

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
