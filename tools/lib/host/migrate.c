// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of a migration, each a block as firmware defines it.
 */
#include <errno.h>
#include <string.h>

#include <sevfw/migrate.h>

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

int migrate_target(struct launch *l, const struct vendor_files *vendor,
		   struct migrate_target *target)
{
	int ret = launch_certs(l);

	*target = (struct migrate_target){ .pdh = l->pdh, .chain = l->chain };
	if (vendor) {
		target->chain.cek = vendor->cek;
		memcpy(target->ca, vendor->ca, vendor->ca_len);
		target->ca_len = vendor->ca_len;
	}
	return ret;
}

/* The kernel takes no buffer without a length; firmware may not look at all. */
int migrate_send_start(struct launch *l, const struct migrate_target *target,
		       struct migrate_session *session)
{
	struct sev_fw_send_start block = {
		.pdh_address = addr_of(&target->pdh),
		.pdh_len = sizeof(target->pdh),
		.plat_address = addr_of(&target->chain),
		.plat_len = sizeof(target->chain),
		.amd_address = addr_of(target->ca),
		.amd_len = target->ca_len ? target->ca_len : sizeof(target->ca),
		.session_address = addr_of(session->blob),
		.session_len = sizeof(session->blob),
	};
	int ret = launch_certs(l);

	session->pdh = l->pdh;
	if (!ret)
		ret = launch_issue(l, SEV_FW_SEND_START, &block, sizeof(block));
	session->policy = block.policy;
	return ret;
}

/* The sender of an address must not reach beyond the guest's RAM. */
static bool is_ram(const struct launch *l, uint64_t gpa, uint32_t len)
{
	return len <= SEV_FW_PACKET_MAX && len <= l->vm.size && gpa <= l->vm.size - len;
}

/* In order, up to the first that fails; by one call if the driver can do that. */
static int issue_many(struct launch *l, uint32_t id, void *blocks, uint32_t size, uint32_t count,
		      uint32_t *done)
{
	struct sev_fw_door door = launch_door(l);
	struct sev_fw_cmd cmds[MIGRATE_MANY];
	int ret;

	for (uint32_t i = 0; i < count; i++)
		cmds[i] = (struct sev_fw_cmd){
			.id = SEV_FW_CMD(id), .len = size,
			.data = addr_of(blocks) + i * size, .error = SEV_FW_NO_CALL,
		};
	ret = sev_fw_issue_many(&door, cmds, count, 0, done);
	l->status = *done < count ? cmds[*done].error : 0;
	l->returned = ret;
	if ((ret != -ENOTTY && ret != -EOPNOTSUPP) || *done)
		return ret;
	do
		ret = launch_issue(l, id, (char *)blocks + *done * size, size);
	while (!ret && ++*done < count);
	return ret;
}

static void fill_send(const struct launch *l, struct sev_fw_send_update_data *block, uint64_t gpa,
		      uint32_t len, struct migrate_packet *packet)
{
	*block = (struct sev_fw_send_update_data){
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = addr_of(l->vm.memory + gpa),
		.guest_len = len,
		.trans_address = addr_of(packet->data),
		.trans_len = len,
	};
	packet->len = len;
}

int migrate_send_data(struct launch *l, uint64_t gpa, uint32_t len,
		      struct migrate_packet *packet)
{
	struct sev_fw_send_update_data block;

	if (!is_ram(l, gpa, len))
		return -EINVAL;
	fill_send(l, &block, gpa, len, packet);
	return launch_issue(l, SEV_FW_SEND_UPDATE_DATA, &block, sizeof(block));
}

int migrate_send_many(struct launch *l, const uint64_t *gpas, uint32_t count, uint32_t len,
		      struct migrate_packet *packets, uint32_t *done)
{
	struct sev_fw_send_update_data blocks[MIGRATE_MANY];

	*done = 0;
	if (!count || count > MIGRATE_MANY)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		if (!is_ram(l, gpas[i], len))
			return -EINVAL;
		fill_send(l, &blocks[i], gpas[i], len, &packets[i]);
	}
	return issue_many(l, SEV_FW_SEND_UPDATE_DATA, blocks, sizeof(*blocks), count, done);
}

int migrate_send_vmsa(struct launch *l, uint32_t vcpu, struct migrate_packet *packet)
{
	struct sev_fw_send_update_vmsa block = {
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = vcpu,
		.guest_len = SEV_FW_VMSA_SIZE,
		.trans_address = addr_of(packet->data),
		.trans_len = SEV_FW_VMSA_SIZE,
	};

	packet->len = SEV_FW_VMSA_SIZE;
	return launch_issue(l, SEV_FW_SEND_UPDATE_VMSA, &block, sizeof(block));
}

int migrate_send_finish(struct launch *l)
{
	struct sev_fw_send_finish block = { 0 };

	return launch_issue(l, SEV_FW_SEND_FINISH, &block, sizeof(block));
}

int migrate_send_cancel(struct launch *l)
{
	struct sev_fw_send_cancel block = { 0 };

	return launch_issue(l, SEV_FW_SEND_CANCEL, &block, sizeof(block));
}

int migrate_receive_start(struct launch *l, const struct migrate_session *session)
{
	struct sev_fw_receive_start block = {
		.policy = session->policy,
		.pdh_address = addr_of(&session->pdh),
		.pdh_len = sizeof(session->pdh),
		.session_address = addr_of(session->blob),
		.session_len = sizeof(session->blob),
	};

	return launch_issue(l, SEV_FW_RECEIVE_START, &block, sizeof(block));
}

static void fill_receive(const struct launch *l, struct sev_fw_receive_update_data *block,
			 uint64_t gpa, const struct migrate_packet *packet)
{
	*block = (struct sev_fw_receive_update_data){
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = addr_of(l->vm.memory + gpa),
		.guest_len = packet->len,
		.trans_address = addr_of(packet->data),
		.trans_len = packet->len,
	};
}

int migrate_receive_data(struct launch *l, uint64_t gpa, const struct migrate_packet *packet)
{
	struct sev_fw_receive_update_data block;

	if (!is_ram(l, gpa, packet->len))
		return -EINVAL;
	fill_receive(l, &block, gpa, packet);
	return launch_issue(l, SEV_FW_RECEIVE_UPDATE_DATA, &block, sizeof(block));
}

int migrate_receive_many(struct launch *l, const uint64_t *gpas, uint32_t count,
			 const struct migrate_packet *packets, uint32_t *done)
{
	struct sev_fw_receive_update_data blocks[MIGRATE_MANY];

	*done = 0;
	if (!count || count > MIGRATE_MANY)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		if (!is_ram(l, gpas[i], packets[i].len))
			return -EINVAL;
		fill_receive(l, &blocks[i], gpas[i], &packets[i]);
	}
	return issue_many(l, SEV_FW_RECEIVE_UPDATE_DATA, blocks, sizeof(*blocks), count, done);
}

int migrate_receive_vmsa(struct launch *l, uint32_t vcpu, const struct migrate_packet *packet)
{
	struct sev_fw_receive_update_vmsa block = {
		.hdr_address = addr_of(packet->header),
		.hdr_len = sizeof(packet->header),
		.guest_address = vcpu,
		.guest_len = packet->len,
		.trans_address = addr_of(packet->data),
		.trans_len = packet->len,
	};

	return launch_issue(l, SEV_FW_RECEIVE_UPDATE_VMSA, &block, sizeof(block));
}

int migrate_receive_finish(struct launch *l)
{
	struct sev_fw_receive_finish block = { 0 };

	return launch_issue(l, SEV_FW_RECEIVE_FINISH, &block, sizeof(block));
}
