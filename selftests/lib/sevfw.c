// SPDX-License-Identifier: GPL-2.0
/*
 * Envelopes: puts a command's block into one, hands it to the kernel, takes the
 * firmware's status out of it. Knows no command.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include "sevfw.h"

struct sev_fw_door sev_fw_door_vm(int vm_fd, int sev_fd)
{
	return (struct sev_fw_door){ KVM_MEMORY_ENCRYPT_OP, vm_fd, sev_fd };
}

struct sev_fw_door sev_fw_door_dev(int sev_fd, int vm_fd)
{
	return (struct sev_fw_door){ SEV_FW_ISSUE, sev_fd, vm_fd };
}

/* A kernel that does not know the ioctl leaves the status as it is given. */
static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

int sev_fw_issue(const struct sev_fw_door *door, uint32_t id, void *block, uint32_t len,
		 uint32_t *status)
{
	struct sev_fw_cmd cmd = {
		.id = SEV_FW_CMD(id),
		.len = len,
		.data = (uintptr_t)block,
		.error = SEV_FW_NO_CALL,
		.fd = door->other,
	};
	int ret = call(door->fd, door->request, &cmd);

	if (status)
		*status = cmd.error;
	return ret;
}

int sev_fw_query(const struct sev_fw_door *door, struct sev_fw_query *query,
		 struct sev_fw_cmd_info *infos, uint32_t count)
{
	*query = (struct sev_fw_query){
		.infos = (uintptr_t)infos,
		.count = count,
		.info_size = sizeof(*infos),
	};
	if (door->request == SEV_FW_ISSUE)
		return call(door->fd, SEV_FW_QUERY, query);
	return sev_fw_issue(door, SEV_FW_QUERY_ID, query, sizeof(*query), NULL);
}

int sev_kvm_op(int vm_fd, int sev_fd, uint32_t id, void *data, uint32_t *status)
{
	struct kvm_sev_cmd cmd = {
		.id = id,
		.data = (uintptr_t)data,
		.error = SEV_FW_NO_CALL,
		.sev_fd = sev_fd,
	};
	int ret = call(vm_fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (status)
		*status = cmd.error;
	return ret;
}

int sev_dev_op(int sev_fd, uint32_t id, void *data, uint32_t *status)
{
	struct sev_issue_cmd cmd = {
		.cmd = id,
		.data = (uintptr_t)data,
		.error = SEV_FW_NO_CALL,
	};
	int ret = call(sev_fd, SEV_ISSUE_CMD, &cmd);

	if (status)
		*status = cmd.error;
	return ret;
}

const char *sev_status_name(uint32_t status)
{
	static const char * const name[] = {
		[0x00] = "SUCCESS",
		[0x01] = "INVALID_PLATFORM_STATE",
		[0x02] = "INVALID_GUEST_STATE",
		[0x03] = "INVALID_CONFIG",
		[0x04] = "INVALID_LENGTH",
		[0x05] = "ALREADY_OWNED",
		[0x06] = "INVALID_CERTIFICATE",
		[0x07] = "POLICY_FAILURE",
		[0x08] = "INACTIVE",
		[0x09] = "INVALID_ADDRESS",
		[0x0a] = "BAD_SIGNATURE",
		[0x0b] = "BAD_MEASUREMENT",
		[0x0c] = "ASID_OWNED",
		[0x0d] = "INVALID_ASID",
		[0x0e] = "WBINVD_REQUIRED",
		[0x0f] = "DF_FLUSH_REQUIRED",
		[0x10] = "INVALID_GUEST",
		[0x11] = "INVALID_COMMAND",
		[0x12] = "ACTIVE",
		[0x13] = "HWERROR_PLATFORM",
		[0x14] = "HWERROR_UNSAFE",
		[0x15] = "UNSUPPORTED",
		[0x16] = "INVALID_PARAM",
		[0x17] = "RESOURCE_LIMIT",
		[0x18] = "SECURE_DATA_INVALID",
		[0x19] = "INVALID_PAGE_SIZE",
		[0x1a] = "INVALID_PAGE_STATE",
		[0x1b] = "INVALID_MDATA_ENTRY",
		[0x1c] = "INVALID_PAGE_OWNER",
		[0x1d] = "AEAD_OFLOW",
		[0x1f] = "RING_BUFFER_EXIT",
		[0x20] = "RMP_INIT_REQUIRED",
		[0x21] = "BAD_SVN",
		[0x22] = "BAD_VERSION",
		[0x23] = "SHUTDOWN_REQUIRED",
		[0x24] = "UPDATE_FAILED",
		[0x25] = "RESTORE_REQUIRED",
		[0x26] = "RMP_INITIALIZATION_FAILED",
		[0x27] = "INVALID_KEY",
	};

	if (status == SEV_FW_NO_CALL)
		return "firmware not asked";
	if (status >= sizeof(name) / sizeof(name[0]) || !name[status])
		return "unknown status";
	return name[status];
}
