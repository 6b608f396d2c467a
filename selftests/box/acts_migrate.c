// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of a migration from one SEV guest to another. Of each message there is the last one,
 * whichever guest's it is.
 */
#include <sevfw/migrate.h>

#include "acts_internal.h"

static struct {
	struct migrate_target target;
	struct migrate_session session;
	struct migrate_packet packet;
	uint8_t at;		/* page in the guest where data comes from and goes to */
	uint32_t len;
} messages;

static int take_target(struct launch *l)
{
	return migrate_target(l, NULL, &messages.target);
}

static int receive_start(struct launch *l)
{
	return migrate_receive_start(l, &messages.session);
}

static int send_start(struct launch *l)
{
	return migrate_send_start(l, &messages.target, &messages.session);
}

static int send_data(struct launch *l)
{
	return migrate_send_data(l, messages.at % (RAM / PAGE) * PAGE, messages.len,
				 &messages.packet);
}

static int receive_data(struct launch *l)
{
	return migrate_receive_data(l, messages.at % (RAM / PAGE) * PAGE, &messages.packet);
}

static int send_vmsa(struct launch *l)
{
	return migrate_send_vmsa(l, messages.at % 4, &messages.packet);
}

static int receive_vmsa(struct launch *l)
{
	return migrate_receive_vmsa(l, messages.at % 4, &messages.packet);
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
void act_migrate(struct reader *r)
{
	struct launch *a = arg_slot(r), *b = arg_slot(r);
	uint8_t how = arg_byte(r), n = 1 + arg_byte(r) % 4;

	messages.at = arg_byte(r);
	messages.len = how & 0x40 ? 16u << messages.at % 8 : (uint32_t)PAGE;
	if (a->vm.vm_fd < 0 || b->vm.vm_fd < 0)
		return;
	for (size_t i = how % ARRAY_SIZE(migration); n && i < ARRAY_SIZE(migration); i++, n--)
		slot_step(migration[i].target ? b : a, migration[i].id, migration[i].take_step);
}
