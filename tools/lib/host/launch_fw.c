// SPDX-License-Identifier: GPL-2.0
/*
 * A launch by pass-through: fill in firmware's own block, hand it over. Compare
 * with launch_legacy.c, which does the same by the legacy ioctls.
 */
#include <string.h>

#include <sevfw/launch.h>

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

static int on_platform(struct launch *l, uint32_t id, void *block, uint32_t len)
{
	struct sev_fw_door door = sev_fw_door_dev(l->sev_fd, -1);

	l->returned = sev_fw_issue(&door, id, block, len, &l->status);
	return l->returned;
}

int launch_issue(struct launch *l, uint32_t id, void *block, uint32_t len)
{
	struct sev_fw_door door = launch_door(l);

	l->returned = sev_fw_issue(&door, id, block, len, &l->status);
	return l->returned;
}

static int fw_version(struct launch *l)
{
	struct sev_fw_platform_status block = { 0 };
	int ret = on_platform(l, SEV_FW_PLATFORM_STATUS, &block, sizeof(block));

	l->platform = (struct owner_platform){ block.api_major, block.api_minor, block.build };
	l->guest_count = block.guest_count;
	return ret;
}

static int fw_certs(struct launch *l)
{
	struct sev_fw_pdh_cert_export block = {
		.pdh_address = addr_of(&l->pdh),
		.pdh_len = sizeof(l->pdh),
		.chain_address = addr_of(&l->chain),
		.chain_len = sizeof(l->chain),
	};

	return on_platform(l, SEV_FW_PDH_CERT_EXPORT, &block, sizeof(block));
}

static int fw_start(struct launch *l)
{
	struct sev_fw_launch_start block = { .policy = l->policy };

	if (l->with_session) {
		block.dh_address = addr_of(&l->session.dh_cert);
		block.dh_len = sizeof(l->session.dh_cert);
		block.session_address = addr_of(l->session.blob);
		block.session_len = sizeof(l->session.blob);
	}
	return launch_issue(l, SEV_FW_LAUNCH_START, &block, sizeof(block));
}

static int fw_update(struct launch *l, void *addr, uint32_t len)
{
	struct sev_fw_launch_update_data block = { .address = addr_of(addr), .len = len };

	return launch_issue(l, SEV_FW_LAUNCH_UPDATE_DATA, &block, sizeof(block));
}

static int fw_update_vmsa(struct launch *l)
{
	struct sev_fw_launch_update_vmsa block = { 0 };

	return launch_issue(l, SEV_FW_LAUNCH_UPDATE_VMSA, &block, sizeof(block));
}

static int fw_measure(struct launch *l)
{
	struct sev_fw_launch_measure block = {
		.address = addr_of(l->measure),
		.len = sizeof(l->measure),
	};

	return launch_issue(l, SEV_FW_LAUNCH_MEASURE, &block, sizeof(block));
}

static int fw_secret(struct launch *l, const void *header, const void *packet, void *addr,
		     uint32_t len)
{
	struct sev_fw_launch_update_secret block = {
		.hdr_address = addr_of(header),
		.hdr_len = SEV_FW_HEADER_SIZE,
		.guest_address = addr_of(addr),
		.guest_len = len,
		.trans_address = addr_of(packet),
		.trans_len = len,
	};

	return launch_issue(l, SEV_FW_LAUNCH_UPDATE_SECRET, &block, sizeof(block));
}

static int fw_finish(struct launch *l)
{
	struct sev_fw_launch_finish block = { 0 };

	return launch_issue(l, SEV_FW_LAUNCH_FINISH, &block, sizeof(block));
}

static int fw_report(struct launch *l, const uint8_t *mnonce, uint8_t *report)
{
	struct sev_fw_attestation block = {
		.address = addr_of(report),
		.len = SEV_FW_REPORT_SIZE,
	};

	memcpy(block.mnonce, mnonce, sizeof(block.mnonce));
	return launch_issue(l, SEV_FW_ATTESTATION, &block, sizeof(block));
}

static int fw_state(struct launch *l, uint32_t *policy, uint32_t *state)
{
	struct sev_fw_guest_status block = { 0 };
	int ret = launch_issue(l, SEV_FW_GUEST_STATUS, &block, sizeof(block));

	*policy = block.policy;
	*state = block.state;
	return ret;
}

const struct launch_ops launch_fw = {
	.name = "pass-through",
	.version = fw_version,
	.certs = fw_certs,
	.start = fw_start,
	.update = fw_update,
	.update_vmsa = fw_update_vmsa,
	.measure = fw_measure,
	.secret = fw_secret,
	.finish = fw_finish,
	.report = fw_report,
	.state = fw_state,
};
