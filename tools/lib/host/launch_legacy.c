// SPDX-License-Identifier: GPL-2.0
/*
 * A launch by the ioctls of KVM and of /dev/sev that kernels have had before
 * pass-through, and still have. Compare with launch_fw.c.
 */
#include <string.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

static int on_platform(struct launch *l, uint32_t cmd, void *data)
{
	l->returned = sev_dev_op(l->sev_fd, cmd, data, &l->status);
	return l->returned;
}

/* KVM's own ioctls set the status to 0 at failures before the command, too. */
static int on_guest(struct launch *l, uint32_t id, void *data)
{
	int ret = sev_kvm_op(l->vm.vm_fd, l->sev_fd, id, data, &l->status);

	l->returned = l->status ? ret : 0;
	return ret;
}

static int legacy_version(struct launch *l)
{
	struct sev_user_data_status data = { 0 };
	int ret = on_platform(l, SEV_PLATFORM_STATUS, &data);

	l->platform = (struct owner_platform){ data.api_major, data.api_minor, data.build };
	l->guest_count = data.guest_count;
	return ret;
}

static int legacy_certs(struct launch *l)
{
	struct sev_user_data_pdh_cert_export data = {
		.pdh_cert_address = addr_of(&l->pdh),
		.pdh_cert_len = sizeof(l->pdh),
		.cert_chain_address = addr_of(&l->chain),
		.cert_chain_len = sizeof(l->chain),
	};

	return on_platform(l, SEV_PDH_CERT_EXPORT, &data);
}

static int legacy_start(struct launch *l)
{
	struct kvm_sev_launch_start data = { .policy = l->policy };

	if (l->with_session) {
		data.dh_uaddr = addr_of(&l->session.dh_cert);
		data.dh_len = sizeof(l->session.dh_cert);
		data.session_uaddr = addr_of(l->session.blob);
		data.session_len = sizeof(l->session.blob);
	}
	return on_guest(l, KVM_SEV_LAUNCH_START, &data);
}

static int legacy_update(struct launch *l, void *addr, uint32_t len)
{
	struct kvm_sev_launch_update_data data = { .uaddr = addr_of(addr), .len = len };

	return on_guest(l, KVM_SEV_LAUNCH_UPDATE_DATA, &data);
}

static int legacy_update_vmsa(struct launch *l)
{
	return on_guest(l, KVM_SEV_LAUNCH_UPDATE_VMSA, NULL);
}

static int legacy_measure(struct launch *l)
{
	struct kvm_sev_launch_measure data = {
		.uaddr = addr_of(l->measure),
		.len = sizeof(l->measure),
	};

	return on_guest(l, KVM_SEV_LAUNCH_MEASURE, &data);
}

static int legacy_secret(struct launch *l, const void *header, const void *packet, void *addr,
			 uint32_t len)
{
	struct kvm_sev_launch_secret data = {
		.hdr_uaddr = addr_of(header),
		.hdr_len = OWNER_HEADER_SIZE,
		.guest_uaddr = addr_of(addr),
		.guest_len = len,
		.trans_uaddr = addr_of(packet),
		.trans_len = len,
	};

	return on_guest(l, KVM_SEV_LAUNCH_SECRET, &data);
}

static int legacy_finish(struct launch *l)
{
	return on_guest(l, KVM_SEV_LAUNCH_FINISH, NULL);
}

static int legacy_report(struct launch *l, const uint8_t *mnonce, uint8_t *report)
{
	struct kvm_sev_attestation_report data = {
		.uaddr = addr_of(report),
		.len = OWNER_REPORT_SIZE,
	};

	memcpy(data.mnonce, mnonce, sizeof(data.mnonce));
	return on_guest(l, KVM_SEV_GET_ATTESTATION_REPORT, &data);
}

static int legacy_state(struct launch *l, uint32_t *policy, uint32_t *state)
{
	struct kvm_sev_guest_status data = { 0 };
	int ret = on_guest(l, KVM_SEV_GUEST_STATUS, &data);

	*policy = data.policy;
	*state = data.state;
	return ret;
}

const struct launch_ops launch_legacy = {
	.name = "legacy ioctls",
	.version = legacy_version,
	.certs = legacy_certs,
	.start = legacy_start,
	.update = legacy_update,
	.update_vmsa = legacy_update_vmsa,
	.measure = legacy_measure,
	.secret = legacy_secret,
	.finish = legacy_finish,
	.report = legacy_report,
	.state = legacy_state,
};
